"""The command `chalkgrad`: train a network, here or in a page, or look at an expression.

What is wrong with the options, the output folder or the installation is said in one sentence and
before any training, with exit code 2. Ctrl-C ends the training, keeps what the finished epochs
gave and still writes the report, with exit code 130 as shells expect.
"""

import argparse
import codecs
import dataclasses
import io
import os
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from tqdm import tqdm

import autograd
from nn.activations import ACTIVATIONS
from nn.command import play, slips
from nn.command.graphs import LOOKING, also_values, with_minus
from nn.command.subcommand import Option, Refusal, Subcommand
from nn.init import INITIALISERS
from nn.losses import LOSSES
from nn.module import Module
from nn.optim import OPTIMIZERS
from nn.plots.base import importing_matplotlib
from nn.report import NAMES, check_folder, report_files, write_folder
from nn.report.experiment import (
    OPTIONS,
    RATES,
    TASKS,
    Experiment,
    Settings,
    changed,
    prepare,
    task_named,
)
from nn.training.history import EpochRecord, History
from nn.training.plan import DivergenceError

# What stands for a sign where the output's encoding has none; d is for whole derivatives.
_SPELLED = dict(
    zip("∂·×÷−→…▲▼█", ("D", "*", "*", "/", "-", "->", "...", "^", "v", "#"), strict=True)
)

OK, WRONG, INTERRUPTED, CUT_OFF = 0, 2, 130, 141


def _whole(text: str) -> int:
    """Return a whole number, or let the parser say what was expected."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a whole number such as 500, got {text!r:.60}"
        ) from None


class _ArgumentParser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        raise Refusal(f"{message} ({self.prog} --help lists what it takes)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: the words after `chalkgrad`; those of the command line if left out.

    Returns:
        0 if all went well, 2 if something was wrong, 130 after Ctrl-C, and 141 if whoever reads
        the output (as `head` does) has gone.

    >>> main(["train", "digits", "--epochs", "0"])  # the sentence itself goes to stderr
    2
    """
    with _in_any_encoding():
        return _guarded(argv)


def _guarded(argv: Sequence[str] | None) -> int:
    """Run the command, and say in a sentence what went wrong; see `main`."""
    try:
        code = _run(argv)
        # Now, or what cannot be written would be noticed when there is nobody to say so.
        sys.stdout.flush()
        return code
    except Refusal as refusal:
        print(f"chalkgrad: {refusal}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("chalkgrad: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except MemoryError as error:
        print(
            f"chalkgrad: there is not enough memory ({error}): take fewer points or smaller layers",
            file=sys.stderr,
        )
        return WRONG
    except BrokenPipeError:
        _drop_output()
        return CUT_OFF
    except OSError as error:  # of files, it was said where they are written
        _drop_output()
        print(f"chalkgrad: the output cannot be written: {error}", file=sys.stderr)
        return WRONG


def _run(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    slips.check(words, COMMANDS)
    try:
        options, rest = _parser().parse_known_args(with_minus(words))
    except SystemExit as done:  # after --help and --version
        return int(done.code or 0)
    if rest := also_values(options, rest):
        slips.refuse(rest, COMMANDS, words[0])
    if getattr(options, "output", None) is not None and not options.output.strip():
        raise Refusal(f"--output must name where to write, got {options.output!r}")
    found: str | int = options.run(options)
    if isinstance(found, int):
        return found
    print(found)
    return OK


@contextmanager
def _in_any_encoding() -> Generator[None]:
    """Let an output that has no ∂ show something in its place, and not end the work."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):  # what stands in for it, as in a notebook
        yield
        return
    codecs.register_error("chalkgrad", _spelled)
    before = stream.errors
    stream.reconfigure(errors="chalkgrad")
    try:
        yield
    finally:
        with suppress(OSError, ValueError):  # it is closed, or its reader has gone
            stream.reconfigure(errors=before)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    r"""Return what to write for characters that cannot be, as an error handler of `codecs` does.

    >>> codecs.register_error("chalkgrad", _spelled)
    >>> "∂z/∂x · 2 → −1 × ω".encode("ascii", "chalkgrad")
    b'Dz/Dx * 2 -> -1 * \\u03c9'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    spelled = [_SPELLED.get(c) or c.encode("ascii", "backslashreplace").decode() for c in text]
    return "".join(spelled), error.end


def _drop_output() -> None:
    """Let what is still to be written go nowhere: Python would fail on it again at its end."""
    try:
        place = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, place)
    os.close(nowhere)


# The options ------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _ArgumentParser(
        prog="chalkgrad",
        description=(
            "Train a network on scalars that remember how they were made, and report; or look at "
            "how one was made."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"chalkgrad {autograd.__version__}")
    commands = parser.add_subparsers(metavar="command", required=True)
    for name, command in COMMANDS.items():
        command.add_to(commands, name)
    return parser


def _training() -> Subcommand:
    """Return the command that trains."""
    described = (
        "Train a network on a data set, test it on samples that were held out, and write a "
        f"folder with a report: {', '.join(NAMES)} (those that the data has). The same options "
        "and seed give the same files, byte for byte. In a folder that is there already, only "
        "files of these names from an earlier report are replaced."
    )
    where = "where to write the report (default: chalkgrad- and the name of the data set)"
    options: Sequence[Option] = [
        (["dataset"], {"metavar": "dataset", "help": f"one of {', '.join(TASKS)}"}),
        (["--output", "-o"], {"metavar": "FOLDER", "help": where}),
        (
            ["--quiet", "-q"],
            {"action": "store_true", "help": "print only the line with the result"},
        ),
    ]
    about = "train a network on a data set and write a report"
    return Subcommand(about, _train, options, _settings_options(), described)


def _settings_options() -> list[Option]:
    """Return an option for every setting; None stands for the data set's own default."""
    found: list[Option] = []

    def add(name: str, metavar: str, said: str, kind: Callable[[str], Any] = str, **more: Any):
        spelling = f"--{name.replace('_', '-')}"
        default = "(default: its own)" if name == "noise" else _default(name)
        meaning = {"type": kind, "metavar": metavar, "help": f"{said} {default}", **more}
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
    add("batch_size", "N", "samples in a step", _whole)
    add("epochs", "N", "times through the data", _whole)
    add("seed", "N", "of drawn data, the split, the weights and the order", _whole)
    add("points", "N", "points to draw; not for digits", _whole)
    add("noise", "S", "their noise; not for digits", float)
    return found


def _default(name: str) -> str:
    """Return the default of a setting for a help text, with the data sets that have their own."""
    texts: dict[str, list[str]] = {}
    for task, known in TASKS.items():
        if words := known.defaults.words(name):
            texts.setdefault(" ".join(words), []).append(task)
    if len(texts) == 1:
        return f"(default: {next(iter(texts))})"
    return f"(default: {', '.join(f'{x} for {_listed(tasks)}' for x, tasks in texts.items())})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _settings(options: argparse.Namespace) -> Settings:
    """Return the data set's defaults with what was given in their place."""
    given = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(Settings)
        if getattr(options, field.name) is not None
    }
    if "hidden" in given:
        given["hidden"] = tuple(given["hidden"])
    return changed(task_named(options.dataset).defaults, given)


# The work ---------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    """Train and report; see `main`."""
    loud = not options.quiet
    experiment, folder = _checked(options)
    if loud:
        print(_opening(experiment), flush=True)
    began = time.perf_counter()
    try:
        history = experiment.train(progress=loud, callbacks=[_say] if loud else [])
    except DivergenceError as error:
        raise Refusal(f"{error}; nothing was written. Try a smaller --lr") from None
    except ValueError as error:
        raise Refusal(str(error)) from None
    seconds = time.perf_counter() - began
    if history.interrupted and not len(history):
        raise KeyboardInterrupt
    result = experiment.result(history)
    try:
        replaced = write_folder(folder, report_files(result))
    except OSError as error:
        raise Refusal(f"the report could not be written: {error}") from None
    if history.interrupted:
        print(
            f"Interrupted: {len(history)} of {experiment.settings.epochs} epochs were finished; "
            "they are kept, and the report is about them."
        )
    if replaced and loud:
        print(f"Replaced an earlier report's {_listed(replaced)}.")
    tested, samples = len(result.said), experiment.task.samples
    print(
        f"Accuracy {result.accuracy:.4f} on held-out data ({tested} {samples} that the network "
        f"never saw), after {seconds:.1f} s of training. Report: {folder / 'report.html'}"
    )
    return INTERRUPTED if history.interrupted else OK


def _checked(options: argparse.Namespace) -> tuple[Experiment, Path]:
    """Return the experiment and the output folder, or refuse if anything about them is wrong."""
    try:
        experiment = prepare(_settings(options))
        folder = check_folder(options.output or f"chalkgrad-{options.dataset}")
        # Checked before training, which is what takes long.
        with importing_matplotlib():
            import matplotlib as _  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise Refusal(f"the report cannot be drawn: {error}") from None
    except (ValueError, TypeError, OSError) as error:
        raise Refusal(str(error)) from None
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


_PLAYED = [f"--{name.replace('_', '-')}" for name in play.SETTINGS]
# What each command is called.
COMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "train": _training(),
        **LOOKING,
        "play": play.playing([option for option in _settings_options() if option[0][0] in _PLAYED]),
    }
)

if __name__ == "__main__":
    raise SystemExit(main())
