"""Products of matrices in groups, as C: loops over groups, rows, columns and terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from autograd.compile.arrays.ir import Array, Grouped
from autograd.compile.arrays.windows import Lattice
from autograd.compile.graph.graph import Ints

# Returns a column of an array as text, of its place as text.
_Element: TypeAlias = Callable[[Array, str], str]


def grouped(
    statement: Grouped, element: _Element, place: _Element, table: Callable[[Ints], str]
) -> list[str]:
    """Return the lines of a statement; terms that do not count are left out.

    Args:
        statement: the products.
        element: returns what is read.
        place: returns where a result goes.
        table: takes numbers and returns the name that they have in the text.
    """
    groups, rows, terms = statement.left_at.counts
    columns = statement.right_at.counts[2]
    left = element(statement.left.array, _placed(statement.left_at, "g", "i", "k"))
    right = element(statement.right.array, _placed(statement.right_at, "g", "k", "j"))
    into = place(statement.out, _placed(statement.out_at, "g", "i", "j"))
    counts = ""
    if statement.kept is not None:
        name = table(statement.kept.ravel().astype(np.int64))
        counts = f"if ({name}[({rows} * g + i) * {terms} + k]) "
    return [
        f"for (long g = 0; g < {groups}; g++)",
        f"  for (long i = 0; i < {rows}; i++)",
        f"    for (long j = 0; j < {columns}; j++) {{",
        "      V total = all(0);",
        f"      for (long k = 0; k < {terms}; k++) {counts}total += {left} * {right};",
        f"      {into} = total;",
        "    }",
    ]


def _placed(at: Lattice, *names: str) -> str:
    """Return a place in a lattice as text, of what its directions are counted by.

    >>> _placed(Lattice(5, (2, 3, 4), (12, 0, 1)), "g", "i", "k")
    '5 + 12 * g + 1 * k'
    """
    steps = [f"{step} * {name}" for step, name in zip(at.steps, names, strict=True) if step]
    return " + ".join([str(at.start), *steps])
