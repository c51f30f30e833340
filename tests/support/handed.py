"""Models to hand to other libraries: random ones of every layer and activation, with samples."""

from typing import Any

import numpy as np

import nn
from nn.activations import ACTIVATIONS
from nn.interop.tensors import tensors_of

NETWORKS = 30


def network(seed: int) -> tuple[Any, np.ndarray]:
    """Return a random model in eval mode, with samples: each third one an MLP, one of blocks, one
    of sequences, and their activations go round the table."""
    rng = np.random.default_rng(seed)
    names = [[*ACTIVATIONS][(seed + 4 * k) % len(ACTIVATIONS)] for k in range(3)]
    n, m, k = (int(x) for x in rng.integers(1, 9, size=3))
    if seed % 3 == 0:
        hidden = rng.integers(1, 12, size=int(rng.integers(1, 4))).tolist()
        model: Any = nn.MLP([n, *hidden, m], names[0], names[1], seed=seed)
        X = rng.normal(size=(6, n))
    elif seed % 3 == 1:
        model = nn.Sequential(
            nn.Layer(n, m, names[0], seed=seed),
            nn.LayerNorm(m, eps=1e-3),
            nn.Residual(nn.MLP([m, k, m], names[1], names[2], seed=seed + 1)),
            nn.Dropout(0.25),
            *([nn.Neuron(m, names[2])] if seed % 2 else [nn.Layer(m, k, names[1]), nn.Softmax()]),
        )
        X = rng.normal(size=(6, n))
    else:
        model = nn.Sequential(
            *([nn.Embedding(5, n, seed=seed)] if seed % 2 else []),
            nn.Recurrent(n, m, names[0], states="all", seed=seed),
            nn.Residual(nn.LayerNorm(m)),
            nn.Recurrent(m, k, names[1], states="last" if seed % 4 else "all", seed=seed + 1),
            nn.Flatten(),
            nn.Layer(k if seed % 4 else 4 * k, 2, names[2], seed=seed + 2),
        )
        X = rng.integers(0, 5, size=(6, 4)) if seed % 2 else rng.normal(size=(6, 4, n))
    for value in model.parameters():
        value.data += 0.3 * float(rng.normal())  # biases, too
    return model.eval(), X


def flat(outputs: Any) -> list[Any]:
    """Return outputs of any depth one after another."""
    return [y for x in outputs for y in flat(x)] if isinstance(outputs, list) else [outputs]


def gradients(model: Any, X: np.ndarray, factors: np.ndarray) -> dict[str, np.ndarray]:
    """Return the gradients of the sum of outputs times factors, by PyTorch's names."""
    outputs = [y for x in X.tolist() for y in flat(model(x))]
    model.zero_grad()
    sum(y * f for y, f in zip(outputs, factors.ravel().tolist(), strict=True)).backward()
    found = {}
    for name, _, tensor in tensors_of(model):
        numbers = [value.grad or 0.0 for value in tensor.values.ravel()]
        found[name] = np.array(numbers).reshape(tensor.values.shape)
    model.zero_grad()
    return found
