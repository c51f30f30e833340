"""Expressions as people type them: the graph they mean, and errors that point at the character."""

import contextlib
import math
import pickle
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd as ag
from autograd import Value, order
from autograd.engine.primitive import ATOM, Operand
from autograd.engine.primitives import TABLE
from autograd.expression import ExpressionError, parse

# Python's own numbers for the same text; only for expressions written here.
SAME_AS_PYTHON = [
    "-x**2", "2**-1*x", "2**3**2 + x", "x - y - 2", "x / y / 2", "x - -y", "--x", "+x", "-x*-y",
    "(x + y)*(x - y)", "((x))", "x**2*y", "2*x**-y", "x*y**2 - 1e-3*.5 + 3.", "-(x + 1)**2",
    "abs(x)", "x**0.5", "10/4*x", "2*3*x", "x/2**2", "-2**2 + x",
]  # fmt: skip


@pytest.mark.parametrize("text", SAME_AS_PYTHON)
def test_operators_mean_what_they_mean_in_python(text):
    x, y = 1.5, -2.5
    assert parse(
        text, **{n: v for n, v in (("x", x), ("y", y)) if n in text}
    ).data == pytest.approx(eval(text, {"x": x, "y": y, "abs": abs}))


def test_the_first_sources_example_with_a_named_part():
    z = parse("u = x**2 + x*y + y**2; u**2 + u", x=1, y=2)
    z.backward()
    assert z.data == 56.0
    assert {v.label: v.grad for v in order(z) if v.label} == {"x": 60.0, "y": 75.0, "u": 15.0}


def test_every_name_is_one_leaf_with_its_label():
    z = parse("x*x + x", x=3)
    (x,) = [v for v in order(z) if v.op is None]
    assert x.label == "x"
    z.backward()
    assert x.grad == 7.0


def test_a_value_is_used_as_it_is():
    w = Value(2.0, "weight")
    z = parse("w**2", w=w)
    assert z.args[0] is w


def test_the_result_can_be_named_and_numbers_can_be_defined():
    z = parse("w = 0.5; x = 2\n; z = tanh(w*x + b)", b=-1)
    assert z.label == "z"
    assert z.data == 0.0
    assert {v.label for v in order(z)} >= {"w", "x", "b", "z"}


def test_a_name_for_a_name_is_the_same_leaf():
    z = parse("a = x; a*x", x=3)
    assert z.args[0] is z.args[1]
    assert z.args[0].label == "x"


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_table_can_be_called(name):
    row = TABLE[name]
    values = {"x": 0.25, "y": 0.75, "a": 1, "b": 2}
    free = len(values) if row.arity is None else row.arity - row.constants
    names = list(values)[:free]
    numbers = ["-0.3", "0.7"] if row.constants == 2 else ["0.7"] * row.constants
    text = row.text([Operand(x, ATOM) for x in (*names, *numbers)])
    for called in (text, f"{name}({', '.join([*names, *numbers])})"):
        if called == text or row.arity is not None:
            assert parse(called, **{x: values[x] for x in names}).op is row


def test_functions_of_lists_and_constants():
    assert parse("mean([x, 2, 6])", x=1).data == 3.0
    assert parse("norm([x, 4])", x=3).data == 5.0
    assert parse("sin(pi*x)", x=0.5).data == 1.0
    assert parse("log(e) + 0*x", x=1).data == 1.0
    assert parse("e*x", e=2, x=3).data == 6.0


def test_numbers_follow_the_rules_of_the_engine_and_not_of_python():
    assert parse("1/0").data == math.inf
    assert math.isnan(parse("(0-8)**(1/3)").data)
    assert parse("0**-1 + x", x=1).data == math.inf
    assert parse("1e400*x", x=1).data == math.inf


def test_signs_of_typeset_mathematics_are_read():
    assert parse("−x × 3 ÷ 2 · y", x=2, y=1).data == -3.0


def test_ones_own_primitive_can_be_called():
    @ag.primitive(partials=lambda z, x: (3.0,))
    def tripled(x):
        return 3.0 * x

    try:
        assert parse("tripled(x)", x=2).data == 6.0
    finally:
        ag.unregister("tripled")


@pytest.mark.parametrize(
    ("text", "values", "reason", "position"),
    [
        ("tanh(w*x + b)", {"w": 1, "x": 2}, "b has no value: give it one, as in b=0.5", 11),
        ("tahn(x)", {"x": 1}, "no function called tahn; is tan or tanh meant?", 0),
        ("1 + qqqq(x)", {"x": 1}, "no function called qqqq", 4),
        ("x +", {"x": 1}, "a number or a name is missing", 3),
        ("x + )", {"x": 1}, "expected a number or a name, found ')'", 4),
        ("(x + 1", {"x": 1}, "expected ')' for the '(' at character 1, found the end", 6),
        ("tanh(x", {"x": 1}, "expected ')' for the '(' at character 5, found the end", 6),
        ("(x]", {"x": 1}, "expected ')' for the '(' at character 1, found ']'", 2),
        ("2x", {"x": 1}, "missing between '2' and 'x': a product is written with *", 1),
        ("x y", {"x": 1, "y": 1}, "an operator is missing", 2),
        ("x(2)", {"x": 1}, "x is a number and cannot be called", 0),
        ("x^2", {"x": 1}, "a power is written **", 1),
        ("x.real", {"x": 1}, "'.' is not understood", 1),
        ("x < 2", {"x": 1}, "there are no comparisons", 2),
        ("x ! 2", {"x": 1}, "factorial", 2),
        ("x @ 2", {"x": 1}, "'@' is not understood", 2),
        ("x))", {"x": 1}, "')' is not expected here", 1),
        ("tanh + 1", {}, "tanh is a function: write tanh(x)", 0),
        ("tanh(x, x)", {"x": 1}, "tanh takes 1 operand, got 2", 0),
        ("atan2(x)", {"x": 1}, "atan2 takes 2 operands, got 1", 0),
        ("1 + sum(x)", {"x": 1}, "sum takes a sequence", 4),
        ("sum(x, y, w)", {"x": 1, "y": 1, "w": 1}, "brackets: write sum([x, y])", 0),
        ("mean(x)", {"x": 1}, "brackets: write mean([x, y])", 0),
        ("dot([x], [x], [x])", {"x": 1}, "brackets: write dot([x, y], [a, b])", 0),
        ("select(0, x)", {"x": 1}, "brackets: write select(i, [x, y])", 0),
        ("1 + x²", {"x": 1}, "a power is written **, as in x**2", 5),
        ("2³", {}, "a power is written **, as in x**3", 1),
        ("√x", {"x": 1}, "a root is written sqrt(x)", 0),
        ("ln(x)", {"x": 1}, "no function called ln: it is log here", 0),
        ("arctan(x)", {"x": 1}, "no function called arctan: it is atan here", 0),
        ("max(x, 1)", {"x": 1}, "no function called max: it is maximum here", 0),
        ("dot([x], [1, 2])", {"x": 1}, "two sequences of one length", 0),
        ("leaky_relu(x, x)", {"x": 1}, "leaky_relu", 0),
        ("[x]", {"x": 1}, "a list stands only in a call", 2),
        ("x * [x]", {"x": 1}, "a list cannot stand beside '*'", 2),
        ("-[x]", {"x": 1}, "a list has no sign", 0),
        ("x = 2; x", {"x": 1}, "x has a value already", 0),
        ("u = x; u = x", {"x": 1}, "u has a value already", 7),
        ("u = ", {}, "a number or a name is missing", 3),
        (";", {}, "found ';'", 0),
        ("x\n  + yy", {"x": 1}, "yy has no value", 6),
        ("__import__('os')", {}, "is not understood", 11),
        ("__import__(1)", {}, "no function called __import__", 0),
        ("x" + "*(x" * 5_000, {"x": 1}, "nested more than 80 deep", None),
        ("x" + "**x" * 5_000, {"x": 1}, "nested more than 80 deep", None),
    ],
)
def test_what_is_wrong_is_said_and_pointed_at(text, values, reason, position):
    with pytest.raises(ExpressionError, match=re.escape(reason)) as caught:
        parse(text, **values)
    if position is not None:
        assert caught.value.position == position
        said, line, caret = str(caught.value).split("\n")
        assert reason in said
        pointed = len(caret) - 1
        assert caret.strip() == "^"
        assert line[pointed : pointed + 1] == text[position : position + 1]


def test_errors_about_no_character():
    with pytest.raises(ExpressionError, match=r"^the expression is empty$"):
        parse("  ")
    with pytest.raises(ExpressionError, match=r"^y was given a value, but there is no y in 'x'$"):
        parse("x", x=1, y=2)
    with pytest.raises(ExpressionError, match=r"at most 100,000 characters, got 200,001"):
        parse("x" + "+x" * 100_000, x=1)
    with pytest.raises(TypeError, match="an expression is a str, got int"):
        parse(3)
    with pytest.raises(TypeError, match="expected a number, got the str '1'"):
        parse("x", x="1")


def test_the_error_survives_pickling_and_is_a_value_error():
    with pytest.raises(ValueError, match="no value") as caught:
        parse("x")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


def test_a_long_sum_is_no_nesting():
    assert parse("x" + " + x" * 5_000, x=1).data == 5_001.0
    assert parse("-" * 5_001 + "x", x=1).data == -1.0


@given(st.text(alphabet="xy0123.+-*/()[],;=e tanhsum\n^'\"_", max_size=40))
@example("((((")
@example("x**-")
def test_any_text_gives_a_value_or_an_error_that_points(text):
    try:
        z = parse(text, x=1.5)
    except ExpressionError as error:
        z, wrong = None, error
    if z is None:
        assert str(wrong)
        assert wrong.position is None or 0 <= wrong.position <= len(text)
    else:
        assert isinstance(z, Value)


@given(st.text())
def test_no_text_at_all_escapes_as_another_error(text):
    with contextlib.suppress(ExpressionError):
        assert isinstance(parse(text), Value)


@given(st.floats(0.1, 3.0), st.floats(-3.0, 3.0))
def test_the_text_of_a_graph_parses_to_the_same_graph(x, y):
    text = "tanh(x * y + 0.5) ** 2 / (1.0 + exp(-x)) - logsumexp([x, y])"
    a, b = Value(x), Value(y)
    z = ag.tanh(a * b + 0.5) ** 2 / (1.0 + ag.exp(-a)) - ag.logsumexp([a, b])
    parsed = parse(text, x=x, y=y)
    assert parsed.data == z.data
    assert [v.op for v in order(parsed) if v.op] == [v.op for v in order(z) if v.op]
