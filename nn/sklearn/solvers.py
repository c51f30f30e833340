"""The solvers: our optimisers with scikit-learn's penalty, which pulls weights and no biases.

The pull on each parameter is one more array that moves with it, so that it is there at each step
and in copies and files of the optimiser.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from nn.module import Module
from nn.optim import SGD, Adagrad, Adam, Optimizer, RMSprop
from nn.sklearn.settings import EstimatorSettings
from nn.validation import Floats


class Pulled(Optimizer):
    """An optimiser whose gradients have λ p added, with a λ for each parameter p.

    It is put before the class of an optimiser.
    """

    _pull: Floats

    def pull(self, model: Module, strength: float) -> None:
        """Set λ: the strength for weights, 0 for biases."""
        names = [name for name, _ in model.named_parameters()]
        self._pull = np.array([0.0 if name.endswith("bias") else strength for name in names])

    def move(self, rate: float, numbers: Floats, slopes: Floats, *memory: Floats) -> None:
        """See `Optimizer`."""
        *own, pull = memory
        more = self._scratch(len(numbers))
        np.multiply(numbers, pull, out=more)
        slopes += more
        super().move(rate, numbers, slopes, *own)


class PulledSGD(Pulled, SGD):
    """`SGD` with a pull."""

    remembered = (*SGD.remembered, "_pull")
    # Its own step on Values writes `move` once more, on floats.
    step = Optimizer.step
    step_array = Optimizer.step_array


class PulledAdam(Pulled, Adam):
    """`Adam` with a pull."""

    remembered = (*Adam.remembered, "_pull")


class PulledRMSprop(Pulled, RMSprop):
    """`RMSprop` with a pull."""

    remembered = (*RMSprop.remembered, "_pull")


class PulledAdagrad(Pulled, Adagrad):
    """`Adagrad` with a pull."""

    remembered = (*Adagrad.remembered, "_pull")


_KINDS: Mapping[str, Any] = MappingProxyType(
    {"sgd": PulledSGD, "adam": PulledAdam, "rmsprop": PulledRMSprop, "adagrad": PulledAdagrad}
)


def solver_of(settings: EstimatorSettings, model: Module) -> Pulled:
    """Return the optimiser of a model that the arguments of an estimator ask for."""
    options: dict[str, Any] = {}
    if settings.solver == "sgd":
        options = {"momentum": settings.momentum, "nesterov": settings.nesterov}
    elif settings.solver == "adam":
        options = {"betas": settings.betas, "eps": settings.eps}
    return _KINDS[settings.solver](model.parameters(), settings.rate, **options)
