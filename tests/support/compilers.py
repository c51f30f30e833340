"""Tests that need a C compiler, and programs that run as C whatever "auto" would choose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from autograd.compile import program
from autograd.compile.backends.native import choice
from autograd.compile.backends.native.compiler import NoCompilerError, compiler
from support.chosen_profile import PROFILE


def _is_there() -> bool:
    try:
        compiler()
    except NoCompilerError:
        return False
    return True


needs_compiler = pytest.mark.skipif(not _is_there(), reason="there is no C compiler")

# Examples of a property; a compiler takes a hundred times as long for one as NumPy's calls.
EXAMPLES = 500 if PROFILE == "long" else 5


def natively(
    test: Callable[..., Any], examples: int = EXAMPLES, **strategies: Any
) -> Callable[..., Any]:
    """Return a property test once more, for a module whose programs are all C."""
    inner: Any = getattr(test, "hypothesis").inner_test  # noqa: B009, no part of the type

    def again(**drawn: Any) -> None:
        inner(**drawn)

    again.__doc__ = inner.__doc__
    return settings(max_examples=examples)(given(**strategies)(again))


def as_c(patch: pytest.MonkeyPatch, form: str, cache: Path) -> None:
    """Let every program be C, in the form of "lines", node by node, or of "statements"."""
    patch.setenv("XDG_CACHE_HOME", str(cache))
    patch.setattr(program, "checked_native", lambda native: True)
    if form == "statements":
        made: Any = choice.Native.__init__

        def shallow(self: Any, *arguments: Any, **options: Any) -> None:
            made(self, *arguments, **options)
            self.is_deep = False

        patch.setattr(choice, "_SMALL", -1)
        patch.setattr(choice.Native, "__init__", shallow)
