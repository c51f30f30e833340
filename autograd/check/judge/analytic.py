"""The derivatives that the engine gives at one point, up to an order: what is to be judged.

Order 1 comes from `backward()` and from `gradient()`; what lies above is the gradient's graph,
differentiated again by every pair of inputs or along one fixed direction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.engine.backward import order
from autograd.engine.custom.given import CustomRow
from autograd.engine.value import Value
from autograd.transforms.gradient import gradient, gradient_numbers

# Up to this many inputs every second derivative is checked; beyond, one fixed direction.
ALL_PAIRS = 4


@dataclass(frozen=True, slots=True)
class Scalar:
    """Something to differentiate: the function, or a derivative of it.

    Attributes:
        order: the order of its derivatives by the inputs.
        node: its graph; a number if it depends on no input.
        by: the input it was differentiated by, "v" for a direction through all of them, "" for
            the function.
        analytic: its derivatives by each input, as the engine gives them.
    """

    order: int
    node: Value | float
    by: str
    analytic: list[float]

    def entry(self, name: str, alone: bool) -> str:
        """Return how its derivative by an input is written, as in d2f/dx dy.

        Args:
            name: of the input.
            alone: whether there is no other.

        >>> Scalar(2, 1.0, "x", [0.0]).entry("x", alone=True)
        'd2f/dx2'
        """
        if self.order == 1:
            return f"df/d{name}"
        if self.by == name and alone:
            return f"d{self.order}f/d{name}{self.order}"
        return f"d{self.order}f/{'d' + self.by + ' ' if self.by else ''}d{name}"


def direction(count: int) -> list[float]:
    """Return the fixed direction that derivatives of many inputs are taken along.

    Multiples of the golden ratio modulo 1, so no two weights are alike and none is small.

    >>> [round(v, 3) for v in direction(3)]
    [1.118, -0.736, 1.354]
    """
    ratio = 0.6180339887498949
    return [(0.5 + (i + 1) * ratio % 1.0) * (-1.0) ** i for i in range(count)]


def by_backward(z: Value | float, leaves: Sequence[Value]) -> list[float]:
    """Return the gradient that `backward` leaves behind, and put back what it wrote over."""
    if not isinstance(z, Value):
        return [0.0] * len(leaves)
    nodes = [*order(z), *leaves]
    before = [node.grad for node in nodes]
    try:
        for leaf in leaves:
            leaf.grad = None
        z.backward()
        return [leaf.grad if leaf.grad is not None else 0.0 for leaf in leaves]
    finally:
        for node, grad in zip(nodes, before, strict=True):
            node.grad = grad


def scalars(
    z: Value | float, leaves: Sequence[Value], highest: int, names: Sequence[str]
) -> list[Scalar]:
    """Return the function and its derivatives below the highest order, each with its gradient."""
    if not isinstance(z, Value):
        return [Scalar(1, z, "", [0.0] * len(leaves))]
    if highest == 1:
        return [Scalar(1, z, "", gradient_numbers(z, leaves))]
    slopes = gradient(z, leaves)
    found = [Scalar(1, z, "", [g.data for g in slopes])]
    if any(isinstance(node.op, CustomRow) for node in order(z)):  # which has one derivative
        by = names[0] if len(leaves) == 1 else "v"
        return [*found, Scalar(2, math.nan, by, [math.nan] * len(leaves))]
    if len(leaves) <= ALL_PAIRS:
        for name, g in zip(names, slopes, strict=True):
            found.append(Scalar(2, g, name, gradient_numbers(g, leaves)))
    elif highest >= 2:
        g = _along(slopes)
        found.append(Scalar(2, g, "v", gradient_numbers(g, leaves)))
    for k in range(3, highest + 1):
        along = _along(slopes)
        slopes = gradient(along, leaves)
        g = _along(slopes)
        by = names[0] if len(leaves) == 1 else "v"
        found.append(Scalar(k, g, by, gradient_numbers(g, leaves)))
    return found


def _along(slopes: Sequence[Value]) -> Value:
    """Return the derivative along the fixed direction; along the input itself if there is one."""
    if len(slopes) == 1:
        return slopes[0]
    total: Value | None = None
    for weight, slope in zip(direction(len(slopes)), slopes, strict=True):
        part = slope * weight
        total = part if total is None else total + part
    return total if total is not None else Value(0.0)
