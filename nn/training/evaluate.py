"""Evaluate: the loss and the metrics of a model on samples, as training measures them.

The same targets, the same programs and the same reading of outputs as in `fit`: on the samples that
a run held out, these are the numbers of its history.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import compile
from nn.inference.predict import programs_of
from nn.losses import Function, Loss, loss_named
from nn.metrics.reading import output_activation, reading_of
from nn.metrics.table import Measured, Said, check_metrics, measured, metrics_named
from nn.module import Module
from nn.spellings import EVALUATE
from nn.training.arguments import is_model, output_count, prepared
from nn.training.engines.choice import engine_named
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
        X: the samples, of shape (samples, inputs).
        y: the targets, in any form that `fit` takes for the loss.
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
    samples, targets, classes = prepared(model, X, y, known)
    reading = reading_of(output_activation(model), known, targets)
    check_metrics(chosen, known, reading, output_count(model, samples), classes)
    outputs, lost = _measured(model, known, samples, targets)
    return {"loss": lost, **measured(chosen, Said.of(outputs, targets, reading, known))}


def _measured(model: Module, loss: Loss, samples: Floats, targets: Array) -> tuple[Floats, float]:
    """Return the outputs, and the mean loss as the engine of `fit` finds it."""
    if loss.target == "any":
        # A loss of the user's may look at more than numbers.
        return engine_named("auto")(model, loss, samples, targets).measured(samples, targets)
    outputs = programs_of(model).outputs(model, samples)
    losses: Any = compile(loss.function)(outputs, np.asarray(targets))
    return outputs, math.fsum(losses.tolist()) / len(samples)
