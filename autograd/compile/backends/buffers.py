"""Runs statements on memory taken once: no allocation, and no slicing, in the steady state.

For one number of samples every array gets its place, views are cut once, and each statement is one
line that calls a NumPy function with its result's place. Where the places are: see `allocation.py`;
what the lines are for rows of the table: see `kernels.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compile.arrays import ir
from autograd.compile.arrays.ir import Statement, View
from autograd.compile.arrays.routine import Work
from autograd.compile.backends.allocation import Places
from autograd.compile.backends.kernels import Elementwise
from autograd.compile.backends.picking import Picking
from autograd.compile.backends.writer import Lines

# A gradient of more bytes is written where the caller gets it; a smaller one is copied.
_LARGE = 2**17
# So many arrays are kept to be handed out again once nobody holds them.
_HANDED = 2


def _holders(things: Sequence[Any]) -> list[int]:
    """Return how many references there are to each thing, those from here included.

    How many are from here is the interpreter's choice and differs by version: compare two answers.
    """
    return [sys.getrefcount(thing) for thing in things]


# Of what only the list holds.
(_ALONE,) = _holders([object()])


class Buffers:
    """Statements bound to memory, for one number of samples.

    Args:
        work: what to run.
        theta: the parameters' numbers, read at each run where they are.
        batch: the number of samples.
        share: the number that the array `share` holds.
        hand: whether the last result becomes the caller's: an array that later runs leave alone.

    Attributes:
        inputs: where each argument's numbers are to be put before a run, (batch, width).
        results: where the results are after it.
        source: the text of the run.
        size: bytes held.
    """

    def __init__(
        self,
        work: Work,
        theta: Any,
        batch: int,
        share: float = 1.0,
        *,
        hand: bool = False,
    ) -> None:
        self._batch = batch
        self._places = Places(work, theta, batch, share)
        self._lines = Lines()
        checked = [s for s in work.statements if isinstance(s, ir.Grouped) and s.kept is not None]
        self._checks = np.zeros(len(checked), theta.dtype)
        self._checked = 0
        self._rows = Elementwise(self._places, self._lines, work)
        self._picking = Picking(self._places, self._lines, self._rows)
        self.inputs = [self._places.storage(array) for array in work.routine.inputs]
        made = {statement.out for statement in work.statements}
        last = work.results[-1]
        self._kept: Any = None
        self._given: list[Any] = []
        self._hand = hand
        large = last.array in made and self._places.has_own(last, _LARGE)
        self._late = last.array if hand and large else None
        for at, statement in enumerate(work.statements):
            self._write(statement, at)
            self._places.release(at)
        self.results = [self._places.view(view) for view in work.results]
        self.size = self._places.size
        if hand:
            self._kept = self.results[-1]
        self.source, scope = self._lines.function(self._kept if self._late is not None else None)
        exec(compile(self.source, "<compiled program on buffers>", "exec"), scope)
        # Out of the scope, which the function holds: they would hold each other.
        self._run: Callable[..., None] = scope.pop("run")

    def run(self) -> None:
        """Run the statements."""
        if not self._hand:
            self._run()
            return
        self.results[-1] = None
        result = self._unheld()
        if self._late is not None:
            self._run(result)
        else:
            self._run()
            np.copyto(result, self._kept)
        self.results[-1] = result

    def _unheld(self) -> Any:
        """Return an array for the last result that nobody else holds.

        A new array of megabytes costs more in fresh pages than all else that is done with it.
        """
        for array, count in zip(self._given, _holders(self._given), strict=True):
            if count == _ALONE:
                return array
        made = np.empty(self._kept.shape, self._kept.dtype)
        self._given = [*self._given[1 - _HANDED :], made]
        return made

    # Statements -------------------------------------------------------------------------------

    def _write(self, statement: Statement, at: int) -> None:
        places = self._places
        match statement:
            case ir.Apply():
                self._rows.apply(statement, at)
            case ir.Concat():
                self._concat(statement)
            case ir.Take():
                self._take(statement)
            case ir.Slide():
                out = places.storage(statement.out)
                source = places.view(statement.source)
                view = statement.lattice.view(source)
                self._lines.call(np.copyto, out.reshape(view.shape), view)
            case ir.Overlap():
                self._overlap(statement)
            case ir.Reduce():
                self._reduce(statement)
            case ir.SumBatch():
                view, out = places.view(statement.source), places.storage(statement.out)
                self._product(self._ones(self._batch), view, out)
            case ir.Many():
                self._rows.many(statement)
            case ir.Dense():
                weights = places.matrix(statement.weights)
                self._windowed(statement, places.view(statement.source), weights.T)
            case ir.DenseOperand():
                self._windowed(
                    statement, places.view(statement.g), places.matrix(statement.weights)
                )
            case ir.DenseWeights():
                self._weights(statement)
            case ir.Fill():
                self._fill(statement, at)
            case ir.Pick():
                self._picking.pick(statement)
            case ir.Unpick():
                self._picking.unpick(statement)
            case ir.Grouped():
                self._pairs(statement)

    def _fill(self, statement: ir.Fill, at: int) -> None:
        places, ragged = self._places, statement.ragged
        taken = places.take_over(statement.out, statement.source, at)
        out = places.storage(statement.out)
        if not taken:
            self._lines.call(np.copyto, out, places.view(statement.source))
        gaps = self._lines.kept(("gaps", ragged), lambda: ~ragged.kept)
        self._lines.call(np.copyto, out, self._rows.number(statement.number), where=gaps)

    def _pairs(self, statement: ir.Grouped) -> None:
        """Write products of matrices; and what shows later whether 0 met an infinity in them."""
        places = self._places
        left, right = places.view(statement.left), places.view(statement.right)
        out = places.storage(statement.out)
        made = out
        if statement.kept is not None and not out.flags.c_contiguous:
            made = places.passing(out.shape)
        into = statement.out_at.view(made)
        self._lines.call(
            np.matmul, statement.left_at.view(left), statement.right_at.view(right), into
        )
        if statement.kept is not None:
            check = self._checks[self._checked, ...]
            self._checked += 1
            self._lines.call(np.dot, made.reshape(-1), made.reshape(-1), check)
        if made is not out:
            self._lines.call(np.copyto, out, made)

    @property
    def met_infinity(self) -> bool:
        """Whether, in the last run, a 0 that means nothing may have met an infinity or nan."""
        if not len(self._checks):
            return False
        total = self._checks.dot(self._checks)
        return bool(total != total)

    def _windowed(self, statement: ir.Dense | ir.DenseOperand, view: Any, weights: Any) -> None:
        """Write the product of each window with a matrix."""
        out, windows = self._places.storage(statement.out), statement.windows
        if windows == 1:
            self._product(view, weights, out)
            return
        into = out if out.flags.c_contiguous else self._places.passing(out.shape)
        rows = into.reshape(self._batch * windows, -1)
        self._product(self._windows(view, windows), weights, rows)
        if into is not out:
            self._lines.call(np.copyto, out, into)

    def _weights(self, statement: ir.DenseWeights) -> None:
        """Write the gradient by a matrix: over all samples, or one for each."""
        places, matrix, windows = self._places, statement.weights, statement.windows
        out = places.storage(statement.out)
        g, source = places.view(statement.g), places.view(statement.source)
        if matrix.transposed:
            g, source = source, g
        if not statement.out.batched:
            g, source = self._windows(g, windows), self._windows(source, windows)
            self._product(g.T, source, out.reshape(matrix.rows, matrix.columns))
            return
        into = out.reshape(self._batch, matrix.rows, matrix.columns)
        if windows == 1:
            # Half of the time of a multiplication that broadcasts.
            self._lines.call(np.einsum, "bi,bj->bij", g, source, out=into)
        else:
            first = self._split(g).reshape(self._batch, windows, -1).transpose(0, 2, 1)
            second = self._split(source).reshape(self._batch, windows, -1)
            self._lines.call(np.matmul, first, second, into)

    def _ones(self, count: int) -> Any:
        return self._lines.kept(("ones", count), lambda: np.ones(count, self._places.dtype))

    def _product(self, a: Any, b: Any, out: Any) -> None:
        """Write out = a @ b; `dot` takes half the time of `matmul` for small ones.

        Of a matrix beside a single row or column `dot` makes a copy unless it lies in one piece.
        """
        a, b = self._rows_of_numbers(a), self._rows_of_numbers(b)
        single = min(*a.shape, *b.shape) == 1 or a.ndim + b.ndim < 4
        pieces = all(x.flags.c_contiguous or x.flags.f_contiguous for x in (a, b) if x.ndim == 2)
        plain = out.flags.c_contiguous and (pieces or not single)
        self._lines.call(np.dot if plain else np.matmul, a, b, out)

    def _rows_of_numbers(self, view: Any) -> Any:
        """Return a matrix as the library of products takes it; `dot` would copy any other."""
        size = view.itemsize
        if view.ndim != 2 or 0 in view.shape:
            return view
        rows, columns = view.strides
        if columns == size and rows >= size * view.shape[1]:
            return view
        if rows == size and columns >= size * view.shape[0]:
            return view
        return self._copied(view)

    def _copied(self, view: Any) -> Any:
        copy = self._places.passing(view.shape)
        self._lines.call(np.copyto, copy, view)
        return copy

    def _split(self, view: Any) -> Any:
        """Return columns as they can be split into windows without moving."""
        return view if view.flags.c_contiguous else self._copied(view)

    def _windows(self, view: Any, windows: int) -> Any:
        """Return columns as rows of one window each; copied where they do not lie so."""
        if windows == 1:
            return view
        shape = (self._batch * windows, view.shape[1] // windows)
        return self._split(view).reshape(shape)

    def _concat(self, statement: ir.Concat) -> None:
        out, at = self._places.storage(statement.out), 0
        for operand, width in statement.pieces:
            part = out[..., at : at + width]
            if not isinstance(operand, View):
                part[...] = operand
                if self._late is not None and self._places.owner(statement.out) is self._late:
                    self._lines.call(np.copyto, part, self._rows.number(operand))
            elif not self._places.is_home(operand.array, statement.out, at):
                self._lines.call(np.copyto, part, self._places.view(operand))
            at += width

    def _take(self, statement: ir.Take) -> None:
        source, index = self._places.view(statement.source), statement.index
        out = self._places.storage(statement.out)
        if statement.padded:
            groups = source.shape[-1]
            wide = self._places.lasting((*source.shape[:-1], groups + 1))
            self._lines.call(np.copyto, wide[..., :-1], source)
            source, index = wide, np.where(index < 0, groups, index)
        # `take` would copy a source that does not lie in one piece.
        source = self._split(source)
        places = index.astype(np.intp)
        into = out if out.flags.c_contiguous else self._places.passing(out.shape)
        # mode="clip" writes straight into the buffer; every place is inside anyway.
        self._lines.call(np.take, source, places, out.ndim - 1, into, "clip")
        if into is not out:
            self._lines.call(np.copyto, out, into)

    def _overlap(self, statement: ir.Overlap) -> None:
        """Write windows added up: those of the same columns first, then what does not overlap."""
        g, out = self._places.view(statement.g), self._places.storage(statement.out)
        windows = statement.lattice
        grouped = g.reshape(*g.shape[:-1], *windows.counts)
        into = windows.moving.view(out)
        turns = list(windows.turns())
        is_all = len(turns) == 1 and into.size == out.size
        still = tuple([g.ndim - 1 + i for i, step in enumerate(windows.steps) if not step])
        if still:
            total = into if is_all else self._places.passing(into.shape)
            self._lines.call(np.add.reduce, grouped, still, None, total)
            grouped = total
        elif is_all:
            self._lines.call(np.copyto, into, grouped)
        if is_all:
            return
        self._lines.call(np.copyto, out, self._rows.number(0.0))
        for turn in turns:
            part = into[..., *turn]
            self._lines.call(np.add, part, grouped[..., *turn], part)

    def _reduce(self, statement: ir.Reduce) -> None:
        source, size = self._places.view(statement.source), statement.size
        out = self._places.storage(statement.out)
        if source.flags.c_contiguous and out.flags.c_contiguous:
            # A product with ones takes a third of the time of add.reduce over short rows.
            self._product(source.reshape(-1, size), self._ones(size), out.reshape(-1))
            return
        grouped = source.reshape(*source.shape[:-1], -1, size)
        self._lines.call(np.add.reduce, grouped, -1, None, out)
