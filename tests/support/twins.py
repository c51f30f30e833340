"""Twins of other engines' Values: small classes of our own that compute as theirs do.

One keeps a closure at each node, as micrograd and EurekaLabs' engine do, the other lists of
children and local derivatives, as microgpt does. Both have slots, which theirs has not (micrograd)
or has too, so that times beside them are hard to beat.
"""

import itertools
import math
import random
from types import SimpleNamespace
from typing import Any


class Operators:
    """What both compute by way of their +, * and **."""

    __slots__ = ()

    def __neg__(self: Any) -> Any:
        return self * -1

    def __radd__(self: Any, other: Any) -> Any:
        return self + other

    def __sub__(self: Any, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self: Any, other: Any) -> Any:
        return other + (-self)

    def __rmul__(self: Any, other: Any) -> Any:
        return self * other

    def __truediv__(self: Any, other: Any) -> Any:
        return self * other**-1

    def __rtruediv__(self: Any, other: Any) -> Any:
        return other * self**-1


class Closures(Operators):
    """As micrograd and EurekaLabs: each node has a function that goes back one step."""

    __slots__ = ("__dict__", "_backward", "_op", "_prev", "data", "grad")

    def __init__(self, data: Any, _children: Any = (), _op: str = "") -> None:
        self.data = data
        self.grad = 0
        self._backward: Any = _nothing
        self._prev = tuple(_children)
        self._op = _op

    def __add__(self, other: Any) -> Any:
        other = other if isinstance(other, Closures) else Closures(other)
        out = Closures(self.data + other.data, (self, other), "+")

        def back() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out._backward = back
        return out

    def __mul__(self, other: Any) -> Any:
        other = other if isinstance(other, Closures) else Closures(other)
        out = Closures(self.data * other.data, (self, other), "*")

        def back() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = back
        return out

    def _of_one(self, data: Any, op: str, slope: Any) -> Any:
        out = Closures(data, (self,), op)

        def back() -> None:
            self.grad += slope(out.data) * out.grad

        out._backward = back
        return out

    def __pow__(self, n: Any) -> Any:
        return self._of_one(self.data**n, f"**{n}", lambda _: n * self.data ** (n - 1))

    def relu(self) -> Any:
        return self._of_one(max(0, self.data), "ReLU", lambda z: z > 0)

    def tanh(self) -> Any:
        return self._of_one(math.tanh(self.data), "tanh", lambda z: 1 - z**2)

    def exp(self) -> Any:
        return self._of_one(math.exp(self.data), "exp", lambda z: z)

    def log(self) -> Any:
        return self._of_one(math.log(self.data), "log", lambda _: 1 / self.data)

    def backward(self) -> None:
        order: list[Any] = []
        seen: set[Any] = set()

        def walk(v: Any) -> None:
            seen.add(v)
            for child in v._prev:
                if child not in seen:
                    walk(child)
            order.append(v)

        walk(self)
        self.grad = 1
        for v in reversed(order):
            v._backward()


def _nothing() -> None:
    pass


class Lists(Operators):
    """As microgpt: each node keeps its children and its local derivatives."""

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data: Any, children: Any = (), local_grads: Any = ()) -> None:
        self.data = data
        self.grad = 0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other: Any) -> Any:
        other = other if isinstance(other, Lists) else Lists(other)
        return Lists(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other: Any) -> Any:
        other = other if isinstance(other, Lists) else Lists(other)
        return Lists(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: Any) -> Any:
        return Lists(self.data**n, (self,), (n * self.data ** (n - 1),))

    def relu(self) -> Any:
        return Lists(max(0, self.data), (self,), (float(self.data > 0),))

    def exp(self) -> Any:
        return Lists(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> Any:
        return Lists(math.log(self.data), (self,), (1 / self.data,))

    def max_with(self, other: Any) -> Any:
        won = float(self.data >= other.data)
        return Lists(max(self.data, other.data), (self, other), (won, 1.0 - won))

    def backward(self) -> None:
        order: list[Any] = []
        seen: set[Any] = set()

        def walk(v: Any) -> None:
            seen.add(v)
            for child in v._children:
                if child not in seen:
                    walk(child)
            order.append(v)

        walk(self)
        self.grad = 1
        for v in reversed(order):
            for child, slope in zip(v._children, v._local_grads, strict=True):
                child.grad += slope * v.grad


class _Perceptron:
    """micrograd's MLP: the same draws, the same sums."""

    def __init__(self, nin: int, nouts: list[int]) -> None:
        self.layers = [
            [([Closures(random.uniform(-1, 1)) for _ in range(n)], Closures(0)) for _ in range(m)]
            for n, m in itertools.pairwise([nin, *nouts])
        ]

    def __call__(self, x: Any) -> Any:
        for i, layer in enumerate(self.layers):
            sums = [sum((w * v for w, v in zip(ws, x, strict=True)), b) for ws, b in layer]
            x = sums if i == len(self.layers) - 1 else [s.relu() for s in sums]
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Any]:
        return [p for layer in self.layers for ws, b in layer for p in (*ws, b)]

    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad = 0


# What `from ... import` gives a program.
CLOSURES = SimpleNamespace(Value=Closures, MLP=_Perceptron)
LISTS = SimpleNamespace(Value=Lists)
