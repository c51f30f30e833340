"""Forward mode: tangents swept from the inputs to the result, by the rows' own partials.

It shares the rules with the backward pass but not the chain rule: where the two differ, the sweep
is at fault and not a rule.
"""

from typing import Any

from autograd.check.judge.chain import partials_of
from autograd.check.oracles.estimate import Estimate
from autograd.check.oracles.tape import Tape, recorded

ORACLE = "forward mode"
_UNIT = 2.0**-52


def forward_mode(f: Any, *inputs: Any) -> list[Estimate]:
    """Return the derivative of f by each number of its inputs, one forward sweep for each.

    Args:
        f: takes Values and nested lists of them, returns one Value or number.
        *inputs: numbers, nested lists or arrays of numbers.

    Source: R. E. Wengert, "A simple automatic derivative evaluation program", Communications of
    the ACM 7(8), 1964.

    >>> [slope.value for slope in forward_mode(lambda x, y: x * x * y, 3.0, 2.0)]
    [12.0, 9.0]
    """
    tape, count = recorded(f, inputs)
    if tape is None:
        return [Estimate(0.0, 0.0, 0.0, ORACLE)] * count
    partials = local_partials(tape)
    return [_swept(tape, partials, i) for i in range(count)]


def local_partials(tape: Tape) -> list[list[float]]:
    """Return each entry's partials at the numbers it was called with, by its rule."""
    return [
        partials_of(row, tape.data[i], tape.taken(i)) if row is not None and tape.active[i] else []
        for i, row in enumerate(tape.rows)
    ]


def _swept(tape: Tape, partials: list[list[float]], i: int) -> Estimate:
    tangent, size = [0.0] * len(tape), [0.0] * len(tape)
    if tape.inputs[i] >= 0:
        tangent[tape.inputs[i]] = size[tape.inputs[i]] = 1.0
    for j, row in enumerate(tape.rows):
        if row is None or not tape.depends[j] >> i & 1:
            continue
        for k, d in zip(tape.operands[j], partials[j], strict=True):
            if tape.depends[k] >> i & 1:
                tangent[j] += d * tangent[k]
                size[j] += abs(d) * size[k]
    root = tape.roots[0]
    return Estimate(tangent[root], _UNIT * len(tape) * size[root], 0.0, ORACLE)
