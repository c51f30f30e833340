"""Metrics of classes: of the predicted ones, of the order of outputs, of probabilities.

With two classes precision, recall and F1 are those of class 1. With more they are macro averages:
the mean over the classes, each counted once, that occur among the predictions or the truth. A
quotient of nothing by nothing counts as 0.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from nn.metrics.outputs import confusion
from nn.validation import Array, Floats, numeric, whole


def precision(predicted: Any, y: Any, count: int | None = None) -> float:
    """Return how many of the samples called a class are of it: TP / (TP + FP).

    Args:
        predicted: the predicted classes, whole numbers from 0, of shape (samples,).
        y: the right classes, as many.
        count: how many classes there are: with 2 the precision of class 1, with more the macro
            average. None for one more than the largest that occurs.

    Raises:
        ValueError: if they are not as many, none, or no whole numbers from 0 below `count`.

    >>> precision([1, 1, 1, 0], [1, 0, 1, 1])
    0.6666666666666666

    Source: van Rijsbergen, "Information retrieval", 2nd edition, 1979, chapter 7.
    """
    return precision_of(_table(predicted, y, count))


def recall(predicted: Any, y: Any, count: int | None = None) -> float:
    """Return how many of the samples of a class are called so: TP / (TP + FN).

    Args:
        predicted: the predicted classes, whole numbers from 0, of shape (samples,).
        y: the right classes, as many.
        count: see `precision`.

    Raises:
        ValueError: as `precision`.

    >>> recall([1, 1, 0, 0], [1, 0, 1, 1])
    0.3333333333333333

    Source: van Rijsbergen, "Information retrieval", 2nd edition, 1979, chapter 7.
    """
    return recall_of(_table(predicted, y, count))


def f1(predicted: Any, y: Any, count: int | None = None) -> float:
    """Return the harmonic mean of precision and recall of a class: 2 TP / (2 TP + FP + FN).

    The macro average of more than two classes is the mean of their F1, and not the F1 of the means.

    Args:
        predicted: the predicted classes, whole numbers from 0, of shape (samples,).
        y: the right classes, as many.
        count: see `precision`.

    Raises:
        ValueError: as `precision`.

    >>> f1([1, 1, 0, 0], [1, 0, 1, 1])
    0.4

    Source: van Rijsbergen, "Information retrieval", 2nd edition, 1979, chapter 7 (1 - E there);
    Opitz and Burst, "Macro F1 and macro F1", 2019, on the two averages.
    """
    return f1_of(_table(predicted, y, count))


def top_k(scores: Any, y: Any, k: int = 2) -> float:
    """Return the share of samples whose right class is among the k with the largest scores.

    Of equal scores those of lower classes come first, so that k = 1 is the accuracy.

    Args:
        scores: an output for each class, of shape (samples, classes).
        y: the right classes, of shape (samples,).
        k: how many of the classes, below their number.

    Raises:
        ValueError: if shapes or classes do not fit, or k is no whole number from 1 below the number
            of classes.

    >>> top_k([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]], [1, 2, 2], k=2)
    0.6666666666666666

    Source: Russakovsky et al., "ImageNet large scale visual recognition challenge", 2015, section
    4.1, for k = 5.
    """
    count, among = top_hits(scores, y, k)
    return count / among


def top_hits(scores: Any, y: Any, k: int) -> tuple[int, int]:
    """Return for how many samples the right class is among the k, and of how many; see `top_k`."""
    rows, right = _rows("scores", scores, y)
    k = whole("k", k)
    if k >= rows.shape[1]:
        raise ValueError(
            f"the right one of {rows.shape[1]} classes is always among {k}: choose k from 1 to "
            f"{rows.shape[1] - 1}"
        )
    # Stable, so that of equal scores the lower class stays in front.
    ranked = np.argsort(-rows, axis=1, kind="stable")[:, :k]
    return int((ranked == right[:, None]).sum()), len(right)


def log_loss(probabilities: Any, y: Any) -> float:
    """Return the mean surprise at the right classes, -(1/n) Σ log p(right): in nats.

    Probabilities of 0 count as 2.2e-16, as they do in scikit-learn: one sure mistake would be
    infinitely surprising.

    Args:
        probabilities: of shape (samples, classes), or (samples,) for those of class 1.
        y: the right classes, of shape (samples,).

    Raises:
        ValueError: if shapes or classes do not fit, a probability is not from 0 to 1, or those of a
            sample do not add up to 1.

    >>> round(log_loss([[0.5, 0.5], [0.1, 0.9]], [0, 1]), 6), round(log_loss([0.5, 0.9], [0, 1]), 6)
    (0.399254, 0.399254)

    Source: Good, "Rational decisions", 1952.
    """
    given = numeric("probabilities", probabilities).astype(np.float64)
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim == 1:
        given = np.stack([1.0 - given, given], axis=1)
    rows, right = _rows("probabilities", given, y)
    if rows.size and (rows.min() < 0.0 or rows.max() > 1.0):
        raise ValueError(
            f"probabilities are from 0 to 1; got from {rows.min():g} to {rows.max():g}: logits "
            "become some by autograd.softmax or autograd.sigmoid"
        )
    totals = rows.sum(axis=1)
    if not np.allclose(totals, 1.0, atol=1e-6):
        odd = totals[np.abs(totals - 1.0).argmax()]
        raise ValueError(f"the probabilities of a sample add up to 1; some here add up to {odd:g}")
    return surprise(np.log(clipped(rows)), right)


def clipped(probabilities: Floats) -> Floats:
    """Return probabilities whose logarithms are finite, as scikit-learn clips them.

    >>> clipped(np.array([0.0, 0.5, 1.0])).tolist()
    [2.220446049250313e-16, 0.5, 0.9999999999999998]
    """
    least = np.finfo(np.float64).eps
    return np.clip(probabilities, least, 1.0 - least)


def surprise(logs: Floats, right: Array) -> float:
    """Return minus the mean of the right classes' log-probabilities, of shape (samples, classes).

    >>> round(surprise(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])), 6)
    0.490415
    """
    return -surprises(logs, right) / len(right)


def surprises(logs: Floats, right: Array) -> float:
    """Return the sum of the right classes' log-probabilities, of shape (samples, classes)."""
    return float(logs[np.arange(len(right)), right].sum())


# Counting -----------------------------------------------------------------------------------------


def _labels(predicted: Any, y: Any) -> tuple[Array, Array]:
    """Return both as whole numbers from 0, as many and some."""
    said, right = _whole_numbers("predicted", predicted), _whole_numbers("y", y)
    if len(said) != len(right) or not len(right):
        raise ValueError(
            f"there must be a right class for each predicted one, and one at least; got "
            f"{len(said)} predicted and {len(right)} right"
        )
    return said, right


def _whole_numbers(name: str, labels: Any) -> Array:
    array = numeric(name, labels)
    if array.ndim != 1:
        hint = ": write nn.classes(outputs) for outputs" if array.ndim == 2 else ""
        raise ValueError(f"{name} must be of shape (samples,); got {array.shape}{hint}")
    if (array != np.floor(array)).any() or (len(array) and array.min() < 0):
        odd = array[(array != np.floor(array)) | (array < 0)][0]
        raise ValueError(f"{name} must hold classes, whole numbers from 0; found {odd:g}")
    return array.astype(np.int64)


def _count(said: Array, right: Array, count: int | None) -> int:
    largest = int(max(said.max(), right.max()))
    if count is None:
        return max(largest + 1, 2)
    known = whole("the number of classes", count)
    if largest >= known:
        raise ValueError(f"there is a class {largest}, and of {known} the last is {known - 1}")
    return known


def _rows(name: str, scores: Any, y: Any) -> tuple[Floats, Array]:
    """Return scores of every class and the right classes, as many."""
    rows, right = numeric(name, scores).astype(np.float64), _whole_numbers("y", y)
    if rows.ndim != 2 or len(rows) != len(right) or not len(right):
        raise ValueError(
            f"{name} must be of shape (samples, classes), with a right class for each sample; got "
            f"{rows.shape} and {len(right)} of those"
        )
    if right.max() >= rows.shape[1]:
        raise ValueError(
            f"there is a class {right.max()}, and {name} are of {rows.shape[1]}, from 0"
        )
    return rows, right


def _share(part: float, of: float) -> float:
    return part / of if of else 0.0


def _table(predicted: Any, y: Any, count: int | None) -> Array:
    """Return how often each class was taken for each, of labels in any form."""
    said, right = _labels(predicted, y)
    return confusion(said, right, _count(said, right, count))


def precision_of(table: Array) -> float:
    """Return the precision that a confusion matrix says; see `precision`."""
    return _averaged(table, lambda tp, said, right: _share(tp, said))


def recall_of(table: Array) -> float:
    """Return the recall that a confusion matrix says; see `recall`."""
    return _averaged(table, lambda tp, said, right: _share(tp, right))


def f1_of(table: Array) -> float:
    """Return the F1 that a confusion matrix says; see `f1`."""
    return _averaged(table, lambda tp, said, right: _share(2 * tp, said + right))


def _averaged(table: Array, of: Callable[[int, int, int], float]) -> float:
    """Return a quotient of counts of class 1, or its mean over the classes that occur."""
    counts = [
        *zip(np.diag(table).tolist(), table.sum(0).tolist(), table.sum(1).tolist(), strict=True)
    ]
    each = [of(*three) for three in counts]
    if len(each) == 2:
        return each[1]
    occur = [x for x, (_, said, right) in zip(each, counts, strict=True) if said or right]
    return sum(occur) / len(occur)
