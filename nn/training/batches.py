"""From data to mini-batches: checking, splitting, drawing without replacement.

An epoch is a permutation of the samples cut into batches: every sample once, in a new order each
time. The last batch is short where the size does not divide the number of samples, and whatever
averages over an epoch weighs a batch by its length.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from nn.data.frames import matrix
from nn.data.labels import read_labels
from nn.init import Seed
from nn.spellings import DATA
from nn.validation import Array, flag, generator, instance, own_keywords, real, refuse_sparse, whole


class Batches:
    """The mini-batches of a data set: `for xs, ys in batches` is one epoch, `len` how many.

    Every time it is iterated over, the next permutation is drawn. Made by `minibatches`.

    Attributes:
        X: the samples, of shape (n, ...).
        y: their targets, of shape (n, ...).
        batch_size: the length of every batch but perhaps the last.
        drop_last: leave a short last batch out.

    >>> batches = minibatches(np.zeros((10, 2)), np.arange(10), 4, rng=0)
    >>> batches
    3 batches of 4 from 10 samples
    >>> [len(ys) for _, ys in batches]
    [4, 4, 2]
    """

    def __init__(
        self, X: Array, y: Array, batch_size: int, rng: np.random.Generator, drop_last: bool
    ):
        samples, targets = check_data(X, y)
        instance("Batches", rng, np.random.Generator, "a NumPy Generator, default_rng(0)")
        batch_size = whole("batch_size", batch_size)
        self.X = samples
        self.y = targets
        self.batch_size = batch_size
        self.drop_last = flag("drop_last", drop_last)
        self._rng = rng

    def __len__(self) -> int:
        full, rest = divmod(len(self.X), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        order = self._rng.permutation(len(self.X))
        for i in range(len(self)):
            chosen = order[i * self.batch_size : (i + 1) * self.batch_size]
            yield self.X[chosen], self.y[chosen]

    def __repr__(self) -> str:
        return f"{len(self):,} batches of {self.batch_size} from {len(self.X):,} samples"


@own_keywords(DATA)
def minibatches(X: Any, y: Any, batch_size: int, rng: Seed = 0, drop_last: bool = False) -> Batches:
    """Return the mini-batches of one epoch after another, drawn without replacement.

    Args:
        X: the samples, along the first axis.
        y: their targets or labels, as many.
        batch_size: samples in a batch; 1 is stochastic gradient descent in its first sense, the
            number of samples is batch gradient descent.
        rng: a whole number or a NumPy Generator. A Generator moves on, so that a new call with the
            same one gives a new order; the same number gives the same order again.
        drop_last: leave out a last batch that is short, so that all have one length.

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
    return Batches(samples, targets, size, generator(rng), drop_last)


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
    samples, targets = matrix("X", X), read_labels("y", y)
    check_lengths(samples, targets)
    return samples, targets


def check_lengths(samples: Array, y: Any) -> None:
    """Raise unless there are samples, and a target for each.

    Raises:
        ValueError: if there are none, or the lengths differ.
    """
    refuse_sparse("y", y)
    count = y.shape[:1] if hasattr(y, "shape") else (len(y),) if hasattr(y, "__len__") else ()
    if not samples.ndim or not count:
        raise ValueError("X and y must be arrays with one entry for each sample; got a number")
    if len(samples) != count[0]:
        raise ValueError(
            f"X has {len(samples)} sample(s) and y has {count[0]}: expected one target for "
            "each sample"
        )
    if not samples.size:
        raise ValueError(f"there is nothing to train on: X has shape {samples.shape}")


@own_keywords(DATA)
def split(
    X: Any, y: Any, fraction: float = 0.1, seed: Seed = 0
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Hold a random part of the data out.

    Args:
        X: the samples, along the first axis.
        y: their targets or labels, as many.
        fraction: how much to hold out, between 0 and 1; at least one sample is on either side.
        seed: a whole number or a NumPy Generator. With a number these are the samples that
            `fit(..., validation=fraction, seed=seed)` holds out.

    Returns:
        (X, y) to train on and (X, y) held out.

    Raises:
        ValueError: as `minibatches`, or if fraction is not between 0 and 1, or there is only one
            sample.

    >>> X = np.arange(10.0)[:, None]
    >>> (X_train, y_train), (X_held, y_held) = split(X, np.arange(10), fraction=0.2)
    >>> len(X_train), y_held
    (8, array([4, 6]))
    """
    samples, targets = check_data(X, y)
    share = real("fraction", fraction)
    if not 0.0 < share < 1.0:
        raise ValueError(f"fraction must be between 0 and 1, such as 0.1; got {fraction}")
    count = len(samples)
    if count < 2:
        raise ValueError("one sample cannot be split: give more, or validation=None to fit")
    rng = (
        seed
        if isinstance(seed, np.random.Generator)
        else epoch_rng(whole("seed", seed, at_least=0, at_most=None), 0)
    )
    order = rng.permutation(count)
    held = min(max(round(share * count), 1), count - 1)
    kept, out = order[held:], order[:held]
    return (samples[kept], targets[kept]), (samples[out], targets[out])


def epoch_rng(seed: int, epoch: int) -> np.random.Generator:
    """Return the source of an epoch's order in `fit`; epoch 0 is the split.

    Each epoch has its own, so that any one can be drawn again without those before it.
    """
    return np.random.default_rng([seed, epoch])
