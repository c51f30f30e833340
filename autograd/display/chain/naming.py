"""`name_locals`: labels from the names that a program has for its Values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from autograd import asked
from autograd.engine.value import Value

# The variables of IPython itself, which hold every result under names that nobody gave.
_NOTEBOOK = frozenset({"In", "Out", "exit", "quit", "get_ipython"})
_DEEPEST = 8


def name_locals(variables: Mapping[str, Any], *, overwrite: bool = False) -> dict[str, Value]:
    """Label Values by the names they have in a program: ``name_locals(locals())``.

    A Value `x` is labelled x; those in lists, tuples and arrays xs[0], W[1][0]; in dicts
    d['rate']; the parameters of a model net as the model names them, net.bias. A Value of several
    names gets the first. Names that begin with an underscore, which notebooks use for results,
    are passed over.

    Args:
        variables: things by their names, as `locals()`, `globals()` and `vars(x)` give them.
        overwrite: whether Values that have a label get a new one.

    Returns:
        The Values labelled now, by their labels, in the order of the variables.

    Raises:
        TypeError: if `variables` is no mapping from names.

    >>> w, xs = Value(0.5), [Value(1.0), Value(2.0, "two")]
    >>> name_locals({"w": w, "xs": xs})
    {'w': Value(0.5, label='w'), 'xs[0]': Value(1.0, label='xs[0]')}
    >>> sorted(name_locals({"w": w, "xs": xs}, overwrite=True))
    ['w', 'xs[0]', 'xs[1]']
    """
    if not isinstance(variables, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"expected names and what they stand for, got {type(variables).__name__}: "
            "write name_locals(locals())"
        )
    asked.flag("overwrite", overwrite)
    named: dict[str, Value] = {}
    met: set[Value] = set()
    for name, thing in list(variables.items()):
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"names are text, got {name!r:.60}: write name_locals(locals())")
        if name.startswith("_") or name in _NOTEBOOK:
            continue
        for label, value in _values(name, thing, ()):
            if value in met:
                continue
            met.add(value)
            if overwrite or not value.label:
                value.label = label
                named[label] = value
    return named


def _values(name: str, thing: Any, inside: tuple[Any, ...]) -> Iterator[tuple[str, Value]]:
    """Yield the Values in something, each with the expression that reaches it."""
    if isinstance(thing, Value):
        yield name, thing
        return
    if isinstance(thing, type) or len(inside) >= _DEEPEST or any(thing is x for x in inside):
        return
    inside = (*inside, thing)
    if isinstance(thing, np.ndarray):
        array: Any = thing  # pyright: ignore[reportUnknownVariableType]
        thing = list(array) if array.dtype == object and array.ndim else []
    if isinstance(thing, list | tuple):
        for i, x in enumerate(thing):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _values(f"{name}[{i}]", x, inside)
    elif isinstance(thing, dict):
        for key, x in list(thing.items()):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            if isinstance(key, str | int):
                yield from _values(f"{name}[{key!r}]", x, inside)
    else:
        parameters: Callable[[], Any] | None = getattr(thing, "named_parameters", None)
        if callable(parameters):
            for own, value in parameters():
                yield f"{name}.{own}", value
