"""Blanks: operands that write down what a rule does with them.

Calling a row's `partials` on blanks gives their text, from which methods, docstrings and programs
are made. No expression of a derivative is written twice.
"""

from typing import Any

from autograd.engine.numeric import number
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


class Blank(Operators):
    """An operand that writes down what a rule does with it.

    >>> from autograd import lookup
    >>> lookup("tanh").partials(Blank("z"), Blank("x"))[0].text
    'sech_squared(x)'
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> "Blank":
        texts = [written(x) for x in operands]
        if row.is_operator:
            return Blank(f"({row.operation(*texts)})")
        return Blank(f"{row.name}({', '.join(map(_bare, texts))})")

    def __eq__(self, other: object) -> bool:
        # A rule that asks must be called with numbers, not written down.
        raise TypeError("a blank cannot be compared: rules do not branch")

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __bool__(self) -> bool:
        raise TypeError("a blank has no truth value: rules do not branch")


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
        partials = row.partials(Blank("z"), *map(Blank, operands))
        return [written(d) for d in partials]
    except (TypeError, AttributeError, ValueError):
        return [f"partials(z, {', '.join(operands)})[{i}]" for i in range(len(operands))]


def describe(row: Primitive) -> str:
    """Return the docstring of the public function of a row of one or two operands.

    >>> from autograd import lookup
    >>> print(describe(lookup("log1p")).splitlines()[2])
    With z the result, dz/dx = reciprocal(1.0 + x).
    """
    names = ["x", "y"][: row.arity]
    written = row.text([Operand(name, ATOM) for name in names])
    kinds = "a number, a Value or an array" if row.arity == 1 else "numbers, Values or arrays"
    lines = [f"Return {written}, for {kinds}.", ""]
    lines += [
        f"With z the result, dz/d{name} = {_bare(text)}."
        for name, text in zip(names, partial_texts(row), strict=True)
    ]
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
