"""What people write who come from another library ends in Python's error and in our word for it."""

import ast
import copy
import importlib
import inspect
import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from autograd.spellings import instead
from nn import MLP, SGD, EpochRecord, History, Layer, Module, Neuron, datasets
from nn import spellings as table
from nn.command import cli
from nn.layers import spellings as layers_table
from nn.report import settings
from support.absent import assert_cannot_be_imported

MODEL = MLP([2, 3, 1], seed=0)
OPTIMIZER = SGD(MODEL.parameters(), lr=0.1)
HISTORY = History([EpochRecord(1, 0.5, 0.75, 0.5, 0.5, 0.1, 0)], "accuracy")
KEYWORDS: list[tuple[Callable[..., Any], Mapping[str, str]]] = [
    (nn.fit, table.FIT),
    (nn.evaluate, table.EVALUATE),
    (nn.playground, table.PLAYGROUND),
    (Neuron, table.DENSE),
    (Layer, table.DENSE),
    (MLP, table.NETWORK),
    (nn.Dropout, layers_table.DROPOUT),
    (nn.LayerNorm, layers_table.NORMAL),
    (nn.Embedding, layers_table.EMBEDDING),
    (nn.Recurrent, layers_table.RECURRENT),
    (SGD, table.DESCENT),
    *[(kind, table.ADAPTIVE) for kind in (nn.Adagrad, nn.Adam, nn.AdamW, nn.RMSprop)],
    *[(kind, table.SCHEDULE) for kind in nn.schedules.SCHEDULES.values()],
    (nn.minibatches, table.DATA),
    (nn.split, table.DATA),
]
OBJECTS = [
    (MODEL, table.MODEL),
    (MODEL, table.LAYER),
    (MODEL.layers[0], table.LAYER),
    (HISTORY, table.HISTORY),
    (OPTIMIZER, table.OPTIMIZER),
]
KNOWN = {"nn": nn, "autograd": autograd, "model": MODEL, "history": HISTORY, "np": np}
KNOWN |= {"optimizer": OPTIMIZER, "loss": Value(1.0), "copy": copy, "X": np.ones(2)}


def said() -> list[str]:
    tables = [table.NAMES, *[t for _, t in OBJECTS], *[t for _, t in KEYWORDS]]
    return sorted({here for t in tables for here in t.values()})


@pytest.mark.parametrize("here", said())
def test_what_is_written_in_its_place_is_there(here: str) -> None:
    for path in re.findall(r"\b((?:nn|autograd|model|history|optimizer|copy|X)(?:\.\w+)+)", here):
        first, *names = path.split(".")
        thing: Any = KNOWN[first]
        for name in names:
            assert hasattr(thing, name), here
            thing = getattr(thing, name)
    # Calls of ours that are written out whole have only keywords that there are.
    for text in re.findall(r"(?:nn|autograd)\.[\w.]+\((?:[^()]|\([^()]*\))*\)", here):
        call: Any = ast.parse(text, mode="eval").body
        signature = inspect.signature(eval(ast.unparse(call.func), KNOWN))
        signature.bind(*call.args, **{keyword.arg: 0 for keyword in call.keywords})
    for keyword in re.findall(r"^(\w+)=", here):
        assert any(keyword in inspect.signature(f).parameters for f, _ in KEYWORDS), here
    assert re.search(r"\w\.\w|\w=|^leave it out|__call__|\(model\)", here), here


@pytest.mark.parametrize("name", table.NAMES)
def test_a_name_of_another_library(name: str) -> None:
    advice = instead(name, table.NAMES)
    for module in (nn, nn.optim, nn.schedules, nn.losses, nn.activations, nn.init, nn.datasets):
        if hasattr(module, name):
            # A function of its own, as `datasets.load`, or one it imports, such as autograd's.
            assert module is not nn
            own = getattr(module, name)
            assert name in getattr(module, "__all__", ()) or own is getattr(autograd, name)
            continue
        with pytest.raises(AttributeError) as error:
            getattr(module, name)
        assert str(error.value) == f"module {module.__name__!r} has no attribute {name!r}{advice}"
    assert name not in {*dir(nn), *nn.__all__}
    assert_cannot_be_imported("nn", name, advice)


@pytest.mark.parametrize(("x", "spellings"), OBJECTS, ids=lambda x: type(x).__name__)
def test_an_attribute_of_another_library(x: Any, spellings: Mapping[str, str]) -> None:
    for key in spellings:
        name = key.removeprefix(".")
        if isinstance(x, Module) and hasattr(x, name):
            assert name == "forward"  # of a network; modules of one's own have `__call__`
            continue
        assert name not in dir(x)
        assert getattr(x, name, None) is None
        with pytest.raises(AttributeError) as error:
            getattr(x, name)
        told = f"{type(x).__name__!r} object has no attribute {name!r}{instead(key, spellings)}"
        assert str(error.value) == told
        assert (error.value.name, error.value.obj) == (name, x)
        # Set without a word, it would do nothing.
        before = dict(vars(x))
        with pytest.raises(AttributeError) as error:
            setattr(x, name, 0.5)
        assert str(error.value) == told
        assert vars(x) == before
    with pytest.raises(AttributeError, match=r"^'\w+' object has no attribute 'flurb'$"):
        x.flurb  # noqa: B018
    again = pickle.loads(pickle.dumps(x))
    assert repr(again) == repr(copy.copy(x)) == repr(copy.deepcopy(x)) == repr(x)


class Own(Module):
    """A model with attributes of other libraries' names, all its own."""

    def __init__(self) -> None:
        self.w = Value(1.0)
        self.train = True

    @property
    def fit(self) -> int:
        return 7

    @property
    def score(self) -> int:
        return self.w.missing  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]

    @property
    def other(self) -> int:
        return self.w.missing  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]


class OwnDescent(SGD):
    """An optimiser with a name of its own for the rate."""

    def __init__(self, parameters: list[Value], eta: float) -> None:
        self.eta = eta
        super().__init__(parameters, lr=eta)


def test_an_optimiser_of_ones_own_has_what_it_has() -> None:
    optimizer = OwnDescent([Value(1.0)], eta=0.5)
    optimizer.eta *= 2
    assert (optimizer.eta, optimizer.lr) == (1.0, 0.5)
    assert copy.deepcopy(optimizer).eta == pickle.loads(pickle.dumps(optimizer)).eta == 1.0
    assert "eta" in dir(optimizer)
    del optimizer.eta
    with pytest.raises(AttributeError, match=r"attribute 'eta': write optimizer\.lr$"):
        del optimizer.eta


def test_a_model_of_ones_own_has_what_it_has() -> None:
    model = Own()
    assert (model.fit, model.train) == (7, True)
    assert {"fit", "train"} <= {*dir(model)}
    # A property that fails says itself with what.
    for name in ("score", "other"):
        with pytest.raises(AttributeError, match=r"^'Value' object has no attribute 'missing'"):
            getattr(model, name)
    with pytest.raises(AttributeError, match=r"'forward': write model\(x\), which nn\.Module"):
        model.forward  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


@pytest.mark.parametrize(("function", "spellings"), KEYWORDS, ids=lambda f: f.__class__.__name__)
def test_a_keyword_of_another_library(
    function: Callable[..., Any], spellings: Mapping[str, str]
) -> None:
    own = [*inspect.signature(function).parameters]
    assert not {"args", "keywords", "self"} & {*own}
    shown = f"{function.__name__}.__init__" if isinstance(function, type) else function.__name__
    for key in spellings:
        name = key.removesuffix("=")
        if name in own:
            assert (function, name) in (
                (nn.split, "seed"),
                (nn.RMSprop, "alpha"),
                (nn.fit, "device"),
            )
            continue
        for more in ({}, dict.fromkeys(own)):  # also where something is missing
            with pytest.raises(TypeError) as error:
                function(**more, **{name: 1})
            words = f"{shown}() got an unexpected keyword argument {name!r}"
            assert str(error.value) == words + instead(key, spellings)
    with pytest.raises(TypeError, match=rf"{re.escape(shown)}\(\) got an .* argument 'zzzz'$"):
        function(zzzz=1)
    with pytest.raises(TypeError, match=rf"{re.escape(shown)}\(\) missing \d required .*argument"):
        function()


def test_a_keyword_that_is_nearly_right() -> None:
    with pytest.raises(TypeError, match=r"'batch_sizes'; is batch_size= meant\?$"):
        nn.fit(MODEL, [], [], batch_sizes=3)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    ("ours", "name"), [(ours, name) for ours, names in table.NAMED.items() for name in names]
)
def test_names_that_stand_for_an_entry_of_a_table(ours: str, name: str) -> None:
    tables = {
        "loss": nn.losses.LOSSES,
        "activation": nn.activations.ACTIVATIONS,
        "initialiser": nn.init.INITIALISERS,
        "optimizer": nn.optim.OPTIMIZERS,
        "engine": importlib.import_module("nn.training.engines.choice").ENGINES,
        "metric": nn.metrics.METRICS,
        "data set": settings.TASKS,
        "command": cli.COMMANDS,
    }
    found = [what for what, entries in tables.items() if ours in entries]
    assert found
    for what in found:
        with pytest.raises(ValueError, match=rf"no {what} is called .* Did you mean '{ours}'\?"):
            nn.validation.look_up(what, name.upper(), tables[what])


def test_the_loss_of_keras_and_torch_in_fit() -> None:
    X, y = datasets.moons(20, seed=0)
    for name, ours in (
        ("mse", "mean_squared_error"),
        ("MSELoss", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("bce", "binary_cross_entropy"),
        ("crossentropy", "cross_entropy"),
        ("categorical_crossentropy", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("nll_loss", "cross_entropy"),
    ):
        with pytest.raises(ValueError, match=rf"called '{name}'\. Did you mean '{ours}'\?"):
            nn.fit(MODEL, X, y, loss=name, optimizer=OPTIMIZER, epochs=1, batch_size=5)


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (lambda: MLP(2, [16, 1]), [2, 16, 1]),  # pyright: ignore[reportArgumentType]
        (lambda: MLP(2, (16, 16, 1)), [2, 16, 16, 1]),  # pyright: ignore[reportArgumentType]
        (lambda: MLP(2, 1), [2, 1]),  # pyright: ignore[reportArgumentType]
        (lambda: MLP(2, 16, 1), [2, 16, 1]),  # pyright: ignore[reportArgumentType]
        (lambda: MLP(2, 16, 8, 1), [2, 16, 8, 1]),  # pyright: ignore[reportArgumentType]
    ],
)
def test_the_sizes_of_micrograd(make: Callable[[], MLP], sizes: list[int]) -> None:
    with pytest.raises(TypeError, match=re.escape(f"write MLP({sizes}); got 2")):
        make()
    assert MLP(sizes).sizes == sizes


V = [Value(1.0), Value(2.0), Value(3.0)]


@pytest.mark.parametrize(
    ("loss", "first", "second"),
    [
        (nn.cross_entropy, 1, V),
        (nn.cross_entropy, 1, [1.0, 2.0, 3.0]),
        (nn.cross_entropy, [1], (1.0, 2.0)),
        (nn.cross_entropy, 1, np.array([1.0, 2.0])),
        (nn.cross_entropy, [0, 1, 0], V),
        (nn.binary_cross_entropy, 1, V[:1]),
        (nn.binary_cross_entropy, [1], tuple(V[:1])),
        (nn.binary_cross_entropy, 1, [0.5, 1.0]),
        (nn.hinge, 1, V),
        (nn.hinge, -1, V[:1]),
        (nn.hinge, 1, [0.5, 1.5]),
    ],
)
def test_a_loss_with_its_arguments_reversed(loss: Any, first: Any, second: Any) -> None:
    name = loss.__name__
    order = rf"^{name} takes the outputs first and the label second.*write {name}\(outputs, label\)"
    with pytest.raises(ValueError, match=order):
        loss(first, second)


def test_a_loss_with_its_arguments_in_order() -> None:
    assert nn.binary_cross_entropy(V[:1], [1]).data == nn.binary_cross_entropy(1.0, [1])
    assert nn.binary_cross_entropy(V[0], V[1]).data == nn.binary_cross_entropy(1.0, Value(2.0)).data
    assert nn.cross_entropy(V, Value(1.0)).data == nn.cross_entropy([1.0, 2.0, 3.0], 1)
    assert nn.hinge(V, 1).data == nn.hinge(np.array([1.0, 2.0, 3.0]), np.int64(1))
    with pytest.raises(ValueError, match=r"write labels\.argmax\(\) for one-hot"):
        nn.cross_entropy(V, [0, 1, 0])


def test_accuracy_with_its_arguments_reversed() -> None:
    outputs = [[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]]
    assert nn.accuracy(outputs, [0, 2]) == nn.accuracy(outputs, [[1, 0, 0], [0, 0, 1]]) == 1.0
    with pytest.raises(ValueError, match=r"these rows look like outputs, which come before y$"):
        nn.accuracy([0, 2], outputs)
    with pytest.raises(ValueError, match=r"write \(predicted == y\)\.mean\(\) for pred"):
        nn.accuracy([0, 2], [0, 2])


@pytest.mark.parametrize("key", table.COMMAND)
def test_an_option_of_the_command(key: str) -> None:
    # It is none of ours itself, and what is written in its place is an option of some command.
    words = {word for command in cli.COMMANDS.values() for word in command.words}
    assert key not in words
    assert table.COMMAND[key] in words
