"""A step of descent on another library's arrays: batches in blocks, and parameters in pieces.

What is done is the same on all of them: the optimiser's own operations, after the gradient was
clipped as the optimiser asks. A library brings the functions that `Ops` names.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from nn.elsewhere.text import divided, joined
from nn.optim.recorded import StepRule, StepThere, Together
from nn.validation import Array, Floats


class Ops(Protocol):
    """What a step asks of a library."""

    def apply(self, name: str, operands: Sequence[Any]) -> Any:
        """Return the result of a function that NumPy has under that name."""
        ...

    def concat(self, arrays: Sequence[Any]) -> Any:
        """Return arrays as one."""
        ...

    def put(self, array: Any, index: Array, values: Any) -> Any:
        """Return an array with other values at some places."""
        ...

    def shortened(self, pieces: list[Any], some: list[Any], most: Any) -> list[Any]:
        """Return pieces of a gradient, shorter where those of `some` are longer than `most`."""
        ...


class Trained(Protocol):
    """The parameters of a run, and what its optimiser remembers, on a device."""

    def load(self, theta: Floats, memory: Sequence[Array]) -> None:
        """Take over numbers."""

    def descend(self, rows: Sequence[Array], size: int, step: StepThere) -> tuple[float, float]:
        """Take a step on a batch; return its mean loss, and the square of its gradient's length.

        Where one of the two is not finite, nothing has moved.
        """
        ...

    def gradient(self, rows: Sequence[Array], size: int) -> tuple[float, Floats]:
        """Return the mean loss of a batch and its gradient."""
        ...

    def numbers(self) -> tuple[Floats, list[Floats]]:
        """Return the parameters and the memory as they are now."""
        ...


def blocks(rows: Sequence[Array], size: int, many: int) -> tuple[list[Any], list[Any]]:
    """Return a batch as blocks of parts: what the devices divide, and the rows left over.

    Args:
        rows: the batch's arrays, all with as many rows.
        size: how many rows are computed at once.
        many: how many devices there are.

    Returns:
        Two lists of blocks. A block is a tuple of arrays of shape (parts, rows, ...).

    >>> main, rest = blocks([np.arange(11)], 4, 3)
    >>> [block[0].tolist() for block in main], [block[0].tolist() for block in rest]
    ([[[0, 1, 2], [4, 5, 6]], [[8, 9, 10]]], [[[3], [7]]])
    """
    main: list[Any] = []
    rest: list[Any] = []
    count = len(rows[0])
    if many == 1 and count <= size:  # most often, and at once
        return [tuple([x[None] for x in rows])], rest
    whole = count // size * size
    for begin, end, part in ((0, whole, size), (whole, count, count - whole)):
        if begin == end:
            continue
        stacked = [x[begin:end].reshape(-1, part, *x.shape[1:]) for x in rows]
        even = part // many * many
        if even:
            main.append(tuple([x[:, :even] for x in stacked]))
        if even < part:
            rest.append(tuple([x[:, even:] for x in stacked]))
    return main, rest


def moved(
    ops: Ops,
    step: StepThere,
    numbers: Any,
    theta: list[Any],
    slopes: list[Any],
    memory: list[list[Any]],
    cuts: Sequence[int],
) -> tuple[list[Any], list[list[Any]]]:
    """Return the parameters and the memory after a step, in pieces as they are given.

    Args:
        ops: the library's functions.
        step: what is done; of its numbers, those given here are taken.
        numbers: of the step, by their places.
        theta: the parameters.
        slopes: their gradient.
        memory: what is remembered: for each name, pieces. Of another length than the parameters
            where the optimiser holds some of them only; then in one piece.
        cuts: where the pieces begin.
    """
    rules = step.rules
    if step.is_clipped:
        least = ops.apply("negative", [numbers[0]])
        low = [ops.apply("minimum", [x, numbers[0]]) for x in slopes]
        slopes = [ops.apply("maximum", [x, least]) for x in low]
    if step.is_shortened:
        own = slopes if step.is_whole else _own(ops, step, slopes)
        slopes = ops.shortened(slopes, own, numbers[1])
    if step.is_whole and rules[0].is_elementwise:
        found = [
            rules[0].applied(ops.apply, numbers, [x, g, *kept])
            for x, g, kept in zip(theta, slopes, _by_piece(memory, len(theta)), strict=True)
        ]
        return [x for x, *_ in found], [list(m) for m in zip(*[m for _, *m in found], strict=True)]
    x, g, *kept = [joined(pieces, ops.concat) for pieces in (theta, slopes, *memory)]
    count = sum([len(piece) for piece in theta])
    for group, rule in zip(step.groups, rules, strict=True):
        x, kept = _group_moved(ops, group, rule, numbers, x, g, kept)
    own_cuts = [cuts if len(pieces) > 1 else () for pieces in memory]
    return divided(x, cuts, count, ops.concat), [
        divided(m, some, len(m), ops.concat) for m, some in zip(kept, own_cuts, strict=True)
    ]


def _by_piece(memory: list[list[Any]], count: int) -> list[tuple[Any, ...]]:
    return list(zip(*memory, strict=True)) if memory else [()] * count


def _own(ops: Ops, step: StepThere, slopes: list[Any]) -> list[Any]:
    """Return the slopes of those that move."""
    whole = joined(slopes, ops.concat)
    return [whole if group.there is None else whole[group.there] for group in step.groups]


def _group_moved(
    ops: Ops, group: Together, rule: StepRule, numbers: Any, x: Any, g: Any, kept: list[Any]
) -> tuple[Any, list[Any]]:
    """Return parameters and memory after those of a group have moved."""
    there, own = group.there, group.own
    some = [x, g] if there is None else [x[there], g[there]]
    some += kept if own is None else [m[own] for m in kept]
    new, *remembered = rule.applied(ops.apply, numbers, some)
    if own is not None:
        remembered = [ops.put(m, own, y) for m, y in zip(kept, remembered, strict=True)]
    return new if there is None else ops.put(x, there, new), remembered


def in_pieces(theta: Floats, memory: Sequence[Array], cuts: Sequence[int]) -> list[list[Array]]:
    """Return parameters and memory as pieces, the memory of some parameters in one."""
    parts = [np.split(x, cuts) if len(x) == len(theta) else [x] for x in memory]
    return [np.split(theta, cuts), *parts]
