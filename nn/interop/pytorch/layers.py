"""Layers of PyTorch, each read as what stands for it here, or refused with what to do.

The types are compared exactly: a class that inherits from `Linear` may do something else.
"""

# pyright: reportPrivateUsage=false
# A layer is asked for its parts, which users need not know.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nn.data.preprocessing import MinMaxScaler, Preprocessor, StandardScaler
from nn.elsewhere.libraries import library
from nn.interop.pieces import ConversionError
from nn.layers import (
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    Neuron,
    Recurrent,
    Softmax,
)
from nn.layers.dense import fixed
from nn.module import Module
from nn.validation import Array, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A layer of PyTorch, as it stands in a row of them.

    Attributes:
        name: its name in the module; "" where a function stands there.
        kind: "linear", "activation", "recurrent" and so on.
        training: its mode.
        make: builds the module that stands for it, of an activation.
        pair: of a dense layer, its weights and biases.
        activation: the activation that stands behind it.
        parts: of "residual", what its inputs are added to.
        width: how many numbers a row has behind it, where that is known.
        step: of "scaler", makes the step of preprocessing.
    """

    name: str
    kind: str
    training: bool = True
    make: Callable[[str], Module] | None = None
    pair: tuple[Floats, Floats] | None = None
    activation: str = "linear"
    parts: Sequence[Found] = field(default_factory=tuple["Found", ...])
    step: Callable[[], Preprocessor] = StandardScaler
    width: int | None = None

    def module(self) -> Module:
        """Return the module that stands for it."""
        assert self.make is not None
        return self.make(self.activation)

    def with_activation(self, name: str) -> Found:
        """Return the layer with an activation behind it."""
        return replace(self, activation=name)


def numbers(torch: Any, name: str, tensor: Any) -> Floats:
    """Return the numbers of a tensor.

    Raises:
        ValueError: if it holds no real numbers, or none at all; if one is not finite.
    """
    name = name.removeprefix(".")  # of a module that stands in no other
    if not tensor.is_floating_point():
        raise ValueError(
            f"{name} holds {str(tensor.dtype).removeprefix('torch.')}, and parameters are floats: "
            "a module that was quantised is converted before that"
        )
    try:
        found = tensor.detach().to("cpu", torch.float64).to_dense().numpy()
    except Exception as error:
        said = str(error).partition("\n")[0]
        raise ValueError(f"{name} has no numbers that can be read: {said:.120}") from None
    array: Array = np.array(found, dtype=np.float64)
    if not np.isfinite(array).all():
        at = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{name} holds {array[tuple(at)]} at {at}: it has diverged")
    return array


class Reader:
    """Reads modules of PyTorch, with those of this room.

    Args:
        torch: the library.
    """

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.own: Any = library("torch", "nn.interop.pytorch.modules")
        layers, own = torch.nn, self.own
        self._readers: Mapping[Any, Callable[[str, Any], list[Found]]] = {
            layers.Linear: self._linear,
            layers.LayerNorm: self._norm,
            layers.Dropout: self._dropout,
            layers.Embedding: self._embedding,
            layers.Flatten: self._flatten,
            layers.Softmax: self._softmax,
            layers.RNN: lambda name, rnn: self._recurrent(name, rnn, "all"),
            own.TorchRecurrent: lambda name, x: self._recurrent(f"{name}.rnn", x.rnn, x.states),
            own.TorchLoop: self._loop,
            own.TorchScaler: self._scaler,
            own.TorchSqueeze: lambda name, _: [Found(name, "squeeze")],
            layers.Identity: lambda name, _: [],
        }
        self._activations: Mapping[Any, Callable[[Any], str]] = {
            layers.Sigmoid: lambda _: "sigmoid",
            layers.Tanh: lambda _: "tanh",
            layers.ReLU: lambda _: "relu",
            layers.LeakyReLU: lambda x: "leaky_relu" if x.negative_slope == 0.01 else "",
            layers.ELU: lambda x: "elu" if x.alpha == 1.0 else "",
            layers.GELU: lambda x: "gelu" if x.approximate == "none" else "",
            layers.SiLU: lambda _: "silu",
            layers.Softplus: lambda x: "softplus" if x.beta == 1 and x.threshold >= 20 else "",
            own.TorchSine: lambda _: "sin",
            own.TorchStep: lambda _: "step",
        }

    @property
    def leaves(self) -> tuple[Any, ...]:
        """The modules of this room that are not followed into."""
        own = self.own
        return (own.TorchRecurrent, own.TorchLoop, own.TorchScaler, own.TorchSqueeze,
                own.TorchSine, own.TorchStep)  # fmt: skip

    def read(self, name: str, module: Any) -> list[Found]:
        """Return a module as what stands for it: nothing for `Identity`, several for deep RNNs.

        Raises:
            ConversionError: naming it and what to do, if nothing does.
        """
        kind: Any = module.__class__
        hooks = module._forward_hooks or module._forward_pre_hooks
        if hooks and "Lazy" not in kind.__name__:
            raise self._refused(name, module, "it has hooks, which do something besides: remove()")
        if kind in self._activations:
            told = self._activations[kind](module)
            if not told:
                raise self._refused(name, module, _ARGUMENTS)
            return [Found(name, "activation", activation=told)]
        if kind not in self._readers:
            advice = next((text for key, text in _ADVICE.items() if key in kind.__name__), _OTHER)
            raise self._refused(name, module, advice)
        return self._readers[kind](name, module)

    def _refused(self, name: str, module: Any, advice: str) -> ConversionError:
        shown = " ".join(f"{module!r}".split())
        called = f"{name}, {shown:.80}," if name else f"{shown:.80}"
        return ConversionError(f"{called} has no counterpart here: {advice}")

    def _numbers(self, name: str, tensor: Any, like: tuple[int, ...]) -> Floats:
        """Return the numbers of a parameter; zeros where there is none."""
        if tensor is None:
            return np.zeros(like)
        return numbers(self.torch, name, tensor)

    # Each of them ---------------------------------------------------------------------------------

    def _dense(self, name: str, module: Any) -> tuple[Floats, Floats]:
        n_out, n_in = module.out_features, module.in_features
        W = self._numbers(f"{name}.weight", module.weight, (n_out, n_in))
        return W, self._numbers(f"{name}.bias", module.bias, (n_out,))

    def _linear(self, name: str, module: Any) -> list[Found]:
        W, b = self._dense(name, module)
        n_out, n_in = W.shape

        def make(activation: str) -> Module:
            return Layer(n_in, n_out, activation, init=fixed(W, b))

        return [Found(name, "linear", module.training, make, (W, b), width=n_out)]

    def _norm(self, name: str, module: Any) -> list[Found]:
        if len(module.normalized_shape) != 1:
            raise self._refused(name, module, "it takes the mean over several axes, and here a row")
        (n,) = module.normalized_shape
        gain = np.ones(n)
        if module.weight is not None:
            gain = numbers(self.torch, f"{name}.weight", module.weight)
        shift = self._numbers(f"{name}.bias", module.bias, (n,))

        def make(_: str) -> Module:
            made = LayerNorm(n, eps=float(module.eps))
            for values, given in ((made.gain, gain), (made.shift, shift)):
                for value, x in zip(values, given.tolist(), strict=True):
                    value.data = x
            return made

        return [Found(name, "norm", module.training, make, width=n)]

    def _dropout(self, name: str, module: Any) -> list[Found]:
        if not 0.0 <= module.p < 1.0:
            raise self._refused(name, module, "nothing is left of its inputs")
        return [Found(name, "dropout", module.training, lambda _: Dropout(float(module.p)))]

    def _embedding(self, name: str, module: Any) -> list[Found]:
        for option in ("padding_idx", "max_norm"):
            if getattr(module, option) is not None:
                write = f"{_attribute(name)}.{option} = None"
                advice = f"{option} treats some rows apart; write {write} first"
                raise self._refused(name, module, advice)
        if module.scale_grad_by_freq:
            raise self._refused(name, module, "its gradients are scaled by how often a row is used")
        rows = numbers(self.torch, f"{name}.weight", module.weight)

        def make(_: str) -> Module:
            made = Embedding(*rows.shape)
            for values, given in zip(made.rows, rows.tolist(), strict=True):
                for value, x in zip(values, given, strict=True):
                    value.data = x
            return made

        return [Found(name, "embedding", module.training, make, width=rows.shape[1])]

    def _flatten(self, name: str, module: Any) -> list[Found]:
        if module.start_dim != 1 or module.end_dim != -1:
            raise self._refused(name, module, "here all but the samples becomes one row: Flatten()")
        return [Found(name, "flatten", module.training, lambda _: Flatten())]

    def _softmax(self, name: str, module: Any) -> list[Found]:
        if module.dim not in (-1, 1):
            raise self._refused(name, module, "here it is along the last axis: Softmax(dim=-1)")
        return [Found(name, "softmax" if module.dim == -1 else "softmax of a row",
                      module.training, lambda _: Softmax())]  # fmt: skip

    def _recurrent(self, name: str, rnn: Any, states: str) -> list[Found]:
        if not rnn.batch_first:
            write = f"write {_attribute(name)}.batch_first = True"
            raise self._refused(
                name,
                rnn,
                f"here the samples come first; {write}, and give it X of shape (samples, length, "
                "inputs)",
            )
        if rnn.bidirectional:
            raise self._refused(name, rnn, "here a sequence is gone through in one direction")
        found: list[Found] = []
        for k in range(rnn.num_layers):
            made = self._of_states(name, rnn, k, "all" if k + 1 < rnn.num_layers else states)
            found.append(made)
            if rnn.dropout and k + 1 < rnn.num_layers:
                drop: Callable[[str], Module] = lambda _: Dropout(float(rnn.dropout))  # noqa: E731
                found.append(Found(f"{made.name} dropout", "dropout", rnn.training, drop))
        return found

    def _of_states(self, name: str, rnn: Any, k: int, states: str) -> Found:
        n_in, hidden = rnn.input_size if not k else rnn.hidden_size, rnn.hidden_size
        shapes = {
            "weight_ih": (hidden, n_in),
            "weight_hh": (hidden, hidden),
            "bias_ih": (hidden,),
            "bias_hh": (hidden,),
        }
        W, U, b, c = [
            self._numbers(f"{name}.{key}_l{k}", getattr(rnn, f"{key}_l{k}", None), shape)
            for key, shape in shapes.items()
        ]
        start = fixed(np.concatenate([W, U], axis=1), b + c)

        def make(last: str) -> Module:
            chosen = "last" if last == "last" else states
            return Recurrent(n_in, hidden, rnn.nonlinearity, states=chosen, init=start)

        called = f"{name or 'layer'} {k}"
        return Found(called, f"recurrent {states}", rnn.training, make, width=hidden)

    def _loop(self, name: str, module: Any) -> list[Found]:
        W, b = self._dense(f"{name}.layer", module.layer)
        hidden, n_all = W.shape
        told = [item.activation for item in self.read(f"{name}.activation", module.activation)]
        activation = told[0] if told else "linear"

        def make(_: str) -> Module:
            options: dict[str, Any] = {"states": module.states, "init": fixed(W, b)}
            return Recurrent(n_all - hidden, hidden, activation, **options)

        return [Found(name, f"recurrent {module.states}", module.training, make, width=hidden)]

    def _scaler(self, name: str, module: Any) -> list[Found]:
        shift, scale = (
            numbers(self.torch, f"{name}.{key}", getattr(module, key)) for key in ("shift", "scale")
        )

        def step() -> Preprocessor:
            made = MinMaxScaler() if module.kind == MinMaxScaler.kind else StandardScaler()
            made.width = len(shift)
            made.fill({"shift": shift.tolist(), "scale": scale.tolist()})
            return made

        return [Found(name, "scaler", module.training, step=step)]


def single(found: Found) -> Found:
    """Return a dense layer of one output as a neuron, whose output is no row."""
    assert found.pair is not None
    W, b = found.pair

    def make(activation: str) -> Module:
        return Neuron(W.shape[1], activation, init=fixed(W, b))

    return replace(found, make=make, kind="neuron")


def _attribute(name: str) -> str:
    """Return what is written in Python for a module of a name.

    >>> _attribute("block.0.norm"), _attribute("")
    ('module.block[0].norm', 'module')
    """
    parts = name.split(".") if name else []
    return "module" + "".join([f"[{x}]" if x.isdecimal() else f".{x}" for x in parts])


_OWN_CLASS = "write a class of your own, nn.Module with __call__, and set its Values"
_ARGUMENTS = (
    "the activations of nn have PyTorch's default arguments; train it with those, or write a "
    "function of a Value and give it to nn.Layer"
)
_OTHER = f"replace it, or {_OWN_CLASS}"
_ADVICE: Mapping[str, str] = {
    "Lazy": "call the module once, so that it knows its sizes",
    "Parametrized": "write torch.nn.utils.parametrize.remove_parametrizations first",
    "BatchNorm": (
        "in eval mode it can be put into the Linear before it, "
        "torch.nn.utils.fusion.fuse_linear_bn_eval(linear, norm)"
    ),
    "Conv": _OWN_CLASS,
    "LSTM": _OWN_CLASS,
    "GRU": _OWN_CLASS,
    "LogSoftmax": "leave it out, and train with cross_entropy, which takes logits",
    "Bilinear": _OWN_CLASS,
}
