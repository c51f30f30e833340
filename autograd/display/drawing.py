"""`draw`, and the Drawing it returns: a picture as text (DOT, Mermaid, TikZ), SVG or a file."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from autograd import asked
from autograd.display.fitting import MOST_BOXES, fitting, way_of
from autograd.display.format import count_text, whole_number
from autograd.display.picture.picture import Picture
from autograd.display.picture.selection import views
from autograd.display.picture.style import legend_of
from autograd.display.shown.notebook import MOST_BYTES, bundle, picture_format, stored
from autograd.display.shown.slim import inline_svg, quick_svg
from autograd.display.shown.theme import adapting
from autograd.display.writers.dot import dot_source
from autograd.display.writers.graphviz import (
    INSTALL,
    RenderError,
    available,
    render,
    small_png,
    with_scale,
)
from autograd.display.writers.mermaid import mermaid_source
from autograd.display.writers.svg import svg_of
from autograd.display.writers.text import outline
from autograd.display.writers.tikz import tikz_source
from autograd.engine.value import Value
from autograd.files import with_ending, write_whole

FORMATS = ("svg", "dot", "gv", "mmd", "tex", "txt", "png", "pdf")


def check_format(format: object) -> None:
    """Say which formats there are where there is none of a name."""
    if not isinstance(format, str) or format not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}; got {format!r:.60}")


def scale_of_pixels(scale: object) -> float:
    """Return a scale for pixels, or say which there are."""
    number = asked.real("scale", scale)
    if not 0.1 <= number <= 10.0:
        raise ValueError(f"scale is between 0.1 and 10, got {number:g}")
    return number


_KEY = "on an arrow: gradient × local derivative = contribution"
_COLOURS = " (blue +, orange −)"
_EARLY = "on an arrow: × local derivative (gradients are not computed yet: call z.backward())"
_FLOWS = "values into a group: how many there are, and the range of their contributions"
_DIRECTIONS = "▲ ▼: the way an output should go for the result to fall, against its gradient"


@asked.own_keywords()
def draw(
    z: Value,
    *,
    format: str = "svg",
    expand: Any = False,
    depth: int | None = None,
    max_nodes: int | None = None,
    around: Value | str | None = None,
    highlight: Any = None,
    outputs: Sequence[Value] | None = None,
    direction: str = "auto",
    scale: float = 1.0,
    legend: bool = True,
) -> "Drawing":
    """Return a picture of the graph that z was computed from.

    Every box shows a label, an operation, a value and a gradient; every arrow is one use of an
    operand and shows gradient of the result × local derivative = contribution to the operand's
    gradient. Blue is positive, orange negative, and the larger a contribution the wider its arrow.

    A picture fits where it is shown: it is at most 1,000 pixels wide and 1,400 high, its text no
    smaller than 9. It runs downwards where it would be too wide. A graph that would not fit is
    collapsed to neurons, then to layers, by the labels of its parameters
    (``layers.0.neurons.2.weights.3``); many nodes that play one part, as the products below a
    sum, become a box; and where that does not suffice the nodes nearest to z are shown. A
    sentence below the picture says how, and how to see all.

    Args:
        z: the result.
        format: the form in a notebook, and in a file where its name does not say:
            "svg", "dot", "mmd" (Mermaid), "tex" (TikZ), "txt", "png" or "pdf".
        expand: True shows every node, up to 2,000. "layers" and "neurons" collapse to just these.
            The name of a layer or neuron as it stands in the picture ("layers.1", or "layer 1",
            "layers.1.neurons.0"), a node, a model or a list of these shows its nodes, or if they
            are more than `max_nodes` its neurons, and collapses the rest to layers: of the whole
            model nothing, of [] all layers.
        depth: the largest number of arrows between a shown node and z, or `around`.
        max_nodes: the largest number of nodes shown one by one, whether they fit or not: a graph
            of more is collapsed, or cut. If left out, as many as fit; 500 beside other options.
        around: a node, or its label, whose neighbourhood to show: all nodes at most `depth`
            arrows away in either direction, 1 if no depth is given.
        highlight: the part to light up, the rest being faded: a leaf or another node, or its label,
            for all paths from z to it; one of ``explain(z, x).paths``; the nodes of a path in
            order, as in ``[x, u, z]``; or a list of leaves' labels or of paths.
        outputs: nodes to mark with the way they should go for z to fall, ▲ where their gradient
            is negative and ▼ where it is positive. If left out, the results of the last neurons,
            where z is computed from neurons; [] marks none.
        direction: "right" or "down", the way from operands to results ("LR" and "TB" mean the
            same); "auto" turns a picture downwards where it then fits better.
        scale: how many times as many pixels a PNG has along each side, from 0.1 to 10; 2 is for
            screens and prints with fine dots. Other formats have no pixels.
        legend: whether the looks of the boxes are explained below the picture.

    Raises:
        TypeError: if z is no Value, or an option of no kind that is listed above.
        ValueError: for an unknown format, label or name, a node that is not in the graph, a path
            that is none, a negative depth or max_nodes below 1. A node to highlight that z does
            not depend on is no error: the picture says so.
        RenderError: for "png" and "pdf" where there is no Graphviz; SVG never needs it.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x = Value(3.0, "x")
    >>> z = x * x
    >>> z.backward()
    >>> picture = draw(z)
    >>> picture
    <Drawing: 2 boxes, 2 arrows; .svg, .source, .save("graph.svg")>
    >>> print(picture)
    x  value 3  gradient 6
    z = ×  value 9  gradient 1
        from x: 1 × 3 = 3
        from x: 1 × 3 = 3
    on an arrow: gradient × local derivative = contribution
    >>> print(draw(x * x + Value(1.0, "b"), highlight="b").text.splitlines()[-1])
    highlighted: 1 path from z to b, the sum is 1
    """
    check_format(format)
    if depth is not None:
        whole_number("depth", depth, 0)
        depth = min(depth, sys.maxsize)
    if max_nodes is not None:
        whole_number("max_nodes", max_nodes)
    down = way_of(direction)
    scale = scale_of_pixels(scale)
    if format in ("png", "pdf") and not available():
        raise RenderError(f"{format} needs Graphviz: {INSTALL}; format='svg' needs nothing")
    pictures = views(
        z,
        expand=expand,
        depth=depth,
        max_nodes=max_nodes,
        around=around,
        highlight=highlight,
        outputs=outputs,
        most_boxes=MOST_BOXES,
    )
    picture = fitting(pictures, down)
    if any(arrow.text for arrow in picture.arrows):
        early = all(arrow.amount is None for arrow in picture.arrows) and z.grad is None
        picture.key, picture.looks = (_EARLY, "") if early else (_KEY, _COLOURS)
        picture.looks += "" if picture.labelled else ", in its tooltip"
        if earlier := _held_before(picture):
            picture.notes.append(
                f"{earlier} holds gradients of earlier passes, too: set its grad to None before "
                "backward() to begin anew"
            )
        if not early and picture.labelled and any(arrow.values for arrow in picture.arrows):
            picture.notes.insert(0, _FLOWS)
    if asked.flag("legend", legend):
        picture.legend = legend_of(picture)
        facts = [fact for box in picture.boxes for fact in box.facts]
        if any(fact.quantity == "direction" for fact in facts):
            picture.notes.insert(0, _DIRECTIONS)
    return Drawing(picture, format, scale)


def _held_before(picture: Picture) -> str:
    """Return a leaf whose gradient is more than flows to it here, "" where none is seen to be."""
    if any(box.kind not in ("leaf", "node") for box in picture.boxes):
        return ""  # not every use of a leaf is shown
    flowed: dict[str, list[float | None]] = {}
    for arrow in picture.arrows:
        flowed.setdefault(arrow.tail, []).append(arrow.amount)
    for box in picture.boxes:
        held = [x for fact in box.facts if fact.quantity == "gradient" for x in fact.numbers]
        amounts = [x for x in flowed.get(box.name, ()) if x is not None]
        if box.kind != "leaf" or not held or len(amounts) < len(flowed.get(box.name, ())):
            continue
        scale = max(map(abs, (*held, *amounts)), default=0.0)
        if amounts and abs(held[0] - sum(amounts)) > 1e-9 * scale * len(amounts):
            return box.title or box.called
    return ""


class Drawing:
    """A picture of a graph as it was when it was drawn; notebooks show it by themselves.

    Attributes:
        picture: the boxes, arrows and notes.
        source: the picture as DOT text, the same for the same graph in every process.
        format: the form in which it is shown and saved.
        scale: how many times as many pixels a PNG has along each side.

    >>> from autograd import Value, draw
    >>> picture = draw(Value(3.0, "x") * 2.0)
    >>> print(picture.text)
    x  value 3  gradient not computed yet
    z = x * 2  value 6  gradient not computed yet
        from x: × 2
    ...
    >>> picture.source.splitlines()[0]
    'digraph chalkgrad {'
    """

    def __init__(self, picture: Picture, format: str = "svg", scale: float = 1.0) -> None:
        asked.instance("Drawing", picture, Picture, "the picture that draw makes")
        check_format(format)
        self.picture = picture
        self.format = format
        self.scale = scale
        self.source = dot_source(picture)

    @cached_property
    def _drawn(self) -> tuple[str, str, str]:
        """The SVG, which engine drew it, and in one line why not a better one."""
        rendered = render(self.source, "svg")
        if rendered.content is not None:
            inline = quick_svg if self.picture.is_large else inline_svg
            return (
                adapting(inline(rendered.content)),
                rendered.engine,
                f"drawn by {rendered.engine}",
            )
        advice = "" if available() else f": {INSTALL} for a better one"
        note = f"drawn by the own layout ({rendered.reason}){advice}"
        return adapting(svg_of(self.picture)), "own layout", note

    @property
    def svg(self) -> str:
        """The picture as an SVG element, drawn when first asked for."""
        return self._drawn[0]

    @property
    def engine(self) -> str:
        """The program that drew the SVG: "dot", "pygraphviz" or "own layout"."""
        return self._drawn[1]

    @property
    def note(self) -> str:
        """One line on the program that drew the SVG and, if it was the own layout, why."""
        return self._drawn[2]

    @property
    def text(self) -> str:
        """The picture as plain text, a line for each box and arrow."""
        return outline(self.picture)

    @property
    def mermaid(self) -> str:
        """The picture as Mermaid text, which code hosts and notebooks show by themselves.

        >>> x = Value(3.0, "x")
        >>> print(draw(x * x, legend=False).mermaid.splitlines()[0])
        flowchart LR
        """
        return mermaid_source(self.picture)

    @property
    def tikz(self) -> str:
        r"""The picture as a `tikzpicture` for LaTeX, which needs just the package tikz.

        Every sign of a label that pdfLaTeX cannot write stands there by its code (U+1F680);
        XeLaTeX and LuaLaTeX show the sign itself, if their font has it. A wide picture is made to
        fit by ``\resizebox{\textwidth}{!}{\input{graph.tex}}``.

        Raises:
            RenderError: for a picture of more than 16,000 points, too large for TeX.

        >>> x = Value(3.0, "x")
        >>> "\\begin{tikzpicture}" in draw(x * x).tikz
        True
        """
        return tikz_source(self.picture)

    def content(self, format: str) -> bytes:
        """Return the picture as the content of a file.

        Raises:
            ValueError: for an unknown format.
            RenderError: for "png" and "pdf" where Graphviz is missing or did not manage.
        """
        check_format(format)
        if format == "svg":
            return f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}\n'.encode()
        if format in ("dot", "gv"):
            return self.source.encode()
        if format == "mmd":
            return self.mermaid.encode()
        if format == "tex":
            return self.tikz.encode()
        if format == "txt":
            return f"{self.text}\n".encode()
        scaled = format == "png" and self.scale != 1.0
        source = with_scale(self.source, self.scale) if scaled else self.source
        rendered = render(source, format)
        if rendered.content is None:
            raise RenderError(
                f"{format} needs Graphviz ({rendered.reason}): {INSTALL}; svg and dot need nothing"
            )
        return rendered.content

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all, and return the file's path.

        Args:
            path: ending in .svg, .dot, .gv, .mmd, .tex, .txt, .png or .pdf; the ending says the
                format, and a name without one gets the drawing's own. A device such as
                /dev/stdout is written to in that format.

        Raises:
            ValueError: for another ending.
            RenderError: for .png and .pdf where Graphviz is missing; nothing is written then.
            OSError: if the path is a folder, or its folder is missing or cannot be written.
        """
        path = with_ending(path, self.format)
        format = path.suffix[1:].lower() or self.format
        if format not in FORMATS:
            endings = ", ".join(f".{known}" for known in FORMATS)
            raise ValueError(f"cannot save as {path.name!r}: the name must end in {endings}")
        write_whole(path, self.content(format))
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self.format == "svg":
            return self._shown()
        if self.format in ("png", "pdf"):
            kind = "image/png" if self.format == "png" else "application/pdf"
            return {"text/plain": self.text, kind: self.content(self.format)}
        said = {"txt": "text", "mmd": "mermaid", "tex": "tikz"}.get(self.format, "source")
        return {"text/plain": getattr(self, said)}

    def _shown(self) -> dict[str, Any]:
        """Return the picture for a notebook, in the form that is set for all pictures."""
        note = ""
        if picture_format() == "png":
            room = (MOST_BYTES - stored(self.text) - 500) * 3 // 4
            png = small_png(self.source, self.scale, room)
            if png is not None:
                return {"text/plain": self.text, "image/png": png}
            note = f"This is SVG: a PNG needs Graphviz, {INSTALL}."
        return bundle(self.svg, self.text, self._alt, self._pdfs(), note, fits=self.picture.fitted)

    def _pdfs(self) -> Iterator[bytes | None]:
        """Yield the picture as PDF, then with one font less in it."""
        for source in (self.source, re.sub("</?B>", "", self.source)):
            yield render(source, "pdf").content

    @property
    def _alt(self) -> str:
        """The name of the image, for those who do not see it."""
        result = next((box.called or box.title for box in self.picture.boxes if box.result), "")
        return f"The graph of {result or 'z'}: {self._size}"

    @property
    def _size(self) -> str:
        boxes, arrows = len(self.picture.boxes), len(self.picture.arrows)
        return f"{count_text(boxes, 'box')}, {count_text(arrows, 'arrow')}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f'<Drawing: {self._size}; .svg, .source, .save("graph.svg")>'
