"""The settings of a run, and the data sets that the command knows with their own defaults."""

import dataclasses
import inspect
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from nn import datasets
from nn.validation import look_up, real, whole

# Settings that are names in one word, with commas between.
LISTS = ("metrics", "ignore")
# Settings that say how a file is read; those that are flags.
FLAGS = ("no_header", "drop_missing", "no_scale")
READING = ("target", "task", "ignore", "delimiter", "encoding", *FLAGS)


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
        schedule: how the learning rate changes, as `choices.schedule_of` reads it; "" for not.
        patience: how many epochs to wait for a lower validation loss; None for no such end.
        class_weight: "balanced" or a weight by label, as `choices.class_weight_of` reads it.
        metrics: the names of what to measure besides.
        clip_norm, clip_value: the most of a gradient, as optimisers take it; None for all of it.
        target: the column of a table to learn; "" for the last.
        task: "classes" or "numbers", which the target then is; "" for what it looks like.
        ignore: the columns of a table to leave out.
        delimiter, encoding: of a table; "" for what is found.
        engine: where the training is computed, as `fit` takes it; "" for its own choice.
        devices: how many of engine "jax"; None for the first, or all of several processes.
        device: of engine "torch", by its name there; "" for the processor.
        native: whether it runs as C; None for where that is quicker.
        no_header: whether the first line of a table is data, though it may look otherwise.
        drop_missing: whether to leave out lines of a table that have a missing cell.
        no_scale: whether to leave the numbers of a table as they are.
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
    schedule: str = ""
    patience: int | None = None
    class_weight: str = ""
    metrics: tuple[str, ...] = ()
    clip_norm: float | None = None
    clip_value: float | None = None
    target: str = ""
    task: str = ""
    ignore: tuple[str, ...] = ()
    delimiter: str = ""
    encoding: str = ""
    engine: str = ""
    devices: int | None = None
    device: str = ""
    native: bool | None = None
    no_header: bool = False
    drop_missing: bool = False
    no_scale: bool = False

    def words(self, name: str) -> list[str]:
        """Return the value of a setting as the command takes it; no words for what is not set.

        >>> settings = Settings("moons", (8, 4), metrics=("f1", "recall"))
        >>> settings.words("hidden"), settings.words("metrics"), settings.words("points")
        (['8', '4'], ['f1,recall'], [])
        """
        value: Any = getattr(self, name)
        if isinstance(value, bool):
            return [] if name in FLAGS and not value else ["yes" if value else "no"]
        if name in LISTS:
            return [",".join(value)] if value else []
        if isinstance(value, tuple):
            return [str(n) for n in cast(tuple[int, ...], value)]
        return [] if value is None or value == "" else [str(value)]

    def option(self, name: str) -> list[str]:
        """Return a setting as the words of the command that set it.

        >>> Settings("moons", (8, 4), native=False).option("native")
        ['--no-native']
        >>> Settings("moons", (8, 4)).option("batch_size")
        ['--batch-size', '16']
        """
        written = name.replace("_", "-")
        value = getattr(self, name)
        if isinstance(value, bool):
            return [f"--{written}" if value else f"--no-{written}"]
        return [f"--{written}", *self.words(name)]

    @property
    def where(self) -> dict[str, Any]:
        """Where the training is computed, as arguments of `fit`.

        >>> Settings("moons", (4,), engine="jax", devices=2).where
        {'engine': 'jax', 'native': 'auto', 'devices': 2, 'device': None}
        """
        return {
            "engine": self.engine or "auto",
            "native": "auto" if self.native is None else self.native,
            "devices": self.devices,
            "device": self.device or None,
        }


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a table looks like.

    Attributes:
        name: its name.
        kind: of its cells, in words.
        told: the range of its numbers, or its texts, the most frequent first.
    """

    name: str
    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Task:
    """A data set the command can train on.

    Attributes:
        title: a headline for its report.
        about: a sentence or two on where the data is from.
        samples: the word for a sample, in the plural.
        classes: the number of classes; 0 for numbers.
        defaults: the settings that are used where the user gives none.
        scale: the number that the inputs are divided by.
        shape: height and width where a sample is an image.
        names: of the classes, where they are not numbers from 0.
        target: the column that is learned; "" where there are none.
        columns: what each column of a table looks like, the target last.
    """

    title: str
    about: str
    samples: str
    classes: int
    defaults: Settings
    scale: float = 1.0
    shape: tuple[int, int] | None = None
    names: tuple[str, ...] = ()
    target: str = ""
    columns: tuple[Column, ...] = ()

    @property
    def labels(self) -> list[str]:
        """What each class is called."""
        return [*self.names] or [str(k) for k in range(self.classes)]


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

# Ten million fit into the memory of a usual machine: a point takes 24 bytes for each copy of it.
# Noise beyond a million leaves nothing of any data set.
MOST_POINTS, MOST_NOISE = 10_000_000, 1e6

# Settings that are arguments of some optimisers.
OPTIONS = ("momentum",)
# Settings that are arguments of all of them.
CLIPS = ("clip_norm", "clip_value")
# The learning rate of optimisers that take one of another size than SGD, whose is the task's.
RATES: Mapping[str, float] = MappingProxyType(
    {"adagrad": 0.1, "rmsprop": 0.003, "adam": 0.01, "adamw": 0.01}
)


def changed(defaults: Settings, given: Mapping[str, Any]) -> Settings:
    """Return settings with what was given in their place; an optimiser brings its own rate.

    >>> changed(TASKS["moons"].defaults, {"optimizer": "adam"}).lr
    0.01
    """
    named = given.get("optimizer", defaults.optimizer)
    own = {"lr": RATES.get(named, Settings.lr)} if named != defaults.optimizer else {}
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


def check_drawing(settings: Settings, task: Task) -> None:
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


def run_file(settings: Settings) -> str:
    """Return the settings as a file that `chalkgrad train --config` takes.

    >>> run_file(Settings("moons", (4, 4))).splitlines()[1:4]
    ['dataset = "moons"', 'hidden = [4, 4]', 'activation = "tanh"']
    """
    lines = ["# chalkgrad train --config run.toml repeats this run."]
    for field in dataclasses.fields(settings):
        value: Any = getattr(settings, field.name)
        if settings.words(field.name) or field.name == "hidden":
            lines.append(f"{field.name.replace('_', '-')} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join([_toml(x) for x in cast(tuple[Any, ...], value)])}]"
    if isinstance(value, str):
        # Text of JSON is text of TOML, but for this one character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")
    return str(value).lower()


def settings_of(text: str) -> Settings:
    """Return the settings in a file that `run_file` wrote.

    Raises:
        ValueError: if it is none, or a value of another kind than the setting.

    >>> settings_of(run_file(Settings("moons", (4, 4), lr=1e-05))).lr
    1e-05
    """
    known = {field.name.replace("_", "-"): field for field in dataclasses.fields(Settings)}
    found: dict[str, Any] = {}
    for key, value in tomllib.loads(text).items():
        if key not in known:
            raise ValueError(f"it has the key {key!r:.40}, which is no setting")
        kind = str(known[key].type)  # such as tuple[int, ...] or int | None
        is_list = kind.startswith("tuple")
        plain: Any = tuple(cast(list[Any], value)) if isinstance(value, list) else value
        for x in cast(tuple[Any, ...], plain) if is_list and isinstance(plain, tuple) else (plain,):
            if type(x).__name__ not in kind and not (type(x) is int and "float" in kind):
                raise ValueError(f"its {key} is {value!r:.40}, which no run has")
        if isinstance(plain, tuple) != is_list:
            raise ValueError(f"its {key} is {value!r:.40}, which no run has")
        found[known[key].name] = plain
    for name in ("dataset", "hidden"):
        if name not in found:
            raise ValueError(f"it has no {name}")
    return Settings(**found)
