"""Predicting with a program that a model keeps: array speed for any module.

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
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd import TraceError, Value, recording_anyway
from nn.data.large.mapped import parts
from nn.elsewhere.choice import ELSEWHERE, ENGINES, check_where, elsewhere
from nn.inference.compiling import Compiled, compiled
from nn.inference.modes import Mode
from nn.inference.snapshot import PROGRAMS, Model, Snapshot
from nn.validation import Floats, Native, look_up

# A trace and its passes take as long as this many calls, about, and it is better to call until
# then.
_FEW = 16

_everywhere: weakref.WeakSet[Programs] = weakref.WeakSet()


class Means(NamedTuple):
    """How outputs are computed, in the words of `predict`."""

    engine: str = "auto"
    native: Native = "auto"
    devices: Any = None
    device: Any = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that are not the usual ones: a `predict` of a user's own may take none.

        >>> Means("torch", device="cuda").given
        {'engine': 'torch', 'device': 'cuda'}
        """
        usual = Means()
        return {
            name: x
            for name, x, y in zip(self._fields, self, usual, strict=True)
            if type(x) is not type(y) or x != y
        }


class Programs:
    """The program of one model's outputs; copies and files of the model leave it behind."""

    def __init__(self, model: Model) -> None:
        self._owner = weakref.ref(model)
        # Threads that predict take turns: the program's parameters and buffers are its own.
        self._lock = threading.RLock()
        self._compiled: Compiled | None = None
        self._shape: tuple[int, ...] = ()
        # Of the outputs for one sample: those of a sequence are rows.
        self._form: tuple[int, ...] = ()
        self._rows = 0
        # What was said of native code to the program that there is.
        self._native: Native = "auto"
        self._is_refused = False
        # Why there is none.
        self._why: Exception | str = ""
        # The program on devices of another library, by what was asked for.
        self._runs: dict[str, tuple[Any, Callable[..., Floats]]] = {}
        _everywhere.add(self)

    def __reduce__(self) -> Any:
        return _nothing, ()

    @property
    def program(self) -> Any:
        """The program; None if there is none."""
        return self._compiled and self._compiled.program

    def belongs_to(self, model: Model) -> bool:
        """Whether this is not the program of a model that the given one was copied from."""
        return self._owner() is model

    def forked(self) -> None:
        """Begin anew in a forked child if another thread of the parent was at work here."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()
            self.forget()

    def forget(self) -> None:
        """Make another program next time: the world outside the model may have changed."""
        self._compiled = None

    def outputs(
        self,
        model: Model,
        X: Floats,
        trained: Any = None,
        *,
        tried: bool = False,
        run: Callable[[Any, Floats], Floats] | None = None,
        native: Native = "auto",
    ) -> Floats:
        """Return the outputs for an array of samples, leaving no graph.

        Args:
            model: the model.
            X: the samples, along the first axis.
            trained: another program of the model, whose parameters are those of the Values.
            tried: whether nothing of the user's has run since this was last asked.
            run: computes a program's values for samples, if it is not to be called.
            native: whether the program is to run as C.

        Raises:
            RuntimeError: with native=True, if there is no C compiler or no program.
        """
        self._rows += len(X)
        # One row is called in the time it takes to look whether a program still holds true; without
        # rows a call tells how many outputs there are.
        few = len(X) <= 1 or (self.program is None and self._rows < _FEW)
        if not len(X) or ((self._is_refused or few) and native is not True):
            return by_calls(model, X)
        with self._lock:
            tried = tried and self.program is not None
            closed = tried or model._self_contained()
            for _ in range(2):
                program = self.program if tried else self._current(model, X.shape[1:], closed)
                if program is not None and native != self._native:
                    program.choose(native)
                    self._native = native
                if program is None:
                    break
                if trained is None:
                    program.load()
                elif tried or program.parameters == trained.parameters:
                    program.theta = trained.theta
                else:
                    self.forget()
                    continue
                rows = [run(program, part) if run else program(part) for part in parts(X)]
                found = np.concatenate(rows) if len(rows) > 1 else rows[0]
                found = found.reshape(len(X), *self._form)
                if closed or _is_called_so(model, X, found):
                    return found
                # Something that the program took for constant has changed: once more.
                self.forget()
            else:
                self._is_refused = True
        if native is True:
            raise RuntimeError(
                f"native=True asks for C, and {type(model).__name__} cannot be compiled: leave it "
                "out, and calls compute what a program cannot"
            )
        return by_calls(model, X)

    def outputs_by(self, means: Means, model: Model, X: Floats, *, tried: bool = False) -> Floats:
        """Return the outputs as `outputs` does, by the engine of that name.

        Raises:
            ValueError: if there is none of that name, or it has no such devices.
            TraceError: if the model cannot be compiled, and the engine runs programs.
            ImportError: if its library is not installed, with what to install.
        """
        engine, native, devices, device = means
        look_up("engine", engine, dict.fromkeys(ENGINES))
        check_where(engine, devices, device)
        if engine == "auto":
            return self.outputs(model, X, tried=tried, native=native)
        if native is True and engine != "compiled":
            raise ValueError(
                "native=True asks for C, which a compiled program becomes: write engine='compiled'"
            )
        if engine == "eager" or not len(X):
            return by_calls(model, X)
        with self._lock:
            closed = model._self_contained()
            if not closed:
                self.forget()  # it may depend on anything
            program = self._current(model, X.shape[1:], closed)
            if program is None:
                raise TraceError(
                    f"engine={engine!r} runs programs, and {type(model).__name__} has none: "
                    f"{self._why}. Write engine='eager'"
                )
            program.load()
            run: Callable[..., Floats] = program
            if engine in ELSEWHERE:
                run = self._run_on(engine, program, devices, device)
            elif native != self._native:
                program.choose(native)
                self._native = native
            return np.concatenate([run(part) for part in parts(X)]).reshape(len(X), *self._form)

    def _run_on(self, engine: str, program: Any, devices: Any, device: Any) -> Callable[..., Any]:
        """Return what computes the program's values on devices of another library."""
        asked = f"{engine} {devices} {device}"
        known = self._runs.get(asked)
        if known is not None and known[0] is program:
            return known[1]
        there: Any = elsewhere(engine, devices, device)
        values = there.values(program)

        def run(X: Floats) -> Floats:
            try:
                return values(X)
            except Exception as error:
                raise there.told(error) from error

        self._runs[asked] = program, run
        return run

    def _current(self, model: Model, shape: tuple[int, ...], closed: bool) -> Any:
        """Return the program of the model as it is now; None if there can be none."""
        known = self._compiled
        if known is not None and shape == self._shape and known.is_of(model):
            return known.program
        owner, form = self._owner, self._form

        def of_one_sample(x: Any) -> Any:
            nonlocal form
            # No strong reference, neither to the model nor to this: they hold the program.
            called: Any = owner()
            with Mode(called, training=False):
                result = called(x)
            flat, form = _flat(result.tolist() if isinstance(result, np.ndarray) else result)
            return flat

        contents = Snapshot(model).contents
        try:
            found = compiled(model, of_one_sample, [shape], closed=closed)
        except Exception as error:  # what is wrong, if anything is, a call will say
            # Not tried again as long as the model is the same.
            found, self._why = Compiled(None, contents, closed), error
        self._form = form
        # One that keeps something changes at each call, and would be traced anew each time.
        self._is_refused = bool(found.kept)
        self._native = "auto"
        self._why = found.kept or self._why
        self._compiled, self._shape = (None if found.kept else found), shape
        return self.program


def _forked() -> None:
    for programs in list(_everywhere):
        programs.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def programs_of(model: Model) -> Programs:
    """Return the keeper of a model's program."""
    found: Any = vars(model).get(PROGRAMS)
    if found is None or not found.belongs_to(model):
        found = vars(model)[PROGRAMS] = Programs(model)
    return found


def by_calls(model: Model, X: Floats) -> Floats:
    """Return the outputs row by row, by calls in eval mode; no graph outlives its row."""
    # Without rows, a call still tells the number of outputs.
    rows = X.tolist() if len(X) else np.zeros((1, *X.shape[1:])).tolist()
    # A model may take derivatives of its own results, and recording takes less time than
    # `no_grad`: 143 us a row of an MLP([10, 16, 16, 2]), against 180.
    with recording_anyway(), Mode(model, training=False):
        results = [numbers_of(model(row)) for row in rows]
    try:
        return np.array(results, dtype=np.float64)[: len(X)]
    except ValueError:
        raise ValueError(
            f"{type(model).__name__} returns lists of several lengths, which make no array: let it "
            "return as many numbers for each sample and in each row, or call it sample by sample"
        ) from None


def _is_called_so(model: Model, X: Floats, found: Floats) -> bool:
    """Whether a call of one of the rows gives the numbers that a program found."""
    # The fullest of some rows: at one of zeros much that has changed makes no odds.
    row = int(np.count_nonzero(X[:_FEW].reshape(len(X[:_FEW]), -1), axis=1).argmax())
    here, expected = found[row], by_calls(model, X[row : row + 1])[0]
    # The same up to rounding, however sums went.
    tolerance = 1e-9 * min(1.0, np.abs(found).max())
    return np.shape(here) == np.shape(expected) and bool(
        np.allclose(here, expected, rtol=1e-6, atol=tolerance, equal_nan=True)
    )


def _flat(result: Any) -> tuple[list[Any], tuple[int, ...]]:
    """Return a model's result as one list, and the shape that it has.

    Raises:
        ValueError: if it has none: lists in it are of several shapes.
    """
    if not isinstance(result, list | tuple):
        return [result], ()
    parts = [_flat(x) for x in result]  # pyright: ignore[reportUnknownVariableType]
    if len({shape for _, shape in parts}) > 1:
        raise ValueError("the outputs of a model are lists of different shapes")
    return [x for flat, _ in parts for x in flat], (len(parts), *(parts[0][1] if parts else ()))


def numbers_of(result: Any) -> Any:
    """Return a model's result with numbers in place of Values."""
    if isinstance(result, list | tuple | np.ndarray):
        return [numbers_of(x) for x in result]  # pyright: ignore[reportUnknownVariableType]
    return result.data if isinstance(result, Value) else result


def _nothing() -> None:
    """Return None, which stands for a program in a copy of the model."""
