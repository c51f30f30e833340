"""The class of a recorder's placeholders: numbers that will be there when the program runs.

It has the operators and methods of `Value`, made from the table, and each appends one node. A class
for each recorder, its lists bound in closures of the operators: they are the hot path of tracing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any, cast

import numpy as np

from autograd.compile.tracing.derivatives import series, slopes
from autograd.compile.tracing.recorder import Recorder
from autograd.compile.tracing.refusals import COMPARE, is_paused_on, refusals, refuse
from autograd.engine import primitives
from autograd.engine.arrays import elements_methods, ufunc_of_values
from autograd.engine.methods import binary_rows
from autograd.engine.modes import watching
from autograd.engine.number import number
from autograd.engine.primitive import TABLE, Primitive, apply_to_arrays
from autograd.engine.value import Value
from autograd.spellings import lacking

_PRODUCT = "write dot(xs, ys) for two lists of Values, x * y for two of them"


@lacking()
class _Placeholder:
    """A number that will be there when the program runs."""

    __slots__ = ("i",)

    __final__: bool
    _recorder: Recorder

    i: int

    def __repr__(self) -> str:
        return f"<placeholder n{self.i}>"

    @property
    def label(self) -> str:
        """The name of the node, which stands in the program's text as a comment."""
        return self._recorder.labels.get(self.i, "")

    @label.setter
    def label(self, text: str) -> None:
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a label is a str, got {type(text).__name__}: write str(label)")
        self._recorder.labels[self.i] = text

    def __eq__(self, other: object) -> bool:
        # Identity, as for Values; but asking for a number is asking for data.
        if isinstance(other, int | float | np.generic):
            refuse("compares a Value with ==", COMPARE)
        return self is other

    __hash__ = object.__hash__

    @classmethod
    def __apply__(cls, row: Primitive, operands: tuple[Any, ...]) -> Any:
        # By their kinds: a dense layer's `dot` has a thousand operands.
        if any(issubclass(kind, np.ndarray) for kind in set(map(type, operands))):
            return apply_to_arrays(row, operands)
        # Of rules, which are recorded last, the statements of a row with a constant for each column
        # ask for a constant that is computed, as n - 1 is from n.
        fixed = 0 if cls.__final__ else row.constants
        for x in operands[len(operands) - fixed :] if fixed else ():
            if hasattr(x.__class__, "__apply__"):
                raise TypeError(
                    f"{row.name}: the last {row.constants} operand(s) must be plain numbers"
                )
        recorder = cls._recorder
        if watching and is_paused_on(recorder):
            return recorder.paused(row, operands)
        return recorder.new(recorder.node(row, operands))

    def __copy__(self) -> Any:
        return self._recorder.new(self.i)

    def detach(self) -> Any:
        """Return the number with no way back, as `stop_gradient` does."""
        return self._recorder.stop(self)

    def __is_leaf__(self) -> bool:
        recorder = self._recorder
        return self.i in recorder.stopped or not recorder.operands(self.i)

    def __gradient__(self, xs: Sequence[Any]) -> list[Any]:
        return slopes(self._recorder, self.i, xs)

    def __along__(self, tangents: Mapping[Any, Any], degree: int) -> list[Any]:
        return series(self._recorder, self.i, tangents, degree)

    def __pos__(self) -> Any:
        return self

    def __neg__(self) -> Any:
        return self.__apply__(TABLE["neg"], (self,))

    def __abs__(self) -> Any:
        return self.__apply__(TABLE["abs"], (self,))

    def __matmul__(self, other: object) -> Any:
        refuse("multiplies with @, which is for arrays,", _PRODUCT)

    __rmatmul__ = __matmul__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc.__name__ == "matmul":
            refuse("multiplies with @, which is for arrays,", _PRODUCT)
        return ufunc_of_values(ufunc, method, inputs, options)

    def _unusual(self, other: Any, row: Primitive, swapped: bool) -> Any:
        """Record an operator with what is neither a placeholder nor a Value that was met."""
        recorder = self._recorder
        if isinstance(other, np.ndarray):
            pair: Any = (other, self) if swapped else (self, other)
            return apply_to_arrays(row, pair)
        is_number = hasattr(other.__class__, "numerator")
        if not is_number and not isinstance(other, float | int | Value | np.generic):
            recorder.node_of(other)  # says what is wrong with it
            return NotImplemented
        operand = number(cast(object, other)) if row.constants else cast(Any, other)
        if watching and is_paused_on(recorder):
            return recorder.paused(row, (operand, self) if swapped else (self, operand))
        j = recorder.node_of(operand)
        pair = (j, self.i) if swapped else (self.i, j)
        return recorder.new(recorder.append(recorder.code_of(row), *pair))


def placeholder_class(recorder: Recorder) -> Any:
    """Return the class of a recorder's placeholders, with its operators."""
    members: dict[str, Any] = {"__slots__": (), "_recorder": recorder}
    made = type("Placeholder", (_Placeholder,), members | _methods() | refusals())
    operators: dict[Primitive, tuple[Any, Any]] = {}
    for name, method in vars(Value).items():
        if isinstance(method, FunctionType) and method in binary_rows:
            row, constant, is_reflected = binary_rows[method]
            if row not in operators:
                operators[row] = _operators(recorder, made, row, constant)
            setattr(made, name, operators[row][is_reflected])
    return made


def _operators(
    recorder: Recorder, placeholder: Any, row: Primitive, constant: Primitive
) -> tuple[Any, Any]:
    """Return the method of an operator and the reflected one.

    Args:
        recorder: where they append.
        placeholder: its class.
        row: of the operator.
        constant: of the operator with a number on its right.
    """
    # Closures and one `append` per list: recording a node takes 0.5 us so, and 1.2 us when the
    # methods reach the lists through the recorder.
    push_code, push_first = recorder.code.append, recorder.first.append
    push_second, code_list, new = recorder.second.append, recorder.code, object.__new__
    values, code = recorder.values, recorder.code_of(row)

    def method(self: Any, other: Any) -> Any:
        kind = other.__class__
        if kind is placeholder:
            j = other.i
        elif constant is not row and kind is not Value:
            return self._unusual(other, constant, False)
        else:
            j = values.get(other) if kind is Value else None
            if j is None:
                return self._unusual(other, row, False)
        if watching and is_paused_on(recorder):
            return recorder.paused(row, (self, other))
        push_code(code)
        push_first(self.i)
        push_second(j)
        made = new(placeholder)
        made.i = len(code_list) - 1
        return made

    def reflected(self: Any, other: Any) -> Any:
        j = values.get(other) if other.__class__ is Value else None
        if j is None:
            return self._unusual(other, row, True)
        if watching and is_paused_on(recorder):
            return recorder.paused(row, (other, self))
        push_code(code)
        push_first(j)
        push_second(self.i)
        made = new(placeholder)
        made.i = len(code_list) - 1
        return made

    return method, reflected


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
