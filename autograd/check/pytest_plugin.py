"""The fixture `gradcheck` for pytest, and the report of a failed gradient check as a section.

pytest finds this by the entry point `chalkgrad` of the group `pytest11`; there is nothing to
import. What it needs of the engine is imported when the fixture is first used.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograd.check.report import Report


@pytest.fixture
def gradcheck() -> "Callable[..., Report]":
    """Check the gradients of a function: `gradcheck(f, *inputs, order=2, strict=False)`.

    Fails the test with the whole report if a derivative is wrong, and with `strict` also where it
    cannot be told; else returns the report.
    """
    from autograd.check import assert_gradients

    return assert_gradients


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[Any]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the report of a failed gradient check to the test's output."""
    result = yield
    error = call.excinfo.value if call.excinfo is not None else None
    report = getattr(error, "report", None)
    if isinstance(error, AssertionError) and hasattr(report, "verdicts"):
        result.sections.append(("gradient check", str(report)))
    return result
