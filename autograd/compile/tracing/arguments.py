"""Arguments and results of a program: their kinds and shapes, and their numbers laid flat.

All arguments are arrays, whose first axis counts the samples, or all are plain numbers and nested
lists, which are one sample. Parameters are Values, or a model that names its own.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from autograd import asked
from autograd.compile.tracing.trace import Shape
from autograd.engine.number import number
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.transforms.trees import LISTS, NESTS, flat


def named(parameters: Any) -> tuple[list[Value], list[str]]:
    """Return parameters and their names, from a model or a sequence of Values.

    Raises:
        TypeError: if something is no Value.
        ValueError: if a Value was computed, or stands there twice.

    >>> named([Value(1.0, "w"), Value(2.0)])[1]
    ['w', 'parameter 1']
    """
    if hasattr(parameters, "named_parameters"):
        pairs: list[tuple[str, Any]] = list(parameters.named_parameters())
    else:
        if isinstance(parameters, Value):
            raise TypeError("parameters is a model or a list of Values: write [w]")
        given = asked.iterable("compile", parameters, "a model or a list of Values as parameters")
        pairs = [(getattr(p, "label", "") or f"parameter {i}", p) for i, p in enumerate(given)]
    for name, p in pairs:
        if isinstance(p, Value) and p.op is None:
            continue
        if not isinstance(p, Value):
            raise TypeError(f"parameters is a model or a list of Values; {name} is {p!r:.60}")
        if p.op is not None:
            raise ValueError(
                f"the parameter {name} was computed ({p.op}), so it cannot be set: give the "
                "Values it came from, or p.detach()"
            )
    values = [p for _, p in pairs]
    if len(set(values)) < len(values):
        raise ValueError("a Value stands among the parameters twice: give each once")
    return values, [name for name, _ in pairs]


def is_array(x: Any) -> bool:
    """Whether an argument is an array of samples; one without axes is a number."""
    return isinstance(x, np.ndarray) and cast(Any, x).ndim > 0


def flat_samples(arguments: Sequence[Any]) -> tuple[list[Any], tuple[Shape, ...], int]:
    """Return arrays as (batch, width) each, the shapes of one sample, and the number of samples.

    Raises:
        TypeError: if an array holds no numbers.
        ValueError: if some argument is no array or masked, there are no samples, or the arguments
            differ in their number.
        OverflowError: for numbers of NumPy's wider floats beyond the largest float.

    >>> flat, shapes, batch = flat_samples([np.zeros((5, 2, 3)), np.ones(5)])
    >>> [x.shape for x in flat], shapes, batch
    ([(5, 6), (5, 1)], ((2, 3), ()), 5)
    """
    for place, x in enumerate(arguments):
        if not is_array(x):
            raise ValueError(
                "give all arguments as arrays with the samples along the first axis, or all as "
                f"plain numbers and lists for one sample; argument {place} is {x!r:.40}"
            )
        asked.unmasked(f"argument {place}", x)
    counts = {x.shape[0] for x in arguments}
    if len(counts) > 1:
        raise ValueError(
            "the arguments' first axes count the samples and differ: "
            f"{[x.shape for x in arguments]}"
        )
    batch = counts.pop()
    if not batch:
        raise ValueError("the batch has no samples: the first axis of the arguments is 0 long")
    for place, x in enumerate(arguments):
        if x.dtype.kind not in "iuf":
            _refuse_nodes(place, x.ravel().tolist())
            raise TypeError(
                f"argument {place} is an array of {x.dtype}: programs take numbers; write "
                "array.astype(float)"
            )
        if x.dtype.char == "g":
            with np.errstate(over="ignore"):
                lost = np.isinf(x.astype(np.float64)) & ~np.isinf(x)
            if lost.any():
                raise OverflowError(
                    f"argument {place} holds a number beyond the largest float, 1.8e308: scale it, "
                    "or write math.inf if infinity is meant"
                )
    shapes = tuple([x.shape[1:] for x in arguments])
    return [x.reshape(batch, -1) for x in arguments], shapes, batch


def flat_sample(arguments: Sequence[Any]) -> list[list[float]]:
    """Return the numbers of one sample, a list for each argument.

    Raises:
        TypeError: if something is no number.

    >>> flat_sample([2, [[1.0, 3.0]]])
    [[2.0], [1.0, 3.0]]
    """
    try:
        return [[number(_item(y)) for y in flat(x, LISTS)] for x in arguments]
    except (TypeError, TraceError):
        for place, x in enumerate(arguments):
            _refuse_nodes(place, flat(x, LISTS))
        raise


def _refuse_nodes(place: int, elements: Sequence[Any]) -> None:
    """Say what to call where a program is given nodes of a graph, which it is no part of."""
    for x in elements:
        if hasattr(x.__class__, "__apply__"):
            raise TypeError(
                f"argument {place} holds {x!r:.60}, and programs take numbers: for derivatives "
                "write program.value_and_grad(x), or compile(grad(f)) with the f that this is made "
                "of; in a graph or in another program, call that f"
            ) from None


def _item(x: Any) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    array = cast(Any, x)
    asked.unmasked("an argument", array)
    if array.size != 1:
        raise TypeError(
            f"an argument is a list of arrays, of shape {array.shape} and others: a batch is one "
            "array with the samples along the first axis; write np.stack(xs, axis=1)"
        )
    return array.item()


def shape_of(x: Any) -> Shape:
    """Return the shape of a number or of nested lists.

    Raises:
        ValueError: if parts of a list differ in length.

    >>> shape_of(1.0), shape_of([[1.0, 2.0, 3.0]])
    ((), (1, 3))
    """
    if not isinstance(x, list | tuple):
        return ()
    elements = cast(Sequence[Any], x)
    shapes = {shape_of(y) for y in elements}
    if len(shapes) > 1:
        raise ValueError(f"a nested list has parts of different lengths: {x!r:.60}")
    return (len(elements), *(shapes.pop() if shapes else ()))


def checked_shape(shape: Any) -> Shape:
    """Return the shape of one argument as a tuple of counts, or say what is wrong with it."""
    if isinstance(shape, tuple | list):
        lengths: list[Any] = [*cast(Sequence[Any], shape)]
        if all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in lengths):
            return tuple(lengths)
    raise ValueError(
        f"a shape is a tuple of counts, () for a number and (3,) for a list of three; got {shape!r}"
    )


def is_flat(nest: Any) -> bool:
    """Return whether a list or tuple holds no others."""
    return isinstance(nest, LISTS) and not _holds_nests(nest)


def _holds_nests(nest: Any) -> bool:
    return any(isinstance(x, NESTS) for x in nest)


def arrays_of(nest: Any, columns: Iterator[Any]) -> Any:
    """Return columns as an array for each number, list of numbers, or list of lists of one length.

    >>> arrays_of([[None, None], [None, None]], iter(np.zeros((4, 7)))).shape
    (7, 2, 2)
    >>> value, slopes = arrays_of((None, [None, None]), iter(np.zeros((3, 7))))
    >>> value.shape, slopes.shape
    ((7,), (7, 2))
    """
    if isinstance(nest, dict):
        return {key: arrays_of(x, columns) for key, x in cast(Any, nest).items()}
    if not isinstance(nest, NESTS):
        return next(columns).copy()
    if isinstance(nest, np.ndarray):
        nest = cast(Any, nest).tolist()
    shape: tuple[int, ...] | None = None
    if isinstance(nest, list) or not _holds_nests(nest):
        with contextlib.suppress(ValueError):  # parts of different lengths
            shape = shape_of(nest)
    members = list(cast(Any, nest))
    if shape is None or any(isinstance(x, dict | tuple) for x in members):
        parts = [arrays_of(x, columns) for x in members]
        kind: Any = cast(Any, nest).__class__
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
    taken = [next(columns) for _ in range(math.prod(shape))]
    return np.stack(taken, axis=-1).reshape(-1, *shape)
