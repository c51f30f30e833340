"""A small GPT on first names: compiled scalars beside the same scalars eagerly, NumPy and JAX.

    python -m benchmarks.gpt [--steps 1000] [--batch 1]

All begin with the same numbers, read the same names in the same order, move by the same Adam, and
their losses are compared before anything is said. Peers are written by hand: NumPy with the chain
rule worked out, JAX under `jit`. The eager run takes a few steps and the rest is extrapolated.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

import autograd
from autograd import compile, dot, exp, logsumexp, select
from benchmarks.rows import differ
from nn import Adam, Embedding, Layer, Module, datasets

LETTERS = ".abcdefghijklmnopqrstuvwxyz"
LENGTH, WIDTH, HEADS, EPS, RATE = 12, 16, 4, 1e-5, 0.01
SIZE = WIDTH // HEADS
EAGER_STEPS = 20

Step = Callable[[Any, Any], float]


def names(length: int = LENGTH) -> tuple[Any, Any]:
    """Letters read and letters asked for, with a 1 where one is asked, of shape (names, ...)."""
    words = [word for word in datasets.first_names() if len(word) < length]
    X, Y = np.zeros((len(words), length), int), np.zeros((len(words), 2 * length), int)
    for row, word in enumerate(words):
        letters = [LETTERS.index(letter) for letter in word]
        X[row, : len(word) + 1] = [0, *letters]
        Y[row, : len(word) + 1] = [*letters, 0]
        Y[row, length : length + len(word) + 1] = 1
    return X, Y


# Scalars ------------------------------------------------------------------------------------------


def normed(row: Sequence[Any]) -> list[Any]:
    length = autograd.sqrt(dot(row, row) / len(row) + EPS)
    return [x / length for x in row]


def added(row: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    return [a + b for a, b in zip(row, other, strict=True)]


class GPT(Module):
    """Rows for letters and places, attention in heads, a network, and a layer that reads."""

    def __init__(self, length: int = LENGTH, layers: int = 1) -> None:
        rng = np.random.default_rng(0)
        self.letters = Embedding(len(LETTERS), WIDTH, seed=rng)
        self.places = Embedding(length, WIDTH, seed=rng)
        block = [*[(WIDTH, WIDTH)] * 4, (WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH)]
        self.parts = [
            Layer(n, m, "relu" if m > WIDTH and m != 27 else "linear", seed=rng)
            for n, m in [*block * layers, (WIDTH, 27)]
        ]

    def attended(self, rows: Sequence[Any], parts: Sequence[Any]) -> list[Any]:
        query, key, value, mix = parts
        queries, keys, values = ([part(row) for row in rows] for part in (query, key, value))
        found: list[Any] = []
        for t, asked in enumerate(queries):
            row: list[Any] = []
            for begin in range(0, WIDTH, SIZE):
                head = slice(begin, begin + SIZE)
                scores = [dot(asked[head], k[head]) / math.sqrt(SIZE) for k in keys[: t + 1]]
                total = logsumexp(scores)
                weights = [exp(score - total) for score in scores]
                columns = zip(*[v[head] for v in values[: t + 1]], strict=True)
                row += [dot(weights, column) for column in columns]
            found.append(mix(row))
        return found

    def __call__(self, letters: Any) -> list[Any]:
        both = zip(self.letters(letters), self.places.rows, strict=True)
        rows = [normed(added(letter, place)) for letter, place in both]
        *layers, read = self.parts
        for i in range(0, len(layers), 6):
            found = self.attended([normed(row) for row in rows], layers[i : i + 4])
            rows = [added(row, new) for row, new in zip(rows, found, strict=True)]
            wide, narrow = layers[i + 4 : i + 6]
            rows = [added(row, narrow(wide(normed(row)))) for row in rows]
        return [read(row) for row in rows]


def loss(scores: Any, asked: Any) -> Any:
    length = len(scores)
    paid = [
        count * (logsumexp(row) - select(letter, row))
        for row, letter, count in zip(scores, asked[:length], asked[length:], strict=True)
    ]
    return autograd.sum(paid) / autograd.sum(asked[length:])


def compiled(length: int = LENGTH, **options: Any) -> tuple[Step, Any]:
    """The step, and the program."""
    model = GPT(length)
    program = compile(lambda x, y: loss(model(x), y), parameters=model, **options)
    optimizer = Adam(model.parameters(), lr=RATE)

    def step(X: Any, Y: Any) -> float:
        value, slopes = program.value_and_grad(X, Y)
        optimizer.step_array(program.theta, slopes)
        return float(value)

    return step, program


def eager() -> Step:
    model = GPT()
    optimizer = Adam(model.parameters(), lr=RATE)

    def step(X: Any, Y: Any) -> float:
        optimizer.zero_grad()
        total = 0.0
        for x, y in zip(X.tolist(), Y.tolist(), strict=True):
            one = loss(model(x), y) / len(X)
            one.backward()
            total += one.data
        for p in optimizer.parameters:
            # A letter that was not read has no gradient, and to the others it is 0.
            p.grad = p.grad or 0.0
        optimizer.step()
        return total

    return step


# Arrays -------------------------------------------------------------------------------------------


def arrays(length: int = LENGTH) -> list[Any]:
    """The parameters of the model at the start: two tables, and W and b of each layer."""
    model = GPT(length)
    found = [
        np.array([[v.data for v in row] for row in t.rows]) for t in (model.letters, model.places)
    ]
    for layer in model.parts:
        found.append(np.array([[w.data for w in neuron.weights] for neuron in layer.neurons]))
        found.append(np.array([neuron.bias.data for neuron in layer.neurons]))
    return found


def by_hand(length: int = LENGTH) -> Step:
    """The forward pass, and the chain rule of each line of it in reverse, on whole batches."""
    P = arrays(length)
    m, s, t = [np.zeros_like(a) for a in P], [np.zeros_like(a) for a in P], 0
    mask = np.triu(np.full((length, length), -np.inf), 1)

    def norm(x: Any) -> tuple[Any, Any]:
        scale = 1.0 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPS)
        return x * scale, scale

    def norm_back(y: Any, scale: Any, g: Any) -> Any:
        return scale * (g - y * (g * y).mean(axis=-1, keepdims=True))

    def heads(x: Any) -> Any:
        return x.reshape(len(x), length, HEADS, SIZE).transpose(0, 2, 1, 3)

    def rows(x: Any) -> Any:
        return x.transpose(0, 2, 1, 3).reshape(len(x), length, WIDTH)

    def dense(g: Any, x: Any) -> tuple[Any, Any]:
        flat = g.reshape(-1, g.shape[-1])
        return flat.T @ x.reshape(-1, x.shape[-1]), flat.sum(axis=0)

    def step(X: Any, Y: Any) -> float:
        nonlocal t
        E, L, Wq, bq, Wk, bk, Wv, bv, Wo, bo, W1, b1, W2, b2, Wr, br = P
        B = len(X)
        r0, s0 = norm(E[X] + L)
        n1, s1 = norm(r0)
        q, k, v = (heads(n1 @ W.T + b) for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
        S = q @ k.transpose(0, 1, 3, 2) / math.sqrt(SIZE) + mask
        A = np.exp(S - S.max(axis=-1, keepdims=True))
        A /= A.sum(axis=-1, keepdims=True)
        o = rows(A @ v)
        r1 = r0 + o @ Wo.T + bo
        n2, s2 = norm(r1)
        a = np.maximum(n2 @ W1.T + b1, 0.0)
        r2 = r1 + a @ W2.T + b2
        z = r2 @ Wr.T + br
        top = z.max(axis=-1, keepdims=True)
        p = np.exp(z - top)
        total = p.sum(axis=-1, keepdims=True)
        p /= total
        count = Y[:, length:] / Y[:, length:].sum(axis=1, keepdims=True)
        right = Y[:, :length, None]
        paid = (np.log(total) + top - np.take_along_axis(z, right, -1))[..., 0]
        value = float((count * paid).sum() / B)

        gz = p
        np.put_along_axis(gz, right, np.take_along_axis(gz, right, -1) - 1.0, -1)
        gz *= (count / B)[..., None]
        gWr, gbr = dense(gz, r2)
        g = gz @ Wr
        gW2, gb2 = dense(g, a)
        ga = (g @ W2) * (a > 0.0)
        gW1, gb1 = dense(ga, n2)
        g = g + norm_back(n2, s2, ga @ W1)
        gWo, gbo = dense(g, o)
        go = heads(g @ Wo)
        gA = go @ v.transpose(0, 1, 3, 2)
        gS = A * (gA - (gA * A).sum(axis=-1, keepdims=True)) / math.sqrt(SIZE)
        gv = rows(A.transpose(0, 1, 3, 2) @ go)
        gq, gk = rows(gS @ k), rows(gS.transpose(0, 1, 3, 2) @ q)
        (gWq, gbq), (gWk, gbk), (gWv, gbv) = (dense(x, n1) for x in (gq, gk, gv))
        g = g + norm_back(n1, s1, gq @ Wq + gk @ Wk + gv @ Wv)
        g = norm_back(r0, s0, g)
        gE = np.zeros_like(E)
        np.add.at(gE, X, g)
        slopes = [gE, g.sum(axis=0), gWq, gbq, gWk, gbk, gWv, gbv, gWo, gbo]
        slopes += [gW1, gb1, gW2, gb2, gWr, gbr]
        t += 1
        for x, dx, mean, square in zip(P, slopes, m, s, strict=True):
            mean += 0.1 * (dx - mean)
            square += 0.001 * (dx * dx - square)
            root = np.sqrt(square / (1.0 - 0.999**t)) + 1e-8
            x -= RATE / (1.0 - 0.9**t) * mean / root
        return value

    return step


def with_jax(jax: Any, length: int = LENGTH) -> Step:
    np_ = jax.numpy
    mask = np.triu(np.full((length, length), -np.inf), 1)

    def norm(x: Any) -> Any:
        return x / np_.sqrt((x * x).mean(axis=-1, keepdims=True) + EPS)

    def heads(x: Any) -> Any:
        return x.reshape(len(x), length, HEADS, SIZE).transpose(0, 2, 1, 3)

    def value(P: Any, X: Any, Y: Any) -> Any:
        E, L, Wq, bq, Wk, bk, Wv, bv, Wo, bo, W1, b1, W2, b2, Wr, br = P
        r = norm(E[X] + L)
        n = norm(r)
        q, k, v = (heads(n @ W.T + b) for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
        A = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / math.sqrt(SIZE) + mask)
        o = (A @ v).transpose(0, 2, 1, 3).reshape(len(X), length, WIDTH)
        r = r + o @ Wo.T + bo
        r = r + jax.nn.relu(norm(r) @ W1.T + b1) @ W2.T + b2
        logs = jax.nn.log_softmax(r @ Wr.T + br)
        paid = -np_.take_along_axis(logs, Y[:, :length, None], -1)[..., 0]
        count = Y[:, length:] / Y[:, length:].sum(axis=1, keepdims=True)
        return (count * paid).sum() / len(X)

    def update(P: Any, m: Any, s: Any, t: Any, X: Any, Y: Any) -> Any:
        found, slopes = jax.value_and_grad(value)(P, X, Y)
        m = [0.9 * a + 0.1 * g for a, g in zip(m, slopes, strict=True)]
        s = [0.999 * a + 0.001 * g * g for a, g in zip(s, slopes, strict=True)]
        rate = RATE / (1.0 - 0.9**t)
        P = [
            x - rate * a / (np_.sqrt(b / (1.0 - 0.999**t)) + 1e-8)
            for x, a, b in zip(P, m, s, strict=True)
        ]
        return found, P, m, s

    jitted = jax.jit(update, donate_argnums=(0, 1, 2))
    P = [np_.asarray(a) for a in arrays(length)]
    m, s, t = [np_.zeros_like(a) for a in P], [np_.zeros_like(a) for a in P], 0

    def step(X: Any, Y: Any) -> float:
        nonlocal P, m, s, t
        t += 1
        found, P, m, s = jitted(P, m, s, float(t), X, Y)
        return float(found)

    return step


def with_torch(torch: Any, length: int = LENGTH) -> Step:
    nn = torch.nn.functional
    P = [torch.tensor(a, requires_grad=True) for a in arrays(length)]
    optimizer = torch.optim.Adam(P, lr=RATE, foreach=True)
    mask = torch.triu(torch.full((length, length), -math.inf, dtype=torch.float64), 1)

    def norm(x: Any) -> Any:
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPS)

    def heads(x: Any) -> Any:
        return x.reshape(len(x), length, HEADS, SIZE).transpose(1, 2)

    def step(X: Any, Y: Any) -> float:
        X, Y = torch.as_tensor(X), torch.as_tensor(Y)
        asked = Y[:, length:].double()
        E, L, Wq, bq, Wk, bk, Wv, bv, Wo, bo, W1, b1, W2, b2, Wr, br = P
        r = norm(E[X] + L)
        n = norm(r)
        q, k, v = (heads(nn.linear(n, W, b)) for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
        # Not the fused one, whose exponentials are of another precision.
        scores = q @ k.transpose(2, 3) / math.sqrt(SIZE) + mask
        o = torch.softmax(scores, -1) @ v
        r = r + nn.linear(o.transpose(1, 2).reshape(len(X), length, WIDTH), Wo, bo)
        r = r + nn.linear(torch.relu(nn.linear(norm(r), W1, b1)), W2, b2)
        found = nn.linear(r, Wr, br).reshape(-1, 27)
        paid = nn.cross_entropy(found, Y[:, :length].reshape(-1), reduction="none")
        count = asked / asked.sum(1, keepdim=True)
        value = (count.reshape(-1) * paid).sum() / len(X)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value.item()

    return step


# The table ----------------------------------------------------------------------------------------


def batches(count: int, size: int, length: int = LENGTH) -> list[tuple[Any, Any]]:
    X, Y = names(length)
    rng = np.random.default_rng(1)
    chosen = [rng.choice(len(X), size, replace=False) for _ in range(count)]
    return [(X[rows], Y[rows]) for rows in chosen]


def run(make: Callable[[], Step], work: Sequence[tuple[Any, Any]]) -> tuple[float, float, Any]:
    """Return the seconds to the first step's end, those of the others, and all losses."""
    begin = perf_counter()
    step = make()
    losses = [step(*work[0])]
    first = perf_counter() - begin
    begin = perf_counter()
    losses += [step(*batch) for batch in work[1:]]
    return first, perf_counter() - begin, losses


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--batch", type=int, default=1)
    given = parser.parse_args(arguments)
    work = batches(given.steps, given.batch)
    makers: dict[str, Callable[[], Step]] = {
        "compiled": lambda: compiled()[0],
        "NumPy by hand": by_hand,
    }
    try:
        import jax  # pyright: ignore[reportMissingImports]

        jax.config.update("jax_enable_x64", True)
        makers["JAX by hand, jit"] = lambda: with_jax(jax)
    except ImportError:
        print("JAX is not installed")
    few = min(EAGER_STEPS, given.steps)
    first, others, ours = run(eager, work[:few])
    total = first + others * (given.steps - 1) / max(1, few - 1)
    print(f"{'eager, extrapolated':22} {total:8.2f} s for {given.steps:,} steps of {given.batch}")
    for name, make in makers.items():
        first, others, losses = run(make, work)
        fault = differ(ours, losses[:few], 1e-9)
        each = 1e3 * others / max(1, given.steps - 1)
        last = float(np.mean(losses[-50:]))
        print(
            f"{name:22} {first + others:8.2f} s, {first:.2f} s to the end of the first step, "
            f"then {each:.3f} ms each; loss {last:.3f}{'; ' if fault else ''}{fault}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
