"""Weights of samples and classes: the mean loss of a batch is Σ w l over Σ w.

A weight stands as a last number beside the target of its sample, so whatever takes targets carries
it along, and the loss multiplies by it. Batches divide their weights by their mean first: the plain
mean over the batch, which is all that engines and gradient methods know of, is then the weighted.
"""

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from nn.data.large.mapped import Mapped, column_of, parts
from nn.losses import Loss
from nn.validation import Array, Floats, numeric, real


def sample_weights(given: Any, count: int) -> Floats:
    """Return the weights of samples, one for each.

    Raises:
        ValueError: if there are not as many as samples, or one is negative or no finite number, or
            all are 0.

    >>> sample_weights([1, -2], 2)
    Traceback (most recent call last):
        ...
    ValueError: sample_weight holds -2 at [1]: a weight is at least 0
    """
    weights = numeric("sample_weight", given)
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.shape != (count,):
        raise ValueError(
            f"sample_weight takes a weight for each of {count} sample(s); got shape {weights.shape}"
        )
    if (weights < 0).any():
        place = int(np.argmax(weights < 0))
        raise ValueError(
            f"sample_weight holds {weights[place]} at [{place}]: a weight is at least 0"
        )
    if not weights.any():
        raise ValueError("sample_weight is zero for every sample: there is nothing to train on")
    return weights.astype(np.float64)


def class_weights(given: Any, targets: Any, classes: Array | None) -> Floats:
    """Return the weight of each class.

    Args:
        given: "balanced", for samples / (classes · samples of the class), or a mapping of labels to
            weights; a label that it leaves out has weight 1.
        targets: those of the samples that are trained on, as the loss takes them; None for batches
            that are not known yet.
        classes: their names.

    Raises:
        ValueError: if there are no classes, or the mapping holds a label that is none of them.
        TypeError: if it is neither "balanced" nor a mapping.

    >>> class_weights("balanced", np.array([0, 0, 0, 1]), np.array(["a", "b"]))
    array([0.66666667, 2.        ])
    """
    if classes is None:
        raise ValueError("class_weight is for labels, and y holds numbers: write sample_weight=")
    if isinstance(given, str) and given == "balanced":
        if targets is None:
            raise ValueError(
                "class_weight='balanced' counts the samples of each class, and X yields them batch "
                f"by batch: write the weights, as in class_weight={{{classes.tolist()[0]!r}: 2.0}}"
            )
        counts = np.zeros(len(classes), dtype=np.int64)
        for part in parts(targets):
            counts += np.bincount(places_of(part), minlength=len(classes))
        # A class without samples weighs nothing here, whatever its weight.
        return len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    if not isinstance(given, Mapping):
        raise TypeError(
            f"class_weight is 'balanced', or a weight for each label as in "
            f"{{{classes.tolist()[0]!r}: 2.0}}; got {given!r:.60}"
        )
    known = {label: i for i, label in enumerate(classes.tolist())}
    weights = np.ones(len(classes))
    for label, weight in cast(Mapping[Any, Any], given).items():
        plain = cast(Any, label.item() if isinstance(label, np.generic) else label)
        if plain not in known:
            names = ", ".join([repr(name) for name in known])
            raise ValueError(
                f"class_weight has the label {plain!r:.60}, and the classes are {names}"
            )
        weights[known[plain]] = real(f"the weight of class {plain!r}", weight, at_least=0.0)
    return weights


def weights_of(samples: Any, of_classes: Floats | None, targets: Array) -> Floats | None:
    """Return the weight of each sample: its own times that of its class; None where none is given.

    Args:
        samples: the samples' own weights, or None.
        of_classes: the weight of each class, or None.
        targets: as the loss takes them.
    """
    if samples is None and of_classes is None:
        return None
    own = np.ones(len(targets)) if samples is None else sample_weights(samples, len(targets))
    return own if of_classes is None else own * of_classes[column_of(targets, places_of)]


def places_of(targets: Array) -> Array:
    """Return the places of the classes that prepared targets stand for."""
    if targets.ndim == 2:
        return targets.argmax(axis=1)
    # Of one output: 0 and 1, or -1 and 1.
    return np.maximum(targets, 0).astype(np.int64)


# Beside the targets -------------------------------------------------------------------------------


def weighted(loss: Loss, targets: Array) -> Loss:
    """Return a loss of targets that have their weight beside them.

    Args:
        loss: the loss of one sample without it.
        targets: the targets without weights, by whose kind it is called.
    """
    function, is_flat, is_whole = loss.function, targets.ndim == 1, targets.dtype.kind in "iu"

    @functools.wraps(function)
    def weighing(outputs: Any, row: Any) -> Any:
        target: Any = row[0] if is_flat else row[:-1]
        if is_whole and isinstance(target, float):
            target = int(target)
        return row[-1] * function(outputs, target)

    return replace(loss, function=weighing, weighted=True)


def with_weights(targets: Array, weights: Floats) -> Floats:
    """Return targets with the weight of each sample beside them.

    Raises:
        ValueError: if the targets of a sample are no flat list.
    """
    if targets.ndim > 2:
        raise ValueError(f"weights are for flat targets; got y of shape {targets.shape}")
    if isinstance(targets, Mapped):
        # Of all rows, so that a row is known by its place.
        read = targets.then(lambda rows, places: with_weights(rows, weights[places]))
        return cast(Floats, read)
    return np.column_stack([targets, weights]).astype(np.float64)


def without_weights(loss: Loss, targets: Array) -> Array:
    """Return targets without the weights that stand beside them for a loss."""
    if not loss.weighted:
        return targets
    return targets[:, 0] if targets.shape[1] == 2 else targets[:, :-1]


def mass_of(loss: Loss, targets: Array) -> float:
    """Return the sum of the samples' weights."""
    return float(targets[:, -1].sum()) if loss.weighted else len(targets)


def evened(loss: Loss, targets: Array, where: str) -> tuple[Array, float]:
    """Divide weights by their mean, in place; return the targets and the mean.

    Raises:
        ValueError: if all are 0.
    """
    if not loss.weighted:
        return targets, 1.0
    mean = float(targets[:, -1].mean())
    refuse_weightless(mean, where)
    targets[:, -1] /= mean
    return targets, mean


def refuse_weightless(mass: float, where: str) -> None:
    """Refuse samples of which none weighs anything.

    Raises:
        ValueError: if their weights add up to 0.
    """
    if mass == 0.0:
        raise ValueError(
            f"every sample of {where} has weight 0, so it has no mean: take samples of weight 0 "
            "out, or choose a larger batch_size"
        )
