"""Training compiled: the losses and parameters of eager training, whatever the optimiser does."""

import numpy as np
import pytest

from autograd import TraceError, Value, compile, no_grad, sin
from nn import MLP, SGD, DivergenceError, Module, datasets, fit, minibatches
from nn.losses import LOSSES


def numbers(model):
    return [p.data for p in model.parameters()]


def trained(engine, loss="binary_cross_entropy", sizes=(2, 6, 1), **options):
    X, y = options.pop("data", None) or datasets.moons(61, seed=0)
    model = options.pop("model", None) or MLP(
        list(sizes), options.pop("activation", "tanh"), seed=3
    )
    descent = options.pop("descent", {"lr": 0.1})
    given = {"epochs": 2, "batch_size": 16, "engine": engine, **options}
    optimizer = SGD(model.parameters(), **descent)
    return model, fit(model, X, y, loss=loss, optimizer=optimizer, **given), optimizer


DESCENTS = {
    "plain": {"lr": 0.1},
    "momentum": {"lr": 0.05, "momentum": 0.9},
    "nesterov": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    "decay": {"lr": 0.1, "weight_decay": 0.01, "momentum": 0.5},
    "schedule": {"lr": lambda n: 0.1 / (1 + n)},
}


@pytest.mark.parametrize("descent", DESCENTS.values(), ids=list(DESCENTS))
def test_compiled_equals_eager_with_every_kind_of_descent(descent):
    model, history, optimizer = trained("compiled", descent=descent)
    other, eager, left = trained("eager", descent=descent)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-9, abs=1e-12)
    assert history.loss == pytest.approx(eager.loss, rel=1e-9)
    assert history.validation_loss == pytest.approx(eager.validation_loss, rel=1e-9)
    assert optimizer.steps == left.steps
    assert optimizer._velocity == pytest.approx(left._velocity, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_compiled_equals_eager_with_every_loss(loss):
    several = LOSSES[loss].target in ("label", "values")
    sizes = (2, 5, 2 if several else 1)
    model, history, _ = trained("compiled", loss=loss, sizes=sizes)
    other, eager, _ = trained("eager", loss=loss, sizes=sizes)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-9, abs=1e-12)
    assert history.loss == pytest.approx(eager.loss, rel=1e-9)


def test_labels_of_several_classes_compile():
    X, y = datasets.digits()
    options = {"data": (X[:200] / 16.0, y[:200]), "sizes": (X.shape[1], 8, 10)}
    for loss in ("cross_entropy", "hinge"):
        model, history, _ = trained("compiled", loss=loss, **options)
        other, eager, _ = trained("eager", loss=loss, **options)
        assert numbers(model) == pytest.approx(numbers(other), rel=1e-9, abs=1e-12)
        assert history.loss == pytest.approx(eager.loss, rel=1e-9)


class Wave(Module):
    """A model that is no network, with a parameter that is not used."""

    def __init__(self):
        self.a, self.b, self.unused = Value(0.5, "a"), Value(1.5, "b"), Value(7.0, "unused")

    def __call__(self, inputs):
        total = self.a
        for i, x in enumerate(inputs):
            total = total + sin(self.b * x) * self.a ** (i + 1)
        return [total]


def test_models_of_ones_own_compile_and_what_is_not_used_stays():
    descent = {"lr": 0.1, "weight_decay": 0.1, "momentum": 0.5}
    model, _, _ = trained("compiled", model=Wave(), descent=descent)
    other, _, _ = trained("eager", model=Wave(), descent=descent)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-9)
    assert model.unused.data == 7.0


def test_parameters_are_in_the_values_at_every_callback_and_can_be_changed_there():
    def halve(model, history):
        model.parameters()[0].data *= 0.5

    model, _, _ = trained("compiled", callbacks=[halve])
    other, _, _ = trained("eager", callbacks=[halve])
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-9, abs=1e-12)


class Branching(Module):
    def __init__(self):
        self.w = Value(0.5, "w")

    def __call__(self, inputs):
        return [self.w * inputs[0] if self.w * inputs[0] > 0 else -self.w]


def test_auto_trains_what_cannot_be_compiled_and_compiled_says_why_not():
    model, _, _ = trained("auto", model=Branching())
    other, _, _ = trained("eager", model=Branching())
    assert numbers(model) == numbers(other)
    with pytest.raises(TraceError, match=r"compares a Value.*where"):
        trained("compiled", model=Branching())


class Noisy(Module):
    def __init__(self):
        self.w = Value(0.5, "w")
        self.rng = np.random.default_rng(0)

    def __call__(self, inputs):
        return [self.w * inputs[0] + float(self.rng.normal())]


def test_what_differs_from_call_to_call_is_not_compiled():
    with pytest.raises(TraceError, match="something else at each call"):
        trained("compiled", model=Noisy())
    model, _, _ = trained("auto", model=Noisy())
    assert model.w.data != 0.5


def test_a_loss_that_notes_what_it_sees_is_called_for_every_sample_unless_told_otherwise():
    seen = []

    def loss(outputs, target):
        seen.append(target)
        return (outputs[0] - target) ** 2

    trained("auto", loss=loss, validation=None, epochs=1)
    assert len(seen) == 61
    seen.clear()
    trained("compiled", loss=loss, validation=None, epochs=1)
    assert 0 < len(seen) < 10


def test_a_batch_that_fails_names_the_node():
    X = np.linspace(0.1, 1.0, 20)[:, None]
    X[7] = -1.0
    model = Wave()

    def loss(outputs, target):
        return (outputs[0] * 0.0 + target).log()

    options = {"optimizer": SGD(model.parameters(), 0.1), "epochs": 1, "batch_size": 20}
    with pytest.raises(DivergenceError, match=r"the loss became nan.*In sample \d+.*log"):
        fit(model, X, X[:, 0], loss=loss, engine="compiled", validation=None, **options)
    assert numbers(model) == numbers(Wave())


def test_short_last_batches_are_weighted_by_their_length():
    X, y = datasets.moons(17, seed=0)
    sizes = [len(xs) for xs, _ in minibatches(X, y, 16, rng=np.random.default_rng(0))]
    assert sizes == [16, 1]
    model, history, _ = trained("compiled", data=(X, y), validation=None)
    other, eager, _ = trained("eager", data=(X, y), validation=None)
    assert history.loss == pytest.approx(eager.loss, rel=1e-9)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-9)


def test_what_is_made_of_parameters_alone_is_no_constant_in_no_grad():
    a, b = Value(2.0), Value(3.0)
    with no_grad():
        program = compile(lambda x: a * b * x, parameters=[a, b], shapes=[()])
    a.data = 5.0
    program.load()
    assert program(1.0) == 15.0
