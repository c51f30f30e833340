"""The parts of a module: the Values and modules that are found by looking at its attributes.

Names follow the way there, as in `layers.0.neurons.2.weights.3`. Lists, tuples, dicts and object
arrays are looked into; other objects are what they are.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import FunctionType
from typing import Any, cast

import numpy as np

from autograd import Value
from nn.validation import Array


class Holder:
    """The base of `Module`: an object whose attributes are looked at for parts."""


# A union written in the loop would be made anew for each of a network's 400,000 parameters.
_PARTS = (Value, Holder)


def members(x: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield the Values and modules that a module holds itself, with their names.

    `seen` keeps a container that holds itself, or stands in two places, from being visited twice.
    """
    items: Iterable[tuple[Any, Any]]
    if isinstance(x, Holder):
        items = vars(x).items()
    elif isinstance(x, Mapping):
        items = cast(Mapping[Any, Any], x).items()
    elif isinstance(x, list | tuple):
        items = enumerate(cast(Sequence[Any], x))
    elif isinstance(x, np.ndarray) and cast(Array, x).dtype == object:
        items = enumerate(cast(list[Any], cast(Array, x).tolist()))
    else:
        return
    if id(cast(Any, x)) in seen:
        return
    seen.add(id(cast(Any, x)))
    for key, member in items:
        inner = f"{name}.{key}" if name else str(key)
        if isinstance(member, _PARTS):
            yield inner, member
        else:
            yield from members(member, inner, seen)


def collect(model: Holder, prefix: str, seen: set[int], found: list[tuple[str, Value]]) -> None:
    """Append the parameters of `model` that are not in `seen`, which holds all that was met."""
    seen.add(id(model))
    for name, member in members(model, "", set()):
        if id(member) in seen:
            continue
        if isinstance(member, Holder):
            collect(member, f"{prefix}{name}.", seen, found)
        elif member.op is None:
            seen.add(id(member))
            found.append((prefix + name, member))


def gather(x: Any, seen: set[int], found: dict[Value, None]) -> None:
    """Add the parameters in x as `collect` does, without their names: in a tenth of the time.

    Hand-written loops call `zero_grad` at every step.
    """
    inner = _inner(x, seen)
    # A neuron's weights, all of them leaves, at once; a dict keeps the first place of each.
    if set(map(type, inner)) == {Value} and not any(map(_OPERATION, inner)):
        found.update(dict.fromkeys(inner))
        return
    for member in inner:
        kind = member.__class__
        if kind is Value:
            if member.op is None:
                found[member] = None
        elif kind not in _ENDS:
            gather(member, seen, found)


_OPERATION = attrgetter("op")
_ENDS: set[Any] = {Value, float, int, str, bool, type(None), FunctionType}


def modules_of(x: Any) -> list[Any]:
    """Return a module and all modules in it, each once, in the order of their parameters.

    >>> from nn import MLP
    >>> [type(part).__name__ for part in modules_of(MLP([2, 1]))]
    ['MLP', 'Layer', 'Neuron']
    """
    found: list[Any] = []
    _modules(x, set(), found)
    return found


def _modules(x: Any, seen: set[int], found: list[Any]) -> None:
    inner = _inner(x, seen)
    if isinstance(x, Holder):
        found.append(x)
    if set(map(type, inner)) <= _ENDS:  # the weights of a neuron, most often
        return
    for member in inner:
        if type(member) not in _ENDS and id(member) not in seen:
            _modules(member, seen, found)


def _inner(x: Any, seen: set[int]) -> Collection[Any]:
    """Return the members of a module or container that is not in `seen` yet; else nothing."""
    inner: Collection[Any]
    if isinstance(x, Holder):
        inner = vars(x).values()
    elif isinstance(x, Mapping):
        inner = cast(Mapping[Any, Any], x).values()
    elif isinstance(x, list | tuple):
        inner = cast(Sequence[Any], x)
    elif isinstance(x, np.ndarray) and cast(Array, x).dtype == object:
        inner = cast(list[Any], cast(Array, x).tolist())
    else:
        return ()
    if id(cast(Any, x)) in seen:
        return ()
    seen.add(id(cast(Any, x)))
    return inner
