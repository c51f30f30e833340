"""What flows back through choices that are made when a program runs.

An eager graph knows what was chosen, and nothing flows elsewhere, not even 0 * inf. A program has
one text for all samples, so a number says of each what has flowed to a node at all.
"""

from __future__ import annotations

from typing import Any


class Flow:
    """What a node has received, and whether.

    Attributes:
        g: what it has received.
        flowed: a number that is 0 where it has received nothing; 1.0 where it always has, and 0.0
            where it never has.
    """

    __slots__ = ("flowed", "g")

    def __init__(self, g: Any, flowed: Any) -> None:
        self.g = g
        self.flowed = flowed

    def __add__(self, other: Flow) -> Flow:
        return Flow(self.g + other.g, either(self.flowed, other.flowed))


def either(first: Any, second: Any) -> Any:
    """Return a number that is 0 where both are; neither is below 0."""
    for x, y in ((first, second), (second, first)):
        if x.__class__ is float:
            return x if x else y
    return first if first is second else first + second
