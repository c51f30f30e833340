"""One run of the command: the data sets it knows, its settings, and its result.

`prepare` checks every setting and builds data and model, so that whatever is wrong is said before
any training. The held-out test samples are split off first; neither training nor the curves'
validation set sees them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nn.data.labels import targets_of
from nn.data.preprocessing import Preprocessor
from nn.data.schema import rows_of
from nn.data.steps import fitted_on, through
from nn.layers import MLP
from nn.losses import LOSSES, Loss, loss_named
from nn.metrics.classification import f1, precision, recall
from nn.metrics.outputs import confusion
from nn.metrics.reading import reading_of
from nn.metrics.regression import mean_absolute_error, r2
from nn.metrics.table import check_metrics, metrics_named
from nn.optim import OPTIMIZERS, Optimizer
from nn.report.choices import class_weight_of, schedule_of
from nn.report.settings import CLIPS, OPTIONS, Settings, Task, task_named
from nn.report.sources import Data, known
from nn.schedules import Schedule, constant
from nn.training.batches import split
from nn.training.engines.choice import Where, engine_named
from nn.training.fit import Callback, fit
from nn.training.history import History
from nn.validation import Array, Floats, look_up, whole

# Ten million of either fit into the memory of a usual machine: a point takes 24 bytes for each copy
# of it, a parameter 250. Noise beyond a million leaves nothing of any data set.
MOST_PARAMETERS = 10_000_000

# Of all samples for the test, and of the rest for the validation curves.
TEST, VALIDATION = 0.2, 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """Settings that were checked, with the data and the untrained model they stand for.

    Attributes:
        settings: as given.
        task: the data set, described.
        loss: the loss as training knows it.
        model: the network; `train` changes its parameters.
        optimizer: of its parameters.
        train_set, test_set: samples and labels to train on, and those held out for the test.
        watched: how many of those to train on are held out to watch the training.
        labels: the classes, sorted.
        steps: what stands between the samples and the network, fitted on those trained on.
        schedule: of the learning rate; None where that stays.
        class_weight: as `fit` takes it.
        unit: the mean and the deviation of the numbers trained on, which training scales by; None
            for classes.
        digest: of data of the user's own, as `Data` has it.
    """

    settings: Settings
    task: Task
    loss: Loss
    model: MLP
    optimizer: Optimizer
    train_set: tuple[Any, Array]
    test_set: tuple[Any, Array]
    watched: int
    labels: Array
    steps: tuple[Preprocessor, ...] = ()
    schedule: Schedule | None = None
    class_weight: str | dict[Any, float] | None = None
    unit: tuple[float, float] | None = None
    digest: str = ""

    @property
    def descent(self) -> str:
        """The optimiser in words, as in "SGD, learning rate 0.1, momentum 0.9"."""
        s, kind = self.settings, type(self.optimizer)
        words = [f"{name} {getattr(s, name):g}" for name in OPTIONS if name in kind.options]
        words += [
            f"{name.replace('_', ' ')} {getattr(s, name):g}"
            for name in CLIPS
            if getattr(s, name) is not None
        ]
        rate = f"{self.schedule!r}" if self.schedule else f"{s.lr:g}"
        return ", ".join([kind.__name__, f"learning rate {rate}", *words])

    @property
    def is_plane(self) -> bool:
        """Whether the samples are points of a plane: two numbers each."""
        texts = [column for column in self.task.columns[:-1] if column.kind == "text"]
        return self.test_set[0].shape[1] == 2 and not texts

    @property
    def trained_on(self) -> int:
        """The number of samples that training takes steps on."""
        return len(self.train_set[1]) - self.watched

    def train(
        self,
        *,
        progress: bool = True,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | None = None,
        resume: str | None = None,
    ) -> History:
        """Train the model and return its history; Ctrl-C ends it early, as in `fit`.

        Args:
            progress: as `fit` takes it.
            callbacks: the same.
            checkpoint: the same.
            resume: the same.

        Raises:
            DivergenceError: if the loss does not stay finite.
            ValueError: if the file of `resume` is damaged or of another run.
            OSError: if a checkpoint cannot be written.
        """
        s = self.settings
        X, y = self.train_set
        history = fit(
            self.model,
            X,
            y if self.unit is None else (y - self.unit[0]) / self.unit[1],
            loss=s.loss,
            optimizer=self.optimizer,
            epochs=s.epochs,
            batch_size=s.batch_size,
            validation=VALIDATION,
            preprocessing=self.steps or None,
            class_weight=self.class_weight,
            patience=s.patience,
            metrics=s.metrics,
            seed=s.seed,
            **s.where,
            callbacks=callbacks,
            progress=progress,
            checkpoint=checkpoint,
            resume=resume,
        )
        if self.unit is not None:
            _in_units(self.model, *self.unit)
        return history

    def rates(self) -> list[float]:
        """Return the learning rate at the first step of each epoch of the whole run."""
        s = self.settings
        rate = self.schedule or constant(s.lr)
        steps = math.ceil(self.trained_on / s.batch_size)
        return [rate(epoch * steps) for epoch in range(s.epochs)]

    def weights(self) -> list[tuple[Floats, Floats]]:
        """Return the weights of each layer before training and as they are now.

        Those of the last layer are as training had them, where it scaled the target.
        """
        start = network(self.model.sizes, self.settings)
        pairs = [
            (before, after)
            for (before, _), (after, _) in zip(start.arrays(), self.model.arrays(), strict=True)
        ]
        before, after = pairs.pop()
        return [*pairs, (before, after / (self.unit[1] if self.unit else 1.0))]

    def places(self, y: Array) -> Array:
        """Return the place of each label among the classes."""
        return np.searchsorted(self.labels, y)

    def targets(self, y: Array) -> Array:
        """Return targets as the loss takes them."""
        classes = self.labels if self.task.classes else None
        return targets_of(self.loss, y, self.model.sizes[-1], classes).values

    def result(self, history: History) -> "Result":
        """Measure the model, as it is now, on the test set."""
        X, y = self.test_set
        outputs = self.model.predict(X)
        if not self.task.classes:
            return Result(self, history, outputs, outputs.reshape(len(outputs)), y)
        reading = reading_of(self.settings.output_activation, self.loss, self.targets(y))
        return Result(self, history, outputs, reading.classes(outputs), self.places(y))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The result of a run.

    Attributes:
        experiment: the experiment; its model is trained now.
        history: the finished epochs.
        outputs: the model's outputs on the test set, of shape (samples, outputs) or (samples,).
        said: what it says for each sample of the test set: the place of a class, or a number.
        truth: what is right, in the same form.
    """

    experiment: Experiment
    history: History
    outputs: Floats
    said: Array
    truth: Array

    @property
    def inputs(self) -> Floats:
        """The test samples as the first layer takes them."""
        return rows_of(self.experiment.model, self.experiment.test_set[0]).astype(np.float64)

    @property
    def accuracy(self) -> float:
        """The share of the test samples that is right."""
        return int((self.said == self.truth).sum()) / len(self.truth)

    @property
    def confusion(self) -> Array:
        """How often each class (rows) was taken for each (columns)."""
        return confusion(self.said, self.truth, self.experiment.task.classes)

    @property
    def errors(self) -> dict[str, float]:
        """How good numbers are, by the names of the measures."""
        return measures(self.said, self.truth)

    def per_class(self) -> list[tuple[float, float, float, int]]:
        """Return precision, recall, F1 and the number of test samples of each class."""
        rows: list[tuple[float, float, float, int]] = []
        for k in range(self.experiment.task.classes):
            said, true = ((x == k).astype(np.int64) for x in (self.said, self.truth))
            measured = precision(said, true, 2), recall(said, true, 2), f1(said, true, 2)
            rows.append((*measured, int(true.sum())))
        return rows

    def losses(self) -> list[float]:
        """Return the loss on each sample of the test set."""
        targets = self.experiment.targets(self.experiment.test_set[1])
        pairs = zip(self.outputs.tolist(), targets.tolist(), strict=True)
        function = self.experiment.loss.function
        return [float(function(outputs, target)) for outputs, target in pairs]

    def mistakes(self) -> list[int]:
        """Return the places in the test set of the samples taken for another class.

        The worst come first, by their loss.
        """
        wrong = np.flatnonzero(self.said != self.truth).tolist()
        losses = self.losses()
        return sorted(wrong, key=lambda i: -losses[i])


def measures(said: Array, truth: Array) -> dict[str, float]:
    """Return how good numbers are, by the names of the measures.

    >>> measures(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    {'R²': 0.5, 'mean absolute error': 0.5}
    """
    found = {"R²": r2, "mean absolute error": mean_absolute_error}
    return {name: of(said, truth) for name, of in found.items()}


def prepare(settings: Settings, data: Data | None = None) -> Experiment:
    """Check settings and build the experiment they stand for; nothing is trained yet.

    Args:
        settings: of the run.
        data: its data, as `sources.chosen` gives it; for a set that is known by name, None.

    Raises:
        ValueError: if a name is unknown (with the nearest known one), a number out of its range,
            or the settings do not fit together.

    >>> experiment = prepare(Settings("moons", (4,), points=50))
    >>> experiment.model.sizes, len(experiment.test_set[1]), experiment.trained_on
    ([2, 4, 1], 10, 36)
    >>> prepare(Settings("moons", (4,), loss="cross-entropy", epochs=0))
    Traceback (most recent call last):
        ...
    ValueError: no loss is called 'cross-entropy'. Did you mean 'cross_entropy'? Known are ...
    """
    task = data.task if data else task_named(settings.dataset)
    loss = _checked_loss(settings, task)
    whole("epochs", settings.epochs)
    batch_size, where = whole("the batch size", settings.batch_size), settings.where
    engine_named(where.pop("engine"), where=Where(batch_size=batch_size, **where))
    for n in settings.hidden:
        whole("the number of neurons in a hidden layer", n)
    data = data or known(settings)
    train_set, test_set = split(data.X, data.y, TEST, settings.seed)
    (kept, numbers), (watched, _) = split(*train_set, VALIDATION, settings.seed)
    steps = fitted_on(data.steps, kept)
    outputs = task.classes if task.classes and loss.target != "binary" else 1
    sizes = [through(steps, kept).shape[1], *settings.hidden, outputs]
    count = sum([(n_in + 1) * n_out for n_in, n_out in pairwise(sizes)])
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"a network of {sizes} has {count:,} parameters, and a command takes "
            f"{MOST_PARAMETERS:,} at most: choose fewer neurons"
        )
    model = network(sizes, settings)
    labels = np.unique(data.y) if task.names else np.arange(task.classes)
    weights = None
    if settings.class_weight:
        if not task.classes:
            raise ValueError("class_weight is for classes, and the target is numbers: leave it out")
        weights = class_weight_of(settings.class_weight, labels)
    schedule = _schedule(settings, len(kept))
    optimizer = optimizer_of(model, settings, task.defaults, schedule)
    _check_measures(settings, loss, outputs, train_set[1], task)
    unit = None
    if not task.classes and settings.output_activation == "linear":
        unit = float(numbers.mean()), float(numbers.std()) or 1.0
    return Experiment(
        settings, task, loss, model, optimizer, train_set, test_set, len(watched), labels, steps,
        schedule, weights, unit, data.digest,
    )  # fmt: skip


def _checked_loss(settings: Settings, task: Task) -> Loss:
    """Return the loss of the settings, if it fits the target."""
    look_up("loss", settings.loss, LOSSES)
    loss = loss_named(settings.loss)
    if loss.target == "binary" and task.classes > 2:
        raise ValueError(
            f"{loss.name} tells two classes apart, and {settings.dataset} has {task.classes}: "
            "use cross_entropy"
        )
    if loss.target != "values" and not task.classes:
        raise ValueError(
            f"{loss.name} tells classes apart, and the target {task.target} is numbers: use "
            "mean_squared_error, or --task classes"
        )
    return loss


def _in_units(model: MLP, mean: float, deviation: float) -> None:
    """Let a model that was trained on scaled targets give them as they are in the data."""
    for neuron in model.layers[-1].neurons:
        for weight in neuron.weights:
            weight.data *= deviation
        neuron.bias.data = neuron.bias.data * deviation + mean


def _schedule(settings: Settings, samples: int) -> Schedule | None:
    """Return the schedule of the learning rate, if there is one."""
    if not settings.schedule:
        return None
    steps = settings.epochs * math.ceil(samples / settings.batch_size)
    return schedule_of(settings.schedule, settings.lr, steps)


def _check_measures(settings: Settings, loss: Loss, outputs: int, y: Array, task: Task) -> None:
    """Check what is measured after each epoch, and how long to wait for it to fall."""
    if settings.patience is not None:
        whole("patience", settings.patience)
    known_labels = np.unique(y) if task.classes else None
    targets = targets_of(loss, y, outputs, known_labels).values
    reading = reading_of(settings.output_activation, loss, targets)
    check_metrics(metrics_named(settings.metrics), loss, reading, outputs, bool(task.classes))


def network(sizes: list[int], settings: Settings) -> MLP:
    """Return the network of some settings, with its sizes from the inputs to the outputs."""
    return MLP(
        sizes,
        activation=settings.activation,
        output_activation=settings.output_activation,
        init=settings.init,
        seed=settings.seed,
    )


def optimizer_of(
    model: MLP, settings: Settings, usual: Settings, schedule: Schedule | None = None
) -> Optimizer:
    """Return the optimiser of a model, with the settings that are its arguments.

    Args:
        model: whose parameters it moves.
        settings: its name, its rate and its options.
        usual: settings before any were given; an option that is as it was there was not.
        schedule: of the rate; None where that stays.

    Raises:
        ValueError: if the optimiser is unknown, or has no option that was given.
    """
    kind = look_up("optimizer", settings.optimizer, OPTIMIZERS)
    for name in set(OPTIONS) - set(kind.options):
        if getattr(settings, name) != getattr(usual, name):
            raise ValueError(f"{settings.optimizer} has no {name}: leave it out")
    options = {name: getattr(settings, name) for name in OPTIONS if name in kind.options}
    options |= {name: getattr(settings, name) for name in CLIPS}
    return kind(model.parameters(), lr=schedule or settings.lr, **options)
