"""The commands of `chalkgrad`: the words that each takes, and its work.

A new one is a `Subcommand` under its name in `cli.COMMANDS`, or in `graphs.LOOKING` if it looks at
an expression. Errors are raised as a `Refusal`, whose text is the sentence to print.
"""

import argparse
import codecs
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

# Exit codes: all went well; something was wrong; after Ctrl-C; whoever reads the output has gone.
OK, WRONG, INTERRUPTED, CUT_OFF = 0, 2, 130, 141

# What stands for a sign where the output's encoding has none; d is for whole derivatives.
_SPELLED = dict(
    zip("∂·×÷±−→…▲▼█", ("D", "*", "*", "/", "+-", "-", "->", "...", "^", "v", "#"), strict=True)
)

# What argparse calls options without a value.
SWITCHES = ("store_true", "store_false")

# The spellings of an option or argument, and its meaning in the words of argparse.
Option: TypeAlias = tuple[Sequence[str], Mapping[str, Any]]


class Refusal(ValueError):
    """The command cannot do what it was asked; its text is the sentence to print."""


def say(text: str) -> None:
    """Print a line at once, so that a pipe such as `| tee` shows it when it is said."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def spelled(error: UnicodeError) -> tuple[str, int]:
    r"""Return what to write for characters that cannot be, as an error handler of `codecs` does.

    >>> codecs.register_error("chalkgrad", spelled)
    >>> "∂z/∂x · 2 → −1 × ω".encode("ascii", "chalkgrad")
    b'Dz/Dx * 2 -> -1 * \\u03c9'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    found = [_SPELLED.get(c) or c.encode("ascii", "backslashreplace").decode() for c in text]
    return "".join(found), error.end


def as_written(text: str) -> str:
    """Return text as the output shows it, whose columns are aligned by that length."""
    codecs.register_error("chalkgrad", spelled)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "chalkgrad").decode(encoding)


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One command of `chalkgrad`.

    Attributes:
        about: what it does, in a few words without a capital.
        run: does what the options ask, and returns the text to print, or the exit code.
        options: its arguments and options.
        settings: further options, which its help lists by themselves.
        description: the start of its help; what it does, if left out.
    """

    about: str
    run: Callable[[argparse.Namespace], str | int]
    options: Sequence[Option]
    settings: Sequence[Option] = ()
    description: str = ""

    @property
    def words(self) -> list[str]:
        """The words of its options, each with its minuses."""
        options = [*self.settings, *self.options]
        return [word for spellings, _ in options for word in spellings if word.startswith("-")]

    def add_to(self, commands: Any, name: str) -> None:
        """Add the command under a name to the subparsers of an `argparse` parser."""
        described = self.description or f"{self.about[0].upper()}{self.about[1:]}."
        parser = commands.add_parser(
            name, help=self.about, description=described, allow_abbrev=False
        )
        if self.settings:
            group = parser.add_argument_group("settings")
            for spellings, meaning in self.settings:
                group.add_argument(*spellings, **meaning)
        for spellings, meaning in self.options:
            parser.add_argument(*spellings, **meaning)
        parser.set_defaults(run=self.run)
