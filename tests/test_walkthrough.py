"""The page to walk through a graph: what it holds, what no label can do to it, and how it works."""

import base64
import json
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import programs
from test_browser import browser, contrast  # noqa: F401  # a fixture
from test_steps import composite, neuron

import autograd as ag
from autograd import StaleGraphError, Value, walkthrough
from autograd.display import walkthrough as room
from autograd.display.latex import label_latex, partial_latex
from autograd.display.mathml import mathml
from autograd.primitives import TABLE

EVIL = "</script><script>window.pwned=1</script><img src=x onerror='window.pwned=1'>\"'`${1}\\"

NOT_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Tags(HTMLParser):
    """The elements of a page with their attributes, and the text in its cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    def count(self, tag: str) -> int:
        return sum(1 for element, _ in self.elements if element == tag)


def still(html: str) -> Tags:
    """What is left where a notebook is not trusted: no scripts, no styles."""
    return Tags(re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL))


def picture_of(html: str) -> str:
    return base64.b64decode(re.search(r"base64,([^\"]+)", html)[1]).decode()


def data_of(html: str) -> Any:
    return json.loads(re.search(r'\}\)\("cw-[0-9a-f]+", (.*)\);\n</script>', html, re.DOTALL)[1])


def chain(n: int) -> Value:
    x = z = Value(0.5, "x")
    for i in range(n):
        z = z * x if i % 2 else ag.tanh(z)
    return z


def test_without_scripts_the_picture_and_the_table_say_it_all():
    z, _, _ = composite()
    tags = still(walkthrough(z).html)
    (image,) = [attributes for tag, attributes in tags.elements if tag == "img"]
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert image["alt"].startswith("The graph of z: 9 nodes")
    assert "background:#ffffff" in image["style"]
    assert tags.rows[0] == ["node", "operation", "value", "gradient dz/d·"]
    assert tags.rows[1] == ["x", "given", "1", "60"]
    assert tags.rows[2] == ["y", "given", "2", "75"]
    assert [row for row in tags.rows if row[0] == "f"] == [["f", "v3 + v4", "7", "15"]]
    svg = picture_of(walkthrough(z).html)
    assert "15 × 4 = 60" in svg
    assert ET.fromstring(svg).tag.endswith("svg")


def test_the_page_is_one_file_that_asks_for_nothing(tmp_path: Path):
    z, _, _ = composite()
    path = walkthrough(z).save(tmp_path / "page")
    assert path == tmp_path / "page.html"
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", text)
    assert not re.findall(r"https?://", text)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(ValueError, match=r"write \.html"):
        walkthrough(z).save(tmp_path / "page.png")
    with pytest.raises(FileNotFoundError):
        walkthrough(z).save(tmp_path / "missing" / "page.html")


def test_the_same_graph_gives_the_same_page_and_another_another_id():
    pages = [walkthrough(composite()[0]).html for _ in range(2)]
    assert pages[0] == pages[1]
    other = walkthrough(composite(2.0)[0]).html
    ids = [re.search(r'id="(cw-[0-9a-f]{12})"', page)[1] for page in (pages[0], other)]
    assert ids[0] != ids[1]


def test_it_reads_and_sets_no_gradient():
    z, x, _ = composite()
    x.grad = 123.0
    html = walkthrough(z).html
    assert "123" not in html
    assert [v.grad for v in ag.order(z) if v is not x] == [None] * 8


def test_it_shows_the_numbers_of_the_backward_pass():
    loss = neuron()
    data = data_of(walkthrough(loss).html)
    names = [node[0] for node in data["nodes"]]
    after = {names[use[1]]: use[11] for use in data["uses"]}
    assert after["w1"] == "-0.236918"
    assert after["w2"] == "-0.473835"
    assert after["y"] == "-0.950042"
    (slope,) = [use for use in data["uses"] if names[use[1]] == "z"]
    assert slope[4] == "y * sigmoid(-z)"
    assert slope[8] == "0.249376"


def test_a_hundred_nodes_stay_small():
    assert len(walkthrough(chain(99)).page) < 400_000
    assert len(walkthrough(composite()[0]).html) < 60_000


def test_of_a_large_graph_the_youngest_are_walked_through_with_their_whole_gradients():
    z = chain(1_000)  # x is used all along it
    page = walkthrough(z)
    assert repr(page).startswith("<Walkthrough: 150 nodes")
    assert "This graph has 1,001 nodes; the youngest 150 are shown" in page.html
    z.backward()
    shown = ag.order(z)[-150:]
    rows = still(page.html).rows[1:]
    assert [float(row[3]) for row in rows] == [pytest.approx(v.grad, rel=1e-5) for v in shown]
    assert len(page.page) < 500_000


def test_of_a_network_no_more_arrows_are_shown_than_can_be_read():
    values = [Value(0.1 * i, f"x{i}") for i in range(30)]
    for _ in range(4):
        values = [ag.tanh(ag.sum(values)) for _ in range(30)]
    page = walkthrough(ag.sum(values))
    assert len(data_of(page.html)["uses"]) <= 300
    assert len(page.page) < 400_000


def test_its_text_keeps_the_numbers_it_was_made_with():
    z, x, _ = composite()
    page = walkthrough(z)
    x.data = 5.0
    assert "dz/dx = 30 + 30 = 60" in str(page)


def test_a_node_with_more_operands_than_are_shown():
    z = ag.sum([Value(float(i), f"w{i}") for i in range(784)])
    html = walkthrough(z).html
    assert len(still(html).rows) == 151
    assert len(data_of(html)["uses"]) == 149
    assert repr(walkthrough(z, max_nodes=1)) == '<Walkthrough: 1 node, 2 steps; .save("page.html")>'


@pytest.mark.parametrize("z", [Value(3.0), Value(math.nan, "x"), -Value(math.inf)])
def test_the_smallest_graphs_and_odd_numbers(z):
    assert len(still(walkthrough(z).html).rows) >= 2


@given(programs())
@settings(max_examples=30)
def test_any_program_can_be_walked_through(program):
    z = program(*[Value(x) for x in program.inputs])
    if not isinstance(z, Value):
        return
    html = walkthrough(z).html
    data = data_of(html)
    for node in data["nodes"]:
        for formula in (node[1], *node[4:]):
            ET.fromstring(f"<math>{formula}</math>")
    for use in data["uses"]:
        ET.fromstring(f"<math>{use[5]}{use[6]}</math>")
    drawn = ET.fromstring(picture_of(html))
    edges = [g for g in drawn if g.get("class") == "edge"]
    assert all(use[2] < len(edges) for use in data["uses"])


def test_bad_arguments_are_refused_with_a_word():
    z, x, _ = composite()
    with pytest.raises(TypeError, match="expected a Value, got str"):
        walkthrough("z")
    with pytest.raises(ValueError, match="max_nodes must be at least 1, got 0"):
        walkthrough(z, max_nodes=0)
    with pytest.raises(TypeError, match="max_nodes is a whole number, got '9'"):
        walkthrough(z, max_nodes="9")
    x.data = 2.0
    with pytest.raises(StaleGraphError):
        walkthrough(z)


# Labels ----------------------------------------------------------------------------------------

LABELS = st.one_of(
    st.text(),
    st.sampled_from([EVIL, "<!--", "]]>", "&amp;", "a" * 10_000, "🚀", "\\", "{", "$", "|", "}{"]),
)


@given(LABELS, LABELS)
def test_no_label_can_become_markup(one, two):
    x, y = Value(1.0, one), Value(2.0, two)
    z = x * y
    z.label = one + two
    html = walkthrough(z).page
    html.encode()
    tags = Tags(html)
    assert tags.count("script") == tags.count("style") == tags.count("table") == 1
    assert tags.count("img") == 1
    for tag, attributes in tags.elements:
        assert not any(name.startswith("on") for name in attributes), tag
    data = data_of(html)
    assert html.count("</script") == 1
    assert "<!--" not in html
    assert len(data["nodes"]) == 3
    for node in data["nodes"]:
        ET.fromstring(f"<math>{node[1]}</math>")
    ET.fromstring(picture_of(html))


@given(st.text())
def test_any_label_and_any_text_at_all_is_well_formed_mathml(text):
    for latex in (
        label_latex(text),
        re.sub("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "", text),
    ):
        ET.fromstring(f"<math>{mathml(latex)}</math>")


@pytest.mark.parametrize("name", TABLE)
def test_the_latex_of_every_row_becomes_mathml_without_a_backslash(name):
    written = partial_latex(TABLE[name])
    for latex in (written.function, *written.partials):
        formula = mathml(latex)
        ET.fromstring(f"<math>{formula}</math>")
        assert "\\" not in formula
        assert "<mi>frac" not in formula
        assert "<mi>left" not in formula


@pytest.mark.parametrize(
    ("latex", "wanted"),
    [
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        (r"e^{-x}", "<msup><mi>e</mi><mrow><mo>−</mo><mi>x</mi></mrow></msup>"),
        (r"\left|x\right|", '<mrow><mo fence="true" form="prefix">|</mo><mi>x</mi>'
                            '<mo fence="true" form="postfix">|</mo></mrow>'),
        (r"\sin\left(x\right)", "<mi>sin</mi><mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow>"),
        (r"\theta_{2}", "<msub><mi>θ</mi><mn>2</mn></msub>"),
        ("}{" + "{" * 500, None),
        (r"\frac", None),
        (r"\left", None),
        (r"\begin", None),
        ("x^^_", None),
    ],
)  # fmt: skip
def test_mathml_of_common_and_of_broken_latex(latex, wanted):
    formula = mathml(latex)
    ET.fromstring(f"<math>{formula}</math>")
    assert wanted is None or formula == wanted


def test_text_has_contrast_in_light_and_in_dark():
    def rgb(colour: str) -> list[float]:
        return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]

    for dark in (0, 1):
        colours = {name: rgb(pair[dark]) for name, pair in room._COLOURS.items()}
        for text in ("ink", "quiet", "accent", "right", "wrong"):
            assert contrast(colours[text], colours["paper"]) >= 4.5, text
        for ground in ("raised", "glow"):
            assert contrast(colours["ink"], colours[ground]) >= 7
        assert contrast(colours["quiet"], colours["raised"]) >= 4.5
        assert contrast(colours["accent"], colours["glow"]) >= 3
    paper, glow = rgb(room._COLOURS["paper"][1]), rgb(room._COLOURS["glow"][1])
    for colour in list(room._DARK_OF_PICTURE.values())[:6]:
        assert contrast(rgb(colour), paper) >= 4.5
        assert contrast(rgb(colour), glow) >= 4.5


# In a browser ----------------------------------------------------------------------------------


class Opened:
    """A page in the browser, and what one looks at."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("console", lambda message: self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name)

    @property
    def count(self) -> str:
        return self.page.locator(".cw-count").inner_text()

    @property
    def phase(self) -> str:
        return self.page.locator(".cw-phase").inner_text()

    @property
    def said(self) -> str:
        return self.page.locator(".cw-said").inner_text()

    @property
    def verdict(self) -> str:
        return self.page.locator(".cw-verdict").inner_text()

    @property
    def score(self) -> str:
        return self.page.locator(".cw-score").inner_text()

    def row(self, name: str) -> list[str]:
        rows = self.page.locator("tbody tr").all()
        (found,) = [r.locator("td,th").all_inner_texts() for r in rows
                    if r.locator("th").inner_text() == name]  # fmt: skip
        return found

    def seen(self, selector: str) -> list[str]:
        """The first words of the boxes in the picture that a selector finds."""
        return self.page.eval_on_selector_all(
            selector, "boxes => boxes.map(b => b.querySelector('title').textContent)"
        )


@pytest.fixture
def opened(browser: Any, tmp_path: Path):  # noqa: F811
    contexts: list[Any] = []

    def open_page(walk: Any, **options: Any) -> Opened:
        context = browser.new_context(
            viewport={"width": 1200, "height": 900}, offline=True, **options
        )
        contexts.append(context)
        page = Opened(context.new_page())
        page.page.goto(walk.save(tmp_path / "page.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


browsed = pytest.mark.browser


@browsed
def test_ten_clicks_go_ten_steps_forward_and_one_back(opened: Any):
    page = opened(walkthrough(composite()[0]))
    assert page.count == "Step 1 of 21"
    assert page.said == "x = 1 is given"
    assert page.row("z")[2:] == ["", ""]
    for _ in range(10):
        page.button("Next").click()
    assert page.count == "Step 11 of 21"
    assert page.phase == "Backward: from z to v5"
    assert page.row("v5") == ["v5", "f ** 2", "49", "1"]
    assert page.row("f")[3] == ""
    page.button("Previous").click()
    assert page.count == "Step 10 of 21"
    assert page.row("v5")[3] == ""
    assert page.row("z")[3] == "1"
    assert page.problems == []


@browsed
def test_the_node_the_edge_and_the_path_are_lit(opened: Any):
    page = opened(walkthrough(composite()[0]))
    for _ in range(13):
        page.button("Next").click()
    assert page.phase == "Backward: from f to v3"
    assert page.seen(".cw-node.cw-active") == ["v3"]
    assert sorted(page.seen(".cw-node.cw-lit")) == ["f", "v5", "z"]
    assert page.page.locator("g.edge.cw-active").count() == 1
    assert page.page.locator("g.edge.cw-lit").count() == 3
    shown = page.page.locator("g.edge.cw-done text").all_text_contents()
    assert sorted(shown) == ["1 × 1 = 1", "1 × 1 = 1", "1 × 14 = 14", "15 × 1 = 15"]
    script = "e => parseFloat(getComputedStyle(e.querySelector('path')).strokeWidth)"
    widths = [
        page.page.eval_on_selector(f"g.edge{which}", script)
        for which in (".cw-active", ".cw-lit:not(.cw-active)", ":not(.cw-done)")
    ]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3


@browsed
def test_keys_alone_are_enough(opened: Any):
    page = opened(walkthrough(composite()[0]))
    keys = page.page.keyboard
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    assert page.count == "Step 3 of 21"
    keys.press("ArrowLeft")
    assert page.count == "Step 2 of 21"
    keys.press("End")
    assert page.count == "Step 21 of 21"
    assert page.row("x")[3] == "60"
    assert page.row("y")[3] == "75"
    keys.press("ArrowRight")
    assert page.count == "Step 21 of 21"
    keys.press("Home")
    assert page.count == "Step 1 of 21"
    reached = set()
    for _ in range(20):
        keys.press("Tab")
        reached.add(
            page.page.evaluate(
                "(e => e.getAttribute('aria-label') || e.textContent)(document.activeElement)"
            )
        )
    assert {"Next ▶", "▶ Play", "Step", "Quiz", "Go to x", "Go to z", "The graph"} <= reached
    page.page.get_by_role("button", name="Go to f").focus()
    keys.press("Enter")
    assert page.phase == "Forward: the value of f"
    assert page.problems == []


@browsed
def test_the_slider_and_clicks_on_nodes_go_anywhere(opened: Any):
    page = opened(walkthrough(composite()[0]))
    page.page.get_by_role("slider", name="Step").fill("13")
    assert page.count == "Step 13 of 21"
    assert "1 × 14 = 14; dz/df: 1 + 14 = 15" in page.said
    value = page.page.get_by_role("slider").get_attribute("aria-valuetext")
    assert value == "Step 13 of 21, backward"
    page.page.locator("g.node").filter(has_text="y").first.click()
    assert "y" in page.phase
    page.button("First step").click()
    page.page.locator("g.node", has=page.page.locator("title", has_text=re.compile("^v2$"))).click()
    assert page.phase == "Forward: the value of v2"
    page.page.locator("g.node", has=page.page.locator("title", has_text=re.compile("^v2$"))).click()
    assert page.phase == "Backward: from v3 to v2"
    assert page.problems == []


@browsed
def test_the_quiz_asks_before_it_shows_and_keeps_a_score(opened: Any):
    page = opened(walkthrough(composite()[0], quiz=True))
    page.page.get_by_role("slider").fill("12")
    assert page.score == "Score: 0 of 0"
    page.button("Next").click()
    asked = page.page.get_by_label("dz/dv5 = 1. What does this edge contribute to dz/df?")
    assert asked.is_visible()
    assert page.row("f")[3] == "1"  # what came before; the next is not told
    whole = page.page.locator(".chalk-walk").inner_text()
    assert "14" not in page.page.locator(".cw-step").inner_text()
    assert "1 × 14" not in whole
    asked.fill("fourteen")
    asked.press("Enter")
    assert page.verdict == "Write a number, such as -0.25, 3/4 or 15*4."
    assert page.score == "Score: 0 of 0"
    asked.fill("1*14")
    asked.press("Enter")
    assert page.verdict == "✓ Right: 1 × 14 = 14."
    assert page.score == "Score: 1 of 1"
    assert page.row("f")[3] == "15"
    page.page.keyboard.press("Enter")  # the button Next has the focus
    page.page.keyboard.type("14")
    page.page.keyboard.press("Enter")
    assert page.verdict == "✗ Not 14: 15 × 1 = 15."
    assert page.score == "Score: 1 of 2"
    page.button("Next").click()
    page.button("Show the answer").click()
    assert page.verdict == "Shown: 15 × 1 = 15."
    assert page.score == "Score: 1 of 3"
    page.button("Quiz").click()
    page.button("Next").click()
    assert not page.page.locator(".cw-question").is_visible()
    assert page.problems == []


@browsed
def test_it_plays_and_can_be_stopped(opened: Any):
    page = opened(walkthrough(composite()[0]))
    page.page.clock.install()
    page.page.reload()
    page.button("Play").click()
    page.page.clock.run_for(4_000)
    assert page.count == "Step 4 of 21"
    page.button("Pause").click()
    page.page.clock.run_for(4_000)
    assert page.count == "Step 4 of 21"


@browsed
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_dark_where_the_page_is(opened: Any, scheme: str):
    page = opened(walkthrough(composite()[0]), color_scheme=scheme)
    paper = page.page.eval_on_selector(
        ".chalk-walk", "e => getComputedStyle(e).backgroundColor.match(/\\d+/g).map(Number)"
    )
    text = page.page.eval_on_selector(
        "g.node tspan", "e => getComputedStyle(e).fill.match(/\\d+/g).map(Number)"
    )
    assert (sum(paper) < 200) == (scheme == "dark")
    assert contrast(paper, text) >= 7
    assert len(page.page.screenshot()) > 20_000


@browsed
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_window(opened: Any, width: int):
    page = opened(walkthrough(chain(60)))
    page.page.set_viewport_size({"width": width, "height": 800})
    page.page.keyboard.press("End")
    root = page.page.evaluate("document.documentElement.scrollWidth")
    assert root == width
    active = page.page.locator(".cw-graph .cw-node.cw-active").first
    assert active.bounding_box()["x"] > 0
    assert active.bounding_box()["x"] < width


@browsed
def test_no_label_runs_as_a_script(opened: Any):
    x, y = Value(1.0, EVIL), Value(2.0, "<b onclick=alert(1)>w</b>")
    z = x * y
    z.label = "`${window.pwned = 1}`"
    page = opened(walkthrough(z, quiz=True))
    for _ in range(5):
        page.button("Next").click()
    page.page.locator("g.node").first.click()
    assert page.page.evaluate("window.pwned") is None
    assert page.page.locator(".chalk-walk b, .chalk-walk script script").count() == 0
    assert page.problems == []


# JupyterLab puts an output into an element that is not in the document yet, and makes its scripts
# anew so that they run; an output that is not trusted has no scripts and no styles.
HOST = """<!DOCTYPE html><html><body data-jp-theme-light="THEME"><div id="cells"></div><script>
function show(html, trusted) {
  const host = document.createElement("div");
  host.className = "jp-RenderedHTMLCommon jp-RenderedHTML";
  host.innerHTML = html;
  if (!trusted) host.querySelectorAll("script, style, svg, math").forEach(e => e.remove());
  host.querySelectorAll("script").forEach(old => {
    const script = document.createElement("script");
    script.textContent = old.textContent;
    old.replaceWith(script);
  });
  document.getElementById("cells").append(host);
}
</script></body></html>"""


@browsed
def test_it_works_in_a_notebook_twice_over_and_without_scripts(browser: Any):  # noqa: F811
    page = Opened(browser.new_page(viewport={"width": 1000, "height": 900}))
    page.page.set_content(HOST.replace("THEME", "false"))
    html = walkthrough(composite()[0]).html
    for trusted in (True, True, False):
        page.page.evaluate("([html, trusted]) => show(html, trusted)", [html, trusted])
    assert page.page.locator(".cw-live").count() == 2
    second = page.page.locator(".cw-live").nth(1)
    second.get_by_role("button", name="Next").click()
    assert page.page.locator(".cw-count").all_inner_texts() == ["Step 1 of 21", "Step 2 of 21"]
    second.press("ArrowRight")
    assert page.page.locator(".cw-count").all_inner_texts() == ["Step 1 of 21", "Step 3 of 21"]
    bare = page.page.locator(".cw-still")
    assert bare.count() == 1
    assert bare.locator("img").evaluate("e => e.naturalWidth") > 500
    assert "60" in bare.locator("table").inner_text()
    dark = page.page.locator(".chalk-walk").first.evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    assert dark == "rgb(27, 31, 35)"
    assert page.problems == []
    page.page.close()
