"""Pictures of a model before it trains, for where the script of a page is stripped.

So it is in notebooks that are not trusted, and on sites that show notebooks. Each picture is an
image of its own, so that they stand in a row or one below the other. They are written short, for a
notebook keeps them; light and dark follow the page around them where it says which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np

from autograd import pages
from nn.validation import Array, Floats

# Beside the colours of all pages, those of signs.
COLOURS = pages.COLOURS | {
    "plus": ("#0072b2", "#56b4e9"),
    "minus": ("#d55e00", "#e8803c"),
    "plus-text": ("#00629a", "#7cc4ef"),
    "minus-text": ("#a34700", "#f2a266"),
}
# Okabe and Ito, "Color Universal Design", 2008; those of two classes are the signs'.
MANY = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b"),
    *("#56b4e9", "#8c564b", "#7f7f7f", "#6a3d9a", "#1b9e9e"),
)

# Of an image, in CSS pixels, and the room for its caption.
_WIDE, _HIGH, _TOP = 280, 300, 24
# Shades, points along each side of the plane, and the most samples, weights and outputs drawn.
_SHADES, _GRID, _SAMPLES, _LINES, _BARS = 8, 60, 800, 700, 20

# The classes of what is drawn: what they colour, and with which colour.
_CLASSES = (
    *[(name, "stroke", name) for name in ("plus", "minus", "line", "quiet")],
    *[("ground", "stroke", "paper"), ("pen", "stroke", "ink")],
    *[("paper", "fill", "paper"), ("ink", "fill", "ink")],
)

# A picture: what it shows in words, and its SVG.
Picture: TypeAlias = tuple[str, str]


def pictures(data: dict[str, Any], rows: Floats, look: Callable[[Array], Floats]) -> list[Picture]:
    """Return the loss, the network and what the model says, as they are before training.

    Args:
        data: what a page's script is given.
        rows: the samples with their targets, those to train on first.
        look: gives the outputs and those of all neurons for samples.
    """
    X = rows[:, : data["inputs"]]
    drawn = [("the loss of each epoch: none yet", _loss())]
    if data["neurons"]:
        drawn.append((
            f"the network: {len(data['neurons'])} neurons and the weights between them",
            _network(data, X[0], look(X[:1])[0]),
        ))  # fmt: skip
    if data["inputs"] == 2:
        said = "the samples and what the model says everywhere"
        drawn.append((said, _plane(data, X, rows[:, 2:], look)))
    elif data["inputs"] == 1:
        drawn.append(("the samples and the model's output", _line(data, X, rows[:, 1:], look)))
    else:
        said = "the outputs of the model for the first sample"
        drawn.append((said, _bars(look(X[:1])[0, : data["outputs"]])))
    return drawn


def _svg(caption: str, *parts: str) -> str:
    """Return a picture with its ground, its caption and the colours that it uses."""
    body = "".join(parts)
    rules = [
        f".{name}{{{kind}:{light};{kind}:light-dark({light},{dark})}}"
        for name, kind, colour in _CLASSES
        for light, dark in [COLOURS[colour]]
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" '
        f'width="{_WIDE}" height="{_HIGH}" font-family="system-ui,sans-serif" font-size="13" '
        f'fill="none"><style>:root{{color-scheme:light dark}}{"".join(rules)}</style>'
        f'<rect class="paper" width="{_WIDE}" height="{_HIGH}"/>'
        f'<text class="ink" x="4" y="16">{caption}</text>{body}</svg>'
    )


def _path(d: str, name: str, more: str = "") -> str:
    kind = f' stroke="{name}"' if name.startswith("#") else f' class="{name}"'
    return f'<path{kind}{more} d="{d}"/>' if d else ""


def _text(x: float, y: float, text: str, anchor: str = "end") -> str:
    return f'<text class="ink" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{text}</text>'


def _loss() -> str:
    bottom = _HIGH - 24
    lines = "".join([f"M40 {y}H{_WIDE - 4}" for y in (40, (40 + bottom) // 2, bottom)])
    texts = [_text(34, bottom + 4, "0"), _text(40, _HIGH - 6, "1", "start")]
    return _svg("Loss", _path(lines, "line"), *texts, _text(_WIDE - 4, _HIGH - 6, "epoch"))


# The network --------------------------------------------------------------------------------------


def _network(data: dict[str, Any], x: Floats, seen: Floats) -> str:
    columns: dict[int, list[int]] = defaultdict(list)
    columns[0] = [-1 - k for k in range(data["inputs"])]
    for n, neuron in enumerate(data["neurons"]):
        columns[neuron["column"] + 1].append(data["outputs"] + n)
    spots = {
        slot: (
            round(_WIDE * (c + 0.5) / len(columns)),
            round(_TOP + (_HIGH - _TOP) * (i + 0.5) / len(column), 1),
        )
        for c, column in columns.items()
        for i, slot in enumerate(column)
    }
    wide = {
        slot: min(26.0, 0.82 * (_HIGH - _TOP) / len(column))
        for column in columns.values()
        for slot in column
    }
    return _svg("Network", *_weights(data, spots), *_units(spots, x, seen, wide))


def _weights(data: dict[str, Any], spots: dict[int, Any]) -> Iterable[str]:
    """Yield the lines for the weights, faint ones first; of very many the largest."""
    lines: list[tuple[float, bool, str]] = []
    found: dict[int, float] = defaultdict(float)
    known = [
        (neuron["column"], data["start"][i], spots[slot], spots[data["outputs"] + n])
        for n, neuron in enumerate(data["neurons"])
        for i, slot in zip(neuron["weights"], neuron["feed"], strict=True)
        if i is not None and slot in spots
    ]
    for column, weight, _, _ in known:
        found[column] = max(found[column], abs(weight))
    for column, weight, (x0, y0), (x1, y1) in known:
        share = abs(weight) / (found[column] or 1.0)
        lines.append((share, weight < 0.0, f"M{x0} {y0:g}L{x1} {y1:g}"))
    lines.sort()
    paths: dict[tuple[int, bool], str] = defaultdict(str)
    broad = 2.4 * min(1.0, 12.0 / max(len(neuron["feed"]) for neuron in data["neurons"]))
    for share, is_negative, d in lines[-_LINES:]:
        paths[round(_SHADES * share), is_negative] += d
    for (shade, is_negative), d in paths.items():
        share = shade / _SHADES
        look = f' stroke-width="{0.4 + broad * share:.2g}" opacity="{0.1 + 0.6 * share:.2g}"'
        yield _path(d, "minus" if is_negative else "plus", look)


def _units(spots: dict[int, Any], x: Floats, seen: Floats, wide: dict[int, float]) -> Iterable[str]:
    """Yield inputs and neurons, in the colour of their numbers for the first sample."""
    grounds, rims = "", ""
    filled: dict[tuple[int, bool], str] = defaultdict(str)
    for slot, (across, down) in spots.items():
        value = float(x[-1 - slot] if slot < 0 else seen[slot])
        r = round(wide[slot] * (0.32 if slot < 0 else 0.46), 1)
        half = f"a{r:g} {r:g} 0 1 0 "
        ring = f"M{across - r:g} {down:g}{half}{2 * r:g} 0{half}{-2 * r:g} 0"
        grounds += ring
        rims += ring
        filled[round(_SHADES * _share(value)), value < 0.0] += ring
    yield f'<path class="paper" d="{grounds}"/>'
    for (shade, is_negative), d in filled.items():
        light, dark = COLOURS["minus" if is_negative else "plus"]
        style = f"fill:{light};fill:light-dark({light},{dark})"
        yield f'<path style="{style}" opacity="{shade / _SHADES:g}" d="{d}"/>' if shade else ""
    yield _path(rims, "quiet")


def _share(x: float) -> float:
    return min(1.0, abs(x)) if x == x else 0.0


# What the model says ------------------------------------------------------------------------------


def _range(xs: Floats) -> tuple[float, float]:
    low, high = float(xs.min()), float(xs.max())
    margin = 0.12 * (high - low) or 1.0
    return low - margin, high + margin


def _placed(xs: Floats, known: tuple[float, float], size: float) -> Floats:
    low, high = known
    return (xs - low) / (high - low) * size


def _names(data: dict[str, Any]) -> Sequence[str]:
    """Return the colours of classes, or of what is low and high."""
    return ("minus", "plus") if data["outputs"] == 1 or data["classes"] is None else MANY


def _plane(
    data: dict[str, Any], X: Floats, targets: Floats, look: Callable[[Array], Floats]
) -> str:
    across, up = _range(X[:, 0]), _range(X[:, 1])
    side = (np.arange(_GRID) + 0.5) / _GRID
    xs, ys = np.meshgrid(across[0] + side * (across[1] - across[0]), up[1] - side * (up[1] - up[0]))
    outputs = look(np.column_stack([xs.ravel(), ys.ravel()]))[:, : data["outputs"]]
    kinds, shares = _said(data, outputs, targets)
    shades = np.round(_SHADES * shares).astype(int)
    shape = _GRID, _GRID
    ground = _shaded(kinds.reshape(shape), shades.reshape(shape), _names(data))
    scale = f"translate(0 {_TOP})scale({_WIDE / _GRID:g} {(_HIGH - _TOP) / _GRID:g})"
    across_at = _placed(X[:, 0], across, _WIDE)
    down_at = _HIGH - _placed(X[:, 1], up, _HIGH - _TOP)
    return _svg(
        "What the model says",
        f'<g transform="{scale}" shape-rendering="crispEdges">{ground}</g>',
        *_samples(data, across_at, down_at, targets),
    )


def _said(data: dict[str, Any], outputs: Floats, targets: Floats) -> tuple[Array, Floats]:
    """Return the place of the colour of each row of outputs, and its strength from 0 to 1."""
    outputs = np.nan_to_num(outputs)
    if len(_names(data)) > 2:
        best = outputs.argmax(axis=1)
        total = np.exp(outputs - outputs.max(axis=1, keepdims=True)).sum(axis=1)
        chance = 1.0 / outputs.shape[1]
        return best % len(MANY), 0.15 + 0.85 * (1.0 / total - chance) / (1.0 - chance)
    leaning = _leaning(data, outputs[:, 0], targets)
    return (leaning >= 0.0).astype(int), np.minimum(np.abs(leaning), 1.0)


def _leaning(data: dict[str, Any], z: Floats, targets: Floats) -> Floats:
    """Return how far outputs are on either side, from -1 to 1."""
    if data["classes"] is None:
        return 2.0 * _placed(z, _range(targets), 1.0) - 1.0
    return 2.0 * (z - data["cut"]) if data["cut"] else np.tanh(z / 2.0)


def _shaded(kinds: Array, shades: Array, names: Sequence[str]) -> str:
    """Return a grid as lines of one colour and shade, each a unit broad."""
    runs: dict[tuple[int, int], str] = defaultdict(str)
    for i, row in enumerate(zip(kinds.tolist(), shades.tolist(), strict=True)):
        begin = 0
        for cell, group in groupby(zip(*row, strict=True)):
            count = len(list(group))
            if cell[1]:
                runs[cell] += f"M{begin} {i}.5h{count}"
            begin += count
    return "".join([
        _path(d, names[kind], f' opacity="{0.75 * shade / _SHADES:.2g}"')
        for (kind, shade), d in sorted(runs.items())
    ])  # fmt: skip


def _samples(data: dict[str, Any], xs: Floats, ys: Floats, targets: Floats) -> Iterable[str]:
    """Yield the samples as dots in the colours of their classes, those held out with a hole."""
    kinds = data["classes"]
    if kinds is None:
        is_high = _leaning(data, targets[:, 0], targets) >= 0.0
        kinds = (is_high | (data["inputs"] == 1)).astype(int).tolist()
    dots: dict[tuple[int, bool], str] = defaultdict(str)
    spots = zip(kinds, np.rint(xs).astype(int), np.rint(ys).astype(int), strict=True)
    for i, (kind, x, y) in enumerate([*spots][:_SAMPLES]):
        dots[kind, i >= data["count"]] += f"M{x} {y}h0"
    names = _names(data)
    for (kind, is_held), d in sorted(dots.items()):
        cap = ' stroke-linecap="round"' if kind % 3 else ' stroke-linecap="square"'
        yield _path(d, "ground", f'{cap} stroke-width="8"')
        yield _path(d, names[kind % len(names)], f'{cap} stroke-width="6"')
        yield _path(d, "ground", f'{cap} stroke-width="3"') if is_held else ""


def _line(data: dict[str, Any], X: Floats, targets: Floats, look: Callable[[Array], Floats]) -> str:
    across, up = _range(X[:, 0]), _range(targets)
    grid = np.linspace(*across, 61)
    z = np.nan_to_num(look(grid[:, None])[:, 0])
    high = _HIGH - _TOP
    ys = np.clip(_HIGH - _placed(z, up, high), -_HIGH, 2 * _HIGH)
    xs = _placed(grid, across, _WIDE)
    points = "L".join([f"{x:g} {y:.1f}" for x, y in zip(xs, ys, strict=True)])
    down_at = _HIGH - _placed(targets[:, 0], up, high)
    return _svg(
        "The model's output over its input",
        *_samples(data, _placed(X[:, 0], across, _WIDE), down_at, targets),
        _path(f"M{points}", "pen", ' stroke-width="2"'),
    )


def _bars(outputs: Floats) -> str:
    outputs = np.nan_to_num(outputs[:_BARS])
    high = min(26.0, (_HIGH - _TOP - 8) / len(outputs))
    most = float(np.abs(outputs).max()) or 1.0
    bars: dict[str, str] = {"plus": "", "minus": ""}
    texts: list[str] = []
    for k, z in enumerate(outputs.tolist()):
        y = round(_TOP + 8 + high * (k + 0.5), 1)
        texts.append(_text(34, y + 4, str(k)))
        bars["plus" if z >= 0.0 else "minus"] += f"M42 {y:g}h{abs(z) / most * (_WIDE - 50):.0f}"
    drawn = [_path(d, name, f' stroke-width="{0.7 * high:.3g}"') for name, d in bars.items()]
    return _svg("The outputs for the first sample", *drawn, *texts)
