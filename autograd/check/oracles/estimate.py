"""An oracle, and its answer: a slope with a bound on its error, or the trouble in its way.

Every oracle of this folder returns these, so that the checker, a test and a reader can weigh one
against another. Those that the judge asks stand in one table, at the end of `row_slope.py`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd.engine.primitive import Primitive


@dataclass(frozen=True, slots=True)
class Estimate:
    """A slope found without the rule that is being checked.

    Attributes:
        value: the slope; nan if there is none.
        error: a bound on its absolute error.
        step: the absolute step taken to find it; 0 if none was.
        oracle: how it was found.
        left: the slope from below, where it was found on its own.
        right: the slope from above.
        trouble: why `value` is not to be trusted, "" if it is.
        grain: the size of the steps in the function's values, 0 if they carry a double's digits.

    >>> Estimate(60.0, 1e-13, 1e-30, "complex step").sound
    True
    """

    value: float
    error: float
    step: float
    oracle: str
    left: float = math.nan
    right: float = math.nan
    trouble: str = ""
    grain: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether there is a finite slope and nothing stood in the way of finding it."""
        return not self.trouble and math.isfinite(self.value)

    @property
    def steep(self) -> bool:
        """Whether the slope may be infinite: neither found nor between two finite ones."""
        return not (self.sound or (math.isfinite(self.left) and math.isfinite(self.right)))


def troubled(
    oracle: str, trouble: str, left: float = math.nan, right: float = math.nan, step: float = 0.0
) -> Estimate:
    """Return the estimate of an oracle that found no slope, with the two one-sided ones.

    >>> troubled("high precision", "a kink", -1.0, 1.0).sound
    False
    """
    return Estimate(math.nan, math.inf, step, oracle, left, right, trouble)


@dataclass(frozen=True, slots=True)
class Oracle:
    """A way to a row's slope, as the judge asks for it: one row of the table of oracles.

    Attributes:
        name: as estimates and verdicts show it.
        ask: from a row, its operands, how fast each of them moves, and how far rounding may have
            carried them, to an estimate; None where this oracle has nothing to say.
        together: whether several operands may move at once; else one does, with speed 1.
        step: relative to the operand; 0 where the oracle chooses it by the function.
        scatter: from a row, its operands, the place of one and the slope there, to how far other
            steps lie from it; None where steps do not matter.
        blur: says with a number for `{}` how badly a slope was seen, and what would see more; ""
            for an oracle that is as sharp as rules are. Where the error of another one is large,
            agreement with it does not make a derivative right.
    """

    name: str
    ask: Callable[[Primitive, Sequence[float], Sequence[float], float], Estimate | None]
    together: bool = False
    step: float = 0.0
    scatter: Callable[[Primitive, Sequence[float], int, float], float] | None = None
    blur: str = ""
