"""Programs as people write them for microgpt's Value, with children and local derivatives; ours.

As those of `brought_micrograd`: nothing differs but the import.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

Steps = Iterator[tuple[Any, list[Any]]]


def descend(parameters: list[Any], rate: float) -> None:
    for p in parameters:
        p.data -= rate * p.grad
        p.grad = 0


def matrices(Value: Any, seed: int, deviation: float = 0.4) -> Callable[[int, int], Any]:
    rng = random.Random(seed)
    return lambda rows, columns: [
        [Value(rng.gauss(0, deviation)) for _ in range(columns)] for _ in range(rows)
    ]


def linear(x: Any, w: Any) -> Any:
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(logits: Any) -> Any:
    largest = max(v.data for v in logits)
    powers = [(v - largest).exp() for v in logits]
    total = sum(powers)
    return [p / total for p in powers]


def normalised(x: Any) -> Any:
    mean = sum(xi * xi for xi in x) / len(x)
    scale = (mean + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def flat(*tables: Any) -> list[Any]:
    return [p for table in tables for row in table for p in row]


# Functions that the class lacks, as such programs add them.


def tanh(x: Any) -> Any:
    t = math.tanh(x.data)
    return type(x)(t, (x,), (1 - t * t,))


def sigmoid(x: Any) -> Any:
    s = 1 / (1 + math.exp(-x.data))
    return type(x)(s, (x,), (s * (1 - s),))


def gpt(engine: Any) -> Steps:
    """A transformer of one layer and two heads that learns words, with Adam in lists."""
    Value = engine.Value
    matrix = matrices(Value, 42, 0.2)
    size, width, heads = 7, 8, 2
    part = width // heads
    tokens, places, out = matrix(size, width), matrix(6, width), matrix(size, width)
    q_w, k_w, v_w, o_w = (matrix(width, width) for _ in range(4))
    up, down = matrix(2 * width, width), matrix(width, 2 * width)
    parameters = flat(tokens, places, out, q_w, k_w, v_w, o_w, up, down)

    def step(token: int, place: int, keys: Any, values: Any) -> Any:
        x = normalised([t + p for t, p in zip(tokens[token], places[place], strict=True)])
        before, x = x, normalised(x)
        q = linear(x, q_w)
        keys.append(linear(x, k_w))
        values.append(linear(x, v_w))
        joined: list[Any] = []
        for h in range(0, width, part):
            scores = [sum(q[j] * k[j] for j in range(h, h + part)) / part**0.5 for k in keys]
            weights = softmax(scores)
            joined += [
                sum(w * v[j] for w, v in zip(weights, values, strict=True))
                for j in range(h, h + part)
            ]
        x = [a + b for a, b in zip(linear(joined, o_w), before, strict=True)]
        inner = [h.relu() for h in linear(normalised(x), up)]
        x = [a + b for a, b in zip(linear(inner, down), x, strict=True)]
        return linear(x, out)

    m, v = [0.0] * len(parameters), [0.0] * len(parameters)
    words = ([1, 2, 3, 2], [4, 5, 1], [6, 3, 3, 1])
    for t in range(1000):
        word = [0, *words[t % 3], 0]
        keys: list[Any] = []
        values: list[Any] = []
        losses = [
            -softmax(step(token, place, keys, values))[word[place + 1]].log()
            for place, token in enumerate(word[:-1])
        ]
        loss = (1 / len(losses)) * sum(losses)
        loss.backward()
        yield loss, parameters
        rate = 0.01 * (1 - t / 1000)
        for i, p in enumerate(parameters):
            m[i] = 0.85 * m[i] + 0.15 * p.grad
            v[i] = 0.99 * v[i] + 0.01 * p.grad**2
            p.data -= (
                rate * m[i] / (1 - 0.85 ** (t + 1)) / ((v[i] / (1 - 0.99 ** (t + 1))) ** 0.5 + 1e-8)
            )
            p.grad = 0


def lstm(engine: Any) -> Steps:
    """A cell with an input, a forget and an output gate that remembers its first number."""
    Value = engine.Value
    gates = [matrices(Value, 10 + i)(2, 4) for i in range(4)]
    out = matrices(Value, 20)(1, 2)
    parameters = flat(*gates, out)
    rng = random.Random(0)
    while True:
        h, c = [Value(0.0)] * 2, [Value(0.0)] * 2
        xs = [rng.choice((-1.0, 1.0)) for _ in range(4)]
        for x in xs:
            i, f, o, g = (linear([Value(x), Value(1.0), *h], w) for w in gates)
            c = [
                sigmoid(fj + 1.0) * cj + sigmoid(ij) * tanh(gj)
                for ij, fj, gj, cj in zip(i, f, g, c, strict=True)
            ]
            h = [sigmoid(oj) * tanh(cj) for oj, cj in zip(o, c, strict=True)]
        loss = (linear(h, out)[0] - xs[0]) ** 2
        loss.backward()
        yield loss, parameters
        descend(parameters, 0.2)


def adversaries(engine: Any) -> Steps:
    """A generator and a discriminator in turns; each step clears only what it moves."""
    Value = engine.Value
    make, judge = matrices(Value, 30)(1, 2), matrices(Value, 31)(3, 2)
    verdict = matrices(Value, 32)(1, 3)
    rng = random.Random(5)

    def score(x: Any) -> Any:
        hidden = [tanh(h) for h in linear([x, Value(1.0)], judge)]
        return sigmoid(linear(hidden, verdict)[0])

    for turn in range(1000):
        noise = Value(rng.gauss(0, 1))
        fake = linear([noise, Value(1.0)], make)[0]
        if turn % 2:
            loss, moved = -score(fake).log(), flat(make)
        else:
            real = Value(rng.gauss(2, 0.5))
            shown = Value(fake.data)
            loss, moved = -score(real).log() - (1 - score(shown)).log(), flat(judge, verdict)
        for p in flat(make, judge, verdict):
            p.grad = 0
        loss.backward()
        yield loss, flat(make, judge, verdict)
        for p in moved:
            p.data -= 0.1 * p.grad


def state_space(engine: Any) -> Steps:
    """A diagonal linear recurrence whose step is chosen by the input, read out along the way."""
    Value = engine.Value
    decay, enter, leave, pace = (matrices(Value, 50 + i)(1, 3)[0] for i in range(4))
    parameters = [*decay, *enter, *leave, *pace]
    signal = [math.sin(0.7 * t) for t in range(7)]
    while True:
        state: list[Any] = [0.0] * 3
        losses = []
        for now, then in itertools.pairwise(signal):
            step = [(p * now).exp() for p in pace]
            keep = [(-(a.exp()) * s).exp() for a, s in zip(decay, step, strict=True)]
            state = [
                k * h + b * s * now for k, h, b, s in zip(keep, state, enter, step, strict=True)
            ]
            losses.append((sum(c * h for c, h in zip(leave, state, strict=True)) - then) ** 2)
        loss = sum(losses) / len(losses)
        loss.backward()
        yield loss, parameters
        descend(parameters, 0.1)


def pooled(engine: Any) -> Steps:
    """A convolution over small pictures, with the largest of each window; some are equal."""
    Value = engine.Value
    kernel = matrices(Value, 60)(2, 2)
    last = matrices(Value, 61)(2, 4)
    rng = random.Random(1)
    pictures = [[[float(rng.random() < 0.5) for _ in range(5)] for _ in range(5)] for _ in "ab"]
    parameters = flat(kernel, last)
    while True:
        loss = Value(0.0)
        for label, picture in enumerate(pictures):
            maps = [
                [
                    sum(kernel[a][b] * picture[i + a][j + b] for a in (0, 1) for b in (0, 1)).relu()
                    for j in range(4)
                ]
                for i in range(4)
            ]
            pools = [
                maps[i][j]
                .max_with(maps[i][j + 1])
                .max_with(maps[i + 1][j])
                .max_with(maps[i + 1][j + 1])
                for i in (0, 2)
                for j in (0, 2)
            ]
            loss = loss - softmax(linear(pools, last))[label].log()
        loss.backward()
        yield loss, parameters
        descend(parameters, 0.1)


def adapters(engine: Any) -> Steps:
    """A frozen layer with an adapter of rank one beside it, which alone is moved."""
    Value = engine.Value
    frozen, low, high = (
        matrices(Value, 70 + i)(*size) for i, size in enumerate([(3, 3), (1, 3), (3, 1)])
    )
    rng = random.Random(2)
    while True:
        x = [Value(rng.gauss(0, 1)) for _ in range(3)]
        extra = linear(linear(x, low), high)
        y = [a + 0.5 * b for a, b in zip(linear(x, frozen), extra, strict=True)]
        loss = sum((yi - 2 * xi) ** 2 for yi, xi in zip(y, x, strict=True))
        loss.backward()
        yield loss, flat(frozen, low, high)
        descend(flat(low, high), 0.02)
        for p in flat(frozen):
            p.grad = 0


def preferences(engine: Any) -> Steps:
    """Direct preference optimisation: the better answer against the worse, beside a fixed model."""
    Value = engine.Value
    table, fixed = matrices(Value, 80)(3, 4), matrices(Value, 80)(3, 4)
    pairs = [(0, 1, 2), (1, 3, 0), (2, 2, 1)]
    while True:
        total = Value(0.0)
        for asked, better, worse in pairs:
            now, before = softmax(table[asked]), softmax(fixed[asked])
            gain = (now[better] / now[worse]).log() - math.log(
                before[better].data / before[worse].data
            )
            total = total - sigmoid(gain * 0.5).log()
        total.backward()
        yield total, flat(table)
        descend(flat(table), 0.3)


def dropout(engine: Any) -> Steps:
    """Residual blocks with units left out by chance, and gradients clipped by their length."""
    Value = engine.Value
    blocks = [(matrices(Value, 90 + i)(4, 4), matrices(Value, 95 + i)(4, 4)) for i in range(2)]
    parameters = flat(*[w for block in blocks for w in block])
    rng = random.Random(7)
    while True:
        x: Any = [Value(rng.gauss(0, 1)) for _ in range(4)]
        target = [v.data * 0.5 for v in x]
        for first, second in blocks:
            hidden = [
                h.relu() * (2.0 if rng.random() < 0.5 else 0.0)
                for h in linear(normalised(x), first)
            ]
            x = [a + b for a, b in zip(x, linear(hidden, second), strict=True)]
        loss = sum((xi - t) ** 2 for xi, t in zip(x, target, strict=True)) / 4
        loss.backward()
        yield loss, parameters
        length = sum(p.grad**2 for p in parameters) ** 0.5
        for p in parameters:
            p.data -= 0.1 * p.grad * min(1.0, 1.0 / (length + 1e-12))
            p.grad = 0


def own_functions(engine: Any) -> Steps:
    """Functions that the class lacks, given by their numbers; a child used twice; a set of seen."""
    Value = engine.Value
    a, b = Value(0.3), Value(-0.8)

    def sine(x: Any) -> Any:
        return Value(math.sin(x.data), (x,), (math.cos(x.data),))

    def hypotenuse(x: Any, y: Any) -> Any:
        r = math.hypot(x.data, y.data)
        return Value(r, children=(x, y), local_grads=(x.data / r, y.data / r))

    def doubled(x: Any) -> Any:
        return Value(2 * x.data, (x, x), (1, True))

    while True:
        made = {x.data: x for x in (sine(a), sine(b * 2))}
        z = hypotenuse(*made.values()) + doubled(a * b) ** 2
        seen, stack = {z}, [z]
        while stack:
            node = stack.pop()
            fresh = [x for x in node._children if x not in seen]
            seen.update(fresh)
            stack += fresh
        assert a in seen
        assert sum(z._local_grads) == 2
        z.backward()
        yield z, [a, b]
        descend([a, b], 0.05)


def policy(engine: Any) -> Steps:
    """Proximal policy optimisation: a ratio clipped by comparing numbers, and the smaller taken."""
    Value = engine.Value
    logits = matrices(Value, 99)(2, 3)
    rng = random.Random(11)
    while True:
        total = Value(0.0)
        old = [[p.data for p in softmax(row)] for row in logits]
        for state in (0, 1, 0):
            action = rng.choices(range(3), old[state])[0]
            advantage = rng.gauss(0, 1)
            for _ in range(2):
                ratio = softmax([x * 1.1 for x in logits[state]])[action] / old[state][action]
                clipped = ratio if 0.8 < ratio.data < 1.2 else Value(max(0.8, min(1.2, ratio.data)))
                first, second = ratio * advantage, clipped * advantage
                total = total - (first if first.data < second.data else second)
        total.backward()
        yield total, flat(logits)
        descend(flat(logits), 0.1)


PROGRAMS = [
    gpt,
    lstm,
    adversaries,
    state_space,
    pooled,
    adapters,
    preferences,
    dropout,
    own_functions,
    policy,
]
