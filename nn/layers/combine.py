"""Modules made of modules: Sequential, Residual, and Flatten, which fits one to the next.

Widths that both sides tell are compared when the model is made. A file of one holds the class and
the arguments of each part; a class of your own must be there when it is read.
"""

# pyright: reportPrivateUsage=false
# A model asks its parts what users need not know.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self, cast

from nn.layers.rows import flattened, is_row, listed
from nn.module import Module
from nn.serialization import part, part_of, part_size
from nn.validation import Array, instance


class Sequential(Module):
    """Modules in a row, each fed with the outputs of the one before.

    Args:
        modules: the modules, at least one. Activations belong to layers: Layer(2, 8, "relu").

    Attributes:
        layers: a list of the modules.

    Raises:
        TypeError: if something is no module.
        ValueError: if there are none, or one gives another number of outputs than the next takes.

    >>> from nn import Dropout, Layer, Sequential
    >>> model = Sequential(Layer(2, 8, "relu"), Dropout(0.5), Layer(8, 1, "linear"))
    >>> model
    Sequential(3 modules): 33 parameters
    ├─ layers.0: Layer(2 -> 8, relu): 24 parameters
    ├─ layers.1: Dropout(0.5): 0 parameters
    └─ layers.2: Layer(8 -> 1, linear): 9 parameters
    >>> model.predict([[0.5, -1.0], [0.0, 0.0]]).shape
    (2, 1)
    """

    def __init__(self, *modules: Module) -> None:
        if len(modules) == 1 and isinstance(modules[0], list | tuple):
            raise TypeError("Sequential takes modules one by one: write Sequential(*modules)")
        if not modules:
            raise ValueError("Sequential takes at least one module")
        width: int | None = None
        for i, module in enumerate(modules):
            module_asked("Sequential", module)
            needed = module._input_width()
            if None not in (width, needed) and width != needed:
                raise ValueError(
                    f"layers.{i - 1}, {modules[i - 1]._summary()}, gives {width} output(s), and "
                    f"layers.{i}, {module._summary()}, takes {needed}"
                )
            width = module._output_width(width)
        self.layers = list(modules)
        for i, module in enumerate(modules):
            adopt(module, f"layers.{i}.")

    @property
    def output_activation(self) -> Any:
        """The activation of the last module, if it has one."""
        return activation_of(self.layers[-1])

    def __call__(self, inputs: Any) -> Any:
        """Record the outputs of the last module."""
        for module in self.layers:
            inputs = module(inputs)
        return inputs

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def config(self) -> dict[str, Any]:
        """Return the classes and arguments that build the modules again."""
        places: dict[int, int] = {}
        return {
            "modules": [
                # One that stands in it twice is told by its first place.
                part(module) if places.setdefault(id(module), i) == i else places[id(module)]
                for i, module in enumerate(self.layers)
            ]
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a model built from a `config()`; its parameters are set afterwards."""
        instance("Sequential.from_config", config, Mapping, "the dict that config() gave")
        modules: list[Module] = []
        for written in _parts_in(config):
            is_place = type(written) is int and 0 <= written < len(modules)
            modules.append(modules[written] if is_place else part_of(Module, written))
        return cls(*modules)

    @classmethod
    def _takes_config(cls, config: dict[str, Any]) -> bool:
        return [*config] == ["modules"]

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        found = [part_size(Module, x) for x in _parts_in(config) if type(x) is not int]
        return sum([size for size in found if size is not None])

    def _self_contained(self) -> bool:
        """Return whether it is a plain one of plain modules."""
        own = type(self) is not Sequential
        return not own and all(module._self_contained() for module in self.layers)

    def _input_width(self) -> int | None:
        for module in self.layers:
            width = module._input_width()
            # Past those that take any width and give as much, such as Dropout.
            if width is not None or [module._output_width(n) for n in (1, 2)] != [1, 2]:
                return width
        return None

    def _output_width(self, inputs: int | None) -> int | None:
        for module in self.layers:
            inputs = module._output_width(inputs)
        return inputs

    def _sample_axes(self) -> int:
        return self.layers[0]._sample_axes()

    def _check_samples(self, X: Array, first: int = 0) -> None:
        self.layers[0]._check_samples(X, first)

    def _summary(self) -> str:
        return f"Sequential({len(self.layers)} module{'s' * (len(self.layers) != 1)})"


def _parts_in(config: dict[str, Any]) -> list[Any]:
    modules = config.get("modules")
    if not isinstance(modules, list):
        raise ValueError(f"expected a list of modules, found {modules!r:.60}")
    return cast(list[Any], modules)


class Residual(Module):
    """Adds its inputs to the outputs of a module, which then learns the difference alone.

    Args:
        module: the module; it must give as many outputs as it takes inputs.

    Attributes:
        module: as given.

    Raises:
        TypeError: if it is no module.
        ValueError: if the numbers of inputs and outputs differ.

    >>> from nn import Layer, Residual
    >>> block = Residual(Layer(2, 2, "tanh", init="constant"))
    >>> [round(y.data, 3) for y in block([1.0, 3.0])]
    [1.964, 3.964]

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016,
    equation 1.
    """

    def __init__(self, module: Module) -> None:
        module_asked("Residual", module)
        width, found = module._input_width(), module._output_width(module._input_width())
        if None not in (width, found) and width != found:
            raise ValueError(
                f"{module._summary()} takes {width} input(s) and gives {found} output(s): to be "
                "added they must be as many"
            )
        self.module = module
        adopt(module, "module.")

    def __call__(self, inputs: Any) -> Any:
        """Record the module's outputs, with the inputs added."""
        given = listed(self, inputs)
        return _added(self.module(given), given, self.module)

    def config(self) -> dict[str, Any]:
        """Return the class and the arguments that build the module again."""
        return {"module": part(self.module)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a model built from a `config()`; its parameters are set afterwards."""
        instance("Residual.from_config", config, Mapping, "the dict that config() gave")
        return cls(part_of(Module, config.get("module")))

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return part_size(Module, config.get("module"))

    def _self_contained(self) -> bool:
        """Return whether it is a plain one of a plain module."""
        return type(self) is Residual and self.module._self_contained()

    def _input_width(self) -> int | None:
        return self.module._input_width()

    def _output_width(self, inputs: int | None) -> int | None:
        return self.module._output_width(inputs)

    def _sample_axes(self) -> int:
        return self.module._sample_axes()

    def _check_samples(self, X: Array, first: int = 0) -> None:
        self.module._check_samples(X, first)


def _added(outputs: Any, inputs: Any, module: Module) -> Any:
    if is_row(outputs) != is_row(inputs) or (is_row(inputs) and len(outputs) != len(inputs)):
        shown = [f"{len(x)} in a row" if is_row(x) else "one number" for x in (outputs, inputs)]
        raise ValueError(
            f"Residual adds the inputs of {module._summary()} to its outputs, and got {shown[0]} "
            f"for {shown[1]}: they must be as many"
        )
    if not is_row(outputs):
        return outputs + inputs
    return [_added(y, x, module) for y, x in zip(outputs, inputs, strict=True)]


class Flatten(Module):
    """Lays the rows of a sequence one after another into one row, for a dense layer.

    >>> Flatten()([[1.0, 2.0], [3.0, 4.0]])
    [1.0, 2.0, 3.0, 4.0]
    """

    def __call__(self, inputs: Any) -> list[Any]:
        """Return the inputs as one flat list."""
        return flattened(listed(self, inputs))

    @classmethod
    def _size_of(cls, config: dict[str, Any]) -> int | None:
        return 0

    def _self_contained(self) -> bool:
        """Return whether it is a plain one."""
        return type(self) is Flatten


def module_asked(where: str, module: Any) -> None:
    """Raise unless something is a module, and no class of them.

    Raises:
        TypeError: saying what to write.
    """
    if isinstance(module, Module):
        return
    if isinstance(module, type):
        raise TypeError(f"{where} takes modules, got the class {module.__name__}: write it with ()")
    if callable(module):
        raise TypeError(
            f"{where} takes modules, got the function {getattr(module, '__name__', module)!s:.60}: "
            "an activation belongs to its layer, Layer(n_in, n_out, 'relu'); another function to "
            "the __call__ of a Module of your own"
        )
    raise TypeError(f"{where} takes modules such as Layer(2, 8), got {module!r:.60}")


def adopt(module: Module, prefix: str) -> None:
    """Put the name of the way to a module before the labels of its parameters.

    Labels that are no names of the module's own stay.
    """
    for name, value in module.named_parameters():
        if value.label in ("", name):
            value.label = prefix + name


def activation_of(module: Any) -> str | Any:
    """Return the activation of a module's outputs, if it tells it."""
    return getattr(module, "output_activation", getattr(module, "activation", None))
