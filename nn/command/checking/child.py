"""What the child of `chalkgrad check` does: imports the file, draws inputs and checks.

It is told what to do as JSON on its standard input, and writes its answer as JSON into a file: what
the program under check prints goes where it always goes.
"""

import contextlib
import importlib
import importlib.util
import inspect
import json
import random
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
_HINTS = {
    "": "; for tensors write --torch, for arrays of JAX --jax, for those of NumPy --gradient with "
    "the name of the function that gives its gradient"
}


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
    _seed(request)
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
        hint = _HINTS.get(kind, "")
        if "Long" in str(error):
            hint = "; write int10(4) in --inputs for four whole numbers below 10"
        raise Refusal(
            f"{request['name']} raises {type(error).__name__}: {error}"
            f"{_place(error, request['file'])}{hint}"
        ) from None


def _seed(request: dict[str, Any]) -> None:
    """Seed what weights are drawn from that are made when the file is imported, or its class is."""
    random.seed(request["seed"])
    np.random.seed(request["seed"] % 2**32)  # noqa: NPY002
    text = Path(request["file"]).read_text(encoding="utf-8", errors="replace")
    # It takes a second to import, which other files need not pay.
    if request["kind"] == "torch" or "torch" in text or "torch" in sys.modules:
        with contextlib.suppress(ImportError):
            importlib.import_module("torch").manual_seed(request["seed"])


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
        try:
            spec.loader.exec_module(module)
        except ImportError as error:
            name = _name_in_package(path) if "relative import" in str(error) else ""
            if not name:
                raise
            return importlib.import_module(name)
    except Exception as error:
        raise Refusal(
            f"{file} cannot be imported, {type(error).__name__}: {error}{_place(error, file)}"
            f"{_ADVICE if 'relative import' in str(error) else ''}"
        ) from None
    return module


_ADVICE = "; write the import without the dot, or make its folder a package with __init__.py"


def _name_in_package(path: Path) -> str:
    """Return the dotted name of a file in its package, which can be imported then; "" of none."""
    folder, names = path.parent, [path.stem]
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    if len(names) == 1 or names[0] in sys.modules:
        return ""
    sys.path.insert(0, str(folder))
    return ".".join(names)


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
    if inspect.iscoroutinefunction(found):
        raise Refusal(f"{name} in {file} is async: write it as a plain function, def {name}(...)")
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
    """Return normal numbers in the shapes asked for, and whole ones where they are."""
    rng = np.random.default_rng(request["seed"])
    return [
        rng.integers(below, size=tuple(shape)) if below else rng.normal(size=tuple(shape))
        for shape, below in request["inputs"]
    ]


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
        kinds = [torch.int64 if _is_whole(x) else getattr(torch, dtype) for x in inputs]
        tensors = [torch.tensor(x).to(kind) for x, kind in zip(inputs, kinds, strict=True)]
        return _check_of("torch")(made, *tensors, **settings)
    if kind == "jax":
        jnp = asked.library("jax", "jax.numpy")
        # float64 is left to what JAX makes of it.
        kinds = ["int32" if _is_whole(x) else dtype for x in inputs]
        arrays = [
            x if kind == "float64" else jnp.asarray(x, kind)
            for x, kind in zip(inputs, kinds, strict=True)
        ]
        return _check_of("jax")(function, *arrays, **settings)
    if any(map(_is_whole, inputs)):
        raise Refusal(
            "whole numbers are for --torch and --jax: let the function hold its labels itself"
        )
    if request["gradient"]:
        if dtype == "bfloat16":
            raise Refusal("NumPy has no bfloat16: write float16 or float32")
        gradient = _named(module, request["gradient"], request["file"])
        arrays = [x.astype(dtype) if x.shape else np.dtype(dtype).type(x) for x in inputs]
        del settings["order"]
        return check.check_against(function, gradient, *arrays, **settings)
    return check.check_gradients(function, *[x.tolist() for x in inputs], order=request["order"])


def _is_whole(x: Any) -> bool:
    """Whether drawn numbers are whole ones."""
    return np.asarray(x).dtype.kind == "i"


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
