"""The door for a user's own primitives: the same row as the built-in ones, checked on entry.

A rule that is wrong anywhere in its declared domain is refused with the report that shows where,
so that no graph is ever built on it.
"""

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast, overload

import numpy as np

from autograd import asked
from autograd.check.forms import called, wrong_form
from autograd.check.judge.report import Report
from autograd.check.judge.rows import check_row
from autograd.check.judge.sample import sample
from autograd.check.oracles.row_slope import value
from autograd.engine import methods
from autograd.engine.number import elementwise, made_of, number
from autograd.engine.primitive import (
    TABLE,
    Interval,
    NotAFloatError,
    Primitive,
    Rule,
    apply,
    enter,
    not_a_float,
)
from autograd.errors import WrongPartialsError

_BUILT_IN = frozenset(TABLE)

# The variables of the texts that engine/methods.py makes.
_RESERVED = frozenset(
    [
        "x",
        "y",
        "z",
        "w",
        "g",
        "node",
        "x_node",
        "y_node",
        "pull",
        "partials",
        "make",
        "function",
        "inf",
        "nan",
    ]
)

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


def register(row: Primitive) -> Function:
    """Check a row over its declared domain, enter it into the table, and return its function.

    The domain is from -2 to 2 for every operand unless the row declares another one,
    `domain=((low, high), ...)`. The rule is evaluated at some twenty points of it, its ends among
    them: a rule that is wrong only outside is not refused.

    The function takes numbers, arrays and Values like any other of the table. What the row's own
    functions return becomes floats, as a whole number does; what is no number, such as None or a
    bool, is refused. A row of the same name that was registered before is replaced, so that a
    notebook's cell can be run twice.

    Raises:
        WrongPartialsError: if a partial derivative is wrong somewhere in the domain or could be
            checked nowhere in it, or the array function or formula disagrees with the float
            function, or `shown` or `textbook` with the partials; nothing is registered then.
        ValueError: if the name belongs to a built-in primitive, or to a variable of the rules; if
            the row says `operator`; if it `commutes`, is `unsigned` or has a `neutral` number, and
            its function says otherwise somewhere in the domain.

    >>> row = Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,))
    >>> cube = register(row)
    >>> from autograd import grad
    >>> grad(cube)(2.0)
    12.0
    >>> unregister("cube")
    """
    asked.instance("register", row, Primitive, "a Primitive(name, function, partials)")
    if row.name in _BUILT_IN or row.name in _RESERVED:
        kind = "a built-in primitive" if row.name in _BUILT_IN else "a name used in rules"
        raise ValueError(f"{row.name} is {kind}: choose another name")
    if row.operator:
        raise ValueError(
            f"{row.name}: operator says that the row is an operator of Python, and those are "
            "built in: write text=Notation(...) for how yours is written"
        )
    given = row.function, row.array, row.partials
    _answer_in_floats(row)
    try:
        report = check_row(row)
        _require_true_claims(row)
    except BaseException:
        _take_back(row, given)
        raise
    if not report.certain:
        _take_back(row, given)
        # Values were found, but no slope could be told from them.
        open_slopes = report.ok and report.verdicts[0].order == 0
        hint = (
            "\nGive a domain where it can be checked: domain=((low, high),)" if open_slopes else ""
        )
        raise WrongPartialsError(f"the row of {row.name} is refused:\n{report}{hint}", report)
    wrong = wrong_form(row)
    if wrong is not None:
        _take_back(row, given)
        raise WrongPartialsError(
            f"the row of {row.name} is refused: {wrong.reason}", Report([wrong], report.title)
        )
    unregister(row.name)
    enter(row)

    def function(*operands: Any) -> Any:
        if row.arity is not None and len(operands) != row.arity:
            raise TypeError(f"{row.name} takes {row.arity} operand(s), got {len(operands)}")
        if row.constants:
            cut = len(operands) - row.constants
            operands = (*operands[:cut], *[number(x) for x in operands[cut:]])
        return apply(row, operands)

    function.__name__ = function.__qualname__ = row.name
    function.__doc__ = row.function.__doc__
    return function


def _take_back(row: Primitive, given: tuple[Any, ...]) -> None:
    """Leave a row that is refused as it was given, and nothing made from it."""
    _give(row, *given)
    methods.forget(row)


def _require_true_claims(row: Primitive) -> None:
    for point in sample(row):
        claim = false_claim(row, point)
        if claim:
            raise ValueError(f"{row.name}: {claim}")


def false_claim(row: Primitive, point: Sequence[float]) -> str:
    """Return what a column says of the function that does not hold at a point; "" if all hold.

    >>> false_claim(Primitive("cube", lambda x: x**3, lambda z, x: (3.0 * x * x,)), [-1.0])
    ''
    >>> row = Primitive("cube", lambda x: x**3, lambda z, x: (3.0 * x * x,), unsigned=True)
    >>> false_claim(row, [-1.0])
    'unsigned, and cube(-1.0) is -1.0'
    """
    x, n, z = point[0], row.neutral, value(row, point)
    same: list[tuple[str, tuple[float, ...], float]] = []
    if row.commutes:
        same.append(("commutes", (*point[::-1],), z))
    if n is not None:
        same += [(f"neutral is {n}", (x, n), x)]
        same += [(f"neutral is {n}", (n, x), x)] if row.commutes else []
    for column, operands, wanted in same:
        found = value(row, operands)
        if repr(found) != repr(wanted):
            return f"{column}, and {called(row, operands)} is {found!r}, not {wanted!r}"
    is_signed = z == z and math.copysign(1.0, z) < 0.0
    return f"unsigned, and {called(row, point)} is {z!r}" if row.unsigned and is_signed else ""


def unregister(name: str) -> None:
    """Take a primitive that was registered by `register` out of the table, if it is there.

    Graphs recorded with it stay usable; they can no longer be read back from JSON or a pickle.

    >>> from autograd import lookup
    >>> unregister("no such primitive")
    >>> unregister("tanh")
    Traceback (most recent call last):
        ...
    ValueError: tanh is a built-in primitive and stays in the table
    """
    asked.instance("unregister", name, str, "the name of a primitive")
    if name in _BUILT_IN:
        raise ValueError(f"{name} is a built-in primitive and stays in the table")
    row = TABLE.pop(name, None)
    if row is not None:
        methods.forget(row)


@overload
def primitive(function: F, /, *, partials: Rule) -> F: ...
@overload
def primitive(
    *,
    partials: Rule,
    domain: tuple[Interval, ...] = (),
    constants: int = 0,
    **columns: Any,
) -> Callable[[F], F]: ...
def primitive(function: Any = None, /, **columns: Any) -> Any:
    """Make a float function into a primitive: a decorator over `register`.

    Its rule is checked over its declared domain, from -2 to 2 for every operand unless `domain`
    says otherwise, with an interval for each: `domain=((0.1, 50.0),)`. Declare where you mean to
    use it: what is wrong only outside is not found.

    Args:
        function: of one or more floats; its name and the number of its parameters become the row's.
            A function of `*xs` makes a row of any number of operands.
        columns: `partials`, and any other column of `Primitive`, such as `domain`, `array` and
            `textbook`.

    Raises:
        WrongPartialsError: if the partials are wrong somewhere in the domain, or the function has
            no finite values there, or not the same ones twice.
        TypeError: if there is no such column.

    >>> import math
    >>> @primitive(partials=lambda z, x: (1.0 - z * z,))
    ... def squash(x):
    ...     return math.tanh(x)
    >>> from autograd import Value
    >>> x = Value(0.5)
    >>> squash(x).backward()
    >>> x.grad == 1.0 - math.tanh(0.5) ** 2
    True
    >>> unregister("squash")
    """
    _require_columns(columns)
    if function is not None:
        asked.function("primitive", function)

    def decorate(function: Function) -> Function:
        asked.function("primitive", function)
        name = getattr(function, "__name__", "")
        try:
            parameters = inspect.signature(function).parameters.values()
        except ValueError:
            parameters = None
        if not name or parameters is None:
            raise TypeError(
                f"primitive takes a function with a name and parameters that can be counted, got "
                f"{function!r:.60}: write it as def f(x): ..., or make the row yourself"
            )
        if any(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters):
            raise TypeError(
                f"{function.__name__}: a primitive takes its operands by position; make the "
                "keyword-only parameter a constant operand: constants=1"
            )
        many = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
        arity = None if many else len(parameters)
        return register(Primitive(function.__name__, function, arity=arity, **columns))

    if function is not None and "partials" not in columns:
        raise TypeError(
            f"{function.__name__}: a primitive declares its derivatives: write "
            "@primitive(partials=lambda z, x: (...,)) above it"
        )
    return decorate if function is None else decorate(function)


_COLUMNS = [
    name for name in Primitive.__dataclass_fields__ if name not in ("name", "function", "arity")
]


def _require_columns(columns: Iterable[str]) -> None:
    """Say which column was meant where there is none of a name."""
    for name in columns:
        if name in _COLUMNS:
            continue
        if name in Primitive.__dataclass_fields__:
            raise TypeError(
                f"primitive takes the {name} from the function below it: leave out {name}=, or "
                "make the row yourself, register(Primitive(...))"
            )
        near = asked.near(name, _COLUMNS)
        meant = f"did you mean {near[0]}? " if near else ""
        raise TypeError(
            f"a primitive has no column {name}: {meant}The columns are {', '.join(_COLUMNS)}"
        )


def _answer_in_floats(row: Primitive) -> None:
    """Let a row's functions answer in floats, or say what came in their place."""
    if getattr(row.partials, "in_floats", False):
        return
    function = _float_function(row.name, row.function)
    array = elementwise(function) if made_of(row.array) is row.function else row.array
    _give(row, function, _float_array(row.name, array), _float_rule(row.name, row.partials))


def _give(row: Primitive, function: Function, array: Function, partials: Any) -> None:
    for column, given in (("function", function), ("array", array), ("partials", partials)):
        object.__setattr__(row, column, given)


def _float_function(name: str, function: Function) -> Function:
    @_like(function)
    def compute(*operands: float) -> float:
        result = function(*operands)
        if result.__class__ is float:
            return result
        try:
            return number(result)
        except TypeError:
            raise NotAFloatError(not_a_float(name, result)) from None

    return compute


def _float_array(name: str, function: Function) -> Function:
    @_like(function)
    def compute(*operands: Any) -> Any:
        result = function(*operands)
        kind = getattr(getattr(result, "dtype", None), "kind", "")
        if kind == "f":
            return result
        if kind in "iu" and kind:
            return result.astype(np.float64)
        if result.__class__ in (float, int):
            return np.float64(result)
        shown = f"an array of {result.dtype}" if kind else f"{result!r:.60}"
        raise NotAFloatError(
            f"the array function of {name} returned {shown}, expected an array of floats"
        )

    return compute


def _float_rule(name: str, rule: Any) -> Any:
    @_like(rule)
    def partials(z: Any, *operands: Any) -> tuple[Any, ...]:
        found = rule(z, *operands)
        if not isinstance(found, tuple | list):
            raise NotAFloatError(
                f"the rule of {name} returned {found!r:.60}, expected a tuple of partials: "
                "write (..., ), with the comma where there is one operand"
            )
        slopes: Sequence[Any] = cast(Any, found)
        if len(slopes) != len(operands):
            raise NotAFloatError(
                f"the rule of {name} gives {len(slopes)} partials for {len(operands)} operands"
            )
        return tuple(
            [
                d if d.__class__ is float or hasattr(d.__class__, "__apply__") else one(d, k)
                for k, d in enumerate(slopes)
            ]
        )

    def one(d: Any, k: int) -> Any:
        if getattr(d, "shape", ()):
            return d.astype(np.float64) if d.dtype.kind in "iu" else d
        try:
            return number(d)
        except TypeError as error:
            raise NotAFloatError(f"partial {k + 1} is no float: {error}") from None

    partials.in_floats = True
    return partials


def _like(function: Any) -> Callable[[Any], Any]:
    """Keep the name and the docstring of a function, and not what else it carries."""
    return functools.wraps(function, updated=())
