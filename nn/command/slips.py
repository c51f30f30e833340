"""Slips in the words of the command: what was probably meant, for every command alike.

An option may be misspelt, be called as in another library, have one minus in place of two, or
belong to another command. `argparse` knows of none of these, and takes `-lr` for an unknown option
and `-optimizer` for `-o ptimizer`.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import NoReturn

from autograd import asked
from nn.command.subcommand import Refusal, Subcommand
from nn.spellings import COMMAND
from nn.validation import look_up

# What may stand in place of a command.
_FIRST = ("-h", "--help", "--version")


def check(words: Sequence[str], commands: Mapping[str, Subcommand]) -> None:
    """Refuse an unknown command, and an option of a known one with a single minus.

    Raises:
        Refusal: saying what was probably meant.
    """
    if not words or words[0] in _FIRST:
        return
    if words[0].startswith("-"):
        refuse(words[:1], commands)
    try:
        known = look_up("command", words[0], commands).words
    except ValueError as error:
        raise Refusal(str(error)) from None
    for word in itertools.takewhile(lambda word: word != "--", words):
        # A word without a minus is a value, were it called q as the option -q.
        if word.startswith("-") and f"-{word.partition('=')[0]}" in known:
            refuse([word], commands, words[0])


def refuse(rest: Sequence[str], commands: Mapping[str, Subcommand], command: str = "") -> NoReturn:
    """Refuse words that a command does not take, with what was probably meant by the first option.

    Args:
        rest: the words.
        commands: all commands.
        command: whose words they are; "" where they stand in front of one.

    Raises:
        Refusal: always.
    """
    option = next((word.partition("=")[0] for word in rest if word.startswith("-")), "")
    known = commands[command].words if command else _FIRST
    meant = option and _meant(option, known, commands)
    asking = f"chalkgrad {command} --help" if command else "chalkgrad --help"
    raise Refusal(f"unrecognized arguments: {' '.join(rest)}{meant} ({asking} lists what it takes)")


def _meant(option: str, known: Sequence[str], commands: Mapping[str, Subcommand]) -> str:
    """Return what was probably meant, in words that follow it; "" if nobody knows.

    >>> known = ["-o", "--output", "--lr", "--optimizer"]
    >>> _meant("--optimiser", known, {}), _meant("--learning_rate", known, {})
    ('; is --optimizer meant?', ': write --lr')
    >>> _meant("-lr", known, {}), _meant("--oops", known, {})
    (': write --lr', '')
    """
    written = f"--{option.lstrip('-').lower().replace('_', '-')}"
    here = COMMAND.get(written, written)
    if here in known:
        return f": write {here}"
    for name, command in commands.items():
        if written in command.words:
            return f": it is an option of chalkgrad {name}"
    # Without the minuses, which all have in common.
    close = asked.near(written[2:], [word[2:] for word in known if word.startswith("--")])
    return f"; is --{close[0]} meant?" if close else ""
