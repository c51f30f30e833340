"""The slopes of a whole recorded graph on the two sides of a point, for where edges are in doubt.

A kink on one edge need not be a kink of the result: max(x, x) is x, and what a rule selects with
`equal` moves together. Replaying the graph a little to each side settles it.
"""

import math
from typing import Any

from autograd.check import differences, precise
from autograd.check.estimate import Estimate
from autograd.check.tape import Tape
from autograd.row import Primitive


def side_slopes(tape: Tape, root: int, i: int, noise: float = 0.0) -> Estimate:
    """Return the slope of a result along one input, with both one-sided slopes.

    At high precision each entry keeps the rounding it was recorded with, as a constant added to
    it: the replay passes exactly through the recorded numbers, so kinks lie where the floats met
    them and the slope is that of the recorded computation.

    Args:
        tape: the recorded graph.
        root: the place of the result.
        i: which input.
        noise: the size of rounding errors in the result, for plain differences.

    >>> from autograd import Value, maximum
    >>> x = Value(2.0)
    >>> tape = Tape([maximum(x, x)], [x])
    >>> side_slopes(tape, tape.roots[0], 0).value
    1.0
    """
    place = tape.inputs[i]
    if place < 0 or not tape.depends[root] >> i & 1:
        return Estimate(0.0, 0.0, 0.0, precise.ORACLE, 0.0, 0.0)
    x = tape.data[place]
    if precise.context() is not None:
        residuals: dict[int, dict[int, Any]] = {}

        def moved(mp: Any, t: Any) -> Any:
            known = residuals.setdefault(mp.prec, {})
            return _replayed(mp, tape, root, i, t, known)

        found = precise.derivative(moved, abs(x) or 1.0)
        if found.sound or found.trouble in (precise.KINK, precise.EDGE, precise.JUMP):
            return found
    return differences.richardson(lambda y: float_replay(tape, root, i, y), x, noise=noise)


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
            residuals[j] = mp.mpf(tape.data[j]) - precise.evaluate(mp, row, recorded)
        operands = [values.get(k, mp.mpf(tape.data[k])) for k in tape.operands[j]]
        values[j] = precise.evaluate(mp, row, operands) + residuals[j]
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
