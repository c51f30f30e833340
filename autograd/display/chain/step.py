"""A step of a forward or backward pass, in words, in numbers and as a formula.

Its texts are made when they are asked for, from the walk that it is part of.
"""

from collections.abc import Callable
from dataclasses import dataclass

from autograd.display.chain.latex import Latex, number_latex
from autograd.display.chain.passes import Textbook, Use, Walk, beside
from autograd.display.chain.terms import (
    Term,
    figure,
    ratio,
    ratio_latex,
    short,
    short_latex,
    signed,
)
from autograd.engine.value import Value


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step of a forward or backward pass.

    Attributes:
        number: its place in the whole walk, from 1.
        phase: "forward" or "backward".
        node: forward the node whose value is computed; backward the one whose gradient is passed
            on, or the result for the first step.
        name: the node's name: its label, or v1, v2, ... where it has none, or z.
        value: the node's value.
        operand: the node whose gradient is fed; None forward.
        operand_name: its name, "" forward.
        position: which of the node's operands that is, from 0; None forward and for the first.
        upstream: the derivative of the result by `node`; None where nothing is passed on.
        local: the derivative of `node` by the operand.
        contribution: upstream * local.
        before: the operand's gradient before the contribution is added.
        after: the operand's gradient with it.

    >>> from autograd import steps
    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> last = steps(w * x)[-1]
    >>> last.phase, last.operand_name, last.rule
    ('backward', 'x', 'w')
    >>> last.upstream, last.local, last.contribution, last.before, last.after
    (1.0, 3.0, 3.0, 0.0, 3.0)
    >>> print(last)
     6  z → x  ∂z/∂x = w = 3  1 × 3 = 3  dz/dx = 0 + 3 = 3
    """

    number: int
    phase: str
    node: Value
    name: str
    value: float
    operand: Value | None
    operand_name: str
    position: int | None
    upstream: float | None
    local: float | None
    contribution: float | None
    before: float | None
    after: float | None
    _walk: Walk
    _use: Use | None
    _widths: Callable[[], tuple[int, ...]]

    @property
    def rule(self) -> str:
        """The operation in symbols, or the local derivative; "" for leaves and the first step.

        >>> from autograd import steps
        >>> x = Value(3.0, "x")
        >>> [step.rule for step in steps(x**2)]
        ['', 'x ** 2', '', '2 * x']
        """
        return self._written()[0]

    @property
    def numbers(self) -> str:
        """The same with numbers in place of names.

        >>> from autograd import steps
        >>> x = Value(3.0, "x")
        >>> [step.numbers for step in steps(x**2)]
        ['', '3 ** 2', '', '2 * 3']
        """
        return self._written()[1]

    @property
    def textbook(self) -> str:
        """The local derivative as books print it; "" where that is `rule`.

        >>> from autograd import steps
        >>> last = steps(Value(0.5, "x").tanh())[-1]
        >>> last.rule, last.textbook
        ('1 / cosh(x) ** 2', '1 - tanh(x) ** 2')
        """
        found = self._textbook()
        return "" if found is None else found.text

    @property
    def textbook_value(self) -> float | None:
        """What that form is in floats, which may have lost its digits; None where there is none.

        >>> from autograd import steps
        >>> last = steps(Value(20.0, "x").tanh())[-1]
        >>> last.local, last.textbook_value
        (1.6993417021166355e-17, 0.0)
        """
        found = self._textbook()
        return None if found is None else found.value

    def _textbook(self) -> Textbook | None:
        use = self._use
        return None if use is None else self._walk.textbook(use.node, use.position)

    def _terms(self) -> tuple[Term, Term] | None:
        """Return the rule in names and in numbers; None where there is nothing to write."""
        walk, use = self._walk, self._use
        if use is not None:
            found = walk.partial(use.node, use.position)
            return found if found and isinstance(found[0], Term) else None
        if self.phase == "forward" and self.node.op is not None:
            return walk.forward(walk.place[self.node])
        return None

    def _written(self) -> tuple[str, str]:
        terms = self._terms()
        if terms is None:
            return ("", "") if self.local is None else (figure(self.local), figure(self.local))
        return short(terms[0].text.text), short(terms[1].text.text)

    @property
    def derivative(self) -> str:
        """The name of the local derivative, such as ∂z/∂x; "" where none is used.

        Of an operand that is used twice in one operation, ∂z/∂x[1] is the first use.
        """
        use = self._use
        return "" if use is None else self._walk.local_name(use.node, use.position)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The texts of the line: where, rule, product, result.

        Beside a rule that is not the one of books stands theirs.
        """
        where, rule, product, result = self.narrow_cells
        return where, f"{rule}{beside(self._textbook())}", product, result

    @property
    def narrow_cells(self) -> tuple[str, str, str, str]:
        """The same without the forms of books, by which columns are as wide as they are."""
        symbols, numbers = self._written()
        z = self._walk.name(len(self._walk.nodes) - 1)
        if self.phase == "forward":
            rule = symbols or "given"
            return self.name, rule, numbers, f"{self.name} = {figure(self.value)}"
        if self._use is None:
            return self.name, "the result", "", f"{ratio('d', z, z)} = 1"
        upstream, local, contribution, before, after = self._numbers()
        written = [self.derivative, symbols, figure(local)]
        if symbols == figure(local):
            del written[1]
        product = f"{figure(upstream)} × {signed(local)} = {figure(contribution)}"
        total = f"{figure(before)} + {signed(contribution)} = {figure(after)}"
        where = f"{self.name} → {self.operand_name}"
        return where, " = ".join(written), product, f"{ratio('d', z, self.operand_name)} = {total}"

    def _numbers(self) -> tuple[float, float, float, float, float]:
        use = self._use
        assert use is not None
        return use.upstream, use.local, use.contribution, use.before, use.after

    @property
    def latex(self) -> Latex:
        r"""The step as a formula.

        >>> from autograd import steps
        >>> x = Value(3.0, "x")
        >>> print(steps(x**2)[-1].latex)
        \frac{dz}{dx} = 0 + \frac{dz}{dz} \cdot \frac{\partial z}{\partial x} = 0 + 1 \cdot 6 = 6
        """
        return Latex(self.latex_line("="))

    def latex_line(self, equals: str) -> str:
        """Return the formula with a sign of its own for the first "=", "&=" in aligned lines."""
        walk = self._walk
        name = walk.names.latex(self.node)
        if self.phase == "forward":
            terms = self._terms()
            parts = [name, number_latex(self.value).text]
            if terms is not None:
                parts[1:1] = [short_latex(term) for term in terms]
            return f"{parts[0]} {equals} {' = '.join(filter(None, parts[1:]))}"
        z = walk.name_latex(len(walk.nodes) - 1)
        if self._use is None or self.operand is None:
            return rf"{ratio_latex('d', z, z)} {equals} 1"
        upstream, local = (f"{number_latex(x):2}" for x in self._numbers()[:2])
        before, after = (number_latex(x).text for x in self._numbers()[3:])
        operand = walk.names.latex(self.operand)
        factors = rf"{ratio_latex('d', z, name)} \cdot {ratio_latex('∂', name, operand)}"
        return (
            f"{ratio_latex('d', z, operand)} {equals} {before} + {factors} = "
            rf"{before} + {upstream} \cdot {local} = {after}"
        )

    def _repr_latex_(self) -> str:
        return self.latex._repr_latex_()  # pyright: ignore[reportPrivateUsage]

    def __str__(self) -> str:
        first, *widths = self._widths()
        padded = [cell.ljust(width) for cell, width in zip(self.cells, widths, strict=True)]
        # The last column is as wide as its text.
        return "  ".join([f"{self.number:>{first}}", *padded[:-1], self.cells[-1]])

    def __repr__(self) -> str:
        return f"<Step {self.number} {self.phase}: {'  '.join(filter(None, self.cells))}>"
