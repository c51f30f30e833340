"""An epoch of `fit` beside plain NumPy that measures the same.

Both draw the batches of one order, average the loss over them, and measure the accuracy on all
training samples with the epoch's last weights, and loss and accuracy on those held out.
"""

from typing import Any

import numpy as np

from benchmarks.peers import OURS
from benchmarks.rows import Entry
from benchmarks.scalars import Makers
from benchmarks.steps import NUMPY, Work
from benchmarks.timing import clock
from nn import MLP, SGD, History, fit, half_squared_error, one_hot

HELD_OUT = 0.1
SEED = 0


def labels(work: Work, count: int) -> Any:
    """Random classes, one for each sample."""
    return np.random.default_rng(2).integers(0, work.sizes[-1], size=count)


def parts(work: Work, count: int) -> tuple[Any, Any, Any, Any]:
    """Inputs and classes to train on, and those held out."""
    X, y = work.data(count)[0], labels(work, count)
    last = count - round(HELD_OUT * count)
    return X[:last], y[:last], X[last:], y[last:]


def measured(history: History) -> list[float]:
    """All numbers of a history but times."""
    found = [(r.loss, r.metric, r.validation_loss, r.validation_metric) for r in history]
    return [float(x) for record in found for x in record if x is not None]


def ours(work: Work, count: int) -> Entry:
    """The seconds of the epochs of a run but the first, as its history has them."""
    X, y, X_held, y_held = parts(work, count)

    def run(epochs: int) -> History:
        model = MLP(work.sizes, activation=work.activation, output_activation=work.activation)
        model.set_arrays(work.arrays())
        return fit(
            model, X, y, loss=half_squared_error, optimizer=SGD(model.parameters(), work.rate),
            epochs=epochs, batch_size=work.batch, validation=(X_held, y_held), seed=SEED,
            progress=False,
        )  # fmt: skip

    def seconds_for(calls: int) -> float:
        return sum(run(calls + 1).time[1:])

    return Entry(seconds_for, measured(run(2)))


def by_hand(work: Work, count: int) -> Entry:
    """The epoch as one would write it for this network alone, of two layers of sigmoids."""
    X, y, X_held, y_held = parts(work, count)
    Y, Y_held = one_hot(y, work.sizes[-1]), one_hot(y_held, work.sizes[-1])
    (W1, b1), (W2, b2) = work.arrays()
    epochs = 0

    def forward(x: Any) -> tuple[Any, Any]:
        h = 1.0 / (1.0 + np.exp(-(x @ W1.T + b1)))
        return h, 1.0 / (1.0 + np.exp(-(h @ W2.T + b2)))

    def accuracy(a: Any, wanted: Any) -> float:
        return float((a.argmax(axis=1) == wanted).mean())

    def epoch() -> list[float]:
        nonlocal W1, b1, W2, b2, epochs
        epochs += 1
        order = np.random.default_rng([SEED, epochs]).permutation(len(X))
        total = 0.0
        for i in range(0, len(order), work.batch):
            chosen = order[i : i + work.batch]
            x, wanted = X[chosen], Y[chosen]
            h, a = forward(x)
            error = a - wanted
            total += 0.5 * (error * error).sum()
            g2 = error * a * (1.0 - a) / len(x)
            g1 = (g2 @ W2) * h * (1.0 - h)
            W2 -= work.rate * (g2.T @ h)
            b2 -= work.rate * g2.sum(axis=0)
            W1 -= work.rate * (g1.T @ x)
            b1 -= work.rate * g1.sum(axis=0)
        a = forward(X_held)[1]
        held = 0.5 * ((a - Y_held) ** 2).sum() / len(a)
        return [
            total / len(order), accuracy(forward(X)[1], y), float(held), accuracy(a, y_held)
        ]  # fmt: skip

    return Entry(clock(epoch), [*epoch(), *epoch()])


def fit_makers(work: Work, count: int) -> Makers:
    """Epochs of one run, the first of each left out: programs are built in it."""
    return {OURS: lambda: ours(work, count), NUMPY: lambda: by_hand(work, count)}
