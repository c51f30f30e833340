"""The rows of the table and their derivatives in symbols, as LaTeX and as Python.

Each is written by running the row's own rule on terms, so that the pages that list the primitives
say what backward computes.
"""

import inspect
from dataclasses import dataclass
from typing import Any

from autograd.display.chain.latex import label_latex
from autograd.display.chain.terms import Term, forward_term, partial_terms
from autograd.engine.primitive import Primitive


@dataclass(frozen=True, slots=True)
class RowText:
    """A row and its partial derivatives, written.

    Attributes:
        function: the row applied to its operands.
        partials: the partial derivative by each operand that is not a constant; z is the result.
        operands: the operands' names.
    """

    function: str
    partials: tuple[str, ...]
    operands: tuple[str, ...]


def partial_latex(row: Primitive) -> RowText:
    r"""Return a row and its partial derivatives in LaTeX, written by running its own rule.

    Constants have a number from the row's domain; a row of any number of operands has three, or
    two pairs.

    >>> from autograd.engine.primitive import lookup
    >>> partial_latex(lookup("div")).partials
    ('\\frac{1}{y}', '-\\frac{z}{y}')
    >>> partial_latex(lookup("power"))
    RowText(function='x^{2}', partials=('2 \\cdot x',), operands=('x',))
    """
    function, partials, names = _terms(row)
    texts = [partial.latex.text for partial in partials]
    return RowText(function.latex.text, tuple(texts), names)


def partial_text(row: Primitive) -> RowText:
    """Return a row and its partial derivatives as Python.

    >>> from autograd.engine.primitive import lookup
    >>> partial_text(lookup("sigmoid")).partials
    ('z * sigmoid(-x)',)
    """
    function, partials, names = _terms(row)
    return RowText(function.text.text, tuple([partial.text.text for partial in partials]), names)


def _terms(row: Primitive) -> tuple[Term, list[Term], tuple[str, ...]]:
    """Return a row of named operands, its partials, and the names of those it moves with."""
    names, operands = _samples(row)
    variables = tuple(names[: len(names) - row.constants])
    partials = partial_terms(row, _named("z"), operands)
    if partials is None:  # a user's rule that runs on numbers only
        call = f"partials(z, {', '.join(names)})"
        partials = [_named(f"{call}[{i}]") for i in range(len(variables))]
    written = [d if isinstance(d, Term) else Term.figure(d) for d in partials[: len(variables)]]
    return forward_term(row, operands), written, variables


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
