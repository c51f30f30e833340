"""Hypothesis strategies for numbers, programs and networks to try gradients on.

    from hypothesis import given
    from autograd.check import assert_gradients
    from autograd.check.strategies import programs

    @given(programs())
    def test_gradients(program):
        assert_gradients(program, *program.point)

Subnormal numbers are left out: products of slopes lose digits among them, whoever computes.
"""

import itertools
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from autograd import asked
from autograd.check.testing.networks import ACTIVATIONS, Network
from autograd.check.testing.program import RandomProgram
from autograd.check.testing.programs import MAX_INPUTS, build
from autograd.engine.primitive import Interval, Primitive
from autograd.engine.value import Value

try:
    from hypothesis import HealthCheck, reject, settings
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "autograd.check.strategies needs Hypothesis: pip install hypothesis"
    ) from error

__all__ = [
    "Network",
    "RandomProgram",
    "arrays",
    "inputs",
    "networks",
    "points",
    "programs",
    "register_profiles",
    "values",
]

_SPECIAL = (0.0, 1.0, -1.0, 0.5, 2.0)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    """Return a strategy for floats of a closed interval, simple ones among them.

    Args:
        low: the smallest.
        high: the largest.

    >>> from random import Random
    >>> from hypothesis import find
    >>> find(numbers(-10.0, 10.0), lambda x: x > 2.5, random=Random(0))
    3.0
    """
    # Adding 0.0 makes a 0 of a -0.0, which would be below it.
    low, high = asked.real("low", low) + 0.0, asked.real("high", high) + 0.0
    if low > high:
        raise ValueError(f"an interval goes from low to high; got {low} and {high}")
    floats = st.floats(low, high, allow_nan=False, allow_infinity=False, allow_subnormal=False)
    special = [x for x in _SPECIAL if low <= x <= high]
    return st.one_of(st.sampled_from(special), floats) if special else floats


def values(low: float = -10.0, high: float = 10.0) -> st.SearchStrategy[Value]:
    """Return a strategy for Values, leaves with finite data; 0, 1 and -1 come often.

    Args:
        low: the smallest data.
        high: the largest.

    >>> from random import Random
    >>> from hypothesis import find
    >>> find(values(), lambda v: v.data < -1.5, random=Random(0))
    Value(-2.0)
    """
    return st.builds(Value, numbers(low, high))


def points(
    domain: Primitive | Interval | Sequence[Interval],
) -> st.SearchStrategy[tuple[float, ...]]:
    """Return a strategy for operands inside a domain, its ends included.

    Args:
        domain: one interval, one for each operand, or a row of the table: then its domain, with
            two or four operands if it takes any number.

    >>> from random import Random
    >>> from hypothesis import find
    >>> from autograd import lookup
    >>> find(points(lookup("div")), lambda p: p[0] > 4.0, random=Random(0))
    (5.0, 1.0)
    >>> find(points([(0.0, 1.0), (2.0, 3.0)]), lambda p: True, random=Random(0))
    (0.0, 2.0)
    """
    if isinstance(domain, Primitive):
        if domain.arity is None:
            one = numbers(*domain.domain[0])
            counts = st.sampled_from([2, 4])
            return counts.flatmap(lambda n: st.tuples(*[one] * n))
        intervals: Sequence[Interval] = domain.domain
    else:
        intervals = _intervals(domain)
    return st.tuples(*[numbers(low, high) for low, high in intervals])


def _intervals(domain: Any) -> list[Interval]:
    """Return the intervals of a domain; a pair of numbers is one interval."""
    wanted = "an interval (low, high), a list of them, or a row of the table"
    given = asked.iterable("points", domain, wanted)
    if given and isinstance(given[0], int | float):
        given = [tuple(given)]
    pairs: list[Any] = [pair for pair in given if isinstance(pair, tuple | list)]
    if not given or len(pairs) < len(given) or any(len(pair) != 2 for pair in pairs):
        raise TypeError(f"points takes {wanted}, got {domain!r:.60}")
    return given


# Not integers: Hypothesis copies integers from one choice to another. Of the smallest floats, which
# it is fond of, all would make the same number.
_SHARES = st.floats(0.0, 1.0).filter(lambda x: not 0.0 < x < 1e-3)
# Making a strategy takes about as long as drawing from it.
_up_to = cache(partial(st.integers, 0))


class _Drawn:
    """Choices drawn by Hypothesis, which shrinks each towards its first."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def index(self, count: int) -> int:
        return self.draw(_up_to(count - 1))

    def row(self, count: int) -> int | None:
        # The simplest choice is no instruction: so a shrinking program can lose any one of its
        # instructions by itself, where a smaller number of them would lose the last.
        chosen = self.draw(_up_to(count))
        return chosen - 1 if chosen else None

    def share(self) -> float:
        return self.draw(_SHARES)

    def again(self) -> bool:
        return reject()


_FLOATS = ("float64", "float32", "float16")


def arrays(
    shape: int | Sequence[int] | None = None,
    *,
    low: float = -10.0,
    high: float = 10.0,
    dtype: Any = "float64",
    max_dims: int = 3,
    max_side: int = 4,
) -> st.SearchStrategy[Any]:
    """Return a strategy for arrays of floats, 0, 1 and -1 often among them; they shrink to small.

    Args:
        shape: a length or lengths; any of up to `max_dims` axes if left out.
        low: the smallest number.
        high: the largest.
        dtype: float64, float32 or float16.
        max_dims: the most axes.
        max_side: the greatest length of one; the least is 1.

    >>> from random import Random
    >>> from hypothesis import find
    >>> find(arrays(max_side=3), lambda x: x.ndim == 2 and x.shape[1] > 1, random=Random(0))
    array([[0., 0.]])
    """
    from hypothesis.extra import numpy as given

    kind = np.dtype(dtype)
    if kind.name not in _FLOATS:
        raise ValueError(f"dtype is one of {', '.join(_FLOATS)}, got {dtype!r:.60}")
    dims = asked.whole("max_dims", max_dims, at_least=1, at_most=8)
    side = asked.whole("max_side", max_side)
    shapes: Any = given.array_shapes(min_dims=1, max_dims=dims, min_side=1, max_side=side)
    if shape is not None:
        lengths = [shape] if isinstance(shape, int) else asked.iterable("arrays", shape, "a shape")
        shapes = tuple(asked.whole("a length", n, at_least=0) for n in lengths)
    width = 8 * kind.itemsize
    entries = numbers(low, high)
    if width < 64:
        entries = entries.map(lambda x: float(kind.type(x))).filter(lambda x: low <= x <= high)
    return given.arrays(kind, shapes, elements=entries, fill=st.nothing())


@st.composite
def inputs(
    draw: st.DrawFn,
    *shapes: str,
    low: float = -2.0,
    high: float = 2.0,
    dtype: Any = "float64",
    max_side: int = 4,
) -> tuple[Any, ...]:
    """Draw arrays whose lengths fit each other: the inputs of a layer.

    Args:
        draw: given by Hypothesis; leave it out.
        shapes: one text for each array: names of lengths, or numbers, with blanks between; the
            same name is the same length. "" is an array of no axes.
        low: the smallest number.
        high: the largest.
        dtype: float64, float32 or float16.
        max_side: the greatest length; the least is 1.

    >>> from random import Random
    >>> from hypothesis import find
    >>> dense = inputs("batch before", "before after", "after")
    >>> x, w, b = find(dense, lambda xs: xs[1].shape[1] > 1, random=Random(0))
    >>> x.shape, w.shape, b.shape
    ((1, 1), (1, 2), (2,))
    """
    lengths: dict[str, int] = {}
    found: list[Any] = []
    sides = _up_to(asked.whole("max_side", max_side) - 1)
    for text in shapes:
        asked.instance("inputs", text, str, 'shapes as texts, such as "batch before"')
        shape: list[int] = []
        for name in text.split():
            if name.isdigit():
                shape.append(int(name))
                continue
            if name not in lengths:
                lengths[name] = 1 + draw(sides)
            shape.append(lengths[name])
        found.append(draw(arrays(shape, low=low, high=high, dtype=dtype)))
    return tuple(found)


@st.composite
def programs(
    draw: st.DrawFn,
    *,
    max_ops: int = 8,
    primitives: Sequence[str | Primitive] | None = None,
    using: str | Primitive | None = None,
    max_inputs: int = MAX_INPUTS,
) -> RandomProgram:
    """Draw a program: a random graph of one to eight inputs with shared nodes over rows.

    Every row is inside its sampling domain at the program's `point`, whose numbers come evenly and
    by magnitude, and the result moves with an input. Programs shrink to few instructions of simple
    rows on simple numbers, and print as Python source, or as a test: `program.as_test()`.

    Args:
        draw: given by Hypothesis; leave it out.
        max_ops: the largest number of instructions asked for; scaling operands into a domain and
            joining loose ends may add twice as many.
        primitives: names of rows or rows, your own too; the whole table if left out.
        using: a row that every program uses, by name or itself, such as your own.
        max_inputs: the largest number of inputs, eight at most.

    Raises:
        ValueError: if a name is not of the table, or max_ops or max_inputs is below 1.
        TypeError: if a row is neither a Primitive nor a name.

    >>> from random import Random
    >>> from hypothesis import find
    >>> print(find(programs(primitives=["tanh"]), lambda p: p.instructions, random=Random(0)))
    from autograd import tanh
    <BLANKLINE>
    def program(v0):
        v1 = tanh(v0)
        return v1
    <BLANKLINE>
    program(0.0)
    """
    return build(_Drawn(draw), max_ops, primitives, using, max_inputs)


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    max_inputs: int = 3,
    max_width: int = 3,
    max_layers: int = 3,
    activations: Sequence[str] = ACTIVATIONS,
) -> Network:
    """Draw a small fully connected network with a sample and a target.

    Args:
        draw: given by Hypothesis; leave it out.
        max_inputs: the largest number of inputs.
        max_width: the largest number of neurons in a layer.
        max_layers: the largest number of layers.
        activations: names of rows of one operand to choose from.

    >>> from random import Random
    >>> from hypothesis import find
    >>> net = find(networks(), lambda net: len(net.weights) == 2, random=Random(0))
    >>> net.weights, net.activation
    ([[[0.0]], [[0.0]]], 'tanh')
    """
    sizes = [draw(st.integers(1, max_inputs))]
    sizes += draw(st.lists(st.integers(1, max_width), min_size=1, max_size=max_layers))
    weight = numbers(-2.0, 2.0)

    def vector(count: int) -> list[float]:
        return draw(st.lists(weight, min_size=count, max_size=count))

    weights = [
        [vector(before) for _ in range(after)] for before, after in itertools.pairwise(sizes)
    ]
    biases = [vector(after) for after in sizes[1:]]
    activation = draw(st.sampled_from(list(activations)))
    return Network(weights, biases, activation, vector(sizes[0]), vector(sizes[-1]))


def register_profiles() -> None:
    """Register the Hypothesis profiles `gradients` and `gradients-long`, and load neither.

    Neither has a deadline, so that a busy machine fails no test, and large programs are no fault.
    Load one by `settings.load_profile("gradients")`, or from the command line by
    `pytest --hypothesis-profile=gradients` when a conftest.py has called this.

    >>> register_profiles()
    >>> print(settings.get_profile("gradients").deadline)
    None
    """
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    settings.register_profile("gradients", deadline=None, suppress_health_check=slow)
    settings.register_profile(
        "gradients-long", settings.get_profile("gradients"), max_examples=5_000
    )
