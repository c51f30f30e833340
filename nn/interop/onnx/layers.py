"""The layers of a model in an ONNX graph, for many samples at once.

Parameters are constants of the names that they have in PyTorch. What differs in training alone is
left out: a graph predicts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nn.interop.onnx.graph import Dims, OnnxGraph, activation
from nn.interop.pieces import Piece
from nn.validation import Array


class OnnxLayers:
    """Adds pieces of a model to a graph, one after another.

    Args:
        drawing: the graph.
        arrays: the parameters by name.
    """

    def __init__(self, drawing: OnnxGraph, arrays: Mapping[str, Array]) -> None:
        self.drawing = drawing
        self._arrays = arrays
        self._names: dict[str, str] = {}

    def add(self, piece: Piece, x: str, dims: Dims, prefix: str = "") -> tuple[str, Dims]:
        """Add a piece.

        Args:
            piece: the piece.
            x: the name of its inputs.
            dims: their sizes, the samples first.
            prefix: what stands before the names of its tensors.

        Returns:
            The name of its outputs, and their sizes.
        """
        return getattr(self, f"_{piece.kind.lower()}")(piece, x, dims, prefix)

    def _tensor(self, name: str) -> str:
        if name not in self._names:
            self._names[name] = self.drawing.constant(name, self._arrays[name])
        return self._names[name]

    def _sequential(self, piece: Piece, x: str, dims: Dims, prefix: str) -> tuple[str, Dims]:
        for name, part in piece.children():
            x, dims = self.add(part, x, dims, f"{prefix}{name}.")
        return x, dims

    def _linear(self, piece: Piece, x: str, dims: Dims, prefix: str) -> tuple[str, Dims]:
        W, b = self._tensor(f"{prefix}weight"), self._tensor(f"{prefix}bias")
        n_out = piece.tensors["weight"].values.shape[0]
        return self.drawing.op("Gemm", x, W, b, transB=1), [*dims[:-1], n_out]

    def _activation(self, piece: Piece, x: str, dims: Dims, _: str) -> tuple[str, Dims]:
        return activation(self.drawing, piece.settings["name"], x), dims

    def _squeeze(self, _: Piece, x: str, dims: Dims, __: str) -> tuple[str, Dims]:
        return self.drawing.op("Squeeze", x, self.drawing.whole(-1)), dims[:-1]

    def _residual(self, piece: Piece, x: str, dims: Dims, prefix: str) -> tuple[str, Dims]:
        found, dims = self.add(piece.parts[0], x, dims, f"{prefix}module.")
        return self.drawing.op("Add", found, x), dims

    def _flatten(self, _: Piece, x: str, dims: Dims, __: str) -> tuple[str, Dims]:
        sizes = [n for n in dims[1:] if isinstance(n, int)]
        n = math.prod(sizes) if len(sizes) == len(dims) - 1 else "row"
        return self.drawing.op("Flatten", x, axis=1), [dims[0], n]

    def _softmax(self, _: Piece, x: str, dims: Dims, __: str) -> tuple[str, Dims]:
        return self.drawing.op("Softmax", x, axis=-1), dims

    def _dropout(self, _: Piece, x: str, dims: Dims, __: str) -> tuple[str, Dims]:
        return x, dims

    def _layernorm(self, piece: Piece, x: str, dims: Dims, prefix: str) -> tuple[str, Dims]:
        # ONNX's own takes eps as a float of 32 bits.
        g = self.drawing
        centred = g.op("Sub", x, g.op("ReduceMean", x, axes=[-1], keepdims=1))
        variance = g.op("ReduceMean", g.op("Mul", centred, centred), axes=[-1], keepdims=1)
        scale = g.op("Sqrt", g.op("Add", variance, g.number(piece.settings["eps"])))
        row = g.op("Mul", g.op("Div", centred, scale), self._tensor(f"{prefix}weight"))
        return g.op("Add", row, self._tensor(f"{prefix}bias")), dims

    def _embedding(self, piece: Piece, x: str, dims: Dims, prefix: str) -> tuple[str, Dims]:
        width = piece.tensors["weight"].values.shape[1]
        return self.drawing.op("Gather", self._tensor(f"{prefix}weight"), x), [*dims, width]

    def _recurrent(self, piece: Piece, x: str, dims: Dims, prefix: str) -> tuple[str, Dims]:
        """Add a loop over the places of sequences, which takes any activation and type of float."""
        g = self.drawing
        W, b = self._state_layer(piece, prefix)
        n_in, hidden = piece.settings["inputs"], piece.settings["hidden"]
        count = g.op("Shape", x, start=0, end=1)
        zero = g.onnx.helper.make_tensor("zero", g.kind, [1], [0.0])
        shape = g.op("Concat", count, g.whole(hidden), axis=0)
        start = g.op("ConstantOfShape", shape, value=zero)
        outer, g.nodes = g.nodes, []
        state, row, found, kept = (g.free(name) for name in ("state", "row", "next", "kept"))
        total = g.op("Gemm", g.op("Concat", row, state, axis=-1), W, b, transB=1)
        g.op("Identity", activation(g, piece.settings["name"], total), out=found)
        g.op("Identity", found, out=kept)
        body = g.onnx.helper.make_graph(
            g.nodes,
            g.free("place"),
            [g.value(state, g.dtype, [dims[0], hidden]), g.value(row, g.dtype, [dims[0], n_in])],
            [g.value(name, g.dtype, [dims[0], hidden]) for name in (found, kept)],
        )
        g.nodes = outer
        last, states = g.free("last"), g.free("states")
        options: dict[str, Any] = {"num_scan_inputs": 1, "body": body}
        options |= {"scan_input_axes": [1], "scan_output_axes": [1]}
        g.nodes.append(g.onnx.helper.make_node("Scan", [start, x], [last, states], **options))
        if piece.settings["states"] == "all":
            return states, [*dims[:2], hidden]
        return last, [dims[0], hidden]

    def _state_layer(self, piece: Piece, prefix: str) -> tuple[str, str]:
        if "layer.weight" in piece.tensors:
            return self._tensor(f"{prefix}layer.weight"), self._tensor(f"{prefix}layer.bias")
        name = f"{prefix}layer.weight"
        if name not in self._names:
            pair = [self._arrays[f"{prefix}rnn.weight_{key}_l0"] for key in ("ih", "hh")]
            self._names[name] = self.drawing.constant(name, np.concatenate(pair, axis=1))
        return self._names[name], self._tensor(f"{prefix}rnn.bias_ih_l0")
