"""Runs statements on buffers made once: no allocation, and no slicing, in the steady state.

For one number of samples every array gets its place, views are cut once, and each statement is one
line that calls a NumPy function with its result's place. What is put side by side later is written
side by side at once, so that a concatenation costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compile.graph import Ints
from autograd.compile.statements import (
    Apply,
    Array,
    Concat,
    Dense,
    DenseOperand,
    DenseWeights,
    Many,
    Matrix,
    Operand,
    Reduce,
    Routine,
    Statement,
    SumBatch,
    Take,
    View,
)
from autograd.numeric import (
    equal_array,
    relu_array,
    sigmoid_array,
    step_array,
    where_array,
)


class Buffers:
    """Statements bound to buffers, for one number of samples.

    Args:
        routine: for the arguments and the parameters.
        statements: what to run.
        results: what is read afterwards.
        theta: the parameters' numbers, read at each run where they are.
        batch: the number of samples.
        share: the number that the array `share` holds.

    Attributes:
        inputs: where each argument's numbers are to be put before a run, (batch, width).
        results: where the results are after it.
        run: runs the statements.
        source: the text of `run`.
        size: bytes held.
    """

    def __init__(
        self,
        routine: Routine,
        statements: Sequence[Statement],
        results: Sequence[View],
        theta: Any,
        batch: int,
        share: float = 1.0,
    ) -> None:
        self._batch = batch
        self._dtype = theta.dtype
        self._scope: dict[str, Any] = {}
        self._names: dict[Any, str] = {}
        self._lines: list[str] = []
        self._stored: dict[Array, Any] = {routine.theta: theta}
        self._placed: set[tuple[Array, Array]] = set()
        self.size = 0
        self._share = share
        # Of what each array is the negative, and where 1 + e^-|x| lies for some x.
        self._negated: dict[Array, View] = {}
        self._denominators: dict[View, str] = {}
        made = {statement.out for statement in statements} | set(routine.inputs)
        for statement in reversed(statements):
            if isinstance(statement, Concat):
                self._place(statement, made)
        for statement in statements:
            self._write(statement)
        self.inputs = [self._storage(array) for array in routine.inputs]
        self.results = [self._view(view) for view in results]
        body = "\n".join(f"    {line}" for line in self._lines) or "    pass"
        self.source = f"def run():\n{body}"
        exec(compile(self.source, "<compiled program on buffers>", "exec"), self._scope)
        self.run: Callable[[], None] = self._scope["run"]

    # Places -----------------------------------------------------------------------------------

    def _new(self, shape: tuple[int, ...], kind: Any = None) -> Any:
        made = np.zeros(shape, dtype=kind or self._dtype)
        self.size += made.nbytes
        return made

    def _storage(self, array: Array) -> Any:
        found = self._stored.get(array)
        if found is None:
            if array.data is not None:
                found = array.data.astype(self._dtype)
            elif array.name == "share":
                found = np.full(1, self._share, dtype=self._dtype)
            else:
                shape = (self._batch, array.width) if array.batched else (array.width,)
                found = self._new(shape)
            self._stored[array] = found
        return found

    def _place(self, statement: Concat, made: set[Array]) -> None:
        """Let what is put side by side be written there in the first place."""
        out = self._storage(statement.out)
        at = 0
        for operand, width in statement.pieces:
            part = out[..., at : at + width]
            at += width
            if not isinstance(operand, View):
                part[...] = operand
                continue
            array = operand.array
            if (
                operand.is_whole
                and width == array.width
                and array.batched == statement.out.batched
                and array in made
                and array not in self._stored
            ):
                self._stored[array] = part
                self._placed.add((array, statement.out))

    def _view(self, view: View) -> Any:
        whole = self._storage(view.array)
        if view.is_whole:
            return whole
        return whole[..., view.start : view.stop : view.step]

    def _matrix(self, matrix: Matrix) -> Any:
        whole = self._storage(matrix.array)
        end = matrix.start + matrix.rows * matrix.stride
        rows = whole[matrix.start : end].reshape(matrix.rows, matrix.stride)
        found = rows[:, matrix.skip : matrix.skip + matrix.columns]
        return found.T if matrix.transposed else found

    def _bind(self, key: Any, thing: Any) -> str:
        """Return the name under which the text knows something."""
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"a{len(self._names)}"
            self._scope[name] = thing
        return name

    def _array(self, array: Any) -> str:
        return self._bind(("array", id(array)), array)

    def _operand(self, operand: Operand) -> str:
        if isinstance(operand, View):
            return self._bind(operand, self._view(operand))
        return self._bind(repr(operand), np.array(operand, dtype=self._dtype))

    def _call(self, function: Callable[..., Any], *arguments: str) -> None:
        name = getattr(function, "__name__", "function")
        while self._scope.setdefault(name, function) is not function:
            name += "_"
        self._lines.append(f"{name}({', '.join(arguments)})")

    # Statements -------------------------------------------------------------------------------

    def _write(self, statement: Statement) -> None:
        out = self._storage(statement.out)
        match statement:
            case Apply():
                self._apply(statement, out)
            case Concat():
                self._concat(statement, out)
            case Take():
                self._take(statement, out)
            case Reduce():
                self._reduce(statement, out)
            case SumBatch():
                ones = self._ones(self._batch)
                self._product(ones, self._view(statement.source), out)
            case Many():
                self._many(statement, out)
            case Dense():
                weights = self._matrix(statement.weights)
                source = self._windows(self._view(statement.source), statement.windows)
                self._product(source, weights.T, self._unwound(out, statement.windows))
            case DenseOperand():
                weights = self._matrix(statement.weights)
                g = self._windows(self._view(statement.g), statement.windows)
                self._product(g, weights, self._unwound(out, statement.windows))
            case DenseWeights():
                g = self._windows(self._view(statement.g), statement.windows)
                source = self._view(statement.source)
                if source.ndim == 1:  # constants alone, the same for every sample
                    source = np.broadcast_to(source, (self._batch, len(source)))
                source = self._windows(source, statement.windows)
                matrix = statement.weights
                if matrix.transposed:
                    g, source = source, g
                self._product(g.T, source, out.reshape(matrix.rows, matrix.columns))

    def _ones(self, count: int) -> Any:
        key = f"ones {count}"
        return self._scope.setdefault(key, np.ones(count, dtype=self._dtype))

    def _product(self, a: Any, b: Any, out: Any) -> None:
        """Write out = a @ b; `dot` takes half the time of `matmul` for small ones."""
        function = np.dot if out.flags.c_contiguous else np.matmul
        self._call(function, self._array(a), self._array(b), self._array(out))

    def _windows(self, view: Any, windows: int) -> Any:
        """Return columns as rows of one window each; copied where they do not lie so."""
        if windows == 1:
            return view
        shape = (self._batch * windows, view.shape[1] // windows)
        if not view.flags.c_contiguous:
            copy = self._new(view.shape)
            self._call(np.copyto, self._array(copy), self._array(view))
            view = copy
        return view.reshape(shape)

    def _unwound(self, out: Any, windows: int) -> Any:
        """Return the place of windows' results as rows of one window each."""
        if windows == 1:
            return out
        if out.flags.c_contiguous:
            return out.reshape(self._batch * windows, -1)
        return out.reshape(self._batch, windows, -1)

    def _apply(self, statement: Apply, out: Any) -> None:
        row = statement.row
        array: Any = row.array
        taken = [self._operand(x) for x in statement.operands]
        place = self._array(out)
        if array is np.negative and isinstance(statement.operands[0], View):
            self._negated[statement.out] = statement.operands[0]
        if isinstance(array, np.ufunc):
            # `maximum` and `minimum` warn when their result's place has no name.
            named = array in (np.maximum, np.minimum)
            self._call(array, *taken, f"out={place}" if named else place)
        elif array is where_array:
            condition, a, b = taken
            self._call(np.copyto, place, f"where({condition} != 0.0, {a}, {b})")
            self._scope["where"] = np.where
        elif array is equal_array:
            self._equal(statement, taken, out)
        elif array is relu_array:
            self._call(np.maximum, *taken, self._operand(0.0), f"out={place}")
        elif array is step_array:
            self._call(np.heaviside, *taken, self._operand(0.0), place)
        elif array is sigmoid_array and isinstance(statement.operands[0], View):
            self._sigmoid(statement.operands[0], out)
        else:
            name = f"{row.name}_array"
            while self._scope.setdefault(name, array) is not array:
                name += "_"
            self._call(np.copyto, place, f"{name}({', '.join(taken)})")

    def _sigmoid(self, x: View, out: Any) -> None:
        """Write `numeric.sigmoid_array` step by step: e^min(x, 0) / (1 + e^-|x|).

        The numerator is 1 or e^x. An exponential more is a fifth of a masked copy. The rule of
        sigmoid asks for sigmoid(-x) too, which has the same denominator.
        """
        taken, place = self._operand(x), self._array(out)
        zero = self._operand(0.0)
        opposite = self._negated.get(x.array)
        known = self._denominators.get(opposite) if opposite is not None and x.is_whole else None
        if known is None:
            total = self._new(out.shape)
            known = self._denominators[x] = self._array(total)
            self._call(np.absolute, taken, known)
            self._call(np.negative, known, known)
            self._call(np.exp, known, known)
            self._call(np.add, known, self._operand(1.0), known)
        self._call(np.minimum, taken, zero, f"out={place}")
        self._call(np.exp, place, place)
        self._call(np.divide, place, known, place)

    def _equal(self, statement: Apply, taken: list[str], out: Any) -> None:
        """Write `numeric.equal_array`: 1 or 0, and nan beside nan."""
        place = self._array(out)
        self._call(np.equal, *taken, place)
        for operand, name in zip(statement.operands, taken, strict=True):
            # A constant is looked at now, and a gap in the sample's numbers when it runs.
            data = operand.array.data if isinstance(operand, View) else np.array(operand)
            if data is None or np.isnan(data).any():
                self._call(np.copyto, place, self._operand(np.nan), f"where=isnan({name})")
                self._scope["isnan"] = np.isnan

    def _concat(self, statement: Concat, out: Any) -> None:
        at = 0
        seen: set[Array] = set()
        for operand, width in statement.pieces:
            part = out[..., at : at + width]
            at += width
            if not isinstance(operand, View):
                continue
            if (operand.array, statement.out) in self._placed and operand.array not in seen:
                seen.add(operand.array)
                if self._stored[operand.array].ctypes.data == part.ctypes.data:
                    continue
            self._call(np.copyto, self._array(part), self._operand(operand))

    def _take(self, statement: Take, out: Any) -> None:
        source, index = self._view(statement.source), statement.index
        groups = source.shape[-1]
        size = len(index) // groups if groups else 0
        if size and _repeats(index, int(groups), size):
            into = out.reshape(*out.shape[:-1], groups, size)
            self._call(np.copyto, self._array(into), self._array(source[..., None]))
            return
        if statement.padded:
            wide = self._new((*source.shape[:-1], groups + 1))
            self._call(np.copyto, self._array(wide[..., :-1]), self._array(source))
            source, index = wide, np.where(index < 0, groups, index)
        places = self._array(index.astype(np.intp))
        # mode="clip" writes straight into the buffer; every place is inside anyway.
        options = f"{places}, {out.ndim - 1}, {self._array(out)}, 'clip'"
        if out.flags.c_contiguous:
            self._call(np.take, self._array(source), options)
        else:
            self._call(
                np.copyto,
                self._array(out),
                f"{self._array(source)}.take({places}, {out.ndim - 1})",
            )

    def _reduce(self, statement: Reduce, out: Any) -> None:
        source, size = self._view(statement.source), statement.size
        if source.flags.c_contiguous and out.flags.c_contiguous:
            # A product with ones takes a third of the time of add.reduce over short rows.
            self._product(source.reshape(-1, size), self._ones(size), out.reshape(-1))
            return
        grouped = source.reshape(*source.shape[:-1], -1, size)
        self._call(np.add.reduce, self._array(grouped), "-1", "None", self._array(out))

    def _many(self, statement: Many, out: Any) -> None:
        source, row = self._view(statement.source), statement.row
        grouped = source.reshape(*source.shape[:-1], -1, statement.size)
        reduction = {"maximum": np.maximum, "minimum": np.minimum}.get(row.name)
        if reduction is not None:
            name = f"{row.name}_reduce"
            self._scope[name] = reduction.reduce
            self._lines.append(f"{name}({self._array(grouped)}, -1, None, {self._array(out)})")
            return
        if row.name == "logsumexp":
            self._logsumexp(grouped, out)
            return
        columns = tuple(np.moveaxis(grouped, -1, 0))
        name = f"{row.name}_array"
        self._scope[name] = row.array
        bound = self._bind(("columns", statement.out), columns)
        self._call(np.copyto, self._array(out), f"{name}(*{bound})")

    def _logsumexp(self, grouped: Any, out: Any) -> None:
        """Write best + log1p(the e^(x - best) of the others), as `numeric.logsumexp` has it.

        Of several that are the best all but one count among the others, with e^0 = 1.
        """
        best, rest = self._new(out.shape), self._new(out.shape)
        shifted, below = self._new(grouped.shape), self._new(grouped.shape)
        wide = self._array(best[..., None])
        source, place = self._array(grouped), self._array(out)
        self._scope["largest"] = np.maximum.reduce
        self._lines.append(f"largest({source}, -1, None, {self._array(best)})")
        self._call(np.less, source, wide, self._array(below))
        self._call(np.subtract, source, wide, self._array(shifted))
        self._call(np.exp, self._array(shifted), self._array(shifted))
        self._call(np.multiply, *[self._array(x) for x in (shifted, below, shifted)])
        size, ones = grouped.shape[-1], self._ones(grouped.shape[-1])
        ties = self._new(out.shape)
        self._product(shifted.reshape(-1, size), ones, rest.reshape(-1))
        self._product(below.reshape(-1, size), ones, ties.reshape(-1))
        # Whole numbers first: size - 1 less those below is 0 where one is the best.
        self._call(np.subtract, self._operand(size - 1.0), self._array(ties), self._array(ties))
        self._call(np.add, self._array(rest), self._array(ties), self._array(rest))
        self._call(np.log1p, self._array(rest), self._array(rest))
        self._call(np.add, self._array(best), self._array(rest), place)
        unbounded = f"where=isinf({self._array(best)})"
        self._scope["isinf"] = np.isinf
        self._call(np.copyto, place, self._array(best), unbounded)


def _repeats(index: Ints, groups: int, size: int) -> bool:
    """Whether an index is each of so many columns, so many times over."""
    each = np.arange(groups)[:, None]
    return len(index) == groups * size and bool((index.reshape(groups, size) == each).all())
