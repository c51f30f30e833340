"""Whether a program runs as C: by what the user says, what NumPy's calls cost, and what compiles.

It is chosen for each task once, before that runs first, and a program says which it was and why.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from autograd.compile.arrays.ir import Task
from autograd.compile.arrays.roll import levels
from autograd.compile.arrays.routine import Work
from autograd.compile.arrays.rules import Derivatives
from autograd.compile.backends.native.bound import NativeText, Returned
from autograd.compile.backends.native.compiler import NoCompilerError, compiler, library, version
from autograd.compile.backends.native.lines import lines_of
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
# Seconds, as measured: of a call of NumPy's, and by how much an operation takes longer in C, on
# arrays of many samples; of the compiler, to begin and for a line, both ways to print together.
_CALL, _OPERATION = 0.6e-6, 0.06e-9
_BEGIN, _LINE = 0.3, 0.5e-3


class Source(Protocol):
    """A program underway, as it is asked what it computes."""

    @property
    def graph(self) -> Graph:
        """What computes the values."""
        ...

    @property
    def derivatives(self) -> Derivatives:
        """What computes the derivatives behind the one value."""
        ...

    @property
    def sizes(self) -> Sequence[int]:
        """The number of elements of each argument."""
        ...

    def work(self, task: Task) -> Work | None:
        """Return the statements of a task; None of a graph that is not rolled."""
        ...


def checked_native(native: Any) -> Wanted:
    """Return what a user says of native code, or ask for one of three words.

    >>> checked_native("auto"), checked_native(True)
    ('auto', True)
    """
    kind: Any = native.__class__
    if kind in (bool, np.bool_):
        return bool(native)
    if isinstance(native, str) and native == "auto":
        return "auto"
    raise ValueError(
        f"native is 'auto', True or False, got {native!r:.60}: True asks for C, False for NumPy, "
        "and 'auto' takes C where it pays and there is a compiler"
    )


class Native:
    """The choice between C and NumPy for one program.

    Args:
        wanted: what the user says.
        graph: what computes the values.
        kind: the dtype's character.
        mean: whether gradients are means over the samples.

    Attributes:
        why: the reason for the last choice.
    """

    def __init__(
        self,
        wanted: Wanted,
        graph: Graph,
        kind: str,
        *,
        mean: bool,
    ) -> None:
        self._wanted = wanted
        self._kind, self._mean = kind, mean
        self._chosen: dict[Task, NativeText | None] = {}
        # How many calls, of how many samples each, are to come; 0 where nobody knows.
        self._calls, self._batch = 0, 1
        inner = int((graph.code >= 0).sum())
        self._is_deep = inner >= _DEEP and len(levels(graph)) >= max(_DEEP, inner / _NARROW)
        self.why = "native=False" if wanted is False else ""
        if wanted == "auto" and os.environ.get(SWITCH, "") == "0":
            self._wanted = False
            self.why = f"{SWITCH} is 0 in the environment"

    def __getstate__(self) -> dict[str, Any]:
        # Another machine may have no compiler.
        return {**vars(self), "_chosen": {}}

    def expect(self, calls: int, batch: int) -> None:
        """Say how many calls are to come, of how many samples: what "auto" weighs."""
        self._calls, self._batch = calls, batch

    def text(self, task: Task, source: Source) -> NativeText | None:
        """Return the program in C for a task; None where NumPy runs it.

        Raises:
            RuntimeError: if C was asked for and cannot be had.
        """
        if self._wanted is False or (self._wanted == "auto" and self._is_left()):
            return None
        if task not in self._chosen:
            self._chosen[task] = self._made(task, source)
        return self._chosen[task]

    def said(self, task: Task, source: Source) -> str:
        """Return what runs a task and why, in a few words."""
        if self.text(task, source) is not None:
            return f"C, {self.why}"
        return f"NumPy: {self.why}" if self.why else "NumPy"

    def _is_left(self) -> bool:
        """Whether "auto" leaves a program to NumPy without looking at its statements."""
        if self._is_deep or self._calls:
            return False
        self.why = "it has no long chain of small steps, and nobody said how often it is called"
        return True

    def _made(self, task: Task, source: Source) -> NativeText | None:
        try:
            command = compiler()
            text = self._printed(task, source)
            library(text.text(self._kind), text.level)
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

    def _printed(self, task: Task, source: Source) -> NativeText:
        """Return a task as C, in the form that suits it."""
        if self._is_deep or len(source.graph.operands) <= _SMALL:
            return self._as_lines(task, source)
        work = source.work(task)
        if work is None:
            return self._as_lines(task, source)
        try:
            text = statements_text(work, mean=self._mean and task == "gradient")
        except NoCompilerError:
            if self._wanted is True:
                return self._as_lines(task, source)
            raise
        if self._wanted == "auto":
            self._weigh(work, text)
        return text

    def _weigh(self, work: Work, text: NativeText) -> None:
        """Ask whether calls of NumPy's are the cost, and whether the compiler's time comes back."""
        statements = work.statements
        saved = _CALL * len(statements) - _OPERATION * self._batch * sum(map(flops_of, statements))
        spent = _BEGIN + _LINE * text.functions.count("\n")
        if saved < 0.5 * _CALL * len(statements):
            raise NoCompilerError("its arrays are wide: NumPy's calls are not the cost")
        if saved * self._calls < 2.0 * spent:
            raise NoCompilerError(
                f"{self._calls:,} calls would take {saved * self._calls:.1f} seconds less as C, "
                f"and the compiler {spent:.1f}"
            )

    def _as_lines(self, task: Task, source: Source) -> NativeText:
        graph = source.graph if task == "value" else source.derivatives.plain
        lines = lines_of(graph)
        if lines.missing:
            raise NoCompilerError(f"there is no C for {', '.join(lines.missing)}")
        most = _LONG if self._wanted is True else _SHORT
        if lines.count > most:
            raise NoCompilerError(f"the program is {lines.count:,} lines of C, more than {most:,}")
        if self._wanted == "auto" and not self._is_deep:
            raise NoCompilerError("it is small: NumPy's calls are few")
        ends = np.cumsum(
            [1, *source.derivatives.widths] if task != "value" else [len(graph.outputs)]
        )
        parts = np.split(lines.outputs, ends[:-1])
        spread = "mean" if self._mean and task == "gradient" else "each"
        results = [Returned(part, spread if i else "each") for i, part in enumerate(parts)]
        sizes = source.sizes
        return NativeText(lines.text, lines.calls, lines.rows, lines.places, sizes, results)
