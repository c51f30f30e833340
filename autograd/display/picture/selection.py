"""Which nodes of a graph to show: all, groups of them, or those nearest to one of them.

More than a few hundred boxes can neither be read nor laid out in reasonable time, so a picture
has a limit, and says how much it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice
from typing import Any, TypeAlias

from autograd.display.chain.terms import Names
from autograd.display.format import count_text, label_text
from autograd.display.picture.choice import (
    MOST_NODES,
    Choice,
    arranged,
    can_be_drawn,
    closest,
    downward,
    nearest,
)
from autograd.display.picture.expand import chosen, mixed
from autograd.display.picture.grouping import Group, connect, inputs, layers, neurons
from autograd.display.picture.highlight import Highlight, labelled, outputs_of
from autograd.display.picture.picture import Marks, Picture, Unit, operands_of, paint
from autograd.display.picture.roles import fans
from autograd.engine.backward import order
from autograd.engine.value import Value

# A cut keeps no more than this: a strip of 500 boxes is 60,000 pixels wide.
MOST_AFTER_CUT = 100
MAX_NODES = 500
# The numbers of boxes to try, where a picture has to fit and nothing can be grouped.
CUTS = (60, 40, 28, 20, 14, 10, 7, 5, 3)
LEVELS = ("layers", "neurons")
_NO_PARTS = "there are neither neurons nor layers to collapse to"
_BOTH_WAYS = "not collapsed, as its parts are computed from one another"


def views(
    z: Value,
    *,
    expand: Any,
    depth: int | None,
    max_nodes: int | None,
    around: Value | str | None = None,
    highlight: Any = None,
    outputs: Sequence[Value] | None = None,
    most_boxes: int,
) -> Iterator[Picture]:
    """Yield the pictures of z's graph, the one that shows most first; see `draw`.

    Where a part or a number of nodes was asked for there is one picture, and else several, for
    the first that fits where it is shown.

    Args:
        z: the result.
        expand: as in `draw`, and so are those below.
        depth: as in `draw`.
        max_nodes: as in `draw`; None for as many as fit.
        around: as in `draw`.
        highlight: as in `draw`.
        outputs: as in `draw`.
        most_boxes: the largest number of boxes that could fit.
    """
    graph = _Graph(z, MAX_NODES if max_nodes is None else max_nodes)
    lit = None if highlight is None else Highlight(z, graph.nodes, highlight)
    marks = Marks(outputs=graph.outputs(outputs), called=Names(graph.nodes))
    if lit is not None:
        marks = replace(marks, uses=lit.uses, nodes=lit.nodes, names=lit.names)
    if expand is False and depth is None and around is None and max_nodes is None:
        choices = ((choice, set[Unit]()) for choice in graph.fitting(most_boxes))
    else:
        choices = iter([graph.chosen(expand, depth, around)])
    for choice, elsewhere in choices:
        own = replace(marks, used_elsewhere=elsewhere)
        picture = paint(z, choice.units, choice.groups, graph.place, own)
        if z.op is None:
            picture.notes.append("a leaf: nothing that it was computed from is recorded")
        picture.notes += [note for note in (choice.note, lit.note if lit else "") if note]
        yield picture


def _joined(*notes: str) -> str:
    """Return notes in one line, without those that are empty."""
    return "; ".join(filter(None, notes))


_Grouping: TypeAlias = tuple[Sequence[Group], str]


class _Graph:
    """A graph and the ways to show it."""

    def __init__(self, z: Value, max_nodes: int) -> None:
        self.z = z
        self.nodes = order(z)
        self.place = {node: i for i, node in enumerate(self.nodes)}
        self.max_nodes = max_nodes

    def chosen(
        self, expand: Any, depth: int | None, around: Value | str | None
    ) -> tuple[Choice, set[Unit]]:
        """Return the one choice that was asked for, and the units with uses that are not shown."""
        choice = self.choose(expand, as_is=depth is not None or around is not None)
        limit = MOST_NODES if expand is True else self.max_nodes
        if around is not None:
            return self.near(choice, around, 1 if depth is None else depth, limit)
        if depth is not None:
            near = nearest(choice, choice.groups.get(self.z, self.z), downward, depth, limit)
            choice = Choice(near.units, near.groups, _joined(choice.note, near.note))
        return choice, set()

    def fitting(self, most: int) -> Iterator[Choice]:
        """Yield the choices for a picture that has to fit: all nodes, groups, the nearest nodes.

        Args:
            most: the largest number of boxes that could fit.
        """
        last = Choice(self.nodes, {})
        if len(self.nodes) <= most:
            yield last
        parts = [*map(self._levels, reversed(LEVELS)), self._layers_and_fans()]
        for found, note in chain(*(parts if self.neurons else ()), self._fans()):
            choice = self._grouped(found, note)
            if choice is None:
                continue
            if len(choice.units) < len(last.units):
                last = choice
            if len(choice.units) <= most:
                more = f"{note}, to fit; {self._more}"
                yield Choice(choice.units, choice.groups, more)
        top = last.groups.get(self.z, self.z)
        advice = f"the nodes nearest to the result, to fit; {self._more}"
        note = _joined(last.note, advice)
        for few in CUTS:
            units = closest(last, top, few)
            yield Choice(units, last.groups, note)

    def _layers_and_fans(self) -> Iterator[_Grouping]:
        """Yield layers, and groups of the nodes outside of them that play one part."""
        for found, note in self._levels("layers"):
            inside = {v: group for group in found for v in (*group.members, *group.parameters)}
            outside = fans(self.nodes, inside)
            if outside:
                yield [*found, *outside], f"{note} and {count_text(len(outside), 'group')}"

    def _fans(self) -> Iterator[_Grouping]:
        """Yield nodes that play one part in groups."""
        found = fans(self.nodes)
        grouped = sum(len(group.members) for group in found)
        if found:
            noun = count_text(len(found), "group")
            yield found, f"{count_text(grouped, 'node')} collapsed to {noun}"

    def _grouped(self, found: Sequence[Group], note: str) -> Choice | None:
        """Return a grouping as a choice; None where there is nothing to group, or no order."""
        connect(found, self.nodes)
        inside: dict[Value, Group] = {}
        for group in found:
            for node in (*group.members, *group.parameters):
                inside.setdefault(node, group)
        # Where all that there is was named nothing is left to collapse.
        in_order = self.nodes if not note else arranged(self.nodes, inside) if inside else None
        return None if in_order is None else Choice(in_order, inside, note)

    @cached_property
    def neurons(self) -> list[Group]:
        return neurons(self.nodes)

    def choose(self, expand: Any, *, as_is: bool) -> Choice:
        """Return the choice before anything is cut off.

        Args:
            expand: see `draw`.
            as_is: whether a part will be cut out anyway, so that no limit is kept to here.
        """
        plain = Choice(self.nodes, {})
        if expand is True:
            if as_is or can_be_drawn(plain, MOST_NODES):
                return plain
            choice = nearest(plain, self.z, downward, None, MOST_NODES)
            note = f"expand=True shows {count_text(MOST_NODES, 'node')} at most"
            return Choice(choice.units, {}, note)
        if expand is False:
            if as_is or can_be_drawn(plain, self.max_nodes):
                return plain
            by_neuron = islice(self._levels("neurons"), 1)
            by_layer = islice(self._levels("layers"), 2)
            return self._first_that_fits(chain(by_neuron, by_layer), as_is)
        if not isinstance(expand, str) or expand not in LEVELS:
            return self._first_that_fits(self._opened(expand), as_is)
        if self.neurons:
            return self._first_that_fits(self._levels(expand), as_is)
        choice = self.choose(False, as_is=as_is)
        return Choice(choice.units, {}, _joined(_NO_PARTS, choice.note))

    def _levels(self, level: str) -> Iterator[_Grouping]:
        """Yield groupings to neurons or layers, without inputs in groups and with them."""
        found = self.neurons if level == "neurons" else layers(self.neurons, self.nodes)
        noun = level[:-1] if all(group.is_neuron for group in found) else "part"
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

    def _first_that_fits(self, groupings: Iterable[_Grouping], as_is: bool) -> Choice:
        """Return the first grouping within the limits, or the nearest part of the last.

        With `as_is` the last is returned whole.
        """
        last = Choice(self.nodes, {})
        for found, note in groupings:
            if len(found) > self.max_nodes:
                continue
            choice = self._grouped(found, note)
            if choice is None:
                continue
            last = choice
            if can_be_drawn(last, self.max_nodes):
                return replace(last, note=f"{note}; {self._more}" if note else "")
        if as_is:
            return last
        if not last.groups and can_be_drawn(last, self.max_nodes):
            return Choice(self.nodes, {}, _BOTH_WAYS if self.neurons else _NO_PARTS)
        top = last.groups.get(self.z, self.z)
        choice = nearest(last, top, downward, None, min(self.max_nodes, MOST_AFTER_CUT))
        advice = f"draw(z, depth=k) shows k levels; {self._more}"
        return Choice(choice.units, last.groups, _joined(last.note, advice))

    @property
    def _more(self) -> str:
        n = len(self.nodes)
        return f"expand=True shows {'all' if n <= MOST_NODES else f'up to {MOST_NODES:,}'}"

    def near(
        self, choice: Choice, around: Value | str, depth: int, limit: int
    ) -> tuple[Choice, set[Unit]]:
        """Return the units at most `depth` arrows from a node, and those with further uses."""
        node = self._node(around)
        users: dict[Unit, list[Unit]] = {}
        for unit in choice.units:
            for x in operands_of(unit):
                users.setdefault(choice.groups.get(x, x), []).append(unit)

        def both(unit: Unit) -> list[Unit]:
            return [*downward(unit, choice.groups), *users.get(unit, ())]

        start = choice.groups.get(node, node)
        found = nearest(choice, start, lambda unit, _: both(unit), depth, limit)
        shown = set(found.units)
        elsewhere = {unit for unit in shown if not shown.issuperset(users.get(unit, ()))}
        name = label_text(node.label) or "a node"
        levels = count_text(depth, "arrow")
        note = _joined(choice.note, f"at most {levels} from {name}", found.note)
        return Choice(found.units, choice.groups, note), elsewhere

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
