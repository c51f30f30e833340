"""The report in a real browser: Chromium, light and dark, wide and narrow, scripts on and off."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nn.command import cli
from support.browser import contrast, faults, luminance

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("reports")
    for name in ("digits", "moons"):
        words = ["train", name, "--hidden", "6", "--epochs", "2", "--quiet"]
        assert cli.main([*words, "--output", str(place / name)]) == 0
    for seed in ("0", "1"):
        words = ["train", "moons", "--points", "60", "--epochs", "3", "--seed", seed, "--quiet"]
        assert cli.main([*words, "--hidden", "4", "--output", str(place / f"small-{seed}")]) == 0
    os.rename(place / "small-1", place / EVIL)
    runs = [str(place / name) for name in ("moons", "small-0", EVIL)]
    assert cli.main(["compare", *runs, "--output", str(place / "compare.html")]) == 0
    pages = {name: place / name / "report.html" for name in ("digits", "moons")}
    return {**pages, "compare": place / "compare.html"}


# A folder whose name runs in a page that does not escape it.
EVIL = "<img src=x onerror='window.pwned=1'>\"&lt;$x^2$"

# What the page looks like to the browser, as plain numbers.
LOOK = """() => {
  const root = document.documentElement;
  const rgb = (e, what) => getComputedStyle(e)[what].match(/[\\d.]+/g).map(Number);
  const pictures = [...document.querySelectorAll('svg:not([aria-hidden])')].map(svg => {
    const box = svg.getBoundingClientRect();
    const parts = [...svg.querySelectorAll('path,circle,text,use,polygon')];
    return [svg.getAttribute('aria-label'), box.width, box.height,
            parts.filter(p => p.getBoundingClientRect().width > 0).length];
  });
  return {
    across: [root.scrollWidth, root.clientWidth],
    paper: rgb(document.body, 'backgroundColor'),
    text: rgb(document.body, 'color'),
    quiet: rgb(document.querySelector('dt'), 'color'),
    pictures,
  };
}"""


each_report = pytest.mark.parametrize("name", ["digits", "moons", "compare"])


def shown(page: Any) -> Iterator[tuple[str, int]]:
    """Show a page in every colour scheme and width, and say which."""
    for scheme, width in itertools.product(["light", "dark"], [400, 1200]):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        yield scheme, width


@each_report
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_page_shows_whole_and_asks_for_nothing(
    browser: Any, reports: dict[str, Path], name: str, scripts: bool
) -> None:
    context = browser.new_context(java_script_enabled=scripts, offline=True)
    page = context.new_page()
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(reports[name].as_uri())
    for scheme, width in shown(page):
        look = page.evaluate(LOOK)
        scrolled, visible = look["across"]
        assert scrolled == visible == width
        assert len(look["pictures"]) >= (10 if name == "digits" else 5)
        for label, wide, high, parts in look["pictures"]:
            assert wide > 20, label
            assert high > 20, label
            assert parts > 0, label
        assert contrast(look["text"], look["paper"]) >= 7
        assert contrast(look["quiet"], look["paper"]) >= 4.5
        assert (luminance(look["paper"]) < 0.1) == (scheme == "dark")
        assert len(page.screenshot(full_page=True)) > 50_000
    context.close()
    assert problems == []
    assert [url for url in asked if not url.startswith("data:")] == [reports[name].as_uri()]


@each_report
def test_the_page_shuts_nobody_out(browser: Any, reports: dict[str, Path], name: str) -> None:
    page = browser.new_page()
    page.goto(reports[name].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    for scheme, width in shown(page):
        assert faults(page) == [], (scheme, width)
    page.close()


@each_report
def test_the_page_prints_on_white(browser: Any, reports: dict[str, Path], name: str) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(reports[name].as_uri())
    page.emulate_media(media="print")
    look = page.evaluate(LOOK)
    assert look["paper"] == [255, 255, 255]
    assert look["across"][0] == look["across"][1]
    assert contrast(look["text"], look["paper"]) >= 7
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.picture > svg')).filter") == "none"
    )
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


def test_the_numbers_of_the_epochs_unfold_without_scripts(
    browser: Any, reports: dict[str, Path]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reports["moons"].as_uri())
    part = page.locator("details", has_text="The numbers of each epoch")
    table = part.locator("table.epochs")
    assert not table.is_visible()
    part.locator("summary").click()
    assert table.is_visible()
    assert table.locator("tbody tr").count() == 2
    context.close()


def test_a_folder_of_any_name_is_shown_by_that_name_and_runs_nothing(
    browser: Any, reports: dict[str, Path]
) -> None:
    page = browser.new_page()
    page.goto(reports["compare"].as_uri())
    assert page.evaluate("window.pwned") is None
    assert page.locator("img").count() == 0
    assert page.locator("td", has_text=EVIL).count() == 1
    page.close()


@pytest.mark.parametrize("label", ["Table of the results", "Table of the runs"])
def test_the_first_result_is_in_sight_on_a_narrow_screen(
    browser: Any, reports: dict[str, Path], label: str
) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.goto(reports["compare"].as_uri())
    head = page.get_by_label(label).get_by_role("columnheader", name="held-out accuracy")
    box = head.bounding_box()
    assert box["x"] + box["width"] <= 400
    page.close()


def test_each_curve_has_its_numbers_beside_it(browser: Any, reports: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(reports["compare"].as_uri())
    learned = page.locator("section", has_text="How they learned")
    pictures = learned.locator("figure svg").count()
    assert pictures == learned.locator("details table").count() == 6
    part = learned.locator("details", has_text="The numbers: validation loss")
    part.locator("summary").click()
    assert part.locator("th").all_inner_texts() == ["epoch", "A", "B"]
    assert part.locator("tbody tr").count() == 3
    page.close()
