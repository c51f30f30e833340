"""The few exceptions of the engine.

Wrong types are ``TypeError`` and wrong values ``ValueError``, as everywhere in Python; an
exception stands here only where a caller may want to catch just that.
"""


class StaleGraphError(RuntimeError):
    """A node was given new data after something had been computed from it.

    The recorded graph then no longer tells how its result was made, and a backward pass through
    it would mix old results with new operands. Compute the result again, then go backward.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> z = x * x
    >>> x.data = 4.0
    >>> z.backward()
    Traceback (most recent call last):
        ...
    autograd.errors.StaleGraphError: x = 4.0 was given new data after mul = 9.0 had been computed \
from it: compute the result again before going backward
    """


class AnomalyError(ArithmeticError):
    """Inside `detect_anomaly`, a node's value or gradient came out as nan or infinite.

    >>> from autograd import AnomalyError
    >>> issubclass(AnomalyError, ArithmeticError)
    True
    """


class WrongPartialsError(ValueError):
    """A primitive was refused because its partial derivatives are wrong.

    Attributes:
        report: where, with both numbers; a `autograd.check.Report`.

    >>> from autograd import Primitive, register
    >>> try:
    ...     register(Primitive("cubed", lambda x: x * x * x, lambda z, x: (2.0 * x * x,)))
    ... except WrongPartialsError as error:
    ...     print(error.report.ok)
    False
    """

    def __init__(self, message: str, report: object = None) -> None:
        super().__init__(message)
        self.report = report


class GraphFormatError(ValueError):
    """A text is not a graph that ``to_json`` wrote, or was written by a newer version.

    >>> from autograd import from_json
    >>> from_json("{}")
    Traceback (most recent call last):
        ...
    autograd.errors.GraphFormatError: not a chalkgrad graph: the key 'format' is missing
    """


class TraceError(TypeError):
    """A function cannot be compiled: it reads a number, or branches on one, while it is traced.

    A trace has placeholders in place of numbers. The message has the line, and what to write there.

    >>> from autograd import compile
    >>> program = compile(lambda x: x if x > 0.0 else -x)
    >>> program(1.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    autograd.errors.TraceError: line 1 of <doctest ...> compares a Value while it is compiled: ...
    """
