"""Every row of the table against its own formula at high precision; nothing here names a row.

A row that is added is tested by what is here already: its derivatives to second order, its floats,
arrays and nodes against one another, IEEE's special numbers, kinks, notation and recorded rules.
"""

import inspect
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, gradient, local_partials
from autograd.check.register import false_claim
from autograd.engine.methods import kind_of, make_pull
from autograd.engine.primitive import ATOM, Operand
from autograd.engine.primitives import TABLE, Primitive, apply
from autograd.engine.symbolic import partial_texts
from support.profile import PROFILE
from support.programs import domains, floats
from support.references import EPS, derivative, exact, has_kink, mp, points, relative_error, scale
from support.rows import ROWS, close, counts, each_row, edge_points, is_exact, nodes, variables

RANDOM = 400 if PROFILE == "long" else 24


def smooth_points(row: Primitive, count: int, random: int = RANDOM) -> list[tuple[float, ...]]:
    """Points of the domain that are at no kink; most of them, or the test would be empty."""
    everywhere = points(row, count, random)
    found = [point for point in everywhere if not has_kink(row, point)]
    assert len(found) >= 0.4 * len(everywhere)
    return found


# Derivatives against high precision ----------------------------------------------------------


@each_row
def test_the_function_agrees_with_its_formula(row: Primitive) -> None:
    for count in counts(row):
        for point in points(row, count, RANDOM):
            wanted = exact(row, point)
            size = mp.fabs(wanted)
            if not has_kink(row, point):
                size = scale(row, point)
            assert relative_error(row.function(*point), wanted, size) <= 1e-14, point


@each_row
def test_first_derivatives_agree_with_high_precision(row: Primitive) -> None:
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


@each_row
def test_second_derivatives_agree_with_high_precision(row: Primitive) -> None:
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


# One row on numbers of every kind ------------------------------------------------------------


def point_of(row: Primitive, count: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.tuples(*[floats(low, high) for low, high in domains(row, count)])


@each_row
@given(data=st.data())
def test_floats_arrays_and_nodes_agree(row: Primitive, data: st.DataObject) -> None:
    point = data.draw(point_of(row, data.draw(st.sampled_from(counts(row)))))
    z = row.function(*point)
    assert type(z) is float
    array = apply(row, tuple(np.array([x, x]) for x in point))
    assert array.shape == (2,)
    assert apply(row, tuple(nodes(row, point))).data == z
    if is_exact(row):
        assert array.tolist() == [z, z]
        return
    # Each may be off by a few ulp of its own, and by what an ulp of an operand makes.
    slack = sum(abs(d * x) for d, x in zip(row.partials(z, *point), point, strict=True))
    for w in array.tolist():
        assert abs(w - z) <= 8 * EPS * (abs(z) + slack)


@each_row
def test_partials_on_floats_arrays_and_nodes_agree(row: Primitive) -> None:
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


@each_row
def test_a_row_keeps_single_precision_arrays_single(row: Primitive) -> None:
    for count in counts(row):
        point = [np.float32((low + high) / 2.0) for low, high in domains(row, count)]
        assert row.array(*[np.array([x, x]) for x in point]).dtype == np.float32


@each_row
def test_whole_numbers_in_arrays_are_taken_as_floats(row: Primitive) -> None:
    for count in counts(row):
        point = [math.ceil(low + (high - low) / 3.0) for low, high in domains(row, count)]
        array = apply(row, tuple(np.array([x, x]) for x in point))
        assert array.dtype == np.float64
        assert close(float(array[0]), row.function(*map(float, point)), 8)


@each_row
def test_shapes_broadcast(row: Primitive) -> None:
    for count in counts(row):
        point = [(low + high) / 2.0 for low, high in domains(row, count)]
        shapes = [(3, 1), (1, 2), (3, 2), (2,)]
        operands = [np.full(shapes[i % 4], x) for i, x in enumerate(point)]
        expected = np.broadcast_shapes(*[x.shape for x in operands])
        assert apply(row, tuple(operands)).shape == expected


# Kinks, ties and ends of domains -------------------------------------------------------------


@each_row
def test_the_listed_subgradients_hold_in_every_use(row: Primitive) -> None:
    for point, listed in row.subgradients:
        operands = nodes(row, point)
        wanted = [operands[i] for i in variables(row, len(point))]
        z = apply(row, tuple(operands))
        z.backward()
        slopes = gradient(z, wanted)
        arrays = row.partials(np.array([z.data]), *[np.array([x]) for x in point])
        for i, x in enumerate(wanted):
            assert close(x.grad, listed[i], 0), (point, "backward")
            assert close(slopes[i].data, listed[i], 0), (point, "gradient")
            d = float(np.asarray(arrays[i], dtype=float).reshape(-1)[0])
            assert close(d, listed[i], 0), (point, "arrays")
        shown = autograd.subgradient_table()
        assert any(line.split()[0] == row.name for line in shown.splitlines())


@each_row
def test_every_kink_of_the_domain_is_listed(row: Primitive) -> None:
    """A row has a kink where its slopes to the two sides differ, at 0, 1, -1 or a tie."""
    count = counts(row)[0]
    for xs in itertools.product([-1.0, 0.0, 1.0], repeat=count - row.constants):
        for constants in ([0.5] * row.constants, [-1.0, 1.0][: row.constants]):
            point = (*xs, *constants)
            inside = all(
                low < x < high for x, (low, high) in zip(xs, domains(row, count), strict=False)
            )
            if inside and has_kink(row, point):
                assert row.subgradients, f"{row} has a kink at {point} and no line in its table"


@each_row
def test_what_a_row_says_of_its_function_holds(row: Primitive) -> None:
    """That it commutes, has a neutral number, is never below 0: to the bit, on all edges."""
    for count in counts(row):
        for point in points(row, count, 8):
            assert not false_claim(row, point)
    for point in edge_points(row):
        assert not false_claim(row, point)


# How a row is written ------------------------------------------------------------------------


def names(count: int) -> list[Operand]:
    return [Operand(f"x{i}", ATOM) for i in range(count)]


@each_row
def test_the_text_of_a_row_is_python_that_computes_it(row: Primitive) -> None:
    functions = {name: getattr(autograd, name) for name in autograd.__all__}
    for count in counts(row):
        text = row.text(names(count))
        for point in points(row, count, 8):
            scope = functions | {f"x{i}": x for i, x in enumerate(point)}
            assert close(eval(text, scope), row.function(*point), 2), text


@each_row
def test_the_latex_of_a_row_is_balanced_and_names_its_operands(row: Primitive) -> None:
    for count in counts(row):
        text = row.latex(names(count))
        assert text.count("{") == text.count("}")
        assert text.count(r"\left") == text.count(r"\right")
        for i in range(count):
            assert f"x{i}" in text


@each_row
def test_a_row_has_a_function_and_a_method(row: Primitive) -> None:
    function = getattr(autograd, row.name)
    assert function.__doc__
    first = next(iter(inspect.signature(function).parameters.values()))
    is_of_a_list = first.name == "xs" and first.kind is not first.VAR_POSITIONAL
    assert is_of_a_list or callable(getattr(Value, row.name))


# What is recorded from a rule ----------------------------------------------------------------


@pytest.mark.parametrize("row", [r for r in ROWS if r.arity in (1, 2)], ids=str)
def test_the_text_of_a_rule_equals_the_rule(row: Primitive) -> None:
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


@each_row
def test_every_kind_of_node_pulls_the_local_partials(row: Primitive) -> None:
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


def test_a_pull_multiplies_by_the_gradient_and_adds() -> None:
    x, y = Value(3.0), Value(5.0)
    z = x * y
    z.grad, x.grad, y.grad = 10.0, 1.0, 2.0
    make_pull(TABLE["mul"], "vv")(z)
    assert (x.grad, y.grad) == (51.0, 32.0)
    constant = x * 5.0
    constant.grad = 10.0
    make_pull(TABLE["mul"], "vc")(constant)
    assert x.grad == 101.0


# Tails ---------------------------------------------------------------------------------------

FAR = {
    "sigmoid": [40.0, -40.0, 100.0, 700.0, -700.0],
    "tanh": [20.0, -20.0, 100.0, 350.0],
    "softplus": [40.0, -40.0, -700.0, 700.0],
    "silu": [40.0, -40.0, -700.0],
    "gelu": [6.0, -6.0, -20.0, -37.0],
    "erf": [6.0, -6.0, 20.0],
    "erfc": [6.0, -6.0, 20.0, 26.0],
    "expm1": [-40.0, -700.0, 1e-10, -1e-300],
    "log1p": [1e-10, -1e-300, 1e300, -1.0 + 2.0**-52],
    "asinh": [1e-10, 1e10, 1e150],
    "atanh": [1e-10, 1.0 - 2.0**-52, -1.0 + 2.0**-53],
    "acosh": [1.0 + 2.0**-52, 1e150],
    "asin": [1.0 - 2.0**-53, -1.0 + 2.0**-53],
    "acos": [1.0 - 2.0**-53, -1.0 + 2.0**-53],
    "atan": [1e-200, 1e100],
}


@pytest.mark.parametrize(("name", "x"), [(name, x) for name, xs in FAR.items() for x in xs])
def test_tails_keep_their_digits(name: str, x: float) -> None:
    """Value and slope far out, to 1e-14 beyond what rounding e^(-x^2)'s exponent costs."""
    row = TABLE[name]
    v = Value(x)
    z = apply(row, (v,))
    z.backward()
    with mp.workdps(400):
        value, slope = exact(row, (x,)), mp.diff(lambda t: row.precise(mp, t), mp.mpf(x))
    # A relative error of the exponent -x^2 is one of x^2 times its size in the result.
    rounding = 1e-14 + (2 * EPS * x * x if name in ("erf", "erfc", "gelu") else 0.0)
    assert relative_error(z.data, value, mp.fabs(value)) <= rounding
    assert relative_error(v.grad, slope, mp.fabs(slope)) <= rounding


def test_the_two_tails_that_every_peer_loses() -> None:
    x = Value(40.0)
    x.sigmoid().backward()
    assert x.grad == pytest.approx(4.248354255291589e-18, rel=1e-14)
    y = Value(20.0)
    y.tanh().backward()
    with mp.workdps(60):
        assert relative_error(y.grad, mp.sech(20) ** 2, mp.sech(20) ** 2) <= 1e-14
    assert f"{y.grad:.2e}" == "1.70e-17"


def test_logsumexp_keeps_the_small_term_and_its_slope() -> None:
    x, y = Value(0.0), Value(-40.0)
    z = autograd.logsumexp([x, y])
    z.backward()
    assert z.data == pytest.approx(4.248354255291589e-18, rel=1e-14)
    assert y.grad == pytest.approx(4.248354255291589e-18, rel=1e-14)
    far = [Value(1000.0), Value(-1000.0)]
    autograd.logsumexp(far).backward()
    assert [v.grad for v in far] == [1.0, 0.0]
