"""A call of JAX as a function of one long vector: the numbers in its pytrees, laid flat.

The numbers are of the kinds that JAX makes of them: with x64 off, as it is at first, float64
arrays are taken as float32, and the flag stays as it is.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.asked import library
from autograd.check.arrays.subject import Claimed, Floats, Index
from autograd.check.fronts import BackwardError, NoRuleError, first_line
from autograd.check.target import FunctionSubject, argument_names


@dataclass(frozen=True, slots=True, eq=False)
class Portion:
    """An array of a call, and where it stands.

    Attributes:
        name: as a report writes it.
        argument: the number of the input that it is in.
        path: the keys from that input down to it.
        array: its numbers, as JAX takes them.
        place: its number among all that the inputs hold.
        start: where its numbers begin in the long vector.
    """

    name: str
    argument: int
    path: Index
    array: Any
    place: int
    start: int


@dataclass(eq=False)
class TreeCall:
    """A function with the pytrees that it is called with.

    Args:
        function: what is called.
        inputs: what with.

    Raises:
        TypeError: if it cannot be called, or if no input can be differentiated by.
    """

    function: Callable[..., Any]
    inputs: Sequence[Any]
    title: str = ""
    parts: list[Portion] = field(default_factory=list[Portion])

    def __post_init__(self) -> None:
        jax: Any = library("jax")
        if not callable(self.function):
            raise TypeError(f"check takes a function, got {self.function!r:.60}")
        self.title = self.title or FunctionSubject(self.function, ()).title
        names = argument_names(_plain(self.function), len(self.inputs))
        self._tree = jax.tree_util.tree_structure(tuple(self.inputs))
        self._all: list[Any] = []
        start = 0
        for argument, (name, x) in enumerate(zip(names, self.inputs, strict=True)):
            for path, leaf in jax.tree_util.tree_flatten_with_path(x)[0]:
                full = f"{name}{jax.tree_util.keystr(path)}"
                array = _array(full, leaf)
                # What is put in place of this at each call needs no copy.
                self._all.append(leaf if array is None or not array.size else None)
                if array is None or not array.size:
                    continue
                keys = tuple([_key(key) for key in path])
                place = len(self._all) - 1
                self.parts.append(Portion(full, argument, keys, array, place, start))
                start += array.size
        self.size = start
        if not self.parts:
            raise TypeError(
                "no input is of floats, which alone have a derivative: give the function arrays "
                "of floats, such as jax.numpy.ones(3)"
            )

    def point(self) -> Floats:
        """Return the numbers of the arrays as one long vector."""
        return np.concatenate([flat(part.array) for part in self.parts])

    def leaves(self, point: Floats) -> list[Any]:
        """Return the arrays that hold a point, or rows of points."""
        jnp: Any = library("jax", "jax.numpy")
        rows = point.shape[:-1]
        found: list[Any] = []
        for part in self.parts:
            numbers = point[..., part.start : part.start + part.array.size]
            shaped = numbers.reshape((*rows, *part.array.shape))
            found.append(jnp.asarray(shaped.astype(part.array.dtype)))
        return found

    def run(self, *leaves: Any) -> list[Any]:
        """Call the function and return its outputs of floats.

        Raises:
            TypeError: if there is none.
        """
        return [array for _, array in self.named(leaves)]

    def named(self, leaves: Sequence[Any]) -> list[tuple[str, Any]]:
        """Call the function and return its outputs of floats, each with its name."""
        jax: Any = library("jax")
        # Copies, as a call may be given its arrays for good: donate_argnums.
        values = [x.copy() if isinstance(x, jax.Array) else x for x in self._all]
        for part, leaf in zip(self.parts, leaves, strict=True):
            values[part.place] = leaf
        result = self.function(*jax.tree_util.tree_unflatten(self._tree, values))
        return _outputs(result)


def _plain(function: Any) -> Any:
    """Return the function that a custom_jvp or custom_vjp wraps, for the names of its arguments."""
    return inspect.unwrap(function) if callable(function) else function


def _key(key: Any) -> Any:
    for name in ("key", "idx", "name"):
        if hasattr(key, name):
            return getattr(key, name)
    return str(key)


def flat(array: Any) -> Floats:
    """Return the numbers of an array of JAX, flat, as float64."""
    return np.asarray(array).astype(np.float64).reshape(-1)


def _array(name: str, leaf: Any) -> Any:
    """Return what JAX makes of a number or an array of floats; None of anything else.

    Raises:
        TypeError: if it is complex.
    """
    jnp: Any = library("jax", "jax.numpy")
    kind = getattr(leaf, "dtype", None)
    if isinstance(leaf, complex) or (kind is not None and jnp.issubdtype(kind, np.complexfloating)):
        raise TypeError(
            f"{name} is complex: a check takes real numbers, give the function the real and the "
            "imaginary part and put them together inside"
        )
    is_float = isinstance(leaf, float) or (kind is not None and jnp.issubdtype(kind, jnp.floating))
    return jnp.asarray(leaf) if is_float else None


def _outputs(result: Any) -> list[tuple[str, Any]]:
    jax: Any = library("jax")
    jnp: Any = library("jax", "jax.numpy")
    found: list[tuple[str, Any]] = []
    kinds: list[str] = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(result)[0]:
        name = f"output{jax.tree_util.keystr(path)}"
        kind = getattr(leaf, "dtype", None)
        if kind is None:
            kinds.append(type(leaf).__name__)
            continue
        if jnp.issubdtype(kind, jnp.complexfloating):
            raise TypeError(
                f"the function returns complex numbers ({name}): a check takes real ones, return "
                "the real and the imaginary part"
            )
        kinds.append(str(kind))
        if jnp.issubdtype(kind, jnp.floating):
            found.append((name, leaf))
    if found:
        return found
    if result is None:
        raise TypeError("the function returns None: is a return missing?")
    raise TypeError(
        f"the function must return arrays of floats, got {', '.join(sorted(set(kinds))) or 'none'}"
    )


def unit(dtype: Any) -> float:
    """Return the largest relative error of rounding to a kind of numbers."""
    return 0.5 * float(library("jax", "jax.numpy").finfo(dtype).eps)


# What JAX says of an operation that it has no derivative of.
_NO_RULE = ("ifferentiation rule for", "ifferentiation does not work for")


def _called(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function of JAX gives, its complaints about a rule as a BackwardError."""
    try:
        return function(*args)
    except (TypeError, ValueError, NotImplementedError, ArithmeticError, LookupError) as error:
        if any(said in str(error) for said in _NO_RULE):
            raise NoRuleError(f"JAX says: {first_line(error)}") from error
        raise BackwardError(f"{type(error).__name__}: {first_line(error)}") from error


# An evaluation that takes longer than so many seconds is compiled, if it can be.
_SLOW = 3e-3

# So many rows at least: JAX compiles its operations for each number of rows anew, 0.1 s each time.
_ROWS = 16


class TreeValues:
    """The values and the gradients of a call.

    Operation by operation, a call needs no compiling, and property tests make thousands of calls of
    few evaluations each. What is slow that way, a loop above all, is compiled once, and so is what
    is called a thousand times, where something is wrong.
    """

    def __init__(self, call: TreeCall) -> None:
        self.call = call
        self.jax: Any = library("jax")
        point = call.point()
        self.first = [flat(x) for x in call.run(*call.leaves(point))]
        leaves = call.leaves(point)
        started = time.thread_time()
        again = [flat(x) for x in call.run(*leaves)]
        self._slow = time.thread_time() - started > _SLOW
        # What draws numbers of its own would draw them once and for all.
        self._same = all(map(_same, self.first, again))
        self._run: Callable[..., Any] = call.run
        self._pull: Callable[..., Any] = self._pulled
        self._often: Callable[..., Any] | None = None
        if self._slow and self._same:
            self._compile(call.leaves(point))

    def _compile(self, leaves: Sequence[Any]) -> None:
        run, pull = self.jax.jit(self.call.run), self.jax.jit(self._pulled)
        try:
            first = [flat(x) for x in run(*leaves)]
        except Exception:  # it branches on numbers, or takes a part where they are positive
            return
        self._run, self.first = run, first
        try:
            pull(leaves, np.ones(len(self.here)))
        except Exception:  # a rule alone may do so; if it cannot run at all, it will be told
            return
        self._pull = pull

    @property
    def here(self) -> Floats:
        """The outputs at the point, flat."""
        return np.concatenate(self.first)

    def value(self, point: Floats) -> Floats:
        """Return the outputs at a point, flat."""
        return np.concatenate([flat(x) for x in self._run(*self.call.leaves(point))])

    def often(self, point: Floats) -> Floats:
        """Return the outputs at a point, flat, as one of a thousand: compiled, if that can be."""
        if self._often is None:
            self._often = self._compiled_alike(point) or self._run
        return np.concatenate([flat(x) for x in self._often(*self.call.leaves(point))])

    def _compiled_alike(self, point: Floats) -> Callable[..., Any] | None:
        """Return the function compiled; None where it has been tried, or gives other numbers."""
        if self._slow or not self._same:
            return None
        run = self.jax.jit(self.call.run)
        try:
            found = np.concatenate([flat(x) for x in run(*self.call.leaves(point))])
        except Exception:  # it branches on numbers
            return None
        alike = np.allclose(found, self.value(point), rtol=1e-3, atol=0.0, equal_nan=True)
        return run if alike else None

    def batch(self, points: Floats) -> Floats:
        """Return the outputs at rows of points, as rows."""
        count = max(1 if self._slow else _ROWS, 1 << (len(points) - 1).bit_length())
        padded = np.concatenate([points, np.repeat(points[-1:], count - len(points), axis=0)])
        found = self.jax.vmap(self._run)(*self.call.leaves(padded))
        rows = [flat(x).reshape(count, -1)[: len(points)] for x in found]
        return np.concatenate(rows, axis=1)

    def gradient(self, point: Floats, weights: Floats) -> Claimed:
        """Return the claimed gradient of the weighted sum of the outputs."""
        return self._claimed(_called(self._pull, self.call.leaves(point), weights))

    def _pulled(self, leaves: Sequence[Any], weights: Any) -> Sequence[Any]:
        """Return the gradients of a weighted sum of the outputs, by each of the leaves."""
        found, pull = self.jax.vjp(self.call.run, *leaves)
        return pull(shared(found, weights))

    def _claimed(self, grads: Sequence[Any]) -> Claimed:
        units = tuple([unit(part.array.dtype) for part in self.call.parts])
        return Claimed(np.concatenate([flat(grad) for grad in grads]), units)

    def slopes(self, point: Floats, weights: Floats) -> Floats:
        """Return the gradient at a point, as the values of the function of order 2."""
        return self.gradient(point, weights).values

    def second(self, point: Floats, weights: Floats, others: Floats) -> Claimed:
        """Return the claimed gradient of a weighted sum of the entries of the gradient."""

        def grads(*leaves: Any) -> list[Any]:
            return list(self._pull(leaves, weights))

        def twice(*leaves: Any) -> Any:
            found, pull = self.jax.vjp(grads, *leaves)
            return pull(shared(found, others))

        return self._claimed(_called(twice, *self.call.leaves(point)))


def _same(a: Floats, b: Floats) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def shared(arrays: Sequence[Any], weights: Any) -> list[Any]:
    """Return weights in the shapes and kinds of arrays."""
    found: list[Any] = []
    start = 0
    for array in arrays:
        part = weights[start : start + array.size]
        start += array.size
        found.append(part.reshape(array.shape).astype(array.dtype))
    return found
