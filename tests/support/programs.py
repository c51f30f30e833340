"""Random programs over the table of primitives, as a Hypothesis strategy.

A program is a list of steps over its inputs and the results so far, so that results are shared as
in any graph. Operands are kept inside each row's domain: where a result lies outside, a smooth
function squeezes it in. The same program runs on floats, Values, arrays and mpmath numbers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from autograd.engine.primitive import lookup
from autograd.engine.primitives import TABLE, Primitive, apply
from autograd.engine.symbolic import structural_zeros

Operand = int | float
Apply = Callable[[Primitive, tuple[Any, ...]], Any]


@dataclass(frozen=True)
class Step:
    """One row applied to operands: an int is the place of an earlier result, a float a constant."""

    row: Primitive
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class Program:
    """Steps over `len(inputs)` numbers; places count the inputs first, then the steps.

    Attributes:
        inputs: a point at which every operand is inside its row's domain.
        steps: what is computed, in order; the last is the result.
    """

    inputs: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, inputs: Sequence[Any], apply: Apply = apply) -> list[Any]:
        """Return the inputs and the result of every step, on numbers of any kind."""
        results = list(inputs)
        for step in self.steps:
            operands = [results[x] if isinstance(x, int) else x for x in step.operands]
            results.append(apply(step.row, tuple(operands)))
        return results

    def __call__(self, *inputs: Any) -> Any:
        """Return the result on numbers of any kind that the table takes."""
        return self.run(inputs)[-1]

    def precise(self, mp: Any, inputs: Sequence[Any]) -> Any:
        """Return the result by the rows' formulas, in an mpmath context and its numbers."""

        def formula(row: Primitive, operands: tuple[Any, ...]) -> Any:
            return row.precise(mp, *[mp.mpf(x) for x in operands])

        return self.run(inputs, formula)[-1]

    def __repr__(self) -> str:
        """Return a listing that can be read: `v3 = mul(v0, 2.0)`."""
        count = len(self.inputs)
        lines = [f"v{i} = {x!r}" for i, x in enumerate(self.inputs)]
        for i, step in enumerate(self.steps, count):
            shown = ", ".join(f"v{x}" if isinstance(x, int) else repr(x) for x in step.operands)
            lines.append(f"v{i} = {step.row}({shown})")
        return "\n".join(["", *lines])


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    """Return a strategy for floats from low to high without subnormals."""
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


def domains(row: Primitive, count: int) -> list[tuple[float, float]]:
    """Return the interval of each of `count` operands of `row`."""
    return list(row.domain) if row.arity is not None else [row.domain[0]] * count


def is_kinked(row: Primitive) -> bool:
    """Whether `row` lists a kink or a tie inside its own domain."""
    return any(
        all(low <= x <= high for x, (low, high) in zip(at, domains(row, len(at)), strict=True))
        for at, _ in row.subgradients
    )


def deciding(row: Primitive) -> list[int]:
    """Return the places of the operands that choose among the others, as a condition does."""
    count = row.arity if row.arity is not None else 3
    places = structural_zeros(row) if row.chooses else ()
    return [i for i in places if i < count - row.constants]


def smooth_rows() -> list[Primitive]:
    """Return the rows without kinks inside their domain; nor those that jump by choosing."""
    return [row for row in TABLE.values() if not is_kinked(row) and not deciding(row)]


class _Builder:
    """A program under construction, with its results in floats so far."""

    def __init__(self, inputs: Sequence[float]) -> None:
        self.results = list(inputs)
        self.steps: list[Step] = []

    def add(self, row: Primitive, *operands: Operand) -> int:
        """Append a step and return the place of its result."""
        numbers = [self.results[x] if isinstance(x, int) else x for x in operands]
        self.steps.append(Step(row, operands))
        self.results.append(apply(row, tuple(numbers)))
        return len(self.results) - 1

    def inside(self, place: int, low: float, high: float) -> int:
        """Return a place whose result is from low to high: this one, or its squeezed self.

        low + (high - low) (1 + tanh(asinh(x) / 4)) / 2 grows so slowly that no result up to e^50
        is flattened to a constant.
        """
        if low <= self.results[place] <= high:
            return place
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        flat = self.add(lookup("mul"), self.add(lookup("asinh"), place), 0.25)
        share = self.add(lookup("mul"), self.add(lookup("tanh"), flat), half * (1.0 - 1e-12))
        return self.add(lookup("add"), share, middle)


@st.composite
def programs(
    draw: st.DrawFn,
    *,
    rows: Sequence[Primitive] | None = None,
    max_inputs: int = 3,
    max_steps: int = 8,
) -> Program:
    """Draw a program over the table, with shared results and constants among its operands.

    Args:
        draw: given by Hypothesis.
        rows: the rows to use; the whole table if None.
        max_inputs: the largest number of inputs.
        max_steps: the largest number of rows drawn; squeezing operands adds steps of its own.
    """
    chosen = list(TABLE.values()) if rows is None else list(rows)
    inputs = draw(st.lists(floats(-3.0, 3.0), min_size=1, max_size=max_inputs))
    builder = _Builder(inputs)
    for _ in range(draw(st.integers(1, max_steps))):
        row = draw(st.sampled_from(chosen))
        # Rows of any number of operands get an even number: `dot` splits them in two halves.
        count = row.arity if row.arity is not None else draw(st.sampled_from([2, 4, 6]))
        variable = count - row.constants
        node = draw(st.integers(0, variable - 1))
        operands: list[Operand] = []
        for i, (low, high) in enumerate(domains(row, count)):
            if i >= variable or (i != node and draw(st.integers(0, 4)) == 0):
                operands.append(draw(floats(low, high)))
            else:
                place = draw(st.integers(0, len(builder.results) - 1))
                operands.append(builder.inside(place, low, high))
        builder.add(row, *operands)
    assert all(math.isfinite(x) for x in builder.results)
    return Program(tuple(inputs), tuple(builder.steps))
