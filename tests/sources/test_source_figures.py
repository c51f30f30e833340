"""The figures of the five sources: what is in each picture, and the numbers behind it."""

import itertools
import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import autograd as ag
from nn import MLP, SGD, Constant, Neuron, datasets, mean_squared_error, minibatches, plots
from support.descents import BEST, line_descent, parabola_path

X, Y = datasets.line(200, seed=0)


def cost(w, b):
    return float(np.mean((w * X[:, 0] + b - Y) ** 2))


def path(batch_size, lr, steps):
    """Return the places of a descent on A4.4's line, the start first."""
    points = itertools.islice(line_descent(batch_size, lr), steps + 1)
    return np.array([point[:2] for point in points])


@pytest.fixture(scope="module")
def tracks():
    return {
        "gradient descent": path(200, 0.1, 30),
        "mini-batches of 8": path(8, 0.1, 30),
        "SGD": path(1, 0.03, 80),
    }


def test_the_bowl_of_the_paths_is_five_times_as_steep_one_way_as_the_other():
    """A4.4: eigenvalues 0.711 and 5.198 at the minimum (1.96538, -1.00911)."""
    second = ag.hessian(
        lambda p: ag.mean([(p[0] * x + p[1] - y) ** 2 for x, y in zip(X[:, 0], Y, strict=True)])
    )(list(BEST))
    assert np.linalg.eigvalsh(second) == pytest.approx([0.711, 5.198], abs=5e-4)
    assert pytest.approx((1.96538, -1.00911), abs=5e-6) == BEST


def test_the_paths_lie_over_the_contours_with_a_star_at_the_minimum(tracks):
    """A4.4."""
    figure = plots.descent_paths(cost, tracks, minimum=BEST, grid=20)
    assert [axes.get_title() for axes in figure.axes] == [
        "gradient descent: 30 steps",
        "mini-batches of 8: 30 steps",
        "SGD: 80 steps",
    ]
    for axes, track in zip(figure.axes, tracks.values(), strict=True):
        line, start, star = axes.lines
        np.testing.assert_array_equal(line.get_xydata(), track)
        np.testing.assert_array_equal(start.get_xydata(), [(-3.0, 3.0)])
        assert star.get_marker() == "*"
        np.testing.assert_array_equal(star.get_xydata(), [BEST])
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("w", "b")
        assert len(axes.collections) == 1  # the contours
        # All of every path is inside the picture.
        for k, (low, high) in enumerate((axes.get_xlim(), axes.get_ylim())):
            for other in tracks.values():
                assert low < other[:, k].min()
                assert other[:, k].max() < high


def test_learning_rates_are_drawn_on_their_curve_and_divergence_is_told():
    """A2.4."""
    rates = (0.01, 0.1, 0.5, 0.9, 1.0, 1.1)
    figure = plots.learning_rates(
        lambda x: x * x, {lr: [-3.0, *parabola_path(lr, 20)] for lr in rates}
    )
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
    assert xs.tolist() == [-3.0, *parabola_path(0.9, 20)]
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
    "paths": lambda: plots.descent_paths(max, {"a": [[0, 1], [1, 2]]}, minimum=(1, 1), grid=12),
    "rates": lambda: plots.learning_rates(lambda x: x * x, {0.1: [-3.0, -2.4], 1.1: [3.0]}),
    "errors": lambda: plots.difference_errors([0.1, 0.01], {"a": [1.0, 0.5], "b": [2, 0]}),
    "noise": lambda: plots.batch_noise([1, 2], [1.0, 0.5], spread=1.0, count=4),
    "cost": lambda: plots.backprop_cost([1, 2], {"naive": [3, 7], "ordered": [2, 3]}),
    "push": lambda: plots.perturbation(lambda x: x * x, 1.0, 2.0),
    "saturation": lambda: plots.saturation({"sums": [1.0, 9.0]}),
    "symmetry": lambda: plots.symmetry({"equal": [[1.0, 1.0], [2.0, 2.0]]}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_is_the_same_text_each_time_and_names_its_axes(name):
    figure = PICTURES[name]()
    text = plots.svg(figure, name)
    assert text == plots.svg(PICTURES[name](), name)
    assert ET.fromstring(text).get("id") == name
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


@pytest.mark.parametrize("name", ["errors", "cost", "symmetry", "push"])
def test_lines_of_one_picture_differ_by_more_than_colour(name):
    for axes in PICTURES[name]().axes:
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
