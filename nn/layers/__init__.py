"""Layers and networks: models made of Values, called on one sample.

Called on a list they record the graph; `predict` computes many samples with the program that
`compile` makes of a model, and records nothing.
"""

from nn.layers.dense import Layer, Neuron
from nn.layers.dropout import Dropout
from nn.layers.network import MLP

__all__ = ["MLP", "Dropout", "Layer", "Neuron"]
