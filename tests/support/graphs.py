"""The small graphs of the sources, with their labels."""

import autograd as ag
from autograd import Value, sigmoid


def composite(x=1.0, y=2.0):
    """S0's example: z = f² + f with f = x² + xy + y²."""
    x, y = Value(x, "x"), Value(y, "y")
    f = x**2 + x * y + y**2
    f.label = "f"
    return f**2 + f, x, y


def neuron():
    """S4's neuron: L = (y - t)², y = sigmoid(w·x + b)."""
    w, b = [Value(0.5, "w1"), Value(-0.25, "w2")], Value(0.1, "b")
    z = w[0] * 1.0 + w[1] * 2.0 + b
    z.label = "z"
    y = sigmoid(z)
    y.label = "y"
    loss = (y - 1.0) ** 2
    loss.label = "L"
    return loss


def chain(n: int) -> Value:
    x = z = Value(0.5, "x")
    for i in range(n):
        z = z * x if i % 2 else ag.tanh(z)
    return z
