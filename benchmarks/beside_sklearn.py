"""Small data sets as scikit-learn ships them, learned by `fit` and by its MLPs beside it.

    python -m benchmarks.beside_sklearn [--seeds N] [--only NAME ...]

It wants scikit-learn and pandas. Both get the same folds, the same scaling fitted on the training
part, the same sizes, solver and batches, and no penalty; ours takes frames, and classes by their
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


def theirs(X: Any, y: Any, seed: int, *, classes: bool) -> Any:
    """Return scikit-learn's pipeline that was trained on the same."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kind = MLPClassifier if classes else MLPRegressor
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
    scores: list[tuple[float, float]] = []
    seconds = np.zeros(2)
    for seed in range(seeds):
        for train, held in folds(y, seed, classes=classes):
            found: list[float] = []
            for k, make in enumerate((ours, theirs)):
                began = time.perf_counter()
                model = make(X.iloc[train], y.iloc[train], seed, classes=classes)
                seconds[k] += time.perf_counter() - began
                is_label = k == 0 and classes
                said = (model.predict_classes if is_label else model.predict)(X.iloc[held])
                found.append(score(np.ravel(said), y.iloc[held], classes=classes))
            scores.append((found[0], found[1]))
    mine, other = np.mean(scores, axis=0)
    each = seconds / len(scores)
    what = "accuracy" if classes else "R²"
    shown = [f"{mine:.4f}", f"{other:.4f}", f"{mine - other:+.4f}"]
    return [name, what, *shown, f"{each[0]:.2f} s", f"{each[1]:.2f} s"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beside_sklearn")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES)
    asked = parser.parse_args(arguments)
    heads = ("data", "score", "ours", "scikit-learn", "difference", "a fit", "a fit of theirs")
    rows = [compared(name, asked.seeds) for name in asked.only]
    print(Table(heads, rows, "<<>>>>>"))


if __name__ == "__main__":
    main()
