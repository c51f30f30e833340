"""Coverage: the proof that an epoch used every sample once, and which it left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn.validation import Array, numeric, whole

# Places that are shown, at most.
_SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """The samples that an epoch trained on, counted as they were handed out.

    Attributes:
        samples: how many samples there are.
        used: their places, in the order in which they were used.
        held: the places of those held out for validation.
        batches: how many batches they came in.

    >>> Coverage(4, np.array([2, 0, 3]), batches=2)
    3 of 4 samples once each, in 2 batches; left out: 1
    """

    samples: int
    used: Array
    held: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    batches: int = 0

    def __post_init__(self) -> None:
        count = whole("samples", self.samples, at_least=0)
        whole("batches", self.batches, at_least=0)
        for name, places in (("used", self.used), ("held", self.held)):
            found = numeric(name, places)
            is_flat = found.ndim == 1 and (found.dtype.kind in "iu" or not len(found))
            if not is_flat or (len(found) and not 0 <= found.min() <= found.max() < count):
                raise ValueError(
                    f"{name} holds the places of samples, from 0 to {count - 1}, of shape (n,); "
                    f"got {places!r:.60}"
                )
            object.__setattr__(self, name, found.astype(np.int64, copy=False))

    @property
    def counts(self) -> Array:
        """How often each sample was used, of shape (samples,)."""
        return np.bincount(self.used, minlength=self.samples)

    @property
    def left_out(self) -> list[int]:
        """The places of the samples that were neither used nor held out."""
        counts = self.counts
        counts[self.held] += 1
        return np.flatnonzero(counts == 0).tolist()

    @property
    def repeated(self) -> list[int]:
        """The places of the samples that were used more than once, or used and held out."""
        counts = self.counts
        counts[self.held] += 1
        return np.flatnonzero(counts > 1).tolist()

    @property
    def is_complete(self) -> bool:
        """Whether every sample that was not held out was used just once."""
        return not self.left_out and not self.repeated

    def __repr__(self) -> str:
        once = self.samples - len(self.left_out) - len(self.repeated) - len(self.held)
        all_of = f"all {once:,}" if once == self.samples else f"{once:,} of {self.samples:,}"
        parts = [f"{all_of} samples once each, in {self.batches:,} batches"]
        parts += [f"{len(self.held):,} held out"] * bool(len(self.held))
        parts += [f"left out: {_shown(self.left_out)}"] * bool(self.left_out)
        parts += [f"more than once: {_shown(self.repeated)}"] * bool(self.repeated)
        return "; ".join(parts)


def _shown(places: Sequence[int]) -> str:
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return ", ".join(map(str, places[:_SHOWN])) + more


def coverage(source: Any) -> Coverage:
    """Return which samples the last epoch used, and how often.

    Args:
        source: the batches of `minibatches`, after a loop over them, or the history of `fit`.

    Returns:
        The counts, by the places of the samples in X; printed, a line.

    Raises:
        TypeError: if it is neither of the two.
        ValueError: if no epoch was begun.

    >>> from nn import minibatches
    >>> batches = minibatches(np.zeros((10, 2)), np.arange(10), 4, rng=0, drop_last=True)
    >>> for xs, ys in batches:
    ...     pass
    >>> coverage(batches)
    8 of 10 samples once each, in 2 batches; left out: 1, 8
    >>> coverage(batches).is_complete
    False

    Source: Bottou, "Stochastic gradient descent tricks", 2012, section 4.1, on going through all
    samples in a new order each time.
    """
    if not hasattr(source, "coverage"):
        raise TypeError(
            f"coverage takes the batches of minibatches or the history of fit; got {source!r:.60}"
        )
    found: Coverage | None = source.coverage
    if found is None and getattr(source, "epoch", None):
        raise ValueError(
            "which samples a function yields is not known, so nothing is said of their coverage: "
            "count them where they are yielded"
        )
    if found is None:
        raise ValueError("no epoch was begun: loop over the batches, or train, before")
    return found
