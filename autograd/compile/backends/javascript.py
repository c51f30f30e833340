"""Graphs as JavaScript, for pages that compute: the values, and the gradients from the rows' rules.

A function is straight-line text over numbers, which calls the functions of rows by their names;
whoever puts a page together brings those, and says which rows have one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from autograd.compile.arrays.chain import Chain, row_graph
from autograd.compile.arrays.rules import Derivatives, has_poles
from autograd.compile.graph.graph import PARAMETER, Graph
from autograd.compile.graph.straight import added_up, straight
from autograd.compile.tracing.composed import Spelt, composed
from autograd.engine.primitive import Primitive

# Of the text of a function, in characters: about what its instructions take in bytes.
_LONGEST = 12_000


@dataclass(frozen=True, slots=True)
class Script:
    """A function in JavaScript.

    Attributes:
        name: its name.
        text: its definition; empty where rows are missing.
        calls: the names of the rows whose functions it calls, sorted.
        missing: the names of rows that have neither a function in JavaScript nor a composition of
            rows that have one.
    """

    name: str
    text: str
    calls: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def chain_script(chain: Chain, is_spelt: Spelt) -> Script:
    """Return `program(x)`, which computes all numbers of the chain rule from the leaves.

    It returns an object of the lists that `Chain.sizes` names.

    Args:
        chain: the chain rule over a graph.
        is_spelt: whether a row has a function in JavaScript.

    >>> from autograd.compile.arrays.chain import chain_of
    >>> from autograd.engine.value import Value
    >>> x, y = Value(3.0), Value(4.0)
    >>> print(chain_script(chain_of((x * y).tanh()), lambda row: True).text)
    function program(x) {
      const w0 = x[0];
      const w1 = x[1];
      const v2 = w0 * w1;
      const v4 = sech_squared(v2);
      const v6 = 0 + v4;
      const v7 = v6 * w1;
      const v9 = v6 * w0;
      return {
        values: [w0, w1, v2, tanh(v2)],
        gradients: [0 + v7, 0 + v9, v6, 1],
        partials: [v4, w1, w0],
        contributions: [v4, v7, v9],
        flows: [1, 1, 1],
      };
    }
    """

    def returned(outputs: list[str]) -> list[str]:
        rest = iter(outputs)
        lists = [f"{k}: [{', '.join(islice(rest, n))}]" for k, n in chain.sizes.items()]
        return ["\n".join(["return {", *[f"  {text}," for text in lists], "};"])]

    return _script("program", ["x"], chain.graph, is_spelt, returned)


def row_script(row: Primitive, count: int, is_spelt: Spelt) -> Script:
    """Return `row_NAME_COUNT(x)`, which gives a row's value and its partials for its operands.

    >>> from autograd import lookup
    >>> print(row_script(lookup("mul"), 2, lambda row: True).text)
    function row_mul_2(x) {
      return [x[0] * x[1], x[1], x[0]];
    }
    """
    return _script(f"row_{row.name}_{count}", ["x"], row_graph(row, count), is_spelt, _as_list)


def value_script(graph: Graph, is_spelt: Spelt, name: str = "program") -> Script:
    """Return a function of the parameters and the inputs of one sample: the list of its outputs.

    >>> from autograd.compile.tracing.trace import trace
    >>> graph = trace(lambda x, y: [x * y, x.exp()], [(), ()])
    >>> print(value_script(graph, lambda row: True).text)
    function program(w, x) {
      return [x[0] * x[1], exp(x[0])];
    }
    """
    return _script(name, ["w", "x"], graph, is_spelt, _as_list)


def gradient_script(
    graph: Graph, parameters: int, is_spelt: Spelt, name: str = "program"
) -> Script:
    """Return a function that adds a sample's gradient to a vector, and returns the sample's value.

    Its arguments are the parameters, the inputs of the sample and the vector, all flat. What a
    sample did not choose, as by `relu`, passes nothing on, also where slopes may be infinite.

    Args:
        graph: of one output.
        parameters: how many parameters there are.
        is_spelt: whether a row has a function in JavaScript.
        name: the function's.

    >>> from autograd.compile.tracing.trace import trace
    >>> from autograd.engine.value import Value
    >>> weight = Value(2.0)
    >>> graph = trace(lambda x: (weight * x).tanh(), [()], [weight])
    >>> print(gradient_script(graph, 1, lambda row: True).text)
    function program(w, x, g) {
      const v2 = w[0] * x[0];
      const v4 = sech_squared(v2);
      g[0] += v4 * x[0];
      return tanh(v2);
    }
    """
    derived = Derivatives(graph, [[(PARAMETER, i) for i in range(parameters)]])

    def returned(outputs: list[str]) -> list[str]:
        value, *slopes = outputs
        added = [f"g[{i}] += {slope};" for i, slope in enumerate(slopes) if slope != "0"]
        return [*added, f"return {value};"]

    is_careful = has_poles(graph) and any(row.chooses for row in graph.rows)
    made = derived.careful if is_careful else derived.plain
    return _script(name, ["w", "x", "g"], made, is_spelt, returned)


def _as_list(outputs: list[str]) -> list[str]:
    return [f"return [{', '.join(outputs)}];"]


def _script(
    name: str,
    arguments: Sequence[str],
    graph: Graph,
    is_spelt: Spelt,
    returned: Callable[[list[str]], list[str]],
) -> Script:
    """Return a function of some vectors, with last lines made of the outputs' texts."""
    found = composed(graph, is_spelt)
    if found.missing:
        return Script(name, "", (), found.missing)
    # Leaves of a chain are its parameters, and its only vector.
    dialect = _JavaScript(arguments[0])
    lines, outputs = straight(found.graph, dialect)
    text = _in_pieces(name, arguments, [*lines, *returned(outputs)])
    return Script(name, text, tuple(sorted(dialect.calls)))


def _in_pieces(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    """Return a function of some statements, each on a line; a long one calls its pieces in turn.

    Browsers do not optimise functions beyond some length. What a piece leaves to later ones stands
    in one array.
    """
    pieces = _cut(lines)
    if len(pieces) == 1:
        return _function(name, arguments, lines)
    owner = {
        found[1]: i
        for i, piece in enumerate(pieces)
        for line in piece
        if (found := _DEFINED.match(line))
    }
    places: dict[str, str] = {}
    for i, piece in enumerate(pieces):
        for variable in dict.fromkeys(_VARIABLE.findall("\n".join(piece))):
            if owner[variable] != i:
                places.setdefault(variable, f"t[{len(places)}]")
    texts = [f"const {name}_t = new Float64Array({len(places)});"]
    calls: list[str] = []
    for i, piece in enumerate(pieces):

        def placed(found: re.Match[str], i: int = i) -> str:
            return found[0] if owner[found[0]] == i else places[found[0]]

        body = [_VARIABLE.sub(placed, line) for line in piece]
        for k, line in enumerate(body):
            found = _DEFINED.match(line)
            if found and found[1] in places:
                body[k] = f"const {found[1]} = {places[found[1]]} = {line[found.end() :]}"
        texts.append(_function(f"{name}_{i}", [*arguments, "t"], body))
        calls.append(f"{name}_{i}({', '.join([*arguments, f'{name}_t'])});")
    calls[-1] = f"return {calls[-1]}"
    return "\n".join([*texts, _function(name, arguments, calls)])


_DEFINED = re.compile(r"const ([vw]\d+) = ")
_VARIABLE = re.compile(r"\b[vw]\d+\b")


def _cut(lines: Sequence[str]) -> list[list[str]]:
    """Return lines in pieces that are not too long."""
    pieces: list[list[str]] = [[]]
    length = 0
    for line in lines:
        length += len(line)
        if length > _LONGEST and pieces[-1]:
            pieces.append([])
            length = len(line)
        pieces[-1].append(line)
    return pieces


def _function(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    body = "\n".join([f"  {line}" for line in "\n".join(lines).split("\n")])
    return f"function {name}({', '.join(arguments)}) {{\n{body}\n}}"


class _JavaScript:
    """The dialect of JavaScript, whose operators are total as IEEE arithmetic is.

    Args:
        parameters: the name of the vector of parameters; that of inputs is x.
    """

    named_from = 3

    def __init__(self, parameters: str) -> None:
        self._parameters = parameters
        self.calls: set[str] = set()

    def number(self, x: float) -> str:
        if not math.isfinite(x):
            return "NaN" if x != x else "Infinity" if x > 0.0 else "(-Infinity)"
        text = repr(x).removesuffix(".0")
        return text if math.copysign(1.0, x) > 0.0 else f"({text})"

    def leaf(self, code: int, place: int) -> str:
        return f"{self._parameters if code == PARAMETER else 'x'}[{place}]"

    def line(self, name: str, text: str) -> str:
        return f"const {name} = {text};"

    def written(self, row: Primitive, taken: Sequence[str]) -> str:
        if row.operator:
            return row.operation(*taken)
        chain = added_up(row, taken)
        if chain is not None:
            return chain
        self.calls.add(row.name)
        return f"{row.name}({', '.join(taken)})"
