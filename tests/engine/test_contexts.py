"""Modes hold for what runs inside them: no other tasks, no callers of paused generators."""

import asyncio
import contextlib
import contextvars
import functools
import inspect
import signal
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

from autograd import AnomalyError, Value, detect_anomaly, grad, no_grad
from autograd.engine.modes import open_modes
from support.chosen_profile import PROFILE
from support.interrupts import interrupted

x = Value(3.0, "x")


def records() -> bool:
    return (x * x).args != ()


def watches() -> bool:
    try:
        Value(0.0).log()
    except AnomalyError:
        return True
    return False


# no_grad turns the one off, detect_anomaly turns the other on: each is asked whether it holds.
each_mode = pytest.mark.parametrize(
    ("mode", "holds"),
    [(no_grad, lambda: not records()), (detect_anomaly, watches)],
    ids=["no_grad", "detect_anomaly"],
)


# Tasks ---------------------------------------------------------------------------------------


@each_mode
def test_a_mode_of_one_task_does_not_hold_in_the_others(mode: Any, holds: Any) -> None:
    found: list[bool] = []

    async def inside(entered: asyncio.Event, done: asyncio.Event) -> None:
        with mode():
            entered.set()
            await done.wait()
            found.append(holds())

    async def beside(entered: asyncio.Event, done: asyncio.Event) -> None:
        await entered.wait()
        found.append(holds())
        done.set()

    async def main() -> None:
        events = asyncio.Event(), asyncio.Event()
        await asyncio.gather(inside(*events), beside(*events))

    asyncio.run(main())
    assert found == [False, True]


@each_mode
def test_tasks_and_threads_that_copy_the_context_are_inside_as_long_as_the_block_is_open(
    mode: Any, holds: Any
) -> None:
    async def child() -> bool:
        await asyncio.sleep(0)
        return holds()

    async def main() -> list[bool]:
        with mode():
            found = [*await asyncio.gather(child(), child()), await asyncio.to_thread(holds)]
            found.append(contextvars.copy_context().run(holds))
            late = asyncio.create_task(child())
        return [*found, await late]

    assert asyncio.run(main()) == [True, True, True, True, False]


def test_a_plain_thread_begins_outside_and_other_contexts_are_outside() -> None:
    found: list[bool] = []
    outside = contextvars.copy_context()
    with no_grad():
        thread = threading.Thread(target=lambda: found.append(records()))
        thread.start()
        thread.join()
        assert outside.run(records)
        assert not records()
    assert found == [True]


def test_tasks_inside_a_generator_keep_their_modes_apart() -> None:
    async def main() -> list[bool]:
        async def quiet() -> bool:
            with no_grad():
                await asyncio.sleep(0)
                return records()

        async def loud() -> bool:
            return records()

        return [*await asyncio.gather(quiet(), loud(), quiet())]

    def generator() -> Iterator[list[bool]]:
        yield asyncio.run(main())

    assert list(generator()) == [[False, True, False]]


# Generators ----------------------------------------------------------------------------------


@each_mode
def test_a_paused_generator_does_not_hold_its_caller(mode: Any, holds: Any) -> None:
    def generator() -> Iterator[bool]:
        with mode():
            while True:
                yield holds()

    first, second = generator(), generator()
    for _ in range(3):
        assert next(first)
        assert not holds()
        assert next(second)
        assert not holds()
    first.close()
    assert next(second)
    second.close()
    assert open_modes() == []


@each_mode
def test_a_generator_takes_its_mode_along_to_other_threads(mode: Any, holds: Any) -> None:
    def generator() -> Iterator[bool]:
        with mode():
            yield holds()
            yield holds()
        yield holds()

    running = generator()
    found = [next(running)]
    thread = threading.Thread(target=lambda: found.append(next(running)))
    thread.start()
    thread.join()
    found.append(contextvars.Context().run(next, running))
    assert found == [True, True, False]
    assert open_modes() == []


def test_a_generator_that_is_dropped_leaves_nothing_open() -> None:
    def generator() -> Iterator[None]:
        with no_grad():
            yield

    running = generator()
    next(running)
    assert open_modes() == ["paused"]
    del running
    assert open_modes() == []


def test_functions_called_by_a_generator_enter_for_it() -> None:
    class Quiet:
        def __enter__(self) -> None:
            self.block = no_grad()
            self.block.__enter__()

        def __exit__(self, *error: object) -> None:
            self.block.__exit__(*error)

    def generator() -> Iterator[bool]:
        with Quiet(), contextlib.ExitStack() as stack:
            stack.enter_context(detect_anomaly())
            yield records()
            yield records()

    running = generator()
    assert [next(running), records(), watches(), next(running), records()] == [
        False, True, False, False, True,
    ]  # fmt: skip
    running.close()
    assert open_modes() == []


def test_a_generator_behind_contextmanager_holds_for_the_with_that_uses_it() -> None:
    @contextlib.contextmanager
    def quiet() -> Iterator[None]:
        with no_grad():
            yield

    @contextlib.asynccontextmanager
    async def quiet_async() -> AsyncIterator[None]:
        await asyncio.sleep(0)
        with quiet():
            yield

    with quiet():
        assert not records()
    assert records()

    def generator() -> Iterator[bool]:
        with quiet():
            yield records()
            yield records()

    running = generator()
    assert [next(running), records(), next(running)] == [False, True, False]
    running.close()

    async def main() -> list[bool]:
        async with quiet_async():
            await asyncio.sleep(0)
            inside = records()
        return [inside, records()]

    assert asyncio.run(main()) == [False, True]
    assert open_modes() == []


@each_mode
def test_a_paused_asynchronous_generator_does_not_hold_its_caller(mode: Any, holds: Any) -> None:
    async def generator() -> AsyncIterator[bool]:
        with mode():
            for _ in range(3):
                await asyncio.sleep(0)
                yield holds()

    async def main() -> list[bool]:
        found: list[bool] = []
        async for inside in generator():
            found += [inside, holds()]
            await asyncio.sleep(0)
        return found

    assert asyncio.run(main()) == [True, False] * 3


def test_the_innermost_decides_whether_to_record() -> None:
    """A derivative records inside no_grad; a generator that it calls may be inside its own."""

    def constant() -> Iterator[Value]:
        with no_grad():
            while True:
                yield x * x

    running = constant()
    next(running)
    with no_grad():
        assert grad(lambda y: y * y * next(running))(2.0) == 36.0
        assert not records()
    assert (x * next(running)).args[0] is x
    running.close()


# Decorators ----------------------------------------------------------------------------------


@each_mode
def test_decorated_generators_are_inside_while_they_run_and_pass_everything_on(
    mode: Any, holds: Any
) -> None:
    seen: list[Any] = []

    @mode()
    def generator(start: int) -> Generator[Any, Any, str]:
        try:
            seen.append((yield holds()))
            try:
                yield start
            except KeyError as error:
                seen.append(error)
            yield holds()
            return "done"
        finally:
            seen.append(holds())

    assert inspect.isgeneratorfunction(generator)
    assert generator.__name__ == "generator"
    running = generator(7)
    assert next(running)
    assert not holds()
    assert running.send("sent") == 7
    assert not holds()
    error = KeyError("thrown")
    assert running.throw(error)
    assert not holds()
    with pytest.raises(StopIteration) as stopped:
        next(running)
    assert stopped.value.value == "done"
    assert seen == ["sent", error, True]
    running = generator(8)
    next(running)
    running.close()
    assert seen[3:] == [True]
    assert open_modes() == []


@each_mode
def test_decorated_coroutines_and_asynchronous_generators(mode: Any, holds: Any) -> None:
    seen: list[Any] = []

    @mode()
    async def coroutine() -> bool:
        await asyncio.sleep(0)
        return holds()

    @mode()
    async def generator() -> Any:
        try:
            seen.append((yield holds()))
            try:
                yield 7
            except KeyError as error:
                seen.append(error)
            await asyncio.sleep(0)
            yield holds()
        finally:
            await asyncio.sleep(0)
            seen.append(holds())

    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isasyncgenfunction(generator)

    async def beside() -> bool:
        return holds()

    async def main() -> None:
        assert await asyncio.gather(coroutine(), beside(), coroutine()) == [True, False, True]
        running = generator()
        assert await anext(running)
        assert not holds()
        assert await running.asend("sent") == 7
        error = KeyError("thrown")
        assert await running.athrow(error)
        assert not holds()
        with pytest.raises(StopAsyncIteration):
            await anext(running)
        assert seen == ["sent", error, True]
        running = generator()
        await anext(running)
        await running.aclose()
        assert seen[3:] == [True]
        assert [made async for made in generator()] == [True, 7, True]

    asyncio.run(main())
    assert open_modes() == []


def test_decorating_works_without_parentheses_on_methods_and_through_other_decorators() -> None:
    @no_grad
    def bare() -> bool:
        return records()

    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any) -> Any:
            return function(*args)

        return call

    class Net:
        @no_grad()
        def plain(self) -> bool:
            return records()

        @no_grad()
        @staticmethod
        def static() -> bool:
            return records()

        @no_grad()
        @classmethod
        def of_class(cls) -> bool:
            return records()

        @no_grad()
        @logged
        def steps(self) -> Iterator[bool]:
            yield records()

        @no_grad()
        @logged
        async def later(self) -> bool:
            return records()

        @no_grad()
        @logged
        async def stream(self) -> AsyncIterator[bool]:
            yield records()

    net = Net()
    assert not any([bare(), net.plain(), net.static(), net.of_class(), *net.steps()])
    assert not asyncio.run(net.later())

    async def first() -> bool:
        return await anext(net.stream())

    assert not asyncio.run(first())
    assert records()


@pytest.mark.parametrize("given", [Net := type("Net", (), {}), 3.0, False, property(lambda s: s)])
def test_what_is_no_function_is_told(given: Any) -> None:
    with pytest.raises(TypeError, match="this decorates functions and methods, got"):
        no_grad(given)
    with pytest.raises(TypeError, match="this decorates functions and methods, got"):
        detect_anomaly()(given)


# One object in many hands --------------------------------------------------------------------


def test_one_object_is_nested_entered_anew_and_entered_by_hand() -> None:
    block = no_grad()
    for _ in range(2):
        with block:
            with block, block:
                assert not records()
            assert not records()
        assert records()
    block.__enter__()
    block.__enter__()
    block.__exit__(None, None, None)
    assert not records()
    block.__exit__(None, None, None)
    assert records()
    with contextlib.ExitStack() as stack:
        stack.enter_context(block)
        assert not records()
    assert records()
    with pytest.raises(RuntimeError):
        block.__exit__(None, None, None)
    with pytest.raises(RuntimeError, match="left without having been entered"):
        block.leave()


def test_one_object_is_shared_between_threads() -> None:
    block, failures = no_grad(), []

    def work() -> None:
        for _ in range(300):
            with block:
                if records():
                    failures.append("recorded")
            if not records():
                failures.append("did not record")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert open_modes() == []


def test_a_stack_may_be_closed_elsewhere() -> None:
    stack = contextlib.ExitStack()
    stack.enter_context(no_grad())
    contextvars.Context().run(stack.close)
    assert records()


# Ctrl-C --------------------------------------------------------------------------------------


@pytest.mark.parametrize("events", [("line",), ("call",), ("line", "call")], ids=str)
@pytest.mark.parametrize("mode", [no_grad, detect_anomaly])
def test_an_interrupt_at_any_line_leaves_no_mode_on(mode: Any, events: tuple[str, ...]) -> None:
    def run() -> None:
        with mode():
            x * x

    def ours(frame: Any) -> bool:
        return frame.f_globals.get("__name__", "").startswith("autograd")

    total = interrupted(run, 0, ours, events)
    assert total > 5
    for stop in range(1, total + 1):
        interrupted(run, stop, ours, events)
        assert open_modes() == [], stop


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers are POSIX's")
def test_ctrl_c_in_a_tight_loop_leaves_no_mode_on() -> None:
    """Interrupts by a timer of the process, at places that the clock chooses."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    wanted = 20_000 if PROFILE == "long" else 1_000
    left = hits = 0
    earlier = signal.signal(signal.SIGALRM, interrupt)
    try:
        for i in range(wanted):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + 1e-6 * (i % 37))
                while True:
                    with no_grad():
                        pass
            except KeyboardInterrupt:
                hits += 1
            left += bool(open_modes())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, earlier)
    assert (hits, left) == (wanted, 0)
