"""The figures to reach, each found in the results and compared: what holds and what does not.

A bound that was not measured (a peer is missing, a row was left out) says so and is never met.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import timed
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
        for entry in results[section]:
            if all(entry.get(name) == value for name, value in wanted.items()):
                number = entry.get(key)
                if isinstance(number, list):
                    return number
                return None if number is None else [number] * 3
        return None

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

BOUNDS = (
    Bound(timed.EAGER, "of micrograd", 0.30, "", ratio(timed.EAGER, "micrograd")),
    Bound(timed.ONE_CALL, "time", 3e-6, "s", time(timed.ONE_CALL)),
    Bound(timed.BATCH, "time", 5e-8, "s", time(timed.BATCH)),
    Bound(timed.SAMPLE, "of micrograd", 1 / 20, "", ratio(timed.SAMPLE, "micrograd")),
    Bound(SMALL, "of JAX jit", 1.0, "", ratio(SMALL, JAX)),
    Bound(SMALL, "of PyTorch", 0.2, "", ratio(SMALL, "PyTorch")),
    Bound(SMALL, "of JAX jit, further", 0.35, "", ratio(SMALL, JAX)),
    Bound(MIDDLE, "of JAX jit", 1.0, "", ratio(MIDDLE, JAX)),
    Bound(LARGE, "of NumPy by hand", 1.1, "", ratio(LARGE, NUMPY)),
    Bound(LARGE, "of NumPy by hand, two threads", 1.1, "", ratio(LARGE, NUMPY, 2)),
    Bound("compile [784, 50, 10]", "time", 2.0, "s", once("compiling", "seconds", sizes=IMAGES)),
    Bound(timed.EPOCH, "time", 2.0, "s", time(timed.EPOCH)),
    Bound(timed.FIT, "of NumPy by hand", 1.15, "", ratio(timed.FIT, NUMPY)),
    Bound(
        "compile [784, 512, 10] as plain products and sums",
        "time",
        4.0,
        "s",
        once("growth", "seconds", sizes=PLAIN),
    ),
    Bound(
        "compile [784, 512, 10] as plain products and sums",
        "peak memory",
        1_000,
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
    Bound("draw 10 nodes", "of dot alone", 1.2, "", once("pictures", "ratio", count=10)),
    Bound("draw 1,000 nodes", "of dot alone", 1.2, "", once("pictures", "ratio", count=1_000)),
)
