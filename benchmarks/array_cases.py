"""Layers, losses and other functions of arrays with gradients by hand, to measure rates on.

Each is a function, its gradient with the weights of the outputs, and the shapes of its inputs. They
are right; `FAULTS` makes wrong ones of them.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
Arrays = list[Any]


@dataclass(frozen=True)
class ArrayCase:
    """A function of arrays with a gradient by hand.

    Attributes:
        name: of the function.
        f: the function.
        gradient: of the inputs and the weights of the outputs, if there are outputs.
        shapes: of the inputs.
        positive: whether it takes positive numbers only.
    """

    name: str
    f: Callable[..., Any]
    gradient: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    positive: bool = False

    def inputs(self, rng: np.random.Generator, dtype: Any = np.float64) -> Arrays:
        """Return inputs: half of the time with 0, 1, -1 and equal numbers among them."""
        found: Arrays = []
        special = rng.random() < 0.5
        for shape in self.shapes:
            x = rng.normal(size=shape)
            if self.positive:
                x = np.exp(0.7 * x)
            elif special and x.size > 1:
                places = rng.choice(x.size, max(1, x.size // 4), replace=False)
                x.ravel()[places] = rng.choice((0.0, 1.0, -1.0, x.ravel()[0]), len(places))
            found.append(x.astype(dtype))
        return found

    def claims(self, inputs: Arrays, weights: Array | None) -> Arrays:
        """Return the right gradient, an array for each input."""
        given = [] if weights is None else [weights]
        with np.errstate(all="ignore"):
            found = self.gradient(*inputs, *given)
        return list(found) if isinstance(found, tuple) else [found]


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def back_softmax(y: Array, c: Array) -> Array:
    return y * (c - (c * y).sum(-1, keepdims=True))


def normed(x: Array, axis: int) -> Array:
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + 1e-3)


def back_normed(x: Array, c: Array, axis: int) -> Array:
    y, s = normed(x, axis), np.sqrt(x.var(axis, keepdims=True) + 1e-3)
    means = c.mean(axis, keepdims=True) + y * (c * y).mean(axis, keepdims=True)
    return (c - means) / s


def scaled_norm(x: Array, g: Array, b: Array, axis: int) -> Array:
    return normed(x, axis) * g + b


def back_scaled_norm(x: Array, g: Array, b: Array, c: Array, axis: int) -> tuple[Array, ...]:
    return back_normed(x, c * g, axis), (c * normed(x, axis)).sum(0), c.sum(0)


def conv1d(x: Array, w: Array) -> Array:
    out = np.zeros((len(w), x.shape[1] - w.shape[2] + 1), x.dtype)
    for o in range(len(w)):
        for t in range(out.shape[1]):
            out[o, t] = (x[:, t : t + w.shape[2]] * w[o]).sum()
    return out


def back_conv1d(x: Array, w: Array, c: Array) -> tuple[Array, Array]:
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for o in range(len(w)):
        for t in range(c.shape[1]):
            gx[:, t : t + w.shape[2]] += c[o, t] * w[o]
            gw[o] += c[o, t] * x[:, t : t + w.shape[2]]
    return gx, gw


def conv2d(x: Array, w: Array) -> Array:
    n, m = (x.shape[k] - w.shape[k] + 1 for k in (0, 1))
    return np.array(
        [
            [(x[i : i + w.shape[0], j : j + w.shape[1]] * w).sum() for j in range(m)]
            for i in range(n)
        ]
    )


def back_conv2d(x: Array, w: Array, c: Array) -> tuple[Array, Array]:
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for i, j in np.ndindex(c.shape):
        part = (slice(i, i + w.shape[0]), slice(j, j + w.shape[1]))
        gx[part] += c[i, j] * w
        gw += c[i, j] * x[part]
    return gx, gw


def pooled(x: Array) -> Array:
    return x.reshape(len(x), -1, 2).max(2)


def back_pooled(x: Array, c: Array) -> Array:
    pairs = x.reshape(len(x), -1, 2)
    first = pairs[..., :1] >= pairs[..., 1:]
    return (np.concatenate([first, ~first], 2) * c[..., None]).reshape(x.shape)


def attention(q: Array, k: Array, v: Array) -> Array:
    return softmax(q @ k.T / q.dtype.type(np.sqrt(q.shape[1]))) @ v


def back_attention(q: Array, k: Array, v: Array, c: Array) -> tuple[Array, Array, Array]:
    root = q.dtype.type(np.sqrt(q.shape[1]))
    a = softmax(q @ k.T / root)
    s = back_softmax(a, c @ v.T) / root
    return s @ k, s.T @ q, a.T @ c


LABELS = np.array([0, 2, 1, 2])
PLACES = np.array([1, 3, 1, 0, 4])
MASK = np.arange(12).reshape(3, 4) % 3 > 0


def cross_entropy(x: Array) -> Array:
    y = softmax(x)
    return -np.log(y[np.arange(4), LABELS]).mean()


def back_cross_entropy(x: Array) -> Array:
    return (softmax(x) - np.eye(3, dtype=x.dtype)[LABELS]) / x.dtype.type(4)


def back_embedding(table: Array, c: Array) -> Array:
    g = np.zeros_like(table)
    np.add.at(g, PLACES, c)
    return g


def gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


def back_gelu(x: Array, c: Array) -> Array:
    t = np.tanh(0.7978845608028654 * (x + 0.044715 * x**3))
    inner = 0.7978845608028654 * (1 + 3 * 0.044715 * x**2)
    return c * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)


def recurrent(x: Array, h: Array, w: Array, u: Array) -> Array:
    for row in x:
        h = np.tanh(row @ w + h @ u)
    return h


def back_recurrent(x: Array, h: Array, w: Array, u: Array, c: Array) -> tuple[Array, ...]:
    states = [h]
    for row in x:
        states.append(np.tanh(row @ w + states[-1] @ u))
    gx, gw, gu = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u)
    for t in reversed(range(len(x))):
        d = c * (1 - states[t + 1] ** 2)
        gx[t], c = w @ d, u @ d
        gw += np.outer(x[t], d)
        gu += np.outer(states[t], d)
    return gx, c, gw, gu


def gated(x: Array, w: Array, u: Array) -> Array:
    return np.tanh(x @ w) * sigmoid(x @ u)


def back_gated(x: Array, w: Array, u: Array, c: Array) -> tuple[Array, ...]:
    t, s = np.tanh(x @ w), sigmoid(x @ u)
    a, b = c * s * (1 - t * t), c * t * s * (1 - s)
    return a @ w.T + b @ u.T, x.T @ a, x.T @ b


def huber(x: Array, y: Array) -> Array:
    d = x - y
    return np.where(np.abs(d) < 1, 0.5 * d * d, np.abs(d) - 0.5).sum()


def back_cumprod(x: Array, c: Array) -> Array:
    g = np.zeros_like(x)
    for i in range(len(x)):
        for k in range(i, len(x)):
            g[i] += c[k] * np.prod(np.delete(x[: k + 1], i))
    return g


def back_sort(x: Array, c: Array) -> Array:
    g = np.zeros_like(x)
    g[np.argsort(x, kind="stable")] = c
    return g


def distances(x: Array, y: Array) -> Array:
    return ((x[:, None] - y[None]) ** 2).sum(-1)


def back_distances(x: Array, y: Array, c: Array) -> tuple[Array, Array]:
    d = 2 * c[..., None] * (x[:, None] - y[None])
    return d.sum(1), -d.sum(0)


def back_inverse(x: Array, c: Array) -> Array:
    y = np.linalg.inv(x + 5 * np.eye(len(x)))
    return -y.T @ c @ y.T


def back_solve(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    m = a + 5 * np.eye(len(a))
    g = np.linalg.solve(m.T, c)
    return -np.outer(g, np.linalg.solve(m, b)), g


def cosine(x: Array, y: Array) -> Array:
    return (x * y).sum() / (np.linalg.norm(x) * np.linalg.norm(y))


def back_cosine(x: Array, y: Array) -> tuple[Array, Array]:
    a, b, s = np.linalg.norm(x), np.linalg.norm(y), cosine(x, y)
    return y / (a * b) - s * x / a**2, x / (a * b) - s * y / b**2


def pointwise(
    name: str, f: Callable[[Array], Array], slope: Callable[[Array], Array], positive: bool = False
) -> ArrayCase:
    return ArrayCase(name, f, lambda x, c: c * slope(x), ((3, 4),), positive)


Case = ArrayCase
ARRAY_CASES: tuple[ArrayCase, ...] = (
    pointwise("tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    pointwise("sigmoid", sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    pointwise("relu", lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
    pointwise(
        "leaky relu",
        lambda x: np.where(x > 0, x, x * x.dtype.type(0.1)),
        lambda x: np.where(x > 0, x.dtype.type(1), x.dtype.type(0.1)),
    ),
    pointwise(
        "elu", lambda x: np.where(x > 0, x, np.expm1(x)), lambda x: np.where(x > 0, 1, np.exp(x))
    ),
    pointwise("softplus", lambda x: np.log1p(np.exp(x)), sigmoid),
    pointwise(
        "silu", lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))
    ),
    pointwise("exp", np.exp, np.exp),
    pointwise("log", np.log, lambda x: 1 / x, positive=True),
    pointwise("square root", np.sqrt, lambda x: 0.5 / np.sqrt(x), positive=True),
    pointwise("reciprocal", lambda x: 1 / x, lambda x: -1 / (x * x), positive=True),
    pointwise("cube", lambda x: x**3, lambda x: 3 * x**2),
    pointwise("absolute", np.abs, np.sign),
    pointwise("sine", np.sin, np.cos),
    pointwise("dropout", lambda x: x * MASK * 1.5, lambda x: MASK * 1.5),
    pointwise("clip", lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1).astype(x.dtype)),
    Case("gelu", gelu, back_gelu, ((3, 4),)),
    Case("dense", lambda x, w, b: x @ w + b, lambda x, w, b, c: (c @ w.T, x.T @ c, c.sum(0)),
         ((4, 3), (3, 5), (5,))),
    Case("bias", lambda x, b: x + b, lambda x, b, c: (c, c.sum(0)), ((4, 3), (3,))),
    Case("scale", lambda x, s: x * s, lambda x, s, c: (c * s, (c * x).sum()), ((4, 3), ())),
    Case("softmax", softmax, lambda x, c: back_softmax(softmax(x), c), ((3, 4),)),
    Case("log softmax", lambda x: np.log(softmax(x)),
         lambda x, c: c - softmax(x) * c.sum(-1, keepdims=True), ((3, 4),)),
    Case("logsumexp", lambda x: np.log(np.exp(x).sum()), lambda x: softmax(x.ravel()).reshape(
        x.shape), ((3, 4),)),
    Case("layer norm", functools.partial(scaled_norm, axis=1),
         functools.partial(back_scaled_norm, axis=1), ((3, 5), (5,), (5,))),
    Case("batch norm", functools.partial(scaled_norm, axis=0),
         functools.partial(back_scaled_norm, axis=0), ((5, 3), (3,), (3,))),
    Case("root mean square norm", lambda x: x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-3),
         lambda x, c: (c - x * (c * x).mean(1, keepdims=True) / (
             (x * x).mean(1, keepdims=True) + 1e-3)) / np.sqrt(
                 (x * x).mean(1, keepdims=True) + 1e-3), ((3, 5),)),
    Case("convolution of one axis", conv1d, back_conv1d, ((2, 6), (3, 2, 3))),
    Case("convolution of two axes", conv2d, back_conv2d, ((5, 5), (2, 3))),
    Case("max pooling", pooled, back_pooled, ((3, 6),)),
    Case("mean pooling", lambda x: x.reshape(len(x), -1, 2).mean(2),
         lambda x, c: np.repeat(c / 2, 2, axis=1), ((3, 6),)),
    Case("attention", attention, back_attention, ((3, 4), (5, 4), (5, 2))),
    Case("embedding", lambda table: table[PLACES], back_embedding, ((5, 3),)),
    Case("cross entropy", cross_entropy, back_cross_entropy, ((4, 3),)),
    Case("mean squared error", lambda x, y: ((x - y) ** 2).mean(),
         lambda x, y: (2 * (x - y) / x.size, 2 * (y - x) / x.size), ((3, 4), (3, 4))),
    Case("mean absolute error", lambda x, y: np.abs(x - y).mean(),
         lambda x, y: (np.sign(x - y) / x.size, np.sign(y - x) / x.size), ((3, 4), (3, 4))),
    Case("huber", huber, lambda x, y: (np.clip(x - y, -1, 1), np.clip(y - x, -1, 1)),
         ((3, 4), (3, 4))),
    Case("hinge", lambda x: np.maximum(1 - x, 0).sum(), lambda x: -(x < 1).astype(x.dtype),
         ((3, 4),)),
    Case("binary cross entropy", lambda x: (np.log1p(np.exp(x)) - 0.3 * x).sum(),
         lambda x: sigmoid(x) - x.dtype.type(0.3), ((3, 4),)),
    Case("batched product", np.matmul,
         lambda a, b, c: (c @ b.transpose(0, 2, 1), a.transpose(0, 2, 1) @ c),
         ((2, 3, 2), (2, 2, 3))),
    Case("outer product", np.outer, lambda a, b, c: (c @ b, a @ c), ((4,), (3,))),
    Case("recurrent", recurrent, back_recurrent, ((3, 2), (3,), (2, 3), (3, 3))),
    Case("gated", gated, back_gated, ((3, 2), (2, 4), (2, 4))),
    Case("running sum", np.cumsum, lambda x, c: np.cumsum(c[::-1])[::-1], ((7,),)),
    Case("running product", np.cumprod, back_cumprod, ((5,),)),
    Case("sort", np.sort, back_sort, ((7,),)),
    Case("largest", np.max, lambda x: (x == x.max()) / (x == x.max()).sum(), ((7,),)),
    Case("distances", distances, back_distances, ((3, 2), (4, 2))),
    Case("inverse", lambda x: np.linalg.inv(x + 5 * np.eye(len(x))), back_inverse, ((3, 3),)),
    Case("solve", lambda a, b: np.linalg.solve(a + 5 * np.eye(len(a)), b), back_solve,
         ((3, 3), (3,))),
    Case("log determinant", lambda x: np.linalg.slogdet(x + 5 * np.eye(len(x)))[1],
         lambda x: np.linalg.inv(x + 5 * np.eye(len(x))).T, ((3, 3),)),
    Case("quadratic form", lambda x, a: x @ a @ x, lambda x, a: (a @ x + a.T @ x, np.outer(x, x)),
         ((4,), (4, 4))),
    Case("cosine", cosine, back_cosine, ((5,), (5,))),
)  # fmt: skip


def _one_entry(size: float) -> Callable[[Arrays, Arrays, np.random.Generator], bool]:
    def fault(claims: Arrays, inputs: Arrays, rng: np.random.Generator) -> bool:
        k = int(rng.integers(len(claims)))
        sizes = np.abs(claims[k]).ravel()
        some = sizes[sizes > 0]
        if not len(some):
            return False
        # An entry of the usual size or larger: by its size a fault is measured.
        i = rng.choice(np.flatnonzero(sizes >= np.median(some)))
        claims[k].reshape(-1)[i] *= 1 + size
        return True

    return fault


def _all(change: Callable[[Array], Array]) -> Callable[..., bool]:
    def fault(claims: Arrays, inputs: Arrays, rng: np.random.Generator) -> bool:
        k = int(rng.integers(len(claims)))
        before = claims[k].copy()
        claims[k][...] = change(claims[k])
        return not np.array_equal(before, claims[k])

    return fault


def _transposed(claims: Arrays, inputs: Arrays, rng: np.random.Generator) -> bool:
    square = [k for k, g in enumerate(claims) if g.ndim == 2 and g.shape[0] == g.shape[1] > 1]
    if not square:
        return False
    g = claims[rng.choice(square)]
    before = g.copy()
    g[...] = before.T
    return bool(np.abs(g - before).max() > 1e-6 * np.abs(before).max())


def _unreduced(claims: Arrays, inputs: Arrays, rng: np.random.Generator) -> bool:
    """A mean where a sum should be, over another input's first axis."""
    k = int(rng.integers(len(claims)))
    n = max((x.shape[0] for x in inputs if x.ndim), default=1)
    claims[k][...] = claims[k] / n
    return n > 1 and bool(claims[k].any())


def _negative(claims: Arrays, inputs: Arrays, rng: np.random.Generator) -> bool:
    k = int(rng.integers(len(claims)))
    where = (inputs[k] < 0) & (claims[k] != 0)
    claims[k][where] *= 1.01
    return bool(where.any())


def _one_index(claims: Arrays, inputs: Arrays, rng: np.random.Generator) -> bool:
    deep = [k for k, g in enumerate(claims) if g.ndim and len(g) > 1]
    if not deep:
        return False
    g = claims[rng.choice(deep)]
    j = int(rng.integers(len(g)))
    g[j] *= 1.01
    return bool(np.any(g[j] != 0))


ARRAY_FAULTS: dict[str, Callable[[Arrays, Arrays, np.random.Generator], bool]] = {
    **{f"1e-{k} in one entry": _one_entry(10.0**-k) for k in (2, 4, 6, 8)},
    **{f"1e-{k} in all": _all(lambda g, e=10.0**-k: g * (1 + e)) for k in (2, 4, 6, 8)},
    "sign": _all(lambda g: -g),
    "twice": _all(lambda g: 2 * g),
    "transposed": _transposed,
    "a reduction missing": _unreduced,
    "1e-2 at negative inputs only": _negative,
    "1e-2 at one index only": _one_index,
}
"""What makes a right gradient wrong in place; each says whether it did."""
