"""Libraries that are not there, too old or damaged, and what the house says of them."""

import doctest
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nn
from autograd import asked
from support.places import ROOT

CALLS: dict[str, Callable[[Path], Any]] = {
    "torch": lambda path: nn.interop.to_torch(nn.Neuron(1)),
    "onnx": lambda path: nn.interop.to_onnx(nn.Neuron(1)),
    "safetensors": lambda path: nn.interop.to_safetensors(nn.Neuron(1), path / "a"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_library_that_is_not_there_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in [key for key in sys.modules if key.partition(".")[0] == name]:
        monkeypatch.setitem(sys.modules, key, None)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError) as caught:
        CALLS[name](tmp_path)
    assert str(caught.value) == (
        f'this needs {name}, which is not installed: pip install "chalkgrad[{name}]"'
    )
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_too_old_or_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
    monkeypatch.setattr(asked, "version", lambda name: "1.13.1")
    with pytest.raises(ImportError, match=r"needs torch 2\.3 or later, and 1\.13\.1 is"):
        asked.library("torch")
    monkeypatch.setattr(asked, "version", lambda name: "2.13.0+cpu")
    assert asked.library("torch") is sys.modules["torch"]
    (tmp_path / "onnx.py").write_text("import missing_part_of_onnx\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "onnx", raising=False)
    with pytest.raises(ImportError, match=r"cannot be imported: No module named 'missing_p"):
        asked.library("onnx")

    def not_there(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(asked, "version", not_there)
    assert asked.library("torch") is sys.modules["torch"]


def test_the_lowest_versions_are_those_of_the_extras() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    for name, lowest in asked.LOWEST.items():
        assert extras[name] == [f"{name}>={'.'.join(map(str, lowest))}"]


def test_none_is_imported_before_it_is_asked_for() -> None:
    code = "import nn, sys; nn.interop.to_torch; nn.interop.to_onnx; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "nn" in loaded, done.stderr
    assert loaded.isdisjoint(asked.LOWEST)


def run_examples(text: str, name: str, scope: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(text, scope, name, None, 0)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(said)


@pytest.mark.tools
@pytest.mark.parametrize("name", nn.interop.__all__)
def test_an_example_is_right(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are skipped where they stand, since a library may be missing."""
    pytest.importorskip(re.split("_", name)[1], reason="it is not installed: make test-tools")
    monkeypatch.chdir(tmp_path)
    function = getattr(nn.interop, name)
    text = function.__doc__.replace("# doctest: +SKIP", "")
    scope = {each: getattr(nn.interop, each) for each in nn.interop.__all__}
    run_examples(text, name, scope)


@pytest.mark.tools
def test_the_page_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CALLS, "onnxruntime"):
        pytest.importorskip(name, reason=f"{name} is not installed: make test-tools")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
    run_examples("".join(re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)), "page", {})
