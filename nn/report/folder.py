"""The folder of a report: written whole or not at all, and nobody's files lost.

All files are made beside their place first and then moved into it. In a folder that is there
already only files of an earlier report give way: that they are one's own is known from the page
among them, which names chalkgrad as its maker. If a move fails, those before it are taken back.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

# Every name that any report may use; which of them a run writes depends on its data.
NAMES = (
    "report.html",
    "history.csv",
    "model.json",
    "loss.svg",
    "accuracy.svg",
    "confusion.svg",
    "mistakes.svg",
    "boundary.svg",
    "network.svg",
    "weights.svg",
    "neuron.svg",
)
# Stands in the head of the page.
MARK = '<meta name="generator" content="chalkgrad">'
# It stands in the first lines; the page itself may be long.
_MARK_WITHIN = 1000


def check_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder as a Path if a report could be written there now; nothing is changed.

    Raises:
        FileExistsError: if a file or a folder that is not a report's own is in the way.
        OSError: if it cannot be written to, or be made.
    """
    folder = Path(path)
    if folder.is_dir():
        _check_own(folder)
    elif os.path.lexists(folder):
        raise FileExistsError(
            f"{folder} is there and is not a folder: choose another --output, or move it away"
        )
    with _staging(folder, make_parents=False):
        pass
    return folder


def write_folder(path: str | os.PathLike[str], files: Mapping[str, str]) -> list[str]:
    """Write a report's files into a folder, all or none.

    Args:
        path: the folder; it is made, with those above it, if it is not there.
        files: the text of each file by its name, one of `NAMES`.

    Returns:
        The names of an earlier report's files that were replaced or taken away.

    Raises:
        ValueError: if a name is not among `NAMES`.
        FileExistsError: if a file or a folder that is not a report's own is in the way.
        OSError: if something cannot be written; all is then as it was before.

    >>> with tempfile.TemporaryDirectory() as place:
    ...     first = write_folder(f"{place}/demo", {"report.html": MARK, "loss.svg": "<svg/>"})
    ...     again = write_folder(f"{place}/demo", {"report.html": MARK})
    ...     first, again, os.listdir(f"{place}/demo")
    ([], ['report.html', 'loss.svg'], ['report.html'])
    """
    folder = Path(path)
    if unknown := sorted(files.keys() - set(NAMES)):
        raise ValueError(f"no file of a report is called {unknown[0]!r}: {', '.join(NAMES)}")
    with _staging(folder, make_parents=True) as place:
        new, old = Path(place, "new"), Path(place, "old")
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
        if not os.path.lexists(folder):
            # Renamed as a whole: whoever looks sees no folder or the finished one.
            new.rename(folder)
            return []
        _check_own(folder)
        old.mkdir()
        return _exchange(folder, new, old)


def _staging(folder: Path, *, make_parents: bool) -> tempfile.TemporaryDirectory[str]:
    """Return a new hidden folder on the same file system, where a rename cannot stop half-way."""
    beside = folder if folder.is_dir() else folder.absolute().parent
    try:
        if make_parents:
            beside.mkdir(parents=True, exist_ok=True)
        while not os.path.lexists(beside):
            beside = beside.parent
        return tempfile.TemporaryDirectory(prefix=".chalkgrad-", dir=beside)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise type(error)(
            f"cannot write to {folder} ({beside}: {reason}): choose another --output"
        ) from None


def _check_own(folder: Path) -> None:
    """Raise unless whatever has one of our names in the folder comes from an earlier report."""
    there = [name for name in NAMES if os.path.lexists(folder / name)]
    for name in there:
        if not (folder / name).is_file():
            raise FileExistsError(
                f"{folder / name} is in the way and is not a file: choose another --output, or "
                "move it away"
            )
    if there and not _is_report(folder / "report.html"):
        raise FileExistsError(
            f"{folder / there[0]} is there and no earlier report of chalkgrad's stands beside it, "
            "so it is not replaced: choose another --output, or move it away"
        )


def _is_report(page: Path) -> bool:
    try:
        with page.open("rb") as file:
            return MARK.encode() in file.read(_MARK_WITHIN)
    except FileNotFoundError:
        return False


def _exchange(folder: Path, new: Path, old: Path) -> list[str]:
    """Move the earlier report out and the new one in; undo every move if one fails."""
    replaced = [name for name in NAMES if os.path.lexists(folder / name)]
    # The page last: where it is, the files it was made with are there too.
    coming = sorted((path.name for path in new.iterdir()), key=NAMES.index, reverse=True)
    moves = [(folder / name, old / name) for name in replaced]
    moves += [(new / name, folder / name) for name in coming]
    try:
        for source, target in moves:
            source.rename(target)
    except BaseException:
        # Told from the files and not from a list: Ctrl-C may come between a move and its note.
        for source, target in reversed(moves):
            if os.path.lexists(target) and not os.path.lexists(source):
                target.rename(source)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return replaced
