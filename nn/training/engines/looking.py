"""Looking at a step: the gradient of each sample beside their mean, and what moved most.

A mini-batch's gradient is the mean of its samples', which may pull in different directions; and a
step moves each parameter in proportion to its part of that mean.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd import Table
from nn.losses import Function, loss_named
from nn.module import Module
from nn.spellings import FIT
from nn.training.arguments import is_model, prepared, trainable
from nn.training.engines.choice import engine_named
from nn.validation import Floats, instance, iterable, numeric, own_keywords, whole


@own_keywords(FIT)
def sample_gradients(
    model: Module, X: Any, y: Any, *, loss: str | Function, engine: str = "auto"
) -> Floats:
    """Return the gradient of each sample's loss by every parameter.

    The mean over the samples is the gradient that a step on them as one batch takes. Neither the
    parameters nor their `grad` change.

    Args:
        model: the model, as it is; it computes in train mode.
        X: the samples, of shape (samples, inputs).
        y: the targets, in any form that `fit` takes for the loss.
        loss: a name, or a function; see `fit`.
        engine: "compiled", "eager" or "auto"; see `fit`.

    Returns:
        An array of shape (samples, parameters), these in the order of `model.parameters()`.

    Raises:
        ValueError: if shapes, labels or names do not fit; see `fit`.
        TypeError: if the model is no Module.

    >>> from nn import Neuron
    >>> model = Neuron(1, activation="linear")
    >>> model.set_arrays([([[2.0]], [0.0])])
    >>> slopes = sample_gradients(model, [[1.0], [3.0]], [1.0, 7.0], loss="half_squared_error")
    >>> slopes
    array([[ 1.,  1.],
           [-3., -1.]])
    >>> slopes.mean(axis=0)
    array([-1.,  0.])

    Source: Goodfellow, "Efficient per-example gradient computations", 2015.
    """
    trainable(model)
    known = loss_named(loss)
    samples, targets, _ = prepared(model, X, y, known)
    return engine_named(engine)(model, known, samples, targets).each(samples, targets)


class Move(NamedTuple):
    """How far a parameter has moved.

    Attributes:
        name: its name in the model.
        before: its number before.
        after: its number now.
        gradient: the gradient that it has now; None if it has none.

    >>> Move("bias", 0.25, 0.75, None).change
    0.5
    """

    name: str
    before: float
    after: float
    gradient: float | None

    @property
    def change(self) -> float:
        """How far it moved, up or down."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class TopMovers:
    """The parameters that moved most, the farthest first; printed, a table.

    Attributes:
        moves: what moved, and how far.
        count: how many parameters there are in all.

    >>> movers = TopMovers([Move("bias", 0.25, 0.75, None)], 3)
    >>> print(movers)
    parameter  before  after  change
    bias         0.25   0.75    +0.5
    >>> movers[0].name, len(movers)
    ('bias', 1)
    """

    moves: list[Move]
    count: int

    def __post_init__(self) -> None:
        for move in iterable("TopMovers", self.moves, "a list of Moves"):
            instance("TopMovers", move, Move, "Moves, one for each parameter")

    def __len__(self) -> int:
        return len(self.moves)

    def __iter__(self) -> Iterator[Move]:
        return iter(self.moves)

    def __getitem__(self, place: int) -> Move:
        return self.moves[place]

    def _table(self) -> Table:
        heads = ["parameter", "before", "after", "change"]
        rows = [
            (m.name, f"{m.before:.6g}", f"{m.after:.6g}", f"{m.change:+.6g}") for m in self.moves
        ]
        if any(m.gradient is not None for m in self.moves):
            heads.append("gradient")
            told = ["" if m.gradient is None else f"{m.gradient:+.6g}" for m in self.moves]
            rows = [(*row, g) for row, g in zip(rows, told, strict=True)]
        return Table(heads, rows, "<" + ">" * (len(heads) - 1))

    def __str__(self) -> str:
        return str(self._table()) if self.moves else "no parameter has moved"

    def _repr_html_(self) -> str:
        return self._table().html() if self.moves else "no parameter has moved"


def top_movers(model: Module, before: Any, count: int = 10) -> TopMovers:
    """Return the parameters that have moved most since they had some numbers.

    After a step by hand the gradients of it are still there, and stand beside.

    Args:
        model: the model, after a step, an epoch or a run.
        before: all its numbers from before, `[p.data for p in model.parameters()]`.
        count: how many to return at most; those that have not moved are left out.

    Raises:
        ValueError: if there are not as many numbers as parameters, or one is not finite.
        TypeError: if the model is no Module.

    >>> from nn import SGD, Neuron
    >>> model = Neuron(2, activation="linear")
    >>> model.set_arrays([([[2.0, 1.0]], [0.0])])
    >>> before = [p.data for p in model.parameters()]
    >>> (model([1.0, -3.0]) - 1.0).square().backward()
    >>> SGD(model.parameters(), lr=0.125).step()
    >>> print(top_movers(model, before, count=2))
    parameter  before  after  change  gradient
    weights.1       1   -0.5    -1.5       +12
    weights.0       2    2.5    +0.5        -4
    """
    is_model("top_movers looks at", model)
    named, most = model.named_parameters(), whole("count", count)
    then = numeric("before", before)
    if then.shape != (len(named),):
        raise ValueError(
            f"before holds the numbers of all {len(named)} parameters; got an array of shape "
            f"{then.shape}: write [p.data for p in model.parameters()] before the step"
        )
    now = np.array([p.data for _, p in named])
    far = np.abs(now - then)
    moves: list[Move] = []
    order: list[int] = np.argsort(-far, kind="stable")[:most].tolist()
    for i in order:
        name, p = named[i]
        if far[i] > 0.0:
            moves.append(Move(name, float(then[i]), p.data, p.grad))
    return TopMovers(moves, len(named))
