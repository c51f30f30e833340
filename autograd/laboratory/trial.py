"""What a wrong mode gives: both passes edge by edge, and where the first number goes wrong.

The right pass is the engine's, bit for bit, as `Walk` keeps it. A `Pass` is any other: it works on
copies of the graph's numbers, and notes each use of an operand as it meets it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autograd import asked
from autograd.display.chain.passes import Use, Walk
from autograd.display.chain.terms import figure, signed
from autograd.engine.value import Value
from autograd.laboratory.readable import WIDEST, Part, Readable
from autograd.table import Table
from autograd.transforms.sweep import Edge

# Of longer passes and larger graphs the tables show so many rows, those about the first slip.
MOST_ROWS = 24
CROSS = "✗"


def same(x: float, y: float) -> bool:
    """Tell whether two numbers are the same, nan included.

    >>> same(math.nan, math.nan), same(1.0, 1.0 + 2**-52)
    (True, False)
    """
    return x == y or (x != x and y != y)


def near(x: float, y: float) -> bool:
    """Tell whether two numbers are the same but for rounding: sums in another order."""
    return same(x, y) or math.isclose(x, y, rel_tol=1e-9)


class Pass:
    """A backward pass underway, on numbers of its own.

    Args:
        walk: the graph.
        data: the values of its nodes; those of the recording if left out.
        gradients: what the nodes' gradients start from; zeros if left out. That of the result
            is 1.

    Attributes:
        data: the values, which the pass may move.
        gradients: the gradients so far, in topological order.
        uses: every use of an operand so far, in the order of this pass.
    """

    def __init__(
        self,
        walk: Walk,
        data: Sequence[float] | None = None,
        gradients: Sequence[float] | None = None,
    ) -> None:
        n = len(walk.nodes)
        self.walk = walk
        self.data = list(walk.data if data is None else data)
        self.gradients = [0.0] * n if gradients is None else list(gradients)
        self.gradients[-1] = 1.0
        self.uses: list[Use] = []

    def feed(self, i: int, edge: Edge, *, overwrite: bool = False) -> None:
        """Pass the gradient of node i on along one edge."""
        j: int = edge.operand
        upstream, before = self.gradients[i], self.gradients[j]
        contribution = 0.0 if edge.is_closed else upstream * edge.partial
        after = contribution if overwrite else before if edge.is_closed else before + contribution
        self.gradients[j] = after
        self.uses.append(Use(i, *edge, upstream, contribution, before, after))

    def feed_all(self, i: int, *, overwrite: bool = False) -> None:
        """Pass the gradient of node i on to all of its operands."""
        for edge in self.walk.edges(i, self.data):
            self.feed(i, edge, overwrite=overwrite)

    def sweep(self) -> Pass:
        """Do all of it as it should be done: results before operands, every node once."""
        for i in range(len(self.walk.nodes) - 1, -1, -1):
            self.feed_all(i)
        return self


def consumers(walk: Walk) -> list[list[int]]:
    """Return for each node the nodes that use it, once for each use, in order of the pass."""
    found: list[list[int]] = [[] for _ in walk.nodes]
    for i in range(len(walk.nodes) - 1, -1, -1):
        for j in walk.operands(i):
            found[j].append(i)
    return found


@dataclass(frozen=True, slots=True)
class Slip:
    """Where the first number goes wrong.

    Attributes:
        number: the step of the wrong pass, from 1.
        node: the node that passes its gradient on.
        name: its name.
        operand: the node it is passed on to.
        operand_name: its name.
        position: which of the node's operands that is, from 0.
        what: the number that is wrong, such as "running sum" or "local derivative".
        right: what it should be.
        wrong: what it is.
        why: the reason, in a sentence.

    >>> from autograd import laboratory
    >>> a = Value(1.0, "a")
    >>> slip = laboratory.overwrite(a + a).first
    >>> slip.edge, slip.what, slip.right, slip.wrong
    ('z → a', 'running sum', 2.0, 1.0)
    """

    number: int
    node: Value
    name: str
    operand: Value
    operand_name: str
    position: int
    what: str
    right: float
    wrong: float
    why: str

    @property
    def edge(self) -> str:
        """The edge as node → operand."""
        return f"{self.name} → {self.operand_name}"

    def __str__(self) -> str:
        return (
            f"first wrong number: step {self.number}, {self.edge}: the {self.what} is "
            f"{figure(self.wrong)}, right is {figure(self.right)}\nwhy: {self.why}"
        )


def slip_at(
    walk: Walk, number: int, use: Use, what: str, right: float, wrong: float, why: str
) -> Slip:
    """Return the slip that happens at a use."""
    node, operand = walk.nodes[use.node], walk.nodes[use.operand]
    names = walk.name(use.node), walk.name(use.operand)
    return Slip(number, node, names[0], operand, names[1], use.position, what, right, wrong, why)


@dataclass(frozen=True, slots=True)
class Line:
    """A use of an operand in the wrong pass, with the same use in the right one.

    Attributes:
        right: the use in the right pass; None where that does not pass here again.
        wrong: the use in the wrong pass.
        differs: whether a number in them differs.
    """

    right: Use | None
    wrong: Use
    differs: bool


def side_by_side(right: Sequence[Use], wrong: Sequence[Use]) -> list[Line]:
    """Return the lines of two passes that meet the uses in the same order."""
    return [
        Line(
            mine,
            other,
            not all(
                same(getattr(mine, what), getattr(other, what))
                for what in ("upstream", "local", "after")
            ),
        )
        for mine, other in zip(right, wrong, strict=True)
    ]


class Trial(Readable):
    """A wrong mode beside the right one, on the same graph.

    Attributes:
        mode: the name of the mode.
        rules: the line of code that is right, and the one that is wrong.
        right: the gradients of the right pass, by node.
        wrong: those of the wrong pass.
        first: where the first number goes wrong; None where none does.
        lines: both passes edge by edge, in the order of the wrong one.

    >>> from autograd import laboratory
    >>> a = Value(1.0, "a")
    >>> trial = laboratory.overwrite(a + a)
    >>> trial
    <OverwriteTrial overwrite instead of add: first wrong at z → a; print it>
    >>> trial.right[a], trial.wrong[a], len(trial.lines)
    (2.0, 1.0, 2)
    """

    def __init__(
        self,
        mode: str,
        rules: tuple[str, str],
        walk: Walk,
        right: Sequence[float],
        wrong: Sequence[float],
        first: Slip | None,
        lines: Sequence[Line],
        harmless: str,
        *,
        exact: bool = True,
    ) -> None:
        asked.instance("a Trial", walk, Walk, "the walk that the laboratory's functions make")
        if not len(walk.nodes) == len(right) == len(wrong):
            raise ValueError(f"a Trial takes two gradients for each of {len(walk.nodes)} node(s)")
        self.mode = mode
        self.rules = rules
        self.right = dict(zip(walk.nodes, right, strict=True))
        self.wrong = dict(zip(walk.nodes, wrong, strict=True))
        self.first = first
        self.lines = lines
        self._walk = walk
        self._harmless = harmless
        self._agree = same if exact else near

    def parts(self) -> list[Part]:
        """Return the paragraphs and tables: rules, both passes, the slip, the gradients."""
        first = str(self.first) if self.first else f"no number goes wrong here: {self._harmless}"
        return [*self._head(), *self._passes(), first, self._gradients()]

    def _head(self) -> list[Part]:
        return [f"{self.mode}\nright: {self.rules[0]}\nwrong: {self.rules[1]}"]

    def _passes(self) -> list[Part]:
        if not self.lines:
            return []
        first, last = 0, len(self.lines)
        note = ""
        if last > MOST_ROWS:
            at = self.first.number - 1 if self.first else 0
            first = max(0, min(at - MOST_ROWS // 3, last - MOST_ROWS))
            last = first + MOST_ROWS
            note = f"steps {first + 1} to {last} of {len(self.lines):,}"
        rows = [
            (
                str(number + 1),
                self._edge(line.wrong),
                "not again" if line.right is None else self._sum(line.right),
                self._wrong_sum(line.wrong),
                CROSS * line.differs,
            )
            for number, line in enumerate(self.lines[first:last], first)
        ]
        head = ("step", "edge", "right: before + upstream × local", "wrong", "")
        return [Table(head, rows, "><<<<", note, WIDEST)]

    def _edge(self, use: Use) -> str:
        return f"{self._walk.name(use.node)} → {self._walk.name(use.operand)}"

    @staticmethod
    def _sum(use: Use) -> str:
        product = f"{figure(use.upstream)} × {signed(use.local)}"
        return f"{figure(use.before)} + {product} = {figure(use.after)}"

    def _wrong_sum(self, use: Use) -> str:
        return self._sum(use)

    def _gradients(self) -> Table:
        """Return the gradients of all nodes, or of those that went wrong if there are many."""
        walk = self._walk
        z = walk.name(len(walk.nodes) - 1)
        places = range(len(walk.nodes) - 1, -1, -1)
        wrong = [i for i in places if not self._agrees(i)]
        shown = list(places) if len(places) <= MOST_ROWS else wrong[:MOST_ROWS]
        note = (
            f"{len(wrong):,} of {len(places):,} gradients are wrong"
            if len(places) > MOST_ROWS
            else ""
        )
        rows = [
            (
                walk.name(i),
                figure(walk.data[i]),
                *(figure(numbers[walk.nodes[i]]) for numbers in (self.right, self.wrong)),
                *self._also(walk.nodes[i]),
                CROSS * (not self._agrees(i)),
            )
            for i in shown
        ]
        also = self._also_heads()
        head = ("node", "value", f"d{z}/d· right", "wrong", *also, "")
        return Table(head, rows, f"<>>>{'>' * len(also)}<", note, WIDEST)

    def _agrees(self, i: int) -> bool:
        node = self._walk.nodes[i]
        return self._agree(self.right[node], self.wrong[node])

    def _also_heads(self) -> tuple[str, ...]:
        """Return the heads of further columns."""
        return ()

    def _also(self, node: Value) -> tuple[str, ...]:
        """Return the cells of further columns."""
        return ()

    def __repr__(self) -> str:
        where = f"first wrong at {self.first.edge}" if self.first else "no number wrong"
        return f"<{type(self).__name__} {self.mode}: {where}; print it>"
