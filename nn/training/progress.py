"""The bar of `fit`: on a terminal, in a cell of a notebook, and nowhere else.

A notebook's stderr is no terminal, so there the bar's text is shown by messages to the cell that
runs, each in place of the one before, and the last one is empty. What such a kernel publishes with
is found in IPython where that runs; nothing is imported for it.
"""

import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

from tqdm import tqdm

from nn.validation import flag

Bar: TypeAlias = "tqdm[Any]"

# Of all kernels, so that a frontend which outlives one does not take a bar for that of another.
_KERNEL = uuid.uuid4().hex
# The displays that there are: one for each cell that ran.
_displays: set[str] = set()
# Seconds between two messages: servers cut off a kernel that sends a thousand a second.
_PAUSE = 0.1


class CellText:
    """A line of text in the output of the cell that runs: what is written replaces it.

    It is as much of a file as tqdm asks for. Several bars of one cell follow each other in the same
    place, so a loop over `fit` leaves one empty output in the notebook and not one for each run.

    Args:
        shell: the kernel's shell.
    """

    encoding = "utf-8"

    def __init__(self, shell: Any) -> None:
        self._publish: Callable[..., object] = shell.display_pub.publish
        self._display = f"chalkgrad-{_KERNEL}-{shell.execution_count}"
        self._above: list[str] = []
        self._shown_at: float | None = None

    def add_above(self, line: str) -> None:
        """Show a line above the bar, from the next time that it is written."""
        self._above.append(line)
        self._shown_at = None

    def write(self, text: str) -> None:
        """Show a line in place of the one before, if that is old; an empty one takes it away."""
        line, now = text.strip("\r\n "), time.monotonic()
        if line:
            if self._shown_at is None or now - self._shown_at >= _PAUSE:
                self._shown_at = now
                self._show({"text/plain": "\n".join([*self._above, line])})
        elif self._shown_at is not None:
            self._shown_at = None
            self._show({})

    def _show(self, data: dict[str, str]) -> None:
        known = self._display in _displays
        _displays.add(self._display)
        self._publish(data, {}, transient={"display_id": self._display}, update=known)

    def flush(self) -> None:
        """Do nothing: a message is on its way as soon as it is published."""


def cell_text() -> CellText | None:
    """Return the text of the cell that runs, or None where no cell shows what is published.

    IPython in a terminal prints what is published; `%%capture` keeps it.
    """
    ipython: Any = sys.modules.get("IPython")
    publishing: Any = sys.modules.get("IPython.core.displaypub")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or publishing is None:
        return None
    printing = (publishing.DisplayPublisher, publishing.CapturingDisplayPublisher)
    return None if type(shell.display_pub) in printing else CellText(shell)


def bar_of(progress: object, total: int | None) -> Bar:
    """Return the bar of a run of so many batches; silent where nobody would see it, or asks not to.

    Where it is not known how many there are, None, it counts them.

    Raises:
        TypeError: if progress is neither True nor False.
    """
    if not flag("progress", progress):
        return tqdm(total=total, disable=True)
    cell = cell_text()
    # `disable` of None: silent unless stderr is a terminal.
    place: dict[str, Any] = {"disable": None} if cell is None else {"file": cell, "leave": False}
    return tqdm(total=total, desc="Training", unit="batch", **place)


def say_above(bar: Bar, note: str) -> None:
    """Show a note above a bar that is shown."""
    if not note or bar.disable:
        return
    above = getattr(bar.fp, "add_above", None)  # of a CellText, which tqdm wraps
    if above is not None:
        above(note)
        bar.refresh()
    else:
        bar.write(note, file=sys.stderr)
