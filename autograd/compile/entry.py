"""`compile`, apart from the compiler: that is imported when somebody compiles.

`autograd.compile` is this function and the name of the room it stands in. The room is therefore
imported with `autograd`, and the function put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from autograd import asked
from autograd.transforms.transforms import Argnum

if TYPE_CHECKING:
    from autograd.compile.program import Program
    from autograd.compile.tracing.trace import Shape


@asked.own_keywords()
def compile(
    f: Callable[..., Any],
    *,
    parameters: Any = (),
    argnum: Argnum = 0,
    dtype: Any = "float64",
    shapes: Sequence[Shape] | None = None,
    native: Literal["auto"] | bool = "auto",
) -> Program:
    """Return a program that computes f, and its gradient, over many samples at once.

    f is called once, on placeholders; what it does with them is recorded, and rolled into array
    statements. It may be written in plain scalars: loops over lists, `*`, `+`, functions of
    autograd, models.

    Derivatives inside f, by `grad` and its kin or `gradient`, are part of the program, to any
    order, with the numbers that they have eagerly; `compile(grad(f))` is a program for derivatives.
    `stop_gradient`, `detach` and `no_grad` hold numbers still in it.

    Threads, tasks, signal handlers and forked children may call one program at the same time: each
    call has buffers of its own. `theta` and the parameters are shared: a call that runs while they
    are changed takes some numbers from before and some from after, so train in one thread.

    Args:
        f: a function of numbers and nested lists of them that returns a Value, or several in lists,
            tuples and dicts.
        parameters: what is trained: a model, or Values. New data given to one later is followed.
            Other Values that f uses are constants, with the number that they have when f is traced,
            at the first call; after new data for one the program refuses to go on.
        argnum: without parameters, the argument or arguments to derive by.
        dtype: of the arrays, "float64" or "float32".
        shapes: of the arguments for one sample: () for a number, (3,) for a list of three. The
            first call tells them unless given.
        native: "auto" compiles narrow programs, such as filters and integrators, to C where a C
            compiler is found (that of CC, or cc, gcc or clang); True does so with any program, or
            raises; False leaves all to NumPy. The numbers are the same up to rounding, and
            `report()` says which ran and why. Compiled code is kept in the user's cache folder.
            With CHALKGRAD_NATIVE=0 in the environment "auto" is False.

    Raises:
        TypeError: if f cannot be called, a parameter is no Value or argnum no int or tuple of ints.
        TraceError: at the first call, if a program cannot follow f: it reads or branches on a
            number that is there only when the program runs.
        StaleGraphError: then, if f uses a result of a Value that was given new data since.
        ValueError: if a parameter was computed from others, or dtype or native is another.
        RuntimeError: at the first call with native=True, if there is no C compiler.

    >>> import numpy as np
    >>> program = compile(lambda x, y: x * x + x * y + y * y)
    >>> program(1.0, 2.0)
    7.0
    >>> program(np.array([1.0, 2.0]), np.array([2.0, 0.5]))
    array([7.  , 5.25])
    >>> values, slopes = program.value_and_grad(np.array([1.0, 2.0]), np.array([2.0, 0.5]))
    >>> slopes
    array([4. , 4.5])
    >>> from autograd import Value
    >>> w = Value(3.0, "w")
    >>> fit = compile(lambda x, y: (w * x - y) ** 2, parameters=[w])
    >>> mean, gradient = fit.value_and_grad(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    >>> mean, gradient
    (2.5, array([5.]))
    >>> w.data = 2.0
    >>> fit.value_and_grad(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    (0.0, array([0.]))
    >>> from autograd import exp, grad
    >>> slope = compile(grad(lambda x: exp(-x * x)))
    >>> slope.value_and_grad(np.array([0.0, 1.0]))[1]
    array([-2.        ,  0.73575888])
    """
    from autograd.compile.program import Program

    return Program(
        f, parameters=parameters, argnum=argnum, dtype=dtype, shapes=shapes, native=native
    )
