"""Weights that move at the wrong time, and gradients that are not cleared.

Both mistakes need a step of gradient descent to show. The step is taken on copies of the numbers;
the weights of the graph stay what they are.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import asked
from autograd.display.chain.passes import Walk
from autograd.display.chain.terms import figure
from autograd.display.picture.format import whole_number
from autograd.engine.number import number
from autograd.engine.value import Value
from autograd.laboratory.readable import WIDEST, Part
from autograd.laboratory.trial import (
    CROSS,
    MOST_ROWS,
    Line,
    Pass,
    Slip,
    Trial,
    same,
    side_by_side,
    slip_at,
)
from autograd.table import Table


class UpdateTrial(Trial):
    """A trial in which weights move.

    Attributes:
        right_weights: the weights after the last right step, by leaf.
        wrong_weights: those after the last wrong one.
        right_losses: the result before each right step.
        wrong_losses: that before each wrong one.

    >>> x = Value(-3.0, "x")
    >>> trial = forgotten_zero_grad(x**2, lr=0.25)
    >>> trial.right_losses, trial.right_weights[x], trial.wrong_weights[x]
    ([9.0, 2.25], -0.75, 0.75)
    """

    right_weights: dict[Value, float]
    wrong_weights: dict[Value, float]
    right_losses: list[float]
    wrong_losses: list[float]

    def parts(self) -> list[Part]:
        """Return the paragraphs and tables, with the result step by step if there are several."""
        parts = super().parts()
        if len(self.right_losses) > 1:
            parts.insert(-1, f"gradients and weights of step {len(self.right_losses)}")
            z = self._walk.name(len(self._walk.nodes) - 1)
            rows = [
                (str(n), figure(right), figure(wrong), CROSS * (not same(right, wrong)))
                for n, (right, wrong) in enumerate(
                    zip(self.right_losses, self.wrong_losses, strict=True), 1
                )
            ]
            shown = rows if len(rows) <= MOST_ROWS else rows[:MOST_ROWS]
            note = "" if len(rows) == len(shown) else f"{len(rows) - len(shown):,} more steps"
            parts.append(Table(("step", f"{z} right", "wrong", ""), shown, ">>><", note, WIDEST))
        return parts

    def _also_heads(self) -> tuple[str, ...]:
        return ("right step to", "wrong")

    def _also(self, node: Value) -> tuple[str, ...]:
        if node not in self.right_weights:
            return ("", "")
        return (figure(self.right_weights[node]), figure(self.wrong_weights[node]))


def live_weights(
    z: Value,
    *,
    lr: float = 0.1,
    weights: Sequence[Value] | None = None,
    every_use: bool = False,
) -> UpdateTrial:
    """Update weights during the backward pass while local derivatives are read from them live.

    Taking the step for a weight before the pass continues is sound (`backward(on_leaf=...)` does
    it) as long as nothing later reads the weight. Here local derivatives are computed when they
    are needed, from the numbers of that moment; within a node the weights come first, one by one,
    or all together if the node has more than 64 operands.

    Args:
        z: the result, a loss say. Neither its graph nor any `grad` is changed.
        lr: the learning rate: a weight w moves to w - lr * dz/dw.
        weights: the leaves that move; all of them if left out.
        every_use: move a weight at every single use of it, by that use's contribution, and not
            when its gradient is complete: a second mistake, which shared weights show.

    Raises:
        TypeError: if z is no Value, or something else is of the wrong kind.
        ValueError: if lr is not finite, or a weight is no leaf of the graph.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> w1, w2 = Value(2.0, "w1"), Value(3.0, "w2")
    >>> trial = live_weights((w2 * w1 - 1.0) ** 2, lr=0.1)
    >>> print(trial.first)
    first wrong number: step 4, v1 → w1: the local derivative is 1, right is 3
    why: ∂v1/∂w1 = w2 is read after the step that moved w2 from 3 to 1
    >>> trial.right[w1], trial.wrong[w1]
    (30.0, 10.0)
    >>> trial.right_weights[w1], trial.wrong_weights[w1]
    (-1.0, 1.0)
    """
    walk = Walk(z)
    rate = _rate(lr)
    moving = _weights(walk, weights)
    asked.flag("every_use", every_use)
    wrong, moves = _live(walk, rate, moving, every_use)
    mine = {(use.node, use.position): use for use in walk.uses}
    lines = [
        Line(right, use, not (same(right.local, use.local) and same(right.upstream, use.upstream)))
        for use in wrong.uses
        for right in (mine[use.node, use.position],)
    ]
    rules = (
        "local derivatives of the forward pass, a step when a weight's gradient is complete",
        "local derivatives from the weights as they are now, "
        + ("a step at every use" if every_use else "a step when a gradient is complete"),
    )
    trial = UpdateTrial(
        "live weights",
        rules,
        walk,
        walk.gradients,
        wrong.gradients,
        _live_slip(walk, lines, moves),
        lines,
        "no local derivative is read from a weight that has moved",
    )
    trial.right_weights = {
        walk.nodes[i]: walk.data[i] - rate * walk.gradients[i] for i in sorted(moving)
    }
    trial.wrong_weights = {walk.nodes[i]: wrong.data[i] for i in sorted(moving)}
    trial.right_losses = trial.wrong_losses = [walk.data[-1]]
    return trial


# Of a node with more operands the weights move together: one at a time would take the square of
# their number, 9 s for the first layer of 20 neurons on 784 pixels.
MOST_ALONE = 64

# A weight that moved: after how many uses, its place, and where to.
_Move = tuple[int, int, float]


def _live(walk: Walk, rate: float, moving: set[int], every_use: bool) -> tuple[Pass, list[_Move]]:
    """Return the pass that moves weights on its way and reads them after that, and its moves."""
    wrong = Pass(walk)
    moves: list[_Move] = []
    left = [0] * len(walk.nodes)
    for use in walk.uses:
        left[use.operand] += 1
    for i in range(len(walk.nodes) - 1, -1, -1):
        edges, old = walk.edges(i, wrong.data), False
        operands: list[int] = [edge.operand for edge in edges]
        for n in sorted(range(len(edges)), key=lambda n: operands[n] not in moving):
            j = operands[n]
            if old and (len(operands) <= MOST_ALONE or j not in moving):
                edges, old = walk.edges(i, wrong.data), False
            wrong.feed(i, edges[n])
            left[j] -= 1
            if j in moving and (every_use or not left[j]):
                slope = wrong.uses[-1].contribution if every_use else wrong.gradients[j]
                wrong.data[j] -= rate * slope
                moves.append((len(wrong.uses), j, wrong.data[j]))
                old = True
    return wrong, moves


def _live_slip(walk: Walk, lines: list[Line], moves: list[_Move]) -> Slip | None:
    for step, line in enumerate(lines, 1):
        right, use = line.right, line.wrong
        if right is None or same(right.local, use.local):
            continue
        operands = walk.operands(use.node)
        moved = {j: to for at, j, to in moves if at < step and j in operands}
        who = " and ".join(
            f"{walk.name(j)} from {figure(walk.data[j])} to {figure(to)}"
            for j, to in list(moved.items())[:3]
        )
        terms = walk.partial(use.node, use.position)
        name = walk.local_name(use.node, use.position)
        text = getattr(getattr(terms[0], "text", None), "text", "") if terms else ""
        rule = f"{name} = {text}" if text else name
        why = f"{rule} is read after the step that moved {who}"
        return slip_at(walk, step, use, "local derivative", right.local, use.local, why)
    return None


_KEPT = ("leaves", "interior", "everything")


def forgotten_zero_grad(
    z: Value,
    *,
    lr: float = 0.1,
    steps: int = 2,
    forgotten: str = "leaves",
    weights: Sequence[Value] | None = None,
) -> UpdateTrial:
    """Take steps of gradient descent on z without clearing the gradients in between.

    The right run clears all gradients before each pass. Both compute the graph anew from their own
    weights after each step, on copies of its numbers. With lr=0 the second step is a second
    backward pass over the same graph.

    Args:
        z: the result, a loss say. Neither its graph nor any `grad` is changed.
        lr: the learning rate: a weight w moves to w - lr * w.grad.
        steps: how many, at least 2: the first cannot go wrong.
        forgotten: what is not cleared: "leaves" is the forgotten `zero_grad`, "interior" the nodes
            in between, "everything" both.
        weights: the leaves that move; all of them if left out.

    Returns:
        The trial; its lines are the first step in which a number goes wrong, its gradients those
        of the last step.

    Raises:
        TypeError: if z is no Value, or something else is of the wrong kind.
        ValueError: if lr is not finite, steps is below 2, forgotten none of these, or a weight is
            no leaf of the graph.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> a = Value(3.0, "a")
    >>> square = a * a
    >>> [
    ...     forgotten_zero_grad(square * square, lr=0.0, forgotten=what).wrong[a]
    ...     for what in ("leaves", "everything")
    ... ]
    [216.0, 324.0]
    >>> print(forgotten_zero_grad((a - 1.0) ** 2, lr=0.25).first)
    first wrong number: step 2, v1 → a: the running sum is 6, right is 2
    why: a still holds 4 of descent step 1
    """
    walk = Walk(z)
    rate = _rate(lr)
    # The first step cannot go wrong; each is a row of the table, which nobody reads to its end.
    count = whole_number("steps", steps, 2, 10_000)
    if not isinstance(forgotten, str) or forgotten not in _KEPT:  # pyright: ignore[reportUnnecessaryIsInstance]
        names = ", ".join(map(repr, _KEPT))
        raise ValueError(f"forgotten must be one of {names}; got {forgotten!r}")
    moving = _weights(walk, weights)
    kept = [
        i for i, node in enumerate(walk.nodes)
        if forgotten == "everything" or (node.op is None) == (forgotten == "leaves")
    ]  # fmt: skip
    runs = _descend(walk, rate, count, moving, []), _descend(walk, rate, count, moving, kept)
    pairs = list(zip(*runs, strict=True))
    found = next((pair for pair in enumerate(pairs, 1) if _slipped(*pair[1])), (2, pairs[1]))
    step, (right, wrong) = found
    lines = side_by_side(right.uses, wrong.uses)
    last = pairs[-1]
    trial = UpdateTrial(
        f"forgotten zero_grad, step {step} of {count}",
        (
            "zero_grad(), backward(), step",
            f"backward(), step; {forgotten if forgotten != 'interior' else 'interior nodes'} "
            "keep what they have",
        ),
        walk,
        last[0].gradients,
        last[1].gradients,
        _kept_slip(walk, lines, step),
        lines,
        "what was left from the step before is 0",
    )
    trial.right_weights, trial.wrong_weights = (
        {walk.nodes[i]: one.data[i] - rate * one.gradients[i] for i in sorted(moving)}
        for one in last
    )
    trial.right_losses, trial.wrong_losses = ([one.data[-1] for one in run] for run in runs)
    return trial


def _descend(walk: Walk, rate: float, count: int, moving: set[int], kept: list[int]) -> list[Pass]:
    """Return the passes of a descent in which some nodes keep their gradients."""
    passes: list[Pass] = []
    data = list(walk.data)
    gradients = [0.0] * len(data)
    for _ in range(count):
        done = Pass(walk, data, gradients).sweep()
        passes.append(done)
        data = [x - rate * done.gradients[i] if i in moving else x for i, x in enumerate(done.data)]
        _compute(walk, data)
        gradients = [0.0] * len(data)
        for i in kept:
            gradients[i] = done.gradients[i]
    return passes


def _compute(walk: Walk, data: list[float]) -> None:
    """Compute the values of interior nodes from those of the leaves, in place."""
    for i, node in enumerate(walk.nodes):
        row: Any = node.op
        if row is not None:
            numbers = [data[walk.place[x]] if isinstance(x, Value) else x for x in node.args]
            data[i] = row.function(*numbers)


def _slipped(right: Pass, wrong: Pass) -> bool:
    return not all(map(same, right.gradients, wrong.gradients))


def _kept_slip(walk: Walk, lines: list[Line], step: int) -> Slip | None:
    for at, line in enumerate(lines, 1):
        right, use = line.right, line.wrong
        if right is None or same(right.after, use.after):
            continue
        left = figure(use.before - right.before)
        why = f"{walk.name(use.operand)} still holds {left} of descent step {step - 1}"
        return slip_at(walk, at, use, "running sum", right.after, use.after, why)
    return None


def _rate(lr: float) -> float:
    rate = number(lr)
    if not math.isfinite(rate):
        raise ValueError(f"lr must be finite, got {rate}")
    return rate


def _weights(walk: Walk, weights: Any) -> set[int]:
    """Return the places of the leaves that move."""
    if weights is None:
        return {i for i, node in enumerate(walk.nodes) if node.op is None}
    if isinstance(weights, Value) or not isinstance(weights, Iterable):
        raise TypeError(f"weights is a list of Values, got {weights!r:.60}: write [w]")
    places: set[int] = set()
    for w in weights:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(w, Value):
            raise TypeError(f"weights is a list of Values; {w!r:.60} is none")
        if w not in walk.place or w.op is not None:
            raise ValueError(f"{w!r} is no leaf of the graph, so it cannot move")
        places.add(walk.place[w])
    return places
