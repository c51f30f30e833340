"""What a program is once the shapes of its arguments are known: graph, statements, buffers.

`Built` holds the simplified graph and makes of it, when first asked, float code for one sample or
`Rolled` statements for many, and keeps buffers for the numbers of samples it saw last.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import accumulate, chain, pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np

from autograd.compile.anomaly import failed_samples
from autograd.compile.arrays.ir import Task
from autograd.compile.arrays.roll import levels
from autograd.compile.arrays.routine import Work
from autograd.compile.arrays.rules import Derivatives, has_poles, leaves_out_poles
from autograd.compile.backends.buffers import Buffers
from autograd.compile.backends.floats import FloatProgram, with_care
from autograd.compile.backends.lanes import Lanes, Narrow, is_narrow
from autograd.compile.backends.native.bound import NativeBuffers
from autograd.compile.backends.native.choice import Native, Wanted
from autograd.compile.graph.graph import INPUT, PARAMETER, Graph
from autograd.compile.graph.simplify import reached
from autograd.compile.nesting import Nesting
from autograd.compile.report import CompileReport, Stages
from autograd.compile.rolled import Rolled
from autograd.compile.tracing.trace import Shape, trace
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.transforms.calls import Argnum

_Key: TypeAlias = tuple[int, Task]
_Bound: TypeAlias = Buffers | Lanes | NativeBuffers
T = TypeVar("T")

# Graphs of up to so many nodes run as float code when one sample is given.
_SMALL = 5_000
# Narrow ones, which have few nodes on each level, up to so many: rolling would gain nothing.
_NARROW = 500_000
# Arrays of samples, at most so many, run as float code where a graph has so many levels, not more
# nodes, and at most a sixteenth of its nodes on a level for each.
_FEW, _DEEP, _LISTED, _WORTH = 6, 60, 20_000, 16
# For so many numbers of samples a program keeps its buffers.
_KEPT = 4


class Built(Nesting):
    """What a program is once the shapes are known.

    Args:
        f: the function, called here once.
        shapes: of its arguments, for one sample.
        parameters: the Values that are trained.
        names: theirs.
        dtype: of the arrays.
        argnum: without parameters, the argument or arguments to derive by.
        native: whether it may, or must, run as C.

    Attributes:
        graph: folded, pruned and shared.
        reached: which parameters the graph uses.
        small: whether one sample is better run as float code.
        chooses: whether something in it may be chosen by a sample or not, as by `where`.
        constants: the Values that became constants, with their numbers and birth numbers then.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        shapes: tuple[Shape, ...],
        parameters: Sequence[Value],
        names: Sequence[str],
        dtype: np.dtype[Any],
        argnum: Argnum,
        native: Wanted,
    ) -> None:
        self.parameters = len(parameters)
        super().__init__(shapes, argnum, trained=self.parameters > 0)
        self.names = names
        self.dtype = dtype
        self.constants: list[tuple[Value, float, int]] = []
        stages = Stages()

        def called(*arguments: Any) -> Any:
            result = f(*arguments)
            self.returns(result)
            return result

        def traced() -> Graph:
            captured: list[Value] = []
            graph = trace(called, shapes, parameters, captured)
            # At once, before another thread gives one new data.
            self.constants.extend([(v, v.data, v.birth) for v in captured])
            return graph

        # Nested, so that no name keeps the larger graphs while the passes run.
        self.graph = stages.run(
            "all", stages.made("trace", "the function called once on placeholders", traced)
        )
        self.reached = np.zeros(self.parameters, dtype=np.bool_)
        self.reached[[*reached(self.graph)]] = True
        inner = int((self.graph.code >= 0).sum())
        # Looking how deep a graph is costs as much as flattening it: once, and not of a wide one.
        deep = len(levels(self.graph)) if inner <= _NARROW else 0
        self.small, self._few = _float_samples(inner, deep)
        self.stages = stages
        self.chooses = any(row.chooses for row in self.graph.rows)
        self._refused = ""
        self._careful: Narrow | None = None
        self._rolled: Rolled | Narrow | None = None
        self._float_programs: dict[bool, Callable[..., Any]] = {}
        self.native = Native(native, inner, deep, dtype.char, mean=self.parameters > 0)
        # Buffers that nobody runs on; more than one for a key where calls ran at the same time.
        self._buffers: OrderedDict[_Key, _Bound] = OrderedDict()
        self._spares: dict[_Key, list[_Bound]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # A copy binds memory and functions of its own.
        return {**vars(self), "_buffers": OrderedDict(), "_spares": {}, "_float_programs": {}}

    @property
    def rolled(self) -> Rolled | Narrow:
        """The statements, or the lanes of a narrow graph; made when an array is first given."""
        if self._rolled is None:
            try:
                found = self._arrays(derives=not self.listed)
            except TraceError as error:
                # A rule that cannot be differentiated again: the values are there.
                self._refused = str(error)
                found = self._arrays(derives=False)
            self.stages, self._rolled = found
        return self._rolled

    def derived(self) -> Derivatives:
        """Return the graph with its derivatives."""
        return self.derivatives

    def work(self, task: Task) -> Work | None:
        """Return the statements of a task; None of a narrow graph, which has none."""
        return self.rolled.work(task) if isinstance(self.rolled, Rolled) else None

    def choose(self, native: Wanted, calls: int, batch: int) -> str:
        """Choose anew what runs the program; see `Program.choose`."""
        self.native.want(native, calls, batch)
        self._buffers.clear()
        self._spares.clear()
        said = self.native.said("value" if self.listed else "gradient", self)
        return "" if self.native.is_plain else said

    def runs_as_c(self, task: Task, batch: int = 2) -> bool:
        """Return whether a task runs as C; it is chosen now, if it was not before."""
        return self.native.text(task, self, batch) is not None

    def _arrays(self, *, derives: bool) -> tuple[Stages, Rolled | Narrow]:
        # Passes are noted apart and kept together with what they made: two threads may be here.
        stages = self.stages.copy()
        graph = stages.run("arrays", self.graph)
        if is_narrow(graph):
            # Run without those passes.
            stages = self.stages.copy()
            return stages, self._narrow(stages, derives=derives)
        chosen = self.chosen if derives else None
        return stages, Rolled(graph, stages, self.sizes, self.parameters, chosen)

    def _narrow(self, stages: Stages, *, derives: bool) -> Narrow:
        derived, both = self.derivatives, None
        if derives:
            both = stages.made("gradient", "and the nodes of the gradient", lambda: derived.plain)
        return Narrow(self.graph, both, self.sizes, derived.widths, self.parameters)

    def float_program(self, *, gradient: bool) -> Callable[..., Any]:
        """Return the float code for the value, or for the value and the gradient."""
        found = self._float_programs.get(gradient)
        if found is None:
            made = partial(FloatProgram, inputs=sum(self.sizes), parameters=self.parameters)
            if gradient:
                derived = self.derivatives
                found = made(derived.plain)
                if self.chooses and derived.wanted:
                    found = with_care(found, lambda: made(derived.careful))
            else:
                found = made(self.graph)
            self._float_programs[gradient] = found
        return found

    def numbers(self, theta: Any, flat: Any) -> list[Any]:
        """Return what float code takes for one sample: the parameters, if any, and its numbers."""
        numbers = [x for part in flat for x in part]
        return [theta.tolist(), *numbers] if self.parameters else numbers

    @cached_property
    def derivatives(self) -> Derivatives:
        """The graph with its derivatives; for float code and for lanes."""
        return Derivatives(self.graph, self._groups())

    def _groups(self) -> list[list[tuple[int, int]]]:
        """Return the leaves to derive by, those of each gradient."""
        if self.parameters:
            return [[(PARAMETER, i) for i in range(self.parameters)]]
        begins: list[int] = np.cumsum([0, *self.sizes]).tolist()
        return [[(INPUT, begins[i] + k) for k in range(self.sizes[i])] for i in self.chosen]

    def run(
        self, theta: Any, flat: Any, batch: int, task: Task, read: Callable[[list[Any]], T]
    ) -> T:
        """Run on buffers for this number of samples and return what is read from the results.

        The results are the buffers themselves, which are the call's own until it returns: threads
        and signal handlers find others meanwhile. The gradient by the parameters is the caller's,
        and so is NumPy's error state: what the caller makes of the results may overflow too.
        """
        native = self.native.text(task, self, batch)
        if native is None and batch <= self._few:
            return read(self._by_floats(theta, flat, batch, task))
        if native is None:
            rolled = self.rolled
            if self._refused and task != "value":
                raise TraceError(self._refused)
            if isinstance(rolled, Rolled) and (task == "value" or not self.parameters):
                block = rolled.block(self.dtype.itemsize, task)
                if batch >= 2 * block:
                    return read(self._in_blocks(theta, flat, batch, block, task))
        key = (batch, task)
        buffers = self._taken(key)
        if buffers is None:
            if native is not None:
                hand = self.parameters > 0 and task != "value"
                library = self.native.library(task, batch)
                buffers = NativeBuffers(native, *library, theta, batch, hand=hand)
            else:
                buffers = self.rolled.buffers(theta, batch, task)
        for place, given in zip(buffers.inputs, flat, strict=True):
            place[...] = given
        buffers.run()
        results = buffers.results
        if isinstance(buffers, Buffers) and buffers.met_infinity:
            assert isinstance(self.rolled, Rolled)
            results = self.rolled.exactly(theta, flat, batch, task)
        found = read(self._chosen(theta, flat, batch, task, results))
        self._keep(key, buffers)
        return found

    def _by_floats(self, theta: Any, flat: Any, batch: int, task: Task) -> list[Any]:
        """Return the results of a few samples by float code, one after the other."""
        program = self.float_program(gradient=task != "value")
        weights = [theta.tolist()] if self.parameters else []
        given = [np.asarray(x, dtype=float).reshape(batch, -1).tolist() for x in flat]
        rows = [program(*weights, *chain.from_iterable(xs)) for xs in zip(*given, strict=True)]
        table = np.array(rows, dtype=self.dtype).reshape(batch, -1)
        if task == "value":
            return [table]
        ends = accumulate([1, *self.derivatives.widths], initial=0)
        values, *slopes = [table[:, begin:end] for begin, end in pairwise(ends)]
        if self.parameters and task == "gradient":
            return [values, *[slope.sum(axis=0) * (1.0 / batch) for slope in slopes]]
        return [values, *slopes]

    def _chosen(
        self, theta: Any, flat: Any, batch: int, task: Task, results: list[Any]
    ) -> list[Any]:
        """Return results, once more with care where what was not chosen may have spoilt them."""
        if task == "value" or not self.chooses:
            return results
        if task == "gradient" and self.parameters:
            # The one test of numbers that takes one call, and nothing beside a step of training.
            slopes = results[1]
            total = slopes.dot(slopes)
            if total == total:
                return results
        return self._with_choices(theta, flat, batch, task, results)

    def _with_choices(
        self, theta: Any, flat: Any, batch: int, task: Task, found: list[Any]
    ) -> list[Any]:
        """Return results in which what a sample did not choose has no part.

        What was not chosen has slope 0, which only matters where it meets an infinity or nan: then
        slopes are nan, and are computed once more, with care. Training whose values are no numbers
        any more is left alone.
        """
        values, *slopes = found
        mean = self.parameters > 0 and task == "gradient"
        again: Any = slice(None)
        if mean:
            if np.isnan(values).any():
                return found
        else:
            again = np.logical_or.reduce([np.isnan(slope).any(axis=1) for slope in slopes])
            if not again.any():
                return found
        given = [np.asarray(x).reshape(batch, -1)[again] for x in flat]
        lanes = self._with_care().buffers(theta, len(given[0]), task)
        for place, x in zip(lanes.inputs, given, strict=True):
            place[...] = x
        lanes.run()
        if mean:
            return [values, *lanes.results[1:]]
        # Copies: of two slopes that are the same numbers each is a view of one buffer.
        slopes = [np.array(slope) for slope in slopes]
        for slope, careful in zip(slopes, lanes.results[1:], strict=True):
            slope[again] = careful
        return [values, *slopes]

    def _with_care(self) -> Narrow:
        """Return the program in which what a sample did not choose passes nothing on."""
        if self._careful is None:
            derived = self.derivatives
            self._careful = Narrow(
                self.graph, derived.careful, self.sizes, derived.widths, self.parameters
            )
        return self._careful

    def _taken(self, key: _Key) -> _Bound | None:
        """Take buffers that nobody runs on, if there are such."""
        found = self._buffers.pop(key, None)
        spares = self._spares.get(key)
        if found is None and spares:
            # Another thread may be quicker.
            with contextlib.suppress(IndexError):
                found = spares.pop()
        return found

    def _keep(self, key: _Key, buffers: _Bound) -> None:
        """Keep buffers for a later call, and drop those that were not used for long."""
        if self._buffers.setdefault(key, buffers) is not buffers:
            self._spares.setdefault(key, []).append(buffers)
        while len(self._buffers) > _KEPT:
            with contextlib.suppress(KeyError):
                self._spares.pop(self._buffers.popitem(last=False)[0], None)

    def _in_blocks(self, theta: Any, flat: Any, batch: int, block: int, task: Task) -> list[Any]:
        """Run on so many samples at a time that the buffers stay in the processor's cache."""
        results: list[Any] = []

        def put(part: list[Any]) -> None:
            if not results:
                results[:] = [np.empty((batch, *found.shape[1:]), found.dtype) for found in part]
            for result, found in zip(results, part, strict=True):
                result[begin : begin + block] = found

        for begin in range(0, batch, block):
            given = [x[begin : begin + block] for x in flat]
            self.run(theta, given, min(block, batch - begin), task, put)
        return results

    def failing(self, theta: Any, flat: Any, batch: int) -> tuple[Any, Sequence[int]]:
        """Return the samples as a table, and those whose values failed; all if none did."""
        columns = [np.asarray(x, dtype=np.float64).reshape(batch, -1) for x in flat]
        with np.errstate(all="ignore"):
            bad = self.run(theta, columns, batch, "value", failed_samples)
        return np.concatenate(columns, axis=1), bad or range(batch)

    # Looking ----------------------------------------------------------------------------------

    def source(self) -> str:
        """Return the text of the program.

        Where a choice may leave out an infinite slope, it is written with care, node by node; where
        one may only be told of an infinite slope behind it, with care at the choice.
        """
        arguments = self.names, [self.shapes[i] for i in self.chosen], self.chosen[0]
        rolled = self.rolled
        careful = not self.listed and self.chooses and has_poles(self.graph)
        if careful and (
            isinstance(rolled, Narrow) or (self.small and leaves_out_poles(self.graph))
        ):
            return self._with_care().source(*arguments)
        if isinstance(rolled, Rolled):
            return rolled.source(*arguments, careful=careful)
        return rolled.source(*arguments)

    def report(self) -> CompileReport:
        """Return what each pass made of the graph, and what runs it."""
        ran = self.native.said("value" if self.listed else "gradient", self)
        if self.native.is_deep and self.runs_as_c("value" if self.listed else "gradient"):
            # It is not rolled for a report alone.
            stages, derived = self.stages.copy(), self.derivatives
            if not self.listed:
                stages.made("gradient", "and the nodes of the gradient", lambda: derived.plain)
            return stages.report(ran)
        rolled, made = self.rolled, self.rolled.forward + self.rolled.backward
        return self.stages.report(ran, made, rolled.unrolled, rolled.steps())


def _float_samples(inner: int, deep: int) -> tuple[bool, int]:
    """Return whether one sample given as numbers is better run as float code, and how many arrays.

    So are a graph of few nodes and a narrow one. A line of float code takes a tenth of a call of
    NumPy's, and a deep graph takes a call for nearly every node.
    """
    small = inner <= _SMALL or (inner <= _NARROW and deep > inner // 8)
    if deep < _DEEP or inner > _LISTED:
        return small, 0
    return small, min(_FEW, _WORTH * deep // inner)
