"""compile(f) and the program it returns: from scalars written down once to arrays of samples.

The function is traced when the program is first called, which tells the shapes. One sample given
as plain numbers runs as straight-line float code where the graph is small; everything else rolled.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from autograd import asked
from autograd.compile.anomaly import failed, replay
from autograd.compile.backends.floats import as_pair
from autograd.compile.backends.native.choice import Wanted, checked_native
from autograd.compile.backends.numpy_text import bound
from autograd.compile.graph.graph import Bools, Floats, Graph
from autograd.compile.graph.passes import simplified
from autograd.compile.lowered import Built
from autograd.compile.report import CompileReport
from autograd.compile.theta import Theta
from autograd.compile.tracing.arguments import (
    checked_shape,
    flat_sample,
    flat_samples,
    is_array,
    named,
    shape_of,
)
from autograd.compile.tracing.trace import Shape, trace
from autograd.engine.methods import newest, tick
from autograd.engine.modes import detecting, watching
from autograd.transforms.calls import Argnum, checked_argnum

# Kinds of NumPy's numbers that fit a double: the wider floats are looked at.
_PLAIN = "efdbhilqBHILQ"


class Program:
    """A compiled function; see `compile`.

    Attributes:
        parameters: the Values that are trained, in the order of `theta`.

    >>> from autograd import compile
    >>> program = compile(lambda x: x * x + 1.0)
    >>> program(3.0), program(np.array([0.0, 1.0, 2.0])).tolist()
    (10.0, [1.0, 2.0, 5.0])
    >>> program.value_and_grad(3.0)
    (10.0, 6.0)
    >>> program
    <program of <lambda>: 0 parameters; print its .source or its .report()>
    """

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        parameters: Any,
        argnum: Argnum,
        dtype: Any,
        shapes: Sequence[Shape] | None,
        native: Any = "auto",
    ) -> None:
        if not callable(f):
            raise TypeError(f"compile takes a function, got {f!r:.60}")
        kind: Any = None
        with contextlib.suppress(TypeError, ValueError):  # no type at all; None equals float64
            kind = np.dtype(dtype)
        if kind is None or kind not in (np.dtype(np.float64), np.dtype(np.float32)):
            raise ValueError(f"dtype is 'float64' or 'float32', got {dtype!r}")
        self._f = f
        self._argnum = checked_argnum(argnum)
        self._native: Wanted = checked_native(native)
        self._dtype = kind
        self.parameters, self._names = named(parameters)
        self._numbers = Theta(self.parameters, kind)
        self._theta = self._numbers.numbers
        self._built: Built | None = None
        self._built_at = 0
        self._made: list[Built] = []
        self._last: tuple[Shape, ...] = ()
        self._float_gradient: Callable[..., Any] | None = None
        if shapes is not None:
            needed = "the shape of each argument, such as [(2,), ()], as shapes"
            self._build(tuple(map(checked_shape, asked.iterable("compile", shapes, needed))))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_float_gradient": None}

    def __repr__(self) -> str:
        name, count = getattr(self._f, "__name__", "a function"), len(self.parameters)
        trained = f"{count:,} parameter{'s' * (count != 1)}"
        return f"<program of {name}: {trained}; print its .source or its .report()>"

    # Parameters -------------------------------------------------------------------------------

    @property
    def theta(self) -> Floats:
        """The parameters as one flat array, in the order of `parameters`; change it in place."""
        self._follow()
        return self._theta

    @theta.setter
    def theta(self, numbers: Any) -> None:
        self._numbers.put(numbers)

    def load(self) -> None:
        """Copy the parameters' numbers from the Values into `theta`, which drops its own.

        Parameters that are given new data later are loaded, each by itself, at the next use.
        """
        self._numbers.load()

    def _follow(self) -> None:
        """Take the numbers of parameters that were given new data since they were last copied.

        A program that was built by another rule of some row is built again.

        Raises:
            StaleGraphError: if a Value that the program took for a constant has new data.
        """
        theta = self._numbers
        if newest.data <= theta.followed >= newest.rule:
            return
        now = theta.refreshed()
        if self._built is not None and self._built_at < newest.rule:
            self._float_gradient = None
            self._made.clear()
            self._build(self._built.shapes)
        # Last, as another thread that finds the mark set runs on the numbers.
        theta.followed = now

    def store(self) -> None:
        """Copy `theta` into the Values' data."""
        self._numbers.store()

    @property
    def reached(self) -> Bools:
        """Which parameters f uses at all; the others have no gradient, not one of 0.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        return self._known().reached

    def repeats(self) -> bool:
        """Return whether f does the same when it is traced again.

        A function that draws random numbers, or counts its calls, does not: a program would repeat
        for ever what it did once.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        first = self._known()
        return first.graph.is_same(simplified(trace(self._f, first.shapes, self.parameters)))

    def choose(self, native: Wanted = "auto", *, calls: int = 0, batch: int = 0) -> str:
        """Choose now what runs the program: "auto" weighs what C saves against the compiler's time.

        Args:
            native: as for `compile`.
            calls: how many calls are to come; 0 where nobody knows.
            batch: how many samples each has; 0 where nobody knows.

        Returns:
            What runs it and why; "" where "auto" leaves it to NumPy, as C would not pay.

        Raises:
            RuntimeError: with native=True, if there is no C compiler, or no C for the program.
            ValueError: before the first call, if no shapes were given; or of another `native`.
        """
        self._native = checked_native(native)
        return self._known().choose(self._native, calls, batch)

    # Calling ----------------------------------------------------------------------------------

    def __call__(self, *arguments: Any) -> Any:
        """Return f's values: an array with one for each sample, or a number for one sample.

        Where f returns a list, an array has an axis more, and so for lists of lists of one length,
        as those of `hessian(f)`. Other nests, as the pair of `value_and_grad(f)`, hold an array for
        each number or list. One sample has f's own nest.

        Args:
            arguments: all arrays whose first axis counts the samples, or all plain numbers and
                (nested) lists, which are one sample.

        Raises:
            TraceError: at the first call, if f cannot be compiled.
            ValueError: if shapes do not fit.
            AnomalyError: inside `detect_anomaly`, if a result is nan or infinite: the samples that
                failed are recorded once more, to name the node and the line.
        """
        built, flat, batch = self._prepared(arguments)
        if batch is None and built.small and not built.runs_as_c("value", 1):
            found = built.float_program(gradient=False)(*built.numbers(self._theta, flat))
            if built.listed:
                found = built.sample(found)
        else:
            with np.errstate(all="ignore"):
                read = built.first if batch is None else built.all
                found = built.run(self._theta, flat, batch or 1, "value", read)
        if detecting() and failed(found):
            self._replay(built, flat, batch, gradient=False)
        return found

    def value_and_grad(self, *arguments: Any, per_sample: bool = False) -> tuple[Any, Any]:
        """Return values and gradients.

        With parameters: the mean of f over the samples, and its gradient as one flat array in the
        order of `theta`. Without: f's value for each sample, and its gradient by the argument
        `argnum`, an array of the argument's shape (a tuple of them for several). One sample in
        plain numbers gives plain numbers, in the nesting of the argument.

        Args:
            arguments: as for a call.
            per_sample: with parameters, return f's value and its gradient for each sample instead
                of the mean: arrays of shape (batch,) and (batch, parameters).

        Raises:
            TraceError: at the first call, if f cannot be compiled.
            ValueError: if shapes do not fit, f returns a list, or per_sample is asked for without
                parameters, where gradients are for each sample anyway, or without a batch.
            AnomalyError: inside `detect_anomaly`, as for a call.
        """
        fast = self._float_gradient
        is_fresh = newest.data <= self._numbers.followed >= newest.rule
        if fast is not None and is_fresh and not per_sample and not (watching and detecting()):
            for x in arguments:
                if x.__class__ is not float:
                    break
            else:
                if self._built is not None and len(arguments) == len(self._built.shapes):
                    return fast(*arguments)
        built, flat, batch = self._prepared(arguments)
        if built.graph.outputs.size != 1 or built.listed:
            raise ValueError(
                f"value_and_grad needs one value for each sample, and f returns a list of "
                f"{built.graph.outputs.size}: return their sum, or one of them"
            )
        if per_sample:
            found = self._each_sample(built, flat, batch)
        elif batch is None and built.small and not built.runs_as_c("gradient", 1):
            found = self._single(built, flat)
        else:
            with np.errstate(all="ignore"):
                found = self._run_with_gradient(built, flat, batch)
        if detecting() and failed(found):
            self._replay(built, flat, batch, gradient=True)
        return found

    def _single(self, built: Built, flat: Any) -> tuple[Any, Any]:
        """Return the value and the gradient of one sample, by float code."""
        gradient = built.float_program(gradient=True)
        found = gradient(*built.numbers(self._theta, flat))
        if self.parameters:
            return found[0], np.array(found[1:], dtype=self._dtype)
        if not any(built.shapes):
            self._float_gradient = as_pair(gradient, one=built.one_argument)
        return found[0], built.nested(found[1:])

    def _replay(self, built: Built, flat: Any, batch: int | None, *, gradient: bool) -> NoReturn:
        """Record the samples that failed once more, and raise at the node that did."""
        table, bad = built.failing(self._theta, flat, batch or 1)
        samples = ((k, table[k].tolist()) for k in bad)
        replay(self._f, self.parameters, self._theta, samples, built.shapes, gradient=gradient)

    def _each_sample(self, built: Built, flat: Any, batch: int | None) -> tuple[Any, Any]:
        """Return the values and the parameters' gradients of each sample."""
        if not self.parameters or batch is None:
            raise ValueError(
                "per_sample=True is for a batch of arrays and a program with parameters; gradients "
                "by an argument are for each sample anyway"
            )
        with np.errstate(all="ignore"):
            return built.run(self._theta, flat, batch, "each", lambda r: (r[0][:, 0].copy(), r[1]))

    def _run_with_gradient(self, built: Built, flat: Any, batch: int | None) -> tuple[Any, Any]:
        def read(results: list[Any]) -> tuple[Any, Any]:
            values, *slopes = results
            if self.parameters:
                return float(values.sum()) / len(values), slopes[0]
            if batch is None:
                return float(values[0, 0]), built.nested(np.concatenate(slopes, axis=1)[0].tolist())
            return values[:, 0].copy(), built.shaped(slopes, batch)

        return built.run(self._theta, flat, batch or 1, "gradient", read)

    def _prepared(self, arguments: tuple[Any, ...]) -> tuple[Built, Any, int | None]:
        """Return the built program, the arguments flat, and the number of samples if arrays."""
        self._follow()
        # The shapes of the last call, most often: checking them anew takes 5 us. Read once, as
        # another thread may call meanwhile.
        built, last = self._built, self._last
        if built is not None and len(arguments) == len(last):
            for x, shape in zip(arguments, last, strict=True):
                if x.__class__ is not np.ndarray or x.shape != shape or x.dtype.char not in _PLAIN:
                    break
            else:
                batch = last[0][0]
                return built, [x.reshape(batch, -1) for x in arguments], batch
        if any(map(is_array, arguments)):
            flat, shapes, batch = flat_samples(arguments)
            built = self._for_shapes(shapes)
            self._last = tuple([x.shape for x in arguments])
            return built, flat, batch
        if not arguments:
            raise ValueError("a program takes at least one argument: the sample")
        built = self._for_shapes(tuple([shape_of(x) for x in arguments]))
        return built, flat_sample(arguments), None

    def _for_shapes(self, shapes: tuple[Shape, ...]) -> Built:
        built = self._built or self._build(shapes)
        known = built.shapes
        if len(shapes) != len(known):
            raise ValueError(f"the program takes {len(known)} argument(s), got {len(shapes)}")
        if shapes != known:
            raise ValueError(
                f"the program was compiled for samples of shapes {list(known)}, got "
                f"{list(shapes)}: compile(f) again for other shapes"
            )
        return built

    def _build(self, shapes: tuple[Shape, ...]) -> Built:
        self._built_at = tick()
        known = self.parameters, self._names, self._dtype, self._argnum, self._native
        built = Built(self._f, shapes, *known)
        # Of several threads that call first, the first to be done tells the shapes.
        self._made.append(built)
        self._built = built = self._made[0]
        self._numbers.constants = built.constants
        return built

    # Looking ----------------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """NumPy text of the program: functions `value` and, for one value, `value_and_grad`.

        It runs when pasted, and with another array namespace in the place of `np`: see `on`.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        return self._known().source()

    def on(self, namespace: Any) -> Any:
        """Return the program's text as functions on the arrays of another namespace.

        Args:
            namespace: a module with NumPy's names: `torch`, or `jax.numpy`.

        Returns:
            An object with the functions `value(theta, *batch)` and, if f returns one value,
            `value_and_grad(theta, *batch)`; without parameters there is no `theta`. They take and
            return arrays of the namespace, change none in place, and run under `jax.jit`. JAX's
            arrays have 32 bits unless `jax_enable_x64` is set. A primitive of one's own runs on
            NumPy's arrays only.

        Raises:
            ValueError: before the first call, if no shapes were given.

        >>> import numpy as np
        >>> from autograd import compile
        >>> elsewhere = compile(lambda x: x * x, shapes=[()]).on(np)
        >>> elsewhere.value_and_grad(np.array([1.0, 3.0]))
        (array([1., 9.]), array([2., 6.]))
        """
        return bound(self.source, namespace)

    def report(self) -> CompileReport:
        """Return what each pass made of the graph; printed, a table.

        Raises:
            ValueError: before the first call, if no shapes were given.
        """
        return self._known().report()

    def _known(self) -> Built:
        if self._built is None:
            raise ValueError(
                "the program has not seen a sample yet: call it, or give compile(f, shapes=[...])"
            )
        return self._built


def graph_of(program: Program) -> Graph:
    """Return the graph that a program was built from, simplified.

    Raises:
        ValueError: before the first call, if no shapes were given.
    """
    return program._known().graph  # pyright: ignore[reportPrivateUsage]
