"""Every way to a number beside every other, at special points of every row and on random programs.

    python -m benchmarks.campaign numbers [--points N] [--programs N] [--seconds S] [--seed K]

Each way is a few lines of text: what runs here is what is printed, as a program to paste, where two
ways disagree. They may differ by the room that roundings make in the very graph (`rooms.py`), and
in nothing else: the same infinities, nan at the same places, the same sign of a zero value. Where
mpmath can tell the number, it is one of the ways.
"""

import argparse
import itertools
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

import autograd
from autograd import Value
from autograd.check.oracles import high_precision
from autograd.check.testing.programs import Instruction, RandomProgram, random_program
from autograd.engine.primitive import TABLE, Primitive
from benchmarks.campaign.rooms import EPS, Rooms
from benchmarks.check_rates import magnitudes

# Zeros, ones, the ends of the floats, where exp and its kin overflow, halves and whole numbers.
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1e-8, -1e-8, 20.0, -40.0, 710.0)
SPECIAL += (-746.0, 1e16, 1e154, -1e200, 1e300, -1e300, 1.7e308, 1e-154, -1e-300, 2.5e-308)
SPECIAL += (5e-324, -5e-324, math.inf, -math.inf, math.nan)
PROGRAMS, MAX_OPS = 100_000, 10
# Programs printed for one way, order and set of rows; the rest is counted.
SHOWN = 3

VALUES = {
    "floats": "found = [program(*point)]",
    "Values": "found = [program(*[Value(x) for x in point]).data]",
    "arrays": "found = [float(program(*[np.array([x, x]) for x in point])[1])]",
    "compiled": "found = [compile(program)(*point)]",
    "compiled in a batch": """
batch = [np.array([x / 2, x, x]) for x in point]
found = [compile(program)(*batch)[1]]
""",
}
# Of programs, which are many, one compiled function serves for the value and the slopes.
SPARING = VALUES | {
    "compiled": "found = [compile(program, argnum=places).value_and_grad(*point)[0]]",
    "compiled in a batch": """
batch = [np.array([x / 2, x, x]) for x in point]
found = [compile(program, argnum=places).value_and_grad(*batch)[0][1]]
""",
}
SLOPES = {
    "gradient": """
leaves = [Value(x) for x in point]
found = [x.data for x in gradient(program(*leaves), leaves)]
""",
    "backward": """
leaves = [Value(x) for x in point]
program(*leaves).backward()
found = [0.0 if x.grad is None else x.grad for x in leaves]
""",
    "grad": "found = list(grad(program, argnum=places)(*point))",
    "jvp": "found = [jvp(program, argnum=places)(*point, unit(i)) for i in places]",
    "compiled": "found = list(compile(program, argnum=places).value_and_grad(*point)[1])",
    "compiled in a batch": """
batch = [np.array([x / 2, x, x]) for x in point]
found = [slopes[1] for slopes in compile(program, argnum=places).value_and_grad(*batch)[1]]
""",
}
SECOND = {
    "gradient": """
leaves = [Value(x) for x in point]
slopes = gradient(program(*leaves), leaves)
found = [x.data for slope in slopes for x in gradient(slope, leaves)]
""",
    "hessian": "found = [x for row in hessian(program, argnum=places)(*point) for x in row]",
    "jvp of grad": """
slopes = grad(program, argnum=places)
columns = [jvp(slopes, argnum=places)(*point, unit(i)) for i in places]
found = [column[i] for i in places for column in columns]
""",
    "hvp": """
columns = [hvp(program, argnum=places)(*point, unit(i)) for i in places]
found = [column[i] for i in places for column in columns]
""",
    "grad of grad": """
found = [x for i in places for x in grad(grad(program, argnum=i), argnum=places)(*point)]
""",
}
THIRD = {
    "gradient": """
leaves = [Value(x) for x in point]
slopes = gradient(program(*leaves), leaves)
second = [x for slope in slopes for x in gradient(slope, leaves)]
found = [x.data for y in second for x in gradient(y, leaves)]
""",
    "jvp of hessian": """
curves = hessian(program, argnum=places)
columns = [jvp(curves, argnum=places)(*point, unit(i)) for i in places]
found = [column[i][j] for i in places for j in places for column in columns]
""",
}
# Of functions of one number.
ALONG = {
    1: {"derivative": "found = [derivative(program)(*point)]"},
    2: {"derivative": "found = [derivative(program, 2)(*point)]"},
    3: {"derivative": "found = [derivative(program, 3)(*point)]"},
}
WAYS = {0: VALUES, 1: SLOPES, 2: SECOND, 3: THIRD}

# Where ways to the numbers of one row may differ: docs/primitives.md, "How right derivatives are".
# For a row, the lowest order, and the sizes of operands below or beyond which.
_POWER = "a power under- or overflows beside y(y - 1)..., or y - 1 is rounded"
_LENGTH = "the length is no float, or 1/z^2 overflows beside a small cosine"
LISTED: dict[str, tuple[int, float, float, str]] = {
    "silu": (0, 0.0, 708.0, "x times an exponential that is subnormal"),
    "gelu": (0, 0.0, 37.0, "x times an exponential that is subnormal"),
    "pow": (1, 1e-100, 9e15, _POWER),
    "power": (1, 1e-100, 9e15, _POWER),
    "power_log": (1, 1e-100, 9e15, _POWER),
    "hypot": (1, 1e-100, 1e100, _LENGTH),
    "atan2": (2, 1e-100, 1e100, _LENGTH),
    "direction": (2, 1e-100, 1e100, _LENGTH),
    "share": (0, 1e-150, 1e150, "a sum that is no float, or whose square is none"),
    "div": (3, 1e-100, math.inf, "1/y^3 overflows beside a small numerator"),
    "xdivy": (3, 1e-100, math.inf, "1/y^3 overflows beside a small numerator"),
    "dot": (0, 0.0, 1e150, "a product is no float"),
    "logsumexp": (0, 1e-50, math.inf, "mpmath's sixty digits do not hold e^x - 1"),
}

HEAD = """\
import numpy as np
from math import inf, nan
from autograd import Value, compile, derivative, grad, gradient, hessian, hvp, jvp
"""
UNIT = "unit = lambda i: tuple([float(i == j) for j in places])"

_compiled = {
    text: compile(text, "<way>", "exec")
    for ways in (*WAYS.values(), *ALONG.values(), SPARING)
    for text in ways.values()
}


@dataclass(frozen=True)
class Case:
    """A program at its point, and the highest order of derivatives to compare there."""

    program: RandomProgram
    order: int

    @property
    def point(self) -> tuple[float, ...]:
        return self.program.point

    @property
    def single(self) -> bool:
        """Whether the program is one row at a special point."""
        return len(self.program.instructions) == 1

    def listed(self, order: int) -> str | None:
        """Why ways may differ here, if the documentation says so."""
        known = LISTED.get(self.program.instructions[0].row.name) if self.single else None
        sizes = [abs(x) for x in self.point if x and math.isfinite(x)]
        if known is None or order < known[0] or not sizes:
            return None
        return known[3] if min(sizes) < known[1] or max(sizes) > known[2] else None

    def namespace(self) -> dict[str, Any]:
        """The names that the ways use; what is compiled, is compiled once for a case."""
        places = tuple(range(len(self.point)))
        names: dict[str, Any] = {name: getattr(autograd, name) for name in _NAMES}
        return names | {
            "compile": cache(autograd.compile),
            "np": np,
            "program": self.program,
            "point": self.point,
            "places": places,
            "unit": lambda i: tuple([float(i == j) for j in places]),
        }

    def pasted(self, ways: Sequence[str]) -> str:
        """A program that prints what each way finds."""
        places = ", ".join(map(str, range(len(self.point))))
        lines = [
            HEAD + self.program.source,
            f"point = {self.point!r}",
            f"places = ({places},)",
            UNIT,
        ]
        for text in ways:
            lines += [text.strip(), "print(found)"]
        return "\n".join(lines)


_NAMES = ("Value", "compile", "derivative", "grad", "gradient", "hessian", "hvp", "jvp")


@dataclass
class Found:
    """What a run has counted."""

    cases: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    listed: Counter[str] = field(default_factory=Counter)
    disagreements: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)


def rooms_of(case: Case, highest: int) -> dict[int, list[float]]:
    """The room of each number of every order, from the graph of the derivatives themselves."""
    leaves = [Value(x) for x in case.point]
    z = case.program(*leaves)
    if not isinstance(z, Value):
        return {}
    rooms = Rooms()
    level, found = [z], {0: [rooms(z)]}
    rooms.constants = 8.0
    # Forward mode rounds the terms that backward adds up before they are large.
    sizes = magnitudes(z, leaves)
    for order in range(1, highest + 1):
        level = [x for y in level for x in autograd.gradient(y, leaves)]
        found[order] = [rooms(x) for x in level]
        if order == 1:
            pairs = [*zip(level, sizes, strict=True)]
            larger = max(size / abs(x.data) if x.data else 1.0 for x, size in pairs)
            rounded = [16.0 * EPS * size for size in sizes]
            found[1] = [room + more for room, more in zip(found[1], rounded, strict=True)]
        else:
            found[order] = [room * max(larger, 1.0) for room in found[order]]
            if order == 2 and not case.single:
                count = len(leaves)
                for i in range(count):
                    part = slice(i * count, (i + 1) * count)
                    largest = max((abs(x.data) for x in level[part]), default=0.0)
                    found[2][part] = [room + 16.0 * EPS * largest for room in found[2][part]]
    found[-1] = [rooms.smallest, rooms.largest]
    return found


def agree(a: float, b: float, room: float, *, signed: bool) -> bool:
    """Whether two numbers are the same, within the room of roundings."""
    if math.isfinite(a) and math.isfinite(b):
        zeros = signed and a == b == 0.0 and math.copysign(1.0, a) != math.copysign(1.0, b)
        return abs(a - b) <= room and not zeros
    return a == b or (a != a and b != b)


def compared(case: Case, found: Found, show: Callable[[str], None]) -> None:
    """Run every way to every order of one case, and report those that disagree."""
    rooms = rooms_of(case, case.order)
    if not rooms:
        return
    smallest, largest = rooms.pop(-1)
    names = case.namespace()
    for order in range(case.order + 1):
        ways = WAYS[order] if order or case.single else SPARING
        ways = ways | (ALONG.get(order, {}) if len(case.point) == 1 else {})
        numbers = {name: run(text, names) for name, text in ways.items()}
        if order < 2 and high_precision.context() is not None:
            numbers["mpmath"] = by_formulas(case.program, order)
        first = next(iter(numbers))
        found.cases[f"order {order}"] += 1
        for name in list(numbers)[1:]:
            signed = order == 0 and name != "mpmath"  # which knows one zero only
            verdict = judged(numbers[first], numbers[name], rooms[order], signed=signed)
            if verdict == "apart" and not (smallest > 1e-150 and largest < 1e150):
                # Products in another order may leave the floats on the way; of one row, none do.
                verdict = verdict if case.single else "range"
            reason = case.listed(order) if verdict == "apart" else None
            if reason is not None:
                found.listed[reason] += 1
                continue
            if verdict in ("open", "range"):
                found.open[f"order {order}, {name}, {verdict}"] += 1
            if verdict == "apart":
                rows = ", ".join(case.program.primitives)
                found.disagreements[f"order {order}, {name}"] += 1
                found.shown[f"{order} {name} {rows}"] += 1
                if found.shown[f"{order} {name} {rows}"] > SHOWN:
                    continue
                texts = [ways[n] for n in (first, name) if n in ways]
                shown = f"# {first}: {numbers[first]}\n# {name}: {numbers[name]}"
                show(f"order {order}: {first} and {name} disagree\n{case.pasted(texts)}\n{shown}\n")


def judged(a: Any, b: Any, rooms: Sequence[float], *, signed: bool) -> str:
    if isinstance(a, str) or isinstance(b, str):
        return "same" if a == b else "apart"
    verdict = "same"
    for x, y, room in zip(a, b, rooms, strict=True):
        if y is None or (not math.isfinite(room) and math.isfinite(x) and math.isfinite(y)):
            verdict = "open" if verdict == "same" else verdict
        elif not agree(x, y, room, signed=signed):
            return "apart"
    return verdict


def run(text: str, names: dict[str, Any]) -> Any:
    """The numbers of one way, or what it raised."""
    try:
        with np.errstate(all="ignore"):
            exec(_compiled[text], names)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return [float(x.data if isinstance(x, Value) else x) for x in names["found"]]


def by_formulas(program: RandomProgram, order: int) -> list[float | None]:
    """The program's value, or its slopes, by the rows' formulas at high precision.

    None where they cannot tell: outside a domain, at kinks and ties, at infinities, and at -0,
    which mpmath does not know.
    """
    point = program.point
    if not all(math.isfinite(x) and str(x) != "-0.0" for x in point):
        return [None] * (len(point) if order else 1)
    if order == 0:
        found = by_formula(program, high_precision.context(), point)
        return [float(found) if high_precision.context().isfinite(found) else None]
    if 0.0 in point and len(program.instructions) > 1:
        # A condition is no longer met a little beside, and a kink may hide in a square.
        return [None] * len(point)
    scale = min([abs(x) for x in point if x] or [1.0])
    slopes: list[float | None] = []
    for i in range(len(point)):

        def moved(mp: Any, t: Any, i: int = i) -> Any:
            return by_formula(program, mp, [x + t if k == i else x for k, x in enumerate(point)])

        slope = high_precision.derivative(moved, scale)
        # A 0 may be what is left where all digits cancelled.
        slopes.append(slope.value if slope.sound and slope.value else None)
    return slopes


def by_formula(program: RandomProgram, mp: Any, inputs: Sequence[Any]) -> Any:
    variables = [mp.mpf(x) for x in inputs]
    for step in program.instructions:
        operands = [variables[x] if isinstance(x, int) else mp.mpf(x) for x in step.operands]
        variables.append(high_precision.evaluate(mp, step.row, operands))
    return variables[-1]


# Cases --------------------------------------------------------------------------------------


def special(rows: Sequence[Primitive], rng: random.Random) -> Iterator[Case]:
    """Every row at the special points, its constants at ends and middle; orders up to 3.

    All tuples for one and two operands; for more, a draw of them. A row of any number of operands
    stands there with two of them and with four; the rows take turns, so that a run that is cut off
    has seen all.
    """
    streams = [_points(row, rng) for row in rows]
    while streams:
        for stream in list(streams):
            case = next(stream, None)
            if case is None:
                streams.remove(stream)
            else:
                yield case


def _points(row: Primitive, rng: random.Random) -> Iterator[Case]:
    for count in [row.arity] if row.arity is not None else [2, 4]:
        ends = row.domain[count - row.constants :] if row.arity is not None else ()
        constants = [(low, (low + high) / 2.0, high) for low, high in ends]
        free = count - row.constants
        if free <= 2:
            points = list(itertools.product(SPECIAL, repeat=free))
            rng.shuffle(points)
        else:
            points = [tuple(rng.choices(SPECIAL, k=free)) for _ in range(len(SPECIAL) ** 2 // 2)]
        for point in points:
            for rest in itertools.product(*constants):
                step = Instruction(row, (*range(free), *rest))
                # At an infinite operand there is no line to go along twice.
                highest = 3 if all(map(math.isfinite, point)) else 1
                yield Case(RandomProgram(point, (step,)), highest)


def drawn(seeds: Iterator[int]) -> Iterator[Case]:
    for seed in seeds:
        yield Case(random_program(seed, max_ops=MAX_OPS), 2)


# The command --------------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    """Run the comparison; the exit status says whether anything disagreed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign numbers", description=DOC)
    parser.add_argument("--points", type=int, help="special points at most; all by default")
    parser.add_argument("--programs", type=int, default=PROGRAMS, help="random programs")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after this time")
    parser.add_argument("--seed", type=int, default=0, help="the first program's, and the draw's")
    parser.add_argument("--rows", nargs="*", default=list(TABLE), help="rows for special points")
    given = parser.parse_args(argv)
    if given.points is None:
        given.points = sys.maxsize
    print(f"seeds {given.seed} to {given.seed + given.programs - 1}", flush=True)
    rows = [TABLE[name] for name in given.rows]
    points = itertools.islice(special(rows, random.Random(given.seed)), given.points)
    programs = drawn(iter(range(given.seed, given.seed + given.programs)))
    found = campaign(itertools.chain(points, programs), given.seconds, print)
    for title in ("cases", "open", "listed", "disagreements"):
        counts = getattr(found, title)
        print(f"{title}: {'; '.join(f'{n:,} {name}' for name, n in sorted(counts.items())) or 0}")
    return int(bool(found.disagreements))


DOC = (__doc__ or "").partition("\n\n")[0]


def campaign(cases: Iterator[Case], seconds: float, show: Callable[[str], None]) -> Found:
    """Compare case after case until they or the seconds are over."""
    found, end = Found(), time.monotonic() + seconds
    for case in cases:
        if time.monotonic() > end:
            break
        compared(case, found, show)
    return found
