"""Programs written for other engines: zero lines changed but the import, and the same numbers."""

import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

import autograd as ag
from autograd import micrograd
from autograd.check.judge.examine import Examination
from autograd.check.judge.report import Outcome
from autograd.engine.custom.given import Given
from benchmarks import brought as brought_benchmark
from support import brought_microgpt, brought_micrograd
from support.twins import CLOSURES, LISTS

Program = Callable[[Any], Iterator[tuple[Any, list[Any]]]]
CASES = [(program, CLOSURES) for program in brought_micrograd.PROGRAMS]
CASES += [(program, LISTS) for program in brought_microgpt.PROGRAMS]
STEPS = 10

brought = pytest.mark.parametrize(
    ("program", "twin"), CASES, ids=lambda x: getattr(x, "__name__", "")
)


def numbers(program: Program, engine: Any) -> list[list[float]]:
    """Loss, parameters and gradients after each backward pass."""
    return [
        [z.data, *[p.data for p in ps], *[p.grad for p in ps]]
        for z, ps in islice(program(engine), STEPS)
    ]


def test_there_are_twenty() -> None:
    assert len(CASES) == 20


@brought
def test_ten_steps_have_the_numbers_of_the_original(program: Program, twin: Any) -> None:
    for found, wanted in zip(numbers(program, micrograd), numbers(program, twin), strict=True):
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@brought
def test_what_they_record_is_drawn_stepped_and_explained(program: Program, twin: Any) -> None:
    z, parameters = next(program(micrograd))
    picture = ag.draw(z)
    assert picture.source.startswith("digraph")
    assert picture.text
    flowing = next(p for p in parameters if p.grad)
    assert f"{flowing.grad:.6g}" in str(ag.explain(z, flowing))
    assert len(ag.steps(z)) > len(ag.order(z))


@brought
def test_what_they_record_is_checked(program: Program, twin: Any) -> None:
    z, parameters = next(program(micrograd))
    some = parameters[:2] + parameters[-2:]
    grads = [p.grad for p in some]
    by_gradient = [g.data for g in ag.gradient(z, some)]
    if program is not brought_micrograd.own_backward:  # which goes backward by itself
        assert by_gradient == pytest.approx(grads, rel=1e-9, abs=1e-12)
    if any(isinstance(node._kind, Given) for node in ag.order(z)):
        return  # whose rule nobody knows
    names = [str(i) for i in range(len(some))]
    examined = Examination(z, some, 1, names)
    verdicts = [examined.judge(0, i) for i in range(len(some))]
    assert {v.outcome for v in verdicts} <= {Outcome.RIGHT, Outcome.UNKNOWN}, verdicts
    assert Outcome.RIGHT in {v.outcome for v in verdicts}


def test_no_program_leaves_a_warning_behind() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for program, _ in CASES:
            next(program(micrograd))


def test_the_benchmark_measures_them(capsys: pytest.CaptureFixture[str]) -> None:
    brought_benchmark.main(["--rounds", "1", "--only", "expression", "momentum", "own_functions"])
    told = capsys.readouterr().out
    assert [line.split()[1] for line in told.splitlines()[1:]] == [
        "expression",
        "momentum",
        "median",
        "own_functions",
    ]
