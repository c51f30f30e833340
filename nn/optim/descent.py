"""Gradient descent, with momentum, Nesterov's look-ahead and weight decay.

It is the one optimiser that also moves a parameter in the middle of a backward pass, as soon as
the gradient by it is complete. Its step on Values is written on floats, for the small networks
that are looked at number by number.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd import Value
from nn.optim.base import NO_GRADIENT, Optimizer
from nn.spellings import DESCENT
from nn.validation import Floats, own_keywords


class SGD(Optimizer):
    """Gradient descent: each parameter p moves against its gradient g, p ← p - γ g.

    With momentum μ it keeps a velocity, v ← μ v + g, and moves by p ← p - γ v, or with Nesterov's
    look-ahead by p ← p - γ (g + μ v). Weight decay λ adds λ p to g first. Whether the descent is
    "stochastic" is decided by the samples behind g: one, a mini-batch, or all.

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule; see `Optimizer`.
        momentum: μ, from 0 up to but not including 1.
        nesterov: look ahead; needs momentum.
        weight_decay: λ, at least 0.
        during_backward: let `fit` move each parameter as soon as the gradient by it is complete,
            before the backward pass goes on; see `on_leaf`. The numbers are the same, bit for bit.
        clip_value: the most that a gradient by one parameter counts for; see `Optimizer`.
        clip_norm: the most that the gradient by all parameters is long; see `Optimizer`.

    Attributes:
        parameters: the Values, in order.
        steps: the number of steps taken.

    Raises:
        TypeError: if parameters are not Values, or a number is none.
        ValueError: if there are none, one was computed from others or stands there twice, or a
            number is out of its range; from `step` if the schedule returns one that is.

    >>> x = Value(-3.0)
    >>> optimizer = SGD([x], lr=0.1)
    >>> for n in range(10):
    ...     optimizer.zero_grad()
    ...     (x**2).backward()
    ...     optimizer.step()
    >>> round(x.data, 12)
    -0.3221225472

    Source: Polyak, "Some methods of speeding up the convergence of iteration
    methods", 1964, for momentum; Nesterov 1983 in the form of Sutskever, Martens, Dahl and Hinton,
    "On the importance of initialization and momentum in deep learning", 2013, equations 1 to 4.
    """

    options = "momentum", "nesterov", "weight_decay", "during_backward"
    remembered = ("_velocity",)
    momentum: float = 0.0
    nesterov: bool = False
    during_backward: bool = False
    _velocity: list[float] | Floats
    # The places of parameters that moved during the pass underway, and their rate.
    _early: dict[int, float]
    _place: dict[Value, int]

    @own_keywords(DESCENT)
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Callable[[int], float],
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        *,
        during_backward: bool = False,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        self._take(
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=weight_decay,
            during_backward=during_backward,
        )

    def _take(self, **options: Any) -> None:
        super()._take(**options)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov looks ahead along the momentum: give momentum=0.9, say")
        if self.during_backward and self.clip_norm is not None:
            raise ValueError(
                "clip_norm is of the whole gradient, which is not known before the backward pass "
                "has ended: leave out during_backward, or give clip_value"
            )

    def move(self, rate: float, numbers: Floats, slopes: Floats, *memory: Floats) -> None:
        """See `Optimizer`."""
        (velocity,) = memory
        if self.weight_decay:
            self._decay(numbers, slopes)
        if self.momentum:
            velocity *= self.momentum
            velocity += slopes
            if self.nesterov:
                ahead = self._scratch(len(slopes))
                np.multiply(velocity, self.momentum, out=ahead)
                slopes += ahead
                slopes *= rate
            else:
                np.multiply(velocity, rate, out=slopes)
        else:
            slopes *= rate
        numbers -= slopes

    def step(self) -> None:
        """See `Optimizer`; `move` on floats, in a tenth of the time where there are few."""
        early = self.__dict__.pop("_early", None)
        if early is None and self.clip_norm is not None:
            super().step()
            return
        if not early and all(p.grad is None for p in self.parameters):
            raise ValueError(NO_GRADIENT)
        places = range(len(self.parameters))
        rate = self.lr if not early else next(iter(early.values()))
        self._move_values([i for i in places if i not in early] if early else places, rate)
        self.steps += 1

    def zero_grad(self) -> None:
        """See `Optimizer`; a step that `on_leaf` began and `step` did not end is forgotten."""
        super().zero_grad()
        self.__dict__.pop("_early", None)

    # Named here as well as `step`: the two do the same.
    step_array = Optimizer.step_array

    def on_leaf(self, leaf: Value) -> None:
        """Move a parameter whose gradient is complete, in the middle of a backward pass.

        It is for `loss.backward(on_leaf=optimizer.on_leaf)`. The pass goes on with the numbers
        that were there before: nothing later in it reads this parameter. `step`, called after the
        pass, moves what the loss did not depend on and has a gradient from before, and counts.

        Args:
            leaf: a leaf of the graph; nothing is done where it is none of the parameters.

        Raises:
            RuntimeError: if it moved already since the last `step`.
            ValueError: if clip_norm is given, which needs the whole gradient.

        >>> w1, w2 = Value(2.0), Value(3.0)
        >>> optimizer = SGD([w1, w2], lr=0.1, during_backward=True)
        >>> ((w2 * w1 * 1.0 - 1.0) ** 2).backward(on_leaf=optimizer.on_leaf)
        >>> optimizer.step()
        >>> w1.data, w2.data
        (-1.0, 1.0)
        """
        places = self.__dict__.get("_place")
        if places is None or len(places) != len(self.parameters):
            places = self._place = {p: i for i, p in enumerate(self.parameters)}
        i = places.get(leaf)
        if i is None:
            return
        early = self.__dict__.setdefault("_early", {})
        if i in early:
            raise RuntimeError(
                f"{leaf!r} moved already in this step: call optimizer.step() after each pass with "
                "on_leaf, and go backward without it where gradients of several passes add up"
            )
        if self.clip_norm is not None:
            raise ValueError(
                "clip_norm is of the whole gradient, which is not known before the backward pass "
                "has ended: call step() after it"
            )
        early[i] = next(iter(early.values())) if early else self.lr
        self._move_values((i,), early[i])

    def _move_values(self, places: Iterable[int], rate: float) -> None:
        """Move the parameters at some places, those that have a gradient."""
        momentum, decay, most = self.momentum, self.weight_decay, self.clip_value
        if not isinstance(self._velocity, list):
            self._velocity = self._velocity.tolist()
        velocity = self._velocity
        parameters = self.parameters
        for i in places:
            p = parameters[i]
            g = p.grad
            if g is None:
                continue
            if most is not None:
                g = most if g > most else -most if g < -most else g
            if decay:
                g += decay * p.data
            if momentum:
                v = velocity[i] = momentum * velocity[i] + g
                g = g + momentum * v if self.nesterov else v
            p.data -= rate * g
