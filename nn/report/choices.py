"""Settings written as one word of the command: a schedule with its arguments, weights of classes.

`cosine:end=0.001` is `nn.schedules.cosine` with the learning rate and the steps of the run;
`cat=2,dog=1` is a weight for each label.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from autograd import asked
from nn.schedules import SCHEDULES, Schedule
from nn.validation import Array, look_up


def schedule_of(text: str, lr: float, steps: int) -> Schedule:
    """Return the schedule that a text names.

    Args:
        text: a name, and after a colon arguments as in `step:every=100,factor=0.5`. Of `warmup`,
            `after` is the name of the schedule that follows, a constant rate if left out; arguments
            that it has and `warmup` has not are its own.
        lr: its learning rate, unless the text gives one.
        steps: of the whole run: those of a schedule that takes steps, unless the text gives some.

    Raises:
        ValueError: if there is none of that name, with the nearest that is known; or an argument is
            unknown, missing or out of its range.

    >>> schedule_of("cosine:end=0.01", 0.1, 500)
    cosine(lr=0.1, steps=500, end=0.01)
    >>> schedule_of("warmup:steps=100,after=cosine", 0.1, 500)
    warmup(after=cosine(lr=0.1, steps=400, end=0.0), steps=100, start=0.1)
    """
    name, _, rest = text.partition(":")
    kind: Any = look_up("schedule", name.strip(), SCHEDULES)
    given = _arguments(text, rest)
    if "after" in _defaults(kind):
        own = {key: given.pop(key) for key in _defaults(kind) if key in given}
        if "steps" not in own:
            raise ValueError(f"{text}: {takes(kind)}; its steps= are missing")
        # What follows has the rest of the run.
        left = max(1, steps - int(own["steps"]))
        after = own.pop("after", "constant")
        if look_up("schedule", after, SCHEDULES) is kind:
            raise ValueError(f"{text}: after= is another schedule, such as cosine")
        return kind(after=_made(text, SCHEDULES[after], given, lr, left), **own)
    return _made(text, kind, given, lr, steps)


def takes(kind: type[Schedule]) -> str:
    """Return what a schedule takes, in words.

    >>> takes(SCHEDULES["step"])
    'step takes lr (--lr), every, factor=0.1'
    """
    known = {"lr": "lr (--lr)", "after": "after (constant)"}
    if "after" not in _defaults(kind):
        known["steps"] = "steps (the whole run)"
    words = [
        known.get(name, name if x is dataclasses.MISSING else f"{name}={x:g}")
        for name, x in _defaults(kind).items()
    ]
    return f"{kind.__name__} takes {', '.join(words)}"


def _defaults(kind: Any) -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(kind)}


def _arguments(text: str, rest: str) -> dict[str, Any]:
    """Return what stands after the colon, by name; all but names are numbers."""
    given: dict[str, Any] = {}
    for part in filter(None, map(str.strip, rest.split(","))):
        key, sign, value = map(str.strip, part.partition("="))
        if not sign or not value:
            raise ValueError(f"{text}: write NAME:key=value,key=value; {part!r} has no value")
        if key in given:
            raise ValueError(f"{text}: {key} stands there twice")
        given[key] = value if key == "after" else _number(text, key, value)
    return given


def _number(text: str, key: str, value: str) -> float | int:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{text}: {key} is a number such as 0.5; got {value!r:.40}") from None


def _made(text: str, kind: Any, given: dict[str, Any], lr: float, steps: int) -> Schedule:
    defaults = _defaults(kind)
    if unknown := [key for key in given if key not in defaults]:
        near = asked.near(unknown[0], [*defaults])
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{text}: there is no {unknown[0]!r}.{meant} {takes(kind)}")
    usual = {"lr": lr, "steps": steps}
    found = {key: x for key, x in usual.items() if key in defaults} | given
    for key, default in defaults.items():
        if default is dataclasses.MISSING and key not in found:
            raise ValueError(f"{text}: {takes(kind)}; write {kind.__name__}:{key}=...")
    return kind(**found)


def class_weight_of(text: str, classes: Array) -> str | dict[Any, float]:
    """Return the weights of classes that a text names.

    Args:
        text: `balanced`, or `label=weight,label=weight`.
        classes: the labels.

    Raises:
        ValueError: if it is neither, or a label is none of the classes.

    >>> import numpy as np
    >>> class_weight_of("1=2.5", np.array([0, 1]))
    {1: 2.5}
    """
    if text == "balanced":
        return text
    labels = {str(label): label for label in classes.tolist()}
    weights: dict[Any, float] = {}
    for part in text.split(","):
        name, sign, value = part.rpartition("=")
        if not sign:
            raise ValueError(
                f"class_weight is 'balanced', or a weight for each label as in "
                f"{next(iter(labels))}=2; got {text!r:.60}"
            )
        if name.strip() not in labels:
            near = asked.near(name.strip(), [*labels])
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"class_weight has the label {name.strip()!r:.60}.{meant} The classes are "
                f"{few([*labels])}"
            )
        weights[labels[name.strip()]] = float(_number("class_weight", name.strip(), value.strip()))
        if not weights[labels[name.strip()]] >= 0.0:
            raise ValueError(f"class_weight: a weight is at least 0; got {part!r:.60}")
    return weights


def few(names: Sequence[str], most: int = 8) -> str:
    """Return some names as a list in words, the first of many.

    >>> few(["a", "b"]), few("abcd", 2)
    ('a, b', 'a, b and 2 others')
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} others"
