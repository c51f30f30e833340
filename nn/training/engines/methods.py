"""The engine of other methods: gradients found otherwise than by backpropagation, at their price.

It records one sample after another as the eager engine does, and asks the laboratory for the
gradient of each loss. It is for small networks, to see that descent does not care where a gradient
comes from, and what each way to it costs.
"""

import math
from typing import Any

import numpy as np

from autograd import laboratory
from nn.inference.modes import Mode
from nn.losses import Loss
from nn.module import Module
from nn.training.engines.base import EagerEngine, checked_loss
from nn.training.history import GradientCost
from nn.validation import Array, Floats, look_up


def check_method(name: str) -> None:
    """Ask that a method of that name is known.

    >>> check_method("forwards")
    Traceback (most recent call last):
        ...
    ValueError: no method of gradients is called 'forwards'. Did you mean 'forward'? ...
    """
    look_up("method of gradients", name, laboratory.METHODS)


class MethodEngine(EagerEngine):
    """Finds gradients by a method of `autograd.laboratory.gradient_by`; see `Engine`.

    Args:
        method: its name.
    """

    def __init__(self, model: Module, loss: Loss, X: Floats, targets: Array, method: str) -> None:
        super().__init__(model, loss, X, targets)
        self._method = method
        self._evaluations = self._multiplications = 0

    def gradients(self, X: Floats, targets: Array) -> float:
        """See `Engine`."""
        self._batch = X, targets
        self._began = self._masks.states()
        total, slopes = 0.0, np.zeros(len(self._parameters))
        with Mode(self._model, training=True, masks=self._masks):
            for x, target in zip(X.tolist(), targets.tolist(), strict=True):
                result = checked_loss(self._loss, self._loss.function(self._model(x), target))
                if not math.isfinite(result.data):
                    return result.data
                found = laboratory.gradient_by(self._method, result, self._parameters)
                self._evaluations += found.evaluations
                self._multiplications += found.multiplications
                slopes += self._numbers(found.slopes)
                total += result.data
        self._slopes = slopes / len(X)
        for p, g, is_reached in zip(
            self._parameters, self._slopes.tolist(), self._is_reached, strict=True
        ):
            p.grad = g if is_reached else None
        return total

    def _numbers(self, slopes: list[Any]) -> Floats:
        """Return slopes as an array, and keep in mind which parameters have one."""
        self._mark([g is not None for g in slopes])
        return np.array([0.0 if g is None else g for g in slopes])

    def cost(self, samples: int) -> GradientCost:
        """See `Engine`."""
        return GradientCost(self._evaluations, self._multiplications)
