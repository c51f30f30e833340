"""To PyTorch: a model as torch's own modules, with the same numbers in them.

Outputs and gradients are those of the model up to rounding, so a training that began here can go on
there.
"""

# pyright: reportPrivateUsage=false
# A model is asked for its mode and for the line that stands for it in errors.

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from autograd import write_whole
from nn.data.preprocessing import MinMaxScaler, StandardScaler
from nn.data.schema import schema_kept
from nn.elsewhere.libraries import library
from nn.interop.pieces import ConversionError, Piece, checked, pieces_of
from nn.interop.tensors import arrays_of, finite
from nn.module import Module
from nn.serialization import Path
from nn.validation import flag


def to_torch(
    model: Module, path: Path | None = None, *, dtype: str = "float64", preprocessing: bool = True
) -> Any:
    """Return a model as a module of PyTorch: a `torch.nn.Sequential` of `Linear`, `Tanh` and so on.

    It is in the mode of the model, train or eval, and its inputs are tensors of the shapes that
    `predict` takes; those of an `Embedding` are whole numbers, `torch.long`.

    Args:
        model: the model, of the layers in nn with activations of the table.
        path: where to write its `state_dict()`, too; nowhere if left out.
        dtype: "float64", which holds the numbers exactly, or "float32".
        preprocessing: whether a scaler that the model keeps stands in front, as `scaler`, and the
            layers behind it as `network`; otherwise the module takes scaled inputs.

    Raises:
        ImportError: if torch is missing or too old.
        ValueError: if a layer has no counterpart, naming it and what to do; if a number is not
            finite.
        OSError: if the file cannot be written.

    >>> from nn import MLP
    >>> to_torch(MLP([2, 8, 1]))  # doctest: +SKIP
    Sequential(
      (0): Linear(in_features=2, out_features=8, bias=True)
      (1): Tanh()
      (2): Linear(in_features=8, out_features=1, bias=True)
    )
    """
    checked("to_torch", model, dtype)
    flag("preprocessing", preprocessing)
    torch = library("torch")
    root = pieces_of(model)
    _refuse_ties(root)
    arrays = arrays_of(root.named_tensors(), dtype)
    # Its modules draw their parameters when they are made, and the numbers that the caller draws
    # next stay as they are.
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        module = _Builder(torch, getattr(torch, dtype)).module(root)
        state = {name: torch.from_numpy(array) for name, array in arrays.items()}
        module.load_state_dict(state)
    if preprocessing:
        module = _with_scalers(torch, model, module, dtype)
    if path is not None:
        stream = io.BytesIO()
        torch.save(module.state_dict(), stream)
        write_whole(path, stream.getvalue())
    return module


def _refuse_ties(root: Piece) -> None:
    """Refuse parameters that two layers share: two modules would have one of their own each."""
    known: list[tuple[Piece, set[int]]] = []

    def visit(piece: Piece) -> None:
        for tensor in piece.tensors.values():
            values = tensor.values.ravel().tolist()
            here = set(map(id, values))
            for other, there in known:
                if other.source is not piece.source and not here.isdisjoint(there):
                    label = next(value.label for value in values if id(value) in there)
                    raise ConversionError(
                        f"{other.place} and {piece.place} share {label or 'a parameter'!r}, and "
                        "modules of PyTorch have their own: share the whole layer, "
                        "Sequential(layer, layer)"
                    )
            known.append((piece, here))
        for part in piece.parts:
            visit(part)

    visit(root)


def _with_scalers(torch: Any, model: Module, module: Any, dtype: str) -> Any:
    """Return a module behind the scalers that a model keeps."""
    schema = schema_kept(model)
    if schema is None or not schema.steps:
        return module
    modules = library("torch", "nn.interop.pytorch.modules")
    scalers: list[Any] = []
    for step in schema.steps:
        if not isinstance(step, StandardScaler | MinMaxScaler):
            raise ConversionError(
                f"the model keeps a {type(step).__name__}, and tensors hold no categories: write "
                "to_torch(model, preprocessing=False), which takes what "
                "model.preprocessing makes of X; or to_onnx(model), which takes the columns"
            )
        pair = [finite(step.kind, numbers, dtype) for numbers in (step.shift, step.scale)]
        scalers.append(modules.TorchScaler(step.kind, *[torch.from_numpy(x) for x in pair]))
    scaler = scalers[0] if len(scalers) == 1 else torch.nn.Sequential(*scalers)
    whole = torch.nn.Sequential()
    whole.add_module("scaler", scaler)
    whole.add_module("network", module)
    whole.training = scaler.training = module.training
    return whole


class _Builder:
    """Makes modules of pieces, with one for each module of the model."""

    def __init__(self, torch: Any, dtype: Any) -> None:
        self.torch = torch
        self.own = library("torch", "nn.interop.pytorch.modules")
        self.options: Mapping[str, Any] = {"dtype": dtype, "device": "cpu"}
        self._made: dict[tuple[int, str], Any] = {}

    def module(self, piece: Piece) -> Any:
        key = id(piece.source), piece.kind
        if key not in self._made:
            made = getattr(self, f"_{piece.kind.lower()}")(piece)
            # Of what has parts each has a mode of its own.
            for part in [made] if piece.parts else made.modules():
                part.training = piece.source.training
            self._made[key] = made
        return self._made[key]

    def _sequential(self, piece: Piece) -> Any:
        return self.torch.nn.Sequential(*[self.module(part) for part in piece.parts])

    def _linear(self, piece: Piece) -> Any:
        n_out, n_in = piece.tensors["weight"].values.shape
        return self.torch.nn.Linear(n_in, n_out, **self.options)

    def _activation(self, piece: Piece) -> Any:
        return activations(self.torch, self.own)[piece.settings["name"]]()

    def _squeeze(self, piece: Piece) -> Any:
        return self.own.TorchSqueeze()

    def _residual(self, piece: Piece) -> Any:
        return self.own.TorchResidual(self.module(piece.parts[0]))

    def _flatten(self, piece: Piece) -> Any:
        return self.torch.nn.Flatten()

    def _softmax(self, piece: Piece) -> Any:
        return self.torch.nn.Softmax(dim=-1)

    def _dropout(self, piece: Piece) -> Any:
        return self.torch.nn.Dropout(piece.settings["p"])

    def _layernorm(self, piece: Piece) -> Any:
        (n,) = piece.tensors["weight"].values.shape
        return self.torch.nn.LayerNorm(n, eps=piece.settings["eps"], **self.options)

    def _embedding(self, piece: Piece) -> Any:
        return self.torch.nn.Embedding(*piece.tensors["weight"].values.shape, **self.options)

    def _recurrent(self, piece: Piece) -> Any:
        name, states, n_in = (piece.settings[key] for key in ("name", "states", "inputs"))
        if "layer.weight" in piece.tensors:
            hidden, n_all = piece.tensors["layer.weight"].values.shape
            layer = self.torch.nn.Linear(n_all, hidden, **self.options)
            return self.own.TorchLoop(layer, activations(self.torch, self.own)[name](), states)
        hidden = len(piece.tensors["rnn.bias_ih_l0"].values)
        rnn = self.torch.nn.RNN(
            n_in, hidden, nonlinearity=name, batch_first=True, **self.options
        )  # fmt: skip
        return self.own.TorchRecurrent(rnn, states)


def activations(torch: Any, own: Any) -> Mapping[str, Callable[[], Any]]:
    """Return what makes a module of each activation of the table."""
    return {
        "linear": torch.nn.Identity,
        "sigmoid": torch.nn.Sigmoid,
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
        "leaky_relu": torch.nn.LeakyReLU,
        "elu": torch.nn.ELU,
        "gelu": torch.nn.GELU,
        "silu": torch.nn.SiLU,
        # Beyond its usual threshold of 20 it leaves 2e-9 out; beyond 40, nothing that a float has.
        "softplus": lambda: torch.nn.Softplus(threshold=40.0),
        "sin": own.TorchSine,
        "step": own.TorchStep,
    }
