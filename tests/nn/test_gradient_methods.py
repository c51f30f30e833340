"""Training by other methods than backpropagation: the same trajectory, at another price."""

import numpy as np
import pytest

from autograd import laboratory
from nn import MLP, SGD, Adam, History, datasets, fit

METHODS = [*laboratory.METHODS]


def trained(method, *, kind=SGD, loss="binary_cross_entropy", outputs=1, **changes):
    X, y = datasets.moons(12, seed=1)
    model = MLP([2, 3, outputs], seed=3)
    lr = 0.3 if kind is SGD else 0.05
    path = []
    options = {
        "loss": loss,
        "optimizer": kind(model.parameters(), lr=lr),
        "epochs": 3,
        "batch_size": 4,
        "gradients": method,
        "callbacks": [lambda model, _: path.append([p.data for p in model.parameters()])],
    }
    history = fit(model, X, y, **(options | changes))
    return np.array(path), history


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize(
    ("loss", "outputs"), [("binary_cross_entropy", 1), ("cross_entropy", 2), ("huber", 1)]
)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_goes_the_same_way(method, loss, outputs, kind):
    path, history = trained(method, loss=loss, outputs=outputs, kind=kind)
    right, usual = trained("backprop", loss=loss, outputs=outputs, kind=kind)
    tolerance = 1e-5 if method == "finite_differences" else 1e-10
    np.testing.assert_allclose(path, right, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(history.loss, usual.loss, rtol=tolerance)
    np.testing.assert_allclose(history.validation_loss, usual.validation_loss, rtol=tolerance)


def test_the_history_says_the_method_and_its_price():
    # 3 epochs of 11 samples; 13 parameters.
    evaluations = {"finite_differences": 27, "complex_step": 14}
    costs = {}
    for method in METHODS:
        _, history = trained(method)
        assert history.gradients == method
        assert history.cost.evaluations == 33 * evaluations.get(method, 1)
        costs[method] = history.cost.multiplications
        told = f"gradients by {method}: {history.cost}"
        assert (told in str(history)) == (method != "backprop")
        assert (told in history._repr_html_()) == (method != "backprop")
    assert costs["finite_differences"] == 0
    assert 0 < costs["complex_step"] < costs["forward"]
    assert 0 < costs["backprop"] < costs["naive_paths"] < costs["forward"]
    _, eager = trained("backprop", engine="eager")
    # Of the first sample's graph, which here has an edge more where the label is 0.
    assert eager.cost.multiplications == pytest.approx(costs["backprop"], rel=0.05)


def test_the_price_is_not_counted_where_counting_would_take_longer_than_training():
    X, y = datasets.digits()
    model = MLP([64, 140, 10], seed=0)
    options = {"loss": "cross_entropy", "epochs": 1, "batch_size": 10}
    history = fit(model, X[:20], y[:20], optimizer=SGD(model.parameters(), lr=0.1), **options)
    assert history.cost == (18, None)
    assert str(history.cost) == "18 evaluations"
    assert History().cost is None


def test_methods_accumulate_and_are_eager():
    path, history = trained("forward", batch_size=2, accumulate=2)
    right, _ = trained("backprop")
    np.testing.assert_allclose(path, right, rtol=1e-12)
    assert history.engine == "eager"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "fowards"}, "no method of gradients is called 'fowards'. Did you mean 'forw"),
        ({"method": "forward", "engine": "compiled"}, "compiled programs find gradients by back"),
        (
            {"method": "forward", "optimizer": SGD(MLP([2, 3, 1]).parameters(), 0.1,
                                                   during_backward=True)},
            "there is no backward pass in gradients='forward'",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        trained(**changes)


def test_a_loss_that_is_not_finite_is_named():
    X, y = datasets.line(10, seed=0)
    model = MLP([1, 1], activation="linear", seed=0)
    options = {"loss": "mean_squared_error", "epochs": 900, "batch_size": 5}
    optimizer = SGD(model.parameters(), lr=100.0)
    with pytest.raises(FloatingPointError, match=r"became inf in batch \d of epoch \d+\."):
        fit(model, X, y, optimizer=optimizer, gradients="forward", **options)
