"""The command export: files for other libraries, what it says of them, and what it refuses."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.command import cli
from nn.command.export import FORMS

MODEL = nn.Sequential(nn.Layer(2, 4, "relu", seed=3), nn.Dropout(0.5), nn.Layer(4, 2, "linear"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in a folder with a model; give its exit code, output and complaint."""
    monkeypatch.chdir(tmp_path)
    MODEL.save("model.json")

    def main(*words: str) -> tuple[int, str, str]:
        code = cli.main(["export", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return main


@pytest.mark.tools
def test_to_onnx(run: Any) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: make test-tools")
    code, out, _ = run("model.json", "--to", "onnx")
    first, second = out.splitlines()
    assert code == 0
    assert first.startswith("22 parameters as float64, ")
    assert first.endswith(" bytes as json. File: model.onnx")
    assert second == "Inputs: X. Outputs: outputs."
    ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    (found,) = ort.InferenceSession("model.onnx").run(None, {"X": np.ones((3, 2))})
    np.testing.assert_allclose(found, MODEL.predict(np.ones((3, 2))), atol=1e-12)


@pytest.mark.tools
def test_to_torch(run: Any) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: make test-tools")
    code, out, _ = run("model.json", "-o", "a.pth", "--dtype", "float32")
    assert code == 0
    assert "  (2): Dropout(p=0.5, inplace=False)\n" in out
    assert "module = nn.interop.to_torch(model, dtype='float32'), shown below" in out
    assert "module.load_state_dict(torch.load('a.pth', weights_only=True))" in out
    state = torch.load("a.pth", weights_only=True)
    assert {x.dtype for x in state.values()} == {torch.float32}
    again = nn.interop.from_torch(state, nn.Module.load("model.json"))
    np.testing.assert_allclose(again.predict([[1.0, 2.0]]), MODEL.predict([[1.0, 2.0]]), rtol=1e-6)


@pytest.mark.tools
def test_to_safetensors(run: Any) -> None:
    pytest.importorskip("safetensors", reason="safetensors is not installed: make test-tools")
    code, out, _ = run(".", "--to", "safetensors")  # the folder of model.json
    assert code == 0
    assert out.endswith("Read it by nn.interop.from_safetensors('model.safetensors').\n")
    again = nn.interop.from_safetensors("model.safetensors")
    assert again.predict([[1.0, 2.0]]).tolist() == MODEL.predict([[1.0, 2.0]]).tolist()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model.json"], "the form is not told: write --to onnx, --to torch or --to safetensors"),
        (["model.json", "-o", "a.txt"], "the form is not told by the ending '.txt': write --to"),
        (
            ["model.json", "--to", "onnx", "-o", "a.pt"],
            ".pt is the ending of --to torch, and --to onnx is asked for: write -o a.onnx",
        ),
        (["model.json", "--to", "pytorch"], "no form is called 'pytorch'. Did you mean 'torch'?"),
        (["model.json", "--to", "ONNX"], "no form is called 'ONNX'. Did you mean 'onnx'?"),
        (["model.json", "--format", "onnx"], "unrecognized arguments: --format onnx: write --to"),
        (["model.json", "-to", "onnx"], "unrecognized arguments: -to: write --to"),
        (["model.json", "--too", "onnx"], "is --to meant?"),
        (["model.json", "--to", "onnx", "--dtype", "f32"], "Did you mean 'float32'?"),
        (["model.json", "--to", "onnx", "--lr", "1"], "it is an option of chalkgrad train"),
        (["model.json", "--to", "onnx", "-o", " "], "--output must name where to write"),
        (
            ["model.json", "--to", "onnx", "-o", "model.json"],
            "is the model's file itself: write",
        ),
        (["nowhere.json", "--to", "onnx"], "there is no file nowhere.json"),
        (["other.json", "--to", "onnx"], "other.json: expected a file whose format is"),
        ([], "the following arguments are required: model"),
    ],
)
def test_what_it_refuses(run: Any, words: list[str], said: str) -> None:
    Path("other.json").write_text(json.dumps({"a": 1}))
    code, out, err = run(*words)
    assert code == 2
    assert not out
    assert said in err
    assert {path.name for path in Path().iterdir()} == {"model.json", "other.json"}


@pytest.mark.tools
@pytest.mark.parametrize("form", FORMS)
def test_a_folder_that_is_not_there(run: Any, form: str) -> None:
    pytest.importorskip(form, reason=f"{form} is not installed: make test-tools")
    code, _, err = run("model.json", "--to", form, "-o", "nowhere/a")
    assert code == 2
    assert "could not be written: cannot write nowhere/a: there is no folder nowhere" in err


@pytest.mark.parametrize("form", FORMS)
def test_a_library_that_is_not_there(run: Any, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in [form, *[key for key in sys.modules if key.partition(".")[0] == form]]:
        monkeypatch.setitem(sys.modules, key, None)
    code, out, err = run("model.json", "--to", form)
    write = f'pip install "chalkgrad[{form}]"'
    assert (code, out) == (2, "")
    assert err == f"chalkgrad: this needs {form}, which is not installed: {write}\n"


@pytest.mark.tools
def test_a_layer_without_a_counterpart(run: Any) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: make test-tools")

    class Doubled(nn.Module):
        def __call__(self, inputs: Any) -> Any:
            return [2.0 * x for x in inputs]

    Doubled().save("own.json")
    code, _, err = run("own.json", "--to", "onnx")
    assert code == 2
    assert err.startswith("chalkgrad: Doubled is a class of its own, whose counterpart")
