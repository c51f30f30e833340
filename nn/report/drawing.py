"""Small pictures as SVG text: samples as pixels, a network as circles and lines, weights by epoch.

They are written by hand because they are sharper and a tenth of the size of what a plotting
library makes of an 8 × 8 image, and the same bytes on every machine. Positive is blue and negative
orange, as in the pictures of graphs, and told apart with any colour vision.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np

from nn.validation import Array, Floats

# Okabe and Ito, "Color Universal Design", 2008.
POSITIVE, NEGATIVE = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)
INK = (0x1A, 0x1A, 0x1A)
# Shades of one colour; more cannot be told apart, and each is one path in the file.
LEVELS = 16

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Tile:
    """One small image with its caption.

    Attributes:
        pixels: of shape (height, width); positive or zero for ink, of both signs for weights.
        caption: a line to go below it.
        top: the size of number that gets the full colour.
    """

    pixels: Floats
    caption: str
    top: float


def mixed(colour: Colour, share: float) -> str:
    """Return white with a share of a colour, from 0 to 1, as #rrggbb.

    >>> mixed((0, 0, 0), 0.0), mixed((0, 114, 178), 1.0)
    ('#ffffff', '#0072b2')
    """
    return "#" + "".join(f"{round(255 + (c - 255) * share):02x}" for c in colour)


def _squares(tile: Tile, positive: Colour) -> str:
    """Return the pixels as one path a colour, each pixel a square of side 1."""
    places: dict[tuple[bool, int], list[str]] = defaultdict(list)
    for row, xs in enumerate(tile.pixels.tolist()):
        for column, x in enumerate(xs):
            level = min(round(abs(x) / tile.top * LEVELS), LEVELS) if tile.top else 0
            if level:
                places[x < 0, level].append(f"M{column} {row}h1v1h-1z")
    height, width = tile.pixels.shape
    paths = [f'<path fill="#ffffff" d="M0 0h{width}v{height}H0z"/>']
    for (negative, level), squares in sorted(places.items()):
        colour = mixed(NEGATIVE if negative else positive, level / LEVELS)
        paths.append(f'<path fill="{colour}" d="{"".join(squares)}"/>')
    return "".join(paths)


def tile_svg(tile: Tile, label: str, *, signed: bool = False) -> str:
    """Return one image as an SVG element with a label.

    Args:
        tile: the image; its caption is left to the page.
        label: read aloud in place of the picture.
        signed: blue and orange in place of ink.

    >>> text = tile_svg(Tile(np.eye(2), "", 1.0), "the unit matrix")
    >>> text.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2" role="img"')
    True
    """
    height, width = tile.pixels.shape
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}" shape-rendering="crispEdges">'
        f"{_squares(tile, POSITIVE if signed else INK)}</svg>"
    )


def sheet_svg(tiles: Sequence[Tile], label: str, *, signed: bool = False, columns: int = 8) -> str:
    """Return many images with their captions as one picture.

    Args:
        tiles: the images, at least one, all of one shape.
        label: read aloud in place of the picture.
        signed: blue and orange in place of ink.
        columns: images in a row.
    """
    height, width = tiles[0].pixels.shape
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    side, gap, line = 80.0, 16.0, 20.0
    scale = side / max(height, width)
    step_x, step_y = width * scale + gap, height * scale + gap + line
    total = f"{columns * step_x + gap:g} {rows * step_y + gap:g}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total}" role="img" '
        f'aria-label="{escape(label)}" font-family="sans-serif" font-size="11" '
        'text-anchor="middle"><path fill="#ffffff" d="M0 0h9999v9999H0z"/>'
    ]
    for i, tile in enumerate(tiles):
        row, column = divmod(i, columns)
        x, y = gap + column * step_x, gap + row * step_y
        middle, below = x + width * scale / 2, y + height * scale + line * 0.75
        parts.append(
            f'<g transform="translate({x:g} {y:g}) scale({scale:g})" '
            f'shape-rendering="crispEdges">{_squares(tile, POSITIVE if signed else INK)}'
            f'<path fill="none" stroke="#999999" stroke-width="{1 / scale:g}" '
            f'd="M0 0h{width}v{height}H0z"/></g>'
            f'<text x="{middle:g}" y="{below:g}">{escape(tile.caption)}</text>'
        )
    return "".join(parts) + "</svg>\n"


def network_svg(arrays: Sequence[tuple[Floats, Floats]], names: Sequence[str], label: str) -> str:
    """Return a dense network as circles for neurons and lines for weights.

    A line is blue for a positive weight and orange for a negative one, the broader and darker the
    larger it is beside the others of its layer; a neuron is filled so by its bias.

    Args:
        arrays: (W, b) of each layer, as `Module.arrays()` gives them.
        names: what to write above the inputs and each layer, one more than there are layers.
        label: read aloud in place of the picture.
    """
    sizes = [arrays[0][0].shape[1], *(len(b) for _, b in arrays)]
    tallest = max(sizes)
    pitch = max(6.0, min(34.0, 440.0 / tallest))
    height, top, between = max(tallest * pitch, 120.0), 40.0, 520.0 / max(len(arrays), 2)
    radius = min(9.0, pitch * 0.36)
    columns = [
        [(60 + i * between, top + height * (j + 0.5) / size) for j in range(size)]
        for i, size in enumerate(sizes)
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 '
        f'{120 + between * len(arrays):g} {top + height + 10:g}" role="img" '
        f'aria-label="{escape(label)}" font-family="sans-serif" font-size="13" '
        'text-anchor="middle"><path fill="#ffffff" d="M0 0h9999v9999H0z"/>'
    ]
    for (W, _), before, after in zip(arrays, columns, columns[1:], strict=False):
        parts.append(_lines(W, before, after))
    for i, (column, name) in enumerate(zip(columns, names, strict=True)):
        biases = arrays[i - 1][1] if i else np.zeros(sizes[0])
        most = float(np.abs(biases).max()) or 1.0
        for (x, y), b in zip(column, biases.tolist(), strict=True):
            fill = mixed(NEGATIVE if b < 0 else POSITIVE, abs(b) / most * 0.8)
            parts.append(
                f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="#333333"/>'
            )
        parts.append(f'<text x="{column[0][0]:g}" y="22">{escape(name)}</text>')
    return "".join(parts) + "</svg>\n"


def _lines(
    W: Floats, before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]]
) -> str:
    """Return the weights between two columns of neurons, faint ones first."""
    most = float(np.abs(W).max()) or 1.0
    # Many lines over one another are dark whatever they are, so they are thinner then.
    broadest = min(4.0, max(1.2, 36.0 / math.sqrt(W.size)))
    paths: dict[tuple[int, bool], list[str]] = defaultdict(list)
    for (x1, y1), row in zip(after, W.tolist(), strict=True):
        for (x0, y0), w in zip(before, row, strict=True):
            level = round(abs(w) / most * LEVELS)
            if level:
                paths[level, w < 0].append(f"M{x0:g} {y0:.5g}L{x1:g} {y1:.5g}")
    parts: list[str] = []
    for (level, negative), lines in sorted(paths.items()):
        share = level / LEVELS
        parts.append(
            f'<path fill="none" stroke="{mixed(NEGATIVE if negative else POSITIVE, 1.0)}" '
            f'stroke-width="{0.3 + broadest * share:.3g}" '
            f'stroke-opacity="{0.12 + 0.8 * share:.3g}" d="{"".join(lines)}"/>'
        )
    return "".join(parts)


# Histograms side by side --------------------------------------------------------------------------

# The paper of a picture, and what is kept free of its left, right, upper and lower edge.
_WIDE, _HIGH = 360, 250
_LEFT, _RIGHT, _ABOVE, _BELOW = 58, 14, 44, 40


@dataclass(frozen=True, slots=True)
class Spread:
    """How the weights of a layer are spread, epoch by epoch.

    Attributes:
        name: of the layer.
        epochs: what each histogram is of: the number of an epoch, or 0 for the start.
        edges: of the bins, ascending.
        counts: the weights in each bin, a row for each histogram.
    """

    name: str
    epochs: Sequence[int]
    edges: Floats
    counts: Array


def spread_svg(spread: Spread, label: str) -> str:
    """Return the histograms of a layer as columns side by side, strong where many weights are.

    Args:
        spread: the histograms, one at least.
        label: read aloud in place of the picture.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="{escape(label)}" font-family="sans-serif" font-size="12">'
        f"{_columns(spread)}</svg>\n"
    )


def spreads_svg(spreads: Sequence[Spread], label: str) -> str:
    """Return the pictures of several layers as one, two in a row."""
    columns = min(2, len(spreads))
    rows = -(-len(spreads) // columns)
    parts = [
        f'<g transform="translate({i % columns * _WIDE} {i // columns * _HIGH})">{_columns(x)}</g>'
        for i, x in enumerate(spreads)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * _WIDE} {rows * _HIGH}" '
        f'role="img" aria-label="{escape(label)}" font-family="sans-serif" font-size="12">'
        f'<path fill="#ffffff" d="M0 0h9999v9999H0z"/>{"".join(parts)}</svg>\n'
    )


def _columns(spread: Spread) -> str:
    count, bins = spread.counts.shape
    width, height = _WIDE - _LEFT - _RIGHT, _HIGH - _ABOVE - _BELOW
    # Upwards the weights grow, and downwards the numbers of rows.
    levels = _levels(spread.counts).T[::-1]
    runs: dict[int, list[str]] = defaultdict(list)
    for row, xs in enumerate(levels.tolist()):
        for level, found in groupby(range(count), key=xs.__getitem__):
            if level:
                across = [*found]
                runs[level].append(f"M{across[0]} {row}h{len(across)}v1h-{len(across)}z")
    cells = [
        f'<path fill="{mixed(POSITIVE, level / LEVELS)}" d="{"".join(d)}"/>'
        for level, d in sorted(runs.items())
    ]
    low, high = float(spread.edges[0]), float(spread.edges[-1])
    heights: list[tuple[float, float]] = [(low, _ABOVE + height), (high, _ABOVE)]
    if low < 0.0 < high:
        zero = _ABOVE + height * high / (high - low)
        heights.insert(1, (0.0, zero))
    # Where they would touch, the ends matter more.
    shown = [(x, y) for x, y in heights if x in (low, high) or min(
        y - _ABOVE, _ABOVE + height - y) > 14]  # fmt: skip
    words = [
        f'<text x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end">{x:.4g}</text>'
        f'<path stroke="#999999" d="M{_LEFT - 5} {y:g}h5"/>'
        for x, y in shown
    ]
    ends = {_LEFT + width / count / 2: spread.epochs[0]}
    ends[_LEFT + width - width / count / 2] = spread.epochs[-1]
    words += [
        f'<text x="{x:g}" y="{_HIGH - _BELOW + 16}" text-anchor="middle">{epoch or "start"}</text>'
        for x, epoch in ends.items()
    ]
    zero_line = "".join(
        f'<path stroke="#777777" stroke-dasharray="3 3" d="M{_LEFT} {y:g}h{width}"/>'
        for x, y in heights
        if x == 0.0
    )
    return (
        f'<path fill="#ffffff" d="M0 0h{_WIDE}v{_HIGH}H0z"/>'
        f'<g transform="translate({_LEFT} {_ABOVE}) scale({width / count:.6g} {height / bins:.6g})"'
        f' shape-rendering="crispEdges">{"".join(cells)}</g>'
        f'{zero_line}<path fill="none" stroke="#999999" d="M{_LEFT} {_ABOVE}h{width}v{height}'
        f'h-{width}z"/><text x="{_LEFT}" y="16" font-size="14">{escape(spread.name)}</text>'
        f'<text x="{_LEFT - 8}" y="{_ABOVE - 12}" text-anchor="end">weight</text>'
        f'<text x="{_LEFT + width / 2:g}" y="{_HIGH - 8}" text-anchor="middle">epoch</text>'
        f"{''.join(words)}"
    )


def _levels(counts: Array) -> Array:
    """Return shades from 0 to `LEVELS` for counts; a bin that holds any is never white."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.ceil(LEVELS * np.sqrt(shares / max(float(shares.max()), 1e-300))).astype(np.int64)
