"""Training by JAX and by PyTorch: the numbers of the compiled engine, and words for what is wrong.

What needs several devices or processes runs in processes of its own, see `support/engine_runs.py`:
the number of devices is settled when JAX is imported.
"""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import TraceError, primitive, unregister
from nn.command import cli
from nn.elsewhere.text import cuts_of
from nn.optim.recorded import Followed, NotFollowedError
from support import engine_runs
from support.engine_processes import address, ended, needs, started
from support.places import ROOT

ENGINES = ("jax", "torch")


def run_of(count: int, *words: str) -> subprocess.Popen[str]:
    return started(count, str(ROOT / "tests" / "support" / "engine_runs.py"), *words)


def answer(process: subprocess.Popen[str]) -> Any:
    """Return what a process found: the last line that it wrote, of JSON."""
    out, err = ended(process)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    assert lines, err[-3000:]
    return json.loads(lines[-1])


def largest(found: dict[str, list[float]]) -> float:
    return max(x for numbers in found.values() for x in numbers)


# Equal numbers -----------------------------------------------------------------------------------


@pytest.mark.engines
def test_jax_finds_the_same_on_one_device_and_on_several() -> None:
    needs("jax")
    found = answer(run_of(4, "four"))
    assert len(found["runs"]) == 2 * engine_runs.RUNS + 1
    assert largest(found["runs"]) < 1e-9
    assert max(found["predicted"].values()) < 1e-12
    # A first batch, a shorter last one; then two batches a step, and one.
    assert found["reduces"] == [{"all-reduce": 1}] * len(found["reduces"])
    assert len(found["reduces"]) == 4
    assert not found["is_switched"], "JAX's switch for 64 bits was left on"
    said = found["said"]
    assert said["many"].startswith("devices=5, and JAX has 4 devices here (")
    assert "XLA_FLAGS=--xla_force_host_platform_device_count=" in said["many"]
    assert said["place"].startswith("there is no device 7: JAX has 4 devices here")
    assert said["twice"] == "a device stands twice in devices=[1, 1]"
    assert said["none"].startswith("devices=0, and JAX has 4 devices")
    assert said["small"] == (
        "batch_size=3 leaves 1 of 4 devices without a sample: write batch_size=4 or more, or "
        "devices=3"
    )


@pytest.mark.engines
def test_two_processes_find_the_same() -> None:
    needs("jax")
    where = address()
    processes = [run_of(2, "pair", str(place), where) for place in range(2)]
    for place, found in enumerate([answer(process) for process in processes]):
        assert largest(found["runs"]) < 1e-9
        assert found["predicted"] < 1e-12
        assert f"process {1 - place} does not do what process {place} does" in found["said"]
        assert "process 1 has none of the 2 device(s)" in found["said"]


@pytest.mark.engines
@pytest.mark.parametrize("seed", range(engine_runs.RUNS))
def test_torch_finds_the_same(seed: int) -> None:
    needs("torch")
    assert max(engine_runs.differences(seed, "torch", epochs=2)) < 1e-9


def fitted(engine: str = "compiled", **changed: Any) -> tuple[Any, Any, Any]:
    """Return model, optimiser and history of a run on classes, with all that `fit` is asked for."""
    X, y = nn.datasets.moons(40, seed=0)
    model = changed.pop("model", None) or nn.Sequential(
        nn.Layer(2, 6, "tanh", seed=0), nn.Dropout(0.25, seed=1), nn.Layer(6, 1, "linear", seed=2)
    )
    optimizer = changed.pop("optimizer", nn.Adam)(model.parameters(), 0.05)
    given: dict[str, Any] = {
        "loss": "binary_cross_entropy", "epochs": 2, "batch_size": 8, "class_weight": {1: 3.0},
        "validation": 0.25, "metrics": ["f1"], "progress": False, **changed,
    }  # fmt: skip
    return model, optimizer, nn.fit(model, X, y, optimizer=optimizer, engine=engine, **given)


def numbers(model: Any) -> np.ndarray:
    return np.array([p.data for p in model.parameters()])


def records(history: Any) -> np.ndarray:
    return np.array([
        [r.loss, r.metric, r.validation_loss, r.validation_metric, r.metrics["f1"], r.gradient_norm]
        for r in history
    ])  # fmt: skip


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_the_history_has_the_same_numbers_with_masks_weights_and_metrics(engine: str) -> None:
    needs(engine)
    here, _, told = fitted()
    there, _, found = fitted(engine)
    np.testing.assert_allclose(numbers(there), numbers(here), rtol=0, atol=1e-9)
    np.testing.assert_allclose(records(found), records(told), rtol=0, atol=1e-9)
    assert (found.engine, found.cost, found.coverage.used.tolist()) == (
        engine, told.cost, told.coverage.used.tolist(),
    )  # fmt: skip


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_going_on_callbacks_and_checkpoints(engine: str, tmp_path: Path) -> None:
    """What a callback changes is taken over; a run in two parts is the run in one, bit for bit."""
    needs(engine)

    def changing(model: Any, history: Any) -> None:
        model.parameters()[0].data = 0.5
        held[-1].lr = 0.01

    held: list[Any] = []

    def made(parameters: Any, lr: float) -> Any:
        held.append(nn.Adam(parameters, lr))
        return held[-1]

    whole, optimizer, _ = fitted(engine, optimizer=made, callbacks=[changing])
    expected, other, _ = fitted(optimizer=made, callbacks=[changing])
    np.testing.assert_allclose(numbers(whole), numbers(expected), rtol=0, atol=1e-9)
    np.testing.assert_allclose(optimizer._mean, other._mean, rtol=0, atol=1e-12)
    assert optimizer.steps == other.steps

    path = tmp_path / "run"
    whole, _, told = fitted(engine)
    fitted(engine, epochs=1, checkpoint=path)
    parts, _, found = fitted(engine, resume=path)
    assert (numbers(parts) == numbers(whole)).all()
    assert found.loss == told.loss
    with pytest.raises(ValueError, match=f"trained by the engine '{engine}'"):
        fitted("compiled", resume=path, epochs=3)


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_leaves_the_last_finished_epoch(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(engine)
    from nn.training.engines.elsewhere import DeviceEngine

    begun = DeviceEngine.accumulated
    steps = 0

    def interrupted(self: Any, *given: Any) -> float:
        nonlocal steps
        steps += 1
        if steps == 6:  # of four an epoch
            raise KeyboardInterrupt
        return begun(self, *given)

    expected, _, _ = fitted(epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr(DeviceEngine, "accumulated", interrupted)
        model, optimizer, history = fitted(engine)
    assert (history.interrupted, len(history)) == (True, 1)
    np.testing.assert_allclose(numbers(model), numbers(expected), rtol=0, atol=1e-9)
    # As with the compiled engine, it has seen the step of the second epoch.
    assert optimizer.steps == 5
    assert optimizer._mean.any()


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_diverges_names_the_parameter_and_leaves_the_last_finished_epoch(
    engine: str,
) -> None:
    needs(engine)

    def outcome(engine: str) -> tuple[str, np.ndarray, int]:
        X, y = nn.datasets.line(40, seed=0)
        model = nn.MLP([1, 1], activation="linear", seed=0)
        optimizer = nn.SGD(model.parameters(), lr=30.0)
        with pytest.raises(nn.DivergenceError) as caught:
            nn.fit(
                model, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=900,
                batch_size=8, engine=engine, progress=False, validation=None,
            )  # fmt: skip
        return str(caught.value), numbers(model), optimizer.steps

    (said, here, steps), (told, there, others) = outcome("compiled"), outcome(engine)
    assert re.sub(r"[\d.e+-]{5,}", "N", told) == re.sub(r"[\d.e+-]{5,}", "N", said)
    np.testing.assert_allclose(there, here, rtol=1e-6)
    assert steps == others


class Signs(nn.Optimizer):
    """A rule of a user's, of ufuncs and a count of its own."""

    def move(self, rate: float, numbers: Any, slopes: Any, *memory: Any) -> None:
        self.calls = getattr(self, "calls", 0) + 1
        numbers -= rate / self.calls * np.sign(slopes) * np.minimum(np.abs(slopes), 1.0) ** 2


class Whole(nn.Optimizer):
    """A rule of a user's that looks at all slopes at once."""

    def move(self, rate: float, numbers: Any, slopes: Any, *memory: Any) -> None:
        numbers -= np.where(numbers > 10.0, 0.0, rate * slopes / np.sqrt(np.dot(slopes, slopes)))


class Branching(nn.Optimizer):
    """A rule of a user's that cannot be followed: it asks for a number."""

    def move(self, rate: float, numbers: Any, slopes: Any, *memory: Any) -> None:
        numbers -= rate * (slopes if slopes[0] > 0.0 else 0.5 * slopes)


class Stepping:
    """An optimiser of somebody's own, which moves Values."""

    def __init__(self, parameters: Any, lr: float) -> None:
        self.held, self.lr = parameters, lr

    def step(self) -> None:
        for p in self.held:
            p.data -= self.lr * p.grad


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (Signs, ""), (Whole, ""), (Branching, "it asks"), (Stepping, "it has a step of its own"),
    ],
)  # fmt: skip
def test_rules_of_a_users_own(engine: str, kind: Any, note: str) -> None:
    needs(engine)
    expected, _, _ = fitted(optimizer=kind, epochs=1, validation=None, metrics=())
    there, _, history = fitted(engine, optimizer=kind, epochs=1, validation=None, metrics=())
    np.testing.assert_allclose(numbers(there), numbers(expected), rtol=0, atol=1e-9)
    assert ("the steps of the optimizer are taken here" in history.note) == bool(note)


# What is refused ---------------------------------------------------------------------------------


def test_devices_are_for_the_engine_that_has_them() -> None:
    for more, words in (
        ({"devices": 2}, "devices=2 is for engine='jax', and this is engine='auto'"),
        ({"device": "cuda", "engine": "eager"}, "device='cuda' is for engine='torch', and this is"),
        ({"device": "cpu", "engine": "jax"}, "this is engine='jax': write devices="),
        ({"devices": 1, "engine": "torch"}, "this is engine='torch': write device="),
        ({"engine": "jaxx"}, "no engine is called 'jaxx'. Did you mean 'jax'? Known are auto, "),
        ({"engine": "jax", "gradients": "forward"}, "write engine='eager' for gradients='forward'"),
    ):
        with pytest.raises(ValueError, match=re.escape(words)):
            fitted(more.pop("engine", "auto"), **more)
    with pytest.raises(ValueError, match="devices=3 is for engine='jax'"):
        nn.MLP([2, 1]).predict([[1.0, 2.0]], devices=3)
    with pytest.raises(ValueError, match="no engine is called 'numpy'"):
        nn.MLP([2, 1]).predict([[1.0, 2.0]], engine="numpy")


@pytest.mark.parametrize("name", ENGINES)
def test_a_library_that_is_not_there_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in [key for key in sys.modules if key.partition(".")[0] == name]:
        monkeypatch.setitem(sys.modules, key, None)
    monkeypatch.setitem(sys.modules, name, None)
    model = nn.MLP([2, 1], seed=0)
    before = numbers(model)
    words = re.escape(f'this needs {name}, which is not installed: pip install "chalkgrad[{name}]"')
    with pytest.raises(ImportError, match=words):
        fitted(name, model=model)
    with pytest.raises(ImportError, match=words):
        model.predict([[1.0, 2.0]], engine=name)
    assert (numbers(model) == before).all()


class Branch(nn.Module):
    """A model that asks for a number."""

    def __init__(self) -> None:
        self.inner = nn.Neuron(2, "linear")

    def __call__(self, inputs: Any) -> Any:
        result = self.inner(inputs)
        return result if result.data > 0.0 else -result


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_cannot_be_compiled_is_told(engine: str) -> None:
    needs(engine)
    model = Branch()
    before = numbers(model)
    with pytest.raises(TraceError, match=r"reads \.data while it is compiled"):
        fitted(engine, model=model)
    with pytest.raises(TraceError, match=f"engine='{engine}' runs programs, and Branch has none"):
        model.predict([[1.0, 2.0]], engine=engine)
    assert (numbers(model) == before).all()


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_a_primitive_of_ones_own_is_told(engine: str) -> None:
    needs(engine)

    @primitive(partials=lambda z, x: (3.0 + 0.0 * x,), array=lambda x: np.multiply(x, 3.0))
    def thrice(x: float) -> float:
        return 3.0 * x

    class Own(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Neuron(2, "linear")

        def __call__(self, inputs: Any) -> Any:
            return thrice(self.inner(inputs))

    model = Own()
    before = numbers(model)
    words = "it has a primitive of your own, which is a function of NumPy's arrays"
    try:
        with pytest.raises(ValueError, match=words):
            fitted(engine, model=model)
        with pytest.raises(ValueError, match=words):
            model.predict([[1.0, 2.0]], engine=engine)
    finally:
        unregister("thrice")
    assert (numbers(model) == before).all()


@pytest.mark.engines
def test_devices_of_torch_that_are_none() -> None:
    torch = needs("torch")
    for device, words in (
        ("gpu", "PyTorch has no kind of device 'gpu': write device='cpu'"),
        ("meta", "device=meta is for shapes and has no numbers: write device='cpu'"),
        ("cuda:99", "device=cuda:99, and PyTorch sees"),
    ):
        with pytest.raises(ValueError, match=words):
            fitted("torch", device=device)
    with pytest.raises(TypeError, match="device is the name of one of PyTorch's; got 3"):
        fitted("torch", device=3)
    if not torch.backends.mps.is_available():
        with pytest.raises(ValueError, match="in numbers of 64 bits, which device=mps does not"):
            fitted("torch", device="mps")


@pytest.mark.engines
def test_a_device_without_64_bits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    jax = needs("jax")
    from nn.elsewhere import on_jax

    model = nn.MLP([2, 1], seed=0)
    before = numbers(model)
    put = jax.device_put

    def halved(x: Any, *more: Any) -> Any:
        return put(np.asarray(x, np.float32), *more)

    on_jax._check_bits.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(jax, "device_put", halved)
        with pytest.raises(ValueError, match="in numbers of 64 bits, and the device cpu has none"):
            fitted("jax", model=model)
    on_jax._check_bits.cache_clear()
    assert (numbers(model) == before).all()


@pytest.mark.engines
def test_nothing_of_a_step_by_torch_lies_elsewhere() -> None:
    """A device that computes nothing refuses tensors of another, as one with a memory would."""
    torch = needs("torch")
    from nn.elsewhere.on_torch import TorchDevice, TorchState, _text

    there = TorchDevice(torch.device("meta"))
    for seed in range(engine_runs.RUNS):
        model, X = engine_runs.network(seed)
        optimizer = engine_runs.optimizer_of(seed, model)
        engine = _engine(model, X, optimizer)
        program = engine._program
        rows = [X[:4], np.zeros((4, *engine._shapes[1])), *[x[:4] for x in _masks(engine)]]
        state = TorchState(there, _text(program.source, there.device), cuts_of(program, rows))
        followed = Followed(optimizer, model.parameters(), program.reached)
        state.load(program.theta, followed.memory())
        lost, slopes = state._gradient(rows, 4)
        assert {x.device.type for x in (lost, *slopes)} == {"meta"}
        if optimizer.clip_norm is None:  # a norm is asked for as a number
            from nn.elsewhere.stepping import moved

            step = followed.next()
            theta, _ = moved(
                state._ops, step, step.numbers, state._theta, slopes, state._memory, state._cuts
            )
            assert {x.device.type for x in theta} == {"meta"}


def _engine(model: Any, X: Any, optimizer: Any) -> Any:
    from nn.losses import loss_named
    from nn.training.engines.compiled import CompiledEngine

    X = np.asarray(X, float)
    return CompiledEngine(model, loss_named("mean_squared_error"), X, model.predict(X))


def _masks(engine: Any) -> list[Any]:
    return [engine._masks.batch(engine._calls, 4)] if engine._calls else []


# Steps as operations: no other library is needed --------------------------------------------------


def _numpy_step(optimizer: Any, parameters: Any, reached: Any, steps: int) -> np.ndarray:
    """Take steps by the operations that were noted, on NumPy's arrays."""
    from nn.elsewhere.stepping import in_pieces, moved

    class Ops:
        def apply(self, name: str, operands: Any) -> Any:
            return getattr(np, name)(*operands)

        def concat(self, arrays: Any) -> Any:
            return np.concatenate(arrays)

        def put(self, array: Any, index: Any, values: Any) -> Any:
            array = array.copy()
            array[index] = values
            return array

        def shortened(self, pieces: Any, some: Any, most: Any) -> Any:
            norm = np.sqrt(sum(x @ x for x in some))
            return [x * min(1.0, most / (norm + 1e-6)) for x in pieces]

    followed = Followed(optimizer, parameters, reached)
    theta = np.array([p.data for p in parameters])
    pieces, *memory = in_pieces(theta, followed.memory(), [4])
    rng = np.random.default_rng(1)
    for _ in range(steps):
        slopes = np.split(rng.normal(size=len(theta)), [4])
        step = followed.next()
        pieces, memory = moved(Ops(), step, step.numbers, pieces, slopes, memory, [4])
        followed.done()
    followed.remember([np.concatenate(parts) for parts in memory])
    return np.concatenate(pieces)


@pytest.mark.parametrize("seed", range(engine_runs.RUNS))
@pytest.mark.parametrize("part", [False, True])
def test_a_step_by_its_operations_is_the_step(seed: int, part: bool) -> None:
    """Also where some have no gradient, and where they have moved less often than others."""
    model = nn.MLP([3, 2, 1], seed=0)
    parameters = model.parameters()
    optimizer = engine_runs.optimizer_of(seed, model)
    reached = np.arange(len(parameters)) % 4 != 0 if part else np.ones(len(parameters), bool)
    own = np.array([parameters.index(p) for p in optimizer.parameters])
    if part and seed % 2:
        first = np.arange(len(own)) % 3 == 0
        optimizer.step_array(np.zeros(len(own)), np.ones(len(own)), first)
    other = copy.copy(optimizer)
    other.__dict__ |= {name: optimizer._array(name).copy() for name in optimizer.remembered}
    if optimizer._counts is not None:
        other._counts = optimizer._counts.copy()
    found = _numpy_step(optimizer, parameters, reached, 3)
    theta = np.array([p.data for p in parameters])
    rng = np.random.default_rng(1)
    for _ in range(3):
        slopes = rng.normal(size=len(theta))
        mine = theta[own]
        other.step_array(mine, slopes[own], reached[own] if part else None)
        theta[own] = mine
    np.testing.assert_allclose(found, theta, rtol=0, atol=1e-12)
    assert optimizer.steps == other.steps
    for name in optimizer.remembered:
        np.testing.assert_allclose(optimizer._array(name), other._array(name), atol=1e-12)
    if other._counts is not None:
        assert optimizer._counts.tolist() == other._counts.tolist()


def test_what_cannot_be_followed_says_so() -> None:
    parameters = nn.MLP([2, 1]).parameters()
    all_of_them = np.ones(len(parameters), bool)
    for optimizer, words in (
        (Branching(parameters, 0.1), "index"),
        (Stepping(parameters, 0.1), "it has a step of its own"),
    ):
        with pytest.raises(NotFollowedError):
            Followed(optimizer, parameters, all_of_them).next()
        assert words
    Followed(Signs(parameters, 0.1), parameters, all_of_them).next()


# A process that dies -----------------------------------------------------------------------------


def dying(victim: int, folder: Path) -> Callable[[], tuple[subprocess.Popen[str], Any]]:
    where = address()
    words = [str(victim), str(folder / "run")]
    processes = [run_of(1, "dying", str(place), where, *words) for place in range(2)]
    return lambda: (processes[victim], processes[1 - victim])


@pytest.mark.engines
def test_a_process_that_dies_ends_the_run_with_a_word(tmp_path: Path) -> None:
    """It says so within the ten seconds that the processes were given for a sign of life."""
    needs("jax")
    dead, other = dying(1, tmp_path)()
    found = answer(other)
    ended(dead)
    assert "another process of the run has ended or cannot be reached" in found["said"]
    assert found["seconds"] < 15.0
    assert (found["epochs"], found["kept"]) == (2, True)
    assert (tmp_path / "run0").exists()


@pytest.mark.engines
def test_where_the_first_process_dies_the_other_ends_too(tmp_path: Path) -> None:
    """JAX itself ends a process that has lost the first one, at the latest."""
    needs("jax")
    dead, other = dying(0, tmp_path)()
    out, err = ended(other)
    ended(dead)
    assert other.returncode != 0 or "another process of the run has ended" in out
    assert "another process of the run" in out or "another task died" in err
    assert (tmp_path / "run1").exists()


# The command -------------------------------------------------------------------------------------


def test_the_command_takes_the_same_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "moons", "--epochs", "1", "-o", str(tmp_path / "a"), "--engine"]
    assert cli.main([*words, "jaxx"]) != 0
    assert "no engine is called 'jaxx'. Did you mean 'jax'?" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "jax", None)
    assert cli.main([*words, "jax"]) != 0
    assert 'chalkgrad: this needs jax, which is not installed: pip install "chalkgrad[jax]"' in (
        capsys.readouterr().err
    )
    assert list(tmp_path.iterdir()) == []
    assert cli.main([*words, "eager"]) == 0
    assert 'engine = "eager"\n' in (tmp_path / "a" / "run.toml").read_text()
    assert "<td>eager</td>" in (tmp_path / "a" / "report.html").read_text()
