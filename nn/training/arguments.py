"""The questions that `fit` asks before a run: of the model, data, optimiser and callbacks.

Nothing has changed when one of them is refused.
"""

# pyright: reportPrivateUsage=false
# A model is asked for the samples that it takes, which users need not know.

import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, cast

import numpy as np

from autograd import Value
from nn.losses import Loss
from nn.module import Module
from nn.training.batches import check_data, prepare_targets
from nn.training.history import History
from nn.validation import Array, Floats, iterable

Callback: TypeAlias = Callable[[Module, History], object]


class Stepping(Protocol):
    """An optimiser, as far as training asks."""

    def step(self) -> None:
        """Move the parameters by their gradients."""


def trainable(model: Module) -> list[Value]:
    """Return the parameters of a model that can be trained."""
    if not isinstance(model, Module):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"fit trains a Module such as MLP; got {type(model).__name__}")
    parameters = model.parameters()
    if not parameters:
        raise ValueError(f"{type(model).__name__} has no parameters to train")
    if (parameters[0] * 1.0).op is None:
        raise ValueError(
            "fit records the graphs that it goes back through, and no_grad() is open here: call it "
            "outside"
        )
    return parameters


def prepared(model: Module, X: Any, y: Any, loss: Loss) -> tuple[Floats, Array, bool]:
    """Return samples, targets as the loss takes them, and whether they are classes."""
    _check_logits(model, loss)
    samples, given = check_data(X, y)
    _check_axes(model, samples)
    samples = samples.astype(np.float64, copy=False)
    model._check_width(samples.shape)
    model._check_samples(samples)
    # One sample through the model: one of a user's says itself what is wrong with it.
    shape = model.predict(samples[:1]).shape[1:]
    outputs = 1 if shape == () else shape[0] if len(shape) == 1 else None
    targets, classes = prepare_targets(loss, given, outputs)
    return samples, targets, classes


def _check_axes(model: Module, samples: Array) -> None:
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
        + ("X[:, None] for one input" if samples.ndim == 1 else "X.reshape(len(X), -1)")
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
