"""The laboratory of wrong modes: backward passes broken on purpose, each beside the right one.

Every mode runs on numbers taken from a graph, never on the graph: no `grad` and no `data` is
written, and the answer is a `Trial` of its own that cannot be taken for a gradient. It says
where the first number goes wrong, the number it should have been, and why.

>>> from autograd import Value
>>> a = Value(3.0, "a")
>>> print(overwrite(a * a).first)
first wrong number: step 2, z → a: the running sum is 3, right is 6
why: a is used 2 times; the 3 that was there already is thrown away
"""

from autograd.laboratory.methods import METHODS as METHODS
from autograd.laboratory.methods import Derived, gradient_by
from autograd.laboratory.naive import NaiveTrial, naive_recursion
from autograd.laboratory.order import no_order
from autograd.laboratory.overwriting import overwrite
from autograd.laboratory.survey import Survey, survey
from autograd.laboratory.trial import Slip, Trial
from autograd.laboratory.updates import (
    UpdateTrial,
    forgotten_zero_grad,
    live_weights,
)

__all__ = [
    "Derived",
    "NaiveTrial",
    "Slip",
    "Survey",
    "Trial",
    "UpdateTrial",
    "forgotten_zero_grad",
    "gradient_by",
    "live_weights",
    "naive_recursion",
    "no_order",
    "overwrite",
    "survey",
]
