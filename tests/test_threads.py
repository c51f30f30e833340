"""Threads, signal handlers and forked children: who waits for whom, and what comes out."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import autograd
from autograd import Value

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="forking is POSIX's")


def at_once(*functions: Callable[[], object]) -> None:
    """Run functions in threads that change places as often as they can."""
    failures: list[BaseException] = []

    def guarded(function: Callable[[], object]) -> None:
        try:
            function()
        except BaseException as error:
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=guarded, args=(f,), daemon=True) for f in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


class Between:
    """Calls a function once, at the n-th line of the functions of a module that are run."""

    def __init__(self, file: str, at: int, then: Callable[[], object]) -> None:
        self.file, self.at, self.then, self.count = file, at, then, 0

    def __enter__(self) -> "Between":
        self.earlier = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(self.earlier)

    def _trace(self, frame: Any, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != self.file:
            return None
        if event == "line":
            self.count += 1
            if self.count == self.at:
                sys.settrace(None)
                self.then()
        return self._trace


# Going backward ------------------------------------------------------------------------------


def test_passes_of_several_threads_over_shared_leaves_add_up() -> None:
    x, y = Value(1.5, "x"), Value(0.5, "y")
    passes, count = 150, 4

    def work() -> None:
        for _ in range(passes):
            z = x * y
            for _ in range(10):
                z = z + x
            z.backward()

    at_once(*[work] * count)
    assert (x.grad, y.grad) == (passes * count * 10.5, passes * count * 1.5)


def test_passes_of_several_threads_over_one_graph_add_up() -> None:
    x = Value(2.0)
    z = x * x * x + x
    at_once(*[lambda: [z.backward() for _ in range(150)]] * 3)
    assert x.grad == 450 * 13.0


def lines_of_a_pass() -> range:
    x = Value(2.0)
    z = x * x + x
    with Between(autograd.backward.__code__.co_filename, -1, lambda: None) as between:
        z.backward()
    return range(1, between.count + 1)


def test_a_handler_may_go_backward_over_another_graph_at_any_line() -> None:
    file = autograd.backward.__code__.co_filename
    for at in lines_of_a_pass():
        x, y = Value(2.0), Value(3.0)
        z, other = x * x + x, y * y
        with Between(file, at, other.backward):
            z.backward()
        assert (x.grad, y.grad) == (5.0, 6.0), at


def tried(z: Value, errors: list[str]) -> None:
    try:
        z.backward()
    except RuntimeError as error:
        errors.append(str(error))


@pytest.mark.parametrize("same", [True, False], ids=["one graph", "shared leaves"])
def test_a_handler_over_the_same_graph_is_right_or_told(same: bool) -> None:
    file = autograd.backward.__code__.co_filename
    told = 0
    for at in lines_of_a_pass():
        x = Value(2.0, "x")
        z = x * x + x
        other = z if same else x * 3.0
        errors: list[str] = []

        with Between(file, at, partial(tried, other, errors)):
            z.backward()
        inner = 5.0 if same else 3.0
        assert x.grad == (5.0 if errors else 5.0 + inner), at
        assert all("in the middle of" in error for error in errors)
        told += len(errors)
    assert told > 5


def test_callbacks_go_backward_over_other_graphs_and_are_told_of_the_same() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    z, other = x * x, y * y
    z.backward(on_leaf=lambda leaf: other.backward())
    assert (x.grad, y.grad) == (4.0, 6.0)
    with pytest.raises(RuntimeError, match="in the middle of"):
        z.backward(on_leaf=lambda leaf: (leaf * 2.0).backward())
    assert x.grad == 4.0
    z.backward()
    assert x.grad == 8.0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers are POSIX's")
def test_a_real_signal_handler_goes_backward() -> None:
    x, y = Value(2.0), Value(3.0)
    z = x * x
    for _ in range(50):
        z = z + x
    count = 0

    def handler(number: int, frame: object) -> None:
        nonlocal count
        count += 1
        (y * y).backward()

    earlier = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
        passes = 0
        while count < 50:
            z.backward()
            passes += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, earlier)
    assert (x.grad, y.grad) == (54.0 * passes, 6.0 * count)


def in_a_child(check: Callable[[], bool]) -> bool:
    """Run a check in a forked child; False if it fails or does not end."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if check() else 1)
    return os.waitpid(child, 0)[1] == 0


@forks
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_a_pass_of_another_thread() -> None:
    x, y = Value(2.0), Value(3.0)
    x.grad = 10.0
    z = x * x + y
    middle, forked = threading.Event(), threading.Event()

    def wait(leaf: Value) -> None:
        middle.set()
        forked.wait(30)

    thread = threading.Thread(target=lambda: z.backward(on_leaf=wait))
    thread.start()
    assert middle.wait(30)

    def check() -> bool:
        as_before = (x.grad, y.grad) == (10.0, None)
        z.backward()
        return as_before and (x.grad, y.grad) == (14.0, 1.0)

    try:
        assert in_a_child(check)
    finally:
        forked.set()
        thread.join(30)
    assert (x.grad, y.grad) == (14.0, 1.0)


@forks
def test_a_child_forked_from_a_callback_ends_its_own_pass() -> None:
    x = Value(2.0)
    found: list[bool] = []

    def fork(leaf: Value) -> None:
        found.append(in_a_child(lambda: backward_of(3.0) == 6.0))

    (x * x).backward(on_leaf=fork)
    assert found == [True]
    assert x.grad == 4.0


def backward_of(number: float) -> float | None:
    y = Value(number)
    (y * y).backward()
    return y.grad
