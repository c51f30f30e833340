"""The plan of a run: which samples are trained on and which measured on, epoch by epoch.

It is made before the run and does not change; whatever is wrong with the data is said while it is
made. It also measures the model after an epoch, and says where that has run away.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from nn.data.coverage import Coverage
from nn.data.frames import in_order, rows
from nn.data.hints import unscaled
from nn.data.schema import Schema, schema_kept
from nn.data.steps import checked_steps, fitted_on
from nn.data.weights import (
    class_weights,
    evened,
    mass_of,
    places_of,
    weighted,
    weights_of,
    with_weights,
    without_weights,
)
from nn.losses import Loss
from nn.metrics.outputs import accuracy
from nn.metrics.reading import Reading
from nn.metrics.table import Measured, Metric, Said, check_metrics, measured, metrics_named
from nn.module import Module
from nn.training.arguments import output_count, read
from nn.training.batches import Batches, epoch_rng, held_out, strata_of
from nn.training.engines.base import Engine
from nn.training.history import EpochRecord, History
from nn.validation import Array, Floats, flag, instance, look_up, real, whole

Part: TypeAlias = tuple[Floats, Array]
Validation: TypeAlias = float | str | tuple[Any, Any] | list[Any] | None


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
        batches: the samples and prepared targets to train on, in steps.
        held: those held out once, or None.
        last_batch: hold the last batch of each epoch out instead.
        seed: of the order.
        classes: whether the targets are classes.
        schema: how samples and targets were read, for the model to keep.
        metrics: those measured beside the accuracy.
        kept: the places of the samples trained on in the data as given; None for all.
        out: the places of those held out once; None where there are none.
        drawn: the batches of the last epoch.
    """

    loss: Loss
    batches: Batches
    held: Part | None
    last_batch: bool
    seed: int
    classes: bool
    schema: Schema
    metrics: tuple[Metric, ...] = ()
    kept: Array | None = None
    out: Array | None = None
    drawn: list[Batches] = field(default_factory=list[Batches])

    def hint(self, model: Module) -> str:
        """Return a word on inputs that are not scaled; "" where they are, or are no amounts."""
        if type(model)._check_samples is not Module._check_samples:
            return ""  # such as the places of an embedding
        return unscaled(self.train[0], () if self.schema.steps else self.schema.columns)

    def coverage(self) -> Coverage:
        """Return which samples the last epoch used, by their places in the data as given."""
        batches = self.drawn[0]
        found = batches.coverage or Coverage(len(batches.X), np.zeros(0, dtype=np.int64))
        if self.last_batch:
            cut = self.steps * batches.batch_size
            return Coverage(found.samples, found.used[:cut], found.used[cut:], self.steps)
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
        """The samples and prepared targets to train on."""
        return self.batches.X, self.batches.y

    @property
    def steps(self) -> int:
        """The number of steps in an epoch."""
        return len(self.batches) - self.last_batch

    def done(self, history: History) -> int:
        """Return the number of the last epoch of a history; 0 before the first."""
        return history[-1].epoch if len(history) else 0

    def epoch(self, epoch: int) -> tuple[Iterable[Part], Part, Part | None]:
        """Return an epoch's batches to train on, all their samples, and those to measure on."""
        batches = self.batches.drawn_by(epoch_rng(self.seed, epoch))
        self.drawn[:] = [batches]
        if not self.last_batch:
            return batches, self.train, self.held
        *drawn, (xs, ts) = batches
        held = xs, self.evened(ts, f"the last batch of epoch {epoch}")[0]
        samples, targets = zip(*drawn, strict=True)
        return drawn, (np.concatenate(samples), np.concatenate(targets)), held

    def record(
        self,
        engine: Engine,
        history: History,
        total: float,
        trained: Part,
        held: Part | None,
        began: float,
    ) -> EpochRecord:
        """Measure the model after an epoch that began then and whose losses summed to `total`."""
        done = self.done(history)
        epoch = done + 1
        outputs = engine.outputs(trained[0]) if self.classes or self.metrics else None
        if outputs is not None and not np.isfinite(outputs).all():
            raise DivergenceError(
                f"the model's outputs are no longer finite after epoch {epoch}. "
                + CAUSES.format(done),
                history,
            )
        metric, metrics = self.measure(outputs, trained[1])
        held_loss = held_metric = None
        held_metrics: dict[str, Measured] = {}
        if held is not None:
            outputs, held_loss = engine.measured(*held)
            if not math.isfinite(held_loss):
                raise DivergenceError(
                    f"the loss on the validation set became {held_loss} in epoch {epoch}. "
                    + CAUSES.format(done),
                    history,
                )
            held_metric, held_metrics = self.measure(outputs, held[1])
        return EpochRecord(
            epoch=epoch,
            loss=total / mass_of(self.loss, trained[1]),
            metric=metric,
            validation_loss=held_loss,
            validation_metric=held_metric,
            time=time.perf_counter() - began,
            seed=self.seed,
            metrics=metrics,
            validation_metrics=held_metrics,
        )

    def measure(
        self, outputs: Floats | None, targets: Array
    ) -> tuple[float | None, dict[str, Measured]]:
        """Return the accuracy of a model's outputs, None without classes, and the other metrics."""
        if outputs is None:
            return None, {}
        right = without_weights(self.loss, targets)
        said = Said.of(outputs, right, self.reading, self.loss)
        found = accuracy(said.outputs, said.targets, self.reading.cut) if self.classes else None
        return found, measured(self.metrics, said)


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
    if share := _share(validation, len(samples), size):
        strata = strata_of(targets, sure=True) if schema.classes is not None else None
        kept, out = held_out(len(samples), share, seed, strata, shuffle=shuffle)
        if not all(step.is_fitted for step in steps):
            # Once more, without the samples held out.
            table = in_order(X, schema.columns)
            schema = replace(schema, steps=fitted_on(steps, rows(table, kept)))
            samples = schema.samples(X).astype(np.float64)
            model._check_width(samples.shape)
    train: Part = samples[kept], targets[kept]
    held: Part | None = None if out is None else (samples[out], targets[out])
    of_classes = None
    if options.class_weight is not None:
        of_classes = class_weights(options.class_weight, places_of(train[1]), schema.classes)
    weights = weights_of(options.sample_weight, of_classes, targets)
    beside = None if weights is None or out is None else weights[out]
    if isinstance(validation, tuple | list):
        pair: Sequence[Any] = validation
        own = read(model, pair[0], pair[1], loss, schema, strict=True)
        held, classes = (own.samples, own.targets), classes and own.classes
        beside = weights_of(pair[2] if len(pair) == 3 else None, of_classes, own.targets)
    check_metrics(chosen, loss, schema.reading, outputs, classes)
    if weights is not None:
        loss = weighted(loss, targets)
        train = train[0], with_weights(train[1], weights[kept])
        if held is not None:
            ts = with_weights(held[1], np.ones(len(held[1])) if beside is None else beside)
            held = held[0], evened(loss, ts, "the samples held out")[0]
    batches = Batches(*train, size, epoch_rng(seed, 1), drop_last=False, shuffle=shuffle)
    last_batch = isinstance(validation, str)
    places = None if out is None else kept
    return Plan(loss, batches, held, last_batch, seed, classes, schema, tuple(chosen), places, out)


def _share(validation: Validation, count: int, size: int) -> float:
    """Return the fraction of the samples to hold out once, 0 for none.

    Raises:
        ValueError: if that is none of the ways to validate, or leaves nothing to train on.
    """
    if isinstance(validation, tuple | list):
        pair: Sequence[Any] = validation
        if len(pair) not in (2, 3):
            raise ValueError(f"validation is a pair (X, y); got {len(pair)} things")
        return 0.0
    if isinstance(validation, str):
        look_up("way to validate", validation, {"last_batch": True})
        if count <= size:
            raise ValueError(
                f"there is nothing to train on: all {count} samples fit into one batch of "
                f"{size}, and validation='last_batch' holds the last batch out; choose a smaller "
                "batch_size"
            )
        return 0.0
    share = 0.0 if validation is None else real("validation", validation)
    if share and not 0.0 < share < 1.0:
        raise ValueError(
            f"validation is a fraction between 0 and 1, such as 0.1, a pair (X, y), "
            f"'last_batch' or None; got {validation}"
        )
    return share


def checked_patience(patience: object, plan: Plan) -> int | None:
    """Return how many epochs may bring no lower validation loss; None for any number."""
    if patience is None:
        return None
    count = whole("patience", patience)
    if plan.held is None and not plan.last_batch:
        raise ValueError(
            "patience watches the validation loss, and nothing is held out: write validation=0.1, "
            "or leave patience out"
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
