"""How far roundings may carry the numbers of a recorded graph: running error analysis.

Every node is given the room that its own rounding and those of its operands make. The other ways
to a number add the same terms in another order, so sums are given room for any order; what a row
makes of an operand that is off is found by moving the operand, so that a kink or a pole within
reach widens the room and nothing else does: no absolute tolerance hides a wrong term. See Higham,
"Accuracy and Stability of Numerical Algorithms", 2nd ed. 2002, sections 3.3 and 4.2.
"""

import math
from collections.abc import Sequence

from autograd import Value, order
from autograd.engine.primitive import Primitive

EPS = 2.0**-52
TINY = 5e-324
# Functions of NumPy and of the C library lie up to this many roundings apart.
APART = 8.0

_LINEAR = {"add", "sub", "neg", "sum"}
# What these give is an operand or a whole number: nothing is rounded.
_EXACT = {"abs", "clip", "equal", "maximum", "minimum", "relu", "select", "sign", "step", "where"}


class Rooms:
    """Numbers in the order of their making, each with its room.

    Args:
        eps: the distance from 1 to the next float of the program's kind.
        tiny: the smallest float of that kind.
        again: how many roundings of its operands a row's formula may make once more.

    Attributes:
        data: the numbers.
        room: how far each may lie from what another order of the same operations gives.
        constants: how many roundings a plain number may carry. In the graph of a gradient it may
            stand for what was computed before it was recorded, as the sum of two slopes.

    >>> from autograd.engine.primitive import lookup
    >>> rooms = Rooms()
    >>> x = rooms.leaf(3.0)
    >>> y = rooms.node(lookup("mul"), 9.0, [x, x])
    >>> rooms.room[y] == 8.0 * EPS * 9.0 + TINY
    True
    """

    def __init__(self, eps: float = EPS, tiny: float = TINY, again: float = 0.0) -> None:
        self.eps, self.tiny, self.again = eps, tiny, again
        self.data: list[float] = []
        self.room: list[float] = []
        # Of a sum, however it is nested: the sizes of its terms, their number and their rooms.
        self._terms: list[tuple[float, int, float]] = []
        self.constants = 0.0

    def leaf(self, x: float, room: float | None = None) -> int:
        """Enter a number that was not computed; return its place."""
        return self._enter(x, self._constant(x) if room is None else room)

    def node(self, row: Primitive, z: float, operands: Sequence[int | float]) -> int:
        """Enter what a row gave; return its place.

        Args:
            row: the primitive.
            z: its result.
            operands: an int for the number at that place, a float for a constant.
        """
        if row.name in _LINEAR:
            return self._sum(z, [self._term(x) for x in operands])
        if row.paired:
            half = len(operands) // 2
            pairs = zip(operands[:half], operands[half:], strict=True)
            return self._sum(z, [self._product(x, y) for x, y in pairs])
        room = 0.0 if row.name in _EXACT else APART * self.eps * abs(z) + self.tiny
        taken = [self.at(x)[0] for x in operands]
        reach = [0.0] * len(operands)
        for k, x in self.moved(row, operands):
            there = row.function(*taken[:k], x, *taken[k + 1 :])
            reach[k] = max(reach[k], gap(there, z))
        return self._enter(z, room + sum(reach))

    def at(self, x: int | float) -> tuple[float, float]:
        """Return an operand's number and its room."""
        return (self.data[x], self.room[x]) if isinstance(x, int) else (x, self._constant(x))

    def moved(self, row: Primitive, operands: Sequence[int | float]) -> list[tuple[int, float]]:
        """Ways to move one operand within its reach, each as its place and number.

        It goes to both ends of its room, and to 0 or a tie within.
        """
        numbers = [self.at(x) for x in operands]
        again = 0.0 if row.name in _EXACT else self.again * self.eps
        found: list[tuple[int, float]] = []
        for k, (x, room) in enumerate(numbers):
            by = room + again * abs(x)
            found += [(k, x - by), (k, x + by)] if by else []
            others = [(0.0, 0.0), *numbers] if row.name in _EXACT or room else []
            found += [(k, y) for y, off in others if 0.0 < abs(y - x) <= room + off]
        return found

    def _enter(self, x: float, room: float) -> int:
        self.data.append(x)
        # 0 times what may be anything is anything.
        self.room.append(math.inf if math.isnan(room) else room)
        self._terms.append((abs(x), 1, room))
        return len(self.data) - 1

    def _constant(self, x: float) -> float:
        return self.constants * self.eps * abs(x)

    def _term(self, x: int | float) -> tuple[float, int, float]:
        return self._terms[x] if isinstance(x, int) else (abs(x), 1, self._constant(x))

    def _product(self, first: int | float, second: int | float) -> tuple[float, int, float]:
        (x, dx), (y, dy) = self.at(first), self.at(second)
        size = abs(x * y)
        return size, 1, abs(x) * dy + abs(y) * dx + dx * dy + self.eps * size + self.tiny

    def _sum(self, z: float, terms: Sequence[tuple[float, int, float]]) -> int:
        sizes, counts, rooms = zip(*terms, strict=True) if terms else ((), (), ())
        size, count, inner = sum(sizes), sum(counts), sum(rooms)
        place = self._enter(z, inner + (count + 1) * self.eps * size + self.tiny)
        self._terms[place] = size, count, inner
        return place


class GraphRooms(Rooms):
    """The room of each Value met so far; graphs that share nodes share the work.

    >>> x = Value(3.0)
    >>> GraphRooms().of(x * x) == 8.0 * EPS * 9.0 + TINY
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[Value, int] = {}

    def of(self, z: Value) -> float:
        """Return how far z may lie from what another order of the same operations gives."""
        for node in order(z):
            if node not in self._places:
                operands = [self._places[x] if isinstance(x, Value) else x for x in node.args]
                self._places[node] = (
                    self.leaf(node.data)
                    if node.op is None
                    else self.node(node.op, node.data, operands)
                )
        return self.room[self._places[z]]

    def sizes(self) -> tuple[float, float]:
        """The sizes of the smallest number met that is not 0, and of the largest."""
        found = [abs(x) for x in self.data if x and math.isfinite(x)]
        return min(found, default=math.inf), max(found, default=0.0)


def gap(x: float, y: float) -> float:
    """|x - y|; infinite if only one of them is a number."""
    if math.isfinite(x) and math.isfinite(y):
        return abs(x - y)
    return 0.0 if x == y or (x != x and y != y) else math.inf
