"""The chain rule once more, independent of the engine: oracle slopes swept over a tape.

Beside each adjoint runs a bound on how far a correct computation may lie from it. The bound grows
with the sum of the magnitudes of all paths, so cancellation widens it and nothing else does: there
is no absolute tolerance that a small function could hide below.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.check.oracles import row_slope
from autograd.check.oracles.estimate import Estimate
from autograd.check.oracles.tape import Tape
from autograd.engine.primitive import Primitive

_UNIT = 2.0**-52
_SMALLEST = 2.0**-1074


@dataclass(frozen=True, slots=True)
class TapeEdge:
    """One use of an operand: entry `place` of a tape, its operand number `k`."""

    place: int
    k: int


class Slopes:
    """The slope on every edge of a tape, by the best oracle for each row.

    Slopes are found as far as some result needs them: a gradient's graph is long, and its
    function's stands at the beginning.

    Attributes:
        tape: the recorded graph.
        spread: how far rounding may have carried each entry.
        found: per entry, one estimate per operand; None for operands that depend on no input.
        oracles: how many edges each oracle answered.
    """

    __slots__ = ("_known", "found", "oracles", "spread", "tape")

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.spread = [0.0] * len(tape)
        self.found: list[tuple[Estimate | None, ...]] = [()] * len(tape)
        self.oracles: dict[str, int] = {}
        self._known = 0

    def reach(self, root: int) -> None:
        """Find the slopes on all edges up to the entry `root`."""
        tape = self.tape
        for i in range(self._known, root + 1):
            row = tape.rows[i]
            if row is not None and tape.active[i]:
                self._enter(i, row)
        self._known = max(self._known, root + 1)

    def _enter(self, i: int, row: Primitive) -> None:
        tape, spread = self.tape, self.spread
        taken = tape.taken(i)
        estimates: list[Estimate | None] = []
        total = 0.5 * _UNIT * abs(tape.data[i])
        if row.arity is None:
            # Its terms may cancel.
            total = max(total, 2.0 * row_slope.rounding(row, taken))
        for k, j in enumerate(tape.operands[i]):
            if not tape.active[j]:
                estimates.append(None)
                continue
            estimate = row_slope.slope(row, taken, k, spread[j])
            estimates.append(estimate)
            self.oracles[estimate.oracle] = self.oracles.get(estimate.oracle, 0) + 1
            total = max(total, estimate.grain)
            steep = abs(estimate.value)
            if not estimate.sound:
                steep = max(abs(estimate.left), abs(estimate.right))
            if math.isfinite(steep):
                total += steep * spread[j]
        self.found[i] = tuple(estimates)
        spread[i] = total

    def used(self) -> list[str]:
        """Return the names of the oracles, the one that answered most edges first."""
        return sorted(self.oracles, key=lambda name: -self.oracles[name])


@dataclass(frozen=True, slots=True)
class Sweep:
    """The adjoints of one result.

    Attributes:
        adjoint: per entry of the tape, the derivative of the result with respect to it.
        bound: how far a correct computation of it may lie off.
        blur: the part of the bound that the oracles' own errors make.
        trouble: per entry, the first edge on a path to it whose slope could not be told. The
            adjoint then stands on what the row's own rule says of that edge.
        largest: per entry, the size of the largest contribution to its adjoint.
        hidden: the part of the bound that numbers too small for floats may make, on the way back
            and in the rules.
    """

    adjoint: list[float]
    bound: list[float]
    blur: list[float]
    trouble: list[TapeEdge | None]
    largest: list[float]
    hidden: list[float]


def sweep(
    slopes: Slopes, root: int, tolerances: dict[tuple[int, int], float] | None = None
) -> Sweep:
    """Return the adjoints of the entry `root`, from oracle slopes, with bounds.

    Args:
        slopes: of the tape.
        root: the place of the result.
        tolerances: how far a correct rule may lie off on an edge, where that is known better than
            sixty-four roundings.

    Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. 2002, section 3.3,
    running error analysis.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> tape = Tape([x * x], [x])
    >>> swept = sweep(Slopes(tape), tape.roots[0])
    >>> swept.adjoint[0], swept.bound[0] < 1e-12
    (6.0, True)
    """
    slopes.reach(root)
    tape = slopes.tape
    adjoint, bound, blur, largest, hidden = ([0.0] * (root + 1) for _ in range(5))
    trouble: list[TapeEdge | None] = [None] * (root + 1)
    reached = [False] * root + [True]
    adjoint[root] = 1.0
    for i in range(root, -1, -1):
        a, b, under = adjoint[i], bound[i], hidden[i]
        # An adjoint of 0 in front of a slope in doubt is in doubt itself.
        if not (slopes.found[i] and reached[i]):
            continue
        # Of an adjoint near the smallest floats the products with tiny slopes are lost.
        lost = (abs(a) * row_slope.FLOOR or _SMALLEST) if a else 0.0
        for k, (j, estimate) in enumerate(zip(tape.operands[i], slopes.found[i], strict=True)):
            if estimate is None:
                continue
            reached[j] = True
            if trouble[i] is not None:
                trouble[j] = trouble[j] or trouble[i]
            elif not estimate.sound:
                trouble[j] = trouble[j] or TapeEdge(i, k)
            d = estimate.value if estimate.sound else _rule(tape, i, k)
            size = abs(d)
            off = row_slope.RULE_ERROR * size
            if estimate.sound:
                off += estimate.error
                blur[j] += abs(a) * estimate.error
            blur[j] += blur[i] * size
            hidden[j] += under * (size + off)
            if off:
                hidden[j] += lost
            if tolerances is not None:
                off = tolerances.get((i, k), off)
            part = a * d
            adjoint[j] += part
            largest[j] = max(largest[j], abs(part))
            bound[j] += b * (size + off) + abs(a) * off + _UNIT * (abs(part) + abs(adjoint[j]))
    bound = [b + under for b, under in zip(bound, hidden, strict=True)]
    return Sweep(adjoint, bound, blur, trouble, largest, hidden)


def _rule(tape: Tape, i: int, k: int) -> float:
    row = tape.rows[i]
    return partials_of(row, tape.data[i], tape.taken(i))[k] if row is not None else math.nan


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that disagrees with its own function at the operands it was called with.

    Attributes:
        edge: where.
        row: the primitive.
        partial: what its rule says.
        slope: what its function says.
        share: how much of the result's error it explains, |adjoint * (partial - slope)|.
    """

    edge: TapeEdge
    row: Primitive
    partial: float
    slope: Estimate
    share: float


def rules_off(
    slopes: Slopes, swept: Sweep, root: int
) -> tuple[list[Fault], dict[tuple[int, int], float]]:
    """Return the faulty edges among those that reach `root`, and what each edge may be off by.

    Each row's partials are evaluated at the numbers it was called with and laid beside the slope
    of its function there.
    """
    tape = slopes.tape
    faults: list[Fault] = []
    allowed: dict[tuple[int, int], float] = {}
    for i in range(root + 1):
        row = tape.rows[i]
        if row is None or not slopes.found[i] or not (swept.adjoint[i] or swept.bound[i]):
            continue
        taken = tape.taken(i)
        partials = partials_of(row, tape.data[i], taken)
        for k, estimate in enumerate(slopes.found[i]):
            if estimate is None or not estimate.sound:
                continue
            off = abs(partials[k] - estimate.value)
            if off <= row_slope.RULE_ERROR * abs(estimate.value) + estimate.error + row_slope.FLOOR:
                continue
            tolerance = row_slope.tolerance(row, taken, k, estimate)
            allowed[i, k] = tolerance
            if not off <= tolerance:
                share = abs(swept.adjoint[i] * off)
                faults.append(Fault(TapeEdge(i, k), row, partials[k], estimate, share))
    # nan sorts first: it explains everything.
    faults.sort(key=lambda f: -f.share if f.share == f.share else -math.inf)
    return faults, allowed


def carried(slopes: Slopes, root: int) -> dict[tuple[int, int], float]:
    """Return by how much the roundings of a graph's entries change the slope on each of its edges.

    An entry that rounding may have carried away from what its formula gives has the slope of
    another place there; inputs are exact. The rounding of the rule comes on top.

    >>> from autograd import Value, acos, sin
    >>> x = Value(0.0)
    >>> tape = Tape([sin(acos(x))], [x])
    >>> carried(Slopes(tape), tape.roots[0])[2, 0] > 1e-16
    True
    """
    slopes.reach(root)
    tape, spread = slopes.tape, slopes.spread
    found: dict[tuple[int, int], float] = {}
    for i in range(root + 1):
        row, taken = tape.rows[i], tape.taken(i)
        moved = [m for m, j in enumerate(tape.operands[i]) if spread[j]]
        if row is None or not moved:
            continue
        for k, estimate in enumerate(slopes.found[i]):
            if estimate is None or not estimate.sound:
                continue
            total = row_slope.RULE_ERROR * abs(estimate.value) + estimate.error + row_slope.FLOOR
            for m in moved:
                there = [*taken]
                there[m] += 2.0 * spread[tape.operands[i][m]]
                other = row_slope.slope(row, there, k)
                if other.sound:
                    total += abs(other.value - estimate.value)
            found[i, k] = total
    return found


def partials_of(row: Primitive, z: float, operands: Sequence[float]) -> list[float]:
    """Return the row's partials as floats; nan for all where the rule raises or miscounts.

    >>> from autograd import lookup
    >>> partials_of(lookup("mul"), 12.0, [3.0, 4.0])
    [4.0, 3.0]
    """
    try:
        partials = [float(d) for d in row.partials(z, *operands)]
    except (TypeError, ValueError, ArithmeticError, IndexError):
        return [math.nan] * len(operands)
    return partials if len(partials) == len(operands) else [math.nan] * len(operands)
