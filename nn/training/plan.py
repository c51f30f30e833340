"""The plan of a run: which samples are trained on and which measured on, epoch by epoch.

It is made before the run and does not change; whatever is wrong with the data is said while it is
made. It also measures the model after an epoch, and says where that has run away.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeAlias, cast

import numpy as np

from nn.data.coverage import Coverage
from nn.data.frames import in_order, rows
from nn.data.hints import unscaled
from nn.data.large.mapped import Mapped, column_of, is_mapped, parts, taken
from nn.data.large.source import yields_batches
from nn.data.schema import Schema, schema_kept
from nn.data.steps import checked_steps, fitted_on
from nn.data.weights import (
    class_weights,
    evened,
    mass_of,
    refuse_weightless,
    weighted,
    weights_of,
    with_weights,
    without_weights,
)
from nn.losses import Loss
from nn.metrics.reading import Reading
from nn.metrics.table import (
    ACCURACY,
    Measured,
    Metric,
    Tallies,
    check_metrics,
    metrics_named,
)
from nn.module import Module
from nn.training.arguments import output_count, read, samples_in
from nn.training.batches import Batches, epoch_rng, held_out, strata_of
from nn.training.engines.base import Engine
from nn.training.history import EpochRecord, History
from nn.training.streams.validation import Part, Validation, held_beside, share_of
from nn.training.streams.yielded import Yielded
from nn.validation import Array, Floats, flag, instance, whole

# Samples with their targets, some at a time.
Parts: TypeAlias = Iterable[tuple[Floats, Array]]


class DivergenceError(FloatingPointError):
    """The loss or a gradient was no longer finite; the model is as after the last good epoch.

    Attributes:
        history: the epochs that were finished before.

    >>> from nn import MLP, SGD, datasets, fit
    >>> X, y = datasets.line(20, seed=0)
    >>> model = MLP([1, 1], activation="linear", seed=0)
    >>> optimizer = SGD(model.parameters(), lr=100.0)
    >>> loss = "mean_squared_error"
    >>> try:
    ...     fit(model, X, y, loss=loss, optimizer=optimizer, epochs=900, batch_size=20)
    ... except DivergenceError as error:
    ...     print(type(error.history).__name__)
    History
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history

    def __reduce__(self) -> tuple[type["DivergenceError"], tuple[str, History]]:
        # So that it comes back from another process.
        return DivergenceError, (str(self), self.history)


CAUSES = (
    "The usual causes: a learning rate that is too large, inputs that are not scaled (pixels of "
    "0-255 in place of 0-1), or a loss without a bound such as log(0). The model is as after "
    "epoch {}."
)


@dataclass(frozen=True, slots=True)
class DataOptions:
    """What `fit` is told about its data.

    Attributes:
        shuffle: whether each epoch draws a new order; otherwise the last samples are held out.
        class_weight: "balanced", or the weights of classes by their labels.
        sample_weight: the weight of each sample.
        preprocessing: steps between the data and the model.
    """

    shuffle: bool = True
    class_weight: Any = None
    sample_weight: Any = None
    preprocessing: Any = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The samples to train and to measure on, epoch by epoch.

    Attributes:
        loss: the loss.
        batches: the samples and prepared targets to train on, in steps; or a function of the user's
            that yields them.
        held: those held out once, or None; or a function that yields them.
        last_batch: hold the last batch of each epoch out instead.
        seed: of the order.
        classes: whether the targets are classes.
        schema: how samples and targets were read, for the model to keep.
        metrics: those measured beside the accuracy.
        kept: the places of the samples trained on in the data as given; None for all.
        out: the places of those held out once; None where there are none.
        drawn: the batches of the last epoch.
        word: what is to be said of it before the run; or "".
    """

    loss: Loss
    batches: Batches | Yielded
    held: Part | Yielded | None
    last_batch: bool
    seed: int
    classes: bool
    schema: Schema
    metrics: tuple[Metric, ...] = ()
    kept: Array | None = None
    out: Array | None = None
    drawn: list[Batches] = field(default_factory=list[Batches])
    word: str = ""

    def hint(self, model: Module) -> str:
        """Return a word on inputs that are not scaled; "" where they are, or are no amounts."""
        said = ""
        if type(model)._check_samples is Module._check_samples:  # else places of an embedding, say
            columns = () if self.schema.steps else self.schema.columns
            said = unscaled(self.train[0], columns)
        return f"{said} {self.word}".strip()

    def coverage(self) -> Coverage | None:
        """Return which samples the last epoch used, by their places in the data as given.

        None where a function yields them: which they are is not known.
        """
        if not self.drawn:
            return None
        batches = self.drawn[0]
        found = batches.coverage or Coverage(len(batches.X), np.zeros(0, dtype=np.int64))
        if self.last_batch and batches.drawn is not None:
            steps = len(batches) - 1
            cut = steps * batches.batch_size
            return Coverage(found.samples, batches.drawn[:cut], batches.drawn[cut:], steps)
        if self.kept is None or self.out is None:
            return found
        count = len(self.kept) + len(self.out)
        return Coverage(count, self.kept[found.used], self.out, found.batches)

    def evened(self, targets: Array, where: str) -> tuple[Array, float]:
        """Divide the weights of a batch by their mean; return its targets and that mean."""
        return evened(self.loss, targets, where)

    @property
    def reading(self) -> Reading:
        """How the model's outputs are read."""
        return self.schema.reading

    @property
    def train(self) -> Part:
        """The samples and prepared targets to train on; of a function, its first batch."""
        return self.batches.X, self.batches.y

    @property
    def steps(self) -> int | None:
        """The number of steps in an epoch; None where it is not known yet."""
        if isinstance(self.batches, Yielded):
            return self.batches.steps
        return len(self.batches) - self.last_batch

    def done(self, history: History) -> int:
        """Return the number of the last epoch of a history; 0 before the first."""
        return history[-1].epoch if len(history) else 0

    def epoch(self, epoch: int) -> tuple[Parts, Parts, Parts | None]:
        """Return an epoch's batches to train on, all their samples, and those to measure on."""
        held = self.held
        out = held.parts(epoch) if isinstance(held, Yielded) else held and parts(*held)
        if isinstance(self.batches, Yielded):
            return self.batches.batches(epoch), self.batches.parts(epoch), out
        batches = self.batches.drawn_by(epoch_rng(self.seed, epoch))
        self.drawn[:] = [batches]
        if not self.last_batch:
            return batches, parts(*self.train), out
        order, steps = batches.order(), len(batches) - 1
        places = order[: steps * batches.batch_size]
        some = [taken(x, places) for x in self.train]
        drawn = batches.in_order(order)
        last = [x[order[len(places) :]] for x in self.train]
        return islice(drawn, steps), parts(*some), parts(*last)

    def record(
        self,
        engine: Engine,
        history: History,
        loss: float,
        trained: Parts,
        held: Parts | None,
        began: float,
    ) -> EpochRecord:
        """Measure the model after an epoch that began then, and whose mean loss is known."""
        done = self.done(history)
        metric, metrics = None, dict[str, Measured]()
        if self.classes or self.metrics:
            tallies = self._tallies()
            for xs, ts in trained:
                outputs = engine.outputs(xs)
                self._check_outputs(outputs, history)
                tallies.add(outputs, without_weights(self.loss, ts))
            metric, metrics = self._told(tallies)
        held_loss = held_metric = None
        held_metrics: dict[str, Measured] = {}
        if held is not None:
            tallies = self._tallies()
            held_loss = self._measured(engine, history, held, tallies)
            held_metric, held_metrics = self._told(tallies)
        return EpochRecord(
            epoch=done + 1,
            loss=loss,
            metric=metric,
            validation_loss=held_loss,
            validation_metric=held_metric,
            time=time.perf_counter() - began,
            seed=self.seed,
            metrics=metrics,
            validation_metrics=held_metrics,
        )

    def _check_outputs(self, outputs: Floats, history: History) -> None:
        """Refuse outputs that are no longer finite."""
        if not np.isfinite(outputs).all():
            done = self.done(history)
            raise DivergenceError(
                f"the model's outputs are no longer finite after epoch {done + 1}. "
                + CAUSES.format(done),
                history,
            )

    def _measured(self, engine: Engine, history: History, held: Parts, tallies: Tallies) -> float:
        """Return the mean loss of samples held out, and count what is to be measured of them."""
        mean = total = 0.0
        for xs, ts in held:
            outputs, lost = engine.measured(xs, ts)
            if not math.isfinite(lost):
                done = self.done(history)
                raise DivergenceError(
                    f"the loss on the validation set became {lost} in epoch {done + 1}. "
                    + CAUSES.format(done),
                    history,
                )
            mass = mass_of(self.loss, ts)
            total += mass
            if mass:
                # The mean so far; of a single part it is that of the part.
                mean += (lost * (len(xs) / mass) - mean) * (mass / total)
            tallies.add(outputs, without_weights(self.loss, ts))
        refuse_weightless(total, "the samples held out")
        return mean

    def _tallies(self) -> Tallies:
        """Return what counts the metrics of some samples, with the accuracy of classes."""
        asked = [*[ACCURACY] * self.classes, *self.metrics]
        unique = {metric.name: metric for metric in asked}
        return Tallies([*unique.values()], self.loss, self.reading)

    def _told(self, tallies: Tallies) -> tuple[float | None, dict[str, Measured]]:
        """Return the accuracy that was counted, None without classes, and the other metrics."""
        found: dict[str, Any] = tallies.found()
        metric = found[ACCURACY.name] if self.classes else None
        return metric, {metric.name: found[metric.name] for metric in self.metrics}


def planned(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss,
    size: int,
    validation: Validation,
    seed: int,
    metrics: Any = (),
    options: DataOptions = DataOptions(),
) -> Plan:
    """Check the data against the model and the loss, and hold out the part asked for."""
    chosen = metrics_named(metrics)
    shuffle = flag("shuffle", options.shuffle)
    steps, before = checked_steps(options.preprocessing), schema_kept(model)
    samples, targets, schema, classes = read(model, X, y, loss, before, strict=False, steps=steps)
    outputs = output_count(model, samples)
    kept: Any = slice(None)
    out: Array | None = None
    if share := share_of(validation, len(samples), size):
        kept, out = held_out(len(samples), share, seed, _strata(schema, targets), shuffle=shuffle)
        if not all(step.is_fitted for step in steps):
            # Once more, without the samples held out.
            table = in_order(X, schema.columns)
            some = rows(Mapped(table) if is_mapped(table) else table, kept)
            schema = replace(schema, steps=fitted_on(steps, some))
            samples = samples_in(table, schema.steps)
            model._check_width(samples.shape)
    of_classes = None
    if options.class_weight is not None:
        of_classes = class_weights(options.class_weight, taken(targets, kept), schema.classes)
    weights = weights_of(options.sample_weight, of_classes, targets)
    plain = loss
    if weights is not None:
        loss = weighted(loss, targets)
        targets = with_weights(targets, weights)
        if out is not None:
            refuse_weightless(float(weights[out].sum()), "the samples held out")
    held: Part | Yielded | None = None
    if out is not None:
        held = taken(samples, out), taken(targets, out)
    elif isinstance(validation, tuple | list) or yields_batches(validation):
        held, told = held_beside(model, validation, plain, schema, of_classes, weights is not None)
        classes = classes and told
    check_metrics(chosen, plain, schema.reading, outputs, classes)
    train: Part = taken(samples, kept), taken(targets, kept)
    batches = Batches(*train, size, epoch_rng(seed, 1), drop_last=False, shuffle=shuffle)
    last_batch = isinstance(validation, str)
    places = None if out is None else kept
    return Plan(loss, batches, held, last_batch, seed, classes, schema, tuple(chosen), places, out)


def _strata(schema: Schema, targets: Array) -> Array | None:
    """Return the class of each sample, to be shared out; None where there are none."""
    if schema.classes is None:
        return None
    return column_of(targets, lambda part: cast(Array, strata_of(part, sure=True)))


def checked_patience(patience: object, plan: Plan) -> int | None:
    """Return how many epochs may bring no lower validation loss; None for any number."""
    if patience is None:
        return None
    count = whole("patience", patience)
    if plan.held is None and not plan.last_batch:
        write = "(X, y) or a function" if isinstance(plan.batches, Yielded) else "0.1"
        raise ValueError(
            f"patience watches the validation loss, and nothing is held out: write "
            f"validation={write}, or leave patience out"
        )
    return count


def continued(history: object, plan: Plan) -> History:
    """Return a history for a run to add to, with the epochs of an earlier one.

    Raises:
        TypeError: if it is none.
        ValueError: if it is of another seed, or another kind of targets.
    """
    name, told = "accuracy" if plan.classes else "", plan.schema.classes
    names = None if told is None else told.tolist()
    if history is None:
        return History(metric_name=name, classes=names)
    instance("history=", history, History, "the History that an earlier fit returned")
    earlier: Any = history
    seeds = sorted({seed for seed in earlier.seed if seed != plan.seed})
    if seeds:
        raise ValueError(
            f"the history's epochs were drawn with seed {seeds[0]}, and this call has {plan.seed}: "
            f"write seed={seeds[0]}, or samples that were held out would be trained on"
        )
    if len(earlier) and earlier.metric_name != name:
        kinds = ["classes" if known else "numbers" for known in (earlier.metric_name, name)]
        raise ValueError(
            f"the history is of {kinds[0]}, and y holds {kinds[1]}: leave history out to begin anew"
        )
    return History(earlier, metric_name=name, classes=names)
