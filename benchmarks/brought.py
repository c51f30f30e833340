"""Programs written for other engines: their time with ours beside twins of theirs that have slots.

    python -m benchmarks.brought [--rounds N] [--only NAME ...]

The programs and the twins are those of the tests. Both run in turns, for the same number of steps,
and processor time is counted, the collector's with it. A time is never asserted.
"""

import argparse
import gc
import statistics
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

from autograd import micrograd
from autograd.table import Table
from benchmarks.timing import shown

SECONDS = 0.15


def seconds_for(program: Any, engine: Any, steps: int) -> float:
    """The processor time of so many steps, forward, backward and update."""
    gc.collect()
    start = process_time()
    for _ in islice(program(engine), steps):
        pass
    return process_time() - start


def row(program: Any, twin: Any, rounds: int) -> tuple[float, float]:
    """The twin's seconds for a step, and the median of our share of them."""
    once = seconds_for(program, twin, 3) / 3
    steps = max(3, round(SECONDS / max(once, 1e-6)))
    ratios: list[float] = []
    for _ in range(rounds):
        theirs = seconds_for(program, twin, steps)
        ratios.append(seconds_for(program, micrograd, steps) / theirs)
    return once, statistics.median(ratios)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    asked = parser.parse_args(arguments)
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from support import brought_microgpt, brought_micrograd
    from support.twins import CLOSURES, LISTS

    styles = {
        "micrograd": (brought_micrograd.PROGRAMS, CLOSURES),
        "microgpt": (brought_microgpt.PROGRAMS, LISTS),
    }
    lines: list[list[str]] = []
    for style, (programs, twin) in styles.items():
        ratios: list[float] = []
        for program in programs:
            if asked.only and program.__name__ not in asked.only:
                continue
            once, ratio = row(program, twin, asked.rounds)
            ratios.append(ratio)
            lines.append([style, program.__name__, shown(once), f"{ratio:.2f}"])
        if len(ratios) > 1:
            lines.append([style, "median", "", f"{statistics.median(ratios):.2f}"])
    print(Table(("style", "program", "a step of the twin", "ours"), lines, "<<>>"))


if __name__ == "__main__":
    main()
