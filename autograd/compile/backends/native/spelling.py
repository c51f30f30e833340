"""The dialect of C, and which rows have a function in C: `rows.c`, with what each of them needs.

A number stands for several samples side by side: a vector, on which operators work as on numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from autograd.compile.graph.graph import PARAMETER
from autograd.compile.graph.straight import added_up
from autograd.engine import numeric, primitives
from autograd.engine.primitive import TABLE, Primitive

# Sums of more terms are loops over an array of them: the compiler nests a chain as deep as it is.
_LONGEST = 200
# How many numbers of each kind stand side by side: 32 bytes, which most processors add at once.
_LANES = {"d": 4, "f": 8}
_KINDS = {"d": ("double", "long long"), "f": ("float", "int")}

_DEFINITION = re.compile(
    r"^(?:EACH\d\((\w+), \w+\)|static (?:inline )?\w+ (\w+)\((?s:.*?)^\})$", re.MULTILINE
)


@cache
def _text(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


@cache
def _definitions() -> dict[str, str]:
    """Return the definitions of `rows.c` by the names that they define, in their order."""
    text = _text("rows.c")
    return {
        f"row_{found[1]}" if found[1] else found[2]: found[0]
        for found in _DEFINITION.finditer(text)
    }


def is_spelt(row: Primitive) -> bool:
    """Return whether a row of the table that ships is an operator or a function in C.

    >>> from autograd import lookup
    >>> is_spelt(lookup("add")), is_spelt(lookup("erf"))
    (True, True)
    >>> is_spelt(Primitive("erf", abs, lambda z, x: (1.0,)))
    False
    """
    if row.function is numeric.same:
        return True
    ships = TABLE.get(row.name) is row and hasattr(primitives, row.name)
    return ships and bool(row.operator or f"row_{row.name}" in _definitions())


def lanes(kind: str, batch: int) -> int:
    """Return how many samples of a batch stand side by side.

    >>> lanes("d", 1), lanes("d", 2), lanes("f", 100)
    (1, 4, 8)
    """
    return 1 if batch == 1 else _LANES[kind]


def head(kind: str, names: Iterable[str], lanes: int) -> str:
    """Return what a program begins with: its kind of numbers, and the rows' functions it calls.

    Args:
        kind: "d" for double, "f" for float.
        names: of the rows.
        lanes: how many samples stand side by side.

    >>> text = head("d", ["silu"], 4)
    >>> [name in text for name in ("row_sigmoid(", "EACH1(exp, exp)", "tanh")]
    [True, True, False]
    """
    known = _definitions()
    needed = dict.fromkeys(f"row_{name}" for name in names)
    open_ends = list(needed)
    for name in open_ends:
        text = known[name]
        for word in re.findall(r"\w+", text.partition("{")[2] or text):
            if word in known and word not in needed:
                needed[word] = None
                open_ends.append(word)
    real, whole = _KINDS[kind]
    copies = f"((V){{{', '.join(['x'] * lanes)}}})" if lanes > 1 else "x"
    defined = [f"#define {k} {v}" for k, v in zip(
        ("REAL", "WHOLE", "W", "ALL"), (real, whole, lanes, copies), strict=True
    )]  # fmt: skip
    each = re.findall(r"^#define EACH\d(?:.*\\\n)*.*\n", _text("rows.c"), re.MULTILINE)
    rows = [text for name, text in known.items() if name in needed]
    return "\n".join([*defined, _text("frame.c"), *each, *rows]) + "\n"


def driver() -> str:
    """Return what stands behind the functions: the moving of numbers in and out."""
    return _text("driver.c")


class C:
    """The dialect of C, which notes the rows whose functions it calls.

    Args:
        leaves: the texts of the inputs, by their places; those of parameters, if there are any, are
            `theta`'s.
    """

    named_from = 3

    def __init__(self, leaves: Sequence[str] = ()) -> None:
        self._leaves = leaves
        self.calls: set[str] = set()

    def number(self, x: float) -> str:
        """See `Dialect`."""
        if not math.isfinite(x):
            return "all(NAN)" if x != x else f"all({'' if x > 0.0 else '-'}INFINITY)"
        return f"all({x!r})"

    def leaf(self, code: int, place: int) -> str:
        """See `Dialect`."""
        return f"all(theta[{place}])" if code == PARAMETER else self._leaves[place]

    def line(self, name: str, text: str) -> str:
        """See `Dialect`."""
        return f"const V {name} = {text};"

    def written(self, row: Primitive, taken: Sequence[str]) -> str:
        """See `Dialect`."""
        if row.operator:
            return row.operation(*taken)
        if row.function is numeric.same:
            return taken[0]
        chain = added_up(row, taken) if len(taken) <= _LONGEST else None
        if chain is not None:
            return chain if taken else self.number(0.0)
        self.calls.add(row.name)
        listed = ", ".join(taken)
        if row.arity is None:
            return f"row_{row.name}((V[]){{{listed}}}, {len(taken)}, m)"
        return f"row_{row.name}({listed}, m)"
