"""The slopes of a whole recorded graph on the two sides of a point, for where edges are in doubt.

A kink on one edge need not be a kink of the result: max(x, x) is x, and what a rule selects with
`equal` moves together. Replaying the graph a little to each side settles it.
"""

import math
from dataclasses import dataclass
from typing import Any

from autograd.check.judge.chain import Slopes, partials_of
from autograd.check.oracles import differences, high_precision, row_slope
from autograd.check.oracles.estimate import Estimate
from autograd.check.oracles.tape import Tape
from autograd.engine.primitive import Primitive


@dataclass(frozen=True, slots=True)
class Motion:
    """What happens to a recorded graph as one input moves.

    Attributes:
        slope: of the result; nan if some entry has none.
        error: a bound on the error of the oracles in it.
        kink: the first entry that has no slope along the way, None if all have.
        fault: the first entry in doubt whose rule disagrees with its slope along the way.
        rule: what that rule says.
        function: what its function says.
    """

    slope: float
    error: float = 0.0
    kink: int | None = None
    fault: int | None = None
    rule: float = math.nan
    function: float = math.nan


def motion(slopes: Slopes, root: int, i: int) -> Motion:
    """Follow an input's motion through the graph, forward, with oracle slopes.

    Where every operand of an entry has a slope of its own they are added up. Where some have a
    kink the row is asked along the direction its operands really move in: at a tie of max(x, x)
    both move alike, and the slope is 1. An operand of speed 0 in front of an infinite slope counts
    as a kink: sqrt(x * x) is |x|.

    Args:
        slopes: of the recorded graph.
        root: the place of the result.
        i: which input.

    >>> from autograd import Value, maximum
    >>> x = Value(2.0)
    >>> tape = Tape([maximum(x, x)], [x])
    >>> motion(Slopes(tape), tape.roots[0], 0).slope
    1.0
    """
    slopes.reach(root)
    tape, bit = slopes.tape, 1 << i
    velocity: dict[int, float] = {tape.inputs[i]: 1.0}
    error: dict[int, float] = {}
    fault: tuple[int, float, float] | None = None
    for j in range(root + 1):
        row = tape.rows[j]
        if row is None or not tape.depends[j] & bit:
            continue
        speeds = [velocity.get(k, 0.0) for k in tape.operands[j]]
        moved = [tape.depends[k] >> i & 1 for k in tape.operands[j]]
        resting = zip(slopes.found[j], speeds, moved, strict=True)
        if any(e is not None and on and not v and e.steep for e, v, on in resting):
            # An operand of speed 0 still moves, with t^2: 0 times an infinite slope is not 0.
            return Motion(math.nan, kink=j)
        moving = [(e, v) for e, v in zip(slopes.found[j], speeds, strict=True) if v]
        if all(e is not None and e.sound for e, _ in moving):
            velocity[j] = sum(e.value * v for e, v in moving if e is not None)
            error[j] = sum(
                e.error * abs(v) + abs(e.value) * error.get(k, 0.0)
                for e, v, k in zip(slopes.found[j], speeds, tape.operands[j], strict=True)
                if e is not None and v
            )
            continue
        taken = tape.taken(j)
        estimate = row_slope.along(row, taken, speeds)
        if not estimate.sound:
            return Motion(math.nan, kink=j)
        velocity[j] = estimate.value
        # What a blurred operand adds is not known; the row's own partials are a measure of it.
        pairs = zip(partials_of(row, tape.data[j], taken), tape.operands[j], strict=True)
        error[j] = estimate.error + sum(
            abs(d) * error.get(k, 0.0) for d, k in pairs if math.isfinite(d)
        )
        partials = partials_of(row, tape.data[j], taken)
        parts = [d * v for d, v in zip(partials, speeds, strict=True) if v]
        size = sum(map(abs, parts)) + abs(estimate.value)
        allowed = 1e-12 * size + estimate.error + row_slope.FLOOR
        if fault is None and not abs(sum(parts) - estimate.value) <= allowed:
            fault = j, sum(parts), estimate.value
    slope = velocity.get(root, 0.0)
    off = error.get(root, 0.0)
    return Motion(slope, off) if fault is None else Motion(slope, off, None, *fault)


def side_slopes(tape: Tape, root: int, i: int, noise: float = 0.0) -> Estimate:
    """Return the slope of a result along one input, with both one-sided slopes.

    At high precision each entry keeps the rounding it was recorded with, as a constant added to
    it: the replay passes exactly through the recorded numbers, so kinks lie where the floats met
    them and the slope is that of the recorded computation.

    Args:
        tape: the recorded graph.
        root: the place of the result.
        i: which input.
        noise: the size of rounding errors in the result, for plain differences; infinite if it
            is not known, as behind an infinite slope.

    >>> from autograd import Value, maximum
    >>> x = Value(2.0)
    >>> tape = Tape([maximum(x, x)], [x])
    >>> side_slopes(tape, tape.roots[0], 0).value
    1.0
    """
    place = tape.inputs[i]
    if place < 0 or not tape.depends[root] >> i & 1:
        return Estimate(0.0, 0.0, 0.0, high_precision.ORACLE, 0.0, 0.0)
    x = tape.data[place]
    if high_precision.context() is not None:
        residuals: dict[int, dict[int, Any]] = {}

        def moved(mp: Any, t: Any) -> Any:
            known = residuals.setdefault(mp.prec, {})
            return _replayed(mp, tape, root, i, t, known)

        found = high_precision.derivative(moved, abs(x) or 1.0)
        if found.sound or found.trouble in (
            high_precision.KINK,
            high_precision.EDGE,
            high_precision.JUMP,
        ):
            return found
    known = noise if math.isfinite(noise) else 0.0
    return differences.richardson(lambda y: float_replay(tape, root, i, y), x, noise=known)


def _replayed(mp: Any, tape: Tape, root: int, i: int, t: Any, residuals: dict[int, Any]) -> Any:
    """Return the result with input i moved by t, each entry with its recorded rounding."""
    bit = 1 << i
    values: dict[int, Any] = {tape.inputs[i]: mp.mpf(tape.data[tape.inputs[i]]) + t}
    for j in range(root + 1):
        row = tape.rows[j]
        if row is None or not tape.depends[j] & bit:
            continue
        if j not in residuals:
            recorded = [mp.mpf(y) for y in tape.taken(j)]
            residuals[j] = mp.mpf(tape.data[j]) - high_precision.evaluate(mp, row, recorded)
        if not mp.isfinite(residuals[j]):
            # 1 / 0 is infinite in floats alone; step would make a number of nan again.
            return mp.nan
        operands = [values.get(k, mp.mpf(tape.data[k])) for k in tape.operands[j]]
        values[j] = high_precision.evaluate(mp, row, operands) + residuals[j]
    return values.get(root, mp.nan)


def float_replay(tape: Tape, root: int, i: int, x: float) -> float:
    """Return the result with input i replaced by x, the rows run again on floats.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> tape = Tape([x * x], [x])
    >>> float_replay(tape, tape.roots[0], 0, 3.0)
    9.0
    """
    moved = [tape.data[j] if j >= 0 else math.nan for j in tape.inputs]
    moved[i] = x

    def run(j: int, row: Primitive, *operands: float) -> float:
        return row.function(*operands) if j <= root else math.nan

    return tape.replay(moved, float, run)[root]
