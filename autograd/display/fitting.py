"""The picture that fits where it is shown: of several, in order, the first that is small enough.

The small layout measures them, whoever draws in the end: its measure of text is on the safe side,
so that what fits by it fits by Graphviz too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from autograd.display.picture.choice import ARROWS
from autograd.display.picture.picture import Picture
from autograd.display.picture.style import LEAST_TEXT, MOST_HIGH, MOST_WIDE, shrunk
from autograd.display.writers.measure import box_size
from autograd.display.writers.places import extent_of, places_of

# The smallest text of the small layout, in pixels.
_TEXT: Final = 10.0
# The smallest scale at which it can be read.
LEAST: Final = LEAST_TEXT / _TEXT
# Whether numbers stand on arrows, and whether in two lines, in the order they are tried.
_NUMBERS: Final = (True, False), (True, True), (False, False)
# The lines below a picture: its legend, the key and a note or two.
_BELOW: Final = 75.0
# More boxes are no picture that one reads, nor one that a notebook holds in 60 kB.
MOST_BOXES: Final = 50


def way_of(direction: object) -> bool | None:
    """Return whether a direction is downwards; None where the better one is to be chosen.

    Raises:
        ValueError: for a direction that is none.
    """
    ways = {"auto": None, "right": False, "lr": False, "down": True, "tb": True}
    if not isinstance(direction, str) or direction.lower() not in ways:
        raise ValueError(
            f'direction is "auto", "right" (or "LR") or "down" (or "TB"); got {direction!r:.60}'
        )
    return ways[direction.lower()]


def fitting(pictures: Iterable[Picture], down: bool | None = None) -> Picture:
    """Return the first picture that fits, turned as it fits best; the last one if none does.

    Args:
        pictures: those to choose from.
        down: whether the picture has to run downwards, or has not; None for the better way.
    """
    picture = Picture()
    for picture in pictures:
        grouped = any(box.kind == "group" for box in picture.boxes)
        # Numbers in a line, in two, or left out of a grouped picture.
        for picture.numbered, picture.stacked in _NUMBERS if grouped else _NUMBERS[:2]:
            if _turn(picture, down) >= LEAST:
                picture.fitted = True
                return picture
    picture.numbered, picture.stacked = True, False
    if down is None and picture.boxes:  # it scrolls: what is narrow from its top to its end
        picture.down = True
        picture.down = extent_of(picture).least <= MOST_WIDE
    return picture


def _turn(picture: Picture, down: bool | None) -> float:
    """Turn a picture, to the right if it is legible so, and return its scale.

    Args:
        picture: the picture.
        down: whether it has to run downwards, or has not; None for the better way.
    """
    picture.down = bool(down)
    if _is_hopeless(picture):
        return 0.0
    scale = _scale_of(picture)
    if down is not None or scale >= LEAST:
        return scale
    picture.down = True
    downwards = _scale_of(picture)
    picture.down = scale < downwards
    return max(scale, downwards)


def _scale_of(picture: Picture) -> float:
    """Return by how much a picture is made smaller to fit where it is shown, 1 if it fits.

    It is laid out only where it might not fit, and might.
    """
    along, least, most = extent_of(picture)
    sizes = [(x, along) if picture.down else (along, x) for x in (least, 1.5 * least, most)]
    scales = [shrunk(width, height + _BELOW) for width, height in sizes]
    # Layers that are pulled straight move aside, but seldom by half of the fullest of them.
    if scales[0] < LEAST or scales[2] == 1.0 or scales[1] == 1.0:
        return scales[0]
    places = places_of(picture)
    return shrunk(places.width, places.height + _BELOW)


def _is_hopeless(picture: Picture) -> bool:
    """Tell at a glance whether a picture is too large: boxes alone would fill it, or arrows."""
    if len(picture.boxes) > MOST_BOXES or len(picture.arrows) > ARROWS * MOST_BOXES:
        return True
    area = sum(width * height for width, height in map(box_size, picture.boxes))
    return area > 0.6 * MOST_WIDE * MOST_HIGH / LEAST**2
