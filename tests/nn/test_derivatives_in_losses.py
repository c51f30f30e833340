"""Losses and models with derivatives in them, and numbers held still: compiled is eager to 1e-9.

Physics-informed nets after Lagaris, Likas and Fotiadis, "Artificial neural networks for solving
ordinary and partial differential equations", IEEE Transactions on Neural Networks 9, 1998.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, derivative, grad, hvp, no_grad, stop_gradient
from nn import MLP, SGD, Adam, Module, fit


class Oscillator(Module):
    """u'' + u = 0 with u(0) = 0 and u'(0) = 1, whose solution is the sine."""

    def __init__(self, width: int = 6) -> None:
        self.net = MLP([1, width, width, 1], seed=1)

    def u(self, t: Any) -> Any:
        return self.net([t])[0]

    def __call__(self, x: Any) -> Any:
        residual = derivative(self.u, 2)(x[0]) + self.u(x[0])
        return [residual, self.u(0.0), grad(self.u)(0.0) - 1.0]


class Heat(Module):
    """u_t = u_xx on a rod of length pi that begins as a sine: e^-t sin x."""

    def __init__(self) -> None:
        self.net = MLP([2, 6, 6, 1], seed=2)

    def u(self, x: Any, t: Any) -> Any:
        return self.net([x, t])[0]

    def __call__(self, at: Any) -> Any:
        x, t = at
        u_t = grad(self.u, argnum=1)(x, t)
        u_xx = grad(grad(self.u))(x, t)
        ends = [self.u(0.0, t), self.u(math.pi, t)]
        return [u_t - u_xx, *ends, self.u(x, 0.0) - ag.sin(x)]


class Critic(Module):
    """Scores with the size of their slope: a gradient penalty's two parts."""

    def __init__(self, activation: str = "relu") -> None:
        self.net = MLP([2, 6, 6, 1], activation=activation, seed=3)

    def __call__(self, x: Any) -> Any:
        score, slope = ag.value_and_grad(lambda at: self.net(at)[0])(x)
        return [score, ag.norm(slope)]


class Newton(Module):
    """Three steps of Newton's method, to a stationary point of a curve whose shape is learned."""

    def __init__(self) -> None:
        self.shape = [Value(1.0, "a"), Value(0.3, "b"), Value(-0.2, "c")]

    def __call__(self, x: Any) -> Any:
        a, b, c = self.shape

        def f(t: Any) -> Any:
            return ag.cosh(a * t) + b * t * t + c * t + 0.1 * x[0] * t

        t: Any = 0.5
        for _ in range(3):
            t = t - grad(f)(t) / derivative(f, 2)(t)
        return [t]


class Curved(Module):
    """The product of a loss's Hessian by the weights with a direction that is learned."""

    def __init__(self) -> None:
        self.weights = [Value(0.4, "w0"), Value(-0.7, "w1")]
        self.direction = [Value(1.0, "v0"), Value(0.5, "v1")]

    def __call__(self, x: Any) -> Any:
        def f(w: Any) -> Any:
            return ag.tanh(w[0] * x[0] + w[1] * x[1]) ** 2 + w[0] * w[1] ** 2

        H_v = hvp(f)(self.weights, self.direction)
        return [w - 0.1 * h for w, h in zip(self.weights, H_v, strict=True)]


class Rounded(Module):
    """A straight-through estimator: steps forward, as if there were none backward."""

    def __init__(self) -> None:
        self.net = MLP([2, 5, 1], seed=4)

    def __call__(self, x: Any) -> Any:
        (z,) = self.net(x)
        return [z + stop_gradient(ag.step(z) - z)]


class Game(Module):
    """Both players of a GAN for numbers: each loss holds the other player still."""

    def __init__(self) -> None:
        self.generator = MLP([1, 4, 1], seed=5)
        self.judge = MLP([1, 4, 1], seed=6)

    def __call__(self, x: Any) -> Any:
        noise, real = x
        (fake,) = self.generator([noise])
        of_judge = ag.softplus(-self.judge([real])[0]) + ag.softplus(self.judge([fake.detach()])[0])
        # The judge's weights pass nothing on: its slope at the fake is all that is used.
        (score,) = self.judge([stop_gradient(fake)])
        with no_grad():
            slope = grad(lambda at: self.judge([at])[0])(stop_gradient(fake))
        of_generator = -ag.sigmoid(-stop_gradient(score)) * slope * fake
        return [of_judge + of_generator]


def squares(out: Any, target: Any) -> Any:
    return ag.sum([ag.square(y) for y in out]) + 0.0 * target


def one_lipschitz(out: Any, target: Any) -> Any:
    score, slope = out
    return ag.softplus(-target * score) + 10.0 * ag.square(slope - 1.0)


def q_learning(out: Any, target: Any) -> Any:
    """The better of two values a step ahead is a target, and held still."""
    best = stop_gradient(ag.maximum(out[0], out[1]))
    return ag.square(target + 0.9 * best - out[0])


def the_first(out: Any, target: Any) -> Any:
    return out[0] + 0.0 * target


CASES: dict[str, tuple[Callable[[], Any], Any, int]] = {
    "oscillator": (Oscillator, squares, 1),
    "heat": (Heat, squares, 2),
    "gradient penalty": (Critic, one_lipschitz, 2),
    "gradient penalty, smooth": (lambda: Critic("tanh"), one_lipschitz, 2),
    "Newton": (Newton, "half_squared_error", 1),
    "Hessian times a vector": (Curved, squares, 2),
    "Q-learning": (lambda: MLP([2, 6, 2], seed=8), q_learning, 2),
    "straight through": (Rounded, "half_squared_error", 2),
    "GAN": (Game, the_first, 2),
}


@pytest.mark.parametrize("name", CASES)
def test_training_compiled_is_training_eager(name: str) -> None:
    make, loss, width = CASES[name]
    rng = np.random.default_rng(3)
    X = rng.uniform(0.1, 2.0, size=(16, width))
    y = rng.normal(size=(16, 1))

    def run(engine: str) -> tuple[Any, Any]:
        model = make()
        optimizer = Adam(model.parameters(), lr=0.01)
        history = fit(
            model, X, y, loss=loss, optimizer=optimizer, epochs=5, batch_size=4, validation=0.0,
            engine=engine, progress=False,
        )  # fmt: skip
        assert (history.engine, history.note) == (engine, "")
        return history.loss, [p.data for p in model.parameters()]

    losses, weights = run("compiled")
    wanted, numbers = run("eager")
    np.testing.assert_allclose(losses, wanted, rtol=1e-9)
    np.testing.assert_allclose(weights, numbers, rtol=1e-9, atol=1e-12)
    untrained = [p.data for p in make().parameters()]
    assert weights != untrained


def test_a_net_learns_the_sine_from_its_equation_alone() -> None:
    model = Oscillator(10)
    X = np.linspace(0.0, math.pi, 32)[:, None]
    fit(
        model, X, np.zeros((32, 1)), loss=squares, optimizer=Adam(model.parameters(), lr=0.01),
        epochs=300, batch_size=8, validation=0.0, engine="compiled", progress=False,
    )  # fmt: skip
    off = [abs(model.u(t).data - math.sin(t)) for t in X[:, 0].tolist()]
    assert max(off) < 0.02


def test_a_model_predicts_its_derivatives() -> None:
    model, X = Oscillator(), np.linspace(0.0, 1.0, 40)[:, None]
    wanted = [[y.data for y in model(row)] for row in X.tolist()]
    np.testing.assert_allclose(model.predict(X), wanted, rtol=1e-12)


def test_descent_without_fit_too() -> None:
    model = Newton()
    program = ag.compile(lambda x: model(x)[0] ** 2, parameters=model)
    optimizer = SGD(model.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        z = model([0.7])[0] ** 2
        z.backward()
        value, slopes = program.value_and_grad([0.7])
        assert value == pytest.approx(z.data, rel=1e-12)
        np.testing.assert_allclose(slopes, [p.grad for p in model.parameters()], rtol=1e-9)
        optimizer.step()
