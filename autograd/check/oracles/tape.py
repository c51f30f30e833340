"""A recorded graph as lists of numbers: what the oracles replay, and sweep on their own.

The engine's graph is made of nodes that know their rule. A tape keeps only which row was applied
to which earlier entries, so that the rows can be run again on other numbers (moved, complex, with
sixty digits) without calling the user's function, and swept without the engine's chain rule.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.check.target import FunctionSubject, result_of
from autograd.engine.custom.given import CustomRow
from autograd.engine.modes import recording_anyway
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value


class Tape:
    """The graph of some results, operands before their results.

    Attributes:
        rows: the primitive of each entry; None for inputs and constants.
        operands: the places of each entry's operands.
        data: the recorded numbers.
        depends: on which inputs each entry depends, as the bits of a number.
        active: whether each entry depends on an input.
        inputs: the places of the inputs; -1 for an input that no result uses.
        roots: the places of the results.

    >>> x = Value(3.0)
    >>> tape = Tape([x * x + 1.0], [x])
    >>> [str(row) for row in tape.rows], tape.data, tape.active
    (['None', 'mul', 'None', 'add'], [3.0, 9.0, 1.0, 10.0], [True, True, False, True])
    """

    __slots__ = ("active", "data", "depends", "inputs", "labels", "operands", "roots", "rows")

    def __init__(self, roots: Sequence[Value], inputs: Sequence[Value]) -> None:
        self.rows: list[Primitive | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.data: list[float] = []
        self.active: list[bool] = []
        self.depends: list[int] = []
        self.labels: list[str] = []
        places: dict[Value, int] = {}
        chosen = {x: 1 << i for i, x in enumerate(inputs)}
        for node in _reachable(roots):
            row = node.op if node not in chosen else None
            operands: list[int] = []
            if row is not None:
                for x in node.args:
                    if isinstance(x, Value):
                        operands.append(places[x])
                    else:
                        operands.append(self._enter(None, (), x, 0, ""))
            depends = chosen.get(node, 0)
            for i in operands:
                depends |= self.depends[i]
            places[node] = self._enter(row, tuple(operands), node.data, depends, node.label)
        self.inputs = [places.get(x, -1) for x in inputs]
        self.roots = [places[z] for z in roots]

    def _enter(
        self,
        row: Primitive | None,
        operands: tuple[int, ...],
        data: float,
        depends: int,
        label: str,
    ) -> int:
        self.rows.append(row)
        self.operands.append(operands)
        self.data.append(data)
        self.depends.append(depends)
        self.active.append(depends != 0)
        self.labels.append(label)
        return len(self.rows) - 1

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self, i: int) -> list[float]:
        """Return the numbers that entry i was computed from."""
        data = self.data
        return [data[j] for j in self.operands[i]]

    def same_shape(self, other: "Tape") -> bool:
        """Whether the other tape applies the same rows to the same places."""
        return (
            self.rows == other.rows
            and self.operands == other.operands
            and self.inputs == other.inputs
            and self.active == other.active
        )

    def same_constants(self, other: "Tape") -> bool:
        """Whether all constants are the same numbers on both tapes, given the same shape."""
        return self.changed_constant(other) is None

    def changed_constant(self, other: "Tape") -> int | None:
        """Return the place of the first constant that differs between two tapes of one shape."""
        places = zip(self.data, other.data, self.rows, self.active, strict=True)
        for i, (a, b, row, active) in enumerate(places):
            if row is None and not active and a != b and not (a != a and b != b):
                return i
        return None

    def user_of(self, i: int) -> str:
        """Return the name of the first row that uses entry i."""
        for row, operands in zip(self.rows, self.operands, strict=True):
            if row is not None and i in operands:
                return row.name
        return "the result"

    def custom(self) -> str:
        """Return the name of a custom node that depends on an input, "" if there is none."""
        for row, active in zip(self.rows, self.active, strict=True):
            if active and isinstance(row, CustomRow):
                return row.name
        return ""

    def first_not_finite(self) -> int | None:
        """Return the place of the first entry that is nan or inf, None if all are finite."""
        for i, x in enumerate(self.data):
            if not math.isfinite(x):
                return i
        return None

    def written(self, i: int) -> str:
        """Return entry i as its row with the numbers it was called with."""
        row = self.rows[i]
        if row is None:
            return f"{self.labels[i] or 'a leaf'} = {self.data[i]:.6g}"
        numbers = [f"{x:.6g}" for x in self.taken(i)]
        if len(numbers) > 4:
            numbers = [*numbers[:3], f"... {len(numbers) - 3} more"]
        return f"{row.name}({', '.join(numbers)}) = {self.data[i]:.6g}"

    def replay(
        self, moved: Sequence[Any], constant: Callable[[float], Any], apply: Callable[..., Any]
    ) -> list[Any]:
        """Run the rows again with other numbers at the inputs.

        Args:
            moved: one number per input, of any kind.
            constant: turns a recorded constant into that kind.
            apply: called with a place, its row and its operands.

        Returns:
            One number per entry; entries that depend on no input keep their recorded number.

        >>> x = Value(3.0)
        >>> tape = Tape([x * x + 1.0], [x])
        >>> tape.replay([2j], float, lambda i, row, x, y: row.function(x, y))[-1]
        (-3+0j)
        """
        values: list[Any] = [None] * len(self.rows)
        for i, x in zip(self.inputs, moved, strict=True):
            if i >= 0:
                values[i] = x
        for i, row in enumerate(self.rows):
            if not self.active[i]:
                values[i] = constant(self.data[i])
            elif row is not None:
                values[i] = apply(i, row, *[values[j] for j in self.operands[i]])
        return values


def _reachable(roots: Sequence[Value]) -> list[Value]:
    """Return all Values that the roots were computed from, in the order of their birth."""
    found = list(dict.fromkeys(roots))
    seen = set(found)
    for node in found:
        for x in node.args:
            if isinstance(x, Value) and x not in seen:
                seen.add(x)
                found.append(x)
    found.sort(key=lambda node: node.birth)
    return found


def recorded(f: Any, inputs: Sequence[Any]) -> tuple[Tape | None, int]:
    """Record f at its inputs: its tape, None if it gives a plain number, and how many there are.

    >>> tape, count = recorded(lambda w: w[0] * w[1], [[2.0, 3.0]])
    >>> count, len(tape)
    (2, 3)
    """
    subject = FunctionSubject(f, inputs)
    with recording_anyway(), subject.at(subject.point) as (z, leaves):
        result = result_of(z)
        return (Tape([result], leaves) if isinstance(result, Value) else None), len(leaves)
