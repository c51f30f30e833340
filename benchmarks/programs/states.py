"""Narrow programs of many steps: a pendulum by Runge and Kutta, and a Kalman filter's likelihood.

Neither has parameters: both are derived by their first argument, for every sample.
"""

import math
from typing import Any

import numpy as np

import autograd
from autograd import exp, log
from benchmarks.programs.program import Program

STEPS, SIZE = 50, 0.1
READINGS = 100


# A damped pendulum --------------------------------------------------------------------------------


def pendulums(batch: int) -> tuple[Any, ...]:
    """Angle, speed, stiffness and damping of each."""
    rng = np.random.default_rng(1)
    return (rng.uniform([0.5, -0.5, 0.8, 0.05], [1.5, 0.5, 1.2, 0.2], size=(batch, 4)),)


def swing(_: Any, given: Any) -> Any:
    """How far from rest it is after 5 seconds, in 50 steps of the classical method."""
    angle, speed, stiffness, damping = given

    def slope(angle: Any, speed: Any) -> tuple[Any, Any]:
        return speed, -stiffness * autograd.sin(angle) - damping * speed

    h = SIZE
    for _ in range(STEPS):
        a1, s1 = slope(angle, speed)
        a2, s2 = slope(angle + h / 2 * a1, speed + h / 2 * s1)
        a3, s3 = slope(angle + h / 2 * a2, speed + h / 2 * s2)
        a4, s4 = slope(angle + h * a3, speed + h * s3)
        angle = angle + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        speed = speed + h / 6 * (s1 + 2 * s2 + 2 * s3 + s4)
    return angle * angle + speed * speed


def swing_arrays(xp: Any, _: Any, given: Any) -> Any:
    stiffness, damping = given[:, 2], given[:, 3]
    h = SIZE

    def slope(state: Any) -> Any:
        angle, speed = state
        return speed, -stiffness * xp.sin(angle) - damping * speed

    def moved(state: Any, by: float, along: Any) -> Any:
        return state[0] + by * along[0], state[1] + by * along[1]

    def step(state: Any, _: Any) -> Any:
        k1 = slope(state)
        k2 = slope(moved(state, h / 2, k1))
        k3 = slope(moved(state, h / 2, k2))
        k4 = slope(moved(state, h, k3))
        total = [a + 2 * b + 2 * c + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]
        return moved(state, h / 6, total)

    angle, speed = xp.loop(step, (given[:, 0], given[:, 1]), count=STEPS)
    return angle * angle + speed * speed


# A Kalman filter ----------------------------------------------------------------------------------


def readings(batch: int) -> tuple[Any, ...]:
    """The logarithms of both variances, and noisy readings of a random walk."""
    rng = np.random.default_rng(1)
    variances = rng.uniform(-2.0, 0.0, size=(batch, 2))
    walk = rng.normal(size=(batch, READINGS)).cumsum(axis=1) / 2
    return variances, walk + rng.normal(size=walk.shape) / 2


def unlikely(_: Any, variances: Any, seen: Any) -> Any:
    """Minus the logarithm of the likelihood of the readings."""
    moves, noise = exp(variances[0]), exp(variances[1])
    mean: Any = 0.0
    spread: Any = 1.0
    total: Any = 0.0
    for z in seen:
        spread = spread + moves
        around = spread + noise
        missed = z - mean
        total = total + log(around) + missed * missed / around
        gain = spread / around
        mean = mean + gain * missed
        spread = (1.0 - gain) * spread
    return 0.5 * (total + READINGS * math.log(2.0 * math.pi))


def unlikely_arrays(xp: Any, _: Any, variances: Any, seen: Any) -> Any:
    moves, noise = xp.exp(variances[:, 0]), xp.exp(variances[:, 1])

    def step(state: Any, z: Any) -> Any:
        mean, spread, total = state
        spread = spread + moves
        around = spread + noise
        missed = z - mean
        gain = spread / around
        total = total + xp.log(around) + missed * missed / around
        return mean + gain * missed, (1.0 - gain) * spread, total

    zeros = xp.zeros_like(moves)
    _, _, total = xp.loop(step, (zeros, zeros + 1.0, zeros), seen.T, count=READINGS)
    return 0.5 * (total + READINGS * math.log(2.0 * math.pi))


def programs() -> list[Program]:
    def none() -> list[Any]:
        return []

    return [
        Program(f"RK4, {STEPS} steps of a pendulum", swing, pendulums, none, swing_arrays),
        Program(f"Kalman filter, {READINGS} steps", unlikely, readings, none, unlikely_arrays),
    ]
