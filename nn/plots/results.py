"""Pictures of training and of its results: curves, boundaries, confusions, images."""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nn.metrics.outputs import classes, true_classes
from nn.module import Module
from nn.plots.base import COLOURS, MARKERS, legend, panels, plain
from nn.training.history import History
from nn.validation import Floats, instance, iterable, numeric, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# The name of a number, and its values by epoch on the samples trained on and on those held out.
Curve: TypeAlias = tuple[str, Sequence[Any], Sequence[Any]]
# Of panels of curves side by side.
_COLUMNS = 3


def curves(history: History, *, ax: Any = None) -> "Figure":
    """Draw the loss of each epoch, and the metrics there are, with those held out.

    Args:
        history: as `fit` returns.
        ax: the matplotlib Axes to draw into, one for the loss, one for the accuracy where there is
            one, and one for each of the metrics asked for that are a number; a figure of its own if
            left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if the history is empty.

    >>> from nn import EpochRecord, History
    >>> records = [EpochRecord(i, 1.0 / i, 0.75, None, None, 0.01, 7) for i in (1, 2, 3)]
    >>> [axes.get_title() for axes in curves(History(records, "accuracy")).axes]
    ['loss', 'accuracy']
    """
    instance("curves", history, History, "a History, as fit returns")
    if not len(history):
        raise ValueError("the history is empty: there is no epoch to draw")
    pairs = [*_own_curves(history), *metric_curves(history)]
    shown = [pair for pair in pairs if any(x is not None for x in (*pair[1], *pair[2]))]
    columns = min(len(shown), _COLUMNS)
    size = 4.8 * columns, 3.4 * -(-len(shown) // columns)
    names = [title for title, _, _ in shown]
    figure, drawn = panels("curves", names, size, ax, columns=columns)
    for axes, curve in zip(drawn, shown, strict=True):
        draw_curve(axes, history.epoch, *curve)
    return figure


def _own_curves(history: History) -> list[Curve]:
    name = history.metric_name or "metric"
    return [
        ("loss", history.loss, history.validation_loss),
        (name, history.metric, history.validation_metric),
    ]


def metric_curves(history: History) -> list[Curve]:
    """Return the metrics that were asked for and are a number each: name, trained on, held out."""
    held = history.validation_metrics
    return [
        (name.replace("_", " "), xs, held.get(name, []))
        for name, xs in history.metrics.items()
        if name != history.metric_name and not any(isinstance(x, list) for x in xs)
    ]


def draw_curve(
    axes: "Axes",
    epochs: Sequence[int],
    title: str,
    trained: Sequence[Any],
    held: Sequence[Any],
) -> None:
    """Draw one number of each epoch, on the samples trained on and on those held out."""
    from matplotlib.ticker import MaxNLocator

    for values, label, colour, style in (
        (trained, "trained on", COLOURS[0], "o-"),
        (held, "validation", COLOURS[1], "s--"),
    ):
        if any(x is not None for x in values):
            numbers = [np.nan if x is None else x for x in values]
            axes.plot(
                epochs, numbers, style, color=colour, label=label, markersize=4,
                markevery=-(-len(numbers) // 30),  # more would hide the line
            )  # fmt: skip
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain(axes)
    axes.legend(frameon=False)


def boundary(
    model: Module,
    X: Any,
    y: Any,
    *,
    cut: float = 0.0,
    steps: int = 120,
    names: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw the classes of a model of two inputs all over the plane, and the points over it.

    Args:
        model: of two inputs; one output (class 1 above the cut), or one for each class.
        X: points of shape (samples, 2).
        y: their labels, in any form `nn.metrics.outputs.true_classes` takes. Points that the
            model takes for another class are ringed.
        cut: for one output, where class 1 begins: 0 for a logit, 0.5 for a sigmoid.
        steps: the number of places along each side where the model is asked.
        names: what to call the classes; their numbers if left out.
        ax: the matplotlib Axes to draw into; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if X is not of that shape, the model takes other inputs, or there are too few
            names.

    >>> from nn import MLP, datasets
    >>> X, y = datasets.moons(20, seed=0)
    >>> picture = boundary(MLP([2, 4, 2], seed=0), X, y, steps=20)
    >>> picture.axes[0].get_xlabel(), picture.axes[0].get_ylabel()
    ('x1', 'x2')
    """
    if not callable(getattr(model, "predict", None)):
        raise TypeError(f"boundary takes a model with predict(X), got {model!r:.60}")
    points, labels = numeric("X", X).astype(np.float64), true_classes(y)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise ValueError(
            f"X must be of shape (samples, 2) with a label for each; got {points.shape} and "
            f"{len(labels)} label(s)"
        )
    steps = whole("steps", steps, at_least=2)
    low, high = points.min(axis=0), points.max(axis=0)
    edge = 0.1 * (high - low) + 1e-9
    sides: list[Floats] = [np.linspace(low[i] - edge[i], high[i] + edge[i], steps) for i in (0, 1)]
    grid: list[Floats] = [*np.meshgrid(*sides)]
    across, up = grid
    outputs = model.predict(np.stack([across.ravel(), up.ravel()], axis=1))
    said = classes(outputs, cut).reshape(across.shape)
    count = int(max(labels.max(), said.max())) + 1
    figure, (axes,) = panels("boundary", ["the plane"], (5.2, 4.4), ax)
    words = [f"class {k}" for k in range(count)] if names is None else _words("names", names)
    if len(words) < count:
        raise ValueError(f"expected a name for each of {count} classes; got {len(words)}")
    colours = [COLOURS[k % len(COLOURS)] for k in range(count)]
    axes.contourf(across, up, said, levels=np.arange(count + 1) - 0.5, colors=colours, alpha=0.22)
    if count == 2:
        scores = outputs[:, 1] - outputs[:, 0] if outputs.shape[1:] == (2,) else outputs - cut
        if scores.min() < 0.0 < scores.max():
            axes.contour(across, up, scores.reshape(across.shape), levels=[0.0], colors="black")
    wrong = classes(model.predict(points), cut) != labels
    for k in range(count):
        chosen = points[labels == k]
        if len(chosen):
            axes.scatter(
                *chosen.T,
                s=22,
                color=colours[k],
                marker=MARKERS[k % len(MARKERS)],
                edgecolors="white",
                linewidths=0.5,
                label=words[k],
            )
    if wrong.any():
        axes.scatter(
            *points[wrong].T, s=90, facecolors="none", edgecolors="black", label="taken for another"
        )
    axes.set_xlabel("x1")
    axes.set_ylabel("x2")
    plain(axes)
    legend(figure, axes, ax, "outside upper center", ncols=4)
    return figure


def confusion_matrix(
    table: Any, names: Sequence[str] | None = None, *, ax: "Axes | None" = None
) -> "Figure":
    """Draw a table of counts as `nn.metrics.outputs.confusion` gives it: rows are the truth.

    Shades go by the share of the row, so that a class with few samples reads as well as the rest.

    Args:
        table: of shape (classes, classes).
        names: what to call the classes; their numbers if left out.
        ax: the matplotlib Axes to draw into; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if the table is not square, or there are not as many names.

    >>> picture = confusion_matrix([[5, 1], [0, 4]], names=["cat", "dog"])
    >>> [text.get_text() for text in picture.axes[0].get_xticklabels()]
    ['cat', 'dog']
    """
    counts = numeric("table", table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"table must be of shape (classes, classes); got {counts.shape}")
    count = len(counts)
    words = [str(k) for k in range(count)] if names is None else _words("names", names)
    if len(words) != count:
        raise ValueError(f"expected a name for each of {count} classes; got {len(words)}")
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(3.0, 0.42 * count + 1.2)
    figure, (axes,) = panels("confusion_matrix", ["the table"], (side, side), ax)
    # Quadrilaterals and not an image: sharp at any size, and no bitmap in the file.
    axes.pcolormesh(share, cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="white", linewidth=1.0)
    for (row, column), x in np.ndenumerate(counts):
        if x:
            colour = "white" if share[row, column] > 0.5 else "black"
            place = column + 0.5, row + 0.5
            axes.text(*place, f"{x}", ha="center", va="center", color=colour, fontsize=9)
    middles = np.arange(count) + 0.5
    axes.set_xticks(middles, words)
    axes.set_yticks(middles, words)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_xlabel("read as")
    axes.set_ylabel("true class")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _words(name: str, given: Any) -> list[str]:
    return [str(word) for word in iterable(name, given, "a list of words, one for each")]


def _size(shape: Any) -> tuple[int, int]:
    sides = iterable("shape", shape, "the height and the width of an image, such as (8, 8)")
    if len(sides) != 2:
        raise ValueError(f"shape is a height and a width, such as (8, 8); got {shape!r:.60}")
    return whole("the height", sides[0]), whole("the width", sides[1])


def images(
    X: Any,
    captions: Sequence[str] | None = None,
    *,
    shape: tuple[int, int] = (8, 8),
    columns: int = 8,
    ax: Any = None,
) -> "Figure":
    """Draw samples as grey images in a grid, dark for high values.

    Args:
        X: of shape (samples, height * width), the rows of each image one after another.
        captions: a line above each image.
        shape: height and width in pixels.
        columns: images in a row.
        ax: the matplotlib Axes to draw into, one for each image; a figure of its own if left out.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if there are no images, they are not of that shape, or there are not as many
            captions.

    >>> from nn import datasets
    >>> X, y = datasets.digits()
    >>> picture = images(X[:3], [str(label) for label in y[:3]])
    >>> [axes.get_title() for axes in picture.axes if axes.get_title()]
    ['0', '1', '2']
    """
    pixels = numeric("X", X)
    height, width = _size(shape)
    captions = None if captions is None else _words("captions", captions)
    if pixels.ndim != 2 or not len(pixels) or pixels.shape[1] != height * width:
        raise ValueError(
            f"X must be of shape (samples, {height} * {width}) with a sample at least; "
            f"got {pixels.shape}"
        )
    if captions is not None and len(captions) != len(pixels):
        raise ValueError(
            f"expected {len(pixels)} captions, one for each image; got {len(captions)}"
        )
    columns = min(whole("columns", columns), len(pixels))
    rows = -(-len(pixels) // columns)
    numbers, size = [str(i) for i in range(len(pixels))], (1.1 * columns, 1.25 * rows)
    figure, drawn = panels("images", numbers, size, ax, columns=columns)
    top = pixels.max()
    for i, (axes, image) in enumerate(zip(drawn, pixels.reshape(-1, height, width), strict=True)):
        axes.imshow(image, cmap="Greys", vmin=min(0.0, image.min()), vmax=top, interpolation="none")
        axes.set_xticks([])
        axes.set_yticks([])
        if captions is not None:
            axes.set_title(captions[i], fontsize=9)
    return figure
