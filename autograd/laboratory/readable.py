"""Results made of paragraphs and tables, shown as text, as Markdown and as HTML.

A trial is a list of them, so each view of it is written once.
"""

from html import escape

from autograd.escaping import markdown_text
from autograd.table import Table

# Names of nodes stand in most cells, and two of them in those for edges.
WIDEST = 44

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
        return "\n\n".join(str(part) for part in self.parts())
