"""The other forms of a row's rule: are they the same function.

A form may lose its digits in floats, as 1 - z * z does in the tails of tanh, and be right all the
same. So each number in it carries a bound of its rounding, and a form is wrong where it is further
from the rule than that. It is run on symbols, as where it is shown.
"""

import math
from collections.abc import Sequence
from typing import Any

from autograd.check.judge.report import Outcome, Verdict
from autograd.check.judge.rows import operand_of
from autograd.check.judge.sample import sample
from autograd.check.oracles.row_slope import value
from autograd.engine.number import number
from autograd.engine.primitive import TABLE, Point, Primitive
from autograd.engine.symbolic import Symbol

_ROUNDING = 2.0**-50
# Of the rule itself, which was checked before.
_ROOM = 1e-9


class Rounded(Symbol):
    """A number, and how far rounding may have carried it.

    >>> z = Rounded(1.0 - 2.0**-53, 2.0**-53)
    >>> d = 1.0 - z * z
    >>> d.number, d.error > d.number
    (2.220446049250313e-16, True)
    """

    __slots__ = ("error", "number")

    def __init__(self, x: float, error: float = 0.0) -> None:
        self.number = x
        self.error = error

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> "Rounded":
        numbers = [x.number if isinstance(x, Rounded) else number(x) for x in operands]
        errors = [x.error if isinstance(x, Rounded) else 0.0 for x in operands]
        z = row.function(*numbers)
        slopes: Any = row.partials(z, *numbers)
        carried = [abs(float(d)) * e for d, e in zip(slopes, errors, strict=True) if e]
        return Rounded(z, math.fsum(carried) + _ROUNDING * abs(z))

    def __truediv__(self, other: Any) -> "Rounded":
        return self.__apply__(TABLE["div"], (self, other))

    def __rtruediv__(self, other: Any) -> "Rounded":
        return self.__apply__(TABLE["div"], (other, self))

    def __pow__(self, other: Any) -> "Rounded":
        row = TABLE["pow" if isinstance(other, Rounded) else "power"]
        return self.__apply__(row, (self, other))


def wrong_form(row: Primitive) -> Verdict | None:
    """Return a verdict on `shown` or `textbook` if one is not the row's rule; None if both are.

    >>> cubed = Primitive(
    ...     "cubed",
    ...     lambda x: x * x * x,
    ...     lambda z, x: (3.0 * x * x,),
    ...     textbook=lambda z, x: (2.0 * x**2,),
    ... )
    >>> wrong_form(cubed).reason
    'at cubed(-2.0) textbook gives 8.0 for the partial by x, and partials gives 12.0'
    """
    forms: list[tuple[str, Any]] = [("shown", row.shown), ("textbook", row.textbook)]
    found = [_wrong_form(row, column, form) for column, form in forms if form is not None]
    return next((verdict for verdict in found if verdict is not None), None)


def _wrong_form(row: Primitive, column: str, form: Any) -> Verdict | None:
    kinks = {point for point, _ in row.subgradients}
    compared: dict[str, bool] = {}
    for point in sample(row):
        z = value(row, point)
        if point in kinks or not math.isfinite(z):
            continue
        try:
            terms = _terms(row, column, form, z, point)
        except TypeError as error:
            return _wrong(row, operand_of(row, 0), str(error))
        except (ValueError, ArithmeticError):  # a function of one's own, outside of its domain
            continue
        rule: Any = row.partials
        for k, (term, partial) in enumerate(zip(terms, map(float, rule(z, *point)), strict=True)):
            name = operand_of(row, k)
            if term is None or k >= len(point) - row.constants:
                continue
            room = 4.0 * term.error + _ROOM * abs(partial)
            known = math.isfinite(term.number + room)
            if known and not abs(term.number - partial) <= room:
                said = (
                    f"at {called(row, point)} {column} gives {term.number!r} for the partial by "
                    f"{name}, and partials gives {partial!r}"
                )
                return _wrong(row, name, said, term.number, partial, room)
            compared[name] = compared.get(name, False) or known
    nowhere = [name for name, known in compared.items() if not known]
    if nowhere:
        said = f"{column} gives no number for the partial by {nowhere[0]} anywhere in the domain"
        return _wrong(row, nowhere[0], said)
    return None


def _terms(row: Primitive, column: str, form: Any, z: float, point: Point) -> list[Rounded | None]:
    """Return a form at a point; None for the operands that it leaves out."""
    free = len(point) - row.constants
    given = *[Rounded(x) for x in point[:free]], *point[free:]
    try:
        found = form(Rounded(z, _ROUNDING * abs(z)), *given)
        terms = [
            d if d is None or isinstance(d, Rounded) else Rounded(number(d)) for d in tuple(found)
        ]
    except (TypeError, AttributeError, LookupError) as error:
        raise TypeError(
            f"{column} cannot be written down, {type(error).__name__}: {error}: write a tuple of "
            "partials, with +, -, *, /, ** and functions of autograd, as they can be shown"
        ) from None
    if len(terms) != len(point):
        raise TypeError(f"{column} gives {len(terms)} partials for {len(point)} operands")
    left_out = [k for k, d in enumerate(terms[:free]) if d is None]
    if left_out and column == "shown":
        name = operand_of(row, left_out[0])
        raise TypeError(f"shown gives None for the partial by {name}: only textbook may")
    return terms


def _wrong(
    row: Primitive,
    name: str,
    reason: str,
    analytic: float = math.nan,
    numeric: float = math.nan,
    bound: float = math.inf,
) -> Verdict:
    return Verdict(
        input=name,
        order=1,
        outcome=Outcome.WRONG,
        analytic=analytic,
        numeric=numeric,
        bound=bound,
        oracle="partials",
        reason=reason,
        primitive=row.name,
    )


def called(row: Primitive, operands: Sequence[float]) -> str:
    """Return a row called with operands, as in cubed(-2.0)."""
    return f"{row.name}({', '.join(map(repr, operands))})"
