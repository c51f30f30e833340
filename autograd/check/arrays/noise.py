"""The rounding noise in each output of a function of arrays, measured along one random direction.

The differences of high order of values at nearly the same point leave only the noise, as in
`oracles/differences.py`, here for all outputs at once.
"""

import math

import numpy as np
import numpy.typing as npt

from autograd.check.arrays.subject import ArraySubject, Evaluations, Floats

# Points along the direction: nine for a function that is asked seldom, and more where every one of
# many entries is.
_FEW, _MANY, _ENTRIES = 9, 17, (40, 4096)
# Of doubles; not a power of 2, since products with such a spacing would be exact.
_SPACING = 1.37 * 2.0**-43
_LEVELS = 6


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


def noises(ask: Evaluations, scale: Floats, rng: np.random.Generator) -> Floats:
    """Return for each output the size of the random errors in its values around the point.

    Source: Moré and Wild, "Estimating computational noise", SIAM Journal on Scientific Computing
    33(3), 2011 (algorithm ECnoise).

    >>> from autograd.check.arrays.containers import numpy_subject
    >>> x = np.linspace(1.0, 2.0, 5)
    >>> subject = numpy_subject(lambda x: np.sin(1e8 * x), lambda x, w: x, (x,))
    >>> rng = np.random.default_rng(0)
    >>> found = noises(Evaluations(subject), scales(subject), rng)
    >>> bool((found > 1e-10).all() and (found < 1e-6).all())
    True
    """
    subject = ask.subject
    count = _MANY if _ENTRIES[0] <= len(scale) <= _ENTRIES[1] else _FEW
    steps = spacings(subject, scale, rng)
    places = np.arange(count) - count // 2
    around = places[places != 0]
    points = subject.cast(subject.point + around[:, None] * steps)
    table = np.insert(ask.at(points), count // 2, subject.here, axis=0)
    # Of a rounding the deviation is less than half of the largest error.
    floor = 0.5 * subject.unit * np.abs(table).max(axis=0)
    # Where the function ends nearby, what is left is the rounding of its value.
    lost = ~np.isfinite(table).all(axis=0)
    table[:, lost] = 0.0
    found = np.maximum(_settled(table), floor)
    found[lost] = 8.0 * subject.unit * np.abs(subject.here[lost])
    if (table == table[0]).all() and not lost.any():
        return np.maximum(found, _plateau(ask, steps))
    return found


def _settled(table: Floats) -> Floats:
    """Return the noise in columns of values at even distances: 0 where they are too smooth."""
    levels: list[Floats] = []
    signs: list[npt.NDArray[np.bool_]] = []
    gamma = 1.0
    for k in range(1, _LEVELS + 1):
        table = np.diff(table, axis=0)
        gamma *= k / (2.0 * (2.0 * k - 1.0))
        levels.append(np.sqrt(gamma * (table * table).mean(axis=0)))
        signs.append((table.min(axis=0) < 0.0) & (table.max(axis=0) > 0.0))
    found = np.where(signs[-1], levels[-1], 0.0)
    # The first level from which on three agree; later ones must not overwrite it.
    for k in reversed(range(_LEVELS - 2)):
        three = np.array(levels[k : k + 3])
        settled = signs[k] & (three.max(axis=0) <= 4.0 * three.min(axis=0))
        found = np.where(settled, three[0], found)
    return found


def _plateau(ask: Evaluations, steps: Floats) -> Floats:
    """Return how far the outputs jump at the end of the flat stretch around the point.

    A function that goes through fewer digits, single precision say, is flat between its steps;
    differences closer than these would call its slope 0.
    """
    subject = ask.subject
    for k in range(2, 17, 2):
        points = subject.cast(subject.point + np.array([[4.0**k], [-(4.0**k)]]) * steps)
        jumps = np.abs(ask.at(points) - subject.here).max(axis=0)
        if jumps.any():
            # All outputs go through the same few digits, those that have not jumped yet too.
            size = float(np.abs(subject.here).max()) or 1.0
            share = float(np.max(jumps)) / size
            return (
                np.maximum(jumps, share * np.abs(subject.here))
                if math.isfinite(share)
                else (np.zeros_like(jumps))
            )
    return np.zeros_like(subject.here)
