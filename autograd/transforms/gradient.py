"""`gradient`: the derivatives of a result that is there, as Values or as numbers.

The same sweep gives both: a rule that runs on Values makes the gradient a graph, which has a
gradient again. No `grad` is read or set.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

import math
from collections.abc import Sequence
from typing import Any, cast

from autograd import asked
from autograd.engine.backward import check_value, data_of, order, shown
from autograd.engine.methods import closed, reciprocals
from autograd.engine.modes import is_paused
from autograd.engine.primitives import div
from autograd.engine.value import Value


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
    for x in xs:
        check_value(x)
    check_value(z)
    if z._x is None and any(x is not z for x in xs) and is_paused():
        raise ValueError(
            f"gradient of {shown(z)}, which has no graph: no_grad() is open here and records "
            "nothing; compute it outside, or write grad(f)(x), which records even there"
        )
    return gradient_values(z, xs)


def gradient_values(
    z: Value, xs: Sequence[Value], nodes: Sequence[Value] | None = None
) -> list[Value]:
    """Return what `gradient` does, unchecked; `nodes` is the order of z where it is known."""
    adjoints = _adjoints(z, xs, Value, nodes)
    return [g if isinstance(g, Value) else Value(g) for g in (adjoints.get(x, 0.0) for x in xs)]


def gradient_numbers(
    z: Value, xs: Sequence[Value], nodes: Sequence[Value] | None = None
) -> list[float]:
    """Return the derivatives of z with respect to each of xs as floats, touching no `grad`.

    >>> x = Value(2.0)
    >>> gradient_numbers(x**3, [x])
    [12.0]
    """
    adjoints = _adjoints(z, xs, float, nodes)
    return [adjoints.get(x, 0.0) for x in xs]


def _adjoints(
    z: Value, xs: Sequence[Value], kind: type, nodes: Sequence[Value] | None = None
) -> dict[Value, Any]:
    """Return dz/dv for the nodes v between xs and z; as floats, or as graphs if kind is Value."""
    nodes = order(z) if nodes is None else nodes
    wanted = set(xs)
    between: set[Any] = set(wanted)
    for node in nodes:
        if node._x is not None and not between.isdisjoint(node.args):
            between.add(node)
    adjoints: dict[Any, Any] = {z: 1.0}
    for node in reversed(nodes):
        if node._x is None or node not in between or node not in adjoints:
            continue
        g = adjoints[node] if node in wanted else adjoints.pop(node)
        args = node.args
        row: Any = node._kind.row
        partials = (
            row.partials(node, *args)
            if kind is Value
            else row.partials(node._number, *data_of(args))
        )
        nothing = closed(row, partials)
        quotients = reciprocals(row)
        for i, x in enumerate(args):
            if x not in between or i in nothing:
                continue
            part = _product(g, partials[i])
            if i in quotients and not _is_finite(partials[i]):
                y = (args if kind is Value else data_of(args))[quotients[i]]
                part = cast(Any, div)(g, y)
            adjoints[x] = adjoints[x] + part if x in adjoints else part
    return adjoints


def _is_finite(x: Any) -> bool:
    return math.isfinite(x._number if x.__class__ is Value else x)


def _product(g: Any, partial: Any) -> Any:
    """Return g * partial, without a node for a factor of exactly 1."""
    if partial.__class__ is float and partial == 1.0:
        return g
    return partial if g.__class__ is float and g == 1.0 else g * partial
