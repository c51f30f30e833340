"""What stays of a page where scripts are stripped: the picture of a walk, and the table beside it.

The live view takes both apart. The picture has the graph with all its final numbers; it is made for
one place, so it is written short, and one whose numbers may change has room in its boxes for any.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from autograd.display.chain.passes import Use, Walk
from autograd.display.chain.terms import figure, short
from autograd.display.format import count_text, number_text, tone
from autograd.display.picture.boxes import Fact
from autograd.display.picture.picture import paint
from autograd.display.shown.theme import adapting
from autograd.display.writers.svg import svg_of
from autograd.escaping import apart, image_source, markup

# What a box takes beside a number of six signs lets one of ten in. They are for the measuring.
_ROOM = 6
_PAD = "\N{FIGURE SPACE}"

# What is the same all over is said once: most texts have this size, and numbers on arrows a place.
_SMALL = ' font-size="10"'
_CENTRED = f' text-anchor="middle"{_SMALL} fill'
_SAID = ".edge rect{fill-opacity:.9}.edge text{text-anchor:middle}"

_TAG = re.compile(r"<[^<>]+>")
_ZERO = re.compile(r"(?<=\d)\.0(?=[ ,\"hlvz])")
_WAY = re.compile(r'(?<= d="M)([\d.]+),([\d.]+)((?: [HVC][^"a-z]*)+)(?=")')
_TIP = re.compile(r'( d="M[\d.,]+) l([-\d.]+),(-[\d.]+) ([hv][\d.]+) z')
_PIECE = re.compile(r"([HVC])([^HVC]*)")


class Still(NamedTuple):
    """The image and the table of a walk.

    Attributes:
        html: both, in one element.
        drawing: the picture as SVG.
        arrows: for each use in the picture, by its node and position, the number of its arrow.
    """

    html: str
    drawing: str
    arrows: dict[tuple[int, int], int]


def still_of(walk: Walk, first: int, used: Sequence[Use], *, roomy: bool) -> Still:
    """Return the image and the table of a walk.

    Args:
        walk: the walk whose numbers they have.
        first: the place of the oldest node in them.
        used: the uses whose arrows have numbers.
        roomy: whether boxes have room for other numbers.
    """
    drawing, arrows = _drawn(walk, first, used, roomy)
    z, shown = walk.name(len(walk.nodes) - 1), len(walk.nodes) - first
    alt = (
        f"The graph of {z}: {count_text(shown, 'node')}, with the values and gradients listed below"
    )
    note = (
        f"<p>This graph has {count_text(len(walk.nodes), 'node')}; the youngest {shown} are shown, "
        "and their gradients are complete.</p>"
    )
    html = (
        f'<div class="cw-still">{note if first else ""}'
        f'<div class="cw-graph" tabindex="0"><img alt="{_attribute(alt)}" '
        f'src="{image_source(drawing)}"></div>'
        f"{_table(walk, first)}</div>"
    )
    return Still(html, drawing, arrows)


def _table(walk: Walk, first: int) -> str:
    """Return the table of values and gradients, as it is at the end."""
    z = markup(walk.name(len(walk.nodes) - 1))
    total = f"gradient d{apart(z)}/d·" if len(z) <= 8 else "gradient"
    rows = [
        f'<tr><th scope="row">{markup(walk.name(i))}</th>'
        f"<td>{markup(apart(operation_text(walk, i)))}</td><td>{figure(walk.data[i])}</td>"
        f"<td>{figure(walk.gradients[i])}</td></tr>"
        for i in range(first, len(walk.nodes))
    ]
    heads = ("node", "operation", "value", total)
    head = "".join([f'<th scope="col">{text}</th>' for text in heads])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def operation_text(walk: Walk, i: int) -> str:
    """Return the operation of a node in names, or that it is given."""
    return "given" if walk.nodes[i].op is None else short(walk.forward(i)[0].text.text)


def _attribute(text: str) -> str:
    return markup(text).replace('"', "&quot;")


def _drawn(
    walk: Walk, first: int, used: Sequence[Use], roomy: bool
) -> tuple[str, dict[tuple[int, int], int]]:
    """Return the picture as SVG, and for each use in it the number of its arrow."""
    picture = paint(walk.z, walk.nodes[first:], {}, walk.place)
    uses: dict[tuple[int, int] | None, Use] = {(u.node, u.position): u for u in used}
    by_use: dict[tuple[int, int], int] = {}
    sizes = [abs(use.contribution) for use in used]
    largest = max(filter(math.isfinite, sizes), default=0.0)
    for i, arrow in enumerate(picture.arrows):
        use = uses.get(arrow.use)
        if use is None:  # to nodes that are not drawn
            continue
        amount = use.contribution
        factors = f"{number_text(use.upstream)} × {number_text(use.local)}"
        arrow.text = f"{factors} = {number_text(amount)}"
        arrow.tooltip = ""
        arrow.amount = amount
        share = abs(amount) / largest if largest else 0.0
        arrow.width = math.sqrt(min(share, 1.0)) if math.isfinite(share) else 1.0
        by_use[use.node, use.position] = i
    least = _ROOM if roomy else 0
    for box in picture.boxes:
        i = box.place
        if i is None:
            continue
        value, gradient = walk.data[i], walk.gradients[i]
        box.title = walk.name(i)
        box.tooltip = walk.name(i)
        box.facts = [
            Fact("value", "value", number_text(value).rjust(least, _PAD)),
            Fact("gradient", "gradient", number_text(gradient).rjust(least, _PAD), tone(gradient)),
        ]
    svg = svg_of(picture).replace(_PAD, "").replace("<title></title>", "")
    # Names stand between tags, where they keep every sign.
    short = _TAG.sub(lambda tag: _shorter(tag[0]), svg)
    head, end, rest = adapting(short.replace("<svg", f"<svg{_SMALL}", 1)).partition("</style>")
    # It is an image, in no page that could say which it is, and its numbers have a ground.
    head = re.sub(r"(?<=dark\})\[data-.*?dark\}\}|\.chalk-graph :not.*?\}", "", head)
    head = head.replace("chalk-graph", "g")
    return f"{head}{_SAID}{end}{rest}", by_use


def _shorter(tag: str) -> str:
    short = _ZERO.sub("", _WAY.sub(_from_point_to_point, tag)).replace(_CENTRED, " fill")
    short = _TIP.sub(r"\1l\2\3\4z", short)
    return short.replace(_SMALL, "").replace(' fill-opacity="0.9"', "")


def _from_point_to_point(way: re.Match[str]) -> str:
    """Return the way of an arrow, which is given in points, in the steps from one to the next."""
    x, y = _tenths(way[1]), _tenths(way[2])
    out = [f"{way[1]},{way[2]}"]
    for kind, numbers in _PIECE.findall(way[3]):
        points = [*map(_tenths, numbers.replace(",", " ").split())]
        if kind == "C":
            steps = [p - (x, y)[i % 2] for i, p in enumerate(points)]
            x, y = points[-2:]
        elif kind == "H":
            steps, x = [points[0] - x], points[0]
        else:
            steps, y = [points[0] - y], points[0]
        text = " ".join([f"{step / 10:g}" for step in steps])
        out.append(kind.lower() + text.replace(" -", "-"))
    return "".join(out)


def _tenths(text: str) -> int:
    return round(10 * float(text))
