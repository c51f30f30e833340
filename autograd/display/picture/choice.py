"""A choice of the boxes of a picture, and the questions that are asked of one.

Whether all of it can be drawn, in which order its nodes and groups stand, and which lie nearest to
one of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from autograd.display.picture.grouping import Group
from autograd.display.picture.picture import Unit, operands_of
from autograd.engine.value import Value

# With expand=True. dot took 26 to 125 seconds for 5,000 nodes and about 1 for 1,000.
MOST_NODES = 2_000
# Arrows for each node that may be shown. Two layers of n neurons make n² arrows.
ARROWS = 3
FIRST_OPERANDS = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """The units to show, in topological order, the groups they stand for, and a note on it."""

    units: Sequence[Unit]
    groups: Mapping[Value, Group]
    note: str = ""


def can_be_drawn(choice: Choice, limit: int) -> bool:
    """Tell whether all boxes of a choice, and the arrows between them, can be drawn."""
    if len(choice.units) > limit:
        return False
    groups = choice.groups
    if not groups:
        return sum(len(operands_of(unit)) for unit in choice.units) <= ARROWS * limit
    arrows = {(groups.get(x, x), unit) for unit in choice.units for x in operands_of(unit)}
    return len(arrows) <= ARROWS * limit


def arranged(nodes: Sequence[Value], groups: Mapping[Value, Group]) -> list[Unit] | None:
    """Return nodes and groups in topological order, or None if groups depend on each other."""
    first: dict[Unit, int] = {}
    for i, node in enumerate(nodes):
        first.setdefault(groups.get(node, node), i)
    waiting: dict[Unit, int] = {}
    users: dict[Unit, list[Unit]] = {}
    for unit in first:
        before = {groups.get(x, x) for x in operands_of(unit)} - {unit}
        waiting[unit] = len(before)
        for x in before:
            users.setdefault(x, []).append(unit)
    # Of the units that are ready, the one that was begun first: the order does not depend on sets.
    ready = [(first[unit], unit) for unit, n in waiting.items() if n == 0]
    heapq.heapify(ready)
    placed: list[Unit] = []
    while ready:
        _, unit = heapq.heappop(ready)
        placed.append(unit)
        for user in users.get(unit, ()):
            waiting[user] -= 1
            if waiting[user] == 0:
                heapq.heappush(ready, (first[user], user))
    return placed if len(placed) == len(first) else None


def downward(unit: Unit, groups: Mapping[Value, Group]) -> list[Unit]:
    """Return the units that one is computed from."""
    return [groups.get(x, x) for x in operands_of(unit)]


def _levels(
    choice: Choice, start: Unit, neighbours: Callable[[Unit, Mapping[Value, Group]], list[Unit]]
) -> Iterator[tuple[list[Unit], int]]:
    """Yield the units one arrow from a unit, two and so on, with how many arrows lead there."""
    shown = {start}
    level = [start]
    while level:
        near = [x for unit in level for x in neighbours(unit, choice.groups)]
        level = [unit for unit in dict.fromkeys(near) if unit not in shown]
        shown.update(level)
        yield level, len(near)


def nearest(
    choice: Choice,
    start: Unit,
    neighbours: Callable[[Unit, Mapping[Value, Group]], list[Unit]],
    depth: int | None,
    limit: int,
) -> Choice:
    """Return the units at most `depth` arrows from one; fewer levels where they are too many.

    Of a level that does not fit nothing is shown, or as much as fits where the limit is the
    last one; of the neighbours of the first the first few are shown in any case.
    """
    shown = {start}
    arrows = 0
    note = ""
    for level, more in islice(_levels(choice, start, neighbours), depth):
        arrows += more
        if len(shown) + len(level) > limit or arrows > ARROWS * limit:
            if limit == MOST_NODES or len(shown) == 1:
                room = limit - len(shown)
                few = room if limit == MOST_NODES else min(room, FIRST_OPERANDS)
                shown.update(level[:few])
            if depth is not None:
                note = f"depth={depth} has more than max_nodes={limit} nodes"
            break
        shown.update(level)
    return Choice([unit for unit in choice.units if unit in shown], choice.groups, note)


def closest(choice: Choice, start: Unit, few: int) -> list[Unit]:
    """Return the units that the fewest arrows lead to from one, in topological order."""
    below = chain.from_iterable(level for level, _ in _levels(choice, start, downward))
    shown = {start, *islice(below, few - 1)}
    return [unit for unit in choice.units if unit in shown]
