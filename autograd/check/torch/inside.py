"""The culprit inside: each submodule and each `autograd.Function`, alone, as it was called.

One call is watched. What was called in it is then checked at the values that it was given; the
innermost one that is wrong is at fault.
"""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograd.asked import library
from autograd.check.judge.report import Report, Verdict
from autograd.check.torch.call import TensorCall
from autograd.check.torch.functions import FunctionCall, kinds, watched
from autograd.check.torch.kept import Held, modules
from autograd.transforms.trees import mapped

# Of what is called again and again, as in a loop over time, so many calls are looked at.
_CALLS = 3
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = os.path.dirname(_HERE)


@dataclass
class InnerCall:
    """Something that was called inside of a call.

    Attributes:
        name: as a report writes it.
        function: what was called.
        inputs: what with, copied.
        keywords: what else with.
        path: the submodule that it is, or that it was called in; "" for the function itself.
        line: where it was called from.
        is_module: whether it is a submodule.
    """

    name: str
    function: Any
    inputs: tuple[Any, ...]
    keywords: Mapping[str, Any]
    path: str
    line: str
    is_module: bool


@dataclass
class Trace:
    """What was seen in one call: the steps, and where a gradient was cut off."""

    steps: list[InnerCall] = field(default_factory=list[InnerCall])
    cuts: list[str] = field(default_factory=list[str])


def line_here() -> str:
    """Return the line of the caller's own code that is being run, as file:line."""
    torch = os.path.dirname(os.path.abspath(library("torch").__file__))
    frame: Any = inspect.currentframe()
    while frame is not None:
        path = os.path.abspath(frame.f_code.co_filename)
        if not path.startswith((torch, _HERE, os.path.dirname(contextlib.__file__))):
            return f"{os.path.basename(path)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _is_by_design() -> bool:
    """Whether a gradient is cut off by what does not end it: a Function's forward, or a check.

    The forward of an `autograd.Function` runs without recording, its backward makes up for it; and
    inputs are copied here for a look at them.
    """
    torch: Any = library("torch")
    theirs = os.path.dirname(os.path.abspath(torch.__file__))
    apply = torch.autograd.Function.apply.__func__.__code__
    frame: Any = inspect.currentframe()
    frame = frame.f_back.f_back if frame is not None and frame.f_back is not None else None
    nearest = ""
    while frame is not None:
        if frame.f_code is apply:
            return True
        path = os.path.abspath(frame.f_code.co_filename)
        nearest = nearest or ("" if path.startswith(theirs) else path)
        frame = frame.f_back
    return nearest.startswith(_OURS + os.sep)


def traced(call: TensorCall, held: Held) -> Trace:
    """Call once more, and return what was called inside."""
    trace, inside = Trace(), [""]
    point = call.point()
    leaves = [leaf.requires_grad_() for leaf in call.leaves(point)]
    held.begin()
    classes = kinds([tensor for _, tensor in call.run(leaves)])
    leaves = [leaf.requires_grad_() for leaf in call.leaves(point)]
    held.begin()
    with _hooked(call, trace, inside), _cutting(trace), watched(classes) as watch:
        watch.note = lambda: (inside[-1], line_here())
        call.run(leaves)
    counts: dict[Any, int] = {}
    for use in watch.uses:
        counts[use.kind] = counts.get(use.kind, 0) + 1
        if counts[use.kind] <= _CALLS and any(use.needed):
            trace.steps.append(_of_use(use))
    return trace


def _of_use(use: FunctionCall) -> InnerCall:
    path, line = use.at
    torch: Any = library("torch")
    for x, needed in zip(use.inputs, use.needed, strict=False):
        if isinstance(x, torch.Tensor) and needed:
            x.requires_grad_()
    return InnerCall(use.name, use.kind.apply, use.inputs, {}, path, line, False)


@contextlib.contextmanager
def _hooked(call: TensorCall, trace: Trace, inside: list[str]) -> Generator[None]:
    """Note the calls of submodules meanwhile."""
    handles: list[Any] = []
    counts: dict[str, int] = {}
    for root in modules(call.function):
        for path, module in root.named_modules():
            # The whole module is what was checked already.
            if module is call.module:
                continue
            handles += _hooks(module, path, trace, inside, counts)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hooks(
    module: Any, path: str, trace: Trace, inside: list[str], counts: dict[str, int]
) -> list[Any]:
    def before(module: Any, args: Any, keywords: Any) -> None:
        inside.append(path)
        counts[path] = counts.get(path, 0) + 1
        if counts[path] <= _CALLS:
            kind = type(module).__name__
            name = f"{path} ({kind})" if path else kind
            given = tuple([copied(x) for x in args])
            trace.steps.append(
                InnerCall(name, module, given, dict(keywords), path, line_here(), True)
            )

    def after(module: Any, args: Any, result: Any) -> None:
        inside.pop()

    return [
        module.register_forward_pre_hook(before, with_kwargs=True),
        module.register_forward_hook(after, always_call=True),
    ]


def copied(x: Any) -> Any:
    """Return a copy of a tensor, or of a nest of them, that wants a gradient where it did."""
    torch: Any = library("torch")

    def one(y: Any) -> Any:
        if not isinstance(y, torch.Tensor):
            return y
        return y.detach().clone().requires_grad_(y.requires_grad)

    return mapped(one, x)


@contextlib.contextmanager
def _cutting(trace: Trace) -> Generator[None]:
    """Note meanwhile where a tensor that wants a gradient is cut off."""
    torch: Any = library("torch")

    class Cuts(torch.overrides.TorchFunctionMode):
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = function(*args, **(kwargs or {}))
            wants = any(isinstance(x, torch.Tensor) and x.requires_grad for x in args)
            if wants and (how := _how(torch, function, result)) and not _is_by_design():
                text = f"{how} at {line_here()}"
                if text not in trace.cuts:
                    trace.cuts.append(text)
            return result

    with Cuts():
        yield


def _how(torch: Any, function: Any, result: Any) -> str:
    """Return how a function of a tensor that wants a gradient cuts it off; "" if it does not."""
    name = getattr(function, "__name__", "")
    if name in ("detach", "detach_"):
        return f"{name}()"
    if function == torch.Tensor.data.__get__:
        return ".data"
    if name in ("item", "tolist", "numpy", "__float__", "__int__"):
        return f"{name}()"
    is_off = not torch.is_grad_enabled() and isinstance(result, torch.Tensor)
    if is_off and result.is_floating_point() and not result.requires_grad:
        return "no_grad()"
    return ""


def innermost(
    trace: Trace, check: Callable[[InnerCall], Report]
) -> list[tuple[InnerCall, Verdict]]:
    """Return the innermost steps that are wrong alone, each with a verdict that says so.

    Args:
        trace: what was seen.
        check: gives the report on a step alone.
    """
    wrong: list[tuple[InnerCall, Verdict]] = []
    # The inner ones first: what is wrong inside of another one is what is wrong with that.
    for step in sorted(trace.steps, key=lambda step: (step.is_module, -len(step.path))):
        if any(_is_inside(other, step) or other.name == step.name for other, _ in wrong):
            continue
        try:
            report = check(step)
        except (TypeError, ValueError, RuntimeError, LookupError):  # alone it cannot be called
            continue
        if report.wrong:
            wrong.append((step, report.wrong[0]))
    return wrong


def _is_inside(inner: InnerCall, outer: InnerCall) -> bool:
    """Whether one step was called by another one."""
    if not outer.is_module or (inner.is_module and inner.path == outer.path):
        return False
    return outer.path in ("", inner.path) or inner.path.startswith(f"{outer.path}.")
