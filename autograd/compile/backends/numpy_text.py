"""Prints statements as NumPy text that reads, runs when pasted, and runs elsewhere.

Nothing is changed in place, and only functions are used that PyTorch and JAX have under the same
names; where the table's own function is another, one of `portable.py` stands in the text. With
another module as `np` the text runs on its arrays, and under `jit`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd.compile.arrays import ir
from autograd.compile.arrays.ir import Array, Matrix, Operand, Statement, View
from autograd.compile.arrays.routine import Routine, in_order
from autograd.compile.arrays.windows import Lattice
from autograd.compile.backends import portable
from autograd.compile.backends.definitions import PORTABLE, definitions
from autograd.compile.backends.steps.definition import Definition
from autograd.compile.backends.steps.written import written
from autograd.compile.graph.graph import Ints, repeated, tallied
from autograd.engine import numeric
from autograd.engine.primitive import Primitive

# Rows of any number of operands that NumPy has as a reduction; `torch.max` returns the places too.
_REDUCTIONS: dict[Any, str] = {numeric.maximum_array: "np.amax", numeric.minimum_array: "np.amin"}
# Windows of so many numbers are written as slices; longer ones by the places of their numbers.
_MANY_SLICES = 16
# NumPy's names that other namespaces lack.
_RENAMED = {"power": "pow"}
_IMPORT = "import numpy as np\n"


class Printer:
    """Statements as lines of text, and the names that the lines use.

    Args:
        routine: for the arguments and the parameters.
        statements: what to print.
        names: of the parameters, for comments.

    Attributes:
        constants: arrays of numbers and of places, by name.
        functions: the rows' functions that NumPy has no name for.
    """

    def __init__(
        self, routine: Routine, statements: Sequence[Statement], names: Sequence[str] = ()
    ) -> None:
        self.routine = routine
        self.constants: dict[str, Any] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.lines: list[Definition] = []
        self._names = names
        self._matrices: dict[Matrix, str] = {}
        self._places: dict[tuple[str, bytes], str] = {}
        self._known: set[str] = set()
        for statement in statements:
            text = self._written(statement)
            self.lines.append(Definition(statement.out.name, text, _comment(statement.out.note)))

    def view(self, view: View) -> str:
        """Return columns of an array as text."""
        array = view.array
        if array.data is not None:
            self._constant(array.name, array.data)
        if view.is_whole:
            return array.name
        step = f":{view.step}" if view.step != 1 else ""
        columns = f"{view.start}:{view.stop}{step}"
        return f"{array.name}[:, {columns}]" if array.batched else f"{array.name}[{columns}]"

    def operand(self, operand: Operand) -> str:
        """Return an operand as text."""
        if isinstance(operand, View):
            return self.view(operand)
        if math.isfinite(operand):
            return repr(operand) if operand >= 0.0 else f"({operand!r})"
        return {"inf": "np.inf", "-inf": "(-np.inf)"}.get(repr(operand), "np.nan")

    def _constant(self, name: str, data: Any) -> None:
        """Note a constant: a list before the functions, and in them an array of their dtype."""
        if self.constants.setdefault(name.upper(), data) is data and name not in self._known:
            self._known.add(name)
            self.lines.append(Definition(name, f"np.asarray({name.upper()}, dtype=dtype)"))

    def _written(self, statement: Statement) -> str:
        match statement:
            case ir.Apply():
                return self._apply(statement)
            case ir.Concat():
                return self._concat(statement)
            case ir.Take():
                return self._take(statement)
            case ir.Slide():
                return self._slide(statement)
            case ir.Overlap():
                return self._overlap(statement)
            case ir.Reduce():
                shape = _grouped(statement.source, statement.size)
                return f"np.sum({self.view(statement.source)}.reshape({shape}), axis=-1)"
            case ir.SumBatch():
                return f"np.sum({self.view(statement.source)}, axis=0)"
            case ir.Many():
                return self._many(statement)
            case ir.Dense():
                weights = self._matrix(statement.weights, turned=True)
                return self._windowed(statement.source, weights, statement)
            case ir.DenseOperand():
                weights = self._matrix(statement.weights, turned=False)
                return self._windowed(statement.g, weights, statement)
            case ir.DenseWeights():
                return self._weights(statement)
            case ir.Fill():
                kept, source = self._named(statement.ragged.kept), self.view(statement.source)
                return f"np.where({kept}, {source}, {self.operand(statement.number)})"
            case ir.Grouped():
                return self._pairs(statement)
            case ir.Pick():
                return self._pick(statement)
            case ir.Unpick():
                count, size = statement.g.width, statement.size
                self.functions["unpicked"] = portable.unpicked
                k = self._named(np.arange(size))
                text = f"unpicked({self.view(statement.index)}, {self.view(statement.g)}, {k})"
                if statement.out.batched:
                    return f"{text}.reshape(batch, {count * size})"
                return f"np.sum({text}, axis=0).reshape(-1)"

    def _apply(self, statement: ir.Apply) -> str:
        row = statement.row
        taken = [self.operand(x) for x in statement.operands]
        # Operators take plain numbers; functions, only where an operand is always one.
        if row.operator and len(taken) == 2:
            return row.operation(*taken)
        for i, x in enumerate(statement.operands[: len(taken) - row.constants]):
            if not isinstance(x, View):
                taken[i] = f"np.full((1,), {taken[i]}, dtype=dtype)"
        return f"{self.function(row)}({', '.join(taken)})"

    def function(self, row: Primitive) -> str:
        """Return how the array function of a row is called in the text."""
        array: Any = PORTABLE.get(row.array, row.array)
        name = getattr(array, "__name__", row.name)
        if getattr(np, name, None) is array:
            return f"np.{_RENAMED.get(name, name)}"
        ours = array in (getattr(numeric, name, None), getattr(portable, name, None))
        name = name if ours else f"{row.name}_array"
        while self.functions.setdefault(name, array) is not array:
            name += "_"
        return name

    def _concat(self, statement: ir.Concat) -> str:
        batched = statement.out.batched
        pieces: list[str] = []
        for operand, width in statement.pieces:
            text = self.operand(operand)
            rows = "(batch, {})" if batched else "({},)"
            if not isinstance(operand, View):
                text = f"np.full({rows.format(width)}, {text}, dtype=dtype)"
            elif operand.width != width or operand.array.batched != batched:
                text = f"np.broadcast_to({text}, {rows.format(width)})"
            pieces.append(text)
        if len(pieces) == 1:
            return pieces[0]
        return f"np.concat([{', '.join(pieces)}], axis={int(batched)})"

    def _take(self, statement: ir.Take) -> str:
        return self._taken(statement.source, statement.index, padded=statement.padded)

    def _taken(self, view: View, index: Ints, *, padded: bool) -> str:
        name = self._named(index)
        source, batched = self.view(view), view.array.batched
        if padded:
            # The index -1 takes the last column, which is made of zeros.
            zeros = f"np.zeros({'(batch, 1)' if batched else '(1,)'}, dtype=dtype)"
            source = f"np.concat([{source}, {zeros}], axis={int(batched)})"
        return f"{source}[:, {name}]" if batched else f"{source}[{name}]"

    def _slide(self, statement: ir.Slide) -> str:
        """Return windows as slices side by side where they are, else by their places."""
        source, windows = statement.source, statement.lattice
        counts, steps = windows.counts, windows.steps
        if len(counts) != 2 or counts[1] > _MANY_SLICES or not steps[0]:
            return self._taken(source, windows.index, padded=False)
        slices: list[str] = []
        for k in range(counts[1]):
            at = windows.start + k * steps[1]
            slices.append(self.view(source.part(at, at + (counts[0] - 1) * steps[0] + 1, steps[0])))
        shape = f"batch, {statement.out.width}" if statement.out.batched else "-1"
        return f"np.stack([{', '.join(slices)}], axis=-1).reshape({shape})"

    def _named(self, data: Any) -> str:
        """Return the name of an array of places or truths that stands before the functions."""
        key = data.dtype.str, data.tobytes()
        name = self._places.setdefault(key, f"I{len(self.constants) + 1}")
        self.constants[name] = data
        return name

    def _laid(self, view: View, at: Lattice) -> str:
        """Return numbers of an array as matrices, for each sample if they differ."""
        shape = ", ".join(map(str, at.counts))
        batch = "batch, " if view.array.batched else ""
        taken = self._taken(view, at.index, padded=False)
        return f"{taken}.reshape({batch}{shape})"

    def _pairs(self, statement: ir.Grouped) -> str:
        """Return the products of matrices; of left numbers that do not count, none."""
        left = self._laid(statement.left, statement.left_at)
        right = self._laid(statement.right, statement.right_at)
        if statement.kept is None:
            text = f"np.matmul({left}, {right})"
        else:
            kept = self._named(statement.kept.ravel())
            shape = ", ".join(map(str, statement.kept.shape))
            each = f"{left}[..., None] * {right}[..., None, :, :]"
            text = f"np.sum(np.where({kept}.reshape({shape}, 1), {each}, 0.0), axis=-2)"
        batch = "batch, " if statement.out.batched else ""
        text = f"{text}.reshape({batch}-1)"
        order = np.argsort(statement.out_at.index)
        if (np.diff(order) == 1).all():
            return text
        return f"{text}[{':, ' if statement.out.batched else ''}{self._named(order)}]"

    def _pick(self, statement: ir.Pick) -> str:
        count, size = statement.out.width, statement.size
        self.functions["picked"] = portable.picked
        options = self._taken(statement.source, statement.places.ravel(), padded=False)
        shape = f"batch, {count}" if statement.source.array.batched else f"{count}"
        k = self._named(np.arange(size))
        return f"picked({self.view(statement.index)}, {options}.reshape({shape}, {size}), {k})"

    def _overlap(self, statement: ir.Overlap) -> str:
        """Return, for each column, the sum of what is added to it."""
        index, width = statement.lattice.index, statement.out.width
        order = np.argsort(index, kind="stable")
        most = tallied(index, width)
        places = np.full((width, max(int(most.max()), 1)), -1)
        first = np.cumsum(most) - most
        places[index[order], np.arange(len(index)) - repeated(first, most)] = order
        text = self._taken(statement.g, places.ravel(), padded=bool((places < 0).any()))
        if places.shape[1] == 1:
            return text
        shape = f"-1, {width}" if statement.out.batched else f"{width}"
        return f"np.sum({text}.reshape({shape}, {places.shape[1]}), axis=-1)"

    def _many(self, statement: ir.Many) -> str:
        shape = _grouped(statement.source, statement.size)
        source = f"{self.view(statement.source)}.reshape({shape})"
        reduction = _REDUCTIONS.get(statement.row.array)
        if reduction is not None:
            # Which of two zeros comes out is left open: 0.0 makes them one.
            return f"{reduction}({source}, axis=-1) + 0.0"
        return f"{self.function(statement.row)}(*np.moveaxis({source}, -1, 0))"

    def _matrix(self, matrix: Matrix, *, turned: bool) -> str:
        """Return a matrix as text, turned to have inputs in rows."""
        name = self._matrices.get(matrix)
        if name is None:
            name = self._matrices[matrix] = f"m{len(self._matrices) + 1}"
            end = matrix.start + matrix.rows * matrix.stride
            text = f"{matrix.array.name}[{matrix.start}:{end}]"
            if matrix.array.data is not None:
                self._constant(matrix.array.name, matrix.array.data)
            text += f".reshape({matrix.rows}, {matrix.stride})"
            if matrix.columns != matrix.stride:
                text += f"[:, {matrix.skip}:{matrix.skip + matrix.columns}]"
            self.lines.append(Definition(name, text, self._label(matrix)))
        return f"{name}.T" if turned != matrix.transposed else name

    def _label(self, matrix: Matrix) -> str:
        if matrix.array is not self.routine.theta or not self._names:
            return ""
        places = matrix.places
        first, last = self._names[int(places[0])], self._names[int(places[-1])]
        shared = [a for a, b in zip(first.split("."), last.split("."), strict=False) if a == b]
        return _comment(".".join(shared) or f"{first} to {last}")

    def _windowed(self, source: View, weights: str, statement: ir.Dense | ir.DenseOperand) -> str:
        text = self.view(source)
        if statement.windows == 1:
            return f"{text} @ {weights}"
        size = source.width // statement.windows
        width = statement.out.width
        return f"({text}.reshape(-1, {size}) @ {weights}).reshape(-1, {width})"

    def _weights(self, statement: ir.DenseWeights) -> str:
        g, source = self.view(statement.g), self.view(statement.source)
        if statement.windows > 1:
            g += f".reshape(-1, {statement.g.width // statement.windows})"
            source += f".reshape(-1, {statement.source.width // statement.windows})"
        if statement.weights.transposed:
            g, source = source, g
        return f"({g}.T @ {source}).reshape(-1)"


def _comment(text: str) -> str:
    """Return a name as a comment, on one line whatever it holds."""
    shown = " ".join(text.split())
    return f"  # {shown:.80}" if shown else ""


def _grouped(source: View, size: int) -> str:
    groups = source.width // size
    return f"-1, {groups}, {size}" if source.array.batched else f"{groups}, {size}"


def function_text(printer: Printer, name: str, returned: Sequence[str], kind: Array) -> str:
    """Return a program as a Python function of theta and the arguments.

    Args:
        printer: has the lines.
        name: of the function.
        returned: the expressions to return.
        kind: the argument whose dtype all numbers have.
    """
    routine = printer.routine
    arguments = [array.name for array in routine.inputs]
    if routine.theta.width:
        arguments.insert(0, "theta")
    lines = [f"batch = {routine.inputs[0].name}.shape[0]"]
    lines += [f"{x.name} = {x.name}.reshape(batch, {x.width})" for x in routine.inputs]
    body, shown = written(printer.lines, returned)
    body.append(f"return {', '.join(shown)}")
    if any("dtype=dtype" in line for line in body):
        lines.append(f"dtype = {kind.name}.dtype")
    head = f"def {name}({', '.join(arguments)}):"
    return "\n".join([head, *[f"    {line}" for line in [*lines, *body]]])


def both_returned(
    value: str, gradients: Sequence[str], shapes: Sequence[tuple[int, ...]] | None
) -> list[str]:
    """Return what a function returns for values and gradients, as expressions.

    Args:
        value: the values, of shape (batch, 1).
        gradients: those by arguments, of shape (batch, width), or by the parameters.
        shapes: of the arguments for one sample; None for parameters, where the mean is returned.

    >>> both_returned("v1", ["v2"], None), both_returned("v1", ["v2"], [(2, 3)])
    (['np.mean(v1)', 'v2'], ['v1[:, 0]', 'v2.reshape(batch, 2, 3)'])
    """
    if shapes is None:
        return [f"np.mean({value})", *gradients]
    wide = [", ".join(map(str, ("batch", *shape))) for shape in shapes]
    slopes = [f"{g}.reshape({x})" for g, x in zip(gradients, wide, strict=True)]
    return [f"{value}[:, 0]", *slopes]


def preamble(printers: Sequence[Printer]) -> str:
    """Return what stands before the functions: imports, the rows' functions, the constants."""
    functions: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    for printer in printers:
        functions |= printer.functions
        constants |= printer.constants
    texts = definitions(functions)
    lines = ["import math"] if any("math." in text for text in texts) else []
    lines += [_IMPORT.rstrip()]
    lines += ["", *texts] if texts else []
    lines += [f"{name} = {_literal(data)}" for name, data in constants.items()]
    return "\n".join(lines)


def bound(source: str, namespace: Any) -> SimpleNamespace:
    r"""Return the functions of a program's text, with an array namespace in NumPy's place.

    >>> double = "import numpy as np\ndef value(x):\n    return np.multiply(x, 2.0)\n"
    >>> bound(double, np).value(np.array([3.0]))
    array([6.])
    """
    scope: dict[str, Any] = {"np": namespace}
    exec(source.replace(_IMPORT, "", 1), scope)
    return SimpleNamespace(
        **{name: scope[name] for name in ("value", "value_and_grad") if name in scope}
    )


def _literal(data: Any) -> str:
    """Return numbers as a list that becomes an array where the dtype is known, places as one."""
    if data.dtype.kind == "i" and len(data) > _MANY_SLICES and in_order(data):
        return f"np.asarray([*range({data[0]}, {data[-1] + 1})])"
    listed = [repr(x) for x in data.tolist()]
    text = re.sub(r"\b(inf|nan)\b", r"np.\1", f"[{', '.join(listed)}]")
    return text if data.dtype.kind == "f" else f"np.asarray({text})"
