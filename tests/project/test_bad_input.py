"""Values of the wrong kind to the public names: one sentence of what is wanted."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Primitive, Value, check, laboratory
from autograd.check import strategies
from nn import datasets, plots
from support.places import ROOT


def _fitted(**changed: Any) -> Any:
    model = nn.MLP([1, 1], seed=0)
    return nn.fit(model, [[0.0], [1.0]], [0, 1], **{
        "loss": "huber", "optimizer": nn.SGD(model.parameters(), 0.1), "epochs": 1, "batch_size": 1,
        **changed,
    })  # fmt: skip


def _identity(x: Any) -> Any:
    return x


SENTENCES: list[tuple[Any, str]] = [
    (lambda: ag.grad(None)(1.0), "grad takes a function, got None"),
    (lambda: ag.jacobian(3.0), "jacobian takes a function, got 3.0"),
    (lambda: ag.jvp("x"), "jvp takes a function"),
    (lambda: ag.local_partials(3.0), "expected a Value, got float"),
    (lambda: ag.gradient(Value(1.0), 3.0), "gradient takes a list of Values, got 3.0"),
    (lambda: Value(1.0).backward(on_leaf=3), "a function of one leaf as on_leaf, got 3"),
    (lambda: ag.register(None), "register takes a Primitive"),
    (lambda: ag.unregister(None), "unregister takes the name of a primitive, got None"),
    (lambda: ag.primitive(partials=_identity)(3), "primitive takes a function, got 3"),
    (lambda: Primitive(None, abs, abs), "a primitive's name takes a str, got None"),
    (lambda: Primitive("p", None, abs), "p: function takes a function, got None"),
    (lambda: Primitive("p", abs, abs, domain=3), "p: domain is an interval for each operand"),
    (lambda: Primitive("p", abs, abs, arity="x"), "p: arity must be a whole number"),
    (lambda: ag.from_json(None), "from_json takes the text that to_json wrote, got None"),
    (lambda: ag.write_whole(None, "text"), "a file is named by a str or a Path, got None"),
    (lambda: ag.write_whole("a.txt", None), "write_whole takes text or bytes, got None"),
    (lambda: ag.variance([1.0, 2.0], ddof="x"), "ddof must be a whole number"),
    (lambda: ag.compile(_identity, parameters=3), "a list of Values as parameters, got 3"),
    (lambda: ag.compile(_identity, shapes=3), "compile takes the shape of each argument"),
    (lambda: ag.check_gradients(None, 1.0), "the check takes a function, got None"),
    (lambda: ag.check_against(abs, None, 1.0), "a function that gives the gradient, got None"),
    (lambda: ag.check_module(None, abs), "check_module takes a model with named_parameters"),
    (lambda: check.check_row(None), "check_row takes a row of the table"),
    (
        lambda: check.mark_value(None, abs, [1.0]),
        "mark_value takes two functions and then points, got None",
    ),
    (lambda: check.mark_value(abs, abs, 1.0), "a point is a list of the arguments of one call"),
    (lambda: check.Report(3), "Report takes the verdicts of a check, got 3"),
    (lambda: strategies.points(3), "points takes an interval"),
    (lambda: strategies.values("a"), "low must be a number"),
    (lambda: ag.Drawing(None), "Drawing takes the picture that draw makes, got None"),
    (lambda: laboratory.Survey([3]), "Survey takes a list of Trials, got 3"),
    (lambda: ag.walkthrough(Value(1.0), quiz="no"), "quiz is True or False, got 'no'"),
    (lambda: nn.History(["a"]), "History takes EpochRecords, one for each epoch, got 'a'"),
    (lambda: nn.History(3), "History takes a list of EpochRecords, got 3"),
    (lambda: _fitted(engine=None), "the engine is told by its name, one of"),
    (lambda: _fitted(callbacks=3), "callbacks takes a list of functions, got 3"),
    (lambda: _fitted(progress="no"), "progress is True or False, got 'no'"),
    (lambda: _fitted(validation=object()), "validation must be a number"),
    (lambda: datasets.load(None), "the data set is told by its name, one of"),
    (lambda: datasets.line(3, slope="a"), "slope and intercept must be numbers"),
    (lambda: datasets.mnist(None), "mnist takes the folder of its files, got None"),
    (lambda: nn.He().weights(2, 2, None), "an initialiser takes a NumPy Generator"),
    (lambda: nn.MLP.from_config(None), "MLP.from_config takes the dict that config() gave"),
    (lambda: nn.MLP([1, 1]).set_arrays(None), "set_arrays takes a list of pairs"),
    (lambda: nn.mean_squared_error(["a"], [1.0]), "expected a number, got the str 'a'"),
    (lambda: nn.classes([1.0], cut="a"), "cut must be a number"),
    (lambda: nn.SGD([Value(1.0)], 0.1, nesterov="no"), "nesterov is True or False"),
    (lambda: plots.curves(None), "curves takes a History"),
    (lambda: plots.boundary(None, [[0.0, 1.0]], [0]), "boundary takes a model with predict"),
    (lambda: plots.svg(None), "svg takes a figure"),
    (lambda: plots.images(np.ones((1, 4)), shape=3), "shape takes the height and the width"),
    (lambda: plots.perturbation(abs, 1.0, 1.0, names="xy"), "names are two words"),
]


@pytest.mark.parametrize(("call", "words"), SENTENCES)
def test_a_wrong_kind_is_told_what_is_wanted(call: Any, words: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda n: _fitted(epochs=n),
        lambda n: _fitted(batch_size=n),
        lambda n: nn.MLP([1, n, 1]),
        lambda n: datasets.moons(n),
        lambda n: nn.He().weights(n, 1, np.random.default_rng(0)),
        lambda n: nn.one_hot([0], n),
        lambda n: laboratory.forgotten_zero_grad(Value(1.0) * 2.0, steps=n),
        lambda n: ag.check_gradients(lambda x: x, 1.0, order=n),
        lambda n: ag.derivative(lambda x: x, order=n),
        lambda n: check.check_row(Primitive("p", abs, abs), points=n),
    ],
)
@pytest.mark.parametrize("count", [2**31, 2**63, 10**400])
def test_a_count_that_nobody_waits_for_is_refused(call: Any, count: int) -> None:
    with pytest.raises(ValueError, match="must be at most"):
        call(count)


def test_weights_beyond_the_memory_are_refused() -> None:
    with pytest.raises(ValueError, match="more than memory holds"):
        nn.He().weights(10**8, 10**8, np.random.default_rng(0))


def test_a_history_has_no_epoch_beyond_its_last() -> None:
    with pytest.raises(IndexError, match=r"the history has 0 epoch\(s\): none at 3"):
        nn.History()[3]


def test_all_of_it_works_without_assertions_and_docstrings() -> None:
    program = """
import autograd, nn
from nn.command.cli import main
x = autograd.Value(2.0, "x")
z = autograd.clip(x * x, 0.0, 9.0)
z.backward()
model = nn.MLP([2, 2, 1], seed=0)
X, y = nn.datasets.moons(8)
optimizer = nn.SGD(model.parameters(), 0.1)
history = nn.fit(model, X, y, loss="hinge", optimizer=optimizer, epochs=1, batch_size=4)
print(x.grad, history.engine, autograd.check_gradients(lambda x: x * x, 1.0).ok)
print(len(autograd.draw(z).text) > 0, len(str(autograd.explain(z, x))) > 0)
main(["explain", "x*2", "x=1"])
"""
    command = [sys.executable, "-OO", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("4.0 compiled True\nTrue True\ndz/dx = 2\n")
