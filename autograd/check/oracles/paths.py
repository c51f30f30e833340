"""The chain rule as it is first written: the sum over all paths of the products along them.

It costs as many products as there are paths, exponentially many in a graph with shared nodes, so
it is for small graphs: there it is the definition that every faster sweep must agree with.
"""

from typing import Any

from autograd import asked
from autograd.check.oracles.estimate import Estimate
from autograd.check.oracles.forward import local_partials
from autograd.check.oracles.tape import Tape, recorded

ORACLE = "sum over paths"
_UNIT = 2.0**-52


def count_paths(tape: Tape, root: int, place: int) -> int:
    """Return how many paths lead from an entry to the result, without walking them.

    >>> from autograd import Value
    >>> x = Value(1.0)
    >>> y = x
    >>> for _ in range(20):
    ...     y = y + y
    >>> tape = Tape([y], [x])
    >>> count_paths(tape, tape.roots[0], tape.inputs[0])
    1048576
    """
    paths = [0] * (root + 1)
    paths[root] = 1
    for i in range(root, place, -1):
        if paths[i]:
            for j in tape.operands[i]:
                paths[j] += paths[i]
    return paths[place]


def sum_over_paths(f: Any, *inputs: Any, limit: int = 100_000) -> list[Estimate]:
    """Return the derivative of f by each number of its inputs, path by path.

    Args:
        f: takes Values and nested lists of them, returns one Value or number.
        *inputs: numbers, nested lists or arrays of numbers.
        limit: the largest number of paths to walk for one input.

    Raises:
        ValueError: if an input has more paths than that.

    Source: F. L. Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical
    Analysis 11(1), 1974.

    >>> [slope.value for slope in sum_over_paths(lambda x, y: x * x * y, 3.0, 2.0)]
    [12.0, 9.0]
    """
    limit = asked.whole("limit", limit, at_least=0)
    tape, count = recorded(f, inputs)
    if tape is None:
        return [Estimate(0.0, 0.0, 0.0, ORACLE)] * count
    partials, root = local_partials(tape), tape.roots[0]
    return [_walked(tape, partials, root, place, limit) for place in tape.inputs]


def _walked(tape: Tape, partials: list[list[float]], root: int, place: int, limit: int) -> Estimate:
    if place < 0:
        return Estimate(0.0, 0.0, 0.0, ORACLE)
    paths = count_paths(tape, root, place)
    if paths > limit:
        raise ValueError(
            f"{paths} paths lead from the input to the result, more than the limit of {limit}: "
            "use forward_mode, or give a larger limit"
        )
    bit = tape.depends[place]
    total = size = 0.0
    # Paths underway, from the result down: where each has come to, and its product so far.
    underway = [(root, 1.0)]
    while underway:
        i, product = underway.pop()
        if i == place:
            total += product
            size += abs(product)
        for j, d in zip(tape.operands[i], partials[i], strict=False):
            if tape.depends[j] & bit:
                underway.append((j, product * d))
    return Estimate(total, _UNIT * (paths + len(tape)) * size, 0.0, ORACLE)
