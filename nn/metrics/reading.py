"""How a model's outputs are read: where two classes part, and what stands for a probability.

Both follow from the loss and from the activation of the last layer, so that training and
evaluation say the same of the same outputs. Numbers alone do not tell: 0.3 is class 1 as a logit
and class 0 as a sigmoid's output.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from nn.losses import Loss
from nn.metrics.classification import clipped
from nn.metrics.outputs import classes
from nn.validation import Array, Floats

_Scale: TypeAlias = Literal["logits", "probabilities", "scores"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the outputs of a model are read.

    Attributes:
        cut: the output above which a model of one output says class 1.
        scale: whether outputs are "logits", which a sigmoid or softmax makes probabilities of;
            "probabilities", as a sigmoid's are; or "scores", of which there are none.

    >>> from nn.losses import loss_named
    >>> reading_of("sigmoid", loss_named("half_squared_error"), np.array([0, 1]))
    Reading(cut=0.5, scale='probabilities')
    >>> reading_of("linear", loss_named("binary_cross_entropy"), np.array([0, 1]))
    Reading(cut=0.0, scale='logits')
    """

    cut: float
    scale: _Scale

    def classes(self, outputs: Floats) -> Array:
        """Return the class that each sample's outputs say."""
        return classes(outputs, self.cut)

    def log_probabilities(self, outputs: Floats) -> Floats:
        """Return the logarithm of each class's probability, of shape (samples, classes).

        Logits keep their tails; probabilities of 0 and 1 are clipped, and those of several
        sigmoids divided by their sum.

        Raises:
            ValueError: if the outputs are scores.

        >>> Reading(0.0, "logits").log_probabilities(np.array([-800.0])).tolist()
        [[-0.0, -800.0]]
        """
        if self.scale == "scores":
            raise ValueError(
                "these outputs are no probabilities, nor logits of any: train with cross_entropy "
                "or binary_cross_entropy, or give the last layer a sigmoid"
            )
        rows = outputs.reshape(len(outputs), -1)
        if self.scale == "logits":
            if rows.shape[1] == 1:
                return -np.logaddexp(0.0, np.concatenate([rows, -rows], axis=1))
            return rows - np.logaddexp.reduce(rows, axis=1, keepdims=True)
        if rows.shape[1] == 1:
            rows = np.concatenate([1.0 - rows, rows], axis=1)
        else:
            totals = rows.sum(axis=1, keepdims=True)
            rows = rows / np.where(totals > 0.0, totals, 1.0)
        return np.log(clipped(rows))


def output_activation(model: Any) -> str:
    """Return the activation of a model's outputs, "" if it does not tell.

    >>> from nn import MLP, Neuron
    >>> output_activation(MLP([2, 4, 1])), output_activation(Neuron(2, "sigmoid"))
    ('linear', 'sigmoid')
    """
    found: Any = getattr(model, "output_activation", getattr(model, "activation", ""))
    return found if isinstance(found, str) else ""


def reading_of(activation: str, loss: Loss, targets: Array) -> Reading:
    """Return how outputs are read.

    Args:
        activation: of the last layer.
        loss: the loss that the model was trained with.
        targets: those that it was trained on: labels -1 and 1 part at 0.
    """
    bounded = activation in ("sigmoid", "softmax")
    cut = 0.5 if bounded else 0.0 if targets.size and targets.min() < 0 else loss.cut
    scale: _Scale = "logits" if loss.logits else "probabilities" if bounded else "scores"
    return Reading(cut, scale)
