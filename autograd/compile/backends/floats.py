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
from collections.abc import Callable
from functools import cache
from typing import Any

from autograd.compile.graph.graph import CONSTANT, INPUT, Graph
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


def _compiled(text: str, functions: dict[str, Any]) -> Callable[..., Any]:
    scope: dict[str, Any] = {**functions, "inf": math.inf, "nan": math.nan}
    exec(compile(text, "<compiled program>", "exec"), scope)
    # Out of the scope, which the function holds: they would hold each other.
    return scope.pop("program")


def _text(graph: Graph, inputs: int, parameters: int, *, fast: bool) -> tuple[str, dict[str, Any]]:
    """Return the text of a function that computes the graph, and the functions it calls."""
    writer = _Writer(fast)
    arguments = [f"x{i}" for i in range(inputs)]
    lines: list[str] = []
    if parameters:
        arguments.insert(0, "theta")
    texts: list[str] = []
    used = graph.uses.tolist()
    outputs: list[int] = graph.outputs.tolist()
    for i, (code, place, operands) in enumerate(graph.nodes()):
        if code == CONSTANT:
            number = float(graph.numbers[place])
            texts.append(repr(number) if number >= 0.0 else f"({number!r})")
        elif code == INPUT:
            texts.append(f"x{place}")
        elif code < 0:
            lines.append(f"w{i} = theta[{place}]")
            texts.append(f"w{i}")
        else:
            taken = [texts[x] for x in operands]
            text = writer.written(graph.rows[code], taken)
            if outputs == [i] and used[i] == 1:
                texts.append(text)
            else:
                lines.append(f"v{i} = {text}")
                texts.append(f"v{i}")
    returned = ", ".join([texts[i] for i in outputs])
    lines.append(f"return {returned}" if len(outputs) == 1 else f"return [{returned}]")
    head = f"def program({', '.join(arguments)}):"
    return "\n".join([head, *[f"    {line}" for line in lines]]), writer.functions


class _Writer:
    """Writes rows as expressions and notes the functions they call."""

    def __init__(self, fast: bool) -> None:
        self.fast = fast
        self.functions: dict[str, Any] = {}

    def written(self, row: Primitive, taken: list[str]) -> str:
        """Return a row as an expression of its operands' texts, each a name or a number."""
        function: Any = row.function
        if row.operator and (self.fast or row.is_operator):
            return row.operation(*taken)
        # A chain of + nests as deep as it is long, and Python's compiler has a limit.
        is_short = len(taken) <= 2 * _LONGEST
        if function is numeric.addition and is_short:
            return " + ".join(taken) if taken else "0.0"
        if function is numeric.dot and is_short:
            half = len(taken) // 2
            pairs = zip(taken[:half], taken[half:], strict=True)
            return " + ".join([f"{a} * {b}" for a, b in pairs]) if taken else "0.0"
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
