"""The report: what its page and pictures say is what the run gave, and it needs nothing else."""

import dataclasses
import itertools
import re
import shlex
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from nn import History, classes, confusion, cross_entropy
from nn.command import cli, train
from nn.report import NAMES, report_files
from nn.report.drawing import Tile, network_svg, sheet_svg, tile_svg
from nn.report.experiment import Result, prepare
from nn.report.neuron import DRAWN, neuron_at_work
from nn.report.page import command
from nn.report.pictures import MISTAKES_SHOWN, with_own_ids
from nn.report.settings import TASKS, Settings
from support.pages import Page, check_alone

DIGITS = Settings("digits", (5,), loss="cross_entropy", lr=0.05, epochs=1)
MOONS = Settings("moons", (4, 3), points=80, epochs=3)


def run(settings: Settings) -> Result:
    experiment = prepare(settings)
    return experiment.result(experiment.train(progress=False))


@pytest.fixture(scope="module")
def digits() -> Result:
    return run(DIGITS)


@pytest.fixture(scope="module")
def moons() -> Result:
    return run(MOONS)


@pytest.fixture(scope="module")
def digits_files(digits: Result) -> dict[str, str]:
    return report_files(digits)


@pytest.fixture(scope="module")
def moons_files(moons: Result) -> dict[str, str]:
    return report_files(moons)


@pytest.fixture(params=["digits", "moons"])
def files(request: pytest.FixtureRequest) -> dict[str, str]:
    return request.getfixturevalue(f"{request.param}_files")


# The page ---------------------------------------------------------------------------------------


def test_the_page_needs_nothing_but_itself(files: dict[str, str]) -> None:
    check_alone(files["report.html"])


def test_no_id_stands_twice_and_every_reference_has_its_target(files: dict[str, str]) -> None:
    text = files["report.html"]
    ids = [a["id"] for _, a in Page(text).elements if "id" in a]
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', text)
    assert used
    assert set(used) <= set(ids)


def test_the_page_can_be_read_aloud(files: dict[str, str]) -> None:
    page = Page(files["report.html"])
    assert page.all("html")[0]["lang"] == "en"
    # Without `dot`, the parts of the network have titles of their own, which SVG shows as tips.
    titles = [place for tag, place in page.places if tag == "title" and "svg" not in place]
    assert len(page.all("h1")) == len(titles) == len(page.all("main")) == 1
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    pictures = page.all("svg")
    assert len(pictures) >= 5
    for attributes in pictures:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"] or "") > 10
    assert all("scope" in attributes for attributes in page.all("th"))


def test_nothing_in_a_report_tells_when_or_where_it_was_made(files: dict[str, str]) -> None:
    for name, text in files.items():
        assert not re.search(r"0x[0-9a-f]{6}", text), name
        assert not re.search(r"\b20\d\d-\d\d-\d\d\b|\d\d:\d\d:\d\d", text), name
        assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|work|Users)/", text), name


@pytest.mark.parametrize("settings", [DIGITS, MOONS], ids=["digits", "moons"])
def test_the_same_settings_give_the_same_text(
    settings: Settings, request: pytest.FixtureRequest
) -> None:
    again = report_files(run(settings))
    before = request.getfixturevalue(f"{settings.dataset}_files")
    # Only seconds are no two times the same.
    assert {**again, "times.csv": ""} == {**before, "times.csv": ""}
    assert again["times.csv"].count("\n") == before["times.csv"].count("\n")


def test_the_page_tells_the_run(digits: Result, digits_files: dict[str, str]) -> None:
    page = Page(digits_files["report.html"])
    right = int(np.trace(digits.confusion))
    assert f"{right} of 359" in page.text("strong")
    assert page.text("dd") == [f"{right / 359:.1%}", "385", "1,294", "1"]
    text = " ".join(text for _, text in page.texts)
    for word in ("cross_entropy", "learning rate 0.05", "momentum 0.9", "xavier", "0 (for data"):
        assert word in text
    assert re.search(r"chalkgrad \d+\.\d+\.\d+, Python 3\.\d+\.\d+, NumPy \d", text)
    assert "CC BY 4.0" in text
    assert "interrupted" not in text


def test_the_confusion_table_holds_the_counts(digits: Result, digits_files: dict[str, str]) -> None:
    text = digits_files["report.html"]
    table = text[text.index('<table class="confusion"') :]
    rows = re.findall(r"<tr>.*?</tr>", table[: table.index("</table>")])[1:]
    shown = [[int(n or 0) for n in re.findall(r"<td[^>]*>(\d*)</td>", row)] for row in rows]
    X, y = digits.experiment.test_set
    said = classes(digits.experiment.model.predict(X))
    assert shown == confusion(said, y, 10).tolist()


def test_the_wrongly_read_digits_are_those_and_the_worst_come_first(
    digits: Result, digits_files: dict[str, str]
) -> None:
    X, y = digits.experiment.test_set
    outputs = digits.experiment.model.predict(X)
    wrong = [i for i in range(len(y)) if outputs[i].argmax() != y[i]]
    assert sorted(digits.mistakes()) == wrong
    losses = [cross_entropy(outputs[i].tolist(), int(y[i])) for i in digits.mistakes()]
    assert losses == sorted(losses, reverse=True)
    shown = min(len(wrong), MISTAKES_SHOWN)
    captions = [t for t in Page(digits_files["report.html"]).text("span") if "read" in t]
    expected = [f"read {digits.said[i]}, is {y[i]}" for i in digits.mistakes()]
    assert captions == expected[:shown]
    svg = ElementTree.fromstring(digits_files["mistakes.svg"])
    assert [e.text for e in svg.iter("{http://www.w3.org/2000/svg}text")] == expected[:shown]


def test_a_network_without_mistakes_is_said_to_have_none(digits: Result) -> None:
    y = digits.experiment.test_set[1]
    perfect = dataclasses.replace(
        digits,
        outputs=np.eye(10)[y] * 9,
        said=y,
    )
    files = report_files(perfect)
    assert "None: every held-out digit was read right" in files["report.html"]
    assert "mistakes.svg" not in files


def test_an_interrupted_run_is_said_to_be_one(moons: Result) -> None:
    history = History(moons.history[:2], metric_name="accuracy")
    history.interrupted = True
    text = report_files(dataclasses.replace(moons, history=history))["report.html"]
    assert "was interrupted (Ctrl-C) after 2 of 3 epochs" in text


def test_a_run_without_an_epoch_has_no_report(moons: Result) -> None:
    with pytest.raises(ValueError, match="no epoch"):
        report_files(dataclasses.replace(moons, history=History()))


@pytest.mark.parametrize(
    "settings",
    [
        *(task.defaults for task in TASKS.values()),
        DIGITS,
        MOONS,
        Settings("xor", (), loss="hinge", noise=0.25, points=33, seed=9, init="he", lr=1e-05),
        Settings("moons", (8, 8), points=500, output_activation="sigmoid", batch_size=3),
        Settings("moons", (), points=33, schedule="step:every=3", clip_norm=0.5, clip_value=2e6),
        Settings(
            "xor", (), points=33, patience=3, metrics=("f1", "recall"), class_weight="0=2,1=3"
        ),
    ],
    ids=command,
)
def test_the_command_on_the_page_means_the_same_settings(settings: Settings) -> None:
    words = shlex.split(command(settings))
    assert words.pop(0) == "chalkgrad"
    options = cli._parser().parse_args(words)
    assert train.chosen_by(options)[0] == settings


# The other files --------------------------------------------------------------------------------


def test_every_file_has_a_known_name_and_every_picture_is_sound(files: dict[str, str]) -> None:
    assert set(files) <= set(NAMES)
    for name, text in files.items():
        assert text.endswith("\n")
        if name.endswith(".svg"):
            svg = ElementTree.fromstring(text)
            assert svg.tag == "{http://www.w3.org/2000/svg}svg"
            assert len(list(svg.iter())) > 5
            assert "viewBox" in svg.attrib


def test_the_history_and_the_model_are_those_of_the_run(
    moons: Result, moons_files: dict[str, str], tmp_path: Any
) -> None:
    assert moons_files["history.csv"] == moons.history.to_csv()
    moons.experiment.model.save(tmp_path / "model.json")
    assert moons_files["model.json"] == (tmp_path / "model.json").read_text(encoding="utf-8")


def test_a_report_needs_no_graphviz(moons: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    files = report_files(moons)
    page = Page(files["report.html"])
    assert "weighted sum" in {text for _, text in page.texts}
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', files["report.html"])) <= set(ids)


# The neuron -------------------------------------------------------------------------------------


def leaves(value: Any, found: dict[str, Any]) -> dict[str, Any]:
    for x in value.args:
        if x.op is None:
            found[x.label] = x
        else:
            leaves(x, found)
    return found


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_the_neuron_that_is_drawn_is_the_one_in_the_network(
    name: str, request: pytest.FixtureRequest
) -> None:
    result: Result = request.getfixturevalue(name)
    at_work = neuron_at_work(result)
    model = result.experiment.model
    x = result.experiment.test_set[0][at_work.sample].tolist()
    label = int(result.experiment.test_set[1][at_work.sample])
    assert max(result.losses()) == result.losses()[at_work.sample]

    hidden = model.layers[0](x)
    outputs = list(hidden)
    for layer in model.layers[1:]:
        outputs = layer(outputs)
    loss = result.experiment.loss.function(outputs, label)
    loss.backward()
    neuron = model.layers[0].neurons[at_work.neuron]
    assert at_work.layer == 0
    assert at_work.value.data == pytest.approx(hidden[at_work.neuron].data, rel=1e-12)
    assert at_work.value.grad == pytest.approx(hidden[at_work.neuron].grad, rel=1e-9)
    assert at_work.loss.data == pytest.approx(loss.data, rel=1e-12)

    drawn = leaves(at_work.value, {})
    assert drawn["bias"].grad == pytest.approx(neuron.bias.grad, rel=1e-9)
    steepest = max(abs(other.bias.grad or 0.0) for other in model.layers[0].neurons)
    assert abs(neuron.bias.grad or 0.0) == steepest
    terms = [w.data * a for w, a in zip(neuron.weights, x, strict=True)]
    if name == "moons":
        assert (at_work.drawn, at_work.inputs) == (2, 2)
        for i, weight in enumerate(neuron.weights):
            assert drawn[f"w(x{i + 1})"].data == weight.data
            assert drawn[f"w(x{i + 1})"].grad == pytest.approx(weight.grad, rel=1e-9)
            assert drawn[f"x{i + 1}"].data == x[i]
    else:
        assert (at_work.drawn, at_work.inputs) == (DRAWN, 64)
        largest = sorted(range(64), key=lambda i: -abs(terms[i]))[:DRAWN]
        for i in largest:
            place = f"row {i // 8 + 1}, col {i % 8 + 1}"
            assert drawn[f"w({place})"].data == neuron.weights[i].data
            assert drawn[f"w({place})"].grad == pytest.approx(neuron.weights[i].grad, rel=1e-9)
            assert drawn[place].data == x[i]
        rest = drawn[f"the other {64 - DRAWN} inputs"]
        assert rest.data == pytest.approx(sum(t for i, t in enumerate(terms) if i not in largest))


def test_a_network_without_hidden_layers_shows_an_output_neuron() -> None:
    result = run(dataclasses.replace(MOONS, hidden=()))
    at_work = neuron_at_work(result)
    assert at_work.output
    assert "of the output layer" in report_files(result)["report.html"]


def test_drawing_a_neuron_leaves_the_model_as_it_was(moons: Result) -> None:
    model = moons.experiment.model
    before = [p.data for p in model.parameters()]
    neuron_at_work(moons)
    assert [p.data for p in model.parameters()] == before
    assert [p.grad for p in model.parameters()] == [None] * len(before)


# Small pictures ---------------------------------------------------------------------------------


def test_a_pixel_is_as_dark_as_its_number_and_signs_have_colours() -> None:
    pixels = np.array([[0.0, 1.0], [-1.0, 0.5]])
    signed = tile_svg(Tile(pixels, "", 1.0), "weights", signed=True)
    assert re.findall(r'fill="(#\w+)" d="(M[^"]*)"', signed)[1:] == [
        ("#80b8d8", "M1 1h1v1h-1z"),
        ("#0072b2", "M1 0h1v1h-1z"),
        ("#d55e00", "M0 1h1v1h-1z"),
    ]
    assert "#0072b2" not in tile_svg(Tile(abs(pixels), "", 1.0), "ink")


def test_weights_that_are_all_zero_are_a_white_image() -> None:
    svg = tile_svg(Tile(np.zeros((2, 2)), "", 0.0), "nothing")
    assert re.findall(r'fill="(#\w+)"', svg) == ["#ffffff"]


def test_captions_are_escaped() -> None:
    tile = Tile(np.eye(2), '<b>&"', 1.0)
    svg = ElementTree.fromstring(sheet_svg([tile], 'a "<label>"'))
    assert svg.attrib["aria-label"] == 'a "<label>"'
    assert [e.text for e in svg.iter() if e.tag.endswith("text")] == ['<b>&"']


def test_a_line_for_each_weight_and_a_circle_for_each_neuron() -> None:
    arrays = [(np.array([[1.0, -1.0], [0.5, 0.0]]), np.array([0.0, 2.0])),
              (np.array([[-3.0, 3.0]]), np.array([-1.0]))]  # fmt: skip
    svg = network_svg(arrays, ["2 inputs", "2 × tanh", "1 output"], "a network")
    assert svg.count("<circle") == 5
    # A weight of 0 carries nothing and has no line.
    lines = {
        colour: sum(d.count("M") for c, d in re.findall(r'stroke="(#\w+)".*?d="([^"]*)"', svg)
                    if c == colour)
        for colour in ("#0072b2", "#d55e00")
    }  # fmt: skip
    assert lines == {"#0072b2": 3, "#d55e00": 2}


def test_ids_get_a_name_of_their_own() -> None:
    text = with_own_ids('<path id="m1"/><use xlink:href="#m1"/><g clip-path="url(#p)"/>', "loss")
    assert text == ('<path id="loss-m1"/><use xlink:href="#loss-m1"/><g clip-path="url(#loss-p)"/>')
