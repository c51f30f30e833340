"""What the documentation takes from the code: public names, primitives, spellings of others.

Nothing here needs Sphinx, so the tests can ask the same questions of the pages that the build does.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from autograd import spellings
from autograd.display.chain.latex import number_latex
from autograd.display.chain.rules import partial_latex
from autograd.engine.primitive import TABLE, Primitive
from autograd.escaping import markdown_text
from autograd.table import Table
from autograd.transforms.taylor import second_derivatives
from nn import spellings as nn_spellings
from nn.layers import spellings as layer_spellings
from nn.sklearn import spellings as sklearn_spellings

REFERENCE = Path(__file__).resolve().parent / "reference"
MODULES = (
    "autograd",
    "autograd.check",
    "autograd.check.jax",
    "autograd.check.strategies",
    "autograd.check.torch",
    "autograd.compile",
    "autograd.display",
    "autograd.laboratory",
    "autograd.micrograd",
    "nn",
    "nn.datasets",
    "nn.interop",
    "nn.metrics",
    "nn.plots",
    "nn.schedules",
    "nn.sklearn",
)
_ENTRY = re.compile(r"^\.\. auto(?:function|class|exception|data|module):: ([\w.]+)$", re.MULTILINE)
_ALIAS = re.compile(r"^- ``([\w.]+)`` is :py:obj:`([\w.]+)`$", re.MULTILINE)


def public_names(module: str) -> list[str]:
    """Return a module's public names: its `__all__`, or the functions and classes it defines."""
    found = importlib.import_module(module)
    listed = getattr(found, "__all__", None)
    if listed is not None:
        return list(listed)
    return [
        name
        for name, thing in vars(found).items()
        if not name.startswith("_")
        and (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing.__module__ == module
    ]


@cache
def entries() -> dict[str, str]:
    """Return each name the reference has an entry for, and the name it is documented under."""
    found: dict[str, str] = {}
    for page in sorted(REFERENCE.glob("*.rst")):
        text = page.read_text(encoding="utf-8")
        found |= {name: name for name in _ENTRY.findall(text)}
        found |= dict(_ALIAS.findall(text))
    return found | {name: name for name in _unlisted(found)}


def _unlisted(listed: Iterable[str]) -> list[str]:
    """Return the primitives with a public function that no page lists by hand."""
    public = public_names("autograd")
    return [
        f"autograd.{name}" for name in TABLE if name in public and f"autograd.{name}" not in listed
    ]


def other_functions() -> str:
    """Return entries for primitives that the page of functions does not list by hand.

    A new row is documented by being there; where it belongs on the page can be said later.
    """
    page = (REFERENCE / "functions.rst").read_text(encoding="utf-8")
    return "\n\n".join([f".. autofunction:: {name}" for name in _unlisted(_ENTRY.findall(page))])


def object_named(text: str) -> str | None:
    """Return what a word of a docstring refers to in the reference, or None."""
    if text in entries():
        return entries()[text]
    return next((name for m in MODULES if (name := entries().get(f"{m}.{text}"))), None)


# The table of primitives -------------------------------------------------------------------------


def _interval(low: float, high: float) -> str:
    return f"[{low:g}, {high:g}]"


def _math(latex: str) -> str:
    # In a table's cell a bar ends the cell, in a formula too.
    return "$" + latex.replace("|", r"\vert ") + "$"


def _partials(row: Primitive) -> str:
    text = partial_latex(row)
    # Of any number of operands there is one formula, told apart by its indices.
    lines: list[str] = []
    for name, partial, textbook in zip(text.operands, text.partials, text.textbook, strict=True):
        lines.append(rf"\partial z/\partial {_indexed(name)} &= {partial}")
        if textbook:
            lines.append(f"&= {textbook}")
    # One formula of several lines, for the room between them: fractions would touch.
    return _math(r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}")


def _indexed(name: str) -> str:
    return re.sub(r"^([a-z])(\d+)$", r"\1_{\2}", name)


def _subgradients(row: Primitive) -> str:
    lines: list[str] = []
    for operands, partials in row.subgradients:
        at = ", ".join([number_latex(x).text for x in operands])
        shown = partials[: len(partials) - row.constants]
        taken = ", ".join([number_latex(x).text for x in shown])
        again = ", ".join([number_latex(x).text for x in second_derivatives(row, operands)])
        lines.append(f"at ${at}$: ${taken}$; second ${again}$")
    return "<br>".join(lines)


def _name(row: Primitive) -> str:
    if f"autograd.{row.name}" not in entries():
        return f"`{row.name}`"
    return f"{{py:obj}}`{row.name} <autograd.{row.name}>`"


def primitives_table() -> str:
    """Return each primitive's result and derivatives, a line for each row of the table.

    The tables are Markdown.
    """
    lines = [
        (_name(row), _math(partial_latex(row).function), _partials(row)) for row in TABLE.values()
    ]
    columns = ("primitive", "result $z$", "partial derivatives")
    return Table(columns, lines, "<<<").markdown(escaped=False)


def domains_table() -> str:
    """Return where each primitive is tested, and what it does where it has no single slope."""
    lines: list[tuple[str, str, str]] = []
    for row in TABLE.values():
        domain = " × ".join([_interval(*interval) for interval in row.domain])
        if row.arity is None:
            domain += " each"
        lines.append((_name(row), domain, _subgradients(row)))
    columns = ("primitive", "tested on", "derivative at kinks, ties and ends")
    return Table(columns, lines, "<<<").markdown(escaped=False)


# What other libraries call things ----------------------------------------------------------------

# What a table of spellings is about, and the table.
SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "Functions of numbers": spellings.MATHEMATICS,
    "PyTorch": spellings.TORCH,
    "JAX and HIPS autograd": spellings.JAX,
    "micrograd": spellings.MICROGRAD,
    "Networks: PyTorch, Keras and scikit-learn": nn_spellings.NAMES,
    "Attributes of a model": nn_spellings.MODEL,
    "Attributes of a layer or network": nn_spellings.LAYER,
    "Attributes of a history": nn_spellings.HISTORY,
    "Attributes of an optimizer": nn_spellings.OPTIMIZER,
    "Keywords of `fit`": nn_spellings.FIT,
    "Keywords of `evaluate`": nn_spellings.EVALUATE,
    "Keywords of `playground`": nn_spellings.PLAYGROUND,
    "Keywords of `Neuron` and `Layer`": nn_spellings.DENSE,
    "Keywords of `MLP`": nn_spellings.NETWORK,
    "Keywords of `SGD`": nn_spellings.DESCENT,
    "Keywords of the other optimisers": nn_spellings.ADAPTIVE,
    "Keywords of `Dropout`": layer_spellings.DROPOUT,
    "Keywords of `LayerNorm`": layer_spellings.NORMAL,
    "Keywords of `Embedding`": layer_spellings.EMBEDDING,
    "Keywords of `Recurrent`": layer_spellings.RECURRENT,
    "Keywords of `MLPClassifier` and `MLPRegressor`": sklearn_spellings.ESTIMATOR,
    "Keywords of schedules": nn_spellings.SCHEDULE,
    "Keywords of `minibatches` and `split`": nn_spellings.DATA,
    "Options of the command": nn_spellings.COMMAND,
}
_CALL = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_KEYWORD = rf"\w+=(?:\[[^\]]*\]|'\w+'|{_CALL}|[\w.]+(?:{_CALL})?)?"
# Code within a sentence: a keyword with or without its value, a path of names, a call, a list.
_CODE = re.compile(
    rf"{_KEYWORD}|\b\w+\.\w[\w.]*(?:{_CALL})*|\b\w+{_CALL}|__\w+__|\[[^\]]* for [^\]]*\]"
)


def spellings_tables() -> str:
    """Return a table of what is written elsewhere and here, for each room of other libraries."""
    grouped = {about: _by_advice(table) for about, table in SPELLINGS.items()}
    grouped["Losses, activations and their like, by name"] = {
        repr(here): list(map(repr, others)) for here, others in nn_spellings.NAMED.items()
    }
    parts: list[str] = []
    for about, elsewhere in grouped.items():
        rows = [(f"`{'`, `'.join(keys)}`", _advice(here)) for here, keys in elsewhere.items()]
        shown = Table(("elsewhere", "here"), rows, "<<").markdown(escaped=False)
        parts.append(f"### {about}\n\n{shown}")
    return "\n\n".join(parts)


def _by_advice(table: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the keys that have one advice in common, for each advice."""
    found: dict[str, list[str]] = {}
    for key, here in table.items():
        found.setdefault(here, []).append(key)
    return found


def _advice(here: str) -> str:
    """Return what to write here in Markdown, its code marked as such."""
    try:
        ast.parse(here)
    except SyntaxError:  # a sentence
        prose = [markdown_text(text) for text in _CODE.split(here)]
        code = [f"`{text}`" for text in _CODE.findall(here)]
        return "".join([x for pair in zip(prose, [*code, ""], strict=True) for x in pair])
    return f"`{here}`"


def course() -> str:
    """Return what the notebooks' own overview says of them, with links to their pages."""
    overview = (REFERENCE.parent.parent / "notebooks" / "README.md").read_text(encoding="utf-8")
    _title, _, text = overview.partition("\n")
    return re.sub(r"\]\((\w+\.ipynb)\)", r"](course/\1)", text.strip())


MADE: dict[str, Callable[[], str]] = {
    "<!-- primitives -->": primitives_table,
    "<!-- domains -->": domains_table,
    "<!-- course -->": course,
    "<!-- spellings -->": spellings_tables,
    ".. other functions": other_functions,
}
