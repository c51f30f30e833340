"""The folder of a report: written whole or not at all, and nobody's files lost.

All files are made beside their place first and then moved into it. In a folder that is there
already only files of an earlier report give way: that they are one's own is known from the page
among them, which names chalkgrad as its maker. If a move fails, those before it are taken back; if
the process is killed between two of them, whoever next writes there makes those that were left.
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None

# Every name that any report may use; which of them a run writes depends on its data.
NAMES = (
    "report.html",
    "history.csv",
    "model.json",
    "run.toml",
    "result.json",
    "times.csv",
    "loss.svg",
    "accuracy.svg",
    "metrics.svg",
    "confusion.svg",
    "predictions.svg",
    "mistakes.svg",
    "boundary.svg",
    "rate.svg",
    "gradient.svg",
    "network.svg",
    "histograms.svg",
    "weights.svg",
    "weights-by-epoch.svg",
    "neuron.svg",
)
# Stands in the head of the page.
MARK = '<meta name="generator" content="chalkgrad">'
# It stands in the first lines; the page itself may be long.
_MARK_WITHIN = 1000


_HIDDEN = ".chalkgrad-"
# In a hidden folder: the new report, the earlier one until and after it is whole, and the
# names of its files.
_PARTS, _LIST = ("new", "old", "gone"), "names"


def check_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder as a Path if a report could be written there now.

    Nothing is changed, but that a report whose writer was killed is put in order.

    Raises:
        FileExistsError: if a file or a folder that is not a report's own is in the way.
        OSError: if it cannot be written to, or be made.
    """
    folder = Path(path)
    _put_in_order(folder)
    _check_own(folder)
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
    _put_in_order(folder)
    _check_own(folder)
    with _staging(folder, make_parents=True) as place:
        new = place / "new"
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
        if not os.path.lexists(folder):
            # Renamed as a whole: whoever looks sees no folder or the finished one.
            new.rename(folder)
            return []
        if place.parent.samefile(folder):
            _check_own(folder)
            return _exchange(folder, place)
    # Somebody made it meanwhile.
    return write_folder(folder, files)


@contextmanager
def _staging(folder: Path, *, make_parents: bool) -> Generator[Path]:
    """Make a hidden folder on the same file system, where a rename cannot stop half-way.

    It is locked as long as its maker lives, and taken away at the end.
    """
    beside = folder if folder.is_dir() else folder.absolute().parent
    try:
        if make_parents:
            beside.mkdir(parents=True, exist_ok=True)
        while not os.path.lexists(beside):
            beside = beside.parent
        place, lock = _locked(beside)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise type(error)(
            f"cannot write to {folder} ({beside}: {reason}): choose another --output"
        ) from None
    try:
        yield place
    finally:
        _discard(place)
        if lock is not None:
            os.close(lock)


def _locked(beside: Path) -> tuple[Path, int | None]:
    """Return a new hidden folder, and its lock where the system has locks."""
    while True:
        place = Path(tempfile.mkdtemp(prefix=_HIDDEN, dir=beside))
        try:
            lock = _lock(place)
        except FileNotFoundError:  # another process swept it away before it was locked
            continue
        if lock is None or place.exists():
            return place, lock


def _lock(place: Path) -> int | None:
    """Lock a folder against other processes until this one ends; None if that is not to be had.

    Raises:
        BlockingIOError: if one that lives has locked it.
    """
    if fcntl is None:
        return None
    handle = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    return handle


def _discard(place: Path) -> None:
    """Take a hidden folder away, unless moves are left that could not be made or taken back."""
    new, old, gone = (place / part for part in _PARTS)
    with suppress(OSError):  # there is none, or it is not empty
        old.rmdir()
    if not old.exists() and not (gone.exists() and new.exists() and any(new.iterdir())):
        shutil.rmtree(place, ignore_errors=True)


def _put_in_order(folder: Path) -> None:
    """Finish the work of a process that was killed, in the folder and beside it.

    Raises:
        OSError: if a move that was left cannot be made.
    """
    for beside in (folder, folder.absolute().parent):
        if not beside.is_dir():
            continue
        for place in sorted(beside.glob(f"{_HIDDEN}*")):
            if not _is_ours(place):
                continue
            try:
                lock = _lock(place)
            except OSError:  # its maker lives, or it is gone by now
                continue
            try:
                is_begun = (place / "old").exists() or (place / "gone").exists()
                if is_begun and beside == folder:
                    _move(folder, place)
                # Without a lock its maker may live, and be writing.
                if (is_begun and beside == folder) or (lock is not None and not is_begun):
                    _discard(place)
            finally:
                if lock is not None:
                    os.close(lock)


def _is_ours(place: Path) -> bool:
    """Whether a folder holds nothing but the work of a report's writer."""
    return place.is_dir() and all(
        part.name == _LIST
        or (part.name in _PARTS and all(file.name in NAMES for file in part.iterdir()))
        for part in place.iterdir()
    )


def _check_own(folder: Path) -> None:
    """Raise unless whatever has one of our names in the folder comes from an earlier report."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise FileExistsError(
            f"{folder} is there and is not a folder: choose another --output, or move it away"
        )
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


def _exchange(folder: Path, place: Path) -> list[str]:
    """Move the earlier report out and the new one in; undo every move if one fails."""
    replaced = [name for name in NAMES if os.path.lexists(folder / name)]
    coming = [path.name for path in (place / "new").iterdir()]
    (place / _LIST).write_text("\n".join(replaced))
    (place / "old").mkdir()
    try:
        _move(folder, place)
    except BaseException:
        # Told from the files and not from a list: Ctrl-C may come between a move and its note.
        for name in coming:
            _back(folder / name, place / "new" / name)
        _back(place / "gone", place / "old")
        for name in replaced:
            _back(place / "old" / name, folder / name)
        raise
    return replaced


def _move(folder: Path, place: Path) -> None:
    """Make the moves of an exchange that are left.

    How far it got is told by names: `old` is called `gone` once all of the earlier report is in it.
    """
    new, old, gone = (place / part for part in _PARTS)
    if not gone.exists():
        for name in (place / _LIST).read_text().split():
            if os.path.lexists(folder / name):
                _onto_nothing(folder / name, old / name)
        old.rename(gone)
    # The page last: where it is, the files it was made with are there too.
    for name in reversed(NAMES):
        if os.path.lexists(new / name):
            _onto_nothing(new / name, folder / name)


def _onto_nothing(source: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(f"{target} is in the way of {source}: move it away")
    source.rename(target)


def _back(source: Path, target: Path) -> None:
    if os.path.lexists(source) and not os.path.lexists(target):
        source.rename(target)
