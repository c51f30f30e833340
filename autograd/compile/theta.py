"""The numbers of a program's parameters as one flat array, which follows the Values.

New data given to a parameter is taken over when the array is next used. New data for a Value whose
number the program took for a constant stops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import asked
from autograd.compile.graph.graph import Floats
from autograd.engine.methods import tick
from autograd.engine.value import Value, set_data
from autograd.errors import StaleGraphError


class Theta:
    """The parameters' numbers.

    Args:
        parameters: the Values.
        kind: the dtype of the array.

    Attributes:
        numbers: the array, in their order; always the same one.
        followed: up to which birth number new data has been taken over.
        constants: Values that a program took for constants, with their numbers and births then.

    >>> w = Value(3.0)
    >>> theta = Theta([w], np.dtype(np.float64))
    >>> w.data = 2.0
    >>> theta.followed = theta.refreshed()
    >>> theta.numbers
    array([2.])
    """

    def __init__(self, parameters: Sequence[Value], kind: np.dtype[Any]) -> None:
        self._parameters = parameters
        self.numbers: Floats = np.zeros(len(parameters), dtype=kind)
        self.followed = 0
        self.constants: Sequence[tuple[Value, float, int]] = ()
        self.load()

    def put(self, numbers: Any) -> None:
        """Take numbers that somebody gives, of the array's shape."""
        asked.unmasked("theta", numbers)
        given = np.asarray(numbers)
        if given.shape != self.numbers.shape:
            raise ValueError(f"theta has shape {self.numbers.shape}, got {given.shape}")
        self.numbers[...] = given
        self._mark(tick())

    def load(self) -> None:
        """Copy the numbers from the Values."""
        # What is given new data meanwhile is younger, and followed later.
        now = tick()
        self.numbers[...] = [p.data for p in self._parameters]
        self._mark(now)

    def store(self) -> None:
        """Copy the numbers into the Values' data."""
        set_data(self._parameters, self.numbers.tolist())
        self._mark(tick())

    def refreshed(self) -> int:
        """Take over new data of parameters, and return what `followed` is to become.

        Raises:
            StaleGraphError: if a Value that a program took for a constant has new data.
        """
        for v, x in self._changed()[:1]:
            raise StaleGraphError(
                f"{v.label or 'a Value'} = {v.data} was given new data after the program took "
                f"{x} from it for a constant: name it in parameters=[...], make it an argument "
                "of the function, or compile again"
            )
        now = tick()
        for i, p in enumerate(self._parameters):
            if p.birth > self.followed:
                self.numbers[i] = p.data
        return now

    def _changed(self) -> list[tuple[Value, float]]:
        """Return the constants that have new data, with the numbers that were taken."""
        return [(v, x) for v, x, birth in self.constants if v.birth != birth]

    def _mark(self, now: int) -> None:
        """Note that the numbers are as wanted; but not so that a changed constant is forgotten."""
        if not self._changed():
            self.followed = now
