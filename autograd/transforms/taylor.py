"""Forward mode to any order: truncated power series through a recorded graph, from the same rows.

If z = f(x, y) with x and y power series in t, then z' = f_x x' + f_y y' is again an equation of
series, whose right-hand side to order k gives z to order k + 1. The partials f_x and f_y come from
the row's own rule, run on series. So the rules that serve the backward pass give all derivatives
along a line, at a cost that grows with a power of the order, where nesting gradients doubles it.

Source: Griewank and Walther, "Evaluating Derivatives", 2nd edition, 2008, chapter 13; the lazy
form is McIlroy's, "Power series, power serious", Journal of Functional Programming 9, 1999.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.engine.backward import order
from autograd.engine.primitive import TABLE, Primitive, apply
from autograd.engine.symbolic import Operators, closed
from autograd.engine.value import Value
from autograd.table import Table
from autograd.transforms.sweep import once_only

# Of a product that belongs to a place in the second series: what stands for it where something in
# the product may be absent in some runs.
Guard = Callable[[Any, int], Any]

# The coefficient of a power that a series does not have, told by identity. It is left out of every
# product, as what flows to no operand is left out of the backward pass; a 0.0 that was computed is
# not, and makes nan with an infinite slope.
ABSENT = float("0.0")


class Series(Operators):
    """A power series whose coefficients are computed when they are asked for.

    Coefficients are floats, or Values if what goes in is Values.

    >>> t = Series([0.0, 1.0])
    >>> e = Series.__apply__(TABLE["exp"], (t,))
    >>> [e.coefficient(k) for k in range(4)]
    [1.0, 1.0, 0.5, 0.16666666666666666]
    """

    __slots__ = ("_known", "_operands", "_pairs", "_row", "_shared")

    def __init__(
        self,
        known: list[Any],
        row: Primitive | None = None,
        operands: Any = (),
        shared: dict[Any, Series] | None = None,
    ) -> None:
        self._known = known
        self._row = row
        self._operands = operands
        self._pairs: list[tuple[Series, Any, Guard | None]] | None = None
        # The series of one graph by row and operands. The rule of a sine has a cosine and that of
        # a cosine the sine again: each made anew, they would go as deep as the order.
        self._shared = shared

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> Series:
        given = next(x for x in operands if isinstance(x, Series))
        made, shared = given.__class__, given._shared
        if shared is None:
            return made([_first(row, operands)], row, operands)
        key = _key(row, operands)
        found = shared.get(key)
        if found is None:
            found = shared[key] = made([_first(row, operands)], row, operands, shared)
        return found

    def coefficient(self, k: int) -> Any:
        """Return the coefficient of t^k."""
        while len(self._known) <= k:
            self._known.append(self._next(len(self._known)) if self._row is not None else ABSENT)
        return self._known[k]

    def _next(self, k: int) -> Any:
        """Return coefficient k >= 1: (1/k) times the sum over operands x of [f_x x'] at k - 1."""
        if self._pairs is None:
            self._pairs = self._moving()
        total: Any = ABSENT
        for x, partial, guard in self._pairs:
            constant = not isinstance(partial, Series)
            for j in range(1 if constant else k):
                slope = x.coefficient(k - j)
                if slope is ABSENT:
                    continue
                factor = partial if constant else partial.coefficient(j)
                if factor is ABSENT:
                    continue
                part = factor * ((k - j) * slope if k - j > 1 else slope)
                if guard is not None:
                    part = guard(part, j)
                total = part if total is ABSENT else total + part
        return total * (1.0 / k) if k > 1 and total is not ABSENT else total

    def _moving(self) -> list[tuple[Series, Any, Guard | None]]:
        """Return each operand that passes something on, its partial, and what guards a product."""
        row: Any = self._row
        try:
            partials = row.partials(self, *self._operands)
        except (TypeError, AttributeError, ValueError) as error:
            raise TypeError(once_only(row)) from error
        first = partials
        if row.chooses:
            first = [d.coefficient(0) if isinstance(d, Series) else d for d in partials]
        nothing = closed(row, first)
        return [
            (x, d, None)
            for k, (x, d) in enumerate(zip(self._operands, partials, strict=True))
            if k not in nothing and isinstance(x, Series)
        ]

    def __mul__(self, other: Any) -> Series:
        if other.__class__ is float and other == 0.0:
            # A rule's own 0, as that of x**0: without, its series goes as deep as the order.
            return self.__class__([other * self.coefficient(0)])
        return Series.__apply__(TABLE["mul"], (self, other))

    def __rmul__(self, other: Any) -> Series:
        return self * other


# From this power on, what rules are made of is computed before it is asked for.
_DEEP = 50


def _first(row: Primitive, operands: tuple[Any, ...]) -> Any:
    first = [x.coefficient(0) if isinstance(x, Series) else x for x in operands]
    return apply(row, tuple(first))


def _key(row: Primitive, operands: tuple[Any, ...]) -> Any:
    """Return what two series have in common that are the same; 0.0 and -0.0 are two numbers."""
    return row, *[repr(x) if x.__class__ is float else id(x) for x in operands]


def along(
    z: Value, tangents: Mapping[Value, Any], degree: int, *, graph: bool = False
) -> list[Any]:
    """Return the first coefficients of z as its leaves move along a line.

    Args:
        z: the result of a recorded graph.
        tangents: the direction dx/dt of each leaf, or interior node, that moves; a number 0 says
            that it does not.
        degree: the highest power of t wanted.
        graph: whether coefficients are Values that can be derived again; floats otherwise.

    Returns:
        The degree + 1 coefficients: z, dz/dt, (1/2) d2z/dt2, ...

    >>> x = Value(2.0)
    >>> along(x * x * x, {x: 1.0}, 3)
    [8.0, 12.0, 6.0, 1.0]
    """
    answer = getattr(z, "__along__", None)
    if answer is not None:
        return answer(tangents, degree)
    nodes = order(z)
    return coefficients(
        z,
        [(node, node if graph else node.data, node.op, node.args) for node in nodes],
        tangents,
        degree,
        Series,
        lambda x: x if graph else x.data,
    )


def coefficients(
    z: Any,
    nodes: Sequence[tuple[Any, Any, Primitive | None, Sequence[Any]]],
    tangents: Mapping[Any, Any],
    degree: int,
    kind: type[Series],
    constant: Callable[[Any], Any],
) -> list[Any]:
    """Return the first coefficients of a node of any graph, as some of its nodes move along a line.

    Args:
        z: the node.
        nodes: it and all it was made from, in order: the node, what it is where nothing moves, its
            primitive and its operands, nodes and floats.
        tangents: the direction of each node that moves.
        degree: the highest power wanted.
        kind: the class of the series.
        constant: gives what an operand is that is a node and does not move.
    """
    series: dict[Any, Series] = {}
    shared: dict[Any, Series] = {}

    def operand(x: Any) -> Any:
        if x.__class__ is float:
            return x
        return series[x] if x in series else constant(x)

    for node, here, row, args in nodes:
        if node in tangents:
            slope = tangents[node]
            if hasattr(slope.__class__, "__apply__") or slope != 0.0:
                series[node] = kind([here, slope], shared=shared)
        elif row is not None and any(x.__class__ is not float and x in series for x in args):
            taken = tuple(map(operand, args))
            made = kind([here], row, taken, shared)
            series[node] = shared.setdefault(_key(row, taken), made)
    if z not in series:
        return [nodes[-1][1], *[0.0] * degree]
    # Coefficient by coefficient in the order of the graph, so that nothing recurses along it.
    for k in range(degree + 1):
        if k > _DEEP:
            # Nor along the rules of rules: that of x / y has (x / y) / y. The last made come first.
            for deep in reversed([*shared.values()]):
                deep.coefficient(len(deep._known))  # pyright: ignore[reportPrivateUsage]
        for node in series.values():
            node.coefficient(k)
    shared.clear()
    return [series[z].coefficient(k) for k in range(degree + 1)]


def second_derivatives(row: Primitive, operands: Sequence[float]) -> list[float]:
    """Return d2z/dx2 by each operand that is not a constant, at numbers.

    >>> second_derivatives(TABLE["hypot"], (0.0, 0.0))
    [nan, nan]
    """
    found: list[float] = []
    for i in range(len(operands) - row.constants):
        line = [Series([x, 1.0]) if k == i else x for k, x in enumerate(operands)]
        z: Any = Series.__apply__(row, tuple(line))
        found.append(2.0 * z.coefficient(2) + 0.0)
    return found


def subgradient_table() -> str:
    """Return the table of what derivatives are at kinks, ties and ends of domains, as text.

    The same numbers hold in eager, compiled and higher-order use. The second derivatives by each
    operand stand beside them where one is not finite: a length, say, has none at 0.

    >>> print(subgradient_table())  # doctest: +ELLIPSIS
    function    at             derivative                 second, if not finite
    sqrt        0              inf                        -inf
    pow         0, 2           0, 0
    ...
    """
    rows: list[list[str]] = []
    for row in TABLE.values():
        for operands, partials in row.subgradients:
            cells = [operands, partials[: len(partials) - row.constants]]
            seconds = second_derivatives(row, operands)
            cells.append(() if all(map(math.isfinite, seconds)) else tuple(seconds))
            rows.append([row.name, *[", ".join(f"{x:g}" for x in numbers) for numbers in cells]])
    return str(Table(("function", "at", "derivative", "second, if not finite"), rows, "<<<<"))
