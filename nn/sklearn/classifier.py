"""`MLPClassifier`: labels to the numbers that a loss takes, and outputs to labels.

The arguments are scikit-learn's, in its order; `base` trains.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# scikit-learn's classes are of no known type.

from typing import Any

import numpy as np

from nn.data.labels import listed
from nn.module import Module
from nn.sklearn.base import Estimator, LearningTask, Samples
from nn.sklearn.required import ClassifierMixin, scikit_learn
from nn.sklearn.spellings import ESTIMATOR
from nn.validation import Array, Floats, own_keywords


class MLPClassifier(ClassifierMixin, Estimator):
    """A multilayer perceptron of ours that tells classes, as an estimator of scikit-learn.

    Fitting makes an `MLP` and calls `nn.fit`; the arguments are scikit-learn's, and mean the same.
    Two classes have one output and the loss `binary_cross_entropy`, more have `cross_entropy`, and
    rows of 0 and 1, for any number of labels a sample, `binary_cross_entropy` for each.

    Args:
        hidden_layer_sizes: the number of neurons in each hidden layer, such as (32, 16); () for no
            hidden layer.
        activation: of the hidden layers: "identity", "logistic", "tanh", "relu", or any other name
            of `nn.activations`.
        solver: "adam", "sgd", "rmsprop" or "adagrad".
        alpha: the strength of the penalty: α/2 times the squares of the weights, biases left out,
            over the number of samples in a batch (or the sum of their weights) is added to the
            loss.
        batch_size: samples in a step; "auto" for 200, or all if there are fewer.
        learning_rate: of "sgd": "constant"; "invscaling", learning_rate_init / (t + 1)^power_t
            after t samples; or "adaptive", divided by 5 each time that training would end, down to
            1e-6.
        learning_rate_init: the first learning rate.
        power_t: the exponent of "invscaling".
        max_iter: the number of epochs at most.
        shuffle: draw a new order of the samples for each epoch.
        random_state: a whole number, which is the seed of the network and of `nn.fit`; a
            RandomState to draw one from; or None for another one each time.
        tol: by how much the loss has to fall, or with early_stopping the score to rise.
        verbose: show the bar of `nn.fit`.
        warm_start: let the next fit go on from the parameters of this one.
        momentum: of "sgd".
        nesterovs_momentum: whether the momentum of "sgd" looks ahead.
        early_stopping: hold samples out, of each class its share, watch the accuracy on them in
            place of the loss, and keep the parameters of the best epoch.
        validation_fraction: the fraction to hold out.
        beta_1: how slowly the mean gradient of "adam" fades.
        beta_2: how slowly the mean square of "adam" fades.
        epsilon: what "adam" adds to the root of the mean square.
        n_iter_no_change: how many epochs may follow without an improvement by tol.

    Attributes:
        model_: the `MLP`: all that a model of ours can do it can, with the names of the classes and
            columns.
        history_: the `History` of its training.
        classes_: the classes, sorted.
        n_features_in_: the number of inputs.
        feature_names_in_: the names of the inputs, where X was a frame with names.
        n_iter_: how many epochs the last call took.
        coefs_: the weights of each layer, of shape (inputs, outputs).
        intercepts_: the biases of each layer.
        loss_curve_: the loss of each epoch, without the penalty.
        loss_: the last of them.
        best_loss_: the least of them; None with early_stopping.
        validation_scores_: the accuracy after each epoch on the samples held out, or None.
        best_validation_score_: the best of them, or None.
        t_: how many samples were trained on, each as often as it was.
        n_layers_: the number of layers, the inputs counted.
        n_outputs_: the number of outputs.
        out_activation_: what makes probabilities of the outputs: "softmax" or "logistic".

    Raises:
        ImportError: if scikit-learn is missing or older than 1.6, with what to install.
        TypeError: if an argument has another name, with ours; when fitting if it is of the
            wrong kind.
        ValueError: when fitting if an argument is out of its range, or data and arguments do not
            fit; when predicting if nothing was fitted.

    >>> from nn import datasets
    >>> from nn.sklearn import MLPClassifier
    >>> X, y = datasets.moons(200, seed=0)
    >>> names = ["upper" if label == 0 else "lower" for label in y]
    >>> network = MLPClassifier((16,), learning_rate_init=0.05, random_state=0).fit(X, names)
    >>> network.predict(X[:3]).tolist() == names[:3], network.score(X, names) > 0.95
    (True, True)
    >>> network.model_.sizes, network.history_.metric_name
    ([2, 16, 1], 'accuracy')
    """

    @own_keywords(ESTIMATOR)
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPClassifier":
        """Train a new network, or with warm_start go on with the one that is there.

        Args:
            X: the samples, of shape (samples, inputs): an array, a frame or a sparse matrix, which
                takes the memory of all its numbers here.
            y: the class of each, by any names; or rows of 0 and 1, for any number of labels each.
            sample_weight: a weight of at least 0 for each sample; None for the same.

        Returns:
            The estimator.

        Raises:
            ValueError: if the data or an argument is not as it has to be.
            DivergenceError: if the loss or a gradient is no longer finite.
        """
        goes_on = self._goes_on()
        samples, labels = self._read(X, y, begins=not goes_on)
        classes = _classes_of(labels)
        if goes_on and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start goes on with the classes {listed(self.classes_)}, and y holds "
                f"{listed(classes)}: write warm_start=False"
            )
        return self._learn(samples, labels, classes, sample_weight, goes_on=goes_on, once=False)

    def partial_fit(
        self, X: Any, y: Any, *, classes: Any = None, sample_weight: Any = None
    ) -> "MLPClassifier":
        """Go over some samples once, with the network and the solver that are there.

        Args:
            X: the samples.
            y: their classes.
            classes: all classes that there are; at the first call, and needed there.
            sample_weight: a weight for each sample; None for the same.

        Returns:
            The estimator.

        Raises:
            ValueError: if classes is missing at the first call or another one later, y holds a
                class that is none of them, or early_stopping is set.
        """
        goes_on = hasattr(self, "model_")
        samples, labels = self._read(X, y, begins=not goes_on)
        if not goes_on and classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit, since these samples may "
                "not have them all: write classes=np.unique(y) of all of them"
            )
        told = self.classes_ if classes is None else _classes_of(np.asarray(classes), alone=True)
        if goes_on and not np.array_equal(told, self.classes_):
            raise ValueError(
                f"partial_fit goes on with the classes {listed(self.classes_)}; got "
                f"classes={listed(told)}: leave it out"
            )
        return self._learn(samples, labels, told, sample_weight, goes_on=goes_on, once=True)

    def _learn(
        self, X: Floats, y: Array, classes: Array, weights: Any, *, goes_on: bool, once: bool
    ) -> "MLPClassifier":
        multilabel = y.ndim == 2
        if multilabel and y.shape[1] != len(classes):
            raise ValueError(f"y has {y.shape[1]} labels a sample, and there are {len(classes)}")
        if len(classes) < 2:
            raise ValueError(
                f"y holds one class, {listed(classes)}: there is nothing to tell apart"
            )
        outputs = 1 if len(classes) == 2 and not multilabel else len(classes)
        loss = "binary_cross_entropy" if multilabel or outputs == 1 else "cross_entropy"
        task = LearningTask(loss, outputs, classes, multilabel)
        targets = y.astype(np.float64) if multilabel else _places(y, classes)
        return self._train(task, Samples(X, targets, weights), goes_on=goes_on, once=once)

    def predict(self, X: Any) -> Array:
        """Return the class of each sample, or rows of 0 and 1."""
        rows = self._samples(X)
        return self.model_.predict_classes(rows)

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class for each sample, in the order of `classes_`."""
        rows = self._samples(X)
        return self.model_.predict_probabilities(rows)

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of the probabilities, also of those that are 0 as floats."""
        rows = self._samples(X)
        outputs = self.model_.predict(rows)
        if self.n_outputs_ > 1 and self.out_activation_ == "logistic":
            return -np.logaddexp(0.0, -outputs)
        reading = LearningTask("cross_entropy", self.n_outputs_).schema(None).reading
        return reading.log_probabilities(outputs)

    def _score_of(self, held: Samples, model: Module) -> float:
        outputs = model.predict(held.X)
        if outputs.shape[1] > 1 and held.targets.ndim == 1:
            said: Array = outputs.argmax(axis=1)
        else:
            said = (outputs > 0.0).astype(np.int64).reshape(held.targets.shape)
        metrics = scikit_learn("sklearn.metrics")
        return float(metrics.accuracy_score(held.targets, said, sample_weight=held.weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _classes_of(y: Array, *, alone: bool = False) -> Array:
    """Return the classes that labels are of; of rows of 0 and 1, the places in a row.

    Args:
        y: the labels.
        alone: whether these are the classes themselves, each once.

    Raises:
        ValueError: if they are no labels.
    """
    multiclass = scikit_learn("sklearn.utils.multiclass")
    if y.ndim == 1:
        if not alone:
            multiclass.check_classification_targets(y)
        return multiclass.unique_labels(y)
    multiclass.check_classification_targets(y)
    if multiclass.type_of_target(y) != "multilabel-indicator":
        raise ValueError(
            f"y holds {y.shape[1]} labels a sample that are not 0 and 1: write "
            "sklearn.multioutput.MultiOutputClassifier(estimator)"
        )
    return np.arange(y.shape[1])


def _places(y: Array, classes: Array) -> Array:
    """Return the places of labels among the classes.

    Raises:
        ValueError: naming those that are none.
    """
    strange = np.setdiff1d(y, classes)
    if len(strange):
        raise ValueError(f"y holds {listed(strange)}, and the classes are {listed(classes)}")
    return np.searchsorted(classes, y)
