"""The pictures of a comparison: curves of all groups on common axes, and how far seeds spread.

A group has a colour, a dash and a marker, and its letter stands at the end of its curve: no two
are told apart by colour alone.
"""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nn import plots
from nn.plots.base import COLOURS, MARKERS, panels, plain
from nn.report.pictures import Illustration
from nn.report.runs.groups import Average, RunGroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Those with the most contrast to the paper first; yellow has too little for a line.
_HUES = tuple(COLOURS[i] for i in (0, 5, 2, 3, 7, 1, 4))
_DASHES: Sequence[Any] = ("-", (0, (5, 2)), (0, (1.2, 1.4)), (0, (6, 2, 1.2, 2)))
# More curves on common axes are a tangle.
MOST_DRAWN, MOST_ROWS = 12, 40
# Points with a marker, and what has to lie between two letters, as a share of the height.
_MARKED, _APART = 8, 0.066
# From here on the largest number is so much larger than the least that the axis is logarithmic.
_LOGARITHMIC = 100.0


def look_of(i: int) -> dict[str, Any]:
    """Return how the group of a number is drawn: colour, dash and marker."""
    return {
        "color": _HUES[i % len(_HUES)],
        "linestyle": _DASHES[(i // len(_HUES) + i) % len(_DASHES)],
        "marker": MARKERS[i % len(MARKERS)],
    }


def sample(i: int) -> str:
    """Return a piece of the line of a group as an SVG element, which says nothing by itself."""
    look = look_of(i)
    dash = look["linestyle"]
    dashes = "" if dash == "-" else f' stroke-dasharray="{" ".join(f"{2 * x:g}" for x in dash[1])}"'
    colour = look["color"]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 14" aria-hidden="true">'
        f'<path fill="none" stroke="{colour}" stroke-width="2"{dashes} d="M1 7h42"/>'
        f'<path fill="{colour}" d="{_MARKS[look["marker"]]}"/></svg>'
    )


# The markers of `MARKERS`, about the middle of a sample.
_MARKS = {
    "o": "M18 7a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "s": "M18 3h8v8h-8z",
    "D": "M22 2l5 5-5 5-5-5z",
    "^": "M22 2l5 9h-10z",
    "v": "M22 12l5-9h-10z",
    "P": "M20 2h4v3h3v4h-3v3h-4v-3h-3v-4h3z",
    "*": "M22 1l1.8 4 4.2.4-3.2 3 1 4.3-3.8-2.3-3.8 2.3 1-4.3-3.2-3 4.2-.4z",
    "X": "M17 4l2.5-2.5 2.5 2.5 2.5-2.5 2.5 2.5-2.5 3 2.5 3-2.5 2.5-2.5-2.5-2.5 2.5-2.5-2.5 2.5-3z",
}


def curve(name: str, title: str, groups: Sequence[RunGroup], column: str) -> Illustration | None:
    """Return the curves of a number on common axes, with a band where a group has several runs.

    Args:
        name: of the picture.
        title: of the number.
        groups: all groups, in order.
        column: the name of the number in the histories.

    Returns:
        The picture; None if no group has the number.
    """
    found = {i: group.curve(column) for i, group in enumerate(groups[:MOST_DRAWN])}
    found = {i: means for i, means in found.items() if means}
    if not found:
        return None
    figure, (axes,) = panels(name, [name], (4.8, 3.4), None)
    values = [x for means in found.values() for x in _ends(means)]
    is_log = min(values) > 0.0 and max(values) > _LOGARITHMIC * min(values)
    axes.set_yscale("log" if is_log else "linear")
    for i, means in found.items():
        _draw(axes, i, means)
    from matplotlib.ticker import MaxNLocator

    axes.set(xlabel="epoch", title=title + ", logarithmic" * is_log)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain(axes)
    axes.margins(x=0.02)
    _letter(axes, {i: (groups[i].letter, means) for i, means in found.items()})
    ends = ", ".join(
        f"{groups[i].letter} {means[max(means)]}" for i, means in found.items()
    )  # fmt: skip
    alt = f"Curves of the {title} by epoch; at the end of each: {ends}"
    return Illustration(name, plots.svg(figure, name) + "\n", alt)


def _ends(means: Mapping[int, Average]) -> list[float]:
    return [x.mean for x in means.values()]


def _draw(axes: "Axes", i: int, means: Mapping[int, Average]) -> None:
    """Draw a mean with its band as far as all runs of the group went, and thinly from there on."""
    look = look_of(i)
    most = max(x.count for x in means.values())
    whole = [epoch for epoch, x in means.items() if x.count == most]
    middle = np.array([means[epoch].mean for epoch in whole])
    every = max(1, len(whole) // _MARKED)
    # Markers of different curves at different epochs, so that none hides another.
    mark = (i * every // 3 % every, every)
    axes.plot(whole, middle, markersize=5, linewidth=1.7, markevery=mark, **look)
    left = [epoch for epoch in means if epoch >= whole[-1]]
    thin: dict[str, Any] = {**look, "marker": ""}
    axes.plot(left, [means[epoch].mean for epoch in left], linewidth=0.8, **thin)
    around = np.array([means[epoch].deviation or 0.0 for epoch in whole])
    if around.any():
        low, high = middle - around, middle + around
        if axes.get_yscale() == "log":
            low = np.maximum(low, middle / 10.0)
        axes.fill_between(whole, low, high, color=look["color"], alpha=0.16, linewidth=0.0)


def _letter(axes: "Axes", curves: Mapping[int, tuple[str, Mapping[int, Average]]]) -> None:
    """Write the letter of each curve at its height beside the axes, none over another."""
    figure: Any = axes.figure
    figure.draw_without_rendering()  # which is what gives the axes their place
    turn = axes.transData + axes.transAxes.inverted()
    heights: list[tuple[float, int]] = []
    for i, (_, means) in curves.items():
        last = max(means)
        heights.append((float(turn.transform((last, means[last].mean))[1]), i))
    heights.sort()
    places = _apart([y for y, _ in heights])
    for (y, i), place in zip(heights, places, strict=True):
        colour = _HUES[i % len(_HUES)]
        axes.plot(
            [1.0, 1.035], [y, place], transform=axes.transAxes, clip_on=False, color=colour,
            linewidth=1.0,
        )  # fmt: skip
        axes.text(
            1.045, place, curves[i][0], transform=axes.transAxes, va="center", ha="left",
            fontsize=9,
        )  # fmt: skip


def _apart(heights: Sequence[float]) -> list[float]:
    """Return ascending heights moved as little as needed to lie apart, from 0 to 1 if they fit.

    >>> [round(y, 3) for y in _apart([0.5, 0.5])]
    [0.467, 0.533]
    """
    blocks: list[list[float]] = []  # the sum of where each would begin, and how many there are
    for i, y in enumerate(heights):
        blocks.append([y - i * _APART, 1])
        # Those that touch move together, to the mean of where they would be.
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    starts = [total / count for total, count in blocks for _ in range(int(count))]
    highest = 1.0 - (len(heights) - 1) * _APART
    return [max(0.0, min(x, highest)) + i * _APART for i, x in enumerate(starts)]


def spread(name: str, title: str, groups: Sequence[RunGroup], measure: str) -> Illustration | None:
    """Return a measure of each run as a point, a row for each group, with its mean and deviation.

    Args:
        name: of the picture.
        title: of the measure.
        groups: all groups, in order.
        measure: its name among what was tested.

    Returns:
        The picture; None if no group has the measure.
    """
    some = enumerate(groups[:MOST_ROWS])
    found = [(i, mean) for i, group in some if (mean := group.tested(measure))]
    if not found:
        return None
    rows = len(found)
    figure, (axes,) = panels(name, [name], (4.8, 1.0 + 0.42 * rows), None)
    for row, (i, mean) in enumerate(found):
        look = look_of(i)
        points = [x for run in groups[i].counted if (x := run.tested.get(measure)) is not None]
        if mean.deviation is not None:
            axes.errorbar(
                mean.mean, row, xerr=mean.deviation, fmt="|", color="#333333", markersize=16,
                markeredgewidth=1.8, elinewidth=1.4, capsize=4,
            )  # fmt: skip
        axes.plot(
            points, [row] * len(points), linestyle="none", marker=look["marker"], markersize=7,
            color=look["color"], alpha=0.75, markeredgewidth=0.0,
        )  # fmt: skip
    axes.set_yticks(range(rows), [groups[i].letter for i, _ in found])
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_title(title)
    plain(axes)
    axes.margins(x=0.08)
    told = ", ".join(f"{groups[i].letter} {mean}" for i, mean in found)
    alt = f"The {title} of each run, a row for each group: {told}"
    return Illustration(name, plots.svg(figure, name) + "\n", alt)
