"""Questions that every part of `nn` asks of its arguments, with one wording for the answers.

A name is looked up in a table and the nearest known one offered; a count is a whole number, never
a bool; an array is finite. Each says what was given, what was expected and what to write instead.
"""

import datetime
import decimal
import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from autograd import Value, asked, compile, files
from nn.data.large.pages import let_go
from nn.spellings import NAMED
from nn.spellings.tensors import refuse_tensors

# The engine asks the same in the same words.
MOST = asked.MOST
flag = asked.flag
function = asked.function
instance = asked.instance
iterable = asked.iterable
own_keywords = asked.own_keywords
path_of = files.path_of
real = asked.real
whole = asked.whole

Floats: TypeAlias = NDArray[np.float64]
Array: TypeAlias = NDArray[Any]
Native: TypeAlias = Literal["auto"] | bool

T = TypeVar("T")


def checked_native(native: Native) -> Native:
    """Return what somebody wants of native code, which `compile` asks in its own words.

    Raises:
        ValueError: if it is another word.
    """
    compile(abs, native=native)
    return native


def look_up(what: str, name: str, table: Mapping[str, T]) -> T:
    """Return the entry of `table` called `name`.

    Raises:
        TypeError: if the name is no text.
        ValueError: if there is none, with the nearest known name and all of them.

    >>> look_up("loss", "hinj", {"hinge": 1, "huber": 2})
    Traceback (most recent call last):
        ...
    ValueError: no loss is called 'hinj'. Did you mean 'hinge'? Known are hinge, huber.
    >>> look_up("loss", "MSELoss", {"mean_squared_error": 1})
    Traceback (most recent call last):
        ...
    ValueError: no loss is called 'MSELoss'. Did you mean 'mean_squared_error'? Known are ...
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"the {what} is told by its name, one of {', '.join(table)}; got {name!r:.60}"
        )
    if name in table:
        return table[name]
    key = name.lower().replace("-", "_").replace(" ", "_")
    bare = key.replace("_", "").removesuffix("loss")
    elsewhere = [known for known, others in NAMED.items() if bare in others and known in table]
    near = elsewhere or asked.near(key, table)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"no {what} is called {name!r}.{hint} Known are {', '.join(table)}.")


def refuse_estimators(asker: str, given: object) -> None:
    """Refuse an estimator of `nn.sklearn`, told by its module's name, where its model is wanted.

    Raises:
        TypeError: with what to write.
    """
    if any(kind.__module__.startswith("nn.sklearn.") for kind in type(given).__mro__):
        raise TypeError(
            f"{asker} a model, and this {type(given).__name__} is an estimator, which holds one "
            "once it is fitted: write estimator.model_"
        )


def generator(seed: object) -> np.random.Generator:
    """Return the source of random numbers that a seed stands for; a Generator stands for itself.

    Raises:
        TypeError: if it is neither a whole number nor a Generator.
        ValueError: if it is negative.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(whole("a seed", seed, at_least=0, at_most=None))
    except TypeError:
        raise TypeError(
            f"a seed is a whole number or a NumPy Generator; got {seed!r}: write 0, "
            "or np.random.default_rng(0)"
        ) from None


_GAP = "take that sample out or fill the gap"


def numeric(name: str, values: object, gap: str = _GAP) -> Array:
    """Return `values` as an array of finite real numbers.

    Lists, arrays of any kind of number and frames of them will do, also where every number is an
    object of its own, as in a frame with a column of bools. Only bools stay bools.

    Raises:
        ValueError: if it is ragged, holds anything but real numbers, a nan, an infinity or
            anything else that stands for a missing number, or is masked somewhere; the message
            tells where the first one is.

    >>> numeric("X", [[1, 2], [3, float("nan")]])
    Traceback (most recent call last):
        ...
    ValueError: X holds nan at [1, 1]: take that sample out or fill the gap
    >>> numeric("X", np.array([[True, 0.5], [False, 2]], dtype=object))
    array([[1. , 0.5],
           [0. , 2. ]])
    """
    refuse_masked(name, values)
    refuse_sparse(name, values)
    refuse_tensors(name, values)
    try:
        array: Array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array with rows of one length: {error}") from None
    if array.dtype.kind in "USc" and not isinstance(values, np.ndarray):
        array = np.asarray(values, dtype=object)  # one text makes a list of numbers all text
    if array.dtype == object:
        array = _of_objects(name, array)
    kind = array.dtype.kind
    if kind in _ADVICE:
        raise ValueError(
            f"{name} must hold real numbers; got an array of {array.dtype}{_ADVICE[kind]}"
        )
    if kind == "f" and array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):  # what is beyond the floats is infinite, and refused
            array = array.astype(np.float64)
    place = _not_finite(array)
    if place is not None:
        found = np.asarray(values)[tuple(place)]
        raise ValueError(f"{name} holds {found!s:.40} at {place}: {gap}")
    return array


# Of the numbers that are looked at together: an array in a file is not to be held whole.
_TOGETHER = 2**22


def _not_finite(array: Array) -> list[int] | None:
    """Return the place of the first number that is not finite; None where all are."""
    if array.dtype.kind != "f":
        return None
    if not array.ndim:
        return None if np.isfinite(array) else []
    rows = max(1, _TOGETHER // max(1, math.prod(array.shape[1:])))
    for i in range(0, len(array), rows):
        finite = np.isfinite(array[i : i + rows])
        if not finite.all():
            first, *rest = np.argwhere(~finite)[0].tolist()
            return [i + first, *rest]
        let_go(array)
    return None


_TEXT = (
    ": numbers written as text become numbers by .astype(float), and names of classes by "
    "names, y = np.unique(y, return_inverse=True)"
)
# What to write in place of an array of each kind that holds no real numbers.
_ADVICE = {
    "U": _TEXT,
    "S": _TEXT,
    "T": _TEXT,
    "M": ": write how long after the first, (t - t.min()) / np.timedelta64(1, 'D')",
    "m": ": write t / np.timedelta64(1, 's')",
    "c": ": give the real and the imaginary part as numbers of their own, z.real and z.imag",
    "V": ": write np.lib.recfunctions.structured_to_unstructured(array)",
}


_KINDS = {
    str: "U",
    bytes: "S",
    datetime.date: "M",
    datetime.timedelta: "m",
    complex: "c",
}


def refuse_masked(name: str, values: object) -> None:
    """Refuse masked arrays, also inside lists: NumPy hands out the numbers under the mask.

    Raises:
        ValueError: telling the first masked place.

    >>> refuse_masked("X", np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]]))
    Traceback (most recent call last):
        ...
    ValueError: X is masked at [0, 1]: take that sample out or fill the gap, as ...
    """
    asked.unmasked(name, values, "sample")


def refuse_sparse(name: str, values: object) -> None:
    """Refuse sparse matrices, which are no arrays.

    Raises:
        ValueError: with what to write.
    """
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise ValueError(
            f"{name} is sparse, and every number of a sample is computed with here: write "
            f"{name}.toarray()"
        )


def _of_objects(name: str, array: Array) -> Array:
    """Return an array of objects that are numbers as bools, whole numbers or floats."""
    if not array.ndim:
        raise ValueError(
            f"{name} must hold real numbers; got {_object(array[()])}: give an array, or a list "
            "with an entry for each sample"
        )
    # By kinds, of which there are few, and not by objects.
    kinds: set[Any] = set(map(type, array.ravel().tolist()))
    if strange := {k for k in kinds if not issubclass(k, _REAL)}:
        place, x = next((place, x) for place, x in np.ndenumerate(array) if type(x) in strange)
        raise ValueError(
            f"{name} must hold real numbers; found {_object(x)} at {[*place]}: {_instead(x)}"
        )
    kind: Any = np.float64
    if all(issubclass(k, bool | np.bool_ | int | np.integer) for k in kinds):
        kind = bool if all(issubclass(k, bool | np.bool_) for k in kinds) else np.int64
    try:
        return array.astype(kind)
    except (OverflowError, ValueError):  # whole numbers beyond 64 bits, a Decimal("sNaN")
        return np.array([_as_float(x) for x in array.ravel().tolist()]).reshape(array.shape)


_REAL = (bool, np.bool_, numbers.Real, decimal.Decimal)


def _as_float(x: Any) -> float:
    try:
        return float(x)
    except (OverflowError, ValueError):
        return math.nan  # found again, and shown, by whoever asks what is not finite


def _object(x: object) -> str:
    is_shown = x is None or isinstance(x, str) or type(x).__name__ in _MISSING
    return f"{x!r:.40}" if is_shown else f"an object of type {type(x).__name__}"


_MISSING = ("NAType", "NaTType")  # both are pandas'


def _instead(x: Any) -> str:
    """Return what to write in place of an object that is no number."""
    if x is None or type(x).__name__ in _MISSING:
        return _GAP
    for kind, word in _KINDS.items():
        if isinstance(x, kind):
            return _ADVICE[word].removeprefix(": ")
    if hasattr(x.__class__, "__apply__"):
        return "write x.data for its number"
    if isinstance(x, list | tuple | np.ndarray):
        return "write np.stack(rows), with rows of one length"
    return "write float(x) if it stands for a real number"


# The outputs and the target of one sample ---------------------------------------------------------


def class_label(loss: str, label: Any, classes: int) -> int:
    """Return a label as an int from 0 to classes - 1.

    Raises:
        ValueError: if it is not one.
    """
    if classes.__class__ is not int:
        classes = whole("classes", classes)
    if label.__class__ is not int:
        shown = label
        label = plain_label(loss, label)
        if label != label // 1:
            raise ValueError(f"{loss} takes a whole number for a label, got {shown!r}")
        label = int(label)
    if not 0 <= label < classes:
        raise ValueError(
            f"{loss} takes a label from 0 to {classes - 1} for {classes} outputs, got {label}"
        )
    return label


def plain_label(loss: str, label: Any, kinds: str = "iuf") -> float:
    """Return a label of NumPy's kinds as a float, or say that it is one number."""
    refuse_masked(f"the label of {loss}", label)
    refuse_tensors("y", label)
    try:
        array = np.asarray(label)
    except ValueError:  # ragged
        array = np.zeros(0)
    if array.size != 1 or array.dtype.kind not in kinds or not np.isfinite(array).all():
        hint = ": write labels.argmax() for one-hot" if array.size > 1 else ""
        raise ValueError(f"{loss} takes one number for a label, got {label!r:.60}{hint}")
    return float(array.reshape(()))


def listed(loss: str, numbers: Any) -> list[Any]:
    """Return outputs or targets as a list; a single one becomes a list of one."""
    if isinstance(numbers, list | tuple):
        listed = list(cast(Sequence[Any], numbers))
    elif isinstance(numbers, np.ndarray):
        array = cast(Array, numbers)
        refuse_masked(f"an argument of {loss}", array)
        if array.ndim > 1:
            raise ValueError(
                f"{loss} is of one sample, got an array of shape {array.shape}: "
                "take the rows one by one"
            )
        listed = array.reshape(-1).tolist()
    else:
        listed = [numbers]
    if not listed:
        raise ValueError(f"{loss} takes at least one output and target, got none")
    for kind in set(map(type, listed)) - _NUMBERS:
        if not hasattr(kind, "__apply__"):
            for x in listed:
                if type(x) is kind:
                    Value(x)  # says what is wrong with it
    return listed


# Truth values are labels that stand for 0 and 1.
_NUMBERS = {Value, float, bool, np.bool_}


def pairs(loss: str, outputs: Any, targets: Any) -> list[tuple[Any, Any]]:
    """Return each output with its target."""
    a, y = listed(loss, outputs), listed(loss, targets)
    if len(a) != len(y):
        raise ValueError(f"{loss} takes a target for each output, got {len(a)} and {len(y)}")
    if bool in set(map(type, y)):
        y = [float(t) if isinstance(t, bool) else t for t in y]
    return list(zip(a, y, strict=True))
