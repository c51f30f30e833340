"""History: the course of training, an epoch a row.

It reads as a table, goes to CSV and plots itself. Times are kept and shown but left out of the CSV
unless asked for, so that the same seed gives the same file byte for byte.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar, overload

from autograd import Table, write_whole
from nn.data.coverage import Coverage
from nn.spellings import HISTORY, lacking
from nn.training.record import EpochRecord as EpochRecord
from nn.training.record import GradientCost as GradientCost
from nn.training.record import Histogram, Measure
from nn.training.sparkline import sparkline
from nn.validation import flag, instance, iterable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

V = TypeVar("V")

# The epochs at each end that a notebook shows of a long run.
_FIRST, _LAST = 3, 7


@lacking(HISTORY)
class History:
    """The records of a run, in order; `history[-1]` is the last, `len` how many.

    Attributes:
        metric_name: "accuracy" for classes, "" for regression.
        interrupted: whether Ctrl-C ended the run; the model is as after the last record then.
        stopped: whether a callback ended the run.
        stopped_early: whether patience did.
        best_epoch: the number of the epoch with the least validation loss, whose parameters the
            model has; None where no patience looked for it.
        engine: where the gradients were found, "compiled" or "eager"; "" if nothing was trained.
        gradients: the method that they were found by, such as "backprop".
        cost: the price of the gradients of the run that ended last; None if none was found.
        coverage: the samples that the last epoch used; see `nn.coverage`.
        classes: the names of the classes, in the order of the outputs; None for numbers.
        note: why the run was not compiled, if it was to be where that is possible; and that its
            first epoch moved no parameter.

    >>> history = History([EpochRecord(1, 0.5, 0.75, 0.625, 0.5, 0.01, 7)], metric_name="accuracy")
    >>> history
    History of 1 epoch: loss 0.5, accuracy 0.75, validation loss 0.625, validation accuracy 0.5
    >>> print(history)
    epoch  loss  accuracy  validation loss  validation accuracy  seconds
        1   0.5    0.7500            0.625               0.5000     0.01
    >>> history.loss, history.validation_metric
    ([0.5], [0.5])
    >>> print(history.to_csv(), end="")
    epoch,seed,loss,metric,validation_loss,validation_metric
    1,7,0.5,0.75,0.625,0.5
    """

    def __init__(
        self,
        records: Iterable[EpochRecord] = (),
        metric_name: str = "",
        classes: list[Any] | None = None,
    ) -> None:
        self._records: list[EpochRecord] = []
        for record in iterable("History", records, "a list of EpochRecords"):
            self.append(record)
        instance("History", metric_name, str, "the name of a metric as a str")
        self.metric_name = metric_name
        self.interrupted = False
        self.stopped = False
        self.stopped_early = False
        self.best_epoch: int | None = None
        self.engine = ""
        self.gradients = "backprop"
        self.cost: GradientCost | None = None
        self.classes = classes
        self.coverage: Coverage | None = None
        self.note = ""

    @property
    def is_ended(self) -> bool:
        """Whether something has ended the run before its last epoch: a callback, or patience."""
        return self.stopped or self.stopped_early

    def append(self, record: EpochRecord) -> None:
        """Add the record of one more epoch."""
        instance("History", record, EpochRecord, "EpochRecords, one for each epoch")
        self._records.append(record)

    def _replace(self, records: Iterable[EpochRecord]) -> None:
        """Take the records of a run in place of those here."""
        self._records = [*records]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[EpochRecord]:
        return iter(self._records)

    @overload
    def __getitem__(self, index: int) -> EpochRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[EpochRecord]: ...
    def __getitem__(self, index: int | slice) -> EpochRecord | list[EpochRecord]:
        if isinstance(index, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            own = f"history.{index}" if hasattr(History, index) else "history.loss"
            here = HISTORY.get(f".{index}", own)
            raise TypeError(f"epochs have numbers, as in history[-1]; got {index!r}: write {here}")
        try:
            return self._records[index]
        except IndexError:
            raise IndexError(f"the history has {len(self)} epoch(s): none at {index}") from None

    @property
    def epoch(self) -> list[int]:
        """The number of each epoch."""
        return [record.epoch for record in self]

    @property
    def loss(self) -> list[float]:
        """The training loss of each epoch."""
        return [record.loss for record in self]

    @property
    def metric(self) -> list[float | None]:
        """The metric on the samples trained on, of each epoch."""
        return [record.metric for record in self]

    @property
    def validation_loss(self) -> list[float | None]:
        """The loss on the samples held out, of each epoch."""
        return [record.validation_loss for record in self]

    @property
    def validation_metric(self) -> list[float | None]:
        """The metric on the samples held out, of each epoch."""
        return [record.validation_metric for record in self]

    @property
    def metrics(self) -> dict[str, list[Measure | None]]:
        """Each metric asked for, by name: its values on the samples trained on, by epoch.

        >>> record = EpochRecord(1, 0.5, None, None, None, 0.01, 7, {"r2": 0.875})
        >>> History([record]).metrics
        {'r2': [0.875]}
        """
        return _by_name([record.metrics for record in self])

    @property
    def validation_metrics(self) -> dict[str, list[Measure | None]]:
        """The same on the samples held out."""
        return _by_name([record.validation_metrics for record in self])

    def _numbers_by_name(self) -> dict[str, list[Any]]:
        """Return the columns of the metrics that are a number each, by their heads."""
        both = {
            **self.metrics,
            **{f"validation {name}": xs for name, xs in self.validation_metrics.items()},
        }
        return {head: xs for head, xs in both.items() if not any(isinstance(x, list) for x in xs)}

    @property
    def gradient_norm(self) -> list[float | None]:
        """The mean length of the gradients of each epoch's steps."""
        return [record.gradient_norm for record in self]

    @property
    def weights(self) -> dict[str, list[Histogram | None]]:
        """How the weights of each part of the model were spread after each epoch, by its name.

        Each is a tuple of the width of its bins (2^width), the number of the first bin (counted
        from the one that begins at 0) and the counts from there on.

        >>> from nn import MLP, SGD, datasets, fit
        >>> X, y = datasets.line(20, seed=0)
        >>> model = MLP([1, 1], seed=0)
        >>> history = fit(
        ...     model,
        ...     X,
        ...     y,
        ...     loss="mean_squared_error",
        ...     batch_size=5,
        ...     epochs=2,
        ...     optimizer=SGD(model.parameters(), 0.1),
        ...     progress=False,
        ... )
        >>> {name: sum(last.counts) for name, (first, last) in history.weights.items()}
        {'layers.0': 1}
        """
        return _by_name([record.weights for record in self])

    @property
    def time(self) -> list[float]:
        """The seconds each epoch took."""
        return [record.time for record in self]

    @property
    def seed(self) -> list[int]:
        """The seed of each epoch's run."""
        return [record.seed for record in self]

    def _columns(self) -> dict[str, list[str]]:
        """Return the table's columns by their heads, without those that are empty."""
        name = self.metric_name or "metric"
        columns = {
            "epoch": [str(n) for n in self.epoch],
            "loss": [f"{x:.4g}" for x in self.loss],
            name: ["" if x is None else f"{x:.4f}" for x in self.metric],
            "validation loss": ["" if x is None else f"{x:.4g}" for x in self.validation_loss],
            f"validation {name}": ["" if x is None else f"{x:.4f}" for x in self.validation_metric],
        }
        for head, xs in self._numbers_by_name().items():
            columns.setdefault(head, ["" if x is None else f"{x:.4f}" for x in xs])
        columns["seconds"] = [f"{x:.2f}" for x in self.time]
        return {head: cells for head, cells in columns.items() if any(cells)}

    @property
    def _remarks(self) -> list[str]:
        """What is to be known of the run beside its numbers."""
        lines: list[str] = []
        if self.interrupted and self.best_epoch is None:
            lines.append("interrupted: the model is as after the last epoch above")
        if self.best_epoch is not None:
            how = "interrupted" * self.interrupted or "stopped early" * self.stopped_early
            lines.append(
                f"{how}{': ' if how else ''}the model is as after epoch {self.best_epoch}, whose "
                "validation loss is the least"
            )
        if self.gradients != "backprop":
            lines.append(f"gradients by {self.gradients}: {self.cost}")
        return [*lines, *filter(None, [self.note])]

    def __str__(self) -> str:
        if not self._records:
            return repr(self)
        columns = self._columns()
        lines = [str(Table([*columns], [*zip(*columns.values(), strict=True)], ">" * len(columns)))]
        return "\n".join([*lines, *self._remarks])

    def _repr_html_(self) -> str:
        parts = [f"<b>{escape(repr(self))}</b>"]
        if len(self) > 1:
            losses, held = self.loss, self.validation_loss
            both = any(x is not None for x in held)
            told = "loss: ─ trained on, ╌ validation" if both else "the loss of each epoch"
            line = sparkline([losses, held] if both else [losses], told)
            parts.append(f"<div>{line} {escape(told)}</div>")
        if self._records:
            columns = self._columns()
            rows = [*zip(*columns.values(), strict=True)]
            hidden = len(rows) - _FIRST - _LAST
            if hidden > 1:
                rows[_FIRST:-_LAST] = [("…",) * len(columns)]
            note = f"{hidden:,} epochs between; print(history) shows them" if hidden > 1 else ""
            parts.append(Table([*columns], rows, ">" * len(columns), note).html())
        ran = [f"engine: {self.engine}"] if self.engine else []
        ran += ["stopped by a callback"] * self.stopped
        parts += [f"<div>{escape(line)}</div>" for line in [*ran, *self._remarks]]
        return f'<div style="overflow-x:auto">{"".join(parts)}</div>'

    def __repr__(self) -> str:
        count = len(self)
        text = f"History of {count} epoch{'s' * (count != 1)}"
        if self._records:
            last = self[-1]
            name = self.metric_name or "metric"
            numbers = {
                "loss": last.loss,
                name: last.metric,
                "validation loss": last.validation_loss,
                f"validation {name}": last.validation_metric,
            }
            shown = [f"{head} {x:.4g}" for head, x in numbers.items() if x is not None]
            text += f": {', '.join(shown)}"
        return text + ", interrupted" * self.interrupted + ", stopped early" * self.stopped_early

    def to_csv(self, path: str | os.PathLike[str] | None = None, *, time: bool = False) -> str:
        """Return the records as CSV, and write them to a file, whole or not at all.

        Numbers have all their digits; what is missing is left empty. Metrics asked for by name have
        a column each, but for tables of counts, which are in `metrics` alone, and the length of the
        gradients has one where it is known.

        Args:
            path: the file; None for the text alone.
            time: add the seconds of each epoch, which differ from run to run.

        Raises:
            OSError: if the file cannot be written.
        """
        heads = ["epoch", "seed", "loss", "metric", "validation_loss", "validation_metric"]
        columns: dict[str, list[Any]] = {head: getattr(self, head) for head in heads}
        columns |= {name.replace(" ", "_"): xs for name, xs in self._numbers_by_name().items()}
        if any(x is not None for x in self.gradient_norm):
            columns["gradient_norm"] = self.gradient_norm
        if flag("time", time):
            columns["time"] = self.time
        cells = [["" if x is None else repr(x) for x in xs] for xs in columns.values()]
        rows = [[*columns], *map(list, zip(*cells, strict=True))]
        text = "".join(",".join(row) + "\n" for row in rows)
        if path is not None:
            write_whole(path, text)
        return text

    def plot(self, *, ax: Any = None) -> "Figure":
        """Return a figure of the curves; needs matplotlib. See `nn.plots.curves`.

        Args:
            ax: the matplotlib Axes to draw into: one for the loss, one for the accuracy where there
                is one, and one for each metric asked for; a figure of its own if left out.

        Raises:
            ImportError: if matplotlib is not installed, with what to install.
            ValueError: if there is no epoch to plot.
        """
        from nn.plots import curves

        return curves(self, ax=ax)


def _by_name(records: list[Mapping[str, V]]) -> dict[str, list[V | None]]:
    names = dict.fromkeys([name for record in records for name in record])
    return {name: [record.get(name) for record in records] for name in names}
