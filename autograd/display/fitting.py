"""The picture that fits where it is shown: of several, in order, the first that is small enough.

The small layout measures them, whoever draws in the end: its measure of text is on the safe side,
so that what fits by it fits by Graphviz too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from autograd.display.picture.choice import ARROWS
from autograd.display.picture.picture import Picture
from autograd.display.picture.style import LEAST_TEXT, MOST_HIGH, MOST_WIDE
from autograd.display.writers.measure import box_size
from autograd.display.writers.places import places_of

# The smallest text of the small layout, in pixels.
_TEXT: Final = 10.0
# A picture runs to the right, as one reads, unless its text would be too small.
_WIDE_ENOUGH: Final = 0.9
# The lines below a picture: its legend, the key and a note or two.
_BELOW: Final = 75.0
# More boxes than this fit in no picture: the smallest are some 40 by 60 pixels with their arrows.
MOST_BOXES: Final = 150


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
        for with_numbers in (True, False) if grouped else (True,):
            picture.numbered = with_numbers
            picture.down = turned_down(picture) if down is None else down
            if scale_of(picture) >= LEAST_TEXT / _TEXT:
                picture.fitted = True
                return picture
    picture.numbered = True
    return picture


def turned_down(picture: Picture) -> bool:
    """Return whether a picture is better drawn downwards than to the right."""
    if _is_hopeless(picture):
        return False
    right, down = (scale_of(replace(picture, down=way)) for way in (False, True))
    return right < min(_WIDE_ENOUGH, down)


def scale_of(picture: Picture) -> float:
    """Return by how much a picture is made smaller to fit where it is shown, 1 if it fits."""
    if _is_hopeless(picture):
        return 0.0
    places = places_of(picture)
    return min(1.0, MOST_WIDE / places.width, MOST_HIGH / (places.height + _BELOW))


def _is_hopeless(picture: Picture) -> bool:
    """Tell at a glance whether a picture is too large: boxes alone would fill it, or arrows."""
    if len(picture.boxes) > MOST_BOXES or len(picture.arrows) > ARROWS * MOST_BOXES:
        return True
    area = sum(width * height for width, height in map(box_size, picture.boxes))
    return area > 0.6 * MOST_WIDE * MOST_HIGH * (_TEXT / LEAST_TEXT) ** 2
