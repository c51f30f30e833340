"""The benchmarks run and report; what they report is never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytest.importorskip("micrograd", reason="micrograd is not installed: make bench installs it")


@pytest.mark.bench
def test_the_table_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    for part in ("README expression", "MLP [2, 16, 16, 1]", "ratio", "bytes a node", "Python"):
        assert part in done.stdout


@pytest.mark.bench
def test_both_engines_compute_the_same_numbers() -> None:
    """A comparison of different work would compare nothing."""
    sys.path.insert(0, str(ROOT))
    try:
        from benchmarks import work
    finally:
        sys.path.remove(str(ROOT))
    from micrograd.engine import Value as Theirs

    from autograd import Value

    ours, theirs = work.readme(Value)(), work.readme(Theirs)()
    assert [v.data for v in ours] == [v.data for v in theirs]
    assert [v.grad for v in ours] == pytest.approx([v.grad for v in theirs], rel=1e-15)
