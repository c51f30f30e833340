"""Where the choices come from that make a program: a seed here, Hypothesis in `strategies`.

Numbers are drawn by magnitude as often as evenly, so that tails and small inputs come.
"""

import math
import random
from typing import Protocol


class Choices(Protocol):
    """A source of choices; the simplest choice comes first."""

    def index(self, count: int) -> int:
        """Choose one of `count` things by its number."""
        ...

    def row(self, count: int) -> int | None:
        """Choose one of `count` rows for an instruction, or None for none in its place."""
        ...

    def share(self) -> float:
        """Choose a number from 0 to 1."""
        ...

    def again(self) -> bool:
        """Whether to draw again a program that stands still; or it does not return."""
        ...


class Seeded:
    """Choices from a seed: the same seed gives the same choices on every machine.

    >>> Seeded(1).index(10) == Seeded(1).index(10)
    True
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.tries = 0

    def index(self, count: int) -> int:
        """Choose one of `count` things by its number."""
        return self.rng.randrange(count)

    def row(self, count: int) -> int:
        """Choose one of `count` rows."""
        return self.index(count)

    def share(self) -> float:
        """Choose a number from 0 to 1."""
        return self.rng.random()

    def again(self) -> bool:
        """Say yes some times."""
        self.tries += 1
        return self.tries < 50


def draw_number(choices: Choices, low: float, high: float) -> float:
    """Choose a number of the closed interval: evenly, by magnitude, or a simple one.

    Magnitudes go down to 1e-8 where the interval holds 0. Numbers have five digits, so that they
    read well and are the same on every machine.

    >>> -1.0 <= draw_number(Seeded(0), -1.0, 3.0) <= 3.0
    True
    """
    low, high = max(low, -1e3), min(high, 1e3)
    if low == high:
        return low
    # One choice decides all, so that hardly two make the same number.
    share = choices.share()
    if share < _SIMPLE:
        simple = [x for x in (0.0, 1.0, -1.0, 0.5, 2.0) if low <= x <= high] or [low]
        return simple[int(share / _SIMPLE * len(simple))]
    share = 2.0 * (share - _SIMPLE) / (1.0 - _SIMPLE)
    even = share < 1.0
    x = low + (high - low) * share if even else _by_magnitude(low, high, share - 1.0)
    return min(max(float(f"{x:.5g}"), low), high)


# The share of simple numbers; half of the others are even, half by magnitude.
_SIMPLE = 0.05


def _by_magnitude(low: float, high: float, share: float) -> float:
    if low < 0.0 < high:
        # The lower half of the shares is below 0.
        below, share = share < 0.5, 2.0 * share - (share >= 0.5)
    else:
        below = high <= 0.0
    small, large = (max(-high, 0.0), -low) if below else (max(low, 0.0), high)
    small = max(small, min(large, 1.0) * 1e-8)
    x = math.exp(math.log(small) + share * (math.log(large) - math.log(small)))
    return -x if below else x
