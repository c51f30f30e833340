"""Data that the command trains on: a set that it knows, a table in a file, or a folder of images.

A table's kinds of columns are found, its target is told to be classes or numbers, and what its
network is like by default follows from that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nn import datasets
from nn.data.encoding import OneHotEncoder
from nn.data.preprocessing import MinMaxScaler, Preprocessor, StandardScaler
from nn.datasets import Frame
from nn.report.choices import few
from nn.report.settings import (
    READING,
    TASKS,
    Column,
    Settings,
    Task,
    changed,
    check_drawing,
    task_named,
)
from nn.validation import Array, look_up

# More distinct whole numbers than these are no classes, unless asked to be.
_MOST_CLASSES = 20
# More texts than these in a column make a network of them alone.
_MOST_TEXTS = 100
# For the test, the validation set and the training set to have some.
_LEAST_ROWS = 10
# Whole numbers below it are floats exactly.
_EXACT = 2.0**53
_IMAGES = "images-idx3-ubyte"


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Samples to train on and to test with.

    Attributes:
        task: what they are.
        X: a table, or an array of shape (samples, inputs).
        y: the labels or numbers.
        steps: what stands between them and the network, not fitted yet.
        digest: tells data of the user's own from other data; "" for a set that is known by name.
    """

    task: Task
    X: Any
    y: Array
    steps: tuple[Preprocessor, ...] = ()
    digest: str = ""


# Arguments of `fit` in its errors, which are options here.
_ARGUMENT = re.compile(
    r"(?<![\w-])(?P<name>engine|devices|device|batch_size|native)=(?P<quote>'?)(?P<value>[\w:]*)"
    r"(?P=quote)"
)


def digest_of(X: Any, y: Array) -> str:
    """Return a checksum of samples and targets, with the names of columns.

    >>> import numpy as np
    >>> one, other = (Frame({"a": np.array([1.0, x])}) for x in (2.0, 3.0))
    >>> digest_of(one, np.array([0, 1])) == digest_of(other, np.array([0, 1]))
    False
    """
    import hashlib  # only files need it

    found = hashlib.sha256()
    columns = {name: X[name] for name in X.columns} if isinstance(X, Frame) else {"": X}
    for name, values in [*columns.items(), ("target", y)]:
        cells = np.asarray(values)
        found.update(f"{name!r} {cells.dtype} {cells.shape}".encode("utf-8", "backslashreplace"))
        whole = repr(cells.tolist()).encode() if cells.dtype == object else cells.tobytes()
        found.update(whole)
    return found.hexdigest()


def is_file(name: str) -> bool:
    """Whether data is a file or a folder of the user's, and not a set that is known by name."""
    if name in TASKS or name.lower() in datasets.names():
        return False
    return "." in name or "/" in name or Path(name).exists()


def chosen(name: str, given: Mapping[str, Any]) -> tuple[Settings, Data]:
    """Return the settings of a run, and its data.

    Args:
        name: of a data set, a file or a folder.
        given: settings that differ from what is usual for it.

    Raises:
        ValueError: if there is no such data, it is damaged, or the target cannot be learned.
        OSError: if a file cannot be read.
    """
    if not is_file(name):
        settings = changed(task_named(name).defaults, given)
        return settings, known(settings)
    for option in ("points", "noise"):
        if option in given:
            raise ValueError(
                f"--{option} is for data that is drawn, and {name} is a file of yours: leave it out"
            )
    reading = Settings(name, (), **{key: given[key] for key in READING if key in given})
    data = _images(reading) if Path(name).is_dir() else _table(reading)
    return changed(data.task.defaults, given), data


def known(settings: Settings) -> Data:
    """Return the data of a set that is known by name.

    Raises:
        ValueError: if there is none of that name, or a setting does not fit it.
    """
    task = task_named(settings.dataset)
    check_drawing(settings, task)
    for name in READING:
        if settings.words(name):
            raise ValueError(
                f"--{name.replace('_', '-')} is for a file of yours, and {settings.dataset} is a "
                "set that is known: leave it out"
            )
    X, y = datasets.load(
        settings.dataset, n=settings.points, noise=settings.noise, seed=settings.seed
    )
    return Data(task, X / task.scale, y)


def in_words(text: str) -> str:
    """Return an error of `read_csv` or `fit` with options of the command in place of arguments.

    >>> in_words("Fill them, or leave those lines out with drop_missing=True")
    'Fill them, or leave those lines out with --drop-missing'
    >>> in_words("devices=2 is for engine='jax': write batch_size=4, or native=False")
    '--devices 2 is for --engine jax: write --batch-size 4, or --no-native'
    """
    for argument, option in (
        ("drop_missing=True", "--drop-missing"),
        ("header=False", "--no-header"),
        ("encoding='utf-16'", "--encoding utf-16"),
        ("write 'utf-8'", "write --encoding utf-8"),
        ("delimiter=", "--delimiter"),
        ("write native='auto'", "leave it out"),
    ):
        text = text.replace(argument, option)
    return _ARGUMENT.sub(_option, text)


def _option(found: re.Match[str]) -> str:
    name, value = found["name"].replace("_", "-"), found["value"] or ""
    if name == "native":
        return "--no-native" if value == "False" else "--native"
    return f"--{name} {value}".rstrip()


def delimiter_of(word: str) -> str | None:
    """Return the delimiter that a word of the command stands for; None for none."""
    return {"tab": "\t", r"\t": "\t", "": None}.get(word, word)


# A table ------------------------------------------------------------------------------------------


def _table(settings: Settings) -> Data:
    s = settings
    frame = datasets.read_csv(
        s.dataset,
        delimiter=delimiter_of(s.delimiter),
        encoding=s.encoding or None,
        header=False if s.no_header else None,
        drop_missing=s.drop_missing,
        ignore=s.ignore,
    )
    target = s.target or frame.columns[-1]
    look_up("column", target, dict.fromkeys(frame.columns))
    names = [name for name in frame.columns if name != target]
    if not names:
        raise ValueError(f"{s.dataset} has no column besides the target {target!r} to learn from")
    if len(frame) < _LEAST_ROWS:
        raise ValueError(
            f"{s.dataset} has {len(frame)} row(s): some are held out for the test and to watch the "
            f"training, so {_LEAST_ROWS} are the least"
        )
    X, y = frame[names], _target(s, target, frame[target])
    texts = [name for name in names if X[name].dtype.kind in "UO"]
    for name in texts:
        if (count := len(np.unique(X[name]))) > _MOST_TEXTS:
            raise ValueError(
                f"column {name!r} holds {count:,} different texts, and each would be an input: "
                f"leave it out with --ignore {name}"
            )
    steps = [OneHotEncoder(texts, handle_unknown="ignore")] if texts else []
    scaled: list[Preprocessor] = [] if s.no_scale else [StandardScaler()]
    task = _task(s, target, X, y, frame.dropped)
    return Data(task, X, y, (*steps, *scaled), digest_of(X, y))


def _target(settings: Settings, name: str, y: Array) -> Array:
    """Return the target as labels, or as floats where it is numbers."""
    found, counts = np.unique(y, return_counts=True)
    is_number = y.dtype.kind in "iuf"
    is_whole = is_number and bool((y == np.floor(y)).all() and np.abs(y).max() < _EXACT)
    kind = settings.task or (
        "classes" if not is_number or (is_whole and len(found) <= _MOST_CLASSES) else "numbers"
    )
    look_up("task", kind, {"classes": None, "numbers": None})
    if kind == "numbers":
        if not is_number:
            raise ValueError(
                f"column {name!r} holds {found[0].item()!r:.40}, and --task numbers takes numbers"
            )
        if len(found) == 1:
            raise ValueError(f"column {name!r} holds {found[0]} alone: there is nothing to learn")
        return y.astype(np.float64)
    if is_number and not is_whole:
        raise ValueError(
            f"column {name!r} holds {y[y != np.floor(y)][0]:g}, which is no class: leave --task "
            "classes out"
        )
    if len(found) == 1:
        raise ValueError(f"column {name!r} holds {found[0]} alone: there is nothing to tell apart")
    if len(found) > _MOST_TEXTS or 2 * len(found) > len(y):
        raise ValueError(
            f"column {name!r} holds {len(found):,} different values in {len(y):,} rows, too many "
            "for classes: name another column with --target"
            + (", or write --task numbers" if is_number else "")
        )
    if counts.min() == 1:
        lonely = [str(x) for x in found[counts == 1].tolist()]
        raise ValueError(
            f"of {few(lonely)} column {name!r} holds a single row, which cannot be trained on and "
            "tested with: take it out"
        )
    return y.astype(np.int64) if is_number else y


def _task(settings: Settings, target: str, X: Frame, y: Array, dropped: int) -> Task:
    """Return the task of a table, with its own defaults."""
    names = () if y.dtype.kind == "f" else tuple([str(x) for x in np.unique(y).tolist()])
    loss = ["mean_squared_error", "", "binary_cross_entropy", "cross_entropy"][min(len(names), 3)]
    defaults = Settings(
        settings.dataset,
        (16,),
        loss=loss,
        optimizer="adam",
        lr=0.01,
        batch_size=16 if len(y) < 2000 else 128,
        epochs=50,
    )
    file = Path(settings.dataset).name
    what = f"one of {len(names)} classes" if names else "a number"
    gaps = "No cell is missing."
    if dropped:
        gaps = f"{dropped:,} line(s) with a missing cell were left out."
    about = (
        f"{file}: {len(y):,} rows. The target {target} is {what}, learned from {len(X.columns)} "
        f"column{'s' * (len(X.columns) > 1)}. {gaps}"
    )
    columns = [_column(name, X[name]) for name in X.columns]
    return Task(
        f"{target} from {file}",
        about,
        "rows",
        len(names),
        defaults,
        names=names,
        target=target,
        columns=(*columns, _column(target, y)),
    )


def _column(name: str, values: Array) -> Column:
    """Return what a column looks like."""
    if values.dtype.kind in "iuf":
        numbers = values.astype(np.float64)
        middle, spread = numbers.mean(), numbers.std()
        # What rounding leaves of a mean of 0 is no mean.
        middle = 0.0 if abs(middle) < 1e-12 * spread else middle
        mean = f"{middle:.4g} ± {spread:.4g}"
        kind = "whole numbers" if values.dtype.kind in "iu" else "numbers"
        return Column(name, kind, f"{numbers.min():.4g} to {numbers.max():.4g}, mean {mean}")
    found, counts = np.unique(values, return_counts=True)
    order: Sequence[int] = np.argsort(-counts, kind="stable").tolist()
    told = few([f"{found[i]} ({counts[i]:,})" for i in order], 6)
    return Column(name, "yes or no" if values.dtype.kind == "b" else "text", told)


# Images -------------------------------------------------------------------------------------------


def _images(settings: Settings) -> Data:
    folder = Path(settings.dataset)
    has_training = any(folder.glob(f"train-{_IMAGES.replace('-idx', '[-.]idx')}*"))
    X, y = datasets.mnist(folder, train=has_training)
    if len(y) < _LEAST_ROWS:
        raise ValueError(f"{folder} holds {len(y)} image(s): {_LEAST_ROWS} are the least")
    classes = int(y.max()) + 1
    defaults = Settings(
        settings.dataset,
        (32,),
        activation="relu",
        init="he",
        loss="cross_entropy",
        optimizer="adam",
        lr=0.002,
        batch_size=64,
        epochs=5,
    )
    part = "training" if has_training else "test"
    about = (
        f"{len(y):,} images of 28 × 28 pixels, the {part} set in the idx files of "
        f"{folder.name or folder}. The inputs are the pixels divided by 255, from 0 to 1."
    )
    task = Task(
        f"Images from {folder.name or folder}",
        about,
        "images",
        max(classes, 2),
        defaults,
        shape=(28, 28),
        names=tuple([str(k) for k in range(max(classes, 2))]),
    )
    # The range is that of the format, whatever the images hold.
    scaler = MinMaxScaler().fit(np.repeat([[0.0], [255.0]], X.shape[1], axis=1))
    return Data(task, X, y, (scaler,), digest_of(X, y))
