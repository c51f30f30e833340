"""Frames: columns by name, and every cell that is no number told by its column and row.

pandas' and polars' frames and series, and those of `nn.datasets.read_csv`, are known by what they
can do; none of those libraries is imported.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.data.large.mapped import Mapped
from nn.validation import Array, numeric

# Columns that an error names, at most.
_SHOWN = 6


def is_frame(x: Any) -> bool:
    """Whether something is a table with named columns."""
    if isinstance(x, np.ndarray) or not hasattr(x, "columns"):
        return False
    return hasattr(x, "to_numpy") and hasattr(x, "shape") and len(x.shape) == 2


def names_of_columns(x: Any) -> tuple[str, ...]:
    """Return the names of a frame's columns; () for what has none, or where some are no text.

    Raises:
        ValueError: if a name stands there twice.
    """
    if not is_frame(x):
        return ()
    names: list[Any] = [*x.columns]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"X has several columns called {_listed(twice)}: give each its own name")
    return tuple(names) if all(isinstance(name, str) for name in names) else ()


def in_order(x: Any, names: Sequence[str]) -> Any:
    """Return a frame with the columns of some names, in their order; what is no frame as it is.

    One row of a pandas frame is a series of as many names, and put in order as well.

    Raises:
        ValueError: naming the columns that are missing or too many.
    """
    here = names_of_columns(x) or _names_of_row(x)
    if not here or not names or here == tuple(names):
        return x
    missing = [name for name in names if name not in here]
    extra = [name for name in here if name not in names]
    if missing or extra:
        said = [f"lacks the column(s) {_listed(missing)}"] * bool(missing)
        said += [f"has the column(s) {_listed(extra)} besides"] * bool(extra)
        write = f"; write X[{[*names]!r}]" if not missing and len(names) <= _SHOWN else ""
        raise ValueError(
            f"X {' and '.join(said)}: the model was trained on {_listed(names)}{write}"
        )
    return x[[*names]]


def _names_of_row(x: Any) -> tuple[str, ...]:
    """Return the names of the cells of one row; () for what is none."""
    if not hasattr(x, "index") or not hasattr(x, "iloc") or len(x.shape) != 1:
        return ()
    names: list[Any] = [*x.index]
    return tuple(names) if all(isinstance(name, str) for name in names) else ()


def matrix(name: str, x: Any) -> Array:
    """Return a table as an array of numbers, of shape (samples, columns).

    Raises:
        ValueError: naming the columns that hold text or categories, or the column and the row of a
            cell that is missing or no finite number.
    """
    if not is_frame(x):
        return numeric(name, x)
    cells = columns_of(x)
    texts = [label for label, column in cells if column.dtype.kind in "OUST" and _is_text(column)]
    texts += [label for label, _ in cells if is_category(x, label) and label not in texts]
    if texts:
        raise ValueError(
            f"{name} has text or categories in the column(s) {_listed(texts)}: give fit "
            "preprocessing=nn.OneHotEncoder(), which makes a column of 0 and 1 for each, or leave "
            "them out"
        )
    numbers = [numeric(f"column {label!r} of {name}", column) for label, column in cells]
    if not numbers:
        raise ValueError(f"{name} has no columns")
    if all(column.dtype.kind == "b" for column in numbers):
        return np.column_stack(numbers)
    return np.column_stack([column.astype(np.float64) for column in numbers])


def columns_of(x: Any) -> list[tuple[Any, Array]]:
    """Return the columns of a frame with their names, as arrays of one dimension."""
    names_of_columns(x)  # refuses those that stand there twice
    return [(label, cells_of(x[label])) for label in x.columns]


def cells_of(column: Any) -> Array:
    """Return a column or a series as an array."""
    return np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)


def is_category(x: Any, label: Any) -> bool:
    """Whether a column holds categories, which only look like numbers."""
    return str(x[label].dtype).lower().startswith(("category", "categorical", "enum"))


def _is_text(column: Array) -> bool:
    """Whether a column of text or objects holds any text."""
    return column.dtype.kind != "O" or any(isinstance(cell, str) for cell in column.tolist())


def rows(x: Any, places: Array) -> Any:
    """Return some rows of a frame, a series or an array, as one of the same kind."""
    if hasattr(x, "iloc"):
        return x.iloc[places]
    if isinstance(x, Mapped):
        return x.at(places)
    return x[places] if hasattr(x, "shape") else np.asarray(x)[places]


def _listed(names: Sequence[Any]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join([repr(name) for name in names[:_SHOWN]]) + more
