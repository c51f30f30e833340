"""The numbers of the sources that concern networks and training, one test for each.

S0 is the walk-through of backpropagation and SGD, S1 tells gradient descent, SGD and
backpropagation apart, S2 is the intuition, S3 the multilayer perceptron in NumPy, S4 the gradients
of a single neuron by hand.
"""

import gc
import itertools
import math

import numpy as np
import pytest

import autograd as ag
from autograd import Value
from nn import (
    MLP,
    SGD,
    Constant,
    Layer,
    Module,
    Neuron,
    accuracy,
    cross_entropy,
    datasets,
    fit,
    half_squared_error,
    mean_squared_error,
    minibatches,
    one_hot,
)
from support.descents import parabola_path


def gradients(model):
    """Return the gradients of a model's parameters as arrays, layer by layer."""
    return [
        (
            np.array([[w.grad for w in neuron.weights] for neuron in layer.neurons]),
            np.array([neuron.bias.grad for neuron in layer.neurons]),
        )
        for layer in model.layers
    ]


def sample_gradient(model, x, y, loss):
    model.zero_grad()
    loss(model(x), y).backward()
    return np.array([p.grad for p in model.parameters()])


class Point(Module):
    """A model that is one number and gives it whatever the input."""

    def __init__(self, w):
        self.w = Value(w, "w")

    def __call__(self, inputs):
        return self.w


# S0 --------------------------------------------------------------------------------------------


def test_the_gradient_of_a_summed_loss_is_n_times_that_of_the_mean():
    """A1.7: lr / N on the sum moves as lr on the mean does, step for step."""
    X, y = datasets.line(16, seed=3)
    summed, averaged = (Neuron(1, "linear", seed=1) for _ in range(2))
    by_sum = SGD(summed.parameters(), lr=0.1 / 16)
    by_mean = SGD(averaged.parameters(), lr=0.1)
    for _ in range(5):
        for model, optimizer, scale in ((summed, by_sum, 1.0), (averaged, by_mean, 1 / 16)):
            optimizer.zero_grad()
            losses = [
                mean_squared_error(model(x), t) for x, t in zip(X.tolist(), y.tolist(), strict=True)
            ]
            (ag.sum(losses) * scale).backward()
            optimizer.step()
        np.testing.assert_allclose(
            [p.data for p in summed.parameters()],
            [p.data for p in averaged.parameters()],
            rtol=1e-13,
        )


def test_a_graph_of_a_whole_batch_grows_with_the_batch():
    """A1.8, the first problem: the number of nodes is affine in the number of samples."""
    model = MLP([2, 16, 16, 1])

    def nodes(samples):
        losses = [mean_squared_error(model([0.1 * i, 1.0]), 0.5) for i in range(samples)]
        return len(ag.order(ag.sum(losses)))

    assert nodes(3) - nodes(2) == nodes(2) - nodes(1) == nodes(20) - nodes(19)
    # micrograd needs 980 nodes for this sample; a neuron here is a dot, a sum and an activation.
    assert nodes(2) - nodes(1) == 2 * 16 * 3 + 2 + 3


@pytest.mark.parametrize("samples", [5, 80])
def test_training_holds_the_graph_of_one_sample_whatever_their_number(samples):
    """A1.8: the same count of live Values for 5 samples and for 80."""
    model = MLP([2, 4, 1])
    calls, counts = [], []

    def watched(outputs, target):
        calls.append(target)
        if len(calls) in (3, samples):  # looking through the whole heap takes its time
            counts.append(sum(isinstance(x, Value) for x in gc.get_objects()))
        return mean_squared_error(outputs, target)

    X, y = datasets.moons(samples)
    before = sum(isinstance(x, Value) for x in gc.get_objects())
    optimizer = SGD(model.parameters(), 0.1)
    fit(model, X, y, loss=watched, optimizer=optimizer, epochs=1, batch_size=5, validation=None)
    # The sample's own nodes, and what is left of the one before while the next is recorded.
    assert max(counts) - before <= 3 * (4 * 3 + 2 + 4)


def test_a_million_images_in_batches_of_eight_are_125_000_steps():
    """A1.9."""
    assert len(minibatches(np.zeros((1_000_000, 1)), np.zeros(1_000_000), 8)) == 125_000


def test_an_epoch_is_a_permutation_and_the_next_is_another_one():
    """A1.10: examples that have not been used yet, until the whole data set is an epoch."""
    batches = minibatches(np.arange(50.0), np.arange(50), 8, rng=4)
    first, second = (np.concatenate([ys for _, ys in batches]) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)
    again = minibatches(np.arange(50.0), np.arange(50), 8, rng=4)
    assert np.array_equal(first, np.concatenate([ys for _, ys in again]))


def test_a_batch_gradient_is_an_unbiased_estimate_whose_noise_shrinks_with_the_batch():
    """A1.11: its spread follows σ/√B √((N-B)/(N-1)), and is 0 for the whole data set."""
    N = 200
    X, y = datasets.line(N, seed=0)
    model = Neuron(1, "linear")
    model.set_arrays([([[-3.0]], [3.0])])
    each = np.array(
        [sample_gradient(model, x, t, mean_squared_error)[0] for x, t in zip(X, y, strict=True)]
    )
    model.zero_grad()
    ag.mean([mean_squared_error(model(x), t) for x, t in zip(X, y, strict=True)]).backward()
    full = model.weights[0].grad
    assert each.mean() == pytest.approx(full, abs=1e-13)
    rng = np.random.default_rng(0)
    for B in (1, 4, 16, 64, N):
        means = [
            each[batch].mean()
            for _ in range(400)
            for batch, _ in minibatches(np.arange(N), y, B, rng=rng, drop_last=True)
        ]
        expected = each.std() / math.sqrt(B) * math.sqrt((N - B) / (N - 1))
        assert np.std(means) == pytest.approx(expected, rel=0.08, abs=1e-12)
        assert np.mean(means) == pytest.approx(full, abs=4 * expected / math.sqrt(400) + 1e-12)


def double_well(tilt):
    """S0's valley with a second one, tilted differently by each sample."""
    return lambda w: (w * w - 1.0) ** 2 + 0.3 * w + tilt * w


def descend(start, tilts, lr, epochs, batch_size, rng):
    w = Value(start)
    optimizer = SGD([w], lr=lr)
    batches = minibatches(tilts, tilts, batch_size, rng=rng)
    for _ in range(epochs):
        for _, chosen in batches:
            # The tilts of a batch average: its loss is the well with the mean tilt.
            optimizer.zero_grad()
            double_well(float(chosen.mean()))(w).backward()
            optimizer.step()
    return w.data


TILTS = np.array([8.0, -8.0] * 4)


def test_gradient_descent_stays_in_the_bad_valley():
    """A1.12: from 1.5 the whole batch leads to 0.96015, though -1.03558 is deeper."""
    well = double_well(0.0)
    assert descend(1.5, TILTS, 0.05, 200, 8, 0) == pytest.approx(0.96015, abs=5e-6)
    assert well(0.96015) == pytest.approx(0.2941, abs=5e-5)
    assert descend(-1.5, TILTS, 0.05, 200, 8, 0) == pytest.approx(-1.03558, abs=5e-6)
    assert well(-1.03558) == pytest.approx(-0.3054, abs=5e-5)


def test_changing_mini_batches_leave_the_bad_valley_if_there_is_noise_enough():
    """A1.12: of 200 seeds 179 end on the good side at learning rate 0.05, and none at 0.02."""
    assert sum(descend(0.96, TILTS, 0.05, 100, 1, seed) < 0 for seed in range(200)) == 179
    assert sum(descend(0.96, TILTS, 0.02, 100, 1, seed) < 0 for seed in range(20)) == 0


# S1 --------------------------------------------------------------------------------------------


def test_descent_without_a_rate_swings_for_ever():
    """A2.3: on x² from -3, equation 2 gives 3, -3, 3, ... and the loss stays 9."""
    path = parabola_path(1.0, 6)
    assert path == [3.0, -3.0, 3.0, -3.0, 3.0, -3.0]
    assert {x * x for x in path} == {9.0}


@pytest.mark.parametrize(
    ("lr", "tenth", "twentieth"),
    [
        (0.1, -0.3221225472, -0.0345876),
        (0.9, -0.3221225472, -0.0345876),
        (1.1, -18.5752, -115.01),
        (0.01, -2.4512184, -3 * 0.98**20),
        (0.5, 0.0, 0.0),
    ],
)
def test_the_learning_rate_decides_between_too_slow_right_and_divergence(lr, tenth, twentieth):
    """A2.4: x_n = -3 (1 - 2γ)^n, which goes to 0 for γ between 0 and 1."""
    path = parabola_path(lr, 20)
    assert path[9] == pytest.approx(tenth, rel=1e-5)
    assert path[19] == pytest.approx(twentieth, rel=5e-5)
    for n, x in enumerate(path, 1):
        assert x == pytest.approx(-3.0 * (1.0 - 2.0 * lr) ** n, rel=1e-12)


def test_a_rate_of_one_half_arrives_in_one_step_and_point_nine_alternates():
    """A2.4."""
    assert parabola_path(0.5, 1) == [0.0]
    assert [x > 0 for x in parabola_path(0.9, 4)] == [True, False, True, False]


def test_the_rate_may_change_with_the_step():
    """A2.4: γ_n; here 1/2 at the first step, which arrives, or 1 and then 1/2."""
    assert parabola_path(lambda n: 1.0 if n == 0 else 0.5, 2) == [3.0, 0.0]


def test_the_mean_squared_error_has_the_factor_two_over_n():
    """A2.5: C = (1/N) Σ (ŷ - y)², with derivatives (2/N) (ŷ - y)."""
    outputs = [Value(x) for x in (0.5, 2.0, -1.0, 3.0)]
    targets = [1.0, 2.0, 0.5, 1.0]
    loss = mean_squared_error(outputs, targets)
    loss.backward()
    assert loss.data == (0.25 + 0.0 + 2.25 + 4.0) / 4
    assert [a.grad for a in outputs] == [
        2 / 4 * (a.data - y) for a, y in zip(outputs, targets, strict=True)
    ]


def test_one_sample_an_update_is_the_loop_by_hand():
    """A2.6: equation 6 is batch_size=1."""
    X, y = datasets.line(12, seed=2)
    model = Neuron(1, "linear", seed=0)
    w, b = model.weights[0].data, model.bias.data
    optimizer = SGD(model.parameters(), lr=0.05)
    loss = "mean_squared_error"
    fit(model, X, y, loss=loss, optimizer=optimizer, epochs=2, batch_size=1, validation=None)
    for epoch in (1, 2):
        for i in np.random.default_rng([0, epoch]).permutation(12):
            x, t = X[i, 0], y[i]
            slope = 2 * (w * x + b - t)
            w, b = w - 0.05 * slope * x, b - 0.05 * slope
    assert model.weights[0].data == pytest.approx(w, rel=1e-12)
    assert model.bias.data == pytest.approx(b, rel=1e-12)


def test_a_line_is_learned_down_to_the_noise_in_its_data():
    """A2.7: y = 2x - 1 + N(0, 0.5); the best line for seed 0 has MSE 0.2617, not 0."""
    X, y = datasets.line(200, seed=0)
    model = Neuron(1, "linear")
    optimizer = SGD(model.parameters(), lr=0.1)
    options = {"loss": "mean_squared_error", "batch_size": 200, "validation": None}
    history = fit(model, X, y, optimizer=optimizer, epochs=150, **options)
    assert history.loss[-1] == pytest.approx(0.2617, abs=5e-5)
    assert model.weights[0].data == pytest.approx(1.96538, abs=5e-5)
    assert model.bias.data == pytest.approx(-1.00911, abs=5e-5)


# S2 --------------------------------------------------------------------------------------------


def test_the_right_output_should_go_up_and_the_others_down():
    """A3.4, with softmax cross-entropy on [1, 2, 3] and the first class right."""
    z = [Value(x) for x in (1.0, 2.0, 3.0)]
    loss = cross_entropy(z, 0)
    loss.backward()
    assert loss.data == pytest.approx(2.407606, abs=5e-7)
    assert ag.softmax([1.0, 2.0, 3.0]) == pytest.approx([0.09003, 0.24473, 0.66524], abs=5e-6)
    assert [x.grad for x in z] == pytest.approx([-0.90997, 0.24473, 0.66524], abs=5e-6)
    SGD(z, lr=1.0).step()
    assert [x.data for x in z] == pytest.approx([1.90997, 1.75527, 2.33476], abs=5e-6)


def test_half_the_squared_error_pulls_each_output_by_its_distance():
    """A3.4: (0.9, 0.2, 0.6) against (1, 0, 0) has the gradient (-0.1, 0.2, 0.6)."""
    a = [Value(x) for x in (0.9, 0.2, 0.6)]
    half_squared_error(a, [1.0, 0.0, 0.0]).backward()
    assert [x.grad for x in a] == pytest.approx([-0.1, 0.2, 0.6], abs=1e-15)


def test_input_nodes_are_not_changed_but_their_gradients_can_be_read():
    """A3.6."""
    model = MLP([2, 3, 1], seed=5)
    inputs = [Value(0.3), Value(-0.7)]
    assert not set(inputs) & set(model.parameters())
    mean_squared_error(model(inputs), 1.0).backward()
    SGD(model.parameters(), lr=0.5).step()
    assert [x.data for x in inputs] == [0.3, -0.7]
    assert all(x.grad for x in inputs)


def test_each_weight_moves_in_proportion_to_how_much_it_matters():
    """A3.7: the ratio of two updates is the ratio of their gradients."""
    model = MLP([2, 3, 1], seed=5)
    before = np.array([p.data for p in model.parameters()])
    slopes = sample_gradient(model, [0.3, -0.7], 1.0, mean_squared_error)
    SGD(model.parameters(), lr=0.25).step()
    moved = np.array([p.data for p in model.parameters()]) - before
    np.testing.assert_allclose(moved, -0.25 * slopes, rtol=0, atol=1e-15)


def test_the_average_of_the_samples_gradients_is_the_gradient_of_the_average():
    """A3.8: the differences are rounding."""
    X, y = datasets.moons(30, seed=1)
    model = MLP([2, 5, 2], seed=2)
    each = [sample_gradient(model, x, int(t), cross_entropy) for x, t in zip(X, y, strict=True)]
    model.zero_grad()
    ag.mean([cross_entropy(model(x), int(t)) for x, t in zip(X, y, strict=True)]).backward()
    at_once = [p.grad for p in model.parameters()]
    np.testing.assert_allclose(np.mean(each, axis=0), at_once, rtol=0, atol=5e-15)


# S3 --------------------------------------------------------------------------------------------


def test_sixty_thousand_images_in_batches_of_128_are_469_steps_the_last_of_96():
    """A4.2."""
    batches = minibatches(np.zeros((60_000, 1)), np.arange(60_000), 128)
    lengths = [len(ys) for _, ys in batches]
    assert len(batches) == len(lengths) == 469
    assert lengths == [128] * 468 + [96]


def test_the_class_for_mnist_has_407050_parameters():
    """A4.5: 406,528 weights of variance 1 / inputs, and 522 biases."""
    model = MLP([784, 512, 10], activation="sigmoid", output_activation="sigmoid")
    assert len(model.parameters()) == 407_050
    arrays = model.arrays()
    assert sum(W.size for W, _ in arrays) == 406_528
    assert sum(b.size for _, b in arrays) == 522
    assert arrays[0][0].var() * 784 == pytest.approx(1.0, rel=0.01)


def test_the_same_random_numbers_in_the_same_order_start_the_class():
    """A4.5: all weights, randn(y, x) / sqrt(x), and then all biases, randn(y, 1)."""
    layers = [4, 5, 3]
    rng = np.random.default_rng(11)
    pairs = list(itertools.pairwise(layers))
    weights = [rng.standard_normal((y, x)) / np.sqrt(x) for x, y in pairs]
    biases = [rng.standard_normal((y, 1)) for y in layers[1:]]
    for (W, b), W_seed, b_seed in zip(MLP(layers, seed=11).arrays(), weights, biases, strict=True):
        assert np.array_equal(W, W_seed)
        assert np.array_equal(b, b_seed[:, 0])


def trained_weights(init):
    X, y = datasets.xor(20, noise=0.1, seed=0)
    model = MLP([2, 3, 1], activation="sigmoid", output_activation="sigmoid", init=init, seed=1)
    optimizer = SGD(model.parameters(), lr=0.5)
    options = {"loss": "half_squared_error", "epochs": 75, "batch_size": 5, "validation": None}
    history = fit(model, X, y, optimizer=optimizer, **options)
    assert len(history) * 4 == 300
    return model.layers[0].neurons, model.arrays()[0][0]


def test_neurons_that_start_equal_stay_equal_for_ever():
    """A4.6: after 300 steps the rows differ by exactly 0.0; a random start keeps its rank."""
    _, W = trained_weights(Constant(0.5))
    assert not np.array_equal(W[0], [0.5, 0.5])  # it did learn, all neurons the same
    assert np.abs(W - W[0]).max() == 0.0
    assert np.linalg.matrix_rank(W) == 1
    _, W = trained_weights("scaled_normal")
    assert np.linalg.matrix_rank(W) == 2
    assert min(np.abs(W[i] - W[j]).max() for i in range(3) for j in range(i)) > 0.01


def test_feedforward_of_many_rows_is_that_of_each():
    """A4.7: one row a sample, of shape (n, outputs)."""
    model = MLP([3, 4, 2], activation="sigmoid", output_activation="sigmoid", seed=3)
    X = np.random.default_rng(0).standard_normal((6, 3))
    outputs = model.predict(X)
    assert outputs.shape == (6, 2)
    for x, row in zip(X, outputs, strict=True):
        np.testing.assert_allclose([a.data for a in model(x)], row, rtol=1e-12)


def test_accuracy_compares_the_largest_outputs_and_the_first_of_equal_ones():
    """A4.8."""
    y = one_hot([0, 1, 2, 0], 3)
    outputs = [[0.9, 0.2, 0.1], [0.1, 0.3, 0.2], [0.5, 0.1, 0.4], [0.4, 0.4, 0.1]]
    assert accuracy(outputs, y) == 0.75
    assert accuracy([[0.5, 0.5, 0.5]], [0]) == 1.0
    assert accuracy([[0.5, 0.5, 0.5]], [1]) == 0.0


def test_the_last_batch_of_an_epoch_is_its_validation_set():
    """A4.9: with 128 and 60,000 it trains on 468 batches and validates on 96; here 4 and 11."""
    X, y = datasets.moons(11, seed=0)
    model = Neuron(2)
    seen = []

    def loss(outputs, target):
        seen.append(target)
        return half_squared_error(outputs, target)

    options = {"loss": loss, "epochs": 2, "batch_size": 4, "validation": "last_batch"}
    lines = []
    history = fit(
        model,
        X,
        y,
        optimizer=SGD(model.parameters(), 1e-4),
        callbacks=[lambda model, history: lines.append(str(history[-1]))],
        **options,
    )
    for epoch in (1, 2):
        order = np.random.default_rng([0, epoch]).permutation(11)
        # 8 trained on, then the 3 of the short last batch.
        assert seen[(epoch - 1) * 11 : epoch * 11] == y[order].tolist()
    assert lines[0].startswith("Epoch 1: Validation Loss: ")
    # Where a user's loss puts the line between two classes of one output is not known.
    assert history[0].validation_metric is None


def test_each_epoch_prints_the_line_of_the_class():
    """A4.9: `Epoch {n}: Validation Accuracy: {:.2f}`, a multiple of one part in the batch."""
    X, y = datasets.digits()
    model = MLP([64, 10], output_activation="sigmoid")
    lines = []
    history = fit(
        model,
        X[:50] / 16,
        one_hot(y[:50], 10),
        loss="half_squared_error",
        optimizer=SGD(model.parameters(), lr=1.0),
        epochs=2,
        batch_size=16,
        validation="last_batch",
        callbacks=[lambda model, history: lines.append(str(history[-1]))],
    )
    for n, (line, share) in enumerate(zip(lines, history.validation_metric, strict=True), 1):
        assert line == f"Epoch {n}: Validation Accuracy: {share:.2f}"
        assert (share * 2).is_integer()  # 50 = 3 * 16 + 2


def test_everything_in_one_batch_would_train_nothing_and_says_so():
    """A4.18: the class is silent there."""
    X, y = datasets.moons(10)
    model = Neuron(2, activation="linear")
    with pytest.raises(ValueError, match="nothing to train on: all 10 samples fit into one batch"):
        fit(
            model,
            X,
            y,
            loss="binary_cross_entropy",
            optimizer=SGD(model.parameters(), 0.1),
            epochs=1,
            batch_size=10,
            validation="last_batch",
        )


class Nielsen:
    """S3's class in NumPy, as its equations stand: sigmoid everywhere, half the squared error."""

    def __init__(self, arrays):
        self.weights = [W.copy() for W, _ in arrays]
        self.biases = [b.reshape(-1, 1).copy() for _, b in arrays]

    @staticmethod
    def sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z))

    def backprop(self, x, y):
        zs, activations = [], [x.reshape(-1, 1)]
        for W, b in zip(self.weights, self.biases, strict=True):
            zs.append(W @ activations[-1] + b)
            activations.append(self.sigmoid(zs[-1]))
        slopes = [self.sigmoid(z) * (1.0 - self.sigmoid(z)) for z in zs]
        delta = (activations[-1] - y.reshape(-1, 1)) * slopes[-1]
        deltas = [delta]
        for W, slope in zip(reversed(self.weights[1:]), reversed(slopes[:-1]), strict=True):
            delta = (W.T @ delta) * slope
            deltas.insert(0, delta)
        nabla_W = [d @ a.T for d, a in zip(deltas, activations[:-1], strict=True)]
        return nabla_W, deltas

    def update_params(self, X, Y, lr):
        sums = None
        for x, y in zip(X, Y, strict=True):
            nabla = self.backprop(x, y)
            sums = (
                nabla
                if sums is None
                else [
                    [s + n for s, n in zip(old, new, strict=True)]
                    for old, new in zip(sums, nabla, strict=True)
                ]
            )
        self.weights = [W - lr * s / len(X) for W, s in zip(self.weights, sums[0], strict=True)]
        self.biases = [b - lr * s / len(X) for b, s in zip(self.biases, sums[1], strict=True)]


def sigmoid_net(sizes, seed):
    return MLP(sizes, activation="sigmoid", output_activation="sigmoid", seed=seed)


def random_batch(sizes, n, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, sizes[0])), rng.random((n, sizes[-1]))


def test_an_update_sums_divides_by_the_batch_and_steps():
    """A4.10: one step of SGD on the mean of half the squared errors."""
    sizes = [3, 4, 2]
    model = sigmoid_net(sizes, seed=1)
    reference = Nielsen(model.arrays())
    X, Y = random_batch(sizes, 7, seed=2)
    optimizer = SGD(model.parameters(), lr=0.7)
    loss = "half_squared_error"
    fit(model, X, Y, loss=loss, optimizer=optimizer, epochs=1, batch_size=7, validation=None)
    reference.update_params(X, Y, lr=0.7)
    for (W, b), W_ref, b_ref in zip(
        model.arrays(), reference.weights, reference.biases, strict=True
    ):
        np.testing.assert_allclose(W, W_ref, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(b, b_ref[:, 0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sizes", [[2, 1], [3, 4, 2], [5, 4, 3, 2], [1, 1, 1]])
@pytest.mark.parametrize("seed", range(4))
def test_backpropagation_gives_what_the_equations_give(sizes, seed):
    """A4.11: for random nets to 1e-12."""
    model = sigmoid_net(sizes, seed)
    X, Y = random_batch(sizes, 1, seed + 100)
    half_squared_error(model(X[0]), Y[0]).backward()
    nabla_W, nabla_b = Nielsen(model.arrays()).backprop(X[0], Y[0])
    for (dW, db), W_ref, b_ref in zip(gradients(model), nabla_W, nabla_b, strict=True):
        np.testing.assert_allclose(dW, W_ref, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(db, b_ref[:, 0], rtol=1e-12, atol=1e-15)


def layer_nodes(outputs):
    """Return the activations and the weighted sums of a recorded layer."""
    return outputs, [a.args[0] for a in outputs]


def test_the_three_equations_hold_node_by_node():
    """A4.12: δ of the last layer, δ carried back, and the gradients of weights and biases."""
    model = sigmoid_net([3, 4, 2], seed=8)
    x, y = random_batch([3, 2], 1, seed=9)
    hidden, z1 = layer_nodes(model.layers[0](x[0]))
    outputs, z2 = layer_nodes(model.layers[1](hidden))
    half_squared_error(outputs, y[0]).backward()
    a1, a2 = (np.array([a.data for a in nodes]) for nodes in (hidden, outputs))
    delta1, delta2 = (np.array([z.grad for z in nodes]) for nodes in (z1, z2))
    W2 = model.arrays()[1][0]
    np.testing.assert_allclose(delta2, (a2 - y[0]) * a2 * (1 - a2), rtol=1e-13)
    np.testing.assert_allclose(delta1, (W2.T @ delta2) * a1 * (1 - a1), rtol=1e-13)
    (dW1, db1), (dW2, db2) = gradients(model)
    assert np.array_equal(db1, delta1)
    assert np.array_equal(db2, delta2)
    np.testing.assert_allclose(dW1, np.outer(delta1, x[0]), rtol=1e-13)
    np.testing.assert_allclose(dW2, np.outer(delta2, a1), rtol=1e-13)


def test_the_cost_derivative_a_minus_y_belongs_to_half_the_squared_error():
    """A4.13: the mean squared error's is 2/N times that."""
    for loss, factor in ((half_squared_error, 1.0), (mean_squared_error, 2.0 / 3.0)):
        a = [Value(x) for x in (0.9, 0.25, 0.5)]
        loss(a, [1.0, 0.0, 0.5]).backward()
        assert [x.grad for x in a] == pytest.approx([-0.1 * factor, 0.25 * factor, 0.0], abs=1e-15)


@pytest.mark.parametrize(("activation", "moves"), [("step", False), ("sigmoid", True)])
def test_a_threshold_does_not_learn_and_a_sigmoid_does(activation, moves):
    """A4.14: the step's derivative is 0 everywhere."""
    X, y = datasets.xor(20, noise=0.1, seed=0)
    model = MLP([2, 3, 1], activation=activation, output_activation=activation, seed=1)
    before = [p.data for p in model.parameters()]
    optimizer = SGD(model.parameters(), lr=1.0)
    fit(model, X, y, loss="half_squared_error", optimizer=optimizer, epochs=2, batch_size=5)
    assert ([p.data for p in model.parameters()] != before) == moves


@pytest.mark.parametrize(
    ("z", "value", "slope"),
    [
        (0.0, 0.5, 0.25),
        (2.0, 0.880797, 0.104994),
        (5.0, 0.993307, 0.00664806),
        (10.0, 0.9999546, 4.53958e-5),
    ],
)
def test_the_sigmoid_and_its_derivative_at_the_printed_places(z, value, slope):
    """A4.15."""
    x = Value(z)
    y = ag.sigmoid(x)
    y.backward()
    assert y.data == pytest.approx(value, rel=1e-6)
    assert x.grad == pytest.approx(slope, rel=1e-5)


def test_the_sigmoid_saturates_and_keeps_its_tail():
    """A4.15: slopes under 0.01 from 4.59 and under 0.001 from 6.91; no overflow at -1000."""
    slope = ag.grad(ag.sigmoid)
    assert slope(4.58) > 0.01 > slope(4.59)
    assert slope(6.90) > 0.001 > slope(6.91)
    assert slope(40.0) == pytest.approx(4.248354255291589e-18, rel=1e-14)
    assert slope(-40.0) == pytest.approx(4.248354255291589e-18, rel=1e-14)
    assert ag.sigmoid(-1000.0) == 0.0


# S4 --------------------------------------------------------------------------------------------


def hand_neuron():
    neuron = Neuron(2)
    neuron.set_arrays([([[0.5, -0.25]], [0.1])])
    return neuron


def test_the_neuron_worked_by_hand():
    """A5.3: every factor of the chain rule, each on its own."""
    neuron = hand_neuron()
    y = neuron([1.0, 2.0])
    (z,) = y.args
    loss = mean_squared_error(y, 1.0)
    loss.backward()
    assert z.data == pytest.approx(0.1, abs=1e-15)
    assert y.data == pytest.approx(0.524979187, abs=5e-10)
    assert loss.data == pytest.approx(0.225644772, abs=5e-10)
    assert y.grad == pytest.approx(-0.950041625, abs=5e-10)
    assert ag.local_partials(y) == pytest.approx((0.249376040,), abs=5e-10)
    assert z.grad == pytest.approx(-0.236917618, abs=5e-10)
    slopes = [w.grad for w in neuron.weights]
    assert slopes == pytest.approx([-0.236917618, -0.473835237], abs=5e-10)
    assert neuron.bias.grad == pytest.approx(-0.236917618, abs=5e-10)


def test_the_neuron_on_a_batch_of_samples():
    """A5.4."""
    neuron = hand_neuron()
    X, t = [(1.0, 2.0), (0.5, -1.0), (-1.5, 0.3)], [1.0, 0.0, 1.0]
    loss = ag.mean([mean_squared_error(neuron(x), y) for x, y in zip(X, t, strict=True)])
    loss.backward()
    assert loss.data == pytest.approx(0.365466031, abs=5e-10)
    slopes = [w.grad for w in neuron.weights]
    assert slopes == pytest.approx([0.11836435, -0.28604205], abs=5e-9)
    assert neuron.bias.grad == pytest.approx(-0.07922737, abs=5e-9)


@pytest.mark.parametrize(("lr", "loss"), [(0.5, 0.094697808), (1.0, 0.032126943)])
def test_one_step_of_the_neuron_lowers_its_loss(lr, loss):
    """A5.5."""
    neuron = hand_neuron()
    mean_squared_error(neuron([1.0, 2.0]), 1.0).backward()
    SGD(neuron.parameters(), lr=lr).step()
    assert mean_squared_error(neuron([1.0, 2.0]), 1.0).data == pytest.approx(loss, abs=5e-10)


def challenge():
    model = sigmoid_net([2, 2, 2], seed=0)
    model.set_arrays(
        [
            ([[0.15, 0.2], [0.25, 0.3]], [0.35, 0.35]),
            ([[0.4, 0.45], [0.5, 0.55]], [0.6, 0.6]),
        ]
    )
    return model


def test_the_challenge_all_gradients_of_a_larger_network():
    """A5.7."""
    model = challenge()
    hidden, z1 = layer_nodes(model.layers[0]([0.05, 0.1]))
    outputs, z2 = layer_nodes(model.layers[1](hidden))
    loss = half_squared_error(outputs, [0.01, 0.99])
    loss.backward()
    assert loss.data == pytest.approx(0.29837110876, abs=5e-12)
    assert [z.grad for z in z2] == pytest.approx([0.138498562, -0.038098237], abs=5e-10)
    assert [z.grad for z in z1] == pytest.approx([0.008771355, 0.009954255], abs=5e-10)
    (dW1, _), (dW2, _) = gradients(model)
    np.testing.assert_allclose(
        dW2, [[0.082167041, 0.082667628], [-0.022602540, -0.022740242]], atol=5e-10
    )
    np.testing.assert_allclose(
        dW1, [[0.000438568, 0.000877135], [0.000497713, 0.000995425]], atol=5e-10
    )


def test_the_challenge_one_step_of_the_weights():
    """A5.7: all gradients are taken before any weight moves."""
    model = challenge()
    half_squared_error(model([0.05, 0.1]), [0.01, 0.99]).backward()
    weights = [w for layer in model.layers for neuron in layer.neurons for w in neuron.weights]
    SGD(weights, lr=0.5).step()
    (W1, _), (W2, _) = model.arrays()
    assert W2[0, 0] == pytest.approx(0.35891648, abs=5e-9)
    assert W1[0, 0] == pytest.approx(0.14978072, abs=5e-9)
    loss = half_squared_error(model([0.05, 0.1]), [0.01, 0.99]).data
    assert loss == pytest.approx(0.29102777, abs=5e-9)


def test_the_challenge_live_weights_would_be_a_mistake():
    """A5.7: with W2 moved before δ is carried back, W1[0][0] would come out as 0.14981764."""
    model = challenge()
    hidden, _ = layer_nodes(model.layers[0]([0.05, 0.1]))
    outputs, z2 = layer_nodes(model.layers[1](hidden))
    half_squared_error(outputs, [0.01, 0.99]).backward()
    _, (dW2, _) = gradients(model)
    moved = model.arrays()[1][0] - 0.5 * dW2
    delta2 = np.array([z.grad for z in z2])
    a = hidden[0].data
    wrong = (moved.T @ delta2)[0] * a * (1 - a) * 0.05
    assert 0.15 - 0.5 * wrong == pytest.approx(0.14981764, abs=5e-9)


# What users of the field asked for --------------------------------------------------------------


def test_a_hidden_layer_of_one_neuron_works():
    """C 11: a layer returns a list, always."""
    model = MLP([2, 1, 3])
    assert [len(layer.neurons) for layer in model.layers] == [1, 3]
    assert isinstance(model.layers[0]([1.0, 2.0]), list)
    assert len(model([1.0, 2.0])) == 3


@pytest.mark.parametrize("model", [Neuron(3), Layer(3, 2), MLP([3, 2])], ids=repr)
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_wrong_number_of_inputs_is_an_error_that_names_both_numbers(model, count):
    """C 12."""
    with pytest.raises(ValueError, match=rf"takes 3 input\(s\), got {count}"):
        model([1.0] * count)


def test_micro_batches_weighted_by_their_length_are_one_big_batch():
    """C 35: 7 samples as 3 + 3 + 1; the plain mean of the three means would be wrong."""
    X, y = datasets.moons(7, seed=5)
    model = MLP([2, 3, 2], seed=1)
    pairs = list(zip(X, y.tolist(), strict=True))
    each = np.array([sample_gradient(model, x, t, cross_entropy) for x, t in pairs])
    chunks = [each[:3], each[3:6], each[6:]]
    weighted = sum(len(chunk) * chunk.mean(axis=0) for chunk in chunks) / 7
    np.testing.assert_allclose(weighted, each.mean(axis=0), rtol=1e-13, atol=1e-16)
    assert not np.allclose(np.mean([c.mean(axis=0) for c in chunks], axis=0), each.mean(axis=0))


def test_the_epochs_loss_weighs_a_short_last_batch_by_its_length():
    """C 35: the mean over samples, not over batches."""
    X, y = np.ones((7, 1)), np.array([0.0, 0, 0, 0, 0, 0, 7.0])
    model = Point(0.0)
    optimizer = SGD(model.parameters(), lr=0.0)
    options = {"loss": "mean_squared_error", "epochs": 1, "batch_size": 3, "validation": None}
    history = fit(model, X, y, optimizer=optimizer, **options)
    assert history.loss == [7.0]
