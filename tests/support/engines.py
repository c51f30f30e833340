"""Libraries that tests with the marker `engines` need, skipped where they are missing."""

import doctest
import importlib
from typing import Any

import pytest


def imported(name: str) -> Any:
    """Return a library, or skip the test that asks for it."""
    reason = f"{name} is not installed: make test-engines"
    return pytest.importorskip(name.partition(".")[0], reason=reason) and importlib.import_module(
        name
    )


def assert_examples(*modules: str) -> None:
    """The examples of modules are right; they are skipped where they stand, as a library may be
    missing."""
    for name in modules:
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        failed, _ = doctest.testmod(importlib.import_module(name), optionflags=flags)
        assert failed == 0, name
