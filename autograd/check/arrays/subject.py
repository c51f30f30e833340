"""What a check of arrays asks of its subject: a function of one long vector, and its gradient.

NumPy, PyTorch and JAX each lay their arguments flat into an `ArraySubject`; the judge knows none of
them. Numbers cross as float64, which holds those of all shorter kinds exactly.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Index = tuple[Any, ...]


def unit_of(dtype: Any) -> float:
    """Return half the distance from 1 to the next number of a NumPy dtype of floats.

    >>> unit_of(np.float32) == 2.0**-24
    True
    """
    return 0.5 * float(np.finfo(dtype).eps)


@dataclass(frozen=True)
class Leaf:
    """One array among the inputs: where it stands in them, and where in the long vector.

    Attributes:
        name: as a report writes it, `w` or `layers[0]['w']`.
        argument: the number of the input that it is in, from 0.
        path: the keys from that input down to it.
        shape: its shape, () for a number.
        start: where its entries begin in the long vector; they are in C order.
        dtype: the name of its kind of numbers.
        unit: the largest relative error of rounding to it.
        cast: rounds float64 numbers to its kind, and gives them as float64 again.
    """

    name: str
    argument: int
    path: Index
    shape: tuple[int, ...]
    start: int
    dtype: str = "float64"
    unit: float = 2.0**-53
    cast: Callable[[Floats], Floats] = field(default=lambda x: x, repr=False)

    @property
    def size(self) -> int:
        """The number of its entries."""
        return math.prod(self.shape)

    @property
    def part(self) -> slice:
        """Its part of the long vector."""
        return slice(self.start, self.start + self.size)

    def index(self, i: int) -> Index:
        """Return where entry i of it stands: the keys of containers, then the index.

        >>> Leaf("w", 0, ("a",), (2, 3), 0).index(4)
        ('a', 1, 1)
        """
        return (*self.path, *[int(k) for k in np.unravel_index(i, self.shape)])

    def written(self, index: Index) -> str:
        """Return the name of a part of it, given by its index within the input.

        >>> Leaf("w", 0, (), (2, 3), 0).written((1, slice(None)))
        'w[1, :]'
        """
        own = index[len(self.path) :]
        return f"{self.name}[{', '.join(map(_shown, own))}]" if own else self.name


def _shown(k: Any) -> str:
    if k.__class__ is not slice:
        return str(k)
    ends: list[Any] = [k.start, k.stop]
    return ":".join("" if end is None else str(end) for end in ends)


@dataclass(frozen=True)
class Claimed:
    """Somebody's gradient: of the sum of the outputs, each times its weight.

    Attributes:
        values: one number per entry of the long vector.
        units: per leaf, the largest relative error of rounding to the kind of numbers it came in.
    """

    values: Floats
    units: tuple[float, ...]


@dataclass
class ArraySubject:
    """A function of one long vector with many or one output, and somebody's gradient of it.

    Attributes:
        title: of the report.
        leaves: the arrays that the vector is made of, in order; they fill it.
        point: where the gradient is checked; all of it are numbers of the leaves' kinds.
        here: the outputs there, flat.
        unit: the largest relative error of rounding to the outputs' kind of numbers.
        value: the outputs at a point, flat; it may raise as f does where f has no value.
        gradient: the claimed gradient at a point, for given weights of the outputs.
        batch: the outputs at several points, a row for each; None where f takes no batch.
        often: as value, where it will be asked a thousand times; None where that is no faster.
        output: the name of an output by its number.
        notes: what the report says at its end, gathered while f and gradient are called, such as
            changes of an input in place.
        scalar: whether f gives one number: its weight is then 1.
        weighed: whether the gradient of one number takes its weight, too.
        form: the shape of f's result where it is one array.
        jacobian: the claimed slopes of all outputs at once at a point, a row for each.
    """

    title: str
    leaves: tuple[Leaf, ...]
    point: Floats
    here: Floats
    unit: float
    value: Callable[[Floats], Floats]
    gradient: Callable[[Floats, Floats], Claimed]
    batch: Callable[[Floats], Floats] | None = None
    often: Callable[[Floats], Floats] | None = None
    output: Callable[[int], str] = lambda j: f"output {j}"
    notes: set[str] = field(default_factory=set[str])
    scalar: bool = True
    weighed: bool = False
    form: tuple[int, ...] = ()
    jacobian: Callable[[Floats], Floats] | None = None

    def leaf_of(self, i: int) -> Leaf:
        """Return the leaf that entry i of the long vector belongs to."""
        return next(leaf for leaf in self.leaves if i < leaf.start + leaf.size)

    def cast(self, point: Floats) -> Floats:
        """Return a point, or a row of points, rounded to the kinds of the leaves."""
        if all(leaf.unit <= 2.0**-53 for leaf in self.leaves):
            return point
        rounded = np.array(point, dtype=np.float64)
        for leaf in self.leaves:
            rounded[..., leaf.part] = leaf.cast(rounded[..., leaf.part])
        return rounded


class AnswerError(TypeError, ValueError):
    """A function or gradient of arrays answered with what none can be: None, another shape."""


class TimeUpError(Exception):
    """The seconds that a check was given are over; the check says so in its report."""


class Evaluations:
    """The function of a subject as the oracles ask it: counted, timed, nan where it raises.

    Args:
        subject: what is asked.
        seconds: after which no more is asked; None for no limit.
    """

    # Points to hand to a function that takes batches: no more numbers than these at once.
    MOST = 2**23

    def __init__(self, subject: ArraySubject, seconds: float | None = None) -> None:
        self.subject = subject
        self.count = 0
        self.started = time.perf_counter()
        self.seconds = seconds

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.seconds is not None and time.perf_counter() - self.started > self.seconds

    def at(self, points: Floats) -> Floats:
        """Return the outputs at points, which are rows, as rows.

        Raises:
            TimeUpError: if the time was over before all were asked.
        """
        subject = self.subject
        if subject.batch is not None and len(points) > 1:
            together = max(1, self.MOST // max(1, points.shape[1]))
            starts = range(0, len(points), together)
            return np.concatenate([self._batched(points[k : k + together]) for k in starts])
        return np.array([self._one(point, subject.value) for point in points])

    def one_of_many(self, point: Floats) -> Floats:
        """Return the outputs at a point, as one of a thousand that are asked one by one.

        Raises:
            TimeUpError: if the time is over.
        """
        return self._one(point, self.subject.often or self.subject.value)

    def _batched(self, points: Floats) -> Floats:
        if self.over:
            raise TimeUpError
        self.count += len(points)
        assert self.subject.batch is not None
        return self.subject.batch(points)

    def _one(self, point: Floats, value: Callable[[Floats], Floats]) -> Floats:
        if self.over:
            raise TimeUpError
        self.count += 1
        try:
            return value(point)
        except AnswerError:
            raise
        except (ArithmeticError, ValueError, LookupError, np.linalg.LinAlgError):
            # As functions of `math` do outside of their domain.
            return np.full(self.subject.here.shape, math.nan)


# Of doubles; not a power of 2, since products with such a spacing would be exact.
_SPACING = 1.37 * 2.0**-43


def scales(subject: ArraySubject) -> Floats:
    """Return the lengths by which steps are measured: an entry's size, or the usual one.

    >>> from autograd.check.arrays.containers import numpy_subject
    >>> x = np.array([0.0, 1.0, -2.0, 100.0])
    >>> scales(numpy_subject(np.sum, np.ones_like, (x,))).tolist()
    [2.0, 2.0, 2.0, 100.0]
    """
    found = np.empty_like(subject.point)
    for leaf in subject.leaves:
        sizes = np.abs(subject.point[leaf.part])
        some = sizes[sizes > 0.0]
        found[leaf.part] = np.maximum(sizes, float(np.median(some)) if len(some) else 1.0)
    return found


def spacings(subject: ArraySubject, scale: Floats, rng: np.random.Generator) -> Floats:
    """Return tiny steps of random signs that the entries' kinds of numbers can make exactly."""
    signs = rng.choice((-1.0, 1.0), len(scale))
    steps = signs * scale * _SPACING * rng.uniform(1.0, 2.0, len(scale))
    for leaf in subject.leaves:
        if leaf.unit > 2.0**-53:
            # Some of the grid's own distances, where the numbers are largest.
            grid = 2.0 * leaf.unit * 2.0 ** np.ceil(np.log2(scale[leaf.part]))
            steps[leaf.part] = signs[leaf.part] * grid * rng.choice((5.0, 6.0, 7.0, 9.0), leaf.size)
    return steps
