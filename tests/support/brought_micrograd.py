"""Programs as people write them for micrograd and for EurekaLabs' engine, ours from end to end.

Each takes what `from ... import` gives it, so that nothing differs but the import, and yields a
Value and a list of parameters after each backward pass.
"""

import math
import random
from collections.abc import Iterator
from typing import Any

Steps = Iterator[tuple[Any, list[Any]]]


def descend(parameters: list[Any], rate: float) -> None:
    for p in parameters:
        p.data -= rate * p.grad
        p.grad = 0


def expression(engine: Any) -> Steps:
    """A few lines of arithmetic, and gradient descent on the two numbers in it."""
    a, b = engine.Value(-1.5), engine.Value(2.0)
    while True:
        c = a * b + b**3
        c += c + 1
        d = 3 * c - (a - b).relu() * 2 + (-a) / 4
        e = (d / 50 + 10.0 / (c * c + 1)) ** 2
        e.backward()
        yield e, [a, b]
        descend([a, b], 1e-3)


def margin(engine: Any) -> Steps:
    """A multilayer perceptron on two half rings, with a hinge loss and weight decay."""
    random.seed(1337)
    model = engine.MLP(2, [6, 6, 1])
    points = [(math.cos(i), math.sin(i) + (i % 2)) for i in range(12)]
    for k in range(100):
        scores = [model(list(point)) for point in points]
        losses = [(1 + (1 - 2 * (i % 2)) * s).relu() for i, s in enumerate(scores)]
        decay = 1e-4 * sum(p * p for p in model.parameters())
        total = sum(losses) * (1.0 / len(losses)) + decay
        model.zero_grad()
        total.backward()
        yield total, model.parameters()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= 0.1 * rate * p.grad


def own_backward(engine: Any) -> Steps:
    """A neuron with functions of its own, and a backward pass written out by hand."""
    Value = engine.Value

    def tanh(x: Any) -> Any:
        t = math.tanh(x.data)
        out = Value(t, (x,), "tanh")

        def _backward() -> None:
            x.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def product(x: Any, y: Any) -> Any:
        out = Value(x.data * y.data, _children=(x, y), _op="product")

        def _backward() -> None:
            x.grad += y.data * out.grad
            y.grad += x.data * out.grad

        out._backward = _backward
        return out

    def build(v: Any, order: list[Any], seen: set[Any]) -> None:
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                build(child, order, seen)
            order.append(v)

    w, b = [Value(-3.0), Value(1.0)], Value(6.88)
    while True:
        n = product(w[0], Value(2.0)) + product(w[1], w[1]) + b
        o = tanh(n * 0.3) + tanh(n * n * 0.01)
        order: list[Any] = []
        build(o, order, set())
        o.grad = 1.0
        for node in reversed(order):
            node._backward()
        yield o, [*w, b]
        descend([*w, b], 0.05)


def batch_normalisation(engine: Any) -> Steps:
    """A hidden layer whose sums are normalised over the batch, with a scale and a shift."""
    Value = engine.Value
    rng = random.Random(4)
    W = [[Value(rng.uniform(-1, 1)) for _ in range(3)] for _ in range(4)]
    v = [Value(rng.uniform(-1, 1)) for _ in range(4)]
    gain, shift = [Value(1.0) for _ in v], [Value(0.0) for _ in v]
    X = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(6)]
    y = [x[0] - x[1] * x[2] for x in X]
    parameters = [*[p for row in W for p in row], *v, *gain, *shift]
    while True:
        H = [[sum(w * xi for w, xi in zip(row, x, strict=True)) for row in W] for x in X]
        for j in range(len(v)):
            mean = sum(h[j] for h in H) / len(H)
            variance = sum((h[j] - mean) ** 2 for h in H) / len(H)
            scale = (variance + 1e-5) ** -0.5
            for h in H:
                h[j] = (gain[j] * ((h[j] - mean) * scale) + shift[j]).relu()
        out = [sum(a * b for a, b in zip(v, h, strict=True)) for h in H]
        loss = sum((o - t) ** 2 for o, t in zip(out, y, strict=True)) / len(y)
        loss.backward()
        yield loss, parameters
        descend(parameters, 0.05)


def reinforce(engine: Any) -> Steps:
    """A policy for three levers, learned from the rewards of the ones that it drew."""
    Value = engine.Value
    rng = random.Random(9)
    preferences = [Value(0.0) for _ in range(3)]
    baseline = 0.0
    while True:
        total = Value(0.0)
        for _ in range(5):
            largest = max(p.data for p in preferences)
            weights = [(p - largest).exp() for p in preferences]
            whole = sum(weights)
            chances = [w / whole for w in weights]
            lever = rng.choices(range(3), [c.data for c in chances])[0]
            reward = rng.gauss((0.2, 1.0, 0.5)[lever], 0.1)
            total = total - (reward - baseline) * chances[lever].log()
            baseline += 0.1 * (reward - baseline)
        total.backward()
        yield total, preferences
        descend(preferences, 0.1)


def momentum(engine: Any) -> Steps:
    """A cubic fitted with momentum, which is kept at the parameters."""
    c = [engine.Value(0.1 * (i + 1)) for i in range(4)]
    for p in c:
        p.velocity = 0.0
    while True:
        loss = engine.Value(0)
        for x in (-1.0, -0.5, 0.0, 0.5, 1.0):
            error = c[0] + c[1] * x + c[2] * x**2 + c[3] * x**3 - math.sin(2 * x)
            loss += error**2
        loss.backward()
        yield loss, c
        for p in c:
            p.velocity = 0.9 * p.velocity - 0.02 * p.grad
            p.data += p.velocity
            p.grad = 0


def adam_by_hand(engine: Any) -> Steps:
    """Three classes told apart by a tanh network, with AdamW and its moments at the parameters."""
    Value = engine.Value
    rng = random.Random(2)

    def neuron(n: int) -> list[Any]:
        return [*[Value(rng.uniform(-1, 1) * n**-0.5) for _ in range(n)], Value(0)]

    hidden, last = [neuron(2) for _ in range(5)], [neuron(5) for _ in range(3)]
    parameters = [p for layer in (hidden, last) for ws in layer for p in ws]
    for p in parameters:
        p.m = p.v = 0
    points = [([rng.uniform(-2, 2), rng.uniform(-2, 2)], i % 3) for i in range(8)]
    for t in range(1, 1000):
        total = Value(0.0)
        for x, label in points:
            h = [sum((w * v for w, v in zip(n, x, strict=False)), n[-1]).tanh() for n in hidden]
            logits = [sum((w * v for w, v in zip(n, h, strict=False)), n[-1]) for n in last]
            powers = [logit.exp() for logit in logits]
            total = total - (powers[label] / sum(powers)).log()
        loss = total * (1.0 / len(points))
        loss.backward()
        yield loss, parameters
        for p in parameters:
            p.m = 0.9 * p.m + 0.1 * p.grad
            p.v = 0.95 * p.v + 0.05 * p.grad**2
            root = (p.v / (1 - 0.95**t)) ** 0.5
            p.data -= 0.05 * (p.m / (1 - 0.9**t) / (root + 1e-8) + 1e-4 * p.data)
            p.grad = 0


def autoencoder(engine: Any) -> Steps:
    """A variational autoencoder of two numbers through one, with drawn noise."""
    Value = engine.Value
    rng = random.Random(6)
    mean, spread = [Value(rng.gauss(0, 0.5)) for _ in range(3)], [Value(0.1) for _ in range(3)]
    decode = [[Value(rng.gauss(0, 0.5)) for _ in range(2)] for _ in range(2)]
    parameters = [*mean, *spread, *decode[0], *decode[1]]
    data = [(0.5, 0.4), (-1.0, -0.8), (1.2, 1.1), (-0.2, 0.1)]
    while True:
        loss = Value(0.0)
        for x, y in data:
            mu = mean[0] * x + mean[1] * y + mean[2]
            log_var = spread[0] * x + spread[1] * y + spread[2]
            code = mu + (log_var * 0.5).exp() * rng.gauss(0, 1)
            for (w, b), true in zip(decode, (x, y), strict=True):
                loss += ((w * code).tanh() + b - true) ** 2
            loss += 0.05 * (mu**2 + log_var.exp() - log_var - 1)
        loss.backward()
        yield loss, parameters
        descend(parameters, 0.02)


def gated_unit(engine: Any) -> Steps:
    """A gated recurrent unit of width two that adds up a sequence."""
    Value = engine.Value
    rng = random.Random(8)
    gates = [[[Value(rng.uniform(-0.6, 0.6)) for _ in range(4)] for _ in range(2)] for _ in "zrh"]
    out = [Value(rng.uniform(-1, 1)) for _ in range(2)]
    parameters = [*[p for gate in gates for row in gate for p in row], *out]

    def gate(rows: Any, x: float, h: Any) -> Any:
        return [row[0] * x + row[1] * h[0] + row[2] * h[1] + row[3] for row in rows]

    while True:
        h = [Value(0.0), Value(0.0)]
        xs = [rng.uniform(-1, 1) for _ in range(4)]
        for x in xs:
            z = [1 / (1 + (-s).exp()) for s in gate(gates[0], x, h)]
            r = [1 / (1 + (-s).exp()) for s in gate(gates[1], x, h)]
            new = [s.tanh() for s in gate(gates[2], x, [a * b for a, b in zip(r, h, strict=True)])]
            h = [(1 - a) * b + a * c for a, b, c in zip(z, h, new, strict=True)]
        loss = (out[0] * h[0] + out[1] * h[1] - sum(xs)) ** 2
        loss.backward()
        yield loss, parameters
        descend(parameters, 0.1)


def experts(engine: Any) -> Steps:
    """A mixture of three linear experts with a softmax gate, the two best of which are asked."""
    Value = engine.Value
    rng = random.Random(3)
    gate = [[Value(rng.gauss(0, 1)) for _ in range(2)] for _ in range(3)]
    expert = [[Value(rng.gauss(0, 1)) for _ in range(2)] for _ in range(3)]
    parameters = [p for rows in (gate, expert) for row in rows for p in row]
    while True:
        loss = Value(0.0)
        for x in (-1.0, -0.3, 0.4, 1.1):
            scores = [a * x + b for a, b in gate]
            best = sorted(range(3), key=lambda i: -scores[i].data)[:2]
            weights = [scores[i].exp() for i in best]
            whole = weights[0] + weights[1]
            mixed = [
                w / whole * (expert[i][0] * x + expert[i][1])
                for w, i in zip(weights, best, strict=True)
            ]
            loss += (sum(mixed) - abs(x)) ** 2
        loss.backward()
        yield loss, parameters
        descend(parameters, 0.05)


PROGRAMS = [
    expression,
    margin,
    own_backward,
    batch_normalisation,
    reinforce,
    momentum,
    adam_by_hand,
    autoencoder,
    gated_unit,
    experts,
]
