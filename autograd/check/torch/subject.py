"""A call of PyTorch as the subject of a check: its values, and what its backward claims.

Of order 2 the subject is the gradient itself, for fixed weights of the outputs, and what its own
backward claims of it.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from autograd.asked import library
from autograd.check.arrays.subject import ArraySubject, Claimed, Floats, Leaf
from autograd.check.fronts import BackwardError, NoRuleError, first_line, namer
from autograd.check.torch.call import Slot, TensorCall, numbers
from autograd.check.torch.functions import is_once_only
from autograd.check.torch.kept import Held


def unit(dtype: Any) -> float:
    """Return the largest relative error of rounding to a kind of numbers."""
    return 0.5 * library("torch").finfo(dtype).eps


def quiet() -> Any:
    """Return what keeps PyTorch's warnings on its own parts, such as slow batches, to itself."""
    return warnings.catch_warnings(action="ignore")


def _told(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Return what a way back gives, its complaints as a BackwardError."""
    try:
        return function(*args, **keywords)
    except (RuntimeError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        if isinstance(error, NotImplementedError) and "derivative for" in str(error):
            raise NoRuleError(f"PyTorch says: {first_line(error)}") from error
        raise BackwardError(f"{type(error).__name__}: {first_line(error)}") from error


class TensorValues:
    """The values and the gradients of a call, each call begun as the first one was."""

    def __init__(self, call: TensorCall, held: Held) -> None:
        self.call, self.held, self.torch = call, held, call.torch
        self.width = 0
        # Whether only backward() gives all gradients, as where a layer calls its parts again on the
        # way back; None while none was missing.
        self.accumulates: bool | None = None
        # Whether a backward changed the gradient that it was given.
        self.overwrites = False

    def outputs(self, point: Floats, *, records: bool = True) -> tuple[list[Any], list[Any]]:
        """Return fresh leaves at a point, and the outputs that the function makes of them."""
        leaves = self.begun(point, records)
        return leaves, [tensor for _, tensor in self.call.run(leaves)]

    def begun(self, point: Floats, records: bool = True) -> list[Any]:
        """Return fresh leaves at a point, for a call that begins as the first one did."""
        leaves = self.call.leaves(point)
        for leaf in leaves:
            leaf.requires_grad_(records)
        self.held.begin()
        return leaves

    def value(self, point: Floats) -> Floats:
        """Return the outputs at a point, flat."""
        try:
            # Recording, as a function may differentiate inside.
            _, found = self.outputs(point)
        except self.torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:  # outside of the domain, as of a matrix that is singular
            raise ArithmeticError(str(error)) from None
        return np.concatenate([numbers(tensor) for tensor in found])

    def total(self, point: Floats) -> Floats:
        """Return the outputs at a point, nan where the function raises."""
        try:
            return self.value(point)
        except (ArithmeticError, ValueError, LookupError):
            return np.full(self.width, math.nan)

    def batch(self, points: Floats) -> Floats:
        """Return the outputs at rows of points, as rows."""
        torch, call = self.torch, self.call

        def one(*leaves: Any) -> tuple[Any, ...]:
            return tuple([tensor for _, tensor in call.run(leaves)])

        self.held.begin()
        try:
            with quiet(), torch.no_grad():
                found = torch.func.vmap(one)(*call.leaves(points, batched=True))
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:  # one of them lies outside of the domain
            return np.stack([self.total(point) for point in points])
        rows = [numbers(tensor).reshape(len(points), -1) for tensor in found]
        return np.concatenate(rows, axis=1)

    def gradient(self, point: Floats, weights: Floats) -> Claimed:
        """Return the claimed gradient of the weighted sum of the outputs."""
        if self.accumulates:
            return self._claimed(*self._accumulated(point, weights))
        failed: BackwardError | None = None
        leaves, grads = self.call.slots, [None] * len(self.call.slots)
        try:
            leaves, grads = self._pulled_at(point, weights)
        except BackwardError as error:
            failed = error
        if self.accumulates is None and not all(grad is not None for grad in grads):
            with contextlib.suppress(BackwardError):
                found = self._accumulated(point, weights)
                pairs = zip(grads, found[1], strict=True)
                self.accumulates = any(a is None and b is not None for a, b in pairs)
                if self.accumulates:
                    return self._claimed(*found)
        if failed is not None:
            raise failed
        return self._claimed(leaves, grads)

    def _pulled_at(
        self, point: Floats, weights: Floats, **keywords: Any
    ) -> tuple[list[Any], list[Any]]:
        """Return fresh leaves, and the gradients by them."""
        leaves = self.begun(point)
        grads: list[Any] = []
        self.call.run(
            leaves, lambda found: grads.extend(self.pulled(found, leaves, weights, **keywords))
        )
        return leaves, grads

    def _accumulated(self, point: Floats, weights: Floats) -> tuple[list[Any], list[Any]]:
        """Return fresh leaves, and the gradients that `backward()` leaves in them."""
        leaves = self.begun(point)

        def back(found: list[Any]) -> None:
            pairs = self._weighted(found, weights)
            if pairs:
                tensors, grads = map(list, zip(*pairs, strict=True))
                with self.looking_at(grads):
                    _told(self.torch.autograd.backward, tensors, grads)

        self.call.run(leaves, back)
        return leaves, [leaf.grad for leaf in leaves]

    def pulled(
        self, found: Sequence[Any], leaves: Sequence[Any], weights: Floats, **keywords: Any
    ) -> list[Any]:
        """Return the gradients of a weighted sum of tensors; None where none came back."""
        pairs = self._weighted(found, weights)
        self.call.seen.detached = not pairs
        if not pairs:
            return [None] * len(leaves)
        tensors, grads = map(list, zip(*pairs, strict=True))
        if "create_graph" in keywords:
            # As they do where a gradient is differentiated: a backward may look at that.
            grads = [weight.requires_grad_() for weight in grads]
        grad = self.torch.autograd.grad
        with self.looking_at(grads):
            return list(_told(grad, tensors, list(leaves), grads, allow_unused=True, **keywords))

    @contextlib.contextmanager
    def looking_at(self, grads: Sequence[Any]) -> Generator[None]:
        """See whether the gradients that are handed to a backward are changed by it."""
        before = [grad.detach().clone() for grad in grads]
        yield
        pairs = zip(grads, before, strict=True)
        self.overwrites |= any(not self.torch.equal(grad.detach(), kept) for grad, kept in pairs)

    def _weighted(self, found: Sequence[Any], weights: Floats) -> list[tuple[Any, Any]]:
        """Return the tensors that have a way back, each with its weights."""
        pairs: list[tuple[Any, Any]] = []
        start = 0
        for tensor in found:
            part = weights[start : start + tensor.numel()]
            start += tensor.numel()
            if tensor.requires_grad:
                weight = self.torch.from_numpy(np.array(part)).reshape(tensor.shape)
                pairs.append((tensor, weight.to(device=tensor.device, dtype=tensor.dtype)))
        return pairs

    def _claimed(self, leaves: Sequence[Any], grads: Sequence[Any]) -> Claimed:
        slots = self.call.slots
        self.call.seen.missing = {
            slot.name for slot, grad in zip(slots, grads, strict=True) if grad is None
        }
        values = [
            np.zeros(leaf.numel()) if grad is None else numbers(grad)
            for leaf, grad in zip(leaves, grads, strict=True)
        ]
        return Claimed(np.concatenate(values), tuple([unit(leaf.dtype) for leaf in leaves]))

    def recorded(self, point: Floats, weights: Floats) -> tuple[list[Any], list[Any]]:
        """Return leaves, and the gradient by them as tensors that can be differentiated again."""
        leaves, grads = self._pulled_at(point, weights, create_graph=True)
        return leaves, [
            self.torch.zeros_like(leaf) if grad is None else grad
            for leaf, grad in zip(leaves, grads, strict=True)
        ]

    def slopes(self, point: Floats, weights: Floats) -> Floats:
        """Return the gradient at a point, as the values of the function of order 2."""
        _, grads = self.recorded(point, weights)
        return np.concatenate([numbers(grad) for grad in grads])

    def second(self, point: Floats, weights: Floats, others: Floats) -> Claimed:
        """Return the claimed gradient of a weighted sum of the entries of the gradient."""
        leaves, grads = self.recorded(point, weights)
        if is_once_only(grads):
            raise BackwardError("a backward is marked as once_differentiable")
        return self._claimed(leaves, self.pulled(grads, leaves, others))


def subject_of(call: TensorCall, held: Held) -> ArraySubject:
    """Return the subject that a call is.

    Raises:
        TypeError: if the function returns no floats.
    """
    evaluated = TensorValues(call, held)
    point = call.point()
    # Recording: a layer may complain of inputs that want no gradient.
    found = call.run(evaluated.begun(point))
    held.look()
    here = np.concatenate([numbers(tensor) for _, tensor in found])
    evaluated.width = here.size
    here = held.settle(here, lambda: evaluated.total(point))
    sizes = [(name, tuple(tensor.shape)) for name, tensor in found]
    return ArraySubject(
        title=call.title,
        leaves=leaves_of(call.slots),
        point=point,
        here=here,
        unit=max(unit(tensor.dtype) for _, tensor in found),
        value=evaluated.value,
        gradient=evaluated.gradient,
        batch=_batch(evaluated, point, here),
        output=namer(sizes),
        scalar=here.size == 1,
        weighed=True,
    )


def leaves_of(slots: Sequence[Slot]) -> tuple[Leaf, ...]:
    """Return the tensors of a call as the leaves of a subject."""
    return tuple(
        [
            Leaf(
                name=slot.name,
                argument=slot.argument,
                path=slot.path,
                shape=tuple(slot.tensor.shape),
                start=slot.start,
                dtype=str(slot.tensor.dtype).removeprefix("torch."),
                unit=unit(slot.tensor.dtype),
                cast=_caster(slot.tensor.dtype),
            )
            for slot in slots
        ]
    )


def _caster(dtype: Any) -> Callable[[Floats], Floats]:
    torch: Any = library("torch")

    def cast(values: Floats) -> Floats:
        return torch.from_numpy(np.array(values)).to(dtype).to(torch.float64).numpy()

    return cast


def _batch(
    evaluated: TensorValues, point: Floats, here: Floats
) -> Callable[[Floats], Floats] | None:
    """Return the function of several points at once, where vmap can make it one."""
    if evaluated.held.drawn:
        return None
    try:
        rows = evaluated.batch(np.stack([point, point]))
    except Exception:  # whatever vmap or the function says of it
        return None
    close = np.allclose(rows, here[None], rtol=1e-3, atol=0.0, equal_nan=True)
    return evaluated.batch if close else None
