"""Layers that look at a whole row: LayerNorm and Softmax.

Both take one row, or the rows of a sequence, each for itself.
"""

# pyright: reportPrivateUsage=false
# A layer is asked for what a model file needs, which users need not know.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd as ag
from autograd import Value
from nn.layers.rows import by_rows, counts_in
from nn.layers.spellings import NORMAL
from nn.module import Module
from nn.validation import own_keywords, real, whole

# Of numbers that may be Values, so neither of the engine's overloads applies.
_square: Callable[[Any], Any] = ag.square
_mean: Callable[[Any], Any] = ag.mean


class LayerNorm(Module):
    """Shifts and scales a row to mean 0 and variance 1, then by a gain and a shift that it learns.

    y_i = gain_i (x_i - mean) / sqrt(variance + eps) + shift_i, with the variance that divides by n.

    Args:
        n: the number of inputs.
        eps: keeps the root away from 0 where all inputs are the same.

    Attributes:
        gain: a list of n Values, 1 at first; PyTorch's weight.
        shift: a list of n Values, 0 at first; PyTorch's bias.

    Raises:
        ValueError: if n is less than 1, eps not above 0, or a row of another length.

    >>> [round(y.data, 3) for y in LayerNorm(3)([1.0, 2.0, 6.0])]
    [-0.926, -0.463, 1.389]

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016, equation 4.
    """

    @own_keywords(NORMAL)
    def __init__(self, n: int, *, eps: float = 1e-5) -> None:
        n = whole("the number of inputs", n)
        self.eps = real("eps", eps, at_least=0.0)
        if not self.eps:
            raise ValueError("eps must be above 0: a row of equal inputs would be divided by 0")
        self.gain = [Value(1.0, f"gain.{i}") for i in range(n)]
        self.shift = [Value(0.0, f"shift.{i}") for i in range(n)]

    def __call__(self, inputs: Any) -> list[Any]:
        """Record the outputs for a row of n numbers or Values, or for a list of rows."""
        return by_rows(self, self._normalised, inputs)

    def _normalised(self, row: list[Any]) -> list[Any]:
        if len(row) != len(self.gain):
            raise ValueError(f"LayerNorm takes {len(self.gain)} input(s), got {len(row)}")
        mean = _mean(row)
        centred = [x - mean for x in row]
        scale = (_mean([_square(c) for c in centred]) + self.eps) ** -0.5
        return [
            gain * (c * scale) + shift
            for c, gain, shift in zip(centred, self.gain, self.shift, strict=True)
        ]

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this layer again."""
        return {"n": len(self.gain), "eps": self.eps}

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        found = counts_in(config, "n")
        return None if found is None else 2 * found[0]

    def _self_contained(self) -> bool:
        """Return whether it is a plain one."""
        return type(self) is LayerNorm

    def _input_width(self) -> int:
        return len(self.gain)

    def _output_width(self, inputs: int | None) -> int | None:
        return len(self.gain)

    def _summary(self) -> str:
        return f"LayerNorm({len(self.gain)})"

    def _traits(self) -> tuple[str, str]:
        return f"{len(self.gain)} → {len(self.gain)}", ""

    def _parts(self) -> list[tuple[str, Module | Value]]:
        return []


class Softmax(Module):
    """Turns a row of scores into probabilities: exp(x_i) over the sum of all exp(x_j).

    `cross_entropy` takes scores and does this itself, more exactly: a model that is trained by it
    ends without one.

    >>> [round(p, 3) for p in Softmax()([0.0, 1.0, 2.0])]
    [0.09, 0.245, 0.665]

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs",
    1990.
    """

    @property
    def activation(self) -> str:
        """The name under which training knows what it does."""
        return "softmax"

    def __call__(self, inputs: Any) -> list[Any]:
        """Record the probabilities for a row of numbers or Values, or for a list of rows."""
        return by_rows(self, ag.softmax, inputs)

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return 0

    def _self_contained(self) -> bool:
        """Return whether it is a plain one."""
        return type(self) is Softmax

    def _output_width(self, inputs: int | None) -> int | None:
        return inputs
