"""The classes that a classifier says, and how often it is right.

The predicted class is that of the largest output, the first of several equal ones. A model of one
output says class 1 where its output is above a cut, and class 0 at the cut and below.
"""

from typing import Any

import numpy as np

from nn.validation import Array, Floats, numeric, real, whole


def classes(outputs: Any, cut: float | None = None) -> Array:
    """Return the predicted class of each sample, as whole numbers from 0.

    Args:
        outputs: of shape (samples, outputs), or (samples,) for a model of one output.
        cut: for one output, the value above which the class is 1: 0 for a logit or a score, 0.5
            for a sigmoid. None for 0, where that cannot be meant otherwise.

    Raises:
        ValueError: if outputs are of another shape or hold anything but finite numbers; or if no
            cut is given for single outputs that all lie between 0 and 1, as a sigmoid's do, and it
            matters.

    >>> classes([[0.1, 0.7, 0.2], [0.4, 0.4, 0.2]])
    array([1, 0])
    >>> classes([[-2.0], [0.0], [3.0]])
    array([0, 0, 1])
    """
    array = numeric("outputs", outputs)
    if array.ndim not in (1, 2) or 0 in array.shape[1:]:
        raise ValueError(
            f"outputs must be of shape (samples, outputs) or (samples,); got {array.shape}"
        )
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1)
    single = array.reshape(len(array))
    return (single > (_usual_cut(single) if cut is None else real("cut", cut))).astype(np.int64)


def _usual_cut(outputs: Array) -> float:
    """Return 0, the cut of logits and scores, unless these may be outputs of a sigmoid."""
    within = len(outputs) and outputs.min() >= 0 and outputs.max() <= 1
    if within and ((outputs > 0) & (outputs <= 0.5)).any():
        raise ValueError(
            f"all outputs lie from {outputs.min():.3g} to {outputs.max():.3g}: a sigmoid's part at "
            "0.5, logits at 0, and these may be either. Write cut=0.5 or cut=0, or measure the "
            "model as training does: nn.evaluate(model, X, y, loss=..., metrics=['accuracy'])"
        )
    return 0.0


def true_classes(y: Any) -> Array:
    """Return class labels from 0 for labels in any usual form.

    Args:
        y: whole numbers from 0, bools, or -1 and 1, of shape (samples,); or one-hot rows.

    Raises:
        ValueError: if they are of another form, such as a probability.

    >>> true_classes([[0, 0, 1], [1, 0, 0]]), true_classes([-1, 1, 1])
    (array([2, 0]), array([0, 1, 1]))
    """
    labels = numeric("y", y)
    if labels.ndim not in (1, 2) or 0 in labels.shape[1:]:
        raise ValueError(
            f"y must be labels of shape (samples,) or one-hot rows; got shape {labels.shape}"
        )
    if labels.ndim == 2:
        if labels.shape[1] > 1 and ((labels != 0) & (labels != 1)).any():
            raise ValueError(
                "y must be labels of shape (samples,) or one-hot rows of 0 and 1; these rows look "
                "like outputs, which come before y"
            )
        return labels.argmax(axis=1) if labels.shape[1] > 1 else true_classes(labels[:, 0])
    _check_whole("y", labels)
    if labels.size and labels.min() < 0:
        if not np.isin(labels, (-1, 1)).all():
            found = np.unique(labels)[:5].tolist()
            raise ValueError(f"labels are whole numbers from 0, or -1 and 1; got {found}")
        return (labels > 0).astype(np.int64)
    return labels.astype(np.int64)


def _check_whole(name: str, labels: Array) -> None:
    """Refuse numbers that would be cut off to a class: half of a label is none."""
    if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
        odd = labels[labels != np.floor(labels)][0]
        raise ValueError(f"{name} must hold whole numbers for classes, got {odd}")


def accuracy(outputs: Any, y: Any, cut: float | None = None) -> float:
    """Return the share of samples whose predicted class is the right one, from 0 to 1.

    Args:
        outputs: of shape (samples, outputs), or (samples,) for a model of one output.
        y: labels in any form that `true_classes` takes, as many.
        cut: see `classes`.

    Raises:
        ValueError: if there are not as many labels as samples, or none; or as `classes`.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1])
    0.6666666666666666
    """
    count, among = hits(outputs, y, cut)
    return count / among


def hits(outputs: Any, y: Any, cut: float | None = None) -> tuple[int, int]:
    """Return for how many samples the predicted class is the right one, and of how many.

    >>> hits([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1])
    (2, 3)
    """
    right, predicted = true_classes(y), classes(outputs, cut)
    if len(predicted) != len(right) or not len(right):
        raise ValueError(
            f"accuracy takes a label for each sample, got {len(predicted)} samples "
            f"and {len(right)} labels"
        )
    if np.size(outputs) == len(right) and right.max() > 1:
        raise ValueError(
            f"accuracy takes the outputs first and y second; y holds class {right.max()}, and one "
            "output a sample tells 0 from 1 alone: give the outputs of all classes, or write "
            "(predicted == y).mean() for predicted classes"
        )
    return int((predicted == right).sum()), len(right)


def confusion(predicted: Any, right: Any, count: int) -> Array:
    """Return how often each class was taken for each: rows are the truth, columns the prediction.

    Args:
        predicted: the predicted classes, of shape (samples,).
        right: the true classes, as many.
        count: the number of classes.

    Returns:
        An array of counts of shape (count, count).

    Raises:
        ValueError: if the lengths differ, or something is no whole number from 0 below `count`.

    >>> confusion([0, 1, 1, 2], [0, 1, 2, 2], 3)
    array([[1, 0, 0],
           [0, 1, 0],
           [0, 1, 1]])

    Source: Stehman, "Selecting and interpreting measures of thematic
    classification accuracy", 1997.
    """
    count = whole("the number of classes", count)
    columns, rows = numeric("predicted", predicted), numeric("right", right)
    if columns.shape != rows.shape or columns.ndim != 1:
        raise ValueError(
            f"predicted and right must be flat and of one length, got {columns.shape} "
            f"and {rows.shape}"
        )
    table = np.zeros((count, count), dtype=np.int64)
    for name, labels in (("predicted", columns), ("right", rows)):
        _check_whole(name, labels)
        if len(labels) and not (labels.min() >= 0 and labels.max() < count):
            raise ValueError(
                f"{name} must hold classes from 0 to {count - 1}, found from {labels.min()} "
                f"to {labels.max()}"
            )
    np.add.at(table, (rows.astype(np.int64), columns.astype(np.int64)), 1)
    return table


def one_hot(labels: Any, count: int) -> Floats:
    """Return a row for each label: 1 at its class, 0 elsewhere.

    Args:
        labels: whole numbers from 0 to count - 1, of shape (samples,).
        count: the number of classes.

    Raises:
        ValueError: if a label is not one of the classes.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    count = whole("the number of classes", count)
    y = numeric("labels", labels)
    if y.ndim != 1 or (y != np.floor(y)).any() or (len(y) and (y.min() < 0 or y.max() >= count)):
        raise ValueError(
            f"labels must be whole numbers from 0 to {count - 1} of shape (samples,); "
            f"got shape {y.shape}" + (f", from {y.min()} to {y.max()}" if y.size else "")
        )
    return np.eye(count)[y.astype(np.int64)]
