"""Predicting with a program that a model keeps: array speed for any module, whatever it computes.

The program is made once enough rows were asked for and kept while the model holds the same parts.
Parameters are read anew at each prediction. Where the model could depend on something that cannot
be seen from here, one row is computed by a call as well, and the two must agree.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Value, recording_anyway
from nn.inference.compiling import traced
from nn.inference.snapshot import PROGRAMS, Held, same
from nn.validation import Floats

if TYPE_CHECKING:
    from nn.module import Module

# A trace and its passes take as long as so many calls, about, and it is better to call until then.
_FEW = 16

_everywhere: weakref.WeakSet[Programs] = weakref.WeakSet()


class Programs:
    """The program of one model's outputs; copies and files of the model leave it behind."""

    def __init__(self, model: Module) -> None:
        self._owner = weakref.ref(model)
        # Threads that predict take turns: the program's parameters and buffers are its own.
        self._lock = threading.RLock()
        self._program: Any = None
        self._contents: Any = None
        self._width = 0
        self._rows = 0
        self._is_refused = False
        _everywhere.add(self)

    def __reduce__(self) -> Any:
        return _nothing, ()

    def belongs_to(self, model: Module) -> bool:
        """Whether this is not the program of a model that the given one was copied from."""
        return self._owner() is model

    def forked(self) -> None:
        """Begin anew in a forked child if another thread of the parent was at work here."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()
            self._program = self._contents = None

    def outputs(self, model: Module, X: Floats) -> Floats:
        """Return the outputs for an array of shape (samples, inputs), leaving no graph."""
        self._rows += len(X)
        # One row is called in the time it takes to look whether a program still holds true; without
        # rows a call tells how many outputs there are.
        if self._is_refused or len(X) <= 1 or (self._program is None and self._rows < _FEW):
            return by_calls(model, X)
        closed = model._self_contained()
        with self._lock:
            for _ in range(2):
                program = self._current(model, X.shape[1], closed)
                if program is None:
                    break
                program.load()
                found = program(X)
                if closed or _is_called_so(model, X, found):
                    return found
                # Something that the program took for constant has changed: once more.
                self._program = self._contents = None
            else:
                self._is_refused = True
        return by_calls(model, X)

    def outputs_at(
        self, model: Module, X: Floats, trained: Any, *, changed: bool, tried: bool
    ) -> Floats | None:
        """Return the outputs with the parameters of another program of the same model.

        Args:
            model: the model.
            X: samples, of shape (samples, inputs).
            trained: the other program.
            changed: whether the model may be another than at the last call.
            tried: whether nothing of the user's has run since a call agreed with the program.

        Returns:
            The outputs; None if the model has no program, one with other parameters, or one that a
            call contradicts.
        """
        closed = model._self_contained()
        with self._lock:
            if changed and not closed:
                # What it reads outside itself may have changed where its parts did not.
                self._program = self._contents = None
            program = self._program
            if changed or program is None:
                program = self._current(model, X.shape[1], closed)
            if program is None or (changed and program.parameters != trained.parameters):
                return None
            program.theta = trained.theta
            found = program(X)
            if closed or tried or _is_called_so(model, X, found):
                return found
            self._program = self._contents = None
            return None

    def _current(self, model: Module, width: int, closed: bool) -> Any:
        """Return the program of the model as it is now; None if there can be none."""
        if self._is_refused:
            return None
        contents = Held(model).contents
        if width == self._width and same(contents, self._contents):
            return self._program
        self._program, self._contents, self._width = None, contents, width
        owner = self._owner

        def of_one_sample(x: Any) -> Any:
            # No strong reference: the model holds its program.
            result: Any = _called(owner(), x)
            return result.tolist() if isinstance(result, np.ndarray) else result

        try:
            program, kept = traced(model, of_one_sample, [(width,)], closed=closed)
        except Exception:  # what is wrong, if anything is, a call will say
            return None
        if kept:
            # It would change at each call, and be traced anew each time.
            self._is_refused = True
            return None
        self._program = program
        return program


def _forked() -> None:
    for programs in list(_everywhere):
        programs.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def programs_of(model: Module) -> Programs:
    """Return what a model keeps its program in."""
    found: Any = vars(model).get(PROGRAMS)
    if found is None or not found.belongs_to(model):
        found = vars(model)[PROGRAMS] = Programs(model)
    return found


def by_calls(model: Module, X: Floats) -> Floats:
    """Return the outputs row by row, by calls; the graph of each is let go before the next."""
    # Without rows, a call still tells how many outputs there are.
    rows = X.tolist() if len(X) else np.zeros((1, X.shape[1])).tolist()
    # A model may take derivatives of what it computes, and recording takes less time than
    # `no_grad`: 143 us a row of an MLP([10, 16, 16, 2]), against 180.
    with recording_anyway():
        results = [numbers_of(model(row)) for row in rows]
    return np.array(results, dtype=np.float64)[: len(X)]


def _called(model: Any, x: Any) -> Any:
    return model(x)


def _is_called_so(model: Module, X: Floats, found: Floats) -> bool:
    """Whether a call of one of the rows gives what a program found for it."""
    # The fullest of some rows: at one of zeros much that has changed makes no odds.
    row = int(np.count_nonzero(X[:_FEW], axis=1).argmax())
    return _agree(found[row], by_calls(model, X[row : row + 1])[0], np.abs(found).max())


def _agree(found: Any, expected: Any, scale: float) -> bool:
    """Whether two rows of results of a scale are the same up to rounding, however sums went."""
    return np.shape(found) == np.shape(expected) and bool(
        np.allclose(found, expected, rtol=1e-6, atol=1e-9 * min(1.0, scale), equal_nan=True)
    )


def numbers_of(result: Any) -> Any:
    """Return what a model returned with numbers in place of Values."""
    if isinstance(result, list | tuple | np.ndarray):
        return [numbers_of(x) for x in result]  # pyright: ignore[reportUnknownVariableType]
    return result.data if isinstance(result, Value) else result


def _nothing() -> None:
    """Return what stands for a program in a copy of the model."""
