"""Handwritten digits: the small UCI set inside the package, and a reader for MNIST's files."""

import gzip
import math
import os
import zlib
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nn.datasets.generators import Floats, Labels
from nn.validation import flag, instance

_UNSIGNED_BYTE = 0x08  # the code for the type of the elements, in the header of an idx file
_SIDE = 28  # pixels


def digits() -> tuple[Floats, Labels]:
    """Return the 1,797 handwritten digits of the UCI repository, 8 x 8 pixels each.

    They ship with the package (45 kB) in the order of the source, written by 13 people.

    Returns:
        X of shape (1797, 64), the rows of each image one after another, with whole values from
        0 (paper) to 16 (ink): divide by 16 for inputs in [0, 1]. y of shape (1797,), the digit
        written, 0 to 9. Both are new arrays at each call.

    >>> X, y = digits()
    >>> X.shape, y[:5], int(X.max())
    ((1797, 64), array([0, 1, 2, 3, 4]), 16)
    >>> for row in X[0].reshape(8, 8):
    ...     print("".join(".:+*#"[int(ink) // 4] for ink in row))
    ..:*+...
    ..**+*:.
    ..*..++.
    .:*..++.
    .:+..++.
    .:+..*:.
    ..*:+*..
    ..:*+...

    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI
    Machine Learning Repository, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0. The
    licence and what was changed (the file's format, no value) stand in digits.LICENSE.txt.
    """
    packed = resources.files("nn.datasets").joinpath("digits.npz")
    with packed.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return arrays["X"].astype(np.float64), arrays["y"].astype(np.int64)


def mnist(folder: str | Path, *, train: bool = False) -> tuple[Floats, Labels]:
    """Read MNIST from its idx files: 28 x 28 pixels of handwritten digits.

    Nothing is downloaded. ``folder`` holds the files as they are published, packed or unpacked:
    ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte`` (10,000 images), or with ``train``
    ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte`` (60,000 images); ``.gz`` may
    follow, and ``.idx`` may stand for ``-idx``. Other sets in this form (Fashion-MNIST, KMNIST)
    read the same.

    Args:
        folder: where the files are.
        train: read the training set in place of the test set.

    Returns:
        X of shape (n, 784), the rows of each image one after another, with the files' values from
        0 (paper) to 255 (ink) as float64: divide by 255 for inputs in [0, 1]. The 60,000 images
        take 376 MB. y of shape (n,), labels 0 to 9.

    Raises:
        FileNotFoundError: if the folder or one of the two files is not there.
        ValueError: if a file is cut short, too long or of another kind, the images are not 28 x 28
            or not as many as the labels, or a label is above 9.

    >>> mnist("no/such/folder")
    Traceback (most recent call last):
        ...
    FileNotFoundError: no folder no/such/folder: it should hold t10k-images-idx3-ubyte.gz and ...

    Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
    whose page also describes the idx format.
    """
    instance("mnist", folder, str | os.PathLike, "the folder of its files")
    folder = Path(folder)
    prefix = "train" if flag("train", train) else "t10k"
    names = (f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte")
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}: it should hold {names[0]}.gz and {names[1]}.gz"
        )
    image_path, label_path = (_find(folder, name) for name in names)
    images = _read_idx(image_path, dimensions=3)
    labels = _read_idx(label_path, dimensions=1)
    if images.shape[1:] != (_SIDE, _SIDE):
        rows, columns = images.shape[1:]
        raise ValueError(
            f"{image_path}: expected images of {_SIDE} x {_SIDE} pixels, found {rows} x {columns}"
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{image_path} holds {len(images)} images and {label_path} {len(labels)} labels: "
            "expected as many of each; do they belong together?"
        )
    if labels.size and labels.max() > 9:
        raise ValueError(f"{label_path}: expected labels from 0 to 9, found {labels.max()}")
    return images.reshape(len(images), _SIDE * _SIDE).astype(np.float64), labels.astype(np.int64)


def _find(folder: Path, name: str) -> Path:
    """Return the one file among the published spellings of ``name`` that is in ``folder``."""
    for spelling in (name, name.replace("-idx", ".idx")):
        for path in (folder / spelling, folder / f"{spelling}.gz"):
            if path.is_file():
                return path
    raise FileNotFoundError(f"{folder} holds neither {name} nor {name}.gz")


def _read_idx(path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Read an array of unsigned bytes with ``dimensions`` axes from an idx file, packed or not.

    The header is two zero bytes, the code for the elements' type, the number of axes, and the
    length of each axis as a big-endian 32-bit number; the elements follow.
    """
    content = path.read_bytes()
    # Told by their first bytes and not by the name: browsers unpack a .gz and keep its name.
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{path}: the gzip file is cut short or damaged ({error}); fetch it again"
            ) from error
    start = 4 + 4 * dimensions
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    if content[:4] != magic:
        found = int.from_bytes(content[:4], "big") if len(content) >= 4 else "no header"
        raise ValueError(
            f"{path}: expected an idx file of {dimensions}-dimensional bytes, which starts with "
            f"{int.from_bytes(magic, 'big')}; found {found}"
        )
    if len(content) < start:
        raise ValueError(f"{path}: expected a header of {start} bytes, found {len(content)} in all")
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    elements = math.prod(shape)
    if len(content) - start != elements:
        raise ValueError(
            f"{path}: the header announces {' x '.join(map(str, shape))} = {elements} bytes, "
            f"found {len(content) - start}; the file is cut short or damaged"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
