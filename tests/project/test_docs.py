"""The documentation: it names every public thing, with an example, and points at tests there are.

It asks the pages' sources; the built pages are looked at in `test_site.py`. That examples are right
is tested where they stand, as docstrings.
"""

import ast
import builtins
import doctest
import importlib
import inspect
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import autograd
from autograd import spellings
from autograd.engine.primitives import TABLE
from autograd.pages.walkthrough import walkthrough_function
from nn import losses
from nn import spellings as nn_spellings
from nn.layers import spellings as layer_spellings
from nn.sklearn import spellings as sklearn_spellings
from support.places import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def tables() -> Any:
    return loaded("tables")


def loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The reference -----------------------------------------------------------------------------------


def test_every_public_name_has_an_entry_in_the_reference(tables: Any):
    wanted = {f"{m}.{name}" for m in tables.MODULES for name in tables.public_names(m)}
    assert len(wanted) > 170
    wanted.discard("nn.datasets")  # a page of its own
    missing = sorted(wanted - set(tables.entries()))
    assert not missing, f"add to a page in docs/reference: {', '.join(missing)}"
    assert "nn.datasets" in tables.entries()


def test_every_entry_of_the_reference_is_a_public_name(tables: Any):
    known = {f"{m}.{name}" for m in tables.MODULES for name in tables.public_names(m)}
    assert set(tables.entries()) - known - set(tables.MODULES) == set()
    for entry, target in tables.entries().items():
        assert tables.entries()[target] == target, entry


def thing(tables: Any, name: str) -> Any:
    if name in tables.MODULES and name != "autograd.compile":
        return importlib.import_module(name)
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def test_every_public_name_has_an_example(tables: Any):
    without = [
        name
        for name in sorted(set(tables.entries().values()))
        if callable(thing(tables, name))
        and ">>>" not in (inspect.getdoc(thing(tables, name)) or "")
    ]
    assert not without, f"give an example in the docstring: {', '.join(without)}"


def cells_of(table: str) -> dict[str, list[str]]:
    """Return the cells of each line of a table of primitives, three on each."""
    head, rule, *lines = [line.strip("|").split("|") for line in table.splitlines()]
    assert [len(cells) for cells in (head, rule, *lines)] == [3] * (2 + len(TABLE))
    for cells, name in zip(lines, TABLE, strict=True):
        assert f"`{name}" in cells[0]
    return dict(zip(TABLE, lines, strict=True))


def test_the_tables_of_primitives_have_a_line_for_each_row(tables: Any):
    formulas = cells_of(tables.primitives_table())
    domains = cells_of(tables.domains_table())
    for name, row in TABLE.items():
        assert formulas[name][1].count("$") == 2
        variables = 1 if row.arity is None else row.arity - row.constants
        assert formulas[name][2].count(r"\partial z") >= variables
        assert domains[name][2].count("at $") == len(row.subgradients)
    assert r"$\tanh\left(x\right)$" in formulas["tanh"][1]
    assert r"}{\cosh\left(x\right)^{2}} \\ &= 1 - \tanh\left(x\right)^{2}" in formulas["tanh"][2]
    assert "[-20, 20]" in domains["tanh"][1]
    assert "at $0$: $0$" in domains["relu"][2]


def test_a_new_primitive_has_its_entry_without_an_edit(tables: Any, monkeypatch: Any):
    listed = (tables.REFERENCE / "functions.rst").read_text(encoding="utf-8")
    page = listed.replace(".. autofunction:: autograd.tanh\n", "")
    assert page != listed
    monkeypatch.setattr(Path, "read_text", lambda path, **_: page)
    assert ".. autofunction:: autograd.tanh" in tables.other_functions().splitlines()


def test_docstrings_reach_the_pages_as_they_are_meant():
    module = loaded("docstrings")
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted >= 3


def test_the_picture_of_the_first_page_is_of_the_example_beside_it():
    svg = (DOCS / "chain-rule.svg").read_text(encoding="utf-8")
    drawn = loaded("live").example()["picture"]
    numbers = set(re.findall(r"\b\d+\b", drawn.text))
    assert {"380", "39", "273", "312"} <= numbers
    told = set(re.findall(r"\d+", " ".join(re.findall(r"<text[^>]*>([^<]*)", svg))))
    assert numbers - told == set(), "make it again: python docs/live.py"


def test_the_live_page_of_the_readme_is_what_is_made_now():
    page = (DOCS / "walkthrough.html").read_text(encoding="utf-8")
    made = loaded("live").opening()
    script = walkthrough_function("f").partition("{")[2]
    for part in script.split("=PROGRAM"):
        assert part in page, "make it again: python docs/live.py, python docs/moving.py"
    rows = re.findall(r"<tr.*?</tr>", made.html)
    assert len(rows) > 9
    assert re.findall(r"<tr.*?</tr>", page) == rows


def test_the_readme_shows_it_moving_and_standing_still():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    first = readme[: readme.index("```python")]
    for name in ("moving.gif", "moving-dark.gif"):
        assert f"docs/{name}" in first
        assert (DOCS / name).stat().st_size <= 500_000
        with Image.open(DOCS / name) as film:
            assert film.n_frames > 20
    assert "prefers-reduced-motion" in first
    assert first.count("docs/walkthrough.html") == 2


# Where conventions differ ------------------------------------------------------------------------

CONVENTIONS = (DOCS / "conventions.md").read_text(encoding="utf-8")
# What is run, and what the page says that it is here.
MEASURED = re.findall(r"^\| `(.+?)`[^|]* \| ([^|]+) \|", CONVENTIONS, re.MULTILINE)


def numbers(x: Any) -> list[float]:
    return np.asarray(x, dtype=float).ravel().tolist()


@pytest.mark.parametrize(("code", "told"), MEASURED)
def test_a_convention_is_as_the_page_says(code: str, told: str):
    names = {name: getattr(autograd, name) for name in autograd.__all__}
    here = eval(code, {**vars(losses), **names, "nan": math.nan})
    expected = [float(x) for x in told.split(",")]
    assert numbers(here) == pytest.approx(expected, rel=5e-5, nan_ok=True)


def test_the_page_of_conventions_measures_many_and_its_examples_run():
    assert len(MEASURED) >= 27
    assert len(MEASURED) == CONVENTIONS.count("| `")
    done = doctest.testfile(str(DOCS / "conventions.md"), module_relative=False)
    assert (done.failed, done.attempted > 9) == (0, True)


def test_the_page_of_conventions_names_the_functions_of_python_that_a_star_import_hides():
    hidden = sorted(set(autograd.__all__) & set(dir(builtins)))
    (sentence,) = re.findall(r"takes the place of four of .*?:(.*?)\.", CONVENTIONS, re.DOTALL)
    assert re.findall(r"`(\w+)`", sentence) == hidden


def test_every_spelling_of_another_library_stands_on_the_page(tables: Any):
    page = tables.spellings_tables()
    rows = {tuple(line.strip("| ").split(" | ")) for line in page.splitlines() if "` | " in line}
    told = {(key, re.sub(r"[`\\]", "", here)) for keys, here in rows for key in keys.split(", ")}
    assert all(here.count("`") % 2 == 0 for _, here in rows)
    for module in (spellings, nn_spellings, layer_spellings, sklearn_spellings):
        for name, table in vars(module).items():
            if name.isupper() and isinstance(table, Mapping):
                pairs = [(other, here) for here, others in table.items() for other in others]
                wanted = (
                    [(f"{x!r}", f"{here!r}") for x, here in pairs] if name == "NAMED" else table
                )
                missing = {(f"`{key}`", here) for key, here in dict(wanted).items()} - told
                assert not missing, name


# Links -------------------------------------------------------------------------------------------


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


ITEMS = [f"A{part}.{i}" for part, count in ((1, 12), (2, 10), (3, 9), (4, 19), (5, 8))
         for i in range(1, count + 1)]  # fmt: skip


def test_every_item_of_the_sources_names_a_test_that_exists():
    text = (DOCS / "sources.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (A\d\.\d+) \| (.*) \|$", text, re.MULTILINE))
    assert list(rows) == ITEMS
    for item, row in rows.items():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, f"{item} names no test"
        for file, name in named:
            assert name.startswith("test_")
            assert name in functions(ROOT / file), f"{item}: {file} has no {name}"


def test_every_notebook_that_a_page_names_exists():
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"course/([\w.-]+\.ipynb)", text):
            assert (ROOT / "notebooks" / name).is_file(), f"{page.name}: {name}"


def test_pages_link_to_pages_that_exist():
    for page in [*DOCS.glob("*.md"), *DOCS.glob("reference/*.md")]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([\w./-]+\.(?:md|rst|svg))\)", text):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_the_page_of_how_it_is_built_names_files_that_exist_and_its_examples_run():
    page = DOCS / "how-it-is-built.md"
    named = set(re.findall(r"`([\w/]+/[\w.]+)`", page.read_text(encoding="utf-8")))
    assert len(named) > 30
    missing = sorted(file for file in named if not (ROOT / file).is_file())
    assert not missing, f"{page.name} names {', '.join(missing)}"
    done = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert (done.failed, done.attempted > 15) == (0, True)


def test_the_guide_for_contributors_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:autograd|nn|tests|docs|benchmarks)/[\w./]*)`", text)
    assert len(named) > 8
    missing = {path for path in named if not (ROOT / path).exists()}
    assert missing <= {"docs/_build/html"}  # there when `make docs` has run
