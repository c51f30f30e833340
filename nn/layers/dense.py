"""Neuron and Layer: the parts of dense networks, whose every weight is a Value.

A neuron is one `dot` node, a sum with the bias, and its activation, so a picture of it stays
small. Called on one sample they record the graph; `predict` computes many with the program that
`compile` makes of it, and records nothing.
"""

# pyright: reportPrivateUsage=false
# A layer asks its neurons what users need not know.

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias, cast

import numpy as np

from autograd import Value, dot
from nn.activations import ACTIVATIONS, Activation, activation_function, activation_name
from nn.init import Draw, Seed, draw
from nn.module import Module, Rows
from nn.spellings import DENSE, LAYER, lacking
from nn.spellings.tensors import is_of_torch
from nn.validation import Array, Floats, own_keywords, refuse_masked, whole

Inputs: TypeAlias = Sequence[Value | float] | Array


def one_sample(inputs: Inputs, expected: int, model: Module) -> list[Any]:
    """Return one sample as a list of the expected length, or say what is wrong with it."""
    name = type(model).__name__
    if isinstance(inputs, np.ndarray):
        refuse_masked(f"the sample for {name}", inputs)
        if inputs.ndim != 1:
            raise ValueError(
                f"{name} is called on one sample of shape ({expected},), got an array of shape "
                f"{inputs.shape}: write model.predict(X) for many"
            )
        inputs = inputs.tolist()
    elif not isinstance(inputs, Sequence) or isinstance(inputs, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"{name} takes a list of {expected} number(s) or Values, got {inputs!r:.60}: "
            f"write {'model(x.tolist())' if is_of_torch(inputs) else 'model([x])'}"
        )
    if len(inputs) and isinstance(inputs[0], list | tuple):
        raise ValueError(
            f"{name} takes one flat list of {expected} number(s) or Values, got rows: put "
            "Flatten() before it, or write model.predict(X) for many samples"
        )
    if len(inputs) != expected:
        raise ValueError(f"{name} takes {expected} input(s), got {len(inputs)}")
    return inputs if isinstance(inputs, list) else list(inputs)


class Neuron(Module):
    """One neuron: activation(w1 x1 + ... + wn xn + b).

    Args:
        n_in: the number of inputs.
        activation: a name in the table of activations, or a function of a Value.
        init: an initialiser, by name or as an object.
        seed: a whole number or a NumPy Generator; the same number draws the same parameters.

    Attributes:
        weights: a list of n_in Values.
        bias: a Value.

    Raises:
        ValueError: if n_in is less than 1, a name is unknown, or a call gets another number of
            inputs.

    >>> neuron = Neuron(2)
    >>> neuron.set_arrays([([[0.5, -0.25]], [0.1])])
    >>> y = neuron([1.0, 2.0])
    >>> (y - 1.0).square().backward()
    >>> round(y.data, 9), round(neuron.weights[1].grad, 9), round(neuron.bias.grad, 9)
    (0.524979187, -0.473835237, -0.236917618)

    Source: Rosenblatt, "The perceptron", 1958, with a smooth activation.
    """

    @own_keywords(DENSE)
    def __init__(
        self,
        n_in: int,
        activation: str | Activation = "sigmoid",
        *,
        init: str | Draw = "scaled_normal",
        seed: Seed = 0,
    ) -> None:
        n_in = whole("the number of inputs", n_in)
        self._activate = activation_function(activation)
        ((W, b),) = draw(init, [n_in, 1], seed)
        self.weights = [Value(w, f"weights.{i}") for i, w in enumerate(W[0].tolist())]
        self.bias = Value(float(b[0]), "bias")
        self._activation = activation

    @property
    def activation(self) -> str | Activation:
        """The activation as it was given; another one asks for another neuron."""
        return self._activation

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return len(self.weights)

    def __call__(self, inputs: Inputs) -> Value:
        """Record the neuron's output for one sample of n_in numbers or Values."""
        return self.forward(one_sample(inputs, len(self.weights), self))

    def forward(self, inputs: list[Any]) -> Value:
        """Record the output for a list that is known to have the right length."""
        return self._activate(dot(self.weights, inputs) + self.bias)

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return dense_size([config.get("n_in"), 1])

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this neuron again."""
        return {"n_in": self.n_in, "activation": activation_name(self.activation)}

    def _dense(self) -> list[Rows]:
        return [[(self.weights, self.bias)]]

    def _self_contained(self) -> bool:
        """Return whether it is a plain neuron with an activation of the table."""
        own = type(self) is not Neuron or "forward" in vars(self)
        return not own and self._activate in ACTIVATIONS.values()

    def _input_width(self) -> int:
        return self.n_in

    def _summary(self) -> str:
        return f"Neuron({self.n_in} -> 1, {activation_name(self.activation)})"

    def _traits(self) -> tuple[str, str]:
        return f"{self.n_in} → 1", activation_name(self.activation)


@lacking(LAYER)
class Layer(Module):
    """A row of neurons that share their inputs: a dense layer.

    Args:
        n_in: the number of inputs.
        n_out: the number of neurons.
        activation: a name in the table of activations, or a function of a Value.
        init: an initialiser, by name or as an object.
        seed: a whole number or a NumPy Generator; the same number draws the same parameters.

    Attributes:
        neurons: a list of n_out neurons.

    Raises:
        ValueError: if a size is less than 1, a name is unknown, or a call gets another number of
            inputs.

    >>> layer = Layer(3, 1, activation="tanh")
    >>> len(layer([0.5, -1.0, 2.0]))
    1
    """

    @own_keywords(DENSE)
    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | Activation = "sigmoid",
        *,
        init: str | Draw = "scaled_normal",
        seed: Seed = 0,
    ) -> None:
        n_in = whole("the number of inputs", n_in)
        n_out = whole("the number of neurons", n_out)
        ((W, b),) = draw(init, [n_in, n_out], seed)
        self.neurons = [
            Neuron(n_in, activation, init=fixed(W[i : i + 1], b[i : i + 1])) for i in range(n_out)
        ]
        self._activation = activation
        self._label("")

    @property
    def activation(self) -> str | Activation:
        """The activation as it was given; another one asks for another layer."""
        return self._activation

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.neurons[0].n_in

    @property
    def n_out(self) -> int:
        """The number of neurons."""
        return len(self.neurons)

    def __call__(self, inputs: Inputs) -> list[Value]:
        """Record the outputs for one sample of n_in numbers or Values: always a list."""
        return self.forward(one_sample(inputs, self.n_in, self))

    def forward(self, inputs: list[Any]) -> list[Value]:
        """Record the outputs for a list that is known to have the right length."""
        return [neuron.forward(inputs) for neuron in self.neurons]

    def _label(self, before: str) -> None:
        """Label the parameters with their names in a model that has the layer under a name."""
        for k, neuron in enumerate(self.neurons):
            prefix = f"{before}neurons.{k}."
            neuron.bias.label = f"{prefix}bias"
            prefix += "weights."
            for i, weight in enumerate(neuron.weights):
                weight.label = f"{prefix}{i}"

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return dense_size([config.get("n_in"), config.get("n_out")])

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this layer again."""
        return {
            "n_in": self.n_in,
            "n_out": self.n_out,
            "activation": activation_name(self.activation),
        }

    def _dense(self) -> list[Rows]:
        return [[(neuron.weights, neuron.bias) for neuron in self.neurons]]

    def _self_contained(self) -> bool:
        """Return whether it is a plain layer of plain neurons with activations of the table."""
        own = type(self) is not Layer or "forward" in vars(self)
        return not own and all(neuron._self_contained() for neuron in self.neurons)

    def _input_width(self) -> int:
        return self.n_in

    def _output_width(self, inputs: int | None) -> int | None:
        return self.n_out

    def _summary(self) -> str:
        return f"Layer({self.n_in} -> {self.n_out}, {activation_name(self.activation)})"

    def _traits(self) -> tuple[str, str]:
        return f"{self.n_in} → {self.n_out}", activation_name(self.activation)

    def _parts(self) -> list[tuple[str, Module | Value]]:
        return []


def dense_size(sizes: Any) -> int | None:
    """Return the number of parameters of dense layers; None if these are no sizes."""
    if not isinstance(sizes, list) or not all(type(n) is int and n > 0 for n in cast(Any, sizes)):
        return None
    return sum([(n_in + 1) * n_out for n_in, n_out in pairwise(cast(list[int], sizes))])


def fixed(W: Floats, b: Floats) -> Draw:
    """Return the initialiser that gives these arrays."""
    return lambda n_in, n_out, rng: (W, b)
