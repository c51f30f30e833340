"""The points at which one row is tried: all over its domain, and where rules fail most.

Corners and the middle, random points by size as often as evenly, 0, 1 and -1, and the kinks that
the row declares.
"""

import math
import random
from collections.abc import Iterator, Sequence

from autograd import asked
from autograd.engine.primitive import Interval, Point, Primitive

# How many operands a row of any number is tried with: even numbers, for rows that pair them.
_COUNTS = (2, 4)


def sample(row: Primitive, points: int = 24, seed: int = 0) -> Iterator[Point]:
    """Yield points of a row's domain: its corners, its middle, random ones, near ends too.

    Then those where rules fail most: 0, 1 and -1, where the domain holds them, and the kinks that
    the row declares. A row of any number of operands is sampled with two and with four.

    >>> from autograd import lookup
    >>> next(sample(lookup("sigmoid")))
    (-40.0,)
    """
    asked.instance("check_row", row, Primitive, "a row of the table, a Primitive")
    points = asked.whole("points", points)
    seed = asked.whole("seed", seed, at_least=0, at_most=None)
    # Each once: the middle of a domain may be 0.
    yield from dict.fromkeys(_samples(row, points, seed))


def _samples(row: Primitive, points: int, seed: int) -> Iterator[Point]:
    rng = random.Random(seed)
    counts = _COUNTS if row.arity is None else (row.arity,)
    for count in counts:
        domain = domain_of(row, count)
        lows, highs = tuple(low for low, _ in domain), tuple(high for _, high in domain)
        yield lows
        yield highs
        yield tuple(0.5 * (low + high) for low, high in domain)
        if count > 1:
            yield tuple(low if i % 2 else high for i, (low, high) in enumerate(domain))
            yield tuple(high if i % 2 else low for i, (low, high) in enumerate(domain))
        for i in range(max(2, points // len(counts))):
            yield tuple(_draw(rng, low, high, i) for low, high in domain)
        yield from _special(domain)
    for point, _ in row.subgradients:
        if within(domain_of(row, len(point)), point):
            yield point


_SPECIAL = (0.0, 1.0, -1.0)


def domain_of(row: Primitive, count: int) -> tuple[Interval, ...]:
    """Return the interval of each of `count` operands."""
    return row.domain if row.arity is not None else tuple(row.domain[:1]) * count


def within(domain: Sequence[Interval], point: Sequence[float]) -> bool:
    """Whether a point has an operand in each interval of a domain."""
    pairs = zip(domain, point, strict=False)
    return len(domain) == len(point) and all(low <= x <= high for (low, high), x in pairs)


def _special(domain: Sequence[Interval]) -> Iterator[Point]:
    """Yield points of special numbers: in all operands at once, then in each by itself."""
    # Neither the middle, which may be special itself, nor the same for each: that would be a tie.
    shares = [0.9 - 0.07 * k for k in range(len(domain))]
    plain = [
        max(low, -1e3) * (1.0 - share) + min(high, 1e3) * share
        for share, (low, high) in zip(shares, domain, strict=True)
    ]
    for special in _SPECIAL:
        points = [(special,) * len(domain)]
        if len(domain) > 1:
            points += [(*plain[:k], special, *plain[k + 1 :]) for k in range(len(domain))]
        yield from (point for point in points if within(domain, point))


def _draw(rng: random.Random, low: float, high: float, i: int) -> float:
    """Draw a number of the interval: even, or by magnitude, so that small ones come too."""
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = max(low, -1e3), min(high, 1e3)
    x = rng.uniform(low, high)
    if i % 3 == 1 and low > 0.0:
        return math.exp(rng.uniform(math.log(low), math.log(high)))
    if i % 3 == 1 and low < 0.0 < high:
        return x * 10.0 ** rng.uniform(-3.0, 0.0)
    return x
