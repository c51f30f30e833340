"""The tables of a page: what was taken for what, each class, and what the data looked like."""

from html import escape

import numpy as np

from autograd import Table
from nn.report.drawing import Spread
from nn.report.experiment import Result, measures
from nn.report.shell import scrolling

# Columns of a table of weights that a page has room for.
_EPOCHS = 6


def confusion(result: Result) -> str:
    """Return how often each class was taken for each."""
    table = result.confusion
    count = len(table)
    totals = np.maximum(table.sum(axis=1, keepdims=True), 1)
    names = [escape(name) for name in result.experiment.task.labels]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    widest = max(map(len, result.experiment.task.labels))
    rows: list[str] = []
    for i in range(count):
        cells: list[str] = []
        for j, n in enumerate(table[i].tolist()):
            share = n / int(totals[i, 0])
            kind = "diagonal" if i == j else "none" if not n else ""
            # A single mistake would be too faint to be seen by its share alone.
            shade = share if i == j else min(1.0, 0.15 + share * 2)
            style = f' style="--share:{shade:.2f}"' if n else ""
            cells.append(f'<td class="{kind}"{style}>{n or ""}</td>')
        rows.append(f'<tr><th scope="row">{names[i]}</th>{"".join(cells)}</tr>\n')
    return (
        f'<table class="confusion" style="--columns:{count + 1};--widest:{widest}">\n'
        "<caption>Each row is a true class, each column what the network said. Right answers stand "
        "on the diagonal.</caption>\n"
        f"<thead><tr><td></td>{head}</tr></thead>\n"
        f"<tbody>\n{''.join(rows)}</tbody>\n</table>\n"
    )


def per_class(result: Result) -> str:
    """Return precision, recall and F1 of each class, with the number of its test samples."""
    task = result.experiment.task
    rows = [
        [name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{count:,}"]
        for name, (precision, recall, f1, count) in zip(
            task.labels, result.per_class(), strict=True
        )
    ]
    heads = ["class", "precision", "recall", "F1", task.samples]
    return (
        "<h3>Each class</h3>\n<p>Precision: how many of those it calls so are. Recall: how many of "
        "those that are it calls so. F1 is the harmonic mean of both.</p>\n"
        f"{scrolling('Table of the classes', Table(heads, rows, '<>>>>').html(kind='epochs'))}"
    )


def errors(result: Result) -> str:
    """Return how far numbers are from the right ones, and how far the mean alone would be."""
    y = result.truth
    mean = np.full(y.shape, result.experiment.train_set[1].mean())
    rows = [
        [name, f"{x:.4g}", f"{usual:.4g}"]
        for (name, x), usual in zip(result.errors.items(), measures(mean, y).values(), strict=True)
    ]
    heads = ["", "the network", "the mean alone"]
    return scrolling("Table of the errors", Table(heads, rows, "<>>").html(kind="epochs"))


def data(result: Result) -> str:
    """Return what the data looked like: its columns, and the samples of each class."""
    experiment = result.experiment
    task = experiment.task
    parts: list[str] = []
    if task.columns:
        *inputs, target = task.columns
        rows = [[column.name, column.kind, column.told] for column in inputs]
        rows.append([f"{target.name} (the target)", target.kind, target.told])
        table = Table(["column", "cells", "values"], rows, "<<<").html(kind="columns")
        parts.append(scrolling("Table of the columns", table))
    if task.classes:
        parted = [experiment.train_set[1], experiment.test_set[1]]
        counts = [np.bincount(experiment.places(y), minlength=task.classes) for y in parted]
        rows = [
            [name, f"{trained:,}", f"{tested:,}"]
            for name, trained, tested in zip(task.labels, *counts, strict=True)
        ]
        heads = ["class", "to train on and to watch", "held out for the test"]
        table = Table(heads, rows, "<>>").html(kind="epochs")
        parts.append(scrolling("Table of the samples of each class", table))
    return "".join(parts)


def spread(spread: Spread) -> str:
    """Return how many weights of a layer lie in each bin, at some of the epochs."""
    last = len(spread.epochs) - 1
    chosen = sorted({round(i * last / (_EPOCHS - 1)) for i in range(_EPOCHS)})
    heads = [f"epoch {spread.epochs[i]}" if spread.epochs[i] else "at the start" for i in chosen]
    bins = [*zip(spread.edges.tolist(), spread.edges.tolist()[1:], strict=False)]
    rows = [
        [f"{low:.4g} to {high:.4g}", *[f"{n:,}" if n else "" for n in spread.counts[chosen, k]]]
        for k, (low, high) in reversed([*enumerate(bins)])
    ]
    table = Table([f"{spread.name}: weight", *heads], rows, "<" + ">" * len(heads))
    return scrolling(f"Table of the weights of the {spread.name}", table.html(kind="epochs"))
