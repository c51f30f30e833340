"""The programs that are timed, each written once for any engine's Value."""

import gc
import random
import subprocess
import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import Any

import nn
from autograd import Value
from autograd.display import draw


def readme(value: Any) -> Callable[[], object]:
    """The expression of micrograd's README, forward and backward: 33 nodes."""

    def program() -> Any:
        a, b = value(-4.0), value(2.0)
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + (b + a).relu()
        d += 3 * d + (b - a).relu()
        e = c - d
        f = e**2
        g = f / 2.0
        g += 10.0 / f
        g.backward()
        return g, a, b

    return program


SIZES = [2, 16, 16, 1]


def mlp(call: Callable[[list[float]], Any], parameters: list[Any]) -> Callable[[], object]:
    """One sample through a network and back, gradients emptied first; over any engine's Value."""

    def program() -> object:
        for p in parameters:
            p.grad = 0.0
        loss = (call([0.3, -0.7]) - 1.0) ** 2
        loss.backward()
        return loss

    return program


def ours_mlp() -> Callable[[], object]:
    model = nn.MLP(SIZES, activation="relu", seed=0)
    return mlp(lambda x: model(x)[0], list(model.parameters()))


def scalar_mlp(module: Any) -> Callable[[], object]:
    """The same with the network of micrograd's module."""
    random.seed(0)
    model = module.MLP(SIZES[0], SIZES[1:])
    return mlp(model, model.parameters())


def chain(length: int) -> tuple[Value, Value]:
    x = z = Value(1.0)
    for _ in range(length // 2):
        z = z * 0.5
        z = z + 1.0
    return x, z


def chain_seconds(length: int) -> tuple[float, float, float]:
    """The seconds to build a chain, to go backward through it, and to free it."""
    gc.collect()
    start = perf_counter()
    _, z = chain(length)
    built = perf_counter()
    z.backward()
    reversed_ = perf_counter()
    del z
    return built - start, reversed_ - built, perf_counter() - reversed_


def chain_bytes(length: int) -> float:
    """The bytes a node that a chain holds after a backward pass."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        _, z = chain(length)
        z.backward()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / length


def network(count: int) -> Value:
    """A graph of `count` boxes or a few more, shaped like a training step: sums of products."""
    generator = random.Random(0)
    inputs = [Value(generator.uniform(-1.0, 1.0)) for _ in range(3)]
    total = inputs[0] * inputs[1]
    boxes = 4
    while boxes < count:
        total = (total * Value(generator.uniform(-1.0, 1.0)) + generator.choice(inputs)).tanh()
        boxes += 4
    total.backward()
    return total


def drawing(z: Value) -> tuple[Callable[[], object], Callable[[], object], int]:
    """Programs that draw a graph and that run `dot` alone on the same text; the boxes drawn."""
    first = draw(z, expand=True)

    def ours() -> object:
        return draw(z, expand=True).svg

    command = ["dot", "-Tsvg", "-Gnslimit=1", "-Gnslimit1=1"]
    text = first.source.encode()

    def dot_alone() -> object:
        return subprocess.run(command, input=text, capture_output=True, check=True).stdout

    return ours, dot_alone, len(first.picture.boxes)
