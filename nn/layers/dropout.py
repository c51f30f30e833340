"""Dropout, and the random masks of an epoch for models that have it.

`fit` gives the layers their masks: for each layer a generator of its seed, its place among the
others and the epoch, so that any epoch can be drawn again without those before it. The eager engine
takes them sample by sample and the compiled one for a batch at once, in the same order.
"""

# pyright: reportPrivateUsage=false
# A layer is asked for what a model file needs, which users need not know.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import TraceError
from nn.inference.modes import Mode, is_training, mode_of
from nn.inference.snapshot import Snapshot
from nn.layers.rows import by_rows
from nn.layers.spellings import DROPOUT
from nn.module import Module
from nn.parts import modules_of
from nn.validation import Floats, generator, own_keywords, real, whole


class Dropout(Module):
    """Sets a share of its inputs to 0 at random in train mode, so that none is relied on.

    Those that are kept are divided by 1 - p, so that sums stay what they are on average; in eval
    mode, as in `predict`, nothing happens. Every call and every input has a draw of its own.

    Args:
        p: the probability that an input is dropped, from 0 up to but not including 1.
        seed: a whole number. Within `fit` masks are drawn from it, the epoch, and the layer's place
            among the model's, so layers of one seed differ; called by hand, from a generator of the
            layer's own that goes on from call to call.

    Raises:
        ValueError: if p is outside [0, 1) or the seed negative.

    >>> drop = Dropout(0.5, seed=1)
    >>> drop([1.0, 2.0, 3.0, 4.0])
    [2.0, 4.0, 0.0, 8.0]
    >>> drop.eval()([1.0, 2.0, 3.0, 4.0])
    [1.0, 2.0, 3.0, 4.0]

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to
    prevent neural networks from overfitting", 2014, section 10 for the division in training.
    """

    @own_keywords(DROPOUT)
    def __init__(self, p: float, *, seed: int = 0) -> None:
        self.p = real("p", p)
        if not 0.0 <= self.p < 1.0:
            raise ValueError(
                f"p is the share of inputs to drop, from 0 up to but not including 1; got {p}"
            )
        self.seed = whole("seed", seed, at_least=0, at_most=None)
        self._rng = generator(self.seed)

    def __call__(self, inputs: Any) -> Any:
        """Return the inputs, a list or a list of lists, some of them times 0 in train mode."""
        return by_rows(self, self._dropped, inputs)

    def _dropped(self, inputs: list[Any]) -> list[Any]:
        if not self.p or not is_training(self):
            return inputs
        mode = mode_of(self)
        if mode is not None and mode.masks is not None:
            mask = mode.masks(self, len(inputs))
        elif any(_is_placeholder(x) for x in inputs):
            raise TraceError(
                "Dropout draws another mask at each call, and a program would repeat one for ever: "
                "write model.eval() before compile; in fit, set the layer as an attribute of the "
                "model"
            )
        else:
            mask = self.mask(self._rng.random(len(inputs))).tolist()
        return [x * m for x, m in zip(inputs, mask, strict=True)]

    def mask(self, draws: Any) -> Floats:
        """Return the factors of inputs for uniform draws: 0 below p, else 1 / (1 - p).

        >>> Dropout(0.5).mask([0.25, 0.75]).tolist()
        [0.0, 2.0]
        """
        return np.where(np.asarray(draws) < self.p, 0.0, 1.0 / (1.0 - self.p))

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this layer again."""
        return {"p": self.p, "seed": self.seed}

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return 0

    def _self_contained(self) -> bool:
        """Return whether it is a plain one: where it draws from is given within `fit`."""
        return type(self) is Dropout

    def _output_width(self, inputs: int | None) -> int | None:
        return inputs

    def _summary(self) -> str:
        return f"Dropout({self.p:g})"


def _is_placeholder(x: Any) -> bool:
    kind: Any = x.__class__
    return getattr(kind, "_recorder", None) is not None


class MaskStream:
    """The masks that a model's layers take in an epoch of training.

    A layer draws from a generator of its seed, the epoch, and how many others drew before it.

    >>> stream, drop = MaskStream(), Dropout(0.5, seed=1)
    >>> first = stream(drop, 4)
    >>> stream.begin(0)
    >>> stream(drop, 4) == first
    True
    """

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Go on with the masks of an epoch."""
        self._epoch = epoch
        self._sources: dict[int, tuple[Dropout, np.random.Generator]] = {}

    def __call__(self, layer: Dropout, count: int) -> list[float]:
        """Return the mask of a layer's next inputs."""
        return layer.mask(self._source(layer).random(count)).tolist()

    def batch(self, calls: Sequence[tuple[Dropout, int]], samples: int) -> Floats:
        """Return the masks of so many samples, each of which calls these layers in this order.

        Returns:
            An array with a row for each sample, its masks one after another.
        """
        layers = np.array([id(layer) for layer, count in calls for _ in range(count)])
        found = np.empty((samples, len(layers)))
        for layer in {id(layer): layer for layer, _ in calls}.values():
            columns = layers == id(layer)
            draws = self._source(layer).random((samples, np.count_nonzero(columns)))
            found[:, columns] = layer.mask(draws)
        return found

    def states(self) -> list[tuple[np.random.Generator, Any]]:
        """Return where all generators stand, to go back by `rewind`."""
        return [(rng, rng.bit_generator.state) for _, rng in self._sources.values()]

    def rewind(self, states: list[tuple[np.random.Generator, Any]]) -> None:
        """Go back to where the generators stood; one that was new then begins anew."""
        known = [rng for rng, _ in states]
        self._sources = {k: pair for k, pair in self._sources.items() if pair[1] in known}
        for rng, state in states:
            rng.bit_generator.state = state

    def _source(self, layer: Dropout) -> np.random.Generator:
        if id(layer) not in self._sources:
            place = len(self._sources)
            rng = np.random.default_rng([layer.seed, place, self._epoch])
            self._sources[id(layer)] = layer, rng  # the layer too, so that its id stays its own
        return self._sources[id(layer)][1]


def calls_of(model: Module, x: Any) -> list[tuple[Dropout, int]]:
    """Return the layers that take masks in one call of a model, and how many numbers each.

    Args:
        model: the model; it is called once, in train mode, if it has such layers.
        x: a sample.
    """
    if not any(isinstance(part, Dropout) for part in modules_of(model)):
        return []
    calls: list[tuple[Dropout, int]] = []

    def counted(layer: Dropout, count: int) -> list[float]:
        calls.append((layer, count))
        return [1.0] * count

    before = Snapshot(model)
    before.watch()
    try:
        with Mode(model, training=True, masks=counted):
            model(x)
    finally:
        before.restore()
    return calls


def given(calls: Sequence[tuple[Dropout, int]], masks: Sequence[Any]) -> Any:
    """Return what hands the masks of one sample out to a model that is called once.

    Raises:
        TraceError: at a call that is another than the one `calls_of` found.
    """
    left = iter(calls)
    numbers = iter(masks)

    def next_mask(layer: Dropout, count: int) -> list[Any]:
        if next(left, None) != (layer, count):
            raise TraceError("the model does not call its Dropout layers in the same order always")
        return [next(numbers) for _ in range(count)]

    return next_mask
