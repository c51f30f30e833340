"""The idx format of MNIST's files: plain or packed, read in parts, never more than was announced.

The header is two zero bytes, the code for the elements' type, the number of axes, and the length of
each axis as a big-endian 32-bit number; the elements follow. A header may announce anything and a
packed file of a kilobyte unpack to a gigabyte, so no memory is taken on their word.
"""

import gzip
import math
import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_UNSIGNED_BYTE = 0x08  # the code for the type of the elements
_PART = 1 << 20
# The best that the packing of gzip can do.
_PACKED = 1032


def shape_of(path: Path, *, dimensions: int) -> tuple[int, ...]:
    """Return the shape that the header of an idx file announces.

    Raises:
        ValueError: if it is of another kind, damaged, or too small for what it announces.
    """
    with _opened(path) as (file, size):
        return _header(path, file, size, dimensions)


def read_idx(path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Read an array of unsigned bytes with ``dimensions`` axes from an idx file, packed or not.

    Raises:
        ValueError: if it is of another kind, damaged, cut short or too long.
    """
    with _opened(path) as (file, size):
        shape = _header(path, file, size, dimensions)
        elements = math.prod(shape)
        content = bytearray()
        while len(content) <= elements and (
            part := file.read(min(_PART, elements + 1 - len(content)))
        ):
            content += part
        if len(content) != elements:
            more = " or more" * (len(content) > elements)
            raise ValueError(
                f"{path}: the header announces {_times(shape)} = {elements} bytes, "
                f"found {len(content)}{more}; the file is cut short or damaged"
            )
    return np.frombuffer(content, np.uint8).reshape(shape)


@contextmanager
def _opened(path: Path) -> Generator[tuple[BufferedIOBase, int]]:
    """Give a file to read, unpacked on the way if it is packed, and the most bytes it can hold."""
    with path.open("rb") as raw:
        size = os.fstat(raw.fileno()).st_size
        # Told by their first bytes and not by the name: browsers unpack a .gz and keep its name.
        if raw.read(2) != b"\x1f\x8b":
            raw.seek(0)
            yield raw, size
            return
        raw.seek(0)
        try:
            with gzip.GzipFile(fileobj=raw) as file:
                yield file, size * _PACKED
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{path}: the gzip file is cut short or damaged ({error}); fetch it again"
            ) from error


def _header(path: Path, file: BufferedIOBase, size: int, dimensions: int) -> tuple[int, ...]:
    start = 4 + 4 * dimensions
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    header = file.read(start)
    if header[:4] != magic:
        found = int.from_bytes(header[:4], "big") if len(header) >= 4 else "no header"
        raise ValueError(
            f"{path}: expected an idx file of {dimensions}-dimensional bytes, which starts with "
            f"{int.from_bytes(magic, 'big')}; found {found}"
        )
    if len(header) < start:
        raise ValueError(f"{path}: expected a header of {start} bytes, found {len(header)} in all")
    shape = tuple(int.from_bytes(header[at : at + 4], "big") for at in range(4, start, 4))
    if (elements := math.prod(shape)) > size:
        raise ValueError(
            f"{path}: the header announces {_times(shape)} = {elements} bytes, "
            f"found {max(size - start, 0)} at most; the file is cut short or damaged"
        )
    return shape


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
