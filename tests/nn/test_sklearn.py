"""The estimators for scikit-learn: its own checks, its own MLPs beside ours, and its tools.

What it does where scikit-learn is missing is in `test_sklearn_missing.py`.
"""

# ruff: noqa: E402

import copy
import doctest
import pickle
import re
import unittest
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

sklearn = pytest.importorskip("sklearn", "1.6", reason="scikit-learn 1.6 is not installed")

import joblib
from scipy import sparse
from sklearn import datasets as theirs
from sklearn import neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

import nn
from nn import MLP, fit, interop
from nn.sklearn import MLPClassifier, MLPRegressor
from nn.sklearn.settings import LOSSES_OF_NUMBERS, RATES, SOLVERS
from nn.sklearn.spellings import ESTIMATOR
from nn.sklearn.watching import EpochWatch
from support.places import ROOT

KINDS = [MLPClassifier, MLPRegressor]
TWINS = [
    (MLPClassifier, neural_network.MLPClassifier),
    (MLPRegressor, neural_network.MLPRegressor),
]
# Runs in these tests are short on purpose.
pytestmark = [
    pytest.mark.tools,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def scaled(X: Any) -> Any:
    return (X - X.mean(axis=0)) / X.std(axis=0)


IRIS = theirs.load_iris()
X3, irises = scaled(IRIS.data), IRIS.target_names[IRIS.target]
X2, two_irises = X3[:100], irises[:100]
NUMBERS = X3 @ [1.0, -0.5, 0.25, 2.0] + np.sin(X3[:, 0])
TWO = np.column_stack([NUMBERS, X3[:, 1] ** 2])
MANY = np.column_stack([X3[:, 0] > 0, X3[:, 2] > 0.3, X3[:, 1] > 0.8]).astype(int)


# scikit-learn's own checks ------------------------------------------------------------------------


def names_of(estimator: Any) -> set[str]:
    checks = estimator_checks_generator(estimator)
    return {getattr(check, "func", check).__name__ for _, check in checks}


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "twin"), TWINS)
def test_all_checks_of_scikit_learn_pass(kind: Any, twin: Any) -> None:
    done = check_estimator(kind(), on_skip=None, on_fail=None)
    failed = [x for x in done if x["status"] not in ("passed", "skipped")]
    assert not failed, [(x["check_name"], x["exception"]) for x in failed]
    assert len(done) > 55
    # None that scikit-learn's own pass is left out or skipped.
    assert names_of(twin()) <= names_of(kind())
    skipped = {x["check_name"] for x in done if x["status"] == "skipped"}
    for estimator, check in estimator_checks_generator(twin()):
        if getattr(check, "func", check).__name__ in skipped:
            with pytest.raises(unittest.SkipTest):
                check(estimator)


# Their MLPs beside ours ---------------------------------------------------------------------------


def side_by_side(kind: Any, twin: Any, X: Any, y: Any, **options: Any) -> tuple[Any, Any]:
    """Return ours and theirs, trained from the same parameters in the same order."""
    options = {"shuffle": False, "n_iter_no_change": 1000, **options}
    ours = kind((5, 3), random_state=0, **options).fit(X, y)
    other = twin(hidden_layer_sizes=(5, 3), warm_start=True, max_iter=1)
    other.set_params(activation=options.get("activation", "relu")).fit(X, y)
    begin = MLP(ours.model_.sizes, ours.model_.activation, init="xavier", seed=0).arrays()
    other.coefs_ = [W.T.copy() for W, _ in begin]
    other.intercepts_ = [b.copy() for _, b in begin]
    other.loss_curve_, other.best_loss_, other.t_ = [], np.inf, 0
    other._no_improvement_count = 0
    other.set_params(**options).fit(X, y)
    return ours, other


def assert_same(ours: Any, other: Any, rtol: float) -> None:
    for mine, his in zip(
        [*ours.coefs_, *ours.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
    ):
        np.testing.assert_allclose(mine, his, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize(
    ("kind", "twin", "X", "y"),
    [
        (*TWINS[0], X3, irises),
        (*TWINS[0], X2, two_irises),
        (*TWINS[1], X3, NUMBERS),
        (*TWINS[1], X3, TWO),
    ],
    ids=["three classes", "two classes", "numbers", "two numbers"],
)
def test_gradient_descent_takes_the_steps_of_theirs(
    kind: Any, twin: Any, X: Any, y: Any, activation: str
) -> None:
    options = {"solver": "sgd", "learning_rate_init": 0.01, "batch_size": 25, "max_iter": 12}
    ours, other = side_by_side(kind, twin, X, y, activation=activation, alpha=2.0, **options)
    assert_same(ours, other, 1e-9)
    attributes = ["n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"]
    assert [getattr(ours, x) for x in attributes] == [getattr(other, x) for x in attributes]


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": "invscaling", "power_t": 0.3, "momentum": 0.0},
        {"learning_rate": "adaptive", "n_iter_no_change": 2, "tol": 0.01, "momentum": 0.0},
        {"nesterovs_momentum": False, "momentum": 0.7},
        {"n_iter_no_change": 2, "tol": 0.05},
        {"batch_size": 1000},
    ],
)
@pytest.mark.filterwarnings("ignore:Got .batch_size. less")
def test_rates_and_ends_are_those_of_theirs(options: dict[str, Any]) -> None:
    options = {"solver": "sgd", "learning_rate_init": 0.1, "batch_size": 50, "alpha": 0.0} | options
    ours, other = side_by_side(*TWINS[0], X3, irises, max_iter=40, **options)
    assert_same(ours, other, 1e-9)
    assert ours.n_iter_ == other.n_iter_
    np.testing.assert_allclose(ours.loss_curve_, other.loss_curve_, rtol=1e-9)
    assert ours.best_loss_ == pytest.approx(other.best_loss_, rel=1e-9)
    assert ours.loss_ == pytest.approx(other.loss_, rel=1e-9)


def test_adam_takes_the_steps_of_theirs_but_for_the_place_of_epsilon() -> None:
    ours, other = side_by_side(*TWINS[0], X3, irises, batch_size=50, max_iter=20, alpha=1.0)
    assert_same(ours, other, 1e-4)
    assert np.abs(ours.coefs_[0] - other.coefs_[0]).max() > 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("load", "least"), [("iris", 0.94), ("wine", 0.96), ("breast_cancer", 0.96)]
)
def test_they_learn_the_small_sets_as_well(load: str, least: float) -> None:
    X, y = getattr(theirs, f"load_{load}")(return_X_y=True)
    options = {"learning_rate_init": 0.01, "max_iter": 60, "batch_size": 32, "random_state": 0}
    for kind in TWINS[0]:
        network = make_pipeline(StandardScaler(), kind(hidden_layer_sizes=(32,), **options))
        assert cross_val_score(network, X, y, cv=5).mean() >= least


# A thin class over `fit` --------------------------------------------------------------------------


def test_it_trains_as_fit_does_bit_for_bit() -> None:
    network = MLPClassifier((8,), "tanh", alpha=0.0, batch_size=40, max_iter=7, random_state=3)
    network.fit(X3, irises)
    model = MLP([4, 8, 3], "tanh", init="xavier", seed=3)
    history = fit(
        model, X3, irises, loss="cross_entropy", optimizer=nn.Adam(model.parameters(), 0.001),
        epochs=7, batch_size=40, seed=3, validation=None, progress=False,
    )  # fmt: skip
    assert [p.data for p in model.parameters()] == [p.data for p in network.model_.parameters()]
    assert network.loss_curve_ == history.loss == network.history_.loss
    assert network.history_.classes == history.classes
    assert np.array_equal(network.predict_proba(X3), model.predict_probabilities(X3))


def test_its_model_is_one_of_ours_with_the_names_of_classes_and_columns(tmp_path: Any) -> None:
    frame = pd.DataFrame(X3, columns=["a", "b", "c", "d"])
    network = MLPClassifier((4,), max_iter=5, random_state=0).fit(frame, irises)
    assert network.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    network.model_.save(tmp_path / "model.json")
    again = nn.Module.load(tmp_path / "model.json")
    assert again.classes.tolist() == network.classes_.tolist() == sorted(set(irises))
    turned = frame[["d", "c", "b", "a"]]
    assert np.array_equal(again.predict_classes(turned), network.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        network.predict(turned)
    with pytest.raises(ValueError, match=r"X lacks the column\(s\) 'd'"):
        again.predict(frame[["a", "b", "c"]])


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_solver_learns_and_its_penalty_pulls(kind: Any, solver: str) -> None:
    y = irises if kind is MLPClassifier else NUMBERS + 5.0
    options = {"solver": solver, "learning_rate_init": 0.05, "max_iter": 60, "random_state": 0}
    free = kind((6,), alpha=0.0, **options).fit(X3, y)
    assert free.loss_ < free.loss_curve_[0] / 2
    bound = kind((6,), alpha=100.0, **options).fit(X3, y)
    sizes = [sum(np.square(W).sum() for W in network.coefs_) for network in (free, bound)]
    assert sizes[1] < 0.8 * sizes[0]


def test_no_hidden_layer_a_number_of_neurons_and_names_of_ours() -> None:
    assert MLPRegressor((), max_iter=2).fit(X3, NUMBERS).model_.sizes == [4, 1]
    assert MLPRegressor(np.int64(3), max_iter=2).fit(X3, NUMBERS).model_.sizes == [4, 3, 1]
    assert MLPRegressor([3, 2], max_iter=2).fit(X3, NUMBERS).n_layers_ == 4
    network = MLPRegressor((3,), "gelu", max_iter=2).fit(X3, NUMBERS)
    assert network.model_.activation == "gelu"
    for loss in LOSSES_OF_NUMBERS:
        curve = MLPRegressor((9,), loss=loss, max_iter=30).fit(X3, NUMBERS).loss_curve_
        assert curve[-1] < curve[0]


def test_random_states() -> None:
    def first(state: Any) -> float:
        return MLPRegressor((3,), max_iter=1, random_state=state).fit(X3, NUMBERS).loss_

    assert first(7) == first(np.int64(7)) != first(8)
    assert first(np.random.RandomState(7)) == first(np.random.RandomState(7))
    source = np.random.RandomState(7)
    assert first(source) != first(source)
    assert first(None) != first(None)


# Weights, several labels, several numbers ---------------------------------------------------------


def test_a_weight_of_two_is_a_sample_twice_and_of_zero_none() -> None:
    weights = np.arange(len(X3)) % 3
    options = {"batch_size": 1000, "max_iter": 30, "alpha": 0.5, "random_state": 0}
    network = MLPClassifier((5,), **options).fit(X3, irises, sample_weight=weights)
    again = clone(network).fit(X3.repeat(weights, axis=0), irises.repeat(weights))
    np.testing.assert_allclose(network.predict_proba(X3), again.predict_proba(X3), rtol=1e-9)
    without = clone(network).set_params(batch_size=7)
    mask = (weights > 0).astype(float)
    a = clone(without).fit(X3, irises, sample_weight=mask).loss_curve_
    b = clone(without).fit(X3[mask > 0], irises[mask > 0]).loss_curve_
    np.testing.assert_allclose(a, b, rtol=1e-12)
    with pytest.raises(ValueError, match=r"sample_weight holds -1\.0 at \[2\]"):
        network.fit(X3, irises, sample_weight=np.where(np.arange(len(X3)) == 2, -1.0, 1.0))


def test_several_labels_a_sample() -> None:
    network = MLPClassifier((16,), learning_rate_init=0.02, random_state=0).fit(X3, MANY)
    said, shares = network.predict(X3), network.predict_proba(X3)
    assert said.shape == shares.shape == MANY.shape
    assert (said == MANY).mean() > 0.95
    assert np.array_equal(said, shares > 0.5)
    assert network.classes_.tolist() == [0, 1, 2]
    assert network.out_activation_ == "logistic"
    np.testing.assert_allclose(network.predict_log_proba(X3), np.log(shares), rtol=1e-9, atol=1e-12)
    assert np.array_equal(clone(network).fit(X3, sparse.csr_matrix(MANY)).predict(X3), said)


def test_logarithms_of_probabilities_keep_their_tails() -> None:
    for X, y in ((X2, two_irises), (X3, irises)):
        network = MLPClassifier((), max_iter=20, random_state=0).fit(X, y)
        far = network.predict_log_proba(1e6 * X)
        assert np.isfinite(far).all()
        assert far.min() < -1000
        near = network.predict_log_proba(X)
        np.testing.assert_allclose(near, np.log(network.predict_proba(X)), rtol=1e-9)


IS_FIRST = two_irises == two_irises[0]


@pytest.mark.parametrize(
    "labels",
    [
        IS_FIRST,
        np.where(IS_FIRST, -3.0, 8.0),
        np.where(IS_FIRST, 7, 2),
        two_irises,
        two_irises.astype(object),
        pd.Series(two_irises, dtype="category"),
    ],
    ids=["bools", "floats", "whole numbers", "text", "objects", "a category"],
)
def test_labels_of_any_kind_come_back(labels: Any) -> None:
    network = MLPClassifier((4,), learning_rate_init=0.05, random_state=0).fit(X2, labels)
    said = network.predict(X2)
    assert said.dtype == neural_network.MLPClassifier(max_iter=1).fit(X2, labels).classes_.dtype
    assert (said == np.asarray(labels)).all()
    assert network.score(X2, labels) == 1.0


def test_numbers_that_look_like_classes_are_numbers() -> None:
    rows = np.eye(3)[IRIS.target]
    network = MLPRegressor((6,), learning_rate_init=0.02, early_stopping=True, random_state=0)
    assert network.fit(X3, rows).predict(X3).shape == rows.shape
    assert len(network.validation_scores_) == network.n_iter_
    online = MLPRegressor((6,), random_state=0)
    for i in range(6):
        online.partial_fit(X3[i : i + 1], [[1.0, 0.0]] if i % 2 else [[0.5, 2.0]])
    assert len(online.history_) == 6


def test_a_sparse_matrix_is_the_dense_one() -> None:
    X = np.where(np.abs(X3) > 0.8, X3, 0.0)
    dense = MLPClassifier((4,), max_iter=5, random_state=0).fit(X, irises)
    for kind in (sparse.csr_matrix, sparse.csc_array):
        again = clone(dense).fit(kind(X), irises)
        assert np.array_equal(again.predict_proba(kind(X)), dense.predict_proba(X))


# Going on -----------------------------------------------------------------------------------------


def test_parts_go_on_with_the_network_and_the_solver() -> None:
    options = {"batch_size": 30, "max_iter": 3, "shuffle": False, "random_state": 0}
    whole = MLPClassifier((4,), **options).fit(X3, irises)
    parts = MLPClassifier((4,), **options)
    for _ in range(3):
        parts.partial_fit(X3, irises, classes=np.unique(irises))
        assert parts.n_iter_ == 1
    assert_same(parts, whole, 0.0)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.history_.epoch == [1, 2, 3]
    assert parts.t_ == whole.t_ == 450
    shuffled = clone(parts).set_params(shuffle=True)
    for _ in range(2):
        shuffled.partial_fit(X3, irises, classes=np.unique(irises))
    assert shuffled.history_.seed == [0, 1]  # another order each time


def test_a_part_need_not_have_every_class() -> None:
    network = MLPClassifier((8,), learning_rate_init=0.05, random_state=0)
    for _ in range(15):
        for name in np.unique(irises):
            network.partial_fit(
                X3[irises == name], irises[irises == name], classes=np.unique(irises)
            )
    assert network.classes_.tolist() == sorted(set(irises))
    assert network.predict_proba(X3).shape == (150, 3)
    two = MLPClassifier((8,), random_state=0).partial_fit(
        X2[:50], two_irises[:50], classes=np.unique(two_irises)
    )
    assert set(two.predict(X2)) <= set(two_irises)
    with pytest.raises(ValueError, match="y holds 'virginica', and the classes are 'setosa', 'ver"):
        two.partial_fit(X3, irises)


def test_copies_go_on_as_the_original_does() -> None:
    network = MLPClassifier((4,), random_state=0).partial_fit(X3, irises, classes=np.unique(irises))
    copies = [copy.deepcopy(network), pickle.loads(pickle.dumps(network))]
    expected = network.partial_fit(X3, irises).predict_proba(X3)
    for other in copies:
        assert np.array_equal(other.partial_fit(X3, irises).predict_proba(X3), expected)
        assert other.get_params() == network.get_params()
    fresh = clone(network)
    assert not hasattr(fresh, "model_")
    with pytest.raises(NotFittedError):
        _ = fresh.coefs_


def test_a_warm_start_goes_on_from_the_parameters() -> None:
    network = MLPClassifier((4,), warm_start=True, max_iter=4, random_state=0).fit(X3, irises)
    first, model = network.loss_, network.model_
    assert network.fit(X3, irises).model_ is model
    assert network.loss_ < first
    assert (network.n_iter_, len(network.loss_curve_), network.t_) == (4, 8, 1200)
    assert network.history_.epoch == [*range(1, 9)]
    cold = network.set_params(warm_start=False).fit(X3, irises)
    assert len(cold.loss_curve_) == 4
    network.set_params(warm_start=True)
    with pytest.raises(ValueError, match=r"classes 'setosa', 'versicolor', 'virginica', and y ho"):
        network.fit(X2, two_irises)
    with pytest.raises(ValueError, match=r"sizes \[4, 4, 3\], and now \[4, 5, 3\] are asked for"):
        network.set_params(hidden_layer_sizes=(5,)).fit(X3, irises)


# Ends ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "y"), [(MLPClassifier, irises), (MLPRegressor, NUMBERS)])
@pytest.mark.parametrize("weighted", [False, True])
def test_early_stopping_keeps_the_best_of_the_samples_held_out(
    kind: Any, y: Any, weighted: bool
) -> None:
    weights = 1.0 + np.arange(len(X3)) % 2 if weighted else None
    network = kind(
        (8,), early_stopping=True, validation_fraction=0.3, learning_rate_init=0.02,
        n_iter_no_change=3, random_state=5,
    ).fit(X3, y, sample_weight=weights)  # fmt: skip
    _, (places, _) = nn.split(
        np.arange(150.0)[:, None], irises if kind is MLPClassifier else NUMBERS, 0.3, seed=5
    )
    out = places[:, 0].astype(int)
    held = None if weights is None else weights[out]
    scores = network.validation_scores_
    assert network.score(X3[out], y[out], sample_weight=held) == pytest.approx(max(scores))
    assert network.best_validation_score_ == max(scores)
    assert network.best_loss_ is None
    assert len(scores) == network.n_iter_ < 200
    assert (
        scores.index(max(scores)) >= len(scores) - 5
    )  # three without, and the one that is one too many
    assert network.history_.validation_loss[-1] is not None


def test_a_run_that_reaches_the_last_epoch_says_so() -> None:
    network = MLPRegressor((4,), max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="after max_iter=3 epochs") as found:
        network.fit(X3, NUMBERS)
    assert found[0].filename == __file__
    assert network.set_params(tol=1e9, max_iter=50).fit(X3, NUMBERS).n_iter_ == 12
    assert network.set_params(n_iter_no_change=np.inf).fit(X3, NUMBERS).n_iter_ == 50


def test_a_run_whose_loss_rose_is_not_said_to_get_better() -> None:
    options = {"solver": "sgd", "momentum": 0.0, "batch_size": 150, "random_state": 0}
    network = MLPRegressor((), learning_rate_init=0.7, max_iter=3, **options)
    with pytest.warns(ConvergenceWarning, match=r"was no better by tol=0\.0001 in the last 2: "):
        network.fit(X3, NUMBERS)
    assert network.loss_curve_ == sorted(network.loss_curve_)


@pytest.mark.parametrize("epochs", [5, 30])  # the longer one is ended before, as no better
def test_a_loss_that_runs_away_is_warned_of(epochs: int) -> None:
    options = {"solver": "sgd", "learning_rate_init": 20.0, "max_iter": epochs, "random_state": 0}
    network = MLPRegressor((), **options)
    with pytest.warns(ConvergenceWarning, match=r"^The loss went .*: write a smaller learning_ra"):
        network.fit(X3, NUMBERS)
    assert (network.n_iter_ < epochs) is (epochs == 30)


def test_ctrl_c_keeps_what_was_learned_and_ends_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    look, calls = EpochWatch.__call__, []

    def interrupted(watch: EpochWatch, model: Any, history: Any) -> bool:
        calls.append(len(history))
        if len(history) == 3:
            raise KeyboardInterrupt
        return look(watch, model, history)

    network = MLPClassifier((4,), max_iter=9, random_state=0)
    expected = clone(network).set_params(max_iter=3).fit(X3, irises)
    monkeypatch.setattr(EpochWatch, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        network.fit(X3, irises)
    assert_same(network, expected, 0.0)
    assert np.array_equal(network.predict(X3), expected.predict(X3))
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(network, X3, irises)
    assert calls == [1, 2, 3]


def test_a_run_that_leaves_the_floats_says_why() -> None:
    network = MLPRegressor((4,), solver="sgd", learning_rate_init=1e6, random_state=0)
    with pytest.raises(FloatingPointError, match="a learning rate that is too large"):
        network.fit(1e6 * X3, NUMBERS)
    assert not hasattr(network, "model_")
    with pytest.raises(NotFittedError):
        network.predict(X3)


# Tools of scikit-learn ----------------------------------------------------------------------------


def pipeline() -> Any:
    return make_pipeline(
        StandardScaler(), MLPClassifier((8,), learning_rate_init=0.03, max_iter=40, random_state=0)
    )


GRID = {"mlpclassifier__alpha": [0.0, 1.0], "mlpclassifier__solver": ["adam", "sgd"]}


@pytest.mark.long
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_two_processes_find_the_same_numbers_as_one(backend: str) -> None:
    X = IRIS.data
    one = GridSearchCV(pipeline(), GRID, cv=3).fit(X, irises)
    with joblib.parallel_backend(backend, n_jobs=2):
        two = GridSearchCV(pipeline(), GRID, cv=3).fit(X, irises)
        scores = cross_val_score(pipeline(), X, irises, cv=4)
        shares = cross_val_predict(pipeline(), X, irises, cv=4, method="predict_proba")
    for key in ("split0_test_score", "split1_test_score", "split2_test_score"):
        assert np.array_equal(one.cv_results_[key], two.cv_results_[key])
    assert one.best_params_ == two.best_params_
    assert np.array_equal(one.predict_proba(X), two.predict_proba(X))
    assert np.array_equal(scores, cross_val_score(pipeline(), X, irises, cv=4))
    expected = cross_val_predict(pipeline(), X, irises, cv=4, method="predict_proba")
    assert np.array_equal(shares, expected)
    assert one.best_score_ > 0.9
    assert set(two.predict(X)) == set(irises)


def test_seeds_in_threads_and_estimators_that_come_back() -> None:
    def trained(seed: int) -> Any:
        return MLPRegressor((4,), max_iter=10, random_state=seed).fit(X3, NUMBERS)

    found = joblib.Parallel(n_jobs=2, prefer="threads")(
        joblib.delayed(trained)(seed) for seed in range(4)
    )
    for seed, network in enumerate(found):
        assert_same(network, trained(seed), 0.0)


def test_weights_are_handed_through_by_those_who_ask() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        network = MLPRegressor((4,), max_iter=3, random_state=0).set_fit_request(sample_weight=True)
        network.set_score_request(sample_weight=True)
        weights = 1.0 + np.arange(len(X3)) % 2
        scores = cross_val_score(
            network, X3, NUMBERS, cv=KFold(2), params={"sample_weight": weights}
        )
    half = slice(75, None)
    alone = clone(network).fit(X3[half], NUMBERS[half], sample_weight=weights[half])
    assert scores[0] == alone.score(X3[:75], NUMBERS[:75], sample_weight=weights[:75])


@pytest.mark.long
def test_other_tools_give_it_weights_parts_and_sparse_columns() -> None:
    network = pipeline()[-1]
    assert AdaBoostClassifier(network, n_estimators=2).fit(X3, irises).score(X3, irises) > 0.9
    assert CalibratedClassifierCV(network, cv=2).fit(X3, irises).score(X3, irises) > 0.8
    curves = learning_curve(
        network, X3, irises, cv=3, shuffle=True, random_state=0, exploit_incremental_learning=True
    )
    assert np.isfinite(curves[2]).all()
    frame = pd.DataFrame(X3).assign(kind=irises[::-1]).rename(columns=str)
    columns = make_column_transformer(
        (OneHotEncoder(), ["kind"]), remainder="passthrough", sparse_threshold=1.0
    )
    assert make_pipeline(columns, network).fit(frame, irises).score(frame, irises) > 0.9


@pytest.mark.long
def test_the_examples_of_the_page_about_seeds_and_grids_run() -> None:
    done = doctest.testfile(str(ROOT / "docs" / "seeds-and-grids.md"), module_relative=False)
    assert (done.failed, done.attempted > 20) == (0, True)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_dask_finds_the_same_numbers() -> None:
    distributed = pytest.importorskip("distributed")
    expected = cross_val_score(pipeline(), IRIS.data, irises, cv=3)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.Client(**options), joblib.parallel_config(backend="dask"):
        assert np.array_equal(cross_val_score(pipeline(), IRIS.data, irises, cv=3), expected)


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes\[1\] must be at least 1; got 0"),
        ({"hidden_layer_sizes": "32"}, "hidden_layer_sizes takes a number of neurons, or a list"),
        ({"hidden_layer_sizes": 3.5}, "hidden_layer_sizes takes a number of neurons"),
        (
            {"hidden_layer_sizes": "squared_error"},
            "write loss='squared_error', hidden_lay",
        ),
        ({"activation": "ReLU6"}, "no activation is called 'ReLU6'. Did you mean 'relu'"),
        ({"solver": "lbfgs"}, "write solver='adam', with batch_size=len"),
        ({"solver": "adamw"}, "write solver='adam': alpha is a penalty of its own"),
        ({"solver": "Adam"}, "no solver is called 'Adam'. Did you mean 'adam'"),
        ({"solver": None}, "the solver is told by its name"),
        ({"alpha": -1}, "alpha must be finite and at least 0; got -1"),
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"batch_size": "all"}, "batch_size must be a whole number; got 'all'"),
        ({"learning_rate": 0.01}, r"the number is learning_rate_init=0\.01"),
        ({"learning_rate": "cosine"}, "no learning_rate is called 'cosine'"),
        ({"learning_rate_init": 0}, "learning_rate_init must be above 0; got 0"),
        ({"power_t": "1"}, "power_t must be a number; got '1'"),
        ({"max_iter": 0}, "max_iter must be at least 1; got 0"),
        ({"shuffle": "no"}, "shuffle is True or False, got 'no'"),
        ({"random_state": -1}, "random_state must be at least 0; got -1"),
        ({"random_state": "a"}, "'a' cannot be used to seed"),
        ({"tol": -0.1}, "tol must be finite and at least 0"),
        ({"momentum": 1.5}, "momentum must be from 0 up to but not including 1; got 1.5"),
        ({"beta_2": 1.0}, "beta_2 must be from 0 up to but not including 1; got 1.0"),
        ({"epsilon": 0.0}, "epsilon must be above 0"),
        ({"n_iter_no_change": 0.5}, "n_iter_no_change must be a whole number"),
        ({"early_stopping": True, "validation_fraction": 0.0}, "write validation_fraction=0.1"),
        ({"warm_start": "no"}, "warm_start is True or False, got 'no'"),
        ({"early_stopping": 3}, "early_stopping is True or False, got 3"),
        ({"validation_fraction": 1.0}, "validation_fraction must be from 0 up to"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_argument_that_is_not_as_it_has_to_be(
    kind: Any, options: dict[str, Any], told: str
) -> None:
    network = kind(**options)
    with pytest.raises((TypeError, ValueError), match=told):
        network.fit(X3, irises if kind is MLPClassifier else NUMBERS)
    assert not hasattr(network, "model_")


def test_data_that_cannot_be_learned() -> None:
    network = MLPClassifier((3,), max_iter=2)
    with pytest.raises(ValueError, match="y holds one class, 'setosa': there is nothing to tell"):
        network.fit(X3[:50], irises[:50])
    with pytest.raises(ValueError, match=r"write sklearn\.multioutput\.MultiOutputClassifier"):
        network.fit(X3, np.column_stack([IRIS.target, IRIS.target]))
    with pytest.raises(ValueError, match="Unknown label type"):
        network.fit(X3, NUMBERS)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        network.partial_fit(X3, irises)
    network.partial_fit(X3, irises, classes=np.unique(irises))
    with pytest.raises(ValueError, match=r"goes on with .*; got classes='a', 'b': leave it out"):
        network.partial_fit(X3, irises, classes=["a", "b"])
    with pytest.raises(ValueError, match="partial_fit goes over the samples once"):
        MLPRegressor(early_stopping=True).partial_fit(X3, NUMBERS)
    with pytest.raises(ValueError, match=r"no loss is called 'poisson'.* Known are squared_error"):
        MLPRegressor(loss="poisson").fit(X3, NUMBERS)
    with pytest.raises(ValueError, match=r"no loss is called 'mse'\. Did you mean 'mean_squared_e"):
        MLPRegressor(loss="mse").fit(X3, NUMBERS)
    with pytest.raises(ValueError, match=r"which one sample held out does not have"):
        MLPRegressor((3,), early_stopping=True).fit(X3[:9], NUMBERS[:9])
    with pytest.raises(ValueError, match="there is one alone: give more, or write early_stop"):
        MLPRegressor((3,), early_stopping=True).fit(X3[:1], NUMBERS[:1])
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
        network.predict(X3[:, :3])


def test_an_estimator_is_no_model_and_says_where_its_own_is() -> None:
    network = MLPRegressor((3,), max_iter=2)
    told = r"a model, and this MLPRegressor is an estimator.*: write estimator\.model_$"
    run: Any = {"loss": "huber", "optimizer": None, "epochs": 1, "batch_size": 9}
    calls: list[Any] = [interop.to_torch, interop.to_onnx]
    calls += [partial(fit, X=X3, y=NUMBERS, **run)]
    calls += [partial(nn.evaluate, X=X3, y=NUMBERS, loss="huber")]
    for call in calls:
        with pytest.raises(TypeError, match=told):
            call(network)


def test_a_tensor_that_numpy_cannot_read() -> None:
    torch = pytest.importorskip("torch")
    network = MLPRegressor((3,), max_iter=2, random_state=0)
    X, y = (torch.tensor(x, requires_grad=True) for x in (X3, NUMBERS))
    expected = clone(network).fit(X3, NUMBERS).predict(X3)
    assert np.array_equal(network.fit(X.detach(), y.detach()).predict(X.detach()), expected)
    write = r"which NumPy cannot read: write {}\.detach\(\)\.cpu\(\)\.numpy\(\)"
    for call in (network.fit, network.partial_fit):
        with pytest.raises(ValueError, match=write.format("X")):
            call(X, NUMBERS)
        with pytest.raises(ValueError, match=write.format("y")):
            call(X3, y)
    with pytest.raises(ValueError, match=write.format("X")):
        network.predict(X)


@pytest.mark.parametrize("key", ESTIMATOR)
@pytest.mark.parametrize("kind", KINDS)
def test_a_keyword_that_is_none(kind: Any, key: str) -> None:
    name, here = key.removesuffix("="), ESTIMATOR[key]
    known = kind().get_params()
    assert name not in known
    words = f"{kind.__name__}.__init__() got an unexpected keyword argument {name!r}"
    with pytest.raises(TypeError, match=re.escape(f"{words}: write {here}".replace(
        ": write leave", ": leave"))):  # fmt: skip
        kind(**{name: 1})
    with pytest.raises(ValueError, match=re.escape(f"{kind.__name__} has no argument {name!r}: ")):
        kind().set_params(**{name: 1})
    # What is written in its place is an argument, or a name that there is.
    for keyword in re.findall(r"\b(\w+)=", here):
        assert keyword in known or keyword in ("sample_weight", "n_jobs")
    for path, last in re.findall(r"\b(sklearn(?:\.\w+)*)\.(\w+)\(", here):
        assert hasattr(pytest.importorskip(path), last)


def test_a_keyword_that_is_nearly_right() -> None:
    with pytest.raises(TypeError, match=r"argument 'max_iters'; is max_iter= meant\?$"):
        MLPClassifier(max_iters=3)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ValueError, match="Invalid parameter 'max_iters' for estimator MLPClass"):
        MLPClassifier().set_params(max_iters=3)
    assert set(RATES) == {"constant", "invscaling", "adaptive"}
