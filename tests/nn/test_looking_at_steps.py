"""Gradients sample by sample, and the parameters that a step moves most."""

import copy

import numpy as np
import pytest

from autograd import Value
from nn import (
    MLP,
    SGD,
    Dropout,
    Module,
    TopMovers,
    datasets,
    fit,
    half_squared_error,
    sample_gradients,
    top_movers,
)

LOSSES = [
    ("binary_cross_entropy", 1),
    ("cross_entropy", 2),
    ("hinge", 2),
    (lambda outputs, y: (outputs[0] - y).square(), 1),
]


def data(model):
    return [p.data for p in model.parameters()]


def moons(n=12):
    return datasets.moons(n, seed=1)


@pytest.mark.parametrize("engine", ["auto", "compiled", "eager"])
@pytest.mark.parametrize(("loss", "outputs"), LOSSES, ids=["bce", "ce", "hinge", "own"])
def test_the_mean_of_the_samples_gradients_is_the_step_that_is_taken(loss, outputs, engine):
    X, y = moons()
    model = MLP([2, 4, outputs], seed=3)
    before = np.array(data(model))
    slopes = sample_gradients(model, X, y, loss=loss, engine=engine)
    assert slopes.shape == (12, len(before))
    assert data(model) == before.tolist()
    assert all(p.grad is None for p in model.parameters())
    options = {"loss": loss, "epochs": 1, "batch_size": 12, "validation": None}
    fit(model, X, y, optimizer=SGD(model.parameters(), lr=0.5), **options)
    moved = (before - np.array(data(model))) / 0.5
    np.testing.assert_allclose(slopes.mean(axis=0), moved, rtol=1e-9, atol=1e-12)


def test_both_engines_and_a_pass_by_hand_give_the_same_rows():
    X, y = moons(7)
    model = MLP([2, 3, 1], seed=3)
    rows = [sample_gradients(model, X, y, loss="huber", engine=e) for e in ("compiled", "eager")]
    np.testing.assert_allclose(*rows, rtol=1e-12, atol=1e-15)
    slopes = sample_gradients(model, X, y, loss="half_squared_error")
    for x, label, row in zip(X.tolist(), y.tolist(), slopes, strict=True):
        model.zero_grad()
        half_squared_error(model(x), label).backward()
        np.testing.assert_allclose([p.grad for p in model.parameters()], row, rtol=1e-12)


def test_gradients_that_were_there_stay_and_an_unused_parameter_has_zeros():
    class Half(Module):
        def __init__(self):
            self.used, self.left = Value(0.5), Value(2.0)

        def __call__(self, inputs):
            return [self.used * inputs[0]]

    model = Half()
    model.left.grad = 7.0
    for engine in ("compiled", "eager"):
        found = sample_gradients(model, [[1.0], [2.0]], [1.0, 1.0], loss="huber", engine=engine)
        assert found.tolist() == [[-0.5, 0.0], [0.0, 0.0]]
    assert (model.used.grad, model.left.grad) == (None, 7.0)


def test_dropout_has_the_masks_of_both_engines_alike():
    class Dropping(Module):
        def __init__(self):
            self.first, self.last = MLP([2, 6], seed=3), MLP([6, 1], seed=4)
            self.dropout = Dropout(0.5, seed=1)

        def __call__(self, inputs):
            return self.last(self.dropout(self.first(inputs)))

    X, y = moons(9)
    options = {"loss": "binary_cross_entropy"}
    rows = [sample_gradients(Dropping(), X, y, engine=e, **options) for e in ("compiled", "eager")]
    np.testing.assert_allclose(*rows, rtol=1e-11, atol=1e-14)
    assert (rows[0] == 0.0).any()


def test_what_does_not_fit_is_named():
    X, y = moons()
    with pytest.raises(TypeError, match="a Module such as MLP; got list"):
        sample_gradients([1.0], X, y, loss="hinge")
    with pytest.raises(ValueError, match="no loss is called"):
        sample_gradients(MLP([2, 1]), X, y, loss="hinj")


def test_top_movers_are_those_whose_gradient_is_largest():
    X, y = moons()
    model = MLP([2, 4, 1], seed=3)
    before = data(model)
    slopes = sample_gradients(model, X, y, loss="binary_cross_entropy").mean(axis=0)
    options = {"loss": "binary_cross_entropy", "epochs": 1, "batch_size": 12, "validation": None}
    fit(model, X, y, optimizer=SGD(model.parameters(), lr=0.25), **options)
    movers = top_movers(model, before, count=5)
    order = np.argsort(-np.abs(slopes), kind="stable")[:5]
    names = [name for name, _ in model.named_parameters()]
    assert [move.name for move in movers] == [names[i] for i in order]
    for move, i in zip(movers, order, strict=True):
        assert move.change == pytest.approx(-0.25 * slopes[i], rel=1e-9)
        assert (move.before, move.after) == (before[i], data(model)[i])
        assert move.gradient is None
    assert (len(movers), movers.count) == (5, len(before))
    assert str(movers).splitlines()[0].split() == ["parameter", "before", "after", "change"]
    assert names[order[0]] in str(movers).splitlines()[1]
    assert names[order[0]] in movers._repr_html_()


def test_a_callback_sees_what_each_epoch_moved():
    X, y = moons()
    model = MLP([2, 4, 1], seed=3)
    last, seen = [data(model)], []

    def look(model, history):
        seen.append(top_movers(model, last[-1], count=1)[0].name)
        last.append(data(model))

    for engine in ("compiled", "eager"):
        other = copy.deepcopy(model)
        last[:], seen[:] = [data(other)], []
        options = {"loss": "hinge", "epochs": 3, "batch_size": 4, "engine": engine}
        fit(other, X, y, optimizer=SGD(other.parameters(), lr=0.1), callbacks=[look], **options)
        assert len(seen) == 3
        assert set(seen) <= {name for name, _ in model.named_parameters()}


def test_what_has_not_moved_is_no_mover():
    model = MLP([1, 1], seed=0)
    assert str(top_movers(model, data(model))) == "no parameter has moved"
    assert top_movers(model, data(model))._repr_html_() == "no parameter has moved"
    with pytest.raises(ValueError, match=r"the numbers of all 2 parameters; got .*\(1,\)"):
        top_movers(model, [1.0])
    with pytest.raises(TypeError, match="top_movers looks at a Module"):
        top_movers(3, [1.0])
    with pytest.raises(TypeError, match="TopMovers takes Moves, one for each parameter"):
        TopMovers(["a"], 3)
    with pytest.raises(ValueError, match="count must be at least 1"):
        top_movers(model, data(model), count=0)
