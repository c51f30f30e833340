"""The libraries of others, imported when they are first needed, with a word where one is missing.

Their versions are compared with the lowest that were tried, which pyproject.toml asks for as well.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from nn.validation import is_interrupted

# The lowest version of each that the tests passed with; the extra has the library's name.
LOWEST: Mapping[str, tuple[int, ...]] = {
    "jax": (0, 8),
    "onnx": (1, 17),
    "safetensors": (0, 4, 3),
    "torch": (2, 3),
}


def library(name: str, module: str = "") -> Any:
    """Return a module of a library.

    Args:
        name: the library.
        module: the module of it; the library itself, if left out.

    Raises:
        ImportError: saying what to install, if it is missing, too old or damaged.
    """
    write = f'pip install "chalkgrad[{name}]"'
    try:
        found = import_module(module or name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != name:
            raise _damaged(name, error) from None
        raise ImportError(f"this needs {name}, which is not installed: {write}") from None
    except Exception as error:
        if is_interrupted(error):
            raise
        raise _damaged(name, error) from None
    try:
        told = version(name)
    except PackageNotFoundError:  # it is there without its metadata
        return found
    if _numbers(told) < LOWEST[name]:
        lowest = ".".join(map(str, LOWEST[name]))
        raise ImportError(f"this needs {name} {lowest} or later, and {told} is installed: {write}")
    return found


def is_older(name: str, lowest: tuple[int, ...]) -> bool:
    """Whether a library that is installed is older than a version."""
    return _numbers(version(name)) < lowest


def _damaged(name: str, error: Exception) -> ImportError:
    return ImportError(
        f"{name} is installed and cannot be imported: {error}. Install it anew: "
        f"pip install --force-reinstall {name}"
    )


def _numbers(told: str) -> tuple[int, ...]:
    """Return the numbers in front of a version.

    >>> _numbers("2.13.0+cpu"), _numbers("3.0.0rc1") < (3, 0, 1)
    ((2, 13, 0), True)
    """
    return tuple([int(n) for n in re.findall(r"\d+", (re.match(r"[\d.]*", told) or [""])[0])])
