"""What is looked at after each epoch: whether it was better, by scikit-learn's rules.

It is a callback of `nn.fit`. It ends the run, lowers the learning rate of "sgd", and with
samples held out remembers the parameters that scored best.
"""

import math
from collections.abc import Callable
from typing import Any

from nn.module import Module
from nn.sklearn.settings import EstimatorSettings
from nn.sklearn.solvers import Pulled
from nn.training.history import History

# No lower rate is tried by "adaptive".
_LEAST = 1e-6


class EpochWatch:
    """A look at each epoch.

    Args:
        settings: the arguments of the estimator.
        optimizer: what moves the parameters.
        count: how many samples an epoch goes over.
        seen: how many samples were seen before.
        score: the score of a model on the samples held out; None where none are.

    Attributes:
        seen: how many samples were seen.
        scores: the score after each epoch.
        best: the best one.
        arrays: the parameters that had it.
        is_ended: whether the run was ended here.
        looks_at_history: whether it looks at nothing else, so that `fit` need not get the model
            ready for it.
    """

    def __init__(
        self,
        settings: EstimatorSettings,
        optimizer: Pulled,
        count: int,
        seen: int,
        score: Callable[[Module], float] | None,
    ) -> None:
        self._settings = settings
        self._optimizer = optimizer
        self._count = count
        self._score = score
        self._waited = 0
        self._least = math.inf
        self.seen = seen
        self.scores: list[float] = []
        self.best = -math.inf
        self.arrays: list[Any] = []
        self.is_ended = False
        self.looks_at_history = score is None

    def __call__(self, model: Module, history: History) -> bool:
        """Look at the epoch that has ended, and say whether it was the last."""
        settings = self._settings
        self.seen += self._count
        if self._score is None:
            better = self._sees_loss(history[-1].loss)
        else:
            better = self._sees_score(self._score(model), model)
        self._waited = 0 if better else self._waited + 1
        if settings.schedule == "invscaling":
            self._optimizer.lr = settings.rate / (self.seen + 1) ** settings.power
        if self._waited <= settings.waits:
            return False
        if settings.schedule == "adaptive" and self._optimizer.lr > _LEAST:
            self._optimizer.lr /= 5.0
            self._waited = 0
            return False
        self.is_ended = True
        return True

    @property
    def words_at_the_end(self) -> str:
        """What to say of a run that reached its last epoch without ending by itself."""
        began = f"after max_iter={self._settings.epochs} epochs training"
        if not self._waited:
            return (
                f"{began} was still getting better: write a larger max_iter, or a larger tol to "
                "end it sooner"
            )
        return (
            f"{began} had not come to rest, and was no better by tol={self._settings.tol:g} in the "
            f"last {self._waited}: write a smaller learning_rate_init, or a larger max_iter"
        )

    def _sees_loss(self, loss: float) -> bool:
        better = loss <= self._least - self._settings.tol
        self._least = min(self._least, loss)
        return better

    def _sees_score(self, score: float, model: Module) -> bool:
        self.scores.append(score)
        better = score >= self.best + self._settings.tol
        if score > self.best:
            self.best, self.arrays = score, model.arrays()
        return better
