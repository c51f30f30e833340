"""The paths of a graph, without walking them all: how many there are, and which weigh most.

A ladder of twenty layers has a million paths and forty edges. Both questions are answered by one
pass over the edges: the number of paths to a node is the sum over its operands, and the largest
product below a node is the largest over its operands; the best paths are then read off in order.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from autograd.display.chain.latex import number_latex
from autograd.display.chain.passes import Textbook, Walk, beside
from autograd.display.chain.terms import Term, figure, short, signed
from autograd.engine.value import Value
from autograd.transforms.sweep import Edge

# Of a longer path the factors at its ends are shown.
MOST_FACTORS = 12
TIMES = r" \cdot "

# A magnitude is exponent and mantissa: products of a million factors neither overflow nor vanish.
_Magnitude = tuple[int, float]
_LEAST: _Magnitude = (-(1 << 60), 0.0)
_MOST: _Magnitude = (1 << 60, 1.0)
_ONE: _Magnitude = (1, 0.5)


def _magnitude(x: float) -> _Magnitude:
    if x == 0.0:
        return _LEAST
    if not math.isfinite(x):  # nan too: the path it is on is the one to look at
        return _MOST
    mantissa, exponent = math.frexp(abs(x))
    return exponent, mantissa


def _times(a: _Magnitude, b: _Magnitude) -> _Magnitude:
    if _MOST in (a, b):
        return _MOST  # inf * 0 is nan
    if _LEAST in (a, b):
        return _LEAST
    mantissa, exponent = math.frexp(a[1] * b[1])
    return a[0] + b[0] + exponent, mantissa


def _loss(best: _Magnitude, taken: _Magnitude) -> float:
    """Return by how many powers of two a choice is worse than the best; exactly 0 for a tie."""
    if best == taken:
        return 0.0
    if taken == _LEAST or best == _MOST:
        return math.inf
    return (best[0] - taken[0]) + math.log2(best[1] / taken[1])


# A path so far, from its last edge back: edges that paths have in common are kept once.
_Link: TypeAlias = "tuple[Edge, _Link] | None"


def count_paths(
    nodes: Iterable[int], operands: Callable[[int], Iterable[int]]
) -> Iterator[tuple[int, int]]:
    """Yield each node with how many paths lead to it from the first of them, without walking any.

    No count is kept longer than it is needed: it has as many bits as the paths have forks, and
    those of a long ladder would fill memory.

    Args:
        nodes: their places, the first of them the result, each after all that use it.
        operands: gives the operands of a node, once for each use.

    >>> [count for _, count in count_paths(range(4), lambda i: [i + 1, i + 1] if i < 3 else [])]
    [1, 2, 4, 8]
    """
    counts: dict[int, int] = {}
    for i in nodes:
        count = counts.pop(i) if counts else 1
        yield i, count
        for j in operands(i):
            counts[j] = counts.get(j, 0) + count


class Paths:
    """The part of a graph between z and x.

    Attributes:
        start: the place of z.
        end: the place of x.
        edges: the edges from each node on a path to its operands, in the order of the operands.
        count: the number of paths, exact.
    """

    def __init__(self, walk: Walk, end: int) -> None:
        self.start = len(walk.nodes) - 1
        self.end = end
        self._walk = walk
        self.edges: dict[int, list[Edge]] = {end: []}
        for i in range(end + 1, len(walk.nodes)):
            if any(j in self.edges for j in walk.operands(i)):
                self.edges[i] = [edge for edge in walk.edges(i) if edge.operand in self.edges]
        # z was computed from every node, so all that leads to x lies on a path between them.
        counts = count_paths(reversed(self.edges), self._operands)
        self.count = next(count for i, count in counts if i == end)

    def _operands(self, i: int) -> list[int]:
        return [edge.operand for edge in self.edges[i]]

    def best(self, most: int) -> Iterator[list[Edge]]:
        """Yield up to `most` paths by falling |product|, each as edges from z to x.

        Best first with the exact best product of every rest, so no more is looked at than is
        yielded: R. Dechter and J. Pearl, "Generalized best-first search strategies
        and the optimality of A*", Journal of the ACM 32, 1985. Ties go deeper first.
        """
        rest: dict[int, _Magnitude] = {self.end: _ONE}
        taken: dict[int, list[float]] = {}
        for i, edges in self.edges.items():
            if i == self.end:
                continue
            products = [
                _LEAST if is_closed else _times(_magnitude(local), rest[j])
                for _, j, local, is_closed in edges
            ]
            rest[i] = max(products)
            taken[i] = [_loss(rest[i], product) for product in products]
        number = itertools.count()
        waiting: list[tuple[float, int, int, int, _Link]] = [
            (0.0, 0, next(number), self.start, None)
        ]
        for _ in range(most):
            if not waiting:
                return
            loss, depth, _, at, so_far = heapq.heappop(waiting)
            while at != self.end:
                edges, losses = self.edges[at], taken[at]
                straight = losses.index(0.0)
                depth -= 1
                for k, edge in enumerate(edges):
                    if k != straight:
                        item = (loss + losses[k], depth, next(number), edge.operand)
                        heapq.heappush(waiting, (*item, (edge, so_far)))
                if len(waiting) > 1_000 + 4 * most:
                    waiting = heapq.nsmallest(most, waiting)  # sorted, so it is a heap again
                so_far = (edges[straight], so_far)
                at = edges[straight].operand
            path: list[Edge] = []
            while so_far is not None:
                path.append(so_far[0])
                so_far = so_far[1]
            path.reverse()
            yield path

    def waists(self) -> list[int]:
        """Return the nodes that every path goes through, from z to x."""
        found: list[int] = []
        furthest = self.end  # how far up the edges from the nodes so far reach
        reach: dict[int, int] = {}
        for i, edges in self.edges.items():
            for edge in edges:
                reach[edge.operand] = i
        for i in self.edges:
            if furthest <= i:
                found.append(i)
            furthest = max(furthest, reach.get(i, 0))
        return found[::-1]

    def between(self, upper: int, lower: int) -> float:
        """Return the derivative of one node on all paths by another further down."""
        nodes = [i for i in range(upper, lower, -1) if i in self.edges]
        return self._walk.swept({upper: 1.0}, nodes, self.edges).get(lower, 0.0)


def count_figure(n: int) -> str:
    """Return a number of things; of one with very many digits the size.

    >>> count_figure(2**20), count_figure(2**100), count_figure(2**100_000)
    ('1,048,576', 'about 1.27e+30', 'about 10^30102')
    """
    if n < 10**15:
        return f"{n:,}"
    if n < 10**300:
        return f"about {float(n):.3g}"
    return f"about 10^{int((n.bit_length() - 1) * math.log10(2.0))}"


# Paths as they are shown ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Factor:
    """One local derivative on a path.

    Attributes:
        value: the number.
        node: the node that is derived.
        operand: the node it is derived by.
        position: which of the node's operands is meant, from 0.
    """

    value: float
    node: Value
    operand: Value
    position: int
    _walk: Walk = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """Its name, such as ∂z/∂u."""
        return self._walk.local_name(self._walk.place[self.node], self.position)

    @property
    def latex(self) -> str:
        """Its name in LaTeX."""
        return self._walk.local_latex(self._walk.place[self.node], self.position)

    @property
    def rule(self) -> str:
        """How it is computed, such as 2 * u; the number where it depends on nothing."""
        terms = self._walk.partial(self._walk.place[self.node], self.position)
        if terms is None or not isinstance(terms[0], Term):
            return figure(self.value)
        return short(terms[0].text.text)

    @property
    def textbook(self) -> str:
        """How books print it, such as 1 - tanh(u) ** 2; "" where that is `rule`."""
        found = self._textbook()
        return "" if found is None else found.text

    @property
    def textbook_value(self) -> float | None:
        """What that form is in floats, which may have lost its digits; None where there is none."""
        found = self._textbook()
        return None if found is None else found.value

    def _textbook(self) -> Textbook | None:
        return self._walk.textbook(self._walk.place[self.node], self.position)

    @property
    def line(self) -> str:
        """Its name, rule and number, and how books print it where that is another form."""
        written = f"{self.name} = {self.rule} = {figure(self.value)}"
        return f"{written}{beside(self._textbook())}"


@dataclass(frozen=True, slots=True)
class Path:
    """One way from z to x.

    Attributes:
        factors: the local derivatives, from z to x; none if x is z.
        product: their product.
    """

    factors: tuple[Factor, ...]
    product: float

    def __str__(self) -> str:
        if not self.factors:
            return "z itself: 1"
        kept, left_out = ends_of(self.factors)
        names = [f.name for f in kept]
        numbers = [signed(f.value) for f in kept]
        if left_out:
            names.insert(MOST_FACTORS // 2, f"({left_out:,} more)")
            numbers.insert(MOST_FACTORS // 2, "…")
        product = figure(self.product)
        if len(self.factors) == 1:
            return f"{names[0]} = {product}"
        return f"{' · '.join(names)} = {' · '.join(numbers)} = {product}"

    def latex(self) -> str:
        """Return the product in names, with its numbers below, in LaTeX."""
        kept, left_out = ends_of(self.factors)
        names = [f.latex for f in kept] or ["1"]
        numbers = [f"{number_latex(f.value):2}" for f in kept]
        if left_out:
            names.insert(MOST_FACTORS // 2, r"\cdots")
            numbers.insert(MOST_FACTORS // 2, r"\cdots")
        below = number_latex(self.product).text
        if len(kept) > 1:
            below = f"{TIMES.join(numbers)} = {below}"
        return rf"\underbrace{{{TIMES.join(names)}}}_{{{below}}}"


def ends_of(factors: Sequence[Factor]) -> tuple[list[Factor], int]:
    """Return all factors, or those at both ends of a long path, and how many are left out."""
    left_out = len(factors) - MOST_FACTORS
    if left_out <= 0:
        return list(factors), 0
    half = MOST_FACTORS // 2
    return [*factors[:half], *factors[-half:]], left_out
