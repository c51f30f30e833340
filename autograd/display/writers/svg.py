"""A picture as SVG text, at the places that the small layout gives it.

The page has a white ground of its own, so it reads the same on a dark page.
"""

from collections.abc import Sequence

from autograd.display.format import FAINT, INK, PALE, TONES
from autograd.display.picture.boxes import Arrow, Box
from autograd.display.picture.picture import Picture
from autograd.display.picture.style import FONT, Look, arrow_look, box_look, swatch_look
from autograd.display.writers.layout import Item, arrange
from autograd.display.writers.measure import LINE, PAD, head_of, text_width
from autograd.escaping import markup

LAYER_GAP, MARGIN = 30.0, 12.0


def svg_of(picture: Picture) -> str:
    """Return the picture as an SVG element; the same picture gives the same text."""
    rows, routes = arrange(picture)
    halves = [max((item.width for item in row), default=0.0) / 2 for row in rows]
    labelled = picture.labelled
    gap = LAYER_GAP if labelled else 2 * LAYER_GAP
    xs: list[float] = []
    x = MARGIN
    for half in halves:
        xs.append(x + half)
        x += 2 * half + gap
    x -= gap
    everything = [item for row in rows for item in row]
    top = min(item.y - item.height / 2 for item in everything) - MARGIN
    for item in everything:
        item.y -= top
    height = max(item.y + item.height / 2 for item in everything)
    starts = _ports(routes, 0, 1)
    ends = _ports(routes, -1, -2)
    drawn: list[str] = []
    for i, (arrow, route) in enumerate(zip(picture.arrows, routes, strict=True)):
        ys = [starts[i], *[item.y for item in route[1:-1]], ends[i]]
        # Level from the box to the edge of its column, so that no curve runs under a wider box.
        points = [(xs[route[0].layer] + route[0].width / 2, ys[0])]
        for item, y in zip(route, ys, strict=True):
            points += [(xs[item.layer] + s * halves[item.layer], y) for s in (-1, 1)]
        del points[1], points[-1]
        points.append((xs[route[-1].layer] - route[-1].width / 2, ys[-1]))
        spot = (xs[route[-2].layer], route[-2].y) if labelled and len(route) > 2 else None
        drawn.append(arrow_svg(arrow, points, spot))
    drawn += [
        box_svg(item.box, xs[item.layer], item.y, item.width, item.height)
        for item in everything
        if item.box is not None
    ]
    return page(drawn, x + MARGIN, height + MARGIN, picture)


def _ports(routes: list[list[Item]], end: int, towards: int) -> list[float]:
    """Return where each route meets the box at one of its ends: spread, in the order they come."""
    meeting: dict[Item, list[int]] = {}
    for i, route in enumerate(routes):
        meeting.setdefault(route[end], []).append(i)
    ports = [0.0] * len(routes)
    for box, arriving in meeting.items():
        arriving.sort(key=lambda i: routes[i][towards].y)
        step = min(9.0, 0.7 * box.height / len(arriving))
        for k, i in enumerate(arriving):
            ports[i] = box.y + step * (k - (len(arriving) - 1) / 2)
    return ports


def box_svg(box: Box, x: float, y: float, width: float, height: float) -> str:
    """Return a box around the point (x, y)."""
    left, top = x - width / 2, y - height / 2
    faded = box.shade == "faded"
    out = [
        f'<g class="node"><title>{markup(box.tooltip)}</title>',
        _rect(left, top, width, height, box_look(box.kind, box.shade, result=box.result)),
    ]
    line = top + 1.0
    head = head_of(box)
    gap = ' dx="8"'
    if head:
        line += LINE
        spans = [
            f'<tspan fill="{PALE if faded else colour}" font-size="{size:g}" font-weight="{weight}"'
            f"{gap if i else ''}>{markup(text)}</tspan>"
            for i, (text, colour, size, weight) in enumerate(head)
        ]
        out.append(f'<text x="{x:.1f}" y="{line - 2:.1f}" text-anchor="middle">'
                   f"{''.join(spans)}</text>")  # fmt: skip
    for name, text, tone in box.rows:
        line += LINE
        colour, faint = (PALE, PALE) if faded else (TONES.get(tone, INK), FAINT)
        out.append(
            f'<text x="{left + PAD:.1f}" y="{line - 2:.1f}" font-size="10" fill="{faint}">'
            f"{markup(name)}</text>"
            f'<text x="{left + width - PAD:.1f}" y="{line - 2:.1f}" font-size="11" '
            f'text-anchor="end" fill="{colour}">{markup(text)}</text>'
        )
    return "".join([*out, "</g>"])


def arrow_svg(
    arrow: Arrow, points: Sequence[tuple[float, float]], spot: tuple[float, float] | None
) -> str:
    """Return an arrow through points from left to right, and its numbers at a spot on it."""
    colour, wide, _ = arrow_look(arrow)
    size = 5.0 + wide
    (x, y), (ex, ey) = points[0], points[-1]
    path = [f"M{x:.1f},{y:.1f}"]
    for i, (px, py) in enumerate(points[1:], 1):
        px -= size if i == len(points) - 1 else 0.0
        if abs(py - y) < 0.05:
            if path[-1][0] == "H":  # one line over all columns that a route passes straight
                path.pop()
            path.append(f"H{px:.1f}")
            py = y
        else:
            bend = (px - x) / 2
            path.append(f"C{x + bend:.1f},{y:.1f} {px - bend:.1f},{py:.1f} {px:.1f},{py:.1f}")
        x, y = px, py
    out = [
        f'<g class="edge"><title>{markup(arrow.tooltip)}</title>',
        f'<path d="{" ".join(path)}" fill="none" stroke="{colour}" stroke-width="{wide:.2f}"/>',
        f'<path d="M{ex:.1f},{ey:.1f} l{-size - 1:.1f},{-size / 2:.1f} v{size:.1f} z" '
        f'fill="{colour}"/>',
    ]
    if spot and arrow.text:
        at = f'x="{spot[0]:.1f}" y="{spot[1] + 3.5:.1f}" text-anchor="middle" font-size="10"'
        width = text_width(arrow.text, 10)
        out.append(
            f'<rect x="{spot[0] - width / 2:.1f}" y="{spot[1] - 7:.1f}" width="{width:.1f}" '
            f'height="14" fill="#ffffff" fill-opacity="0.9"/>'
            f'<text {at} fill="{colour}">{markup(arrow.text)}</text>'
        )
    return "".join([*out, "</g>"])


def _rect(left: float, top: float, width: float, height: float, look: Look) -> str:
    dash = ' stroke-dasharray="4 3"' if look.dashed else ""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7" '
        f'fill="{look.fill}" stroke="{look.outline}" stroke-width="{look.width:g}"{dash}/>'
    )


def _legend(entries: Sequence[tuple[str, str]], top: float) -> tuple[list[str], float]:
    """Return boxes with the looks that a picture has, in a row, and how wide the row is."""
    drawn: list[str] = []
    x = MARGIN
    for kind, words in entries:
        width = text_width(words, 10) + 2 * PAD
        drawn.append(
            f"{_rect(x, top, width, LINE, swatch_look(kind))}"
            f'<text x="{x + width / 2:.1f}" y="{top + 11.5:.1f}" font-size="10" '
            f'text-anchor="middle" fill="{PALE if kind == "faded" else INK}">{markup(words)}</text>'
        )
        x += width + MARGIN / 2
    return drawn, x + MARGIN / 2


def page(drawn: Sequence[str], width: float, height: float, picture: Picture) -> str:
    """Return the SVG element of a drawing, with its legend and notes below."""
    legend, across = _legend(picture.legend, height)
    notes = picture.lines
    width = max([width, across, *[text_width(note, 10) + 24.0 for note in notes]])
    height += (LINE + 6.0) * bool(legend)
    below = [
        f'<text x="12" y="{height + 15 * (i + 1):.1f}" font-size="10" fill="{FAINT}">'
        f"{markup(note)}</text>"
        for i, note in enumerate(notes)
    ]
    height += 15.0 * len(notes) + (10.0 if notes else 0.0)
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}">',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            *drawn,
            *legend,
            *below,
            "</svg>",
        ]
    )
