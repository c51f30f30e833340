"""What a row of the table is: its columns, how it is written, and how it applies to operands.

The rows themselves are in `primitives.py`. Nothing here knows `Value`: an operand whose class has
`__apply__(row, operands)` handles the row itself, which is how nodes record it and blanks write it
down; arrays and numbers compute it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Final, Protocol, cast

import numpy as np

from autograd import asked
from autograd.engine.number import elementwise, made_of, number

Interval = tuple[float, float]
Point = tuple[float, ...]

# Partial derivatives of one row, (z, x, y, ...) -> (dz/dx, dz/dy, ...), for one, two, three or any
# number of operands; and its function written with an mpmath context, (mp, x, y, ...) -> z. The
# alternatives let a type checker see into the lambdas of the table.
_Partials = tuple[Any, ...]
Rule = (
    Callable[[Any, Any], _Partials]
    | Callable[[Any, Any, Any], _Partials]
    | Callable[[Any, Any, Any, Any], _Partials]
    | Callable[..., _Partials]
)
Formula = (
    Callable[[Any, Any], Any]
    | Callable[[Any, Any, Any], Any]
    | Callable[[Any, Any, Any, Any], Any]
    | Callable[..., Any]
)


# How tightly a written form holds together; an operand that holds less tightly than its place
# asks for is put in parentheses.
SUM: Final = 1
PRODUCT: Final = 2
POWER: Final = 3
ATOM: Final = 4


class Operand:
    """One written operand; formatting it with a precedence adds the parentheses it needs there.

    >>> f"{Operand('a + b', SUM):2}"
    '(a + b)'
    """

    __slots__ = ("brackets", "precedence", "text")

    def __init__(self, text: str, precedence: int, brackets: tuple[str, str] = ("(", ")")) -> None:
        self.text = text
        self.precedence = precedence
        self.brackets = brackets

    def __format__(self, needed: str) -> str:
        if self.precedence >= int(needed or 0):
            return self.text
        opening, closing = self.brackets
        return f"{opening}{self.text}{closing}"


@dataclass(frozen=True, slots=True)
class Notation:
    """How a row is written: a template over its operands, and how tightly the result holds.

    In a template, `{0:2}` is the first operand, in parentheses if it holds less tightly than 2.
    A row with any number of operands gives a function of their list.

    >>> mul = Notation("{0:2} * {1:3}", PRODUCT)
    >>> mul([Operand("a + b", SUM), Operand("c", ATOM)])
    '(a + b) * c'
    """

    template: str | Callable[[Sequence[Operand]], str]
    precedence: int = ATOM

    def __call__(self, operands: Sequence[Operand]) -> str:
        """Return the row written with these operands."""
        if isinstance(self.template, str):
            return self.template.format(*operands)
        return self.template(operands)


_GIVEN_BELOW: Any = None  # A column that `Primitive.__post_init__` fills where it is left out.


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """One row of the table.

    Attributes:
        name: the name of the function and of the node's operation.
        function: floats to float, total under IEEE 754.
        partials: `(z, *operands)` to one partial derivative per operand.
        arity: the number of operands, or None for any number.
        domain: where operands may be sampled, an interval for each; one for all if `arity` is None.
            From -2 to 2 unless given.
        array: the function over NumPy arrays; `function` per element unless given.
        precise: `(mp, *operands)`, the formula in mpmath's terms: a reference to check against.
        text: how it is written in Python; as a call unless given.
        latex: how it is written in LaTeX; as a call unless given.
        constants: how many of the last operands are plain numbers, never Values.
        subgradients: what the partials are at kinks and ties, as pairs (operands, partials).
        chooses: whether a partial of 0 says that the operand was not chosen: nothing flows to it
            then, not even 0 * inf.
        operator: the sign of Python's operator that gives the same, between two operands or before
            one; on floats it may raise where the function answers. It is how the row is written.
        commutes: whether its two operands may change places, to the bit.
        neutral: the second operand that leaves the first as it is, to the bit; the first one too
            if the row commutes.
        paired: whether its operands are two lists of one length, one after the other.
        unsigned: whether no result is below 0, nor -0.0.
        shown: the partials as they are shown, where `partials` calls functions for the sake of
            floats that a reader need not know.
        textbook: the partials as books print them, which may lose all digits in floats; None for
            an operand where `shown` is what books print, or `partials` where there is no `shown`.

    >>> row = lookup("mul")
    >>> row.function(3.0, 4.0), row.partials(12.0, 3.0, 4.0)
    (12.0, (4.0, 3.0))
    >>> row.arity, row.domain
    (2, ((-10.0, 10.0), (-10.0, 10.0)))
    """

    name: str
    function: Callable[..., float]
    partials: Rule
    arity: int | None = 1
    domain: tuple[Interval, ...] = ()
    array: Callable[..., Any] = _GIVEN_BELOW
    precise: Formula | None = None
    text: Notation = _GIVEN_BELOW
    latex: Notation = _GIVEN_BELOW
    constants: int = 0
    subgradients: tuple[tuple[Point, Point], ...] = ()
    chooses: bool = False
    operator: str = ""
    commutes: bool = False
    neutral: float | None = None
    paired: bool = False
    unsigned: bool = False
    shown: Rule | None = None
    textbook: Rule | None = None

    def __post_init__(self) -> None:
        self._check_kinds()
        if not self.name.isidentifier():
            raise ValueError(f"a primitive's name is a Python identifier, got {self.name!r}")
        arity = 1 if self.arity is None else self.arity
        if arity < 1 or not 0 <= self.constants < arity + (self.arity is None):
            raise ValueError(
                f"{self.name}: {self.arity} operand(s) of which {self.constants} are constants: "
                "at least one must be a variable"
            )
        if self.domain and len(self.domain) != arity:
            raise ValueError(
                f"{self.name}: domain must have {arity} interval(s), got {len(self.domain)}"
            )
        self._check_claims()
        fill = partial(object.__setattr__, self)
        if not self.domain:
            fill("domain", ((-2.0, 2.0),) * arity)
        if cast(Any, self.array) is None:
            fill("array", elementwise(self.function))
        if cast(Any, self.text) is None:
            written = _operator_notation(self.operator, arity) if self.operator else None
            fill("text", written or call_notation(self.name))
        if cast(Any, self.latex) is None:
            escaped = self.name.replace("_", r"\_")
            fill("latex", latex_call(rf"\operatorname{{{escaped}}}"))

    def _check_kinds(self) -> None:
        """Say which column is of the wrong kind."""
        columns: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        asked.instance("a primitive's name", columns["name"], str, "a str")
        for name in ("function", "partials"):
            asked.function(f"{self.name}: {name}", columns[name])
        for name in ("array", "precise", "text", "latex", "shown", "textbook"):
            if columns[name] is not None:
                asked.function(f"{self.name}: {name}", columns[name])
        if columns["arity"] is not None:
            asked.whole(f"{self.name}: arity", columns["arity"], at_least=-asked.MOST)
        asked.whole(f"{self.name}: constants", columns["constants"], at_least=-asked.MOST)
        asked.instance(f"{self.name}: operator", columns["operator"], str, "a str")
        if columns["neutral"] is not None:
            asked.real(f"{self.name}: neutral", columns["neutral"])
        fill = partial(object.__setattr__, self)
        fill("domain", _intervals(self.name, columns["domain"]))
        fill("subgradients", _kinks(self.name, columns["subgradients"]))

    def _check_claims(self) -> None:
        """Say which column a row of this many operands cannot have."""
        if self.arity != 2 and (self.commutes or self.neutral is not None):
            column = "commutes" if self.commutes else "neutral"
            raise ValueError(f"{self.name}: {column} is about two operands, it has {self.arity}")
        if self.operator and self.operator not in _HOLDS:
            raise ValueError(
                f"{self.name}: operator is one of {' '.join(_HOLDS)}, got {self.operator!r}"
            )
        if self.paired and self.arity is not None:
            raise ValueError(
                f"{self.name}: paired is for a row of any number of operands: write arity=None"
            )

    @property
    def is_operator(self) -> bool:
        """Whether the float function is the operator itself, which then never raises."""
        return bool(self.operator) and made_of(self.function) is self.function

    def operation(self, *operands: str) -> str:
        """Return the row's operator with operands, each of which holds together.

        >>> lookup("sub").operation("x", "2.0"), lookup("neg").operation("x")
        ('x - 2.0', '-x')
        """
        before = "" if len(operands) > 1 else self.operator
        return before + f" {self.operator} ".join(operands)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Callable[[str], "Primitive"], tuple[str]]:
        return lookup, (self.name,)


def _intervals(name: str, domain: Any) -> tuple[Interval, ...]:
    """Return a domain as pairs of floats, or say how one is written."""
    try:
        return tuple([(number(low), number(high)) for low, high in domain])
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: domain is an interval for each operand, as in ((0.1, 50.0),), "
            f"got {domain!r:.60}"
        ) from None


def _kinks(name: str, subgradients: Any) -> tuple[tuple[Point, Point], ...]:
    try:
        return tuple(
            [(tuple(map(number, at)), tuple(map(number, slopes))) for at, slopes in subgradients]
        )
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: subgradients are pairs (operands, partials), as in (((0.0,), (0.5,)),), "
            f"got {subgradients!r:.60}"
        ) from None


def call_notation(name: str) -> Notation:
    """Return the notation name(x, y, ...).

    >>> call_notation("tanh")([Operand("a + b", SUM)])
    'tanh(a + b)'
    """
    return Notation(lambda xs: f"{name}({', '.join(f'{x:0}' for x in xs)})")


_HOLDS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}


def _operator_notation(sign: str, arity: int) -> Notation:
    """Return the notation of an operator of Python that groups from the left."""
    holds = _HOLDS[sign]
    template = f"{{0:{holds}}} {sign} {{1:{holds + 1}}}" if arity == 2 else f"{sign}{{0:{PRODUCT}}}"
    return Notation(template, holds)


def latex_call(name: str) -> Notation:
    r"""Return the notation name(x, y, ...) in LaTeX, with brackets that grow.

    >>> latex_call(r"\sin")([Operand("x", ATOM)])
    '\\sin\\left(x\\right)'
    """
    return Notation(lambda xs: rf"{name}\left({', '.join(f'{x:0}' for x in xs)}\right)")


def not_a_float(name: str, result: object) -> str:
    """Return the message on a primitive's function that answered with something else.

    >>> not_a_float("square", None)
    'square returned None, expected a float: does it end without return?'
    """
    if result is None:
        return f"{name} returned None, expected a float: does it end without return?"
    try:
        number(result)
    except (TypeError, OverflowError) as error:
        return f"{name} returned no float: {error}"
    return f"{name} returned {result!r} ({type(result).__name__}), expected a float"


class NotAFloatError(TypeError):
    """A row answered with something that is no number."""


TABLE: dict[str, Primitive] = {}


def lookup(name: str) -> Primitive:
    """Return the row called `name`.

    Raises:
        KeyError: if there is none.

    >>> lookup("mul")
    <primitive mul>
    """
    asked.instance("lookup", name, str, "the name of a primitive: write lookup('tanh')")
    if name not in TABLE:
        meant = asked.near(name, TABLE)
        close = f". Did you mean {meant[0]!r}?" if meant else f"; known are {', '.join(TABLE)}"
        raise KeyError(f"no primitive is called {name!r}{close}")
    return TABLE[name]


def enter(row: Primitive) -> Primitive:
    """Enter `row` into the table and return it, unchecked; `register` is the checking door."""
    if row.name in TABLE:
        raise ValueError(f"there is a primitive called {row.name!r} already")
    TABLE[row.name] = row
    return row


class Recorded(Protocol):
    """An operand that handles a row itself, as `Value` does."""

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...], /) -> Any:
        """Return the row applied to operands of which at least one is of this class."""
        ...


def apply(row: Primitive, operands: tuple[Any, ...]) -> Any:
    """Apply `row` to operands of any kind: nodes record it, arrays and numbers compute it."""
    kinds: set[type] = set(map(type, operands))
    handler: Any = None
    for kind in kinds:
        if issubclass(kind, np.ndarray):
            return apply_to_arrays(row, operands)
        handler = getattr(cast(Any, kind), "__apply__", None) or handler
    if handler is not None:
        return handler(row, operands)
    return row.function(*[number(x) for x in operands])


def apply_to_arrays(row: Primitive, operands: tuple[Any, ...]) -> Any:
    """Apply `row` to operands of which some are arrays: as a whole, or element by element."""
    masks: list[Any] = [_mask_of(x) for x in operands if isinstance(x, np.ma.MaskedArray)]
    if masks:
        result = apply_to_arrays(row, tuple([_data_of(x) for x in operands]))
        # Array functions choose among elements and so lose a mask: it is put on at the end.
        mask = reduce(np.logical_or, masks)
        return np.ma.masked_array(result, np.broadcast_to(mask, np.shape(result)))
    handler = any(hasattr(cast(Any, type(x)), "__apply__") for x in operands)
    if not handler and all(np.asarray(x).dtype != object for x in operands):
        with np.errstate(all="ignore"):
            return row.array(*[_as_real(x) for x in operands])

    def one(*elements: Any) -> Any:
        return apply(row, elements)

    # An operand wrapped in an array of no dimensions broadcasts without being taken apart.
    wrapped: list[Any] = [
        x if isinstance(x, np.ndarray) else np.array(x, dtype=object) for x in operands
    ]
    with np.errstate(all="ignore"):
        return cast(Any, np.frompyfunc(one, len(operands), 1))(*[w.astype(object) for w in wrapped])


def _mask_of(x: Any) -> Any:
    return np.ma.getmaskarray(x)


def _data_of(x: Any) -> Any:
    """Return what is under a mask."""
    return np.ma.getdata(x) if isinstance(cast(object, x), np.ma.MaskedArray) else x


def _as_real(x: Any) -> Any:
    """Return an operand with whole numbers as floats, as a single one would be; refuse the rest."""
    if not isinstance(x, np.ndarray):
        plain = number(x)
        return x if isinstance(cast(object, x), np.floating) else plain
    array = cast(Any, x)
    kind = array.dtype.kind
    if kind not in "iuf":
        advice = {"b": "array.astype(float)", "c": "array.real, array.imag or abs(array)"}
        written = advice.get(kind, "the numbers it stands for as an array of float")
        raise TypeError(f"expected numbers, got an array of {array.dtype}: write {written}")
    return array.astype(np.float64) if kind in "iu" else array
