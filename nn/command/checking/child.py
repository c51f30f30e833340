"""What the child of `chalkgrad check` does: imports the file, draws inputs and checks.

It is told what to do as JSON on its standard input, and writes its answer as JSON into a file: what
the program under check prints goes where it always goes.
"""

import importlib.util
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograd import asked, check
from nn.command.subcommand import Refusal

# Behind an error of a function that was given the numbers of this engine.
_HINTS = {"": "; for tensors write --torch, for arrays of JAX --jax"}


def main() -> None:
    """Do what the standard input says."""
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    try:
        report = _report(request)
        told = {"report": str(report), "wrong": bool(report.wrong), "certain": report.certain}
    except Refusal as refusal:
        told = {"refusal": str(refusal)}
    sys.stdout.flush()
    Path(request["answer"]).write_text(json.dumps(told), encoding="utf-8")


def _report(request: dict[str, Any]) -> Any:
    module = _imported(request["file"])
    function = _named(module, request["name"], request["file"])
    kind = request["kind"] or _kind_of(function)
    inputs = _drawn(request)
    try:
        return _checked(kind, module, function, inputs, request)
    except ImportError as error:
        raise Refusal(str(error)) from None
    except (TypeError, ValueError) as error:
        # The words of the check itself, unless the program under check raised.
        if not (place := _place(error, request["file"])):
            raise Refusal(str(error)) from None
        raise Refusal(
            f"{request['name']} raises {type(error).__name__}: {error}{place}{_HINTS.get(kind, '')}"
        ) from None
    except Exception as error:
        raise Refusal(
            f"{request['name']} raises {type(error).__name__}: {error}"
            f"{_place(error, request['file'])}{_HINTS.get(kind, '')}"
        ) from None


def _imported(file: str) -> ModuleType:
    """Return the module that a file is; what stands beside it can be imported, as when it is run.

    Raises:
        Refusal: saying where it raises, if it does.
    """
    path = Path(file).resolve()
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Refusal(
            f"{file} cannot be imported, {type(error).__name__}: {error}{_place(error, file)}"
        ) from None
    return module


def _place(error: BaseException, file: str) -> str:
    """Return the last line of a file that an error passed through, in brackets."""
    path = Path(file).resolve()
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == path]
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(error.lineno)
    return f" ({path.name}, line {lines[-1]})" if lines else ""


def _named(module: ModuleType, name: str, file: str) -> Any:
    """Return what a dotted name stands for in a module."""
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = [each for each in dir(found) if not each.startswith("_")]
            near = asked.near(part, public)
            meant = f": is {near[0]} meant?" if near else f": it has {', '.join(public[:6])}"
            raise Refusal(f"{file} has no {name}{meant}") from None
    if not callable(found):
        raise Refusal(f"{name} in {file} is no function, but {type(found).__name__}")
    return found


def _kind_of(function: Any) -> str:
    """Return whose gradient it has: "torch" where it is a module or a Function of PyTorch."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return ""
    owner = getattr(function, "__self__", function)
    kind = owner if isinstance(owner, type) else type(owner)
    return "torch" if issubclass(kind, torch.nn.Module | torch.autograd.Function) else ""


def _drawn(request: dict[str, Any]) -> list[Any]:
    """Return normal numbers in the shapes asked for."""
    rng = np.random.default_rng(request["seed"])
    return [rng.normal(size=tuple(shape)) for shape in request["shapes"]]


def _checked(
    kind: str, module: ModuleType, function: Any, inputs: list[Any], request: dict[str, Any]
) -> Any:
    dtype = request["dtype"]
    settings = {name: request[name] for name in ("order", "seed", "seconds")}
    if kind == "torch":
        torch = asked.library("torch")
        made = _made(function, torch)
        if isinstance(made, torch.nn.Module):
            made = made.to(getattr(torch, dtype))
        tensors = [torch.tensor(x).to(getattr(torch, dtype)) for x in inputs]
        return _check_of("torch")(made, *tensors, **settings)
    if kind == "jax":
        jnp = asked.library("jax", "jax.numpy")
        arrays = [x if dtype == "float64" else jnp.asarray(x, dtype) for x in inputs]
        return _check_of("jax")(function, *arrays, **settings)
    if request["gradient"]:
        if dtype == "bfloat16":
            raise Refusal("NumPy has no bfloat16: write float16 or float32")
        gradient = _named(module, request["gradient"], request["file"])
        arrays = [x.astype(dtype) if x.shape else np.dtype(dtype).type(x) for x in inputs]
        del settings["order"]
        return check.check_against(function, gradient, *arrays, **settings)
    return check.check_gradients(function, *[x.tolist() for x in inputs], order=request["order"])


def _check_of(name: str) -> Callable[..., Any]:
    return getattr(check, name).check


def _made(function: Any, torch: Any) -> Any:
    """Return a module of a class that needs no arguments, else what was given."""
    if not (isinstance(function, type) and issubclass(function, torch.nn.Module)):
        return function
    try:
        return function()
    except TypeError as error:
        raise Refusal(
            f"{function.__name__} is a class that needs arguments ({error}): name a module made of "
            f"it, such as layer = {function.__name__}(...)"
        ) from None


if __name__ == "__main__":
    main()
