"""The checker's error rates over random programs; `benchmarks.check_rates` measures many more."""

import os

import pytest

from benchmarks import check_rates

LONG = os.environ.get("CHALKGRAD_PROFILE") == "long"


@pytest.mark.parametrize(("highest", "first"), [(1, 100_000), (2, 200_000)])
def test_no_correct_gradient_is_called_wrong_and_no_wrong_one_right(highest, first):
    counts = check_rates.measure((20_000 if LONG else 600) // highest**2, highest, first)
    assert counts.correct["wrong"] == 0, counts.examples
    assert sum(counts.missed[key] for key in counts.missed if key[0] == "this checker") == 0
    assert counts.unknown["away from kinks"] < 0.01 * counts.programs
    assert counts.blamed >= 0.99 * counts.caught
    # The faults were there to be seen, of every kind, and the rivals missed some.
    visible = sum(counts.visible.values())
    assert visible > 0.4 * counts.programs
    # Tails are seldom reached in so few programs as are checked to order 2.
    seldom = {"tail form"} if highest == 2 else set()
    assert {*counts.visible, *seldom} == {kind.name for kind in check_rates.FAULTS}
    assert sum(counts.open.values()) < 0.01 * visible
    assert sum(n for key, n in counts.missed.items() if key[0] == "torch's gradcheck") > 0


def test_the_command_writes_the_page_with_its_tables(tmp_path, capsys):
    path = tmp_path / "rates.md"
    few = ["--programs", "60", "--second", "20", "--arrays", "1", "20", "0"]
    assert check_rates.main([*few, "--write", str(path)]) == 0
    text, examples = capsys.readouterr()
    assert examples == ""
    assert path.read_text().strip() == text.strip()
    assert text.count("correct gradients called wrong") == 3
    assert "benchmarks.check_rates --programs 60 --second 20" in text
