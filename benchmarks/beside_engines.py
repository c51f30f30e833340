"""Epochs of `fit` by each engine, beside JAX by hand: a step, the first one, and four devices.

    python -m benchmarks.beside_engines [--rounds N] [--only NAME ...]

It wants JAX, and measures PyTorch where that is. All draw the batches of one order, hand back the
mean loss of each epoch, and measure nothing else; losses are compared before anything is timed.
Each number of devices has a process of its own, since JAX settles it when it is imported, with a
thread for each. What stands first is the least of all rounds: the machine may be busy.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import nn
from autograd.table import Table
from benchmarks.peers import installed
from benchmarks.timing import shown

RATE = 0.01
# Sizes, batch, samples of an epoch, epochs of a round.
WORKS = {
    "[64, 32, 10] batch 32": ((64, 32, 10), 32, 3_200, 8),
    "[784, 512, 10] batch 128": ((784, 512, 10), 128, 2_560, 4),
}
HAND = "JAX by hand"
ENGINES = ("compiled", "jax", "torch")
# By name: the seconds of each epoch, those of the whole call, and the loss of the last epoch.
Run = tuple[list[float], float, float]


def data(sizes: Sequence[int], count: int) -> tuple[Any, Any]:
    """Return random samples and targets."""
    rng = np.random.default_rng(0)
    return rng.uniform(size=(count, sizes[0])), rng.uniform(size=(count, sizes[-1]))


def ours(engine: str, name: str, epochs: int, **more: Any) -> Run:
    """Train by `fit`."""
    sizes, batch, count, _ = WORKS[name]
    X, Y = data(sizes, count)
    model = nn.MLP(sizes, "tanh", seed=0)
    optimizer = nn.SGD(model.parameters(), RATE)
    began = perf_counter()
    history = nn.fit(
        model, X, Y, loss="half_squared_error", optimizer=optimizer, epochs=epochs,
        batch_size=batch, validation=None, engine=engine, progress=False, **more,
    )  # fmt: skip
    return history.time, perf_counter() - began, history.loss[-1]


def by_hand(name: str, epochs: int) -> Run:
    """Train by a step that is jitted, with its buffers given away, waiting for each loss."""
    import jax

    sizes, batch, count, _ = WORKS[name]
    X, Y = data(sizes, count)
    start = nn.MLP(sizes, "tanh", seed=0).arrays()

    def loss(layers: Any, x: Any, y: Any) -> Any:
        for W, b in layers[:-1]:
            x = jax.numpy.tanh(x @ W.T + b)
        W, b = layers[-1]
        return 0.5 * ((x @ W.T + b - y) ** 2).sum() / len(x)

    def update(layers: Any, x: Any, y: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(layers, x, y)
        return value, jax.tree.map(lambda p, g: p - RATE * g, layers, slopes)

    times: list[float] = []
    total = 0.0
    with jax.enable_x64(True):
        whole = perf_counter()
        jitted = jax.jit(update, donate_argnums=0)
        layers = jax.tree.map(jax.numpy.array, start)
        for epoch in range(1, epochs + 1):
            began, total = perf_counter(), 0.0
            order = np.random.default_rng([0, epoch]).permutation(count)
            for i in range(0, count, batch):
                chosen = order[i : i + batch]
                value, layers = jitted(layers, X[chosen], Y[chosen])
                total += float(value) * len(chosen)
            times.append(perf_counter() - began)
    return times, perf_counter() - whole, total / count


def runs_of(name: str, devices: int) -> dict[str, Callable[[int], Run]]:
    """Return what is timed: for each program, a run of so many epochs."""
    if devices > 1:
        more = {"engine='jax'": {}, f"engine='jax', devices={devices}": {"devices": devices}}
        return {
            shown_as: lambda epochs, given=given: ours("jax", name, epochs, **given)
            for shown_as, given in more.items()
        }
    found: dict[str, Callable[[int], Run]] = {HAND: lambda epochs: by_hand(name, epochs)}
    for engine in ENGINES:
        if engine != "torch" or installed("torch") is not None:
            found[f"engine={engine!r}"] = lambda epochs, e=engine: ours(e, name, epochs)
    return found


def measured(name: str, devices: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of a step of each program, by round, and those to the first step.

    Raises:
        RuntimeError: if one computes another loss.
    """
    _, batch, count, epochs = WORKS[name]
    runs = runs_of(name, devices)
    first: dict[str, float] = {}
    losses: dict[str, float] = {}
    steps: dict[str, list[float]] = {program: [] for program in runs}
    for program, run in runs.items():
        times, whole, losses[program] = run(2)
        # Of a run whose programs were never built: all but the second epoch and the first's steps.
        first[program] = whole - 2.0 * times[1]
    expected = next(iter(losses.values()))
    for program, loss in losses.items():
        if not abs(loss - expected) <= 1e-9 * abs(expected):
            raise RuntimeError(f"{program} computes another loss: {loss!r} for {expected!r}")
    for _ in range(rounds):
        for program, run in runs.items():
            times = run(epochs)[0][1:]
            steps[program].append(min(times) / (count // batch))
    return {"steps": steps, "first": first}


def asked(name: str, devices: int, rounds: int) -> dict[str, Any]:
    """Measure in a process whose processor plays so many devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "benchmarks.beside_engines", "--alone", name]
    command += ["--devices", str(devices), "--rounds", str(rounds)]
    done = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError("".join(done.stderr.strip().splitlines()[-1:]))
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=[*WORKS], default=[*WORKS])
    parser.add_argument("--alone", choices=[*WORKS], help=argparse.SUPPRESS)
    parser.add_argument("--devices", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.alone:
        print(json.dumps(measured(given.alone, given.devices, given.rounds)))
        return 0
    lines: list[tuple[str, ...]] = []
    for name in given.only:
        for devices in (1, 4):
            found = asked(name, devices, given.rounds)
            base = next(iter(found["steps"].values()))
            for program, times in found["steps"].items():
                ratio = statistics.median([a / b for a, b in zip(times, base, strict=True)])
                lines.append((
                    name, f"{devices}", program, shown(min(times)),
                    shown(statistics.median(times)), f"{ratio:.2f}", shown(found["first"][program]),
                ))  # fmt: skip
                print(*lines[-1], sep="  ", flush=True)
    heads = ["network", "devices", "program", "least step", "median", "ratio", "to the first step"]
    print(Table(heads, lines, "<<<>>>>"))
    print("The ratio is to JAX by hand; of four devices, to one of them.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
