"""Pictures of measurements beside predictions: work, noise, and the error of differences."""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.plots.base import COLOURS, MARKERS, named, panels, plain
from nn.validation import Floats, iterable, numeric, real, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", ":")


def difference_errors(
    steps: Sequence[float],
    errors: Mapping[str, Any],
    *,
    of: str = "the derivative",
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw the error of difference quotients over their step: a V for each, on two log scales.

    Args:
        steps: the steps h, positive.
        errors: what to call each quotient, and its errors at these steps. An error of 0 has no
            place on the scale: where all are, the legend says so.
        of: what is approximated.
        ax: the matplotlib Axes to draw into; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there are none, they are not as many as the steps, or a step is not positive.

    Source: Higham, "Accuracy and stability of numerical algorithms", 2nd edition, section 1.14.

    >>> steps = [10.0**-k for k in range(1, 13)]
    >>> figure = difference_errors(steps, {"forward": [h + 1e-16 / h for h in steps]})
    >>> figure.axes[0].get_xlabel()
    'step h'
    """
    hs = numeric("steps", steps).astype(np.float64)
    if hs.ndim != 1 or not len(hs) or hs.min() <= 0.0:
        raise ValueError("steps must be positive numbers in a row, such as 10.0**-k")
    figure, (axes,) = panels("difference_errors", ["errors"], (5.4, 3.8), ax)
    for i, (name, values) in enumerate(_series(errors, len(hs)).items()):
        shown = np.where(values == 0.0, np.nan, np.abs(values))
        _line(axes, hs, shown, i, name if (values != 0.0).any() else f"{name}: no error at any h")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("step h")
    axes.set_ylabel(f"error of {of}")
    plain(axes)
    axes.legend(frameon=False)
    return figure


def batch_noise(
    sizes: Sequence[int],
    measured: Sequence[float],
    *,
    spread: float,
    count: int,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw how far the gradient of a batch strays, against σ/√B √((N-B)/(N-1)).

    Args:
        sizes: the batch sizes B.
        measured: the standard deviation of the batch gradient at each.
        spread: σ, the standard deviation of the single samples' gradients.
        count: N, the number of samples; batches are drawn from them without replacement.
        ax: the matplotlib Axes to draw into; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there are no sizes, not as many measured, or a size is not from 1 to N.

    Source: Cochran, "Sampling techniques", 3rd edition, 1977, theorem 2.2: the finite population
    correction.

    >>> figure = batch_noise([1, 4, 16], [2.0, 1.0, 0.4], spread=2.0, count=20)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['σ/√B √((N-B)/(N-1)), with σ = 2 and N = 20', 'measured']
    """
    N = whole("count", count, at_least=2)
    sigma = real("spread", spread, at_least=0.0)
    sizes = iterable("sizes", sizes, "a list of batch sizes")
    Bs = [whole("a batch size", B) for B in sizes]
    if not Bs or max(Bs) > N:
        raise ValueError(f"sizes must be batch sizes from 1 to {N}; got {list(sizes)}")
    found = _series({"measured": measured}, len(Bs))["measured"]
    fine = np.geomspace(1.0, N, 200)
    figure, (axes,) = panels("batch_noise", ["noise"], (5.4, 3.6), ax)
    wanted = sigma / np.sqrt(fine) * np.sqrt(np.maximum(N - fine, 0.0) / (N - 1))
    label = f"σ/√B √((N-B)/(N-1)), with σ = {sigma:.4g} and N = {N}"
    axes.plot(fine, wanted, color=COLOURS[1], label=label)
    axes.plot(Bs, found, "o", color=COLOURS[0], label="measured")
    for B, x in zip(Bs, found.tolist(), strict=True):
        axes.annotate(f"{x:.3g}", (B, x), (5, 5), textcoords="offset points", fontsize=9)
    axes.set_xscale("log", base=2)
    axes.set_xticks(Bs, [str(B) for B in Bs])
    axes.minorticks_off()
    axes.set_xlabel("batch size B")
    axes.set_ylabel("spread of the batch gradient")
    plain(axes)
    axes.legend(frameon=False)
    return figure


def backprop_cost(
    layers: Sequence[int],
    counts: Mapping[str, Any],
    *,
    unit: str = "visits",
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw the cost of a gradient over the number of layers, on a log scale.

    Args:
        layers: the numbers of layers.
        counts: what to call each way of computing it, and its counts at these numbers.
        unit: what is counted.
        ax: the matplotlib Axes to draw into; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there are none, they are not as many as the layers, or one is not positive.

    Source: figure 1-1 of S1; Griewank and Walther, "Evaluating derivatives", 2nd edition, 2008,
    chapter 4, for the bound on the cost of a gradient.

    >>> layers = range(1, 21)
    >>> counts = {"naive": [2 ** (L + 1) - 1 for L in layers], "ordered": [L + 1 for L in layers]}
    >>> [line.get_label() for line in backprop_cost(layers, counts).axes[0].lines]
    ['naive', 'ordered']
    """
    Ls = numeric("layers", iterable("layers", layers, "a list of counts"))
    figure, (axes,) = panels("backprop_cost", ["cost"], (5.6, 3.8), ax)
    for i, (name, values) in enumerate(_series(counts, len(Ls)).items()):
        if values.min() <= 0.0:
            raise ValueError(f"{name!r} must be positive, for a log scale; got {values.min():g}")
        _line(axes, Ls, values, i, name)
        last = f"{values[-1]:,.0f}"
        at = (Ls[-1], values[-1])
        axes.annotate(last, at, (7, 0), textcoords="offset points", va="center", fontsize=9)
    from matplotlib.ticker import MaxNLocator

    axes.set_yscale("log")
    # Room for the last counts on the right.
    axes.set_xlim(right=Ls[-1] + 0.2 * max(np.ptp(Ls), 1.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("layers")
    axes.set_ylabel(unit)
    plain(axes)
    axes.legend(frameon=False, loc="upper left")
    return figure


def _series(table: Mapping[str, Any], count: int) -> dict[str, Floats]:
    """Return rows of numbers of one length by their names."""
    rows: dict[str, Floats] = {}
    for name, values in named("row of numbers", table).items():
        listed = iterable(f"{name!r}", values, "a list of numbers")
        row = rows[name] = numeric(f"{name!r}", listed).astype(np.float64)
        if row.shape != (count,):
            raise ValueError(f"{name!r} must have {count} number(s), one for each; got {len(row)}")
    return rows


def _line(axes: "Axes", xs: Any, ys: Floats, i: int, name: str) -> None:
    axes.plot(
        xs,
        ys,
        STYLES[i % len(STYLES)],
        marker=MARKERS[i % len(MARKERS)],
        color=COLOURS[i % len(COLOURS)],
        markersize=4,
        label=name,
    )
