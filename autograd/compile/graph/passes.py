"""The list of passes, in order: a pass is one function from graph to graph and one entry here.

`compile` and the gradients of graphs go through the same entries, and reports and tests read them,
so that no pass is forgotten in one place. What a group of passes is followed by stands in
`lowered.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from autograd.compile.graph.graph import Graph
from autograd.compile.graph.simplify import fold, prune, share
from autograd.compile.graph.sums import flatten, split

# Which graphs go through a pass: all, those of gradients too; those that are run on arrays, before
# it is known whether they are narrow; those that are rolled into statements.
Group: TypeAlias = Literal["all", "arrays", "rolled"]


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass and the graphs that go through it.

    Attributes:
        run: the function.
        group: which graphs go through it.
        about: what it does, for the report.
    """

    run: Callable[[Graph], Graph]
    group: Group
    about: str

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.run.__name__


PASSES = (
    Pass(fold, "all", "what is made of constants computed, what changes nothing left out"),
    Pass(prune, "all", "nodes that no result needs left out"),
    Pass(share, "all", "one node for all that compute the same"),
    Pass(flatten, "arrays", "each tree of sums one node"),
    Pass(split, "rolled", "the dense part of each sum a node of its own"),
)


def passes(group: Group) -> list[Pass]:
    """Return the passes of a group, in order.

    >>> "fold" in [done.name for done in passes("all")]
    True
    """
    return [done for done in PASSES if done.group == group]


def simplified(graph: Graph) -> Graph:
    """Return the graph after the passes that all graphs go through.

    >>> from autograd.compile.tracing.trace import trace
    >>> simplified(trace(lambda x: x**2 + (x * 1.0).square(), [()])).census()
    {'input': 1, 'add': 1, 'square': 1}
    """
    for done in passes("all"):
        graph = done.run(graph)
    return graph
