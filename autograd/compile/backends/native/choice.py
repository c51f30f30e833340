"""Whether a program runs as C: by what the user says, what NumPy's calls cost, and what compiles.

It is chosen for each task once, before that runs first, and a program says which it was and why.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from autograd.compile.arrays.ir import Task
from autograd.compile.arrays.roll import levels
from autograd.compile.backends.native.bound import NativeText, Returned
from autograd.compile.backends.native.compiler import NoCompilerError, compiler, library, version
from autograd.compile.backends.native.lines import lines_of
from autograd.compile.graph.graph import Graph
from autograd.errors import TraceError

# True asks for C or an error, False for NumPy; "auto" is C where it pays.
Wanted: TypeAlias = Literal["auto"] | bool

# Where this environment variable is 0, "auto" is NumPy.
SWITCH = "CHALKGRAD_NATIVE"

# NumPy's calls are the cost where a graph has so many levels, of so few nodes each.
_DEEP, _NARROW = 150, 8.0
# Lines of C that "auto" gives to the compiler, half a second of its time; and that anybody may.
_SHORT, _LONG = 3_000, 60_000


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
        graph: of a task, computes the values, and for gradients all derivatives behind them.
        sizes: of the arguments.
        widths: how many values there are, and how many derivatives in each gradient.
        mean: whether gradients are means over the samples.
        kind: the dtype's character.

    Attributes:
        why: the reason for the last choice.
    """

    def __init__(
        self,
        wanted: Wanted,
        value: Graph,
        derived: Callable[[], Graph],
        sizes: Sequence[int],
        widths: Sequence[int],
        kind: str,
        *,
        mean: bool,
    ) -> None:
        self._wanted = wanted
        self._value, self._derived = value, derived
        self._sizes, self._widths = sizes, widths
        self._kind, self._mean = kind, mean
        self._chosen: dict[Task, NativeText | None] = {}
        self.why = "native=False" if wanted is False else ""
        if wanted == "auto":
            off = os.environ.get(SWITCH, "") == "0"
            self.why = f"{SWITCH} is 0 in the environment" if off else self._unfit()
            if self.why:
                self._wanted = False

    def _unfit(self) -> str:
        """Return why "auto" leaves a graph to NumPy; "" if it does not."""
        inner = int((self._value.code >= 0).sum())
        if inner < _DEEP:
            return "small: its NumPy calls are few"
        deep = len(levels(self._value))
        if deep < _DEEP or inner > _NARROW * deep:
            return "its arrays are wide: NumPy's calls are not the cost"
        return ""

    def text(self, task: Task) -> NativeText | None:
        """Return the program in C for a task; None where NumPy runs it.

        Raises:
            RuntimeError: if C was asked for and cannot be had.
        """
        if self._wanted is False:
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

    def _made(self, task: Task) -> NativeText | None:
        try:
            command = compiler()
            text = self._printed(task)
            library(text.text(self._kind))
            self.why = f"compiled by {version(command)}"
            return text
        except TraceError:
            return None  # whoever asks for a gradient is told
        except NoCompilerError as error:
            if self._wanted is True:
                raise RuntimeError(
                    f"native=True asks for C, and {error}: install one or name it in CC, or write "
                    "native='auto', which takes NumPy then"
                ) from None
            self.why = str(error)
            return None

    def _printed(self, task: Task) -> NativeText:
        graph = self._value if task == "value" else self._derived()
        lines = lines_of(graph)
        if lines.missing:
            raise NoCompilerError(f"there is no C for {', '.join(lines.missing)}")
        most = _LONG if self._wanted is True else _SHORT
        if lines.count > most:
            raise NoCompilerError(f"the program is {lines.count:,} lines of C, more than {most:,}")
        ends = np.cumsum(self._widths if task != "value" else [len(graph.outputs)])
        parts = np.split(lines.outputs, ends[:-1])
        spread = "mean" if self._mean and task == "gradient" else "each"
        results = [Returned(part, spread if i else "each") for i, part in enumerate(parts)]
        return NativeText(lines.text, lines.calls, lines.rows, lines.places, self._sizes, results)
