"""Neural networks on top of the scalar engine: modules, losses, optimisers, data, training.

>>> from nn import MLP, SGD, datasets, fit
>>> X, y = datasets.moons(100, seed=0)
>>> model = MLP([2, 8, 1], seed=0)
>>> optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
>>> history = fit(
...     model, X, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=20, batch_size=10
... )
>>> history[-1].validation_metric
1.0
"""

import autograd

if getattr(autograd, "__distribution__", None) != "chalkgrad":
    raise ImportError(
        f"nn needs chalkgrad's `autograd`, but the package of that name at {autograd.__file__} "
        "belongs to another distribution, probably HIPS's. The two cannot be installed side by "
        "side: pip uninstall autograd chalkgrad; pip install chalkgrad"
    )

from autograd import moved as _moved
from nn import datasets
from nn.init import Constant, He, Initialiser, ScaledNormal, Uniform, Xavier
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    binary_cross_entropy,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    mean_absolute_error,
    mean_squared_error,
)
from nn.module import Module
from nn.optim import SGD
from nn.training.batches import Batches, minibatches, split
from nn.training.fit import DivergenceError, fit
from nn.training.history import EpochRecord, History
from nn.training.metrics import accuracy, classes, confusion, one_hot

_moved({"nn.history": "nn.training.history", "nn.predicting": "nn.inference.predict"})

__all__ = [
    "MLP",
    "SGD",
    "Batches",
    "Constant",
    "DivergenceError",
    "EpochRecord",
    "He",
    "History",
    "Initialiser",
    "Layer",
    "Module",
    "Neuron",
    "ScaledNormal",
    "Uniform",
    "Xavier",
    "accuracy",
    "binary_cross_entropy",
    "classes",
    "confusion",
    "cross_entropy",
    "datasets",
    "fit",
    "half_squared_error",
    "hinge",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "minibatches",
    "one_hot",
    "split",
]
