"""The mathematics of a graph and of the table's rows, in LaTeX and in Python."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    StaleGraphError,
    Value,
    abs,
    dot,
    exp,
    latex,
    logsumexp,
    maximum,
    sigmoid,
    sqrt,
    where,
)
from autograd.check.strategies import programs
from autograd.display.chain.latex import (
    Latex,
    label_latex,
    number_latex,
)
from autograd.display.chain.rules import partial_latex, partial_text
from autograd.engine import primitives
from autograd.engine.primitive import lookup
from autograd.engine.primitives import TABLE, Primitive
from support.formulas import balanced
from support.rows import deciding, each_row

x, y, z = Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "z")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (x + y, "x + y"),
        (x - (y - z), r"x - \left(y - z\right)"),
        (x - y - z, "x - y - z"),
        (x * (y + z), r"x \cdot \left(y + z\right)"),
        (x * y + z, r"x \cdot y + z"),
        ((x + y) ** 2, r"\left(x + y\right)^{2}"),
        ((x * y) ** 2, r"\left(x \cdot y\right)^{2}"),
        ((x**2) ** 3, r"\left(x^{2}\right)^{3}"),
        (x ** (y + z), "x^{y + z}"),
        (2.0**x, "2^{x}"),
        (-x, "-x"),
        (-(x + y), r"-\left(x + y\right)"),
        ((-x) ** 2, r"\left(-x\right)^{2}"),
        (x + (-y), r"x + \left(-y\right)"),
        (x * -2.0, r"x \cdot \left(-2\right)"),
        (x / (y + z), r"\frac{x}{y + z}"),
        ((x / y) ** 2, r"\left(\frac{x}{y}\right)^{2}"),
        (exp(x + y), "e^{x + y}"),
        (exp(x) ** 2, r"\left(e^{x}\right)^{2}"),
        (sqrt(x + y), r"\sqrt{x + y}"),
        (abs(x - y), r"\left|x - y\right|"),
        (sigmoid(x * y), r"\sigma\left(x \cdot y\right)"),
        (maximum(x, y, 0.0), r"\max\left(x, y, 0\right)"),
        (dot([x, y], [y, 3.0]), r"x \cdot y + y \cdot 3"),
        (logsumexp([x, y]), r"\log\left(e^{x} + e^{y}\right)"),
        (x * 1.5e-7, r"x \cdot \left(1.5 \times 10^{-7}\right)"),
        (x, "x"),
        (Value(2.5), "2.5"),
    ],
    ids=str,
)
def test_expressions_have_the_parentheses_they_need_and_no_more(expression, text):
    assert latex(expression) == text


def test_s0s_example_reads_as_in_the_source():
    u = x**2 + x * y + y**2
    u.label = "u"
    z = u**2 + u
    assert latex(z).splitlines() == [
        r"\begin{aligned}",
        r"u &= x^{2} + x \cdot y + y^{2} \\",
        r"z &= u^{2} + u",
        r"\end{aligned}",
    ]


def test_shared_nodes_are_written_once_and_named():
    a = x + y
    b = a * a
    assert latex(b * b).splitlines()[1:-1] == [
        r"u_{1} &= x + y \\",
        r"u_{2} &= u_{1} \cdot u_{1} \\",
        r"z &= u_{2} \cdot u_{2}",
    ]


def test_names_never_stand_for_two_things():
    first, second = Value(1.0, "w"), Value(2.0, "w")
    assert latex(first * second) == r"w \cdot {w}_{(2)}"
    u1 = Value(1.0, "u_1")
    shared = u1 + x
    text = latex(shared * shared)
    assert "u_{2} &= u_{1} + x" in text
    z = Value(1.0, "z")
    shared = z + x
    lines = latex(shared * shared).splitlines()[1:-1]
    assert [line.split(" &= ")[0] for line in lines] == ["u_{1}", "u_{2}"]


def test_a_labelled_result_is_an_equation():
    t = x + y
    t.label = "t"
    assert latex(t) == "t = x + y"


def test_text_grows_with_nodes_and_not_with_paths():
    node = x
    for _ in range(200):
        node = node + node
    assert len(latex(node)) < 5_000


def test_a_chain_of_any_depth_is_cut_with_dots():
    node = x
    for _ in range(100_000):
        node = (node * y).tanh()
    text = latex(node)
    assert len(text) < 20_000
    assert r"\vdots" in text
    assert balanced(text)


def test_a_long_sum_has_dots_in_its_middle():
    w = [Value(1.0, f"w{i}") for i in range(50)]
    v = [Value(1.0, f"v{i}") for i in range(50)]
    assert latex(dot(w, v)) == (
        r"w_{0} \cdot v_{0} + w_{1} \cdot v_{1} + w_{2} \cdot v_{2} + \dots + w_{49} \cdot v_{49}"
    )


def test_it_is_a_string_that_notebooks_show_as_a_formula():
    text = latex(x + y)
    assert isinstance(text, str)
    assert isinstance(text, Latex)
    assert text._repr_latex_() == r"$\displaystyle x + y$"


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="expected a Value"):
        latex(2.0)
    a = Value(1.0, "a")
    b = a * a
    a.data = 2.0
    with pytest.raises(StaleGraphError):
        latex(b)


@given(programs())
def test_any_program_gives_balanced_text(program):
    result = program(*[Value(x, f"x{i}") for i, x in enumerate(program.point)])
    if isinstance(result, Value):
        assert balanced(latex(result))


@given(st.text(st.characters(codec=None), max_size=100))
def test_any_label_gives_balanced_text_without_active_characters(label):
    text = label_latex(label)
    text.encode()
    assert balanced(text)
    assert "\n" not in text
    assert not re.search(r"(?<!\\)[$#%&~]", text)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("alpha", r"\alpha"),
        ("w1", "w_{1}"),
        ("w_12", "w_{12}"),
        ("theta_j", r"\theta_{j}"),
        ("x_in", r"x_{\mathrm{in}}"),
        ("loss", r"\mathrm{loss}"),
        ("layers.0.neurons.2.bias", r"\mathrm{layers.0.neurons.2.bias}"),
        ("50%", r"\mathrm{50\%}"),
        ("a$b", r"\mathrm{a\$b}"),
    ],
)
def test_labels_are_names(label, text):
    assert label_latex(label) == text


@given(st.floats())
def test_any_number_is_written(value):
    operand = number_latex(value)
    assert balanced(operand.text)
    assert (operand.precedence == 1) == (math.copysign(1.0, value) < 0 and not math.isnan(value))


# The rows ---------------------------------------------------------------------------------------


@each_row
def test_every_row_has_its_partials_in_latex(row):
    written = partial_latex(row)
    assert len(written.partials) == len(written.operands) > 0
    for text in (written.function, *written.partials):
        assert text
        assert balanced(text)
        assert not re.search(r"(^|\s)1 \\cdot|\\cdot 1($|\s)|\+ 0($|\s)", text)


@each_row
def test_the_python_of_every_partial_computes_it(row):
    """The text is run, on numbers, and agrees with the rule itself."""
    written = partial_text(row)
    names = {name: getattr(primitives, name) for name in vars(primitives) if name.islower()}
    count = row.arity or (4 if row.paired else 3)
    middle = [0.55 * a + 0.45 * b for a, b in row.domain * (1 if row.arity else count)]
    point = middle[: count - row.constants]
    constants = [round(a + 0.75 * (b - a), 1) for a, b in row.domain[count - row.constants :]]
    values = dict(zip(written.operands, point, strict=True))
    values["z"] = row.function(*point, *constants)
    assert eval(written.function, names, values) == pytest.approx(values["z"], rel=1e-5)
    expected = row.partials(values["z"], *point, *constants)[: len(point)]
    computed = [eval(text, names, values) for text in written.partials]
    assert computed == pytest.approx([float(d) for d in expected], rel=1e-4, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "partials"),
    [
        ("add", ("1", "1")),
        ("mul", ("y", "x")),
        ("sub", ("1", "-1")),
        ("power", (r"2 \cdot x",)),
        ("log", (r"\frac{1}{x}",)),
        ("exp", ("z",)),
        ("sigmoid", (r"z \cdot \sigma\left(-x\right)",)),
        ("sin", (r"\cos\left(x\right)",)),
    ],
)
def test_partials_read_as_in_a_textbook(name, partials):
    assert partial_latex(lookup(name)).partials == partials


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.shown], ids=str)
def test_the_shown_form_of_a_rule_is_equal_to_the_rule(row):
    count = row.arity or 3
    for share in (0.3, 0.5, 0.8):
        point = [a + share * (b - a) for a, b in row.domain * (1 if row.arity else count)]
        for i in deciding(row):
            point[i] = 1.0
        z = row.function(*point)
        shown = [float(d) for d in row.shown(z, *point)]
        assert shown == pytest.approx([float(d) for d in row.partials(z, *point)], rel=1e-9)


def test_a_users_rule_that_runs_on_numbers_only_is_named():
    row = Primitive("cube", lambda x: x**3, lambda z, x: (math.pow(x, 2) * 3.0,))
    written = partial_text(row)
    assert written.function == "cube(x)"
    assert written.partials == ("partials(z, x)[0]",)
    assert balanced(partial_latex(row).partials[0])


def test_a_choice_tells_its_condition_or_that_only_its_outcome_is_known():
    x, c = Value(-2.0, "x"), Value(1.0, "c")
    assert latex(where(c, x, 2.0)) == (
        r"\begin{cases}x&\text{if }c \neq 0\\2&\text{otherwise}\end{cases}"
    )
    assert latex(where(x < 0, x, 2.0)) == (
        r"\begin{cases}x&\text{taken, the condition held}\\2&\text{otherwise}\end{cases}"
    )
    assert latex(where(x > 0, x, 2.0)) == (
        r"\begin{cases}x&\text{if the condition held}\\2&\text{taken, it did not hold}\end{cases}"
    )
