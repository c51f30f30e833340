"""Gradient checks with three verdicts: right, wrong, cannot tell.

The oracles are in files of their own, each with its source; `gradients.py` puts them to use.
"""

from autograd.check.judge.gradients import (
    assert_gradients,
    check_against,
    check_gradients,
    check_module,
)
from autograd.check.judge.report import GradientError, Outcome, Report, Verdict
from autograd.check.judge.rows import check_row
from autograd.check.testing.marking import (
    ExerciseError,
    assert_mark_gradient,
    assert_mark_value,
    mark_gradient,
    mark_value,
)

__all__ = [
    "ExerciseError",
    "GradientError",
    "Outcome",
    "Report",
    "Verdict",
    "assert_gradients",
    "assert_mark_gradient",
    "assert_mark_value",
    "check_against",
    "check_gradients",
    "check_module",
    "check_row",
    "mark_gradient",
    "mark_value",
]
