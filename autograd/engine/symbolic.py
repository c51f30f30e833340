"""What a rule says before there are numbers: its text, and where it lets nothing flow.

Calling a row's `partials` on blanks, which write down what is done with them, gives their text,
from which methods, docstrings and programs are made. No expression of a derivative is written
twice. What is found out about a rule is kept until the rule changes.
"""

import math
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, cast

from autograd.engine.modes import tracer
from autograd.engine.number import number
from autograd.engine.primitive import ATOM, TABLE, Operand, Primitive


class Operators:
    """The operators that rules are made of, on operands of a class that has `__apply__`."""

    __slots__ = ()

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return self.__apply__(TABLE["add"], (self, other))

    def __radd__(self, other: Any) -> Any:
        return self.__apply__(TABLE["add"], (other, self))

    def __sub__(self, other: Any) -> Any:
        return self.__apply__(TABLE["sub"], (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self.__apply__(TABLE["sub"], (other, self))

    def __mul__(self, other: Any) -> Any:
        return self.__apply__(TABLE["mul"], (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self.__apply__(TABLE["mul"], (other, self))

    def __neg__(self) -> Any:
        return self.__apply__(TABLE["neg"], (self,))


class Symbol(Operators):
    """An operand without a number: a rule that asks for one must be called with numbers."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise TypeError("a symbol cannot be compared: rules do not branch")

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no truth value: rules do not branch")


class Blank(Symbol):
    """An operand that writes down what a rule does with it.

    >>> from autograd import lookup
    >>> lookup("tanh").partials(Blank("z"), Blank("x"))[0].text
    'sech_squared(x)'
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @staticmethod
    def __exact__(n: float) -> "Blank":
        return Blank("pi" if n == math.pi else repr(n))

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> "Blank":
        texts = [written(x) for x in operands]
        if row.is_operator:
            return Blank(f"({row.operation(*texts)})")
        return Blank(f"{row.name}({', '.join(map(_bare, texts))})")


def written(x: object) -> str:
    """Return a blank's text, or a number's."""
    return x.text if isinstance(x, Blank) else repr(number(x))


def partial_texts(row: Primitive) -> list[str]:
    """Return the partials of a row as Python text in z, x and y.

    A rule that cannot be run on blanks (a user's own, made with other functions) is called as a
    whole.

    >>> from autograd import lookup
    >>> partial_texts(lookup("mul"))
    ['y', 'x']
    """
    operands = ["x", "y", "w"][: row.arity]
    try:
        return _texts(row.partials, operands)
    except (TypeError, AttributeError, ValueError):
        return [f"partials(z, {', '.join(operands)})[{i}]" for i in range(len(operands))]


def _texts(rule: Any, operands: Sequence[str]) -> list[str]:
    partials = rule(Blank("z"), *map(Blank, operands))
    return ["" if d is None else written(d) for d in partials]


def describe(row: Primitive) -> str:
    """Return the docstring of the public function of a row of one or two operands.

    >>> from autograd import lookup
    >>> print(describe(lookup("log1p")).splitlines()[2])
    With z the result, dz/dx = reciprocal(1.0 + x).
    >>> print(describe(lookup("tanh")).splitlines()[3])
    Textbooks write dz/dx = 1.0 - square(tanh(x)).
    """
    names = ["x", "y"][: row.arity]
    written = row.text([Operand(name, ATOM) for name in names])
    kinds = "a number, a Value or an array" if row.arity == 1 else "numbers, Values or arrays"
    lines = [f"Return {written}, for {kinds}.", ""]
    books = _texts(row.textbook, names) if row.textbook else [""] * len(names)
    for name, text, book in zip(names, partial_texts(row), books, strict=True):
        lines.append(f"With z the result, dz/d{name} = {_bare(text)}.")
        if book:
            lines.append(f"Textbooks write dz/d{name} = {_bare(book)}.")
    for operands, partials in row.subgradients:
        at = ", ".join(f"{name} = {x:g}" for name, x in zip(names, operands, strict=True))
        taken = ", ".join(f"{d:g}" for d in partials)
        lines.append(f"At {at} the derivative is taken to be {taken}.")
    point = [0.5 if low <= 0.5 <= high else 0.5 * (low + high) for low, high in row.domain]
    shown = ", ".join(map(repr, point))
    lines += ["", f">>> {row.name}({shown})", repr(row.function(*point))]
    return "\n".join(lines)


def _bare(text: str) -> str:
    """Return an expression without parentheses around the whole of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for i, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:-1] if i == len(text) - 1 else text
    return text


# Where a rule lets nothing flow ------------------------------------------------------------------


class _Unwritten(Symbol):
    """An operand that is told from others by identity, or what a rule makes of some."""

    __slots__ = ("operands", "row")

    def __init__(self, row: Primitive | None = None, operands: tuple[Any, ...] = ()) -> None:
        self.row = row
        self.operands = operands

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> "_Unwritten":
        return _Unwritten(row, operands)


_picked: dict[tuple[Primitive, int], Callable[[Any], Any] | None] = {}


def picked_partials(row: Primitive, count: int) -> Callable[[Any], Any] | None:
    """Return what picks the partials of a row from its operands, if each partial is one of them."""
    key = row, count
    if key not in _picked:
        operands, partials = _unwritten_partials(row, count)
        place = {id(x): i for i, x in enumerate(operands)}
        found = [place.get(id(d)) for d in partials]
        bare = count > 1 and len(found) == count and None not in found
        _picked[key] = itemgetter(*cast(Any, found)) if bare else None
    return _picked[key]


def _unwritten_partials(row: Primitive, count: int) -> tuple[list[Any], list[Any]]:
    """Return operands without texts and the partials of a row at them, none if its rule cannot run.

    Not blanks: the text of one partial of n operands may be as long as n, and there are n.
    """
    operands: list[Any] = [_Unwritten() for _ in range(count)]
    rule: Any = row.partials
    try:
        return operands, list(rule(_Unwritten(), *operands))
    except (TypeError, AttributeError, ValueError):
        return operands, []


_zeros: dict[Primitive, frozenset[int]] = {}


def structural_zeros(row: Primitive) -> frozenset[int]:
    """Return the operands whose partial is 0 by the rule, whatever the data: nothing flows there.

    >>> from autograd import lookup
    >>> structural_zeros(lookup("where"))
    frozenset({0})
    """
    known = _zeros.get(row)
    if known is None:
        if row.__class__ is not Primitive:  # that of one custom node: nothing to keep
            return frozenset()
        # Some of the first may be so however many there are, as the index of `select`.
        counts = (row.arity,) if row.arity is not None else (4, 6)
        found = [_unwritten_partials(row, count)[1] for count in counts]
        known = _zeros[row] = frozenset(
            i
            for i, ways in enumerate(zip(*found, strict=False))
            if all(isinstance(d, int | float) and d == 0.0 for d in ways)
        )
    return known


_reciprocals: dict[Primitive, dict[int, int]] = {}


def reciprocals(row: Primitive) -> dict[int, int]:
    """Return the operands whose partial is 1 over an operand, each with the place of that one.

    What flows there is g / y, which may be finite where 1 / y overflows: where y is subnormal.

    >>> from autograd import lookup
    >>> reciprocals(lookup("div")), reciprocals(lookup("log"))
    ({0: 1}, {0: 0})
    """
    known = _reciprocals.get(row)
    if known is None:
        if row.__class__ is not Primitive:
            return {}
        operands, partials = (
            _unwritten_partials(row, row.arity) if row.arity in (1, 2) else ([], [])
        )
        place = {id(x): i for i, x in enumerate(operands)}
        known = _reciprocals[row] = {
            i: place[id(d.operands[0])]
            for i, d in enumerate(partials)
            if isinstance(d, _Unwritten)
            and d.row is TABLE["reciprocal"]
            and id(d.operands[0]) in place
        }
    return known


def closed(row: Primitive, partials: Sequence[Any]) -> frozenset[int]:
    """Return the operands that nothing flows to: by the rule, or because they were not chosen.

    Args:
        row: the primitive.
        partials: what its rule gives for a node, in floats or Values.

    >>> from autograd import lookup
    >>> sorted(closed(lookup("where"), (0.0, 1.0, 0.0)))
    [0, 2]
    """
    zeros = _zeros.get(row)
    if zeros is None:
        zeros = structural_zeros(row)
    if not row.chooses:
        return zeros
    return zeros.union([i for i, partial in enumerate(partials) if _is_none(partial)])


def _is_none(partial: Any) -> bool:
    if isinstance(partial, float):
        return partial == 0.0
    # Where a parameter decides, a program chooses anew in each run.
    return getattr(partial, "_number", None) == 0.0 and not tracer.decides(partial)


def forget_rule(row: Primitive) -> None:
    """Drop what was found out about a row whose rule changes, or which is no longer there."""
    _zeros.pop(row, None)
    _reciprocals.pop(row, None)
    for key in [key for key in _picked if key[0] is row]:
        del _picked[key]
