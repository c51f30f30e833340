"""The built documentation: it fetches nothing, its figures are whole, its search finds the course.

All tests here share one build, and one browser looks at every page in four widths.
"""

import importlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autograd.engine.primitives import TABLE
from support.places import ROOT

NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WIDTHS = (400, 1280, 1440, 1920)

# What is wider than its place. Figures and the page may never be; code, tables and formulas may
# scroll by themselves, but tables and results only in a window as narrow as a phone.
WIDER = """(wide) => {
  const faults = [], root = document.documentElement;
  const more = (e) => e.scrollWidth > e.clientWidth + 1;
  const name = (e) => `${e.tagName} ${e.className.baseVal ?? e.className} ${e.scrollWidth}`;
  const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX);
  if (more(root)) faults.push(`the page: ${root.scrollWidth} in ${root.clientWidth}`);
  const figures = [...document.querySelectorAll("article img, article .cell_output svg")];
  // The graph of a neuron, of a page in which a network trains, scrolls in a frame of its own.
  for (const figure of figures.map((e) => e.closest(".cp-scroll") ?? e)) {
    const box = figure.getBoundingClientRect();
    for (let e = figure.parentElement; e.tagName !== "ARTICLE"; e = e.parentElement) {
      const around = e.getBoundingClientRect();
      if (box.right > around.right + 1 || box.left < around.left - 1)
        faults.push(`figure ${Math.round(box.width)} in ${name(e)}`);
    }
  }
  for (const e of document.querySelectorAll("article table, article pre, article .math")) {
    let scroller = e;
    while (!scrolls(scroller) && scroller.tagName !== "ARTICLE") scroller = scroller.parentElement;
    if (scroller.tagName === "ARTICLE" && more(e)) faults.push(`cut off: ${name(e)}`);
  }
  const whole = "article :is(.cell_output, .cell_output pre, .table-wrapper)";
  if (wide)
    for (const e of document.querySelectorAll(whole))
      if (e.clientWidth && more(e)) faults.push(name(e));
  return [figures.length, faults];
}"""


class Page(HTMLParser):
    """What a built page fetches, and its formulas and definitions."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids.add(given.get("id") or "")
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.fetched.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.fetched.append(given["href"])


def entries() -> set[str]:
    spec = importlib.util.spec_from_file_location("site_tables", ROOT / "docs" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return set(module.entries().values())


@pytest.mark.long
def test_the_documentation_builds_without_a_warning_and_fetches_nothing(site: Path):
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > 15
    for path, page in pages.items():
        assert not [url for url in page.fetched if re.match(r"(https?:)?//", url)], path
    ids = set().union(*[page.ids for page in pages.values()])
    modules = {"autograd.laboratory", "nn.datasets", "nn.metrics", "nn.plots", "nn.schedules"}
    modules |= {"autograd.micrograd", "nn.interop", "nn.sklearn"}
    assert not sorted(entries() - ids - modules)
    assert pages[site / "primitives.html"].tags.count("math") > 2 * len(TABLE)


@pytest.mark.long
def test_the_course_is_numbered_and_has_its_notebooks_to_download(site: Path):
    overview = (site / "course.html").read_text(encoding="utf-8")
    sidebar = overview[overview.index("sidebar-tree") : overview.index("<article")]
    for i, name in enumerate(NOTEBOOKS, start=1):
        assert re.search(rf'{name}\.html">{i}\. ', sidebar)
        assert f"course/{name}.html" in overview[overview.index("<article") :]
        page = (site / "course" / f"{name}.html").read_text(encoding="utf-8")
        opening = page[page.index("<h1>") : page.index("you will be able to")]
        (link,) = re.findall(r'href="\.\./(_downloads/\w+/\w+\.ipynb)"', opening)
        assert link.endswith(f"/{name}.ipynb")
        assert (site / link).is_file()


@pytest.mark.long
@pytest.mark.browser
def test_the_first_page_opens_with_a_live_one_and_each_page_of_the_course_ends_in_one(
    site: Path, browser: Any
):
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((site / "index.html").as_uri())
    walk = page.locator("article .cw-live")
    for name, value in (("x", "1"), ("y", "2")):
        field = walk.get_by_role("textbox", name=f"value of {name}", exact=True)
        field.fill(value)
        field.press("Enter")
    told = [walk.get_by_label(f"gradient of {name}", exact=True).first for name in ("x", "y")]
    assert [output.inner_text() for output in told] == ["60", "75"]
    for link in ("by itself", "type an expression in", "a network trains"):
        page.goto((site / "index.html").as_uri())
        page.get_by_role("link", name=link, exact=True).click()
        page.locator(".cw-live, .chalk-train").first.wait_for()
    for name in NOTEBOOKS:
        page.goto((site / "course" / f"{name}.html").as_uri())
        shown = page.locator(".cell_output").last
        shown.locator(".cw-live, .chalk-train").first.wait_for()
        assert shown.get_by_role("textbox").count() > 1
    page.close()
    assert problems == []


@pytest.mark.long
@pytest.mark.browser
def test_every_figure_is_whole_at_every_width(site: Path, browser: Any):
    seen, faults = 0, []
    page = browser.new_page()
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            figures, found = page.evaluate(WIDER, width > 400)
            seen += figures
            faults += [f"{path.relative_to(site)} at {width}: {fault}" for fault in found]
    # It would see one: as wide as it was drawn, a figure does not fit.
    page.goto((site / "course" / "01_chain_rule.html").as_uri())
    page.set_viewport_size({"width": 400, "height": 900})
    page.add_style_tag(content=".cell_output img { width: 900px !important; max-width: none }")
    assert page.evaluate(WIDER, False)[1]
    page.close()
    assert seen >= 4 * 30
    assert not faults, "\n".join(faults)


@pytest.mark.long
@pytest.mark.browser
def test_a_figure_opens_large_by_mouse_and_keyboard_and_escape_closes_it(site: Path, browser: Any):
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    page.goto((site / "course" / "01_chain_rule.html").as_uri())
    figure, dialog = page.locator(".enlarge").first, page.locator("dialog.enlarged")
    assert figure.get_attribute("aria-label") == (
        "Figure 1 of The chain rule, one number at a time, open large"
    )
    before = figure.locator("img").bounding_box()
    figure.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Close"
    assert dialog.get_attribute("aria-label") == "Figure 1 of The chain rule, one number at a time"
    assert dialog.locator("object").bounding_box()["width"] >= before["width"]
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert page.evaluate("document.activeElement.className") == "enlarge"
    figure.click()
    # A key pressed after a click into the picture, which is a document of its own, counts as well.
    page.mouse.click(500, 400)
    page.wait_for_function("document.activeElement.textContent === 'Close'")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.close()


@pytest.mark.long
@pytest.mark.browser
def test_search_finds_the_page_whose_title_says_it(site: Path, browser: Any):
    page = browser.new_page()

    def first(query: str) -> str:
        page.goto(f"{(site / 'search.html').as_uri()}?q={query}")
        link = page.locator("ul.search > li a").first
        link.wait_for()
        page.wait_for_function("document.querySelectorAll('ul.search > li').length > 3")
        return link.get_attribute("href").split("?")[0]

    assert first("chain rule") == "course/01_chain_rule.html"
    assert first("property testing") == "course/11_property_testing_a_primitive.html"
    assert first("gradient check") == "reference/checking.html"
    assert first("backward") == "reference/values.html#autograd.backward"
    assert first("softmax") == "reference/functions.html#autograd.softmax"
    page.close()
