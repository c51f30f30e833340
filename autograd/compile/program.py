"""compile(f) and the program it returns: from scalars written down once to arrays of samples.

The function is traced when the program is first called, which tells the shapes. One sample given
as plain numbers runs as straight-line float code where the graph is small; everything else rolled.
"""

from __future__ import annotations

import math
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

from autograd.compile.buffers import Buffers
from autograd.compile.graph import INPUT, PARAMETER, Bools, Graph
from autograd.compile.report import Report, Stages
from autograd.compile.reverse import Reverse
from autograd.compile.roll import Rolling, levels
from autograd.compile.rules import with_gradient
from autograd.compile.scalar import FloatProgram
from autograd.compile.simplify import fold, prune, share
from autograd.compile.statements import Array, Statement, View
from autograd.compile.sums import flatten, split
from autograd.compile.text import Printer, function_text, preamble
from autograd.compile.trace import Shape, leaves, trace
from autograd.numeric import number
from autograd.transforms import Argnum
from autograd.value import Value

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.floating[Any]]]"

# Graphs of up to so many nodes run as float code when one sample is given.
_SMALL = 5_000
# Narrow ones, which have few nodes on each level, up to so many: rolling would gain nothing.
_NARROW = 500_000
# Bytes of buffers that samples without a common gradient are run on at a time.
_CACHE = 2**22
# For so many numbers of samples a program keeps its buffers.
_KEPT = 4


def compile(
    f: Callable[..., Any],
    *,
    parameters: Any = (),
    argnum: Argnum = 0,
    dtype: Any = "float64",
    shapes: Sequence[Shape] | None = None,
) -> Program:
    """Return a program that computes f, and its gradient, over many samples at once.

    f is called once, on placeholders; what it does with them is recorded, and rolled into array
    statements. It may be written in plain scalars: loops over lists, `*`, `+`, functions of
    autograd, models.

    Args:
        f: a function of numbers and nested lists of them that returns a Value or a list of Values.
        parameters: what is trained: a model, or Values. Other Values that f uses are constants.
        argnum: without parameters, the argument or arguments to derive by.
        dtype: of the arrays, "float64" or "float32".
        shapes: of the arguments for one sample: () for a number, (3,) for a list of three. The
            first call tells them unless given.

    Raises:
        TypeError: if f cannot be called or a parameter is no Value.
        ValueError: if a parameter was computed from others, or dtype is another.

    >>> import numpy as np
    >>> program = compile(lambda x, y: x * x + x * y + y * y)
    >>> program(1.0, 2.0)
    7.0
    >>> program(np.array([1.0, 2.0]), np.array([2.0, 0.5]))
    array([7.  , 5.25])
    >>> values, slopes = program.value_and_grad(np.array([1.0, 2.0]), np.array([2.0, 0.5]))
    >>> slopes
    array([4. , 4.5])
    >>> w = Value(3.0, "w")
    >>> fit = compile(lambda x, y: (w * x - y) ** 2, parameters=[w])
    >>> mean, gradient = fit.value_and_grad(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    >>> mean, gradient
    (2.5, array([5.]))
    """
    return Program(f, parameters=parameters, argnum=argnum, dtype=dtype, shapes=shapes)


class Program:
    """A compiled function; see `compile`.

    Attributes:
        parameters: the Values that are trained, in the order of `theta`.

    >>> program = compile(lambda x: x * x + 1.0)
    >>> program(3.0), program(np.array([0.0, 1.0, 2.0])).tolist()
    (10.0, [1.0, 2.0, 5.0])
    >>> program.value_and_grad(3.0)
    (10.0, 6.0)
    """

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        parameters: Any,
        argnum: Argnum,
        dtype: Any,
        shapes: Sequence[Shape] | None,
    ) -> None:
        if not callable(f):
            raise TypeError(f"compile takes a function, got {f!r:.60}")
        kind = np.dtype(dtype)
        if kind not in (np.dtype(np.float64), np.dtype(np.float32)):
            raise ValueError(f"dtype is 'float64' or 'float32', got {dtype!r}")
        self._f = f
        self._argnum = argnum
        self._dtype = kind
        self.parameters, self._names = _named(parameters)
        self._theta = np.zeros(len(self.parameters), dtype=kind)
        self.load()
        self._shapes: tuple[Shape, ...] | None = None
        self._built: _Built | None = None
        self._last: tuple[Shape, ...] = ()
        self._given: Any = None
        # Buffers are the program's own: two threads take turns.
        self._lock = threading.Lock()
        self._floats: Callable[..., Any] | None = None
        self._float_gradient: Callable[..., Any] | None = None
        if shapes is not None:
            self._build(tuple([tuple(shape) for shape in shapes]))

    # Parameters -------------------------------------------------------------------------------

    @property
    def theta(self) -> Floats:
        """The parameters as one flat array, in the order of `parameters`; change it in place."""
        return self._theta

    @theta.setter
    def theta(self, numbers: Any) -> None:
        given = np.asarray(numbers)
        if given.shape != self._theta.shape:
            raise ValueError(f"theta has shape {self._theta.shape}, got {given.shape}")
        self._theta[...] = given

    def load(self) -> None:
        """Copy the parameters' numbers from the Values into `theta`."""
        self._theta[...] = [p.data for p in self.parameters]

    def store(self) -> None:
        """Copy `theta` into the Values' data."""
        for p, x in zip(self.parameters, self._theta.tolist(), strict=True):
            p.data = x

    @property
    def reached(self) -> Bools:
        """Which parameters f uses at all; the others have no gradient, not one of 0.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        return self._known().reached

    def repeats(self) -> bool:
        """Return whether f does the same when it is traced again.

        A function that draws random numbers, or counts its calls, does not: a program would repeat
        for ever what it did once.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        first = self._known()
        again = _simplified(trace(self._f, first.shapes, self.parameters))
        graph = first.graph
        return all(
            np.array_equal(x, y, equal_nan=True)
            for x, y in (
                (graph.code, again.code),
                (graph.operands, again.operands),
                (graph.place, again.place),
                (graph.numbers, again.numbers),
            )
        )

    # Calling ----------------------------------------------------------------------------------

    def __call__(self, *arguments: Any) -> Any:
        """Return f's values: an array with one for each sample, or a number for one sample.

        Args:
            arguments: all arrays whose first axis counts the samples, or all plain numbers and
                (nested) lists, which are one sample.

        Raises:
            TraceError: at the first call, if f cannot be compiled.
            ValueError: if shapes do not fit.
        """
        built, flat, batch = self._prepared(arguments)
        if batch is None and built.small:
            return built.float_program(gradient=False)(*self._float_arguments(flat))
        with self._lock:
            (values,) = built.run(self._theta, flat, batch or 1, gradient=False)
            return built.one(values[0]) if batch is None else built.many(values)

    def value_and_grad(self, *arguments: Any, per_sample: bool = False) -> tuple[Any, Any]:
        """Return values and gradients.

        With parameters: the mean of f over the samples, and its gradient as one flat array in the
        order of `theta`. Without: f's value for each sample, and its gradient by the argument
        `argnum`, an array of the argument's shape (a tuple of them for several). One sample in
        plain numbers gives plain numbers, in the nesting of the argument.

        Args:
            arguments: as for a call.
            per_sample: with parameters, return f's value and its gradient for each sample instead
                of the mean: arrays of shape (batch,) and (batch, parameters).

        Raises:
            TraceError: at the first call, if f cannot be compiled.
            ValueError: if shapes do not fit, f returns a list, or per_sample is asked for without
                parameters, where gradients are for each sample anyway, or without a batch.
        """
        fast = self._float_gradient
        if fast is not None and not per_sample:
            for x in arguments:
                if x.__class__ is not float:
                    break
            else:
                if len(arguments) == len(self._shapes or ()):
                    return fast(*arguments)
        built, flat, batch = self._prepared(arguments)
        if built.graph.outputs.size != 1 or built.listed:
            raise ValueError(
                f"value_and_grad needs one value for each sample, and f returns a list of "
                f"{built.graph.outputs.size}: return their sum, or one of them"
            )
        if per_sample:
            return self._each_sample(built, flat, batch)
        if batch is None and built.small:
            found = built.float_program(gradient=True)(*self._float_arguments(flat))
            if self.parameters:
                return found[0], np.array(found[1:], dtype=self._dtype)
            return found[0], built.nested(found[1:])
        with self._lock:
            return self._run_with_gradient(built, flat, batch)

    def _each_sample(self, built: _Built, flat: Any, batch: int | None) -> tuple[Any, Any]:
        """Return the values and the parameters' gradients of each sample, one after another."""
        if not self.parameters or batch is None:
            raise ValueError(
                "per_sample=True is for a batch of arrays and a program with parameters; gradients "
                "by an argument are for each sample anyway"
            )
        values = np.empty(batch, dtype=self._dtype)
        gradients = np.empty((batch, len(self.parameters)), dtype=self._dtype)
        with self._lock:
            for i in range(batch):
                one = [x[i : i + 1] for x in flat]
                (value, slopes) = built.run(self._theta, one, 1, gradient=True)
                values[i], gradients[i] = value[0, 0], slopes
        return values, gradients

    def _run_with_gradient(self, built: _Built, flat: Any, batch: int | None) -> tuple[Any, Any]:
        values, *slopes = built.run(self._theta, flat, batch or 1, gradient=True)
        if self.parameters:
            return float(values.sum()) / len(values), self._handed(slopes[0])
        if batch is None:
            return float(values[0, 0]), built.nested(np.concatenate(slopes, axis=1)[0].tolist())
        return values[:, 0].copy(), built.shaped(slopes, batch)

    def _handed(self, slopes: Any) -> Any:
        """Return a copy of the gradient: in the array given last time, if nobody holds it now.

        A new array of megabytes costs more in fresh pages than in the copy.
        """
        given = self._given
        # Held by this object, by the name above, and by the call that asks.
        if given is None or sys.getrefcount(given) > 3:
            given = self._given = np.empty_like(slopes)
        np.copyto(given, slopes)
        return given

    def _float_arguments(self, flat: Any) -> list[Any]:
        numbers = [x for part in flat for x in part]
        return [self._theta.tolist(), *numbers] if self.parameters else numbers

    def _prepared(self, arguments: tuple[Any, ...]) -> tuple[_Built, Any, int | None]:
        """Return the built program, the arguments flat, and the number of samples if arrays."""
        # The shapes of the last call, most often: checking them anew takes 5 us.
        if self._built is not None and len(arguments) == len(self._last):
            for x, shape in zip(arguments, self._last, strict=True):
                if x.__class__ is not np.ndarray or x.shape != shape or x.dtype.kind not in "fiu":
                    break
            else:
                batch = self._last[0][0]
                return self._built, [x.reshape(batch, -1) for x in arguments], batch
        arrays = [isinstance(x, np.ndarray) and cast(Any, x).ndim > 0 for x in arguments]
        if any(arrays):
            if not all(arrays):
                plain = arrays.index(False)
                raise ValueError(
                    "give all arguments as arrays with the samples along the first axis, or all "
                    f"as plain numbers and lists for one sample; argument {plain} is "
                    f"{arguments[plain]!r:.40}"
                )
            counts = {x.shape[0] for x in arguments}
            if len(counts) > 1:
                raise ValueError(
                    "the arguments' first axes count the samples and differ: "
                    f"{[x.shape for x in arguments]}"
                )
            built = self._for_shapes(tuple([x.shape[1:] for x in arguments]))
            batch = counts.pop()
            flat = [_numeric(x, i).reshape(batch, -1) for i, x in enumerate(arguments)]
            self._last = tuple([x.shape for x in arguments])
            return built, flat, batch
        if not arguments:
            raise ValueError("a program takes at least one argument: the sample")
        shapes = tuple([_shape(x) for x in arguments])
        built = self._for_shapes(shapes)
        flat = [
            [number(y) for y in leaves([x])] if isinstance(x, list | tuple) else [number(_item(x))]
            for x in arguments
        ]
        return built, flat, None

    def _for_shapes(self, shapes: tuple[Shape, ...]) -> _Built:
        built = self._built
        if built is None:
            return self._build(shapes)
        if shapes != self._shapes:
            raise ValueError(
                f"the program was compiled for samples of shapes {list(self._shapes or ())}, got "
                f"{list(shapes)}: compile(f) again for other shapes"
            )
        return built

    def _build(self, shapes: tuple[Shape, ...]) -> _Built:
        built = _Built(self, shapes)
        self._shapes, self._built = shapes, built
        if built.small and not self.parameters and not any(shapes) and not built.listed:
            gradient = built.float_program(gradient=True)
            if isinstance(self._argnum, int):

                def fast(*numbers: float) -> tuple[float, Any]:
                    value, slope = gradient(*numbers)
                    return value, slope
            else:

                def fast(*numbers: float) -> tuple[float, Any]:
                    value, *slopes = gradient(*numbers)
                    return value, tuple(slopes)

            self._float_gradient = fast
        return built

    # Looking ----------------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """NumPy text of the program: functions `value` and, for one value, `value_and_grad`.

        It runs when pasted, and with another array namespace in the place of `np`.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        return self._known().source()

    def report(self) -> Report:
        """Return what each pass made of the graph; printed, a table.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        return self._known().report()

    def _known(self) -> _Built:
        if self._built is None:
            raise ValueError(
                "the program has not seen a sample yet: call it, or give compile(f, shapes=[...])"
            )
        return self._built


class _Built:
    """What a program is once the shapes are known."""

    def __init__(self, program: Program, shapes: tuple[Shape, ...]) -> None:
        self.shapes = shapes
        self.sizes = [math.prod(shape) for shape in shapes]
        self.parameters = len(program.parameters)
        self.names = program._names  # pyright: ignore[reportPrivateUsage]
        self.dtype = program._dtype  # pyright: ignore[reportPrivateUsage]
        argnum = program._argnum  # pyright: ignore[reportPrivateUsage]
        self.one_argument = isinstance(argnum, int)
        chosen = (argnum,) if isinstance(argnum, int) else tuple(argnum)
        for i in chosen:
            if not self.parameters and not -len(shapes) <= i < len(shapes):
                raise ValueError(f"argnum is {i}, but f was called with {len(shapes)} argument(s)")
        self.chosen = [i % len(shapes) for i in chosen]
        self.listed = False
        stages = Stages()

        def f(*arguments: Any) -> Any:
            result = program._f(*arguments)  # pyright: ignore[reportPrivateUsage]
            self.listed = isinstance(result, list | tuple)
            return result

        self.graph = stages.run("trace", lambda: trace(f, shapes, program.parameters))
        for name, done in (("fold", fold), ("prune", prune), ("share", share)):
            self.graph = stages.run(name, lambda done=done: done(self.graph))
        self.reached = np.zeros(self.parameters, dtype=np.bool_)
        self.reached[self.graph.place[self.graph.code == PARAMETER]] = True
        self.small = _is_small(self.graph)
        self.stages = stages
        self._rolled: _Rolled | None = None
        self._float_programs: dict[bool, FloatProgram] = {}
        self._buffers: OrderedDict[tuple[int, bool], Buffers] = OrderedDict()

    @property
    def rolled(self) -> _Rolled:
        """The statements; made when an array is first given."""
        if self._rolled is None:
            self._rolled = _Rolled(self)
        return self._rolled

    def float_program(self, *, gradient: bool) -> FloatProgram:
        """Return the float code for the value, or for the value and the gradient."""
        found = self._float_programs.get(gradient)
        if found is None:
            graph = self.graph
            if gradient:
                graph = with_gradient(graph, self.wanted())
            found = FloatProgram(graph, sum(self.sizes), self.parameters)
            self._float_programs[gradient] = found
        return found

    def wanted(self) -> list[tuple[int, int]]:
        """Return the leaves to derive by."""
        if self.parameters:
            return [(PARAMETER, i) for i in range(self.parameters)]
        begins = np.cumsum([0, *self.sizes]).tolist()
        return [(INPUT, begins[i] + k) for i in self.chosen for k in range(self.sizes[i])]

    def run(self, theta: Any, flat: Any, batch: int, *, gradient: bool) -> list[Any]:
        """Run on buffers for this number of samples; the results are the buffers themselves."""
        if not (gradient and self.parameters):
            block = self.rolled.block(self.dtype.itemsize, gradient=gradient)
            if batch >= 2 * block:
                return self._in_blocks(theta, flat, batch, block, gradient=gradient)
        key = (batch, gradient)
        buffers = self._buffers.get(key)
        if buffers is None:
            buffers = self._buffers[key] = self.rolled.buffers(theta, batch, gradient=gradient)
            if len(self._buffers) > _KEPT:
                self._buffers.popitem(last=False)
        for place, given in zip(buffers.inputs, flat, strict=True):
            place[...] = given
        with np.errstate(all="ignore"):
            buffers.run()
        return buffers.results

    def _in_blocks(
        self, theta: Any, flat: Any, batch: int, block: int, *, gradient: bool
    ) -> list[Any]:
        """Run on so many samples at a time that the buffers stay in the processor's cache."""
        results: list[Any] = []
        for begin in range(0, batch, block):
            end = min(begin + block, batch)
            part = self.run(theta, [x[begin:end] for x in flat], end - begin, gradient=gradient)
            if not results:
                results = [np.empty((batch, *found.shape[1:]), found.dtype) for found in part]
            for result, found in zip(results, part, strict=True):
                result[begin:end] = found
        return results

    # Results in the shape of the arguments ----------------------------------------------------

    def one(self, values: Any) -> Any:
        """Return the values of one sample as f returned them: a number, or a list."""
        return values.tolist() if self.listed else float(values[0])

    def many(self, values: Any) -> Any:
        """Return the values of many samples, with a second axis if f returned a list."""
        return values.copy() if self.listed else values[:, 0].copy()

    def nested(self, slopes: Sequence[float]) -> Any:
        """Return slopes by the chosen arguments in the nesting of these."""
        rest = iter(slopes)
        found = [_nest(rest, self.shapes[i]) for i in self.chosen]
        return found[0] if self.one_argument else tuple(found)

    def shaped(self, slopes: Sequence[Any], batch: int) -> Any:
        """Return slopes by the chosen arguments as arrays of their shapes."""
        found = [
            g.reshape(batch, *self.shapes[i]).copy()
            for i, g in zip(self.chosen, slopes, strict=True)
        ]
        return found[0] if self.one_argument else tuple(found)

    # Looking ----------------------------------------------------------------------------------

    def source(self) -> str:
        """Return the text of the program."""
        return self.rolled.source(self.names)

    def report(self) -> Report:
        """Return what each pass made of the graph."""
        rolled = self.rolled
        return self.stages.report(rolled.forward, rolled.backward, rolled.unrolled)


class _Rolled:
    """The statements of a program and of its gradient."""

    def __init__(self, built: _Built) -> None:
        stages = built.stages
        graph = stages.run("flatten", lambda: flatten(built.graph))
        graph = stages.run("split", lambda graph=graph: split(graph))
        rolling = stages.time("roll", lambda: Rolling(graph, built.sizes, built.parameters))
        self.routine = rolling.routine
        self.result: View = rolling.result
        self.unrolled = rolling.unrolled
        self.forward: list[Statement] = list(self.routine.statements)
        self.backward: list[Statement] = []
        self.gradients: list[View] = []
        self.mean = built.parameters > 0
        if not built.listed:
            wanted = [self.routine.theta]
            if not self.mean:
                wanted = [self.routine.inputs[i] for i in dict.fromkeys(built.chosen)]
            seed = Array("share", 1, False).whole
            reverse = stages.time(
                "reverse", lambda: Reverse(self.routine, self.result, seed, wanted)
            )
            by_array = dict(zip(wanted, reverse.gradients, strict=True))
            order = (
                [self.routine.theta]
                if self.mean
                else [self.routine.inputs[i] for i in built.chosen]
            )
            self.gradients = [by_array[array] for array in order]
            self.backward = self.routine.statements[len(self.forward) :]

    def block(self, itemsize: int, *, gradient: bool) -> int:
        """Return how many samples' buffers take four megabytes; 256 at least."""
        statements = [*self.forward, *self.backward] if gradient else self.forward
        width = sum(s.out.width for s in statements if s.out.batched)
        return max(256, _CACHE // (itemsize * max(width, 1)))

    def buffers(self, theta: Any, batch: int, *, gradient: bool) -> Buffers:
        """Return the program bound to buffers for so many samples."""
        statements = [*self.forward, *self.backward] if gradient else self.forward
        results = [self.result, *self.gradients] if gradient else [self.result]
        seed = 1.0 / batch if self.mean else 1.0
        return Buffers(self.routine, statements, results, theta, batch, seed)

    def source(self, names: Sequence[str]) -> str:
        """Return the text of the program."""
        value = Printer(self.forward, names)
        result = value.view(self.result)
        printers = [value]
        returned = [result if self.result.width > 1 else f"{result}[:, 0]"]
        functions = [function_text(self.routine, value, "value", returned)]
        if self.gradients:
            both = Printer([*self.forward, *self.backward], names)
            printers.append(both)
            gradients = [both.view(g) for g in self.gradients]
            head = "np.mean({})" if self.mean else "{}[:, 0]"
            share = "1.0 / batch" if self.mean else "1.0"
            both.lines.insert(0, f"share = np.full((1,), {share}, dtype=dtype)")
            returned = [head.format(result), *gradients]
            functions.append(function_text(self.routine, both, "value_and_grad", returned))
        return "\n\n\n".join([preamble(printers), *functions]) + "\n"


def _is_small(graph: Graph) -> bool:
    """Whether one sample is better run as float code: a graph of few nodes, or a narrow one."""
    inner = int((graph.code >= 0).sum())
    return inner <= _SMALL or (inner <= _NARROW and len(levels(graph)) > inner // 8)


def _simplified(graph: Graph) -> Graph:
    return share(prune(fold(graph)))


def _named(parameters: Any) -> tuple[list[Value], list[str]]:
    """Return parameters and their names, from a model or a sequence of Values."""
    if hasattr(parameters, "named_parameters"):
        pairs: list[tuple[str, Any]] = list(parameters.named_parameters())
    else:
        if isinstance(parameters, Value):
            raise TypeError("parameters is a model or a list of Values: write [w]")
        given = list(parameters)
        pairs = [(getattr(p, "label", "") or f"parameter {i}", p) for i, p in enumerate(given)]
    for name, p in pairs:
        if not isinstance(p, Value):
            raise TypeError(f"parameters is a model or a list of Values; {name} is {p!r:.60}")
        if p.op is not None:
            raise ValueError(
                f"the parameter {name} was computed ({p.op}), so it cannot be set: give the "
                "Values it came from, or p.detach()"
            )
    values = [p for _, p in pairs]
    if len(set(values)) < len(values):
        raise ValueError("a Value stands among the parameters twice: give each once")
    return values, [name for name, _ in pairs]


def _numeric(array: Any, place: int) -> Any:
    if array.dtype.kind not in "iuf":
        raise TypeError(
            f"argument {place} is an array of {array.dtype}: programs take numbers; write "
            "array.astype(float)"
        )
    return array


def _item(x: Any) -> Any:
    return cast(Any, x).item() if isinstance(x, np.ndarray) else x


def _shape(x: Any) -> Shape:
    """Return the shape of a number or of nested lists."""
    if not isinstance(x, list | tuple):
        return ()
    elements = cast(Sequence[Any], x)
    shapes = {_shape(y) for y in elements}
    if len(shapes) > 1:
        raise ValueError(f"a nested list has parts of different lengths: {x!r:.60}")
    return (len(elements), *(shapes.pop() if shapes else ()))


def _nest(rest: Any, shape: Shape) -> Any:
    if not shape:
        return next(rest)
    return [_nest(rest, shape[1:]) for _ in range(shape[0])]
