"""The figures of the five sources: their pictures, and the numbers that stand behind them."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import autograd as ag
from nn import MLP, SGD, Constant, Neuron, datasets, mean_squared_error, minibatches, plots

START = (-3.0, 3.0)


class Line:
    """A4.4: a line through 200 noisy points, trained by the compiled engine from (-3, 3)."""

    def __init__(self):
        self.X, self.y = datasets.line(200, seed=0)
        model = Neuron(1, "linear")
        self.program = ag.compile(
            lambda x, t: mean_squared_error(model(x), t), parameters=model.parameters()
        )
        self.program.value_and_grad(self.X, self.y)  # the first call traces
        sides = np.stack([self.X[:, 0], np.ones(200)], axis=1)
        self.best = np.linalg.lstsq(sides, self.y)[0]
        self.hessian = 2.0 * sides.T @ sides / 200
        self.least = self.cost(*self.best)

    def cost(self, w, b):
        return float(np.mean((w * self.X[:, 0] + b - self.y) ** 2))

    def steps(self, batch_size, lr, seed=0):
        """Yield the points of a descent for ever, the start first."""
        theta = np.array(START)
        yield theta
        batches = minibatches(self.X, self.y, batch_size, rng=seed)
        while True:
            for xs, ys in batches:
                self.program.theta[:] = theta
                theta = theta - lr * self.program.value_and_grad(xs, ys)[1]
                yield theta

    def path(self, batch_size, lr, count, seed=0):
        points = self.steps(batch_size, lr, seed)
        return np.array([next(points) for _ in range(count + 1)])

    def samples_to(self, batch_size, lr, seed=0):
        """Return the sample gradients until the cost is within 0.05 of the least."""
        for n, point in enumerate(self.steps(batch_size, lr, seed)):
            if self.cost(*point) - self.least < 0.05:
                return n * batch_size
        raise AssertionError


def turning(path):
    """Return by how many radians a path turns in all."""
    moves = np.diff(path, axis=0)
    angles = np.diff(np.arctan2(moves[:, 1], moves[:, 0]))
    return float(np.abs((angles + math.pi) % (2.0 * math.pi) - math.pi).sum())


@pytest.fixture(scope="module")
def line():
    return Line()


def test_s3_the_bowl_and_its_minimum(line):
    """A4.4: optimum (1.96538, -1.00911), eigenvalues 0.711 and 5.198."""
    assert line.best == pytest.approx([1.96538, -1.00911], abs=5e-6)
    assert np.linalg.eigvalsh(line.hessian) == pytest.approx([0.711, 5.198], abs=5e-4)


def test_s3_gradient_descent_goes_down_and_small_batches_wander(line):
    """A4.4: the loss of GD is monotone and its path turns by 1.19 rad; that of B = 8 by about 72.

    The ledger's 72 rad is one run; over 20 seeds the median is 75, from 58 to 88.
    """
    down = line.path(200, 0.1, 60)
    costs = [line.cost(*point) for point in down]
    assert all(np.diff(costs) < 0.0)
    assert turning(down) == pytest.approx(1.19, abs=0.005)
    wandering = [line.path(8, 0.1, 60, seed) for seed in range(20)]
    assert np.median([turning(path) for path in wandering]) == pytest.approx(72.0, rel=0.1)
    risen = [np.mean(np.diff([line.cost(*point) for point in path]) > 0.0) for path in wandering]
    assert 0.15 < np.median(risen) < 0.4


def test_s3_sample_gradients_until_the_minimum_is_near(line):
    """A4.4: GD 7600, B = 8 308, B = 1 (rate 0.03) 128; the last two are medians of 20 seeds."""
    assert line.samples_to(200, 0.1) == 7600
    assert np.median([line.samples_to(8, 0.1, seed) for seed in range(20)]) == 308
    assert np.median([line.samples_to(1, 0.03, seed) for seed in range(20)]) in (127.5, 128)


# The pictures ------------------------------------------------------------------------------------


def paths(line):
    return {
        "gradient descent": line.path(200, 0.1, 30),
        "mini-batches of 8": line.path(8, 0.1, 30),
        "SGD": line.path(1, 0.03, 80),
    }


def test_the_paths_lie_over_the_contours_with_a_star_at_the_minimum(line):
    tracks = paths(line)
    figure = plots.descent_paths(line.cost, tracks, minimum=line.best, grid=20)
    assert [axes.get_title() for axes in figure.axes] == [
        "gradient descent: 30 steps",
        "mini-batches of 8: 30 steps",
        "SGD: 80 steps",
    ]
    for axes, track in zip(figure.axes, tracks.values(), strict=True):
        path, start, star = axes.lines
        np.testing.assert_array_equal(path.get_xydata(), track)
        np.testing.assert_array_equal(start.get_xydata(), [START])
        assert star.get_marker() == "*"
        np.testing.assert_array_equal(star.get_xydata(), [line.best])
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("w", "b")
        assert len(axes.collections) == 1  # the contours
        # All of every path is inside the picture.
        for k, (low, high) in enumerate((axes.get_xlim(), axes.get_ylim())):
            for other in tracks.values():
                assert low < other[:, k].min()
                assert other[:, k].max() < high


def parabola_path(lr, steps=20):
    x = ag.Value(-3.0)
    optimizer = SGD([x], lr=lr)
    path = [x.data]
    for _ in range(steps):
        optimizer.zero_grad()
        (x**2).backward()
        optimizer.step()
        path.append(x.data)
    return path


def test_learning_rates_are_drawn_on_their_curve_and_divergence_is_told():
    """A2.4."""
    rates = (0.01, 0.1, 0.5, 0.9, 1.0, 1.1)
    figure = plots.learning_rates(lambda x: x * x, {lr: parabola_path(lr) for lr in rates})
    told = dict(zip(rates, (axes.get_title().splitlines()[1] for axes in figure.axes), strict=True))
    assert told == {
        0.01: "x = -2.003 after 20 steps",
        0.1: "x = -0.03459 after 20 steps",
        0.5: "x = 0 after 20 steps",
        0.9: "x = -0.03459 after 20 steps",
        1.0: "x = -3 after 20 steps",
        1.1: "leaves the picture at step 3",
    }
    xs, ys = figure.axes[3].lines[1].get_xydata().T
    np.testing.assert_array_equal(ys, xs * xs)
    assert xs.tolist() == parabola_path(0.9)
    # What has left is not drawn on.
    assert len(figure.axes[5].lines[1].get_xdata()) == 4


def test_the_error_of_differences_is_a_v_and_no_error_is_told():
    """A1.4."""

    def z(x):
        u = x * x + 2.0 * x + 4.0
        return u * u + u

    steps = [10.0**-k for k in range(1, 13)]
    errors = {
        "forward": [(z(1.0 + h) - z(1.0)) / h - 60.0 for h in steps],
        "central": [(z(1.0 + h) - z(1.0 - h)) / (2.0 * h) - 60.0 for h in steps],
        "complex step at 1e-200": [z(complex(1.0, 1e-200)).imag / 1e-200 - 60.0] * 12,
    }
    axes = plots.difference_errors(steps, errors, of="dz/dx").axes[0]
    forward, central, exact = axes.lines
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert central.get_ydata()[:4] == pytest.approx([8e-2, 8e-4, 8e-6, 8e-8], rel=0.01)
    assert forward.get_ydata()[:2] == pytest.approx([3.18, 0.311], rel=0.005)
    # A V: it falls, and rises again.
    for v in (forward.get_ydata(), central.get_ydata()):
        at = int(np.argmin(v))
        assert 3 < at < 10
        assert v[-1] > 100.0 * v[at]
    assert exact.get_label() == "complex step at 1e-200: no error at any h"
    assert axes.get_ylabel() == "error of dz/dx"


def test_the_noise_of_batches_follows_the_formula_of_a_finite_population():
    """A1.11."""
    sizes, measured = [1, 4, 16, 64, 200], [15.1, 7.5, 3.7, 1.58, 0.0]
    axes = plots.batch_noise(sizes, measured, spread=15.3, count=200).axes[0]
    theory, points = axes.lines
    xs, ys = theory.get_xydata().T
    assert np.interp(sizes, xs, ys) == pytest.approx([15.3, 7.6, 3.7, 1.58, 0.0], rel=0.02)
    assert ys[-1] == 0.0
    np.testing.assert_array_equal(points.get_ydata(), measured)
    assert [text.get_text() for text in axes.texts] == ["15.1", "7.5", "3.7", "1.58", "0"]


def test_the_naive_cost_doubles_with_each_layer_and_that_of_backpropagation_adds_one():
    """A2.8: from our own counters."""
    layers, naive, ordered = range(1, 11), [], []
    for L in layers:
        y = ag.Value(1.0)
        for _ in range(L):
            y = y + y
        trial = ag.laboratory.naive_recursion(y)
        assert trial.walked
        naive.append(trial.visits)
        ordered.append(trial.ordered_visits)
    assert naive == [2 ** (L + 1) - 1 for L in layers]
    figure = plots.backprop_cost(layers, {"naive": naive, "backpropagation": ordered})
    axes = figure.axes[0]
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.texts] == ["2,047", "11"]
    assert [list(line.get_ydata()) for line in axes.lines] == [naive, ordered]


def test_a_push_and_what_the_slope_says_of_it():
    """A5.2: δ·w = (-0.1184588, 0.0592294) is what x answers for."""
    neuron = Neuron(2)
    neuron.set_arrays([([[0.5, -0.25]], [0.1])])
    x = [ag.Value(1.0), ag.Value(2.0)]
    mean_squared_error(neuron(x), 1.0).backward()
    assert [v.grad for v in x] == pytest.approx([-0.1184588, 0.0592294], abs=5e-8)

    def loss(x1):
        return mean_squared_error(neuron([x1, 2.0]), 1.0).data

    gaps = []
    for push in (0.2, 0.1, 0.05):
        axes = plots.perturbation(loss, 1.0, x[0].grad, push=push, names=("x1", "loss")).axes[0]
        before, after, told, gap = axes.lines[2:]
        assert before.get_ydata()[0] == loss(1.0)
        assert after.get_ydata()[0] == loss(1.0 + push)
        assert told.get_ydata()[0] == pytest.approx(loss(1.0) + push * x[0].grad, rel=1e-12)
        gaps.append(abs(np.diff(gap.get_ydata())[0]))
        assert axes.get_xlabel() == "x1"
    # First order: half the push leaves a quarter of the gap.
    assert gaps[0] / gaps[1] == pytest.approx(4.0, rel=0.05)
    assert gaps[1] / gaps[2] == pytest.approx(4.0, rel=0.05)


def test_saturated_neurons_are_counted_by_their_slope():
    """A4.15 and A4.17: below 0.01 from |z| = 4.585 on; unscaled pixels put neurons there."""
    edge = 4.585
    figure = plots.saturation({"about the edge": [-edge - 0.001, edge - 0.001, 0.0, 100.0]})
    curve, sums = figure.axes
    value, slope = curve.lines
    assert np.interp(2.0, *value.get_xydata().T) == pytest.approx(0.880797, abs=1e-5)
    assert np.interp(2.0, *slope.get_xydata().T) == pytest.approx(0.104994, abs=1e-5)
    assert sums.get_title().startswith("about the edge: 50.0 % saturated")

    X, _ = datasets.digits()
    weights = MLP([64, 16, 10], seed=0).arrays()[0][0]
    raw, scaled = X[:200] @ weights.T, X[:200] / 16.0 @ weights.T
    titles = [
        axes.get_title() for axes in plots.saturation({"raw": raw, "scaled": scaled}).axes[1:]
    ]
    share = 100.0 * np.mean([ag.grad(ag.sigmoid)(z) < 0.01 for z in raw.ravel()])
    assert share > 25.0
    assert titles[0].startswith(f"raw: {share:.1f} % saturated")
    assert titles[1].startswith("scaled: 0.0 % saturated")
    assert plots.saturation(activation=ag.tanh).axes[0].get_title() == "tanh"


def weight_run(init):
    """Return the first weight of each hidden neuron over 40 steps."""
    X, y = datasets.xor(20, noise=0.1, seed=0)
    model = MLP([2, 3, 1], activation="sigmoid", output_activation="sigmoid", init=init, seed=1)
    optimizer = SGD(model.parameters(), lr=0.5)
    run = [model.arrays()[0][0][:, 0].copy()]
    for _ in range(10):
        for xs, ys in minibatches(X, y, 5, rng=0):
            optimizer.zero_grad()
            losses = [mean_squared_error(model(x), t) for x, t in zip(xs, ys, strict=True)]
            ag.mean(losses).backward()
            optimizer.step()
            run.append(model.arrays()[0][0][:, 0].copy())
    return np.array(run)


def test_neurons_that_start_equal_are_one_line():
    """A4.6."""
    runs = {"equal": weight_run(Constant(0.5)), "random": weight_run("scaled_normal")}
    equal, random = plots.symmetry(runs).axes
    assert equal.get_title() == "equal: the neurons differ by 0"
    drawn = [line.get_ydata() for line in equal.lines]
    assert all(np.array_equal(drawn[0], other) for other in drawn)
    assert drawn[0][0] != drawn[0][-1]  # it did learn
    widths = [line.get_linewidth() for line in equal.lines]
    assert widths == sorted(widths, reverse=True)
    assert random.get_title() != "random: the neurons differ by 0"


PICTURES = {
    "paths": lambda line: plots.descent_paths(line.cost, paths(line), minimum=line.best, grid=12),
    "rates": lambda line: plots.learning_rates(lambda x: x * x, {0.1: [-3.0, -2.4], 1.1: [3.0]}),
    "errors": lambda line: plots.difference_errors([0.1, 0.01], {"a": [1.0, 0.5], "b": [2, 0]}),
    "noise": lambda line: plots.batch_noise([1, 2], [1.0, 0.5], spread=1.0, count=4),
    "cost": lambda line: plots.backprop_cost([1, 2], {"naive": [3, 7], "ordered": [2, 3]}),
    "push": lambda line: plots.perturbation(lambda x: x * x, 1.0, 2.0),
    "saturation": lambda line: plots.saturation({"sums": [1.0, 9.0]}),
    "symmetry": lambda line: plots.symmetry({"equal": [[1.0, 1.0], [2.0, 2.0]]}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_is_the_same_text_each_time_and_names_its_axes(line, name):
    figure = PICTURES[name](line)
    text = plots.svg(figure, name)
    assert text == plots.svg(PICTURES[name](line), name)
    assert ET.fromstring(text).get("id") == name
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


@pytest.mark.parametrize("name", ["errors", "cost", "symmetry", "push"])
def test_lines_of_one_picture_differ_by_more_than_colour(line, name):
    for axes in PICTURES[name](line).axes:
        forms = [(one.get_linestyle(), one.get_marker()) for one in axes.lines]
        assert len(set(forms)) == len(forms)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.descent_paths(max, {}), ValueError, "at least one path"),
        (lambda: plots.descent_paths(max, [[0, 0]]), TypeError, "expected a dict that names"),
        (lambda: plots.descent_paths(max, {"a": [1, 2]}), ValueError, r"of shape \(steps \+ 1, 2"),
        (
            lambda: plots.descent_paths(max, {"a": [[1, 2]]}, minimum=[1]),
            ValueError,
            "a point of two numbers",
        ),
        (
            lambda: plots.descent_paths(lambda a, b: math.inf, {"a": [[1, 2]]}),
            ValueError,
            "the cost holds inf",
        ),
        (lambda: plots.learning_rates(abs, {0.1: []}), ValueError, r"of shape \(steps \+ 1,\)"),
        (lambda: plots.difference_errors([0.0], {"a": [1]}), ValueError, "positive numbers"),
        (lambda: plots.difference_errors([1.0], {"a": [1, 2]}), ValueError, "must have 1 number"),
        (
            lambda: plots.batch_noise([5], [1.0], spread=1.0, count=4),
            ValueError,
            "batch sizes from 1 to 4",
        ),
        (lambda: plots.backprop_cost([1], {"a": [0]}), ValueError, "must be positive"),
        (lambda: plots.perturbation(abs, 1.0, 1.0, push=0.0), ValueError, "nothing would move"),
        (lambda: plots.saturation({"a": []}), ValueError, "there are no sums"),
        (lambda: plots.symmetry({"a": [1.0]}), ValueError, r"shape \(steps \+ 1, neurons\)"),
    ],
)
def test_what_cannot_be_drawn_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_path_of_one_point_on_a_flat_cost_is_drawn():
    assert plots.descent_paths(lambda a, b: 1.0, {"still": [[0.0, 0.0]]}, grid=4)
    assert plots.saturation({"one": [1.0]})
    assert plots.learning_rates(abs, {0.1: [0.0]})
