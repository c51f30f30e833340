"""The boxes and arrows of a picture, and the texts on them: what a node, a group, a use says.

Names come from positions in topological order, never from addresses. The numbers behind the texts
are kept, so that two pictures of one graph can be told apart number by number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograd.display.picture.format import (
    count_text,
    label_text,
    number_text,
    range_text,
    tone,
)
from autograd.display.picture.grouping import Group
from autograd.engine.primitive import Operand
from autograd.engine.value import Value
from autograd.escaping import clean

EARLY = "not computed yet"
DIRECTION = "should go"
# In a tooltip, of a node and of one in a group.
_GRADIENT = re.compile(r"(^gradient:|(?<=: value )\S+, gradient) \S+$", re.MULTILINE)
_SIGNS = str.maketrans("-*/", "−×÷")


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
        made: what kind of thing it is, whatever its numbers: a row's name, a group's content.
        numbers: the numbers behind each of `rows`.
        shade: "lit" or "faded" where something is highlighted, else "".
        called: what it is called in text, where every box needs a name; "" where that is the
            title.
    """

    name: str
    kind: str
    title: str
    operation: str
    rows: list[tuple[str, str, str]]
    tooltip: str
    result: bool = False
    made: str = ""
    numbers: list[Sequence[float]] = field(default_factory=list[Sequence[float]])
    shade: str = ""
    called: str = ""


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
        shade: "lit" or "faded" where something is highlighted, else "".
    """

    tail: str
    head: str
    text: str
    tooltip: str
    amount: float | None = None
    width: float = 0.0
    shade: str = ""

    @property
    def tone(self) -> str:
        """The name of its colour."""
        return tone(self.amount)


def use_arrow(
    tail: str, head: str, node: Value, x: Value, local: float, nothing: bool = False
) -> Arrow:
    """Return the arrow from x to a node computed from it, with the chain rule on it.

    Args:
        tail: the box of x.
        head: the box of the node.
        node: the result.
        x: its operand, or one further down where the node stands for a group.
        local: the derivative of the node by this use of x.
        nothing: whether `local` is 0 by the rule, so that not even inf passes.
    """
    upstream = node.grad
    over = f"d({called(node)}) / d({called(x)}) = {local!r}"
    if upstream is None:
        text = f"× {number_text(local)}"
        return Arrow(tail, head, text, f"{over}\ngradients {EARLY}")
    amount = 0.0 if nothing else upstream * local
    text = f"{number_text(upstream)} × {number_text(local)} = {number_text(amount)}"
    return Arrow(tail, head, text, f"{over}\n{upstream!r} × {local!r} = {amount!r}", amount)


def flow_arrow(tail: str, head: str, contributions: Sequence[float | None]) -> Arrow:
    """Return the arrow of one or more values into a group, with what the group gives back to each.

    Args:
        tail: the box the values come from.
        head: the box of the group.
        contributions: of the group to the gradient of each value, None where none is known yet.
    """
    text = count_text(len(contributions), "value")
    known = [g for g in contributions if g is not None]
    if len(known) < len(contributions):
        return Arrow(tail, head, text, text)
    whole = f"{text}, contribution{'s' * (len(known) != 1)} {range_text(known)}"
    amount = known[0] if len(known) == 1 else None
    return Arrow(tail, head, f"{text}: {range_text(known)}", whole, amount)


def called(node: Value) -> str:
    """Return what a node is called in a tooltip: its label, or its operation."""
    row = node.op
    return label_text(node.label) or ("leaf" if row is None else row.name)


def node_box(name: str, node: Value, result: bool) -> Box:
    """Return the box of one node."""
    box = Box(name, "leaf" if node.op is None else "node", label_text(node.label),
              _operation(node), [], "", result)  # fmt: skip
    _number_row(box, "value", [node.data])
    _gradient_row(box, "gradient", [node])
    lines = [f"label: {clean(node.label)}"] if node.label else []
    if node.op is not None:
        box.made = node.op.name
        numbers = ", ".join([repr(x) for x in node.args[:8] if not isinstance(x, Value)])
        lines.append(f"operation: {node.op.name}{f' with {numbers}' if numbers else ''}")
    lines.append(f"value: {node.data!r}")
    lines.append(f"gradient: {EARLY if node.grad is None else repr(node.grad)}")
    box.tooltip = "\n".join(lines)
    return box


def group_box(name: str, group: Group, z: Value) -> Box:
    """Return the box of a group, with the ranges of its numbers."""
    outputs, weights = group.outputs, group.parameters
    title = label_text(group.title)
    box = Box(name, "group", title, group.content, [], "", z in outputs, group.content)
    many = "s" * (len(outputs) != 1)
    _number_row(box, f"value{many}", [v.data for v in outputs])
    _gradient_row(box, f"gradient{many}", outputs)
    if weights:
        _number_row(box, "parameters", [w.data for w in weights])
        _gradient_row(box, "their gradients", weights)
    lines = [group.title, group.content]
    for node in [*outputs, *weights][:40]:
        grad = EARLY if node.grad is None else repr(node.grad)
        lines.append(f"{called(node)}: value {node.data!r}, gradient {grad}")
    box.tooltip = clean("\n".join(lines))
    return box


def _number_row(box: Box, name: str, numbers: list[float]) -> None:
    box.rows.append((name, range_text(numbers), ""))
    box.numbers.append(numbers)


def _gradient_row(box: Box, name: str, nodes: Sequence[Value]) -> None:
    grads = [node.grad for node in nodes if node.grad is not None]
    if not grads:
        box.rows.append((name, EARLY, "unknown"))
    else:
        box.rows.append((name, range_text(grads), tone(grads[0]) if len(grads) == 1 else ""))
    box.numbers.append(grads)


def without_gradient(box: Box) -> Box:
    """Return a box as it is before a backward pass, whatever gradients leaves were left with."""
    rows, numbers = list(box.rows), list(box.numbers)
    for i, (name, _, _) in enumerate(rows):
        if "gradient" in name:
            rows[i], numbers[i] = (name, EARLY, "unknown"), ()
    kept = [i for i, row in enumerate(rows) if row[0] != DIRECTION]
    tooltip = _GRADIENT.sub(rf"\1 {EARLY}", box.tooltip)
    return replace(
        box, rows=[rows[i] for i in kept], numbers=[numbers[i] for i in kept], tooltip=tooltip
    )


def direction_row(box: Box, outputs: Sequence[Value]) -> None:
    """Add to a box the way its outputs should go for the result to fall: against the gradient."""
    grads = [v.grad for v in outputs if v.grad]  # neither None nor 0
    up, down = (sum(1 for g in grads if g * sign > 0.0) for sign in (-1.0, 1.0))
    if len(outputs) == 1 and up + down:
        text, colour = ("▲ up", "positive") if up else ("▼ down", "negative")
    elif up + down:
        words = [f"{sign} {n:,}" for sign, n in (("▲", up), ("▼", down)) if n]
        text, colour = ", ".join(words), ""
    else:
        return
    box.rows.append((DIRECTION, text, colour))
    box.numbers.append(())


def _operation(node: Value) -> str:
    """Return what a node computes: a sign or a name, with the plain numbers in it if any."""
    row: Any = node.op
    if row is None:
        return ""
    numbers = [x for x in node.args if not isinstance(x, Value)]
    if not numbers:
        sign: str = row.operator.translate(_SIGNS)
        return sign or row.name
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
