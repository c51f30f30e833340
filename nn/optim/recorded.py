"""An optimiser's step as operations that are taken on the arrays of other libraries.

Its own `move` is called at each step, with the numbers of that step for the rate and the count of
moves, on stand-ins for the arrays, which note what is done to them. The operations stay the same
from step to step and can be compiled; the numbers in them are handed over. No rule is written
again, and one of a user's is as good as ours.
"""

# pyright: reportPrivateUsage=false
# An optimiser is asked for what users need not know.

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd import Value
from nn.optim.base import Optimizer, array_step
from nn.validation import Array

# An operand: a value by its place, a number by its place among the numbers, or a whole number.
_VALUE, _NUMBER, _WHOLE = "value", "number", "whole"
# Functions other than ufuncs, all of which reduce whole arrays but the first.
_FUNCTIONS = ("where", "sum", "dot")
# Takes an operation's name and its operands, arrays and numbers of a library, to its result.
Apply: TypeAlias = Callable[[str, Sequence[Any]], Any]


class NotFollowedError(TypeError):
    """A step does something that has no counterpart on other arrays."""


@dataclass(frozen=True, slots=True)
class StepRule:
    """How some numbers move, as operations.

    Attributes:
        operations: each a name and its operands.
        places: of the parameters and their memory among the values, after the last of them.
    """

    operations: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    places: tuple[int, ...]

    @property
    def is_elementwise(self) -> bool:
        """Whether each number moves by its own slope and memory alone."""
        return not any(name in _FUNCTIONS[1:] for name, _ in self.operations)

    def applied(self, apply: Apply, numbers: Any, arrays: Sequence[Any]) -> list[Any]:
        """Return the parameters and their memory after the step.

        Args:
            apply: takes an operation on the library's arrays.
            numbers: those of the step, one after another.
            arrays: the parameters, their slopes, and what is remembered of them.
        """
        values = [*arrays]
        kinds: dict[str, Any] = {_VALUE: values, _NUMBER: numbers}
        for name, operands in self.operations:
            given = [x if kind == _WHOLE else kinds[kind][x] for kind, x in operands]
            values.append(apply(name, given))
        return [values[place] for place in self.places]


class _Book:
    """What is noted of one call of `move`."""

    def __init__(self, numbers: list[float]) -> None:
        self.operations: list[Any] = []
        self.numbers = numbers
        self.values = 0

    def new(self) -> int:
        self.values += 1
        return self.values - 1

    def noted(self, name: str, operands: Sequence[Any]) -> int:
        """Note an operation; return the place of its result."""
        self.operations.append((name, tuple([self._operand(x) for x in operands])))
        return self.new()

    def _operand(self, x: Any) -> tuple[str, int]:
        if x.__class__ is _Recorded:
            if x.place is None:
                raise NotFollowedError("an array is read before it was written")
            return _VALUE, x.place
        if isinstance(x, float):
            self.numbers.append(x)
            return _NUMBER, len(self.numbers) - 1
        if isinstance(x, int):
            return _WHOLE, x
        raise NotFollowedError(f"it computes with {x!r:.60}")


class _Recorded(NDArrayOperatorsMixin):
    """Stands for an array, and notes what is done to it."""

    __slots__ = ("book", "count", "place")
    dtype = np.dtype(np.float64)
    ndim = 1

    def __init__(self, book: _Book, count: int, place: int | None) -> None:
        self.book, self.count, self.place = book, count, place

    def __len__(self) -> int:
        return self.count

    @property
    def shape(self) -> tuple[int]:
        return (self.count,)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **more: Any):
        if method != "__call__" or more or ufunc.nout != 1:
            raise NotFollowedError(f"it calls np.{ufunc.__name__}.{method} with {[*more]}")
        place = self.book.noted(ufunc.__name__, inputs)
        if out is None:
            return _Recorded(self.book, self.count, place)
        (target,) = out
        if target.__class__ is not _Recorded:
            raise NotFollowedError("it writes into an array of its own")
        target.place = place
        return target

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function.__name__ not in _FUNCTIONS or kwargs:
            raise NotFollowedError(f"it calls np.{function.__name__}")
        return _Recorded(self.book, self.count, self.book.noted(function.__name__, args))

    # Most of a rule is these, and the mixin takes three times as long for them.

    def __iadd__(self, other: Any) -> "_Recorded":
        self.place = self.book.noted("add", (self, other))
        return self

    def __isub__(self, other: Any) -> "_Recorded":
        self.place = self.book.noted("subtract", (self, other))
        return self

    def __imul__(self, other: Any) -> "_Recorded":
        self.place = self.book.noted("multiply", (self, other))
        return self

    def __itruediv__(self, other: Any) -> "_Recorded":
        self.place = self.book.noted("divide", (self, other))
        return self

    def __bool__(self) -> bool:
        raise NotFollowedError("it asks for a number of an array")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotFollowedError("it makes an array of its own")


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Parameters that have moved equally often.

    Attributes:
        own: their places among the optimiser's parameters; None for all.
        there: their places among the model's; None for all, in order.
    """

    own: Array | None
    there: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class StepThere:
    """One step of an optimiser, to be taken elsewhere.

    Attributes:
        key: what a program of it depends on; steps with the same key differ in their numbers alone.
        rules: how each group moves.
        numbers: those of this step: the most of a value and of a norm, and those of the rules.
        groups: the parameters that move.
        is_whole: whether all do, alike and in order.
    """

    key: tuple[Any, ...]
    rules: Sequence[StepRule]
    numbers: list[float]
    groups: Sequence[Together]
    is_whole: bool

    @property
    def is_clipped(self) -> bool:
        """Whether values of the gradient are clipped."""
        return self.key[0]

    @property
    def is_shortened(self) -> bool:
        """Whether the gradient is shortened."""
        return self.key[1]


class Followed:
    """An optimiser whose steps are taken elsewhere.

    Args:
        optimizer: the optimiser.
        parameters: the model's, in order; the optimiser holds some or all of them.
        reached: which of them have a gradient.

    Attributes:
        optimizer: the optimiser.

    Raises:
        NotFollowedError: if its steps are not made by a `move` that can be followed.
    """

    def __init__(self, optimizer: Any, parameters: list[Value], reached: Array) -> None:
        if (
            not isinstance(optimizer, Optimizer)
            or array_step(optimizer) is None
            or getattr(type(optimizer), "step_array", None) is not Optimizer.step_array
        ):
            raise NotFollowedError("it has a step of its own")
        self.optimizer = optimizer
        place = {p: i for i, p in enumerate(parameters)}
        if not place.keys() >= set(optimizer.parameters):
            raise NotFollowedError("it moves parameters that are not the model's")
        there = np.array([place[p] for p in optimizer.parameters])
        own = reached[there]
        self._moved = None if own.all() else own
        is_ordered = len(there) == len(parameters) and bool((there == np.arange(len(there))).all())
        self._is_whole = is_ordered and self._moved is None and optimizer._counts is None
        self._groups: list[Together] = []
        self._firsts: list[int | None] = []
        for _, places in optimizer._groups(self._moved):
            index = None if places is None else np.flatnonzero(places)
            self._firsts.append(None if index is None else int(index[0]))
            some = there if index is None else there[index]
            self._groups.append(Together(index, None if is_ordered and index is None else some))
        self._where = tuple([(_bytes(group.own), _bytes(group.there)) for group in self._groups])
        # Rules of ours depend on these alone, so that what they gave for them they give again.
        self._is_ours = type(optimizer).move.__module__.startswith("nn.optim.")
        self._known: tuple[Any, ...] = ()
        self._step: StepThere | None = None

    def next(self) -> StepThere:
        """Return the optimiser's next step, by a call of its rule.

        Raises:
            NotFollowedError: if the rule does what has no counterpart elsewhere.
        """
        optimizer, counts = self.optimizer, self.optimizer._counts
        rate = optimizer.lr
        clips = optimizer.clip_value, optimizer.clip_norm
        done = [
            optimizer.steps if counts is None or first is None else int(counts[first])
            for first in self._firsts
        ]
        known: tuple[Any, ...] = ()
        if self._is_ours:
            options = [getattr(optimizer, name) for name in optimizer.options]
            known = (rate, *clips, *options, *(done if optimizer.counted else ()))
            if known == self._known and self._step is not None:
                return self._step
        numbers = [0.0 if most is None else most for most in clips]
        rules: list[StepRule] = []
        room = optimizer._room
        try:
            for group, n in zip(self._groups, done, strict=True):
                optimizer.moves = n + 1
                count = len(optimizer.parameters if group.own is None else group.own)
                rules.append(self._recorded(rate, count, numbers))
        finally:
            optimizer._room = room
        key = (clips[0] is not None, clips[1] is not None, tuple(rules), self._where)
        if self._step is not None and key == self._step.key:
            key = self._step.key  # the same one is found in less time
        self._known = known
        self._step = StepThere(key, key[2], numbers, self._groups, self._is_whole)
        return self._step

    def _recorded(self, rate: float, count: int, numbers: list[float]) -> StepRule:
        optimizer, book = self.optimizer, _Book(numbers)
        arrays = [_Recorded(book, count, book.new()) for _ in range(2 + len(optimizer.remembered))]
        optimizer._room = cast(Any, _Recorded(book, count, None))
        try:
            optimizer.move(rate, *cast(Any, arrays))
        except NotFollowedError:
            raise
        except (AttributeError, TypeError, ValueError, IndexError) as error:
            raise NotFollowedError(str(error)) from error
        there = [x.place for x in (arrays[0], *arrays[2:])]
        return StepRule(tuple(book.operations), tuple(cast(list[int], there)))

    def done(self) -> None:
        """Note that the step was taken."""
        self.optimizer._count(self._moved)

    def counted(self) -> tuple[int, Array | None]:
        """Return how many steps were taken, and by which parameters."""
        counts = self.optimizer._counts
        return self.optimizer.steps, None if counts is None else counts.copy()

    def recount(self, counted: tuple[int, Array | None]) -> None:
        """Go back to what `counted` returned."""
        self.optimizer.steps, self.optimizer._counts = counted

    # What is remembered -------------------------------------------------------------------------

    def memory(self) -> list[Array]:
        """Return what the optimiser remembers, an array for each name."""
        return [self.optimizer._array(name) for name in self.optimizer.remembered]

    def remember(self, memory: Sequence[Array]) -> None:
        """Let the optimiser remember what came of it elsewhere."""
        for name, array in zip(self.optimizer.remembered, memory, strict=True):
            setattr(self.optimizer, name, array)


def _bytes(index: Array | None) -> bytes | None:
    return None if index is None else index.tobytes()
