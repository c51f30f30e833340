"""`grad` and `value_and_grad`: which argument, what nesting, and derivatives inside derivatives."""

import asyncio
import math
import threading
from collections import deque, namedtuple
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pytest

import autograd
import nn
from autograd import (
    Value,
    compile,
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
)
from autograd.check import check_gradients, check_module
from autograd.transforms.trees import flat


def f(x: Any, y: Any, w: Any) -> Any:
    return x * x * y + w * y


# Which argument ------------------------------------------------------------------------------


def test_argnum_counts_from_either_end() -> None:
    assert [grad(f, i)(3.0, 2.0, 5.0) for i in (0, 1, 2)] == [12.0, 14.0, 2.0]
    assert [grad(f, i)(3.0, 2.0, 5.0) for i in (-3, -2, -1)] == [12.0, 14.0, 2.0]


def test_argnums_come_back_in_the_order_they_were_given() -> None:
    assert grad(f, (0, 2))(3.0, 2.0, 5.0) == (12.0, 2.0)
    assert grad(f, (2, 0))(3.0, 2.0, 5.0) == (2.0, 12.0)
    assert grad(f, (-1, 0))(3.0, 2.0, 5.0) == (2.0, 12.0)
    assert grad(f, (1,))(3.0, 2.0, 5.0) == (14.0,)
    assert value_and_grad(f, (2, 1, 0))(3.0, 2.0, 5.0) == (28.0, (2.0, 14.0, 12.0))


def test_argnum_beyond_the_arguments_is_refused() -> None:
    for argnum in (3, -4, (0, 3)):
        with pytest.raises(ValueError, match=r"argnum is -?\d, but .* 3 argument\(s\)"):
            grad(f, argnum)(3.0, 2.0, 5.0)


@pytest.mark.parametrize("argnum", ["x", 1.5, None, (0, "x")])
def test_argnum_is_a_place_and_no_name(argnum: Any) -> None:
    for call in (lambda: grad(f, argnum)(3.0, 2.0, 5.0), lambda: compile(f, argnum=argnum)):
        with pytest.raises(TypeError, match=r"argnum is .*: write argnum=0, or argnum=\(0, 1\)"):
            call()


def test_a_point_given_with_the_function_is_told_the_second_call() -> None:
    for transform, point, written in (
        (jvp, ((1.0,), (1.0,)), r"write jvp\(f\)\(x, v\)"),
        (grad, (3.0, 2.0), r"write grad\(f\)\(x\)"),
        (grad, (3.0,), r"a second call, grad\(f\)"),
    ):
        with pytest.raises(TypeError, match=written):
            cast(Any, transform)(f, *point)


def test_argnum_may_be_an_integer_of_numpy() -> None:
    assert grad(f, np.int64(1))(3.0, 2.0, 5.0) == 14.0
    assert compile(f, argnum=np.int64(1)).value_and_grad(3.0, 2.0, 5.0)[1] == 14.0


# What nesting --------------------------------------------------------------------------------


def test_the_gradient_has_the_nesting_of_its_argument() -> None:
    def g(p: Any) -> Any:
        return p[0][0] * p[0][1] + p[1] ** 2

    assert grad(g)([[2.0, 3.0], 4.0]) == [[3.0, 2.0], 8.0]
    assert grad(g)(((2.0, 3.0), 4.0)) == ((3.0, 2.0), 8.0)
    assert grad(g)([(2.0, 3.0), 4]) == [(3.0, 2.0), 8.0]
    assert grad(g)([[2, Fraction(3)], np.float32(4)]) == [[3.0, 2.0], 8.0]
    assert grad(lambda a, b: a[0] * b[0][0], (1, 0))([2.0], [[3.0]]) == ([[2.0]], [3.0])
    assert grad(lambda p: 7.0)([[], 1.0]) == [[], 0.0]


def test_arrays_reach_the_function_as_arrays_and_give_arrays() -> None:
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    value, slope = value_and_grad(lambda w: (w**2).sum() + w[0, 0] * w[1][1])(w)
    assert value == 34.0
    assert slope.dtype == float
    assert slope.tolist() == [[6.0, 4.0], [6.0, 9.0]]
    assert w.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    x = np.array([3.0, 2.0])
    assert jacobian(lambda x: w @ x)(x).tolist() == w.tolist()
    assert jacobian(lambda x: [x[0], x.sum()])(x)[1].tolist() == [1.0, 1.0]
    assert hvp(lambda x: x @ x)(x, x).tolist() == [6.0, 4.0]
    assert jvp(lambda x: x * x)(x, [1.0, 0.0]).tolist() == [6.0, 0.0]
    assert grad(lambda x: x * 2.0)(np.array(1.0)) == 2.0
    assert grad(lambda x: 1.0)(np.zeros((0, 2))).shape == (0, 2)
    slopes = grad(lambda x: x[0] ** 2)(np.array([Value(1.0), 5.0], dtype=object))
    assert isinstance(slopes[0], Value)
    assert slopes[0].data == 2.0


def test_dicts_are_nested_arguments_too() -> None:
    assert grad(lambda p: p["w"][0] * p["b"])({"w": [2.0], "b": 3.0}) == {"w": [3.0], "b": 2.0}


def test_named_tuples_keep_their_names() -> None:
    Point = namedtuple("Point", "a b")
    slope = grad(lambda p: p.a * p.b)(Point(2.0, 3.0))
    assert slope == Point(3.0, 2.0)
    assert type(slope) is Point


def test_arguments_that_are_not_differentiated_pass_untouched() -> None:
    seen: list[Any] = []

    def g(x: Any, option: Any) -> Any:
        seen.append(option)
        return x * 2.0

    option = {"any": "thing"}
    assert grad(g)(1.0, option) == 2.0
    assert seen == [option]
    assert seen[0] is option


TRANSFORMS: dict[str, Any] = {
    "grad": grad,
    "value_and_grad": value_and_grad,
    "derivative": derivative,
    "jacobian": jacobian,
    "hessian": hessian,
    "hvp": lambda f: lambda x: hvp(f)(x, 1.0),
    "jvp": lambda f: lambda x: jvp(f)(x, 1.0),
}
each_transform = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
# What holds no numbers, or has no place for each, made anew from one number; what to write.
NO_NUMBERS: dict[str, tuple[Any, str]] = {
    "None": (lambda x: None, "forgot to return"),
    "str": (lambda x: "2", "float"),
    "bytes": (lambda x: b"2", "float"),
    "bool": (lambda x: True, "1.0"),
    "complex": (lambda x: 1j, "z.real"),
    "map": (lambda x: map(abs, [x]), r"list\(x\)"),
    "generator": (lambda x: (y for y in [x]), r"list\(x\)"),
    "deque": (lambda x: deque([x]), r"list\(x\)"),
    "range": (lambda x: range(2), r"list\(x\)"),
    "set": (lambda x: {x}, r"sorted\(x\)"),
    "values": (lambda x: {"a": x}.values(), r"sorted\(x\)"),
    "list with None": (lambda x: [x, None], "forgot to return"),
    "dict of str": (lambda x: {"a": x, "b": "2"}, "float"),
    "array of str": (lambda x: np.array(["2"]), "float"),
    "object": (lambda x: object(), "float"),
}


@each_transform
@pytest.mark.parametrize(("made", "instead"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_holds_no_numbers_has_no_derivative(transform: Any, made: Any, instead: str) -> None:
    several = transform in (jacobian, TRANSFORMS["jvp"])
    with pytest.raises(TypeError, match=instead if several else "must return one Value or number"):
        transform(made)(2.0)
    with pytest.raises(TypeError, match=rf"{instead}|one number"):
        transform(lambda x: 1.0)(made(2.0))


def test_results_of_every_nesting_have_derivatives() -> None:
    assert jacobian(lambda x: [])(2.0) == []
    assert jacobian(lambda x: np.float64(3.0))(2.0) == jvp(lambda x: 3)(2.0, 1.0) == 0.0
    assert jacobian(lambda x: np.array(x * x))(2.0) == 4.0
    assert jacobian(lambda x: {"a": (x, [x * x, 1])})(2.0) == {"a": (1.0, [4.0, 0.0])}


def test_a_derivative_is_of_one_number_and_a_direction_of_as_many() -> None:
    with pytest.raises(TypeError, match=r"one number, got \[1.0, 2.0\]: write grad"):
        derivative(lambda x: 1.0)([1.0, 2.0])
    with pytest.raises(TypeError, match="is a tuple of as many, got None"):
        jvp(lambda x, y: x * y, (0, 1))(1.0, 2.0, None)


# What comes back -----------------------------------------------------------------------------


def test_numbers_give_numbers_and_values_give_values() -> None:
    value, slope = value_and_grad(lambda x: x**3)(2.0)
    assert (type(value), value) == (float, 8.0)
    assert (type(slope), slope) == (float, 12.0)
    x = Value(2.0)
    value, slope = value_and_grad(lambda x: x**3)(x)
    assert isinstance(value, Value)
    assert isinstance(slope, Value)
    assert (value.data, slope.data) == (8.0, 12.0)
    slope.backward()
    assert x.grad == 12.0


def test_a_function_that_ignores_its_argument() -> None:
    assert value_and_grad(lambda x: 7)(2.0) == (7.0, 0.0)
    outer = Value(3.0)
    assert grad(lambda x: outer * 1.0)(2.0).data == 0.0
    assert outer.grad is None


@pytest.mark.parametrize(
    "result",
    [None, True, "2", [1.0], (Value(1.0),), np.zeros(2), 1j],
    ids=lambda x: type(x).__name__,
)
def test_a_function_that_returns_no_number_is_told(result: Any) -> None:
    with pytest.raises(TypeError, match="must return one Value or number"):
        grad(lambda x: result)(2.0)


def test_errors_of_the_function_pass_through() -> None:
    def fail(x: Any) -> Any:
        raise LookupError("inside")

    with pytest.raises(LookupError, match="inside"):
        grad(fail)(1.0)
    # The one that failed is no longer underway for the next.
    assert grad(lambda x: x * x)(3.0) == 6.0
    assert type(grad(lambda x: x * x)(3.0)) is float


def test_no_grad_attribute_is_touched() -> None:
    x, w = Value(2.0), Value(3.0)
    assert grad(lambda x: x * w)(x).data == 3.0
    assert (x.grad, w.grad) == (None, None)


def test_the_same_value_twice_counts_for_the_argument_asked() -> None:
    x = Value(3.0)
    assert grad(lambda a, b: a * b * b, 0)(x, x).data == 9.0
    assert grad(lambda a, b: a * b * b, 1)(x, x).data == 18.0
    assert [g.data for g in grad(lambda a, b: a * b * b, (0, 1))(x, x)] == [9.0, 18.0]
    assert grad(lambda a: a * x)(x).data == 3.0


# Derivatives inside derivatives --------------------------------------------------------------


def test_derivatives_nest_to_any_order() -> None:
    g: Any = lambda x: autograd.sin(x)  # noqa: E731
    for wanted in (math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x), math.sin, math.cos):
        g = grad(g)
        assert g(0.7) == pytest.approx(wanted(0.7), rel=1e-14)


@pytest.mark.parametrize(
    ("outer", "wanted"),
    [
        # d/dx (x d/dy (x + y)) is 1: the inner derivative must not take x for y.
        (lambda x: x * grad(lambda y: x + y)(1.0), 1.0),
        (lambda x: x * grad(lambda y: x + y)(x), 1.0),
        # The inner derivative depends on x though it is taken at a plain number.
        (lambda x: grad(lambda y: x * y)(2.0), 1.0),
        (lambda x: x * grad(lambda y: x * y)(2.0), 6.0),
        (lambda x: grad(lambda y: x * x * y * y)(2.0) * x, 3 * 9.0 * 4.0),
        (lambda x: grad(lambda y: grad(lambda z: x * y * z)(1.0) * y)(2.0), 4.0),
        (lambda x: value_and_grad(lambda y: x * y)(2.0)[0], 2.0),
        (lambda x: grad(lambda y: x * y[0] * y[1])([2.0, 5.0])[0], 5.0),
        (lambda x: grad(lambda y: 5.0 * y)(2.0) * x, 5.0),
    ],
)
def test_inner_derivatives_do_not_confuse_or_drop_the_outer_argument(
    outer: Any, wanted: float
) -> None:
    assert grad(outer)(3.0) == wanted


def test_an_inner_derivative_of_numbers_alone_is_a_number() -> None:
    seen: list[Any] = []

    def outer(x: Any) -> Any:
        seen.append(grad(lambda y: y * y)(2.0))
        return x * seen[-1]

    assert grad(outer)(3.0) == 4.0
    assert seen == [4.0]
    assert type(seen[0]) is float


# Derivatives inside a recorded graph ---------------------------------------------------------

# Each is x * 2 by way of a derivative at a plain number, where x is read from outside.
READS: dict[str, Any] = {
    "grad": lambda x: grad(lambda y: x * y * y)(1.0),
    "grad of an argument": lambda x: grad(lambda y, w: w * y * y)(1.0, x),
    "grad of a keyword": lambda x: grad(lambda y, w: w * y * y)(1.0, w=x),
    "grad of a list": lambda x: grad(lambda y, w: w[0]["a"] * y * y)(1.0, [{"a": x}]),
    "grad of a node": lambda x: grad(lambda y, w=x * 1.0: w * y * y)(1.0),
    "value_and_grad": lambda x: value_and_grad(lambda y: x * y)(2.0)[0],
    "derivative": lambda x: derivative(lambda y: x * y**2, 2)(5.0),
    "jacobian": lambda x: jacobian(lambda y: [x * y, 3.0])(2.0)[0] * 2.0,
    "hessian": lambda x: hessian(lambda p: x * p[0] ** 2 + p[1])([5.0, 1.0])[0][0],
    "hvp": lambda x: hvp(lambda y: y**2 * x)(5.0, 1.0),
    "hvp along it": lambda x: hvp(lambda y: y**2)(5.0, x),
    "jvp": lambda x: jvp(lambda y: {"a": [x * y * 2.0]})(5.0, 1.0)["a"][0],
    "jvp along it": lambda x: jvp(lambda y: y * y)(1.0, x),
    "jvp of grad": lambda x: jvp(grad(lambda y: x * y * y))(5.0, 1.0),
    "grad of jvp": lambda x: grad(lambda y: jvp(lambda t: x * t * t)(y, 1.0))(5.0),
    "grad of jacobian": lambda x: grad(lambda y: jacobian(lambda t: [x * t * t])(y)[0])(5.0),
    "an array": lambda x: jacobian(lambda y: y * x)(np.array([2.0, 5.0])).sum(),
    "another thread": lambda x: in_a_thread(lambda: grad(lambda y: x * y * y)(1.0)),
    "a task": lambda x: in_a_task(lambda: grad(lambda y: x * y * y)(1.0)),
    "new data meanwhile": lambda x: grad(lambda y: renewed(x) * y * y)(1.0),
}


def in_a_thread(work: Any) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def in_a_task(work: Any) -> Any:
    async def task() -> Any:
        await asyncio.sleep(0)
        return work()

    async def both() -> Any:
        return await asyncio.gather(task(), task())

    return asyncio.run(both())[0]


def renewed(x: Value) -> Value:
    if x.op is None:
        x.data = x.data + 0.0
        x.data = x.data + 0.0
    return x


each_reading = pytest.mark.parametrize("read", READS.values(), ids=READS)


@each_reading
def test_a_derivative_inside_a_graph_is_part_of_it(read: Any) -> None:
    x = Value(3.0)
    slope = read(x)
    assert isinstance(slope, Value)
    z = x * slope
    z.backward()
    assert (z.data, x.grad) == (18.0, 12.0)


@each_reading
def test_a_derivative_inside_a_derivative_is_part_of_it(read: Any) -> None:
    def f(x: Any) -> Any:
        return x * read(x)

    assert grad(f)(3.0) == 12.0
    assert derivative(f, 2)(3.0) == 4.0
    assert in_a_thread(lambda: hessian(f)(3.0)) == 4.0


@pytest.mark.parametrize("read", [f for name, f in READS.items() if name != "another thread"])
def test_inside_no_grad_a_derivative_is_a_number(read: Any) -> None:
    with no_grad():
        assert isinstance(read(Value(3.0)), float)


@pytest.mark.parametrize(
    "read", [f for name, f in READS.items() if name not in ("new data meanwhile", "a task")]
)
def test_the_checker_finds_such_functions_right(read: Any) -> None:
    assert check_gradients(lambda x: x * read(x), 3.0).ok


def test_all_numbers_of_a_result_are_of_one_kind() -> None:
    w = Value(3.0)
    results: list[Any] = [
        value_and_grad(lambda x: w)(2.0),
        value_and_grad(lambda x: 7)(w),
        grad(lambda p: w * p[0])([1.0, 2.0]),
        jacobian(lambda x: [w * x, x, 1.0])(2.0),
        jvp(lambda x: (w * x, 1.0))(2.0, 1.0),
        hessian(lambda p: w * p[0] + p[1] ** 2)([1.0, 2.0]),
        hessian(lambda x: 1.0)(w),
        hvp(lambda p: p[0] * w)([1.0, 2.0], [1.0, 0.0]),
        [derivative(lambda x: w * x, n)(2.0) for n in range(4)],
    ]
    for result in results:
        assert {type(x) for x in flat(result)} == {Value}
    with no_grad():
        assert jacobian(lambda x: [w * x, x, 1.0])(2.0) == [3.0, 1.0, 0.0]
        assert value_and_grad(lambda x: x * x)(w) == (9.0, 6.0)
        assert jacobian(lambda x: w * x)(np.array([1.0, 2.0])).dtype == float


def made_inside(y: Any) -> Any:
    w = Value(1.0)
    w.data = 2.0
    return w * y + Value(3.0) * y + (w * 2.0).detach()


def test_what_a_function_makes_itself_or_only_reads_leaves_numbers_numbers() -> None:
    w = Value(3.0)
    assert grad(made_inside)(2.0) == 5.0
    assert grad(lambda y: w.data * y)(2.0) == 3.0
    assert grad(lambda y: w.detach() * y)(2.0) == 3.0
    assert grad(lambda y: y if w > 0 else -y)(2.0) == 1.0
    with pytest.raises(TypeError, match="must return"):
        grad(lambda y: [w])(2.0)


def test_a_penalty_on_a_slope_trains_the_weights() -> None:
    model = nn.MLP([2, 3, 1], activation="tanh", seed=1)

    def slope(p: Any) -> Any:
        first, second = grad(lambda p: model(p)[0])(p)
        return first * first + second * second

    assert check_module(model, lambda: slope([0.3, -0.2])).ok
    with no_grad():
        assert type(grad(lambda p: model(p)[0])([0.3, -0.2])[0]) is float


def test_the_hessian_of_the_chain_rule_example() -> None:
    def z(p: Any) -> Any:
        u = p[0] ** 2 + p[0] * p[1] + p[1] ** 2
        return u**2 + u

    rows = [grad(lambda p, i=i: grad(z)(p)[i])([1.0, 2.0]) for i in (0, 1)]
    assert rows == [[62.0, 55.0], [55.0, 80.0]]


def test_derivatives_are_right_inside_no_grad() -> None:
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert value_and_grad(lambda x: x * x)(3.0) == (9.0, 6.0)
        x = Value(3.0)
        assert grad(lambda x: x * x)(x) == 6.0
        assert (x * x).args == ()


def _half_quiet(x: Any) -> Any:
    with no_grad():
        factor = x * 1.0
    return factor * x


def _quiet_slope(x: Any) -> Any:
    with no_grad():
        factor = grad(lambda y: y * y)(x)
    return factor * x


def test_what_no_grad_holds_constant_stays_constant_inside_a_derivative() -> None:
    assert grad(_half_quiet)(3.0) == 3.0
    assert grad(_quiet_slope)(3.0) == 6.0


def test_keyword_arguments_go_to_the_function() -> None:
    def f(x: Any, *, scale: float = 1.0) -> Any:
        return scale * x**3

    assert grad(f)(2.0, scale=10.0) == 120.0
    assert value_and_grad(f)(2.0) == (8.0, 12.0)
    assert autograd.derivative(f, 2)(2.0, scale=2.0) == 24.0
    assert autograd.hessian(f)(2.0, scale=2.0) == 24.0
    assert hvp(f)(2.0, 1.0, scale=2.0) == 24.0
    assert jvp(f)(2.0, 1.0, scale=2.0) == jacobian(f)(2.0, scale=2.0) == 24.0


def test_a_derivative_by_parameters_is_part_of_a_program() -> None:
    w = Value(3.0)
    program = compile(lambda x: x * grad(lambda y: w * w * y)(2.0), parameters=[w])
    value, slopes = program.value_and_grad(5.0)
    assert (value, slopes.tolist()) == (45.0, [30.0])
