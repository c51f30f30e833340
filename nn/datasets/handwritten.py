"""Handwritten digits: the small UCI set inside the package, and a reader for MNIST's files."""

import os
from importlib import resources
from pathlib import Path

import numpy as np

from nn.datasets.generators import Floats, Labels
from nn.datasets.idx import read_idx, shape_of
from nn.validation import flag, instance

_SIDE = 28  # pixels
_MOST = 1_000_000  # images


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
            or not as many as the labels or more than a million, or a label is above 9.

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
    # All that headers tell is asked before anything else is read.
    shape, count = shape_of(image_path, dimensions=3), shape_of(label_path, dimensions=1)[0]
    if shape[1:] != (_SIDE, _SIDE):
        rows, columns = shape[1:]
        raise ValueError(
            f"{image_path}: expected images of {_SIDE} x {_SIDE} pixels, found {rows} x {columns}"
        )
    if shape[0] != count:
        raise ValueError(
            f"{image_path} holds {shape[0]} images and {label_path} {count} labels: "
            "expected as many of each; do they belong together?"
        )
    if count > _MOST:
        raise ValueError(
            f"{image_path}: expected at most {_MOST:,} images, which take 6 GB; found {count:,}"
        )
    images = read_idx(image_path, dimensions=3)
    labels = read_idx(label_path, dimensions=1)
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
