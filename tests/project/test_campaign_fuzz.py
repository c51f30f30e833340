"""The public names with bad values: no call ends in an error that only the inside understands."""

import ast
import inspect
from types import ModuleType

import pytest

import autograd
import nn
from autograd import check, laboratory
from autograd.check import strategies
from benchmarks.campaign import fuzz, values
from benchmarks.campaign.__main__ import main
from benchmarks.campaign.calls import CALLS
from support.chosen_profile import PROFILE

ROOMS = [autograd, check, strategies, laboratory, nn, nn.datasets, values.plots, values.losses]
ROOMS += [nn.interop, nn.metrics, nn.optim, nn.schedules, autograd.micrograd]
# Errors and records that nobody makes by hand, and what `trained` and `searched` call.
NOT_CALLED = {"Outcome", "Verdict", "Step", "Slip", "Network", "RandomProgram", "NaiveTrial"}
NOT_CALLED |= {"UpdateTrial", "Initialiser", "fit", "find_lr", "Estimate", "Taylor", "FaultKind"}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_no_bad_value_ends_in_an_error_of_the_inside(seed: int) -> None:
    calls = 400 if seed == 1 else fuzz.FULL
    if calls == fuzz.FULL and PROFILE != "long":
        pytest.skip("takes minutes: CHALKGRAD_PROFILE=long")
    found = list(fuzz.search(calls, seed))
    assert len(found) == calls
    faults = [f"{case.program}\n# {said}" for case, kind, said in found if kind == "fault"]
    assert not faults, "\n\n".join(faults)


def _named() -> set[str]:
    nodes = [node for call in CALLS for node in ast.walk(ast.parse(call))]
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {node.id for node in nodes if isinstance(node, ast.Name)}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_public_name_is_called(room: ModuleType) -> None:
    public = getattr(room, "__all__", None) or [
        name for name, thing in vars(room).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == room.__name__
    ]  # fmt: skip
    errors = {name for name in public if name.endswith("Error")}
    missing = {name for name in public if callable(getattr(room, name))} - _named()
    assert missing <= NOT_CALLED | errors


@pytest.mark.parametrize(
    "kind", [autograd.Value, nn.Module, nn.MLP, nn.SGD, nn.History, check.Report, autograd.Drawing]
)
def test_every_method_is_called(kind: type) -> None:
    methods = {
        name for name in dir(kind)
        if not name.startswith("_") and callable(inspect.getattr_static(kind, name))
    }  # fmt: skip
    # Those of one Value alone have no argument to spoil.
    alone = {
        name for name in methods
        if kind is autograd.Value and len(inspect.signature(getattr(kind, name)).parameters) == 1
    }  # fmt: skip
    # `move` is what a class of optimisers writes; `step` and `step_array` call it.
    assert methods - _named() <= alone | {"cbrt", "fmod", "rint", "move"}


def test_what_a_good_call_comes_to() -> None:
    for call in ("ag.tanh(leaf())", "text_of(ag.draw(z(), depth=3))", "nn.one_hot([0, 1], 2)"):
        assert fuzz.outcome(fuzz.Case(call))[0] == "works"
    assert fuzz.outcome(fuzz.Case("ag.tanh('a')"))[0] == "a sentence"
    assert fuzz.outcome(fuzz.Case("ag.grad(lambda x: x.nothing)(1.0)"))[0] == (
        "the caller's own error"
    )


def test_a_fault_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        autograd.display.chain.explain, "whole_number", lambda name, n: n.real_number
    )
    kind, said = fuzz.outcome(fuzz.Case("ag.explain(z(), leaf(), most=3)"))
    assert kind == "fault"
    assert said.startswith("AttributeError: 'int' object has no attribute 'real_number'")


def test_a_mode_that_is_left_on_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = autograd.no_grad()
    monkeypatch.setattr(values, "left", manager.__enter__, raising=False)
    try:
        assert fuzz.outcome(fuzz.Case("left()"))[0] == "fault"
    finally:
        manager.__exit__(None, None, None)


def test_the_command_tells_its_seed_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "--calls", "20", "--seed", "7"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("seed 7; ")
    assert "\n20 calls in" in told
    assert main(["nothing"]) == 2
    assert main(["--help"]) == 0
    assert "verdicts" in capsys.readouterr().out
