"""`gradient`: the derivatives of a result that is there, as Values or as numbers.

The same sweep gives both: a rule that runs on Values makes the gradient a graph, which has a
gradient again. No `grad` is read or set. Placeholders of a function that is compiled answer
themselves, by the same sweep over what was recorded (`compile/tracing/derivatives.py`).
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from collections.abc import Callable, Sequence
from operator import mul
from typing import Any

from autograd import asked
from autograd.engine.backward import check_value, data_of, order, shown
from autograd.engine.modes import is_paused, tracer
from autograd.engine.value import Value
from autograd.transforms.sweep import Local, once_only, sweep, times


@asked.own_keywords()
def gradient(z: Value, xs: Sequence[Value]) -> list[Value]:
    """Return the derivatives of z with respect to each of xs, as Values that can be derived again.

    Touches no `grad`. A Value that z does not depend on has derivative 0.

    Args:
        z: the result.
        xs: leaves or interior nodes of its graph, or any other Values.

    Raises:
        StaleGraphError: as for `backward`.
        ValueError: in `no_grad`, if z is a leaf and some of xs is not z: what was computed there
            has no graph, and its derivatives are not known to be 0.

    >>> x = Value(2.0, "x")
    >>> (dx,) = gradient(x**3, [x])
    >>> (ddx,) = gradient(dx, [x])
    >>> dx.data, ddx.data
    (12.0, 12.0)
    """
    if isinstance(xs, Value):
        raise TypeError("gradient takes a sequence of Values: write gradient(z, [x])")
    xs = asked.iterable("gradient", xs, "a list of Values")
    for x in (*xs, z):
        if not is_node(x):
            check_value(x)
    if is_paused() and any(x is not z for x in xs) and _is_leaf(z):
        named = shown(z) if z.__class__ is Value else repr(z)
        raise ValueError(
            f"gradient of {named}, which has no graph: no_grad() is open here and records "
            "nothing; compute it outside, or write grad(f)(x), which records even there"
        )
    return gradient_values(z, xs)


def is_node(x: Any) -> bool:
    """Return whether something is a recorded number: a Value, or a placeholder of a trace."""
    return x.__class__ is Value or hasattr(x.__class__, "__gradient__")


def _is_leaf(z: Any) -> bool:
    return z._x is None if z.__class__ is Value else z.__is_leaf__()


def gradient_values(
    z: Value, xs: Sequence[Value], nodes: Sequence[Value] | None = None
) -> list[Value]:
    """Return what `gradient` does, unchecked; `nodes` is the order of z where it is known."""
    answer = getattr(tracer.stands(z), "__gradient__", None)
    if answer is not None:
        return answer(xs)

    def local_of(node: Any, operands: Sequence[Any]) -> Local:
        row = node._kind.row
        try:
            return row, operands, row.partials(node, *operands)
        except (TypeError, AttributeError, ValueError) as error:
            raise TypeError(once_only(row)) from error

    found = _swept(z, xs, nodes, local_of, times)
    return [g if isinstance(g, Value) else Value(g) for g in (found.get(x, 0.0) for x in xs)]


def gradient_numbers(
    z: Value, xs: Sequence[Value], nodes: Sequence[Value] | None = None
) -> list[float]:
    """Return the derivatives of z with respect to each of xs as floats, touching no `grad`.

    >>> x = Value(2.0)
    >>> gradient_numbers(x**3, [x])
    [12.0]
    """

    def local_of(node: Any, operands: Sequence[Any]) -> Local:
        row, numbers = node._kind.row, data_of(operands)
        return row, numbers, row.partials(node._number, *numbers)

    found = _swept(z, xs, nodes, local_of, mul)
    return [found.get(x, 0.0) for x in xs]


def _swept(
    z: Value,
    xs: Sequence[Value],
    nodes: Sequence[Value] | None,
    local_of: Callable[[Any, Sequence[Any]], Local],
    product: Callable[[Any, Any], Any],
) -> dict[Any, Any]:
    """Return dz/dx for those of xs that z depends on, by way of the nodes in between alone."""
    wanted = set(xs)
    between: set[Any] = set(wanted)
    operands: dict[Any, tuple[Value | float, ...]] = {}
    for node in order(z) if nodes is None else nodes:
        if node._x is not None:
            args = node.args
            if not between.isdisjoint(args):
                between.add(node)
                operands[node] = args
    inner = reversed(operands)
    return sweep(
        {z: 1.0}, inner, operands.__getitem__, local_of, between, kept=wanted, product=product
    )
