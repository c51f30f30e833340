"""`influence`: the leaves of a graph, ranked by how much of the result hangs on each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from autograd import asked
from autograd.display.chain.passes import Walk
from autograd.display.chain.terms import figure
from autograd.display.picture.format import whole_number
from autograd.engine.value import Value
from autograd.table import Table


@dataclass(frozen=True, slots=True)
class Influencer:
    """A leaf and how much of the result hangs on it.

    Attributes:
        leaf: the node.
        name: its label, or v1, v2, ... if it has none.
        value: its value.
        gradient: the derivative of the result by it.
        amount: |gradient * value|, to first order the change of the result were it 0.
    """

    leaf: Value
    name: str
    value: float
    gradient: float
    amount: float


def influence(z: Value, *, most: int = 20) -> Influence:
    """Return the leaves of z's graph, those first on which most of z hangs.

    A leaf w counts by |dz/dw * w|: to first order, the change of z if w were set to 0.

    Args:
        z: the result.
        most: how many lines are printed; the sequence has all of them.

    Raises:
        TypeError: if z is no Value, or `most` is no whole number.
        ValueError: if `most` is below 1.
        StaleGraphError: if a Value was given new data after something was computed from it.

    Source: P. Molchanov et al., "Pruning convolutional neural networks for resource efficient
    inference", ICLR 2017: the first-order Taylor criterion.

    >>> x, w, b = Value(2.0, "x"), Value(3.0, "w"), Value(-1.0, "b")
    >>> print(influence(w * x + b))
    leaf  value  dz/d·  |dz/d· × value|
    x         2      3                6  ████████████████████
    w         3      2                6  ████████████████████
    b        -1      1                1  ███▍
    """
    return Influence(Walk(z), whole_number("most", most))


class Influence(Sequence[Influencer]):
    """The leaves of a graph by falling influence: a sequence, and a table when printed.

    >>> x, w = Value(2.0, "x"), Value(-3.0, "w")
    >>> leaves = influence(w * x + w)
    >>> [(leaf.name, leaf.value, leaf.gradient, leaf.amount) for leaf in leaves]
    [('w', -3.0, 3.0, 9.0), ('x', 2.0, -3.0, 6.0)]
    """

    def __init__(self, walk: Walk, most: int) -> None:
        asked.instance("Influence", walk, Walk, "the walk that influence makes")
        self._most = whole_number("most", most)
        self._z = walk.name(len(walk.nodes) - 1)
        found: list[Influencer] = []
        for i, node in enumerate(walk.nodes):
            if node.op is None:
                value, gradient = walk.data[i], walk.gradients[i]
                amount = abs(gradient * value)
                found.append(Influencer(node, walk.name(i), value, gradient, amount))
        # nan first: it is the fault to look at.
        found.sort(key=lambda one: -math.inf if one.amount != one.amount else -one.amount)
        self._found = found

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> Influencer: ...
    @overload
    def __getitem__(self, index: slice) -> list[Influencer]: ...
    def __getitem__(self, index: int | slice) -> Influencer | list[Influencer]:
        return self._found[index]

    @property
    def _table(self) -> Table:
        amounts = [one.amount for one in self._found if math.isfinite(one.amount)]
        largest = max(amounts, default=0.0)
        rows: list[list[str]] = []
        for one in self._found[: self._most]:
            bar = _bar(one.amount / largest) if largest and math.isfinite(one.amount) else ""
            if not math.isfinite(one.amount):
                bar = "!"
            rows.append([one.name, *map(figure, (one.value, one.gradient, one.amount)), bar])
        by = f"d{self._z}/d·"
        left_out = len(self._found) - self._most
        note = f"and {left_out:,} more with less" if left_out > 0 else ""
        return Table(("leaf", "value", by, f"|{by} × value|", ""), rows, "<>>><", note)

    def __str__(self) -> str:
        return str(self._table)

    def __repr__(self) -> str:
        n = len(self._found)
        return f"<Influence: {n:,} {'leaf' if n == 1 else 'leaves'}; print it, or take by index>"

    def _repr_markdown_(self) -> str:
        return self._table.markdown()


def _bar(share: float) -> str:
    """Return a bar of up to 20 blocks, in eighths.

    >>> _bar(0.26), _bar(0.0)
    ('█████▎', '')
    """
    eighths = round(share * 160)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
