"""The programs of the table, each at two sizes of batch, and where `make bench` finds them.

    python -m benchmarks.programs.table [WORDS IN A NAME] [--rounds 5] [--seconds 0.05]

prints their rows alone.
"""

import argparse
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from autograd import compile
from benchmarks import gpt
from benchmarks.peers import OURS, imported
from benchmarks.programs import pictures, recurrent, states
from benchmarks.programs.program import (
    JAX_NAME,
    PLAIN,
    TORCH,
    Builders,
    Options,
    Running,
    builders,
    makers,
)
from benchmarks.rows import measured
from benchmarks.steps import JAX, NUMPY

LENGTH = 8
BATCHES = (1, 32)
GPT = f"GPT, 16 wide, 4 heads, {LENGTH} letters, a step of Adam"

# Beside the backend that is chosen: NumPy alone, where `compile` lets one choose.
ALONE: Options | None = (
    {"native": False} if "native" in inspect.signature(compile).parameters else None
)


def attention(batch: int, peers: dict[str, Any], plain: Options | None) -> Builders:
    """The GPT of `benchmarks/gpt.py` at this length, on one batch again and again."""
    ((X, Y),) = gpt.batches(1, batch, LENGTH)

    def running(make: Callable[[], gpt.Step]) -> Running:
        step = make()
        return Running(lambda: step(X, Y), lambda: [step(X, Y) for _ in range(5)])

    def ours(**options: Any) -> Running:
        step, program = gpt.compiled(LENGTH, **options)
        return Running(
            lambda: step(X, Y),
            lambda: [step(X, Y) for _ in range(5)],
            lambda: program.report().stages[-1].statements,
        )

    found: Builders = {OURS: ours}
    if plain is not None:
        found[PLAIN] = partial(ours, **plain)
    found[NUMPY] = partial(running, partial(gpt.by_hand, LENGTH))
    if JAX_NAME in peers:
        found[JAX] = partial(running, partial(gpt.with_jax, peers[JAX_NAME], LENGTH))
    if TORCH in peers:
        found[TORCH] = partial(running, partial(gpt.with_torch, peers[TORCH], LENGTH))
    return found


def table(peers: dict[str, Any], plain: Options | None = ALONE) -> dict[str, Builders]:
    """What builds each program of each row, by the name of the work."""
    found: dict[str, Builders] = {}
    for batch in BATCHES:
        found[f"{GPT}, batch {batch}"] = attention(batch, peers, plain)
    for program in [*recurrent.programs(), *pictures.programs(), *states.programs()]:
        for batch in BATCHES:
            found[f"{program.name}, batch {batch}"] = builders(program, batch, peers, plain)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.05)
    given = parser.parse_args(arguments)
    peers, _ = imported(1)
    for name, found in table(peers).items():
        if given.name in name:
            row = measured(
                name, makers(found), threads=1, rounds=given.rounds, seconds=given.seconds,
                tolerance=1e-9,
            )  # fmt: skip
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
