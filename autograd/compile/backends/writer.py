"""The text of a run, calls of NumPy functions on arrays by short names, and calls written down.

What NumPy has no name for, as softplus, is a short function of ufuncs in `numeric.py`; called as it
is, it makes a new array for each. Run once on arrays without numbers, it tells the ufuncs that it
calls, and every one of them gets a place.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# NumPy's stubs leave the types of array expressions open.

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.compile.backends.steps.called import Called, lines_of

# Names that the text gives away itself.
_OURS = re.compile(r"[as]\d+|steps\d+|ndarray|kind|result|run")


class Lines:
    """Calls underway, one a line, and the names they use.

    >>> x, lines = np.array([1.0, 4.0]), Lines()
    >>> lines.call(np.sqrt, x, x)
    >>> text, scope = lines.function()
    >>> print(text)
    def run():
        sqrt(a0, a0)
    >>> exec(text, scope)
    >>> scope["run"]()
    >>> x
    array([1., 2.])
    """

    def __init__(self) -> None:
        self._scope: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._calls: list[Called] = []
        self._known: dict[Any, Any] = {}

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return an array that was made before under a key, or make it."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def call(self, function: Callable[..., Any], *operands: Any, **named: Any) -> None:
        """Append a call; arrays and tuples go by names, all else as it is written."""
        if function is np.negative:
            # NumPy 2.4 takes wrong operands there, where they and the results lie 64 bytes and more
            # apart; its product is right, and as quick.
            function, operands = np.multiply, (operands[0], -1.0, *operands[1:])
        taken = [("", *self._written(x)) for x in operands]
        taken += [(f"{name}=", *self._written(x)) for name, x in named.items()]
        self._calls.append(Called(self._function(function), tuple(taken)))

    def _function(self, function: Callable[..., Any]) -> str:
        name = getattr(function, "__name__", "function")
        if not name.isidentifier() or _OURS.fullmatch(name):
            name = "function"
        while self._scope.setdefault(name, function) is not function:
            name += "_"
        return name

    def _written(self, x: Any) -> tuple[str, bool]:
        """Return what stands for an operand, and whether it is a name."""
        if x is None or isinstance(x, str | int):
            return repr(x), False
        # The scope keeps what is named alive, so that no other thing gets its identity.
        name = self._names.setdefault(id(x), f"a{len(self._names)}")
        self._scope[name] = x
        return name, True

    def function(self, late: Any = None) -> tuple[str, dict[str, Any]]:
        """Return the text of the function `run`, and the scope to execute it in.

        Args:
            late: an array in one piece whose numbers go elsewhere at each run, which is given to
                the function: the views of it that the lines use are cut at its beginning.
        """
        cut = self._cut(late) if late is not None else {}
        lines = [*cut.values(), *lines_of(self._calls, self._scope, {*cut})]
        body = [f"    {line}" for line in lines] or ["    pass"]
        head = f"def run({'' if late is None else 'result'}):"
        return "\n".join([head, *body]), self._scope

    def _cut(self, late: Any) -> dict[str, str]:
        begin = _address(late)
        cut: dict[str, str] = {}
        arrays: list[tuple[str, Any]] = [
            (name, x) for name, x in self._scope.items() if isinstance(x, np.ndarray)
        ]
        for name, x in arrays:
            offset = _address(x) - begin
            if x.nbytes and 0 <= offset < late.nbytes:
                self._scope["ndarray"], self._scope["kind"] = np.ndarray, late.dtype
                cut[name] = f"{name} = ndarray({x.shape}, kind, result, {offset}, {x.strides})"
        return cut


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


class Unrecordable(Exception):
    """The function does more than call ufuncs."""


@dataclass(frozen=True, slots=True)
class UfuncCall:
    """One ufunc on operands, or a choice between two, and what is made.

    Attributes:
        function: a ufunc, or `numpy.where`.
        operands: arrays, numbers, and what calls before it made.
        out: what it makes.
    """

    function: Any
    operands: tuple[Any, ...]
    out: Made


@dataclass(eq=False, slots=True)
class Made(NDArrayOperatorsMixin):
    """An array without numbers: its shape and kind."""

    calls: list[UfuncCall] = field(repr=False)
    shape: tuple[int, ...]
    dtype: Any

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Made:
        if method != "__call__" or options or ufunc.nout != 1 or not isinstance(ufunc, np.ufunc):
            raise Unrecordable
        sample: Any = ufunc(*[_sample(x) for x in inputs])
        if sample.dtype == object:
            raise Unrecordable
        return self._called(ufunc, inputs, sample.dtype)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if options:
            raise Unrecordable
        if function is np.where:
            kinds: Any = np.where  # three arguments: the stubs think of one
            return self._called(np.where, args, kinds(*[_sample(x) for x in args]).dtype)
        if function is np.isneginf:
            return args[0] == -np.inf
        if function in (np.zeros_like, np.ones_like):
            return np.full((1,) * len(self.shape), float(function is np.ones_like), self.dtype)
        raise Unrecordable

    def _called(self, function: Any, operands: Sequence[Any], kind: Any) -> Made:
        shape = np.broadcast_shapes(*[getattr(x, "shape", ()) for x in operands])
        out = Made(self.calls, shape, kind)
        self.calls.append(UfuncCall(function, tuple(operands), out))
        return out


def _sample(x: Any) -> Any:
    """Return one element of the kind of an operand: numbers weigh less in a kind than arrays."""
    return np.ones((1,), x.dtype) if hasattr(x, "dtype") else x


def recorded(
    function: Callable[..., Any], shapes: Sequence[tuple[int, ...]], kind: Any
) -> tuple[list[Made], list[UfuncCall]] | None:
    """Return what a function does to arrays of these shapes; None if it does more than ufuncs.

    >>> from autograd.engine.numeric import softplus_array
    >>> operands, calls = recorded(softplus_array, [(2, 3)], np.float64)
    >>> [call.function.__name__ for call in calls]
    ['maximum', 'absolute', 'negative', 'exp', 'log1p', 'add']
    >>> recorded(lambda x: x.cumsum(), [(2,)], np.float64) is None
    True
    """
    calls: list[UfuncCall] = []
    operands = [Made(calls, tuple(shape), np.dtype(kind)) for shape in shapes]
    found: Any = None
    with contextlib.suppress(Unrecordable, TypeError, AttributeError, ValueError):
        found = function(*operands)
    # What was made holds this list: emptied, it closes no circle.
    done = calls.copy()
    calls.clear()
    if not done or found is not done[-1].out or found.dtype != kind:
        return None
    return operands, done
