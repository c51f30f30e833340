"""Each oracle against derivatives that are known, and where each refuses."""

import math

import pytest

from autograd import Value, abs, erf, exp, log, maximum, relu, sin, tanh
from autograd.check.judge.one_sided import side_slopes
from autograd.check.oracles.complex_step import complex_step
from autograd.check.oracles.differences import differences, noise, richardson
from autograd.check.oracles.forward import forward_mode
from autograd.check.oracles.high_precision import derivative, high_precision
from autograd.check.oracles.paths import count_paths, sum_over_paths
from autograd.check.oracles.tape import Tape
from autograd.check.oracles.taylor import taylor_remainder
from autograd.check.testing.programs import random_program

ORACLES = [complex_step, differences, forward_mode, sum_over_paths, high_precision]


def s0(x, y):
    u = x * x + x * y + y * y
    return u * u + u


@pytest.mark.parametrize("oracle", ORACLES)
def test_every_oracle_finds_the_sources_gradient_within_its_own_bound(oracle):
    for slope, truth in zip(oracle(s0, 1.0, 2.0), (60.0, 75.0), strict=True):
        assert slope.sound
        assert math.fabs(slope.value - truth) <= slope.error + 1e-13
        assert slope.error < 1e-6


@pytest.mark.parametrize("oracle", ORACLES)
def test_an_input_that_is_not_used_and_a_constant_have_slope_0(oracle):
    assert [s.value for s in oracle(lambda x, y: 2.0 * x, 1.0, 5.0)] == pytest.approx([2.0, 0.0])
    assert [s.value for s in oracle(lambda x: 4.0, 1.0)] == [0.0]


def test_complex_step_has_no_cancellation():
    assert [slope.value for slope in complex_step(s0, 1.0, 2.0)] == [60.0, 75.0]


def test_complex_step_names_the_row_that_is_not_analytic():
    assert complex_step(lambda x: erf(x), 1.0)[0].trouble == "erf is not analytic"
    assert complex_step(lambda x: x**0.5, 0.0)[0].trouble.startswith("two steps disagree")


def test_oracles_agree_on_random_programs():
    for seed in range(60):
        program = random_program(seed)
        swept = forward_mode(program, *program.point)
        for other in (sum_over_paths, complex_step):
            for a, b in zip(swept, other(program, *program.point), strict=True):
                if b.sound:
                    size = 1e-9 * max(math.fabs(a.value), math.fabs(b.value))
                    assert math.fabs(a.value - b.value) <= a.error + b.error + size


# Differences ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "truth"),
    [
        (math.exp, 1.0, math.e),
        (math.log, 1e-5, 1e5),
        (math.sin, 1e6, math.cos(1e6)),
        (lambda x: 1e-6 * x, 3.0, 1e-6),
        (lambda x: 1e6 * x, 3.0, 1e6),
        (lambda x: x * x, 0.0, 0.0),
        (lambda x: x**3, 0.0, 0.0),
        (lambda x: 7.0, 2.0, 0.0),
        (lambda x: math.exp(x) - 1e5, 1.1, math.exp(1.1)),
        (lambda x: math.sin(30.0 * x), 1.0, 30.0 * math.cos(30.0)),
        (lambda x: math.fabs(x), 1e-9, 1.0),
        (lambda x: math.sin(1e8 * x), 1.0, 1e8 * math.cos(1e8)),
        (lambda x: math.sin(1e8 * x), 0.7, 1e8 * math.cos(0.7e8)),
    ],
)
def test_richardson_is_within_its_bound(f, x, truth):
    slope = richardson(f, x)
    assert slope.sound
    assert math.fabs(slope.value - truth) <= slope.error + 1e-300
    assert slope.error <= 1e-5 * math.fabs(truth) + 1e-4


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (math.fabs, 0.0, -1.0, 1.0),
        (lambda x: max(x, 2.0), 2.0, 0.0, 1.0),
        (lambda x: math.sqrt(x), 0.0, math.nan, math.inf),
        (lambda x: math.sqrt(math.fabs(x)), 0.0, -math.inf, math.inf),
    ],
)
def test_richardson_sees_kinks_and_edges(f, x, left, right):
    slope = richardson(f, x)
    assert not slope.sound
    assert (slope.left, slope.right) == pytest.approx((left, right), nan_ok=True)


def test_richardson_claims_nothing_of_a_wave_it_cannot_see():
    slope = richardson(lambda x: math.sin(1e17 * x), 1.0)
    assert not slope.sound or slope.error > 0.1 * math.fabs(slope.value)


def test_noise_is_measured():
    assert noise(lambda x: 1.0, 2.0) <= 2.0**-53
    assert 1e-12 < noise(lambda x: math.exp(x) - 1e5, 1.0) < 1e-10


# High precision ---------------------------------------------------------------------------------


def test_high_precision_keeps_tails_and_takes_numbers_as_exact():
    assert high_precision(tanh, 20.0)[0].value == 1.6993417021166355e-17
    assert high_precision(tanh, 300.0)[0].value == pytest.approx(4.0 * math.exp(-600.0))
    exact = high_precision(lambda x: sin(1e8 * x), 1.0)[0].value
    assert exact == pytest.approx(1e8 * math.cos(1e8), rel=1e-15)


@pytest.mark.parametrize(
    ("f", "trouble"),
    [
        (lambda mp, t: mp.fabs(t), "kink"),
        (lambda mp, t: mp.sqrt(t) if t >= 0 else mp.nan, "edge"),
        (lambda mp, t: mp.sign(t), "jump"),
        (lambda mp, t: mp.mpf(t > 0), "jump"),
    ],
)
def test_high_precision_sees_kinks_edges_and_jumps(f, trouble):
    assert derivative(f, 1.0).trouble.startswith(trouble)


def test_a_curve_with_slope_0_is_no_kink():
    for f in (
        lambda mp, t: t * t,
        lambda mp, t: t**3,
        lambda mp, t: mp.cos(t),
        lambda mp, t: 5 + 0 * t,
    ):
        found = derivative(f, 1.0)
        assert found.sound
        assert math.fabs(found.value) < 1e-30


# The graph replayed -----------------------------------------------------------------------------


def side(f, x):
    leaf = Value(x)
    tape = Tape([f(leaf)], [leaf])
    return side_slopes(tape, tape.roots[0], 0)


def test_slopes_of_a_graph_on_its_two_sides():
    assert (side(abs, 0.0).left, side(abs, 0.0).right) == (-1.0, 1.0)
    assert side(lambda x: maximum(x, x), 2.0).value == 1.0
    assert side(lambda x: relu(x) - relu(-x), 0.0).value == 1.0
    # The replay passes through the recorded numbers: the kink is where the floats put it.
    assert side(lambda x: relu(exp(log(x)) - x), 3.0).sound


def test_paths_are_counted_and_limited():
    x = Value(1.0)
    y = x
    for _ in range(30):
        y = y + y
    tape = Tape([y], [x])
    assert count_paths(tape, tape.roots[0], tape.inputs[0]) == 2**30

    def doubled(x):
        for _ in range(30):
            x = x + x
        return x

    with pytest.raises(ValueError, match="1073741824 paths"):
        sum_over_paths(doubled, 1.0)
    assert forward_mode(doubled, 1.0)[0].value == 2.0**30


# Taylor -----------------------------------------------------------------------------------------


def right(x, y):
    u = x * x + x * y + y * y
    return (2 * u + 1) * (2 * x + y), (2 * u + 1) * (x + 2 * y)


def test_the_remainder_is_of_second_order_with_the_gradient_and_of_first_without():
    good = taylor_remainder(s0, right, 1.0, 2.0)
    assert good.ok
    assert good.order == pytest.approx(2.0, abs=0.05)
    bad = taylor_remainder(s0, lambda x, y: tuple(1.03 * g for g in right(x, y)), 1.0, 2.0)
    assert not bad.ok
    assert bad.order == pytest.approx(1.0, abs=0.05)


def test_a_linear_function_leaves_no_remainder():
    assert taylor_remainder(lambda x: 3.0 * x, lambda x: 3.0, 2.0).order == math.inf
    assert taylor_remainder(lambda x: 3.0 * x, lambda x: 2.0, 2.0).order == pytest.approx(1.0)
