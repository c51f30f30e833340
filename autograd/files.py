"""Files written whole or not at all, and documents whose every byte a checksum vouches for."""

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from autograd import asked


def path_of(path: object) -> Path:
    """Return where a file is, or say what names one.

    >>> path_of(3)
    Traceback (most recent call last):
        ...
    TypeError: a file is named by a str or a Path, got 3
    """
    named: object = None
    with contextlib.suppress(TypeError):  # what names no file at all
        named = cast(object, os.fspath(cast(Any, path)))
    if not isinstance(named, str):
        raise TypeError(f"a file is named by a str or a Path, got {path!r:.60}")
    return Path(named)


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file so that a reader finds the old content or the new, never a part.

    A link is followed to the file it names, and a file that is there keeps its mode. What is no
    regular file, such as a pipe or /dev/null, is written to as it is, not replaced.

    Args:
        path: where to; its folder must exist.
        content: text, written as UTF-8 with its line ends as they are, or bytes.

    Raises:
        OSError: naming the path, if it cannot be written; the file is then as it was before.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "note.txt", "whole")
    ...     print(Path(folder, "note.txt").read_text(), len(list(Path(folder).iterdir())))
    whole 1
    """
    given = path_of(path)
    # A pipe behind /dev/stdout has a name that leads nowhere.
    target = given if _is_device(given) else Path(os.path.realpath(given))
    asked.instance("write_whole", content, str | bytes, "text or bytes")
    data = content.encode() if isinstance(content, str) else content
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {given}: there is no folder {given.parent}")
    _no_folder(given)
    try:
        _write(target, data)
    except OSError as error:
        raise type(error)(f"cannot write {given}: {error.strerror or error}") from None


# Stands in a document while its checksum is taken.
_UNSEALED = "0" * 64


def sealed(document: Mapping[str, Any]) -> str:
    """Return a document as JSON text with a checksum of all of it, behind its first two keys.

    It is the SHA-256 of the text with 64 zeros in its place: against damage, not against forgery.

    Raises:
        TypeError: if JSON cannot hold something in it.
        ValueError: if a number is not finite.

    >>> text = sealed({"format": "note", "version": 1, "x": 0.1})
    >>> [*json.loads(text)]
    ['format', 'version', 'checksum', 'x']
    >>> check_seal(text, json.loads(text)["checksum"])
    """
    keys = [*document]
    whole = {key: document[key] for key in keys[:2]} | {"checksum": _UNSEALED}
    whole |= {key: document[key] for key in keys[2:]}
    text = json.dumps(whole, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    return text.replace(_UNSEALED, _checksum(text), 1)


def check_seal(text: str, found: object) -> None:
    """Ask that a text is the one that `sealed` returned, to the letter.

    Args:
        text: the document; ends of lines may be those of another system.
        found: the checksum that it says.

    Raises:
        ValueError: if the checksum is another one.

    >>> text = sealed({"format": "note", "version": 1, "x": 0.125})
    >>> check_seal(text.replace("0.125", "0.126"), json.loads(text)["checksum"])
    Traceback (most recent call last):
        ...
    ValueError: its checksum is not that of its text: something in the file has changed since ...
    """
    is_one = isinstance(found, str) and len(found) == 64
    bare = text.replace("\r\n", "\n").replace(str(found), _UNSEALED, 1)
    if not is_one or _checksum(bare) != found:
        raise ValueError(
            "its checksum is not that of its text: something in the file has changed since it was "
            "written"
        )


def _checksum(text: str) -> str:
    import hashlib  # only files need it

    return hashlib.sha256(text.encode()).hexdigest()


def with_ending(path: str | os.PathLike[str], ending: str) -> Path:
    """Return a path with an ending where its name has none; a device or a pipe stays as named.

    Args:
        path: a file, there already or not.
        ending: without the dot.

    Raises:
        IsADirectoryError: if it is a folder.

    >>> [with_ending(name, "svg").name for name in ("graph", "graph.txt")]
    ['graph.svg', 'graph.txt']
    """
    given = path_of(path)
    _no_folder(given)
    if given.suffix or _is_device(given):
        return given
    return given.with_name(f"{given.name}.{ending}")


def _is_device(path: Path) -> bool:
    """Tell whether a path is there and no regular file, such as a pipe; folders are no matter."""
    return path.exists() and not path.is_file()


def _no_folder(given: Path) -> None:
    if given.is_dir():
        raise IsADirectoryError(f"cannot write {given}: it is a folder; name a file in it")


def _write(target: Path, data: bytes) -> None:
    if _is_device(target):
        target.write_bytes(data)
        return
    kept = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    # In the same folder, since only within one file system a rename cannot stop half-way.
    part = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}")
    # The system takes away what the umask says, which cannot be asked for without setting it, for
    # all threads. What was for its owner alone never is for others.
    mode = 0o666 if kept is None else 0o600
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
        if kept is not None:
            part.chmod(kept)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
