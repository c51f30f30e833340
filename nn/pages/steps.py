"""The step of an optimiser as a page takes it, printed from the optimiser's own `move`.

`move` runs once on placeholders, one for each number that it may meet: no rule is written again for
pages, and one of a user's is as good as ours. Momentum and weight decay stay open, where the rule
allows it, for the reader of the page to change.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask an optimiser what users need not know.

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import Value, compile, pages
from nn.optim import SGD, Optimizer, array_step
from nn.training.arguments import Stepping, check_optimizer
from nn.validation import Floats

# Options that the reader of a page may change.
_OPEN = ("momentum", "weight_decay")
_WRITE = "write optimizer=nn.SGD(model.parameters(), lr=0.1, momentum=0.9)"


class _Open(np.ndarray[Any, Any]):
    """A number that is not known yet, and is taken to be other than 0 where a rule asks."""

    def __bool__(self) -> bool:
        return True


def checked(optimizer: Stepping | None, lr: float | None, parameters: list[Value]) -> Optimizer:
    """Return the optimiser of a page, plain descent where a rate alone is given.

    Raises:
        TypeError: for neither or both, a schedule, or what is no optimiser.
        ValueError: if it is another model's, or a page cannot follow its steps.
    """
    if optimizer is None:
        if lr is None:
            raise TypeError(f"playground needs lr=0.1, the rate of plain descent; or {_WRITE}")
        _refuse_schedule(lr)
        return SGD(parameters, lr)
    check_optimizer(optimizer, parameters)
    if lr is not None:
        raise TypeError("the optimizer has a learning rate of its own: leave lr= out")
    kind = type(optimizer).__name__
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"a page takes the steps of an nn.Optimizer, and {kind} is none: {_WRITE}")
    _refuse_schedule(optimizer._rate)
    own = array_step(optimizer)
    if own is None or getattr(type(optimizer), "step_array", None) is not Optimizer.step_array:
        raise ValueError(
            f"a page takes steps by `move`, and {kind} has a step of its own: say in its move how "
            "numbers move"
        )
    if (clip := optimizer.clip_value or optimizer.clip_norm) is not None:
        name = "clip_norm" if optimizer.clip_value is None else "clip_value"
        raise ValueError(f"a page does not clip gradients: leave {name}={clip} out")
    if optimizer._counts is not None:
        raise ValueError(
            f"this {kind} has moved some parameters more often than others, and a page counts one "
            "number of steps: give a new one"
        )
    return optimizer


def _refuse_schedule(lr: object) -> None:
    if callable(lr):
        raise TypeError("the page takes a number for lr, which its reader changes; got a schedule")


def step_of(optimizer: Optimizer, parameters: Sequence[Value]) -> tuple[pages.Script, Any]:
    """Return how a parameter moves, as a function of a page, and what the page is told of it.

    The function's second argument is the vector of the rate, how often it has moved with this
    time, the parameter, its slope, what is remembered of it, and the options that stay open. It
    returns the parameter and its memory afterwards.

    Raises:
        ValueError: if `move` cannot run on placeholders.

    >>> x = Value(1.0)
    >>> script, told = step_of(SGD([x], lr=0.1), [x])
    >>> print(script.text)
    function update(w, x) {
      const v6 = x[2] * x[6];
      const v7 = x[3] + v6;
      const v8 = x[4] * x[5];
      const v9 = v8 + v7;
      const v10 = v9 * x[0];
      return [x[2] - v10, v9];
    }
    >>> told["options"]
    [['momentum', 0.0], ['weight_decay', 0.0]]
    """
    named = [name for name in optimizer.options if name in _OPEN]
    try:
        script = _printed(optimizer, named)
    except Exception:  # a rule of a user's may ask anything of its options
        named = []
        script = _settled(optimizer)
    places = {p: i for i, p in enumerate(optimizer.parameters)}
    own = [places.get(p) for p in parameters]
    return script, {
        "moved": [int(i is not None) for i in own],
        "memory": [_memory(optimizer._array(name), own) for name in optimizer.remembered],
        "steps": optimizer.steps,
        "options": [[name, getattr(optimizer, name)] for name in named],
        "said": _said(optimizer, named),
    }


def _settled(optimizer: Optimizer) -> pages.Script:
    """Return the script with all options as they are."""
    try:
        return _printed(optimizer, [])
    except Exception as error:
        raise ValueError(
            f"a page cannot follow the steps of {optimizer!r:.120}: it can where move is "
            "arithmetic and functions such as np.sqrt, without a comparison or float() of a number"
        ) from error


def _printed(optimizer: Optimizer, named: Sequence[str]) -> pages.Script:
    remembered = len(optimizer.remembered)

    def moved(rate: Any, moves: Any, number: Any, slope: Any, memory: Any, options: Any) -> Any:
        own: Any = copy.copy(optimizer)
        own.moves, own._room = moves, np.empty(1, object)
        for name, x in zip(named, options, strict=True):
            setattr(own, name, np.array([x], object).view(_Open))
        numbers, slopes, *kept = [np.array([x], object) for x in (number, slope, *memory)]
        own.move(rate, numbers, slopes, *kept)
        return [numbers[0], *[x[0] for x in kept]]

    shapes = [(), (), (), (), (remembered,), (len(named),)]
    return pages.outputs_of(compile(moved, shapes=shapes), "update")


def _memory(numbers: Floats, own: Sequence[int | None]) -> Any:
    """Return what is remembered in the order of the parameters, or one number where all have it."""
    found = [0.0 if i is None else float(numbers[i]) for i in own]
    known = [x for x, i in zip(found, own, strict=True) if i is not None]
    return known[0] if len(set(known)) == 1 else found


def _said(optimizer: Optimizer, named: Sequence[str]) -> str:
    """Return the optimiser in words, without what has a field in the page.

    >>> from nn import Adam
    >>> _said(Adam([Value(1.0)]), ["weight_decay"])
    'Adam (betas 0.9, 0.999, eps 1e-08)'
    """
    words: list[str] = []
    for name in optimizer.options:
        x = getattr(optimizer, name)
        if name in named or name == "during_backward" or x is False or x == 0.0:
            continue
        numbers = ", ".join(map(str, x)) if isinstance(x, tuple) else str(x)  # pyright: ignore[reportUnknownArgumentType]
        shown = name.replace("_", " ")
        words.append(shown if x is True else f"{shown} {numbers}")
    return type(optimizer).__name__ + (f" ({', '.join(words)})" if words else "")
