"""What a program gives a node after it was made: a `_backward` of its own, or other children.

Nobody knows the rule behind an assigned `_backward`. The backward pass calls it, and whoever asks
for the local derivatives, as a picture does, is given what it adds to the gradients of the children
where the node's own is 1.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, cast

from autograd.engine.backward import shown
from autograd.engine.custom.given import Given
from autograd.engine.custom.node import refusal, where_asked
from autograd.engine.value import Value
from autograd.errors import TraceError

Backward = Callable[[], object]


class Assigned(Given):
    """The kind of a node whose `_backward` a program assigns, or is about to.

    Attributes:
        call: what was assigned; None where nothing was, and nothing flows.
        node: a weak reference to the node, once something is assigned.
    """

    __slots__ = ("call", "node")

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.local = (0.0,) * count
        self.call: Backward | None = None

    def assign(self, call: Backward | None, node: Value) -> None:
        """Take what a program assigns."""
        self.call = call
        self.node = weakref.ref(node)

    def pull(self, node: Any) -> None:
        """Call what was assigned."""
        if self.call is not None:
            self.call()
        elif node._x:
            warnings.warn(
                f"{shown(node)} has children, and neither local gradients nor a _backward: nothing "
                "flows to them, as in micrograd. Assign v._backward, or write Value(data, "
                "children, local_grads)",
                RuntimeWarning,
                stacklevel=2,
            )

    def numbers(self) -> tuple[float, ...]:
        """Return the local derivatives: what the call adds to each child for a gradient of 1."""
        call = self.call
        if call is None:
            return super().numbers()
        node = cast(Any, self.node())
        operands: Any = node._x
        before = [(x, x.grad) for x in (node, *operands)]
        try:
            for x in operands:
                x.grad = 0.0
            node.grad = 1.0
            call()
            return tuple([float(x.grad) for x in operands])
        finally:
            for x, grad in before:
                x.grad = grad

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self.name} has a _backward that was assigned, which is a function of this process: "
            "its graph cannot be pickled or copied. Write Value(data, children, local_grads)"
        )


def children_of(given: Any) -> tuple[Value, ...]:
    """Return children as a tuple of Values, in their order.

    Raises:
        TypeError: if one is no Value.
        TraceError: if one is a number that a compiled program has yet to compute.
    """
    if isinstance(given, Value) or not isinstance(given, Iterable):
        raise TypeError(f"children are a tuple of Values, got {given!r:.60}: write (x,) for one")
    if isinstance(given, str):
        raise TypeError(f"children are a tuple of Values, got {given!r:.60}: a name is label=...")
    children = tuple(cast(Iterable[Any], given))
    for x in children:
        if isinstance(x, Value):
            continue
        if hasattr(x.__class__, "__number__"):
            raise TraceError(f"{where_asked()} {refusal('Value(data, children)')}")
        raise TypeError(f"children are Values, got {x!r:.60}: leave plain numbers out")
    return children


def different(children: Iterable[Value]) -> tuple[Value, ...]:
    """Return children without repetitions, in their order."""
    return tuple(dict.fromkeys(children))


def refuse_cycle(node: Value, children: Iterable[Value]) -> None:
    """Raise if a node would become one of its own ancestors.

    Raises:
        ValueError: if so.
    """
    seen = {*children}
    found = list(seen)
    for x in found:
        if x is node:
            raise ValueError(
                f"{node._label or 'a Value'} = {node._number} would be computed from itself: a "
                "graph has no cycles. Make a new Value for each step in time"
            )
        fresh = {y for y in x.args if isinstance(y, Value)} - seen
        seen |= fresh
        found += fresh
