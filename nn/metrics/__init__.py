"""Metrics: how good a model's outputs are, in numbers that people compare.

Each is a function of what a model says and what is right, over many samples. `fit` and `evaluate`
take them by name, from one table, and read a model's outputs alike: where two classes part, and
what stands for a probability, follows from the loss and the output's activation.
"""

from typing import TYPE_CHECKING

from nn.metrics.classification import f1, log_loss, precision, recall, top_k
from nn.metrics.outputs import accuracy, classes, confusion, one_hot
from nn.metrics.regression import mean_absolute_error, mean_squared_error, r2
from nn.metrics.table import METRICS as METRICS
from nn.spellings import names_of

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)

__all__ = [
    "accuracy",
    "classes",
    "confusion",
    "f1",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "one_hot",
    "precision",
    "r2",
    "recall",
    "top_k",
]
