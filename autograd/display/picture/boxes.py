"""The boxes and arrows of a picture, and the texts on them, for nodes, groups and uses.

Names come from positions in topological order, never from addresses. The numbers behind the texts
are kept, so that two pictures of one graph can be told apart number by number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd.display.format import (
    TITLE_LENGTH,
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
SIGNS = str.maketrans("-*/", "−×÷")


Quantity: TypeAlias = Literal["value", "gradient", "direction"]


class Fact(NamedTuple):
    """A line of a box: a number, or the range of several.

    Attributes:
        quantity: the kind of its numbers.
        name: the words that stand before them.
        text: the numbers as they are shown.
        tone: the name of their colour.
        numbers: the numbers themselves.
    """

    quantity: Quantity
    name: str
    text: str
    tone: str = ""
    numbers: Sequence[float] = ()


@dataclass(slots=True)
class Box:
    """One node, group of nodes or cut.

    Attributes:
        name: unique in the picture, made of letters, digits and underscores.
        kind: leaf, node, group, copy (of a leaf or a node drawn elsewhere) or cut.
        title: the label, already short and clean; may be empty.
        operation: a sign or a name; empty for a leaf.
        facts: the lines below title and operation.
        tooltip: all the digits and the whole label.
        result: whether this is the Value that was asked to be drawn.
        made: its kind, whatever its numbers: a row's name, a group's content.
        early_tooltip: the tooltip as it is before a backward pass.
        place: the position of its node in topological order; None of a group or a cut.
        shade: "lit" or "faded" where something is highlighted, else "".
        called: its name in text, where every box needs one; "" where that is the
            title.
    """

    name: str
    kind: str
    title: str
    operation: str
    facts: list[Fact] = field(default_factory=list[Fact])
    tooltip: str = ""
    result: bool = False
    made: str = ""
    early_tooltip: str = ""
    place: int | None = None
    shade: str = ""
    called: str = ""

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Name, text and tone of each of its lines."""
        return [fact[1:4] for fact in self.facts]


@dataclass(slots=True)
class Arrow:
    """One use of an operand, from its box to the box of the result.

    Attributes:
        tail: the name of the operand's box.
        head: the name of the result's box.
        text: upstream gradient × local derivative = contribution, as far as it is known.
        tooltip: the same with all digits.
        amount: the contribution, None if there is none yet or it is not one number.
        width: between 0 and 1, how large the contribution is beside the others.
        shade: "lit" or "faded" where something is highlighted, else "".
        use: the place of the node, and which of its operands this is; None into a group or a cut.
        values: how many values go along it into a group; 0 of a single use.
        span: the range of the group's contributions to them, "" where they are not known.
    """

    tail: str
    head: str
    text: str
    tooltip: str
    amount: float | None = None
    width: float = 0.0
    shade: str = ""
    use: tuple[int, int] | None = None
    values: int = 0
    span: str = ""

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
    """Return the arrow of one or more values into a group, with its contributions to them.

    Args:
        tail: the box the values come from.
        head: the box of the group.
        contributions: of the group to the gradient of each value, None where none is known yet.
    """
    count = len(contributions)
    text = count_text(count, "value")
    known = [g for g in contributions if g is not None]
    if len(known) < count:
        return Arrow(tail, head, text, text, values=count)
    span = range_text(known)
    whole = f"{text}, contribution{'s' * (count != 1)} {span}"
    amount = known[0] if count == 1 else None
    return Arrow(tail, head, f"{text}: {span}", whole, amount, values=count, span=span)


def called(node: Value) -> str:
    """Return the name of a node in a tooltip: its label, or its operation."""
    row = node.op
    return label_text(node.label) or ("leaf" if row is None else row.name)


def node_box(name: str, node: Value, place: int, result: bool) -> Box:
    """Return the box of one node, which stands at a place in topological order."""
    box = Box(
        name,
        "leaf" if node.op is None else "node",
        label_text(node.label, TITLE_LENGTH),
        _operation(node),
    )
    box.result, box.place = result, place
    box.facts += [_value_fact("value", [node.data]), _gradient_fact("gradient", [node])]
    lines = [f"label: {clean(node.label)}"] if node.label else []
    if node.op is not None:
        box.made = node.op.name
        numbers = ", ".join([repr(x) for x in node.args[:8] if not isinstance(x, Value)])
        lines.append(f"operation: {node.op.name}{f' with {numbers}' if numbers else ''}")
    lines.append(f"value: {node.data!r}")
    text = "\n".join(lines)
    box.early_tooltip = f"{text}\ngradient: {EARLY}"
    box.tooltip = box.early_tooltip if node.grad is None else f"{text}\ngradient: {node.grad!r}"
    return box


def group_box(name: str, group: Group, z: Value) -> Box:
    """Return the box of a group, with the ranges of its numbers."""
    outputs, weights = group.outputs, group.parameters
    box = Box(name, "group", label_text(group.title, TITLE_LENGTH), group.content)
    box.result, box.made = z in outputs, group.content
    many = "s" * (len(outputs) != 1)
    box.facts.append(_value_fact(f"value{many}", [v.data for v in outputs]))
    box.facts.append(_gradient_fact(f"gradient{many}", outputs))
    if weights:
        box.facts.append(_value_fact("parameters", [w.data for w in weights]))
        box.facts.append(_gradient_fact("their gradients", weights))
    lines, early = [group.title, group.content], [group.title, group.content]
    for node in [*outputs, *weights][:40]:
        text = f"{called(node)}: value {node.data!r}, gradient"
        early.append(f"{text} {EARLY}")
        lines.append(early[-1] if node.grad is None else f"{text} {node.grad!r}")
    box.tooltip, box.early_tooltip = clean("\n".join(lines)), clean("\n".join(early))
    return box


def _value_fact(name: str, numbers: list[float]) -> Fact:
    return Fact("value", name, range_text(numbers), "", numbers)


def _gradient_fact(name: str, nodes: Sequence[Value]) -> Fact:
    grads = [node.grad for node in nodes if node.grad is not None]
    if not grads:
        return Fact("gradient", name, EARLY, "unknown")
    colour = tone(grads[0]) if len(grads) == 1 else ""
    return Fact("gradient", name, range_text(grads), colour, grads)


def without_gradient(box: Box) -> Box:
    """Return a box as it is before a backward pass, whatever gradients leaves were left with."""
    facts = [
        _gradient_fact(fact.name, ()) if fact.quantity == "gradient" else fact
        for fact in box.facts
        if fact.quantity != "direction"
    ]
    return replace(box, facts=facts, tooltip=box.early_tooltip)


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
    box.facts.append(Fact("direction", "should go", text, colour))


def _operation(node: Value) -> str:
    """Return the operation of a node: a sign or a name, with the plain numbers in it if any."""
    row: Any = node.op
    if row is None:
        return ""
    numbers = [x for x in node.args if not isinstance(x, Value)]
    if not numbers:
        sign: str = row.operator.translate(SIGNS)
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
