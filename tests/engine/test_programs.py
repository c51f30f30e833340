"""Random programs with shared results, against a naive sum over paths and high precision.

Three oracles that share nothing with the engine's chain rule: every path from the result to an
input, multiplied out; differences of the whole program at 60 digits; and the text of the program,
evaluated by Python.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given

import autograd
from autograd import Value, gradient, local_partials, order
from autograd.check.strategies import RandomProgram, programs
from autograd.check.testing.program import Instruction
from autograd.engine.primitive import ATOM
from autograd.engine.primitives import SUM, TABLE, Primitive
from autograd.engine.primitives import Operand as Written
from support.references import derivative, differentiated, has_kink, mp
from support.rows import EPS, domains, smooth_rows


def jumps(row: Primitive) -> bool:
    """Whether the row jumps or has a kink where operands are -1, 0 or 1, as `where` does at 0."""
    intervals = domains(row, row.arity or 2)
    at = [[x for x in (-1.0, 0.0, 1.0) if low <= x <= high] for low, high in intervals]
    return any(has_kink(row, point) for point in itertools.product(*at))


SMOOTH = [row for row in smooth_rows() if not jumps(row)]
MOST_PATHS = 3_000
# Derivatives below 10^-50 are taken for 0 by `derivative`; a part in 10^12 of this is above them.
UNSEEN = 1e-37

Partials = Callable[[Primitive, Sequence[float], int], Any]


def by_the_rule(row: Primitive, operands: Sequence[float], i: int) -> float:
    """A local derivative as the row's rule has it, kinks included."""
    return float(row.partials(row.function(*operands), *operands)[i])


def by_high_precision(row: Primitive, operands: Sequence[float], i: int) -> Any:
    """A local derivative as the row's formula has it, at 60 digits."""
    return derivative(row, operands, i)


def uses(program: RandomProgram) -> list[list[tuple[int, int, int]]]:
    """For each place, where its result is used: (place of the consumer, step, operand)."""
    count = len(program.point)
    found: list[list[tuple[int, int, int]]] = [[] for _ in range(count + len(program.instructions))]
    for k, step in enumerate(program.instructions):
        for i, x in enumerate(step.operands):
            if isinstance(x, int):
                found[x].append((count + k, k, i))
    return found


def count_paths(program: RandomProgram) -> int:
    """The number of paths from the inputs to the result."""
    to_result = [0] * (len(program.point) + len(program.instructions))
    to_result[-1] = 1
    used = uses(program)
    for place in reversed(range(len(to_result) - 1)):
        to_result[place] = sum(to_result[consumer] for consumer, _, _ in used[place])
    return sum(to_result[: len(program.point)])


def path_sums(program: RandomProgram, partials: Partials) -> list[tuple[Any, Any]]:
    """Each input's derivative as a sum over all paths, and the sum of their sizes.

    Every path is walked on its own, as S1's naive method does: 2^L of them through L doublings.
    """
    results = program.run(program.point)
    local: dict[tuple[int, int], Any] = {}
    for k, step in enumerate(program.instructions):
        operands = [results[x] if isinstance(x, int) else x for x in step.operands]
        for i, x in enumerate(step.operands):
            if isinstance(x, int):
                local[k, i] = partials(step.row, operands, i)
    used, last = uses(program), len(results) - 1

    def walk(place: int) -> list[tuple[Any, Any]]:
        """The product of local derivatives along every path from `place`, and its size."""
        if place == last:
            return [(1.0, 1.0)]
        return [
            (local[k, i] * product, (abs(local[k, i]) + UNSEEN) * size)
            for to, k, i in used[place]
            for product, size in walk(to)
        ]

    found: list[tuple[Any, Any]] = []
    for place in range(len(program.point)):
        products, sizes = zip(*(walk(place) or [(0.0, 0.0)]), strict=True)
        found.append((sum(products), sum(sizes)))
    return found


def leaves_and_result(program: RandomProgram) -> tuple[list[Value], Value]:
    leaves = [Value(x) for x in program.point]
    return leaves, program.run(leaves)[-1]


# The sum over paths --------------------------------------------------------------------------


@given(programs(max_ops=10))
def test_backward_is_the_sum_over_paths(program: RandomProgram) -> None:
    """With the rules' own local derivatives: what is tested is how they are put together."""
    assume(count_paths(program) <= MOST_PATHS)
    leaves, z = leaves_and_result(program)
    z.backward()
    for x, (total, size) in zip(leaves, path_sums(program, by_the_rule), strict=True):
        assert abs((x.grad or 0.0) - total) <= 1e-13 * size + 1e-290


@given(programs(primitives=SMOOTH, max_ops=8))
def test_backward_is_the_sum_over_paths_of_independent_derivatives(program: RandomProgram) -> None:
    """With local derivatives at 60 digits, taken at the operands as the engine rounded them."""
    assume(count_paths(program) <= MOST_PATHS)
    leaves, z = leaves_and_result(program)
    z.backward()
    slopes = gradient(z, leaves)
    for x, slope, (total, size) in zip(
        leaves, slopes, path_sums(program, by_high_precision), strict=True
    ):
        # An operand's own rounding moves each local derivative by what its curvature says; the
        # domains keep that below a factor 1e3 in all but the tails, which have their own test.
        assert mp.fabs(mp.mpf(x.grad or 0.0) - total) <= 1e-12 * size
        assert mp.fabs(mp.mpf(slope.data) - total) <= 1e-12 * size


@pytest.mark.parametrize("depth", [1, 3, 10])
def test_doublings_have_two_to_the_depth_paths(depth: int) -> None:
    steps = tuple(Instruction(TABLE["add"], (i, i)) for i in range(depth))
    program = RandomProgram((3.0,), steps)
    assert count_paths(program) == 2**depth
    leaves, z = leaves_and_result(program)
    z.backward()
    assert leaves[0].grad == 2.0**depth == path_sums(program, by_the_rule)[0][0]


# Differences at high precision ---------------------------------------------------------------


def rounding(v: Value) -> float:
    """How far the rounding of every node below v, and of v itself, may have moved its number.

    Each number adds a few ulp of its own, constants too, for rules compute with them, to what its
    operands carry times the local derivatives: Linnainmaa's use of the chain rule, Master's
    thesis, Helsinki, 1970.
    """
    moved: dict[Value, float] = {}
    for node in order(v):
        moved[node] = 4 * EPS * abs(node.data)
        for d, x in zip(local_partials(node), node.args, strict=True):
            moved[node] += abs(d) * (moved[x] if isinstance(x, Value) else 4 * EPS * abs(x))
    return moved[v]


def exact(program: RandomProgram, *by: int) -> Any:
    """The program's derivative by the inputs at the places `by`, at 60 digits."""
    orders = [by.count(i) for i in range(len(program.point))]
    return differentiated(lambda *xs: program.precise(mp, xs), program.point, orders)


@given(programs(primitives=SMOOTH, max_ops=6))
def test_first_derivatives_agree_with_high_precision(program: RandomProgram) -> None:
    leaves, z = leaves_and_result(program)
    z.backward()
    for i, (x, slope) in enumerate(zip(leaves, gradient(z, leaves), strict=True)):
        room = 4 * rounding(slope) + 1e-45
        assert mp.fabs(slope.data - exact(program, i)) <= room
        assert mp.fabs((x.grad or 0.0) - exact(program, i)) <= room


@given(programs(primitives=SMOOTH, max_ops=4))
def test_second_derivatives_agree_with_high_precision(program: RandomProgram) -> None:
    leaves, z = leaves_and_result(program)
    for i, first in enumerate(gradient(z, leaves)):
        for j, second in enumerate(gradient(first, leaves)):
            room = 4 * rounding(second) + 1e-45
            assert mp.fabs(second.data - exact(program, i, j)) <= room


@given(programs(primitives=SMOOTH, max_ops=3, max_inputs=2))
def test_third_derivatives_agree_with_high_precision(program: RandomProgram) -> None:
    leaves, z = leaves_and_result(program)
    x = leaves[0]
    (first,) = gradient(z, [x])
    (second,) = gradient(first, [x])
    (third,) = gradient(second, [x])
    # At a pole, as 0 / 0, there is no derivative to agree with.
    assume(math.isfinite(z.data) and math.isfinite(first.data))
    assert mp.fabs(third.data - exact(program, 0, 0, 0)) <= 4 * rounding(third) + 1e-40


# The same program on other kinds of numbers --------------------------------------------------


def conditioned(program: RandomProgram) -> list[float]:
    """For each result, how far rounding at every step before it may have moved it, in floats."""
    results = program.run(program.point)
    moved = [0.0] * len(program.point)
    for step, z in zip(program.instructions, results[len(moved) :], strict=True):
        operands = [results[x] if isinstance(x, int) else x for x in step.operands]
        slopes = step.row.partials(z, *operands)
        carried = sum(
            abs(d) * (moved[x] if isinstance(x, int) else 0.0)
            for d, x in zip(slopes, step.operands, strict=True)
        )
        own = sum(abs(d * x) for d, x in zip(slopes, operands, strict=True))
        moved.append(carried + 4 * EPS * (abs(z) + own))
    return moved


@given(programs(primitives=SMOOTH))
def test_arrays_floats_and_values_agree(program: RandomProgram) -> None:
    floats = program.run(program.point)
    nodes = program.run([Value(x) for x in program.point])
    assert [v.data for v in nodes] == floats
    arrays = program.run([np.array([x, x]) for x in program.point])
    for z, array, moved in zip(floats, arrays, conditioned(program), strict=True):
        assert np.all(np.abs(array - z) <= 4 * moved)


@given(programs())
def test_a_program_repeats_bit_for_bit(program: RandomProgram) -> None:
    def once() -> list[str]:
        leaves, z = leaves_and_result(program)
        z.backward()
        return [repr(z.data), *[repr(x.grad) for x in leaves]]

    assert once() == once()


# How programs are written --------------------------------------------------------------------


def written(program: RandomProgram, notation: str) -> Written:
    """The whole program as one expression in x0, x1, ..., by the rows' notations."""
    texts = [Written(f"x{i}", ATOM) for i in range(len(program.point))]

    def operand(x: int | float) -> Written:
        if isinstance(x, int):
            return texts[x]
        return Written(repr(x), SUM if math.copysign(1.0, x) < 0 else ATOM)

    for step in program.instructions:
        row = getattr(step.row, notation)
        texts.append(Written(row([operand(x) for x in step.operands]), row.precedence))
    return texts[-1]


LOOSE = [row for row in TABLE.values() if row.text.precedence < ATOM]


@pytest.mark.parametrize("outer", TABLE.values(), ids=str)
def test_an_operator_inside_any_row_keeps_its_parentheses(outer: Primitive) -> None:
    """Every row around every operator in every place: x - (y - x), (-x) ** y, ..."""
    functions: dict[str, Any] = {name: getattr(autograd, name) for name in autograd.__all__}
    count = outer.arity or 2
    for inner, place in itertools.product(LOOSE, range(count - outer.constants)):
        inside: list[int | float] = [0, 1] if inner.constants == 0 else [0, 3.0]
        around: list[int | float] = [[0, 1, 1][i] for i in range(count - outer.constants)]
        around[place] = 2
        around += [0.25, 1.25][: outer.constants]
        program = RandomProgram((1.75, 0.375), (Instruction(inner, tuple(inside[: inner.arity])),
                                          Instruction(outer, tuple(around))))  # fmt: skip
        text = written(program, "text").text
        got, wanted = eval(text, functions | {"x0": 1.75, "x1": 0.375}), program(1.75, 0.375)
        same = got == wanted or (got != got and wanted != wanted)
        assert same or (isinstance(got, complex) and math.isnan(wanted)), text


@given(programs(max_ops=5))
def test_parentheses_stand_where_they_are_needed(program: RandomProgram) -> None:
    """Python reads the text as the program was built; a lost parenthesis changes the number."""
    text = written(program, "text").text
    assume(len(text) < 20_000)
    functions: dict[str, Any] = {name: getattr(autograd, name) for name in autograd.__all__}
    names = {f"x{i}": Value(x) for i, x in enumerate(program.point)}
    z = eval(text, functions | names)
    wanted = program(*program.point)
    got = z.data if isinstance(z, Value) else z
    assert got == wanted or (math.isnan(got) and math.isnan(wanted)), text


@given(programs(max_ops=5))
def test_latex_is_balanced_however_deep(program: RandomProgram) -> None:
    text = written(program, "latex").text
    assume(len(text) < 20_000)
    depth = 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0
    assert text.count(r"\left") == text.count(r"\right")
