"""Evaluate: the loss and the metrics of a model on samples, as training measures them.

The same targets, the same programs and the same reading of outputs as in `fit`: on the samples that
a run held out, these are the numbers of its history.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd import compile
from nn.data.large.mapped import parts
from nn.data.large.source import BatchSource, refuse_targets, yields_batches
from nn.data.schema import schema_kept
from nn.inference.predict import programs_of
from nn.losses import Function, Loss, loss_named
from nn.metrics.reading import Reading
from nn.metrics.table import Measured, Tallies, check_metrics, metrics_named
from nn.module import Module
from nn.spellings import EVALUATE
from nn.training.arguments import is_model, output_count, read
from nn.training.engines.choice import engine_named
from nn.training.streams.yielded import Pair, Yielded, rules_of
from nn.validation import Array, Floats, own_keywords


@own_keywords(EVALUATE)
def evaluate(
    model: Module, X: Any, y: Any, *, loss: str | Function, metrics: Sequence[str] = ()
) -> dict[str, Measured]:
    """Measure a model on samples: its mean loss, and metrics by name.

    Outputs are read as `fit` reads them. A model of one output says class 1 above 0.5 if the output
    is a sigmoid's; else above 0 where labels are -1 and 1 or the loss takes logits or scores, and
    above 0.5 where it compares numbers. Probabilities are the softmax or sigmoid of logits, and
    outputs of a sigmoid as they are, several of them divided by their sum.

    Args:
        model: the model; it does not change.
        X: the samples, of shape (samples, inputs); of a `numpy.memmap` some rows are read at a
            time. Or a function, which is called with 1 and yields pairs (x, y), as for `fit`.
        y: the targets, in any form that `fit` takes for the loss; None where X is a function.
        loss: the loss it was trained with: a name, or a function.
        metrics: names of `nn.metrics`: of classes "accuracy", "precision", "recall", "f1" (of
            class 1 where there are two, else macro averages), "log_loss" (in nats),
            "confusion_matrix" (rows are the truth), and "top_k" with k = 2, or any other k as in
            "top_3"; of numbers "mean_absolute_error", "mean_squared_error" and "r2".

    Returns:
        A dict of "loss" and the metrics in their order, a float each; "confusion_matrix" is an
        array of counts.

    Raises:
        ValueError: if shapes, labels or names do not fit, or a metric cannot be measured of this
            loss and these targets; the message says which can.
        TypeError: if the model is no Module, or metrics is no list of names.

    >>> from nn import MLP, SGD, datasets, fit
    >>> X, y = datasets.moons(100, seed=0)
    >>> model = MLP([2, 8, 1], seed=0)
    >>> loss = "binary_cross_entropy"
    >>> optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
    >>> history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=20, batch_size=10)
    >>> X_test, y_test = datasets.moons(200, seed=1)
    >>> found = evaluate(model, X_test, y_test, loss=loss, metrics=["accuracy", "recall"])
    >>> [*found], found["accuracy"] > 0.95
    (['loss', 'accuracy', 'recall'], True)
    """
    is_model("evaluate measures", model)
    known, chosen = loss_named(loss), metrics_named(metrics)
    first, some, classes, reading = _samples(model, X, y, known)
    check_metrics(chosen, known, reading, output_count(model, first[0]), classes)
    measure = _measuring(model, known, *first, is_quiet=not yields_batches(X))
    tallies, count, mean = Tallies(chosen, known, reading), 0, 0.0
    for samples, targets in some:
        outputs, lost = measure(samples, targets)
        count += len(samples)
        mean += (lost - mean) * (len(samples) / count)
        tallies.add(outputs, targets)
    return {"loss": mean, **tallies.found()}


def _samples(
    model: Module, X: Any, y: Any, loss: Loss
) -> tuple[Pair, Iterable[Pair], bool, Reading]:
    """Return samples to look at, all of them in parts, if they are classes, and how they are read.

    They are read as the model reads its data since it was trained.
    """
    if not yields_batches(X):
        found = read(model, X, y, loss, schema_kept(model), strict=True)
        both = found.samples, found.targets
        return both, parts(*both), found.classes, found.schema.reading
    refuse_targets("evaluate", y)
    source = BatchSource("X", X)
    rules, first = rules_of(model, source, loss, schema_kept(model), strict=True)
    if rules.has_weights:
        raise ValueError("evaluate counts all samples alike: let X yield pairs (x, y)")
    batches = Yielded(source, rules, first)
    return (batches.X, batches.y), batches.parts(1), rules.classes, rules.schema.reading


def _measuring(
    model: Module, loss: Loss, samples: Floats, targets: Array, *, is_quiet: bool
) -> Callable[[Floats, Array], tuple[Floats, float]]:
    """Return what finds the outputs and the mean loss of samples, as the engine of `fit` does.

    It is quiet where nothing of the user's runs between two calls.
    """
    if loss.target == "any":
        # A loss of the user's may look at more than numbers.
        return engine_named("auto")(model, loss, samples, targets).measured
    losses_of: Any = compile(loss.function)
    tried = False

    def measured(samples: Floats, targets: Array) -> tuple[Floats, float]:
        nonlocal tried
        outputs = programs_of(model).outputs(model, samples, tried=tried)
        tried = is_quiet and len(samples) > 1
        losses = losses_of(outputs, np.asarray(targets))
        return outputs, math.fsum(losses.tolist()) / len(samples)

    return measured
