"""The statements of a graph and of its gradient, and what is made of them: buffers and text.

Its neighbour for deep and narrow graphs, which are not rolled, is `Narrow` in `lanes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from autograd.compile.arrays.ir import SHARE, Array, Statement, Task, View
from autograd.compile.arrays.reverse import Reverse
from autograd.compile.arrays.roll import Rolling
from autograd.compile.arrays.routine import Work
from autograd.compile.backends.buffers import Buffers
from autograd.compile.backends.numpy_text import Printer, both_returned, function_text, preamble
from autograd.compile.backends.steps.definition import Definition
from autograd.compile.backends.steps.written import steps_said
from autograd.compile.graph.graph import Graph
from autograd.compile.report import Stages
from autograd.compile.tracing.trace import Shape

# Bytes of buffers that samples without a common gradient are run on at a time.
_CACHE = 2**22


class Rolled:
    """The statements of a program and of its gradient.

    Args:
        flat: the graph, flattened.
        stages: where to note what each pass made.
        sizes: the number of elements of each argument.
        parameters: how many parameters there are; if any, gradients are means over the samples.
        chosen: without parameters, the arguments to derive by; None if f returns a list.
        ragged: as in `Rolling`.

    Attributes:
        forward: the statements.
        backward: those of the gradient, which stand after them.
        unrolled: what did not become one statement, and why.
    """

    def __init__(
        self,
        flat: Graph,
        stages: Stages,
        sizes: Sequence[int],
        parameters: int,
        chosen: Sequence[int] | None,
        *,
        ragged: bool = True,
    ) -> None:
        graph = stages.run("rolled", flat)
        rolling = stages.listed(
            "roll",
            "equal nodes of a level one statement",
            lambda: Rolling(graph, sizes, parameters, ragged=ragged),
        )
        self.routine = rolling.routine
        self.result: View = rolling.result
        self.unrolled = rolling.unrolled
        self._exact: Rolled | None = None
        self._anew = partial(Rolled, flat, sizes=sizes, parameters=parameters, chosen=chosen)
        self.forward: list[Statement] = list(self.routine.statements)
        self._made = self.routine.made
        self.backward: list[Statement] = []
        self.gradients: list[View] = []
        self.mean = parameters > 0
        self._widths: dict[Task, int] = {}
        self._each: tuple[list[Statement], View] | None = None
        if chosen is not None:
            inputs, theta = self.routine.inputs, self.routine.theta
            self._order = [theta] if self.mean else [inputs[i] for i in chosen]
            wanted = list(dict.fromkeys(self._order))
            reverse = stages.listed(
                "reverse",
                "and the statements of the gradient",
                lambda: Reverse(self.routine, self.result, SHARE.whole, wanted),
            )
            by_array = dict(zip(wanted, reverse.gradients, strict=True))
            self.gradients = [by_array[array] for array in self._order]
            self.backward = self.routine.statements[len(self.forward) :]

    @property
    def each(self) -> tuple[list[Statement], View]:
        """The statements of the parameters' gradient for each sample, and the gradient."""
        if self._each is None:
            statements, (gradient,) = self._reversed([self.routine.theta], per_sample=True)
            self._each = statements, gradient
        return self._each

    def _reversed(
        self, wanted: Sequence[Array], **options: bool
    ) -> tuple[list[Statement], list[View]]:
        """Return the statements of another gradient, and the gradients; options are Reverse's."""
        made = {statement.out for statement in self.forward}
        applied = {k: out for k, out in self.routine.applied.items() if out in made}
        routine = replace(
            self.routine, statements=list(self.forward), applied=applied, made=self._made
        )
        reverse = Reverse(routine, self.result, SHARE.whole, wanted, **options)
        return routine.statements[len(self.forward) :], reverse.gradients

    def work(self, task: Task) -> Work:
        """Return what a task runs."""
        if task == "value":
            return Work(self.routine, self.forward, [self.result])
        statements, gradients = self.backward, self.gradients
        if task == "each":
            statements, gradient = self.each
            gradients = [gradient]
        return Work(self.routine, [*self.forward, *statements], [self.result, *gradients])

    def block(self, itemsize: int, task: Task) -> int:
        """Return how many samples' buffers take four megabytes; 256 at least."""
        if task not in self._widths:
            statements = self.work(task).statements
            self._widths[task] = sum(s.out.width for s in statements if s.out.batched)
        return max(256, _CACHE // (itemsize * max(self._widths[task], 1)))

    def buffers(self, theta: Any, batch: int, task: Task) -> Buffers:
        """Return the program bound to buffers for so many samples."""
        seed = 1.0 / batch if self.mean and task == "gradient" else 1.0
        hand = self.mean and task != "value"
        return Buffers(self.work(task), theta, batch, seed, hand=hand)

    def exactly(self, theta: Any, flat: Sequence[Any], batch: int, task: Task) -> list[Any]:
        """Return results in which no number that means nothing has a part.

        Rows in use up to a length hold 0 past it, which is nothing unless it meets an infinity or
        nan. Then all is computed once more, with a statement for each length.

        Args:
            theta: the parameters' numbers.
            flat: those of each argument, (batch, width).
            batch: the number of samples.
            task: what to run.
        """
        if self._exact is None:
            self._exact = self._anew(stages=Stages(), ragged=False)
        buffers = self._exact.buffers(theta, batch, task)
        for place, given in zip(buffers.inputs, flat, strict=True):
            place[...] = given
        buffers.run()
        return buffers.results

    def steps(self) -> list[str]:
        """Return which steps of a recurrence are loops in the text, and why others are not."""
        return steps_said(Printer(self.routine, [*self.forward, *self.backward]).lines)

    def source(
        self, names: Sequence[str], shapes: Sequence[Shape], first: int, *, careful: bool = False
    ) -> str:
        """Return the text of the program.

        Args:
            names: of the parameters.
            shapes: of the arguments to derive by.
            first: the first of these.
            careful: whether what a sample did not choose receives 0 even of an infinity or nan. A
                run looks for nan instead, which costs less.
        """
        kind = self.routine.theta if self.mean else self.routine.inputs[first]
        value = Printer(self.routine, self.forward, names)
        result = value.view(self.result)
        printers = [value]
        returned = [result if self.result.width > 1 else f"{result}[:, 0]"]
        functions = [function_text(value, "value", returned, kind)]
        if self.gradients:
            backward, slopes = self.backward, self.gradients
            if careful:
                wanted = list(dict.fromkeys(self._order))
                backward, found = self._reversed(wanted, careful=True)
                by_array = dict(zip(wanted, found, strict=True))
                slopes = [by_array[array] for array in self._order]
            both = Printer(self.routine, [*self.forward, *backward], names)
            printers.append(both)
            share = "1.0 / batch" if self.mean else "1.0"
            both.lines.insert(0, Definition("share", f"np.full((1,), {share}, dtype=dtype)"))
            gradients = [both.view(g) for g in slopes]
            returned = both_returned(result, gradients, None if self.mean else shapes)
            text = function_text(both, "value_and_grad", returned, kind)
            functions.append(text)
        return "\n\n\n".join([preamble(printers), *functions]) + "\n"
