"""What optimisers have in common: steps on Values or on one array, clipping, a state to write.

A subclass says in `move` how numbers move, once for both kinds of step. All that one needs to go on
after the process has ended is in `state_dict`, as JSON takes it.
"""

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Value
from nn import schedules
from nn.optim import state
from nn.optim.state import check_option
from nn.spellings import OPTIMIZER, lacking
from nn.validation import Array, Floats, real

Rate: TypeAlias = float | Callable[[int], float]
Bools: TypeAlias = NDArray[np.bool_]
# Of numbers, their slopes, which may be overwritten, and which of them move; None for all.
ArrayStep: TypeAlias = Callable[[Floats, Floats, Bools | None], object]

# How many numbers are moved at a time: they and what is remembered stay in the processor's cache.
_BLOCK = 2**17
_NOTHING = np.zeros(0)

NO_GRADIENT = (
    "no parameter has a gradient, so nothing would move: call loss.backward() first, on a loss "
    "that depends on them, and zero_grad() before that, not between"
)


@lacking(OPTIMIZER)
class Optimizer:
    """The common ground of optimisers: parameters, a rate, steps on Values or on one array.

    A subclass says in `move` how numbers move, once for both kinds of step.

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule: one of `nn.schedules`, or any function of the step's
            number n = 0, 1, 2, ... that returns γ_n.
        clip_value: the most that a gradient by one parameter counts for, up or down; None for
            as much as it is.
        clip_norm: the most that the gradient by all parameters is long: a longer one is made
            shorter and keeps its direction, after `clip_value`; None for as long as it is.

    Attributes:
        parameters: the Values, in order.
        steps: the number of steps taken.
        options: the names of the further arguments.
        remembered: the names of the attributes with a number for each parameter, 0 at the start,
            in the order of `move`.
        counted: whether `move` asks for `moves`.
        moves: in `move`, how often these numbers have moved, this time included: the t of papers.
            It is `steps` + 1 but for parameters that had no gradient at some steps.

    Raises:
        TypeError: if parameters are not Values, or a number is none.
        ValueError: if there are none, one was computed from others or stands there twice, or a
            number is out of its range; from `step` if the schedule returns one that is.

    >>> class SignDescent(Optimizer):
    ...     def move(self, rate, numbers, slopes):
    ...         numbers -= rate * np.sign(slopes)
    >>> x = Value(-3.0)
    >>> (x**2).backward()
    >>> optimizer = SignDescent([x], lr=0.5)
    >>> optimizer.step()
    >>> x.data
    -2.5

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
    2013, algorithm 1, for clip_norm; 1e-6 is added to the norm, as PyTorch does.
    """

    options: ClassVar[tuple[str, ...]] = ()
    remembered: ClassVar[tuple[str, ...]] = ()
    counted: ClassVar[bool] = False
    weight_decay: float = 0.0
    # Of those pickled before there were any.
    clip_value: float | None = None
    clip_norm: float | None = None
    moves = 1
    # How often each parameter has moved; None while all have moved at every step.
    _counts: Array | None = None
    _room: Floats = _NOTHING

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Rate,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.parameters = _checked(parameters)
        self.lr = lr
        self.steps = 0
        self._take(clip_value=clip_value, clip_norm=clip_norm)
        for name in self.remembered:
            setattr(self, name, np.zeros(len(self.parameters)))

    def _take(self, **options: Any) -> None:
        """Set options by their names, after a look at each."""
        for name, x in options.items():
            setattr(self, name, check_option(name, x))

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        rate = self._rate
        return (
            _checked_rate(f"the schedule's lr at step {self.steps}", rate(self.steps))
            if callable(rate)
            else rate
        )

    @lr.setter
    def lr(self, lr: Rate) -> None:
        self._rate: Rate = lr if callable(lr) else _checked_rate("lr", lr)

    def move(self, rate: float, numbers: Floats, slopes: Floats, *memory: Floats) -> None:
        """Move numbers by their slopes, in place; slopes may be overwritten.

        Args:
            rate: the learning rate of this step.
            numbers: some of the parameters, of shape (n,).
            slopes: the gradient by them.
            memory: what is remembered of them, an array for each name in `remembered`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how numbers move")

    def step(self) -> None:
        """Move every parameter that has a gradient; the others stay, and so does their memory.

        Raises:
            ValueError: if no parameter has one: nothing would move; or if the schedule returns a
                rate that is none.
        """
        moved = np.array([p.grad is not None for p in self.parameters])
        numbers = np.array([p.data for p in self.parameters])
        slopes = np.array([p.grad or 0.0 for p in self.parameters])
        self.step_array(numbers, slopes, None if moved.all() else moved)
        for p, x in zip(self.parameters, numbers.tolist(), strict=True):
            if p.grad is not None:
                p.data = x

    def step_array(self, numbers: Floats, slopes: Floats, moved: Bools | None = None) -> None:
        """Move numbers held in one array, in place: the step that `step` takes on the Values.

        Args:
            numbers: of all parameters, in order.
            slopes: their gradient; overwritten.
            moved: which of them have a gradient and move; None for all.

        Raises:
            ValueError: as `step`.

        >>> from nn import SGD
        >>> x, y = Value(1.0), Value(2.0)
        >>> optimizer = SGD([x, y], lr=0.5)
        >>> numbers = np.array([1.0, 2.0])
        >>> optimizer.step_array(numbers, np.array([4.0, 2.0]))
        >>> numbers
        array([-1.,  1.])
        """
        given: Any = numbers, slopes, moved
        # Asked at every batch, so in one line; a quarter of a microsecond.
        if not given[0].__class__ is given[1].__class__ is np.ndarray or not (
            given[0].shape == given[1].shape == (len(self.parameters),)
        ):
            _refuse_arrays(len(self.parameters), given[:2])
        if moved is not None and not (
            moved.__class__ is np.ndarray and moved.dtype == bool and moved.shape == given[0].shape
        ):
            raise TypeError(f"moved is an array of bools, one a parameter; got {moved!r:.60}")
        if moved is not None and not moved.any():
            raise ValueError(NO_GRADIENT)
        rate = self.lr
        whole_arrays = [numbers, slopes, *[self._array(name) for name in self.remembered]]
        # Beyond the floats numbers become infinite without a word, as Python's own do in `step`.
        with np.errstate(all="ignore"):
            if self.clip_value is not None or self.clip_norm is not None:
                self._clip(slopes, moved)
            for n, places in self._groups(moved):
                self.moves = n + 1
                if places is not None:
                    some = [x[places] for x in whole_arrays]
                    self.move(rate, *some)
                    for x, part in zip(whole_arrays, some, strict=True):
                        x[places] = part
                elif len(numbers) <= _BLOCK:
                    self.move(rate, *whole_arrays)
                else:
                    for begin in range(0, len(numbers), _BLOCK):
                        part = slice(begin, begin + _BLOCK)
                        self.move(rate, *[x[part] for x in whole_arrays])
        self._count(moved)

    def _groups(self, moved: Bools | None) -> list[tuple[int, Bools | None]]:
        """Return how often those that move have moved so far, and which; None for all of them."""
        counts = self._counts
        if counts is None and (moved is None or not self.counted):
            return [(self.steps, moved)]
        if moved is None:
            moved = np.ones(len(self.parameters), bool)
        if counts is None:
            return [(self.steps, moved)]
        return [(n, moved & (counts == n)) for n in np.unique(counts[moved]).tolist()]

    def _count(self, moved: Bools | None) -> None:
        """Note that a step was taken, by those that have a gradient; None for all."""
        if self._counts is None and self.counted and moved is not None:
            self._counts = np.full(len(moved), self.steps)
        if self._counts is not None:
            self._counts[slice(None) if moved is None else moved] += 1
        self.steps += 1

    def _clip(self, slopes: Floats, moved: Bools | None) -> None:
        """Make a gradient that is too large smaller, in place."""
        if (most := self.clip_value) is not None:
            np.minimum(slopes, most, out=slopes)
            np.maximum(slopes, -most, out=slopes)
        if self.clip_norm is not None:
            norm = _norm(slopes if moved is None else slopes[moved])
            factor = self.clip_norm / (norm + 1e-6)
            if factor < 1.0:
                slopes *= factor

    def _scratch(self, count: int) -> Floats:
        """Return an array to write into, the same one at every step."""
        room = self._room
        if len(room) < count:
            room = self._room = np.empty(count)
        return room if len(room) == count else room[:count]

    def _decay(self, numbers: Floats, slopes: Floats) -> None:
        """Add λ p to the gradient, in place: the slope of λ/2 times the square of p."""
        pull = self._scratch(len(numbers))
        np.multiply(numbers, self.weight_decay, out=pull)
        slopes += pull

    def _array(self, name: str) -> Floats:
        """Return the memory of a name as an array, which it may not be yet."""
        found: Any = getattr(self, name)
        if found.__class__ is list:
            found = np.array(found)
            setattr(self, name, found)
        return found

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        for p in self.parameters:
            p.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return all that the optimiser needs to go on, but the parameters: numbers, text, lists.

        JSON takes it and gives the same numbers back. Where the rate is a function of your own,
        "lr" is None: it is for the program that goes on to give it again.

        >>> from nn import SGD
        >>> optimizer = SGD([Value(1.0)], lr=0.5, momentum=0.9)
        >>> optimizer.state_dict()["steps"], optimizer.state_dict()["memory"]
        (0, {'velocity': 0.0})
        """
        return state.written(self)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, also from another process: the next step is the same.

        The options become those of the state, as PyTorch does it, and so does the learning rate,
        unless it was a function there.

        Args:
            state_dict: as `state_dict` gives it.

        Raises:
            TypeError: if it is no mapping.
            ValueError: if it is of another optimiser or of another number of parameters, or
                something in it is missing or damaged; nothing has changed then.
        """
        state.read(self, state_dict)

    def __getstate__(self) -> dict[str, Any]:
        # Without what holds nothing from step to step.
        return {name: x for name, x in vars(self).items() if name not in ("_room", "_place")}

    def __repr__(self) -> str:
        rate = self._rate
        shown = getattr(rate, "__name__", "schedule") if callable(rate) else rate
        if isinstance(rate, schedules.Schedule):
            shown = repr(rate)
        words = [f"{len(self.parameters)} parameters", f"lr={shown}"]
        names = (*self.options, "clip_value", "clip_norm")
        usual = _defaults(type(self))
        for name in names:
            x = getattr(self, name)
            if x != usual[name] if name in usual else x:
                words.append(f"{name}={x}")
        return f"{type(self).__name__}({', '.join(words)})"


def array_step(optimizer: Any) -> ArrayStep | None:
    """Return how an optimiser moves numbers held in one array: None if it moves Values alone.

    It says so in `step_array`, unless a class that inherits that writes `step` alone anew.

    >>> from nn import SGD
    >>> class Doubled(SGD):
    ...     def step(self):
    ...         for p in self.parameters:
    ...             p.data -= 2.0 * self.lr * p.grad
    >>> x = Value(1.0)
    >>> array_step(SGD([x], 0.1)) is None, array_step(Doubled([x], 0.1)) is None
    (False, True)
    """
    known: Any = getattr(optimizer, "__dict__", {})
    for own in (known, *map(vars, type(optimizer).__mro__)):
        if "step_array" in own and isinstance(getattr(optimizer, "parameters", None), list):
            return optimizer.step_array
        if "step" in own:
            break
    return None


def _refuse_arrays(count: int, arrays: Iterable[Any]) -> None:
    shapes = ", ".join([str(getattr(x, "shape", f"{x!r:.60}")) for x in arrays])
    raise ValueError(
        f"step_array takes two arrays with an entry for each of {count} parameter(s), got {shapes}"
    )


def _checked_rate(name: str, lr: object) -> float:
    if isinstance(lr, str) and lr in schedules.SCHEDULES:
        raise TypeError(f"{name} must be a number or a schedule; write nn.schedules.{lr}(...)")
    return real(name, lr, at_least=0.0)


def _norm(xs: Floats) -> float:
    """Return the Euclidean length of a vector, also where the squares leave the floats."""
    square = float(np.dot(xs, xs))
    if 1e-280 < square < math.inf:
        return math.sqrt(square)
    largest = float(np.abs(xs).max())
    if not 0.0 < largest < math.inf:
        return largest
    scaled = xs / largest
    return largest * math.sqrt(float(np.dot(scaled, scaled)))


@functools.cache
def _defaults(kind: type) -> dict[str, Any]:
    """Return the defaults of a class's arguments."""
    signature = inspect.signature(kind)
    return {p.name: p.default for p in signature.parameters.values()}


def _checked(parameters: Any) -> list[Value]:
    """Return the parameters as a list of distinct leaves."""
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        given = type(parameters).__name__
        hint = "[x]" if isinstance(parameters, Value) else "model.parameters()"
        raise TypeError(f"parameters is a list of Values, got one {given}: write {hint}")
    values: list[Value] = []
    for x in parameters:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(x, Value):
            raise TypeError(
                f"parameters is a list of Values; number {len(values)} is {x!r:.60}: "
                "write model.parameters(), or Value(x) for a number to be trained"
            )
        if x.op is not None:
            raise ValueError(
                f"parameter {len(values)} was computed ({x.op}), so it cannot be set: "
                "give the Values it came from, or x.detach()"
            )
        values.append(x)
    if not values:
        raise ValueError("there is nothing to optimise: parameters is empty")
    if len(set(values)) < len(values):
        twin = next(x for x in values if values.count(x) > 1)
        raise ValueError(f"{twin!r} stands among the parameters twice and would move twice a step")
    return values
