"""The reverse program: from the statements of a program, the statements of its gradient.

Elementwise statements are reversed by the rows' own partials, as graphs; moving columns and adding
them up by their transposes, which stand here. Adjoints that lead to nothing wanted are not made.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compile.arrays import ir
from autograd.compile.arrays.ir import Array, Operand, Statement, View, operands_of
from autograd.compile.arrays.routine import Part, Routine, apart, in_order
from autograd.compile.arrays.rules import Rule, pulled
from autograd.compile.arrays.variadic import pull_many
from autograd.compile.arrays.windows import Lattice, evenly
from autograd.compile.graph.graph import Bools, Ints
from autograd.engine.primitive import lookup

# Gradients of windows that overlap in more steps than this are gathered.
_MANY_TURNS = 32


class Reverse:
    """A program's gradient underway.

    Args:
        routine: the program; the statements of the gradient are appended to it.
        result: its one result.
        seed: the gradient of what is wanted by the result: 1, or 1 / batch for a mean.
        wanted: the arrays to derive by.
        per_sample: whether the gradient of what all samples share is wanted for each of them.
        careful: whether what a sample did not choose receives 0 even of an infinity or nan.

    Attributes:
        gradients: a view for each wanted array, of its width.
    """

    def __init__(
        self,
        routine: Routine,
        result: View,
        seed: Operand,
        wanted: Sequence[Array],
        *,
        per_sample: bool = False,
        careful: bool = False,
    ) -> None:
        self.routine = routine
        self.careful = careful
        self.per_sample = per_sample
        self.parts: dict[Array, list[Part]] = defaultdict(list)
        self.needed = set(wanted)
        self._rules: dict[Any, Rule] = {}
        forward = list(routine.statements)
        for statement in forward:
            for operand in operands_of(statement):
                if isinstance(operand, View) and operand.array in self.needed:
                    self.needed.add(statement.out)
        if result.array in self.needed:
            self.add(result, seed, True)
        for statement in reversed(forward):
            if statement.out in self.needed and statement.out not in wanted:
                g = self.adjoint(statement.out)
                if g is not None:
                    self.reverse(statement, g)
        self.gradients = [self._gradient(array) for array in wanted]

    def _gradient(self, array: Array) -> View:
        g = self.adjoint(array)
        batched = array.batched or self.per_sample
        return self.routine.filled(0.0 if g is None else g, array.width, batched)

    def add(self, view: View, value: Operand, batched: bool) -> None:
        """Add to the adjoint of some columns; one column that was broadcast takes their sum."""
        if view.array in self.needed:
            self.parts[view.array].append(Part(view.columns, value, batched))

    # Putting an array's adjoint together ----------------------------------------------------

    def adjoint(self, array: Array) -> Operand | None:
        """Return the sum of all contributions to an array; one column if all columns have one."""
        parts = self.parts.pop(array, [])
        if not parts:
            return None
        if array.batched or self.per_sample:
            return self._total(array.width, parts, True)
        over_batch = [part for part in parts if part.batched]
        total: Operand | None = None
        plain = [part for part in parts if not part.batched]
        if over_batch:
            plain += self._over_batch(over_batch)
        if plain:
            rest = self._total(array.width, plain, False)
            total = rest if total is None else self._sum(total, rest)
        return total

    def _over_batch(self, parts: list[Part]) -> list[Part]:
        """Return parts summed over the batch: side by side, as they lie in many places."""
        pieces = [(part.value, len(part.columns)) for part in parts]
        width = sum([width for _, width in pieces])
        source = self.routine.filled(self.routine.concat(pieces, True), width)
        out = self.routine.array(width, False)
        self.routine.statements.append(ir.SumBatch(out, source))
        ends = list(itertools.accumulate([width for _, width in pieces], initial=0))
        return [
            Part(part.columns, out.whole.part(begin, end), False)
            for part, begin, end in zip(parts, ends, ends[1:], strict=False)
        ]

    def _sum(self, x: Operand, y: Operand) -> Operand:
        return self.routine.apply(lookup("add"), (x, y))

    def _total(self, width: int, parts: list[Part], batched: bool) -> Operand:
        """Return the sum of parts: those that do not overlap side by side, then layer on layer."""
        layers: list[list[Part]] = []
        taken: list[Bools] = []
        for part in itertools.chain.from_iterable(map(self._unique, parts)):
            for layer, mask in zip(layers[-4:], taken[-4:], strict=True):
                if not mask[part.columns].any():
                    layer.append(part)
                    mask[part.columns] = True
                    break
            else:
                layers.append([part])
                mask = np.zeros(width, dtype=np.bool_)
                mask[part.columns] = True
                taken.append(mask)
        total: Operand | None = None
        for layer in layers:
            laid = self._layer(width, layer, batched)
            total = laid if total is None else self._sum(total, laid)
        assert total is not None
        return total

    def _layer(self, width: int, layer: list[Part], batched: bool) -> Operand:
        """Return parts that do not overlap in their columns, with zeros where there is none."""
        layer = sorted(layer, key=lambda part: int(part.columns.min()))
        if len(layer) == 1 and len(layer[0].columns) == width and in_order(layer[0].columns):
            return layer[0].value
        pieces: list[tuple[Operand, int]] = []
        at = 0
        for group in apart(layer):
            begin = min(int(part.columns.min()) for part in group)
            end = 1 + max(int(part.columns.max()) for part in group)
            if begin > at:
                pieces.append((0.0, begin - at))
            pieces.append((self._interleaved(group, begin, end, batched), end - begin))
            at = end
        if at < width:
            pieces.append((0.0, width - at))
        return self.routine.concat(pieces, batched)

    def _interleaved(self, group: list[Part], begin: int, end: int, batched: bool) -> Operand:
        """Return parts whose columns lie between each other as the columns they make together."""
        if len(group) == 1 and in_order(group[0].columns):
            return group[0].value
        values = [(part.value, len(part.columns)) for part in group]
        source = self.routine.concat(values, batched)
        together = np.concatenate([part.columns for part in group])
        index = np.full(end - begin, -1, dtype=np.int64)
        index[together - begin] = np.arange(len(together))
        return self.routine.take(source, index)

    def _unique(self, part: Part) -> list[Part]:
        """Return a part whose columns may repeat as parts where each column stands once.

        Columns that stand m times are gathered as m side by side, m rounded up to a power of two,
        and added up: twice the work at most, whatever the mix.
        """
        if (np.diff(part.columns) > 0).all():
            return [part]
        columns, counts = np.unique(part.columns, return_counts=True)
        if len(columns) == len(part.columns):
            return [part]
        width = len(part.columns)
        source = self.routine.filled(part.value, width, part.batched)
        order = np.argsort(part.columns, kind="stable")
        first = np.cumsum(counts) - counts
        bucket = np.ceil(np.log2(counts)).astype(np.int64)
        found: list[Part] = []
        powers: list[int] = np.unique(bucket).tolist()
        for power in powers:
            size = 1 << power
            here = np.flatnonzero(bucket == power)
            inside: Ints = np.arange(size)
            place = first[here][:, None] + np.minimum(inside, counts[here][:, None] - 1)
            index = np.where(inside < counts[here][:, None], order[place], -1)
            taken = self.routine.take(source, index.ravel())
            found.append(Part(columns[here], self.routine.reduce(taken, size), part.batched))
        return found

    # Statements -------------------------------------------------------------------------------

    def reverse(self, statement: Statement, g: Operand) -> None:
        """Append what a statement passes on of its result's adjoint g."""
        batched = statement.out.batched or self.per_sample
        ragged = statement.out.ragged
        if ragged is not None and not isinstance(statement, ir.Apply | ir.Fill):
            g = self._filled(g, ragged, batched)
        match statement:
            case ir.Apply():
                self._apply(statement, g)
            case ir.Concat():
                self._concat(statement, g)
            case ir.Take():
                full = self.routine.filled(g, statement.out.width, batched)
                columns = statement.source.columns[statement.index]
                self._spread(statement.source, columns, full, batched)
            case ir.Slide():
                full = self.routine.filled(g, statement.out.width, batched)
                self._slide(statement, full, batched)
            case ir.Reduce():
                groups, size = statement.out.width, statement.size
                value = self.routine.spread(g, size, groups)
                self._whole(statement.source, value, batched)
            case ir.Many():
                for view, value in pull_many(
                    self.routine, statement, g, self.needed, careful=self.careful
                ):
                    self._whole(view, value, batched)
            case ir.Dense():
                self._dense(statement, g)
            case ir.Fill():
                value = self._filled(g, statement.ragged, batched)
                self._whole(statement.source, value, batched)
            case ir.Grouped():
                self._pairs(statement, g)
            case ir.Pick():
                self._pick(statement, g)
            case ir.Unpick() | ir.Overlap() | ir.SumBatch() | ir.DenseOperand() | ir.DenseWeights():
                raise TypeError(f"{type(statement).__name__} stands in reverse programs only")

    def _filled(self, g: Operand, ragged: ir.Ragged, batched: bool) -> View:
        """Return an adjoint with 0 in the columns that mean nothing."""
        width = ragged.size * len(ragged.lengths)
        return self.routine.fill(self.routine.filled(g, width, batched), ragged, 0.0)

    def _pairs(self, statement: ir.Grouped, g: Operand) -> None:
        """Append the gradients of a product by both: products with the other one, turned."""
        full = self.routine.filled(g, statement.out.width, statement.out.batched or self.per_sample)
        left, right, at = statement.left_at, statement.right_at, statement.out_at
        kept, ragged = statement.kept, statement.out.ragged
        of_out = None
        if ragged is not None:
            of_out = ragged.kept[at.index].reshape(at.counts)
        if statement.left.array in self.needed:
            made = (full, statement.right, at, right.turned, of_out)
            self._product(made, statement.left.array, left)
        if statement.right.array in self.needed:
            of_left = kept if kept is not None else of_out
            turned = None if of_left is None else of_left.transpose(0, 2, 1)
            if kept is not None or ragged is None:
                made = (statement.left, full, left.turned, at, turned)
                self._product(made, statement.right.array, right)
            else:
                # What lies past a length is 0 in the adjoint: it stands on the left.
                made = (full, statement.left, at.turned, left, turned)
                self._product(made, statement.right.array, right.turned)

    def _product(
        self,
        made: tuple[View, View, Lattice, Lattice, Bools | None],
        owner: Array,
        where: Lattice,
    ) -> None:
        """Append a product as a part of the adjoint of what lies at these places."""
        left, right, left_at, right_at, kept = made
        counts = left_at.counts[0], left_at.counts[1], right_at.counts[2]
        steps = where.steps
        order = sorted(range(3), key=lambda i: -steps[i])
        place = np.arange(np.prod(counts)).reshape([counts[i] for i in order])
        out_at = evenly(place.transpose(np.argsort(order)))
        assert out_at is not None
        batched = left.array.batched or right.array.batched
        out = self.routine.array(place.size, batched)
        self.routine.statements.append(
            ir.Grouped(out, left, right, left_at, right_at, out_at, kept)
        )
        columns = where.index.reshape(where.counts).transpose(order).ravel()
        self.parts[owner].append(Part(columns, out.whole, batched))

    def _pick(self, statement: ir.Pick, g: Operand) -> None:
        source, size = statement.source, statement.size
        if source.array not in self.needed:
            return
        full = self.routine.filled(g, statement.out.width)
        batched = source.array.batched or self.per_sample
        out = self.routine.array(size * full.width, batched)
        self.routine.statements.append(ir.Unpick(out, statement.index, full, size))
        self.parts[source.array].append(Part(statement.places.ravel(), out.whole, batched))

    def _slide(self, statement: ir.Slide, g: View, batched: bool) -> None:
        source = statement.source
        if source.array not in self.needed:
            return
        windows = statement.lattice
        if len(list(windows.turns())) > _MANY_TURNS:
            self._spread(source, source.columns[windows.index], g, batched)
            return
        out = self.routine.array(source.width, g.array.batched)
        self.routine.statements.append(ir.Overlap(out, g, windows))
        self._spread(source, source.columns, out.whole, batched)

    def _spread(self, source: View, columns: Ints, value: View, batched: bool) -> None:
        if source.array in self.needed:
            self.parts[source.array].append(Part(columns, value, batched))

    def _whole(self, view: View, value: Operand, batched: bool) -> None:
        """Add a value that has the width of the view, or one column for all of it."""
        if view.array not in self.needed:
            return
        if batched and not view.array.batched and not _is_batched(value):
            value = self.routine.filled(value, view.width)
        self.add(view, value, batched)

    def _narrowed(self, view: View, value: Operand, width: int, batched: bool) -> None:
        """Add what `width` columns pass on to a view that may be one column, broadcast."""
        if view.width == 1 and width > 1:
            if isinstance(value, View) and value.width == width:
                value = self.routine.reduce(value, width)
            else:
                value = self.routine.apply(lookup("mul"), (value, float(width)))
        self._whole(view, value, batched)

    def _apply(self, statement: ir.Apply, g: Operand) -> None:
        out, operands = statement.out, statement.operands
        wanted = [
            i for i, x in enumerate(operands) if isinstance(x, View) and x.array in self.needed
        ]
        constants = {i: float(x) for i, x in enumerate(operands) if not isinstance(x, View)}
        # A deep chain asks for one rule a hundred thousand times.
        key = statement.row, tuple(wanted), repr(constants), len(operands)
        rule = self._rules.get(key)
        if rule is None:
            rule = pulled(statement.row, len(operands), wanted, constants, careful=self.careful)
            self._rules[key] = rule
        slopes = self.routine.run(rule.graph, [g, out.whole, *operands])
        for place, slope in zip(rule.places, slopes, strict=True):
            view = operands[place]
            assert isinstance(view, View)
            if out.ragged is not None and not (view.is_whole and view.array.ragged == out.ragged):
                slope = self._filled(slope, out.ragged, out.batched or self.per_sample)
            self._narrowed(view, slope, out.width, out.batched or self.per_sample)

    def _concat(self, statement: ir.Concat, g: Operand) -> None:
        at = 0
        for operand, width in statement.pieces:
            if isinstance(operand, View) and operand.array in self.needed:
                value = g
                if isinstance(g, View) and g.width > 1:
                    value = g.part(at, at + width)
                self._narrowed(operand, value, width, statement.out.batched or self.per_sample)
            at += width

    def _dense(self, statement: ir.Dense, g: Operand) -> None:
        full = self.routine.filled(g, statement.out.width)
        weights, source, windows = statement.weights, statement.source, statement.windows
        if weights.array in self.needed:
            rows, columns = weights.shape
            out = self.routine.array(rows * columns, self.per_sample, "w")
            self.routine.statements.append(ir.DenseWeights(out, full, source, weights, windows))
            self._spread(weights.array.whole, weights.places, out.whole, self.per_sample)
        if source.array in self.needed:
            out = self.routine.array(source.width, True)
            self.routine.statements.append(ir.DenseOperand(out, full, weights, windows))
            self._whole(source, out.whole, True)


def _is_batched(value: Operand) -> bool:
    return isinstance(value, View) and value.array.batched
