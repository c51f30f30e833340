"""The page of a report: one HTML file that needs nothing else, no network and no scripts.

Each part is a function from the result to a piece of HTML. No time, date, path or
address goes in, so that the same run gives the same bytes.
"""

import platform
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from importlib import metadata
from typing import Any

import autograd
from autograd import Table
from nn.layers import MLP
from nn.report import tables
from nn.report.drawing import Spread, Tile, tile_svg
from nn.report.experiment import Result
from nn.report.neuron import NeuronAtWork
from nn.report.pictures import MISTAKES_SHOWN, Illustration, weights_of_layer
from nn.report.settings import READING, TASKS, Settings, Task
from nn.report.shell import document, figure, folded, numbers, scrolling, section
from nn.training.history import History

KEY = (
    '<span class="key plus"></span> blue for positive, <span class="key minus"></span> orange for '
    "negative"
)


def page(
    result: Result,
    pictures: Mapping[str, Illustration],
    *,
    mistakes: Sequence[Tile] = (),
    weights: Sequence[Tile] = (),
    spreads: Sequence[Spread] = (),
    at_work: NeuronAtWork,
    files: Iterable[str],
) -> str:
    """Return the whole page.

    Args:
        result: what the run gave.
        pictures: by their names.
        mistakes: the samples taken for another class, where samples are images.
        weights: those of each neuron of the first layer, the same.
        spreads: how the weights of each layer were spread, epoch by epoch.
        at_work: the neuron that is drawn.
        files: the names of the files beside the page.
    """
    task = result.experiment.task
    sections = [
        *_data(result),
        _learning(result, pictures),
        _found(result, pictures, mistakes),
        _network(result, pictures, weights, spreads),
        _neuron(result, pictures["neuron"], at_work),
        _again(result, files),
    ]
    title = f"{task.title}: a chalkgrad report"
    return document(title, _header(result), "".join(sections), escape(task.about))


def _header(result: Result) -> str:
    experiment, history = result.experiment, result.history
    s, task = experiment.settings, experiment.task
    tested = len(result.said)
    notice = ""
    if history.best_epoch is not None:
        ended = "Patience ended the training. " * history.stopped_early
        ended += "The training was interrupted (Ctrl-C). " * history.interrupted
        notice = (
            f'<p class="notice">{ended}All below is as after epoch {history.best_epoch} of '
            f"{len(history)}, whose validation loss is the least.</p>\n"
        )
    elif history.interrupted:
        notice = (
            f'<p class="notice">Training was interrupted (Ctrl-C) after {len(history)} of '
            f"{s.epochs} epochs. All below is as after the last finished one.</p>\n"
        )
    if task.classes:
        quality = {"held-out accuracy": f"{result.accuracy:.1%}"}
        right = int((result.said == result.truth).sum())
        told = f"gets <strong>{right} of {tested}</strong> held-out {task.samples} right"
    else:
        quality = {f"held-out {name}": f"{x:.4g}" for name, x in result.errors.items()}
        told = (
            f"tells {escape(task.target)} of {tested} held-out {task.samples} to within "
            f"<strong>{result.errors['mean absolute error']:.4g}</strong> on average"
        )
    counted = {
        **quality,
        "parameters": f"{len(experiment.model.parameters()):,}",
        f"{task.samples} trained on": f"{experiment.trained_on:,}",
        "epochs": str(len(history)),
    }
    return (
        f"<h1>{escape(task.title)}</h1>\n"
        f'<p class="lead">{_network_words(experiment.model)} {told}. It never saw them in '
        "training: they were set aside before it began.</p>\n"
        f"{notice}{numbers(counted)}"
    )


def _network_words(model: MLP) -> str:
    """Return the sizes of a network in words.

    >>> _network_words(MLP([2, 8, 8, 1]))
    'A network of 2 inputs, 8 + 8 hidden neurons and 1 output'
    """
    inputs, *hidden, outputs = model.sizes
    middle = f", {' + '.join(map(str, hidden))} hidden neurons" if hidden else ""
    return f"A network of {inputs} inputs{middle} and {outputs} output{'s' * (outputs != 1)}"


def _figure(picture: Illustration, caption: str, *, kind: str = "", scrolls: bool = False) -> str:
    return figure(picture.inline(), caption, kind=kind, scrolls=scrolls)


def _data(result: Result) -> list[str]:
    """Return the section on a table of the user's; none for a set that is known."""
    task = result.experiment.task
    if not task.target:
        return []
    said = f"<p>{escape(task.about)}</p>\n"
    return [section("What the data looked like", said, tables.data(result))]


def _learning(result: Result, pictures: Mapping[str, Illustration]) -> str:
    history = result.history
    experiment = result.experiment
    watched = len(experiment.train_set[1]) - experiment.trained_on
    scaled = ", of the target scaled to mean 0 and standard deviation 1" * bool(experiment.unit)
    captions = {
        "loss": f"Mean loss of a sample, {experiment.loss.name.replace('_', ' ')}{scaled}.",
        "accuracy": "Share of the samples whose class is right.",
        "rate": "Learning rate at the first step of each epoch.",
        "gradient": "Length of the gradient over all parameters, the mean of an epoch's steps.",
    }
    figures = [_figure(pictures[name], captions[name]) for name in captions if name in pictures]
    asked_for = [_figure(pictures[x], "Measured besides.") for x in ("metrics",) if x in pictures]
    accuracies = ["accuracy"] * bool(experiment.task.classes)
    heads = ["epoch", "loss", *accuracies, "held-out loss", *[f"held-out {x}" for x in accuracies]]
    more = _measured(history)
    rows = [
        [
            str(r.epoch),
            f"{r.loss:.4f}",
            *[_share(r.metric) for _ in accuracies],
            "" if r.validation_loss is None else f"{r.validation_loss:.4f}",
            *[_share(r.validation_metric) for _ in accuracies],
            *[cells[i] for cells in more.values()],
        ]
        for i, r in enumerate(history)
    ]
    heads += more
    table = Table(heads, rows, ">" * len(heads)).html(kind="epochs")
    table = scrolling("Table of the epochs", table)
    return section(
        "How it learned",
        "<p>An epoch goes through the training samples once, in a new order each time. The dashed "
        f"line is measured on {watched} others, held out to watch the training; those of the test "
        "are others still.</p>\n",
        f'<div class="pair">{"".join(figures)}</div>\n',
        *asked_for,
        folded("The numbers of each epoch", table),
    )


def _measured(history: History) -> dict[str, list[str]]:
    """Return the columns of the metrics that were asked for, but for tables, by their heads."""
    columns = {name.replace("_", " "): xs for name, xs in history.metrics.items()}
    held = history.validation_metrics.items()
    columns |= {f"held-out {name.replace('_', ' ')}": xs for name, xs in held}
    return {
        head: ["" if x is None else f"{x:.4f}" for x in xs]
        for head, xs in columns.items()
        if not any(isinstance(x, list) for x in xs) and not head.endswith("accuracy")
    }


def _share(x: float | None) -> str:
    return "" if x is None else f"{x:.1%}"


def _found(result: Result, pictures: Mapping[str, Illustration], mistakes: Sequence[Tile]) -> str:
    task = result.experiment.task
    if not task.classes:
        caption = (
            f"Each held-out row: what the network says over the right {escape(task.target)}. On "
            "the line both are equal."
        )
        shown = _figure(pictures["predictions"], caption, kind="narrow")
        return section("How close it comes", tables.errors(result), shown)
    wrong = int((result.said != result.truth).sum())
    parts = [tables.confusion(result)]
    if "boundary" in pictures:
        caption = (
            "The held-out points, in the colour and shape of their true class; the plane in the "
            "colour of the class the network says. A ring marks a point on the wrong side."
        )
        shown = _figure(pictures["boundary"], caption)
        parts = [f'<div class="pair">{shown}<div>{parts[0]}</div></div>\n']
    parts.append(tables.per_class(result))
    if task.shape is not None:
        parts.append(_mistakes(task, wrong, mistakes))
    return section("What it gets right and wrong", *parts)


def _mistakes(task: Task, wrong: int, tiles: Sequence[Tile]) -> str:
    word = task.samples.removesuffix("s")
    if not wrong:
        return f"<h3>Read wrongly</h3>\n<p>None: every held-out {word} was read right.</p>\n"
    what = "Those furthest from the truth, by their loss, come first."
    if wrong > len(tiles):
        what += f" {MISTAKES_SHOWN} of {wrong} are shown."
    height, width = task.shape or (0, 0)
    return f"<h3>The {wrong} read wrongly</h3>\n<p>{what}</p>\n" + _tiles(
        tiles, f"{'an' if word[0] in 'aei' else 'a'} {word} {{}}, {height} by {width} pixels",
        signed=False,
    )  # fmt: skip


def _tiles(tiles: Sequence[Tile], label: str, *, signed: bool) -> str:
    items = "".join(
        f'<li><div class="picture">{tile_svg(tile, label.format(tile.caption), signed=signed)}'
        f"</div><span>{escape(tile.caption)}</span></li>\n"
        for tile in tiles
    )
    return f'<ul class="tiles">\n{items}</ul>\n'


def _network(
    result: Result,
    pictures: Mapping[str, Illustration],
    weights: Sequence[Tile],
    spreads: Sequence[Spread],
) -> str:
    model = result.experiment.model
    parts = [
        f"<p>{len(model.parameters()):,} parameters: a line for each weight, {KEY}, broad and dark "
        "where it is large beside the others of its layer. A neuron is filled by its bias.</p>\n",
        _figure(pictures["network"], "Inputs on the left, outputs on the right.", kind="network"),
        "<h3>How the weights moved</h3>\n",
        _figure(
            pictures["histograms"],
            "How many weights of a layer have which size: dashed before training, solid after.",
            kind="network",
        ),
        *_by_epoch(spreads),
    ]
    if weights:
        parts.append(
            "<h3>What the first layer looks for</h3>\n"
            f"<p>The weights of each neuron of the first layer, put where their pixels are: {KEY}. "
            "Ink on a blue pixel drives the neuron up, ink on an orange one drives it down.</p>\n"
        )
        parts.append(_tiles(weights, "the weights of {} of the first layer", signed=True))
    return section("The network and its weights", *parts)


def _by_epoch(spreads: Sequence[Spread]) -> list[str]:
    """Return the weights epoch by epoch, and their numbers; nothing where none are known."""
    if not spreads:
        return []
    shown = [weights_of_layer(i, spread) for i, spread in enumerate(spreads)]
    figures = [f'<div class="picture">{picture.inline()}</div>' for picture in shown]
    columns = "a column for the start and for each epoch"
    if len(spreads[0].epochs) > 1 and spreads[0].epochs[-1] > len(spreads[0].epochs) - 1:
        columns = f"a column for the start and for {len(spreads[0].epochs) - 1} of the epochs"
    return [
        f'<figure><div class="pair">{"".join(figures)}</div><figcaption>Epoch by epoch: {columns}, '
        "stronger in colour where more weights lie, and never without where any does. "
        "Where a layer learns its weights move; where they stay it learns nothing.</figcaption>"
        "</figure>\n",
        folded("The numbers of the weights", "".join(map(tables.spread, spreads))),
    ]


def _neuron(result: Result, picture: Illustration, at_work: NeuronAtWork) -> str:
    experiment = result.experiment
    sample = at_work.sample
    verdict = _verdict(result, sample)
    what = experiment.task.samples.removesuffix("s")
    shown = (
        f"Of its {at_work.inputs} inputs the {at_work.drawn} with the largest terms are drawn; the "
        "others are summed up in one number, so that the sum is exact. "
        if at_work.drawn < at_work.inputs
        else ""
    )
    place = "of the output layer" if at_work.output else f"of layer {at_work.layer}"
    return section(
        "One neuron, with every derivative",
        f"<p>Neuron {at_work.neuron} {place} at work on the held-out {what} with the largest loss "
        f"({verdict}; loss {at_work.loss.data:.4g}). {shown}Values run forward "
        "along the arrows; derivatives run back against them.</p>\n"
        "<p>On each arrow stands the chain rule: the gradient of the box it points to, times the "
        "local derivative of that one operation, is what the arrow contributes to the gradient of "
        "the box it comes from.</p>\n",
        _figure(
            picture,
            "Each box holds its value and its gradient: the derivative of the loss with respect to "
            "it. The way on from the neuron to the loss is not drawn, but counted in.",
            kind="wide",
            scrolls=True,
        ),
    )


def _verdict(result: Result, sample: int) -> str:
    """Return what is right of a sample, and what the network says."""
    task = result.experiment.task
    said: Any = result.said[sample]
    truth: Any = result.truth[sample]
    if not task.classes:
        return f"{escape(task.target)} {truth:.4g}, told as {said:.4g}"
    right = f"of class {escape(task.labels[int(truth)])}"
    if truth != said:
        return f"{right}, taken for {escape(task.labels[int(said)])}"
    return f"{right}, rightly told, but with the least to spare"


def _again(result: Result, files: Iterable[str]) -> str:
    experiment = result.experiment
    s = experiment.settings
    rows = {
        "data": f"{s.dataset}"
        + (f", {s.points} points drawn" if s.points is not None else "")
        + (f", noise {s.noise:g}" if s.noise is not None else ""),
        **{name.replace("_", " "): " ".join(s.words(name)) for name in READING if s.words(name)},
        "split": f"{experiment.trained_on:,} to train on, "
        f"{len(experiment.train_set[1]) - experiment.trained_on:,} to watch the training, "
        f"{len(experiment.test_set[1]):,} held out for the test",
        "network": f"{experiment.model.sizes}, {s.activation} in the hidden layers, "
        f"{s.output_activation} output",
        "initial weights": s.init,
        "loss": s.loss,
        "optimiser": experiment.descent,
        **{
            name.replace("_", " "): s.words(name)[0]
            for name in ("class_weight", "patience", "metrics", *s.where)
            if s.words(name)
        },
        "batch size": str(s.batch_size),
        "epochs": str(s.epochs),
        "seed": f"{s.seed} (for data, split, weights and order)",
        "versions": versions(),
    }
    body = "".join(
        f'<tr><th scope="row">{name}</th><td>{escape(text)}</td></tr>\n'
        for name, text in rows.items()
    )
    names = ", ".join(f"<code>{escape(name)}</code>" for name in files)
    return section(
        "Settings, and how to run it again",
        f'<table class="settings"><tbody>\n{body}</tbody></table>\n'
        "<p>This command gives the same files again, byte for byte, on the same machine, but for "
        "the seconds in <code>times.csv</code>:</p>\n"
        f"<pre><code>{escape(command(s, experiment.task.defaults))}</code></pre>\n"
        f'<p>Beside this page stand {names}. <code>nn.MLP.load("model.json")</code> gives the '
        "trained network back.</p>\n",
    )


def command(settings: Settings, usual: Settings | None = None) -> str:
    """Return the command that runs these settings again, without the output folder.

    Args:
        settings: of the run.
        usual: those of its data where none are given; for a set that is known by name, None.

    >>> command(TASKS["moons"].defaults)
    'chalkgrad train moons --seed 0'
    """
    defaults = usual or TASKS[settings.dataset].defaults
    words = ["chalkgrad", "train", settings.dataset]
    for field in fields(settings):
        chosen = settings.words(field.name)
        if field.name not in ("dataset", "seed") and chosen != defaults.words(field.name):
            words += settings.option(field.name)
    return shlex.join([*words, "--seed", str(settings.seed)])


def versions() -> str:
    """Return the versions of the packages behind the numbers and pictures."""
    names = {"NumPy": "numpy", "matplotlib": "matplotlib", "graphviz": "graphviz"}
    others = [f"{shown} {metadata.version(name)}" for shown, name in names.items()]
    python = f"Python {platform.python_version()}"
    return ", ".join([f"chalkgrad {autograd.__version__}", python, *others])
