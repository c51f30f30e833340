"""Neurons, layers and networks: what they compute, recorded and over arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import Value
from nn import MLP, Layer, Neuron
from nn.activations import ACTIVATIONS


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_predict_equals_the_recorded_forward_pass(name):
    model = MLP([3, 5, 4, 2], activation=name, output_activation=name, seed=2)
    X = np.random.default_rng(0).standard_normal((7, 3)) * 3
    recorded = [[a.data for a in model(x)] for x in X]
    np.testing.assert_allclose(model.predict(X), recorded, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_can_be_named_or_given(name):
    by_name, given_ = Neuron(2, name, seed=1), Neuron(2, ACTIVATIONS[name], seed=1)
    assert by_name([0.5, 2.0]).data == given_([0.5, 2.0]).data
    assert by_name.config() == given_.config()


def test_an_activation_of_ones_own_may_branch_and_use_methods():
    def bent(x):
        return x.tanh() if x > 0 else 0.1 * x

    model = MLP([2, 4, 1], activation=bent, seed=3)
    X = np.random.default_rng(0).standard_normal((5, 2))
    recorded = [[a.data for a in model(x)] for x in X]
    np.testing.assert_allclose(model.predict(X), recorded, rtol=1e-12)


def test_predict_takes_one_sample_or_many():
    model = MLP([3, 2])
    X = np.random.default_rng(0).standard_normal((4, 3))
    assert model.predict(X).shape == (4, 2)
    np.testing.assert_allclose(model.predict(X[1]), model.predict(X)[1], rtol=1e-14)
    assert Neuron(3).predict(X).shape == (4,)
    assert Layer(3, 1).predict(X).shape == (4, 1)
    assert model.predict(X.tolist()).shape == (4, 2)
    assert model.predict(np.zeros((0, 3))).shape == (0, 2)


def test_a_neuron_is_one_dot_a_sum_and_its_activation():
    out = Neuron(5, "tanh")([1.0, 2.0, 3.0, 4.0, 5.0])
    ops = [node.op.name for node in ag.order(out) if node.op is not None]
    assert ops == ["dot", "add", "tanh"]
    ops = [node.op.name for node in ag.order(Neuron(2, "linear")([1.0, 2.0])) if node.op]
    assert ops == ["dot", "add"]


def test_a_neuron_gives_one_value_and_layers_and_networks_give_lists():
    assert isinstance(Neuron(2)([1.0, 2.0]), Value)
    for model in (Layer(2, 1), Layer(2, 3), MLP([2, 1]), MLP([2, 3, 3])):
        assert isinstance(model([1.0, 2.0]), list)


def test_inputs_may_be_values_numbers_arrays_rows_or_any_mix():
    model = MLP([2, 3, 1], seed=1)
    expected = model([1.0, 2.0])[0].data
    mixed = [Value(1.0), 2]
    arrays = np.array([1.0, 2.0]), np.array([1, 2]), np.array([Value(1.0), Value(2.0)])
    for inputs in (mixed, (1.0, 2.0), [np.float32(1.0), np.int64(2)], *arrays):
        assert model(inputs)[0].data == expected


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (Value(1.0), TypeError, r"takes a list of 1 number.*write model\(\[x\]\)"),
        (1.0, TypeError, r"write model\(\[x\]\)"),
        ("1", TypeError, r"takes a list of 1 number"),
        (np.zeros((3, 1)), ValueError, r"shape \(3, 1\): write model\.predict\(X\)"),
        ([True], TypeError, "expected a number, got the bool"),
        (["1"], TypeError, "got the str '1'"),
        ([None], TypeError, "got None"),
    ],
)
@pytest.mark.parametrize("model", [Neuron(1), Layer(1, 1), MLP([1, 1])], ids=lambda m: repr(m)[:5])
def test_inputs_of_another_kind_are_told_what_to_write(model, inputs, error, message):
    with pytest.raises(error, match=message):
        model(inputs)


def test_a_neuron_is_s4s_and_the_same_seed_is_the_same_network():
    assert Neuron(2).activation == "sigmoid"
    first, second, other = (MLP([3, 4, 2], seed=s) for s in (7, 7, 8))
    data = [[p.data for p in m.parameters()] for m in (first, second, other)]
    assert data[0] == data[1] != data[2]


def test_hidden_layers_and_the_last_have_their_own_activation():
    model = MLP([2, 3, 3, 1], activation="relu", output_activation="sigmoid")
    assert [layer.activation for layer in model.layers] == ["relu", "relu", "sigmoid"]
    assert (model.activation, model.output_activation) == ("relu", "sigmoid")
    assert (MLP([2, 1]).activation, MLP([2, 1]).output_activation) == ("tanh", "linear")
    with pytest.raises(AttributeError):
        model.activation = "tanh"


def test_a_neuron_of_another_kind_in_a_layer_is_predicted_as_it_computes():
    layer = Layer(2, 3, "tanh", seed=1)
    layer.neurons[1] = Neuron(2, "relu", seed=4)
    X = np.random.default_rng(0).standard_normal((5, 2))
    np.testing.assert_allclose(
        layer.predict(X), [[a.data for a in layer(x)] for x in X], rtol=1e-13
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Neuron(0), ValueError, "number of inputs must be at least 1; got 0"),
        (lambda: Neuron(2.0), TypeError, "number of inputs must be a whole number; got 2.0"),
        (lambda: Layer(2, 0), ValueError, "number of neurons must be at least 1; got 0"),
        (lambda: MLP([2]), ValueError, r"inputs and the outputs at least.*got \[2\]"),
        (lambda: MLP([]), ValueError, "inputs and the outputs at least"),
        (lambda: MLP([2, 0, 1]), ValueError, r"sizes\[1\] must be at least 1; got 0"),
        (lambda: MLP([2, True]), TypeError, r"sizes\[1\] must be a whole number; got True"),
        (lambda: MLP("21"), TypeError, "sizes is a list such as"),
        (lambda: MLP(3), TypeError, "sizes is a list such as"),
        (lambda: MLP([2, 1], activation="tahn"), ValueError, "called 'tahn'. Did you mean 'tanh'?"),
        (lambda: MLP([2, 1], activation="Leaky-ReLU"), ValueError, "Did you mean 'leaky_relu'?"),
        (lambda: Neuron(1, 3.0), TypeError, "a name or a function of a Value; got 3.0"),
        (lambda: Neuron(1, init="hee"), ValueError, "no initialiser is called 'hee'.*'he'"),
        (lambda: Neuron(1, seed=-1), ValueError, "a seed must be at least 0; got -1"),
        (lambda: Neuron(1, seed="0"), TypeError, "a seed is a whole number or a NumPy Generator"),
    ],
)
def test_wrong_arguments_are_named_with_what_was_expected(make, error, message):
    with pytest.raises(error, match=message):
        make()


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    seed=st.integers(0, 1000),
    activation=st.sampled_from(["tanh", "sigmoid", "relu", "elu", "softplus"]),
)
def test_the_gradient_of_any_network_is_the_slope_of_its_loss(sizes, seed, activation):
    """A directional derivative by complex-free central differences, to its own accuracy."""
    model = MLP(sizes, activation=activation, seed=seed)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(sizes[0])
    direction = rng.standard_normal(len(model.parameters()))

    def loss():
        return ag.sum([ag.square(a) for a in model(x)])

    loss().backward()
    slope = sum(p.grad * d for p, d in zip(model.parameters(), direction, strict=True))
    start = [p.data for p in model.parameters()]
    ends = []
    h = 1e-6
    for sign in (1.0, -1.0):
        for p, s, d in zip(model.parameters(), start, direction, strict=True):
            p.data = s + sign * h * d
        ends.append(loss().data)
    scale = max(1.0, abs(slope), abs(ends[0]))
    assert abs((ends[0] - ends[1]) / (2 * h) - slope) <= 2e-5 * scale
