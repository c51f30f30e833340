"""What can be imported: public names, modules that have moved, and advice on names of others.

The public names of a package stand once each, in the `__init__.pyi` beside its `__init__.py`.

Type checkers and editors read that file; here it is read when the package is imported. A line
`from module import name as name` is a name that is imported when it is first used: a program that
only computes does not wait for what draws, checks or compiles. A line with a star takes all
functions that a module calls its own, and imports it at once. What a comment follows can be
imported, and is not promised: it is left out of `__all__`.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any, cast

from autograd.spellings import instead

_LINE = re.compile(r"^from ([\w.]+) import (?:(\w+) as \2|\*)(  #)?", re.MULTILINE)
_DUNDER = re.compile(r"__\w+__")


class _Finder:
    """A finder and loader that is asked after all others, for what is imported and not there.

    What has moved is opened by the path that it had: pickles name modules by their paths. For what
    other libraries have there is advice: `from autograd import vjp` looks for an attribute, then
    for a module, and drops what the face says of the attribute; `import autograd.numpy` never asks
    the face.
    """

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}
        self.names: dict[str, Mapping[str, str]] = {}
        self.spellings: dict[str, Mapping[str, str]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in self.paths:
            return ModuleSpec(name, cast(Any, self))
        package, _, last = name.rpartition(".")
        if advice := instead(last, self.spellings.get(package, {})):
            message = f"cannot import name {last!r} from {package!r}{advice}"
            raise ImportError(message, name=name)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        # A module of its own: the import system writes its name and spec into what it is given.
        module = ModuleType(spec.name, f"Where {spec.name} stood; see {self.paths[spec.name]}.")
        today = vars(import_module(self.paths[spec.name]))
        renamed = self.names.get(spec.name, {})
        vars(module).update({name: x for name, x in today.items() if not name.startswith("__")})
        vars(module).update({before: today[now] for before, now in renamed.items()})
        return module

    def exec_module(self, module: ModuleType) -> None:
        pass


_finder = _Finder()
sys.meta_path.append(_finder)


def moved(paths: Mapping[str, str], names: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Let pickles find modules that have moved.

    Args:
        paths: the path of today for each path of before.
        names: for a path of before, the name of today for each name in it that is another one now.
    """
    _finder.paths.update(paths)
    _finder.names.update(names or {})


moved(
    {
        "autograd.check.program": "autograd.check.testing.program",
        "autograd.check.report": "autograd.check.judge.report",
        "autograd.persistence": "autograd.engine.serialization",
        "autograd.primitives": "autograd.engine.primitives",
        "autograd.row": "autograd.engine.primitive",
    },
    names={"autograd.check.program": {"Program": "RandomProgram"}},
)


def face(
    package: str, spellings: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return what a package whose names are in its `__init__.pyi` needs to hand them out.

    Args:
        package: its `__name__`.
        spellings: what to write in place of names that other libraries have.

    Returns:
        Its `__getattr__`, its `__dir__` and its `__all__`.

    >>> _, names, promised = face("autograd")
    >>> "tanh" in promised, "recording_anyway" in promised, "recording_anyway" in names()
    (True, False, True)
    """
    module = sys.modules[package]
    spellings = spellings or {}
    paths: dict[str, str] = {}
    promised: set[str] = set()
    for path, name, comment in _lines(module):
        found = [name] if name else _own_functions(import_module(path), package)
        paths |= dict.fromkeys(found, path)
        promised |= set() if comment else set(found)

    def load(name: str) -> Any:
        path = paths.get(name)
        if path is None:
            advice = instead(name, spellings)
            message = f"module {package!r} has no attribute {name!r}{advice}"
            raise AttributeError(message, name=name, obj=module)
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
        # Without the modules that it is built of, which stand there as soon as they are imported.
        return sorted({*filter(_DUNDER.fullmatch, vars(module)), *paths})

    _finder.spellings[package] = spellings
    return load, names, sorted(promised)


def _lines(module: ModuleType) -> list[tuple[str, str, str]]:
    """Return the path, the name and the beginning of the comment of each line of a stub."""
    spec: Any = module.__spec__
    # The loader reads from a zip file, too.
    return _LINE.findall(spec.loader.get_data(f"{spec.origin}i").decode())


def _own_functions(module: ModuleType, package: str) -> list[str]:
    """Return the names of a module's public functions, imported ones left out."""
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and isinstance(thing, FunctionType)
        and thing.__module__ in (module.__name__, package)
    ]
