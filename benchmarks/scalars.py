"""Scalar work: the README expression of micrograd, eager and compiled, and one sample of a network.

Each is written once, for any engine's numbers; what differs is how an engine makes a number and how
it is asked for the slopes.
"""

import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from autograd import Value, compile, relu
from benchmarks.expression import AT, expression
from benchmarks.peers import HIPS, OURS, HipsWorker
from benchmarks.rows import Entry
from benchmarks.timing import clock

Makers = dict[str, Callable[[], Entry]]


def entry(program: Callable[[], Any], numbers: Callable[[Any], list[Any]]) -> Entry:
    """An entry of what a program returns."""
    return Entry(clock(program), [float(x) for x in numbers(program())])


def eager(number: Callable[[float], Any], rectify: Callable[[Any], Any]) -> Callable[[], Any]:
    """Forward and backward through the expression, from new numbers."""

    def program() -> tuple[Any, Any, Any]:
        a, b = number(AT[0]), number(AT[1])
        g = expression(a, b, rectify)
        g.backward()
        return g, a, b

    return program


def eager_makers(peers: dict[str, Any], hips: HipsWorker | None) -> Makers:
    def graph(make: Callable[[float], Any], rectify: Callable[[Any], Any]) -> Callable[[], Entry]:
        return lambda: entry(
            eager(make, rectify), lambda r: [getattr(r[0], "data", r[0]), r[1].grad, r[2].grad]
        )

    makers: Makers = {OURS: graph(Value, relu)}
    if "micrograd" in peers:
        makers["micrograd"] = graph(peers["micrograd"].Value, lambda x: x.relu())
    if "PyTorch" in peers:
        torch = peers["PyTorch"]
        makers["PyTorch"] = graph(
            lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), torch.relu
        )
    if "MyGrad" in peers:
        mygrad = peers["MyGrad"]
        makers["MyGrad"] = graph(mygrad.tensor, lambda x: mygrad.maximum(x, 0.0))
    if hips is not None:
        makers[HIPS] = lambda: Entry(hips.clock, hips.numbers())
    return makers


def flat(found: tuple[Any, Any]) -> list[Any]:
    """The numbers of (values, (slopes, slopes)), whatever arrays they are."""
    values, slopes = found
    return [x for part in (values, *slopes) for x in np.asarray(part).ravel().tolist()]


def one_call_makers(peers: dict[str, Any]) -> Makers:
    program = compile(lambda a, b: expression(a, b, relu), argnum=(0, 1))
    makers: Makers = {OURS: lambda: entry(lambda: program.value_and_grad(*AT), flat)}
    if "JAX" in peers:
        jax = peers["JAX"]

        def with_jax() -> Entry:
            jitted = jax.jit(jax.value_and_grad(jax_expression(jax), argnums=(0, 1)))
            at = [jax.numpy.asarray(x) for x in AT]
            return entry(lambda: jax.block_until_ready(jitted(*at)), flat)

        makers["JAX jit"] = with_jax
    return makers


def batch_makers(peers: dict[str, Any], count: int) -> Makers:
    """The same over arrays of `count` points."""
    at = [np.linspace(AT[0], -3.0, count), np.linspace(AT[1], 3.0, count)]
    program = compile(lambda a, b: expression(a, b, relu), argnum=(0, 1))
    makers: Makers = {OURS: lambda: entry(lambda: program.value_and_grad(*at), flat)}
    if "JAX" in peers:
        jax = peers["JAX"]

        def with_jax() -> Entry:
            each = jax.value_and_grad(jax_expression(jax), argnums=(0, 1))
            jitted = jax.jit(jax.vmap(each))
            arrays = [jax.numpy.asarray(x) for x in at]
            return entry(lambda: jax.block_until_ready(jitted(*arrays)), flat)

        makers["JAX jit"] = with_jax
    return makers


def jax_expression(jax: Any) -> Callable[[Any, Any], Any]:
    return lambda a, b: expression(a, b, jax.nn.relu)


SIZES = [2, 16, 16, 1]


def sample_makers(peers: dict[str, Any]) -> Makers:
    """One sample through a network and back, gradients emptied first, from the same weights."""
    generator = random.Random(0)
    arrays = [
        (
            np.array([[generator.uniform(-1.0, 1.0) for _ in range(n)] for _ in range(m)]),
            np.zeros(m),
        )
        for n, m in itertools.pairwise(SIZES)
    ]
    numbers = [x for W, b in arrays for row, c in zip(W, b, strict=True) for x in (*row, c)]

    def sample(call: Callable[[list[float]], Any], parameters: list[Any]) -> Entry:
        def program() -> Any:
            for p in parameters:
                p.grad = 0.0
            loss = (call([0.3, -0.7]) - 1.0) ** 2
            loss.backward()
            return loss

        return entry(program, lambda loss: [loss.data, *(p.grad for p in parameters)])

    def ours() -> Entry:
        model = nn.MLP(SIZES, activation="relu")
        model.set_arrays(arrays)
        return sample(lambda x: model(x)[0], list(model.parameters()))

    def theirs() -> Entry:
        model = peers["micrograd"].MLP(SIZES[0], SIZES[1:])
        for p, x in zip(model.parameters(), numbers, strict=True):
            p.data = float(x)
        return sample(model, model.parameters())

    makers: Makers = {OURS: ours}
    if "micrograd" in peers:
        makers["micrograd"] = theirs
    return makers
