"""The chain rule over a graph, kept: every value, local derivative and contribution in order.

Backward passes throw away the numbers that a reader wants to see. A `Walk` computes the same ones,
bit for bit and in the same order, and keeps them; it reads no `grad` and sets none. Steps,
explanations and the page to walk through are views of a walk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from operator import mul
from typing import Any, NamedTuple, cast

from autograd.display.chain.terms import (
    Names,
    Term,
    figure,
    forward_term,
    partial_terms,
    ratio,
    ratio_latex,
    short,
    textbook_terms,
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


class Textbook(NamedTuple):
    """A local derivative as books print it, where that is not how it is computed.

    Attributes:
        term: the form, in names.
        value: what it is in floats; nan where it is no number.
        lost: whether fewer of its digits are right than are shown.
    """

    term: Term
    value: float
    lost: bool

    @property
    def text(self) -> str:
        """The form as text."""
        return short(self.term.text.text)

    @property
    def in_floats(self) -> str:
        """What is said behind it where its digits are lost."""
        return f", {figure(self.value)} in floats" if self.lost else ""


def beside(textbook: Textbook | None) -> str:
    """Return a second form as it stands behind the first and its number; "" where there is none.

    >>> beside(Walk(Value(20.0, "x").tanh()).textbook(1, 0))
    ' (textbook: 1 - tanh(x) ** 2, 0 in floats)'
    """
    return "" if textbook is None else f" (textbook: {textbook.text}{textbook.in_floats})"


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
        self._textbooks: tuple[int, list[Textbook | None]] = (-1, [])

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
        """Return the sums that places receive as some nodes hand on theirs; see `sweep`."""

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
        """Return the operation of an interior node, in names and in numbers."""
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

    def textbook(self, i: int, k: int) -> Textbook | None:
        """Return a local derivative as books print it; None where that is the form of `partial`."""
        if self._textbooks[0] != i:
            self._textbooks = i, self._textbooks_of(i)
        found = self._textbooks[1]
        return found[k] if found else None

    def _textbooks_of(self, i: int) -> list[Textbook | None]:
        row: Any = self.nodes[i].op
        z = self.names.term(self.nodes[i])
        terms = textbook_terms(row, z, self._operands(i, False))
        if terms is None:
            return []
        _, numbers, partials = self._local(i, self.data)
        if len(terms) != len(partials):
            return []
        try:
            values: list[Any] = list(row.textbook(self.data[i], *numbers))
        except Exception:  # a user's form may raise anything, as Python's operators do at 0
            values = [math.nan] * len(terms)
        return [
            Textbook(term, float(value), _is_lost(float(value), partial))
            if isinstance(term, Term)
            else None
            for term, value, partial in zip(terms, values, partials, strict=True)
        ]


# Six significant digits are shown.
_LEAST_RIGHT = 1e-6


def _is_lost(value: float, right: float) -> bool:
    """Whether a number is off by more than a millionth of the right one, and is seen to be."""
    if math.isnan(right) or figure(value) == figure(right):
        return False
    return math.isinf(right) or not abs(value - right) <= _LEAST_RIGHT * abs(right)
