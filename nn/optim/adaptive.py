"""Optimisers that give each parameter a rate of its own, by the squares of its gradients.

Adagrad sums the squares, RMSprop and Adam take a mean in which old ones fade. All arithmetic is
written into arrays that are there already: the slopes, which nobody needs afterwards, and one more.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np

from autograd import Value, sqrt
from nn.optim.base import Optimizer
from nn.spellings import ADAPTIVE
from nn.validation import Floats, own_keywords


class Adagrad(Optimizer):
    """Adaptive gradients: a parameter that has seen large gradients moves less, for good.

    It keeps the sum of the squares of a parameter's gradients, s ← s + g², and moves by
    p ← p - γ_t g / (√s + ε), with γ_t = γ / (1 + (t - 1) δ) at the t-th step.

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule; see `Optimizer`.
        lr_decay: δ, at least 0.
        weight_decay: λ, at least 0: λ p is added to g first.
        initial_accumulator_value: what s begins with, at least 0.
        eps: ε, above 0.
        clip_value: the most that a gradient by one parameter counts for; see `Optimizer`.
        clip_norm: the most that the gradient by all parameters is long; see `Optimizer`.

    Raises:
        TypeError: as `Optimizer`.
        ValueError: as `Optimizer`.

    >>> x = Value(-3.0)
    >>> optimizer = Adagrad([x], lr=1.0)
    >>> for n in range(30):
    ...     optimizer.zero_grad()
    ...     (x**2).backward()
    ...     optimizer.step()
    >>> abs(x.data) < 0.01
    True

    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", 2011, figure 1 with diagonal matrices; arguments as PyTorch.
    """

    options = "lr_decay", "weight_decay", "initial_accumulator_value", "eps"
    remembered = ("_squares",)
    counted = True
    _squares: Floats
    lr_decay: float
    initial_accumulator_value: float
    eps: float

    @own_keywords(ADAPTIVE)
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Callable[[int], float] = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        self._take(
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )
        self._squares += self.initial_accumulator_value

    def move(self, rate: float, numbers: Floats, slopes: Floats, *memory: Floats) -> None:
        """See `Optimizer`."""
        (squares,) = memory
        if self.weight_decay:
            self._decay(numbers, slopes)
        room = self._scratch(len(slopes))
        np.multiply(slopes, slopes, out=room)
        squares += room
        np.sqrt(squares, out=room)
        room += self.eps
        slopes /= room
        slopes *= rate / (1.0 + (self.moves - 1) * self.lr_decay)
        numbers -= slopes


class RMSprop(Optimizer):
    """Gradients divided by the root of the mean of their squares, in which old ones fade.

    The mean is s ← α s + (1 - α) g², and the move p ← p - γ g / (√s + ε). Centered, s less the
    square of the mean gradient, itself m ← α m + (1 - α) g, stands in its place: the variance. With
    momentum μ, v ← μ v + g / (√s + ε) and p ← p - γ v.

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule; see `Optimizer`.
        alpha: α, from 0 up to but not including 1.
        eps: ε, above 0.
        weight_decay: λ, at least 0: λ p is added to g first.
        momentum: μ, from 0 up to but not including 1.
        centered: divide by the root of the variance.
        clip_value: the most that a gradient by one parameter counts for; see `Optimizer`.
        clip_norm: the most that the gradient by all parameters is long; see `Optimizer`.

    Raises:
        TypeError: as `Optimizer`.
        ValueError: as `Optimizer`.

    >>> x = Value(-3.0)
    >>> optimizer = RMSprop([x], lr=0.1)
    >>> for n in range(30):
    ...     optimizer.zero_grad()
    ...     (x**2).backward()
    ...     optimizer.step()
    >>> abs(x.data) < 0.01
    True

    Source: Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera, 2012; Graves, "Generating
    sequences with recurrent neural networks", 2013, equations 38 to 41, for the centered one;
    ε stands outside the root, as in PyTorch.
    """

    options = "alpha", "eps", "weight_decay", "momentum", "centered"
    remembered = "_squares", "_mean", "_velocity"
    _squares: Floats
    _mean: Floats
    _velocity: Floats
    alpha: float
    eps: float
    momentum: float
    centered: bool

    @own_keywords(ADAPTIVE)
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Callable[[int], float] = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        self._take(
            alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered
        )

    def move(self, rate: float, numbers: Floats, slopes: Floats, *memory: Floats) -> None:
        """See `Optimizer`."""
        squares, mean, velocity = memory
        if self.weight_decay:
            self._decay(numbers, slopes)
        room = self._scratch(len(slopes))
        np.multiply(slopes, slopes, out=room)
        room *= 1.0 - self.alpha
        squares *= self.alpha
        squares += room
        if self.centered:
            # α (m - g) + g, which needs no array of its own.
            mean -= slopes
            mean *= self.alpha
            mean += slopes
            np.multiply(mean, mean, out=room)
            np.subtract(squares, room, out=room)
            np.maximum(room, 0.0, out=room)  # which roundings may take it below
            np.sqrt(room, out=room)
        else:
            np.sqrt(squares, out=room)
        room += self.eps
        slopes /= room
        if self.momentum:
            velocity *= self.momentum
            velocity += slopes
            np.multiply(velocity, rate, out=slopes)
        else:
            slopes *= rate
        numbers -= slopes


class Adam(Optimizer):
    """Adaptive moments: the mean gradient over the root of the mean square, old ones fading.

    The means are m ← β₁ m + (1 - β₁) g and s ← β₂ s + (1 - β₂) g². Both begin at 0, so at the t-th
    step they are divided by 1 - β₁ᵗ and 1 - β₂ᵗ; with these, p ← p - γ m / (√s + ε).

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule; see `Optimizer`.
        betas: β₁ and β₂, from 0 up to but not including 1.
        eps: ε, above 0.
        weight_decay: λ, at least 0: λ p is added to g first, and divided like it; `AdamW` does not.
        clip_value: the most that a gradient by one parameter counts for; see `Optimizer`.
        clip_norm: the most that the gradient by all parameters is long; see `Optimizer`.

    Raises:
        TypeError: as `Optimizer`.
        ValueError: as `Optimizer`.

    >>> x = Value(-3.0)
    >>> optimizer = Adam([x], lr=0.5)
    >>> (x**2).backward()
    >>> optimizer.step()  # the first step is as long as the rate
    >>> round(x.data, 6)
    -2.5

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1, in the
    order of operations that stands below it.
    """

    options: ClassVar[tuple[str, ...]] = ("betas", "eps", "weight_decay")
    remembered = "_mean", "_squares"
    counted = True
    _mean: Floats
    _squares: Floats
    betas: tuple[float, float]
    eps: float

    @own_keywords(ADAPTIVE)
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Callable[[int], float] = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        self._take(betas=betas, eps=eps, weight_decay=weight_decay)

    def move(self, rate: float, numbers: Floats, slopes: Floats, *memory: Floats) -> None:
        """See `Optimizer`."""
        mean, squares = memory
        (beta1, beta2), t = self.betas, self.moves
        self._shrink(rate, numbers, slopes)
        # β₁ (m - g) + g, which needs no array of its own.
        mean -= slopes
        mean *= beta1
        mean += slopes
        slopes *= slopes
        slopes *= 1.0 - beta2
        squares *= beta2
        squares += slopes
        # √(s / c²) + ε is (√s + c ε) / c.
        c = sqrt(1.0 - beta2**t)
        np.sqrt(squares, out=slopes)
        slopes += c * self.eps
        np.divide(mean, slopes, out=slopes)
        slopes *= rate * c / (1.0 - beta1**t)
        numbers -= slopes

    def _shrink(self, rate: float, numbers: Floats, slopes: Floats) -> None:
        """Let weight decay do its part, before the gradient is looked at."""
        if self.weight_decay:
            self._decay(numbers, slopes)


class AdamW(Adam):
    """Adam with weight decay of its own: each parameter shrinks, p ← (1 - γ λ) p, before it moves.

    In `Adam` the decay is divided by the root of the mean square, and so is weakest where
    gradients are large; here it is the same for all.

    Args:
        parameters: the Values to move, as `model.parameters()` gives them.
        lr: the learning rate γ, or a schedule; see `Optimizer`.
        betas: β₁ and β₂, from 0 up to but not including 1.
        eps: ε, above 0.
        weight_decay: λ, at least 0.
        clip_value: the most that a gradient by one parameter counts for; see `Optimizer`.
        clip_norm: the most that the gradient by all parameters is long; see `Optimizer`.

    Raises:
        TypeError: as `Optimizer`.
        ValueError: as `Optimizer`.

    >>> x, y = Value(-3.0), Value(2.0)
    >>> optimizer = AdamW([x, y], lr=0.5, weight_decay=0.1)
    >>> (x**2 + 0.0 * y).backward()
    >>> optimizer.step()
    >>> round(x.data, 6), round(y.data, 6)
    (-2.35, 1.9)

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2, with
    the rate in the decay, as PyTorch has it.
    """

    @own_keywords(ADAPTIVE)
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Callable[[int], float] = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(
            parameters, lr, betas, eps, weight_decay, clip_value=clip_value, clip_norm=clip_norm
        )

    def _shrink(self, rate: float, numbers: Floats, slopes: Floats) -> None:
        if self.weight_decay:
            numbers *= 1.0 - rate * self.weight_decay
