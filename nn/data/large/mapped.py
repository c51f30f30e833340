"""Mapped arrays: samples that stay in their file, of which rows are read when they are asked for.

A `numpy.memmap` is never copied whole, nor made float64 whole: its rows become numbers as a model
takes them batch by batch, and everything that looks at all of them does so in parts. Arrays in
memory are measured in the same parts, so that both give the same numbers, bit for bit.
"""

import math
import mmap
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, cast

import numpy as np

from nn.data.large.pages import RowFile, let_go, row_file
from nn.validation import Array, Floats

# Of the numbers that are looked at together, as float64: 16 MB.
PART = 2**24

Key: TypeAlias = Any
# From rows as they are in the file, and their places there, to rows as they are needed.
Prepare: TypeAlias = Callable[[Array, Any], Array]


def is_mapped(x: object) -> bool:
    """Whether something is an array whose numbers lie in a file, or rows of one.

    >>> is_mapped(np.zeros(3))
    False
    """
    if isinstance(x, Mapped):
        return True
    base: Any = x
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return isinstance(base, mmap.mmap)


def rows_in_part(x: Any) -> int:
    """Return how many rows of an array are looked at together."""
    shape: tuple[int, ...] = x.shape
    return max(1, PART // (8 * max(1, math.prod(shape[1:]))))


def parts(*arrays: Any) -> Iterator[Any]:
    """Yield arrays of one length in parts; of a single one the parts, of several tuples of them.

    >>> [len(x) for x in parts(np.zeros((5_000, 1_000)))]
    [2097, 2097, 806]
    """
    size = rows_in_part(arrays[0])
    for i in range(0, len(arrays[0]), size):
        found = [np.asarray(x[i : i + size]) for x in arrays]
        yield tuple(found) if len(found) > 1 else found[0]
        for x in arrays:
            let_go(x.source if isinstance(x, Mapped) else x)


class Mapped:
    """Rows of a mapped array, as an array of them that reads what it is asked for.

    Args:
        source: the array in the file.
        prepare: what makes of rows those that are needed; None for the rows as they are.
        places: which rows, in order; None for all.
        file: what reads rows from the file; None to find it.

    Attributes:
        source: the array in the file.
        shape: of the rows together, as they are prepared.
        dtype: of their numbers.

    >>> found = Mapped(np.arange(6).reshape(3, 2), lambda rows, places: rows / 2.0)
    >>> found.shape, found[1:].tolist(), found.at(np.array([2, 0]))[0].tolist()
    ((3, 2), [[1.0, 1.5], [2.0, 2.5]], [2.0, 2.5])
    """

    def __init__(
        self,
        source: Any,
        prepare: Prepare | None = None,
        places: Array | None = None,
        file: RowFile | None = None,
    ) -> None:
        self.source = source
        self._file = row_file(source) if file is None else file
        self._prepare = prepare
        self._places = places
        # Of no rows nothing can be prepared.
        one = self._read(slice(1)) if len(self) else np.empty((0, *source.shape[1:]))
        self.shape: tuple[int, ...] = (len(self), *one.shape[1:])
        self.dtype: Any = one.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.source if self._places is None else self._places)

    def __getitem__(self, key: Key) -> Array:
        if isinstance(key, int | np.integer):
            if not -len(self) <= key < len(self):
                raise IndexError(f"there are {len(self):,} rows, and none at {key}")
            return self[np.array([key % len(self)])][0]
        is_nothing = isinstance(key, slice) and not len(range(*key.indices(len(self))))
        return np.empty((0, *self.shape[1:]), self.dtype) if is_nothing else self._read(key)

    def _read(self, key: Key) -> Array:
        places: Any = key if self._places is None else self._places[key]
        if isinstance(places, slice) and cast(Any, places).step not in (None, 1):
            places = np.arange(len(self.source))[places]
        if not isinstance(places, slice) and self._file is not None:
            rows = self._file.rows(places)
        else:
            # A copy: what is done to it must not be done to the file.
            rows = np.array(self.source[places])
        return rows if self._prepare is None else self._prepare(rows, places)

    def at(self, places: Any) -> "Mapped":
        """Return some of the rows, in another order; a slice of all is these."""
        if isinstance(places, slice):
            return self
        chosen = places if self._places is None else self._places[places]
        return Mapped(self.source, self._prepare, chosen, self._file)

    def then(self, prepare: Prepare) -> "Mapped":
        """Return these rows with one more thing done to them."""
        first = self._prepare

        def both(rows: Array, places: Any) -> Array:
            return prepare(rows if first is None else first(rows, places), places)

        return Mapped(self.source, both, self._places, self._file)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:].astype(dtype or self.dtype, copy=False)


def taken(x: Any, places: Any) -> Any:
    """Return some rows of an array, or all for a slice; of a mapped one without reading them."""
    return x.at(places) if isinstance(x, Mapped) else x[places]


def column_of(x: Any, of: Callable[[Array], Array]) -> Array:
    """Return a number for each row, found part by part."""
    return np.concatenate([of(part) for part in parts(x)])


def as_floats(x: Any) -> Floats:
    """Return samples as float64; mapped ones become so when they are read."""
    if isinstance(x, Mapped):
        return cast(Floats, x.then(lambda rows, places: rows.astype(np.float64, copy=False)))
    return x.astype(np.float64, copy=False)
