"""Value: a number that remembers how it was made."""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from operator import attrgetter
from typing import Any, ClassVar, Never, cast

import numpy as np

from autograd import asked
from autograd.engine import primitives
from autograd.engine.arrays import elements_methods, ufunc_of_values, undecided, unsortable
from autograd.engine.backward import backward
from autograd.engine.methods import (
    LEAF,
    Kind,
    binary_method,
    kind_of,
    newest,
    node_class,
    reflected_method,
    tick,
    unary_method,
    unary_methods,
    watched,
)
from autograd.engine.modes import watching
from autograd.engine.number import number
from autograd.engine.primitive import apply_to_arrays
from autograd.engine.primitives import TABLE, Primitive
from autograd.spellings import lacking


def _named(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that calls a public function of the table with the Value in front."""

    def method(self: Value, *rest: Any) -> Any:
        return function(self, *rest)

    method.__name__ = function.__name__
    method.__doc__ = f"Return autograd.{function.__name__} with this value as its first operand."
    return method


@lacking()
@node_class
class Value:
    """A scalar that remembers the operation and the operands that made it.

    Args:
        data: a real number; ints, fractions and NumPy scalars are converted to float.
        label: a name for pictures and messages.

    Attributes:
        data: the number. Setting it makes the Value a leaf with a fresh birth number, so that
            a graph recorded from the old number is noticed (`StaleGraphError`).
        grad: the derivative of the last `backward()`'s result with respect to this value, None
            until a backward pass has reached it. Leaves accumulate it over passes.
        op: the row of the table that made it, None for a leaf.
        args: its operands in order, Values and plain numbers; empty for a leaf.
        birth: a number that grows with every Value made: a topological order of any graph.
        label: its name, "" if it has none.

    Values compare by their data with `<`, `<=`, `>` and `>=`; `==` and hashing go by identity,
    so they can be members of sets and keys of dicts.

    Threads may record with the same Values, and go backward: passes take turns, and leaves add them
    up. New data for a Value and `grad = None` belong between the passes that read or write it.

    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> u = x * x + x * y + y * y
    >>> z = u * u + u
    >>> z.backward()
    >>> z.data, u.grad, x.grad, y.grad
    (56.0, 15.0, 60.0, 75.0)
    """

    __slots__ = ("__weakref__", "_kind", "_label", "_number", "_x", "_y", "birth", "grad")

    # Not `_data`: NumPy's masked arrays take an attribute of that name for the number itself.
    _number: float
    grad: float | None
    # The first and second operand; a node of more than two keeps them all as a tuple in _x. Two
    # slots in place of a tuple save 40 bytes a node and the time to make it. In _y of a leaf that
    # was given new data stands its first birth: whether a function made it or found it.
    _x: Any
    _y: Any
    _kind: Kind
    birth: int
    _label: str
    # The `grad` of a node that no pass has reached.
    _unreached: ClassVar[float | None] = None

    @asked.own_keywords()
    def __init__(self, data: float, label: str = "", *more: Never, **others: Never) -> None:
        if more or others:
            _refuse(label, more, others)
        self._number = data if data.__class__ is float else number(data)
        self.grad = None
        self._kind = LEAF
        self._x = self._y = None
        self.birth = tick()
        if label.__class__ is str:
            self._label = label
        else:
            self.label = label

    def _set_data(self, data: float) -> None:
        self._number = data if data.__class__ is float else number(data)
        self._kind = LEAF
        first = self.birth if self._x is not None or self._y is None else self._y
        self._x = None
        self._y = first
        self.birth = newest.data = tick()

    # attrgetter reads in half the time of a function written here.
    data = property(
        attrgetter("_number"), _set_data, doc="The number; see the class for setting it."
    )

    def _set_label(self, label: str) -> None:
        if not isinstance(label, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            advice = "'' for no label" if label is None else "str(label)"
            if isinstance(label, tuple | list | set):
                advice = "Value(data): operations record their own operands"
            raise TypeError(f"a label is a str, got {type(label).__name__}: write {advice}")
        self._label = label

    label = property(attrgetter("_label"), _set_label, doc='The name; "" if it has none.')

    @property
    def op(self) -> Primitive | None:
        """The row of the table that made this value; None for a leaf."""
        return self._kind.row

    @property
    def args(self) -> tuple[Value | float, ...]:
        """The operands, Values and plain numbers; empty for a leaf."""
        first = self._x
        if first is None or first.__class__ is tuple:
            return first or ()
        return (first,) if self._y is None else (first, self._y)

    # Itself: a method that called it would cost a twentieth of a small backward pass.
    backward = backward

    def detach(self) -> Value:
        """Return a new leaf with the same number and label and no history."""
        return Value(self._number, self.label)

    # Operators and functions, one name each, made from the rows ---------------------------------

    __add__ = add = binary_method(TABLE["add"])
    __radd__ = reflected_method(TABLE["add"])
    __sub__ = sub = binary_method(TABLE["sub"])
    __rsub__ = reflected_method(TABLE["sub"])
    __mul__ = mul = binary_method(TABLE["mul"])
    __rmul__ = reflected_method(TABLE["mul"])
    __truediv__ = div = binary_method(TABLE["div"])
    __rtruediv__ = reflected_method(TABLE["div"])
    __pow__ = binary_method(TABLE["pow"], constant=TABLE["power"])
    __rpow__ = reflected_method(TABLE["pow"], constant=TABLE["power"])
    __neg__ = neg = unary_method(TABLE["neg"])
    __abs__ = abs = absolute = unary_method(TABLE["abs"])

    power = _named(primitives.power)
    pow = _named(primitives.pow)
    reciprocal = unary_method(TABLE["reciprocal"])
    square = unary_method(TABLE["square"])
    sqrt = unary_method(TABLE["sqrt"])
    exp = unary_method(TABLE["exp"])
    expm1 = unary_method(TABLE["expm1"])
    log = unary_method(TABLE["log"])
    log1p = unary_method(TABLE["log1p"])
    log2 = unary_method(TABLE["log2"])
    power_log = _named(primitives.power_log)
    xlogy = _named(primitives.xlogy)
    xdivy = _named(primitives.xdivy)
    sin = unary_method(TABLE["sin"])
    cos = unary_method(TABLE["cos"])
    tan = unary_method(TABLE["tan"])
    cathetus = unary_method(TABLE["cathetus"])
    asin = arcsin = unary_method(TABLE["asin"])
    acos = arccos = unary_method(TABLE["acos"])
    atan = arctan = unary_method(TABLE["atan"])
    sinh = unary_method(TABLE["sinh"])
    cosh = unary_method(TABLE["cosh"])
    sech_squared = unary_method(TABLE["sech_squared"])
    tanh = unary_method(TABLE["tanh"])
    asinh = arcsinh = unary_method(TABLE["asinh"])
    acosh = arccosh = unary_method(TABLE["acosh"])
    atanh = arctanh = unary_method(TABLE["atanh"])
    atan2 = arctan2 = _named(primitives.atan2)
    direction = _named(primitives.direction)
    share = _named(primitives.share)
    erf = unary_method(TABLE["erf"])
    erfc = unary_method(TABLE["erfc"])
    sigmoid = unary_method(TABLE["sigmoid"])
    softplus = unary_method(TABLE["softplus"])
    sign = unary_method(TABLE["sign"])
    step = unary_method(TABLE["step"])
    equal = _named(primitives.equal)
    relu = unary_method(TABLE["relu"])
    gelu = unary_method(TABLE["gelu"])
    silu = unary_method(TABLE["silu"])
    leaky_relu = _named(primitives.leaky_relu)
    elu = _named(primitives.elu)
    where = _named(primitives.where)
    maximum = _named(primitives.maximum)
    minimum = _named(primitives.minimum)
    hypot = _named(primitives.hypot)
    select = _named(primitives.select)

    def clip(self, low: float | None, high: float | None, out: None = None) -> Value:
        """Return autograd.clip with this value as its first operand; np.clip passes `out`.

        A bound may be None, for no bound on that side.
        """
        if out is not None:
            raise TypeError("a Value is not clipped in place: write autograd.clip(v, low, high)")
        least = -inf if low is None else low
        return primitives.clip(self, least, inf if high is None else high)

    def __pos__(self) -> Value:
        return self

    # Comparing and printing ---------------------------------------------------------------------

    def __init_subclass__(cls) -> None:
        if cls.__module__ != "autograd.micrograd.value":
            raise TypeError(
                "Value cannot be subclassed: the engine makes Values of its own from every "
                "operation. Keep one as an attribute of your class, or add a primitive"
            )

    # A tie and a nan are told apart from the rest for NumPy's sake; see autograd.arrays.
    def __lt__(self, other: Value | float) -> bool:
        x, y = self._number, _data_of(other, "<")
        return x < y if y.__class__ is not float or (x == x and y == y) else _beside_nan()

    def __le__(self, other: Value | float) -> bool:
        x, y = self._number, _data_of(other, "<=")
        return x <= y if y.__class__ is not float or x < y or x > y else undecided(x <= y)

    def __gt__(self, other: Value | float) -> bool:
        x, y = self._number, _data_of(other, ">")
        return x > y if y.__class__ is not float or (x == x and y == y) else _beside_nan()

    def __ge__(self, other: Value | float) -> bool:
        x, y = self._number, _data_of(other, ">=")
        return x >= y if y.__class__ is not float or x > y or x < y else undecided(x >= y)

    def __bool__(self) -> bool:
        raise TypeError(
            "a Value has no truth value of its own: write v.data != 0 for the number, "
            "or v is not None for its presence"
        )

    def __float__(self) -> float:
        raise TypeError(
            "float(v) and the functions of math would drop the graph without a word: "
            "write v.data for the number, or autograd's own function, as in autograd.exp(v)"
        )

    def __int__(self) -> int:
        raise TypeError("int(v) would drop the graph: write int(v.data)")

    def __round__(self, digits: int | None = None) -> float:
        rest = "" if digits is None else f", {digits}"
        raise TypeError(f"round(v{rest}) would drop the graph: write round(v.data{rest})")

    def __format__(self, spec: str) -> str:
        return format(self._number, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        grad = f", grad={self.grad}" if self.grad is not None else ""
        return f"Value({self._number}{label}{grad})"

    # NumPy and copying --------------------------------------------------------------------------

    @classmethod
    def __apply__(cls, row: Primitive, operands: tuple[Any, ...]) -> Any:
        """Apply a row to operands of which at least one is a Value, and record the node.

        This is the general way, for any number of operands; the methods made from the rows are its
        fast forms.
        """
        value = Value
        if row.arity == 1 and cls is value and row in unary_methods:
            return unary_methods[row](operands[0])
        kinds = set(map(type, operands))
        if kinds == {value}:
            data = [x._number for x in operands]
        elif kinds <= {value, cls, float}:
            data = [x if x.__class__ is float else x._number for x in operands]
        else:
            return _apply_to_others(cls, row, operands, kinds - {value, cls})
        if row.constants and any(x.__class__ is not float for x in operands[-row.constants :]):
            raise TypeError(
                f"{row.name}: the last {row.constants} operand(s) must be plain numbers"
            )
        node = object.__new__(cls)
        node._number = row.function(*data)
        if row.arity in (1, 2):
            node._kind = kind_of(row, letters_of(row, operands))
            node._x = operands[0]
            node._y = operands[-1] if row.arity == 2 else None
        else:
            node._kind = kind_of(row, "v" if len(kinds) == 1 else "m")
            node._x = operands
            node._y = None
        node.grad = cls._unreached
        node.birth = tick()
        node._label = ""
        return watched(node) if watching else node

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's ufuncs on a Value, or on a Value and an array: the row, element by element."""
        return ufunc_of_values(ufunc, method, inputs, options)

    def __copy__(self) -> Value:
        from autograd.engine.serialization import shallow

        return shallow(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from autograd.engine.serialization import deep

        return deep(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        from autograd.engine.serialization import reduced

        return reduced(self)


def _refuse(label: object, more: Sequence[object], others: Mapping[str, object]) -> None:
    """Raise for what Value is called with beside a number and a label."""
    asked.no_more(Value, others)
    got = f"Value takes a number and a label, got {label!r:.60} and {len(more)} more"
    instead = "write Value(data), since operations record their own operands"
    raise TypeError(f"{got}: {instead}; micrograd's programs run with autograd.micrograd.Value")


def letters_of(row: Primitive, operands: tuple[Any, ...]) -> str:
    """Return which operands are Values, in the letters of `kind_of`."""
    if row.arity in (1, 2):
        return "".join(["c" if x.__class__ is float else "v" for x in operands])
    return "m" if any(x.__class__ is float for x in operands) else "v"


def _apply_to_others(
    cls: type[Value], row: Primitive, operands: tuple[Any, ...], others: set[type]
) -> Any:
    """Apply `row` to Values beside operands that are neither Values nor floats."""
    for kind in others:
        if issubclass(kind, np.ndarray):
            return apply_to_arrays(row, operands)
        handler = getattr(cast(Any, kind), "__apply__", None)
        if handler is not None:
            return handler(row, operands)
    plain = [x if isinstance(x, Value) else number(x) for x in operands]
    return cls.__apply__(row, tuple(plain))


def set_data(leaves: Iterable[Value], numbers: Iterable[float]) -> None:
    """Give leaves new data, as `v.data = x` does for each, in half of the time."""
    for v, x in zip(leaves, numbers, strict=True):
        v._number = x
        v._y = v._y or v.birth
        v.birth = newest.data = tick()


def _beside_nan() -> bool:
    """Return what a comparison with a nan is: False."""
    unsortable()
    return False


def _data_of(other: Any, sign: str) -> Any:
    """Return the number, or the array of them, that a comparison is made with."""
    if isinstance(other, Value):
        return other._number
    if isinstance(other, np.ndarray):
        return cast(Any, other)
    try:
        return number(other)
    except TypeError as error:
        raise TypeError(f"cannot compare with {sign}: {error}") from None


for _name, _method in elements_methods().items():
    setattr(Value, _name, _method)
