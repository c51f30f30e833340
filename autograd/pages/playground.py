"""`playground`: a page to type expressions in, and to move their leaves.

The page parses, computes and draws by itself: `grammar.js`, the rows and `layout.js` are in it, so
it needs neither Python nor a network. The first expression has its image and table, which stay
where scripts are stripped.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from autograd import asked
from autograd.compile.backends.javascript import Script
from autograd.display.chain.passes import Walk
from autograd.display.chain.steps import steps_of
from autograd.display.format import label_text
from autograd.display.picture.style import DARK
from autograd.engine.primitive import TABLE, Primitive
from autograd.engine.value import Value
from autograd.escaping import markup, script_json
from autograd.expression import parse_from
from autograd.pages.assets import asset, saved_page, whole_page
from autograd.pages.formulas import forms_of_rows
from autograd.pages.grammar import grammar_script
from autograd.pages.picture import picture_script
from autograd.pages.rows import refusal, standing_alone, without_comments
from autograd.pages.still import still_of
from autograd.pages.walkthrough import MOST_NODES, walkthrough_function, walkthrough_style

# What there is to try, and what the page begins with where nothing is given.
EXAMPLES: list[tuple[str, dict[str, float]]] = [
    ("tanh(w*x + b)", {"w": 0.5, "x": 2.0, "b": -0.5}),
    ("u = x**2 + x*y + y**2; u**2 + u", {"x": 1.0, "y": 2.0}),
    ("loss = (sigmoid(w*x + b) - y)**2", {"w": 0.5, "x": 2.0, "b": -1.0, "y": 1.0}),
    ("relu(x) + relu(-x)", {"x": 0.5}),
]
# The number of a name that has none yet.
_FIRST = 0.5
_PARTS = ("formulas.js", "walks.js", "playground.js")
_LARGE = (
    f"this graph has {{count}} nodes, and a page shows at most {MOST_NODES}: "
    "make the expression shorter"
)
_TITLE = "Chain rule playground"


def playground(expression: str = "", /, **values: Any) -> ExpressionPage:
    """Return a page to type an expression in: its graph, and every number of the chain rule.

    Notebooks show it by themselves; `.save("page.html")` writes it as a page that needs nothing
    else, no network either. Every leaf has a field and a slider; values, gradients and what stands
    on each edge follow. One steps through the forward and the backward pass, goes down the
    gradient, takes back a change of a number or of the expression, and keeps both in a link. What
    is typed in the page is parsed as `parse` does, and a fault points at the character; a new name
    begins at 0.5.

    Args:
        expression: what the page begins with, an example if left out.
        values: numbers for the names in it; the others begin at 0.5.

    Raises:
        ExpressionError: for a text that is no expression, where it points at the character, and
            for a value without a name.
        TypeError: if the expression is no str or a value is no number.
        ValueError: for an expression of more than 150 nodes, or with a function that a page does
            not compute, or not of so many operands.

    >>> playground("tanh(w*x + b)", w=0.5, x=2, b=-1)
    <ExpressionPage: tanh(w*x + b); .save("page.html")>
    """
    asked.instance("playground", expression, str, 'an expression: write playground("w*x")')
    if not expression.strip():
        if values:
            name = next(iter(values))
            raise ValueError(f'{name} belongs to an expression: write playground("2*{name}", ...)')
        expression, values = EXAMPLES[0][0], dict(EXAMPLES[0][1])
    numbers = {name: x.data if isinstance(x, Value) else x for name, x in values.items()}
    walk = Walk(parse_from(expression, numbers, _FIRST))
    count = len(walk.nodes)
    if count > MOST_NODES:
        raise ValueError(_LARGE.format(count=f"{count:,}"))
    for node in walk.nodes:
        if node.op is not None and (refused := refusal(node.op, len(node.args))):
            raise ValueError(refused)
    return ExpressionPage(expression, walk)


class ExpressionPage:
    """A page to type expressions in, and the one that it begins with.

    Attributes:
        expression: the one that the page begins with.
        html: the page's content as notebooks show it.
        page: the whole page.

    >>> page = playground("x*y", x=2, y=3)
    >>> page.expression
    'x*y'
    >>> page.page.splitlines()[0]
    '<!DOCTYPE html>'
    """

    def __init__(self, expression: str, walk: Walk) -> None:
        asked.instance("ExpressionPage", walk, Walk, "the walk that playground makes")
        self.expression = expression
        self._walk = walk
        self.html = self._fragment(alone=False)

    def _fragment(self, *, alone: bool) -> str:
        """Return the content: title, image and table, then the script that makes them live."""
        # No heading in a notebook, whose outline it would be in.
        heading = "h1" if alone else "p"
        leaves = {v.label: v.data for v in self._walk.nodes if v.op is None and v.label}
        data = {
            "text": self.expression,
            "values": list(leaves.items()),
            "first": _FIRST,
            "most": MOST_NODES,
            "large": _LARGE,
            "examples": EXAMPLES,
        }
        told = script_json(data)
        still = still_of(self._walk, 0, self._walk.uses, roomy=True).html
        name = "cw-" + hashlib.sha256(told.encode()).hexdigest()[:12]
        title = f'<{heading} class="cw-title">{_TITLE}</{heading}>'
        return (
            f'<div class="chalk-play" id="{name}" data-lm-suppress-shortcuts="true">\n'
            f"<style>\n{_style(alone)}</style>\n"
            f'<div class="chalk-walk cw">\n{title}\n{still}\n</div>\n'
            f'<script>\n{page_script()}[3]("{name}", {told});\n</script>\n</div>'
        )

    @cached_property
    def page(self) -> str:
        """The whole page, which asks the network for nothing and may not."""
        return whole_page(markup(self._title), "cw-sheet", self._fragment(alone=True))

    @property
    def _title(self) -> str:
        return f"{label_text(self.expression, 60)} · {_TITLE}"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all, and return the file's path.

        Args:
            path: ending in .html or .htm; a name without an ending gets .html. A device such as
                /dev/stdout is written to as it is named.

        Raises:
            ValueError: for another ending.
            OSError: if the path is a folder, or its folder is missing or cannot be written.
        """
        return saved_page(path, self.page, "a playground")

    def _repr_html_(self) -> str:
        return self.html

    def __str__(self) -> str:
        return str(steps_of(self._walk))

    def __repr__(self) -> str:
        return f'<ExpressionPage: {label_text(self.expression, 60)}; .save("page.html")>'


@cache
def _style(alone: bool) -> str:
    # Of a page whose picture may have any colour.
    colours = "".join([f'{kind}="{colour}"' for colour in DARK for kind in ("fill", "stroke")])
    # Its page fills the window as that of a walkthrough does.
    style = walkthrough_style(colours, alone=alone).replace(".cw-page", ".cw-sheet")
    return f"{style}\n{asset('playground.css')}"


def page_script() -> str:
    """Return an expression that gives the functions of the page; the last makes it live."""
    return _script_of(tuple(TABLE.values()))


@cache
def _script_of(table: tuple[Primitive, ...]) -> str:
    """Return the functions of the page for the rows that there are."""
    forms = f"const FORMS = {script_json(forms_of_rows())};"
    parts = [without_comments(part).rstrip() for part in _PARTS]
    scripts = (
        grammar_script(),
        picture_script(),
        Script("walk", walkthrough_function("walk")),
        Script("play", "\n".join([forms, *parts])),
    )
    return re.sub("^ +", "", standing_alone(*scripts), flags=re.MULTILINE)
