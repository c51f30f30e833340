"""The mathematics of a graph: its expression in LaTeX.

Every form comes from the rows' own notation. Shared and labelled nodes get a line of their own
and a name, so the text grows with the number of nodes and not with the number of paths.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.engine.backward import order
from autograd.engine.primitive import ATOM, PRODUCT, SUM, Operand, Primitive
from autograd.engine.value import Value
from autograd.escaping import clean

# A longer expression is named and goes on its own line; with nesting that is bounded, so is the
# time for a chain of any depth.
MOST_CHARACTERS = 160
MOST_LINES = 40
MOST_NODES = 2_000
MOST_OPERANDS = 10

GREEK = frozenset(
    """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau
    upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
    """.split()  # noqa: SIM905  # a list of 34 strings reads worse
)
_SUBSCRIPTED = re.compile(r"([A-Za-z]+)_?(\d+)|([A-Za-z]+)_([A-Za-z0-9]+)")
_SPECIAL = {
    "\\": r"\backslash ",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\wedge ",
    "~": r"\sim ",
    " ": r"\ ",
    "\n": r"\ ",
    "\t": r"\ ",
    "<": r"\lt ",
    ">": r"\gt ",
}
_ESCAPED = str.maketrans(_SPECIAL)
_BRACKETS = r"\left(", r"\right)"
_DOTS = r"\dots"


class Latex(str):
    r"""LaTeX text without dollar signs, which notebooks show as a formula.

    >>> Latex("x^{2}")._repr_latex_()
    '$\\displaystyle x^{2}$'
    """

    __slots__ = ()

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self}$"


def latex(z: Value) -> Latex:
    r"""Return the expression of z in LaTeX.

    Leaves stand by their labels, and by their numbers if they have none. Nodes with a label, nodes
    used more than once (u_1, u_2, ...) and long parts are defined on lines of their own. Of more
    than 40 lines the last are shown.

    Raises:
        TypeError: if z is no Value.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x, w1 = Value(2.0, "x"), Value(3.0, "w1")
    >>> latex((w1 * x + 1.0) ** 2)
    '\\left(w_{1} \\cdot x + 1\\right)^{2}'
    >>> u = w1 + x
    >>> print(latex(u * u.tanh()))
    \begin{aligned}
    u_{1} &= w_{1} + x \\
    z &= u_{1} \cdot \tanh\left(u_{1}\right)
    \end{aligned}
    """
    nodes = order(z)
    names = _Names(node.label for node in nodes if node.op is None and node.label)
    written: dict[Value, Operand] = {}
    lines: list[tuple[str, str]] = []
    first = max(0, len(nodes) - MOST_NODES)
    uses: dict[Value, int] = {}
    for node in nodes[first:]:
        for x in node.args:
            if isinstance(x, Value):
                uses[x] = uses.get(x, 0) + 1
    for node in nodes[first:]:
        if node.op is None:
            continue
        row: Any = node.op
        operands = [_operand(x, written, names, first > 0) for x in _shortened(row, node.args)]
        text, precedence = _written(row, operands)
        if node is z:
            break
        if node.label or uses.get(node, 0) > 1 or len(text) > MOST_CHARACTERS:
            name = names.defined(node.label)
            lines.append((name, text))
            text, precedence = name, ATOM
        written[node] = Operand(text, precedence, _BRACKETS)
    else:
        text = _operand(z, written, names, False).text
    if not lines:
        return Latex(f"{names.defined(z.label)} = {text}" if z.label and z.op is not None else text)
    lines.append((names.defined(z.label or "z"), text))
    shown = [f"{name} &= {text}" for name, text in lines[-MOST_LINES:]]
    if first or len(lines) > MOST_LINES:
        shown.insert(0, r"&\;\;\vdots")
    body = " \\\\\n".join(shown)
    return Latex(f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}")


class _Names:
    """Gives every node one name, and no two nodes the same."""

    def __init__(self, taken: Any) -> None:
        self._leaves: dict[Value, str] = {}
        self._taken = {label_latex(label) for label in taken}
        self._seen: dict[str, int] = {}
        self._next = 0

    def leaf(self, node: Value) -> Operand:
        """Return a leaf by its label, with a number where several have the same; or its data."""
        if not node.label:
            return number_latex(node.data)
        name = self._leaves.get(node)
        if name is None:
            plain = label_latex(node.label)
            k = self._seen[plain] = self._seen.get(plain, 0) + 1
            name = plain if k == 1 else rf"{{{plain}}}_{{({k})}}"
            self._leaves[node] = name
        return Operand(name, ATOM)

    def defined(self, label: str) -> str:
        """Return a new name for an interior node: its label if that is free."""
        name = label_latex(label) if label else ""
        while not name or name in self._taken:
            self._next += 1
            name = f"u_{{{self._next}}}"
        self._taken.add(name)
        return name


def _operand(x: Value | float, written: Mapping[Value, Operand], names: _Names, cut: bool) -> Any:
    if not isinstance(x, Value):
        return Operand(x, ATOM) if isinstance(x, str) else number_latex(x)
    if x in written:
        return written[x]
    return names.leaf(x) if x.op is None or not cut else Operand(_DOTS, ATOM)


def _shortened(row: Primitive, args: Sequence[Any]) -> list[Any]:
    """Return operands, with dots for the middle of a long list, or of each of two."""
    if len(args) <= MOST_OPERANDS:
        return list(args)
    if row.paired:
        half = len(args) // 2
        return [*_ends(args[:half]), *_ends(args[half:])]
    return _ends(args)


def _ends(args: Sequence[Any]) -> list[Any]:
    return [*args[:3], _DOTS, args[-1]] if len(args) > MOST_OPERANDS // 2 else list(args)


def _written(row: Primitive, operands: Sequence[Operand]) -> tuple[str, int]:
    text = row.latex(operands).replace(rf"{_DOTS} \cdot {_DOTS}", _DOTS)
    return text, row.latex.precedence


def number_latex(x: float) -> Operand:
    r"""Return a number as an operand, with six significant digits.

    >>> [number_latex(x).text for x in (2.0, 0.1, -1.5e-7, math.inf)]
    ['2', '0.1', '-1.5 \\times 10^{-7}', '\\infty']
    """
    sign = "-" if math.copysign(1.0, x) < 0 and x == x else ""
    precedence = SUM if sign else ATOM
    if x != x:
        return Operand(r"\mathrm{nan}", ATOM)
    if math.isinf(x):
        return Operand(rf"{sign}\infty", precedence, _BRACKETS)
    mantissa, _, exponent = f"{abs(x):.6g}".partition("e")
    if exponent:
        times = rf"{mantissa} \times 10^{{{int(exponent)}}}"
        return Operand(f"{sign}{times}", precedence if sign else PRODUCT, _BRACKETS)
    return Operand(f"{sign}{mantissa}", precedence, _BRACKETS)


def label_latex(label: str) -> str:
    r"""Return a label as a name in mathematics; any text is safe.

    >>> [label_latex(s) for s in ("x", "alpha", "w1", "w_in", "theta_2", "a_b c")]
    ['x', '\\alpha', 'w_{1}', 'w_{\\mathrm{in}}', '\\theta_{2}', '\\mathrm{a\\_b\\ c}']
    """
    if (len(label) == 1 and label.isalpha() and label.isascii()) or label in GREEK:
        return label if label not in GREEK else rf"\{label}"
    found = _SUBSCRIPTED.fullmatch(label) if len(label) < 40 else None
    if found is not None:
        base, digits, stem, word = found.groups()
        base = label_latex(base or stem)
        if digits or word.isdigit() or len(word) == 1:
            return f"{base}_{{{digits or word}}}"
        inner = label_latex(word) if word in GREEK else rf"\mathrm{{{word}}}"
        return f"{base}_{{{inner}}}"
    kept = clean(label, 60)
    return rf"\mathrm{{{kept.translate(_ESCAPED)}}}"
