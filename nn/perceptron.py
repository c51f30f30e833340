"""MultilayerPerceptron: the NumPy class that many tutorials on MNIST share, over our own parts.

It stands here under its own names and defaults, so that a program written for it runs and can be
drawn, checked and saved. What trains it is `fit`; what its own code gets wrong is told, and mended
where it is silent.
"""

# pyright: reportPrivateUsage=false
# A network asks its layers what users need not know.

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from nn.layers import MLP
from nn.layers.dense import dense_size
from nn.losses import half_squared_error
from nn.metrics.outputs import accuracy, one_hot, true_classes
from nn.module import Module
from nn.optim import SGD
from nn.training.fit import fit
from nn.training.history import History
from nn.validation import Floats, instance, numeric, whole

_LOSS = "half_squared_error"
# The seeds that NumPy's older generator takes.
_SEEDS = 2**32


class MultilayerPerceptron(MLP):
    """Layers of sigmoid neurons, trained by mini-batches on half the squared error.

    Weights are randn(y, x) / sqrt(x) and biases randn(y, 1), all weights before any biases, from
    NumPy's older generator: the seed gives the numbers that `np.random.seed(seed)` gives the class
    as it was written. Targets y are one-hot rows, or labels from 0.

    Traps of the original, for who compares:

    - It calls `predict`, which it never defines; here `predict` and `feedforward` are one.
    - With as many samples as fit into one batch, or fewer, it trains on nothing and is silent; here
      that is refused.
    - The last batch of an epoch is not trained on in it but is its validation set; in the next
      epoch its samples are trained on again, so the printed accuracy is of samples that the
      network has seen. `fit` with a fraction holds samples out for good.
    - The rate of 1e-4 is too small for inputs from 0 to 1, with which nothing is learned in ten
      epochs; with pixels from 0 to 255 it learns a little, as nearly all hidden neurons saturate.
      Scaled, a rate of 0.1 or more is right.
    - The cost is half the sum of squares, whose slope is a - y. The loss "mean_squared_error" has
      the slope 2 (a - y) / N.
    - 1 / (1 + exp(-z)) warns of an overflow far below 0; here it does not.
    - The class of one output is the largest of one, so every accuracy is 1; here an output of more
      than .5 stands for class 1.

    Args:
        layers: the number of inputs, of neurons in each hidden layer, and of outputs.
        seed: a whole number below 2**32, of the parameters and of the order of samples; left out,
            one is drawn, and `seed` tells which.

    Attributes:
        sizes: the numbers given as `layers`.
        num_layers: how many these are, the inputs among them.
        seed: as given, or drawn.

    Raises:
        ValueError: as `MLP`, or if the seed is out of range.

    >>> from nn import datasets
    >>> X, y = datasets.digits()
    >>> mlp = MultilayerPerceptron([64, 16, 10], seed=0)
    >>> history = mlp.fit(X[:1500] / 16, one_hot(y[:1500], 10), epochs=3, batch_size=40, lr=9.0)
    Epoch 1: Validation Accuracy: 0.55
    Epoch 2: Validation Accuracy: 0.80
    Epoch 3: Validation Accuracy: 0.95
    >>> mlp.accuracy(one_hot(y[1500:], 10), mlp.predict(X[1500:] / 16)) > 0.7
    True
    """

    def __init__(self, layers: Sequence[int], seed: int | None = None) -> None:
        if seed is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        seed = whole("seed", seed, at_least=0, at_most=_SEEDS - 1)
        super().__init__(layers, "sigmoid", "sigmoid", init="constant")
        rng = np.random.RandomState(seed)
        pairs = list(pairwise(self.sizes))
        weights = [rng.randn(y, x) / np.sqrt(x) for x, y in pairs]
        biases = [rng.randn(y, 1) for _, y in pairs]
        self.set_arrays(list(zip(weights, biases, strict=True)))
        self.init = "scaled_normal"
        self.seed = seed
        self._runs = 0

    @property
    def num_layers(self) -> int:
        """The number of layers, the inputs counted as one."""
        return len(self.sizes)

    @property
    def weights(self) -> list[Floats]:
        """The weights of each layer, of shape (neurons, inputs): copies, not to be written into.

        Set all of them at once: `mlp.weights = [W1, W2]`.
        """
        return [_kept(W) for W, _ in self.arrays()]

    @weights.setter
    def weights(self, arrays: Sequence[Any]) -> None:
        self.set_arrays(list(zip(arrays, self.biases, strict=True)))

    @property
    def biases(self) -> list[Floats]:
        """The biases of each layer, of shape (neurons, 1): copies, as `weights` are."""
        return [_kept(b[:, None]) for _, b in self.arrays()]

    @biases.setter
    def biases(self, arrays: Sequence[Any]) -> None:
        self.set_arrays(list(zip(self.weights, arrays, strict=True)))

    def feedforward(self, X: Any) -> Floats:
        """Return the outputs of many samples, a row for each, as `predict` does."""
        return self.predict(X)

    def accuracy(self, y: Any, pred: Any) -> float:
        """Return the share of samples whose largest output is at the right place, from 0 to 1.

        Args:
            y: one-hot rows, or labels from 0.
            pred: outputs, as `predict` gives them; they come second here.

        Raises:
            ValueError: if there are not as many of both, or none.
        """
        return accuracy(pred, y, cut=0.5)

    def fit(
        self, X: Any, y: Any, epochs: int = 100, batch_size: int = 100, lr: float = 1e-4
    ) -> History:
        """Train, and print the accuracy on the last batch after each epoch.

        Each epoch trains on all batches of a new order but the last, which is its validation set.
        A second call goes on with other orders.

        Args:
            X: the samples, of shape (samples, inputs).
            y: one-hot rows, or labels from 0.
            epochs: how often to go through the data.
            batch_size: samples in a step.
            lr: the learning rate.

        Returns:
            The history; the original returns nothing.

        Raises:
            ValueError: as `nn.fit`; and if all samples fit into one batch, where nothing would be
                trained.
            DivergenceError: if a number is no longer finite.
        """
        history = fit(
            self,
            X,
            self._targets(y),
            loss=_LOSS,
            optimizer=SGD(self.parameters(), lr),
            epochs=epochs,
            batch_size=batch_size,
            validation="last_batch",
            seed=self._orders,
            callbacks=[_said],
            progress=False,
        )
        self._runs += 1
        return history

    def update_params(self, X: Any, y: Any, lr: float) -> None:
        """Take one step: the gradients of a batch summed, divided by its length, times the rate.

        Args:
            X: the samples of the batch.
            y: their targets: one-hot rows, numbers for each output, or labels.
            lr: the learning rate.

        Raises:
            ValueError: as `nn.fit`.
        """
        fit(
            self,
            X,
            y,
            loss=_LOSS,
            optimizer=SGD(self.parameters(), lr),
            epochs=1,
            batch_size=max(len(X), 1),
            validation=None,
            progress=False,
        )

    def backprop(self, x: Any, y: Any) -> tuple[list[Floats], list[Floats]]:
        """Return the gradients of half the squared error of one sample.

        Args:
            x: its inputs, of shape (inputs,) or (inputs, 1).
            y: a target for each output, of shape (outputs,) or (outputs, 1).

        Returns:
            (nabla_W, nabla_b), lists of arrays of the shapes of `weights` and `biases`.

        Raises:
            ValueError: if there are not as many numbers as inputs, or as outputs.
        """
        inputs, targets = numeric("x", x).reshape(-1), numeric("y", y).reshape(-1)
        self.zero_grad()
        half_squared_error(self(inputs), targets).backward()
        slopes = [
            (
                np.array([[w.grad for w in neuron.weights] for neuron in layer.neurons]),
                np.array([[neuron.bias.grad] for neuron in layer.neurons]),
            )
            for layer in self.layers
        ]
        self.zero_grad()
        return [W for W, _ in slopes], [b for _, b in slopes]

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this network again."""
        return {"layers": self.sizes, "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a network built from a `config()`; its parameters are set afterwards."""
        instance("MultilayerPerceptron.from_config", config, Mapping, "the dict that config() gave")
        return cls(**config)

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return dense_size(config.get("layers"))

    def _self_contained(self) -> bool:
        """Return whether it is a plain network of plain layers."""
        own = type(self) is not MultilayerPerceptron
        return not own and all(layer._self_contained() for layer in self.layers)

    def _summary(self) -> str:
        return f"MultilayerPerceptron({self.sizes})"

    def _targets(self, y: Any) -> Any:
        """Return one-hot rows, or for one output the labels 0 and 1."""
        labels = true_classes(y)
        return one_hot(labels, self.sizes[-1]) if self.sizes[-1] > 1 else labels

    @property
    def _orders(self) -> int:
        """The seed of the orders of the next run."""
        return (self.seed or 0) + _SEEDS * self._runs


def _said(model: Module, history: History) -> None:
    print(history[-1])  # noqa: T201  # as the class that it stands for does


def _kept(array: Floats) -> Floats:
    array.flags.writeable = False
    return array
