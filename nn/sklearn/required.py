"""What is needed of scikit-learn: the classes that estimators are made from, and some questions.

Where it is missing or too old, others stand in their places, so that estimators can be imported,
named and documented; making one says what to install.
"""

import re
from importlib import import_module
from typing import Any

from autograd import asked

LOWEST = (1, 6)
_WRITE = 'pip install "chalkgrad[sklearn]"'


def scikit_learn(module: str) -> Any:
    """Return a module of scikit-learn, such as "sklearn.base".

    Raises:
        ImportError: if it is missing, too old or cannot be imported, with what to install.
    """
    try:
        told = str(import_module("sklearn").__version__)
        if _numbers(told) < LOWEST:
            raise ImportError(
                f"nn.sklearn needs scikit-learn {_shown(LOWEST)} or later, and {told} is "
                f"installed: {_WRITE}"
            )
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != "sklearn":
            raise
        raise ImportError(
            f"nn.sklearn needs scikit-learn, which is not installed: {_WRITE}"
        ) from None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first numbers of a version.

    >>> _numbers("1.10.dev0"), _numbers("1.6.1")
    ((1, 10), (1, 6))
    """
    return tuple([int(n) for n in re.findall(r"\d+", version)[:2]])


def _shown(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _bases() -> tuple[Any, Any, Any]:
    """Return `BaseEstimator`, `ClassifierMixin` and `RegressorMixin`, or what stands for them."""
    try:
        base = scikit_learn("sklearn.base")
    except ImportError as error:
        if asked.is_interrupted(error):
            raise KeyboardInterrupt from error
        return type("Absent", (), {}), type("Absent", (), {}), type("Absent", (), {})
    return base.BaseEstimator, base.ClassifierMixin, base.RegressorMixin


BaseEstimator, ClassifierMixin, RegressorMixin = _bases()
