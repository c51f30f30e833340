"""Model files: their form, what is written into one, and models built or filled from one.

A model file is JSON: what it is, the version of the form, the class, the arguments that build it
again, every parameter by name, and the modes where they are not train mode. Python writes a float
with the digits that read back to the same float, so the numbers are exact and the same model always
gives the same bytes.
"""

# pyright: reportPrivateUsage=false
# A class is asked for the size that a model built from its config would have.

import inspect
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, Protocol, Self, TypeAlias, TypeVar, cast

from autograd import Value, check_seal, sealed
from nn.data.schema import Schema, keep_schema, schema_from, schema_kept
from nn.inference import modes
from nn.validation import path_of

Path: TypeAlias = str | os.PathLike[str]


class Stored(Protocol):
    """What a model file takes from a model; a `Module` has it."""

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the parameters with their names."""
        ...

    def config(self) -> dict[str, Any]:
        """Return the arguments that build the model again."""
        ...

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a model built from what `config` gave."""
        ...

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        """Return how many parameters it would have, if that is known before."""
        ...


M = TypeVar("M", bound=Stored)

FORMAT = "chalkgrad model"
# A file of the second version holds a schema without which the model computes something else.
VERSIONS = (1, 2)
_KEYS = {"format", "version", "checksum", "class", "config", "schema", "parameters", "training"}


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """What stands in a model file.

    Attributes:
        kind: the name of the model's class.
        config: the arguments that build it again.
        parameters: every parameter by its name, in the model's order.
        schema: what the model keeps of its training data; None if it keeps nothing.
        training: the modes of its modules, as `nn.inference.modes.written` has them.
    """

    kind: str
    config: dict[str, Any]
    parameters: dict[str, float]
    schema: Schema | None = None
    training: dict[str, bool] = field(default_factory=dict[str, bool])


def model_text(model: Stored) -> str:
    """Return the text of a model's file.

    Raises:
        ValueError: if a parameter is not finite, as JSON has no number for it and a model no use;
            or if `config()` holds something that JSON cannot.
    """
    name = type(model).__name__
    parameters = {label: value.data for label, value in model.named_parameters()}
    for label, x in parameters.items():
        if not math.isfinite(x):
            raise ValueError(f"{label} is {x}: a model that has diverged is not saved")
    schema = schema_kept(model)
    document = {
        "format": FORMAT,
        "version": VERSIONS[schema is not None and schema.is_needed],
        "class": name,
        "config": model.config(),
        **({} if schema is None else {"schema": schema.document()}),
        "parameters": parameters,
    }
    if training := modes.written(model):
        document["training"] = training
    try:
        return sealed(document)
    except TypeError as error:
        raise ValueError(f"{name}.config() must hold text, numbers and lists: {error}") from None


def read_model(path: Path) -> ModelRecord:
    """Read a model file and check its form.

    Raises:
        FileNotFoundError: if the file is not there.
        ValueError: if it is cut short, of another kind or version, or holds anything but finite
            numbers for parameters; the message names what was found and what was expected.
    """
    try:
        text = path_of(path).read_text(encoding="utf-8")
        document: Any = json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_twins)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: expected a model file, JSON text; found binary data") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path}: expected a model file; it is not JSON, or cut short: {error}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected a model file; {error}") from None
    if not isinstance(document, dict):
        raise ValueError(f"{path}: expected a model file, a JSON object; found {_shown(document)}")
    fields = cast(dict[str, Any], document)
    if fields.get("format") != FORMAT:
        found = _shown(fields["format"]) if "format" in fields else "no such key"
        raise ValueError(f"{path}: expected a file whose format is {FORMAT!r}; found {found}")
    if fields.get("version") not in VERSIONS or isinstance(fields["version"], bool):
        raise ValueError(
            f"{path}: expected version {VERSIONS[-1]} of the model file; found "
            f"{_shown(fields.get('version'))}: read it with the chalkgrad that wrote it"
        )
    if extra := fields.keys() - _KEYS:
        raise ValueError(f"{path}: expected a model file; found the key {_shown(min(extra))} in it")
    # Files of 0.1.0 have none.
    if "checksum" in fields:
        try:
            check_seal(text, fields["checksum"])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    kind, config, parameters = (fields.get(key) for key in ("class", "config", "parameters"))
    if not isinstance(kind, str):
        raise ValueError(f"{path}: expected the name of a class; found {_shown(kind)}")
    if not isinstance(config, dict):
        raise ValueError(f"{path}: expected the config as an object; found {_shown(config)}")
    if not isinstance(parameters, dict):
        raise ValueError(f"{path}: expected the parameters by name; found {_shown(parameters)}")
    training = fields.get("training", {})
    if not isinstance(training, dict):
        raise ValueError(f"{path}: expected the modes by module; found {_shown(training)}")
    for x in cast(dict[str, Any], training).values():
        if not isinstance(x, bool):
            raise ValueError(f"{path}: expected true or false for a mode; found {_shown(x)}")
    named = cast(dict[str, Any], parameters)
    try:
        schema = schema_from(fields["schema"]) if "schema" in fields else None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return ModelRecord(
        kind,
        cast(dict[str, Any], config),
        {name: _finite(path, name, value) for name, value in named.items()},
        schema,
        cast(dict[str, bool], training),
    )


def _finite(path: object, name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            x = float(value)
        except OverflowError:
            x = math.inf
        if math.isfinite(x):
            return x
    raise ValueError(f"{path}: expected a finite number for {name}; found {_shown(value)}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}, where every number must be finite")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} stands in it twice")
    return fields


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


# Models of files --------------------------------------------------------------------------------


class Load(Generic[M]):
    """Makes `load` work on a class, where it builds a model, and on a model, which it fills.

    As a class method alone, `model.load(path)` would read into a new model, drop it, and leave
    `model` as it was without a word.
    """

    def __get__(self, model: M | None, kind: type[M]) -> Callable[[Path], M]:
        def load(path: Path) -> M:
            """Read a model file written by `save`.

            `MLP.load(path)` builds a new model; `Module.load(path)` one of whatever class the file
            names, and `model.load(path)` sets the parameters of a model that is there already. A
            class of your own is built from what its `config()` gave.

            Raises:
                FileNotFoundError: if the file is not there.
                ValueError: if it is cut short, of another kind, version or class, or its parameters
                    are not those of the model; the model is then unchanged.
            """
            return _built(kind, path) if model is None else _filled(model, path)

        return load


def part(model: Stored) -> dict[str, Any]:
    """Return a model inside another one for its `config()`: its class, and its own."""
    return {"class": type(model).__name__, "config": model.config()}


def part_of(kind: type[M], written: Any) -> M:
    """Return a model from what `part` gave; its parameters are set afterwards.

    Raises:
        ValueError: if it is of another form, or its class is not known.
    """
    found, config = _class_of(kind, written)
    return found.from_config(config)


def part_size(kind: type[M], written: Any) -> int | None:
    """Return how many parameters a model from what `part` gave has, if that is known before.

    Raises:
        ValueError: as `part_of`.
    """
    found, config = _class_of(kind, written)
    return found._size_of(config)


def _class_of(kind: type[M], written: Any) -> tuple[type[M], dict[str, Any]]:
    fields: dict[str, Any] = cast(Any, written) if isinstance(written, dict) else {}
    name, config = fields.get("class"), fields.get("config")
    if not isinstance(name, str) or not isinstance(config, dict):
        shown = _shown(cast(object, written))
        raise ValueError(f"expected the class and the config of a module; found {shown}")
    return _known_class(kind, name, cast(dict[str, Any], config)), cast(dict[str, Any], config)


def _known_class(kind: type[M], name: str, config: dict[str, Any]) -> type[M]:
    classes = [known for known in _subclasses(kind) if known.__name__ == name]
    if not classes or name == "Module":
        raise ValueError(
            f"expected a model of class {kind.__name__}; found {name!r}: "
            "read it with its own class, or define or import that first"
        )
    # The last one that takes the config: in a notebook, a class that was defined again stands there
    # several times, and a user's own may have the name of one of ours.
    return next((known for known in reversed(classes) if _takes(known, config)), classes[-1])


def _takes(kind: type[Any], config: dict[str, Any]) -> bool:
    if hasattr(kind, "_takes_config"):  # its arguments are not those of its constructor
        return kind._takes_config(config)
    try:
        inspect.signature(kind).bind(**config)
    except (TypeError, ValueError):
        return False
    return True


def _subclasses(kind: type[M]) -> Iterator[type[M]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _subclasses(below)


def _built(kind: type[M], path: Path) -> M:
    """Return a new model of class `kind`, or of a class below it, from a file."""
    record = read_model(path)
    try:
        found = _known_class(kind, record.kind, record.config)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    fault = f"{path}: its config does not build a {record.kind}"
    try:
        # Before it is built: a file of a hundred bytes may ask for more than there is memory.
        size = found._size_of(record.config)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{fault}: {error}") from None
    if size is not None and size > 2 * len(record.parameters) + 1000:
        raise ValueError(
            f"{path}: expected the {size:,} parameters of the {record.kind} in its config; found "
            f"{len(record.parameters):,}"
        )
    try:
        model = found.from_config(record.config)
    except MemoryError:
        raise ValueError(
            f"{path}: there is not enough memory for the {record.kind} of its config"
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{fault}: {error}") from None
    _set_parameters(model, path, record)
    try:
        modes.set_modes(model, record.training)
    except ValueError as error:
        raise ValueError(f"{path}: its modes are not those of the {record.kind}: {error}") from None
    return model


def _filled(model: M, path: Path) -> M:
    """Set the parameters of a model from a file written by one like it, and return the model."""
    record = read_model(path)
    if record.kind != type(model).__name__:
        raise ValueError(
            f"{path}: expected a model of class {type(model).__name__}; found {record.kind!r}"
        )
    # How the parameters started is history; what the model computes must be the same.
    config, told = _without_start(model.config()), _without_start(record.config)
    for key in dict.fromkeys((*config, *told)):
        expected, found = config.get(key), told.get(key)
        if found != expected:
            raise ValueError(f"{path}: expected a model with {key} {expected!r}; found {found!r}")
    _set_parameters(model, path, record)
    return model


def _without_start(config: Any) -> Any:
    """Return a config without what tells how the parameters started, also of parts."""
    if isinstance(config, list):
        return [_without_start(x) for x in cast(list[Any], config)]
    if not isinstance(config, dict):
        return config
    items = cast(dict[str, Any], config).items()
    return {key: _without_start(x) for key, x in items if key not in ("init", "seed")}


def _set_parameters(model: Stored, path: Path, record: ModelRecord) -> None:
    """Set the parameters of a model to those of a file, if they have the same names."""
    found, named = record.parameters, model.named_parameters()
    missing = [name for name, _ in named if name not in found]
    extra = sorted(found.keys() - {name for name, _ in named})
    if missing or extra:
        first = f"{missing[0]!r} is missing" if missing else f"{extra[0]!r} is not among them"
        raise ValueError(
            f"{path}: expected the {len(named)} parameters of this model; found "
            f"{len(found)}, and {first}: its sizes are others"
        )
    for name, value in named:
        value.data = found[name]
        value.grad = None
    keep_schema(model, record.schema)
