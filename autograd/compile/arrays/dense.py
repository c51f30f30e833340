"""Rolls sums of weights times numbers of the sample into matrix products.

A layer is a group of sums with one list of operands; its weights are taken as a matrix where they
lie in the flat parameters, without a copy, if they lie evenly. Sums with the same weights on
different operands, as in a convolution written by hand, are one product over all windows.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from autograd.compile.arrays.ir import Array, Dense, Matrix, Operand, View
from autograd.compile.arrays.placement import Placement
from autograd.compile.graph.graph import Ints, halves
from autograd.engine.primitive import lookup

# Sums that share neither operands nor weights: beyond so many of one length, they are gathered.
_MANY_ALONE = 8
# A matrix that lies in the parameters in more even blocks than this is gathered.
_MANY_BLOCKS = 4
_ADVICE = "give the parameters neuron by neuron, each in the order of its inputs"


class DenseSums:
    """The dense sums of one level, rolled.

    Args:
        placed: the nodes so far.
        nodes: `dot` rows with weights in their first half and numbers of the sample in the second.
        note: takes nodes and why they did not become a statement on views.

    Attributes:
        left: nodes that are better taken as any other sum of products.
    """

    def __init__(
        self, placed: Placement, nodes: list[int], note: Callable[[Ints, str], None]
    ) -> None:
        self.placed = placed
        self.note = note
        self.left: list[int] = []
        layers: dict[bytes, list[int]] = defaultdict(list)
        weights: dict[int, Ints] = {}
        operands: dict[bytes, Ints] = {}
        for node in nodes:
            w, x = halves(placed.graph.operands_of(node))
            # Biases last, all else in the order the operands were made: however it was written.
            order = np.lexsort((x, placed.constant[x]))
            key = x[order].tobytes()
            weights[node] = w[order]
            operands[key] = x[order]
            layers[key].append(node)
        for key, group in layers.items():
            turned = self._turned(operands[key])
            if turned is not None:
                operands[key] = operands[key][turned]
                weights.update({node: weights[node][turned] for node in group})
        # Lists of operands with the same weights are windows of one product.
        windows: dict[tuple[int, bytes], list[bytes]] = defaultdict(list)
        for key, group in layers.items():
            shared = b"".join([weights[node].tobytes() for node in group])
            windows[len(operands[key]), shared].append(key)
        alone: dict[int, list[list[bytes]]] = defaultdict(list)
        for keys in windows.values():
            group = layers[keys[0]]
            if len(keys) == len(group) == 1:
                alone[len(operands[keys[0]])].append(keys)
        apart = {
            keys[0] for groups in alone.values() if len(groups) > _MANY_ALONE for keys in groups
        }
        for keys in windows.values():
            if keys[0] in apart:
                self.left += layers[keys[0]]
                continue
            table = np.array([weights[node] for node in layers[keys[0]]])
            nodes_of = np.array([layers[key] for key in keys])
            self._product(nodes_of, table, np.array([operands[key] for key in keys]))
        if apart:
            note(
                np.array(self.left),
                "they share neither operands nor weights, so both are gathered",
            )

    def _turned(self, operands: Ints) -> Ints | None:
        """Return an order for operands that lie from the end of an array; None for others.

        A derivative's sums go through a layer from its end.
        """
        placed = self.placed
        count = int((~placed.constant[operands]).sum())
        array, column = placed.array_of[operands[:count]], placed.column[operands[:count]]
        if count < 2 or (np.diff(column) >= 0).any() or (array != array[0]).any():
            return None
        return np.concatenate([np.arange(count)[::-1], np.arange(count, len(operands))])

    def _product(self, nodes: Ints, weights: Ints, operands: Ints) -> None:
        """Append out = operands @ weights.T, for windows x sums `nodes`."""
        placed = self.placed
        windows, sums = nodes.shape
        total: Operand | None = None
        blocks = self._blocks(weights, operands)
        if len(blocks) > _MANY_BLOCKS:
            # In the order in which the weights lie, if the one of the operands tears them apart.
            array, place = placed.array_of[weights[0]], placed.column[weights[0]]
            order = np.lexsort((place, array, placed.constant[operands[0]]))
            found = self._blocks(weights[:, order], operands[:, order])
            if len(found) <= _MANY_BLOCKS:
                weights, operands, blocks = weights[:, order], operands[:, order], found
            else:
                blocks = self._gathered(nodes.ravel(), weights, operands, len(blocks))
        for begin, end in blocks:
            block, taken = weights[:, begin:end], np.ascontiguousarray(operands[:, begin:end])
            if placed.constant[taken].all() and (placed.number[taken] == 1.0).all():
                bias = placed.operand(np.tile(block[:, 0], windows))
                for i in range(1, end - begin):
                    more = placed.operand(np.tile(block[:, i], windows))
                    bias = placed.routine.apply(lookup("add"), (bias, more))
                part = bias
            else:
                source = placed.filled(taken.ravel(), True)
                out = placed.routine.array(windows * sums, True)
                matrix = self._matrix(nodes.ravel(), block)
                placed.routine.statements.append(Dense(out, source, matrix, windows))
                part = out.whole
            total = part if total is None else placed.routine.apply(lookup("add"), (total, part))
        assert isinstance(total, View)
        placed.put(nodes.ravel(), total)

    def _blocks(self, weights: Ints, operands: Ints) -> list[tuple[int, int]]:
        """Return from where to where the weights' columns lie evenly, each block a matrix."""
        placed = self.placed
        array, place = placed.array_of[weights], placed.column[weights]
        count = weights.shape[1]
        if count == 1:
            return [(0, 1)]
        steps = np.diff(place, axis=1)
        # The step between two columns is the same in all rows, and the same along a block.
        even = (steps == steps[:1]).all(axis=0) & (array[:, 1:] == array[:, :-1]).all(axis=0)
        # A bias goes with the weights before it if it lies beside them; not so with windows, whose
        # operands are views while no number stands among them.
        constant = placed.constant[operands[0]]
        if len(operands) > 1:
            even &= constant[1:] == constant[:-1]
        bounds = [0]
        for i in range(count - 1):
            begins = bounds[-1] == i
            same = even[i] and (begins or steps[0, i] == steps[0, i - 1])
            if not same:
                bounds.append(i + 1)
        bounds.append(count)
        return list(itertools.pairwise(bounds))

    def _gathered(
        self, nodes: Ints, weights: Ints, operands: Ints, pieces: int
    ) -> list[tuple[int, int]]:
        """Return the weights as one block, and the biases as one, and say why."""
        sums, count = weights.shape
        self.note(
            nodes,
            f"their {sums} x {count} weights lie in {pieces} pieces, so they are gathered; "
            f"{_ADVICE}",
        )
        first_bias = int((~self.placed.constant[operands[0]]).sum())
        return [(0, first_bias), (first_bias, count)] if first_bias < count else [(0, count)]

    def _matrix(self, nodes: Ints, weights: Ints) -> Matrix:
        """Return the weights as a matrix where they lie, or gathered."""
        placed = self.placed
        array, place = placed.array_of[weights], placed.column[weights]
        if (array == array[0, 0]).all():
            found = _even(placed.arrays[int(array[0, 0])], place)
            if found is not None:
                return found
        rows, columns = weights.shape
        if rows * columns > 1:
            self.note(
                nodes,
                f"{rows} x {columns} of their weights do not lie evenly, so they are gathered; "
                f"{_ADVICE}",
            )
        view = placed.filled(np.ascontiguousarray(weights).ravel(), False)
        if not view.is_whole and view.step != 1:
            view = placed.routine.take(view, np.arange(view.width))
        return Matrix(view.array, view.start, rows, columns, 0, columns)


def _even(array: Array, place: Ints) -> Matrix | None:
    """Return the matrix of numbers that lie at these places, if they lie evenly.

    >>> theta = Array("theta", 12, False)
    >>> _even(theta, np.array([[0, 1], [3, 4], [6, 7]])).shape
    (3, 2)
    >>> _even(theta, np.array([[0, 1], [3, 5]])) is None
    True
    """
    rows, columns = place.shape
    across = _step(place, axis=1)
    down = _step(place, axis=0)
    if across is None or down is None:
        return None
    if rows == 1 and across == 1:
        return Matrix(array, int(place[0, 0]), 1, columns, 0, columns)
    if across in (0, 1) and (across == 1 or columns == 1):
        return _rows(array, int(place[0, 0]), rows, down, columns, transposed=False)
    if down == 1 or rows == 1:
        return _rows(array, int(place[0, 0]), columns, across, rows, transposed=True)
    return None


def _step(place: Ints, axis: int) -> int | None:
    """Return the even step along an axis, 0 if there is only one number; None if it is uneven."""
    steps = np.diff(place, axis=axis)
    if steps.size == 0:
        return 0
    step = int(steps.flat[0])
    return step if step > 0 and (steps == step).all() else None


def _rows(
    array: Array, start: int, rows: int, stride: int, columns: int, *, transposed: bool
) -> Matrix | None:
    """Return rows of a stride as a matrix; moved to the left if the last one would stick out."""
    if rows == 1:
        stride = columns
    if stride < columns:
        return None
    skip = max(0, start + rows * stride - array.width)
    if skip + columns > stride or skip > start:
        return None
    return Matrix(array, start - skip, rows, stride, skip, columns, transposed)
