"""Makes tests/data/scores.json: scikit-learn's metrics of random outputs and labels.

Run from the root with a Python that has scikit-learn: `python -P tests/support/scores.py`. What is
measured is drawn from fixed seeds; kept are the numbers, with all digits.
"""

import json
from pathlib import Path

import numpy as np

# Seed, samples, classes; of the last ones some classes do not occur.
CLASSES = [(0, 60, 2), (1, 200, 2), (2, 80, 3), (3, 300, 5), (4, 500, 10), (5, 7, 8), (6, 1, 3)]
# Seed, samples, outputs: 0 for a flat array.
NUMBERS = [(10, 50, 0), (11, 200, 0), (12, 100, 1), (13, 80, 4), (14, 2, 0)]


def of_classes(seed, samples, count):
    """Return logits of shape (samples, classes), and labels that they are often right about."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(count, size=samples)
    logits = rng.normal(size=(samples, count))
    logits[np.arange(samples), labels] += 1.0
    return logits, labels


def of_numbers(seed, samples, outputs):
    """Return outputs, and targets near them."""
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(samples, outputs) if outputs else samples)
    return targets + 0.5 * rng.normal(size=targets.shape), targets


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def main():
    import sklearn
    from sklearn import metrics

    classes, numbers = [], []
    for case in CLASSES:
        logits, labels = of_classes(*case)
        every = list(range(case[2]))
        said = logits.argmax(axis=1)
        average = "binary" if case[2] == 2 else "macro"
        options = {"average": average, "zero_division": 0.0}
        found = {
            "accuracy": metrics.accuracy_score(labels, said),
            "precision": metrics.precision_score(labels, said, **options),
            "recall": metrics.recall_score(labels, said, **options),
            "f1": metrics.f1_score(labels, said, **options),
            "log_loss": metrics.log_loss(labels, softmax(logits), labels=every),
            "confusion_matrix": metrics.confusion_matrix(labels, said, labels=every).tolist(),
        }
        for k in range(1, case[2]) if case[2] > 2 else ():
            found[f"top_{k}"] = metrics.top_k_accuracy_score(labels, logits, k=k, labels=every)
        classes.append([case, found])
    for case in NUMBERS:
        outputs, targets = of_numbers(*case)
        found = {
            "mean_absolute_error": metrics.mean_absolute_error(targets, outputs),
            "mean_squared_error": metrics.mean_squared_error(targets, outputs),
            "r2": metrics.r2_score(targets, outputs),
        }
        numbers.append([case, found])
    same = [metrics.r2_score([2.0, 2.0], outputs) for outputs in ([2.0, 2.0], [2.0, 3.0])]
    sure = metrics.log_loss([0, 1, 1], [[1.0, 0.0], [1.0, 0.0], [0.25, 0.75]])
    document = {
        "made by": f"tests/support/scores.py, scikit-learn {sklearn.__version__}",
        "classes": classes,
        "numbers": numbers,
        "r2 of targets that are all the same": same,
        "log loss of a sure mistake": sure,
    }
    text = json.dumps(document, indent=1)
    Path("tests/data/scores.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
