"""Values among NumPy's scalars, arrays and ufuncs."""

import math
import operator
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.engine.primitives import TABLE, apply


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


# Not `sign`, which is flat: NumPy's asks the elements of an object array by comparing them.
UFUNCS = [row for row in TABLE.values() if isinstance(row.array, np.ufunc) and row.name != "sign"]
UNARY = [*[row.array.__name__ for row in UFUNCS if row.arity == 1], "positive"]
BINARY = [row.array.__name__ for row in UFUNCS if row.arity == 2]
BINARY += ["hypot", "maximum", "minimum", "power"]


@pytest.mark.parametrize("name", UNARY)
def test_ufuncs_of_one_operand_record(name: str) -> None:
    ufunc = getattr(np, name)
    start = 1.5 if name == "arccosh" else 0.5
    alone, inside = Value(start), Value(start)
    assert ufunc(alone) is alone or ufunc(alone).op.array is ufunc
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


def _values(*numbers: float) -> Any:
    return np.array([Value(x) for x in numbers])


def _data(array: Any) -> Any:
    return [x.data if isinstance(x, Value) else x for x in np.asarray(array).ravel()]


def test_the_place_of_a_result_is_an_array_of_objects() -> None:
    v, held = Value(3.0), _values(1.0, 2.0)
    first = held[0]
    np.multiply(held, v, out=held)
    assert _data(held) == [3.0, 6.0]
    held[0].backward()
    assert (first.grad, v.grad) == (3.0, 1.0)
    numbers = np.ones(2)
    with pytest.raises(TypeError, match=r"write array = array \+ value"):
        numbers += v
    assert numbers.tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="dtype: write it without"):
        np.add(v, 1.0, dtype=float)
    with pytest.raises(TypeError, match=r"write autograd\.where"):
        np.add(v, 1.0, where=False)


def test_outer_and_at_take_a_value() -> None:
    v = Value(3.0)
    assert _data(np.multiply.outer(v, np.array([1.0, 2.0]))) == [3.0, 6.0]
    assert _data(np.subtract.outer(np.array([1.0, 2.0]), v)) == [-2.0, -1.0]
    held = _values(1.0, 2.0)
    np.add.at(held, [1, 1], v)
    assert _data(held) == [1.0, 8.0]
    with pytest.raises(TypeError, match="cannot hold Values in place"):
        np.add.at(np.ones(2), [0], v)
    with pytest.raises(TypeError, match="takes an array of Values, got one Value"):
        np.add.reduce(v)


TIES_AND_NANS: list[Any] = [
    lambda a, b: np.maximum(a, b),
    lambda a, b: np.minimum(a, b),
    lambda a, b: np.fmax(a, b),
    lambda a, b: np.fmin(a, b),
    lambda a, b: np.clip(a, b, np.inf),
    lambda a, b: a.clip(-np.inf, b),
    lambda a, b: np.concatenate([a, b]).max(),
    lambda a, b: np.min(np.concatenate([a, b])),
    lambda a, b: np.maximum.reduce(np.stack([a, b])),
    lambda a, b: np.minimum.accumulate(np.stack([a, b])),
    lambda a, b: np.maximum.outer(a, b),
    lambda a, b: np.ptp(np.concatenate([a, b])),
    lambda a, b: np.nanmax(np.concatenate([a, b])),
]


@pytest.mark.parametrize("choose", TIES_AND_NANS)
@pytest.mark.parametrize("pair", [(1.0, 1.0), (math.nan, 1.0), (1.0, math.nan), (0.0, -0.0)])
def test_a_tie_or_a_nan_is_not_chosen_from(choose: Any, pair: tuple[float, float]) -> None:
    x, y = pair
    with pytest.raises(TypeError, match=r"write autograd\.maximum\(a, b\)"):
        choose(_values(x), _values(y))
    if not math.isnan(y):
        with pytest.raises(TypeError, match=r"write autograd\.maximum\(a, b\)"):
            choose(_values(x), np.array([y]))


@pytest.mark.parametrize("choose", TIES_AND_NANS)
def test_what_is_neither_is_chosen_from_with_its_gradient(choose: Any) -> None:
    x, y = _values(1.0), _values(4.0)
    chosen: Any = choose(x, y)
    wanted: Any = choose(np.array([1.0]), np.array([4.0]))
    assert _data(chosen) == np.asarray(wanted).ravel().tolist()
    # A maximum and a minimum of elements that differ have slope 1; a range has it twice.
    np.asarray(chosen).ravel()[-1].backward()
    assert sum(abs(v.grad or 0.0) for v in (x[0], y[0])) in (1.0, 2.0)


def test_ties_of_functions_of_the_table_are_shared_in_arrays_too() -> None:
    a, b = _values(1.0, 2.0), _values(1.0, math.nan)
    shared, lost = autograd.maximum(a, b)
    shared.backward()
    assert (a[0].grad, b[0].grad) == (0.5, 0.5)
    assert math.isnan(lost.data)
    assert math.isnan(autograd.maximum(*a, *b).data)


def test_a_comparison_in_code_is_decided_at_a_tie() -> None:
    v, w = Value(2.0), Value(2.0)
    assert (v >= w) is True
    assert (v <= 2.0) is True
    assert (v >= math.nan) is False
    assert [x for x in (1.0, 2.0, 3.0) if v >= x] == [1.0, 2.0]
    assert np.float64(2.0) >= v
    assert (_values(1.0, 2.0) >= 2.0).tolist() == [False, True]
    assert (_values(1.0, 2.0) >= v).tolist() == [False, True]
    assert operator.ge(v, w)
    assert operator.le(v, 2.0) == 1
    assert max([v, w]) is v
    assert sorted([v, w, Value(1.0)])[1:] == [v, w]
    assert len(sorted([v, Value(math.nan)])) == 2


@pytest.mark.parametrize("order", [np.sort, np.argsort, np.median, np.argmax, np.argmin])
def test_values_beside_a_nan_are_not_put_in_order(order: Any) -> None:
    for numbers in ([1.0, math.nan, 2.0], [math.nan, 1.0, 2.0]):
        with pytest.raises(TypeError, match="take it out first"):
            order(_values(*numbers))


def test_moments_and_quantiles_of_values() -> None:
    numbers = [1.0, 4.0, 2.0]
    for f in (
        np.var,
        np.std,
        np.median,
        lambda a: np.vdot(a, a),
        lambda a: np.quantile(a, 0.7),
        lambda a: np.percentile(a, 20.0),
        lambda a: np.cov(a, aweights=np.ones(3)),
    ):
        function: Any = f
        a = _values(*numbers)
        z = function(a)
        z = z if isinstance(z, Value) else z[()]
        assert z.data == pytest.approx(float(function(np.array(numbers))), rel=1e-14)
        z.backward()
        for i, x in enumerate(a):
            h = 1e-6
            up, down = np.array(numbers), np.array(numbers)
            up[i] += h
            down[i] -= h
            slope = float(function(up) - function(down)) / (2.0 * h)
            assert (x.grad or 0.0) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(
    "name", ["log10", "exp2", "fabs", "deg2rad", "rad2deg", "degrees", "radians", "conjugate"]
)
def test_ufuncs_made_of_rows_record(name: str) -> None:
    ufunc = getattr(np, name)
    alone, inside = Value(1.5), Value(1.5)
    for z, x in ((ufunc(alone), alone), (ufunc(np.array([inside]))[0], inside)):
        assert z.data == pytest.approx(float(ufunc(1.5)), rel=1e-15)
        z.backward()
        slope = (ufunc(1.5 + 1e-6) - ufunc(1.5 - 1e-6)) / 2e-6
        assert x.grad == pytest.approx(float(slope), rel=1e-8)
    assert autograd.compile(ufunc)(1.5) == pytest.approx(float(ufunc(1.5)), rel=1e-15)


def test_logarithms_of_sums_and_questions_of_one_value() -> None:
    z = np.logaddexp(Value(1.0), np.array([1.0, 2.0]))
    assert _data(z) == pytest.approx(np.logaddexp(1.0, [1.0, 2.0]).tolist(), rel=1e-15)
    assert np.float_power(Value(2.0), 3).data == 8.0
    assert (np.isnan(Value(math.nan)), np.isfinite(Value(1.0)), np.isinf(Value(1.0))) == (
        True,
        True,
        False,
    )
    assert np.signbit(Value(-0.0))


@pytest.mark.parametrize("name", ["cbrt", "rint", "floor", "ceil", "trunc", "fmod", "round"])
def test_ufuncs_without_a_rule_say_what_to_write(name: str) -> None:
    rest = [2.0] if name == "fmod" else []
    for x in (Value(1.5), _values(1.5)):
        with pytest.raises(TypeError, match=r"has no derivative rule here.*write"):
            getattr(np, name)(x, *rest)
    with pytest.raises(TypeError, match="has no derivative rule here"):
        np.heaviside(Value(1.0), 0.5)
    with pytest.raises(TypeError, match="a nan stays one"):
        np.fmax(Value(1.0), 2.0)


def test_the_widest_floats_are_numbers() -> None:
    v = Value(1.0)
    two = np.longdouble(2)
    assert two > v
    assert not two < v
    assert (np.array([two, 0 * two]) > v).tolist() == [True, False]
    assert (v == two) is np.False_
    assert v != two
    assert (two * v).data == 2.0
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        with pytest.raises(OverflowError, match="beyond the largest float"):
            Value(np.longdouble("1e4000"))
        with pytest.raises(OverflowError, match="beyond the largest float"):
            v * np.array([np.longdouble("1e4000")])
    assert Value(np.longdouble("inf")).data == math.inf


@pytest.mark.parametrize(
    "array", [np.array([1j]), np.array(["a"]), np.array(["2020-01-01"], dtype="M8[D]")]
)
def test_arrays_of_no_real_numbers_are_refused_as_their_elements_are(array: Any) -> None:
    for f in (autograd.exp, autograd.relu, autograd.erf, lambda x: autograd.maximum(x, 1.0)):
        function: Any = f
        with pytest.raises(TypeError, match=r"expected numbers?, got"):
            function(array)
    with pytest.raises(TypeError, match="complex number"):
        autograd.maximum(np.array([1.0]), 1j)


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.arity is not None])
def test_masks_are_kept_by_every_row(row: Any) -> None:
    inside = np.array([1.5, 1.25])
    masked = np.ma.masked_array(inside, [True, False])
    result: Any = apply(row, (masked, *[inside / 2.0] * (row.arity - 1)))
    assert np.ma.getmaskarray(result).tolist() == [True, False]
    plain: Any = apply(row, (inside, *[inside / 2.0] * (row.arity - 1)))
    assert result.data[1] == plain[1] or math.isnan(plain[1])


def test_equality_in_arrays_goes_by_identity_too() -> None:
    v, w = Value(2.0), Value(2.0)
    held = np.array([v, w])
    assert (held == v).tolist() == [True, False]
    assert (held != v).tolist() == [False, True]
    assert (np.array([2.0, 3.0]) == v).tolist() == [False, False]
    assert v in held
    assert Value(2.0) not in held


def test_masked_entries_are_not_computed_with_unseen() -> None:
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    for f in (autograd.sum, autograd.mean, autograd.norm, autograd.softmax):
        function: Any = f
        with pytest.raises(ValueError, match=r"masked: write array\.compressed\(\)"):
            function(masked)
    assert autograd.sum(masked.compressed()) == 2.0
    program = autograd.compile(autograd.relu)
    with pytest.raises(ValueError, match="argument 0 is masked at"):
        program(masked)
    assert program(np.ma.masked_array([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_a_value_is_clipped_by_one_bound_and_never_in_place() -> None:
    v = Value(2.0)
    z: Any = np.clip(v, None, 1.0)
    assert (type(z), z.data) == (Value, 1.0)
    assert np.clip(v, 3.0, None).data == 3.0
    assert v.clip(None, None).data == 2.0
    place: Any = np.zeros(1)
    with pytest.raises(TypeError):
        np.clip(v, 0.0, 1.0, out=place)
    with pytest.raises(TypeError, match="not clipped in place"):
        v.clip(0.0, 1.0, out=place)
