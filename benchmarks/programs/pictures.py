"""A convolution net on the digits of 8x8, and a net that passes messages on a graph of 12 nodes."""

import itertools
from typing import Any

import numpy as np

import autograd
from autograd import dot, logsumexp, relu, select, tanh
from benchmarks.programs.program import Program
from nn import datasets

SIDE, KERNELS, INSIDE, CLASSES = 8, 4, 6, 10
POOLED = INSIDE // 2
NODES, FEATURES, STATE = 12, 4, 8


# A convolution net --------------------------------------------------------------------------------


def digits(batch: int) -> tuple[Any, Any]:
    X, y = datasets.digits()
    return X[:batch].reshape(-1, SIDE, SIDE) / 16.0, y[:batch].astype(float)


def digits_start() -> list[Any]:
    rng = np.random.default_rng(0)
    shapes = [(KERNELS, 9), (KERNELS,), (CLASSES, KERNELS * POOLED * POOLED), (CLASSES,)]
    return [rng.normal(size=shape) / 4 for shape in shapes]


def read(P: Any, image: Any, digit: Any) -> Any:
    """Three by three kernels, rectified, means of two by two, a layer, cross-entropy."""
    K, k, W, b = P
    cells = list(itertools.product(range(INSIDE), range(INSIDE)))
    pooled: list[Any] = []
    for kernel, bias in zip(K, k, strict=True):
        seen = {}
        for i, j in cells:
            patch = [image[i + u][j + v] for u in range(3) for v in range(3)]
            seen[i, j] = relu(dot(kernel, patch) + bias)
        for i, j in itertools.product(range(0, INSIDE, 2), range(0, INSIDE, 2)):
            pooled.append((seen[i, j] + seen[i, j + 1] + seen[i + 1, j] + seen[i + 1, j + 1]) / 4.0)
    scores = [dot(row, pooled) + c for row, c in zip(W, b, strict=True)]
    return logsumexp(scores) - select(digit, scores)


def patches(xp: Any, X: Any) -> Any:
    """Patches of shape (batch, 36, 9)."""
    found = [X[:, u : u + INSIDE, v : v + INSIDE] for u in range(3) for v in range(3)]
    return xp.stack(found, -1).reshape(len(X), INSIDE * INSIDE, 9)


def read_arrays(xp: Any, P: Any, X: Any, y: Any) -> Any:
    K, k, W, b = P
    seen = xp.relu(patches(xp, X) @ K.T + k)
    pooled = seen.reshape(len(X), POOLED, 2, POOLED, 2, KERNELS).mean((2, 4))
    flat = xp.einsum("bijk->bkij", pooled).reshape(len(X), -1)
    logs = xp.log_softmax(flat @ W.T + b)
    return -(logs * (y[:, None] == xp.array(np.arange(10.0)))).sum(1)


def read_by_hand(P: Any, X: Any, y: Any) -> Any:
    K, k, W, b = P
    B = len(X)
    found = patches(np, X)
    z = found @ K.T + k
    seen = np.maximum(z, 0.0)
    pooled = seen.reshape(B, POOLED, 2, POOLED, 2, KERNELS).mean(axis=(2, 4))
    flat = pooled.transpose(0, 3, 1, 2).reshape(B, -1)
    s = flat @ W.T + b
    top = s.max(axis=1, keepdims=True)
    p = np.exp(s - top)
    total = p.sum(axis=1, keepdims=True)
    at = np.arange(B), y.astype(int)
    loss = (np.log(total[:, 0]) + top[:, 0] - s[at]).mean()
    p /= total
    p[at] -= 1.0
    p /= B
    g = (p @ W).reshape(B, KERNELS, POOLED, POOLED).transpose(0, 2, 3, 1) / 4.0
    g = np.broadcast_to(g[:, :, None, :, None], (B, POOLED, 2, POOLED, 2, KERNELS))
    gz = (g.reshape(z.shape) * (z > 0.0)).reshape(-1, KERNELS)
    return loss, [gz.T @ found.reshape(-1, 9), gz.sum(axis=0), p.T @ flat, p.sum(axis=0)]


def read_torch(torch: Any) -> Any:
    nn = torch.nn.functional

    def losses(P: Any, X: Any, y: Any) -> Any:
        K, k, W, b = P
        seen = torch.relu(nn.conv2d(X[:, None], K.reshape(KERNELS, 1, 3, 3), k))
        flat = nn.avg_pool2d(seen, 2).reshape(len(X), -1)
        return nn.cross_entropy(nn.linear(flat, W, b), y.long(), reduction="none")

    return losses


# A net on a graph ---------------------------------------------------------------------------------


def edges() -> list[tuple[int, int]]:
    """A ring with chords: each node has three neighbours."""
    ring = [(i, (i + 1) % NODES) for i in range(NODES)]
    return ring + [(i, (i + NODES // 2) % NODES) for i in range(NODES // 2)]


def neighbours() -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(NODES)]
    for i, j in edges():
        found[i].append(j)
        found[j].append(i)
    return found


def graphs(batch: int) -> tuple[Any, Any]:
    X = np.random.default_rng(1).normal(size=(batch, NODES, FEATURES))
    return X, np.tanh(X.sum(axis=(1, 2)) / 4)


def graphs_start() -> list[Any]:
    rng = np.random.default_rng(0)
    shapes = [(STATE, FEATURES), (STATE, FEATURES), (STATE,)]
    shapes += [(STATE, STATE), (STATE, STATE), (STATE,), (STATE,), (1,)]
    return [rng.normal(size=shape) / 3 for shape in shapes]


def passed(P: Any, nodes: Any, y: Any) -> Any:
    """Two rounds of messages: a node's own state and the sum of its neighbours' become its next."""
    near = neighbours()
    for own, other, bias in (P[:3], P[3:6]):
        width = range(len(nodes[0]))
        sums = [[autograd.sum([nodes[j][k] for j in near[i]]) for k in width] for i in range(NODES)]
        nodes = [
            [tanh(dot(own[m], nodes[i]) + dot(other[m], sums[i]) + bias[m]) for m in range(STATE)]
            for i in range(NODES)
        ]
    mean = [autograd.sum(column) / NODES for column in zip(*nodes, strict=True)]
    return (dot(P[6], mean) + P[7][0] - y) ** 2 / 2


def adjacency() -> Any:
    A = np.zeros((NODES, NODES))
    for i, j in edges():
        A[i, j] = A[j, i] = 1.0
    return A


def passed_arrays(xp: Any, P: Any, X: Any, Y: Any) -> Any:
    A = xp.array(adjacency())
    for own, other, bias in (P[:3], P[3:6]):
        X = xp.tanh(X @ own.T + (A @ X) @ other.T + bias)
    return (X.mean(1) @ P[6] + P[7] - Y) ** 2 / 2


def passed_by_hand(P: Any, X: Any, Y: Any) -> Any:
    A = adjacency()
    kept = []
    for own, other, bias in (P[:3], P[3:6]):
        sums = A @ X
        out = np.tanh(X @ own.T + sums @ other.T + bias)
        kept.append((X, sums, out))
        X = out
    mean = X.mean(axis=1)
    error = mean @ P[6] + P[7] - Y
    e = error / len(Y)
    slopes = [e @ mean, e.sum()]
    g = np.broadcast_to((e[:, None] * P[6] / NODES)[:, None], X.shape)
    for (own, other, _), (below, sums, out) in zip((P[3:6], P[:3]), kept[::-1], strict=True):
        gz = g * (1.0 - out * out)
        flat = gz.reshape(-1, STATE)
        width = below.shape[-1]
        of_own, of_other = flat.T @ below.reshape(-1, width), flat.T @ sums.reshape(-1, width)
        slopes = [of_own, of_other, flat.sum(axis=0), *slopes]
        g = gz @ own + A @ (gz @ other)
    return (error * error).mean() / 2, slopes


def programs() -> list[Program]:
    net = "convolution net on 8x8 digits"
    return [
        Program(net, read, digits, digits_start, read_arrays, read_by_hand, read_torch),
        Program(
            f"graph net, {NODES} nodes", passed, graphs, graphs_start, passed_arrays, passed_by_hand
        ),
    ]
