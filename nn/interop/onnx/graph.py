"""An ONNX graph under construction: its nodes, its constants, and formulas of ONNX's operations.

Activations are written in operations that onnxruntime computes in both types of float: its Elu,
Softplus and Erf are of float32 alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from nn.elsewhere.libraries import library
from nn.validation import Array

# A size, or the name of one that is not known before there is data.
Dims: TypeAlias = list[int | str]


class OnnxGraph:
    """Nodes and constants of a graph, each under a name of its own.

    Args:
        dtype: the type of float of all numbers.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.onnx = library("onnx")
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._numbers: dict[float, str] = {}
        self._wholes: dict[int, str] = {}
        self._count: dict[str, int] = {}
        self._given: set[str] = set()

    @property
    def kind(self) -> int:
        """ONNX's number of the type of float."""
        return self.type_of(self.dtype)

    def type_of(self, name: str) -> int:
        """Return ONNX's number of a type of NumPy."""
        types = self.onnx.TensorProto
        known = {"float64": types.DOUBLE, "float32": types.FLOAT, "int64": types.INT64}
        return {**known, "bool": types.BOOL, "str": types.STRING}[name]

    def free(self, name: str) -> str:
        """Return a name, or the next one like it where it was given already; now it is given."""
        while name in self._given:
            name += "_"
        self._given.add(name)
        return name

    def op(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node of one output and return the output's name."""
        n = self._count[kind] = self._count.get(kind, 0) + 1
        name = self.free(f"{kind.lower()}_{n}")
        made = self.onnx.helper.make_node(kind, [*inputs], [out or name], name, **attributes)
        self.nodes.append(made)
        return out or name

    def constant(self, name: str, array: Array) -> str:
        """Add an array under a name, or the next one like it, and return that."""
        name = self.free(name)
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def number(self, x: float) -> str:
        """Return the name of a constant of the graph's type of float."""
        if x not in self._numbers:
            array = np.array(x, dtype=self.dtype)
            self._numbers[x] = self.constant(f"number_{len(self._numbers) + 1}", array)
        return self._numbers[x]

    def whole(self, x: int) -> str:
        """Return the name of a row of one whole number."""
        if x not in self._wholes:
            self._wholes[x] = self.constant(f"whole_{len(self._wholes) + 1}", np.array([x]))
        return self._wholes[x]

    def cast(self, x: str, to: str) -> str:
        """Return x as another type."""
        return self.op("Cast", x, to=self.type_of(to))

    def value(self, name: str, kind: str, dims: Sequence[int | str]) -> Any:
        """Return the description of an input or output."""
        return self.onnx.helper.make_tensor_value_info(name, self.type_of(kind), [*dims])


# Activations --------------------------------------------------------------------------------------


def activation(drawing: OnnxGraph, name: str, x: str) -> str:
    """Add an activation of the table to a graph, and return the name of its outputs."""
    return ACTIVATED[name](drawing, x)


def _leaky_relu(g: OnnxGraph, x: str) -> str:
    return g.op("Max", x, g.op("Mul", x, g.number(0.01)))


def _elu(g: OnnxGraph, x: str) -> str:
    # e^x is taken of what is not above 0 alone, where it cannot overflow.
    power = g.op("Exp", g.op("Min", x, g.number(0.0)))
    return g.op("Add", g.op("Relu", x), g.op("Sub", power, g.number(1.0)))


def _softplus(g: OnnxGraph, x: str) -> str:
    tail = g.op("Exp", g.op("Neg", g.op("Abs", x)))
    return g.op("Add", g.op("Relu", x), g.op("Log", g.op("Add", tail, g.number(1.0))))


def _step(g: OnnxGraph, x: str) -> str:
    return g.op("Relu", g.op("Sign", x))


def _silu(g: OnnxGraph, x: str) -> str:
    # Not x times a Sigmoid: onnxruntime 1.20 joins the two into what it has in float32 alone.
    return g.op("Div", x, g.op("Add", g.op("Exp", g.op("Neg", x)), g.number(1.0)))


# log(erfc(z) e^(z^2) / t) with t = 2 / (2 + z), as a polynomial in u = 2 t - 1, from the constant
# on: the Chebyshev series over all z from 0 on, computed with 60 digits, of which the 24th term is
# 7e-15; in floats its relative error is below 3e-14 down to erfc's smallest numbers.
_ERFC = (
    -0.6717940840566906, 0.6726432239776583, 0.04734330684142489, -0.04689561023132892,
    -0.00987268934319109, 0.008824938561312326, 0.0017589331171176884, -0.002345812552995894,
    -0.00014624252395767715, 0.0006736791352568864, -9.376035760297014e-05,
    -0.00017430412986925938, 7.149530982602198e-05, 3.174693542327236e-05, -3.0421097531594203e-05,
    1.3989370477611051e-07, 8.952692300720023e-06, -2.963484230959699e-06, -1.7128780471140371e-06,
    1.283394915356199e-06, 1.5975482569412025e-07, -2.895626567435524e-07, 7.992047577730608e-10,
    2.980513364515168e-08,
)  # fmt: skip


def _gelu(g: OnnxGraph, x: str) -> str:
    """X Phi(x), with Phi by erfc of |x| / sqrt(2), whose tail keeps its digits."""
    if g.dtype == "float32":
        phi = g.op("Add", g.op("Erf", g.op("Mul", x, g.number(math.sqrt(0.5)))), g.number(1.0))
        return g.op("Mul", g.op("Mul", x, g.number(0.5)), phi)
    z = g.op("Mul", g.op("Abs", x), g.number(math.sqrt(0.5)))
    t = g.op("Div", g.number(2.0), g.op("Add", z, g.number(2.0)))
    u = g.op("Sub", g.op("Add", t, t), g.number(1.0))
    power = g.number(_ERFC[-1])
    for c in _ERFC[-2::-1]:
        power = g.op("Add", g.op("Mul", power, u), g.number(c))
    erfc = g.op("Mul", t, g.op("Exp", g.op("Sub", power, g.op("Mul", z, z))))
    half = g.op("Mul", erfc, g.number(0.5))
    # Above 0 it is 1 less the half, and below 0 the half.
    return g.op("Mul", x, g.op("Sub", _step(g, x), g.op("Mul", g.op("Sign", x), half)))


def _native(kind: str) -> Callable[[OnnxGraph, str], str]:
    return lambda g, x: g.op(kind, x)


ACTIVATED: Mapping[str, Callable[[OnnxGraph, str], str]] = {
    "linear": lambda g, x: x,
    "sigmoid": _native("Sigmoid"),
    "tanh": _native("Tanh"),
    "relu": _native("Relu"),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "sin": _native("Sin"),
    "step": _step,
}
