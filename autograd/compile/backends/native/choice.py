"""Whether a program runs as C: by what the user says, what NumPy's calls cost, and what compiles.

It is chosen for each task once, before that runs first, and a program says which it was and why.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from autograd.compile.arrays.ir import Task, Work
from autograd.compile.arrays.roll import levels
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


class Rollable(Protocol):
    """A program as statements, as far as it is one."""

    def work(self, task: Task) -> Work:
        """Return what a task runs."""
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
        value: the graph that computes the values.
        derived: gives the graph that computes all derivatives behind the value.
        rolled: gives the statements; None for a graph that is not rolled.
        sizes: of the arguments.
        widths: how many derivatives each gradient has.
        kind: the dtype's character.
        mean: whether gradients are means over the samples.

    Attributes:
        why: the reason for the last choice.
    """

    def __init__(
        self,
        wanted: Wanted,
        value: Graph,
        derived: Callable[[], Graph],
        rolled: Callable[[], Rollable | None],
        sizes: Sequence[int],
        widths: Sequence[int],
        kind: str,
        *,
        mean: bool,
    ) -> None:
        self._wanted = wanted
        self._value, self._derived, self._rolled = value, derived, rolled
        self._sizes, self._widths = sizes, widths
        self._kind, self._mean = kind, mean
        self._chosen: dict[Task, NativeText | None] = {}
        # How many calls, of how many samples each, are to come; 0 where nobody knows.
        self._calls, self._batch = 0, 1
        inner = int((value.code >= 0).sum())
        self._is_deep = inner >= _DEEP and len(levels(value)) >= max(_DEEP, inner / _NARROW)
        self.why = "native=False" if wanted is False else ""
        if wanted == "auto" and os.environ.get(SWITCH, "") == "0":
            self._wanted = False
            self.why = f"{SWITCH} is 0 in the environment"

    def expect(self, calls: int, batch: int) -> None:
        """Say how many calls are to come, of how many samples: what "auto" weighs."""
        self._calls, self._batch = calls, batch

    def text(self, task: Task) -> NativeText | None:
        """Return the program in C for a task; None where NumPy runs it.

        Raises:
            RuntimeError: if C was asked for and cannot be had.
        """
        if self._wanted is False or (self._wanted == "auto" and self._is_left()):
            return None
        if task not in self._chosen:
            self._chosen[task] = self._made(task)
        return self._chosen[task]

    def is_chosen(self, task: Task) -> bool:
        """Return whether a task runs as C."""
        return self._wanted is not False and self.text(task) is not None

    def said(self, task: Task) -> str:
        """Return what runs a task and why, in a few words."""
        if self.is_chosen(task):
            return f"C, {self.why}"
        return f"NumPy: {self.why}" if self.why else "NumPy"

    def _is_left(self) -> bool:
        """Whether "auto" leaves a program to NumPy without looking at its statements."""
        if self._is_deep or self._calls:
            return False
        self.why = "it has no long chain of small steps, and nobody said how often it is called"
        return True

    def _made(self, task: Task) -> NativeText | None:
        try:
            command = compiler()
            text = self._printed(task)
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

    def _printed(self, task: Task) -> NativeText:
        """Return a task as C, in the form that suits it."""
        if self._is_deep or len(self._value.operands) <= _SMALL:
            return self._as_lines(task)
        rolled = self._rolled()
        if rolled is None:
            return self._as_lines(task)
        work = rolled.work(task)
        try:
            text = statements_text(work, mean=self._mean and task == "gradient")
        except NoCompilerError:
            if self._wanted is True:
                return self._as_lines(task)
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

    def _as_lines(self, task: Task) -> NativeText:
        graph = self._value if task == "value" else self._derived()
        lines = lines_of(graph)
        if lines.missing:
            raise NoCompilerError(f"there is no C for {', '.join(lines.missing)}")
        most = _LONG if self._wanted is True else _SHORT
        if lines.count > most:
            raise NoCompilerError(f"the program is {lines.count:,} lines of C, more than {most:,}")
        if self._wanted == "auto" and not self._is_deep:
            raise NoCompilerError("it is small: NumPy's calls are few")
        ends = np.cumsum([1, *self._widths] if task != "value" else [len(graph.outputs)])
        parts = np.split(lines.outputs, ends[:-1])
        spread = "mean" if self._mean and task == "gradient" else "each"
        results = [Returned(part, spread if i else "each") for i, part in enumerate(parts)]
        return NativeText(lines.text, lines.calls, lines.rows, lines.places, self._sizes, results)
