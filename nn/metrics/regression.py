"""Metrics of numbers: how far outputs are from their targets.

With several outputs each is the mean over them, every output counting the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nn.validation import Floats, numeric


def mean_absolute_error(outputs: Any, y: Any) -> float:
    """Return the mean distance from the targets, (1/n) Σ |a - y|, in their unit.

    Args:
        outputs: of shape (samples,) or (samples, outputs).
        y: the targets, of the same shape.

    Raises:
        ValueError: if the shapes differ or there is no sample.

    >>> mean_absolute_error([3.0, 1.0], [1.0, 1.0])
    1.0

    Source: Laplace's criterion; Bloomfield and Steiger, "Least Absolute Deviations", 1983.
    """
    total, count = distances(outputs, y)
    return total / count


def mean_squared_error(outputs: Any, y: Any) -> float:
    """Return the mean square of the distance from the targets, (1/n) Σ (a - y)².

    Args:
        outputs: of shape (samples,) or (samples, outputs).
        y: the targets, of the same shape.

    Raises:
        ValueError: if the shapes differ or there is no sample.

    >>> mean_squared_error([3.0, 1.0], [1.0, 1.0])
    2.0

    Source: the method of least squares; Gauss, "Theoria motus", 1809.
    """
    total, count = squares(outputs, y)
    return total / count


def r2(outputs: Any, y: Any) -> float:
    """Return the coefficient of determination, 1 - Σ (a - y)² / Σ (y - mean y)².

    1 for outputs that are right, 0 for those that say the mean each time, below 0 for worse ones.
    Where all targets are the same it is 1 for right outputs and 0 for all others, and for one
    sample, which has no spread, nan: as scikit-learn has it.

    Args:
        outputs: of shape (samples,) or (samples, outputs).
        y: the targets, of the same shape.

    Raises:
        ValueError: if the shapes differ or there is no sample.

    >>> r2([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
    0.5

    Source: Draper and Smith, "Applied regression analysis", 3rd edition, 1998, section 1.3.
    """
    return Determination.of(outputs, y).determined


@dataclass(frozen=True, slots=True)
class Determination:
    """What r2 asks of some samples: outputs beside targets, and targets beside their mean.

    Attributes:
        count: of samples.
        missed: the sum of the squared distances of outputs from their targets, by output.
        mean: of the targets.
        squares: the sum of the squared distances of the targets from it.

    >>> (Determination.of([1.0, 2.0], [1.0, 2.0]) + Determination.of([4.0], [3.0])).determined
    0.5
    """

    count: int
    missed: Any
    mean: Any
    squares: Any

    @classmethod
    def of(cls, outputs: Any, y: Any) -> "Determination":
        """Return that of some samples; see `r2`."""
        a, y = _pair(outputs, y)
        mean = y.mean(axis=0)
        return cls(len(y), np.square(a - y).sum(axis=0), mean, np.square(y - mean).sum(axis=0))

    def __add__(self, other: "Determination") -> "Determination":
        """Return that of both samples together.

        Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
        sample variances", 1979.
        """
        count = self.count + other.count
        apart = other.mean - self.mean
        between = np.square(apart) * (self.count * other.count / count)
        return Determination(
            count,
            self.missed + other.missed,
            self.mean + apart * (other.count / count),
            self.squares + other.squares + between,
        )

    @property
    def determined(self) -> float:
        """The coefficient of determination."""
        if self.count < 2:
            return float("nan")
        same = np.where(self.missed == 0.0, 1.0, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(self.squares == 0.0, same, 1.0 - self.missed / self.squares)
        return float(found.mean())


def distances(outputs: Any, y: Any) -> tuple[float, int]:
    """Return the sum of the distances from the targets, and of how many numbers."""
    a, y = _pair(outputs, y)
    return float(np.abs(a - y).sum()), a.size


def squares(outputs: Any, y: Any) -> tuple[float, int]:
    """Return the sum of the squares of the distances from the targets, and of how many numbers."""
    a, y = _pair(outputs, y)
    return float(np.square(a - y).sum()), a.size


def _pair(outputs: Any, y: Any) -> tuple[Floats, Floats]:
    a, right = numeric("outputs", outputs), numeric("y", y)
    if a.ndim == 2 and a.shape[1] == 1 and right.ndim == 1:
        a = a[:, 0]
    if a.shape != right.shape or a.ndim not in (1, 2) or not a.size:
        raise ValueError(
            "outputs and y must be of one shape, (samples,) or (samples, outputs); got "
            f"{a.shape} and {right.shape}"
        )
    return a.astype(np.float64), right.astype(np.float64)
