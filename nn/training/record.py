"""Records: the numbers of one epoch, and the price of a run's gradients."""

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from nn.validation import instance

# A number, or the rows of a table of counts.
Measure: TypeAlias = float | list[list[int]]

# The fields of a record that are one number, or None.
_NUMBERS = ("loss", "metric", "validation_loss", "validation_metric", "time", "gradient_norm")


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
