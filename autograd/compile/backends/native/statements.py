"""Statements over arrays as C: a loop over columns for each, on several samples side by side.

This is for programs that roll: their text does not grow with the widths of their arrays. An array
has a place for each column, taken again behind its last use; what the sample does not decide is the
same in all lanes. A sum over the samples is kept for each lane and put together at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from autograd.compile.arrays import ir
from autograd.compile.arrays.ir import SHARE, Array, Operand, Statement, View
from autograd.compile.arrays.routine import Work
from autograd.compile.backends.native.bound import HEAD, TAKEN, NativeText, Returned
from autograd.compile.backends.native.compiler import NoCompilerError
from autograd.compile.backends.native.free import FreePlaces
from autograd.compile.backends.native.grouped import Spelled, written
from autograd.compile.backends.native.spelling import C, is_spelt
from autograd.compile.graph.graph import Ints

# When a statement runs: before the first samples, for each few of them, or behind the last.
_Phase: TypeAlias = Literal["before", "inside", "after"]
# Statements of one function.
_FUNCTION = 40
# What sums over the samples where its result is the same for all.
_SUMS = ir.SumBatch | ir.DenseWeights | ir.Unpick
# Outputs of a matrix product that are summed at the same time: an addition takes four cycles.
_ABREAST = 4


def statements_text(work: Work, *, mean: bool) -> NativeText:
    """Return what a task runs, as C.

    Args:
        work: the statements and the results.
        mean: whether the array `share` holds 1 / batch, and not 1.

    Raises:
        NoCompilerError: if a row or a kind of statement has no spelling in C.
    """
    return _Statements(work).text(mean=mean)


class _Statements:
    def __init__(self, work: Work) -> None:
        self._work = work
        routine = work.routine
        self._dialect = C()
        self._tables: list[str] = []
        self._begin: dict[Array, int] = {}
        self._given: dict[Array, str] = {routine.theta: "theta", SHARE: "share"}
        at = 0
        for array in routine.inputs:
            self._begin[array] = at
            self._given[array] = "x"
            at += array.width
        for array in routine.constants:
            self._given[array] = array.name
        self._constants: dict[str, str] = {}
        self._places = FreePlaces()
        self._phase: dict[Array, _Phase] = {}
        self._lines: dict[_Phase, list[list[str]]] = {"before": [], "inside": [], "after": []}
        self._sums: list[Array] = []
        self._names = Spelled(self._operand, self._element, self._at, self._table)

    def text(self, *, mean: bool) -> NativeText:
        """Return the program."""
        statements = list(self._work.statements)
        for statement in statements:
            self._phase[statement.out] = self._when(statement)
        last = self._last_uses(statements)
        for at, statement in enumerate(statements):
            self._lines[self._phase[statement.out]].append(self._written(statement))
            for array in last.get(at, ()):
                self._places.give(self._begin[array], array.width)
        for array in self._sums:
            self._folded(array)
        results = [self._returned(view) for view in self._work.results]
        functions: list[str] = [*self._constants.values(), *self._tables]
        calls = {phase: self._functions(phase, functions) for phase in self._lines}
        return NativeText(
            "\n".join(functions),
            calls["inside"],
            frozenset(self._dialect.calls),
            self._places.size,
            [array.width for array in self._work.routine.inputs],
            results,
            calls["before"],
            calls["after"],
            share=mean,
            level="-O2",
        )

    def _functions(self, phase: _Phase, into: list[str]) -> list[str]:
        """Add the functions of a phase to others, and return the calls of them."""
        listed = self._lines[phase]
        calls: list[str] = []
        for i in range(0, len(listed), _FUNCTION):
            body = [f"  {line}" for lines in listed[i : i + _FUNCTION] for line in lines]
            name = f"{phase}_{i // _FUNCTION}"
            into.append("\n".join([f"static void {name}{HEAD} {{", *body, "}"]))
            calls.append(f"{name}{TAKEN};")
        return calls

    def _when(self, statement: Statement) -> _Phase:
        """Return when a statement runs."""
        arrays = [x.array for x in ir.operands_of(statement) if isinstance(x, View)]
        inputs = self._work.routine.inputs
        found = {self._phase.get(x, "inside" if x in inputs else "before") for x in arrays}
        if statement.out.batched:
            found.add("inside")
        summed = [a for a in arrays if self._is_sum(a)]
        if summed or "after" in found:
            if statement.out.batched or any(a.batched for a in arrays):
                raise NoCompilerError("a sum over the samples goes into a sample's numbers")
            return "after"
        if self._sums_up(statement):
            self._sums.append(statement.out)
            return "inside"
        return "inside" if "inside" in found else "before"

    def _is_sum(self, array: Array) -> bool:
        return any(array is known for known in self._sums)

    @staticmethod
    def _sums_up(statement: Statement) -> bool:
        """Whether a statement sums over the samples."""
        return isinstance(statement, _SUMS) and not statement.out.batched

    def _last_uses(self, statements: Sequence[Statement]) -> dict[int, list[Array]]:
        """Return the arrays that are used by a statement last, by its place.

        Those that outlive the samples at hand are left out.
        """
        last: dict[Array, int] = {}
        for at, statement in enumerate(statements):
            last[statement.out] = at
            for x in ir.operands_of(statement):
                if isinstance(x, View):
                    last[x.array] = at
        kept = {view.array for view in self._work.results} | set(self._sums)
        found: dict[int, list[Array]] = {}
        for array, at in last.items():
            if (
                self._phase.get(array) == "inside"
                and array not in kept
                and (array not in self._given)
            ):
                found.setdefault(at, []).append(array)
        return found

    # Operands -----------------------------------------------------------------------------------

    def _out(self, array: Array) -> int:
        """Return where the places of a new array begin.

        Only what is computed anew for every few samples may take the places of others.
        """
        again = self._phase[array] == "inside" and not self._is_sum(array)
        self._begin[array] = self._places.take(array.width, again=again)
        return self._begin[array]

    def _element(self, array: Array, place: str) -> str:
        """Return a column of an array as text; its place is a number or an expression."""
        given = self._given.get(array)
        if given == "share":
            return "all(share)"
        if given == "x":
            return f"x[{_plus(self._begin[array], place)}]"
        if given is not None or array.data is not None:
            name = given or array.name
            if array.data is not None:
                self._constant(name, array.data)
            return f"all({name}[{place}])"
        return f"t[{_plus(self._begin[array], place)}]"

    def _constant(self, name: str, data: Any) -> None:
        if name not in self._constants:
            listed = ", ".join([_literal(x) for x in data.tolist()])
            self._constants[name] = f"static const R {name}[] = {{{listed}}};"

    def _operand(self, operand: Operand, index: str) -> str:
        """Return an operand at an index; one column broadcasts."""
        if not isinstance(operand, View):
            return self._dialect.number(operand)
        if operand.width == 1:
            return self._element(operand.array, str(operand.start))
        return self._element(operand.array, _even(operand.start, operand.step, index))

    def _table(self, numbers: Ints) -> str:
        """Return the name of a table of places."""
        name = f"table_{len(self._tables)}"
        listed = ", ".join(map(str, numbers.tolist()))
        self._tables.append(f"static const int {name}[] = {{{listed}}};")
        return name

    # Statements ---------------------------------------------------------------------------------

    def _written(self, statement: Statement) -> list[str]:
        match statement:
            case ir.Apply():
                return self._apply(statement)
            case ir.Concat():
                return self._concat(statement)
            case ir.Take():
                return self._take(statement.out, statement.source, statement.index)
            case ir.Slide():
                return self._take(statement.out, statement.source, statement.lattice.index)
            case ir.Overlap():
                return self._overlap(statement)
            case ir.Reduce():
                return self._reduce(statement)
            case ir.SumBatch():
                return self._sum(statement)
            case ir.Many():
                return self._many(statement)
            case ir.Dense():
                return self._dense(statement.out, statement.source, statement, turned=False)
            case ir.DenseOperand():
                return self._dense(statement.out, statement.g, statement, turned=True)
            case ir.DenseWeights():
                return self._weights(statement)
            case ir.Fill() | ir.Grouped() | ir.Pick() | ir.Unpick():
                if self._sums_up(statement):
                    self._emptied(statement.out)
                return written(statement, self._names)

    def _emptied(self, array: Array) -> None:
        """Begin the sum over the samples in an array."""
        self._lines["before"].append(_loop(array.width, [f"{self._at(array, 'j')} = all(0);"]))

    def _apply(self, statement: ir.Apply) -> list[str]:
        if not is_spelt(statement.row):
            raise NoCompilerError(f"there is no C for {statement.row.name}")
        taken = [self._operand(x, "j") for x in statement.operands]
        text = self._dialect.written(statement.row, taken)
        return _loop(statement.out.width, [f"{self._at(statement.out, 'j')} = {text};"])

    def _at(self, array: Array, place: str) -> str:
        begin = self._begin[array] if array in self._begin else self._out(array)
        return f"t[{_plus(begin, place)}]"

    def _concat(self, statement: ir.Concat) -> list[str]:
        begin = self._out(statement.out)
        lines: list[str] = []
        for operand, width in statement.pieces:
            lines += _loop(width, [f"t[{_plus(begin, 'j')}] = {self._operand(operand, 'j')};"])
            begin += width
        return lines

    def _take(self, out: Array, source: View, index: Ints) -> list[str]:
        columns = np.where(index < 0, -1, source.start + source.step * index)
        name = self._table(columns)
        text = self._element(source.array, f"{name}[j]")
        if (index < 0).any():
            text = f"{name}[j] < 0 ? all(0) : {text}"
        return _loop(out.width, [f"{self._at(out, 'j')} = {text};"])

    def _overlap(self, statement: ir.Overlap) -> list[str]:
        index = statement.lattice.index
        name = self._table(index)
        out = self._at(statement.out, "j")
        into = self._at(statement.out, f"{name}[j]")
        return [
            *_loop(statement.out.width, [f"{out} = all(0);"]),
            *_loop(len(index), [f"{into} += {self._operand(statement.g, 'j')};"]),
        ]

    def _reduce(self, statement: ir.Reduce) -> list[str]:
        size = statement.size
        source = self._operand(statement.source, f"{size} * j + k")
        first = self._operand(statement.source, f"{size} * j")
        body = [
            f"V total = {first};",
            f"for (long k = 1; k < {size}; k++) total += {source};",
            f"{self._at(statement.out, 'j')} = total;",
        ]
        return _loop(statement.out.width, body)

    def _sum(self, statement: ir.SumBatch) -> list[str]:
        self._emptied(statement.out)
        out, source = self._at(statement.out, "j"), self._operand(statement.source, "j")
        return _loop(statement.out.width, [f"{out} += LIVE({source});"])

    def _folded(self, array: Array) -> None:
        """Put the sums of the lanes together, before anything reads them."""
        out = self._at(array, "j")
        self._lines["after"].insert(0, _loop(array.width, [f"{out} = folded({out});"]))

    def _many(self, statement: ir.Many) -> list[str]:
        if not is_spelt(statement.row):
            raise NoCompilerError(f"there is no C for {statement.row.name}")
        size, name = statement.size, statement.row.name
        self._dialect.calls.add(name)
        source = self._operand(statement.source, f"{size} * j + k")
        body = [
            f"V xs[{size}];",
            f"for (long k = 0; k < {size}; k++) xs[k] = {source};",
            f"{self._at(statement.out, 'j')} = row_{name}(xs, {size}, m);",
        ]
        return _loop(statement.out.width, body)

    def _dense(
        self, out: Array, source: View, statement: ir.Dense | ir.DenseOperand, *, turned: bool
    ) -> list[str]:
        """Return the product of each window with a matrix, or with the matrix turned."""
        matrix, windows = statement.weights, statement.windows
        size, count = source.width // windows, out.width // windows
        is_turned = turned != matrix.transposed

        def weight(i: str, k: str) -> str:
            row, column = (k, i) if is_turned else (i, k)
            first = matrix.start + matrix.skip
            place = f"{_plus(first, column)} + {matrix.stride} * ({row})"
            return self._element(matrix.array, place)

        x = self._operand(source, f"{size} * j + k")

        def summed(first: str, abreast: int) -> list[str]:
            names = [f"s{n}" for n in range(abreast)]
            opened = [f"V {', '.join([f'{s} = all(0)' for s in names])};"]
            adds = [f"{s} += {weight(f'{first} + {n}', 'k')} * z;" for n, s in enumerate(names)]
            loop = [f"for (long k = 0; k < {size}; k++) {{", f"  const V z = {x};",
                    *[f"  {line}" for line in adds], "}"]  # fmt: skip
            stores = [
                f"{self._at(out, f'{count} * j + {first} + {n}')} = {s};"
                for n, s in enumerate(names)
            ]
            return [*opened, *loop, *stores]

        whole = count - count % _ABREAST
        body: list[str] = []
        if whole:
            inner = summed("i", _ABREAST)
            body += [f"for (long i = 0; i < {whole}; i += {_ABREAST}) {{",
                     *[f"  {line}" for line in inner], "}"]  # fmt: skip
        if whole < count:
            body += ["{", *[f"  {line}" for line in summed(str(whole), count - whole)], "}"]
        return _loop(windows, body)

    def _weights(self, statement: ir.DenseWeights) -> list[str]:
        """Return the gradient by a matrix: summed over the samples, or one for each."""
        matrix, windows, out = statement.weights, statement.windows, statement.out
        g, source = statement.g, statement.source
        if matrix.transposed:
            g, source = source, g
        rows, columns = g.width // windows, source.width // windows
        first = self._operand(g, f"{rows} * w + i")
        second = self._operand(source, f"{columns} * w + k")
        into = self._at(out, f"{columns} * i + k")
        zero = _loop(out.width, [f"{self._at(out, 'j')} = all(0);"])
        if not out.batched:
            self._lines["before"].append(zero)
            zero = []
            first = f"LIVE({first})"
        return [
            *zero,
            f"for (long w = 0; w < {windows}; w++)",
            f"  for (long i = 0; i < {rows}; i++) {{",
            f"    const V y = {first};",
            f"    for (long k = 0; k < {columns}; k++) {into} += y * {second};",
            "  }",
        ]

    # Results ------------------------------------------------------------------------------------

    def _returned(self, view: View) -> Returned:
        array = view.array
        if array in self._given or array.data is not None or array not in self._begin:
            raise NoCompilerError("a result is an argument or a constant")
        places = self._begin[array] + view.columns
        return Returned(places, "each" if array.batched else "once")


def _loop(count: int, body: Iterable[str]) -> list[str]:
    lines = [f"  {line}" for line in body]
    if count == 1:
        return ["{", "  const long j = 0;", *lines, "}"]
    return [f"for (long j = 0; j < {count}; j++) {{", *lines, "}"]


def _plus(begin: int, place: str) -> str:
    return f"{begin} + {place}" if begin else place


def _even(start: int, step: int, index: str) -> str:
    inner = index if step == 1 else f"{step} * ({index})"
    return _plus(start, inner)


def _literal(x: float) -> str:
    return C().number(x).removeprefix("all(").removesuffix(")")
