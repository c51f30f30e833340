"""Which nodes of a graph to show: all, groups of them, or those nearest to one of them.

More than a few hundred boxes can neither be read nor laid out in reasonable time, so a picture
has a limit, and says how much it leaves out.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from typing import Any, TypeAlias

from autograd.display.chain.terms import Names
from autograd.display.picture.expand import chosen, mixed
from autograd.display.picture.format import count_text, label_text
from autograd.display.picture.grouping import Group, connect, inputs, layers, neurons
from autograd.display.picture.highlight import Highlight, labelled, outputs_of
from autograd.display.picture.picture import Marks, Picture, Unit, operands_of, paint
from autograd.engine.backward import order
from autograd.engine.value import Value

# With expand=True. dot took 26 to 125 seconds for 5,000 nodes and about 1 for 1,000.
MOST_NODES = 2_000
# A cut keeps no more than this: a strip of 500 boxes is 60,000 pixels wide.
MOST_AFTER_CUT = 100
# Arrows for each node that may be shown. Two layers of n neurons make n² arrows.
ARROWS = 3
FIRST_OPERANDS = 10
LEVELS = ("layers", "neurons")
_NO_PARTS = "there are neither neurons nor layers to collapse to"
_BOTH_WAYS = "not collapsed, as its parts are computed from one another"


@dataclass(frozen=True, slots=True)
class _Choice:
    """The units to show, in topological order, the groups they stand for, and a note on it."""

    units: Sequence[Unit]
    groups: Mapping[Value, Group]
    note: str = ""


def view(
    z: Value,
    *,
    expand: Any,
    depth: int | None,
    max_nodes: int,
    around: Value | str | None = None,
    highlight: Any = None,
    outputs: Sequence[Value] | None = None,
) -> Picture:
    """Return the picture of z's graph within the limits; see `draw`."""
    graph = _Graph(z, max_nodes)
    lit = None if highlight is None else Highlight(z, graph.nodes, highlight)
    choice = graph.choose(expand, as_is=depth is not None or around is not None)
    elsewhere: set[Unit] = set()
    limit = MOST_NODES if expand is True else max_nodes
    if around is not None:
        choice, elsewhere = graph.near(choice, around, 1 if depth is None else depth, limit)
    elif depth is not None:
        near = _nearest(choice, choice.groups.get(z, z), _downward, depth, limit)
        choice = _Choice(near.units, near.groups, "; ".join(filter(None, [choice.note, near.note])))
    marks = Marks(
        outputs=graph.outputs(outputs), used_elsewhere=elsewhere, called=Names(graph.nodes)
    )
    if lit is not None:
        marks = replace(marks, uses=lit.uses, nodes=lit.nodes, names=lit.names)
    picture = paint(z, choice.units, choice.groups, graph.place, marks)
    if z.op is None:
        picture.notes.append("a leaf: nothing that it was computed from is recorded")
    picture.notes += [note for note in (choice.note, lit.note if lit else "") if note]
    return picture


class _Graph:
    """A graph and the ways to show it."""

    def __init__(self, z: Value, max_nodes: int) -> None:
        self.z = z
        self.nodes = order(z)
        self.place = {node: i for i, node in enumerate(self.nodes)}
        self.max_nodes = max_nodes

    @cached_property
    def neurons(self) -> list[Group]:
        return neurons(self.nodes)

    def choose(self, expand: Any, *, as_is: bool) -> _Choice:
        """Return the choice before anything is cut off.

        Args:
            expand: see `draw`.
            as_is: whether a part will be cut out anyway, so that no limit is kept to here.
        """
        plain = _Choice(self.nodes, {})
        if expand is True:
            if as_is or _fits(plain, MOST_NODES):
                return plain
            choice = _nearest(plain, self.z, _downward, None, MOST_NODES)
            note = f"expand=True shows {count_text(MOST_NODES, 'node')} at most"
            return _Choice(choice.units, {}, note)
        if expand is False:
            if as_is or _fits(plain, self.max_nodes):
                return plain
            by_neuron = islice(self._levels("neurons"), 1)
            by_layer = islice(self._levels("layers"), 2)
            return self._first_that_fits(chain(by_neuron, by_layer), as_is)
        if not isinstance(expand, str) or expand not in LEVELS:
            return self._first_that_fits(self._opened(expand), as_is)
        if self.neurons:
            return self._first_that_fits(self._levels(expand), as_is)
        choice = self.choose(False, as_is=as_is)
        return _Choice(choice.units, {}, "; ".join(filter(None, [_NO_PARTS, choice.note])))

    def _levels(self, level: str) -> Iterator[_Grouping]:
        """Yield groupings to neurons or layers, without inputs in groups and with them."""
        noun = level[:-1]
        found = self.neurons if level == "neurons" else layers(self.neurons, self.nodes)
        yield found, self._collapsed(found, noun)
        yield [*found, *inputs(found, self.nodes)], self._collapsed(found, noun)
        if level == "layers":
            split = layers(self.neurons, self.nodes, by_depth=True)
            if len(split) > len(found):  # where layers are computed from one another
                yield split, self._collapsed(split, noun)
                yield [*split, *inputs(split, self.nodes)], self._collapsed(split, noun)

    def _collapsed(self, found: Sequence[Group], noun: str) -> str:
        return f"{count_text(len(self.nodes), 'node')} collapsed to {count_text(len(found), noun)}"

    def _opened(self, expand: Any) -> Iterator[_Grouping]:
        """Yield layers with a part of them shown node by node, then as neurons."""
        wanted = chosen(expand, self.neurons, self.nodes)
        if not wanted:  # nothing that was named would have been hidden
            yield from self._levels("layers")
            return
        names = list(dict.fromkeys(group.title for group in self.neurons if group in wanted))
        part = label_text(names[0]) if len(names) == 1 else count_text(len(names), "neuron")
        nodes = sum(len(group.members) + len(group.parameters) for group in wanted)
        rest = len(wanted) < len(self.neurons)
        by_node = f"{part} node by node, the rest collapsed to layers" if rest else ""
        by_neuron = f"{part} of {count_text(nodes, 'node')} collapsed to neurons" + (
            ", the rest to layers" if rest else ""
        )
        for shown in (by_node, by_neuron) if nodes <= self.max_nodes else (by_neuron,):
            for by_depth in (False, True):
                found = mixed(wanted, self.neurons, self.nodes,
                              by_node=shown is by_node, by_depth=by_depth)  # fmt: skip
                yield found, shown

    def _first_that_fits(self, groupings: Iterable[_Grouping], as_is: bool) -> _Choice:
        """Return the first grouping within the limits, or the nearest part of the last.

        With `as_is` the last is returned whole.
        """
        last = _Choice(self.nodes, {})
        for found, note in groupings:
            if len(found) > self.max_nodes:
                continue
            connect(found, self.nodes)
            inside: dict[Value, Group] = {}
            for group in found:
                for node in (*group.members, *group.parameters):
                    inside.setdefault(node, group)
            # Where all that there is was named nothing is left to collapse.
            arranged = self.nodes if not note else _arranged(self.nodes, inside) if inside else None
            if arranged is None:
                continue
            last = _Choice(arranged, inside, note)
            if _fits(last, self.max_nodes):
                return _Choice(arranged, inside, f"{note}; {self._more}" if note else "")
        if as_is:
            return last
        if not last.groups and _fits(last, self.max_nodes):
            return _Choice(self.nodes, {}, _BOTH_WAYS if self.neurons else _NO_PARTS)
        top = last.groups.get(self.z, self.z)
        choice = _nearest(last, top, _downward, None, min(self.max_nodes, MOST_AFTER_CUT))
        advice = f"draw(z, depth=k) shows k levels; {self._more}"
        return _Choice(choice.units, last.groups, f"{last.note}; {advice}" if last.note else advice)

    @property
    def _more(self) -> str:
        n = len(self.nodes)
        return f"expand=True shows {'all' if n <= MOST_NODES else f'up to {MOST_NODES:,}'}"

    def near(
        self, choice: _Choice, around: Value | str, depth: int, limit: int
    ) -> tuple[_Choice, set[Unit]]:
        """Return the units at most `depth` arrows from a node, and those with further uses."""
        node = self._node(around)
        users: dict[Unit, list[Unit]] = {}
        for unit in choice.units:
            for x in operands_of(unit):
                users.setdefault(choice.groups.get(x, x), []).append(unit)

        def both(unit: Unit) -> list[Unit]:
            return [*_downward(unit, choice.groups), *users.get(unit, ())]

        start = choice.groups.get(node, node)
        found = _nearest(choice, start, lambda unit, _: both(unit), depth, limit)
        shown = set(found.units)
        elsewhere = {unit for unit in shown if not shown.issuperset(users.get(unit, ()))}
        name = label_text(node.label) or "a node"
        levels = count_text(depth, "arrow")
        notes = [*filter(None, [choice.note, f"at most {levels} from {name}", found.note])]
        return _Choice(found.units, choice.groups, "; ".join(notes)), elsewhere

    def _node(self, around: Any) -> Value:
        if isinstance(around, str):
            found = labelled(self.nodes, around)
            if len(found) > 1:
                raise ValueError(
                    f"{len(found)} nodes are labelled {label_text(around)!r}: give the node itself"
                )
            return found[0]
        if not isinstance(around, Value):
            raise TypeError(f"around is a node or its label, got {around!r:.60}")
        self._require(around, "{}: it is not in the graph to draw")
        return around

    def _require(self, v: Value, foreign: str) -> None:
        """Refuse a node outside the graph, by its name, with a way out."""
        if v not in self.place:
            name = label_text(v.label) or repr(v)
            raise ValueError(f"z does not depend on {foreign.format(name)}")

    def outputs(self, outputs: Sequence[Value] | Value | None) -> Sequence[Value]:
        """Return the nodes to mark with the way they should go."""
        if outputs is None:
            return outputs_of(self.z, self.nodes, self.neurons)
        given: list[Any] = [outputs] if isinstance(outputs, Value) else [None]
        if isinstance(outputs, list | tuple):
            given = [*outputs]
        for v in given:
            if not isinstance(v, Value):
                raise TypeError(f"outputs is a list of Values, got {outputs!r:.60}")
            self._require(v, "the output {}: leave it out")
        return given


_Grouping: TypeAlias = tuple[Sequence[Group], str]


def _fits(choice: _Choice, limit: int) -> bool:
    """Tell whether all boxes of a choice, and the arrows between them, can be drawn."""
    if len(choice.units) > limit:
        return False
    groups = choice.groups
    if not groups:
        return sum(len(operands_of(unit)) for unit in choice.units) <= ARROWS * limit
    arrows = {(groups.get(x, x), unit) for unit in choice.units for x in operands_of(unit)}
    return len(arrows) <= ARROWS * limit


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


def _downward(unit: Unit, groups: Mapping[Value, Group]) -> list[Unit]:
    return [groups.get(x, x) for x in operands_of(unit)]


def _nearest(
    choice: _Choice,
    start: Unit,
    neighbours: Callable[[Unit, Mapping[Value, Group]], list[Unit]],
    depth: int | None,
    limit: int,
) -> _Choice:
    """Return the units at most `depth` arrows from one; fewer levels where they are too many.

    Of a level that does not fit nothing is shown, or as much as fits where the limit is the
    last one; of the neighbours of the first the first few are shown in any case.
    """
    shown: dict[Unit, None] = {start: None}
    level: list[Unit] = [start]
    arrows = 0
    note = ""
    levels = 0
    while level and (depth is None or levels < depth):
        near = [neighbours(unit, choice.groups) for unit in level]
        arrows += sum(map(len, near))
        below = [unit for units in near for unit in units]
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
    units = [unit for unit in choice.units if unit in shown]
    return _Choice(units, choice.groups, note)
