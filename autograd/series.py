"""Forward mode to any order: truncated power series through a recorded graph, from the same rows.

If z = f(x, y) with x and y power series in t, then z' = f_x x' + f_y y' is again an equation of
series, whose right-hand side to order k gives z to order k + 1. The partials f_x and f_y come from
the row's own rule, run on series. So the rules that serve the backward pass give all derivatives
along a line, at a cost that grows with a power of the order, where nesting gradients doubles it.

Source: Griewank and Walther, "Evaluating Derivatives", 2nd edition, 2008, chapter 13; the lazy
form is McIlroy's, "Power series, power serious", Journal of Functional Programming 9, 1999.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd.backward import order
from autograd.row import TABLE, Primitive, apply
from autograd.value import Value


class Series:
    """A power series whose coefficients are computed when they are asked for.

    Coefficients are floats, or Values if what goes in is Values.

    >>> t = Series([0.0, 1.0])
    >>> e = Series.__apply__(TABLE["exp"], (t,))
    >>> [e.coefficient(k) for k in range(4)]
    [1.0, 1.0, 0.5, 0.16666666666666666]
    """

    __slots__ = ("_known", "_operands", "_partials", "_row")

    def __init__(self, known: list[Any], row: Primitive | None = None, operands: Any = ()) -> None:
        self._known = known
        self._row = row
        self._operands = operands
        self._partials: Any = None

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> Series:
        first = [x.coefficient(0) if isinstance(x, Series) else x for x in operands]
        return Series([apply(row, tuple(first))], row, operands)

    def coefficient(self, k: int) -> Any:
        """Return the coefficient of t^k."""
        while len(self._known) <= k:
            self._known.append(self._next(len(self._known)) if self._row is not None else 0.0)
        return self._known[k]

    def _next(self, k: int) -> Any:
        """Return coefficient k >= 1: (1/k) times the sum over operands x of [f_x x'] at k - 1."""
        if self._partials is None:
            row: Any = self._row
            self._partials = row.partials(self, *self._operands)
        total: Any = 0.0
        for x, partial in zip(self._operands, self._partials, strict=True):
            if not isinstance(x, Series):
                continue
            if not isinstance(partial, Series):
                slope = x.coefficient(k)
                if not _is_zero(partial) and not _is_zero(slope):
                    total = total + partial * (k * slope)
                continue
            for j in range(k):
                slope = x.coefficient(k - j)
                # Most series are constants with a linear term: leave out what they do not have.
                if not _is_zero(slope):
                    total = total + partial.coefficient(j) * ((k - j) * slope)
        return total * (1.0 / k) if k > 1 else total

    def __add__(self, other: Any) -> Series:
        return Series.__apply__(TABLE["add"], (self, other))

    def __radd__(self, other: Any) -> Series:
        return Series.__apply__(TABLE["add"], (other, self))

    def __sub__(self, other: Any) -> Series:
        return Series.__apply__(TABLE["sub"], (self, other))

    def __rsub__(self, other: Any) -> Series:
        return Series.__apply__(TABLE["sub"], (other, self))

    def __mul__(self, other: Any) -> Series:
        return Series.__apply__(TABLE["mul"], (self, other))

    def __rmul__(self, other: Any) -> Series:
        return Series.__apply__(TABLE["mul"], (other, self))

    def __neg__(self) -> Series:
        return Series.__apply__(TABLE["neg"], (self,))


def _is_zero(x: Any) -> bool:
    return x.__class__ is float and x == 0.0


def along(
    z: Value, tangents: Mapping[Value, Any], degree: int, *, graph: bool = False
) -> list[Any]:
    """Return the first coefficients of z as its leaves move along a line.

    Args:
        z: the result of a recorded graph.
        tangents: the direction dx/dt of each leaf, or interior node, that moves.
        degree: the highest power of t wanted.
        graph: whether coefficients are Values that can be derived again; floats otherwise.

    Returns:
        The degree + 1 coefficients: z, dz/dt, (1/2) d2z/dt2, ...

    >>> x = Value(2.0)
    >>> along(x * x * x, {x: 1.0}, 3)
    [8.0, 12.0, 6.0, 1.0]
    """
    series: dict[Value, Series] = {}
    nodes = order(z)
    for node in nodes:
        here: Any = node if graph else node.data
        if node in tangents:
            series[node] = Series([here, tangents[node]])
        elif node.op is not None and any(x in series for x in node.args):
            args = tuple([_operand(x, series, graph=graph) for x in node.args])
            series[node] = Series([here], node.op, args)
    if z not in series:
        return [z if graph else z.data, *[0.0] * degree]
    # Coefficient by coefficient in the order of the graph, so that nothing recurses along it.
    for k in range(degree + 1):
        for node in nodes:
            if node in series:
                series[node].coefficient(k)
    return [series[z].coefficient(k) for k in range(degree + 1)]


def _operand(x: Any, series: Mapping[Value, Series], *, graph: bool) -> Any:
    if x in series:
        return series[x]
    return x.data if isinstance(x, Value) and not graph else x
