"""The paths of a picture to light up, and the outputs of a network, with the way they should go.

A highlight is given as people have it: a leaf, an explanation, a path of nodes, a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from autograd.display.chain.passes import Walk
from autograd.display.chain.paths import Paths
from autograd.display.format import count_text, label_text, number_text
from autograd.display.picture.grouping import Group
from autograd.engine.value import Value

# Names are numbered through the whole graph; of a larger one no picture shows every node.
MOST_NAMED = 2_000


class Highlight:
    """The uses and nodes to light up.

    Attributes:
        uses: a node, and the place among its operands, for each arrow.
        nodes: those at the ends of the arrows.
        names: the names that `explain` and `steps` have for those without a label.
    """

    def __init__(self, z: Value, nodes: Sequence[Value], given: Any) -> None:
        self.uses: set[tuple[Value, int]] = set()
        self.nodes: set[Value] = set()
        self._notes: list[str] = []
        self._z = z
        self._graph = nodes
        self._places = {node: i for i, node in enumerate(nodes)}
        self._add(given)
        self.names = {node: self._called(node, "") for node in self.nodes if not node.label}

    def _called(self, node: Value, otherwise: str) -> str:
        if node.label or node not in self._places or len(self._graph) > MOST_NAMED:
            return _named(node, otherwise)
        return self._walk.names[node]

    @cached_property
    def _walk(self) -> Walk:
        return Walk(self._z)

    @property
    def note(self) -> str:
        """A line that names the paths that are lit."""
        more = len(self._notes) - 3
        return "; ".join([*self._notes[:3], *([f"and {more:,} more"] if more > 0 else [])])

    def _add(self, given: Any) -> None:
        given = _unpacked(given)
        if isinstance(given, str):
            for node in labelled(self._graph, given):
                self._paths_to(node)
        elif isinstance(given, Value):
            self._paths_to(given)
        elif hasattr(given, "factors"):
            self._path(given)
        elif isinstance(given, list | tuple) and given:
            self._several(list(given))  # pyright: ignore[reportUnknownArgumentType]
        else:
            raise TypeError(
                "highlight is a leaf or another node, a label, a path of explain(z, x).paths, or "
                f"a list of nodes from one end of a path to the other; got {given!r:.60}"
            )

    def _several(self, given: list[Any]) -> None:
        if len(given) > 1 and all(isinstance(node, Value) for node in given):
            self._chain(given)
        else:
            for one in given:
                self._add(one)

    def _paths_to(self, x: Value) -> None:
        """Light all that lies between the result and a node, without listing the paths."""
        name, z = self._called(x, "this node"), self._called(self._z, "the result")
        end = self._places.get(x)
        if end is None:
            self._notes.append(f"nothing is highlighted: {z} does not depend on {name}")
            return
        paths = Paths(self._walk, end)
        nodes = self._graph
        self.nodes.add(x)
        for i, edges in paths.edges.items():
            self.nodes.add(nodes[i])
            self.uses.update((nodes[i], edge.position) for edge in edges)
        count = count_text(paths.count, "path") if paths.count < 10**15 else "very many paths"
        gradient = number_text(self._walk.gradients[end])
        self._notes.append(f"highlighted: {count} from {z} to {name}, the sum is {gradient}")

    def _path(self, path: Any) -> None:
        """Light one path of an explanation."""
        for factor in path.factors:
            if self._places.get(factor.node) is None:
                raise ValueError(
                    f"this path is of another graph: {_named(factor.node, 'one of its nodes')} is "
                    "not in the one to draw"
                )
            self.nodes |= {factor.node, factor.operand}
            self.uses.add((factor.node, factor.position))
        if not path.factors:
            self.nodes.add(self._z)
        self._notes.append(f"highlighted: a path with the product {number_text(path.product)}")

    def _chain(self, nodes: Sequence[Value]) -> None:
        """Light the path through these nodes, from either end."""
        up = [*nodes] if _place(self._places, nodes[0]) > _place(self._places, nodes[-1]) else [
            *reversed(nodes)
        ]  # fmt: skip
        for node, x in pairwise(up):
            uses = [k for k, y in enumerate(node.args) if y is x]
            if not uses:
                raise ValueError(
                    f"{_named(x, 'a node without a label')} is no operand of "
                    f"{_named(node, 'the next')}: a highlighted path goes from operand to result "
                    "and leaves out nothing; highlight=leaf lights all its paths"
                )
            self.uses.update((node, k) for k in uses)
        self.nodes.update(up)
        self._notes.append(f"highlighted: a path through {count_text(len(up), 'node')}")


def _place(places: dict[Value, int], node: Value) -> int:
    if node not in places:
        raise ValueError(f"{_named(node, 'a node to highlight')} is not in the graph to draw")
    return places[node]


def _unpacked(given: Any) -> Any:
    """Return an explanation's node for the explanation: all its paths are meant."""
    return given.x if hasattr(given, "waists") and hasattr(given, "paths") else given


def _named(node: Value, otherwise: str) -> str:
    return label_text(node.label) or otherwise


def labelled(nodes: Sequence[Value], label: str) -> list[Value]:
    """Return the nodes with a label.

    Raises:
        ValueError: if there is none, with some that there are.
    """
    found = [node for node in nodes if label and node.label == label]
    if not found:
        known = list(dict.fromkeys(label_text(node.label) for node in nodes if node.label))
        some = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
        raise ValueError(
            f"no node is labelled {label_text(label)!r}; "
            + (f"the labels are: {some}" if known else "no node of this graph has a label")
        )
    return found


def outputs_of(z: Value, nodes: Sequence[Value], neurons: Sequence[Group]) -> list[Value]:
    """Return the outputs of the network that z was computed from, in topological order.

    They are the results of neurons that no other neuron uses, if z is something further on, such
    as a loss.

    Args:
        z: the result.
        nodes: the graph in topological order.
        neurons: the groups of nodes that are neurons.
    """
    inside = {node: group for group in neurons for node in group.members}
    if not inside or z in inside:
        return []
    penalties = {group for group in neurons if not _has_inputs(group)}
    within: set[Value] = set()  # operands of neurons, also by way of other nodes
    reached: set[Value] = set()
    used: set[Value] = set()
    for node in reversed(nodes):
        below = node in inside or node in within
        for x in node.args:
            if not isinstance(x, Value):
                continue
            if x not in inside:
                if below:
                    within.add(x)
            elif inside[x] is not inside.get(node):
                (used if below else reached).add(x)
    reached -= used
    return [node for node in nodes if node in reached and inside[node] not in penalties]


def _has_inputs(group: Group) -> bool:
    """Tell whether anything but parameters goes in; the square of a weight is no neuron."""
    own = {*group.members, *group.parameters}
    for node in group.members:
        row: Any = node.op
        operands = node.args[: len(node.args) - row.constants]
        if any(x not in own for x in operands):
            return True
    return False
