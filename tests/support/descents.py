"""Paths of gradient descent that the sources draw: on a parabola, and to a line through data."""

from collections.abc import Iterator

import numpy as np

import autograd as ag
from autograd import Value
from nn import SGD, Neuron, datasets, minibatches
from nn.losses import mean_squared_error

BEST = (1.96538198, -1.00910515)  # the least-squares line of the data below, its MSE 0.2617


def line_descent(batch_size: int, lr: float, seed: int = 0) -> Iterator[tuple[float, float, float]]:
    """Yield weight, bias and the loss over all data: at (-3, 3), then after each step."""
    X, y = datasets.line(200, seed=0)
    model = Neuron(1, "linear")
    model.set_arrays([([[-3.0]], [3.0])])
    optimizer = SGD(model.parameters(), lr=lr)
    batches = minibatches(X, y, batch_size, rng=seed)
    while True:
        for xs, ys in batches:
            w, b = (p.data for p in model.parameters())
            yield w, b, float(np.mean((X[:, 0] * w + b - y) ** 2))
            optimizer.zero_grad()
            samples = zip(xs.tolist(), ys.tolist(), strict=True)
            ag.mean([mean_squared_error(model(x), t) for x, t in samples]).backward()
            optimizer.step()


def parabola_path(lr, steps):
    x = Value(-3.0)
    optimizer = SGD([x], lr=lr)
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        (x**2).backward()
        optimizer.step()
        path.append(x.data)
    return path
