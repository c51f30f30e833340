"""The engines on other libraries' devices: the compiled program as text, under JAX or PyTorch.

Gradient and step are found there at once, and parameters and the optimiser's memory stay there
while an epoch runs. What goes wrong is looked at here: a step that is not finite is found again by
the compiled program, which names the node, and changes nothing there.
"""

import copy
import hashlib
import math
from typing import Any

import numpy as np

from nn.elsewhere.choice import Elsewhere
from nn.elsewhere.stepping import Trained
from nn.elsewhere.text import cuts_of
from nn.losses import Loss
from nn.module import Module
from nn.optim.recorded import Followed, NotFollowedError
from nn.training.engines.compiled import CompiledEngine
from nn.validation import Array, Floats, Native


class DeviceEngine(CompiledEngine):
    """Runs mini-batches on the devices of another library; see `Engine`.

    Args:
        devices: where.
        optimizer: whose steps are taken there, if they can be.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        X: Floats,
        targets: Array,
        devices: Elsewhere,
        optimizer: Any,
    ) -> None:
        self._devices = devices
        self.name = devices.name
        self._optimizer = optimizer
        self._state: Trained | None = None
        # None where steps are taken here.
        self._followed: Followed | None = None
        # Whether the numbers there are those here, and those here are those there.
        self._is_sent = self._is_fetched = False
        self._is_agreed = False
        self._epoch = 0
        # The program whose values are asked for there, by its identity.
        self._values: dict[int, Any] = {}
        # Whether some parameter has a gradient.
        self._is_learning = True
        # Whether the last step was taken there already.
        self._is_taken = False
        # How far the optimiser was when its memory was last fetched.
        self._counted: Any = None
        super().__init__(model, loss, X, targets)
        self._follow()

    def choose(self, native: Native, steps: int, batch: int) -> str:
        """See `Engine`; C is for the processor here."""
        return self.name

    def _trace(self) -> None:
        super()._trace()
        self._state = None
        self._is_learning = bool(self._program.reached.any())
        self._values.clear()

    def _follow(self) -> None:
        """Look how the optimiser steps, and whether it can there."""
        if not self._is_learning:
            return
        reached, self._followed = self._program.reached, None
        try:
            # A copy, since what a rule of a user's counts is not to be one more.
            Followed(copy.copy(self._optimizer), self._parameters, reached).next()
            followed = Followed(self._optimizer, self._parameters, reached)
        except NotFollowedError as error:
            self.note = (
                f"Gradients are found by {self.name}, and the steps of the optimizer are taken "
                f"here, one after another: {error}"
            )
        else:
            self._followed = followed

    def begin(self, epoch: int) -> None:
        """See `Engine`."""
        super().begin(epoch)
        self._epoch = epoch

    # Steps --------------------------------------------------------------------------------------

    def accumulated(self, X: Floats, targets: Array, size: int) -> float:
        """See `Engine`; the step is taken at once."""
        self._is_taken = False
        if not self._is_learning:
            return super().accumulated(X, targets, size)
        began = self._masks.states() if self._calls else []
        drawn = [self._masks.batch(self._calls, len(X))] if self._calls else []
        rows = [X, targets, *drawn]
        slopes, squared = self._slopes, math.nan
        try:
            state = self._sent(rows, size)
            if self._followed is None:
                mean, slopes = state.gradient(rows, size)
                is_finite = math.isfinite(mean) and bool(np.isfinite(slopes).all())
            else:
                step = self._followed.next()
                self._is_fetched = False
                mean, squared = state.descend(rows, size, step)
                is_finite = math.isfinite(mean) and math.isfinite(squared)
        except Exception as error:
            raise self._devices.told(error) from error
        if not is_finite:
            # Here the node can be named, and huge gradients be told from infinite ones.
            self._masks.rewind(began)
            self._fetch()
            return super().accumulated(X, targets, size)
        self._batch, self._drawn = (X, targets), drawn
        if self._followed is None:
            self._slopes = slopes
        else:
            self.norm = math.sqrt(squared)
            self._is_taken = True
        return mean * len(X)

    def fault(self, lost: float, where: str) -> str:
        """See `Engine`; a step that was taken has none."""
        return "" if self._is_taken else super().fault(lost, where)

    def step(self, optimizer: Any) -> None:
        """See `Engine`."""
        if self._is_taken and self._followed is not None:
            self._followed.done()
            self._is_stored = False
            return
        super().step(optimizer)
        self._is_sent = False

    # Between there and here ---------------------------------------------------------------------

    def _sent(self, rows: list[Array], size: int) -> Trained:
        """Return the state there, with the numbers that are here if they are newer."""
        program = self._program
        if self._state is None:
            sample = [np.asarray(x[:1]) for x in rows]
            self._state = self._devices.state(program, cuts_of(program, sample))
            self._is_sent = False
        if not self._is_sent:
            if not self._is_agreed:
                self._devices.agree(self._digest(rows, size))
                self._is_agreed = True
            memory: list[Array] = []
            if self._followed is not None:
                memory, self._counted = self._followed.memory(), self._followed.counted()
            self._state.load(program.theta, memory)
            self._is_sent = self._is_fetched = True
        return self._state

    def _digest(self, rows: list[Array], size: int) -> bytes:
        """Return a number of all that processes of one run must have in common at its start."""
        found = hashlib.sha256(self._program.theta.tobytes())
        for x in rows:
            found.update(str((x.shape, x.dtype)).encode() + np.ascontiguousarray(x).tobytes())
        told = (size, self._epoch, len(self._devices), self._program.source, self._optimizer)
        found.update(repr(told).encode())
        return found.digest()

    def _fetch(self) -> None:
        """Take the numbers from there, if they are newer."""
        if self._state is None or self._is_fetched:
            return
        theta, memory = self._state.numbers()
        self._program.theta[:] = theta
        if self._followed is not None:
            self._followed.remember(memory)
            self._counted = self._followed.counted()
        self._is_fetched = True
        self._is_stored = False

    def end(self) -> None:
        """See `Engine`; what is lost there is as after the last finished epoch."""
        try:
            self._fetch()
        except Exception:
            if self._followed is not None and self._counted is not None:
                self._followed.recount(self._counted)

    def store(self) -> None:
        """See `Engine`."""
        self._fetch()
        super().store()

    def load(self) -> None:
        """See `Engine`."""
        self._fetch()
        super().load()
        self._follow()
        self._is_sent = False

    def numbers(self) -> Floats:
        """See `Engine`."""
        self._fetch()
        return super().numbers()

    # Of a model as it was stored ----------------------------------------------------------------

    def outputs(self, X: Floats) -> Floats:
        """See `Engine`."""
        self._fetch()
        return super().outputs(X)

    def _run(self, program: Any, *rows: Array) -> Floats:
        """See `CompiledEngine`."""
        run = self._values.get(id(program))
        if run is None:
            if len(self._values) > 8:
                self._values.clear()
            # With the program, so that no other gets its identity.
            run = self._values[id(program)] = program, self._devices.values(program)
        return run[1](*rows)
