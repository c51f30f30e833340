"""The training loop: reproducible, honest about what it held out, and never half done."""

import subprocess
import sys

import numpy as np
import pytest
import tqdm as tqdm_package

import autograd as ag
import nn.training.fit
from autograd import Value
from nn import (
    MLP,
    SGD,
    DivergenceError,
    Layer,
    Module,
    Neuron,
    datasets,
    fit,
    half_squared_error,
    mean_squared_error,
    split,
)


def data(model):
    return [p.data for p in model.parameters()]


def moons_run(n=40, seed=0, **changes):
    """Return a model and its history after a short run, with some options changed."""
    X, y = datasets.moons(n, seed=1)
    model = MLP([2, 4, 1], seed=3)
    options = {
        "loss": "binary_cross_entropy",
        "optimizer": SGD(model.parameters(), lr=0.3, momentum=0.9),
        "epochs": 3,
        "batch_size": 7,
        "seed": seed,
    }
    return model, fit(model, X, y, **(options | changes))


# What it learns --------------------------------------------------------------------------------


def test_moons_are_told_apart():
    X, y = datasets.moons(200, seed=0)
    model = MLP([2, 8, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
    loss = "binary_cross_entropy"
    history = fit(
        model, X, y, loss=loss, optimizer=optimizer, epochs=25, batch_size=10, validation=0.25
    )
    assert history.validation_metric[-1] >= 0.98
    assert history.metric[-1] >= 0.98


@pytest.mark.parametrize(
    ("loss", "outputs", "labels"),
    [
        ("hinge", 1, "01"),
        ("hinge", 1, "±1"),
        ("hinge", 2, "01"),
        ("cross_entropy", 2, "01"),
        ("binary_cross_entropy", 1, "01"),
        ("half_squared_error", 1, "01"),
        ("mean_squared_error", 1, "±1"),
        ("mean_squared_error", 2, "01"),
        ("huber", 1, "01"),
        ("mean_absolute_error", 2, "one-hot"),
    ],
)
def test_every_loss_learns_to_tell_xor_and_measures_accuracy_where_its_classes_part(
    loss, outputs, labels
):
    X, y = datasets.xor(40, noise=0.05, seed=0)
    y = {"01": y, "±1": 2 * y - 1, "one-hot": np.eye(2)[y]}[labels]
    model = MLP([2, 6, outputs], seed=1)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=40, batch_size=4)
    assert history.metric_name == "accuracy"
    assert history.metric[-1] == 1.0


@pytest.mark.long
def test_handwritten_digits_are_read():
    X, y = datasets.digits()
    model = MLP([64, 16, 10], seed=0)
    optimizer = SGD(model.parameters(), lr=0.03, momentum=0.9)
    options = {"loss": "cross_entropy", "epochs": 10, "batch_size": 10, "validation": 0.2}
    history = fit(model, X / 16, y, optimizer=optimizer, **options)
    assert history.validation_metric[-1] >= 0.95


def test_regression_has_no_metric():
    X, y = datasets.line(30)
    model = Neuron(1, "linear")
    optimizer = SGD(model.parameters(), lr=0.05)
    history = fit(model, X, y, loss="huber", optimizer=optimizer, epochs=2, batch_size=5)
    assert history.metric_name == ""
    assert history.metric == history.validation_metric == [None, None]


def test_any_module_and_any_loss_can_be_trained():
    class Parabola(Module):
        def __init__(self):
            self.a = Value(0.0)

        def __call__(self, inputs):
            return self.a * inputs[0] ** 2

    X = np.linspace(-1.0, 1.0, 20)[:, None]
    model = Parabola()
    history = fit(
        model,
        X,
        3.0 * X[:, 0] ** 2,
        loss=lambda output, target: (output - target).square(),
        optimizer=SGD(model.parameters(), lr=0.5),
        epochs=60,
        batch_size=5,
    )
    assert model.a.data == pytest.approx(3.0, abs=1e-6)
    assert history.validation_loss[-1] < 1e-10


# The same numbers ------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_numbers_bit_for_bit_and_another_others():
    (first, history), (second, again) = moons_run(), moons_run()
    assert data(first) == data(second)
    assert history.to_csv() == again.to_csv()
    other, _ = moons_run(seed=1)
    assert data(other) != data(first)


def test_another_process_gives_the_same_numbers():
    code = (
        "from nn import *; X, y = datasets.moons(40, seed=1); model = MLP([2, 4, 1], seed=3); "
        "h = fit(model, X, y, loss='binary_cross_entropy', epochs=3, batch_size=7, "
        "optimizer=SGD(model.parameters(), lr=0.3, momentum=0.9)); print(h.to_csv(), end='')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == moons_run()[1].to_csv()


def test_auto_compiled_and_eager_end_in_the_same_parameters():
    eager = data(moons_run(engine="eager")[0])
    for engine in ("auto", "compiled"):
        assert data(moons_run(engine=engine)[0]) == pytest.approx(eager, rel=1e-9, abs=1e-12)
    with pytest.raises(ValueError, match="Did you mean 'eager'"):
        moons_run(engine="eagre")


def test_a_run_is_the_loop_by_hand_with_a_short_last_batch():
    X, y = datasets.moons(10, seed=1)
    model, hand = MLP([2, 3, 1], seed=2), MLP([2, 3, 1], seed=2)
    options = {"loss": "half_squared_error", "epochs": 2, "batch_size": 4, "validation": None}
    history = fit(model, X, y, optimizer=SGD(model.parameters(), 0.5), seed=6, **options)
    optimizer = SGD(hand.parameters(), 0.5)
    for epoch in (1, 2):
        order = np.random.default_rng([6, epoch]).permutation(10)
        seen = []
        for batch in (order[:4], order[4:8], order[8:]):
            optimizer.zero_grad()
            losses = [half_squared_error(hand(X[i]), float(y[i])) for i in batch]
            ag.mean(losses).backward()
            optimizer.step()
            seen += [loss.data for loss in losses]
        assert history.loss[epoch - 1] == pytest.approx(np.mean(seen), rel=1e-12)
    np.testing.assert_allclose(data(model), data(hand), rtol=1e-12)


def test_no_gradient_is_left_behind_and_none_from_before_gets_in():
    model, _ = moons_run()
    assert all(p.grad is None for p in model.parameters())
    X, y = datasets.moons(40, seed=1)
    dirty = MLP([2, 4, 1], seed=3)
    dirty(X[0])[0].backward()
    optimizer = SGD(dirty.parameters(), lr=0.3, momentum=0.9)
    fit(dirty, X, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=3, batch_size=7)
    assert data(dirty) == data(model)


# What is held out ------------------------------------------------------------------------------


def trained_on(validation, n=20):
    """Return the targets the loss saw while it recorded, epoch by epoch, and the history."""
    X, y = np.arange(float(n))[:, None] / n, np.arange(float(n))
    model = Neuron(1, "linear")
    epochs = [[]]

    def loss(output, target):
        result = mean_squared_error(output, target)
        if result.args:
            epochs[-1].append(int(target))
        return result

    history = fit(
        model,
        X,
        y,
        loss=loss,
        optimizer=SGD(model.parameters(), 1e-3),
        epochs=3,
        batch_size=6,
        validation=validation,
        callbacks=[lambda model, history: epochs.append([])],
    )
    return epochs[:-1], history


def test_a_fraction_is_held_out_once_and_never_trained_on():
    epochs, history = trained_on(0.25)
    _, (_, held) = split(np.arange(20.0)[:, None], np.arange(20.0), 0.25, seed=0)
    for seen in epochs:
        assert sorted([*seen, *held.astype(int)]) == list(range(20))
    assert epochs[0] != epochs[1]
    assert None not in history.validation_loss


@pytest.mark.parametrize("validation", [None, 0, 0.0])
def test_nothing_is_held_out_if_so_asked(validation):
    epochs, history = trained_on(validation)
    assert all(sorted(seen) == list(range(20)) for seen in epochs)
    assert history.validation_loss == history.validation_metric == [None] * 3


def test_the_last_batch_of_each_epoch_is_held_out_and_samples_move():
    epochs, _ = trained_on("last_batch")
    held = [set(range(20)) - set(seen) for seen in epochs]
    assert [len(part) for part in held] == [2, 2, 2]  # 20 = 3 * 6 + 2
    assert len(set(map(frozenset, held))) > 1


def test_a_validation_set_may_be_given():
    X, y = datasets.moons(10, seed=5)
    model, history = moons_run(validation=(X, y))
    outputs = model.predict(X)
    assert history.validation_metric[-1] == ((outputs[:, 0] > 0) == y).mean()
    losses = [nn.binary_cross_entropy(list(z), t) for z, t in zip(outputs, y, strict=True)]
    assert history.validation_loss[-1] == pytest.approx(np.mean(losses), rel=1e-14)


# Bad input -------------------------------------------------------------------------------------


def bad(X=None, y=None, model=None, **options):
    """Return what calls fit with something wrong in it."""

    def call():
        points, labels = datasets.moons(12, seed=0)
        net = model or MLP([2, 3, 2])
        before = data(net)
        sound = {
            "loss": "cross_entropy",
            "optimizer": SGD(net.parameters(), 0.1),
            "epochs": 1,
            "batch_size": 4,
        }
        try:
            fit(
                net,
                points if X is None else X,
                labels if y is None else y,
                **(sound | options),
            )
        finally:
            assert data(net) == before

    return call


TWELVE = np.zeros(12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            bad(X=np.zeros((12, 3))),
            ValueError,
            r"MLP takes 2 input\(s\), got 3: X has shape \(12, 3\), expected \(12, 2\)",
        ),
        (bad(X=TWELVE), ValueError, r"X must be of shape \(samples, inputs\).*X\[:, None\]"),
        (bad(X=np.zeros((12, 2, 2))), ValueError, r"write X.reshape\(len\(X\), -1\)"),
        (bad(X=np.full((12, 2), np.nan)), ValueError, r"X holds nan at \[0, 0\]"),
        (bad(X=np.zeros((5, 2))), ValueError, r"X has 5 sample\(s\) and y has 12"),
        (bad(X=np.zeros((0, 2)), y=[]), ValueError, "nothing to train on"),
        (bad(y=TWELVE + 2), ValueError, "takes labels from 0 to 1; got from 2.0 to 2.0"),
        (bad(y=TWELVE - 1), ValueError, "takes labels from 0 to 1; got from -1.0"),
        (bad(y=TWELVE + 0.5), ValueError, "takes whole numbers for labels, got 0.5"),
        (bad(y=np.zeros((12, 2))), ValueError, r"write y.argmax\(axis=1\) for one-hot"),
        (bad(y=["a"] * 12), ValueError, r"holds 1 class\(es\), 'a', and the model has 2 outputs"),
        (bad(model=MLP([2, 1])), ValueError, "use binary_cross_entropy"),
        (bad(loss="binary_cross_entropy"), ValueError, "a model of one output, got 2"),
        (
            bad(loss="binary_cross_entropy", model=MLP([2, 1]), y=TWELVE + 3),
            ValueError,
            "labels from 0 to 1, got from 3.0 to 3.0",
        ),
        (bad(loss="hinge", model=MLP([2, 1]), y=TWELVE + 3), ValueError, "labels -1 and 1, or 0"),
        (bad(loss="huber", y=TWELVE + 0.5), ValueError, r"shape \(12, 2\), got \(12,\)"),
        (bad(loss="huber", y=np.zeros((12, 3))), ValueError, r"shape \(12, 2\), got \(12, 3\)"),
        (bad(loss="huber", y=np.arange(12)), ValueError, "takes labels from 0 to 1"),
        (bad(loss="crossentropy"), ValueError, "Did you mean 'cross_entropy'?"),
        (bad(loss=3), TypeError, "a loss is a name or a function"),
        (bad(epochs=0), ValueError, "epochs must be at least 1; got 0"),
        (bad(epochs=1.5), TypeError, "epochs must be a whole number; got 1.5"),
        (bad(batch_size=0), ValueError, "batch_size must be at least 1"),
        (bad(seed=-1), ValueError, "seed must be at least 0"),
        (bad(validation=1.0), ValueError, "a fraction between 0 and 1"),
        (bad(validation=-0.1), ValueError, "a fraction between 0 and 1"),
        (bad(validation="last"), ValueError, "no way to validate is called 'last'"),
        (bad(validation="last_batch", batch_size=12), ValueError, "all 12 samples fit into one"),
        (bad(validation=(TWELVE,)), ValueError, r"a pair \(X, y\); got 1"),
        (bad(validation=(np.zeros((2, 3)), [0, 1])), ValueError, r"takes 2 input\(s\), got 3"),
        (
            bad(validation=(np.zeros((2, 2)), [0, 5])),
            ValueError,
            "y holds 5, which the model was not trained to tell: its classes are 0, 1",
        ),
        (bad(optimizer=0.1), TypeError, r"an object such as SGD\(model.parameters\(\)"),
        (bad(optimizer=SGD), TypeError, r"SGD\(model.parameters.*; got the class SGD"),
        (
            bad(optimizer=SGD(MLP([2, 3, 2]).parameters(), 0.1)),
            ValueError,
            "holds none of the model's parameters",
        ),
        (bad(callbacks=print), TypeError, r"write callbacks=\[f\]"),
        (bad(callbacks=[3]), TypeError, r"a function \(model, history\); got 3"),
        (bad(loss=lambda outputs, label: 1.0), TypeError, "in place of a Value"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_has_changed(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_only_a_module_with_parameters_is_trained():
    class Empty(Module):
        def __call__(self, inputs):
            return [Value(1.0)]

    options = {"loss": "huber", "optimizer": SGD([Value(1.0)], 0.1), "epochs": 1, "batch_size": 1}
    with pytest.raises(ValueError, match="Empty has no parameters to train"):
        fit(Empty(), [[1.0], [2.0]], [1.0, 2.0], **options)
    with pytest.raises(TypeError, match="fit trains a Module such as MLP; got function"):
        fit(lambda x: x, [[1.0], [2.0]], [1.0, 2.0], **options)


# Ends before the end ---------------------------------------------------------------------------


class Interrupting:
    """A loss that raises at its n-th recorded call."""

    def __init__(self, n, error):
        self.left = n
        self.error = error

    def __call__(self, outputs, target):
        result = half_squared_error(outputs, float(target))
        if result.args:
            self.left -= 1
            if self.left < 0:
                raise self.error
        return result


def test_ctrl_c_in_an_epoch_keeps_what_the_finished_epochs_gave():
    """36 samples are trained on: the third epoch breaks in its second batch."""
    model, history = moons_run(loss=Interrupting(2 * 36 + 10, KeyboardInterrupt()), epochs=9)
    assert len(history) == 2
    assert history.interrupted
    whole, _ = moons_run(loss=Interrupting(10**9, None), epochs=2)
    assert data(model) == data(whole)
    assert all(p.grad is None for p in model.parameters())
    assert "interrupted" in str(history)
    assert "interrupted" in repr(history)


def test_ctrl_c_in_a_callback_keeps_the_epoch_before_it():
    def callback(model, history):
        if len(history) == 2:
            raise KeyboardInterrupt

    model, history = moons_run(callbacks=[callback], epochs=9)
    assert len(history) == 2
    assert history.interrupted
    assert data(model) == data(moons_run(epochs=2)[0])


def test_ctrl_c_in_the_midst_of_a_step_leaves_no_half_moved_model():
    X, y = datasets.moons(12, seed=0)
    model = MLP([2, 3, 1], seed=3)
    before = data(model)

    class Torn(SGD):
        def step(self):
            self.parameters[0].data = 99.0
            raise KeyboardInterrupt

    optimizer = Torn(model.parameters(), 0.1)
    history = fit(model, X, y, loss="hinge", optimizer=optimizer, epochs=1, batch_size=4)
    assert len(history) == 0
    assert history.interrupted
    assert data(model) == before


def test_an_error_in_a_loss_comes_through_and_the_model_is_as_after_the_last_epoch():
    losses = Interrupting(36 + 10, ZeroDivisionError("mine"))
    X, y = datasets.moons(40, seed=1)
    model = MLP([2, 4, 1], seed=3)
    optimizer = SGD(model.parameters(), lr=0.3, momentum=0.9)
    with pytest.raises(ZeroDivisionError, match="mine"):
        fit(model, X, y, loss=losses, optimizer=optimizer, epochs=5, batch_size=7)
    assert data(model) == data(moons_run(loss=Interrupting(10**9, None), epochs=1)[0])


def test_a_callback_that_returns_true_ends_the_run_after_that_epoch():
    seen = []

    def callback(model, history):
        seen.append((type(model), len(history)))
        return len(history) == 2

    _, history = moons_run(callbacks=[callback, lambda model, history: 1], epochs=9)
    assert seen == [(MLP, 1), (MLP, 2)]
    assert len(history) == 2
    assert history.stopped
    assert not history.interrupted


def test_what_a_callback_does_to_the_model_is_kept_by_a_later_interrupt():
    def callback(model, history):
        model.layers[0].neurons[0].bias.data = 5.0

    loss = Interrupting(36 + 10, KeyboardInterrupt())
    model, history = moons_run(callbacks=[callback], loss=loss, epochs=9)
    assert len(history) == 1
    assert model.layers[0].neurons[0].bias.data == 5.0


@pytest.mark.parametrize(
    ("lr", "what"), [(1e200, "the loss became (inf|nan) in batch"), (1e308, "became")]
)
def test_a_loss_that_runs_away_stops_with_epoch_batch_and_causes(lr, what):
    X, y = datasets.line(40)
    model = Neuron(1, "linear")
    before = data(model)
    optimizer = SGD(model.parameters(), lr)
    with pytest.raises(DivergenceError, match=what) as caught:
        fit(model, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=3, batch_size=5)
    assert "of epoch 1. The usual causes: a learning rate that is too large" in str(caught.value)
    assert "The model is as after epoch 0. In sample " in str(caught.value)
    assert len(caught.value.history) == 0
    assert data(model) == before


def test_divergence_keeps_the_epochs_before_it():
    X, y = datasets.line(40)
    model = Neuron(1, "linear")
    kept = []
    optimizer = SGD(model.parameters(), lr=lambda n: 0.05 if n < 16 else 1e300)
    with pytest.raises(DivergenceError, match=r"batch [12] of epoch 3") as caught:
        fit(
            model,
            X,
            y,
            loss="mean_squared_error",
            optimizer=optimizer,
            epochs=5,
            batch_size=5,
            validation=None,
            callbacks=[lambda model, history: kept.append(data(model))],
        )
    assert len(caught.value.history) == len(kept) == 2
    assert data(model) == kept[-1]


def test_a_gradient_that_is_not_finite_is_named_before_it_gets_into_the_model():
    model = Neuron(1, "linear", init="constant")
    model.set_arrays([([[1.0]], [0.0])])
    before = data(model)
    with pytest.raises(DivergenceError, match=r"the gradient of weights.0 became (inf|nan)"):
        fit(
            model,
            [[0.0], [0.0]],
            [0.0, 0.0],
            loss=lambda output, target: ag.sqrt(output),
            optimizer=SGD(model.parameters(), 0.1),
            epochs=1,
            batch_size=1,
            validation=None,
        )
    assert data(model) == before


# The bar ---------------------------------------------------------------------------------------


def test_it_is_quiet_where_stderr_is_no_terminal(capsys):
    moons_run()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_counts_batches_where_stderr_is_a_terminal(monkeypatch, capsys, progress):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bars = []

    class Recorded(tqdm_package.tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.shown = not self.disable  # closing it disables it
            bars.append(self)

    Recorded.monitor_interval = 0  # no thread that outlives the test
    monkeypatch.setattr(nn.training.progress, "tqdm", Recorded)
    moons_run(progress=progress)
    shown = capsys.readouterr().err
    (bar,) = bars
    assert bar.total == 3 * 6
    assert bar.shown == progress
    assert ("Training" in shown) == progress
    if progress:
        assert bar.n == 18


def test_only_the_optimisers_parameters_move():
    """The rest of a model can be frozen by leaving it out."""
    X, y = datasets.moons(20, seed=1)
    model = MLP([2, 3, 1], seed=3)
    last: Layer = model.layers[1]
    first = data(model.layers[0])
    before = data(last)
    optimizer = SGD(last.parameters(), lr=0.3)
    fit(model, X, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=2, batch_size=5)
    assert data(model.layers[0]) == first
    assert data(last) != before


def test_any_object_with_a_step_is_an_optimiser():
    """And it may do as it likes; here the sign of the gradient counts."""
    X, y = datasets.moons(20, seed=1)
    model = MLP([2, 3, 1], seed=3)

    class Signs:
        def step(self):
            for p in model.parameters():
                p.data -= 0.01 * ag.sign(p.grad)

    history = fit(
        model, X, y, loss="binary_cross_entropy", optimizer=Signs(), epochs=5, batch_size=5
    )
    assert history.loss[-1] < history.loss[0]


def test_a_validation_set_that_runs_away_stops_the_run_too():
    """Finite on the samples, infinite far from them; and no warning on the way."""
    model = Neuron(1, "linear")
    before = data(model)
    optimizer = SGD(model.parameters(), 0.1)
    options = {"loss": "mean_squared_error", "epochs": 2, "batch_size": 2}
    with pytest.raises(
        DivergenceError, match="the loss on the validation set became inf in epoch 1"
    ):
        fit(
            model,
            [[0.0], [1.0]],
            [0.0, 1.0],
            optimizer=optimizer,
            validation=([[1e308]], [-1e308]),
            **options,
        )
    assert data(model) == before


def test_the_metric_in_training_is_of_the_samples_trained_on_alone():
    """In S3's way the last batch does not count towards it."""
    X, y = datasets.moons(11, seed=0)
    model = Neuron(2, "linear")
    optimizer = SGD(model.parameters(), 0.3)
    options = {"loss": "binary_cross_entropy", "epochs": 1, "batch_size": 4}
    history = fit(model, X, y, optimizer=optimizer, validation="last_batch", **options)
    order = np.random.default_rng([0, 1]).permutation(11)
    right = (model.predict(X) > 0) == y
    assert history.metric == [right[order[:8]].mean()]
    assert history.validation_metric == [right[order[8:]].mean()]


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_a_sigmoid_before_a_loss_on_logits_is_refused(loss: str) -> None:
    X, y = datasets.moons(20, seed=0)
    outputs = 1 if loss == "binary_cross_entropy" else 2
    model = MLP([2, 3, outputs], output_activation="sigmoid")
    with pytest.raises(ValueError, match="takes logits"):
        fit(model, X, y, loss=loss, optimizer=SGD(model.parameters(), 0.1), epochs=1, batch_size=5)
