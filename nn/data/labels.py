"""Labels: from what people call their classes to the numbers a loss takes.

Classes are text, bools or whole numbers of any kind, or one-hot rows; their names are sorted, and
the place among them is the output that stands for the class. What a loss compares output by output
stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn.data.frames import cells_of, matrix, names_of_columns
from nn.losses import Loss
from nn.spellings.tensors import refuse_tensors
from nn.validation import Array, numeric, refuse_masked

# Names of classes in an error, at most.
_SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets in the form that a loss takes.

    Attributes:
        values: one row or number for each sample.
        classes: the names of the classes in the order of the outputs; None where there are none.
        multilabel: whether each output is a yes or no of its own.
    """

    values: Array
    classes: Array | None = None
    multilabel: bool = False


def read_labels(name: str, y: Any) -> Array:
    """Return targets as an array of numbers, bools or text.

    Raises:
        ValueError: if text and numbers are mixed, something is missing, masked or no finite number.

    >>> read_labels("y", ["no", "yes"]), read_labels("y", [True, False])
    (array(['no', 'yes'], dtype='<U3'), array([ True, False]))
    """
    refuse_masked(name, y)
    refuse_tensors(name, y)
    given: Any = y
    # A categorical series shows its labels; an array of pandas' own text type is one of objects.
    array = cells_of(given)
    if array.dtype.kind in "UT":
        if isinstance(given, list | tuple):
            _refuse_mixed(name, np.array(given, dtype=object))
        return array.astype(str) if array.dtype.kind == "T" else array
    if array.dtype.kind == "O" and any(isinstance(x, str) for x in array.ravel().tolist()):
        _refuse_mixed(name, array)
        return array
    return numeric(name, array if hasattr(given, "to_numpy") else given)


def _refuse_mixed(name: str, array: Array) -> None:
    """Refuse labels of which some are text and some are not."""
    for place, x in np.ndenumerate(array):
        if isinstance(x, str):
            continue
        shown = f"{x!r:.40} at {[*place]}"
        if x is None or type(x).__name__ in ("NAType", "NaTType") or x != x:
            raise ValueError(f"{name} holds {shown}: take that sample out or fill the gap")
        raise ValueError(
            f"{name} holds text and {shown}: write labels of one kind, as y.astype(str)"
        )


def targets_of(
    loss: Loss,
    y: Any,
    outputs: int | None,
    known: Array | None = None,
    *,
    strict: bool = True,
) -> Targets:
    """Return targets in the form that a loss takes, with the names of their classes.

    Args:
        loss: the loss.
        y: targets of shape (samples,) or (samples, outputs).
        outputs: how many outputs the model has, None if they are of a form of their own.
        known: the classes that the model was trained to tell apart.
        strict: refuse labels that are none of the known classes; otherwise begin anew with theirs.

    Raises:
        ValueError: if the loss cannot be computed from these targets and outputs, or a label is
            none of the known classes, naming it.

    >>> from nn.losses import loss_named
    >>> found = targets_of(loss_named("cross_entropy"), ["cat", "ant", "cat"], 2)
    >>> found.values, found.classes
    (array([1, 0, 1]), array(['ant', 'cat'], dtype='<U3'))
    """
    names = names_of_columns(y)
    y = read_labels("y", matrix("y", y) if len(names) > 1 else y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    is_text = y.dtype.kind in "UO"
    if is_text and y.ndim != 1:
        raise ValueError(f"y must hold one label for each sample; got text of shape {y.shape}")
    if known is not None and not strict and _unknown(y, known):
        known = None
    if outputs is None and loss.target != "any":
        raise ValueError(f"{loss.name} takes one flat list of outputs for each sample")
    if loss.target == "any" and not is_text:
        return _for_own_loss(y, outputs)
    if loss.target == "values" and not is_text:
        return _for_values(loss, y, outputs or 1, known, names)
    if loss.target == "binary" and outputs != 1:
        return _for_many_labels(loss, y, outputs or 0)
    if y.ndim != 1:
        y, known = _of_rows(loss, y, outputs or 1, known, names)
    if outputs == 1:
        return _for_one_output(loss, y, known)
    if outputs is None:
        places, classes = _sorted(y) if known is None else (_looked_up(y, known), known)
        return Targets(places, classes)
    places, classes = _placed(loss, y, outputs, known)
    return Targets(np.eye(outputs)[places] if loss.target == "values" else places, classes)


# Of each kind of loss -----------------------------------------------------------------------------


def _for_own_loss(y: Array, outputs: int | None) -> Targets:
    """Targets as a function of the user's takes them: as they are."""
    values = y.astype(np.int64) if y.dtype.kind == "b" else y
    # Where it puts the cut between two classes of one output is not known.
    if outputs is None or outputs < 2 or not _are_classes(values, outputs):
        return Targets(values)
    return Targets(values, _counted(outputs, y))


def _for_values(
    loss: Loss, y: Array, outputs: int, known: Array | None, names: Sequence[str]
) -> Targets:
    """Targets of a loss that compares output by output; labels become one-hot rows."""
    if y.ndim == 1 and outputs > 1 and (y.dtype.kind in "biu" or (y == np.floor(y)).all()):
        places, classes = _placed(loss, y, outputs, known)
        return Targets(np.eye(outputs)[places], classes)
    if y.shape[1:] != (() if outputs == 1 else (outputs,)):
        raise ValueError(
            f"{loss.name} takes a target for each output: expected y of shape "
            f"{(len(y),) if outputs == 1 else (len(y), outputs)}, got {y.shape}"
        )
    values = y.astype(np.float64)
    if not _are_classes(y.astype(np.int64) if y.dtype.kind == "b" else y, outputs):
        return Targets(values)
    if y.ndim == 2:
        return Targets(values, np.array(names) if names else _counted(outputs))
    if y.dtype.kind == "b":
        return Targets(values, np.array([False, True]))
    return Targets(values, np.array([-1 if y.min() < 0 else 0, 1], dtype=y.dtype))


def _for_many_labels(loss: Loss, y: Array, outputs: int) -> Targets:
    """A yes or no, or a probability, for each output."""
    if y.ndim == 1:
        raise ValueError(
            f"{loss.name} takes a model of one output, got {outputs}: use cross_entropy, or y of "
            f"shape (samples, {outputs}) with a 0 or 1 for each output"
        )
    if y.shape[1] != outputs:
        raise ValueError(
            f"{loss.name} takes a label for each of {outputs} outputs: expected y of shape "
            f"{(len(y), outputs)}, got {y.shape}"
        )
    _check_range(loss, y)
    return Targets(y.astype(np.float64), multilabel=bool(np.isin(y, (0, 1)).all()))


def _for_one_output(loss: Loss, y: Array, known: Array | None) -> Targets:
    """Two classes that one output tells apart: as 0 and 1, or as -1 and 1 where they are those."""
    if loss.target == "label":
        raise ValueError(
            f"{loss.name} takes a model with an output for each class, got one output: "
            "use binary_cross_entropy"
        )
    is_text = y.dtype.kind in "UO"
    soft = loss.target == "binary" and y.dtype.kind == "f" and (y != np.floor(y)).any()
    if soft:
        _check_range(loss, y)
        return Targets(y)
    places, classes = _two(loss, y) if known is None else (_looked_up(y, known), known)
    if len(classes) != 2:
        shown = listed(classes)
        raise ValueError(
            f"y holds {len(classes)} class(es), {shown}, and one output tells two apart: build the "
            f"model with {max(2, len(classes))} outputs, with loss='cross_entropy'"
        )
    if loss.target == "margin" and not is_text and classes[0] == -1 and classes[1] == 1:
        return Targets(2 * places - 1, classes)
    return Targets(places.astype(np.float64) if loss.target == "values" else places, classes)


def _two(loss: Loss, y: Array) -> tuple[Array, Array]:
    """Return the places of labels among the two classes of one output, and the classes."""
    places, found = _sorted(y)
    is_whole = y.dtype.kind in "UO" or not (found != np.floor(found)).any()
    if is_whole and (
        y.dtype.kind in "UO" or (len(found) > 1 and not set(found.tolist()) <= {0, 1})
    ):
        return places, found
    if y.dtype.kind == "b" or np.isin(found, (0, 1)).all():
        return y.astype(np.int64), np.array([0, 1]).astype(y.dtype)
    if found[0] == -1:
        return y.astype(np.int64) + 1, np.array([-1, 1]).astype(y.dtype)
    if loss.target == "binary":
        _check_range(loss, y)
    raise ValueError(
        f"{loss.name} with one output takes labels -1 and 1, or 0 and 1; got {found.tolist()}"
    )


def _check_range(loss: Loss, y: Array) -> None:
    if y.min() < 0 or y.max() > 1:
        raise ValueError(f"{loss.name} takes labels from 0 to 1, got from {y.min()} to {y.max()}")


def _of_rows(
    loss: Loss, y: Array, outputs: int, known: Array | None, names: Sequence[str]
) -> tuple[Array, Array | None]:
    """Return the labels that one-hot rows stand for, and all classes that they tell apart."""
    wanted = 2 if outputs == 1 else outputs
    hot = y.ndim == 2 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()
    if not hot:
        hint = ": write y.argmax(axis=1) for one-hot rows" if y.ndim == 2 else ""
        raise ValueError(
            f"{loss.name} takes y of shape (samples,) or one-hot rows, got {y.shape}{hint}"
        )
    if y.shape[1] != wanted:
        raise ValueError(
            f"y has one-hot rows of {y.shape[1]} classes, and the model has {outputs} output(s): "
            f"build it with {y.shape[1]}"
        )
    classes = known if known is not None else np.array(names) if names else _counted(wanted)
    return classes[y.argmax(axis=1)], classes


# Classes and their places -------------------------------------------------------------------------


def _placed(loss: Loss, y: Array, outputs: int, known: Array | None) -> tuple[Array, Array]:
    """Return the places of labels among a class for each output, and the classes."""
    if known is not None:
        return _looked_up(y, known), known
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        odd = y[y != np.floor(y)][0]
        raise ValueError(f"{loss.name} takes whole numbers for labels, got {odd}")
    is_text = y.dtype.kind in "UO"
    if not is_text and y.min() >= 0 and y.max() < outputs:
        return y.astype(np.int64), _counted(outputs, y)
    places, found = _sorted(y)
    if len(found) == outputs:
        return places, found
    enough = (
        f"build it with {len(found)}"
        if len(found) > 1
        else "there is nothing to tell apart in these samples"
    )
    if is_text:
        raise ValueError(
            f"y holds {len(found)} class(es), {listed(found)}, and the model has {outputs} "
            f"outputs, one for each class: {enough}"
        )
    raise ValueError(
        f"the model has {outputs} outputs, so {loss.name} takes labels from 0 to {outputs - 1}; "
        f"got from {y.min()} to {y.max()}, {len(found)} different one(s): {enough}"
    )


def _sorted(y: Array) -> tuple[Array, Array]:
    """Return the place of each label among the sorted ones, and those."""
    found, places = np.unique(y, return_inverse=True)
    return places.reshape(y.shape).astype(np.int64), found


def _looked_up(y: Array, known: Array) -> Array:
    """Return the places of labels among known classes.

    Raises:
        ValueError: naming those that are none of them.
    """
    if unknown := _unknown(y, known):
        raise ValueError(
            f"y holds {listed(unknown)}, which the model was not trained to tell: its classes are "
            f"{listed(known)}"
        )
    places = {label: i for i, label in enumerate(known.tolist())}
    return np.array([places[label] for label in y.tolist()], dtype=np.int64)


def _unknown(y: Array, known: Array) -> list[Any]:
    """Return the labels that are none of the known classes; of rows, those that are too long."""
    if y.ndim != 1:
        return [] if y.shape[1:] == known.shape else [f"rows of {y.shape[1:]}"]
    there = set(known.tolist())
    return sorted({label for label in y.tolist() if label not in there}, key=str)


def _counted(count: int, like: Array | None = None) -> Array:
    """Return the classes 0 to count - 1, of the type of the labels."""
    classes = np.arange(count)
    if like is None or like.ndim != 1 or (like.dtype.kind == "b" and count != 2):
        return classes
    return classes.astype(like.dtype)


def listed(labels: Any) -> str:
    """Return labels as they are written in a program, the first of many.

    >>> listed(np.array(["a", "b"])), listed(range(12))
    ("'a', 'b'", '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...')
    """
    shown: list[Any] = labels.tolist() if isinstance(labels, np.ndarray) else [*labels]
    more = ", ..." if len(shown) > _SHOWN else ""
    return ", ".join([repr(label) for label in shown[:_SHOWN]]) + more


def _are_classes(y: Array, outputs: int) -> bool:
    """Tell whether targets look like classes: whole-number labels, or one-hot rows."""
    if y.ndim == 2:
        hot = bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())
        return hot and outputs == y.shape[1]
    if y.ndim != 1 or y.dtype.kind not in "biu":
        return False
    if outputs == 1:
        return bool(np.isin(y, (0, 1)).all() or np.isin(y, (-1, 1)).all())
    return bool(y.min() >= 0 and y.max() < outputs)
