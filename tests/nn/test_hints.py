"""Words on runs that go wrong without an error, and none on those that go right."""

from typing import Any

import numpy as np
import pytest

from nn import MLP, SGD, Adam, History, Neuron, StandardScaler, datasets, fit
from nn.data.hints import all_same, runs_away, unscaled
from nn.datasets import Frame
from nn.losses import loss_named

X, Y = datasets.moons(60, seed=0)


def trained(x: Any, y: Any, loss: str, sizes: list[int], **options: Any) -> History:
    model = MLP(sizes, seed=0)
    given: dict[str, Any] = {"epochs": 8, "batch_size": 10, "lr": 0.1} | options
    optimizer = SGD(model.parameters(), lr=given.pop("lr"))
    return fit(model, x, y, loss=loss, optimizer=optimizer, **given)


def test_inputs_that_are_not_scaled_are_told_before_training(capsys: Any) -> None:
    frame = Frame({"height": X[:, 0], "area": X[:, 1] * 1000.0})
    history = trained(frame, Y, "cross_entropy", [2, 4, 2], lr=0.001)
    assert "column 'area' has numbers up to 1" in history.note
    assert "preprocessing=nn.StandardScaler()" in history.note
    assert "column 1 has" in trained(X * [1.0, 1e3], Y, "cross_entropy", [2, 2], lr=1e-3).note
    scaled = trained(frame, Y, "cross_entropy", [2, 4, 2], preprocessing=StandardScaler())
    assert "not scaled" not in scaled.note


@pytest.mark.parametrize(
    "x",
    [
        X,
        datasets.digits()[0],
        datasets.digits()[0] / 16.0,
        datasets.line(50)[0],
        np.eye(9)[np.arange(50) % 9],
        StandardScaler().fit_transform(X * 1e6),
        np.random.default_rng(0).normal(size=(100, 3)) * 5.0,
    ],
    ids=lambda x: str(x.shape),
)
def test_usual_inputs_are_taken_without_a_word(x: Any) -> None:
    assert unscaled(x, []) == ""


@pytest.mark.filterwarnings("error")
def test_numbers_whose_squares_are_no_floats_are_looked_at_without_a_warning() -> None:
    assert "column 1 has numbers up to " in unscaled(X * [1.0, 1e200], [])
    assert "column 0 has numbers up to 1e+308" in unscaled(np.array([[1e308, 0.0]] * 3), [])
    assert unscaled(X * 1e-200, []) == ""
    assert all_same(np.array([1.5e308, -1.5e308]), np.array([1.0, 2.0])) == ""
    assert runs_away([2.0, 3.0], loss_named("huber"), np.array([1e200, -1e200])) == ""


def test_a_run_whose_predictions_are_all_the_same_is_told() -> None:
    names = np.where(np.arange(60) % 10 == 0, "rare", "usual")
    noise = np.random.default_rng(0).normal(size=(60, 2))
    history = trained(noise, names, "cross_entropy", [2, 2], lr=0.01)
    assert "Every prediction is 'usual', whatever the sample" in history.note
    assert "class_weight='balanced'" in history.note
    numbers = trained(np.zeros((60, 2)), X[:, 0], "mean_squared_error", [2, 3, 1])
    assert "Every prediction is [" in numbers.note


def test_a_loss_that_runs_away_is_told() -> None:
    x, y = datasets.line(50, seed=0)
    model = Neuron(1, "linear")
    optimizer = SGD(model.parameters(), lr=0.55)
    history = fit(
        model, x, y, loss="mean_squared_error", optimizer=optimizer, epochs=15, batch_size=50,
        validation=None,
    )  # fmt: skip
    assert history.loss[-1] > 10 * history.loss[0]
    assert "has not become infinite yet: choose a smaller learning rate" in history.note


@pytest.mark.parametrize(
    ("losses", "loss", "targets", "told"),
    [
        ([1.0, 0.5], "cross_entropy", [0, 1], False),
        ([0.5, 0.9], "cross_entropy", [0, 1], False),
        ([1e-9, 1e-7], "cross_entropy", [0, 1], False),
        ([1.0, 11.0], "cross_entropy", [0, 1], True),
        ([1e5], "cross_entropy", [0, 1], True),
        ([1e10, 9e9], "mean_squared_error", [1e5, 2e5], False),
        ([1e10, 1e9], "mean_squared_error", [1.0, 2.0], True),
        ([], "huber", [1.0], False),
    ],
)
def test_the_margin_of_a_loss_that_runs_away(
    losses: list[float], loss: str, targets: list[float], told: bool
) -> None:
    assert bool(runs_away(losses, loss_named(loss), np.array(targets))) is told


def test_predictions_are_the_same_only_where_the_truth_is_not() -> None:
    assert all_same(np.array([1, 1]), np.array([0, 1]))
    assert not all_same(np.array([1, 1]), np.array([1, 1]))
    assert not all_same(np.array([1, 2]), np.array([0, 1]))
    assert not all_same(np.array([1]), np.array([0]))
    assert all_same(np.array([[0.5, 0.1]] * 3), np.array([[0.5, 0.1], [0, 1], [1, 0]]))
    assert not all_same(np.array([0.5, 0.5 + 1e-6]), np.array([0.0, 1.0]))


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_runs_that_go_right_have_no_word(engine: str) -> None:
    for loss, outputs in (("cross_entropy", 2), ("binary_cross_entropy", 1), ("hinge", 1)):
        history = trained(X, Y, loss, [2, 6, outputs], engine=engine, epochs=30)
        assert history.note == ""
    x, y = datasets.line(60, seed=0)
    assert trained(x, y, "mean_squared_error", [1, 1], engine=engine, lr=0.01).note == ""
    model = MLP([64, 10], seed=0)
    digits = datasets.digits()
    history = fit(
        model, digits[0] / 16, digits[1], loss="cross_entropy", batch_size=50, epochs=1,
        optimizer=Adam(model.parameters()), engine="compiled",
    )  # fmt: skip
    assert history.note == ""


def test_each_run_has_its_own_words() -> None:
    history = trained(X * 1e3, Y, "cross_entropy", [2, 2], lr=1e-6)
    model = MLP([2, 2], seed=0)
    optimizer = SGD(model.parameters(), lr=0.1)
    again = fit(
        model, X, Y, loss="cross_entropy", optimizer=optimizer, epochs=8, batch_size=10,
        history=history,
    )  # fmt: skip
    assert "not scaled" not in again.note
