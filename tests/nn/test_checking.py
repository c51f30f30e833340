"""The command check: verdicts and exit codes, and what is wrong with its words or the file."""

from pathlib import Path

import pytest

from nn.command.checking.command import inputs_of
from nn.command.cli import main
from nn.command.subcommand import Refusal
from support.engines import imported

LAYERS = """
import beside
import numpy

def square(x):
    print("said by the program")
    return (x * x).sum()

def half(x):
    return x

def twice(x):
    return 2 * x

def both(x, w):
    return sum(a * b for a, b in zip(x, w))

HERE = numpy.random.default_rng(0).normal()

def kink(x):
    return abs(x - HERE)

def raising(x):
    return x / None

async def later(x):
    return x

class Box:
    held = staticmethod(both)

number = 3
"""


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.py").write_text("x = 1\n")
    path = tmp_path / "layers.py"
    path.write_text(LAYERS)
    return path


def said(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["check", *words])
    out, err = capfd.readouterr()
    return code, out, err


def test_exit_codes_are_those_of_the_verdicts(
    layers: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capfd, "layers.py::square", "--inputs", "(2, 3)", "--gradient", "twice")
    assert (code, "6 entries right" in out) == (0, True)
    assert "said by the program" in out
    code, out, _ = said(capfd, "layers.py::square", "--inputs", "(3,)", "--gradient", "half")
    assert (code, "was a factor 2 forgotten" in out) == (1, True)
    code, out, _ = said(capfd, "layers.py::Box.held", "--inputs", "(3,), (3,)", "--seed", "5")
    assert (code, "gradients of both: 6 right" in out) == (0, True)
    assert said(capfd, "layers.py::Box.held", "--inputs", "(3,), (3,)", "--seed", "5")[1] == out
    for words, wanted in (([], 0), (["--strict"], 2)):
        code, out, _ = said(capfd, "layers.py::kink", "--inputs", "()", *words)
        assert (code, "cannot tell" in out) == (wanted, True)
    code, out, _ = said(
        capfd, "layers.py::square", "--inputs", "3", "--gradient", "twice", "--dtype", "float32"
    )
    assert code == 0


BAD = {
    "layers.py --inputs 3": "expected FILE.py::NAME, such as layers.py::my_layer",
    "other.py::f --inputs 3": "there is no file other.py",
    "layers.py::squar --inputs 3": "layers.py has no squar: is square meant?",
    "layers.py::number --inputs 3": "number in layers.py is no function, but int",
    "layers.py::raising --inputs ()": "raising raises TypeError: expected a number, got None",
    "layers.py::both --inputs ()": "argument",
    "layers.py::both --inputs (3": "'(3' is no list of shapes",
    "layers.py::both --inputs (0,)": "(0,) is no shape",
    "layers.py::both --inputs 'a'": "'a' is no shape",
    "layers.py::both": "--inputs",
    "layers.py::both --inputs (99999,99999)": "take smaller shapes",
    "layers.py::square --inputs 3 --gradient twice --dtype int8": "--dtype is one of float64",
    "layers.py::square --inputs 3 --dtype float32": "--dtype is for --torch, --jax and --gradient",
    "layers.py::square --inputs 3 --torch --jax": "write one of them",
    "layers.py::square --inputs 3 --order 3": "--order is 1 or 2",
    "layers.py::square --inputs 3 --seed -1": "--seed must be at least 0",
    "layers.py::square --inputs 3 --seconds 0": "--seconds must be more than 0",
    "layers.py::square --inputs 3 --gradient twice --order 2": "--order 2 is not for --gradient",
    "layers.py::square --inputs int(3) --gradient twice": "are for --torch and --jax",
    "layers.py::raising --inputs (2,)": "for those of NumPy --gradient",
    "layers.py::later --inputs 3": "later in layers.py is async: write it as a plain function",
    "layers.py::square --inputs 3 --gradient thrice": "layers.py has no thrice",
    "broken.py::f --inputs 3": "broken.py cannot be imported, SyntaxError",
    "failing.py::f --inputs 3": "failing.py cannot be imported, ZeroDivisionError: division by "
    "zero (failing.py, line 2)",
    "leaving.py::f --inputs 3": "leaving.py ended the process that checked it, with exit code 7",
}


@pytest.mark.parametrize("words", BAD)
def test_what_is_wrong_is_said_in_a_sentence(
    words: str, layers: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    layers.with_name("broken.py").write_text("def f(:\n")
    layers.with_name("failing.py").write_text("\n1 / 0\n")
    layers.with_name("leaving.py").write_text("import os\nos._exit(7)\n")
    code, out, err = said(capfd, *words.split(" "))
    assert (code, out) == (2, "")
    assert err.startswith("chalkgrad: ")
    assert BAD[words] in err
    assert err.count("\n") == 1


def test_a_file_that_never_ends_is_ended(
    layers: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nn.command.checking.command._LEFT", 1.0)
    layers.write_text("import time\ntime.sleep(600)\n")
    code, _, err = said(capfd, "layers.py::f", "--inputs", "3", "--seconds", "0.1")
    assert code == 2
    assert "was not done within 1 s" in err


def test_shapes_are_read_as_people_write_them() -> None:
    assert inputs_of("(3, 4), (4,)") == [((3, 4), 0), ((4,), 0)]
    assert inputs_of("[2, 3]") == [((2, 3), 0)]
    assert inputs_of(" 5 ") == [((5,), 0)]
    assert inputs_of("(4, 3), int3(4), int((2, 5)), int7()") == [
        ((4, 3), 0),
        ((4,), 3),
        ((2, 5), 2),
        ((), 7),
    ]
    with pytest.raises(Refusal, match="--inputs is empty"):
        inputs_of("")
    for bad in ("float(3)", "int(0)", "int3(n)", "int3(2.0)", "x.int(3)", "int3(n=2)", "True"):
        with pytest.raises(Refusal, match="is no shape"):
            inputs_of(bad)


def test_a_file_of_a_package_may_import_what_stands_beside_it(
    layers: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    package = layers.parent / "package_of_layers"
    package.mkdir()
    (package / "beside.py").write_text("def f(x):\n    return x[0] * x[1]\n")
    (package / "layer.py").write_text("from .beside import f\n")
    words = f"{package.name}/layer.py::f", "--inputs", "2"
    code, _, err = said(capfd, *words)
    assert code == 2
    assert "write the import without the dot" in err
    (package / "__init__.py").write_text("")
    code, out, _ = said(capfd, *words)
    assert (code, "2 right" in out) == (0, True)


TORCH = """
import torch

class Net(torch.nn.Module):
    def __init__(self, width=2):
        super().__init__()
        self.inner = torch.nn.Linear(3, width)

    def forward(self, x):
        return self.inner(x).tanh()

net = Net()

class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]

def f(x):
    return Half.apply(x).sum()

rows = torch.nn.Embedding(5, 2)

def entropy(x, labels):
    return torch.nn.functional.cross_entropy(x, labels)
"""


@pytest.mark.engines
def test_tensors_of_pytorch(layers: Path, capfd: pytest.CaptureFixture[str]) -> None:
    imported("torch")
    layers.write_text(TORCH)
    for name in ("net", "Net"):
        code, out, _ = said(capfd, f"layers.py::{name}", "--inputs", "(2, 3)")
        assert (code, "df/dinner.weight" in out) == (0, True)
    code, out, _ = said(capfd, "layers.py::f", "--inputs", "(2,)", "--torch")
    assert (code, "Half, called at layers.py:" in out) == (1, True)


@pytest.mark.engines
def test_labels_are_drawn_and_weights_are_those_of_the_seed(
    layers: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    imported("torch")
    layers.write_text(TORCH)
    words = "layers.py::entropy", "--torch", "--inputs"
    code, out, _ = said(capfd, *words, "(4, 3), int3(4)")
    assert (code, "12 entries right" in out) == (0, True)
    code, out, _ = said(capfd, "layers.py::rows", "--inputs", "int5(3)", "--seed", "4")
    assert (code, "10 entries right" in out) == (0, True)
    code, _, err = said(capfd, "layers.py::rows", "--inputs", "3")
    assert (code, "write int10(4) in --inputs" in err) == (2, True)
    for name in ("net", "Net"):
        first, again, other = [
            said(capfd, f"layers.py::{name}", "--inputs", "(2, 3)", "--seed", seed)[1]
            for seed in ("1", "1", "2")
        ]
        assert first == again
        assert first.replace("seed 1", "seed 2") != other


@pytest.mark.engines
def test_arrays_of_jax(layers: Path, capfd: pytest.CaptureFixture[str]) -> None:
    imported("jax")
    layers.write_text("import jax\n\n\ndef f(x):\n    return jax.numpy.tanh(x).sum()\n")
    code, out, _ = said(capfd, "layers.py::f", "--inputs", "(2,)", "--jax")
    assert (code, "2 entries right" in out) == (0, True)
