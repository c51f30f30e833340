"""Programs: straight-line functions over the rows of the table, with shared nodes.

A program is data (instructions over numbered variables), so it prints as Python source or as a
test, compares, pickles, and runs on numbers and Values alike. `programs.py` draws random ones.
"""

import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.check.oracles import high_precision
from autograd.engine import primitives
from autograd.engine.primitive import ATOM, Operand
from autograd.engine.primitives import TABLE, Primitive, apply

_DOT = TABLE["dot"]

Apply = Callable[[Primitive, Sequence[Any]], Any]


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
        return Operand(_shown(x), ATOM if math.copysign(1.0, x) > 0.0 else 0)
    return Operand(f"v{x}", ATOM)


@dataclass(frozen=True, slots=True)
class RandomProgram:
    """A function of some numbers, written as one instruction after the other.

    Variables are numbered: the inputs first, then one for each instruction. The result is the
    last. It pickles, unless a row is not registered: `unregistered` names those.

    Attributes:
        point: numbers to call it with, at which every row is inside its domain.
        instructions: in order.

    >>> from autograd import lookup
    >>> product, power = Instruction(lookup("mul"), (0, 1)), Instruction(lookup("exp"), (2,))
    >>> p = RandomProgram((2.0, 3.0), (product, power))
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
        return self.run(inputs)[-1]

    def run(self, inputs: Sequence[Any], apply: Apply | None = None) -> list[Any]:
        """Return all variables: the inputs, and what each instruction gives.

        Args:
            inputs: numbers, Values, arrays or anything else the rows take.
            apply: what applies a row to a list of operands, in place of the row's public function.

        >>> from autograd import lookup
        >>> RandomProgram((2.0,), (Instruction(lookup("mul"), (0, 4.0)),)).run([3.0])
        [3.0, 12.0]
        """
        variables, apply = list(inputs), apply or _applied
        for instruction in self.instructions:
            operands = [variables[x] if isinstance(x, int) else x for x in instruction.operands]
            variables.append(apply(instruction.row, operands))
        return variables

    def precise(self, mp: Any, inputs: Sequence[Any]) -> Any:
        """Return the result by the rows' formulas; nan where one has no real value.

        Args:
            mp: an mpmath context.
            inputs: numbers that it takes.

        >>> import mpmath
        >>> from autograd import lookup
        >>> program = RandomProgram((2.0,), (Instruction(lookup("sqrt"), (0,)),))
        >>> mpmath.nstr(program.precise(mpmath.mp, [2]), 15)
        '1.4142135623731'
        """

        def formula(row: Primitive, operands: Sequence[Any]) -> Any:
            return high_precision.evaluate(mp, row, [mp.mpf(x) for x in operands])

        return self.run([mp.mpf(x) for x in inputs], formula)[-1]

    @property
    def primitives(self) -> tuple[str, ...]:
        """The names of the rows it uses, each once, in the order of the table."""
        used = {instruction.row.name for instruction in self.instructions}
        return tuple(name for name in TABLE if name in used)

    @property
    def unregistered(self) -> tuple[str, ...]:
        """The names of its rows that the table does not hold, or not as they are here."""
        rows = {instruction.row: None for instruction in self.instructions}
        return tuple(row.name for row in rows if not _registered(row))

    @property
    def source(self) -> str:
        """Python text that defines and calls it; it runs when pasted."""
        call = f"program({', '.join(map(_shown, self.point))})"
        return "\n".join([*self._head([]), *self._definition(), "", call])

    def as_test(self, order: int = 2) -> str:
        """Return it as the text of a test that checks its gradients; it runs when pasted.

        A row that is not registered is named in a comment: define a function of that name above.

        Args:
            order: the highest order to check, as for `assert_gradients`.

        >>> from autograd import lookup
        >>> print(RandomProgram((2.0,), (Instruction(lookup("exp"), (0,)),)).as_test())
        from autograd import exp
        from autograd.check import assert_gradients
        <BLANKLINE>
        def test_program():
            def program(v0):
                v1 = exp(v0)
                return v1
        <BLANKLINE>
            assert_gradients(program, 2.0)
        """
        numbers = ", ".join(map(_shown, self.point))
        orders = f", order={order}" if order != 2 else ""
        body = [*self._definition(), "", f"assert_gradients(program, {numbers}{orders})"]
        indented = [f"    {line}" if line else "" for line in body]
        head = self._head(["from autograd.check import assert_gradients"])
        return "\n".join([*head, "def test_program():", *indented])

    def _head(self, imports: Sequence[str]) -> list[str]:
        """Return what a text has to say before it uses the rows."""
        called: dict[str, Primitive] = {}
        for instruction in self.instructions:
            row = instruction.row
            if f"{row.name}(" in str(instruction):
                called[row.name] = row
        shipped = sorted(name for name, row in called.items() if _shipped(row))
        own = [row for name, row in sorted(called.items()) if name not in shipped]
        known = list(filter(_registered, own))
        head = [f"from autograd import {', '.join(shipped)}"] if shipped else []
        head += imports
        head += ["from autograd.engine.primitive import apply, lookup"] if known else []
        head += [f"# {row.name} is a primitive of your own" for row in own if row not in known]
        head += [""] if head else []
        for row in known:
            head += [f"def {row.name}(*xs):", f'    return apply(lookup("{row.name}"), xs)', ""]
        return head

    def _definition(self) -> list[str]:
        names = [f"v{i}" for i in range(len(self.point))]
        lines = [
            f"    v{len(names) + i} = {instruction}"
            for i, instruction in enumerate(self.instructions)
        ]
        result = f"v{len(names) + len(lines) - 1}"
        return [f"def program({', '.join(names)}):", *lines, f"    return {result}"]

    def __reduce__(self) -> tuple[Any, ...]:
        if self.unregistered:
            names = ", ".join(self.unregistered)
            raise pickle.PicklingError(
                f"the program uses {names}, which the table does not hold: register the row first, "
                "in every process that reads the pickle"
            )
        return RandomProgram, (self.point, self.instructions)

    def __copy__(self) -> "RandomProgram":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "RandomProgram":
        # Nothing in it changes, and rows that are not registered have no other copy.
        return self

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"RandomProgram as source:\n{self.source}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # Hypothesis and IPython print fields of data classes otherwise.
        for i, line in enumerate(repr(self).splitlines()):
            if i:
                printer.break_()
            printer.text(line)


def _shown(x: float) -> str:
    return repr(x) if math.isfinite(x) else f"float({str(x)!r})"


def _registered(row: Primitive) -> bool:
    return TABLE.get(row.name) is row


def _shipped(row: Primitive) -> bool:
    return _registered(row) and hasattr(primitives, row.name)


def _applied(row: Primitive, operands: Sequence[Any]) -> Any:
    """Apply a row as a user would: through the public function or operator of its name."""
    if not _registered(row):
        return apply(row, tuple(operands))
    # The methods of Value have forms of their own of these, which are what users run.
    if row.is_operator:
        return row.function(*operands)
    if row is _DOT:
        half = len(operands) // 2
        return primitives.dot(operands[:half], operands[half:])
    return apply(row, tuple(operands))
