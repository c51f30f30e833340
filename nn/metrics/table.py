"""The table of metrics: what `fit` and `evaluate` measure by name, and what each needs.

A metric is told by its name, "top_3" by the number in it. The table says whether it is of classes
or of numbers, so that one which does not fit the data is refused before any training.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from nn.losses import Loss
from nn.metrics.classification import f1, precision, recall, surprise, top_k
from nn.metrics.outputs import accuracy, confusion, true_classes
from nn.metrics.reading import Reading
from nn.metrics.regression import mean_absolute_error, mean_squared_error, r2
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

    def counted(self, metric: Callable[[Any, Any, int], Any]) -> Any:
        """Return a metric of the predicted and the right classes."""
        return metric(*self.labels, self.count)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table.

    Attributes:
        name: as it is asked for and shown.
        of: a number, or an array of counts, from what a model said.
        needs: "classes"; "probabilities" of classes;
            or "numbers", which outputs and targets are.
        k: how many classes may be said; 0 where only one is.
    """

    name: str
    of: Callable[[Said], Measured]
    needs: Literal["classes", "probabilities", "numbers"]
    k: int = 0


def _log_loss(said: Said) -> float:
    return surprise(said.reading.log_probabilities(said.outputs), true_classes(said.targets))


def _top(name: str, k: int) -> Metric:
    return Metric(
        name, lambda said: top_k(said.outputs, true_classes(said.targets), k), "classes", k
    )


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(
                "accuracy",
                lambda said: accuracy(said.outputs, said.targets, said.reading.cut),
                "classes",
            ),
            _top("top_k", 2),
            Metric("precision", lambda said: said.counted(precision), "classes"),
            Metric("recall", lambda said: said.counted(recall), "classes"),
            Metric("f1", lambda said: said.counted(f1), "classes"),
            Metric("log_loss", _log_loss, "probabilities"),
            Metric("confusion_matrix", lambda said: said.counted(confusion), "classes"),
            Metric(
                "mean_absolute_error",
                lambda said: mean_absolute_error(said.outputs, said.targets),
                "numbers",
            ),
            Metric(
                "mean_squared_error",
                lambda said: mean_squared_error(said.outputs, said.targets),
                "numbers",
            ),
            Metric("r2", lambda said: r2(said.outputs, said.targets), "numbers"),
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


def measured(metrics: Sequence[Metric], said: Said) -> dict[str, Measured]:
    """Return each metric's name with what it is."""
    return {metric.name: metric.of(said) for metric in metrics}
