"""Graphs that are drawn in several tests, and what is looked up in their pictures."""

import autograd as ag
from autograd import Value
from nn import MLP


def example():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    f = x**2 + x * y + y**2
    f.label = "f"
    z = f**2 + f
    z.label = "z"
    return z, x, y


def chain(length, shared=True):
    x = Value(1.0001, "x")
    z = x
    for _ in range(length):
        z = z * x if shared else z * 1.0001
    return z


def network(sizes=(2, 16, 16, 1), **options):
    model = MLP(list(sizes), **options)
    outputs = model([Value(0.5 - i, f"x{i}") for i in range(sizes[0])])
    loss = ag.mean([(y - 1.0) ** 2 for y in outputs])
    loss.label = "loss"
    loss.backward()
    return loss, model, outputs


def titled(drawing):
    """The boxes with a title, by it."""
    return {box.title: box for box in drawing.picture.boxes if box.title}


def groups(drawing):
    return {box.title: box for box in drawing.picture.boxes if box.kind == "group"}
