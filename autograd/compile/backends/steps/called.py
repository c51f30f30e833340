"""Calls on given memory, one a line; those that repeat are one loop over lists of their arrays.

The loop makes the very calls that the lines would make, on the same arrays in the same order. Which
arrays a step takes is looked up once, when the lines are written: a view costs as much as a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from autograd.compile.graph.periods import Segment, alike, segments

# What stands before an operand, as `out=`; what is written for it; whether that is an array's name.
Written: TypeAlias = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Called:
    """A call: the name of a function, and its operands.

    >>> str(Called("add", (("", "a0", True), ("", "a1", True), ("out=", "a0", True))))
    'add(a0, a1, out=a0)'
    """

    function: str
    operands: tuple[Written, ...]

    def __str__(self) -> str:
        return self.text([text for _, text, _ in self.operands])

    @property
    def symbol(self) -> tuple[Any, ...]:
        """What equal steps have in common: all but the names of arrays."""
        return self.function, *[(x, is_name or text) for x, text, is_name in self.operands]

    def text(self, texts: Sequence[str]) -> str:
        """Return the line, with other texts for the operands."""
        taken = [word + text for (word, *_), text in zip(self.operands, texts, strict=True)]
        return f"{self.function}({', '.join(taken)})"


def lines_of(calls: Sequence[Called], scope: dict[str, Any], moving: set[str]) -> list[str]:
    """Return calls as lines; those that repeat as loops.

    Args:
        calls: in order.
        scope: the arrays by their names. The lists of the loops are added to it, and names that
            only loops used are taken out.
        moving: names of arrays that are others at each run: no list may hold them.
    """
    loops = _Loops(calls, scope, moving)
    found = segments(alike(call.symbol for call in calls))
    lines = [line for segment in found for line in loops.written(segment)]
    loops.drop()
    return lines


class _Loops:
    def __init__(self, calls: Sequence[Called], scope: dict[str, Any], moving: set[str]) -> None:
        self._calls, self._scope, self._moving = calls, scope, moving
        self._looped: set[str] = set()
        self._named: set[str] = set()
        self._variables = self._loops = 0

    def written(self, segment: Segment) -> list[str]:
        """Return the lines of a segment."""
        calls = self._calls[segment.begin : segment.end]
        rows = [
            [text for call in calls[at : at + segment.size] for _, text, _ in call.operands]
            for at in range(0, len(calls), segment.size)
        ]
        if len(rows) > 1:
            # By operand: its name in each step. What is no name is the same in all.
            columns = [*zip(*rows, strict=True)]
            changing = {c: None for c in columns if len({*c}) > 1}
            if not any(self._moving.intersection(c) for c in changing):
                return self._loop(calls[: segment.size], columns, [*changing])
        self._named |= {text for row in rows for text in row}
        return [str(call) for call in calls]

    def _loop(
        self,
        block: Sequence[Called],
        columns: Sequence[tuple[str, ...]],
        changing: Sequence[tuple[str, ...]],
    ) -> list[str]:
        """Return a loop over a block of calls."""
        name = {c: f"s{self._variables + i}" for i, c in enumerate(changing)}
        self._variables += len(changing)
        arrays = [[self._scope[text] for text in column] for column in changing]
        steps = f"steps{self._loops}"
        self._loops += 1
        self._scope[steps] = [*zip(*arrays, strict=True)]
        self._looped |= {text for column in changing for text in column}
        lines = [f"for {', '.join(name.values())}{',' * (len(name) == 1)} in {steps}:"]
        texts = [name.get(column, column[0]) for column in columns]
        self._named |= {*texts}
        for call in block:
            taken, texts = texts[: len(call.operands)], texts[len(call.operands) :]
            lines.append(f"    {call.text(taken)}")
        return lines

    def drop(self) -> None:
        """Take names out of the scope that no line has."""
        for name in self._looped - self._named:
            del self._scope[name]
