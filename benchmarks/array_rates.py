"""Error rates of the check of arrays beside its rivals, over functions by hand and planted faults.

    python -m benchmarks.array_rates [--tries N] [--few N] [--searches N]

It is a part of `benchmarks.check_rates`. A trial is a function at a point with a gradient that a
fault may be planted in; those of other libraries can be counted by the same tables.
"""

import argparse
import importlib.util
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from autograd.check import Outcome, Report, check_against
from autograd.table import Table
from benchmarks.array_cases import ARRAY_CASES, ARRAY_FAULTS, ArrayCase

Claims = list[Any]
Change = Callable[[Claims], Any]


class Trial(Protocol):
    """A function at a point, with a right gradient that a change may be made in."""

    name: str
    inputs: list[Any]

    def check(self, change: Change | None) -> Report:
        """Return the report on the gradient, changed or as it is."""
        ...

    def rivals(self, change: Change | None) -> dict[str, bool]:
        """Return by their names whether other checkers let it pass."""
        ...


def right(claims: Claims) -> None:
    """Change nothing."""


@dataclass
class ArrayTrial:
    """A NumPy function by hand at the point of a seed."""

    case: ArrayCase
    seed: int
    dtype: Any = np.float64

    def __post_init__(self) -> None:
        self.name = self.case.name
        self.inputs = self.case.inputs(np.random.default_rng(self.seed), self.dtype)
        self.scalar = not np.ndim(self.case.f(*self.inputs))

    def gradient(self, change: Change | None) -> Callable[..., Any]:
        """Return the gradient, with as many parameters as it takes."""

        def found(given: Sequence[Any], weights: Any) -> Any:
            claims = [np.array(g, order="C") for g in self.case.claims(list(given), weights)]
            (change or right)(claims)
            return claims[0] if len(claims) == 1 else tuple(claims)

        n = len(self.inputs)
        if self.scalar:
            return _of(n, lambda *given: found(given, None))
        return _of(n + 1, lambda *given: found(given[:-1], given[-1]))

    def check(self, change: Change | None) -> Report:
        """Return this checker's report."""
        return check_against(self.case.f, self.gradient(change), *self.inputs, seed=self.seed)

    def rivals(self, change: Change | None) -> dict[str, bool]:
        """Return what SciPy's and torch's checkers say, where these are installed."""
        found: dict[str, bool] = {}
        if importlib.util.find_spec("scipy") is not None:
            found["scipy's check_grad"] = self.by_scipy(change)
        if importlib.util.find_spec("torch") is not None:
            found["torch's gradcheck"] = self.by_torch(change)
        return found

    def by_scipy(self, change: Change | None) -> bool:
        """Whether `check_grad` of the sum of outputs, all inputs in one vector, is below 1e-5."""
        from scipy.optimize import check_grad

        ends = np.cumsum([x.size for x in self.inputs])[:-1]
        ones = None if self.scalar else np.ones_like(self.case.f(*self.inputs))

        def parts(x: Any) -> list[Any]:
            split = np.split(x, ends)
            return [p.reshape(y.shape) for p, y in zip(split, self.inputs, strict=True)]

        def gradient(x: Any) -> Any:
            claims = [np.array(g, order="C") for g in self.case.claims(parts(x), ones)]
            (change or right)(claims)
            return np.concatenate([np.ravel(g) for g in claims])

        point = np.concatenate([np.ravel(x) for x in self.inputs])
        return bool(check_grad(lambda x: np.sum(self.case.f(*parts(x))), gradient, point) <= 1e-5)

    def by_torch(self, change: Change | None) -> bool:
        """Whether `torch.autograd.gradcheck` lets it pass with its defaults."""
        import torch

        case, scalar = self.case, self.scalar

        class Function(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *given: Any) -> Any:
                ctx.save_for_backward(*given)
                return torch.tensor(np.array(case.f(*[x.detach().numpy() for x in given])))

            @staticmethod
            def backward(ctx: Any, c: Any) -> Any:
                given = [x.numpy() for x in ctx.saved_tensors]
                found = case.claims(given, None if scalar else c.numpy())
                claims = [np.array(g, order="C") for g in found]
                (change or right)(claims)
                size = float(c) if scalar else 1.0
                return tuple(torch.tensor(g * size) for g in claims)

        tensors = [torch.tensor(x, requires_grad=True) for x in self.inputs]
        return torch.autograd.gradcheck(Function.apply, tensors, raise_exception=False)


def _of(count: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with so many parameters, as a checker may count them."""
    forms: dict[int, Callable[..., Any]] = {
        1: lambda a: function(a),
        2: lambda a, b: function(a, b),
        3: lambda a, b, c: function(a, b, c),
        4: lambda a, b, c, d: function(a, b, c, d),
        5: lambda a, b, c, d, e: function(a, b, c, d, e),
    }
    return forms[count]


@dataclass
class Tally:
    """What was counted over trials, by fault; "" is a right gradient.

    Attributes:
        said: by fault, the outcomes.
        passed: by rival and fault, how often it let a gradient pass.
        most: evaluations of f for an entry, of a right gradient that was called so.
        examples: of errors.
    """

    said: dict[str, Counter[Outcome]] = field(default_factory=dict[str, Counter[Outcome]])
    passed: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    most: float = 0.0
    examples: list[str] = field(default_factory=list[str])

    def add(
        self, trial: Trial, fault: str, change: Change | None, report: Report, rivals: bool
    ) -> None:
        """Count what is said of a trial."""
        self.said.setdefault(fault, Counter())[report.verdict] += 1
        if report.verdict is (Outcome.RIGHT if fault else Outcome.WRONG):
            self.examples.append(f"{trial.name}, {fault or 'as it is'}\n{report}")
        if not fault and report.verdict is Outcome.RIGHT:
            size = sum(np.size(x) for x in trial.inputs)
            if size >= 5:
                self.most = max(self.most, getattr(report, "evaluations", 0) / size)
        if rivals:
            for name, passes in trial.rivals(change).items():
                self.passed.setdefault(name, Counter())[fault] += passes

    def table(self) -> str:
        """Return the counts as Markdown."""
        head = ["", "trials", "called right", "cannot tell", "called wrong"]
        head += [f"{name} passes" for name in self.passed]
        rows: list[list[str]] = []
        for fault, said in self.said.items():
            counts = [said[o] for o in (Outcome.RIGHT, Outcome.UNKNOWN, Outcome.WRONG)]
            passed = [self.passed[name][fault] for name in self.passed]
            numbers = [sum(said.values()), *counts, *passed]
            rows.append([fault or "as it is", *[f"{n:,}" for n in numbers]])
        return Table(tuple(head), rows, "<" * len(head)).markdown(escaped=False)


Fault = Callable[[Claims, list[Any], np.random.Generator], bool]


class Planted:
    """A change of a gradient that is the same each time, and knows whether it changed anything."""

    def __init__(self, fault: Fault, inputs: list[Any], seed: int) -> None:
        self.fault, self.inputs, self.seed = fault, inputs, seed
        self.done = False

    def __call__(self, claims: Claims) -> None:
        self.done |= self.fault(claims, self.inputs, np.random.default_rng(self.seed))


def counted(
    trials: Iterable[Trial], faults: dict[str, Fault], rivals: bool = True, faulty: int = 3
) -> Tally:
    """Return the counts over trials, each as it is and with some of the faults in turn."""
    tally = Tally()
    names = list(faults)
    for k, trial in enumerate(trials):
        tally.add(trial, "", None, trial.check(None), rivals)
        for j in range(faulty):
            name = names[(k * faulty + j) % len(names)]
            change = Planted(faults[name], trial.inputs, k)
            report = trial.check(change)
            if change.done:
                tally.add(trial, name, change, report, rivals)
    return tally


def array_trials(tries: int) -> Iterator[ArrayTrial]:
    """Yield every function by hand at the points of so many seeds."""
    for seed in range(tries):
        for case in ARRAY_CASES:
            yield ArrayTrial(case, seed)


@dataclass
class FewDigits:
    """What was counted over single entries of functions of few digits.

    Attributes:
        right: outcomes of right slopes that stand 1,000 times over the noise.
        faint: those of other right slopes.
        off: outcomes of slopes over 1,000 noises that are off by ten of them.
        faintly: those of other slopes that are.
    """

    right: Counter[Outcome] = field(default_factory=Counter[Outcome])
    faint: Counter[Outcome] = field(default_factory=Counter[Outcome])
    off: Counter[Outcome] = field(default_factory=Counter[Outcome])
    faintly: Counter[Outcome] = field(default_factory=Counter[Outcome])


# Smooth functions of one number each, as exact in doubles as needed, and their slopes.
SMOOTH: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    (np.sin, np.cos),
    (np.exp, np.exp),
    (lambda x: x * x, lambda x: 2 * x),
    (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    (lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    (lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x))),
)


class Coarse:
    """A function of six entries that computes in single or half precision, with its noise.

    The noise of a slope is the most that values nearby differ from those in doubles, over the step
    that suits the precision: the fifth root of its rounding, as a share of the usual input.
    """

    def __init__(self, seed: int, dtype: Any) -> None:
        rng = np.random.default_rng(seed)
        self.f, self.slope = SMOOTH[seed % len(SMOOTH)]
        x = rng.uniform(0.3, 2.0, 6) * rng.choice((-1.0, 1.0), 6)
        self.x, self.mix = x.astype(dtype), rng.normal(size=(6, 4)).astype(dtype)
        self.exact = self.mix.astype(np.float64)
        # Half of the functions are small at the point, which leaves their slopes more digits.
        self.centre = (self.x * rng.uniform(0.9, 0.99) * (seed % 2)).astype(dtype)
        unit = 0.5 * float(np.finfo(dtype).eps)
        self.step = unit**0.2 * float(np.median(np.abs(self.x)))
        near = (self.x.astype(float) + self.step * rng.uniform(-1, 1, (64, 6))).astype(dtype)
        values = np.array([self(row) for row in near], dtype=float)
        true = self.f(near.astype(float) - self.centre.astype(float)) @ self.exact
        self.deviation = np.abs(values - true).max(0)

    def __call__(self, x: Any) -> Any:
        return (self.f(x - self.centre) @ self.mix).astype(x.dtype)

    def right(self, weights: Any) -> Any:
        """Return the right slopes, in doubles."""
        x = self.x.astype(float) - self.centre.astype(float)
        return self.slope(x) * (self.exact @ weights.astype(float))

    def noise(self, weights: Any) -> float:
        """Return how far the noise carries a slope."""
        return float(np.sqrt(((weights * self.deviation) ** 2).sum())) / self.step

    def report(self, off: float, seed: int) -> tuple[Report, Any]:
        """Return the report with one slope off by so many noises, and which stand out."""
        used: list[Any] = []

        def gradient(x: Any, weights: Any) -> Any:
            used.append(weights)
            found = self.right(weights)
            # Linear in the weights, as every gradient is.
            first = used[0].astype(float)
            found[2] += off * self.noise(first) * (first @ weights) / (first @ first)
            return found.astype(x.dtype)

        report = check_against(self, gradient, self.x, seed=seed)
        return report, np.abs(self.right(used[0])) >= 1000 * self.noise(used[0])


def outcomes(report: Report, count: int) -> list[Outcome]:
    """Return what a report says of each entry of an array of one axis."""
    found = [Outcome.RIGHT] * count
    for v in report:
        if v.outcome is not Outcome.RIGHT:
            found[v.index[0]] = v.outcome
    return found


def few_digits(count: int, dtype: Any, first: int = 0) -> FewDigits:
    """Count over functions of few digits, right and with one slope off by ten noises."""
    found = FewDigits()
    for seed in range(first, first + count):
        function = Coarse(seed, dtype)
        report, stands = function.report(0.0, seed)
        for said, clear in zip(outcomes(report, len(stands)), stands, strict=True):
            (found.right if clear else found.faint)[said] += 1
        wrong, _ = function.report(10.0 * (-1) ** (seed // 2), seed)
        (found.off if stands[2] else found.faintly)[outcomes(wrong, len(stands))[2]] += 1
    return found


@dataclass
class Searched:
    """What was counted over searches in long vectors.

    Attributes:
        tries: of them.
        found: in how many exactly the faults were named.
        evaluations: of f, of each search.
        right: evaluations of the same functions with right gradients.
    """

    tries: int = 0
    found: int = 0
    evaluations: list[int] = field(default_factory=list[int])
    right: list[int] = field(default_factory=list[int])


def searched(tries: int, shape: tuple[int, ...], kind: str, first: int = 0) -> Searched:
    """Plant faults of the usual size into long gradients, and count how often they are located."""
    found = Searched()
    changes = (lambda g: -g, lambda g: 0 * g, lambda g: 2 * g)
    for seed in range(first, first + tries):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=shape), rng.normal(size=shape)
        right = y * (1 - np.tanh(x) ** 2)
        claims, wanted = right.copy(), set[str]()
        middle = float(np.median(np.abs(right)))
        usual = np.flatnonzero(np.abs(np.abs(right).ravel() / middle - 1.0) < 0.2)
        change = changes[seed % 3]
        if kind == "row":
            row = int(rng.integers(shape[0]))
            claims[row] = change(claims[row])
            wanted = {repr((0, (row, slice(None))))}
        else:
            for i in rng.choice(usual, 5 if kind == "five" else 1, replace=False):
                claims.ravel()[i] = change(right.ravel()[i])
                wanted.add(repr((0, tuple(int(k) for k in np.unravel_index(int(i), shape)))))

        def f(x: Any, y: Any = y) -> Any:
            return np.sum(y * np.tanh(x))

        report = check_against(f, lambda x, g=claims: g, x, seed=seed)
        found.tries += 1
        found.found += {repr(place) for place in report.culprits} == wanted
        found.evaluations.append(getattr(report, "evaluations", 0))
        if seed % 20 == 0:
            fine = check_against(f, lambda x, g=right: g, x, seed=seed)
            found.right.append(getattr(fine, "evaluations", 0) if fine.verdict == "right" else 0)
    return found


SEARCHES = (
    ("one entry of 10^6", (1000, 1000), "one"),
    ("five entries of 10^5", (100_000,), "five"),
    ("a row of 1,000 x 1,000", (1000, 1000), "row"),
)


def section(tries: int, few: int, searches: int) -> tuple[str, list[str]]:
    """Return the part of the page on arrays, and the examples of errors."""
    start = time.perf_counter()
    with np.errstate(all="ignore"):
        tally = counted(array_trials(tries), ARRAY_FAULTS)
        singles = [(name, few_digits(few // 2, kind)) for name, kind in (
            ("float32", np.float32), ("float16", np.float16))]  # fmt: skip
    lines: list[list[str]] = []
    for name, shape, kind in SEARCHES:
        n = searched(searches, shape, kind)
        spent = sorted(n.evaluations)
        middle, most = (spent[len(spent) // 2], spent[-1]) if spent else (0, 0)
        lines.append(
            [name, f"{n.found:,} of {n.tries:,}", f"{middle:,}", f"{most:,}",
             f"{max(n.right, default=0):,}"]
        )  # fmt: skip
    said = (Outcome.RIGHT, Outcome.UNKNOWN, Outcome.WRONG)
    rows = [
        [f"{name}: {what}", *[f"{counts[o]:,}" for o in said]]
        for name, found in singles
        for what, counts in (
            ("right, slopes over 1,000 noises", found.right),
            ("right, other slopes", found.faint),
            ("off by ten noises, slopes over 1,000 noises", found.off),
            ("off by ten noises, other slopes", found.faintly),
        )
    ]
    head = ("", "called right", "cannot tell", "called wrong")
    text = f"""## Arrays

{len(ARRAY_CASES)} layers, losses and other functions of NumPy's arrays with gradients by hand, each
at {tries:,} points, half of them with 0, 1, -1 and equal numbers among them; in each three of
{
        len(ARRAY_FAULTS)
    } faults in turn, where they change something. A fault in one entry is in one of the
usual size of its array or a larger one, and is a share of it. SciPy's `check_grad` passes where it is
at most 1e-5, torch's gradcheck has its defaults and calls the same NumPy functions.
`python -m benchmarks.array_rates` makes this part alone, in {
        time.perf_counter() - start:.0f} s here.

{tally.table()}

At most {tally.most:.1f} evaluations of a function for an entry, where a right gradient was called
right.

Single and half precision: functions of six entries that compute in it throughout. The noise of a
slope is the most that values nearby differ from those in doubles, over a step of the fifth root of
the precision's rounding, as a share of the usual entry.

{Table(head, rows, "<<<<").markdown(escaped=False)}

Faults in long gradients, {
        searches:,} times each: the sign, 0, or twice the number, in entries of the
usual size; evaluations of the function to find and name them, the check of the rest included.

{
        Table(
            ("", "found and named", "evaluations, middle", "most", "right gradient, most"),
            lines,
            "<<<<<",
        ).markdown(escaped=False)
    }
"""  # noqa: E501
    return text, tally.examples


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tries", type=int, default=40)
    parser.add_argument("--few", type=int, default=2_000)
    parser.add_argument("--searches", type=int, default=200)
    chosen = parser.parse_args(arguments)
    text, examples = section(chosen.tries, chosen.few, chosen.searches)
    print(text)
    for example in examples[:20]:
        print(example)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
