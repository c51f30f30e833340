"""Other ways to a gradient: the same numbers on random programs, and prices by formula."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, check, laboratory
from benchmarks.check_rates import magnitudes
from nn import MLP, half_squared_error

METHODS = [*laboratory.METHODS]


def slopes(method, z, xs):
    return laboratory.gradient_by(method, z, xs).slopes


@given(st.integers(0, 2**32))
def test_all_methods_find_the_gradient_of_random_networks(seed):
    rng = random.Random(seed)
    sizes = [rng.randint(1, 3) for _ in range(3)] + [1]
    activation = rng.choice(["tanh", "sigmoid", "sin", "softplus", "relu"])
    model = MLP(sizes, activation=activation, seed=seed)
    loss = half_squared_error(model([rng.uniform(-1, 1) for _ in range(sizes[0])]), [0.5])
    parameters = model.parameters()
    loss.backward()
    right = [p.grad for p in parameters]
    for method in METHODS:
        if method == "finite_differences" and activation == "relu":
            continue  # there may be a kink within a step
        tolerance = 1e-7 if method == "finite_differences" else 1e-12
        found = slopes(method, loss, parameters)
        np.testing.assert_allclose(found, right, rtol=tolerance, atol=tolerance, err_msg=method)


@given(st.integers(0, 2**32))
def test_methods_that_follow_the_rules_agree_on_random_programs(seed):
    program = check.random_program(seed, max_ops=12)
    xs = [Value(x) for x in program.point]
    z = program(*xs)
    if not isinstance(z, Value) or not np.isfinite(z.data):
        return
    z.backward()
    # What paths that cancel leave is as exact as they are. The complex step is not among these
    # methods: NumPy's complex functions lose digits in places, arcsinh at -13 eight of them.
    sizes = magnitudes(z, xs)
    for method in ("backprop", "forward", "naive_paths"):
        for g, x, size in zip(slopes(method, z, xs), xs, sizes, strict=True):
            assert (g is None) == (x.grad is None)
            if g is not None and np.isfinite(x.grad) and np.isfinite(size):
                assert g == pytest.approx(x.grad, rel=0.0, abs=1e-12 * size + 1e-280)


def test_no_method_changes_the_graph():
    x = Value(0.5)
    z = (x * x).tanh()
    for method in METHODS:
        laboratory.gradient_by(method, z, [x])
    assert x.grad is None
    assert z.grad is None
    assert x.data == 0.5


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_the_price_of_a_network_is_what_the_formulas_say(layers):
    width = 3
    model = MLP([2, *[width] * layers, 1], activation="tanh", seed=0)
    loss = half_squared_error(model([0.5, -1.0]), [0.25])
    parameters = model.parameters()
    count = len(parameters)
    costs = {m: laboratory.gradient_by(m, loss, parameters)[1:] for m in METHODS}
    assert costs["finite_differences"] == (1 + 2 * count, 0)
    assert costs["complex_step"] == (1 + count, 0)
    edges = costs["backprop"][1]
    assert costs["backprop"][0] == costs["forward"][0] == costs["naive_paths"][0] == 1
    # One sweep for each parameter, over a part of the graph each.
    assert edges < costs["forward"][1] < count * edges
    # Paths to the first layer's weights: one for each choice of a neuron in the layers between.
    assert costs["naive_paths"][1] >= edges
    assert costs["naive_paths"][1] > 2 * width ** (layers - 1) * width


def test_paths_grow_exponentially_where_sweeps_do_not():
    x = y = Value(1.0)
    for _ in range(12):
        y = y + y
    assert laboratory.gradient_by("naive_paths", y, [x]).multiplications == 2**13 - 2
    assert laboratory.gradient_by("backprop", y, [x]).multiplications == 24
    assert slopes("naive_paths", y, [x]) == [4096.0]
    for _ in range(100):
        y = y + y
    with pytest.raises(ValueError, match=r"multiplications here, more than 3,000,000: take a smal"):
        laboratory.gradient_by("naive_paths", y, [x])


def test_a_leaf_that_is_not_used_has_no_slope():
    x, y = Value(1.0), Value(2.0)
    for method in METHODS:
        found = slopes(method, x * 3.0, [x, y])
        assert found[0] == pytest.approx(3.0)
        assert found[1] is None


def test_what_is_asked_wrongly_is_named():
    x = Value(0.5)
    with pytest.raises(ValueError, match="Did you mean 'forward'"):
        laboratory.gradient_by("foward", x * x, [x])
    with pytest.raises(TypeError, match="takes the result as a Value"):
        laboratory.gradient_by("forward", 1.0, [x])
    with pytest.raises(TypeError, match="leaves that are Values"):
        laboratory.gradient_by("forward", x * x, [0.5])
