"""LayerNorm, Softmax, Residual, Embedding, Recurrent, Flatten and Sequential beside PyTorch's."""

import copy
import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    Module,
    Neuron,
    Recurrent,
    Residual,
    Sequential,
    Softmax,
    datasets,
    fit,
)
from nn.layers.rows import flattened
from support.places import ROOT

KNOWN = json.loads((ROOT / "tests" / "data" / "layers.json").read_text())
RNG = np.random.default_rng(0)


def built(case: dict[str, Any]) -> Module:
    # Of `nn`, as other test files have classes of their own by these names.
    return getattr(nn, case["kind"]).from_config(case["config"])


def values(x: Any) -> Any:
    return [values(y) for y in x] if isinstance(x, list) else Value(x)


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["kind"])
def test_outputs_and_gradients_are_pytorchs(case: dict[str, Any]) -> None:
    model = built(case)
    named = dict(model.named_parameters())
    assert named.keys() == case["parameters"].keys() == case["gradients"].keys()
    for name, x in case["parameters"].items():
        named[name].data = x
    scale = 5.0 if case["kind"] == "Softmax" else 1.0
    inputs = case["inputs"] if case["gradient"] is None else values(case["inputs"])
    given = inputs if scale == 1.0 else [
        [scale * x for x in row] if isinstance(row, list) else scale * row for row in inputs
    ]  # fmt: skip
    outputs = flattened(model(given))
    assert [y.data for y in outputs] == pytest.approx(flattened(case["outputs"]), rel=1e-12)
    ag.dot(flattened(case["factors"]), outputs).backward()
    for name, slope in case["gradients"].items():
        assert (named[name].grad or 0.0) == pytest.approx(slope, rel=1e-12, abs=1e-14)
    if case["gradient"] is not None:
        slopes = flattened(case["gradient"])
        assert [x.grad for x in flattened(inputs)] == pytest.approx(slopes, rel=1e-12, abs=1e-14)


def test_only_the_rows_of_an_embedding_that_were_used_have_gradients() -> None:
    model = Embedding(5, 2, seed=1)
    ag.sum(flattened(model([3, 1, 3]))).backward()
    assert [[x.grad for x in row] for row in model.rows] == [
        [None, None], [1.0, 1.0], [None, None], [2.0, 2.0], [None, None]
    ]  # fmt: skip


def sequence() -> Module:
    return Sequential(
        Recurrent(2, 4, states="all", seed=1),
        Residual(LayerNorm(4)),
        Recurrent(4, 3, seed=2),
        Layer(3, 2, "linear", seed=3),
    )


def letters() -> Module:
    return Sequential(
        Embedding(6, 3, seed=1),
        Flatten(),
        Layer(12, 5, "tanh"),
        Dropout(0.1),
        Layer(5, 2, "linear"),
    )


def probabilities() -> Module:
    return Sequential(Residual(Layer(2, 2, "tanh")), LayerNorm(2), Layer(2, 3, "linear"), Softmax())


SERIES = RNG.standard_normal((40, 5, 2))
WORDS = RNG.integers(0, 6, (40, 4))
POINTS = RNG.standard_normal((40, 2))
MODELS: dict[str, tuple[Callable[[], Module], Any, Any, str]] = {
    "sequence": (sequence, SERIES, (SERIES.sum((1, 2)) > 0).astype(int), "cross_entropy"),
    "letters": (letters, WORDS, WORDS[:, 0] % 2, "cross_entropy"),
    "probabilities": (
        probabilities, POINTS, (POINTS[:, 0] > 0) + (POINTS[:, 1] > 0), "half_squared_error"
    ),
}  # fmt: skip
EACH = pytest.mark.parametrize(("make", "X", "y", "loss"), MODELS.values(), ids=MODELS)


@EACH
def test_the_checker_finds_every_gradient_right(
    make: Callable[[], Module], X: Any, y: Any, loss: str
) -> None:
    model = make().eval()

    def squared(outputs: Any, target: Any) -> Any:
        return sum((a - t) ** 2 for a, t in zip(outputs, [0.3, -0.4, 0.1], strict=False))

    report = ag.check_module(model, squared, X[0].tolist(), None)
    assert len(report.verdicts) == len(model.parameters())
    report.raise_if_wrong()


@EACH
@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_compiled_training_equals_eager(
    make: Callable[[], Module], X: Any, y: Any, loss: str, optimizer: Any
) -> None:
    runs: list[Any] = []
    for engine in ("compiled", "eager", "auto"):
        model = make()
        history = fit(
            model, X, y, loss=loss, optimizer=optimizer(model.parameters(), 0.05), epochs=3,
            batch_size=7, validation=0.2, engine=engine,
        )  # fmt: skip
        assert history.note == ""
        assert history.loss[-1] < history.loss[0]
        losses = [*history.loss, *history.validation_loss]
        runs.append([history.engine, *losses, *[p.data for p in model.parameters()]])
    assert [run[0] for run in runs] == ["compiled", "eager", "compiled"]
    np.testing.assert_allclose(runs[0][1:], runs[1][1:], rtol=1e-9, atol=1e-12)
    assert runs[0] == runs[2]


def test_a_table_of_rows_of_one_number_takes_any_length_of_sample() -> None:
    model = Sequential(Embedding(5, 1, seed=1), Flatten(), Layer(3, 2))
    assert model.predict([[0, 4, 2], [1, 1, 3]]).shape == (2, 2)


@pytest.mark.parametrize("gradients", ["backprop", "finite_differences"])
def test_rows_that_no_sample_used_decay_as_others_do(gradients: str) -> None:
    """A row without a gradient would be left out by the eager engine, and moved by the other."""
    runs: list[Any] = []
    for engine, method in (
        ("compiled", "backprop"),
        ("auto" if gradients != "backprop" else "eager", gradients),
    ):
        model = Sequential(Embedding(6, 2, seed=1), Flatten(), Layer(2, 2, "linear"))
        optimizer = AdamW(model.parameters(), 0.05, weight_decay=0.5)
        fit(
            model, [[1], [3], [1], [3]], [0, 1, 0, 1], loss="cross_entropy", optimizer=optimizer,
            epochs=5, batch_size=2, validation=None, engine=engine, gradients=method,
        )  # fmt: skip
        runs.append([p.data for p in model.parameters()])
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-5 if gradients != "backprop" else 1e-9)
    assert abs(runs[0][0]) < abs(Embedding(6, 2, seed=1).rows[0][0].data)


@EACH
def test_files_pickles_and_copies_give_the_same_model(
    make: Callable[[], Module], X: Any, y: Any, loss: str, tmp_path: Any
) -> None:
    model = make()
    for p in model.parameters():
        p.data += 0.125
    before = model.predict(X)
    model.save(tmp_path / "model.json")
    loaded = Module.load(tmp_path / "model.json")
    filled = make().load(tmp_path / "model.json")
    for again in (loaded, filled, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(again) == repr(model)
        assert [n for n, _ in again.named_parameters()] == [n for n, _ in model.named_parameters()]
        assert (again.predict(X) == before).all()
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "model.json").read_text()


@EACH
def test_predictions_are_those_of_calls(
    make: Callable[[], Module], X: Any, y: Any, loss: str
) -> None:
    model = make().eval()
    called = [[a.data for a in model(x)] for x in X.tolist()]
    np.testing.assert_allclose(model.predict(X), called, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(model.predict(X[1]), called[1], rtol=1e-12)
    assert model.predict(X[:0]).shape == (0, len(called[0]))


@EACH
def test_parameters_are_labelled_with_their_names(
    make: Callable[[], Module], X: Any, y: Any, loss: str
) -> None:
    for name, p in make().named_parameters():
        assert p.label == name


@EACH
def test_pictures_of_them_are_drawn(make: Callable[[], Module], X: Any, y: Any, loss: str) -> None:
    z = ag.sum(make().eval()(X[0].tolist()))
    z.backward()
    for depth in (None, 3):
        assert "<svg" in str(ag.draw(z, depth=depth).svg)


def test_models_are_told_in_words() -> None:
    assert (
        repr(sequence())
        == """\
Sequential(4 modules): 68 parameters
├─ layers.0: Recurrent(2 -> 4, tanh, all states): 28 parameters
├─ layers.1: Residual: 8 parameters
│  └─ module: LayerNorm(4): 8 parameters
├─ layers.2: Recurrent(4 -> 3, tanh, last states): 24 parameters
└─ layers.3: Layer(3 -> 2, linear): 8 parameters"""
    )
    page = sequence()._repr_html_() + letters()._repr_html_()
    for text in ("Recurrent", "2 → 4", "4 → 4", "Embedding", "6 × 3"):
        assert text in page


def test_sequential_is_a_row_of_its_modules() -> None:
    model = letters()
    assert isinstance(model, Sequential)
    assert len(model) == 5
    assert model[1] is model.layers[1] is [*model][1]
    assert isinstance(model[-1], Layer)
    with pytest.raises(IndexError):
        model[5]


def test_a_module_may_stand_in_it_twice(tmp_path: Any) -> None:
    twice = Layer(2, 2, "tanh")
    model = Sequential(twice, LayerNorm(2), twice)
    assert len(model.parameters()) == 10
    model.save(tmp_path / "model.json")
    again = Sequential.load(tmp_path / "model.json")
    assert again[0] is again[2]
    np.testing.assert_array_equal(again.predict(POINTS), model.predict(POINTS))


def test_a_class_of_ones_own_hides_no_model_of_ours_in_a_file(tmp_path: Any) -> None:
    model = Sequential(LayerNorm(2), Layer(2, 1, "linear"))
    model.save(tmp_path / "model.json")
    ours = Sequential

    class Own(Module):
        def __init__(self, layers: Any) -> None:
            self.layers = layers

    Own.__name__ = "Sequential"
    try:
        assert type(Module.load(tmp_path / "model.json")) is ours
    finally:
        Own.__name__ = "Own"


def test_modules_of_ones_own_stand_in_it_too(tmp_path: Any) -> None:
    class Squares(Module):
        def __call__(self, inputs: Any) -> Any:
            return [x * x for x in inputs]

    model = Sequential(Squares(), Layer(2, 1, "linear"))
    model.save(tmp_path / "model.json")
    np.testing.assert_array_equal(
        Module.load(tmp_path / "model.json").predict(POINTS), model.predict(POINTS)
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sequential(), "at least one module"),
        (lambda: Sequential([Layer(1, 1)]), r"write Sequential\(\*modules\)"),
        (lambda: Sequential(Layer), r"got the class Layer: write it with \(\)"),
        (lambda: Sequential(ag.tanh), "function tanh: an activation belongs to its layer"),
        (lambda: Sequential(3), "takes modules such as Layer"),
        (lambda: Residual(None), "takes modules such as Layer"),
        (
            lambda: Sequential(Layer(2, 3), Dropout(0.5), Layer(4, 1)),
            r"layers\.1, Dropout\(0\.5\), gives 3 output\(s\), and layers\.2, Layer\(4 -> 1, "
            r"sigmoid\), takes 4",
        ),
        (lambda: Residual(Layer(2, 3)), r"takes 2 input\(s\) and gives 3 output\(s\)"),
        (lambda: Residual(MLP([2, 5, 1])), r"takes 2 input\(s\) and gives 1"),
        (lambda: LayerNorm(0), "number of inputs"),
        (lambda: LayerNorm(3, eps=0.0), "eps must be above 0"),
        (lambda: LayerNorm(3, eps=float("nan")), "eps"),
        (lambda: Embedding(0, 1), "number of rows"),
        (lambda: Embedding(2.5, 1), "number of rows"),
        (lambda: Recurrent(2, 0), "number of neurons"),
        (lambda: Recurrent(2, 2, states="every"), "no kind of states is called 'every'"),
        (lambda: Recurrent(2, 2, "tanhh"), "Did you mean 'tanh'"),
    ],
)
def test_bad_arguments(make: Callable[[], Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize(
    ("model", "inputs", "message"),
    [
        (LayerNorm(3), [1.0, 2.0], r"LayerNorm takes 3 input\(s\), got 2"),
        (LayerNorm(2), [[1.0, 2.0], [3.0]], r"rows of one length, got lengths \[1, 2\]"),
        (LayerNorm(2), [[1.0, 2.0], 3.0], "takes a list"),
        (Softmax(), [], "at least one input"),
        (Softmax(), "ab", "takes a list"),
        (Embedding(3, 2), [0, 3], r"whole numbers from 0 to 2; got 3 at \[1\]"),
        (Embedding(3, 2), [-1], r"got -1 at \[0\]"),
        (Embedding(3, 2), [1.5], r"got 1\.5 at \[0\]"),
        (Embedding(3, 2), [float("nan")], r"got nan at \[0\]"),
        (Embedding(3, 2), [float("inf")], r"got inf at \[0\]"),
        (Embedding(3, 2), [True], r"got True at \[0\]"),
        (Embedding(3, 2), ["a"], r"got a at \[0\]"),
        (Embedding(3, 2), [[1]], r"got \[1\] at \[0\]"),
        (Embedding(3, 2), 1, "takes a list of whole numbers"),
        (Embedding(3, 2), [Value(1.0)], r"nothing flows back to an index; write x\.data"),
        (Recurrent(2, 3), [[1.0, 2.0], [3.0]], r"a row of 2 input\(s\) .* got 1, at place 1"),
        (Recurrent(2, 3), [1.0, 2.0], r"got 1\.0, which is no row, at place 0"),
        (Recurrent(2, 3), [], "at least one input"),
        (Layer(2, 1), [[1.0], [2.0]], r"got rows: put Flatten\(\) before it"),
        (Residual(Layer(2, 2)), [1.0], r"Layer takes 2 input\(s\), got 1"),
        (Residual(Neuron(1)), [1.0], "got one number for 1 in a row"),
        (Residual(Recurrent(2, 2)), [[1.0, 2.0], [0.0, 1.0], [0.0, 1.0]], "got 2 in a row for 3"),
    ],
)
def test_inputs_that_do_not_fit(model: Module, inputs: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        model(inputs)


@pytest.mark.parametrize(
    ("model", "X", "message"),
    [
        (sequence(), SERIES[:, :, :1], r"takes 2 input\(s\), got 1: X has shape \(40, 5, 1\)"),
        (sequence(), SERIES[0, 0], r"shape \(samples, length, inputs\), or \(length, inputs\)"),
        (sequence(), SERIES[None], r"got \(1, 40, 5, 2\)"),
        (letters(), WORDS + 3, r"Embedding takes whole numbers from 0 to 5; got [678]\.0 at \["),
        (letters(), WORDS + 0.5, r"got \d\.5 at \[0, 0\]"),
        (
            Sequential(Dropout(0.5), Layer(3, 2, "linear")),
            POINTS,
            r"Sequential takes 3 input\(s\), got 2: X has shape \(40, 2\), expected \(40, 3\)",
        ),
        (letters(), WORDS[:, :3], r"takes 12 input\(s\), got 9"),
    ],
)
def test_samples_that_do_not_fit(model: Module, X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.predict(X)
    if X.ndim == np.ndim(X[0]) + 1 and X.ndim < 4 and len(X) == 40:
        optimizer = SGD(model.parameters(), 0.1)
        given: dict[str, Any] = {"loss": "cross_entropy", "epochs": 1, "batch_size": 8}
        with pytest.raises(ValueError, match=message):
            fit(model, X, [0, 1] * 20, optimizer=optimizer, **given)


def test_a_bad_index_is_found_where_nobody_looked_at_the_samples_first() -> None:
    class Own(Module):
        def __init__(self) -> None:
            self.table, self.layer = Embedding(3, 2), Layer(2, 2, "linear")

        def __call__(self, inputs: Any) -> Any:
            return self.layer(self.table(inputs)[0])

    X = np.array([[0.0], [1.0], [2.0], [7.0]] * 5)
    for engine in ("compiled", "eager"):
        model = Own()
        with pytest.raises(ValueError, match=r"from 0 to 2; got 7\.0 at \[0\]"):
            fit(
                model, X, [0, 1] * 10, loss="cross_entropy", epochs=1, batch_size=5, engine=engine,
                optimizer=SGD(model.parameters(), 0.1), validation=None,
            )  # fmt: skip


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_softmax_and_sigmoid_before_a_loss_that_applies_its_own_are_refused(loss: str) -> None:
    last = Softmax() if loss == "cross_entropy" else Layer(2, 1, "sigmoid")
    model = Sequential(Layer(2, 2, "tanh"), last)
    with pytest.raises(ValueError, match=r"leave the Softmax out|squashed by a sigmoid already"):
        fit(
            model, POINTS, [0, 1] * 20, loss=loss, optimizer=SGD(model.parameters(), 0.1),
            epochs=1, batch_size=8,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "expected a list of modules"),
        ({"modules": {}}, "expected a list of modules"),
        ({"modules": [7]}, "expected the class and the config of a module; found 7"),
        ({"modules": [{"class": "Layer"}]}, "expected the class and the config"),
        ({"modules": [{"class": "Module", "config": {}}]}, "found 'Module'"),
        ({"modules": [{"class": "Popen", "config": {}}]}, "found 'Popen'"),
        ({"modules": [{"class": "Layer", "config": {"n_in": "a", "n_out": 1}}]}, "does not build"),
        (
            {"modules": [{"class": "Embedding", "config": {"count": 10**9, "width": 10**9}}]},
            "expected the 1,000,000,000,000,000,000 parameters",
        ),
        (
            {"modules": [{"class": "Residual", "config": {"module": {
                "class": "Recurrent", "config": {"inputs": 10**6, "hidden": 10**6}}}}]},
            "expected the 2,000,001,000,000 parameters",
        ),
        ({"modules": [{"class": "LayerNorm", "config": {"n": 10**12}}]}, "2,000,000,000,000"),
        ({"modules": [{"class": "Dropout", "config": {"p": 1.0}}]}, "p is the share"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(tmp_path: Any, config: Any, message: str) -> None:
    path = tmp_path / "model.json"
    Sequential(Layer(1, 1)).save(path)
    document = json.loads(path.read_text())
    del document["checksum"]  # whoever can write a file can write its checksum
    path.write_text(json.dumps({**document, "config": config}))
    with pytest.raises(ValueError, match=message):
        Module.load(path)


def test_a_file_nested_without_end_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "model.json"
    Residual(LayerNorm(1)).save(path)
    inner = '{"class": "Residual", "config": {"module": ' * 300
    text = re.sub(r'"config": \{.*?\}\s*\}\s*\},', '"config": {"module": INNER},', path.read_text(),
                  flags=re.DOTALL)  # fmt: skip
    text = re.sub(r'"checksum": ".*?",', "", text)
    assert "INNER" in text
    assert "checksum" not in text
    last = '{"class": "LayerNorm", "config": {"n": 1}}'
    for depth in (1, 300):
        nested = inner[: len(inner) // 300 * depth] + last + "}}" * depth
        path.write_text(text.replace("INNER", nested))
        with pytest.raises(ValueError, match=r"does not build|not JSON|parameters"):
            Module.load(path)


def test_layers_learn_moons_as_a_network_does() -> None:
    X, y = datasets.moons(200, seed=0)
    model = Sequential(
        Layer(2, 8, "tanh", seed=1), Residual(Layer(8, 8, "tanh", seed=2)), LayerNorm(8),
        Layer(8, 1, "linear", seed=3),
    )  # fmt: skip
    optimizer = Adam(model.parameters(), 0.01)
    history = fit(
        model, X, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=30, batch_size=16
    )
    assert history.validation_metric[-1] == 1.0


def test_a_recurrent_layer_remembers_the_first_of_five() -> None:
    """The class is the sign of the first place: what comes after is noise."""
    X = np.random.default_rng(1).standard_normal((200, 5, 1))
    y = (X[:, 0, 0] > 0).astype(int)
    model = Sequential(Recurrent(1, 6, seed=1), Layer(6, 1, "linear"))
    history = fit(
        model, X, y, loss="binary_cross_entropy", optimizer=Adam(model.parameters(), 0.03),
        epochs=25, batch_size=16,
    )  # fmt: skip
    assert history.validation_metric[-1] >= 0.9
