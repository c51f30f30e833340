"""The command `chalkgrad completion`: a script that lets a shell finish its words.

It is written from the table of commands: their options, and the names that an option takes. Nothing
of Python runs while somebody types.
"""

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from nn.activations import ACTIVATIONS
from nn.command.export import FORMS
from nn.command.subcommand import SWITCHES, Option, Refusal, Subcommand
from nn.elsewhere.choice import ENGINES
from nn.init import INITIALISERS
from nn.interop.pieces import DTYPES
from nn.losses import LOSSES
from nn.metrics.table import METRICS
from nn.optim import OPTIMIZERS
from nn.report.settings import TASKS
from nn.schedules import SCHEDULES
from nn.validation import look_up

# The names that an option or a first argument takes.
CHOICES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "dataset": [*TASKS],
        "what": [*TASKS, "line"],
        "shell": ["bash", "zsh", "fish"],
        "--activation": [*ACTIVATIONS],
        "--output-activation": [*ACTIVATIONS],
        "--init": [*INITIALISERS],
        "--loss": [*LOSSES],
        "--optimizer": [*OPTIMIZERS],
        "--schedule": [*SCHEDULES],
        "--engine": [*ENGINES],
        "--device": ["cpu", "cuda"],
        "--metrics": [*METRICS],
        "--task": ["classes", "numbers"],
        "--class-weight": ["balanced"],
        "--to": [*FORMS],
        "--dtype": [*DTYPES],
    }
)
_Commands = Mapping[str, Subcommand]


def completing(commands: Callable[[], _Commands]) -> Subcommand:
    """Return the command.

    Args:
        commands: gives all commands, this one among them.
    """
    described = (
        'Print a script for a shell. bash: eval "$(chalkgrad completion bash)" in ~/.bashrc. zsh: '
        "the same with zsh in ~/.zshrc, below compinit. fish: chalkgrad completion fish > "
        "~/.config/fish/completions/chalkgrad.fish."
    )
    options: Sequence[Option] = [
        (["shell"], {"metavar": "shell", "help": f"one of {', '.join(CHOICES['shell'])}"})
    ]

    def run(asked: argparse.Namespace) -> str:
        scripts = {"bash": bash, "zsh": zsh, "fish": fish}
        try:
            return look_up("shell", asked.shell, scripts)(commands())
        except ValueError as error:
            raise Refusal(str(error)) from None

    return Subcommand("print a script that completes words in a shell", run, options, (), described)


def _words(command: Subcommand) -> str:
    return " ".join([*command.words, "--help"])


def _first(command: Subcommand) -> Sequence[str]:
    """Return the names that the first argument takes."""
    for spellings, _ in command.options:
        if spellings[0] in CHOICES and not spellings[0].startswith("-"):
            return CHOICES[spellings[0]]
    return ()


def bash(commands: _Commands) -> str:
    """Return the script for bash."""
    options = "\n".join(
        [f"    {name}) options={shlex.quote(_words(x))} first={shlex.quote(' '.join(_first(x)))};;"
         for name, x in commands.items()]
    )  # fmt: skip
    values = "\n".join(
        [f"    {option}) words={shlex.quote(' '.join(names))};;"
         for option, names in CHOICES.items() if option.startswith("-")]
    )  # fmt: skip
    return f"""\
# Completion of chalkgrad, for bash.
_chalkgrad() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="${{COMP_WORDS[1]}}" options="" first="" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W {shlex.quote(" ".join([*commands, "--help", "--version"]))} -- "$word"))
    return
  fi
  case "$command" in
{options}
  esac
  case "$before" in
{values}
  esac
  if [ -z "$words" ]; then
    case "$word" in
      -*) words="$options";;
      *) [ "$COMP_CWORD" -eq 2 ] && words="$first";;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _chalkgrad chalkgrad"""


def zsh(commands: _Commands) -> str:
    """Return the script for zsh, which runs that of bash."""
    return f"autoload -U +X bashcompinit && bashcompinit\n{bash(commands)}"


def fish(commands: _Commands) -> str:
    """Return the script for fish."""
    lines = ["# Completion of chalkgrad, for fish.", "complete -c chalkgrad -e"]
    for name, command in commands.items():
        about = shlex.quote(command.about)
        lines.append(f"complete -c chalkgrad -n __fish_use_subcommand -f -a {name} -d {about}")
        seen = f"-n '__fish_seen_subcommand_from {name}'"
        if first := _first(command):
            lines.append(f"complete -c chalkgrad {seen} -a {shlex.quote(' '.join(first))}")
        for spellings, meaning in [*command.settings, *command.options]:
            long = next((word for word in spellings if word.startswith("--")), None)
            if long is None:
                continue
            text = (
                str(meaning["help"]).partition(":")[0].partition(";")[0].partition(" (default")[0]
            )
            takes = "" if meaning.get("action") in SWITCHES else " -r"
            names = CHOICES.get(long)
            given = f" -f -a {shlex.quote(' '.join(names))}" if names else ""
            lines.append(
                f"complete -c chalkgrad {seen} -l {long[2:]}{takes}{given} -d {shlex.quote(text)}"
            )
    return "\n".join(lines)
