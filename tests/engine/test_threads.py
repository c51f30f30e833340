"""Threads, signal handlers and forked children: who waits for whom, and what comes out."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, compile, no_grad
from autograd.compile.lowered import Built
from autograd.compile.tracing import refusals
from autograd.compile.tracing.refusals import settle
from autograd.compile.tracing.trace import trace

BACKWARD = autograd.backward.__code__.co_filename
PROGRAM = compile.__code__.co_filename
BUILT = Built.run.__code__.co_filename

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
    with Between(BACKWARD, -1, lambda: None) as between:
        z.backward()
    return range(1, between.count + 1)


def test_a_handler_may_go_backward_over_another_graph_at_any_line() -> None:
    for at in lines_of_a_pass():
        x, y = Value(2.0), Value(3.0)
        z, other = x * x + x, y * y
        with Between(BACKWARD, at, other.backward):
            z.backward()
        assert (x.grad, y.grad) == (5.0, 6.0), at


def tried(z: Value, errors: list[str]) -> None:
    try:
        z.backward()
    except RuntimeError as error:
        errors.append(str(error))


@pytest.mark.parametrize("same", [True, False], ids=["one graph", "shared leaves"])
def test_a_handler_over_the_same_graph_is_right_or_told(same: bool) -> None:
    told = 0
    for at in lines_of_a_pass():
        x = Value(2.0, "x")
        z = x * x + x
        other = z if same else x * 3.0
        errors: list[str] = []

        with Between(BACKWARD, at, partial(tried, other, errors)):
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
        # Anew from here: a handler in the middle of this one would share y with it.
        signal.setitimer(signal.ITIMER_REAL, 1e-4)

    earlier = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4)
        passes = 0
        while count < 50:
            z.backward()
            passes += 1
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
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


# Programs ------------------------------------------------------------------------------------


def program_of_many_nodes() -> Any:
    """A program that is rolled, so that it runs on buffers."""
    return compile(lambda xs: autograd.sum([x * x + (x * 0.5).tanh() for x in xs]))


def batch(count: int) -> Any:
    return np.random.default_rng(count).normal(size=(count, 6))


def test_a_call_between_the_lines_of_another_leaves_each_its_own_samples() -> None:
    expected = {n: program_of_many_nodes()(batch(n)) for n in (64, 128)}
    program = program_of_many_nodes()
    program(batch(64))
    with Between(PROGRAM, -1, lambda: None) as between:
        program(batch(64))
    for at in range(1, between.count + 1):
        found: list[Any] = []
        with Between(PROGRAM, at, lambda found=found: found.append(program(batch(128)))):
            mine = program(batch(64))
        assert np.array_equal(mine, expected[64]), at
        assert np.array_equal(found[0], expected[128]), at


@pytest.mark.parametrize("call", ["__call__", "value_and_grad"])
def test_a_program_called_inside_its_own_call(call: str) -> None:
    """As a signal handler does: at any line of the program, its buffers included."""
    w = Value(0.5, "w")
    program = compile(
        lambda xs: autograd.sum([x * w + (x * 0.5).tanh() for x in xs]), parameters=[w]
    )
    X, other = batch(32), batch(32)[::-1].copy()
    expected, inner = getattr(program, call)(X), getattr(program, call)(other)
    for file in (PROGRAM, BUILT):
        with Between(file, -1, lambda: None) as between:
            getattr(program, call)(X)
        for at in range(1, between.count + 1):
            found: list[Any] = []

            def handler(found: list[Any] = found) -> None:
                found.append(getattr(program, call)(other))

            with Between(file, at, handler):
                mine = getattr(program, call)(X)
            for one, right in ((mine, expected), (found[0], inner)):
                pairs = zip(one, right, strict=True) if call != "__call__" else [(one, right)]
                assert all(np.array_equal(a, b) for a, b in pairs), at


def test_threads_in_one_program_have_their_own_results() -> None:
    w = Value(0.5, "w")
    program = compile(
        lambda xs: autograd.sum([x * w + (x * 0.5).tanh() for x in xs]), parameters=[w]
    )
    batches = [batch(n) for n in (16, 16, 33, 50)]
    batches[1] = batches[1][::-1].copy()
    fresh = compile(lambda xs: autograd.sum([x * w + (x * 0.5).tanh() for x in xs]), parameters=[w])
    expected = [(fresh(X).copy(), *fresh.value_and_grad(X)) for X in batches]

    def work(X: Any, right: Any) -> None:
        for _ in range(150):
            assert np.array_equal(program(X), right[0])
            mean, slope = program.value_and_grad(X)
            assert mean == right[1]
            assert np.array_equal(slope, right[2])

    at_once(*[partial(work, X, right) for X, right in zip(batches, expected, strict=True)])
    rows = program.report().stages
    assert len({stage.name for stage in rows}) == len(rows)


def test_new_data_is_followed_before_another_thread_takes_it_for_followed() -> None:
    """A call in the middle of copying parameters copies them itself."""
    w = Value(1.0, "w")
    program = compile(lambda x: w * x, parameters=[w])
    program(np.ones(3))
    with Between(PROGRAM, -1, lambda: None) as between:
        program(np.ones(3))
    for at in range(1, between.count + 12):
        w.data = w.data + 1.0
        found: list[Any] = []

        def handler(found: list[Any] = found) -> None:
            found.append(program(np.ones(2))[0])

        with Between(PROGRAM, at, handler):
            mine = program(np.ones(3))[0]
        assert mine == w.data
        assert found in ([], [w.data]), at


@forks
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_a_call_of_another_thread() -> None:
    program = program_of_many_nodes()
    X = batch(16)
    expected = program(X)
    middle, forked = threading.Event(), threading.Event()

    def wait() -> None:
        middle.set()
        forked.wait(30)

    def work() -> None:
        with Between(BUILT, 8, wait):
            program(X)

    thread = threading.Thread(target=work)
    thread.start()
    assert middle.wait(30)
    try:
        assert in_a_child(lambda: np.array_equal(program(X), expected))
    finally:
        forked.set()
        thread.join(30)


# Tracing -------------------------------------------------------------------------------------


def test_other_threads_read_numbers_and_record_while_one_traces() -> None:
    w = Value(3.0, "w")
    tracing, done = threading.Event(), threading.Event()

    def f(x: Any) -> Any:
        tracing.set()
        done.wait(30)
        return w * x

    thread = threading.Thread(target=lambda: compile(f, parameters=[w])(2.0))
    thread.start()
    assert tracing.wait(30)
    try:
        assert (w.data, w < 4.0, w.detach().data) == (3.0, True, 3.0)
        with no_grad():
            assert (w * w).args == ()
    finally:
        done.set()
        thread.join(30)
    assert type(vars(Value)["data"].fget).__name__ == "attrgetter"


def test_threads_compile_at_once() -> None:
    def work(scale: float) -> None:
        for _ in range(10):
            w = Value(scale, "w")
            program = compile(lambda xs: w * xs[0] + xs[1] ** 2, parameters=[w])  # noqa: B023
            mean, slope = program.value_and_grad(np.ones((4, 2)))
            assert (mean, slope.tolist()) == (scale + 1.0, [1.0])

    at_once(*[partial(work, float(k)) for k in range(4)])
    assert type(vars(Value)["data"].fget).__name__ == "attrgetter"


def test_an_interrupt_at_any_line_of_a_trace_leaves_nothing_on() -> None:
    w = Value(3.0, "w")

    def interrupt() -> None:
        raise KeyboardInterrupt

    for file in (trace.__code__.co_filename, settle.__code__.co_filename):
        with Between(file, -1, lambda: None) as between:
            compile(lambda x: w * x, parameters=[w])(2.0)
        for at in range(1, between.count + 1):
            with (
                pytest.raises(KeyboardInterrupt),
                Between(file, at, interrupt),
                no_grad(),
            ):
                compile(lambda x: w * x, parameters=[w])(2.0)
            # Only a tracer comes between the end of a `with` and the release of its lock.
            while refusals._guarding.lock._is_owned():
                refusals._guarding.lock.release()
            assert (w.data, w.detach().data, w < 4.0) == (3.0, 3.0, True), at
            assert (w * w).args == (w, w)
    assert compile(lambda x: w * x, parameters=[w])(2.0) == 6.0
    assert type(vars(Value)["data"].fget).__name__ == "attrgetter"
