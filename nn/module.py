"""Module: what every model can do, whatever it is made of.

A module finds its parameters by looking at its own attributes: Values, modules, and lists, tuples,
dicts and object arrays of them. Names follow the way there, as in `layers.0.neurons.2.weights.3`,
and are the same in messages, pictures and model files.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self, TypeAlias

import numpy as np

from autograd import Value, write_whole
from nn.data.schema import rows_of
from nn.data.telling import Telling
from nn.inference import modes, outline
from nn.inference.large import is_large, predicted
from nn.inference.predict import Means, programs_of
from nn.init import checked_pair
from nn.parts import Holder, collect, gather, members, modules_of
from nn.serialization import Load, Path, model_text
from nn.spellings import MODEL, lacking
from nn.spellings.tensors import refuse_modules
from nn.validation import (
    Array,
    Floats,
    Native,
    checked_native,
    flag,
    instance,
    iterable,
)

# One dense layer as its neurons: the weights and the bias of each.
Rows: TypeAlias = list[tuple[list[Value], Value]]


@lacking(MODEL)
class Module(Holder, Telling):
    """A model: something with parameters that can be called on one sample.

    A subclass sets its parameters and parts as attributes and defines `__call__`. A parameter is a
    Value that was not computed from others; results that a model keeps for looking at them are not
    counted.

    >>> class Parabola(Module):
    ...     def __init__(self):
    ...         self.a = Value(2.0)
    ...         self.rest = [Value(1.0), Value(0.5)]
    ...
    ...     def __call__(self, inputs):
    ...         (x,) = inputs
    ...         return self.a * x**2 + self.rest[0] * x + self.rest[1]
    >>> model = Parabola()
    >>> [name for name, _ in model.named_parameters()]
    ['a', 'rest.0', 'rest.1']
    >>> model([3.0])
    Value(21.5)
    >>> model.predict([[0.0], [3.0]])
    array([ 0.5, 21.5])
    """

    load = Load[Self]()

    def __call__(self, inputs: Any) -> Any:
        """Record the model's result for one sample: a Value, or a list of them.

        Raises:
            NotImplementedError: if the subclass does not define it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not say what it computes: define "
            "__call__(self, inputs) in it"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, int | float) and isinstance(vars(self).get(name), Value):
            raise TypeError(
                f"{name} is a parameter, and a plain number in its place would not be trained: "
                f"write .{name}.data = {value} to set it"
            )
        object.__setattr__(self, name, value)

    # Train and eval mode ------------------------------------------------------------------------

    @property
    def training(self) -> bool:
        """Whether the module computes in train mode, as a new one does; or else in eval mode.

        Layers such as `Dropout` differ between the two. Within `fit` a model and all its parts are
        in train mode, within `predict` and where `fit` measures in eval mode, and afterwards in the
        mode that they were in.
        """
        return modes.is_training(self)

    @training.setter
    def training(self, mode: bool) -> None:
        vars(self)[modes.OWN] = flag("training", mode)

    def train(self, mode: bool = True) -> Self:
        """Set the model and all its parts to train mode, or with False to eval mode.

        Returns:
            The model.

        >>> from nn import MLP
        >>> model = MLP([2, 3, 1])
        >>> model.training, model.eval().training, model.train().layers[0].training
        (True, False, True)
        """
        mode = flag("mode", mode)
        for part in modules_of(self):
            vars(part)[modes.OWN] = mode
        return self

    def eval(self) -> Self:
        """Set the model and all its parts to eval mode, in which calls give what `predict` gives.

        Returns:
            The model.
        """
        Module.train(self, False)  # also where a subclass has a `train` of its own
        return self

    # Parameters ---------------------------------------------------------------------------------

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the parameters with their names, in a fixed order; shared ones once.

        >>> from nn import Neuron
        >>> [name for name, _ in Neuron(2).named_parameters()]
        ['weights.0', 'weights.1', 'bias']
        """
        found: list[tuple[str, Value]] = []
        collect(self, "", set(), found)
        return found

    def parameters(self) -> list[Value]:
        """Return the parameters in a fixed order, shared ones once.

        >>> from nn import MLP
        >>> len(MLP([784, 4, 10]).parameters())
        3190
        """
        found: dict[Value, None] = {}
        gather(self, set(), found)
        return list(found)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None, as before any backward pass."""
        for value in self.parameters():
            value.grad = None

    def arrays(self) -> list[tuple[Floats, Floats]]:
        """Return the parameters of each dense layer as arrays, copied.

        Returns:
            A pair (W, b) for each layer: W of shape (outputs, inputs), b of shape (outputs,).

        Raises:
            ValueError: if some parameter is in no layer or neuron, naming it.

        >>> from nn import MLP
        >>> [(W.shape, b.shape) for W, b in MLP([3, 4, 2]).arrays()]
        [((4, 3), (4,)), ((2, 4), (2,))]
        """
        return [rows_to_arrays(rows) for rows in self._dense()]

    def set_arrays(self, arrays: Sequence[tuple[Any, Any]]) -> None:
        """Set the parameters of every dense layer from arrays, in the form `arrays()` returns.

        Args:
            arrays: a pair (W, b) for each layer: W of shape (outputs, inputs), b of shape
                (outputs,) or (outputs, 1).

        Raises:
            ValueError: if there are too many or too few pairs, a shape is wrong or a number not
                finite; no parameter has changed then.
            TypeError: if it is a module of PyTorch, its parameters or its state dict.
        """
        layers = self._dense()
        refuse_modules("set_arrays", arrays, "model")
        arrays = iterable("set_arrays", arrays, "a list of pairs (W, b), one for each layer")
        refuse_modules("set_arrays", arrays, "model")
        if len(arrays) != len(layers):
            raise ValueError(
                f"expected {len(layers)} pair(s) (W, b), one for each layer; got {len(arrays)}"
            )
        checked = [
            checked_pair(f"layer {i}", pair, len(rows[0][0]), len(rows))
            for i, (pair, rows) in enumerate(zip(arrays, layers, strict=True))
        ]
        for (W, b), rows in zip(checked, layers, strict=True):
            for weights, bias, (values, value) in zip(W.tolist(), b.tolist(), rows, strict=True):
                value.data = bias
                for x, data in zip(values, weights, strict=True):
                    x.data = data

    def _dense(self) -> list[Rows]:
        """Return every dense layer as its rows, in order."""
        layers: list[Rows] = []
        seen: set[int] = set()
        for name, member in members(self, "", set()):
            if isinstance(member, Value):
                if member.op is None:
                    raise ValueError(
                        f"the parameter {name} is in no layer or neuron, so it has no place in "
                        "arrays of weights and biases: use named_parameters()"
                    )
            elif id(member) not in seen:
                seen.add(id(member))
                layers += member._dense()
        return layers

    # Predicting ---------------------------------------------------------------------------------

    def predict(
        self,
        X: Any,
        *,
        engine: str = "auto",
        native: Native = "auto",
        devices: Any = None,
        device: Any = None,
    ) -> Floats:
        """Return the model's results for many samples, leaving no graph behind.

        Many rows are computed by a program that the model keeps, made by `autograd.compile` from
        its `__call__`; the parameters are read anew each time. A single row, and what cannot be
        compiled, is computed by calls. All is computed in eval mode.

        Args:
            X: an array or a frame of shape (samples, inputs), or one sample of shape (inputs,); a
                model of sequences takes (samples, length, inputs), or one of shape (length,
                inputs). After training on a frame, the columns of another are taken by name. Of a
                `numpy.memmap` some rows are read at a time; a function is called with 1 and yields
                batches, of samples or of pairs as for `fit`.
            engine: as in `fit`. "auto" is the described way; "compiled", "jax" and "torch" compute
                any number of rows by a program, "eager" all by calls.
            native: run the program as C, as for `fit`; "auto" does so with long chains of small
                steps alone.
            devices: of "jax", as in `fit`: each process computes all rows, on its own ones.
            device: of "torch", as in `fit`.

        Returns:
            An array of shape (samples, outputs), or (samples,) where the model returns one Value;
            for one sample without the first axis.

        Raises:
            ValueError: if X is of another shape, has another number of inputs than the model,
                or holds anything but finite numbers, or is masked somewhere; if a frame lacks a
                column or has others, by name.
            TypeError: if X is a generator, which can be gone through only once.
        """
        means = Means(engine, checked_native(native), devices, device)
        if is_large(X, self._sample_axes()):
            return predicted(X, partial(self._predicted, means))
        return self._predicted(means, X)

    def _predicted(self, means: Means, X: Any, first: int = 0) -> Floats:
        """Return the results for samples of which the first has that place among all."""
        rows = rows_of(self, X).astype(np.float64)
        axes = self._sample_axes()
        if rows.ndim not in (axes, axes + 1):
            shape = ", ".join(["length", "inputs"][2 - axes :])
            raise ValueError(
                f"X must be of shape (samples, {shape}), or ({shape}{',' * (axes == 1)}) for one "
                f"sample; got {rows.shape}"
            )
        many = rows if rows.ndim > axes else rows[None]
        self._check_width(rows.shape)
        self._check_samples(many, first)
        # Between two parts nothing of the user's runs, and the first was one row only if all are.
        outputs = programs_of(self).outputs_by(means, self, many, tried=first > 1)
        return outputs if rows.ndim > axes else outputs[0]

    def _self_contained(self) -> bool:
        """Return whether the results are known to depend on the inputs and this model alone.

        Of a class of your own that is not known: its code may read anything.
        """
        return False

    def _check_width(self, shape: tuple[int, ...]) -> None:
        """Raise unless X of this shape holds samples of as many inputs as the model takes."""
        width = self._input_width()
        if width is not None and shape[-1] != width:
            raise ValueError(
                f"{type(self).__name__} takes {width} input(s), got {shape[-1]}: X has shape "
                f"{shape}, expected {(*shape[:-1], width)}"
            )

    def _input_width(self) -> int | None:
        """Return the number of inputs, if the model tells it."""
        return None

    def _output_width(self, inputs: int | None) -> int | None:
        """Return the number of outputs for so many inputs, if the model tells it."""
        return None

    def _sample_axes(self) -> int:
        """Return the number of axes of a sample: 1, or 2 for a sequence of inputs."""
        return 1

    def _check_samples(self, X: Array, first: int = 0) -> None:
        """Raise unless the model takes these numbers, where it does not take any.

        Args:
            X: samples.
            first: the place of the first of them among all.
        """

    # Keeping ------------------------------------------------------------------------------------

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this model again, for its file; {} if there are none.

        A class of your own whose constructor takes arguments returns them here, as text, numbers
        and lists.
        """
        return {}

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        """Return how many parameters a model built from `config` has, if that is known before."""
        return None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a model built from a `config()`; its parameters are set afterwards."""
        instance(f"{cls.__name__}.from_config", config, Mapping, "the dict that config() gave")
        return cls(**config)

    def save(self, path: Path) -> None:
        """Write the model to a JSON file, whole or not at all; the same model, the same bytes.

        Raises:
            ValueError: if a parameter is not finite, or `config()` holds what JSON cannot.
            OSError: if the file cannot be written.

        >>> import tempfile
        >>> from nn import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model = MLP([2, 3, 1], seed=7)
        ...     model.save(f"{folder}/model.json")
        ...     again = MLP.load(f"{folder}/model.json")
        >>> again([0.5, -0.5])[0].data == model([0.5, -0.5])[0].data
        True
        """
        write_whole(path, model_text(self))

    # Showing ------------------------------------------------------------------------------------

    def _summary(self) -> str:
        """Return the model in one line, without its parts."""
        return type(self).__name__

    def _parts(self) -> list[tuple[str, "Module | Value"]]:
        """Return the parts that a picture of the model shows below its line."""
        return [
            (name, part)
            for name, part in members(self, "", set())
            if isinstance(part, Module) or part.op is None
        ]

    def _traits(self) -> tuple[str, str]:
        """Return the numbers of inputs and outputs, and the activation; "" where it has none."""
        return "", ""

    def __repr__(self) -> str:
        return "\n".join(outline.tree(self))

    def _repr_html_(self) -> str:
        return outline.table(self)


def rows_to_arrays(rows: Rows) -> tuple[Floats, Floats]:
    """Return (W, b) of a dense layer: shapes (outputs, inputs) and (outputs,)."""
    W = np.array([[w.data for w in weights] for weights, _ in rows])
    return W, np.array([bias.data for _, bias in rows])
