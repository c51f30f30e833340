"""Predicting from data that is not held whole: mapped arrays, and functions that yield batches."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nn.data.large.mapped import is_mapped, parts
from nn.data.large.source import BatchSource, yields_batches
from nn.validation import Floats, numeric

# The outputs for some samples, of which the first has that place among all.
Predict = Callable[[Any, int], Floats]


def is_large(X: Any, axes: int) -> bool:
    """Whether samples, each of so many axes, are to be predicted from part by part."""
    return yields_batches(X) or (is_mapped(X) and X.ndim == axes + 1 and len(X) > 0)


def predicted(X: Any, predict: Predict) -> Floats:
    """Return the outputs for all samples.

    Args:
        X: a mapped array, or a function that yields batches: samples, or pairs as for `fit`.
        predict: what finds the outputs for some.

    Raises:
        ValueError: as `predict`, saying the batch, or the place among all.
        TypeError: if X is an iterator, or yields no batches.
    """
    if is_mapped(X):
        return _of_mapped(X, predict)
    found: list[Floats] = []
    for batch in BatchSource("X", X).batches(1, samples_alone=True):
        with batch.told():
            found.append(predict(batch.x, 0))
    return np.concatenate(found)


def _of_mapped(X: Any, predict: Predict) -> Floats:
    if X.dtype.kind not in "UST":
        numeric("X", X)
    found: Floats | None = None
    first = 0
    for part in parts(X):
        outputs = predict(part, first)
        if found is None:
            found = np.empty((len(X), *outputs.shape[1:]))
        found[first : first + len(part)] = outputs
        first += len(part)
    assert found is not None
    return found
