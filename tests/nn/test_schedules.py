"""Schedules: PyTorch's rates, formulas by hand, and objects that are equal, shown and pickled."""

import copy
import itertools
import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn import SGD, schedules
from nn.schedules import SCHEDULES, constant, cosine, exponential, inverse, one_cycle, step, warmup
from support import trajectories
from support.places import ROOT

KNOWN = json.loads((ROOT / "tests" / "data" / "trajectories.json").read_text())
TRIED = [
    constant(0.1),
    step(0.4, every=10, factor=0.5),
    exponential(0.4, factor=0.9),
    cosine(0.4, steps=50, end=0.01),
    warmup(cosine(0.1, steps=20), steps=5),
    inverse(1.0, delay=10.0, power=0.75),
    one_cycle(0.4, steps=40),
]
SEEN = [n for n in range(trajectories.STEPS) if n % 20 in (0, 19)]


@pytest.mark.parametrize(("name", "options", "known"), KNOWN["schedules"], ids=str)
def test_the_rates_are_those_of_pytorch(name, options, known):
    schedule = SCHEDULES[name](**options)
    assert [schedule(n) for n in SEEN] == pytest.approx(known, rel=1e-12, abs=1e-15)


def test_a_warmup_is_pytorchs_linear_rate_before_another():
    w = trajectories.WARMUP
    schedule = warmup(step(w["lr"], w["every"], w["factor"]), w["steps"], w["start"])
    assert [schedule(n) for n in SEEN] == pytest.approx(KNOWN["warmup"], rel=1e-12)


def test_every_schedule_is_tried_here():
    assert [type(s).__name__ for s in TRIED] == list(SCHEDULES)


@pytest.mark.parametrize("schedule", TRIED, ids=repr)
def test_it_is_a_value_that_can_be_shown_pickled_and_compared(schedule):
    for again in (
        copy.deepcopy(schedule),
        pickle.loads(pickle.dumps(schedule)),
        eval(repr(schedule), dict(SCHEDULES)),
        schedules.read(json.loads(json.dumps(schedules.written(schedule)))),
    ):
        assert again == schedule
        assert hash(again) == hash(schedule)
        assert [again(n) for n in range(60)] == [schedule(n) for n in range(60)]
    assert len({*TRIED}) == len(TRIED)
    with pytest.raises(AttributeError):
        schedule.lr = 0.5


@pytest.mark.parametrize("schedule", TRIED, ids=repr)
@given(n=st.integers(0, 10**7))
def test_a_rate_is_a_number_from_0_to_the_largest(schedule, n):
    most = 1.0 if isinstance(schedule, inverse) else 0.4
    assert 0.0 <= schedule(n) <= most


@given(lr=st.floats(0.0, 1e3), steps=st.integers(2, 1000), end=st.floats(0.0, 1.0))
def test_a_cosine_falls_from_one_end_to_the_other_and_stays(lr, steps, end):
    rate = cosine(lr, steps, end * lr)
    rates = [rate(n) for n in range(steps + 2)]
    assert (rates[0], rates[-2], rates[-1]) == (lr, end * lr, end * lr)
    room = 1e-15 * lr
    assert all(a >= b - room for a, b in itertools.pairwise(rates))


@given(lr=st.floats(1e-6, 1e3), steps=st.integers(4, 500), rise=st.floats(0.3, 1.0))
def test_one_cycle_rises_falls_and_ends_where_it_says(lr, steps, rise):
    rate = one_cycle(lr, steps, rise=rise)
    rates = [rate(n) for n in range(steps)]
    top = rates.index(max(rates))
    room = 1e-12 * lr
    assert rates[0] == lr / 25.0
    assert all(a <= b + room for a, b in itertools.pairwise(rates[: top + 1]))
    assert all(a >= b - room for a, b in itertools.pairwise(rates[top:]))
    assert rate(steps) == rate(10 * steps) == pytest.approx(lr / 25.0 / 1e4, rel=1e-12)


def test_one_over_n_meets_the_conditions_of_robbins_and_monro():
    rate = inverse(1.0)
    rates = [rate(n) for n in range(10_000)]
    assert math.fsum(rates) == pytest.approx(math.log(10_000) + 0.5772, abs=1e-3)
    assert math.fsum([r * r for r in rates]) < math.pi**2 / 6.0


def test_an_optimiser_asks_by_the_number_of_its_steps():
    x = Value(8.0)
    optimizer = SGD([x], lr=step(1.0, every=1, factor=0.5))
    for rate in (1.0, 0.5, 0.25):
        assert optimizer.lr == rate
        x.grad = 1.0
        optimizer.step()
    assert x.data == 6.25


def test_a_warmup_takes_a_number_or_a_function_too():
    assert warmup(0.1, steps=10) == warmup(constant(0.1), steps=10)
    assert warmup(lambda n: 1.0 / (n + 1), steps=10)(11) == 0.5
    assert schedules.written(warmup(lambda n: 0.1, steps=10)) is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: constant("a"), TypeError, "lr must be a number; got 'a'"),
        (lambda: constant(-0.1), ValueError, "lr must be finite and at least 0; got -0.1"),
        (lambda: step(0.1, every=0), ValueError, "every must be at least 1; got 0"),
        (lambda: step(0.1, every=1.5), TypeError, "every must be a whole number; got 1.5"),
        (lambda: step(0.1, every=1, factor=0.0), ValueError, "factor must be above 0"),
        (lambda: exponential(0.1, factor=-1.0), ValueError, "factor must be finite and at least"),
        (lambda: cosine(0.1, steps=10, end=-1.0), ValueError, "end must be finite and at least 0"),
        (lambda: warmup("a", steps=10), TypeError, "after must be a number; got 'a'"),
        (lambda: warmup(0.1, steps=10, start=2.0), ValueError, "start must be at most 1"),
        (lambda: inverse(0.1, delay=0.0), ValueError, "delay must be above 0"),
        (lambda: inverse(0.1, power=2.0), ValueError, "power must be at most 1, or the rates"),
        (lambda: one_cycle(0.1, steps=3), ValueError, "are too few for a rise over 0.3 of them"),
        (lambda: one_cycle(0.1, steps=100, rise=2.0), ValueError, "rise must be at most 1"),
        (lambda: cosine(0.1, T_max=10), TypeError, "'T_max': write steps="),
        (lambda: step(0.1, step_size=10), TypeError, "'step_size': write every="),
        (lambda: schedules.Schedule()(1), NotImplementedError, "does not say what the rate is"),
    ],
)
def test_wrong_arguments_are_named_with_what_was_expected(make, error, message):
    with pytest.raises(error, match=message):
        make()
