"""Batches that a function yields, as training takes them: each is checked when it comes.

None is held longer than a step. The first is looked at before the run: its samples say the shape of
all, and its targets, where they are classes, which there are.
"""

# pyright: reportPrivateUsage=false
# A model is asked for the samples that it takes, which users need not know.

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from nn.data.labels import read_labels
from nn.data.large.source import Batch, BatchSource
from nn.data.large.targets import Digest, TargetReader
from nn.data.preprocessing import Preprocessor
from nn.data.schema import Schema, schema_of
from nn.data.weights import weights_of, with_weights
from nn.losses import Loss
from nn.metrics.reading import output_activation
from nn.module import Module
from nn.training.arguments import are_told, check_samples, output_count, read_samples
from nn.validation import Array, Floats

Pair = tuple[Floats, Array]


@dataclass(frozen=True, slots=True)
class Rules:
    """What all batches are read by.

    Attributes:
        model: the model.
        schema: how its samples are read.
        reader: how the targets are.
        outputs: how many the model has; None if they are of a form of their own.
        classes: whether they are classes.
        has_weights: whether each batch holds weights of its samples.
        is_weighted: whether a weight stands beside each target.
        of_classes: the weight of each class, or None.
    """

    model: Module
    schema: Schema
    reader: TargetReader
    outputs: int | None
    classes: bool
    has_weights: bool = False
    is_weighted: bool = False
    of_classes: Floats | None = None


class Yielded:
    """The batches of a function, as a model and a loss take them.

    Args:
        source: the function.
        rules: what they are read by.
        first: the first of them.
        together: how many make one step.

    Attributes:
        X: the samples of the first batch.
        y: its targets.
        steps: how many steps the last epoch had; None before one has ended.
        shuffle: False: the order is the caller's.
    """

    shuffle = False

    def __init__(self, source: BatchSource, rules: Rules, first: Batch, together: int = 1) -> None:
        self.rules = rules
        self._source = source
        self._together = together
        self._form: tuple[tuple[int, ...], ...] = ()
        self.X, self.y = self._read(first)
        self._form = self.X.shape[1:], self.y.shape[1:]
        self.steps: int | None = None

    def batches(self, epoch: int) -> Iterator[Pair]:
        """Yield the batches of an epoch, one for each step."""
        steps = 0
        some: list[Pair] = []
        for pair in self.parts(epoch):
            some.append(pair)
            if len(some) == self._together:
                steps += 1
                yield _joined(some)
                some = []
        if some:
            steps += 1
            yield _joined(some)
        self.steps = steps

    def parts(self, epoch: int) -> Iterator[Pair]:
        """Yield the batches of an epoch as they come."""
        for batch in self._source.batches(epoch):
            yield self._read(batch)

    def _read(self, batch: Batch) -> Pair:
        """Return a batch as a model and a loss take it.

        Raises:
            ValueError: if it does not fit, naming it.
            TypeError: if it is of a wrong kind.
        """
        with batch.told():
            return self._checked(batch)

    def _checked(self, batch: Batch) -> Pair:
        rules = self.rules
        _refuse_empty(batch)
        # Copies: the function may fill the same arrays again.
        samples = rules.schema.samples(batch.x).astype(np.float64)
        values = np.array(rules.reader.values(batch.y))
        if len(samples) != len(values):
            raise ValueError(
                f"x has {len(samples)} sample(s) and y has {len(values)}: expected one target for "
                "each sample"
            )
        if self._form and samples.shape[1:] != self._form[0]:
            raise ValueError(
                f"the samples are of shape {samples.shape[1:]}, and those of the first batch were "
                f"of shape {self._form[0]}"
            )
        check_samples(rules.model, samples, batch.x)
        if rules.has_weights and batch.weights is None:
            raise ValueError("it holds no weights, and the first batch did: yield them in all")
        if rules.is_weighted:
            weights = weights_of(batch.weights, rules.of_classes, values)
            values = with_weights(values, np.ones(len(values)) if weights is None else weights)
        elif batch.weights is not None:
            raise ValueError("it holds weights, and training has none: yield them in all batches")
        if self._form and values.shape[1:] != self._form[1]:
            raise ValueError(
                f"the targets are of shape {values.shape[1:]}, and those of the first batch were "
                f"of shape {self._form[1]}"
            )
        return samples, values


def _refuse_empty(batch: Batch) -> None:
    for name, x in (("x", batch.x), ("y", batch.y)):
        if not hasattr(x, "__len__"):
            raise TypeError(f"{name} must be an array with an entry for each sample; got {x!r:.60}")
        if not len(x):
            raise ValueError(f"{name} is empty: yield no batch where there are no samples")


def _joined(some: list[Pair]) -> Pair:
    """Return batches as one."""
    if len(some) == 1:
        return some[0]
    samples, values = zip(*some, strict=True)
    return np.concatenate(samples), np.concatenate(values)


# The first batch ----------------------------------------------------------------------------------


def rules_of(
    model: Module,
    source: BatchSource,
    loss: Loss,
    known: Schema | None,
    *,
    strict: bool,
    steps: tuple[Preprocessor, ...] = (),
) -> tuple[Rules, Batch]:
    """Return what the batches of a function are read by, and the first of them.

    Where targets are labels and one batch does not hold all classes, those after it are looked at,
    too, until they have told them.

    Args:
        model: the model.
        source: the function.
        loss: the loss.
        known: how the model has read its data so far.
        strict: refuse what does not fit that, such as another label; otherwise begin anew.
        steps: the preprocessing, in place of the known one; fitted before.

    Raises:
        ValueError: if data, model and loss do not fit together, or there is no batch.
        TypeError: if the function yields no pairs of arrays.
    """
    if not all(step.is_fitted for step in steps):
        raise ValueError(
            "preprocessing is fitted on samples, and of batches there is one at a time: fit it "
            "before, on some of them, as in StandardScaler().fit(x)"
        )
    with closing(source.batches(1)) as batches:
        first = next(batches)
        with first.told():
            _refuse_empty(first)
            samples, columns, steps = read_samples(
                model, first.x, first.y, loss, known, strict=strict, steps=steps
            )
            outputs = output_count(model, samples)
            digest = Digest()
            digest.add(read_labels("y", first.y))
        classes = None if known is None else known.classes
        while not _is_enough(digest.rows, loss, outputs, classes):
            batch = next(batches, None)
            if batch is None:
                break
            with batch.told():
                _refuse_empty(batch)
                digest.add(read_labels("y", batch.y))
    with first.told():
        reader = TargetReader(loss, digest.rows, outputs, classes, strict=strict)
    found = reader.found
    schema = schema_of(loss, output_activation(model), found, columns, steps)
    told = are_told(loss, found, outputs)
    return Rules(model, schema, reader, outputs, told, first.weights is not None), first


def _is_enough(rows: Array, loss: Loss, outputs: int | None, known: Array | None) -> bool:
    """Whether these different targets tell which classes there are, if they are classes."""
    if rows.ndim != 1 or (known is not None and np.isin(rows, known).all()):
        return True
    is_text = rows.dtype.kind in "UO"
    if outputs == 1 and (is_text or loss.target in ("binary", "margin")):
        # Of 1 alone it is not known whether 0 or -1 stands beside it.
        return len(rows) > 1 or (not is_text and rows[0] in (0, -1))
    if outputs is None or outputs <= len(rows):
        return True
    return not is_text and bool(rows.min() >= 0 and rows.max() < outputs)
