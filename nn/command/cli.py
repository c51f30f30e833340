"""The command `chalkgrad`: train a network, here or in a page, or look at an expression.

What is wrong with the options, the output folder or the installation is said in one sentence and
before any training, with exit code 2. Ctrl-C ends the training, keeps what the finished epochs
gave and still writes the report, with exit code 130 as shells expect.
"""

import argparse
import codecs
import io
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import NoReturn

import autograd
from nn.command import play, slips
from nn.command.checking.command import checking
from nn.command.compare import comparing
from nn.command.completion import completing
from nn.command.configuration import words_of
from nn.command.export import exporting
from nn.command.graphs import LOOKING, also_values, with_minus
from nn.command.predict import predicting
from nn.command.subcommand import (
    CUT_OFF,
    INTERRUPTED,
    OK,
    WRONG,
    Option,
    Refusal,
    Subcommand,
    spelled,
)
from nn.command.train import reading_options, settings_options, training


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
        parser = _parser()
        options, rest = parser.parse_known_args(with_minus(words))
        if path := getattr(options, "config", None):
            written = words_of(path, COMMANDS[words[0]], has_data=options.dataset is not None)
            # What was typed comes last, and wins.
            options, rest = parser.parse_known_args([words[0], *written, *words[1:]])
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
    codecs.register_error("chalkgrad", spelled)
    before = stream.errors
    stream.reconfigure(errors="chalkgrad")
    try:
        yield
    finally:
        with suppress(OSError, ValueError):  # it is closed, or its reader has gone
            stream.reconfigure(errors=before)


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


def _shared(options: Sequence[Option], names: Sequence[str]) -> list[Option]:
    """Return those options of `train` that another command has, too."""
    spellings = [f"--{name.replace('_', '-')}" for name in names]
    return [option for option in options if option[0][0] in spellings]


# What each command is called.
COMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "train": training(),
        "predict": predicting(),
        "compare": comparing(),
        "export": exporting(),
        **LOOKING,
        "check": checking(),
        "completion": completing(lambda: COMMANDS),
        "play": play.playing(
            _shared(settings_options(), play.SETTINGS), _shared(reading_options(), play.READING)
        ),
    }
)

if __name__ == "__main__":
    raise SystemExit(main())
