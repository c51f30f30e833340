"""What the checker says of gradients known to be right or wrong, on seeds nobody has looked at.

    python -m benchmarks.campaign verdicts [--programs N] [--seconds S] [--seed K]

The cases are those of `benchmarks.check_rates`: random programs as they are, with a planted fault
and with their gradients in reverse; black boxes of few digits, sums that cancel and products that
underflow. What is called right and is wrong, or wrong and is right, is printed with
its program.
"""

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

from benchmarks.check_rates import cases, measure, reversed_entries

PROGRAMS = 5_000
# Programs of one turn; a fourth of them is checked to order 2.
TURN = 40


def main(argv: Sequence[str]) -> int:
    """Run the campaign; the exit status says whether a verdict was mistaken."""
    about = (__doc__ or "").partition("\n\n")[0]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.campaign verdicts", description=about
    )
    parser.add_argument("--programs", type=int, default=PROGRAMS, help="random programs")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after this time")
    parser.add_argument("--seed", type=int, default=1_000_000, help="the first program's")
    given = parser.parse_args(argv)
    print(f"seeds {given.seed} to {given.seed + given.programs - 1}", flush=True)
    counted, mistakes = campaign(given.programs, given.seconds, given.seed, print)
    for what, count in counted.items():
        print(f"{count:,} {what}")
    print(f"mistaken verdicts: {mistakes}")
    return int(mistakes > 0)


def campaign(
    programs: int, seconds: float, first: int, show: Callable[[str], None]
) -> tuple[Counter[str], int]:
    """Return what was judged, and how many verdicts were mistaken, each shown."""
    counted: Counter[str] = Counter()
    mistakes = 0
    end = time.monotonic() + seconds
    for seed in range(first, first + programs, TURN):
        if time.monotonic() > end:
            break
        found: list[str] = []
        size = min(TURN, first + programs - seed)
        for order, count in ((1, size), (2, size // 4)):
            counts = measure(count, order, seed)
            counted[f"programs, order {order}"] += counts.programs
            counted[f"planted faults that show, order {order}"] += counts.visible.total()
            # Which row is blamed is another question.
            found += [text for text in counts.examples if " blamed as " not in text]
        visible, _, examples = reversed_entries(size, seed)
        counted["gradients in reverse that show"] += visible
        found += examples
        for name, kind in cases(size // 4, seed, rows=()).items():
            if judged := kind.correct.total() + kind.wrong.total():
                counted[name] += judged
            found += kind.examples
        mistakes += len(found)
        for text in found:
            show(text)
    return counted, mistakes
