"""Checks of what PyTorch's autograd makes of a function, a module or a Function: three verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.check.arrays.subject import ArraySubject, Floats
from autograd.check.fronts import Asked, Culprit, Front, checked, second_subject
from autograd.check.judge.report import Outcome, Report, Verdict
from autograd.check.torch.call import TensorCall
from autograd.check.torch.functions import Watched, kinds, watched
from autograd.check.torch.inside import InnerCall, innermost, traced
from autograd.check.torch.kept import Held, kept, modules
from autograd.check.torch.subject import TensorValues, subject_of


def check(
    function: Any,
    *inputs: Any,
    order: int = 1,
    relative: float = 1e-9,
    seed: int = 0,
    seconds: float | None = None,
) -> Report:
    """Return a report on the gradient that PyTorch's autograd gives of a function.

    Of a module all parameters that want a gradient are checked, and its inputs. Of the inputs it
    is those that want a gradient, or all of floats where none does; others are held constant, and
    the report names them. Every call is given copies: the caller's tensors, their `.grad`, modes
    and random numbers are as they were before.

    Where something is wrong, each submodule and each `autograd.Function` that was called is checked
    by itself at the values that it was called with, and the report names the one at fault.

    Args:
        function: a function of tensors, a module, an `autograd.Function` or its `apply`.
        *inputs: what to call it with: tensors of any shape, kind of floats and device, also in
            lists, tuples and dicts; anything else is handed on.
        order: 2 checks the derivatives of the gradient, too.
        relative: the relative error to allow beyond rounding.
        seed: of the random weights and directions.
        seconds: how long to go on; as long as it takes if left out.

    Returns:
        A verdict on every entry that is wrong or cannot be told, one for each tensor on all others.

    Raises:
        TypeError: if there is nothing to differentiate: no tensor of floats, a complex one, a
            function that returns no tensor.
        ValueError: if `order`, `relative` or `seconds` is none.
        ImportError: if PyTorch is not installed.

    >>> import torch
    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return grad * x
    >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    >>> report = check(Square.apply, x)
    >>> report.ok, sorted(report.culprits), report.blamed
    (False, [(0, (0,)), (0, (1,))], ('Square',))
    >>> check(torch.nn.Linear(2, 3).double(), x).certain
    True
    """
    wanted = Asked(order=order, relative=relative, seed=seed, seconds=seconds)
    return report_on(function, inputs, wanted)


def assert_gradients(
    function: Any,
    *inputs: Any,
    order: int = 1,
    relative: float = 1e-9,
    seed: int = 0,
    seconds: float | None = None,
    strict: bool = False,
) -> Report:
    """Raise if a gradient of PyTorch is wrong, with the report as the message; else return it.

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

    >>> import torch
    >>> assert_gradients(torch.tanh, torch.linspace(-2.0, 2.0, 5).double(), order=2).ok
    True
    """
    wanted = Asked(order=order, relative=relative, seed=seed, seconds=seconds)
    return report_on(function, inputs, wanted).raise_if_wrong(strict=strict)


def report_on(
    function: Any,
    inputs: Sequence[Any],
    wanted: Asked,
    keywords: Mapping[str, Any] | None = None,
    *,
    inside: bool = True,
) -> Report:
    """Return the report on a call, everything of the caller's kept as it is."""
    call = TensorCall(function, inputs, keywords)
    with kept(function, inputs) as held:
        return checked(TensorFront(call, held), wanted, inside=inside)


_OVERWRITES = "the backward changes the gradient that comes in, in place"


class TensorFront:
    """A call of PyTorch as the front of a check; see `autograd.check.fronts`."""

    def __init__(self, call: TensorCall, held: Held) -> None:
        self.call, self.held = call, held
        self.evaluated = TensorValues(call, held)
        self._watch = Watched()

    def subject(self) -> ArraySubject:
        """Return the subject that the call is."""
        return subject_of(self.call, self.held)

    def second(self, first: ArraySubject, weights: Floats) -> ArraySubject:
        """Return the subject of order 2: the gradient of a weighted sum of the outputs."""
        return second_subject(TensorValues(self.call, self.held), first, weights)

    def remarks(self, subject: ArraySubject, weights: Floats) -> list[str]:
        """Return what is to be said beside the verdicts, after a pass forward and back."""
        call, held = self.call, self.held
        _, found = self.evaluated.outputs(subject.point)
        with watched(kinds(found)) as watch:
            try:
                self.evaluated.gradient(subject.point, weights)
            finally:
                self._watch = watch
        told = watch.remarks()
        if self.evaluated.accumulates:
            told.append(
                "torch.autograd.grad does not give all gradients here, backward() does: its were "
                "checked"
            )
        if self.evaluated.overwrites:
            told.append(f"{_OVERWRITES}: what else it flows to is given the changed one")
        if call.seen.changed:
            told.append(
                f"the function changes {_listed(sorted(call.seen.changed))} in place: it was given "
                "copies"
            )
        if held.changed:
            told.append(
                "the function changes tensors that it holds on to, as running means: they were put "
                "back before each call"
            )
        if held.drawn:
            told.append(
                f"the function draws random numbers, from {_listed(held.drawn)}{_droppers(call)}: "
                "each call was given the same"
            )
        if call.constant:
            told.append(
                f"{_listed(call.constant)} held constant: requires_grad is False, and True of "
                "others"
            )
        if call.frozen:
            told.append(f"{_listed(call.frozen)} held constant: requires_grad is False")
        return told

    def broken(self) -> str:
        """Return what a backward that cannot be run handed back; "" if nothing was seen."""
        return "; ".join(self._watch.remarks())

    def explained(self, verdict: Verdict) -> str:
        """Return what a wrong verdict comes from, as far as it was seen."""
        seen = self.call.seen
        if seen.detached:
            return "the output has no way back (grad_fn is None): it was made without recording"
        missing = [name for name in seen.missing if _is_of(verdict.input, name)]
        return f"the backward gives None for {missing[0]}" if missing else ""

    def culprits(self, report: Callable[[Front], Report]) -> tuple[list[Culprit], list[str]]:
        """Return the parts that are wrong by themselves, and where a gradient is cut off."""
        trace = traced(self.call, self.held)
        overwriting: list[Culprit] = []

        def alone(step: InnerCall) -> Report:
            call = TensorCall(step.function, step.inputs, step.keywords)
            with kept(step.function, step.inputs) as held:
                front = TensorFront(call, held)
                found = report(front)
            if front.evaluated.overwrites and not step.is_module:
                why = f"{_OVERWRITES}: write grad * 2.0, say, for grad.mul_(2.0)"
                verdict = Verdict(
                    input="", order=1, outcome=Outcome.WRONG, entry="grad", reason=why
                )
                overwriting.append(Culprit(step.name, self._where(step), verdict))
            return found

        found = [
            Culprit(step.name, self._where(step), verdict)
            for step, verdict in innermost(trace, alone)
        ]
        # By itself it may be right: only others are given wrong numbers.
        found = found or [*{each.name: each for each in overwriting}.values()]
        cuts = [f"a gradient ends at {cut}" for cut in trace.cuts] if not found else []
        return found, cuts

    def _where(self, step: InnerCall) -> str:
        """Return where a part was called from; "" where it is all that was checked."""
        if step.function == self.call.function:
            return ""
        inside = f" inside of {step.path}" if step.path and not step.is_module else ""
        line = f" at {step.line}" if step.line else ""
        return f", called{line}{inside}," if line or inside else ""


def _is_of(name: str, tensor: str) -> bool:
    return name == tensor or name.startswith(f"{tensor}[")


def _droppers(call: TensorCall) -> str:
    """Return the submodules in train mode that drop things by chance, in brackets."""
    found = [
        f"{path or 'the module'} ({type(part).__name__})"
        for module in modules(call.function)
        for path, part in module.named_modules()
        if part.training and ("Dropout" in type(part).__name__ or hasattr(part, "dropout"))
    ]
    return f" ({_listed(found)} in train mode)" if found else ""


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 4 else list(names)
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
