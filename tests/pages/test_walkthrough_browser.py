"""The page to walk through a graph in a real browser: clicks, keys, quiz, and who can use it."""

import re
from typing import Any

import pytest

from autograd import Value, logsumexp, walkthrough
from support.browser import EVIL, contrast, faults
from support.graphs import chain, composite
from support.walking import Opened

pytestmark = pytest.mark.browser


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
    for _ in range(30):
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


def test_the_slider_and_clicks_on_nodes_go_anywhere(opened: Any):
    page = opened(walkthrough(composite()[0]))
    page.page.get_by_role("slider", name="Step").fill("13")
    assert page.count == "Step 13 of 21"
    assert "1 × 14 = 14; dz/df: 1 + 14 = 15" in page.said
    value = page.page.get_by_role("slider", name="Step").get_attribute("aria-valuetext")
    assert value == "Step 13 of 21, backward"
    page.page.locator("g.node").filter(has_text="y").first.click()
    assert "y" in page.phase
    page.button("First step").click()
    page.page.locator("g.node", has=page.page.locator("title", has_text=re.compile("^v2$"))).click()
    assert page.phase == "Forward: the value of v2"
    page.page.locator("g.node", has=page.page.locator("title", has_text=re.compile("^v2$"))).click()
    assert page.phase == "Backward: from v3 to v2"
    assert page.problems == []


def test_the_quiz_asks_before_it_shows_and_keeps_a_score(opened: Any):
    page = opened(walkthrough(composite()[0], quiz=True))
    page.page.get_by_role("slider", name="Step").fill("12")
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


WINDOWS = {360: 800, 400: 800, 1280: 800, 1920: 1080, 2560: 1440}
# The size of text in the page, and in the picture.
TEXT = """() => [
  parseFloat(getComputedStyle(document.querySelector('.cw-said')).fontSize),
  11 * document.querySelector('.cw-graph svg').getScreenCTM().a,
]"""


@pytest.mark.parametrize("n", [3, 60])
def test_text_grows_with_the_window_and_nothing_is_wider(opened: Any, n: int):
    page = opened(walkthrough(chain(n)))
    sizes = {}
    for width, height in WINDOWS.items():
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.keyboard.press("End")
        page.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
        )
        root = page.page.evaluate("document.documentElement.scrollWidth")
        assert root == width
        active = page.page.locator(".cw-graph .cw-node.cw-active").first
        assert 0 < active.bounding_box()["x"] < width
        if width >= 1280:  # it fills the window, and only its parts scroll
            assert page.page.evaluate("document.documentElement.scrollHeight") == height
            hint = page.page.locator(".cw-hint").bounding_box()
            assert height - 60 < hint["y"] + hint["height"] <= height
        sizes[width] = page.page.evaluate(TEXT)
    assert sizes[360] == [15, pytest.approx(11, abs=0.1)]
    assert sizes[1920][0] > 20
    assert sizes[1920][1] > (18 if n == 3 else 16)
    assert sizes[2560][0] > 26
    assert sizes[2560][1] > sizes[1920][1] > sizes[1280][1]
    assert page.problems == []


def test_a_rule_and_the_one_of_books_stand_beside_a_tall_graph(opened: Any):
    z = logsumexp([Value(100.0 * i, f"x{i}") for i in range(12)])
    page = opened(walkthrough(z))
    page.page.set_viewport_size({"width": 1920, "height": 1080})
    page.page.wait_for_selector(".cw-side")
    page.page.keyboard.press("End")
    book = page.page.locator(".cw-book").inner_text()
    assert book.startswith("textbook:")
    assert book.endswith(", nan in floats")
    assert "(textbook: exp(x11) / sum([exp(x0), exp(x1), " in page.said
    graph, below = (page.page.locator(f".cw-{part}").bounding_box() for part in ("graph", "below"))
    assert graph["x"] + graph["width"] <= below["x"]
    assert graph["width"] > below["width"] > 0.4 * 1920
    assert faults(page.page) == []
    page.page.keyboard.press("Home")
    assert page.page.locator(".cw-book").count() == 0
    assert page.problems == []


def test_of_a_wide_graph_the_whole_can_be_seen(opened: Any):
    page = opened(walkthrough(chain(8)))
    page.page.set_viewport_size({"width": 1920, "height": 1080})
    scrolls = "document.querySelector('.cw-graph').scrollWidth > innerWidth"
    page.page.wait_for_function(scrolls)
    page.button("Whole graph").click()
    assert page.page.evaluate(f"!({scrolls})")
    assert faults(page.page) == []
    page.button("Whole graph").click()
    assert page.page.evaluate(scrolls)


# What prints, as it stands while it prints: how many panels, which of them or of their formulas
# are wider than the page or may be cut, and what is seen of the rest.
PRINTED = """() => {
  const panels = [...document.querySelectorAll('.cw-panel')];
  const edge = document.documentElement.clientWidth;
  return {
    panels: panels.length,
    wide: panels.flatMap(p => [p, ...p.querySelectorAll('svg, math, p')])
      .filter(e => e.getBoundingClientRect().right > edge).length,
    cut: panels.filter(p => getComputedStyle(p).breakInside !== 'avoid').length,
    drawn: panels.filter(p => p.querySelector('svg g.cw-active')).length,
    live: document.querySelector('.cw-live').getClientRects().length,
    ink: getComputedStyle(panels[0]).color,
    paper: getComputedStyle(document.querySelector('.chalk-walk')).backgroundColor,
    last: panels.at(-1).querySelector('.cw-sums').textContent,
  };
}"""


@pytest.mark.parametrize("n", [3, 60])
def test_it_prints_as_a_strip_of_its_steps(opened: Any, n: int):
    page = opened(walkthrough(chain(n), quiz=True), color_scheme="dark").page
    steps = int(page.locator(".cw-slider").get_attribute("max"))
    page.get_by_role("slider", name="Step").fill(str(n + 2))
    page.get_by_role("button", name="Next").click()
    page.keyboard.type("12")
    page.evaluate("window.addEventListener('beforeprint', () => { window.told = true; })")
    pages = len(re.findall(rb"/Type ?/Page\b", page.pdf(format="A4")))
    assert page.evaluate("window.told")
    assert 1 < pages <= 1 + steps // 3
    assert page.locator(".cw-strip").count() == 0  # it is gone, and all is as it was
    assert page.locator(".cw-question").is_visible()
    assert page.locator(".cw-answer").input_value() == "12"
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 without its margins
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    found = page.evaluate(PRINTED)
    assert found.pop("last").startswith("Running gradients: x ")
    assert found == {
        "panels": steps, "wide": 0, "cut": 0, "drawn": steps, "live": 0, "ink": "rgb(0, 0, 0)",
        "paper": "rgb(255, 255, 255)",
    }  # fmt: skip


PAYLOADS = [
    EVIL,
    "<b onclick=alert(1)>w</b>",
    "`${window.pwned = 1}`",
    "<img src=x onerror=pwned=1>",
    "<svg onload=pwned=1>",
    "]]><script>pwned=1</script>",
    "--><script>pwned=1</script><!--",
    "javascript:pwned=1",
    '"); pwned=1; ("',
    "\\u003cscript>pwned=1</script>",
    "{{constructor.constructor('pwned=1')()}}",
    r"\unicode{<img src=x onerror=pwned=1>}",
    "&lt;script&gt;pwned=1&lt;/script&gt;",
    "🚀<math><mtext><img src=x onerror=pwned=1>",
    "\u2028pwned=1\u2029",
    "<" * 10_000,
]


# Clicks on Next until it is disabled, at most so often.
THROUGH = """most => {
  const next = [...document.querySelectorAll('button')].find(b => b.textContent.includes('Next'));
  while (most-- && !next.disabled) next.click();
}"""


def test_no_label_runs_as_a_script(opened: Any):
    z = Value(1.0, "z0")
    for i, text in enumerate(PAYLOADS):
        z = z * Value(1.0 + i, text)
        z.label = f"{i}{text}"
    page = opened(walkthrough(z, quiz=True))
    steps = int(page.count.split()[-1])
    assert steps == 2 * (2 * len(PAYLOADS)) + 2
    # In the page itself, since from here each of two hundred clicks takes a twentieth of a second.
    page.page.evaluate(THROUGH, 2 * steps)  # of a question, once to ask and once to answer
    assert page.count == f"Step {steps} of {steps}"
    page.page.locator("g.node").first.click()
    assert page.page.evaluate("window.pwned") is None
    strange = ".chalk-walk b, .chalk-walk script script, .chalk-walk img, .chalk-walk svg svg"
    assert page.page.locator(strange).count() == 0
    assert page.page.locator("script").count() == 1
    assert page.problems == []
    names = page.page.locator(".cw-name").all_text_contents()
    assert "<b onclick=alert(1)>w</b>" in names
    assert "<img src=x onerror=pwned=1>" in names


# For everybody -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1200])
def test_no_step_shuts_anybody_out(opened: Any, scheme: str, width: int):
    page = opened(walkthrough(composite()[0]), color_scheme=scheme)
    page.page.set_viewport_size({"width": width, "height": 900})
    assert faults(page.page) == []
    page.page.get_by_role("slider", name="Step").fill("12")
    assert faults(page.page) == []
    page.button("Quiz").click()
    page.button("Next").click()
    assert faults(page.page) == []  # while it asks
    page.page.keyboard.type("13")
    page.page.keyboard.press("Enter")
    assert page.verdict.startswith("✗")
    assert faults(page.page) == []  # and when it has answered
    assert page.problems == []


@pytest.mark.parametrize("nodes", [60, 400])
def test_a_long_graph_shuts_nobody_out(opened: Any, nodes: int):
    page = opened(walkthrough(chain(nodes)))
    page.page.keyboard.press("End")
    assert faults(page.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_where_scripts_do_not_run_there_are_a_picture_and_a_table(opened: Any, scheme: str):
    page = opened(walkthrough(composite()[0]), color_scheme=scheme, java_script_enabled=False).page
    assert page.locator(".cw-live").count() == 0
    image = page.get_by_role("img", name=re.compile("^The graph of z: 9 nodes"))
    assert image.bounding_box()["width"] > 500
    rows = page.locator("tbody tr").all_inner_texts()
    assert "x\tgiven\t1\t60" in rows
    assert len(rows) == 9


# For each text in the picture: its colour, and that of what is painted last below it.
PAINTED = """svg => [...svg.querySelectorAll('g text, g tspan')].filter(text =>
    [...text.childNodes].some(node => node.nodeType === 3) &&
    getComputedStyle(text).visibility === 'visible'
).map(text => {
  const rgb = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const ground = [...text.closest('g').querySelectorAll('rect')].pop();
  return [text.textContent, rgb(getComputedStyle(text).fill), rgb(getComputedStyle(ground).fill)];
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_in_the_picture_has_contrast_in_every_step(opened: Any, scheme: str):
    x, y = Value(-1.0, "x"), Value(0.0, "y")
    page = opened(walkthrough(x * y + x.exp() - y / x), color_scheme=scheme)
    seen = set()
    while True:
        for text, colour, ground in page.page.eval_on_selector(".cw-graph svg", PAINTED):
            assert contrast(colour, ground) >= 4.5, (page.count, text, colour, ground)
            seen.add(text)
        if page.button("Next").is_disabled():
            break
        page.button("Next").click()
    assert {"gradient", "value", "0.3679"} <= seen


def test_a_running_gradient_has_the_colour_of_its_sign(opened: Any):
    x = Value(1.0, "x")
    page = opened(walkthrough(x - x * 3.0), color_scheme="light")  # first -3 in x, then -2; or 1
    box = page.page.locator("g.node", has=page.page.locator("title", has_text=re.compile("^x$")))
    text = box.first.locator('text[text-anchor="end"]').nth(1)
    seen = {}
    while page.button("Next").is_enabled():
        page.button("Next").click()
        if running := page.row("x")[3]:
            assert text.text_content() == running
            seen[running] = text.get_attribute("fill")
    assert seen == {"1": "#0063a6", "-2": "#b34700"}


def test_a_narrow_table_breaks_no_name(opened: Any):
    page = opened(walkthrough(chain(20)))
    page.page.set_viewport_size({"width": 360, "height": 800})
    page.page.keyboard.press("End")
    lines = page.page.locator(".cw-name").evaluate_all("all => all.map(e => e.offsetHeight)")
    assert len(lines) == 21
    assert max(lines) < 30  # one line each
    heads = page.page.locator("thead th").evaluate_all("all => all.map(e => e.offsetWidth)")
    assert sum(heads) < 400


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


def test_it_works_in_a_notebook_twice_over_and_without_scripts(browser: Any):
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
    assert faults(page.page, ".chalk-walk") == []
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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_takes_the_theme_of_the_page_of_documentation_it_is_in(browser: Any, theme: str):
    other = "dark" if theme == "light" else "light"
    page = browser.new_page(color_scheme=other)
    html = walkthrough(composite()[0]).html
    page.set_content(f'<html><body data-theme="{theme}">{html}</body></html>')
    paper = page.eval_on_selector(".chalk-walk", "e => getComputedStyle(e).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(27, 31, 35)"}[theme]
    page.close()
