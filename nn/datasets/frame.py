"""Frame: a table with named columns, as `read_csv` returns it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from autograd import Table
from nn.validation import Array, instance

# The rows that are shown at each end of a long table.
_FIRST, _LAST = 5, 5


class Frame:
    """A table with named columns, each an array; `fit` and `predict` take it as pandas' own.

    Args:
        columns: the columns by their names, of one length.
        dropped: the number of lines of a file that `read_csv` left out of them.

    Attributes:
        columns: their names, in order.
        dropped: as it was given.
        shape: the number of rows and of columns.

    Raises:
        ValueError: if the columns are of different lengths, or not of one dimension.

    >>> frame = Frame({"height": [1.8, 1.6], "name": ["Ann", "Bo"]})
    >>> frame
    Frame of 2 rows and 2 columns
    height  name
       1.8  Ann
       1.6  Bo
    >>> frame["height"], frame[["name"]].columns, len(frame[:1])
    (array([1.8, 1.6]), ['name'], 1)
    """

    def __init__(self, columns: Mapping[str, Any], *, dropped: int = 0) -> None:
        instance("Frame", columns, Mapping, "a dict of columns by their names")
        self.dropped = dropped
        self._columns: dict[str, Array] = {name: np.asarray(x) for name, x in columns.items()}
        self._rows = next((len(x) for x in self._columns.values() if x.ndim), 0)
        for name, x in self._columns.items():
            if x.shape != (self._rows,):
                raise ValueError(
                    f"the columns of a Frame have one length; {name!r} has shape {x.shape} and the "
                    f"first {self._rows} row(s)"
                )

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return [*self._columns]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows and of columns."""
        return self._rows, len(self._columns)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    @overload
    def __getitem__(self, chosen: str) -> Array: ...
    @overload
    def __getitem__(self, chosen: list[str] | slice | NDArray[Any]) -> "Frame": ...
    def __getitem__(self, chosen: Any) -> "Array | Frame":
        """Return one column by its name, several as a Frame, or rows by a slice or an array."""
        if isinstance(chosen, str):
            return self._column(chosen)
        if isinstance(chosen, list):
            return Frame({name: self._column(name) for name in cast(list[str], chosen)})
        if isinstance(chosen, slice | np.ndarray):
            return Frame({name: x[chosen] for name, x in self._columns.items()})
        raise TypeError(
            f"a Frame is asked for a column by its name, for several by a list of names, and for "
            f"rows by a slice or an array; got {chosen!r:.60}"
        )

    def _column(self, name: object) -> Array:
        if not isinstance(name, str) or name not in self._columns:
            raise KeyError(f"no column is called {name!r}: there are {', '.join(self._columns)}")
        return self._columns[name]

    def to_numpy(self) -> Array:
        """Return the columns side by side, of shape (rows, columns); with text as objects.

        >>> Frame({"a": [1, 2], "b": [True, False]}).to_numpy()
        array([[1, 1],
               [2, 0]])
        """
        cells = [*self._columns.values()]
        if any(x.dtype.kind in "OUST" for x in cells):
            cells = [x.astype(object) for x in cells]
        return np.column_stack(cells) if cells else np.zeros((0, 0))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.to_numpy()
        return array if dtype is None else array.astype(dtype)

    def _table(self) -> Table:
        places = range(self._rows)
        hidden = self._rows - _FIRST - _LAST
        shown: Sequence[int] = places
        if hidden > 1:
            shown = [*places[:_FIRST], *places[-_LAST:]]
        rows = [tuple([str(x[i]) for x in self._columns.values()]) for i in shown]
        if hidden > 1:
            rows.insert(_FIRST, ("…",) * len(self._columns))
        sides = ["<" if x.dtype.kind in "OUST" else ">" for x in self._columns.values()]
        return Table(self.columns, rows, "".join(sides))

    def _headline(self) -> str:
        rows, columns = self._rows, len(self._columns)
        return (
            f"Frame of {rows:,} row{'s' * (rows != 1)} and {columns} column{'s' * (columns != 1)}"
        )

    def __repr__(self) -> str:
        return f"{self._headline()}\n{self._table()}" if self._columns else self._headline()

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x:auto">{self._headline()}{self._table().html()}</div>'
