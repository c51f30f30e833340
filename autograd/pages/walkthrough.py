"""`walkthrough`: one page, or one notebook cell, to go through a graph step by step.

The page holds everything and asks for nothing: an image and a table, which stay where scripts are
stripped, and a script that makes the live view of that same image and table. The script is given
text and numbers, and formulas whose names are escaped here: no label can become markup.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections import Counter
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from autograd.asked import flag, instance
from autograd.display.chain.mathml import mathml
from autograd.display.chain.passes import Use, Walk
from autograd.display.chain.steps import steps_of
from autograd.display.chain.terms import Term, figure, short
from autograd.display.format import TONES, count_text, number_text, tone, whole_number
from autograd.display.picture.style import DARK
from autograd.engine.value import Value
from autograd.escaping import apart, markup, script_json
from autograd.pages.assets import COLOURS, asset, saved_page, squeezed, whole_page
from autograd.pages.live import Live, Slots, has_slots, live_of, slot
from autograd.pages.still import operation_text, still_of
from autograd.pages.title import Title, title_of

MOST_NODES = 150
# For each node that may be shown. A layer of 50 neurons on another has 2,500 uses of operands.
MOST_USES = 2

# Why the numbers of a graph that is not shown whole stay.
_PART = "The numbers stay as they are: they can be changed where all nodes are shown."

_PARTS = ("formulas.js", "figures.js", "drawing.js", "lab.js", "sizes.js", "strip.js")

# Beside those of all pages; the colours of the picture have the same names in light and dark.
_COLOURS = COLOURS | {
    "glow": ("#f5e8fb", "#3c2a47"),
    "right": ("#11673b", "#79d3a0"),
}


def walkthrough(z: Value, *, max_nodes: int = MOST_NODES, quiz: bool = False) -> Walkthrough:
    """Return a page to walk through the forward and the backward pass that z was made by.

    Notebooks show it by themselves; `.save("page.html")` writes it as a page that needs nothing
    else. It shows the graph with the node, edge and path of the step lit, the rule as a formula,
    and a table of values and running gradients. One moves with buttons, a slider, the arrow keys,
    Home and End, a click on a node or its name, or lets it play. In quiz mode it asks for the next
    contribution before it shows it, and keeps a score.

    The page is live: each leaf has a field and a slider, and all values, gradients, contributions
    and formulas follow, computed in the page by the rows of the table. There are steps of gradient
    descent, by those leaves that are not held fixed, and nudges beside what the gradient said of
    them, undo and reset; a saved page keeps its numbers, and what is held, in its address, as a
    link. Constants stay, and the graph is that of the recorded branch. Where a row cannot be
    computed in a page, that is said and the numbers stay.

    Of a graph with more nodes the youngest are walked through, and the page says so; their numbers
    stay, and the gradients are complete, since only younger nodes add to them. No `grad` is read or
    set.

    Args:
        z: the result.
        max_nodes: the largest number of nodes shown.
        quiz: whether quiz mode is on at first.

    Raises:
        TypeError: if z is no Value, or max_nodes is no whole number.
        ValueError: if max_nodes is below 1.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x = Value(3.0, "x")
    >>> walkthrough(x**2 + x)
    <Walkthrough: 3 nodes, 7 steps; .save("page.html")>
    """
    return Walkthrough(Walk(z), max_nodes, quiz)


class Walkthrough:
    """A page to walk through a graph, with its numbers as they were when it was made.

    Attributes:
        html: the page's content as notebooks show it.
        page: the whole page.

    >>> page = walkthrough(Value(2.0, "x") * Value(3.0, "w"))
    >>> page
    <Walkthrough: 3 nodes, 6 steps; .save("page.html")>
    >>> page.page.splitlines()[0]
    '<!DOCTYPE html>'
    """

    def __init__(self, walk: Walk, max_nodes: int, quiz: bool) -> None:
        instance("Walkthrough", walk, Walk, "the walk that walkthrough makes")
        self._walk = walk
        self._first = _first_shown(walk, whole_number("max_nodes", max_nodes))
        self._quiz = flag("quiz", quiz)
        self._uses = [use for use in walk.uses if use.operand >= self._first]
        self._live = Live("null", _PART) if self._first else live_of(walk, self._books())
        self._slots = Slots(walk, self._first)
        self._title = title_of(walk)
        self._still = still_of(walk, self._first, self._uses, roomy=self._is_live)
        self.html = self._fragment(alone=False)

    def _books(self) -> list[tuple[int, int]]:
        """Return the uses for which books print another rule."""
        uses = [(use.node, use.position) for use in self._uses]
        return [use for use in uses if self._walk.textbook(*use) is not None]

    def _slotted(self) -> Title | None:
        """Return the title with slots for the numbers of leaves; None where none may change."""
        if not self._is_live or has_slots(self._title.text):
            return None
        found = title_of(self._walk, slot)
        return found if has_slots(found.text) else None

    @property
    def _places(self) -> range:
        return range(self._first, len(self._walk.nodes))

    # The data for the script ------------------------------------------------------------------

    def _data(self) -> dict[str, Any]:
        walk, first = self._walk, self._first
        nodes: list[list[Any]] = []
        for i in self._places:
            entry: list[Any] = [
                walk.name(i),
                mathml(walk.name_latex(i)),
                figure(walk.data[i]),
                operation_text(walk, i),
            ]
            if walk.nodes[i].op is not None:
                names, _ = walk.forward(i)
                entry += [_formula(names), _formula(self._slots.forward(i))]
            nodes.append(entry)
        uses: list[list[Any]] = []
        for use in self._uses:
            terms = walk.partial(use.node, use.position)
            number = self._slots.partial(use.node, use.position)
            rule = [_formula(terms[0]), _formula(number)] if terms else ["", ""]
            said = short(terms[0].text.text) if terms and isinstance(terms[0], Term) else ""
            if not said:
                rule = ["", ""]
            elif isinstance(number, Term) and number.row is None:
                rule[1] = ""  # of a lone operand the number is the local derivative, given below
            textbook = walk.textbook(use.node, use.position)
            books: list[str] = []
            if textbook is not None:
                formula = _formula(textbook.term)
                # Two functions may be written as one formula.
                books = ["" if formula == rule[0] else formula, textbook.text, textbook.in_floats]
            uses.append(
                [
                    use.node - first,
                    use.operand - first,
                    self._still.arrows[use.node, use.position],
                    _which(walk, use),
                    said,
                    *rule,
                    *map(figure, (use.upstream, use.local, use.contribution)),
                    *map(figure, (use.before, use.after)),
                    number_text(use.after),
                    repr(use.contribution),
                    tone(use.after),
                    *books,
                ]
            )
        slotted = self._slotted()
        leaves = [walk.data[i] for i in self._places if walk.nodes[i].op is None]
        return {
            "nodes": nodes,
            "uses": uses,
            "leaves": [x if math.isfinite(x) else repr(x) for x in leaves],
            "stays": self._live.stays,
            "quiz": self._quiz,
            "tones": TONES,
            "title": (slotted or self._title).equations,
            "heading": slotted.text if slotted else "",
        }

    # The page ---------------------------------------------------------------------------------

    def _fragment(self, *, alone: bool) -> str:
        """Return the content: title, image and table, then the script that makes them live."""
        # No heading in a notebook, whose outline it would be in.
        heading = "h1" if alone else "p"
        still = self._still.html
        data = script_json(self._data())
        # Derived from the content, so that running a notebook again changes nothing.
        content = f"{still}{data}{self._live.text}"
        name = "cw-" + hashlib.sha256(content.encode()).hexdigest()[:12]
        script = _script(self._is_live).replace("=PROGRAM", f"={squeezed(self._live.text)}")
        script = script.replace("NAME,DATA", f"{json.dumps(name)}, {data}")
        title = f'<{heading} class="cw-title">{markup(apart(self._title.text))}</{heading}>'
        style = walkthrough_style(self._still.drawing, alone=alone)
        return (
            f'<div class="chalk-walk cw" id="{name}" data-lm-suppress-shortcuts="true">\n'
            f"<style>\n{style}</style>\n{title}\n{still}\n<script>\n{script}</script>\n</div>"
        )

    @property
    def _is_live(self) -> bool:
        return self._live.text != "null"

    @cached_property
    def page(self) -> str:
        """The whole page, which asks the network for nothing and may not."""
        return whole_page(markup(self._title.text), "cw-page", self._fragment(alone=True))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all, and return the file's path.

        Args:
            path: ending in .html or .htm; a name without an ending gets .html. A device such as
                /dev/stdout is written to as it is named.

        Raises:
            ValueError: for another ending.
            OSError: if the path is a folder, or its folder is missing or cannot be written.
        """
        return saved_page(path, self.page, "a walkthrough")

    def _repr_html_(self) -> str:
        return self.html

    def __str__(self) -> str:
        return str(steps_of(self._walk))

    def __repr__(self) -> str:
        n = len(self._places)
        shown, length = count_text(n, "node"), count_text(n + 1 + len(self._uses), "step")
        return f'<Walkthrough: {shown}, {length}; .save("page.html")>'


def _first_shown(walk: Walk, max_nodes: int) -> int:
    """Return the place of the oldest node to show; whatever uses one shown is shown too."""
    last = len(walk.nodes) - 1
    by_operand = Counter(use.operand for use in walk.uses)
    uses = 0
    for i in range(last - 1, max(-1, last - max_nodes), -1):
        uses += by_operand[i]
        if uses > MOST_USES * max_nodes:
            return i + 1
    return max(0, last + 1 - max_nodes)


def _which(walk: Walk, use: Use) -> str:
    """Return which use of an operand it is, where an operation uses one more than once."""
    args = walk.nodes[use.node].args
    return f"[{use.position + 1}]" if args.count(args[use.position]) > 1 else ""


def _formula(term: Term | float) -> str:
    if isinstance(term, Term):
        return mathml(term.latex.text) if len(term.latex.text) <= 300 else "<mi>…</mi>"
    return mathml(Term.figure(term).latex.text)


@cache
def _script(is_live: bool) -> str:
    """Return the script, with words in the place of its program, its name and its data."""
    parts = "".join([asset(part) for part in _PARTS if is_live or part != "lab.js"])
    return squeezed(asset("walkthrough.js").replace("// PARTS\n", parts))


def walkthrough_function(name: str) -> str:
    """Return the script as a function of an element's id, its data and the program of its numbers.

    It is for pages that make the elements themselves.
    """
    head, function = "(function(id,data){", f"function {name}(id,data,PROGRAM){{"
    script = _script(True).lstrip().replace(head, function, 1)
    return script.rstrip().removesuffix(")(NAME,DATA);")


def walkthrough_style(drawing: str, *, alone: bool) -> str:
    """Return the style sheet, with the colours of light and dark pages and of a picture.

    Args:
        drawing: the picture, as SVG.
        alone: whether it is for a page of its own.
    """
    pairs = {f"--cw-{name}": pair for name, pair in _COLOURS.items()}
    light = ";".join([f"{name}:{pair[0]}" for name, pair in pairs.items()])
    both = ";".join([f"{name}:light-dark({a},{b})" for name, (a, b) in pairs.items()])
    # The theme of a notebook, or of a page of documentation, comes before the system's.
    themes = (
        ("light", '[data-jp-theme-light="true"]', ".vscode-light", '[data-theme="light"]'),
        ("dark", '[data-jp-theme-light="false"]', ".vscode-dark", '[data-theme="dark"]'),
    )
    rules = [
        # Browsers that know no `light-dark` stay light.
        f".chalk-walk{{color-scheme:light;{light}}}",
        "@supports (color:light-dark(red,red)){",
        f".chalk-walk{{{both}}}",
        "@media (prefers-color-scheme:dark){.chalk-walk{color-scheme:dark}}",
        *[
            ",".join([f"{host} .chalk-walk" for host in hosts]) + f"{{color-scheme:{theme}}}"
            for theme, *hosts in themes
        ],
        *[
            f'.chalk-walk svg [{kind}="{colour}"]{{{kind}:light-dark({colour},{dark})}}'
            for colour, dark in DARK.items()
            for kind in ("fill", "stroke")
            if f'{kind}="{colour}"' in drawing or colour in TONES.values()
        ],
        "}",
        # On paper black on white, whatever the page around it is.
        "@media print{.chalk-walk.chalk-walk{color-scheme:light;--cw-ink:#000000}}",
        asset("walkthrough.css"),
        asset("alone.css") if alone else "",
    ]
    sheet = re.sub(r"/\*.*?\*/", "", "\n".join(rules)).replace(".chalk-walk", ".cw")
    short = re.sub(r"\s*([{};,]|(?<=\w):)\s+|\s*(\})\s*|^\s+", r"\1\2", sheet)
    return short.replace(";}", "}")
