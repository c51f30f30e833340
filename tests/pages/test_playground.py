"""The page to type expressions in: what it holds, and in a browser what people do with it."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from autograd import Value, gradient, order, parse, playground, steps
from autograd.display.chain.terms import Names, figure
from autograd.expression import ExpressionError
from support.browser import EVIL, contrast, faults
from support.walking import ARRIVED, Opened, spoilt

NEURON = "tanh(w*x + b)"
VALUES = {"w": 0.5, "x": 2.0, "b": -0.75}


# What it holds -----------------------------------------------------------------------------------


def test_it_needs_nothing_else_and_is_small() -> None:
    page = playground(NEURON, **VALUES).page
    assert len(page.encode()) <= 300_000
    assert re.findall(r"https?://(?!www\.w3\.org/)", page) == []
    assert "default-src 'none'" in page


def test_without_scripts_there_is_the_image_and_the_table() -> None:
    html = re.sub(r"<(script|style)>.*?</\1>", "", playground(NEURON, **VALUES).html, flags=re.S)
    assert 'src="data:image/svg+xml;' in html
    for name, value, slope in (("w", "0.5", "1.75"), ("x", "2", "0.44"), ("b", "-0.75", "0.88")):
        assert re.search(rf'row">{name}</th><td>given</td><td>{value}</td><td>', html), (
            name,
            slope,
        )


def test_the_same_expression_gives_the_same_page_to_the_byte() -> None:
    assert playground(NEURON, **VALUES).page == playground(NEURON, **VALUES).page


def test_without_an_expression_it_begins_with_an_example() -> None:
    assert playground().expression == NEURON
    assert playground("  ").expression == NEURON


def test_it_is_saved_and_shown() -> None:
    page = playground("x*y", x=2, y=Value(3.0))
    assert repr(page) == '<ExpressionPage: x*y; .save("page.html")>'
    assert page._repr_html_() == page.html
    assert str(page) == str(steps(parse("x*y", x=2, y=3)))


def test_a_file_is_a_page(tmp_path: Path) -> None:
    assert playground("x", x=1).save(tmp_path / "a").name == "a.html"
    with pytest.raises(ValueError, match=r"cannot save as 'a.png': a playground is a page"):
        playground("x", x=1).save(tmp_path / "a.png")


def test_names_without_a_value_begin_at_a_half() -> None:
    assert playground(NEURON, w=1).page == playground(NEURON, w=1, x=0.5, b=0.5).page


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ExpressionError, match="no y in 'x'"):
        playground("x", x=1, y=2)
    with pytest.raises(ValueError, match="x belongs to an expression"):
        playground(x=1)
    with pytest.raises(TypeError, match="an expression: write playground"):
        playground(3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="this graph has 162 nodes, and a page shows at most 150"):
        playground("x" + "+x" * 161, x=1)
    names = dict.fromkeys([f"x{i}" for i in range(13)], 1.0)
    with pytest.raises(ValueError, match="a page computes logsumexp of at most 12 operands"):
        playground(f"logsumexp([{', '.join(names)}])", **names)


def test_no_text_ends_the_script() -> None:
    page = playground("x" + " " * 3 + "\n", x=1).page
    assert page.count("</script>") == 1
    with pytest.raises(ExpressionError):
        playground(EVIL)


# In a browser ------------------------------------------------------------------------------------


def in_python(text: str, values: dict[str, float]) -> dict[str, list[str]]:
    """The table that a page should show."""
    z = parse(text, **values)
    nodes = order(z)
    names, slopes = Names(nodes), gradient(z, nodes)
    told = [figure(s.data if isinstance(s, Value) else s) for s in slopes]
    return {names[v]: [figure(v.data), slope] for v, slope in zip(nodes, told, strict=True)}


@pytest.fixture
def play(opened: Any) -> Opened:
    return opened(playground(NEURON, **VALUES))


@pytest.mark.browser
def test_what_is_typed_is_drawn_with_pythons_numbers_and_faults(play: Opened) -> None:
    assert play.table == in_python(NEURON, VALUES)
    for text, values in (
        ("u = x**2 + x*y + y**2; u**2 + u", {"x": 1.5, "y": -2.0}),
        ("loss = (sigmoid(w*x + b) - y)**2", {"w": 0.25, "x": 3.0, "b": -1.0, "y": 1.0}),
        ("maximum(x, y, 0.5)*logsumexp([x, y]) / dot([x, 2], [y, 3])", {"x": 0.75, "y": 2.5}),
    ):
        play.type(text)
        for name, x in values.items():
            play.set(name, repr(x))
        assert play.table == in_python(text, values)
        assert play.page.locator(".cw-graph g.edge text").count() > 0
    for text in ("tahn(x)", "2x", "x +", "(x + 1", "x^2", "sum(x)", "\u00bd"):
        before = play.table
        play.type(text)
        if text == "\u00bd":  # a name as any other
            assert "½ is new" in play.word
            continue
        with pytest.raises(ExpressionError) as caught:
            parse(text, x=1.0)
        assert play.fault.rstrip() == str(caught.value)
        assert (
            play.page.get_by_label("Expression", exact=True).get_attribute("aria-invalid") == "true"
        )
        assert play.table == before
    for text in ("constructor*__proto__ + toString", "变量*2 + alpha_1*xi", "𝑥 - x₁"):
        play.type(text)
        assert play.table == in_python(text, play.values)
    play.type("x" + "*tanh(x)" * 74)
    assert play.table == in_python("x" + "*tanh(x)" * 74, play.values)
    play.type("x" + "+x" * 161)
    assert "this graph has 162 nodes, and a page shows at most 150" in play.fault


@pytest.mark.browser
def test_leaves_move_and_the_changes_are_taken_back(play: Opened) -> None:
    play.set("w", "3/4")
    assert play.values["w"] == 0.75
    assert play.table == in_python(NEURON, {**VALUES, "w": 0.75})
    slider = play.page.get_by_role("slider", name="value of x", exact=True)
    slider.focus()
    slider.press("ArrowRight")
    assert play.values["x"] > 2.0
    assert play.table == in_python(NEURON, {**VALUES, "w": 0.75, "x": play.values["x"]})
    play.set("w", "two")
    assert "is no number" in play.told
    assert play.values["w"] == 0.75
    play.button("Undo").click()
    play.button("Undo").click()
    assert play.values == VALUES
    z = parse(NEURON, **{name: Value(x, name) for name, x in VALUES.items()})
    leaves = [v for v in order(z) if v.label]
    pairs = zip(leaves, slopes(z, leaves), strict=True)
    down = {v.label: v.data - 0.01 * slope for v, slope in pairs}
    play.button("Step of gradient descent").click()
    assert play.values == pytest.approx(down, rel=1e-14)
    play.button("Reset").click()
    assert play.values == VALUES
    play.button("nudge w").click()
    assert "the gradient said" in play.told
    moved = play.values
    play.type("exp(exp(x))*w")
    assert play.values == {"x": 2.0, "w": moved["w"]}  # names keep their numbers
    play.set("x", "700")
    play.button("Step of gradient descent").click()
    assert "all numbers stay" in play.told
    assert play.values["x"] == 700.0


def also_unused(text: str, values: dict[str, float]) -> dict[str, float]:
    """Return the values with those of names that stand only in parts that nothing uses."""
    while True:
        try:
            parse(text, **values)
        except ExpressionError as error:
            name, _, fault = error.reason.partition(" ")
            if not fault.startswith("has no value"):
                raise
            values = values | {name: 0.5}
        else:
            return values


def slopes(z: Value, leaves: list[Value]) -> list[float]:
    return [s.data if isinstance(s, Value) else s for s in gradient(z, leaves)]


@pytest.mark.browser
def test_undo_takes_back_expressions_too(play: Opened) -> None:
    undo = play.button("Undo")
    play.set("w", "3")
    hold = play.page.get_by_role("checkbox", name="hold b fixed in descent")
    hold.check()
    play.type("w*x - c")
    assert "c is new" in play.word
    play.set("x", "5")
    play.button("Example: relu(x) + relu(-x)").click()
    play.type("relu(x) + relu(-x)")  # that is shown already
    assert play.values == {"x": 0.5}
    undo.click()
    assert play.word == "Undone: w*x - c"
    assert play.line.input_value() == "w*x - c"
    assert play.values == {"w": 3.0, "x": 5.0, "c": 0.5}
    play.page.keyboard.press("Enter")  # the button still has the focus
    assert play.values == {"w": 3.0, "x": 2.0, "c": 0.5}
    play.type("u = 2; u*x")
    play.set("u", "7")
    undo.click()
    undo.click()
    undo.click()
    assert play.word == f"Undone: {NEURON}"
    assert (play.values, play.table) == (
        VALUES | {"w": 3.0},
        in_python(NEURON, VALUES | {"w": 3.0}),
    )
    assert hold.is_checked()
    play.button("Step of gradient descent").click()
    assert play.values["b"] == VALUES["b"]
    play.button("Reset").click()
    assert play.values == VALUES
    for _ in range(3):
        undo.click()
    assert (play.told, play.values) == ("Undone: z = 0.244919", VALUES)
    undo.click()
    assert play.told == "There is nothing to undo."
    play.type("tahn(x)")  # nothing was shown that could be taken back
    undo.click()
    assert play.told == "There is nothing to undo."


@pytest.mark.browser
def test_it_fills_a_projector_and_can_be_read(play: Opened) -> None:
    page = play.page
    page.set_viewport_size({"width": 1920, "height": 1080})
    for text in (NEURON, "u = x**2 + x*y + y**2; u**2 + u", "x" + "*tanh(x)" * 74):
        play.type(text)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert page.evaluate(size) == [1920, 1080]
        picture, lab, table = (page.locator(f".cw-{part}").bounding_box()
                               for part in ("live .cw-graph", "lab", "values"))  # fmt: skip
        assert picture["width"] > 0.95 * 1920 or picture["height"] > 0.6 * 1080
        assert 0 <= lab["x"] < table["x"] + table["width"] <= 1920
        letters = page.evaluate(
            "[parseFloat(getComputedStyle(document.querySelector('.cw-step .cw-said')).fontSize),"
            " 11 * document.querySelector('.cw-graph svg').getScreenCTM().a]"
        )
        assert letters[0] > 20
        assert letters[1] > 13
    page.locator("body").click(position={"x": 3, "y": 1075})
    page.keyboard.press("Home")
    assert play.count.startswith("Step 1 of ")


# How much of the list of leaves, and of the part around it, is out of sight, and the bar's width.
HIDDEN = """() => [".cw-leaves", ".cw-lab"].map((part) => {
  const e = document.querySelector(part);
  // Playwright hides bars; their style says how wide they are.
  return [e.scrollHeight - e.clientHeight, getComputedStyle(e, "::-webkit-scrollbar").width];
})"""


@pytest.mark.browser
def test_the_leaves_of_a_neuron_are_in_sight_and_many_have_a_bar(play: Opened) -> None:
    settled = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
    for width, height in ((1920, 940), (1366, 650), (1280, 720), (1024, 768)):
        play.page.set_viewport_size({"width": width, "height": height})
        play.page.evaluate(settled)
        hidden = [rest for rest, _ in play.page.evaluate(HIDDEN)]
        assert hidden == [0, 0], (width, height)
    play.set("w", "-6.7513123e+125")  # a field is as wide as its number
    assert play.field("w").input_value() == "-6.75131e+125"
    assert play.field("w").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    play.type(" + ".join([f"w{i}*x" for i in range(12)]))
    play.page.evaluate(settled)
    (rest, bar), _ = play.page.evaluate(HIDDEN)
    assert rest > 0
    assert bar == "10px"


@pytest.mark.browser
def test_steps_go_through_the_chain_rule(play: Opened) -> None:
    page = play.page
    assert page.locator(".cw-count").inner_text() == "Step 12 of 12"
    play.button("First step").click()
    assert page.locator(".cw-phase").inner_text() == "Forward: the value of w"
    page.locator(".cw-live").focus()
    said = page.locator(".cw-step .cw-said")
    seen = [said.inner_text()]
    for _ in range(11):
        page.keyboard.press("ArrowRight")
        seen.append(said.inner_text())
    assert seen[2] == "v1 = w * x = 1"
    uses = [line.partition("; ")[0] for line in seen[7:]]
    assert uses == [
        "∂z/∂v2 = 1 / cosh(v2) ** 2 = 0.940015 (textbook: 1 - tanh(v2) ** 2)",
        "∂v2/∂v1 = 1", "∂v2/∂b = 1", "∂v1/∂w = x = 2", "∂v1/∂x = w = 0.5",
    ]  # fmt: skip
    assert page.locator(".cw-formulas math").count() > 2


@pytest.mark.browser
def test_the_quiz_begins_with_the_first_question_and_tells_nothing(play: Opened) -> None:
    page = play.page
    play.button("Quiz").click()
    assert (play.count, play.phase) == ("Step 8 of 12", "Backward: from z to v2")
    assert page.locator(".cw-answer").is_visible()
    assert play.table["v2"][1] == play.table["w"][1] == ""
    play.button("nudge w").click()
    assert re.fullmatch(r"w \+ 0\.01: z moves by 0\.0[\d.]+\.", play.told)
    play.button("Quiz").click()
    play.button("nudge w").click()
    assert ", the gradient said" in play.told
    rate = page.get_by_role("textbox", name="learning rate")
    for typed, said in (
        ("0", "Nothing moves: the learning rate is 0."),
        ("-0.1", "“-0.1” is no learning rate: write a number from 0 on, such as 0.01."),
    ):
        rate.fill(typed)
        play.button("Step of gradient descent").click()
        assert play.told == said


@pytest.mark.browser
def test_a_link_keeps_the_expression_and_the_numbers(play: Opened) -> None:
    page = play.page
    assert "#" not in page.url
    play.type("x**3 + y")
    assert page.title() == "x**3 + y · Chain rule playground"
    play.button("Link to this expression and these numbers").click()
    assert play.word == "The address of this page keeps the expression and the numbers."
    play.set("x", "1.1")
    link = page.url
    kept = play.table
    plain = link.partition("#")[0]
    page.goto("about:blank")
    page.goto(link)
    assert play.table == kept
    assert play.line.input_value() == "x**3 + y"
    play.type("u = 2; u*x")
    play.set("u", "5")
    play.page.get_by_role("checkbox", name="hold u fixed").check()
    link, kept = page.url, play.table
    page.goto("about:blank")
    page.goto(link)
    assert (play.table, play.values) == (kept, {"u": 5.0, "x": 1.1})
    assert play.page.get_by_role("checkbox", name="hold u fixed").is_checked()
    assert not play.page.get_by_role("checkbox", name="hold x fixed").is_checked()
    for bad in (
        "%E0%A4%A", "[", "3", "null", quote('["x", [["x", "1e999"]]]'), quote('["x", [["x", 1]]]'),
        quote('["x", [["x", "1"]], [7]]'), quote('["x", [], [], 1]'),
        quote('["x*y", 7]'), quote('[["x"], []]'), link.partition("#")[2][:-9],
    ):  # fmt: skip
        page.locator(".cw-fault").evaluate("element => { element.textContent = ''; }")
        page.goto(f"{plain}#{bad}")
        page.locator(".cw-fault", has_text="cannot be read").wait_for()
        assert play.table == kept
    for evil in (EVIL, "<img src=x onerror='window.pwned=1'>"):
        for told in ([evil, []], ["x", [[evil, "1"]]], ["x", [["x", evil]]]):
            page.goto(f"{plain}#{quote(json.dumps(told))}")
    assert page.evaluate("window.pwned") is None


@pytest.mark.browser
def test_no_link_that_was_changed_breaks_the_page(play: Opened) -> None:
    told = ["u = x*y; tanh(u) + u", [["x", "0.5"], ["y", "-1e-3"]], ["y"]]
    links = [
        *spoilt(quote(json.dumps(told)), 1, 150),
        *(quote(text) for text in spoilt(json.dumps(told), 2, 100)),
        *(quote(json.dumps([text, *told[1:]])) for text in spoilt("tanh(x*y) + x", 3, 100)),
        *(quote(json.dumps(["x**2", [["x", x]]])) for x in spoilt("-1.25e-3", 4, 50)),
    ]
    before, taken = (NEURON, VALUES), 0
    for link, found in zip(links, play.page.evaluate(ARRIVED, links), strict=True):
        values = {name: float(x) for name, x in found["leaves"]}
        now = found["typed"], values
        if found["fault"]:
            assert repr(now) == repr(before), link
        taken += now != before
        before = now
        shown = {name: [value, slope] for name, _, value, slope in found["table"]}
        if "…" not in "".join(values):  # the middle of a long name is left out
            assert shown == in_python(found["typed"], also_unused(found["typed"], values)), link
    assert 10 < taken < 350
    assert play.page.evaluate("window.pwned") is None
    assert play.page.locator(".chalk-walk img").count() == 0


@pytest.mark.browser
def test_huge_expressions_get_a_word_and_the_last_good_one_stays(play: Opened) -> None:
    many = [f"x{i}" for i in range(13)]
    play.type(f"logsumexp([{', '.join(many[:12])}])")  # at the cap
    assert (
        play.word == "x0, x1, x2, x3, x4, x5, x6, x7 and 4 more are new, and are 0.5 for a start."
    )
    play.type("x" + "*tanh(x)" * 74 + "*2")
    assert len(play.table) == 150
    kept = play.table
    for text, word in (
        ("x" + "*tanh(x)" * 74 + "*2*3", "this graph has 151 nodes, and a page shows at most 150"),
        ("x+" * 50_000 + "x", "an expression has at most 100,000 characters, got 100,001"),
        ("x+" * 49_999 + "xx", "this graph has 50,001 nodes, and a page shows at most 150"),
        ("(" * 100_000, "this is nested more than 80 deep"),
        (f"logsumexp([{', '.join(many)}])", "a page computes logsumexp of at most 12 operands"),
    ):
        play.type(text)
        assert word in play.fault
        assert len(play.fault) < 400
        assert play.table == kept
    play.type("q" * 100_000)
    assert len(play.word) < 100
    play.button("Undo").click()
    assert play.table == kept
    play.type("1e999*x")
    assert play.table == in_python("1e999*x", {"x": 2.0})


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_nobody_is_shut_out(play: Opened, scheme: str, width: int) -> None:
    page = play.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    assert faults(page) == []
    play.type("tahn(x)")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colours = page.locator(".cw-fault").evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    text, ground = ([float(x) for x in re.findall(r"[\d.]+", c)] for c in colours)
    assert contrast(text, ground) >= 4.5


@pytest.mark.browser
def test_two_pages_in_one_notebook_do_not_meet(browser: Any) -> None:
    page = browser.new_page()
    opened = Opened(page)
    parts = [playground(NEURON, **VALUES).html, playground("x*y", x=2, y=3).html]
    page.set_content(f"<!DOCTYPE html><title>t</title>{''.join(parts)}")
    tables = page.locator(".cw-values tbody").evaluate_all("ts => ts.map(t => t.rows.length)")
    assert tables == [6, 3]
    assert page.get_by_role("button", name="Link", exact=False).count() == 0
    assert opened.problems == []
    page.close()
