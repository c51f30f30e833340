"""Every public name of `autograd.micrograd`, once; `faces.py` reads this on import."""

from autograd.micrograd.network import MLP as MLP
from autograd.micrograd.network import Layer as Layer
from autograd.micrograd.network import Module as Module
from autograd.micrograd.network import Neuron as Neuron
from autograd.micrograd.value import Value as Value
