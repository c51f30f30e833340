"""One training loop: epochs of mini-batches, a step on the mean gradient of each.

The loop knows nothing of how gradients are found. An engine does that: here the eager one, which
records the graph of one sample, goes backward and lets the graph go before the next. However a run
ends, the parameters are those after a finished epoch.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd import Value
from nn.data.schema import keep_schema
from nn.losses import Function, loss_named
from nn.module import Module
from nn.spellings import FIT
from nn.training.arguments import (
    Callback,
    Stepping,
    check_optimizer,
    checked_callbacks,
    trainable,
)
from nn.training.engines.base import Engine
from nn.training.engines.choice import engine_named
from nn.training.history import History
from nn.training.plan import CAUSES, DivergenceError, Part, Validation, planned
from nn.training.progress import Bar, bar_of, say_above
from nn.validation import Floats, own_keywords, whole

_UNMOVED = (
    "No parameter moved in the first epoch: the optimizer's steps change nothing in this model, "
    "its learning rate is 0, or every gradient is."
)


@own_keywords(FIT)
def fit(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Function,
    optimizer: Stepping,
    epochs: int,
    batch_size: int,
    validation: Validation = 0.1,
    seed: int = 0,
    engine: str = "auto",
    metrics: Sequence[str] = (),
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> History:
    """Train a model by mini-batch descent and return its history.

    Each epoch draws a new permutation of the samples and takes one step of the optimiser for each
    batch, on the average of the samples' gradients. The same arguments give the same numbers, bit
    for bit. Ctrl-C ends the run early and is no error: the parameters are then those after the
    last finished epoch (as at the start, if none was), and the history says `interrupted`; the
    optimiser keeps its momentum. The model trains in train mode and is measured in eval mode;
    afterwards it is in the mode that it was in.

    Args:
        model: the model; its parameters change.
        X: the samples, of shape (samples, inputs): an array, lists, or a frame of numbers and
            bools.
        y: the targets. Labels are text, bools or whole numbers of any kind, of shape (samples,),
            or one-hot rows; their sorted names, one for each output, or two for a single one, are
            kept in `model.classes`, and whole numbers from 0 below the number of outputs stand for
            themselves. Losses that compare output by output take labels or numbers, of shape
            (samples,) or (samples, outputs).
        loss: a name, or a function of the outputs and the target of one sample that returns a
            Value.
        optimizer: what moves the parameters, such as `SGD(model.parameters(), lr=0.1)`: any object
            whose `step()` does. That nothing moved in the first epoch is said in the note.
        epochs: how often to go through the data.
        batch_size: samples in a step; the last batch of an epoch may be shorter.
        validation: what to hold out and measure on after each epoch: a fraction of the samples,
            chosen once (as `split` does); a pair (X, y); None or 0 for nothing; or "last_batch",
            where each epoch trains on all batches of its permutation but the last, which is
            that epoch's validation set, so samples move between the two.
        seed: of the split and of the order of samples in each epoch.
        engine: "compiled" traces the model and the loss once and runs whole batches as array
            statements; "eager" records each sample's graph; "auto" compiles where it can, and says
            why where it cannot, in the history's `note` and above the bar. All give the same
            numbers, up to rounding. A model that keeps something of each call (its outputs, a
            count) is trained eagerly by "auto"; by "compiled", calls leave nothing behind in it.
        metrics: names of what to measure after each epoch beside the loss, of `nn.metrics`:
            "accuracy", "top_k" (k = 2; "top_3" for any other), "precision", "recall", "f1",
            "log_loss" and "confusion_matrix" of classes; "mean_absolute_error",
            "mean_squared_error" and "r2" of numbers. See `evaluate`.
        callbacks: functions of the model and the history so far, called after each epoch; the run
            ends early when one returns True.
        progress: show a bar: on stderr if that is a terminal, and below the cell of a notebook
            while it runs; nothing of it is left in the notebook.

    Returns:
        The history. Its metric is the accuracy where y holds classes, otherwise None: labels, also
        0 and 1 or -1 and 1 for one output whose numbers are compared. For a loss of your own and
        one output there is no metric, since its cut between the classes is not known.

    Raises:
        ValueError: if shapes, labels, names or counts do not fit, data is not finite, masked or no
            numbers, nothing would be trained, or `no_grad` is open; nothing has changed then.
        TypeError: if an argument is of the wrong kind, such as an optimizer without a `step()`.
        DivergenceError: if the loss, a gradient or an output is not finite; the parameters are then
            those after the last finished epoch. So they are if a loss or callback raises.

    >>> from nn import SGD, Neuron, datasets
    >>> X, y = datasets.line(200, seed=0)
    >>> model = Neuron(1, activation="linear")
    >>> history = fit(
    ...     model,
    ...     X,
    ...     y,
    ...     loss="mean_squared_error",
    ...     epochs=20,
    ...     batch_size=20,
    ...     optimizer=SGD(model.parameters(), lr=0.05),
    ...     validation=None,
    ... )
    >>> print(f"y = {model.weights[0]:.1f} x + {model.bias:.1f}, loss {history.loss[-1]:.2f}")
    y = 2.0 x + -1.0, loss 0.26

    Source: Robbins and Monro, "A stochastic approximation
    method", 1951.
    """
    epochs = whole("epochs", epochs)
    seed = whole("seed", seed, at_least=0, at_most=None)
    size = whole("batch_size", batch_size)
    parameters = trainable(model)
    plan = planned(model, X, y, loss_named(loss), size, validation, seed, metrics)
    make_engine = engine_named(engine, optimizer)
    check_optimizer(optimizer, parameters)
    calls = checked_callbacks(callbacks)
    history, before = plan.begin(model)
    finished: list[float] | Floats = [p.data for p in parameters]
    bar = bar_of(progress, epochs * plan.steps)
    try:
        finder = make_engine(model, plan.loss, *plan.train)
        history.engine, history.note = finder.name, finder.note
        say_above(bar, finder.note)
        for epoch in range(1, epochs + 1):
            began = time.perf_counter()
            batches, trained, held = plan.epoch(epoch)
            finder.begin(epoch)
            total = _descended(finder, optimizer, batches, history, bar)
            finder.store()
            if epoch == 1 and np.array_equal(finder.numbers(), finished):
                history.note = f"{history.note} {_UNMOVED}".strip()
            history.append(plan.record(finder, history, total, trained, held, began))
            finished = finder.numbers()
            bar.set_postfix_str(history[-1].summary)
            # All of them, also after one that asks to stop.
            answers = [_asks_to_stop(call(model, history)) for call in calls]
            if any(answers):
                history.stopped = True
                break
            if calls:
                finder.load()
                finished = finder.numbers()
    except BaseException as error:
        _restore(parameters, finished)
        keep_schema(model, plan.schema if history else before)
        if not isinstance(error, KeyboardInterrupt):
            raise
        history.interrupted = True
    finally:
        bar.close()
    for p in parameters:
        p.grad = None
    return history


def _descended(
    engine: Engine, optimizer: Stepping, batches: Iterable[Part], history: History, bar: Bar
) -> float:
    """Take a step for each batch of an epoch, and return the sum of the losses before them."""
    total = 0.0
    for step, (xs, ts) in enumerate(batches, 1):
        lost = engine.gradients(xs, ts)
        fault = engine.fault(lost, f"batch {step} of epoch {len(history) + 1}")
        if fault:
            causes = CAUSES.format(len(history))
            raise DivergenceError(f"{fault}. {causes}{engine.failing()}", history)
        engine.step(optimizer)
        total += lost
        bar.update()
    return total


def _asks_to_stop(answer: object) -> bool:
    # Only a bool: a callback that ends in file.write(...) returns a number and means nothing by it.
    return answer is True or (isinstance(answer, np.bool_) and bool(answer))  # pyright: ignore[reportUnknownArgumentType]


def _restore(parameters: list[Value], data: list[float] | Floats) -> None:
    for p, x in zip(parameters, data if isinstance(data, list) else data.tolist(), strict=True):
        p.data = x
        p.grad = None
