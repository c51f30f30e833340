"""A picture as SVG text, at the places that the small layout gives it.

The page has a white ground of its own, so it reads the same on a dark page.
"""

from collections.abc import Sequence

from autograd.display.format import FAINT, INK, PALE, TONES
from autograd.display.picture.boxes import Arrow, Box
from autograd.display.picture.picture import Picture
from autograd.display.picture.style import (
    FONT,
    Look,
    arrow_look,
    box_look,
    shrunk,
    swatch_look,
)
from autograd.display.writers.measure import (
    LINE,
    NUMBERS,
    PAD,
    head_lines,
    numbers_size,
    text_width,
)
from autograd.display.writers.places import MARGIN, LegendBox, pieces, places_of, swatches
from autograd.escaping import apart, markup


def svg_of(picture: Picture) -> str:
    """Return the picture as an SVG element; the same picture gives the same text."""
    places = places_of(picture)
    drawn = [arrow_svg(*placed, down=places.down) for placed in places.arrows]
    drawn += [box_svg(*placed) for placed in places.boxes]
    return page(drawn, places.width, places.height, picture)


def box_svg(box: Box, x: float, y: float, width: float, height: float) -> str:
    """Return a box around the point (x, y)."""
    left, top = x - width / 2, y - height / 2
    faded = box.shade == "faded"
    out = [
        f'<g class="node"><title>{markup(box.tooltip)}</title>',
        _rect(left, top, width, height, box_look(box.kind, box.shade, result=box.result)),
    ]
    line = top + 1.0
    gap = ' dx="8"'
    for head in head_lines(box):
        line += LINE
        spans = [
            f'<tspan fill="{PALE if faded else colour}" font-size="{size:g}" font-weight="{weight}"'
            f"{gap if i else ''}>{markup(apart(text))}</tspan>"
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
    arrow: Arrow,
    points: Sequence[tuple[float, float]],
    spot: tuple[float, float] | None,
    numbers: str,
    *,
    down: bool = False,
) -> str:
    """Return an arrow through points to the right or downwards, and its numbers at a spot on it."""
    colour, wide, _ = arrow_look(arrow)
    size = 5.0 + wide
    (x, y), (ex, ey) = points[0], points[-1]
    path = f"M{x:.1f},{y:.1f}"
    end = (ex, ey - size) if down else (ex - size, ey)
    for piece in pieces([*points[:-1], end], down=down):
        if len(piece) == 1:
            path += f" V{piece[0][1]:.1f}" if down else f" H{piece[0][0]:.1f}"
        else:
            path += " C" + " ".join([f"{px:.1f},{py:.1f}" for px, py in piece])
    length, half = size + 1.0, size / 2
    tip = f"l{-half:.1f},{-length:.1f} h{size:.1f} z"
    if not down:
        tip = f"l{-length:.1f},{-half:.1f} v{size:.1f} z"
    out = [
        f'<g class="edge"><title>{markup(arrow.tooltip)}</title>',
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{wide:.2f}"/>',
        f'<path d="M{ex:.1f},{ey:.1f} {tip}" fill="{colour}"/>',
    ]
    if spot and numbers:
        width, height = numbers_size(numbers)
        x, y = spot[0], spot[1] - height / 2
        out.append(
            f'<rect x="{x - width / 2:.1f}" y="{y + 0.5:.1f}" width="{width:.1f}" '
            f'height="{height - 1:.0f}" fill="#ffffff" fill-opacity="0.9"/>'
        )
        out += [
            f'<text x="{x:.1f}" y="{y + NUMBERS * (i + 1) - 2:.1f}" text-anchor="middle" '
            f'font-size="10" fill="{colour}">{markup(line)}</text>'
            for i, line in enumerate(numbers.split("\n"))
        ]
    return "".join([*out, "</g>"])


def _rect(left: float, top: float, width: float, height: float, look: Look) -> str:
    dash = ' stroke-dasharray="4 3"' if look.dashed else ""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7" '
        f'fill="{look.fill}" stroke="{look.outline}" stroke-width="{look.width:g}"{dash}/>'
    )


def _swatch(swatch: LegendBox, top: float) -> str:
    kind, words, left, width = swatch
    return (
        f"{_rect(left, top, width, LINE, swatch_look(kind))}"
        f'<text x="{left + width / 2:.1f}" y="{top + 11.5:.1f}" font-size="10" '
        f'text-anchor="middle" fill="{PALE if kind == "faded" else INK}">{markup(words)}</text>'
    )


def page(drawn: Sequence[str], width: float, height: float, picture: Picture) -> str:
    """Return the SVG element of a drawing, with its legend and notes below."""
    row = swatches(picture.legend)
    legend = [_swatch(swatch, height) for swatch in row]
    across = [swatch.left + swatch.width + MARGIN for swatch in row]
    notes = picture.lines
    width = max([width, *across, *[text_width(note, 10) + 24.0 for note in notes]])
    height += (LINE + 6.0) * bool(legend)
    below = [
        f'<text x="12" y="{height + 15 * (i + 1):.1f}" font-size="10" fill="{FAINT}">'
        f"{markup(note)}</text>"
        for i, note in enumerate(notes)
    ]
    height += 15.0 * len(notes) + (10.0 if notes else 0.0)
    scale = shrunk(width, height) if picture.fitted else 1.0
    size = f'width="{scale * width:.0f}" height="{scale * height:.0f}"'
    size += f' viewBox="0 0 {width:.0f} {height:.0f}"'
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
