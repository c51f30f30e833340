"""What all tests share: Hypothesis profiles, and a check that no test leaves state behind.

The profile is chosen by CHALKGRAD_PROFILE: `default` for every day, `ci` with the same examples in
each run, `long` with many more. None has a deadline: a busy machine is not a failing test.
"""

import gc
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd
from autograd.compile.tracing.refusals import _guarding
from autograd.display.shown.notebook import picture_format
from autograd.engine import modes, serialization
from autograd.engine.backward import _turn
from autograd.engine.primitives import TABLE
from support import chosen_profile  # noqa: F401, chooses it
from support.browser import browser  # noqa: F401, a fixture
from support.built_site import site  # noqa: F401, a fixture
from support.places import ROOT
from support.walking import opened  # noqa: F401, a fixture

# No test depends on whether there is a C compiler, but those that ask for one: native=True.
os.environ.setdefault("CHALKGRAD_NATIVE", "0")

# HIPS's distribution `autograd` has the same import name; its results would be tested in our place.
if Path(autograd.__file__).resolve().parent != ROOT / "autograd":
    raise pytest.UsageError(
        f"`import autograd` gives {autograd.__file__}, not this checkout's: "
        f"run `pip install --editable {ROOT}` in this environment"
    )

# Rooms whose examples need a library, and the mark of the tests that are run with it.
NEEDED = {
    "sklearn": ("nn/sklearn", pytest.mark.tools),
    "torch": ("autograd/check/torch", pytest.mark.engines),
    "jax": ("autograd/check/jax", pytest.mark.engines),
}


def pytest_configure(config: pytest.Config) -> None:
    """Divide the tests into processes where that is asked for."""
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(importlib.import_module("support.processes"))


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the examples of what needs a library, and skip them where that is not installed."""
    for library, (folder, mark) in NEEDED.items():
        marks = [mark]
        if importlib.util.find_spec(library) is None:
            marks.append(pytest.mark.skip(reason=f"{library} is not installed"))
        for item in items:
            if item.path.is_relative_to(ROOT / folder):
                for each in marks:
                    item.add_marker(each)


def pytest_collection_finish() -> None:
    """Keep what lives as long as the run from the collector: it went over a million objects anew
    in each of the thousand times that a test with a large graph called for it."""
    gc.collect()
    gc.freeze()


def _state() -> dict[str, object]:
    """What one test could leave for the next to stumble over."""
    return {
        "rows of the table": tuple(TABLE.values()),
        "no_grad and other modes that are open": modes.open_modes(),
        "the form of pictures": picture_format(),
        "a pickle underway": serialization._underway.now(),
        "what transforms differentiate by": frozenset(serialization.differentiated),
        "locks": [turn.lock._is_owned() for turn in (_turn, _guarding)],
    }


@pytest.fixture(autouse=True)
def _leaves_no_state() -> Iterator[None]:
    before = _state()
    yield
    after = _state()
    left = [f"{what}: {before[what]} before, {after[what]} after" for what in before
            if before[what] != after[what]]  # fmt: skip
    if left:
        pytest.fail("the test left state behind: " + "; ".join(left))
