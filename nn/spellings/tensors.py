"""Tensors, parameters and modules of PyTorch, told without importing it: what to write here.

NumPy reads a plain tensor as it is; one that takes part in a gradient, or lies elsewhere, it does
not.
"""

from collections.abc import Mapping
from typing import Any, cast


def is_of_torch(x: object) -> bool:
    """Whether something is a tensor, a parameter or a module of PyTorch, or of a class below one.

    >>> is_of_torch([1.0])
    False
    """
    return any(kind.__module__.partition(".")[0] == "torch" for kind in type(x).__mro__)


def refuse_tensors(name: str, values: Any) -> None:
    """Refuse a tensor that NumPy cannot read, also inside lists.

    Raises:
        ValueError: with what to write.
    """
    if isinstance(values, list | tuple):
        # The first stands for the others: lists of a million numbers are not gone through.
        for x in cast(list[Any], values)[:1]:
            refuse_tensors(f"{name}[0]", x)
        return
    if not is_of_torch(values) or not hasattr(values, "requires_grad"):
        return
    layout, kind, device = str(values.layout), str(values.dtype), values.device.type
    own = name.partition("[")[0].rpartition(" ")[2]
    unreadable = "numbers: it is on the device 'meta'" if device == "meta" else ""
    if kind.startswith("torch.complex"):
        unreadable = f"real numbers: it is complex, and {own}.real has the real parts"
    if unreadable:
        raise ValueError(f"{name} is a tensor of PyTorch without {unreadable}")
    dense = "" if layout == "torch.strided" else ".to_dense()"
    known = ".double()" if kind == "torch.bfloat16" else ""
    known = ".resolve_neg()" if not dense and values.is_neg() else known
    if not (values.requires_grad or dense or known or device != "cpu"):
        return
    write = f".detach(){dense}.cpu(){known}.numpy()"
    write = f"[x{write} for x in {own}]" if "[" in name else f"{own}{write}"
    raise ValueError(
        f"{name} is a {type(values).__name__} of PyTorch, which NumPy cannot read: write {write}"
    )


def refuse_modules(asker: str, given: Any, model: str) -> None:
    """Refuse a module of PyTorch, its parameters or its state dict, where arrays are wanted.

    Raises:
        TypeError: with what to write.
    """
    if isinstance(given, Mapping):
        inside = list(cast(Mapping[Any, Any], given).values())[:1]
        source = "state"
    else:
        inside = cast(list[Any], given)[:1] if isinstance(given, list | tuple) else [given]
        source = "module"
    if any(map(is_of_torch, inside)):
        raise TypeError(
            f"{asker} takes pairs of arrays (W, b), got what belongs to PyTorch: write "
            f"nn.interop.from_torch({source}, {model})"
        )
