"""The `autograd.Function`s behind a result: what each was called with, and what it handed back.

PyTorch casts a gradient of another dtype, sums one of a larger shape and takes None for zeros,
without a word. So for one pass forward and back the methods of the classes stand behind others
that note what goes through them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from autograd.asked import library


@dataclass
class FunctionCall:
    """One call of an `autograd.Function`.

    Attributes:
        kind: its class.
        inputs: what it was called with.
        ctx: what PyTorch handed it to keep things in.
        grads: what its backward returned; None before it ran.
        needed: of each input, whether it wants a gradient.
        at: the submodule and the line that it was called from.
    """

    kind: Any
    inputs: tuple[Any, ...]
    ctx: Any
    grads: tuple[Any, ...] | None = None
    needed: tuple[bool, ...] = ()
    at: tuple[str, str] = ("", "")

    @property
    def name(self) -> str:
        """The name of its class."""
        return self.kind.__name__


@dataclass
class Watched:
    """The calls that were seen, in their order.

    Attributes:
        uses: the calls.
        note: gives the submodule and the line that runs.
    """

    note: Callable[[], tuple[str, str]] = field(default=lambda: ("", ""))
    uses: list[FunctionCall] = field(default_factory=list[FunctionCall])

    def remarks(self) -> list[str]:
        """Return what is odd about the gradients that came back, a sentence for each."""
        return list(dict.fromkeys([text for use in self.uses for text in _remarks(use)]))


def kinds(tensors: Iterable[Any]) -> list[Any]:
    """Return the classes of the `autograd.Function`s that tensors were made by, each once."""
    found = [getattr(cast(Any, type(node)), "_forward_cls", None) for node in nodes(tensors)]
    return [*dict.fromkeys([kind for kind in found if isinstance(kind, type)])]


def nodes(tensors: Iterable[Any]) -> list[Any]:
    """Return the nodes of the graph behind tensors, each once."""
    found: dict[Any, None] = {}
    stack = [tensor.grad_fn for tensor in tensors]
    while stack:
        node = stack.pop()
        if node is not None and node not in found:
            found[node] = None
            stack += [before for before, _ in node.next_functions]
    return [*found]


def is_once_only(tensors: Iterable[Any]) -> bool:
    """Whether a backward that may be run once only is behind tensors.

    PyTorch puts an error in its place, which no gradient by the inputs ever meets: it would be
    taken for zeros.
    """
    return any("Error" in node.name() for node in nodes(tensors))


@contextlib.contextmanager
def watched(classes: Iterable[Any]) -> Generator[Watched]:
    """Note the calls of classes meanwhile."""
    watch = Watched()
    with contextlib.ExitStack() as stack:
        for kind in classes:
            stack.enter_context(_watching(kind, watch))
        yield watch


@contextlib.contextmanager
def _watching(kind: Any, watch: Watched) -> Generator[None]:
    base = library("torch").autograd.Function
    has_setup = kind.setup_context is not base.setup_context
    first = "setup_context" if has_setup else "forward"
    back = "backward" if kind.vjp is base.vjp else "vjp"
    forward, backward = getattr(kind, first), getattr(kind, back)

    def noted(ctx: Any, *given: Any, **keywords: Any) -> Any:
        inputs = tuple(given[0] if has_setup and given else keywords.get("inputs", given))
        result = forward(ctx, *given, **keywords)
        needed = tuple(ctx.needs_input_grad)
        watch.uses.append(FunctionCall(kind, _copies(inputs), ctx, needed=needed, at=watch.note()))
        return result

    def returned(ctx: Any, *grads: Any) -> Any:
        found: Any = backward(ctx, *grads)
        several = isinstance(found, tuple)
        for use in watch.uses:
            if use.ctx is ctx:
                use.grads = found if several else (found,)
        return found

    own: dict[str, Any] = {name: cast(Any, vars(kind)).get(name) for name in (first, back)}
    setattr(kind, first, staticmethod(noted))
    setattr(kind, back, staticmethod(returned))
    try:
        yield
    finally:
        for name, method in own.items():
            if method is None:
                delattr(kind, name)
            else:
                setattr(kind, name, method)


def _copies(inputs: Sequence[Any]) -> tuple[Any, ...]:
    torch: Any = library("torch")

    def copied(x: Any) -> Any:
        # A layer that is run backwards may have let go of its numbers.
        gone = x.numel() and x.layout is torch.strided and not x.untyped_storage().size()
        return torch.empty_like(x) if gone else x.detach().clone()

    return tuple([copied(x) if isinstance(x, torch.Tensor) else x for x in inputs])


def _remarks(use: FunctionCall) -> list[str]:
    """Return what is odd about the gradients of one call."""
    torch: Any = library("torch")
    if use.grads is None:
        return []
    count = len(use.inputs)
    told: list[str] = []
    if len(use.grads) < count:
        told.append(
            f"the backward of {use.name} returns {len(use.grads)} gradients for {count} inputs"
        )
    for i, (x, grad, needed) in enumerate(zip(use.inputs, use.grads, use.needed, strict=False)):
        if not needed or not isinstance(x, torch.Tensor):
            continue
        which = f"its input {i + 1}" if count > 1 else "its input"
        if grad is None:
            told.append(f"the backward of {use.name} returns None for {which}")
        elif not isinstance(grad, torch.Tensor):
            kind = type(grad).__name__
            told.append(f"the backward of {use.name} returns {kind} for {which}, and no tensor")
        else:
            told += _differences(use.name, which, x, grad)
    return told


def _differences(name: str, which: str, x: Any, grad: Any) -> list[str]:
    found: list[str] = []
    if grad.dtype is not x.dtype:
        found.append(
            f"the backward of {name} returns {grad.dtype} for {which} of {x.dtype}: PyTorch casts "
            "it, its digits are those of the shorter one"
        )
    if grad.shape != x.shape:
        found.append(
            f"the backward of {name} returns shape {tuple(grad.shape)} for {which} of shape "
            f"{tuple(x.shape)}"
        )
    if grad.device != x.device:
        found.append(f"the backward of {name} returns a tensor on {grad.device} for {which} on "
                     f"{x.device}")  # fmt: skip
    return found
