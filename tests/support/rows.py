"""The rows of the table as parameters of tests, operands for them, and how close floats are."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.engine.primitives import TABLE, Primitive
from support.programs import domains
from support.references import EPS

ROWS = list(TABLE.values())

# Zeros, infinities, nan, ends of the floats, and where exp, sinh and powers overflow.
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 20.0, -40.0, 710.0, -710.0, 800.0, -800.0]
EDGES += [1e308, -1e308, 1e-308, 5e-324, -5e-324, math.inf, -math.inf, math.nan]

each_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


def counts(row: Primitive) -> list[int]:
    """How many operands to test a row with."""
    return [row.arity] if row.arity is not None else [2, 4]


def is_exact(row: Primitive) -> bool:
    """Whether the row is one operation of IEEE arithmetic, which everybody rounds alike."""
    return bool(row.operator) or row.array in (np.square, np.reciprocal)


def variables(row: Primitive, count: int) -> range:
    """The places of the operands that may be Values."""
    return range(count - row.constants)


def nodes(row: Primitive, point: Sequence[float]) -> list[Any]:
    """The operands at `point`, Values but for the constants."""
    may = variables(row, len(point))
    return [Value(x) if i in may else x for i, x in enumerate(point)]


def close(x: float, y: float, ulps: float) -> bool:
    """Whether two floats are the same special number, or so many ulps apart."""
    if math.isfinite(x) and math.isfinite(y):
        return abs(x - y) <= ulps * max(EPS * max(abs(x), abs(y)), 5e-324)
    return x == y or (math.isnan(x) and math.isnan(y))


def edge_points(row: Primitive) -> list[tuple[float, ...]]:
    """All edges for one or two operands, sliding windows of them for more."""
    count = counts(row)[0]
    constants = [
        [low, (low + high) / 2.0, high]
        for low, high in domains(row, count)[count - row.constants :]
    ]
    free = count - row.constants
    if free <= 2:
        tuples = list(itertools.product(EDGES, repeat=free))
    else:
        tuples = [
            tuple(EDGES[(i + k * step) % len(EDGES)] for k in range(free))
            for i in range(len(EDGES))
            for step in (0, 1, 2, 5)
        ]
    return [(*xs, *rest) for xs in tuples for rest in itertools.product(*constants)]
