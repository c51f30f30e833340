"""Neurons and layers: groups of nodes found by the labels of their parameters.

A label such as ``layers.0.neurons.2.weights.3`` says whose parameter a leaf is. The nodes that
use the parameters of one owner, the sums of such nodes and one function of the last of them are
a neuron; neurons of one owner further up are a layer. Nothing here knows networks, and
a neuron applied to several samples is one group for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from autograd.display.format import count_text
from autograd.engine.backward import is_unreached
from autograd.engine.value import Value
from autograd.transforms.sweep import local_edges, local_of, sweep


@dataclass(eq=False, slots=True)
class Group:
    """Nodes drawn as one box.

    Attributes:
        title: whose they are.
        content: its function and parameters, or its neurons, in words.
        members: the interior nodes, in topological order.
        parameters: the labelled leaves that belong to them.
        operands: the Values from outside that members use, once for each use.
        outputs: the members that are used outside, or are the result.
        function: the name of the function that a neuron ends with; "linear" where there is none.
        is_neuron: whether its parameters weigh what comes in; such as a gain they only scale it.
    """

    title: str
    content: str = ""
    members: list[Value] = field(default_factory=list[Value])
    parameters: list[Value] = field(default_factory=list[Value])
    operands: list[Value] = field(default_factory=list[Value])
    outputs: list[Value] = field(default_factory=list[Value])
    function: str = ""
    is_neuron: bool = True

    def derivatives(self) -> dict[Value, float]:
        """Return the derivative of the only output with respect to each operand.

        It is the chain rule inside the group alone, one factor of the one through the graph.
        """
        (output,) = self.outputs
        nodes = [node for node in reversed(self.members) if node.op is not None]
        among = {*self.members, *self.operands}
        found = sweep({output: 1.0}, nodes, attrgetter("args"), local_of, among, zero=0.0)
        return {x: found.get(x, 0.0) for x in self.operands}

    def contributions(self) -> dict[Value, float | None]:
        """Return the contributions to the gradient of each operand; None before a backward pass."""
        found: dict[Value, float | None] = dict.fromkeys(self.operands, 0.0)
        for node in self.members:
            if is_unreached(node):
                continue
            for _, x, local, is_closed in local_edges(node, found):
                if is_closed:
                    continue
                so_far = found[x]
                if node.grad is None or so_far is None:
                    found[x] = None
                else:
                    found[x] = so_far + node.grad * local
        return found


# What an owner calls at least some of its parameters if it is a neuron.
_NEURONS = frozenset({"weights", "weight", "w", "bias", "b"})


def owner_of(label: str) -> str | None:
    """Return whose parameter a label names; None if it names none.

    >>> owner_of("layers.0.neurons.2.weights.3"), owner_of("layers.0.neurons.2.bias")
    ('layers.0.neurons.2', 'layers.0.neurons.2')
    >>> owner_of("bias"), owner_of("x")
    ('', None)
    """
    if len(label) > 1_000:
        return None
    parts = label.split(".")
    if len(parts) > 1 and parts[-1].isdigit():
        parts.pop()
    name = parts.pop()
    if not name.isidentifier() or (not parts and name not in ("weights", "bias")):
        return None
    return ".".join(parts) if all(p.isdigit() or p.isidentifier() for p in parts) else None


def layer_of(owner: str) -> str:
    """Return whose neuron an owner is: the name without its last part and number.

    >>> layer_of("layers.0.neurons.2"), layer_of("neurons.2"), layer_of("layers.0")
    ('layers.0', '', '')
    """
    parts = owner.split(".")
    if parts and parts[-1].isdigit():
        parts.pop()
    return ".".join(parts[:-1])


class _Instance:
    """One use of an owner's parameters: the nodes found so far, and how far it has come."""

    __slots__ = ("closed", "complete", "members", "merged", "owner")

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.members: list[Value] = []
        self.complete = False  # has its bias: a sum of two like it is no neuron any more
        self.closed = False  # has its activation: nothing more belongs to it
        self.merged: _Instance | None = None

    def root(self) -> _Instance:
        instance = self
        while instance.merged is not None:
            if instance.merged.merged is not None:
                instance.merged = instance.merged.merged
            instance = instance.merged
        return instance

    def absorb(self, other: _Instance) -> _Instance:
        """Join two, the smaller into the larger."""
        big, small = (self, other) if len(self.members) >= len(other.members) else (other, self)
        big.members += small.members
        big.complete |= small.complete
        small.members = []
        small.merged = big
        return big


def neurons(nodes: Sequence[Value]) -> list[Group]:
    """Return the groups of nodes that are one neuron applied to one sample.

    Args:
        nodes: a graph in topological order, its result last.

    >>> w, b = Value(0.5, "neurons.0.weights.0"), Value(0.1, "neurons.0.bias")
    >>> from autograd import order
    >>> (neuron,) = neurons(order((w * Value(2.0) + b).tanh()))
    >>> neuron.title, neuron.content, len(neuron.members)
    ('neurons.0', 'tanh, 1 weight, bias', 3)
    """
    owners = _owners(nodes)
    uses: dict[Value, int] = {}
    if owners:
        for node in nodes:
            for x in node.args:
                if isinstance(x, Value) and x.op is not None:
                    uses[x] = uses.get(x, 0) + 1
    instances: dict[Value, _Instance] = {}
    if owners:
        for node in nodes:
            if node.op is not None:
                _place(node, owners, uses, instances)
    found: dict[_Instance, Group] = {}
    for instance in instances.values():
        root = instance.root()
        if root not in found:
            found[root] = Group(root.owner or "neuron", members=root.members)
    place = {node: i for i, node in enumerate(nodes)}
    for group in found.values():
        group.members.sort(key=place.__getitem__)
        members = group.members
        group.parameters = list(
            dict.fromkeys(x for node in members for x in node.args if x in owners)
        )
        group.function = _activation(members[-1])
        kinds = {_kind(x.label) for x in group.parameters}
        group.is_neuron = not kinds.isdisjoint(_NEURONS)
        functions = [group.function] * (group.is_neuron or group.function != "linear")
        group.content = ", ".join([*functions, _parameter_words(group.parameters)])
    return list(found.values())


def _owners(nodes: Sequence[Value]) -> dict[Value, str]:
    """Return whose each labelled leaf is. The weights of one neuron are looked at once."""
    owners: dict[Value, str] = {}
    known: dict[str, str | None] = {}
    for node in nodes:
        if node.label and node.op is None:
            head, dot, number = node.label.rpartition(".")
            key = head + dot if number.isdigit() else node.label
            if key not in known:
                known[key] = owner_of(node.label)
            owner = known[key]
            if owner is not None:
                owners[node] = owner
    return owners


def _place(
    node: Value,
    owners: Mapping[Value, str],
    uses: Mapping[Value, int],
    instances: dict[Value, _Instance],
) -> None:
    """Put an interior node into the instance it belongs to, if it belongs to one."""
    operands = [x for x in node.args if isinstance(x, Value)]
    named = {owners[x] for x in operands if x in owners}
    mine = {instances[x].root(): None for x in operands if x in instances}  # a set that keeps order
    if len(named) > 1 or not (named or mine):
        return
    if named:
        (owner,) = named
        joined = [i for i in mine if i.owner == owner and not i.complete]
        instance = joined[0] if len(joined) == 1 else _Instance(owner)
        if any(x in owners and _is_bias(x.label) for x in operands):
            instance.complete = True
    elif mine and all(x in instances for x in operands):
        merging = list(mine)
        if len({i.owner for i in merging}) > 1 or any(i.closed for i in merging):
            return
        if len(operands) == 1:
            (x,) = operands
            row: Any = node.op
            if uses[x] != 1 or (row.arity or 9) - row.constants != 1:
                return
            merging[0].closed = True
        elif len(merging) > 1 and [i.complete for i in merging].count(True) > 1:
            return
        instance = merging[0]
        for other in merging[1:]:
            instance = instance.absorb(other)
    else:
        return
    instance.members.append(node)
    instances[node] = instance


def _is_bias(label: str) -> bool:
    return _kind(label) == "bias"


def _kind(label: str) -> str:
    """Return what its owner calls a parameter, without its number.

    >>> _kind("layers.0.neurons.2.weights.3"), _kind("layers.0.gain.1"), _kind("bias")
    ('weights', 'gain', 'bias')
    """
    head, _, last = label.rpartition(".")
    return head.rpartition(".")[2] if last.isdigit() else last


def _activation(last: Value) -> str:
    row: Any = last.op
    unary = (row.arity or 9) - row.constants == 1
    return row.name if unary else "linear"


def _parameter_words(parameters: Sequence[Value]) -> str:
    kinds = [_kind(x.label) for x in parameters]
    if _NEURONS.isdisjoint(kinds):
        counts = [(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]
        return ", ".join([kind if n == 1 else f"{n:,} × {kind}" for kind, n in counts])
    biases = [x for x in parameters if _is_bias(x.label)]
    words = [count_text(len(parameters) - len(biases), "weight")]
    if biases:
        words.append("bias" if len(biases) == 1 else count_text(len(biases), "bias"))
    return ", ".join(words)


def layers(
    groups: Sequence[Group], nodes: Sequence[Value], *, by_depth: bool = False
) -> list[Group]:
    """Return neurons put together by their owners; what is no neuron is a layer by itself.

    Args:
        groups: the neurons that `neurons` returned.
        nodes: the graph in topological order, its result last.
        by_depth: whether a layer is a group of its own each time it is applied one after the
            other, as in a recurrent network; else all its uses are one group.
    """
    depths = _depths(groups, nodes) if by_depth else {}
    parts: dict[tuple[str, int], list[Group]] = {}
    for group in groups:
        title = layer_of(group.title) if group.is_neuron else group.title
        parts.setdefault((title, depths.get(group, 0)), []).append(group)
    place = {node: i for i, node in enumerate(nodes)}
    merged: list[Group] = []
    for (title, _), neurons_ in parts.items():
        of_neurons = [group for group in neurons_ if group.is_neuron]
        owners = {group.title for group in of_neurons}
        parameters = list(dict.fromkeys(x for group in neurons_ for x in group.parameters))
        functions = {group.function for group in neurons_}
        if not owners:
            # Each has parameters of its own at every place of a row.
            owners, functions = {(*group.parameters,) for group in neurons_}, functions - {"linear"}
        counted = [count_text(len(owners), "neuron")] if of_neurons else []
        words = [*counted, *sorted(functions), _parameter_words(parameters)]
        times = len(neurons_) // len(owners)
        if times > 1:
            words.append(f"used {times:,} times")
        members = sorted((v for group in neurons_ for v in group.members), key=place.__getitem__)
        merged.append(Group(title or "layer", ", ".join(words), members, parameters))
    return merged


def _depths(groups: Sequence[Group], nodes: Sequence[Value]) -> dict[Group, int]:
    """Return how many neurons lie one after the other up to each, itself counted."""
    inside = {node: group for group in groups for node in group.members}
    depths: dict[Value, int] = {}
    for node in nodes:
        group = inside.get(node)
        depths[node] = max(
            [
                depths[x] + (group is not None and inside.get(x) is not group)
                for x in node.args
                if isinstance(x, Value)
            ],
            default=0,
        )
    return {group: depths[group.members[-1]] for group in groups}


def inputs(groups: Sequence[Group], nodes: Sequence[Value]) -> list[Group]:
    """Return groups of the many leaves that the same groups use, such as the pixels of an image.

    Args:
        groups: groups of interior nodes.
        nodes: the graph in topological order.
    """
    inside = {node: group for group in groups for node in (*group.members, *group.parameters)}
    used_by: dict[Value, dict[Group | None, None]] = {}  # dicts: sets that keep order
    for node in nodes:
        for x in node.args:
            if isinstance(x, Value) and x.op is None and x not in inside:
                used_by.setdefault(x, {})[inside.get(node)] = None
    leaves: dict[tuple[Group | None, ...], list[Value]] = {}
    for x, by in used_by.items():
        if None not in by:
            leaves.setdefault(tuple(by), []).append(x)
    return [
        Group("inputs", count_text(len(xs), "leaf"), xs) for xs in leaves.values() if len(xs) > 8
    ]


def connect(groups: Sequence[Group], nodes: Sequence[Value]) -> None:
    """Fill in the operands and outputs of groups.

    Args:
        groups: those that the functions above returned.
        nodes: the graph in topological order, its result last.
    """
    inside = {node: group for group in groups for node in group.members}
    outputs = {nodes[-1]}
    for node in nodes:
        group = inside.get(node)
        for x in node.args:
            if x in inside and inside[x] is not group:
                outputs.add(x)
    for group in groups:
        own = {*group.members, *group.parameters}
        group.operands = [
            x for node in group.members for x in node.args if isinstance(x, Value) and x not in own
        ]
        group.outputs = [node for node in group.members if node in outputs]
