"""No topological order: nodes that pass their gradient on before it is complete, or again.

The right pass goes from results to operands, and takes a node when all that use it have been. Any
other order hands on a number that is not finished; which one, and what was missing, is shown.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from autograd.display.chain.passes import Use, Walk
from autograd.display.chain.paths import count_paths
from autograd.display.chain.terms import figure
from autograd.display.picture.format import count_text
from autograd.engine.value import Value
from autograd.laboratory.trial import (
    Line,
    Pass,
    Slip,
    Trial,
    consumers,
    near,
    slip_at,
)

# Visits of the recursion that marks nothing as seen; more take minutes.
MOST_VISITS = 100_000


def no_order(z: Value, visiting: str | Sequence[Value] = "depth_first") -> Trial:
    """Run the backward pass of z in an order that is not topological, beside the right one.

    Args:
        z: the result. Neither its graph nor any `grad` is changed.
        visiting: which order.

            - "depth_first": each node when it is first met, going down its first operand first.
            - "breadth_first": each node when it is first met, level by level.
            - "leaves_first": operands before results, a list reversed once too often.
            - "again": plain recursion that calls every operand's step each time it is used, so
              that a shared node passes all it has on again. At most 100,000 visits.
            - a list of Values: all nodes that were computed, in the order to take them.

    Raises:
        TypeError: if z is no Value, or visiting is of another kind.
        ValueError: if visiting is none of these, its list is not one of all computed nodes, or the
            recursion would take more visits.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x = Value(3.0, "x")
    >>> u = 2 * x
    >>> u.label = "u"
    >>> trial = no_order(u + u**2)
    >>> print(trial.first)
    first wrong number: step 3, u → x: the upstream gradient is 1, right is 13
    why: u passes its gradient on before v1 has added its share
    >>> trial.right[x], trial.wrong[x]
    (26.0, 2.0)

    The order of the operands decides: u² + u is right by luck, since u² is met before u.

    >>> no_order(u**2 + u).first is None
    True
    """
    walk = Walk(z)
    order = list(_order(walk, visiting))
    wrong = Pass(walk)
    uses_of = consumers(walk)
    mine = {(use.node, use.position): use for use in walk.uses}
    lines: list[Line] = []
    first: Slip | None = None
    given = [0] * len(walk.nodes)
    passed: set[int] = set()
    for i in order:
        again, early = i in passed, given[i] < len(uses_of[i])
        passed.add(i)
        before = len(wrong.uses)
        wrong.feed_all(i)
        for use in wrong.uses[before:]:
            given[use.operand] += 1
            right = mine[use.node, use.position]
            differs = again or not near(right.upstream, use.upstream)
            lines.append(Line(None if again else right, use, differs))
            off = again or (early and right.upstream != use.upstream)
            if first is None and off and right.contribution != use.contribution * (not again):
                first = _slip(walk, len(lines), right, use, again, uses_of[i], passed)
    rules = (
        "results before operands: a node when all that use it have been",
        _NAMES.get(visiting, "") if isinstance(visiting, str) else "a given order",
    )
    harmless = (
        "every node happened to come after all that use it, or what it missed was 0; "
        'visiting="leaves_first" is wrong for every graph of two steps'
    )
    return Trial(
        "no topological order",
        rules,
        walk,
        walk.gradients,
        wrong.gradients,
        first,
        lines,
        harmless,
        exact=False,
    )


_NAMES = {
    "depth_first": "depth first, each node when it is first met",
    "breadth_first": "breadth first, each node when it is first met",
    "leaves_first": "leaves first, operands before results",
    "again": "plain recursion, each node once more for every use",
}


def _order(walk: Walk, visiting: Any) -> Iterator[int]:
    """Return the places of nodes in the order to take them."""
    root = len(walk.nodes) - 1
    if not isinstance(visiting, str):
        return iter(_given(walk, visiting))
    if visiting == "leaves_first":
        return iter(range(root + 1))
    if visiting == "again":
        visits = sum(paths_to(walk))
        if visits > MOST_VISITS:
            raise ValueError(
                f"the recursion would take {visits:,} visits, more than {MOST_VISITS:,}: give a "
                "smaller graph; naive_recursion(z) counts them"
            )
        return _met(walk, last_in=True, again=True)
    if visiting in _NAMES:
        return _met(walk, last_in=visiting == "depth_first", again=False)
    raise ValueError(
        f"no order is called {visiting!r}: write {', '.join(map(repr, _NAMES))}, or a list of "
        "Values"
    )


def _met(walk: Walk, *, last_in: bool, again: bool) -> Iterator[int]:
    """Yield nodes as they are met from the result: depth first from a stack, or from a queue."""
    waiting = [len(walk.nodes) - 1]
    seen: set[int] = set()
    taken = 0
    while taken < len(waiting):
        i = waiting.pop() if last_in else waiting[taken]
        taken += not last_in
        if i in seen and not again:
            continue
        seen.add(i)
        yield i
        waiting += walk.operands(i)[:: -1 if last_in else 1]


def _given(walk: Walk, nodes: Any) -> list[int]:
    if isinstance(nodes, Value) or not isinstance(nodes, Sequence):
        raise TypeError(
            f"visiting is the name of an order or a list of Values, got {type(nodes).__name__}"
        )
    places: list[int] = []
    for node in nodes:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(node, Value):
            raise TypeError(f"visiting is a list of Values; {node!r:.60} is none")
        if node not in walk.place:
            raise ValueError(f"{node!r} is no part of the graph")
        places.append(walk.place[node])
    wanted = [i for i, node in enumerate(walk.nodes) if node.op is not None]
    if sorted(i for i in places if walk.nodes[i].op is not None) != wanted:
        raise ValueError(
            f"visiting must hold each of the {count_text(len(wanted), 'computed node')} once; "
            f"got {count_text(len(places), 'Value')}"
        )
    return places


def paths_to(walk: Walk) -> list[int]:
    """Return for each node how many paths lead to it from the result, without walking them.

    That is how often a recursion visits it which marks nothing as seen.
    """
    counts = count_paths(range(len(walk.nodes) - 1, -1, -1), walk.operands)
    return [count for _, count in counts][::-1]


def _slip(
    walk: Walk,
    number: int,
    right: Use,
    use: Use,
    again: bool,
    users: list[int],
    passed: set[int],
) -> Slip:
    name = walk.name(use.node)
    if again:
        why = (
            f"{name} has passed its gradient on before, and now passes on all it has once more, "
            f"{figure(use.upstream)}"
        )
        return slip_at(walk, number, use, "contribution", 0.0, use.contribution, why)
    missing = [walk.name(i) for i in dict.fromkeys(users) if i not in passed]
    who = " and ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    plural = "have added their shares" if len(missing) > 1 else "has added its share"
    why = f"{name} passes its gradient on before {who or 'a use of it'} {plural}"
    return slip_at(walk, number, use, "upstream gradient", right.upstream, use.upstream, why)
