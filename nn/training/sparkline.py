"""A sparkline: curves as small as a line of text, an image that every notebook shows.

An image in the text of a page shows in notebooks that are not trusted, too, where SVG of the page
itself does not. Its ground is clear and its colours are seen on white and on black; the second
curve is dashed, for eyes that do not tell the colours apart.
"""

import base64
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT, _EDGE = 240, 48, 3
_LOOKS = ('stroke="#3a8fd0"', 'stroke="#c77d00" stroke-dasharray="5 3"')
# More points than pixels across cannot be seen.
_MOST = 200


def sparkline(curves: Sequence[Sequence[float | None]], told: str) -> str:
    """Return one or two curves over the same steps as an image element, all on one scale.

    Args:
        curves: the heights; None where there is none.
        told: what the image shows, in words.

    >>> sparkline([[1.0, 0.5, 0.25]], "the loss")[:41]
    '<img alt="the loss" width="240" height="4'
    """
    steps = max(map(len, curves))
    heights = [y for curve in curves for y in curve if y is not None]
    low, high = min(heights), max(heights)
    # In halves, since the largest floats have no difference.
    reach = high / 2 - low / 2 or 1.0
    lines = ""
    for curve, look in zip(curves, _LOOKS, strict=False):
        every = -(-steps // _MOST)
        chosen = [i for i in range(steps) if i % every == 0 or i == steps - 1]
        points = [
            (
                _EDGE + (_WIDTH - 2 * _EDGE) * i / max(1, steps - 1),
                _EDGE + (_HEIGHT - 2 * _EDGE) * ((high / 2 - y / 2) / reach),
            )
            for i in chosen
            if (y := curve[i]) is not None
        ]
        path = " ".join([f"{x:.1f},{y:.1f}" for x, y in points])
        lines += f'<polyline fill="none" stroke-width="1.8" {look} points="{path}"/>'
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{lines}</svg>'
    data = base64.b64encode(drawn.encode()).decode()
    return f'<img alt="{escape(told)}" {size} src="data:image/svg+xml;base64,{data}">'
