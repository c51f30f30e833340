"""Runs that stop early, go on from earlier ones, or take their steps on several batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import MLP, SGD, Adam, EpochRecord, History, datasets, fit, schedules
from support.training import ENGINES, Dropping, data


def begun(kind=SGD, make=None, **options):
    model = MLP([2, 4, 1], seed=3) if make is None else make()
    usual = {"lr": 0.3, "momentum": 0.9} if kind is SGD else {"lr": 0.05}
    return model, kind(model.parameters(), **(usual | options))


def trained(model, optimizer, epochs, **changes):
    X, y = datasets.moons(45, seed=1)
    options = {"loss": "binary_cross_entropy", "epochs": epochs, "batch_size": 7, "seed": 5}
    return fit(model, X, y, optimizer=optimizer, **(options | changes))


# Patience --------------------------------------------------------------------------------------


def noisy(**changes):
    """Return data that are learnt by heart: the validation loss soon grows again."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
    model = MLP([2, 12, 1], seed=0)
    seen = []
    options = {
        "loss": "binary_cross_entropy",
        "optimizer": SGD(model.parameters(), lr=0.5, momentum=0.9),
        "epochs": 60,
        "batch_size": 10,
        "validation": 0.3,
        "callbacks": [lambda model, history: seen.append(data(model))],
    }
    return model, fit(model, X, y, **(options | changes)), seen


@pytest.mark.parametrize("engine", ENGINES)
def test_patience_ends_the_run_and_gives_the_best_parameters_back(engine):
    model, history, seen = noisy(patience=4, engine=engine)
    held = history.validation_loss
    best = int(np.argmin(held))
    assert history.best_epoch == best + 1 == len(history) - 4
    assert history.stopped_early
    assert not history.stopped
    assert data(model) == seen[best] != seen[-1]
    assert all(p.grad is None for p in model.parameters())
    told = f"stopped early: the model is as after epoch {best + 1}, whose validation loss"
    assert told in str(history)
    assert told in history._repr_html_()
    assert repr(history).endswith(", stopped early")


def test_a_run_that_patience_does_not_end_has_the_best_parameters_too():
    model, history, seen = noisy(patience=1000, epochs=20)
    best = int(np.argmin(history.validation_loss))
    assert len(history) == 20 > best + 1 == history.best_epoch
    assert not history.stopped_early
    assert data(model) == seen[best]
    assert f"the model is as after epoch {best + 1}, whose" in str(history)


def test_without_patience_the_run_ends_with_the_last_parameters():
    model, history, seen = noisy(epochs=20)
    assert history.best_epoch is None
    assert data(model) == seen[-1]
    assert "the model is as after" not in str(history)


def test_ctrl_c_gives_the_best_parameters_back_as_well():
    def interrupt(model, history):
        if len(history) == 25:
            raise KeyboardInterrupt

    seen = []

    def keep(model, history):
        seen.append(data(model))

    model, history, _ = noisy(patience=1000, callbacks=[keep, interrupt])
    best = int(np.argmin(history.validation_loss))
    assert history.interrupted
    assert data(model) == seen[best]
    assert f"interrupted: the model is as after epoch {best + 1}," in str(history)


def test_an_equal_loss_is_no_lower_one():
    model, optimizer = begun(lr=0.0)
    history = trained(model, optimizer, 10, patience=3)
    assert (len(history), history.best_epoch, history.stopped_early) == (4, 1, True)


@pytest.mark.parametrize("validation", [None, 0, 0.0])
def test_patience_without_validation_is_refused(validation):
    model, optimizer = begun()
    before = data(model)
    with pytest.raises(ValueError, match=r"nothing is held out: write validation=0\.1"):
        trained(model, optimizer, 3, patience=2, validation=validation)
    with pytest.raises(ValueError, match="patience must be at least 1"):
        trained(model, optimizer, 3, patience=0)
    with pytest.raises(TypeError, match="patience must be a whole number"):
        trained(model, optimizer, 3, patience="long")
    assert data(model) == before


def test_the_last_batch_is_a_validation_set_to_watch():
    model, optimizer = begun()
    history = trained(model, optimizer, 30, patience=2, validation="last_batch")
    assert history.best_epoch == int(np.argmin(history.validation_loss)) + 1


# Several batches in a step ---------------------------------------------------------------------


@pytest.mark.parametrize("make", [None, Dropping], ids=["plain", "dropout"])
@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("engine", ENGINES)
def test_accumulated_batches_are_one_large_batch(engine, kind, make):
    # 41 samples: the last step has 17, and its last batch 2.
    (small, one), (large, other) = begun(kind, make), begun(kind, make)
    options = {"engine": engine, "validation": 4 / 45}
    parts = trained(small, one, 4, batch_size=5, accumulate=5, **options)
    whole = trained(large, other, 4, batch_size=25, **options)
    assert one.steps == other.steps == 8
    np.testing.assert_allclose(data(small), data(large), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(parts.loss, whole.loss, rtol=1e-11)
    np.testing.assert_allclose(parts.validation_loss, whole.validation_loss, rtol=1e-10)


@settings(max_examples=25)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(2, 30))
def test_accumulating_averages_over_samples_whatever_the_sizes(size, accumulate, count):
    X, y = datasets.line(count, seed=0)
    found = []
    parts = {"accumulate": accumulate, "batch_size": size}
    for options in (parts, {"batch_size": size * accumulate}):
        model = MLP([1, 1], activation="linear", seed=0)
        optimizer = SGD(model.parameters(), lr=0.05)
        options |= {"loss": "mean_squared_error", "optimizer": optimizer, "epochs": 2}
        fit(model, X, y, validation=None, engine="compiled", **options)
        found.append([optimizer.steps, *data(model)])
    np.testing.assert_allclose(*found, rtol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_are_evened_over_the_step_and_not_over_its_parts(engine):
    options = {"sample_weight": np.geomspace(0.1, 10.0, 45), "validation": None, "engine": engine}
    (small, one), (large, other) = begun(), begun()
    parts = trained(small, one, 3, batch_size=4, accumulate=4, **options)
    whole = trained(large, other, 3, batch_size=16, **options)
    np.testing.assert_allclose(data(small), data(large), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(parts.loss, whole.loss, rtol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_that_fails_is_named(engine):
    X, y = datasets.line(20, seed=0)
    model = MLP([1, 1], activation="linear", seed=0)

    def loss(output, target):
        return (output[0] - target).square() + (output[0] - output[0] + target - y[3]).log()

    options = {"loss": loss, "epochs": 1, "batch_size": 2, "accumulate": 10, "validation": None}
    with pytest.raises(FloatingPointError, match=r"in batch 1 of epoch 1.* In sample \d of the"):
        fit(model, X, y, optimizer=SGD(model.parameters(), lr=0.1), engine=engine, **options)


def test_accumulate_is_a_count():
    model, optimizer = begun()
    with pytest.raises(ValueError, match="accumulate must be at least 1"):
        trained(model, optimizer, 1, accumulate=0)


# Going on from a history -----------------------------------------------------------------------

KINDS = {
    "sgd": (SGD, {}),
    "adam": (Adam, {}),
    "schedule": (SGD, {"lr": schedules.cosine(0.5, steps=60)}),
    "one cycle": (Adam, {"lr": schedules.one_cycle(0.1, steps=60)}),
}


@pytest.mark.parametrize("changes", [{}, {"validation": "last_batch"}, {"accumulate": 2}], ids=str)
@pytest.mark.parametrize("make", [None, Dropping], ids=["plain", "dropout"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_five_and_five_epochs_are_ten_bit_for_bit(engine, kind, make, changes):
    kind, options = KINDS[kind]
    long, optimizer = begun(kind, make, **options)
    ten = trained(long, optimizer, 10, engine=engine, **changes)
    model, optimizer = begun(kind, make, **options)
    five = trained(model, optimizer, 5, engine=engine, **changes)
    again = trained(model, optimizer, 5, engine=engine, history=five, **changes)
    assert data(model) == data(long)
    assert again.to_csv() == ten.to_csv()
    assert again.epoch == [*range(1, 11)]
    assert len(five) == 5


def test_going_on_takes_any_part_of_a_history_and_counts_from_its_last_epoch():
    model, optimizer = begun()
    three = trained(model, optimizer, 3)
    again = trained(model, optimizer, 2, history=History(three[-1:], "accuracy"))
    assert again.epoch == [3, 4, 5]
    assert trained(model, optimizer, 1, history=History()).epoch == [1]


def test_patience_watches_the_epochs_of_its_own_run():
    model, optimizer = begun(lr=0.0)
    four = trained(model, optimizer, 4)
    again = trained(model, optimizer, 10, history=four, patience=2)
    assert again.epoch == [1, 2, 3, 4, 5, 6, 7]
    assert again.best_epoch == 5
    assert (four.best_epoch, four.stopped_early) == (None, False)


@pytest.mark.parametrize(
    ("history", "error", "words"),
    [
        (
            History([EpochRecord(1, 0.5, 0.5, None, None, 0.1, 7)], "accuracy"),
            ValueError,
            r"drawn with seed 7, and this call has 5: write seed=7",
        ),
        (
            History([EpochRecord(1, 0.5, None, None, None, 0.1, 5)]),
            ValueError,
            "the history is of numbers, and y holds classes",
        ),
        ([], TypeError, "history= takes the History that an earlier fit returned"),
        ("run.csv", TypeError, "history= takes the History that an earlier fit returned"),
    ],
)
def test_another_runs_history_is_refused(history, error, words):
    model, optimizer = begun()
    before = data(model)
    with pytest.raises(error, match=words):
        trained(model, optimizer, 1, history=history)
    assert data(model) == before


# Numbers in the Values -------------------------------------------------------------------------


@pytest.mark.parametrize("held", [1, 2, 20])
def test_what_is_measured_between_epochs_is_the_model_as_it_is_then(held):
    # The Values are filled at the end alone where nobody can look before; a single row is called.
    X, y = datasets.moons(45, seed=1)
    found = []
    for changes in ({}, {"callbacks": [lambda model, history: None]}, {"engine": "eager"}):
        model, optimizer = begun()
        options = {"validation": (X[:held], y[:held]), "epochs": 4, "batch_size": 7, **changes}
        history = fit(
            model, X, y, loss="binary_cross_entropy", optimizer=optimizer, metrics=["f1"], **options
        )
        found.append([*data(model), *history.validation_loss, *history.loss, *history.metric])
    assert found[0] == found[1]
    np.testing.assert_allclose(found[0], found[2], rtol=1e-10)
