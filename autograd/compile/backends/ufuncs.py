"""Runs an array function once on arrays without numbers, and writes down the ufuncs it calls.

What NumPy has no name for, as softplus, is a short function of ufuncs in `numeric.py`; called as it
is, it makes a new array for each. Written down, every one of them gets a place.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# NumPy's stubs leave the types of these array expressions open.

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


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
