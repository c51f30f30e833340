"""safetensors: a model's numbers in a file that others read, with what builds the model again.

The tensors have the names of `to_torch(model).state_dict()`. What is read is a header of JSON and
numbers: nothing in such a file can run.
"""

# pyright: reportPrivateUsage=false
# A class is asked for the size that a model built from its config would have.

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, TypeAlias, cast

import numpy as np

from autograd import check_seal, sealed, write_whole
from nn.data.schema import Schema, keep_schema, schema_from, schema_kept
from nn.elsewhere.libraries import library
from nn.inference import modes
from nn.interop.pieces import ConversionError, Piece, checked, pieces_of
from nn.interop.tensors import arrays_of, fill, tensors_of
from nn.module import Module
from nn.serialization import FORMAT, VERSIONS, Path, part, part_of, part_size
from nn.validation import Array, instance, path_of

_Fields: TypeAlias = dict[str, Any]

# The key in a file's metadata under which stands what builds the model again.
_KEY = "chalkgrad"
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def to_safetensors(model: Module, path: Path, *, dtype: str = "float64") -> None:
    """Write a model's parameters as a safetensors file, whole or not at all.

    The tensors have the names that PyTorch gives them, so that
    `to_torch(model, preprocessing=False).load_state_dict(safetensors.torch.load_file(path))` reads
    them; those of a class of one's own have the names of its attributes. Class, arguments, classes
    and preprocessing stand in the metadata, from which `from_safetensors(path)` builds the model.

    Args:
        model: the model.
        path: where to.
        dtype: "float64", which holds the numbers exactly, or "float32".

    Raises:
        ImportError: if safetensors is missing or too old.
        ValueError: if a number is not finite, or too large for float32; if `config()` holds what
            JSON cannot.
        OSError: if the file cannot be written.

    >>> import tempfile
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
    ...     to_safetensors(MLP([2, 8, 1]), f"{folder}/model.safetensors")
    ...     again = from_safetensors(f"{folder}/model.safetensors")
    >>> again.sizes, again.activation  # doctest: +SKIP
    ([2, 8, 1], 'tanh')
    """
    checked("to_safetensors", model, dtype)
    files = library("safetensors", "safetensors.numpy")
    schema = schema_kept(model)
    document: _Fields = {
        "format": FORMAT,
        "version": VERSIONS[schema is not None and schema.is_needed],
        **part(model),
        **({} if schema is None else {"schema": schema.document()}),
        **({"training": mode} if (mode := modes.written(model)) else {}),
    }
    arrays = arrays_of(tensors_of(model, own_classes=True), dtype)
    document["numbers"] = _digest(arrays)
    try:
        text = sealed(document)
    except TypeError as error:
        name = type(model).__name__
        raise ValueError(f"{name}.config() must hold text, numbers and lists: {error}") from None
    write_whole(path, files.save(arrays, {_KEY: text}))


def from_safetensors(path: Path, model: Module | None = None) -> Module:
    """Read a safetensors file: the model that was written, or its numbers into one that is there.

    A file of another program holds no model, so that it needs one to fill. Its tensors go to the
    parameters of the names that `to_torch` gives them, or else in order to parameters of the same
    shapes. Numbers of 16 and 32 bits become floats of 64.

    Args:
        path: the file.
        model: the model to fill; left out, the one that the file tells is built. Of a file of
            `to_safetensors` it keeps the preprocessing and classes too.

    Returns:
        The model.

    Raises:
        ImportError: if safetensors is missing or too old.
        FileNotFoundError: if the file is not there.
        ValueError: if it is damaged or of another kind, tells no model, or its tensors do not fit
            into the model, which is then unchanged.

    >>> from nn import MLP
    >>> model = MLP([2, 8, 1])
    >>> to_safetensors(model, "model.safetensors")  # doctest: +SKIP
    >>> from_safetensors("model.safetensors", model)  # doctest: +SKIP
    MLP([2, 8, 1]): 33 parameters
    ├─ layers.0: Layer(2 -> 8, tanh): 24 parameters
    └─ layers.1: Layer(8 -> 1, linear): 9 parameters
    """
    if model is not None:
        instance("from_safetensors", model, Module, "a model to fill, an nn.Module")
    given = path_of(path)
    content = given.read_bytes()
    arrays, text = _contents(content, str(path))
    if model is not None and text is None:
        fill(model, arrays, str(path), own=True)
        return model
    if text is None:
        shapes = ", ".join([f"{key} {array.shape}" for key, array in [*arrays.items()][:4]])
        more = f" and {len(arrays) - 4} more" if len(arrays) > 4 else ""
        raise ValueError(
            f"{path} was not written by chalkgrad and tells no model, but holds {shapes}{more}: "
            "write from_safetensors(path, model), with a model of these sizes"
        )
    try:
        fields = _fields(text)
        if model is None:
            return _built(fields, arrays, str(path))
        return _refilled(model, fields, arrays, str(path))
    except (TypeError, ValueError, RecursionError, MemoryError) as error:
        told = str(error) or type(error).__name__
        raise ValueError(told if told.startswith(str(path)) else f"{path}: {told}") from None


def _contents(content: bytes, path: str) -> tuple[dict[str, Array], str | None]:
    """Return the tensors of a file by name, and what it says of the model."""
    safetensors = library("safetensors")
    fault = f"{path}: expected a safetensors file; it is of another kind, or damaged"
    try:
        tensors: list[tuple[str, Any]] = safetensors.deserialize(content)
        # It has read the header by now, so that its length and form are sound, but hands out the
        # tensors alone.
        length = int.from_bytes(content[:8], "little")
        header: _Fields = json.loads(content[8 : 8 + length])
    except (safetensors.SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"{fault}: {error}") from None
    arrays = {name: _array(path, name, told) for name, told in sorted(tensors)}
    metadata: Any = header.get("__metadata__")
    text = cast(_Fields, metadata).get(_KEY) if isinstance(metadata, dict) else None
    return arrays, text


def _array(path: str, name: str, told: Mapping[str, Any]) -> Array:
    kind, data = told["dtype"], bytes(told["data"])
    if kind == "BF16":  # the upper half of a float of 32 bits
        flat: Array = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    elif kind in _TYPES:
        flat = np.frombuffer(data, _TYPES[kind])
    else:
        raise ValueError(
            f"{path}: expected floats in {name!r}; found {kind}: a model that was quantised is "
            "converted before that"
        )
    return flat.astype(np.float64).reshape(told["shape"])


def _digest(arrays: Mapping[str, Array]) -> str:
    """Return the SHA-256 of all numbers, in the order of their names."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(arrays[name].astype("<f8").tobytes())
    return found.hexdigest()


def _fields(text: str) -> _Fields:
    fields: Any = json.loads(text)
    if not isinstance(fields, dict) or cast(_Fields, fields).get("format") != FORMAT:
        raise ValueError("expected what builds the model in the metadata; found something else")
    found = cast(_Fields, fields)
    if found.get("version") not in VERSIONS or isinstance(found["version"], bool):
        raise ValueError(
            f"expected version {VERSIONS[-1]} of the model; found {found.get('version')!r:.60}: "
            "read it with the chalkgrad that wrote it"
        )
    check_seal(text, found.get("checksum"))
    return found


def _built(fields: _Fields, arrays: dict[str, Array], path: str) -> Module:
    if fields.get("numbers") != _digest(arrays):
        raise ValueError("its numbers are not those that were written: something has changed since")
    model, schema = _empty(fields, arrays)
    fill(model, arrays, path, own=True)
    training: Any = fields.get("training", {})
    if not isinstance(training, dict) or not all(
        isinstance(mode, bool) for mode in cast(_Fields, training).values()
    ):
        raise ValueError(f"expected true or false for the modes; found {training!r:.60}")
    modes.set_modes(model, cast(dict[str, bool], training))
    keep_schema(model, schema)
    return model


def _empty(fields: _Fields, arrays: Mapping[str, Array]) -> tuple[Module, Schema | None]:
    """Return the model that a file tells, before it has its numbers, and its schema."""
    # Before it is built: a short header may ask for more than there is memory.
    size, found = part_size(Module, fields), sum([array.size for array in arrays.values()])
    if size is not None and size > 2 * found + 1000:
        raise ValueError(f"expected the {size:,} parameters of its config; found {found:,}")
    schema = schema_from(fields["schema"]) if "schema" in fields else None
    return part_of(Module, fields), schema


def _refilled(model: Module, fields: _Fields, arrays: dict[str, Array], path: str) -> Module:
    """Fill a model of the layers that a file tells, and let it keep the file's schema."""
    here, schema = _layers(model), schema_from(fields["schema"]) if "schema" in fields else None
    if here:  # a class of the user's need not be known to fill one
        there = _layers(_empty(fields, arrays)[0])
        odd = next(((a, b) for a, b in zip_longest(here, there) if a != b), None)
        if odd and here.count("Linear") == there.count("Linear"):
            raise ValueError(
                f"it holds a model with {odd[1] or 'nothing'!r} where the one to fill has "
                f"{odd[0] or 'nothing'!r}: write from_safetensors(path), which builds its own"
            )
    fill(model, arrays, path, own=True)
    keep_schema(model, schema)
    return model


def _layers(model: Module) -> list[str]:
    """Return the layers and activations in order; none of a class of the user's."""

    def of(piece: Piece) -> list[str]:
        own = [] if piece.kind in ("Sequential", "Dropout") else [piece.kind]
        if "name" in piece.settings:
            own = [piece.settings["name"]]
        return own + [found for part in piece.parts for found in of(part)]

    try:
        return of(pieces_of(model))
    except ConversionError:
        return []
