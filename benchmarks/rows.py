"""One row of the table: programs that do the same work, checked to agree, then timed in turns.

A peer that cannot be built, fails, or computes other numbers is left out with the reason: less work
is no comparison.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peers import OURS, one_line
from benchmarks.timing import Clock, in_turns, shown, spread, three_digits


@dataclass(frozen=True)
class Entry:
    """A program's clock, and the losses and slopes that it must have in common with the others."""

    clock: Clock
    numbers: Sequence[float]


@dataclass
class Row:
    """What one row found.

    Attributes:
        name: the work.
        threads: how many the libraries could use.
        times: for each program [low, median, high] seconds for one piece of the work.
        ratios: for each peer, our time over its time, round by round: [low, median, high].
        missing: for each peer that was left out, why.
    """

    name: str
    threads: int
    times: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [self.name]
        for program, (low, median, high) in self.times.items():
            ratio = ""
            if program in self.ratios:
                a, b, c = (three_digits(x) for x in self.ratios[program])
                ratio = f"ours is {b} of it ({a} to {c})"
            half = f"({shown(low)} to {shown(high)})"
            lines.append(f"    {program:26} {shown(median):>9}  {half:24}  {ratio}")
        lines += [f"    {peer:26} left out: {why}" for peer, why in self.missing.items()]
        return "\n".join(lines)


def differ(ours: Sequence[float], theirs: Sequence[float], tolerance: float) -> str:
    """Say where two lists of numbers differ by more than `tolerance` of the larger; "" if not."""
    if len(ours) != len(theirs):
        return f"it computes {len(theirs)} numbers, not {len(ours)}"
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if not abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-3):
            return f"it computes other numbers: {b!r} for {a!r} at place {i}"
    return ""


def measured(
    name: str,
    makers: Mapping[str, Callable[[], Entry]],
    *,
    threads: int,
    rounds: int,
    seconds: float,
    tolerance: float,
    pieces: int = 1,
) -> Row:
    """Build the programs, leave out those that disagree with ours, time the others in turns.

    Args:
        name: of the work.
        makers: for each program what builds it; ours is among them.
        threads: how many the libraries may use here.
        rounds: batches of each program.
        seconds: that a batch takes.
        tolerance: relative, for the numbers to agree.
        pieces: of the work that one call does.
    """
    row = Row(name, threads)
    ours = makers[OURS]()
    clocks = {OURS: ours.clock}
    for program, make in makers.items():
        if program == OURS:
            continue
        try:
            entry = make()
        except Exception as error:  # whatever a peer raises, the others are measured
            row.missing[program] = one_line(error)
            continue
        fault = differ(ours.numbers, entry.numbers, tolerance)
        if fault:
            row.missing[program] = fault
        else:
            clocks[program] = entry.clock
    found = in_turns(clocks, rounds, seconds)
    for program, times in found.items():
        row.times[program] = spread([t / pieces for t in times])
        if program != OURS:
            row.ratios[program] = spread([a / b for a, b in zip(found[OURS], times, strict=True)])
    return row


def from_json(kept: Mapping[str, Any]) -> Row:
    return Row(**kept)
