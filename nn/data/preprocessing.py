"""Preprocessing: what stands between data and a model, and scalers, which are such steps.

`fit(..., preprocessing=StandardScaler())` fits a copy on the samples that are trained on, leaves
the ones held out unseen, and the model scales whatever it predicts from by the same numbers.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Self, cast

import numpy as np

from nn.data.frames import in_order, matrix, names_of_columns
from nn.data.large.mapped import Mapped, is_mapped, parts
from nn.validation import Floats, numeric, real


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
        samples = _Samples(X)
        self.shift, self.scale = self._measured(samples)
        self.begin(X, samples.width)
        return self

    def _measured(self, samples: "_Samples") -> tuple[Floats, Floats]:
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

    def _measured(self, samples: "_Samples") -> tuple[Floats, Floats]:
        # In parts of a power of two near the largest, which rounds nothing and lets no square be
        # infinite.
        most = np.max([np.abs(part).max(axis=0) for part in samples], axis=0)
        unit = np.ldexp(1.0, np.frexp(most)[1] - 1)
        # By the formula of Chan, Golub and LeVeque for the samples of two parts together.
        count, means, squares = 0, np.zeros(samples.width), np.zeros(samples.width)
        for part in samples:
            x = part / unit
            mean = x.mean(axis=0)
            own = np.square(x - mean).sum(axis=0)
            if count:
                apart, both = mean - means, count + len(x)
                own = squares + own + np.square(apart) * (count * len(x) / both)
                mean = means + apart * (len(x) / both)
            count, means, squares = count + len(x), mean, own
        deviations = np.sqrt(squares / count)
        # What a constant column leaves of rounding is no spread.
        constant = deviations <= count * np.finfo(float).eps * np.abs(means)
        shift, scale = means * unit, deviations * unit
        shift[constant], scale[constant] = samples.first[constant], 1.0
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

    def _measured(self, samples: "_Samples") -> tuple[Floats, Floats]:
        low, high = self.feature_range
        least = np.min([part.min(axis=0) for part in samples], axis=0)
        reach = np.max([part.max(axis=0) for part in samples], axis=0) - least
        scale = np.where(reach > 0.0, reach, high - low) / (high - low)
        return least - low * scale, scale


class _Samples:
    """A table of numbers to look at in parts, as often as it is iterated over."""

    def __init__(self, X: Any) -> None:
        self._is_mapped = is_mapped(X)
        self._table: Any = X if self._is_mapped else _table("X", X)
        self.first = _table("X", self._table[:1])[0]
        self.width = len(self.first)
        if self._is_mapped and not isinstance(X, Mapped):
            numeric("X", X)

    def __iter__(self) -> Iterator[Floats]:
        for part in parts(self._table):
            yield _table("X", part) if self._is_mapped else part


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
