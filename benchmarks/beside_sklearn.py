"""Small data sets as scikit-learn ships them, learned by `fit`, by our estimators and by its MLPs.

    python -m benchmarks.beside_sklearn [--seeds N] [--only NAME ...]

It wants scikit-learn and pandas. All get the same folds, the same scaling fitted on the training
part, the same sizes, solver and batches, and no penalty; `fit` takes frames, and classes by their
names. Accuracy of classes and R² of numbers are means over all seeds and folds.
"""

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import nn
from autograd.table import Table

EPOCHS, BATCH, RATE = 100, 32, 0.003
HIDDEN = (32,)
NAMES = ("iris", "wine", "breast_cancer", "digits", "diabetes")


def loaded(name: str) -> tuple[Any, Any, bool]:
    """Return a frame, targets (classes by name), and whether they are classes."""
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")(as_frame=True)
    if name == "diabetes":
        return found.data, found.target, False
    return found.data, found.target.map(lambda k: str(found.target_names[k])), True


def folds(y: Any, seed: int, *, classes: bool) -> Iterator[tuple[Any, Any]]:
    """Yield the places of the samples to train on and to measure on, five times."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if classes else KFold
    yield from kind(5, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)


def ours(X: Any, y: Any, seed: int, *, classes: bool) -> Any:
    """Return a model of ours that was trained on a frame."""
    outputs = y.nunique() if classes else 1
    sizes = [X.shape[1], *HIDDEN, outputs]
    model = nn.MLP(sizes, activation="relu", init="xavier", seed=seed)
    nn.fit(
        model, X, y,
        loss="cross_entropy" if classes else "half_squared_error",
        optimizer=nn.Adam(model.parameters(), lr=RATE),
        epochs=EPOCHS, batch_size=BATCH, seed=seed, validation=None,
        preprocessing=nn.StandardScaler(), progress=False,
    )  # fmt: skip
    return model


def estimator(X: Any, y: Any, seed: int, *, classes: bool) -> Any:
    """Return a pipeline around an estimator of ours that was trained on the same."""
    from nn.sklearn import MLPClassifier, MLPRegressor

    return pipeline(MLPClassifier if classes else MLPRegressor, X, y, seed)


def theirs(X: Any, y: Any, seed: int, *, classes: bool) -> Any:
    """Return a pipeline around scikit-learn's MLP that was trained on the same."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return pipeline(MLPClassifier if classes else MLPRegressor, X, y, seed)


def pipeline(kind: Any, X: Any, y: Any, seed: int) -> Any:
    """Return a scaler and a network of a kind that were trained on a frame."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = kind(
        hidden_layer_sizes=HIDDEN, solver="adam", alpha=0.0,
        batch_size=BATCH, learning_rate_init=RATE,
        max_iter=EPOCHS, n_iter_no_change=EPOCHS, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that so many epochs are not enough for it to converge
        return make_pipeline(StandardScaler(), network).fit(X, y)


def score(said: Any, right: Any, *, classes: bool) -> float:
    """Return the accuracy of classes, or R² of numbers."""
    right = right.to_numpy()
    if classes:
        return float(np.mean(said == right))
    return float(1.0 - np.square(said - right).sum() / np.square(right - right.mean()).sum())


def compared(name: str, seeds: int) -> list[str]:
    """Return the row of a data set."""
    X, y, classes = loaded(name)
    makers = (ours, estimator, theirs)
    scores: list[list[float]] = []
    seconds = np.zeros(len(makers))
    for seed in range(seeds):
        for train, held in folds(y, seed, classes=classes):
            found: list[float] = []
            for k, make in enumerate(makers):
                began = time.perf_counter()
                model = make(X.iloc[train], y.iloc[train], seed, classes=classes)
                seconds[k] += time.perf_counter() - began
                is_label = make is ours and classes
                said = (model.predict_classes if is_label else model.predict)(X.iloc[held])
                found.append(score(np.ravel(said), y.iloc[held], classes=classes))
            scores.append(found)
    means = np.mean(scores, axis=0)
    each = seconds / len(scores)
    what = "accuracy" if classes else "R²"
    shown = [f"{mean:.4f}" for mean in means]
    return [name, what, *shown, f"{means[1] - means[2]:+.4f}", *[f"{x:.2f} s" for x in each]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beside_sklearn")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES)
    asked = parser.parse_args(arguments)
    heads = ("data", "score", "fit", "nn.sklearn", "scikit-learn", "the last two")
    heads += ("a run of fit", "of nn.sklearn", "of scikit-learn")
    rows = [compared(name, asked.seeds) for name in asked.only]
    print(Table(heads, rows, "<<>>>>>>>"))


if __name__ == "__main__":
    main()
