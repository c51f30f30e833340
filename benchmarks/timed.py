"""The rows that are timed in turns, in a process whose libraries may use so many threads.

    python -m benchmarks.timed --threads 1 --to rows.json [--quick]

`python -m benchmarks` starts it once for each number of threads, with the environment that sets it.
Rows are printed as they are found.
"""

import argparse
import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

from benchmarks import fitting, physics, scalars, steps
from benchmarks.peers import HIPS, OURS, HipsWorker, imported
from benchmarks.physics import Physics
from benchmarks.programs.program import makers
from benchmarks.programs.table import table as programs
from benchmarks.rows import Row, measured
from benchmarks.scalars import Makers
from benchmarks.steps import Work
from benchmarks.timing import in_turns, spread

# The names by which the bounds find these rows.
EAGER = "README expression, eager, forward and backward"
ONE_CALL = "README expression, compiled, one call"
BATCH = "README expression, compiled, each of 10,000"
SAMPLE = "MLP [2, 16, 16, 1], one sample, eager, forward and backward"
SMALL = Work((2, 16, 16, 1), "tanh", 32, "float64")
MIDDLE = Work((64, 32, 10), "tanh", 32, "float64")
LARGE = Work((784, 512, 10), "sigmoid", 128, "float32")
IMAGES = Work((784, 50, 10), "sigmoid", 128, "float32")
# Derivatives in the loss.
EQUATIONS = [Physics(Work((1, 16, 16, 1), "tanh", batch, "float64")) for batch in (1, 256)]
EPOCH = "epoch of 60,000 images, [784, 50, 10] batch 128 float32"
WHOLE = Work((784, 512, 10), "sigmoid", 128, "float64", rate=0.5)
FIT = "epoch of fit, 8,000 images, [784, 512, 10] batch 128 float64"
POINTS, COUNT, FITTED = 10_000, 60_000, 8_000
# Batches of each program, and the seconds that one takes.
ROUNDS, SECONDS = 15, 0.1


class Table:
    """The rows of one process, in order; each is printed once it is found."""

    def __init__(self, threads: int, rounds: int, seconds: float) -> None:
        self.threads, self.rounds, self.seconds = threads, rounds, seconds
        self.rows: list[Row] = []
        self.peers, self.missing = imported(threads)

    def row(
        self,
        name: str,
        makers: Makers,
        *,
        tolerance: float = 1e-12,
        pieces: int = 1,
        rounds: int | None = None,
    ) -> None:
        found = measured(
            name,
            makers,
            threads=self.threads,
            rounds=rounds or self.rounds,
            seconds=self.seconds,
            tolerance=tolerance,
            pieces=pieces,
        )
        self.rows.append(found)
        print(found, flush=True)


def scalar_rows(table: Table, stack: contextlib.ExitStack) -> None:
    hips = None
    try:
        hips = stack.enter_context(HipsWorker())
        hips.numbers()
    except (OSError, RuntimeError) as error:
        table.missing[HIPS], hips = str(error), None
    table.row(EAGER, scalars.eager_makers(table.peers, hips))
    table.row(ONE_CALL, scalars.one_call_makers(table.peers))
    table.row(BATCH, scalars.batch_makers(table.peers, POINTS), pieces=POINTS)
    table.row(SAMPLE, scalars.sample_makers(table.peers))


def step_rows(table: Table, count: int) -> None:
    for work in (SMALL, MIDDLE, LARGE):
        tolerance = 1e-10 if work.kind == "float64" else 1e-4
        table.row(work.name, steps.step_makers(work, table.peers), tolerance=tolerance)
    if table.threads == 1:
        for equation in EQUATIONS:
            makers = physics.physics_makers(equation, table.peers)
            table.row(equation.name, makers, tolerance=1e-10)
        makers = steps.epoch_makers(IMAGES, table.peers, count)
        makers.pop(steps.UNWAITED, None)
        table.row(EPOCH, makers, tolerance=1e-4, rounds=min(table.rounds, 5))
        makers = fitting.fit_makers(WHOLE, min(count, FITTED))
        table.row(FIT, makers, tolerance=1e-9, rounds=min(table.rounds, 7))


def program_rows(table: Table, hurried: bool) -> None:
    """The rows of `programs/`; in a hurry the first alone."""
    for name, found in [*programs(table.peers).items()][: 1 if hurried else None]:
        table.row(name, makers(found), tolerance=1e-9, rounds=min(table.rounds, 7))


def product_rate(table: Table) -> dict[str, Any]:
    """Seconds for the matrix products of the large step alone, and their rate in Gflop/s."""
    entry = steps.products(LARGE)
    found = in_turns({OURS: entry.clock}, table.rounds, table.seconds)[OURS]
    times = spread(found)
    rate = steps.flops(LARGE) / times[1] / 1e9
    return {"threads": table.threads, "times": times, "gigaflops": rate}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--count", type=int, default=COUNT)
    given = parser.parse_args(arguments)
    table = Table(given.threads, given.rounds, given.seconds)
    with contextlib.ExitStack() as stack:
        scalar_rows(table, stack)
    step_rows(table, given.count)
    if table.threads == 1:
        program_rows(table, hurried=given.count < FITTED)
    found = {
        "rows": [dataclasses.asdict(row) for row in table.rows],
        "missing": table.missing,
        "products": product_rate(table),
    }
    given.to.write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
