"""The compiled engine: the model and its loss as one program over mini-batches.

What one sample computes is traced once and rolled into array statements. Parameters live in one
flat array while an epoch runs, where descent moves them in place, and return to the Values after
it. A sample that gives nan or an infinity is replayed eagerly, to name the node.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import compile
from nn.inference.compiling import Compiled, compiled
from nn.inference.modes import Mode
from nn.inference.predict import programs_of
from nn.layers.dropout import Dropout, calls_of, given
from nn.losses import Loss
from nn.module import Module
from nn.optim import array_step
from nn.training.engines.base import Engine, checked_loss, edges_of
from nn.training.history import GradientCost
from nn.validation import Array, Floats, Native

# A graph of more parameters would take longer to record than some runs.
_COUNTED = 10_000


class CompiledEngine(Engine):
    """Runs a mini-batch as a handful of array statements; see `Engine`.

    Raises:
        TraceError: if the model or the loss cannot be compiled, with the line and what to write
            instead.
    """

    name = "compiled"

    def __init__(self, model: Module, loss: Loss, X: Floats, targets: Array) -> None:
        super().__init__(model, loss, X, targets)
        self._shapes = [X.shape[1:], targets.shape[1:]]
        self._losses: Any = compile(loss.function)
        self._sample: Any = X[0].tolist()
        self._target: Any = targets[0].tolist()
        self._compiled: Compiled
        self._program: Any
        # The layers that take random masks, as one sample calls them, and the last batch's masks.
        self._calls: list[tuple[Dropout, int]] = []
        self._drawn: list[Floats] = []
        # Whether the Values hold what the program does.
        self._is_stored = True
        # Of one sample's graph, were it recorded.
        self._edges = 0
        # What a model that computes something else in eval mode is measured by, if it can be.
        self._in_eval: Any = None
        # How the optimiser of the last step moves the parameters of the engine it is given.
        self._move: Callable[[CompiledEngine], object] | None = None
        # Whether nothing of the user's has run since outputs were asked for.
        self._is_tried = False
        # What was said of native code, and for how many steps on batches of which size.
        self._native: tuple[Native, int, int] | None = None
        self._trace()

    @property
    def kept(self) -> str:
        """The things that a call keeps outside itself, as a sentence; "" if none."""
        return self._compiled.kept

    def _trace(self) -> None:
        """Compile the model and the loss as they are now."""
        model, loss = self._model, self._loss
        function, contained = loss.function, model._self_contained()

        self._calls = calls = calls_of(model, self._sample)
        differs: list[bool] = []

        # What the program holds must not hold the engine, which holds the program.
        def of_one_sample(x: Any, target: Any, *masks: Any) -> Any:
            mode = Mode(model, training=True, masks=given(calls, masks[0]) if calls else None)
            with mode:
                result = checked_loss(loss, function(model(x), target))
            differs.append(mode.was_asked)
            return result

        def in_eval(x: Any, target: Any) -> Any:
            with Mode(model, training=False):
                return checked_loss(loss, function(model(x), target))

        closed = contained and loss.target != "any"
        masks = [(sum([count for _, count in calls]),)] if calls else []
        self._compiled = compiled(model, of_one_sample, [*self._shapes, *masks], closed=closed)
        self._program = self._compiled.program
        self._in_eval = self._program
        if any(differs):
            self._in_eval = compiled(model, in_eval, self._shapes, closed=closed).program
        if not contained:
            programs_of(model).forget()
        if self._native is not None:
            self.choose(*self._native)

    def choose(self, native: Native, steps: int, batch: int) -> str:
        """See `Engine`.

        Raises:
            RuntimeError: if C was asked for and cannot be had.
        """
        self._native = native, steps, batch
        said = self._program.choose(native, calls=steps, batch=batch)
        if self._in_eval is not self._program:
            self._in_eval.choose(native)
        self.is_native = said.startswith("C,")
        return f"{self.name} ({said})" if said else self.name

    def gradients(self, X: Floats, targets: Array) -> float:
        """See `Engine`."""
        self._batch = X, targets
        self._drawn = [self._masks.batch(self._calls, len(X))] if self._calls else []
        mean, self._slopes = self._program.value_and_grad(X, targets, *self._drawn)
        return mean * len(X)

    def each(self, X: Floats, targets: Array) -> Floats:
        """See `Engine`."""
        drawn = [self._masks.batch(self._calls, len(X))] if self._calls else []
        return self._program.value_and_grad(X, targets, *drawn, per_sample=True)[1].copy()

    def failing(self) -> str:
        """See `Engine`."""
        self.store()
        for i in range(len(self._batch[0])):
            one = [part[i : i + 1] for part in (*self._batch, *self._drawn)]
            value, slopes = self._program.value_and_grad(*one)
            masks = given(self._calls, one[2][0].tolist()) if self._calls else None
            failed = not (math.isfinite(value) and np.isfinite(slopes).all())
            if failed and (found := self._replayed([i], masks)):
                return found
        return ""

    # Steps --------------------------------------------------------------------------------------

    def step(self, optimizer: Any) -> None:
        """See `Engine`."""
        if self._move is None:
            self._move = self._way_of(optimizer)
        self._is_stored = False
        self._move(self)

    def _way_of(self, optimizer: Any) -> "Callable[[CompiledEngine], object]":
        """Return how an optimiser steps: on the flat array if it can, and holds no others."""
        program, reached = self._program, self._program.reached
        if not reached.any():
            raise self._nothing_to_train()
        on_array = array_step(optimizer)
        place = {p: i for i, p in enumerate(self._parameters)}
        if on_array is None or not place.keys() >= set(optimizer.parameters):
            return lambda engine: engine._step_on_values(optimizer)
        # A parameter that the loss does not depend on has no gradient, and stays with its momentum.
        if optimizer.parameters == self._parameters:
            moved = None if reached.all() else reached
            return lambda engine: on_array(program.theta, engine._slopes, moved)
        places = np.array([place[p] for p in optimizer.parameters])
        some = None if reached[places].all() else reached[places]

        def step_on_some(engine: CompiledEngine) -> None:
            numbers = program.theta[places]
            on_array(numbers, engine._slopes[places], some)
            program.theta[places] = numbers

        return step_on_some

    def _step_on_values(self, optimizer: Any) -> None:
        program = self._program
        program.store()
        slopes, reached = self._slopes.tolist(), program.reached.tolist()
        for p, g, is_reached in zip(self._parameters, slopes, reached, strict=True):
            p.grad = g if is_reached else None
        optimizer.step()
        program.load()

    def cost(self, samples: int) -> GradientCost:
        """See `Engine`; what the program computes at once is counted as a recorded graph has it."""
        is_counted = self._compiled.is_closed and len(self._parameters) <= _COUNTED
        if not is_counted:
            return GradientCost(samples, None)
        if not self._edges:
            result = self._loss.function(self._model(self._sample), self._target)
            self._edges = edges_of(result, self._parameters)
        return GradientCost(samples, samples * self._edges)

    # Between the program and the Values ---------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        """See `Engine`."""
        return self._compiled.is_closed and self._is_predicting

    def store(self) -> None:
        """See `Engine`; 0.1 s for 400,000 parameters, so not without need."""
        if not self._is_stored:
            self._program.store()
        self._is_stored = True

    def load(self) -> None:
        """See `Engine`; a loss or a model of the user's may also read what changed elsewhere."""
        if self._compiled.is_stale(self._model):
            self._check_parameters()
            # A change by its own calls is nothing new.
            if not self.kept:
                self._trace()
        self._program.load()
        self._move = None
        self._is_tried = False

    def numbers(self) -> Floats:
        """See `Engine`."""
        return self._program.theta.copy()

    # Of a model as it was stored ----------------------------------------------------------------

    def outputs(self, X: Floats) -> Floats:
        """See `Engine`."""
        model = self._model
        if not self._is_predicting:
            return super().outputs(X)
        programs = programs_of(model)
        if programs.program is None or len(X) <= 1:
            self.store()  # it will be called
        tried = self._is_tried
        self._is_tried |= len(X) > 1  # one row is called, and the program not looked at
        return programs.outputs(model, X, self._program, tried=tried, run=self._run)

    def _run(self, program: Any, *rows: Array) -> Floats:
        """Return a program's values for rows."""
        return program(*rows)

    def measured(self, X: Floats, targets: Array) -> tuple[Floats, float]:
        """See `Engine`."""
        outputs = self.outputs(X)
        if self._loss.target != "any":
            losses = self._losses(outputs, targets)
        elif self._is_predicting:
            # It may reach for something that a call of the model leaves behind.
            if self._in_eval is not self._program:
                self._in_eval.theta = self._program.theta
            losses = self._run(self._in_eval, X, targets)
        else:
            return super().measured(X, targets)
        return outputs, math.fsum(losses.tolist()) / len(X)
