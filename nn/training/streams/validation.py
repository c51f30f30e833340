"""What to measure on: a share of the samples, the last batch, a pair of arrays, or a function.

A share is counted here, and cut where the plan is made; what is given apart from the samples to
train on is read here, as they are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np

from nn.data.large.source import BatchSource, yields_batches
from nn.data.schema import Schema
from nn.data.weights import weights_of, with_weights
from nn.losses import Loss
from nn.module import Module
from nn.training.arguments import read
from nn.training.streams.yielded import Yielded, rules_of
from nn.validation import Array, Floats, look_up, real

Part: TypeAlias = tuple[Floats, Array]
Validation: TypeAlias = (
    float | str | tuple[Any, Any] | list[Any] | Callable[[int], Iterable[Any]] | None
)


def held_beside(
    model: Module,
    validation: Any,
    loss: Loss,
    schema: Schema,
    of_classes: Floats | None,
    is_weighted: bool,
) -> tuple[Part | Yielded, bool]:
    """Return what to measure on, and whether its targets are classes.

    Args:
        model: the model.
        validation: (X, y), (X, y, sample_weight), or a function of the epoch that yields such.
        loss: the loss without weights.
        schema: how the samples to train on are read.
        of_classes: the weight of each class, or None.
        is_weighted: whether training weighs its samples.

    Raises:
        ValueError: if the data does not fit, or there are not two or three things.
        TypeError: if it is of a wrong kind.
    """
    if yields_batches(validation):
        rules, first = rules_of(
            model, BatchSource("validation", validation), loss, schema, strict=True
        )
        rules = replace(rules, is_weighted=is_weighted, of_classes=of_classes)
        return Yielded(BatchSource("validation", validation), rules, first), rules.classes
    pair: Sequence[Any] = validation
    if len(pair) == 2 and yields_batches(pair[0]) and pair[1] is None:
        return held_beside(model, pair[0], loss, schema, of_classes, is_weighted)
    own = read(model, pair[0], pair[1], loss, schema, strict=True)
    if not is_weighted:
        return (own.samples, own.targets), own.classes
    given = weights_of(pair[2] if len(pair) == 3 else None, of_classes, own.targets)
    weights = np.ones(len(own.targets)) if given is None else given
    return (own.samples, with_weights(own.targets, weights)), own.classes


def share_of(validation: Validation, count: int, size: int) -> float:
    """Return the fraction of the samples to hold out once, 0 for none.

    Raises:
        ValueError: if that is none of the ways to validate, or leaves nothing to train on.
    """
    if isinstance(validation, tuple | list):
        pair = cast("Sequence[Any]", validation)
        if len(pair) not in (2, 3):
            raise ValueError(f"validation is a pair (X, y); got {len(pair)} things")
    if isinstance(validation, tuple | list) or yields_batches(validation):
        return 0.0
    if isinstance(validation, str):
        look_up("way to validate", validation, {"last_batch": True})
        if count <= size:
            raise ValueError(
                f"there is nothing to train on: all {count} samples fit into one batch of "
                f"{size}, and validation='last_batch' holds the last batch out; choose a smaller "
                "batch_size"
            )
        return 0.0
    share = 0.0 if validation is None else real("validation", validation)
    if share and not 0.0 < share < 1.0:
        raise ValueError(
            f"validation is a fraction between 0 and 1, such as 0.1, a pair (X, y), "
            f"'last_batch' or None; got {validation}"
        )
    return share
