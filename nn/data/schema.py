"""Schema: what a model keeps of the data it was trained on, and what its outputs say by it.

The names of the columns, the fitted preprocessing, the classes and the loss: enough to read new
data as those of training were read, and to give labels and probabilities back. It goes into the
model's file.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from autograd import sigmoid
from nn.data.frames import in_order, matrix
from nn.data.labels import Targets
from nn.data.preprocessing import Preprocessor
from nn.data.steps import step_from, through
from nn.losses import LOSSES, Loss
from nn.metrics.reading import Reading, reading_of
from nn.validation import Array, Floats

# Kinds of label arrays that a file may ask for: text of any length is one of objects there.
_INTEGERS = [f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64)]
_KINDS = ["bool", *_INTEGERS, "float16", "float32", "float64"]


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """What a model keeps of its data.

    Attributes:
        loss: the name of the loss; "" for a function of the user's.
        reading: how the outputs are read.
        classes: the names of the classes, in the order of the outputs; None where there are none.
        multilabel: whether each output is a yes or no of its own.
        columns: the names of the inputs; () where they have none.
        steps: the fitted preprocessing.
    """

    loss: str
    reading: Reading
    classes: Array | None = None
    multilabel: bool = False
    columns: tuple[str, ...] = ()
    steps: tuple[Preprocessor, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Whether the model's outputs are others without it."""
        return bool(self.steps)

    def samples(self, X: Any) -> Array:
        """Return data as the model takes it, with a frame's columns in order and preprocessed."""
        table = in_order(X, self.columns)
        if self.steps and np.ndim(table) == 1:
            cells = np.empty((1, len(table)), dtype=object)
            cells[0] = [*table]
            return matrix("X", through(self.steps, cells))[0]
        return matrix("X", through(self.steps, table))

    def labels(self, outputs: Floats) -> Array:
        """Return the label that a model's outputs say for each sample.

        Raises:
            ValueError: if the model was not trained to tell classes, or the cut is unknown.
        """
        if self.multilabel:
            return (outputs > 0.0).astype(np.int64)
        if self.classes is None:
            raise ValueError(
                "the model was not trained to tell classes: model.predict(X) has its numbers"
            )
        if outputs.ndim == 2 and outputs.shape[1] > 1:
            return self.classes[self.reading.classes(outputs)]
        if not self.loss and self.reading.scale == "scores":
            raise ValueError(
                "where a loss of your own puts the cut between the classes is not known: write "
                "nn.classes(model.predict(X), cut=0.5), or where it is"
            )
        return self.classes[self.reading.classes(outputs)]

    def probabilities(self, outputs: Floats) -> Floats:
        """Return the probability of each class that a model's outputs say, sample by sample.

        Raises:
            ValueError: if the outputs are no probabilities, nor made into some by the loss.
        """
        if self.classes is None and not self.multilabel:
            raise ValueError(
                "the model was not trained to tell classes, so there are no probabilities: "
                "model.predict(X) has its numbers"
            )
        if self.reading.scale == "scores":
            raise ValueError(
                f"the outputs of a model trained with {self.loss or 'a loss of your own'} are no "
                "probabilities: train with loss='cross_entropy', or 'binary_cross_entropy' for two "
                "classes"
            )
        rows = outputs.reshape(len(outputs), -1)
        if self.reading.scale == "logits":
            if rows.shape[1] > 1 and not self.multilabel:
                powers = np.exp(rows - rows.max(axis=1, keepdims=True))
                return powers / powers.sum(axis=1, keepdims=True)
            rows = np.asarray(sigmoid(rows), dtype=np.float64)
        if self.multilabel:
            return rows
        if rows.shape[1] == 1:
            return np.concatenate([1.0 - rows, rows], axis=1)
        totals = rows.sum(axis=1, keepdims=True)
        return rows / np.where(totals > 0.0, totals, 1.0)

    def document(self) -> dict[str, Any]:
        """Return what JSON can hold of it."""
        found: dict[str, Any] = {"loss": self.loss, "cut": self.reading.cut}
        found |= {"scale": self.reading.scale, "multilabel": self.multilabel}
        if self.columns:
            found["columns"] = [*self.columns]
        if self.steps:
            found["preprocessing"] = [step.document() for step in self.steps]
        if self.classes is not None:
            kind = self.classes.dtype
            found["classes"] = self.classes.tolist()
            found["labels"] = "text" if kind.kind == "U" else kind.name
        return found


# The key under which a model holds its schema.
SCHEMA = "_schema"


def keep_schema(model: object, schema: Schema | None) -> Schema | None:
    """Let a model keep a schema, or none, and return the one before."""
    before: Schema | None = vars(model).pop(SCHEMA, None)
    if schema is not None:
        vars(model)[SCHEMA] = schema
    return before


def schema_kept(model: object) -> Schema | None:
    """Return the schema of a model; None if it was trained on nothing yet."""
    return vars(model).get(SCHEMA)


def rows_of(model: object, X: Any) -> Array:
    """Return data to predict from, read as the data that a model was trained on."""
    schema = schema_kept(model)
    return matrix("X", X) if schema is None else schema.samples(X)


class KeptSteps:
    """Makes `preprocessing` an attribute of models: the fitted steps, () where there are none."""

    def __get__(self, model: object, kind: object = None) -> tuple[Preprocessor, ...]:
        schema = None if model is None else schema_kept(model)
        return () if schema is None else schema.steps


class KeptClasses:
    """Makes `classes` an attribute of models; one of the same name in a user's own class hides it.

    The names of the classes in the order of the outputs, sorted; None before training on classes.
    """

    def __get__(self, model: object, kind: object = None) -> Array | None:
        schema = None if model is None else schema_kept(model)
        return None if schema is None or schema.classes is None else schema.classes.copy()


def schema_of(
    loss: Loss,
    activation: str,
    targets: Targets,
    columns: tuple[str, ...],
    steps: tuple[Preprocessor, ...],
) -> Schema:
    """Return the schema of a loss, the outputs' activation, targets, columns and their steps."""
    name = loss.name if LOSSES.get(loss.name) is loss else ""
    reading = reading_of(activation, loss, targets.values)
    return Schema(name, reading, targets.classes, targets.multilabel, columns, steps)


def schema_from(document: Any) -> Schema:
    """Return the schema that `document` gave.

    Raises:
        ValueError: if it is of another form.
    """
    if not isinstance(document, dict):
        raise ValueError(f"expected the schema as an object; found {document!r:.60}")
    fields = cast(dict[str, Any], document)
    loss, cut, scale, many = (fields.get(key) for key in ("loss", "cut", "scale", "multilabel"))
    if not isinstance(loss, str) or (loss and loss not in LOSSES):
        raise ValueError(f"expected the name of a loss in the schema; found {loss!r:.60}")
    if isinstance(cut, bool) or not isinstance(cut, int | float):
        raise ValueError(f"expected a number for the cut; found {cut!r:.60}")
    if scale not in ("logits", "probabilities", "scores"):
        raise ValueError(f"expected the scale of the outputs in the schema; found {scale!r:.60}")
    if not isinstance(many, bool):
        raise ValueError(f"expected true or false for multilabel; found {many!r:.60}")
    classes = _classes_from(fields) if "classes" in fields else None
    columns: Any = fields.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(x, str) for x in cast(Any, columns)):
        raise ValueError(f"expected the names of columns as a list; found {columns!r:.60}")
    names = tuple(cast(list[str], columns))
    steps: Any = fields.get("preprocessing", [])
    if not isinstance(steps, list):
        raise ValueError(f"expected the preprocessing as a list; found {steps!r:.60}")
    fitted = tuple([step_from(step) for step in cast(list[Any], steps)])
    return Schema(loss, Reading(cut, scale), classes, many, names, fitted)


def _classes_from(fields: dict[str, Any]) -> Array:
    names, kind = fields["classes"], fields.get("labels")
    if not isinstance(names, list) or len(names) < 2:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError(f"expected two or more classes as a list; found {names!r:.60}")
    listed = cast(list[Any], names)
    if kind in ("text", "object"):
        if not all(isinstance(name, str) for name in listed):
            raise ValueError(f"expected text for the classes; found {names!r:.60}")
        return np.array(listed, dtype=object if kind == "object" else None)
    if kind not in _KINDS or not all(isinstance(name, int | float) for name in listed):
        raise ValueError(f"expected labels of a known type; found {kind!r:.60}, {names!r:.60}")
    try:
        return np.array(listed, dtype=kind)
    except (OverflowError, ValueError):
        raise ValueError(f"expected classes of type {kind}; found {names!r:.60}") from None
