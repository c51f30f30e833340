"""Wrong rules on purpose, to see whether a test would notice: mutation testing for gradients.

`planted` gives one row of the table a wrong rule while a block runs. Programs then record, go
backward and take gradients by the wrong rule everywhere, as they would if it had been written so.
"""

# pyright: reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
# Rules run on operands of any kind.

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from autograd import asked
from autograd.engine import methods
from autograd.engine.primitive import Primitive
from autograd.engine.primitives import exp, pow, power, reciprocal, sigmoid, square, xlogy

Rule = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A way for a rule to be wrong.

    Attributes:
        name: what is wrong.
        make: from a row to its wrong rule; None where the row has no such fault.

    >>> from autograd import grad, lookup, sin
    >>> wrong = FAULTS[1]
    >>> with planted(lookup("sin"), wrong.make(lookup("sin"))):
    ...     print(wrong.name, grad(sin)(0.0))
    sign -1.0
    """

    name: str
    make: Callable[[Primitive], Rule | None]


def _mapped(change: Callable[[Any], Any]) -> Callable[[Primitive], Rule]:
    def make(row: Primitive) -> Rule:
        rule = row.partials

        def wrong(z: Any, *xs: Any) -> tuple[Any, ...]:
            return tuple([change(d) for d in rule(z, *xs)])

        return wrong

    return make


def _dropped(row: Primitive) -> Rule | None:
    """The rule without its last operand's part."""
    if row.arity is not None and row.arity - row.constants < 2:
        return None
    rule = row.partials

    def wrong(z: Any, *xs: Any) -> tuple[Any, ...]:
        partials = list(rule(z, *xs))
        partials[len(partials) - 1 - row.constants] = 0.0
        return tuple(partials)

    return wrong


def _reversed(row: Primitive) -> Rule | None:
    """The partials in the order of the operands from last to first."""
    # Of two operands that is `_swapped`.
    if row.arity is not None and row.arity - row.constants < 3:
        return None
    rule, constants = row.partials, row.constants

    def wrong(z: Any, *xs: Any) -> tuple[Any, ...]:
        partials = tuple(rule(z, *xs))
        cut = len(partials) - constants
        return (*partials[:cut][::-1], *partials[cut:])

    return wrong


def _swapped(row: Primitive) -> Rule | None:
    """The partials of the first two operands in each other's place."""
    if row.arity is not None and row.arity - row.constants < 2:
        return None
    rule = row.partials

    def wrong(z: Any, *xs: Any) -> tuple[Any, ...]:
        partials = list(rule(z, *xs))
        if len(partials) > 1:
            partials[0], partials[1] = partials[1], partials[0]
        return tuple(partials)

    return wrong


# Forms that are right on paper and lose their tails in floats, by the name of the row.
_TAILS: dict[str, Rule] = {
    "tanh": lambda z, x: (1.0 - z * z,),
    "sigmoid": lambda z, x: (z * (1.0 - z),),
    "expm1": lambda z, x: (z + 1.0,),
    "softplus": lambda z, x: (_late(z),),
    "silu": lambda z, x: (_late_silu(x),),
}


def _late(z: Any) -> Any:
    return 1.0 - exp(-z)


def _late_silu(x: Any) -> Any:
    s = sigmoid(x)
    return s + x * s * (1.0 - s)


# Exponents off by one, by the name of the row.
def _exponents() -> dict[str, Rule]:
    return {
        "power": lambda z, x, n: (n * power(x, n), 0.0),
        "pow": lambda z, x, y: (y * pow(x, y), xlogy(z, x)),
        "square": lambda z, x: (2.0 * square(x),),
        "sqrt": lambda z, x: (0.5 * reciprocal(x),),
        "reciprocal": lambda z, x: (-z,),
        "erf": lambda z, x: (1.1283791670955126 * exp(-x),),
        "log": lambda z, x: (reciprocal(square(x)),),
    }


FAULTS: tuple[FaultKind, ...] = (
    FaultKind("factor 1.001", _mapped(lambda d: d * 1.001)),
    FaultKind("sign", _mapped(lambda d: d * -1.0)),
    FaultKind("dropped term", _dropped),
    FaultKind("swapped operands", _swapped),
    FaultKind("operands in reverse", _reversed),
    FaultKind("zero", _mapped(lambda d: d * 0.0)),
    FaultKind("tail form", lambda row: _TAILS.get(row.name)),
    FaultKind("exponent off by one", lambda row: _exponents().get(row.name)),
)
"""The ways a rule goes wrong that checkers are measured by."""


@contextlib.contextmanager
def planted(row: Primitive, rule: Rule) -> Generator[None]:
    """Inside the block, `row` has the partials `rule`, in every graph recorded before or within.

    The row is changed and the code made from it is made anew, so that the operators of Value,
    `backward`, `gradient` and compiled programs all follow the wrong rule, and the right one again
    after the block, whenever they were recorded or compiled. Only text that was written out before
    (`program.source`, a saved program) keeps its rule. The change is seen by all threads.

    >>> from autograd import grad, lookup, sin
    >>> with planted(lookup("sin"), lambda z, x: (z,)):
    ...     grad(sin)(0.0)
    0.0
    >>> grad(sin)(0.0)
    1.0
    """
    asked.instance("planted", row, Primitive, 'a row of the table: write lookup("sin")')
    asked.function("planted", rule, "a rule: a function of z and the operands")
    kept = row.partials
    _give(row, rule)
    try:
        yield
    finally:
        _give(row, kept)


def _give(row: Primitive, rule: Any) -> None:
    object.__setattr__(row, "partials", rule)
    methods.remake(row)
