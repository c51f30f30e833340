"""Attention in any spelling is a few matrix products, whatever its length, with eager numbers."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, compile, dot, exp, logsumexp, tanh, value_and_grad
from autograd.compile.arrays.ir import Fill, Grouped
from autograd.compile.graph.graph import INPUT
from autograd.compile.tracing.trace import trace
from support.chosen_profile import PROFILE
from support.compilers import needs_compiler
from support.roundings import agree, room

COUNT = 1_000 if PROFILE == "long" else 25


def looped(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    total = xs[0] * ys[0]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        total = total + x * y
    return total


def by_logsumexp(scores: list[Any]) -> list[Any]:
    total = logsumexp(scores)
    return [exp(score - total) for score in scores]


def by_ratio(scores: list[Any]) -> list[Any]:
    raised = [exp(score) for score in scores]
    total = autograd.sum(raised)
    return [x / total for x in raised]


def seen(mask: str, t: int, n: int) -> list[int]:
    """The places that place t looks at."""
    if mask == "causal":
        return list(range(t + 1))
    if mask == "window":
        return list(range(max(0, t - 2), t + 1))
    if mask == "strided":
        return [s for s in range(t + 1) if (t - s) % 2 == 0]
    return list(range(n))


@dataclass(frozen=True)
class Attention:
    """A function of queries, keys, values and the share of each place in the result."""

    n: int
    heads: int
    size: int
    mask: str
    product: Callable[..., Any]
    softmax: Callable[[list[Any]], list[Any]]
    bias: float
    swapped: bool

    def rows(self, Q: Any, K: Any, V: Any) -> list[list[Any]]:
        rows = []
        for t in range(self.n):
            row: list[Any] = []
            for begin in range(0, self.heads * self.size, self.size):
                head = slice(begin, begin + self.size)
                scores = []
                for s in seen(self.mask, t, self.n):
                    pair = (K[s][head], Q[t][head]) if self.swapped else (Q[t][head], K[s][head])
                    score = self.product(*pair) / math.sqrt(self.size)
                    if self.mask == "added" and s > t:
                        score = score + -1e30
                    scores.append(score + self.bias * (t - s) if self.bias else score)
                weights = self.softmax(scores)
                lists = zip(*[V[s][head] for s in seen(self.mask, t, self.n)], strict=True)
                row += [self.product(weights, column) for column in lists]
            rows.append(row)
        return rows

    def __call__(self, Q: Any, K: Any, V: Any, share: Any) -> Any:
        rows = self.rows(Q, K, V)
        return autograd.sum([c * tanh(x) for c, row in zip(share, rows, strict=True) for x in row])

    def data(self, seed: int, batch: int, scale: float = 1.0) -> list[Any]:
        rng = np.random.default_rng(seed)
        shape = batch, self.n, self.heads * self.size
        return [
            *(rng.normal(size=shape) * scale for _ in range(3)),
            rng.normal(size=(batch, self.n)),
        ]


attentions = st.builds(
    Attention,
    n=st.integers(1, 7),
    heads=st.integers(1, 3),
    size=st.integers(1, 5),
    mask=st.sampled_from(["causal", "full", "window", "strided", "added"]),
    product=st.sampled_from([dot, looped]),
    softmax=st.sampled_from([by_logsumexp, by_ratio]),
    bias=st.sampled_from([0.0, 0.25]),
    swapped=st.booleans(),
)


@settings(max_examples=COUNT)
@given(attentions, st.integers(0, 2**32), st.sampled_from([1, 3]))
def test_attention_of_any_form_is_as_eager(attention: Attention, seed: int, batch: int) -> None:
    data = attention.data(seed, batch)
    program = compile(attention, argnum=(0, 1, 2, 3))
    values, slopes = program.value_and_grad(*data)
    text: dict[str, Any] = {}
    exec(program.source, text)
    of_text = text["value_and_grad"](*data)
    graph = trace(attention, [x.shape[1:] for x in data])
    eager = value_and_grad(attention, argnum=(0, 1, 2, 3))
    for k in range(batch):
        sample = [x[k].tolist() for x in data]
        allowed = room(graph, [y for x in sample for y in np.ravel(x).tolist()])
        z, wanted = eager(*sample)
        for value, of in ((values, slopes), (of_text[0], of_text[1:])):
            assert agree(float(value[k]), z, allowed.value)
            found = np.concatenate([g[k].ravel() for g in of]).tolist()
            flat = np.concatenate([np.ravel(g) for g in wanted]).tolist()
            for i, (a, b) in enumerate(zip(found, flat, strict=True)):
                assert agree(a, b, allowed.slopes[INPUT, i])


@settings(max_examples=COUNT)
@given(
    attentions,
    st.integers(0, 2**32),
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([math.inf, -math.inf, math.nan, 0.0, 1e200])),
        min_size=1,
        max_size=4,
    ),
)
def test_what_means_nothing_meets_no_infinity(
    attention: Attention, seed: int, special: list[tuple[int, float]]
) -> None:
    """The values of each place, and slopes, are those that a statement for each length gives."""
    data = attention.data(seed, 2)
    generator = random.Random(seed)
    for i, x in special:
        flat = data[i].reshape(-1)
        flat[generator.randrange(len(flat))] = x
    rows = compile(lambda Q, K, V: [x for row in attention.rows(Q, K, V) for x in row])(*data[:3])
    for k in range(2):
        sample = [[[Value(x) for x in row] for row in part[k].tolist()] for part in data[:3]]
        wanted = [x.data for row in attention.rows(*sample) for x in row]
        np.testing.assert_allclose(rows[k], wanted, rtol=1e-9, atol=1e-12)
    program = compile(attention, argnum=(0, 1, 2, 3))
    _, slopes = program.value_and_grad(*data)
    flat = [x.reshape(2, -1) for x in data]
    with np.errstate(all="ignore"):
        exact = program._known().rolled.exactly(program.theta, flat, 2, "gradient")[1:]
    for one, other in zip(slopes, exact, strict=True):
        size = np.abs(other[np.isfinite(other)]).max(initial=1.0)
        np.testing.assert_allclose(one.reshape(2, -1), other, rtol=1e-9, atol=1e-12 * size)


@pytest.mark.parametrize("softmax", [by_logsumexp, by_ratio])
@pytest.mark.parametrize("mask", ["causal", "full"])
def test_statements_do_not_grow_with_the_length(mask: str, softmax: Any) -> None:
    counts = []
    for n in (4, 6, 12):
        attention = Attention(n, 2, 4, mask, dot, softmax, 0.0, swapped=False)
        program = compile(attention, argnum=(0, 1, 2))
        program.value_and_grad(*attention.data(0, 2))
        report = program.report()
        assert not report.unrolled
        counts.append(report.stages[-1].statements)
        statements = program._known().rolled.forward
        assert sum(isinstance(s, Grouped) for s in statements) == 2
        assert (sum(isinstance(s, Fill) for s in statements) > 0) == (mask == "causal")
    assert max(counts) - min(counts) <= 2


@needs_compiler
def test_attention_runs_as_c_too() -> None:
    attention = Attention(6, 2, 4, "causal", dot, by_logsumexp, 0.25, swapped=False)
    data = attention.data(3, 5)
    data[2][1, 4] = math.inf
    values, slopes = compile(attention, argnum=(0, 1, 2), native=False).value_and_grad(*data)
    in_c, slopes_in_c = compile(attention, argnum=(0, 1, 2), native=True).value_and_grad(*data)
    np.testing.assert_allclose(in_c, values, rtol=1e-12)
    for one, other in zip(slopes_in_c, slopes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)


def test_layers_of_attention_cost_the_same_each() -> None:
    def deep(count: int) -> int:
        attention = Attention(5, 2, 4, "causal", dot, by_logsumexp, 0.0, swapped=False)

        def f(X: Any) -> Any:
            for _ in range(count):
                X = [[tanh(x) for x in row] for row in attention.rows(X, X, X)]
            return autograd.sum([x for row in X for x in row])

        program = compile(f)
        data = attention.data(0, 2)[0]
        values, slopes = program.value_and_grad(data)
        z, wanted = value_and_grad(f)(data[1].tolist())
        assert values[1] == pytest.approx(z, rel=1e-12)
        np.testing.assert_allclose(slopes[1], wanted, rtol=1e-9, atol=1e-12)
        return program.report().stages[-1].statements

    one, two, three, four = (deep(count) for count in (1, 2, 3, 4))
    assert three - two == four - three
    assert max(b - a for a, b in pairwise((one, two, three, four))) < 60
