"""The partials as books print them: the same as the rules to fifty digits, and refused if not."""

import math
import random
from typing import Any

import mpmath
import pytest

import autograd as ag
from autograd import Primitive, Value, WrongPartialsError, register, unregister
from autograd.check.forms import Rounded, wrong_form
from autograd.engine.primitive import TABLE, lookup
from autograd.engine.symbolic import Operators, describe
from support.duals import derivative
from support.rows import counts, domains, each_row

mp = mpmath.MPContext()
mp.dps = 150

each_textbook = pytest.mark.parametrize("row", [r for r in TABLE.values() if r.textbook], ids=str)


class Digits(Operators):
    """A number of 150 digits, on which rules run by the rows' formulas."""

    def __init__(self, x: Any) -> None:
        self.number = mp.mpf(x)

    @staticmethod
    def __exact__(n: float) -> "Digits":
        return Digits(mp.pi if n == math.pi else n)

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> "Digits":
        return Digits(row.precise(mp, *[digits(x) for x in operands]))


def digits(x: Any) -> Any:
    return x.number if isinstance(x, Digits) else mp.mpf(x)


@each_textbook
def test_it_is_the_derivative_to_fifty_digits(row):
    rng = random.Random(row.name)
    seen = 0
    for count in counts(row):
        for _ in range(12):
            point = [rng.uniform(low, high) for low, high in domains(row, count)]
            operands = [Digits(x) for x in point]
            z = Digits(row.precise(mp, *map(mp.mpf, point)))
            free = count - row.constants
            rule = row.partials(z, *operands)[:free]
            for k, (book, partial) in enumerate(
                zip(row.textbook(z, *operands), rule, strict=False)
            ):
                if book is None:
                    continue
                seen += 1
                exact = mp.mpf(derivative(row, point, [k]))
                assert mp.fabs(digits(book) - exact) <= mp.mpf(10) ** -50 * mp.fabs(exact)
                # Constants in a rule are floats.
                assert mp.fabs(digits(partial) - exact) <= mp.mpf(10) ** -13 * mp.fabs(exact)
    assert seen >= 12


@each_textbook
def test_its_docstring_has_both_forms(row):
    if row.arity == 1:
        assert "\nTextbooks write dz/dx = " in describe(row)
    assert "Textbooks write" not in describe(lookup("exp"))


@each_row
def test_no_row_of_the_table_has_a_wrong_form(row):
    assert wrong_form(row) is None


# A row of one's own -------------------------------------------------------------------------------


def own(partials=lambda z, x: (1.0 / ag.cosh(x) ** 2,), function=math.tanh, **columns):
    columns = {"domain": ((-20.0, 20.0),)} | columns
    return Primitive("own", function, partials, **columns)


@pytest.mark.parametrize(
    "form", [lambda z, x: (1 - z * z,), lambda z, x: (1 - ag.tanh(x) ** 2,), lambda z, x: (None,)]
)
def test_a_form_that_loses_its_digits_is_not_wrong(form):
    try:
        register(own(textbook=form, shown=lambda z, x: (1.0 / ag.cosh(x) ** 2,)))
    finally:
        unregister("own")


@pytest.mark.parametrize("column", ["textbook", "shown"])
def test_another_function_is_refused_with_operand_point_and_both_numbers(column):
    with pytest.raises(WrongPartialsError) as caught:
        register(own(**{column: lambda z, x: (1.0 + z * z,)}))
    assert str(caught.value) == (
        f"the row of own is refused: at own(-20.0) {column} gives 2.0 for the partial by x, "
        "and partials gives 1.6993417021166355e-17"
    )
    (verdict,) = caught.value.report.wrong
    assert (verdict.input, verdict.analytic) == ("x", 2.0)
    assert "own" not in TABLE


def test_the_second_operand_is_named():
    row = own(
        lambda z, x, y: (1.0 / y, -x / y**2),
        lambda x, y: x / y,
        arity=2,
        domain=((-2.0, 2.0), (0.5, 2.0)),
        textbook=lambda z, x, y: (None, x / y**2),
    )
    verdict = wrong_form(row)
    assert verdict.input == "y"
    assert "textbook gives -8.0 for the partial by y, and partials gives 8.0" in verdict.reason


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (lambda z, x: (1.0 - math.tanh(x) ** 2,), "functions of autograd"),
        (lambda z, x: 1.0 - z * z, "write a tuple of partials"),
        (lambda z, x: (1.0 if x > 0.0 else 2.0,), "cannot be written down"),
        (lambda z: (z,), "cannot be written down"),
        (lambda z, x: (z, z), "textbook gives 2 partials for 1 operands"),
        (lambda z, x: (1.0 / (z - z),), "gives no number for the partial by x anywhere"),
    ],
)
def test_what_cannot_be_shown_or_compared_is_refused(form, said):
    with pytest.raises(WrongPartialsError, match=said):
        register(own(textbook=form))
    assert "own" not in TABLE


def test_only_the_form_of_books_may_leave_an_operand_out():
    with pytest.raises(WrongPartialsError, match="only textbook may"):
        register(own(shown=lambda z, x: (None,)))


@pytest.mark.parametrize("column", ["textbook", "shown"])
def test_a_form_is_a_function(column):
    with pytest.raises(TypeError, match=f"own: {column} takes a function"):
        own(**{column: "1 - z * z"})


def test_rounding_is_carried_through_a_form():
    z = Rounded(math.tanh(18.0), 2.0**-53)
    left = 1.0 - z**2
    assert abs(left.number - 1.0 / math.cosh(18.0) ** 2) <= left.error < 1e-14
    assert (2.0 / Rounded(4.0)).number == (Rounded(1.0) / 2.0).number == 0.5
    assert (Rounded(2.0, 1e-9) ** Rounded(3.0, 1e-9)).error == pytest.approx(17.5e-9, rel=0.01)


def test_registered_rows_show_it():
    try:
        squash = register(own(textbook=lambda z, x: (1 - z * z,)))
        last = ag.steps(squash(Value(20.0, "x")))[-1]
        assert (last.rule, last.textbook) == ("1 / cosh(x) ** 2", "1 - z * z")
        assert last.textbook_value == 0.0
    finally:
        unregister("own")
