"""How large boxes and texts are in the small layout.

Text is measured on the safe side, since the font that will show it is not known here.
"""

import unicodedata

from autograd.display.format import FAINT, INK
from autograd.display.picture.boxes import Box

LINE, PAD = 16.0, 7.0
_NARROW, _WIDE = frozenset("iljtfrI.,:;|!'()[] "), frozenset("mwMWO@%&—…GQ")


def text_width(text: str, size: float) -> float:
    """Return a width in pixels that a text of common sans-serif fonts will not exceed.

    >>> text_width("x", 10) < text_width("W", 10) < text_width("\N{ROCKET}", 10)
    True
    """
    ems = 0.0
    for c in text:
        if unicodedata.combining(c):
            continue
        if ord(c) > 0x2FFF or unicodedata.east_asian_width(c) in "WF":
            ems += 1.3
        else:
            ems += 0.42 if c in _NARROW else 1.0 if c in _WIDE else 0.66
    return ems * size


def head_of(box: Box) -> list[tuple[str, str, float, str]]:
    """Return the parts of a box's first line: text, colour, size and weight."""
    parts: list[tuple[str, str, float, str]] = []
    if box.title:
        parts.append((box.title, INK, 11.5, "bold"))
    if box.operation:
        parts.append((box.operation, FAINT, 14.0 if len(box.operation) == 1 else 11.0, "normal"))
    return parts


def box_size(box: Box) -> tuple[float, float]:
    """Return the width and height of a box."""
    head = sum(1.1 * text_width(text, size) for text, _, size, _ in head_of(box)) + 10.0
    rows = [text_width(name, 10) + text_width(text, 11) + 8.0 for name, text, _ in box.rows]
    lines = len(box.rows) + bool(head_of(box))
    return max(head, *rows, 24.0) + 2 * PAD, lines * LINE + PAD
