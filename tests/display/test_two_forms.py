"""Beside a rule that keeps its digits stands the one that books print, wherever rules are shown."""

import math

import pytest

import autograd as ag
from autograd import Primitive, Value, explain, steps
from autograd.display.chain.passes import Walk
from autograd.display.chain.rules import partial_latex, partial_text
from autograd.display.chain.terms import Term, textbook_terms
from autograd.engine.primitive import apply
from autograd.engine.primitives import TABLE
from support.formulas import balanced
from support.rows import each_row


def node(x=0.5):
    return Value(x, "x").tanh()


@each_row
def test_a_second_form_is_another_text(row):
    """Where it would read the same, the column has None."""
    given = textbook_terms(row, *_terms_for(row)) or [None] * len(partial_text(row).partials)
    written = partial_text(row)
    assert len(written.textbook) == len(written.partials)
    for term, book, shown in zip(given, written.textbook, written.partials, strict=False):
        assert (term is None) is (book == "")
        assert book != shown
    assert any(written.textbook) is (row.textbook is not None)


def _terms_for(row):
    n = row.arity or 3
    operands = [Term.named(name, name) for name in "xywv"[: n - row.constants]]
    return Term.named("z", "z"), [*operands, *[2.0] * row.constants]


@each_row
def test_a_second_form_in_latex_is_another_formula(row):
    written = partial_latex(row)
    for book, shown in zip(written.textbook, written.partials, strict=True):
        assert book != shown
        assert balanced(book)


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("tanh", ("1 - tanh(x) ** 2",)),
        ("sigmoid", ("z * (1 - z)",)),
        ("div", ("", "-x / y ** 2")),
        ("sqrt", ("1 / (2 * sqrt(x))",)),
        ("tan", ("1 / cos(x) ** 2",)),
        ("log2", ("1 / (x * log(2))",)),
        ("erfc", ("-2 / sqrt(pi) * exp(-x ** 2)",)),
        ("elu", ("step(x) + (1 - step(x)) * (z + 1.6)",)),
        ("exp", ("",)),
        ("pow", ("", "")),
    ],
)
def test_forms_are_those_of_books(name, forms):
    assert partial_text(TABLE[name]).textbook == forms


def test_steps_print_it_beside_the_rule():
    last = steps(node())[-1]
    assert "∂z/∂x = 1 / cosh(x) ** 2 = 0.786448 (textbook: 1 - tanh(x) ** 2)" in str(last)
    assert last.textbook == "1 - tanh(x) ** 2"
    assert last.textbook_value == pytest.approx(last.local)
    assert steps(node())[0].textbook == ""
    assert steps(node())[0].textbook_value is None
    assert "(textbook" in steps(node()).markdown().replace("\\", "")


def test_columns_are_no_wider_for_it():
    x, y = Value(3.0, "x"), Value(2.0, "y")
    first = str(steps(x / y)).splitlines()[1]
    assert first.index("x = 3") < 60


def test_explanations_print_it_below_the_paths():
    z = node()
    text = str(explain(z, ag.order(z)[0]))
    assert "  ∂z/∂x = 1 / cosh(x) ** 2 = 0.786448 (textbook: 1 - tanh(x) ** 2)" in text
    (factor,) = explain(z, ag.order(z)[0]).paths[0].factors
    assert (factor.textbook, factor.rule) == ("1 - tanh(x) ** 2", "1 / cosh(x) ** 2")
    assert factor.textbook_value == 1.0 - math.tanh(0.5) ** 2


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (5.0, "(textbook: 1 - tanh(x) ** 2)"),
        (15.0, f"(textbook: 1 - tanh(x) ** 2, {1.0 - math.tanh(15.0) ** 2:.6g} in floats)"),
        (20.0, "(textbook: 1 - tanh(x) ** 2, 0 in floats)"),
        (-400.0, "(textbook: 1 - tanh(x) ** 2)"),
        (math.nan, "(textbook: 1 - tanh(x) ** 2)"),
    ],
)
def test_where_its_digits_are_lost_it_says_so(x, said):
    """Said is what differs in the six digits that are shown."""
    assert said in str(steps(node(x))[-1])


@pytest.mark.parametrize(
    ("z", "said"),
    [
        (ag.logsumexp([Value(800.0, "a"), 1.0]), "exp(a) / sum([exp(a), 2.71828]), nan in floats"),
        (Value(0.0, "x").sqrt(), "(textbook: 1 / (2 * sqrt(x)))"),
        (Value(1e-200, "x").reciprocal(), "(textbook: -1 / x ** 2)"),
        (Value(-40.0, "x").sigmoid(), "(textbook: z * (1 - z))"),
        (Value(40.0, "x").sigmoid(), "(textbook: z * (1 - z), 0 in floats)"),
        (ag.elu(Value(-40.0, "x")), "(z + 1), 0 in floats)"),
    ],
)
def test_other_ends_of_the_floats(z, said):
    assert said in str(steps(z)[-1])


def test_constants_and_both_uses_of_one_operand():
    x = Value(2.0, "x")
    assert "∂z/∂x = -z / x = -0.5 (textbook: -2 / x ** 2)" in str(steps(2.0 / x)[-1])
    first, second = steps(x / x)[-2:]
    assert (first.textbook, second.textbook) == ("", "-x / x ** 2")


@pytest.mark.parametrize(
    "form",
    [
        lambda z, x: (math.exp(x),),  # runs on numbers only
        lambda z, x: (x, x),
        lambda z, x: (x / 0.0 * 0.0,),
        lambda z, x: None,
    ],
)
def test_a_form_that_was_never_checked_breaks_nothing(form):
    row = Primitive("odd", lambda x: x, lambda z, x: (1.0,), textbook=form)
    z = apply(row, (Value(1.0, "x"),))
    assert "∂z/∂x = 1" in str(steps(z))
    assert Walk(z).textbook(1, 0) is None or math.isnan(steps(z)[-1].textbook_value)
