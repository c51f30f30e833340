"""The house stays as it is drawn: who imports whom, and how large files and folders are."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import house
from support.places import ROOT

MODULES = house.read(ROOT)

# From the ground up; what stands on one floor does not know each other.
FLOORS = [
    {
        "autograd.asked", "autograd.blocks", "autograd.errors", "autograd.escaping",
        "autograd.faces", "autograd.files", "autograd.spellings", "autograd.table",
    },
    {"autograd.engine"},
    {
        "autograd.transforms", "autograd.functions", "autograd.vocabulary", "autograd.expression",
        "autograd.micrograd",
    },
    {"autograd.compile", "autograd.check", "autograd.display"},
    {"autograd.laboratory", "autograd.pages"},
    {"autograd"},
    {"nn"},
]  # fmt: skip
# Walls inside a floor that are imported through, because the one is made for the other.
DOORS = {
    ("autograd.asked", "autograd.spellings"),
    ("autograd.faces", "autograd.spellings"),
    ("autograd.files", "autograd.asked"),
    ("autograd.table", "autograd.escaping"),
    ("autograd.vocabulary", "autograd.functions"),
    ("autograd.expression", "autograd.vocabulary"),
}


def floor(room: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def room(module: str) -> str:
    if module.split(".")[0] == "nn":
        return "nn"
    return ".".join(module.split(".")[:2])


def test_imports_go_down() -> None:
    for name, module in MODULES.items():
        for to in module.imports(MODULES):
            here, there = room(name), room(to)
            if here == there or here == "autograd":  # the face hands on from everywhere
                continue
            assert floor(there) < floor(here) or (here, there) in DOORS, f"{name} imports {to}"


def test_every_room_has_a_floor() -> None:
    assert {room(name) for name in MODULES} == set().union(*FLOORS)


def test_nothing_is_imported_in_a_circle() -> None:
    assert house.circles(MODULES, on_import=True) == []
    # Late and on purpose: a Value is pickled by what rebuilds it, and a history draws itself.
    assert house.circles(MODULES) == [
        ["autograd.engine.serialization", "autograd.engine.value"],
        ["nn.plots", "nn.plots.results", "nn.training.history"],
    ]


def test_folders_and_files_are_of_a_size_to_know() -> None:
    folders = house.folders(MODULES)
    full = {folder: n for folder, n in folders.items() if n > 12}
    assert full == {}, "more than 12 files: join two that belong together, or move one"
    long = set(house.long_files(MODULES)) - {"autograd/engine/primitives.py"}
    assert long == set(), "more than 400 lines: something in it belongs elsewhere"


def test_functions_fit_on_a_screen() -> None:
    assert house.long_functions(MODULES) == []


def test_a_class_name_has_one_meaning() -> None:
    names = Counter(name for module in MODULES.values() for name in house.classes(module))
    # micrograd's names are what its room is for.
    theirs = {"Value", "Module", "Neuron", "Layer", "MLP"}
    assert {name: n for name, n in names.items() if n > 1} == dict.fromkeys(theirs, 2)


def test_code_asks_no_row_for_its_name() -> None:
    # But at the door to the table, where a name must be free.
    doors = ("autograd/engine/primitive.py", "autograd/check/register.py")
    assert [at for at in house.row_names(MODULES) if at.split(":")[0] not in doors] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import b\n", [["a", "b"]]),
        ("def f():\n    import b\n", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\n", []),
        ("try:\n    import b\nexcept ImportError:\n    pass\n", [["a", "b"]]),
        ("", []),
    ],
)
def test_the_counts_see_circles(tmp_path: Path, text: str, found: list[list[str]]) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "__init__.py").write_text("")
    (tmp_path / "p" / "a.py").write_text(text.replace("import b", "from p import b"))
    (tmp_path / "p" / "b.py").write_text("from p.a import __name__ as name\n")
    modules = house.read(tmp_path, ["p"])
    wanted = [[f"p.{name}" for name in group] for group in found]
    assert house.circles(modules, on_import=True) == wanted
    assert house.circles(modules) == ([["p.a", "p.b"]] if text else [])


def test_the_counts_see_lines_of_code_and_repetitions(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    body = "".join(f"    x{i} = row.name == 'a{i}'\n\n    # reason\n" for i in range(70))
    (tmp_path / "p" / "a.py").write_text(f'def f(row):\n    """Docstring.\n\n    More."""\n{body}')
    (tmp_path / "p" / "b.py").write_text(
        "ops = {'+': 'add', '*': 'mul'}\n" + body.replace("    ", "")
    )
    modules = house.read(tmp_path, ["p"])
    assert [(f.name, f.lines) for f in house.long_functions(modules)] == [("f", 71)]
    assert house.repeated(modules) == 65
    assert len(house.row_names(modules)) == 140
    assert house.operator_tables(modules) == ["p/b.py:1"]
    assert len(modules["p.a"].code_lines) == 71


def test_no_test_file_has_the_name_of_a_module_of_python() -> None:
    """Pytest puts the folder of each first on the path, and others would import it in its place."""
    names = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    assert not names & set(sys.stdlib_module_names) - {"__init__"}
