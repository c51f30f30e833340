"""One-hot encoding: columns of text or categories as columns of 0 and 1."""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias, cast

import numpy as np

from nn.data.frames import columns_of, is_category, is_frame, names_of_columns
from nn.data.labels import listed, read_labels
from nn.data.large.mapped import is_mapped, parts
from nn.data.preprocessing import Preprocessor
from nn.validation import Array, Floats, numeric

Cells: TypeAlias = list[tuple[Any, Array]]


class OneHotEncoder(Preprocessor):
    """Makes a column of 0 and 1 for each category of a column; other columns stay as they are.

    Args:
        columns: the names of the columns to encode, or their places; None for all that hold text
            or categories.
        handle_unknown: what a category that was not seen in `fit` does: "error", or "ignore" for 0
            in every column.

    Attributes:
        categories: the sorted categories of each column that is encoded, by its name or place.
        names: the names of the columns that `transform` returns.

    Raises:
        ValueError: if handle_unknown is neither of the two.

    >>> from nn.datasets import Frame
    >>> frame = Frame({"size": [1.0, 2.0, 3.0], "colour": ["red", "blue", "red"]})
    >>> encoder = OneHotEncoder().fit(frame)
    >>> encoder.names
    ['size', 'colour_blue', 'colour_red']
    >>> encoder.transform(frame[:2])
    array([[1., 0., 1.],
           [2., 1., 0.]])
    """

    kind = "OneHotEncoder"

    def __init__(self, columns: Sequence[Any] | None = None, handle_unknown: str = "error") -> None:
        super().__init__()
        if handle_unknown not in ("error", "ignore"):
            raise ValueError(f"handle_unknown is 'error' or 'ignore'; got {handle_unknown!r:.60}")
        if isinstance(columns, str):
            raise TypeError(f"columns is a list of names: write columns=[{columns!r}]")
        self.encoded = None if columns is None else [*columns]
        self.handle_unknown = handle_unknown
        self.categories: dict[Any, Array] = {}

    @property
    def names(self) -> list[str]:
        """The names of the columns that `transform` returns."""
        found: list[str] = []
        for label in self.columns or range(self.width):
            known = self.categories.get(label)
            found += [str(label)] if known is None else [f"{label}_{x}" for x in known.tolist()]
        return found

    def fit(self, X: Any) -> Self:
        """See `Preprocessor.fit`."""
        if is_mapped(X):
            return self._fit_in_parts(X)
        cells = _cells(X)
        labels = [label for label, _ in cells]
        chosen = self.encoded
        if chosen is None:
            chosen = [label for label, cell in cells if _is_text(cell) or _is_categories(X, label)]
        if unknown := [label for label in chosen if label not in labels]:
            raise ValueError(f"X has no column {listed(unknown)}: there are {listed(labels)}")
        self.begin(X, len(cells))
        self.categories = {
            label: np.unique(read_labels(f"column {label!r} of X", cell))
            for label, cell in cells
            if label in chosen
        }
        return self

    def _fit_in_parts(self, X: Any) -> Self:
        """Look at a mapped array: the categories are those of all its parts."""
        known: dict[Any, Array] = {}
        for part in parts(X):
            self.fit(np.array(part))
            for label, here in self.categories.items():
                known[label] = np.union1d(known.get(label, here), here)
        self.categories = known
        return self

    def transform(self, X: Any) -> Floats:
        """See `Preprocessor.transform`."""
        found: list[Array] = []
        for label, cell in _cells(self.ordered(X)):
            # An array with no names has places; what was fitted on names has those.
            label = self.columns[label] if self.columns and isinstance(label, int) else label
            known = self.categories.get(label)
            if known is None:
                if _is_text(cell):
                    raise ValueError(
                        f"column {label!r} of X holds text, and held numbers when this "
                        "OneHotEncoder was fitted"
                    )
                found.append(numeric(f"column {label!r} of X", cell).astype(np.float64)[:, None])
            else:
                found.append(self._hot(label, cell, known))
        return np.concatenate(found, axis=1)

    def _hot(self, label: Any, cell: Array, known: Array) -> Floats:
        """Return the columns of one column's categories."""
        values: list[Any] = read_labels(f"column {label!r} of X", cell).tolist()
        places = {x: i for i, x in enumerate(known.tolist())}
        at = [places.get(x, -1) for x in values]
        if self.handle_unknown == "error" and -1 in at:
            row = at.index(-1)
            raise ValueError(
                f"column {label!r} of X holds {values[row]!r:.40} at [{row}], which was not among "
                f"{listed(known)} when this OneHotEncoder was fitted: write "
                "OneHotEncoder(handle_unknown='ignore') to encode it as all 0"
            )
        return np.vstack([np.eye(len(known)), np.zeros(len(known))])[at]

    def document(self) -> dict[str, Any]:
        """See `Preprocessor.document`."""
        lists = [[label, known.tolist()] for label, known in self.categories.items()]
        return super().document() | {"categories": lists, "handle_unknown": self.handle_unknown}

    def fill(self, fields: dict[str, Any]) -> None:
        """See `Preprocessor.fill`."""
        lists: Any = fields.get("categories")
        rule: Any = fields.get("handle_unknown")
        if rule not in ("error", "ignore") or not isinstance(lists, list):
            raise ValueError("expected the categories of the preprocessing")
        for pair in cast(list[Any], lists):
            label, known = _pair(pair)
            places: Any = self.columns or range(self.width)
            kinds: set[Any] = set(map(type, known))
            if label not in places or not kinds or not any(kinds <= k for k in _KINDS):
                raise ValueError(f"expected a column's categories; found {pair!r:.60}")
            self.categories[label] = np.array(known)
        self.handle_unknown = rule

    def __repr__(self) -> str:
        given = [f"columns={self.encoded!r}"] * (self.encoded is not None)
        given += ["handle_unknown='ignore'"] * (self.handle_unknown == "ignore")
        seen = f" fitted on {self.width} column(s)" if self.is_fitted else ""
        return f"OneHotEncoder({', '.join(given)}){seen}"


# The kinds of the categories of one column in a file.
_KINDS: Sequence[set[Any]] = ({str}, {int, float}, {bool})


def _pair(document: Any) -> tuple[Any, list[Any]]:
    """Return a column's name and categories out of a file; with the wrong kinds, none."""
    pair = cast(list[Any], document) if isinstance(document, list) else []
    if len(pair) != 2 or not isinstance(pair[1], list) or not pair[1]:
        return None, []
    return pair[0], cast(list[Any], pair[1])


def _cells(X: Any) -> Cells:
    """Return the columns of a table with their names, or their places where they have none."""
    if is_frame(X):
        names = names_of_columns(X)
        return columns_of(X) if names else [(i, x) for i, (_, x) in enumerate(columns_of(X))]
    array: Array = np.asarray(X, dtype=None if isinstance(X, np.ndarray) else object)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"X must be of shape (samples, columns); got {array.shape}")
    return [(i, array[:, i]) for i in range(array.shape[1])]


def _is_text(cell: Array) -> bool:
    if cell.dtype.kind != "O":
        return cell.dtype.kind in "UT"
    return any(isinstance(x, str) for x in cell.tolist())


def _is_categories(X: Any, label: Any) -> bool:
    return is_frame(X) and label in X.columns and is_category(X, label)
