"""What tests of training share: the engines, a network with random masks, its parameters."""

from nn import MLP, Dropout, Module

ENGINES = ["compiled", "eager"]


def data(model):
    return [p.data for p in model.parameters()]


class Dropping(Module):
    """A network whose hidden outputs are dropped at random."""

    def __init__(self):
        self.first = MLP([2, 6], output_activation="tanh", seed=3)
        self.dropout = Dropout(0.5, seed=1)
        self.last = MLP([6, 1], seed=4)

    def __call__(self, inputs):
        return self.last(self.dropout(self.first(inputs)))
