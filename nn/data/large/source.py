"""The source of batches: a function of the epoch's number that yields pairs of arrays.

Here is what can be said of it without a model: that it takes the number, that it yields something,
each time anew, and pairs. Every error tells the batch.
"""

import inspect
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager, nullcontext
from typing import Any, NamedTuple, cast

# What to write, in all errors.
_WRITE = "write def batches(epoch): ... yield x, y, and give fit X=batches, y=None"


def yields_batches(X: Any) -> bool:
    """Whether something is a function that yields batches, or an iterator of them.

    >>> yields_batches(lambda epoch: []), yields_batches(iter([])), yields_batches([[1.0]])
    (True, True, False)
    """
    return (callable(X) or hasattr(X, "__next__")) and not hasattr(X, "shape")


class Batch(NamedTuple):
    """A batch as it was yielded.

    Attributes:
        where: which one it is, in words.
        x: the samples.
        y: their targets.
        weights: of the samples; None where none were yielded.
    """

    where: str
    x: Any
    y: Any
    weights: Any = None

    @contextmanager
    def told(self) -> Generator[None]:
        """Say of every error which batch it is about."""
        try:
            yield
        except TypeError as error:
            raise TypeError(f"{self.where}: {error}") from None
        except ValueError as error:
            raise ValueError(f"{self.where}: {error}") from None


class BatchSource:
    """A function that yields the batches of an epoch.

    Args:
        name: the argument that it was given as.
        make: the function.

    Raises:
        TypeError: if it is an iterator, which can be gone through only once, or takes no number.

    >>> source = BatchSource("X", lambda epoch: [([[1.0]], [2.0])] * epoch)
    >>> [batch.where for batch in source.batches(2)]
    ['batch 1 of X(2)', 'batch 2 of X(2)']
    """

    def __init__(self, name: str, make: Any) -> None:
        if not callable(make):
            raise TypeError(
                f"{name} is {_article(make)}, which can be gone through only once, and every epoch "
                f"goes through all batches anew: give the function that makes it; {_WRITE}"
            )
        try:
            inspect.signature(make).bind(1)
        except TypeError:
            raise TypeError(
                f"{name} is called with the number of the epoch, from 1, and this function does "
                f"not take just that: {_WRITE}"
            ) from None
        except ValueError:  # written in C, say, and tells nothing
            pass
        self.name = name
        self._make = make
        # What was given last, to see that the next is another.
        self._last: Any = None

    def batches(self, epoch: int, *, samples_alone: bool = False) -> Generator[Batch]:
        """Yield the batches of an epoch, whatever arrays they hold.

        Args:
            epoch: its number, from 1.
            samples_alone: whether what is no tuple is the samples, without targets.

        Raises:
            TypeError: if the function yields anything but pairs.
            ValueError: if there is no batch, or the same iterator a second time.
        """
        called = f"{self.name}({epoch})"
        given = self._make(epoch)
        if given is not None and given is self._last:
            raise ValueError(
                f"{called} gave the iterator that it gave before, which can be gone through only "
                f"once: make a new one at each call; {_WRITE}"
            )
        self._last = given if hasattr(given, "__next__") else None
        if not isinstance(given, Iterable):
            raise TypeError(f"{called} returned {given!r:.60} and no batches: {_WRITE}")
        items: Any = iter(cast("Iterable[Any]", given))
        count = 0
        with closing(items) if hasattr(items, "close") else nullcontext():
            for count, item in enumerate(items, 1):
                where = f"batch {count} of {called}"
                alone = samples_alone and not isinstance(item, tuple)
                yield Batch(where, item, None) if alone else _batch(where, item)
        if not count:
            raise ValueError(
                f"{called} yielded no batch: there is nothing to go through in epoch {epoch}"
            )


def refuse_targets(asker: str, y: object) -> None:
    """Refuse targets that are given beside a function that yields them.

    Raises:
        ValueError: with what to write.
    """
    if y is not None:
        raise ValueError(
            f"X yields pairs (x, y), with the targets of its samples, so y must be None: write "
            f"{asker}(model, X, None, ...)"
        )


def _batch(where: str, item: Any) -> Batch:
    """Return what was yielded as a batch."""
    if not isinstance(item, tuple | list):
        raise TypeError(
            f"{where} is {_article(item)} and no pair (x, y): yield both, the samples and their "
            "targets, as arrays"
        )
    both = cast("list[Any]", [*item])
    if len(both) not in (2, 3):
        raise TypeError(
            f"{where} holds {len(both)} things: yield pairs (x, y), or (x, y, sample_weight)"
        )
    return Batch(where, *both)


def _article(x: object) -> str:
    """Return the kind of something in words.

    >>> _article(iter([])), _article(3)
    ('a list_iterator', 'an int')
    """
    name = "array" if hasattr(x, "shape") else type(x).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
