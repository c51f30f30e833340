"""Passes about sums: whatever way a sum was written, afterwards it is one node.

A neuron as a loop of `*` and `+`, as a `dot` and a bias, or as `sum` of a list ends in the same
form: a `dot` row, products first, the factor that does not depend on the sample in front.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from autograd.compile.graph.graph import CONSTANT, Bools, Graph, Ints, halves, repeated, tallied
from autograd.compile.graph.simplify import Patch
from autograd.engine.primitives import TABLE, Primitive

# What this pass is about: the rows that a sum can be written in.
_ROWS = _ADD, _SUB, _MUL, _SUM, _DOT, _NEG = [
    TABLE[name] for name in ("add", "sub", "mul", "sum", "dot", "neg")
]

# What these give is 0, 1 or -1, and so a sum of them is exact.
_MARKS = [TABLE[name] for name in ("step", "sign", "equal")]

Edges: TypeAlias = "tuple[Ints, Ints, Ints]"


def flatten(graph: Graph) -> Graph:
    """Return the graph with each tree of sums as one node, and products inside it as its terms.

    A sum that is used once, by a sum, becomes part of that one; so does a product. Terms of one
    factor are taken times 1 where others are products. The terms are added in another order than
    eagerly, which moves the result by a rounding error of the largest. A sum of marks such as
    step(a) - step(b) stays: it is exact, and beside small terms its own would leave a rounding.

    >>> from autograd import Value, dot
    >>> from autograd.compile.graph.simplify import prune
    >>> from autograd.compile.tracing.trace import trace
    >>> w = [Value(2.0), Value(3.0), Value(5.0)]
    >>> loop = trace(lambda x: w[2] + x[0] * w[0] + w[1] * x[1], [(2,)], w)
    >>> one = trace(lambda x: dot(w[:2], x) + w[2], [(2,)], w)
    >>> loop.census()
    {'parameter': 3, 'input': 2, 'add': 2, 'mul': 2}
    >>> flatten(loop).census()
    {'constant': 1, 'parameter': 3, 'input': 2, 'dot': 1}
    >>> str(prune(flatten(loop))) == str(prune(flatten(one)))
    True
    """
    minus, pairs = graph.made_by(_SUB), graph.made_by(_DOT)
    plain = minus | graph.made_by(_ADD, _SUM)
    if not (plain | pairs).any():
        return graph
    used_once = graph.uses == 1
    owner, child = graph.owners, graph.operands
    position = np.arange(len(child)) - graph.start[owner]
    # Into these places a sum or product may be taken; one that is computed once for the batch
    # stays out of a sum over the sample, or it would be computed for each.
    open_place = (plain[owner]) & ~(minus[owner] & (position == 1))
    open_place &= used_once[child] & (graph.batched[child] == graph.batched[owner])
    inner = open_place & (plain | pairs)[child] & ~_of_marks(graph, plain)[child]
    root = np.arange(len(graph))
    root[child[inner]] = owner[inner]
    while True:
        further = root[root]
        if (further == root).all():
            break
        root = further
    absorbed = np.zeros(len(graph), dtype=np.bool_)
    absorbed[child[inner]] = True
    factors = open_place & graph.made_by(_MUL)[child] & ~inner
    absorbed[child[factors]] = True
    terms = _terms(graph, (owner, child, position), plain[owner] & ~inner, factors, pairs, root)
    terms = _without_zeros(graph, terms)
    return _rewritten(graph, terms, absorbed)


def _of_marks(graph: Graph, plain: Bools) -> Bools:
    """Which of the sums have marks alone for terms."""
    others = ~graph.made_by(*_MARKS)[graph.operands]
    return plain & (tallied(graph.owners, len(graph), others) == 0)


@dataclass(frozen=True, slots=True)
class _Terms:
    """Terms a * b of sums, sorted by sum; b is -1 for a term a, and -2 for a term -a."""

    root: Ints
    a: Ints
    b: Ints


def _terms(
    graph: Graph, edges: Edges, outer: Bools, factors: Bools, pairs: Bools, root: Ints
) -> _Terms:
    """Return the terms of all sums: products first, each kind in the order it was written in."""
    owner, child, position = edges
    single = outer & ~factors
    negative = graph.made_by(_SUB)[owner] & (position == 1)
    first = child[single]
    parts = [(owner[single], position[single], first, np.where(negative[single], -2, -1))]
    made = child[factors]
    at = graph.start[made]
    parts.append((owner[factors], position[factors], graph.operands[at], graph.operands[at + 1]))
    half = graph.counts[owner] // 2
    left = pairs[owner] & (position < half)
    at = np.flatnonzero(left)
    parts.append((owner[left], position[left], child[left], child[at + half[left]]))
    owners, positions, a, b = (np.concatenate(part) for part in zip(*parts, strict=True))
    # What the sample does not decide comes first, a constant last.
    weight = np.where(graph.code == CONSTANT, 2, graph.batched.astype(np.int8))
    swap = (b >= 0) & (weight[a] > weight[np.maximum(b, 0)])
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    roots = root[owners]
    order = np.lexsort((positions, owners, b < 0, roots))
    return _Terms(roots[order], a[order], b[order])


def _without_zeros(graph: Graph, terms: _Terms) -> _Terms:
    """Return the terms without the 0.0 that a loop begins with, where that changes no number.

    It makes 0.0 of a sum of negative zeros, and stays if all other terms may be such: not beside a
    square or an exponential, nor in a matrix product, which begins with 0.0 itself.
    """
    is_zero = (terms.b == -1) & (graph.code[terms.a] == CONSTANT)
    numbers = graph.numbers[graph.place[terms.a[is_zero]]]
    is_zero[is_zero] = (numbers == 0.0) & ~np.signbit(numbers)
    if not is_zero.any():
        return terms
    fixed = ~graph.batched & (graph.code != CONSTANT)
    product = (terms.b >= 0) & fixed[terms.a] & graph.batched[np.maximum(terms.b, 0)]
    certain = tallied(terms.root[product], len(graph)) > 1
    single = (terms.b == -1) & ~is_zero
    # Beside a term that is never -0.0 a sum is no negative zero either.
    never = (terms.b == terms.a) | (single & graph.where(lambda row: row.unsigned)[terms.a])
    certain[terms.root[never]] = True
    kept = ~(is_zero & certain[terms.root])
    return _Terms(terms.root[kept], terms.a[kept], terms.b[kept])


def _rewritten(graph: Graph, terms: _Terms, absorbed: Bools) -> Graph:
    """Return the graph with sums made of these terms and without what was absorbed."""
    size = len(graph)
    new = graph
    codes: dict[Primitive, int] = {}
    for row in _ROWS:
        new, codes[row] = new.row_code(row)
    count = tallied(terms.root, size)
    products = tallied(terms.root, size, terms.b >= 0).astype(np.int64)
    minuses = tallied(terms.root, size, terms.b == -2).astype(np.int64)
    is_sum = count > 0
    as_mul = is_sum & (count == 1) & (products == 1)
    as_add = is_sum & (products == 0) & (minuses == 0)
    # The one minus of a plain difference stands second: singles are in the order of the text.
    as_sub = is_sum & (products == 0) & (minuses == 1) & (count == 2)
    as_dot = is_sum & ~(as_mul | as_add | as_sub)
    code = graph.code.copy()
    code[as_add] = np.where(count[as_add] == 2, codes[_ADD], codes[_SUM])
    code[as_sub], code[as_mul], code[as_dot] = codes[_SUB], codes[_MUL], codes[_DOT]
    counts = np.where(is_sum, count, graph.counts)
    counts[as_mul] = 2
    counts[as_dot] = 2 * count[as_dot]
    counts[absorbed] = 0
    # Two constants, 1 and -1, stand before all nodes.
    start = np.zeros(size + 3, dtype=np.int64)
    np.cumsum(counts, out=start[3:])
    operands = np.empty(int(start[-1]), dtype=np.int32)
    plain = ~is_sum & ~absorbed
    operands[repeated(plain, counts)] = 2 + graph.operands[repeated(plain, graph.counts)]
    begin = start[2:-1]
    place = np.arange(len(terms.root)) - (np.cumsum(count) - count)[terms.root]
    a = 2 + terms.a
    # The constants stand at 0 and 1, for the terms that are marked -1 and -2.
    b = terms.b + 2
    b[terms.b < 0] = -1 - terms.b[terms.b < 0]
    # A sum of singles alone: `sub` is the only one with a minus, and its operands are as they are.
    kept = ~absorbed[terms.root]
    operands[(begin[terms.root] + place)[kept]] = a[kept]
    double = (as_dot | as_mul)[terms.root] & kept
    width = count[terms.root]
    operands[(begin[terms.root] + place + width)[double]] = b[double]
    flat = replace(
        new,
        code=np.concatenate([[CONSTANT, CONSTANT], code]).astype(np.int32),
        start=start,
        operands=operands,
        place=np.concatenate([[len(graph.numbers), len(graph.numbers) + 1], graph.place]),
        numbers=np.concatenate([graph.numbers, [1.0, -1.0]]),
        batched=np.concatenate([[False, False], graph.batched]),
        outputs=graph.outputs + 2,
        labels={i + 2: text for i, text in graph.labels.items() if not absorbed[i]},
    )
    wanted = np.concatenate([[False, False], ~absorbed])
    wanted[operands] = True
    return flat.keep(wanted)


def split(graph: Graph) -> Graph:
    """Return the graph with the dense part of each sum as a node of its own.

    Dense are the products of what the sample does not decide with what it does, and the biases
    beside them: what becomes a matrix product. Products of two numbers of the sample, and terms of
    their own, are added to it afterwards.

    >>> from autograd import Value
    >>> from autograd.compile.tracing.trace import trace
    >>> w = [Value(2.0), Value(3.0)]
    >>> graph = flatten(trace(lambda x, y: w[0] * x + w[1] + x * y, [(), ()], w))
    >>> graph.census()
    {'constant': 1, 'parameter': 2, 'input': 2, 'dot': 1}
    >>> split(graph).census()
    {'constant': 1, 'parameter': 2, 'input': 2, 'dot': 2}
    """
    sums = np.flatnonzero(graph.made_by(_DOT))
    if not len(sums):
        return graph
    constant = graph.code == CONSTANT
    fixed = ~graph.batched & ~constant
    patch = Patch(graph)
    one = patch.constant(1.0)
    for node in sums.tolist():
        if not graph.batched[node]:
            continue
        a, b = halves(graph.operands_of(node))
        product = fixed[a] & graph.batched[b]
        dense = product | (fixed[a] & constant[b])
        if not product.any() or dense.all():
            continue
        patch.at = node
        rest, others = a[~dense].tolist(), b[~dense].tolist()
        inner = patch.node(_DOT, [*a[dense].tolist(), *b[dense].tolist()])
        if all(patch.numbers.get(x) == 1.0 for x in others):
            row = _ADD if len(rest) == 1 else _SUM
            taken = [*rest, inner]
        elif len(rest) == 1 and patch.numbers.get(others[0]) == -1.0:
            row, taken = _SUB, [inner, *rest]
        else:
            row, taken = _DOT, [*rest, inner, *others, one]
        patch.changed[node] = patch.code_of(row), taken
    return patch.graph()
