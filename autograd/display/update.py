"""`draw_update`: the changes of a step, as the difference of two pictures of one graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from autograd.display.drawing import Drawing, check_format, draw
from autograd.display.fitting import fitting
from autograd.display.format import count_text, number_text, tone
from autograd.display.picture.boxes import EARLY, Arrow, Box, Fact, without_gradient
from autograd.display.picture.picture import Picture, set_widths
from autograd.display.picture.style import legend_of
from autograd.engine.value import Value
from autograd.errors import StaleGraphError

_KEY = "before → after (change); on an arrow: contribution before → after"
_EARLY = "before → after (change); on an arrow: × local derivative"
_COLOURS = " (blue +, orange −)"


def draw_update(before: Drawing | Value, after: Drawing | Value, *, format: str = "svg") -> Drawing:
    """Return one picture of a graph before and after its numbers changed.

    Every value and gradient is shown as before → after (change), blue where it rose and orange
    where it fell, and every contribution as before → after. A picture keeps the numbers of the
    moment it was drawn, so that of a step is had by drawing before it and after:
    ``before = draw(loss)``, then the step, then the loss and its gradients again, then
    ``draw_update(before, draw(loss))``.

    Args:
        before: a picture, or a Value to be drawn as it is now.
        after: a picture or a Value, whose graph has the same shape: the same operations on the
            same operands with the same labels. Two pictures must show the same part of it, so
            give `draw` the same options. Where it was not run backward yet, no gradient is shown:
            leaves still hold that of an earlier pass.
        format: as in `draw`.

    Raises:
        TypeError: if either is neither a picture nor a Value.
        ValueError: if the shapes differ, saying where; or for an unknown format.
        StaleGraphError: if a graph given as a Value was changed since, as by a step.

    >>> def loss_of(w):
    ...     loss = (w * 2.0 - 1.0) ** 2
    ...     loss.backward()
    ...     return loss
    >>> w = Value(1.0, "w")
    >>> before = draw(loss_of(w))
    >>> w.data -= 0.1 * w.grad
    >>> w.grad = None
    >>> print(draw_update(before, draw(loss_of(w))))
    w  value 1 → 0.6 (-0.4)  gradient 4 → 0.8 (-3.2)
    v1 = w * 2  value 2 → 1.2 (-0.8)  gradient 2 → 0.4 (-1.6)
        from w: 4 → 0.8
    v2 = · - 1  value 1 → 0.2 (-0.8)  gradient 2 → 0.4 (-1.6)
        from v1: 2 → 0.4
    z = · ** 2  value 1 → 0.04 (-0.96)  gradient 1
        from v2: 2 → 0.4
    before → after (change); on an arrow: contribution before → after
    the result: 1 → 0.04 (-0.96)
    """
    check_format(format)
    old, new = _picture(before, "before"), _picture(after, "after")
    partners = _partners(old, new)
    boxes = [
        _box(*(without_gradient(box) if picture.early else box
               for picture, box in ((old, partners[one.name]), (new, one))))
        for one in new.boxes
    ]  # fmt: skip
    early = old.early, new.early
    arrows = [_arrow(a, b, early) for a, b in zip(old.arrows, new.arrows, strict=True)]
    set_widths(arrows)
    picture = Picture(boxes, arrows, early=new.early)
    picture.key, picture.looks = (_EARLY, "") if all(early) else (_KEY, _COLOURS)
    results = [box for box in boxes if box.result and box.facts]
    for box in results:
        picture.notes.append(f"{box.title or 'the result'}: {box.facts[0].text}")
    picture.notes += new.notes
    picture.legend = legend_of(picture) if new.legend else []
    return Drawing(fitting([picture]), format)


def _picture(given: Drawing | Value, name: str) -> Picture:
    if isinstance(given, Drawing):
        return given.picture
    if not isinstance(given, Value):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"{name} is a picture or a Value, got {type(given).__name__}: "
            f"write {name} = draw(z) when the numbers are as they should be shown"
        )
    try:
        return draw(given).picture
    except StaleGraphError as error:
        raise StaleGraphError(
            f"the graph given as {name} has changed: {error}. To show it as it was, draw it then: "
            f"{name} = draw(z)"
        ) from None


def _partners(old: Picture, new: Picture) -> dict[str, Box]:
    """Return the box of the old picture for the name of each of the new; arrows are in one order.

    Leaves are matched by where they are first used: a step makes the weights it changes younger
    than inputs that stay, and so moves them in the order of boxes.

    Raises:
        ValueError: at the first box or arrow by which the two differ.
    """
    partners: dict[str, Box] = {}
    (computed, leaves), (computed_too, leaves_too) = _by_use(old), _by_use(new)
    pairs = (computed, computed_too), (leaves, leaves_too)
    for a, b in chain.from_iterable(zip(x, y, strict=False) for x, y in pairs):
        if (a.kind, a.title, a.made) != (b.kind, b.title, b.made):
            raise ValueError(
                f"these are not pictures of one graph, or not of the same part of it: where one "
                f"has {_words(a)}, the other has {_words(b)}. Of one graph, give both draws the "
                f'same expand=, such as "layers" or True'
            )
        partners[b.name] = a
    olds, news = ({box.name: box for box in picture.boxes} for picture in (old, new))
    for a, b in zip(old.arrows, new.arrows, strict=False):
        wanted = [(olds[name], partners.get(end)) for name, end in
                  ((a.tail, b.tail), (a.head, b.head))]  # fmt: skip
        if any(box is not partner for box, partner in wanted if partner is not None):
            (tail, head), (other, end) = (
                [_called(boxes[name]) for name in (arrow.tail, arrow.head)]
                for boxes, arrow in ((olds, a), (news, b))
            )
            raise ValueError(
                f"these are not pictures of one graph: an arrow goes from {tail} to {head} in one "
                f"and from {other} to {end} in the other"
            )
    for x, y, noun in (
        (old.boxes, new.boxes, "box"),
        (old.arrows, new.arrows, "arrow"),
        (leaves, leaves_too, "leaf"),
    ):
        if len(x) != len(y):
            raise ValueError(
                f"these are not pictures of one graph, or not of the same part of it: one has "
                f"{count_text(len(x), noun)}, the other {len(y):,}"
            )
    return partners


def _by_use(picture: Picture) -> tuple[list[Box], list[Box]]:
    """Return computed boxes and leaves, each in an order that leaves' ages do not change."""
    used: dict[str, int] = {}
    for i, arrow in enumerate(picture.arrows):
        used.setdefault(arrow.tail, i)
    last = len(picture.arrows)
    computed = [box for box in picture.boxes if box.kind != "leaf"]
    leaves = [box for box in picture.boxes if box.kind == "leaf"]
    return computed, sorted(leaves, key=lambda box: used.get(box.name, last))


def _words(box: Box) -> str:
    kind = box.made or box.kind
    return f"{kind} {box.title!r}" if box.title else f"{kind} ({_called(box)})"


def _called(box: Box) -> str:
    return box.called or box.title or box.name


def _box(a: Box, b: Box) -> Box:
    facts: list[Fact] = []
    olds = {fact.name: fact for fact in a.facts}
    for fact in b.facts:
        old = olds.get(fact.name)
        is_told = old is not None and (fact.numbers or old.numbers or old != fact)
        facts.append(_change(old, fact) if old is not None and is_told else fact)
    return replace(b, facts=facts, tooltip=_both(a, b))


def _both(a: Box | Arrow, b: Box | Arrow) -> str:
    """Return the tooltip before and after, or the one that both have."""
    return b.tooltip if a.tooltip == b.tooltip else f"before:\n{a.tooltip}\nafter:\n{b.tooltip}"


def _change(old: Fact, new: Fact) -> Fact:
    """Return a fact that tells of a change, or of none."""
    olds, news = old.numbers, new.numbers
    if old.text == new.text and _same(olds, news):
        return new._replace(tone="")
    both = f"{old.text} → {new.text}"
    if not olds or len(olds) != len(news):
        return new._replace(text=both, tone="" if olds or news else new.tone)
    changes = [y - x for x, y in zip(olds, news, strict=True)]
    if not all(map(math.isfinite, changes)):
        return new._replace(text=both, tone="nan")
    if len(changes) == 1:
        (change,) = changes
        text = f"{both} ({'+' * (change > 0)}{number_text(change)})"
        return new._replace(text=text, tone=tone(change))
    return new._replace(text=f"{both} (by up to {number_text(max(map(abs, changes)))})", tone="")


def _same(olds: Sequence[float], news: Sequence[float]) -> bool:
    return len(olds) == len(news) and all(
        x == y or (math.isnan(x) and math.isnan(y)) for x, y in zip(olds, news, strict=True)
    )


def _arrow(a: Arrow, b: Arrow, early: tuple[bool, bool]) -> Arrow:
    old, new = (
        number_text(arrow.amount) if arrow.amount is not None else arrow.text for arrow in (a, b)
    )
    if early == (True, False):  # a local derivative is no contribution
        old = EARLY
    elif early == (False, True):
        b = replace(b, amount=None)
        new = EARLY
    elif a.text != b.text and (a.amount is None or b.amount is None):
        new = b.span or b.text
    text = new if old == new else f"{old} → {new}"
    return replace(b, text=text, tooltip=_both(a, b), width=0.0)
