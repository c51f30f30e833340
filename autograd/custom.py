"""The door for a user's own primitives: the same row as the built-in ones, checked on entry.

A rule that is wrong anywhere in its declared domain is refused with the report that shows where,
so that no graph is ever built on it.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from autograd import asked, recording
from autograd.errors import WrongPartialsError
from autograd.numeric import number
from autograd.row import TABLE, Interval, Primitive, Rule, apply, enter, not_a_float

_BUILT_IN = frozenset(TABLE)

# The variables of the texts that recording.py makes.
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

    The function takes numbers, arrays and Values like any other of the table. A row of the same
    name that was registered before is replaced, so that a notebook's cell can be run twice.

    Raises:
        WrongPartialsError: if a partial derivative is wrong somewhere in the domain or could be
            checked nowhere in it, or the array function or formula disagrees with the float
            function; nothing is registered then.
        ValueError: if the name belongs to a built-in primitive, or to a variable of the rules.

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
    from autograd.check.rows import check_row

    report = check_row(row)
    if not report.certain:
        # Values were found, but no slope could be told from them.
        open_slopes = report.ok and report.verdicts[0].order == 0
        hint = (
            "\nGive a domain where it can be checked: domain=((low, high),)" if open_slopes else ""
        )
        raise WrongPartialsError(f"the row of {row.name} is refused:\n{report}{hint}", report)
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


def unregister(name: str) -> None:
    """Take a primitive that was registered by `register` out of the table, if it is there.

    Graphs recorded with it stay usable; they can no longer be read back from JSON or a pickle.

    >>> from autograd.row import lookup
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
        recording.forget(row)


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
        columns: `partials`, and any other column of `Primitive`, such as `domain` and `array`.

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
        return register(Primitive(function.__name__, _to_float(function), arity=arity, **columns))

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
        import difflib  # 5 ms that only a mistake costs

        near = difflib.get_close_matches(name, _COLUMNS, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise TypeError(
            f"a primitive has no column {name}: {meant}The columns are {', '.join(_COLUMNS)}"
        )


def _to_float(function: Function) -> Function:
    """Return a function that answers with a float, or says what came in its place."""

    @functools.wraps(function)
    def compute(*operands: float) -> float:
        result = function(*operands)
        if result.__class__ is float:
            return result
        try:
            return number(result)
        except TypeError:
            raise TypeError(not_a_float(function.__name__, result)) from None

    return compute
