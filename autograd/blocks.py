"""Blocks that hold from the entrance of a `with` to its exit, for whoever runs inside.

A block is open while its lock is held. What Python calls at the end of a `with` is the lock's own
`__exit__`, one call into C: Ctrl-C comes before it or after, and never leaves open what was left.
Taking closed blocks out of the lists is done by whoever looks next.

A block entered while a generator runs is the generator's: it holds while the generator is on the
stack, in whatever thread or task, and not while it is paused. Every other block is the context's
(`contextvars`): tasks and `asyncio.to_thread` begin with a copy of it, plain threads with an empty
one.
"""

# pyright: reportPrivateUsage=false
# What drives a generator in contextlib has no public name.

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
import threading
import types
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE
_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
# A generator that contextlib drives enters its blocks for the `with` of whoever uses it.
_drivers: list[Any] = [
    vars(contextlib._GeneratorContextManager)["__enter__"],
    vars(contextlib._AsyncGeneratorContextManager)["__aenter__"],
]
_DRIVERS = [function.__code__ for function in _drivers]

_WRAPPERS: tuple[Any, ...] = (staticmethod, classmethod)


class Turn:
    """A lock for what one thread does at a time: again inside itself, and free in forked children.

    Attributes:
        lock: the lock.
    """

    def __init__(self, at_fork: Callable[[], object] = lambda: None) -> None:
        self.lock = threading.RLock()
        self._at_fork = at_fork
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def run(self, function: Callable[[bool, Any, Any], object], x: Any, y: Any) -> None:
        """Call function(is_inside, x, y) in turn, told whether this thread was inside already."""
        lock: Any = self.lock
        is_inside = lock._is_owned()
        with lock:
            function(is_inside, x, y)

    def _forked(self) -> None:
        """Free the lock if it was another thread's, which is not here to give it back."""
        if not cast(Any, self.lock)._is_owned():
            self.lock = threading.RLock()
            self._at_fork()


class Entry:
    """One entrance of a block.

    Attributes:
        block: what was entered.
        lock: held until the exit.
        is_open: whether it is held.
        frame: of the generator whose block it is; None if it is the context's.
    """

    __slots__ = ("block", "frame", "is_open", "lock")

    def __init__(self, block: Block, lock: Any, frame: types.FrameType | None) -> None:
        self.block = block
        self.lock = lock
        self.is_open: Callable[[], bool] = lock.locked
        self.frame = frame


class Blocks:
    """The open blocks of one purpose.

    Attributes:
        opened: all that are open anywhere, and some that no longer are: false if there is none.
    """

    def __init__(self, name: str) -> None:
        self.opened: list[Entry] = []
        self._of_generators: list[Entry] = []
        self._here: ContextVar[tuple[Entry, ...]] = ContextVar(name, default=())

    def open(self, entry: Entry) -> None:
        """Let an entry hold; its lock decides whether it does, so the order does not matter."""
        self.opened.append(entry)
        if entry.frame is not None:
            self._of_generators.append(entry)
        else:
            self._here.set((*[e for e in self._here.get() if e.is_open()], entry))

    def standing(self) -> Sequence[Entry]:
        """Return the entries that hold where this is called, the innermost first."""
        entries = self._here.get()
        if len(entries) == 1 and not self._of_generators and entries[0].is_open():
            return entries
        here = [entry for entry in reversed(entries) if entry.is_open()]
        if not self._of_generators:
            if not here:
                self.sweep()
            return here
        running: dict[Any, list[Entry]] = {}
        for entry in reversed(self._of_generators[:]):
            # A frame that is paused has nothing behind it.
            if entry.is_open() and entry.frame is not None and entry.frame.f_back is not None:
                running.setdefault(entry.frame, []).append(entry)
        found: list[Entry] = []
        frame: Any = sys._getframe(1)
        while running and frame is not None:
            if here and frame.f_code.co_flags & _COROUTINE:
                # A task that runs inside a generator, by `asyncio.run`.
                found, here = found + here, []
            found += running.pop(frame, ())
            frame = frame.f_back
        found += here
        if not found:
            self.sweep()
        return found

    def sweep(self) -> None:
        """Forget what is no longer open."""
        for entries in (self.opened, self._of_generators):
            for entry in entries[:]:
                if not entry.is_open():
                    # Another thread may have been quicker.
                    with contextlib.suppress(ValueError):
                        entries.remove(entry)


class _Exit:
    """What a `with` finds for its end: the `__exit__` of a lock made for this one entrance.

    Python looks for it just before it calls `__enter__`, which takes that lock. Where the block has
    been entered already, and not left, the end is asked for by hand, or for a nested entrance of
    the same object: that end looks for the last entrance.
    """

    def __get__(self, block: Block | None, owner: type[Block]) -> Any:
        if block is None:
            return owner.leave
        if block.entries():
            return block.leave
        lock = threading.Lock()
        block.coming.setdefault(threading.get_ident(), []).append(lock)
        return lock.__exit__


class Block:
    """A context manager and a decorator; one object may be nested, entered anew and shared.

    Args:
        among: the blocks of its purpose.
        kind: what it does, for whoever asks for the blocks that stand.

    >>> blocks = Blocks("example")
    >>> with Block(blocks, "quiet"):
    ...     [entry.block.kind for entry in blocks.standing()]
    ['quiet']
    >>> blocks.standing(), blocks.opened
    ([], [])
    """

    __slots__ = ("among", "coming", "kind")

    def __init__(self, among: Blocks, kind: Any) -> None:
        self.among = among
        self.kind = kind
        # Locks that a `with` of a thread has found for its end and not entered by yet.
        self.coming: dict[int, list[Any]] = {}

    def __enter__(self) -> Any:
        return self.enter(None)

    __exit__: Any = _Exit()

    def enter(self, given: Any) -> Any:
        """Enter and return what is given."""
        coming = self.coming.get(threading.get_ident())
        lock = coming.pop() if coming else threading.Lock()
        try:
            self.among.open(Entry(self, lock, _running_generator()))
            lock.acquire()
            return given
        except BaseException:
            # Ctrl-C on the way in: no `with` will come to its end.
            if lock.locked():
                lock.release()
            raise

    def entries(self) -> list[Entry]:
        """Return the entrances of this very block that hold here, the innermost first."""
        if not self.among.opened:
            return []
        return [entry for entry in self.among.standing() if entry.block is self]

    def leave(self, *_: object) -> None:
        """Leave by the last entrance of this block: of this context, or else of any.

        Raises:
            RuntimeError: if there is none.
        """
        opened = reversed(self.among.opened)
        found = self.entries() or [e for e in opened if e.block is self and e.is_open()]
        if not found:
            raise RuntimeError("the block is left without having been entered")
        found[0].lock.release()

    def close(self) -> None:
        """Leave by every entrance of this block, as after an interrupt between a `with` and it."""
        for entry in self.among.opened[:]:
            if entry.block is self and entry.is_open():
                entry.lock.release()

    def again(self) -> Block:
        """Return another such block."""
        return Block(self.among, self.kind)

    # As a decorator -----------------------------------------------------------------------------

    def __call__(self, function: F) -> F:
        """Return a function that runs inside such a block, of the same kind as the one given.

        The body of a generator or of a coroutine runs inside it, too; its caller does not.

        Raises:
            TypeError: for what is no function.
        """
        given: Any = function
        wrapper: Any = next((kind for kind in _WRAPPERS if isinstance(given, kind)), None)
        if wrapper is not None:
            return wrapper(self(given.__func__))
        if isinstance(given, type) or not callable(given):
            raise TypeError(f"this decorates functions and methods, got {given!r:.60}")
        if inspect.isasyncgenfunction(given):
            return cast(F, self._async_generator(given))
        if inspect.isgeneratorfunction(given):
            return cast(F, self._generator(given))
        if inspect.iscoroutinefunction(given):
            return cast(F, self._coroutine(given))
        return cast(F, self._function(given))

    def _function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **keywords: Any) -> Any:
            with self.again():
                result: Any = function(*args, **keywords)
            # What a function returns may be a body that has not begun, as where another decorator
            # stands between.
            kind: Any = result.__class__
            if kind is types.GeneratorType and inspect.getgeneratorstate(result) == "GEN_CREATED":
                return self._generator(lambda: result)()
            if kind is types.CoroutineType and inspect.getcoroutinestate(result) == "CORO_CREATED":
                return self._coroutine(lambda: result)()
            if kind is types.AsyncGeneratorType:
                return self._async_generator(lambda: result)()
            return result

        return inside

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **keywords: Any) -> Any:
            # Not `yield from`: it would close the body while this frame is not on the stack.
            with self.again():
                body = function(*args, **keywords)
                step: Any = next
                given: Any = (body,)
                while True:
                    try:
                        made = step(*given)
                    except StopIteration as end:
                        return end.value
                    try:
                        step, given = body.send, ((yield made),)
                    except GeneratorExit:
                        body.close()
                        raise
                    except BaseException as error:
                        step, given = body.throw, (error,)

        return inside

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def inside(*args: Any, **keywords: Any) -> Any:
            with self.again():
                return await function(*args, **keywords)

        return inside

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def inside(*args: Any, **keywords: Any) -> Any:
            with self.again():
                body = function(*args, **keywords)
                step = body.__anext__()
                while True:
                    try:
                        made = await step
                    except StopAsyncIteration:
                        return
                    try:
                        step = body.asend((yield made))
                    except GeneratorExit:
                        await body.aclose()
                        raise
                    except BaseException as error:
                        step = body.athrow(error)

        return inside


def _running_generator() -> types.FrameType | None:
    """Return the frame of the generator that is running; None if none is, or a task inside it."""
    frame: Any = sys._getframe(1)
    in_coroutine = False
    while frame is not None:
        flags = frame.f_code.co_flags
        driver = frame.f_back
        if flags & _COROUTINE:
            in_coroutine = True
        elif flags & _GENERATOR:
            if driver is None or driver.f_code not in _DRIVERS:
                return frame
        elif in_coroutine:
            return None
        frame = driver
    return None
