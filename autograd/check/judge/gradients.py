"""The checker: for every input and order a verdict of right, wrong or cannot tell.

A derivative is judged against the chain of oracle slopes over the recorded graph (`examine.py`),
and the graph against the function near the point (`rerecord.py`). Where the graph does not
stand for the function, differences of its values decide, or nobody can.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from autograd import asked
from autograd.check.judge import rerecord, values
from autograd.check.judge.examine import Examination
from autograd.check.judge.report import Outcome, Report, Verdict
from autograd.check.judge.rerecord import Difference
from autograd.check.judge.switches import Switch, beside, switched
from autograd.check.target import (
    Function,
    FunctionSubject,
    ModuleSubject,
    Subject,
)
from autograd.engine.modes import recording_anyway

_RANK = {Outcome.WRONG: 2, Outcome.UNKNOWN: 1, Outcome.RIGHT: 0}


@asked.own_keywords()
def check_gradients(f: Function, *inputs: Any, order: int = 2) -> Report:
    """Return a report on the engine's derivatives of f at the given inputs.

    For every input and every order up to `order` there is one verdict. Order 1 is the gradient,
    both as `backward()` leaves it and as `gradient()` gives it. Order 2 is the derivative of that
    gradient: by every pair of up to four inputs (the verdict is on the worst of them), beyond that
    along one fixed direction; so are orders from 3 on.

    The reference is found without any rule: each row in the graph is evaluated near the numbers
    it was called with (complex step, else high precision if mpmath is installed, else Richardson
    differences), and the slopes found are chained with a running bound on rounding errors. The
    function itself is called again at the same point and a little to each side, to see whether the
    graph stands for it. Kinks, edges of domains, overflow, and operands that rounding may carry
    over a kink give "cannot tell", with the slope on each side.

    Args:
        f: takes Values and nested lists of Values, returns one Value or number.
        *inputs: numbers, nested lists or arrays of numbers.
        order: the highest order to check.

    Raises:
        TypeError: if f returns something other than one number or Value.
        ValueError: if order is below 1, or there is no input.

    >>> report = check_gradients(lambda x, y: x * x * y, 3.0, 2.0)
    >>> report.ok, [verdict.analytic for verdict in report.verdicts[:2]]
    (True, [12.0, 9.0])
    >>> from autograd import abs
    >>> print(check_gradients(abs, 0.0, order=1).verdicts[0].outcome)
    cannot tell
    """
    subject = FunctionSubject(f, inputs)
    return _check(subject, order)


def check_module(model: Any, loss: Callable[..., Any], *sample: Any, order: int = 1) -> Report:
    """Return a report on the gradient of a loss by every parameter of a model.

    Args:
        model: anything with `named_parameters()`, pairs of a name and a Value, such as a Module.
            Its parameters are moved while checking and put back; their gradients are kept.
        loss: called as `loss(model(x), target)` if a sample `x, target` is given, else as `loss()`.
        *sample: nothing, or an input of the model and the target for its output.
        order: the highest order to check.

    Raises:
        TypeError: if the sample is neither nothing nor two things.

    >>> from autograd import Value
    >>> class Line:
    ...     w, b = Value(2.0), Value(1.0)
    ...
    ...     def named_parameters(self):
    ...         return [("w", self.w), ("b", self.b)]
    ...
    ...     def __call__(self, x):
    ...         return self.w * x + self.b
    >>> report = check_module(Line(), lambda y, target: (y - target) ** 2, 3.0, 5.0)
    >>> [(v.input, v.analytic, v.outcome.value) for v in report.verdicts]
    [('w', 12.0, 'right'), ('b', 4.0, 'right')]
    """
    asked.function("check_module", loss, "a loss to call")
    if len(sample) == 2:
        asked.function("check_module", model, "a model to call, where a sample is given")
    if len(sample) not in (0, 2):
        raise TypeError(
            f"check_module takes an input and a target, or neither, got {len(sample)} things: "
            "write check_module(model, loss, x, target) or check_module(model, lambda: ...)"
        )

    def run() -> Any:
        return loss(model(sample[0]), sample[1]) if sample else loss()

    return _check(ModuleSubject(model, run), order)


@asked.own_keywords()
def assert_gradients(f: Function, *inputs: Any, order: int = 2, strict: bool = False) -> Report:
    """Raise if a derivative of f is wrong, with the report as the message; else return the report.

    Args:
        f: as for `check_gradients`.
        *inputs: as for `check_gradients`.
        order: the highest order to check.
        strict: raise also where it cannot be told.

    Raises:
        GradientError: an AssertionError, if a derivative is wrong.

    >>> assert_gradients(lambda x: x.exp() * x, 1.5).ok
    True
    """
    return check_gradients(f, *inputs, order=order).raise_if_wrong(strict=strict)


# Each order has as many derivatives as inputs for each of the order below: beyond, none would wait.
_HIGHEST = 20


def require(subject: Subject, order: int) -> None:
    """Ask that there is a number to differentiate by, and that an order is one."""
    if not subject.point:
        raise ValueError("there is nothing to differentiate by: give at least one number")
    if asked.whole("order", order, at_least=-asked.MOST, at_most=_HIGHEST) < 1:
        raise ValueError(f"order is {order}: write 1 for the gradient, 2 for second derivatives")


def _check(subject: Subject, order: int) -> Report:
    require(subject, order)
    with recording_anyway():
        return _checked(subject, order)


def _checked(subject: Subject, order: int) -> Report:
    here = rerecord.examined(subject, subject.point, order)
    apart = rerecord.investigate(subject, here.graph)
    verdicts = [
        _one(subject, here, s, i, apart)
        for s in range(len(here.scalars))
        for i in range(len(subject.point))
    ]
    if order > 1 and not any(v.outcome is Outcome.WRONG for v in verdicts):
        verdicts = _with_neighbours(subject, here, verdicts, apart)
    return Report(_worst(_consistent(verdicts)), subject.title)


def _one(
    subject: Subject, here: Examination, s: int, i: int, apart: dict[int, Difference]
) -> Verdict:
    if i in apart:
        return apart_from(subject, here, s, i, apart[i])
    return here.judge(s, i)


def apart_from(
    subject: Subject,
    here: Examination,
    s: int,
    i: int,
    difference: Difference,
    given: float | None = None,
) -> Verdict:
    """Judge a derivative along an input where the graph does not stand for the function."""
    scalar = here.scalars[s]
    analytic = scalar.analytic[i] if given is None else given
    name, entry = subject.names[i], here.entry(s, i)
    if difference.kind == "chance" or scalar.order > 1:
        return values.decided(name, scalar.order, entry, analytic, None, difference.reason)
    return values.decided(
        name,
        1,
        entry,
        analytic,
        rerecord.slope_of(subject, i),
        difference.reason,
        here.value,
        x=subject.point[i],
    )


def _with_neighbours(
    subject: Subject,
    here: Examination,
    verdicts: list[Verdict],
    apart: dict[int, Difference],
) -> list[Verdict]:
    """Let the gradient a little to each side decide on the orders above 1.

    The graph of a gradient knows only itself: a rule that is right at this point alone, or that
    computes outside the graph, makes a graph whose own derivative is another function's. Where the
    gradient is wrong nearby, or its graph is another one there, so is the second derivative here.
    """
    highest = max(scalar.order for scalar in here.scalars)
    around = rerecord.around(subject.point, rerecord.LEVELS[0])
    sides = [beside(subject, there, highest) for there in around]
    switch = switched(subject, here, sides, highest) if not apart else None
    if switch is not None:
        return _beside_a_switch(here, verdicts, switch)
    # Where the function jumps or bends at the point, what is beside it is another piece.
    told = {v.input for v in verdicts if v.order == 1 and v.outcome is Outcome.RIGHT}
    for near in filter(None, sides):
        for i, name in enumerate(subject.names):
            found = near.judge(0, i) if i not in apart and name in told else None
            if found is not None and found.outcome is Outcome.WRONG:
                verdicts = [
                    _wrong_nearby(v, found) if v.input == name and v.order > 1 else v
                    for v in verdicts
                ]
    return verdicts


def _beside_a_switch(
    here: Examination, verdicts: Sequence[Verdict], switch: Switch
) -> list[Verdict]:
    """Judge the higher derivatives where a rule's graph is another one beside the point."""
    if switch.severed:
        return [v if v.order == 1 else _outside(v, switch.row) for v in verdicts]
    found: list[Verdict] = []
    places = ((s, i) for s in range(len(here.scalars)) for i in range(len(here.names)))
    for verdict, (s, i) in zip(verdicts, places, strict=True):
        left, right = (
            side.scalars[s].analytic[i] if side is not None else math.nan
            for side in (switch.below, switch.above)
        )
        size = max(abs(x) for x in (verdict.analytic, left, right) if x == x)
        apart = max(abs(left - right), abs(verdict.analytic - left))
        if verdict.order == 1 or apart <= 1e-4 * size or verdict.outcome is Outcome.UNKNOWN:
            found.append(verdict)
            continue
        outcome = Outcome.UNKNOWN
        reason = f"kink: the rule of {switch.row} switches at this point"
        if abs(left - right) <= 1e-2 * size:
            outcome = Outcome.WRONG
            reason = (
                f"the rule of {switch.row} is another one at this point alone: "
                f"a little to each side the derivative is {right:.6g}"
            )
        found.append(
            replace(
                verdict,
                outcome=outcome,
                numeric=right if outcome is Outcome.WRONG else math.nan,
                bound=1e-2 * size if outcome is Outcome.WRONG else math.inf,
                reason=reason,
                primitive=switch.row if outcome is Outcome.WRONG else "",
                left=left,
                right=right,
            )
        )
    return found


def _outside(verdict: Verdict, primitive: str) -> Verdict:
    """Judge a higher derivative of a gradient whose graph does not follow the data."""
    reason = (
        f"the rule of {primitive} computes with numbers outside the graph, so its own "
        "derivative is lost: write it with operators and rows only"
    )
    return _wrong_after_all(verdict, reason, primitive, verdict.oracle)


def _wrong_nearby(verdict: Verdict, nearby: Verdict) -> Verdict:
    reason = f"the gradient is wrong a little beside this point: {nearby.reason}"
    return _wrong_after_all(verdict, reason, nearby.primitive, nearby.oracle)


def _wrong_after_all(verdict: Verdict, reason: str, primitive: str, oracle: str) -> Verdict:
    """Return a verdict with another outcome, whose own number was of no use."""
    return replace(
        verdict,
        outcome=Outcome.WRONG,
        numeric=math.nan,
        bound=math.inf,
        oracle=oracle,
        reason=reason,
        primitive=primitive,
    )


def _consistent(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Call no derivative of a wrong derivative right."""
    found = list(verdicts)
    wrong = [v for v in found if v.outcome is Outcome.WRONG]
    lowest = min((v.order for v in wrong), default=math.inf)
    return [
        replace(
            v, outcome=Outcome.UNKNOWN, reason="it is the derivative of a derivative that is wrong"
        )
        if v.order > lowest and v.outcome is Outcome.RIGHT
        else v
        for v in found
    ]


def _worst(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return one verdict per order and input: the worst, and of equals the largest derivative."""
    chosen: dict[tuple[int, str], Verdict] = {}
    for v in verdicts:
        key = v.order, v.input
        other = chosen.get(key)
        if other is None or _weight(v) > _weight(other):
            chosen[key] = v
    return list(chosen.values())


def _weight(v: Verdict) -> tuple[int, float]:
    return _RANK[v.outcome], abs(v.analytic) if v.analytic == v.analytic else math.inf
