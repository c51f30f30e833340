r"""A picture as TikZ, for papers, at the places of the small layout.

Nothing but ``\usepackage{tikz}`` is needed, and no argument (#1) occurs, so that the text can
also stand in the argument of a command. Colours and styles are named at its beginning, for those
who want others.

Source: T. Tantau, "The TikZ and PGF Packages", https://tikz.dev.
"""

import re
from dataclasses import replace
from typing import Final

from autograd.display.format import FAINT, INK, PALE, TONES
from autograd.display.picture.picture import Picture
from autograd.display.picture.style import FILLS, Look, arrow_look, box_look, swatch_look
from autograd.display.writers.graphviz import RenderError
from autograd.display.writers.measure import LINE, PAD, head_lines, text_width
from autograd.display.writers.places import (
    MARGIN,
    LegendBox,
    PlacedArrow,
    PlacedBox,
    pieces,
    places_of,
    swatches,
)
from autograd.display.writers.tex import spelled, tex

POINT: Final = 0.75  # points in a pixel
MOST_POINTS: Final = 16_000  # TeX knows no length above 16,383 points.
NOTE_WIDTH: Final = 320.0  # Notes are broken into lines no shorter than this, in pixels.

_HEAD: Final = r"""% Needs \usepackage{tikz}, no library of it, and pdfLaTeX, XeLaTeX or LuaLaTeX.
% As wide as the text, with \usepackage{graphicx}: \resizebox{\textwidth}{!}{\input{graph.tex}}
\begin{tikzpicture}[
  x=0.75pt, y=-0.75pt, >=latex,
  small/.style={font=\sffamily\fontsize{7}{9}\selectfont},
  box/.style={draw, rounded corners=5pt, inner sep=0pt, align=center, text=ink,
    font=\sffamily\fontsize{8}{12}\selectfont},
  numbers/.style={small, align=center, fill=white, inner sep=1pt},
  swatch/.style={small, inner sep=0pt, minimum height=12pt, rounded corners=3pt},
  note/.style={small, anchor=north west, inner sep=0pt, align=left, text=faint},"""


def _names() -> dict[str, str]:
    """Return a name for each colour of pictures; the first where there are several."""
    names = {"#ffffff": "white"}
    named = {"ink": INK, "faint": FAINT, "pale": PALE, **TONES}
    for kind, (fill, line) in FILLS.items():
        named |= {f"{kind}fill": fill, f"{kind}line": line}
    for name, colour in named.items():
        names.setdefault(colour, name)
    return names


_NAMES: Final = _names()


def tikz_source(picture: Picture) -> str:
    """Return the picture as a `tikzpicture` of LaTeX.

    Raises:
        RenderError: if it is larger than TeX's lengths.
    """
    places = places_of(_spelled(picture))
    size = POINT * max(places.width, places.height)
    if size > MOST_POINTS:
        raise RenderError(
            f"TeX has no room for a picture of {size:,.0f} points, {MOST_POINTS:,} at most: "
            'collapse it with expand="layers", or show a part of it with around= or depth='
        )
    styles: dict[str, Look] = {}
    drawn = [_arrow(placed, down=places.down) for placed in places.arrows]
    drawn += [_box(placed, styles) for placed in places.boxes]
    y = places.height
    drawn += [_swatch(swatch, y + LINE / 2, styles) for swatch in swatches(picture.legend)]
    y += (LINE + MARGIN) * bool(picture.legend)
    if picture.lines:
        drawn.append(_notes(picture.lines, places.width - 2 * MARGIN, y))
    named = [f"  {name}/.style={{{_style(look)}}}," for name, look in styles.items()]
    used = set(re.findall("[a-z]+", "\n".join([_HEAD, *named, *drawn])))
    colours = [
        rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}"
        for colour, name in _NAMES.items()
        if name in used - {"white"}
    ]
    return "\n".join([_HEAD, *named, "]", *colours, *drawn, r"\end{tikzpicture}%", ""])


def _spelled(picture: Picture) -> Picture:
    """Return the picture in signs that LaTeX has, whose texts may be wider than they were."""
    boxes = [
        replace(
            box,
            title=spelled(box.title),
            operation=_numbers(box.operation),
            facts=[fact._replace(text=_numbers(fact.text)) for fact in box.facts],
        )
        for box in picture.boxes
    ]
    arrows = [replace(arrow, text=_numbers(arrow.text)) for arrow in picture.arrows]
    return replace(picture, boxes=boxes, arrows=arrows)


def _numbers(text: str) -> str:
    """Return a text of numbers, spelled, with signs of minus for its hyphens."""
    return spelled(text).replace("-", "−")


def _box(placed: PlacedBox, styles: dict[str, Look]) -> str:
    box, x, y, width, height = placed
    look = box_look(box.kind, box.shade, result=box.result)
    style = " ".join(filter(None, [box.shade, "result" if box.result else "", box.kind, "box"]))
    styles[style] = look
    faded = box.shade == "faded"
    lines: list[str] = []
    for line in head_lines(box):
        head = [_part(text, PALE if faded else c, size, bold) for text, c, size, bold in line]
        together = r"\enspace ".join(head)
        lines.append(rf"\makebox[\linewidth]{{{together}}}")
    for name, text, tone in box.rows:
        colour, faint = (PALE, PALE) if faded else (TONES.get(tone, INK), FAINT)
        left, right = _part(name, faint, 10.0), _part(text, colour, 11.0)
        lines.append(rf"\makebox[\linewidth][s]{{{left}\hfill {right}}}")
    inside = POINT * (width - 2 * PAD)
    room = f"text width={inside:.1f}pt, minimum width={POINT * width:.1f}pt"
    content = " \\\\\n  ".join(lines)
    return (
        rf"\node[{style}, {room}, minimum height={POINT * height:.1f}pt] "
        f"({box.name.replace('_', '-')}) at ({x:.1f},{y:.1f}) {{\n  {content}}};"
    )


def _part(text: str, colour: str, size: float, weight: str = "normal") -> str:
    """Return a part of a line in its colour, of a size in pixels."""
    written = rf"\textbf{{{tex(text)}}}" if weight == "bold" else tex(text)
    points = int(POINT * size)  # a whole number, for which all fonts have their shapes
    if points != 8:  # that of the box
        written = rf"\fontsize{{{points}}}{{12}}\selectfont {written}"
    return rf"\textcolor{{{_NAMES[colour]}}}{{{written}}}"


def _arrow(placed: PlacedArrow, *, down: bool) -> str:
    arrow, points, spot, numbers = placed
    look = arrow_look(arrow)
    colour = _NAMES[look.colour]
    way = f"({points[0][0]:.1f},{points[0][1]:.1f})"
    x, y = points[-1]
    tip = 4.0 + 3.0 * look.width  # It is level, as the last piece of the arrow is under it.
    end = (x, y - tip) if down else (x - tip, y)
    for piece in [*pieces([*points[:-1], end], down=down), ((x, y),)]:
        at = [f"({px:.1f},{py:.1f})" for px, py in piece]
        way += f" -- {at[0]}" if len(at) == 1 else f" .. controls {at[0]} and {at[1]} .. {at[2]}"
    dashed = ", dashed" if look.dashed else ""
    line = rf"\draw[->, {colour}, line width={POINT * look.width:.2f}pt{dashed}] {way};"
    if not (spot and numbers):
        return line
    lines = r" \\ ".join(map(tex, numbers.split("\n")))
    return f"{line}\n\\node[numbers, text={colour}] at ({spot[0]:.1f},{spot[1]:.1f}) {{{lines}}};"


def _swatch(swatch: LegendBox, y: float, styles: dict[str, Look]) -> str:
    """Return a small box of the legend, which looks like the boxes of its kind."""
    kind, words, left, width = swatch
    style = f"{kind} legend"
    styles[style] = swatch_look(kind)
    faded = ", text=pale" if kind == "faded" else ""
    return (
        rf"\node[{style}, swatch, minimum width={POINT * width:.1f}pt{faded}] "
        f"at ({left + width / 2:.1f},{y:.1f}) {{{tex(spelled(words))}}};"
    )


def _notes(lines: list[str], width: float, y: float) -> str:
    """Return the lines below the picture, as wide as it is or as they need."""
    longest = max(text_width(spelled(line), 10) for line in lines)
    room = POINT * min(max(width, NOTE_WIDTH), longest)
    # In braces: \\ would take a bracket at the beginning of the next line for its own.
    text = " \\\\\n  ".join([f"{{{tex(spelled(line))}}}" for line in lines])
    return rf"\node[note, text width={room:.1f}pt] at ({MARGIN:.1f},{y:.1f}) {{{text}}};"


def _style(look: Look) -> str:
    dashed = ", dashed" if look.dashed else ""
    width = f"line width={POINT * look.width:.2f}pt"
    return f"box, fill={_NAMES[look.fill]}, draw={_NAMES[look.outline]}, {width}{dashed}"
