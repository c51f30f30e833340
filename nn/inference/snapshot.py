"""What a model holds, so that what a call of it changes is seen and can be undone.

A compiled model is called once, on placeholders, in place of once for each sample. One that keeps
its outputs on itself, or counts its calls, would keep a placeholder and count one call; it is left
as it was, and whoever compiles decides whether it may be compiled at all.
"""

from __future__ import annotations

import gc
import inspect
import random
from collections import deque
from collections.abc import Iterable, Iterator
from types import CellType, CodeType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import numpy as np

from autograd import Value
from nn.validation import Array

if TYPE_CHECKING:
    from nn.module import Module

# What a model's own programs are kept under in it; no part of what the model computes.
PROGRAMS = "_programs"

# A dict, list, set or deque, or what stands in an array of numbers.
_Copy: TypeAlias = Any

_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


class _Numbers(NamedTuple):
    """What stands in an array of numbers."""

    shape: tuple[int, ...]
    content: bytes


class Draws:
    """Whether random numbers are drawn: by NumPy's and Python's own sources, and known ones.

    A function that draws a few bits may do the same twice by chance; the state of its source is
    another one.

    Args:
        generators: known sources.
        functions: whose names and closures are looked through for further ones.

    >>> rng = np.random.default_rng(0)
    >>> draws = Draws([rng], [])
    >>> draws.any()
    False
    >>> first = rng.random()
    >>> draws.any()
    True
    >>> draws.restore()
    >>> rng.random() == first
    True
    """

    def __init__(self, generators: Iterable[Any], functions: Iterable[Any]) -> None:
        found: dict[int, Any] = {id(source): source for source in generators}
        seen: set[int] = set()
        for function in functions:
            _reached(function, found, seen)
        self._sources = [(source, _state(source)) for source in (np.random, random)]
        self._sources += [(source, _state(source)) for source in found.values()]

    def any(self) -> bool:
        """Whether a number was drawn since."""
        return any(str(_state(source)) != str(state) for source, state in self._sources)

    def restore(self) -> None:
        """Let every source go on as if none had been."""
        for source, state in self._sources:
            if isinstance(source, np.random.Generator):
                source.bit_generator.state = state
            elif isinstance(source, np.random.RandomState) or source is np.random:
                source.set_state(state)
            else:
                source.setstate(state)


def _state(source: Any) -> Any:
    if isinstance(source, np.random.Generator):
        return source.bit_generator.state
    if isinstance(source, np.random.RandomState) or source is np.random:
        return cast(Any, source).get_state()
    return source.getstate()


def _reached(function: Any, found: dict[int, Any], seen: set[int]) -> None:
    """Add the sources of random numbers that a function names or holds, and what it calls."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, _GENERATORS):  # its own method, as in draw=rng.random
        found[id(owner)] = owner
    function = getattr(function, "__func__", function)
    if not inspect.isfunction(function) or id(function) in seen:
        return
    seen.add(id(function))
    scope = function.__globals__
    if scope.get("__name__", "").partition(".")[0] in _OURS:
        reached: list[Any] = []  # the house draws no random numbers in a call
    else:
        reached = [scope[name] for name in _names(function.__code__) if name in scope]
    reached += [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    for x in reached:
        if isinstance(x, _GENERATORS):
            found[id(x)] = x
        else:
            _reached(x, found, seen)


_OURS = ("autograd", "nn")


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_filled(cell: CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


class Held:
    """The attributes of a model and of all its parts, and what stands in their containers.

    Lists, dicts, sets, deques, tuples and arrays are looked into, and modules in them; other
    objects are what they are.

    Attributes:
        generators: the sources of random numbers among them.
        functions: the functions and methods among them.

    >>> from nn import MLP
    >>> model = MLP([2, 3, 1])
    >>> held = Held(model)
    >>> held.change()
    ''
    >>> model.layers[1].last = [0.5]
    >>> held.change()
    'layers.1.last'
    >>> held.restore()
    >>> hasattr(model.layers[1], "last"), held.change()
    (False, '')
    """

    def __init__(self, model: Module) -> None:
        self._found: list[tuple[str, Any, _Copy]] = []
        self.generators: list[Any] = []
        self.functions: list[Any] = []
        self._walk(model, "", set())

    @property
    def modules(self) -> list[Any]:
        """The model and its parts."""
        return [place for _, place, _ in self._found if _is_module(place)]

    @property
    def contents(self) -> list[_Copy]:
        """What stands in each place, in order: equal as long as nothing has changed."""
        return [copy for _, _, copy in self._found]

    def change(self) -> str:
        """Return the name of the first place that holds something else now; "" if none does."""
        for name, place, copy in self._found:
            now = _copied(place)
            if not same(now, copy):
                inner = _difference(now, copy)
                return ".".join([part for part in (name, inner) if part]) or "the model"
        return ""

    def restore(self) -> None:
        """Put back what stood in every place."""
        for _, place, copy in self._found:
            if not same(_copied(place), copy):
                _put_back(place, copy)

    def _walk(self, x: Any, name: str, seen: set[int]) -> None:
        if id(x) in seen:
            return
        seen.add(id(x))
        if isinstance(x, _GENERATORS):
            self.generators.append(x)
            return
        if inspect.isroutine(x):
            self.functions.append(x)
            return
        copy = _copied(x)
        if copy is not None:
            self._found.append((name, x, copy))
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


def _copied(x: Any) -> _Copy | None:
    """Return what stands in a place: its contents, copied; None if it is no place."""
    if _is_module(x):
        attributes = cast(dict[str, Any], vars(x))
        return {key: member for key, member in attributes.items() if key != PROGRAMS}
    if isinstance(x, dict | list | set | deque):
        return cast(Any, x).copy()
    if isinstance(x, np.ndarray):
        array = cast(Array, x)
        if array.dtype == object:
            return array.ravel().tolist()
        return None if array.dtype.hasobject else _Numbers(array.shape, array.tobytes())
    return None


def _is_module(x: Any) -> bool:
    # Not `Module` itself: this module is below the one that defines it.
    return hasattr(x.__class__, "named_parameters") and hasattr(x, "__dict__")


def _put_back(place: Any, copy: Any) -> None:
    if isinstance(place, np.ndarray):
        array = cast(Array, place)
        if isinstance(copy, _Numbers):
            array[...] = np.frombuffer(copy.content, array.dtype).reshape(copy.shape)
            return
        for i, member in enumerate(copy):
            array.flat[i] = member
        return
    if isinstance(place, dict | set):
        kept = cast(Any, place)
        kept.clear()
        kept.update(copy)
    elif isinstance(place, list | deque):
        row = cast(list[Any], place)
        row.clear()
        row.extend(copy)
    else:
        attributes = cast(dict[str, Any], vars(place))
        own = {PROGRAMS: attributes[PROGRAMS]} if PROGRAMS in attributes else {}
        attributes.clear()
        attributes.update(copy | own)


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


def is_alive(kind: Any) -> bool:
    """Whether anything still holds an instance of a class, such as the placeholders of a trace.

    >>> class Mark:
    ...     pass
    >>> kept = [Mark()]
    >>> is_alive(Mark)
    True
    >>> kept.clear()
    >>> is_alive(Mark)
    False
    """

    def found() -> bool:
        return any(type(x) is kind for x in gc.get_referrers(kind))

    # Again without what only holds itself, such as a function defined inside a function.
    return found() and bool(gc.collect() or True) and found()
