"""The checker's verdicts on seeds that nobody has looked at."""

import math

from benchmarks.campaign import verdicts
from benchmarks.campaign.__main__ import main
from support.chosen_profile import PROFILE


def test_no_verdict_is_mistaken() -> None:
    shown: list[str] = []
    programs = 2_000 if PROFILE == "long" else 24
    counted, mistakes = verdicts.campaign(programs, math.inf, 3_000_000, shown.append)
    assert not shown
    assert mistakes == 0
    assert counted["programs, order 1"] == programs
    assert counted["planted faults that show, order 1"] > 0.4 * programs
    assert counted["sums that cancel"] > 0


def test_it_runs_as_a_command_and_prints_its_seeds(capsys) -> None:
    assert main(["verdicts", "--programs", "4", "--seed", "7"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("seeds 7 to 10\n")
    assert printed.endswith("mistaken verdicts: 0\n")
