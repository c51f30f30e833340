"""Layers for sequences: Embedding, from whole numbers to rows, and Recurrent, over rows.

A sequence is a list of rows, one for each place in it: of shape (length, inputs), and a batch of
them (samples, length, inputs), as PyTorch has it with `batch_first` and Keras has it always.
"""

# pyright: reportPrivateUsage=false
# A layer is asked for what a model file needs, which users need not know.

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from autograd import Value, dot, equal
from autograd import sum as total
from nn.activations import Activation, activation_name
from nn.init import Draw, Seed
from nn.layers.dense import Layer
from nn.layers.rows import counts_in, is_row, listed
from nn.layers.spellings import EMBEDDING, RECURRENT
from nn.module import Module
from nn.validation import Array, generator, look_up, own_keywords, whole


class Embedding(Module):
    """A table of rows, one for each of some things such as letters: gives the rows of its inputs.

    Inputs are whole numbers from 0, and a sample of T of them gives T rows of `width` Values; put
    `Flatten()` between it and a dense layer. Recorded, a row is the parameters themselves, so that
    gradients reach only the rows that were used; a program multiplies a row that is 1 at the index
    with each column, so its time grows with `count`, and the gradients of the other rows are 0.

    Args:
        count: the number of rows.
        width: numbers in a row.
        seed: a whole number or a NumPy Generator, for rows drawn from N(0, 1).

    Attributes:
        rows: a list of `count` lists of `width` Values; PyTorch's weight.

    Raises:
        ValueError: if a count is less than 1, or an input is no whole number from 0 to count - 1.
        TypeError: if an input is a Value: nothing flows back to an index.

    >>> letters = Embedding(27, 2, seed=0)
    >>> rows = letters([0, 26, 0])
    >>> len(rows), rows[0][1] is letters.rows[0][1], rows[0] == rows[2]
    (3, True, True)

    Source: Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", 2003,
    section 2.
    """

    @own_keywords(EMBEDDING)
    def __init__(self, count: int, width: int, *, seed: Seed = 0) -> None:
        count, width = whole("the number of rows", count), whole("the width of a row", width)
        drawn = generator(seed).standard_normal((count, width)).tolist()
        self.rows = [
            [Value(x, f"rows.{i}.{j}") for j, x in enumerate(row)] for i, row in enumerate(drawn)
        ]

    def __call__(self, inputs: Any) -> list[list[Any]]:
        """Return the row of each input."""
        return [self._row(i, x) for i, x in enumerate(listed(self, inputs, "whole numbers"))]

    def _row(self, place: int, x: Any) -> list[Any]:
        if isinstance(x, Value):
            raise TypeError(
                f"Embedding takes plain whole numbers, got {x!r:.60} at [{place}]: nothing flows "
                "back to an index; write x.data for its number"
            )
        if hasattr(x.__class__, "__apply__"):
            # In a program. It cannot raise, so the row of what is no index is 0 / 0.
            hot = [equal(x, float(i)) for i in range(len(self.rows))]
            found = total(hot)
            return [dot(hot, column) / found for column in zip(*self.rows, strict=True)]
        if is_row(x) or not self._is_index(x):
            raise ValueError(self._refused(x, [place]))
        return [*self.rows[int(x)]]

    def _is_index(self, x: Any) -> bool:
        is_number = isinstance(x, int | float | np.integer | np.floating)
        if isinstance(x, bool) or not is_number:
            return False
        number = float(cast(Any, x))
        return number.is_integer() and 0 <= number < len(self.rows)

    def _refused(self, x: Any, place: list[int]) -> str:
        return (
            f"Embedding takes whole numbers from 0 to {len(self.rows) - 1}; got {x!s:.40} "
            f"at {place}"
        )

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this layer again."""
        return {"count": len(self.rows), "width": len(self.rows[0])}

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        found = counts_in(config, "count", "width")
        return None if found is None else math.prod(found)

    def _self_contained(self) -> bool:
        """Return whether it is a plain one."""
        return type(self) is Embedding

    def _output_width(self, inputs: int | None) -> int | None:
        return len(self.rows[0])

    def _check_samples(self, X: Array, first: int = 0) -> None:
        wrong = ~((X >= 0) & (len(self.rows) > X) & (np.floor(X) == X))
        if wrong.any():
            row, *rest = np.argwhere(wrong)[0].tolist()
            raise ValueError(self._refused(X[(row, *rest)], [first + row, *rest]))

    def _summary(self) -> str:
        return f"Embedding({len(self.rows)} x {len(self.rows[0])})"

    def _traits(self) -> tuple[str, str]:
        return f"{len(self.rows)} × {len(self.rows[0])}", ""

    def _parts(self) -> list[tuple[str, Module | Value]]:
        return []


_STATES = {"last": False, "all": True}


class Recurrent(Module):
    """A dense layer over a sequence: its state is fed back to it, beside the next inputs.

    h_t = tanh(W x_t + U h_(t-1) + b) with h_0 = 0. A sample is a list of rows of `inputs` numbers
    each, of any length; X of many has the shape (samples, length, inputs).

    Args:
        inputs: the number of inputs at a place of the sequence.
        hidden: the number of neurons, and so of numbers in a state.
        activation: a name in the table of activations, or a function of a Value.
        states: "last" to return the state after the last place, a list of `hidden`; "all" for a
            list of all states, which another `Recurrent` may take.
        init: an initialiser for the layer of inputs + hidden inputs, by name or as an object.
        seed: a whole number or a NumPy Generator; the same number draws the same parameters.

    Attributes:
        layer: the layer, whose neurons' weights are a row of W and then one of U.

    Raises:
        ValueError: if a size is less than 1, a name is unknown, or a row has another length.

    >>> memory = Recurrent(2, 3, seed=0)
    >>> len(memory([[0.5, -1.0], [1.0, 0.0], [0.0, 2.0]]))
    3
    >>> memory.predict([[[0.5, -1.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 0.0]]]).shape
    (2, 3)

    Source: Elman, "Finding structure in time", 1990.
    """

    @own_keywords(RECURRENT)
    def __init__(
        self,
        inputs: int,
        hidden: int,
        activation: str | Activation = "tanh",
        *,
        states: str = "last",
        init: str | Draw = "xavier",
        seed: Seed = 0,
    ) -> None:
        inputs = whole("the number of inputs", inputs)
        hidden = whole("the number of neurons", hidden)
        look_up("kind of states", states, _STATES)
        self.layer = Layer(inputs + hidden, hidden, activation, init=init, seed=seed)
        self.layer._label("layer.")
        self._states = states

    @property
    def states(self) -> str:
        """Which states it returns, as given."""
        return self._states

    @property
    def activation(self) -> str | Activation:
        """The activation as it was given."""
        return self.layer.activation

    @property
    def n_in(self) -> int:
        """The number of inputs at a place."""
        return self.layer.n_in - self.layer.n_out

    def __call__(self, inputs: Any) -> list[Any]:
        """Record the last state, or all of them, for a list of rows."""
        state: list[Any] = [0.0] * self.layer.n_out
        found: list[list[Any]] = []
        for t, row in enumerate(listed(self, inputs, f"rows of {self.n_in} number(s)")):
            if not is_row(row) or len(row) != self.n_in:
                got = f"{len(row)}" if is_row(row) else f"{row!r:.40}, which is no row"
                raise ValueError(
                    f"Recurrent takes a row of {self.n_in} input(s) at each place of a sequence; "
                    f"got {got}, at place {t}"
                )
            state = self.layer.forward([*listed(self, row), *state])
            found.append(state)
        return found if _STATES[self._states] else state

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this layer again."""
        return {
            "inputs": self.n_in,
            "hidden": self.layer.n_out,
            "activation": activation_name(self.activation),
            "states": self._states,
        }

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        found = counts_in(config, "inputs", "hidden")
        return None if found is None else found[1] * (sum(found) + 1)

    def _self_contained(self) -> bool:
        """Return whether it is a plain one of plain neurons."""
        return type(self) is Recurrent and self.layer._self_contained()

    def _input_width(self) -> int:
        return self.n_in

    def _output_width(self, inputs: int | None) -> int | None:
        return self.layer.n_out

    def _sample_axes(self) -> int:
        return 2

    def _summary(self) -> str:
        name = activation_name(self.activation)
        return f"Recurrent({self.n_in} -> {self.layer.n_out}, {name}, {self._states} states)"

    def _traits(self) -> tuple[str, str]:
        return f"{self.n_in} → {self.layer.n_out}", activation_name(self.activation)

    def _parts(self) -> list[tuple[str, Module | Value]]:
        return []
