"""Finds the node behind a nan or infinity of a compiled program, inside `detect_anomaly`.

A program has no nodes any more when it runs. So the samples that failed are recorded once more, one
after another, with plain Values, until the node that fails raises and tells its name and line.
"""

# pyright: reportPrivateUsage=false
# A parameter is moved and put back without a new birth number, which only its slot allows.

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from autograd.compile.tracing.trace import Shape, flat_outputs
from autograd.engine.modes import detect_anomaly, recording_anyway
from autograd.engine.value import Value
from autograd.errors import AnomalyError
from autograd.transforms.trees import LISTS, flat, shaped


def replay(
    f: Callable[..., Any],
    parameters: Sequence[Value],
    theta: Any,
    samples: Iterable[tuple[int, Sequence[float]]],
    shapes: Sequence[Shape],
    *,
    gradient: bool,
) -> NoReturn:
    """Record samples one after another and raise at the first node that is nan or infinite.

    Args:
        f: the function that was compiled.
        parameters: its parameters; they have their own numbers and gradients back afterwards.
        theta: the numbers to run with.
        samples: each with its place in the batch and all its numbers, in the order of the inputs.
        shapes: of the arguments.
        gradient: whether to go backward, too.

    Raises:
        AnomalyError: naming the sample, the node and the line; or that no node fails in float64.
    """
    with _at(parameters, theta), recording_anyway(), detect_anomaly():
        for place, numbers in samples:
            try:
                results = flat_outputs(f(*_arguments(numbers, shapes)))
                if gradient and isinstance(results[0], Value):
                    results[0].backward()
            except AnomalyError as error:
                raise AnomalyError(f"in sample {place} of the batch, {error}") from None
    raise AnomalyError(
        "the compiled program gives nan or infinity where no node does, recorded one by one: a "
        "number is beyond float32, or a sum overflows in another order; try dtype='float64', or "
        "scale the numbers"
    )


def _arguments(numbers: Sequence[float], shapes: Sequence[Shape]) -> list[Any]:
    rest = iter(numbers)
    found: list[Any] = []
    for i, shape in enumerate(shapes):
        places = itertools.product(*[range(n) for n in shape])
        labels = [f"x{i}" + "".join([f"[{k}]" for k in place]) for place in places]
        found.append(shaped((Value(next(rest), label) for label in labels), shape))
    return found


@contextmanager
def _at(parameters: Sequence[Value], theta: Any) -> Generator[None]:
    """Inside the block, the parameters have these numbers."""
    before = [(p._number, p.grad) for p in parameters]
    try:
        for p, x in zip(parameters, theta.tolist(), strict=True):
            p._number, p.grad = x, None
        yield
    finally:
        for p, (x, g) in zip(parameters, before, strict=True):
            p._number, p.grad = x, g


def failed(*results: Any) -> bool:
    """Whether some number, in arrays or nested lists, is nan or infinite.

    >>> failed(1.0, [2.0, [float("nan")]]), failed(np.zeros(3))
    (True, False)
    """
    return not all(np.isfinite(x).all() for x in flat(results, (*LISTS, dict)))


def failed_samples(results: list[Any]) -> list[int]:
    """Return which samples have a value that is nan or infinite."""
    return np.flatnonzero(~np.isfinite(results[0]).all(axis=1)).tolist()
