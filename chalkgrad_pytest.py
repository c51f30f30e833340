"""The plugin for pytest: the fixture `gradcheck`, and failed gradient checks as a section.

pytest finds this by the entry point of this name in the group `pytest11`; there is nothing to
import. It stands outside of the package `autograd` because every start of pytest imports it, where
importing anything of a package runs the package: the engine, and NumPy, would cost each start half
a second. They are imported when the fixture is first used.
"""

# pytest names some of these types since later versions than the lowest that will do.
from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograd.check import Report

_SECTION = "gradient check"


@pytest.fixture(scope="session")
def chalkgrad_gradcheck() -> Callable[..., Report]:
    """Check the gradients of a function, as `gradcheck` does, whatever else has that name.

    Of the session, since it holds nothing: so tests with Hypothesis's `@given` may ask for it.
    """
    from autograd.check import assert_gradients, check_against

    def check(
        f: Callable[..., Any],
        *inputs: Any,
        gradient: Callable[..., Any] | None = None,
        strict: bool = False,
        **settings: Any,
    ) -> Report:
        if gradient is None:
            theirs = _library_of(f, inputs)
            chosen = theirs.assert_gradients if theirs is not None else assert_gradients
            return chosen(f, *inputs, strict=strict, **settings)
        return check_against(f, gradient, *inputs, **settings).raise_if_wrong(strict=strict)

    return check


def _library_of(f: Any, inputs: tuple[Any, ...]) -> Any:
    """Return the checks of PyTorch or JAX, if it is theirs that is to be checked; else None."""
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        owner = getattr(f, "__self__", f)
        kind = owner if isinstance(owner, type) else type(owner)
        kinds = torch.nn.Module | torch.autograd.Function
        if issubclass(kind, kinds) or any(isinstance(x, torch.Tensor) for x in inputs):
            return import_module("autograd.check.torch")
    jax: Any = sys.modules.get("jax")
    if jax is not None and any(
        isinstance(leaf, jax.Array) for leaf in jax.tree_util.tree_leaves(inputs)
    ):
        return import_module("autograd.check.jax")
    return None


def _gradcheck(chalkgrad_gradcheck: Callable[..., Report]) -> Callable[..., Report]:
    """Check the gradients of a function: `gradcheck(f, *inputs, order=2, strict=False)`.

    Tensors, modules and arrays of JAX go to `autograd.check.torch` and `autograd.check.jax`.
    With `gradient=` it checks that gradient of f, of numbers or arrays, as `check_against` does.
    Fails the test with the whole report if a derivative is wrong, and with `strict` also where it
    cannot be told; else returns the report.
    """
    return chalkgrad_gradcheck


_others = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Offer `gradcheck` unless another plugin does; a conftest.py that does overrides it anyway."""
    plugins = config.pluginmanager.list_name_plugin()
    config.stash[_others] = sorted(
        name
        for name, plugin in plugins
        if _offers_gradcheck(plugin) and not str(name).endswith("conftest.py")
    )
    if not config.stash[_others]:
        short: Any = ModuleType("gradcheck")
        short.gradcheck = pytest.fixture(name="gradcheck", scope="session")(_gradcheck)
        config.pluginmanager.register(short, "chalkgrad's gradcheck")


def _offers_gradcheck(plugin: object) -> bool:
    for name, thing in {**vars(type(plugin)), **getattr(plugin, "__dict__", {})}.items():
        # Where pytest keeps the name of a fixture: since 8.4, and before.
        marker = getattr(thing, "_fixture_function_marker", None)
        marker = marker or getattr(thing, "_pytestfixturefunction", None)
        if marker is not None and (marker.name or name) == "gradcheck":
            return True
    return False


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say whose `gradcheck` it was where two plugins have one; the header is not shown with -q."""
    for name in config.stash[_others]:
        terminalreporter.write_line(
            f"chalkgrad: the fixture gradcheck is that of {name}; this one is chalkgrad_gradcheck"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the report of a failed gradient check to the test's output."""
    result = yield
    error = call.excinfo.value if call.excinfo is not None else None
    report = getattr(error, "report", None)
    if isinstance(error, AssertionError) and hasattr(report, "verdicts"):
        result.sections.append((_SECTION, str(report)))
    return result
