"""What a rolled program is made of: arrays, views of their columns, and a few kinds of statements.

An array holds one column for each scalar of a group, and one row for each sample: (batch, width);
what the sample does not decide is (width,). Rows of the table apply element by element; all else is
moving columns and adding them up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from autograd.compile.arrays.windows import Lattice, lattice
from autograd.compile.graph.graph import CONSTANT, Floats, Graph, Ints, repeated
from autograd.engine.primitive import Primitive

# What a program is asked for: f's values; the gradient of their mean, or by an argument; the
# parameters' for each sample.
Task = Literal["value", "gradient", "each"]


@dataclass(eq=False, slots=True)
class Array:
    """A group of scalars.

    Attributes:
        name: in the text.
        width: how many scalars there are for each sample.
        batched: whether they depend on the sample.
        data: the numbers of a constant; None for any other array.
        note: what the scalars are, for a comment.
    """

    name: str
    width: int
    batched: bool
    data: Floats | None = None
    note: str = ""

    @property
    def whole(self) -> View:
        """All columns."""
        return View(self, 0, self.width, 1)


# What the result's adjoint is: 1, or 1 / batch for a mean.
SHARE = Array("share", 1, False)


@dataclass(frozen=True, slots=True)
class View:
    """Columns of an array: `start` up to `stop` by `step`. One column broadcasts."""

    array: Array
    start: int
    stop: int
    step: int = 1

    @property
    def width(self) -> int:
        """The number of columns."""
        return -(-(self.stop - self.start) // self.step)

    @property
    def columns(self) -> Ints:
        """The columns by their numbers."""
        return np.arange(self.start, self.stop, self.step)

    @property
    def is_whole(self) -> bool:
        """Whether these are all columns, in order."""
        return self.start == 0 and self.step == 1 and self.stop == self.array.width

    def part(self, start: int, stop: int, step: int = 1) -> View:
        """Return some of the columns."""
        at = self.start + start * self.step
        last = self.start + (stop - 1) * self.step
        return View(self.array, at, last + 1, self.step * step)


Operand: TypeAlias = View | float


@dataclass(frozen=True, slots=True)
class Matrix:
    """Numbers of an array as a matrix, without a copy.

    They are `array[start : start + rows * stride]` as rows of `stride`, of which the columns from
    `skip` on are taken; transposed if so.

    """

    array: Array
    start: int
    rows: int
    stride: int
    skip: int
    columns: int
    transposed: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs, after transposing."""
        return (self.columns, self.rows) if self.transposed else (self.rows, self.columns)

    @property
    def places(self) -> Ints:
        """The places in the array of the matrix's numbers, as it lies in the array."""
        first = self.start + self.skip + self.stride * np.arange(self.rows)
        return (first[:, None] + np.arange(self.columns)).ravel()


@dataclass(frozen=True, slots=True)
class Apply:
    """out = row(operands), element by element."""

    out: Array
    row: Primitive
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Concat:
    """Out = the pieces side by side, each with its width; one column, or a number, fills it."""

    out: Array
    pieces: tuple[tuple[Operand, int], ...]


@dataclass(frozen=True, slots=True)
class Take:
    """Out = the columns `index` of the source; 0 where the index is -1."""

    out: Array
    source: View
    index: Ints = field(repr=False)

    @property
    def padded(self) -> bool:
        """Whether some columns are 0."""
        return bool((self.index < 0).any())


@dataclass(frozen=True, slots=True)
class Slide:
    """Out = columns of the source at even steps in several directions, as windows have them."""

    out: Array
    source: View
    lattice: Lattice


@dataclass(frozen=True, slots=True)
class Overlap:
    """Out = windows added up where they came from: the gradient of a `Slide` by its source."""

    out: Array
    g: View
    lattice: Lattice


@dataclass(frozen=True, slots=True)
class Reduce:
    """Out = the sums of each `size` columns of the source."""

    out: Array
    source: View
    size: int


@dataclass(frozen=True, slots=True)
class SumBatch:
    """Out = the sum over the samples."""

    out: Array
    source: View


@dataclass(frozen=True, slots=True)
class Many:
    """Out = a row of any number of operands, of each `size` columns of the source."""

    out: Array
    row: Primitive
    source: View
    size: int


@dataclass(frozen=True, slots=True)
class Dense:
    """Out = source @ weights.T for each window of the source's columns."""

    out: Array
    source: View
    weights: Matrix
    windows: int


@dataclass(frozen=True, slots=True)
class DenseOperand:
    """Out = g @ weights: the gradient of a `Dense` by its source."""

    out: Array
    g: View
    weights: Matrix
    windows: int


@dataclass(frozen=True, slots=True)
class DenseWeights:
    """Out = g.T @ source: the gradient of a `Dense` by its weights, as they lie in the array."""

    out: Array
    g: View
    source: View
    weights: Matrix
    windows: int


Statement: TypeAlias = (
    Apply
    | Concat
    | Take
    | Slide
    | Overlap
    | Reduce
    | SumBatch
    | Many
    | Dense
    | DenseOperand
    | DenseWeights
)


def operands_of(statement: Statement) -> list[Operand]:
    """Return what a statement reads, matrices as all of their array."""
    match statement:
        case Apply():
            return list(statement.operands)
        case Concat():
            return [operand for operand, _ in statement.pieces]
        case Take() | Slide() | Reduce() | SumBatch() | Many():
            return [statement.source]
        case Dense():
            return [statement.source, statement.weights.array.whole]
        case Overlap():
            return [statement.g]
        case DenseOperand():
            return [statement.g, statement.weights.array.whole]
        case DenseWeights():
            return [statement.g, statement.source]


@dataclass(slots=True)
class Routine:
    """A list of statements underway, with names for what they make.

    Attributes:
        inputs: the arrays of the arguments.
        theta: the parameters.
        statements: in order.
        constants: arrays of numbers that never change.
        made: how many arrays were named.
        known: constants that were made already, by their numbers.
        applied: results of rows that were made already, by row and operands.
    """

    inputs: list[Array]
    theta: Array
    statements: list[Statement] = field(default_factory=list[Statement])
    constants: list[Array] = field(default_factory=list[Array])
    made: int = 0
    known: dict[bytes, Array] = field(default_factory=dict[bytes, Array])
    applied: dict[Any, Array] = field(default_factory=dict[Any, Array])

    def array(self, width: int, batched: bool, letter: str = "v", note: str = "") -> Array:
        """Return a new array with a name of its own."""
        self.made += 1
        return Array(f"{letter}{self.made}", width, batched, note=note)

    def constant(self, numbers: Any) -> Array:
        """Return the array of some numbers, one for the same numbers."""
        data = np.asarray(numbers, dtype=np.float64)
        key = data.tobytes()
        if key not in self.known:
            array = Array(f"c{len(self.constants) + 1}", len(data), False, data)
            self.known[key] = array
            self.constants.append(array)
        return self.known[key]

    def apply(self, row: Primitive, operands: Sequence[Operand], note: str = "") -> View:
        """Append a row applied to operands and return its result; the same one for the same."""
        # 0.0 and -0.0 are equal, and nan is not: numbers go by how they are written.
        key = row, tuple([x if isinstance(x, View) else repr(x) for x in operands])
        known = self.applied.get(key)
        if known is not None:
            return known.whole
        views = [x for x in operands if isinstance(x, View)]
        width = max([x.width for x in views], default=1)
        batched = any(x.array.batched for x in views)
        out = self.array(width, batched, note=note)
        self.statements.append(Apply(out, row, tuple(operands)))
        self.applied[key] = out
        return out.whole

    def run(
        self, graph: Graph, inputs: Sequence[Operand], apply: Callable[..., Operand] | None = None
    ) -> list[Operand]:
        """Append a small graph node by node, its inputs being arrays, and return its outputs.

        Args:
            graph: without parameters.
            inputs: what stands for its inputs.
            apply: appends a row applied to operands, where that is not always one statement.
        """
        found: list[Operand] = []
        for code, place, operands in graph.nodes():
            if code == CONSTANT:
                found.append(float(graph.numbers[place]))
            elif code < 0:
                found.append(inputs[place])
            else:
                found.append((apply or self.apply)(graph.rows[code], [found[x] for x in operands]))
        return [found[i] for i in graph.outputs.tolist()]

    def rewind(self, count: int) -> None:
        """Drop all statements after the first `count`."""
        dropped = {statement.out for statement in self.statements[count:]}
        del self.statements[count:]
        self.applied = {k: out for k, out in self.applied.items() if out not in dropped}

    def concat(self, pieces: Sequence[tuple[Operand, int]], batched: bool) -> View:
        """Append pieces side by side; one piece that fits is returned as it is."""
        if len(pieces) == 1:
            ((operand, width),) = pieces
            if (
                isinstance(operand, View)
                and operand.width == width
                and operand.array.batched == batched
            ):
                return operand
        out = self.array(sum([width for _, width in pieces]), batched)
        self.statements.append(Concat(out, tuple(pieces)))
        return out.whole

    def take(self, source: View, index: Ints) -> View:
        """Append a selection of columns: a view of them if they lie evenly in some directions."""
        out = self.array(len(index), source.array.batched)
        found = lattice(index) if len(index) > 1 and index[0] >= 0 else None
        if found is None:
            self.statements.append(Take(out, source, index))
        else:
            self.statements.append(Slide(out, source, found))
        return out.whole

    def reduce(self, source: View, size: int) -> View:
        """Append the sums of each `size` columns."""
        if size == 1:
            return source
        out = self.array(source.width // size, source.array.batched)
        self.statements.append(Reduce(out, source, size))
        return out.whole

    def filled(self, operand: Operand, width: int, batched: bool = True) -> View:
        """Return an operand in full: all its columns, for all samples."""
        return self.concat([(operand, width)], batched)

    def spread(self, operand: Operand, size: int, groups: int) -> Operand:
        """Return `groups` columns each repeated `size` times; one column broadcasts anyway."""
        if not isinstance(operand, View) or operand.width == 1 or size == 1:
            return operand
        return self.take(operand, repeated(np.arange(groups), size))


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be run.

    Attributes:
        routine: for the arguments and the parameters.
        statements: in order.
        results: what is read afterwards.
    """

    routine: Routine
    statements: Sequence[Statement]
    results: Sequence[View]
