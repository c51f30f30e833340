"""What both estimators do: samples in, a run of `nn.fit`, and its results by scikit-learn's names.

Targets reach `fit` as the numbers that the loss takes; the names of classes and columns are put
into the model after it, which so is a model of ours like any other.
"""

# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# The epochs of several calls become one history; and scikit-learn's classes are of no known type.

import warnings
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nn.data.hints import runs_away
from nn.data.labels import Targets
from nn.data.schema import Schema, keep_schema, schema_of
from nn.data.weights import sample_weights
from nn.layers import MLP
from nn.losses import loss_named
from nn.module import Module
from nn.sklearn.required import BaseEstimator, scikit_learn
from nn.sklearn.settings import EstimatorSettings, settings_of
from nn.sklearn.solvers import Pulled, solver_of
from nn.sklearn.spellings import ESTIMATOR
from nn.sklearn.watching import EpochWatch
from nn.spellings.tensors import refuse_tensors
from nn.training.batches import held_out
from nn.training.fit import fit
from nn.training.history import History
from nn.validation import Array, Floats, flag


class LearningTask(NamedTuple):
    """What is to be learned.

    Attributes:
        loss: the name of the loss.
        outputs: how many the network has.
        classes: the names of the classes; None where there are none.
        multilabel: whether each output is a yes or no of its own.
    """

    loss: str
    outputs: int
    classes: Array | None = None
    multilabel: bool = False

    @property
    def tells_classes(self) -> bool:
        """Whether each sample has one class."""
        return self.classes is not None and not self.multilabel

    @property
    def output_activation(self) -> str:
        """What scikit-learn calls the activation of the outputs, which is part of the loss here."""
        if self.classes is None:
            return "identity"
        return "logistic" if self.outputs == 1 or self.multilabel else "softmax"

    def schema(self, classes: Array | None, columns: tuple[str, ...] = ()) -> Schema:
        """Return how a network reads its data."""
        named = None if self.multilabel else classes
        targets = Targets(np.zeros(0), named, self.multilabel)
        return schema_of(loss_named(self.loss), "linear", targets, columns, ())


class Samples(NamedTuple):
    """Samples, their targets as the loss takes them, and their weights; None for no weights."""

    X: Floats
    targets: Array
    weights: Floats | None = None

    def part(self, places: Array) -> "Samples":
        """Return some of them, by places or by a mark for each."""
        weights = None if self.weights is None else self.weights[places]
        return Samples(self.X[places], self.targets[places], weights)

    @property
    def given(self) -> tuple[Array, ...]:
        """The arrays that there are."""
        return tuple([x for x in self if x is not None])

    @property
    def mean_weight(self) -> float:
        """The mean of the weights."""
        return 1.0 if self.weights is None else float(self.weights.mean())


class Start(NamedTuple):
    """What a run begins with.

    Attributes:
        model: the network.
        optimizer: what moves its parameters.
        seed: of the orders.
        earlier: the history that it goes on from; None for none.
        seen: how many samples were seen.
        again: whether it is one more call of `partial_fit`.
    """

    model: MLP
    optimizer: Pulled
    seed: int
    earlier: History | None
    seen: int
    again: bool


class Estimator(BaseEstimator):
    """The common ground of `MLPClassifier` and `MLPRegressor`."""

    model_: MLP
    history_: History
    classes_: Array
    n_iter_: int
    t_: int
    loss_: float
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    out_activation_: str
    _optimizer: Pulled
    _seed: int

    def __init__(self, **arguments: Any) -> None:
        scikit_learn("sklearn.base")  # says what to install
        for name, given in arguments.items():
            setattr(self, name, given)

    @property
    def coefs_(self) -> list[Floats]:
        """The weights of each layer, of shape (inputs, outputs)."""
        return [W.T for W, _ in self._fitted().arrays()]

    @property
    def intercepts_(self) -> list[Floats]:
        """The biases of each layer."""
        return [b for _, b in self._fitted().arrays()]

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each epoch, without the penalty."""
        self._fitted()
        return self.history_.loss

    @property
    def n_layers_(self) -> int:
        """The number of layers, the inputs counted."""
        return len(self._fitted().sizes)

    @property
    def n_outputs_(self) -> int:
        """The number of outputs."""
        return self._fitted().sizes[-1]

    def _fitted(self) -> MLP:
        scikit_learn("sklearn.utils.validation").check_is_fitted(self, "model_")
        return self.model_

    def set_params(self, **params: Any) -> Any:
        """Set arguments by their names, as scikit-learn does."""
        known = self.get_params()
        for name in params:
            if name not in known and f"{name}=" in ESTIMATOR:
                raise ValueError(
                    f"{type(self).__name__} has no argument {name!r}: write {ESTIMATOR[f'{name}=']}"
                )
        return super().set_params(**params)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # Data -----------------------------------------------------------------------------------------

    def _goes_on(self) -> bool:
        """Whether a call of `fit` goes on from the one before."""
        return flag("warm_start", self.warm_start) and hasattr(self, "model_")

    def _read(self, X: Any, y: Any, *, begins: bool, numbers: bool = False) -> tuple[Floats, Array]:
        """Return samples and their targets as arrays; columns are kept or compared."""
        validation = scikit_learn("sklearn.utils.validation")
        refuse_tensors("X", X)
        refuse_tensors("y", y)
        samples, targets = validation.validate_data(
            self, X, y, accept_sparse=True, multi_output=True, y_numeric=numbers,
            dtype=np.float64, reset=begins,
        )  # fmt: skip
        told = _dense(targets)
        if told.ndim == 2 and told.shape[1] == 1:
            told = validation.column_or_1d(told, warn=True)
        return _dense(samples), told

    def _samples(self, X: Any) -> Floats:
        """Return samples to predict from as an array."""
        self._fitted()
        refuse_tensors("X", X)
        validation = scikit_learn("sklearn.utils.validation")
        return _dense(
            validation.validate_data(self, X, accept_sparse=True, dtype=np.float64, reset=False)
        )

    # Training -------------------------------------------------------------------------------------

    def _train(self, task: LearningTask, samples: Samples, *, goes_on: bool, once: bool) -> Any:
        """Train, and keep what came of it.

        Args:
            task: what is to be learned.
            samples: those to learn it from.
            goes_on: whether the network that is there is trained further.
            once: whether this is `partial_fit`, an epoch with the optimiser that is there.
        """
        settings = settings_of(self)
        if once and settings.held:
            raise ValueError(
                "partial_fit goes over the samples once and has none to hold out: write "
                "early_stopping=False"
            )
        if samples.weights is not None:
            weights = sample_weights(samples.weights, len(samples.X))
            # Samples that weigh nothing are as if they were not there; a batch of them has no mean.
            samples = samples._replace(weights=weights).part(weights > 0.0)
        start = self._begin(settings, task, samples.X.shape[1], goes_on=goes_on, once=once)
        train, held = samples, None
        if settings.held:
            if len(samples.X) < 2:
                raise ValueError(
                    "early_stopping watches samples that are held out, and there is one alone: "
                    "give more, or write early_stopping=False"
                )
            strata = samples.targets if task.tells_classes else None
            kept, out = held_out(len(samples.X), settings.held, start.seed, strata)
            train, held = samples.part(kept), samples.part(out)
        size = settings.batch_of(len(train.X))
        start.optimizer.pull(start.model, settings.alpha / (size * train.mean_weight))
        score = None if held is None else partial(self._score_of, held)
        watch = EpochWatch(settings, start.optimizer, len(train.X), start.seen, score)
        try:
            history = fit(
                start.model, train.X, train.targets, sample_weight=train.weights,
                loss=task.loss, optimizer=start.optimizer, epochs=1 if once else settings.epochs,
                batch_size=size, validation=None if held is None else [*held.given],
                shuffle=settings.shuffle, seed=start.seed, history=start.earlier,
                callbacks=[watch], progress=settings.verbose,
            )  # fmt: skip
        finally:
            columns = tuple(getattr(self, "feature_names_in_", ()))
            keep_schema(start.model, task.schema(task.classes, columns))
        if watch.arrays:
            start.model.set_arrays(watch.arrays)
        self._keep(task, start, history, watch)
        # With scores, the best epoch is kept, whatever came after it.
        gone = "" if watch.scores else runs_away(
            self.loss_curve_[-self.n_iter_ :], loss_named(task.loss), train.targets,
            "write a smaller learning_rate_init, or scale the inputs and targets",
        )  # fmt: skip
        if gone or not (once or watch.is_ended):
            _warn_of_the_end(gone or watch.words_at_the_end)
        return self

    def _begin(
        self,
        settings: EstimatorSettings,
        task: LearningTask,
        inputs: int,
        *,
        goes_on: bool,
        once: bool,
    ) -> Start:
        """Return what a run begins with, its model ready to read targets as numbers."""
        sizes = [inputs, *settings.hidden, task.outputs]
        if goes_on and self.model_.sizes != sizes:
            raise ValueError(
                f"training goes on with a network of sizes {self.model_.sizes}, and now {sizes} "
                "are asked for: write warm_start=False and fit, or sklearn.base.clone(estimator)"
            )
        if goes_on:
            model, seed, seen = self.model_, self._seed, self.t_
        else:
            model = MLP(sizes, settings.activation, init="xavier", seed=settings.seed)
            seed, seen = settings.seed, 0
        again = goes_on and once
        optimizer = self._optimizer if again else solver_of(settings, model)
        count = 2 if task.outputs == 1 else task.outputs
        keep_schema(model, task.schema(None if task.classes is None else np.arange(count)))
        if again:
            # Other samples each time: a run of its own, whose order is another one.
            return Start(model, optimizer, seed + len(self.history_), None, seen, again)
        return Start(model, optimizer, seed, self.history_ if goes_on else None, seen, again)

    def _keep(self, task: LearningTask, start: Start, history: History, watch: EpochWatch) -> None:
        """Set what scikit-learn calls the results of a run."""
        if history.interrupted and not len(history):
            raise KeyboardInterrupt
        self.n_iter_ = len(history) - len(start.earlier or ())
        if start.again:
            records = [replace(x, epoch=len(self.history_) + x.epoch) for x in history]
            history._replace([*self.history_, *records])
        else:
            self._seed = start.seed
        if task.classes is not None:
            self.classes_ = task.classes
            history.classes = task.classes.tolist() if task.tells_classes else None
        self.model_, self.history_, self._optimizer = start.model, history, start.optimizer
        self.t_ = watch.seen
        self.out_activation_ = task.output_activation
        losses, scored = history.loss, bool(watch.scores)
        self.loss_ = losses[-1] if losses else float("nan")
        self.best_loss_ = None if scored or not losses else min(losses)
        self.validation_scores_ = watch.scores if scored else None
        self.best_validation_score_ = watch.best if scored else None
        if history.interrupted:
            # The model is as after the last epoch; a grid around this one ends as well.
            raise KeyboardInterrupt

    def _score_of(self, held: Samples, model: Module) -> float:
        """Return the score of a model on samples held out."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to score")


def _dense(x: Any) -> Any:
    """Return an array that is there as a whole, and not by those of its numbers that are not 0."""
    return x.toarray() if hasattr(x, "toarray") else x


def _warn_of_the_end(words: str) -> None:
    kind = scikit_learn("sklearn.exceptions").ConvergenceWarning
    warnings.warn(words, kind, stacklevel=5)  # where `fit` was called
