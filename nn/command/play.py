"""The command `chalkgrad play`: a page to play with.

The name of a data set, or a `*.csv` of numbers, opens a page in which a network trains on it;
anything else is an expression, a name with a value among them. Names without a value begin at 0.5.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd import ExpressionError, TraceError, asked, parse
from nn import datasets
from nn.command.graphs import VALUES, play_expression
from nn.command.subcommand import Option, Refusal, Subcommand
from nn.command.tables import read_table
from nn.layers import MLP
from nn.losses import loss_named
from nn.optim import Optimizer
from nn.pages.playground import TrainingPage
from nn.pages.recording import recorded
from nn.report.experiment import TEST, network, optimizer_of, prepare
from nn.report.settings import TASKS, Settings, changed
from nn.validation import Array, Floats

# Settings of `train` that a page has, too.
SETTINGS = (
    *("hidden", "activation", "output_activation", "init", "loss", "optimizer", "lr", "momentum"),
    *("batch_size", "seed", "points", "noise"),
)
# Of a data set of numbers, which have no settings of their own.
_LINE = Settings("line", (8,), loss="mean_squared_error", lr=0.05, momentum=0.0, points=200)
# Of a table: more distinct whole numbers than these are no classes.
_MOST_CLASSES = 20
# Inputs that are named one by one.
_MOST_NAMED = 12


def playing(settings: Sequence[Option]) -> Subcommand:
    """Return the command.

    Args:
        settings: the options of the training.
    """
    options: Sequence[Option] = [
        (
            ["what"],
            {
                "metavar": "what",
                "nargs": "?",
                "default": "",
                "help": f"a data set ({', '.join(_names())}), or a file of numbers ending in .csv, "
                "whose last column is the target, a number or a class; or an expression (default: "
                "an example)",
            },
        ),
        (
            VALUES[0],
            {
                **VALUES[1],
                "help": "values for names in an expression, as in w=0.5; the others begin at 0.5",
            },
        ),
        (
            ["--output", "-o"],
            {"metavar": "PAGE", "help": "where to, ending in .html (default: play.html)"},
        ),
    ]
    about = "write a page to play with: a network that trains, or an expression"
    return Subcommand(about, _play, options, settings)


def _names() -> list[str]:
    return [*TASKS, _LINE.dataset]


def _play(options: argparse.Namespace) -> str:
    what: str = options.what.strip()
    has_value = what in [word.partition("=")[0].strip() for word in options.values]
    is_table = what.lower().endswith(".csv")
    try:
        if is_table or (what in datasets.names() and not has_value):
            if options.values:
                raise Refusal(f"{options.values[0]} is for an expression, and {what} is data")
            page, told = _of_table(what, options) if is_table else _of_data_set(what, options)
        elif what.isidentifier() and not has_value:
            return _of_name(what, options)
        else:
            return play_expression(what, options.values, options.output or "play.html")
        path = page.save(options.output or "play.html")
    except (TraceError, ValueError, TypeError, OSError) as error:
        raise Refusal(str(error)) from None
    return f"{told} Page: {path}"


def _of_name(name: str, options: argparse.Namespace) -> str:
    """Write the page of a name without a value: a constant or a slip."""
    if near := asked.near(name.lower(), _names()):
        raise Refusal(f"no data set is called {name!r}. Did you mean {near[0]!r}?")
    try:
        parse(name)
        return play_expression(name, options.values, options.output or "play.html")
    except (ExpressionError, Refusal) as error:
        fault = str(error).partition("\n")[0]
        raise Refusal(
            f"{fault:.120}; or name a data set ({', '.join(_names())}) or a file that ends in .csv"
        ) from None


def _given(options: argparse.Namespace) -> dict[str, Any]:
    found = {name: getattr(options, name) for name in SETTINGS}
    found = {name: x for name, x in found.items() if x is not None}
    if "hidden" in found:
        found["hidden"] = tuple(found["hidden"])
    return found


def _of_data_set(name: str, options: argparse.Namespace) -> tuple[TrainingPage, str]:
    if name not in _names():
        raise Refusal(
            f"{name} ships with no data: read yours with nn.datasets.{name}(folder), and give a "
            "part to nn.playground"
        )
    if name == _LINE.dataset:
        settings = changed(_LINE, _given(options))
        model, scale = network([1, *settings.hidden, 1], settings), 1.0
        optimizer = optimizer_of(model, settings, _LINE)
    else:
        # What `train` refuses is refused here in the same words.
        experiment = prepare(changed(TASKS[name].defaults, _given(options)))
        settings, model, scale = experiment.settings, experiment.model, experiment.task.scale
        optimizer = experiment.optimizer
    X, y = datasets.load(name, n=settings.points, noise=settings.noise, seed=settings.seed)
    return _page(model, optimizer, X / scale, y, settings, name)


def _page(
    model: MLP,
    optimizer: Optimizer,
    X: Floats,
    y: Array,
    settings: Settings,
    name: str,
    note: str = "",
    columns: Sequence[str] = (),
) -> tuple[TrainingPage, str]:
    recording = recorded(
        model,
        X,
        y,
        loss=settings.loss,
        optimizer=optimizer,
        batch_size=settings.batch_size,
        seed=settings.seed,
        validation=TEST,
    )
    data = recording.data | {"columns": [*columns]}
    recording = dataclasses.replace(recording, data=data, subject=name, note=note)
    told = f"{recording.headline} on {recording.data['count']:,} of {len(X):,} samples of {name}."
    return TrainingPage(recording), f"{told} {note}".strip()


# A table of one's own -----------------------------------------------------------------------------


def _of_table(name: str, options: argparse.Namespace) -> tuple[TrainingPage, str]:
    given = _given(options)
    for option in ("points", "noise"):
        if option in given:
            raise Refusal(f"--{option} is for data that is drawn, and {name} is a file")
    table = read_table(name)
    y = table.y
    scale = table.X.std(axis=0)
    X = (table.X - table.X.mean(axis=0)) / np.where(scale > 0.0, scale, 1.0)
    labels = _labels(name, y)
    outputs = 1
    if labels is not None:
        loss = given.setdefault("loss", _loss_of(labels))
        outputs = 1 if loss_named(loss).target == "binary" else int(labels.max()) + 1
        scaled = "The inputs are"
        # Text as it is, for its names.
        y = labels if y.dtype.kind == "f" else y
    else:
        given.setdefault("loss", _LINE.loss)
        y, scaled = (y - y.mean()) / (y.std() or 1.0), "Inputs and target are"
    named = f" The target is {table.target}." if table.target else ""
    inputs = f" Inputs: {_listed(table.columns)}." if table.columns else ""
    note = f"{scaled} scaled to mean 0 and standard deviation 1.{inputs}{named}"
    rate = 0.1 if labels is not None else _LINE.lr
    usual = Settings(name, (8, 8), lr=rate, momentum=0.0)
    settings = changed(usual, given)
    model = network([X.shape[1], *settings.hidden, outputs], settings)
    optimizer = optimizer_of(model, settings, usual)
    return _page(model, optimizer, X, y, settings, Path(name).name, note, table.columns)


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _MOST_NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} others"


def _loss_of(labels: Array) -> str:
    return "cross_entropy" if labels.max() > 1 else "binary_cross_entropy"


def _labels(name: str, y: Array) -> Array | None:
    """Return the classes that a column holds, counted from 0; None if it holds other numbers."""
    values, places = np.unique(y, return_inverse=True)
    count = len(values)
    if y.dtype.kind == "U":
        if not 1 < count <= _MOST_CLASSES:
            raise Refusal(
                f"the targets in {name} are {count} different text(s): a page tells 2 to "
                f"{_MOST_CLASSES} classes apart"
            )
        return places
    if np.array_equal(values, [-1.0, 1.0]):
        return places
    if 1 < count <= _MOST_CLASSES and np.array_equal(values, np.arange(count)):
        return places
    return None
