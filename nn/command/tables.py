"""Tables of one's own: a file of comma-separated values as samples and targets.

A sample is a line, and its target the last cell: a number, or the name of a class where all are
text. Whatever else stands in the file is refused by its row and column.
"""

from dataclasses import dataclass

import numpy as np

from nn.command.subcommand import Refusal
from nn.datasets import read_csv
from nn.report.sources import in_words
from nn.validation import Array, Floats

# The squares of larger numbers leave the floats.
_LARGEST = 1e150


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
    """Return what a file holds, as `nn.datasets.read_csv` reads it.

    Args:
        name: the file.

    Raises:
        Refusal: where it holds anything else, naming the row and the column.
    """
    try:
        frame = read_csv(name)
    except FileNotFoundError:
        raise Refusal(f"there is no file {name}") from None
    except (ValueError, OSError) as error:
        raise Refusal(in_words(str(error).partition(", or leave those lines")[0])) from None
    columns = frame.columns
    if len(frame) < 2 or len(columns) < 2:
        raise Refusal(
            f"{name} must hold at least two lines of at least two numbers, a sample a line, the "
            "target last"
        )
    *inputs, target = columns
    y = frame[target]
    if y.dtype.kind != "U" or any(map(_is_number, y.tolist())):
        y = _numbers(name, target, y)
    X = np.column_stack([_numbers(name, column, frame[column]) for column in inputs])
    if columns == [f"column_{i}" for i in range(1, len(columns) + 1)]:
        return SampleTable(X, y, [], "")
    return SampleTable(X, y, inputs, target)


def _numbers(name: str, column: str, cells: Array) -> Floats:
    """Return a column as numbers."""
    if cells.dtype.kind == "U":
        texts = cells.tolist()
        row = next(i for i, cell in enumerate(texts) if not _is_number(cell))
        raise _no_number(name, column, row, texts[row])
    numbers = cells.astype(np.float64)
    if not (finite := np.isfinite(numbers)).all():
        row = int(np.argmin(finite))
        raise _no_number(name, column, row, str(numbers[row]))
    if (large := np.abs(numbers) > _LARGEST).any():
        row = int(np.argmax(large))
        raise Refusal(
            f"{numbers[row]:g} in row {row + 1} of column {column!r} of {name} is beyond "
            f"{_LARGEST:g}: write it in a larger unit"
        )
    return numbers


def _no_number(name: str, column: str, row: int, cell: str) -> Refusal:
    return Refusal(
        f"{cell!r:.40} in row {row + 1} of column {column!r} of {name} is no finite number: write "
        "classes as 0, 1, 2 or all of them as text, and leave out columns of text"
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
