"""predict: the numbers of calls, by a program that the model keeps as long as it holds true."""

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import autograd as ag
from autograd import Value, no_grad
from nn import MLP, Embedding, Layer, Module, Neuron, Recurrent, Sequential
from nn.inference.snapshot import PROGRAMS

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))


def called(model, X):
    """Return what calls give, row by row."""
    results = [model(row) for row in X.tolist()]
    return np.array(
        [
            [a.data for a in result] if isinstance(result, list) else result.data
            for result in results
        ]
    )


def assert_predicts(model, X=X):
    np.testing.assert_allclose(model.predict(X), called(model, X), rtol=1e-12, atol=1e-14)


def is_compiled(model):
    return vars(model)[PROGRAMS].program is not None


class Bend(Module):
    """A model that is no network: it returns one Value, and keeps nothing."""

    def __init__(self):
        self.a, self.b = Value(0.5, "a"), Value(-1.5, "b")
        self.power = 2

    def __call__(self, inputs):
        total = self.b
        for x in inputs:
            total = total + (self.a * x).sin() ** self.power
        return total


class Wrapped(Module):
    """A network in a module, with a skipped connection."""

    def __init__(self):
        self.net = MLP([3, 4, 3], seed=2)

    def __call__(self, inputs):
        return [a + x for a, x in zip(self.net(inputs), inputs, strict=True)]


class Skipping(MLP):
    """A network whose call is another one than the network's."""

    def __call__(self, inputs):
        return [a + inputs[0] for a in super().__call__(inputs)]


MODELS = {
    "neuron": lambda: Neuron(3, "tanh", seed=1),
    "layer": lambda: Layer(3, 5, "gelu", seed=1),
    "network": lambda: MLP([3, 6, 5, 2], "relu", "sigmoid", seed=1),
    "own activation": lambda: MLP([3, 4, 2], activation=lambda x: x * ag.sigmoid(2.0 * x), seed=1),
    "bend": Bend,
    "wrapped": Wrapped,
    "subclass": lambda: Skipping([3, 4, 2], seed=1),
}

each_model = pytest.mark.parametrize("make", MODELS.values(), ids=list(MODELS))


@each_model
def test_many_rows_are_compiled_and_give_what_calls_give(make):
    model = make()
    assert_predicts(model)
    assert is_compiled(model)
    for rows in (1, 2, 7, 40):
        assert_predicts(model, X[:rows])
    assert_predicts(model, RNG.standard_normal((3000, 3)))


@each_model
def test_parameters_that_were_changed_are_seen(make):
    model = make()
    model.predict(X)
    for p in model.parameters():
        p.data = p.data * 1.5 + 0.25
    assert_predicts(model)
    assert_predicts(model, X[:1])


def test_few_rows_are_not_worth_a_program():
    model = MLP([3, 4, 2])
    for row in X[:8]:
        model.predict(row)
    assert not is_compiled(model)
    model.predict(X[:12])
    assert is_compiled(model)


def test_no_rows_give_no_outputs():
    assert MLP([3, 4, 2]).predict(np.zeros((0, 3))).shape == (0, 2)
    assert Bend().predict(np.zeros((0, 3))).shape == (0,)


def test_nothing_is_recorded_and_no_grad_makes_no_difference():
    model, other = Bend(), Bend()
    with no_grad():
        inside = model.predict(X)
    assert np.array_equal(inside, other.predict(X))
    model.a.data = other.a.data = 0.75
    with no_grad():
        assert np.array_equal(model.predict(X), other.predict(X))
    assert_predicts(model)
    assert all(p.grad is None for p in model.parameters())


def test_other_parts_make_another_program():
    model = MLP([3, 4, 2], seed=1)
    model.predict(X)
    model.layers[1] = Layer(4, 3, "linear", seed=5)
    assert_predicts(model)
    model.layers[0].neurons[2] = Neuron(3, "relu", seed=9)
    assert_predicts(model)
    model.layers[1].neurons[0].weights[3] = Value(7.0)
    assert_predicts(model)
    bend = Bend()
    bend.predict(X)
    bend.power = 4
    assert_predicts(bend)


def test_what_a_model_reads_outside_itself_may_change():
    factor = [2.0]

    class Outside(Bend):
        def __call__(self, inputs):
            return super().__call__(inputs) * factor[0]

    model = Outside()
    assert_predicts(model)
    factor[0] = -3.0
    assert_predicts(model)
    assert is_compiled(model)


class Branching(Bend):
    def __call__(self, inputs):
        total = super().__call__(inputs)
        return total if total > -1.0 else -total


class Keeping(Bend):
    def __call__(self, inputs):
        self.last = super().__call__(inputs)
        return self.last


SEEN = []


class Listing(Bend):
    def __call__(self, inputs):
        SEEN.append(super().__call__(inputs))
        return SEEN[-1]


class Counting(Bend):
    calls = 0

    def __call__(self, inputs):
        self.calls += 1
        return super().__call__(inputs)


@pytest.mark.parametrize("make", [Branching, Keeping, Listing, Counting])
def test_what_cannot_be_compiled_is_called_with_the_same_numbers(make):
    model = make()
    assert np.array_equal(model.predict(X), called(model, X))
    assert np.array_equal(model.predict(X), called(model, X))
    assert not is_compiled(model)


def test_what_a_model_keeps_is_from_calls_and_counts_them():
    model = Keeping()
    model.predict(X)
    assert isinstance(model.last, Value)
    assert model.last.data == Bend()(X[-1].tolist()).data
    counting = Counting()
    counting.predict(X)
    assert counting.calls == len(X)


def test_random_numbers_are_drawn_for_every_row():
    class Noisy(Bend):
        rng = np.random.default_rng(0)

        def __call__(self, inputs):
            return super().__call__(inputs) + float(self.rng.standard_normal())

    noise = Noisy().predict(X) - Bend().predict(X)
    assert len(set(noise.round(9))) == len(X)


class Pairs(Bend):
    def __call__(self, inputs):
        total = super().__call__(inputs)
        return [[total, -total, 1.0], (total, total * 2.0, total + 1.0)]


def test_outputs_in_rows_are_an_array_by_a_program_too():
    model = Pairs()
    found = model.predict(X)
    assert found.shape == (40, 2, 3)
    assert is_compiled(model)
    wanted = [[[getattr(x, "data", x) for x in row] for row in model(xs)] for xs in X.tolist()]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    model.b.data = 3.0
    assert np.allclose(model.predict(X)[:, 0, 0], found[:, 0, 0] + 4.5)
    sequence = Sequential(Embedding(5, 3, seed=0), Recurrent(3, 2, states="all", seed=1))
    letters = np.random.default_rng(0).integers(0, 5, size=(20, 4))
    wanted = [[[x.data for x in row] for row in sequence(word)] for word in letters.tolist()]
    np.testing.assert_allclose(sequence.predict(letters), wanted, rtol=1e-12)
    assert is_compiled(sequence)


def test_outputs_in_rows_of_several_lengths_are_told_by_a_call():
    class Ragged(Bend):
        def __call__(self, inputs):
            total = super().__call__(inputs)
            return [[total], [total, total]]

    with pytest.raises(ValueError, match="Ragged returns lists of several lengths"):
        Ragged().predict(X)


def test_copies_and_files_of_a_model_have_programs_of_their_own():
    model = Bend()
    model.predict(X)
    for again in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        again.a = Value(3.0)
        assert_predicts(again)
    assert_predicts(model)


def test_a_model_is_freed_without_the_cyclic_collector():
    gc.collect()
    gc.disable()
    try:
        model = MLP([3, 4, 2])
        model.predict(X)
        assert is_compiled(model)
        left = weakref.ref(model)
        del model
        assert left() is None
    finally:
        gc.enable()


def test_threads_predict_at_once():
    model = MLP([3, 8, 2], seed=4)
    parts = [RNG.standard_normal((rows, 3)) for rows in (5, 17, 40, 300)]
    expected = [called(model, part) for part in parts]
    wrong = []

    def work(part, right):
        found = [model.predict(part) for _ in range(20)]
        wrong.extend(len(part) for outputs in found if not np.allclose(outputs, right, rtol=1e-12))

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(parts, expected, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "model", [Neuron(3), Layer(3, 2), MLP([3, 2])], ids=["Neuron", "Layer", "MLP"]
)
def test_a_wrong_number_of_columns_names_x_the_model_and_both_widths(model):
    name = type(model).__name__
    message = rf"{name} takes 3 input\(s\), got 2: X has shape \(5, 2\), expected \(5, 3\)"
    with pytest.raises(ValueError, match=message):
        model.predict(np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"got 4: X has shape \(4,\), expected \(3,\)"):
        model.predict(np.zeros(4))


def test_an_error_in_a_call_comes_through():
    class Broken(Bend):
        def __call__(self, inputs):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Broken().predict(X)
