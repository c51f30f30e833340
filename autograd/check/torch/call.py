"""A call of PyTorch as a function of one long vector: the numbers in its tensors, laid flat.

Each evaluation is given fresh copies of the tensors, so that nothing of the caller's is changed or
recorded. Parameters of a module are put in for one call, its own stay as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from autograd.asked import library
from autograd.check.arrays.subject import Floats, Index
from autograd.check.target import FunctionSubject, argument_names
from autograd.transforms.trees import mapped


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """A tensor of a call, and where it stands.

    Attributes:
        name: as a report writes it.
        argument: the number of the input that it is in; parameters are counted behind the inputs.
        path: the keys from that input down to it.
        tensor: the caller's own.
        start: where its numbers begin in the long vector.
    """

    name: str
    argument: int
    path: Index
    tensor: Any
    start: int

    @property
    def part(self) -> slice:
        """Its part of the long vector."""
        return slice(self.start, self.start + self.tensor.numel())


@dataclass
class SeenInCalls:
    """What calls were seen to do, beside giving numbers.

    Attributes:
        changed: the names of inputs that were changed in place.
        missing: the names of tensors whose gradient came back as None, at the last call.
        detached: whether no output could be differentiated, at the last call.
    """

    changed: set[str] = field(default_factory=set[str])
    missing: set[str] = field(default_factory=set[str])
    detached: bool = False


class TensorCall:
    """A function, a module or an `autograd.Function` with the tensors that it is called with.

    Args:
        function: what is called.
        inputs: what with: tensors, also in lists, tuples and dicts, and anything else.
        keywords: what else with; held constant.

    Raises:
        TypeError: if what is called is no function, if a tensor is none that can be checked, or if
            there is none.
    """

    def __init__(
        self, function: Any, inputs: Sequence[Any], keywords: Mapping[str, Any] | None = None
    ) -> None:
        self.torch: Any = library("torch")
        self.keywords = dict(keywords or {})
        torch = self.torch
        self.module: Any = function if isinstance(function, torch.nn.Module) else None
        self.function, self.title = _function(torch, function)
        self.inputs = list(inputs)
        self.seen = SeenInCalls()
        names = argument_names(_signature(torch, function), len(self.inputs))
        found = [
            (name, i, path, tensor)
            for i, (x, name) in enumerate(zip(self.inputs, names, strict=True))
            for name, path, tensor in walked(x, name, torch)
        ]
        floats = [each for each in found if is_checked(torch, each[0], each[3])]
        asked_for = [each for each in floats if each[3].requires_grad]
        self.chosen = asked_for or floats
        self.constant = [each[0] for each in floats if asked_for and not each[3].requires_grad]
        parameters = _parameters(self.module)
        self.frozen = [name for name, p in parameters if not p.requires_grad]
        count = len(self.inputs)
        learnt = [(name, p) for name, p in parameters if p.requires_grad]
        self.chosen += [(name, count + k, (), p) for k, (name, p) in enumerate(learnt)]
        self.slots: list[Slot] = []
        start = 0
        for name, argument, path, tensor in self.chosen:
            self.slots.append(Slot(name, argument, path, tensor, start))
            start += tensor.numel()
        if not self.slots:
            raise TypeError(_nothing(found))
        self.size = start

    def point(self) -> Floats:
        """Return the numbers of the tensors as one long vector."""
        return np.concatenate([numbers(slot.tensor) for slot in self.slots])

    def leaves(self, point: Floats, *, batched: bool = False) -> list[Any]:
        """Return fresh tensors that hold a point, or rows of points."""
        return [self._leaf(slot, point[..., slot.part], batched) for slot in self.slots]

    def _leaf(self, slot: Slot, part: Floats, batched: bool) -> Any:
        torch, like = self.torch, slot.tensor
        shape = (*(part.shape[:1] if batched else ()), *like.shape)
        data = torch.from_numpy(np.array(part)).reshape(shape)
        leaf = data.to(device=like.device, dtype=like.dtype)
        if not batched and not like.is_contiguous():
            leaf = torch.empty_like(like.detach()).copy_(leaf)
        return leaf

    def run(
        self, leaves: Sequence[Any], finish: Callable[[list[Any]], None] | None = None
    ) -> list[tuple[str, Any]]:
        """Call the function and return its outputs of floats, each with its name.

        Args:
            leaves: what stands in place of the tensors, in the order of the slots.
            finish: what is done with the outputs while the leaves are still in the module: a
                backward may call its parts again.

        Raises:
            TypeError: if there is none.
        """
        torch, count = self.torch, len(self.inputs)
        # A copy of each, as no leaf may be changed in place, and a function may be meant to.
        given: list[Any] = []
        for slot, leaf in zip(self.slots, leaves, strict=True):
            if slot.argument < count:
                given.append((slot, leaf, leaf.clone(memory_format=torch.preserve_format)))
        copies = iter([copy for _, _, copy in given])
        checked = iter([slot.tensor for slot, _, _ in given])
        expected = next(checked, None)

        def placed(x: Any) -> Any:
            nonlocal expected
            if not isinstance(x, torch.Tensor):
                return x
            if x is expected:
                expected = next(checked, None)
                return next(copies)
            return x.detach().clone()

        arguments = [mapped(placed, x) if _nests(x) else placed(x) for x in self.inputs]
        found: list[tuple[str, Any]] = []

        def called(function: Any) -> None:
            found.extend(outputs(torch, function(*arguments, **self.keywords)))
            for slot, _, copy in given:
                if copy._version:
                    self.seen.changed.add(slot.name)
            if finish is not None:
                finish([tensor for _, tensor in found])

        if self.module is None:
            called(self.function)
        else:
            whole = _whole(torch, self.module, called)
            torch.func.functional_call(whole, self._fresh(leaves), ())
        return found

    def _fresh(self, leaves: Sequence[Any]) -> dict[str, Any]:
        """Return what stands in place of the parameters of the module, by name."""
        count = len(self.inputs)
        return {
            f"module.{slot.name}": leaf
            for slot, leaf in zip(self.slots, leaves, strict=True)
            if slot.argument >= count
        }


def _whole(torch: Any, module: Any, called: Callable[[Any], None]) -> Any:
    """Return a module that does more than to call another: all that is done with its result."""

    class Whole(torch.nn.Module):
        def forward(self) -> None:
            called(module)

    whole: Any = Whole()
    whole.module = module
    return whole


def _nests(x: Any) -> bool:
    return isinstance(x, list | tuple | dict)


def numbers(tensor: Any) -> Floats:
    """Return the numbers of a tensor, flat, in the order of its indices.

    The gradient of an embedding may be sparse.
    """
    tensor = tensor if tensor.layout is library("torch").strided else tensor.to_dense()
    array = tensor.detach().to(device="cpu", dtype=library("torch").float64).contiguous().numpy()
    return array.reshape(-1)


def walked(x: Any, name: str, torch: Any, path: Index = ()) -> Iterator[tuple[str, Index, Any]]:
    """Yield the tensors in a nested argument or result, each with its name and place."""
    if isinstance(x, torch.Tensor):
        yield name, path, x
    elif isinstance(x, dict):
        for key, y in cast(Any, x).items():
            yield from walked(y, f"{name}[{key!r}]", torch, (*path, key))
    elif isinstance(x, list | tuple):
        for i, y in enumerate(cast(Sequence[Any], x)):
            yield from walked(y, f"{name}[{i}]", torch, (*path, i))
    elif isinstance(x, np.ndarray):
        raise TypeError(
            f"{name} is an array of NumPy: write torch.from_numpy({name}), or check a function of "
            "arrays with autograd.check.check_against"
        )


def is_checked(torch: Any, name: str, tensor: Any) -> bool:
    """Whether the derivative by a tensor is checked: it holds floats.

    Raises:
        TypeError: if it is complex, sparse, quantized or without numbers.
    """
    if tensor.is_complex():
        raise TypeError(
            f"{name} is complex, {tensor.dtype}: a check takes real numbers, write "
            f"torch.view_as_real({name}) and torch.view_as_complex inside of the function"
        )
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested:
        kind = "quantized" if tensor.is_quantized else str(tensor.layout).removeprefix("torch.")
        raise TypeError(f"{name} is {kind}: a check takes dense tensors, write {name}.to_dense()")
    if tensor.is_meta or isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin):
        raise TypeError(f"{name} holds no numbers yet: fill it, a lazy module by one call")
    return bool(tensor.is_floating_point()) and tensor.numel() > 0


def outputs(torch: Any, result: Any) -> list[tuple[str, Any]]:
    """Return the tensors of floats in a result, each with its name.

    Raises:
        TypeError: if there is none.
    """
    found = list(walked(result, "output", torch))
    for name, _, tensor in found:
        if tensor.is_complex():
            raise TypeError(
                f"the function returns complex numbers ({name}): a check takes real ones, write "
                "torch.view_as_real(...) around them"
            )
    floats = [(name, tensor) for name, _, tensor in found if tensor.is_floating_point()]
    if floats:
        return floats
    if result is None:
        raise TypeError("the function returns None: is a return missing?")
    if found:
        kinds = ", ".join(sorted({str(tensor.dtype) for _, _, tensor in found}))
        raise TypeError(f"the function returns {kinds}, which have no derivative: return floats")
    raise TypeError(
        f"the function must return a tensor, or several, got {type(result).__name__} "
        f"{result!r:.40}: .item(), float() and numpy() cut the gradient off"
    )


def _function(torch: Any, function: Any) -> tuple[Callable[..., Any], str]:
    """Return what is to be called, and the title of its report."""
    if isinstance(function, type):
        if issubclass(function, torch.autograd.Function):
            return cast(Any, function).apply, f"gradients of {function.__name__}"
        if issubclass(function, torch.nn.Module):
            raise TypeError(f"check takes a module, got its class: write {function.__name__}(...)")
    if isinstance(function, torch.nn.Module):
        kind = type(function).__name__
        if any(isinstance(part, torch.jit.ScriptModule) for part in cast(Any, function).modules()):
            raise TypeError(
                f"{kind} is compiled by TorchScript, which lets nobody put other parameters in: "
                "check the module as it was before torch.jit.script or torch.jit.trace"
            )
        return cast(Any, function), f"gradients of {kind}"
    if not callable(function):
        raise TypeError(f"check takes a function, a module or a Function, got {function!r:.60}")
    owner = _owner(torch, function)
    if owner is not None:
        return function, f"gradients of {owner.__name__}"
    if inspect.isbuiltin(function):
        return function, f"gradients of {function.__name__}"
    return function, FunctionSubject(function, ()).title


def _owner(torch: Any, function: Any) -> Any:
    """Return the `autograd.Function` that a function is the `apply` of; None if it is none."""
    owner = getattr(function, "__self__", None)
    is_function = isinstance(owner, type) and issubclass(owner, torch.autograd.Function)
    return owner if is_function else None


def _signature(torch: Any, function: Any) -> Callable[..., Any]:
    """Return a function with the parameters that a call of `function` takes."""
    if isinstance(function, torch.nn.Module):
        return function.forward
    owner = _owner(torch, function)
    if owner is None and isinstance(function, type):
        owner = function
    if owner is None:
        return function
    forward = cast(Any, owner).forward
    # Where setup_context is its own, forward takes no ctx.
    if cast(Any, owner).setup_context is not torch.autograd.Function.setup_context:
        return forward

    def shown(*xs: Any) -> None:
        pass

    told = list(inspect.signature(forward).parameters.values())[1:]
    cast(Any, shown).__signature__ = inspect.Signature(told)
    return shown


def _parameters(module: Any) -> list[tuple[str, Any]]:
    if module is None:
        return []
    found = list(module.named_parameters())
    torch = library("torch")
    return [(name, p) for name, p in found if is_checked(torch, name, p)]


def _nothing(found: Sequence[tuple[str, int, Index, Any]]) -> str:
    """Return why there is nothing to check."""
    if not found:
        return "there is no tensor to check by: give the function tensors of floats"
    name, _, _, tensor = found[0]
    if not tensor.numel():
        return f"{name} is empty, of shape {tuple(tensor.shape)}: there is nothing to check"
    return (
        f"no input is of floats, which alone have a derivative: {name} is of {tensor.dtype}, "
        f"write {name}.double()"
    )
