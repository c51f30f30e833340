"""Models and histories as a notebook shows them: tables that need neither style nor script."""

import base64
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from autograd import Value
from nn import MLP, SGD, EpochRecord, History, Layer, Module, Neuron, datasets, fit

EVIL = "</b><script>alert(1)</script><img src=x onerror='alert(1)'>\"'&"


def read(html: str) -> tuple[ET.Element, list[list[str]]]:
    """Return an output as a tree, and the cells of its table."""
    root = ET.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", html))
    assert {x.tag for x in root.iter()} <= {
        "div", "b", "img", "table", "thead", "tbody", "tr", "th", "td", "p"
    }  # fmt: skip
    assert {name for x in root.iter() for name in x.attrib} <= {
        "style", "scope", "alt", "width", "height", "src"
    }  # fmt: skip
    return root, [[cell.text or "" for cell in row] for row in root.iter("tr")]


def text(root: ET.Element) -> str:
    return "\n".join(root.itertext())


def test_a_network_is_a_row_for_each_layer() -> None:
    root, rows = read(MLP([2, 3, 1], seed=1)._repr_html_())
    assert root[0].text == "MLP([2, 3, 1]): 13 parameters"
    assert rows == [
        ["part", "kind", "shape", "activation", "parameters"],
        ["layers.0", "Layer", "2 → 3", "tanh", "9"],
        ["layers.1", "Layer", "3 → 1", "linear", "4"],
    ]


class Block(Module):
    def __init__(self) -> None:
        self.body = MLP([2, 3, 1], seed=0)
        self.heads = [Neuron(1, lambda x: x * x) for _ in range(20)]
        self.scale = {EVIL: Value(0.25)}

    def _summary(self) -> str:
        return EVIL


def test_a_model_of_ones_own_lists_the_same_parts_as_its_text() -> None:
    model = Block()
    root, rows = read(model._repr_html_())
    assert root[0].text == f"{EVIL}: {len(model.parameters())} parameters"
    assert rows[0] == ["part", "kind", "shape", "activation", "parameters", "value"]
    assert rows[1] == ["body", "MLP", "2 → 3 → 1", "", "13", ""]
    assert rows[3][:3] == ["body.layers.1", "Layer", "3 → 1"]
    assert rows[4][:3] == ["heads.0", "Neuron", "1 → 1"]
    assert rows[5][0] == "heads.0.weights.0"
    assert float(rows[5][-1]) == pytest.approx(model.heads[0].weights[0].data, rel=1e-5)
    assert rows[-1] == ["… and 10 more", "", "", "", "", ""]
    lines = repr(model).splitlines()
    assert len(lines) == len(rows)
    for line, row in zip(lines[1:-1], rows[1:-1], strict=True):
        shown = line.lstrip(" │├└─").split(":")[0]
        assert row[0].endswith(shown)
    model.heads.clear()
    root, rows = read(model._repr_html_())
    assert rows[-1][0].startswith("scale.</b><script>")
    assert rows[-1][-1] == "0.25"
    assert read(Layer(2, 2)._repr_html_())[1] == []
    assert read(Module()._repr_html_())[0][0].text == "Module: 0 parameters"


def records(n: int, **changes: Any) -> list[EpochRecord]:
    values = {"metric": 0.5, "validation_loss": 0.5, "validation_metric": 0.25, "time": 1.0}
    return [EpochRecord(i, loss=1.0 / i, seed=0, **{**values, **changes}) for i in range(1, n + 1)]


def test_a_history_is_its_curve_its_first_and_last_epochs_and_what_ran() -> None:
    history = History(records(200), "accuracy")
    history.engine, history.note, history.interrupted = "eager", EVIL, True
    root, rows = read(history._repr_html_())
    assert root[0].text == repr(history)
    assert rows[0] == [
        "epoch", "loss", "accuracy", "validation loss", "validation accuracy", "seconds"
    ]  # fmt: skip
    shown = ["1", "2", "3", "…", *map(str, range(194, 201))]
    assert [row[0] for row in rows[1:]] == shown
    assert "190 epochs between; print(history) shows them" in text(root)
    assert text(root).endswith(f"engine: eager\n{history._remarks[0]}\n{EVIL}")
    assert len(history._repr_html_()) < 20_000


@pytest.mark.parametrize("n", [1, 2, 10, 11, 12])
def test_a_short_history_is_whole(n: int) -> None:
    root, rows = read(History(records(n, metric=None, validation_metric=None))._repr_html_())
    between = "…" in [row[0] for row in rows]
    assert between == (n == 12)
    assert len(rows) == 1 + (11 if between else n)
    assert [head for head in rows[0] if "metric" in head] == []
    assert len(list(root.iter("img"))) == (n > 1)
    assert "engine" not in text(root)


def polylines(html: str) -> list[list[tuple[float, float]]]:
    (data,) = re.findall(r"base64,([\w+/=]+)", html)
    drawn = ET.fromstring(base64.b64decode(data))
    return [
        [(float(x), float(y)) for x, y in (p.split(",") for p in line.attrib["points"].split())]
        for line in drawn
    ]


def test_the_small_curve_is_inside_its_frame_whatever_the_losses() -> None:
    falling, held = polylines(History(records(500))._repr_html_())
    assert falling[0] == (3.0, 3.0)
    assert falling[-1] == (237.0, 45.0)
    assert len(falling) < 202
    assert held[0][1] == held[-1][1]
    (alone,) = polylines(History(records(5, validation_loss=None))._repr_html_())
    assert len(alone) == 5
    for losses in ([1e308, -1e308], [1e308, 1e308], [0.0, 0.0], [5e-324, 0.0], [1.0, 2.0, 1.0]):
        run = History([EpochRecord(i, x, None, None, None, 1, 0) for i, x in enumerate(losses, 1)])
        (line,) = polylines(run._repr_html_())
        assert all(0 <= x <= 240 and 0 <= y <= 48 for x, y in line)


def test_what_fit_returns_says_its_engine_and_an_empty_history_is_one_line() -> None:
    X, y = datasets.moons(40, seed=0)
    model = MLP([2, 3, 1], seed=0)
    optimizer = SGD(model.parameters(), 0.1)
    loss = "binary_cross_entropy"
    history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=2, batch_size=10)
    root, rows = read(history._repr_html_())
    assert len(rows) == 3
    assert text(root).endswith("engine: compiled")
    root, rows = read(History()._repr_html_())
    assert (root[0].text, rows) == ("History of 0 epochs", [])
