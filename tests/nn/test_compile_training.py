"""Training compiled: the losses and parameters of eager training, whatever the optimiser does."""

import re

import numpy as np
import pytest

from autograd import StaleGraphError, TraceError, Value, compile, grad, no_grad, sin
from nn import MLP, SGD, DivergenceError, Module, datasets, fit, minibatches
from nn.losses import LOSSES
from nn.optim import Optimizer, array_step


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


def assert_same(compiled, eager):
    """The parameters and every number of the history are the same to 1e-9."""
    (model, history, optimizer), (other, record, left) = compiled, eager
    assert (history.engine, record.engine) == ("compiled", "eager")
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-9, abs=1e-12)
    for name in ("loss", "metric", "validation_loss", "validation_metric"):
        found, expected = getattr(history, name), getattr(record, name)
        assert [x is None for x in found] == [x is None for x in expected]
        if None not in expected:
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert optimizer.steps == left.steps
    assert list(optimizer._velocity) == pytest.approx(left._velocity, rel=1e-9, abs=1e-12)


def both(**options):
    return [trained(engine, **options) for engine in ("compiled", "eager")]


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("descent", DESCENTS.values(), ids=list(DESCENTS))
def test_compiled_equals_eager_with_every_loss_and_kind_of_descent(descent, loss):
    """61 samples, 55 of them trained on in batches of 16: the last has 7."""
    several = LOSSES[loss].target in ("label", "values")
    assert_same(*both(descent=descent, loss=loss, sizes=(2, 5, 2 if several else 1)))


OTHERS = datasets.moons(23, seed=9)


@pytest.mark.parametrize("validation", [0.3, None, "last_batch", OTHERS], ids=str)
@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
def test_compiled_equals_eager_however_it_is_validated(validation, loss):
    assert_same(*both(validation=validation, loss=loss, sizes=(2, 4, 2)))


@pytest.mark.parametrize("batch_size", [1, 54, 55, 1000])
def test_compiled_equals_eager_in_batches_of_any_size(batch_size):
    assert_same(*both(batch_size=batch_size, epochs=1))


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge", "half_squared_error", "huber"])
def test_labels_of_several_classes_compile(loss):
    X, y = datasets.digits()
    data = X[:200] / 16.0, y[:200]
    assert_same(*both(data=data, sizes=(X.shape[1], 8, 10), loss=loss))


def test_regression_onto_several_targets_compiles():
    X = np.random.default_rng(0).standard_normal((50, 3))
    data = X, np.stack([X.sum(axis=1), X[:, 0] * X[:, 1]], axis=1)
    assert_same(*both(data=data, sizes=(3, 6, 2), loss="mean_absolute_error"))


def test_a_penalty_on_the_slope_of_the_model_is_trained_compiled_and_eager():
    histories, parameters = [], []
    for engine in ("eager", "auto", "compiled"):
        model = MLP([2, 4, 1], "tanh", seed=3)

        def loss(outputs, target, model=model):
            slopes = grad(lambda p: model(p)[0])([0.1, -0.2])
            return (outputs[0] - target) ** 2 + 4.0 * (slopes[0] ** 2 + slopes[1] ** 2)

        _, history, _ = trained(engine, loss, model=model, validation=0.2)
        histories.append([(row.loss, row.validation_loss) for row in history])
        parameters.append(numbers(model))
    free = numbers(trained("eager", lambda outputs, t: (outputs[0] - t) ** 2, (2, 4, 1))[0])
    assert parameters[0] != pytest.approx(free, rel=1e-3)
    for found, rows in zip(parameters[1:], histories[1:], strict=True):
        assert found == pytest.approx(parameters[0], rel=1e-12)
        assert np.array(rows) == pytest.approx(np.array(histories[0]), rel=1e-12)


def test_a_loss_of_ones_own_compiles():
    def loss(outputs, target):
        return (outputs[0] - target).square() + 0.1 * outputs[0].tanh()

    assert_same(*both(loss=loss))


class Wave(Module):
    """A model that is no network, with a parameter that is not used."""

    def __init__(self):
        self.a, self.b, self.unused = Value(0.5, "a"), Value(1.5, "b"), Value(7.0, "unused")

    def __call__(self, inputs):
        total = self.a
        for i, x in enumerate(inputs):
            total = total + sin(self.b * x) * self.a ** (i + 1)
        return [total]


@pytest.mark.parametrize("descent", DESCENTS.values(), ids=list(DESCENTS))
def test_models_of_ones_own_compile_and_what_is_not_used_stays(descent):
    compiled, eager = [trained(e, model=Wave(), descent=descent) for e in ("compiled", "eager")]
    assert_same(compiled, eager)
    assert compiled[0].unused.data == 7.0


@pytest.mark.parametrize("descent", DESCENTS.values(), ids=list(DESCENTS))
@pytest.mark.parametrize("order", [slice(None, 5), slice(None, None, -1)], ids=["few", "reversed"])
def test_an_optimiser_may_hold_some_parameters_or_another_order(order, descent):
    def run(engine):
        X, y = datasets.moons(40, seed=0)
        model = MLP([2, 4, 1], seed=3)
        optimizer = SGD(model.parameters()[order], **descent)
        options = {"loss": "binary_cross_entropy", "epochs": 2, "batch_size": 16}
        return model, fit(model, X, y, optimizer=optimizer, engine=engine, **options), optimizer

    assert_same(run("compiled"), run("eager"))


class Doubled(SGD):
    """An optimiser of a user's, which knows Values only."""

    def step(self):
        for p in self.parameters:
            p.data -= 2.0 * self.lr * p.grad
        self.steps += 1


def moved_by(kind, engine):
    X, y = datasets.moons(40, seed=0)
    model = MLP([2, 4, 1], seed=3)
    optimizer = kind(model.parameters(), 0.05)
    options = {"loss": "binary_cross_entropy", "epochs": 2, "batch_size": 16}
    return model, fit(model, X, y, optimizer=optimizer, engine=engine, **options), optimizer


def test_an_optimiser_of_ones_own_steps_on_the_values():
    assert_same(moved_by(Doubled, "compiled"), moved_by(Doubled, "eager"))


class Signs(Optimizer):
    """An optimiser that says once how numbers move."""

    remembered = ("_velocity",)

    def move(self, rate, numbers, slopes, velocity):
        velocity *= 0.5
        velocity += np.sign(slopes)
        numbers -= rate * velocity


class Both:
    """An optimiser of nobody's family, which knows Values and an array."""

    def __init__(self, parameters, lr):
        self.parameters, self.lr, self.steps, self._velocity = parameters, lr, 0, []
        self.on_arrays = 0

    def step(self):
        for p in self.parameters:
            p.data -= self.lr * p.grad
        self.steps += 1

    def step_array(self, numbers, slopes, moved=None):
        assert moved is None
        numbers -= self.lr * slopes
        self.steps += 1
        self.on_arrays += 1


@pytest.mark.parametrize("kind", [Signs, Both])
def test_an_optimiser_of_ones_own_steps_on_the_flat_array(kind):
    compiled, eager = moved_by(kind, "compiled"), moved_by(kind, "eager")
    assert_same(compiled, eager)
    assert array_step(compiled[2]) is not None
    if kind is Both:
        assert (compiled[2].on_arrays, eager[2].on_arrays) == (compiled[2].steps, 0)


def test_parameters_are_in_the_values_at_every_callback_and_can_be_changed_there():
    seen = {}

    def run(engine):
        def halve(model, history):
            seen.setdefault(engine, []).append(numbers(model))
            model.parameters()[0].data *= 0.5

        return trained(engine, callbacks=[halve], epochs=3)

    assert_same(run("compiled"), run("eager"))
    for found, expected in zip(seen["compiled"], seen["eager"], strict=True):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_parts_of_the_model_can_be_changed_by_a_callback():
    class Bent(Wave):
        bend = 1.0

        def __call__(self, inputs):
            return [self.bend * super().__call__(inputs)[0]]

    def straighten(model, history):
        model.bend *= 0.5

    def run(engine):
        return trained(engine, model=Bent(), epochs=3, callbacks=[straighten])

    assert_same(run("compiled"), run("eager"))


@pytest.mark.parametrize("engine", ["compiled", "eager"])
def test_other_parameters_from_a_callback_are_refused(engine):
    def renew(model, history):
        model.a = Value(0.25)

    with pytest.raises(ValueError, match="a callback gave the model other parameters"):
        trained(engine, model=Wave(), callbacks=[renew])


def test_the_rate_can_be_changed_by_a_callback():
    def run(engine):
        X, y = datasets.moons(40, seed=0)
        model = MLP([2, 4, 1], seed=3)
        optimizer = SGD(model.parameters(), 0.1, momentum=0.5)

        def slower(model, history):
            optimizer.lr *= 0.5
            optimizer.momentum = 0.25

        options = {"loss": "binary_cross_entropy", "epochs": 3, "batch_size": 16}
        history = fit(
            model, X, y, optimizer=optimizer, engine=engine, callbacks=[slower], **options
        )
        return model, history, optimizer

    assert_same(run("compiled"), run("eager"))


def test_a_second_run_goes_on_with_the_momentum_of_the_first():
    def run(*engines):
        X, y = datasets.moons(40, seed=0)
        model = MLP([2, 4, 1], seed=3)
        optimizer = SGD(model.parameters(), 0.05, momentum=0.9)
        options = {"loss": "binary_cross_entropy", "epochs": 2, "batch_size": 16}
        for engine in engines:
            history = fit(model, X, y, optimizer=optimizer, engine=engine, **options)
        return model, history, optimizer

    eager = run("eager", "eager")
    assert_same(run("compiled", "compiled"), eager)
    assert_same(run("eager", "compiled"), eager)
    assert numbers(run("compiled", "eager")[0]) == pytest.approx(numbers(eager[0]), rel=1e-9)


class Branching(Module):
    def __init__(self):
        self.w = Value(0.5, "w")

    def __call__(self, inputs):
        return [self.w * inputs[0] if self.w * inputs[0] > 0 else -self.w]


def test_auto_trains_what_cannot_be_compiled_and_compiled_says_why_not():
    model, history, _ = trained("auto", model=Branching())
    other, _, _ = trained("eager", model=Branching())
    assert numbers(model) == numbers(other)
    assert history.engine == "eager"
    assert re.fullmatch(
        "Training is not compiled: line [0-9]+ of .*test_compile_training.py compares a Value.*",
        history.note,
    )
    assert str(history).splitlines()[-1] == history.note
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
    model, history, _ = trained("auto", model=Noisy())
    assert model.w.data != 0.5
    assert "Noisy computes something else at each call" in history.note


def test_a_loss_that_differs_from_call_to_call_is_not_blamed_on_the_model():
    rng = np.random.default_rng(0)

    def noisy(outputs, target):
        return (outputs[0] - target + float(rng.normal())) ** 2

    with pytest.raises(TraceError, match="the loss, not MLP, computes something else"):
        trained("compiled", loss=noisy)


class Keeping(Wave):
    """A model that keeps its outputs on itself."""

    def __call__(self, inputs):
        self.last = super().__call__(inputs)
        return self.last


class Appending(Wave):
    """A model that keeps its outputs in a list of a part of it."""

    def __init__(self):
        super().__init__()
        self.notes = {"outputs": [1.0]}

    def __call__(self, inputs):
        outputs = super().__call__(inputs)
        self.notes["outputs"].append(outputs[0])
        return outputs


OUTSIDE = []


class Leaking(Wave):
    """A model that keeps its outputs outside itself."""

    def __call__(self, inputs):
        OUTSIDE.append(super().__call__(inputs))
        return OUTSIDE[-1]


class Counting(Wave):
    """A model that counts its calls."""

    calls = 0

    def __call__(self, inputs):
        self.calls += 1
        return super().__call__(inputs)


class Recurrent(Wave):
    """A model whose result depends on the call before."""

    def __init__(self):
        super().__init__()
        self.state = 0.0

    def __call__(self, inputs):
        state = (self.a * inputs[0] + self.b * self.state).tanh()
        self.state = state.data
        return [state]


class Remembering(Recurrent):
    """The same with a graph from call to call."""

    def __call__(self, inputs):
        self.kept = (self.a * inputs[0] + 0.1 * getattr(self, "kept", 0.0)).tanh()
        return [self.kept]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Keeping, "keeps something of each call in its attribute last"),
        (Appending, "keeps something of each call in its attribute notes.outputs"),
        (Leaking, "keeps results of calls outside itself"),
        (Counting, "keeps something of each call in its attribute calls"),
        (Recurrent, "reads .data"),
        (Remembering, "placeholder of another trace|keeps something"),
    ],
)
def test_a_model_that_keeps_something_of_each_call_is_called_for_each_sample(make, why):
    model, history, _ = trained("auto", model=make(), epochs=1, batch_size=1000, validation=None)
    other, _, _ = trained("eager", model=make(), epochs=1, batch_size=1000, validation=None)
    assert history.engine == "eager"
    assert re.search(why, history.note)
    assert numbers(model) == numbers(other)


@pytest.mark.parametrize("make", [Keeping, Appending, Counting])
def test_a_model_that_keeps_its_outputs_keeps_no_placeholder_when_compiled(make):
    compiled, eager = (trained(e, model=make()) for e in ("compiled", "eager"))
    assert_same(compiled, eager)
    model = compiled[0]
    kept = [*getattr(model, "last", []), *getattr(model, "notes", {"outputs": []})["outputs"]]
    assert all(type(x) in (Value, float) for x in kept)


def test_a_state_from_call_to_call_does_not_compile():
    for make in (Recurrent, Remembering):
        with pytest.raises(TraceError):
            trained("compiled", model=make())


def test_a_network_that_somebody_changed_compiles_as_it_is():
    class Skipping(MLP):
        def __call__(self, inputs):
            return [a + inputs[0] for a in super().__call__(inputs)]

    assert_same(*[trained(e, model=Skipping([2, 4, 1], seed=1)) for e in ("compiled", "eager")])


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


ENGINES = pytest.mark.parametrize("engine", ["compiled", "auto", "eager"])


def failing_fit(engine, model, loss, X):
    options = {"optimizer": SGD(model.parameters(), 0.1), "epochs": 1, "batch_size": len(X)}
    with pytest.raises(DivergenceError) as caught:
        fit(model, X, X[:, 0], loss=loss, engine=engine, validation=None, **options)
    return str(caught.value)


def with_one_odd_sample():
    """Samples, and the place of the odd one in the first batch."""
    X = np.linspace(0.1, 1.0, 20)[:, None]
    X[7] = -1.0
    return X, np.random.default_rng([0, 1]).permutation(20).tolist().index(7)


@ENGINES
def test_a_loss_that_becomes_nan_names_the_sample_and_the_node(engine):
    X, place = with_one_odd_sample()
    model = Wave()
    said = failing_fit(engine, model, lambda outputs, t: (outputs[0] * 0.0 + t).log(), X)
    assert said.startswith("the loss became nan in batch 1 of epoch 1. ")
    assert f" In sample {place} of the batch, log(add = -1.0) is nan, at " in said
    assert "test_compile_training.py" in said
    assert numbers(model) == numbers(Wave())
    assert all(p.grad is None for p in model.parameters())


@ENGINES
def test_a_gradient_that_becomes_infinite_names_the_sample_and_the_node(engine):
    X, place = with_one_odd_sample()
    model = Wave()
    said = failing_fit(engine, model, lambda outputs, t: (model.b * 1e-300 + t + 1.0).sqrt(), X)
    assert re.match(r"the gradient of b became (nan|inf) in batch 1 of epoch 1\. ", said)
    assert f" In sample {place} of the batch, the gradient of " in said
    assert "sqrt" in said
    assert numbers(model) == numbers(Wave())


@ENGINES
def test_a_sum_that_overflows_is_reported_though_no_sample_fails(engine):
    model = Wave()
    said = failing_fit(engine, model, lambda outputs, t: model.a * 1.5e308, np.ones((20, 1)))
    assert re.match(r"the (loss|gradient of a) became inf in batch 1 of epoch 1\. ", said)
    assert "In sample" not in said


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


def test_stored_numbers_are_noticed_by_graphs_recorded_before():
    w = Value(2.0, "w")
    program = compile(lambda x: w * x, parameters=[w], shapes=[()])
    before = w * 3.0
    program.theta[...] = 5.0
    program.store()
    assert w.data == 5.0
    with pytest.raises(StaleGraphError):
        before.backward()
    (w * 3.0).backward()
    assert w.grad == 3.0


def test_what_a_callback_changes_for_a_loss_is_seen_by_every_engine():
    X = np.linspace(-1.0, 1.0, 20)[:, None]
    found = []
    for engine in ("eager", "compiled", "auto"):
        scale = 1.0

        def loss(outputs, target):
            return (outputs[0] - target) ** 2 * scale  # noqa: B023  # read when it is called

        def halve(*_):
            nonlocal scale
            scale *= 0.5

        model = MLP([1, 1], seed=0)
        optimizer = SGD(model.parameters(), lr=0.1)
        fit(
            model, X, 0.7 * X[:, 0], loss=loss, optimizer=optimizer, epochs=3, batch_size=5,
            validation=None, engine=engine, callbacks=[halve], progress=False,
        )  # fmt: skip
        found.append(numbers(model))
    assert found[1] == pytest.approx(found[0], rel=1e-12)
    assert found[2] == pytest.approx(found[0], rel=1e-12)
