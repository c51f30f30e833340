"""Which nodes of a graph to show: all, groups of them, or those nearest to the result.

More than a few hundred boxes can neither be read nor laid out in reasonable time, so a picture
has a limit, and what it leaves out it says.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograd.backward import order
from autograd.display.collapse import Group, connect, inputs, layers, neurons
from autograd.display.picture import Picture, Unit, operands_of, paint
from autograd.display.words import count_text
from autograd.value import Value

# With expand=True. dot took 26 to 125 seconds for 5,000 nodes and about 1 for 1,000.
MOST_NODES = 2_000
# A cut keeps no more than this: a strip of 500 boxes is 60,000 pixels wide.
MOST_AFTER_CUT = 100
# Arrows for each node that may be shown. Two layers of n neurons make n² arrows.
ARROWS = 3
FIRST_OPERANDS = 10


@dataclass(frozen=True, slots=True)
class _Choice:
    units: Sequence[Unit]
    groups: Mapping[Value, Group]
    note: str = ""


def view(z: Value, *, expand: bool, depth: int | None, max_nodes: int) -> Picture:
    """Return the picture of z's graph within the limits; see `draw`."""
    nodes = order(z)
    place = {node: i for i, node in enumerate(nodes)}
    if depth is not None:
        limit = MOST_NODES if expand else max_nodes
        choice = _nearest(z, nodes, {}, depth, limit)
    elif expand:
        choice = _Choice(nodes, {})
        if not _fits(nodes, MOST_NODES):
            choice = _nearest(z, nodes, {}, None, MOST_NODES)
            choice = _Choice(
                choice.units, {}, f"expand=True shows {count_text(MOST_NODES, 'node')} at most"
            )
    elif _fits(nodes, max_nodes):
        choice = _Choice(nodes, {})
    else:
        choice = _collapsed(z, nodes, max_nodes)
    picture = paint(z, choice.units, choice.groups, place)
    if choice.note:
        picture.notes.append(choice.note)
    return picture


def _fits(units: Sequence[Unit], limit: int) -> bool:
    """Tell whether so many boxes, and the arrows between them, can be drawn."""
    if len(units) > limit:
        return False
    return sum(len(operands_of(unit)) for unit in units) <= ARROWS * limit


def _collapsed(z: Value, nodes: list[Value], limit: int) -> _Choice:
    """Return the graph as neurons, or as layers, or what is nearest to z of the last of these."""
    groups: Mapping[Value, Group] = {}
    units: Sequence[Unit] = nodes
    note = ""
    for found, noun in _groupings(nodes):
        if len(found) > limit:
            continue
        connect(found, nodes)
        inside: dict[Value, Group] = {}
        for group in found:
            for node in (*group.members, *group.parameters):
                inside.setdefault(node, group)
        arranged = _arranged(nodes, inside) if inside else None
        if arranged is None:
            continue
        groups, units = inside, arranged
        n = sum(1 for group in found if group.title != "inputs")
        note = f"{count_text(len(nodes), 'node')} collapsed to {count_text(n, noun)}"
        arrows = {(inside.get(x, x), unit) for unit in units for x in operands_of(unit)}
        if len(units) <= limit and len(arrows) <= ARROWS * limit:
            return _Choice(units, groups, f"{note}; {_more(len(nodes))}")
    choice = _nearest(z, units, groups, None, min(limit, MOST_AFTER_CUT))
    advice = f"draw(z, depth=k) shows k levels; {_more(len(nodes))}"
    return _Choice(choice.units, groups, f"{note}; {advice}" if note else advice)


def _groupings(nodes: Sequence[Value]) -> Iterator[tuple[list[Group], str]]:
    """Yield neurons, layers, and layers with their inputs; each is found only when asked for."""
    single = neurons(nodes)
    yield single, "neuron"
    merged = layers(single, nodes)
    yield merged, "layer"
    yield [*merged, *inputs(merged, nodes)], "layer"


def _more(n: int) -> str:
    return f"expand=True shows {'all' if n <= MOST_NODES else f'up to {MOST_NODES:,}'}"


def _arranged(nodes: Sequence[Value], groups: Mapping[Value, Group]) -> list[Unit] | None:
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
    arranged: list[Unit] = []
    while ready:
        _, unit = heapq.heappop(ready)
        arranged.append(unit)
        for user in users.get(unit, ()):
            waiting[user] -= 1
            if waiting[user] == 0:
                heapq.heappush(ready, (first[user], user))
    return arranged if len(arranged) == len(first) else None


def _nearest(
    z: Value,
    units: Sequence[Unit],
    groups: Mapping[Value, Group],
    depth: int | None,
    limit: int,
) -> _Choice:
    """Return the units at most `depth` arrows from z; fewer levels where they are too many.

    Of a level that does not fit nothing is shown, or as much as fits where the limit is the
    last one; of the operands of z the first few are shown in any case.
    """
    top = groups.get(z, z)
    shown: dict[Unit, None] = {top: None}
    level: list[Unit] = [top]
    arrows = 0
    note = ""
    levels = 0
    while level and (depth is None or levels < depth):
        arrows += sum(len(operands_of(unit)) for unit in level)
        below = [groups.get(x, x) for unit in level for x in operands_of(unit)]
        following = [unit for unit in dict.fromkeys(below) if unit not in shown]
        if len(shown) + len(following) > limit or arrows > ARROWS * limit:
            if limit == MOST_NODES or len(shown) == 1:
                room = limit - len(shown)
                few = room if limit == MOST_NODES else min(room, FIRST_OPERANDS)
                shown.update(dict.fromkeys(following[:few]))
            if depth is not None:
                note = f"depth={depth} has more than max_nodes={limit} nodes"
            break
        shown.update(dict.fromkeys(following))
        level = following
        levels += 1
    return _Choice([unit for unit in units if unit in shown], groups, note)
