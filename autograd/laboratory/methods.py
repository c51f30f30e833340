"""Ways to a gradient: backpropagation and four others, each with its cost counted.

All differentiate the same recorded graph, so that only the way differs. "Trained by
backpropagation" names one way to the numbers that a descent step takes; the others come to the same
numbers, at another price.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from autograd import asked
from autograd.check.oracles.complex_step import STEP, analytic
from autograd.check.oracles.forward import local_partials
from autograd.check.oracles.tape import Tape
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value

# The step of central differences with the least sum of both errors is near the cube root of the
# spacing of floats, times the scale of the number.
_STEP = float(np.finfo(float).eps) ** (1.0 / 3.0)
# Visits of a naive recursion, each a fraction of a microsecond.
_MOST = 3_000_000


class Derived(NamedTuple):
    """A gradient and its price.

    Attributes:
        slopes: the derivative of the result by each leaf, in order; None for a leaf that the
            result does not depend on.
        evaluations: how often the result was computed: once for its graph, and each time that the
            graph ran again on other numbers, real or complex.
        multiplications: how often the chain rule multiplied by a local derivative.

    >>> x = Value(3.0)
    >>> gradient_by("forward", x * x, [x])
    Derived(slopes=[6.0], evaluations=1, multiplications=2)
    """

    slopes: list[float | None]
    evaluations: int
    multiplications: int


def gradient_by(method: str, z: Value, xs: Sequence[Value]) -> Derived:
    """Differentiate a result by leaves of its graph in one of several ways.

    - "backprop": one sweep from the result back; each edge of the graph is one multiplication.
    - "forward": for each leaf a sweep from it to the result, over the edges that depend on it.
    - "finite_differences": (z(x + h) - z(x - h)) / 2h, two evaluations for each leaf; with
      h = 6e-6 times the leaf's size, or 6e-6 below 1, ten digits are right at best.
    - "complex_step": the imaginary part of z(x + ih) / h, one complex evaluation for each leaf.
      Operations whose function is not written for complex numbers, such as relu and sigmoid, give
      f(x) + ih f'(x), which is the same to the last digit at h = 8e-31 times the leaf's size.
    - "naive_paths": the chain rule down every path from the result, which multiplies once on each
      edge of each path: exponentially many in a deep graph.

    Args:
        method: one of these names.
        z: the result. Neither its graph nor any `grad` is changed.
        xs: the leaves.

    Returns:
        The slopes, with the evaluations and multiplications that they took.

    Raises:
        ValueError: if there is no method of that name; for "naive_paths", if there are more than
            3,000,000 multiplications.
        TypeError: if z or a leaf is no Value.

    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> u = x * x + x * y + y * y
    >>> z = u * u + u
    >>> for method in METHODS:
    ...     slopes, evaluations, multiplications = gradient_by(method, z, [x, y])
    ...     print(f"{method:18} {slopes[0]:.6f} {evaluations} {multiplications}")
    backprop           60.000000 1 14
    forward            60.000000 1 20
    finite_differences 60.000000 5 0
    complex_step       60.000000 3 0
    naive_paths        60.000000 1 34

    Source: Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning:
    a survey", 2018, sections 2 and 3; Squire and Trapp, "Using complex variables to estimate
    derivatives of real functions", 1998.
    """
    asked.instance("gradient_by", method, str, f"a method's name, one of {', '.join(METHODS)}")
    if method not in METHODS:
        near = asked.near(method, METHODS)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no method is called {method!r}.{hint} Known are {', '.join(METHODS)}.")
    asked.instance("gradient_by", z, Value, "the result as a Value")
    leaves = asked.iterable("gradient_by", xs, "the leaves as a list of Values")
    for x in leaves:
        asked.instance("gradient_by", x, Value, "leaves that are Values")
    return METHODS[method](Tape([z], leaves))


def _backprop(tape: Tape) -> Derived:
    adjoint = [0.0] * len(tape)
    adjoint[tape.roots[0]] = 1.0
    partials, count = local_partials(tape), 0
    for i in range(len(tape) - 1, -1, -1):
        if tape.rows[i] is not None and tape.active[i]:
            for j, d in zip(tape.operands[i], partials[i], strict=False):
                if tape.active[j]:
                    adjoint[j] += adjoint[i] * d
                    count += 1
    return Derived([adjoint[j] if j >= 0 else None for j in tape.inputs], 1, count)


def _forward(tape: Tape) -> Derived:
    partials, count = local_partials(tape), 0
    slopes: list[float | None] = []
    for place in tape.inputs:
        if place < 0:
            slopes.append(None)
            continue
        bit, tangent = tape.depends[place], [0.0] * len(tape)
        tangent[place] = 1.0
        for i in range(place + 1, len(tape)):
            if tape.rows[i] is not None and tape.depends[i] & bit:
                for j, d in zip(tape.operands[i], partials[i], strict=False):
                    if tape.depends[j] & bit:
                        tangent[i] += d * tangent[j]
                        count += 1
        slopes.append(tangent[tape.roots[0]])
    return Derived(slopes, 1, count)


def _finite_differences(tape: Tape) -> Derived:
    def run(i: int, row: Primitive, *operands: float) -> float:
        return row.function(*operands)

    slopes: list[float | None] = [None] * len(tape.inputs)
    evaluations = 1
    for k, place in enumerate(tape.inputs):
        if place >= 0:
            x = tape.data[place]
            h = _STEP * max(1.0, abs(x))
            up, down = [_with(tape, k, moved, run) for moved in (x + h, x - h)]
            # The step that was taken, which rounding may have changed.
            slopes[k] = (up - down) / ((x + h) - (x - h))
            evaluations += 2
    return Derived(slopes, evaluations, 0)


def _complex_step(tape: Tape) -> Derived:
    partials = local_partials(tape)
    count = 0

    def run(i: int, row: Primitive, *operands: Any) -> Any:
        nonlocal count
        if analytic(row):
            return row.array(*operands)
        # To first order, which is all of it: h squared is beyond the last digit.
        moved = [(d, x.imag) for d, x in zip(partials[i], operands, strict=False) if x.imag]
        count += len(moved)
        return complex(tape.data[i], math.fsum([d * imaginary for d, imaginary in moved]))

    slopes: list[float | None] = [None] * len(tape.inputs)
    evaluations = 1
    with np.errstate(all="ignore"):
        for k, place in enumerate(tape.inputs):
            if place >= 0:
                x = tape.data[place]
                h = STEP * (abs(x) or 1.0)
                slopes[k] = complex(_with(tape, k, complex(x, h), run)).imag / h
                evaluations += 1
    return Derived(slopes, evaluations, count)


def _with(tape: Tape, k: int, x: Any, run: Callable[..., Any]) -> Any:
    """Return the result with another number for input k."""
    moved: list[Any] = [tape.data[j] if j >= 0 else math.nan for j in tape.inputs]
    moved[k] = x
    return tape.replay(moved, float, run)[tape.roots[0]]


def _naive_paths(tape: Tape) -> Derived:
    root = tape.roots[0]
    edges = [
        [(j, d) for j, d in zip(operands, ds, strict=False) if tape.active[j]]
        for operands, ds in zip(tape.operands, local_partials(tape), strict=True)
    ]
    visits = [0] * len(tape)
    visits[root] = 1
    for i in range(root, -1, -1):
        for j, _ in edges[i] if visits[i] else ():
            visits[j] += visits[i]
    expected = sum(visits) - 1
    if expected > _MOST:
        raise ValueError(
            f"the chain rule down every path is {expected:,} multiplications here, more than "
            f"{_MOST:,}: take a smaller network, or 'backprop', which visits each node once"
        )
    slopes = [0.0] * len(tape)
    count = 0
    underway = [(root, 1.0)]
    while underway:
        i, product = underway.pop()
        slopes[i] += product
        count += len(edges[i])
        underway += [(j, product * d) for j, d in edges[i]]
    return Derived([slopes[j] if j >= 0 else None for j in tape.inputs], 1, count)


METHODS: Mapping[str, Callable[[Tape], Derived]] = MappingProxyType(
    {
        "backprop": _backprop,
        "forward": _forward,
        "finite_differences": _finite_differences,
        "complex_step": _complex_step,
        "naive_paths": _naive_paths,
    }
)
