"""The parameters of a model as arrays by name, and a model filled from them.

The names are those of `to_torch(model).state_dict()`. Of a class of the user's they are the names
of its attributes, down to the layers that are known.
"""

# pyright: reportPrivateUsage=false
# A model is asked for the line that stands for it in errors.

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, TypeAlias, cast

import numpy as np

from autograd import Value
from nn.interop.pieces import ConversionError, Tensor, pieces_of
from nn.module import Module
from nn.parts import members
from nn.validation import Array, Floats

Named: TypeAlias = list[tuple[str, str, Tensor]]


def tensors_of(model: Module, *, own_classes: bool = False) -> Named:
    """Return name, place and tensor of all parameters.

    Args:
        model: the model.
        own_classes: take a class of the user's by its attributes.

    Raises:
        ConversionError: as `pieces_of`.
    """
    try:
        return list(pieces_of(model).named_tensors())
    except ConversionError:
        if not own_classes:
            raise
        return list(_of_attributes(model, "", set()))


def _of_attributes(model: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, str, Tensor]]:
    seen.add(id(model))
    for name, member in members(model, "", set()):
        if id(member) in seen:
            continue
        if isinstance(member, Value):
            if member.op is None:
                seen.add(id(member))
                one: Array = np.empty((), dtype=object)
                one[()] = member
                yield prefix + name, prefix + name, Tensor(one)
            continue
        try:
            found = list(pieces_of(member).named_tensors(f"{prefix}{name}."))
        except ConversionError:
            yield from _of_attributes(member, f"{prefix}{name}.", seen)
            continue
        seen.update([id(value) for _, _, tensor in found for value in tensor.values.ravel()])
        seen.add(id(member))
        yield from [(key, f"{prefix}{name}", tensor) for key, _, tensor in found]


def arrays_of(named: Iterable[tuple[str, str, Tensor]], dtype: str) -> dict[str, Array]:
    """Return the numbers of named tensors by name.

    Raises:
        ValueError: if one is not finite, or too large for float32.
    """
    return {name: finite(name, tensor.numbers(), dtype) for name, _, tensor in named}


def finite(name: str, numbers: Floats, dtype: str) -> Array:
    """Return numbers as a type of float.

    Raises:
        ValueError: if one is not finite then.
    """
    with np.errstate(over="ignore"):
        found = numbers.astype(dtype)
    if not np.isfinite(found).all():
        x = numbers[~np.isfinite(found)].tolist()[0]
        too_large = f", which {dtype} does not hold" if math.isfinite(x) else ""
        raise ValueError(f"{name} holds {x}{too_large}: a model that has diverged is of no use")
    return found


# Filling a model ----------------------------------------------------------------------------------


def fill(
    model: Module,
    given: Mapping[str, Array],
    where: str,
    *,
    own: bool = False,
    some_biases: bool = False,
) -> None:
    """Set the parameters of a model from arrays; where no layer has a bias, they are 0.

    Arrays of the names that the model has go to those; see `matched` for others.

    Args:
        model: the model.
        given: the arrays.
        where: what they come from, for errors.
        own: take a class of the user's by its attributes.
        some_biases: whether a layer may lack its bias, which is 0 then, where others have one.

    Raises:
        ValueError: if there are more or fewer arrays, one has another shape or kind than the
            parameters in its place, or a number is not finite; nothing has changed then.
    """
    named = tensors_of(model, own_classes=own)
    shapes = {name: cast(tuple[int, ...], tensor.values.shape) for name, _, tensor in named}
    try:
        keys = matched(shapes, {key: array.shape for key, array in given.items()})
        if not some_biases:
            _check_biases(keys)
    except ValueError as error:
        raise ValueError(
            f"{where} does not fit into {model._summary()}: {error}. The model must have the same "
            "layers and sizes in the same order"
        ) from None
    sums: dict[Value, float] = {}
    known: dict[tuple[Value, str], tuple[str, float]] = {}
    for name, _, tensor in named:
        kind, key = _kind_of(name), keys[name] or name
        array = np.zeros(shapes[name]) if keys[name] is None else given[key]
        if not np.isfinite(array).all():
            at = np.argwhere(~np.isfinite(array))[0].tolist()
            raise ValueError(f"{key!r} in {where} holds {array[tuple(at)]} at {at}")
        for value, x in zip(tensor.values.ravel(), array.ravel().tolist(), strict=True):
            before, number = known.setdefault((value, kind), (key, x))
            if before == key:  # a second bias is added to the first
                sums[value] = sums.get(value, 0.0) + x
            elif number != x:
                raise ValueError(
                    f"{before!r} and {key!r} in {where} are one parameter of the model, and "
                    f"differ: {number!r} and {x!r}"
                )
    for value, x in sums.items():
        value.data = x
        value.grad = None


def _kind_of(name: str) -> str:
    return name.rpartition(".")[2]


def _check_biases(keys: Mapping[str, str | None]) -> None:
    """Refuse a bias that is not there where others are: it may have been lost.

    Raises:
        ValueError: naming the first.
    """
    biases = {name: key for name, key in keys.items() if _kind_of(name).startswith("bias")}
    missing = next((name for name, key in biases.items() if key is None), None)
    if missing is not None and any(biases.values()):
        raise ValueError(
            f"expected {missing!r}; it is missing, and other layers have a bias: where the layer "
            "was made with bias=False, add zeros under that name"
        )


Shape: TypeAlias = tuple[int, ...]
# The tensors of each layer, by the layer's name and theirs in it.
Layered: TypeAlias = dict[str, dict[str, Shape]]


def matched(wanted: Mapping[str, Shape], given: Mapping[str, Shape]) -> dict[str, str | None]:
    """Return the name of the given tensor for each wanted one; None for a bias that is not there.

    The same names belong together. Otherwise layers are taken in order, and a layer's tensors by
    their names in it. Where the order was lost, as safetensors sorts names, layers are taken by
    their shapes, and those of the same shapes by their numbers.

    Raises:
        ValueError: naming the first that does not fit.

    >>> matched({"0.weight": (3, 2), "0.bias": (3,)}, {"fc.bias": (3,), "fc.weight": (3, 2)})
    {'0.weight': 'fc.weight', '0.bias': 'fc.bias'}
    """
    layers, found = _by_layer(wanted), _by_layer(given)
    if set(wanted) == set(given):
        pairs = {name: name for name in layers}
    elif len(layers) != len(found):
        raise ValueError(
            f"expected {len(layers)} layer(s) with parameters; found {len(found)}, {_few(found)}"
        )
    else:
        pairs = _in_order(layers, found)
    keys: dict[str, str | None] = {}
    for name, layer in pairs.items():
        _check_layer(name, layers[name], layer, found[layer])
        for kind in layers[name]:
            keys[_joined(name, kind)] = _joined(layer, kind) if kind in found[layer] else None
    return keys


def _by_layer(shapes: Mapping[str, Shape]) -> Layered:
    found: Layered = {}
    for name, shape in shapes.items():
        layer, _, kind = name.rpartition(".")
        found.setdefault(layer, {})[kind] = shape
    return found


def _joined(layer: str, kind: str) -> str:
    return f"{layer}.{kind}" if layer else kind


def _few(layers: Layered) -> str:
    return ", ".join([*layers][:4]) + (", ..." if len(layers) > 4 else "")


def _in_order(wanted: Layered, given: Layered) -> dict[str, str]:
    """Return the given layer for each wanted one."""
    names = [*given]
    # Modules hold a weight before its bias.
    is_sorted = any([*kinds] == sorted(kinds) and len(kinds) > 1 for kinds in given.values())
    if is_sorted:
        names.sort(key=_natural)
        alone: dict[str, list[str]] = {
            name: [layer for layer in names if _fits(kinds, given[layer])]
            for name, kinds in wanted.items()
        }
        if sorted([layers[0] for layers in alone.values() if len(layers) == 1]) == sorted(names):
            return {name: layer for name, (layer,) in alone.items()}
        for first, second in combinations(names, 2):
            if given[first] == given[second] and _stem(first) != _stem(second):
                raise ValueError(
                    f"{first!r} and {second!r} have the same shapes, and their order is not kept: "
                    "number their names, or write from_torch(module)"
                )
    return dict(zip(wanted, names, strict=True))


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Return what sorts names by the numbers in them: layer2 before layer10."""
    parts = re.split(r"(\d+)", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _stem(name: str) -> str:
    return re.sub(r"\d+", "", name)


def _fits(wanted: Mapping[str, Shape], given: Mapping[str, Shape]) -> bool:
    return all(wanted.get(kind) == shape for kind, shape in given.items()) and all(
        kind.startswith("bias") for kind in wanted.keys() - given.keys()
    )


def _check_layer(
    name: str, wanted: Mapping[str, Shape], layer: str, given: Mapping[str, Shape]
) -> None:
    if _fits(wanted, given):
        return
    odd = next((kind for kind, shape in given.items() if wanted.get(kind) != shape), None)
    told = [f"{kind} {shape}" for kind, shape in wanted.items()]
    expected = f"expected {name or 'the model'!r} with {' and '.join(told)}"
    if odd is None:
        raise ValueError(f"{expected}; found {layer!r} with {' and '.join(given)} alone")
    raise ValueError(f"{expected}; found {_joined(layer, odd)!r} of shape {given[odd]}")
