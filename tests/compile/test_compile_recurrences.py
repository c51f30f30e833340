"""Random recurrences and random narrow graphs have the values and the gradients of eager ones.

Their cells have skips, gates and shared weights; narrow graphs repeat a few instructions, with a
start and an end of their own. `test_native_programs` asks the same of programs that run as C.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, compile, dot, gradient, maximum, relu, sigmoid, sin, tanh
from autograd.compile.graph.graph import INPUT, PARAMETER, Graph
from autograd.compile.tracing.trace import trace
from support.chosen_profile import PROFILE
from support.roundings import EPS, agree, room

COUNT = 2_000 if PROFILE == "long" else 30


def gate(a: Any, b: Any, c: Any) -> Any:
    share = sigmoid(a)
    return share * b + (1.0 - share) * c


# Of equal numbers of different paths either may be the largest, and nothing is known of slopes.
RULES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "mul": lambda a, b, c: a * b,
    "pull": lambda a, b, c: tanh(a) * b,
    "blend": lambda a, b, c: 0.6 * a - 0.4 * b,
    "add": lambda a, b, c: a + b,
    "sub": lambda a, b, c: a - b,
    "tanh": lambda a, b, c: tanh(a),
    "sigmoid": lambda a, b, c: sigmoid(a),
    "relu": lambda a, b, c: relu(a),
    "max": lambda a, b, c: maximum(a, b + 0.125),
    "sin": lambda a, b, c: sin(a),
    "gate": gate,
}
# A rule and, counted from the newest number, the places of what it takes.
Instruction = tuple[str, int, int, int]
_place = st.integers(0, 7)
instructions = st.tuples(st.sampled_from([*RULES]), _place, _place, _place)
# What may be repeated for long and does not double, or square, with each round.
steady = instructions.filter(lambda instruction: instruction[0] not in {"mul", "add", "sub"})
# How a step ends: states that nothing bounds overflow in a few of them.
closings = st.sampled_from(["tanh", "sigmoid", "gate", "sin", "max", "mul"])


def extended(numbers: list[Any], body: Sequence[Instruction], reach: int = 0) -> list[Any]:
    """Return numbers with those that the instructions make of them, or of the newest so many."""
    found = list(numbers)
    for rule, *places in body:
        newest = found[-reach:]
        found.append(RULES[rule](*[newest[-1 - i % len(newest)] for i in places]))
    return found


def looped(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    total = xs[0] * ys[0]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        total = total + x * y
    return total


# Recurrences ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recurrence:
    """A function of the steps' inputs, the first state and the weights.

    A unit is what the body makes of the inputs, of the states that lie as many steps back as
    `skips` says, and of weighted sums of all these. Tied units share the weights.
    """

    steps: int
    hidden: int
    inputs: int
    skips: tuple[int, ...]
    sums: int
    product: Callable[..., Any]
    body: tuple[Instruction, ...]
    closing: str
    shown: int
    tied: bool

    @property
    def shapes(self) -> list[tuple[int, int] | tuple[int]]:
        rows = self.sums * (1 if self.tied else self.hidden)
        width = self.inputs + self.hidden * len(self.skips)
        return [(self.steps, self.inputs), (self.hidden,), (rows, width)]

    def unit(self, u: int, inputs: Any, past: list[Any], W: Any) -> Any:
        first = 0 if self.tied else u * self.sums
        taken = [*inputs, *(h for state in past for h in state)]
        sums = [self.product(W[first + k], taken) for k in range(self.sums)]
        own = [*inputs, W[first][0], *(state[u] for state in past), *sums]
        return extended(own, [*self.body, (self.closing, 0, 1, 2)])[-1]

    def __call__(self, X: Any, H: Any, W: Any) -> Any:
        states, total = [H], 0.0
        for t in range(self.steps):
            past = [states[max(0, len(states) - back)] for back in self.skips]
            states.append([self.unit(u, X[t], past, W) for u in range(self.hidden)])
            if self.shown >> t & 1 or t == self.steps - 1:
                total = total + self.product(W[0][: self.hidden], states[-1])
        return total

    def data(self, seed: int, batch: int) -> list[Any]:
        rng = np.random.default_rng(seed)
        return [rng.normal(size=(batch, *shape)) for shape in self.shapes]


recurrences = st.builds(
    Recurrence,
    steps=st.integers(1, 12),
    hidden=st.integers(1, 4),
    inputs=st.integers(1, 3),
    skips=st.sets(st.integers(2, 5), max_size=2).map(lambda more: (1, *sorted(more))),
    sums=st.integers(1, 3),
    product=st.sampled_from([dot, looped]),
    body=st.lists(instructions, max_size=5).map(tuple),
    closing=closings,
    shown=st.integers(0, 2**12 - 1),
    tied=st.booleans(),
)
# More samples than the few that run as float code, too.
batches = st.sampled_from([1, 3, 9])


def assert_eager(
    f: Callable[..., Any], graph: Graph, found: tuple[Any, Any], sample: list[Any]
) -> None:
    """Ask that a sample's value and its slopes, flat, are eager ones but for roundings."""
    values, slopes = found
    leaves = [[Value(x) for x in np.ravel(part).tolist()] for part in sample]
    nested = [
        np.array(part, dtype=object).reshape(np.shape(x)).tolist()
        for part, x in zip(leaves, sample, strict=True)
    ]
    flat = [x for part in leaves for x in part]
    z = f(*nested)
    allowed = room(graph, [x.data for x in flat])
    assert agree(float(values), z, allowed.value)
    for i, (slope, wanted) in enumerate(zip(slopes, gradient(z, flat), strict=True)):
        assert agree(float(slope), wanted, allowed.slopes[INPUT, i])


@settings(max_examples=COUNT)
@given(recurrence=recurrences, seed=st.integers(0, 2**32), batch=batches)
def test_recurrences_of_any_cell_are_as_eager(
    recurrence: Recurrence, seed: int, batch: int
) -> None:
    data = recurrence.data(seed, batch)
    program = compile(recurrence, argnum=(0, 1, 2), native=False)
    values, slopes = program.value_and_grad(*data)
    assert np.array_equal(values, program(*data), equal_nan=True)
    graph = trace(recurrence, recurrence.shapes)
    for k in {0, batch - 1}:
        found = values[k], np.concatenate([g[k].ravel() for g in slopes])
        assert_eager(recurrence, graph, found, [x[k] for x in data])


@settings(max_examples=COUNT)
@given(recurrence=recurrences, seed=st.integers(0, 2**32), batch=st.sampled_from([1, 4]))
def test_trained_weights_of_any_cell_have_eager_gradients(
    recurrence: Recurrence, seed: int, batch: int
) -> None:
    X, H, (numbers, *_) = recurrence.data(seed, batch)
    W = [[Value(x) for x in row] for row in numbers.tolist()]
    flat = [w for row in W for w in row]

    def f(X: Any, H: Any) -> Any:
        return recurrence(X, H, W)

    program = compile(f, parameters=flat, native=False)
    mean, slopes = program.value_and_grad(X, H)
    each, rows = program.value_and_grad(X, H, per_sample=True)
    graph = trace(f, recurrence.shapes[:2], flat)
    trained = [(PARAMETER, i) for i in range(len(flat))]
    total, off = np.zeros((2, 1 + len(flat)))
    for k in range(batch):
        z = f(X[k].tolist(), H[k].tolist())
        wanted = [z, *gradient(z, flat)]
        point = [*X[k].ravel().tolist(), *H[k].tolist()]
        allowed = room(graph, point, numbers.ravel().tolist())
        rooms = [allowed.value, *[allowed.slopes[leaf] for leaf in trained]]
        for one, other, by in zip([each[k], *rows[k]], wanted, rooms, strict=True):
            assert agree(float(one), other, by)
        sizes = [abs(z.data), *[allowed.sizes[leaf] for leaf in trained]]
        with np.errstate(all="ignore"):
            total += [w.data / batch for w in wanted]
            off += (np.array(rooms) + EPS * (batch + 2.0) * np.array(sizes)) / batch
    for one, other, by in zip([mean, *slopes], total, off, strict=True):
        assert agree(float(one), float(other), float(by))


# Narrow graphs -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """A function of some numbers: instructions on the newest of them, most of these repeated.

    A part is added at each round where `pushes` are the numbers of the program itself.
    """

    inputs: int
    start: tuple[Instruction, ...]
    body: tuple[Instruction, ...]
    closing: str
    rounds: int
    end: tuple[Instruction, ...]
    reach: int
    pushes: bool

    def __call__(self, x: Any) -> Any:
        numbers = extended(list(x), self.start, self.reach)
        for k in range(self.rounds):
            numbers = extended(numbers, [*self.body, (self.closing, 0, 1, 2)], self.reach)
            if self.pushes:
                numbers.append(numbers[-1] * 0.75 + 0.1 * (k % 7 - 3))
        return extended(numbers, self.end, self.reach)[-1] + 0.5 * autograd.sum(list(x))


chains = st.builds(
    Chain,
    inputs=st.integers(1, 4),
    start=st.lists(instructions, max_size=4).map(tuple),
    body=st.lists(steady, max_size=8).map(tuple),
    closing=closings.filter(lambda rule: rule != "mul"),
    rounds=st.one_of(st.integers(0, 12), st.integers(20, 80)),
    end=st.lists(instructions, max_size=4).map(tuple),
    reach=st.integers(1, 4),
    pushes=st.booleans(),
)


@settings(max_examples=COUNT)
@given(chain=chains, seed=st.integers(0, 2**32), batch=batches)
def test_narrow_graphs_of_any_kind_are_as_eager(chain: Chain, seed: int, batch: int) -> None:
    X = np.random.default_rng(seed).normal(size=(batch, chain.inputs))
    program = compile(chain, native=False)
    values, slopes = program.value_and_grad(X)
    graph = trace(chain, [(chain.inputs,)])
    for k in {0, batch - 1}:
        assert_eager(chain, graph, (values[k], slopes[k]), [X[k]])
