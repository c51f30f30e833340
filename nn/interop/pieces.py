"""Pieces: a model as the layers that other libraries have, with its Values as their tensors.

A dense layer is a linear map and an activation, as PyTorch has them; what is written to PyTorch,
ONNX and safetensors is read off these, under the same names.
"""

# pyright: reportPrivateUsage=false
# A neuron is asked for the function that it calls.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import Value
from nn.activations import ACTIVATIONS, activation_name
from nn.layers import (
    MLP,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    Neuron,
    Recurrent,
    Residual,
    Sequential,
    Softmax,
)
from nn.module import Module
from nn.perceptron import MultilayerPerceptron
from nn.validation import Array, Floats, instance, look_up, refuse_estimators

DTYPES = ("float64", "float32")


def checked(name: str, model: Any, dtype: Any) -> None:
    """Raise unless these are a model and a type of float.

    Raises:
        TypeError: if the model is none, or the type is not told by its name.
        ValueError: if the type is another one.
    """
    refuse_estimators(f"{name} takes", model)
    instance(name, model, Module, "a model, an nn.Module")
    look_up("dtype", dtype, dict.fromkeys(DTYPES))


class ConversionError(ValueError):
    """A model has something that another library has no counterpart for; the text names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """Parameters that stand in one array elsewhere.

    Attributes:
        values: the Values, in an array of objects of that shape.
        share: how much of the numbers it holds: 0 where another tensor has them all, and the two
            are added.
    """

    values: Array
    share: float = 1.0

    def numbers(self) -> Floats:
        """Return the numbers, as an array of the same shape."""
        flat = np.array([value.data for value in self.values.ravel()], dtype=np.float64)
        return (flat * self.share).reshape(self.values.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A layer as other libraries have it.

    Attributes:
        kind: which one, "Linear" or "Residual", say.
        place: the name of its module in the model, for errors.
        source: that module.
        tensors: its parameters, by the names that PyTorch gives them.
        settings: its arguments.
        parts: the pieces in it.
    """

    kind: str
    place: str
    source: Module
    tensors: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parts: Sequence[Piece] = ()

    def children(self) -> Iterator[tuple[str, Piece]]:
        """Yield the pieces in it, with the names that they have in PyTorch."""
        for i, part in enumerate(self.parts):
            yield ("module" if self.kind == "Residual" else str(i)), part

    def named_tensors(self, prefix: str = "") -> Iterator[tuple[str, str, Tensor]]:
        """Yield name, place and tensor of all parameters in it, in PyTorch's order."""
        for name, tensor in self.tensors.items():
            yield prefix + name, self.place, tensor
        for name, part in self.children():
            yield from part.named_tensors(f"{prefix}{name}.")


def pieces_of(model: Module) -> Piece:
    """Return a model as pieces in a row.

    Raises:
        ConversionError: naming the layer that has no counterpart, and what to do.

    >>> root = pieces_of(Sequential(MLP([2, 3, 1]), Softmax()))
    >>> [name for name, _, _ in root.named_tensors()]
    ['0.0.weight', '0.0.bias', '0.2.weight', '0.2.bias']
    """
    return _in_a_row(model, "", _pieces(model, ""))


def _in_a_row(source: Module, place: str, parts: Sequence[Piece]) -> Piece:
    if len(parts) == 1 and parts[0].kind == "Sequential":
        return parts[0]
    return Piece("Sequential", place, source, parts=parts)


def _pieces(module: Module, place: str) -> list[Piece]:
    reader = _READERS.get(type(module))
    if reader is None:
        raise ConversionError(
            f"{_called(module, place)} is a class of its own, whose counterpart nobody knows: "
            "build the model of the layers in nn, or hand over its numbers alone, "
            "nn.interop.to_safetensors(model, path)"
        )
    return reader(module, place)


def _called(module: Module, place: str) -> str:
    return f"{place}, {module._summary()}," if place else module._summary()


def _inner(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


# Dense layers -------------------------------------------------------------------------------------


def _dense(module: Module, neurons: Sequence[Any], place: str) -> tuple[Array, Array, str]:
    """Return the weights, the biases and the activation of neurons side by side."""
    called = _called(module, place)
    if "forward" in vars(module) or any(
        type(neuron) is not Neuron or "forward" in vars(neuron) for neuron in neurons
    ):
        raise ConversionError(
            f"{called} has a forward or neurons of its own, which cannot be converted: build the "
            "model of the layers in nn"
        )
    functions = {id(neuron._activate): neuron for neuron in neurons}
    if len(functions) > 1:
        names = [activation_name(neuron.activation) for neuron in functions.values()]
        raise ConversionError(
            f"{called} has neurons of different activations, {', '.join(names)}: elsewhere a layer "
            "has one"
        )
    function = neurons[0]._activate
    name = next((name for name, known in ACTIVATIONS.items() if known is function), "")
    if not name:
        raise ConversionError(
            f"{called} has an activation of its own, {activation_name(neurons[0].activation)!r}, "
            f"whose counterpart nobody knows: take one of {', '.join(ACTIVATIONS)}"
        )
    weights = _values(module, place, [neuron.weights for neuron in neurons])
    return weights, _values(module, place, [neuron.bias for neuron in neurons]), name


def _values(module: Module, place: str, rows: Any) -> Array:
    """Return Values as an array of objects.

    Raises:
        ConversionError: if the rows differ in length, or something is no parameter.
    """
    lengths: set[int] = set(map(len, rows)) if isinstance(rows[0], list) else set()
    if len(lengths) > 1:
        raise ConversionError(
            f"{_called(module, place)} has neurons of different numbers of weights, "
            f"{sorted(lengths)}: elsewhere a layer is one matrix"
        )
    found: Array = np.empty((len(rows), *lengths), dtype=object)
    found[...] = rows
    for x in found.ravel().tolist():
        if not isinstance(x, Value) or x.op is not None:
            shown = f"{x!r:.40}" if not isinstance(x, Value) else f"computed by {x.op}"
            raise ConversionError(
                f"{_called(module, place)} has a weight that is no parameter, {shown}: elsewhere "
                "every number of a layer is one"
            )
    return found


def _linear(
    module: Module, neurons: Sequence[Neuron], place: str, *, single: bool = False
) -> list[Piece]:
    weights, biases, name = _dense(module, neurons, place)
    tensors = {"weight": Tensor(weights), "bias": Tensor(biases)}
    found = [Piece("Linear", place, module, tensors)]
    if name != "linear":
        found.append(Piece("Activation", place, module, settings={"name": name}))
    if single:
        found.append(Piece("Squeeze", place, module))
    return found


def _of_neuron(module: Any, place: str) -> list[Piece]:
    return _linear(module, [module], place, single=True)


def _of_layer(module: Any, place: str) -> list[Piece]:
    return _linear(module, module.neurons, place)


def _of_network(module: Any, place: str) -> list[Piece]:
    return [Piece("Sequential", place, module, parts=_of_list(module.layers, place))]


def _of_list(modules: Sequence[Module], place: str) -> list[Piece]:
    names = [_inner(place, f"layers.{i}") for i in range(len(modules))]
    found = [_pieces(module, name) for module, name in zip(modules, names, strict=True)]
    return [piece for pieces in found for piece in pieces]


# Others -------------------------------------------------------------------------------------------


def _of_residual(module: Any, place: str) -> list[Piece]:
    name = _inner(place, "module")
    parts = _pieces(module.module, name)
    inner = parts[0] if len(parts) == 1 else _in_a_row(module.module, name, parts)
    return [Piece("Residual", place, module, parts=[inner])]


def _of_norm(module: Any, place: str) -> list[Piece]:
    gain, shift = (_values(module, place, values) for values in (module.gain, module.shift))
    tensors = {"weight": Tensor(gain), "bias": Tensor(shift)}
    return [Piece("LayerNorm", place, module, tensors, {"eps": module.eps})]


def _of_table(module: Any, place: str) -> list[Piece]:
    rows = _values(module, place, module.rows)
    return [Piece("Embedding", place, module, {"weight": Tensor(rows)})]


def _of_recurrent(module: Any, place: str) -> list[Piece]:
    weights, biases, name = _dense(module, module.layer.neurons, place)
    n = module.n_in
    settings = {"name": name, "states": module.states, "inputs": n, "hidden": len(biases)}
    if name not in ("tanh", "relu"):  # the two of PyTorch's RNN
        tensors = {"layer.weight": Tensor(weights), "layer.bias": Tensor(biases)}
    else:
        tensors = {
            "rnn.weight_ih_l0": Tensor(weights[:, :n]),
            "rnn.weight_hh_l0": Tensor(weights[:, n:]),
            "rnn.bias_ih_l0": Tensor(biases),
            "rnn.bias_hh_l0": Tensor(biases, share=0.0),
        }
    return [Piece("Recurrent", place, module, tensors, settings)]


def _plain(kind: str) -> Callable[[Any, str], list[Piece]]:
    return lambda module, place: [Piece(kind, place, module)]


_READERS: Mapping[type, Callable[[Any, str], list[Piece]]] = {
    Neuron: _of_neuron,
    Layer: _of_layer,
    MLP: _of_network,
    MultilayerPerceptron: _of_network,
    Sequential: _of_network,
    Residual: _of_residual,
    Flatten: _plain("Flatten"),
    Dropout: lambda module, place: [Piece("Dropout", place, module, settings={"p": module.p})],
    LayerNorm: _of_norm,
    Softmax: _plain("Softmax"),
    Embedding: _of_table,
    Recurrent: _of_recurrent,
}
