"""Rows of the table as calls that write into given memory.

A ufunc is one call. What NumPy has no name for is a few: those of its function in `numeric.py`,
written down once, or, where there is a shorter way, the ones given here. A function that cannot be
written down, as a user's own, is called on a few thousand elements at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compile.arrays.ir import Apply, Array, Many, Operand, View, operands_of
from autograd.compile.arrays.routine import Work
from autograd.compile.backends.allocation import Places
from autograd.compile.backends.writer import Lines, Made, UfuncCall, recorded
from autograd.engine import numeric

# What NumPy reduces an array with in one call.
_REDUCTIONS: dict[Any, Any] = {
    numeric.maximum_array: np.maximum,
    numeric.minimum_array: np.minimum,
}

# Rows of up to so many are reduced column by column, in a fifth of the time.
_SHORT_ROW = 64
# From so many on, steps are compared.
_MANY_STEPS = 1024
# A function that makes arrays of its own is called on so many elements at a time.
_ELEMENTS = 2048


class Elementwise:
    """Writes rows as lines.

    Args:
        places: where arrays lie.
        lines: where to append.
        work: all of the program.
    """

    def __init__(self, places: Places, lines: Lines, work: Work) -> None:
        self._places = places
        self._lines = lines
        self._views: dict[View, Any] = {}
        self._bells, self._unread = _bells(work)
        self._paired = set(self._bells.values())
        self._totals: dict[View, Any] = {}

    def number(self, x: float) -> Any:
        """Return a number as an array of no dimensions: calls take those fastest."""
        kind = self._places.dtype
        return self._lines.kept(("number", repr(x)), lambda: np.array(x, dtype=kind))

    def _operand(self, operand: Operand) -> Any:
        if not isinstance(operand, View):
            return self.number(operand)
        # One object for equal views: it has one name in the text.
        found = self._views.get(operand)
        if found is None:
            found = self._views[operand] = self._places.view(operand)
        return found

    def apply(self, statement: Apply, at: int) -> None:
        """Write a row of a fixed number of operands."""
        array: Any = statement.row.array
        operands, lines = statement.operands, self._lines
        if statement.out in self._unread:
            return
        if statement.out in self._bells:
            out = self._operand(statement.out.whole)
            lines.call(np.reciprocal, self._totals[self._bells[statement.out]], out)
            lines.call(np.square, out, out)
            return
        if (
            array is numeric.power_array
            and not isinstance(operands[1], View)
            and operands[1] != 0.5
        ):
            array = np.power
        if isinstance(array, np.ufunc):
            for x in operands:
                if isinstance(x, View) and self._places.take_over(statement.out, x, at):
                    break
            out = self._operand(statement.out.whole)
            taken = [self._operand(x) for x in operands]
            # `maximum` and `minimum` warn when their result's place has no name.
            if array in (np.maximum, np.minimum):
                lines.call(array, *taken, out=out)
            else:
                lines.call(array, *taken, out)
            return
        out = self._operand(statement.out.whole)
        taken = [self._operand(x) for x in operands]
        if array is numeric.where_array:
            condition, a, b = taken
            chosen = self._flags(out.shape)
            lines.call(np.not_equal, condition, self.number(0.0), chosen)
            lines.call(np.copyto, out, b)
            lines.call(np.copyto, out, a, where=chosen)
            self._gaps(operands[:1], taken[:1], out)
        elif array is numeric.equal_array:
            self._equal(operands, taken, out)
        elif array is numeric.clip_array:
            x, low, high = taken
            lines.call(np.maximum, x, low, out=out)
            lines.call(np.minimum, out, high, out=out)
            lines.call(np.add, out, self.number(0.0), out)
        elif array is numeric.relu_array:
            lines.call(np.maximum, *taken, self.number(0.0), out=out)
        elif array is numeric.step_array:
            self._step(operands, taken, out)
        elif array is numeric.sigmoid_array and isinstance(operands[0], View):
            self._sigmoid(statement, operands[0], out)
        else:
            self._function(statement.row.array, taken, out)

    def _flags(self, shape: tuple[int, ...]) -> Any:
        return self._places.passing(shape, np.bool_)

    def _sigmoid(self, statement: Apply, x: View, out: Any) -> None:
        """Write r / (r + h) with h = e^(-x/2) and r = 1 / h: one exponential, both tails whole.

        The rule of sigmoid asks for sech(x / 2)^2 / 4 too, which is 1 / (r + h)^2. The halves reach
        into the subnormal numbers, where e^x or e^-x is long infinite; past them x is cut off.
        """
        call = self._lines.call
        made = self._places.lasting if x in self._paired else self._places.passing
        h, total = self._places.passing(out.shape), made(out.shape)
        self._totals[x] = total
        # e^-745.2 is the last number that rounds to one above 0; in single precision, e^-104.
        end = 373.0 if self._places.dtype == np.float64 else 52.0
        call(np.multiply, self._operand(x), self.number(-0.5), h)
        call(np.minimum, h, self.number(end), out=h)
        call(np.maximum, h, self.number(-end), out=h)
        call(np.exp, h, h)
        call(np.reciprocal, h, out)
        call(np.add, out, h, total)
        call(np.divide, out, total, out)

    def _step(self, operands: Sequence[Operand], taken: list[Any], out: Any) -> None:
        """Write `numeric.step_array`: many comparisons take a tenth of the time of heaviside."""
        if out.size < _MANY_STEPS:
            self._lines.call(np.heaviside, *taken, self.number(0.0), out)
            return
        self._lines.call(np.greater, *taken, self.number(0.0), out)
        self._gaps(operands, taken, out)

    def _equal(self, operands: Sequence[Operand], taken: list[Any], out: Any) -> None:
        """Write `numeric.equal_array`: 1 or 0, and nan beside nan."""
        self._lines.call(np.equal, *taken, out)
        self._gaps(operands, taken, out)

    def _gaps(self, operands: Sequence[Operand], taken: Sequence[Any], out: Any) -> None:
        """Write nan beside nan."""
        for operand, x in zip(operands, taken, strict=True):
            # A constant is looked at now, and a gap in the sample's numbers when it runs.
            data = operand.array.data if isinstance(operand, View) else np.array(operand)
            if data is None or np.isnan(data).any():
                gaps = self._flags(x.shape)
                self._lines.call(np.isnan, x, gaps)
                self._lines.call(np.copyto, out, self.number(np.nan), where=gaps)

    # Any number of operands -------------------------------------------------------------------

    def many(self, statement: Many) -> None:
        """Write a row of any number of operands, on groups of columns."""
        source, row = self._places.view(statement.source), statement.row
        out = self._places.storage(statement.out)
        grouped = source.reshape(*source.shape[:-1], -1, statement.size)
        reduction = _REDUCTIONS.get(row.array)
        if reduction is not None:
            self._best(reduction, grouped, out)
            self._lines.call(np.add, out, self.number(0.0), out)
        elif row.array is numeric.hypot_array:
            self._hypot(grouped, out)
        elif row.array is numeric.logsumexp_array:
            self._logsumexp(grouped, out)
        else:
            self._function(row.array, list(np.moveaxis(grouped, -1, 0)), out)

    def _best(self, reduction: Any, grouped: Any, out: Any) -> None:
        """Write the largest or smallest of each row; of short rows, column by column."""
        size = grouped.shape[-1]
        if size > _SHORT_ROW:
            self._lines.call(reduction.reduce, grouped, -1, None, out)
            return
        turned = self._places.passing((size, *out.shape))
        self._lines.call(np.copyto, turned, np.moveaxis(grouped, -1, 0))
        self._lines.call(reduction.reduce, turned, 0, None, out)

    def _hypot(self, grouped: Any, out: Any) -> None:
        """Write `numeric.hypot_array`: subnormal numbers are scaled on the way."""
        call, passing = self._lines.call, self._places.passing
        sizes, scale = passing(grouped.shape), passing(out.shape)
        small = self._flags(out.shape)
        call(np.absolute, grouped, sizes)
        call(np.maximum.reduce, sizes, -1, None, scale)
        call(np.less, scale, self.number(2.0**-960), small)
        call(np.copyto, scale, self.number(1.0))
        call(np.copyto, scale, self.number(2.0**60), where=small)
        call(np.multiply, sizes, scale[..., None], sizes)
        call(np.hypot.reduce, sizes, -1, None, out)
        call(np.divide, out, scale, out)

    def _logsumexp(self, grouped: Any, out: Any) -> None:
        """Write best + log1p(the e^(x - best) of the others), as `numeric.logsumexp` has it.

        Of several that are the best all but one count among the others, with e^0 = 1.
        """
        lines, passing = self._lines, self._places.passing
        best, rest, ties = (passing(out.shape) for _ in range(3))
        shifted, below = passing(grouped.shape), passing(grouped.shape)
        size = grouped.shape[-1]
        ones = lines.kept(("ones", size), lambda: np.ones(size, self._places.dtype))
        self._best(np.maximum, grouped, best)
        wide = best[..., None]
        lines.call(np.less, grouped, wide, below)
        lines.call(np.subtract, grouped, wide, shifted)
        lines.call(np.exp, shifted, shifted)
        lines.call(np.multiply, shifted, below, shifted)
        lines.call(np.dot, shifted.reshape(-1, size), ones, rest.reshape(-1))
        lines.call(np.dot, below.reshape(-1, size), ones, ties.reshape(-1))
        # Whole numbers first: size - 1 less those below is 0 where one is the best.
        lines.call(np.subtract, self.number(size - 1.0), ties, ties)
        lines.call(np.add, rest, ties, rest)
        lines.call(np.log1p, rest, rest)
        lines.call(np.add, best, rest, out)
        unbounded = self._flags(out.shape)
        lines.call(np.isinf, best, unbounded)
        lines.call(np.copyto, out, best, where=unbounded)

    # Functions that NumPy has no name for -----------------------------------------------------

    def _function(self, function: Callable[..., Any], taken: list[Any], out: Any) -> None:
        """Write the ufuncs that a function calls, or calls of it on blocks."""
        found = None
        # A user's own might do anything with an array that has no numbers.
        if getattr(function, "__module__", "") == numeric.__name__:
            found = recorded(function, [x.shape for x in taken], out.dtype)
        if found is not None and found[1][-1].out.shape == out.shape:
            self._recorded(*found, taken, out)
            return
        blocks = _blocks(taken, out)
        if len(blocks) == 1:
            blocks = [([*taken], out)]

        def in_blocks() -> None:
            for pieces, part in blocks:
                part[...] = function(*pieces)

        in_blocks.__name__ = getattr(function, "__name__", "function")
        self._lines.call(in_blocks)

    def _recorded(
        self, operands: list[Made], calls: list[UfuncCall], taken: list[Any], out: Any
    ) -> None:
        known: dict[int, Any] = {id(x): y for x, y in zip(operands, taken, strict=True)}
        last: dict[int, int] = {}
        for i, call in enumerate(calls):
            last |= {id(x): i for x in call.operands if isinstance(x, Made)}
        for x in operands:
            last.pop(id(x), None)
        free: dict[Any, list[Any]] = defaultdict(list)
        for i, call in enumerate(calls):
            used: list[Any] = [known[id(x)] if isinstance(x, Made) else x for x in call.operands]
            used = [x if isinstance(x, np.ndarray) else self.number(float(x)) for x in used]
            ended = {id(x): known[id(x)] for x in call.operands if last.get(id(x)) == i}
            key = call.out.shape, np.dtype(call.out.dtype)
            if call.function is not np.where:
                self._freed(free, ended)
            if i == len(calls) - 1:
                place = out
            else:
                place = free[key].pop() if free[key] else self._places.passing(*key)
            known[id(call.out)] = place
            if call.function is np.where:
                self._lines.call(np.copyto, place, used[2])
                self._lines.call(np.copyto, place, used[1], where=used[0])
                self._freed(free, ended)
            else:
                self._lines.call(call.function, *used, out=place)

    def _freed(self, free: dict[Any, list[Any]], ended: dict[int, Any]) -> None:
        for place in ended.values():
            free[place.shape, place.dtype].append(place)


def _blocks(taken: list[Any], out: Any) -> list[tuple[list[Any], Any]]:
    """Return operands and result in blocks of a few thousand elements."""
    if out.size <= _ELEMENTS or out.ndim == 0:
        return [(taken, out)]
    whole = [np.broadcast_to(x, out.shape) for x in taken]
    columns = min(out.shape[-1], _ELEMENTS)
    rows = max(1, _ELEMENTS // columns)
    found: list[tuple[list[Any], Any]] = []
    for j in range(0, out.shape[-1], columns):
        if out.ndim == 1:
            found.append(([x[j : j + columns] for x in whole], out[j : j + columns]))
            continue
        for i in range(0, out.shape[0], rows):
            at = slice(i, i + rows), slice(j, j + columns)
            found.append(([x[at] for x in whole], out[at]))
    return found


def _bells(work: Work) -> tuple[dict[Array, View], set[Array]]:
    """Return which results are sech(x / 2)^2 / 4 after a sigmoid of x, with x, and what is unread.

    That is the derivative of the sigmoid. It is made from what the sigmoid left, and neither x / 2
    nor its sech is needed.
    """
    halved: dict[Array, View] = {}
    sech: dict[Array, View] = {}
    first: set[View] = set()
    bells: dict[Array, View] = {}
    read: set[Array] = {view.array for view in work.results}
    for statement in work.statements:
        taken = [x for x in operands_of(statement) if isinstance(x, View)]
        whole = taken[0].array if len(taken) == 1 and taken[0].is_whole else None
        row = statement.row if isinstance(statement, Apply) else None
        factors = operands_of(statement) if row is not None and row.array is np.multiply else ()
        if 0.25 in factors and whole in sech:
            bells[statement.out] = sech[whole]
        elif row is not None and row.array is numeric.sech_squared_array and whole in halved:
            sech[statement.out] = halved[whole]
        else:
            read |= {x.array for x in taken}
            if row is not None and row.array is numeric.sigmoid_array:
                first |= {*taken}
            if 0.5 in factors and taken[0] in first:
                halved[statement.out] = taken[0]
    unread = {array for array in (*halved, *sech) if array not in read}
    made_of = {x: array for array, x in sech.items()}
    return {c: x for c, x in bells.items() if made_of[x] in unread}, unread
