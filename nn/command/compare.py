"""The command `chalkgrad compare`: runs side by side, as a page and as a short table.

A run is the folder that `chalkgrad train` wrote. Nothing is trained: every number is one that the
runs have written themselves.
"""

import argparse
import dataclasses
import os
from collections.abc import Sequence

from autograd import Table, pages
from nn.command.subcommand import Option, Refusal, Subcommand, as_written
from nn.plots.base import importing_matplotlib
from nn.report.runs.groups import grouped, parted, remarks, settings_rows
from nn.report.runs.kept import KeptRun, read_run
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
        runs = [read_run(name) for name in options.runs]
        _check_apart(options.runs, runs)
        groups = grouped(runs)
        with importing_matplotlib():
            text = comparison(groups)
        path = pages.saved_page(options.output or "compare.html", text, "a comparison")
    except ImportError as error:
        raise Refusal(f"the page cannot be drawn: {error}") from None
    except (ValueError, OSError) as error:
        raise Refusal(str(error)) from None
    differing, _ = parted(settings_rows(groups))
    lines = [_aligned(results_table(groups, differing, ("validation_loss",), timed=True))]
    if (more := len(differing) - MOST_SETTINGS) > 0:
        lines.append(f"{more} more setting{'s' * (more > 1)} that differ: on the page")
    return "\n".join([*lines, *remarks(groups), f"Page: {path}"])


def _check(names: Sequence[str]) -> None:
    """Refuse too few or too many runs."""
    if len(names) == 1:
        raise Refusal(
            f"compare takes two runs at least, and {names[0]} is one: name another, as in "
            "chalkgrad compare run1 run2"
        )
    if len(names) > _MOST_RUNS:
        raise Refusal(f"compare takes {_MOST_RUNS} runs at most; got {len(names):,}")


def _check_apart(names: Sequence[str], runs: Sequence[KeptRun]) -> None:
    """Refuse a run that is named twice, by its folder or a file in it."""
    places: dict[str, str] = {}
    for name, run in zip(names, runs, strict=True):
        place = os.path.realpath(run.folder)
        if place in places:
            raise Refusal(f"{name} and {places[place]} are the same run: name each once")
        places[place] = name


def _aligned(table: Table) -> str:
    """Return a table whose columns are aligned in the output's encoding as well."""
    rows = [[as_written(cell) for cell in row] for row in table.rows]
    return str(dataclasses.replace(table, rows=rows))
