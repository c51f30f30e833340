"""Records: the numbers of one epoch, how its weights are spread, and the price of gradients.

A histogram has bins whose width is a power of two, so that it depends on its own epoch alone and
those of several epochs come to the same bins by adding up neighbours, exactly.
"""

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nn.validation import Array, Floats, instance

# A number, or the rows of a table of counts.
Measure: TypeAlias = float | list[list[int]]

# The bins of a histogram between the largest weights there may be of either sign: a power of two.
_BINS = 32
# The power of two that is the least float.
_NARROWEST = -1074
# Of more parts, such as numbers with a name each, all weights make one histogram.
_MOST_PARTS = 64

# The fields of a record that are one number, or None.
_NUMBERS = ("loss", "metric", "validation_loss", "validation_metric", "time", "gradient_norm")


class Histogram(NamedTuple):
    """How many weights have which size.

    Attributes:
        width: of a bin, as a power of two: each is 2^width wide, and 0 is where one begins.
        first: the number of the first bin that holds any, counted from the one that begins at 0.
        counts: the weights in that bin and in those after it, up to the last that holds any.

    >>> (found,) = histograms(np.array([0.0, 0.5, 0.5, -0.25]), {"layer": [0, 1, 2, 3]}).values()
    >>> found.width, found.first, found.counts
    (-4, -4, (1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2))
    """

    width: int
    first: int
    counts: tuple[int, ...]


def histograms(numbers: Floats, places: Mapping[str, Sequence[int]]) -> dict[str, Histogram]:
    """Return how the weights of each part of a model are spread.

    Args:
        numbers: all parameters.
        places: where those of each part stand, one at least, as `nn.parts.families` gives them.
    """
    return Bins(places).histograms(numbers)


class Bins:
    """Finds the histograms of many epochs.

    Args:
        places: as `histograms` takes them.
    """

    def __init__(self, places: Mapping[str, Sequence[int]]) -> None:
        if len(places) > _MOST_PARTS:
            places = {"weights": [i for x in places.values() for i in x]}
        self._names = [*places]
        sizes = [len(x) for x in places.values()]
        kinds: list[Array] = [np.asarray(x, dtype=np.intp) for x in places.values()]
        self._places = np.concatenate(kinds) if kinds else np.zeros(0, dtype=np.intp)
        self._rows = np.repeat(np.arange(len(sizes)), sizes)
        self._starts = np.cumsum([0, *sizes[:-1]])

    def histograms(self, numbers: Floats) -> dict[str, Histogram]:
        """Return the histogram of each part; nothing if a weight is not finite."""
        if not self._names:
            return {}
        weights = numbers[self._places]
        largest = np.maximum.reduceat(np.abs(weights), self._starts)
        if not np.isfinite(largest).all():
            return {}
        # The largest is below 2^n: the bins from -2^n to 2^n are the widest that are needed.
        widths = np.maximum(np.frexp(largest)[1] - (_BINS.bit_length() - 2), _NARROWEST)
        bins = np.floor(np.ldexp(weights, -widths[self._rows])).astype(np.intp)
        bins -= (bins == 0) & (weights < 0.0)  # of which the bin's width has left nothing
        bins += _BINS * self._rows + _BINS // 2
        table = np.bincount(bins, minlength=_BINS * len(widths)).reshape(-1, _BINS)
        return {
            name: _trimmed(width, counts)
            for name, width, counts in zip(
                self._names, widths.tolist(), table.tolist(), strict=True
            )
        }


def _trimmed(width: int, counts: list[int]) -> Histogram:
    """Return the histogram of all bins of a width, from the least to the greatest."""
    used = [i for i, n in enumerate(counts) if n]
    kept = counts[used[0] : used[-1] + 1]
    return Histogram(width, used[0] - _BINS // 2, tuple(kept))


def histogram_of(fields: Any) -> Histogram:
    """Return a histogram from its fields in a file.

    Raises:
        ValueError: if they are not those of one.

    >>> histogram_of([-4, 2, [1, 0, 3]])
    Histogram(width=-4, first=2, counts=(1, 0, 3))
    """
    width, first, counts = fields
    if not all(type(n) is int for n in (width, first, *counts)):
        raise ValueError("a histogram in it holds something that is no count")
    # No float is larger or smaller than such widths allow.
    if not counts or abs(width) > 2_000 or abs(first) > _BINS or len(counts) > _BINS:
        raise ValueError("a histogram in it has other bins than were written")
    if not 0 <= min(counts) <= max(counts) < 2**63:
        raise ValueError("a histogram in it counts less than none")
    return Histogram(width, first, tuple(counts))


def on_common_bins(found: Sequence[Histogram]) -> tuple[Floats, Array]:
    """Return histograms on the same bins: their edges, and the counts, a row for each histogram.

    >>> some = [Histogram(-1, -1, (3, 4)), Histogram(0, 1, (5,))]
    >>> edges, counts = on_common_bins(some)
    >>> edges.tolist(), counts.tolist()
    ([-1.0, 0.0, 1.0, 2.0], [[3, 4, 0], [0, 0, 5]])
    """
    width = max(x.width for x in found)
    ends = [((x.first >> width - x.width), (x.first + len(x.counts) - 1) >> width - x.width)
            for x in found]  # fmt: skip
    first, last = min(low for low, _ in ends), max(high for _, high in ends)
    counts = np.zeros((len(found), last - first + 1), dtype=np.int64)
    for row, x in zip(counts, found, strict=True):
        for i, n in enumerate(x.counts):
            row[((x.first + i) >> width - x.width) - first] += n
    with np.errstate(over="ignore"):  # the largest floats lie in a bin that ends beyond them
        return np.ldexp(np.arange(first, last + 2, dtype=np.float64), width), counts


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: its number, from 1.
        loss: the mean over the epoch's samples, each before the step of its own batch.
        metric: after the epoch, on the samples trained on; None for regression.
        validation_loss: after the epoch, on the samples held out; None if there are none.
        validation_metric: the same.
        time: how long it took, in seconds.
        seed: the seed of the run. The epoch's order came from
            `numpy.random.default_rng([seed, epoch])`, so any one can be drawn again.
        metrics: those asked for, by name: after the epoch, on the samples trained on. A number
            each; of "confusion_matrix" the rows.
        validation_metrics: the same, on the samples held out.
        gradient_norm: the mean length of the gradients of the epoch's steps, each √(Σ gᵢ²) over all
            parameters, before any clipping; None if it is not known.
        weights: how those of each part of the model are spread after the epoch, by the part's
            name; empty if it is not known.

    >>> record = EpochRecord(3, 0.5, 0.75, 0.625, 0.5, 0.01, seed=7)
    >>> record.loss, record.validation_metric
    (0.5, 0.5)
    """

    epoch: int
    loss: float
    metric: float | None
    validation_loss: float | None
    validation_metric: float | None
    time: float
    seed: int
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    validation_metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    gradient_norm: float | None = None
    weights: Mapping[str, Histogram] = field(default_factory=dict[str, Histogram])

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            x: object = getattr(self, name)
            if x is not None or name in ("loss", "time"):
                instance(f"{name} of an EpochRecord", x, numbers.Real, "a number")
        for name in ("metrics", "validation_metrics"):
            found = getattr(self, name)
            instance(f"{name} of an EpochRecord", found, Mapping, "a dict of numbers by name")
            # Lists, which can be compared and written.
            plain = {key: x.tolist() if hasattr(x, "tolist") else x for key, x in found.items()}
            object.__setattr__(self, name, plain)
        instance("weights of an EpochRecord", self.weights, Mapping, "a dict of Histograms by part")
        for x in self.weights.values():
            instance("weights of an EpochRecord", x, Histogram, "a Histogram for each part")

    @property
    def summary(self) -> str:
        """The accuracy on the samples held out, or the loss where there is none, in words."""
        if self.validation_metric is not None:
            return f"Validation Accuracy: {self.validation_metric:.2f}"
        if self.validation_loss is not None:
            return f"Validation Loss: {self.validation_loss:.4g}"
        return f"Loss: {self.loss:.4g}"

    def __str__(self) -> str:
        """Return one line about the validation: its accuracy, or the loss where there is none.

        >>> print(EpochRecord(3, 0.5, 0.1, 0.5, 0.1412, 1.0, 0))
        Epoch 3: Validation Accuracy: 0.14
        """
        return f"Epoch {self.epoch}: {self.summary}"


class GradientCost(NamedTuple):
    """The price of a run's gradients.

    Attributes:
        evaluations: how often the loss of a sample was computed for them.
        multiplications: how often the chain rule multiplied by a local derivative, counted on the
            recorded graphs; for backpropagation on the first one, and the others are taken to be as
            large. None where nobody counted: in a compiled program of more than 10,000 parameters,
            or of a model or loss of your own.

    >>> GradientCost(1200, 34000).multiplications / 1200
    28.333333333333332
    """

    evaluations: int
    multiplications: int | None

    def __add__(self, other: Any) -> "GradientCost":
        """Return the price of two runs together.

        >>> GradientCost(2, 3) + GradientCost(1, None)
        GradientCost(evaluations=3, multiplications=None)
        """
        both = self.multiplications, other.multiplications
        total = None if None in both else sum(filter(None, both))
        return GradientCost(self.evaluations + other.evaluations, total)

    def __str__(self) -> str:
        """Return it in words.

        >>> print(GradientCost(1200, 34000))
        1,200 evaluations and 34,000 multiplications
        """
        counted = self.multiplications
        return f"{self.evaluations:,} evaluations" + (
            "" if counted is None else f" and {counted:,} multiplications"
        )
