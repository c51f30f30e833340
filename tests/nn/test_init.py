"""Initialisers: their spreads, shapes and seeds."""

import numpy as np
import pytest

from nn import MLP, Constant, He, Initialiser, Neuron, ScaledNormal, Uniform, Xavier
from nn.init import INITIALISERS, described, draw


@pytest.mark.parametrize(
    ("init", "weights", "biases"),
    [
        (ScaledNormal(), 1 / 400, 1.0),
        (Uniform(), 1 / 400 / 3, 0.0),
        (Uniform(0.3), 0.09 / 3, 0.0),
        (Xavier(), 2 / 900, 0.0),
        (He(), 2 / 400, 0.0),
        (Constant(0.5), 0.0, 0.0),
    ],
    ids=repr,
)
def test_weights_and_biases_have_the_variance_of_the_paper(init, weights, biases):
    W, b = init(400, 500, np.random.default_rng(0))
    assert W.shape == (500, 400)
    assert b.shape == (500,)
    assert W.var() == pytest.approx(weights, rel=0.02)
    assert b.var() == pytest.approx(biases, rel=0.15)
    if not isinstance(init, Constant):
        assert abs(W.mean()) < 4 * np.sqrt(weights / W.size)


def test_the_uniform_ones_stay_within_their_limits():
    for init, limit in ((Uniform(0.3), 0.3), (Uniform(), 1 / 20), (Xavier(), np.sqrt(6 / 900))):
        W, _ = init(400, 500, np.random.default_rng(0))
        assert 0.99 * limit < np.abs(W).max() <= limit


@pytest.mark.parametrize("name", INITIALISERS)
def test_every_initialiser_has_a_name_and_can_be_given_as_an_object(name):
    by_name, given = (
        MLP([3, 4, 2], init=name, seed=6),
        MLP([3, 4, 2], init=INITIALISERS[name], seed=6),
    )
    assert [p.data for p in by_name.parameters()] == [p.data for p in given.parameters()]
    assert by_name.init == given.init == name


def test_a_generator_is_drawn_from_and_the_global_state_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not move
    rng = np.random.default_rng(5)
    first, second = Neuron(2, seed=rng), Neuron(2, seed=rng)
    assert first.weights[0].data == Neuron(2, seed=5).weights[0].data != second.weights[0].data
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002 - as above


def test_a_function_draws_layer_by_layer():
    calls = []

    def init(n_in, n_out, rng):
        calls.append((n_in, n_out))
        return np.full((n_out, n_in), 0.5), np.zeros((n_out, 1))

    assert [W.shape for W, _ in draw(init, [2, 3, 1], seed=0)] == [(3, 2), (1, 3)]
    assert calls == [(2, 3), (3, 1)]
    assert described(init) == "function init"


def test_an_initialiser_of_ones_own_needs_only_to_say_its_weights():
    class Ones(Initialiser):
        def weights(self, n_in, n_out, rng):
            return np.ones((n_out, n_in))

    model = MLP([2, 1], init=Ones())
    assert [p.data for p in model.parameters()] == [1.0, 1.0, 0.0]
    with pytest.raises(NotImplementedError, match="does not say how to draw weights"):
        Initialiser()(1, 1, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("init", "error", "message"),
    [
        ("xaver", ValueError, "Did you mean 'xavier'?"),
        (He, TypeError, r"the class He: write He\(\)"),
        (3, TypeError, "init is a name, an initialiser or a function"),
        (lambda n_in, n_out, rng: np.ones((n_out, n_in)), ValueError, "expected a pair"),
        (
            lambda n_in, n_out, rng: (np.ones((n_in, n_out)), np.ones(n_out)),
            ValueError,
            "outputs, in",
        ),
        (lambda n_in, n_out, rng: (np.full((n_out, n_in), np.inf), [0]), ValueError, "W holds inf"),
    ],
)
def test_what_is_no_initialiser_is_refused(init, error, message):
    with pytest.raises(error, match=message):
        MLP([2, 1], init=init)


@pytest.mark.parametrize("make", [lambda: Uniform(-1.0), lambda: Constant(float("nan"))])
def test_numbers_out_of_range_are_refused(make):
    with pytest.raises(ValueError, match="must be finite"):
        make()
