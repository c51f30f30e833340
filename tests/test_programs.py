"""Random programs with shared results, against a naive sum over paths and high precision.

Three oracles that share nothing with the engine's chain rule: every path from the result to an
input, multiplied out; differences of the whole program at 60 digits; and the text of the program,
evaluated by Python.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from programs import Operand, Program, Step, programs, smooth_rows
from references import EPS, derivative, differentiated, mp

import autograd
from autograd import Value, gradient
from autograd.primitives import ATOM, SUM, TABLE, Primitive
from autograd.primitives import Operand as Written

SMOOTH = smooth_rows()
MOST_PATHS = 3_000
# Local derivatives that differences at 60 digits cannot tell from 0 count as this large.
UNSEEN = 1e-45

Partials = Callable[[Primitive, Sequence[float], int], Any]


def by_the_rule(row: Primitive, operands: Sequence[float], i: int) -> float:
    """A local derivative as the row's rule has it, kinks included."""
    return float(row.partials(row.function(*operands), *operands)[i])


def by_high_precision(row: Primitive, operands: Sequence[float], i: int) -> Any:
    """A local derivative as the row's formula has it, at 60 digits."""
    return derivative(row, operands, i)


def uses(program: Program) -> list[list[tuple[int, int, int]]]:
    """For each place, where its result is used: (place of the consumer, step, operand)."""
    count = len(program.inputs)
    found: list[list[tuple[int, int, int]]] = [[] for _ in range(count + len(program.steps))]
    for k, step in enumerate(program.steps):
        for i, x in enumerate(step.operands):
            if isinstance(x, int):
                found[x].append((count + k, k, i))
    return found


def count_paths(program: Program) -> int:
    """The number of paths from the inputs to the result."""
    to_result = [0] * (len(program.inputs) + len(program.steps))
    to_result[-1] = 1
    used = uses(program)
    for place in reversed(range(len(to_result) - 1)):
        to_result[place] = sum(to_result[consumer] for consumer, _, _ in used[place])
    return sum(to_result[: len(program.inputs)])


def path_sums(program: Program, partials: Partials) -> list[tuple[Any, Any]]:
    """Each input's derivative as a sum over all paths, and the sum of their sizes.

    Every path is walked on its own, as S1's naive method does: 2^L of them through L doublings.
    """
    results = program.run(program.inputs)
    local: dict[tuple[int, int], Any] = {}
    for k, step in enumerate(program.steps):
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
    for place in range(len(program.inputs)):
        products, sizes = zip(*(walk(place) or [(0.0, 0.0)]), strict=True)
        found.append((sum(products), sum(sizes)))
    return found


def leaves_and_result(program: Program) -> tuple[list[Value], Value]:
    leaves = [Value(x) for x in program.inputs]
    return leaves, program.run(leaves)[-1]


# The sum over paths --------------------------------------------------------------------------


@given(programs(max_steps=10))
def test_backward_is_the_sum_over_paths(program: Program) -> None:
    """With the rules' own local derivatives: what is tested is how they are put together."""
    assume(count_paths(program) <= MOST_PATHS)
    leaves, z = leaves_and_result(program)
    z.backward()
    for x, (total, size) in zip(leaves, path_sums(program, by_the_rule), strict=True):
        assert abs((x.grad or 0.0) - total) <= 1e-13 * size + 1e-290


@given(programs(rows=SMOOTH, max_steps=8))
def test_backward_is_the_sum_over_paths_of_independent_derivatives(program: Program) -> None:
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
    steps = tuple(Step(TABLE["add"], (i, i)) for i in range(depth))
    program = Program((3.0,), steps)
    assert count_paths(program) == 2**depth
    leaves, z = leaves_and_result(program)
    z.backward()
    assert leaves[0].grad == 2.0**depth == path_sums(program, by_the_rule)[0][0]


# Differences at high precision ---------------------------------------------------------------


def _with_error(program: Program, error: Sequence[Any], *xs: Any) -> Any:
    return program.precise(mp, xs, error)


def differences(program: Program, orders: Sequence[int]) -> tuple[Any, Any]:
    """The program's derivative at 60 digits, and how much rounding its results may move it.

    The second is measured: the same derivative with a relative error of an ulp committed at each
    step, in three patterns of signs.
    """
    exact = differentiated(lambda *xs: program.precise(mp, xs), program.inputs, orders)
    moved = mp.mpf(0)
    for pattern in ([1], [1, -1], [1, 1, -1]):
        signs = list(itertools.islice(itertools.cycle(pattern), len(program.steps)))
        error = [mp.mpf(sign) * EPS for sign in signs]
        rounded = partial(_with_error, program, error)
        other = differentiated(rounded, program.inputs, orders)
        moved += mp.fabs(other - exact)
    return exact, moved


@given(programs(rows=SMOOTH, max_steps=6, max_inputs=2))
def test_first_derivatives_agree_with_high_precision(program: Program) -> None:
    leaves, z = leaves_and_result(program)
    z.backward()
    for i, x in enumerate(leaves):
        orders = [int(i == k) for k in range(len(leaves))]
        exact, moved = differences(program, orders)
        error = mp.fabs(mp.mpf(x.grad or 0.0) - exact)
        assert error <= 1e-13 * mp.fabs(exact) + 30 * moved + mp.mpf(10) ** -40


@given(programs(rows=SMOOTH, max_steps=4, max_inputs=2))
def test_second_derivatives_agree_with_high_precision(program: Program) -> None:
    leaves, z = leaves_and_result(program)
    firsts = gradient(z, leaves)
    for i, first in enumerate(firsts):
        for j, second in enumerate(gradient(first, leaves)):
            orders = [int(i == k) + int(j == k) for k in range(len(leaves))]
            exact, moved = differences(program, orders)
            error = mp.fabs(mp.mpf(second.data) - exact)
            # Terms of a second derivative cancel more often: the floor is the first one's size.
            floor = 1e-15 * abs(first.data)
            assert error <= 1e-13 * mp.fabs(exact) + 100 * moved + floor + mp.mpf(10) ** -40


# The same program on other kinds of numbers --------------------------------------------------


def conditioned(program: Program) -> list[float]:
    """For each result, how far rounding at every step before it may have moved it, in floats."""
    results = program.run(program.inputs)
    moved = [0.0] * len(program.inputs)
    for step, z in zip(program.steps, results[len(moved) :], strict=True):
        operands = [results[x] if isinstance(x, int) else x for x in step.operands]
        slopes = step.row.partials(z, *operands)
        carried = sum(
            abs(d) * (moved[x] if isinstance(x, int) else 0.0)
            for d, x in zip(slopes, step.operands, strict=True)
        )
        own = sum(abs(d * x) for d, x in zip(slopes, operands, strict=True))
        moved.append(carried + 4 * EPS * (abs(z) + own))
    return moved


@given(programs(rows=SMOOTH))
def test_arrays_floats_and_values_agree(program: Program) -> None:
    floats = program.run(program.inputs)
    nodes = program.run([Value(x) for x in program.inputs])
    assert [v.data for v in nodes] == floats
    arrays = program.run([np.array([x, x]) for x in program.inputs])
    for z, array, moved in zip(floats, arrays, conditioned(program), strict=True):
        assert np.all(np.abs(array - z) <= 4 * moved)


@given(programs())
def test_a_program_repeats_bit_for_bit(program: Program) -> None:
    def once() -> list[str]:
        leaves, z = leaves_and_result(program)
        z.backward()
        return [repr(z.data), *[repr(x.grad) for x in leaves]]

    assert once() == once()


# How programs are written --------------------------------------------------------------------


def written(program: Program, notation: str) -> Written:
    """The whole program as one expression in x0, x1, ..., by the rows' notations."""
    texts = [Written(f"x{i}", ATOM) for i in range(len(program.inputs))]

    def operand(x: Operand) -> Written:
        if isinstance(x, int):
            return texts[x]
        return Written(repr(x), SUM if math.copysign(1.0, x) < 0 else ATOM)

    for step in program.steps:
        row = getattr(step.row, notation)
        texts.append(Written(row([operand(x) for x in step.operands]), row.precedence))
    return texts[-1]


@given(programs(max_steps=5))
def test_parentheses_stand_where_they_are_needed(program: Program) -> None:
    """Python reads the text as the program was built; a lost parenthesis changes the number."""
    text = written(program, "text").text
    assume(len(text) < 20_000)
    functions: dict[str, Any] = {name: getattr(autograd, name) for name in autograd.__all__}
    names = {f"x{i}": Value(x) for i, x in enumerate(program.inputs)}
    z = eval(text, functions | names)
    wanted = program(*program.inputs)
    got = z.data if isinstance(z, Value) else z
    assert got == wanted or (math.isnan(got) and math.isnan(wanted)), text


@given(programs(max_steps=5))
def test_latex_is_balanced_however_deep(program: Program) -> None:
    text = written(program, "latex").text
    assume(len(text) < 20_000)
    depth = 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0
    assert text.count(r"\left") == text.count(r"\right")
