"""Files behind mapped arrays: rows here and there read from them, and their pages let go.

Whatever is read through a mapping counts as memory of the process, although the system can take it
back at any time; and of a row here and there, all that lies around it. So scattered rows are read
from the file itself, and what was mapped to look at all rows in turn is let go.
"""

import mmap
import os
import weakref
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

# Bytes of a row that is sooner copied from the mapping than asked of the system.
_SHORT = 256
# Modes of which the file holds what was written.
_SHARED = ("r", "r+", "w+")


def _mapping(x: Any) -> tuple[Any, Any]:
    """Return the first array over a mapped file that one is a view of, and the mapping."""
    first: Any = None
    while isinstance(x, np.ndarray):
        first, x = cast(Any, x), cast(Any, x).base
    is_whole = isinstance(first, np.memmap) and isinstance(x, mmap.mmap)
    return (cast(Any, first), x) if is_whole and cast(Any, first).mode in _SHARED else (None, None)


def let_go(x: Any) -> None:
    """Let the pages of a mapped array go, if it is one, and what is in them cannot be lost.

    >>> let_go(np.zeros(3))
    """
    _, mapping = _mapping(x)
    if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)


class RowFile:
    """Reads rows of a mapped array from its file.

    Args:
        x: the array.
        path: its file.
        offset: where it begins in it.
    """

    def __init__(self, x: NDArray[Any], path: str, offset: int) -> None:
        self._shape, self._dtype = x.shape[1:], x.dtype
        self._size = x.nbytes // len(x)
        self._offset = offset
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def rows(self, places: NDArray[Any]) -> NDArray[Any]:
        """Return the rows at some places.

        Raises:
            OSError: if the file is no longer as long.
        """
        found = np.empty((len(places), *self._shape), self._dtype)
        content = memoryview(cast(Any, found.reshape(-1).view(np.uint8)))
        for i, place in enumerate(places.tolist()):
            part = content[i * self._size : (i + 1) * self._size]
            if os.preadv(self._file, [part], self._offset + place * self._size) != self._size:
                raise OSError(f"the mapped file ends before row {place}")
        return found


def row_file(x: Any) -> RowFile | None:
    """Return what reads rows of an array from its file; None where that may not be what it holds.

    >>> row_file(np.zeros((2, 3))) is None
    True
    """
    first, _ = _mapping(x)
    if first is None or not x.flags.c_contiguous or not hasattr(os, "preadv"):
        return None
    if x.nbytes < _SHORT * len(x) or not x.size:
        return None
    begins = x.__array_interface__["data"][0] - first.__array_interface__["data"][0]
    try:
        found = RowFile(x, str(first.filename), first.offset + begins)
        # A file of the same name may be another by now.
        some = np.unique(np.linspace(0, len(x) - 1, 16).astype(np.int64))
        return found if found.rows(some).tobytes() == np.array(x[some]).tobytes() else None
    except (OSError, TypeError):
        return None
