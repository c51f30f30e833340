"""S3's class under its own names, beside its algorithm written out in NumPy from the ledger."""

import itertools
import os
import pickle
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from nn import MultilayerPerceptron, datasets, one_hot
from support.places import MNIST


class Written:
    """A4.5 to A4.13, as the ledger has them; the orders of the samples are given to it."""

    def __init__(self, layers: list[int], seed: int) -> None:
        random = np.random.RandomState(seed)  # what np.random.seed(seed) makes of the functions
        self.num_layers = len(layers)
        self.weights = [random.randn(y, x) / np.sqrt(x) for x, y in itertools.pairwise(layers)]
        self.biases = [random.randn(y, 1) for y in layers[1:]]

    @staticmethod
    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-z))

    def feedforward(self, X: Any) -> Any:
        a = X.T
        for W, b in zip(self.weights, self.biases, strict=True):
            a = self.sigmoid(W @ a + b)
        return a.T

    def backprop(self, x: Any, y: Any) -> tuple[list[Any], list[Any]]:
        a, zs, activations = x[:, None], [], [x[:, None]]
        for W, b in zip(self.weights, self.biases, strict=True):
            zs.append(W @ a + b)
            a = self.sigmoid(zs[-1])
            activations.append(a)
        slope = [self.sigmoid(z) * (1.0 - self.sigmoid(z)) for z in zs]
        nabla_W, nabla_b = [np.zeros(0)] * len(zs), [np.zeros(0)] * len(zs)
        delta = (activations[-1] - y[:, None]) * slope[-1]
        for layer in range(len(zs) - 1, -1, -1):
            nabla_W[layer], nabla_b[layer] = delta @ activations[layer].T, delta
            if layer:
                delta = (self.weights[layer].T @ delta) * slope[layer - 1]
        return nabla_W, nabla_b

    def update_params(self, X: Any, Y: Any, lr: float) -> None:
        nablas = [self.backprop(x, y) for x, y in zip(X, Y, strict=True)]
        for layer in range(len(self.weights)):
            sum_W, sum_b = (sum(nabla[k][layer] for nabla in nablas) for k in (0, 1))
            self.weights[layer] = self.weights[layer] - lr * sum_W / len(X)
            self.biases[layer] = self.biases[layer] - lr * sum_b / len(X)

    def fit(self, X: Any, Y: Any, orders: Any, batch_size: int, lr: float) -> list[str]:
        lines: list[str] = []
        for n, order in enumerate(orders, 1):
            *batches, last = [order[k : k + batch_size] for k in range(0, len(X), batch_size)]
            for batch in batches:
                self.update_params(X[batch], Y[batch], lr)
            shown = self.accuracy(Y[last], self.feedforward(X[last]))
            lines.append(f"Epoch {n}: Validation Accuracy: {shown:.2f}")
        return lines

    @staticmethod
    def accuracy(y: Any, pred: Any) -> float:
        return float(np.mean(np.argmax(y, axis=1) == np.argmax(pred, axis=1)))


def orders(seed: int, epochs: int, count: int) -> list[Any]:
    return [np.random.default_rng([seed, n]).permutation(count) for n in range(1, epochs + 1)]


def assert_equal(mlp: MultilayerPerceptron, written: Written) -> None:
    for ours, theirs in ((mlp.weights, written.weights), (mlp.biases, written.biases)):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def digits(count: int) -> tuple[Any, Any]:
    X, y = datasets.digits()
    return X[:count] / 16, one_hot(y[:count], 10)


@pytest.mark.parametrize("layers", [[4, 3], [4, 5, 3], [2, 6, 5, 2]])
@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_a_seed_gives_what_numpy_gives_the_class(layers: list[int], seed: int) -> None:
    mlp, written = MultilayerPerceptron(layers, seed=seed), Written(layers, seed)
    assert mlp.num_layers == written.num_layers == len(layers)
    pairs = [*zip(mlp.weights, written.weights, strict=True)]
    pairs += [*zip(mlp.biases, written.biases, strict=True)]
    for ours, theirs in pairs:
        assert np.array_equal(ours, theirs)


def test_the_global_generator_gives_the_same_and_is_left_alone() -> None:
    state = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(5)  # noqa: NPY002
        expected = np.random.randn(3, 2) / np.sqrt(2)  # noqa: NPY002
        before = pickle.dumps(np.random.get_state())  # noqa: NPY002
        mlp = MultilayerPerceptron([2, 3], seed=5)
        mlp.fit(np.eye(2)[[0, 1, 0]], np.eye(3)[[0, 1, 0]], epochs=1, batch_size=2)
        assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert np.array_equal(MultilayerPerceptron([2, 3], seed=5).weights[0], expected)


def test_three_epochs_are_those_of_the_class(capsys: pytest.CaptureFixture[str]) -> None:
    """A4.9 to A4.13: parameters to 1e-9, and every printed line."""
    X, Y = digits(110)
    mlp, written = MultilayerPerceptron([64, 12, 10], seed=3), Written([64, 12, 10], 3)
    history = mlp.fit(X, Y, epochs=3, batch_size=20, lr=3.0)
    lines = written.fit(X, Y, orders(3, 3, 110), 20, 3.0)
    assert_equal(mlp, written)
    assert capsys.readouterr().out.splitlines() == lines == [str(record) for record in history]
    np.testing.assert_allclose(mlp.predict(X), written.feedforward(X), rtol=1e-9)
    np.testing.assert_array_equal(mlp.feedforward(X), mlp.predict(X))
    assert mlp.accuracy(Y, mlp.predict(X)) == written.accuracy(Y, written.feedforward(X))
    # A second call goes on with the parameters, in orders of its own.
    mlp.fit(X, Y, epochs=2, batch_size=20, lr=3.0)
    written.fit(X, Y, orders(3 + 2**32, 2, 110), 20, 3.0)
    assert_equal(mlp, written)


def test_its_defaults_are_those_of_the_class(capsys: pytest.CaptureFixture[str]) -> None:
    X, Y = digits(250)
    mlp, written = MultilayerPerceptron([64, 3, 10], seed=1), Written([64, 3, 10], 1)
    mlp.fit(X, Y)
    lines = written.fit(X, Y, orders(1, 100, 250), 100, 1e-4)
    assert capsys.readouterr().out.splitlines() == lines
    assert len(lines) == 100
    assert_equal(mlp, written)


@pytest.mark.parametrize("layers", [[3, 2], [3, 4, 2], [3, 5, 4, 2]])
def test_backprop_and_update_params_are_those_of_the_class(layers: list[int]) -> None:
    rng = np.random.default_rng(4)
    X, Y = rng.standard_normal((7, 3)), rng.random((7, 2))
    mlp, written = MultilayerPerceptron(layers, seed=2), Written(layers, 2)
    for x, y in ((X[0], Y[0]), (X[1][:, None], Y[1][:, None])):
        found, expected = mlp.backprop(x, y), written.backprop(x.ravel(), y.ravel())
        for ours, theirs in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    assert all(p.grad is None for p in mlp.parameters())
    for _ in range(3):
        mlp.update_params(X, Y, 0.5)
        written.update_params(X, Y, 0.5)
    assert_equal(mlp, written)


def test_parameters_are_set_whole_and_not_inside_a_copy() -> None:
    mlp = MultilayerPerceptron([2, 3, 2], seed=0)
    mlp.weights = [2.0 * W for W in mlp.weights]
    mlp.biases = [0.0 * b for b in mlp.biases]
    again = MultilayerPerceptron([2, 3, 2], seed=0)
    assert np.array_equal(mlp.weights[1], 2.0 * again.weights[1])
    assert not np.any(mlp.biases[0])
    with pytest.raises(ValueError, match="read-only"):
        mlp.weights[0][0, 0] = 1.0
    with pytest.raises(ValueError, match="shape"):
        mlp.weights = mlp.weights[::-1]


@pytest.mark.parametrize("count", [1, 99, 100])
def test_one_batch_would_train_nothing_and_is_refused(count: int) -> None:
    """A4.18: the class is silent there."""
    X, Y = digits(count)
    mlp = MultilayerPerceptron([64, 10], seed=0)
    before = mlp.weights[0]
    with pytest.raises(ValueError, match=f"all {count} samples fit into one batch of 100"):
        mlp.fit(X, Y)
    assert np.array_equal(mlp.weights[0], before)


@pytest.mark.parametrize(
    ("layers", "seed", "message"),
    [
        ([3], 0, "sizes must name the inputs and the outputs"),
        ([3, 0], 0, r"sizes\[1\]"),
        (3, 0, "sizes is a list"),
        ([3, 2], -1, "seed"),
        ([3, 2], 2**32, "seed"),
        ([3, 2], 0.5, "seed"),
    ],
)
def test_bad_arguments(layers: Any, seed: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        MultilayerPerceptron(layers, seed=seed)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[0.5, 0.5]] * 4, "one-hot rows"),
        ([0, 1, 2, 3], "labels must be whole numbers from 0 to 1"),
        ([0, 1, 0], r"X has 4 sample\(s\) and y has 3"),
        ([0.5] * 4, "whole numbers"),
    ],
)
def test_bad_targets(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultilayerPerceptron([2, 2], seed=0).fit(np.ones((4, 2)), y, batch_size=2)


def test_labels_will_do_and_so_will_one_output(capsys: pytest.CaptureFixture[str]) -> None:
    X, Y = digits(60)
    one, other = (MultilayerPerceptron([64, 5, 10], seed=0) for _ in range(2))
    one.fit(X, Y, epochs=2, batch_size=10, lr=1.0)
    other.fit(X, Y.argmax(axis=1), epochs=2, batch_size=10, lr=1.0)
    assert np.array_equal(one.weights[1], other.weights[1])
    moons = datasets.moons(100, seed=0)
    mlp = MultilayerPerceptron([2, 8, 1], seed=0)
    mlp.fit(*moons, epochs=40, batch_size=9, lr=3.0)
    assert mlp.accuracy(moons[1], mlp.predict(moons[0])) > 0.8
    assert capsys.readouterr().out.count("Validation Accuracy") == 44


def test_a_seed_left_out_is_drawn_and_told() -> None:
    one, other = MultilayerPerceptron([3, 2]), MultilayerPerceptron([3, 2])
    assert one.seed != other.seed
    again = MultilayerPerceptron([3, 2], seed=one.seed)
    assert np.array_equal(again.weights[0], one.weights[0])


def test_it_is_a_network_like_others(tmp_path: Any) -> None:
    mlp = MultilayerPerceptron([3, 4, 2], seed=6)
    X = np.random.default_rng(0).standard_normal((30, 3))
    mlp.save(tmp_path / "model.json")
    for again in (
        MultilayerPerceptron.load(tmp_path / "model.json"),
        nn.Module.load(tmp_path / "model.json"),
        pickle.loads(pickle.dumps(mlp)),
    ):
        assert repr(again) == repr(mlp)
        assert np.array_equal(again.predict(X), mlp.predict(X))
    assert repr(mlp).startswith("MultilayerPerceptron([3, 4, 2]): 26 parameters")
    ag.check_module(mlp, nn.half_squared_error, [0.5, 1.0, -1.0], [1.0, 0.0]).raise_if_wrong()


@pytest.mark.skipif(
    not (MNIST / "t10k-images-idx3-ubyte.gz").is_file(),
    reason=f"MNIST's files are not in {MNIST}",
)
def test_an_epoch_on_mnist_is_that_of_the_class(capsys: pytest.CaptureFixture[str]) -> None:
    """A4.17's beginning: raw pixels, its rate and its batches; 64 hidden neurons, 260 images."""
    X, y = datasets.mnist(MNIST)
    X, Y = X[:260], one_hot(y[:260], 10)
    mlp, written = MultilayerPerceptron([784, 64, 10], seed=0), Written([784, 64, 10], 0)
    mlp.fit(X, Y, epochs=1, batch_size=128)
    with np.errstate(over="ignore"):
        lines = written.fit(X, Y, orders(0, 1, 260), 128, 1e-4)
    assert_equal(mlp, written)
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.long
@pytest.mark.skipif(
    os.environ.get("CHALKGRAD_PROFILE") != "long"
    or not (MNIST / "t10k-images-idx3-ubyte.gz").is_file(),
    reason="trains for a minute on MNIST: CHALKGRAD_PROFILE=long",
)
def test_its_rate_teaches_a_little_from_raw_pixels_and_nothing_from_scaled_ones() -> None:
    """A4.17: the printed accuracy, 0.32, is of raw pixels at the default rate."""
    X, y = datasets.mnist(MNIST)
    found: list[float] = []
    for scale in (1.0, 255.0):
        mlp = MultilayerPerceptron([784, 512, 10], seed=0)
        mlp.fit(X[:8000] / scale, y[:8000], epochs=75, batch_size=128)
        found.append(mlp.accuracy(y[8000:], mlp.predict(X[8000:] / scale)))
    assert 0.12 < found[0] < 0.45
    assert found[1] < 0.17
