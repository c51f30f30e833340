"""From data to mini-batches: checking, splitting, drawing without replacement.

An epoch is a permutation of the samples cut into batches: every sample once, in a new order each
time. The last batch is short where the size does not divide the number of samples, and whatever
averages over an epoch weighs a batch by its length.
"""

import copy
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from nn.data.coverage import Coverage
from nn.data.frames import is_frame, matrix, rows
from nn.data.labels import read_labels
from nn.data.large.mapped import Mapped
from nn.init import Seed
from nn.spellings import DATA
from nn.validation import (
    Array,
    flag,
    generator,
    instance,
    numeric,
    own_keywords,
    real,
    refuse_sparse,
    whole,
)


class Batches:
    """The mini-batches of a data set: `for xs, ys in batches` is one epoch, `len` how many.

    Every time it is iterated over, the next permutation is drawn. Made by `minibatches`.

    Attributes:
        X: the samples, of shape (n, ...).
        y: their targets, of shape (n, ...).
        batch_size: the length of every batch but perhaps the last.
        drop_last: leave a short last batch out.
        shuffle: draw a new order each time; otherwise keep that of the samples.
        drawn: the order of the last iteration; None before the first.

    >>> batches = minibatches(np.zeros((10, 2)), np.arange(10), 4, rng=0)
    >>> batches
    3 batches of 4 from 10 samples
    >>> [len(ys) for _, ys in batches]
    [4, 4, 2]
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        batch_size: int,
        rng: np.random.Generator,
        drop_last: bool,
        shuffle: bool = True,
    ):
        samples, targets = check_data(X, y)
        instance("Batches", rng, np.random.Generator, "a NumPy Generator, default_rng(0)")
        batch_size = whole("batch_size", batch_size)
        self.X = samples
        self.y = targets
        self.batch_size = batch_size
        self.drop_last = flag("drop_last", drop_last)
        self.shuffle = flag("shuffle", shuffle)
        self._rng = rng
        self.drawn: Array | None = None
        # How many batches of it were handed out.
        self._given = 0

    def drawn_by(self, rng: np.random.Generator) -> "Batches":
        """Return the same batches in the orders of another source, without a look at the data."""
        other = copy.copy(self)
        other._rng = rng
        return other

    def __len__(self) -> int:
        full, rest = divmod(len(self.X), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def order(self) -> Array:
        """Draw the next permutation of the samples, and return their places in it."""
        count = len(self.X)
        self.drawn = self._rng.permutation(count) if self.shuffle else np.arange(count)
        self._given = 0
        return self.drawn

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return self.in_order(self.order())

    def in_order(self, order: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the batches of a permutation that was drawn."""
        for i in range(len(self)):
            chosen = order[i * self.batch_size : (i + 1) * self.batch_size]
            self._given += 1
            yield self.X[chosen], self.y[chosen]

    @property
    def coverage(self) -> Coverage | None:
        """The samples that the last iteration handed out; None before the first."""
        if self.drawn is None:
            return None
        used = self.drawn[: self._given * self.batch_size]
        return Coverage(len(self.X), used, batches=self._given)

    def __repr__(self) -> str:
        return f"{len(self):,} batches of {self.batch_size} from {len(self.X):,} samples"


@own_keywords(DATA)
def minibatches(
    X: Any, y: Any, batch_size: int, rng: Seed = 0, drop_last: bool = False, shuffle: bool = True
) -> Batches:
    """Return the mini-batches of one epoch after another, drawn without replacement.

    Args:
        X: the samples, along the first axis.
        y: their targets or labels, as many.
        batch_size: samples in a batch; 1 is stochastic gradient descent in its first sense, the
            number of samples is batch gradient descent.
        rng: a whole number or a NumPy Generator. A Generator moves on, so that a new call with the
            same one gives a new order; the same number gives the same order again.
        drop_last: leave out a last batch that is short, so that all have one length.
        shuffle: draw a new order for each epoch; False keeps the given one.

    Returns:
        An iterable of pairs of arrays with `len`; each iteration over it is another permutation.

    Raises:
        ValueError: if there is nothing to train on (no samples, or fewer than a batch with
            `drop_last`), the lengths differ, something is masked or no finite number, or
            batch_size is less than 1.
        TypeError: if batch_size is no whole number or rng neither of its kinds.

    >>> batches = minibatches(np.arange(5.0)[:, None], np.arange(5), batch_size=2, rng=0)
    >>> len(batches), [len(ys) for xs, ys in batches]
    (3, [2, 2, 1])
    >>> [np.concatenate([ys for xs, ys in batches]).tolist() for epoch in range(2)]
    [[4, 1, 2, 0, 3], [0, 2, 3, 4, 1]]

    Source: Bottou, "Stochastic gradient descent tricks", 2012, section 4.1, for the shuffling.
    """
    samples, targets = check_data(X, y)
    size, count = whole("batch_size", batch_size), len(samples)
    if flag("drop_last", drop_last) and count < size:
        raise ValueError(
            f"there is nothing to train on: {count} sample(s) do not fill one batch of {size}, "
            f"and drop_last leaves short batches out; write batch_size={count}"
        )
    return Batches(samples, targets, size, generator(rng), drop_last, shuffle)


def check_data(X: Any, y: Any) -> tuple[Array, Array]:
    """Return samples and targets as arrays of one length.

    Raises:
        ValueError: if there are none, the lengths differ, or something is masked or no finite
            number.

    >>> check_data([[1.0], [2.0]], [0])
    Traceback (most recent call last):
        ...
    ValueError: X has 2 sample(s) and y has 1: expected one target for each sample
    """
    # Those that are mapped were looked at when they were.
    samples = cast(Array, X) if isinstance(X, Mapped) else matrix("X", X)
    targets = cast(Array, y) if isinstance(y, Mapped) else read_labels("y", y)
    check_lengths(samples, targets)
    return samples, targets


def check_lengths(samples: Any, y: Any) -> None:
    """Raise unless there are samples, and a target for each.

    Raises:
        ValueError: if there are none, or the lengths differ.
    """
    refuse_sparse("y", y)
    count = y.shape[:1] if hasattr(y, "shape") else (len(y),) if hasattr(y, "__len__") else ()
    shape: tuple[int, ...] = samples.shape
    if not shape or not count:
        raise ValueError("X and y must be arrays with one entry for each sample; got a number")
    if shape[0] != count[0]:
        raise ValueError(
            f"X has {shape[0]} sample(s) and y has {count[0]}: expected one target for each sample"
        )
    if 0 in shape:
        raise ValueError(f"there is nothing to train on: X has shape {shape}")


@own_keywords(DATA)
def split(
    X: Any, y: Any, fraction: float = 0.1, seed: Seed = 0, *, stratify: bool | None = None
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Hold a random part of the data out.

    Where y holds classes, every class has its share in both parts, to within one sample; one with
    a single sample stays with those to train on.

    Args:
        X: the samples, along the first axis; of a frame, both parts are frames.
        y: their targets or labels, as many.
        fraction: how much to hold out, between 0 and 1; at least one sample is on either side.
        seed: a whole number or a NumPy Generator. With a number these are the samples that
            `fit(..., validation=fraction, seed=seed)` holds out, which knows classes by its loss.
        stratify: whether to share out the classes. None does where y holds text, bools, whole
            numbers of a whole-number type or one-hot rows, with two samples of each on average.

    Returns:
        (X, y) to train on and (X, y) held out.

    Raises:
        ValueError: as `minibatches`, or if fraction is not between 0 and 1, there is only one
            sample, or `stratify` is True and y is no label for each.

    >>> X = np.arange(10.0)[:, None]
    >>> (X_train, y_train), (X_held, y_held) = split(X, np.arange(10), fraction=0.2)
    >>> len(X_train), y_held
    (8, array([4, 6]))
    >>> (_, y_train), (_, y_held) = split(X, ["rare"] * 2 + ["usual"] * 8, fraction=0.5)
    >>> y_held
    array(['usual', 'usual', 'usual', 'usual', 'rare'], dtype='<U5')
    """
    labels = read_labels("y", y)
    samples = X if is_frame(X) else numeric("X", X)
    check_lengths(samples, labels)
    share = real("fraction", fraction)
    if not 0.0 < share < 1.0:
        raise ValueError(f"fraction must be between 0 and 1, such as 0.1; got {fraction}")
    strata = None
    if stratify is None or flag("stratify", stratify):
        strata = strata_of(labels, sure=bool(stratify))
    kept, out = held_out(len(samples), share, seed, strata)
    given = y if hasattr(y, "iloc") or is_frame(y) else labels
    return (rows(samples, kept), rows(given, kept)), (rows(samples, out), rows(given, out))


def held_out(
    count: int, share: float, seed: Seed, strata: Array | None = None, *, shuffle: bool = True
) -> tuple[Array, Array]:
    """Return the places of the samples to train on and of those held out, drawn at random.

    Args:
        count: how many samples there are.
        share: of them to hold out.
        seed: a whole number or a NumPy Generator.
        strata: the class of each, to be shared out evenly; None for no classes.
        shuffle: whether to draw them; otherwise the last ones are held out.
    """
    if count < 2:
        raise ValueError("one sample cannot be split: give more, or validation=None to fit")
    held = min(max(round(share * count), 1), count - 1)
    if not shuffle:
        return np.arange(count - held), np.arange(count - held, count)
    rng = (
        seed
        if isinstance(seed, np.random.Generator)
        else epoch_rng(whole("seed", seed, at_least=0, at_most=None), 0)
    )
    order = rng.permutation(count)
    marked = np.arange(count) < held
    if strata is not None and (found := _shared_out(strata[order], held)).any():
        marked = found
    return order[~marked], order[marked]


def _shared_out(strata: Array, held: int) -> Array:
    """Mark about `held` samples, of each class its share to within one, the first ones of it."""
    _, first, codes, counts = np.unique(
        strata, return_index=True, return_inverse=True, return_counts=True
    )
    exact = counts * (held / len(strata))
    most = counts - 1  # one of each class stays
    quota = np.minimum(np.floor(exact), most).astype(np.int64)
    # The largest rests round up; of equal ones those of which a sample was drawn first.
    rests = exact - np.floor(exact)
    for i in np.lexsort((first, -rests)):
        if quota.sum() < held and quota[i] < most[i] and rests[i] > 0.0:
            quota[i] += 1
    within = np.empty(len(strata), dtype=np.int64)
    starts = np.cumsum(counts) - counts
    within[np.argsort(codes, kind="stable")] = np.arange(len(strata)) - np.repeat(starts, counts)
    return within < quota[codes]


def strata_of(y: Array, *, sure: bool) -> Array | None:
    """Return the class of each sample where targets look like classes; None where they do not.

    Args:
        y: the targets.
        sure: whether they are said to be classes.

    Raises:
        ValueError: if they are said to be and cannot be.
    """
    if y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        y = y.argmax(axis=1)
    elif y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or not (sure or y.dtype.kind in "UObiu"):
        if sure:
            raise ValueError(f"stratify takes a class for each sample; got y of shape {y.shape}")
        return None
    return y if sure or 2 * len(np.unique(y)) <= len(y) else None


def epoch_rng(seed: int, epoch: int) -> np.random.Generator:
    """Return the source of an epoch's order in `fit`; epoch 0 is the split.

    Each epoch has its own, so that any one can be drawn again without those before it.
    """
    return np.random.default_rng([seed, epoch])
