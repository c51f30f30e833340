"""The public names of a package, each said once: in the `__init__.pyi` beside its `__init__.py`.

Type checkers and editors read that file; here it is read when the package is imported. A line
`from module import name as name` is a name that is imported when it is first used: a program that
only computes does not wait for what draws, checks or compiles. A line with a star takes all
functions that a module calls its own, and imports it at once. What a comment follows can be
imported, and is not promised: it is left out of `__all__`.
"""

import re
import sys
from collections.abc import Callable
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

_LINE = re.compile(r"^from ([\w.]+) import (?:(\w+) as \2|\*)(  #)?", re.MULTILINE)


def face(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return what a package whose names are in its `__init__.pyi` needs to hand them out.

    Args:
        package: its `__name__`.

    Returns:
        Its `__getattr__`, its `__dir__` and its `__all__`.

    >>> _, names, promised = face("autograd")
    >>> "tanh" in promised, "recording_anyway" in promised, "recording_anyway" in names()
    (True, False, True)
    """
    module = sys.modules[package]
    paths: dict[str, str] = {}
    promised: set[str] = set()
    for path, name, comment in _lines(module):
        found = [name] if name else _own_functions(import_module(path), package)
        paths |= dict.fromkeys(found, path)
        promised |= set() if comment else set(found)

    def load(name: str) -> Any:
        path = paths.get(name)
        if path is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if path == package:  # a module of the package itself
            return import_module(f"{package}.{name}")
        found = getattr(import_module(path), name)
        setattr(module, name, found)
        return found

    for name, path in paths.items():
        # Importing `package.name` makes it an attribute of the package. What is called as the
        # module it lives in is taken after that, so that it stays.
        if path == f"{package}.{name}":
            load(name)

    def names() -> list[str]:
        return sorted({*vars(module), *paths})

    return load, names, sorted(promised)


def _lines(module: ModuleType) -> list[tuple[str, str, str]]:
    """Return the path, the name and the beginning of the comment of each line of a stub."""
    loader: Any = module.__loader__  # reads from a zip file, too
    return _LINE.findall(loader.get_data(f"{module.__file__}i").decode())


def _own_functions(module: ModuleType, package: str) -> list[str]:
    """Return the names of a module's public functions, imported ones left out."""
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and isinstance(thing, FunctionType)
        and thing.__module__ in (module.__name__, package)
    ]
