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

    @property
    def all_endings(self) -> Sequence[str]:
        """The endings that tell it."""
        return (self.ending, *self.endings)


def _to_onnx(model: Module, path: str, dtype: str) -> str:
    graph = interop.to_onnx(model, path, dtype=dtype).graph
    inputs, outputs = ([x.name for x in given] for given in (graph.input, graph.output))
    return f"Inputs: {', '.join(inputs)}. Outputs: {', '.join(outputs)}."


def _to_torch(model: Module, path: str, dtype: str) -> str:
    module = interop.to_torch(model, path, dtype=dtype)
    option = "" if dtype == DTYPES[0] else f", dtype={dtype!r}"
    return (
        f"The state dict of module = nn.interop.to_torch(model{option}), shown below; it is read "
        f"by module.load_state_dict(torch.load({path!r}, weights_only=True)).\n{module!r}"
    )


def _to_safetensors(model: Module, path: str, dtype: str) -> str:
    interop.to_safetensors(model, path, dtype=dtype)
    return f"Read it by nn.interop.from_safetensors({path!r})."


FORMS: Mapping[str, Form] = {
    "onnx": Form(".onnx", (), _to_onnx),
    "torch": Form(".pt", (".pth",), _to_torch),
    "safetensors": Form(".safetensors", (), _to_safetensors),
}


def exporting() -> Subcommand:
    """Return the command."""
    options: Sequence[Option] = [
        (["model"], {"metavar": "model", "help": "a model's file, or a report's folder"}),
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
    if Path(options.model).is_dir():
        options.model = str(Path(options.model) / "model.json")
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
    ending = Path(options.output or "").suffix
    told = next((name for name, form in FORMS.items() if ending in form.all_endings), None)
    if options.to is not None:
        look_up("form", options.to, FORMS)
        if told not in (None, options.to):
            write = FORMS[options.to].ending
            raise Refusal(
                f"{ending} is the ending of --to {told}, and --to {options.to} is asked for: write "
                f"-o {Path(options.output).with_suffix(write)}, or leave --to out"
            )
        return options.to
    if told is not None:
        return told
    *others, last = [f"--to {name}" for name in FORMS]
    by = f" by the ending {ending!r}" if ending else ""
    raise Refusal(f"the form is not told{by}: write {', '.join(others)} or {last}")


def _size(path: str) -> str:
    size = Path(path).stat().st_size
    return f"{size:,} bytes" if size < 10_000 else f"{size / 1000:,.0f} kB"
