"""Faults to plant in the gradients of PyTorch and JAX."""

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.check_draws import Array

# Faults: from gradients, inputs and a generator to other gradients, and where they differ: the
# number of an input and an index, or None for several. None alone where there is no such fault.
Planted = tuple[list[Array], tuple[int, tuple[int, ...]] | None]
Fault = Callable[[list[Array], list[Array], float], Planted | None]


def _largest(grads: Sequence[Array]) -> tuple[int, tuple[int, ...]]:
    k = int(np.argmax([np.max(np.abs(g), initial=0.0) for g in grads]))
    return k, tuple(
        int(i) for i in np.unravel_index(int(np.argmax(np.abs(grads[k]))), grads[k].shape)
    )


def one_entry(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    k, index = _largest(grads)
    changed = [g.copy() for g in grads]
    changed[k][index] *= 1.0 + size
    return changed, (k, index)


def all_entries(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    return [g * (1.0 + size) for g in grads], None


def sign(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    return [-g for g in grads], None


def transposed(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    square = [g.ndim == 2 and g.shape[0] == g.shape[1] for g in grads]
    if not any(square):
        return None
    return [
        g.T.copy() if is_square else g for g, is_square in zip(grads, square, strict=True)
    ], None


def negative_only(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    return [np.where(x < 0.0, 1.001 * g, g) for g, x in zip(grads, xs, strict=True)], None


def one_index(grads: list[Array], xs: list[Array], size: float) -> Planted | None:
    changed = [g.copy() for g in grads]
    changed[0].flat[-1] *= 0.5
    last = tuple(n - 1 for n in changed[0].shape)
    return changed, (0, last)


# The gradient of the first output alone, in place of that of all.
FIRST_ONLY = "no sum over the outputs"

SIZES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
FAULTS: dict[str, tuple[Fault, float]] = {
    **{f"one entry, {size:g}": (one_entry, size) for size in SIZES},
    **{f"all entries, {size:g}": (all_entries, size) for size in SIZES},
    "sign": (sign, 0.0),
    "transposed": (transposed, 0.0),
    FIRST_ONLY: (all_entries, 0.0),
    "negative inputs only": (negative_only, 0.0),
    "one index only": (one_index, 0.0),
}
