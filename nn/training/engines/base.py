"""Engines: how the gradients of a mini-batch are found.

The training loop asks an engine for nothing else. Here are what all of them share and the eager
one; the compiled one has a file of its own, and `choice` takes one of them by name.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import AnomalyError, Value, detect_anomaly, no_grad, order
from nn.inference.modes import Mode
from nn.inference.predict import numbers_of, programs_of
from nn.layers.dropout import MaskStream
from nn.layers.sequence import Embedding
from nn.losses import Loss, mean_loss
from nn.module import Module
from nn.parts import modules_of
from nn.training.history import GradientCost
from nn.validation import Array, Floats, Native


def checked_loss(loss: Loss, result: Any) -> Any:
    """Return the result of a loss, if it can be differentiated.

    Raises:
        TypeError: if it is no Value.
    """
    if not hasattr(result.__class__, "__apply__"):
        raise TypeError(
            f"the loss {loss.name} returned {result!r:.60} in place of a Value, so there "
            "is nothing to differentiate: compute it from the outputs it is given"
        )
    return result


def edges_of(result: Value, parameters: list[Value]) -> int:
    """Return how often a backward pass from a result multiplies: once on each edge of its graph."""
    active, count = set(parameters), 0
    for node in order(result):
        used = sum([x in active for x in node.args]) if node.op is not None else 0
        if used:
            active.add(node)
            count += used
    return count


class Engine:
    """Finds the gradients of mini-batches, and lets an optimiser step by them.

    Args:
        model: what is trained.
        loss: its loss.
        X: samples, of shape (samples, inputs).
        targets: theirs.

    Attributes:
        name: the one that it is asked for by, other than "auto".
        note: what a user should know of it, such as why another was not taken; or "".
        is_native: whether gradients run as C, by the last choice.
    """

    name = ""

    def __init__(
        self, model: Module, loss: Loss, X: Floats, targets: Array, note: str = ""
    ) -> None:
        self.note = note
        self._model = model
        self._loss = loss
        self._parameters = model.parameters()
        self._masks = MaskStream()
        # The last batch, and its mean gradient by every parameter.
        self._batch: tuple[Floats, Array] = X[:0], targets[:0]
        self._slopes: Floats = np.zeros(0)
        self.is_native = False
        # Of the last gradient that was looked at for faults.
        self.norm = 0.0

    def begin(self, epoch: int) -> None:
        """Take the random masks of an epoch, counted from 1, from now on."""
        self._masks.begin(epoch)

    def gradients(self, X: Floats, targets: Array) -> float:
        """Find the mean of the samples' gradients by every parameter; return the losses' sum.

        The model computes in train mode.
        """
        raise NotImplementedError

    def each(self, X: Floats, targets: Array) -> Floats:
        """Return the gradient of each sample's loss, of shape (samples, parameters)."""
        raise NotImplementedError

    def accumulated(self, X: Floats, targets: Array, size: int) -> float:
        """Find the gradients of a batch in parts of so many samples: see `gradients`."""
        if len(X) <= size:
            return self.gradients(X, targets)
        total, slopes = 0.0, np.zeros(len(self._parameters))
        for i in range(0, len(X), size):
            lost = self.gradients(X[i : i + size], targets[i : i + size])
            if not (math.isfinite(lost) and np.isfinite(self._slopes).all()):
                return lost
            total += lost
            slopes += self._slopes * len(self._batch[0])
        self._slopes = slopes / len(X)
        return total

    def fault(self, lost: float, where: str) -> str:
        """Name the loss or gradient that became nan or infinite, and where; "" if none did."""
        if not math.isfinite(lost):
            return f"the loss became {lost} in {where}"
        # Finite where all of them are, but for huge ones, and in half the time.
        with np.errstate(over="ignore"):
            squared = float(np.dot(self._slopes, self._slopes))
        self.norm = math.sqrt(squared)
        if math.isfinite(squared):
            return ""
        finite = np.isfinite(self._slopes)
        if finite.all():
            largest = float(np.abs(self._slopes).max())
            self.norm = largest * float(np.linalg.norm(self._slopes / largest))
            return ""
        place = int(finite.argmin())
        name = self._parameters[place].label or "a parameter"
        return f"the gradient of {name} became {self._slopes[place]} in {where}"

    def failing(self) -> str:
        """Return a sentence on the node at which the last batch failed, if it is known."""
        return self._replayed(range(len(self._batch[0])), self._masks)

    def _replayed(self, places: Sequence[int], masks: Any) -> str:
        """Return the first node that fails when samples of the last batch are recorded again."""
        mode = Mode(self._model, training=True, masks=masks)
        for i in places:
            x, target = self._batch[0][i].tolist(), self._batch[1][i].tolist()
            try:
                with detect_anomaly(), mode:
                    result = self._loss.function(self._model(x), target)
                    if isinstance(result, Value):
                        result.backward()
            except AnomalyError as error:
                return f" In sample {i} of the batch, {error}."
        return ""

    def step(self, optimizer: Any) -> None:
        """Let the optimiser move the parameters by the gradients found last.

        Raises:
            ValueError: if no parameter has one.
        """
        raise NotImplementedError

    @property
    def is_closed(self) -> bool:
        """Whether nothing but callbacks could look at the Values while it trains."""
        return False

    def store(self) -> None:
        """Make the Values hold the parameters as they are now, after an epoch.

        Raises:
            ValueError: if its losses depend on no parameter.
        """
        raise NotImplementedError

    def cost(self, samples: int) -> GradientCost:
        """Return what the gradients of so many samples have cost."""
        raise NotImplementedError

    def load(self) -> None:
        """Take the model from a callback, which may have given it other numbers or parts.

        Raises:
            ValueError: if it has other parameters now.
        """
        raise NotImplementedError

    def numbers(self) -> Floats:
        """Return the parameters as they are now, in the model's order."""
        raise NotImplementedError

    def choose(self, native: Native, steps: int, batch: int) -> str:
        """Choose what runs the gradients of so many steps on batches of a size; return the words.

        Raises:
            ValueError: if C was asked for, and this engine records graphs.
        """
        if native is True:
            said = self.note or f"the engine {self.name!r} has no program"
            raise ValueError(f"native=True asks for C. {said}")
        return self.name

    def end(self) -> None:
        """Give the optimiser back what it remembers, however the run has ended."""

    # Of a model as it was stored ----------------------------------------------------------------

    def outputs(self, X: Floats) -> Floats:
        """Return the model's outputs for many samples in eval mode, leaving no graph."""
        model = self._model
        with Mode(model, training=False):
            return programs_of(model).outputs(model, X) if self._is_predicting else model.predict(X)

    def measured(self, X: Floats, targets: Array) -> tuple[Floats, float]:
        """Return the model's outputs for many samples in eval mode, and their mean loss."""
        outputs = self.outputs(X)
        return outputs, mean_loss(self._loss, outputs, targets)

    # Asked by both ------------------------------------------------------------------------------

    @property
    def _is_predicting(self) -> bool:
        """Whether `predict` gives what calls give: it was not written anew."""
        return type(self._model).predict is Module.predict

    def _check_parameters(self) -> None:
        """Refuse to go on with other parameters than those that training began with.

        Raises:
            ValueError: saying what a callback may do.
        """
        if self._model.parameters() != self._parameters:
            raise ValueError(
                "a callback gave the model other parameters, which the optimizer does not hold: "
                "set p.data of those it has, or return True there and call fit again"
            )

    def _nothing_to_train(self) -> ValueError:
        """Return the error of a loss that no parameter changes."""
        return ValueError(
            f"no parameter has a gradient: the loss {self._loss.name} does not depend on the "
            "model's outputs for any sample; compute it from the outputs it is given"
        )


class EagerEngine(Engine):
    """Records, reverses and frees the graph of one sample after another.

    The memory it takes is that of one graph, whatever the number of samples.
    """

    name = "eager"
    # Whether the loss takes derivatives of its own results.
    _is_differentiating = False

    def __init__(
        self, model: Module, loss: Loss, X: Floats, targets: Array, note: str = ""
    ) -> None:
        super().__init__(model, loss, X, targets, note)
        # One that moves parameters in the middle of the last sample's pass, as SGD can.
        self.moving: Any = None
        # Which parameters some sample's loss has depended on.
        self._is_reached = [False] * len(self._parameters)
        # Those of each embedding: a row that no sample used has a gradient of 0, and not none.
        place = {p: i for i, p in enumerate(self._parameters)}
        tables = [part for part in modules_of(model) if isinstance(part, Embedding)]
        self._tables = [[place[p] for p in table.parameters()] for table in tables]
        # The edges of the first sample's graph: the multiplications of a backward pass.
        self._edges = 0
        # Where the random masks stood before the last batch.
        self._began = self._masks.states()

    def accumulated(self, X: Floats, targets: Array, size: int) -> float:
        """See `Engine`; one graph at a time is the memory of one sample, however many there are."""
        return self.gradients(X, targets)

    def failing(self) -> str:
        """See `Engine`; with the masks that the batch had."""
        self._masks.rewind(self._began)
        return super().failing()

    def gradients(self, X: Floats, targets: Array) -> float:
        """See `Engine`."""
        model, loss = self._model, self._loss.function
        self._batch = X, targets
        for p in self._parameters:
            p.grad = None
        total = 0.0
        self._began = self._masks.states()
        with Mode(model, training=True, masks=self._masks):
            for x, target in zip(X.tolist(), targets.tolist(), strict=True):
                result = checked_loss(self._loss, loss(model(x), target))
                if not math.isfinite(result.data):
                    return result.data
                result.backward()
                self._edges = self._edges or edges_of(result, self._parameters)
                total += result.data
        self._mark([p.grad is not None for p in self._parameters])
        # Backward passes add up in the leaves; divided by the batch's own length, a short last
        # batch is a mean like any other.
        for i, p in enumerate(self._parameters):
            if p.grad is not None:
                p.grad /= len(X)
            elif self._is_reached[i]:
                # Constant for all samples of this batch alone: a gradient of 0, and not none.
                p.grad = 0.0
        self._slopes = np.array([p.grad or 0.0 for p in self._parameters])
        return total

    def _mark(self, has_slope: Sequence[bool]) -> None:
        """Keep in mind which parameters had a gradient in some batch."""
        self._is_reached = [a or b for a, b in zip(self._is_reached, has_slope, strict=True)]
        for places in self._tables:
            if any(self._is_reached[i] for i in places):
                for i in places:
                    self._is_reached[i] = True

    def each(self, X: Floats, targets: Array) -> Floats:
        """See `Engine`."""
        kept = [p.grad for p in self._parameters]
        rows: list[Floats] = []
        try:
            for i in range(len(X)):
                self.gradients(X[i : i + 1], targets[i : i + 1])
                rows.append(self._slopes)
        finally:
            for p, g in zip(self._parameters, kept, strict=True):
                p.grad = g
        return np.array(rows).reshape(len(X), len(self._parameters))

    def step(self, optimizer: Any) -> None:
        """See `Engine`."""
        # The losses of a first batch may be constants; those of a whole epoch may not.
        if any(self._is_reached):
            optimizer.step()

    def store(self) -> None:
        """See `Engine`; the Values are where the parameters are."""
        if not any(self._is_reached):
            raise self._nothing_to_train()

    def cost(self, samples: int) -> GradientCost:
        """See `Engine`; each graph is taken to be as large as the first."""
        return GradientCost(samples, samples * self._edges)

    def load(self) -> None:
        """See `Engine`."""
        self._check_parameters()

    def numbers(self) -> Floats:
        """See `Engine`."""
        return np.array([p.data for p in self._parameters])

    def measured(self, X: Floats, targets: Array) -> tuple[Floats, float]:
        """See `Engine`."""
        if self._loss.target != "any" or not self._is_predicting:
            return super().measured(X, targets)
        # A loss of the user's may reach for something that a call leaves in the model, or take
        # derivatives by the operands of the outputs.
        found: list[Any] = []
        losses: list[float] = []
        with Mode(self._model, training=False):
            for x, target in zip(X.tolist(), targets.tolist(), strict=True):
                result = self._model(x)
                found.append(numbers_of(result))
                losses.append(numbers_of(self._loss_of(result, target)))
        return np.array(found, dtype=np.float64), math.fsum(losses) / len(losses)

    def _loss_of(self, result: Any, target: Any) -> Any:
        """Return the loss of the model's result, recorded if it cannot do without."""
        loss = self._loss.function
        if not self._is_differentiating:
            try:
                with no_grad():
                    return loss(result, target)
            except ValueError:  # of a derivative; what else is wrong is raised again
                self._is_differentiating = True
        return loss(result, target)
