"""Places in a row: as near as possible to those that are wanted, in order and without overlap."""

from collections.abc import Sequence
from typing import Protocol


class _Placed(Protocol):
    height: float
    gap: float
    y: float


def settle(row: Sequence[_Placed], wanted: Sequence[float]) -> None:
    """Set y nearest to `wanted` in least squares, in order and without overlap.

    Pool adjacent violators: R. Barlow et al., "Statistical inference under order restrictions",
    1972, section 1.2, on the heights less the room that the items before take.
    """
    offset, offsets = 0.0, [0.0] * len(row)
    for i in range(1, len(row)):
        a, b = row[i - 1], row[i]
        offset += (a.height + b.height) / 2 + max(a.gap, b.gap)
        offsets[i] = offset
    blocks: list[tuple[float, int]] = []
    for i in range(len(row)):
        total, n = wanted[i] - offsets[i], 1
        while blocks and blocks[-1][0] * n >= total * blocks[-1][1]:
            before, m = blocks.pop()
            total, n = total + before, n + m
        blocks.append((total, n))
    i = 0
    for total, n in blocks:
        for _ in range(n):
            row[i].y = total / n + offsets[i]
            i += 1
