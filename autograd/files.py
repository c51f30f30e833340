"""Files written whole or not at all."""

import os
import stat
import tempfile
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file so that a reader finds the old content or the new, never a part.

    A link is followed to the file it names, and a file that is there keeps its mode. What is no
    regular file, such as a pipe or /dev/null, is written to as it is, not replaced.

    Args:
        path: where to; its folder must exist.
        content: text, written as UTF-8 with its line ends as they are, or bytes.

    Raises:
        OSError: naming the path, if it cannot be written; the file is then as it was before.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "note.txt", "whole")
    ...     print(Path(folder, "note.txt").read_text(), len(list(Path(folder).iterdir())))
    whole 1
    """
    given = Path(path)
    target = Path(os.path.realpath(given))
    data = content.encode() if isinstance(content, str) else content
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {given}: there is no folder {given.parent}")
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {given}: it is a folder; name a file in it")
    try:
        _write(target, data)
    except OSError as error:
        raise type(error)(f"cannot write {given}: {error.strerror or error}") from None


def _write(target: Path, data: bytes) -> None:
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    # In the same folder, since only within one file system a rename cannot stop half-way.
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        part.chmod(_mode(target))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """Return the mode of a file that is there, or of a new one; mkstemp's are for the owner."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
