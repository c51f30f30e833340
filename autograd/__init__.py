"""chalkgrad's engine: scalars that remember how they were made, and the chain rule over them.

>>> from autograd import Value
>>> x, y = Value(1.0, "x"), Value(2.0, "y")
>>> f = x**2 + x * y + y**2
>>> z = f**2 + f
>>> z.backward()
>>> z.data, x.grad, y.grad
(56.0, 60.0, 75.0)
"""

import typing as _typing
from importlib import import_module as _import_module
from pathlib import Path as _Path

if _Path(__file__).with_name("tracer.py").exists():
    raise ImportError(
        "this folder holds files of two distributions: HIPS's `autograd` and `chalkgrad` share "
        "an import name and have overwritten each other. Uninstall both and install one again: "
        "pip uninstall autograd chalkgrad; pip install chalkgrad"
    )

from autograd.compile import compile
from autograd.custom import primitive, register, unregister
from autograd.display import Drawing, draw
from autograd.display.chain.latex import Latex, latex
from autograd.engine.backward import backward, local_partials, order
from autograd.engine.modes import detect_anomaly, no_grad
from autograd.engine.modes import recording_anyway as recording_anyway
from autograd.engine.primitives import (
    Primitive,
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cathetus,
    clip,
    cos,
    cosh,
    direction,
    div,
    dot,
    elu,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    logsumexp,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    power,
    power_log,
    reciprocal,
    relu,
    sech_squared,
    select,
    share,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    step,
    sub,
    subgradient_table,
    sum,
    tan,
    tanh,
    where,
    xdivy,
    xlogy,
)
from autograd.engine.serialization import from_json, to_json
from autograd.engine.value import Value
from autograd.errors import (
    AnomalyError,
    GraphFormatError,
    StaleGraphError,
    TraceError,
    WrongPartialsError,
)
from autograd.files import write_whole
from autograd.functions import log_softmax, mean, norm, softmax, variance

# For nn, whose models are called inside a user's `no_grad` too, whose modules moved and whose
# results print as tables; not promised to users.
from autograd.moved import moved as moved
from autograd.table import Table as Table
from autograd.transforms.gradient import gradient
from autograd.transforms.transforms import (
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
)

if _typing.TYPE_CHECKING:
    from autograd.check import (
        Report,
        assert_gradients,
        check_against,
        check_gradients,
        check_module,
    )
    from autograd.display.chain.explain import Explanation, explain
    from autograd.display.chain.influence import Influence, influence
    from autograd.display.chain.naming import name_locals
    from autograd.display.chain.steps import Step, steps
    from autograd.display.picture.update import draw_update
    from autograd.expression import ExpressionError, parse
    from autograd.pages.walkthrough import Walkthrough, walkthrough

__distribution__ = "chalkgrad"
__version__ = "0.1.0"

__all__ = [
    "AnomalyError",
    "Drawing",
    "Explanation",
    "ExpressionError",
    "GraphFormatError",
    "Influence",
    "Latex",
    "Primitive",
    "Report",
    "StaleGraphError",
    "Step",
    "TraceError",
    "Value",
    "Walkthrough",
    "WrongPartialsError",
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "assert_gradients",
    "atan",
    "atan2",
    "atanh",
    "backward",
    "cathetus",
    "check_against",
    "check_gradients",
    "check_module",
    "clip",
    "compile",
    "cos",
    "cosh",
    "derivative",
    "detect_anomaly",
    "direction",
    "div",
    "dot",
    "draw",
    "draw_update",
    "elu",
    "equal",
    "erf",
    "erfc",
    "exp",
    "explain",
    "expm1",
    "from_json",
    "gelu",
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "hypot",
    "influence",
    "jacobian",
    "jvp",
    "latex",
    "leaky_relu",
    "local_partials",
    "log",
    "log1p",
    "log2",
    "log_softmax",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "mul",
    "name_locals",
    "neg",
    "no_grad",
    "norm",
    "order",
    "parse",
    "pow",
    "power",
    "power_log",
    "primitive",
    "reciprocal",
    "register",
    "relu",
    "sech_squared",
    "select",
    "share",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "step",
    "steps",
    "sub",
    "subgradient_table",
    "sum",
    "tan",
    "tanh",
    "to_json",
    "unregister",
    "value_and_grad",
    "variance",
    "walkthrough",
    "where",
    "write_whole",
    "xdivy",
    "xlogy",
]

# Imported on first use: a program that only computes does not wait for its checker.
_CHECKS = ("Report", "assert_gradients", "check_against", "check_gradients", "check_module")

# So is what only looks at graphs.
_LOOKING = {
    "Explanation": "autograd.display.chain.explain",
    "ExpressionError": "autograd.expression",
    "Influence": "autograd.display.chain.influence",
    "Step": "autograd.display.chain.steps",
    "Walkthrough": "autograd.pages.walkthrough",
    "draw_update": "autograd.display.picture.update",
    "explain": "autograd.display.chain.explain",
    "influence": "autograd.display.chain.influence",
    "name_locals": "autograd.display.chain.naming",
    "parse": "autograd.expression",
    "steps": "autograd.display.chain.steps",
    "walkthrough": "autograd.pages.walkthrough",
}


def __getattr__(name: str) -> object:
    if name in _CHECKS:
        return getattr(_import_module("autograd.check"), name)
    if name in _LOOKING:
        return getattr(_import_module(_LOOKING[name]), name)
    if name == "laboratory":
        return _import_module("autograd.laboratory")
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")


def __dir__() -> list[str]:
    # What is imported when first used is found by completion too.
    return sorted({*globals(), *__all__, "laboratory"})
