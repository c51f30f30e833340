"""What stands beside the numbers of a walkthrough: leaves held fixed, and room for any number."""

import json
import math
import re
from importlib.resources import files
from typing import Any

import pytest

from autograd import Value, walkthrough
from autograd.display.chain.terms import figure
from autograd.escaping import apart
from support.browser import faults
from support.graphs import composite
from support.javascript import node
from support.walking import ARRIVED, spoilt

pytestmark = pytest.mark.browser


def test_a_leaf_that_is_held_fixed_stays_in_descent(opened: Any):
    page = opened(walkthrough(composite()[0]))
    assert "hold v" not in page.page.content()  # constants of the program are none of the leaves
    hold = page.page.get_by_role("checkbox", name="hold x fixed in descent", exact=True)
    hold.check()
    assert page.told == "x is held fixed: a step of descent leaves it at 1."
    address = page.page.url
    page.button("Step of gradient descent").click()
    assert page.values == {"x": 1.0, "y": 1.25}
    page.field("x").fill("2")  # it may still be changed
    page.page.keyboard.press("Enter")
    page.button("nudge x").click()
    assert page.values == {"x": 2.01, "y": 1.25}
    page.page.get_by_role("checkbox", name="hold y fixed in descent", exact=True).check()
    page.button("Step of gradient descent").click()
    assert page.told == "Nothing moves: every leaf is held fixed."
    hold.uncheck()
    assert page.told == "x moves with descent again."
    page.button("Step of gradient descent").click()
    assert page.values["y"] == 1.25
    assert page.values["x"] != 2.01
    assert faults(page.page) == []
    page.page.goto("about:blank")
    page.page.goto(address)
    assert address.endswith("#x=1!&y=2")
    assert hold.is_checked()
    page.page.evaluate("location.hash = 'x=!&y=2'")
    page.page.wait_for_function("document.querySelector('.cw-told').textContent.includes('“”')")
    assert hold.is_checked()
    page.page.evaluate("location.hash = 'x=1&y=2!'")
    page.page.wait_for_function("!document.querySelector('.cw-hold input').checked")
    page.button("Step of gradient descent").click()
    assert page.values == {"x": 0.4, "y": 2.0}


# Where the grounds of numbers are, and the letters on them: left, top, right, bottom.
GROUNDS = """() => [...document.querySelectorAll('g.edge')].map((edge) => {
  const frame = ({ x, y, width, height }) => [x, y, x + width, y + height];
  const of = (tag) => [...edge.querySelectorAll(tag)].map((e) => frame(e.getBBox()));
  return [...of('rect'), of('text')];
})"""


def test_numbers_on_arrows_cover_no_others(opened: Any):
    page = opened(walkthrough(composite()[0]))
    page.page.keyboard.press("End")
    page.field("x").fill("-12345.678")
    page.field("y").fill("0.000123456")
    arrows = page.page.evaluate(GROUNDS)
    assert max(len(texts) for _, texts in arrows) == 2
    for i, (ground, _) in enumerate(arrows):
        for k, (_, texts) in enumerate(arrows):
            for text in texts:
                across, down = (min(ground[n + 2], text[n + 2]) - max(ground[n], text[n])
                                for n in range(2))  # fmt: skip
                # Letters are a little less high than their line.
                assert i == k or across <= 0.0 or down < 2.0, (i, k)


def test_no_link_that_was_changed_breaks_the_page(opened: Any):
    page = opened(walkthrough(composite()[0]))
    page.page.keyboard.press("End")
    links = list(spoilt("x=1.25!&y=-0.5e-3", 1, 400))
    before = {"x": 1.0, "y": 2.0}
    taken = 0
    for link, found in zip(links, page.page.evaluate(ARRIVED, links), strict=True):
        leaves = {name: float(x) for name, x in found["leaves"]}
        if found["told"].endswith(": the numbers stay as they are."):
            assert leaves == before, link
        taken += leaves != before
        assert all(map(math.isfinite, leaves.values())), link
        before = leaves
        nodes = composite(**leaves)
        shown = {name: [value, slope] for name, _, value, slope in found["table"]}
        assert shown["z"] == [figure(nodes[0].data), "1"], link
        nodes[0].backward()
        assert [shown[leaf.label][1] for leaf in nodes[1:]] == [
            figure(leaf.grad) for leaf in nodes[1:]
        ], link
    assert 10 < taken < 300
    assert page.page.evaluate("window.pwned") is None
    assert page.page.locator(".chalk-walk img").count() == 0


def test_long_texts_in_a_field_are_refused_at_once(opened: Any):
    page = opened(walkthrough(composite()[0]))
    for text in (
        "1" * 100_000 + "x",
        "9" * 100_000,
        " " * 100_000 + "x",
        "-" + " " * 100_000 + "x",
    ):
        page.field("x").fill(text)
        page.page.keyboard.press("Enter")
        assert re.fullmatch("“.{1,40}…?” is no (finite )?number: .*", page.told)
        assert page.outcome("z") == "56"


NAMES = "שלום", "עולם טוב", "مرحبا٢", "x"


def test_names_that_run_from_right_to_left_are_set_apart_as_in_python():
    texts = [f"{a} ** 2 = {b}2² (3 * x); d{a}/d({b}): -1" for a in NAMES for b in NAMES]
    script = files("autograd.pages").joinpath("figures.js").read_text(encoding="utf-8")
    script += f"console.log(JSON.stringify({json.dumps(texts)}.map(apart)))"
    assert json.loads(node(script)) == list(map(apart, texts))


# Where words begin and end in an element's text, on the screen.
PLACES = """(element, words) => words.map((word) => {
  const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
  const range = document.createRange(), at = text.data.indexOf(word);
  range.setStart(text, at);
  range.setEnd(text, at + word.length);
  const { left, right } = range.getBoundingClientRect();
  return [left, right];
})"""


def test_numbers_stand_behind_names_that_run_from_right_to_left(opened: Any):
    x, y = Value(2.0, NAMES[0]), Value(3.0, NAMES[1])
    z = x**2 * y
    z.label = NAMES[2]
    page = opened(walkthrough(z))
    places = page.page.locator(".cw-said").evaluate(PLACES, [NAMES[0], "= 2", "is given"])
    assert places == sorted(places)
    page.page.keyboard.press("End")
    assert page.said.startswith("∂v1/∂\u2068שלום\u2069 = 2 * \u2068שלום\u2069 = 4; upstream")
    for element, words in (
        (page.page.locator(".cw-phase"), ["from", "v1", NAMES[0]]),
        (page.page.locator(".cw-values td", has_text="**").first, [NAMES[0], "**", "2"]),
        (page.page.locator("g.node tspan", has_text="**").first, [NAMES[0], "**", "2"]),
        (page.page.locator(".cw-slope").first, ["d", NAMES[2], "/d", NAMES[0], "="]),
    ):
        places = element.evaluate(PLACES, words)
        assert places == sorted(places), words
    page.page.get_by_role("checkbox", name=f"hold {NAMES[0]} fixed in descent").check()
    assert page.told == "\u2068שלום\u2069 is held fixed: a step of descent leaves it at 2."
    long = opened(walkthrough((x * y - z**2).tanh() * z + 3.0 * x)).page
    long.set_viewport_size({"width": 400, "height": 800})
    long.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert long.evaluate("document.documentElement.scrollWidth") == 400
