"""The functions that a program's text calls, as text: the table's own, without their docstrings.

Where the table's function is one that other arrays lack, one of `portable.py` stands in its place.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.compile.backends import portable
from autograd.engine import numeric
from autograd.engine.number import made_of

# The table's functions that are others in the text.
PORTABLE: dict[Any, Callable[..., Any]] = {
    np.sign: portable.sign_array,
    numeric.step_array: portable.step_array,
    numeric.equal_array: portable.equal_array,
    numeric.where_array: portable.where_array,
    numeric.softplus_array: portable.softplus_array,
    numeric.logsumexp_array: portable.logsumexp_array,
    numeric.erf_array: portable.erf_array,
    numeric.erfc_array: portable.erfc_array,
}


def definitions(functions: dict[str, Any]) -> list[str]:
    """Return the source of functions, each after the ones it calls."""
    texts: dict[str, str] = {}

    def define(name: str, function: Any) -> None:
        if name in texts:
            return
        called = made_of(function)
        if called is not function:
            texts[name] = _elementwise(name, called)
            return
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            source = ""
        if not source.startswith(f"def {name}("):
            texts[name] = _missing(name)
            return
        for other in re.findall(r"(?<![\w.])(\w+)\(", source):
            called = function.__globals__.get(other)
            called = PORTABLE.get(called, called)
            if other != name and callable(called):
                define(other, called)
        texts[name] = _bare(source) + "\n"

    for name, function in functions.items():
        define(name, function)
    return list(texts.values())


def _elementwise(name: str, function: Any) -> str:
    """Return a function over arrays that calls one of `math` for each element."""
    if getattr(math, getattr(function, "__name__", ""), None) is not function:
        return _missing(name)
    return (
        f"def {name}(*xs):\n"
        f"    array = np.vectorize(math.{function.__name__}, otypes=[float])\n"
        "    return array(*xs).astype(np.result_type(np.float32, *xs))\n"
    )


def _missing(name: str) -> str:
    """Return a place for a function whose text is not here: one of the user's own."""
    return (
        f"def {name}(*xs):\n"
        f'    raise NotImplementedError("put your own {name} here: arrays in, array out")\n'
    )


def _bare(source: str) -> str:
    """Return the source of a function without its docstring and annotations."""
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    for part in ast.walk(definition):
        if isinstance(part, ast.FunctionDef):
            part.returns = None
            if ast.get_docstring(part) is not None:
                del part.body[0]
        elif isinstance(part, ast.arg):
            part.annotation = None
    return ast.unparse(_Unannotated().visit(definition))


class _Unannotated(ast.NodeTransformer):
    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        """Return an assignment without the type; nothing where there is only a type."""
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)
