"""What is measured in a process of its own, because memory is: compiling, chains, pictures.

    python -m benchmarks.alone compile 784,512,10 --plain

Each command prints one line of JSON. `ask` starts it and reads the answer.
"""

import argparse
import gc
import importlib
import itertools
import json
import random
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from autograd import Value, compile, sigmoid
from autograd.display import draw
from benchmarks.machine import environment
from benchmarks.peers import OURS, imported
from benchmarks.programs.table import table
from benchmarks.timing import clock, in_turns, spread
from nn import MLP, half_squared_error

# The time limits of the pictures' `dot`, as `draw` gives them to it.
DOT = ["dot", "-Tsvg", "-Gnslimit=1", "-Gnslimit1=1"]


def ask(*arguments: str) -> Any:
    """Run a command of this module with one thread, and return what it found.

    Raises:
        RuntimeError: if it fails, with the last line it wrote.
    """
    command = [sys.executable, "-m", "benchmarks.alone", *arguments]
    root = Path(__file__).parents[1]
    done = subprocess.run(
        command, env=environment(1), cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise RuntimeError(last[0])
    return json.loads(done.stdout)


def peak_megabytes() -> float | None:
    """The most memory this process has held, in 10^6 bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


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


def compile_cost(sizes: list[int], is_plain: bool) -> dict[str, Any]:
    """Seconds from the function to its first gradient on a batch of 128; the process's peak."""
    if is_plain:
        f, parameters = plain(sizes)
    else:
        model = MLP(sizes, activation="sigmoid")
        f, parameters = lambda x, y: half_squared_error(model(x), y), model
    X = np.zeros((128, sizes[0]), dtype="float32")
    Y = np.zeros((128, sizes[-1]), dtype="float32")
    start = perf_counter()
    program = compile(f, parameters=parameters, dtype="float32")
    program.value_and_grad(X, Y)
    seconds = perf_counter() - start
    nodes = program.report().stages[0].nodes
    return {"sizes": sizes, "nodes": nodes, "seconds": seconds, "megabytes": peak_megabytes()}


def chain(number: Callable[[float], Any], length: int) -> tuple[Any, Any]:
    """A leaf, and what comes of it after so many operations, one after another."""
    x = z = number(1.0)
    for _ in range(length // 2):
        z = z * -1.0
        z = z + 1.0
    return x, z


def chain_cost(length: int) -> dict[str, Any]:
    """Seconds to build a chain, go backward through it and free it; bytes a node, and left over.

    The collector is off: what is freed is freed by the last name's going.
    """
    gc.collect()
    gc.disable()
    start = perf_counter()
    x, z = chain(Value, length)
    built = perf_counter()
    z.backward()
    reversed_ = perf_counter()
    del x, z
    freed = perf_counter()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    x, z = chain(Value, length)
    z.backward()
    held, _ = tracemalloc.get_traced_memory()
    del x, z
    left, _ = tracemalloc.get_traced_memory()
    return {
        "length": length,
        "build": built - start,
        "backward": reversed_ - built,
        "free": freed - reversed_,
        "bytes a node": (held - before) / length,
        "bytes left": left - before,
    }


def depth(peer: str, length: int) -> dict[str, Any]:
    """Go backward through a chain with another engine; fails as that engine fails."""
    module = importlib.import_module({"micrograd": "micrograd.engine"}.get(peer, peer))
    number = {
        "micrograd": lambda x: module.Value(x),
        "mygrad": lambda x: module.tensor(x),
        "torch": lambda x: module.tensor(x, requires_grad=True),
    }[peer]
    x, z = chain(number, length)
    z.backward()
    return {"length": length, "slope": float(x.grad)}


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


def picture(count: int, rounds: int) -> dict[str, Any]:
    """Seconds to draw a graph of so many nodes, in turns with `dot` alone on the same text."""
    if shutil.which("dot") is None:
        return {"count": count, "missing": "Graphviz's dot is not installed"}
    z = network(count)
    first = draw(z, expand=True, max_nodes=10 * count)
    text = first.source.encode()

    def dot_alone() -> bytes:
        return subprocess.run(DOT, input=text, capture_output=True, check=True).stdout

    def ours() -> str:
        return draw(z, expand=True, max_nodes=10 * count).svg

    found = in_turns({OURS: clock(ours), "dot alone": clock(dot_alone)}, rounds, 0.1)
    ratios = [a / b for a, b in zip(found[OURS], found["dot alone"], strict=True)]
    return {
        "count": count,
        "boxes": len(first.picture.boxes),
        "times": {name: spread(times) for name, times in found.items()},
        "ratio": spread(ratios),
    }


def first(name: str, engine: str) -> dict[str, Any]:
    """Seconds from a program's making to the end of its first piece of work, and the memory.

    Engines are imported beforehand. Of ours, the number of statements too.
    """
    found = table(imported(1)[0])[name]
    if engine not in found:
        raise RuntimeError("not installed")
    before = peak_megabytes()
    start = perf_counter()
    running = found[engine]()
    running.piece()
    seconds = perf_counter() - start
    peak = peak_megabytes()
    grown = None if peak is None or before is None else peak - before
    return {
        "name": name,
        "engine": engine,
        "seconds": seconds,
        "megabytes": grown,
        "statements": running.statements(),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("compile")
    one.add_argument("sizes", type=lambda text: [int(n) for n in text.split(",")])
    one.add_argument("--plain", action="store_true")
    commands.add_parser("chain").add_argument("length", type=int)
    one = commands.add_parser("depth")
    one.add_argument("peer", choices=["micrograd", "mygrad", "torch"])
    one.add_argument("length", type=int)
    one = commands.add_parser("picture")
    one.add_argument("count", type=int)
    one.add_argument("--rounds", type=int, default=5)
    one = commands.add_parser("first")
    one.add_argument("name")
    one.add_argument("engine")
    given = parser.parse_args(arguments)
    found = {
        "compile": lambda: compile_cost(given.sizes, given.plain),
        "chain": lambda: chain_cost(given.length),
        "depth": lambda: depth(given.peer, given.length),
        "first": lambda: first(given.name, given.engine),
        "picture": lambda: picture(given.count, given.rounds),
    }[given.command]()
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
