"""Numbers, text, lists and dicts in JSON, exactly: also floats that are not finite, or many."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false
# What is read may be anything.

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

# Floats in a row that are written as bytes.
_FEW = 8


def packed(x: Any) -> Any:
    """Return numbers, text, lists and dicts as JSON can hold them exactly.

    Many floats in a row become the bytes of them in base 64, and a single one that is not finite
    its name.

    >>> packed([0.1, float("inf")]), packed(np.array([0.5]))
    ([0.1, {'float': 'inf'}], {'floats': 'AAAAAAAA4D8='})
    """
    kind = x.__class__
    if kind is float:
        return x if math.isfinite(x) else {"float": repr(x)}
    if kind is np.ndarray:
        return {"floats": base64.b64encode(x.astype("<f8").tobytes()).decode()}
    if isinstance(x, np.generic):
        return packed(x.item())
    if isinstance(x, Mapping):
        found = {str(key): packed(value) for key, value in x.items()}
        if len(found) == 1 and found.keys() <= {"float", "floats", "list"}:
            raise ValueError(f"a dict of the key {next(iter(found))!r} alone cannot be kept")
        return found
    if isinstance(x, list | tuple):
        kinds = set(map(type, x))
        if kinds == {int}:  # such as the counts of histograms, of which there are many
            return [*x]
        if len(x) >= _FEW and kinds == {float}:
            return {"list": base64.b64encode(np.array(x, "<f8").tobytes()).decode()}
        return [packed(y) for y in x]
    return x


def unpacked(x: Any) -> Any:
    """Return what `packed` was given; tuples as lists.

    Raises:
        ValueError: if it could not have come from it.

    >>> unpacked(packed({"a": [0.1, None, float("-inf")], "b": [float(n) for n in range(9)]}))
    {'a': [0.1, None, -inf], 'b': [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]}
    """
    if isinstance(x, list):
        return [unpacked(y) for y in x]
    if not isinstance(x, dict):
        return x
    key = next(iter(x)) if len(x) == 1 else ""
    if key == "float" and x[key] in ("nan", "inf", "-inf"):
        return float(x[key])
    if key in ("floats", "list"):
        try:
            numbers = np.frombuffer(base64.b64decode(x[key], validate=True), "<f8")
        except (TypeError, ValueError, binascii.Error):
            raise ValueError("numbers in it cannot be read") from None
        return numbers.astype(np.float64) if key == "floats" else numbers.tolist()
    return {name: unpacked(y) for name, y in x.items()}
