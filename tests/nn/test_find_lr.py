"""The search for a learning rate: it finds one that trains, and leaves everything as it was."""

import numpy as np
import pytest

from nn import MLP, SGD, Adam, RateSearch, datasets, find_lr, fit, schedules


def searched(optimizer=Adam, sizes=(2, 8, 1), **changed):
    X, y = datasets.moons(100, seed=0)
    model = MLP([*sizes], seed=0)
    stepping = optimizer(model.parameters(), 0.1)
    options = {"loss": "binary_cross_entropy", "batch_size": 10, **changed}
    return model, stepping, find_lr(model, X, y, optimizer=stepping, **options)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_the_suggestion_trains(kind):
    X, y = datasets.moons(200, seed=0)
    _, _, search = searched(kind)
    model = MLP([2, 8, 1], seed=1)
    history = fit(
        model, X, y, loss="binary_cross_entropy", epochs=20, batch_size=10,
        optimizer=kind(model.parameters(), lr=search.suggestion), progress=False,
    )  # fmt: skip
    assert history[-1].metric > 0.85


@pytest.mark.parametrize("lr", [0.1, schedules.cosine(0.1, steps=9)])
def test_model_and_optimiser_are_as_before(lr):
    X, y = datasets.moons(100, seed=0)
    model = MLP([2, 8, 1], seed=0)
    optimizer = Adam(model.parameters(), lr)
    options = {"loss": "binary_cross_entropy", "batch_size": 10}
    fit(model, X, y, optimizer=optimizer, epochs=1, **options, progress=False)
    model.parameters()[0].grad = 0.5
    before = optimizer.state_dict(), [(p.data, p.grad) for p in model.parameters()]
    find_lr(model, X, y, optimizer=optimizer, steps=20, **options)
    assert (optimizer.state_dict(), [(p.data, p.grad) for p in model.parameters()]) == before
    with pytest.raises(ValueError, match="start at a smaller low"):
        find_lr(model, X, y, optimizer=optimizer, low=1e200, high=1e300, **options)
    assert (optimizer.state_dict(), [(p.data, p.grad) for p in model.parameters()]) == before


def test_the_rates_grow_by_one_factor_and_the_run_ends_where_the_loss_explodes():
    _, _, search = searched(SGD, low=1e-3, high=1e4)
    assert search.rates[0] == 1e-3
    assert np.diff(np.log(search.rates)) == pytest.approx(np.log(1e7) / 99)
    assert len(search.rates) < 100
    assert len(search.rates) == len(search.losses) == len(search.smooth)
    assert search.losses[-1] > 4.0 * min(search.smooth)
    assert search.suggestion == search.rates[int(np.argmin(search.smooth))] / 10.0


def test_the_engines_agree():
    found = [searched(engine=engine, steps=30)[2] for engine in ("compiled", "eager")]
    assert found[0].losses == pytest.approx(found[1].losses, rel=1e-9)
    assert found[0].suggestion == found[1].suggestion


def test_it_shows_and_draws_itself():
    _, _, search = searched(steps=20)
    assert repr(search).startswith("RateSearch(20 steps from 1e-06 to 10, suggestion=")
    (axes,) = search.plot().axes
    assert axes.get_xscale() == "log"
    assert [line.get_label() for line in axes.lines][:2] == ["of the batch", "averaged"]
    assert axes.get_title() == f"learning rate {search.suggestion:.3g}"


class Own:
    """An optimiser of a user's own, whose rate nobody knows."""

    def __init__(self, parameters, lr):
        self.parameters = parameters

    def step(self):
        pass


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"low": 0.0}, ValueError, "low must be above 0 and below high; got 0 and 10"),
        ({"low": 1.0, "high": 0.1}, ValueError, "low must be above 0 and below high"),
        ({"steps": 3}, ValueError, "steps must be at least 10"),
        ({"optimizer": Own}, TypeError, "find_lr sets the rate of an optimizer of nn.optim"),
        ({"sizes": (3, 1)}, ValueError, "3"),
        ({"batchsize": 3}, TypeError, "'batchsize': write batch_size="),
    ],
)
def test_wrong_arguments_are_named(changed, error, message):
    with pytest.raises(error, match=message):
        searched(**changed)


def test_a_search_can_be_made_by_hand():
    assert RateSearch([0.1], [1.0], [1.0], 0.1).rates == [0.1]
