"""micrograd's Value over the engine's: the same nodes, by the names that its programs know.

A class of its own, whose nodes begin with a gradient of 0 and take any attribute; `autograd.Value`
has neither and pays for neither. Its operators are made anew from the rows, so that what they
record is of this class. Both may stand in one graph: what is computed from both is of this one.
"""

# pyright: reportPrivateUsage=false, reportIncompatibleVariableOverride=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import FunctionType
from typing import Any, ClassVar

import numpy as np

from autograd import asked
from autograd.engine import value as engine
from autograd.engine.backward import data_of
from autograd.engine.custom.given import Given
from autograd.engine.custom.node import local_numbers
from autograd.engine.methods import (
    LEAF,
    binary_method,
    binary_rows,
    newest,
    reflected_method,
    tick,
    unary_method,
    unary_methods,
    watched,
)
from autograd.engine.modes import watching
from autograd.engine.number import combine, number
from autograd.engine.primitives import TABLE, maximum, where
from autograd.micrograd.assigned import (
    Assigned,
    Backward,
    children_of,
    different,
    refuse_cycle,
)
from autograd.spellings import Absent

# What micrograd calls operations that are written otherwise here.
_SIGNS = {TABLE["relu"]: "ReLU", TABLE["neg"]: "neg"}
_POWER = TABLE["power"]
_NONE = ()


class Value(engine.Value):
    """A scalar that remembers how it was made, by the names of micrograd, EurekaLabs and microgpt.

    Everything that `autograd.Value` has is here, too: its functions, pictures, checks.

    Args:
        data: a real number.
        children: the Values that it was computed from, where a program computes by itself;
            `_children` and `_prev` are other names for it.
        local_grads: the derivative by each child, as numbers (microgpt); or, as a str, the name of
            the operation (micrograd), which is `_op` by keyword. Without local gradients assign
            `_backward`.
        label: a name for pictures and messages.

    Attributes:
        grad: the derivative of the last `backward()`'s result by this value; 0.0 before.
        _children: the Values among the operands, each as often as it is used. Plain numbers are not
            nodes, and not among them.
        _prev: the same, each once.
        _local_grads: the derivative by each of `_children`.
        _op: the name of the operation, "" for a leaf.
        _backward: a function that passes this node's gradient on to its children. One that a
            program assigns is called in its place by `backward()`; it has no second derivative and
            cannot be compiled.

    Interior nodes begin each pass at 0, so a second `backward()` over one graph gives exactly twice
    the gradient at the leaves. Any other attribute can be set, as `p.m = 0.0` of an optimiser.

    >>> x = Value(3.0)
    >>> y = x * x + 2.0 * x
    >>> z = Value(y.data**2, (y,), (2.0 * y.data,))
    >>> z.backward()
    >>> z, x.grad
    (Value(data=225.0, grad=1.0), 240.0)
    """

    __slots__ = ("__dict__",)

    _unreached: ClassVar[float | None] = 0.0
    grad: float

    def __init__(
        self,
        data: float,
        children: Iterable[engine.Value] = _NONE,
        local_grads: Sequence[float] | str = _NONE,
        label: str = "",
        *,
        _children: Iterable[engine.Value] = _NONE,
        _prev: Iterable[engine.Value] = _NONE,
        _op: str = "",
    ) -> None:
        self._number = data if data.__class__ is float else _plain(data)
        self.grad = 0.0
        self._kind = LEAF
        self._x = self._y = None
        self.birth = tick()
        if label.__class__ is str:
            self._label = label
        else:
            self.label = label
        if children is _NONE:
            children = _children if _prev is _NONE else _prev
        if children is not _NONE or local_grads is not _NONE or _op:
            _give(self, children, local_grads, _op)

    def detach(self) -> Value:
        """Return a new leaf with the same number and label and no history."""
        return Value(self._number, label=self._label)

    def max_with(self, other: Any) -> Value:
        """Return the larger of the two, this one where they are equal."""
        if self < other:
            return maximum(self, other)
        return where(1.0, self, other)

    @property
    def _children(self) -> tuple[engine.Value, ...]:
        return tuple([x for x in self.args if isinstance(x, engine.Value)])

    @_children.setter
    def _children(self, children: Iterable[engine.Value]) -> None:
        self._become(children_of(children))

    @property
    def _prev(self) -> tuple[engine.Value, ...]:
        return different(self._children)

    @_prev.setter
    def _prev(self, children: Iterable[engine.Value]) -> None:
        self._become(different(children_of(children)))

    def _become(self, children: tuple[engine.Value, ...]) -> None:
        """Take other children, in place of none or of those that a program gave."""
        kind = self._kind
        is_assigned = isinstance(kind, Assigned)
        if not children and not (is_assigned and kind.call is not None):
            self._kind = LEAF
            self._x = self._y = None
            return
        if kind.row is not None and not isinstance(kind, Given):
            raise TypeError(
                f"{kind.row} recorded the children of this Value, and goes backward to them: make "
                "a Value of its own, Value(data, children, local_grads)"
            )
        if is_assigned:
            kind.local = (0.0,) * len(children)
        else:
            self._kind = Assigned(self._op or "custom", len(children))
        if any(x.birth > self.birth or x is self for x in children):
            refuse_cycle(self, children)
            self.birth = newest.data = tick()
        self._x, self._y = children, None

    @property
    def _local_grads(self) -> tuple[float, ...]:
        row = self._kind.row
        if row is None:
            return ()
        operands = self.args
        rule: Any = row.partials
        partials = rule(self._number, *data_of(operands))
        pairs = zip(operands, partials, strict=True)
        return tuple([float(d) for x, d in pairs if x.__class__ is not float])

    @_local_grads.setter
    def _local_grads(self, given: Sequence[float]) -> None:
        name = self._op or "custom"
        local = local_numbers(name, self._children, [_plain(d) for d in given])
        if local:
            self._x, self._y = self._children, None
            self._kind = Given(name, local)

    @property
    def _op(self) -> str:
        kind = self._kind
        row = kind.row
        if "_op" in vars(self) or row is None:
            return vars(self).get("_op", "")
        if isinstance(kind, Given):
            return "" if kind.name == "custom" else kind.name
        if row is _POWER:
            return f"**{self._y:g}"
        return _SIGNS.get(row) or row.operator or row.name

    @_op.setter
    def _op(self, name: str) -> None:
        vars(self)["_op"] = name

    @property
    def _backward(self) -> Backward:
        kind = self._kind
        if isinstance(kind, Assigned) and kind.call is not None:
            return kind.call
        return partial(kind.pull, self)

    @_backward.setter
    def _backward(self, call: Backward | None) -> None:
        if call is not None:
            asked.function("_backward", call, "a function of no arguments")
        kind = self._kind
        if not isinstance(kind, Assigned):
            children = different(self._children)
            self._kind = kind = Assigned(self._op or "custom", len(children))
            self._x, self._y = children, None
        kind.assign(call, self)

    def __repr__(self) -> str:
        return f"Value(data={self._number}, grad={self.grad})"


def _is_truth(x: object) -> bool:
    return isinstance(x, bool | np.bool_)


def _plain(x: Any) -> float:
    """Return a number as a float, a bool as well: micrograd computes with True as with 1."""
    return float(x) if _is_truth(x) else number(x)


def _give(node: Value, children: Any, local_grads: Any, name: str) -> None:
    """Give a new node its children, and what is known of their derivatives."""
    if isinstance(local_grads, str):
        name, local_grads = local_grads, _NONE
    taken = children if _are(children, Value) else children_of(children)
    if local_grads is not _NONE or not taken:
        if not _are(local_grads, float) or len(local_grads) != len(taken):
            given = [_plain(d) if _is_truth(d) else d for d in local_grads]
            local_grads = local_numbers(name or "Value", taken, given)
        if taken:
            node._kind = Given(name or "custom", local_grads)
            node._x = taken
        elif name:
            node._op = name
    else:
        node._x = taken if len(taken) == 1 else different(taken)
        node._kind = Assigned(name or "custom", len(node._x))
    if watching:
        watched(node)


def _are(xs: Any, kind: type) -> bool:
    """Whether something is a tuple of objects of one class."""
    if xs.__class__ is not tuple:
        return False
    for x in xs:  # noqa: SIM110  # all() of one or two takes twice the time
        if x.__class__ is not kind:
            return False
    return True


def _beside(method: Callable[[Any, Any], Any], value: Value, other: Any) -> Any:
    """Apply an operator to what is neither a Value of this class nor a float nor an int."""
    if isinstance(other, engine.Value):
        row, _, is_reflected = binary_rows[method]
        return Value.__apply__(row, (other, value) if is_reflected else (value, other))
    if _is_truth(other):
        return method(value, float(other))
    return combine(method, value, other)


class _Free(Absent):
    """An attribute of other libraries that a program may set, as any other."""

    def __set__(self, x: object, new: object) -> None:
        vars(x)[self.name] = new


def _remade() -> dict[str, Any]:
    """Return the operators and methods of the engine's Value, made for this class."""
    rows = {method: row for row, method in unary_methods.items()}
    made: dict[Any, Any] = {}
    found: dict[str, Any] = {}
    dialect: dict[str, Any] = {"Value": Value, "combine": _beside}
    for name, method in vars(engine.Value).items():
        if isinstance(method, Absent) and name not in vars(Value):
            found[name] = _Free(name)
        if not isinstance(method, FunctionType):
            continue
        if method not in made and method in binary_rows:
            row, constant, is_reflected = binary_rows[method]
            make = reflected_method if is_reflected else binary_method
            made[method] = make(row, constant, **dialect)
        elif method not in made and method in rows:
            made[method] = unary_method(rows[method], **dialect)
        if method in made:
            found[name] = made[method]
    return found


for _name, _member in _remade().items():
    setattr(Value, _name, _member)
