"""Straight-line float code for one sample of a small graph: a call costs microseconds.

Each node is one line of Python on local floats. The text is written twice: with Python's own
operators and the functions of `math`, which are fastest, and with the rows' functions, which answer
where those raise, as for 1 / 0. The second runs only when the first has raised.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from autograd.compile.graph.graph import INPUT, Graph
from autograd.compile.graph.straight import added_up, straight
from autograd.engine import numeric
from autograd.engine.number import made_of
from autograd.engine.primitive import Primitive

_LONGEST = 250


class FloatProgram:
    """A graph as a Python function on floats.

    Args:
        graph: the graph; its outputs are returned in a list, or alone if there is one.
        inputs: how many inputs the function takes.
        parameters: how many parameters there are; if any, their list is the first argument.

    >>> from autograd.compile.tracing.trace import trace
    >>> program = FloatProgram(trace(lambda x, y: x * y + x.exp(), [(), ()]), 2, 0)
    >>> print(program.source)
    def program(x0, x1):
        v2 = x0 * x1
        v3 = exp(x0)
        return v2 + v3
    >>> program(0.0, 3.0), program(1000.0, 3.0)
    (1.0, inf)
    """

    def __init__(self, graph: Graph, inputs: int, parameters: int) -> None:
        self._graph = graph
        self._inputs = inputs
        self._parameters = parameters
        self.source, functions = _text(graph, inputs, parameters, fast=True)
        self._fast = _compiled(self.source, functions)
        self._total: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Return the outputs for floats; total under IEEE 754."""
        try:
            return self._fast(*arguments)
        except (ZeroDivisionError, OverflowError, ValueError):
            total = self._total
            if total is None:
                text = _text(self._graph, self._inputs, self._parameters, fast=False)
                total = self._total = _compiled(*text)
            return total(*arguments)


def with_care(fast: FloatProgram, careful: Callable[[], FloatProgram]) -> Callable[..., Any]:
    """Return float code that computes derivatives once more, with care, where they are nan.

    Args:
        fast: returns a list of a value and its derivatives.
        careful: makes the program in which what a sample did not choose passes nothing on; called
            when it is first needed.
    """
    careful = cache(careful)

    def program(*arguments: float) -> Any:
        found = fast(*arguments)
        # One sum in place of a test of each: a nan among them makes it one.
        total = sum(found)
        return found if total == total else careful()(*arguments)

    return program


def as_pair(gradient: Callable[..., Any], *, one: bool) -> Callable[..., tuple[float, Any]]:
    """Return a value and slopes as a program of plain numbers hands them out."""

    def single(*numbers: float) -> tuple[float, Any]:
        value, slope = gradient(*numbers)
        return value, slope

    def several(*numbers: float) -> tuple[float, Any]:
        value, *slopes = gradient(*numbers)
        return value, tuple(slopes)

    return single if one else several


def _compiled(text: str, functions: dict[str, Any]) -> Callable[..., Any]:
    scope: dict[str, Any] = {**functions, "inf": math.inf, "nan": math.nan}
    exec(compile(text, "<compiled program>", "exec"), scope)
    # Out of the scope, which the function holds: they would hold each other.
    return scope.pop("program")


def _text(graph: Graph, inputs: int, parameters: int, *, fast: bool) -> tuple[str, dict[str, Any]]:
    """Return the text of a function that computes the graph, and the functions it calls."""
    dialect = _Python(fast)
    arguments = [*["theta"] * (parameters > 0), *[f"x{i}" for i in range(inputs)]]
    lines, outputs = straight(graph, dialect)
    returned = outputs[0] if len(outputs) == 1 else f"[{', '.join(outputs)}]"
    head = f"def program({', '.join(arguments)}):"
    text = "\n".join([head, *[f"    {line}" for line in [*lines, f"return {returned}"]]])
    return text, dialect.functions


class _Python:
    """The dialect of Python floats, which notes the functions that its texts call."""

    named_from = 2

    def __init__(self, fast: bool) -> None:
        self.fast = fast
        self.functions: dict[str, Any] = {}

    def number(self, x: float) -> str:
        return repr(x) if x >= 0.0 else f"({x!r})"

    def leaf(self, code: int, place: int) -> str:
        return f"x{place}" if code == INPUT else f"theta[{place}]"

    def line(self, name: str, text: str) -> str:
        return f"{name} = {text}"

    def written(self, row: Primitive, taken: Sequence[str]) -> str:
        function: Any = row.function
        if row.operator and (self.fast or row.is_operator):
            return row.operation(*taken)
        # A chain of + nests as deep as it is long, and Python's compiler has a limit.
        chain = added_up(row, taken) if len(taken) <= 2 * _LONGEST else None
        if chain is not None:
            return chain
        if self.fast:
            function = made_of(function)
            template = _template(function)
            if template is not None:
                self.functions["math"] = math
                return f"({template.format(*taken)})"
        name = row.name
        while self.functions.setdefault(name, function) is not function:
            name += "_"
        return f"{name}({', '.join(taken)})"


@cache
def _template(function: Any) -> str | None:
    """Return a float function of `numeric` that is one expression, as a template of its operands.

    Written into the text it saves the call, which costs more than the comparison it makes.
    """
    if getattr(numeric, getattr(function, "__name__", ""), None) is not function:
        return None
    definition = ast.parse(inspect.getsource(function)).body[0]
    if not isinstance(definition, ast.FunctionDef) or definition.args.vararg:
        return None
    statements = [x for x in definition.body if not _is_text(x)]
    returned = statements[0]
    if len(statements) != 1 or not isinstance(returned, ast.Return) or returned.value is None:
        return None
    names = [argument.arg for argument in definition.args.args]
    found = [x for x in ast.walk(returned.value) if isinstance(x, ast.Name)]
    if not {x.id for x in found} <= {*names, "math", "abs"}:
        return None
    for x in found:
        if x.id in names:
            x.id = f"operand_{names.index(x.id)}_"
    return re.sub(r"operand_(\d+)_", r"{\1}", ast.unparse(returned.value))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
