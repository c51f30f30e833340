"""Where the arrays of a program lie in memory, for one number of samples.

What is put side by side later lies side by side from the start, so that a concatenation costs
nothing. Memory is taken when an array is first written and goes to others after its last use: what
a statement reads was written a moment ago, and is still in the processor's cache.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compile.arrays.ir import (
    SHARE,
    Array,
    Concat,
    Matrix,
    Statement,
    View,
    operands_of,
)
from autograd.compile.arrays.routine import Work


class Places:
    """Memory for the arrays of a program.

    Statements are gone through in order: `at` says which one is being written, and after it
    `release` takes back what nothing reads any more.

    Args:
        work: what will run.
        theta: the parameters' numbers.
        batch: the number of samples.
        share: the number that the array `share` holds.

    Attributes:
        size: bytes held, without arguments and parameters.
    """

    def __init__(
        self,
        work: Work,
        theta: Any,
        batch: int,
        share: float,
    ) -> None:
        statements = work.statements
        self.batch, self.dtype = batch, theta.dtype
        self.size = 0
        self._share = share
        self._stored: dict[Array, Any] = {work.routine.theta: theta}
        # Bytes, a number that counts up, and the memory, in this order.
        self._free: list[tuple[int, int, Any]] = []
        self._given = 0
        self._blocks: dict[Array, Any] = {}
        self._passing: list[Any] = []
        # In which array, and from which column on, an array lies that is put side by side later.
        self._home: dict[Array, tuple[Array, int]] = {}
        self._fixed: set[Array] = set()
        made = {statement.out for statement in statements} | set(work.routine.inputs)
        for statement in reversed(statements):
            if isinstance(statement, Concat):
                self._settle(statement, made)
        self._until = self._lifetimes(statements, work.results)
        self._ends: dict[int, list[Array]] = defaultdict(list)
        for array, end in self._until.items():
            self._ends[end].append(array)

    def _settle(self, statement: Concat, made: set[Array]) -> None:
        """Find what of the pieces side by side can be written there in the first place."""
        at = 0
        for operand, width in statement.pieces:
            if not isinstance(operand, View):
                self._fixed.add(statement.out)
            elif (
                operand.is_whole
                and width == operand.array.width
                and operand.array.batched == statement.out.batched
                and operand.array in made
                and operand.array not in self._home
            ):
                self._home[operand.array] = statement.out, at
            at += width

    def owner(self, array: Array) -> Array:
        """Return the array in whose memory another lies."""
        while array in self._home:
            array = self._home[array][0]
        return array

    def _lifetimes(
        self, statements: Sequence[Statement], results: Sequence[View]
    ) -> dict[Array, int]:
        """Return the last statement that needs the memory of each array that has its own."""
        until: dict[Array, int] = {}
        for i, statement in enumerate(statements):
            until[self.owner(statement.out)] = i
            for operand in operands_of(statement):
                if isinstance(operand, View):
                    until[self.owner(operand.array)] = i
        # What holds numbers from the start must hold them in the next run too.
        fixed = {self.owner(array) for array in self._fixed}
        kept = fixed | {self.owner(view.array) for view in results}
        return {array: end for array, end in until.items() if array not in kept}

    # Memory -----------------------------------------------------------------------------------

    def _block(self, size: int) -> Any:
        """Return so many bytes at least: free ones that are not far too many, or new ones."""
        at = bisect.bisect_left(self._free, (size,))
        if at < len(self._free) and self._free[at][0] <= 2 * size:
            return self._free.pop(at)[2]
        self.size += size
        return np.zeros(size, dtype=np.uint8)

    def _give(self, block: Any) -> None:
        """Take a block back: of one size, the one that was free first goes first."""
        self._given += 1
        bisect.insort(self._free, (block.nbytes, self._given, block))

    def _shaped(self, block: Any, shape: Sequence[int], kind: Any) -> Any:
        kind = np.dtype(kind)
        count = int(np.prod(shape))
        return block[: count * kind.itemsize].view(kind).reshape(shape)

    def _bytes(self, shape: Sequence[int], kind: Any) -> int:
        return int(np.prod(shape)) * np.dtype(kind).itemsize

    def passing(self, shape: Sequence[int], kind: Any = None) -> Any:
        """Return memory until the statement that is being written is done."""
        kind = kind or self.dtype
        block = self._block(self._bytes(shape, kind))
        self._passing.append(block)
        return self._shaped(block, shape, kind)

    def lasting(self, shape: Sequence[int]) -> Any:
        """Return memory of its own, zero at the start."""
        made = np.zeros(shape, dtype=self.dtype)
        self.size += made.nbytes
        return made

    def release(self, at: int) -> None:
        """Take back what no statement after this one needs."""
        for block in self._passing:
            self._give(block)
        self._passing = []
        for array in self._ends[at]:
            block = self._blocks.pop(array, None)
            if block is not None:
                self._give(block)

    def take_over(self, out: Array, operand: View, at: int) -> bool:
        """Give the memory of an operand that ends here to a result of its size, if it may be."""
        array = operand.array
        if (
            self._until.get(array) != at
            or not operand.is_whole
            or array not in self._blocks
            or out in self._home
            or out not in self._until
            or out in self._stored
            or (out.width, out.batched) != (array.width, array.batched)
        ):
            return False
        self._blocks[out] = self._blocks.pop(array)
        self._stored[out] = self._stored[array]
        return True

    # Arrays -----------------------------------------------------------------------------------

    def storage(self, array: Array) -> Any:
        """Return where the numbers of an array lie: (batch, width), or (width,)."""
        found = self._stored.get(array)
        if found is None:
            found = self._stored[array] = self._made(array)
        return found

    def _made(self, array: Array) -> Any:
        home = self._home.get(array)
        if home is not None:
            out, at = home
            return self.storage(out)[..., at : at + array.width]
        if array.data is not None:
            return array.data.astype(self.dtype)
        if array is SHARE:
            return np.full(1, self._share, dtype=self.dtype)
        shape = (self.batch, array.width) if array.batched else (array.width,)
        if array not in self._until:
            return self.lasting(shape)
        block = self._blocks[array] = self._block(self._bytes(shape, self.dtype))
        return self._shaped(block, shape, self.dtype)

    def has_own(self, view: View, least: int) -> bool:
        """Whether a view is all of an array with memory of its own, of more bytes than this."""
        count = view.width * (self.batch if view.array.batched else 1)
        return (
            view.is_whole and view.array not in self._home and count * self.dtype.itemsize > least
        )

    def is_home(self, array: Array, out: Array, at: int) -> bool:
        """Whether an array lies in another from this column on."""
        return self._home.get(array) == (out, at)

    def view(self, view: View) -> Any:
        """Return columns of an array."""
        whole = self.storage(view.array)
        if view.is_whole:
            return whole
        return whole[..., view.start : view.stop : view.step]

    def matrix(self, matrix: Matrix) -> Any:
        """Return numbers of an array as a matrix."""
        whole = self.storage(matrix.array)
        end = matrix.start + matrix.rows * matrix.stride
        rows = whole[matrix.start : end].reshape(matrix.rows, matrix.stride)
        found = rows[:, matrix.skip : matrix.skip + matrix.columns]
        return found.T if matrix.transposed else found
