"""micrograd's classes of networks, by its names, signatures and numbers.

They are here for programs that were written for them. The layers of `nn` have seeds, activations,
labels and training at the speed of arrays.
"""

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from autograd import asked
from autograd.micrograd.value import Value


class Module:
    """What has parameters, as a class of networks that a program derives from it.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.a, self.b = Value(2.0), Value(1.0)
    ...
    ...     def parameters(self):
    ...         return [self.a, self.b]
    >>> line = Line()
    >>> (line.a * 3.0 + line.b).backward()
    >>> line.a.grad
    3.0
    >>> line.zero_grad()
    >>> line.a.grad
    0.0
    """

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def parameters(self) -> list[Value]:
        """Return the parameters: none, unless a class has some."""
        return []


class Neuron(Module):
    """A weighted sum with a bias, and a relu behind it.

    The weights are drawn from -1 to 1 by Python's own `random.uniform`, one after the other, as
    micrograd draws them; nothing here seeds it: write `random.seed(0)` before for the same weights
    again. The bias is 0.

    Args:
        nin: the number of inputs.
        nonlin: whether a relu follows.

    Attributes:
        w: the weights, a Value for each input.
        b: the bias, a Value.
        nonlin: whether a relu follows.

    >>> neuron = Neuron(2)
    >>> neuron.w[0].data, neuron.w[1].data = 0.5, -1.0
    >>> neuron([4.0, 1.0]).data
    1.0
    >>> neuron
    ReLUNeuron(2)
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        count = asked.whole("nin", nin, at_least=0)
        self.w = [Value(random.uniform(-1.0, 1.0)) for _ in range(count)]
        self.b = Value(0.0)
        self.nonlin = nonlin

    def __call__(self, x: Iterable[Any]) -> Any:
        """Return b + w1 x1 + w2 x2 + ..., added up from the left, or its relu."""
        total: Any = self.b
        for weight, value in zip(self.w, x, strict=False):  # as many as the shorter one has
            total = total + weight * value
        return total.relu() if self.nonlin else total

    def parameters(self) -> list[Value]:
        """Return the weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side.

    The weights are drawn neuron by neuron; see `Neuron`.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        nonlin: whether a relu follows each.

    Attributes:
        neurons: the neurons.

    >>> Layer(2, 2)
    Layer of [ReLUNeuron(2), ReLUNeuron(2)]
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True) -> None:
        count = asked.whole("nout", nout, at_least=0)
        self.neurons = [Neuron(nin, nonlin) for _ in range(count)]

    def __call__(self, x: Iterable[Any]) -> Any:
        """Return the list of outputs; the output itself if there is one neuron."""
        given = list(x)
        out = [neuron(given) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Return the parameters, neuron by neuron."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """Layers one after the other, with a relu behind each but the last.

    The weights are drawn from Python's own `random`, layer by layer, as micrograd draws them, and
    nothing seeds it. This class is for programs that were written for micrograd; `nn.MLP` takes one
    list of sizes, an activation and a seed, and `nn.fit` trains it.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer.

    Attributes:
        layers: the layers.

    >>> model = MLP(2, [3, 1])
    >>> len(model.parameters())
    13
    >>> model
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(3)]]
    """

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        sizes = [nin, *asked.iterable("MLP", nouts, "the number of neurons of each layer, a list")]
        last = len(sizes) - 2
        self.layers = [Layer(n, m, nonlin=i != last) for i, (n, m) in enumerate(pairwise(sizes))]

    def __call__(self, x: Any) -> Any:
        """Return what the last layer gives: a list, or one Value."""
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Value]:
        """Return the parameters, layer by layer."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
