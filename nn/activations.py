"""Activations by name: what a neuron does to its weighted sum.

Each is a function of the engine's table, so it has its derivative there and runs on Values, numbers
and arrays alike. A function of the user's stands beside them, one Value at a time.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import autograd as ag
from nn.spellings import names_of
from nn.validation import look_up

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)

T = TypeVar("T")
Activation: TypeAlias = Callable[[Any], Any]


def linear(x: T) -> T:
    """Return x: no activation.

    >>> linear(-2.5)
    -2.5
    """
    return x


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "linear": linear,
        "sigmoid": ag.sigmoid,
        "tanh": ag.tanh,
        "relu": ag.relu,
        "leaky_relu": ag.leaky_relu,
        "elu": ag.elu,
        "gelu": ag.gelu,
        "silu": ag.silu,
        "softplus": ag.softplus,
        "sin": ag.sin,
        "step": ag.step,
    }
)

# How a record names a function that is not in the table.
_OWN = "function "


def activation_function(activation: str | Activation) -> Activation:
    """Return the function of a Value that a name stands for; a function stands for itself.

    Raises:
        ValueError: if no activation has that name.
        TypeError: if it is neither a name nor a function.

    >>> activation_function("sigmoid")(0.0)
    0.5
    """
    if isinstance(activation, str):
        if activation.startswith(_OWN):
            raise ValueError(
                f"its activation was a {activation!r} of somebody's own, which a file does not "
                "hold: build the model with that function, then call model.load(path)"
            )
        return look_up("activation", activation, ACTIVATIONS)
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function of a Value; got {activation!r}")
    return activation


def activation_name(activation: str | Activation) -> str:
    """Return how a record and a picture name an activation."""
    if isinstance(activation, str):
        return activation
    for name, function in ACTIVATIONS.items():
        if function is activation:
            return name
    return _OWN + getattr(activation, "__name__", type(activation).__name__)
