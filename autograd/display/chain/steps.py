"""`steps`: the forward and the backward pass, one small step after the other.

Forward there is a step for every node, backward one for every use of an operand, because that is
where the chain rule happens: upstream gradient times local derivative, added to the sum so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import overload

from autograd.display.chain.latex import Latex
from autograd.display.chain.passes import Walk
from autograd.display.chain.step import Step
from autograd.engine.value import Value
from autograd.table import Table

# Of a longer walk the table shows the first and the last; each step can still be had by index.
MOST_LINES = 400
MOST_LATEX = 60
# Columns are as wide as their cells in this many steps at either end.
MEASURED = 200
WIDEST = 40


def steps(z: Value) -> Steps:
    """Return the steps of the forward and the backward pass that z was made by and gives.

    First one step for each node, operands before results: its value. Then the backward pass: it
    begins with dz/dz = 1, and each use of an operand is a step that adds upstream gradient times
    local derivative to the operand's gradient. The numbers are those of `z.backward()`, bit for
    bit; no `grad` is read or set.

    The steps are a sequence: they can be counted, indexed, sliced and walked backward. Printed
    they are a table, and so is each part. Where a rule is not the one that books print, theirs
    stands beside it; where theirs has lost its digits in floats, with the number that is left.

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
    >>> print(steps(Value(20.0, "x").tanh())[-1].cells[1])
    ∂z/∂x = 1 / cosh(x) ** 2 = 1.69934e-17 (textbook: 1 - tanh(x) ** 2, 0 in floats)
    """
    return steps_of(Walk(z))


def steps_of(walk: Walk) -> Steps:
    """Return all steps of a walk that was made."""
    return Steps(walk, range(len(walk.nodes) + 1 + len(walk.uses)))


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
            for k, cell in enumerate(self._step(i).narrow_cells):
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
        first, left_out, last = self._ends(most)
        for part in (first, last):
            if left_out and part is last:
                lines.append(gap.format(left_out))
            for step in part:
                if step.phase != phase:
                    phase = step.phase
                    lines.append(heads[phase])
                lines.append(write(step))
        return lines

    def _ends(self, most: int) -> tuple[Steps, int, Steps]:
        """Return the first and the last steps, at most this many, and how many are left out."""
        left_out = len(self) - most
        if left_out <= 0:
            return self, 0, self[:0]
        return self[: most // 2], left_out, self[-(most - most // 2) :]

    def __repr__(self) -> str:
        forward, backward = len(self.forward), len(self.backward)
        return f"<Steps: {forward} forward, {backward} backward; print them, or take one by index>"

    def markdown(self) -> str:
        """Return the steps as a Markdown table for each phase; labels cannot become markup."""
        first, left_out, last = self._ends(MOST_LINES)
        rows = [(step.phase, (str(step.number), *step.cells)) for step in first]
        if left_out:
            rows.append((rows[-1][0], ("…", f"{left_out:,} more steps", "", "", "")))
        rows += [(step.phase, (str(step.number), *step.cells)) for step in last]
        return "\n\n".join(
            Table(_COLUMNS[phase], [row for _, row in part], "><<<<").markdown()
            for phase, part in groupby(rows, itemgetter(0))
        )

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
    "forward": ("forward", "node", "operation", "with numbers", "value"),
    "backward": (
        "backward", "node → operand", "local derivative", "upstream × local", "running sum",
    ),
}  # fmt: skip
