"""Order, backward and gradient: the chain rule over a recorded graph.

Everything here is a loop over lists, so no graph is too deep. Birth numbers grow along every edge,
so sorting the reachable nodes by them gives a topological order.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, cast

from autograd import asked
from autograd.blocks import Turn
from autograd.engine.methods import closed, newest, reciprocals
from autograd.engine.modes import check_gradients_of, detecting, is_paused, watching
from autograd.engine.numeric import number
from autograd.engine.primitives import div
from autograd.engine.value import Value
from autograd.errors import StaleGraphError

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
    return ordered([z])


def ordered(roots: Sequence[Value]) -> list[Value]:
    """Return all Values that these were computed from, and themselves, operands before results.

    Raises:
        StaleGraphError: as for `order`.
    """
    seen = set(roots)
    nodes = list(seen)
    for node in nodes:
        for x in node.args:
            if isinstance(x, Value) and x not in seen:
                seen.add(x)
                nodes.append(x)
    nodes.sort(key=_birth)
    check_fresh(nodes)
    return nodes


def check_fresh(nodes: Sequence[Value]) -> None:
    """Raise StaleGraphError if one of some nodes, in order, was computed from older data."""
    interior = [node for node in nodes if node._x is not None]
    if interior and newest.data > interior[0].birth:
        _check_fresh(interior)


def first_birth(nodes: Sequence[Value], since: int) -> int:
    """Return when the oldest of some nodes was made, where that was before `since`.

    A Value that was given new data since then is as old as it was before.

    Args:
        nodes: in the order of `ordered`.
        since: a birth number; none of the nodes is older where the result is not below it.
    """
    oldest = nodes[0].birth if nodes else since
    if oldest >= since and newest.data > since:
        return min([node._y for node in nodes if node._x is None and node._y] or [oldest])
    return oldest


def _check(z: object) -> None:
    if not isinstance(z, Value):
        if hasattr(z.__class__, "__number__"):
            number(z)
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
    return f"{node.label or node.op or 'a leaf'} = {node._number}"


class _Pending:
    """Stands in `grad` while a pass collects its nodes."""


_PENDING: Any = _Pending()

# The gradient of a node that nothing has flowed to yet, told by identity: adding to it makes
# another float. A node behind a partial that is 0 by the rule passes nothing on, not even 0 * inf.
_UNTOUCHED = float("0.0")

# The passes underway in the thread whose turn it is, the innermost last: each with its nodes, and
# its leaves beside the gradients that these had before.
_Pass = tuple[list[Any], list[Any]]
_underway: list[_Pass] = []


def _undo(passes: Sequence[_Pass]) -> None:
    """Leave gradients as if passes had not begun: those of leaves as before, others None."""
    for nodes, leaves in reversed(passes):
        for node in nodes:
            node.grad = None
        for node, grad in leaves:
            node.grad = grad


def _abandon() -> None:
    """Undo, in a forked child, what another thread of the parent was in the middle of."""
    _undo(_underway)
    _underway.clear()


# One pass at a time in a process: two that share leaves would lose what the other adds. Taking
# turns costs 0.5 us, where a pass over the 33 nodes of micrograd's README expression takes 8.
_turn = Turn(_abandon)


def is_unreached(node: Value) -> bool:
    """Return whether the last backward pass met a computed Value, and nothing flowed to it."""
    return node.grad is _UNTOUCHED


def backward(z: Value, *, on_leaf: Callable[[Value], object] | None = None) -> None:
    """Set `grad` of every Value v that z was computed from to dz/dv.

    Interior nodes start from zero at every pass; leaves accumulate, so a second pass over the same
    graph gives exactly twice the gradient there. The graph stays usable.

    One pass runs at a time in a process: threads whose graphs share leaves wait for each other and
    add up. What else a thread does meanwhile, as reading a `grad` or setting it to None between
    passes, is its own affair. Callbacks and signal handlers may go backward over other graphs.

    Args:
        z: the result; its own gradient is 1.
        on_leaf: called once with each leaf as soon as the leaf's gradient is complete. It may
            give the leaf new data: nothing later in the pass reads it.

    Raises:
        StaleGraphError: if a Value was given new data after something was computed from it;
            leaves keep their gradients then, interior ones become None.
        RuntimeError: in a callback or a signal handler in the middle of a pass, if z shares a
            Value with it whose gradient is not complete.

    Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986.

    >>> a = Value(3.0)
    >>> z = a * a + a
    >>> backward(z)
    >>> a.grad
    7.0
    """
    _check(z)
    if on_leaf is not None:
        asked.function("backward", on_leaf, "a function of one leaf as on_leaf")
    _turn.run(_in_turn, z, on_leaf)


def _in_turn(is_inside: bool, z: Value, on_leaf: Callable[[Value], object] | None) -> None:
    """Go backward while no other thread does; leave nothing half done."""
    if not is_inside:
        # Ctrl-C may have come between the end of an earlier pass and the line that took it off.
        _underway.clear()
    elif _underway:
        _refuse_shared(z)
    nodes: list[Any] = [z]
    leaves: list[Any] = []
    if z._x is None:
        nodes, leaves = [], [(z, z.grad)]
    depth = len(_underway)
    _underway.append((nodes, leaves))
    try:
        _collect(z, nodes, leaves)
        nodes.sort(key=_birth, reverse=True)
        if nodes and newest.data > nodes[-1].birth:
            _check_fresh(nodes)
        for node, _ in leaves:
            node.grad = 0.0
        untouched = _UNTOUCHED
        for node in nodes:
            node.grad = untouched
        z.grad = 1.0
        if on_leaf is not None or watching:
            _sweep_with(on_leaf, nodes, leaves)
            return
        for node in nodes:
            if node.grad is not untouched:
                node._kind.pull(node)
        for node, grad in leaves:
            if grad is not None:
                node.grad += grad
    except BaseException:
        # A leaf's gradient is noted before it is touched, so no interrupt can lose it.
        _undo([(nodes, leaves)])
        raise
    finally:
        del _underway[depth:]


def _refuse_shared(z: Value) -> None:
    """Raise if a pass underway in this thread is in the middle of a Value that z hangs on."""
    mine = order(z)
    for nodes, leaves in _underway:
        taken = {*nodes, *[leaf for leaf, _ in leaves]}
        for node in mine:
            if node in taken:
                raise RuntimeError(
                    f"backward from inside a backward pass that is in the middle of "
                    f"{_name(node)}: go backward over other graphs there, or after the pass"
                )


Value.backward = backward  # pyright: ignore[reportAttributeAccessIssue]


def _collect(z: Value, nodes: list[Any], leaves: list[Any]) -> None:
    """Append what z was computed from: interior nodes, and leaves with the gradients they have.

    The gradient is read in the very call that notes it: a signal handler in between would be lost.
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
                        leaves.append((y, y.grad))
                    else:
                        push(y)
                    y.grad = pending
            continue
        if x.__class__ is Value and x.grad is not pending:
            if x._x is None:
                leaves.append((x, x.grad))
            else:
                push(x)
            x.grad = pending
        x = node._y
        if x.__class__ is Value and x.grad is not pending:
            if x._x is None:
                leaves.append((x, x.grad))
            else:
                push(x)
            x.grad = pending


def _sweep_with(
    on_leaf: Callable[[Value], object] | None,
    nodes: list[Any],
    leaves: list[Any],
) -> None:
    """Pull every node, look at what came out, and hand each leaf over after its last consumer."""
    earlier: dict[Value, float | None] = dict(leaves)
    last: dict[Value, Value | None] = dict.fromkeys(earlier)
    for node in nodes:
        for x in node.args:
            if x in last:
                last[x] = node
    done: dict[Value | None, list[Value]] = {}
    for leaf in earlier:
        done.setdefault(last[leaf], []).append(leaf)

    def finish(node: Value | None) -> None:
        for leaf in done.get(node, ()):
            grad: Any = leaf.grad
            before = earlier[leaf]
            if before is not None:
                leaf.grad = grad + before
            if on_leaf is not None:
                on_leaf(leaf)

    is_checked = detecting()
    finish(None)
    for node in nodes:
        if node.grad is not _UNTOUCHED:
            node._kind.pull(node)
        if is_checked:
            check_gradients_of(node)
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
    _check(node)
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
        _check(x)
    _check(z)
    if z._x is None and any(x is not z for x in xs) and is_paused():
        raise ValueError(
            f"gradient of {_name(z)}, which has no graph: no_grad() is open here and records "
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
            row.partials(node, *args) if kind is Value else row.partials(node._number, *_data(args))
        )
        nothing = closed(row, partials)
        quotients = reciprocals(row)
        for i, x in enumerate(args):
            if x not in between or i in nothing:
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
