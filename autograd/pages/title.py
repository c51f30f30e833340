"""The formula that a page is about, as its title: short enough to be one.

It is the expression of the result down to labels. Parts with a label, and parts used more than
once, stand by the names they have in the page, and are defined behind it where there is room.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from autograd.display.chain.mathml import mathml
from autograd.display.chain.passes import Walk
from autograd.display.chain.terms import Term, forward_term
from autograd.engine.value import Value

# A longer line is written with its long parts by name; with the definitions it may be longer.
MOST_CHARACTERS = 60
LONG_PART = 12
WITH_DEFINITIONS = 100

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
# A power of a whole number, and of nothing that goes on behind it, as in y ** 2 ** x.
_POWER = re.compile(r" \*\* (\d+)(?![\w.]| \*\*)")


class Title(NamedTuple):
    """A formula as text, and the two sides of each of its equations as MathML.

    Leaves without a label stand there by their numbers.

    Without a formula that is short enough, the text says whose graph it is and there are no
    equations.
    """

    text: str
    equations: list[tuple[str, str]]


def title_of(walk: Walk, number: Callable[[int], Term] | None = None) -> Title:
    """Return the title of the page on a walk.

    Args:
        walk: the walk.
        number: gives what stands for the number of the node at a place; the number if left out.

    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> u = x**2 + x * y
    >>> u.label = "u"
    >>> title_of(Walk(u**2 + u)).text
    'z = u² + u, u = x² + x·y'
    """

    def figure(i: int) -> Term:
        return Term.figure(walk.data[i])

    for long_part in (MOST_CHARACTERS, LONG_PART):
        writer = _Equations(walk, long_part, number or figure)
        first = writer.line(len(walk.nodes) - 1)
        if len(first[0]) <= MOST_CHARACTERS:
            lines = [first, *writer.definitions(WITH_DEFINITIONS - len(first[0]))]
            text = ", ".join([text for text, _ in lines])
            return Title(text, [equation for _, equation in lines])
    return Title(f"Walk through {walk.name(len(walk.nodes) - 1)}", [])


_Line = tuple[str, tuple[str, str]]


class _Equations:
    """Writes nodes as expressions of named ones, and remembers those that want a definition."""

    def __init__(self, walk: Walk, long_part: int, number: Callable[[int], Term]) -> None:
        self._walk = walk
        self._number = number
        self._long_part = long_part
        self._uses = Counter(use.operand for use in walk.uses)
        self._wanted: dict[int, None] = {}

    def line(self, i: int) -> _Line:
        """Return the equation of a node, as text and as MathML."""
        term = self._expression(i, self._long_part)
        sides = mathml(self._walk.name_latex(i)), mathml(term.latex.text)
        return f"{self._walk.name(i)} = {_typeset(term.text.text)}", sides

    def definitions(self, room: int) -> list[_Line]:
        """Return the equations of the parts that were named, and of theirs, or none of them."""
        lines: list[_Line] = []
        defined: set[int] = set()
        while wanted := [i for i in self._wanted if i not in defined]:
            i = wanted[0]
            defined.add(i)
            lines.append(self.line(i))
            room -= len(lines[-1][0]) + len(", ")
            if room < 0:
                return []
        return lines

    def _expression(self, i: int, levels: int) -> Term:
        node = self._walk.nodes[i]
        if node.op is None:
            return self._number(i)
        place = self._walk.place
        operands = [
            self._operand(place[x], levels - 1) if isinstance(x, Value) else x for x in node.args
        ]
        return forward_term(node.op, operands)  # pyright: ignore[reportArgumentType]

    def _operand(self, i: int, levels: int) -> Term:
        """Return a node as it stands in an expression; each level of one adds a character."""
        node = self._walk.nodes[i]
        name = self._walk.names.term(node)
        if node.op is None:
            return name if node.label else self._number(i)
        if not node.label and self._uses[i] == 1 and levels > 0:
            term = self._expression(i, levels)
            if len(term.text.text) <= self._long_part:
                return term
        self._wanted.setdefault(i)
        return name


def _typeset(text: str) -> str:
    """Return Python's notation as people write it.

    >>> _typeset("2 * x ** 2 + y ** x")
    '2·x² + y ** x'
    """
    powers = _POWER.sub(lambda found: found[1].translate(_SUPERSCRIPTS), text)
    return powers.replace(" * ", "·")
