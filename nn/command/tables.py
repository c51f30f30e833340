"""Tables of one's own: a file of comma-separated values as samples and targets.

A sample is a line, and its target the last cell: a number, or the name of a class where all are
text. Whatever else stands in the file is refused by its line.
"""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nn.command.subcommand import Refusal
from nn.validation import Array, Floats

# The squares of larger numbers leave the floats.
_LARGEST = 1e150

# The cells of a line of the file, and which it is.
_Line = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class SampleTable:
    """What a file holds.

    Attributes:
        X: the inputs, of shape (samples, inputs).
        y: the targets: floats, or text.
        columns: the names of the inputs, if the file has a line of names.
        target: that of the target; "" if it has none.
    """

    X: Floats
    y: Array
    columns: list[str]
    target: str


def read_table(name: str) -> SampleTable:
    """Return what a file holds.

    Args:
        name: the file. Its cells are separated by commas, semicolons or tabs.

    Raises:
        Refusal: where it holds anything else, naming the line.
    """
    lines = _lines(name)
    heads = [cell.strip() for cell in lines.pop(0)[1]] if _is_head(lines) else []
    if len(lines) < 2 or len(lines[0][1]) < 2:
        raise Refusal(
            f"{name} must hold at least two lines of at least two numbers, a sample a line, the "
            "target last"
        )
    width = len(heads or lines[0][1])
    for line, cells in lines:
        if len(cells) != width:
            raise Refusal(f"line {line} of {name} has {len(cells)} cells, and others {width}")
    last = [cells[-1].strip() for _, cells in lines]
    if all(cell and _number(cell) is None for cell in last):
        X = _numbers(name, [(line, cells[:-1]) for line, cells in lines])
        return SampleTable(X, np.array(last), heads[:-1], heads[-1] if heads else "")
    numbers = _numbers(name, lines)
    return SampleTable(numbers[:, :-1], numbers[:, -1], heads[:-1], heads[-1] if heads else "")


def _lines(name: str) -> list[_Line]:
    """Return the lines of a file that are not empty."""
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(f"{name} is no text in UTF-8: save it as CSV again") from None
    except FileNotFoundError:
        raise Refusal(f"there is no file {name}") from None
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    mark = max(",;\t", key=first.count)
    try:
        rows = [*csv.reader(lines, delimiter=mark)]
    except csv.Error as error:
        raise Refusal(f"{name} cannot be read as CSV: {error}") from None
    return [(i + 1, row) for i, row in enumerate(rows) if any(row)]


def _is_head(lines: list[_Line]) -> bool:
    """Whether the first line has names: text above inputs, or above targets that are numbers."""
    if not lines:
        return False
    *inputs, target = lines[0][1]
    if any(_number(cell) is None for cell in inputs):
        return True
    below = lines[1][1][-1] if len(lines) > 1 else "0"
    return _number(target) is None and _number(below) is not None


def _numbers(name: str, lines: list[_Line]) -> Floats:
    """Return the numbers of some cells."""
    found: list[list[float]] = []
    for line, cells in lines:
        numbers = [(cell, _number(cell)) for cell in cells]
        for cell, x in numbers:
            if x is None or not math.isfinite(x):
                raise Refusal(
                    f"{cell!r:.40} in line {line} of {name} is no finite number: write classes as "
                    "0, 1, 2 or all of them as text, and leave out lines with gaps"
                )
            if abs(x) > _LARGEST:
                raise Refusal(
                    f"{cell!r:.40} in line {line} of {name} is beyond {_LARGEST:g}: write it in a "
                    "larger unit"
                )
        found.append([x for _, x in numbers if x is not None])
    return np.array(found)


def _number(cell: str) -> float | None:
    """Return the number that a cell holds, finite or not; None for text."""
    try:
        return float(cell)
    except ValueError:
        return None
