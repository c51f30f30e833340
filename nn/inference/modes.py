"""Train and eval mode: which of the two a model computes in, and where its random masks come from.

A module has a mode of its own. `fit` computes in train mode and `predict` in eval mode, whatever
that is: both hold for the running context, so that nothing is set and put back on the model, and
a thread that predicts does not change what another one trains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar, Token
from typing import Any, TypeAlias, cast

from nn.parts import Holder, members, modules_of

# Gives the factors that a layer of random masks multiplies its inputs by, as many as it asks for.
Masks: TypeAlias = Callable[[Any, int], list[Any]]

# Where a module keeps the mode that it was set to; it trains where nothing was said.
OWN = "_training"


class Mode:
    """The mode in which a model is computed, with all its parts, within `with`.

    Args:
        model: the model; other modules that its calls reach keep their own mode.
        training: train mode, or else eval mode.
        masks: where its layers take random masks from; from generators of their own if left out.

    Attributes:
        was_asked: whether any part has asked for its mode.
    """

    def __init__(self, model: Any, training: bool, masks: Masks | None = None) -> None:
        self.training = training
        self.masks = masks
        self.was_asked = False
        self._model = model
        self._parts: set[int] | None = None
        self._tokens: list[Token[tuple[Mode, ...]]] = []

    def holds(self, module: Any) -> bool:
        """Whether the module is the model or a part of it."""
        if self._parts is None:
            self._parts = {id(part) for part in modules_of(self._model)}
        return id(module) in self._parts

    # No `contextmanager`, which takes a tenth of the time of a call of a small model.
    def __enter__(self) -> None:
        self._tokens.append(_modes.set((self, *_modes.get())))

    def __exit__(self, *_: object) -> None:
        _modes.reset(self._tokens.pop())


# Those that hold now, the last one first.
_modes: ContextVar[tuple[Mode, ...]] = ContextVar("modes", default=())


def mode_of(module: Any) -> Mode | None:
    """Return the mode that holds for a module now; None where it has its own."""
    for mode in _modes.get():
        if mode.holds(module):
            mode.was_asked = True
            return mode
    return None


def is_training(module: Any) -> bool:
    """Whether a module computes in train mode now."""
    mode = mode_of(module)
    return _own(module) if mode is None else mode.training


# In a file ----------------------------------------------------------------------------------------


def written(model: Any) -> dict[str, bool]:
    """Return the modes of the modules that differ from the one around them, by name.

    The model itself has the name "", and around it is train mode; so it is {} of a new model.

    >>> from nn import MLP
    >>> model = MLP([2, 3, 1]).eval()
    >>> model.layers[0].training = True
    >>> written(model)
    {'': False, 'layers.0': True, 'layers.0.neurons.0': False, ...}
    """
    return {
        name: _own(part) for name, part, around in _named(model, "", True, set())
        if _own(part) is not around
    }  # fmt: skip


def set_modes(model: Any, modes: Mapping[str, bool]) -> None:
    """Set the modes that `written` returned.

    Raises:
        ValueError: if one is of a module that the model does not have.
    """
    left = dict(modes)
    for name, part, around in _named(model, "", True, set()):
        vars(part)[OWN] = left.pop(name, around)
    if left:
        raise ValueError(f"no part is called {next(iter(left))!r}")


def _own(module: Any) -> bool:
    return cast(dict[str, Any], vars(module)).get(OWN, True)


def _named(module: Any, name: str, around: bool, seen: set[int]) -> Iterator[tuple[str, Any, bool]]:
    """Yield each module once, with its name and the mode of the one around it."""
    seen.add(id(module))
    yield name, module, around
    for inner, part in members(module, name, set()):
        if isinstance(part, Holder) and id(part) not in seen:
            yield from _named(part, inner, _own(module), seen)
