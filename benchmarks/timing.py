"""Timing two programs in turns, so that what disturbs the machine disturbs both."""

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

Program = Callable[[], object]


@dataclass(frozen=True)
class Comparison:
    """Seconds a call of two programs, and the ratio of the first to the second in each round."""

    ours: float
    theirs: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def spread(self) -> str:
        """The middle half of the ratios, or all of them where there are few."""
        if len(self.ratios) < 4:
            return f"{min(self.ratios):.3f}-{max(self.ratios):.3f}"
        low, _, high = statistics.quantiles(self.ratios, n=4)
        return f"{low:.3f}-{high:.3f}"


def calls_for(program: Program, seconds: float) -> int:
    """How many calls of `program` take about that many seconds, at least one."""
    calls = 1
    while True:
        taken = seconds_for(program, calls)
        if taken >= seconds / 4 or calls >= 1_000_000:
            return max(1, round(calls * seconds / max(taken, 1e-9)))
        calls *= 4


def seconds_for(program: Program, calls: int) -> float:
    """The seconds that so many calls take, with the collector run before and on during them."""
    gc.collect()
    start = perf_counter()
    for _ in range(calls):
        program()
    return perf_counter() - start


def compare(ours: Program, theirs: Program, *, rounds: int, seconds: float) -> Comparison:
    """Time batches of the two programs in turns; each batch takes about `seconds`."""
    counts = calls_for(ours, seconds), calls_for(theirs, seconds)
    first, second = [], []
    for i in range(rounds):
        pair = [(ours, counts[0], first), (theirs, counts[1], second)]
        # Whichever goes first finds the caches as the other left them: take turns in that, too.
        for program, calls, times in pair if i % 2 else pair[::-1]:
            times.append(seconds_for(program, calls) / calls)
    ratios = tuple(a / b for a, b in zip(first, second, strict=True))
    return Comparison(statistics.median(first), statistics.median(second), ratios)


def shown(seconds: float) -> str:
    """Seconds with a unit that suits them."""
    for unit, size in (("s ", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:7.2f} {unit}"
    return f"{seconds / 1e-9:7.1f} ns"
