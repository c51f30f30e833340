"""`MLPRegressor`: numbers in, numbers out.

The arguments are scikit-learn's by its names, the sizes first as before its 1.7, which put `loss`
there; `base` trains.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# scikit-learn's classes are of no known type.

from typing import Any

import numpy as np

from nn.module import Module
from nn.sklearn.base import Estimator, LearningTask, Samples
from nn.sklearn.required import RegressorMixin, scikit_learn
from nn.sklearn.settings import LOSSES_OF_NUMBERS
from nn.sklearn.spellings import ESTIMATOR
from nn.validation import Floats, look_up, own_keywords


class MLPRegressor(RegressorMixin, Estimator):
    """A multilayer perceptron of ours that says numbers, as an estimator of scikit-learn.

    Args:
        hidden_layer_sizes: as those of `MLPClassifier`, and so are all others.
        activation: of the hidden layers.
        loss: "squared_error", ½ Σ (a - y)² over the outputs; or by our names, "half_squared_error",
            which is the same, "mean_squared_error", "mean_absolute_error" or "huber".
        solver: "adam", "sgd", "rmsprop" or "adagrad".
        alpha: the strength of the penalty.
        batch_size: samples in a step.
        learning_rate: of "sgd".
        learning_rate_init: the first learning rate.
        power_t: the exponent of "invscaling".
        max_iter: the number of epochs at most.
        shuffle: draw a new order of the samples for each epoch.
        random_state: a seed.
        tol: by how much the loss has to fall, or with early_stopping the score to rise.
        verbose: show the bar of `nn.fit`.
        warm_start: let the next fit go on from the parameters of this one.
        momentum: of "sgd".
        nesterovs_momentum: whether the momentum of "sgd" looks ahead.
        early_stopping: hold samples out, watch R² on them, keep the parameters of the best epoch.
        validation_fraction: the fraction to hold out.
        beta_1: of "adam".
        beta_2: of "adam".
        epsilon: of "adam".
        n_iter_no_change: how many epochs may follow without an improvement by tol.

    Attributes:
        model_: the `MLP`.
        history_: the `History` of its training.
        n_features_in_: the number of inputs.
        feature_names_in_: the names of the inputs, where X was a frame with names.
        n_iter_: how many epochs the last call took; this and the others as those of
            `MLPClassifier`, which has classes besides.

    Raises:
        ImportError: as `MLPClassifier`.
        TypeError: as `MLPClassifier`.
        ValueError: as `MLPClassifier`.

    >>> from nn import datasets
    >>> from nn.sklearn import MLPRegressor
    >>> X, y = datasets.line(200, seed=0)
    >>> options = {"batch_size": 20, "learning_rate_init": 0.05, "random_state": 0}
    >>> network = MLPRegressor((), **options).fit(X, y)
    >>> print(f"y = {network.coefs_[0][0, 0]:.1f} x + {network.intercepts_[0][0]:.1f}")
    y = 2.0 x + -1.0
    """

    @own_keywords(ESTIMATOR)
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: str = "squared_error",
        solver: str = "adam",
        alpha: float = 1e-4,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 1e-3,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            loss=loss,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
        )

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPRegressor":
        """Train a new network, or with warm_start go on with the one that is there.

        Args:
            X: the samples, of shape (samples, inputs): an array, a frame or a sparse matrix, which
                takes the memory of all its numbers here.
            y: the targets, of shape (samples,) or (samples, outputs).
            sample_weight: a weight of at least 0 for each sample; None for the same.

        Returns:
            The estimator.

        Raises:
            ValueError: if the data or an argument is not as it has to be.
            DivergenceError: if the loss or a gradient is no longer finite.
        """
        return self._learn(X, y, sample_weight, goes_on=self._goes_on(), once=False)

    def partial_fit(self, X: Any, y: Any, *, sample_weight: Any = None) -> "MLPRegressor":
        """Go over some samples once, with the network and the solver that are there.

        Args:
            X: the samples.
            y: their targets.
            sample_weight: a weight for each sample; None for the same.

        Returns:
            The estimator.

        Raises:
            ValueError: as when fitting, or if early_stopping is set.
        """
        goes_on = hasattr(self, "model_")
        return self._learn(X, y, sample_weight, goes_on=goes_on, once=True)

    def _learn(self, X: Any, y: Any, weights: Any, *, goes_on: bool, once: bool) -> "MLPRegressor":
        loss = look_up("loss", self.loss, LOSSES_OF_NUMBERS)
        samples, numbers = self._read(X, y, begins=not goes_on, numbers=True)
        task = LearningTask(loss, 1 if numbers.ndim == 1 else numbers.shape[1])
        known = Samples(samples, numbers.astype(np.float64), weights)
        return self._train(task, known, goes_on=goes_on, once=once)

    def predict(self, X: Any) -> Floats:
        """Return the number, or the numbers, that the network says for each sample."""
        rows = self._samples(X)
        outputs = self.model_.predict(rows)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _score_of(self, held: Samples, model: Module) -> float:
        if len(held.X) < 2:
            raise ValueError(
                "early_stopping watches R², which one sample held out does not have: write a "
                "larger validation_fraction"
            )
        said = model.predict(held.X).reshape(held.targets.shape)
        metrics = scikit_learn("sklearn.metrics")
        return float(metrics.r2_score(held.targets, said, sample_weight=held.weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
