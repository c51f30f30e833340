"""Operations for the rates of the checks of PyTorch and JAX, and the inputs that they are given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def within(low: float, high: float, special: float | None = None) -> Draw:
    """Draw evenly from an interval, now and then a special point."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        x = rng.uniform(low, high, shape)
        if special is not None:
            x[rng.random(shape) < 0.1] = special
        return x

    return draw


def ANY(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw normal numbers; now and then zeros, whole numbers, ties, large and small ones."""
    x = rng.normal(size=shape)
    kind = rng.integers(0, 12)
    chosen = rng.random(shape) < 0.4
    if kind == 0:
        x[chosen] = 0.0
    elif kind == 1:
        x = np.where(chosen, np.round(x), x)
    elif kind == 2:
        x[chosen] = x.flat[0]
    elif kind == 3:
        x *= 30.0
    elif kind == 4:
        x *= 1e-6
    return x


def POSITIVE(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw positive numbers of several magnitudes."""
    x = np.exp(rng.normal(size=shape))
    return x * 10.0 ** rng.integers(-3, 3) if rng.random() < 0.3 else x


def UNIT(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw from -1 to 1; now and then zeros."""
    return within(-0.97, 0.97, 0.0)(rng, shape)


def far(least: float) -> Draw:
    """Draw numbers of both signs that are not near 0."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return rng.choice((-1.0, 1.0), shape) * (least + np.abs(rng.normal(size=shape)))

    return draw


def covariance(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw a symmetric matrix with eigenvalues well above 0."""
    x = rng.normal(size=shape)
    return x @ x.T + shape[0] * np.eye(shape[0])


def inputs(*kinds: Any) -> Callable[[np.random.Generator], list[Array]]:
    """Return what draws inputs: a way to draw alone is for four numbers; with shapes, one each."""
    if (
        len(kinds) == 2
        and callable(kinds[0])
        and isinstance(kinds[1], tuple)
        and not any(callable(k) for k in kinds[1])
    ):
        kinds = ((kinds[0], kinds[1]),)
    pairs = [(kind, (4,)) if callable(kind) else kind for kind in kinds]
    return lambda rng: [draw(rng, shape) for draw, shape in pairs]


@dataclass(frozen=True)
class Operation:
    """An operation: its name, its function, and what draws its inputs from a generator."""

    name: str
    function: Callable[..., Any]
    inputs: Callable[[np.random.Generator], list[Array]]
