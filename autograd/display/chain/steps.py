"""`steps`: the forward and the backward pass, one small step after the other.

Forward there is a step for every node, backward one for every use of an operand, because that is
where the chain rule happens: upstream gradient times local derivative, added to what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

from autograd.display.chain.latex import Latex, number_latex
from autograd.display.chain.passes import Use, Walk
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
from autograd.escaping import markdown_text

# Of a longer walk the table shows the first and the last; each step can still be had by index.
MOST_LINES = 400
MOST_LATEX = 60
# The columns of a line are as wide as those of so many steps at either end.
MEASURED = 200
WIDEST = 40


def steps(z: Value) -> Steps:
    """Return the steps of the forward and the backward pass that z was made by and gives.

    First one step for each node, operands before results: its value. Then the backward pass: it
    begins with dz/dz = 1, and each use of an operand is a step that adds upstream gradient times
    local derivative to the operand's gradient. The numbers are those of `z.backward()`, bit for
    bit; no `grad` is read or set.

    The steps are a sequence: they can be counted, indexed, sliced and walked backward. Printed
    they are a table, and so is each part.

    Args:
        z: the result.

    Raises:
        TypeError: if z is no Value.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> f = x + y
    >>> f.label = "f"
    >>> walk = steps(f**2)
    >>> print(walk)
    forward: the value of every node
     1  x      given                         x = 1
     2  y      given                         y = 2
     3  f      x + y              1 + 2      f = 3
     4  z      f ** 2             3 ** 2     z = 9
    backward: upstream gradient × local derivative, added up
     5  z      the result                    dz/dz = 1
     6  z → f  ∂z/∂f = 2 * f = 6  1 × 6 = 6  dz/df = 0 + 6 = 6
     7  f → x  ∂f/∂x = 1          6 × 1 = 6  dz/dx = 0 + 6 = 6
     8  f → y  ∂f/∂y = 1          6 × 1 = 6  dz/dy = 0 + 6 = 6
    >>> last = walk[-1]
    >>> last.operand is y, last.upstream, last.local, last.contribution, last.after
    (True, 6.0, 1.0, 6.0, 6.0)
    """
    return steps_of(Walk(z))


def steps_of(walk: Walk) -> Steps:
    """Return all steps of a walk that was made."""
    return Steps(walk, range(len(walk.nodes) + 1 + len(walk.uses)))


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

        >>> x = Value(3.0, "x")
        >>> [step.rule for step in steps(x**2)]
        ['', 'x ** 2', '', '2 * x']
        """
        return self._written()[0]

    @property
    def numbers(self) -> str:
        """The same with numbers in place of names.

        >>> x = Value(3.0, "x")
        >>> [step.numbers for step in steps(x**2)]
        ['', '3 ** 2', '', '2 * 3']
        """
        return self._written()[1]

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
        """The texts of the line: where, rule, product, result."""
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
        return line_of(f"{self.number:>{self._widths()[0]}}", self.cells, self._widths()[1:])

    def __repr__(self) -> str:
        return f"<Step {self.number} {self.phase}: {'  '.join(filter(None, self.cells))}>"


def line_of(number: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return a line of a table with columns of these widths, the last as wide as its text."""
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join([number, *padded[:-1], cells[-1]])


class Steps(Sequence[Step]):
    """The steps of a walk, or some of them: a sequence, and a table when printed.

    Attributes:
        forward: the steps of the forward pass among them.
        backward: those of the backward pass.
    """

    def __init__(self, walk: Walk, which: range) -> None:
        self._walk = walk
        self._which = which

    def __len__(self) -> int:
        return len(self._which)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Steps: ...
    def __getitem__(self, index: int | slice) -> Step | Steps:
        if isinstance(index, slice):
            return self._of(self._which[index])
        try:
            return self._step(self._which[index])
        except IndexError:
            raise IndexError(f"there are {len(self)} step(s): none at {index}") from None

    def __iter__(self) -> Iterator[Step]:
        return map(self._step, self._which)

    @property
    def forward(self) -> Steps:
        """The steps of the forward pass, in the order of this sequence."""
        return self._part(True)

    @property
    def backward(self) -> Steps:
        """The steps of the backward pass, in the order of this sequence."""
        return self._part(False)

    def _part(self, forward: bool) -> Steps:
        inside = [i for i in self._which if (i < len(self._walk.nodes)) is forward]
        step = self._which.step
        return self._of(range(inside[0], inside[-1] + step, step) if inside else range(0))

    def _of(self, which: range) -> Steps:
        """Return these steps of the same walk, in columns of the same width."""
        part = Steps(self._walk, which)
        if "_widths" in self.__dict__:
            part.__dict__["_widths"] = self._widths
        return part

    def _step(self, i: int) -> Step:
        walk = self._walk
        n = len(walk.nodes)
        if i <= n:
            at = min(i, n - 1)
            node, name, value = walk.nodes[at], walk.name(at), walk.data[at]
            if i < n:
                fed = None, "", None, None, None, None, None, None
                return Step(i + 1, "forward", node, name, value, *fed, walk, None, self._columns)
            fed = node, name, None, None, None, 1.0, 0.0, 1.0
            return Step(i + 1, "backward", node, name, value, *fed, walk, None, self._columns)
        use = walk.uses[i - n - 1]
        return Step(
            number=i + 1,
            phase="backward",
            node=walk.nodes[use.node],
            name=walk.name(use.node),
            value=walk.data[use.node],
            operand=walk.nodes[use.operand],
            operand_name=walk.name(use.operand),
            position=use.position,
            upstream=use.upstream,
            local=use.local,
            contribution=use.contribution,
            before=use.before,
            after=use.after,
            _walk=walk,
            _use=use,
            _widths=self._columns,
        )

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        """The widths of the columns, the same for every part of the walk."""
        n = len(self._walk.nodes) + 1 + len(self._walk.uses)
        some = sorted({*range(min(n, MEASURED)), *range(max(0, n - MEASURED), n)})
        widths = [0] * 4
        for i in some:
            for k, cell in enumerate(self._step(i).cells):
                widths[k] = max(widths[k], min(len(cell), WIDEST))
        return (len(str(n)) + 1, *widths)

    def _columns(self) -> tuple[int, ...]:
        return self._widths

    def __str__(self) -> str:
        return "\n".join(self._lines(MOST_LINES, _HEADS, str, "    … {:,} more steps …"))

    def _lines(
        self, most: int, heads: dict[str, str], write: Callable[[Step], str], gap: str
    ) -> list[str]:
        """Return a line for each step and one where a phase begins, from both ends if many."""
        lines: list[str] = []
        phase = ""
        left_out = len(self) - most
        for part in (self,) if left_out <= 0 else (self[: most // 2], self[-(most - most // 2) :]):
            if lines:
                lines.append(gap.format(left_out))
            for step in part:
                if step.phase != phase:
                    phase = step.phase
                    lines.append(heads[phase])
                lines.append(write(step))
        return lines

    def __repr__(self) -> str:
        forward, backward = len(self.forward), len(self.backward)
        return f"<Steps: {forward} forward, {backward} backward; print them, or take one by index>"

    def markdown(self) -> str:
        """Return the steps as a Markdown table for each phase; labels cannot become markup."""

        def write(step: Step) -> str:
            cells = [str(step.number), *map(markdown_text, step.cells)]
            return f"| {' | '.join(cells)} |"

        heads = {phase: f"\n{columns}" for phase, columns in _COLUMNS.items()}
        gap = "| … | {:,} more steps | | | |"
        return "\n".join(self._lines(MOST_LINES, heads, write, gap)).strip()

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def latex(self) -> Latex:
        r"""Return the steps as aligned equations, one line each.

        >>> x = Value(3.0, "x")
        >>> print(steps(x**2).forward.latex())
        \begin{aligned}
        x &= 3 \\
        z &= x^{2} = 3^{2} = 9
        \end{aligned}
        """

        def write(step: Step) -> str:
            return step.latex_line("&=")

        heads = {"forward": "", "backward": ""}
        lines = [line for line in self._lines(MOST_LATEX, heads, write, r"&\;\;\vdots") if line]
        body = " \\\\\n".join(lines)
        return Latex(f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}")


_HEADS = {
    "forward": "forward: the value of every node",
    "backward": "backward: upstream gradient × local derivative, added up",
}
_COLUMNS = {
    "forward": "| forward | node | operation | with numbers | value |\n|--:|:--|:--|:--|:--|",
    "backward": (
        "| backward | node → operand | local derivative | upstream × local | running sum |\n"
        "|--:|:--|:--|:--|:--|"
    ),
}
