"""Verdicts on functions with few digits, terms that cancel, and numbers beyond floats."""

import math
import os
import random

import numpy as np
import pytest

from autograd import Primitive, dot, register, unregister
from autograd import sum as total
from autograd.check import check_against, check_gradients, check_row
from autograd.check.oracles import high_precision
from benchmarks.check_cases import (
    OWN_FAULTS,
    OWN_ROWS,
    black_box,
    cancelling,
    faulty,
    underflowing,
)

LONG = os.environ.get("CHALKGRAD_PROFILE") == "long"


def only(report):
    (verdict,) = report.verdicts
    return verdict


@pytest.mark.parametrize(
    ("f", "slope", "x"),
    [
        (lambda x: float(np.float32(1 + 1e-4 * x)), 1e-4, 0.1),
        (lambda x: round(x * x / 100, 4), 0.02, 1.0),
        (lambda x: float(np.float16(x) + np.float16(3.0)), 1.0, 0.01),
    ],
)
def test_a_slope_below_the_steps_of_the_values_is_left_open_with_their_size(f, slope, x):
    verdict = only(check_against(f, lambda x: slope, x))
    assert verdict.outcome == "cannot tell"
    assert "move in steps of about" in verdict.reason


def test_black_boxes_of_few_digits_are_decided_and_never_mistaken():
    decidable = right = 0
    for seed in range(5_000 if LONG else 150):
        box = black_box(seed)
        said = only(check_against(box.function, lambda x, d=box.slope: d, box.x))
        assert said.outcome != "wrong", (seed, box, said)
        off = only(check_against(box.function, lambda x, d=1.1 * box.slope: d, box.x))
        assert off.outcome != "right", (seed, box, off)
        decidable += box.decidable
        right += box.decidable and said.outcome == "right"
    assert right >= 0.95 * decidable > 50


@pytest.mark.parametrize("digits", [True, False], ids=["with mpmath", "without"])
def test_right_gradients_of_sums_that_cancel_are_not_called_wrong(digits, monkeypatch):
    if not digits:
        monkeypatch.setattr(high_precision, "context", lambda digits=60: None)
    functions = [
        (lambda x: dot([x, 0.5, -1.0], [1.0, 2.0, 1.0]) ** 2, 1.8e-15),
        (lambda x: total([x, 1.0, -1.0]) ** 2, 1.8e-15),
    ]
    functions += [cancelling(seed) for seed in range(3_000 if LONG else 150)]
    for i, (f, x) in enumerate(functions):
        report = check_gradients(f, x, order=1 + i % 2)
        assert report.ok, report


def test_what_underflows_on_the_way_back_is_found_at_high_precision():
    f = lambda x: ((x * 1e300) * 1e-200) * 1e-200  # noqa: E731
    assert only(check_against(f, lambda x: 1e-100, 1.0)).outcome == "right"
    verdict = only(check_against(f, lambda x: 0.0, 1.0))
    assert verdict.outcome == "wrong"
    assert "underflow" in verdict.reason
    for seed in range(30):
        f, x, slope = underflowing(seed)
        assert only(check_against(f, lambda x, d=slope: d, x)).outcome == "right"
        assert only(check_against(f, lambda x: 0.0, x)).outcome == "wrong"


def test_what_underflows_on_the_way_back_cannot_be_told_without_mpmath(monkeypatch):
    monkeypatch.setattr(high_precision, "context", lambda digits=60: None)
    f = lambda x: ((x * 1e300) * 1e-200) * 1e-200  # noqa: E731
    for claim in (0.0, 1e-100):
        verdict = only(check_against(f, lambda x, c=claim: c, 1.0))
        assert verdict.outcome == "cannot tell"
        assert "underflow" in verdict.reason


def test_values_that_underflow_say_nothing_of_a_slope():
    cube = register(Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,)))
    try:
        assert check_gradients(cube, 1e-108).ok
    finally:
        unregister("cube")
    assert only(check_against(lambda x: math.pow(x, 2), lambda x: 2 * x, 1e-170)).outcome == (
        "cannot tell"
    )
    assert check_against(lambda x: x**2, lambda x: 2 * x, 1e-170).certain


@pytest.mark.parametrize("scale", [0.0, 3.6e-98, 1e-12, 1.0])
def test_normalisation_by_hand_is_right_at_a_batch_of_any_size(scale):
    rng = np.random.default_rng(2)
    weights = rng.normal(size=(4, 2))
    batch = scale * rng.normal(size=(4, 2))

    def loss(batch):
        centred = np.array(batch) - np.mean(batch, axis=0)
        return np.array([(centred / np.sqrt(np.var(batch, axis=0) + 1e-5) * weights).sum()])

    def slopes(batch):
        scaled = 1 / np.sqrt(np.var(batch, axis=0) + 1e-5)
        unit = (np.array(batch) - np.mean(batch, axis=0)) * scaled
        rest = 4 * weights - weights.sum(axis=0) - unit * (weights * unit).sum(axis=0)
        return (scaled / 4 * rest).tolist()

    assert check_against(loss, slopes, batch.tolist()).ok


def test_a_function_of_chance_is_called_one():
    rng = np.random.default_rng(1)

    def dropped(x):
        return float((np.array(x) * (rng.random(20) > 0.5)).sum())

    report = check_against(dropped, lambda x: [1.0] * 20, [*range(1, 21)])
    assert all("different numbers at the same inputs" in v.reason for v in report)
    assert str(report).count("different numbers") == 1


@pytest.mark.parametrize("wrap", [lambda z: np.array([z]), lambda z: [[z]]])
def test_a_result_of_one_element_is_a_number(wrap):
    assert check_against(lambda x: wrap(math.exp(float(x))), math.exp, 1.0).certain
    assert check_gradients(lambda x: wrap(x * x), 3.0).certain


def test_ordinary_functions_with_right_rules_are_taken_and_with_wrong_ones_refused():
    for row in OWN_ROWS:
        assert check_row(row).certain, check_row(row)
        for fault in OWN_FAULTS if LONG else list(OWN_FAULTS)[:1]:
            assert check_row(faulty(row, fault)).wrong, (row.name, fault)


WAVES = [
    (math.sin, math.cos, 1e9),
    (lambda t: (1.0 - math.cos(t)) / 2.0, lambda t: math.sin(t) / 2.0, 1e9),
    (
        lambda t: math.sin(0.2 * math.pi * t),
        lambda t: 0.2 * math.pi * math.cos(0.2 * math.pi * t),
        1.7e9,
    ),
]
PIECES = [
    (lambda x: x - math.floor(x), lambda x: 1.0),
    (lambda x: math.fmod(x, 0.5) ** 2, lambda x: 2.0 * math.fmod(x, 0.5)),
    (lambda x: x * x + 0.1 * math.floor(10.0 * x), lambda x: 2.0 * x),
    (lambda x: math.floor(x) * x, lambda x: float(math.floor(x))),
    (lambda x: float(math.floor(x)), lambda x: 0.0),
]


@pytest.mark.parametrize(("f", "slope", "x"), WAVES)
def test_a_wave_far_from_0_is_not_taken_for_noise(f, slope, x):
    assert check_against(lambda t: f(t), slope, x).certain
    assert check_against(lambda t: f(t), lambda t: 0.0, x).wrong


@pytest.mark.parametrize(("f", "slope"), PIECES)
def test_smooth_pieces_between_regular_jumps_are_not_called_wrong(f, slope):
    rng = random.Random(5)
    for _ in range(20):
        x = rng.uniform(0.1, 12.0)
        assert check_against(f, slope, x).ok, x


def test_waves_of_few_digits_are_not_taken_for_lines():
    rng = random.Random(6)
    for _ in range(20):
        x = rng.uniform(1e3, 1e4)
        assert check_against(lambda x: round(math.sin(x), 6), math.cos, x).ok, x
