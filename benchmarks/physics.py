"""Steps of descent on a physics-informed net: second derivatives of a network in its loss.

u'' + u = 0 with u(0) = 0 and u'(0) = 1; u is a network, and the loss the mean of the squared
residual over a batch of times, with the two ends beside it. In JAX it is written over a batch as
its users write it: `grad(grad(u))` of one time under `vmap`, and the step under `jit`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import compile, grad, square
from benchmarks.peers import OURS
from benchmarks.rows import Entry
from benchmarks.scalars import Makers
from benchmarks.steps import JAX, Trainer, Work, learned
from benchmarks.timing import clock
from nn import MLP, SGD

EAGER = "chalkgrad, eager"
# An eager step on more samples takes longer than all other programs of a row together.
_FEW = 8


@dataclass(frozen=True)
class Physics:
    """A net and the number of times that it learns from at once."""

    network: Work

    @property
    def name(self) -> str:
        sizes, batch = list(self.network.sizes), self.network.batch
        return f"SGD step of a physics-informed net {sizes} batch {batch}, u'' by grad(grad(u))"

    def times(self) -> Any:
        """The times, an array of one column."""
        return np.linspace(0.1, 3.0, self.network.batch)[:, None]


def _loss(model: Any) -> Callable[[Any], Any]:
    """The loss of one time, in scalars."""

    def u(t: Any) -> Any:
        return model([t])[0]

    def loss(x: Any) -> Any:
        (t,) = x
        residual = grad(grad(u))(t) + u(t)
        return square(residual) + square(u(0.0)) + square(grad(u)(0.0) - 1.0)

    return loss


def _model(work: Work) -> MLP:
    model = MLP(work.sizes, activation=work.activation)
    model.set_arrays(work.arrays())
    return model


def _parameters(model: MLP) -> list[Any]:
    return [a for pair in model.arrays() for a in pair]


def ours(work: Work) -> Trainer:
    model = _model(work)
    program = compile(_loss(model), parameters=model)

    def step(X: Any, _: Any) -> Any:
        loss, slopes = program.value_and_grad(X)
        slopes *= work.rate
        theta = program.theta
        theta -= slopes
        return loss

    def parameters() -> list[Any]:
        program.store()
        return _parameters(model)

    return Trainer(lambda x: x, step, parameters)


def eager(work: Work) -> Trainer:
    model = _model(work)
    loss, optimizer = _loss(model), SGD(model.parameters(), lr=work.rate)

    def step(X: Any, _: Any) -> Any:
        optimizer.zero_grad()
        total = sum(loss(x) for x in X.tolist()) / len(X)
        total.backward()
        optimizer.step()
        return total.data

    return Trainer(lambda x: x, step, lambda: _parameters(model))


def with_jax(jax: Any, work: Work) -> Trainer:
    xp = jax.numpy

    def u(layers: Any, t: Any) -> Any:
        x = t[None]
        for W, b in layers[:-1]:
            x = xp.tanh(W @ x + b)
        W, b = layers[-1]
        return (W @ x + b)[0]

    slope = jax.grad(u, 1)

    def loss(layers: Any, X: Any) -> Any:
        def residual(t: Any) -> Any:
            return jax.grad(slope, 1)(layers, t) + u(layers, t)

        ends = u(layers, xp.zeros(())) ** 2 + (slope(layers, xp.zeros(())) - 1.0) ** 2
        return (jax.vmap(residual)(X[:, 0]) ** 2).mean() + ends

    def update(layers: Any, X: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(layers, X)
        return value, jax.tree.map(lambda p, g: p - work.rate * g, layers, slopes)

    jitted = jax.jit(update, donate_argnums=0)
    layers = jax.tree.map(xp.array, work.arrays())

    def step(X: Any, _: Any) -> Any:
        nonlocal layers
        value, layers = jitted(layers, X)
        jax.block_until_ready(layers)
        return value

    return Trainer(xp.asarray, step, lambda: [a for pair in layers for a in pair])


def physics_makers(physics: Physics, peers: dict[str, Any]) -> Makers:
    """Steps on one batch again and again."""
    work = physics.network
    trainers: dict[str, Callable[[], Trainer]] = {OURS: lambda: ours(work)}
    if work.batch <= _FEW:
        trainers[EAGER] = lambda: eager(work)
    if "JAX" in peers:
        trainers[JAX] = lambda: with_jax(peers["JAX"], work)

    def made(make: Callable[[], Trainer]) -> Entry:
        trainer = make()
        X = trainer.convert(physics.times())
        numbers = learned(trainer, X, X)
        return Entry(clock(lambda: trainer.step(X, X), trainer.finish), numbers)

    return {name: lambda make=make: made(make) for name, make in trainers.items()}
