"""Files of numbers: safetensors written and read, state dicts of PyTorch, and damaged ones."""

import json
import os
import pickle
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, asked
from nn.elsewhere.libraries import is_older
from nn.interop import from_safetensors, from_torch, to_safetensors, to_torch
from nn.interop.tensors import matched
from support.chosen_profile import PROFILE
from support.damage import damaged
from support.handed import NETWORKS, network

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="torch is not installed: make test-tools")


@pytest.fixture(scope="module")
def files() -> Any:
    reason = "safetensors is not installed: make test-tools"
    return pytest.importorskip("safetensors.numpy", reason=reason)


@pytest.fixture(scope="module")
def reads(torch: Any) -> Any:
    """Torch, where its version reads files safely."""
    if is_older("torch", (2, 6)):
        pytest.skip("torch before 2.6 is not trusted with files")
    return torch


def numbers(model: Any) -> list[float]:
    return [value.data for value in model.parameters()]


class Parabola(nn.Module):
    def __init__(self) -> None:
        self.a = Value(2.0)
        self.rest = [Value(1.0), Value(0.5)]
        self.inner = {"row": nn.Layer(2, 3)}

    def __call__(self, inputs: Any) -> Any:
        return self.a * inputs[0] ** 2 + self.rest[0] * self.inner["row"](inputs)[1] + self.rest[1]


# safetensors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_a_network_comes_back_exactly(files: Any, tmp_path: Path, seed: int) -> None:
    model, _ = network(seed)
    path = tmp_path / "model.safetensors"
    to_safetensors(model, path)
    again = from_safetensors(path)
    assert repr(again) == repr(model)
    assert numbers(again) == numbers(model)
    assert again.training is False
    first = path.read_bytes()
    to_safetensors(again, path)
    assert path.read_bytes() == first


def test_its_tensors_have_the_names_of_a_state_dict(files: Any, torch: Any, tmp_path: Path) -> None:
    model, _ = network(2)
    to_safetensors(model, tmp_path / "a.safetensors")
    load = pytest.importorskip("safetensors.torch").load_file
    module = to_torch(model)
    for parameter in module.parameters():
        parameter.data.zero_()
    module.load_state_dict(load(tmp_path / "a.safetensors"))
    assert numbers(from_torch(module)) == numbers(model)


def test_classes_and_preprocessing_come_back(files: Any, tmp_path: Path) -> None:
    X, y = nn.datasets.moons(60, seed=0)
    model = nn.MLP([2, 3, 1])
    nn.fit(model, X, np.where(y, "up", "down"), loss="binary_cross_entropy", epochs=1,
           optimizer=nn.SGD(model.parameters(), 0.1), batch_size=10, progress=False,
           preprocessing=nn.StandardScaler())  # fmt: skip
    to_safetensors(model, tmp_path / "a.safetensors")
    again = from_safetensors(tmp_path / "a.safetensors")
    assert again.classes.tolist() == ["down", "up"]
    assert again.predict(X).tolist() == model.predict(X).tolist()


def test_a_class_of_ones_own(files: Any, tmp_path: Path) -> None:
    model = Parabola()
    path = tmp_path / "a.safetensors"
    to_safetensors(model, path)
    assert sorted(files.load_file(path)) == [
        "a", "inner.row.0.bias", "inner.row.0.weight", "rest.0", "rest.1",
    ]  # fmt: skip
    again = from_safetensors(path)
    assert isinstance(again, Parabola)
    assert numbers(again) == numbers(model)
    assert len(from_safetensors(path, nn.Sequential(Parabola())).parameters()) == 12


def test_float32_and_files_of_others(files: Any, tmp_path: Path) -> None:
    model, _ = network(0)
    path = tmp_path / "a.safetensors"
    to_safetensors(model, path, dtype="float32")
    assert numbers(from_safetensors(path)) == [float(np.float32(x)) for x in numbers(model)]
    rng = np.random.default_rng(0)
    given = {
        "out.weight": rng.normal(size=(1, 4)).astype("f2"),
        "layer10.weight": rng.normal(size=(4, 4)),
        "layer10.bias": rng.normal(size=4),
        "layer9.weight": rng.normal(size=(4, 4)),
        "layer9.bias": rng.normal(size=4),
    }
    small = nn.MLP([4, 4, 4, 1], "relu")
    files.save_file(given, path)
    with pytest.raises(ValueError, match=r"expected '4\.bias'; it is missing, and other layers"):
        from_safetensors(path, small)
    files.save_file({**given, "out.bias": np.zeros(1)}, path)
    assert from_safetensors(path, small) is small
    (first, _), (second, _), (last, bias) = small.arrays()
    assert first.tolist() == given["layer9.weight"].tolist()
    assert second.tolist() == given["layer10.weight"].tolist()
    assert last.tolist() == given["out.weight"].astype(float).tolist()
    assert bias.tolist() == [0.0]
    with pytest.raises(
        ValueError, match=r"tells no model, but holds .* write from_safetensors\(path,"
    ):
        from_safetensors(path)


def test_a_model_to_fill_is_the_one_of_the_file(files: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    model, X = nn.MLP([2, 4, 1], seed=1), np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 2.0], [0.0, 1.0]])
    nn.fit(model, X, ["a", "b", "b", "a"], loss="binary_cross_entropy", epochs=1, batch_size=4,
           optimizer=nn.SGD(model.parameters(), 0.1), preprocessing=nn.StandardScaler(),
           validation=None, progress=False)  # fmt: skip
    to_safetensors(model, path)
    again = from_safetensors(path, nn.MLP([2, 4, 1]))
    assert again.predict(X).tolist() == model.predict(X).tolist()
    assert again.predict_classes(X).tolist() == model.predict_classes(X).tolist()
    other = nn.MLP([2, 4, 1], "relu")
    before = numbers(other)
    with pytest.raises(ValueError, match="with 'tanh' where the one to fill has 'relu'"):
        from_safetensors(path, other)
    assert numbers(other) == before


def test_what_it_tells_is_checked(files: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    model = nn.MLP([2, 3, 1])

    def refused(tensors: dict[str, Any], metadata: Any, said: str, into: Any = None) -> None:
        files.save_file(tensors, path, metadata)
        with pytest.raises(ValueError, match=said) as caught:
            from_safetensors(path, into)
        assert str(caught.value).startswith(str(path)) or into is not None

    row = np.ones((3, 2))
    refused({"a": row}, {"chalkgrad": "{"}, "Expecting property name")
    refused({"a": row}, {"chalkgrad": "[]"}, "expected what builds the model")
    form = {"format": "chalkgrad model", "version": 9}
    refused({"a": row}, {"chalkgrad": json.dumps(form)}, "expected version 2 of the model; found 9")
    form["version"] = 1
    refused({"a": row}, {"chalkgrad": json.dumps(form)}, "its checksum is not that of its text")
    refused({"a": row}, None, r"does not fit into MLP\(\[2, 3, 1\]\): expected 2 layer", model)
    refused({"w": np.ones((2, 3), dtype=np.int64)}, None, r"floats in 'w'; found I64", model)
    inf = {"0.weight": row * np.inf, "2.weight": np.ones((1, 3))}
    refused(inf, None, r"'0\.weight' in .* holds inf at \[0, 0\]", model)
    with pytest.raises(FileNotFoundError):
        from_safetensors(tmp_path / "nowhere.safetensors")


def test_damaged_files_are_read_or_refused_in_words(files: Any, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Layer(2, 3), nn.LayerNorm(3))
    path = tmp_path / "a.safetensors"
    to_safetensors(model, path)
    good = path.read_bytes()
    (length,) = struct.unpack("<Q", good[:8])
    huge = [struct.pack("<Q", n) + good[8:] for n in (2**63, 2**64 - 1, 2**40, length + 1, 0)]
    shape = good.replace(b"[3,2]", b"[9,9]")
    deep = struct.pack("<Q", 50_000) + b"[" * 50_000
    rng = random.Random(0)
    count = 2_000 if PROFILE == "long" else 150
    cut = [b"", b"\x80\x04hello", good[:-8], good[: length // 2], good + b"more"]
    for content in [*cut, shape, deep, *huge, *[damaged(good, rng) for _ in range(count)]]:
        path.write_bytes(content)
        said, found = "", numbers(model)
        try:
            found = numbers(from_safetensors(path))
        except ValueError as error:
            said = str(error)
        assert said.startswith(str(path)) if said else found == numbers(model), content


# State dicts of PyTorch ---------------------------------------------------------------------------


def test_a_file_of_a_state_dict(reads: Any, tmp_path: Path) -> None:
    model, _ = network(5)
    path = tmp_path / "a.pt"
    module = to_torch(model, path)
    again, _ = network(5)
    again.parameters()[0].data = 9.0
    assert numbers(from_torch(path, again)) == numbers(model)
    assert reads.load(path, weights_only=True).keys() == module.state_dict().keys()
    reads.save(module[0].weight, path)
    with pytest.raises(ValueError, match=r"a\.pt holds one tensor: write"):
        from_torch(path, again)


def test_layers_of_other_names_are_taken_in_order(torch: Any) -> None:
    state = {"module.fc1.weight": torch.ones(3, 2), "module.fc1.bias": torch.zeros(3),
             "module.last.weight": torch.ones(1, 3, dtype=torch.bfloat16),
             "module.last.bias": torch.ones(1)}  # fmt: skip
    model = from_torch(state, nn.MLP([2, 3, 1], "relu"))
    assert model.predict([[1.0, 2.0]]).tolist() == [[10.0]]
    with pytest.raises(ValueError, match=r"from_torch\(state, nn\.MLP\(\[2, 3, 1\], 'relu'\)\)"):
        from_torch(state)


def test_a_state_dict_that_does_not_fit_changes_nothing(torch: Any) -> None:
    model = nn.MLP([2, 3, 1])
    before = numbers(model)
    good = dict(to_torch(nn.MLP([2, 3, 1], seed=5)).state_dict())
    odd = [
        ({**good, "2.weight": torch.ones(1, 4)}, r"'2' with weight \(1, 3\).*shape \(1, 4\)"),
        (
            {**good, "2.weight": torch.full((1, 3), torch.nan)},
            r"2\.weight holds nan at \[0, 0\]",
        ),
        ({key: x for key, x in good.items() if key != "2.bias"}, "expected '2.bias'; it is missi"),
        ({**good, "4.weight": torch.ones(1, 1)}, r"expected 2 layer\(s\) with parameters; found 3"),
        ({**good, "2.running_mean": torch.ones(1)}, r"found '2\.running_mean' of shape \(1,\)"),
        ({"0.bias": good["0.bias"], "2.bias": good["2.bias"]}, "found '0' with bias alone"),
        ({**good, "0.bias": torch.ones(3, dtype=torch.int8)}, "holds int8, and parameters are flo"),
        ({"epoch": 3, "model": good}, r"under 'model': give that one alone, from_torch\(state\["),
        ({"epoch": 3}, "must hold tensors by their names; found 'epoch', 3"),
        ({}, "found nothing"),
        (to_torch(nn.MLP([2, 4, 1])), "the module does not fit into MLP"),
    ]
    for state, said in odd:
        with pytest.raises(ValueError, match=said):
            from_torch(state, model)
    assert numbers(model) == before


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("ran",)


def test_code_in_a_file_is_refused_and_never_run(
    reads: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = nn.MLP([2, 3, 1])
    reads.save({"a": Evil()}, "evil.pt")
    Path("evil2.pt").write_bytes(pickle.dumps(Evil(), protocol=2))
    reads.save(to_torch(model), "whole.pt")
    for name in ("evil.pt", "evil2.pt", "whole.pt"):
        with pytest.raises(
            ValueError, match=r"objects of Python, which may run .*state_dict\(\), path"
        ):
            from_torch(name, model)
    assert not Path("ran").exists()


def test_damaged_files_of_torch(reads: Any, tmp_path: Path) -> None:
    model = nn.MLP([2, 3, 1])
    path = tmp_path / "a.pt"
    to_torch(model, path)
    good = path.read_bytes()
    rng = random.Random(0)
    for content in (
        b"",
        b"hello",
        good[:500],
        good[100:],
        *[damaged(good, rng) for _ in range(40)],
    ):
        path.write_bytes(content)
        try:
            from_torch(path, nn.MLP([2, 3, 1]))
        except ValueError:
            continue
    with pytest.raises(FileNotFoundError):
        from_torch(tmp_path / "nowhere.pt", model)


def test_an_old_torch_is_not_trusted_with_files(
    torch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_torch(nn.MLP([2, 3, 1]), tmp_path / "a.pt")
    monkeypatch.setattr(asked, "version", lambda name: "2.5.1+cpu")
    with pytest.raises(ImportError, match=r"safely needs torch 2\.6 or later: .*CVE-2025-32434"):
        from_torch(tmp_path / "a.pt", nn.MLP([2, 3, 1]))


# Which tensor belongs to which --------------------------------------------------------------------

ROW, SQUARE = {"weight": (2, 3), "bias": (2,)}, {"weight": (2, 2), "bias": (2,)}


def named(**layers: Any) -> dict[str, Any]:
    return {f"{name}.{kind}": shape for name, x in layers.items() for kind, shape in x.items()}


def by_name(shapes: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(shapes.items()))


def test_layers_are_matched_by_order_shape_or_number() -> None:
    wanted = named(a=ROW, b=SQUARE, c=SQUARE)
    found = matched(wanted, named(x=ROW, z=SQUARE, y=SQUARE))
    assert [found[f"{name}.weight"] for name in "abc"] == ["x.weight", "z.weight", "y.weight"]
    found = matched(wanted, by_name(named(l1=ROW, l10=SQUARE, l9=SQUARE)))
    assert [found[f"{name}.bias"] for name in "abc"] == ["l1.bias", "l9.bias", "l10.bias"]
    with pytest.raises(
        ValueError, match="'y' and 'z' have the same shapes, and their order is not"
    ):
        matched(wanted, by_name(named(x=ROW, z=SQUARE, y=SQUARE)))
    found = matched(named(a=ROW, b=SQUARE), by_name(named(z=ROW, y=SQUARE)))
    assert found["a.weight"] == "z.weight"
    assert matched(named(a=ROW), {"q.weight": (2, 3)}) == {"a.weight": "q.weight", "a.bias": None}
