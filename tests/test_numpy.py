"""Values among NumPy's scalars, arrays and ufuncs."""

import math
import operator
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value


def test_numpy_scalars_on_the_left_give_values() -> None:
    v = Value(3.0)
    for kind in (np.float64, np.float32, np.int64):
        for z, wanted in [
            (kind(2) * v, 6.0),
            (kind(2) + v, 5.0),
            (kind(2) - v, -1.0),
            (kind(2) / v, 2.0 / 3.0),
            (kind(2) ** v, 8.0),
        ]:
            assert type(z) is Value
            assert z.data == wanted
    assert (np.float64(2) < v) in (True, np.True_)


def test_arrays_meet_a_value_element_by_element() -> None:
    v, array = Value(2.0), np.array([1.0, 3.0])
    for result, wanted in [
        (v * array, [2.0, 6.0]),
        (array * v, [2.0, 6.0]),
        (v + array, [3.0, 5.0]),
        (array - v, [-1.0, 1.0]),
        (v / array, [2.0, 2.0 / 3.0]),
        (array / v, [0.5, 1.5]),
        (v**array, [2.0, 8.0]),
        (array**v, [1.0, 9.0]),
        (v * np.array([1, 3]), [2.0, 6.0]),
    ]:
        assert result.dtype == object
        assert [z.data for z in result] == wanted
    total = (array**v).sum()
    total.backward()
    assert v.grad == pytest.approx(9.0 * math.log(3.0), rel=1e-15)


@pytest.mark.parametrize("operate", [operator.mod, operator.floordiv, divmod])
def test_operators_without_a_row_are_refused(operate: Any) -> None:
    for left, right in [
        (np.float64(7), Value(2.0)),
        (7.0, Value(2.0)),
        (Value(7.0), 2.0),
        (Value(7.0), Value(2.0)),
    ]:
        with pytest.raises(TypeError):
            operate(left, right)


def test_bool_arrays_are_refused_as_bools_are() -> None:
    with pytest.raises(TypeError, match="bool"):
        Value(2.0) * np.array([True])
    with pytest.raises(TypeError, match="bool"):
        autograd.exp(np.array([True]))


def test_object_arrays_work_with_operators_and_matrix_products() -> None:
    xs = np.array([Value(1.0), Value(2.0)])
    w = np.array([[Value(3.0), Value(4.0)], [Value(5.0), Value(6.0)]])
    assert [z.data for z in xs + xs] == [2.0, 4.0]
    assert [z.data for z in 2.0 * xs - 1.0] == [1.0, 3.0]
    assert [z.data for z in xs / 2.0] == [0.5, 1.0]
    assert [z.data for z in xs**2] == [1.0, 4.0]
    assert (xs @ xs).data == 5.0
    assert [z.data for z in w @ xs] == [11.0, 17.0]
    assert [z.data for z in w @ np.array([1.0, 2.0])] == [11.0, 17.0]
    assert xs.mean().data == 1.5
    (w @ xs).sum().backward()
    assert [x.grad for x in xs] == [8.0, 10.0]
    assert [[x.grad for x in row] for row in w] == [[1.0, 2.0], [1.0, 2.0]]


UNARY = ["absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cos", "cosh"]
UNARY += ["exp", "expm1", "log", "log1p", "log2", "negative", "positive", "reciprocal", "sin"]
UNARY += ["sinh", "sqrt", "square", "tan", "tanh"]
BINARY = [
    "add",
    "arctan2",
    "divide",
    "hypot",
    "maximum",
    "minimum",
    "multiply",
    "power",
    "subtract",
]


@pytest.mark.parametrize("name", UNARY)
def test_ufuncs_of_one_operand_record(name: str) -> None:
    ufunc = getattr(np, name)
    start = 1.5 if name == "arccosh" else 0.5
    alone, inside = Value(start), Value(start)
    for z, x in ((ufunc(alone), alone), (ufunc(np.array([inside]))[0], inside)):
        assert type(z) is Value
        assert z.data == pytest.approx(float(ufunc(start)), rel=1e-15)
        z.backward()
        slope = (ufunc(start + 1e-6) - ufunc(start - 1e-6)) / 2e-6
        assert x.grad == pytest.approx(float(slope), rel=1e-8)


@pytest.mark.parametrize("name", BINARY)
def test_ufuncs_of_two_operands_record(name: str) -> None:
    ufunc = getattr(np, name)
    for pick in (
        lambda x, y: ufunc(x, y),
        lambda x, y: ufunc(x, 0.75) + ufunc(1.5, y) - float(ufunc(1.5, 0.75)),
        lambda x, y: ufunc(np.array([x]), np.array([y]))[0],
        lambda x, y: ufunc(np.array([x]), y)[0],
        lambda x, y: ufunc(x, np.array([y]))[0],
    ):
        x, y = Value(1.5), Value(0.75)
        z = pick(x, y)
        z.backward()
        assert z.data == pytest.approx(float(ufunc(1.5, 0.75)), rel=1e-14)
        h = 1e-6
        for v, slope in (
            (x, ufunc(1.5 + h, 0.75) - ufunc(1.5 - h, 0.75)),
            (y, ufunc(1.5, 0.75 + h) - ufunc(1.5, 0.75 - h)),
        ):
            got = 0.0 if v.grad is None else v.grad
            assert got == pytest.approx(float(slope) / (2 * h), rel=1e-8, abs=1e-12)


def test_ufuncs_with_options_are_refused() -> None:
    with pytest.raises(TypeError):
        np.add(Value(1.0), np.array([1.0]), out=np.zeros(1))


def test_equality_in_arrays_goes_by_identity_too() -> None:
    v, w = Value(2.0), Value(2.0)
    held = np.array([v, w])
    assert (held == v).tolist() == [True, False]
    assert (held != v).tolist() == [False, True]
    assert (np.array([2.0, 3.0]) == v).tolist() == [False, False]
    assert v in held
    assert Value(2.0) not in held
