"""Whether a program runs as C: by what the user says, what NumPy's calls cost, and what compiles.

It is chosen for each task once, before that runs first, and a program says which it was and why.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from autograd.compile.arrays.ir import Task
from autograd.compile.arrays.routine import Work
from autograd.compile.arrays.rules import Derivatives
from autograd.compile.backends.native.bound import NativeText, Returned
from autograd.compile.backends.native.compiler import NoCompilerError, compiler, library, version
from autograd.compile.backends.native.lines import lines_of
from autograd.compile.backends.native.spelling import lanes
from autograd.compile.backends.native.statements import statements_text
from autograd.compile.graph.graph import Graph
from autograd.compile.report import flops_of
from autograd.errors import TraceError

# True asks for C or an error, False for NumPy; "auto" is C where it pays.
Wanted: TypeAlias = Literal["auto"] | bool

# Where this environment variable is 0, "auto" is NumPy.
SWITCH = "CHALKGRAD_NATIVE"

# NumPy's calls are the cost where a graph has so many levels, of so few nodes each.
_DEEP, _NARROW = 150, 8.0
# Graphs of so few operands are printed node by node whatever their form.
_SMALL = 500
# Lines of C that "auto" gives to the compiler, half a second of its time; and that anybody may.
_SHORT, _LONG = 3_000, 60_000
# Of more statements, steps of a recurrence are looked for, in graphs of up to so many operands; and
# so many are too many for "auto", and take ten seconds.
_MANY, _STEPS, _TOO_MANY = 600, 150_000, 3_000
# Seconds, as measured: of a call of NumPy's, and by how much an operation takes longer in C, on
# arrays of many samples; of the compiler, to begin and for a statement.
_CALL, _OPERATION = 0.6e-6, 0.06e-9
_BEGIN, _STATEMENT = 0.2, 3e-3


def checked_native(native: Any) -> Wanted:
    """Return what somebody wants of native code, or ask for one of three words.

    >>> checked_native("auto"), checked_native(True)
    ('auto', True)
    """
    if isinstance(native, bool) or (isinstance(native, str) and native == "auto"):
        return native
    raise ValueError(
        f"native is 'auto', True or False, got {native!r:.60}: True asks for C, False for NumPy, "
        "and 'auto' takes C where it pays and there is a compiler"
    )


class Source(Protocol):
    """A program underway, as it is asked what it computes."""

    @property
    def graph(self) -> Graph:
        """What computes the values."""
        ...

    def derived(self) -> Derivatives:
        """Return what computes the derivatives behind the one value."""
        ...

    @property
    def sizes(self) -> Sequence[int]:
        """The number of elements of each argument."""
        ...

    def work(self, task: Task) -> Work | None:
        """Return the statements of a task; None of a graph that is not rolled."""
        ...


class Native:
    """The choice between C and NumPy for one program.

    Args:
        wanted: what the user says.
        inner: how many nodes compute the values.
        deep: on how many levels.
        kind: the dtype's character.
        mean: whether gradients are means over the samples.

    Attributes:
        why: the reason for the last choice.
        is_deep: whether a graph has many levels of few nodes each, and is printed node by node.
        is_plain: whether the reason is that "auto" does not look for a compiler at all, or would
            not gain by one.
    """

    def __init__(
        self,
        wanted: Wanted,
        inner: int,
        deep: int,
        kind: str,
        *,
        mean: bool,
    ) -> None:
        self._kind, self._mean = kind, mean
        self._chosen: dict[Task, NativeText | None] = {}
        # Of each task, a library for each number of lanes that it was compiled for.
        self._libraries: dict[Task, dict[int, Any]] = {}
        self.is_deep = inner >= _DEEP and deep >= max(_DEEP, inner / _NARROW)
        self.want(wanted)

    def __getstate__(self) -> dict[str, Any]:
        # Another machine may have no compiler.
        return {**vars(self), "_chosen": {}, "_libraries": {}}

    def want(self, wanted: Wanted, calls: int = 0, batch: int = 0) -> None:
        """Begin anew with what the user says.

        Args:
            wanted: that.
            calls: how many are to come, which "auto" weighs against the time of the compiler; 0
                where nobody knows.
            batch: of how many samples; 0 where nobody knows.
        """
        self._wanted = wanted
        self._chosen.clear()
        self._calls, self._batch = calls, batch
        self.is_plain = wanted == "auto"
        self.why = "native=False" if wanted is False else ""
        if wanted == "auto" and os.environ.get(SWITCH, "") == "0":
            self._wanted = False
            self.why = f"{SWITCH} is 0 in the environment"

    def text(self, task: Task, source: Source, batch: int = 2) -> NativeText | None:
        """Return the program in C for a task, first of so many samples; None where NumPy runs it.

        Raises:
            RuntimeError: if C was asked for and cannot be had.
        """
        if self._wanted is False or (self._wanted == "auto" and self._is_left(task)):
            return None
        if task not in self._chosen:
            self._chosen[task] = self._made(task, source, batch)
        return self._chosen[task]

    def library(self, task: Task, batch: int) -> tuple[int, Any]:
        """Return how many samples of a task that runs as C stand side by side, and its library.

        One sample takes what there is; more have a library of their own made, if it can be.
        """
        known, count, text = self._libraries[task], lanes(self._kind, batch), self._chosen[task]
        if count not in known and batch > 1 and text is not None:
            with contextlib.suppress(NoCompilerError):
                known[count] = library(text.text(self._kind, count), text.level)
        return (count, known[count]) if count in known else next(iter(known.items()))

    def said(self, task: Task, source: Source) -> str:
        """Return what runs a task and why, in a few words."""
        if self.text(task, source) is not None:
            return f"C, {self.why}"
        return f"NumPy: {self.why}" if self.why else "NumPy"

    def _is_left(self, task: Task) -> bool:
        """Whether "auto" leaves a task to NumPy without looking at its statements."""
        if self.is_deep:
            return False
        self.why = "it has no long chain of small steps, and nobody said how often it is called"
        return task != "gradient" or not self._calls

    def _made(self, task: Task, source: Source, batch: int) -> NativeText | None:
        work = None if self.is_deep else source.work(task)
        if work is not None and self._wanted == "auto":
            self.why = self._loses(work)
            if self.why:
                return None
        if len(source.graph.operands) <= _SMALL:
            work = None  # printed node by node
        self.is_plain = False
        try:
            command = compiler()
            text = self._printed(task, source, work)
            count = lanes(self._kind, self._batch or batch)
            self._libraries[task] = {count: library(text.text(self._kind, count), text.level)}
            self.why = f"compiled by {version(command)}"
            return text
        except TraceError:
            return None  # whoever asks for a gradient is told
        except NoCompilerError as error:
            if self._wanted is True:
                raise RuntimeError(
                    f"native=True asks for C, and {error}: write native='auto', which takes NumPy "
                    "then, or native=False"
                ) from None
            self.why = str(error)
            return None

    def _printed(self, task: Task, source: Source, work: Work | None) -> NativeText:
        """Return a task as C, by its statements if there are any."""
        if work is None:
            return self._as_lines(task, source, _LONG if self._wanted is True else _SHORT)
        count = len(work.statements)
        if count > _MANY and len(source.graph.operands) <= _STEPS:
            # The steps of a recurrence may be a loop over nodes, where statements are many.
            with contextlib.suppress(NoCompilerError):
                return self._as_lines(task, source, _SHORT)
        if count > _TOO_MANY and self._wanted == "auto":
            raise NoCompilerError(f"the program is {count:,} statements, more than {_TOO_MANY:,}")
        try:
            return statements_text(work, mean=self._mean and task == "gradient")
        except NoCompilerError:
            if self._wanted is True:
                return self._as_lines(task, source, _LONG)
            raise

    def _loses(self, work: Work) -> str:
        """Return why statements are left to NumPy: arrays so wide, or calls so few; or ""."""
        count = len(work.statements)
        calls = _CALL * count
        saved = calls - _OPERATION * max(1, self._batch) * sum(map(flops_of, work.statements))
        if saved < 0.5 * calls:
            return "its arrays are wide: NumPy's calls are not the cost"
        if saved * self._calls < 2.0 * (_BEGIN + _STATEMENT * count):
            return f"{self._calls:,} calls are too few for what the compiler takes"
        return ""

    def _as_lines(self, task: Task, source: Source, most: int) -> NativeText:
        graph = source.graph if task == "value" else source.derived().plain
        lines = lines_of(graph)
        if lines.missing:
            raise NoCompilerError(f"there is no C for {', '.join(lines.missing)}")
        if lines.count > most:
            raise NoCompilerError(f"the program is {lines.count:,} lines of C, more than {most:,}")
        ends = np.cumsum([1, *source.derived().widths] if task != "value" else [len(graph.outputs)])
        parts = np.split(lines.outputs, ends[:-1])
        spread = "mean" if self._mean and task == "gradient" else "each"
        results = [Returned(part, spread if i else "each") for i, part in enumerate(parts)]
        sizes = source.sizes
        return NativeText(lines.text, lines.calls, lines.rows, lines.places, sizes, results)
