"""Options in a file: `chalkgrad train --config run.toml`, as every report holds one.

Its keys are the names of the options. They become words of the command in front of those that were
typed, so that one parser checks both and what was typed wins.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from nn.command.subcommand import SWITCHES, Refusal, Subcommand
from nn.report.settings import LISTS
from nn.validation import look_up

# Not for files: what a file says of itself, and the word in front.
_TYPED = ("config", "help")
_MOST_BYTES = 1_000_000


def words_of(path: str, command: Subcommand, *, has_data: bool) -> list[str]:
    """Return what a file says, as words of the command.

    Args:
        path: the file.
        command: whose options they are.
        has_data: whether the command line names the data set, so that the file's does not count.

    Raises:
        Refusal: if the file is not there or damaged, or a key or value is none of an option.
    """
    fields = _read(path)
    options = {word[2:]: word for word in command.words if word.startswith("--")}
    known = {"dataset": "", **{name: x for name, x in options.items() if name not in _TYPED}}
    words: list[str] = []
    dataset: list[str] = []
    for key, value in fields.items():
        name = key.replace("_", "-")
        try:
            look_up("option", name, known)
        except ValueError as error:
            raise Refusal(f"{path}: {error}") from None
        if name == "dataset":
            if not isinstance(value, str):
                raise Refusal(f"{path}: dataset is a name in quotes; got {value!r:.60}")
            dataset = [value]
        else:
            words += _words(path, name, value, command)
    return words if has_data else [*dataset, *words]


def _read(path: str) -> dict[str, Any]:
    try:
        content = Path(path).read_bytes()
        if len(content) > _MOST_BYTES:
            raise Refusal(f"{path}: expected options; found {len(content):,} bytes")
        return tomllib.loads(content.decode("utf-8-sig"))
    except FileNotFoundError:
        raise Refusal(f"there is no file {path}") from None
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{path}: expected options as TOML, such as epochs = 20: {error}") from None


def _words(path: str, name: str, value: Any, command: Subcommand) -> list[str]:
    """Return one option as words of the command."""
    meaning = _meaning(f"--{name}", command)
    many = meaning.get("nargs") == "*"
    if meaning.get("action") in SWITCHES:
        if not isinstance(value, bool):
            raise Refusal(f"{path}: {name} is true or false; got {value!r:.60}")
        word = f"--{name}" if value else f"--no-{name}"
        return [word] if word in command.words else []
    values = cast(Sequence[Any], value) if isinstance(value, list) else [value]
    if isinstance(value, list) and not many and name.replace("-", "_") not in LISTS:
        raise Refusal(f"{path}: {name} takes one value; got {value!r:.60}")
    for x in values:
        if isinstance(x, bool) or not isinstance(x, str | int | float):
            raise Refusal(f"{path}: {name} takes text or a number; got {x!r:.60}")
    texts = [x if isinstance(x, str) else repr(x) for x in values]
    return [f"--{name}", *texts] if many else [f"--{name}={','.join(texts)}"]


def _meaning(word: str, command: Subcommand) -> Mapping[str, Any]:
    options = [*command.settings, *command.options]
    return next(meaning for spellings, meaning in options if word in spellings)
