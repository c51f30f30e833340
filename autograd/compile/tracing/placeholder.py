"""The class of a tape's placeholders: numbers that will be there when the program runs.

It has the operators and methods of `Value`, made from the table, and each appends one node. A
class for each tape, with the tape's lists bound in closures: recording is the hot path of tracing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autograd.compile.tracing.refusals import COMPARE, check_recording, refusals, refuse
from autograd.engine import primitives
from autograd.engine.arrays import elements_methods, ufunc_of_values
from autograd.engine.modes import watching
from autograd.engine.numeric import number
from autograd.engine.primitive import TABLE, Primitive, apply_to_arrays
from autograd.engine.value import Value

if TYPE_CHECKING:
    from autograd.compile.tracing.trace import Tape

OPERATORS = {
    "add": ("__add__", "__radd__"),
    "sub": ("__sub__", "__rsub__"),
    "mul": ("__mul__", "__rmul__"),
    "div": ("__truediv__", "__rtruediv__"),
    "pow": ("__pow__", "__rpow__"),
}

_PRODUCT = "write dot(xs, ys) for two lists of Values, x * y for two of them"


def placeholder_class(tape: Tape) -> Any:
    """Return the class of a tape's placeholders: one slot, and methods with the lists bound."""
    # Closures and one `append` per list: recording a node takes 0.5 us so, and 1.2 us when the
    # methods reach the lists through the tape.
    push_code, push_first, push_second = tape.code.append, tape.first.append, tape.second.append
    code_list, node_of, new = tape.code, tape.node_of, object.__new__
    values = tape.values

    class Placeholder:
        """A number that will be there when the program runs."""

        __slots__ = ("i",)

        __final__: bool

        i: int

        def __repr__(self) -> str:
            return f"<placeholder n{self.i}>"

        @property
        def label(self) -> str:
            """The name of the node, which stands in the program's text as a comment."""
            return tape.labels.get(self.i, "")

        @label.setter
        def label(self, text: str) -> None:
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"a label is a str, got {type(text).__name__}: write str(label)")
            tape.labels[self.i] = text

        def __eq__(self, other: object) -> bool:
            # Identity, as for Values; but asking for a number is asking for data.
            if isinstance(other, int | float | np.generic):
                refuse("compares a Value with ==", COMPARE)
            return self is other

        __hash__ = object.__hash__

        @staticmethod
        def __apply__(row: Primitive, operands: tuple[Any, ...]) -> Any:
            # By their kinds: a dense layer's `dot` has a thousand operands.
            if any(issubclass(kind, np.ndarray) for kind in set(map(type, operands))):
                return apply_to_arrays(row, operands)
            for x in operands[len(operands) - row.constants :] if row.constants else ():
                if hasattr(x.__class__, "__apply__"):
                    raise TypeError(
                        f"{row.name}: the last {row.constants} operand(s) must be plain numbers"
                    )
            if watching:
                check_recording(tape)
            return tape.new(tape.node(row, operands))

        def __copy__(self) -> Any:
            return tape.new(self.i)

        def __pos__(self) -> Any:
            return self

        def __neg__(self) -> Any:
            return Placeholder.__apply__(TABLE["neg"], (self,))

        def __abs__(self) -> Any:
            return Placeholder.__apply__(TABLE["abs"], (self,))

        def __matmul__(self, other: object) -> Any:
            refuse("multiplies with @, which is for arrays,", _PRODUCT)

        __rmatmul__ = __matmul__

        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
            if ufunc.__name__ == "matmul":
                refuse("multiplies with @, which is for arrays,", _PRODUCT)
            return ufunc_of_values(ufunc, method, inputs, options)

    def operators(row: Primitive, constant: Primitive) -> tuple[Any, Any]:
        code = tape.code_of(row)

        def method(self: Any, other: Any) -> Any:
            kind = other.__class__
            if kind is Placeholder:
                j = other.i
            elif constant is not row and kind is not Value:
                return unusual(self, other, constant, False)
            else:
                j = values.get(other) if kind is Value else None
                if j is None:
                    return unusual(self, other, row, False)
            if watching:
                check_recording(tape)
            push_code(code)
            push_first(self.i)
            push_second(j)
            made = new(Placeholder)
            made.i = len(code_list) - 1
            return made

        def reflected(self: Any, other: Any) -> Any:
            j = values.get(other) if other.__class__ is Value else None
            if j is None:
                return unusual(self, other, row, True)
            if watching:
                check_recording(tape)
            push_code(code)
            push_first(j)
            push_second(self.i)
            made = new(Placeholder)
            made.i = len(code_list) - 1
            return made

        return method, reflected

    def unusual(self: Any, other: Any, row: Primitive, swapped: bool) -> Any:
        """Record an operator with what is neither a placeholder nor a Value that was met."""
        if isinstance(other, np.ndarray):
            pair: Any = (other, self) if swapped else (self, other)
            return apply_to_arrays(row, pair)
        is_number = hasattr(other.__class__, "numerator")
        if not is_number and not isinstance(other, float | int | Value | np.generic):
            node_of(other)  # says what is wrong with it
            return NotImplemented
        if watching:
            check_recording(tape)
        j = node_of(number(cast(object, other)) if row.name == "power" else other)
        return tape.new(tape.append(tape.code_of(row), *((j, self.i) if swapped else (self.i, j))))

    for name, (plain, mirrored) in OPERATORS.items():
        row = TABLE[name]
        method, reflected = operators(row, TABLE["power"] if name == "pow" else row)
        setattr(Placeholder, plain, method)
        setattr(Placeholder, mirrored, reflected)
    for name, method in _methods().items():
        setattr(Placeholder, name, method)
    for name, method in refusals().items():
        setattr(Placeholder, name, method)
    return Placeholder


def _methods() -> dict[str, Any]:
    """Return the methods of Value that are functions of the table, under all their names."""
    found: dict[str, Any] = {}
    for name, method in vars(Value).items():
        function = getattr(primitives, getattr(method, "__name__", ""), None)
        if not name.startswith("_") and function is not None and not isinstance(method, property):
            found[name] = _method(function)
    return found | elements_methods()


def _method(function: Any) -> Any:
    def method(self: Any, *rest: Any) -> Any:
        return function(self, *rest)

    return method
