"""Losses of one sample: how far a model's outputs are from what they should be.

A loss takes the outputs (a list of Values or numbers, an array's row, or one Value) and the target,
and returns one Value, or a number if nothing in it is a Value. Training averages over a batch.
All are stable: outputs of ±1000 give exact values and gradients, and small losses keep their tail.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np

import autograd as ag
from autograd import (
    Value,
    equal,
    logsumexp,
    maximum,
    mean,
    minimum,
    no_grad,
    select,
    square,
    step,
    sum,
    where,
)
from nn.spellings import names_of
from nn.validation import Array, class_label, instance, listed, look_up, pairs, plain_label, real

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)

Numbers: TypeAlias = Value | float | Sequence[Value | float] | Array
Function: TypeAlias = Callable[[Any, Any], Any]

# Of outputs that may be Values or numbers, so neither of the engine's overloads applies.
_absolute: Callable[[Any], Any] = ag.abs
_relu: Callable[[Any], Any] = ag.relu
_softplus: Callable[[Any], Any] = ag.softplus


def half_squared_error(outputs: Numbers, targets: Numbers) -> Any:
    """Return ½ Σ (a - y)², whose derivative by an output is a - y.

    Args:
        outputs: the outputs a.
        targets: the targets y, as many.

    Raises:
        ValueError: if there are not as many outputs as targets, or none.

    >>> half_squared_error([0.9, 0.2, 0.6], [1.0, 0.0, 0.0])
    0.205

    Source: Nielsen, "Neural Networks and Deep Learning", chapter 2, with
    the factor of his equation 26 per sample.
    """
    return 0.5 * sum([square(a - y) for a, y in pairs("half_squared_error", outputs, targets)])


def mean_squared_error(outputs: Numbers, targets: Numbers) -> Any:
    """Return (1/N) Σ (a - y)² over the N outputs, with derivatives 2 (a - y) / N.

    With one output, the average over samples is taken by training.

    Args:
        outputs: the outputs a.
        targets: the targets y, as many.

    Raises:
        ValueError: if there are not as many outputs as targets, or none.

    >>> mean_squared_error([3.0, 1.0], [1.0, 1.0])
    2.0

    Source: the method of least squares; Gauss, "Theoria motus", 1809.
    """
    return mean([square(a - y) for a, y in pairs("mean_squared_error", outputs, targets)])


def mean_absolute_error(outputs: Numbers, targets: Numbers) -> Any:
    """Return (1/N) Σ |a - y| over the N outputs; the derivative where a = y is taken to be 0.

    Args:
        outputs: the outputs a.
        targets: the targets y, as many.

    Raises:
        ValueError: if there are not as many outputs as targets, or none.

    >>> mean_absolute_error([3.0, 1.0], [1.0, 1.0])
    1.0

    Source: Laplace's criterion; Bloomfield and Steiger, "Least Absolute Deviations", 1983.
    """
    return mean([_absolute(a - y) for a, y in pairs("mean_absolute_error", outputs, targets)])


def huber(outputs: Numbers, targets: Numbers, delta: float = 1.0) -> Any:
    """Return the mean over the outputs of r²/2 where |r| <= delta, else delta (|r| - delta/2).

    r = a - y: squared for small errors, absolute for outliers, with a continuous derivative.

    Args:
        outputs: the outputs a.
        targets: the targets y, as many.
        delta: where the one passes into the other; to choose it in training, give
            ``loss=lambda a, y: huber(a, y, delta=0.5)``.

    Raises:
        ValueError: if there are not as many outputs as targets, or none, or delta is not positive.

    >>> huber([0.5, 3.0], [0.0, 0.0])
    1.3125

    Source: Huber, "Robust estimation of a location parameter", 1964, section 4.
    """
    if real("delta", delta, at_least=0.0) == 0.0:
        raise ValueError("delta must be above 0; with 0 the loss is 0 everywhere")
    terms: list[Any] = []
    for a, y in pairs("huber", outputs, targets):
        size = _absolute(a - y)
        # Both branches at once: c (|r| - c/2) with c = min(|r|, delta).
        capped = minimum(size, delta)
        terms.append(capped * (size - 0.5 * capped))
    return mean(terms)


def hinge(outputs: Numbers, label: float) -> Any:
    """Return how far the right answer is from leading by a margin of 1.

    For one score s: max(0, 1 - t s) with t = 1, or -1. For several: max(0, 1 + max_j s_j - s_y)
    with the largest score among the classes other than y. Where the margin is exactly 1 the
    derivative is taken to be 0.

    Args:
        outputs: one score, or one for each class.
        label: 1 or -1 for one score (0 stands for -1); for several the class, from 0.

    Raises:
        ValueError: if the label is not one of those.

    >>> hinge([0.25], -1), hinge([2.0, 0.5, 1.5], 0)
    (1.25, 0.5)

    Source: Cortes and Vapnik, "Support-vector networks", 1995; for several classes Crammer and
    Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", 2001.
    """
    scores = listed("hinge", outputs)
    if _is_value(label):
        return _hinge_of_value(scores, label)
    if len(scores) == 1:
        if np.ndim(label) or label not in (-1, 0, 1):
            _refuse_reversed("hinge", scores, label)
            raise ValueError(
                f"hinge of one score takes the label 1, or -1 or 0 for the other class; "
                f"got {label!r}"
            )
        return _relu(1.0 - scores[0]) if label == 1 else _relu(1.0 + scores[0])
    right = class_label("hinge", label, len(scores))
    others = [s for j, s in enumerate(scores) if j != right]
    rival = others[0] if len(others) == 1 else maximum(*others)
    return _relu(1.0 + (rival - scores[right]))


def binary_cross_entropy(logit: Numbers, label: Any) -> Any:
    """Return -y log p - (1 - y) log(1 - p) for p = sigmoid(logit); of several, their mean.

    It is computed from the logit, as y softplus(-z) + (1 - y) softplus(z): the derivative is
    p - y, and no logarithm of 0 can appear. With several outputs each is a yes or no of its own,
    as where a sample has several labels.

    Args:
        logit: an output z, or several, before any sigmoid.
        label: the class, 0 or 1 or a bool, or a probability between them; one for each output.

    Raises:
        ValueError: if there are not as many labels as outputs, or one is outside [0, 1].

    >>> round(binary_cross_entropy([0.0], 1), 12), binary_cross_entropy([-1000.0], 1)
    (0.69314718056, 1000.0)
    >>> binary_cross_entropy([-8.0, 1000.0, -1000.0], [0, 1, 1]).__round__(6)
    333.333445

    Source: Cox, "The regression analysis of binary sequences", 1958, as a likelihood.
    """
    outputs = listed("binary_cross_entropy", logit)
    several = isinstance(label, list | tuple | np.ndarray) and np.ndim(cast(Any, label)) == 1
    if several:
        _refuse_reversed("binary_cross_entropy", outputs, label)
    if len(outputs) == 1:
        return _binary_term(outputs[0], label)
    if not several:
        raise ValueError(
            f"binary_cross_entropy takes one logit, got {len(outputs)}: use cross_entropy for "
            "several classes, or give a label for each output"
        )
    return mean([_binary_term(z, y) for z, y in pairs("binary_cross_entropy", outputs, label)])


def _binary_term(z: Any, label: Any) -> Any:
    """Return the loss of one logit."""
    if _is_value(label):
        return label * _softplus(-z) + (1.0 - label) * _softplus(z)
    y = plain_label("binary_cross_entropy", label, "biuf")
    if not 0.0 <= y <= 1.0:
        raise ValueError(f"binary_cross_entropy takes a label from 0 to 1, got {label!r}")
    if y == 1.0:
        return _softplus(-z)
    return _softplus(z) if y == 0.0 else y * _softplus(-z) + (1.0 - y) * _softplus(z)


def cross_entropy(logits: Numbers, label: int) -> Any:
    """Return -log softmax(z)_y, the surprise at the right class y.

    It is computed as log Σ exp(z_j - z_y); the derivative by z_j is softmax(z)_j, less 1 at y.

    Args:
        logits: one output z_j for each class, before any softmax.
        label: the right class y, a whole number from 0.

    Raises:
        ValueError: if there are fewer than two logits, or the label is not one of the classes.

    >>> round(cross_entropy([1.0, 2.0, 3.0], 0), 6)
    2.407606
    >>> cross_entropy([1000.0, -1000.0], 1), cross_entropy([40.0, 0.0], 0)
    (2000.0, 4.248354255291589e-18)

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs",
    1990.
    """
    outputs = listed("cross_entropy", logits)
    if len(outputs) < 2 or isinstance(label, list | tuple):
        _refuse_reversed("cross_entropy", outputs, label)
    if len(outputs) < 2:
        raise ValueError(
            "cross_entropy takes a logit for each of two or more classes, got 1: "
            "use binary_cross_entropy for one"
        )
    if _is_value(label):
        return _cross_entropy_of_value(outputs, label)
    right = class_label("cross_entropy", label, len(outputs))
    # Differences to the right logit, among them its own, which is 0: a sure answer's loss of
    # 1e-18 would be lost in logsumexp(z) - z_y, and so would the derivative by z_y.
    z = outputs[right]
    return logsumexp([0.0 if j == right else other - z for j, other in enumerate(outputs)])


def _refuse_reversed(loss: str, outputs: list[Any], label: Any) -> None:
    """Raise if outputs were given as the label: several for one, or one that was computed."""
    second = listed(loss, label)
    several = len(outputs) == 1 and len(second) > 1
    if several or (any(map(_is_value, second)) and not any(map(_is_value, outputs))):
        raise ValueError(
            f"{loss} takes the outputs first and the label second, and here the second looks like "
            f"the outputs: write {loss}(outputs, label)"
        )


def _is_value(label: Any) -> bool:
    """Whether a label is a Value, or stands for one while a loss is compiled."""
    return hasattr(label.__class__, "__apply__")


def _hinge_of_value(scores: list[Any], label: Any) -> Any:
    """Return `hinge` where the label is a number of data."""
    if len(scores) == 1:
        return _relu(1.0 - (2.0 * step(label) - 1.0) * scores[0])
    rivals = [where(equal(label, float(j)), -math.inf, s) for j, s in enumerate(scores)]
    return _relu(1.0 + (maximum(*rivals) - select(label, scores)))


def _cross_entropy_of_value(outputs: list[Any], label: Any) -> Any:
    """Return the same terms as `cross_entropy` where the label is a number of data."""
    z = select(label, outputs)
    return logsumexp(
        [where(equal(label, float(j)), 0.0, other - z) for j, other in enumerate(outputs)]
    )


_Target: TypeAlias = Literal["values", "label", "binary", "margin", "any"]


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss as training needs to know it.

    Attributes:
        name: its name, or that of the user's function.
        function: of the outputs and the target of one sample.
        target: what a target is: "values" (one for each output), "label" (a class from 0),
            "binary" (0 to 1), "margin" (±1, or a class), or "any" for a user's function.
        cut: the output above which a model of one output says class 1.
        logits: whether it squashes the outputs itself.
        weighted: whether its targets have the weight of the sample beside them.
    """

    name: str
    function: Function
    target: _Target
    cut: float = 0.0
    logits: bool = False
    weighted: bool = False


def _named(function: Function, target: _Target, *, cut: float = 0.0, logits: bool = False) -> Loss:
    return Loss(function.__name__, function, target, cut, logits)


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        loss.name: loss
        for loss in (
            _named(half_squared_error, "values", cut=0.5),
            _named(mean_squared_error, "values", cut=0.5),
            _named(mean_absolute_error, "values", cut=0.5),
            _named(huber, "values", cut=0.5),
            _named(hinge, "margin"),
            _named(binary_cross_entropy, "binary", logits=True),
            _named(cross_entropy, "label", logits=True),
        )
    }
)


def loss_named(loss: str | Function) -> Loss:
    """Return the loss that a name or a function stands for.

    Raises:
        ValueError: if no loss has that name, with the nearest that is known.
        TypeError: if it is neither a name nor a function.

    >>> loss_named("cross_entropi")
    Traceback (most recent call last):
        ...
    ValueError: no loss is called 'cross_entropi'. Did you mean 'cross_entropy'? Known are ...
    """
    if isinstance(loss, str):
        return look_up("loss", loss, LOSSES)
    if not callable(loss):
        raise TypeError(f"a loss is a name or a function (outputs, target); got {loss!r}")
    for known in LOSSES.values():
        if known.function is loss:
            return known
    return Loss(getattr(loss, "__name__", type(loss).__name__), loss, "any")


def mean_loss(loss: Loss, outputs: Any, targets: Any) -> float:
    """Return the mean loss of many samples' outputs, recording nothing.

    Args:
        loss: the loss.
        outputs: an array of shape (samples, outputs) or (samples,).
        targets: as the loss takes them, as many.

    >>> mean_loss(loss_named("half_squared_error"), np.array([[1.0], [3.0]]), np.zeros(2))
    2.5
    """
    instance("mean_loss", loss, Loss, "a Loss, as loss_named gives")
    outputs, targets = np.asarray(outputs), np.asarray(targets)
    if not outputs.ndim or outputs.shape[:1] != targets.shape[:1] or not len(outputs):
        raise ValueError(
            f"mean_loss takes a target for each sample's outputs; got {outputs.shape} and "
            f"{targets.shape}"
        )
    losses: list[Any] = []
    with no_grad():
        for row, target in zip(outputs.tolist(), targets.tolist(), strict=True):
            # The module's own losses take numbers; a user's may call methods of Values.
            losses.append(loss.function(_values(row) if loss.target == "any" else row, target))
    return math.fsum([x.data if isinstance(x, Value) else x for x in losses]) / len(losses)


def _values(row: Any) -> Any:
    return [_values(x) for x in row] if isinstance(row, list) else Value(row)  # pyright: ignore[reportUnknownVariableType]
