"""The neurons of a model as a page shows them: what feeds them, and the graph of each.

Neurons are found in the model, wherever they stand, and watched while it is called once: so a model
of anybody's shows those that it has. One that is called several times for a sample has no single
output, and no graph here.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from autograd import Value, order, pages
from nn.inference.snapshot import Snapshot
from nn.layers import Neuron
from nn.module import Module
from nn.parts import members

# The place of a neuron, its inputs and its output.
Call: TypeAlias = tuple[int, list[Any], Any]


@dataclass(slots=True)
class Watch:
    """The neurons of a model, and what went through them in one call.

    Attributes:
        model: the model.
        neurons: each with its name in the model.
        probes: for each neuron a Value that is added to its output, or none.
        calls: the inputs and the output of each call, with the neuron's place.
    """

    model: Module
    neurons: list[tuple[str, Neuron]]
    probes: list[Value] = field(default_factory=list[Value])
    calls: list[Call] = field(default_factory=list[Call])

    @property
    def once(self) -> list[Call]:
        """The calls of neurons that were called once, in order."""
        places = [place for place, _, _ in self.calls]
        return [call for call in self.calls if places.count(call[0]) == 1]


def watch_of(model: Module) -> Watch:
    """Return a watch over the neurons of a model.

    >>> from nn import MLP
    >>> watch = watch_of(MLP([2, 3, 1]))
    >>> [name for name, _ in watch.neurons][2:]
    ['layers.0.neurons.2', 'layers.1.neurons.0']
    """
    return Watch(model, list(_found(model, "", set())))


def _found(model: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Neuron]]:
    if id(model) in seen:
        return
    seen.add(id(model))
    if isinstance(model, Neuron):
        yield name or "neuron", model
        return
    for key, member in members(model, "", set()):
        if isinstance(member, Module):
            yield from _found(member, f"{name}.{key}" if name else key, seen)


@contextmanager
def watching(watch: Watch) -> Generator[None]:
    """Note all calls of neurons; afterwards the model is as before."""
    before = Snapshot(watch.model)
    try:
        for place, (_, neuron) in enumerate(watch.neurons):
            vars(neuron)["forward"] = _noting(watch, place, neuron.forward)
        yield
    finally:
        before.restore()


def _noting(watch: Watch, place: int, forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def noted(inputs: list[Any]) -> Any:
        found = forward(inputs)
        if watch.probes:
            found = found + watch.probes[place]
        watch.calls.append((place, list(inputs), found))
        return found

    return noted


# The graph of one neuron --------------------------------------------------------------------------


class Graphs:
    """The graphs of neurons, those that are alike once.

    Attributes:
        programs: scripts of all numbers of each.
        kinds: the nodes of each: name, operands (None for a constant), and whether the operands
            are pairs.
    """

    def __init__(self, parameters: list[Value]) -> None:
        self._place = {p: i for i, p in enumerate(parameters)}
        self._known: dict[Any, int] = {}
        self.programs: list[str] = []
        self.kinds: list[list[Any]] = []

    def add(self, neuron: Neuron, inputs: int, letter: str) -> tuple[int, list[int]] | None:
        """Return the place of a neuron's graph, and its leaves; None where it cannot be shown.

        Args:
            neuron: the neuron.
            inputs: how many it has.
            letter: what its inputs are called.

        Returns:
            A leaf is the place of a parameter, or -1 - k for input k.
        """
        given = [Value(0.0, f"{letter}{k + 1}") for k in range(inputs)]
        z = neuron.forward(given)
        nodes = order(z)
        leaves = [node for node in nodes if node.op is None]
        places = {x: -1 - k for k, x in enumerate(given)} | self._place
        if z.op is None or not all(leaf in places for leaf in leaves):
            return None
        # Plain neurons with one activation differ in nothing but their leaves.
        key: Any = id(neuron)
        if type(neuron) is Neuron:
            key = (inputs, letter, neuron._activate)
        if key not in self._known:
            script = pages.script_of(z)
            if script.missing:
                return None
            self._known[key] = len(self.kinds)
            self.programs.append(pages.standing_alone(script))
            self.kinds.append(_drawn(nodes, neuron, given))
        return self._known[key], [places[leaf] for leaf in leaves]


def _drawn(nodes: list[Value], neuron: Neuron, given: list[Value]) -> list[Any]:
    names = {x: x.label for x in given} | {neuron.bias: "bias"}
    names |= {w: f"w{k + 1}" for k, w in enumerate(neuron.weights)}
    place = {node: i for i, node in enumerate(nodes)}
    drawn: list[Any] = []
    for node in nodes:
        row = node.op
        if row is None:
            drawn.append([names.get(node, node.label), [], 0])
            continue
        operands = [place[x] if isinstance(x, Value) else None for x in node.args]
        drawn.append([row.name, operands, int(row.paired)])
    return drawn
