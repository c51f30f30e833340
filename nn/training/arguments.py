"""The questions that `fit` asks before a run: of the model, data, optimiser and callbacks.

Nothing has changed when one of them is refused.
"""

# pyright: reportPrivateUsage=false
# A model is asked for the samples that it takes, which users need not know.

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, cast

import numpy as np

from autograd import Value
from nn.data.frames import in_order, matrix, names_of_columns
from nn.data.labels import Targets, read_labels, targets_of
from nn.data.large.mapped import Mapped, as_floats, is_mapped, parts
from nn.data.large.source import yields_batches
from nn.data.large.targets import Digest, TargetReader
from nn.data.preprocessing import Preprocessor
from nn.data.schema import Schema, schema_kept, schema_of
from nn.data.steps import checked_steps, fitted_on, through
from nn.inference.predict import by_calls
from nn.losses import Loss
from nn.metrics.reading import output_activation
from nn.module import Module
from nn.spellings.tensors import is_of_torch
from nn.training.batches import check_lengths
from nn.training.history import History
from nn.validation import Array, Floats, iterable, numeric, refuse_estimators

Callback: TypeAlias = Callable[[Module, History], object]


class Stateful(Protocol):
    """An optimiser, as far as checkpoints ask."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that it needs to go on, but the parameters."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""


class Stepping(Protocol):
    """An optimiser, as far as training asks."""

    def step(self) -> None:
        """Move the parameters by their gradients."""


def is_model(asker: str, model: object) -> None:
    """Ask that it is a model.

    >>> is_model("fit trains", [1.0])
    Traceback (most recent call last):
        ...
    TypeError: fit trains a Module such as MLP; got list
    """
    refuse_estimators(asker, model)
    if not isinstance(model, Module):
        from autograd import micrograd  # only for who brings one of its models

        if isinstance(model, micrograd.Module):
            raise TypeError(
                f"{asker} a Module of nn, and this {type(model).__name__} is micrograd's: write "
                "nn.MLP([2, 16, 1], activation='relu') for MLP(2, [16, 1]), or train it with its "
                "own loop; autograd.compile(loss, parameters=model.parameters()) makes that quick"
            )
        write = ": write nn.interop.from_torch(model)" if is_of_torch(model) else ""
        raise TypeError(f"{asker} a Module such as MLP; got {type(model).__name__}{write}")


def trainable(model: Module) -> list[Value]:
    """Return the parameters of a model that can be trained."""
    is_model("fit trains", model)
    parameters = model.parameters()
    if not parameters:
        raise ValueError(f"{type(model).__name__} has no parameters to train")
    if (parameters[0] * 1.0).op is None:
        raise ValueError(
            "fit records the graphs that it goes back through, and no_grad() is open here: call it "
            "outside"
        )
    return parameters


class Prepared(NamedTuple):
    """Samples and targets as training takes them.

    Attributes:
        samples: of shape (samples, inputs).
        targets: as the loss takes them.
        schema: how both were read.
        classes: whether the targets are classes, which the outputs tell apart at a known cut.
    """

    samples: Floats
    targets: Array
    schema: Schema
    classes: bool


def prepared(
    model: Module, X: Any, y: Any, loss: Loss, preprocessing: Any = None
) -> tuple[Floats, Array, bool]:
    """Return samples, targets as the loss takes them, and whether they are classes.

    They are read as the model reads its data since it was trained.
    """
    found = read(
        model, X, y, loss, schema_kept(model), strict=True, steps=checked_steps(preprocessing)
    )
    return found.samples, found.targets, found.classes


def read(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss,
    known: Schema | None,
    *,
    strict: bool,
    steps: tuple[Preprocessor, ...] = (),
) -> Prepared:
    """Return samples and targets as training takes them.

    Args:
        model: the model.
        X: the samples.
        y: their targets.
        loss: the loss.
        known: how the model has read its data so far.
        strict: refuse what does not fit that, such as another label; otherwise begin anew.
        steps: the preprocessing, in place of the known one.

    Raises:
        ValueError: if data, model and loss do not fit together.
        TypeError: if X yields batches, which only `fit`, `evaluate` and `predict` take.
    """
    refuse_batches(X, y)
    samples, columns, steps = read_samples(model, X, y, loss, known, strict=strict, steps=steps)
    outputs = output_count(model, samples)
    classes = known and known.classes
    if is_mapped(y):
        labels, digest = read_labels("y", y), Digest()
        for part in parts(labels):
            digest.add(part)
        reader = TargetReader(loss, digest.rows, outputs, classes, strict=strict)
        targets, values = reader.found, Mapped(labels, lambda rows, places: reader.values(rows))
    else:
        targets = targets_of(loss, y, outputs, classes, strict=strict)
        values = targets.values
    schema = schema_of(loss, output_activation(model), targets, columns, steps)
    return Prepared(samples, cast(Array, values), schema, are_told(loss, targets, outputs))


def read_samples(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss,
    known: Schema | None,
    *,
    strict: bool,
    steps: tuple[Preprocessor, ...] = (),
) -> tuple[Floats, tuple[str, ...], tuple[Preprocessor, ...]]:
    """Return samples as a model takes them, the names of their columns, and the fitted steps.

    Those of a mapped array are looked at in parts, and read when they are asked for.
    """
    _check_logits(model, loss)
    columns = known.columns if known is not None and strict else names_of_columns(X)
    steps = steps or (known.steps if known is not None else ())
    if steps and type(model).predict is not Module.predict:
        raise ValueError(
            f"{type(model).__name__} has a predict of its own, which preprocessing would pass by: "
            "transform X before fit"
        )
    table = in_order(X, columns)
    steps = fitted_on(steps, table)
    samples = samples_in(table, steps)
    check_lengths(samples, y)
    check_samples(model, samples, X)
    return samples, columns, steps


def samples_in(table: Any, steps: Sequence[Preprocessor]) -> Floats:
    """Return a table as float64 after some steps; of a mapped array, rows that become so."""
    if not is_mapped(table):
        return matrix("X", through(steps, table)).astype(np.float64, copy=False)
    if not steps or table.dtype.kind not in "UST":
        numeric("X", table)
    return as_floats(through(steps, Mapped(table)))


def check_samples(model: Module, samples: Floats, X: Any) -> None:
    """Refuse samples of a shape, or with numbers, that the model does not take.

    Args:
        model: the model.
        samples: the samples as it would take them.
        X: what they were read from.
    """
    _check_axes(model, samples, X)
    model._check_width(samples.shape)
    if type(model)._check_samples is not Module._check_samples:
        first = 0
        for part in parts(samples):
            model._check_samples(part, first)
            first += len(part)


def are_told(loss: Loss, targets: Targets, outputs: int | None) -> bool:
    """Whether targets are classes, which the outputs tell apart at a known cut."""
    told = targets.multilabel or targets.classes is not None
    return told and (outputs != 1 or loss.target != "any")


def refuse_batches(X: Any, y: Any) -> None:
    """Refuse what yields batches where arrays are wanted.

    Raises:
        TypeError: with what to write.
    """
    if yields_batches(X):
        raise TypeError(
            "arrays are wanted here, and X yields batches: give one of them, as in "
            "x, y = next(iter(X(1)))"
        )
    if y is None:
        raise TypeError(
            f"y is None, which is for a function of the epoch that yields batches, and X is "
            f"{type(X).__name__}: give the targets; or write X=lambda epoch: loader for something "
            "that gives pairs each time it is gone through, such as a DataLoader"
        )


def output_count(model: Module, samples: Floats) -> int | None:
    """Return how many outputs a model has for a sample; None if they are of a form of their own."""
    # One sample through the model: one of a user's says itself what is wrong with it.
    shape = by_calls(model, samples[:1]).shape[1:]
    return 1 if shape == () else shape[0] if len(shape) == 1 else None


def _one_input(X: Any) -> str:
    """Return what to write for samples of one input."""
    return "X.to_frame() for one input" if hasattr(X, "to_frame") else "X[:, None] for one input"


def _check_axes(model: Module, samples: Array, X: Any) -> None:
    """Refuse samples that are not as many lists of numbers, or of rows, as the model takes."""
    axes = model._sample_axes()
    if samples.ndim == axes + 1:
        return
    if axes > 1:
        raise ValueError(
            f"X must be of shape (samples, length, inputs); got {samples.shape}"
            + (": write X[:, :, None] for one input" if samples.ndim == 2 else "")
        )
    raise ValueError(
        f"X must be of shape (samples, inputs); got {samples.shape}: write "
        + (_one_input(X) if samples.ndim == 1 else "X.reshape(len(X), -1)")
    )


def _check_logits(model: Module, loss: Loss) -> None:
    """Refuse a sigmoid before a loss that applies its own: the network would barely learn."""
    squashed = getattr(model, "output_activation", getattr(model, "activation", None))
    if squashed == "softmax" and loss.logits:
        raise ValueError(
            f"{loss.name} takes scores and makes probabilities of them itself, and this model's "
            "outputs are some already: leave the Softmax out"
        )
    if squashed == "sigmoid" and loss.logits:
        raise ValueError(
            f"{loss.name} takes logits and squashes them itself, and this model's outputs are "
            "squashed by a sigmoid already: give the model a linear output "
            "(output_activation='linear', of a Neuron or Layer activation='linear'), or use "
            "loss='half_squared_error'"
        )


def check_optimizer(optimizer: Stepping, parameters: list[Value]) -> None:
    """Raise unless it is an optimiser, and not one of another model's parameters."""
    if isinstance(optimizer, type) or not _can_step(optimizer):
        given = (
            f"the class {optimizer.__name__}"
            if isinstance(optimizer, type)
            else f"{optimizer!r:.60}"
        )
        raise TypeError(
            f"optimizer is an object such as SGD(model.parameters(), lr=0.1); got {given}"
        )
    held: Any = getattr(optimizer, "parameters", None)
    # One of a user's own may keep them in another form, of which nothing is known.
    inner: list[Any] = [*cast(Any, held)] if isinstance(held, list | tuple | set) else [None]
    values = [p for p in inner if isinstance(p, Value)]
    if (values or not inner) and set(values).isdisjoint(parameters):
        raise ValueError(
            "the optimizer holds none of the model's parameters, so training would change "
            "nothing: make it from this model's, SGD(model.parameters(), ...)"
        )


def _can_step(optimizer: Any) -> bool:
    """Whether an object has a `step` that needs no arguments and is not the row of that name."""
    step = getattr(optimizer, "step", None)
    if not callable(step) or hasattr(optimizer.__class__, "__apply__"):
        return False
    try:
        inspect.signature(step).bind()
    except TypeError:
        return False
    except ValueError:  # written in C, say, and tells nothing
        return True
    return True


def checked_callbacks(callbacks: Any) -> list[Callback]:
    """Return callbacks as a list of functions."""
    if callable(callbacks):
        raise TypeError("callbacks is a list of functions: write callbacks=[f]")
    calls: list[Callback] = iterable("callbacks", callbacks, "a list of functions")
    for call in calls:
        if not callable(call):
            raise TypeError(f"a callback is a function (model, history); got {call!r}")
    return calls
