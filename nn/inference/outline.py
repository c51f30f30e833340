"""The outline of a model: its parts with their shapes and sizes, as a tree of text and as a table.

Both list the same parts and leave out the same ones; a notebook shows the table.
"""

# pyright: reportPrivateUsage=false
# A model is asked for its parts, which users need not know.

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from autograd import Table, Value

# How many parts of one module are listed before it is said how many more there are.
_SHOWN = 12
_COLUMNS = ("part", "kind", "shape", "activation", "parameters", "value")


def tree(model: Any) -> Iterator[str]:
    """Yield the lines of the tree."""
    yield headline(model)
    listed, hidden = _listed(model)
    for i, (name, part) in enumerate(listed):
        last = i == len(listed) - 1 and not hidden
        lines = [repr(part.data)] if isinstance(part, Value) else list(tree(part))
        yield f"{'└─' if last else '├─'} {name}: {lines[0]}"
        for line in lines[1:]:
            yield f"{'  ' if last else '│ '} {line}"
    if hidden:
        yield f"└─ and {hidden} more"


def headline(model: Any) -> str:
    """Return a model in one line, and how many parameters it has."""
    count = len(model.parameters())
    return f"{model._summary()}: {count:,} parameter{'s' * (count != 1)}"


def table(model: Any) -> str:
    """Return the outline as an element of a page, which needs neither style sheet nor script."""
    title = f"<b>{escape(headline(model))}</b>"
    rows = list(_rows(model, ""))
    used = [k for k in range(len(_COLUMNS)) if any(row[k] for row in rows)]
    cells = [[row[k] for k in used] for row in rows]
    alignment = "".join("<<<<>>"[k] for k in used)
    listed = Table([_COLUMNS[k] for k in used], cells, alignment).html() if rows else ""
    return f'<div style="overflow-x:auto">{title}{listed}</div>'


def _rows(model: Any, prefix: str) -> Iterator[tuple[str, ...]]:
    listed, hidden = _listed(model)
    for name, part in listed:
        if isinstance(part, Value):
            yield prefix + name, "", "", "", "", f"{part.data:.6g}"
        else:
            kind, count = type(part).__name__, f"{len(part.parameters()):,}"
            yield prefix + name, kind, *part._traits(), count, ""
            yield from _rows(part, f"{prefix}{name}.")
    if hidden:
        yield f"{prefix}… and {hidden} more", "", "", "", "", ""


def _listed(model: Any) -> tuple[list[tuple[str, Any]], int]:
    """Return the parts to list with their names, and how many are left out."""
    parts = model._parts()
    hidden = len(parts) - _SHOWN if len(parts) > _SHOWN + 1 else 0
    return parts[: len(parts) - hidden], hidden
