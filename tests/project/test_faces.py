"""The faces: what people import, where the documentation imports it from, and what that loads."""

import ast
import doctest
import importlib
import inspect
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import autograd
import autograd.check
import nn
from support.places import ROOT

FACES = {
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
    "nn.activations",
    "nn.datasets",
    "nn.init",
    "nn.interop",
    "nn.layers",
    "nn.losses",
    "nn.optim",
    "nn.plots",
    "nn.schedules",
    "nn.sklearn",
}
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
]
STUBBED = ["autograd", "autograd.check", "autograd.compile", "autograd.micrograd", "nn"]


def source_of(block: str) -> str:
    """Return the code of examples."""
    return "".join(example.source for example in doctest.DocTestParser().get_examples(block))


def programs(page: Path) -> Iterator[str]:
    """Yield the Python of a page: cells of a notebook, or what stands between fences."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        for cell in json.loads(text)["cells"]:
            if cell["cell_type"] == "code":
                yield "".join(cell["source"])
        return
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield source_of(block) or block


def imports(programs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield module and name of what is imported of these packages; "" is the module itself."""
    for program in programs:
        for node in ast.walk(ast.parse(program)):
            if isinstance(node, ast.Import):
                found = [(alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found = [(node.module or "", alias.name) for alias in node.names]
            else:
                continue
            yield from [(m, n) for m, n in found if m.split(".")[0] in ("autograd", "nn")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_imports_from_the_faces_alone(page: Path) -> None:
    for module, name in imports(programs(page)):
        assert module in FACES, f"{page.name} imports from {module}, which is no face"
        if name:
            exec(f"from {module} import {name}", {})
        else:
            importlib.import_module(module)


def test_the_pages_import_something() -> None:
    found = [pair for page in PAGES for pair in imports(programs(page))]
    assert ("autograd.check", "forward_mode") in found
    assert ("autograd", "") in found
    assert len(found) > 100


@pytest.mark.parametrize("face", sorted(FACES))
def test_examples_of_public_names_import_from_the_faces_alone(face: str) -> None:
    module = importlib.import_module(face)
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        # Of a class its methods, too; data have the docstring of their type.
        things = [thing, *vars(thing).values()] if isinstance(thing, type) else [thing]
        docs = [inspect.getdoc(each) or "" for each in things if hasattr(each, "__doc__")]
        for path, _ in imports(map(source_of, docs)):
            assert path in FACES, f"an example of {face}.{name} imports from {path}"


# The stubs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("package", STUBBED)
def test_every_name_of_a_stub_is_there_and_completed(package: str) -> None:
    # The attribute `autograd.compile` is the function.
    module = sys.modules.get(package) or importlib.import_module(package)
    assert module.__all__ == sorted(set(module.__all__))
    for name in dir(module):
        assert getattr(module, name) is getattr(module, name)
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute 'sinus'"):
        _ = module.sinus


def test_a_star_brings_what_is_promised() -> None:
    scope: dict[str, object] = {}
    exec("from autograd import *", scope)
    assert set(scope) - {"__builtins__"} == set(autograd.__all__)
    assert scope["tanh"] is autograd.tanh
    assert "recording_anyway" not in scope


def test_a_primitive_needs_no_entry_in_the_face() -> None:
    """Its public function is there because its module defines it."""
    text = (ROOT / "autograd" / "__init__.pyi").read_text(encoding="utf-8")
    names = {"tanh", "maximum", "clip", "select"}
    assert names <= set(autograd.__all__)
    assert not [name for name in names if re.search(rf"\b{name}\b", text)]
    assert not {"math", "np", "apply", "number"} & set(dir(autograd))


@pytest.mark.parametrize("name", ["tanh", "compile", "grad", "Value", "check_gradients", "draw"])
def test_a_public_name_pickles_by_where_it_stands(name: str) -> None:
    thing = getattr(autograd, name)
    assert pickle.loads(pickle.dumps(thing)) is thing


def run(code: str) -> str:
    """Return what a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "before",
    [
        "",
        "import autograd.compile.program",
        "from autograd.compile import Program",
        "import autograd.compile",
        "from autograd import *",
        "import nn.training.engines.compiled",
    ],
)
def test_compile_is_the_function_whatever_was_imported_before(before: str) -> None:
    code = f"import autograd\n{before}\nfrom autograd import compile as f\n"
    assert run(f"{code}print(f is autograd.compile, f(lambda x: x * x)(3.0))") == "True 9.0"


def test_rooms_are_modules_and_are_found_without_an_import_of_their_own() -> None:
    rooms = "autograd.check, autograd.display, autograd.laboratory, autograd.transforms"
    rooms += ", nn.activations, nn.datasets, nn.init, nn.layers, nn.losses, nn.optim, nn.schedules"
    code = f"import autograd, nn\nprint({{type(room).__name__ for room in ({rooms})}})"
    assert run(code) == "{'module'}"


def test_importing_computes_and_loads_nothing_else() -> None:
    """No compiler, no checker, no pictures, and none of the standard library's larger parts."""
    loaded = set(run("import autograd, nn, sys\nprint(*sys.modules)").split())
    assert "autograd.engine.value" in loaded
    for module in (
        "autograd.compile.program",
        "autograd.check.judge.gradients",
        "autograd.display.drawing",
        "nn.training.fit",
        "graphviz",
        "matplotlib",
        "sklearn",
        "tqdm",
        "urllib.request",
    ):
        assert module not in loaded


def test_old_pickles_find_what_has_moved_as_soon_as_autograd_is_imported() -> None:
    code = "import autograd, importlib\nprint(importlib.import_module('autograd.row').Primitive)"
    assert run(code) == "<class 'autograd.engine.primitive.Primitive'>"


def test_nn_finds_its_moved_modules_too() -> None:
    assert run("import nn, importlib\nprint(importlib.import_module('nn.history').History)") == (
        f"<class '{nn.History.__module__}.History'>"
    )


def test_the_faces_of_the_checker_and_of_the_engine_hand_out_the_same() -> None:
    assert autograd.check.check_gradients is autograd.check_gradients
