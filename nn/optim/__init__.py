"""Optimisers: how parameters move once their gradients are known.

What an optimiser remembers from step to step lives in it, not on the Values, so the same
parameters can be trained by another one later. How the gradients were found is none of its
business: backpropagation is one way among several. A new one is a class and a name in `OPTIMIZERS`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from nn.optim.adaptive import Adagrad, Adam, AdamW, RMSprop
from nn.optim.base import Optimizer, array_step
from nn.optim.descent import SGD
from nn.spellings import names_of

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)

OPTIMIZERS: Mapping[str, type[SGD | Adagrad | RMSprop | Adam]] = MappingProxyType(
    {kind.__name__.lower(): kind for kind in (SGD, Adagrad, RMSprop, Adam, AdamW)}
)

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "array_step",
]
