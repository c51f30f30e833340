"""Compiled steps beside the same steps written by hand: `python -m benchmarks.compiled [--quick]`.

Each row is timed in turns with its hand-written NumPy, in one process; what counts is the ratio.
Run it with OPENBLAS_NUM_THREADS=1 and 2. Beside that: seconds and memory to compile S3's network
written as plain products and sums, and the growth of compile time.
"""

import argparse
import itertools
import os
import resource
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from autograd import Value, compile, sigmoid
from benchmarks.timing import compare, shown
from benchmarks.work import readme
from nn import MLP, half_squared_error

# The ratio to hand-written NumPy that a row should reach.
ROWS = [
    ([2, 16, 16, 1], "tanh", 32, "float64", 1.0),
    ([64, 32, 10], "tanh", 32, "float64", 1.0),
    ([784, 512, 10], "sigmoid", 128, "float32", 1.1),
]


def arrays(sizes: list[int], kind: str) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(0)
    return [
        ((rng.normal(size=(m, n)) / np.sqrt(n)).astype(kind), np.zeros(m, dtype=kind))
        for n, m in itertools.pairwise(sizes)
    ]


def by_hand(sizes: list[int], activation: str, X: Any, Y: Any, rate: float) -> Callable[[], Any]:
    """One step of descent on ½ Σ (a - y)², as one would write it for this network alone."""
    layers = arrays(sizes, X.dtype.name)
    batch = len(X)

    def forward(z: Any) -> Any:
        return np.tanh(z) if activation == "tanh" else 1.0 / (1.0 + np.exp(-z))

    def slope(a: Any) -> Any:
        return 1.0 - a * a if activation == "tanh" else a * (1.0 - a)

    def step() -> Any:
        outputs = [X]
        for i, (W, b) in enumerate(layers):
            z = outputs[-1] @ W.T + b
            outputs.append(z if i == len(layers) - 1 else forward(z))
        error = outputs[-1] - Y
        loss = 0.5 * (error * error).sum() / batch
        g = error / batch
        for i in range(len(layers) - 1, -1, -1):
            W, b = layers[i]
            below = g @ W * slope(outputs[i]) if i else None
            W -= rate * (g.T @ outputs[i])
            b -= rate * g.sum(axis=0)
            g = below
        return loss

    return step


def compiled(sizes: list[int], activation: str, X: Any, Y: Any, rate: float) -> Callable[[], Any]:
    model = MLP(sizes, activation=activation)
    model.set_arrays(arrays(sizes, "float64"))
    program = compile(
        lambda x, y: half_squared_error(model(x), y), parameters=model, dtype=X.dtype.name
    )

    def step() -> Any:
        loss, gradient = program.value_and_grad(X, Y)
        gradient *= rate
        program.theta[...] -= gradient
        return loss

    return step


def steps(rounds: int, seconds: float) -> None:
    print(
        f"{'a step of descent':38} {'compiled':>10} {'by hand':>10}   ratio    middle half   reach"
    )
    rng = np.random.default_rng(1)
    for sizes, activation, batch, kind, reach in ROWS:
        X = rng.uniform(size=(batch, sizes[0])).astype(kind)
        Y = rng.uniform(size=(batch, sizes[-1])).astype(kind)
        pair = [make(sizes, activation, X, Y, 0.01) for make in (compiled, by_hand)]
        losses = [step() for step in pair]
        assert abs(losses[0] - losses[1]) <= 1e-5 * abs(losses[1]), losses
        found = compare(pair[0], pair[1], rounds=rounds, seconds=seconds)
        name = f"{sizes} batch {batch} {kind}"
        print(
            f"{name:38} {shown(found.ours)} {shown(found.theirs)}  {found.ratio:6.3f}  "
            f"{found.spread:>13}  {reach:>6.2f}"
        )


def expression(rounds: int, seconds: float) -> None:
    """micrograd's README expression: one call, and a batch of 10,000, with both slopes."""

    def f(a: Any, b: Any) -> Any:
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + (b + a).relu()
        d += 3 * d + (b - a).relu()
        e = c - d
        g = e**2
        return g / 2.0 + 10.0 / g

    program = compile(f, argnum=(0, 1))
    batch = [np.linspace(-4.0, -3.0, 10_000), np.linspace(2.0, 3.0, 10_000)]
    one = compare(
        lambda: program.value_and_grad(-4.0, 2.0), readme(Value), rounds=rounds, seconds=seconds
    )
    many = compare(
        lambda: program.value_and_grad(*batch), readme(Value), rounds=rounds, seconds=seconds
    )
    print(f"\nREADME expression, forward and backward, eager {shown(one.theirs)}")
    print(f"  compiled, one call          {shown(one.ours)}   reach 3 us")
    print(f"  compiled, each of 10,000    {shown(many.ours / 10_000)}   reach 50 ns")


def plain(sizes: list[int]) -> tuple[Callable[..., Any], list[Value]]:
    """A network as plain products and sums over Values, sigmoid, half squared error."""
    rng = np.random.default_rng(0)
    layers = [
        [[Value(x) for x in row] for row in rng.normal(0.0, 0.03, size=(m, n + 1)).tolist()]
        for n, m in itertools.pairwise(sizes)
    ]

    def f(x: Any, y: Any) -> Any:
        for layer in layers:
            outputs = []
            for row in layer:
                z = row[-1]
                for w, a in zip(row, x, strict=False):
                    z = z + w * a
                outputs.append(sigmoid(z))
            x = outputs
        total = 0.0
        for a, t in zip(x, y, strict=True):
            total = total + (a - t) ** 2
        return 0.5 * total

    return f, [w for layer in layers for row in layer for w in row]


def compile_times(quick: bool) -> None:
    """Seconds to the first gradient: growth with the number of nodes."""
    print(f"\n{'plain * and +':24} {'nodes':>10} {'seconds':>9} {'us/node':>8} {'peak MB':>8}")
    widths = [8, 32] if quick else [1, 8, 32, 128, 512]
    for width in widths:
        sizes = [784, width, 10]
        f, parameters = plain(sizes)
        program = compile(f, parameters=parameters, dtype="float32")
        X, Y = np.zeros((128, 784), dtype="float32"), np.zeros((128, 10), dtype="float32")
        start = perf_counter()
        program.value_and_grad(X, Y)
        seconds = perf_counter() - start
        nodes = program.report().stages[0].nodes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(
            f"{sizes!s:24} {nodes:>10,} {seconds:>9.2f} {seconds / nodes * 1e6:>8.2f} {peak:>8.0f}"
        )
    print("reach for 1.2 M nodes: 4 s, 1,000 MB")


def epoch(quick: bool) -> None:
    """[784, 50, 10] as a model: seconds to compile, and for 60,000 images in batches of 128."""
    model = MLP([784, 50, 10], activation="sigmoid")
    program = compile(
        lambda x, y: half_squared_error(model(x), y), parameters=model, dtype="float32"
    )
    rng = np.random.default_rng(0)
    count = 2_000 if quick else 60_000
    X = rng.uniform(size=(count, 784)).astype("float32")
    Y = np.eye(10, dtype="float32")[rng.integers(0, 10, count)]
    start = perf_counter()
    program.value_and_grad(X[:128], Y[:128])
    compiled_after = perf_counter() - start
    start = perf_counter()
    for i in range(0, count - 127, 128):
        _, gradient = program.value_and_grad(X[i : i + 128], Y[i : i + 128])
        program.theta[...] -= 0.1 * gradient
    print(f"\n[784, 50, 10]: compiled in {compiled_after:.2f} s (reach 2), "
          f"{count:,} images in {perf_counter() - start:.2f} s (reach 2 for 60,000)")  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of all, to see that it works")
    options = parser.parse_args(arguments)
    rounds, seconds = (2, 0.005) if options.quick else (11, 0.2)
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}, BLAS threads: {threads}\n")
    steps(rounds, seconds)
    expression(rounds, seconds)
    compile_times(options.quick)
    epoch(options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
