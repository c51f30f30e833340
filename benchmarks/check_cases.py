"""Functions that the checker is measured on beside random programs, with their true slopes.

Black boxes carry few digits: single and half precision, rounded, tabulated, iterated to a
tolerance. Own rows are ordinary functions as users write them, many of which cancel. Cancelling
sums go through rows of any number of operands and on into others.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd as ag
from autograd import Primitive, cos, exp, log, sigmoid, sin, sqrt, tanh
from autograd.engine.primitive import Interval

Real = Callable[[float], float]


@dataclass(frozen=True)
class BlackBox:
    """A function of few digits.

    Attributes:
        kind: how it loses them.
        function: of a plain number.
        slope: of the function it stands for, at x.
        x: where.
        noise: how far the two lie apart around x.
    """

    kind: str
    function: Real
    slope: float
    x: float
    noise: float

    @property
    def decidable(self) -> bool:
        """Whether the slope times the scale of x is over 1,000 times the noise."""
        return abs(self.slope) * (abs(self.x) or 1.0) > 1000.0 * self.noise


def _smooth(rng: random.Random) -> tuple[Real, Real]:
    a = rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-2.0, 1.5)
    c = rng.choice((0.0, 1.0, rng.uniform(-3.0, 3.0)))
    return rng.choice(
        (
            (lambda x: a * x + c, lambda x: a),
            (lambda x: a * math.sin(x) + c, lambda x: a * math.cos(x)),
            (lambda x: a * x * x + c, lambda x: 2.0 * a * x),
            (lambda x: a * math.exp(-x) + c, lambda x: -a * math.exp(-x)),
        )
    )


def _root(tolerance: float) -> Real:
    """Square roots by Newton's method."""

    def root(x: float) -> float:
        y, z = 1.0, math.inf
        while abs(z - y) > tolerance * y:
            y, z = 0.5 * (y + float(x) / y), y
        return y

    return root


def _cubic(tolerance: float) -> Real:
    """The y with y^3 + y = x, by halving an interval."""

    def solve(x: float) -> float:
        low, high = -10.0, 10.0
        while high - low > tolerance:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if middle**3 + middle < x else (low, middle)
        return 0.5 * (low + high)

    return solve


def black_box(seed: int) -> BlackBox:
    """Return the black box of a seed.

    >>> black_box(3).kind == black_box(3).kind
    True
    """
    rng = random.Random(seed)
    kind = rng.choice(("single", "half", "rounded", "nearest entry", "Newton", "halving"))
    x = rng.choice((-1.0, 1.0)) * rng.uniform(0.2, 3.0)
    exact, slope = _smooth(rng)
    if kind == "single":

        def function(x: float) -> float:
            return float(np.float32(exact(x)))
    elif kind == "half":

        def function(x: float) -> float:
            return float(np.float16(exact(x)))
    elif kind == "rounded":
        digits = rng.choice((2, 3, 4, 6))

        def function(x: float) -> float:
            return round(exact(x), digits)
    elif kind == "nearest entry":
        width = 10.0 ** rng.uniform(-5.0, -2.0)

        def function(x: float) -> float:
            return exact(width * math.floor(x / width + 0.5))
    elif kind == "Newton":
        x = abs(x)
        function, exact, slope = _root(10.0 ** rng.uniform(-9.0, -2.0)), math.sqrt, _slope_of_root
    else:
        function, exact = _cubic(10.0 ** rng.uniform(-9.0, -2.0)), _cubic(1e-15)

        def slope(x: float, y: Real = exact) -> float:
            return 1.0 / (3.0 * y(x) ** 2 + 1.0)

    places = [x * (1.0 + 0.1 * rng.uniform(-1.0, 1.0)) for _ in range(40)]
    noise = max(abs(function(y) - exact(y)) for y in places)
    return BlackBox(kind, function, slope(x), x, noise)


def _slope_of_root(x: float) -> float:
    return 0.5 / math.sqrt(x)


def _row(name: str, function: Real, rule: Callable[..., Any], *domain: Interval) -> Primitive:
    return Primitive(name, function, lambda z, x: (rule(z, x),), domain=domain)


_ROOT_2_PI = math.sqrt(2.0 * math.pi)

OWN_ROWS: tuple[Primitive, ...] = (
    _row("one_minus_cos", lambda x: 1 - math.cos(x), lambda z, x: sin(x)),
    _row("exp_minus_one", lambda x: math.exp(x) - 1, lambda z, x: exp(x)),
    _row("root_minus_one", lambda x: math.sqrt(1 + x * x) - 1, lambda z, x: x / sqrt(1 + x * x)),
    _row("log_cosh", lambda x: math.log(math.cosh(x)), lambda z, x: tanh(x)),
    _row(
        "normal_cdf",
        lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))),
        lambda z, x: exp(-0.5 * x * x) / _ROOT_2_PI,
        (-6.0, 6.0),
    ),
    _row("log_one_plus", lambda x: math.log(1 + x), lambda z, x: 1 / (1 + x), (-0.999, 10.0)),
    _row("small_angle", lambda x: 1 - math.cos(x), lambda z, x: sin(x), (-1e-3, 1e-3)),
    _row("interest", lambda x: math.exp(x) - 1, lambda z, x: exp(x), (-1e-6, 1e-6)),
    _row("third_power", lambda x: x**3, lambda z, x: 3 * x * x),
    _row("bell", lambda x: math.exp(-x * x), lambda z, x: -2 * x * z, (-5.0, 5.0)),
    _row("logit", lambda x: math.log(x / (1 - x)), lambda z, x: 1 / (x * (1 - x)), (0.001, 0.999)),
    _row("sinc", lambda x: math.sin(x) / x, lambda z, x: (cos(x) - z) / x, (0.1, 10.0)),
    _row("versine", lambda x: 2 * math.sin(x / 2) ** 2, lambda z, x: sin(x)),
    _row("soft_plus", lambda x: math.log(1 + math.exp(x)), lambda z, x: sigmoid(x), (-40.0, 40.0)),
    _row("logistic", lambda x: 1 / (1 + math.exp(-x)), lambda z, x: z * (1 - z), (-20.0, 20.0)),
    _row(
        "tanh_by_exp",
        lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
        lambda z, x: 1 - z * z,
        (-5.0, 5.0),
    ),
    _row(
        "sinh_by_exp",
        lambda x: 0.5 * (math.exp(x) - math.exp(-x)),
        lambda z, x: 0.5 * (exp(x) + exp(-x)),
    ),
    _row(
        "cosh_by_exp",
        lambda x: 0.5 * (math.exp(x) + math.exp(-x)),
        lambda z, x: 0.5 * (exp(x) - exp(-x)),
    ),
    _row(
        "asinh_by_log",
        lambda x: math.log(x + math.sqrt(x * x + 1)),
        lambda z, x: 1 / sqrt(x * x + 1),
    ),
    _row(
        "acosh_by_log",
        lambda x: math.log(x + math.sqrt(x * x - 1)),
        lambda z, x: 1 / sqrt(x * x - 1),
        (1.1, 50.0),
    ),
    _row(
        "atanh_by_log",
        lambda x: 0.5 * math.log((1 + x) / (1 - x)),
        lambda z, x: 1 / (1 - x * x),
        (-0.99, 0.99),
    ),
    _row("x_log_x", lambda x: x * math.log(x), lambda z, x: log(x) + 1, (1e-3, 10.0)),
    _row(
        "entropy",
        lambda x: -x * math.log(x) - (1 - x) * math.log(1 - x),
        lambda z, x: log((1 - x) / x),
        (0.01, 0.99),
    ),
    _row(
        "swish",
        lambda x: x / (1 + math.exp(-x)),
        lambda z, x: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
        (-10.0, 10.0),
    ),
    _row(
        "pseudo_huber",
        lambda x: math.sqrt(1 + x * x) - 1,
        lambda z, x: x / (z + 1),
        (-100.0, 100.0),
    ),
    _row("inverse_square", lambda x: 1 / (x * x), lambda z, x: -2 * z / x, (0.1, 100.0)),
    _row("inverse_root", lambda x: 1 / math.sqrt(x), lambda z, x: -0.5 * z / x, (1e-6, 100.0)),
    _row("cube_root", lambda x: x ** (1 / 3), lambda z, x: z / (3 * x), (0.01, 100.0)),
    _row("quartic", lambda x: x**4 - 3 * x * x + 2 * x - 1, lambda z, x: 4 * x**3 - 6 * x + 2),
    _row("base_two", lambda x: 2.0**x, lambda z, x: z * math.log(2), (-10.0, 10.0)),
    _row("decades", lambda x: math.log10(x), lambda z, x: 1 / (x * math.log(10)), (1e-3, 1e3)),
    _row(
        "gudermann",
        lambda x: 2 * math.atan(math.tanh(x / 2)),
        lambda z, x: 1 / ag.cosh(x),
        (-10.0, 10.0),
    ),
    _row(
        "error_tail",
        lambda x: math.erfc(x),
        lambda z, x: -2 / math.sqrt(math.pi) * exp(-x * x),
        (-3.0, 6.0),
    ),
    _row(
        "ratio",
        lambda x: (x * x - 1) / (x * x + 1),
        lambda z, x: 4 * x / ((x * x + 1) * (x * x + 1)),
    ),
    _row(
        "cosine_integrand",
        lambda x: (1 - math.cos(x)) / x,
        lambda z, x: (sin(x) - z) / x,
        (0.01, 3.0),
    ),
    _row(
        "planck",
        lambda x: x**3 / (math.exp(x) - 1),
        lambda z, x: (3 * x * x - z * exp(x)) / (exp(x) - 1),
        (0.01, 30.0),
    ),
    _row(
        "log_sigmoid",
        lambda x: -math.log1p(math.exp(-x)),
        lambda z, x: sigmoid(-x),
        (-30.0, 30.0),
    ),
    _row(
        "tangent_excess", lambda x: math.tan(x) - x, lambda z, x: ag.tan(x) * ag.tan(x), (-1.0, 1.0)
    ),
    _row("sine_deficit", lambda x: x - math.sin(x), lambda z, x: 1 - cos(x), (-1.0, 1.0)),
    _row(
        "smaller_root",
        lambda x: x - math.sqrt(x * x - 1),
        lambda z, x: 1 - x / sqrt(x * x - 1),
        (2.0, 1e3),
    ),
)
"""Forty ordinary functions with right rules, as users write them."""

OWN_FAULTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "factor 1.001": lambda d, z, x: d * 1.001,
    "sign": lambda d, z, x: -1.0 * d,
    "zero": lambda d, z, x: d * 0.0,
    "a term of 0.01 more": lambda d, z, x: d + 0.01,
    "times its operand": lambda d, z, x: d * x,
}
"""Wrong partials of an own row, from the right one, the value and the operand."""


def faulty(row: Primitive, fault: str) -> Primitive:
    """Return an own row with a wrong rule."""
    rule: Callable[..., Any] = row.partials
    change = OWN_FAULTS[fault]

    def wrong(z: Any, x: Any) -> tuple[Any, ...]:
        (partial,) = rule(z, x)
        return (change(partial, z, x),)

    return Primitive(row.name, row.function, wrong, domain=row.domain)


def cancelling(seed: int) -> tuple[Callable[[Any], Any], float]:
    """Return a function whose terms cancel to a small number, and where, from a seed."""
    rng = random.Random(seed)
    x = rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-17.0, -1.0)
    a, b = rng.uniform(-3.0, 3.0), rng.uniform(-2.0, 2.0)
    inner: Callable[[Any], Any] = rng.choice(
        (
            lambda x: ag.dot([x, a, -a], [1.0, 1.0, 1.0]),
            lambda x: ag.sum([x, a, -a]),
            lambda x: ag.dot([x, 0.5 * a, -a], [1.0, 2.0, 1.0]),
            lambda x: ag.sum([a, x, b, -a, -b]) / 5.0,
            lambda x: ag.dot([x, 1.0 + x, -1.0], [2.0, 1.0, 1.0]),
            lambda x: ag.logsumexp([x, a]) - ag.logsumexp([0.0, a]),
            lambda x: ag.hypot(x, a) - abs(a),
            lambda x: (1.0 + x) * (1.0 - x) - 1.0,
            lambda x: (x + a) - a,
            lambda x: exp(x) - 1.0,
        )
    )
    outer: Callable[[Any], Any] = rng.choice(
        (
            lambda z: z**2,
            lambda z: z * z * z,
            lambda z: z / (z + 1.0),
            lambda z: 1.0 / (z * z + 1.0),
            lambda z: sqrt(z * z + 1e-30),
            lambda z: ag.log1p(z),
            lambda z: log(z * z + 1e-200),
            sin,
            lambda z: z * 1e10,
        )
    )
    return lambda x: outer(inner(x)), x


def underflowing(seed: int) -> tuple[Callable[[Any], Any], float, float]:
    """Return a product of constants that underflows on the way back, where, and its slope."""
    rng = random.Random(seed)
    up = rng.randint(200, 300)
    first, second = rng.randint(165, 250), rng.randint(165, 250)
    # The value stays a float; the product of the last two factors does not.
    total = up - first - second
    factors = [float(f"1e{up}"), float(f"1e-{first}"), float(f"1e-{second}")]

    def f(x: Any) -> Any:
        for factor in factors:
            x = x * factor
        return x

    return f, rng.uniform(0.5, 2.0), float(f"1e{total}")
