"""Tables: cells under the names of their columns, as aligned text, as Markdown and as HTML.

Every table that the packages show is one of these, so columns are aligned, long cells cut and
labels escaped in one place. It knows nothing of graphs and stands below all that shows something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from autograd.escaping import LONGEST, clean, markdown_text


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under the names of their columns; printed, aligned text.

    Attributes:
        columns: the name of each column.
        rows: the text of each cell, row by row.
        alignment: `<` or `>` for each column, to the left or to the right.
        note: a line below, such as how many rows were left out.
        widest: the most characters that text shows of a cell; of a longer one the middle is cut.

    >>> table = Table(("node", "right"), [("x", "60"), ("total", "4")], "<>")
    >>> print(table)
    node   right
    x         60
    total      4
    >>> print(table.markdown())
    | node | right |
    | :-- | --: |
    | x | 60 |
    | total | 4 |
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    alignment: str
    note: str = ""
    widest: int = LONGEST

    def __str__(self) -> str:
        rows = [[clean(cell, self.widest) for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                f"{cell:{side}{width}}"
                for cell, side, width in zip(row, self.alignment, widths, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *filter(None, [self.note])])

    def markdown(self, *, escaped: bool = True) -> str:
        """Return the table in Markdown.

        Args:
            escaped: whether cells show just their text; else they are Markdown themselves.
        """
        shown: Callable[[str], str] = markdown_text if escaped else str
        rows = [[shown(clean(cell)) for cell in row] for row in (self.columns, *self.rows)]
        rows.insert(1, [":--" if side == "<" else "--:" for side in self.alignment])
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([*lines, *(["", shown(self.note)] if self.note else [])])

    def html(self, *, kind: str = "", style: Callable[[int, int], str] | None = None) -> str:
        """Return the table as an element of a page; it needs neither style sheet nor script.

        Args:
            kind: a class that the page's style sheet knows, which then says how cells look; those
                to the left have the class `words`.
            style: CSS for a cell below the head, told the numbers of its row and column.
        """
        looks = ["" if kind else f"padding:0 .6em;text-align:{_SIDES[a]}" for a in self.alignment]
        marks = ["words" if kind and a == "<" else "" for a in self.alignment]
        rows = [list(map(_head, self.columns, looks, marks))]
        for i, row in enumerate(self.rows):
            more = ["" if style is None else style(i, k) for k in range(len(row))]
            css = [";".join(filter(None, pair)) for pair in zip(looks, more, strict=True)]
            rows.append(list(map(_cell, ["td"] * len(row), row, css, marks)))
        head, *body = [f"<tr>{''.join(row)}</tr>" for row in rows]
        named = f' class="{kind}"' if kind else ""
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return f"<table{named}><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>{note}"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        return self.html()


_SIDES = {"<": "left", ">": "right"}


def _head(text: str, css: str, mark: str) -> str:
    return _cell('th scope="col"' if text else "td", text, css, mark)


def _cell(tag: str, text: str, css: str, mark: str) -> str:
    look = (f' class="{mark}"' if mark else "") + (f' style="{css}"' if css else "")
    return f"<{tag}{look}>{escape(clean(text))}</{tag[:2]}>"
