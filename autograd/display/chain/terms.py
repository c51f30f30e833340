"""The terms of a rule: what a row's function and partials are when they are written, not computed.

A `Term` stands in a rule for an operand, by its name or by its number, and writes down what the
rule does with it, as text and as LaTeX at once, from the notation in the rows. So "2 * f" and
"2 * 7" both come from the rule that backward runs, and no derivative is written a second time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.display.chain.latex import MOST_OPERANDS, label_latex, number_latex
from autograd.display.format import label_text
from autograd.engine.number import number
from autograd.engine.primitive import ATOM, SUM, Operand
from autograd.engine.primitives import TABLE, Primitive
from autograd.engine.symbolic import Symbol
from autograd.engine.value import Value
from autograd.escaping import clean

_BRACKETS = r"\left(", r"\right)"
# Rules of so many operands are computed and not written: each partial may name every operand.
MOST_WRITTEN = 64
LONGEST = 80


def figure(x: float) -> str:
    """Return x with six significant digits; whole numbers below 10^9 in full.

    >>> [figure(x) for x in (56.0, 1048576.0, -0.2369176180, 1e-20)]
    ['56', '1048576', '-0.236918', '1e-20']
    """
    return f"{x:.0f}" if abs(x) < 1e9 and x == int(x) else f"{x:.6g}"


def signed(x: float) -> str:
    """Return x as it stands after an operator, in parentheses if it has a sign.

    >>> signed(2.5), signed(-2.5)
    ('2.5', '(-2.5)')
    """
    text = figure(x)
    return f"({text})" if text.startswith("-") else text


class Term(Symbol):
    """A written operand, or what a rule made of some.

    >>> x, y = Term.named("x", "x"), Term.named("y", "y")
    >>> z = Term.named("z", "z")
    >>> [d.text.text for d in TABLE["div"].partials(z, x, y)]
    ['1 / y', '-z / y']
    """

    __slots__ = ("args", "latex", "row", "text")

    def __init__(
        self, row: Primitive | None, args: tuple[Any, ...], text: Operand, latex: Operand
    ) -> None:
        self.row = row
        self.args = args
        self.text = text
        self.latex = latex

    @classmethod
    def named(cls, text: str, latex: str) -> Term:
        """Return the term that is a name."""
        plain = ATOM if text.replace(".", "_").isidentifier() else SUM
        return cls(None, (), Operand(text, plain), Operand(latex, ATOM))

    @classmethod
    def figure(cls, x: float) -> Term:
        """Return the term that is a number, which is not computed with."""
        return cls(None, (), _figure(x), number_latex(x))

    @staticmethod
    def __exact__(n: float) -> Term:
        return Term.named("pi", r"\pi") if n == math.pi else Term.figure(n)

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> Any:
        return _apply(row, tuple(x if isinstance(x, Term) else number(x) for x in operands))

    def __truediv__(self, other: Any) -> Any:
        return self.__apply__(_DIV, (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self.__apply__(_DIV, (other, self))

    def __pow__(self, other: Any) -> Any:
        row = TABLE["pow"] if isinstance(other, Term) else _POWER
        return self.__apply__(row, (self, other))


def _figure(x: float) -> Operand:
    text = figure(x)
    return Operand(text, SUM if text.startswith("-") else ATOM)


def _is(x: Any, n: float) -> bool:
    return isinstance(x, float) and x == n


def _of(x: Any, row: Primitive) -> bool:
    return isinstance(x, Term) and x.row is row


def _apply(row: Primitive, args: tuple[Any, ...]) -> Any:
    """Return a row of terms and numbers as it is read best: 1 * x as x, x * (1 / y) as x / y."""
    if all(isinstance(x, float) for x in args):
        return row.function(*args)
    if row.neutral is not None:
        x, y = args
        if _is(y, row.neutral):
            return x
        if row.commutes and _is(x, row.neutral):
            return y
    shorter = _SHORTER.get(row)
    again = shorter(*args) if shorter is not None else None
    return _written(row, args) if again is None else again


# The same in fewer signs, or None. What a rule says only to be right at a single point is left
# out, as in a textbook.


def _sum(x: Any, y: Any) -> Any:
    return _apply(_SUB, (x, y.args[0])) if _of(y, _NEG) else None


def _difference(x: Any, y: Any) -> Any:
    return _apply(_ADD, (x, y.args[0])) if _of(y, _NEG) else None


def _product(x: Any, y: Any) -> Any:
    if _of(x, _NEG):
        return -_apply(_MUL, (x.args[0], y))
    if _of(x, _EQUAL) and _of(y, _EQUAL):  # the trap at 0 ** 0, which the number shows
        return 0.0
    for one, other in ((x, y), (y, x)):
        if _is(one, -1.0):
            return _apply(_NEG, (other,))
    if _of(y, _NEG):
        return -_apply(_MUL, (x, y.args[0]))
    if _of(y, _DIV) and _is(y.args[0], 1.0):
        return _apply(_DIV, (x, y.args[1]))
    return None


def _quotient(x: Any, y: Any) -> Any:
    return -_apply(_DIV, (x.args[0], y)) if _of(x, _NEG) else None


def _negation(x: Any) -> Any:
    return x.args[0] if _of(x, _NEG) else None


def _reciprocal(x: Any) -> Any:
    return _apply(_DIV, (1.0, x))


def _square(x: Any) -> Any:
    if _of(x, _DIV) and _is(x.args[0], 1.0):  # the square of a reciprocal
        return _apply(_DIV, (1.0, _apply(_SQUARE, (x.args[1],))))
    return _written(_POWER, (x, 2.0))


def _power(x: Any, n: Any) -> Any:
    return 1.0 if _is(n, 0.0) else None


def _log_product(x: Any, y: Any) -> Any:
    # 0 at x = 0, which the number beside the rule says.
    return _apply(_MUL, (x, _apply(TABLE["log"], (y,))))


_ADD, _SUB, _MUL, _DIV, _NEG = (TABLE[name] for name in ("add", "sub", "mul", "div", "neg"))
_POWER, _SQUARE, _EQUAL = (TABLE[name] for name in ("power", "square", "equal"))
_SHORTER: dict[Primitive, Callable[..., Any]] = {
    _ADD: _sum,
    _SUB: _difference,
    _MUL: _product,
    _DIV: _quotient,
    _NEG: _negation,
    TABLE["reciprocal"]: _reciprocal,
    _SQUARE: _square,
    _POWER: _power,
    TABLE["xlogy"]: _log_product,
}


def _written(row: Primitive, args: Sequence[Any]) -> Term:
    """Return a row of terms and numbers; of a long list of operands the ends."""
    shown = _ends_of(row, args)
    texts = [_figure(x) if isinstance(x, float) else x.text for x in shown]
    marks = [number_latex(x) if isinstance(x, float) else x.latex for x in shown]
    latex = row.latex(marks).replace(r"\dots \cdot \dots", r"\dots")
    return Term(
        row,
        tuple(args),
        Operand(row.text(texts), row.text.precedence),
        Operand(latex, row.latex.precedence, _BRACKETS),
    )


_DOTS = Term(None, (), Operand("…", ATOM), Operand(r"\dots", ATOM))


def _ends_of(row: Primitive, args: Sequence[Any]) -> list[Any]:
    if len(args) <= MOST_OPERANDS:
        return list(args)
    if not row.paired:
        return [*args[:3], _DOTS, args[-1]]
    half = len(args) // 2
    return [*args[:2], _DOTS, args[half - 1], *args[half : half + 2], _DOTS, args[-1]]


class Names:
    """One name for every node, and no two the same: labels, and v1, v2, ... where there is none.

    Args:
        nodes: in topological order; the last is the result, called z if nothing else is.

    >>> x = Value(2.0, "x")
    >>> y = x * x
    >>> names = Names([x, y, x + y])
    >>> [names[v] for v in (x, y)]
    ['x', 'v1']
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        self._text: dict[Value, str] = {}
        self._latex: dict[Value, str] = {}
        self._terms: dict[Value, Term] = {}
        labels = [label_text(node.label) for node in nodes]
        taken = {*filter(None, labels)}
        latex = {label: label_latex(label) for label in (*taken, "", "z")}
        marks = {latex[label] for label in taken}
        seen: dict[str, int] = {}
        used: set[str] = set()
        if nodes and not labels[-1] and "z" not in taken:
            labels[-1] = "z"
            taken.add("z")
        n = 0
        for node, label in zip(nodes, labels, strict=True):
            if label:
                k = seen[label] = seen.get(label, 0) + 1
                text = label if k == 1 else f"{label} ({k})"
                mark = latex[label]
            else:
                n += 1
                while f"v{n}" in taken or f"v_{{{n}}}" in marks:
                    n += 1
                text, mark, k = f"v{n}", f"v_{{{n}}}", 1
            while mark in used or text in used:  # as w1 and w_1 are the same in LaTeX
                k += 1
                text = text if text not in used else f"{label} ({k})"
                mark = rf"{{{latex[label]}}}^{{({k})}}"
            used |= {text, mark}
            self._text[node], self._latex[node] = text, mark

    def __getitem__(self, node: Value) -> str:
        return self._text[node]

    def latex(self, node: Value) -> str:
        """Return the name of a node in LaTeX."""
        return self._latex[node]

    def term(self, node: Value) -> Term:
        """Return the name of a node as a term."""
        found = self._terms.get(node)
        if found is None:
            found = self._terms[node] = Term.named(self._text[node], self._latex[node])
        return found


def ratio(d: str, z: str, x: str) -> str:
    """Return dz/dx for any names; d is "d" for the whole derivative and "∂" for a local one.

    >>> ratio("d", "z", "x"), ratio("∂", "loss", "layers.0.bias")
    ('dz/dx', '∂(loss)/∂(layers.0.bias)')
    """
    if all(len(name) <= 8 and name.isidentifier() for name in (z, x)):
        return f"{d}{z}/{d}{x}"
    return f"{d}({z})/{d}({x})"


def ratio_latex(d: str, z: str, x: str) -> str:
    r"""Return dz/dx in LaTeX.

    >>> ratio_latex("d", "z", "x"), ratio_latex("∂", "z", "x")
    ('\\frac{dz}{dx}', '\\frac{\\partial z}{\\partial x}')
    """
    return rf"\frac{{d{z}}}{{d{x}}}" if d == "d" else rf"\frac{{\partial {z}}}{{\partial {x}}}"


def forward_term(row: Primitive, operands: Iterable[Any]) -> Term:
    """Return a row applied to terms and numbers, just as it was recorded."""
    return _written(row, list(operands))


def partial_terms(row: Primitive, z: Term, operands: Sequence[Any]) -> list[Any] | None:
    """Return the partials of a row as terms and numbers, by running its rule on terms.

    None where the rule cannot be written: a user's own that runs on numbers only, or of very many
    operands.
    """
    return _terms_of(row.shown or row.partials, z, operands)


def textbook_terms(row: Primitive, z: Term, operands: Sequence[Any]) -> list[Any] | None:
    """Return the partials of a row as books print them, None for one where it is what is shown.

    None in place of all where the row has no second form, or it cannot be written.
    """
    return None if row.textbook is None else _terms_of(row.textbook, z, operands)


def _terms_of(rule: Any, z: Term, operands: Sequence[Any]) -> list[Any] | None:
    if len(operands) > MOST_WRITTEN:
        return None
    try:
        return [d if d is None or isinstance(d, Term) else number(d) for d in rule(z, *operands)]
    except Exception:  # a user's rule may raise anything when it is given no numbers
        return None


def short(text: str) -> str:
    """Return a text of at most 80 characters, its middle left out."""
    return clean(text, LONGEST)


def short_latex(term: Term) -> str:
    """Return a term in LaTeX, dots where it is very long."""
    return term.latex.text if len(term.latex.text) <= 300 else r"\dots"
