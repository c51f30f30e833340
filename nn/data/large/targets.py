"""Targets that are read in parts: what they stand for is known before, and each part fits it.

`targets_of` asks of all targets together: which classes there are, whether there are halves, from
where to where they go. A digest of them answers the same in a few rows. By that answer each part
becomes numbers later, as all of them would have become.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from nn.data.labels import Targets, listed, read_labels, targets_of
from nn.losses import Loss
from nn.validation import Array

# The rows of a table of targets that may tell something on their own.
_TELLING: tuple[Callable[[Array], Array], ...] = (
    lambda rows: ((rows != 0) & (rows != 1)).any(axis=1),
    lambda rows: rows.sum(axis=1) != 1,
    lambda rows: rows.min(axis=1) == rows.min(),
    lambda rows: rows.max(axis=1) == rows.max(),
)


class Digest:
    """Targets in a few: added part by part, `rows` say all that is asked of them together.

    Of labels they are the different ones, of numbers with halves also the first, the least and the
    largest of these, of rows those that are no one-hot rows and those that reach furthest.

    >>> digest = Digest()
    >>> for part in (np.array([2, 1, 2]), np.array([1, 0])):
    ...     digest.add(part)
    >>> digest.rows.tolist()
    [0, 1, 2]
    """

    def __init__(self) -> None:
        self._rows: Array | None = None

    @property
    def rows(self) -> Array:
        """The few targets."""
        if self._rows is None:
            raise ValueError("there are no targets yet")
        return self._rows

    def add(self, y: Array) -> None:
        """Look at some more targets, as `read_labels` gives them."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        known = self._rows
        if known is not None and known.shape[1:] != y.shape[1:]:
            raise ValueError(
                f"y has rows of shape {y.shape[1:]} here, and {known.shape[1:]} before"
            )
        some = y if known is None else np.concatenate([known, y])
        if some.ndim == 1:
            self._rows = _telling(some)
        elif some.ndim == 2 and some.size and some.dtype.kind not in "UO":
            marks = [telling(some) for telling in _TELLING]
            firsts = [int(mark.argmax()) for mark in marks if mark.any()]
            self._rows = some[np.unique([0, *firsts])]
        else:
            self._rows = some[:1]


def _telling(y: Array) -> Array:
    """Return the different labels; of numbers that are not whole, the first and the ends."""
    if y.dtype.kind != "f":
        return np.unique(y)
    whole = y == np.floor(y)
    halves = y[~whole]
    # The first of them stands first, since it is the one that is shown.
    few = [halves[:1], [halves.min(), halves.max()]] if len(halves) else []
    return np.concatenate([*few, np.unique(y[whole])]).astype(y.dtype)


class TargetReader:
    """Reads parts of targets as all of them together are read.

    Args:
        loss: the loss.
        rows: a digest of all targets, or of those that were seen.
        outputs: how many outputs the model has, None if they are of a form of their own.
        known: the classes that the model was trained to tell apart.
        strict: see `targets_of`.

    Attributes:
        found: the targets of the digest as the loss takes them, and what their classes are.

    Raises:
        ValueError: as `targets_of`.

    >>> from nn.losses import loss_named
    >>> reader = TargetReader(loss_named("cross_entropy"), np.array(["ant", "cat"]), 2)
    >>> reader.values(["cat", "cat"])
    array([1, 1])
    """

    def __init__(
        self,
        loss: Loss,
        rows: Any,
        outputs: int | None,
        known: Array | None = None,
        *,
        strict: bool = True,
    ) -> None:
        self._loss, self._outputs = loss, outputs
        self.found: Targets = targets_of(loss, rows, outputs, known, strict=strict)

    def values(self, y: Any) -> Array:
        """Return some targets as the loss takes them.

        Raises:
            ValueError: if they are none of what was seen before, such as another label.
        """
        found, loss = self.found, self._loss
        if loss.target == "binary" and self._outputs == 1 and found.classes is None:
            # Probabilities of one output, also where those here are 0 and 1 alone.
            labels = read_labels("y", y)
            if labels.dtype.kind in "UO":
                raise ValueError("y holds text here, and numbers before")
            half = np.full(1, 0.5, dtype=found.values.dtype)
            flat = labels.reshape(len(labels)) if labels.size == len(labels) else labels
            return targets_of(loss, np.concatenate([flat, half]), 1).values[:-1]
        here = targets_of(loss, y, self._outputs, found.classes, strict=True)
        if found.multilabel and not here.multilabel:
            raise ValueError(self._another("0 and 1", here.values))
        if found.classes is not None and (here.classes is None or self._is_beside(here.values)):
            raise ValueError(self._another(f"the classes {listed(found.classes)}", here.values))
        return here.values

    def _is_beside(self, values: Array) -> bool:
        """Whether numbers that were the classes of one output are others here."""
        known = self.found.classes
        is_number = self._loss.target == "values" and values.ndim == 1
        return known is not None and is_number and not np.isin(values, known).all()

    def _another(self, before: str, values: Array) -> str:
        odd = values.ravel()[~np.isin(values.ravel(), (0, 1))][:1]
        here = f"{odd[0]}" if len(odd) else "rows that are not one-hot"
        return (
            f"y holds {here} here, and the targets before were {before} alone: where targets are "
            "numbers and no classes, yield them as floats, y.astype(float), and first a batch that "
            "shows it"
        )
