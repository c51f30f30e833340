"""The page that puts runs side by side: one HTML file, as self-contained as a report.

Names of folders and files are text of the user's, and are escaped wherever they stand.
"""

from collections.abc import Mapping, Sequence
from html import escape

from autograd import Table
from nn.report.runs import curves
from nn.report.runs.groups import (
    Average,
    RunGroup,
    parted,
    remarks,
    settings_rows,
    shortened,
)
from nn.report.runs.kept import KeptRun
from nn.report.shell import document, figure, folded, numbers, scrolling, section

# Settings in the table of what was reached; another table has all.
MOST_SETTINGS = 3
# Groups that stand side by side in a table, and not below one another.
_WIDEST = 6
# Epochs in the table beside a curve.
_ROWS = 25
# Curves that have a name of their own.
_TITLES = {
    "loss": "training loss",
    "validation_loss": "validation loss",
    "metric": "training accuracy",
    "validation_metric": "validation accuracy",
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm",
}
_MEANINGS = {
    "loss": "Mean loss of a sample trained on.",
    "validation_loss": "The same on samples that were held out to watch the training.",
    "metric": "Share of the samples trained on whose class is right.",
    "validation_metric": "The same on samples that were held out to watch the training.",
    "learning_rate": "At the first step of each epoch.",
    "gradient_norm": "Length of the gradient over all parameters, the mean of an epoch's steps.",
}


def columns_of(groups: Sequence[RunGroup]) -> list[str]:
    """Return the names of all numbers that any run has by epoch, those with a name first."""
    found = dict.fromkeys(name for group in groups for run in group.runs for name in run.curves)
    own = [name for name in _TITLES if name in found]
    others = [name for name in found if name not in _TITLES and not name.endswith("accuracy")]
    return own[:4] + others + own[4:]


def measures_of(groups: Sequence[RunGroup]) -> list[str]:
    """Return the names of what any model was tested by."""
    return [*dict.fromkeys(name for group in groups for run in group.runs for name in run.tested)]


def comparison(groups: Sequence[RunGroup]) -> str:
    """Return the whole page.

    Args:
        groups: the runs, as `grouped` puts them together.
    """
    count = sum(len(group.runs) for group in groups)
    differing, shared = parted(settings_rows(groups))
    words = [f'<p class="notice">{escape(text)}</p>\n' for text in remarks(groups)]
    titles = {run.title for group in groups for run in group.runs}
    of_what = f"{shortened(next(iter(titles)))}: " if len(titles) == 1 and all(titles) else ""
    title = f"{of_what}{count} runs side by side"
    about = (
        " Its numbers are the mean of its runs ± the standard deviation, which divides by n − 1; "
        "bands about the curves are the same."
    ) * bool(_several(groups))
    about = f"Runs that differ in the seed alone are a group.{about}"
    counted = {"runs": f"{count}", "groups": f"{len(groups)}", "settings that differ":
               f"{len(differing)}"}  # fmt: skip
    header = (
        f'<h1>{escape(title)}</h1>\n<p class="lead">{about}</p>\n{"".join(words)}{numbers(counted)}'
    )
    sections = [
        section("What they reached", _reached(groups, differing)),
        section("What they were trained with", _settings(groups, differing, shared)),
        section("How they learned", _learned(groups)),
        section("Sizes and times", _sizes(groups)),
        section("Each run", _each(groups)),
    ]
    footer = "Every number is one that the runs wrote themselves; nothing was trained or measured."
    return document(f"{title} (chalkgrad)", header, "".join(sections), footer)


def _key(groups: Sequence[RunGroup]) -> str:
    """Return what each letter, colour and dash stands for."""
    items = "".join(
        f'<li><span class="picture">{curves.sample(i)}</span><b>{group.letter}</b> '
        f"{escape(group.label)}</li>\n"
        for i, group in enumerate(groups)
    )
    return f'<ul class="keys">\n{items}</ul>\n'


def _several(groups: Sequence[RunGroup]) -> list[RunGroup]:
    """Return the groups that have a spread."""
    return [group for group in groups if len(group.counted) > 1]


def _reached(groups: Sequence[RunGroup], differing: Mapping[str, Sequence[str]]) -> str:
    measures = measures_of(groups)
    pictures = [
        picture
        for i, name in enumerate(measures)
        if (picture := curves.spread(f"spread-{i}", f"held-out {name}", groups, name))
    ]
    figures = "".join(figure(picture.inline(), kind="narrow") for picture in pictures)
    if pictures:
        line = "; the line is the mean of a group, its ends a standard deviation away"
        said = f"Each point is a run{line * bool(_several(groups))}."
        figures = f'<div class="pair">{figures}</div>\n<p class="quiet">{said}</p>\n'
    table = results_table(groups, differing, ("validation_loss", "validation_metric"))
    table = scrolling("Table of the results", table.html(kind="epochs"))
    tested = (
        "<p>Held-out samples were set aside before training, and no run ever saw its own.</p>\n"
    ) * bool(measures)
    return f"{tested}{_key(groups)}{table}{figures}{_seeds(groups)}"


def results_table(
    groups: Sequence[RunGroup],
    differing: Mapping[str, Sequence[str]],
    wanted: Sequence[str],
    *,
    timed: bool = False,
) -> Table:
    """Return what each group reached, beside the first settings that differ.

    Args:
        groups: the runs.
        differing: all settings that differ, as `parted` has them.
        wanted: numbers of the epochs to show, of those that there are.
        timed: whether to show the seconds of training.
    """
    measures = measures_of(groups)
    kept = [x for x in wanted if x in columns_of(groups)]
    differing = dict([*differing.items()][:MOST_SETTINGS])
    # Results first: on a narrow screen settings are out of sight before they are.
    heads = ["", "runs", "n", *[f"held-out {x}" for x in measures], *[_TITLES[x] for x in kept]]
    heads += ["seconds"] * timed
    sides = "<<" + ">" * (len(heads) - 2) + "<" * len(differing)
    heads += differing
    rows = [
        [
            group.letter,
            group.label,
            f"{len(group.counted)}",
            *[_shown(group.tested(x)) for x in measures],
            *[_shown(group.kept(x)) for x in kept],
            *[_shown(group.of(lambda run: sum(run.seconds) or None))] * timed,
            *[words[i] for words in differing.values()],
        ]
        for i, group in enumerate(groups)
    ]
    return _filled(heads, rows, sides)


def _filled(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> Table:
    """Return a table without the columns that have nothing in them."""
    kept = [k for k in range(len(heads)) if any(row[k] for row in rows)]
    cells = [[row[k] for k in kept] for row in (heads, *rows)]
    return Table(cells[0], cells[1:], "".join([sides[k] for k in kept]))


def _shown(mean: Average | None) -> str:
    return "" if mean is None else str(mean)


def _seeds(groups: Sequence[RunGroup]) -> str:
    several = _several(groups)
    if not several:
        return (
            '<p class="quiet">No group has more than one seed, so nothing says how far away '
            "another would lie. Run each again with other values of --seed.</p>\n"
        )
    drawn = {
        run.settings is not None and run.settings.points is not None
        for group in several
        for run in group.counted
    }
    points = "the points, " if drawn == {True} else "the points where they are drawn, " * any(drawn)
    what = f"{points}the split, the first weights and the order of the samples"
    return f'<p class="quiet">A seed chooses {what}: the spread is that of all of these.</p>\n'


def _settings(
    groups: Sequence[RunGroup],
    differing: Mapping[str, Sequence[str]],
    shared: Mapping[str, str],
) -> str:
    if differing:
        letters = [group.letter for group in groups]
        heads, rows = ["setting", *letters], [[name, *words] for name, words in differing.items()]
        if len(groups) > _WIDEST:
            columns = zip(letters, *differing.values(), strict=True)
            heads, rows = ["", *differing], [[*cells] for cells in columns]
        table = Table(heads, rows, "<" * len(heads)).html(kind="columns")
        shown = scrolling("Table of the settings that differ", table)
    else:
        shown = "<p>The same settings, but for the seed.</p>\n"
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>\n'
        for name, text in shared.items()
    )
    if not body:
        return shown
    table = f'<table class="settings"><tbody>\n{body}</tbody></table>\n'
    return shown + folded(f"The {len(shared)} that all share", table)


def _learned(groups: Sequence[RunGroup]) -> str:
    parts: list[str] = []
    for i, column in enumerate(columns_of(groups)):
        title = _TITLES.get(column, column.replace("_", " "))
        picture = curves.curve(f"curve-{i}", title, groups, column)
        if picture is None:
            continue
        table = scrolling(f"Table of the {title}", _by_epoch(groups, column).html(kind="epochs"))
        beside = folded(f"The numbers: {escape(title)}", table)
        parts.append(
            f"<div>{figure(picture.inline(), _MEANINGS.get(column, 'Measured besides.'))}{beside}"
            "</div>\n"
        )
    most = curves.MOST_DRAWN
    some = (
        f"<p>The first {most} groups are drawn; the tables hold all.</p>\n"
        if len(groups) > most
        else ""
    )
    return f'{some}{_key(groups[:most])}<div class="pair">{"".join(parts)}</div>\n{_left(groups)}'


def _left(groups: Sequence[RunGroup]) -> str:
    """Return a word on means of fewer runs towards the end; "" where there are none."""
    if all(len({run.epochs[-1] for run in group.counted}) == 1 for group in groups):
        return ""
    return (
        '<p class="quiet">Some runs of a group ended before others, as patience lets them: from '
        "there on its line is thin, the mean of the runs that are left.</p>\n"
    )


def _by_epoch(groups: Sequence[RunGroup], column: str) -> Table:
    found = [group.curve(column) for group in groups]
    epochs = sorted({epoch for means in found for epoch in means})
    last = len(epochs) - 1
    chosen = sorted({round(i * last / (_ROWS - 1)) for i in range(_ROWS)})
    rows = [[str(epochs[i]), *[_shown(x.get(epochs[i])) for x in found]] for i in chosen]
    note = (
        f"{len(rows)} of {len(epochs)} epochs; each folder's history.csv has all"
        if len(rows) < len(epochs)
        else ""
    )
    return Table(["epoch", *[group.letter for group in groups]], rows, ">" * (1 + len(found)), note)


def _sizes(groups: Sequence[RunGroup]) -> str:
    heads = ["", "parameters", "model.json", "whole folder", "epochs", "seconds of an epoch",
             "seconds in all"]  # fmt: skip
    rows = [
        [
            group.letter,
            _count(group.of(lambda run: run.parameters)),
            _size(group.of(lambda run: run.bytes.get("model.json"))),
            _size(group.of(lambda run: sum(run.bytes.values()) or None)),
            _count(group.of(lambda run: len(run.epochs))),
            _shown(group.of(_median)),
            _shown(group.of(lambda run: sum(run.seconds) or None)),
        ]
        for group in groups
    ]
    table = scrolling(
        "Table of sizes and times", _filled(heads, rows, "<" + ">" * 6).html(kind="epochs")
    )
    seconds = (
        "<p>Seconds are those of the machine that each run was on, and of what else it did then; "
        "of an epoch, the median, for the first one also compiles.</p>\n"
    )
    return seconds * any(run.seconds for group in groups for run in group.runs) + table


def _median(run: KeptRun) -> float | None:
    ordered = sorted(run.seconds)
    return ordered[len(ordered) // 2] if ordered else None


def _size(mean: Average | None) -> str:
    """Return a number of bytes in a unit that is read at a glance.

    >>> _size(Average(2_500.0, None, 1)), _size(None)
    ('2.5 kB', '')
    """
    if mean is None:
        return ""
    x = mean.mean
    return f"{x / 1e6:.1f} MB" if x >= 999_950 else f"{x / 1e3:.1f} kB"


def _count(mean: Average | None) -> str:
    if mean is None:
        return ""
    return str(mean) if mean.deviation else f"{mean.mean:,.0f}"


def _each(groups: Sequence[RunGroup]) -> str:
    measures = measures_of(groups)
    heads = ["run", *[f"held-out {x}" for x in measures], "validation loss"]
    heads += ["group", "seed", "epochs", "seconds", "ended"]
    rows: list[list[str]] = []
    for group in groups:
        for run, name in zip(group.runs, group.names, strict=True):
            held = run.curves.get("validation_loss", ())
            rows.append(
                [
                    name,
                    *["" if (x := run.tested.get(m)) is None else f"{x:.4g}" for m in measures],
                    "" if not held or (x := held[run.kept_place]) is None else f"{x:.4g}",
                    group.letter,
                    str(run.seed),
                    str(len(run.epochs)),
                    f"{sum(run.seconds):.3g}" if run.seconds else "",
                    _ended(run),
                ]
            )
    table = _filled(heads, rows, "<" + ">" * (len(heads) - 6) + "<>>><").html(kind="epochs")
    return scrolling("Table of the runs", table)


def _ended(run: KeptRun) -> str:
    how = {"interrupted": "Ctrl-C", "patience": "patience", "whole": "", "": ""}[run.ended]
    return f"{how}{', best ' if how else 'best '}{run.best_epoch}" if run.best_epoch else how
