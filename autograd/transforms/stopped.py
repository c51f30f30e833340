"""`stop_gradient`: a number with no way back, and the operation that says so in a program.

An eager graph needs no node for it: a leaf has no way back. A program computes its numbers anew in
each run, so there it is an operation whose partial is 0 by its rule; no row of the table, since its
derivative is not that of its value.
"""

from typing import Any, TypeVar

import numpy as np

from autograd import asked
from autograd.engine import numeric
from autograd.engine.number import number
from autograd.engine.primitive import Primitive
from autograd.transforms.gradient import is_node
from autograd.transforms.trees import mapped

T = TypeVar("T")

STOP = Primitive("stop_gradient", numeric.same, lambda z, x: (0.0,), array=np.positive)


@asked.own_keywords()
def stop_gradient(x: T) -> T:
    """Return x with no way back: nothing flows through it, at any order of derivatives.

    The same in eager graphs, inside every transform, and in compiled programs and training: a
    target that is held still (Q-learning), a rounding that is passed by (straight-through
    estimators), the other player of a game (a GAN's step).

    Args:
        x: a number, a Value, or a nested list, tuple, dict or array of them.

    Returns:
        The same nesting, each Value a new leaf with the same number and label; numbers as they are.

    Raises:
        TypeError: for something that is no number.

    >>> from autograd import Value, grad
    >>> grad(lambda x: x * stop_gradient(x * x))(3.0)
    9.0
    >>> x = Value(0.7)
    >>> rounded = x + stop_gradient(x.step() - x)
    >>> rounded.backward()
    >>> rounded.data, x.grad
    (1.0, 1.0)
    """
    return mapped(_stopped, x)


def _stopped(x: Any) -> Any:
    if is_node(x):
        return x.detach()
    number(x)
    return x
