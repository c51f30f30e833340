"""One run of the command: the data sets it knows, its settings, and its result.

`prepare` checks every setting and builds data and model, so that whatever is wrong is said before
any training. The held-out test samples are split off first; neither training nor the curves'
validation set sees them.
"""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from nn import datasets
from nn.data.labels import targets_of
from nn.layers import MLP
from nn.losses import LOSSES, Loss, loss_named
from nn.metrics.outputs import accuracy, confusion
from nn.metrics.reading import reading_of
from nn.optim import OPTIMIZERS, Optimizer
from nn.training.batches import split
from nn.training.fit import Callback, fit
from nn.training.history import History
from nn.validation import Array, Floats, look_up, real, whole


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run depends on: the same settings give the same run, bit for bit.

    Attributes:
        dataset: one of `TASKS`.
        hidden: the number of neurons in each hidden layer.
        activation: of the hidden layers.
        output_activation: of the last layer.
        init: how the weights start.
        loss: the quantity made small.
        optimizer: how the parameters move.
        lr: the learning rate.
        momentum: of optimisers that have one.
        batch_size: samples in a step.
        epochs: how often to go through the training samples.
        seed: of drawn data, the split, the weights and the order of samples.
        points: how many points to draw; None for a fixed data set.
        noise: the standard deviation of the noise on drawn points; None for the data set's own.
    """

    dataset: str
    hidden: tuple[int, ...]
    activation: str = "tanh"
    output_activation: str = "linear"
    init: str = "xavier"
    loss: str = "binary_cross_entropy"
    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    batch_size: int = 16
    epochs: int = 40
    seed: int = 0
    points: int | None = None
    noise: float | None = None

    def words(self, name: str) -> list[str]:
        """Return the value of a setting as the command takes it; no words for None.

        >>> settings = Settings("moons", (8, 4))
        >>> settings.words("hidden"), settings.words("lr"), settings.words("points")
        (['8', '4'], ['0.1'], [])
        """
        value: Any = getattr(self, name)
        if isinstance(value, tuple):
            return [str(n) for n in cast(tuple[int, ...], value)]
        return [] if value is None else [str(value)]


@dataclass(frozen=True, slots=True)
class Task:
    """A data set the command can train on.

    Attributes:
        title: a headline for its report.
        about: a sentence or two on where the data is from.
        samples: the word for a sample, in the plural.
        classes: the number of classes.
        defaults: the settings that are used where the user gives none.
        scale: the number that the inputs are divided by.
        shape: height and width where a sample is an image.
    """

    title: str
    about: str
    samples: str
    classes: int
    defaults: Settings
    scale: float = 1.0
    shape: tuple[int, int] | None = None


def _points(name: str, title: str, about: str, **settings: Any) -> Task:
    defaults = Settings(name, (8, 8), points=500)
    return Task(title, about, "points", 2, dataclasses.replace(defaults, **settings))


_TASKS = (
    Task(
        "Handwritten digits",
        "1,797 digits written by 13 people, 8 × 8 pixels each: E. Alpaydin and C. Kaynak "
        "(1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
        "CC BY 4.0. The inputs are the pixels divided by 16, from 0 (paper) to 1 (ink).",
        "digits",
        10,
        Settings("digits", (16,), loss="cross_entropy", lr=0.05, epochs=8),
        scale=16.0,
        shape=(8, 8),
    ),
    _points(
        "moons",
        "Two moons",
        "Points on two interleaved half circles with Gaussian noise; no straight line "
        "separates them.",
    ),
    _points(
        "circles",
        "Two circles",
        "Points on a circle and on a smaller one inside it, with Gaussian noise.",
    ),
    _points(
        "spirals",
        "Two spirals",
        "Points on two interleaved spiral arms with Gaussian noise.",
        hidden=(16,),
        activation="sin",
        init="he",
        batch_size=10,
        epochs=30,
    ),
    _points(
        "xor",
        "Exclusive or",
        "Clouds of points about the four rows of the exclusive-or table; the class is 1 where "
        "just one coordinate is near 1.",
    ),
)
TASKS: Mapping[str, Task] = MappingProxyType({task.defaults.dataset: task for task in _TASKS})

# Ten million of either fit into the memory of a usual machine: a point takes 24 bytes for each copy
# of it, a parameter 250. Noise beyond a million leaves nothing of any data set.
MOST_POINTS, MOST_PARAMETERS, MOST_NOISE = 10_000_000, 10_000_000, 1e6

# Settings that are arguments of some optimisers.
OPTIONS = ("momentum",)
# The learning rate of optimisers that take one of another size than SGD, whose is the task's.
RATES: Mapping[str, float] = MappingProxyType(
    {"adagrad": 0.1, "rmsprop": 0.003, "adam": 0.01, "adamw": 0.01}
)

# Of all samples for the test, and of the rest for the validation curves.
TEST, VALIDATION = 0.2, 0.1


def changed(defaults: Settings, given: Mapping[str, Any]) -> Settings:
    """Return settings with what was given in their place; an optimiser brings its own rate.

    >>> changed(TASKS["moons"].defaults, {"optimizer": "adam"}).lr
    0.01
    """
    own = {"lr": RATES[given["optimizer"]]} if given.get("optimizer") in RATES else {}
    return dataclasses.replace(defaults, **own | {**given})


def task_named(name: str) -> Task:
    """Return the task of a data set.

    Raises:
        ValueError: if the command does not know it, with the nearest name that it knows.

    >>> task_named("digit")
    Traceback (most recent call last):
        ...
    ValueError: no data set is called 'digit'. Did you mean 'digits'? Known are digits, moons, ...
    """
    if name.lower() in datasets.names() and name.lower() not in TASKS:
        given = next(iter(inspect.signature(getattr(datasets, name.lower())).parameters))
        raise ValueError(
            f"{name} is for programs of your own, with X, y = nn.datasets.{name.lower()}({given}) "
            f"and nn.fit(model, X, y, ...): the command trains on {', '.join(TASKS)}"
        )
    return look_up("data set", name, TASKS)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Settings that were checked, with the data and the untrained model they stand for.

    Attributes:
        settings: as given.
        task: the data set, described.
        loss: the loss as training knows it.
        model: the network; `train` changes its parameters.
        optimizer: of its parameters.
        train_set, test_set: samples and labels to train on, and those held out for the test.
    """

    settings: Settings
    task: Task
    loss: Loss
    model: MLP
    optimizer: Optimizer
    train_set: tuple[Floats, Array]
    test_set: tuple[Floats, Array]

    @property
    def descent(self) -> str:
        """The optimiser in words, as in "SGD, learning rate 0.1, momentum 0.9"."""
        s, kind = self.settings, type(self.optimizer)
        words = [f"{name} {getattr(s, name):g}" for name in OPTIONS if name in kind.options]
        return ", ".join([kind.__name__, f"learning rate {s.lr:g}", *words])

    @property
    def trained_on(self) -> int:
        """The number of samples that training takes steps on."""
        (kept, _), _ = split(*self.train_set, VALIDATION, self.settings.seed)
        return len(kept)

    def train(self, *, progress: bool = True, callbacks: Sequence[Callback] = ()) -> History:
        """Train the model and return its history; Ctrl-C ends it early, as in `fit`.

        Raises:
            DivergenceError: if the loss does not stay finite.
        """
        s = self.settings
        return fit(
            self.model,
            *self.train_set,
            loss=s.loss,
            optimizer=self.optimizer,
            epochs=s.epochs,
            batch_size=s.batch_size,
            validation=VALIDATION,
            seed=s.seed,
            callbacks=callbacks,
            progress=progress,
        )

    def result(self, history: History) -> "Result":
        """Measure the model, as it is now, on the test set."""
        X, y = self.test_set
        outputs = self.model.predict(X)
        reading = reading_of(self.settings.output_activation, self.loss, y)
        said = reading.classes(outputs)
        return Result(
            self,
            history,
            outputs,
            said,
            accuracy(outputs, y, reading.cut),
            confusion(said, y, self.task.classes),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run.

    Attributes:
        experiment: the experiment; its model is trained now.
        history: the finished epochs.
        outputs: the model's outputs on the test set, of shape (samples, outputs).
        said: the class it says for each sample of the test set.
        accuracy: the share of them that is right.
        confusion: how often each class (rows) was taken for each (columns).
    """

    experiment: Experiment
    history: History
    outputs: Floats
    said: Array
    accuracy: float
    confusion: Array

    def losses(self) -> list[float]:
        """Return the loss on each sample of the test set."""
        loss = self.experiment.loss
        targets = targets_of(loss, self.experiment.test_set[1], self.outputs.shape[1]).values
        pairs = zip(self.outputs.tolist(), targets.tolist(), strict=True)
        return [float(loss.function(outputs, target)) for outputs, target in pairs]

    def mistakes(self) -> list[int]:
        """Return the places in the test set of the samples taken for another class.

        The worst come first, by their loss.
        """
        wrong = np.flatnonzero(self.said != self.experiment.test_set[1]).tolist()
        losses = self.losses()
        return sorted(wrong, key=lambda i: -losses[i])


def prepare(settings: Settings) -> Experiment:
    """Check settings and build the experiment they stand for; nothing is trained yet.

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
    task = task_named(settings.dataset)
    look_up("loss", settings.loss, LOSSES)
    loss = loss_named(settings.loss)
    whole("epochs", settings.epochs)
    whole("the batch size", settings.batch_size)
    for n in settings.hidden:
        whole("the number of neurons in a hidden layer", n)
    if loss.target == "binary" and task.classes > 2:
        raise ValueError(
            f"{loss.name} tells two classes apart, and {settings.dataset} has {task.classes}: "
            "use cross_entropy"
        )
    _check_drawing(settings, task)
    X, y = datasets.load(
        settings.dataset, n=settings.points, noise=settings.noise, seed=settings.seed
    )
    train_set, test_set = split(X / task.scale, y, TEST, settings.seed)
    outputs = 1 if loss.target == "binary" else task.classes
    sizes = [X.shape[1], *settings.hidden, outputs]
    count = sum([(n_in + 1) * n_out for n_in, n_out in pairwise(sizes)])
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"a network of {sizes} has {count:,} parameters, and a command takes "
            f"{MOST_PARAMETERS:,} at most: choose fewer neurons"
        )
    model = network(sizes, settings)
    optimizer = optimizer_of(model, settings, task.defaults)
    return Experiment(settings, task, loss, model, optimizer, train_set, test_set)


def network(sizes: list[int], settings: Settings) -> MLP:
    """Return the network of some settings, with its sizes from the inputs to the outputs."""
    return MLP(
        sizes,
        activation=settings.activation,
        output_activation=settings.output_activation,
        init=settings.init,
        seed=settings.seed,
    )


def optimizer_of(model: MLP, settings: Settings, usual: Settings) -> Optimizer:
    """Return the optimiser of a model, with the settings that are its arguments.

    Args:
        model: whose parameters it moves.
        settings: its name, its rate and its options.
        usual: settings before any were given; an option that is as it was there was not.

    Raises:
        ValueError: if the optimiser is unknown, or has no option that was given.
    """
    kind = look_up("optimizer", settings.optimizer, OPTIMIZERS)
    for name in set(OPTIONS) - set(kind.options):
        if getattr(settings, name) != getattr(usual, name):
            raise ValueError(f"{settings.optimizer} has no {name}: leave it out")
    options = {name: getattr(settings, name) for name in OPTIONS if name in kind.options}
    return kind(model.parameters(), lr=settings.lr, **options)


def _check_drawing(settings: Settings, task: Task) -> None:
    """Check how many points are to be drawn, where any are."""
    if task.defaults.points is None:
        if settings.points is not None or settings.noise is not None:
            raise ValueError(
                f"points and noise are for data that is drawn, and {settings.dataset} is a fixed "
                "set: leave them out"
            )
        return
    if settings.noise is not None:
        noise = real("noise", settings.noise, at_least=0.0)
        if noise > MOST_NOISE:
            raise ValueError(
                f"noise must be at most {MOST_NOISE:,.0f}; got {noise:g}: the points themselves "
                "lie within a few units"
            )
    # Ten for the test, the validation set and the training set to have some of each class.
    points = whole("points", settings.points, at_least=10, at_most=None)
    if points > MOST_POINTS:
        raise ValueError(f"points must be at most {MOST_POINTS:,}; got {points:,}")
