"""How parameters start: the initialisers, each with the paper it comes from.

An initialiser draws a layer's weights, of shape (outputs, inputs), and biases, of shape
(outputs,), from a NumPy Generator. It is named, as in ``MLP(sizes, init="he")``, or given as an
object, as in ``init=Constant(0.5)``, or is any function ``(n_in, n_out, rng) -> (W, b)``.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from nn.spellings import names_of
from nn.validation import MOST, Floats, generator, instance, iterable, look_up, numeric, real, whole

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)

Draw: TypeAlias = Callable[[int, int, np.random.Generator], tuple[Any, Any]]
Seed: TypeAlias = int | np.random.Generator


@dataclass(frozen=True)
class Initialiser:
    """Draws the parameters of one dense layer; the base of the ones below.

    Weights and biases are drawn by two methods, because a network draws the weights of all its
    layers first and then all biases, as the textbook classes do.

    >>> class Halves(Initialiser):
    ...     def weights(self, n_in, n_out, rng):
    ...         return np.full((n_out, n_in), 0.5)
    >>> W, b = Halves()(2, 1, np.random.default_rng(0))
    >>> W.tolist(), b.tolist()
    ([[0.5, 0.5]], [0.0])
    """

    def weights(self, n_in: int, n_out: int, rng: np.random.Generator) -> Floats:
        """Return weights of shape (n_out, n_in)."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to draw weights")

    def biases(self, n_out: int, rng: np.random.Generator) -> Floats:
        """Return biases of shape (n_out,): zeros, where a class does not say otherwise."""
        _check(rng, n_out)
        return np.zeros(n_out)

    def __call__(self, n_in: int, n_out: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return weights of shape (n_out, n_in), then biases of shape (n_out,)."""
        return self.weights(n_in, n_out, rng), self.biases(n_out, rng)


@dataclass(frozen=True)
class ScaledNormal(Initialiser):
    """Weights from N(0, 1 / n_in), biases from N(0, 1): the textbook's start for sigmoid layers.

    The weighted sum of n_in inputs of size 1 then has variance 1 (and 2 with the bias).

    >>> W, b = ScaledNormal()(784, 512, np.random.default_rng(0))
    >>> W.shape, b.shape, round(float(W.var() * 784), 2)
    ((512, 784), (512,), 1.0)

    Source: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, equation 16, for the
    weights; Nielsen, "Neural Networks and Deep Learning", 2015, chapter 3, for both.
    """

    def weights(self, n_in: int, n_out: int, rng: np.random.Generator) -> Floats:
        """Return weights of shape (n_out, n_in)."""
        _check(rng, n_in, n_out)
        return rng.standard_normal((n_out, n_in)) / math.sqrt(n_in)

    def biases(self, n_out: int, rng: np.random.Generator) -> Floats:
        """Return biases of shape (n_out,)."""
        _check(rng, n_out)
        return rng.standard_normal((n_out, 1))[:, 0]


@dataclass(frozen=True)
class Uniform(Initialiser):
    """Weights uniform on [-limit, limit], biases 0.

    Args:
        limit: half the width; 1 / sqrt(n_in) if left out.

    >>> W, b = Uniform()(4, 2, np.random.default_rng(0))
    >>> bool(np.abs(W).max() <= 0.5), b
    (True, array([0., 0.]))

    Source: the "commonly used heuristic", equation 1 of Glorot and Bengio, "Understanding the
    difficulty of training deep feedforward neural networks", 2010.
    """

    limit: float | None = None

    def __post_init__(self) -> None:
        if self.limit is not None:
            limit = real("limit", self.limit, at_least=0.0)
            if math.isinf(2.0 * limit):
                raise ValueError(f"limit is half a width, which {limit} makes infinite: take less")

    def weights(self, n_in: int, n_out: int, rng: np.random.Generator) -> Floats:
        """Return weights of shape (n_out, n_in)."""
        _check(rng, n_in, n_out)
        limit = 1.0 / math.sqrt(n_in) if self.limit is None else self.limit
        return rng.uniform(-limit, limit, (n_out, n_in))


@dataclass(frozen=True)
class Xavier(Initialiser):
    """Weights uniform on [-a, a] with a = sqrt(6 / (n_in + n_out)), biases 0; suits tanh.

    Their variance, 2 / (n_in + n_out), keeps that of the activations going forward and that of
    the gradients going backward about the same from layer to layer.

    >>> W, _ = Xavier()(300, 100, np.random.default_rng(0))
    >>> round(float(W.var() * 200), 2)
    0.99

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, equation 16.
    """

    def weights(self, n_in: int, n_out: int, rng: np.random.Generator) -> Floats:
        """Return weights of shape (n_out, n_in)."""
        _check(rng, n_in, n_out)
        limit = math.sqrt(6.0 / (n_in + n_out))
        return rng.uniform(-limit, limit, (n_out, n_in))


@dataclass(frozen=True)
class He(Initialiser):
    """Weights from N(0, 2 / n_in), biases 0; suits relu, which halves the variance.

    >>> W, _ = He()(300, 100, np.random.default_rng(0))
    >>> round(float(W.var() * 150), 2)
    0.99

    Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, equation 10.
    """

    def weights(self, n_in: int, n_out: int, rng: np.random.Generator) -> Floats:
        """Return weights of shape (n_out, n_in)."""
        _check(rng, n_in, n_out)
        return rng.standard_normal((n_out, n_in)) * math.sqrt(2.0 / n_in)


@dataclass(frozen=True)
class Constant(Initialiser):
    """Every weight the same, and every bias: the start from which nothing is learned apart.

    All neurons of a layer then compute the same, get the same gradient and stay equal for ever.

    >>> Constant(0.25)(2, 2, np.random.default_rng(0))
    (array([[0.25, 0.25],
           [0.25, 0.25]]), array([0., 0.]))

    Source: Rumelhart, Hinton and Williams, "Learning internal representations by error
    propagation", 1986, section "Symmetry breaking".
    """

    weight: float = 0.5
    bias: float = 0.0

    def __post_init__(self) -> None:
        real("weight", self.weight)
        real("bias", self.bias)

    def weights(self, n_in: int, n_out: int, rng: np.random.Generator) -> Floats:
        """Return weights of shape (n_out, n_in)."""
        _check(rng, n_in, n_out)
        return np.full((n_out, n_in), float(self.weight))

    def biases(self, n_out: int, rng: np.random.Generator) -> Floats:
        """Return biases of shape (n_out,)."""
        _check(rng, n_out)
        return np.full(n_out, float(self.bias))


def _check(rng: object, *counts: object) -> None:
    """Check the arguments of every initialiser: counts of inputs and outputs, and a Generator."""
    size = math.prod([whole("the number of inputs and of outputs", count) for count in counts])
    if size > MOST:
        raise ValueError(f"{size:,} weights are more than memory holds: take fewer")
    instance("an initialiser", rng, np.random.Generator, "a NumPy Generator, default_rng(0)")


INITIALISERS: Mapping[str, Initialiser] = MappingProxyType(
    {
        "scaled_normal": ScaledNormal(),
        "uniform": Uniform(),
        "xavier": Xavier(),
        "he": He(),
        "constant": Constant(),
    }
)


def initialiser(init: str | Draw) -> Draw:
    """Return the initialiser that a name or an object stands for.

    Raises:
        ValueError: if no initialiser has that name.
        TypeError: if it is neither a name nor something to call.

    >>> initialiser("he")
    He()
    """
    if isinstance(init, str):
        return look_up("initialiser", init, INITIALISERS)
    given: Any = init
    if isinstance(given, type):
        raise TypeError(f"init is the class {given.__name__}: write {given.__name__}()")
    if not callable(given):
        raise TypeError(
            "init is a name, an initialiser or a function (n_in, n_out, rng) -> (W, b); "
            f"got {given!r}"
        )
    return init


def described(init: str | Draw) -> str:
    """Return an initialiser as a record has it: its name, or how its object is written.

    >>> described("he"), described(He()), described(Constant(0.25))
    ('he', 'he', 'Constant(weight=0.25, bias=0.0)')
    """
    if isinstance(init, str):
        return init
    for name, known in INITIALISERS.items():
        if init == known:
            return name
    if isinstance(init, Initialiser):
        return repr(init)
    return f"function {getattr(init, '__name__', type(init).__name__)}"


def draw(init: str | Draw, sizes: Sequence[int], seed: Seed) -> list[tuple[Floats, Floats]]:
    """Return (W, b) for each layer between neighbours in `sizes`.

    An `Initialiser` draws all weights before any biases; another function draws layer by layer.

    Raises:
        ValueError: if the function returns arrays of wrong shapes or that are not finite.

    >>> [(W.shape, b.shape) for W, b in draw("he", [3, 4, 1], seed=0)]
    [((4, 3), (4,)), ((1, 4), (1,))]
    """
    rng = generator(seed)
    chosen = initialiser(init)
    counts = iterable("sizes", sizes, "a list of whole numbers, such as [2, 8, 1]")
    layers = list(itertools.pairwise([whole("a layer's size", count) for count in counts]))
    if isinstance(chosen, Initialiser):
        drawn = [chosen.weights(n_in, n_out, rng) for n_in, n_out in layers]
        return [
            checked_pair(described(init), (W, chosen.biases(n_out, rng)), n_in, n_out)
            for W, (n_in, n_out) in zip(drawn, layers, strict=True)
        ]
    return [
        checked_pair(described(init), chosen(n_in, n_out, rng), n_in, n_out)
        for n_in, n_out in layers
    ]


def checked_pair(what: str, pair: Any, n_in: int, n_out: int) -> tuple[Floats, Floats]:
    """Return (W, b) as float arrays of shapes (n_out, n_in) and (n_out,).

    Raises:
        ValueError: if it is not a pair of finite arrays of these shapes; b may also be (n_out, 1).
    """
    if not isinstance(pair, tuple | list) or len(cast(Any, pair)) != 2:
        raise ValueError(f"{what}: expected a pair (W, b); got {pair!r:.60}")
    gap = "every weight and bias is a finite number"
    W = numeric(f"{what}: W", cast(Any, pair)[0], gap).astype(np.float64)
    b = numeric(f"{what}: b", cast(Any, pair)[1], gap).astype(np.float64)
    if W.shape != (n_out, n_in) or b.shape not in ((n_out,), (n_out, 1)):
        raise ValueError(
            f"{what}: expected W of shape {(n_out, n_in)} (outputs, inputs) and b of shape "
            f"{(n_out,)}; got {W.shape} and {b.shape}"
        )
    return W, b.reshape(n_out)
