"""How far roundings may carry the numbers of a recorded graph: running error analysis on Values.

Every node is given the room that its own rounding and those of its operands make. The other ways
to a derivative add the same terms in another order, so sums are given room for any order; what a
row makes of an operand that is off is found by moving the operand, so that a kink or a pole within
reach widens the room and nothing else does. See Higham, "Accuracy and Stability of Numerical
Algorithms", 2nd ed. 2002, sections 3.3 and 4.2.
"""

import math
from collections.abc import Iterable, Sequence

from autograd import Value, order

EPS = 2.0**-52
TINY = 5e-324
# Functions of NumPy and of the C library lie up to this many roundings apart.
APART = 8.0

_LINEAR = {"add", "sub", "neg", "sum"}
# What these give is an operand or a whole number: nothing is rounded.
_EXACT = {"abs", "clip", "equal", "maximum", "minimum", "relu", "select", "sign", "step", "where"}


class Rooms:
    """The room of each node met so far; graphs that share nodes share the work.

    Attributes:
        constants: how many roundings a plain number may carry. In the graph of a gradient it may
            stand for what was computed before it was recorded, as the sum of two slopes.
        smallest: the size of the smallest number met that is not 0.
        largest: of the largest.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> Rooms()(y) == 8.0 * EPS * 9.0 + TINY
    True
    """

    def __init__(self) -> None:
        self._room: dict[Value, float] = {}
        # Of a sum, however it is nested: the sizes of its terms, their number and their rooms.
        self._terms: dict[Value, tuple[float, int, float]] = {}
        self.constants = 0.0
        self.smallest, self.largest = math.inf, 0.0

    def __call__(self, z: Value) -> float:
        """Return how far z may lie from what another order of the same operations gives."""
        for node in order(z):
            if node not in self._room:
                self._room[node] = self._of(node)
                if node.data and math.isfinite(node.data):
                    self.smallest = min(self.smallest, abs(node.data))
                    self.largest = max(self.largest, abs(node.data))
        return self._room[z]

    def _of(self, node: Value) -> float:
        row = node.op
        if row is None:
            return self._constant(node.data)
        if row.name in _LINEAR:
            return self._sum(node, [self._term(x) for x in node.args])
        data = [x.data if isinstance(x, Value) else x for x in node.args]
        off = [self._room[x] if isinstance(x, Value) else self._constant(x) for x in node.args]
        if row.paired:
            half = len(data) // 2
            return self._sum(
                node,
                [_product(data[k], off[k], data[k + half], off[k + half]) for k in range(half)],
            )
        room = 0.0 if row.name in _EXACT else APART * EPS * abs(node.data) + TINY
        for k, by in enumerate(off):
            if by:
                moved = [(*data[:k], x, *data[k + 1 :]) for x in _reach(data[k], by, data)]
                room += max(_gap(row.function(*xs), node.data) for xs in moved)
        return room

    def _term(self, x: object) -> tuple[float, int, float]:
        if not isinstance(x, Value):
            number = float(x)  # pyright: ignore[reportArgumentType]
            return abs(number), 1, self._constant(number)
        return self._terms.get(x, (abs(x.data), 1, self._room[x]))

    def _constant(self, x: float) -> float:
        return self.constants * EPS * abs(x)

    def _sum(self, node: Value, terms: Iterable[tuple[float, int, float]]) -> float:
        sizes, counts, rooms = zip(*terms, strict=True) if terms else ((), (), ())
        size, count, inner = sum(sizes), sum(counts), sum(rooms)
        self._terms[node] = size, count, inner
        return inner + (count + 1) * EPS * size + TINY


def _product(x: float, dx: float, y: float, dy: float) -> tuple[float, int, float]:
    size = abs(x * y)
    return size, 1, abs(x) * dy + abs(y) * dx + dx * dy + EPS * size + TINY


def _reach(x: float, by: float, others: Sequence[float]) -> list[float]:
    """Where an operand may lie: at both ends of its room, and at 0 or a tie within."""
    ends = [x - by, x + by]
    return ends + [y for y in (0.0, *others) if y != x and abs(y - x) <= by]


def _gap(x: float, y: float) -> float:
    if math.isfinite(x) and math.isfinite(y):
        return abs(x - y)
    return 0.0 if x == y or (x != x and y != y) else math.inf
