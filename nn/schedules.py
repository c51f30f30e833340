"""Schedules: learning rates that change with the number of the step.

Each is a small object that is called with n = 0, 1, 2, ..., the number of steps taken before, and
returns the rate γ_n: `SGD(parameters, lr=schedules.cosine(0.1, steps=1000))`. Two with the same
arguments are equal, and one can be pickled, shown and written into an optimiser's state. Any
function of n does as well.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from nn.spellings import SCHEDULE, names_of
from nn.validation import look_up, own_keywords, real, whole

__all__ = ["constant", "cosine", "exponential", "inverse", "one_cycle", "step", "warmup"]

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)


@dataclass(frozen=True)
class Schedule:
    """What all schedules are: a rate for each step, with arguments that do not change.

    >>> constant(0.1) == constant(0.1), constant(0.1) == constant(0.2)
    (True, False)
    """

    _counts: ClassVar[tuple[str, ...]] = ("steps", "every")

    def __call__(self, n: int) -> float:
        """Return the rate of the step that n others came before."""
        raise NotImplementedError(f"{type(self).__name__} does not say what the rate is")

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            name, x = field.name, getattr(self, field.name)
            if name in self._counts:
                object.__setattr__(self, name, whole(name, x))
            elif field.type is float:
                object.__setattr__(self, name, real(name, x, at_least=0.0))


def _above_0(schedule: Any, *names: str) -> None:
    for name in names:
        if not getattr(schedule, name) > 0.0:
            raise ValueError(f"{name} must be above 0; got {getattr(schedule, name)}")


def _at_most_1(schedule: Any, name: str, why: str) -> None:
    _above_0(schedule, name)
    if getattr(schedule, name) > 1.0:
        raise ValueError(f"{name} must be at most 1, {why}; got {getattr(schedule, name)}")


C = TypeVar("C", bound=type)


def _named(kind: C) -> C:
    """Let a schedule name its keywords where they are called otherwise elsewhere."""
    made: Any = kind
    made.__init__ = own_keywords(SCHEDULE)(made.__init__)
    return kind


@_named
@dataclass(frozen=True)
class constant(Schedule):
    """The same rate at every step, γ_n = γ: what a number as `lr` stands for.

    Args:
        lr: γ, at least 0.

    >>> constant(0.1)(1000)
    0.1
    """

    lr: float

    def __call__(self, n: int) -> float:
        """See `Schedule`."""
        return self.lr


@_named
@dataclass(frozen=True)
class step(Schedule):
    """A rate that falls at every so many steps, γ_n = γ f^⌊n / k⌋.

    Args:
        lr: γ, at least 0.
        every: k, at least 1.
        factor: f, above 0.

    Raises:
        TypeError: if an argument is no number, or a count no whole one.
        ValueError: if one is out of its range.

    >>> rate = step(0.4, every=10, factor=0.5)
    >>> rate(9), rate(10), rate(25)
    (0.4, 0.2, 0.1)

    Source: PyTorch's StepLR; He, Zhang, Ren and Sun, "Deep residual learning for image
    recognition", 2016, section 3.4, which divides by 10 where the error no longer falls.
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        _above_0(self, "factor")

    def __call__(self, n: int) -> float:
        """See `Schedule`."""
        return self.lr * self.factor ** (n // self.every)


@_named
@dataclass(frozen=True)
class exponential(Schedule):
    """A rate that falls by the same factor at every step, γ_n = γ fⁿ.

    Args:
        lr: γ, at least 0.
        factor: f, above 0: a little below 1, such as 0.5 ** (1 / 1000) to halve in 1000 steps.

    Raises:
        TypeError: if an argument is no number.
        ValueError: if one is out of its range.

    >>> exponential(0.8, factor=0.5)(3)
    0.1

    Source: PyTorch's ExponentialLR; the sum of all rates is finite, γ / (1 - f), which bounds how
    far descent can get where gradients are bounded.
    """

    lr: float
    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _above_0(self, "factor")

    def __call__(self, n: int) -> float:
        """See `Schedule`."""
        return self.lr * self.factor**n


@_named
@dataclass(frozen=True)
class cosine(Schedule):
    """Half a wave from one rate down to another, γ_n = e + (γ - e) (1 + cos(π n / N)) / 2.

    From step N on it stays at e.

    Args:
        lr: γ, at least 0.
        steps: N, at least 1: of the whole run, epochs × steps in an epoch.
        end: e, at least 0.

    Raises:
        TypeError: if an argument is no number, or a count no whole one.
        ValueError: if one is out of its range.

    >>> rate = cosine(0.2, steps=100)
    >>> rate(0), round(rate(50), 12), rate(100), rate(1000)
    (0.2, 0.1, 0.0, 0.0)

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017,
    equation 5, without the restarts; PyTorch's CosineAnnealingLR up to N, after which that rises.
    """

    lr: float
    steps: int
    end: float = 0.0

    def __call__(self, n: int) -> float:
        """See `Schedule`."""
        return _wave(self.lr, self.end, n / self.steps)


@_named
@dataclass(frozen=True)
class warmup(Schedule):
    """A rate that grows in a line to where another schedule begins, which then takes over.

    For n < N, γ_n = γ'_0 (s + (1 - s) n / N), and γ_n = γ'_{n - N} from there on, where γ' is the
    other schedule.

    Args:
        after: γ', a schedule, a function of the step's number or a number.
        steps: N, at least 1.
        start: s, the share of the rate to begin with, above 0 and at most 1.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of its range.

    >>> rate = warmup(cosine(0.1, steps=100), steps=10, start=0.5)
    >>> rate(0), rate(10), rate(110)
    (0.05, 0.1, 0.0)

    Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
    section 2.2; PyTorch's SequentialLR of a LinearLR and another.
    """

    after: Callable[[int], float]
    steps: int
    start: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_most_1(self, "start", "the share of the rate to begin with")
        if not callable(self.after):
            object.__setattr__(self, "after", constant(real("after", self.after, at_least=0.0)))

    def __call__(self, n: int) -> float:
        """See `Schedule`."""
        if n >= self.steps:
            return self.after(n - self.steps)
        return self.after(0) * (self.start + (1.0 - self.start) * n / self.steps)


@_named
@dataclass(frozen=True)
class inverse(Schedule):
    """A rate that falls as one over the number of the step, γ_n = γ / (1 + n / k)^p.

    With p above 1/2 the sum of all rates is infinite and that of their squares is not: the
    conditions under which descent on noisy gradients comes to rest at the minimum.

    Args:
        lr: γ, at least 0.
        delay: k, above 0: the step at which the rate has halved, for p = 1.
        power: p, above 0 and at most 1.

    Raises:
        TypeError: if an argument is no number.
        ValueError: if one is out of its range.

    >>> rate = inverse(1.0)
    >>> [rate(n) for n in (0, 1, 3)]
    [1.0, 0.5, 0.25]

    Source: Robbins and Monro, "A stochastic approximation method", 1951, condition 6 and the
    choice a_n = a / n.
    """

    lr: float
    delay: float = 1.0
    power: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _above_0(self, "delay")
        _at_most_1(self, "power", "or the rates have a finite sum and descent may stop short")

    def __call__(self, n: int) -> float:
        """See `Schedule`."""
        return self.lr / (1.0 + n / self.delay) ** self.power


@_named
@dataclass(frozen=True)
class one_cycle(Schedule):
    """A rate that grows to its largest and falls to almost nothing, in two half waves.

    It begins at γ / d, is γ at step r N - 1, and γ / (d f) at the last of N steps, which is N - 1,
    and after it. The momentum stays as it is.

    Args:
        lr: γ, the largest rate, at least 0.
        steps: N, at least 1: of the whole run, epochs × steps in an epoch.
        rise: r, the share of the steps in which the rate grows, above 0 and at most 1.
        divide: d, above 0: the first rate is γ / d.
        final: f, above 0: the last rate is the first one / f.

    Raises:
        TypeError: if an argument is no number, or a count no whole one.
        ValueError: if one is out of its range, or there are too few steps for a rise.

    >>> rate = one_cycle(1.0, steps=100)
    >>> rate(0), rate(29), rate(99)
    (0.04, 1.0, 4e-06)

    Source: Smith and Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018; the waves and defaults of PyTorch's OneCycleLR.
    """

    lr: float
    steps: int
    rise: float = 0.3
    divide: float = 25.0
    final: float = 1e4

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_most_1(self, "rise", "a share of the steps")
        _above_0(self, "divide", "final")
        if self.rise * self.steps <= 1.0:
            raise ValueError(
                f"{self.steps} step(s) are too few for a rise over {self.rise:g} of them: take "
                f"more than {1.0 / self.rise:g}"
            )

    def __call__(self, n: int) -> float:
        """See `Schedule`."""
        first, top, last = self.lr / self.divide, self.rise * self.steps - 1.0, self.steps - 1.0
        if n <= top:
            return _wave(first, self.lr, n / top)
        share = (n - top) / (last - top) if n < last else 1.0
        return _wave(self.lr, first / self.final, share)


def _wave(begin: float, end: float, share: float) -> float:
    """Return the number a share of the way along half a cosine wave from one to another."""
    if share <= 0.0 or share >= 1.0:
        return begin if share <= 0.0 else end
    return end + (begin - end) * (1.0 + math.cos(math.pi * share)) / 2.0


SCHEDULES: Mapping[str, type[Schedule]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (constant, step, exponential, cosine, warmup, inverse, one_cycle)
    }
)


def written(schedule: Any) -> dict[str, Any] | None:
    """Return a schedule as a dict that JSON takes; None for a function of the user's.

    >>> written(step(0.1, every=5))
    {'schedule': 'step', 'lr': 0.1, 'every': 5, 'factor': 0.1}
    """
    kind: Any = schedule.__class__
    if kind.__name__ not in SCHEDULES or SCHEDULES[kind.__name__] is not kind:
        return None
    found: dict[str, Any] = {"schedule": kind.__name__}
    for field in dataclasses.fields(kind):
        x = getattr(schedule, field.name)
        found[field.name] = written(x) if callable(x) else x
    return found if None not in found.values() else None


def read(config: Any) -> Schedule:
    """Return the schedule that `written` wrote down.

    Raises:
        ValueError: if there is none of that name, or its arguments are others.

    >>> read({"schedule": "cosine", "lr": 0.1, "steps": 9, "end": 0.0})
    cosine(lr=0.1, steps=9, end=0.0)
    """
    given = dict(cast(Mapping[str, Any], config))
    kind = look_up("schedule", given.pop("schedule", ""), SCHEDULES)
    wanted = [field.name for field in dataclasses.fields(kind)]
    if sorted(given) != sorted(wanted):
        raise ValueError(f"a schedule {kind.__name__} has {', '.join(wanted)}; got {config!r:.80}")
    return kind(**{name: read(x) if isinstance(x, Mapping) else x for name, x in given.items()})
