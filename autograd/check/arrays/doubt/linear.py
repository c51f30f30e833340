"""Whether a gradient is linear in the weights of the outputs, as every backward must be.

At one choice of weights a backward that takes the size of what comes in, or clips it, may well give
the slopes; at the opposite weights, or a thousand times as large, it does not.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from autograd.check.arrays.subject import ArraySubject, Floats

# Powers of 2, by which every sum and product is multiplied without rounding.
_FAR, _NEAR = -(2.0**10), 2.0**-10
# Where half precision computes, its range is soon left: a product may be 0, or infinite.
_FEW, _FEW_FAR = 2.0**-16, 2.0**4
# What an iteration that ends at a tolerance may leave.
_ROOM = 2.0**-17

Gradient = Callable[[Floats], Floats]


def crooked(
    subject: ArraySubject, gradient: Gradient, weights: Floats, claims: Floats, noise: float
) -> tuple[npt.NDArray[np.bool_], str]:
    """Return at which entries a gradient is not linear in the weights, and how that was seen.

    Args:
        subject: what is checked.
        gradient: the claims for given weights of the outputs.
        weights: that were asked first.
        claims: what was claimed for them.
        noise: of the outputs, relative to them.

    >>> from autograd.check.arrays.containers import numpy_subject
    >>> x = np.array([1.0, -2.0])
    >>> subject = numpy_subject(lambda x: 2 * x, lambda x, w: 2 * abs(w), (x,))
    >>> def gradient(w):
    ...     return subject.gradient(x, w).values
    >>> w = np.array([1.0, 1.5])
    >>> crooked(subject, gradient, w, gradient(w), 0.0)[0].tolist()
    [True, True]
    """
    few = max(noise, subject.unit, *[leaf.unit for leaf in subject.leaves]) > _FEW
    found = np.zeros(len(claims), dtype=bool)
    said = ""
    for factor in (-1.0, _FEW_FAR) if few else (_FAR, _NEAR):
        for tried in (factor, -1.0):
            scaled = gradient(tried * weights) / tried
            # Too far for its kind of numbers; the sign alone never is.
            lost = np.isfinite(claims) & ~np.isfinite(scaled)
            if not lost.any() or tried == -1.0:
                break
        off = _apart(subject, claims, scaled)
        if few and factor == _FEW_FAR:
            # What was lost below the smallest number comes back; what is clipped only shrinks.
            off &= np.abs(scaled) < 0.5 * np.abs(claims)
        if off.any() and not found.any():
            i = int(np.flatnonzero(off)[0])
            said = (
                "a backward must be linear in the gradient that comes in: for weights "
                f"{tried:g} times as large it gives {scaled[i] * tried:.6g}, and is to give "
                f"{claims[i] * tried:.6g}"
            )
        found |= off
    return found, said


@np.errstate(all="ignore")
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
