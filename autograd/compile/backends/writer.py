"""The text of a run: calls of NumPy functions on arrays that are known by short names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Lines:
    """Calls underway, one a line, and the names they use.

    >>> x, lines = np.array([1.0, 4.0]), Lines()
    >>> lines.call(np.sqrt, x, x)
    >>> text, scope = lines.function()
    >>> print(text)
    def run():
        sqrt(a0, a0)
    >>> exec(text, scope)
    >>> scope["run"]()
    >>> x
    array([1., 2.])
    """

    def __init__(self) -> None:
        self._scope: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._lines: list[str] = []
        self._known: dict[Any, Any] = {}

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return an array that was made before under a key, or make it."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def call(self, function: Callable[..., Any], *operands: Any, **named: Any) -> None:
        """Append a call; arrays and tuples go by names, all else as it is written."""
        if function is np.negative:
            # NumPy 2.4 takes wrong operands there, where they and the results lie 64 bytes and more
            # apart; its product is right, and as quick.
            function, operands = np.multiply, (operands[0], -1.0, *operands[1:])
        taken = [self._written(x) for x in operands]
        taken += [f"{name}={self._written(x)}" for name, x in named.items()]
        self._lines.append(f"{self._function(function)}({', '.join(taken)})")

    def _function(self, function: Callable[..., Any]) -> str:
        name = getattr(function, "__name__", "function")
        name = name if name.isidentifier() else "function"
        while self._scope.setdefault(name, function) is not function:
            name += "_"
        return name

    def _written(self, x: Any) -> str:
        if x is None or isinstance(x, str | int):
            return repr(x)
        # The scope keeps what is named alive, so that no other thing gets its identity.
        name = self._names.setdefault(id(x), f"a{len(self._names)}")
        self._scope[name] = x
        return name

    def function(self, late: Any = None) -> tuple[str, dict[str, Any]]:
        """Return the text of the function `run`, and the scope to execute it in.

        Args:
            late: an array in one piece whose numbers go elsewhere at each run, which is given to
                the function: the views of it that the lines use are cut at its beginning.
        """
        lines = [*(self._cut(late) if late is not None else []), *self._lines]
        body = [f"    {line}" for line in lines] or ["    pass"]
        head = f"def run({'' if late is None else 'result'}):"
        return "\n".join([head, *body]), self._scope

    def _cut(self, late: Any) -> list[str]:
        begin = _address(late)
        cut: list[str] = []
        arrays: list[tuple[str, Any]] = [
            (name, x) for name, x in self._scope.items() if isinstance(x, np.ndarray)
        ]
        for name, x in arrays:
            offset = _address(x) - begin
            if x.nbytes and 0 <= offset < late.nbytes:
                self._scope["ndarray"], self._scope["kind"] = np.ndarray, late.dtype
                cut.append(f"{name} = ndarray({x.shape}, kind, result, {offset}, {x.strides})")
        return cut


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
