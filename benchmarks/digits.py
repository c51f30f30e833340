"""Every optimiser, schedule and loss trains on the handwritten digits; every metric measures them.

    python -m benchmarks.digits [--seeds N] [--epochs N] [--write docs/digits.md]

A network [64, 32, 10] learns 1,438 of the 1,797 images that come with the package, and is tested on
the other 359. For each row the learning rate is the best of a few on a part of the training images
that is held out; the tested images choose nothing.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograd.table import Table
from benchmarks import machine
from benchmarks.page import machine_line
from nn import MLP, accuracy, datasets, evaluate, fit, one_hot, schedules, split
from nn.losses import LOSSES
from nn.metrics import METRICS
from nn.optim import OPTIMIZERS
from nn.schedules import SCHEDULES

BATCH = 32
# The optimiser and the loss of the rows that are about something else.
USUAL, LOSS = "adam", "cross_entropy"
RATES: Mapping[str, Sequence[float]] = {
    "sgd": (0.03, 0.1, 0.3, 1.0),
    "adagrad": (0.01, 0.03, 0.1, 0.3),
    "rmsprop": (0.001, 0.003, 0.01, 0.03),
    "adam": (0.001, 0.003, 0.01, 0.03),
    "adamw": (0.001, 0.003, 0.01, 0.03),
}


def scheduled(name: str, lr: float, steps: int) -> Any:
    """Return a schedule of that name that ends with a run of so many steps."""
    makers: Mapping[str, Callable[[], Any]] = {
        "constant": lambda: schedules.constant(lr),
        "step": lambda: schedules.step(lr, every=max(1, steps // 3), factor=0.3),
        "exponential": lambda: schedules.exponential(lr, factor=0.05 ** (1 / steps)),
        "cosine": lambda: schedules.cosine(lr, steps=steps),
        "warmup": lambda: schedules.warmup(
            schedules.cosine(lr, steps=steps), steps=max(1, steps // 10)
        ),
        "inverse": lambda: schedules.inverse(lr, delay=steps / 10),
        "one_cycle": lambda: schedules.one_cycle(lr, steps=steps),
    }
    return makers[name]()


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        kind: what the row is about.
        name: the optimiser, the schedule or the loss that it is about.
        optimizer: the name of the optimiser.
        schedule: the name of the schedule.
        loss: the name of the loss.
    """

    kind: str
    name: str
    optimizer: str = USUAL
    schedule: str = "constant"
    loss: str = LOSS


def rows() -> list[Row]:
    """Return a row for each optimiser, schedule and loss there is."""
    return [
        *[Row("optimiser", name, optimizer=name) for name in OPTIMIZERS],
        *[Row("schedule", name, schedule=name) for name in SCHEDULES],
        *[Row("loss", name, loss=name) for name in LOSSES],
    ]


def trained(row: Row, lr: float, X: Any, y: Any, epochs: int, seed: int) -> tuple[Any, float]:
    """Return a network that was trained, and the seconds of training, without compiling."""
    model = MLP([64, 32, 10], activation="relu", init="he", seed=seed)
    steps = epochs * -(-len(X) // BATCH)
    rate = scheduled(row.schedule, lr, steps)
    optimizer = OPTIMIZERS[row.optimizer](model.parameters(), lr=rate)
    # Of this loss each output is a yes or no of its own.
    targets = one_hot(y, 10) if row.loss == "binary_cross_entropy" else y
    history = fit(
        model, X, targets, loss=row.loss, optimizer=optimizer, epochs=epochs, batch_size=BATCH,
        validation=None, seed=seed, progress=False,
    )  # fmt: skip
    return model, sum(history.time)


def read_right(model: Any, held: tuple[Any, Any]) -> float:
    """Return the share of images whose class has the largest output."""
    return accuracy(model.predict(held[0]), held[1])


def best_rate(row: Row, X: Any, y: Any, epochs: int) -> float:
    """Return the rate with the highest accuracy on a fifth of the training images."""
    (X, y), held = split(X, y, fraction=0.2, seed=1)
    found: dict[float, float] = {}
    for lr in RATES[row.optimizer]:
        scores = []
        for seed in (0, 1):
            model, _ = trained(row, lr, X, y, epochs, seed)
            scores.append(read_right(model, held))
        found[lr] = statistics.mean(scores)
    return max(found, key=found.__getitem__)


def tables(seeds: int, epochs: int) -> tuple[Table, Table]:
    """Return the table of rows, and that of the metrics of the last network."""
    X, y = datasets.digits()
    (X, y), held = split(X / 16, y, fraction=0.2, seed=0)
    lines: list[list[str]] = []
    for row in rows():
        lr = best_rate(row, X, y, epochs)
        runs = [trained(row, lr, X, y, epochs, seed) for seed in range(seeds)]
        scores = [read_right(model, held) for model, _ in runs]
        each = 1e3 * statistics.median(seconds for _, seconds in runs) / epochs
        score = f"{statistics.mean(scores):.3f} ({min(scores):.3f} to {max(scores):.3f})"
        lines.append([row.kind, row.name, f"{lr:g}", score, f"{each:.1f} ms"])
        print(*lines[-1], file=sys.stderr)
    usual, _ = trained(Row("", ""), RATES[USUAL][1], X, y, epochs, 0)
    of_classes = [name for name, row in METRICS.items() if row.needs != "numbers"]
    measured = evaluate(usual, *held, loss=LOSS, metrics=of_classes)
    found = [(name, measured[name]) for name in of_classes]
    listed = [[name, f"{x:.4f}"] for name, x in found if isinstance(x, float)]
    heads = ("about", "name", "rate", "read right, of the held out", "epoch")
    return Table(heads, lines, "<<>>>"), Table(("metric", "of the held out"), listed, "<>")


def page(seeds: int, epochs: int) -> str:
    """Return the page of the documentation."""
    began = time.perf_counter()
    first, second = tables(seeds, epochs)
    took = time.perf_counter() - began
    return (
        "# Training on digits\n\nMade by\n\n"
        "    python -m benchmarks.digits --write docs/digits.md\n\n"
        f"on {machine_line({'machine': machine.machine()})}, in {took:.0f} s.\n\n"
        f"A network [64, 32, 10] of `relu` neurons learns 1,438 images for {epochs} epochs in "
        f"batches of {BATCH}, compiled. A row is about one optimiser, one schedule or one loss; "
        f"the others are `{USUAL}`, `constant` and `{LOSS}`. Each row's learning rate is the best "
        "of four on a fifth of the training images. Read right is the mean over "
        f"{seeds} seeds, with the least and the greatest; an epoch's time is a median.\n\n"
        f"{first.markdown()}\n\nA network of the usual row measured by each metric of classes:\n\n"
        f"{second.markdown()}\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.digits", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args(arguments)
    text = page(asked.seeds, asked.epochs)
    if asked.write is None:
        print(text)
    else:
        asked.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
