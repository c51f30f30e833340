"""What is checked, and where: a function with its inputs laid flat and named, or a model's loss.

A subject can be recorded at its own point and at points nearby; each recording starts from fresh
leaves, and what belongs to the user (gradients, a model's parameters) is put back afterwards.
"""

# pyright: reportPrivateUsage=false
# A parameter is moved and put back without a new birth number, which only its slot allows.

import contextlib
import inspect
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Protocol, cast

import numpy as np

from autograd import asked
from autograd.engine.number import number
from autograd.engine.value import Value
from autograd.transforms.trees import placed, rebuilt

Function = Callable[..., Any]


class Subject(Protocol):
    """Something with named numbers to differentiate by, that can be recorded."""

    title: str
    names: list[str]
    point: list[float]

    def at(self, point: Sequence[float]) -> contextlib.AbstractContextManager[Any]:
        """Record at a point: gives the result, a Value or a number, and the leaves in order."""
        ...


def flatten(x: Any, name: str = "x") -> Iterator[tuple[str, float]]:
    """Yield the numbers of a nested list in order, each with its name.

    >>> list(flatten([1.0, [2.0, 3.0]], "w"))
    [('w[0]', 1.0), ('w[1][0]', 2.0), ('w[1][1]', 3.0)]
    """
    for place, y in placed(x, name):
        yield (y.label or place, y.data) if isinstance(y, Value) else (place, number(y))


def argument_names(f: Function, count: int) -> list[str]:
    """Return the names of f's first arguments; x1, x2, ... where it does not tell.

    >>> argument_names(lambda a, b: a, 2), argument_names(lambda *xs: xs, 2)
    (['a', 'b'], ['x1', 'x2'])
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [
        p.name
        for p in parameters
        if p.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ]
    # The functions of the table name their operands x and y, which is as good as a position.
    numbered = ["x"] if count == 1 else [f"x{i + 1}" for i in range(count)]
    return [*named[:count], *numbered[len(named) :]]


class FunctionSubject:
    """A function of numbers and nested lists of numbers."""

    def __init__(self, f: Function, inputs: Sequence[Any]) -> None:
        asked.function("the check", f)
        self.function = f
        self.inputs = inputs
        self.title = f"gradients of {name_of(f)}"
        pairs = [
            pair
            for x, name in zip(inputs, argument_names(f, len(inputs)), strict=True)
            for pair in flatten(x, name)
        ]
        self.names = [name for name, _ in pairs]
        self.point = [x for _, x in pairs]

    @contextlib.contextmanager
    def at(self, point: Sequence[float]) -> Generator[tuple[Any, list[Value]]]:
        """Record the function at a point, with fresh leaves."""
        leaves = [Value(x, name) for x, name in zip(point, self.names, strict=True)]
        flat = iter(leaves)
        yield self.function(*[rebuilt(x, flat) for x in self.inputs]), leaves

    def numbers(self, point: Sequence[float]) -> list[Any]:
        """Return the arguments of the function as plain numbers, in their nesting."""
        flat = iter(point)
        return [rebuilt(x, flat) for x in self.inputs]

    def value(self, point: Sequence[float]) -> float:
        """Return the function's value at a point, from plain numbers or, if need be, Values."""
        try:
            z = self.function(*self.numbers(point))
        except (TypeError, AttributeError):
            with self.at(point) as (z, _):
                pass
        z = result_of(z)
        return z.data if isinstance(z, Value) else z

    def places(self) -> list[tuple[int, tuple[Any, ...]]]:
        """Return for each number the number of the input that it is in, and where in that."""
        return [(k, index) for k, x in enumerate(self.inputs) for index in _indices(x)]

    def along(self, i: int) -> Callable[[float], float]:
        """Return the function of one number of its inputs; nan where it raises."""

        def value(x: float) -> float:
            point = list(self.point)
            point[i] = x
            try:
                return self.value(point)
            except (ArithmeticError, ValueError, LookupError):
                return math.nan

        return value


def _indices(x: Any) -> Iterator[tuple[Any, ...]]:
    """Yield where the numbers of a nested argument stand in it, in order."""
    if isinstance(x, np.ndarray):
        x = cast(Any, x).tolist()
    if isinstance(x, dict):
        members = cast(Any, x).items()
    elif isinstance(x, list | tuple):
        members = enumerate(cast(Any, x))
    else:
        yield ()
        return
    for key, y in members:
        for index in _indices(y):
            yield (key, *index)


class ModuleSubject:
    """The loss of a model as a function of its parameters."""

    def __init__(self, model: Any, loss: Callable[[], Any]) -> None:
        if not callable(getattr(model, "named_parameters", None)):
            raise TypeError(
                f"check_module takes a model with named_parameters(), such as a Module, got "
                f"{model!r:.60}"
            )
        self.loss = loss
        self.title = f"gradients of {type(model).__name__}"
        pairs: list[tuple[str, Value]] = [*model.named_parameters()]
        self.names = [name for name, _ in pairs]
        self.leaves = [parameter for _, parameter in pairs]
        self.point = [parameter.data for parameter in self.leaves]

    @contextlib.contextmanager
    def at(self, point: Sequence[float]) -> Generator[tuple[Any, list[Value]]]:
        """Record the loss with the parameters moved to a point; they are put back at the end."""
        before = [leaf._number for leaf in self.leaves]
        try:
            for leaf, x in zip(self.leaves, point, strict=True):
                leaf._number = x
            yield self.loss(), self.leaves
        finally:
            for leaf, x in zip(self.leaves, before, strict=True):
                leaf._number = x


def name_of(f: Function) -> str:
    """Return what a report calls a function."""
    name = getattr(f, "__qualname__", "") or type(f).__name__
    return "a function" if "<lambda>" in name else name.split("<locals>.")[-1]


def result_of(z: Any) -> Value | float:
    """Return the result of a subject, or say that it is not one number.

    What has one element, however nested, is a number.

    >>> result_of(np.array([[2.5]]))
    2.5
    """
    while isinstance(z, list | tuple | np.ndarray):
        nested = cast(Any, z)
        elements: list[Any] = [*(nested.ravel() if isinstance(z, np.ndarray) else nested)]
        if len(elements) != 1:
            break
        (z,) = elements
    if isinstance(z, Value):
        return z
    try:
        return number(cast(object, z))
    except TypeError as error:
        raise TypeError(f"the function must return one Value or number: {error}") from None
