"""The numbers that a program finds, in the nesting of what f returned and of its arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from autograd.compile.tracing.arguments import arrays_of, is_flat
from autograd.compile.tracing.trace import Shape
from autograd.transforms.calls import Argnum
from autograd.transforms.trees import NESTS, mapped, rebuilt, shaped


class Nesting:
    """How numbers are handed out.

    Args:
        shapes: of the arguments, for one sample.
        argnum: the argument or arguments to derive by.
        trained: whether there are parameters, by which is derived then.

    Attributes:
        sizes: the number of elements of each argument.
        chosen: the arguments to derive by.
        listed: whether f returns a list, or several values in another nest.

    Raises:
        ValueError: if there is no such argument.
    """

    def __init__(self, shapes: tuple[Shape, ...], argnum: Argnum, *, trained: bool) -> None:
        self.shapes = shapes
        self.sizes = [math.prod(shape) for shape in shapes]
        self.one_argument = isinstance(argnum, int)
        chosen = (argnum,) if isinstance(argnum, int) else tuple(argnum)
        for i in chosen:
            if not trained and not -len(shapes) <= i < len(shapes):
                raise ValueError(f"argnum is {i}, but f was called with {len(shapes)} argument(s)")
        self.chosen = [i % len(shapes) for i in chosen]
        self.listed = False
        self._nest: Any = None

    def returns(self, result: Any) -> None:
        """Note the nest of what f returned."""
        self.listed = isinstance(result, NESTS)
        self._nest = mapped(lambda _: None, result)

    def first(self, results: list[Any]) -> Any:
        """Return the values of one sample as f returned them: a number, or several in a nest."""
        return self.sample(results[0][0].tolist())

    def sample(self, values: Any) -> Any:
        """Return the values of one sample as f returned them; a flat tuple as a list.

        They come as a list, or as one number by itself.
        """
        found = cast(list[float], values) if isinstance(values, list) else [values]
        if not self.listed:
            return found[0]
        return found if is_flat(self._nest) else rebuilt(self._nest, iter(found))

    def all(self, results: list[Any]) -> Any:
        """Return the values of many samples: an array with the axes of a list, more in a nest."""
        values = results[0]
        if not self.listed:
            return values[:, 0].copy()
        return values.copy() if is_flat(self._nest) else arrays_of(self._nest, iter(values.T))

    def nested(self, slopes: Sequence[float]) -> Any:
        """Return slopes by the chosen arguments in the nesting of these."""
        rest = iter(slopes)
        found = [shaped(rest, self.shapes[i]) for i in self.chosen]
        return found[0] if self.one_argument else tuple(found)

    def shaped(self, slopes: Sequence[Any], batch: int) -> Any:
        """Return slopes by the chosen arguments as arrays of their shapes."""
        found = [
            g.reshape(batch, *self.shapes[i]).copy()
            for i, g in zip(self.chosen, slopes, strict=True)
        ]
        return found[0] if self.one_argument else tuple(found)
