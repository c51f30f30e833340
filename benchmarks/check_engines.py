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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograd.table import Table

Array = np.ndarray[Any, np.dtype[np.float64]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]

# What scipy.optimize.check_grad returns is left to its user to judge; a usual bound, relative to
# the size of the gradient.
SCIPY_PASSES = 1e-6

# Operations whose own gradient is wrong, as mpmath says: these are counted by themselves.
THEIRS = {"hardsigmoid": "its slope 1/6 is rounded to float32, in float64 too"}


def within(low: float, high: float, special: float | None = None) -> Draw:
    """Draw evenly from an interval, now and then a special point."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        x = rng.uniform(low, high, shape)
        if special is not None:
            x[rng.random(shape) < 0.1] = special
        return x

    return draw


def ANY(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw normal numbers; now and then zeros, whole numbers, ties, large and small ones."""
    x = rng.normal(size=shape)
    kind = rng.integers(0, 12)
    chosen = rng.random(shape) < 0.4
    if kind == 0:
        x[chosen] = 0.0
    elif kind == 1:
        x = np.where(chosen, np.round(x), x)
    elif kind == 2:
        x[chosen] = x.flat[0]
    elif kind == 3:
        x *= 30.0
    elif kind == 4:
        x *= 1e-6
    return x


def POSITIVE(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw positive numbers of several magnitudes."""
    x = np.exp(rng.normal(size=shape))
    return x * 10.0 ** rng.integers(-3, 3) if rng.random() < 0.3 else x


def UNIT(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw from -1 to 1; now and then zeros."""
    return within(-0.97, 0.97, 0.0)(rng, shape)


def far(least: float) -> Draw:
    """Draw numbers of both signs that are not near 0."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return rng.choice((-1.0, 1.0), shape) * (least + np.abs(rng.normal(size=shape)))

    return draw


def covariance(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw a symmetric matrix with eigenvalues well above 0."""
    x = rng.normal(size=shape)
    return x @ x.T + shape[0] * np.eye(shape[0])


def inputs(*kinds: Any) -> Callable[[np.random.Generator], list[Array]]:
    """Return what draws inputs: a way to draw alone is for four numbers; with shapes, one each."""
    if (
        len(kinds) == 2
        and callable(kinds[0])
        and isinstance(kinds[1], tuple)
        and not any(callable(k) for k in kinds[1])
    ):
        kinds = ((kinds[0], kinds[1]),)
    pairs = [(kind, (4,)) if callable(kind) else kind for kind in kinds]
    return lambda rng: [draw(rng, shape) for draw, shape in pairs]


@dataclass(frozen=True)
class Operation:
    """An operation: its name, its function, and what draws its inputs from a generator."""

    name: str
    function: Callable[..., Any]
    inputs: Callable[[np.random.Generator], list[Array]]


# Faults: from gradients, inputs and a generator to other gradients, and where they differ: the
# number of an input and an index, or None for several. None alone where there is no such fault.
Planted = tuple[list[Array], tuple[int, tuple[int, ...]] | None]
Fault = Callable[[list[Array], list[Array], float], Planted | None]


def _largest(grads: Sequence[Array]) -> tuple[int, tuple[int, ...]]:
    k = int(np.argmax([np.max(np.abs(g), initial=0.0) for g in grads]))
    return k, tuple(
        int(i) for i in np.unravel_index(int(np.argmax(np.abs(grads[k]))), grads[k].shape)
    )


def one_entry(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    k, index = _largest(grads)
    changed = [g.copy() for g in grads]
    changed[k][index] *= 1.0 + size
    return changed, (k, index)


def all_entries(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    return [g * (1.0 + size) for g in grads], None


def sign(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    return [-g for g in grads], None


def transposed(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    square = [g.ndim == 2 and g.shape[0] == g.shape[1] for g in grads]
    if not any(square):
        return None
    return [
        g.T.copy() if is_square else g for g, is_square in zip(grads, square, strict=True)
    ], None


def negative_only(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    return [np.where(x < 0.0, 1.001 * g, g) for g, x in zip(grads, xs, strict=True)], None


def one_index(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    changed = [g.copy() for g in grads]
    changed[0].flat[-1] *= 0.5
    last = tuple(n - 1 for n in changed[0].shape)
    return changed, (0, last)


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

SIZES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
FAULTS: dict[str, tuple[Fault, float]] = {
    **{f"one entry, {size:g}": (one_entry, size) for size in SIZES},
    **{f"all entries, {size:g}": (all_entries, size) for size in SIZES},
    "sign": (sign, 0.0),
    "transposed": (transposed, 0.0),
    "no sum over the outputs": (all_entries, 0.0),  # the gradient of the first output alone
    "negative inputs only": (negative_only, 0.0),
    "one index only": (one_index, 0.0),
}


class Engine:
    """A library: its operations, its gradients, this checker of it, and its own."""

    name = ""
    rivals: Sequence[str] = ()

    def operations(self) -> list[Operation]:
        raise NotImplementedError

    def gradients(self, f: Any, xs: list[Array], first_only: bool = False) -> list[Array]:
        """The gradients of the sum of the outputs; of the first output alone, if asked."""
        raise NotImplementedError

    def faulty(self, f: Any, change: Callable[[list[Array]], list[Array]]) -> Any:
        """A function whose gradients are changed on their way back."""
        raise NotImplementedError

    def report(self, f: Any, xs: list[Array]) -> Any:
        raise NotImplementedError

    def passes(self, rival: str, f: Any, xs: list[Array]) -> bool:
        raise NotImplementedError


class Torch(Engine):
    name = "PyTorch"
    rivals = ("gradcheck", "gradcheck, fast", "scipy check_grad")

    def __init__(self) -> None:
        import torch

        self.torch = torch
        torch.set_num_threads(1)

    def operations(self) -> list[Operation]:
        from benchmarks.check_torch_operations import operations

        return operations(self.torch)

    def tensors(self, xs: Sequence[Array]) -> list[Any]:
        return [self.torch.tensor(x, requires_grad=True) for x in xs]

    def gradients(self, f: Any, xs: list[Array], first_only: bool = False) -> list[Array]:
        tensors = self.tensors(xs)
        out = f(*tensors).reshape(-1)
        grads = self.torch.autograd.grad(
            out[0] if first_only else out.sum(), tensors, allow_unused=True
        )
        return [
            np.zeros(x.shape) if g is None else g.numpy() for g, x in zip(grads, xs, strict=True)
        ]

    def faulty(self, f: Any, change: Callable[[Any, list[Array]], list[Array]]) -> Any:
        torch = self.torch

        class Planted(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *xs: Any) -> Any:
                ctx.save_for_backward(*xs)
                return f(*xs)

            @staticmethod
            def backward(ctx: Any, weights: Any) -> Any:
                with torch.enable_grad():
                    xs = [x.detach().requires_grad_() for x in ctx.saved_tensors]
                    out = f(*xs)
                    found = torch.autograd.grad(out, xs, weights, allow_unused=True)
                    first = torch.zeros_like(weights)
                    first.reshape(-1)[0] = weights.reshape(-1)[0]
                    alone = torch.autograd.grad(f(*xs), xs, first, allow_unused=True)

                def numbers(grads: Any) -> list[Array]:
                    return [
                        np.zeros(x.shape) if g is None else g.detach().numpy()
                        for g, x in zip(grads, xs, strict=True)
                    ]

                return tuple(torch.from_numpy(g) for g in change(numbers(found), numbers(alone)))

        return Planted.apply

    def report(self, f: Any, xs: list[Array]) -> Any:
        from autograd.check.fronts import Asked
        from autograd.check.torch.checks import report_on

        return report_on(f, self.tensors(xs), Asked(), inside=False)

    def passes(self, rival: str, f: Any, xs: list[Array]) -> bool:
        if rival == "scipy check_grad":
            return scipy_passes(self, f, xs)
        fast = rival.endswith("fast")
        return self.torch.autograd.gradcheck(
            f, self.tensors(xs), raise_exception=False, fast_mode=fast
        )

    def value(self, f: Any, xs: list[Array]) -> float:
        with self.torch.no_grad():
            return float(f(*self.tensors(xs)).sum())


class Jax(Engine):
    name = "JAX"
    rivals = ("check_grads", "scipy check_grad")

    def __init__(self) -> None:
        import jax

        self.jax = jax
        jax.config.update("jax_enable_x64", True)

    def operations(self) -> list[Operation]:
        from benchmarks.check_jax_operations import operations

        return operations(self.jax)

    def gradients(self, f: Any, xs: list[Array], first_only: bool = False) -> list[Array]:
        jnp = self.jax.numpy

        def total(*xs: Any) -> Any:
            out = jnp.ravel(f(*xs))
            return out[0] if first_only else out.sum()

        grads = self.jax.grad(total, tuple(range(len(xs))))(*map(jnp.asarray, xs))
        return [np.asarray(g) for g in grads]

    def faulty(self, f: Any, change: Callable[[Any, list[Array]], list[Array]]) -> Any:
        jax, jnp = self.jax, self.jax.numpy
        made = jax.custom_vjp(lambda *xs: f(*xs))

        def back(xs: Any, weights: Any) -> Any:
            _, pull = jax.vjp(f, *xs)
            first = jnp.zeros_like(weights).reshape(-1)
            first = first.at[0].set(jnp.ravel(weights)[0]).reshape(weights.shape)
            found = [np.asarray(g) for g in pull(weights)]
            alone = [np.asarray(g) for g in pull(first)]
            return tuple(jnp.asarray(g) for g in change(found, alone))

        made.defvjp(lambda *xs: (f(*xs), xs), back)
        return made

    def report(self, f: Any, xs: list[Array]) -> Any:
        from autograd.check.fronts import Asked, checked
        from autograd.check.jax.call import TreeCall
        from autograd.check.jax.checks import TreeFront

        arrays = [self.jax.numpy.asarray(x) for x in xs]
        return checked(TreeFront(TreeCall(f, arrays)), Asked(), inside=False)

    def passes(self, rival: str, f: Any, xs: list[Array]) -> bool:
        if rival == "scipy check_grad":
            return scipy_passes(self, f, xs)
        from jax.test_util import check_grads

        try:
            check_grads(f, tuple(map(self.jax.numpy.asarray, xs)), order=1, modes=["rev"])
        except AssertionError:
            return False
        return True

    def value(self, f: Any, xs: list[Array]) -> float:
        return float(self.jax.numpy.sum(f(*map(self.jax.numpy.asarray, xs))))


def scipy_passes(engine: Any, f: Any, xs: list[Array]) -> bool:
    """Whether scipy's check_grad finds an error that people let pass."""
    from scipy.optimize import check_grad

    sizes = np.cumsum([x.size for x in xs])[:-1]

    def apart(flat: Array) -> list[Array]:
        parts = np.split(flat, sizes)
        return [p.reshape(x.shape) for p, x in zip(parts, xs, strict=True)]

    def gradient(flat: Array) -> Array:
        return np.concatenate([g.ravel() for g in engine.gradients(f, apart(flat))])

    point = np.concatenate([x.ravel() for x in xs])
    off = check_grad(lambda flat: engine.value(f, apart(flat)), gradient, point)
    return bool(off <= SCIPY_PASSES * max(1.0, float(np.linalg.norm(gradient(point)))))


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


def count_planted(tally: Tally, engine: Engine, op: Operation, seed: int) -> None:
    rng = np.random.default_rng(seed)
    xs = op.inputs(rng)
    names = [*FAULTS]
    for shift in range(len(names)):
        name = names[(seed + shift) % len(names)]
        fault, size = FAULTS[name]
        first_only = name == "no sum over the outputs"
        right = engine.gradients(op.function, xs)
        alone = engine.gradients(op.function, xs, True)
        made = (alone, None) if first_only else fault(right, xs, size)
        if made is None:
            continue
        changed, at = made
        apart = max(np.max(np.abs(a - b), initial=0.0) for a, b in zip(changed, right, strict=True))
        largest = max(np.max(np.abs(g), initial=0.0) for g in right)
        finite = all(np.isfinite(g).all() for g in (*right, *changed))
        if finite and apart > 0.5e-8 * largest:
            break
    else:
        return

    def change(found: list[Array], alone: list[Array]) -> list[Array]:
        if first_only:
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


def _is_open(report: Any, at: tuple[int, tuple[int, ...]]) -> bool:
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
            count_planted(tally, engine, operations[seed % len(operations)], seed)
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
    parser.add_argument("--right", type=int, default=2_000, help="inputs of operations as they are")
    parser.add_argument("--planted", type=int, default=1_000, help="inputs with a fault planted")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--engine", choices=("torch", "jax"), help="one of the two")
    parser.add_argument("--write", type=Path, help="a file for the tables")
    options = parser.parse_args(argv)
    chosen = [options.engine] if options.engine else ["torch", "jax"]
    texts, examples = [], []
    for kind in chosen:
        engine = Torch() if kind == "torch" else Jax()
        tally = measure(engine, options.right, options.planted, options.first)
        head = f"{engine.name}: {tally.operations} operations, {tally.seconds:.0f} s"
        texts.append(f"{head}\n\n{table(tally, engine.rivals)}")
        examples += tally.examples
        print(texts[-1], *tally.examples, sep="\n\n", flush=True)
    if options.write is not None:
        options.write.write_text("\n\n".join([HEAD, *texts]) + "\n", encoding="utf-8")
    return 1 if examples else 0


if __name__ == "__main__":
    raise SystemExit(main())
