"""Somebody's Jacobian read: an array, one of SciPy's sparse kinds, or a LinearOperator.

What has few entries of many is multiplied, and not filled with zeros: of a hundred thousand rows
and columns these would take 75 GiB.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.check.arrays.subject import Floats

# Of an operator so many numbers at most are asked for at once.
_TOGETHER = 2**22


def read(found: Any, shape: tuple[int, int], scalar: bool) -> Floats:
    """Return a Jacobian as an array, or say which shape it is to have.

    Args:
        found: what somebody's function returned.
        shape: the rows and columns that it is to have.
        scalar: whether the function gives one number: its gradient has one axis.

    >>> read([[1, 2]], (1, 2), scalar=False)
    array([[1., 2.]])
    """
    if found is None:
        wanted = _wanted(shape, scalar)
        raise TypeError(f"jac returned None: return an array of the shape {wanted}")
    if not (_is_sparse(found) or _is_operator(found)):
        found = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    if found.dtype.kind not in "fiu":
        raise TypeError(f"jac returned {found!r:.60}: return an array of floats")
    _fits(found.shape, shape, scalar)
    if _is_sparse(found):
        found = found.toarray()
    elif _is_operator(found):
        found = np.concatenate([*_blocks(found, shape[1])], axis=1)
    return found.reshape(shape).astype(np.float64)


def weighted_rows(found: Any, weights: Floats, shape: tuple[int, int], scalar: bool) -> Floats:
    """Return the sum of a Jacobian's rows, each times its weight.

    Args:
        found: as for `read`, as are `shape` and `scalar`.
        weights: one for each row.
        shape: the rows and columns that it is to have.
        scalar: whether the function gives one number.

    >>> weighted_rows([[1, 2], [3, 4]], np.array([1.0, 10.0]), (2, 2), scalar=False)
    array([31., 42.])
    """
    if _is_sparse(found) and found.dtype.kind in "fiu" and found.shape == shape:
        return np.asarray(found.T @ weights, dtype=np.float64)
    if _is_operator(found) and found.shape == shape:
        parts = [weights @ block for block in _blocks(found, shape[1])]
        return np.concatenate(parts).astype(np.float64)
    return weights @ read(found, shape, scalar)


def _is_operator(found: Any) -> bool:
    return hasattr(found, "matmat") and not hasattr(found, "toarray")


def _is_sparse(found: Any) -> bool:
    return all(hasattr(found, name) for name in ("toarray", "dtype", "shape"))


def _blocks(operator: Any, columns: int) -> Iterator[Any]:
    """Yield the columns of an operator, some at a time."""
    together = max(1, _TOGETHER // max(1, columns))
    for start in range(0, columns, together):
        stop = min(columns, start + together)
        units = np.zeros((columns, stop - start))
        units[np.arange(start, stop), np.arange(stop - start)] = 1.0
        yield np.asarray(operator.matmat(units))


def _wanted(shape: tuple[int, int], scalar: bool) -> tuple[int, ...]:
    return shape[1:] if scalar else shape


def _fits(given: tuple[int, ...], shape: tuple[int, int], scalar: bool) -> None:
    """Raise unless a shape is the one that a Jacobian is to have; of one row, an axis may go."""
    short = shape[0] == 1 and given == shape[1:]
    if given == shape or short or (shape == (1, 1) and given == ()):
        return
    wanted = _wanted(shape, scalar)
    turned = ": is it transposed? Write .T" if given == wanted[::-1] else ""
    raise ValueError(f"jac has the shape {given}, and it is to have {wanted}{turned}")
