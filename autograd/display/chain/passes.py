"""The chain rule over a graph, kept: every value, local derivative and contribution in order.

Backward passes throw away what a reader wants to see. A `Walk` computes the same numbers in the
same order, bit for bit, and keeps them; it reads no `grad` and sets none. Steps, explanations
and the page to walk through are views of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from operator import mul
from typing import Any, NamedTuple, cast

from autograd.display.chain.terms import (
    Names,
    Term,
    forward_term,
    partial_terms,
    ratio,
    ratio_latex,
)
from autograd.engine.backward import order
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value
from autograd.transforms.sweep import Edge, Local, edges, sweep


class Use(NamedTuple):
    """One use of an operand, as the backward pass meets it.

    Attributes:
        node: the place of the result in topological order.
        position: which of its operands it is.
        operand: the place of the operand.
        local: the local derivative.
        nothing: whether the local derivative is 0 by its rule, so that not even inf passes.
        upstream: the derivative of the end by the result.
        contribution: the product upstream * local; g / y where local is a 1 / y that overflows.
        before: the operand's derivative so far.
        after: the operand's derivative with this contribution.
    """

    node: int
    position: int
    operand: int
    local: float
    nothing: bool
    upstream: float
    contribution: float
    before: float
    after: float


class Walk:
    """The numbers of a forward and a backward pass.

    Attributes:
        z: the result.
        nodes: in topological order.
        place: where each stands in it.
        data: their values at the time.

    Raises:
        TypeError: if z is no Value.
        StaleGraphError: if a Value was given new data after something was computed from it.
    """

    def __init__(self, z: Value) -> None:
        self.z = z
        self.nodes = order(z)
        self.place = {node: i for i, node in enumerate(self.nodes)}
        self.data = [node.data for node in self.nodes]
        self._partials: tuple[int, Any] = (-1, None)

    def edges(self, i: int, data: Sequence[float] | None = None) -> list[Edge]:
        """Return the uses of Values in a node, by their places; at `data`, if given."""
        if self.nodes[i].op is None:
            return []
        row, _, partials = self._local(i, self.data if data is None else data)
        return edges(row, partials, self._operands_of(i), range(len(self.nodes)))

    def _local(self, i: int, data: Sequence[float]) -> Local:
        """Return the operation of an interior node, its operands and its local derivatives."""
        node, place = self.nodes[i], self.place
        row = cast(Primitive, node.op)
        numbers = [data[place[x]] if isinstance(x, Value) else x for x in node.args]
        rule: Any = row.partials
        return row, numbers, [float(d) for d in rule(data[i], *numbers)]

    def operands(self, i: int) -> list[int]:
        """Return the places of the operands of a node, once for each use."""
        return [j for j in self._operands_of(i) if j >= 0]

    def _operands_of(self, i: int) -> list[int]:
        """Return the places of all operands of a node, -1 for a plain number."""
        return [self.place[x] if isinstance(x, Value) else -1 for x in self.nodes[i].args]

    def swept(
        self,
        received: dict[int, float],
        nodes: Iterable[int],
        among: Container[int],
        note: Callable[[int, Edge, float], object] | None = None,
    ) -> dict[int, float]:
        """Return what places receive as some nodes hand on what they have; see `sweep`."""

        def local_of(i: int, _: Sequence[int]) -> Local:
            return self._local(i, self.data)

        return sweep(
            received, nodes, self._operands_of, local_of, among, zero=0.0, product=mul, note=note
        )

    @cached_property
    def uses(self) -> list[Use]:
        """Every use of an operand, in the order of the backward pass."""
        places = range(len(self.nodes))
        last = places[-1]
        received = {last: 1.0}
        gradients: list[float] = [*[0.0] * last, 1.0]
        uses: list[Use] = []

        def note(i: int, edge: Edge, part: float) -> None:
            j: int = edge.operand
            before, gradients[j] = gradients[j], received.get(j, 0.0)
            uses.append(Use(i, *edge, gradients[i], part, before, gradients[j]))

        inner = [i for i in reversed(places) if self.nodes[i].op is not None]
        self.swept(received, inner, places, note)
        return uses

    @cached_property
    def gradients(self) -> list[float]:
        """The derivative of z by every node, in topological order."""
        gradients = [0.0] * len(self.nodes)
        gradients[-1] = 1.0
        for use in self.uses:
            gradients[use.operand] = use.after
        return gradients

    # Names and rules --------------------------------------------------------------------------

    @cached_property
    def names(self) -> Names:
        """A name for every node."""
        return Names(self.nodes)

    def name(self, i: int) -> str:
        """Return the name of the node at a place."""
        return self.names[self.nodes[i]]

    def name_latex(self, i: int) -> str:
        """Return the name of the node at a place in LaTeX."""
        return self.names.latex(self.nodes[i])

    def local_name(self, i: int, k: int) -> str:
        """Return the name of a local derivative, such as ∂z/∂x.

        Of an operand that is used twice in one operation, ∂z/∂x[1] is the first use.
        """
        node = self.nodes[i]
        x: Any = node.args[k]
        if node.args.count(x) == 1:
            return ratio("∂", self.names[node], self.names[x])
        return f"{ratio('∂', self.names[node], self.names[x])}[{k + 1}]"

    def local_latex(self, i: int, k: int) -> str:
        """Return the name of a local derivative in LaTeX."""
        node = self.nodes[i]
        x: Any = node.args[k]
        text = ratio_latex("∂", self.names.latex(node), self.names.latex(x))
        return text if node.args.count(x) == 1 else f"{{{text}}}^{{({k + 1})}}"

    def _operands(self, i: int, figures: bool) -> list[Any]:
        term = self.names.term
        return [
            x if not isinstance(x, Value)
            else Term.figure(self.data[self.place[x]]) if figures else term(x)
            for x in self.nodes[i].args
        ]  # fmt: skip

    def forward(self, i: int) -> tuple[Term, Term]:
        """Return what an interior node computes, in names and in numbers."""
        row: Any = self.nodes[i].op
        return (
            forward_term(row, self._operands(i, False)),
            forward_term(row, self._operands(i, True)),
        )

    def partial(self, i: int, k: int) -> tuple[Any, Any] | None:
        """Return a local derivative in names and in numbers; None where it cannot be written."""
        if self._partials[0] != i:  # The operands of a node follow one another.
            row: Any = self.nodes[i].op
            terms = partial_terms(row, self.names.term(self.nodes[i]), self._operands(i, False))
            figures = terms and partial_terms(
                row, Term.figure(self.data[i]), self._operands(i, True)
            )
            self._partials = i, (terms, figures)
        terms, figures = self._partials[1]
        return (terms[k], figures[k]) if terms and figures else None
