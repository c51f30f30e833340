"""Passes that are interrupted: errors in rules and callbacks, Ctrl-C at any line."""

from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.engine.primitives import TABLE, Primitive
from support.interrupts import interrupted


def test_an_error_in_on_leaf_leaves_every_gradient_as_it_was() -> None:
    x, y = Value(3.0), Value(2.0)
    z = x * y * y
    z.backward()
    before = [x.grad, y.grad]

    def fail(leaf: Value) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        z.backward(on_leaf=fail)
    assert [x.grad, y.grad] == before
    z.backward()
    assert [x.grad, y.grad] == [2.0 * g for g in before if g is not None]


def test_an_error_in_a_rule_leaves_every_gradient_as_it_was() -> None:
    def broken(z: Any, x: Any) -> tuple[Any, ...]:
        raise KeyboardInterrupt

    row = Primitive(
        name="broken",
        function=lambda x: x,
        array=lambda x: x,
        partials=broken,
        precise=lambda mp, x: x,
        text=TABLE["exp"].text,
        latex=TABLE["exp"].latex,
        domain=((0.0, 1.0),),
        arity=None,
    )
    x, y = Value(3.0), Value(2.0)
    x.grad = 5.0
    z = autograd.engine.primitives.apply(row, (x * y,)) * x
    with pytest.raises(KeyboardInterrupt):
        z.backward()
    assert (x.grad, y.grad) == (5.0, None)


def in_backward(frame: Any) -> bool:
    return frame.f_code.co_filename == autograd.backward.__code__.co_filename


@pytest.mark.parametrize("fused", [False, True], ids=["plain", "on_leaf"])
def test_ctrl_c_at_any_line_leaves_all_leaves_as_before_or_all_done(fused: bool) -> None:
    x, y, w = Value(3.0), Value(2.0), Value(0.5)
    z = autograd.sum([x * y, w.exp(), x * 2.0, y]) * w
    options: dict[str, Any] = {"on_leaf": lambda leaf: None} if fused else {}

    def reset() -> None:
        x.grad, y.grad, w.grad = 10.0, None, 20.0

    reset()
    z.backward(**options)
    done = [x.grad, y.grad, w.grad]
    reset()
    total = interrupted(lambda: z.backward(**options), 0, in_backward)
    assert total > 30
    for stop in range(1, total + 1):
        reset()
        interrupted(lambda: z.backward(**options), stop, in_backward)
        assert [x.grad, y.grad, w.grad] in ([10.0, None, 20.0], done), stop
        reset()
        z.backward(**options)
        assert [x.grad, y.grad, w.grad] == done
