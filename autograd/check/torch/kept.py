"""What belongs to the caller while a check runs: put back at its end, and before each call.

A function may draw random numbers, change the buffers of a module or switch modes. The check sees
to it that each call begins as the first one did, and that nothing of it is left behind.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import random
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import numpy as np

from autograd.asked import library

# Of tensors that a function reads from outside: more numbers than these are not copied.
_MOST = 2**24


class Generators:
    """The generators of random numbers that a function may draw from: torch's and Python's.

    >>> generators = Generators()
    >>> _ = random.random()
    >>> generators.moved()
    ['random']
    >>> generators.put_back()
    >>> generators.moved()
    []
    """

    def __init__(self) -> None:
        self._state = _states()

    def moved(self) -> list[str]:
        """Return the names of those that were drawn from."""
        return [
            name
            for (name, before, _), (_, now, _) in zip(self._state, _states(), strict=True)
            if not _same(before, now)
        ]

    def put_back(self) -> None:
        """Set all of them back to where they were."""
        for _, state, put in self._state:
            put(state)


def _states() -> list[tuple[str, Any, Callable[[Any], Any]]]:
    torch: Any = library("torch")
    legacy: Any = np.random
    found: list[tuple[str, Any, Callable[[Any], Any]]] = [
        ("torch", torch.random.get_rng_state(), torch.random.set_rng_state),
        ("numpy.random", legacy.get_state(), legacy.set_state),
        ("random", random.getstate(), random.setstate),
    ]
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        found += [
            (f"cuda:{i}", torch.cuda.get_rng_state(i), functools.partial(_on_device, i))
            for i in range(torch.cuda.device_count())
        ]
    return found


def _on_device(i: int, state: Any) -> None:
    library("torch").cuda.set_rng_state(state, i)


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, tuple):
        pairs = zip(cast(Any, before), now, strict=True)
        return all(_same(a, b) for a, b in pairs)
    equal: Any = before == now
    return bool(equal.all()) if hasattr(equal, "all") else bool(equal)


def things(function: Any) -> Iterator[Any]:
    """Yield what a function holds on to: in its closure, its defaults, its object and its parts.

    >>> kept = [1.0]
    >>> next(things(lambda x: x + kept[0])) is kept
    True
    """
    stack, seen = [function], set[int]()
    while stack:
        held = stack.pop()
        if id(held) in seen:
            continue
        seen.add(id(held))
        if isinstance(held, functools.partial):
            part = cast(Any, held)
            stack += [part.func, *part.args, *part.keywords.values()]
        elif inspect.ismethod(held):
            stack += [held.__self__, held.__func__]
            yield held.__self__
        elif inspect.isfunction(held):
            for cell in held.__closure__ or ():
                with contextlib.suppress(ValueError):  # it is empty
                    stack.append(cell.cell_contents)
                    yield cell.cell_contents
            stack += [*(held.__defaults__ or ())]
            names = held.__code__.co_names
            yield from [held.__globals__[name] for name in names if name in held.__globals__]
            yield from held.__defaults__ or ()


def modules(function: Any) -> list[Any]:
    """Return the modules that a function is or holds on to, each once."""
    torch: Any = library("torch")
    found = [function, *things(function)]
    return [*{id(each): each for each in found if isinstance(each, torch.nn.Module)}.values()]


class Held:
    """What a function could change, as it was when the check began.

    Attributes:
        drawn: the names of the generators that calls drew from.
        changed: whether a call changed a tensor that the function holds on to, as a running mean.
    """

    def __init__(self, function: Any, inputs: Any) -> None:
        torch: Any = library("torch")
        found = modules(function)
        outside = [x for x in things(function) if isinstance(x, torch.Tensor)]
        outside += [buffer for module in found for buffer in module.buffers()]
        theirs = [parameter for module in found for parameter in module.parameters()]
        theirs += [x for x in inputs if isinstance(x, torch.Tensor)]
        self._outside = [_Before(x) for x in _each(torch, outside)]
        self._all = [*self._outside, *[_Before(x) for x in _each(torch, theirs)]]
        self._modes = [(part, part.training) for module in found for part in module.modules()]
        self._generators = Generators()
        self._dtype = torch.get_default_dtype()
        self.drawn: list[str] = []
        self.changed = False

    def begin(self) -> None:
        """Let the next call begin as the first one did."""
        if self.drawn:
            self._generators.put_back()
        for each in self._outside:
            self.changed |= each.put_back()

    def look(self) -> None:
        """See, after a first call, whether it drew random numbers."""
        self.drawn = self._generators.moved()

    def settle(self, first: Any, outputs: Callable[[], Any]) -> Any:
        """Let calls begin with what the first one filled, if they give other numbers without it.

        A cache is marked as filled; with its numbers put back, it would give those.

        Args:
            first: the outputs of the first call, just made.
            outputs: makes another call that begins as the first one did.

        Returns:
            The outputs of all calls to come; a cache may have fewer digits than what filled it.
        """
        filled = [each.now() for each in self._outside]
        if not any(copy is not None for copy in filled):
            return first
        if np.array_equal(outputs(), first, equal_nan=True):
            return first
        before = [each.copy for each in self._outside]
        for each, copy in zip(self._outside, filled, strict=True):
            each.copy = each.copy if copy is None else copy
        again = outputs()
        if np.allclose(again, first, rtol=1e-3, atol=0.0, equal_nan=True):
            self.changed = False
            return again
        for each, copy in zip(self._outside, before, strict=True):
            each.copy = copy
        return first

    def end(self) -> None:
        """Put everything back."""
        self._generators.put_back()
        library("torch").set_default_dtype(self._dtype)
        for part, training in self._modes:
            part.training = training
        for each in self._all:
            each.put_back()


@contextlib.contextmanager
def kept(function: Any, inputs: Any) -> Generator[Held]:
    """Leave everything of the caller's as it is at the end, and give what was there meanwhile."""
    torch: Any = library("torch")
    enabled = torch.is_grad_enabled()
    held = Held(function, inputs)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield held
    finally:
        torch.set_grad_enabled(enabled)
        held.end()


def _each(torch: Any, tensors: Any) -> list[Any]:
    """Return tensors that have numbers to keep, each once."""
    found = {id(x): x for x in tensors if x.layout is torch.strided and not x.is_meta}
    return [*found.values()]


class _Before:
    """A tensor of the caller's as it was: its numbers, its gradient, whether it wants one."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        self.may_change = not tensor.is_inference()
        is_small = tensor.numel() <= _MOST
        self.copy = tensor.detach().clone() if is_small else None
        self.grad: Any = tensor.grad if tensor.is_leaf else None
        self.grad_copy = self.grad.detach().clone() if self.grad is not None and is_small else None
        self.requires_grad = tensor.requires_grad

    def now(self) -> Any:
        """Return a copy of the tensor's numbers if they have changed, None if not."""
        same = self.copy is None or library("torch").equal(self.tensor, self.copy)
        return None if same else self.tensor.detach().clone()

    def put_back(self) -> bool:
        """Make the tensor what it was; whether its numbers had changed."""
        torch: Any = library("torch")
        tensor, changed = self.tensor, False
        with torch.no_grad():
            # Its version would not tell: batch_norm changes running means without a word.
            if self.copy is not None and self.may_change and not torch.equal(tensor, self.copy):
                changed = True
                tensor.copy_(self.copy)
            if not tensor.is_leaf:
                return changed
            if tensor.grad is not self.grad:
                tensor.grad = self.grad
            if self.grad_copy is not None and not torch.equal(self.grad, self.grad_copy):
                tensor.grad.copy_(self.grad_copy)
            if tensor.requires_grad != self.requires_grad:
                tensor.requires_grad_(self.requires_grad)
        return changed
