"""Small data sets drawn from a known rule plus known noise.

What a model should find is known beforehand: the true shape of each class, or the line and the
error no fit can beat. Every point comes from the seed, and ``noise`` only scales the disturbance:
the same seed with less noise gives the same points, nearer to their rule.
"""

import math
import numbers
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nn.validation import whole

Floats: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.int64]
Seed: TypeAlias = int | np.random.Generator


def moons(n: int, *, noise: float = 0.1, seed: Seed = 0) -> tuple[Floats, Labels]:
    """Draw two interleaved half circles, which no straight line separates.

    With t uniform on [0, π], class 0 is (cos t, sin t) and class 1 is (1 - cos t, 1/2 - sin t).

    Args:
        n: the number of points, shared out evenly between the classes.
        noise: the standard deviation of the Gaussian noise on both coordinates; with 0.1 the
            classes hardly touch.
        seed: a whole number, or a NumPy Generator, which is drawn from and so moves on.

    Returns:
        X of shape (n, 2) and y of shape (n,) with labels 0 and 1, in random order.

    Raises:
        TypeError: if n is not a whole number, noise not a number, or seed neither of its kinds.
        ValueError: if n is less than 1, noise or seed is negative, or noise is not finite.

    >>> X, y = moons(200, noise=0, seed=1)
    >>> X.shape, y[:8]
    ((200, 2), array([1, 1, 1, 1, 0, 1, 1, 1]))
    >>> bool(np.allclose(np.linalg.norm(X[y == 0], axis=1), 1))
    True

    Source: the shapes of scikit-learn's ``make_moons``, there with evenly spaced t.
    """
    n, noise, rng = _checked(n, noise, seed)
    y = _balanced_labels(n, 2, rng)
    t = rng.uniform(0, math.pi, n)
    X = np.stack([np.cos(t), np.sin(t)], axis=1)
    X[y == 1] = np.array([1, 0.5]) - X[y == 1]
    return _disturbed(X, noise, rng), y


def circles(
    n: int, *, noise: float = 0.1, seed: Seed = 0, factor: float = 0.5
) -> tuple[Floats, Labels]:
    """Draw two circles about the origin, one inside the other.

    Class 0 lies on the unit circle and class 1 on the circle of radius ``factor``, each at a
    uniform angle. x² + y² alone would separate them, so they show what a hidden layer is for.

    Args:
        n: the number of points, shared out evenly between the classes.
        noise: the standard deviation of the Gaussian noise on both coordinates.
        seed: a whole number, or a NumPy Generator, which is drawn from and so moves on.
        factor: the radius of the inner circle, between 0 and 1.

    Returns:
        X of shape (n, 2) and y of shape (n,) with labels 0 (outer) and 1 (inner), in random order.

    Raises:
        TypeError: if n is not a whole number, noise not a number, or seed neither of its kinds.
        ValueError: if n is less than 1, noise or seed is negative, noise is not finite, or factor
            is not between 0 and 1.

    >>> X, y = circles(200, noise=0)
    >>> np.unique(np.linalg.norm(X[y == 1], axis=1).round(12))
    array([0.5])

    Source: the shapes of scikit-learn's ``make_circles``, there with evenly spaced angles.
    """
    n, noise, rng = _checked(n, noise, seed)
    if not (_is_number(factor) and 0 < factor < 1):
        raise ValueError(f"factor is the inner circle's radius, between 0 and 1; got {factor!r}")
    y = _balanced_labels(n, 2, rng)
    t = rng.uniform(0, 2 * math.pi, n)
    X = np.stack([np.cos(t), np.sin(t)], axis=1) * np.where(y == 1, factor, 1.0)[:, None]
    return _disturbed(X, noise, rng), y


def spirals(
    n: int, *, noise: float = 0.02, seed: Seed = 0, classes: int = 2, turns: float = 1.0
) -> tuple[Floats, Labels]:
    """Draw interleaved spiral arms, one for each class: the hard one among these.

    Class k lies at radius r, uniform on [0.1, 1], and angle 2π (k / classes + turns r).

    Args:
        n: the number of points, shared out evenly between the classes.
        noise: the standard deviation of the Gaussian noise on both coordinates. Neighbouring arms
            are 1 / (classes turns) apart.
        seed: a whole number, or a NumPy Generator, which is drawn from and so moves on.
        classes: the number of arms, at least 2.
        turns: how often an arm goes round from the origin to radius 1.

    Returns:
        X of shape (n, 2) and y of shape (n,) with labels 0 to classes - 1, in random order.

    Raises:
        TypeError: if n or classes is not a whole number, noise not a number, or seed neither of
            its kinds.
        ValueError: if n is less than 1, classes less than 2, noise or seed is negative, or noise
            or turns is not finite.

    >>> X, y = spirals(300, classes=3)
    >>> X.shape, np.bincount(y)
    ((300, 2), array([100, 100, 100]))

    Source: after K. J. Lang and M. J. Witbrock, "Learning to tell two spirals apart", Proceedings
    of the 1988 Connectionist Models Summer School, pages 52-59.
    """
    n, noise, rng = _checked(n, noise, seed)
    classes = whole("classes", classes, at_least=2)
    if not (_is_number(turns) and math.isfinite(_float(turns))):
        raise ValueError(f"turns must be a finite number, such as 1.5; got {turns!r}")
    y = _balanced_labels(n, classes, rng)
    # Two arms meet at the origin, where no point could be told from the other class's.
    r = rng.uniform(0.1, 1, n)
    t = 2 * math.pi * (y / classes + turns * r)
    X = np.stack([r * np.cos(t), r * np.sin(t)], axis=1)
    return _disturbed(X, noise, rng), y


def xor(n: int, *, noise: float = 0.1, seed: Seed = 0) -> tuple[Floats, Labels]:
    """Draw clouds about the four rows of the exclusive-or table.

    A point lies about (a, b) with a and b each 0 or 1, and its class is a xor b. The smallest
    problem that no single neuron solves.

    Args:
        n: the number of points, shared out evenly between the four rows.
        noise: the standard deviation of the Gaussian noise on both coordinates; 0 repeats the
            table's rows themselves.
        seed: a whole number, or a NumPy Generator, which is drawn from and so moves on.

    Returns:
        X of shape (n, 2) and y of shape (n,) with labels 0 and 1, in random order.

    Raises:
        TypeError: if n is not a whole number, noise not a number, or seed neither of its kinds.
        ValueError: if n is less than 1, noise or seed is negative, or noise is not finite.

    >>> X, y = xor(4, noise=0)
    >>> sorted((a, b, label) for (a, b), label in zip(X.tolist(), y.tolist()))
    [(0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0)]

    Source: M. Minsky and S. Papert, "Perceptrons", MIT Press, 1969.
    """
    n, noise, rng = _checked(n, noise, seed)
    row = _balanced_labels(n, 4, rng)
    a, b = row // 2, row % 2
    return _disturbed(np.stack([a, b], axis=1).astype(np.float64), noise, rng), a ^ b


def line(
    n: int,
    *,
    noise: float = 0.5,
    seed: Seed = 0,
    slope: float = 2.0,
    intercept: float = -1.0,
) -> tuple[Floats, Floats]:
    """Draw a noisy sample of a straight line, for regression.

    y = slope x + intercept + e, with x from N(1, 1) and e from N(0, noise²). The line itself has
    the mean squared error noise² on average; the best fit to one sample lies slightly below its
    own sample's value of that.

    Args:
        n: the number of points.
        noise: the standard deviation of e.
        seed: a whole number, or a NumPy Generator, which is drawn from and so moves on.
        slope: the slope of the line.
        intercept: its value at x = 0.

    Returns:
        X of shape (n, 1) and the targets y of shape (n,), both float64.

    Raises:
        TypeError: if n is not a whole number, noise not a number, or seed neither of its kinds.
        ValueError: if n is less than 1, noise or seed is negative, or noise, slope or intercept
            is not finite.

    >>> X, y = line(200)
    >>> A = np.column_stack([X, np.ones(200)])
    >>> best, total, *_ = np.linalg.lstsq(A, y)
    >>> best.round(5), (total / 200).round(4)
    (array([ 1.96538, -1.00911]), array([0.2617]))
    """
    n, noise, rng = _checked(n, noise, seed)
    if not (_is_number(slope) and _is_number(intercept)):
        raise TypeError(f"slope and intercept must be numbers; got {slope!r} and {intercept!r}")
    if not (math.isfinite(_float(slope)) and math.isfinite(_float(intercept))):
        raise ValueError(f"slope and intercept must be finite; got {slope!r} and {intercept!r}")
    x = rng.normal(1.0, 1.0, n)
    return x[:, None], slope * x + intercept + noise * rng.standard_normal(n)


def _checked(n: int, noise: float, seed: Seed) -> tuple[int, float, np.random.Generator]:
    """Check what every generator takes, and turn the seed into the source of its numbers."""
    n = whole("n, the number of points,", n, at_least=1)
    if not _is_number(noise):
        raise TypeError(f"noise must be a number such as 0.1, or 0 for none; got {noise!r}")
    if not 0 <= _float(noise) < math.inf:
        raise ValueError(f"noise is a standard deviation, finite and at least 0; got {noise!r}")
    if isinstance(seed, np.random.Generator):
        return n, float(noise), seed
    return n, float(noise), np.random.default_rng(whole("seed", seed, at_least=0, at_most=None))


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Real)


def _float(value: float) -> float:
    """Return a number as a float; one beyond all floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _balanced_labels(n: int, classes: int, rng: np.random.Generator) -> Labels:
    """Return n labels in random order, no class with more than one above another."""
    return rng.permutation(np.arange(n, dtype=np.int64) % classes)


def _disturbed(X: Floats, noise: float, rng: np.random.Generator) -> Floats:
    """Add the noise; drawn even where it is 0, so that it only scales what the seed gives."""
    return X + noise * rng.standard_normal(X.shape)
