"""How many digits a function's values carry: the steps in them, found rather than assumed.

A function that goes through single precision, a table or an iteration is a staircase, or smooth
between jumps; one that cancels carries few of the digits of a double. Its slope is then known no
better than the steps allow, however finely it is differenced.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Real = Callable[[float], float]

# Windows around a point, as shares of its scale. In a wide one a smooth function bends too much
# for small jumps to stand out, in a narrow one there may be none.
WINDOWS = (2.0**-3, 2.0**-7)
_POINTS = 21
_DEGREE = 10
# Of what a fit leaves, in steps: irregular ones add up.
_ROUGH = 16.0
# From a tenth of a window down to about a part in 1e8 of it.
_HALVINGS = 24
# Differences up to this part of the values are the rounding of doubles.
_ROUNDING = 2.0**-49


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen of a function within some distance of a point.

    Attributes:
        reach: the distance.
        jump: the size of the largest jump found, 0 if there is none beyond rounding.
        range: the difference of the largest and the smallest value.
        place: where the jump is.
    """

    reach: float
    jump: float
    range: float
    place: float = 0.0


@functools.cache
def _fitting() -> tuple[Any, Any]:
    """The places of the sample in a window of reach 1, and the matrix to coefficients."""
    # Not quite even, so that no regular staircase meets them all alike.
    even = np.linspace(-1.0, 1.0, _POINTS)
    places = even + 0.02 * np.sin(17.0 * even)
    return places, np.linalg.pinv(np.vander(places, _DEGREE + 1))


def look(f: Real, x: float, reach: float, magnitude: float = 0.0) -> Window | None:
    """Return the largest jump of f within reach of x, None if f is not finite all over it.

    A window of magnitudes is from x / b to b x for a given b.


    A polynomial is laid through a sample. Where what is left of the values changes most, the
    interval is halved, always keeping the half that changes more: a smooth function's change
    shrinks with it, a jump does not.

    >>> look(math.sin, 1.0, 0.5).jump
    0.0
    >>> round(look(lambda x: round(x, 3), 1.0, 0.5).jump, 9)
    0.001
    """
    shape, fit = _fitting()
    if magnitude:

        def place(t: float) -> float:
            return x * magnitude**t
    else:

        def place(t: float) -> float:
            return x + reach * t

    places: list[float] = shape.tolist()
    values = [f(place(t)) for t in places]
    low, high = min(values), max(values)
    if not math.isfinite(sum(map(abs, values))):
        return None
    if low == high:
        return Window(reach, 0.0, 0.0)
    # Values that differ by their last digits alone would be fitted by rounding.
    middle = values[_POINTS // 2]
    coefficients: list[float] = (fit @ (np.array(values) - middle)).tolist()

    def rest(t: float, value: float) -> float:
        smooth = 0.0
        for c in coefficients:
            smooth = smooth * t + c
        return value - middle - smooth

    rests = [rest(t, v) for t, v in zip(places, values, strict=True)]
    i = max(
        [i for i in range(_POINTS - 1) if values[i] != values[i + 1]],
        key=lambda i: abs(rests[i + 1] - rests[i]),
    )
    a, b = places[i], places[i + 1]
    fa, fb, ra, rb = values[i], values[i + 1], rests[i], rests[i + 1]
    bends = [0.0]
    for _ in range(_HALVINGS):
        m = 0.5 * (a + b)
        fm = f(place(m))
        if not math.isfinite(fm):
            return None
        rm = rest(m, fm)
        bends.append(abs((fb - fm) - (fm - fa)))
        # Of stairs the half that is not level.
        if fm == fb != fa or (fm != fa and abs(rm - ra) > abs(rb - rm)):
            b, fb, rb = m, fm, rm
        else:
            a, fa, ra = m, fm, rm
    # With each halving the bend of a smooth function falls by four, that of a corner by two, and
    # that of a jump not at all.
    jump, before = max(bends[-2:]), max(bends[-10:-8])
    if fa == fb:
        # Noise has led to a level stretch in it; the last step on the way tells its size.
        jump = before = next((bend for bend in reversed(bends) if bend), 0.0)
    rounding = _ROUNDING * max(abs(fa), abs(fb))
    if jump <= max(rounding, before / 16.0):
        jump = 0.0
    return Window(reach, jump, high - low, place(a))


@dataclass(frozen=True, slots=True)
class Grain:
    """The steps in a function's values around a point.

    Attributes:
        windows: what was seen, the widest first.
        flat: whether f is flat around the point only because its steps are so wide.
    """

    windows: tuple[Window, ...]
    flat: bool = False

    @property
    def size(self) -> float:
        """The largest step, 0 if the values carry the digits of doubles."""
        return max((w.jump for w in self.windows), default=0.0)

    def within(self, distance: float) -> float:
        """The largest step that was met within a distance, or in the narrowest window."""
        return max(
            (w.jump for w in self.windows if w.reach <= distance or w is self.windows[-1]),
            default=0.0,
        )

    @property
    def slope(self) -> float:
        """How far the steps may carry the slope between them from that of the whole."""
        return max((4.0 * w.jump / w.reach for w in self.windows), default=0.0)


def grain(f: Real, x: float, scale: float, shares: Sequence[float] = WINDOWS) -> Grain:
    """Return the steps that f makes around x.

    One large jump beside which f is smooth is a branch of it and no want of digits.

    Args:
        f: the function; nan outside its domain.
        x: where.
        scale: the length by which distances from x are measured.
        shares: the windows to look into, as shares of it, the widest first.

    >>> grain(math.exp, 1.0, 1.0).size
    0.0
    >>> import numpy as np
    >>> 5e-8 < grain(lambda x: float(np.float32(1 + x)), 0.1, 0.1).size < 2e-7
    True
    """
    seen: list[Window] = []
    for share in shares:
        window = look(f, x, share * scale)
        if window is not None:
            seen.append(window)
    if not seen:
        for i in range(2, 13, 2):
            window = look(f, x, WINDOWS[-1] * 4.0**-i * scale)
            if window is not None:
                seen.append(window)
                break
    if not seen:
        return Grain(())
    if not seen[-1].range:
        found = stairs(f, x, seen[-1].reach)
        return Grain((found,), flat=True) if found is not None else Grain(tuple(seen))
    return Grain(tuple([replace(w, jump=0.0) if _alone(f, x, w) else w for w in seen]))


def _alone(f: Real, x: float, window: Window) -> bool:
    """Whether a large jump is the only one far and wide: a branch, and no want of digits."""
    if window.jump <= 0.05 * window.range:
        return False
    for reach in (window.reach, 8.0 * window.reach):
        for end in (x - reach, x + reach):
            # Most of the way from the jump to the end of the window.
            half = 0.5 * (end - window.place)
            beside = look(f, window.place + 1.01 * half, 0.98 * abs(half))
            if beside is not None and beside.jump > 0.05 * window.jump:
                return False
    return True


def stairs(f: Real, x: float, reach: float, levels: int = 4) -> Window | None:
    """Return the step at the end of a flat stretch if more steps follow, else None.

    A function may also be flat for good, or up to a kink or a single jump: then its slope is 0.

    Args:
        f: the function.
        x: where it is flat.
        reach: how far at least.
        levels: how many different values it must take on the way.
    """
    here = f(x)
    step: Window | None = None
    beyond = 0
    for _ in range(48):
        reach *= 2.0
        places = [x + side * k * reach for k in (1.0, 1.5, 2.0, 3.0) for side in (1.0, -1.0)]
        around = [f(y) for y in places]
        if step is None:
            changed = [y for y, z in zip(places, around, strict=True) if z != here]
            if not changed:
                continue
            jump = _end(f, x, here, changed[0])
            if not jump:
                return None
            step = Window(3.0 * reach, jump, max(around) - min(around))
        if len({here, *around}) >= levels:
            return step
        # One step and no other is a jump between two levels.
        beyond += 1
        if beyond == 6:
            return None
    return None


def _end(f: Real, x: float, here: float, y: float) -> float:
    """Return the jump at the end of the level stretch between x and y, 0 if f leaves it gently."""
    first = abs(f(y) - here)
    level, last = x, first
    for _ in range(_HALVINGS):
        m = 0.5 * (level + y)
        change = abs(f(m) - here)
        if change:
            y, last = m, change
        else:
            level = m
    # nan is no jump.
    return last if last >= first / 64.0 else 0.0


# The slope in the middle of a window by a polynomial through this many values; in a wide window
# that of a low degree has the smaller error for a function with few digits. The best window is
# sampled once more, with more values.
_FEW, _MANY = 25, 101
_DEGREES = (1, 3, 5, 7)


@functools.cache
def _slopes(count: int) -> tuple[list[float], dict[int, tuple[Any, float, Any]]]:
    """The sample, and by degree: weights of the slope, their size, and what leaves the rest."""
    even = np.linspace(-1.0, 1.0, count)
    places = even + 0.3 / count * np.sin(np.arange(count) ** 2.0)
    made: dict[int, tuple[Any, float, Any]] = {}
    for degree in _DEGREES:
        powers = np.vander(places, degree + 1, increasing=True)
        fit = np.linalg.pinv(powers)
        made[degree] = fit[1], float(np.abs(fit[1]).sum()), np.eye(count) - powers @ fit
    return places.tolist(), made


def fitted(
    f: Real, x: float, scale: float, step: float, nearest: float = 0.0
) -> tuple[float, float, float]:
    """Return the slope of a function with few digits: its value, error and reach; nan if none.

    Polynomials are laid through samples of windows that are doubled while that helps. The error
    counts what they leave of the values as if it all pulled the slope one way; if that is
    without order, half of it, and at least five standard deviations of the slope.

    Args:
        f: the function; nan outside its domain.
        x: where.
        scale: the length by which distances from x are measured.
        step: the size of the steps in its values.
        nearest: the reach of the smallest window, a 64th of the scale if left out.

    >>> slope, error, _ = fitted(lambda x: round(x * x, 3), 1.0, 1.0, 1e-3)
    >>> abs(slope - 2.0) < error < 0.01
    True
    """
    best, chosen, worse = (math.nan, math.inf), (0.0, 0), 0
    reach = nearest or scale / 64.0
    # Beyond 0 a function may be another one, or an iteration without an end.
    while reach < 0.95 * (abs(x) or 4.0 * scale) and worse < 2:
        sample = _sampled(f, x, reach, _FEW)
        if sample is None:
            break
        fits = {degree: _fit(sample, reach, step, _FEW, degree) for degree in _DEGREES}
        degree = min(fits, key=lambda degree: fits[degree][1])
        worse += 1
        if fits[degree][1] < best[1]:
            best, chosen, worse = fits[degree], (reach, degree), 0
        reach *= 2.0 if reach < 0.45 * abs(x) or not x else 1.8
    reach, degree = chosen
    sample = _sampled(f, x, reach, _MANY) if degree else None
    if sample is not None:
        best = min(best, _fit(sample, reach, step, _MANY, degree), key=lambda fit: fit[1])
    return *best, reach


def _sampled(f: Real, x: float, reach: float, count: int) -> Any:
    """Return the values of f in a window as an array, None if they are not all finite."""
    values = np.array([f(x + reach * t) for t in _slopes(count)[0]])
    return values - values[count // 2] if np.isfinite(values).all() else None


def _fit(sample: Any, reach: float, step: float, count: int, degree: int) -> tuple[float, float]:
    """Return the slope in the middle of a sample, and its error."""
    weights, size, rest = _slopes(count)[1][degree]
    rests = rest @ sample
    left = 1.2 * float(np.abs(rests).max())
    if step and left > _ROUGH * step:
        # What the polynomial leaves is the function and not its steps: a wave, or a jump.
        return math.nan, math.inf
    # Where no step shows, one may hide in a smooth rise as long as the window.
    left = max(left, (0.6 if left > 0.2 * step else 2.5) * step)
    error = size * left
    total = float(rests @ rests)
    if count == _MANY and left > 0.3 * step and len(np.unique(sample)) > 0.6 * count:
        order = float(rests[1:] @ rests[:-1]) / total if total else 1.0
        if abs(order) < 0.3:
            deviation = max(math.sqrt(total / (count - degree - 1)), 0.25 * step)
            spread = 5.0 * deviation * float(np.sqrt(weights @ weights))
            # Two grids, of the input and of the values, leave waves that look like no order.
            error = min(error, max(spread, 0.45 * error))
    return float(weights @ sample) / reach, error / reach
