"""Fans: the many nodes that play one part in a graph, as the products below a sum do.

Nodes of one operation with the same users are alike. Seen from the result down, that groups a fan
of any depth: the products of a sum, and below them their weights. A group's users are nearer to
the result than it is, so no two groups are computed from one another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd.display.format import count_text
from autograd.display.picture.grouping import Group
from autograd.engine.value import Value

# Fewer alike than this are shown one by one.
LEAST = 4


def _sums(nodes: Sequence[Value], uses: Mapping[Value, Sequence[Value]]) -> dict[Value, Value]:
    """Return, for each addition inside a sum of sums that is used only there, the whole sum.

    ``((a + b) + c) + d`` records three additions; as a picture it is one sum of four.
    """
    whole: dict[Value, Value] = {}
    free = set(nodes)
    for node in reversed(nodes):
        used = uses[node]
        if len(used) == 1 and used[0] in free and _is_sum(node) and _is_sum(used[0]):
            whole[node] = whole.get(used[0], used[0])
    return whole


def _is_sum(node: Value) -> bool:
    return node.op is not None and node.op.operator == "+"


def fans(nodes: Sequence[Value], inside: Mapping[Value, Group] | None = None) -> list[Group]:
    """Return groups of nodes that play one part, and of additions that make up one sum.

    Args:
        nodes: the graph in topological order, its result last.
        inside: the group of each node that has one already, such as a layer.

    >>> xs = [Value(float(i)) for i in range(50)]
    >>> from autograd import order
    >>> total = sum([x * 2.0 for x in xs], start=Value(0.0))
    >>> [(group.title, group.content) for group in fans(order(total))]
    [('sum', '51 terms'), ('50 × *', ''), ('50 leaves', '')]
    """
    uses: dict[Value, list[Value]] = {node: [] for node in nodes}
    for node in nodes:
        for x in node.args:
            if isinstance(x, Value):
                uses[x].append(node)
    inside = inside or {}
    whole = _sums([node for node in nodes if node not in inside], uses)
    members: dict[Value, list[Value]] = {}
    for node, top in whole.items():
        members.setdefault(top, [top]).append(node)
    found = [_sum(top, parts) for top, parts in members.items() if len(parts) >= LEAST]
    part = {**inside, **{v: group for group in found for v in group.members}}
    found += [_group(alike) for alike in _alike(nodes, uses, part)]
    place = {node: i for i, node in enumerate(nodes)}
    for group in found:
        group.members.sort(key=place.__getitem__)
    return found


def _alike(
    nodes: Sequence[Value],
    uses: Mapping[Value, Sequence[Value]],
    part: Mapping[Value, Group],
) -> list[list[Value]]:
    """Return the lists of at least `LEAST` nodes that are alike, outside those that have a part."""
    # Nodes by their distance from the result, so that the parts of all users are settled before.
    far: dict[Value, int] = {}
    levels: list[list[Value]] = []
    for node in reversed(nodes):
        mine = part.get(node)
        near = [] if mine is None else [user for user in uses[node] if part.get(user) is mine]
        # A part of a sum is as far from the result as the whole of it.
        far[node] = far[near[0]] if near else 1 + max((far[v] for v in uses[node]), default=-1)
        if far[node] == len(levels):
            levels.append([])
        levels[far[node]].append(node)
    settled: dict[Value, object] = dict(part)
    marks: list[object] = []  # kept, so that no two have one id
    found: list[list[Value]] = []
    for level in levels:
        if len(level) < LEAST:
            continue
        alike: dict[tuple[object, ...], list[Value]] = {}
        for node in level:
            if node not in settled and uses[node]:
                by = frozenset(id(settled.get(user, user)) for user in uses[node])
                alike.setdefault((node.op, by), []).append(node)
        for those in alike.values():
            if len(those) >= LEAST:
                found.append(those)
                marks.append(object())
                settled.update(dict.fromkeys(those, marks[-1]))
    return found


def _sum(top: Value, parts: Sequence[Value]) -> Group:
    inside = set(parts)
    terms = sum(1 for v in parts for x in v.args if x not in inside)
    return Group(top.label or "sum", count_text(terms, "term"), [*parts])


def _group(alike: Sequence[Value]) -> Group:
    row = alike[0].op
    if row is None:
        return Group(count_text(len(alike), "leaf"), "", [*alike])
    sign = row.operator or row.name
    return Group(f"{len(alike):,} × {sign}", "", [*alike])
