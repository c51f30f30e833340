"""`no_grad`, and threads side by side."""

import threading
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, no_grad


def test_no_grad_records_nothing_by_any_door() -> None:
    x, y = Value(3.0), Value(4.0)
    with no_grad():
        made = [
            x * y,
            x + 1,
            1 - x,
            x**2,
            2**x,
            -x,
            abs(x),
            x.exp(),
            autograd.tanh(x),
            autograd.atan2(x, y),
            autograd.dot([x, y], [y, x]),
            autograd.clip(x, 0.0, 1.0),
            np.float64(2) * x,
            *(np.array([1.0, 2.0]) * x),
        ]
    for z in made:
        assert (z.op, z.args) == (None, ())
    assert made[0].data == 12.0
    assert (x * y).args == (x, y)


def test_no_grad_nests_and_ends_with_an_exception() -> None:
    x = Value(3.0)
    with no_grad():
        with no_grad():
            assert (x * x).args == ()
        assert (x * x).args == ()
    assert (x * x).args == (x, x)

    def fail() -> None:
        with no_grad():
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert (x * x).args == (x, x)


def test_no_grad_holds_for_its_own_thread_alone() -> None:
    x = Value(3.0)
    inside, recorded = threading.Event(), threading.Event()
    found: dict[str, tuple[Any, ...]] = {}

    def quiet() -> None:
        with no_grad():
            inside.set()
            assert recorded.wait(10)
            found["quiet"] = (x * x).args

    thread = threading.Thread(target=quiet)
    thread.start()
    assert inside.wait(10)
    found["loud"] = (x * x).args
    recorded.set()
    thread.join(10)
    assert found == {"quiet": (), "loud": (x, x)}


def test_threads_record_and_go_backward_side_by_side() -> None:
    failures: list[BaseException] = []

    def work(seed: float) -> None:
        try:
            for i in range(200):
                x = Value(seed + i)
                z = x * x + x.sin() ** 2 + x.cos() ** 2
                z.backward()
                assert x.grad == pytest.approx(2.0 * x.data, rel=1e-12)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(float(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def test_births_are_unique_across_threads() -> None:
    births: list[int] = []
    threads = [
        threading.Thread(target=lambda: births.extend([Value(1.0).birth for _ in range(2000)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(births)) == len(births) == 8000
