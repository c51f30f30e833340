"""The form of a model file.

A model file is JSON: what it is, the version of the form, the class, the arguments that build it
again, and every parameter by name. Python writes a float with the digits that read back to the
same float, so the numbers are exact and the same model always gives the same bytes.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from nn.validation import path_of

FORMAT = "chalkgrad model"
VERSION = 1


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """What stands in a model file.

    Attributes:
        kind: the name of the model's class.
        config: the arguments that build it again.
        parameters: every parameter by its name, in the model's order.
    """

    kind: str
    config: dict[str, Any]
    parameters: dict[str, float]


def model_text(record: ModelRecord) -> str:
    """Return the text of a model file.

    Raises:
        ValueError: if a parameter is not finite; JSON has no such numbers, nor has a model that
            is of any use.
        TypeError: if the config holds something JSON cannot.
    """
    for name, value in record.parameters.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}: a model that has diverged is not saved")
    document = {
        "format": FORMAT,
        "version": VERSION,
        "class": record.kind,
        "config": record.config,
        "parameters": record.parameters,
    }
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_model(path: str | os.PathLike[str]) -> ModelRecord:
    """Read a model file and check its form.

    Raises:
        FileNotFoundError: if there is no such file.
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
    if fields.get("version") != VERSION or isinstance(fields["version"], bool):
        raise ValueError(
            f"{path}: expected version {VERSION} of the model file; found "
            f"{_shown(fields.get('version'))}: read it with the chalkgrad that wrote it"
        )
    kind, config, parameters = (fields.get(key) for key in ("class", "config", "parameters"))
    if not isinstance(kind, str):
        raise ValueError(f"{path}: expected the name of a class; found {_shown(kind)}")
    if not isinstance(config, dict):
        raise ValueError(f"{path}: expected the config as an object; found {_shown(config)}")
    if not isinstance(parameters, dict):
        raise ValueError(f"{path}: expected the parameters by name; found {_shown(parameters)}")
    named = cast(dict[str, Any], parameters)
    return ModelRecord(
        kind,
        cast(dict[str, Any], config),
        {name: _finite(path, name, value) for name, value in named.items()},
    )


def check_names(
    path: str | os.PathLike[str], found: Mapping[str, float], expected: list[str]
) -> None:
    """Raise a ValueError unless `found` has exactly the names `expected`."""
    missing = [name for name in expected if name not in found]
    extra = sorted(found.keys() - set(expected))
    if missing or extra:
        first = f"{missing[0]!r} is missing" if missing else f"{extra[0]!r} is not among them"
        raise ValueError(
            f"{path}: expected the {len(expected)} parameters of this model; found "
            f"{len(found)}, and {first}: its sizes are others"
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
