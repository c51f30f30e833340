"""Order and backward: the chain rule over a recorded graph.

Everything here is a loop over lists, so no graph is too deep. Birth numbers grow along every edge,
so sorting the reachable nodes by them gives a topological order. Of a `Value` no more is known here
than of any node, so that `backward` itself can be its method.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Never, TypeVar

from autograd import asked
from autograd.blocks import Turn
from autograd.engine.methods import Node, newest
from autograd.engine.modes import check_gradients_of, detecting, watching
from autograd.engine.number import number
from autograd.errors import StaleGraphError

N = TypeVar("N", bound=Node)

_birth = attrgetter("birth")


def order(z: N) -> list[N]:
    """Return all Values that z was computed from, and z itself, operands before results.

    Every Value stands there once; plain numbers among the operands do not count.

    Raises:
        StaleGraphError: if one of them was given new data after something was computed from it.

    >>> from autograd import Value
    >>> a = Value(2.0, "a")
    >>> b = a + a
    >>> [v.data for v in order(b * b)]
    [2.0, 4.0, 16.0]
    """
    check_value(z)
    return ordered([z])


def ordered(roots: Sequence[N]) -> list[N]:
    """Return all Values that these were computed from, and themselves, operands before results.

    Raises:
        StaleGraphError: as for `order`.
    """
    seen = set(roots)
    nodes = list(seen)
    for node in nodes:
        for x in node.args:
            if x.__class__ is not float and x not in seen:
                seen.add(x)
                nodes.append(x)
    nodes.sort(key=_birth)
    check_fresh(nodes)
    return nodes


def check_fresh(nodes: Sequence[Node]) -> None:
    """Raise StaleGraphError if one of some nodes, in order, was computed from older data."""
    interior = [node for node in nodes if node._x is not None]
    if interior and newest.data > interior[0].birth:
        _check_fresh(interior)


def first_birth(nodes: Sequence[Node], since: int) -> int:
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


def check_value(z: object) -> None:
    """Raise unless z is a Value."""
    if not hasattr(z.__class__, "_kind"):
        if hasattr(z.__class__, "__number__"):
            number(z)
        raise TypeError(f"expected a Value, got {type(z).__name__}: a plain number has no graph")


def _check_fresh(nodes: Sequence[Node]) -> None:
    """Raise if some operand is younger than its result.

    Callers ask only where some Value was given new data after the oldest of the interior `nodes`
    was made, which training never does: the test of one number replaces one per edge.
    """
    for node in nodes:
        for x in node.args:
            if x.__class__ is not float and x.birth > node.birth:
                raise StaleGraphError(
                    f"{shown(x)} was given new data after {shown(node)} had been computed from "
                    "it: compute the result again before going backward"
                )


def shown(node: Node) -> str:
    """Return a node as messages name it: its label or operation, and its number."""
    return f"{node._label or node.op or 'a leaf'} = {node._number}"


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
            node.grad = node._unreached
        for node, grad in leaves:
            node.grad = grad


def _abandon() -> None:
    """Undo, in a forked child, what another thread of the parent was in the middle of."""
    _undo(_underway)
    _underway.clear()


# One pass at a time in a process: two that share leaves would lose what the other adds. Taking
# turns costs 0.5 us, where a pass over the 33 nodes of micrograd's README expression takes 8.
_turn = Turn(_abandon)


def is_unreached(node: Node) -> bool:
    """Return whether the last backward pass met a computed Value, and nothing flowed to it."""
    return node.grad is _UNTOUCHED


@asked.own_keywords()
def backward(z: N, *, on_leaf: Callable[[N], object] | None = None, **_others: Never) -> None:
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

    >>> from autograd import Value
    >>> a = Value(3.0)
    >>> z = a * a + a
    >>> backward(z)
    >>> a.grad
    7.0
    """
    if _others:
        asked.no_more(backward, _others)
    check_value(z)
    if on_leaf is not None:
        asked.function("backward", on_leaf, "a function of one leaf as on_leaf")
    _turn.run(_in_turn, z, on_leaf)


def _in_turn(is_inside: bool, z: Node, on_leaf: Callable[[Any], object] | None) -> None:
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


def _refuse_shared(z: Node) -> None:
    """Raise if a pass underway in this thread is in the middle of a Value that z hangs on."""
    mine = order(z)
    for nodes, leaves in _underway:
        taken = {*nodes, *[leaf for leaf, _ in leaves]}
        for node in mine:
            if node in taken:
                raise RuntimeError(
                    f"backward from inside a backward pass that is in the middle of "
                    f"{shown(node)}: go backward over other graphs there, or after the pass"
                )


def _collect(z: Node, nodes: list[Any], leaves: list[Any]) -> None:
    """Append what z was computed from: interior nodes, and leaves with the gradients they have.

    The gradient is read in the very call that notes it: a signal handler in between would be lost.
    A node that was met has `_PENDING` as its gradient: an identity test on a slot costs half of
    a look-up in a set.
    """
    # Not by the class of z: a graph of a dialect, as micrograd's, may have nodes of two classes.
    pending, number = _PENDING, float
    z.grad = pending
    push = nodes.append
    for node in nodes:
        # Three times the same lines: one loop over the operands would cost a tenth of a pass.
        x = node._x
        if x.__class__ is tuple:
            for y in x:
                if y.__class__ is not number and y.grad is not pending:
                    if y._x is None:
                        leaves.append((y, y.grad))
                    else:
                        push(y)
                    y.grad = pending
            continue
        if x.__class__ is not number and x.grad is not pending:
            if x._x is None:
                leaves.append((x, x.grad))
            else:
                push(x)
            x.grad = pending
        x = node._y
        if x is not None and x.__class__ is not number and x.grad is not pending:
            if x._x is None:
                leaves.append((x, x.grad))
            else:
                push(x)
            x.grad = pending


def _sweep_with(
    on_leaf: Callable[[Any], object] | None,
    nodes: list[Any],
    leaves: list[Any],
) -> None:
    """Pull every node, look at what came out, and hand each leaf over after its last consumer."""
    earlier: dict[Any, float | None] = dict(leaves)
    last: dict[Any, Any] = dict.fromkeys(earlier)
    for node in nodes:
        for x in node.args:
            if x in last:
                last[x] = node
    done: dict[Any, list[Any]] = {}
    for leaf in earlier:
        done.setdefault(last[leaf], []).append(leaf)

    def finish(node: Any) -> None:
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


def local_partials(node: Node) -> tuple[float, ...]:
    """Return the partial derivatives of a node at its operands, one per operand.

    They are what stands on the edges of a picture of the graph.

    Raises:
        StaleGraphError: if an operand was given new data after the node was computed.

    >>> from autograd import Value
    >>> x, y = Value(3.0), Value(4.0)
    >>> local_partials(x * y)
    (4.0, 3.0)
    """
    check_value(node)
    if node.op is None:
        return ()
    _check_fresh([node])
    return tuple([float(d) for d in node.op.partials(node._number, *data_of(node.args))])


def data_of(operands: Sequence[Any]) -> list[Any]:
    """Return the numbers of operands."""
    return [x if x.__class__ is float else x._number for x in operands]
