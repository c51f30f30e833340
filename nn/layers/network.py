"""MLP: dense layers in a row, each fed with the outputs of the one before.

The weights of all layers are drawn before any biases, as the textbook classes do.
"""

# pyright: reportPrivateUsage=false
# A network asks its layers what users need not know.

from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

import numpy as np

from autograd import Value
from nn.activations import Activation, activation_function, activation_name
from nn.init import INITIALISERS, Draw, Seed, described, draw
from nn.layers.dense import Inputs, Layer, dense_size, fixed, one_sample
from nn.module import Module
from nn.spellings import LAYER, NETWORK, lacking
from nn.validation import instance, own_keywords, whole


@lacking(LAYER)
class MLP(Module):
    """A multilayer perceptron: dense layers, each fed with the outputs of the one before.

    Args:
        sizes: the number of inputs, of neurons in each hidden layer, and of outputs.
        activation: of the hidden layers; a name in the table, or a function of a Value.
        output_activation: of the last layer. "linear" suits losses on logits and regression; the
            textbook network of sigmoid layers has one there too: `MLP([784, 512, 10],
            activation="sigmoid", output_activation="sigmoid")`.
        init: an initialiser, by name or as an object; all weights are drawn before any biases.
        seed: a whole number or a NumPy Generator; the same number draws the same parameters.

    Attributes:
        layers: a list of layers.
        sizes: as given.

    Raises:
        ValueError: if there are fewer than two sizes or one is less than 1, a name is unknown, or
            a call gets another number of inputs.

    >>> model = MLP([2, 3, 1], seed=1)
    >>> model
    MLP([2, 3, 1]): 13 parameters
    ├─ layers.0: Layer(2 -> 3, tanh): 9 parameters
    └─ layers.1: Layer(3 -> 1, linear): 4 parameters
    >>> model.layers[0].neurons[2].weights[1].label
    'layers.0.neurons.2.weights.1'
    >>> len(model([0.5, -1.0]))
    1
    >>> model.predict([[0.5, -1.0], [0.0, 0.0]]).shape
    (2, 1)

    Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986.
    """

    @own_keywords(NETWORK)
    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Activation = "tanh",
        output_activation: str | Activation = "linear",
        init: str | Draw = "scaled_normal",
        seed: Seed = 0,
    ) -> None:
        given: Any = sizes
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
            told = _in_one_list(given, activation, output_activation, init, seed)
            raise TypeError(f"sizes is a list {told}; got {given!r:.60}")
        if len(sizes) < 2:
            raise ValueError(
                f"sizes must name the inputs and the outputs at least, as in [2, 1]; got {sizes!r}"
            )
        counts = [whole(f"sizes[{i}]", n) for i, n in enumerate(sizes)]
        functions = [*[activation] * (len(counts) - 2), output_activation]
        activation_function(activation)  # a slip in it must not pass where no layer is hidden
        drawn = draw(init, counts, seed)
        self.layers = [
            Layer(W.shape[1], W.shape[0], function, init=fixed(W, b))
            for (W, b), function in zip(drawn, functions, strict=True)
        ]
        self.sizes = counts
        self._activations = activation, output_activation
        self.init = described(init)
        self.seed = None if isinstance(seed, np.random.Generator) else int(seed)
        for i, layer in enumerate(self.layers):
            layer._label(f"layers.{i}.")

    @property
    def activation(self) -> str | Activation:
        """The activation of the hidden layers as it was given."""
        return self._activations[0]

    @property
    def output_activation(self) -> str | Activation:
        """The activation of the last layer as it was given."""
        return self._activations[1]

    def __call__(self, inputs: Inputs) -> list[Value]:
        """Record the outputs for one sample of sizes[0] numbers or Values: always a list."""
        values = one_sample(inputs, self.sizes[0], self)
        for layer in self.layers:
            values = layer.forward(values)
        return values

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return dense_size(config.get("sizes"))

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this model again, and how its parameters started."""
        return {
            "sizes": self.sizes,
            "activation": activation_name(self.activation),
            "output_activation": activation_name(self.output_activation),
            "init": self.init,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a model built from a `config()`; its parameters are set afterwards."""
        instance(f"{cls.__name__}.from_config", config, Mapping, "the dict that config() gave")
        init, seed = config.get("init"), config.get("seed")
        # A start that was an object of the user's, or a Generator, is only a remark by now.
        start: dict[str, Any] = {
            "init": init if isinstance(init, str) and init in INITIALISERS else "constant",
            "seed": 0 if seed is None else seed,
        }
        model = cls(**{**config, **start})
        if isinstance(init, str):
            model.init = init
        model.seed = seed
        return model

    def _self_contained(self) -> bool:
        """Return whether it is a plain network of plain layers."""
        return type(self) is MLP and all(layer._self_contained() for layer in self.layers)

    def _input_width(self) -> int:
        return self.sizes[0]

    def _output_width(self, inputs: int | None) -> int | None:
        return self.sizes[-1]

    def _summary(self) -> str:
        return f"MLP({self.sizes})"

    def _traits(self) -> tuple[str, str]:
        return " → ".join(map(str, self.sizes)), ""


def _in_one_list(*given: Any) -> str:
    """Return how to write sizes that were given one by one, or as the inputs and a list."""
    sizes: list[int] = []
    for x in given:
        part: list[Any] = [*cast(Any, x)] if isinstance(x, list | tuple) else [x]
        if not all(type(n) is int and n > 0 for n in part):  # the seed left out is 0
            break
        sizes += part
    return "such as [2, 16, 1]" if len(sizes) < 2 else f"of them all: write MLP({sizes})"
