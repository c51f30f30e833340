"""The command `chalkgrad train`: its options, the run, and the lines it prints.

Everything is checked before the training, which is what takes long. Ctrl-C ends that, keeps what
the finished epochs gave and still writes the report.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nn.activations import ACTIVATIONS
from nn.command.subcommand import INTERRUPTED, OK, Option, Refusal, Subcommand, say
from nn.elsewhere.choice import ENGINES
from nn.init import INITIALISERS
from nn.losses import LOSSES
from nn.metrics.table import METRICS
from nn.module import Module
from nn.optim import OPTIMIZERS
from nn.plots.base import importing_matplotlib
from nn.report import NAMES, check_folder, report_files, write_folder
from nn.report.choices import takes
from nn.report.experiment import Experiment, Result, prepare
from nn.report.settings import FLAGS, OPTIONS, RATES, TASKS, Settings
from nn.report.sources import Data, chosen, in_words
from nn.schedules import SCHEDULES
from nn.training.history import EpochRecord, History
from nn.training.plan import DivergenceError


def _whole(text: str) -> int:
    """Return a whole number, or let the parser say what was expected."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a whole number such as 500, got {text!r:.60}"
        ) from None


def _names(text: str) -> tuple[str, ...]:
    """Return names with commas between them."""
    return tuple([name.strip() for name in text.split(",") if name.strip()])


def training() -> Subcommand:
    """Return the command that trains."""
    described = (
        "Train a network on a data set, test it on samples that were held out, and write a "
        f"folder with a report: {', '.join(NAMES)} (those that the data has). The same options "
        "and seed give the same files, byte for byte, but for times.csv; chalkgrad compare puts "
        "several such folders side by side. In a folder that is there already, only "
        "files of these names from an earlier report are replaced."
    )
    where = "where to write the report (default: chalkgrad- and the name of the data set)"
    options: Sequence[Option] = [
        (
            ["dataset"],
            {
                "metavar": "dataset",
                "nargs": "?",
                "help": f"one of {', '.join(TASKS)}; or a table such as data.csv; or a folder "
                "with idx files of images",
            },
        ),
        (
            ["--config"],
            {
                "metavar": "FILE",
                "help": "options in a TOML file, such as a report's run.toml; those typed win",
            },
        ),
        (["--output", "-o"], {"metavar": "FOLDER", "help": where}),
        (
            ["--checkpoint"],
            {"metavar": "FILE", "help": "keep the run in a file after each epoch"},
        ),
        (
            ["--resume"],
            {
                "metavar": "FILE",
                "help": "finish the run that a file keeps, or begin it if there is none, and keep "
                "it there on; the other options are those of that run",
            },
        ),
        (
            ["--quiet", "-q"],
            {"action": "store_true", "help": "print only the line with the result"},
        ),
    ]
    about = "train a network on a data set and write a report"
    return Subcommand(about, _train, [*options, *reading_options()], settings_options(), described)


def settings_options() -> list[Option]:
    """Return an option for every setting; None stands for the data set's own default."""
    found: list[Option] = []

    def add(name: str, metavar: str, said: str, kind: Callable[[str], Any] = str, **more: Any):
        spelling = f"--{name.replace('_', '-')}"
        default = "(default: its own)" if name == "noise" else _default(name)
        meaning = {"type": kind, "metavar": metavar, "help": f"{said} {default}".strip(), **more}
        found.append(([spelling], meaning))

    add("hidden", "N", "neurons in each hidden layer; none for no hidden layer", _whole, nargs="*")
    for name, said, table in (
        ("activation", "activation of the hidden layers", ACTIVATIONS),
        ("output_activation", "activation of the outputs", ACTIVATIONS),
        ("init", "how the weights start", INITIALISERS),
        ("loss", "what is made small", LOSSES),
        ("optimizer", "how the parameters move", OPTIMIZERS),
    ):
        add(name, "NAME", f"{said}: {', '.join(table)}")
    own = ", ".join([f"{rate:g} for {name}" for name, rate in RATES.items()])
    add("lr", "RATE", f"learning rate; {own}", float)
    for name in OPTIONS:
        kinds = [kind.__name__ for kind in OPTIMIZERS.values() if name in kind.options]
        add(name, "M", f"{name} of {_listed(kinds)}", float)
    schedules = "; ".join([takes(kind) for kind in SCHEDULES.values()])
    said = f"how the learning rate changes with the step, as in step:every=100: {schedules}"
    add("schedule", "NAME[:K=V,...]", said)
    add("clip_norm", "C", "the most that the whole gradient is long", float)
    add("clip_value", "C", "the most that the gradient by a parameter counts for", float)
    said = "balanced, or a weight for each class, as in 0=1,1=2.5"
    add("class_weight", "WEIGHTS", said)
    add("batch_size", "N", "samples in a step", _whole)
    add("engine", "NAME", f"where it is computed: {', '.join(ENGINES)}")
    add("devices", "N", "how many devices of JAX, each with a part of the batch", _whole)
    add("device", "NAME", "the device of PyTorch: cpu or cuda")
    for word, said in (("--native", "run it as C"), ("--no-native", "run it by NumPy")):
        action = "store_true" if word == "--native" else "store_false"
        meaning = {"action": action, "dest": "native", "default": None, "help": said}
        found.append(([word], meaning))
    add("epochs", "N", "times through the data", _whole)
    said = "end after so many epochs without a lower validation loss, and keep the best"
    add("patience", "N", said, _whole)
    add("metrics", "A,B", f"what to measure besides: {', '.join(METRICS)}", _names)
    add("seed", "N", "of drawn data, the split, the weights and the order", _whole)
    add("points", "N", "points to draw; not for digits", _whole)
    add("noise", "S", "their noise; not for digits", float)
    return found


def reading_options() -> list[Option]:
    """Return the options on a file of the user's."""
    return [
        (["--target"], {"metavar": "COLUMN", "help": "the column to learn (default: the last)"}),
        (
            ["--task"],
            {"metavar": "KIND", "help": "classes or numbers (default: what the target looks like)"},
        ),
        (
            ["--ignore"],
            {"metavar": "A,B", "type": _names, "help": "columns to leave out"},
        ),
        (
            ["--delimiter"],
            {"metavar": "C", "help": "between the cells, such as ';' or tab (default: found)"},
        ),
        (["--encoding"], {"metavar": "NAME", "help": "of the text (default: found)"}),
        *[
            ([f"--{name.replace('_', '-')}"], {"action": "store_true", "default": None, "help": x})
            for name, x in zip(
                FLAGS,
                (
                    "the first line is data, and names no columns",
                    "leave out lines with a missing cell",
                    "leave numbers as they are (default: scale to mean 0 and deviation 1)",
                ),
                strict=True,
            )
        ],
    ]


def _default(name: str) -> str:
    """Return the default of a setting for a help text, with the data sets that have their own."""
    texts: dict[str, list[str]] = {}
    for task, known in TASKS.items():
        if words := known.defaults.words(name):
            texts.setdefault(" ".join(words), []).append(task)
    if not texts:
        return ""
    if len(texts) == 1:
        return f"(default: {next(iter(texts))})"
    return f"(default: {', '.join(f'{x} for {_listed(tasks)}' for x, tasks in texts.items())})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def chosen_by(options: argparse.Namespace) -> tuple[Settings, Data]:
    """Return the data, and its own settings with what was given in their place."""
    given = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(Settings)
        if getattr(options, field.name) is not None
    }
    if "hidden" in given:
        given["hidden"] = tuple(given["hidden"])
    return chosen(options.dataset, given)


# The work ---------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    """Train and report; see `main`."""
    loud = not options.quiet
    experiment, folder = _checked(options)
    if loud:
        say(_opening(experiment))
    began = time.perf_counter()
    try:
        history = experiment.train(
            progress=loud,
            callbacks=[_say] if loud else [],
            checkpoint=options.checkpoint,
            resume=options.resume,
        )
    except DivergenceError as error:
        raise Refusal(f"{error}; nothing was written. Try a smaller --lr") from None
    except (ValueError, OSError, RuntimeError) as error:
        raise Refusal(in_words(str(error))) from None
    seconds = time.perf_counter() - began
    if history.interrupted and not len(history):
        raise KeyboardInterrupt
    result = experiment.result(history)
    try:
        replaced = write_folder(folder, report_files(result))
    except OSError as error:
        raise Refusal(f"the report could not be written: {error}") from None
    if history.interrupted:
        say(
            f"Interrupted: {len(history)} of {experiment.settings.epochs} epochs were finished; "
            "they are kept, and the report is about them."
        )
    if replaced and loud:
        say(f"Replaced an earlier report's {_listed(replaced)}.")
    tested, samples = len(result.said), experiment.task.samples
    say(
        f"{_quality(result)} on held-out data ({tested} {samples} that the network "
        f"never saw), after {seconds:.1f} s of training. Report: {folder / 'report.html'}"
    )
    return INTERRUPTED if history.interrupted else OK


def _prepared(options: argparse.Namespace) -> Experiment:
    try:
        return prepare(*chosen_by(options))
    except ImportError as error:  # of the library that is to train
        raise Refusal(str(error)) from None


def _checked(options: argparse.Namespace) -> tuple[Experiment, Path]:
    """Return the experiment and the output folder, or refuse if anything about them is wrong."""
    if options.dataset is None:
        raise Refusal(
            f"the following arguments are required: dataset: one of {', '.join(TASKS)}, a file "
            "such as data.csv, or --config run.toml (chalkgrad train --help lists what it takes)"
        )
    try:
        experiment = _prepared(options)
        folder = check_folder(options.output or f"chalkgrad-{Path(options.dataset).stem}")
        # Checked before training, which is what takes long.
        with importing_matplotlib():
            import matplotlib as _  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise Refusal(f"the report cannot be drawn: {error}") from None
    except FileNotFoundError as error:
        raise Refusal(
            f"there is no file {error.filename}" if error.filename else str(error)
        ) from None
    except (ValueError, TypeError, OSError) as error:
        raise Refusal(in_words(str(error))) from None
    return experiment, folder


def _opening(experiment: Experiment) -> str:
    """Return what is about to happen, in a sentence."""
    s, samples = experiment.settings, experiment.task.samples
    return (
        f"Training {experiment.model.sizes} ({len(experiment.model.parameters()):,} parameters) on "
        f"{experiment.trained_on:,} {samples} of {s.dataset} for {s.epochs} "
        f"epoch{'s' * (s.epochs != 1)}, seed {s.seed}; {len(experiment.test_set[1]):,} others are "
        "held out for the test."
    )


def _quality(result: Result) -> str:
    """Return how good the network is, in words."""
    if result.experiment.task.classes:
        return f"Accuracy {result.accuracy:.4f}"
    words = [f"{name} {x:.4g}" for name, x in result.errors.items()]
    return ", ".join(words)


def _say(model: Module, history: History) -> None:
    """Print a line for the epoch that just ended, above the bar."""
    tqdm.write(_line(history[-1]))
    sys.stdout.flush()  # or a pipe such as `| tee` shows nothing until the end


def _line(record: EpochRecord) -> str:
    """Return the line of an epoch.

    >>> _line(EpochRecord(3, 0.25, 0.96, 0.5, 0.1412, 1.0, 0))
    'Epoch 3: Validation Accuracy: 0.14, Loss: 0.2500'
    """
    return f"{record}, Loss: {record.loss:.4f}"
