"""What a rolled program is made of: arrays, views of their columns, and a few kinds of statements.

An array holds one column for each scalar of a group, and one row for each sample: (batch, width);
what the sample does not decide is (width,). Rows of the table apply element by element; all else is
moving columns and adding them up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from autograd.compile.arrays.windows import Lattice
from autograd.compile.graph.graph import Bools, Floats, Ints
from autograd.engine.primitive import Primitive

# What a program is asked for: f's values; the gradient of their mean, or by an argument; the
# parameters' for each sample.
Task = Literal["value", "gradient", "each"]


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of one size that are in use up to a length each, as growing lists are.

    Past the lengths lie numbers that mean nothing and may be any: whatever adds columns up puts
    neutral ones in their place first.

    Attributes:
        size: of a row.
        lengths: of the rows.

    >>> Ragged(3, (1, 3)).kept.tolist()
    [True, False, False, True, True, True]
    """

    size: int
    lengths: tuple[int, ...]

    @property
    def kept(self) -> Bools:
        """Which columns are in use."""
        return (np.arange(self.size) < np.array(self.lengths)[:, None]).ravel()


@dataclass(eq=False, slots=True)
class Array:
    """A group of scalars.

    Attributes:
        name: in the text.
        width: how many scalars there are for each sample.
        batched: whether they depend on the sample.
        data: the numbers of a constant; None for any other array.
        note: what the scalars are, for a comment.
        ragged: which columns mean something, if not all.
    """

    name: str
    width: int
    batched: bool
    data: Floats | None = None
    note: str = ""
    ragged: Ragged | None = None

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
    """`out` is the pieces side by side, each with its width; one column, or a number, fills it."""

    out: Array
    pieces: tuple[tuple[Operand, int], ...]


@dataclass(frozen=True, slots=True)
class Take:
    """`out` is the columns `index` of the source; 0 where the index is -1."""

    out: Array
    source: View
    index: Ints = field(repr=False)

    @property
    def padded(self) -> bool:
        """Whether some columns are 0."""
        return bool((self.index < 0).any())


@dataclass(frozen=True, slots=True)
class Slide:
    """`out` is columns of the source at even steps in several directions, as windows have them."""

    out: Array
    source: View
    lattice: Lattice


@dataclass(frozen=True, slots=True)
class Overlap:
    """`out` is windows added up where they came from: the gradient of a `Slide` by its source."""

    out: Array
    g: View
    lattice: Lattice


@dataclass(frozen=True, slots=True)
class Reduce:
    """`out` is the sums of each `size` columns of the source."""

    out: Array
    source: View
    size: int


@dataclass(frozen=True, slots=True)
class SumBatch:
    """`out` is the sum over the samples."""

    out: Array
    source: View


@dataclass(frozen=True, slots=True)
class Many:
    """`out` is a row of any number of operands, of each `size` columns of the source."""

    out: Array
    row: Primitive
    source: View
    size: int


@dataclass(frozen=True, slots=True)
class Dense:
    """`out` is source @ weights.T for each window of the source's columns."""

    out: Array
    source: View
    weights: Matrix
    windows: int


@dataclass(frozen=True, slots=True)
class DenseOperand:
    """`out` is g @ weights: the gradient of a `Dense` by its source."""

    out: Array
    g: View
    weights: Matrix
    windows: int


@dataclass(frozen=True, slots=True)
class DenseWeights:
    """`out` is g.T @ source: the gradient of a `Dense` by its weights, as they lie in the array."""

    out: Array
    g: View
    source: View
    weights: Matrix
    windows: int


@dataclass(frozen=True, slots=True)
class Fill:
    """`out` is the source with a number in the columns past the lengths of its rows."""

    out: Array
    source: View
    ragged: Ragged
    number: float


@dataclass(frozen=True, slots=True)
class Grouped:
    """`out` is left @ right for each of some groups: sums that share operands in groups.

    Attributes:
        out: the products.
        left: an array.
        right: an array.
        left_at: where the left matrices lie, by group, row and term.
        right_at: where the right ones lie, by group, term and column.
        out_at: where the products lie, by group, row and column.
        kept: which of the left numbers count, if not all: the others are 0, and what they meet on
            the right is none of theirs, even an infinity.
    """

    out: Array
    left: View
    right: View
    left_at: Lattice
    right_at: Lattice
    out_at: Lattice
    kept: Bools | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Pick:
    """`out` is, for each index, the nearest of `size` numbers of the source; nan if it is none.

    Attributes:
        out: a column for each index.
        index: the indices, counted from 0, and moved to the next number that there is.
        source: an array.
        first: the column of the first number for each index.
        step: from one number to the next.
        size: how many there are for each.
    """

    out: Array
    index: View
    source: View
    first: Ints = field(repr=False)
    step: int
    size: int

    @property
    def places(self) -> Ints:
        """The columns of all numbers, a row for each index."""
        return self.first[:, None] + self.step * np.arange(self.size)


@dataclass(frozen=True, slots=True)
class Unpick:
    """`out` is `size` columns for each index, g in the nearest and 0 in the others.

    It is summed over the samples if they share it. Where an index is nan, nothing is known.
    """

    out: Array
    index: View
    g: View
    size: int


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
    | Fill
    | Grouped
    | Pick
    | Unpick
)


def operands_of(statement: Statement) -> list[Operand]:
    """Return what a statement reads, matrices as all of their array."""
    match statement:
        case Apply():
            return list(statement.operands)
        case Concat():
            return [operand for operand, _ in statement.pieces]
        case Take() | Slide() | Reduce() | SumBatch() | Many() | Fill():
            return [statement.source]
        case Pick():
            return [statement.index, statement.source]
        case Unpick():
            return [statement.index, statement.g]
        case Grouped():
            return [statement.left, statement.right]
        case Dense():
            return [statement.source, statement.weights.array.whole]
        case Overlap():
            return [statement.g]
        case DenseOperand():
            return [statement.g, statement.weights.array.whole]
        case DenseWeights():
            return [statement.g, statement.source]
