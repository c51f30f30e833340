"""The command `chalkgrad play`: a page to play with.

The name of a data set, or a `*.csv` of numbers, opens a page in which a network trains on it;
anything else is an expression, a name with a value among them; names without a value begin at 0.5.
A table is read as `nn.datasets.read_csv` reads it.
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
from nn.datasets import Frame
from nn.layers import MLP
from nn.losses import loss_named
from nn.optim import Optimizer
from nn.pages.playground import TrainingPage
from nn.pages.recording import recorded
from nn.report.experiment import TEST, network, optimizer_of, prepare
from nn.report.settings import TASKS, Settings, changed
from nn.report.sources import delimiter_of, in_words
from nn.validation import Array, Floats, look_up


def _spaced(sizes: Sequence[int]) -> str:
    return " ".join(map(str, sizes))


# Settings of `train` that a page has, too.
SETTINGS = (
    *("hidden", "activation", "output_activation", "init", "loss", "optimizer", "lr", "momentum"),
    *("batch_size", "seed", "points", "noise"),
)
# Options of `train` on how a file is read that a page has, too.
READING = ("target", "ignore", "delimiter", "encoding", "no_header", "drop_missing")
# Of a data set of numbers, which have no settings of their own.
_LINE = Settings("line", (8,), loss="mean_squared_error", lr=0.05, momentum=0.0, points=200)
# Of a file, before its target is known; its rate is that of classes.
_FILE = Settings("file", (8, 8), lr=0.1, momentum=0.0)
# What these two begin with where the sets that `train` knows begin otherwise.
_OWN = {
    "hidden": f"{_spaced(_LINE.hidden)} for line, {_spaced(_FILE.hidden)} for files",
    "activation": f"{_LINE.activation} for line and files",
    "init": f"{_LINE.init} for line and files",
    "loss": f"{_LINE.loss} for line and files of numbers, binary_cross_entropy for files of two "
    "classes, cross_entropy of more",
    "lr": f"{_LINE.lr:g} for line and files of numbers, {_FILE.lr:g} for files of classes",
    "momentum": f"{_LINE.momentum:g} for line and files",
    "batch_size": f"{_LINE.batch_size} for line and files",
    "points": f"{_LINE.points} for line",
}
# Of a table: more distinct whole numbers than these are no classes.
_MOST_CLASSES = 20
# Inputs that are named one by one.
_MOST_NAMED = 12
# The squares of larger numbers leave the floats.
_LARGEST = 1e150


def playing(settings: Sequence[Option], reading: Sequence[Option]) -> Subcommand:
    """Return the command.

    Args:
        settings: the options of the training.
        reading: those on a file.
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
        *reading,
        (
            ["--output", "-o"],
            {"metavar": "PAGE", "help": "where to, ending in .html (default: play.html)"},
        ),
    ]
    about = "write a page to play with: a network that trains, or an expression"
    return Subcommand(about, _play, options, [_with_own(option) for option in settings])


def _with_own(option: Option) -> Option:
    """Return an option of `train` whose help tells the defaults of line and of files, too."""
    spellings, meaning = option
    own = _OWN.get(spellings[0].removeprefix("--").replace("-", "_"))
    if own is None:
        return option
    return spellings, {**meaning, "help": f"{meaning['help'].removesuffix(')')}; {own})"}


def _names() -> list[str]:
    return [*TASKS, _LINE.dataset]


def _play(options: argparse.Namespace) -> str:
    what: str = options.what.strip()
    has_value = what in [word.partition("=")[0].strip() for word in options.values]
    is_table = what.lower().endswith(".csv")
    if given := [name for name in READING if getattr(options, name) and not is_table]:
        raise Refusal(
            f"--{given[0].replace('_', '-')} is for a file of yours that ends in .csv: leave it out"
        )
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
    **naming: Any,
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
    recording = dataclasses.replace(
        recording, data=recording.data | naming, subject=name, note=note
    )
    told = f"{recording.headline} on {recording.data['count']:,} of {len(X):,} samples of {name}."
    return TrainingPage(recording), f"{told} {note}".strip()


# A table of one's own -----------------------------------------------------------------------------


def _of_table(name: str, options: argparse.Namespace) -> tuple[TrainingPage, str]:
    given = _given(options)
    for option in ("points", "noise"):
        if option in given:
            raise Refusal(f"--{option} is for data that is drawn, and {name} is a file")
    frame, target, y = _read(name, options)
    columns = frame.columns
    numbers = np.column_stack([_numbers(name, frame, column) for column in columns])
    X, scales = _scaled(numbers)
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
        (y, more), scaled = _scaled(y), "Inputs and target are"
        scales += more
    note = (
        f"{scaled} scaled to mean 0 and standard deviation 1. Inputs: {_listed(columns)}. The "
        f"target is {target}."
    )
    rate = _FILE.lr if labels is not None else _LINE.lr
    usual = dataclasses.replace(_FILE, dataset=name, lr=rate)
    settings = changed(usual, given)
    model = network([X.shape[1], *settings.hidden, outputs], settings)
    optimizer = optimizer_of(model, settings, usual)
    naming = {"columns": columns, "target": target, "scales": scales}
    return _page(model, optimizer, X, y, settings, Path(name).name, note, **naming)


def _read(name: str, options: argparse.Namespace) -> tuple[Frame, str, Array]:
    """Return the inputs in a file, the name of the target and the targets, as numbers or text."""
    if not Path(name).is_file():
        raise Refusal(f"there is no file {name}")
    try:
        frame = datasets.read_csv(
            name,
            delimiter=delimiter_of(options.delimiter or ""),
            encoding=options.encoding,
            header=False if options.no_header else None,
            drop_missing=bool(options.drop_missing),
            ignore=options.ignore or [],
        )
    except ValueError as error:
        raise Refusal(in_words(str(error))) from None
    target: str = options.target or frame.columns[-1]
    look_up("column", target, dict.fromkeys(frame.columns))
    columns = [column for column in frame.columns if column != target]
    if len(frame) < 2 or not columns:
        raise Refusal(
            f"{name} must hold at least two lines of at least two numbers, a sample a line, the "
            f"target last; found {len(frame)} line(s) of {_listed(frame.columns)}"
        )
    y = frame[target]
    y = y.astype(str) if y.dtype.kind in "bU" else _numbers(name, frame, target)
    if mixed := [cell for cell in y.tolist() if isinstance(cell, str) and _is_number(cell)]:
        raise Refusal(
            f"the target {target!r} of {name} holds text and numbers such as {mixed[0]!r:.40}: "
            "write classes as 0, 1, 2 or all of them as text"
        )
    return frame[columns], target, y


def _scaled(numbers: Floats) -> tuple[Floats, list[list[float]]]:
    """Return numbers of mean 0 and deviation 1, with both as they were of each column."""
    mean, deviation = numbers.mean(axis=0), numbers.std(axis=0)
    deviation = np.where(deviation > 0.0, deviation, 1.0)
    pairs = np.column_stack([np.atleast_1d(mean), np.atleast_1d(deviation)])
    return (numbers - mean) / deviation, pairs.tolist()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(name: str, frame: Frame, column: str) -> Floats:
    """Return a column as floats that can be scaled."""
    cells = frame[column]
    if cells.dtype.kind == "U":
        first = next(cell for cell in cells.tolist() if not _is_number(cell))
        raise Refusal(
            f"the input {column!r} of {name} holds text, such as {first!r:.40}, and a page takes "
            f"numbers: leave it out with --ignore {column}, or write a column of 0 and 1 for each "
            "of its values"
        )
    numbers = cells.astype(np.float64)
    for x in numbers[~(np.abs(numbers) <= _LARGEST)].tolist():
        raise Refusal(
            f"{x:g} in column {column!r} of {name} is beyond {_LARGEST:g}: write it in a larger "
            "unit, or leave its line out"
        )
    return numbers


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
