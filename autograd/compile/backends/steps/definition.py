"""A line of text that makes one thing, and the gaps in it: names of lines and whole numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d*)?(?:e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Definition:
    """What makes one thing: its name, the expression, and what is said of it."""

    name: str
    text: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.name} = {self.text}{self.note}"


@dataclass(frozen=True, slots=True)
class Gapped:
    """A text with gaps: `fixed[0]`, a gap, `fixed[1]`, ...; what is a line's number, what a number.

    Attributes:
        fixed: what stands around the gaps.
        is_line: of each gap.
        value: of each gap: the number, or that of the line whose name stands there.
    """

    fixed: tuple[str, ...]
    is_line: tuple[bool, ...]
    value: tuple[int, ...]


def gapped(text: str, numbers: Mapping[str, int]) -> Gapped:
    """Return a text with gaps for names of lines, which have these numbers, and whole numbers.

    >>> gapped("v1 * 0.5 + x[:, 12]", {"v1": 7})
    Gapped(fixed=('', ' * 0.5 + x[:, ', ']'), is_line=(True, False), value=(7, 12))
    """
    fixed: list[str] = []
    is_line: list[bool] = []
    value: list[int] = []
    end = 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        number = numbers.get(word)
        if number is None and not word.isdigit():
            continue
        fixed.append(text[end : token.start()])
        is_line.append(number is not None)
        value.append(int(word) if number is None else number)
        end = token.end()
    return Gapped((*fixed, text[end:]), tuple(is_line), tuple(value))
