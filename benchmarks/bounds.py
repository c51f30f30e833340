"""The figures to reach, each found in the results and compared: what holds and what does not.

A bound that was not measured (a peer is missing, a row was left out) says so and is never met.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import timed
from benchmarks.peers import OURS
from benchmarks.programs import pictures, recurrent, states
from benchmarks.programs.program import EAGER, FLOATS
from benchmarks.programs.table import BATCHES, GPT
from benchmarks.steps import JAX, NUMPY
from benchmarks.timing import shown, three_digits

Results = dict[str, Any]
# [low, median, high], or one number three times where it is measured once.
Found = list[float] | None


@dataclass(frozen=True)
class Bound:
    """A figure to reach.

    Attributes:
        work: what is done.
        what: the figure of it.
        limit: it must not be above.
        unit: "" for a ratio, "s", "MB", "bytes" or "exponent".
        find: the figure in the results.
    """

    work: str
    what: str
    limit: float
    unit: str
    find: Callable[[Results], Found]

    def is_met(self, results: Results) -> bool | None:
        """Whether the median is within the limit; None if it was not measured."""
        found = self.find(results)
        return None if found is None else found[1] <= self.limit

    def measured(self, results: Results) -> str:
        """The median, with the middle half where there is one."""
        found = self.find(results)
        if found is None:
            return "not measured"
        low, median, high = (self._shown(x) for x in found)
        return median if low == high else f"{median} ({low} to {high})"

    @property
    def asked(self) -> str:
        return f"≤ {self._shown(self.limit)}"

    def _shown(self, x: float) -> str:
        if self.unit == "s":
            return shown(x)
        return f"{three_digits(x)} {self.unit}".rstrip()


def rows(results: Results, name: str, threads: int) -> Iterator[dict[str, Any]]:
    return (r for r in results["rows"] if r["name"] == name and r["threads"] == threads)


def ratio(name: str, peer: str, threads: int = 1) -> Callable[[Results], Found]:
    def find(results: Results) -> Found:
        return next((r["ratios"].get(peer) for r in rows(results, name, threads)), None)

    return find


def time(name: str) -> Callable[[Results], Found]:
    def find(results: Results) -> Found:
        return next((r["times"].get("chalkgrad") for r in rows(results, name, 1)), None)

    return find


def once(section: str, key: str, **wanted: Any) -> Callable[[Results], Found]:
    """The number under `key` of the entry of a section that has all that is wanted."""

    def find(results: Results) -> Found:
        for entry in results.get(section, ()):
            if all(entry.get(name) == value for name, value in wanted.items()):
                number = entry.get(key)
                if isinstance(number, list):
                    return number
                return None if number is None else [number] * 3
        return None

    return find


def first(name: str) -> Callable[[Results], Found]:
    """Our time to the first gradient over JAX's."""
    ours, theirs = (once("first", "seconds", name=name, engine=e) for e in (OURS, JAX))

    def find(results: Results) -> Found:
        a, b = ours(results), theirs(results)
        return None if a is None or b is None else [a[1] / b[1]] * 3

    return find


def growth(results: Results) -> Found:
    """p where the time of a chain grows like length^p from 100,000 to 1,000,000."""
    taken = {e["length"]: e["build"] + e["backward"] + e["free"] for e in results["chains"]}
    if not {100_000, 1_000_000} <= taken.keys():
        return None
    return [math.log10(taken[1_000_000] / taken[100_000])] * 3


SMALL, MIDDLE, LARGE = timed.SMALL.name, timed.MIDDLE.name, timed.LARGE.name
PLAIN, IMAGES = [784, 512, 10], [784, 50, 10]
CHAIN = "backward through a chain of 1,000,000 nodes"


def program_bounds() -> Iterator[Bound]:
    """The figures of the programs of `programs/`, for one sample and for 32."""

    def bounds(name: str, peer: str, *limits: float) -> Iterator[Bound]:
        for batch, limit in zip(BATCHES, limits, strict=False):
            work = f"{name}, batch {batch}"
            yield Bound(work, f"of {peer}", limit, "", ratio(work, peer))

    yield from bounds(GPT, JAX, 1.0, 1.3)
    yield from bounds(GPT, NUMPY, 0.8, 0.8)
    recurrences = [program.name for program in recurrent.programs()]
    for name in recurrences:
        yield from bounds(name, JAX, 0.8, 0.8)
    net, graph = (program.name for program in pictures.programs())
    yield from bounds(net, JAX, 0.8, 0.8)
    yield from bounds(graph, JAX, 1.5, 1.5)
    narrow = [program.name for program in states.programs()]
    for name in narrow:
        yield from bounds(name, FLOATS, 1.1)
        work = f"{name}, batch {BATCHES[1]}"
        yield Bound(work, f"of {EAGER}", 1 / 8, "", ratio(work, EAGER))
        yield from bounds(name, JAX, 0.1, 0.15)
    for name in (GPT, *recurrences, net, graph, *narrow):
        work = f"{name}, batch {BATCHES[1]}"
        yield Bound(work, "time to the first gradient, of JAX jit", 0.25, "", first(work))


BOUNDS = (
    *program_bounds(),
    Bound(timed.EAGER, "of micrograd", 0.30, "", ratio(timed.EAGER, "micrograd")),
    Bound(timed.ONE_CALL, "time", 3e-6, "s", time(timed.ONE_CALL)),
    Bound(timed.BATCH, "time", 5e-8, "s", time(timed.BATCH)),
    Bound(timed.SAMPLE, "of micrograd", 0.22, "", ratio(timed.SAMPLE, "micrograd")),
    Bound(SMALL, "of PyTorch", 0.2, "", ratio(SMALL, "PyTorch")),
    Bound(SMALL, "of JAX jit", 0.35, "", ratio(SMALL, JAX)),
    Bound(MIDDLE, "of JAX jit", 0.40, "", ratio(MIDDLE, JAX)),
    Bound(LARGE, "of NumPy by hand", 1.05, "", ratio(LARGE, NUMPY)),
    Bound(LARGE, "of NumPy by hand, two threads", 1.1, "", ratio(LARGE, NUMPY, 2)),
    Bound("compile [784, 50, 10]", "time", 0.2, "s", once("compiling", "seconds", sizes=IMAGES)),
    Bound(timed.EPOCH, "time", 0.2, "s", time(timed.EPOCH)),
    Bound(timed.FIT, "of NumPy by hand", 1.15, "", ratio(timed.FIT, NUMPY)),
    Bound(
        "compile [784, 512, 10] as plain products and sums",
        "time",
        2.0,
        "s",
        once("growth", "seconds", sizes=PLAIN),
    ),
    Bound(
        "compile [784, 512, 10] as plain products and sums",
        "peak memory",
        600,
        "MB",
        once("growth", "megabytes", sizes=PLAIN),
    ),
    # Linear: ten times as long takes ten times the time, and a little for the caches.
    Bound(CHAIN, "grows like length to the power", 1.1, "", growth),
    Bound(CHAIN, "a node", 200, "bytes", once("chains", "bytes a node", length=1_000_000)),
    # Freed at once, with the cyclic collector off: nothing that grows with the chain is left.
    Bound(
        CHAIN,
        "left when the last name goes",
        1e5,
        "bytes",
        once("chains", "bytes left", length=1_000_000),
    ),
    Bound("draw 10 nodes", "of dot alone", 1.15, "", once("pictures", "ratio", count=10)),
    Bound("draw 1,000 nodes", "of dot alone", 1.15, "", once("pictures", "ratio", count=1_000)),
)
