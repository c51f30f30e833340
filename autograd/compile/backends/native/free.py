"""Places of the columns of arrays, which go on to others behind their last use."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class FreePlaces:
    """Places in a row, taken and given back.

    >>> places = FreePlaces()
    >>> first, second = places.take(3), places.take(2)
    >>> places.give(first, 3)
    >>> places.take(2), places.take(2), places.size
    (0, 5, 7)
    """

    size: int = 0
    free: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def take(self, width: int, *, again: bool = True) -> int:
        """Return where so many places begin that nobody has, or that nobody had before."""
        for i, (begin, count) in enumerate(self.free):
            if again and count >= width:
                self.free[i : i + 1] = [(begin + width, count - width)] * (count > width)
                return begin
        self.size += width
        return self.size - width

    def give(self, begin: int, width: int) -> None:
        """Give places back."""
        joined: list[tuple[int, int]] = []
        for start, count in sorted([*self.free, (begin, width)]):
            if joined and sum(joined[-1]) == start:
                joined[-1] = joined[-1][0], joined[-1][1] + count
            else:
                joined.append((start, count))
        self.free = joined
