"""A drop-in for `torch.autograd.gradcheck`: its signature and its errors, these verdicts.

What a tolerance hides is seen, and what only noise fails is not called wrong, so the step and the
tolerances are taken and not used.
"""

from __future__ import annotations

import warnings
from typing import Any

from autograd.asked import library
from autograd.check.fronts import Asked
from autograd.check.torch.checks import report_on
from autograd.check.torch.ways import GradientWay, ways_apart


class _Default(float):
    """The value of an argument that was left out."""


_EPS, _ATOL, _RTOL = _Default(1e-6), _Default(1e-5), _Default(1e-3)
_told: set[str] = set()


def gradcheck(
    func: Any,
    inputs: Any,
    *,
    eps: float = _EPS,
    atol: float = _ATOL,
    rtol: float = _RTOL,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check gradients as `torch.autograd.gradcheck` does, and say more where one is wrong.

    Write `from autograd.check.torch import gradcheck` in place of
    `from torch.autograd import gradcheck`. It is for real tensors that are dense: a complex z is
    written as `torch.view_as_real(z)`, with `torch.view_as_complex` inside of the function.

    Args:
        func: takes tensors, returns a tensor or several.
        inputs: a tensor, or a tuple of what to call it with. Those that require a gradient are
            checked.
        eps: not used: the step is found for each function.
        atol: not used: bounds come from the noise that is measured.
        rtol: not used, as `atol`.
        raise_exception: raise where a gradient is wrong; else return False.
        nondet_tol: how far two gradients of the same inputs may lie apart.
        check_undefined_grad: look also at backward passes from some of several outputs.
        check_grad_dtypes: a gradient of another dtype than its input is an error.
        check_batched_grad: look also at gradients of several weights at once (vmap).
        check_batched_forward_grad: the same of forward mode.
        check_forward_ad: look also at forward mode.
        check_backward_ad: look at backward mode.
        fast_mode: not used: many entries are checked along random directions anyway.
        masked: not used: tensors are dense.

    Returns:
        Whether nothing is wrong. Where something cannot be told there is a warning.

    Raises:
        RuntimeError: torch's `GradcheckError`, with the report as its message and as its `report`.
        ValueError: if no input requires a gradient.

    >>> import torch
    >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    >>> gradcheck(torch.exp, x)
    True
    """
    torch: Any = library("torch")
    _say_unused(eps, atol, rtol)
    given: list[Any] = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
    if not any(isinstance(x, torch.Tensor) and x.requires_grad for x in given):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient: write "
            "x.requires_grad_(), or autograd.check.torch.check, which does without"
        )
    ways = {
        GradientWay.AGAIN: check_backward_ad,
        GradientWay.UNDEFINED: check_undefined_grad and check_backward_ad,
        GradientWay.DTYPES: check_grad_dtypes,
        GradientWay.BATCHED: check_batched_grad,
        GradientWay.FORWARD: check_forward_ad,
        GradientWay.BATCHED_FORWARD: check_batched_forward_grad,
    }
    report = report_on(func, given, Asked()) if check_backward_ad else None
    if report is not None and report.wrong:
        told = [str(report)]
    else:
        told = ways_apart(func, given, [way for way, asked in ways.items() if asked], nondet_tol)
    if told and raise_exception:
        theirs: Any = library("torch", "torch.autograd.gradcheck")
        error = theirs.GradcheckError("\n".join(told))
        error.report = report
        raise error
    if not told and report is not None and report.unknown:
        warnings.warn(f"gradcheck cannot tell everywhere:\n{report}", stacklevel=2)
    return not told


def _say_unused(*given: float) -> None:
    """Say once that a step and tolerances are not used."""
    names = [
        name
        for name, x in zip(("eps", "atol", "rtol"), given, strict=True)
        if not isinstance(x, _Default)
    ]
    if not names or "unused" in _told:
        return
    _told.add("unused")
    warnings.warn(
        f"{', '.join(names)} not used: bounds come from the noise that is measured, so there is "
        "nothing to loosen; leave them out",
        stacklevel=3,
    )
