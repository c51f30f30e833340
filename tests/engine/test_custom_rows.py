"""A user's own primitive, registered for one test, passes what every row of the table passes."""

import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import test_ieee
import test_primitives

from autograd import (
    GraphFormatError,
    Primitive,
    Value,
    WrongPartialsError,
    cos,
    exp,
    from_json,
    gradient,
    primitive,
    reciprocal,
    register,
    sigmoid,
    to_json,
    unregister,
)
from autograd.engine.primitive import ATOM
from autograd.engine.primitives import TABLE, Notation
from support.rows import counts


@pytest.fixture
def added() -> Iterator[Callable[[Primitive], Any]]:
    """Register rows, and take them out again."""
    names: list[str] = []

    def add(row: Primitive) -> Any:
        names.append(row.name)
        return register(row)

    yield add
    for name in names:
        unregister(name)


def mish_of_two() -> Primitive:
    """x sigmoid(y), as a gated unit has it, with all its columns."""

    def function(x: float, y: float) -> float:
        return x * sigmoid(y)

    return Primitive(
        name="gated",
        function=function,
        array=lambda x, y: x * sigmoid(y),
        partials=lambda z, x, y: (sigmoid(y), x * sigmoid(y) * sigmoid(-y)),
        precise=lambda mp, x, y: x / (1 + mp.exp(-y)),
        text=Notation(lambda xs: f"gated({xs[0]:0}, {xs[1]:0})", ATOM),
        latex=Notation(r"{0:3} \\cdot \\sigma\\left({1:0}\\right)", 2),
        domain=((-5.0, 5.0), (-30.0, 30.0)),
        arity=2,
    )


GENERIC = [
    test_primitives.test_the_function_agrees_with_its_formula,
    test_primitives.test_first_derivatives_agree_with_high_precision,
    test_primitives.test_second_derivatives_agree_with_high_precision,
    test_primitives.test_partials_on_floats_arrays_and_nodes_agree,
    test_primitives.test_a_row_keeps_single_precision_arrays_single,
    test_primitives.test_whole_numbers_in_arrays_are_taken_as_floats,
    test_primitives.test_shapes_broadcast,
    test_primitives.test_the_latex_of_a_row_is_balanced_and_names_its_operands,
    test_primitives.test_the_text_of_a_rule_equals_the_rule,
    test_primitives.test_every_kind_of_node_pulls_the_local_partials,
    test_ieee.test_special_numbers_give_the_same_on_floats_and_arrays,
]


@pytest.mark.parametrize("check", GENERIC, ids=lambda f: f.__name__)
def test_a_row_that_is_added_passes_what_every_row_passes(
    check: Callable[[Primitive], None], added: Callable[[Primitive], Any]
) -> None:
    row = mish_of_two()
    added(row)
    assert counts(row) == [2]
    check(row)


@pytest.mark.parametrize(
    ("partials", "check"),
    [
        (
            lambda z, x, y: (sigmoid(y), z * (1.0 - sigmoid(y))),
            test_primitives.test_first_derivatives_agree_with_high_precision,
        ),
        (
            lambda z, x, y: (sigmoid(y) * (1.0 + 1e-11), x * sigmoid(y) * sigmoid(-y)),
            test_primitives.test_first_derivatives_agree_with_high_precision,
        ),
        (
            lambda z, x, y: (1.0 - sigmoid(-y), x * sigmoid(y) * sigmoid(-y)),
            test_primitives.test_first_derivatives_agree_with_high_precision,
        ),
    ],
    ids=["a tail that is lost", "a part in 1e11", "a left tail by difference"],
)
def test_the_tests_of_every_row_find_a_wrong_rule(
    partials: Any, check: Callable[[Primitive], None]
) -> None:
    right = mish_of_two()
    columns = {name: getattr(right, name) for name in Primitive.__dataclass_fields__}
    with pytest.raises(AssertionError):
        check(Primitive(**{**columns, "partials": partials}))


def test_a_rule_that_branches_is_called_and_not_written_down() -> None:
    """Blanks cannot tell which branch to write: `==` must not answer for them."""

    @primitive(partials=lambda z, x: (0.0,) if x == 0.0 else ((cos(x) - z) * reciprocal(x),))
    def sinc(x: float) -> float:
        return math.sin(x) / x if x else 1.0

    try:
        for at in (0.0, 1.5):
            x = Value(at)
            sinc(x).backward()
            wanted = (math.cos(at) - math.sin(at) / at) / at if at else 0.0
            assert x.grad == pytest.approx(wanted, rel=1e-15)
    finally:
        unregister("sinc")


@pytest.mark.parametrize("name", ["x", "y", "z", "g", "node", "x_node", "pull", "partials", "inf"])
def test_any_name_works_or_is_refused(name: str, added: Callable[[Primitive], Any]) -> None:
    """The rules are compiled into functions with variables of their own."""
    functions: dict[str, Any] = {}

    def partials(z: Any, x: Any) -> tuple[Any]:
        return (functions[name](x) if name in functions else exp(x),)

    row = Primitive(name, math.exp, partials, array=np.exp)
    try:
        functions[name] = added(row)
    except ValueError as refusal:
        assert "name" in str(refusal)  # noqa: PT017
        return
    x = Value(0.5)
    functions[name](x).backward()
    (slope,) = gradient(functions[name](x), [x])
    assert x.grad == slope.data == math.exp(0.5)


def test_graphs_with_a_row_that_is_gone_still_go_backward_and_say_so_when_read(
    added: Callable[[Primitive], Any],
) -> None:
    gated = added(mish_of_two())
    x = Value(2.0)
    z = gated(x, 1.0)
    text, data = to_json(z), pickle.dumps(z)
    assert from_json(text).data == pickle.loads(data).data == z.data
    unregister("gated")
    z.backward()
    assert x.grad == sigmoid(1.0)
    with pytest.raises(GraphFormatError, match="gated"):
        from_json(text)
    with pytest.raises(KeyError, match="no primitive is called 'gated'"):
        pickle.loads(data)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: math.log(x - 1000.0), "Give a domain"),
        (lambda x: None, "returned None"),
        (lambda x: "a", "returned no float"),
        (lambda x: 1.0 / 0.0, "Give a domain"),
    ],
    ids=["outside its domain", "nothing", "a word", "an error"],
)
def test_what_could_be_checked_nowhere_is_refused(function: Any, told: str) -> None:
    with pytest.raises(WrongPartialsError, match=told):
        register(Primitive("nowhere", function, lambda z, x: (17.0 * x,)))
    assert "nowhere" not in TABLE


def test_a_decorator_without_derivatives_says_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"write @primitive\(partials="):
        primitive(math.sin)  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(TypeError, match="operands by position"):

        @primitive(partials=lambda z, x: (1.0,))
        def shifted(x: float, *, by: float = 1.0) -> float:
            return x + by
