"""Layers and networks: models made of Values, called on one sample.

Called on a list they record the graph; `predict` computes many samples with the program that
`compile` makes of a model, and records nothing.
"""

from nn.layers.combine import Flatten, Residual, Sequential
from nn.layers.dense import Layer, Neuron
from nn.layers.dropout import Dropout
from nn.layers.network import MLP
from nn.layers.normal import LayerNorm, Softmax
from nn.layers.sequence import Embedding, Recurrent

__all__ = [
    "MLP",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "LayerNorm",
    "Neuron",
    "Recurrent",
    "Residual",
    "Sequential",
    "Softmax",
]
