"""What is predicted and measured is what training computes: derivatives inside, numbers outside."""

# pyright: reportUnknownMemberType=false, reportAttributeAccessIssue=false
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, gradient, no_grad
from nn import MLP, SGD, Module, fit

X = np.linspace(-1.0, 1.0, 20)[:, None]
Y = X[:, 0]
ENGINES = ["eager", "compiled", "auto"]


class Slope(Module):
    """u(t) of a network, and du/dt; it keeps t and u of its last call."""

    def __init__(self, how: str) -> None:
        self.net = MLP([1, 3, 1], seed=1)
        self.how = how

    def __call__(self, x: Any) -> Any:
        self.t = t = Value(x[0])
        self.u = u = self.net([t])[0]
        if self.how == "backward":
            u.backward()
            return [u, t.grad]
        return [u, gradient(u, [t])[0]]


@pytest.mark.parametrize("rows", [1, 3, 20])
@pytest.mark.parametrize("how", ["gradient", "backward"])
def test_a_model_s_own_derivative_is_predicted(how: str, rows: int) -> None:
    model = Slope(how)
    called = [[z.data if isinstance(z, Value) else z for z in model(x)] for x in X[:rows].tolist()]
    assert abs(called[0][1]) > 0.01
    np.testing.assert_allclose(model.predict(X[:rows]), called, rtol=1e-12)
    with no_grad():
        np.testing.assert_allclose(model.predict(X[:rows]), called, rtol=1e-12)


def penalty_by_parameters(model: Any, outputs: Any, target: Any) -> Any:
    error = (outputs[0] - target) ** 2
    slopes = gradient(error, model.net.parameters())
    return error + 0.1 * sum([g * g for g in slopes])


LOSSES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "of a derivative among the outputs": lambda m, o, t: (o[1] + o[0]) ** 2 + (o[0] - t) ** 2,
    "of a derivative by what the model keeps": lambda m, o, t: gradient(o[0], [m.t])[0] ** 2 + o[0],
    "of what the model keeps": lambda m, o, t: gradient(m.u, [m.t])[0] ** 2 + o[0],
    "by parameters": penalty_by_parameters,
    "by an output and a parameter": lambda m, o, t: (
        o[0] + gradient(o[0], [o[0], m.net.layers[-1].neurons[0].weights[0]])[1]
    ),
}


@pytest.mark.parametrize("engine", ["eager", "auto"])
@pytest.mark.parametrize("kind", LOSSES)
def test_validation_takes_the_derivatives_that_training_takes(kind: str, engine: str) -> None:
    model = Slope("gradient")
    history = fit(model, X, Y, loss=lambda o, t: LOSSES[kind](model, o, t), engine=engine,
                  optimizer=SGD(model.parameters(), 1e-9), epochs=2, batch_size=20,
                  validation=(X, Y))  # fmt: skip
    np.testing.assert_allclose(history.validation_loss, history.loss, rtol=1e-6)


def test_a_derivative_of_what_was_not_recorded_is_refused() -> None:
    x, y = Value(3.0), Value(2.0, "y")
    with no_grad():
        z = x * y
        for xs in ([x], [z, x]):
            with pytest.raises(ValueError, match=r"has no graph: no_grad\(\) is open .* grad\(f\)"):
                gradient(z, xs)
        assert gradient(z, [z])[0].data == 1.0
        assert gradient(z, []) == []
    z = x * y
    with no_grad():
        assert gradient(z, [x])[0].data == 2.0
    assert gradient(Value(1.0), [x])[0].data == 0.0


class Outside:
    """Numbers that models and losses read outside themselves."""

    scale = 1.0
    second = 1.0


class Scaled(Module):
    def __init__(self) -> None:
        self.net = MLP([1, 4, 2], seed=0)

    def __call__(self, x: Any) -> Any:
        first, second = self.net(x)
        return [first * Outside.scale, second * Outside.second]


def squares(outputs: Any, target: Any) -> Any:
    return (outputs[0] - target * Outside.scale) ** 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("loss", ["mean_squared_error", squares])
def test_validation_follows_a_number_outside_the_model(
    engine: str, loss: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Scaled()
    targets = np.stack([Y, Y], axis=1) if isinstance(loss, str) else Y
    for scale in (5.0, 7.0):  # the second run begins with what the first left
        history = fit(model, X, targets, loss=loss, engine=engine, epochs=3, batch_size=20,
                      optimizer=SGD(model.parameters(), 1e-9), validation=(X, targets),
                      callbacks=[lambda *_, k=scale: monkeypatch.setattr(Outside, "scale", k)],
                      )  # fmt: skip
        np.testing.assert_allclose(history.validation_loss, history.loss, rtol=1e-5)
        assert history.loss[1] > 1.5 * history.loss[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_metric_follows_an_output_that_the_loss_does_not_read(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Scaled()
    labels = model.predict(X).argmax(axis=1)
    history = fit(model, X, labels, loss=lambda o, t: (o[0] - 0.1 * t) ** 2, engine=engine,
                  optimizer=SGD(model.parameters(), 1e-9), epochs=2, batch_size=20,
                  validation=(X, labels), callbacks=[
                      lambda *_: monkeypatch.setattr(Outside, "second", -50.0)],
                  )  # fmt: skip
    accuracy = (model.predict(X).argmax(axis=1) == labels).mean()
    assert history.metric == history.validation_metric == [1.0, accuracy]
    assert accuracy < 1.0


class Keeping(Module):
    def __init__(self) -> None:
        self.net = MLP([1, 3, 1], seed=0)

    def __call__(self, x: Any) -> Any:
        self.kept = self.net(x)
        return [z * 2.0 for z in self.kept]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_may_read_what_the_call_of_its_sample_left_in_the_model(engine: str) -> None:
    model = Keeping()
    history = fit(model, X, Y, loss=lambda o, t: model.kept[0] ** 2 + (o[0] - t) ** 2,
                  optimizer=SGD(model.parameters(), 1e-9), epochs=2, batch_size=20,
                  validation=(X, Y), engine=engine)  # fmt: skip
    np.testing.assert_allclose(history.validation_loss, history.loss, rtol=1e-6)
