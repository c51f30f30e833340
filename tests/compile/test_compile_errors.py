"""What compile and its programs refuse: each with the line or the number, and what to write."""

import math

import numpy as np
import pytest

from autograd import (
    AnomalyError,
    StaleGraphError,
    TraceError,
    Value,
    compile,
    detect_anomaly,
    grad,
    hessian,
    sum,
    where,
)

# What needs a number that is not there yet ----------------------------------------------------

W = Value(2.0, "w")
REFUSED = {
    "comparison": (lambda x: x if x > 0.0 else -x, "where"),
    "comparison of a parameter": (lambda x: x if W > 0.0 else -x, "where"),
    "equality": (lambda x: x if x == 1.0 else -x, "where"),
    "data": (lambda x: x * x.data, "select"),
    "new data": (lambda x: setattr(x, "data", 2.0), "sets .data"),
    "data of a parameter": (lambda x: x * W.data, "reads .data of w"),
    "data of what is made of one": (lambda x: x * (W * 2.0).data, "reads .data"),
    "float": (lambda x: x * float(x), "autograd's functions"),
    "math": (lambda x: math.exp(x), "autograd's functions"),
    "index": (lambda x: [1.0, 2.0][x], r"select\(i, xs\)"),
    "int": (lambda x: x * int(x), r"select\(i, xs\)"),
    "truth": (lambda x: x if x else -x, "where"),
    "product by @": (lambda x: x @ x, r"dot\(xs, ys\)"),
    "product by @ with a list": (lambda x: [x, x] @ x, r"dot\(xs, ys\)"),
    "product by @ with an array": (lambda x: np.array([1.0, 2.0]) @ x, r"dot\(xs, ys\)"),
    "product by @ with a Value": (lambda x: W @ x, r"dot\(xs, ys\)"),
    "branches by name": (lambda x: where(x, lambda: x, lambda: -x), "where"),
    "another kind of result": (lambda x: "text", "return one Value"),
    "no result": (lambda x: None, "return one Value"),
}


@pytest.mark.parametrize(("f", "instead"), REFUSED.values(), ids=list(REFUSED))
def test_what_needs_a_number_is_refused_with_its_line(f, instead):
    program = compile(f, parameters=[W])
    with pytest.raises(TraceError, match=instead) as caught:
        program(np.array([1.0]))
    if "returned" not in str(caught.value):
        line = f.__code__.co_firstlineno
        assert f"line {line} of {__file__}" in str(caught.value)
    assert W.data == 2.0
    assert W > 1.0


def test_a_placeholder_of_another_trace_is_refused():
    kept = []

    def first(x):
        kept.append(x)
        return x

    compile(first)(1.0)
    with pytest.raises(TraceError, match="placeholder of another trace"):
        compile(lambda x: x * kept[0])(1.0)


# What does not fit ----------------------------------------------------------------------------


def test_wrong_shapes_are_named():
    program = compile(lambda xs, y: sum(xs) + y)
    program(np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(ValueError, match=r"compiled for samples of shapes \[\(3,\), \(\)\]"):
        program(np.zeros((4, 2)), np.zeros(4))
    with pytest.raises(ValueError, match="first axes count the samples and differ"):
        program(np.zeros((4, 3)), np.zeros(5))
    with pytest.raises(ValueError, match=r"argument 1 is 2\.0"):
        program(np.zeros((4, 3)), 2.0)
    with pytest.raises(ValueError, match="different lengths"):
        compile(lambda xs: xs[0][0])([[1.0], [1.0, 2.0]])
    with pytest.raises(TypeError, match="array of bool"):
        compile(lambda x: x)(np.array([True]))


def test_what_compile_takes_is_checked():
    w = Value(1.0)
    with pytest.raises(TypeError, match="takes a function"):
        compile(3)
    with pytest.raises(ValueError, match="'float64' or 'float32'"):
        compile(lambda x: x, dtype="int64")
    with pytest.raises(ValueError, match="'float64' or 'float32', got 2"):
        compile(lambda x: x, dtype=2)  # no type at all
    with pytest.raises(TypeError, match=r"write \[w\]"):
        compile(lambda x: x, parameters=w)
    with pytest.raises(ValueError, match="was computed"):
        compile(lambda x: x, parameters=[w * 2])
    with pytest.raises(ValueError, match="twice"):
        compile(lambda x: x, parameters=[w, w])
    with pytest.raises(ValueError, match="has not seen a sample"):
        _ = compile(lambda x: x).source


def test_arguments_are_counted_and_a_batch_has_samples():
    program = compile(lambda xs, y: sum(xs) + y)
    program(np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(ValueError, match=r"takes 2 argument\(s\), got 1"):
        program(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="no samples: the first axis"):
        program.value_and_grad(np.zeros((0, 3)), np.zeros(0))


@pytest.mark.parametrize("shape", [3, (-3,), (2.0,), "xy", (True,)])
def test_shapes_are_tuples_of_counts(shape):
    with pytest.raises(ValueError, match=r"\(3,\) for a list of three; got"):
        compile(lambda x: x, shapes=[shape])


# What is nan or infinite ----------------------------------------------------------------------


def test_the_node_that_fails_is_named_inside_detect_anomaly():
    w = Value(2.0, "w")
    w.grad = 0.25
    program = compile(lambda x: (w * x).log(), parameters=[w])
    pole, beyond = np.array([1.0, 0.0, 2.0]), np.array([1.0, 2.0, -2.0])
    assert program(pole)[1] == -math.inf
    line = test_the_node_that_fails_is_named_inside_detect_anomaly.__code__.co_firstlineno + 3
    with detect_anomaly():
        assert program(np.array([0.5])).tolist() == [0.0]
        with pytest.raises(AnomalyError, match=r"in sample 1 of .*log\(mul = 0.0\) is -inf") as at:
            program(pole)
        assert f"{__file__}:{line}" in str(at.value)
        with pytest.raises(AnomalyError, match=r"in sample 2 of .*log\(mul = -4.0\) is nan"):
            program.value_and_grad(beyond)
        with pytest.raises(AnomalyError, match="in sample 2 of"):
            program.value_and_grad(beyond, per_sample=True)
        with pytest.raises(AnomalyError, match="in sample 0 of"):
            program.value_and_grad(0.0)
        program.theta[0] = -1.0
        with pytest.raises(AnomalyError, match=r"in sample 0 of .*log\(mul = -1.0\) is nan"):
            program(pole)
    assert (w.data, w.grad) == (2.0, 0.25)


def test_a_gradient_that_is_infinite_is_named_too():
    program = compile(lambda xs, y: xs[1].sqrt() * y)
    assert program.value_and_grad([1.0, 0.0], 1.0) == (0.0, [0.0, math.inf])
    again = compile(lambda x: x.sqrt())
    assert again.value_and_grad(0.0) == (0.0, math.inf)
    with detect_anomaly():
        with pytest.raises(AnomalyError, match=r"gradient of x0\[1\] is inf after sqrt"):
            program.value_and_grad(np.array([[1.0, 4.0], [1.0, 0.0]]), np.ones(2))
        with pytest.raises(AnomalyError, match="gradient of x0 is inf"):
            again.value_and_grad(0.0)


def test_what_fails_in_single_precision_alone_says_so():
    program = compile(lambda x: x * x * 1e-30, dtype="float32")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"beyond float32.*dtype='float64'"):
        program(np.array([1e25]))


@pytest.mark.parametrize("use", ["load", "theta", "store"])
def test_a_changed_constant_is_not_forgotten_over_new_parameters(use: str) -> None:
    constant, w = Value(2.0, "c"), Value(1.0)
    program = compile(lambda x: w * x * constant, parameters=[w])
    program(1.0)
    constant.data = 5.0
    if use == "theta":
        program.theta = [3.0]
    else:
        getattr(program, use)()
    with pytest.raises(StaleGraphError, match=r"c = 5\.0 was given new data"):
        program(1.0)


def test_a_number_beyond_the_floats_is_no_infinity() -> None:
    if np.finfo(np.longdouble).max == np.finfo(np.float64).max:
        pytest.skip("long doubles are doubles here")
    program = compile(lambda x: x * x)
    assert program(np.array([2.0], dtype=np.longdouble)).tolist() == [4.0]
    for _ in range(2):
        with pytest.raises(OverflowError, match="argument 0 holds a number beyond"):
            program(np.array([np.longdouble("1e4000")]))


def test_a_list_of_arrays_is_told_to_be_stacked():
    program = compile(lambda p: p[0] ** 2 * p[1])
    columns = [np.ones(3), np.ones(3)]
    with pytest.raises(
        TypeError, match=r"list of arrays, of shape \(3,\).*np\.stack\(xs, axis=1\)"
    ):
        program(columns)
    assert program(np.stack(columns, axis=1)).tolist() == [1.0, 1.0, 1.0]


def test_an_attribute_of_other_libraries_is_told_in_programs_too():
    with pytest.raises(AttributeError, match=r"no attribute 'item': write v\.data"):
        compile(lambda x: x * x.item())(2.0)


def test_what_has_numbers_of_its_own_is_told_to_give_them():
    class Tensor:
        def __iter__(self):
            return iter(())

        def tolist(self):
            return 2.0

    with pytest.raises(TypeError, match=r"got a Tensor: write x\.tolist\(\)"):
        grad(lambda x: x * x)(Tensor())


def test_a_program_inside_a_derivative_or_a_program_names_the_way_out():
    program = compile(lambda xs: xs[0] * xs[1])
    for call in (grad(program), hessian(program), compile(program)):
        for given in ([1.0, 2.0], np.ones((3, 2))):
            with pytest.raises(TypeError, match=r"programs take numbers.*compile\(grad\(f\)\)"):
                call(given)
