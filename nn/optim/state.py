"""The state of an optimiser as numbers, text and lists, to write into a file and to read back.

What is read is checked whole before anything changes: it may come from another program, another
model or a damaged file. Nothing in it is executed.
"""

# pyright: reportPrivateUsage=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# What is read may be anything, and what is written lies within the optimiser.

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nn import schedules
from nn.validation import flag, real, whole

_KEYS = ("optimizer", "parameters", "steps", "moves", "lr", "options", "memory")


def check_option(name: str, x: Any) -> Any:
    """Return an option of an optimiser, checked; one of a user's own as it is.

    Raises:
        TypeError: if it is of the wrong kind.
        ValueError: if it is out of its range.

    >>> check_option("betas", (0.9, 1.5))
    Traceback (most recent call last):
        ...
    ValueError: betas must be from 0 up to but not including 1; got 1.5
    """
    return _CHECKS[name](name, x) if name in _CHECKS else x


def _at_least_0(name: str, x: object) -> float:
    return real(name, x, at_least=0.0)


def _positive(name: str, x: object) -> float:
    found = real(name, x)
    if found <= 0.0:
        why = ", or a gradient of 0 would be divided by 0" if name == "eps" else ""
        raise ValueError(f"{name} must be above 0{why}; got {x!r:.60}")
    return found


def _most(name: str, x: object) -> float | None:
    return None if x is None else _positive(name, x)


def _fading(name: str, x: object) -> float:
    found = real(name, x)
    if not 0.0 <= found < 1.0:
        raise ValueError(f"{name} must be from 0 up to but not including 1; got {x!r:.60}")
    return found


def _momentum(name: str, x: object) -> float:
    found = real(name, x, at_least=0.0)
    if found >= 1.0:
        raise ValueError(f"{name} must be below 1, or old gradients never fade; got {x!r:.60}")
    return found


def _betas(name: str, x: Any) -> tuple[float, float]:
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise TypeError(f"{name} are two numbers, such as (0.9, 0.999); got {x!r:.60}")
    return _fading(name, x[0]), _fading(name, x[1])


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "alpha": _fading,
    "betas": _betas,
    "centered": flag,
    "clip_norm": _most,
    "clip_value": _most,
    "during_backward": flag,
    "eps": _positive,
    "initial_accumulator_value": _at_least_0,
    "lr_decay": _at_least_0,
    "momentum": _momentum,
    "nesterov": flag,
    "weight_decay": _at_least_0,
}


def _names(optimizer: Any) -> tuple[str, ...]:
    return (*optimizer.options, "clip_value", "clip_norm")


def written(optimizer: Any) -> dict[str, Any]:
    """Return the state of an optimiser; see `Optimizer.state_dict`."""
    rate = optimizer._rate
    options = {name: getattr(optimizer, name) for name in _names(optimizer)}
    return {
        "optimizer": type(optimizer).__name__,
        "parameters": len(optimizer.parameters),
        "steps": optimizer.steps,
        "moves": None if optimizer._counts is None else optimizer._counts.tolist(),
        "lr": schedules.written(rate) if callable(rate) else rate,
        "options": {name: [*x] if isinstance(x, tuple) else x for name, x in options.items()},
        "memory": {
            name.removeprefix("_"): _numbers(optimizer._array(name))
            for name in optimizer.remembered
        },
    }


def _numbers(xs: Any) -> list[float] | float:
    """Return an array as a list, or 0.0 where all of it is."""
    return xs.tolist() if xs.any() or np.signbit(xs).any() else 0.0


def read(optimizer: Any, state: Any) -> None:
    """Give an optimiser a state; see `Optimizer.load_state_dict`."""
    kind, count = type(optimizer).__name__, len(optimizer.parameters)
    if not isinstance(state, Mapping):
        raise TypeError(
            f"load_state_dict takes what state_dict gave, a dict; got {state!r:.60}: read a file "
            "with json.load"
        )
    given: dict[str, Any] = dict(state)
    if "param_groups" in given:
        raise ValueError(
            "this is a state of PyTorch's, with param_groups: give what optimizer.state_dict() "
            "of this library returned"
        )
    _same_names("the state", given, _KEYS)
    if given["optimizer"] != kind:
        raise ValueError(f"the state is of {given['optimizer']!r:.60}, and this is {kind}")
    if given["parameters"] != count:
        raise ValueError(
            f"the state is of {given['parameters']!r:.60} parameters, and this optimizer has "
            f"{count}: make the model of the same sizes"
        )
    new: Any = copy.copy(optimizer)
    new.steps = whole("steps in the state", given["steps"], at_least=0, at_most=None)
    options = _mapping("options", given["options"])
    _same_names("the state's options", options, _names(optimizer))
    new._take(**options)
    lr = given["lr"]
    if lr is not None:
        new.lr = schedules.read(lr) if isinstance(lr, Mapping) else lr
    counts = given["moves"]
    new._counts = None if counts is None else _whole_numbers(counts, count)
    memory = _mapping("memory", given["memory"])
    names = {name.removeprefix("_"): name for name in optimizer.remembered}
    _same_names("the state's memory", memory, names)
    for short, name in names.items():
        setattr(new, name, _array(short, memory[short], count))
    optimizer.__dict__.update(new.__dict__)


def _mapping(name: str, x: Any) -> dict[str, Any]:
    if not isinstance(x, Mapping):
        raise ValueError(f"{name} in the state must be a dict; got {x!r:.60}")
    return dict(x)


def _same_names(where: str, given: Mapping[str, Any], wanted: Any) -> None:
    missing, extra = [x for x in wanted if x not in given], [x for x in given if x not in wanted]
    if missing or extra:
        words = [f"lacks {', '.join(missing)}"] if missing else []
        words += [f"has {', '.join(map(repr, extra)):.80}, which it should not"] if extra else []
        raise ValueError(f"{where} {' and '.join(words)}: it is not what state_dict gave")


def _array(name: str, xs: Any, count: int) -> Any:
    """Return what is remembered under a name as an array."""
    if xs.__class__ is float and xs == 0.0:
        return np.zeros(count)
    if not isinstance(xs, list) or len(xs) != count:
        raise ValueError(f"{name} in the state must be a list of {count} numbers; got {xs!r:.60}")
    if set(map(type, xs)) - {float}:
        bad = next(x for x in xs if type(x) is not float)
        raise ValueError(f"{name} in the state must be floats; found {bad!r:.60}")
    return np.array(xs)


def _whole_numbers(counts: Any, count: int) -> Any:
    is_list = isinstance(counts, list) and len(counts) == count
    if not is_list or any(type(n) is not int or not 0 <= n < 2**62 for n in counts):
        raise ValueError(f"moves in the state must be {count} counts or None; got {counts!r:.60}")
    return np.array(counts, np.int64)
