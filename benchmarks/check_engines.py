"""Error rates of the checks of PyTorch and JAX, beside the checkers that these and SciPy have.

    python -m benchmarks.check_engines [--right N] [--planted N] [--write docs/check-engines.md]

Every operation is checked as it is, at random and at special points, and with a fault planted: the
gradient that the library computes is changed on its way back. The rivals see the same functions and
the same gradients. A fault is called right where no verdict names its entry.
"""

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograd.table import Table
from benchmarks.check_draws import Array, Operation
from benchmarks.check_faults import FAULTS, FIRST_ONLY, one_entry
from benchmarks.check_libraries import Engine, Jax, Torch

# Operations whose own gradient is wrong, as mpmath says: these are counted by themselves.
THEIRS = {"hardsigmoid": "its slope 1/6 is rounded to float32, in float64 too"}

# Inputs as they are and with a fault planted; of JAX, which compiles each operation, fewer.
USUAL = {"torch": (3_000, 1_500), "jax": (1_000, 500)}

HEAD = """# Rates of the checks of PyTorch and JAX

Made by `python -m benchmarks.check_engines --write docs/check-engines.md`.

Each operation is checked as it is, at normal numbers, zeros, ties, whole, large and tiny numbers,
and with one fault planted in the gradient that the library computes. A fault of one entry is in the
largest one, relative to it; *no sum over the outputs* passes back what the first output asks for
alone. A right gradient that cannot be told is at a kink, a tie, the edge of a domain or where the
numbers carry no digits. The rivals see the same functions and gradients, with their defaults;
SciPy's `check_grad` returns a distance, which passes here up to 1e-6 of the gradient's size or 1.

*Wrong indeed* are gradients of PyTorch's own that are wrong: `hardsigmoid` has the slope 1/6, and
its backward rounds that to single precision in double precision too, 0.16666667163372 (mpmath:
0.16666666666666666667)."""


@dataclass
class Tally:
    """What was counted for one library."""

    engine: str
    operations: int = 0
    right: Counter[str] = field(default_factory=Counter)
    rivals_right: Counter[str] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    seconds: float = 0.0


def outcome(report: Any) -> str:
    return "wrong" if report.wrong else "right" if report.certain else "open"


def passes(engine: Engine, rival: str, f: Any, xs: list[Array]) -> bool:
    """Whether a rival lets a gradient pass; what it cannot do is not counted against it."""
    try:
        return engine.passes(rival, f, xs)
    except Exception:
        return True


def count_right(tally: Tally, engine: Engine, op: Operation, seed: int) -> None:
    xs = op.inputs(np.random.default_rng(seed))
    report = engine.report(op.function, xs)
    said = outcome(report)
    if said == "wrong" and op.name in THEIRS:
        said = "theirs"
    tally.right[said] += 1
    if said == "wrong":
        tally.examples.append(f"{op.name}, seed {seed}: right called wrong at {xs}\n{report}")
    for rival in engine.rivals:
        if not passes(engine, rival, op.function, xs):
            tally.rivals_right[rival] += 1


# An index of an entry: the number of an input, and the index in it.
Place = tuple[int, tuple[int, ...]]


def placed(engine: Engine, op: Operation, xs: list[Array], name: str) -> tuple[bool, Place | None]:
    """Whether a fault changes the gradient of an operation, and where, if in one entry."""
    fault, size = FAULTS[name]
    right = engine.gradients(op.function, xs)
    if name == FIRST_ONLY:
        changed, at = engine.gradients(op.function, xs, True), None
    elif (made := fault(right, xs, size)) is None:
        return False, None
    else:
        changed, at = made
    apart = max(np.max(np.abs(a - b), initial=0.0) for a, b in zip(changed, right, strict=True))
    largest = max(np.max(np.abs(g), initial=0.0) for g in right)
    finite = all(np.isfinite(g).all() for g in (*right, *changed))
    return bool(finite and apart > 0.5e-8 * largest), at


def count_planted(tally: Tally, engine: Engine, operations: list[Operation], seed: int) -> None:
    """Plant a fault, all kinds in turn, in the next operation that has room for it."""
    name = [*FAULTS][seed % len(FAULTS)]
    fault, size = FAULTS[name]
    for shift in range(len(operations)):
        # All kinds meet all operations: 37 divides no number of them.
        op = operations[(37 * seed + shift) % len(operations)]
        xs = op.inputs(np.random.default_rng(seed))
        changes, at = placed(engine, op, xs, name)
        if changes:
            break
    else:
        return

    def change(found: list[Array], alone: list[Array]) -> list[Array]:
        if name == FIRST_ONLY:
            return alone
        planted = fault(found, xs, size)
        # Where, is chosen once: with other weights another entry may be the largest.
        if at is None or planted is None:
            return found if planted is None else planted[0]
        here = [g.copy() for g in found]
        here[at[0]][at[1]] *= 1.0 + size if fault is one_entry else 0.5
        return here

    f = engine.faulty(op.function, change)
    report = engine.report(f, xs)
    tally.planted[name] += 1
    said = outcome(report)
    if said == "right" or (said == "open" and at is not None and not _is_open(report, at)):
        tally.missed["this checker", name] += 1
        tally.examples.append(f"{op.name}, seed {seed}: {name} called right at {xs}\n{report}")
    elif said == "open":
        tally.open[name] += 1
    for rival in engine.rivals:
        if passes(engine, rival, f, xs):
            tally.missed[rival, name] += 1


def _is_open(report: Any, at: Place) -> bool:
    """Whether a verdict leaves the entry of a fault open."""
    return any(v.argument == at[0] and v.index in ((), at[1]) for v in report.unknown)


def measure(engine: Engine, right: int, planted: int, first: int = 0) -> Tally:
    """Count over so many inputs of all operations in turn."""
    tally = Tally(engine.name)
    operations = engine.operations()
    tally.operations = len(operations)
    start = time.perf_counter()
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        for seed in range(first, first + right):
            count_right(tally, engine, operations[seed % len(operations)], seed)
        for seed in range(first, first + planted):
            count_planted(tally, engine, operations, seed)
    tally.seconds = time.perf_counter() - start
    return tally


def share(part: int, whole: int) -> str:
    return f"{part:,} ({100.0 * part / whole:.3g} %)" if whole else "0"


def table(tally: Tally, rivals: Sequence[str]) -> str:
    """The counts as Markdown."""
    checked, planted = sum(tally.right.values()), sum(tally.planted.values())

    def missed(who: str, names: Sequence[str]) -> str:
        whole = sum(tally.planted[n] for n in names)
        return share(sum(tally.missed[who, n] for n in names), whole)

    everyone = ["this checker", *rivals]
    rows = [
        [f"right called wrong, of {checked:,}", share(tally.right["wrong"], checked),
         *[share(tally.rivals_right[r], checked) for r in rivals]],
        ["- and wrong indeed", share(tally.right["theirs"], checked), *["-"] * len(rivals)],
        ["right, cannot tell", share(tally.right["open"], checked), *["-"] * len(rivals)],
        [f"planted called right, of {planted:,}",
         *[missed(who, [*tally.planted]) for who in everyone]],
    ]  # fmt: skip
    rows += [
        [f"- {name}, of {tally.planted[name]:,}", *[missed(who, [name]) for who in everyone]]
        for name in FAULTS
        if tally.planted[name]
    ]
    open_ = share(sum(tally.open.values()), planted)
    rows.append(["planted, cannot tell", open_, *["-"] * len(rivals)])
    return Table(("", *everyone), rows, "<" * (1 + len(everyone))).markdown(escaped=False)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--right", type=int, help="inputs of operations as they are")
    parser.add_argument("--planted", type=int, help="inputs with a fault planted")
    parser.add_argument("--first", type=int, default=10_000, help="the first seed")
    parser.add_argument("--engine", choices=("torch", "jax"), help="one of the two")
    parser.add_argument("--write", type=Path, help="a file for the tables")
    options = parser.parse_args(argv)
    chosen = [options.engine] if options.engine else ["torch", "jax"]
    texts: list[str] = []
    examples: list[str] = []
    for kind in chosen:
        engine = Torch() if kind == "torch" else Jax()
        right, planted = USUAL[kind]
        if options.right is not None:
            right = options.right
        if options.planted is not None:
            planted = options.planted
        tally = measure(engine, right, planted, options.first)
        head = f"{engine.name}: {tally.operations} operations, {tally.seconds:.0f} s"
        texts.append(f"{head}\n\n{table(tally, engine.rivals)}")
        examples += tally.examples
        print(texts[-1], *tally.examples, sep="\n\n", flush=True)
    if options.write is not None:
        options.write.write_text("\n\n".join([HEAD, *texts]) + "\n", encoding="utf-8")
    return 1 if examples else 0


if __name__ == "__main__":
    raise SystemExit(main())
