"""A graph as straight-line text, a node to a line: one printer for all languages.

A language is a `Dialect`, which says how numbers, leaves, rows and lines are written. Of a row it
may have no spelling: `arrays/composed.py` then makes the row of others, before the text is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from autograd.compile.graph.graph import CONSTANT, Graph
from autograd.engine import numeric
from autograd.engine.primitive import Primitive


class Dialect(Protocol):
    """How a language writes what graphs are made of.

    Attributes:
        named_from: how many uses of a leaf make it worth a name of its own.
    """

    named_from: int

    def number(self, x: float) -> str:
        """Return a constant, in parentheses where a sign before it needs them."""
        ...

    def leaf(self, code: int, place: int) -> str:
        """Return an input or a parameter."""
        ...

    def written(self, row: Primitive, taken: Sequence[str]) -> str:
        """Return a row as an expression of its operands' texts, each a name, number or leaf."""
        ...

    def line(self, name: str, text: str) -> str:
        """Return the line that gives an expression a name."""
        ...


def straight(graph: Graph, dialect: Dialect) -> tuple[list[str], list[str]]:
    """Return the lines that compute a graph, and the texts of its outputs.

    Results that only the outputs need, and leaves of few uses, are written where they are needed.
    """
    texts: list[str] = []
    lines: list[str] = []
    used = graph.uses.tolist()
    outputs: list[int] = graph.outputs.tolist()
    results = set(outputs)
    for i, (code, place, operands) in enumerate(graph.nodes()):
        if code == CONSTANT:
            texts.append(dialect.number(float(graph.numbers[place])))
            continue
        if code < 0:
            text, name = dialect.leaf(code, place), f"w{i}"
            is_inline = used[i] < dialect.named_from
        else:
            text = dialect.written(graph.rows[code], [texts[x] for x in operands])
            name, is_inline = f"v{i}", i in results and used[i] == 1
        if not (is_inline or text.isidentifier()):
            lines.append(dialect.line(name, text))
            text = name
        texts.append(text)
    return lines, [texts[i] for i in outputs]


def added_up(row: Primitive, taken: Sequence[str]) -> str | None:
    """Return a sum, or a sum of products, as a chain of operators; None for any other row.

    >>> from autograd import lookup
    >>> added_up(lookup("dot"), ["a", "b", "x", "y"]), added_up(lookup("exp"), ["x"])
    ('a * x + b * y', None)
    """
    if row.function is numeric.addition:
        return " + ".join(taken) if taken else "0.0"
    if row.function is numeric.dot:
        half = len(taken) // 2
        pairs = zip(taken[:half], taken[half:], strict=True)
        return " + ".join([f"{a} * {b}" for a, b in pairs]) if taken else "0.0"
    return None
