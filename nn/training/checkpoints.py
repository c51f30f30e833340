"""Checkpoints: a run in one file after each epoch, to be finished bit for bit by another process.

The file is JSON with a checksum, written whole or not at all, and nothing in it is executed. It
says which run it is of: data, model, optimiser and settings, so that no other run goes on from it.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false
# What is read may be anything.

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograd import check_seal, sealed, write_whole
from nn.data.large.mapped import Mapped, parts
from nn.module import Module
from nn.packing import packed, unpacked
from nn.training.history import EpochRecord
from nn.training.record import histogram_of
from nn.training.streams.yielded import Yielded
from nn.validation import Floats, Native, path_of

FORMAT, VERSION = "chalkgrad checkpoint", 1
_KEYS = ("format", "version", "checksum", "run", "parameters", "optimizer", "history", "patience")
# Of a file that could be one: more than any run keeps of a parameter, and of its epochs.
_MOST_EACH, _MOST = 1_000, 10**9


@dataclass(frozen=True, slots=True)
class RunState:
    """A run after an epoch, as a file has it.

    Attributes:
        parameters: all numbers, in the model's order.
        optimizer: what its `state_dict` gave.
        records: of all epochs.
        told: how the history says that the run has ended so far, and what its gradients cost.
        best: number, validation loss and parameters of the best epoch; None if none is looked for.
    """

    parameters: Floats
    optimizer: dict[str, Any]
    records: list[EpochRecord]
    told: dict[str, Any]
    best: tuple[int, float, Floats] | None


class Checkpoints:
    """Keeps a run in a file, and reads the one to go on from.

    Args:
        target: the file to write; None to write none.
        source: the file to go on from; None, or not there, for a new run.
        identity: what tells this run from others, by name, as JSON can hold it.

    Attributes:
        state: the run to go on from; None for a new one.

    Raises:
        OSError: if nothing could be written there.
        ValueError: if the file is damaged, or of another run.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | None,
        source: str | os.PathLike[str] | None,
        identity: Mapping[str, Any],
    ) -> None:
        self._target = None if target is None else path_of(target)
        self._identity = json.loads(json.dumps(identity))
        self._source = None if source is None else path_of(source)
        for path in filter(None, (self._target, self._source)):
            _check_place(path)
        self.state: RunState | None = None
        self._engine, self._is_native = "", None
        if self._source is not None and self._source.exists():
            self.state, self._engine, self._is_native = _read(self._source, self._identity)

    def check_engine(self, name: str) -> None:
        """Refuse to go on by another engine, whose last digits are others."""
        if self.state is not None and name != self._engine:
            raise ValueError(
                f"{self._source}: the run in it was trained by the engine {self._engine!r}, and "
                f"this one by {name!r}, which rounds otherwise: write engine={self._engine!r}"
            )

    def native_of(self, native: Native) -> Native:
        """Return how the run is to be computed, as C or by NumPy: as it was, if "auto" may choose.

        Raises:
            ValueError: if somebody asks for the other one, whose last digits are others.
        """
        before = self._is_native
        if self.state is None or before is None or native == before:
            return native
        if native == "auto":
            return before
        raise ValueError(
            f"{self._source}: the run in it was trained {'as C' if before else 'by NumPy'}, and "
            f"native={native} rounds otherwise: write native={before}"
        )

    def keep(self, state: RunState, engine: str, *, native: bool) -> None:
        """Write a run's file, whole or not at all.

        Raises:
            OSError: if it cannot be written; a file from before is as it was.
        """
        if self._target is None:
            return
        records = [[getattr(record, name) for name in _FIELDS] for record in state.records]
        document = {
            "format": FORMAT,
            "version": VERSION,
            "run": {**self._identity, "engine": engine, "native": native},
            "parameters": state.parameters,
            "optimizer": state.optimizer,
            "history": {"records": records, **state.told},
            "patience": state.best,
        }
        try:
            write_whole(self._target, sealed(packed(document)))
        except OSError as error:
            done = state.records[-1].epoch
            raise type(error)(
                f"{error}. Training has ended after epoch {done}, and the model is as after it; "
                "the checkpoint, if there is one, is of an epoch before: go on with "
                f"resume={str(self._target)!r}"
            ) from None


_FIELDS = [field.name for field in dataclasses.fields(EpochRecord)]


def _check_place(path: Path) -> None:
    """Raise unless a file could be written there."""
    if path.is_dir():
        raise IsADirectoryError(f"a checkpoint is a file, and {path} is a folder: name one in it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} for the checkpoint {path}")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"nothing may be written into {path.parent}, so no checkpoint {path}")


# What tells a run from others ---------------------------------------------------------------------

# How a difference is told; of data there is nothing to show.
_DATA = {"train": "training data", "held": "validation data", "schema": "labels or columns"}
_NAMES = {
    "has_weights": "use of sample_weight or class_weight",
    "metrics": "metrics",
    "last_batch": "validation",
}
_DRAWN = ("batches", "drawn", "kept", "out", "word")


def identity_of(model: Module, plan: Any, optimizer: Any, **settings: Any) -> dict[str, Any]:
    """Return what tells a run from others, by name.

    Raises:
        TypeError: if the optimiser cannot say its state.
    """
    if not all(callable(getattr(optimizer, f"{x}state_dict", None)) for x in ("", "load_")):
        raise TypeError(
            f"checkpoints keep what the optimizer remembers, and {type(optimizer).__name__} has no "
            "state_dict() and load_state_dict(): write them, or take one of nn.optim"
        )
    config = {key: x for key, x in model.config().items() if key not in ("init", "seed")}
    names = [name for name, _ in model.named_parameters()]
    state = optimizer.state_dict()
    kept = {key: state[key] for key in ("lr", "options") if key in state}
    # The batches by what is in them and how they are drawn. The samples come last, for the seed and
    # the validation choose them.
    named = [field.name for field in dataclasses.fields(plan) if field.name not in _DRAWN]
    named = [name for name in named if name not in ("seed", *_DATA)]
    planned = {name: getattr(plan, name) for name in ["seed", *named, *_DATA]}
    return {
        "model": [type(model).__name__, _plain(config), _plain(names)],
        "parameters": len(names),
        "has_weights": plan.loss.weighted,
        "shuffle": plan.batches.shuffle,
        "optimizer": [type(optimizer).__name__, _plain(kept)],
        **settings,
        **{name: _plain(x) for name, x in planned.items()},
    }


def _plain(x: Any) -> Any:
    """Return something as JSON can hold it, with a checksum in place of many numbers."""
    import hashlib

    if isinstance(x, np.ndarray | Mapped):
        found = hashlib.sha256()
        for part in parts(x) if isinstance(x, Mapped) else [x]:
            text = repr(part.tolist()).encode() if part.dtype == object else None
            found.update(text or np.ascontiguousarray(part).data)
        return [*x.shape, str(x.dtype), found.hexdigest()]
    if isinstance(x, Yielded):  # of what is to come, the first batch is known
        return _plain([x.X, x.y])
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return {field.name: _plain(getattr(x, field.name)) for field in dataclasses.fields(x)}
    if isinstance(x, Mapping):
        return {str(key): _plain(value) for key, value in x.items()}
    if isinstance(x, list | tuple):
        plain = [_plain(y) for y in x]
        text = json.dumps(plain)
        return plain if len(text) < 1_000 else hashlib.sha256(text.encode()).hexdigest()
    if x is None or isinstance(x, bool | int | float | str):
        return x
    return getattr(x, "__qualname__", type(x).__name__)


def _same_run(there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Refuse to go on from another run, by the name of the first thing that differs."""
    for name in here:
        if there.get(name) == here[name]:
            continue
        if name in _DATA:
            raise ValueError(
                f"the run in it has other {_DATA[name]}, and goes on only with those that "
                "it began with: name another file, or leave resume out to begin anew"
            )
        raise ValueError(
            f"the run in it has another {_NAMES.get(name, name)}: "
            f"{_shown(there.get(name))} there, and {_shown(here[name])} here"
        )


def _shown(x: Any) -> str:
    """Return something of an identity in short."""
    if isinstance(x, list) and x and isinstance(x[0], str):
        inner = json.dumps(x[1]) if len(x) > 1 and x[1] else ""
        return f"{x[0]} {inner}"[:200].strip()
    if isinstance(x, dict) and "name" in x:
        return str(x["name"])
    if isinstance(x, list) and x and isinstance(x[0], dict):
        return ", ".join([_shown(y) for y in x])
    return f"{x!r:.100}"


# Reading ------------------------------------------------------------------------------------------


def _read(path: Path, here: Mapping[str, Any]) -> tuple[RunState, str, bool | None]:
    """Return the run in a file, if it is the one that `here` tells of, its engine, and if as C."""
    try:
        document = _document(path, here["parameters"])
        there: dict[str, Any] = {"engine": "", "native": None, **document["run"]}
        _same_run(there, here)
        fields = unpacked({key: document[key] for key in _KEYS[4:]})
        return _state_of(fields, here["parameters"]), there["engine"], there["native"]
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(f"{path}: something in it is of the wrong kind: {error!s:.100}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _document(path: Path, count: int) -> dict[str, Any]:
    """Return what is in a checkpoint of a model of so many parameters, if nothing is damaged."""
    if not path.is_file():
        raise ValueError("expected a checkpoint; found no regular file")
    size = path.stat().st_size
    if size > _MOST + _MOST_EACH * count:
        raise ValueError(
            f"expected the checkpoint of {count:,} parameters; found a file of {size:,} bytes, "
            "larger than any"
        )
    try:
        text = path.read_text(encoding="utf-8")
        document: Any = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(
            f"expected a checkpoint; it is not JSON, or cut short: {error!s:.100}"
        ) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"expected a file whose format is {FORMAT!r}")
    if document.get("version") != VERSION:
        raise ValueError(
            f"expected version {VERSION} of the checkpoint; found {document.get('version')!r:.60}: "
            "read it with the chalkgrad that wrote it"
        )
    check_seal(text, document.get("checksum"))
    if odd := set(document) ^ set(_KEYS):
        raise ValueError(f"expected the keys {', '.join(_KEYS)}; {min(odd)!r:.40} is odd")
    return document


def _state_of(fields: dict[str, Any], count: int) -> RunState:
    told = dict(fields["history"])
    records = [_record(row) for row in told.pop("records")]
    if not records or [record.epoch for record in records] != [
        records[0].epoch + i for i in range(len(records))
    ]:
        raise ValueError("its epochs are not numbered one after the other")
    best = fields["patience"]
    if best is not None:
        epoch, loss, numbers = best
        if type(epoch) is not int or not isinstance(loss, float):
            raise ValueError("its best epoch is none")
        best = epoch, loss, _parameters(numbers, count)
    if not isinstance(fields["optimizer"], dict) or set(told) != set(TOLD):
        raise ValueError("what it says of the optimizer or of the run is not what was written")
    if not all(isinstance(told[name], kind) for name, kind in TOLD.items()):
        raise ValueError("what it says of how the run went is of the wrong kind")
    cost = told["cost"]
    if len(cost) != 2 or not all(x is None or type(x) is int for x in cost) or cost[0] is None:
        raise ValueError("what it says of the cost of its gradients is no pair of counts")
    numbers = _parameters(fields["parameters"], count)
    return RunState(numbers, fields["optimizer"], records, told, best)


# What a file tells of a history beside its records, and its kind.
TOLD: Mapping[str, type] = {
    "stopped": bool, "stopped_early": bool, "note": str, "cost": list,
}  # fmt: skip


def _parameters(numbers: Any, count: int) -> Floats:
    if numbers.__class__ is not np.ndarray or numbers.shape != (count,):
        raise ValueError(f"expected {count} parameters; found others")
    if not np.isfinite(numbers).all():
        raise ValueError("a parameter in it is not finite")
    return numbers


def _record(row: Sequence[Any]) -> EpochRecord:
    """Return an epoch's record from its fields."""
    # Those that were kept before there were histograms have none.
    fields = dict(zip(_FIELDS, [*row, {}] if len(row) == len(_FIELDS) - 1 else row, strict=True))
    if any(type(fields[name]) is not int or fields[name] < 0 for name in ("epoch", "seed")):
        raise ValueError("an epoch in it has no number or seed")
    told = [fields[name] for name in (*_FIELDS[1:6], "gradient_norm")]
    numbers = [x for x in told if x is not None]
    for name in ("metrics", "validation_metrics"):
        numbers += [x for x in fields[name].values() if not _is_table(x)]
    if not all(type(x) is float for x in numbers):
        raise ValueError("a number of an epoch in it is none")
    fields["weights"] = {name: histogram_of(x) for name, x in fields["weights"].items()}
    return EpochRecord(**fields)


def _is_table(x: Any) -> bool:
    return isinstance(x, list) and all(
        isinstance(row, list) and all(type(n) is int for n in row) for row in x
    )
