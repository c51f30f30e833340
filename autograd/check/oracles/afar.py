"""A second look at a slope from farther away, before somebody's formula is called wrong.

A function that ends an iteration at a tolerance, or draws straight lines between the entries of a
table, is as smooth nearby as any other, with a slope of its own. From afar it shows its jumps and
corners, and so how far that slope may lie from the one of the function it stands for.
"""

import itertools

from autograd.check.oracles.grain import Real, fitted, look, stairs

# Windows, by their middle and their reach as shares of the scale. None reaches over 0 or far from
# x: an iteration may not end there.
_AROUND = ((0.0, 0.5), (-0.3, 0.2), (0.3, 0.2), (0.0, 0.125), (0.0, 2.0**-5), (0.0, 2.0**-7))


def far(f: Real, x: float, scale: float, here: float, known: float = 0.0) -> float:
    """Return how far the slope `here` may lie from that of the function f stands for.

    Args:
        f: the function; nan outside its domain.
        x: where.
        scale: the length by which distances from x are measured.
        here: the slope at x.
        known: the size of the steps that its error counts already.

    >>> import math
    >>> import numpy as np
    >>> grid = np.linspace(0.0, 2.0, 201)
    >>> sines = np.sin(grid)
    >>> 1e-3 < far(lambda x: float(np.interp(x, grid, sines)), 0.7, 0.7, 0.76) < 1e-2
    True
    >>> far(math.sin, 0.7, 0.7, math.cos(0.7))
    0.0
    """
    off = 0.0
    windows = [look(f, x, scale, 2.0)] if x else []
    windows += [look(f, x + side * scale, reach * scale) for side, reach in _AROUND]
    for window in windows:
        if window is None:
            continue
        if 2.5 * known < window.jump <= 0.05 * window.range:
            distance = max(abs(window.place - x), scale / 16.0)
            off = max(off, 6.0 * window.jump / distance)
        elif not (window.range or here):
            # It may be one level of a function with the fewest digits in use.
            beyond = stairs(f, x, window.reach, levels=2)
            step = (beyond.jump, beyond.reach) if beyond else (2.0**-10 * abs(f(x)), window.reach)
            off = max(off, 4.0 * step[0] / step[1])
    # The corners of stairs are no corners.
    rise = max((window.range for window in windows if window is not None), default=0.0)
    stairs_seen = max(known, off * scale) > 1e-9 * rise
    for share in (0.5, 0.125, 0.03125) if not stairs_seen else ():
        ends = [x + share * scale * t for t in (-1.0, -0.57, -0.21, 0.17, 0.61, 1.0)]
        if sum(_has_corner(f, a, b) for a, b in itertools.pairwise(ends)) >= 3:
            slope, error, _ = fitted(f, x, scale, 0.0, nearest=share * scale)
            if error <= 0.05 * abs(slope):
                off = max(off, abs(slope - here) + error)
    return off


def _has_corner(f: Real, a: float, b: float) -> bool:
    """Whether f has a corner between a and b: a change of slope that stays as they draw near."""

    def between(a: float, b: float) -> float:
        # In no simple ratio, so that a corner is not met exactly.
        return a + 0.47 * (b - a)

    def bend(a: float, m: float, b: float, fa: float, fm: float, fb: float) -> float:
        return abs((fb - fm) / (b - m) - (fm - fa) / (m - a))

    m = between(a, b)
    fa, fm, fb = f(a), f(m), f(b)
    bends: list[float] = []
    for _ in range(22):
        left, right = between(a, m), between(m, b)
        if not a < left < m < right < b:
            break
        fl, fr = f(left), f(right)
        below, above = bend(a, left, m, fa, fl, fm), bend(m, right, b, fm, fr, fb)
        if below > above:
            b, fb, m, fm = m, fm, left, fl
        else:
            a, fa, m, fm = m, fm, right, fr
        # nan ends it too.
        if not max(below, above) * (b - a) > 2.0**-46 * max(abs(fa), abs(fb)):
            break
        bends.append(max(below, above))
    return len(bends) > 6 and bends[-1] > bends[-6] / 5.0
