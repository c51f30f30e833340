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


# Parameters that shift what the others have weighed.
_SHIFTS = frozenset({"bias", "shift"})


def families(model: Holder, parameters: Sequence[Value]) -> dict[str, list[int]]:
    """Return where the weights of each part of a model stand among its parameters.

    A part is a layer, whichever its neurons; biases and other shifts are left out.

    Args:
        model: the model.
        parameters: what `gather` finds in it.

    >>> from nn import MLP
    >>> model = MLP([2, 2, 1])
    >>> families(model, model.parameters())
    {'layers.0': [0, 1, 3, 4], 'layers.1': [6, 7]}
    """
    rows: list[tuple[str, Sequence[Value]]] = []
    _find_rows(model, (), set(), rows)
    found: dict[str, list[int]] = {}
    # Where nothing is shared they stand in that order, and need not be looked up one by one.
    if sum([len(values) for _, values in rows]) == len(parameters):
        at = 0
        for family, values in rows:
            found.setdefault(family, []).extend(range(at, at + len(values)))
            at += len(values)
    else:
        places = {value: i for i, value in enumerate(parameters)}
        for family, values in rows:
            known = found.setdefault(family, [])
            known += [places.pop(value) for value in values if value in places]
    found.pop("", None)
    return {family: places for family, places in found.items() if places}


def _find_rows(
    x: Any, path: tuple[str, ...], seen: set[int], rows: list[tuple[str, Sequence[Value]]]
) -> None:
    """Append the leaves in x to `rows`, many at once, each time with whose weights they are."""
    inner = _inner(x, seen)
    keys: Iterable[Any] = range(len(inner))
    if not inner:
        return
    if isinstance(x, Holder | Mapping):
        keys = cast(Iterable[Any], vars(x) if isinstance(x, Holder) else x)
    elif set(map(type, inner)) == {Value} and not any(map(_OPERATION, inner)):
        rows.append((_family(path), cast(Sequence[Value], inner)))
        return
    for key, member in zip(keys, inner, strict=True):
        kind = member.__class__
        if kind is Value and member.op is None:
            rows.append((_family((*path, str(key))), [member]))
        elif kind is not Value and kind not in _ENDS:
            _find_rows(member, (*path, str(key)), seen, rows)


def _family(path: Sequence[str]) -> str:
    """Return whose weights stand at the end of a path; "" for what is none.

    >>> _family(["layers", "0", "neurons", "2", "weights"]), _family(["norm", "gain"])
    ('layers.0', 'norm.gain')
    >>> _family(["neurons", "2", "bias"]), _family(["weights", "1"]), _family(["rows", "0"])
    ('', 'weights', 'rows')
    """
    parts = [*path]
    while len(parts) > 1 and parts[-1].isdigit():
        parts.pop()
    kind = parts.pop()
    if kind in _SHIFTS:
        return ""
    if len(parts) > 1 and parts[-1].isdigit() and parts[-2] == "neurons":
        del parts[-2:]
    return ".".join(parts if parts and kind == "weights" else [*parts, kind])


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
