"""Naive recursion: the chain rule down every path, with a counter of its visits.

No number is wrong, the work is: a node used n times is visited n times, with all that lies below
it, so the visits double with every layer that uses its operand twice. Backpropagation is the same
sum with each node visited once.
"""

from autograd.display.chain.passes import Walk
from autograd.display.picture.format import whole_number
from autograd.engine.value import Value
from autograd.laboratory.order import paths_to
from autograd.laboratory.readable import Part
from autograd.laboratory.trial import Slip, Trial


class NaiveTrial(Trial):
    """A trial whose wrong mode is right and slow.

    Attributes:
        visits: how often the recursion visits a node, in all.
        ordered_visits: how often the pass in topological order does: once each.
        walked: whether the visits were counted one by one; else they were counted as paths.
        visits_of: how often it visits each node.

    >>> a = Value(1.0, "a")
    >>> b = a + a
    >>> trial = naive_recursion(b + b)
    >>> trial.visits, trial.visits_of[a], trial.ordered_visits
    (7, 4, 3)
    """

    visits: int
    ordered_visits: int
    walked: bool
    visits_of: dict[Value, int]

    def parts(self) -> list[Part]:
        """Return the paragraphs and tables: the rules, the counts, visits and gradients."""
        how = "counted one by one" if self.walked else "counted as paths, not walked"
        counts = (
            f"visits in topological order: {self.ordered_visits:,}\n"
            f"visits of the naive recursion: {self.visits:,} ({how})"
        )
        first = str(self.first) if self.first else self._harmless
        return [*self._head(), counts, first, self._gradients()]

    def _also_heads(self) -> tuple[str, ...]:
        return ("visits",)

    def _also(self, node: Value) -> tuple[str, ...]:
        return (f"{self.visits_of[node]:,}",)


def naive_recursion(z: Value, *, limit: int = 3_000_000) -> NaiveTrial:
    """Differentiate z by recursion into every operand of every visit, beside the right pass.

    Args:
        z: the result. Neither its graph nor any `grad` is changed.
        limit: the largest number of visits to make, each a fraction of a microsecond. Beyond it
            they are only counted, exactly, and the gradients are those of the right pass.

    Raises:
        TypeError: if z is no Value, or limit no whole number.
        ValueError: if limit is negative.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x = Value(1.0, "x")
    >>> y = x
    >>> for _ in range(10):
    ...     y = y + y
    >>> trial = naive_recursion(y)
    >>> trial.visits, trial.ordered_visits, trial.wrong[x]
    (2047, 11, 1024.0)
    >>> for _ in range(190):
    ...     y = y + y
    >>> trial = naive_recursion(y)
    >>> trial.visits == 2**201 - 1, trial.walked
    (True, False)
    """
    most = whole_number("limit", limit, 0)
    walk = Walk(z)
    paths = paths_to(walk)
    expected = sum(paths)
    walked = expected <= most
    visits, gradients = _recurse(walk) if walked else (expected, list(walk.gradients))
    trial = NaiveTrial(
        "naive recursion",
        (
            "each node once, when all that use it have been",
            "each node once for every path that leads to it",
        ),
        walk,
        walk.gradients,
        gradients,
        _first_again(walk),
        [],
        "no node is used twice, so nothing is visited twice",
        exact=False,
    )
    trial.visits, trial.ordered_visits, trial.walked = visits, len(walk.nodes), walked
    trial.visits_of = dict(zip(walk.nodes, paths, strict=True))
    return trial


def _recurse(walk: Walk) -> tuple[int, list[float]]:
    """Visit every node once for every path to it; return the visits and the gradients.

    A list stands for the calls underway, so that no graph is too deep; each visit is one.
    """
    edges = [walk.edges(i) for i in range(len(walk.nodes))]
    gradients = [0.0] * len(edges)
    visits = 0
    calls = [(len(edges) - 1, 1.0)]
    while calls:
        i, g = calls.pop()
        visits += 1
        gradients[i] += g
        for _, j, local, is_closed in edges[i]:
            calls.append((j, 0.0 if is_closed else g * local))
    return visits, gradients


def _first_again(walk: Walk) -> Slip | None:
    """Return where the recursion first comes to a node it has been at: within so many visits."""
    last = len(walk.nodes) - 1
    seen = {last}
    number = 1
    calls = _calls(walk, last)
    while calls:
        i, k, j = calls.pop()
        number += 1
        if j in seen:
            name, node, x = walk.name(j), walk.nodes[i], walk.nodes[j]
            why = f"{name} is used again, and the recursion goes down from it once more"
            return Slip(number, node, walk.name(i), x, name, k, "count of visits", 1.0, 2.0, why)
        seen.add(j)
        calls += _calls(walk, j)
    return None


def _calls(walk: Walk, i: int) -> list[tuple[int, int, int]]:
    """Return the uses of Values in a node, the first last: each as node, position and operand."""
    return [(i, edge.position, edge.operand) for edge in reversed(walk.edges(i))]
