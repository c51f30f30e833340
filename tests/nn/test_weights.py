"""Weights of samples and classes: the loss of a batch is Σ w l over Σ w."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from nn import MLP, SGD, History, datasets, fit

X, Y = datasets.moons(30, seed=0)
W = np.random.default_rng(0).integers(0, 4, 30)
ENGINES = pytest.mark.parametrize("engine", ["eager", "compiled"])


def trained(
    x: Any = X, y: Any = Y, loss: Any = "cross_entropy", outputs: int = 2, **options: Any
) -> tuple[MLP, History]:
    model = MLP([2, 4, outputs], seed=0)
    given: dict[str, Any] = {"epochs": 3, "batch_size": len(x), "validation": None}
    optimizer = SGD(model.parameters(), lr=0.2, momentum=0.5)
    history = fit(model, x, y, loss=loss, optimizer=optimizer, **(given | options))
    return model, history


def numbers(model: MLP) -> list[float]:
    return [p.data for p in model.parameters()]


def own(outputs: Any, label: Any) -> Any:
    return ag.square(outputs[0] - label) + ag.square(outputs[1])


LOSSES = [
    ("cross_entropy", 2, Y),
    ("binary_cross_entropy", 1, Y),
    ("hinge", 1, 2 * Y - 1),
    ("hinge", 2, Y),
    ("half_squared_error", 2, np.eye(2)[Y]),
    ("mean_squared_error", 1, X[:, 0]),
    ("huber", 2, X),
    (own, 2, Y),
]


@ENGINES
@pytest.mark.parametrize(("loss", "outputs", "y"), LOSSES)
def test_a_weight_is_as_many_samples(engine: str, loss: Any, outputs: int, y: Any) -> None:
    again = np.repeat(np.arange(30), W)
    expected, repeated = trained(X[again], y[again], loss, outputs, engine=engine)
    model, history = trained(X, y, loss, outputs, engine=engine, sample_weight=W)
    assert numbers(model) == pytest.approx(numbers(expected), rel=1e-11, abs=1e-14)
    assert history.loss == pytest.approx(repeated.loss, rel=1e-12)
    assert history.engine == engine


@ENGINES
@pytest.mark.parametrize("batch_size", [1, 4, 7])
def test_weights_of_one_change_nothing(engine: str, batch_size: int) -> None:
    expected, plain = trained(engine=engine, batch_size=batch_size, validation=0.2)
    for weights in ({"sample_weight": np.full(30, 2.5)}, {"class_weight": {0: 2, 1: 2}}):
        model, history = trained(engine=engine, batch_size=batch_size, validation=0.2, **weights)
        assert numbers(model) == pytest.approx(numbers(expected), rel=1e-12)
        assert history.loss == pytest.approx(plain.loss, rel=1e-12)
        assert history.validation_loss == pytest.approx(plain.validation_loss, rel=1e-12)
        assert history.metric == plain.metric


@settings(max_examples=20)
@given(seed=st.integers(0, 99), batch=st.integers(1, 30))
def test_the_loss_of_an_epoch_is_the_weighted_mean(seed: int, batch: int) -> None:
    weights = np.random.default_rng(seed).random(30) + 0.01
    model = MLP([2, 3, 2], seed=seed)
    optimizer = SGD(model.parameters(), lr=1e-300)
    history = fit(
        model, X, Y, loss="cross_entropy", optimizer=optimizer, epochs=1, batch_size=batch,
        validation=0.3, seed=seed, sample_weight=weights,
    )  # fmt: skip
    losses = np.array([nn.cross_entropy(z, t) for z, t in zip(model.predict(X), Y, strict=True)])
    (kept, _), (out, _) = nn.split(np.arange(30), Y, 0.3, seed=seed)
    for found, part in ((history.loss[0], kept), (history.validation_loss[0], out)):
        assert found == pytest.approx(np.average(losses[part], weights=weights[part]), rel=1e-10)


def test_class_weights_are_those_of_their_samples() -> None:
    names = np.array(["ant", "bee"])[Y]
    expected, _ = trained(y=names, batch_size=4, sample_weight=np.where(Y == 1, 3.0, 1.0) * W)
    model, _ = trained(y=names, batch_size=4, class_weight={"bee": 3}, sample_weight=W)
    assert numbers(model) == pytest.approx(numbers(expected), rel=1e-13)
    for loss, outputs, y in (
        ("binary_cross_entropy", 1, names),
        ("hinge", 1, 2 * Y - 1),
        ("half_squared_error", 2, names),
        ("half_squared_error", 1, Y),
    ):
        label = y[Y == 1][0]
        weights = np.where(Y == 1, 3.0, 1.0)
        expected, _ = trained(y=y, loss=loss, outputs=outputs, sample_weight=weights)
        model, _ = trained(y=y, loss=loss, outputs=outputs, class_weight={label: 3.0})
        assert numbers(model) == pytest.approx(numbers(expected), rel=1e-13)


def test_balanced_weights_count_the_samples_trained_on() -> None:
    few = np.arange(30) < 6
    y = np.where(few, "rare", "usual")
    (_, kept), _ = nn.split(X, y, 0.4, seed=0)
    rare = int((kept == "rare").sum())
    weights = {"rare": 18 / (2 * rare), "usual": 18 / (2 * (18 - rare))}
    model, _ = trained(y=y, class_weight="balanced", validation=0.4)
    assert numbers(model) == pytest.approx(
        numbers(trained(y=y, class_weight=weights, validation=0.4)[0]), rel=1e-13
    )


@ENGINES
def test_weights_go_with_every_way_to_validate_and_to_step(engine: str) -> None:
    options: dict[str, Any] = {"engine": engine, "sample_weight": W + 1.0}
    _, history = trained(batch_size=8, validation="last_batch", **options)
    assert len(history) == 3
    model, history = trained(validation=(X[:5], Y[:5], W[:5]), epochs=1, **options)
    losses = [nn.cross_entropy(z, t) for z, t in zip(model.predict(X[:5]), Y, strict=False)]
    assert history.validation_loss[0] == pytest.approx(np.average(losses, weights=W[:5]), rel=1e-12)
    model, history = trained(validation=(X[:5], Y[:5]), epochs=1, **options)
    assert history.validation_loss[0] == pytest.approx(np.mean(losses), rel=1e-12)
    model, history = trained(validation=(X[:5], Y[:5]), epochs=1, class_weight={0: 5.0}, **options)
    weights = np.where(Y[:5] == 0, 5.0, 1.0)
    losses = [nn.cross_entropy(z, t) for z, t in zip(model.predict(X[:5]), Y, strict=False)]
    assert history.validation_loss[0] == pytest.approx(np.average(losses, weights=weights))
    one, _ = trained(batch_size=10, **options)
    parts, _ = trained(batch_size=5, accumulate=2, **options)
    assert numbers(parts) == pytest.approx(numbers(one), rel=1e-12)


def test_metrics_count_samples() -> None:
    model, history = trained(sample_weight=W, metrics=["f1"], validation=(X, Y))
    found = nn.evaluate(model, X, Y, loss="cross_entropy", metrics=["accuracy", "f1"])
    assert history.metric[-1] == history.validation_metric[-1] == found["accuracy"]
    assert history[-1].metrics["f1"] == found["f1"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sample_weight": W[:5]}, ValueError, r"a weight for each of 30 sample\(s\).*\(5,\)"),
        ({"sample_weight": W - 2}, ValueError, r"holds -\d at \[\d+\]: a weight is at least 0"),
        ({"sample_weight": np.full(30, np.nan)}, ValueError, r"sample_weight holds nan at \[0\]"),
        ({"sample_weight": ["a"] * 30}, ValueError, "sample_weight must hold real numbers"),
        ({"sample_weight": np.zeros(30)}, ValueError, "sample_weight is zero for every sample"),
        ({"sample_weight": np.eye(30)}, ValueError, r"got shape \(30, 30\)"),
        ({"class_weight": "even"}, TypeError, r"'balanced', or a weight for each .*\{0: 2.0\}"),
        ({"class_weight": [1, 2]}, TypeError, "'balanced', or a weight for each"),
        ({"class_weight": {"a": 1}}, ValueError, "the label 'a', and the classes are 0, 1"),
        ({"class_weight": {0: -1}}, ValueError, "weight of class 0 must be finite and at least 0"),
        ({"class_weight": {0: np.nan}}, ValueError, "weight of class 0"),
        ({"class_weight": {0: 1}, "y": X[:, 0]}, ValueError, "class_weight is for labels"),
        ({"validation": (X, Y, W, W)}, ValueError, r"a pair \(X, y\); got 4"),
    ],
    ids=repr,
)
def test_bad_weights_are_named_and_nothing_has_changed(
    options: dict[str, Any], error: Any, message: str
) -> None:
    y = options.pop("y", Y)
    loss, outputs = ("mean_squared_error", 1) if y is not Y else ("cross_entropy", 2)
    with pytest.raises(error, match=message):
        trained(y=y, loss=loss, outputs=outputs, **options)


def test_a_batch_without_weight_is_named() -> None:
    weights = np.arange(30) == 29
    with pytest.raises(ValueError, match="every sample of batch 1 of epoch 1 has weight 0"):
        trained(sample_weight=weights, batch_size=5, shuffle=False)
    with pytest.raises(ValueError, match="every sample of the samples held out has weight 0"):
        trained(sample_weight=weights[::-1], validation=0.2, shuffle=False)
