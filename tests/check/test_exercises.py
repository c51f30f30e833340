"""Exercises: an answer is open, right or not right yet; no sentence gives the right one away."""

import math

import numpy as np
import pytest

from autograd import Value, sigmoid
from autograd import abs as absolute
from autograd.check import (
    ExerciseError,
    assert_mark_gradient,
    assert_mark_value,
    mark_gradient,
    mark_value,
)
from autograd.check.testing.marking import Mark


def bowl(x, y):
    return x * x + 3.0 * x * y


POINTS = ([1.0, 2.0], [-0.5, 4.0])


@pytest.mark.parametrize("unwritten", [..., [..., 1.0], (2.0, [...])])
def test_three_dots_anywhere_are_an_open_answer(unwritten):
    assert mark_gradient(bowl, lambda x, y: unwritten, *POINTS).mark is Mark.OPEN
    assert mark_value(bowl, lambda x, y: unwritten, *POINTS).mark is Mark.OPEN


@pytest.mark.parametrize(
    ("answer", "mark"),
    [
        (lambda x, y: (2 * x + 3 * y, 3 * x), Mark.RIGHT),
        (lambda x, y: [2 * x + 3 * y, [3 * x]], Mark.RIGHT),
        (lambda x, y: (2 * x + 3 * y, 3 * y), Mark.WRONG),
        (lambda x, y: (2 * x, 3 * x), Mark.WRONG),
        # Right at the first point alone.
        (lambda x, y: (8.0, 3.0), Mark.WRONG),
        (lambda x, y: 2 * x + 3 * y, Mark.WRONG),
        (lambda x, y: None, Mark.WRONG),
        (lambda x, y: x / 0, Mark.WRONG),
        (lambda x, y: ("8", "3"), Mark.WRONG),
        (lambda x, y: (math.nan, math.nan), Mark.WRONG),
        (lambda x: x, Mark.WRONG),
    ],
)
def test_a_gradient_is_right_only_if_it_is_right_at_every_point(answer, mark):
    assert mark_gradient(bowl, answer, *POINTS).mark is mark


def test_a_function_of_plain_numbers_has_answers_that_can_be_marked():
    assert mark_gradient(lambda x: math.sin(x), lambda x: math.cos(x), [0.3]).mark is Mark.RIGHT
    assert mark_gradient(lambda x: math.sin(x), lambda x: -math.cos(x), [0.3]).mark is Mark.WRONG


def test_at_a_kink_any_slope_between_the_two_may_be_given_but_no_other():
    assert mark_gradient(absolute, lambda x: math.copysign(1, x), [2.0], [0.0]).mark is Mark.RIGHT
    assert mark_gradient(absolute, lambda x: 1.0 if x else 2.0, [2.0], [0.0]).mark is Mark.WRONG
    with pytest.raises(ValueError, match="at none of these points"):
        mark_gradient(absolute, lambda x: 0.5, [0.0])
    with pytest.raises(ValueError, match="at least one point"):
        mark_gradient(absolute, lambda x: 0.5)


@pytest.mark.parametrize(
    ("right", "given", "mark"),
    [
        (0.1 + 0.2, 0.3, Mark.RIGHT),
        (1.0, 1.0 + 1e-7, Mark.WRONG),
        (0.0, 1e-300, Mark.WRONG),
        ([1.0, 0.0], [1.0, 1e-13], Mark.RIGHT),
        ([1.0, 2.0], [2.0, 1.0], Mark.WRONG),
        ([1.0, 2.0], [1.0, 2.0, 3.0], Mark.WRONG),
        (np.array([1.0, 2.0]), (1, 2), Mark.RIGHT),
        (Value(2.0), 2, Mark.RIGHT),
        (21, Value(21.0), Mark.RIGHT),
        ("tanh", "tanh", Mark.RIGHT),
        ("tanh", "sin", Mark.WRONG),
        (2**2000, 2**2000, Mark.RIGHT),
        (2**2000, 2**2000 + 1, Mark.WRONG),
        (2.0, 2**2000, Mark.WRONG),
        (2.0, 2 + 0j, Mark.WRONG),
        (2.0, "2", Mark.WRONG),
        (True, True, Mark.RIGHT),
        (True, 1, Mark.WRONG),
        (math.inf, math.inf, Mark.RIGHT),
    ],
)
def test_a_value_agrees_to_nine_digits_and_a_word_to_the_letter(right, given, mark):
    assert mark_value(lambda: right, lambda: given).mark is mark


def test_a_sentence_says_which_way_and_not_how_far():
    slope = sigmoid(2.0) * (1.0 - sigmoid(2.0))
    for off in (0.5 * slope, 1.005 * slope, -slope):
        for said in (
            mark_gradient(sigmoid, lambda x, off=off: off, [2.0]),
            mark_value(lambda x: slope, lambda x, off=off: off, [2.0]),
        ):
            assert said.mark is Mark.WRONG
            assert f"{slope:.4g}" not in str(said).replace(f"{off:.6g}", "")
    assert (
        str(mark_value(lambda: 2.0, lambda: 1.99))
        == "not right yet: it is a little larger than your 1.99"
    )


def test_the_truth_of_a_mark_is_whether_the_answer_is_right():
    right, wrong = (lambda x, y: (2 * x + 3 * y, 3 * x)), (lambda x, y: (0.0, 0.0))
    assert mark_gradient(bowl, right, *POINTS)
    assert mark_gradient(bowl, right, *POINTS).mark
    for said in (
        mark_gradient(bowl, wrong, *POINTS),
        mark_gradient(bowl, lambda x, y: ..., *POINTS),
        mark_value(lambda: 1.0, lambda: 2.0),
        mark_value(lambda: 1.0, lambda: ...),
    ):
        assert not said
        assert not said.ok
        assert not said.mark
    assert assert_mark_gradient(bowl, right, *POINTS).ok
    assert assert_mark_value(lambda: 1.0, lambda: 1).ok
    with pytest.raises(AssertionError, match="not right yet: at x = 1, y = 2, df/dx is larger"):
        assert_mark_gradient(bowl, wrong, *POINTS)
    with pytest.raises(AssertionError, match="not answered yet"):
        assert_mark_value(lambda: 1.0, lambda: ...)


def wavering():
    numbers = iter(range(1000))
    return lambda *_: float(next(numbers))


@pytest.mark.parametrize(
    "reference",
    [
        lambda x, y: x / 0,
        lambda x, y: None,
        lambda x, y: ...,
        lambda x, y: [x, None],
        lambda x, y: [],
        lambda x, y: undefined,  # noqa: F821
        lambda x: x,
        wavering(),
    ],
    ids=["raises", "nothing", "dots", "half", "empty", "a name", "another count", "wavers"],
)
@pytest.mark.parametrize(
    "answer", [lambda x, y: (3.0, 3.0), lambda x, y: x / 0, lambda x: 1.0, lambda x, y: None]
)
def test_what_is_wrong_with_the_exercise_is_not_laid_on_the_answer(reference, answer):
    for mark in (mark_value, mark_gradient):
        with pytest.raises(ExerciseError, match="not your answer"):
            mark(reference, answer, [1.0, 2.0])
        assert mark(reference, lambda x, y: ..., [1.0, 2.0]).mark is Mark.OPEN


def test_a_point_that_neither_can_be_called_at_is_the_exercises_fault():
    with pytest.raises(ExerciseError, match="raises ValueError at x = 0"):
        mark_gradient(lambda x: math.log(x) / x * x, lambda x: 1.0 / x, [1.0], [0.0])
    with pytest.raises(ExerciseError, match="raises ZeroDivisionError at x = 0"):
        mark_value(lambda x: 1.0 / x, lambda x: 1.0 / x, [1.0], [0.0])


@pytest.mark.parametrize("mark", [mark_value, mark_gradient])
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((bowl, 3.0, [1.0]), "takes two functions and then points, got 3.0"),
        ((3.0, bowl, [1.0]), "takes two functions and then points, got 3.0"),
        ((math.sin, math.cos, 2.0), r"got 2.0: write \[2.0\]"),
        ((math.sin, math.cos, "2"), r"got '2': write \['2'\]"),
        ((math.sin, math.cos, np.array(2.0)), "a point is a list"),
    ],
)
def test_a_wrong_call_of_a_mark_says_how_to_write_it(mark, given, told):
    with pytest.raises(TypeError, match=told):
        mark(*given)


def test_a_sentence_names_the_function_that_raised():
    def answer(x):
        return [x]

    def in_the_checking_cell(x):
        return answer(x)["slope"]

    def broken(x):
        return x / 0

    for mark, reference in ((mark_value, math.cos), (mark_gradient, math.sin)):
        said = str(mark(reference, in_the_checking_cell, [1.0]))
        assert "in_the_checking_cell raised TypeError" in said
        assert "your function" not in said
        assert "broken raised ZeroDivisionError" in str(mark(reference, broken, [1.0]))
        said = str(mark(reference, lambda x: broken(x), [1.0]))
        assert "broken raised ZeroDivisionError" in said
        said = str(mark(reference, lambda x: sigmoid(None), [1.0]))
        assert "a lambda raised TypeError" in said
        said = str(mark(reference, lambda: 1.0, [1.0]))
        assert "not right yet: lambda() does not take the 1 argument(s)" in said


def test_nan_agrees_with_nan_alone():
    assert mark_value(lambda: [math.nan, 1.0], lambda: [math.nan, 1.0]).ok
    assert not mark_value(lambda: math.nan, lambda: 1.0)
    assert not mark_value(lambda: 1.0, lambda: math.nan)


def test_points_at_which_nothing_can_be_told_are_counted_out():
    mark = mark_gradient(lambda x: abs(x), lambda x: 1.0, [0.0], [1.0])
    assert mark.ok
    assert str(mark) == "right: at 1 of 2 points; it cannot be told wholly at the others"
