"""What an oracle answers: a slope with a bound on its error, and what stood in its way.

Every oracle of this folder returns these, so that the checker, a test and a reader can weigh one
against another.
"""

import math
from dataclasses import dataclass


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


def troubled(
    oracle: str, trouble: str, left: float = math.nan, right: float = math.nan, step: float = 0.0
) -> Estimate:
    """Return the estimate of an oracle that found no slope, with the two one-sided ones.

    >>> troubled("high precision", "a kink", -1.0, 1.0).sound
    False
    """
    return Estimate(math.nan, math.inf, step, oracle, left, right, trouble)
