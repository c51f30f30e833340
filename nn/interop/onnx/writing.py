"""To ONNX: a model with its preprocessing, classes and probabilities, for any runtime.

What is in the graph is what `predict`, `predict_classes` and `predict_probabilities` give; what the
model keeps of its data stands in the metadata as well.
"""

# pyright: reportPrivateUsage=false
# A model is asked for the shape of its inputs.

from __future__ import annotations

import json
from typing import Any

import autograd
from autograd import write_whole
from nn.data.schema import Schema, schema_kept
from nn.interop.onnx.data import SAMPLES, Columns, add_answers
from nn.interop.onnx.graph import Dims, OnnxGraph
from nn.interop.onnx.layers import OnnxLayers
from nn.interop.pieces import Piece, checked, pieces_of
from nn.interop.tensors import arrays_of
from nn.module import Module
from nn.serialization import Path

# Of 2022: runtimes from then on take it, such as onnxruntime 1.12.
_OPSET, _FORMAT = 17, 8


def to_onnx(model: Module, path: Path | None = None, *, dtype: str = "float64") -> Any:
    """Return a model as an `onnx.ModelProto`, in eval mode, for any number of samples.

    Its input is `X` of shape (samples, inputs) or (samples, length, inputs), or whole numbers of
    shape (samples, length) where an `Embedding` comes first. A scaler that the model keeps stands
    in the graph, so that X is what `predict` takes. Where a column of the data held text, each
    column is an input of its own, of shape (samples, 1) and the column's name.

    Its outputs are `outputs`, as `predict` gives them, and for a model that `fit` trained to tell
    classes `label`, the class of each sample by its name, and `probabilities`. A category that was
    not seen in training ends in an error of the runtime if it is text, and in nan if it is a
    number, unless the encoder ignores them.

    Args:
        model: the model, of the layers in nn with activations of the table.
        path: where to write it, too; nowhere if left out.
        dtype: "float64", in which it gives what `predict` gives up to rounding, or "float32", which
            more runtimes have.

    Raises:
        ImportError: if onnx is missing or too old.
        ValueError: if a layer has no counterpart, naming it and what to do; if a number is not
            finite, or too large for float32.
        OSError: if the file cannot be written.

    >>> from nn import MLP
    >>> found = to_onnx(MLP([2, 8, 1]))  # doctest: +SKIP
    >>> [node.op_type for node in found.graph.node]  # doctest: +SKIP
    ['Gemm', 'Tanh', 'Gemm', 'Identity']
    """
    checked("to_onnx", model, dtype)
    drawing = OnnxGraph(dtype)
    onnx = drawing.onnx
    root, schema = pieces_of(model), schema_kept(model)
    inputs, x, dims = _inputs(drawing, model, root, schema)
    arrays = arrays_of(root.named_tensors(), dtype)
    found, dims = OnnxLayers(drawing, arrays).add(root, x, dims)
    outputs = drawing.free("outputs")
    drawing.op("Identity", found, out=outputs)
    described = [drawing.value(outputs, dtype, dims)]
    if schema is not None:
        described += add_answers(drawing, schema, outputs, dims)
    graph = onnx.helper.make_graph(
        drawing.nodes, type(model).__name__, inputs, described, drawing.constants
    )
    opsets = [onnx.helper.make_opsetid("", _OPSET), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    made = onnx.helper.make_model(
        graph,
        producer_name="chalkgrad",
        producer_version=autograd.__version__,
        opset_imports=opsets,
        ir_version=_FORMAT,
    )
    onnx.helper.set_model_props(made, _metadata(schema))
    onnx.checker.check_model(made, full_check=True)
    if path is not None:
        write_whole(path, made.SerializeToString(deterministic=True))
    return made


def _inputs(
    drawing: OnnxGraph, model: Module, root: Piece, schema: Schema | None
) -> tuple[list[Any], str, Dims]:
    """Return the descriptions of the inputs, and the name and sizes of what the layers take."""
    width = model._input_width()
    is_whole = _begins_with_a_table(root)
    if schema is not None and schema.steps:
        columns = Columns(drawing, schema.steps)
        x = columns.outputs
        if is_whole:
            x = drawing.cast(x, "int64")
        return columns.inputs, x, [SAMPLES, columns.width]
    rows: Dims = ["length"] * (model._sample_axes() - 1)
    last: int | str = "length" if is_whole else "inputs"
    dims: Dims = [SAMPLES, *rows, last if width is None else width]
    name = drawing.free("X")
    return [drawing.value(name, "int64" if is_whole else drawing.dtype, dims)], name, dims


def _begins_with_a_table(piece: Piece) -> bool:
    """Whether the first layer that computes is an Embedding, which takes whole numbers."""
    if piece.kind == "Sequential":
        passed = [part for part in piece.parts if part.kind not in ("Flatten", "Dropout")]
        return bool(passed) and _begins_with_a_table(passed[0])
    return piece.kind == "Embedding"


def _metadata(schema: Schema | None) -> dict[str, str]:
    """Return what the model keeps of its data, as texts."""
    if schema is None:
        return {}
    document = schema.document()
    found = {"schema": json.dumps(document)}
    for key in ("classes", "columns"):
        if key in document:
            found[key] = json.dumps(document[key])
    return found
