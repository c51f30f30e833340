"""Models that draw random numbers, hold arrays, or change: no program goes on with what was."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, no_grad
from nn import MLP, SGD, Module, Neuron, fit

ENGINES = ("auto", "compiled", "eager")
X = np.random.default_rng(0).normal(size=(40, 2))
# The first sample, at which a prediction is tried, tells nothing.
X[0] = 0.0
Y = (X[:, 0] > 0).astype(int)
SHARED = np.random.default_rng(0)


class Masked(Module):
    """A neuron whose inputs are each multiplied by a number from elsewhere."""

    def __init__(self, draw: Callable[[], float] | None = None) -> None:
        self.neuron = Neuron(2, activation="linear", seed=1)
        self.mask = np.array([1.0, 1.0])
        self.draw = draw

    def __call__(self, inputs: Any) -> Any:
        mask = self.mask if self.draw is None else [float(self.draw() > 0.5) for _ in inputs]
        return self.neuron([x * float(m) for x, m in zip(inputs, mask, strict=True)])


class Dropping(Masked):
    """One that holds its source of random numbers."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.rng = np.random.default_rng(seed)
        self.draw = None

    def __call__(self, inputs: Any) -> Any:
        return self.neuron([x * float(self.rng.random() > 0.5) for x in inputs])


def called(model: Module) -> Any:
    return np.array([model(x).data for x in X.tolist()])


def test_a_prediction_follows_numbers_that_were_changed_inside_an_array() -> None:
    model = Masked()
    before = model.predict(X)
    for mask in ([5.0, 1.0], [1.0 + 1e-8, 1.0]):
        model.mask[:] = mask
        assert np.abs(model.predict(X) - called(model)).max() < 1e-14
    model.mask[:] = 1.0
    assert (model.predict(X) == before).all()


def test_training_follows_an_array_that_a_callback_changes() -> None:
    def change(model: Any, history: Any) -> None:
        model.mask[0] = 2.0 * len(history)

    runs: list[list[float]] = []
    for engine, callbacks in (("eager", []), *[(engine, [change]) for engine in ENGINES]):
        model = Masked()
        options: dict[str, Any] = {"loss": "binary_cross_entropy", "epochs": 3, "batch_size": 8}
        optimizer = SGD(model.parameters(), 0.1)
        fit(model, X, Y, optimizer=optimizer, engine=engine, callbacks=callbacks, **options)
        runs.append([p.data for p in model.parameters()])
    np.testing.assert_allclose(runs[1:3], [runs[3], runs[3]], rtol=1e-9)
    assert np.abs(np.subtract(runs[0], runs[3])).max() > 0.01


def sources(seed: int) -> dict[str, Callable[[], Module]]:
    """Two bits for each sample: one trace in four draws what the one before drew."""
    rng = np.random.default_rng(seed)
    SHARED.bit_generator.state = rng.bit_generator.state
    python = random.Random(seed)
    return {
        "of the model": lambda: Dropping(seed),
        "closure": lambda: Masked(lambda: rng.random()),
        "global": lambda: Masked(lambda: SHARED.random()),
        "Python's": lambda: Masked(lambda: python.random()),
        "method": lambda: Masked(rng.random),
    }


@pytest.mark.parametrize("source", sources(0))
def test_random_numbers_are_seen_even_if_two_traces_draw_the_same(source: str) -> None:
    for seed in range(8):
        model = sources(seed)[source]()
        options: dict[str, Any] = {"loss": "binary_cross_entropy", "epochs": 1, "batch_size": 8}
        optimizer = SGD(model.parameters(), 0.1)
        history = fit(model, X, Y, optimizer=optimizer, progress=False, **options)
        assert history.engine == "eager"
        assert type(model).__name__ in history.note
        assert "random numbers" in history.note
        varied = [model.predict(X).tolist() for _ in range(3)]
        assert varied[0] != varied[1] != varied[2]


def test_looking_whether_it_compiles_draws_no_number_of_a_run() -> None:
    runs: list[list[float]] = []
    for engine in ("auto", "eager"):
        model = Dropping(5)
        options: dict[str, Any] = {"loss": "hinge", "epochs": 2, "batch_size": 8, "engine": engine}
        fit(model, X, Y, optimizer=SGD(model.parameters(), 0.1), validation=None, **options)
        runs.append([p.data for p in model.parameters()])
    assert runs[0] == runs[1]


def test_no_rows_give_no_results_whether_there_is_a_program_or_not() -> None:
    model = MLP([2, 3, 4])
    assert model.predict(X[:0]).shape == (0, 4)
    model.predict(X)
    assert model.predict(X[:0]).shape == (0, 4)


def test_a_forward_put_on_a_layer_or_neuron_may_depend_on_anything() -> None:
    for place in ("layers", "neurons"):
        model = MLP([2, 3, 1], seed=0)
        part: Any = model.layers[0] if place == "layers" else model.layers[0].neurons[0]
        forward = part.forward

        def scaled(inputs: Any, forward: Any = forward) -> Any:
            return forward([x * SCALE[0] for x in inputs])

        part.forward = scaled
        for scale in (1.0, 3.0):
            SCALE[0] = scale
            expected = [[v.data for v in model(x)] for x in X.tolist()]
            np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)
    SCALE[0] = 1.0


SCALE = [1.0]


class Scaled(Module):
    """One whose results depend on a number that stands outside it."""

    def __init__(self, size: float) -> None:
        self.neuron = Neuron(2, activation="linear", seed=1)
        self.size = size

    def __call__(self, inputs: Any) -> Any:
        return self.neuron([x * SCALE[0] * self.size for x in inputs]) * self.size


@pytest.mark.parametrize("size", [1.0, 1e-8])
def test_a_prediction_follows_a_number_outside_the_model(size: float) -> None:
    model = Scaled(size)
    model.set_arrays([([[0.5, -0.25]], [0.0])])
    for scale in (1.0, 3.0, 1.0):
        SCALE[0] = scale
        expected = called(model)
        assert np.abs(model.predict(X) - expected).max() <= 1e-12 * np.abs(expected).max()


# Losses that are constants ----------------------------------------------------------------------


def test_a_batch_whose_losses_are_all_constants_has_a_gradient_of_0() -> None:
    def of_one_class(outputs: Any, target: Any) -> Any:
        return (outputs[0] - 3.0) ** 2 if target == 1 else Value(2.0)

    def of_both(outputs: Any, target: Any) -> Any:
        return (outputs[0] - 3.0) ** 2 * target + 2.0 * (1.0 - target)

    runs: list[list[float]] = []
    for loss, engine in ((of_one_class, "eager"), (of_both, "eager"), (of_both, "compiled")):
        model = MLP([2, 3, 1], seed=0)
        optimizer = SGD(model.parameters(), 0.05, momentum=0.9)
        targets = np.arange(40) % 2
        history = fit(model, X, targets, loss=loss, optimizer=optimizer, epochs=2, batch_size=2,
                      engine=engine, validation=None)  # fmt: skip
        assert len(history) == 2
        runs.append([p.data for p in model.parameters()])
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-12)
    np.testing.assert_allclose(runs[1], runs[2], rtol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("loss", [lambda a, t: Value(1.0), lambda a, t: Value(1.0) * t], ids="ab")
def test_a_loss_that_no_parameter_changes_is_told_in_one_wording(engine: str, loss: Any) -> None:
    model = MLP([2, 1])
    with pytest.raises(ValueError, match="does not depend on the model's outputs for any sample"):
        fit(model, X, Y, loss=loss, optimizer=SGD(model.parameters(), 0.1), epochs=2, batch_size=8,
            engine=engine)  # fmt: skip


def test_a_loss_that_reaches_for_a_weight_is_measured_with_what_it_is_by_then() -> None:
    runs: list[list[float | None]] = []
    for engine in ENGINES:
        model = MLP([2, 3, 1], seed=0)
        weight = model.layers[0].neurons[0].weights[0]

        def loss(outputs: Any, target: Any, w: Value = weight) -> Any:
            return (outputs[0] - target) ** 2 + 0.1 * w * w

        history = fit(model, X, Y, loss=loss, optimizer=SGD(model.parameters(), 0.1), epochs=3,
                      batch_size=8, engine=engine)  # fmt: skip
        assert history.engine == ("eager" if engine == "eager" else "compiled")
        runs.append(history.validation_loss)
    np.testing.assert_allclose(runs[:2], [runs[2], runs[2]], rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_training_inside_no_grad_is_refused_by_every_engine(engine: str) -> None:
    model = MLP([2, 1])
    before = [p.data for p in model.parameters()]
    options: dict[str, Any] = {"loss": "hinge", "epochs": 2, "batch_size": 8, "engine": engine}
    with no_grad(), pytest.raises(ValueError, match=r"no_grad\(\) is open here: call it outside"):
        fit(model, X, Y, optimizer=SGD(model.parameters(), 0.1), **options)
    assert [p.data for p in model.parameters()] == before
