"""Samples of several labels, and of several numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value
from nn import MLP, SGD, History, datasets, evaluate, fit

X, ONE = datasets.moons(40, seed=0)
TAGS = np.column_stack([ONE, X[:, 0] > 0.5, X[:, 1] > 0.2]).astype(np.int64)
ENGINES = pytest.mark.parametrize("engine", ["eager", "compiled"])


def trained(
    y: Any, loss: str = "binary_cross_entropy", outputs: int = 3, epochs: int = 3, **options: Any
) -> tuple[MLP, History]:
    model = MLP([2, 6, outputs], seed=0)
    given: dict[str, Any] = {"batch_size": 5, "validation": 0.2}
    optimizer = SGD(model.parameters(), lr=0.2, momentum=0.9)
    history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=epochs, **(given | options))
    return model, history


def test_the_loss_of_several_labels_is_the_mean_of_the_losses_of_each() -> None:
    z, y = [0.5, -1.25, 3.0], [1, 0, 0.25]
    each = [nn.binary_cross_entropy([a], t) for a, t in zip(z, y, strict=True)]
    assert nn.binary_cross_entropy(z, y) == pytest.approx(np.mean(each), rel=1e-15)
    assert nn.binary_cross_entropy(z, np.array(y)) == nn.binary_cross_entropy(z, y)
    assert nn.binary_cross_entropy(z, [True, False, 0.25]) == nn.binary_cross_entropy(z, y)
    logits = [Value(a) for a in z]
    nn.binary_cross_entropy(logits, y).backward()
    for a, t in zip(logits, y, strict=True):
        assert a.grad == pytest.approx((ag.sigmoid(a.data) - t) / 3, rel=1e-14)
    with pytest.raises(ValueError, match="a target for each output, got 3 and 2"):
        nn.binary_cross_entropy(z, [1, 0])
    with pytest.raises(ValueError, match="takes the outputs first"):
        nn.binary_cross_entropy([1, 0, 1], logits)
    with pytest.raises(ValueError, match="a label from 0 to 1, got 2"):
        nn.binary_cross_entropy(z, [1, 0, 2])


@ENGINES
def test_labels_for_each_output_are_learned_and_counted_alike(engine: str, tmp_path: Path) -> None:
    model, history = trained(TAGS, engine=engine, epochs=60)
    assert history.engine == engine
    assert history.classes is model.classes is None
    said = model.predict_classes(X)
    assert said.shape == (40, 3)
    assert history.metric_name == "accuracy"
    assert (said == TAGS).mean() > 0.95
    probabilities = model.predict_probabilities(X)
    assert np.array_equal(probabilities > 0.5, said == 1)
    assert probabilities[:, 1] == pytest.approx(
        [ag.sigmoid(z) for z in model.predict(X)[:, 1]], rel=1e-14
    )
    model.save(tmp_path / "model.json")
    assert np.array_equal(MLP.load(tmp_path / "model.json").predict_classes(X), said)
    assert model.predict_classes(X[0]).tolist() == said[0].tolist()


def test_metrics_are_of_all_labels_alike() -> None:
    names = ["accuracy", "precision", "recall", "f1", "log_loss", "confusion_matrix"]
    model, history = trained(TAGS, validation=(X, TAGS), metrics=names)
    found = evaluate(model, X, TAGS, loss="binary_cross_entropy", metrics=names)
    said, right = model.predict_classes(X).ravel(), TAGS.ravel()
    assert found["accuracy"] == history.validation_metric[-1] == (said == right).mean()
    assert found["f1"] == nn.metrics.f1(said, right)
    assert np.array_equal(found["confusion_matrix"], nn.confusion(said, right, 2))
    assert found["log_loss"] == pytest.approx(found["loss"], rel=1e-12)
    assert history[-1].validation_metrics["f1"] == found["f1"]
    with pytest.raises(ValueError, match="top_k is of a model with an output for each class"):
        trained(TAGS, metrics=["top_k"])


@ENGINES
def test_probabilities_may_stand_for_labels(engine: str) -> None:
    soft = np.clip(np.column_stack([X, X[:, 0]]), 0.0, 1.0)
    model, history = trained(soft, engine=engine)
    assert history.metric == [None] * 3
    with pytest.raises(ValueError, match="not trained to tell classes"):
        model.predict_classes(X)


@ENGINES
def test_weights_go_with_several_labels(engine: str) -> None:
    weights = np.arange(40) % 3
    again = np.repeat(np.arange(40), weights)
    options: dict[str, Any] = {"engine": engine, "batch_size": 40, "validation": None}
    model, history = trained(TAGS, sample_weight=weights, **options)
    expected = MLP([2, 6, 3], seed=0)
    optimizer = SGD(expected.parameters(), lr=0.2, momentum=0.9)
    options |= {"loss": "binary_cross_entropy", "optimizer": optimizer, "epochs": 3}
    repeated = fit(expected, X[again], TAGS[again], **options)
    assert [p.data for p in model.parameters()] == pytest.approx(
        [p.data for p in expected.parameters()], rel=1e-10
    )
    assert history.loss == pytest.approx(repeated.loss, rel=1e-12)


@ENGINES
@pytest.mark.parametrize("loss", ["mean_squared_error", "huber", "half_squared_error"])
def test_several_numbers_are_learned(engine: str, loss: str) -> None:
    y = np.column_stack([X[:, 0] + X[:, 1], X[:, 0] - 0.5])
    metrics = ["r2", "mean_absolute_error"]
    model, history = trained(y, loss, 2, 200, engine=engine, metrics=metrics)
    found = evaluate(model, X, y, loss=loss, metrics=metrics)
    assert found["r2"] > 0.9
    assert found["mean_absolute_error"] == pytest.approx(np.abs(model.predict(X) - y).mean())
    assert history.classes is None
    assert history.metric_name == ""


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (TAGS[:, :2], r"a label for each of 3 outputs: expected y of shape \(40, 3\), got \(40, 2"),
        (TAGS * 2, "takes labels from 0 to 1, got from 0 to 2"),
        (ONE, r"use cross_entropy, or y of shape \(samples, 3\)"),
    ],
)
def test_labels_that_do_not_fit_are_named(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trained(y)
