"""Runs put together: those that differ in the seed alone are a group, and have a mean and a spread.

Nothing is drawn here; the page and the terminal show the same groups, numbers and remarks.
"""

import dataclasses
import math
import os
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from nn.optim import OPTIMIZERS
from nn.report.runs.kept import KeptRun
from nn.report.settings import OPTIONS, Settings

# Of a name in a table.
_LONGEST = 48
# Of a group's runs are named, and the words of a name, of which none is cut.
_NAMED, _WORDS = 6, re.compile(r"\d+|[^\W\d_]+|[\W_]")
# More digits behind the point, or larger numbers, are written with a power of ten.
_PLACES, _LARGE = 6, 1e6


@dataclass(frozen=True, slots=True)
class Average:
    """The mean of some numbers, and how they are spread.

    Attributes:
        mean: their mean.
        deviation: the standard deviation, which divides by n - 1; None of a single number.
        count: n.

    >>> average([1.0, 2.0, 3.0]), str(average([0.25, 0.5])), str(average([0.5]))
    (Average(mean=2.0, deviation=1.0, count=3), '0.38 ± 0.18', '0.5')
    """

    mean: float
    deviation: float | None
    count: int

    def __str__(self) -> str:
        """Return it with its spread to two digits, and the mean as far as those."""
        if not self.deviation:
            return f"{self.mean:.4g}" + " ± 0" * (self.deviation is not None)
        places = max(0, 1 - math.floor(math.log10(self.deviation)))
        if places > _PLACES or max(abs(self.mean), self.deviation) >= _LARGE:
            return f"{self.mean:.4g} ± {self.deviation:.2g}"
        return f"{self.mean:.{places}f} ± {self.deviation:.{places}f}"


def average(numbers: Sequence[float]) -> Average | None:
    """Return the mean and the spread of numbers; None where there are none."""
    if not numbers:
        return None
    # Scaled, since the squares of large numbers leave the floats.
    scale = max(map(abs, numbers)) or 1.0
    mean = math.fsum([x / scale for x in numbers]) / len(numbers) * scale
    if len(numbers) == 1:
        return Average(mean, None, 1)
    spread = statistics.stdev([x / scale for x in numbers]) * scale
    return Average(mean, spread, len(numbers))


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs that differ in the seed alone.

    Attributes:
        letter: what it is called beside its curves.
        runs: the runs, in the order that they were given in.
        names: what each is called.
    """

    letter: str
    runs: Sequence[KeptRun]
    names: Sequence[str]

    @property
    def label(self) -> str:
        """What the group is called: the names of its runs, and the parts they share once."""
        return shortened(_together(self.names))

    @property
    def counted(self) -> list[KeptRun]:
        """The runs that count for means: of those with the same seed the first."""
        return [*{run.seed: run for run in reversed(self.runs)}.values()][::-1]

    def of(self, number: Callable[[KeptRun], float | None]) -> Average | None:
        """Return the mean of a number of each run that has it."""
        found = [number(run) for run in self.counted]
        return average([x for x in found if x is not None])

    def tested(self, name: str) -> Average | None:
        """Return how good the models are on held-out samples, by a measure."""
        return self.of(lambda run: run.tested.get(name))

    def kept(self, name: str) -> Average | None:
        """Return a number of the epoch whose parameters the model has."""
        return self.of(lambda run: run.curves[name][run.kept_place] if name in run.curves else None)

    def curve(self, name: str) -> dict[int, Average]:
        """Return the means of a number by epoch."""
        found: dict[int, list[float]] = {}
        for run in self.counted:
            for epoch, x in zip(run.epochs, run.curves.get(name, ()), strict=False):
                if x is not None:
                    found.setdefault(epoch, []).append(x)
        means = {epoch: average(found[epoch]) for epoch in sorted(found)}
        return {epoch: mean for epoch, mean in means.items() if mean is not None}


def _together(names: Sequence[str]) -> str:
    """Return names as a shell writes them, with the words at both ends that they share once.

    >>> _together(["moons-0", "moons-10"]), _together(["a1_deep", "a2_deep"]), _together(["a", "b"])
    ('moons-{0,10}', 'a{1,2}_deep', 'a, b')
    >>> _together([f"moons-{seed}" for seed in range(20)])
    'moons-{0,1,2,…,19}'
    """
    words = [_WORDS.findall(name) for name in names]
    begin = _alike(words)
    end = _alike([own[len(begin) :][::-1] for own in words])[::-1]
    middles = ["".join(own[len(begin) : len(own) - len(end)]) for own in words]
    if len(names) == 1 or not all(middles) or not (begin or end):
        return ", ".join(_some(names))
    return f"{''.join(begin)}{{{','.join(_some(middles))}}}{''.join(end)}"


def _alike(words: Sequence[Sequence[str]]) -> list[str]:
    """Return what all begin with."""
    same = takewhile(lambda found: len({*found}) == 1, zip(*words, strict=False))
    return [found[0] for found in same]


def _some(names: Sequence[str]) -> list[str]:
    """Return all of a few names; of more the first and the last."""
    return [*names] if len(names) <= _NAMED else [*names[: _NAMED - 3], "…", names[-1]]


# Putting runs together ----------------------------------------------------------------------------


def grouped(runs: Sequence[KeptRun]) -> list[RunGroup]:
    """Return runs as groups, in the order of the first run of each."""
    names = dict(zip(map(id, runs), names_of([run.folder for run in runs]), strict=True))
    found: dict[object, list[KeptRun]] = {}
    for run in runs:
        found.setdefault(_key(run), []).append(run)
    return [
        RunGroup(letter_of(i), some, [names[id(run)] for run in some])
        for i, some in enumerate(found.values())
    ]


def _key(run: KeptRun) -> object:
    if run.settings is None:
        return id(run)
    # Data of the user's own is told by what is in it, wherever it lies.
    dataset = run.digest or run.settings.dataset
    settings = dataclasses.replace(run.settings, seed=0, dataset=dataset)
    return settings, run.ended == "interrupted"


def letter_of(i: int) -> str:
    """Return A, B, ..., Z, AA, AB, ... by the number from 0.

    >>> [letter_of(i) for i in (0, 25, 26, 702)]
    ['A', 'Z', 'AA', 'AAA']
    """
    letters = ""
    while i >= 0:
        letters = chr(ord("A") + i % 26) + letters
        i = i // 26 - 1
    return letters


def names_of(folders: Sequence[Path]) -> list[str]:
    """Return what folders are called: their names, with as many above them as tell them apart.

    >>> names_of([Path("a/demo"), Path("b/demo"), Path("runs/one")])
    ['a/demo', 'b/demo', 'one']
    >>> names_of([Path("/demo"), Path("/runs/demo")])
    ['/demo', 'runs/demo']
    """
    parts = [Path(os.path.abspath(folder)).parts for folder in folders]
    names = [""] * len(parts)
    for i, own in enumerate(parts):
        for length in range(1, len(own) + 1):
            names[i] = Path(*own[-length:]).as_posix()
            if sum(other[-length:] == own[-length:] for other in parts) == 1:
                break
    return [shortened(name) for name in names]


def shortened(text: str) -> str:
    """Return text of the user's without what harms a page, and not too long for a table.

    >>> shortened("a" * 99) == "a" * 31 + "…" + "a" * 16
    True
    """
    if len(text) > _LONGEST:
        head = _LONGEST * 2 // 3 - 1
        text = f"{text[:head]}…{text[head + 1 - _LONGEST :]}"
    # Neither printed nor seen: control characters, halves of others, and what turns the direction.
    return "".join([c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text])


# Settings -----------------------------------------------------------------------------------------


def settings_rows(groups: Sequence[RunGroup]) -> dict[str, list[str]]:
    """Return what each group was trained with, by the name of the setting.

    A setting that does not apply to a group is "", as the momentum of an optimiser without one.
    """
    rows: dict[str, list[str]] = {"data": [_data(group) for group in groups]}
    for field in dataclasses.fields(Settings):
        if field.name not in ("dataset", "seed"):
            rows[field.name.replace("_", " ")] = [_word(group, field.name) for group in groups]
    rows["versions"] = [_joined([run.versions for run in group.runs]) for group in groups]
    return {name: words for name, words in rows.items() if any(words)}


def _data(group: RunGroup) -> str:
    run = group.runs[0]
    if run.settings is None:
        return "not known"
    name = shortened(Path(run.settings.dataset).name or run.settings.dataset)
    return f"{name} (contents {run.digest[:8]})" if run.digest else name


def _word(group: RunGroup, name: str) -> str:
    settings = group.runs[0].settings
    if settings is None:
        return ""
    kind = OPTIMIZERS.get(settings.optimizer)
    if name in OPTIONS and kind is not None and name not in kind.options:
        return ""
    return shortened(" ".join(settings.words(name))) or "none"


def _joined(words: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, words)))


def parted(rows: Mapping[str, list[str]]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the settings that differ, and those that all share; ones that nobody set are neither.

    >>> parted({"lr": ["0.1", "0.2"], "init": ["he", "he"], "noise": ["none", "none"]})
    ({'lr': ['0.1', '0.2']}, {'init': 'he'})
    """
    differing: dict[str, list[str]] = {}
    shared: dict[str, str] = {}
    for name, words in rows.items():
        found = [*dict.fromkeys(filter(None, words))]
        if len(found) > 1:
            differing[name] = words
        elif found != ["none"] and found:
            shared[name] = found[0]
    return differing, shared


# Remarks ------------------------------------------------------------------------------------------


def remarks(groups: Sequence[RunGroup]) -> list[str]:
    """Return what is to be known before numbers are compared, in plain words."""
    runs = [run for group in groups for run in group.runs]
    found: list[str] = []
    names = [*dict.fromkeys(map(_data, groups))]
    if len({_data_of(group.runs[0]) for group in groups}) > 1:
        which = "different data" if len(names) > 1 else f"{names[0]} with different noise"
        told = f" ({', '.join(names)})" if len(names) > 1 else ""
        found.append(
            f"These runs are of {which}{told}: their losses and measures cannot be compared with "
            "one another, only how each run went."
        )
    elif losses := _losses(groups):
        found.append(losses)
    if any(run.settings is None for run in runs):
        unknown = [name for group in groups for run, name in zip(
            group.runs, group.names, strict=True) if run.settings is None]  # fmt: skip
        found.append(
            f"{', '.join(unknown)}: nothing says what it was trained with, so each stands alone. "
            "Train with chalkgrad train, whose reports say so."
        )
    for group in groups:
        for run, name in zip(group.runs, group.names, strict=True):
            if run.ended == "interrupted":
                whole = run.settings.epochs if run.settings else "its"
                found.append(
                    f"{name} was interrupted after {len(run.epochs)} of {whole} epochs, so it "
                    "stands alone."
                )
            if not run.tested and run.settings is not None:
                found.append(
                    f"{name} has no result.json, as reports of an older chalkgrad: it is compared "
                    "by its settings and curves. Train it again for the rest."
                )
        if len(group.counted) < len(group.runs):
            found.append(
                f"{group.letter} holds runs of the same settings and the same seed: each seed "
                "counts once, with its first run."
            )
    return found


def _data_of(run: KeptRun) -> object:
    settings = run.settings
    if settings is None:
        return None
    return run.digest or (settings.dataset, settings.noise)


def _losses(groups: Sequence[RunGroup]) -> str:
    """Return a word on losses that cannot be compared; "" if all can."""
    settings = [group.runs[0].settings for group in groups]
    kinds = {(s.loss, s.class_weight) for s in settings if s is not None}
    if len({loss for loss, _ in kinds}) > 1:
        names = ", ".join(sorted({loss for loss, _ in kinds}))
        return (
            f"The losses of these runs are different functions ({names}): their numbers cannot be "
            "compared with one another, the measures can."
        )
    if len(kinds) > 1:
        return (
            "The losses of these runs weigh the classes differently (class weight): their numbers "
            "cannot be compared with one another, the measures can."
        )
    return ""
