"""From PyTorch: a module as a model, or the numbers of a state dict in a model that is there.

Files are read as numbers alone: one that holds code is refused, and never run.
"""

# pyright: reportPrivateUsage=false
# A model is asked for the line that stands for it in errors.

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import numpy as np

from nn.data.preprocessing import MinMaxScaler, Preprocessor, StandardScaler
from nn.data.schema import Schema, keep_schema, schema_kept
from nn.elsewhere.libraries import is_older, library
from nn.inference import modes
from nn.interop.pieces import ConversionError
from nn.interop.pytorch import layers as torch_layers
from nn.interop.pytorch.layers import Found
from nn.interop.pytorch.paths import path_through
from nn.interop.tensors import fill
from nn.layers import MLP, Recurrent, Residual, Sequential
from nn.metrics.reading import Reading
from nn.module import Module
from nn.parts import modules_of
from nn.serialization import Path
from nn.validation import Array, Floats, instance, path_of

__all__ = ["from_torch"]

# Modules around another one that compute the same, and where they hold it.
_WRAPPERS = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
}


def from_torch(source: Any, model: Module | None = None) -> Module:
    """Return a module of PyTorch as a model, or fill a model with the numbers of a state dict.

    A module is followed by `torch.fx`: layers in a row, in `torch.nn.Sequential` or in a class of
    one's own whose `forward` calls them, with activations, additions of what was there before
    (`x + block(x)`), `flatten` and dropout. Numbers of any type of float become floats of 64 bits.

    A state dict holds no activations, so that it needs the model. Its tensors go to the parameters
    of the names that `to_torch` gives them, or else in order to parameters of the same shapes; the
    scaler that `to_torch` puts in front becomes the model's.

    Args:
        source: a `torch.nn.Module`; a state dict; or the path of a file with a state dict, as
            `torch.save(module.state_dict(), path)` writes it.
        model: for a state dict, the model to fill.

    Returns:
        The model: a new `MLP`, `Layer` or `Sequential`, or the one that was filled.

    Raises:
        ImportError: if torch is missing or too old; files need 2.6.
        FileNotFoundError: if the file is not there.
        ValueError: if a layer has no counterpart, naming it and what to do; if tensors do not fit
            into the model, or a file is damaged or holds more than tensors. The model is unchanged.
        TypeError: if the source is something else.

    >>> import torch  # doctest: +SKIP
    >>> from_torch(torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU()))  # doctest: +SKIP
    Layer(2 -> 8, relu): 24 parameters
    """
    if model is not None:
        instance("from_torch", model, Module, "a model to fill, an nn.Module")
    torch = library("torch")
    where = "the state dict"
    if isinstance(source, str | os.PathLike):
        where = str(path_of(cast(Path, source)))
        source = _read(torch, where)
    if isinstance(source, Mapping):
        return _filled(torch, cast(Mapping[Any, Any], source), model, where)
    if isinstance(source, torch.Tensor) and where != "the state dict":
        raise ValueError(
            f"{where} holds one tensor: write torch.save(module.state_dict(), path), which saves "
            "all of them by their names"
        )
    while type(cast(object, source)).__name__ in _WRAPPERS:
        source = getattr(source, _WRAPPERS[type(source).__name__])
    if isinstance(source, type):
        name = source.__name__
        raise TypeError(f"from_torch takes a module, got the class {name}: write {name}(...)")
    if not isinstance(source, torch.nn.Module):
        raise TypeError(
            "from_torch takes a torch.nn.Module, a state dict or the path of one, got "
            f"{source!r:.60}"
        )
    if model is not None:
        return _filled(torch, source.state_dict(), model, "the module", some_biases=True)
    return _built(torch, source)


# Modules ------------------------------------------------------------------------------------------


def _built(torch: Any, module: Any) -> Module:
    found = path_through(torch, module)
    steps = [item for item in found if item.kind == "scaler"]
    rest = [item for item in found if item.kind != "scaler"]
    if found[: len(steps)] != steps:
        raise ConversionError(f"{steps[-1].name} stands behind a layer: scalers come first")
    if not rest:
        raise ConversionError(f"{type(module).__name__} has no layers")
    made: dict[str, Module] = {}
    model = _model(rest, made)
    for part in modules_of(model):
        cast(dict[str, Any], vars(part)).setdefault(modes.OWN, bool(module.training))
    if steps:
        _keep_scalers(model, tuple([item.step() for item in steps]))
    return model


def _keep_scalers(model: Module, steps: tuple[Preprocessor, ...]) -> None:
    """Let a model keep scalers, beside the classes that it may know."""
    kept = schema_kept(model) or Schema("", Reading(0.0, "scores"))
    keep_schema(model, replace(kept, steps=steps))


def _model(found: Sequence[Found], made: dict[str, Module]) -> Module:
    """Return layers in a row as one module."""
    network = _network(found, made)
    if network is not None:
        return network
    modules = _modules(found, made)
    return modules[0] if len(modules) == 1 else Sequential(*modules)


def _modules(found: Sequence[Found], made: dict[str, Module]) -> list[Module]:
    """Return layers as modules; one that is called twice is one module."""
    modules: list[Module] = []
    for item in found:
        if item.kind == "residual":
            modules.append(Residual(_model(item.parts, made)))
            continue
        known = made.get(item.name)
        if known is None:
            known = made[item.name] = item.module().train(item.training)
        elif item.pair is not None and item.activation != getattr(known, "activation", "linear"):
            raise ConversionError(
                f"{item.name} is called twice, with different activations behind it: here a layer "
                "has one"
            )
        elif isinstance(known, Recurrent) and not item.kind.endswith(known.states):
            raise ConversionError(
                f"{item.name} is called twice, once for the last state and once for all: here an "
                "RNN gives one of them"
            )
        modules.append(known)
    return modules


def _network(found: Sequence[Found], made: dict[str, Module]) -> MLP | None:
    """Return dense layers as an MLP; None if they are none."""
    names = {item.name for item in found}
    hidden = {item.activation for item in found[:-1]}
    pairs = [item.pair for item in found if item.pair is not None and item.kind == "linear"]
    if len(pairs) < len(found) or len(names) < len(found) or names & made.keys():
        return None
    if len(hidden) != 1 or any(W.shape[0] != V.shape[1] for (W, _), (V, _) in pairwise(pairs)):
        return None
    sizes = [pairs[0][0].shape[1], *[len(b) for _, b in pairs]]
    given = iter(pairs)

    def init(n_in: int, n_out: int, rng: Any) -> tuple[Floats, Floats]:
        return next(given)

    model = MLP(sizes, hidden.pop(), found[-1].activation, init=init)
    model.init = "constant"  # the numbers are set, however a model of these arguments begins
    for layer, item in zip(model.layers, found, strict=True):
        made[item.name] = layer.train(item.training)
    return model


# State dicts --------------------------------------------------------------------------------------


def _filled(
    torch: Any,
    state: Mapping[Any, Any],
    model: Module | None,
    where: str,
    *,
    some_biases: bool = False,
) -> Module:
    odd = [key for key, x in state.items() if not isinstance(x, torch.Tensor)]
    inner = [key for key in odd if _is_state(torch, state[key])]
    if inner:
        raise ValueError(
            f"{where} holds a state dict under {inner[0]!r}: give that one alone, "
            f"from_torch(state[{inner[0]!r}], model)"
        )
    if odd or not state:
        shown = f"{odd[0]!r}, {state[odd[0]]!r:.60}" if odd else "nothing"
        raise ValueError(f"{where} must hold tensors by their names; found {shown}")
    arrays = {str(key): torch_layers.numbers(torch, str(key), x) for key, x in state.items()}
    if model is None:
        raise ValueError(
            f"{where} holds numbers and no activations: write from_torch(state, "
            f"{_suggested(arrays)}), with the layers and activations that the module had"
        )
    scalers, arrays = _without_scalers(arrays)
    steps = _steps(model, scalers, where)
    try:
        fill(model, arrays, where, some_biases=some_biases)
    except ConversionError as error:
        raise ConversionError(f"the model to fill has no counterpart: {error}") from None
    if steps:
        _keep_scalers(model, steps)
    return model


def _without_scalers(arrays: dict[str, Array]) -> tuple[list[dict[str, Array]], dict[str, Array]]:
    """Return the scalers that `to_torch` puts in front of a network, and its own tensors."""
    scalers: dict[str, dict[str, Array]] = {}
    rest: dict[str, Array] = {}
    for name, array in arrays.items():
        found = re.fullmatch(r"(scaler(?:\.\d+)?)\.(shift|scale)", name)
        if found:
            scalers.setdefault(found[1], {})[found[2]] = array
        elif name.startswith("network."):
            rest[name.removeprefix("network.")] = array
        else:
            return [], arrays
    return [*scalers.values()], rest if scalers else arrays


def _steps(
    model: Module, scalers: Sequence[Mapping[str, Array]], where: str
) -> tuple[Preprocessor, ...]:
    """Return the scalers of a state dict as those that a model keeps, or as new ones."""
    kept = schema_kept(model)
    before = kept.steps if kept is not None else ()
    fits = len(before) == len(scalers)
    if scalers and before and not fits:
        raise ValueError(
            f"{where} holds {len(scalers)} scaler(s), and the model keeps {len(before)} step(s) of "
            "preprocessing"
        )
    found: list[Preprocessor] = []
    for i, numbers in enumerate(scalers):
        made = MinMaxScaler() if fits and isinstance(before[i], MinMaxScaler) else StandardScaler()
        width = before[i].width if fits else len(numbers.get("shift", ()))
        if any(numbers.get(key, np.zeros(())).shape != (width,) for key in ("shift", "scale")):
            raise ValueError(f"{where} holds a scaler that is not one of {width} column(s)")
        made.width = width
        made.fill({key: array.tolist() for key, array in numbers.items()})
        found.append(made)
    return tuple(found)


def _is_state(torch: Any, x: Any) -> bool:
    if not isinstance(x, Mapping) or not x:
        return False
    values = cast(Mapping[Any, Any], x).values()
    return all(isinstance(value, torch.Tensor) for value in values)


def _suggested(arrays: Mapping[str, Array]) -> str:
    """Return a model that these arrays may be of."""
    shapes = [cast(tuple[int, ...], array.shape) for array in arrays.values()]
    weights = [shape for shape in shapes if len(shape) == 2]
    chained = all(a[0] == b[1] for a, b in pairwise(weights))
    known = [part for n_out, n_in in weights for part in ((n_out, n_in), (n_out,))]
    if not weights or not chained or shapes != known:
        return "model"
    return f"nn.MLP({[weights[0][1], *[n_out for n_out, _ in weights]]}, 'relu')"


def _read(torch: Any, path: str) -> Any:
    """Return what a file holds, read as numbers alone.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is damaged, or holds more than tensors.
    """
    with open(path, "rb"):  # says what is wrong with the path in the words of Python
        pass
    if is_older("torch", (2, 6)):
        raise ImportError(
            "reading a file safely needs torch 2.6 or later: before, one could be made to run code "
            'in spite of weights_only=True (CVE-2025-32434). pip install --upgrade "torch>=2.6", '
            "or give from_torch a state dict"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if "GLOBAL" in str(error):
            raise ValueError(
                f"{path} holds objects of Python, which may run anything when they are read: in "
                "the program that wrote it, write torch.save(module.state_dict(), path)"
            ) from None
        # Of what is no number torch says how to run it; that is left out.
        said = "" if isinstance(error, pickle.UnpicklingError) else str(error).partition("\n")[0]
        raise ValueError(
            f"{path}: expected a file that torch.save(module.state_dict(), path) wrote; it is of "
            f"another kind, or damaged ({type(error).__name__}{': ' * bool(said)}{said:.120})"
        ) from None
