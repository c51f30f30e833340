"""Recurrent networks over a sequence, read at its end: Elman's, gated units, long short memory.

Each is written twice in scalars, with `dot` and as loops of `*` and `+`: what the compiler makes of
the two must be as quick. Gates lie in PyTorch's order: reset, update, new; in, forget, cell, out.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import dot, sigmoid, tanh
from benchmarks.programs.program import Program

STEPS, INPUTS, HIDDEN = 10, 4, 16

Affine = Callable[[Sequence[Any], Sequence[Any], Any], Any]


def with_dot(weights: Sequence[Any], xs: Sequence[Any], bias: Any) -> Any:
    return dot(weights, xs) + bias


def as_loop(weights: Sequence[Any], xs: Sequence[Any], bias: Any) -> Any:
    total = bias
    for w, x in zip(weights, xs, strict=True):
        total = total + w * x
    return total


def data(batch: int, steps: int = STEPS) -> tuple[Any, Any]:
    """Sequences of shape (batch, steps, inputs), and a target for each."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(batch, steps, INPUTS))
    return X, np.tanh(X[:, ::3].sum(axis=(1, 2)) / 2)


def start(gates: int, biases: int) -> list[Any]:
    rng = np.random.default_rng(0)
    wide = gates * HIDDEN
    shapes = [(wide, INPUTS), (wide, HIDDEN), *[(wide,)] * biases, (HIDDEN,), (1,)]
    return [rng.normal(size=shape) / 4 for shape in shapes]


def squared(P: Sequence[Any], h: Sequence[Any], y: Any, affine: Affine) -> Any:
    return (affine(P[-2], h, P[-1][0]) - y) ** 2 / 2


# Elman --------------------------------------------------------------------------------------------


def elman(affine: Affine) -> Callable[..., Any]:
    def loss(P: Any, xs: Any, y: Any) -> Any:
        Wx, Wh, b = P[:3]
        h = [0.0] * HIDDEN
        for x in xs:
            rows = zip(Wx, Wh, b, strict=True)
            h = [tanh(affine(u, x, affine(w, h, c))) for u, w, c in rows]
        return squared(P, h, y, affine)

    return loss


def elman_arrays(xp: Any, P: Any, X: Any, Y: Any) -> Any:
    Wx, Wh, b, W, c = P
    made = X @ Wx.T + b
    h = xp.tanh(made[:, 0])
    for t in range(1, X.shape[1]):
        h = xp.tanh(made[:, t] + h @ Wh.T)
    return (h @ W + c - Y) ** 2 / 2


def elman_by_hand(P: Any, X: Any, Y: Any) -> Any:
    Wx, Wh, b, W, c = P
    made = X @ Wx.T + b
    hs = [np.tanh(made[:, 0])]
    for t in range(1, X.shape[1]):
        hs.append(np.tanh(made[:, t] + hs[-1] @ Wh.T))
    error = hs[-1] @ W + c - Y
    e = error / len(X)
    G = np.empty_like(made)
    g = e[:, None] * W
    for t in range(X.shape[1] - 1, -1, -1):
        G[:, t] = g * (1.0 - hs[t] * hs[t])
        g = G[:, t] @ Wh
    H = np.stack(hs[:-1], axis=1).reshape(-1, HIDDEN)
    flat, rest = G.reshape(-1, HIDDEN), G[:, 1:].reshape(-1, HIDDEN)
    slopes = [flat.T @ X.reshape(-1, INPUTS), rest.T @ H, flat.sum(axis=0)]
    return (error * error).mean() / 2, [*slopes, e @ hs[-1], e.sum()]


def elman_torch(torch: Any) -> Callable[..., Any]:
    none = torch.zeros(HIDDEN, dtype=torch.float64)

    def losses(P: Any, X: Any, Y: Any) -> Any:
        Wx, Wh, b, W, c = P
        zeros = torch.zeros((1, len(X), HIDDEN), dtype=torch.float64)
        _, h = torch.rnn_tanh(X, zeros, [Wx, Wh, b, none], True, 1, 0.0, True, False, True)
        return (h[0] @ W + c - Y) ** 2 / 2

    return losses


# Gated units --------------------------------------------------------------------------------------


def cut(rows: Sequence[Any], count: int) -> list[Any]:
    return [rows[i * HIDDEN : (i + 1) * HIDDEN] for i in range(count)]


def gated(affine: Affine) -> Callable[..., Any]:
    def loss(P: Any, xs: Any, y: Any) -> Any:
        (Ur, Uz, Un), (Wr, Wz, Wn), (br, bz, bn), (cr, cz, cn) = (cut(p, 3) for p in P[:4])
        h: Any = [0.0] * HIDDEN
        for x in xs:
            new: list[Any] = []
            for i in range(HIDDEN):
                r = sigmoid(affine(Ur[i], x, affine(Wr[i], h, br[i] + cr[i])))
                z = sigmoid(affine(Uz[i], x, affine(Wz[i], h, bz[i] + cz[i])))
                n = tanh(affine(Un[i], x, bn[i]) + r * affine(Wn[i], h, cn[i]))
                new.append((1.0 - z) * n + z * h[i])
            h = new
        return squared(P, h, y, affine)

    return loss


def gated_arrays(xp: Any, P: Any, X: Any, Y: Any) -> Any:
    Wx, Wh, bx, bh, W, c = P
    H = HIDDEN
    made = X @ Wx.T + bx
    h = xp.zeros((len(X), H))
    for t in range(X.shape[1]):
        a, u = made[:, t], h @ Wh.T + bh
        rz = xp.sigmoid(a[:, : 2 * H] + u[:, : 2 * H])
        r, z = rz[:, :H], rz[:, H:]
        n = xp.tanh(a[:, 2 * H :] + r * u[:, 2 * H :])
        h = n + z * (h - n)
    return (h @ W + c - Y) ** 2 / 2


def gated_by_hand(P: Any, X: Any, Y: Any) -> Any:
    Wx, Wh, bx, bh, W, c = P
    H = HIDDEN
    made = X @ Wx.T + bx
    hs, kept = [np.zeros((len(X), H))], []
    for t in range(X.shape[1]):
        a, u = made[:, t], hs[-1] @ Wh.T + bh
        rz = 1.0 / (1.0 + np.exp(-(a[:, : 2 * H] + u[:, : 2 * H])))
        n = np.tanh(a[:, 2 * H :] + rz[:, :H] * u[:, 2 * H :])
        kept.append((rz, n, u[:, 2 * H :]))
        hs.append(n + rz[:, H:] * (hs[-1] - n))
    error = hs[-1] @ W + c - Y
    e = error / len(X)
    Gx, Gh = np.empty_like(made), np.empty_like(made)
    g = e[:, None] * W
    for t in range(X.shape[1] - 1, -1, -1):
        rz, n, u = kept[t]
        r, z = rz[:, :H], rz[:, H:]
        gn = g * (1.0 - z) * (1.0 - n * n)
        Gx[:, t, :H] = gn * u * r * (1.0 - r)
        Gx[:, t, H : 2 * H] = g * (hs[t] - n) * z * (1.0 - z)
        Gx[:, t, 2 * H :] = gn
        Gh[:, t] = Gx[:, t]
        Gh[:, t, 2 * H :] *= r
        g = g * z + Gh[:, t] @ Wh
    flat, rest = Gx.reshape(-1, 3 * H), Gh.reshape(-1, 3 * H)
    stacked = np.stack(hs[:-1], axis=1).reshape(-1, H)
    slopes = [flat.T @ X.reshape(-1, INPUTS), rest.T @ stacked, flat.sum(axis=0), rest.sum(axis=0)]
    return (error * error).mean() / 2, [*slopes, e @ hs[-1], e.sum()]


def gated_torch(torch: Any) -> Callable[..., Any]:
    def losses(P: Any, X: Any, Y: Any) -> Any:
        zeros = torch.zeros((1, len(X), HIDDEN), dtype=torch.float64)
        _, h = torch.gru(X, zeros, P[:4], True, 1, 0.0, True, False, True)
        return (h[0] @ P[4] + P[5] - Y) ** 2 / 2

    return losses


# Long short memory --------------------------------------------------------------------------------


def long(affine: Affine) -> Callable[..., Any]:
    def loss(P: Any, xs: Any, y: Any) -> Any:
        parts = [cut(p, 4) for p in P[:3]]
        h: Any = [0.0] * HIDDEN
        cells: Any = [0.0] * HIDDEN
        for x in xs:
            gates = [
                [affine(u, x, affine(w, h, b)) for u, w, b in zip(*rows, strict=True)]
                for rows in zip(*parts, strict=True)
            ]
            into, forget, new, out = gates
            cells = [
                sigmoid(f) * cell + sigmoid(i) * tanh(n)
                for f, cell, i, n in zip(forget, cells, into, new, strict=True)
            ]
            h = [sigmoid(o) * tanh(cell) for o, cell in zip(out, cells, strict=True)]
        return squared(P, h, y, affine)

    return loss


def long_arrays(xp: Any, P: Any, X: Any, Y: Any) -> Any:
    Wx, Wh, b, W, c = P
    H = HIDDEN
    made = X @ Wx.T + b
    h = cell = xp.zeros((len(X), H))
    for t in range(X.shape[1]):
        a = made[:, t] + h @ Wh.T
        both = xp.sigmoid(a[:, : 2 * H])
        cell = both[:, H:] * cell + both[:, :H] * xp.tanh(a[:, 2 * H : 3 * H])
        h = xp.sigmoid(a[:, 3 * H :]) * xp.tanh(cell)
    return (h @ W + c - Y) ** 2 / 2


def long_by_hand(P: Any, X: Any, Y: Any) -> Any:
    Wx, Wh, b, W, c = P
    H = HIDDEN
    made = X @ Wx.T + b
    hs, cells, kept = [np.zeros((len(X), H))], [np.zeros((len(X), H))], []
    for t in range(X.shape[1]):
        a = made[:, t] + hs[-1] @ Wh.T
        s = 1.0 / (1.0 + np.exp(-a))
        n = np.tanh(a[:, 2 * H : 3 * H])
        cells.append(s[:, H : 2 * H] * cells[-1] + s[:, :H] * n)
        top = np.tanh(cells[-1])
        kept.append((s, n, top))
        hs.append(s[:, 3 * H :] * top)
    error = hs[-1] @ W + c - Y
    e = error / len(X)
    G = np.empty_like(made)
    g, gc = e[:, None] * W, 0.0
    for t in range(X.shape[1] - 1, -1, -1):
        s, n, top = kept[t]
        i, f, o = s[:, :H], s[:, H : 2 * H], s[:, 3 * H :]
        gc = gc + g * o * (1.0 - top * top)
        G[:, t, :H] = gc * n * i * (1.0 - i)
        G[:, t, H : 2 * H] = gc * cells[t] * f * (1.0 - f)
        G[:, t, 2 * H : 3 * H] = gc * i * (1.0 - n * n)
        G[:, t, 3 * H :] = g * top * o * (1.0 - o)
        gc = gc * f
        g = G[:, t] @ Wh
    flat = G.reshape(-1, 4 * H)
    stacked = np.stack(hs[:-1], axis=1).reshape(-1, H)
    slopes = [flat.T @ X.reshape(-1, INPUTS), flat.T @ stacked, flat.sum(axis=0)]
    return (error * error).mean() / 2, [*slopes, e @ hs[-1], e.sum()]


def long_torch(torch: Any) -> Callable[..., Any]:
    none = torch.zeros(4 * HIDDEN, dtype=torch.float64)

    def losses(P: Any, X: Any, Y: Any) -> Any:
        zeros = torch.zeros((1, len(X), HIDDEN), dtype=torch.float64)
        _, h, _ = torch.lstm(X, (zeros, zeros), [*P[:3], none], True, 1, 0.0, True, False, True)
        return (h[0] @ P[3] + P[4] - Y) ** 2 / 2

    return losses


# The rows -----------------------------------------------------------------------------------------

WRITTEN = {"with dot": with_dot, "as loops": as_loop}
KINDS = {
    "Elman RNN": (elman, 1, 1, elman_arrays, elman_by_hand, elman_torch),
    "gated RNN": (gated, 3, 2, gated_arrays, gated_by_hand, gated_torch),
    "LSTM": (long, 4, 1, long_arrays, long_by_hand, long_torch),
}


def programs() -> list[Program]:
    """Each kind, written in both ways."""
    found: list[Program] = []
    for kind, (scalars, gates, biases, arrays, hand, torch) in KINDS.items():
        for way, affine in WRITTEN.items():
            name = f"{kind}, {STEPS} steps, {way}"
            make = lambda gates=gates, biases=biases: start(gates, biases)  # noqa: E731
            found.append(Program(name, scalars(affine), data, make, arrays, hand, torch))
    return found
