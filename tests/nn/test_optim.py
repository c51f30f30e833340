"""SGD: each rule against its recursion by hand, and what its state is bound to."""

import numpy as np
import pytest

from autograd import Value
from nn import MLP, SGD


def stepped(optimizer):
    for p in optimizer.parameters:
        p.grad = 1.0
    optimizer.step()


def run(optimizer, x, steps, slope=lambda x: 2.0 * x):
    path = []
    for _ in range(steps):
        x.grad = slope(x.data)
        optimizer.step()
        path.append(x.data)
    return path


def test_plain_descent():
    x = Value(3.0)
    assert run(SGD([x], lr=0.25), x, 3) == [1.5, 0.75, 0.375]


def test_momentum_is_the_heavy_ball():
    """Polyak's x_{n+1} = x_n - γ f'(x_n) + μ (x_n - x_{n-1})."""
    x = Value(3.0)
    found = run(SGD([x], lr=0.1, momentum=0.5), x, 20)
    before, now, expected = 3.0, 3.0, []
    for _ in range(20):
        before, now = now, now - 0.1 * 2.0 * now + 0.5 * (now - before)
        expected.append(now)
    assert found == pytest.approx(expected, rel=1e-12)


def test_nesterov_takes_its_gradient_where_the_momentum_leads():
    """Sutskever's v = μ v - γ f'(θ + μ v), θ = θ + v, seen at the point θ + μ v."""
    x = Value(3.0)
    found = run(SGD([x], lr=0.1, momentum=0.5, nesterov=True), x, 20)
    theta, v, expected = 3.0, 0.0, []
    for _ in range(20):
        v = 0.5 * v - 0.1 * 2.0 * (theta + 0.5 * v)
        theta += v
        expected.append(theta + 0.5 * v)
    assert found == pytest.approx(expected, rel=1e-12)


def test_weight_decay_is_the_gradient_of_half_its_square():
    x, y = Value(3.0), Value(3.0)
    with_decay = run(SGD([x], lr=0.1, momentum=0.9, weight_decay=0.3), x, 10)
    by_hand = run(SGD([y], lr=0.1, momentum=0.9), y, 10, slope=lambda y: 2.0 * y + 0.3 * y)
    assert with_decay == pytest.approx(by_hand, rel=1e-14)


def test_a_schedule_sees_the_number_of_the_step():
    x = Value(8.0)
    seen = []

    def lr(n):
        seen.append(n)
        return 0.5 ** (n + 2)

    assert run(SGD([x], lr=lr), x, 2) == [4.0, 3.0]
    assert seen == [0, 1]


def test_the_rate_can_be_read_and_changed():
    x = Value(1.0)
    optimizer = SGD([x], lr=0.5)
    assert optimizer.lr == 0.5
    optimizer.lr = 0.25
    assert run(optimizer, x, 1) == [0.5]
    assert optimizer.steps == 1
    with pytest.raises(ValueError, match="lr must be finite and at least 0; got -1"):
        optimizer.lr = -1


def test_a_parameter_without_a_gradient_stays_where_it_is():
    x, y = Value(1.0), Value(1.0)
    optimizer = SGD([x, y], lr=0.5, momentum=0.5, weight_decay=0.1)
    x.grad = 1.0
    optimizer.step()
    assert x.data != 1.0
    assert y.data == 1.0


def test_a_step_without_any_gradient_says_what_was_forgotten():
    x, y = Value(1.0), Value(2.0)
    optimizer = SGD([x, y], lr=0.5)
    with pytest.raises(ValueError, match=r"no parameter has a gradient.*loss.backward\(\) first"):
        optimizer.step()
    numbers = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="no parameter has a gradient"):
        optimizer.step_array(numbers, np.zeros(2), np.array([False, False]))
    assert (x.data, y.data, optimizer.steps) == (1.0, 2.0, 0)
    assert numbers.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("size", [1, 7, 64, 65, 1000])
@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": lambda n: 0.1 / (n + 1), "momentum": 0.5, "weight_decay": 0.01},
        {"lr": 0.1, "weight_decay": 0.01},
    ],
    ids=["plain", "momentum", "nesterov", "rate that falls", "weight decay"],
)
def test_a_step_on_an_array_is_the_step_on_the_values_bit_for_bit_and_in_place(
    options, size, monkeypatch
):
    monkeypatch.setattr("nn.optim.base._BLOCK", 64)
    rng = np.random.default_rng(size)
    start = rng.standard_normal(size)
    values = [Value(x) for x in start.tolist()]
    on_values, on_array = SGD(values, **options), SGD(values, **options)
    numbers = start.copy()
    for _ in range(3):
        slopes = rng.standard_normal(size)
        for p, g in zip(values, slopes.tolist(), strict=True):
            p.grad = g
        on_values.step()
        on_array.step_array(numbers, slopes)
    assert numbers.tolist() == [p.data for p in values]
    assert list(on_array._velocity) == on_values._velocity
    assert on_array.steps == on_values.steps == 3


def test_a_step_on_a_part_of_an_array_leaves_the_rest():
    values = [Value(1.0), Value(2.0), Value(3.0)]
    optimizer = SGD(values, lr=0.5, momentum=0.5)
    numbers = np.array([1.0, 2.0, 3.0])
    optimizer.step_array(numbers, np.ones(3), np.array([True, False, True]))
    assert numbers.tolist() == [0.5, 2.0, 2.5]
    assert list(optimizer._velocity) == [1.0, 0.0, 1.0]


def test_state_lives_in_the_optimiser_and_not_on_the_values():
    x = Value(1.0)
    first = SGD([x], lr=0.1, momentum=0.9)
    run(first, x, 3)
    x.data = 1.0
    fresh = run(SGD([x], lr=0.1, momentum=0.9), x, 1)
    assert fresh == [0.8]


def test_zero_grad_forgets_the_gradients():
    model = MLP([2, 1])
    optimizer = SGD(model.parameters(), lr=0.1)
    model([1.0, 2.0])[0].backward()
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_parameters_may_come_from_any_iterable():
    assert len(SGD((p for p in MLP([2, 1]).parameters()), lr=0.1).parameters) == 3


def test_it_shows_what_it_was_given():
    assert repr(SGD([Value(1.0)], 0.5)) == "SGD(1 parameters, lr=0.5)"
    optimizer = SGD([Value(1.0)], 0.5, momentum=0.9, nesterov=True)
    assert repr(optimizer) == "SGD(1 parameters, lr=0.5, momentum=0.9, nesterov=True)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: SGD([], 0.1), ValueError, "nothing to optimise: parameters is empty"),
        (lambda x: SGD(x, 0.1), TypeError, r"got one Value: write \[x\]"),
        (lambda x: SGD(MLP([1, 1]), 0.1), TypeError, r"got one MLP: write model.parameters\(\)"),
        (lambda x: SGD([1.0], 0.1), TypeError, "number 0 is 1.0: write model.parameters"),
        (lambda x: SGD([x, x * 2], 0.1), ValueError, r"parameter 1 was computed \(mul\)"),
        (lambda x: SGD([x, x], 0.1), ValueError, "would move twice a step"),
        (lambda x: SGD([x], -0.1), ValueError, "lr must be finite and at least 0; got -0.1"),
        (lambda x: SGD([x], float("nan")), ValueError, "lr must be finite"),
        (lambda x: SGD([x], "0.1"), TypeError, "lr must be a number; got '0.1'"),
        (lambda x: SGD([x], True), TypeError, "lr must be a number; got True"),
        (lambda x: SGD([x], 0.1, momentum=1.0), ValueError, "momentum must be below 1"),
        (
            lambda x: SGD([x], 0.1, momentum=-0.1),
            ValueError,
            "momentum must be finite and at least",
        ),
        (lambda x: SGD([x], 0.1, nesterov=True), ValueError, "give momentum=0.9, say"),
        (lambda x: SGD([x], 0.1, weight_decay=-1), ValueError, "weight_decay must be"),
        (lambda x: stepped(SGD([x], lambda n: -1.0)), ValueError, "the schedule's lr at step 0"),
    ],
)
def test_wrong_arguments_are_named_with_what_was_expected(make, error, message):
    with pytest.raises(error, match=message):
        make(Value(1.0, "x"))
