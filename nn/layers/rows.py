"""Inputs of layers: one flat list, or the rows of a sequence, each taken alike.

Layers that work along the last axis take both, as they do in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from nn.spellings.tensors import is_of_torch
from nn.validation import Array, refuse_masked


def listed(model: Any, inputs: Any, what: str = "numbers or Values") -> list[Any]:
    """Return inputs as a list, of numbers or of rows.

    Raises:
        TypeError: if they are neither a list nor an array.
        ValueError: if there are none, or some are masked.
    """
    name = type(model).__name__
    if isinstance(inputs, np.ndarray):
        array = cast(Array, inputs)
        refuse_masked(f"the sample for {name}", array)
        inputs = array.tolist()
    if not isinstance(inputs, Sequence) or isinstance(inputs, str):
        write = "model(x.tolist())" if is_of_torch(inputs) else "model([x])"
        raise TypeError(f"{name} takes a list of {what}, got {inputs!r:.60}: write {write}")
    if not inputs:
        raise ValueError(f"{name} takes at least one input, got none")
    return cast(list[Any], inputs) if isinstance(inputs, list) else list(cast(Any, inputs))


def is_row(x: Any) -> bool:
    """Whether an input is itself a row of inputs."""
    return isinstance(x, list | tuple | np.ndarray)


def by_rows(model: Any, f: Callable[[list[Any]], Any], inputs: Any) -> Any:
    """Return f of the inputs, or of each row of them."""
    given = listed(model, inputs)
    if not is_row(given[0]):
        return f(given)
    rows = [listed(model, row) for row in given]
    if len(lengths := {len(row) for row in rows}) > 1:
        raise ValueError(
            f"{type(model).__name__} takes rows of one length, got lengths {sorted(lengths)}"
        )
    return [f(row) for row in rows]


def flattened(inputs: Any) -> list[Any]:
    """Return the numbers of rows, at any depth, one after another.

    >>> flattened([[1.0, 2.0], [3.0, 4.0]])
    [1.0, 2.0, 3.0, 4.0]
    """
    return [y for x in inputs for y in flattened(x)] if is_row(inputs) else [inputs]


def counts_in(config: dict[str, Any], *keys: str) -> list[int] | None:
    """Return counts that stand in a config under these keys; None if some are no counts.

    >>> counts_in({"n": 3}, "n"), counts_in({"n": "3"}, "n")
    ([3], None)
    """
    found: list[Any] = [config.get(key) for key in keys]
    return found if all(type(n) is int and n > 0 for n in found) else None
