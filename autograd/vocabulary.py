"""The words of expressions: functions, numbers that have a name, other names, and faults.

Functions are those of the table's rows and a few made of rows that give a single number. Where a
word is none of them, here stands the one to write in its place. Pages that parse expressions are
given these words as data, so that they say the same.
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
OF_LISTS = ("mean", "variance", "norm")

# How deep parentheses and powers may stand in one another, how many characters there may be, and
# how many of a line are shown on each side of a fault.
DEEPEST = 80
LONGEST = 100_000
WINDOW = 60

# Signs of typeset mathematics, and what stands for them.
PLAIN = {"−": "-", "×": "*", "·": "*", "÷": "/"}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
HINTS = {
    "^": "a power is written **",
    ".": "functions are written by their name alone, as in tanh(x)",
    "{": "parentheses are written ( )",
    "|": "an absolute value is written abs(x)",
    "⁻": "a power is written **, as in x**-1",
    "√": "a root is written sqrt(x)",
    "!": "there is no factorial",
    "%": "there is no remainder",
    "<": "there are no comparisons; step(x) is 1 where x > 0",
    ">": "there are no comparisons; step(x) is 1 where x > 0",
}

# What is said of each fault.
SAID = {
    "atom": "expected a number or a name, found {sign}",
    "beside": "a list cannot stand beside {sign}",
    "called": "{name} is a number and cannot be called: write {name}*(...)",
    "comma": "a comma stands only in a call or a list; a number is written as in 1.5",
    "deep": "this is nested more than {most} deep",
    "division": "there is no whole division: a quotient is written with one /",
    "empty": "the expression is empty",
    "end": "the end",
    "ends": "the expression ends here: a number or a name is missing",
    "equality": "there are no comparisons; equal(x, y) is 1 where x and y are equal",
    "function": "{name} is a function: write {name}(x)",
    "hinted": "{sign} is not understood: {hint}",
    "list": "a list stands only in a call, as in sum([x, y])",
    "long": "an expression has at most {most} characters, got {got}",
    "meant": "; is {names} meant?",
    "open": "expected {sign} for the {opened} at character {at}, found {found}",
    "operand": "{name} takes {takes} operand, got {got}",
    "operands": "{name} takes {takes} operands, got {got}",
    "or": " or ",
    "operator": "an operator is missing between {before} and {after}: a product is written with *",
    "sequence": "{name} takes a sequence in brackets: write {written}",
    "sign": "{sign} is not understood",
    "signed": "a list has no sign",
    "superscript": "{sign} is not understood: a power is written **, as in x**{power}",
    "taken": "{name} has a value already",
    "unexpected": "{sign} is not expected here",
    "unknown": "there is no function called {name}{instead}",
    "unnamed": "nothing uses this part: give it a name, as in u = x*y, or leave it out",
    "unused": "{name} was given a value, but there is no {name} in {text}",
    "value": "{name} has no value: give it one, as in {name}=0.5",
}


def function_of(name: str) -> Callable[..., Any] | None:
    """Return the function of a row, or one made of rows that gives a single number."""
    if name in OF_LISTS:
        return getattr(functions, name)
    row = TABLE.get(name)
    if row is None:
        return None
    own = getattr(primitives, name, None)
    # A user's own primitive is in the table alone.
    return own if callable(own) else lambda *operands: apply(row, operands)


def takes_lists(name: str, function: Callable[..., Any]) -> bool:
    """Return whether a function is called with lists, and not with single operands."""
    if name in OF_LISTS:
        return True
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return TABLE[name].arity is None and inspect.Parameter.VAR_POSITIONAL not in kinds


def written(name: str) -> str:
    """Return a call of a function of lists as an example.

    >>> written("mean"), written("dot"), written("select")
    ('mean([x, y])', 'dot([x, y], [a, b])', 'select(i, [x, y])')
    """
    if name in OF_LISTS:
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
    near = asked.near(name, [*TABLE, *OF_LISTS], most=2)
    return SAID["meant"].format(names=SAID["or"].join(near)) if near else ""


def said_by(name: str, error: Exception) -> str:
    """Return what a function has to say of its operands, with its name in front.

    >>> said_by("log", ValueError("expected a number")), said_by("dot", ValueError("dot takes two"))
    ('log: expected a number', 'dot takes two')
    """
    reason = str(error)
    return reason if reason.startswith(name) else f"{name}: {reason}"
