"""Questions that public names ask of what they are given, with one wording for the answers.

Each says what was given, what was expected and, where it is known, what to write instead.
"""

import functools
import inspect
import math
import numbers
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Never, ParamSpec, SupportsIndex, TypeVar, cast

import numpy as np

from autograd.spellings import SPELLINGS, instead

# More than anybody counts to in a loop, and less than fills a memory word: 2**63 epochs are a slip.
MOST = 10**9


def function(asker: str, f: object, wanted: str = "a function") -> None:
    """Ask that `f` can be called.

    Raises:
        TypeError: if it cannot.

    >>> function("grad", None)
    Traceback (most recent call last):
        ...
    TypeError: grad takes a function, got None
    """
    if not callable(f):
        raise TypeError(f"{asker} takes {wanted}, got {f!r:.60}")


def instance(asker: str, x: object, kinds: Any, wanted: str) -> None:
    """Ask that `x` is one of some kinds.

    Raises:
        TypeError: if it is not.

    >>> instance("from_json", None, str, "the text that to_json wrote")
    Traceback (most recent call last):
        ...
    TypeError: from_json takes the text that to_json wrote, got None
    """
    if not isinstance(x, kinds):
        raise TypeError(f"{asker} takes {wanted}, got {x!r:.60}")


def iterable(asker: str, xs: Any, wanted: str) -> list[Any]:
    """Return what `xs` gives, as a list; a text and an array of no dimensions are none.

    Raises:
        TypeError: if it cannot be iterated over.

    >>> iterable("History", 3, "a list of records")
    Traceback (most recent call last):
        ...
    TypeError: History takes a list of records, got 3
    """
    flat = isinstance(xs, np.ndarray) and not xs.ndim
    if flat or isinstance(xs, str | bytes) or not isinstance(xs, Iterable):
        raise TypeError(f"{asker} takes {wanted}, got {xs!r:.60}")
    return list(cast(Any, xs))


P = ParamSpec("P")
R = TypeVar("R")


def own_keywords(
    spellings: Mapping[str, str] = SPELLINGS,
    *,
    gives: str = "",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function name its own keyword where it is called by that of another library.

    A function that is too quick for another one around it takes the others itself, as parameters
    that are Never, and asks `no_more` if there are any. They are only left out of its signature.

    Args:
        spellings: what to write in place of the keywords of other libraries.
        gives: how the function that it returns is called, where others take that call's arguments
            at once.

    >>> @own_keywords({"learning_rate=": "lr="})
    ... def step(*, lr):
    ...     return lr
    >>> step(learning_rate=0.1)
    Traceback (most recent call last):
        ...
    TypeError: step() got an unexpected keyword argument 'learning_rate': write lr=
    >>> @own_keywords()
    ... def double(x, **others: Never):
    ...     return x + x
    >>> inspect.signature(double)
    <Signature (x)>
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        told = [p for p in signature.parameters.values() if p.annotation not in (Never, "Never")]
        if len(told) < len(signature.parameters):
            cast(Any, function).__signature__ = signature.replace(parameters=told)
            return function
        known = frozenset(
            [p.name for p in told if p.kind not in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL)]
        )

        @functools.wraps(function)
        def checked(*args: P.args, **keywords: P.kwargs) -> R:
            # Before Python asks for those that are missing, since one may stand under another name.
            if not known.issuperset(keywords):
                others = {name: x for name, x in keywords.items() if name not in known}
                no_more(function, others, spellings)
            if gives and len(args) > len(told):
                raise TypeError(
                    f"{function.__qualname__}() takes at most {len(told)} arguments and was given "
                    f"{len(args)}: it returns a function, write {gives}"
                )
            return function(*args, **keywords)

        return checked

    return decorate


def no_more(
    function: Callable[..., Any],
    others: Mapping[str, object],
    spellings: Mapping[str, str] = SPELLINGS,
) -> None:
    """Ask that a function was called by its own keywords.

    Args:
        function: one of its `own_keywords`.
        others: the keywords that are none of its own.
        spellings: what to write in place of those of other libraries.

    Raises:
        TypeError: if there are any: in Python's words, and with the one that is probably meant.

    >>> no_more(print, {"argnums": 0, "ends": ""})
    Traceback (most recent call last):
        ...
    TypeError: print() got an unexpected keyword argument 'argnums': write argnum=
    """
    for name in others:
        advice = instead(f"{name}=", spellings)
        if not advice and (close := near(name, inspect.signature(function).parameters)):
            advice = f"; is {close[0]}= meant?"
        message = f"{function.__qualname__}() got an unexpected keyword argument {name!r}{advice}"
        raise TypeError(message)


def near(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Return the known names that are spelt most like one that is not known.

    >>> near("tnah", ["sin", "tanh"])
    ['tanh']
    """
    import difflib  # 5 ms that only a mistake costs

    return difflib.get_close_matches(name, list(known), n=most)


def flag(name: str, x: object) -> bool:
    """Return `x` as a bool; 0 and 1 are taken for one.

    Raises:
        TypeError: if it is neither.

    >>> flag("strict", "no")
    Traceback (most recent call last):
        ...
    TypeError: strict is True or False, got 'no'
    """
    if not isinstance(x, bool | np.bool_) and (not isinstance(x, int) or x not in (0, 1)):
        raise TypeError(f"{name} is True or False, got {x!r:.60}")
    return bool(cast(Any, x))


def whole(name: str, value: object, *, at_least: int = 1, at_most: int | None = MOST) -> int:
    """Return `value` as an int.

    Raises:
        TypeError: if it is not a whole number (a bool is none: it is always a slip here).
        ValueError: if it is less than `at_least` or more than `at_most`.

    >>> whole("epochs", 3)
    3
    >>> whole("epochs", 0)
    Traceback (most recent call last):
        ...
    ValueError: epochs must be at least 1; got 0
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, SupportsIndex):
        raise TypeError(f"{name} must be a whole number; got {value!r:.60}")
    try:
        count = operator.index(value)
    except TypeError:  # as arrays, which have the method and use it for one whole number only
        raise TypeError(f"{name} must be a whole number; got {value!r:.60}") from None
    if count < at_least:
        raise ValueError(f"{name} must be at least {at_least}; got {_short(count)}")
    if at_most is not None and count > at_most:
        raise ValueError(f"{name} must be at most {at_most:,}; got {_short(count)}")
    return count


def _short(count: int) -> str:
    # Python itself refuses to write out more than some thousand digits.
    return str(count) if -(10**20) < count < 10**20 else f"about 2**{count.bit_length()}"


def real(name: str, value: object, *, at_least: float = -math.inf) -> float:
    """Return `value` as a finite float.

    Raises:
        TypeError: if it is not a real number.
        ValueError: if it is not finite or less than `at_least`.

    >>> real("lr", 1)
    1.0
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number; got {value!r:.60}")
    try:
        x = float(value)
    except OverflowError:
        x = math.inf
    if not math.isfinite(x) or x < at_least:
        wanted = "finite" if at_least == -math.inf else f"finite and at least {at_least:g}"
        raise ValueError(f"{name} must be {wanted}; got {value!r:.60}")
    return x


def unmasked(name: str, x: object, part: str = "entry") -> None:
    """Ask that no array is masked, also inside lists: NumPy hands out the numbers under the mask.

    Args:
        name: what the array is to the asker.
        x: the array, or a list of them.
        part: what to take out where it is masked.

    Raises:
        ValueError: telling the first masked place.

    >>> unmasked("theta", np.ma.masked_array([1.0, 2.0], mask=[False, True]))
    Traceback (most recent call last):
        ...
    ValueError: theta is masked at [1]: take that entry out or fill the gap, as ...
    """
    place = _masked_at(x)
    if place is not None:
        at = f" at {place}" if place else ""
        raise ValueError(
            f"{name} is masked{at}: take that {part} out or fill the gap, as array.filled(0.0) does"
        )


def _masked_at(values: Any) -> list[int] | None:
    if isinstance(values, np.ma.MaskedArray):
        places: Any = np.argwhere(np.ma.getmaskarray(cast(Any, values)))
        return places[0].tolist() if len(places) else None
    if isinstance(values, np.ndarray) and cast(Any, values).dtype == object:
        values = cast(Any, values).tolist()
    if isinstance(values, list | tuple):
        rows = cast(Sequence[Any], values)
        # The kinds of a row's members at once: of a long row of numbers nothing else is looked at.
        if any(issubclass(kind, _NESTS) for kind in set(map(type, rows))):
            for i, row in enumerate(rows):
                if (place := _masked_at(row)) is not None:
                    return [i, *place]
    return None


_NESTS = (list, tuple, np.ndarray)


# Libraries ----------------------------------------------------------------------------------------

# The lowest version of each that the tests passed with; the extra has the library's name.
LOWEST: Mapping[str, tuple[int, ...]] = {
    "jax": (0, 8),
    "onnx": (1, 17),
    "safetensors": (0, 4, 3),
    "torch": (2, 3),
}

_new_enough: dict[str, Any] = {}  # reading a version takes a millisecond


def library(name: str, module: str = "") -> Any:
    """Return a module of a library.

    Args:
        name: the library.
        module: the module of it; the library itself, if left out.

    Raises:
        ImportError: saying what to install, if it is missing, too old or damaged.
    """
    write = f'pip install "chalkgrad[{name}]"'
    try:
        found = import_module(module or name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != name:
            raise _damaged(name, error) from None
        raise ImportError(f"this needs {name}, which is not installed: {write}") from None
    except Exception as error:
        if is_interrupted(error):
            raise
        raise _damaged(name, error) from None
    if _new_enough.get(module or name) is found:
        return found
    try:
        told = version(name)
    except ModuleNotFoundError:  # it is there without its metadata
        return found
    if _version(told) < LOWEST[name]:
        lowest = ".".join(map(str, LOWEST[name]))
        raise ImportError(f"this needs {name} {lowest} or later, and {told} is installed: {write}")
    _new_enough[module or name] = found
    return found


def version(name: str) -> str:
    """Return the version of an installed library; a ModuleNotFoundError if it is not installed."""
    from importlib import metadata  # 15 ms that few programs need

    return metadata.version(name)


def is_older(name: str, lowest: tuple[int, ...]) -> bool:
    """Whether a library that is installed is older than a version."""
    return _version(version(name)) < lowest


def is_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: it was raised from one, or while one was handled.

    >>> try:
    ...     raise ImportError("initialization failed") from KeyboardInterrupt()
    ... except ImportError as error:
    ...     is_interrupted(error), is_interrupted(ValueError())
    (True, False)
    """
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _damaged(name: str, error: Exception) -> ImportError:
    return ImportError(
        f"{name} is installed and cannot be imported: {error}. Install it anew: "
        f"pip install --force-reinstall {name}"
    )


def _version(told: str) -> tuple[int, ...]:
    """Return the numbers in front of a version.

    >>> _version("2.13.0+cpu"), _version("3.0.0rc1") < (3, 0, 1)
    ((2, 13, 0), True)
    """
    return tuple([int(n) for n in re.findall(r"\d+", (re.match(r"[\d.]*", told) or [""])[0])])
