"""Pictures: what is in them, the same bytes each time, and nothing global touched."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from nn import MLP, EpochRecord, History, Layer, confusion, datasets, plots

HISTORY = History(
    [EpochRecord(n, 1.0 / n, 1 - 0.5 / n, 1.2 / n, 1 - 0.6 / n, 0.1, 0) for n in (1, 2, 3)],
    metric_name="accuracy",
)


def moons_boundary():
    X, y = datasets.moons(40, seed=0)
    return plots.boundary(MLP([2, 4, 1], seed=1), X, y, steps=20)


def spirals_boundary():
    X, y = datasets.spirals(40, classes=3)
    return plots.boundary(MLP([2, 4, 3], seed=1), X, y, steps=20)


def table():
    return plots.confusion_matrix(confusion([0, 1, 1, 2, 2], [0, 1, 2, 2, 2], 3))


def digits():
    X, y = datasets.digits()
    return plots.images(X[:11], [f"is {k}" for k in y[:11]])


PICTURES = {
    "curves": HISTORY.plot,
    "moons": moons_boundary,
    "spirals": spirals_boundary,
    "table": table,
    "digits": digits,
}


@pytest.fixture(params=PICTURES)
def name(request):
    return request.param


def test_a_picture_is_one_svg_element_and_the_same_text_each_time(name):
    text = plots.svg(PICTURES[name](), name)
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("id") == name
    assert text == plots.svg(PICTURES[name](), name)
    assert "date" not in text.lower()


def test_pictures_on_one_page_share_no_ids_and_every_reference_is_met():
    seen = set()
    for name, make in PICTURES.items():
        text = plots.svg(make(), name)
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids))
        assert not seen & set(ids)
        seen |= set(ids)
        references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
        assert {a or b for a, b in references} <= set(ids)
        # Its style rule reaches only into itself.
        assert re.findall(r"<style[^>]*>([^{]*)\{", text) == [f"#{name} *"]


def test_the_curves_name_their_axes_and_lines():
    loss, accuracy = HISTORY.plot().axes
    assert (loss.get_title(), accuracy.get_title()) == ("loss", "accuracy")
    for axes in (loss, accuracy):
        assert axes.get_xlabel() == "epoch"
        assert [text.get_text() for text in axes.get_legend().get_texts()] == [
            "trained on",
            "validation",
        ]
    np.testing.assert_allclose(loss.lines[0].get_ydata(), HISTORY.loss)
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), HISTORY.validation_metric)


def test_curves_without_a_metric_or_a_validation_set_have_one_panel_and_one_line():
    (axes,) = History([EpochRecord(1, 2.0, None, None, None, 0.1, 0)]).plot().axes
    assert len(axes.lines) == 1


def test_the_boundary_rings_the_points_it_takes_for_another_class():
    X, y = datasets.moons(30, seed=0)
    model = Layer(2, 1, "linear")
    model.set_arrays([([[0.0, -1.0]], [0.25])])
    wrong = (model.predict(X)[:, 0] > 0) != y
    assert 0 < wrong.sum() < 30
    axes = plots.boundary(model, X, y, steps=20).axes[0]
    rings = axes.collections[-1].get_offsets()
    np.testing.assert_allclose(np.asarray(rings), X[wrong])


def test_a_boundary_is_drawn_for_a_model_that_says_one_class_everywhere():
    X, y = datasets.moons(10, seed=0)
    model = Layer(2, 1, "linear")
    model.set_arrays([([[0.0, 0.0]], [-1.0])])
    assert plots.boundary(model, X, y, steps=10)
    assert plots.boundary(model, X, y * 0, steps=10)


def test_a_confusion_matrix_writes_its_counts_but_zeros():
    axes = table().axes[0]
    assert sorted(text.get_text() for text in axes.texts) == ["1", "1", "1", "2"]
    named = plots.confusion_matrix([[1, 0], [0, 1]], ["cat", "dog"]).axes[0]
    assert [label.get_text() for label in named.get_xticklabels()] == ["cat", "dog"]


def test_images_stand_in_rows_with_their_captions():
    axes = digits().axes
    assert len(axes) == 11
    assert axes[3].get_title() == "is 3"
    assert axes[0].images[0].get_array().shape == (8, 8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.curves(History()), "no epoch to draw"),
        (lambda: plots.boundary(MLP([3, 1]), np.zeros((2, 3)), [0, 1]), r"shape \(samples, 2\)"),
        (lambda: plots.boundary(MLP([3, 1]), np.eye(2), [0, 1]), r"takes 3 input\(s\), got 2"),
        (lambda: plots.confusion_matrix([[1, 2]]), r"\(classes, classes\); got \(1, 2\)"),
        (lambda: plots.confusion_matrix([[1]], ["a", "b"]), "a name for each of 1 classes; got 2"),
        (lambda: plots.images(np.zeros((2, 9))), r"\(samples, 8 \* 8\)"),
        (lambda: plots.images(np.zeros((0, 64))), "with a sample at least"),
        (lambda: plots.images(np.zeros((2, 64)), ["a"]), "2 captions, one for each image; got 1"),
        (lambda: plots.svg(HISTORY.plot(), "a b"), "the start of ids"),
    ],
)
def test_what_cannot_be_drawn_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_notebook_shows_a_figure_as_svg():
    assert "<img" in HISTORY.plot()._repr_mimebundle_()["text/html"]


def test_matplotlib_is_imported_with_the_first_picture_and_pyplot_never():
    code = (
        "import sys; from nn import plots, History, EpochRecord; "
        "print('matplotlib' in sys.modules); "
        "plots.svg(History([EpochRecord(1, 1.0, None, None, None, 0.1, 0)]).plot()); "
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


def test_without_matplotlib_one_sentence_says_what_to_install():
    code = (
        "import sys; sys.modules['matplotlib'] = None; "
        "from nn import History, EpochRecord; "
        "History([EpochRecord(1, 1.0, None, None, None, 0.1, 0)]).plot()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "ImportError: pictures need matplotlib, which is not installed: "
        'pip install "chalkgrad[plots]"'
    )


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("matplotlib.figure", "History([EpochRecord(1, 1.0, None, None, None, 0.1, 0)]).plot()"),
        ("matplotlib.backends.backend_svg", "plots.svg(plots.images([[0.0] * 64]))"),
        ("matplotlib", "sys.exit(cli.main(['train', 'moons', '-o', sys.argv[1]]))"),
        ("matplotlib.figure", "sys.exit(cli.main(['train', 'moons', '-q', '-o', sys.argv[1]]))"),
    ],
)
def test_ctrl_c_while_matplotlib_is_imported_is_ctrl_c(module, call, tmp_path):
    # What its parts in C make of it when they are being imported.
    code = (
        "import sys\n"
        "from nn import History, EpochRecord, plots\nfrom nn.command import cli\n"
        "class Interrupted:\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            raise ImportError('initialization failed') from KeyboardInterrupt()\n"
        "sys.meta_path.insert(0, Interrupted)\n"
        f"try:\n    {call}\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "demo")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    assert not (tmp_path / "demo").exists()


def test_what_is_wrong_with_a_matplotlib_that_is_there_is_said_by_itself():
    code = (
        "import sys; sys.modules['kiwisolver'] = None\n"
        "from nn import plots; plots.images([[0.0] * 64])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "kiwisolver" in done.stderr.splitlines()[-1]
    assert "not installed" not in done.stderr


def test_metrics_that_were_asked_for_are_drawn_besides_the_accuracy() -> None:
    table = [[1, 0], [0, 1]]
    records = [
        EpochRecord(
            n, 1.0 / n, 0.5, 1.2 / n, 0.5, 0.1, 0,
            {"accuracy": 0.5, "f1": n / 10, "top_k": 0.9, "confusion_matrix": table},
            {"accuracy": 0.5, "f1": n / 20, "top_k": 0.8, "confusion_matrix": table},
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    figure = History(records, metric_name="accuracy").plot()
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy", "f1", "top k"]
    trained, held = figure.axes[2].lines
    assert list(trained.get_ydata()) == [0.1, 0.2, 0.3]
    assert list(held.get_ydata()) == [0.05, 0.1, 0.15]
    # Numbers have no accuracy, and metrics of training alone no second line.
    alone = [EpochRecord(n, 1.0 / n, None, None, None, 0.1, 0, {"r2": 0.5}) for n in (1, 2)]
    loss, r2 = History(alone).plot().axes
    assert (loss.get_title(), r2.get_title(), len(r2.lines)) == ("loss", "r2", 1)
