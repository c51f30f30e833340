"""A row of one's own answers in floats, and is checked where rules fail most."""

import math
import pickle
import re
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    Primitive,
    Value,
    WrongPartialsError,
    abs,
    clip,
    compile,
    cos,
    derivative,
    exp,
    grad,
    primitive,
    register,
    step,
    unregister,
)
from autograd.check import Outcome, check_row
from autograd.check.judge.rows import sample
from autograd.compile.graph.simplify import share
from autograd.compile.tracing.trace import trace
from autograd.engine.primitive import TABLE, lookup


def double(x):
    return 2.0 * x


@pytest.fixture
def added():
    """Register a row under the name `own`, and take it out again."""

    def add(function, partials=lambda z, x: (2.0,), **columns):
        return register(Primitive("own", function, partials, **columns))

    yield add
    unregister("own")


def refused(function, partials=lambda z, x: (2.0,), **columns):
    with pytest.raises(WrongPartialsError) as caught:
        register(Primitive("own", function, partials, **columns))
    assert "own" not in TABLE
    return str(caught.value)


# Floats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: int(2.0 * x) if float(x).is_integer() else 2.0 * x,
        lambda x: np.float64(2.0 * x),
        lambda x: np.float32(2.0 * x) if float(2.0 * x) == np.float32(2.0 * x) else 2.0 * x,
        lambda x: np.int64(2.0 * x) if float(x).is_integer() else 2.0 * x,
        lambda x: Fraction(x) * 2,
    ],
    ids=["int", "float64", "float32", "int64", "fraction"],
)
@pytest.mark.parametrize("partial", [2, np.float64(2.0), np.float32(2.0), np.int64(2), Fraction(2)])
def test_whatever_kind_of_number_a_row_returns_its_results_are_floats(added, function, partial):
    own = added(function, lambda z, x: (partial,))
    x = Value(3.0)
    z = own(x)
    z.backward()
    program = compile(own)
    found = [
        z.data,
        own(3.0),
        program(3.0),
        x.grad,
        grad(own)(3.0),
        *program.value_and_grad(3.0),
        derivative(own)(3.0),
    ]
    assert found == [6.0, 6.0, 6.0, 2.0, 2.0, 6.0, 2.0, 2.0]
    assert {type(y) for y in found} == {float}
    assert own(np.array([3, 4])).tolist() == [6.0, 8.0]
    assert own(np.array([3, 4])).dtype == np.float64
    assert own(np.ones(2, np.float32)).dtype == np.float32


def test_a_whole_number_does_not_overflow_later(added):
    own = added(lambda x: 10**18, lambda z, x: (0.0,))
    z = own(Value(1.0))
    assert (z * z * z * z * z * z * z * z * z * z * z * z * z * z * z * z * z * z).data == math.inf


def test_the_decorator_and_register_convert_at_one_place(added):
    @primitive(partials=lambda z, x: (2,))
    def decorated(x):
        return np.float64(2.0 * x)

    try:
        for function in (decorated, added(lambda x: np.float64(2.0 * x), lambda z, x: (2,))):
            assert type(function(1.0)) is type(function(Value(1.0)).data) is float
            assert type(grad(function)(1.0)) is float
    finally:
        unregister("decorated")


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (None, "own returned None, expected a float: does it end without return?"),
        (True, "own returned no float: expected a number, got the bool True: write 1.0"),
        (np.bool_(True), "got the bool True: write 1.0"),
        ("2", "got the str '2'"),
        (2j, "got the complex number"),
        (np.array(2.0), "write float(array)"),
        (np.array([2.0]), "an array of shape (1,)"),
        ([2.0], "own returned no float"),
    ],
)
def test_what_is_no_number_is_refused_by_name(result, told):
    assert told in refused(lambda x: result)
    # Also where the function gives a number elsewhere.
    assert told in refused(lambda x: result if x < -1.0 else 2.0 * x)


@pytest.mark.parametrize(
    ("partials", "told"),
    [
        (lambda z, x: (None,), "partial 1 is no float: expected a number, got None"),
        (lambda z, x: (True,), "partial 1 is no float: expected a number, got the bool True"),
        (lambda z, x: (np.array(2.0),), "write float(array)"),
        (lambda z, x: ("2",), "got the str '2'"),
        (lambda z, x: 2.0, "the rule of own returned 2.0, expected a tuple of partials"),
        (lambda z, x: None, "the rule of own returned None, expected a tuple"),
        (lambda z, x: (2.0, 0.0), "gives 2 partials for 1 operands"),
        (lambda z, x: (), "gives 0 partials for 1 operands"),
        (lambda z, x: (x.exp(),), "the rule fails at own(-2): AttributeError"),
        (lambda z, x: ({}["a"],), "the rule fails at own(-2): KeyError"),
    ],
)
def test_what_is_no_tuple_of_partials_is_refused_by_name(partials, told):
    message = refused(double, partials)
    assert told in message
    assert "own(-2)" in message


def test_a_list_of_partials_is_taken(added):
    assert grad(added(double, lambda z, x: [2.0]))(1.0) == 2.0


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (lambda x: None, "the array function of own returned None"),
        (lambda x: [2.0 * y for y in np.atleast_1d(x)], "expected an array of floats"),
        (lambda x: np.asarray(x) > 0.0, "returned an array of bool"),
        (lambda x: np.sum(2.0 * x), "the function and the array function differ"),
        (lambda x: math.fabs(x), "the array function fails at"),
        (lambda x: np.float32(2.0) * np.asarray(x, np.float32), "the array function differ"),
    ],
    ids=["none", "list", "bools", "a sum", "math", "single precision"],
)
def test_an_array_function_that_gives_other_numbers_or_none_is_refused(array, told):
    assert told in refused(double, array=array)


def test_whole_numbers_from_an_array_function_become_floats(added):
    own = added(lambda x: 3.0, lambda z, x: (0.0,), array=lambda x: np.full(np.shape(x), 3))
    assert own(np.array([3.5, 4.5])).dtype == np.float64


def test_a_row_that_is_refused_is_left_as_it_was():
    row = Primitive("own", lambda x: x * x, lambda z, x: (x,))
    before = row.function, row.array, row.partials
    with pytest.raises(WrongPartialsError):
        register(row)
    assert (row.function, row.array, row.partials) == before


def test_registering_again_wraps_nothing_twice():
    row = Primitive("own", lambda x: 2 * x, lambda z, x: (2,))
    try:
        register(row)
        once = row.function, row.array, row.partials
        register(row)
        assert (row.function, row.array, row.partials) == once
        assert lookup("own") is row
        assert pickle.loads(pickle.dumps(row)) is row
    finally:
        unregister("own")


# Where rules fail ---------------------------------------------------------------------------------


def test_zero_one_and_minus_one_are_tried_where_the_domain_holds_them():
    points = [x for (x,) in sample(Primitive("own", double, lambda z, x: (2.0,)))]
    assert {0.0, 1.0, -1.0} <= {*points}
    assert len(points) == len({*points})
    inside = Primitive("own", double, lambda z, x: (2.0,), domain=((0.5, 3.0),))
    assert {x for (x,) in sample(inside)} & {0.0, 1.0, -1.0} == {1.0}
    two = Primitive("own", lambda x, y: x + y, lambda z, x, y: (1.0, 1.0), arity=2)
    points = list(sample(two))
    for special in (0.0, 1.0, -1.0):
        assert (special, special) in points
        assert any(x == special != y for x, y in points)
        assert any(y == special != x for x, y in points)
    assert (0.0,) * 4 in list(sample(lookup("hypot"))) or lookup("hypot").domain[0][0] > 0.0


@pytest.mark.parametrize("at", [0.0, 1.0, -1.0])
def test_a_rule_that_raises_there_is_refused_with_the_point(at):
    message = refused(lambda x: math.fabs(x - at), lambda z, x: ((x - at) / abs(x - at),),
                      domain=((-3.0, 2.0),))  # fmt: skip
    assert f"the rule fails at own({at:g}): ZeroDivisionError" in message
    assert "; wrong at 1 of " in message
    assert "declare a domain without this point" in message


@pytest.mark.parametrize("at", [0.0, 1.0, -1.0])
def test_a_rule_that_is_wrong_there_alone_is_refused_with_the_count(at):
    message = refused(
        lambda x: x * x, lambda z, x: (5.0 if x == at else 2.0 * x,), domain=((-3.0, 2.0),)
    )
    assert f"at own({at:g}); wrong at 1 of " in message
    assert "Primitive at fault: own" in message


def test_a_rule_that_raises_at_one_operand_of_two_is_refused():
    message = refused(
        lambda x, y: x * math.fabs(y - 1.0),
        lambda z, x, y: (abs(y - 1.0), x * (y - 1.0) / abs(y - 1.0)),
        arity=2,
        domain=((-3.0, 2.0), (-3.0, 2.0)),
    )
    assert "ZeroDivisionError" in message
    assert ", 1): " in message


def test_declared_kinks_are_tried_and_must_be_what_the_rule_gives():
    def hinge(x):
        return max(x - 0.7, 0.0)

    right = Primitive("own", hinge, lambda z, x: (step(x - 0.7),), subgradients=(((0.7,), (0.0,)),))
    assert (0.7,) in list(sample(right))
    assert check_row(right).ok
    other = Primitive("own", hinge, lambda z, x: (step(x - 0.7),), subgradients=(((0.7,), (1.0,)),))
    report = check_row(other)
    assert "the row declares another subgradient at own(0.7)" in str(report)
    raising = Primitive(
        "own",
        hinge,
        lambda z, x: (0.5 + 0.5 * (x - 0.7) / abs(x - 0.7),),
        subgradients=(((0.7,), (0.0,)),),
    )
    assert "the rule fails at own(0.7): ZeroDivisionError" in str(check_row(raising))
    outside = Primitive("own", double, lambda z, x: (2.0,), subgradients=(((9.0,), (0.0,)),))
    assert (9.0,) not in list(sample(outside))
    assert check_row(outside).certain


def test_right_rules_are_let_in_as_before():
    rules = {
        "relu": (lambda x: max(x, 0.0), lambda z, x: (step(x),)),
        "huber": (
            lambda x: 0.5 * x * x if math.fabs(x) <= 1.0 else math.fabs(x) - 0.5,
            lambda z, x: (clip(x, -1.0, 1.0),),
        ),
        "gauss": (lambda x: math.exp(-x * x), lambda z, x: (-2.0 * x * exp(-x * x),)),
        "sine": (math.sin, lambda z, x: (cos(x),)),
        "x|x|": (lambda x: x * math.fabs(x), lambda z, x: (2.0 * abs(x),)),
    }
    for function, partials in rules.values():
        report = check_row(Primitive("own", function, partials))
        assert report.certain, report
        assert all(v.outcome is Outcome.RIGHT for v in report)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"commutes": True}, "own: commutes, and own(-2.0, 2.0) is -6.0, not 6.0"),
        ({"neutral": 1.0}, "own: neutral is 1.0, and own(-2.0, 1.0) is -5.0, not -2.0"),
        ({"unsigned": True}, "own: unsigned, and own(-2.0, -2.0) is -2.0"),
        ({"operator": "-"}, "those are built in: write text=Notation(...)"),
    ],
)
def test_a_row_that_is_not_as_its_columns_say_is_refused(columns, told):
    row = Primitive("own", lambda x, y: 2.0 * x - y, lambda z, x, y: (2.0, -1.0), 2, **columns)
    with pytest.raises(ValueError, match=re.escape(told)):
        register(row)
    assert "own" not in TABLE


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"commutes": True}, "own: commutes is about two operands, it has 1"),
        ({"neutral": 0.0}, "own: neutral is about two operands, it has 1"),
        ({"paired": True}, "own: paired is for a row of any number of operands: write arity=None"),
        ({"operator": "@"}, "own: operator is one of + - * /, got '@'"),
    ],
)
def test_a_column_that_a_row_of_this_many_operands_cannot_have_is_refused(columns, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        Primitive("own", double, lambda z, x: (2.0,), **columns)


def test_a_row_that_commutes_is_shared_by_programs_in_either_order(added):
    def both(x, y):
        return x * y + (x + y)

    def rule(z, x, y):
        return y + 1.0, x + 1.0

    for commutes, count in ((True, 1), (False, 2)):
        own = added(both, rule, arity=2, commutes=commutes)
        graph = trace(lambda x, y, own=own: own(x, y) * own(y, x), [(), ()])
        assert share(graph).census()["own"] == count
        unregister("own")
