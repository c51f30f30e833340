"""The arguments of an estimator, looked at when it is fitted: scikit-learn sets them unasked.

Names of solvers, activations and rates stand in tables; one that means something else here, or
is not there, ends in an error that says what to write.
"""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nn.activations import activation_function
from nn.sklearn.required import scikit_learn
from nn.validation import flag, iterable, look_up, real, whole

# What scikit-learn calls two entries of our table of activations.
_ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}
SOLVERS: Mapping[str, str] = MappingProxyType(
    {name: name for name in ("adam", "sgd", "rmsprop", "adagrad")}
)
RATES: Mapping[str, str] = MappingProxyType(
    {name: name for name in ("constant", "invscaling", "adaptive")}
)
# scikit-learn's name of a loss of numbers, and ours.
_NUMBERS = ("half_squared_error", "mean_squared_error", "mean_absolute_error", "huber")
LOSSES_OF_NUMBERS: Mapping[str, str] = MappingProxyType(
    {"squared_error": "half_squared_error", **{name: name for name in _NUMBERS}}
)
_AUTO = 200  # samples in a batch, where there are as many


@dataclass(frozen=True, slots=True)
class EstimatorSettings:
    """The arguments of an estimator in the forms that training takes.

    Attributes:
        hidden: how many neurons each hidden layer has.
        activation: of the hidden layers.
        solver: a name in SOLVERS.
        alpha: the strength of the penalty.
        batch: samples in a step; None for as many as there are, up to 200.
        schedule: a name in RATES; "constant" for all solvers but "sgd".
        rate: the first learning rate.
        power: the exponent of "invscaling".
        epochs: at most.
        shuffle: draw a new order for each epoch.
        seed: of the network and the orders.
        tol: how much better an epoch has to be.
        waits: how many epochs may follow without.
        verbose: show a bar.
        momentum: of "sgd".
        nesterov: whether it looks ahead.
        held: the fraction of the samples held out; 0 for none.
        betas: of "adam".
        eps: of "adam".
    """

    hidden: list[int]
    activation: str
    solver: str
    alpha: float
    batch: int | None
    schedule: str
    rate: float
    power: float
    epochs: int
    shuffle: bool
    seed: int
    tol: float
    waits: float
    verbose: bool
    momentum: float
    nesterov: bool
    held: float
    betas: tuple[float, float]
    eps: float

    def batch_of(self, count: int) -> int:
        """Return how many of some samples are in a step."""
        return min(_AUTO if self.batch is None else self.batch, count)


def settings_of(estimator: Any) -> EstimatorSettings:
    """Return the arguments of an estimator.

    Raises:
        TypeError: if one is of the wrong kind.
        ValueError: if one is out of its range, or a name is unknown.
    """
    given: dict[str, Any] = estimator.get_params(deep=False)
    solver, momentum = _solver(given["solver"]), _share("momentum", given["momentum"])
    waits = given["n_iter_no_change"]
    return EstimatorSettings(
        hidden=_sizes(given["hidden_layer_sizes"]),
        activation=_activation(given["activation"]),
        solver=solver,
        alpha=real("alpha", given["alpha"], at_least=0.0),
        batch=None if given["batch_size"] == "auto" else whole("batch_size", given["batch_size"]),
        schedule=_schedule(given["learning_rate"], solver),
        rate=_above_0("learning_rate_init", given["learning_rate_init"]),
        power=real("power_t", given["power_t"], at_least=0.0),
        epochs=whole("max_iter", given["max_iter"]),
        shuffle=flag("shuffle", given["shuffle"]),
        seed=_seed(given["random_state"]),
        tol=real("tol", given["tol"], at_least=0.0),
        waits=math.inf if waits == math.inf else whole("n_iter_no_change", waits),
        verbose=bool(given["verbose"]),
        momentum=momentum,
        nesterov=flag("nesterovs_momentum", given["nesterovs_momentum"]) and momentum > 0.0,
        held=_held(given["early_stopping"], given["validation_fraction"]),
        betas=(_share("beta_1", given["beta_1"]), _share("beta_2", given["beta_2"])),
        eps=_above_0("epsilon", given["epsilon"]),
    )


def _sizes(given: Any) -> list[int]:
    if isinstance(given, numbers.Integral):
        given = [given]
    if isinstance(given, str) and given in LOSSES_OF_NUMBERS:
        raise TypeError(
            f"hidden_layer_sizes comes first here, where scikit-learn has loss since 1.7; got "
            f"{given!r}: write loss={given!r}, hidden_layer_sizes=(32, 16)"
        )
    sizes = iterable("hidden_layer_sizes", given, "a number of neurons, or a list, as in (32, 16)")
    return [whole(f"hidden_layer_sizes[{i}]", n) for i, n in enumerate(sizes)]


def _activation(given: Any) -> Any:
    known = _ACTIVATIONS.get(given, given) if isinstance(given, str) else given
    activation_function(known)
    return known


def _solver(given: Any) -> str:
    if given == "lbfgs":
        raise ValueError(
            "the solver lbfgs is not here: write solver='adam', with batch_size=len(X) for steps "
            "on all samples"
        )
    if given == "adamw":
        raise ValueError("write solver='adam': alpha is a penalty of its own, for each solver")
    return look_up("solver", given, SOLVERS)


def _schedule(given: Any, solver: str) -> str:
    if isinstance(given, numbers.Real):
        raise TypeError(
            f"learning_rate is told by its name, one of {', '.join(RATES)}; the number is "
            f"learning_rate_init={given}"
        )
    found = look_up("learning_rate", given, RATES)
    # As scikit-learn has it: a grid may go over solvers and rates together.
    return found if solver == "sgd" else "constant"


def _share(name: str, given: Any) -> float:
    x = real(name, given, at_least=0.0)
    if x >= 1.0:
        raise ValueError(f"{name} must be from 0 up to but not including 1; got {given!r:.60}")
    return x


def _above_0(name: str, given: Any) -> float:
    x = real(name, given)
    if x <= 0.0:
        raise ValueError(f"{name} must be above 0; got {given!r:.60}")
    return x


def _held(early: Any, fraction: Any) -> float:
    share = _share("validation_fraction", fraction)
    if not flag("early_stopping", early):
        return 0.0
    if share == 0.0:
        raise ValueError(
            "early_stopping watches samples that are held out, and validation_fraction is 0: "
            "write validation_fraction=0.1"
        )
    return share


def _seed(given: Any) -> int:
    """Return the seed of a random state; a whole number is one itself, as for `nn.fit`."""
    if isinstance(given, numbers.Integral):
        return whole("random_state", given, at_least=0, at_most=None)
    return int(scikit_learn("sklearn.utils").check_random_state(given).randint(2**31))
