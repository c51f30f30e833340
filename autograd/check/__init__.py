"""Gradient checks with three verdicts: right, wrong, cannot tell.

The oracles are in files of their own, each with its source; `gradients.py` chooses among them.
"""

from autograd.check.report import GradientError, Outcome, Report, Verdict
from autograd.check.rows import check_row

__all__ = ["GradientError", "Outcome", "Report", "Verdict", "check_row"]
