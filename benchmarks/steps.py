"""Steps of descent on a network: compiled, by hand in NumPy, under JAX's jit, in PyTorch.

All start from the same weights, minimise ½ Σ (a - y)² averaged over the batch, and hand back the
loss of each step. Each peer is written as it is quickest: JAX gets its buffers donated and is
waited for without a copy; PyTorch updates without its optimiser's bookkeeping.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import compile
from benchmarks.peers import OURS
from benchmarks.rows import Entry
from benchmarks.scalars import Makers
from benchmarks.timing import clock
from nn import MLP, half_squared_error

NUMPY = "NumPy by hand"
JAX = "JAX jit"
UNWAITED = "JAX jit, never waited for"


@dataclass(frozen=True)
class Work:
    """A network and the batch it learns from; hidden layers have the activation."""

    sizes: tuple[int, ...]
    activation: str
    batch: int
    kind: str
    rate: float = 0.01

    @property
    def name(self) -> str:
        return f"SGD step {list(self.sizes)} batch {self.batch} {self.kind}"

    def arrays(self) -> list[tuple[Any, Any]]:
        """The weights at the start: for each layer W of shape (outputs, inputs), and b."""
        rng = np.random.default_rng(0)
        return [
            ((rng.normal(size=(m, n)) / np.sqrt(n)).astype(self.kind), np.zeros(m, self.kind))
            for n, m in itertools.pairwise(self.sizes)
        ]

    def data(self, count: int) -> tuple[Any, Any]:
        """Random inputs and targets in [0, 1) for so many samples."""
        rng = np.random.default_rng(1)
        X = rng.uniform(size=(count, self.sizes[0])).astype(self.kind)
        return X, rng.uniform(size=(count, self.sizes[-1])).astype(self.kind)


@dataclass(frozen=True)
class Trainer:
    """How an engine trains: its form of an array, a step on a batch, its parameters.

    `step` returns the loss before it; `parameters` the layers' W and b as arrays.
    """

    convert: Callable[[Any], Any]
    step: Callable[[Any, Any], Any]
    parameters: Callable[[], list[Any]]
    finish: Callable[[], object] = lambda: None


def ours(work: Work) -> Trainer:
    model = MLP(work.sizes, activation=work.activation)
    model.set_arrays(work.arrays())
    program = compile(
        lambda x, y: half_squared_error(model(x), y), parameters=model, dtype=work.kind
    )

    def step(X: Any, Y: Any) -> Any:
        loss, slopes = program.value_and_grad(X, Y)
        slopes *= work.rate
        theta = program.theta
        theta -= slopes
        return loss

    def parameters() -> list[Any]:
        program.store()
        return [a for pair in model.arrays() for a in pair]

    return Trainer(lambda x: x, step, parameters)


def by_hand(work: Work) -> Trainer:
    """The step as one would write it for this network alone."""
    layers = work.arrays()
    is_tanh = work.activation == "tanh"

    def step(X: Any, Y: Any) -> Any:
        outputs = [X]
        for W, b in layers[:-1]:
            z = outputs[-1] @ W.T + b
            outputs.append(np.tanh(z) if is_tanh else 1.0 / (1.0 + np.exp(-z)))
        W, b = layers[-1]
        error = outputs[-1] @ W.T + b - Y
        loss = 0.5 * (error * error).sum() / len(X)
        g = error / len(X)
        for i in range(len(layers) - 1, -1, -1):
            W, b = layers[i]
            a = outputs[i]
            below = g @ W * (1.0 - a * a if is_tanh else a * (1.0 - a)) if i else None
            W -= work.rate * (g.T @ a)
            b -= work.rate * g.sum(axis=0)
            g = below
        return loss

    return Trainer(lambda x: x, step, lambda: [a for pair in layers for a in pair])


def with_jax(jax: Any, work: Work, waits: bool = True) -> Trainer:
    activation = jax.numpy.tanh if work.activation == "tanh" else jax.nn.sigmoid

    def loss(layers: Any, x: Any, y: Any) -> Any:
        for W, b in layers[:-1]:
            x = activation(x @ W.T + b)
        W, b = layers[-1]
        return 0.5 * ((x @ W.T + b - y) ** 2).sum() / len(x)

    def update(layers: Any, x: Any, y: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(layers, x, y)
        return value, jax.tree.map(lambda p, g: p - work.rate * g, layers, slopes)

    jitted = jax.jit(update, donate_argnums=0)
    layers = jax.tree.map(jax.numpy.array, work.arrays())

    def step(X: Any, Y: Any) -> Any:
        nonlocal layers
        value, layers = jitted(layers, X, Y)
        if waits:
            jax.block_until_ready(layers)
        return value

    return Trainer(
        jax.numpy.asarray,
        step,
        lambda: [np.asarray(a) for pair in layers for a in pair],
        lambda: jax.block_until_ready(layers),
    )


def with_torch(torch: Any, work: Work) -> Trainer:
    layers = [[torch.tensor(a, requires_grad=True) for a in pair] for pair in work.arrays()]
    flat = [p for pair in layers for p in pair]
    activation = torch.tanh if work.activation == "tanh" else torch.sigmoid
    linear = torch.nn.functional.linear

    def step(X: Any, Y: Any) -> Any:
        x = X
        for W, b in layers[:-1]:
            x = activation(linear(x, W, b))
        loss = 0.5 * ((linear(x, *layers[-1]) - Y) ** 2).sum() / len(X)
        slopes = torch.autograd.grad(loss, flat)
        with torch.no_grad():
            for p, g in zip(flat, slopes, strict=True):
                p.sub_(g, alpha=work.rate)
        return loss.item()

    return Trainer(torch.from_numpy, step, lambda: [p.detach().numpy() for p in flat])


def trainers(work: Work, peers: dict[str, Any]) -> dict[str, Callable[[], Trainer]]:
    found: dict[str, Callable[[], Trainer]] = {
        OURS: lambda: ours(work),
        NUMPY: lambda: by_hand(work),
    }
    if "JAX" in peers:
        found[JAX] = lambda: with_jax(peers["JAX"], work)
        found[UNWAITED] = lambda: with_jax(peers["JAX"], work, waits=False)
    if "PyTorch" in peers:
        found["PyTorch"] = lambda: with_torch(peers["PyTorch"], work)
    return found


def learned(trainer: Trainer, X: Any, Y: Any) -> list[float]:
    """The losses of three steps, and how far into the weights they went: their sums of squares."""
    losses = [float(trainer.step(X, Y)) for _ in range(3)]
    weights = [np.asarray(a, dtype=float) for a in trainer.parameters()]
    return losses + [float((a * a).sum()) for a in weights] + [float(a.ravel()[0]) for a in weights]


def step_makers(work: Work, peers: dict[str, Any]) -> Makers:
    """Steps on one batch again and again."""

    def made(make: Callable[[], Trainer]) -> Entry:
        trainer = make()
        X, Y = (trainer.convert(a) for a in work.data(work.batch))
        numbers = learned(trainer, X, Y)

        return Entry(clock(lambda: trainer.step(X, Y), trainer.finish), numbers)

    return {name: lambda make=make: made(make) for name, make in trainers(work, peers).items()}


def epoch_makers(work: Work, peers: dict[str, Any], count: int) -> Makers:
    """One epoch over `count` samples, in batches of `work.batch` in order."""

    def made(make: Callable[[], Trainer]) -> Entry:
        trainer = make()
        X, Y = (trainer.convert(a) for a in work.data(count))
        # Cut beforehand: a slice is a view in NumPy, but work of its own in JAX.
        starts = range(0, count, work.batch)
        batches = [(X[i : i + work.batch], Y[i : i + work.batch]) for i in starts]
        numbers = learned(trainer, *batches[0])

        def epoch() -> None:
            for x, y in batches:
                trainer.step(x, y)

        return Entry(clock(epoch, trainer.finish), numbers)

    makers = trainers(work, peers)
    return {name: lambda make=make: made(make) for name, make in makers.items()}


def products(work: Work) -> Entry:
    """The matrix products of a step and nothing else: the limit of any program on this BLAS."""
    X, _ = work.data(work.batch)
    weights = [W for W, _ in work.arrays()]
    widths = [X, *(np.zeros((work.batch, n), work.kind) for n in work.sizes[1:])]
    slopes = [np.zeros_like(W) for W in weights]

    def program() -> None:
        for i, W in enumerate(weights):
            np.matmul(widths[i], W.T, out=widths[i + 1])
        for i in range(len(weights) - 1, -1, -1):
            np.matmul(widths[i + 1].T, widths[i], out=slopes[i])
            if i:
                np.matmul(widths[i + 1], weights[i], out=widths[i])

    return Entry(clock(program), [])


def flops(work: Work) -> int:
    """Multiplications and additions in the matrix products of a step."""
    pairs = list(itertools.pairwise(work.sizes))
    first, *rest = (2 * work.batch * n * m for n, m in pairs)
    return 2 * first + 3 * sum(rest)
