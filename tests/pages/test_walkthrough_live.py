"""The numbers of a walkthrough, changed in its page: they are those that Python would show."""

import json
import math
import random
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

import autograd as ag
from autograd import Primitive, Value, walkthrough
from autograd.display.chain.terms import figure
from autograd.display.format import number_text
from support.browser import faults
from support.graphs import chain, composite, neuron
from support.javascript import node, number
from support.walking import Opened

pytestmark = pytest.mark.browser


def test_numbers_are_written_as_python_writes_them():
    generator = random.Random(1)
    xs = [generator.choice([-1, 1]) * 10.0 ** generator.uniform(-12, 12) for _ in range(3_000)]
    xs += [math.ldexp(2 * k + 1, -e) for k in range(60) for e in range(40)]  # ties among them
    xs += [0.0, -0.0, 1e6, 999999.5, 1e9, 1e300, 5e-324, math.inf, -math.inf, math.nan, 123456.5]
    script = files("autograd.pages").joinpath("figures.js").read_text(encoding="utf-8")
    told = ", ".join(map(number, xs))
    script += f"console.log(JSON.stringify([{told}].map((x) => [figure(x), brief(x)])))"
    assert json.loads(node(script)) == [[figure(x), number_text(x)] for x in xs]


# Each page in turn, as it is after a change, and as Python makes it with the changed numbers.


def mixed(x: float = 0.5, y: float = 2.0, w: float = -1.0) -> Value:
    a, b, c = Value(x, "x"), Value(y, "y"), Value(w)
    u = ag.logsumexp([a * b, c, b / 3.0])
    v = ag.tanh(u) - ag.sigmoid(c * a) * ag.sqrt(b)
    return ag.maximum(v, a) / (u**2 + 1.0) + ag.relu(-c) * ag.where(a, b, c)


def small(x: float = 1.0, y: float = 2.0) -> Value:
    return composite(x, y)[0]


PROGRAMS: list[tuple[Callable[..., Value], list[list[float]]]] = [
    (small, [[-2.5, 3.0], [0.0, 1e5], [1e200, 2.0]]),
    (mixed, [[1.5, 0.25, -3.0], [-4.0, 30.0, 2.0], [0.5, 0.0, 2.0]]),
]
# What a page shows of a step.
SHOWN = """() => {
  const text = (which) => [...document.querySelectorAll(which)].map((e) => e.textContent);
  const drawn = [...document.querySelectorAll('.cw-graph g')].map((g) => {
    const texts = [...g.querySelectorAll('text:not(.cw-later)')];
    const colours = new Set(texts.map((t) => t.getAttribute('fill')));
    const lines = [...g.querySelectorAll('path')].map((line) => line.getAttribute('stroke'));
    const width = g.matches('.edge') && g.querySelector('path').getAttribute('stroke-width');
    return [g.getAttribute('class'), texts.map((t) => t.textContent).join(' '), ...colours,
      ...lines, width];
  });
  return [text('.cw-title'), text('.cw-phase'), text('.cw-said'), text('.cw-values td'), drawn,
    document.querySelector('.cw-formulas').innerHTML];
}"""


# That of every step, one click after the other.
EVERY = f"""async () => {{
  const look = {SHOWN};
  const next = [...document.querySelectorAll('button')].find((e) => /^Next/.test(e.textContent));
  const shown = [look()];
  while (!next.disabled) {{
    next.click();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    shown.push(look());
  }}
  return shown;
}}"""


def every_step(page: Opened) -> list[Any]:
    page.page.locator(".cw-live").focus()
    page.page.keyboard.press("Home")
    return page.page.evaluate(EVERY)


@pytest.mark.parametrize(("program", "points"), PROGRAMS)
def test_all_that_is_shown_is_what_python_shows(opened: Any, program: Any, points: Any):
    z = program()
    names = [step.name for step in ag.steps(z).forward if step.node.op is None]
    page = opened(walkthrough(z))
    for point in points:
        for name, x in zip(names, point, strict=True):
            page.field(name).fill(repr(x))
        wanted = every_step(opened(walkthrough(program(*point))))
        assert every_step(page) == wanted, point
        z = program(*point)
        z.backward()
        leaves = [v for v in ag.order(z) if v.op is None]
        shown = [page.gradient(name) for name in names]
        assert shown == [figure(leaf.grad or 0.0) for leaf in leaves]
    assert page.problems == []


# The controls ----------------------------------------------------------------------------------


def test_a_leaf_is_changed_by_field_slider_and_arrow_keys(opened: Any):
    page = opened(walkthrough(composite()[0]))
    keys = page.page.keyboard
    assert (page.outcome("z"), page.gradient("x"), page.gradient("y")) == ("56", "60", "75")
    page.field("x").fill("2")
    assert page.outcome("z") == "156"
    assert page.gradient("x") == str(25 * 6)
    assert page.count == "Step 1 of 21"  # the step stays, and says the new number
    assert page.said == "x = 2 is given"
    assert page.told == ""
    keys.press("Enter")
    assert page.told == "x = 2: z = 156"
    page.slider("x").focus()
    keys.press("ArrowRight")
    assert page.field("x").input_value() == "2.02"
    assert page.told == f"x = 2.02: z = {figure(small(2.02).data)}"
    page.slider("y").fill("-1")
    assert page.field("y").input_value() == "-1"
    page.field("y").focus()
    keys.press("ArrowUp")
    assert page.field("y").input_value() == "-0.95"
    keys.press("Shift+ArrowDown")
    assert page.field("y").input_value() == "-1.45"
    assert page.count == "Step 1 of 21"
    page.field("x").fill("1e7")  # beyond the slider, which goes along
    assert page.slider("x").get_attribute("aria-valuetext") == "10000000"
    assert float(page.slider("x").get_attribute("max")) > 1e7
    page.page.locator(".cw-live").focus()
    keys.press("End")
    f = 1e14 - 1.45e7 + 1.45**2
    assert page.row("f")[2:] == [figure(f), figure(2.0 * f + 1.0)]
    assert page.page.get_by_label("gradient of v1", exact=True).inner_text() == page.row("v1")[3]
    assert page.problems == []


def test_descent_nudge_undo_and_reset(opened: Any):
    page = opened(walkthrough(composite()[0]))
    page.button("Step of gradient descent").click()
    assert [page.field(x).input_value() for x in "xy"] == ["0.4", "1.25"]
    moved, _, _ = composite(0.4, 1.25)
    assert page.told == f"z goes from 56 to {figure(moved.data)}."
    page.button("Undo").click()
    assert page.told == "Undone: z = 56"
    page.button("nudge x").click()
    change = composite(1.01, 2.0)[0].data - 56.0
    assert page.told == (
        f"x + 0.01: z moves by {figure(change)}, the gradient said 60 · 0.01 = 0.6."
    )
    page.page.get_by_label("learning rate").fill("0.001")
    page.button("Step of gradient descent").click()
    for word in ("abc", "", "1e999"):
        page.page.get_by_label("learning rate").fill(word)
        before = page.field("x").input_value()
        page.button("Step of gradient descent").click()
        assert page.told == f"“{word}” is no finite number: write one such as 0.01."
        assert page.field("x").input_value() == before
    page.page.get_by_label("learning rate").fill("1e300")
    for _ in range(3):
        page.button("Step of gradient descent").click()
    assert page.told.startswith("A step would take x to ")
    assert page.told.endswith(": all numbers stay.")
    page.button("Reset").click()
    assert page.told == "As saved: z = 56"
    page.button("Undo").click()
    assert page.field("x").input_value() != "1"
    for _ in range(9):
        page.button("Undo").click()
    assert page.told == "There is nothing to undo."
    assert page.outcome("z") == "56"
    page.slider("x").fill("2")
    page.slider("x").fill("2.5")  # a drag is one change
    page.slider("x").blur()
    page.field("y").type("1234")
    page.button("Undo").click()
    page.button("Undo").click()
    assert [page.field(x).input_value() for x in "xy"] == ["1", "2"]
    assert page.problems == []


def test_what_is_no_number_leaves_the_last_good_ones(opened: Any):
    page = opened(walkthrough(ag.exp(Value(1.0, "x")) / Value(2.0, "y")))
    for word, said in [
        ("abc", "“abc” is no number: write one such as -0.25, 3/4 or 1e-3."),
        ("1e999", "“1e999” is no finite number: x stays 1."),
        ("nan", "“nan” is no finite number: x stays 1."),
        ("<img src=x>", "“<img src=x>” is no number: write one such as -0.25, 3/4 or 1e-3."),
    ]:
        page.field("x").fill(word)
        assert page.told == said
        assert page.field("x").get_attribute("aria-invalid") == "true"
        assert page.outcome("z") == "1.35914"
    assert faults(page.page) == []
    page.field("x").blur()
    assert page.field("x").input_value() == "1"
    page.field("x").fill("-")  # this may become one
    assert page.field("x").get_attribute("aria-invalid") is None
    page.page.keyboard.press("Enter")
    assert page.told.startswith("“-” is no number")
    page.field("x").fill("3/4")
    page.field("y").fill("−2")
    assert page.outcome("z") == figure(math.exp(0.75) / -2.0)
    # Results are shown as they are.
    page.field("x").fill("800")
    assert page.outcome("z") == "-inf"
    page.field("y").fill("0")
    assert page.gradient("x") == "inf"
    page.field("x").fill("-800")
    assert page.outcome("z") == "nan"
    page.page.locator(".cw-live").focus()
    page.page.keyboard.press("End")
    assert "nan" in page.said
    assert page.problems == []


def test_the_link_keeps_the_numbers_and_a_forged_one_changes_nothing(opened: Any):
    x, y = Value(1.0, "x"), Value(2.0, "a b&=<i>")
    page = opened(walkthrough(x * y))
    page.field("x").fill("1.0000000001")
    page.field("a b&=<i>").fill("-0.1")
    page.page.keyboard.press("Enter")
    link = page.page.get_by_role("link", name="Link to these numbers")
    address = page.page.url
    assert address.endswith("#" + link.get_attribute("href").split("#")[1])
    page.page.goto("about:blank")
    page.page.goto(address)
    assert page.told == "The numbers of the link: z = -0.1"
    assert page.field("x").get_attribute("title") == "1.0000000001"
    file = address.split("#")[0]
    for forged, word in [
        ("x=abc", "gives “x” as “abc”, which is no finite number"),
        ("x=1e999", "which is no finite number"),
        ("w=3", "names “w”, which is no leaf here"),
        ("x=3&x=4", "names “x” twice"),
        ("%E0%A4%A", "which is no leaf here"),
        ("<img src=x onerror=pwned=1>=1", "which is no leaf here"),
        ("__proto__=1", "which is no leaf here"),
        ("x=3&" * 3_000, "twice"),
    ]:
        page.page.goto("about:blank")
        page.page.goto(f"{file}#{forged}")
        assert word in page.told
        assert page.told.endswith(": the numbers stay as they are.")
        assert page.outcome("z") == "2"
        assert page.page.locator(".cw-told *").count() == 0
    page.page.evaluate("location.hash = 'x=7'")  # typed behind the address of the open page
    page.page.wait_for_function("document.querySelector('.cw-told').textContent.includes('14')")
    page.button("Reset").click()
    assert "#" not in page.page.url
    assert page.page.evaluate("window.pwned") is None
    assert page.problems == []


def test_the_quiz_asks_with_the_changed_numbers(opened: Any):
    page = opened(walkthrough(composite()[0], quiz=True))
    assert page.gradient("x") == "?"  # that is asked for
    page.page.get_by_role("slider", name="Step").fill("12")
    page.button("Next").click()
    page.page.locator(".cw-answer").fill("99")
    page.field("x").fill("2")
    assert page.page.locator(".cw-answer").input_value() == "99"
    assert page.page.get_by_label("What does this edge contribute to dz/df?").is_visible()
    page.page.locator(".cw-answer").fill("24")
    page.page.locator(".cw-answer").press("Enter")
    assert page.verdict == "✓ Right: 1 × 24 = 24."
    page.field("x").fill("1")
    assert page.verdict == ""
    page.button("Previous").click()
    page.button("Next").click()  # with other numbers it is another question
    assert page.page.locator(".cw-question").is_visible()
    assert page.score == "Score: 1 of 1"
    page.button("Quiz").click()
    assert page.gradient("x") == "60"
    assert page.problems == []


def test_what_changes_at_every_tick_is_not_read_out(opened: Any):
    page = opened(walkthrough(composite()[0]))
    page.page.keyboard.press("End")
    said = page.page.locator(".cw-said")
    assert said.get_attribute("aria-live") == "polite"
    page.slider("x").focus()
    page.page.evaluate(
        """() => {
          window.heard = [];
          const told = document.querySelectorAll('[role=status], [aria-live=polite], output');
          for (const part of told) new MutationObserver(() => {
            if (part.getAttribute('aria-live') !== 'off') window.heard.push(part.textContent);
          }).observe(part, { childList: true, characterData: true, subtree: true });
          const slider = document.querySelector('.cw-range');
          for (const x of [1.2, 1.4, 1.6]) {
            slider.value = x;
            slider.dispatchEvent(new Event('input'));
          }
          slider.dispatchEvent(new Event('change'));
        }"""
    )
    assert page.page.evaluate("window.heard.filter(Boolean)") == [
        f"x = 1.6: z = {figure(small(1.6).data)}"
    ]
    assert said.get_attribute("aria-live") == "off"
    page.page.locator(".cw-live").focus()
    page.page.keyboard.press("ArrowLeft")
    assert said.get_attribute("aria-live") == "polite"
    assert "recorded branch" in page.page.locator(".cw-branch").inner_text()


# What stays ------------------------------------------------------------------------------------


def test_a_row_without_javascript_is_named_and_the_page_stays_still(opened: Any):
    row = Primitive("mine", math.sin, lambda z, x: (math.cos(x),))
    x = Value(0.5, "x")
    page = opened(walkthrough(x.__apply__(row, (x,)) * 2.0))
    assert page.page.locator(".cw-lab").count() == 0
    note = page.page.locator(".cw-note").inner_text()
    assert note == "The numbers stay as they are: mine cannot be computed here."
    page.page.keyboard.press("End")
    assert page.row("x")[2:] == ["0.5", figure(2.0 * math.cos(0.5))]
    assert page.problems == []


def test_above_the_cap_it_is_as_it_was(opened: Any):
    page = opened(walkthrough(small(), max_nodes=5))
    assert page.page.locator(".cw-lab").count() == 0
    whole, stays = page.page.locator(".cw-note").all_inner_texts()
    assert whole.startswith("This graph has 9 nodes; the youngest 5 are shown")
    assert stays.startswith("The numbers stay as they are: they can be changed where all")
    notes = [note.bounding_box() for note in page.page.locator(".cw-note").all()]
    assert notes[0]["y"] + notes[0]["height"] <= notes[1]["y"]
    page.page.keyboard.press("End")
    assert page.row("v4") != []
    assert page.problems == []


def test_a_thousand_nodes_are_live_and_more_say_that_they_stay():
    assert "The numbers stay" not in walkthrough(chain(999), max_nodes=2_000).html
    said = "The numbers stay as they are: 1,000 nodes at most can change."
    assert said in walkthrough(chain(1_000), max_nodes=2_000).html


def test_pages_hold_the_functions_they_use_and_no_others():
    page = walkthrough(ag.tanh(Value(1.0, "x"))).page
    assert "function sech_squared" in page
    assert "erfc" not in page
    assert len(walkthrough(ag.tanh(Value(1.0, "x"))).html) < 60_000


# In a notebook pages stand beside others, and the address is not theirs.
TWO = """<!DOCTYPE html><html lang="en"><head><title>two</title></head><body><main>%s%s</main>
</body></html>"""


def test_two_in_one_page_change_apart(browser: Any):
    page = Opened(browser.new_page())
    page.page.set_content(TWO % (walkthrough(small()).html, walkthrough(neuron()).html))
    page.field("x").fill("3")
    page.field("b").fill("-2")
    page.page.keyboard.press("Enter")
    assert page.outcome("z") == figure(small(3.0).data)
    assert page.outcome("L") == figure((ag.sigmoid(Value(-2.0)).data - 1.0) ** 2)
    assert page.page.get_by_role("link").count() == 0
    assert page.page.evaluate("location.hash") == ""
    page.page.keyboard.type("5")  # typed in a field it moves no step
    counts = page.page.locator(".cw-count").all_inner_texts()
    assert [re.sub(" of.*", "", text) for text in counts] == ["Step 1", "Step 1"]
    assert faults(page.page, ".chalk-walk") == []
    assert page.problems == []
    page.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_changed_page_shuts_nobody_out(opened: Any, scheme: str):
    page = opened(walkthrough(neuron()), color_scheme=scheme)
    for width in (400, 1280):
        page.page.set_viewport_size({"width": width, "height": 800})
        page.field("w1").fill("-12345.678")
        page.page.keyboard.press("Enter")
        page.button("nudge b").click()
        assert faults(page.page) == []
        assert page.page.evaluate("document.documentElement.scrollWidth") == width
    paper = page.page.eval_on_selector(
        ".cw-field", "e => getComputedStyle(e).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (sum(paper) < 200) == (scheme == "dark")
    assert page.problems == []
