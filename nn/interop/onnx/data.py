"""What stands around the layers in an ONNX graph: columns and their preprocessing, and answers.

The answers are those of `predict`, `predict_classes` and `predict_probabilities`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.data.encoding import OneHotEncoder
from nn.data.preprocessing import Preprocessor
from nn.data.schema import Schema
from nn.interop.onnx.graph import Dims, OnnxGraph
from nn.interop.pieces import ConversionError
from nn.interop.tensors import finite
from nn.validation import Array

SAMPLES = "samples"


class Columns:
    """The inputs of a graph: one table of numbers, or a column each where one holds text.

    Args:
        drawing: the graph.
        steps: the preprocessing.

    Attributes:
        inputs: their descriptions.
        outputs: the name of the table that the steps make of them.
        width: how many columns that has.
    """

    def __init__(self, drawing: OnnxGraph, steps: Sequence[Preprocessor]) -> None:
        self.drawing = drawing
        self.inputs: list[Any] = []
        # The columns one by one, or all of them in one.
        self._columns: list[str] = []
        self._table = ""
        first = steps[0]
        if isinstance(first, OneHotEncoder) and any(map(_is_text, first.categories.values())):
            labels = first.columns or tuple(range(first.width))
            self._columns = [self._column(first, label, i) for i, label in enumerate(labels)]
        else:
            self._table = drawing.free("X")
            self.inputs.append(drawing.value(self._table, drawing.dtype, [SAMPLES, first.width]))
        for step in steps:
            if isinstance(step, OneHotEncoder):
                self._encode(step)
            else:
                self._scale(step)
        self.outputs = self._table
        encoders = [step for step in steps if isinstance(step, OneHotEncoder)]
        self.width = len(encoders[-1].names) if encoders else first.width

    def _column(self, encoder: OneHotEncoder, label: Any, place: int) -> str:
        # A name in a graph is never empty, and a column's may be.
        named = isinstance(label, str) and label
        name = self.drawing.free(label if named else f"column {place}")
        known = encoder.categories.get(label)
        kind = "str" if known is not None and _is_text(known) else self.drawing.dtype
        self.inputs.append(self.drawing.value(name, kind, [SAMPLES, 1]))
        return name

    def _scale(self, step: Any) -> None:
        g = self.drawing
        shift, scale = (
            g.constant(f"{step.kind}.{key}", finite(f"{step.kind}.{key}", numbers, g.dtype))
            for key, numbers in (("shift", step.shift), ("scale", step.scale))
        )
        self._table = g.op("Div", g.op("Sub", self._table, shift), scale)

    def _encode(self, encoder: OneHotEncoder) -> None:
        g = self.drawing
        found: list[str] = []
        for place, label in enumerate(encoder.columns or range(encoder.width)):
            x = self._columns[place] if self._columns else ""
            known = encoder.categories.get(label)
            if not x:
                x = g.op("Gather", self._table, g.whole(place), axis=1)
            if known is None:
                found.append(x)
            elif _is_text(known):
                found.append(self._hot_text(x, known, encoder.handle_unknown == "ignore"))
            else:
                found.append(self._hot(x, known, encoder.handle_unknown == "ignore"))
        self._columns = []
        self._table = g.op("Concat", *found, axis=1)

    def _hot_text(self, x: str, known: Array, ignores: bool) -> str:
        g = self.drawing
        names = [str(name) for name in known.tolist()]
        options: dict[str, Any] = {"cats_strings": names, "zeros": int(ignores)}
        hot = g.op("OneHotEncoder", x, domain="ai.onnx.ml", **options)
        return g.op("Flatten", g.cast(hot, g.dtype), axis=1)

    def _hot(self, x: str, known: Array, ignores: bool) -> str:
        g = self.drawing
        row = g.constant("categories", finite("a category", known.astype(np.float64), g.dtype))
        hot = g.cast(g.op("Equal", x, row), g.dtype)
        if ignores:
            return hot
        # A graph cannot raise: what is none of the categories becomes 0 / 0.
        return g.op("Div", hot, g.op("ReduceSum", hot, g.whole(1), keepdims=1))


def _is_text(known: Array) -> bool:
    return known.dtype.kind in "UO"


def add_answers(g: OnnxGraph, schema: Schema, outputs: str, dims: Dims) -> list[Any]:
    """Add labels and probabilities to a graph, where the model gives some, and describe them.

    Args:
        g: the graph.
        schema: what the model keeps of its data.
        outputs: the name of its outputs.
        dims: their sizes.
    """
    if schema.classes is None and not schema.multilabel:
        return []
    if len(dims) > 2:
        return []
    found: list[Any] = []
    if len(dims) == 1:
        outputs = g.op("Unsqueeze", outputs, g.whole(1))
    count = dims[1] if len(dims) == 2 else 1
    scores = schema.reading.scale == "scores"
    if schema.multilabel or count != 1 or schema.loss or not scores:
        found.append(_labels(g, schema, outputs, count))
    if not scores:
        found.append(_probabilities(g, schema, outputs, count))
    return found


def _labels(g: OnnxGraph, schema: Schema, outputs: str, count: int | str) -> Any:
    name = g.free("label")
    if schema.multilabel:
        above = g.op("Greater", outputs, g.number(0.0))
        g.op("Cast", above, out=name, to=g.type_of("int64"))
        return g.value(name, "int64", [SAMPLES, count])
    if count == 1:
        above = g.op("Greater", outputs, g.number(schema.reading.cut))
        places = g.op("Squeeze", g.cast(above, "int64"), g.whole(1))
    else:
        places = g.op("ArgMax", outputs, axis=1, keepdims=0)
    array, kind = _as_tensor(schema.classes)
    g.op("Gather", g.constant("classes", array), places, out=name)
    return g.value(name, kind, [SAMPLES])


def _as_tensor(classes: Any) -> tuple[Array, str]:
    """Return the names of classes in a type that ONNX has, and that type."""
    if classes.dtype.kind in "UO":
        return np.array([str(name) for name in classes.tolist()], dtype=object), "str"
    if classes.dtype.kind == "b":
        return classes, "bool"
    kind = "float64" if classes.dtype.kind == "f" else "int64"
    if kind == "int64" and classes.dtype == np.uint64 and classes.max() > np.iinfo(np.int64).max:
        raise ConversionError(f"the class {classes.max()} is beyond the whole numbers of 64 bits")
    return classes.astype(kind), kind


def _probabilities(g: OnnxGraph, schema: Schema, outputs: str, count: int | str) -> Any:
    name = g.free("probabilities")
    rows = outputs
    if schema.reading.scale == "logits":
        many = count != 1 and not schema.multilabel
        rows = g.op("Softmax", rows, axis=1) if many else g.op("Sigmoid", rows)
    if schema.multilabel:
        g.op("Identity", rows, out=name)
        return g.value(name, g.dtype, [SAMPLES, count])
    if count == 1:
        g.op("Concat", g.op("Sub", g.number(1.0), rows), rows, out=name, axis=1)
        return g.value(name, g.dtype, [SAMPLES, 2])
    if schema.reading.scale == "logits":
        g.op("Identity", rows, out=name)
    else:
        total = g.op("ReduceSum", rows, g.whole(1), keepdims=1)
        one = g.op("Where", g.op("Greater", total, g.number(0.0)), total, g.number(1.0))
        g.op("Div", rows, one, out=name)
    return g.value(name, g.dtype, [SAMPLES, count])
