"""Every way to a number beside every other: nothing may disagree that the list does not name."""

import random
from itertools import islice

import pytest

from autograd.check.testing.mutation import planted
from autograd.check.testing.programs import Instruction, RandomProgram
from autograd.engine.primitive import TABLE, lookup
from benchmarks.campaign import numbers
from support.chosen_profile import PROFILE

LONG = PROFILE == "long"


def disagreements(cases, seconds: float = 1e9) -> list[str]:
    shown: list[str] = []
    found = numbers.campaign(cases, seconds, shown.append)
    assert found.cases["order 0"] > 0
    return shown


def test_no_way_disagrees_at_special_points() -> None:
    points = numbers.special(list(TABLE.values()), random.Random(3))
    assert not disagreements(islice(points, 100_000 if LONG else 400))


def test_no_way_disagrees_on_random_programs() -> None:
    assert not disagreements(numbers.drawn(iter(range(700_000, 720_000 if LONG else 700_060))))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_wrong_rule_is_seen_and_its_program_can_be_pasted(order, capsys) -> None:
    step = Instruction(lookup("sin"), (0,))
    case = numbers.Case(RandomProgram((0.5,), (step,)), order)
    rules = {1: lambda z, x: (z,), 2: lambda z, x: (1.0 - x * x * 0.5,), 3: lambda z, x: (z,)}
    with planted(lookup("sin"), rules[order]):
        shown = disagreements(iter([case]))
        assert shown
        text = shown[0].partition("\n")[2]
        exec(text, {})
    assert capsys.readouterr().out.count("[") >= 1
