"""Random programs: straight-line functions over the rows of the table, with shared nodes.

A program is data (instructions over numbered variables), so it prints as Python source, compares,
and runs on numbers and Values alike. One builder makes them from any source of choices: a seeded
generator here, Hypothesis in `strategies.py`.
"""

import math
import operator
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import autograd
from autograd.row import ATOM, TABLE, Operand, Primitive, apply


class Choices(Protocol):
    """A source of choices; the simplest choice comes first."""

    def index(self, count: int) -> int:
        """Choose one of `count` things by its number."""
        ...

    def row(self, count: int) -> int | None:
        """Choose one of `count` rows for an instruction, or None for none in its place."""
        ...

    def number(self, low: float, high: float) -> float:
        """Choose a number of the closed interval."""
        ...


class Seeded:
    """Choices from a seed: the same seed gives the same choices on every machine.

    >>> Seeded(1).index(10) == Seeded(1).index(10)
    True
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def index(self, count: int) -> int:
        """Choose one of `count` things by its number."""
        return self.rng.randrange(count)

    def row(self, count: int) -> int:
        """Choose one of `count` rows."""
        return self.index(count)

    def number(self, low: float, high: float) -> float:
        """Choose a number of the closed interval, by magnitude where that spans decades."""
        if low > 0.0 and high > 100.0 * low:
            return math.exp(self.rng.uniform(math.log(low), math.log(high)))
        return self.rng.uniform(low, high)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One row applied to variables and constants.

    Attributes:
        row: the primitive.
        operands: an int for the variable of that number, a float for a constant.
    """

    row: Primitive
    operands: tuple[int | float, ...]

    def __str__(self) -> str:
        return self.row.text([_operand(x) for x in self.operands])


def _operand(x: int | float) -> Operand:
    if isinstance(x, float):
        return Operand(repr(x), ATOM if x >= 0.0 else 0)
    return Operand(f"v{x}", ATOM)


@dataclass(frozen=True, slots=True)
class Program:
    """A function of some numbers, written as one instruction after the other.

    Variables are numbered: the inputs first, then one for each instruction. The result is the
    last.

    Attributes:
        point: numbers to call it with, at which every row is inside its domain.
        instructions: in order.

    >>> from autograd.row import lookup
    >>> product, power = Instruction(lookup("mul"), (0, 1)), Instruction(lookup("exp"), (2,))
    >>> p = Program((2.0, 3.0), (product, power))
    >>> print(p)
    from autograd import exp
    <BLANKLINE>
    def program(v0, v1):
        v2 = v0 * v1
        v3 = exp(v2)
        return v3
    <BLANKLINE>
    program(2.0, 3.0)
    >>> p(1.0, 0.0)
    1.0
    """

    point: tuple[float, ...]
    instructions: tuple[Instruction, ...]

    def __call__(self, *inputs: Any) -> Any:
        """Run on numbers, Values, arrays or anything else the rows take."""
        if len(inputs) != len(self.point):
            raise TypeError(f"the program takes {len(self.point)} inputs, got {len(inputs)}")
        variables: list[Any] = list(inputs)
        for instruction in self.instructions:
            operands = [variables[x] if isinstance(x, int) else x for x in instruction.operands]
            variables.append(_applied(instruction.row, operands))
        return variables[-1]

    @property
    def primitives(self) -> tuple[str, ...]:
        """The names of the rows it uses, each once, in the order of the table."""
        used = {instruction.row.name for instruction in self.instructions}
        return tuple(name for name in TABLE if name in used)

    @property
    def source(self) -> str:
        """Python text that defines and calls it; it runs when pasted."""
        names = [f"v{i}" for i in range(len(self.point))]
        lines: list[str] = []
        called: set[str] = set()
        for i, instruction in enumerate(self.instructions):
            text = str(instruction)
            if f"{instruction.row.name}(" in text:
                called.add(instruction.row.name)
            lines.append(f"    v{len(self.point) + i} = {text}")
        result = f"v{len(self.point) + len(self.instructions) - 1}"
        shipped = sorted(name for name in called if hasattr(autograd, name))
        head = [f"from autograd import {', '.join(shipped)}"] if shipped else []
        head += [f"# {name} is a primitive of your own" for name in sorted(called - {*shipped})]
        head += [""] if head else []
        head.append(f"def program({', '.join(names)}):")
        call = f"program({', '.join(map(repr, self.point))})"
        return "\n".join([*head, *lines, f"    return {result}", "", call])

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"Program as source:\n{self.source}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # Hypothesis and IPython print fields of data classes otherwise.
        for i, line in enumerate(repr(self).splitlines()):
            if i:
                printer.break_()
            printer.text(line)


def _applied(row: Primitive, operands: Sequence[Any]) -> Any:
    """Apply a row as a user would: through the public function or operator of its name."""
    if row.name in _OPERATORS:
        return _OPERATORS[row.name](*operands)
    if row.arity is None and row.name == "dot":
        half = len(operands) // 2
        return autograd.dot(operands[:half], operands[half:])
    return apply(row, tuple(operands))


# The methods of Value have forms of their own of these, which are what users run.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
}


def build(
    choices: Choices, max_ops: int, primitives: Sequence[str | Primitive] | None = None
) -> Program:
    """Return a program of at most `max_ops` instructions, each row inside its domain at the point.

    An operand is a variable whose number lies in the row's interval, the last one or any earlier
    (so nodes are shared); else a variable scaled by a constant to lie there; else a new input.

    Args:
        choices: where choices come from.
        max_ops: the largest number of instructions.
        primitives: the rows to use; all of the table if left out.

    Raises:
        ValueError: if max_ops is below 1, or a name is not of the table.

    >>> build(Seeded(3), 6) == build(Seeded(3), 6)
    True
    """
    if max_ops < 1:
        raise ValueError(f"max_ops is {max_ops}: a program has at least one instruction")
    rows = _rows(primitives)
    making = _Making(choices)
    wanted = 1 + choices.index(max_ops)
    for _ in range(wanted):
        chosen = choices.row(len(rows))
        if chosen is not None:
            making.grow(rows[chosen], wanted)
    if not making.steps:
        making.grow(rows[0], wanted)
    return making.finished()


def random_program(
    seed: int, max_ops: int = 12, primitives: Sequence[str | Primitive] | None = None
) -> Program:
    """Return the program of a seed, without Hypothesis; see `build`.

    >>> random_program(7)(*random_program(7).point) == random_program(7)(*random_program(7).point)
    True
    """
    return build(Seeded(seed), max_ops, primitives)


def _rows(primitives: Sequence[str | Primitive] | None) -> list[Primitive]:
    if primitives is None:
        return list(TABLE.values())
    rows: list[Primitive] = []
    for chosen in primitives:
        if isinstance(chosen, str) and chosen not in TABLE:
            raise ValueError(f"no primitive is called {chosen!r}; known are {', '.join(TABLE)}")
        rows.append(TABLE[chosen] if isinstance(chosen, str) else chosen)
    if not rows:
        raise ValueError("primitives is empty: name at least one, or leave it out for all")
    return rows


# How many operands a row of any number is given.
_MOST = 3
_INPUTS = 4


class _Making:
    """A program underway. Inputs are numbered from -1 down until their count is known."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.inputs: list[float] = []
        self.steps: list[Instruction] = []
        self.values: list[float] = []

    def grow(self, row: Primitive, wanted: int) -> None:
        """Append one instruction of a row, and what it needs before it."""
        domain = _domain(row, self.choices)
        variables = len(domain) - row.constants
        operands: list[int | float] = []
        for k, (low, high) in enumerate(domain):
            if k < variables:
                first = not any(isinstance(x, int) for x in operands)
                operands.append(self._operand(low, high, first and k == variables - 1, wanted))
            else:
                operands.append(self.choices.number(low, high))
        self._enter(Instruction(row, tuple(operands)))

    def _enter(self, instruction: Instruction) -> int:
        self.values.append(
            instruction.row.function(*[self._number(x) for x in instruction.operands])
        )
        self.steps.append(instruction)
        return len(self.steps) - 1

    def _number(self, x: int | float) -> float:
        if isinstance(x, float):
            return x
        return self.values[x] if x >= 0 else self.inputs[-x - 1]

    def _operand(self, low: float, high: float, must_vary: bool, wanted: int) -> int | float:
        """Choose an operand with a number in [low, high]."""
        places = [*range(len(self.steps) - 1, -1, -1), *range(-1, -len(self.inputs) - 1, -1)]
        fitting = [i for i in places if low <= self._number(i) <= high]
        way = self.choices.index(8)
        if way == 7 and not must_vary:
            return self.choices.number(low, high)
        if fitting and (way < 6 or len(self.inputs) >= _INPUTS):
            # Half of the time the last variable, so that what is made is used.
            chosen = 0 if self.choices.index(2) == 0 else self.choices.index(len(fitting))
            return fitting[chosen]
        scaled = self._scaled(places, low, high) if len(self.steps) < 2 * wanted else None
        if scaled is not None:
            return scaled
        if fitting:
            return fitting[0]
        self.inputs.append(self.choices.number(low, high))
        return -len(self.inputs)

    def _scaled(self, places: Sequence[int], low: float, high: float) -> int | None:
        """Multiply a variable by a constant so that it lies in [low, high]."""
        usable = [i for i in places if 1e-100 < abs(self._number(i)) < 1e100]
        if not usable:
            return None
        place = usable[0 if self.choices.index(2) == 0 else self.choices.index(len(usable))]
        factor = self.choices.number(low, high) / self._number(place)
        # Four digits read better; a factor that leaves the interval is kept whole.
        short = float(f"{factor:.4g}")
        if low <= short * self._number(place) <= high:
            factor = short
        if not low <= factor * self._number(place) <= high:
            return None
        return self._enter(Instruction(TABLE["mul"], (place, factor)))

    def finished(self) -> Program:
        """Return the program without what its result does not need."""
        needed: set[int] = {len(self.steps) - 1}
        for i in range(len(self.steps) - 1, -1, -1):
            if i in needed:
                needed.update(x for x in self.steps[i].operands if isinstance(x, int))
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
        return Program(tuple(self.inputs[-i - 1] for i in inputs), instructions)


def _domain(row: Primitive, choices: Choices) -> list[tuple[float, float]]:
    """Return an interval per operand; a row of any number gets two or more, `dot` pairs."""
    if row.arity is not None:
        return list(row.domain)
    count = 2 * (1 + choices.index(_MOST - 1)) if row.name == "dot" else 2 + choices.index(_MOST)
    return list(row.domain[:1]) * count
