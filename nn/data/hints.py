"""Words on runs that go wrong without an error: what was seen, the usual causes, what to write.

They are said where a user looks, in the note of a history. Each has a wide margin, since a word
that is often wrong is soon read no more.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.losses import Loss
from nn.validation import Array, Floats

# The root of the mean square of a column: beyond it a neuron whose weights start as usual has sums
# that saturate it. Digits of 0 to 16 lie at 12, pixels of 0 to 255 at 100.
_LARGE = 20.0
# Rows that are looked at.
_ROWS = 1000
# How often the first loss, and how much beyond the mean square of the targets.
_GROWN, _BEYOND = 10.0, 1000.0
_SMALLER = (
    "choose a smaller learning rate, scale the inputs and targets, or give the optimizer "
    "clip_norm=1.0"
)


def unscaled(X: Floats, names: Sequence[str]) -> str:
    """Say that a column of the inputs is large; "" if none is.

    >>> unscaled(np.array([[0.5, 800.0], [1.5, 900.0]]), ["weight", "area"])
    "X is not scaled: column 'area' has numbers up to 900. Write preprocessing=nn.StandardScaler()."
    >>> unscaled(np.array([[0.5, 3.0]]), [])
    ''
    """
    if X.ndim != 2:
        return ""
    some = X[:: max(1, len(X) // _ROWS)]
    sizes = _root_mean_square(some)
    place = int(sizes.argmax())
    if not sizes[place] > _LARGE:
        return ""
    name = repr(names[place]) if names else place
    most = float(np.abs(some[:, place]).max())
    return (
        f"X is not scaled: column {name} has numbers up to {most:.6g}. Write "
        "preprocessing=nn.StandardScaler()."
    )


def _root_mean_square(x: Floats) -> Floats:
    """Return that of each column, of numbers whose squares may leave the floats."""
    most = np.abs(x).max(axis=0)
    shares = x / np.where(most > 0.0, most, 1.0)
    return most * np.sqrt((shares * shares).mean(axis=0))


def all_same(said: Array, right: Array) -> str:
    """Say that every prediction is the same where what is right differs; "" if not so.

    Args:
        said: labels, or numbers of shape (samples,) or (samples, outputs).
        right: what is right, as many.

    >>> all_same(np.array(["a", "a"]), np.array(["a", "b"]))[:29]
    "Every prediction is 'a', what"
    """
    if len(said) < 2 or (right == right[0]).all() or not _equal(said):
        return ""
    first: Any = said[0].tolist()
    shown = f"{first:.4g}" if isinstance(first, float) else f"{first!r:.40}"
    return (
        f"Every prediction is {shown}, whatever the sample: a learning rate that is too large or "
        "too small, inputs that are not scaled, or classes of which one is far more frequent "
        "(class_weight='balanced')."
    )


def _equal(said: Array) -> bool:
    if said.dtype.kind != "f":
        return bool((said == said[0]).all())
    # Halves, whose difference stays a float.
    spread = np.ptp(said / 2.0, axis=0)
    return bool((spread <= 0.5e-9 * np.abs(said).max(axis=0)).all())


def runs_away(losses: Sequence[float], loss: Loss, targets: Array, write: str = _SMALLER) -> str:
    """Say that a loss has grown far beyond what it was, or beyond any sense; "" if not so.

    >>> from nn.losses import loss_named
    >>> runs_away([2.0, 7.0, 95.0], loss_named("huber"), np.ones(3))[:38]
    'The loss went from 2 to 95, and has no'
    """
    if not losses:
        return ""
    first, last = losses[0], losses[-1]
    size = float(_root_mean_square(np.ravel(targets))) if loss.target == "values" else 0.0
    sense = 1.0 + size * size
    is_known = loss.target != "any"
    grown = last > _GROWN * first and last > 1e-3 * sense
    if not grown and not (is_known and last > _BEYOND * sense):
        return ""
    return (
        f"The loss went from {first:.4g} to {last:.4g}, and has not become infinite yet: {write}."
    )
