"""What other libraries call things: beside each name, attribute and keyword what to write here.

One table for the messages and for a page of the documentation. A key is written as people write
it: `jacrev` is a name of the package, `.item` an attribute of a Value, `argnums=` a keyword. Names
of ours are written in full, `autograd.grad` and `v.data`, so that a test can look them up.
"""

from collections.abc import Callable, Mapping
from typing import Any, Never, TypeVar

MATHEMATICS: Mapping[str, str] = {
    "arccos": "autograd.acos(x)",
    "arccosh": "autograd.acosh(x)",
    "arcsin": "autograd.asin(x)",
    "arcsinh": "autograd.asinh(x)",
    "arctan": "autograd.atan(x)",
    "arctan2": "autograd.atan2(y, x)",
    "arctanh": "autograd.atanh(x)",
    "arctg": "autograd.atan(x)",
    "avg": "autograd.mean(xs)",
    "exp2": "autograd.pow(2.0, x)",
    "fabs": "autograd.abs(x)",
    "heaviside": "autograd.step(x)",
    "lb": "autograd.log2(x)",
    "ln": "autograd.log(x)",
    "log10": "autograd.log(x) / autograd.log(10.0)",
    "logaddexp": "autograd.logsumexp([x, y])",
    "logistic": "autograd.sigmoid(x)",
    "max": "autograd.maximum(x, y), or autograd.maximum(*xs) of a list",
    "min": "autograd.minimum(x, y), or autograd.minimum(*xs) of a list",
    "multiply": "x * y",
    "root": "autograd.sqrt(x)",
    "sgn": "autograd.sign(x)",
    "sqr": "autograd.square(x)",
    "std": "autograd.sqrt(autograd.variance(xs))",
    "subtract": "x - y",
    "swish": "autograd.silu(x)",
    "tg": "autograd.tan(x)",
    "var": "autograd.variance(xs)",
}
_PRIMITIVE = "autograd.primitive, with one function for the number and one for the derivative"
_NUMBER = "autograd.Value(x), one for each number"
_SCALAR = "leave it out: a Value is one number, and arrays run in autograd.compile(f)"
_BOUND = "leave it out: the bound comes from the roundings of the graph"
_RECORDS = "leave it out: every Value records, but inside autograd.no_grad()"
TORCH: Mapping[str, str] = {
    "Function": _PRIMITIVE,
    "Parameter": "autograd.Value(x)",
    "Tensor": _NUMBER,
    "Variable": "autograd.Value(x)",
    "enable_grad": _RECORDS,
    "functional": "autograd.jacobian(f), autograd.hessian(f), autograd.hvp(f) or autograd.jvp(f)",
    "gradcheck": "autograd.check_gradients(f, x, order=1)",
    "gradgradcheck": "autograd.check_gradients(f, x), which checks both orders",
    "inference_mode": "autograd.no_grad()",
    "make_dot": "autograd.draw(z)",
    "optim": "nn.SGD(parameters, lr=0.1)",
    "set_detect_anomaly": "with autograd.detect_anomaly():",
    "set_grad_enabled": "with autograd.no_grad():",
    "tensor": _NUMBER,
    ".clone": "copy.copy(v) for a leaf of its own, or v * 1.0 to stay in the graph",
    ".cpu": _SCALAR,
    ".cuda": _SCALAR,
    ".dtype": "type(v.data): it is float",
    ".grad_fn": "v.op for the row of the table, v.args for the operands",
    ".is_leaf": "v.op is None",
    ".item": "v.data",
    ".next_functions": "v.args",
    ".numpy": "v.data, or np.array([v.data for v in vs]) of a list",
    ".register_hook": "autograd.backward(z, on_leaf=f), or read v.grad after it",
    ".requires_grad": _RECORDS,
    ".requires_grad_": _RECORDS,
    ".retain_grad": "leave it out: v.grad of every Value stays after z.backward()",
    ".shape": "np.shape(vs) of a list: a Value is one number",
    ".to": _SCALAR,
    ".tolist": "v.data, or [v.data for v in vs] of a list",
    ".zero_grad": "v.grad = None, or model.zero_grad() of an nn.Module",
    "allow_unused=": "leave it out: where z does not depend on x the derivative is 0",
    "atol=": _BOUND,
    "create_graph=": "autograd.gradient(z, xs), whose results are graphs again",
    "device=": _SCALAR,
    "eps=": _BOUND,
    "inputs=": "autograd.gradient(z, xs)",
    "raise_exception=": "autograd.assert_gradients(f, x), which raises",
    "requires_grad=": _RECORDS,
    "retain_graph=": "leave it out: a graph stays as long as its result",
    "rtol=": _BOUND,
}
_PRODUCT = "autograd.grad(lambda x: autograd.dot(v, f(x)))(x)"
_SAMPLES = "leave it out: the first axis of every array is the sample"
_FIXED = "autograd.compile(lambda x: f(x, n)), with n as it is"
_LIFTED = "autograd.compile(f), whose programs run over the first axis of arrays"
JAX: Mapping[str, str] = {
    "check_grads": "autograd.check_gradients(f, x, order=2)",
    "checkpoint": "leave it out: a graph keeps one number for each operation",
    "custom_jvp": _PRIMITIVE,
    "custom_vjp": _PRIMITIVE,
    "defjvp": _PRIMITIVE,
    "defvjp": _PRIMITIVE,
    "deriv": "autograd.derivative(f)",
    "elementwise_grad": "autograd.compile(autograd.grad(f)), for every entry of an array",
    "extend": _PRIMITIVE,
    "hessian_vector_product": "autograd.hvp(f)(x, v)",
    "jacfwd": "autograd.jacobian(f)",
    "jacobian_vector_product": "autograd.jvp(f)(x, v)",
    "jacrev": "autograd.jacobian(f)",
    "jit": "autograd.compile(f)",
    "lax": "Python's own if, for and while, and autograd.where(c, x, y)",
    "linearize": "autograd.jvp(f)(x, v)",
    "make_hvp": "autograd.hvp(f)(x, v)",
    "make_jaxpr": "print(autograd.compile(f).source)",
    "make_jvp": "autograd.jvp(f)(x, v)",
    "make_vjp": _PRODUCT,
    "misc": "nn.SGD(parameters, lr=0.1)",
    "numpy": "import numpy as np (its functions take arrays of Values), or autograd.exp(x)",
    "pmap": _LIFTED,
    "scipy": "autograd.erf(x), autograd.logsumexp(xs) and their like",
    "stop_grad": "autograd.stop_gradient(x)",
    "test_util": "autograd.check_gradients(f, x)",
    "vector_jacobian_product": _PRODUCT,
    "vjp": _PRODUCT,
    "vmap": _LIFTED,
    "argnums=": "argnum=",
    "has_aux=": "leave it out: call f again for what else it returns",
    "holomorphic=": "leave it out: numbers are real here",
    "in_axes=": _SAMPLES,
    "modes=": "leave it out: forward and reverse mode use the same rules",
    "out_axes=": _SAMPLES,
    "static_argnames=": _FIXED,
    "static_argnums=": _FIXED,
}
_RECORDED = "leave it out: operations record their own operands; autograd.micrograd.Value takes it"
MICROGRAD: Mapping[str, str] = {
    "Layer": "nn.Layer(n_in, n_out), or autograd.micrograd.Layer(n_in, n_out)",
    "MLP": "nn.MLP([n_in, 16, 1]), or autograd.micrograd.MLP(n_in, [16, 1])",
    "Module": "nn.Module, or autograd.micrograd.Module",
    "Neuron": "nn.Neuron(n_in), or autograd.micrograd.Neuron(n_in)",
    "draw_dot": "autograd.draw(z)",
    "trace": "autograd.order(z)",
    "._backward": "v.op.partials, or autograd.local_partials(v)",
    "._children": "v.args",
    "._local_grads": "autograd.local_partials(v)",
    "._op": "v.op",
    "._prev": "v.args",
    ".backprop": "v.backward()",
    ".children": "v.args",
    ".gradient": "v.grad",
    ".max": "v.maximum(w)",
    ".max_with": "v.maximum(w)",
    ".min": "v.minimum(w)",
    ".name": "v.label",
    ".parents": "v.args",
    ".value": "v.data",
    "_children=": _RECORDED,
    "_op=": _RECORDED,
    "children=": _RECORDED,
    "local_grads=": _RECORDED,
    "name=": "label=",
    "rankdir=": "direction=",
}
SPELLINGS: Mapping[str, str] = {**MATHEMATICS, **TORCH, **JAX, **MICROGRAD}
# Whose objects have no attributes but their own; those of the users' classes may have any.
_OURS = ("autograd", "nn")

C = TypeVar("C", bound=type)


def instead(key: str, spellings: Mapping[str, str] = SPELLINGS) -> str:
    """Return what to write in place of something, in words that follow it, "" if nobody knows.

    >>> instead("jacrev"), instead("sinus")
    (': write autograd.jacobian(f)', '')
    """
    here = spellings.get(key, "")
    return here and (f": {here}" if here.startswith("leave it out") else f": write {here}")


class Absent:
    """An attribute that objects have in other libraries: not there, with what to write instead.

    It stands in a class in place of a `__getattr__`, since NumPy asks each element of an array for
    attributes that are not there, and would wait for a function each time. Nor can it be set, which
    would do nothing; but in a class of the user's own it is an attribute like any other.

    >>> class Number:
    ...     item = Absent("item")
    >>> hasattr(Number(), "item")
    False
    """

    def __init__(self, name: str, spellings: Mapping[str, str] = SPELLINGS) -> None:
        self.name = name
        self.advice = instead(f".{name}", spellings)
        self.__doc__ = f"Not here{self.advice}."  # for help()

    def __get__(self, x: object, kind: type | None = None) -> Any:
        own = getattr(x, "__dict__", {})
        return own[self.name] if self.name in own else self._refuse(x, kind)

    def __set__(self, x: object, new: object) -> None:
        if type(x).__module__.partition(".")[0] in _OURS:
            self._refuse(x)
        vars(x)[self.name] = new

    def __delete__(self, x: object) -> None:
        self.__get__(x)
        del vars(x)[self.name]

    def _refuse(self, x: object, kind: type | None = None) -> Never:
        name = type(x).__name__ if x is not None else getattr(kind, "__name__", "")
        message = f"{name!r} object has no attribute {self.name!r}{self.advice}"
        raise AttributeError(message, name=self.name, obj=x)


def lacking(spellings: Mapping[str, str] = SPELLINGS) -> Callable[[C], C]:
    """Let a class say of each attribute in a table that it is absent, and leave it out of `dir`.

    >>> @lacking({".fit": "train(model)"})
    ... class Model:
    ...     pass
    >>> Model().fit = 3
    Traceback (most recent call last):
        ...
    AttributeError: 'Model' object has no attribute 'fit': write train(model)
    """

    def decorate(kind: C) -> C:
        for key in spellings:
            if key.startswith("."):
                setattr(kind, key[1:], Absent(key[1:], spellings))
        setattr(kind, "__dir__", _present)  # noqa: B010  # which a type checker would refuse
        return kind

    return decorate


def _present(x: object) -> list[str]:
    own = getattr(x, "__dict__", {})
    return [name for name in object.__dir__(x) if name in own or hasattr(type(x), name)]
