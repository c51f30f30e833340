"""Lines of text, `name = expression`, of which blocks that repeat are written as one loop.

Numbers that move on evenly from block to block become a number of steps, `3 * t + 6`. What a block
makes and others read is kept in a list, so nothing is changed in place and the lines run under
`jit`; all else has one name in the loop.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from autograd.compile.backends.steps.definition import Definition, Gapped, gapped
from autograd.compile.graph.graph import INPUT
from autograd.compile.graph.periods import Nodes, Segment, alike, segments

# A list that is put together of more pieces than this is no shorter than its lines.
_PIECES = 8
# So many names in a row may be a part of a list.
_NAMES = 4
# Of so many lines that are in no loop a report says why.
_MANY = 300
# A whole number, or the number of a line, and how much further it is at each step.
_Moving: TypeAlias = tuple[int, int]
# Where a line lies: the number of its loop or -1, its place in a block, and the block's number.
_Spot: TypeAlias = tuple[int, int, int]


def written(lines: Sequence[Definition], returned: Sequence[str]) -> tuple[list[str], list[str]]:
    r"""Return lines as text, and what is returned; blocks that repeat as loops.

    >>> lines = [Definition("v0", "x[:, 0:2]")]
    >>> for i in range(1, 100):
    ...     lines.append(Definition(f"v{i}", f"np.tanh(v{i - 1}) + x[:, {2 * i}:{2 * i + 2}]"))
    >>> body, returned = written(lines, ["v99"])
    >>> print("\n".join([*body, *returned]))
    v0 = x[:, 0:2]
    v1s = [v0]
    for t in range(99):
        v1 = np.tanh(v1s[t]) + x[:, 2 * t + 2:2 * t + 4]
        v1s.append(v1)
    v1s[99]
    """
    text = _Definitions(lines)
    shown = [text.shown(x) for x in returned]
    return text.body(), shown


def steps_said(lines: Sequence[Definition]) -> list[str]:
    """Return what is to say of steps in lines: which are loops, and why many others are none.

    >>> lines = [Definition("v0", "x")]
    >>> lines += [Definition(f"v{i}", f"np.tanh(v{i - 1})") for i in range(1, 100)]
    >>> steps_said(lines)
    ['99 steps of 1 statement are one loop']
    """
    text = _Definitions(lines)
    said: list[str] = []
    left = len(lines)
    for loop in text.loops:
        size, times = loop.at.size, loop.at.times
        left -= size * times
        said.append(f"{times:,} steps of {size:,} statement{'s' * (size > 1)} are one loop")
    if left >= _MANY:
        why = "no block of operations repeats"
        repeated = [at.size * at.times for at in segments(text.symbols()) if at.times > 1]
        if 2 * sum(repeated) > len(lines):
            why = "blocks of operations repeat, and what they read does not move on evenly"
        said.append(
            f"{left:,} statements are in no loop, as {why}: write steps of one shape, each with "
            "the operations of the one before on the next inputs, and dot for their products, or "
            "native=True"
        )
    return said


class _Unloopable(Exception):
    """The blocks read each other's results in a way that no loop has words for."""


class _Loop:
    """A loop underway.

    Attributes:
        at: where its blocks lie.
        before: by line of a block, how many blocks before the first are read: they begin the list.
        gathered: by gap, the line before the loop that makes a list of what each step reads there.
    """

    def __init__(self, at: Segment) -> None:
        self.at = at
        self.before: dict[int, int] = {}
        self.gathered: dict[tuple[int, int], str] = {}


class _Definitions:
    def __init__(self, lines: Sequence[Definition]) -> None:
        self._lines = lines
        self._number = {line.name: i for i, line in enumerate(lines)}
        self._parsed = [gapped(line.text, self._number) for line in lines]
        found = [Segment(0, len(lines))] if lines else []
        if len(lines) > _NAMES:
            found = segments(self._nodes())
        self._segments = found
        self.loops: list[_Loop] = []
        self._spots: list[_Spot] = []
        self._listed: set[int] = set()
        self._choose([segment for segment in found if segment.times > 1])

    def symbols(self) -> Nodes:
        """Return the lines as nodes without operands: what stands around the gaps."""
        return alike([x.fixed for x in self._parsed])

    def _nodes(self) -> Nodes:
        """Return the lines as nodes whose operands are what stands in the gaps."""
        start = np.cumsum([0, *[len(x.value) for x in self._parsed]])
        kind = [0 if is_line else INPUT for x in self._parsed for is_line in x.is_line]
        value = [value for x in self._parsed for value in x.value]
        moving = [np.array(x, dtype=np.int64) for x in (start, kind, value)]
        return Nodes(self.symbols().symbol, *moving)

    # Which blocks are loops -----------------------------------------------------------------------

    def _choose(self, candidates: list[Segment]) -> None:
        """Make loops of segments; without those for which there are no words."""
        while True:
            self.loops = [_Loop(at) for at in candidates]
            self._listed.clear()
            self._spots = [(-1, 0, 0)] * len(self._lines)
            for i, at in enumerate(candidates):
                steps = itertools.product(range(at.times), range(at.size))
                self._spots[at.begin : at.end] = [(i, k, block) for block, k in steps]
            wrong = [loop.at for loop in self.loops if not self._is_sound(loop)]
            if not wrong:
                break
            candidates = [at for at in candidates if at not in wrong]
        for loop in self.loops:
            for key, moving in self._far(loop):
                self._gather(loop, key, self._run(loop, moving))

    def _is_sound(self, loop: _Loop) -> bool:
        try:
            for place, before in self._carried(loop):
                loop.before[place] = max(before, loop.before.get(place, 0))
            for place, before in loop.before.items():
                self._pieces(self._earlier(loop, place, before))
            for _, moving in self._far(loop):
                self._pieces(self._run(loop, moving))
        except _Unloopable:
            return False
        return True

    def _gaps(self, loop: _Loop) -> Iterable[tuple[tuple[int, int], _Moving]]:
        """Return the gaps of a block that name lines, by line and gap, with how these move on."""
        at = loop.at
        for k in range(at.size):
            first, second = self._parsed[at.begin + k], self._parsed[at.begin + at.size + k]
            for i, is_line in enumerate(first.is_line):
                if is_line:
                    yield (k, i), (first.value[i], second.value[i] - first.value[i])

    def _carried(self, loop: _Loop) -> Iterable[tuple[int, int]]:
        """Return which lines of blocks earlier ones read, and how many blocks earlier."""
        at = loop.at
        for _, (line, step) in self._gaps(loop):
            last = line + step * (at.times - 1)
            if at.begin <= line < at.begin + at.size and step == at.size:
                continue
            if max(line, last) < at.begin:
                continue
            if step != at.size or line >= at.begin:
                raise _Unloopable
            yield (line - at.begin) % at.size, -((line - at.begin) // at.size)

    def _far(self, loop: _Loop) -> Iterable[tuple[tuple[int, int], _Moving]]:
        """Return the gaps in which each step has another line from before the loop."""
        at = loop.at
        for key, (line, step) in self._gaps(loop):
            if step and max(line, line + step * (at.times - 1)) < at.begin:
                yield key, (line, step)

    def _run(self, loop: _Loop, moving: _Moving) -> list[int]:
        return (moving[0] + moving[1] * np.arange(loop.at.times)).tolist()

    def _earlier(self, loop: _Loop, place: int, before: int) -> list[int]:
        """Return the lines that the first blocks read in the place of blocks before them."""
        first = loop.at.begin + place
        if first < before * loop.at.size:
            raise _Unloopable
        return [first - k * loop.at.size for k in range(before, 0, -1)]

    def _gather(self, loop: _Loop, key: tuple[int, int], run: Sequence[int]) -> None:
        """Note a list of what the steps read, if no list has it at even places."""
        blocks = [self._spots[line][2] for line in run]
        steps = {later - block for block, later in itertools.pairwise(blocks)}
        if self._column(run) is None or len(steps) > 1:
            loop.gathered[key] = ", ".join(self._pieces(run))

    # What is written for lines that others read ---------------------------------------------------

    def _column(self, lines: Sequence[int]) -> int | None:
        """Return the line of the first block whose place in a block lines have, if all do."""
        found = {self._spots[line][:2] for line in lines}
        ((loop, place), *others) = found
        return None if others or loop < 0 else self.loops[loop].at.begin + place

    def _list(self, line: int) -> tuple[str, int]:
        """Return the list in which a line of a loop is found, and at which place."""
        loop, place, block = self._spots[line]
        first = self.loops[loop].at.begin + place
        self._listed.add(first)
        return f"{self._lines[first].name}s", self.loops[loop].before.get(place, 0) + block

    def _named(self, line: int) -> str:
        if self._spots[line][0] < 0:
            return self._lines[line].name
        name, place = self._list(line)
        return f"{name}[{place}]"

    def _pieces(self, lines: Sequence[int]) -> list[str]:
        """Return the elements of a list of lines; in a row in another list, as a part of it."""
        found: list[str] = []
        i = 0
        while i < len(lines):
            j = i + 1
            while j < len(lines) and self._goes_on(lines[i : i + 2], lines[j - 1 : j + 1]):
                j += 1
            if j - i < _NAMES:
                j = i + 1
                found.append(self._named(lines[i]))
            else:
                name, begin = self._list(lines[i])
                step = self._list(lines[i + 1])[1] - begin
                end = begin + step * (j - i)
                places = f"{begin}:{end if end >= 0 else ''}{f':{step}' if step != 1 else ''}"
                found.append(f"*{name}[{places}]")
            i = j
            if len(found) > _PIECES and len(lines) > 2 * _PIECES:
                raise _Unloopable
        return found

    def _goes_on(self, first: Sequence[int], now: Sequence[int]) -> bool:
        """Whether two lines are as far apart in a list as two others before them."""
        if self._column([*first, *now]) is None:
            return False
        a, b, c, d = [self._spots[line][2] for line in (*first, *now)]
        return b - a == d - c != 0

    def shown(self, text: str) -> str:
        """Return a text that stands behind all lines."""
        return self._plain(gapped(text, self._number))

    def _plain(self, parsed: Gapped) -> str:
        """Return a text outside loops."""
        texts: list[str] = []
        i = 0
        while i < len(parsed.value):
            j = i + 1
            if not parsed.is_line[i]:
                texts += [parsed.fixed[i], str(parsed.value[i])]
            else:
                while j < len(parsed.value) and parsed.is_line[j] and parsed.fixed[j] == ", ":
                    j += 1
                names = [*map(self._named, parsed.value[i:j])]
                if j - i >= _NAMES:
                    with contextlib.suppress(_Unloopable):
                        names = self._pieces(parsed.value[i:j])
                texts += [parsed.fixed[i], ", ".join(names)]
            i = j
        return "".join([*texts, parsed.fixed[-1]])

    # Lines ----------------------------------------------------------------------------------------

    def body(self) -> list[str]:
        """Return all lines."""
        # Once to see which lists are read: each is begun before the loop that fills it.
        found: list[str] = []
        for _ in range(2):
            found = [line for segment in self._segments for line in self._segment(segment)]
        return found

    def _segment(self, segment: Segment) -> Iterable[str]:
        loop = self._spots[segment.begin][0]
        if loop >= 0:
            yield from self._looped(self.loops[loop])
            return
        for i in range(segment.begin, segment.end):
            line = self._lines[i]
            yield str(Definition(line.name, self._plain(self._parsed[i]), line.note))

    def _looped(self, loop: _Loop) -> Iterable[str]:
        at = loop.at
        for k in range(at.size):
            if at.begin + k in self._listed:
                begun = self._pieces(self._earlier(loop, k, loop.before.get(k, 0)))
                yield f"{self._lines[at.begin + k].name}s = [{', '.join(begun)}]"
        for (k, i), made in loop.gathered.items():
            yield f"{self._gathered_name(loop, k, i)} = [{made}]"
        yield f"for t in range({at.times}):"
        for k in range(at.size):
            line = self._lines[at.begin + k]
            notes = {self._lines[i].note for i in range(at.begin + k, at.end, at.size)}
            note = line.note if len(notes) == 1 else ""
            yield f"    {Definition(line.name, self._at_step(loop, k), note)}"
            if at.begin + k in self._listed:
                yield f"    {line.name}s.append({line.name})"

    def _gathered_name(self, loop: _Loop, k: int, i: int) -> str:
        return f"{self._lines[loop.at.begin + k].name}_{i}s"

    def _at_step(self, loop: _Loop, k: int) -> str:
        """Return the text of a block's line at the step t."""
        first = self._parsed[loop.at.begin + k]
        second = self._parsed[loop.at.begin + loop.at.size + k]
        texts: list[str] = []
        for i, (value, later) in enumerate(zip(first.value, second.value, strict=True)):
            before, after = first.fixed[i], first.fixed[i + 1]
            step = later - value
            if not first.is_line[i]:
                alone = before.endswith(("[", "(", ", ", ":")) and after[:1] in {*"]),:"}
                text = _affine(value, step)
                texts += [before, text if alone or not step else f"({text})"]
            else:
                texts += [before, self._read(loop, k, i, value, step)]
        return "".join([*texts, first.fixed[-1]])

    def _read(self, loop: _Loop, k: int, i: int, line: int, step: int) -> str:
        """Return what a gap reads at the step t."""
        at = loop.at
        if not step:
            return self._named(line)
        if at.begin <= line:
            return self._lines[line].name
        if line + step * (at.times - 1) >= at.begin:
            back, place = divmod(line - at.begin, at.size)
            self._listed.add(at.begin + place)
            name = f"{self._lines[at.begin + place].name}s"
            return f"{name}[{_affine(loop.before[place] + back, 1)}]"
        if (k, i) in loop.gathered:
            return f"{self._gathered_name(loop, k, i)}[t]"
        name, place = self._list(line)
        return f"{name}[{_affine(place, self._list(line + step)[1] - place)}]"


def _affine(first: int, step: int) -> str:
    """Return a number that moves on evenly as text.

    >>> _affine(6, 3), _affine(0, 1), _affine(5, -1), _affine(4, 0)
    ('3 * t + 6', 't', '5 - t', '4')
    """
    if not step:
        return str(first)
    text = "t" if abs(step) == 1 else f"{abs(step)} * t"
    if step < 0:
        return f"{first} - {text}"
    return f"{text} + {first}" if first else text
