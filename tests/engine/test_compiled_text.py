"""The text that methods and pulls are compiled from: it can be read, and goes when they go."""

import inspect
import linecache
import traceback
from typing import Any

import pytest

from autograd import Value, detect_anomaly, primitive, unregister
from autograd.check.testing.mutation import planted
from autograd.engine.methods import kind_of
from autograd.engine.primitive import lookup
from autograd.errors import AnomalyError


def files() -> set[str]:
    return {name for name in linecache.cache if name.startswith("<autograd ")}


@pytest.mark.parametrize("name", ["__mul__", "__rmul__", "__pow__", "tanh", "__neg__"])
def test_the_source_of_a_method_is_found(name: str) -> None:
    method = getattr(Value, name)
    source = inspect.getsource(method).strip()
    assert source.startswith(f"def {method.__name__}(self")
    assert source.endswith("return watched(node) if watching else node")


def test_the_source_of_a_pull_is_found_and_every_text_has_a_file_of_its_own() -> None:
    rows = [lookup(name) for name in ("mul", "div", "tanh")]
    pulls = [kind_of(row, "v" * (row.arity or 1)).pull for row in rows]
    assert all(inspect.getsource(pull).strip().startswith("def pull(node):") for pull in pulls)
    assert len({pull.__code__.co_filename for pull in pulls}) == len(pulls)


def test_a_traceback_shows_the_line_that_failed() -> None:
    with pytest.raises(TypeError) as caught:
        Value(1.0) * "3"  # pyright: ignore[reportOperatorIssue]
    assert "return combine(mul, self, other)" in "".join(traceback.format_tb(caught.tb))


def test_lines_of_it_are_not_taken_for_the_users() -> None:
    x = Value(0.0)
    with pytest.raises(AnomalyError, match=rf"at {__file__}:\d+"), detect_anomaly():
        x.log()


def squash() -> Any:
    @primitive(partials=lambda z, x, y: (3.0 * x * x * y, x * x * x))
    def squash(x: float, y: float) -> float:
        return x * x * x * y

    return squash


def test_the_text_made_for_a_users_primitive_goes_with_it() -> None:
    before = files()
    for _ in range(2):
        function = squash()
        z = function(Value(2.0), Value(1.0)) * function(Value(2.0), 3.0)
        pulls = [v._kind.pull for v in z.args if isinstance(v, Value)]
        names = {pull.__code__.co_filename for pull in pulls}
        assert len(names) == 2
        assert names == files() - before
        unregister("squash")
        # The text of a graph that is still there can still be read.
        assert all("x_node.grad +=" in inspect.getsource(pull) for pull in pulls)
        del z, pulls
        assert files() == before


def test_a_row_that_is_refused_leaves_no_text() -> None:
    before = files()
    with pytest.raises(ValueError, match="is refused"):

        @primitive(partials=lambda z, x: (2.0 * x * x,))
        def cube(x: float) -> float:
            return x * x * x

    assert files() == before


def test_a_rule_that_is_replaced_replaces_its_text() -> None:
    before = files()
    row = lookup("tanh")
    pull = kind_of(row, "v").pull
    with planted(row, lambda z, x: (7.0 * x,)):
        assert "7.0 * x" in inspect.getsource(kind_of(row, "v").pull)
        assert "sech_squared" in inspect.getsource(pull)
    del pull
    assert "sech_squared" in inspect.getsource(kind_of(row, "v").pull)
    assert len(files()) == len(before)
