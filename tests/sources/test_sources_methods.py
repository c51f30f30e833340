"""The sources on what a gradient is good for, whoever computed it; one test for each item.

The items are those of docs/sources.md: descent by gradients from five methods, the forward pass of
a network with two hidden layers, and how far descent on batches of different sizes has to go.
"""

import itertools
import math
import statistics
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, backward, explain, steps
from autograd.check.oracles.complex_step import complex_step
from autograd.check.oracles.differences import differences
from autograd.check.oracles.forward import forward_mode
from autograd.check.oracles.paths import sum_over_paths
from nn import (
    MLP,
    SGD,
    half_squared_error,
    mean_squared_error,
    minibatches,
)
from support.descents import BEST, line_descent

# The gradient and its sign -----------------------------------------------------------------------


def test_every_parameter_moves_against_the_sign_of_its_derivative():
    """A2.2: up where the derivative is negative, down where it is positive, else not at all."""
    model = MLP([2, 4, 1], activation="relu", seed=1)
    model.layers[0].neurons[0].bias.data = -100.0  # it never answers: its derivatives are 0
    mean_squared_error(model([0.3, -0.7]), 1.0).backward()
    slopes = [p.grad for p in model.parameters()]
    before = [p.data for p in model.parameters()]
    SGD(model.parameters(), lr=1e-3).step()
    signs = {-1.0: 0, 0.0: 0, 1.0: 0}
    for p, old, slope in zip(model.parameters(), before, slopes, strict=True):
        assert np.sign(p.data - old) == -np.sign(slope)
        signs[float(np.sign(slope))] += 1
    assert all(signs.values())


def test_the_paths_from_a_first_weight_through_twenty_layers_are_counted():
    """A2.8: w^(L-1) for L hidden layers of w neurons, here 3^19."""
    model = MLP([1, *[3] * 20, 1], activation="tanh", seed=0)
    weight = model.layers[0].neurons[0].weights[0]
    assert explain(model([0.5])[0], weight).count == 3**19 == 1_162_261_467


def engine(f: Any, theta: list[float]) -> list[float]:
    leaves = [Value(x) for x in theta]
    backward(f(leaves))
    return [leaf.grad for leaf in leaves]


def method(oracle: Any) -> Any:
    return lambda f, theta: [slope.value for slope in oracle(f, theta)]


METHODS = {
    "backpropagation": engine,
    "finite differences": method(differences),
    "complex step": method(complex_step),
    "forward mode": method(forward_mode),
    "naive sum over paths": method(sum_over_paths),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_same_descent_with_gradients_from_anywhere(name: str):
    """A2.10: who computes the gradient and who takes the step are two."""
    inputs, wanted = [(1.0, 2.0), (0.5, -1.0), (-1.5, 0.3)], [1.0, 0.0, 1.0]

    def path(gradients: Any) -> np.ndarray:
        theta = [Value(x) for x in (0.5, -0.25, 0.1)]
        optimizer = SGD(theta, lr=0.5, momentum=0.5)
        places = []
        for n in range(12):
            x, t = inputs[n % 3], wanted[n % 3]

            def loss(p: Any, x: Any = x, t: float = t) -> Any:
                return (ag.tanh(p[0] * x[0] + p[1] * x[1] + p[2]) - t) ** 2

            for p, slope in zip(theta, gradients(loss, [p.data for p in theta]), strict=True):
                p.grad = slope
            optimizer.step()
            places.append([p.data for p in theta])
        return np.array(places)

    np.testing.assert_allclose(path(METHODS[name]), path(engine), rtol=0, atol=1e-9)


# A network with two hidden layers ----------------------------------------------------------------


def test_a_node_is_the_activation_of_the_weighted_sum_of_those_before_it():
    """A3.1: two hidden layers, one sample first, then a batch."""
    model = MLP([3, 4, 5, 2], activation="tanh", seed=4)
    X = np.random.default_rng(0).standard_normal((6, 3))
    a = X.T
    for layer, (W, b) in enumerate(model.arrays()):
        z = W @ a + b[:, None]
        a = z if layer == 2 else np.tanh(z)
    one_by_one = [[out.data for out in model(x)] for x in X.tolist()]
    np.testing.assert_allclose(one_by_one, a.T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(model.predict(X), a.T, rtol=0, atol=1e-12)
    assert np.array_equal(model.predict(X[:1])[0], model.predict(X[0]))


def test_the_loss_has_a_derivative_by_every_weight():
    """A3.3."""
    model = MLP([2, 3, 3, 2], activation="sigmoid", seed=0)
    half_squared_error(model([0.5, -1.0]), [1.0, 0.0]).backward()
    slopes = [p.grad for p in model.parameters()]
    assert len(slopes) == 2 * 3 + 3 + 3 * 3 + 3 + 3 * 2 + 2
    assert all(slope is not None and math.isfinite(slope) and slope for slope in slopes)


def test_an_output_moves_by_its_weights_or_by_the_activations_before_it():
    """A3.5: ∂L/∂w = δ a and ∂L/∂a = Σ δ w, and the steps show both."""
    model = MLP([2, 2, 2], activation="sigmoid", output_activation="sigmoid", seed=3)
    hidden = model.layers[0]([0.5, -1.0])
    outputs = model.layers[1](hidden)
    loss = half_squared_error(outputs, [1.0, 0.0])
    loss.backward()
    delta = [output.args[0].grad for output in outputs]
    last = model.layers[1].neurons
    for k, a in enumerate(hidden):
        wanted = sum(d * neuron.weights[k].data for d, neuron in zip(delta, last, strict=True))
        assert a.grad == pytest.approx(wanted, rel=1e-14)
        for d, neuron in zip(delta, last, strict=True):
            assert neuron.weights[k].grad == pytest.approx(d * a.data, rel=1e-14)
    fed: dict[Any, list[float]] = {}
    for step in steps(loss).backward:
        fed.setdefault(step.operand, []).append(step.contribution)
    for k, a in enumerate(hidden):
        assert len(fed[a]) == 2  # one for each output
        assert sum(fed[a]) == pytest.approx(a.grad, rel=1e-14)
        assert [fed[neuron.weights[k]] for neuron in last] == [
            [neuron.weights[k].grad] for neuron in last
        ]


# Mini-batches ------------------------------------------------------------------------------------


def test_batches_of_a_hundred_are_six_hundred_updates_where_the_whole_is_one():
    """A4.1, and A3.9: weights move with each batch, not with each epoch."""
    X, y = np.zeros((60_000, 1)), np.zeros(60_000)
    assert len(minibatches(X, y, 100)) == 600
    assert len(minibatches(X, y, 60_000)) == 1


def sample_gradients(batch_size: int, lr: float, seed: int = 0) -> int:
    """How many samples are looked at until the loss is within 0.05 of the best."""
    for step, (_, _, loss) in enumerate(line_descent(batch_size, lr, seed)):
        if loss < 0.2617 + 0.05:
            return step * batch_size
    raise AssertionError("descent does not end")


def test_batches_need_fewer_sample_gradients_and_a_batch_of_one_arrives_too():
    """A4.3 and A4.4: the whole batch 7,600, batches of 8 about 300, single samples about 130."""
    assert sample_gradients(200, 0.1) == 7_600
    eights = statistics.median(sample_gradients(8, 0.1, seed) for seed in range(20))
    ones = statistics.median(sample_gradients(1, 0.03, seed) for seed in range(20))
    assert eights == pytest.approx(308, rel=0.15)
    assert ones == pytest.approx(128, rel=0.15)


def turning(places: np.ndarray) -> float:
    """The sum of the angles between one step and the next, in radians."""
    moves = np.diff(places, axis=0)
    turns = np.diff(np.arctan2(moves[:, 1], moves[:, 0]))
    return float(np.abs((turns + np.pi) % (2 * np.pi) - np.pi).sum())


def test_gradient_descent_goes_down_a_smooth_path_and_mini_batches_wander():
    """A4.4: the loss of the whole batch always falls; of batches of eight it rises now and then."""
    smooth = np.array(list(itertools.islice(line_descent(200, 0.1), 67)))
    wandering = np.array(list(itertools.islice(line_descent(8, 0.1), 61)))
    assert (np.diff(smooth[:, 2]) < 0).all()
    assert smooth[-1, :2] == pytest.approx(BEST, abs=0.05)
    assert turning(smooth[:, :2]) == pytest.approx(1.19, abs=0.005)
    assert turning(wandering[:, :2]) > 50
    assert 0.1 < (np.diff(wandering[:, 2]) > 0).mean() < 0.5


# Activations -------------------------------------------------------------------------------------


def test_relu_and_which_slope_it_takes_at_its_kink():
    """A4.16."""
    slope = ag.grad(ag.relu)
    assert [ag.relu(x) for x in (-2.0, 0.0, 3.0)] == [0.0, 0.0, 3.0]
    assert [slope(x) for x in (-2.0, 0.0, 3.0)] == [0.0, 0.0, 1.0]
    lines = [line.split() for line in ag.subgradient_table().splitlines()]
    assert ["relu", "0", "0"] in lines


def test_inputs_that_are_not_scaled_saturate_the_network_from_the_start():
    """A4.17: weights of variance 1/n expect inputs of size 1; pixels from 0 to 255 are not."""
    rng = np.random.default_rng(0)
    pixels = np.floor(rng.random((20, 784)) * 256) * (rng.random((20, 784)) < 0.25)
    W, b = MLP([784, 64, 10], activation="sigmoid", seed=0).arrays()[0]
    slope = ag.grad(ag.sigmoid)

    def saturated(X: np.ndarray) -> float:
        slopes = np.array([slope(float(z)) for z in (X @ W.T + b).ravel()])
        return float((slopes < 0.01).mean())

    assert saturated(pixels) > 0.85
    assert saturated(pixels / 255.0) < 0.01
