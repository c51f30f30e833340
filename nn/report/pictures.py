"""The pictures of a report: which there are, their names, and each of them in words.

Everything is text, SVG, the same for the same run. Curves and boundaries come from `nn.plots`,
graphs from `autograd.draw`, images and the network from `nn.report.drawing`.
"""

# pyright: reportUnknownMemberType=false
# matplotlib's own annotations leave keyword arguments open.

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

import autograd as ag
from nn import plots
from nn.plots.base import COLOURS, panels, plain
from nn.plots.results import draw_curve, metric_curves
from nn.report.drawing import Spread, Tile, network_svg, sheet_svg, spread_svg, spreads_svg
from nn.report.experiment import Result
from nn.report.neuron import NeuronAtWork
from nn.training.history import History
from nn.training.record import histograms as spread_of
from nn.training.record import on_common_bins

# More images than these make the page long and teach nothing new.
MISTAKES_SHOWN = 48


# Of a histogram; and histograms side by side and below one another.
_BINS, _PANELS = 24, 4
# Histograms by epoch, side by side in a picture.
_COLUMNS = 60
_BY_EPOCH = "How many weights have which size, a column for each epoch:"


@dataclass(frozen=True, slots=True)
class Illustration:
    """A picture of the report.

    Attributes:
        name: of its file, without .svg, and the start of every id in it.
        svg: the text of the file.
        alt: what it shows, for those who do not see it.
    """

    name: str
    svg: str
    alt: str

    def inline(self) -> str:
        """Return the picture as an element of a page: no prolog, ids of its own, named."""
        text = self.svg[self.svg.index("<svg") :].strip()
        head, rest = text[: text.index(">") + 1], text[text.index(">") + 1 :]
        for attribute in ("role", "aria-label", "id"):
            head = re.sub(rf'\s{attribute}="[^"]*"', "", head)
        head = f'<svg id="{self.name}" role="img" aria-label="{escape(self.alt)}"{head[4:]}'
        return head + rest


def with_own_ids(svg: str, name: str) -> str:
    """Return SVG text in which every id, and every reference to one, starts with a name.

    >>> with_own_ids('<g id="a"/><use href="#a" fill="url(#b)"/>', "x")
    '<g id="x-a"/><use href="#x-a" fill="url(#x-b)"/>'
    """
    return re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{name}-", svg)


def curves(history: History) -> list[Illustration]:
    """Return the loss and, where there is one, the accuracy over the epochs, a picture each."""
    pictures: list[Illustration] = []
    for name, trained, held in (
        ("loss", history.loss, history.validation_loss),
        ("accuracy", history.metric, history.validation_metric),
    ):
        before, after = trained[0], trained[-1]
        if before is None or after is None:
            continue
        # One each: side by side in a picture they are too small on a phone.
        figure, (axes,) = panels(name, [name], (4.8, 3.4), None)
        draw_curve(axes, history.epoch, name, trained, held)
        alt = (
            f"Curve of the {name} over {len(history)} epochs: from {before:.3g} to {after:.3g} on "
            "the samples trained on"
        )
        pictures.append(Illustration(name, plots.svg(figure, name) + "\n", alt))
    return pictures


def metrics(history: History) -> list[Illustration]:
    """Return the metrics that were asked for over the epochs, in one picture; none without any."""
    found = metric_curves(history)
    if not found:
        return []
    names, columns = [name for name, _, _ in found], min(2, len(found))
    size = 4.8 * columns, 3.4 * -(-len(found) // columns)
    figure, drawn = panels("metrics", names, size, None, columns=columns)
    for axes, curve in zip(drawn, found, strict=True):
        draw_curve(axes, history.epoch, *curve)
    alt = f"Curves over {len(history)} epochs: {', '.join(names)}"
    return [Illustration("metrics", plots.svg(figure, "metrics") + "\n", alt)]


def rate(result: Result) -> Illustration:
    """Return the learning rate over the finished epochs."""
    rates = result.experiment.rates()
    finished = [rates[epoch - 1] for epoch in result.history.epoch]
    return _curve(result, "rate", "learning rate", finished, "the learning rate")


def gradient(result: Result) -> Illustration:
    """Return the length of the gradient over the finished epochs."""
    norms = [norm or 0.0 for norm in result.history.gradient_norm]
    return _curve(result, "gradient", "gradient", norms, "the length of the gradient")


def _curve(
    result: Result, name: str, panel: str, values: Sequence[float], subject: str
) -> Illustration:
    """Return a picture of one number an epoch."""
    figure, (axes,) = panels(name, [panel], (4.8, 3.4), None)
    axes.plot(result.history.epoch, values, "o-", color=COLOURS[0], markersize=4)
    axes.set(xlabel="epoch", ylim=(0.0, 1.05 * max(values) or 1.0))
    plain(axes)
    alt = f"Curve of {subject} over {len(values)} epochs: from {values[0]:.3g} to {values[-1]:.3g}"
    return Illustration(name, plots.svg(figure, name) + "\n", alt)


def layer_names(count: int) -> list[str]:
    """Return what so many layers are called, from the inputs on.

    >>> layer_names(3)
    ['layer 1', 'layer 2', 'output layer']
    """
    return [f"layer {i}" for i in range(1, count)] + ["output layer"]


def histograms(result: Result) -> Illustration:
    """Return how the weights of each layer are spread, before training and after."""
    pairs = result.experiment.weights()
    names = layer_names(len(pairs))
    # The last layers of a deep network: more panels are too small on a phone.
    pairs, names = pairs[-_PANELS:], names[-_PANELS:]
    columns = min(2, len(pairs))
    size = 4.2 * columns, 2.6 * -(-len(pairs) // columns)
    figure, drawn = panels("histograms", names, size, None, columns=columns)
    for axes, name, pair in zip(drawn, names, pairs, strict=True):
        least, most = (float(of([of(x.flat) for x in pair])) for of in (min, max))
        edges: Any = np.linspace(least, most if most > least else least + 1.0, _BINS + 1)
        for weights, label, style in zip(pair, ("before", "after"), ("--", "-"), strict=True):
            counts, _ = np.histogram(weights, edges)
            colour = COLOURS[1] if label == "before" else COLOURS[0]
            axes.stairs(counts, edges, label=label, color=colour, linestyle=style, linewidth=1.5)
        axes.set_title(name)
        plain(axes)
    drawn[0].legend(frameon=False)
    alt = "How many weights of each layer have which size, before training and after"
    return Illustration("histograms", plots.svg(figure, "histograms") + "\n", alt)


def spreads(result: Result) -> list[Spread]:
    """Return how the weights of each layer were spread, at the start and after each epoch.

    Of many layers the last, and of many epochs some, from the first to the last.
    """
    history, found = result.history, list[Spread]()
    count = len(history)
    # As many columns as a phone has room for.
    chosen = sorted({round(i * (count - 1) / (_COLUMNS - 1)) for i in range(_COLUMNS)})
    starts = [before for before, _ in result.experiment.weights()]
    for i, (name, start, kept) in enumerate(
        zip(layer_names(len(starts)), starts, history.weights.values(), strict=False)
    ):
        if i < len(starts) - _PANELS:
            continue
        (first,) = spread_of(start.ravel(), {name: range(start.size)}).values()
        after = [(history.epoch[j], x) for j in chosen if (x := kept[j]) is not None]
        edges, counts = on_common_bins([first, *[x for _, x in after]])
        found.append(Spread(name, [0, *[epoch for epoch, _ in after]], edges, counts))
    return found


def weights_by_epoch(spreads: Sequence[Spread]) -> Illustration:
    """Return the histograms of all layers by epoch as one picture, for the file of its own."""
    alt = f"{_BY_EPOCH} {', '.join([spread.name for spread in spreads])}"
    return Illustration("weights-by-epoch", spreads_svg(spreads, alt), alt)


def weights_of_layer(i: int, spread: Spread) -> Illustration:
    """Return those of one layer as a picture."""
    low, high = spread.edges[0], spread.edges[-1]
    alt = f"{_BY_EPOCH} {spread.name}: all lie between {low:.4g} and {high:.4g}"
    return Illustration(f"spread-{i}", spread_svg(spread, alt), alt)


def boundary(result: Result) -> Illustration:
    """Return the classes that the network says all over the plane, with the test points over it."""
    experiment = result.experiment
    X, y = np.asarray(experiment.test_set[0], dtype=np.float64), result.truth
    figure = plots.boundary(
        experiment.model, X, y, cut=experiment.loss.cut, names=experiment.task.names or None
    )
    for axis, column in zip("xy", experiment.task.columns[:-1], strict=False):
        figure.axes[0].set(**{f"{axis}label": column.name})
    wrong = int((result.said != y).sum())
    alt = (
        f"The plane coloured by the class the network says, with the {len(y)} test points over "
        f"it; {wrong} of them lie{'s' * (wrong == 1)} in the colour of another class"
    )
    return Illustration("boundary", plots.svg(figure, "boundary") + "\n", alt)


def confusion(result: Result) -> Illustration:
    """Return the confusion matrix; the page shows it as a table."""
    figure = plots.confusion_matrix(result.confusion, result.experiment.task.labels)
    return Illustration("confusion", plots.svg(figure, "confusion") + "\n", "The confusion matrix")


def predictions(result: Result) -> Illustration:
    """Return what the network says of each test sample over the right number."""
    figure, (axes,) = panels("predictions", ["predicted and right"], (4.8, 4.2), None)
    ends = [float(x) for x in (min(result.said.min(), result.truth.min()),)]
    ends.append(float(max(result.said.max(), result.truth.max())))
    axes.plot(ends, ends, color="black", linewidth=1.0)
    axes.scatter(result.truth, result.said, s=22, color=COLOURS[0], alpha=0.7, linewidths=0.0)
    axes.set(xlabel=f"right {result.experiment.task.target}", ylabel="predicted")
    plain(axes)
    alt = (
        f"The predicted number over the right one for {len(result.truth)} held-out rows, with the "
        "line on which both are equal"
    )
    return Illustration("predictions", plots.svg(figure, "predictions") + "\n", alt)


def mistakes(result: Result, shape: tuple[int, int]) -> list[Tile]:
    """Return the test samples taken for another class, worst first, at most `MISTAKES_SHOWN`."""
    X, y, labels = result.inputs, result.truth, result.experiment.task.labels
    return [
        Tile(X[i].reshape(shape), f"read {labels[result.said[i]]}, is {labels[y[i]]}", 1.0)
        for i in result.mistakes()[:MISTAKES_SHOWN]
    ]


def first_weights(result: Result, shape: tuple[int, int]) -> list[Tile]:
    """Return the weights of each neuron of the first layer as an image."""
    W, _ = result.experiment.model.arrays()[0]
    top = float(np.abs(W).max())
    return [Tile(w.reshape(shape), f"neuron {j}", top) for j, w in enumerate(W)]


def sheet(name: str, tiles: Sequence[Tile], alt: str, *, signed: bool = False) -> Illustration:
    """Return images as one picture, for the file of its own."""
    return Illustration(name, sheet_svg(tiles, alt, signed=signed), alt)


def network(result: Result) -> Illustration:
    """Return the whole network with its weights as lines."""
    model = result.experiment.model
    inputs, *hidden, outputs = model.sizes
    names = [
        f"{inputs} inputs",
        *(f"{n} × {model.activation}" for n in hidden),
        f"{outputs} output{'s' * (outputs > 1)}",
    ]
    alt = f"The network: {', '.join(names)}, with a line for each weight"
    return Illustration("network", network_svg(model.arrays(), names, alt), alt)


def neuron(at_work: NeuronAtWork) -> Illustration:
    """Return the graph of one neuron with every local derivative and contribution."""
    svg = ag.draw(at_work.value).svg
    alt = (
        f"The graph of one neuron of layer {at_work.layer}: its inputs and weights, their weighted "
        "sum, the bias and the activation, with a local derivative and a contribution on each edge"
    )
    return Illustration("neuron", with_own_ids(svg[svg.index("<svg") :], "neuron") + "\n", alt)
