"""Labels of every kind: trained on as places, and given back as they came."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import Value
from nn import MLP, SGD, History, Module, Neuron, datasets, fit
from nn.data.labels import targets_of
from nn.losses import loss_named
from support.compilers import needs_compiler
from support.engine_processes import needs

X, CODES = datasets.moons(40, seed=0)
THREE = (CODES + (X[:, 0] > 0.5)) % 3


def trained(
    y: Any, loss: Any = "cross_entropy", outputs: int = 2, epochs: int = 3, **options: Any
) -> tuple[MLP, History]:
    model = MLP([2, 4, outputs], seed=0)
    settings: dict[str, Any] = {"batch_size": 8, "validation": None, **options}
    optimizer = SGD(model.parameters(), lr=0.1)
    history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=epochs, **settings)
    return model, history


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


KINDS: dict[str, tuple[Any, list[Any]]] = {
    "text": (np.array(["ant", "bee"])[CODES], ["ant", "bee"]),
    "a list": ([["no", "yes"][c] for c in CODES], ["no", "yes"]),
    "objects": (np.array(["ant", "bee"], dtype=object)[CODES], ["ant", "bee"]),
    "bools": (CODES == 1, [False, True]),
    "small": (CODES.astype(np.uint8), [0, 1]),
    "from 1": (CODES + 1, [1, 2]),
    "far": (np.array([-7, 1000])[CODES], [-7, 1000]),
    "signs": (2 * CODES - 1, [-1, 1]),
    "floats": (CODES.astype(float), [0.0, 1.0]),
    "floats from 1": (CODES + 1.0, [1.0, 2.0]),
    "a column": (CODES[:, None], [0, 1]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("loss", "outputs"),
    [("cross_entropy", 2), ("binary_cross_entropy", 1), ("hinge", 1), ("hinge", 2)],
)
@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_labels_train_as_their_places_and_come_back(
    kind: str, loss: str, outputs: int, engine: str
) -> None:
    y, names = KINDS[kind]
    expected, _ = trained(CODES, loss, outputs, engine=engine)
    model, history = trained(y, loss, outputs, engine=engine)
    assert numbers(model) == numbers(expected)
    assert model.classes is not None
    assert model.classes.tolist() == names == history.classes
    assert history.metric_name == "accuracy"
    said = model.predict_classes(X)
    places = expected.predict_classes(X)
    assert said.tolist() == [names[place] for place in places]
    assert said.dtype == np.asarray(y).dtype
    assert model.predict_classes(X[0]) == said[0]


@pytest.mark.parametrize("loss", ["half_squared_error", "mean_squared_error", "huber"])
def test_labels_become_one_hot_rows_where_outputs_are_compared(loss: str) -> None:
    expected, _ = trained(np.eye(3)[THREE], loss, 3)
    names = np.array(["x", "y", "z"])
    model, history = trained(names[THREE], loss, 3)
    assert numbers(model) == numbers(expected)
    assert history.classes == ["x", "y", "z"]
    assert set(model.predict_classes(X)) <= set(names)
    assert numbers(trained(THREE * 1.0 + 4, loss, 3)[0]) == numbers(expected)
    two, _ = trained(np.array(["x", "y"])[CODES], loss, 1)
    assert numbers(two) == numbers(trained(CODES, loss, 1)[0])
    assert numbers(two) == numbers(trained(CODES == 1, loss, 1)[0])


def test_one_hot_rows_are_the_classes_of_their_places() -> None:
    expected, _ = trained(THREE, outputs=3)
    model, history = trained(np.eye(3)[THREE], outputs=3)
    assert numbers(model) == numbers(expected)
    assert history.classes == [0, 1, 2]
    assert np.array_equal(model.predict_classes(X), expected.predict_classes(X))


def test_numbers_stay_numbers() -> None:
    for y in (X[:, 0], X[:, 0] * 100 // 1):
        model, history = trained(y, "mean_squared_error", 1)
        assert history.classes is model.classes is None
        assert history.metric_name == ""
        with pytest.raises(ValueError, match=r"not trained to tell classes: model.predict"):
            model.predict_classes(X)
        with pytest.raises(ValueError, match="there are no probabilities"):
            model.predict_probabilities(X)
    assert trained(np.stack([X[:, 0], X[:, 1]], axis=1), "huber", 2)[1].classes is None
    soft, _ = trained(np.clip(X[:, 0], 0, 1), "binary_cross_entropy", 1)
    assert soft.classes is None


def test_a_loss_of_your_own_is_given_places() -> None:
    def own(outputs: Any, label: Any) -> Any:
        return ag.sum([ag.square(a - label) for a in outputs])

    model, history = trained(np.array(["a", "b"])[CODES], own, 2)
    assert history.classes == ["a", "b"]
    assert set(model.predict_classes(X)) <= {"a", "b"}
    with pytest.raises(ValueError, match="a loss of your own are no probabilities"):
        model.predict_probabilities(X)
    single, history = trained(np.array(["a", "b"])[CODES], own, 1)
    assert history.metric == [None] * 3
    with pytest.raises(ValueError, match=r"nn.classes\(model.predict\(X\), cut=0.5\)"):
        single.predict_classes(X)


# Probabilities ------------------------------------------------------------------------------------


def test_probabilities_are_those_that_the_loss_takes() -> None:
    model, _ = trained(THREE, outputs=3)
    found = model.predict_probabilities(X)
    expected = [[p.data for p in ag.softmax([Value(z) for z in row])] for row in model.predict(X)]
    assert found == pytest.approx(np.array(expected), rel=1e-14)
    assert found.sum(axis=1) == pytest.approx(np.ones(40), rel=1e-15)
    assert np.array_equal(found.argmax(axis=1), model.predict_classes(X))
    assert model.predict_probabilities(X[3]) == pytest.approx(found[3], rel=1e-14)

    model, _ = trained(CODES, "binary_cross_entropy", 1)
    found = model.predict_probabilities(X)
    assert found.shape == (40, 2)
    assert found[:, 1] == pytest.approx([ag.sigmoid(z) for z in model.predict(X)[:, 0]], rel=1e-15)
    assert np.array_equal(found[:, 1] > 0.5, model.predict_classes(X) == 1)


MEANS: list[dict[str, Any]] = [
    {"engine": "compiled"},
    {"engine": "eager"},
    {"engine": "compiled", "native": False},
]
ELSEWHERE: list[dict[str, Any]] = [
    {"engine": "jax", "devices": 1},
    {"engine": "torch", "device": "cpu"},
]


@pytest.mark.parametrize(
    "means",
    [
        *MEANS,
        pytest.param({"native": True}, marks=needs_compiler),
        *[pytest.param(means, marks=pytest.mark.engines) for means in ELSEWHERE],
    ],
    ids=str,
)
def test_answers_are_computed_by_the_means_of_predict(
    means: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if means.get("engine") in ("jax", "torch"):
        needs(means["engine"])
    asked: list[dict[str, Any]] = []
    predict = MLP.predict

    def watched(model: MLP, X: Any, **given: Any) -> Any:
        asked.append(given)
        return predict(model, X, **given)

    for loss, outputs in (("cross_entropy", 3), ("binary_cross_entropy", 1)):
        model, _ = trained(THREE if outputs == 3 else CODES, loss, outputs)
        labels, found = model.predict_classes(X), model.predict_probabilities(X)
        here = model.predict(X)
        with monkeypatch.context() as patch:
            patch.setattr(MLP, "predict", watched)
            assert np.array_equal(model.predict_classes(X, **means), labels)
            there = model.predict_probabilities(X, **means)
            single = model.predict_probabilities(X[3], **means)
        np.testing.assert_allclose(there, found, rtol=0, atol=1e-12)
        np.testing.assert_allclose(single, found[3], rtol=0, atol=1e-12)
        np.testing.assert_allclose(model.predict(X, **means), here, rtol=0, atol=1e-12)
    assert asked == [means] * 6


def test_answers_refuse_the_means_that_predict_refuses() -> None:
    model, _ = trained(CODES)
    for answer in (model.predict_classes, model.predict_probabilities):
        for means, words in (
            ({"engine": "compield"}, "Did you mean 'compiled'"),
            ({"native": "fast"}, "native is 'auto', True or False, got 'fast'"),
            ({"devices": 2}, "devices=2 is for engine='jax'"),
            ({"device": "cuda"}, "device='cuda' is for engine='torch'"),
        ):
            with pytest.raises(ValueError, match=words):
                answer(X, **means)  # pyright: ignore[reportArgumentType]


def test_a_predict_of_ones_own_need_not_take_any() -> None:
    class Own(MLP):
        def predict(self, X: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
            return -super().predict(X)

    model = Own([2, 4, 2], seed=0)
    optimizer = SGD(model.parameters(), lr=0.1)
    fit(model, X, CODES, loss="cross_entropy", optimizer=optimizer, epochs=1, batch_size=8)
    usual = MLP.predict(model, X).argmax(axis=1)
    assert np.array_equal(model.predict_classes(X), 1 - usual)
    assert model.predict_probabilities(X).argmax(axis=1).tolist() == (1 - usual).tolist()


def test_outputs_of_a_sigmoid_are_probabilities_and_those_of_a_hinge_are_none() -> None:
    model = Neuron(2, "sigmoid", seed=0)
    optimizer = SGD(model.parameters(), lr=0.1)
    fit(model, X, CODES, loss="half_squared_error", optimizer=optimizer, epochs=1, batch_size=8)
    assert np.array_equal(model.predict_probabilities(X)[:, 1], model.predict(X))
    nets = MLP([2, 3, 3], output_activation="sigmoid", seed=0)
    optimizer = SGD(nets.parameters(), lr=0.1)
    fit(nets, X, THREE, loss="half_squared_error", optimizer=optimizer, epochs=1, batch_size=8)
    shares = nets.predict(X) / nets.predict(X).sum(axis=1, keepdims=True)
    assert np.array_equal(nets.predict_probabilities(X), shares)
    for loss in ("hinge", "mean_squared_error"):
        with pytest.raises(ValueError, match=f"trained with {loss} are no probabilities: train"):
            trained(CODES, loss, 2)[0].predict_probabilities(X)


def test_large_logits_give_probabilities_without_a_warning() -> None:
    model, _ = trained(CODES)
    model.set_arrays([(W * 1e4, b) for W, b in model.arrays()])
    assert np.isfinite(model.predict_probabilities(X)).all()


def test_before_training_there_are_no_classes() -> None:
    model = MLP([2, 2])
    assert model.classes is None
    for ask in (model.predict_classes, model.predict_probabilities):
        with pytest.raises(ValueError, match="this MLP was not trained by fit"):
            ask(X)


def test_a_model_of_your_own_keeps_an_attribute_called_classes() -> None:
    class Own(Module):
        def __init__(self) -> None:
            self.classes = 7
            self.inner = MLP([2, 2], seed=0)

        def __call__(self, inputs: Any) -> Any:
            return self.inner(inputs)

    model = Own()
    optimizer = SGD(model.parameters(), lr=0.1)
    y = np.array(["a", "b"])[CODES]
    history = fit(model, X, y, loss="cross_entropy", optimizer=optimizer, epochs=1, batch_size=8)
    assert model.classes == 7
    assert history.classes == ["a", "b"]
    assert set(model.predict_classes(X)) <= {"a", "b"}


# What does not fit --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "loss", "outputs", "message"),
    [
        (THREE, "cross_entropy", 2, "labels from 0 to 1; got from 0 to 2, 3 different.*with 3"),
        (["a", "b", "c", "d"] * 10, "cross_entropy", 3, "4 class.*'a', 'b', 'c', 'd'.*3 outputs"),
        (["a", "b", "c", "d"] * 10, "binary_cross_entropy", 1, "4 class.*build the model with 4"),
        (["a", "b", "c", "d"] * 10, "half_squared_error", 1, "4 class.*one output tells two apart"),
        (THREE, "binary_cross_entropy", 1, "3 class.*0, 1, 2.*cross_entropy"),
        (["a"] * 40, "binary_cross_entropy", 1, "1 class.*'a'.*tells two apart"),
        (["a"] * 39 + [1], "cross_entropy", 2, r"text and 1 at \[39\]: write labels of one kind"),
        (["a"] * 39 + [None], "cross_entropy", 2, r"y holds None at \[39\]: take that sample out"),
        (["a"] * 39 + [float("nan")], "cross_entropy", 2, r"y holds nan at \[39\]: take that"),
        (np.full((40, 2), "a"), "cross_entropy", 2, r"one label for each.*text of shape \(40, 2\)"),
        (np.eye(4)[THREE], "cross_entropy", 3, "one-hot rows of 4 classes.*build it with 4"),
        (np.ones((40, 2)), "cross_entropy", 2, "or one-hot rows, got"),
        (CODES + 0.5, "hinge", 1, "takes labels -1 and 1, or 0 and 1"),
        (np.full(40, b"a"), "cross_entropy", 2, "y must hold real numbers"),
    ],
    ids=repr,
)
def test_labels_that_do_not_fit_are_named(y: Any, loss: str, outputs: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trained(y, loss, outputs)


def test_a_label_unseen_in_training_is_named_where_it_is_measured_on() -> None:
    names = np.array(["ant", "bee", "cow"])
    with pytest.raises(ValueError, match=r"y holds 'cow', which .*: its classes are 'ant', 'bee'"):
        trained(names[CODES], validation=(X[:2], ["cow", "ant"]))
    with pytest.raises(ValueError, match=r"y holds 3, which .*: its classes are 1, 2"):
        trained(CODES + 1, validation=(X[:2], [1, 3]))
    model, history = trained(names[CODES], validation=(X[:2], ["bee", "bee"]))
    assert history.validation_metric[-1] == (model.predict_classes(X[:2]) == "bee").mean()


def test_a_refused_run_leaves_what_the_model_kept() -> None:
    model, _ = trained(np.array(["a", "b"])[CODES])
    optimizer = SGD(model.parameters(), lr=0.1)
    options: dict[str, Any] = {"optimizer": optimizer, "epochs": 1, "batch_size": 8}
    with pytest.raises(TypeError, match="callback"):
        fit(model, X, CODES, loss="cross_entropy", callbacks=print, **options)
    with pytest.raises(Exception, match="mine"):
        fit(model, X, CODES, loss=failing, **options)
    assert model.classes is not None
    assert model.classes.tolist() == ["a", "b"]


def failing(outputs: Any, label: Any) -> Any:
    raise ZeroDivisionError("mine")


def test_training_goes_on_with_the_same_classes_and_begins_anew_with_others() -> None:
    names = np.array(["a", "b"])
    model, _ = trained(names[CODES])
    optimizer = SGD(model.parameters(), lr=0.1)
    options: dict[str, Any] = {"optimizer": optimizer, "epochs": 1, "batch_size": 8}
    options |= {"loss": "cross_entropy", "validation": None}
    part = CODES == 1
    fit(model, X[part], names[CODES[part]], **options)
    assert model.classes is not None
    assert model.classes.tolist() == ["a", "b"]
    fit(model, X, CODES, **options)
    assert model.classes.tolist() == [0, 1]


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_classes_are_kept_in_the_models_file(kind: str, tmp_path: Path) -> None:
    model, _ = trained(KINDS[kind][0])
    model.save(tmp_path / "model.json")
    again = MLP.load(tmp_path / "model.json")
    assert model.classes is not None
    assert again.classes is not None
    assert again.classes.tolist() == model.classes.tolist()
    assert again.classes.dtype == model.classes.dtype
    assert np.array_equal(again.predict_classes(X), model.predict_classes(X))
    assert np.array_equal(again.predict_probabilities(X), model.predict_probabilities(X))
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "model.json").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (3, "the schema as an object; found 3"),
        ({"loss": "unknown"}, "the name of a loss in the schema; found 'unknown'"),
        ({"loss": ["hinge"]}, "the name of a loss"),
        ({"cut": "high"}, "a number for the cut"),
        ({"scale": "high"}, "the scale of the outputs in the schema"),
        ({"multilabel": 1}, "true or false for multilabel"),
        ({"classes": "ab"}, "two or more classes as a list"),
        ({"classes": [1, 2]}, "text for the classes"),
        ({"labels": "float128"}, "labels of a known type"),
        ({"labels": "int8", "classes": [1, 1000]}, "classes of type int8"),
        ({"labels": "int64", "classes": [[1], [2]]}, "labels of a known type"),
        ({"columns": [1]}, "the names of columns"),
    ],
    ids=repr,
)
def test_a_damaged_schema_is_refused(change: Any, message: str, tmp_path: Path) -> None:
    model, _ = trained(np.array(["a", "b"])[CODES])
    model.save(tmp_path / "model.json")
    document = json.loads((tmp_path / "model.json").read_text())
    del document["checksum"]
    document["schema"] = document["schema"] | change if isinstance(change, dict) else change
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match=f"model.json: expected {message}"):
        MLP.load(tmp_path / "model.json")


# Any labels ---------------------------------------------------------------------------------------


@given(
    labels=st.one_of(
        st.lists(st.text(max_size=3), min_size=2, max_size=20),
        st.lists(st.integers(-(2**60), 2**60), min_size=2, max_size=20),
        st.lists(st.booleans(), min_size=2, max_size=20),
    )
)
def test_places_are_those_of_the_sorted_labels(labels: list[Any]) -> None:
    # NumPy's text has no trailing NULs.
    labels = [x.rstrip("\0") if isinstance(x, str) else x for x in labels]
    names = sorted(set(labels))
    if len(names) < 2:
        return
    found = targets_of(loss_named("cross_entropy"), labels, len(names))
    assert found.classes is not None
    assert [found.classes[place] for place in found.values] == labels
    assert found.classes.tolist() == names
    again = targets_of(loss_named("cross_entropy"), labels[:1], len(names), found.classes)
    assert again.values.tolist() == [names.index(labels[0])]
