"""The words of expressions: functions, numbers that have a name, and other names for them.

Functions are those of the table's rows and a few made of rows that give a single number. Where a
word is none of them, here stands the one to write in its place.
"""

import inspect
import math
import re
from collections.abc import Callable
from typing import Any

from autograd import asked, functions
from autograd.engine import primitives
from autograd.engine.primitive import ATOM, TABLE, Operand, apply
from autograd.engine.symbolic import structural_zeros
from autograd.spellings import MATHEMATICS

CONSTANTS = {"pi": math.pi, "e": math.e}
_OF_LISTS = ("mean", "variance", "norm")


def function_of(name: str) -> Callable[..., Any] | None:
    """Return the function of a row, or one made of rows that gives a single number."""
    if name in _OF_LISTS:
        return getattr(functions, name)
    row = TABLE.get(name)
    if row is None:
        return None
    own = getattr(primitives, name, None)
    # A user's own primitive is in the table alone.
    return own if callable(own) else lambda *operands: apply(row, operands)


def takes_lists(name: str, function: Callable[..., Any]) -> bool:
    """Return whether a function is called with lists, and not with single operands."""
    if name in _OF_LISTS:
        return True
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return TABLE[name].arity is None and inspect.Parameter.VAR_POSITIONAL not in kinds


def written(name: str) -> str:
    """Return a call of a function of lists as an example.

    >>> written("mean"), written("dot"), written("select")
    ('mean([x, y])', 'dot([x, y], [a, b])', 'select(i, [x, y])')
    """
    if name in _OF_LISTS:
        return f"{name}([x, y])"
    row = TABLE[name]
    # An operand that the rule passes nothing to stands before the list: an index.
    names = ["i"] * len(structural_zeros(row)) + ["x", "y", "a", "b"][: 4 if row.paired else 2]
    return row.text([Operand(name, ATOM) for name in names])


def fits(function: Callable[..., Any], operands: list[Any]) -> bool:
    """Return whether a function of lists can be called with operands."""
    try:
        inspect.signature(function).bind(*operands)
    except TypeError:
        return False
    return any(isinstance(x, list) for x in operands)


def instead(name: str) -> str:
    """Return the function that an unknown name may stand for, in words that follow the name.

    >>> [instead(name) for name in ("ln", "exp2", "tahn", "q")]
    [': it is log here', ': write pow(2.0, x)', '; is tan or tanh meant?', '']
    """
    if name in MATHEMATICS:
        here = MATHEMATICS[name].replace("autograd.", "")
        called = re.match(r"(\w+)\([\w, ]+\)(, or .*)?$", here)
        return f": it is {called[1]} here" if called else f": write {here}"
    near = asked.near(name, [*TABLE, *_OF_LISTS], most=2)
    return f"; is {' or '.join(near)} meant?" if near else ""
