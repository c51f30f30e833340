"""Optimisers: how parameters move once their gradients are known.

What an optimiser remembers from step to step lives in it, not on the Values, so the same
parameters can be trained by another one later. How the gradients were found is none of its
business: backpropagation is one way among several. A new one is a class and a name in `OPTIMIZERS`.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Value
from nn.spellings import DESCENT, OPTIMIZER, lacking, names_of
from nn.validation import Floats, flag, own_keywords, real

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)

Schedule: TypeAlias = Callable[[int], float]
Bools: TypeAlias = NDArray[np.bool_]
# Of numbers, their slopes, which may be overwritten, and which of them move; None for all.
ArrayStep: TypeAlias = Callable[[Floats, Floats, Bools | None], object]

# How many numbers are moved at a time: they and their velocity stay in the processor's cache.
_BLOCK = 2**14

_NO_GRADIENT = (
    "no parameter has a gradient, so nothing would move: call loss.backward() first, on a loss "
    "that depends on them, and zero_grad() before that, not between"
)


@lacking(OPTIMIZER)
class Optimizer:
    """The common ground of optimisers: parameters, a rate, steps on Values or on one array.

    A subclass says in `move` how numbers move, once for both kinds of step.

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule: a function of the step's number n = 0, 1, 2, ...
            that returns γ_n.

    Attributes:
        parameters: the Values, in order.
        steps: the number of steps taken.
        options: the names of the further arguments.
        remembered: the names of the attributes with a number for each parameter, 0 at the start,
            in the order of `move`.

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
    """

    options: ClassVar[tuple[str, ...]] = ()
    remembered: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parameters: Iterable[Value], lr: float | Schedule) -> None:
        self.parameters = _checked(parameters)
        self.lr = lr
        self.steps = 0
        for name in self.remembered:
            setattr(self, name, np.zeros(len(self.parameters)))

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        rate = self._rate
        return (
            _rate(f"the schedule's lr at step {self.steps}", rate(self.steps))
            if callable(rate)
            else rate
        )

    @lr.setter
    def lr(self, lr: float | Schedule) -> None:
        self._rate: float | Schedule = lr if callable(lr) else _rate("lr", lr)

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
        self.step_array(numbers, np.array([p.grad or 0.0 for p in self.parameters]), moved)
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
            raise ValueError(_NO_GRADIENT)
        rate = self.lr
        memory = [self._array(name) for name in self.remembered]
        # Beyond the floats numbers become infinite without a word, as Python's own do in `step`.
        with np.errstate(all="ignore"):
            if moved is None:
                for begin in range(0, len(numbers), _BLOCK):
                    part = slice(begin, begin + _BLOCK)
                    self.move(rate, numbers[part], slopes[part], *[x[part] for x in memory])
            else:
                some = [x[moved] for x in (numbers, slopes, *memory)]
                self.move(rate, *some)
                for whole, x in zip((numbers, slopes, *memory), some, strict=True):
                    whole[moved] = x
        self.steps += 1

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

    def __repr__(self) -> str:
        rate = self._rate
        shown = getattr(rate, "__name__", "schedule") if callable(rate) else rate
        words = [f"{len(self.parameters)} parameters", f"lr={shown}"]
        options = {name: getattr(self, name) for name in self.options}
        words += [f"{name}={value}" for name, value in options.items() if value]
        return f"{type(self).__name__}({', '.join(words)})"


class SGD(Optimizer):
    """Gradient descent: each parameter p moves against its gradient g, p ← p - γ g.

    With momentum μ it keeps a velocity, v ← μ v + g, and moves by p ← p - γ v, or with Nesterov's
    look-ahead by p ← p - γ (g + μ v). Weight decay λ adds λ p to g first. Whether the descent is
    "stochastic" is decided by the samples behind g: one, a mini-batch, or all.

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule; see `Optimizer`.
        momentum: μ, from 0 up to but not including 1.
        nesterov: look ahead; needs momentum.
        weight_decay: λ, at least 0.

    Attributes:
        parameters: the Values, in order.
        steps: the number of steps taken.

    Raises:
        TypeError: if parameters are not Values, or a number is none.
        ValueError: if there are none, one was computed from others or stands there twice, or a
            number is out of its range; from `step` if the schedule returns one that is.

    >>> x = Value(-3.0)
    >>> optimizer = SGD([x], lr=0.1)
    >>> for n in range(10):
    ...     optimizer.zero_grad()
    ...     (x**2).backward()
    ...     optimizer.step()
    >>> round(x.data, 12)
    -0.3221225472

    Source: Polyak, "Some methods of speeding up the convergence of iteration
    methods", 1964, for momentum; Nesterov 1983 in the form of Sutskever, Martens, Dahl and Hinton,
    "On the importance of initialization and momentum in deep learning", 2013, equations 1 to 4.
    """

    options = "momentum", "nesterov", "weight_decay"
    remembered = ("_velocity",)
    _velocity: list[float] | Floats

    @own_keywords(DESCENT)
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = real("momentum", momentum, at_least=0.0)
        if self.momentum >= 1.0:
            raise ValueError(
                f"momentum must be below 1, or old gradients never fade; got {momentum}"
            )
        self.nesterov = flag("nesterov", nesterov)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov looks ahead along the momentum: give momentum=0.9, say")
        self.weight_decay = real("weight_decay", weight_decay, at_least=0.0)

    def move(self, rate: float, numbers: Floats, slopes: Floats, *memory: Floats) -> None:
        """See `Optimizer`."""
        (velocity,) = memory
        if self.weight_decay:
            slopes += self.weight_decay * numbers
        if self.momentum:
            velocity *= self.momentum
            velocity += slopes
            if self.nesterov:
                slopes += self.momentum * velocity
            else:
                slopes[...] = velocity
        slopes *= rate
        numbers -= slopes

    def step(self) -> None:
        """See `Optimizer`; `move` on floats, in a tenth of the time where there are few."""
        if all(p.grad is None for p in self.parameters):
            raise ValueError(_NO_GRADIENT)
        rate, momentum, decay = self.lr, self.momentum, self.weight_decay
        if not isinstance(self._velocity, list):
            self._velocity = self._velocity.tolist()
        velocity = self._velocity
        for i, p in enumerate(self.parameters):
            g = p.grad
            if g is None:
                continue
            if decay:
                g += decay * p.data
            if momentum:
                v = velocity[i] = momentum * velocity[i] + g
                g = g + momentum * v if self.nesterov else v
            p.data -= rate * g
        self.steps += 1

    # Named here as well as `step`: the two do the same.
    step_array = Optimizer.step_array


OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(
    {kind.__name__.lower(): kind for kind in (SGD,)}
)


def array_step(optimizer: Any) -> ArrayStep | None:
    """Return how an optimiser moves numbers held in one array: None if it moves Values alone.

    It says so in `step_array`, unless a class that inherits that writes `step` alone anew.

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


def _rate(name: str, lr: object) -> float:
    return real(name, lr, at_least=0.0)


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
