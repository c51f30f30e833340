"""How large boxes and texts are in the small layout.

Text is measured on the safe side, since the font that will show it is not known here.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from autograd.display.format import FAINT, INK
from autograd.display.picture.boxes import Box

LINE, PAD = 16.0, 7.0
NUMBERS = 13.0  # from line to line on an arrow
LONG_TITLE = 14
NARROW, WIDE = frozenset("iljtfrI.,:;|!'()[] "), frozenset("mwMWO@%&—…GQ")


class HeadPart(NamedTuple):
    """A part of a line: its text, colour, size in pixels and weight."""

    text: str
    colour: str
    size: float
    weight: str


@lru_cache(maxsize=4096)  # the same names and many numbers, of each picture several times
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
            ems += 0.42 if c in NARROW else 1.0 if c in WIDE else 0.66
    return ems * size


def numbers_size(text: str) -> tuple[float, float]:
    """Return the width and height of the numbers on an arrow, of one line or two."""
    lines = text.split("\n")
    return max([text_width(line, 10) for line in lines]), 2.0 + NUMBERS * len(lines)


def head_lines(box: Box) -> list[list[HeadPart]]:
    """Return the lines above the numbers of a box: its title, and its operation beside or below.

    Titles are broken where they would make the box wide, and what a group holds; an operation with
    its numbers never is.
    """
    lines = [[HeadPart(line, INK, 11.5, "bold")] for line in title_lines(box.title)]
    size = 14.0 if len(box.operation) == 1 else 11.0
    if box.kind == "group":
        return lines + [
            [HeadPart(line, FAINT, size, "normal")] for line in title_lines(box.operation)
        ]
    if box.operation:
        lines = lines or [[]]
        lines[-1].append(HeadPart(box.operation, FAINT, size, "normal"))
    return lines


def title_lines(title: str) -> list[str]:
    """Return a title in one line or two, broken behind a dot near its middle.

    >>> title_lines("layers.0.neurons.1.bias"), title_lines("loss")
    (['layers.0.', 'neurons.1.bias'], ['loss'])
    """
    if len(title) <= LONG_TITLE:
        return [title] if title else []
    places = [i for i in range(1, len(title)) if title[i - 1] in " .…_" and title[i] != "."]
    if not places:
        return [title]
    at = min(places, key=lambda place: abs(2 * place - len(title)))
    return [title[:at].rstrip(" "), title[at:]]


def box_size(box: Box) -> tuple[float, float]:
    """Return the width and height of a box."""
    lines = head_lines(box)
    heads = [sum(1.1 * text_width(text, size) for text, _, size, _ in line) for line in lines]
    rows = [text_width(name, 10) + text_width(text, 11) + 8.0 for name, text, _ in box.rows]
    width = max([24.0, *[10.0 + head for head in heads], *rows])
    return width + 2 * PAD, (len(lines) + len(rows)) * LINE + PAD
