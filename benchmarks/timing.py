"""Timing programs in turns, so that what disturbs the machine disturbs them all alike.

A program is timed by a clock: a function from a number of calls to the seconds they take, which for
most is a loop in this process and for one peer a message to another. Nothing here asserts a time.
"""

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

Program = Callable[[], object]
Clock = Callable[[int], float]


def clock(program: Program, finish: Program | None = None) -> Clock:
    """Return a clock that calls `program`, with the collector run before and on meanwhile.

    `finish` is called once behind the calls: it waits for what they left to be computed.
    """

    def seconds_for(calls: int) -> float:
        gc.collect()
        start = perf_counter()
        for _ in range(calls):
            program()
        if finish is not None:
            finish()
        return perf_counter() - start

    return seconds_for


def calls_for(time: Clock, seconds: float) -> int:
    """How many calls take about that many seconds, at least one."""
    calls = 1
    while True:
        taken = time(calls)
        if taken >= seconds / 4 or calls >= 1_000_000:
            return max(1, round(calls * seconds / max(taken, 1e-9)))
        calls *= 4


def in_turns(clocks: Mapping[str, Clock], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return for each clock the seconds a call in each round; a batch takes about `seconds`."""
    counts = {name: calls_for(time, seconds) for name, time in clocks.items()}
    found: dict[str, list[float]] = {name: [] for name in clocks}
    names = list(clocks)
    for i in range(rounds):
        # Whoever goes first finds the caches as another left them: take turns in that, too.
        for name in names[i % len(names) :] + names[: i % len(names)]:
            found[name].append(clocks[name](counts[name]) / counts[name])
    return found


def spread(numbers: Sequence[float]) -> list[float]:
    """The ends of the middle half with the median between them: [low, median, high].

    Of fewer than four numbers, the least and the greatest are the ends.
    """
    if len(numbers) < 4:
        return [min(numbers), statistics.median(numbers), max(numbers)]
    return statistics.quantiles(numbers, n=4)


def shown(seconds: float) -> str:
    """Seconds with a unit that suits them and three digits that count."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{three_digits(seconds / size)} {unit}"
    return f"{three_digits(seconds / 1e-9)} ns"


def three_digits(x: float) -> str:
    """A number with three digits that count, and none after the point from 100 on."""
    if x >= 100:
        return f"{x:,.0f}"
    return f"{x:.3g}" if x < 0.1 else f"{x:#.3g}"
