"""Order, backward and gradient: the chain rule over a recorded graph.

Everything here is a loop over lists, so no graph is too deep. Birth numbers grow along every edge,
so sorting the reachable nodes by them gives a topological order.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

import itertools
import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, cast

from autograd.errors import StaleGraphError
from autograd.primitives import div
from autograd.recording import names, reciprocals, structural_zeros
from autograd.value import Value

_birth = attrgetter("birth")


def order(z: Value) -> list[Value]:
    """Return all Values that z was computed from, and z itself, operands before results.

    Every Value stands there once; plain numbers among the operands do not count.

    Raises:
        StaleGraphError: if one of them was given new data after something was computed from it.

    >>> a = Value(2.0, "a")
    >>> b = a + a
    >>> [v.data for v in order(b * b)]
    [2.0, 4.0, 16.0]
    """
    _check(z)
    seen = {z}
    nodes = [z]
    for node in nodes:
        for x in node.args:
            if isinstance(x, Value) and x not in seen:
                seen.add(x)
                nodes.append(x)
    nodes.sort(key=_birth)
    interior = [node for node in nodes if node._x is not None]
    if interior and names["youngest_rewrite"] > interior[0].birth:
        _check_fresh(interior)
    return nodes


def _check(z: object) -> None:
    if not isinstance(z, Value):
        raise TypeError(f"expected a Value, got {type(z).__name__}: a plain number has no graph")


def _check_fresh(nodes: Sequence[Value]) -> None:
    """Raise if some operand is younger than its result.

    Callers ask only where some Value was given new data after the oldest of the interior `nodes`
    was made, which training never does: the test of one number replaces one per edge.
    """
    for node in nodes:
        for x in node.args:
            if isinstance(x, Value) and x.birth > node.birth:
                raise StaleGraphError(
                    f"{_name(x)} was given new data after {_name(node)} had been computed from "
                    "it: compute the result again before going backward"
                )


def _name(node: Value) -> str:
    return f"{node.label or node.op or 'a leaf'} = {node.data}"


class _Pending:
    """Stands in `grad` while a pass collects its nodes."""


_PENDING: Any = _Pending()

# The gradient of a node that nothing has flowed to yet, told by identity: adding to it makes
# another float. A node behind a partial that is 0 by the rule passes nothing on, not even 0 * inf.
_UNTOUCHED = float("0.0")


def backward(z: Value, *, on_leaf: Callable[[Value], object] | None = None) -> None:
    """Set `grad` of every Value v that z was computed from to dz/dv.

    Interior nodes start from zero at every pass; leaves accumulate, so a second pass over the same
    graph gives exactly twice the gradient there. The graph stays usable.

    Args:
        z: the result; its own gradient is 1.
        on_leaf: called once with each leaf as soon as the leaf's gradient is complete. It may
            give the leaf new data: nothing later in the pass reads it.

    Raises:
        StaleGraphError: if a Value was given new data after something was computed from it;
            leaves keep their gradients then, interior ones become None.

    Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986.

    >>> a = Value(3.0)
    >>> z = a * a + a
    >>> backward(z)
    >>> a.grad
    7.0
    """
    _check(z)
    nodes: list[Any] = [z]
    leaves: list[Any] = []
    before: list[Any] = []
    if z._x is None:
        nodes, leaves = [], [z]
        if z.grad is not None:
            before = [(z, z.grad)]
    try:
        _collect(z, nodes, leaves, before)
        nodes.sort(key=_birth, reverse=True)
        if nodes and names["youngest_rewrite"] > nodes[-1].birth:
            _check_fresh(nodes)
        for node in leaves:
            node.grad = 0.0
        untouched = _UNTOUCHED
        for node in nodes:
            node.grad = untouched
        z.grad = 1.0
        if on_leaf is not None or names["watching"]:
            _sweep_with(on_leaf, nodes, leaves, before)
            return
        for node in nodes:
            if node.grad is not untouched:
                node._use.pull(node)
        for node, grad in before:
            node.grad += grad
    except BaseException:
        # Nothing is half done: leaves are as before, interior gradients as never computed. The
        # gradient of a leaf is noted before the leaf is, so no interrupt can lose it.
        for node in itertools.chain(nodes, leaves):
            node.grad = None
        for node, grad in before:
            node.grad = grad
        raise


Value.backward = backward  # pyright: ignore[reportAttributeAccessIssue]


def _collect(z: Value, nodes: list[Any], leaves: list[Any], before: list[Any]) -> None:
    """Append what z was computed from: interior nodes, leaves, and what gradients leaves have.

    A node that was met has `_PENDING` as its gradient: an identity test on a slot costs half of
    a look-up in a set.
    """
    pending = _PENDING
    z.grad = pending
    push = nodes.append
    for node in nodes:
        x = node._x
        if x.__class__ is tuple:
            for y in x:
                if y.__class__ is Value and y.grad is not pending:
                    if y._x is None:
                        if y.grad is not None:
                            before.append((y, y.grad))
                        leaves.append(y)
                    else:
                        push(y)
                    y.grad = pending
            continue
        if x.__class__ is Value and x.grad is not pending:
            if x._x is None:
                if x.grad is not None:
                    before.append((x, x.grad))
                leaves.append(x)
            else:
                push(x)
            x.grad = pending
        x = node._y
        if x.__class__ is Value and x.grad is not pending:
            if x._x is None:
                if x.grad is not None:
                    before.append((x, x.grad))
                leaves.append(x)
            else:
                push(x)
            x.grad = pending


def _sweep_with(
    on_leaf: Callable[[Value], object] | None,
    nodes: list[Any],
    leaves: list[Any],
    before: list[Any],
) -> None:
    """Pull every node, look at what came out, and hand each leaf over after its last consumer."""
    last: dict[Value, Value | None] = dict.fromkeys(leaves)
    for node in nodes:
        for x in node.args:
            if x in last:
                last[x] = node
    done: dict[Value | None, list[Value]] = {}
    for leaf in leaves:
        done.setdefault(last[leaf], []).append(leaf)
    earlier = dict(before)

    def finish(node: Value | None) -> None:
        for leaf in done.get(node, ()):
            leaf.grad += earlier.get(leaf, 0.0)
            if on_leaf is not None:
                on_leaf(leaf)

    inspect = names["inspect"] if names["detecting"]() else None
    finish(None)
    for node in nodes:
        if node.grad is not _UNTOUCHED:
            node._use.pull(node)
        if inspect is not None:
            inspect(node)
        finish(node)


def local_partials(node: Value) -> tuple[float, ...]:
    """Return the partial derivatives of a node at its operands, one per operand.

    They are what stands on the edges of a picture of the graph.

    Raises:
        StaleGraphError: if an operand was given new data after the node was computed.

    >>> x, y = Value(3.0), Value(4.0)
    >>> local_partials(x * y)
    (4.0, 3.0)
    """
    if node.op is None:
        return ()
    _check_fresh([node])
    return tuple([float(d) for d in node.op.partials(node.data, *_data(node.args))])


def _data(args: tuple[Value | float, ...]) -> list[float]:
    result: list[Any] = [x._number if x.__class__ is Value else x for x in cast(Any, args)]
    return result


def gradient(z: Value, xs: Sequence[Value]) -> list[Value]:
    """Return the derivatives of z with respect to each of xs, as Values that can be derived again.

    Touches no `grad`. A Value that z does not depend on has derivative 0.

    Args:
        z: the result.
        xs: leaves or interior nodes of its graph, or any other Values.

    Raises:
        StaleGraphError: as for `backward`.

    >>> x = Value(2.0, "x")
    >>> (dx,) = gradient(x**3, [x])
    >>> (ddx,) = gradient(dx, [x])
    >>> dx.data, ddx.data
    (12.0, 12.0)
    """
    if isinstance(xs, Value):
        raise TypeError("gradient takes a sequence of Values: write gradient(z, [x])")
    for x in xs:
        _check(x)
    adjoints = _adjoints(z, xs, Value)
    return [g if isinstance(g, Value) else Value(g) for g in (adjoints.get(x, 0.0) for x in xs)]


def gradient_numbers(z: Value, xs: Sequence[Value]) -> list[float]:
    """Return the derivatives of z with respect to each of xs as floats, touching no `grad`.

    >>> x = Value(2.0)
    >>> gradient_numbers(x**3, [x])
    [12.0]
    """
    adjoints = _adjoints(z, xs, float)
    return [adjoints.get(x, 0.0) for x in xs]


def _adjoints(z: Value, xs: Sequence[Value], kind: type) -> dict[Value, Any]:
    """Return dz/dv for the nodes v between xs and z; as floats, or as graphs if kind is Value."""
    nodes = order(z)
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
        row: Any = node._use.row
        partials = (
            row.partials(node, *args) if kind is Value else row.partials(node._number, *_data(args))
        )
        zeros, quotients = structural_zeros(row), reciprocals(row)
        for i, x in enumerate(args):
            if x not in between or i in zeros:
                continue
            part = _product(g, partials[i])
            if i in quotients and not _is_finite(partials[i]):
                y = (args if kind is Value else _data(args))[quotients[i]]
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
