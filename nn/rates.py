"""The search for a learning rate: one run in which it grows from step to step.

Where it is too small nothing happens, and where it is too large the loss explodes; in between the
loss falls. The model and the optimiser are afterwards as they were before.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Value
from nn.data.preprocessing import Preprocessor
from nn.losses import Function, loss_named
from nn.module import Module
from nn.optim import Optimizer
from nn.spellings import FIT
from nn.training.arguments import check_optimizer, prepared, trainable
from nn.training.batches import Batches, epoch_rng
from nn.training.engines.choice import engine_named
from nn.validation import own_keywords, real, whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of the last loss in the mean, in which earlier ones fade; and how far it may climb above its least
# before the search ends.
_FADING, _TOO_MUCH = 0.8, 4.0


@dataclass(frozen=True, slots=True)
class RateSearch:
    """The losses of a run whose learning rate grew, and a rate to take.

    Attributes:
        rates: the learning rate of each step.
        losses: the mean loss of its batch, before the step.
        smooth: the losses averaged over the steps before and after, nearer ones counting more.
        suggestion: a tenth of the rate at which the averaged loss was least.

    >>> search = RateSearch([0.1, 0.2, 0.4], [3.0, 2.0, 5.0], [3.0, 2.5, 3.3], 0.02)
    >>> search
    RateSearch(3 steps from 0.1 to 0.4, suggestion=0.02)
    """

    rates: list[float]
    losses: list[float]
    smooth: list[float]
    suggestion: float

    def __repr__(self) -> str:
        return (
            f"RateSearch({len(self.rates)} steps from {self.rates[0]:.3g} to "
            f"{self.rates[-1]:.3g}, suggestion={self.suggestion:.3g})"
        )

    def plot(self, *, ax: Any = None) -> "Figure":
        """Draw the losses over the rates; see `nn.plots.rate_search`."""
        from nn import plots  # matplotlib is imported with the first picture

        return plots.rate_search(
            self.rates, self.losses, smooth=self.smooth, suggestion=self.suggestion, ax=ax
        )


@own_keywords(FIT)
def find_lr(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Function,
    optimizer: Optimizer,
    batch_size: int,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
    seed: int = 0,
    engine: str = "auto",
    preprocessing: Preprocessor | Sequence[Preprocessor] | None = None,
) -> RateSearch:
    """Search a learning rate: train for some steps while it grows, and see where the loss falls.

    The rate of step n is low · (high / low)^(n / (steps - 1)). The search ends early where the
    averaged loss is four times its least, or is no longer finite. The model and the optimiser are
    as before afterwards, whatever happens. The suggestion is a tenth of the rate at which the
    averaged loss is least, where it still falls; look at the curve before believing it.

    Args:
        model: the model, as it starts.
        X: the samples; see `fit`.
        y: the targets.
        loss: a name or a function; see `fit`.
        optimizer: one of `nn.optim`, whose rate is set; what it remembers begins at what it is.
        batch_size: samples in a step, as in the training to come.
        low: the first rate, above 0.
        high: the last one, above the first.
        steps: how many, at least 10.
        seed: of the order of samples.
        engine: see `fit`.
        preprocessing: see `fit`; fitted on all of X here, and not kept.

    Returns:
        The rates and losses, with a suggestion; its `plot` draws them.

    Raises:
        TypeError: if an argument is of the wrong kind; the optimizer must be one of `nn.optim`.
        ValueError: if a number is out of its range, or data or shapes do not fit; see `fit`.

    >>> from nn import MLP, SGD, datasets
    >>> X, y = datasets.moons(100, seed=0)
    >>> model = MLP([2, 8, 1], seed=0)
    >>> optimizer = SGD(model.parameters(), lr=0.1)
    >>> search = find_lr(
    ...     model, X, y, loss="binary_cross_entropy", optimizer=optimizer, batch_size=10
    ... )
    >>> 0.01 < search.suggestion < 10.0
    True

    Source: Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3; the
    fading mean and the tenth are fastai's.
    """
    steps = whole("steps", steps, at_least=10)
    size, seed = whole("batch_size", batch_size), whole("seed", seed, at_least=0, at_most=None)
    low, high = real("low", low, at_least=0.0), real("high", high)
    if not 0.0 < low < high:
        raise ValueError(f"low must be above 0 and below high; got {low:g} and {high:g}")
    parameters = trainable(model)
    known = loss_named(loss)
    samples, targets, _ = prepared(model, X, y, known, preprocessing)
    make_engine = engine_named(engine, optimizer)
    check_optimizer(optimizer, parameters)
    if not isinstance(optimizer, Optimizer):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"find_lr sets the rate of an optimizer of nn.optim, such as SGD(model.parameters(), "
            f"lr=0.1); got {optimizer!r:.60}"
        )
    rates, losses, smooth = list[float](), list[float](), list[float]()
    with _unchanged(optimizer, parameters):
        finder = make_engine(model, known, samples, targets)
        batches = _endless(samples, targets, size, seed)
        for n, (xs, ts) in zip(range(steps), batches, strict=False):
            lost = finder.gradients(xs, ts)
            if finder.fault(lost, ""):
                break
            rates.append(low * (high / low) ** (n / (steps - 1)))
            losses.append(lost / len(xs))
            smooth.append(_averaged(losses[-1], smooth))
            if smooth[-1] > _TOO_MUCH * min(smooth) > 0.0:
                break
            optimizer.lr = rates[-1]
            finder.step(optimizer)
    if len(rates) < 3:
        raise ValueError(
            f"the loss was not finite, or exploded, after {len(rates)} step(s) from the rate "
            f"{low:g}: start at a smaller low, or scale the data"
        )
    # Of the steps before and those after alike, so that it does not lag behind.
    after = list[float]()
    for x in reversed(losses):
        after.append(_averaged(x, after))
    both = [(x + y) / 2.0 for x, y in zip(smooth, reversed(after), strict=True)]
    return RateSearch(rates, losses, both, rates[int(np.argmin(both))] / 10.0)


@contextmanager
def _unchanged(optimizer: Optimizer, parameters: list[Value]) -> Generator[None]:
    """Put an optimiser and parameters back at the end to what they were."""
    # What changes in place is copied.
    before: dict[str, Any] = {
        name: x.copy() if x.__class__ in (np.ndarray, list) and name != "parameters" else x
        for name, x in vars(optimizer).items()
    }
    data = [(p, p.data, p.grad) for p in parameters]
    try:
        yield
    finally:
        vars(optimizer).clear()
        vars(optimizer).update(before)
        for p, x, grad in data:
            p.data, p.grad = x, grad


def _endless(X: Any, y: Any, size: int, seed: int) -> Iterator[tuple[Any, Any]]:
    """Yield batches, epoch after epoch."""
    epoch = 1
    while True:
        yield from Batches(X, y, size, epoch_rng(seed, epoch), drop_last=False)
        epoch += 1


def _averaged(loss: float, smooth: list[float]) -> float:
    """Return the next mean, in which older losses fade; as Adam's, it is not drawn to 0."""
    n = len(smooth)
    if not n:
        return loss
    weight = (1.0 - _FADING) / (1.0 - _FADING ** (n + 1))
    return smooth[-1] + weight * (loss - smooth[-1])
