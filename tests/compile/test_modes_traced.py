"""Modes, and what else a trace could take for a constant, inside functions that are compiled."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    AnomalyError,
    StaleGraphError,
    TraceError,
    Value,
    compile,
    detect_anomaly,
    grad,
    gradient,
    no_grad,
    stop_gradient,
    value_and_grad,
)
from nn import MLP, SGD, Module, fit

tick = "a name of the user's"


def halted(x: Any) -> Any:
    with no_grad():
        w = x * x
    return w * x


@no_grad()
def squared(x: Any) -> Any:
    return x * x


def through_a_decorated_function(x: Any) -> Any:
    return squared(x) * x


def reflected(x: Any) -> Any:
    with no_grad():
        w = 2.0 * x
    return w * x


def many_operands(x: Any) -> Any:
    with no_grad():
        w = autograd.sum([x, x, 1.0])
    return w * x


def a_method(x: Any) -> Any:
    with no_grad():
        w = x.exp()
    return w * x


CUT: list[Callable[[Any], Any]] = [
    halted, through_a_decorated_function, reflected, many_operands, a_method,
]  # fmt: skip


@pytest.mark.parametrize("f", CUT)
def test_what_is_computed_in_no_grad_is_held_still(f: Callable[[Any], Any]) -> None:
    for program in (compile(f), compile(lambda x: f(x * 1.0))):
        assert program.value_and_grad(3.0) == value_and_grad(f)(3.0)
        values, slopes = program.value_and_grad(np.array([1.0, 2.0]))
        assert values.tolist() == [f(Value(x)).data for x in (1.0, 2.0)]
        assert slopes.tolist() == [grad(f)(x) for x in (1.0, 2.0)]


@pytest.mark.parametrize(
    "f",
    [
        lambda w, x: halted(w) * x,
        lambda w, x: w.detach() * x * w,
        lambda w, x: (w * 2.0).detach() * x * w,
        lambda w, x: stop_gradient([w, x])[0] * x * w,
        lambda w, x: halted(w * 2.0 + 1.0) * x,
        lambda w, x: grad(halted)(w) * x * w,
        lambda w, x: grad(lambda v: halted(v) * v)(w * x),
        lambda w, x: gradient(halted(w) * x, [w])[0] * w,
    ],
)
def test_parameters_are_followed_there_and_passed_nothing(f: Callable[[Any, Any], Any]) -> None:
    w = Value(3.0, "w")
    program = compile(lambda x: f(w, x), parameters=[w])
    for number in (3.0, -1.5):
        w.data = number
        w.grad = None
        z = f(w, Value(2.0))
        z.backward()
        for value, slopes in (
            program.value_and_grad(2.0), program.value_and_grad(np.array([2.0, 2.0])),
        ):  # fmt: skip
            assert value == pytest.approx(z.data, rel=1e-15)
            assert slopes[0] == pytest.approx(w.grad, rel=1e-15)


def test_a_parameter_behind_a_stop_alone_is_not_reached() -> None:
    w, v = Value(3.0, "w"), Value(2.0, "v")
    program = compile(lambda x: stop_gradient(w) * v * x, parameters=[w, v], shapes=[()])
    assert program.reached.tolist() == [False, True]
    assert program.value_and_grad(np.array([5.0]))[1].tolist() == [0.0, 15.0]


def test_a_parameter_s_gradient_is_not_taken_once_for_all() -> None:
    w, c = Value(3.0, "w"), Value(2.0)

    def f(x: Any, of: Value) -> Any:
        of.grad = None
        (of * of).backward()
        return x * of.grad

    with pytest.raises(TraceError, match="goes backward"):
        compile(lambda x: f(x, w), parameters=[w])(2.0)
    assert compile(lambda x: f(x, c), parameters=[w])(2.0) == 8.0


def test_constants_may_be_computed_in_no_grad_and_are_looked_at_later() -> None:
    c = Value(2.0, "c")

    def f(x: Any) -> Any:
        with no_grad():
            w = c * c + 1.0
        return w * x

    program = compile(f)
    assert program.value_and_grad(3.0) == (15.0, 5.0)
    c.data = 7.0
    with pytest.raises(StaleGraphError, match=r"c = 7\.0 was given new data"):
        program(3.0)
    assert compile(lambda x: c.detach() * x)(2.0) == 14.0


def test_a_program_may_be_made_and_called_in_no_grad() -> None:
    with no_grad():
        program = compile(lambda x: x * x * x)
        assert program.value_and_grad(2.0) == (8.0, 12.0)
        assert program.value_and_grad(np.array([2.0]))[1].tolist() == [12.0]


def test_a_program_made_inside_a_trace_and_inside_no_grad_records() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            slope = compile(lambda y: y * y * y).value_and_grad(2.0)[1]
        return slope * x

    assert compile(f)(2.0) == 24.0


def test_detect_anomaly_inside_changes_no_number_and_around_it_names_the_node() -> None:
    def f(x: Any) -> Any:
        with detect_anomaly():
            return x.log() * x

    program = compile(f)
    assert program.value_and_grad(1.0) == (0.0, 1.0)
    with detect_anomaly(), pytest.raises(AnomalyError, match="log"):
        program(np.array([0.0, 1.0]))


def test_a_global_called_tick_loses_no_line() -> None:
    assert tick
    with pytest.raises(TraceError, match=r"^line \d+ of .*test_modes_traced\.py"):
        compile(lambda x: x.data)(1.0)
    with detect_anomaly(), pytest.raises(AnomalyError, match=r", at .*test_modes_traced\.py:\d+$"):
        Value(0.0).log()


# Training and predicting ---------------------------------------------------------------------


class Gated(Module):
    """A model that multiplies with a number it holds constant."""

    def __init__(self) -> None:
        self.inner = MLP([2, 3, 1], seed=0)

    def __call__(self, x: Any) -> Any:
        (out,) = self.inner(x)
        return [squared(out) * out]


def weighted(out: Any, target: Any) -> Any:
    with no_grad():
        weight = (out[0] - target) ** 2
    return weight * (out[0] - target) ** 2


def detached(out: Any, target: Any) -> Any:
    return (out[0].detach() - target) ** 2 * (out[0] - target) ** 2


@pytest.mark.parametrize(
    ("model", "loss"),
    [
        (lambda: MLP([2, 3, 1], seed=0), weighted),
        (lambda: MLP([2, 3, 1], seed=0), detached),
        (Gated, "half_squared_error"),
    ],
    ids=["loss", "detach", "model"],
)
def test_fit_compiles_them_with_eager_s_numbers(model: Callable[[], Any], loss: Any) -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))
    y = X[:, :1] * X[:, 1:]

    def run(engine: str) -> tuple[Any, list[float]]:
        net = model()
        history = fit(
            net, X, y, loss=loss, optimizer=SGD(net.parameters(), lr=0.01), epochs=2, batch_size=5,
            engine=engine, progress=False,
        )  # fmt: skip
        assert (history.engine, history.note) == (engine, "")
        return history.loss, [p.data for p in net.parameters()]

    for found, expected in zip(run("compiled"), run("eager"), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_predict_compiles_a_model_that_holds_something_still() -> None:
    net = Gated()
    X = np.random.default_rng(0).normal(size=(40, 2))
    wanted = [net(row)[0].data for row in X.tolist()]
    np.testing.assert_allclose(net.predict(X)[:, 0], wanted, rtol=1e-14)


# Stale Values --------------------------------------------------------------------------------


def stale() -> tuple[Value, Value]:
    p = Value(3.0, "p")
    q = p * 2.0
    p.data = 5.0
    return p, q


@pytest.mark.parametrize(
    "f",
    [
        lambda q, t: q * t,
        lambda q, t: t + q,
        lambda q, t: q,
        lambda q, t: autograd.sum([t, q]),
        lambda q, t: [t, q.exp()],
    ],
)
def test_a_stale_value_is_named(f: Callable[[Any, Any], Any]) -> None:
    p, q = stale()
    for parameters in ([], [p]):
        program = compile(lambda t: f(q, t), parameters=parameters)
        for call in (program, program.value_and_grad):
            with pytest.raises(StaleGraphError, match=r"p = 5\.0 was given new data after mul"):
                call(1.0)
    with detect_anomaly(), pytest.raises(StaleGraphError):
        compile(lambda t: f(q, t))(1.0)


def test_a_stale_value_in_a_loss_is_named() -> None:
    _, q = stale()
    X, net = np.ones((4, 2)), MLP([2, 1], seed=0)
    with pytest.raises(StaleGraphError, match="was given new data"):
        fit(
            net, X, np.ones(4), loss=lambda out, t: q * (out[0] - t) ** 2, epochs=1, batch_size=2,
            optimizer=SGD(net.parameters(), lr=0.1), engine="compiled", progress=False,
        )  # fmt: skip


def test_new_data_for_what_was_computed_before_the_trace_is_noticed() -> None:
    p = Value(3.0, "p")
    q = p * 2.0
    q.label = "q"
    program = compile(lambda t: q * t)
    assert program(1.0) == 6.0
    q.data = 10.0
    with pytest.raises(StaleGraphError, match=r"q = 10\.0 was given new data after the program"):
        program(1.0)


# What stays refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "advice"),
    [
        (lambda x: Value(x), "Compute with the Value itself"),
        (lambda x: autograd.local_partials(x * x)[0], "Compute with the Value itself"),
        (lambda x: (x * x).backward(), r"gradient\(z, \[x\]\) or grad\(f\)\(x\)"),
        (lambda x: x if grad(lambda y: y * y)(x) > 0.0 else -x, "where"),
        (lambda x: grad(lambda y: x * y)(2.0).data, "Compute with the Value itself"),
        (lambda x: autograd.hessian(lambda y: x * y**3)(2.0).grad, "Compute with the Value itself"),
        (lambda x: stop_gradient(x) if stop_gradient(x) > 0.0 else x, "where"),
    ],
)
def test_numbers_of_derivatives_are_not_there_yet(f: Callable[[Any], Any], advice: str) -> None:
    with pytest.raises(TraceError, match=rf"test_modes_traced\.py .*{advice}") as caught:
        compile(f)(3.0)
    assert "Placeholder" not in str(caught.value)
