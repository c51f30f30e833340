"""A program in C: the text around its functions, and the library bound to memory."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from autograd.compile.backends.native.spelling import driver, head
from autograd.compile.graph.graph import Ints

_ALIGNED = 64
# What every function of a program takes: the parameters, the samples, the places, the number of
# samples, which lanes have one, and what a sample's gradient counts.
HEAD = "(const R *theta, const V *x, V *t, const int m, const M live, const R share)"
TAKEN = "(theta, x, t, m, live, share)"

# A result is there for each sample, as the mean over the samples, or once for a whole batch.
Spread: TypeAlias = Literal["each", "mean", "once"]


@dataclass(frozen=True, slots=True)
class Returned:
    """Where a result is found when a program has run.

    Attributes:
        places: of its columns.
        spread: how many of it there are.
    """

    places: Ints
    spread: Spread


@dataclass(frozen=True, slots=True)
class NativeText:
    """A program in C, but for the kind of its numbers.

    Attributes:
        functions: the text of its functions.
        calls: the calls of them for some samples side by side, in order.
        rows: the rows whose functions they call.
        places: how many places they use.
        sizes: of the arguments.
        results: in order.
        before: calls before the first samples.
        after: calls behind the last ones.
        share: whether a sample's gradient counts 1 / batch, and not 1.
        level: how hard the compiler is to try: harder pays in loops, and takes time in long texts.
    """

    functions: str
    calls: Sequence[str]
    rows: frozenset[str]
    places: int
    sizes: Sequence[int]
    results: Sequence[Returned]
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    share: bool = False
    level: str = "-O1"

    def text(self, kind: str, lanes: int) -> str:
        """Return the text of the library.

        Args:
            kind: of the numbers, "d" or "f".
            lanes: how many samples stand side by side.
        """
        tables = [
            f"static const int places_{r}[] = {{{', '.join(map(str, result.places.tolist()))}}};"
            for r, result in enumerate(self.results)
        ]
        sizes = ", ".join(map(str, self.sizes))
        tables += [f"#define ARGUMENTS {len(self.sizes)}"]
        tables += [f"static const long sizes[] = {{{sizes}}};"]
        before, inside, after = list(self.before), list(self.calls), list(self.after)
        for r, result in enumerate(self.results):
            n = len(result.places)
            if result.spread == "each":
                inside.append(f"store(t, places_{r}, {n}, results[{r}], at, m);")
            elif result.spread == "once":
                after.append(f"store(t, places_{r}, {n}, results[{r}], 0, 1);")
            else:
                before.append(f"for (long i = 0; i < {n}; i++) results[{r}][i] = 0;")
                inside.append(f"add(t, places_{r}, {n}, results[{r}], m);")
                after.append(f"scale(results[{r}], {n}, 1.0 / batch);")
        body = [
            "void run(long batch, const R *theta, const R *const *inputs, R *const *results,",
            "         V *t) {",
            f"  const R share = {'1.0 / batch' if self.share else '1'};",
            "  int m = W;",
            "  M live = lanes(m);",
            f"  V *x = t + {self.places};",
            *[f"  {line}" for line in before],
            "  for (long at = 0; at < batch; at += W) {",
            "    m = batch - at < W ? batch - at : W;",
            "    live = lanes(m);",
            "    load(inputs, at, m, x);",
            *[f"    {line}" for line in inside],
            "  }",
            *[f"  {line}" for line in after],
            "}",
        ]
        parts = [head(kind, self.rows, lanes), self.functions, *tables, driver(), *body]
        return "\n".join(parts) + "\n"


class NativeBuffers:
    """A program in C bound to memory, for one number of samples.

    Args:
        program: the program.
        lanes: how many samples stand side by side.
        library: what it was compiled to for so many.
        theta: the parameters' numbers, read at each run where they are.
        batch: the number of samples.
        hand: whether the last result becomes the caller's: an array that later runs leave alone.

    Attributes:
        inputs: where each argument's numbers are to be put before a run, (batch, width).
        results: those of the last run: (batch, width), or (width,) for a mean.
        size: bytes held.
    """

    def __init__(
        self,
        program: NativeText,
        lanes: int,
        library: Any,
        theta: Any,
        batch: int,
        *,
        hand: bool,
    ) -> None:
        kind = theta.dtype
        self._run: Any = library.run
        self.inputs = [np.zeros((batch, size), dtype=kind) for size in program.sizes]
        self._found = [
            np.zeros((batch, n) if result.spread == "each" else n, dtype=kind)
            for result in program.results
            for n in [len(result.places)]
        ]
        self._hand = hand
        self.results: list[Any] = [*self._found]
        count = (program.places + sum(program.sizes)) * lanes
        memory = np.empty(count + _ALIGNED, dtype=kind)
        off = -memory.ctypes.data % _ALIGNED // kind.itemsize
        # Held, as an address holds nothing.
        self._memory = theta, memory
        self.size = memory.nbytes + sum(x.nbytes for x in (*self.inputs, *self._found))
        self._arguments = (
            ctypes.c_long(batch),
            _address(theta),
            _addresses(self.inputs),
            _addresses(self._found),
            _address(memory[off:]),
        )

    def run(self) -> None:
        """Run on the inputs; other threads run meanwhile."""
        self._run(*self._arguments)
        if self._hand:
            self.results = [*self._found[:-1], self._found[-1].copy()]


def _address(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _addresses(arrays: Sequence[Any]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
