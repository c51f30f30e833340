"""What a picture of a graph holds, before anything is drawn: boxes, arrows and notes.

Every writer (DOT, the small layout, plain text) reads a `Picture` and none reads the graph, so
they all say the same. Names come from positions in topological order, never from addresses.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from autograd.backward import local_partials
from autograd.display.collapse import Group
from autograd.display.words import (
    clean,
    count_text,
    label_text,
    number_text,
    range_text,
    tone,
)
from autograd.row import Operand
from autograd.value import Value

Unit: TypeAlias = Value | Group

# A node whose uses lie further apart than this is drawn anew where it is used: one shared leaf
# feeding a chain of 200 kept dot busy for more than two minutes, and long arrows say little.
SPAN = 12

# With more arrows than this their numbers would hide the picture. Between layers of neurons,
# where every one of one side meets every one of the other, that is so far sooner.
MOST_LABELLED, MOST_LABELLED_GROUPED = 2_000, 100

_SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−"}


@dataclass(slots=True)
class Box:
    """One node, group of nodes or cut.

    Attributes:
        name: unique in the picture, made of letters, digits and underscores.
        kind: leaf, node, group, copy (of a leaf or a node drawn elsewhere) or cut.
        title: the label, already short and clean; may be empty.
        operation: what was computed; empty for a leaf.
        rows: name, text and tone of each number shown.
        tooltip: all the digits and the whole label.
        result: whether this is what was asked to be drawn.
    """

    name: str
    kind: str
    title: str
    operation: str
    rows: list[tuple[str, str, str]]
    tooltip: str
    result: bool = False


@dataclass(slots=True)
class Arrow:
    """One use of an operand, from its box to the box of the result.

    Attributes:
        tail: the name of the operand's box.
        head: the name of the result's box.
        text: upstream gradient × local derivative = contribution, or what is known of it.
        tooltip: the same with all digits.
        amount: the contribution, None if there is none yet or it is not one number.
        width: between 0 and 1, how large the contribution is beside the others.
    """

    tail: str
    head: str
    text: str
    tooltip: str
    amount: float | None = None
    width: float = 0.0

    @property
    def tone(self) -> str:
        """The name of its colour."""
        return tone(self.amount)


@dataclass(slots=True)
class Picture:
    """Boxes in topological order, arrows in the order of their heads and operands, notes below."""

    boxes: list[Box] = field(default_factory=list[Box])
    arrows: list[Arrow] = field(default_factory=list[Arrow])
    notes: list[str] = field(default_factory=list[str])

    @property
    def labelled(self) -> bool:
        """Whether numbers stand on the arrows; else there is only room for them in tooltips."""
        grouped = any(box.kind == "group" for box in self.boxes)
        return len(self.arrows) <= (MOST_LABELLED_GROUPED if grouped else MOST_LABELLED)


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
) -> Picture:
    """Return the picture of `units`, which stand in topological order.

    Args:
        z: the result.
        units: the nodes and groups to show.
        groups: the group that each node inside one belongs to.
        place: the position of each node in topological order, for its name.
    """
    painter = _Painter(z, units, groups, place)
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
    ) -> None:
        self.z = z
        self.units = units
        self.groups = groups
        self.place = place
        self.picture = Picture()
        self.names: dict[Unit, str] = {}
        self.pending: list[str] = []
        self.levels, self.copied = _far_uses(units, groups)
        self.copies: dict[tuple[Unit, int], str] = {}
        self.cuts: list[str] = []

    def add(self, unit: Unit) -> None:
        """Add the box of a node or group, and the arrows into it."""
        name = f"g{len(self.names)}" if isinstance(unit, Group) else f"n{self.place[unit]}"
        self.names[unit] = name
        if isinstance(unit, Group):
            self._group(name, unit)
        elif not (unit.op is None and unit in self.copied):
            self.picture.boxes.append(_box(name, unit, unit is self.z))
            self._uses(name, unit)

    def _tail(self, unit: Unit, head: Unit) -> str:
        """Return the name of the box that the arrow from `unit` to `head` starts at."""
        name = self.names[unit]
        far = self.levels[head] - self.levels[unit] > SPAN
        if isinstance(unit, Group) or unit not in self.copied or not (unit.op is None or far):
            return name
        at = unit, self.levels[head]
        if at not in self.copies:
            copy = _box(f"{name}_{self.levels[head]}", unit, False)
            copy.kind = "leaf" if unit.op is None else "copy"
            self.picture.boxes.append(copy)
            self.copies[at] = copy.name
        return self.copies[at]

    def _uses(self, name: str, node: Value) -> None:
        hidden = False
        if node.op is None:
            return
        for x, local in zip(node.args, local_partials(node), strict=True):
            if not isinstance(x, Value):
                continue
            unit = self.groups.get(x, x)
            if unit not in self.names:
                hidden = True
                continue
            text, tooltip, amount = _chain(node, x, node.grad, local)
            tail = self._tail(unit, node)
            self.picture.arrows.append(Arrow(tail, name, text, tooltip, amount))
        if hidden:
            self._cut(name)

    def _group(self, name: str, group: Group) -> None:
        self.picture.boxes.append(_group_box(name, group, self.z))
        locals_ = group.derivatives() if len(group.outputs) == 1 else None
        flows: dict[Unit, dict[Value, None]] = {}
        hidden = False
        for x in group.operands:
            unit = self.groups.get(x, x)
            if unit in self.names:
                flows.setdefault(unit, {})[x] = None
            else:
                hidden = True
        for unit, values in flows.items():
            text, tooltip, amount = count_text(len(values), "value"), "", None
            if locals_ is not None and len(values) == 1:
                (x,) = values
                (output,) = group.outputs
                text, tooltip, amount = _chain(output, x, output.grad, locals_[x])
            tail = self._tail(unit, group)
            self.picture.arrows.append(Arrow(tail, name, text, tooltip or text, amount))
        if hidden:
            self._cut(name)

    def _cut(self, head: str) -> None:
        name = f"cut{len(self.cuts)}"
        self.cuts.append(name)
        self.picture.boxes.append(Box(name, "cut", "", "…", [], "not drawn"))
        self.picture.arrows.append(Arrow(name, head, "", "not drawn"))

    def finish(self) -> Picture:
        """Set the widths and say what was cut; return the picture."""
        amounts = [abs(a.amount) for a in self.picture.arrows if a.amount is not None]
        largest = max((x for x in amounts if x < math.inf), default=0.0)
        for arrow in self.picture.arrows:
            if arrow.amount:  # neither None nor 0
                share = abs(arrow.amount) / largest if largest else 1.0
                arrow.width = math.sqrt(min(share, 1.0)) if share == share else 0.0
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


def _chain(
    node: Value, x: Value, upstream: float | None, local: float
) -> tuple[str, str, float | None]:
    """Return what stands on an arrow, its tooltip, and the contribution."""
    over = f"d({_called(node)}) / d({_called(x)}) = {local!r}"
    if upstream is None:
        return f"× {number_text(local)}", f"{over}\ngradients not computed yet", None
    amount = upstream * local
    text = f"{number_text(upstream)} × {number_text(local)} = {number_text(amount)}"
    return text, f"{over}\n{upstream!r} × {local!r} = {amount!r}", amount


def _called(node: Value) -> str:
    row = node.op
    return label_text(node.label) or ("leaf" if row is None else row.name)


def _operation(node: Value) -> str:
    """Return what a node computes: a sign or a name, with the plain numbers in it if any."""
    row: Any = node.op
    if row is None:
        return ""
    numbers = [x for x in node.args if not isinstance(x, Value)]
    if not numbers:
        name: str = row.name
        return _SIGNS.get(name, name)
    if len(node.args) > 4:
        return f"{row.name}, {count_text(len(numbers), 'constant')}"
    written: list[Operand] = []
    for x in node.args:
        if isinstance(x, Value):
            short = label_text(x.label)
            fits = short.isidentifier() and len(short) <= 8
            written.append(Operand(short if fits else "·", 4))
        else:
            written.append(Operand(number_text(x), 4 if x >= 0 else 1))
    return clean(row.text(written), 40)


def _box(name: str, node: Value, result: bool) -> Box:
    rows = [("value", number_text(node.data), ""), _gradient_row([node])]
    lines = [f"label: {clean(node.label)}"] if node.label else []
    if node.op is not None:
        numbers = ", ".join([repr(x) for x in node.args[:8] if not isinstance(x, Value)])
        lines.append(f"operation: {node.op.name}{f' with {numbers}' if numbers else ''}")
    lines.append(f"value: {node.data!r}")
    lines.append(f"gradient: {'not computed yet' if node.grad is None else repr(node.grad)}")
    kind = "leaf" if node.op is None else "node"
    title = label_text(node.label)
    return Box(name, kind, title, _operation(node), rows, "\n".join(lines), result)


def _gradient_row(nodes: Sequence[Value]) -> tuple[str, str, str]:
    grads = [node.grad for node in nodes if node.grad is not None]
    name = "gradient" if len(nodes) == 1 else "gradients"
    if not grads:
        return name, "not computed yet", "unknown"
    return name, range_text(grads), tone(grads[0]) if len(grads) == 1 else ""


def _group_box(name: str, group: Group, z: Value) -> Box:
    outputs = group.outputs
    rows = [
        ("value" if len(outputs) == 1 else "values", range_text([v.data for v in outputs]), ""),
        _gradient_row(outputs),
    ]
    weights = group.parameters
    if weights:
        rows.append(("parameters", range_text([w.data for w in weights]), ""))
        rows.append(("their gradients", *_gradient_row(weights)[1:]))
    lines = [group.title, group.content]
    for node in [*outputs, *weights][:40]:
        grad = "not computed yet" if node.grad is None else repr(node.grad)
        lines.append(f"{_called(node)}: value {node.data!r}, gradient {grad}")
    title = label_text(group.title)
    return Box(name, "group", title, group.content, rows, clean("\n".join(lines)), z in outputs)
