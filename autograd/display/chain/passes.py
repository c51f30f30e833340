"""The chain rule over a graph, kept: every value, local derivative and contribution in order.

Backward passes throw away what a reader wants to see. A `Walk` computes the same numbers in the
same order, bit for bit, and keeps them; it reads no `grad` and sets none. Steps, explanations
and the page to walk through are views of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from autograd.display.chain.terms import (
    Names,
    Term,
    forward_term,
    partial_terms,
    ratio,
    ratio_latex,
)
from autograd.engine.backward import order
from autograd.engine.methods import closed
from autograd.engine.value import Value


class Use(NamedTuple):
    """One use of an operand, as the backward pass meets it.

    Attributes:
        node: the place of the result in topological order.
        position: which of its operands it is.
        operand: the place of the operand.
        local: the local derivative.
        nothing: whether the local derivative is 0 by its rule, so that not even inf passes.
        upstream: the derivative of the end by the result.
        before: the operand's derivative so far.
        after: the operand's derivative with this contribution.
    """

    node: int
    position: int
    operand: int
    local: float
    nothing: bool
    upstream: float
    before: float
    after: float

    @property
    def contribution(self) -> float:
        """The product upstream * local."""
        return 0.0 if self.nothing else self.upstream * self.local


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

    def locals_of(self, i: int, data: Sequence[float] | None = None) -> Sequence[float]:
        """Return the local derivatives of a node, one for each operand; at `data`, if given."""
        node = self.nodes[i]
        row: Any = node.op
        if row is None:
            return ()
        data = self.data if data is None else data
        numbers = [data[self.place[x]] if isinstance(x, Value) else x for x in node.args]
        return [float(d) for d in row.partials(data[i], *numbers)]

    @cached_property
    def uses(self) -> list[Use]:
        """Every use of an operand, in the order of the backward pass."""
        gradients: list[float] = [0.0] * len(self.nodes)
        gradients[-1] = 1.0
        uses: list[Use] = []
        place = self.place
        reached = {len(self.nodes) - 1}
        for i in range(len(self.nodes) - 1, -1, -1):
            node = self.nodes[i]
            if node.op is None:
                continue
            locals_ = self.locals_of(i)
            none_to = closed(node.op, locals_)
            g = gradients[i]
            for k, (x, local) in enumerate(zip(node.args, locals_, strict=True)):
                if not isinstance(x, Value):
                    continue
                j = place[x]
                before = gradients[j]
                nothing = k in none_to or i not in reached
                if not nothing:
                    reached.add(j)
                after = before if nothing else before + g * local
                gradients[j] = after
                uses.append(Use(i, k, j, local, nothing, g, before, after))
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
