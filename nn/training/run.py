"""A run of training: epochs of mini-batches, a step on the mean gradient of each.

The loop knows nothing of how gradients are found: an engine does that. However a run ends, the
parameters are those after a finished epoch: the last one, or with patience the best.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from autograd import Value
from nn.data.hints import all_same, runs_away
from nn.data.schema import keep_schema
from nn.data.weights import without_weights
from nn.module import Module
from nn.parts import families
from nn.training.arguments import Callback, Stateful, Stepping
from nn.training.checkpoints import Checkpoints, RunState
from nn.training.engines.base import Engine
from nn.training.history import GradientCost, History
from nn.training.plan import CAUSES, DivergenceError, Plan
from nn.training.progress import Bar, bar_of, say_above
from nn.training.record import Bins
from nn.training.streams.yielded import Yielded
from nn.validation import Floats, Native

# Samples whose predictions are compared at the end.
_LOOKED_AT = 200
# Targets by whose size a loss is told from one that has run away.
_LOOKED_THROUGH = 100_000
# Epochs that are too few for a word on them.
_EARLY = 5

UNMOVED = (
    "No parameter moved in the first epoch: the optimizer's steps change nothing in this model, "
    "its learning rate is 0, or every gradient is."
)


@dataclass
class Patience:
    """How long to wait for a lower validation loss: the least so far, and its parameters.

    Attributes:
        most: how many epochs in a row may bring no lower loss; None to look at none.
        epoch: the number of the best epoch; 0 before there is one.
        loss: its validation loss.
        numbers: the parameters after it.

    >>> watch = Patience(most=2)
    >>> [watch.sees(n, loss, np.zeros(1)) for n, loss in enumerate([0.5, 0.25, 0.5, 0.25], 1)]
    [False, False, False, True]
    >>> watch.epoch
    2
    """

    most: int | None
    epoch: int = 0
    loss: float = math.inf
    numbers: Floats = field(default_factory=lambda: np.zeros(0))

    def sees(self, epoch: int, loss: float | None, numbers: Floats) -> bool:
        """Look at the validation loss of an epoch; return whether patience is at its end."""
        if self.most is None or loss is None:
            return False
        if loss < self.loss:
            self.epoch, self.loss, self.numbers = epoch, loss, numbers
        return epoch - self.epoch >= self.most


class Run:
    """A run that is underway.

    Args:
        model: what is trained.
        optimizer: what moves its parameters.
        plan: the samples of each epoch.
        history: the epochs that were finished before; this run's are added.
        watch: what patience looks at.
        calls: the callbacks.
        part: how many samples' gradients are found at once.
        keeper: what keeps the run in a file, and has the one to go on from; None for neither.

    Attributes:
        finished: the parameters after the last finished epoch.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Stepping,
        plan: Plan,
        history: History,
        watch: Patience,
        calls: Sequence[Callback],
        part: int,
        keeper: Checkpoints | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.plan = plan
        self.history = history
        self.watch = watch
        self._calls = calls
        # Of our own, some look at the history alone: they need no Values, and change none.
        self._are_far = all(getattr(call, "looks_at_history", False) for call in calls)
        self._part = part
        self._keeper = keeper
        # What the gradients of the run had cost before the file was written that it goes on from.
        self._spent = GradientCost(0, 0)
        self._parameters = model.parameters()
        self.finished: list[float] | Floats = [p.data for p in self._parameters]
        self._bins = Bins(families(model, self._parameters))
        self._is_first = True
        self._seen = 0

    def go(
        self, make_engine: Callable[..., Engine], last: int, progress: bool, native: Native
    ) -> None:
        """Train until an epoch of that number is finished, or something ends the run before.

        Raises:
            DivergenceError: if the loss, a gradient or an output is not finite.
        """
        history, plan, keeper = self.history, self.plan, self._keeper
        state = keeper.state if keeper else None
        done = state.records[-1].epoch if state else plan.done(history)
        steps = plan.steps
        bar = bar_of(progress, None if steps is None else max(0, last - done) * steps)
        engine: Engine | None = None
        first, before = len(history), keep_schema(self.model, plan.schema)
        try:
            engine = make_engine(self.model, plan.loss, *plan.train)
            if keeper:
                keeper.check_engine(engine.name)
            count = (steps or 0) * max(0, last - done)
            history.engine, history.note = self._chosen(engine, native, count), ""
            if state:
                self._take(state, engine)
                say_above(bar, history.note)
            else:
                self._say(engine.note, bar)
                self._say(plan.hint(self.model), bar)
            while plan.done(history) < last and not history.is_ended:
                self._epoch(engine, bar, last)
            if self._seen:
                engine.store()
            self._look_back(engine, first, bar)
        except BaseException as error:
            _restore(self._parameters, self.finished)
            keep_schema(self.model, plan.schema if len(history) > first else before)
            if not isinstance(error, KeyboardInterrupt):
                raise
            history.interrupted = True
        finally:
            bar.close()
            if engine is not None:
                engine.end()
        if engine is not None and self._seen:
            history.cost = self._spent + engine.cost(self._seen)
        if self.watch.epoch:
            history.best_epoch = self.watch.epoch
            _restore(self._parameters, self.watch.numbers)
        for p in self._parameters:
            p.grad = None

    def _chosen(self, engine: Engine, native: Native, steps: int) -> str:
        """Choose between C and NumPy for so many steps; return the words of the history."""
        wanted = self._keeper.native_of(native) if self._keeper else native
        try:
            said = engine.choose(wanted, steps, self._part)
        except RuntimeError as error:
            if wanted == native:
                raise
            raise RuntimeError(f"the run to go on from was trained as C. {error}") from None
        # Nobody wrote native=False where "auto" goes on as the run began.
        return engine.name if native == "auto" and wanted is False else said

    def _take(self, state: RunState, engine: Engine) -> None:
        """Go on from a run that was kept in a file."""
        history, optimizer = self.history, cast(Stateful, self.optimizer)
        try:
            optimizer.load_state_dict(state.optimizer)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the optimizer cannot go on from the checkpoint: {error}") from None
        _restore(self._parameters, state.parameters)
        self.finished = state.parameters
        engine.load()
        history._replace(state.records)  # pyright: ignore[reportPrivateUsage]
        history.stopped, history.stopped_early = state.told["stopped"], state.told["stopped_early"]
        history.note = state.told["note"]
        self._spent = GradientCost(*state.told["cost"])
        history.cost = self._spent
        if state.best is not None:
            self.watch.epoch, self.watch.loss, self.watch.numbers = state.best
        self._is_first = False

    def _keep(self, engine: Engine) -> None:
        """Write the run as it is after an epoch."""
        history, watch = self.history, self.watch
        if self._keeper is None:
            return
        told = {
            "stopped": history.stopped,
            "stopped_early": history.stopped_early,
            "note": history.note,
            "cost": [*(self._spent + engine.cost(self._seen))],
        }
        best = (watch.epoch, watch.loss, watch.numbers) if watch.epoch else None
        # A callback that stops the run may have changed the model, and is not asked about it.
        is_changed = history.stopped and not self._are_far
        changed = [p.data for p in self._parameters] if is_changed else self.finished
        numbers = np.asarray(changed)
        state = cast(Stateful, self.optimizer).state_dict()
        self._keeper.keep(
            RunState(numbers, state, [*history], told, best), engine.name, native=engine.is_native
        )

    def _epoch(self, engine: Engine, bar: Bar, last: int) -> None:
        """Train for an epoch, measure, and ask the callbacks and patience whether to go on.

        Args:
            engine: finds the gradients.
            bar: the bar.
            last: the number of the last epoch there will be.
        """
        history, plan, calls = self.history, self.plan, self._calls
        began = time.perf_counter()
        number = plan.done(history) + 1
        batches, trained, held = plan.epoch(number)
        engine.begin(number)
        loss, norm = self._descend(engine, batches, number, bar)
        if isinstance(plan.batches, Yielded):
            # As far as is known: the next may have more.
            bar.total = bar.n + (last - number) * (plan.steps or 0)
        if not (self._are_far and engine.is_closed):
            engine.store()
        numbers = engine.numbers()
        if self._is_first and np.array_equal(numbers, self.finished):
            self._say(UNMOVED, bar)
        self._is_first = False
        record = plan.record(engine, history, loss, trained, held, began)
        weights = self._bins.histograms(numbers)
        history.append(replace(record, gradient_norm=norm, weights=weights))
        history.coverage = plan.coverage()
        self.finished = numbers
        bar.set_postfix_str(history[-1].summary)
        history.stopped_early = self.watch.sees(number, history[-1].validation_loss, numbers)
        # All of them, also after one that asks to stop.
        answers = [_asks_to_stop(call(self.model, history)) for call in calls]
        history.stopped = any(answers)
        if not (self._are_far or history.stopped):
            engine.load()
            self.finished = engine.numbers()
        self._keep(engine)

    def _say(self, words: str, bar: Bar) -> None:
        """Add words to the history's note, and show them above the bar."""
        self.history.note = f"{self.history.note} {words}".strip()
        say_above(bar, words)

    def _look_back(self, engine: Engine, first: int, bar: Bar) -> None:
        """Say what went wrong in the run without an error."""
        history, plan = self.history, self.plan
        if len(history) == first or UNMOVED in history.note:
            return
        X, targets = plan.train
        many = slice(None, None, max(1, len(X) // _LOOKED_THROUGH))
        right = without_weights(plan.loss, targets[many])
        self._say(runs_away(history.loss[first:], plan.loss, right), bar)
        # Calls of a model that keeps something of each are not to be one more.
        if engine.name == "eager" or not (plan.classes or plan.held) or len(history) < _EARLY:
            return
        some = slice(None, None, max(1, len(X) // _LOOKED_AT))
        outputs = engine.outputs(X[some])
        if np.isfinite(outputs).all():
            said = plan.schema.labels(outputs) if plan.classes else outputs
            self._say(all_same(said, without_weights(plan.loss, targets[some])), bar)

    def _descend(self, engine: Engine, batches: Any, number: int, bar: Bar) -> tuple[float, float]:
        """Take a step for each batch of an epoch.

        Returns:
            The mean of the losses before the steps, and that of the norms of their gradients.
        """
        total = norms = mass = 0.0
        step = 0
        for step, (xs, given) in enumerate(batches, 1):
            where = f"batch {step} of epoch {number}"
            ts, weight = self.plan.evened(given, where)
            lost = engine.accumulated(xs, ts, self._part)
            fault = engine.fault(lost, where)
            if fault:
                causes = CAUSES.format(number - 1)
                raise DivergenceError(f"{fault}. {causes}{engine.failing()}", self.history)
            engine.step(self.optimizer)
            total += lost * weight
            mass += len(xs) * weight
            norms += engine.norm
            self._seen += len(xs)
            bar.update()
        return total / mass, norms / step


def _asks_to_stop(answer: object) -> bool:
    # Only a bool: a callback that ends in file.write(...) returns a number and means nothing by it.
    return answer is True or (isinstance(answer, np.bool_) and bool(answer))  # pyright: ignore[reportUnknownArgumentType]


def _restore(parameters: list[Value], data: list[float] | Floats) -> None:
    for p, x in zip(parameters, data if isinstance(data, list) else data.tolist(), strict=True):
        p.data = x
        p.grad = None
