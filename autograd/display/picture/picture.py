"""The content of a picture of a graph, before anything is drawn: boxes, arrows and notes.

Every writer (DOT, the small layout, plain text) reads a `Picture` and none reads the graph, so
they all say the same.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TypeAlias

from autograd.display.chain.terms import Names
from autograd.display.format import count_text
from autograd.display.picture.boxes import (
    Arrow,
    Box,
    direction_row,
    flow_arrow,
    group_box,
    node_box,
    use_arrow,
)
from autograd.display.picture.grouping import Group
from autograd.engine.backward import is_unreached
from autograd.engine.value import Value
from autograd.transforms.sweep import local_edges

Unit: TypeAlias = Value | Group

# A node whose uses lie further apart than this is drawn anew where it is used: one shared leaf
# feeding a chain of 200 kept dot busy for more than two minutes, and long arrows say little.
SPAN = 12

# With more arrows than this their numbers would hide the picture. Between layers of neurons,
# where every one of one side meets every one of the other, that is so far sooner.
MOST_LABELLED, MOST_LABELLED_GROUPED = 2_000, 100

# With more boxes than this a picture is looked over and not read, and dot takes most of a second.
MOST_ROOMY = 200

# More arrows than this from one group to a node become one.
MOST_PARALLEL = 3

# The longest line below a picture, in signs.
LINE_LENGTH = 100


@dataclass(slots=True)
class Picture:
    """Boxes in topological order, arrows in the order of their heads and operands, notes below.

    Attributes:
        boxes: the nodes and groups that are shown.
        arrows: their uses.
        notes: lines on nodes that are left out or paths that are lit.
        key: the meaning of the numbers on an arrow, in a line; "" where there are none.
        looks: the end of the key where there are colours and tooltips, as there are not in text.
        early: whether the result has no gradient yet.
        legend: the meaning of the looks of boxes: kind and words of each.
        down: whether the arrows run downwards, and not to the right.
        numbered: whether numbers may stand on the arrows, where there is room for them.
        stacked: whether these stand in two lines, the product above its result.
        fitted: whether it is made smaller where it would not fit, its text as small as can be read.
    """

    boxes: list[Box] = field(default_factory=list[Box])
    arrows: list[Arrow] = field(default_factory=list[Arrow])
    notes: list[str] = field(default_factory=list[str])
    key: str = ""
    looks: str = ""
    early: bool = False
    legend: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    down: bool = False
    numbered: bool = True
    stacked: bool = False
    fitted: bool = False

    @property
    def labelled(self) -> bool:
        """Whether numbers stand on the arrows; else there is only room for them in tooltips."""
        if not self.numbered:
            return False
        grouped = any(box.kind == "group" for box in self.boxes)
        return len(self.arrows) <= (MOST_LABELLED_GROUPED if grouped else MOST_LABELLED)

    @property
    def is_large(self) -> bool:
        """Whether it has so many boxes that room for wider fonts would cost more than it gives."""
        return len(self.boxes) > MOST_ROOMY

    @property
    def numbers(self) -> list[str]:
        """The numbers on each arrow, in one line or two; "" where none stand on it."""
        if not self.labelled:
            return [""] * len(self.arrows)
        line = "\n= " if self.stacked else " = "
        return [arrow.text.replace(" = ", line) for arrow in self.arrows]

    @property
    def lines(self) -> list[str]:
        """The lines of text below the picture, broken where they would make it wider."""
        lines = [self.key + self.looks, *self.notes] if self.key else self.notes
        return [line for text in lines for line in wrap(text, LINE_LENGTH) or [text]]


@dataclass(frozen=True, slots=True)
class Marks:
    """The parts of a picture to point out.

    Attributes:
        uses: the highlighted uses: a node, and the place among its operands.
        nodes: the highlighted nodes; None where nothing is highlighted.
        names: the names of nodes without a label in the picture.
        called: the names of nodes in text.
        outputs: nodes that show which way they should go.
        used_elsewhere: shown nodes and groups, some uses of which are not shown.
    """

    uses: Collection[tuple[Value, int]] = ()
    nodes: Collection[Value] | None = None
    names: Mapping[Unit, str] = field(default_factory=dict[Unit, str])
    called: Names | None = None
    outputs: Sequence[Value] = ()
    used_elsewhere: Collection[Unit] = ()


def operands_of(unit: Unit) -> Sequence[Value]:
    """Return the Values a node or a group is computed from, once for each use."""
    if isinstance(unit, Group):
        return unit.operands
    return [x for x in unit.args if isinstance(x, Value)]


def paint(
    z: Value,
    units: Sequence[Unit],
    groups: Mapping[Value, Group],
    place: Mapping[Value, int],
    marks: Marks | None = None,
) -> Picture:
    """Return the picture of `units`, which stand in topological order.

    Args:
        z: the result.
        units: the nodes and groups to show.
        groups: the group that each node inside one belongs to.
        place: the position of each node in topological order, for its name.
        marks: the parts to point out.
    """
    painter = _Painter(z, units, groups, place, marks or Marks())
    for unit in units:
        painter.add(unit)
    return painter.finish()


class _Painter:
    def __init__(
        self,
        z: Value,
        units: Sequence[Unit],
        groups: Mapping[Value, Group],
        place: Mapping[Value, int],
        marks: Marks,
    ) -> None:
        self.z = z
        self.units = units
        self.groups = groups
        self.place = place
        self.marks = marks
        self.picture = Picture()
        self.names: dict[Unit, str] = {}
        self.levels, self.copied = _far_uses(units, groups)
        self.copies: dict[tuple[Unit, int], Box] = {}
        self.cuts: list[str] = []
        self.outputs: dict[Unit, list[Value]] = {}
        for node in marks.outputs:
            self.outputs.setdefault(groups.get(node, node), []).append(node)

    def add(self, unit: Unit) -> None:
        """Add the box of a node or group, and the arrows into it."""
        name = f"g{len(self.names)}" if isinstance(unit, Group) else f"n{self.place[unit]}"
        self.names[unit] = name
        if isinstance(unit, Group):
            self._box(group_box(name, unit, self.z), unit)
            self._flows(name, unit)
        elif unit.op is None and unit in self.copied:
            return  # its boxes come with its uses
        else:
            self._box(node_box(name, unit, self.place[unit], unit is self.z), unit)
            self._uses(name, unit)
        if unit in self.marks.used_elsewhere:
            self._cut(name, ahead=True)

    def _box(self, box: Box, unit: Unit) -> None:
        lit = self.marks.nodes
        if lit is not None:
            box.shade = "lit" if any(node in lit for node in _contents(unit)) else "faded"
        box.title = box.title or self.marks.names.get(unit, "")
        if isinstance(unit, Value) and self.marks.called is not None:
            box.called = self.marks.called[unit]
        if unit in self.outputs:
            direction_row(box, self.outputs[unit])
        self.picture.boxes.append(box)

    def _arrow(self, arrow: Arrow, lit: bool) -> None:
        if self.marks.nodes is not None:
            arrow.shade = "lit" if lit else "faded"
        self.picture.arrows.append(arrow)

    def _tail(self, unit: Unit, head: Unit, lit: bool) -> str:
        """Return the name of the box that the arrow from `unit` to `head` starts at."""
        name = self.names[unit]
        far = self.levels[head] - self.levels[unit] > SPAN
        if isinstance(unit, Group) or unit not in self.copied or not (unit.op is None or far):
            return name
        at = unit, self.levels[head]
        copy = self.copies.get(at)
        if copy is None:
            copy = node_box(f"{name}_{self.levels[head]}", unit, self.place[unit], False)
            copy.kind = "leaf" if unit.op is None else "copy"
            self.copies[at] = copy
            self._box(copy, unit)
            if self.marks.nodes is not None:
                copy.shade = "faded"
        if lit:
            copy.shade = "lit"
        return copy.name

    def _uses(self, name: str, node: Value) -> None:
        hidden = False
        unreached = is_unreached(node)
        edges = list(local_edges(node))
        uses = Counter(self.groups.get(x) for _, x, _, _ in edges)
        many: dict[Group, list[tuple[int, float | None]]] = {}
        for k, x, local, is_closed in edges:
            group = self.groups.get(x)
            unit = x if group is None else group
            if unit not in self.names:
                hidden = True
                continue
            if group is not None and uses[group] > MOST_PARALLEL:
                given = 0.0 if is_closed or unreached else local
                amount = None if node.grad is None else node.grad * given if given else 0.0
                many.setdefault(group, []).append((k, amount))
                continue
            lit = (node, k) in self.marks.uses
            tail = self._tail(unit, node, lit)
            arrow = use_arrow(tail, name, node, x, local, is_closed or unreached)
            arrow.use = self.place[node], k
            self._arrow(arrow, lit)
        for group, flows in many.items():
            lit = any((node, k) in self.marks.uses for k, _ in flows)
            tail = self._tail(group, node, lit)
            self._arrow(flow_arrow(tail, name, [amount for _, amount in flows]), lit)
        if hidden:
            self._cut(name)

    def _flows(self, name: str, group: Group) -> None:
        """Add the arrows into a group: one from each box, whatever flows along it."""
        locals_ = group.derivatives() if len(group.outputs) == 1 else None
        given = group.contributions()
        flows: dict[Unit, dict[Value, None]] = {}
        hidden = False
        for x in group.operands:
            unit = self.groups.get(x, x)
            if unit in self.names:
                flows.setdefault(unit, {})[x] = None
            else:
                hidden = True
        lit = self._lit_into(group)
        for unit, values in flows.items():
            lit_here = not lit.isdisjoint(values)
            tail = self._tail(unit, group, lit_here)
            if locals_ is not None and len(values) == 1:
                (x,) = values
                (output,) = group.outputs
                arrow = use_arrow(tail, name, output, x, locals_[x])
            else:
                arrow = flow_arrow(tail, name, [given[x] for x in values])
            self._arrow(arrow, lit_here)
        if hidden:
            self._cut(name)

    def _lit_into(self, group: Group) -> set[Value]:
        if not self.marks.uses:
            return set()
        return {
            x
            for node in group.members
            for k, x in enumerate(node.args)
            if isinstance(x, Value) and (node, k) in self.marks.uses
        }

    def _cut(self, at: str, *, ahead: bool = False) -> None:
        """Add a box for nodes not drawn: operands of a box or, ahead, its users."""
        name = f"cut{len(self.cuts)}"
        self.cuts.append(name)
        box = Box(name, "cut", "", "…", tooltip="not drawn")
        arrow = (
            Arrow(at, name, "", "used further on") if ahead else Arrow(name, at, "", "not drawn")
        )
        if self.marks.nodes is not None:
            box.shade = arrow.shade = "faded"
        self.picture.boxes.append(box)
        self.picture.arrows.append(arrow)

    def finish(self) -> Picture:
        """Set the widths and say how much was cut; return the picture."""
        set_widths(self.picture.arrows)
        self.picture.early = self.z.grad is None
        drawn = {node for unit in self.units for node in _contents(unit)}
        missing = len(self.place) - len(drawn)
        if missing:
            more = "+ " + count_text(missing, "more node")
            for box in self.picture.boxes:
                if box.kind == "cut":
                    box.operation = more if len(self.cuts) == 1 else "…"
                    box.tooltip = f"{more} not drawn"
            self.picture.notes.append(f"{more} not drawn")
        return self.picture


def set_widths(arrows: Sequence[Arrow]) -> None:
    """Make each arrow as wide as its contribution is large beside the largest."""
    amounts = [abs(a.amount) for a in arrows if a.amount is not None]
    largest = max((x for x in amounts if x < math.inf), default=0.0)
    for arrow in arrows:
        if arrow.amount:  # neither None nor 0
            share = abs(arrow.amount) / largest if largest else 1.0
            arrow.width = math.sqrt(min(share, 1.0)) if share == share else 0.0


def _contents(unit: Unit) -> Sequence[Value]:
    return [unit] if isinstance(unit, Value) else [*unit.members, *unit.parameters]


def _far_uses(
    units: Sequence[Unit], groups: Mapping[Value, Group]
) -> tuple[dict[Unit, int], set[Unit]]:
    """Return how deep each unit lies, and the nodes with uses too far apart, or too far off."""
    levels: dict[Unit, int] = {}
    uses: dict[Unit, list[int]] = {}
    for unit in units:
        operands = [groups.get(x, x) for x in operands_of(unit)]
        levels[unit] = 1 + max((levels.get(x, 0) for x in operands), default=-1)
        for x in operands:
            if x in levels:
                uses.setdefault(x, []).append(levels[unit])
    copied: set[Unit] = {
        unit
        for unit, at in uses.items()
        if isinstance(unit, Value)
        and max(at) - (min(at) if unit.op is None else levels[unit]) > SPAN
    }
    return levels, copied
