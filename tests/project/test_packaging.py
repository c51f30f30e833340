"""What gets installed: the built wheel, and which checkout the tests run against."""

import ast
import importlib
import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import autograd
from support.places import ROOT

VERSION = autograd.__version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel built from this checkout, as a dictionary from name to content."""
    pytest.importorskip("hatchling", reason="hatchling is not installed, so no wheel is built")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    assert path.name == f"chalkgrad-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def dist_info(name):
    return f"chalkgrad-{VERSION}.dist-info/{name}"


def test_the_wheel_holds_every_file_of_both_packages_and_the_plugin_and_nothing_else(wheel):
    sources = {
        name.as_posix()
        for package in ("autograd", "nn")
        for name in (path.relative_to(ROOT) for path in (ROOT / package).rglob("*.*"))
        if not any(part.startswith((".", "__pycache__")) for part in name.parts)
    }
    held = {name for name in wheel if not name.startswith(dist_info(""))}
    assert held == sources | {"chalkgrad.py", "chalkgrad_pytest.py"}
    assert {
        "autograd/__init__.py",
        "autograd/py.typed",
        "nn/__init__.py",
        "nn/datasets/digits.npz",
        "nn/datasets/first_names.txt.gz",
        "nn/py.typed",
    } <= held


def test_the_wheel_carries_the_licences_of_the_code_and_of_the_digits(wheel):
    assert b"MIT License" in wheel[dist_info("licenses/LICENSE")]
    for name in (
        "nn/datasets/digits.LICENSE.txt",
        dist_info("licenses/nn/datasets/digits.LICENSE.txt"),
    ):
        licence = wheel[name].decode()
        assert "E. Alpaydin and C. Kaynak" in licence
        assert "https://doi.org/10.24432/C50P49" in licence
        assert "Creative Commons Attribution 4.0 International Public License" in licence


def test_the_wheel_names_its_command_and_what_it_needs(wheel):
    assert b"chalkgrad = nn.command.cli:main" in wheel[dist_info("entry_points.txt")]
    assert b"chalkgrad_pytest = chalkgrad_pytest" in wheel[dist_info("entry_points.txt")]
    lines = wheel[dist_info("METADATA")].decode().splitlines()
    needed = {
        line.removeprefix("Requires-Dist: ").split(">=")[0]
        for line in lines
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    }
    assert needed == {"graphviz", "numpy", "tqdm"}
    assert "Requires-Python: >=3.11" in lines
    assert "License-Expression: MIT" in lines


def test_no_file_of_the_wheel_names_the_place_it_was_built_in(wheel):
    here = str(ROOT).encode()
    assert [name for name, content in wheel.items() if here in content] == []


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_the_packages_under_test_are_those_of_this_checkout(package):
    """HIPS's distribution has a package called autograd too, and would be found first."""
    imported = importlib.import_module(package)
    assert Path(imported.__file__).resolve() == (ROOT / package / "__init__.py").resolve()


def test_the_version_is_written_once_and_told_of_by_the_changelog_and_the_citation():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"] == {"path": "autograd/__init__.py"}
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    dates = dict(re.findall(r"^## \[(.+)\] - (\S+)$", changelog, re.MULTILINE))
    assert next(iter(dates)) == VERSION
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {VERSION}\ndate-released: {dates[VERSION]}\n" in citation


def test_the_installed_version_is_the_one_of_this_checkout():
    assert metadata.version("chalkgrad") == VERSION, "run make test to install anew"


def test_the_lowest_versions_that_are_tested_are_those_declared():
    lowest = runpy.run_path(str(ROOT / ".ci" / "versions.py"))["lowest"]()
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {name.replace(">=", "==") for name in declared["dependencies"]} <= set(lowest)
    # Those of the extras that the tests' extra names, too.
    assert any(pin.startswith("matplotlib==") for pin in lowest)
    assert not any(pin.startswith("chalkgrad") for pin in lowest)


def imported_modules(path):
    """Return the full names of the modules that the file at ``path`` imports, wherever."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_autograd_knows_nothing_of_nn():
    for path in (ROOT / "autograd").rglob("*.py"):
        for module in imported_modules(path):
            assert module.split(".")[0] != "nn", f"{path.relative_to(ROOT)} imports {module}"


def test_nn_uses_only_what_autograd_exports():
    for path in (ROOT / "nn").rglob("*.py"):
        for module in imported_modules(path):
            assert not module.startswith("autograd."), f"{path.relative_to(ROOT)} imports {module}"


def test_every_public_name_can_be_completed() -> None:
    assert set(autograd.__all__) <= set(dir(autograd))
    assert {"explain", "check_gradients", "laboratory"} <= set(dir(autograd))


def test_the_distribution_is_imported_by_its_own_name() -> None:
    import chalkgrad

    assert chalkgrad.autograd.__version__ == chalkgrad.__version__
    assert chalkgrad.nn is importlib.import_module("nn")
    told = subprocess.run(
        [sys.executable, "-m", "chalkgrad", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout == f"chalkgrad {chalkgrad.__version__}\n"
