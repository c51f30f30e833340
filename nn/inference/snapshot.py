"""The contents of a model, so that every change by a call is seen and can be undone.

A compiled model is called once, on placeholders, in place of once for each sample. One that keeps
its outputs on itself, counts its calls or draws random numbers would keep a placeholder, count one
call and draw once; it is left as it was, and whoever compiles decides whether it may be at all.
"""

from __future__ import annotations

import contextlib
import inspect
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import CodeType
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from autograd import Value
from nn.data.schema import SCHEMA
from nn.validation import Array, Floats

# The key under which a model holds its own programs; no part of its computation, and no more are
# the names that it keeps of its data.
PROGRAMS = "_programs"
_BESIDE = (PROGRAMS, SCHEMA)


class Model(Protocol):
    """A module, as the rooms below the one that defines it see it."""

    def __call__(self, inputs: Any) -> Any:
        """Record the result for one sample."""

    def parameters(self) -> list[Value]:
        """Return the parameters in a fixed order."""
        ...

    def predict(self, X: Any) -> Floats:
        """Return the results for many samples."""
        ...

    def _self_contained(self) -> bool:
        """Return whether the results depend on the inputs and the model alone."""
        ...


class _Numbers(NamedTuple):
    """The contents of an array of numbers."""

    shape: tuple[int, ...]
    content: bytes


class Snapshot:
    """The attributes of a model and of all its parts, and the contents of their containers.

    Lists, dicts, sets, deques, tuples and arrays are looked into, and modules in them; other
    objects are what they are.

    Attributes:
        contents: the contents of each place, in order: equal as long as nothing has changed.

    >>> from nn import MLP
    >>> model = MLP([2, 3, 1])
    >>> before = Snapshot(model)
    >>> before.change()
    ''
    >>> model.layers[1].last = [0.5]
    >>> before.change()
    'layers.1.last'
    >>> before.restore()
    >>> hasattr(model.layers[1], "last"), before.change()
    (False, '')
    """

    def __init__(self, model: Model) -> None:
        self.contents: list[Any] = []
        self._places: list[tuple[str, Any]] = []
        self._generators: list[Any] = []
        self._functions: list[Any] = []
        self._states: list[tuple[Any, Any]] = []
        self._walk(model, "", set())

    def watch(self, *functions: Callable[..., Any]) -> None:
        """Note the states of all sources of random numbers that a call may draw from.

        These are NumPy's and Python's own, those that the model holds, and those that its calls
        and some further functions name or hold.

        >>> from nn import MLP
        >>> rng = np.random.default_rng(0)
        >>> before = Snapshot(MLP([2, 1]))
        >>> before.watch(rng.random)
        >>> before.has_drawn()
        False
        >>> first = rng.random()
        >>> before.has_drawn()
        True
        >>> before.restore()
        >>> rng.random() == first
        True
        """
        found = {id(source): source for source in (*_EVERYBODYS, *self._generators)}
        seen: set[int] = set()
        calls = [type(place).__call__ for _, place in self._places if _is_module(place)]
        for function in (*functions, *calls, *self._functions):
            _reach(function, found, seen)
        self._states = [(source, _state(source)) for source in found.values()]

    def has_drawn(self) -> bool:
        """Whether a random number was drawn since `watch`.

        A function that draws a few bits may do the same twice by chance; the state of its source
        is another one.
        """
        return any(str(_state(source)) != str(state) for source, state in self._states)

    def change(self) -> str:
        """Return the name of the first place that holds something else now; "" if none does."""
        for (name, place), copy in zip(self._places, self.contents, strict=True):
            now = _copied(place)
            if not same(now, copy):
                inner = _difference(now, copy)
                return ".".join([part for part in (name, inner) if part]) or "the model"
        return ""

    def restore(self) -> None:
        """Put the contents of every place back, and let every source of random numbers go on so."""
        for (_, place), copy in zip(self._places, self.contents, strict=True):
            if not same(_copied(place), copy):
                _put_back(place, copy)
        for source, state in self._states:
            if isinstance(source, np.random.Generator):
                source.bit_generator.state = state
            elif isinstance(source, np.random.RandomState):
                source.set_state(state)
            else:
                source.setstate(state)

    def _walk(self, x: Any, name: str, seen: set[int]) -> None:
        if id(x) in seen:
            return
        seen.add(id(x))
        if isinstance(x, _GENERATORS):
            self._generators.append(x)
            return
        if inspect.isroutine(x):
            self._functions.append(x)
            return
        copy = _copied(x)
        if copy is not None:
            self._places.append((name, x))
            self.contents.append(copy)
            if isinstance(copy, _Numbers):
                return
        elif isinstance(x, tuple):
            copy = [*cast(tuple[Any, ...], x)]
        else:
            return
        items: Iterable[tuple[Any, Any]]
        if isinstance(copy, dict):
            items = cast(dict[Any, Any], copy).items()
        elif set(map(type, copy)) <= _ENDS:
            return  # the weights of a neuron, most often
        else:
            items = enumerate(copy)
        for key, member in items:
            if member.__class__ not in _ENDS:
                self._walk(member, f"{name}.{key}" if name else str(key), seen)


_ENDS: set[Any] = {Value, float, int, str, bool, type(None)}


def _is_module(x: Any) -> bool:
    # Not `Module` itself: this module is below the one that defines it.
    return hasattr(x.__class__, "named_parameters") and hasattr(x, "__dict__")


def _copied(x: Any) -> Any:
    """Return the contents of a place, copied; None if it is no place."""
    if _is_module(x):
        attributes = cast(dict[str, Any], vars(x))
        return {key: member for key, member in attributes.items() if key not in _BESIDE}
    if isinstance(x, dict | list | set | deque):
        return cast(Any, x).copy()
    if isinstance(x, np.ndarray):
        array = cast(Array, x)
        if array.dtype == object:
            return array.ravel().tolist()
        return None if array.dtype.hasobject else _Numbers(array.shape, array.tobytes())
    return None


def _put_back(place: Any, copy: Any) -> None:
    content: Any = place
    if _is_module(place):
        content = cast(Any, vars(place))
        copy = copy | {key: x for key, x in content.items() if key in _BESIDE}
    if isinstance(copy, _Numbers):
        content[...] = np.frombuffer(copy.content, content.dtype).reshape(copy.shape)
    elif isinstance(place, np.ndarray):
        for i, member in enumerate(copy):
            content.flat[i] = member
    else:
        content.clear()
        (content.extend if isinstance(place, list | deque) else content.update)(copy)


def same(now: Any, before: Any) -> bool:
    """Whether two contents are equal; arrays, which do not say, only if they are the same one.

    >>> same([1.0, "a"], [1.0, "a"]), same([np.ones(2)], [np.ones(2)])
    (True, False)
    """
    try:
        return bool(now == before)
    except (ValueError, TypeError):
        return False


def _difference(now: Any, before: Any) -> str:
    """Return the key at which two contents differ."""
    if not isinstance(now, dict) or not isinstance(before, dict):
        return ""
    new, old = cast(dict[Any, Any], now), cast(dict[Any, Any], before)
    for key in dict.fromkeys((*new, *old)):
        if key not in new or key not in old or not same([new[key]], [old[key]]):
            return str(key)
    return ""


# Random numbers ---------------------------------------------------------------------------------

_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
# The functions of both modules are methods of one object each.
_EVERYBODYS: list[Any] = [getattr(f, "__self__") for f in (np.random.rand, random.getstate)]  # noqa: B009
# The house draws no random numbers in a call.
_OURS = ("autograd", "nn")


def _state(source: Any) -> Any:
    if isinstance(source, np.random.Generator):
        return source.bit_generator.state
    return source.get_state() if isinstance(source, np.random.RandomState) else source.getstate()


def _reach(function: Any, found: dict[int, Any], seen: set[int]) -> None:
    """Add the sources of random numbers that a function names or holds, or those it calls."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, _GENERATORS):  # its own method, as in draw=rng.random
        found[id(owner)] = owner
    function = getattr(function, "__func__", function)
    if not inspect.isfunction(function) or id(function) in seen:
        return
    seen.add(id(function))
    scope = function.__globals__
    reached: list[Any] = []
    if scope.get("__name__", "").partition(".")[0] not in _OURS:
        reached += [scope[name] for name in _names(function.__code__) if name in scope]
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # it is empty yet
            reached.append(cell.cell_contents)
    for x in reached:
        if isinstance(x, _GENERATORS):
            found[id(x)] = x
        else:
            _reach(x, found, seen)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
