"""S3's network on MNIST: the class as it is printed, and a recipe of today.

    python -m benchmarks.mnist FOLDER [--choose] [--seeds N] [--written]

FOLDER holds the two files of 10,000 images, as published. 2,000 of them, drawn once, are looked at
once for each run that is reported. --choose shows how the recipe was found: candidates learn from
7,000 of the other 8,000 images and are measured on the last 1,000 of these. --written trains the
class with its own rate for as many steps as S3's printed run, on raw and on scaled pixels.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn import (
    MLP,
    Adam,
    Dropout,
    Layer,
    Module,
    MultilayerPerceptron,
    Sequential,
    accuracy,
    datasets,
    fit,
    schedules,
    split,
)

SIZES = (784, 512, 10)
# Updates of S3's printed run: 10 epochs of 468 batches of 128. On 8,000 images an epoch has 62.
EPOCHS_AS_WRITTEN, BATCH_AS_WRITTEN = 75, 128


def plain(seed: int) -> Module:
    """S3's sizes with relu, from He's start."""
    return MLP(SIZES, activation="relu", init="he", seed=seed)


def dropping(inputs: float, hidden: float) -> Callable[[int], Module]:
    """The same with shares of the inputs and of the hidden neurons dropped."""

    def make(seed: int) -> Module:
        return Sequential(
            Dropout(inputs, seed=seed),
            Layer(784, 512, "relu", init="he", seed=seed),
            Dropout(hidden, seed=seed),
            Layer(512, 10, "linear", init="xavier", seed=seed + 1000),
        )

    return make


@dataclass(frozen=True)
class Recipe:
    """A way to train: `one_cycle` up to this rate with Adam, in batches of 64.

    With `moved` there are four more of each image, a pixel to each side, as in chapter 3 of
    Nielsen's book.
    """

    name: str
    make: Callable[[int], Module]
    epochs: int
    moved: bool = False
    lr: float = 1e-3

    def train(self, X: Any, y: Any, seed: int) -> Module:
        """Return a model trained from a seed."""
        model = self.make(seed)
        if self.moved:
            X, y = np.concatenate([X, *moved(X)]), np.tile(y, 5)
        steps = -(-len(X) // 64) * self.epochs
        fit(
            model,
            X,
            y,
            loss="cross_entropy",
            optimizer=Adam(model.parameters(), lr=schedules.one_cycle(self.lr, steps=steps)),
            epochs=self.epochs,
            batch_size=64,
            validation=None,
            engine="compiled",
            seed=seed,
            progress=False,
        )
        return model


def moved(X: Any) -> list[Any]:
    """Return images moved by a pixel to each of four sides; paper comes in at the other."""
    images = np.pad(X.reshape(-1, 28, 28), ((0, 0), (1, 1), (1, 1)))
    places = ((0, 1), (2, 1), (1, 0), (1, 2))
    return [images[:, i : i + 28, j : j + 28].reshape(-1, 784) for i, j in places]


CANDIDATES = [
    Recipe("no dropout, 10 epochs", plain, 10),
    Recipe("dropout .1 and .3, 20 epochs", dropping(0.1, 0.3), 20),
    Recipe("dropout .2 and .5, 20 epochs", dropping(0.2, 0.5), 20),
    Recipe("moved images, 8 epochs", plain, 8, moved=True),
]
CHOSEN = CANDIDATES[-1]


def read_by(recipe: Recipe, train: Any, held: Any) -> Callable[[int], float]:
    """Return the function of a seed that trains by a recipe and measures on other images."""
    return lambda seed: accuracy(recipe.train(*train, seed).predict(held[0]), held[1])


def choose(X: Any, y: Any, seeds: int) -> None:
    """Print the accuracy of each candidate on 1,000 of the images to train on."""
    (X, y), (X_held, y_held) = split(X, y, 1 / 8, seed=1)
    print(f"{len(X):,} images to learn from, {len(X_held):,} to choose by")
    for recipe in CANDIDATES:
        told(recipe.name, seeds, read_by(recipe, (X, y), (X_held, y_held)))


def told(name: str, seeds: int, read: Callable[[int], float]) -> None:
    """Print the accuracy for each seed as it is found; then the mean, the least and the time."""
    found: list[float] = []
    began = time.perf_counter()
    for seed in range(seeds):
        found.append(read(seed))
        print(f"{name}, seed {seed}: {found[-1]:.4f}", flush=True)
    took = (time.perf_counter() - began) / seeds
    print(f"{name}: mean {statistics.mean(found):.4f}, least {min(found):.4f}, {took:.0f} s each")


def written(train: Any, test: Any, seeds: int) -> None:
    """Print the accuracies of the class at its own rate, from raw and from scaled pixels."""
    for name, scale in (("the class, raw pixels", 1.0), ("the class, pixels from 0 to 1", 255.0)):

        def read(seed: int, scale: float = scale) -> float:
            mlp = MultilayerPerceptron(SIZES, seed=seed)
            mlp.fit(train[0] / scale, train[1], EPOCHS_AS_WRITTEN, BATCH_AS_WRITTEN)
            return mlp.accuracy(test[1], mlp.predict(test[0] / scale))

        told(name, seeds, read)


def main() -> None:
    """Read the arguments, train and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", help="where MNIST's files are")
    parser.add_argument("--choose", action="store_true", help="compare the candidates")
    parser.add_argument("--written", action="store_true", help="train the class as it is printed")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: 5)")
    given = parser.parse_args()
    if given.seeds < 1:
        parser.error("--seeds is at least 1")
    X, y = datasets.mnist(given.folder)
    train, test = split(X, y, 0.2, seed=0)
    if given.choose:
        choose(train[0] / 255.0, train[1], given.seeds)
    elif given.written:
        written(train, test, given.seeds)
    else:
        scaled = [(X / 255.0, y) for X, y in (train, test)]
        told(CHOSEN.name, given.seeds, read_by(CHOSEN, *scaled))


if __name__ == "__main__":
    main()
