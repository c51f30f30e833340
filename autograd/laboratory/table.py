"""Tables and paragraphs that print as aligned text, as Markdown and as HTML.

A trial is a list of them; so each view of it is written once, and labels are escaped in one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from autograd.escaping import clean, markdown_text

WIDEST = 44


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head.

    Attributes:
        head: a name for each column.
        align: `<` or `>` for each column.
        rows: their cells.
        note: a line below, such as how many rows were left out.

    >>> print(Table(("node", "right"), "<>", [("x", "60"), ("total", "4")]).text())
    node   right
    x         60
    total      4
    """

    head: Sequence[str]
    align: str
    rows: Sequence[Sequence[str]]
    note: str = ""

    def text(self) -> str:
        """Return the table in columns."""
        rows = [[clean(cell, WIDEST) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                f"{cell:{side}{width}}"
                for cell, side, width in zip(row, self.align, widths, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *filter(None, [self.note])])

    def markdown(self) -> str:
        """Return the table in Markdown; labels cannot become markup."""
        rows = [[markdown_text(clean(cell)) for cell in row] for row in (self.head, *self.rows)]
        rows.insert(1, [":--" if side == "<" else "--:" for side in self.align])
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([*lines, *(["", markdown_text(self.note)] if self.note else [])])

    def html(self) -> str:
        """Return the table as an element; it needs neither style sheet nor script."""

        def line(tag: str, row: Sequence[str]) -> str:
            cells = [
                f'<{tag if cell else "td"} style="padding:0 .6em;'
                f'text-align:{"left" if side == "<" else "right"}">'
                f"{escape(clean(cell))}</{tag if cell else 'td'}>"
                for cell, side in zip(row, self.align, strict=True)
            ]
            return f"<tr>{''.join(cells)}</tr>"

        body = "".join(line("td", row) for row in self.rows)
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return f"<table><thead>{line('th', self.head)}</thead><tbody>{body}</tbody></table>{note}"


Part = str | Table


class Readable:
    """Something made of paragraphs and tables, shown as text, Markdown or HTML."""

    def parts(self) -> list[Part]:
        """Return the paragraphs and tables, in order."""
        raise NotImplementedError

    def markdown(self) -> str:
        """Return all of it in Markdown; labels cannot become markup."""
        return "\n\n".join(
            part.markdown()
            if isinstance(part, Table)
            else markdown_text(part).replace("\n", "  \n")
            for part in self.parts()
        )

    def html(self) -> str:
        """Return all of it as one element of a page, without script and style sheet."""
        inside = [
            part.html()
            if isinstance(part, Table)
            else f"<p>{escape(part).replace(chr(10), '<br/>')}</p>"
            for part in self.parts()
        ]
        return f"<div>{''.join(inside)}</div>"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        return self.html()

    def __str__(self) -> str:
        return "\n\n".join(
            part.text() if isinstance(part, Table) else part for part in self.parts()
        )
