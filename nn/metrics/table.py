"""The table of metrics: what `fit` and `evaluate` measure by name, and what each needs.

A metric is told by its name, "top_3" by the number in it. The table says whether it is of classes
or of numbers, so that one which does not fit the data is refused before any training.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

from nn.losses import Loss
from nn.metrics.classification import f1_of, precision_of, recall_of, surprises, top_hits
from nn.metrics.outputs import confusion, hits, true_classes
from nn.metrics.reading import Reading
from nn.metrics.regression import Determination, distances, squares
from nn.validation import Array, Floats, iterable, look_up

Measured: TypeAlias = float | Array


def is_multilabel(loss: Loss, targets: Array) -> bool:
    """Whether each output is a yes or no of its own."""
    return loss.target == "binary" and targets.ndim == 2


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said of some samples, and what is right.

    Attributes:
        outputs: of shape (samples,) or (samples, outputs).
        targets: as the loss takes them.
        reading: how the outputs are read.
    """

    outputs: Floats
    targets: Array
    reading: Reading

    @classmethod
    def of(cls, outputs: Floats, targets: Array, reading: Reading, loss: Loss) -> "Said":
        """Return what a model said; where each output is a yes or no, one for each output."""
        if is_multilabel(loss, targets):
            return cls(outputs.reshape(-1), targets.reshape(-1), reading)
        return cls(outputs, targets, reading)

    @property
    def count(self) -> int:
        """The number of classes that the outputs tell apart."""
        return max(2, self.outputs[0].size)

    @property
    def labels(self) -> tuple[Array, Array]:
        """The predicted classes and the right ones, as whole numbers from 0."""
        return self.reading.classes(self.outputs), true_classes(self.targets)

    @property
    def table(self) -> Array:
        """How often each class was taken for each."""
        return confusion(*self.labels, self.count)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table.

    Attributes:
        name: as it is asked for and shown.
        of: what is counted or summed of some samples; for more samples, it is added up.
        value: a number, or an array of counts, from that of all samples.
        needs: "classes"; "probabilities" of classes;
            or "numbers", which outputs and targets are.
        k: how many classes may be said; 0 where only one is.
    """

    name: str
    of: Callable[[Said], Any]
    value: Callable[[Any], Measured]
    needs: Literal["classes", "probabilities", "numbers"]
    k: int = 0


def _both(pair: tuple[float, int]) -> Array:
    """Return a sum and a count so that they can be added up."""
    return np.array(pair)


def _mean(sums: Array) -> float:
    total, count = sums.tolist()
    return total / count


def _surprises(said: Said) -> Array:
    right = true_classes(said.targets)
    return _both((-surprises(said.reading.log_probabilities(said.outputs), right), len(right)))


def _top(name: str, k: int) -> Metric:
    return Metric(
        name,
        lambda said: _both(top_hits(said.outputs, true_classes(said.targets), k)),
        _mean,
        "classes",
        k,
    )


def _hits(said: Said) -> Array:
    return _both(hits(said.outputs, said.targets, said.reading.cut))


def _counts(said: Said) -> Array:
    return said.table


def _distances(said: Said) -> Array:
    return _both(distances(said.outputs, said.targets))


def _squares(said: Said) -> Array:
    return _both(squares(said.outputs, said.targets))


def _spread(said: Said) -> Determination:
    return Determination.of(said.outputs, said.targets)


ACCURACY = Metric("accuracy", _hits, _mean, "classes")

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            ACCURACY,
            _top("top_k", 2),
            Metric("precision", _counts, precision_of, "classes"),
            Metric("recall", _counts, recall_of, "classes"),
            Metric("f1", _counts, f1_of, "classes"),
            Metric("log_loss", _surprises, _mean, "probabilities"),
            Metric("confusion_matrix", _counts, lambda table: table, "classes"),
            Metric("mean_absolute_error", _distances, _mean, "numbers"),
            Metric("mean_squared_error", _squares, _mean, "numbers"),
            Metric("r2", _spread, lambda spread: spread.determined, "numbers"),
        )
    }
)


def metrics_named(names: Any) -> list[Metric]:
    """Return the metrics of some names, each once.

    Raises:
        TypeError: if names are no list of texts.
        ValueError: if there is no metric of a name, with the nearest that is known.

    >>> [metric.name for metric in metrics_named(["f1", "top_3", "f1"])]
    ['f1', 'top_3']
    """
    if isinstance(names, str):
        raise TypeError(f"metrics is a list of names: write metrics=[{names!r}]")
    asked: list[Any] = iterable("metrics", names, "a list of names, such as ['accuracy', 'f1']")
    return [_named(name) for name in dict.fromkeys(map(_hashable, asked))]


def _hashable(name: Any) -> Any:
    return name if isinstance(name, str) else look_up("metric", name, METRICS)


def _named(name: str) -> Metric:
    found = re.fullmatch(r"top_([1-9]\d{0,8})", name)
    return _top(name, int(found[1])) if found else look_up("metric", name, METRICS)


def check_metrics(
    metrics: Sequence[Metric], loss: Loss, reading: Reading, outputs: int | None, is_classes: bool
) -> None:
    """Refuse metrics that cannot be measured of some outputs and targets.

    Args:
        metrics: those asked for.
        loss: the loss trained with.
        reading: how outputs are read.
        outputs: how many the model has; None if they are of a form of their own.
        is_classes: whether the targets are classes.

    Raises:
        ValueError: naming the first, and what it needs.
    """
    if loss.target == "binary":
        outputs = 1  # each of them tells a yes from a no
    for metric in metrics:
        name = metric.name
        if metric.needs == "numbers":
            if loss.target not in ("values", "any") or outputs is None:
                raise ValueError(
                    f"{name} compares numbers, and {loss.name} is trained on labels: measure "
                    "'accuracy' or 'log_loss' of it"
                )
            continue
        if not is_classes:
            own = loss.target == "any" and outputs == 1
            raise ValueError(
                f"{name} is of classes, and "
                + (
                    f"where the loss {loss.name} parts two classes of one output is not known: "
                    "give the model an output for each"
                    if own
                    else "y holds none: measure 'r2' or 'mean_absolute_error', or give y as whole "
                    "numbers or one-hot rows"
                )
            )
        if metric.needs == "probabilities" and reading.scale == "scores":
            raise ValueError(
                f"{name} is of probabilities, and outputs trained with {loss.name} are none "
                "without a sigmoid: give the last layer one, or train with cross_entropy or "
                "binary_cross_entropy"
            )
        if metric.k and outputs == 1:
            raise ValueError(
                f"{name} is of a model with an output for each class, and this one has one output"
            )
        if metric.k and outputs is not None and metric.k >= outputs:
            raise ValueError(
                f"{name} of {outputs} classes is 1 whatever the model says: choose a smaller k"
            )


class Tallies:
    """Measures many samples in parts: each metric is added up, and told of all at the end.

    Args:
        metrics: those to measure.
        loss: the loss, by which targets stand for classes.
        reading: how outputs are read.
    """

    def __init__(self, metrics: Sequence[Metric], loss: Loss, reading: Reading) -> None:
        self._metrics = [*metrics]
        self._loss, self._reading = loss, reading
        self._sums: list[Any] = []

    def add(self, outputs: Floats, targets: Array) -> None:
        """Measure some more samples."""
        if not self._metrics:
            return
        said = Said.of(outputs, targets, self._reading, self._loss)
        found = [metric.of(said) for metric in self._metrics]
        both = zip(self._sums, found, strict=True) if self._sums else ()
        self._sums = [a + b for a, b in both] or found

    def found(self) -> dict[str, Measured]:
        """Return each metric's name with what it is of all samples."""
        both = zip(self._metrics, self._sums, strict=True) if self._sums else ()
        return {metric.name: metric.value(total) for metric, total in both}
