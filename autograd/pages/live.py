"""What makes a page live: the program of its numbers, and formulas with slots for numbers.

A formula in numbers is written once, by the rule that writes it in names, with a slot for each
number that may change: one character, which stands for the place of a node and for how tightly the
number is held there. The page fills slots from its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from autograd.compile.backends.javascript import Script, value_script
from autograd.compile.tracing.trace import trace
from autograd.display.chain.passes import Walk
from autograd.display.chain.terms import Term, forward_term, partial_terms
from autograd.engine.primitive import ATOM, Operand
from autograd.engine.value import Value
from autograd.pages.rows import is_spelt, script_of, standing_alone

# Larger graphs are shown, where that is asked for, and stay as they are.
MOST_LIVE = 1_000

# Planes for private use hold the slots; a label that uses them gives no slots to its page's title.
_FIRST_SLOT, _PRECEDENCES = 0xF0000, 8
_SLOT = re.compile("[\U000f0000-\U0010fffd]")


class Live(NamedTuple):
    """What computes the numbers of a page.

    Attributes:
        text: an expression in JavaScript: a list of the function of all numbers and, where books
            print other rules, that of theirs; "null" where the page stays as it is.
        stays: why it does, in a sentence; "" where it is live.
    """

    text: str
    stays: str


def live_of(walk: Walk, uses: Iterable[tuple[int, int]]) -> Live:
    """Return what computes the numbers of a walk in its page.

    Args:
        walk: the walk.
        uses: those for which books print another rule: the place of a node and of its operand.

    >>> x = Value(2.0, "x")
    >>> live_of(Walk(x * x), []).text.splitlines()[0]
    '[(() => {'
    """
    if len(walk.nodes) > MOST_LIVE:
        return Live(
            "null", f"The numbers stay as they are: {MOST_LIVE:,} nodes at most can change."
        )
    try:
        script = script_of(walk.z)
    except Exception:  # a user's rule may raise anything when it is given no numbers
        return Live("null", "The numbers stay as they are: a rule is made for numbers only.")
    if script.missing:
        rows = ", ".join(script.missing)
        return Live("null", f"The numbers stay as they are: {rows} cannot be computed here.")
    books = _in_books(walk, list(uses))
    if books is None:
        return Live(f"[{standing_alone(script)}]", "")
    return Live(standing_alone(script, books), "")


def _in_books(walk: Walk, uses: list[tuple[int, int]]) -> Script | None:
    """Return the script of the forms in books, a function of all values; None if it has none."""
    if not uses:
        return None

    def forms(values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for i, k in uses:
            row: Any = walk.nodes[i].op
            operands = [values[walk.place[x]] if isinstance(x, Value) else x
                        for x in walk.nodes[i].args]  # fmt: skip
            found.append(row.textbook(values[i], *operands)[k])
        return found

    try:
        script = value_script(trace(forms, [(len(walk.nodes),)]), is_spelt, "books")
    except Exception:  # a user's form may raise anything when it is given no numbers
        return None
    return None if script.missing else script


# Slots -----------------------------------------------------------------------------------------


class _Slot(Operand):
    """A number that is not known yet, at the place of a node."""

    __slots__ = ("code",)

    def __init__(self, place: int) -> None:
        self.code = _FIRST_SLOT + _PRECEDENCES * place
        super().__init__(chr(self.code), ATOM)

    def __format__(self, needed: str) -> str:
        return chr(self.code + int(needed or 0))


def slot(place: int) -> Term:
    """Return the term that is a slot for the number of a node."""
    return Term(None, (), _Slot(place), _Slot(place))


class Slots:
    """The formulas of a walk in numbers, with slots for those of nodes that are shown.

    Args:
        walk: the walk.
        first: the place of the oldest node shown, the first that has a slot.
    """

    def __init__(self, walk: Walk, first: int) -> None:
        self._walk = walk
        self._first = first
        self._partials: tuple[int, list[Any] | None] = (-1, None)

    def _number(self, i: int) -> Term:
        place = i - self._first
        return slot(place) if 0 <= place < MOST_LIVE else Term.figure(self._walk.data[i])

    def _operands(self, i: int) -> list[Any]:
        place = self._walk.place
        return [
            self._number(place[x]) if isinstance(x, Value) else x for x in self._walk.nodes[i].args
        ]

    def forward(self, i: int) -> Term:
        """Return the operation of an interior node in numbers."""
        row: Any = self._walk.nodes[i].op
        return forward_term(row, self._operands(i))

    def partial(self, i: int, k: int) -> Any:
        """Return a local derivative in numbers; None where it cannot be written."""
        if self._partials[0] != i:
            row: Any = self._walk.nodes[i].op
            self._partials = i, partial_terms(row, self._number(i), self._operands(i))
        terms = self._partials[1]
        return terms and terms[k]


def has_slots(text: str) -> bool:
    """Return whether a text has slots, or characters that would be taken for some.

    >>> from autograd import lookup
    >>> has_slots(forward_term(lookup("mul"), [3.0, slot(0)]).text.text), has_slots("3 * x")
    (True, False)
    """
    return _SLOT.search(text) is not None
