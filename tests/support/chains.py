"""All numbers of the chain rule as a page computes them, beside those of Python."""

import math
from dataclasses import replace

from autograd.compile.tracing.trace import recorded
from autograd.display.chain.passes import Walk
from support.roundings import room


def is_same(x: float, y: float) -> bool:
    return x == y and math.copysign(1.0, x) == math.copysign(1.0, y) if x == x else y != y


def compare(walk: Walk, found: dict[str, list[float]]) -> list[str]:
    """Return where a page's numbers are not those of a walk, but for roundings."""
    graph = recorded(walk.z)
    nodes: list[int] = graph.outputs.tolist()
    leaves = [v.data for v in walk.nodes if v.op is None]
    rooms = room(replace(graph, outputs=graph.outputs[-1:]), (), leaves).everywhere
    uses = [(nodes[use.node], use.position) for use in walk.uses]
    lists = {
        "values": (walk.data, [rooms.values[i] for i in nodes]),
        "gradients": (walk.gradients, [rooms.adjoints[i] for i in nodes]),
        "partials": ([u.local for u in walk.uses], [rooms.partials.get(u, 0.0) for u in uses]),
        "contributions": (
            [u.contribution for u in walk.uses],
            [rooms.parts.get(u, 0.0) for u in uses],
        ),
    }
    wrong = [
        f"{name}[{i}] is {x!r}, not {y!r} by {off:.1e}"
        for name, (wanted, off_by) in lists.items()
        for i, (x, y, off) in enumerate(zip(found[name], wanted, off_by, strict=True))
        if not is_same(x, y)
        and not (math.isfinite(x) and math.isfinite(y) and not abs(x - y) > off + 1e-323)
    ]
    closed = [use.nothing for use in walk.uses]
    return wrong if [x == 0.0 for x in found["flows"]] == closed else [*wrong, "closed edges"]
