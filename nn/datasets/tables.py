"""Tables out of CSV files: header, delimiter, encoding and kinds of columns are found or given."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast, overload

import numpy as np

from autograd import asked
from nn.datasets.frame import Frame
from nn.validation import Array, flag, instance, path_of

Record: TypeAlias = tuple[int, list[str]]  # the number of its first line, and the cells

_DELIMITERS = (",", ";", "\t", "|")
# The records that tell a delimiter.
_LOOKED_AT = 50
# What stands for a cell that is missing, as pandas and the UCI repository write it.
_GAPS = {"", "?", "#N/A", "#NA", "N/A", "n/a", "NA", "<NA>", "NaN", "nan", "NULL", "null", "None"}
# Cells that an error names, at most.
_SHOWN = 5
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?")
_BOOLS = {"true": True, "false": False}


@overload
def read_csv(
    path: str | Path, *, target: None = None, delimiter: str | None = None,
    encoding: str | None = None, header: bool | None = None, drop_missing: bool = False,
    columns: Sequence[str] | None = None, ignore: Sequence[str] = (),
) -> Frame: ...  # fmt: skip
@overload
def read_csv(
    path: str | Path, *, target: str, delimiter: str | None = None,
    encoding: str | None = None, header: bool | None = None, drop_missing: bool = False,
    columns: Sequence[str] | None = None, ignore: Sequence[str] = (),
) -> tuple[Frame, Array]: ...  # fmt: skip
def read_csv(
    path: str | Path,
    *,
    target: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    drop_missing: bool = False,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
) -> Frame | tuple[Frame, Array]:
    r"""Read a table from a CSV file, as `fit` and `predict` take it.

    A column of whole numbers becomes int64, of other numbers float64, of true and false bool, any
    other text. Where the delimiter is no comma, 1,5 is a number too. Quoted cells may hold
    delimiters and line ends; empty lines are left out.

    Args:
        path: the file.
        target: the name of the column to learn.
        delimiter: between the cells; None for the one of comma, semicolon, tab and bar that cuts
            the first lines alike.
        encoding: of the text; None for UTF-8, UTF-16 where the file says so, or else Windows-1252.
        header: whether the first line names the columns; None for yes unless one of its cells is a
            number. Without names the columns are called column_1, column_2, ...
        drop_missing: leave lines with a missing cell out; the table says how many in `dropped`.
        columns: the names of those to read, in this order; None for all. In others cells may be
            missing.
        ignore: the names of columns to leave out, likewise.

    Returns:
        The table; with a target, a pair of the other columns and that one as an array.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no such table: a line has more or fewer cells than others, two columns
            have one name, cells are missing (each told by its line and column), it is not text of
            the encoding, or there is no column of a name that was given.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "flowers.csv")
    ...     written = file.write_text("length;width;kind\n1,5;2;rose\n0,5;3;iris\n")
    ...     X, y = read_csv(file, target="kind")
    >>> X
    Frame of 2 rows and 2 columns
    length  width
       1.5      2
       0.5      3
    >>> y
    array(['rose', 'iris'], dtype='<U4')

    Source: Shafranovich, "Common format and MIME type for comma-separated values", RFC 4180, 2005.
    """
    instance("read_csv", target, str | None, "the name of a column as target=")
    text = _text(path_of(path), encoding)
    cut = _delimiter(text) if delimiter is None else delimiter
    if not isinstance(cut, str) or len(cut) != 1 or cut in '\r\n"':  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"a delimiter is one character such as ';'; got {delimiter!r:.60}")
    records = _records(path, text, cut)
    named = _is_header(records[0][1]) if header is None else flag("header", header)
    names = _names(path, records.pop(0)[1] if named else [""] * len(records[0][1]))
    if not records:
        raise ValueError(f"{path}: there is no line below the one that names the columns")
    if names[-1:] == [f"column_{len(names)}"] and not any(cells[-1] for _, cells in records):
        # Every line ends in a delimiter.
        names = names[:-1]
        records = [(line, cells[:-1]) for line, cells in records]
    wanted = _wanted(path, names, columns, ignore, target)
    kept = _without_gaps(path, wanted, records, flag("drop_missing", drop_missing))
    found = {name: _typed([cells[i] for cells in kept], cut) for name, i in wanted.items()}
    dropped = len(records) - len(kept)
    if target is None:
        return Frame(found, dropped=dropped)
    y = found.pop(target)
    return Frame(found, dropped=dropped), y


# Text ---------------------------------------------------------------------------------------------


def _text(path: Path, encoding: str | None) -> str:
    """Return the text of a file."""
    content = path.read_bytes()
    try:
        if encoding is not None:
            return content.decode(encoding).removeprefix("\ufeff")
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        if b"\0" in content:
            raise ValueError(
                f"{path}: expected a table as text; found binary data. If it is UTF-16, write "
                "encoding='utf-16'"
            )
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252")
    except LookupError:
        raise ValueError(f"no encoding is called {encoding!r:.60}: write 'utf-8'") from None
    except UnicodeError as error:
        told = encoding or "UTF-8 and Windows-1252"
        raise ValueError(f"{path}: this is no text in {told}: {error}") from None


def _rows(text: str, delimiter: str) -> Iterator[Record]:
    """Yield the records that are not empty, with the number of the first line of each."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    for cells in reader:
        if any(map(str.strip, cells)):
            yield line, [cell.strip() for cell in cells]
        line = reader.line_num + 1


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts most of the first records into the same number of cells."""

    def worth(delimiter: str) -> tuple[float, int]:
        counts = Counter[int]()
        try:
            for (_, cells), _ in zip(_rows(text, delimiter), range(_LOOKED_AT), strict=False):
                counts[len(cells)] += 1
        except csv.Error:
            pass  # of another delimiter's quotes; what came before counts
        ((cells, often),) = counts.most_common(1) or [(1, 0)]
        return (often / max(1, sum(counts.values())), cells) if cells > 1 else (0.0, 1)

    return max(_DELIMITERS, key=worth)


def _records(path: str | Path, text: str, delimiter: str) -> list[Record]:
    """Return all records, of one length."""
    records: list[Record] = []
    try:
        for record in _rows(text, delimiter):
            records.append(record)  # noqa: PERF402 - those before an error tell its line
    except csv.Error as error:
        line = records[-1][0] + 1 if records else 1
        raise ValueError(f"{path}: expected a table; about line {line}: {error}") from None
    if not records:
        raise ValueError(f"{path}: expected a table; the file holds no line")
    count = len(records[0][1])
    for line, cells in records:
        if len(cells) != count:
            raise ValueError(
                f"{path}: line {line} has {len(cells)} cell(s) and the first has {count}, cut at "
                f"{delimiter!r}: if that is not the delimiter, give delimiter=; cells that hold it "
                'stand in "quotes"'
            )
    return records


# Columns ------------------------------------------------------------------------------------------


def _is_header(cells: Sequence[str]) -> bool:
    return not any(_NUMBER.fullmatch(cell) or _COMMA.fullmatch(cell) for cell in cells)


def _names(path: str | Path, cells: Sequence[str]) -> list[str]:
    """Return the names of the columns, of which no two are the same."""
    names = [cell or f"column_{i}" for i, cell in enumerate(cells, 1)]
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise ValueError(
            f"{path}: several columns are called {_few(twice)}: give each a name of its own, or "
            "write header=False if the first line names none"
        )
    return names


def _wanted(
    path: str | Path,
    names: Sequence[str],
    columns: Sequence[str] | None,
    ignore: Sequence[str],
    target: str | None,
) -> dict[str, int]:
    """Return the columns to read, by their names and with their places."""
    places = {name: i for i, name in enumerate(names)}
    left_out = _listed("ignore", ignore)
    chosen = [*names] if columns is None else _listed("columns", columns)
    wanted = [] if target is None else [target]
    for name in (*chosen, *left_out, *wanted):
        if name not in places:
            near = asked.near(name, names)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{path}: no column is called {name!r}.{hint} There are {_few(names)}")
    if columns is not None and not chosen:
        raise ValueError("columns names no column: leave it out for all of them")
    asked_for = [*wanted, *(chosen if columns is not None else ())]
    if both := [name for name in left_out if name in asked_for]:
        raise ValueError(f"ignore leaves out {_few(both)}, which is asked for as well")
    return {name: places[name] for name in (*chosen, *wanted) if name not in left_out}


def _listed(word: str, given: Any) -> list[str]:
    """Return the names in a list, or say what should stand there."""
    if isinstance(given, str):
        cells = [part.strip() for part in given.split(",")]
        raise TypeError(f"{word} is a list of names: write {word}={cells}")
    if not isinstance(given, Iterable) or isinstance(given, set | frozenset):
        raise TypeError(f"{word} is a list of names, in order; got {given!r:.60}")
    found = [str(name) for name in cast(Iterable[object], given)]
    if twice := [name for name, n in Counter(found).items() if n > 1]:
        raise ValueError(f"{word} names {_few(twice)} twice")
    return found


def _without_gaps(
    path: str | Path, wanted: Mapping[str, int], records: list[Record], drop: bool
) -> list[list[str]]:
    """Return the cells of the records that have no gap in the columns to read, or refuse gaps."""
    gaps = [(line, n) for line, cells in records for n, i in wanted.items() if cells[i] in _GAPS]
    if gaps and not drop:
        shown = "; ".join([f"line {line}, column {name!r}" for line, name in gaps[:_SHOWN]])
        more = f"; and {len(gaps) - _SHOWN:,} more" if len(gaps) > _SHOWN else ""
        raise ValueError(
            f"{path}: cells are missing: {shown}{more}. Fill them, or leave those lines out with "
            "drop_missing=True"
        )
    lines = {line for line, _ in gaps}
    kept = [cells for line, cells in records if line not in lines]
    if not kept:
        raise ValueError(f"{path}: every line has a missing cell, so drop_missing leaves none")
    return kept


def _typed(cells: Sequence[str], delimiter: str) -> Array:
    """Return a column as whole numbers, numbers, bools or text, whatever all of it is."""
    if all(map(_WHOLE.fullmatch, cells)):
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    if all(map(_NUMBER.fullmatch, cells)):
        return np.array([float(cell) for cell in cells])
    if delimiter != "," and all(map(_COMMA.fullmatch, cells)):
        return np.array([float(cell.replace(",", ".")) for cell in cells])
    if all(cell.lower() in _BOOLS for cell in cells):
        return np.array([_BOOLS[cell.lower()] for cell in cells])
    return np.array(cells)


def _few(names: Sequence[Any]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join([repr(name) for name in names[:_SHOWN]]) + more
