"""The rows of the table and their derivatives in symbols, as LaTeX and as Python.

Each is written by running the row's own rule on terms, so that the pages that list the primitives
say what backward computes.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd.display.chain.latex import label_latex
from autograd.display.chain.terms import Term, forward_term, partial_terms, textbook_terms
from autograd.engine.primitive import Primitive


@dataclass(frozen=True, slots=True)
class RowText:
    """A row and its partial derivatives, written.

    Attributes:
        function: the row applied to its operands.
        partials: the partial derivative by each operand that is not a constant; z is the result.
        operands: the operands' names.
        textbook: each of the partials as books print it, "" where that is how it is written.
    """

    function: str
    partials: tuple[str, ...]
    operands: tuple[str, ...]
    textbook: tuple[str, ...]


def partial_latex(row: Primitive) -> RowText:
    r"""Return a row and its partial derivatives in LaTeX, written by running its own rule.

    Constants have a number from the row's domain; a row of any number of operands has three, or
    two pairs.

    >>> from autograd import lookup
    >>> partial_latex(lookup("div")).partials
    ('\\frac{1}{y}', '-\\frac{z}{y}')
    >>> partial_latex(lookup("div")).textbook
    ('', '-\\frac{x}{y^{2}}')
    >>> partial_latex(lookup("power"))
    RowText(function='x^{2}', partials=('2 \\cdot x',), operands=('x',), textbook=('',))
    """
    return _row_text(row, lambda term: term.latex.text)


def partial_text(row: Primitive) -> RowText:
    """Return a row and its partial derivatives as Python.

    >>> from autograd import lookup
    >>> partial_text(lookup("sigmoid")).partials
    ('z * sigmoid(-x)',)
    >>> partial_text(lookup("sigmoid")).textbook
    ('z * (1 - z)',)
    """
    return _row_text(row, lambda term: term.text.text)


def _row_text(row: Primitive, text: Callable[[Term], str]) -> RowText:
    names, operands = _samples(row)
    variables = tuple(names[: len(names) - row.constants])
    partials = partial_terms(row, _named("z"), operands)
    books: list[Any] = textbook_terms(row, _named("z"), operands) or [None] * len(variables)
    if partials is None:  # a user's rule that runs on numbers only
        call = f"partials(z, {', '.join(names)})"
        partials = [_named(f"{call}[{i}]") for i in range(len(variables))]
    shown = [text(d if isinstance(d, Term) else Term.figure(d)) for d in partials[: len(variables)]]
    second = [
        text(book) if isinstance(book, Term) and text(book) != first else ""
        for book, first in zip(books, shown, strict=False)
    ]
    function = text(forward_term(row, operands))
    return RowText(function, tuple(shown), variables, tuple(second))


def _named(text: str) -> Term:
    return Term.named(text, label_latex(text))


def _samples(row: Primitive) -> tuple[list[str], list[Any]]:
    """Return names for a row's operands, and them as terms, or as numbers where constant."""
    if row.arity is None:
        names = ["x1", "x2", "y1", "y2"] if row.paired else ["x1", "x2", "x3"]
        return names, [_named(name) for name in names]
    parameters = list(inspect.signature(row.partials).parameters.values())[1:]
    plain = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    names = plain if len(plain) == row.arity else ["x", "y", "v", "w"][: row.arity]
    names += [f"x{i}" for i in range(len(names), row.arity)]
    operands: list[Any] = [_named(name) for name in names[: row.arity - row.constants]]
    for low, high in row.domain[len(operands) :]:
        operands.append(round(low + 0.75 * (high - low), 1))
    return names, operands
