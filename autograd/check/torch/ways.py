"""Other ways to the same gradient, which must agree with it: again, in part, batched, forward."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import numpy as np

from autograd.asked import library
from autograd.check.arrays.subject import Floats
from autograd.check.fronts import BackwardError, first_line
from autograd.check.torch.call import TensorCall, numbers
from autograd.check.torch.functions import kinds, watched
from autograd.check.torch.kept import kept
from autograd.check.torch.subject import TensorValues, quiet, unit

# Two ways round differently; so many roundings of the largest term are let pass.
_ROUNDINGS = 2.0**12


class GradientWay(StrEnum):
    """A way to a gradient."""

    AGAIN = "a second time"
    UNDEFINED = "from one output alone"
    DTYPES = "its dtype"
    BATCHED = "of several weights at once"
    FORWARD = "in forward mode"
    BATCHED_FORWARD = "in forward mode, several at once"


def ways_apart(
    function: Any, inputs: Sequence[Any], ways: Sequence[GradientWay], nondet_tol: float = 0.0
) -> list[str]:
    """Return a sentence for each way that does not give the gradient that backward mode gives.

    Args:
        function: as for `check`.
        inputs: as for `check`.
        ways: which to try.
        nondet_tol: how far two gradients of the same inputs may lie apart.
    """
    with kept(function, inputs) as held:
        tried = _Tried(TensorValues(TensorCall(function, inputs), held), nondet_tol)
        told = [tried.said_of(way) for way in ways]
    return [text for text in told if text]


class _Tried:
    def __init__(self, evaluated: TensorValues, nondet_tol: float) -> None:
        self.evaluated, self.call, self.torch = evaluated, evaluated.call, evaluated.torch
        self.nondet_tol = nondet_tol
        self.point = self.call.point()
        _, found = evaluated.outputs(self.point)
        evaluated.held.look()
        self.sizes = [tensor.numel() for tensor in found]
        self.kinds = kinds(found)
        draws = np.random.default_rng(0)
        self.weights = draws.integers(32, 128, sum(self.sizes)) / 64.0
        self.tangent = draws.integers(32, 128, self.call.size) / 64.0
        self.unit = max(unit(tensor.dtype) for tensor in found)

    def said_of(self, way: GradientWay) -> str:
        tries: dict[GradientWay, Callable[[], str]] = {
            GradientWay.AGAIN: self.again,
            GradientWay.UNDEFINED: self.undefined,
            GradientWay.DTYPES: self.dtypes,
            GradientWay.BATCHED: self.batched,
            GradientWay.FORWARD: self.forward,
            GradientWay.BATCHED_FORWARD: self.batched_forward,
        }
        try:
            return tries[way]()
        except BackwardError as error:
            return f"the gradient {way} cannot be computed: {error}"

    def gradient(self, weights: Floats) -> Floats:
        return self.evaluated.gradient(self.point, weights).values

    def again(self) -> str:
        first, second = self.gradient(self.weights), self.gradient(self.weights)
        off = float(np.max(np.abs(first - second), initial=0.0))
        if off <= self.nondet_tol:
            return ""
        return (
            f"backward is not deterministic: two gradients of the same inputs lie {off:.3g} apart; "
            "allow it by nondet_tol if it is meant"
        )

    def undefined(self) -> str:
        """Backward from each output alone, with nothing known of the others."""
        if len(self.sizes) < 2:
            return ""
        start = 0
        for k, size in enumerate(self.sizes):
            alone = np.zeros_like(self.weights)
            alone[start : start + size] = self.weights[start : start + size]
            start += size
            _, found = self.evaluated.outputs(self.point)
            if not found[k].requires_grad:
                continue
            leaves, found = self.evaluated.outputs(self.point)
            grads = self.evaluated.pulled([found[k]], leaves, self.weights[start - size : start])
            part = np.concatenate(
                [
                    np.zeros(leaf.numel()) if grad is None else numbers(grad)
                    for leaf, grad in zip(leaves, grads, strict=True)
                ]
            )
            if self.apart(part, self.gradient(alone)):
                return (
                    f"the gradient from output {k + 1} alone is another one than with zeros for "
                    "the others: does the backward take None for an output that nobody used?"
                )
        return ""

    def dtypes(self) -> str:
        with watched(self.kinds) as watch:
            self.gradient(self.weights)
        told = [text for text in watch.remarks() if "casts" in text]
        return "; ".join(told)

    def batched(self) -> str:
        torch = self.torch
        leaves, found = self.evaluated.outputs(self.point)
        some = [tensor for tensor in found if tensor.requires_grad]
        if not some:
            return ""
        rows = [torch.stack([torch.ones_like(x), -0.5 * torch.ones_like(x)]) for x in some]
        try:
            with quiet():
                grads = torch.autograd.grad(
                    some, leaves, rows, is_grads_batched=True, allow_unused=True
                )
        except (RuntimeError, TypeError, ValueError) as error:
            raise BackwardError(f"{type(error).__name__}: {first_line(error)}") from error
        one = self.gradient(np.ones(sum(self.sizes)))
        both = [
            np.concatenate(
                [
                    np.zeros(leaf.numel()) if grad is None else numbers(grad[k])
                    for leaf, grad in zip(leaves, grads, strict=True)
                ]
            )
            for k in range(2)
        ]
        if self.apart(both[0], one) or self.apart(both[1], -0.5 * one):
            return "the gradients of several weights at once (vmap) are other ones than one by one"
        return ""

    def tangents(self, tangent: Floats) -> Floats:
        """Return how the outputs move along a tangent, by forward mode."""
        torch = self.torch
        forward: Any = library("torch", "torch.autograd.forward_ad")
        leaves, _ = self.evaluated.outputs(self.point)
        moves = self.call.leaves(tangent)
        try:
            with quiet(), forward.dual_level():
                duals = [forward.make_dual(x, t) for x, t in zip(leaves, moves, strict=True)]
                self.evaluated.held.begin()
                found = [forward.unpack_dual(y) for _, y in self.call.run(duals)]
                return np.concatenate(
                    [
                        numbers(torch.zeros_like(y.primal) if y.tangent is None else y.tangent)
                        for y in found
                    ]
                )
        except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
            raise BackwardError(f"{type(error).__name__}: {first_line(error)}") from error

    def forward(self) -> str:
        moved = self.tangents(self.tangent)
        back = self.gradient(self.weights)
        terms = np.concatenate([moved * self.weights, -back * self.tangent])
        if abs(math.fsum(terms)) <= _ROUNDINGS * self.unit * float(np.abs(terms).sum()):
            return ""
        ahead, behind = float(moved @ self.weights), float(back @ self.tangent)
        return (
            f"forward mode says that the outputs move by {ahead:.9g} along a direction, backward "
            f"mode {behind:.9g}"
        )

    def batched_forward(self) -> str:
        torch = self.torch
        moves = self.call.leaves(np.stack([self.tangent, -0.5 * self.tangent]), batched=True)

        def along(*tangents: Any) -> tuple[Any, ...]:
            leaves = tuple(self.call.leaves(self.point))

            def run(*xs: Any) -> tuple[Any, ...]:
                return tuple([y for _, y in self.call.run(xs)])

            return torch.func.jvp(run, leaves, tangents)[1]

        try:
            with quiet():
                rows = torch.func.vmap(along)(*moves)
        except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
            raise BackwardError(f"{type(error).__name__}: {first_line(error)}") from error
        one = self.tangents(self.tangent)
        both = [np.concatenate([numbers(row[k]) for row in rows]) for k in range(2)]
        if self.apart(both[0], one) or self.apart(both[1], -0.5 * one):
            return "several tangents at once (vmap) move the outputs otherwise than one by one"
        return ""

    def apart(self, a: Floats, b: Floats) -> bool:
        room = _ROUNDINGS * self.unit * float(np.max(np.abs(b), initial=0.0))
        return not bool(np.all((np.abs(a - b) <= room) | (a == b) | (np.isnan(a) & np.isnan(b))))
