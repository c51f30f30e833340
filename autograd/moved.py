"""Pickles name modules by their paths; those written before a module moved find it here.

One finder, asked after all others: it opens an old path as the module that stands elsewhere now,
and loads nothing before somebody asks for it.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast


class _Moved:
    """A finder and loader of modules by the paths that they had."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}
        self.names: dict[str, Mapping[str, str]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, cast(Any, self)) if name in self.paths else None

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


_moved = _Moved()
sys.meta_path.append(_moved)


def moved(paths: Mapping[str, str], names: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Let pickles find modules that have moved.

    Args:
        paths: the path of today for each path of before.
        names: for a path of before, the name of today for each name in it that is another one now.
    """
    _moved.paths.update(paths)
    _moved.names.update(names or {})


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
