"""Small networks as plain functions of their weights, for tests of gradients.

No layer classes: the loss is written out over nested lists, so that what is tested is the engine
and what is printed can be pasted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.engine import primitives
from autograd.engine.primitive import TABLE, Primitive, apply

Matrix = list[list[float]]

ACTIVATIONS = ("tanh", "sigmoid", "relu", "softplus", "gelu", "silu")


@dataclass(frozen=True, slots=True)
class Network:
    """Half the squared error of a fully connected network on one sample.

    Calling it with weights and biases of the nesting of `point` gives the loss.

    Attributes:
        weights: per layer one row of numbers per neuron.
        biases: per layer one number per neuron.
        activation: the row applied to every neuron but those of the last layer.
        x: the sample.
        target: one number per output.

    >>> net = Network([[[2.0]]], [[1.0]], "tanh", [3.0], [5.0])
    >>> net(*net.point)
    2.0
    """

    weights: list[Matrix]
    biases: Matrix
    activation: str
    x: list[float]
    target: list[float]

    @property
    def point(self) -> tuple[list[Matrix], Matrix]:
        """The arguments to call it with: the weights and the biases."""
        return self.weights, self.biases

    def __call__(self, weights: Sequence[Any], biases: Sequence[Any]) -> Any:
        """Return the loss for weights and biases of any kind."""
        row: Primitive = TABLE[self.activation]
        values: list[Any] = list(self.x)
        for i, (matrix, bias) in enumerate(zip(weights, biases, strict=True)):
            values = [primitives.dot(w, values) + b for w, b in zip(matrix, bias, strict=True)]
            if i < len(weights) - 1:
                values = [apply(row, (v,)) for v in values]
        errors = [y - t for y, t in zip(values, self.target, strict=True)]
        return primitives.sum([e * e for e in errors]) * 0.5

    @property
    def source(self) -> str:
        """Python text that defines and calls it; it runs when pasted."""
        return f"""from autograd import {self.activation}, dot, sum

def network(weights, biases):
    values = {self.x!r}
    for i, (matrix, bias) in enumerate(zip(weights, biases)):
        values = [dot(w, values) + b for w, b in zip(matrix, bias)]
        if i < len(weights) - 1:
            values = [{self.activation}(v) for v in values]
    errors = [y - t for y, t in zip(values, {self.target!r})]
    return sum([e * e for e in errors]) * 0.5

network({self.weights!r}, {self.biases!r})"""

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"Network as source:\n{self.source}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # Hypothesis and IPython print fields of data classes otherwise.
        for i, line in enumerate(repr(self).splitlines()):
            if i:
                printer.break_()
            printer.text(line)
