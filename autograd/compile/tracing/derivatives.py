"""Derivatives inside a traced function: sweeps and series over what its recorder has recorded.

The chain rule and the rules are those of eager graphs. What differs is that choices, by `where` or
`relu`, are made when the program runs: what a sample does not choose passes nothing on in an eager
graph, not even 0 * inf. Here it carries a number that is 0 where nothing flows, but only as far as
slopes may be infinite: a dense layer behind a `relu` stays one matrix product.
"""

# pyright: reportPrivateUsage=false
# A series that is computed later than others is one of them.

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, cast

import numpy as np

from autograd.compile.graph.graph import CONSTANT
from autograd.compile.tracing.flow import Flow, either
from autograd.compile.tracing.recorder import Recorder
from autograd.engine.primitive import TABLE, Primitive, apply
from autograd.engine.symbolic import closed
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.transforms.sweep import Local, once_only, sweep, times
from autograd.transforms.taylor import Guard, Series, coefficients


def partials(row: Primitive, z: Any, operands: Sequence[Any]) -> Sequence[Any]:
    """Return what a row's rule gives for placeholders.

    A rule that cannot run on placeholders (a user's own, made with other functions) is called as a
    whole when the program runs: each of its partials is then a row of its own.

    >>> from autograd import lookup
    >>> from autograd.compile.tracing.trace import trace
    >>> print(trace(lambda z, x: partials(lookup("exp"), z, [x])[0], [(), ()]))
    n0 = input 0
    n1 = input 1
    return n0
    """
    if hasattr(row.function, "rule_of"):
        return row.partials(z, *operands)  # says that it has no derivative
    try:
        return row.partials(z, *operands)
    except (TypeError, AttributeError, ValueError):
        return [apply(_opaque(row, i, len(operands)), (z, *operands)) for i in range(len(operands))]


@cache
def _opaque(row: Primitive, place: int, count: int) -> Primitive:
    """Return a row that calls one partial of a rule; it is not in the table."""

    def slope(z: float, *operands: float) -> float:
        with np.errstate(all="ignore"):
            return float(row.partials(z, *operands)[place])

    def none(z: Any, *operands: Any) -> Any:
        raise TraceError(once_only(row))

    cast(Any, slope).rule_of = row
    return Primitive(f"{row.name}_slope_{place}", slope, none, arity=count + 1)


# Where slopes may be infinite -----------------------------------------------------------------

# Numbers that a row is tried at: where poles and kinks are, and far from there.
_TRIED = (0.0, 1.0, -1.0, 1e3)
_ORDERS = 4


@cache
def _worst(row: Primitive, constants: tuple[float, ...]) -> tuple[bool, bool]:
    """Return whether a row's value may be infinite or nan, and whether its derivatives may.

    >>> from autograd import lookup
    >>> [_worst(lookup(name), ()) for name in ("tanh", "sqrt", "hypot", "dot")]
    [(False, False), (True, True), (False, True), (False, False)]
    >>> _worst(lookup("power"), (2.0,)), _worst(lookup("power"), (-1.0,))
    ((False, False), (True, True))
    """
    count = (row.arity or 2) - row.constants
    # Each operand by itself, and all together.
    lines = [*map(tuple, np.eye(count).tolist()), (1.0,) * count]
    value = slopes = False
    for xs in product(_TRIED, repeat=count):
        for line in lines:
            operands = [
                Series([x, v]) if v else x for x, v in zip(xs, cast(Any, line), strict=True)
            ]
            try:
                z = Series.__apply__(row, (*operands, *constants))
                found = [z.coefficient(k) for k in range(_ORDERS)]
            except (ArithmeticError, TypeError, ValueError, AttributeError):
                return True, True
            value = value or not math.isfinite(found[0])
            slopes = slopes or not all(map(math.isfinite, found))
    return value, slopes


def _constants(recorder: Recorder, node: int, row: Primitive) -> tuple[float, ...]:
    if not row.constants:
        return ()
    given = recorder.operands(node)[-row.constants :]
    return tuple([recorder.numbers[recorder.first[x]] for x in given])


def _is_wild(recorder: Recorder, node: int) -> bool:
    """Return whether the number of a node may be infinite or nan where those of leaves are not."""
    wild = recorder.wild
    for i in range(len(wild), node + 1):
        code = recorder.code[i]
        if code < 0:
            number = recorder.numbers[recorder.first[i]] if code == CONSTANT else 0.0
            wild.append(not math.isfinite(number))
            continue
        row = recorder.rows[code]
        wild.append(
            any(wild[x] for x in recorder.operands(i))
            or _worst(row, _constants(recorder, i, row))[0]
        )
    return wild[node]


def _may_blow_up(recorder: Recorder, node: int) -> bool:
    """Return whether a derivative of a node by its operands may be infinite or nan."""
    row = recorder.rows[recorder.code[node]]
    return _worst(row, _constants(recorder, node, row))[1] or any(
        _is_wild(recorder, x) for x in recorder.operands(node)
    )


# Backward ---------------------------------------------------------------------------------------


def slopes(recorder: Recorder, z: int, xs: Sequence[Any]) -> list[Any]:
    """Return the derivatives of a node by placeholders and Values, as such."""
    recorder.is_mixed = True
    places = [recorder.place(x) for x in xs]
    found = _received(recorder, z, {i for i in places if i is not None})
    numbers = [found.get(cast(int, i), 0.0) for i in places]
    return [Value(g) if g.__class__ is float else g for g in numbers]


def _received(recorder: Recorder, z: int, wanted: set[int]) -> dict[int, Any]:
    """Return the derivatives of a node by other nodes, where it depends on them."""
    between = set(wanted)
    inner: list[int] = []
    for i in _order(recorder, z, min(wanted, default=z)):
        if not between.isdisjoint(recorder.operands(i)):
            between.add(i)
            inner.append(i)
    inner.reverse()
    rows = [recorder.rows[recorder.code[i]] for i in inner]
    if any(row.chooses for row in rows):
        blows = {i for i in inner if _may_blow_up(recorder, i)}
        if blows:
            careful = _Careful(recorder, blows, inner)
            return careful.received(z, wanted, between)

    def local_of(i: int, operands: Sequence[int]) -> Local:
        return _local(recorder, i, operands)

    return sweep({z: 1.0}, inner, recorder.operands, local_of, between, kept=wanted)


def _order(recorder: Recorder, z: int, lowest: int) -> list[int]:
    """Return what a node was made from, and itself, from the lowest node that counts on."""
    seen = {z}
    stack = [z]
    for i in stack:
        for x in recorder.operands(i):
            if x >= lowest and x not in seen:
                seen.add(x)
                stack.append(x)
    return sorted(seen)


def _local(recorder: Recorder, i: int, operands: Sequence[int]) -> Local:
    row = recorder.rows[recorder.code[i]]
    taken = [recorder.operand(x) for x in operands]
    return row, taken, partials(row, recorder.new(i), taken)


class _Careful:
    """A sweep in which nothing flows to what a sample did not choose, not even 0 * inf.

    Args:
        recorder: of the nodes.
        blows: the nodes with slopes that may be infinite.
        inner: the nodes that hand on what they receive, each after all that use it.
    """

    def __init__(self, recorder: Recorder, blows: set[int], inner: Sequence[int]) -> None:
        self.recorder = recorder
        self.blows = blows
        self.inner = inner
        # Those with a slope that may be infinite between them and what is derived by.
        self.above = set(blows)
        for i in reversed(inner):
            if not self.above.isdisjoint(recorder.operands(i)):
                self.above.add(i)
        self.at = 0
        self.row = recorder.rows[0]

    def received(self, z: int, wanted: set[int], between: set[int]) -> dict[int, Any]:
        """Return the derivatives of a node by the wanted ones."""
        operands = self.recorder.operands
        found = sweep(
            {z: Flow(1.0, 1.0)}, self.inner, operands, self.local_of, between, kept=wanted,
            product=self.product,
        )  # fmt: skip
        return {i: found[i].g for i in wanted if i in found}

    def local_of(self, i: int, operands: Sequence[int]) -> Local:
        """Return the operation of a node, and note which it is for the products that follow."""
        self.at = i
        found = _local(self.recorder, i, operands)
        self.row = found[0]
        return found

    def product(self, received: Flow, partial: Any) -> Flow:
        """Return what flows on."""
        flowed, is_guarded = received.flowed, self.at in self.blows
        if self.row.chooses and partial.__class__ is not float:
            flowed, is_guarded = _where(partial, flowed), True
        part = times(received.g, partial)
        if is_guarded and flowed.__class__ is not float:
            part = _where(flowed, part)
        is_needed = not self.above.isdisjoint(self.recorder.operands(self.at))
        return Flow(part, flowed if is_needed else 1.0)


def _where(condition: Any, x: Any) -> Any:
    return apply(TABLE["where"], (condition, x, 0.0))


# Forward ----------------------------------------------------------------------------------------


def series(recorder: Recorder, z: int, tangents: Mapping[Any, Any], degree: int) -> list[Any]:
    """Return the first coefficients of a node as leaves move along a line; see `along`."""
    recorder.is_mixed = True
    moving = {recorder.place(x): slope for x, slope in tangents.items()}
    moving.pop(None, None)
    known = cache(recorder.operand)
    nodes: list[Any] = []
    for i in _order(recorder, z, 0):
        code = recorder.code[i]
        row = recorder.rows[code] if code >= 0 else None
        nodes.append((i, recorder.new(i), row, recorder.operands(i)))
    return coefficients(z, nodes, moving, degree, _LaterSeries, known)


class _LaterSeries(Series):
    """A power series of placeholders, which may not move in some runs.

    Attributes:
        flow: a number that is 0 where it does not move.
    """

    __slots__ = ("flow",)

    def __init__(
        self,
        known: list[Any],
        row: Primitive | None = None,
        operands: Any = (),
        shared: dict[Any, Series] | None = None,
    ) -> None:
        super().__init__(known, row, operands, shared)
        self.flow: Any = 1.0

    def _moving(self) -> list[tuple[Series, Any, Guard | None]]:
        row: Any = self._row
        slopes = partials(row, self, self._operands)
        first = [d.coefficient(0) if isinstance(d, Series) else d for d in slopes]
        nothing = closed(row, first)
        node = self._known[0]
        is_guarded = _may_blow_up(node._recorder, node.i)
        found: list[tuple[Series, Any, Guard | None]] = []
        flow: Any = None
        for k, (x, d) in enumerate(zip(self._operands, slopes, strict=True)):
            if k in nothing or not isinstance(x, _LaterSeries):
                continue
            moves = x.flow
            is_chosen = row.chooses and first[k].__class__ is not float
            if is_chosen:
                moves = _where(first[k], moves)
            guard = _guard(moves, d) if is_guarded or is_chosen else None
            found.append((x, d, guard))
            flow = moves if flow is None else either(flow, moves)
        self.flow = 1.0 if flow is None else flow
        return found


def _guard(moves: Any, partial: Any) -> Guard:
    """Return what makes a product 0 where a factor of it does not move."""

    def guard(part: Any, place: int) -> Any:
        conditions = [moves]
        if place and isinstance(partial, _LaterSeries):
            conditions.append(partial.flow)
        for condition in conditions:
            if condition.__class__ is not float:
                part = _where(condition, part)
        return part

    return guard
