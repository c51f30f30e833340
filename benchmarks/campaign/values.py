"""What the fuzz part calls with: a hundred kinds of bad values, as text, and small good objects.

Text, so that every call is a program one can paste under `from benchmarks.campaign.values
import *`.
"""

# What stands here by name is for the texts.
# ruff: noqa: E501, F401
import collections
import decimal
import enum
import fractions
import io
import itertools
import math
import operator
import pathlib
import types
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Primitive, Value, check, laboratory, micrograd
from autograd.check import strategies
from nn import datasets, init, losses, plots, schedules, validation
from nn.metrics import outputs as metrics


class Hostile:
    """Answers every attribute with an error of its own."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"hostile: no {name}")


class Iterating:
    """Begins to be iterated over, and fails."""

    def __iter__(self) -> Any:
        yield 1.0
        raise RuntimeError("hostile: no more")


class Sized:
    """Has a length that is none."""

    def __len__(self) -> int:
        return -1

    def __getitem__(self, i: int) -> Any:
        raise RuntimeError("hostile: nothing here")


class Numeric:
    """Says that it is a number, and is not."""

    def __float__(self) -> float:
        raise RuntimeError("hostile: no number")

    def __index__(self) -> int:
        raise RuntimeError("hostile: no whole number")


class Quiet:
    """Answers every attribute with itself, as a mock does."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self


class Shouting:
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("hostile: no repr")


class Color(enum.Enum):
    """An enumeration."""

    RED = 1


def cube(x: Any) -> Any:
    return x * x * x


def slope(x: Any) -> Any:
    return 3.0 * x * x


def squares(x: Any) -> Any:
    return np.sum(x * x)


def doubles(x: Any) -> Any:
    return 2.0 * x


def product(x: Any, y: Any) -> Any:
    return x * y


def square_sum(xs: Any) -> Any:
    return ag.dot(xs, xs)


def z() -> Value:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    return (
        ag.tanh(
            x * y + ag.exp(x),
        )
        + x
    )


def leaf() -> Value:
    return Value(2.0, "x")


def model() -> nn.MLP:
    return nn.MLP([2, 2, 1], seed=0)


def samples() -> Any:
    return np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])


def targets() -> Any:
    return np.array([1, 1, 0, 0])


def sgd() -> nn.SGD:
    return nn.SGD(model().parameters(), lr=0.1)


def record() -> nn.EpochRecord:
    return nn.EpochRecord(1, 0.5, None, None, None, 0.1, 0)


def recording() -> Any:
    page = nn.playground(model(), samples(), targets(), loss="hinge", lr=0.1, batch_size=2)
    return page._recording


def row(name: str = "fuzzed") -> Primitive:
    return Primitive(name, lambda x: x * x * x, lambda z, x: (3.0 * x * x,))


def trained(net: Any = None, X: Any = None, y: Any = None, **changed: Any) -> nn.History:
    """Fit a small model; here, so that model and optimiser belong together."""
    net = model() if net is None else net
    steps = nn.SGD(net.parameters(), lr=0.1) if isinstance(net, nn.Module) else sgd()
    return nn.fit(
        net,
        samples() if X is None else X,
        targets() if y is None else y,
        **{
            "loss": "binary_cross_entropy",
            "optimizer": steps,
            "epochs": 1,
            "batch_size": 2,
            "validation": None,
            "progress": False,
            **changed,
        },
    )


def ready() -> nn.MLP:
    """Return a model that was trained."""
    net = model()
    trained(net)
    return net


def searched(**changed: Any) -> nn.RateSearch:
    """Search a rate for a small model."""
    net = model()
    given = {"loss": "binary_cross_entropy", "optimizer": nn.SGD(net.parameters(), lr=0.1)}
    return nn.find_lr(net, samples(), targets(), **{**given, "batch_size": 2, **changed})


def saved(name: str = "kept.npz") -> str:
    model().save(name)
    return name


def assigned(thing: Any, name: str, value: Any) -> Any:
    """Set an attribute: a helper, so that the assignment is an expression."""
    setattr(thing, name, value)
    return thing


def applied(operation: str, left: Any, right: Any) -> Any:
    return eval(f"left {operation} right", {"left": left, "right": right})


def entered(manager: Any) -> Any:
    with manager as inside:
        return inside


def program() -> Any:
    return ag.compile(product, argnum=(0, 1))


def called() -> Any:
    made = program()
    made(2.0, 3.0)
    return made


def source() -> str:
    return ag.to_json(z())


def drawing() -> Any:
    return ag.draw(z())


def walked() -> Any:
    return ag.explain(z(), z())._walk


def text_of(thing: Any) -> str:
    """Show it in every way that notebooks and consoles do."""
    shown = [str(thing), repr(thing)]
    for name in ("_repr_html_", "_repr_svg_", "_repr_latex_"):
        method = getattr(thing, name, None)
        if method is not None:
            shown.append(str(method()))
    return "\n".join(shown)


# fmt: off
BAD = [
    # Nothing, truth, numbers that are no floats.
    "None", "True", "False", "...", "NotImplemented", "0", "1", "-1", "2", "3", "7", "0.0", "-0.0",
    "0.5", "-2.5", "1e-320", "1e308", "math.nan", "math.inf", "-math.inf", "2**31", "2**63", "-2**63",
    "10**400", "1j", "complex(1, 0)", "decimal.Decimal('1.5')", "decimal.Decimal('nan')",
    "fractions.Fraction(1, 3)", "fractions.Fraction(10**400)", "np.float32(0.5)", "np.float64('nan')",
    "np.longdouble(2)", "np.longdouble('1e4000')", "np.int64(3)", "np.uint8(255)", "np.bool_(True)",
    "np.complex128(1j)", "np.datetime64('2020-01-01')", "np.timedelta64(1)", "np.str_('a')",
    # Text.
    "''", "'a'", "'x'", "'1'", "'eager'", "'sgd'", "'\\x00'", "'a/b'", "'é' * 300", "b''", "b'a'",
    "bytearray(b'ab')", "memoryview(b'ab')",
    # Collections.
    "[]", "()", "{}", "set()", "[None]", "[1]", "(1, 2)", "[1.0, 2.0]", "['a']", "[[1.0], [2.0, 3.0]]",
    "[[]]", "[math.nan]", "{'a': 1}", "{0: 1.0}", "{1.0, 2.0}", "frozenset([1])", "range(3)",
    "(x for x in [1.0, 2.0])", "iter([])", "map(str, [1])", "itertools.repeat(1.0, 5)",
    "collections.deque([1.0])", "collections.OrderedDict(a=1)", "slice(1, 2)", "[Value(1.0), 'a']",
    # Arrays.
    "np.array(1.0)", "np.array([])", "np.array([1.0, 2.0])", "np.zeros((0, 2))", "np.zeros((2, 0))",
    "np.ones((2, 2))", "np.ones((1, 2, 1))", "np.array([True, False])", "np.array([1j, 2.0])",
    "np.array(['a', 'b'])", "np.array([None, 1.0])", "np.array([1, 2], dtype=np.int8)",
    "np.ma.masked_array([1.0, 2.0], [True, False])", "np.array([math.nan, math.inf])",
    "np.array([Value(1.0), Value(2.0)])", "np.array([(1, 2.0)], dtype='i4,f8')",
    "np.array(['2020-01-01'], dtype='M8[D]')",
    # Values and what belongs to nn.
    "leaf()", "z()", "[leaf(), leaf()]", "Value(math.nan)", "model()", "[model()]", "sgd()", "record()",
    "nn.History([])", "row()", "program()", "drawing()",
    # Functions, classes, modules.
    "cube", "product", "lambda: 1.0", "lambda *xs: None", "lambda *xs: 'a'", "lambda *xs, **named: 1.0",
    "lambda x: x.nothing", "print", "len", "int", "Value", "nn.MLP", "object", "type", "math", "np.add",
    "Exception('a')", "ValueError", "types.SimpleNamespace(data=1.0)", "Color.RED",
    "pathlib.Path('nowhere/at/all')", "io.StringIO('a')",
    # Objects that mean harm.
    "object()", "Hostile()", "Iterating()", "Sized()", "Numeric()", "Quiet()", "Shouting()",
]
# fmt: on
