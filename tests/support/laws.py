"""What holds of every row of the table, and of one that somebody adds."""

import itertools
import math

import numpy as np

from autograd import Value, gradient, local_partials
from autograd.engine.methods import kind_of
from autograd.engine.primitive import ATOM, Operand
from autograd.engine.primitives import TABLE, Primitive, apply
from autograd.engine.symbolic import partial_texts
from support.chosen_profile import PROFILE
from support.references import derivative, exact, has_kink, mp, points, relative_error, scale
from support.rows import (
    close,
    counts,
    domains,
    edge_points,
    is_exact,
    nodes,
    variables,
)

RANDOM = 400 if PROFILE == "long" else 24


def smooth_points(row: Primitive, count: int, random: int = RANDOM) -> list[tuple[float, ...]]:
    """Points of the domain that are at no kink; most of them, or the test would be empty."""
    everywhere = points(row, count, random)
    found = [point for point in everywhere if not has_kink(row, point)]
    assert len(found) >= 0.4 * len(everywhere)
    return found


def names(count: int) -> list[Operand]:
    return [Operand(f"x{i}", ATOM) for i in range(count)]


def the_function_agrees_with_its_formula(row: Primitive) -> None:
    for count in counts(row):
        for point in points(row, count, RANDOM):
            wanted = exact(row, point)
            size = mp.fabs(wanted)
            if not has_kink(row, point):
                size = scale(row, point)
            assert relative_error(row.function(*point), wanted, size) <= 1e-14, point


def first_derivatives_agree_with_high_precision(row: Primitive) -> None:
    for count in counts(row):
        for point in smooth_points(row, count):
            operands = nodes(row, point)
            z = apply(row, tuple(operands))
            z.backward()
            wanted = [operands[i] for i in variables(row, count)]
            slopes = gradient(z, wanted)
            for i, (x, slope) in enumerate(zip(wanted, slopes, strict=True)):
                truth, size = derivative(row, point, i), scale(row, point, i)
                assert relative_error(x.grad, truth, size) <= 1e-12, (point, i)
                assert relative_error(slope.data, truth, size) <= 1e-12, (point, i)


def second_derivatives_agree_with_high_precision(row: Primitive) -> None:
    """The gradient of the gradient, mixed derivatives included, both ways round."""
    for count in counts(row):
        for point in smooth_points(row, count, RANDOM // (2 * count)):
            operands = nodes(row, point)
            wanted = [operands[i] for i in variables(row, count)]
            firsts = gradient(apply(row, tuple(operands)), wanted)
            for i, first in enumerate(firsts):
                for j, second in enumerate(gradient(first, wanted)):
                    truth, size = derivative(row, point, i, j), scale(row, point, i, j)
                    assert relative_error(second.data, truth, size) <= 1e-12, (point, i, j)


def partials_on_floats_arrays_and_nodes_agree(row: Primitive) -> None:
    for count in counts(row):
        everywhere = points(row, count, RANDOM)
        columns = [np.array(column) for column in zip(*everywhere, strict=True)]
        results = np.array([row.function(*point) for point in everywhere])
        arrays = [
            np.broadcast_to(np.asarray(d, dtype=float), len(everywhere))
            for d in row.partials(results, *columns)
        ]
        for k, point in enumerate(everywhere):
            plain = row.partials(row.function(*point), *point)
            assert len(plain) == len(arrays) == count
            operands = nodes(row, point)
            z = apply(row, tuple(operands))
            assert local_partials(z) == plain
            recorded = row.partials(z, *operands)
            for i in variables(row, count):
                d = recorded[i]
                assert (d.data if isinstance(d, Value) else d) == plain[i]
                assert close(float(arrays[i][k]), float(plain[i]), 64), (point, i)


def a_row_keeps_single_precision_arrays_single(row: Primitive) -> None:
    for count in counts(row):
        point = [np.float32((low + high) / 2.0) for low, high in domains(row, count)]
        assert row.array(*[np.array([x, x]) for x in point]).dtype == np.float32


def whole_numbers_in_arrays_are_taken_as_floats(row: Primitive) -> None:
    for count in counts(row):
        point = [math.ceil(low + (high - low) / 3.0) for low, high in domains(row, count)]
        array = apply(row, tuple(np.array([x, x]) for x in point))
        assert array.dtype == np.float64
        assert close(float(array[0]), row.function(*map(float, point)), 8)


def shapes_broadcast(row: Primitive) -> None:
    for count in counts(row):
        point = [(low + high) / 2.0 for low, high in domains(row, count)]
        shapes = [(3, 1), (1, 2), (3, 2), (2,)]
        operands = [np.full(shapes[i % 4], x) for i, x in enumerate(point)]
        expected = np.broadcast_shapes(*[x.shape for x in operands])
        assert apply(row, tuple(operands)).shape == expected


def the_latex_of_a_row_is_balanced_and_names_its_operands(row: Primitive) -> None:
    for count in counts(row):
        text = row.latex(names(count))
        assert text.count("{") == text.count("}")
        assert text.count(r"\left") == text.count(r"\right")
        for i in range(count):
            assert f"x{i}" in text


def the_text_of_a_rule_equals_the_rule(row: Primitive) -> None:
    """Rules never branch, so that what they do with blanks is what they do with numbers."""
    texts = partial_texts(row)
    assert not any("partials(" in text for text in texts), "the rule could not be written down"
    scope = {name: other.function for name, other in TABLE.items()}
    scope |= {"inf": math.inf, "nan": math.nan}
    for point in [*points(row, counts(row)[0], 8), *edge_points(row)]:
        z = row.function(*point)
        operands = dict(zip("xy", point, strict=False))
        for text, d in zip(texts, row.partials(z, *point), strict=True):
            assert close(eval(text, scope, {"z": z, **operands}), d, 0), (text, point)


def every_kind_of_node_pulls_the_local_partials(row: Primitive) -> None:
    """Value with Value, Value with constant, constant with Value: one letter each in the kinds."""
    for count in counts(row):
        free = count - row.constants
        for kinds in itertools.product("vc", repeat=free):
            if "v" not in kinds:
                continue
            for point in points(row, count, 4):
                operands = [
                    Value(x) if kind == "v" else x
                    for kind, x in itertools.zip_longest(kinds, point)
                ]
                z = apply(row, tuple(operands))
                if row.arity in (1, 2):
                    letters = "".join(kinds) + "c" * row.constants
                    assert z._kind is kind_of(row, letters)
                z.backward()
                for x, d in zip(operands, local_partials(z), strict=True):
                    assert not isinstance(x, Value) or x.grad == d, (point, kinds)
                assert z.grad == 1.0


def special_numbers_give_the_same_on_floats_and_arrays(row: Primitive) -> None:
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
