"""Zeros, infinities, nan and the ends of the floats: eager equals array, value and derivative.

Python's `math` raises where IEEE arithmetic answers; a program must give the same numbers whether
it runs node by node or over arrays. Generated from the table, as test_primitives.py is.
"""

import math

import numpy as np

from autograd.engine.primitives import Primitive, apply
from support.rows import close, each_row, edge_points, is_exact, nodes, variables


@each_row
def test_special_numbers_give_the_same_on_floats_and_arrays(row: Primitive) -> None:
    everywhere = edge_points(row)
    columns = [np.array(column) for column in zip(*everywhere, strict=True)]
    whole = apply(row, tuple(columns))
    for k, point in enumerate(everywhere):
        z = row.function(*point)
        assert type(z) is float
        single = float(apply(row, tuple(np.array([x]) for x in point))[0])
        for w in (float(whole[k]), single):
            assert close(z, w, 0 if is_exact(row) else 4), point
            if z == 0.0 and row.arity is not None:
                assert math.copysign(1.0, z) == math.copysign(1.0, w), point


@each_row
def test_special_numbers_give_the_same_derivative_on_floats_arrays_and_backward(
    row: Primitive,
) -> None:
    everywhere = edge_points(row)
    for point in everywhere:
        z = row.function(*point)
        plain = row.partials(z, *point)
        with np.errstate(all="ignore"):
            arrays = row.partials(np.array([z]), *[np.array([x]) for x in point])
        operands = nodes(row, point)
        apply(row, tuple(operands)).backward()
        for i in variables(row, len(point)):
            d = float(np.asarray(arrays[i], dtype=float).reshape(-1)[0])
            assert close(float(plain[i]), d, 64), (point, i)
            assert close(operands[i].grad, float(plain[i]), 0), (point, i)
