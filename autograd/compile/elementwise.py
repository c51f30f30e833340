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

from autograd import numeric
from autograd.compile.lines import Lines
from autograd.compile.places import Places
from autograd.compile.recorder import Call, Made, recorded
from autograd.compile.statements import Apply, Array, Many, Operand, Statement, View, operands_of

# A function that makes arrays of its own is called on so many elements at a time.
_ELEMENTS = 2048


class Elementwise:
    """Writes rows as lines.

    Args:
        places: where arrays lie.
        lines: where to append.
        statements: all of the program.
        results: what is read afterwards.
    """

    def __init__(
        self,
        places: Places,
        lines: Lines,
        statements: Sequence[Statement],
        results: Sequence[View],
    ) -> None:
        self._places = places
        self._lines = lines
        self._views: dict[View, Any] = {}
        self._opposite, self._unread = _opposites(statements, results)
        self._paired = set(self._opposite.values())
        self._halves: dict[View, tuple[Any, Any]] = {}

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
        elif array is numeric.equal_array:
            self._equal(operands, taken, out)
        elif array is numeric.relu_array:
            lines.call(np.maximum, *taken, self.number(0.0), out=out)
        elif array is numeric.step_array:
            lines.call(np.heaviside, *taken, self.number(0.0), out)
        elif array is numeric.sigmoid_array and isinstance(operands[0], View):
            self._sigmoid(statement, operands[0], out)
        else:
            self._function(statement.row.array, taken, out)

    def _flags(self, shape: tuple[int, ...]) -> Any:
        return self._places.passing(shape, np.bool_)

    def _sigmoid(self, statement: Apply, x: View, out: Any) -> None:
        """Write r / (r + h) with h = e^(-x/2) and r = 1 / h: one exponential, both tails whole.

        The rule of sigmoid asks for sigmoid(-x) too, which is h / (r + h). The halves reach into
        the subnormal numbers, where e^x or e^-x has long been infinite; past them x is cut off.
        """
        call = self._lines.call
        before = self._opposite.get(statement.out)
        if before is not None:
            call(np.divide, *self._halves[before], out)
            return
        made = self._places.lasting if x in self._paired else self._places.passing
        h, total = made(out.shape), made(out.shape)
        self._halves[x] = h, total
        # e^-745.2 is the last number that rounds to one above 0; in single precision, e^-104.
        end = 373.0 if self._places.dtype == np.float64 else 52.0
        call(np.multiply, self._operand(x), self.number(-0.5), h)
        call(np.minimum, h, self.number(end), out=h)
        call(np.maximum, h, self.number(-end), out=h)
        call(np.exp, h, h)
        call(np.reciprocal, h, out)
        call(np.add, out, h, total)
        call(np.divide, out, total, out)

    def _equal(self, operands: Sequence[Operand], taken: list[Any], out: Any) -> None:
        """Write `numeric.equal_array`: 1 or 0, and nan beside nan."""
        self._lines.call(np.equal, *taken, out)
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
        reduction = {"maximum": np.maximum, "minimum": np.minimum}.get(row.name)
        if reduction is not None:
            self._lines.call(reduction.reduce, grouped, -1, None, out)
        elif row.array is numeric.logsumexp_array:
            self._logsumexp(grouped, out)
        else:
            self._function(row.array, list(np.moveaxis(grouped, -1, 0)), out)

    def _logsumexp(self, grouped: Any, out: Any) -> None:
        """Write best + log1p(the e^(x - best) of the others), as `numeric.logsumexp` has it.

        Of several that are the best all but one count among the others, with e^0 = 1.
        """
        lines, passing = self._lines, self._places.passing
        best, rest, ties = (passing(out.shape) for _ in range(3))
        shifted, below = passing(grouped.shape), passing(grouped.shape)
        size = grouped.shape[-1]
        ones = lines.kept(("ones", size), lambda: np.ones(size, self._places.dtype))
        lines.call(np.maximum.reduce, grouped, -1, None, best)
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
        self, operands: list[Made], calls: list[Call], taken: list[Any], out: Any
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


def _opposites(
    statements: Sequence[Statement], results: Sequence[View]
) -> tuple[dict[Array, View], set[Array]]:
    """Return which results are a sigmoid of -x after one of x, with x, and which -x none reads.

    Such a sigmoid is made from what the first one left, and -x itself is not needed.
    """
    negated: dict[Array, View] = {}
    first: set[View] = set()
    opposite: dict[Array, View] = {}
    read: set[Array] = {view.array for view in results}
    for statement in statements:
        for operand in operands_of(statement):
            if not isinstance(operand, View):
                continue
            x = negated.get(operand.array)
            is_sigmoid = (
                isinstance(statement, Apply) and statement.row.array is numeric.sigmoid_array
            )
            if is_sigmoid and operand.is_whole and x in first:
                assert x is not None
                opposite[statement.out] = x
            else:
                read.add(operand.array)
                if is_sigmoid:
                    first.add(operand)
        if isinstance(statement, Apply) and statement.row.array is np.negative:
            (x,) = statement.operands
            if isinstance(x, View):
                negated[statement.out] = x
    return opposite, {array for array in negated if array not in read}
