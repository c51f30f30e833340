"""Verdicts that say more than was seen: each stands here with the smallest case that did so."""

from typing import Any

import numpy as np
import pytest

from autograd.check import check_against
from support.engines import imported

engines = pytest.mark.engines

# What a backward may do to the gradient that comes in, and must not.
BENT = {
    "its size": abs,
    "its positive part": lambda w: np.maximum(w, 0.0),
    "clipped": lambda w: np.clip(w, -5.0, 5.0),
    "a dead zone": lambda w: np.where(abs(w) < 0.01, 0.0, w),
}


@pytest.mark.parametrize("how", BENT)
@pytest.mark.parametrize("count", [1, 3, 5_000])
def test_a_backward_that_is_not_linear_in_what_comes_in_is_wrong(how, count):
    x = np.linspace(0.5, 2.0, count)
    for seed in range(4):
        report = check_against(lambda x: 2.0 * x, lambda x, w: 2.0 * BENT[how](w), x, seed=seed)
        assert report.wrong, report
        assert "must be linear" in report.wrong[0].reason
    assert check_against(lambda x: 2.0 * x, lambda x, w: 2.0 * w, x).certain


def test_what_is_linear_in_part_is_right_there():
    def backward(x: Any, w: Any) -> Any:
        return 2.0 * np.concatenate([abs(w[:2]), w[2:]])

    report = check_against(lambda x: 2.0 * x, backward, np.linspace(0.5, 2.0, 6))
    assert report.culprits == ((0, (0,)), (0, (1,)))
    assert len(report.right) == 1


@engines
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_function_that_is_not_linear_is_blamed_inside_of_a_module(dtype):
    torch: Any = imported("torch")
    from autograd.check.torch import check

    class Clipped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return 2.0 * x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return 2.0 * grad.clamp(-5.0, 5.0)

    kind = getattr(torch, dtype)
    x = torch.linspace(0.5, 2.0, 3).to(kind)
    report = check(lambda x: Clipped.apply(x.tanh()).sum(), x)
    assert report.wrong
    assert report.blamed == ("Clipped",)
    assert check(lambda x: (2.0 * x.tanh()).sum(), x).ok


@engines
def test_a_rule_of_jax_that_is_not_linear_is_blamed():
    jax: Any = imported("jax")
    from autograd.check.jax import check

    twice = jax.custom_vjp(lambda x: 2.0 * x)
    twice.defvjp(lambda x: (2.0 * x, None), lambda _, grad: (2.0 * abs(grad),))
    report = check(lambda x: twice(x).sum(), jax.numpy.linspace(0.5, 2.0, 3))
    assert report.wrong
    assert report.blamed
