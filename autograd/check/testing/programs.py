"""Random programs, from any source of choices (`choices.py`).

A program is grown row by row, each inside its domain at the point, and its loose ends are joined,
so that every input is used. Sums whose terms cancel come on purpose.
"""

from collections.abc import Sequence
from functools import cache

from autograd import asked
from autograd.check.testing.choices import Choices, Seeded, draw_number
from autograd.check.testing.program import Instruction, RandomProgram
from autograd.engine.primitive import Interval
from autograd.engine.primitives import TABLE, Primitive

# How many operands a row of any number is given.
_OPERANDS = (2, 3, 4, 5, 8)
# The most inputs of a program, and how many it has: three in the middle, from 5 on up to 8.
MAX_INPUTS = 8
_COUNTS = (1, 2, 3, 3, 3, 4, 4, 5)


def build(
    choices: Choices,
    max_ops: int,
    primitives: Sequence[str | Primitive] | None = None,
    using: str | Primitive | None = None,
    max_inputs: int = MAX_INPUTS,
) -> RandomProgram:
    """Return a program of one to eight inputs, each row inside its domain at the point.

    An operand is a variable whose number lies in the row's interval, the last one or any earlier
    (so nodes are shared); else a variable scaled by a constant to lie there; else a new input.

    Args:
        choices: where choices come from.
        max_ops: the largest number of instructions drawn; scaling operands into a domain and
            joining loose ends may add twice as many.
        primitives: the rows to use; all of the table if left out.
        using: a row to use in any case; it need not be among the others.
        max_inputs: the largest number of inputs, eight at most.

    Raises:
        ValueError: if max_ops or max_inputs is below 1, or a name is not of the table.

    >>> build(Seeded(3), 6) == build(Seeded(3), 6)
    True
    """
    max_ops = asked.whole("max_ops", max_ops, at_most=10_000)
    max_inputs = asked.whole("max_inputs", max_inputs, at_most=MAX_INPUTS)
    rows = _rows(primitives)
    wanted = _row(using) if using is not None else None
    while True:
        making = _Making(choices, rows, max_inputs)
        making.draw(max_ops, wanted)
        if making.moves() or not choices.again():
            return making.finished()


def random_program(
    seed: int,
    max_ops: int = 12,
    primitives: Sequence[str | Primitive] | None = None,
    using: str | Primitive | None = None,
) -> RandomProgram:
    """Return the program of a seed, without Hypothesis; see `build`.

    >>> random_program(7)(*random_program(7).point) == random_program(7)(*random_program(7).point)
    True
    >>> "tanh" in random_program(7, using="tanh").primitives
    True
    """
    return build(Seeded(seed), max_ops, primitives, using)


def _rows(primitives: Sequence[str | Primitive] | None) -> list[Primitive]:
    if primitives is None:
        return list(TABLE.values())
    if isinstance(primitives, str):
        raise TypeError(f"primitives is a list of names and rows: write [{primitives!r}]")
    rows = list(map(_row, primitives))
    if not rows:
        raise ValueError("primitives is empty: name at least one, or leave it out for all")
    return rows


def _row(chosen: object) -> Primitive:
    if isinstance(chosen, Primitive):
        return chosen
    if not isinstance(chosen, str):
        raise TypeError(
            f"a row is a Primitive or the name of one, got {chosen!r:.60}: of a function that "
            "@primitive or register gave, write its name"
        )
    if chosen not in TABLE:
        raise ValueError(f"no primitive is called {chosen!r}; known are {', '.join(TABLE)}")
    return TABLE[chosen]


# How many variables an operand is chosen among.
_NEAREST = 5

# A variable: the number of a step, or of an input counted from -1 down. A constant: a float.
_Place = int


class _Making:
    """A program underway. Inputs are numbered from -1 down until their count is known."""

    def __init__(self, choices: Choices, rows: Sequence[Primitive], max_inputs: int) -> None:
        self.choices = choices
        self.rows = rows
        self.max_inputs = max_inputs
        self.inputs: list[float] = []
        self.steps: list[Instruction] = []
        self.values: list[float] = []
        self.used: set[_Place] = set()
        self.count = 1
        self.most = 1
        self.asked: _Place | None = None

    def draw(self, max_ops: int, using: Primitive | None) -> None:
        """Grow a whole program."""
        wanted = 1 + self.choices.index(max_ops)
        self.most = 3 * wanted + 8
        # Rows that move with each of their operands; failing those, rows that choose one.
        several = list(filter(_combines, self.rows))
        joining = list(filter(_mixes, several)) or several
        sums = [row for row in self.rows if row in (TABLE["sum"], TABLE["dot"])]
        # One instruction in some thirty.
        cancelling = 1 + len(self.rows) // 30 if sums else 0
        if joining:
            self.count = _COUNTS[self.choices.index(len(_COUNTS))]
            self.count += self.choices.index(4) if self.count == 5 else 0
            self.count = min(self.count, 1 + max_ops, self.max_inputs)
        turn = wanted - 1
        if using is not None and joining:
            # With nothing to join ends by, all but the last instruction's are lost.
            turn = self.choices.index(wanted)
        for i in range(wanted):
            if i == turn and using is not None:
                self.asked = self.grow(using)
                continue
            chosen = self.choices.row(len(self.rows) + cancelling)
            if chosen is not None and chosen < len(self.rows):
                self.grow(self.rows[chosen])
            elif chosen is not None:
                self.cancel(sums)
        if not self.steps:
            self.grow(self.rows[0])
        if joining:
            self.join(joining)
            chosen = self.choices.row(len(self.rows)) if self.choices.index(2) else None
            if chosen is not None:
                self.grow(self.rows[chosen], len(self.steps) - 1)
                self.join(joining)

    def grow(self, row: Primitive, *given: _Place) -> _Place:
        """Append one instruction of a row, and what it needs before it.

        Args:
            row: the primitive.
            given: variables that must be among its operands.
        """
        domain = self._domain(row, len(given))
        variables = len(domain) - row.constants
        # Any operand may be the given one, such as the numerator or the denominator.
        start = self._index(variables) if given else 0
        taken = {(start + k) % variables: place for k, place in enumerate(given[:variables])}
        operands: list[int | float] = []
        for k, (low, high) in enumerate(domain):
            if k >= variables:
                operands.append(draw_number(self.choices, low, high))
                continue
            operand = self._fitted(taken[k], low, high) if k in taken else None
            if operand is None:
                first = not any(isinstance(x, int) for x in operands)
                operand = self._operand(low, high, first and k == variables - 1)
            operands.append(operand)
        return self._enter(row, *operands)

    def _domain(self, row: Primitive, given: int = 0) -> list[Interval]:
        """Return an interval per operand; a row of any number gets two or more, or pairs."""
        if row.arity is not None:
            return list(row.domain)
        count = max(given, _OPERANDS[self.choices.index(len(_OPERANDS))])
        return list(row.domain[:1]) * (count + count % 2 if row.paired else count)

    def _enter(self, row: Primitive, *operands: int | float) -> _Place:
        self.values.append(row.function(*map(self._number, operands)))
        self.steps.append(Instruction(row, operands))
        self.used.update(x for x in operands if isinstance(x, int))
        return len(self.steps) - 1

    def _number(self, x: int | float) -> float:
        if isinstance(x, float):
            return x
        return self.values[x] if x >= 0 else self.inputs[-x - 1]

    def _places(self) -> list[_Place]:
        """All variables, the last first, with those that nothing uses yet before the others."""
        places = [*range(len(self.steps) - 1, -1, -1), *range(-1, -len(self.inputs) - 1, -1)]
        return sorted(places, key=self.used.__contains__)

    def _operand(self, low: float, high: float, must_vary: bool) -> int | float:
        """Choose an operand with a number in [low, high]."""
        # Unused variables first, the youngest of them before others: so each is used.
        places = self._places()
        fitting = [i for i in places if low <= self._number(i) <= high][:_NEAREST]
        usable = [i for i in places if 1e-100 < abs(self._number(i)) < 1e100][:_NEAREST]
        ways: list[_Place | str] = [*fitting]
        ways += [] if must_vary else ["constant"]
        ways += ["scaled"] if usable and len(self.steps) < self.most else []
        # The last, so that the others keep their places where a program shrinks to fewer inputs.
        ways += ["input"] if len(self.inputs) < self.count else []
        way = ways[self._index(len(ways))] if ways else "input"
        if way == "constant":
            return draw_number(self.choices, low, high)
        if way == "scaled":
            scaled = self._scaled(usable[self._index(len(usable))], low, high)
            way = scaled if scaled is not None else "input"
        if isinstance(way, int):
            return way
        # Where nothing else is to be had there is one input more, if there may be.
        room = len(self.inputs) < self.max_inputs
        return self._input(low, high) if room else draw_number(self.choices, low, high)

    def _index(self, count: int) -> int:
        # What leaves no choice is not asked: two ways to one program would make it come twice.
        return self.choices.index(count) if count > 1 else 0

    def _input(self, low: float, high: float) -> _Place:
        self.inputs.append(draw_number(self.choices, low, high))
        return -len(self.inputs)

    def _fitted(self, place: _Place, low: float, high: float) -> _Place | None:
        """Return a variable in [low, high], this one or a multiple of it; None if there is none."""
        number = self._number(place)
        if low <= number <= high:
            return place
        return self._scaled(place, low, high) if 1e-100 < abs(number) < 1e100 else None

    def _scaled(self, place: _Place, low: float, high: float) -> _Place | None:
        """Multiply a variable by a constant so that it lies in [low, high]."""
        number = self._number(place)
        factor = draw_number(self.choices, low, high) / number
        # Four digits read better; a factor that leaves the interval is kept whole.
        short = float(f"{factor:.4g}")
        if low <= short * number <= high:
            factor = short
        if not factor or not low <= factor * number <= high:
            return None
        return self._enter(TABLE["mul"], place, factor)

    def cancel(self, sums: Sequence[Primitive]) -> None:
        """Append a sum whose terms cancel to a small number, and a row that shows it."""
        if len(self.inputs) < self.count:
            small = self._input(-1e-2, 1e-2)
        else:
            found = self._fitted(self._places()[self._index(len(self._places()))], -1e-2, 1e-2)
            if found is None:
                return
            small = found
        row = sums[self._index(len(sums))]
        terms: list[tuple[int | float, float]] = [(small, 1.0)]
        for _ in range(1 + self.choices.index(2)):
            a = draw_number(self.choices, 0.25, 10.0)
            if row is TABLE["sum"]:
                terms += [(a, 1.0), (-a, 1.0)]
            else:
                b = draw_number(self.choices, 0.25, 10.0)
                # Halves and doubles are exact, so the products cancel to the last digit.
                terms += [(a, b), (-0.5 * a, 2.0 * b)]
        turn = self.choices.index(len(terms))
        terms = [*terms[turn:], *terms[:turn]]
        factors = [b for _, b in terms] if row is TABLE["dot"] else []
        place = self._enter(row, *[a for a, _ in terms], *factors)
        shown = [row for row in self.rows if row in _SHOWING]
        if shown and self.choices.index(4):
            self.grow(shown[self._index(len(shown))], place)

    def join(self, joining: Sequence[Primitive]) -> None:
        """Join unused variables, and inputs that are still to come, into one result."""
        ends = [place for place in self._places() if place not in self.used]
        while len(self.inputs) < self.count:
            ends.append(self._input(-10.0, 10.0))
        while len(ends) > 1:
            row = joining[self._index(len(joining))]
            room = 2 if row.arity is not None else 2 + self._index(len(ends) - 1)
            place = self.grow(row, *ends[:room])
            left = [end for end in ends[1:] if end not in self.used]
            if len(left) == len(ends) - 1:
                # Its number is in no row's reach, as 0 is in no logarithm's.
                left = left[1:]
            ends = [place, *left]

    def moves(self) -> bool:
        """Whether the result moves with an input, and with the row that was asked for if it can."""
        live = self._behind(moving=True)
        if min(live) >= 0 and not all(map(_still, self.rows)):
            return False
        if self.asked is None or self.asked in live:
            return True
        return _still(self.steps[self.asked].row) and self.asked in self._behind()

    def _behind(self, moving: bool = False) -> set[_Place]:
        """Return the variables behind the result: those it needs, or those that it moves with."""
        found = {len(self.steps) - 1}
        for i in range(len(self.steps) - 1, -1, -1):
            if i in found:
                step = self.steps[i]
                numbers = list(map(self._number, step.operands))
                found.update(
                    x
                    for k, x in enumerate(step.operands)
                    if isinstance(x, int)
                    and x not in found
                    and (not moving or _moves(step.row, numbers, k))
                )
        return found

    def finished(self) -> RandomProgram:
        """Return the program without the instructions that its result does not need."""
        needed = self._behind()
        inputs = sorted((i for i in needed if i < 0), reverse=True)
        steps = sorted(i for i in needed if i >= 0)
        numbers = {place: n for n, place in enumerate([*inputs, *steps])}
        instructions = tuple(
            Instruction(
                self.steps[i].row,
                tuple([numbers[x] if isinstance(x, int) else x for x in self.steps[i].operands]),
            )
            for i in steps
        )
        return RandomProgram(tuple(self.inputs[-i - 1] for i in inputs), instructions)


# Rows that show what a small number has lost: they square it, divide by it, take roots and logs.
_SHOWING = [
    TABLE[name]
    for name in ("square", "div", "reciprocal", "log", "log2", "sqrt", "power", "pow", "mul")
]


@cache
def _combines(row: Primitive) -> bool:
    """Whether a row of two or more variables moves with some of them."""
    return _inside(row, 0.9)[1] > 1 and not _still(row)


@cache
def _mixes(row: Primitive) -> bool:
    """Whether a row of two or more variables moves with each: it joins ends without losing one.

    >>> _mixes(TABLE["mul"]), _mixes(TABLE["where"]), _mixes(TABLE["sin"])
    (True, False, False)
    """
    # Not the middle, where products are 0.
    numbers, variables = _inside(row, 0.9)
    return variables > 1 and all(_moves(row, numbers, k) for k in range(variables))


@cache
def _still(row: Primitive) -> bool:
    """Whether a row moves with none of its operands, as far as four points show.

    >>> _still(TABLE["step"]), _still(TABLE["relu"])
    (True, False)
    """
    points = [_inside(row, share) for share in (0.3, 0.45, 0.7, 0.9)]
    return not any(_moves(row, numbers, k) for numbers, n in points for k in range(n))


def _inside(row: Primitive, share: float) -> tuple[list[float], int]:
    """Return operands at about a share of the domain, and how many of them are variables."""
    domain = row.domain if row.arity is not None else list(row.domain[:1]) * 4
    numbers = [low + (share - 0.07 * k) * (high - low) for k, (low, high) in enumerate(domain)]
    return numbers, len(domain) - row.constants


def _moves(row: Primitive, numbers: Sequence[float], k: int) -> bool:
    """Whether a row's value moves with operand k, by its function: a wrong rule has no say here.

    A row of one operand is moved far, since a tail moves less than floats can show; rows of more
    choose between their operands, and are moved a little.
    """
    x = numbers[k]
    first, second = x, x * (0.7 if row.arity == 1 else 0.999)
    if not x:
        # At the turn of an even function there is no slope.
        first, second = 1e-3, -1e-3
    before, after = numbers[:k], numbers[k + 1 :]
    try:
        return row.function(*before, first, *after) != row.function(*before, second, *after)
    except (TypeError, ValueError, ArithmeticError):
        return True
