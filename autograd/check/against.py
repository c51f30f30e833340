"""The check of somebody's gradient: of a formula, a layer written by hand, another library's.

A function of numbers is judged by its graph where it runs on Values, else by its values; one of
arrays by its values, in `autograd/check/arrays`.
"""

import numbers
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from autograd import asked
from autograd.check.arrays.containers import NeedsValuesError, has_arrays, numpy_subject
from autograd.check.arrays.examine import examined
from autograd.check.arrays.subject import Floats
from autograd.check.jacobians import read, weighted_rows
from autograd.check.judge import rerecord, values
from autograd.check.judge.gradients import apart_from, require
from autograd.check.judge.report import Outcome, Report, Verdict
from autograd.check.target import Function, FunctionSubject, flatten, name_of
from autograd.engine.modes import recording_anyway


def check_against(
    f: Function,
    gradient_function: Function,
    *inputs: Any,
    relative: float = 1e-9,
    seed: int = 0,
    seconds: float | None = None,
) -> Report:
    """Return a report on somebody's gradient of f: written by hand, or by another library.

    Args:
        f: returns one number. If it runs on Values its graph is used, which makes the check
            sharp; if it needs plain numbers (it calls `math`, say) its values are differenced.
        gradient_function: takes the same inputs as plain numbers and returns the derivative by
            each: one number for one number, else as many as there are numbers in the inputs, in
            their order, nested in any way.
        *inputs: numbers, nested lists or arrays of numbers.
        relative: the relative error to allow beyond rounding, for formulas that round more.
        seed: of the random weights and directions of arrays.
        seconds: how long a check of arrays may take; what could not be told then is left open.

    Raises:
        ValueError: if the gradient has another count of numbers than the inputs, or `relative` is
            not a number from 0 to 1.

    >>> check_against(lambda x: x**3, lambda x: 3 * x**2, 2.0).ok
    True
    >>> check_against(lambda x: 1e-6 * x, lambda x: 0.0, 2.0).ok
    False
    """
    asked.function("check_against", gradient_function, "a function that gives the gradient")
    _require_settings(relative, seed, seconds)
    failed: TypeError | None = None
    if any(map(has_arrays, inputs)):
        try:
            arrays = numpy_subject(f, gradient_function, inputs)
        except NeedsValuesError as error:
            failed = error
        else:
            return examined(arrays, relative=relative, seed=seed, seconds=seconds)
    try:
        return _by_graph(f, gradient_function, inputs, relative)
    except (TypeError, AttributeError, ValueError):
        # What it said of the arrays that it was given says more.
        if failed is None or failed.__cause__ is None:
            raise
        raise failed.__cause__ from None


def _require_settings(relative: Any, seed: Any, seconds: Any) -> None:
    """Ask for an error, a seed and a time that are ones."""
    asked.instance("check_against", relative, numbers.Real, "relative as a number")
    if not 0.0 <= relative <= 1.0:
        raise ValueError(f"relative is an error from 0 to 1, got {relative!r}")
    asked.whole("seed", seed, at_least=0)
    if seconds is not None:
        asked.real("seconds", seconds, at_least=0.0)


def _by_graph(
    f: Function, gradient_function: Function, inputs: Sequence[Any], relative: float
) -> Report:
    """Return a report on somebody's gradient of a function of numbers."""
    subject = FunctionSubject(f, inputs)
    require(subject, 1)
    claims = _given(subject, gradient_function)
    try:
        with recording_anyway():
            examination = rerecord.examined(subject, subject.point, 1)
            apart = rerecord.investigate(subject, examination.graph)
    except (TypeError, AttributeError):
        verdicts = values.by_values(subject, claims, relative)
        return _given_report(subject, verdicts)
    verdicts: list[Verdict] = []
    for i, claim in enumerate(claims):
        if i in apart:
            verdicts.append(apart_from(subject, examination, 0, i, apart[i], claim))
        else:
            verdict = examination.judge(0, i, claim, relative)
            verdicts.append(values.seen_afar(subject, i, verdict, relative))
    return _given_report(subject, verdicts)


def _given_report(subject: FunctionSubject, verdicts: Sequence[Verdict]) -> Report:
    """Return the report on a given gradient, wrong ones with their places in the inputs."""
    found = [values.within_slopes(v) for v in verdicts]
    if any(v.outcome is Outcome.WRONG for v in found):
        found = [
            replace(v, argument=argument, index=index) if v.outcome is Outcome.WRONG else v
            for v, (argument, index) in zip(found, subject.places(), strict=True)
        ]
    return Report(found, f"{subject.title}, given")


def _given(subject: FunctionSubject, gradient_function: Function) -> list[float]:
    found = [x for _, x in flatten(gradient_function(*subject.numbers(subject.point)))]
    if len(found) != len(subject.point):
        raise ValueError(
            f"the gradient has {len(found)} number(s) for {len(subject.point)} input(s): return "
            "one derivative per number of the inputs, in their order"
        )
    return found


# Slopes of so many outputs by so many inputs are judged one by one; of more, weighted sums are.
_ONE_BY_ONE = 2**20


@asked.own_keywords()
def check_jac(
    fun: Function,
    jac: Any,
    x: Any,
    *,
    args: Any = (),
    relative: float = 1e-9,
    seed: int = 0,
    seconds: float | None = None,
) -> Report:
    """Return a report on the `jac` of a function as SciPy's solvers take them.

    Args:
        fun: takes an array x of one axis, then `args`; returns a number, as for
            `scipy.optimize.minimize`, or m numbers, as for `root` and `least_squares`.
        jac: takes the same; returns the gradient, or the Jacobian of m rows, which may be sparse
            or a `LinearOperator`. True if `fun` returns a pair of both. Up to a million slopes
            are judged one by one; of more, the sums of each column with random weights are.
        x: where.
        args: what both are given after x: a tuple, or one thing alone.
        relative: as for `check_against`, as are `seed` and `seconds`.
        seed: of random weights and directions.
        seconds: how long it may take.

    Raises:
        TypeError: if jac is none of these; the name of differences, as "2-point", has no rule.
        ValueError: if its result has another shape.

    >>> import numpy as np
    >>> fun = lambda x: np.array([x[0] * x[1], np.sin(x[1])])
    >>> jac = lambda x: np.array([[x[1], x[0]], [0.0, np.sin(x[1])]])
    >>> check_jac(fun, jac, [2.0, 1.0]).culprits
    ((0, (1, 1)),)
    """
    asked.function("check_jac", fun)
    pair = jac is True
    if not pair and not callable(jac):
        raise TypeError(
            f"check_jac takes jac as a function, or True if fun returns a pair, got {jac!r:.60}: "
            "differences of SciPy's own are no rule to check"
        )
    _require_settings(relative, seed, seconds)
    given: Any = x
    point: Any = np.array(given, dtype=getattr(given, "dtype", float), ndmin=1)

    more: tuple[Any, ...] = cast(Any, args) if isinstance(args, tuple) else (args,)

    def function(x: Any) -> Any:
        found = fun(x, *more)[0] if pair else fun(x, *more)
        return np.array(cast(Any, found)) if isinstance(found, list | tuple) else found

    def rule(x: Any) -> Any:
        return fun(x, *more)[1] if pair else cast(Any, jac)(x, *more)

    def matrix(x: Any) -> Any:
        return read(rule(x), (count, point.size), scalar)

    def gradient(x: Any, weights: Any) -> Any:
        each = np.array(weights, dtype=np.float64).reshape(-1)
        return weighted_rows(rule(x), each, (count, point.size), scalar).reshape(point.shape)

    subject = numpy_subject(function, gradient, (point,))
    scalar, count = not subject.form, len(subject.here)
    subject.scalar = scalar
    subject.title = f"jac of {name_of(fun)}"

    def all_rows(vector: Floats) -> Floats:
        return matrix(vector.reshape(point.shape).astype(point.dtype))

    subject.jacobian = all_rows
    each = count * point.size <= _ONE_BY_ONE
    return examined(subject, relative=relative, seed=seed, seconds=seconds, jacobian=each)
