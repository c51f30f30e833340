"""What a Value promises on its own: construction, operators, comparing, printing, NumPy."""

import copy
import math
import operator
import statistics
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value

# Construction --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [2, 2.0, Fraction(4, 2), np.float64(2), np.float32(2), np.float16(2), np.int64(2), np.uint8(2)],
    ids=lambda x: type(x).__name__,
)
def test_real_numbers_become_floats(number: Any) -> None:
    v = Value(number)
    assert type(v.data) is float
    assert v.data == 2.0
    assert (v.grad, v.op, v.args, v.label) == (None, None, (), "")


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        (True, r"bool True: write 1\.0"),
        (np.True_, r"bool True: write 1\.0"),
        ("3", r"str '3': write float\('3'\)"),
        (b"3", r"bytes b'3'"),
        (1 + 2j, r"complex number \(1\+2j\): write z\.real, z\.imag or abs\(z\)"),
        (np.complex128(1j), r"complex number .*write z\.real"),
        (np.array([1.0, 2.0]), r"array of shape \(2,\): .*Value\(x\) for x in"),
        (np.array(2.0), r"array of shape \(\): write float\(array\) or array\.item\(\)"),
        ([1.0], r"list: write one number at a time"),
        ((1.0,), r"tuple: write one number at a time"),
        ({}, r"dict"),
        (None, r"None: a function that forgot to return"),
        (Value(2.0), r"Value: use it as it is, .*value\.data .*value\.detach\(\)"),
        (Decimal(2), r"Decimal: write float\(x\)"),
        (object(), r"object"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_anything_else_is_refused_with_what_to_write(given: Any, instead: str) -> None:
    with pytest.raises(TypeError, match=instead):
        Value(given)
    v = Value(1.0)
    if not isinstance(given, Value):
        with pytest.raises(TypeError):
            v.data = given
        assert v.data == 1.0


def test_a_number_beyond_the_floats_is_refused() -> None:
    with pytest.raises(OverflowError, match="beyond the largest float"):
        Value(10**400)


def test_special_floats_are_numbers() -> None:
    assert math.isnan(Value(math.nan).data)
    assert Value(math.inf).data == math.inf


def test_a_label_is_a_string() -> None:
    assert Value(1.0, "w").label == "w"
    with pytest.raises(TypeError, match=r"label is a str, got int: write str\(label\)"):
        Value(1.0, 3)  # type: ignore[arg-type]
    v = Value(1.0, "w")
    with pytest.raises(TypeError, match=r"label is a str, got int: write str\(label\)"):
        v.label = 3
    with pytest.raises(TypeError, match="got NoneType: write '' for no label"):
        v.label = None
    assert v.label == "w"


def test_there_are_no_other_attributes() -> None:
    """A misspelt `.gard = 0` would otherwise pass without a word."""
    with pytest.raises(AttributeError):
        Value(1.0).gard = 0.0  # type: ignore[attr-defined]


def test_a_subclass_of_value_is_refused_when_it_is_made() -> None:
    """The engine asks for the very class, per node; a subclass would drop out of gradients."""
    with pytest.raises(TypeError):
        type("Parameter", (Value,), {})


# Operators -----------------------------------------------------------------------------------

OPERATORS = {
    "+": (operator.add, lambda a, b: (1.0, 1.0)),
    "-": (operator.sub, lambda a, b: (1.0, -1.0)),
    "*": (operator.mul, lambda a, b: (b, a)),
    "/": (operator.truediv, lambda a, b: (1 / b, -a / b**2)),
    "**": (operator.pow, lambda a, b: (b * a ** (b - 1), a**b * math.log(a))),
}
NUMBERS = [3, 3.0, np.float64(3), np.float32(3), np.int64(3), Fraction(3)]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_take_numbers_on_both_sides(sign: str, number: Any) -> None:
    operate, slopes = OPERATORS[sign]
    left, right = Value(2.0), Value(2.0)
    forward, reflected = operate(left, number), operate(number, right)
    assert type(forward) is type(reflected) is Value
    assert forward.data == operate(2.0, 3.0)
    assert reflected.data == operate(3.0, 2.0)
    forward.backward()
    reflected.backward()
    assert left.grad == pytest.approx(slopes(2.0, 3.0)[0], rel=1e-15)
    assert right.grad == pytest.approx(slopes(3.0, 2.0)[1], rel=1e-15)


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_take_two_values(sign: str) -> None:
    operate, slopes = OPERATORS[sign]
    x, y = Value(2.0), Value(3.0)
    operate(x, y).backward()
    assert (x.grad, y.grad) == pytest.approx(slopes(2.0, 3.0), rel=1e-15)


@pytest.mark.parametrize(
    "other", [True, False, np.True_, "2", None, 1j, [1.0], (1.0,), {1.0: 2.0}, Decimal(2)], ids=repr
)
@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_refuse_what_is_no_real_number(sign: str, other: Any) -> None:
    operate, _ = OPERATORS[sign]
    with pytest.raises(TypeError):
        operate(Value(2.0), other)
    with pytest.raises(TypeError):
        operate(other, Value(2.0))


def test_the_refusal_of_a_bool_says_what_to_write() -> None:
    for make in (lambda: True * Value(2.0), lambda: Value(2.0) + True):
        with pytest.raises(TypeError, match=r"write 1\.0"):
            make()


def test_an_int_beyond_the_floats_is_refused_as_in_the_constructor() -> None:
    for make in (lambda: Value(1.0) * 10**400, lambda: 10**400 - Value(1.0)):
        with pytest.raises(OverflowError, match="beyond the largest float"):
            make()


def test_objects_with_operators_of_their_own_are_asked() -> None:
    class Other:
        def __radd__(self, other: object) -> str:
            return "asked"

        __rmul__ = __radd__

    assert Value(1.0) + Other() == "asked"
    with pytest.raises(TypeError):
        Other() + Value(1.0)  # type: ignore[operator]


def test_signs_and_absolute_value() -> None:
    x = Value(-3.0)
    assert ((-x).data, (+x).data, abs(x).data) == (3.0, -3.0, 3.0)
    assert +x is x


def test_in_place_operators_make_new_values() -> None:
    x = y = Value(2.0)
    y *= 3.0
    y += x
    assert x.data == 2.0
    y.backward()
    assert x.grad == 4.0


def test_the_builtin_sum_adds_values() -> None:
    xs = [Value(1.0), Value(2.0)]
    total = sum(xs)
    assert isinstance(total, Value)
    total.backward()
    assert [x.grad for x in xs] == [1.0, 1.0]


def test_a_negative_base_follows_ieee_and_not_complex_numbers() -> None:
    """Python's (-8.0) ** (1/3) is complex; NumPy's, compiled, is nan."""
    assert math.isnan((Value(-8.0) ** (1 / 3)).data)
    assert math.isnan(((-8.0) ** Value(1 / 3)).data)
    assert (Value(-8.0) ** 3).data == -512.0
    assert (Value(0.0) ** -1).data == math.inf
    assert (1 / Value(0.0)).data == math.inf
    assert (Value(1.0) / 0).data == math.inf


# Identity, comparing, converting -------------------------------------------------------------


def test_equality_and_hashing_go_by_identity() -> None:
    x, y = Value(2.0), Value(2.0)
    assert x == x
    assert x != y
    assert x != 2.0
    assert len({x, y}) == 2
    assert {x: 1}[x] == 1
    held = {x}
    x.data = 5.0
    assert x in held
    assert y not in [x]
    assert [x, y].index(y) == 1


def test_order_comparisons_go_by_data_and_stay_out_of_the_graph() -> None:
    x, y = Value(1.0), Value(2.0)
    assert [x < y, x <= y, x > y, x >= y] == [True, True, False, False]
    assert [x < 1, x <= 1, x >= 1.5, np.float64(0.5) < x] == [False, True, False, True]
    assert (x < y) is True
    assert [v.data for v in sorted([y, x])] == [1.0, 2.0]
    assert max([x, y]) is y
    assert not Value(math.nan) < 1.0
    with pytest.raises(TypeError, match="cannot compare with <"):
        x < "a"  # type: ignore[operator]  # noqa: B015
    with pytest.raises(TypeError, match="bool"):
        x >= True  # noqa: B015


def test_comparing_with_an_array_compares_each_element() -> None:
    v, array = Value(2.0), np.array([1.0, 3.0])
    assert (v < array).tolist() == [False, True]
    assert (array > v).tolist() == [False, True]
    assert (np.array([v, Value(0.0)]) > 1.0).tolist() == [True, False]


@pytest.mark.parametrize(
    ("convert", "instead"),
    [
        (float, r"v\.data"),
        (math.exp, r"autograd\.exp\(v\)"),
        (math.sqrt, r"v\.data"),
        (int, r"int\(v\.data\)"),
        (round, r"round\(v\.data\)"),
        (lambda v: round(v, 2), r"round\(v\.data, 2\)"),
        (bool, r"v\.data != 0"),
        (lambda v: 1 if v else 0, r"v\.data != 0"),
        (math.floor, "graph"),
        (math.trunc, "__trunc__"),
        (complex, r"v\.data"),
        (lambda v: [1, 2][v], "indices"),
        (lambda v: np.array([v], dtype=float), r"v\.data"),
        (lambda v: statistics.fmean([v]), r"v\.data"),
        (lambda v: math.hypot(v, 1.0), r"v\.data"),
        (np.floor, "graph|floor"),
    ],
)
def test_what_would_drop_the_graph_raises_and_says_what_to_write(
    convert: Any, instead: str
) -> None:
    with pytest.raises(TypeError, match=instead):
        convert(Value(2.5))


def test_an_array_of_floats_takes_no_value_without_a_word() -> None:
    array = np.zeros(2)
    with pytest.raises((TypeError, ValueError)):
        array[0] = Value(1.0)


def test_format_prints_the_number_and_str_the_value() -> None:
    v = Value(2.0 / 3.0, "w")
    assert f"{v:.3f}" == format(v, ".3f") == "0.667"
    assert f"{v:>8.2f}|" == "    0.67|"
    assert str(v) == repr(v) == f"{v}" == "Value(0.6666666666666666, label='w')"
    assert repr(Value(1.0)) == "Value(1.0)"
    x = Value(3.0)
    (x * x).backward()
    assert repr(x) == "Value(3.0, grad=6.0)"
    with pytest.raises(ValueError, match="format"):
        format(v, ".3q")


# Functions and methods -----------------------------------------------------------------------


def test_module_functions_return_the_kind_they_are_given() -> None:
    assert type(autograd.exp(1.0)) is float
    assert type(autograd.exp(1)) is float
    assert type(autograd.exp(np.float64(1.0))) is float
    assert type(autograd.exp(Fraction(1, 2))) is float
    assert type(autograd.exp(Value(1.0))) is Value
    assert isinstance(autograd.exp(np.array([1.0])), np.ndarray)
    assert type(autograd.atan2(1.0, 2)) is float
    assert type(autograd.atan2(1.0, Value(2.0))) is Value
    assert type(autograd.sum([1, 2.0])) is float
    assert type(autograd.sum([1, Value(2.0)])) is Value
    for refused in (True, "1", None, 1j, [1.0]):
        with pytest.raises(TypeError):
            autograd.exp(refused)  # type: ignore[call-overload]
        with pytest.raises(TypeError):
            autograd.mul(2.0, refused)
        with pytest.raises(TypeError):
            autograd.dot([1.0], [refused])


def test_methods_and_functions_make_the_same_nodes() -> None:
    for name in ("exp", "tanh", "relu", "gelu", "sqrt", "log", "sigmoid", "square", "neg"):
        x = Value(0.5)
        method, function = getattr(x, name)(), getattr(autograd, name)(x)
        assert method.op is function.op
        assert method.args == function.args == (x,)
        assert method.data == function.data


def test_a_node_remembers_its_row_and_operands_in_order() -> None:
    x, y = Value(3.0), Value(2.0)
    z = x - y
    assert str(z.op) == "sub"
    assert z.args == (x, y)
    assert (5.0 - x).args == (5.0, x)
    assert (x**2).op is not (x**y).op
    assert (x**2).args == (x, 2.0)
    assert (x * x).args == (x, x)
    assert autograd.sum([x, 1, y]).args == (x, 1.0, y)


def test_detach_gives_a_leaf_of_the_same_number() -> None:
    x = Value(3.0, "x")
    u = x * x
    u.label = "u"
    cut = u.detach()
    assert (cut.data, cut.label, cut.op, cut.args, cut.grad) == (9.0, "u", None, (), None)
    z = cut * x
    z.backward()
    assert x.grad == 9.0
    assert cut.grad == 3.0


def test_copy_shares_operands() -> None:
    x = Value(3.0, "x")
    u = x * x
    twin = copy.copy(u)
    assert twin is not u
    assert twin.args == u.args
    twin.backward()
    assert x.grad == 6.0
