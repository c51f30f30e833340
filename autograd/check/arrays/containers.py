"""NumPy's arrays, and dicts, lists and tuples of them, laid into one long vector and back.

What is no array of floats is refused here, with what to write instead; so is a result or gradient
that cannot be one. The function is called with copies, so that the caller's arrays stay.
"""

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from autograd import asked
from autograd.check.arrays.claims import LISTS, NESTS, claimed
from autograd.check.arrays.subject import (
    AnswerError,
    ArraySubject,
    Claimed,
    Floats,
    Index,
    Leaf,
    unit_of,
)
from autograd.check.target import Function, argument_names, name_of

# A vector of more numbers than these does not fit into memory as often as the check needs it.
MOST = 10**8


class NeedsValuesError(TypeError):
    """A function of arrays that only runs on Values, or gives one: its graph is to be checked."""


def has_arrays(x: Any) -> bool:
    """Whether arrays of numbers are among inputs, in lists, tuples and dicts too.

    >>> has_arrays([1.0, {"w": np.zeros(3)}]), has_arrays([1.0, [2.0]])
    (True, False)
    """
    if isinstance(x, np.ndarray):
        return cast(Any, x).dtype != object
    if isinstance(x, dict):
        return any(map(has_arrays, cast(Any, x).values()))
    return isinstance(x, LISTS) and any(map(has_arrays, cast(Any, x)))


def leaves_of(inputs: Sequence[Any], names: Sequence[str]) -> tuple[Leaf, ...]:
    """Return the arrays and numbers among inputs, in order, with their places.

    Raises:
        TypeError: if something among them is neither, or no array of floats.
        ValueError: if there is no number, or a mask.

    >>> [leaf.name for leaf in leaves_of([{"w": np.ones(2), "b": 0.5}], ["layer"])]
    ["layer['w']", "layer['b']"]
    """
    found: list[Leaf] = []
    start = 0
    for k, (x, name) in enumerate(zip(inputs, names, strict=True)):
        for path, y in _members(x, ()):
            full = name + "".join(f"[{key!r}]" for key in path)
            dtype, shape = _kind(y, full)
            unit = unit_of(dtype)
            leaf = Leaf(full, k, path, shape, start, dtype.name, unit, _cast(dtype))
            found.append(leaf)
            start += leaf.size
    if not start:
        raise ValueError("there is nothing to differentiate by: give at least one number")
    if start > MOST:
        raise ValueError(
            f"the inputs have {start:,} numbers, of at most {MOST:,}: check f by a part of them, "
            "lambda part: f(part, rest)"
        )
    return tuple(found)


def _members(x: Any, path: Index) -> Iterator[tuple[Index, Any]]:
    """Yield what stands in a nesting of dicts, lists and tuples, with the keys down to it."""
    if isinstance(x, dict):
        pairs: Any = cast(Any, x).items()
    elif isinstance(x, LISTS):
        pairs = enumerate(cast(Any, x))
    else:
        yield path, x
        return
    for key, y in pairs:
        yield from _members(y, (*path, key))


def _kind(x: Any, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the dtype and the shape of an array or number, or say why it is none of floats."""
    asked.unmasked(name, x)
    if isinstance(x, float | int) and not isinstance(x, bool):
        return np.dtype(np.float64), ()
    if not isinstance(x, np.ndarray | np.generic):
        raise TypeError(
            f"{name} is {x!r:.40}, which has no slope: give arrays and numbers only, and the rest "
            "by a lambda, check_against(lambda x: f(x, rest), ...)"
        )
    array = np.asarray(cast(Any, x))
    if array.dtype.kind == "c":
        raise TypeError(
            f"{name} is an array of {array.dtype}, and slopes are by real numbers: give its real "
            "and its imaginary part as two inputs"
        )
    if array.dtype.kind != "f":
        raise TypeError(
            f"{name} is an array of {array.dtype}, which has no slopes: write {name}.astype(float);"
            " labels, masks and places go into f by a lambda, lambda x: f(x, labels)"
        )
    if array.dtype.itemsize > 8:
        raise TypeError(f"{name} is of {array.dtype}: write {name}.astype(np.float64)")
    return array.dtype, array.shape


def _cast(dtype: np.dtype[Any]) -> Callable[[Floats], Floats]:
    def cast_to(x: Floats) -> Floats:
        return x.astype(dtype).astype(np.float64)

    return cast_to


def rebuilt(x: Any, leaves: Iterator[Leaf], vector: Floats) -> Any:
    """Return a copy of a nesting with the numbers of a long vector, in the kinds of x's."""
    if isinstance(x, dict):
        return {key: rebuilt(y, leaves, vector) for key, y in cast(Any, x).items()}
    if isinstance(x, LISTS):
        parts = [rebuilt(y, leaves, vector) for y in cast(Any, x)]
        kind = cast(Any, type(cast(Any, x)))
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
    leaf = next(leaves)
    part = vector[leaf.part].reshape(leaf.shape)
    array: Any = x
    if isinstance(x, np.ndarray):
        return part.astype(array.dtype)
    number = float(part)
    return array.dtype.type(number) if isinstance(x, np.generic) else number


class _Calls:
    """A function and a gradient of NumPy's arrays, called with copies made from a long vector."""

    def __init__(self, f: Function, gradient: Function, inputs: Sequence[Any]) -> None:
        self.function, self.given, self.inputs = f, gradient, inputs
        self.leaves = leaves_of(inputs, argument_names(f, len(inputs)))
        self.point = np.concatenate(
            [np.ravel(np.asarray(y, dtype=np.float64)) for x in inputs for _, y in _members(x, ())]
        )
        self.changes: set[str] = set()
        self.unwatched = 0
        arguments = self.arguments(self.point)
        try:
            result = self.quietly(f, arguments)
        except (TypeError, AttributeError) as error:
            raise NeedsValuesError(str(error)) from error
        self.note_changes("f", arguments, self.point)
        self.parts = _parts(result, "f")
        self.result = result
        self.unit = max(unit_of(part.dtype) for _, part in self.parts)
        self.here = _laid(self.parts)
        self.weighted = _takes_weights(gradient, len(inputs), result)
        self.asked_gradient = 0

    @staticmethod
    def quietly(function: Function, arguments: Sequence[Any]) -> Any:
        """Call a function, which may well leave its domain a step away from a point."""
        with np.errstate(all="ignore"):
            return function(*arguments)

    def arguments(self, vector: Floats) -> list[Any]:
        """Return the inputs with other numbers: copies, so that those of the caller stay."""
        leaves = iter(self.leaves)
        return [rebuilt(x, leaves, vector) for x in self.inputs]

    def note_changes(self, who: str, arguments: Sequence[Any], vector: Floats) -> None:
        """Keep which of the arrays handed over were changed."""
        after = [y for x in arguments for _, y in _members(x, ())]
        if len(after) != len(self.leaves):
            self.changes.add(f"{who} changes a list or dict that it is given")
            return
        for leaf, y in zip(self.leaves, after, strict=True):
            now = np.ravel(np.asarray(y, dtype=np.float64))
            if not np.array_equal(now, vector[leaf.part], equal_nan=True):
                self.changes.add(f"{who} changes its input {leaf.name} in place")

    def value(self, vector: Floats) -> Floats:
        """Return f's outputs at a point, flat."""
        arguments = self.arguments(vector)
        parts = _parts(self.quietly(self.function, arguments), "f")
        # Each call is watched at first, when changes of a branch show; later ones cost time.
        if self.unwatched < 16:
            self.unwatched += 1
            self.note_changes("f", arguments, vector)
        kinds = [(path, part.shape, part.dtype) for path, part in parts]
        first = [(path, part.shape, part.dtype) for path, part in self.parts]
        if kinds != first:
            raise AnswerError(
                f"f gave {_described(self.parts)} at the inputs and {_described(parts)} at numbers "
                "nearby: its result must have one form"
            )
        return _laid(parts)

    def gradient(self, vector: Floats, weights: Floats) -> Claimed:
        """Return the given gradient at a point, flat."""
        arguments = self.arguments(vector)
        cotangent = [self.cotangent(weights)] if self.weighted else []
        found = self.quietly(self.given, [*arguments, *cotangent])
        self.note_changes("the gradient", arguments, vector)
        return claimed(found, self.inputs, self.leaves)

    def cotangent(self, weights: Floats) -> Any:
        """Return weights of the outputs in the nesting of f's result."""
        start = itertools.accumulate([0, *[part.size for _, part in self.parts]])
        leaves = [
            Leaf("", 0, path, part.shape, at)
            for (path, part), at in zip(self.parts, start, strict=False)
        ]
        return rebuilt(self.result, iter(leaves), weights)

    def output(self, j: int) -> str:
        """Return the name of an output by its number."""
        for path, part in self.parts:
            if j < part.size:
                index = ", ".join(str(k) for k in np.unravel_index(j, part.shape))
                name = "f" + "".join(f"[{key!r}]" for key in path)
                return f"{name}[{index}]" if index else name
            j -= part.size
        return "f"


def numpy_subject(f: Function, gradient: Function, inputs: Sequence[Any]) -> ArraySubject:
    """Return a function of arrays and somebody's gradient of it as a subject.

    Args:
        f: takes the inputs; gives a number, an array, or a nesting of arrays.
        gradient: takes the inputs, and if f gives arrays their weights in the same form; gives
            one array for each array of the inputs, in their nesting.
        inputs: arrays of floats, numbers, and dicts, lists and tuples of them.

    Raises:
        NeedsValuesError: if f does not run on arrays.
        TypeError: if an input has no slopes, or a result or gradient is no array of numbers.
        ValueError: if there is no number among the inputs, or the gradient has another form.

    >>> subject = numpy_subject(np.sum, np.ones_like, (np.ones((2, 3)),))
    >>> subject.here, subject.gradient(subject.point, np.ones(1)).values.tolist()
    (array([6.]), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    """
    calls = _Calls(f, gradient, inputs)
    return ArraySubject(
        title=f"gradients of {name_of(f)}, given",
        leaves=calls.leaves,
        point=calls.point,
        here=calls.here,
        unit=calls.unit,
        value=calls.value,
        gradient=calls.gradient,
        output=calls.output,
        notes=calls.changes,
        scalar=calls.here.size == 1 and not calls.weighted,
        form=calls.parts[0][1].shape if len(calls.parts) == 1 else (),
    )


def _parts(result: Any, who: str) -> list[tuple[Index, Any]]:
    """Return the arrays of a result with their places in it, or say why it has none."""
    found: list[tuple[Index, Any]] = []
    for path, y in _members(result, ()):
        if type(y).__name__ == "Value" and hasattr(y, "backward"):
            raise NeedsValuesError("f gives Values")
        if y is None:
            raise AnswerError(f"{who} returned None: return a number or an array of floats")
        asked.unmasked(f"the result of {who}", y)
        array = np.asarray(y)
        if array.dtype.kind == "c":
            raise AnswerError(
                f"{who} returned {array.dtype}: return a real number, such as (z.real**2 + "
                "z.imag**2).sum()"
            )
        if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
            raise AnswerError(f"{who} returned {y!r:.60}: return a number or an array of floats")
        found.append((path, array if array.dtype.kind == "f" else array.astype(np.float64)))
    if not sum(part.size for _, part in found):
        raise AnswerError(f"{who} returned no number: {result!r:.60}")
    return found


def _laid(parts: list[tuple[Index, Any]]) -> Floats:
    return np.concatenate([np.ravel(part).astype(np.float64) for _, part in parts])


def _described(parts: list[tuple[Index, Any]]) -> str:
    kinds = [f"{part.dtype} of the shape {part.shape}" for _, part in parts]
    return " and ".join(kinds)


def _takes_weights(gradient: Function, count: int, result: Any) -> bool:
    """Whether a gradient takes the weights of f's outputs after the inputs."""
    is_number = not isinstance(result, NESTS) and not np.ndim(result)
    try:
        parameters = list(inspect.signature(gradient).parameters.values())
    except (TypeError, ValueError):
        return not is_number
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = sum(p.default is p.empty for p in places)
    many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if needed == count + 1:
        return True
    if is_number:
        return False
    one = np.size(result) == 1 if not isinstance(result, NESTS) else False
    if len(places) > count or many:
        return not one or len(places) > count
    if not one:
        form = "arrays" if isinstance(result, NESTS) else f"the shape {np.shape(result)}"
        raise TypeError(
            f"f gives {form}, so its gradient takes the weights of the outputs after the inputs: "
            "write def gradient(x, weights): return weights @ jacobian"
        )
    return False
