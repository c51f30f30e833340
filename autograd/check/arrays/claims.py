"""Somebody's gradient read: one array for each of the inputs, in their nesting, laid flat.

What has another form is refused with what is probably to be done to it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from autograd import asked
from autograd.check.arrays.subject import Claimed, Leaf, unit_of

LISTS = (list, tuple)
NESTS = (list, tuple, dict)


def claimed(found: Any, inputs: Sequence[Any], leaves: Sequence[Leaf]) -> Claimed:
    """Return somebody's gradient laid flat, or say in which form it is to be.

    >>> from autograd.check.arrays.containers import leaves_of
    >>> x, w = np.ones((2, 3)), np.ones(3)
    >>> claimed((x, w.tolist()), (x, w), leaves_of((x, w), "xw")).values.shape
    (9,)
    """
    wanted: Any = list(inputs)
    if len(inputs) == 1:
        alone = isinstance(inputs[0], NESTS)
        wrapped = isinstance(found, LISTS) and len(cast(Any, found)) == 1
        # A list of one array for one array; a list of numbers is an array.
        if wrapped and not alone and np.ndim(cast(Any, found)[0]):
            found = cast(Any, found)[0]
        wanted = inputs[0]
    if isinstance(found, np.ndarray) and len(inputs) > 1:
        found = [*cast(Any, found)]
    names = iter(leaves)
    parts = list(_read(found, wanted, names, "the gradient"))
    values = [np.ravel(part).astype(np.float64) for part in parts]
    units = [unit_of(part.dtype) if part.dtype.kind == "f" else 2.0**-53 for part in parts]
    return Claimed(np.concatenate(values), tuple(units))


def _read(found: Any, like: Any, leaves: Iterator[Leaf], name: str) -> Iterator[Any]:
    """Yield the arrays of a gradient in the order of the inputs' own."""
    if isinstance(like, NESTS):
        held = _held(found, like, name)
        keys: Any = cast(Any, like) if isinstance(like, dict) else range(len(cast(Any, like)))
        for key in keys:
            yield from _read(held[key], cast(Any, like)[key], leaves, f"{name}[{key!r}]")
        return
    leaf = next(leaves)
    if found is None:
        raise TypeError(
            f"the gradient of {leaf.name} is None: return zeros of its shape where f does not "
            "depend on it"
        )
    asked.unmasked(f"the gradient of {leaf.name}", found)
    try:
        array = np.asarray(found)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind == "c":
        raise TypeError(f"the gradient of {leaf.name} is complex: return its real numbers")
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise TypeError(
            f"the gradient of {leaf.name} is {found!r:.60}: return an array of floats of the "
            f"shape {leaf.shape}"
        )
    if array.shape != leaf.shape and not (array.size == 1 and not leaf.shape):
        raise ValueError(
            f"the gradient of {leaf.name} has the shape {array.shape}, and {leaf.name} has "
            f"{leaf.shape}{_advice(array.shape, leaf.shape)}"
        )
    yield array


def _held(found: Any, like: Any, name: str) -> Any:
    """Return a container of gradients that fits one of inputs, or say which would."""
    if isinstance(like, dict):
        keys = list(cast(Any, like))
        if not isinstance(found, dict) or set(cast(Any, found)) != set(keys):
            given = f"is {found!r:.60}"
            if isinstance(found, dict):
                given = f"has the keys {list(cast(Any, found))}"
            raise ValueError(f"{name} {given}: return a dict with the keys {keys}")
        return cast(Any, found)
    count = len(like)
    if not isinstance(found, LISTS):
        given = "None" if found is None else f"one {type(found).__name__}"
        raise (TypeError if found is None else ValueError)(
            f"{name} is {given} for {count} inputs: return a tuple with one gradient for each"
        )
    if len(cast(Any, found)) != count:
        raise ValueError(
            f"{name} has {len(cast(Any, found))} part(s) for {count} input(s): return one gradient "
            "for each, in their order"
        )
    return cast(Any, found)


def _advice(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Return what is probably to be done to an array of a wrong shape."""
    extra = len(given) - len(wanted)
    full = (1,) * extra + wanted if extra >= 0 else wanted
    axes = [k for k, (a, b) in enumerate(zip(given, full, strict=False)) if a != b or k < extra]
    if extra >= 0 and axes and all(full[k] == 1 for k in axes):
        over = axes[0] if len(axes) == 1 else tuple(axes)
        kept = "" if all(k < extra for k in axes) else ", keepdims=True"
        return f": was its sum over axis {over} forgotten, .sum(axis={over}{kept})?"
    if len(given) > 1 and given == wanted[::-1]:
        return ": is it transposed? Write .T"
    if np.prod(given) == np.prod(wanted):
        return f": write .reshape{wanted}"
    return ": return one number for each of its entries"
