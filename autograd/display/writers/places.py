"""The places of boxes, arrows and legend in pixels: what SVG and TikZ draw of the small layout.

Layers become columns as wide as their widest box, an arrow meets a box where it crosses no other,
and runs level through a column, so that no curve lies under a wider box.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from autograd.display.picture.boxes import Arrow, Box
from autograd.display.picture.picture import Picture
from autograd.display.writers.layout import GAP, LABEL_GAP, Item, arrange, layers_of
from autograd.display.writers.measure import PAD, box_size, numbers_size, text_width

# Between layers: arrows to the right have to climb as far as a column is high, and text is low.
LAYER_GAP, LAYER_GAP_DOWN, MARGIN = 30.0, 10.0, 12.0

Point: TypeAlias = tuple[float, float]


class PlacedBox(NamedTuple):
    """A box around the point (x, y)."""

    box: Box
    x: float
    y: float
    width: float
    height: float


class PlacedArrow(NamedTuple):
    """An arrow through points from box to box; its numbers stand at the spot, if there is one.

    They have a line or two.
    """

    arrow: Arrow
    points: list[Point]
    spot: Point | None
    numbers: str


class PlacedPicture(NamedTuple):
    """Boxes and arrows at their places, and the size of it all with a margin around it.

    Arrows run to the right, or downwards where `down` is true.
    """

    boxes: list[PlacedBox]
    arrows: list[PlacedArrow]
    width: float
    height: float
    down: bool = False


def places_of(picture: Picture) -> PlacedPicture:
    """Return the places of the boxes and arrows of a picture, x to the right and y downwards."""
    rows, routes = arrange(picture)
    halves = [max((item.width for item in row), default=0.0) / 2 for row in rows]
    labelled = picture.labelled
    gap = LAYER_GAP_DOWN if picture.down else LAYER_GAP
    gap *= 1 if labelled else 2
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
    arrows: list[PlacedArrow] = []
    shown = zip(picture.arrows, picture.numbers, routes, strict=True)
    for i, (arrow, numbers, route) in enumerate(shown):
        ys = [starts[i], *[item.y for item in route[1:-1]], ends[i]]
        # Level from the box to the edge of its column, so that no curve runs under a wider box.
        points = [(xs[route[0].layer] + route[0].width / 2, ys[0])]
        for item, y in zip(route, ys, strict=True):
            points += [(xs[item.layer] + s * halves[item.layer], y) for s in (-1, 1)]
        del points[1], points[-1]
        points.append((xs[route[-1].layer] - route[-1].width / 2, ys[-1]))
        spot = (xs[route[-2].layer], route[-2].y) if labelled and len(route) > 2 else None
        arrows.append(PlacedArrow(arrow, points, spot, numbers if spot else ""))
    boxes = [
        PlacedBox(item.box, xs[item.layer], item.y, item.width, item.height)
        for item in everything
        if item.box is not None
    ]
    placed = PlacedPicture(boxes, arrows, x + MARGIN, height + MARGIN)
    return _turned(placed) if picture.down else placed


class Extent(NamedTuple):
    """How far a picture reaches along its arrows, and at least and at most across them."""

    along: float
    least: float
    most: float


def extent_of(picture: Picture) -> Extent:
    """Return how far a picture reaches, laid out only along its arrows: a tenth of the work.

    No order in the layers takes less than the fullest of them, nor more than all of them together.
    """
    layers = layers_of(picture)
    count = 1 + 2 * max(layers.values())
    along, across = [0.0] * count, [0.0] * count
    turned = slice(None, None, -1 if picture.down else 1)
    for box in picture.boxes:
        at = 2 * layers[box.name]
        long, wide = box_size(box)[turned]
        along[at] = max(along[at], long)
        across[at] += wide + GAP
    most = 0.0
    for arrow, numbers in zip(picture.arrows, picture.numbers, strict=True):
        start, end = 2 * layers[arrow.tail], 2 * layers[arrow.head]
        long, wide = numbers_size(numbers)[turned] if numbers else (0.0, 0.0)
        along[end - 1] = max(along[end - 1], long)
        across[end - 1] += wide + LABEL_GAP
        most += (4.0 + LABEL_GAP) * (end - start)
    gap = LAYER_GAP_DOWN if picture.down else LAYER_GAP
    gap *= 1 if picture.labelled else 2
    return Extent(
        sum(along) + gap * (count - 1) + 2 * MARGIN,
        max(across) + 2 * MARGIN,
        sum(across) + most + 2 * MARGIN,
    )


def _turned(placed: PlacedPicture) -> PlacedPicture:
    """Return a picture that lay on its side, set upright: x and y change places."""
    boxes = [PlacedBox(b.box, b.y, b.x, b.height, b.width) for b in placed.boxes]
    arrows = [
        PlacedArrow(arrow, [(y, x) for x, y in points], spot and (spot[1], spot[0]), numbers)
        for arrow, points, spot, numbers in placed.arrows
    ]
    return PlacedPicture(boxes, arrows, placed.height, placed.width, down=True)


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


def pieces(points: Sequence[Point], *, down: bool = False) -> list[tuple[Point, ...]]:
    """Return the pieces of a way through points, each after the one before: lines and curves.

    A line is its end, over all points that lie level; a curve two control points and its end.

    >>> pieces([(0.0, 5.0), (4.0, 5.0), (9.0, 5.0), (11.0, 7.0)])
    [((9.0, 5.0),), ((10.0, 5.0), (10.0, 7.0), (11.0, 7.0))]
    """
    if down:
        upright = pieces([(y, x) for x, y in points])
        return [tuple([(x, y) for y, x in piece]) for piece in upright]
    (x, y), *rest = points
    found: list[tuple[Point, ...]] = []
    for px, py in rest:
        if abs(py - y) < 0.05:
            if abs(px - x) < 0.05:
                continue
            if found and len(found[-1]) == 1:
                found.pop()
            found.append(((px, y),))
            x = px
        else:
            middle = (x + px) / 2
            found.append(((middle, y), (middle, py), (px, py)))
            x, y = px, py
    return found


class LegendBox(NamedTuple):
    """A small box of the legend: its kind, the words in it, its left edge and width."""

    kind: str
    words: str
    left: float
    width: float


def swatches(legend: Sequence[tuple[str, str]]) -> list[LegendBox]:
    """Return the boxes of a legend, in a row."""
    row: list[LegendBox] = []
    left = MARGIN
    for kind, words in legend:
        row.append(LegendBox(kind, words, left, text_width(words, 10) + 2 * PAD))
        left += row[-1].width + MARGIN / 2
    return row
