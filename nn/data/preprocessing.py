"""Preprocessing: what stands between data and a model, and scalers, which are such steps.

`fit(..., preprocessing=StandardScaler())` fits a copy on the samples that are trained on, leaves
the ones held out unseen, and the model scales whatever it predicts from by the same numbers.
"""

from typing import Any, ClassVar, Self, cast

import numpy as np

from nn.data.frames import in_order, matrix, names_of_columns
from nn.validation import Floats, real


class Preprocessor:
    """A step between the data as people have it and the numbers that a model takes.

    Attributes:
        columns: the names of the columns that it was fitted on; () where they have none.
        width: how many there are; 0 before it is fitted.
    """

    kind: ClassVar[str] = ""

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()
        self.width = 0

    @property
    def is_fitted(self) -> bool:
        """Whether it has seen data."""
        return self.width > 0

    def fit(self, X: Any) -> Self:
        """Look at samples, of shape (samples, columns), and return itself.

        Raises:
            ValueError: if X is no table, or a cell is missing or of a wrong kind.
        """
        raise NotImplementedError

    def transform(self, X: Any) -> Floats:
        """Return samples as numbers; a frame's columns are taken by name.

        Raises:
            ValueError: if it was not fitted, or X has other columns than what it was fitted on.
        """
        raise NotImplementedError

    def fit_transform(self, X: Any) -> Floats:
        """Look at samples and return them as numbers."""
        return self.fit(X).transform(X)

    def fill(self, fields: dict[str, Any]) -> None:
        """Take the numbers that `document` gave.

        Raises:
            ValueError: if they are of another form.
        """
        raise NotImplementedError

    def document(self) -> dict[str, Any]:
        """Return what JSON can hold of it."""
        return {"step": self.kind, "columns": [*self.columns], "width": self.width}

    def begin(self, X: Any, width: int) -> None:
        """Take the names of the columns and their number."""
        self.columns, self.width = names_of_columns(X), width

    def ordered(self, X: Any) -> Any:
        """Return X with the columns that this was fitted on, in their order."""
        if not self.is_fitted:
            raise ValueError(
                f"this {type(self).__name__} was not fitted: write .fit(X_train), or give it to "
                "nn.fit as preprocessing="
            )
        table = in_order(X, self.columns)
        shape = table.shape if hasattr(table, "shape") else np.shape(table)
        if len(shape) != 2 or shape[1] != self.width:
            raise ValueError(
                f"this {type(self).__name__} was fitted on {self.width} column(s), and X has shape "
                f"{tuple(shape)}: expected (samples, {self.width})"
            )
        return table


class _Scaler(Preprocessor):
    """A scaler: from each column a number is taken, and the rest divided by another."""

    def __init__(self) -> None:
        super().__init__()
        self.shift: Floats = np.zeros(0)
        self.scale: Floats = np.zeros(0)

    def fit(self, X: Any) -> Self:
        """See `Preprocessor.fit`."""
        samples = _table("X", X)
        self.shift, self.scale = self._measured(samples)
        self.begin(X, samples.shape[1])
        return self

    def _measured(self, samples: Floats) -> tuple[Floats, Floats]:
        raise NotImplementedError

    def transform(self, X: Any) -> Floats:
        """See `Preprocessor.transform`."""
        return (_table("X", self.ordered(X)) - self.shift) / self.scale

    def document(self) -> dict[str, Any]:
        """See `Preprocessor.document`."""
        numbers = {"shift": self.shift.tolist(), "scale": self.scale.tolist()}
        return super().document() | numbers

    def fill(self, fields: dict[str, Any]) -> None:
        """See `Preprocessor.fill`."""
        self.shift, self.scale = (
            _floats(fields.get(key), self.width) for key in ("shift", "scale")
        )
        if not self.scale.all():
            raise ValueError("expected scales other than 0 in the preprocessing")

    def __repr__(self) -> str:
        seen = f" fitted on {self.width} column(s)" if self.is_fitted else ""
        return f"{type(self).__name__}(){seen}"


class StandardScaler(_Scaler):
    """Takes the mean of each column from it and divides by its standard deviation.

    A constant column becomes 0. After `fit`, `shift` holds the means and `scale` the deviations,
    over all samples (not one less).

    >>> scaler = StandardScaler().fit([[0.0, 5.0], [2.0, 5.0]])
    >>> scaler.transform([[4.0, 5.0]])
    array([[3., 0.]])

    Source: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.3.
    """

    kind = "StandardScaler"

    def _measured(self, samples: Floats) -> tuple[Floats, Floats]:
        # In parts of a power of two near the largest, which rounds nothing and lets no square be
        # infinite.
        unit = np.ldexp(1.0, np.frexp(np.abs(samples).max(axis=0))[1] - 1)
        means, deviations = (samples / unit).mean(axis=0), (samples / unit).std(axis=0)
        # What a constant column leaves of rounding is no spread.
        constant = deviations <= len(samples) * np.finfo(float).eps * np.abs(means)
        shift, scale = means * unit, deviations * unit
        shift[constant], scale[constant] = samples[0][constant], 1.0
        return shift, scale


class MinMaxScaler(_Scaler):
    """Moves each column to the range from 0 to 1, or to another.

    A constant column becomes the lower end. Numbers beyond those of `fit` lie outside the range.

    Args:
        feature_range: the lower and the upper end.

    Raises:
        ValueError: if the lower end is not below the upper one.

    >>> MinMaxScaler().fit_transform([[0.0, 5.0], [2.0, 5.0], [1.0, 5.0]])
    array([[0. , 0. ],
           [1. , 0. ],
           [0.5, 0. ]])
    """

    kind = "MinMaxScaler"

    def __init__(self, feature_range: tuple[float, float] = (0.0, 1.0)) -> None:
        super().__init__()
        low, high = (real("feature_range", end) for end in feature_range)
        if not low < high:
            raise ValueError(f"feature_range is a lower and an upper end; got {feature_range}")
        self.feature_range = low, high

    def _measured(self, samples: Floats) -> tuple[Floats, Floats]:
        low, high = self.feature_range
        least, reach = samples.min(axis=0), np.ptp(samples, axis=0)
        scale = np.where(reach > 0.0, reach, high - low) / (high - low)
        return least - low * scale, scale


def _table(name: str, X: Any) -> Floats:
    """Return a table of numbers."""
    samples = matrix(name, X).astype(np.float64)
    if samples.ndim != 2 or not samples.size:
        raise ValueError(f"{name} must be of shape (samples, columns); got {samples.shape}")
    return samples


def _floats(numbers: Any, count: int) -> Floats:
    listed_numbers = cast(list[Any], numbers) if isinstance(numbers, list) else []
    if len(listed_numbers) != count or not all(type(x) in (int, float) for x in listed_numbers):
        raise ValueError(f"expected {count} numbers in the preprocessing; found {numbers!r:.60}")
    try:
        found = np.array(listed_numbers, dtype=np.float64)
    except OverflowError:
        found = np.array([np.inf])
    if not np.isfinite(found).all():
        raise ValueError("expected finite numbers in the preprocessing")
    return found
