"""The text of a program, in the pieces that the parameters fall into.

A flat vector of all parameters is cut into matrices and joined again from their gradients: copies
of all parameters in each step, which took a tenth of its time. Where the text reads each parameter
in one slice alone, the slices are arrays of their own, and what joins their gradients is left out.
"""

import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from nn.validation import Array

_IMPORT = "import numpy as np\n"
# Text that stands for one raises NotImplementedError.
OWN_PRIMITIVE = (
    "the program of the model does not run on {}: it has a primitive of your own, which is a "
    "function of NumPy's arrays. Write engine='compiled', or make it of autograd's functions"
)
# The last statement of a gradient: it joins the parts, and is returned.
_JOINED = re.compile(
    r"^(    (\w+) = )np\.concat\((\[[^\n]*\]), axis=0\)([^\n]*\n    return [^\n]*, \2)$", re.M
)


class Parts:
    """Parameters in pieces, which is read as the flat vector is where that was tried.

    Args:
        pieces: the arrays, one after another.
    """

    def __init__(self, pieces: Sequence[Any]) -> None:
        self._pieces: dict[tuple[int, int], Any] = {}
        begin = 0
        for piece in pieces:
            self._pieces[begin, begin + len(piece)] = piece
            begin += len(piece)
        self.dtype = pieces[0].dtype

    def __getitem__(self, key: slice) -> Any:
        return self._pieces[key.start, key.stop]


class _Read:
    """Stands for the flat vector, and notes the slices that are read of it."""

    def __init__(self, theta: Array) -> None:
        self._theta = theta
        self.dtype = theta.dtype
        self.read: set[tuple[int, int]] = set()

    def __getitem__(self, key: Any) -> Array:
        if key.__class__ is not slice or key.step is not None:
            raise TypeError("the parameters are not read in slices")
        self.read.add((key.start, key.stop))
        return self._theta[key]

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("the parameters are read whole")


def cuts_of(program: Any, sample: Sequence[Array]) -> list[int]:
    """Return where the pieces of a program's parameters begin, the first left out.

    Args:
        program: the program, of a value that is differentiated.
        sample: a batch to read the parameters for.

    >>> from autograd import Value, compile
    >>> w = [Value(0.5) for _ in range(6)]
    >>> def f(x):
    ...     hidden = [x[0] * w[0] + x[1] * w[1], x[0] * w[2] + x[1] * w[3]]
    ...     return hidden[0].tanh() * w[4] + hidden[1].tanh() * w[5]
    >>> cuts_of(compile(f, parameters=w, shapes=[(2,)]), [np.ones((1, 2))])
    [4]
    """
    count = len(program.theta)
    read = _Read(program.theta)
    try:
        with np.errstate(all="ignore"):
            program.on(np).value_and_grad(read, *sample)
    except (
        AttributeError,
        NotImplementedError,
        TypeError,
        ValueError,
    ):  # in another way: one piece
        return []
    slices = sorted(read.read)
    begins, ends = [begin for begin, _ in slices], [end for _, end in slices]
    is_partition = bool(slices) and [0, *ends] == [*begins, count]
    return begins[1:] if is_partition else []


def bound(source: str, namespace: Any) -> SimpleNamespace:
    """Return the functions of a program's text; a gradient in several parts is a list of them.

    >>> text = '''import numpy as np
    ...
    ... def value_and_grad(theta, x):
    ...     v3 = np.concat([x, 2.0 * x], axis=0)
    ...     return np.mean(x), v3'''
    >>> bound(text, np).value_and_grad(None, np.ones(2))[1]
    [array([1., 1.]), array([2., 2.])]
    """
    scope: dict[str, Any] = {"np": namespace}
    exec(_JOINED.sub(r"\1\3\4", source.replace(_IMPORT, "", 1)), scope)
    return SimpleNamespace(
        **{name: scope[name] for name in ("value", "value_and_grad") if name in scope}
    )


def joined(parts: Any, concat: Any) -> Any:
    """Return parts of a gradient as one array."""
    if parts.__class__ is not list:
        return parts
    return parts[0] if len(parts) == 1 else concat(parts)


def divided(parts: Any, cuts: Sequence[int], count: int, concat: Any) -> list[Any]:
    """Return a gradient in the pieces that the parameters have, however its parts were joined.

    >>> whole = [np.arange(3.0), np.arange(2.0)]
    >>> [part.tolist() for part in divided(whole, [2], 5, np.concatenate)]
    [[0.0, 1.0], [2.0, 0.0, 1.0]]
    """
    wanted = np.diff([0, *cuts, count]).tolist()
    if parts.__class__ is list and [len(part) for part in parts] == wanted:
        return parts
    whole = joined(parts, concat)
    return [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, count], strict=True)]
