"""What a run keeps of itself in its folder, besides what is drawn, and how that is read again.

`run.toml` holds the settings, `history.csv` the epochs, `result.json` the rest with a checksum of
those two, and `times.csv` the seconds, which alone differ when a run is repeated. Of a folder
that a program of the user's own wrote, a `history.csv` is enough.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false
# What is read may be anything.

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograd import asked, check_seal, sealed
from nn.report.experiment import Result
from nn.report.folder import NAMES
from nn.report.page import versions
from nn.report.settings import Settings, settings_of
from nn.serialization import read_model
from nn.training.history import History

FORMAT, VERSION = "chalkgrad result", 1
# Files whose checksum is in the result.
_BESIDE = ("history.csv", "run.toml")
# The first columns of a history, and what any is called.
_HEADS = ("epoch", "seed", "loss", "metric", "validation_loss", "validation_metric")
_HEAD = re.compile("[a-z][a-z0-9_]{0,60}")
# No history is larger.
_MOST_BYTES = 200_000_000
_AGAIN = "train it again with chalkgrad train"


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run as its folder has it.

    Attributes:
        folder: where it is.
        settings: everything that it depended on; None where nothing says so.
        seed: of the run.
        epochs: the numbers of its finished epochs.
        curves: numbers by epoch, by their names in `history.csv`, and "learning_rate".
        tested: how good the model is on held-out samples, by the names of the measures.
        title: of the data; "" if it is not known.
        samples: the word for a sample, in the plural.
        digest: tells data of the user's own from other data.
        counts: the samples trained on, watched and tested with.
        ended: how the training ended: "whole", "interrupted" or "patience".
        best_epoch: the epoch whose parameters the model has; None for the last.
        parameters: how many the model has; None if there is no model.
        versions: of the packages that made it.
        seconds: of each epoch; empty if they are not known.
        bytes: the sizes of its files by their names.
    """

    folder: Path
    settings: Settings | None
    seed: int
    epochs: Sequence[int]
    curves: Mapping[str, Sequence[float | None]]
    tested: Mapping[str, float] = field(default_factory=dict[str, float])
    title: str = ""
    samples: str = "samples"
    digest: str = ""
    counts: tuple[int, int, int] = (0, 0, 0)
    ended: str = ""
    best_epoch: int | None = None
    parameters: int | None = None
    versions: str = ""
    seconds: Sequence[float] = ()
    bytes: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def kept_place(self) -> int:
        """The place of the epoch whose parameters the model has."""
        return [*self.epochs].index(self.best_epoch) if self.best_epoch else len(self.epochs) - 1


# Writing ------------------------------------------------------------------------------------------


def times_file(history: History) -> str:
    """Return the seconds that each epoch took, as CSV."""
    rows = [f"{r.epoch},{r.time:.6g}\n" for r in history]
    return f"epoch,seconds\n{''.join(rows)}"


def result_file(result: Result, files: Mapping[str, str]) -> str:
    """Return what `result.json` says of a run.

    Args:
        result: what the run gave.
        files: the text of the files beside it.
    """
    experiment, history = result.experiment, result.history
    task = experiment.task
    ended = "patience" if history.stopped_early else "whole"
    trained = experiment.trained_on
    watched = len(experiment.train_set[1]) - trained
    rates = experiment.rates()
    return sealed(
        {
            "format": FORMAT,
            "version": VERSION,
            "title": task.title,
            "samples": task.samples,
            "digest": experiment.digest,
            "counts": [trained, watched, len(result.said)],
            "tested": {"accuracy": result.accuracy} if task.classes else result.errors,
            "ended": "interrupted" if history.interrupted else ended,
            "best_epoch": history.best_epoch,
            "parameters": len(experiment.model.parameters()),
            "learning_rate": [rates[epoch - 1] for epoch in history.epoch],
            "versions": versions(),
            "files": {name: _sum_of(files[name]) for name in _BESIDE},
        }
    )


def _sum_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Reading ------------------------------------------------------------------------------------------


def read_run(name: str) -> KeptRun:
    """Return the run in a folder that `chalkgrad train` wrote, or of a `history.csv`.

    Args:
        name: the folder, or a file in it.

    Raises:
        ValueError: if there is none, or a file of it is missing, damaged or of another version; the
            message names the file and what to do.
    """
    folder = Path(name)
    alone = folder.is_file() and folder.suffix.lower() == ".csv" and folder.name != "history.csv"
    if folder.is_file() and not alone:
        folder = folder.parent
    if not folder.exists():
        beside = [p.name for p in folder.absolute().parent.glob("*") if p.is_dir()]
        near = asked.near(folder.name, beside)
        meant = f" Did you mean {str(folder.with_name(near[0]))!r}?" if near else ""
        raise ValueError(f"there is no folder {name!r}.{meant}")
    if alone:
        return _of_history(folder.parent, _text(folder), folder.name)
    if not folder.is_dir():
        raise ValueError(f"{name} is no folder: name one that chalkgrad train wrote")
    if (folder / "result.json").exists():
        return _of_report(folder)
    if not (folder / "history.csv").exists():
        raise ValueError(_no_run(folder))
    return _of_history(folder, _text(folder / "history.csv"))


def _no_run(folder: Path) -> str:
    """Return why a folder holds no run, and what to do."""
    inside = sorted(p.parent.name for p in folder.glob("*/history.csv"))
    if inside:
        return (
            f"{folder} holds no history.csv, but folders that do: name them, as in "
            f"{folder / inside[0]}"
        )
    return (
        f"{folder} holds neither result.json nor history.csv, so it is no report of chalkgrad "
        "train: name the folder that its --output named"
    )


def _text(path: Path) -> str:
    """Return the text of a file, if it can be one of a run."""
    try:
        if not path.is_file():
            raise ValueError(f"{path} is missing or no file: {_AGAIN}")
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise ValueError(f"{path} has {size:,} bytes, more than any run writes: {_AGAIN}")
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text, so it is damaged: {_AGAIN}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None


def _of_report(folder: Path) -> KeptRun:
    path = folder / "result.json"
    result = _result(path)
    texts = {name: _text(folder / name) for name in _BESIDE}
    for name, text in texts.items():
        if _sum_of(text) != result["files"].get(name):
            raise ValueError(
                f"{folder / name} is not the one that result.json was written with, so it was "
                f"changed or is of another run: {_AGAIN}"
            )
    try:
        settings = settings_of(texts["run.toml"])
    except ValueError as error:
        raise ValueError(f"{folder / 'run.toml'}: {error}: {_AGAIN}") from None
    epochs, seed, curves = _history(folder / "history.csv", texts["history.csv"])
    if len(result["learning_rate"]) != len(epochs):
        raise ValueError(f"{path}: it has not a learning rate for each epoch: {_AGAIN}")
    if result["best_epoch"] not in (None, *epochs):
        raise ValueError(f"{path}: its best epoch is none of the run: {_AGAIN}")
    return KeptRun(
        folder,
        settings,
        seed,
        epochs,
        {**curves, "learning_rate": result["learning_rate"]},
        counts=tuple(result["counts"]),
        seconds=_seconds(folder / "times.csv", epochs),
        bytes=_sizes(folder),
        **{key: result[key] for key in _KINDS if key not in _APART},
    )


# What stands in `result.json`, and of which kind.
_KINDS: Mapping[str, Any] = {
    "title": str, "samples": str, "digest": str, "counts": list, "tested": dict, "ended": str,
    "best_epoch": int | None, "parameters": int, "learning_rate": list, "versions": str,
    "files": dict,
}  # fmt: skip
# What models are tested by, and what no file of text can hold.
_MEASURES = {"accuracy", "R²", "mean absolute error"}
_NO_TEXT = re.compile("[\ud800-\udfff]")
_APART = ("counts", "learning_rate", "files")


def _result(path: Path) -> dict[str, Any]:
    """Return what `result.json` says, if it is whole and of this version."""
    text = _text(path)
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON, or cut short ({error!s:.60}): {_AGAIN}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path} is no result of chalkgrad train: {_AGAIN}")
    if document.get("version") != VERSION or isinstance(document["version"], bool):
        raise ValueError(
            f"{path} is of version {document.get('version')!r:.20} and not {VERSION}, so another "
            f"chalkgrad wrote it: {_AGAIN}"
        )
    try:
        check_seal(text, document.get("checksum"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}: {_AGAIN}") from None
    if not _says_all(document):
        raise ValueError(f"{path} does not say what a result says: {_AGAIN}")
    return document


def _says_all(document: Mapping[str, Any]) -> bool:
    """Whether everything is in it that a result says, and of its kind."""
    return (
        all(isinstance(document.get(key), kind) for key, kind in _KINDS.items())
        and all(map(_is_number, [*document["tested"].values(), *document["learning_rate"]]))
        and [type(n) for n in document["counts"]] == [int] * 3
        and document["ended"] in ("whole", "interrupted", "patience")
        and set(document["tested"]) <= _MEASURES
        and not _NO_TEXT.search("".join(x for x in document.values() if isinstance(x, str)))
    )


def _is_number(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x)


def _of_history(folder: Path, text: str, name: str = "history.csv") -> KeptRun:
    """Return what a history alone tells, and a model beside it."""
    epochs, seed, curves = _history(folder / name, text)
    parameters = settings = None
    if name == "history.csv":
        if (folder / "model.json").exists():
            parameters = len(read_model(folder / "model.json").parameters)
        if (folder / "run.toml").exists():
            try:
                settings = settings_of(_text(folder / "run.toml"))
            except ValueError as error:
                raise ValueError(f"{folder / 'run.toml'}: {error}: {_AGAIN}") from None
    where = folder if name == "history.csv" else folder / name
    sizes = _sizes(folder) if name == "history.csv" else {}
    seconds = [x for x in curves.pop("time", []) if x is not None]
    return KeptRun(
        where, settings, seed, epochs, curves, parameters=parameters, bytes=sizes, seconds=seconds
    )


def _history(path: Path, text: str) -> tuple[list[int], int, dict[str, list[float | None]]]:
    """Return the numbers of the epochs, the seed, and the columns of a history by their names."""
    rows = [*csv.reader(io.StringIO(text))]
    heads = rows[0] if rows else []
    if tuple(heads[: len(_HEADS)]) != _HEADS or not all(map(_HEAD.fullmatch, heads)):
        raise ValueError(
            f"{path} is no history: its first line is {', '.join(heads)!r:.60} and does not begin "
            f"with {', '.join(_HEADS)}. Write one with history.to_csv, or {_AGAIN}"
        )
    if len(set(heads)) < len(heads):
        raise ValueError(f"{path} has a column twice: {_AGAIN}")
    if len(rows) < 2:
        raise ValueError(f"{path} has no epoch: {_AGAIN}")
    columns: dict[str, list[float | None]] = {head: [] for head in heads}
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(heads):
            raise ValueError(
                f"{path}, line {line}: {len(row)} cells for {len(heads)} columns, so it is damaged "
                f"or cut short: {_AGAIN}"
            )
        for head, cell in zip(heads, row, strict=True):
            columns[head].append(_cell(path, line, head, cell))
    first, *_ = epochs = [int(x or 0) for x in columns.pop("epoch")]
    if epochs != [*range(first, first + len(epochs))] or first < 1:
        raise ValueError(f"{path}: its epochs are not numbered one after the other: {_AGAIN}")
    seed = int(columns.pop("seed")[0] or 0)
    found = {head: xs for head, xs in columns.items() if any(x is not None for x in xs)}
    return epochs, seed, found


def _cell(path: Path, line: int, head: str, cell: str) -> float | None:
    if not cell and head not in ("epoch", "seed", "loss"):
        return None
    try:
        x = int(cell) if head in ("epoch", "seed") else float(cell)
        if math.isfinite(x) and abs(x) < 2**1023:
            return x
    except (OverflowError, ValueError):
        pass
    raise ValueError(f"{path}, line {line}: {head} is {cell!r:.40}, which is no number: {_AGAIN}")


def _seconds(path: Path, epochs: Sequence[int]) -> list[float]:
    """Return the seconds of each epoch; none where there is no such file."""
    if not path.exists():
        return []
    rows = [*csv.reader(io.StringIO(_text(path)))]
    try:
        found = {int(epoch): float(seconds) for epoch, seconds in rows[1:]}
        seconds = [found[epoch] for epoch in epochs]
    except (KeyError, ValueError, OverflowError):
        seconds = [math.nan]
    if not rows or rows[0] != ["epoch", "seconds"] or not all(0 <= x < math.inf for x in seconds):
        raise ValueError(
            f"{path} does not have the seconds of each epoch: take it away, or {_AGAIN}"
        )
    return seconds


def _sizes(folder: Path) -> dict[str, int]:
    return {name: p.stat().st_size for name in NAMES if (p := folder / name).is_file()}
