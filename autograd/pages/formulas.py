"""How each row and its local derivatives are written, for pages that learn of a graph in the page.

Every operand, and the result, is a slot as in `live.py`: its place among the operands stands for
it, the result's is one more. A page puts names in, or slots for numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.display.chain.mathml import mathml
from autograd.display.chain.terms import (
    LONGEST,
    Term,
    figure,
    forward_term,
    partial_terms,
    textbook_terms,
)
from autograd.engine.primitive import TABLE, Primitive
from autograd.pages.live import slot
from autograd.pages.rows import MOST_OPERANDS, counts

# Local derivatives of more operands are shown as numbers.
_MOST_RULES = 4
# A rule over a plain number is written for some: a power of 2 has 2 * x, and not 2 * x ** (2 - 1).
_CONSTANTS = (2.0, 3.0, 4.0, -1.0, -2.0, 0.5, -0.5, 0.1, 0.01)
_MOST_LATEX = 300

# The forms of a row: of its operation, of its local derivatives, and of these in books, each as
# text and as MathML; "" where there is none to show.
Forms = dict[str, Any]


def forms_of_rows() -> dict[str, dict[str, Forms]]:
    """Return the forms of each row by the number of its operands, and by a constant behind it.

    >>> from autograd.pages.live import slot
    >>> forms = forms_of_rows()["mul"]["2"]
    >>> forms["text"] == forward_term(TABLE["mul"], [slot(0), slot(1)]).text.text
    True
    """
    return {row.name: _forms(row) for row in TABLE.values()}


def _forms(row: Primitive) -> dict[str, Forms]:
    found: dict[str, Forms] = {}
    for n in counts(row, MOST_OPERANDS):
        slots = [slot(k) for k in range(n)]
        found[str(n)] = _form(row, slots, with_rules=not row.constants and n <= _MOST_RULES)
        if row.constants == 1:
            for c in _CONSTANTS:
                form = _form(row, [*slots[:-1], c], with_rules=True)
                found[f"{n} {figure(c)}"] = form
    return found


def _form(row: Primitive, operands: Sequence[Any], *, with_rules: bool) -> Forms:
    term = forward_term(row, operands)
    form: Forms = {"text": term.text.text, "formula": _formula(term)}
    z = slot(len(operands))
    rules = partial_terms(row, z, operands) if with_rules else None
    if rules:
        form["rules"] = list(map(_pair, rules))
    books = textbook_terms(row, z, operands) if with_rules else None
    if books and any(isinstance(term, Term) for term in books):
        form["books"] = list(map(_pair, books))
    return form


def _pair(term: Any) -> list[str]:
    """Return a local derivative as text and as MathML."""
    if not isinstance(term, Term) or len(term.text.text) > LONGEST:
        return ["", ""]
    return [term.text.text, _formula(term)]


def _formula(term: Term) -> str:
    return mathml(term.latex.text) if len(term.latex.text) <= _MOST_LATEX else ""
