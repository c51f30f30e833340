"""Checks of what JAX makes of a function, a `custom_jvp` or a `custom_vjp`: three verdicts."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from autograd.asked import library
from autograd.check.arrays.subject import ArraySubject, Floats, Leaf
from autograd.check.fronts import (
    Asked,
    BackwardError,
    Culprit,
    Front,
    checked,
    namer,
    second_subject,
)
from autograd.check.jax.call import Portion, TreeCall, TreeValues, flat, unit
from autograd.check.jax.inside import Inner, traced
from autograd.check.judge.report import Report, Verdict


def check(
    function: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    relative: float = 1e-9,
    seed: int = 0,
    seconds: float | None = None,
) -> Report:
    """Return a report on the gradient that JAX gives of a function.

    Checked are the derivatives by all floats in the inputs, in the kind of numbers that JAX makes
    of them: float32 unless x64 is on. Where something is wrong, each `custom_jvp` and `custom_vjp`
    that was called is checked by itself at the values that it was called with, also inside `jit`,
    `scan`, `cond` and `while_loop`, and the report names the one at fault.

    Args:
        function: a function of arrays and pytrees of them.
        *inputs: what to call it with.
        order: 2 checks the derivatives of the gradient, too.
        relative: the relative error to allow beyond rounding.
        seed: of the random weights and directions.
        seconds: how long to go on; as long as it takes if left out.

    Returns:
        A verdict on every entry that is wrong or cannot be told, one for each array on all others.

    Raises:
        TypeError: if there is nothing to differentiate: no floats, complex numbers, a function that
            returns no array.
        ValueError: if `order`, `relative` or `seconds` is none.
        ImportError: if JAX is not installed.

    >>> import jax
    >>> square = jax.custom_vjp(lambda x: x * x)
    >>> square.defvjp(lambda x: (x * x, x), lambda x, grad: (grad * x,))
    >>> report = check(lambda x: square(x).sum(), jax.numpy.array([1.0, 2.0]))
    >>> report.ok, sorted(report.culprits)
    (False, [(0, (0,)), (0, (1,))])
    >>> check(jax.numpy.tanh, 0.5).certain
    True
    """
    wanted = Asked(order=order, relative=relative, seed=seed, seconds=seconds)
    with flags_kept():
        return checked(TreeFront(TreeCall(function, inputs)), wanted)


def assert_gradients(
    function: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    relative: float = 1e-9,
    seed: int = 0,
    seconds: float | None = None,
    strict: bool = False,
) -> Report:
    """Raise if a gradient of JAX is wrong, with the report as the message; else return the report.

    Args:
        function: as for `check`.
        *inputs: as for `check`.
        order: as for `check`.
        relative: as for `check`.
        seed: as for `check`.
        seconds: as for `check`.
        strict: raise also where it cannot be told.

    Raises:
        GradientError: an AssertionError, if a derivative is wrong.

    >>> import jax
    >>> assert_gradients(jax.numpy.sin, 0.5).ok
    True
    """
    report = check(function, *inputs, order=order, relative=relative, seed=seed, seconds=seconds)
    return report.raise_if_wrong(strict=strict)


@contextlib.contextmanager
def flags_kept() -> Generator[None]:
    """Set JAX's flags back at the end to what they were, and let it not warn of its donations."""
    config: Any = library("jax").config
    before = dict(config.values)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Some donated buffers were not usable")
            yield
    finally:
        for name, value in before.items():
            if config.values.get(name) != value:
                config.update(name, value)


class TreeFront:
    """A call of JAX as the front of a check; see `autograd.check.fronts`."""

    def __init__(self, call: TreeCall) -> None:
        self.call = call
        self.evaluated = TreeValues(call)

    def subject(self) -> ArraySubject:
        """Return the subject that the call is."""
        call, evaluated = self.call, self.evaluated
        point = call.point()
        found = call.named(call.leaves(point))
        here = evaluated.here
        sizes = [(name, tuple(array.shape)) for name, array in found]
        return ArraySubject(
            title=call.title,
            leaves=tuple([leaf_of(part) for part in call.parts]),
            point=point,
            here=here,
            unit=max(unit(array.dtype) for _, array in found),
            value=evaluated.value,
            gradient=evaluated.gradient,
            batch=self._batch(point, here),
            often=evaluated.often,
            output=namer(sizes),
            scalar=here.size == 1,
            weighed=True,
        )

    def _batch(self, point: Floats, here: Floats) -> Callable[[Floats], Floats] | None:
        try:
            rows = self.evaluated.batch(np.stack([point, point]))
        except Exception:  # whatever vmap, jit or the function says of it
            return None
        close = np.allclose(rows, here[None], rtol=1e-3, atol=0.0, equal_nan=True)
        return self.evaluated.batch if close else None

    def second(self, first: ArraySubject, weights: Floats) -> ArraySubject:
        """Return the subject of order 2: the gradient of a weighted sum of the outputs."""
        return second_subject(self.evaluated, first, weights)

    def remarks(self, subject: ArraySubject, weights: Floats) -> list[str]:
        """Return what is to be said beside the verdicts, after a pass forward and back."""
        claimed = self.evaluated.gradient(subject.point, weights)
        told = self._forward(subject, weights, claimed.values)
        jnp: Any = library("jax", "jax.numpy")
        inputs: list[Any] = [x for x in self.call.inputs if isinstance(x, np.ndarray)]
        is_wide = any(x.dtype == np.float64 for x in inputs)
        if is_wide and jnp.zeros(1, float).dtype != np.float64:
            told.append(
                "float64 arrays are float32 to JAX, and are checked as that: "
                'jax.config.update("jax_enable_x64", True) gives more digits'
            )
        return told

    def _forward(self, subject: ArraySubject, weights: Floats, back: Floats) -> list[str]:
        """Return a sentence if forward mode does not say what backward mode does."""
        jax = self.evaluated.jax
        tangent = np.random.default_rng(0).integers(32, 128, len(subject.point)) / 64.0
        try:
            moves = self.call.leaves(tangent)
            _, found = jax.jvp(self.call.run, self.call.leaves(subject.point), moves)
        except Exception:  # a custom_vjp has no forward mode
            return []
        moved = np.concatenate([flat(x) for x in found])
        terms = np.concatenate([moved * weights, -back * tangent])
        grain = max(subject.unit, *[leaf.unit for leaf in subject.leaves])
        if not abs(terms.sum()) > 2.0**12 * grain * np.abs(terms).sum():
            return []
        return [
            "forward mode (jvp) and backward mode (vjp) disagree: along a direction the outputs "
            f"move by {moved @ weights:.9g} and {back @ tangent:.9g}"
        ]

    def broken(self) -> str:
        """Return what a backward that cannot be run handed back: JAX says it itself."""
        return ""

    def explained(self, verdict: Verdict) -> str:
        """Return what a wrong verdict comes from: JAX hands on no more than numbers."""
        return ""

    def culprits(self, report: Callable[[Front], Report]) -> tuple[list[Culprit], list[str]]:
        """Return the parts that are wrong by themselves, and where a gradient is cut off."""
        trace = traced(self.call)
        found: list[Culprit] = []
        for inner in trace.inner:
            if inner.name in [each.name for each in found]:
                continue
            if (verdict := _alone(inner, report)) is not None:
                found.append(Culprit(inner.name, f", {inner.where},", verdict))
        cuts = [f"a gradient ends at {cut}" for cut in trace.cuts] if not found else []
        return found, cuts


def _alone(inner: Inner, report: Callable[[Front], Report]) -> Verdict | None:
    """Return what is wrong with a part by itself, None if nothing is or it cannot be called."""
    try:
        found = report(TreeFront(TreeCall(inner.function, inner.inputs, inner.name)))
    except (TypeError, ValueError, BackwardError):
        return None
    return found.wrong[0] if found.wrong else None


def leaf_of(part: Portion) -> Leaf:
    """Return an array of a call as the leaf of a subject."""
    kind = np.asarray(part.array).dtype

    def cast_(values: Floats) -> Floats:
        return values.astype(kind).astype(np.float64)

    return Leaf(
        name=part.name,
        argument=part.argument,
        path=part.path,
        shape=tuple(part.array.shape),
        start=part.start,
        dtype=str(kind),
        unit=unit(kind),
        cast=cast_,
    )
