"""Whether a gradient is linear in the weights of the outputs, as every backward must be.

At one choice of weights a backward that takes the size of what comes in, or clips it, may well give
the slopes; at the opposite weights, or a thousand times as large, it does not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograd.check.arrays.subject import ArraySubject, Floats

# Powers of 2, by which every sum and product is multiplied without rounding.
_FAR, _NEAR = 2.0**10, 2.0**-10
# Where half precision may compute, its range is soon left: a product may be infinite, then these
# are tried in turn, or lost, and comes back for larger weights. What is clipped shrinks, and what
# takes a power grows with the factor.
_LARGER, _SHRUNK = (2.0**10, 2.0**6, 2.0**3), 0.25
# What an iteration that ends at a tolerance may leave.
_ROOM = 2.0**-17

Gradient = Callable[[Floats], Floats]


@dataclass
class Crooked:
    """Where a gradient is not linear in the weights of the outputs.

    Attributes:
        entries: whether it is one, by entry.
        said: how that was seen.
    """

    entries: npt.NDArray[np.bool_]
    said: str = ""

    def add(self, off: npt.NDArray[np.bool_], factor: float, claims: Floats, found: Floats) -> None:
        """Add the entries that are off for weights so many times as large."""
        if off.any() and not self.said:
            i = int(np.flatnonzero(off)[0])
            self.said = (
                "a backward must be linear in the gradient that comes in: for weights "
                f"{factor:g} times as large it gives {found[i]:.6g}, and is to give "
                f"{claims[i] * factor:.6g}"
            )
        self.entries |= off


@np.errstate(all="ignore")
def crooked(
    subject: ArraySubject,
    gradient: Gradient,
    weights: Floats,
    claims: Floats,
    few: Callable[[], bool],
) -> Crooked:
    """Return at which entries a gradient is not linear in the weights.

    Args:
        subject: what is checked.
        gradient: the claims for given weights of the outputs.
        weights: that were asked first.
        claims: what was claimed for them.
        few: whether half precision may compute somewhere inside.

    >>> from autograd.check.arrays.containers import numpy_subject
    >>> x = np.array([1.0, -2.0])
    >>> subject = numpy_subject(lambda x: 2 * x, lambda x, w: 2 * abs(w), (x,))
    >>> def gradient(w):
    ...     return subject.gradient(x, w).values
    >>> w = np.array([1.0, 1.5])
    >>> crooked(subject, gradient, w, gradient(w), lambda: False).entries.tolist()
    [True, True]
    """
    result = Crooked(np.zeros(len(claims), dtype=bool))
    opposite = gradient(-weights)
    result.add(_apart(subject, claims, -opposite), -1.0, claims, opposite)
    finest = max(subject.unit, *[leaf.unit for leaf in subject.leaves])
    if finest <= 2.0**-53:
        sizes = [(factor, gradient(factor * weights)) for factor in (_FAR, _NEAR)]
        offs = [_apart(subject, claims, found / factor) for factor, found in sizes]
        if not any(off.any() for off in offs):
            return result
        if not few():
            for (factor, found), off in zip(sizes, offs, strict=True):
                result.add(off, factor, claims, found)
            return result
    for factor in _LARGER:
        found = gradient(factor * weights)
        if np.isfinite(found).all() or not np.isfinite(claims).all():
            result.add(_resized(subject, claims, found / factor, factor), factor, claims, found)
            break
    return result


def _resized(
    subject: ArraySubject, claims: Floats, scaled: Floats, factor: float
) -> npt.NDArray[np.bool_]:
    """Where claims are clipped, or grow by another power, of arrays whose largest one does."""
    off = np.zeros(len(claims), dtype=bool)
    for leaf in subject.leaves:
        before, after = np.abs(claims[leaf.part]), np.abs(scaled[leaf.part])
        if not before.any():
            continue
        shares = after / before
        largest = shares[np.argmax(before)]
        if largest < _SHRUNK:
            off[leaf.part] = shares < 2.0 * _SHRUNK
        elif largest > factor / 4.0:
            off[leaf.part] = shares > factor / 8.0
    return off


def _apart(subject: ArraySubject, claims: Floats, scaled: Floats) -> npt.NDArray[np.bool_]:
    off = np.zeros(len(claims), dtype=bool)
    for leaf in subject.leaves:
        a, b = claims[leaf.part], scaled[leaf.part]
        known = np.isfinite(a) & np.isfinite(b)
        sizes = np.where(known, np.maximum(np.abs(a), np.abs(b)), 0.0)
        most = float(sizes.max(initial=0.0))
        room = max(_ROOM, 2.0**4 * leaf.unit) * np.maximum(sizes, 2.0**-10 * most)
        off[leaf.part] = known & (np.abs(a - b) > np.maximum(room, 1e-30))
    return off
