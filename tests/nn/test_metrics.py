"""Metrics: scikit-learn's numbers, the same in training and in evaluation, and what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn import MLP, SGD, EpochRecord, History, Neuron, datasets, evaluate, fit, metrics
from nn.losses import LOSSES
from nn.metrics import METRICS
from support import scores
from support.places import ROOT

KNOWN = json.loads((ROOT / "tests" / "data" / "scores.json").read_text())


def repr_of(x):
    return str(x) if isinstance(x, list) else "-"


# Numbers of reference --------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "known"), KNOWN["classes"], ids=repr_of)
def test_metrics_of_classes_are_those_of_scikit_learn(case, known):
    logits, labels = scores.of_classes(*case)
    said, count = logits.argmax(axis=1), case[2]
    found = {
        "accuracy": metrics.accuracy(logits, labels),
        "precision": metrics.precision(said, labels, count),
        "recall": metrics.recall(said, labels, count),
        "f1": metrics.f1(said, labels, count),
        "log_loss": metrics.log_loss(scores.softmax(logits), labels),
        "confusion_matrix": metrics.confusion(said, labels, count).tolist(),
    }
    for k in range(1, count) if count > 2 else ():
        found[f"top_{k}"] = metrics.top_k(logits, labels, k)
    assert found.keys() == known.keys()
    for name, x in found.items():
        np.testing.assert_allclose(x, known[name], rtol=1e-12, atol=1e-15, err_msg=name)


@pytest.mark.parametrize(("case", "known"), KNOWN["numbers"], ids=repr_of)
def test_metrics_of_numbers_are_those_of_scikit_learn(case, known):
    outputs, targets = scores.of_numbers(*case)
    for name, x in known.items():
        assert getattr(metrics, name)(outputs, targets) == pytest.approx(x, rel=1e-12), name


def test_metrics_at_the_edges_are_those_of_scikit_learn():
    same = [metrics.r2(outputs, [2.0, 2.0]) for outputs in ([2.0, 2.0], [2.0, 3.0])]
    assert same == KNOWN["r2 of targets that are all the same"] == [1.0, 0.0]
    sure = metrics.log_loss([[1.0, 0.0], [1.0, 0.0], [0.25, 0.75]], [0, 1, 1])
    assert sure == pytest.approx(KNOWN["log loss of a sure mistake"], rel=1e-12)
    assert np.isnan(metrics.r2([1.0], [1.0]))
    assert metrics.precision([0, 0], [1, 1]) == metrics.f1([0, 0], [1, 1]) == 0.0


@pytest.mark.parametrize(("case", "known"), KNOWN["classes"], ids=repr_of)
def test_the_table_says_the_same_of_a_models_outputs(case, known):
    logits, labels = scores.of_classes(*case)
    names = [name for name in known if not name.startswith("top_")]
    names += [name for name in known if name.startswith("top_")]
    found = evaluate(_Fixed(logits), _places(logits), labels, loss="cross_entropy", metrics=names)
    assert list(found) == ["loss", *names]
    for name in names:
        assert np.asarray(found[name]) == pytest.approx(np.asarray(known[name]), rel=1e-12), name
    assert found["loss"] == pytest.approx(known["log_loss"], rel=1e-9)


class _Fixed(nn.Module):
    """Says known outputs: those of the row that its one input numbers."""

    def __init__(self, outputs):
        self.outputs = np.asarray(outputs, dtype=float)
        self.scale = nn.module.Value(1.0)

    def __call__(self, inputs):
        row = self.outputs[int(inputs[0])]
        return [self.scale * x for x in row] if row.ndim else self.scale * float(row)

    def predict(self, X):
        return self.outputs[np.asarray(X)[:, 0].astype(int)]


def _places(outputs):
    return np.arange(float(len(outputs)))[:, None]


# The same in training and in evaluation --------------------------------------------------------

BINARY = ["accuracy", "precision", "recall", "f1", "confusion_matrix"]
CASES = [
    *[("binary_cross_entropy", "linear", 1, "01")],
    *[
        (loss, activation, 1, labels)
        for loss in ("half_squared_error", "mean_squared_error", "mean_absolute_error", "huber")
        for activation, labels in (
            ("sigmoid", "01"),
            ("linear", "01"),
            ("linear", "±1"),
            ("tanh", "±1"),
            ("sigmoid", "±1"),
        )
    ],
    *[("hinge", activation, 1, "±1") for activation in ("linear", "sigmoid", "tanh")],
    ("hinge", "linear", 1, "01"),
    ("hinge", "linear", 2, "01"),
    ("cross_entropy", "linear", 2, "01"),
    ("half_squared_error", "sigmoid", 2, "01"),
    ("mean_squared_error", "linear", 2, "one-hot"),
]


@pytest.mark.parametrize("engine", ["compiled", "eager"])
@pytest.mark.parametrize(("loss", "activation", "outputs", "labels"), CASES)
def test_evaluate_gives_what_training_gave(loss, activation, outputs, labels, engine):
    X, y = datasets.moons(60, seed=0)
    y = {"01": y, "±1": 2 * y - 1, "one-hot": np.eye(2)[y]}[labels]
    model = MLP([2, 3, outputs], output_activation=activation, seed=0)
    names = BINARY + ["log_loss"] * (activation == "sigmoid" or "cross_entropy" in loss)
    names += ["mean_absolute_error", "mean_squared_error", "r2"] * LOSSES[loss].target.count("val")
    history = fit(
        model,
        X[:40],
        y[:40],
        loss=loss,
        optimizer=SGD(model.parameters(), lr=0.1),
        epochs=2,
        batch_size=8,
        validation=(X[40:], y[40:]),
        engine=engine,
        metrics=names,
    )
    last = history[-1]
    for part, record, lost in (
        (slice(40, None), last.validation_metrics, last.validation_loss),
        (slice(40), last.metrics, None),
    ):
        found = evaluate(model, X[part], y[part], loss=loss, metrics=names)
        if lost is not None:
            assert found.pop("loss") == pytest.approx(lost, rel=1e-12)
        found.pop("loss", None)
        assert list(record) == list(found) == names
        for name, x in found.items():
            assert np.asarray(x) == pytest.approx(np.asarray(record[name]), rel=1e-12), name
    assert last.metrics["accuracy"] == last.metric
    assert last.validation_metrics["accuracy"] == last.validation_metric


def test_a_compiled_run_measures_what_it_held_out_bit_for_bit_as_evaluate():
    X, y = datasets.digits()
    X, y = X[:120] / 16, y[:120]
    model = MLP([64, 5, 10], seed=0)
    names = ["accuracy", "top_k", "top_3", "log_loss", "f1"]
    options = {"loss": "cross_entropy", "metrics": names}
    history = fit(
        model,
        X[:100],
        y[:100],
        optimizer=SGD(model.parameters(), lr=0.1),
        epochs=2,
        batch_size=10,
        validation=(X[100:], y[100:]),
        **options,
    )
    found = evaluate(model, X[100:], y[100:], **options)
    assert found == {"loss": history[-1].validation_loss, **history[-1].validation_metrics}


def test_a_sigmoid_with_half_squared_error_parts_at_a_half_wherever_it_is_measured():
    X, y = datasets.moons(200, seed=0)
    model = MLP([2, 8, 1], output_activation="sigmoid", seed=0)
    optimizer = SGD(model.parameters(), lr=3.0)
    loss = "half_squared_error"
    history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=15, batch_size=10)
    assert history.metric[-1] > 0.9
    found = evaluate(model, X, y, loss=loss, metrics=["accuracy"])["accuracy"]
    assert found == nn.accuracy(model.predict(X), y, cut=0.5) > 0.9
    with pytest.raises(ValueError, match=r"Write cut=0\.5 or cut=0, or measure .*evaluate"):
        nn.accuracy(model.predict(X), y)
    with pytest.raises(ValueError, match="may be either"):
        nn.classes(model.predict(X))


@pytest.mark.parametrize(
    ("outputs", "said"),
    [([-0.2, 0.3], [0, 1]), ([0.3, 1.7], [1, 1]), ([0.6, 0.9], [1, 1]), ([0.0, 1.0], [0, 1])],
)
def test_a_cut_is_left_out_where_it_does_not_matter_or_can_be_only_one(outputs, said):
    assert nn.classes(outputs).tolist() == said


def test_a_loss_of_ones_own_is_evaluated_as_it_was_trained():
    X, y = datasets.line(30, seed=0)
    model = Neuron(1, "linear", seed=0)

    def loss(output, target):
        return (output - target).square() + 0.1 * model.weights[0].square()

    optimizer = SGD(model.parameters(), lr=0.05)
    history = fit(
        model,
        X[:20],
        y[:20],
        loss=loss,
        optimizer=optimizer,
        epochs=2,
        batch_size=5,
        validation=(X[20:], y[20:]),
        metrics=["r2"],
    )
    found = evaluate(model, X[20:], y[20:], loss=loss, metrics=["r2"])
    assert found == {
        "loss": history.validation_loss[-1],
        "r2": history[-1].validation_metrics["r2"],
    }


# Properties ------------------------------------------------------------------------------------

PAIRS = st.integers(2, 5).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), min_size=1, max_size=30
        ),
    )
)


@given(PAIRS)
def test_shares_are_from_0_to_1_and_1_for_what_is_right(pairs):
    count, both = pairs
    said, right = np.array(both).T
    for metric in (metrics.precision, metrics.recall, metrics.f1):
        assert 0.0 <= metric(said, right, count) <= 1.0
        if count > 2 or right.any():
            assert metric(right, right, count) == 1.0
    p, r, f = (m(said, right, count) for m in (metrics.precision, metrics.recall, metrics.f1))
    assert metrics.precision(right, said, count) == r
    if count == 2:
        assert f == pytest.approx(2 * p * r / (p + r) if p + r else 0.0)


@given(PAIRS, st.randoms(use_true_random=False))
def test_neither_the_order_of_samples_nor_of_more_than_two_classes_matters(pairs, random):
    count, both = pairs
    names = [*range(count)] if count == 2 else random.sample(range(count), count)
    moved = [(names[a], names[b]) for a, b in random.sample(both, len(both))]
    for metric in (metrics.precision, metrics.recall, metrics.f1):
        before = metric(*np.array(both).T, count)
        assert metric(*np.array(moved).T, count) == pytest.approx(before)


@given(st.integers(3, 6), st.integers(1, 20), st.integers(0, 2**32))
def test_top_k_grows_with_k_from_the_accuracy_and_ignores_the_scale(count, n, seed):
    rng = np.random.default_rng(seed)
    # Few heights, so that there are ties.
    outputs, labels = rng.integers(4, size=(n, count)).astype(float), rng.integers(count, size=n)
    found = [metrics.top_k(outputs, labels, k) for k in range(1, count)]
    assert found == sorted(found)
    assert found[0] == metrics.accuracy(outputs, labels)
    assert found == [metrics.top_k(np.exp(outputs), labels, k) for k in range(1, count)]


@given(st.integers(2, 5), st.integers(1, 20), st.integers(0, 2**32), st.floats(0.1, 800.0))
def test_log_loss_of_logits_is_the_cross_entropy_however_sure(count, n, seed, scale):
    rng = np.random.default_rng(seed)
    logits, labels = scale * rng.normal(size=(n, count)), rng.integers(count, size=n)
    found = evaluate(
        _Fixed(logits), _places(logits), labels, loss="cross_entropy", metrics=["log_loss"]
    )
    assert found["log_loss"] == pytest.approx(found["loss"], rel=1e-9, abs=1e-12)


@given(st.integers(2, 30), st.integers(0, 2**32), st.floats(-10, 10), st.floats(0.01, 10))
def test_r2_is_1_for_the_truth_0_for_the_mean_and_does_not_ask_for_the_unit(n, seed, shift, unit):
    rng = np.random.default_rng(seed)
    y, outputs = rng.normal(size=(2, n))
    assert metrics.r2(y, y) == 1.0
    assert metrics.r2(np.full(n, y.mean()), y) == pytest.approx(0.0, abs=1e-12)
    assert metrics.r2(outputs, y) <= 1.0
    moved = metrics.r2(unit * outputs + shift, unit * y + shift)
    assert moved == pytest.approx(metrics.r2(outputs, y), rel=1e-6, abs=1e-6)
    assert metrics.mean_absolute_error(outputs, y) ** 2 <= (
        metrics.mean_squared_error(outputs, y) * (1 + 1e-12)
    )


# What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"metrics": "accuracy"}, TypeError, r"write metrics=\['accuracy'\]"),
        ({"metrics": ["acc"]}, ValueError, "Did you mean 'accuracy'"),
        ({"metrics": ["f1_score"]}, ValueError, "Did you mean 'f1'"),
        ({"metrics": ["top_0"]}, ValueError, "no metric is called 'top_0'"),
        ({"metrics": [len]}, TypeError, "told by its name"),
        ({"metrics": 3}, TypeError, "a list of names"),
        ({"metrics": ["top_k"]}, ValueError, "an output for each class, and this one has one"),
        ({"metrics": ["r2"]}, ValueError, "compares numbers, and binary_cross_entropy is trained"),
        ({"metrics": ["log_loss"], "loss": "hinge"}, ValueError, "give the last layer one"),
        ({"metrics": ["f1"], "y": [0.5] * 20}, ValueError, "y holds none"),
        (
            {"metrics": ["f1"], "loss": lambda a, y: (a[0] - y).square()},
            ValueError,
            "parts two classes of one output is not known",
        ),
        ({"metrics": ["top_2"], "loss": "cross_entropy", "outputs": 2}, ValueError, "smaller k"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_any_training(changes, error, words):
    X, y = datasets.moons(20, seed=0)
    changes = dict(changes)
    model = MLP([2, 2, changes.pop("outputs", 1)], seed=0)
    before = [p.data for p in model.parameters()]
    options = {"y": y, "loss": "binary_cross_entropy", **changes}
    with pytest.raises(error, match=words):
        evaluate(model, X, **options)
    with pytest.raises(error, match=words):
        fit(model, X, optimizer=SGD(model.parameters(), lr=0.1), epochs=1, batch_size=5, **options)
    assert [p.data for p in model.parameters()] == before


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.f1([0, 1], [0, 1, 1]), "a right class for each predicted one"),
        (lambda: metrics.f1([], []), "one at least"),
        (lambda: metrics.f1([0.5, 1.0], [0, 1]), "whole numbers from 0; found 0.5"),
        (lambda: metrics.f1([[0.1, 0.9]], [1]), r"write nn\.classes\(outputs\)"),
        (lambda: metrics.recall([0, 2], [0, 1], 2), "there is a class 2"),
        (lambda: metrics.top_k([0.5, 0.5], [0, 1]), r"of shape \(samples, classes\)"),
        (lambda: metrics.top_k([[0.5, 0.5]], [0]), "always among 2"),
        (lambda: metrics.top_k([[0.5, 0.5]], [2], 1), "there is a class 2"),
        (lambda: metrics.log_loss([[2.0, -1.0]], [0]), "probabilities are from 0 to 1"),
        (lambda: metrics.log_loss([[0.5, 0.2]], [0]), "add up to 0.7"),
        (lambda: metrics.r2([1.0, 2.0], [1.0]), "of one shape"),
        (lambda: metrics.r2([], []), "of one shape"),
        (lambda: metrics.mean_squared_error([1.0, np.nan], [1.0, 2.0]), "holds nan"),
    ],
)
def test_bad_numbers_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_only_a_module_is_evaluated():
    with pytest.raises(TypeError, match="evaluate measures a Module such as MLP; got list"):
        evaluate([1.0], [[1.0]], [1], loss="hinge")


# The record ------------------------------------------------------------------------------------


def test_a_history_keeps_metrics_by_name_in_its_table_and_its_csv():
    X, y = datasets.moons(40, seed=0)
    model = MLP([2, 3, 1], seed=0)
    history = fit(
        model,
        X,
        y,
        loss="binary_cross_entropy",
        optimizer=SGD(model.parameters(), lr=0.1),
        epochs=2,
        batch_size=8,
        metrics=("accuracy", "f1", "confusion_matrix"),
    )
    assert history.metrics["accuracy"] == history.metric
    assert len(history.validation_metrics["f1"]) == 2
    assert np.sum(history.metrics["confusion_matrix"][0]) == 36
    head = str(history).splitlines()[0].split("  ")
    assert [word.strip() for word in head if word.strip()] == [
        "epoch",
        "loss",
        "accuracy",
        "validation loss",
        "validation accuracy",
        "f1",
        "validation f1",
        "seconds",
    ]
    first, *rows = [line.split(",") for line in history.to_csv(time=True).splitlines()]
    names = ["accuracy", "f1", "validation_accuracy", "validation_f1", "gradient_norm", "time"]
    assert first[6:] == names
    assert [float(row[7]) for row in rows] == history.metrics["f1"]


def test_epochs_without_a_metric_have_none_in_its_column():
    records = [
        EpochRecord(1, 0.5, None, None, None, 0.1, 0),
        EpochRecord(2, 0.25, None, None, None, 0.1, 0, {"r2": 0.5}),
    ]
    history = History(records)
    assert history.metrics == {"r2": [None, 0.5]}
    assert history.to_csv().splitlines()[1:] == ["1,0,0.5,,,,", "2,0,0.25,,,,0.5"]


def test_every_metric_of_the_table_is_a_public_function_with_its_source():
    for name in METRICS:
        function = {"confusion_matrix": metrics.confusion}.get(name) or getattr(metrics, name)
        assert "Source: " in function.__doc__ or name == "accuracy"
