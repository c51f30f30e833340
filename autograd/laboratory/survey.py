"""All wrong modes on one graph, a line each."""

from autograd import asked
from autograd.display.chain.terms import figure
from autograd.engine.value import Value
from autograd.laboratory.naive import naive_recursion
from autograd.laboratory.order import no_order
from autograd.laboratory.overwriting import overwrite
from autograd.laboratory.readable import WIDEST, Part, Readable
from autograd.laboratory.trial import Trial
from autograd.laboratory.updates import forgotten_zero_grad, live_weights
from autograd.table import Table


class Survey(Readable):
    """The effect of each wrong mode on one graph.

    Attributes:
        trials: one for each mode.

    >>> w = Value(3.0, "w")
    >>> [trial.wrong[w] for trial in survey(w * w, lr=0.0).trials]
    [3.0, 6.0, 6.0, 12.0, 6.0]
    """

    def __init__(self, trials: list[Trial]) -> None:
        self.trials: list[Trial] = asked.iterable("Survey", trials, "a list of Trials")
        for trial in self.trials:
            asked.instance("Survey", trial, Trial, "a list of Trials")

    def parts(self) -> list[Part]:
        """Return the table."""
        rows: list[tuple[str, ...]] = []
        for trial in self.trials:
            slip = trial.first
            found = ("nowhere", "", "", "") if slip is None else (
                slip.edge, slip.what, figure(slip.right), figure(slip.wrong)
            )  # fmt: skip
            rows.append((trial.mode, *found))
        return [
            Table(
                ("mode", "goes wrong at", "number", "right", "wrong"), rows, "<<<>>", widest=WIDEST
            )
        ]

    def __repr__(self) -> str:
        return f"<Survey of {len(self.trials)} wrong modes; print it>"


def survey(z: Value, *, lr: float = 0.1) -> Survey:
    """Run every wrong mode on the graph of z, and say where each first goes wrong.

    Args:
        z: the result. Neither its graph nor any `grad` is changed.
        lr: the learning rate of the modes that take a step.

    Raises:
        TypeError: if z is no Value, or lr no number.
        ValueError: if lr is not finite.
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> w, x = Value(3.0, "w"), Value(2.0, "x")
    >>> u = w * x
    >>> u.label = "u"
    >>> print(survey(u + u**2))
    mode                              goes wrong at  number             right   wrong
    overwrite instead of add          v1 → u         running sum           13      12
    no topological order              u → w          upstream gradient     13       1
    live weights                      u → x          local derivative       3     0.4
    forgotten zero_grad, step 2 of 2  u → w          running sum        0.988  26.988
    naive recursion                   v1 → u         count of visits        1       2
    """
    return Survey(
        [
            overwrite(z),
            no_order(z),
            live_weights(z, lr=lr),
            forgotten_zero_grad(z, lr=lr),
            naive_recursion(z),
        ]
    )
