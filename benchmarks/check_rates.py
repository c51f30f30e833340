"""Error rates of the gradient checker beside two rivals, over random programs from fixed seeds.

    python -m benchmarks.check_rates [--programs N] [--second N] [--write docs/check-rates.md]

Every program is checked as it is, and again with one wrong rule planted in one of its rows. The
truth is known without any checker: it is the gradient by the right rules, and the gradient by the
planted one; whether they differ above rounding is judged by the sum of the magnitudes of all
paths. The rivals see the same gradients.
"""

import argparse
import contextlib
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd import Value
from autograd.check import Report, assert_gradients, check_against, check_gradients, check_row
from autograd.check.oracles import high_precision, row_slope
from autograd.check.testing.mutation import FAULTS, FaultKind, planted
from autograd.check.testing.programs import RandomProgram, random_program
from autograd.engine.backward import order
from autograd.engine.primitive import TABLE, Primitive
from autograd.table import Table
from autograd.transforms.gradient import gradient_numbers
from benchmarks import array_rates
from benchmarks.check_cases import (
    OWN_FAULTS,
    OWN_ROWS,
    BlackBox,
    black_box,
    cancelling,
    faulty,
    underflowing,
)
from benchmarks.expression import AT, expression

MAX_OPS = 12
# A fault counts where it changes a derivative by more than this share of the sum of all paths'
# magnitudes: some hundred roundings, what no checker in the same arithmetic can see below.
ABOVE_ROUNDING = 2.0**-41


def slopes(program: RandomProgram) -> tuple[list[float], list[float]]:
    """The engine's gradient, and per input the sum of the magnitudes of all paths."""
    leaves = [Value(x) for x in program.point]
    z = program(*leaves)
    if not isinstance(z, Value):
        return [0.0] * len(leaves), [0.0] * len(leaves)
    return gradient_numbers(z, leaves), magnitudes(z, leaves)


def magnitudes(z: Value, leaves: list[Value]) -> list[float]:
    """Per leaf, the sum over all paths of the product of |local partials|."""
    total = {z: 1.0}
    for node in reversed(order(z)):
        a = total.get(node, 0.0)
        if node.op is None or not a:
            continue
        numbers = [x.data if isinstance(x, Value) else x for x in node.args]
        for x, d in zip(node.args, node.op.partials(node.data, *numbers), strict=True):
            if isinstance(x, Value) and d:
                total[x] = total.get(x, 0.0) + a * abs(d)
    return [total.get(x, 0.0) for x in leaves]


def differ(a: list[float], b: list[float], sizes: list[float]) -> bool:
    """Whether two gradients differ above rounding."""
    return any(
        not abs(x - y) <= ABOVE_ROUNDING * size + 1e-280
        for x, y, size in zip(a, b, sizes, strict=True)
    )


def central(program: RandomProgram, step: float) -> list[float]:
    """Plain central differences with one absolute step."""
    found: list[float] = []
    for i, x in enumerate(program.point):
        above, below = list(program.point), list(program.point)
        above[i], below[i] = x + step, x - step
        found.append((program(*above) - program(*below)) / (2.0 * step))
    return found


def close(a: list[float], n: list[float], atol: float, rtol: float) -> bool:
    return all(abs(x - y) <= atol + rtol * abs(y) for x, y in zip(a, n, strict=True))


# torch.autograd.gradcheck's defaults, and numpy.allclose's with a usual step.
RIVALS = {"torch's gradcheck": (1e-6, 1e-5, 1e-3), "central difference": (1e-5, 1e-8, 1e-5)}


@dataclass
class Counts:
    """What was counted over one set of programs."""

    programs: int = 0
    correct: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    visible: Counter[str] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    caught: int = 0
    blamed: int = 0
    examples: list[str] = field(default_factory=list)


def away_from_kinks(report: Report) -> bool:
    """Whether none of the open verdicts is about a kink, a tie or a jump at the very point."""
    return not any("kink:" in v.reason or "jump:" in v.reason for v in report.unknown)


def outcome(report: Report) -> str:
    if report.wrong:
        return "wrong"
    return "right" if report.certain else "open"


def count_correct(counts: Counts, program: RandomProgram, seed: int, highest: int) -> None:
    report = check_gradients(program, *program.point, order=highest)
    said = outcome(report)
    counts.correct[said] += 1
    if said == "wrong":
        counts.examples.append(f"seed {seed}: correct called wrong\n{program}\n{report}")
    if said == "open":
        away = away_from_kinks(report)
        counts.unknown["away from kinks" if away else "at kinks and ties"] += 1
    if highest == 1:
        found, _ = slopes(program)
        for name, (step, atol, rtol) in RIVALS.items():
            if not close(found, central(program, step), atol, rtol):
                counts.correct[name] += 1


def chosen_fault(program: RandomProgram, seed: int) -> tuple[Primitive, FaultKind, Any]:
    """The fault of a seed: the kinds in turn, and for each the rows of the program that have it."""
    found: dict[str, list[tuple[Primitive, FaultKind, Any]]] = {}
    for name in program.primitives:
        for kind in FAULTS:
            rule = kind.make(TABLE[name])
            if rule is not None:
                found.setdefault(kind.name, []).append((TABLE[name], kind, rule))
    kinds = [kind.name for kind in FAULTS if kind.name in found]
    rows = found[kinds[seed % len(kinds)]]
    return rows[seed // len(kinds) % len(rows)]


def count_planted(counts: Counts, program: RandomProgram, seed: int, highest: int) -> None:
    row, kind, rule = chosen_fault(program, seed)
    right, sizes = slopes(program)
    with planted(row, rule):
        wrong, _ = slopes(program)
        numerics = {name: central(program, step) for name, (step, _, _) in RIVALS.items()}
        report = check_gradients(program, *program.point, order=highest)
    counts.planted[kind.name] += 1
    if not differ(right, wrong, sizes):
        return
    counts.visible[kind.name] += 1
    said = outcome(report)
    if said == "right":
        counts.missed["this checker", kind.name] += 1
        counts.examples.append(
            f"seed {seed}: {kind.name} in {row} called right\n{program}\n{report}"
        )
    elif said == "open":
        counts.open[kind.name] += 1
    else:
        counts.caught += 1
        counts.blamed += report.blamed[:1] == (row.name,)
        if report.blamed[:1] != (row.name,):
            counts.examples.append(
                f"seed {seed}: {row} blamed as {report.blamed}\n{program}\n{report}"
            )
    for name, (_, atol, rtol) in RIVALS.items():
        if close(wrong, numerics[name], atol, rtol):
            counts.missed[name, kind.name] += 1


def measure(programs: int, highest: int, first: int = 0) -> Counts:
    """Count over the programs of the seeds from `first` on."""
    counts = Counts()
    with np.errstate(all="ignore"):
        for seed in range(first, first + programs):
            program = random_program(seed, MAX_OPS)
            counts.programs += 1
            count_correct(counts, program, seed, highest)
            count_planted(counts, program, seed, highest)
    return counts


def share(part: int, whole: int) -> str:
    return f"{part:,} ({100.0 * part / whole:.3g} %)" if whole else "0"


def table(counts: Counts, rivals: bool) -> str:
    """The counts as Markdown."""
    names = ["this checker", *(RIVALS if rivals else ())]
    visible = sum(counts.visible.values())

    def missed(name: str, kind: str | None = None) -> int:
        return sum(
            n for (who, what), n in counts.missed.items() if who == name and kind in (None, what)
        )

    said_wrong = {"this checker": counts.correct["wrong"], **{n: counts.correct[n] for n in RIVALS}}
    rows = [
        [f"correct gradients called wrong, of {counts.programs:,}",
         *[share(said_wrong[n], counts.programs) for n in names]],
        [f"wrong gradients called right, of {visible:,}",
         *[share(missed(n), visible) for n in names]],
    ]  # fmt: skip
    for kind, n in counts.visible.items():
        rows.append([f"- {kind}, of {n:,}", *[share(missed(name, kind), n) for name in names]])
    away, at = counts.unknown["away from kinks"], counts.unknown["at kinks and ties"]
    for what, found in (
        ("correct, cannot tell, away from kinks", share(away, counts.programs)),
        ("correct, cannot tell, at kinks and ties", share(at, counts.programs)),
        ("wrong, cannot tell", share(sum(counts.open.values()), visible)),
        ("wrong, blamed on the planted row", share(counts.blamed, counts.caught)),
    ):
        rows.append([what, found, *["-"] * (len(names) - 1)])
    return Table(("", *names), rows, "<" * (len(names) + 1)).markdown(escaped=False)


def reversed_entries(programs: int, first: int = 0) -> tuple[int, int, list[str]]:
    """Of gradients handed back in reverse order: how many differ, how many are called right."""
    visible, missed, examples = 0, 0, []
    with np.errstate(all="ignore"):
        for seed in range(first, first + programs):
            program = random_program(seed, MAX_OPS)
            found, sizes = slopes(program)
            if not differ(found, found[::-1], sizes):
                continue
            visible += 1
            backwards = found[::-1]
            report = check_against(program, lambda *xs, d=backwards: d, *program.point)
            if outcome(report) == "right":
                missed += 1
                examples.append(f"seed {seed}: entries in reverse called right\n{program}")
    return visible, missed, examples


@dataclass
class Cases:
    """What was counted over one kind of case beside programs."""

    correct: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, name: str, correct: Report, *wrong: Report) -> None:
        """Count the report on what is right, and those on what is wrong."""
        self.correct[outcome(correct)] += 1
        if correct.wrong:
            self.examples.append(f"{name}: correct called wrong\n{correct}")
        for report in wrong:
            self.wrong[outcome(report)] += 1
            if outcome(report) == "right":
                self.examples.append(f"{name}: wrong called right\n{report}")


def cases(count: int, first: int = 0, rows: Sequence[Primitive] = OWN_ROWS) -> dict[str, Cases]:
    """Count over black boxes, own rows, sums that cancel and products that underflow."""
    boxes, hard, faults, own, sums, under = (Cases() for _ in range(6))
    with np.errstate(all="ignore"):
        for seed in range(first, first + count):
            box = black_box(seed)

            def judged(claim: float, box: BlackBox = box) -> Report:
                return check_against(box.function, lambda x: claim, box.x)

            kind = boxes if box.decidable else hard
            kind.add(str(box), judged(box.slope), judged(1.1 * box.slope))
            off = 10.0 * box.noise / abs(box.x)
            if box.decidable:
                faults.wrong[outcome(judged(box.slope + off))] += 1
            f, x = cancelling(seed)
            sums.add(f"cancelling({seed})", check_gradients(f, x, order=1 + seed % 2))
            f, x, slope = underflowing(seed)
            right, lost = (check_against(f, lambda x, d=d: d, x) for d in (slope, 0.0))
            under.add(f"underflowing({seed})", right, lost)
        for row in rows:
            own.add(row.name, check_row(row), *[check_row(faulty(row, k)) for k in OWN_FAULTS])
    return {
        "black boxes, slope over 1,000 noises; 10 % off": boxes,
        "other black boxes; 10 % off": hard,
        "black boxes, slope over 1,000 noises; off by 10 noises": faults,
        "own rows; five faults each": own,
        "sums that cancel": sums,
        "underflow on the way back; lost": under,
    }


def cases_table(counted: dict[str, Cases]) -> str:
    """The counts of the cases as Markdown."""
    said = ("right", "open", "wrong")
    rows = [
        [name, *[f"{tally[k]:,}" for tally in (found.correct, found.wrong) for k in said]]
        for name, found in counted.items()
    ]
    head = ("", "correct: right", "cannot tell", "wrong", "wrong: right", "cannot tell", "wrong")
    return Table(head, rows, "<" * len(head)).markdown(escaped=False)


def throughput(repeats: int = 30) -> str:
    """The median time of assert_gradients on micrograd's README expression (33 nodes)."""

    def readme(a: Value, b: Value) -> Value:
        return expression(a, b, autograd.relu)

    rows: list[tuple[str, str]] = []
    for highest in (1, 2):
        times: list[float] = []
        for _ in range(repeats):
            start = time.perf_counter()
            assert_gradients(readme, *AT, order=highest)
            times.append(time.perf_counter() - start)
        rows.append((f"order {highest}", f"{1e3 * sorted(times)[len(times) // 2]:.2f} ms"))
    head = ("`assert_gradients`, 33 nodes, 2 inputs", "median")
    return Table(head, rows, "<<").markdown(escaped=False)


@contextlib.contextmanager
def without_mpmath() -> Iterator[None]:
    """Let the checker work as where mpmath is not installed."""
    kept, known = high_precision.context, dict(row_slope._affine)
    high_precision.context = lambda digits=60: None
    row_slope._affine.clear()
    try:
        yield
    finally:
        high_precision.context = kept
        row_slope._affine.update(known)


# Of the part on arrays: points of each function, functions of few digits, and searches.
ARRAYS = (20, 2_000, 30)


def page(
    programs: int, second: int, arrays: tuple[int, int, int] = ARRAYS
) -> tuple[str, list[str]]:
    """The page with the tables, and the programs behind any error."""
    start = time.perf_counter()
    counts, orders = measure(programs, 1), measure(second, 2)
    with without_mpmath():
        plain = measure(second, 1)
    visible, missed, backwards = reversed_entries(second)
    counted = cases(max(1, programs // 4))
    took = time.perf_counter() - start
    mp = high_precision.context()
    versions = (
        f"CPython {platform.python_version()}, NumPy {np.__version__}, "
        f"mpmath {__import__('mpmath').__version__ if mp is not None else 'not installed'}, "
        f"chalkgrad {autograd.__version__}"
    )
    kinds = ", ".join(kind.name for kind in FAULTS)
    text = f"""# Error rates of the gradient checker

Made by

    python -m benchmarks.check_rates --programs {programs} --second {second} \\
        --arrays {" ".join(map(str, arrays))} --write docs/check-rates.md

with {versions}, in {took:.0f} s.

Programs are `autograd.check.random_program(seed, max_ops={MAX_OPS})` for the seeds 0 to
{programs - 1:,}: random graphs with shared nodes over all {len(TABLE)} rows of the table. Each is
checked as it is, and once more with one wrong rule planted in one of its rows
({kinds};
kind and row taken in turn over the seeds). A planted fault counts where it changes a derivative
by more than 2^-41 of the sum of the magnitudes of all paths, and by more than 1e-280. torch's
gradcheck is its test (central differences with step 1e-6, atol 1e-5, rtol 1e-3), the plain central
difference one with step 1e-5 and `numpy.allclose`'s tolerances, both on the same gradients.

## Gradients

{table(counts, rivals=True)}

## Gradients and second derivatives together

{second:,} programs, `order=2`.

{table(orders, rivals=False)}

## Gradients, without mpmath

{second:,} programs. Rows that are neither analytic nor straight are then differenced in floats,
which does not see faults below a part in 1e5 of a slope (so wrong tails pass), nor anything where
a function is saturated: there it cannot tell.

{table(plain, rivals=False)}

## Gradients handed back in reverse order

Of {second:,} programs {visible:,} have a gradient that is another one in reverse order; called
right: {missed:,}.

## Other cases

From `benchmarks.check_cases`: black boxes of few digits (single and half precision, rounded,
tabulated, iterated to a tolerance), with gradients that are off by 10 %, or by ten times the noise
over |x|; {len(OWN_ROWS)} ordinary functions as rows of one's own, {len(OWN_FAULTS)} faults each;
functions of sums that cancel, to the second order in turn; and products whose derivative is lost
on the way back.

{cases_table(counted)}

## Time

{throughput()}

"""
    of_arrays, more = array_rates.section(*arrays)
    text += of_arrays
    examples = [*counts.examples, *orders.examples, *plain.examples, *backwards, *more]
    for found in counted.values():
        examples += found.examples
    return text, examples


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programs", type=int, default=20_000)
    parser.add_argument("--second", type=int, default=4_000)
    parser.add_argument("--write", type=Path, default=None)
    parser.add_argument(
        "--arrays",
        type=int,
        nargs=3,
        default=ARRAYS,
        metavar=("TRIES", "FEW", "SEARCHES"),
        help="points of each function of arrays, functions of few digits, searches",
    )
    chosen = parser.parse_args(arguments)
    text, examples = page(chosen.programs, chosen.second, tuple(chosen.arrays))
    print(text)
    for example in examples[:20]:
        print(example, file=sys.stderr)
    if chosen.write is not None:
        chosen.write.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
