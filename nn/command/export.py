"""The command `chalkgrad export`: a saved model as a file of PyTorch, ONNX or safetensors.

What is written is what `nn.interop` writes; the library is imported when a model is handed to it.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nn import interop
from nn.command.subcommand import Option, Refusal, Subcommand
from nn.interop.pieces import DTYPES
from nn.module import Module
from nn.validation import look_up


@dataclass(frozen=True, slots=True)
class Form:
    """A form that a model is exported to.

    Attributes:
        ending: of a file's name.
        endings: others that tell the form.
        write: writes a model to a path as a type of float, and returns how to read it.
    """

    ending: str
    endings: Sequence[str]
    write: Callable[[Any, str, str], str]


def _to_onnx(model: Module, path: str, dtype: str) -> str:
    graph = interop.to_onnx(model, path, dtype=dtype).graph
    inputs, outputs = ([x.name for x in given] for given in (graph.input, graph.output))
    return f"Inputs: {', '.join(inputs)}. Outputs: {', '.join(outputs)}."


def _to_torch(model: Module, path: str, dtype: str) -> str:
    module = interop.to_torch(model, path, dtype=dtype)
    return (
        "The state dict of the module below; it is read by "
        f'module.load_state_dict(torch.load("{path}", weights_only=True)).\n{module!r}'
    )


def _to_safetensors(model: Module, path: str, dtype: str) -> str:
    interop.to_safetensors(model, path, dtype=dtype)
    return f'Read it by nn.interop.from_safetensors("{path}").'


FORMS: Mapping[str, Form] = {
    "onnx": Form(".onnx", (), _to_onnx),
    "torch": Form(".pt", (".pth",), _to_torch),
    "safetensors": Form(".safetensors", (), _to_safetensors),
}


def exporting() -> Subcommand:
    """Return the command."""
    options: Sequence[Option] = [
        (["model"], {"metavar": "model", "help": "a model's file, such as a report's model.json"}),
        (
            ["--to"],
            {
                "metavar": "FORM",
                "help": f"{', '.join(FORMS)} (default: told by the ending of --output)",
            },
        ),
        (
            ["--dtype"],
            {
                "metavar": "TYPE",
                "default": DTYPES[0],
                "help": f"of the numbers: {' or '.join(DTYPES)} (default: {DTYPES[0]}, exact)",
            },
        ),
        (
            ["--output", "-o"],
            {"metavar": "FILE", "help": "where to write (default: beside the model's file)"},
        ),
    ]
    described = (
        "Write a saved model as a file of another library: an ONNX graph with its preprocessing "
        "and classes, a state dict of PyTorch, or safetensors. The libraries are extras: "
        'pip install "chalkgrad[onnx]".'
    )
    return Subcommand("write a saved model for another library", _export, options, (), described)


def _export(options: argparse.Namespace) -> str:
    try:
        form = FORMS[_form(options)]
        look_up("dtype", options.dtype, dict.fromkeys(DTYPES))
        model: Any = Module.load(options.model)
    except FileNotFoundError:
        raise Refusal(f"there is no file {options.model}") from None
    except (ValueError, OSError) as error:
        raise Refusal(str(error)) from None
    path = options.output or str(Path(options.model).with_suffix(form.ending))
    if Path(path).exists() and Path(path).samefile(options.model):
        raise Refusal(f"{path} is the model's file itself: write -o FILE{form.ending}")
    try:
        told = form.write(model, path, options.dtype)
    except OSError as error:
        raise Refusal(f"the file could not be written: {error}") from None
    except (ImportError, ValueError) as error:
        raise Refusal(str(error)) from None
    count = len(model.parameters())
    sizes = [f"{_size(name)} as {Path(name).suffix[1:]}" for name in (path, options.model)]
    return f"{count:,} parameters as {options.dtype}, {', '.join(sizes)}. File: {path}\n{told}"


def _form(options: argparse.Namespace) -> str:
    """Return the name of the form that the options tell."""
    if options.to is not None:
        look_up("form", options.to, FORMS)
        return options.to
    ending = Path(options.output or "").suffix
    for name, form in FORMS.items():
        if ending in (form.ending, *form.endings):
            return name
    *others, last = [f"--to {name}" for name in FORMS]
    raise Refusal(f"the form is not told: write {', '.join(others)} or {last}")


def _size(path: str) -> str:
    size = Path(path).stat().st_size
    return f"{size:,} bytes" if size < 10_000 else f"{size / 1000:,.0f} kB"
