"""Pictures of descent: paths over the contours of a cost, and one parameter on its curve."""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.plots.base import COLOURS, legend, named, pair_of_names, panels, plain
from nn.validation import Floats, function, iterable, numeric, real, whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = 14


def descent_paths(
    cost: Callable[[float, float], float],
    paths: Mapping[str, Any],
    *,
    minimum: Sequence[float] | None = None,
    names: tuple[str, str] = ("w", "b"),
    grid: int = 60,
    ax: Any = None,
) -> "Figure":
    """Draw paths of two parameters over the contours of their cost, a panel for each.

    All panels show the same part of the plane, so that the paths can be compared: gradient descent
    goes down across the contours, with small batches it wanders.

    Args:
        cost: takes two floats and returns the cost there. It is asked at grid * grid places.
        paths: what to call each path, and its points, of shape (steps + 1, 2), the start first.
        minimum: where the star goes; none if left out.
        names: what the two parameters are called.
        grid: the number of places along each side where the cost is asked.
        ax: the matplotlib Axes to draw into, one for each path; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there is no path, one is not of that shape, or something is not finite.

    Source: the figure of S3, a multilayer perceptron with mini-batches; Bottou, "Stochastic
    gradient descent tricks", 2012.

    >>> path = [[2.0 * 0.5**n, 1.0 * 0.8**n] for n in range(8)]
    >>> figure = descent_paths(lambda a, b: a * a + b * b, {"descent": path}, minimum=(0, 0))
    >>> figure.axes[0].get_title()
    'descent: 7 steps'
    """
    function("descent_paths", cost, "a function of two numbers as the cost")
    names = pair_of_names(names)
    tracks = {name: _track(name, path) for name, path in named("path", paths).items()}
    grid = whole("grid", grid, at_least=2)
    star = None if minimum is None else numeric("minimum", minimum).astype(np.float64)
    if star is not None and star.shape != (2,):
        raise ValueError(f"minimum is a point of two numbers; got shape {star.shape}")
    across, up, costs = _costs(cost, [*tracks.values()], star, grid)
    size = 3.7 * len(tracks), 3.9
    figure, drawn = panels("descent_paths", [*map(str, tracks)], size, ax, share="xy")
    low, high = costs.min(), costs.max()
    # Squares of equal steps: as dense about the minimum as on the slopes of a parabola.
    levels = low + (high - low) * np.linspace(0.0, 1.0, LEVELS + 1) ** 2
    for i, (axes, (name, track)) in enumerate(zip(drawn, tracks.items(), strict=True)):
        if high > low:
            axes.contour(across, up, costs, levels=levels[1:], cmap="Greys_r", linewidths=0.7)
        many = len(track) > 60
        axes.plot(
            *track.T,
            "-" if many else ".-",
            color=COLOURS[i % len(COLOURS)],
            linewidth=0.9 if many else 1.4,
            markersize=5,
        )
        axes.plot(*track[0], "o", color="black", markersize=5, label="start")
        if star is not None:
            axes.plot(
                *star, "*", color=COLOURS[5], markersize=14, markeredgecolor="black",
                markeredgewidth=0.6, label="minimum",
            )  # fmt: skip
        steps = len(track) - 1
        axes.set_title(f"{name}: {steps:,} step{'s' * (steps != 1)}")
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        axes.set_xlim(across[0], across[-1])
        axes.set_ylim(up[0], up[-1])
        plain(axes, grid=False)
    legend(figure, drawn[0], ax, "outside lower center", ncols=2, frameon=False)
    return figure


def _track(name: str, path: Any) -> Floats:
    track = numeric(f"the path {name!r}", path).astype(np.float64)
    if track.ndim != 2 or track.shape[1] != 2 or not len(track):
        raise ValueError(
            f"the path {name!r} must be of shape (steps + 1, 2), the start first; got {track.shape}"
        )
    return track


def _costs(
    cost: Callable[[float, float], float], tracks: list[Floats], star: Floats | None, grid: int
) -> tuple[Floats, Floats, Floats]:
    """Return the sides of the plane that holds all paths, and the cost over it."""
    points = np.concatenate([*tracks, *([] if star is None else [star[None]])])
    low, high = points.min(axis=0), points.max(axis=0)
    edge = 0.08 * (high - low).max() + 1e-9
    sides: list[Floats] = [np.linspace(low[i] - edge, high[i] + edge, grid) for i in (0, 1)]
    across, up = sides
    rows = [[cost(a, b) for a in across.tolist()] for b in up.tolist()]
    return across, up, numeric("the cost", rows).astype(np.float64)


def learning_rates(
    f: Callable[[float], float], paths: Mapping[float, Any], *, name: str = "x", ax: Any = None
) -> "Figure":
    """Draw the steps of one parameter on its curve, a panel for each learning rate.

    Args:
        f: takes a float and returns the cost there.
        paths: the learning rate γ of each path, and its points x_0, x_1, ... . What leaves the
            picture is told by the number of the step, in words.
        name: what the parameter is called.
        ax: the matplotlib Axes to draw into, one for each path; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there is no path, or one has no point or something that is not finite.

    Source: the sequence x ← x - γ f'(x) of S1; Cauchy, "Méthode générale pour la résolution des
    systèmes d'équations simultanées", 1847.

    >>> paths = {rate: [-3.0 * (1 - 2 * rate) ** n for n in range(11)] for rate in (0.1, 1.1)}
    >>> for axes in learning_rates(lambda x: x * x, paths).axes:
    ...     print(axes.get_title())
    γ = 0.1
    x = -0.3221 after 10 steps
    γ = 1.1
    leaves the picture at step 3
    """
    function("learning_rates", f)
    tracks: dict[float, Floats] = {}
    for rate, path in named("path", paths).items():
        track = tracks[rate] = numeric(f"the path at {rate}", path).astype(np.float64)
        if track.ndim != 1 or not len(track):
            raise ValueError(f"the path at {rate} must be of shape (steps + 1,); got {track.shape}")
    reach = 1.5 * max(abs(track[0]) for track in tracks.values()) or 1.0
    xs = np.linspace(-reach, reach, 201)
    heights = numeric("f", [f(x) for x in xs.tolist()]).astype(np.float64)
    low, high = heights.min(), heights.max()
    columns = min(3, len(tracks))
    rows = -(-len(tracks) // columns)
    names, size = [f"γ = {rate}" for rate in tracks], (3.1 * columns, 2.9 * rows)
    figure, drawn = panels("learning_rates", names, size, ax, columns=columns, share="xy")
    for axes, (rate, track) in zip(drawn, tracks.items(), strict=True):
        axes.plot(xs, heights, color="0.6", linewidth=1.2)
        inside = np.flatnonzero(np.abs(track) > reach)
        kept = track[: inside[0] + 1] if len(inside) else track
        axes.plot(kept, [f(x) for x in kept.tolist()], "o-", color=COLOURS[0], markersize=4)
        axes.plot(track[0], f(float(track[0])), "s", color=COLOURS[5], markersize=7)
        n = len(track) - 1
        told = (
            f"leaves the picture at step {inside[0]}"
            if len(inside)
            else f"{name} = {track[-1] + 0.0:.4g} after {n} step{'s' * (n != 1)}"
        )
        axes.set_title(f"γ = {rate:g}\n{told}", fontsize=10)
        axes.set_xlim(-reach, reach)
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        axes.set_xlabel(name)
        axes.set_ylabel("cost")
        plain(axes)
    return figure


def rate_search(
    rates: Sequence[float],
    losses: Sequence[float],
    *,
    smooth: Sequence[float] | None = None,
    suggestion: float | None = None,
    ax: Any = None,
) -> "Figure":
    """Draw the loss over a learning rate that grew from step to step, on a log scale.

    Args:
        rates: the learning rate of each step, positive.
        losses: the loss of its batch.
        smooth: the losses averaged over the steps before; not drawn if left out.
        suggestion: a rate to mark; none if left out.
        ax: the matplotlib Axes to draw into; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there are none, not as many of each, or a rate is not positive.

    Source: Smith, "Cyclical learning rates for training neural networks", 2017, figure 3.

    >>> figure = rate_search([0.01, 0.1, 1.0], [3.0, 1.0, 9.0], suggestion=0.1)
    >>> figure.axes[0].get_title()
    'learning rate 0.1'
    """
    given = {"rates": rates, "losses": losses} | ({} if smooth is None else {"smooth": smooth})
    found: dict[str, Floats] = {}
    for name, values in given.items():
        listed = iterable("rate_search", values, f"a list of numbers as {name}")
        row = found[name] = numeric(name, listed).astype(np.float64)
        if row.ndim != 1 or not len(row) or len(row) != len(found["rates"]):
            raise ValueError(
                f"{name} must be numbers in a row, one for each rate; got shape {row.shape}"
            )
    if found["rates"].min() <= 0.0:
        raise ValueError(f"rates must be positive; got {found['rates'].min():g}")
    marked = None if suggestion is None else real("suggestion", suggestion)
    if marked is not None and marked <= 0.0:
        raise ValueError(f"suggestion must be positive; got {marked:g}")
    figure, (axes,) = panels("rate_search", ["search"], (5.4, 3.6), ax)
    batch: dict[str, Any] = {"color": COLOURS[0], "label": "of the batch"}
    if smooth is None:
        axes.plot(found["rates"], found["losses"], **batch)
    else:
        axes.plot(found["rates"], found["losses"], linewidth=0.8, alpha=0.5, **batch)
        axes.plot(found["rates"], found["smooth"], color=COLOURS[5], label="averaged")
        axes.legend(frameon=False, title="loss")
    if marked is not None:
        axes.axvline(marked, color="0.4", linestyle="--", linewidth=1.0)
        axes.set_title(f"learning rate {marked:.3g}", fontsize=10)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss")
    plain(axes)
    return figure
