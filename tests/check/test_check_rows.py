"""Every row of the table against its own functions, and rows that are wrong on purpose."""

import dataclasses
import math
import random
from typing import Any

import pytest

from autograd import (
    Primitive,
    Value,
    WrongPartialsError,
    compile,
    dot,
    exp,
    grad,
    gradient,
    primitive,
    sigmoid,
    sin,
    square,
    step,
    unregister,
    where,
)
from autograd.check import Outcome, check_gradients, check_row
from autograd.check.judge.rows import sample
from autograd.check.oracles import complex_step, high_precision, row_slope
from autograd.check.testing.mutation import FAULTS, planted
from autograd.engine.methods import kind_of
from autograd.engine.primitive import TABLE, lookup
from autograd.engine.symbolic import structural_zeros

WRONG_RULES = [
    (row.name, kind.name) for row in TABLE.values() for kind in FAULTS if kind.make(row) is not None
]


@pytest.mark.parametrize("name", TABLE)
def test_every_row_is_right_over_its_domain(name):
    assert check_row(lookup(name)).certain


@pytest.mark.parametrize(("name", "fault"), WRONG_RULES)
def test_every_wrong_rule_is_found_unless_it_is_no_other_rule(name, fault):
    row = lookup(name)
    kind = next(kind for kind in FAULTS if kind.name == fault)
    rule = kind.make(row)
    assert rule is not None
    wrong = dataclasses.replace(row, partials=rule)
    report = check_row(wrong)
    points = [p for p in sample(row) if all(map(math.isfinite, p))]
    same = all(
        math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=0.0) or a == b
        for p in points
        for a, b in zip(
            wrong.partials(row.function(*p), *p), row.partials(row.function(*p), *p), strict=True
        )
        if math.isfinite(row.function(*p))
    )
    if same:
        # The wrong form happens to be right: 0 times a sign, sums whose partials are alike, ...
        assert report.ok
    elif fault == "tail form" and name == "gelu":
        assert not report.ok
    else:
        assert not report.ok, report
        assert report.blamed == (name,)


def test_the_report_of_a_wrong_row_gives_the_point_and_both_numbers():
    report = check_row(dataclasses.replace(lookup("tanh"), partials=lambda z, x: (1.0 - z * z,)))
    assert not report.ok
    verdict = report.wrong[0]
    assert (verdict.analytic, verdict.numeric) == (0.0, 1.6993417021166355e-17)
    assert "tanh(-20)" in str(report)


def test_the_same_row_gives_the_same_report():
    assert str(check_row(lookup("atan2"))) == str(check_row(lookup("atan2")))


def test_a_row_of_ones_own_needs_no_formula_and_no_array_function():
    def function(x: float, y: float) -> float:
        return x * math.cos(y)

    def right(z, x, y):
        from autograd import cos

        return cos(y), -x * sin(y)

    assert check_row(Primitive("polar", function, right, arity=2)).certain
    wrong = check_row(Primitive("polar", function, lambda z, x, y: right(z, y, x), arity=2))
    assert {v.input for v in wrong.wrong} == {"x", "y"}


def test_a_row_with_a_kink_is_right_beside_it_and_open_at_it():
    def function(x: float) -> float:
        return 0.5 * x * x if math.fabs(x) <= 1.0 else math.fabs(x) - 0.5

    def rule(z, x):
        from autograd import clip

        return (clip(x, -1.0, 1.0),)

    assert check_row(Primitive("huber", function, rule)).certain
    assert not check_row(Primitive("huber", function, lambda z, x: (x,))).ok
    assert (
        check_row(
            Primitive(
                "hinge", lambda x: max(x, 0.0), lambda z, x: (1.0 * (x > 0),), domain=((0.0, 0.0),)
            )
        )
        .verdicts[1]
        .outcome
        is Outcome.UNKNOWN
    )


def test_any_number_of_operands_and_rules_that_raise_or_miscount():
    def total(*xs: float) -> float:
        return math.fsum(xs)

    def ones(z, *xs):
        return (1.0,) * len(xs)

    assert check_row(Primitive("total", total, ones, arity=None)).certain
    assert "partials for" in str(
        check_row(Primitive("total", total, lambda z, *xs: (1.0,) * 9, arity=None))
    )
    raising = check_row(Primitive("third", lambda x: x / 3.0, lambda z, x: (math.sqrt(-1.0),)))
    assert "the rule fails" in str(raising)


def test_a_formula_or_array_function_that_is_another_function_is_wrong():
    row = lookup("sin")
    other = check_row(dataclasses.replace(row, precise=lambda mp, x: mp.cos(x)))
    assert "formula at high precision differ" in str(other)
    other = check_row(dataclasses.replace(row, array=lambda x: x * 2.0))
    assert "array function differ" in str(other)


def test_constants_are_not_differentiated():
    assert [v.input for v in check_row(lookup("power")).verdicts] == ["value", "x"]


@pytest.mark.parametrize(
    ("name", "operands", "k", "left", "right"),
    [
        ("abs", [0.0], 0, -1.0, 1.0),
        ("relu", [0.0], 0, 0.0, 1.0),
        ("maximum", [1.0, 1.0], 0, 0.0, 1.0),
        ("clip", [1.0, -1.0, 1.0], 0, 1.0, 0.0),
        ("leaky_relu", [0.0, 0.25], 0, 0.25, 1.0),
        ("sqrt", [0.0], 0, math.nan, math.inf),
        ("step", [0.0], 0, 0.0, math.inf),
        ("sign", [0.0], 0, math.inf, math.inf),
        ("hypot", [0.0, 0.0], 0, -1.0, 1.0),
    ],
)
def test_kinks_give_both_slopes(name, operands, k, left, right):
    for found in (row_slope.slope(lookup(name), operands, k), by_floats(name, operands, k)):
        assert not found.sound
        for got, expected in ((found.left, left), (found.right, right)):
            assert got == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def by_floats(name, operands, k):
    """The same without mpmath."""
    kept = high_precision.context
    try:
        high_precision.context = lambda digits=60: None
        return row_slope.along(
            lookup(name), operands, [1.0 if i == k else 0.0 for i in range(len(operands))]
        )
    finally:
        high_precision.context = kept


def test_slopes_are_right_in_the_tails():
    assert row_slope.slope(lookup("tanh"), [20.0], 0).value == 1.6993417021166355e-17
    assert row_slope.slope(lookup("sigmoid"), [40.0], 0).value == pytest.approx(
        4.248354255291589e-18
    )
    assert row_slope.slope(lookup("erfc"), [5.0], 0).value == pytest.approx(-1.5670866531017336e-11)


def test_analytic_rows_are_found_out():
    analytic = {name for name, row in TABLE.items() if complex_step.analytic(row)}
    assert {"add", "mul", "exp", "sin", "tanh", "power", "log", "atanh", "dot"} <= analytic
    assert not {"abs", "relu", "sign", "erf", "hypot", "sigmoid"} & analytic


# Planting faults --------------------------------------------------------------------------------


def test_a_planted_fault_reaches_operators_backward_and_gradient_and_goes_again():
    x = Value(3.0)
    z = x * x
    with planted(lookup("mul"), lambda z, x, y: (2.0 * y, x)):
        z.backward()
        assert x.grad == 9.0
        assert not check_gradients(lambda x: x * x, 3.0).ok
    x.grad = None
    z.backward()
    assert x.grad == 6.0
    assert check_gradients(lambda x: x * x, 3.0).certain


def test_a_fault_in_a_row_of_any_number_reaches_every_engine_and_leaves_none():
    def f(x, y, z, w):
        return dot([x, y], [z, w])

    inputs = 1.0, 2.0, 3.0, 4.0
    leaves = [Value(x) for x in inputs]
    product = f(*leaves)
    before, inside = compile(f, argnum=(0, 1, 2, 3)), compile(f, argnum=(0, 1, 2, 3))
    before.value_and_grad(*inputs)

    def slopes():
        for leaf in leaves:
            leaf.grad = None
        product.backward()
        return [
            [leaf.grad for leaf in leaves],
            [slope.data for slope in gradient(product, leaves)],
            list(grad(f, argnum=(0, 1, 2, 3))(*inputs)),
            list(before.value_and_grad(*inputs)[1]),
            list(inside.value_and_grad(*inputs)[1]),
        ]

    row = lookup("dot")
    for kind in FAULTS:
        rule = kind.make(row)
        if rule is None:
            continue
        with planted(row, rule):
            wrong = list(map(float, rule(11.0, *inputs)))
            assert wrong != [3.0, 4.0, 1.0, 2.0]
            assert slopes() == [wrong] * 5, kind.name
    right = [3.0, 4.0, 1.0, 2.0]
    assert slopes() == [right] * 5
    assert check_gradients(f, *inputs).certain


def test_a_planted_zero_stops_the_flow_inside_the_block_alone():
    x = Value(2.0)
    with planted(lookup("sin"), lambda z, x: (0.0,)):
        assert grad(sin)(2.0) == 0.0
        assert structural_zeros(lookup("sin")) == {0}
        sin(x).backward()
    assert structural_zeros(lookup("sin")) == frozenset()
    assert grad(sin)(2.0) == math.cos(2.0)


def test_the_fault_is_blamed_at_the_second_order_too():
    with planted(lookup("cos"), lambda z, x: (-1.001 * sin(x),)):
        report = check_gradients(lambda x: sin(x) * x, 1.0)
    assert [v.outcome.value for v in report.verdicts] == ["right", "wrong"]
    assert report.blamed == ("cos",)


def test_a_rule_right_at_the_point_alone_is_wrong_at_second_order():
    with planted(lookup("square"), lambda z, x: (2.0,)):
        report = check_gradients(lambda x: square(x) * x, 1.0)
    assert report.verdicts[0].outcome is Outcome.RIGHT
    assert report.blamed == ("square",)
    assert "beside this point" in report.wrong[0].reason


@pytest.mark.parametrize("wrap", [float, Value])
def test_a_rule_that_computes_outside_the_graph_is_wrong_at_second_order(wrap):
    def rule(z, x):
        return (wrap(math.cos(x.data)) if isinstance(x, Value) else math.cos(x),)

    with planted(lookup("sin"), rule):
        report = check_gradients(lambda x: sin(x) * exp(x), 1.0)
    assert report.verdicts[0].outcome is Outcome.RIGHT
    assert report.blamed == ("sin",)
    assert "outside the graph" in report.wrong[0].reason


def test_faults_at_ties_are_blamed():
    from autograd import maximum

    def rule(z, *xs):
        return tuple(0.51 for _ in xs)

    with planted(lookup("maximum"), rule):
        report = check_gradients(lambda x: maximum(x, x) * sigmoid(x), 1.0, order=1)
    assert report.blamed == ("maximum",)


def test_a_fault_that_changes_nothing_is_not_called_wrong():
    with planted(lookup("sin"), lambda z, x: (0.0,)):
        assert check_gradients(lambda x: where(0.0, sin(x), x), 1.0, order=1).ok


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda z, x: (3.0 * float(x) ** 2,), "the rule fails on Values: TypeError"),
        (lambda z, x: (3.0 * getattr(x, "data", x) ** 2,), "has another derivative at"),
    ],
)
def test_rules_that_leave_the_graph_are_wrong_at_order_two(rule: Any, words: str) -> None:
    report = check_row(Primitive("cube", lambda x: x * x * x, rule))
    assert [(v.order, v.outcome) for v in report.verdicts] == [
        (0, Outcome.RIGHT),
        (1, Outcome.RIGHT),
        (2, Outcome.WRONG),
    ]
    assert words in report.verdicts[-1].reason
    assert report.verdicts[-1].primitive == "cube"


def test_checking_a_row_of_a_known_name_leaves_the_engine_as_it_was() -> None:
    kind = Value(0.5).tanh()._kind
    check_row(dataclasses.replace(lookup("tanh"), partials=lambda z, x: (1.0 - z * z,)))
    check_row(dataclasses.replace(lookup("tanh")))
    assert kind_of(lookup("tanh"), "v") is kind


def refused(function, **columns):
    """The message of refusing to make a function a primitive."""
    columns = {"partials": lambda z, x: (2.0 * x,), **columns}
    with pytest.raises((WrongPartialsError, TypeError)) as caught:
        primitive(**columns)(function)
    return str(caught.value)


def test_a_function_that_returns_no_number_is_told_what_it_returned():
    def forgetful(x):
        _ = x * x

    def words(x):
        return f"{x}"

    assert "forgetful returned None, expected a float: does it end without return?" in refused(
        forgetful
    )
    assert "words returned no float: expected a number, got the str" in refused(words)
    for message in (refused(forgetful), refused(words)):
        assert "domain" not in message
    # A row made by hand calls the function as it is.
    by_hand = check_row(Primitive("forgetful", forgetful, lambda z, x: (2.0 * x,)))
    assert "forgetful returned None" in str(by_hand)


def test_a_function_without_values_in_its_domain_is_told_the_domain_and_what_happens_there():
    def far(x):
        return math.sqrt(x - 10.0) ** 2

    message = refused(far)
    assert "no finite value in its domain ((-2.0, 2.0),): far(-2) raises ValueError" in message
    assert "Give a domain where it has: domain=((low, high),)" in message

    def nothing(x):
        return math.nan * x

    assert "nothing(-2) is nan" in refused(nothing)


def test_a_function_of_chance_is_refused_as_one():
    rng = random.Random(7)

    def chance(x):
        return x * x + rng.random()

    message = refused(chance)
    assert "the function gives different numbers for the same operands" in message
    assert "array function" not in message


def test_a_misspelt_column_is_told_the_near_name():
    message = refused(lambda x: x * x, domian=((0.0, 1.0),))
    assert "no column domian: did you mean domain?" in message
    assert "no column colour: The columns are partials, domain" in refused(abs, colour=1)
    assert "leave out name=" in refused(abs, name="absolute")


def test_a_rule_is_checked_over_its_declared_domain_alone():
    """It is wrong right of 3 only: the domain that is checked unless declared is from -2 to 2."""

    def rule(z, x):
        return (2.0 * x + step(x - 3.0),)

    def parabola(x):
        return x * x

    try:
        primitive(partials=rule)(parabola)
    finally:
        unregister("parabola")
    assert "Primitive at fault: parabola" in refused(parabola, partials=rule, domain=((0.0, 5.0),))


def test_a_function_is_not_asked_far_beyond_its_domain():
    def checked(function, slope):
        return check_row(
            Primitive("broken_at_1", function, lambda z, x: (slope,), domain=((0.2, 0.8),))
        )

    assert checked(lambda x: float(math.floor(x)), 0.0).certain
    assert checked(lambda x: x - math.floor(x), 1.0).certain
    assert checked(lambda x: x - math.floor(x), 1.01).wrong
