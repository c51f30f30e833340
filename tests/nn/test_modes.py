"""Train and eval mode: who sets it, who computes in which, and what a file keeps."""

import copy
import json
import pickle
import threading
from typing import Any

import numpy as np
import pytest

from nn import MLP, SGD, Dropout, Module, Neuron, datasets, fit
from nn.losses import half_squared_error

ENGINES = ("auto", "compiled", "eager")
X = np.random.default_rng(0).normal(size=(40, 2))
Y = (X[:, 0] > 0).astype(int)
GIVEN: dict[str, Any] = {"loss": "binary_cross_entropy", "epochs": 2, "batch_size": 8}


class Doubling(Module):
    """A neuron whose output is twice as large in train mode, and which notes its modes."""

    def __init__(self) -> None:
        self.neuron = Neuron(2, "linear", seed=1)

    def __call__(self, inputs: Any) -> Any:
        return self.neuron(inputs) * (2.0 if self.training else 1.0)


class Pair(Module):
    """A network with a drop between two parts."""

    def __init__(self, p: float = 0.5) -> None:
        self.parts = [MLP([2, 6, 6], output_activation="tanh"), Dropout(p), MLP([6, 1], seed=1)]

    def __call__(self, inputs: Any) -> Any:
        for part in self.parts:
            inputs = part(inputs)
        return inputs


def trained(model: Module, engine: str = "auto", **options: Any) -> Any:
    optimizer = SGD(model.parameters(), 0.1)
    return fit(model, X, Y, optimizer=optimizer, **{**GIVEN, "engine": engine, **options})


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


def test_a_new_model_trains_and_the_mode_is_set_for_all_its_parts() -> None:
    model = Pair()
    assert model.training
    assert model.parts[0].training
    assert model.eval() is model
    assert not model.training
    assert not model.parts[1].training
    assert model.train() is model
    assert model.parts[0].layers[1].neurons[0].training
    model.train(False)
    model.parts[1].training = True
    assert model.parts[1].training
    assert not model.training


@pytest.mark.parametrize("mode", [2, "train", None])
def test_a_mode_is_true_or_false(mode: Any) -> None:
    model = Pair()
    with pytest.raises(TypeError, match="mode"):
        model.train(mode)
    with pytest.raises(TypeError, match="training"):
        model.training = mode
    assert model.training


def test_a_mode_reaches_parts_in_lists_dicts_and_arrays_and_ends_in_circles() -> None:
    class Holding(Module):
        def __init__(self) -> None:
            self.kept = {"a": [Neuron(1)], "b": (Neuron(1),)}
            self.array = np.array([Neuron(1), Neuron(1)], dtype=object)
            self.itself = [self]

    model = Holding().eval()
    parts = [*model.kept["a"], *model.kept["b"], *model.array]
    assert not any(part.training for part in parts)


def test_a_class_may_have_a_train_and_an_eval_of_its_own() -> None:
    class Own(Doubling):
        def train(self, X: Any, y: Any) -> str:  # type: ignore[override]
            return "trained"

    model = Own()
    assert model.train(X, Y) == "trained"
    assert not model.eval().training
    assert not model.neuron.training


@pytest.mark.parametrize("rows", [1, 3, 40])
@pytest.mark.parametrize("mode", [True, False])
def test_predict_computes_in_eval_mode_and_leaves_the_mode(rows: int, mode: bool) -> None:
    model = Doubling().train(mode)
    called = [model.neuron(x).data for x in X[:rows]]
    for _ in range(2):
        np.testing.assert_allclose(model.predict(X[:rows]), called, rtol=1e-12)
        assert model.training is mode
    assert model(X[0]).data == pytest.approx(called[0] * (2.0 if mode else 1.0))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", [True, False])
def test_fit_trains_in_train_mode_and_measures_in_eval_mode(engine: str, mode: bool) -> None:
    model = Doubling().train(mode)
    seen: list[bool] = []
    history = trained(model, engine, callbacks=[lambda model, history: seen.append(model.training)])
    assert history.engine == ("eager" if engine == "eager" else "compiled")
    assert seen == [mode, mode]
    assert model.training is mode
    assert model.neuron.training is mode
    by_hand = Doubling().train()
    by_hand.neuron.set_arrays(model.neuron.arrays())
    # Twice the slope: training knew of the factor, and the loss that it reports is of its own.
    again = Doubling()
    trained(again, "eager")
    np.testing.assert_allclose(numbers(model), numbers(again), rtol=1e-9)
    plain = Neuron(2, "linear", seed=1)
    trained(plain)
    assert np.abs(np.subtract(numbers(plain), numbers(model))).max() > 0.01


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("own", [False, True])
def test_a_validation_loss_is_that_of_eval_mode(engine: str, own: bool) -> None:
    def squared(outputs: Any, target: Any) -> Any:
        return half_squared_error(outputs, [target])

    model, held = Doubling(), (X[:10], Y[:10].astype(float))
    loss = squared if own else "half_squared_error"
    history = trained(model, engine, loss=loss, validation=held, epochs=3)
    expected = 0.5 * np.mean((model.predict(held[0]) - held[1]) ** 2)
    assert history.validation_loss[-1] == pytest.approx(expected, rel=1e-12)


def test_a_model_that_training_only_reaches_keeps_its_own_mode() -> None:
    teacher = Doubling().eval()

    def taught(outputs: Any, target: Any) -> Any:
        return half_squared_error(outputs, [teacher([0.5, 0.25]).data])

    runs = []
    for engine in ("compiled", "eager"):
        model = Doubling()
        trained(model, engine, loss=taught, validation=None, epochs=60)
        runs.append(2.0 * model.predict([[0.5, 0.25]])[0])
    target = teacher.neuron([0.5, 0.25]).data
    assert runs == pytest.approx([runs[0], runs[0]])
    assert abs(runs[0] - target) < abs(runs[0] - 2.0 * target)


def test_threads_do_not_see_each_others_modes() -> None:
    model, found = Doubling(), []

    class Waiting(Doubling):
        def __call__(self, inputs: Any) -> Any:
            thread = threading.Thread(target=lambda: found.append(model.training))
            thread.start()
            thread.join()
            return super().__call__(inputs)

    model = Waiting()
    model.predict(X[:1])
    assert found == [True]


# Files --------------------------------------------------------------------------------------------


def test_a_file_keeps_the_modes_and_one_of_train_mode_is_as_before(tmp_path: Any) -> None:
    model = MLP([2, 3, 1])
    model.save(tmp_path / "model.json")
    text = (tmp_path / "model.json").read_text()
    assert "training" not in json.loads(text)
    model.eval()
    model.layers[0].training = True
    model.save(tmp_path / "model.json")
    again = MLP.load(tmp_path / "model.json")
    assert (again.training, again.layers[0].training, again.layers[1].training) == (0, 1, 0)
    assert not again.layers[0].neurons[0].training
    # Filling one sets its numbers.
    assert MLP([2, 3, 1]).load(tmp_path / "model.json").training
    again.train().save(tmp_path / "model.json")
    assert (tmp_path / "model.json").read_text() == text


@pytest.mark.parametrize(
    ("modes", "message"),
    [
        ([], "expected the modes by module"),
        ({"": 1}, "expected true or false for a mode; found 1"),
        ({"layers.7": False}, "no part is called 'layers.7'"),
    ],
)
def test_a_file_with_modes_of_another_form_is_refused(
    tmp_path: Any, modes: Any, message: str
) -> None:
    path = tmp_path / "model.json"
    MLP([2, 1]).save(path)
    document = {**json.loads(path.read_text()), "training": modes}
    del document["checksum"]
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=message):
        MLP.load(path)


def test_copies_and_pickles_keep_the_mode() -> None:
    model = Pair().eval()
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert not again.training
        assert not again.parts[1].training


# Dropout ------------------------------------------------------------------------------------------


def test_dropout_keeps_a_share_and_scales_it() -> None:
    drop = Dropout(0.25, seed=3)
    outputs = np.array(drop(np.ones(20_000)))
    assert set(outputs) == {0.0, 1.0 / 0.75}
    assert abs((outputs == 0).mean() - 0.25) < 0.01
    assert abs(outputs.mean() - 1.0) < 0.02
    assert Dropout(0.25, seed=3)([1.0] * 50) == outputs[:50].tolist()
    assert drop.eval()([1.0, 2.0]) == [1.0, 2.0]
    assert Dropout(0.0)([1.0, 2.0]) == [1.0, 2.0]


def test_dropout_takes_rows_each_number_for_itself() -> None:
    flat, rows = Dropout(0.5, seed=1), Dropout(0.5, seed=1)
    numbers = np.arange(1.0, 13.0)
    assert np.ravel(rows(numbers.reshape(3, 4))).tolist() == flat(numbers)


@pytest.mark.parametrize("p", [1.0, -0.1, 1.5, float("nan"), "half", True, None])
def test_dropout_refuses_other_shares(p: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="p"):
        Dropout(p)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (1.0, r"takes a list of numbers or Values, got 1\.0: write model\(\[x\]\)"),
        ([], "at least one input"),
        ("12", "takes a list"),
        ([[1.0], [1.0, 2.0]], r"rows of one length, got lengths \[1, 2\]"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "masked"),
    ],
)
def test_dropout_says_what_is_wrong_with_its_inputs(inputs: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Dropout(0.5)(inputs)


class Twice(Module):
    """Two drops of one seed, one of them called twice, around dense parts."""

    def __init__(self) -> None:
        self.first = MLP([2, 6, 6], output_activation="tanh", seed=1)
        self.second, self.third = MLP([6, 6], "tanh", "tanh", seed=2), MLP([6, 1], seed=3)
        self.drops = [Dropout(0.4), Dropout(0.2)]

    def __call__(self, inputs: Any) -> Any:
        a, b = self.drops
        return self.third(a(self.second(b(a(self.first(inputs))))))


def test_the_same_run_gives_the_same_numbers_in_every_engine() -> None:
    runs: dict[str, list[float]] = {}
    for engine in (*ENGINES, *ENGINES):
        model = Twice()
        state = pickle.dumps(model.drops)
        history = trained(model, engine, epochs=3)
        assert (history.engine, history.note) == ("eager" if engine == "eager" else "compiled", "")
        assert pickle.dumps(model.drops) == state
        assert runs.setdefault(engine, numbers(model)) == numbers(model)
    np.testing.assert_allclose(runs["compiled"], runs["eager"], rtol=1e-9, atol=1e-12)
    assert runs["auto"] == runs["compiled"]
    model = Twice()
    trained(model, epochs=3, gradients="forward")
    np.testing.assert_allclose(numbers(model), runs["eager"], rtol=1e-9, atol=1e-12)
    model = Twice()
    for drop in model.drops:
        drop.p = 0.0
    trained(model, epochs=3)
    assert np.abs(np.subtract(numbers(model), runs["auto"])).max() > 0.01


@pytest.mark.parametrize("engine", ["compiled", "eager"])
def test_a_run_that_goes_on_or_is_resumed_has_the_masks_of_one_long_run(
    engine: str, tmp_path: Any
) -> None:
    def part(epochs: int, model: Twice, optimizer: SGD, **more: Any) -> Any:
        return fit(model, X, Y, optimizer=optimizer, **{**GIVEN, "epochs": epochs, **more})

    def begun() -> tuple[Twice, SGD]:
        model = Twice()
        return model, SGD(model.parameters(), 0.1, momentum=0.9)

    def failing(model: Any, history: Any) -> None:
        if len(history) == 2:
            raise KeyboardInterrupt

    long, parts, resumed = begun(), begun(), begun()
    part(5, *long, engine=engine)
    history = part(2, *parts, engine=engine)
    part(3, *parts, engine=engine, history=history)
    path = tmp_path / "run.json"
    assert part(5, *begun(), engine=engine, checkpoint=path, callbacks=[failing]).interrupted
    part(5, *resumed, engine=engine, checkpoint=path, resume=path)
    assert numbers(parts[0]) == numbers(resumed[0]) == numbers(long[0])


def test_layers_of_one_seed_have_masks_of_their_own_and_so_have_epochs() -> None:
    seen: list[list[float]] = []

    class Seeing(Module):
        def __init__(self) -> None:
            self.neuron = Neuron(2, "linear")
            self.drops = [Dropout(0.5), Dropout(0.5)]

        def __call__(self, inputs: Any) -> Any:
            if self.training:
                seen.extend([x.data for x in drop([self.neuron.bias] * 30)] for drop in self.drops)
            return self.neuron(inputs)

    trained(Seeing(), "eager", validation=None, epochs=2, batch_size=40)
    dropped = [tuple(x == 0.0 for x in row) for row in seen if any(row)]
    assert len(set(dropped)) == len(dropped) > 100


def test_compile_by_hand_asks_for_eval_mode() -> None:
    from autograd import TraceError, compile

    model = Pair()
    with pytest.raises(TraceError, match=r"model\.eval\(\) before compile"):
        compile(model)(X)
    model.eval()
    np.testing.assert_allclose(compile(model)(X), model.predict(X), rtol=1e-12)


def test_a_drop_outside_the_model_is_trained_eagerly_and_said() -> None:
    outside = Dropout(0.5)

    class Reaching(Doubling):
        def __call__(self, inputs: Any) -> Any:
            return self.neuron(outside(inputs))

    history = trained(Reaching())
    assert history.engine == "eager"
    assert "set the layer as an attribute" in history.note


def test_another_order_of_calls_is_trained_eagerly_and_said() -> None:
    class Turning(Twice):
        turn = 0

        def __call__(self, inputs: Any) -> Any:
            if self.training:
                object.__setattr__(self, "turn", 1 - self.turn)
            a, b = self.drops if self.turn else self.drops[::-1]
            return self.third(b(a(self.first(inputs))))

    history = trained(Turning())
    assert history.engine == "eager"
    assert history.note


@pytest.mark.parametrize("engine", ["compiled", "eager"])
def test_what_failed_is_found_with_the_masks_that_it_had(engine: str) -> None:
    """The logarithm of the one input that is not kept is the only node that fails."""

    class Failing(Module):
        def __init__(self) -> None:
            self.neuron, self.drop = Neuron(2, "linear", seed=1), Dropout(0.02)

        def __call__(self, inputs: Any) -> Any:
            kept = self.drop([self.neuron.bias.exp()])[0]
            return self.neuron(inputs) + kept.log()

    from nn import DivergenceError

    with pytest.raises(DivergenceError, match="In sample") as error:
        trained(Failing(), engine, epochs=30)
    assert "log" in str(error.value)


def test_a_page_says_that_it_draws_no_masks() -> None:
    from nn import playground

    data, labels = datasets.moons(20, seed=0)
    with pytest.raises(ValueError, match="leave Dropout out"):
        playground(Pair(), data, labels, loss="binary_cross_entropy", lr=0.1, batch_size=5)


def test_a_page_says_that_it_shows_no_sequences_and_no_modes() -> None:
    from nn import Recurrent, playground

    given: dict[str, Any] = {"loss": "half_squared_error", "lr": 0.1, "batch_size": 5}
    with pytest.raises(ValueError, match="this model takes sequences of rows: train it with fit"):
        playground(Recurrent(1, 2), X[:, :, None], X, **given)
    with pytest.raises(ValueError, match="the model asks for its mode"):
        playground(Doubling(), X, X[:, 0], **given)


def test_the_outline_tells_the_share() -> None:
    assert "parts.1: Dropout(0.5): 0 parameters" in repr(Pair())
