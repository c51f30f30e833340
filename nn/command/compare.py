"""The command `chalkgrad compare`: runs side by side, as a page and as a short table.

A run is the folder that `chalkgrad train` wrote. Nothing is trained: every number is one that the
runs have written themselves.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from autograd import write_whole
from nn.command.subcommand import Option, Refusal, Subcommand
from nn.plots.base import importing_matplotlib
from nn.report.runs.groups import grouped, parted, remarks, settings_rows
from nn.report.runs.kept import read_run
from nn.report.runs.page import MOST_SETTINGS, comparison, results_table

# More than these do not fit into a page that anybody reads.
_MOST_RUNS = 200


def comparing() -> Subcommand:
    """Return the command."""
    options: Sequence[Option] = [
        (
            ["runs"],
            {
                "metavar": "run",
                "nargs": "+",
                "help": "the folder of a report of chalkgrad train, two at least, as in runs/*; or "
                "the CSV of a history",
            },
        ),
        (
            ["--output", "-o"],
            {"metavar": "PAGE", "help": "where to, ending in .html (default: compare.html)"},
        ),
    ]
    described = (
        "Put runs side by side on one page, and in a short table here: the settings that differ, "
        "curves on common axes, what each reached, sizes and times. Runs that differ in the seed "
        "alone are a group, with its mean and standard deviation."
    )
    return Subcommand("put runs side by side on a page", _compare, options, (), described)


def _compare(options: argparse.Namespace) -> str:
    _check(options.runs)
    try:
        groups = grouped([read_run(name) for name in options.runs])
        path = Path(options.output or "compare.html")
        if not path.suffix and not path.exists():
            path = path.with_name(f"{path.name}.html")
        with importing_matplotlib():
            text = comparison(groups)
        write_whole(path, text)
    except ImportError as error:
        raise Refusal(f"the page cannot be drawn: {error}") from None
    except (ValueError, OSError) as error:
        raise Refusal(str(error)) from None
    differing, _ = parted(settings_rows(groups))
    lines = [str(results_table(groups, differing, ("validation_loss",), timed=True))]
    if (more := len(differing) - MOST_SETTINGS) > 0:
        lines.append(f"{more} more setting{'s' * (more > 1)} that differ: on the page")
    return "\n".join([*lines, *remarks(groups), f"Page: {path}"])


def _check(names: Sequence[str]) -> None:
    """Refuse too few or too many runs, and one that is named twice."""
    if len(names) == 1:
        raise Refusal(
            f"compare takes two runs at least, and {names[0]} is one: name another, as in "
            "chalkgrad compare run1 run2"
        )
    if len(names) > _MOST_RUNS:
        raise Refusal(f"compare takes {_MOST_RUNS} runs at most; got {len(names):,}")
    places: dict[str, str] = {}
    for name in names:
        place = os.path.realpath(name)
        if place in places:
            raise Refusal(f"{name} and {places[place]} are the same run: name each once")
        places[place] = name
