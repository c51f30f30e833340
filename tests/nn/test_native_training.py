"""`fit` and `predict` with native code: the same numbers, and what is told of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, dot, tanh
from autograd.compile.backends.native import choice
from autograd.compile.backends.native.choice import SWITCH
from nn import MLP, SGD, Module, fit
from support.compilers import needs_compiler

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), RNG.normal(size=(40, 1))


RNG_X, RNG_Y = RNG.normal(size=(4, 12, 1)), RNG.normal(size=(4, 1))


class Recurrent(Module):
    """A state of two numbers, of which each step makes the next."""

    def __init__(self) -> None:
        numbers = np.random.default_rng(1).normal(size=6).tolist()
        self.weights = [Value(x) for x in numbers]

    def __call__(self, inputs: Any) -> Any:
        a, b, c, d, e, f = self.weights
        h, k = inputs
        for _ in range(60):
            h, k = tanh(a * h + b * k + c), tanh(d * h + e * k + f)
        return [dot([h, k], [1.0, 0.5])]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(SWITCH, "")


def trained(model: Module, native: Any, **options: Any) -> Any:
    return fit(
        model, X, Y, loss="mean_squared_error", optimizer=SGD(model.parameters(), lr=0.05),
        epochs=3, batch_size=8, progress=False, native=native, **options,
    )  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("make", [Recurrent, lambda: MLP([2, 4, 1], seed=0)])
def test_training_gives_the_same_numbers(make: Any) -> None:
    runs = []
    for native, ran in ((False, "NumPy: native=False"), (True, "C, compiled by ")):
        model = make()
        history = trained(model, native, engine="compiled")
        assert history.engine.startswith(f"compiled ({ran}")
        runs.append(
            [*history.loss, *history.validation_loss, *[p.data for p in model.parameters()]]
        )
    assert runs[0] == pytest.approx(runs[1], rel=1e-11)


@needs_compiler
def test_auto_takes_c_for_long_chains_and_long_runs() -> None:
    assert trained(Recurrent(), "auto").engine.startswith("compiled (C, compiled by ")
    # A run of a few steps is not worth a compiler's time, nor are wide arrays.
    assert trained(MLP([2, 4, 1], seed=0), "auto").engine == "compiled"


def test_where_there_is_no_compiler_the_history_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "nowhere"))
    history = trained(Recurrent(), "auto")
    assert history.engine.startswith("compiled (NumPy: there is no C compiler ")
    model = Recurrent()
    before = [p.data for p in model.parameters()]
    with pytest.raises(RuntimeError, match="native=True asks for C"):
        trained(model, True)
    assert [p.data for p in model.parameters()] == before


def test_words_that_do_not_fit_are_refused() -> None:
    model = MLP([2, 1], seed=0)
    with pytest.raises(ValueError, match="native is 'auto', True or False, got 'fast'"):
        trained(model, "fast")
    with pytest.raises(ValueError, match="native is 'auto', True or False, got 'fast'"):
        model.predict(X, native="fast")  # pyright: ignore[reportArgumentType]
    for options in ({"engine": "eager"}, {"gradients": "forward"}):
        with pytest.raises(ValueError, match=r"native=True asks for C, .* engine='compiled'"):
            trained(model, True, **options)

    seen: list[float] = []

    def own(outputs: Any, target: Any) -> Any:
        seen.append(target)
        return (outputs[0] - target) ** 2

    with pytest.raises(ValueError, match=r"native=True asks for C\. Training is not compiled: "):
        fit(
            model, X, Y[:, 0], loss=own, optimizer=SGD(model.parameters(), lr=0.1), epochs=1,
            batch_size=4, progress=False, native=True,
        )  # fmt: skip


class Interrupted(Exception):
    pass


def stopped(epoch: int) -> Any:
    def callback(model: Any, history: Any) -> None:
        if history[-1].epoch == epoch:
            raise Interrupted

    return callback


# "auto" takes C for so many epochs of the model below where a compiler takes little time, and not
# for the few that are left in the end.
MANY = 300


@needs_compiler
def test_a_run_goes_on_as_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(native: Any = "auto", **options: Any) -> Any:
        model = nn.Sequential(nn.Recurrent(1, 3, seed=0), nn.Layer(3, 1, "linear", seed=1))
        history = fit(
            model, RNG_X, RNG_Y, loss="mean_squared_error", batch_size=1, native=native,
            optimizer=SGD(model.parameters(), lr=0.01), progress=False, validation=None, seed=0,
            **options,
        )  # fmt: skip
        return history.engine, [p.data for p in model.parameters()]

    monkeypatch.setattr(choice, "_BEGIN", 0.02)
    monkeypatch.setattr(choice, "_STATEMENT", 1e-4)
    engine, whole = run(epochs=MANY)
    assert engine.startswith("compiled (C")
    file = str(tmp_path / "run.json")
    with pytest.raises(Interrupted):
        run(epochs=MANY, checkpoint=file, callbacks=[stopped(MANY - 2)])
    assert run(epochs=MANY, resume=file) == (engine, whole)
    with pytest.raises(ValueError, match="was trained as C, and native=False rounds otherwise"):
        run(False, epochs=MANY, resume=file)
    with monkeypatch.context() as patch:
        patch.setenv("CC", str(tmp_path / "nowhere"))
        with pytest.raises(RuntimeError, match="the run to go on from was trained as C"):
            run(epochs=MANY, resume=file)

    few = str(tmp_path / "few.json")
    assert run(epochs=2, checkpoint=few)[0] == "compiled"
    assert run(epochs=MANY, resume=few)[0] == "compiled"
    with pytest.raises(ValueError, match="was trained by NumPy, and native=True rounds otherwise"):
        run(True, epochs=MANY, resume=few)


@needs_compiler
def test_predictions_are_the_same() -> None:
    model = Recurrent()
    wanted = model.predict(X, native=False)
    assert model.predict(X, native=True) == pytest.approx(wanted, rel=1e-12)
    assert model.predict(X) == pytest.approx(wanted, rel=1e-12)
    assert model.predict(X[:1], native=True) == pytest.approx(wanted[:1], rel=1e-12)
    model.weights[0].data = 0.25
    again = model.predict(X, native=True)
    assert again == pytest.approx(model.predict(X, native=False), rel=1e-12)
    assert not np.allclose(again, wanted)
