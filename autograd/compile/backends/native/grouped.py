"""Products of matrices in groups, and what indices pick from lists, as loops in C."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autograd.compile.arrays.ir import Array, Fill, Grouped, Operand, Pick, Unpick
from autograd.compile.arrays.windows import Lattice
from autograd.compile.backends.native.spelling import C
from autograd.compile.graph.graph import Ints


@dataclass(frozen=True, slots=True)
class Spelled:
    """How a program calls its numbers in the text.

    Attributes:
        operand: of an operand and an index, the column there.
        element: of an array and a place, the column there.
        at: the same of an array that is being made.
        table: of numbers, the name of a table of them.
    """

    operand: Callable[[Operand, str], str]
    element: Callable[[Array, str], str]
    at: Callable[[Array, str], str]
    table: Callable[[Ints], str]


def written(statement: Fill | Grouped | Pick | Unpick, names: Spelled) -> list[str]:
    """Return the lines of a statement."""
    match statement:
        case Fill():
            return _filled(statement, names)
        case Grouped():
            return _grouped(statement, names)
        case Pick():
            return _picked(statement, names)
        case Unpick():
            return _unpicked(statement, names)


def _filled(statement: Fill, names: Spelled) -> list[str]:
    """Return the lines of a copy with a number past the lengths of rows."""
    kept = names.table(statement.ragged.kept.astype(np.int64))
    source, number = names.operand(statement.source, "j"), C().number(statement.number)
    place = names.at(statement.out, "j")
    return [
        f"for (long j = 0; j < {statement.out.width}; j++)",
        f"  {place} = {kept}[j] ? {source} : {number};",
    ]


def _grouped(statement: Grouped, names: Spelled) -> list[str]:
    """Return the lines of products; terms that do not count are left out."""
    groups, rows, terms = statement.left_at.counts
    columns = statement.right_at.counts[2]
    left = names.element(statement.left.array, _placed(statement.left_at, "g", "i", "k"))
    right = names.element(statement.right.array, _placed(statement.right_at, "g", "k", "j"))
    into = names.at(statement.out, _placed(statement.out_at, "g", "i", "j"))
    counts = ""
    if statement.kept is not None:
        name = names.table(statement.kept.ravel().astype(np.int64))
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


def _picked(statement: Pick, names: Spelled) -> list[str]:
    """Return the lines of what indices pick."""
    first, size = names.table(statement.first), statement.size
    option = names.element(statement.source.array, f"{first}[j] + {statement.step} * k")
    place = names.at(statement.out, "j")
    return [
        f"for (long j = 0; j < {statement.out.width}; j++) {{",
        *_near(names.operand(statement.index, "j"), size),
        "  V chosen = all(0);",
        f"  for (long k = 0; k < {size}; k++) chosen = CHOOSE({_IS_NEAR}, {option}, chosen);",
        f"  {place} = CHOOSE(p - p == all(0), chosen, all(NAN));",
        "}",
    ]


def _unpicked(statement: Unpick, names: Spelled) -> list[str]:
    """Return the lines of a scatter: added to what is there if it is a sum over the samples."""
    size = statement.size
    place, value = names.at(statement.out, f"{size} * j + k"), f"CHOOSE({_IS_NEAR}, y, unknown)"
    put = f"{place} = {value};" if statement.out.batched else f"{place} += LIVE({value});"
    return [
        f"for (long j = 0; j < {statement.g.width}; j++) {{",
        *_near(names.operand(statement.index, "j"), size),
        f"  const V y = {names.operand(statement.g, 'j')};",
        "  const V unknown = CHOOSE(p == p, all(0), all(NAN));",
        f"  for (long k = 0; k < {size}; k++) {put}",
        "}",
    ]


# Whether the place k is the nearest to an index.
_IS_NEAR = "near >= all((R)k - (R)0.5) & near < all((R)k + (R)0.5)"


def _near(index: str, size: int) -> list[str]:
    """Return lines that move an index to where there is a number; nan to nowhere."""
    return [
        f"  const V p = {index};",
        "  V near = CHOOSE(p > all(0), p, all(0));",
        f"  near = CHOOSE(p > all({size - 1}), all({size - 1}), near);",
        "  near = CHOOSE(p == p, near, all(-1));",
    ]


def _placed(at: Lattice, *names: str) -> str:
    """Return a place in a lattice as text, of what its directions are counted by.

    >>> _placed(Lattice(5, (2, 3, 4), (12, 0, 1)), "g", "i", "k")
    '5 + 12 * g + 1 * k'
    """
    steps = [f"{step} * {name}" for step, name in zip(at.steps, names, strict=True) if step]
    return " + ".join([str(at.start), *steps])
