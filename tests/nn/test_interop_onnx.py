"""Models to ONNX, run by onnxruntime: outputs, labels and probabilities beside those of here."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.activations import ACTIVATIONS
from nn.datasets import Frame
from nn.interop import to_onnx
from support.handed import NETWORKS, network

pytestmark = pytest.mark.tools
TYPES = {"float64": 1e-12, "float32": 2e-5}
BOTH = pytest.mark.parametrize("dtype", TYPES)


@pytest.fixture(scope="module")
def ort() -> Any:
    pytest.importorskip("onnx", reason="onnx is not installed: make test-tools")
    reason = "onnxruntime is not installed: make test-tools"
    return pytest.importorskip("onnxruntime", reason=reason)


def run(ort: Any, model: Any, given: Any, dtype: str) -> dict[str, Any]:
    """Return the outputs of a model's graph by name."""
    session = ort.InferenceSession(
        to_onnx(model, dtype=dtype).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feed = given if isinstance(given, dict) else {"X": given}
    kinds = {"f": dtype, "U": object}
    feed = {key: x.astype(kinds.get(x.dtype.kind, x.dtype)) for key, x in feed.items()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


@BOTH
@pytest.mark.parametrize("seed", range(NETWORKS))
def test_a_network_predicts_there_what_it_predicts_here(ort: Any, seed: int, dtype: str) -> None:
    model, X = network(seed)
    found = run(ort, model, X, dtype)["outputs"]
    assert found.dtype == dtype
    assert found.shape == model.predict(X).shape
    X = X if X.dtype.kind == "i" else X.astype(dtype).astype(float)
    allowed = TYPES[dtype]
    np.testing.assert_allclose(found, model.predict(X), rtol=allowed, atol=allowed)


@BOTH
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_far_from_0_and_at_it(ort: Any, name: str, dtype: str) -> None:
    model = nn.Layer(1, 1, name)
    model.set_arrays([([[1.0]], [0.0])])
    x = np.array([-700.0, -38.0, -8.0, -2.5, -1e-9, 0.0, 1e-9, 0.7, 8.0, 38.0, 700.0])[:, None]
    found = run(ort, model, x, dtype)["outputs"]
    allowed = TYPES[dtype]
    x = x.astype(dtype).astype(float)
    np.testing.assert_allclose(found, model.predict(x), rtol=allowed, atol=allowed)


def test_gelu_keeps_the_digits_of_its_tail(ort: Any) -> None:
    model = nn.Layer(1, 1, "gelu")
    model.set_arrays([([[1.0]], [0.0])])
    x = np.linspace(-36.0, 9.0, 2000)[:, None]
    found = run(ort, model, x, "float64")["outputs"]
    np.testing.assert_allclose(found, model.predict(x), rtol=1e-12)


# What stands around the layers ------------------------------------------------------------------

RNG = np.random.default_rng(0)
COUNT = 80
PLAIN = RNG.normal(size=(COUNT, 2)) * [1.0, 300.0] + [0.0, -50.0]
FLOWERS = Frame(
    {
        "length": RNG.normal(size=COUNT) * 9.0 + 30.0,
        "colour": RNG.choice(["red", "blue", "a b"], COUNT),
        "petals": RNG.integers(3, 6, COUNT),
        "outputs": RNG.normal(size=COUNT),
    }
)


def trained(model: Any, X: Any, y: Any, loss: str, preprocessing: Any = None) -> Any:
    optimizer = nn.SGD(model.parameters(), 0.05)
    options: dict[str, Any] = {"epochs": 3, "batch_size": 10, "progress": False}
    nn.fit(model, X, y, loss=loss, optimizer=optimizer, preprocessing=preprocessing, **options)
    return model


def cases() -> list[Any]:
    side = PLAIN[:, 0] > 0
    thirds = np.digitize(PLAIN[:, 0], [-0.4, 0.4])
    names = np.array(["no", "yes"])[side.astype(int)]
    many = np.column_stack([side, ~side, PLAIN[:, 1] > 0]).astype(float)
    losses = [
        ([2, 5, 3], "tanh", "linear", np.array(["a", "b", "c"])[thirds], "cross_entropy"),
        ([2, 5, 3], "gelu", "linear", thirds, "cross_entropy"),
        ([2, 5, 1], "relu", "linear", names, "binary_cross_entropy"),
        ([2, 5, 1], "tanh", "linear", side, "binary_cross_entropy"),
        ([2, 5, 3], "tanh", "linear", many, "binary_cross_entropy"),
        ([2, 5, 3], "sigmoid", "sigmoid", thirds, "half_squared_error"),
        ([2, 5, 1], "sigmoid", "sigmoid", side.astype(int), "half_squared_error"),
        ([2, 5, 1], "tanh", "linear", np.where(side, 1, -1), "hinge"),
        ([2, 5, 1], "tanh", "linear", PLAIN[:, 0], "mean_squared_error"),
    ]
    found = [
        pytest.param(nn.MLP(sizes, one, two), y, loss, id=f"{loss} {k}")
        for k, (sizes, one, two, y, loss) in enumerate(losses)
    ]
    neuron = nn.Neuron(2, "linear")
    return [*found, pytest.param(neuron, names, "binary_cross_entropy", id="a neuron")]


def agree(ort: Any, model: Any, X: Any, given: Any, dtype: str) -> dict[str, Any]:
    found = run(ort, model, given, dtype)
    allowed = {"rtol": TYPES[dtype], "atol": TYPES[dtype] * 10}
    np.testing.assert_allclose(found["outputs"], model.predict(X), **allowed)
    if model.classes is None and not model._schema.multilabel:
        assert [*found] == ["outputs"]
        return found
    assert found["label"].tolist() == model.predict_classes(X).tolist()
    if model._schema.reading.scale == "scores":
        assert "probabilities" not in found
    else:
        told = model.predict_probabilities(X)
        np.testing.assert_allclose(found["probabilities"], told, **allowed)
    return found


@BOTH
@pytest.mark.parametrize(("model", "y", "loss"), cases())
def test_labels_and_probabilities_of_unscaled_samples(
    ort: Any, model: Any, y: Any, loss: str, dtype: str
) -> None:
    trained(model, PLAIN, y, loss, nn.StandardScaler())
    agree(ort, model, PLAIN, PLAIN, dtype)


def test_labels_keep_their_type(ort: Any) -> None:
    y = np.where(PLAIN[:, 0] > 0, 2.5, -1.0).astype(str)
    model = trained(nn.MLP([2, 3, 2]), PLAIN, y, "cross_entropy")
    assert set(run(ort, model, PLAIN, "float64")["label"].tolist()) <= {"2.5", "-1.0"}
    model = trained(nn.MLP([2, 3, 1]), PLAIN, PLAIN[:, 0] > 0, "binary_cross_entropy")
    assert run(ort, model, PLAIN, "float64")["label"].dtype == bool


@BOTH
def test_columns_of_text_are_inputs_by_name(ort: Any, dtype: str) -> None:
    y = np.where(FLOWERS["length"] > 30.0, "tall", "short")
    steps = [nn.OneHotEncoder(columns=["colour", "petals"]), nn.StandardScaler()]
    model = trained(nn.MLP([8, 4, 1]), FLOWERS, y, "binary_cross_entropy", steps)
    feed = {name: FLOWERS[name][:, None] for name in FLOWERS.columns}
    feed["petals"] = feed["petals"].astype(float)
    graph = to_onnx(model).graph
    assert [x.name for x in graph.input] == ["length", "colour", "petals", "outputs"]
    # The column has the name of an output, which gives way.
    assert [x.name for x in graph.output] == ["outputs_", "label", "probabilities"]
    found = run(ort, model, feed, dtype)
    np.testing.assert_allclose(found["outputs_"], model.predict(FLOWERS), atol=TYPES[dtype] * 10)
    assert found["label"].tolist() == model.predict_classes(FLOWERS).tolist()


def test_a_column_without_a_name_is_an_input_by_its_place(ort: Any) -> None:
    table = Frame({"length": FLOWERS["length"], "colour": FLOWERS["colour"], "": FLOWERS["petals"]})
    model = trained(nn.MLP([5, 1]), table, FLOWERS["length"], "mean_squared_error",
                    nn.OneHotEncoder(columns=["colour"]))  # fmt: skip
    assert [x.name for x in to_onnx(model).graph.input][:3] == ["length", "colour", "column 2"]


def test_categories_that_were_not_seen(ort: Any) -> None:
    y = FLOWERS["length"]
    columns = ["colour", "petals"]
    for rule in ("ignore", "error"):
        encoder = nn.OneHotEncoder(columns=columns, handle_unknown=rule)
        model = trained(nn.MLP([6, 1]), FLOWERS[columns], y, "mean_squared_error", encoder)
        feed = {"colour": np.array([["pink"], ["red"]]), "petals": np.array([[3.0], [9.0]])}
        if rule == "ignore":
            found = run(ort, model, feed, "float64")["outputs"]
            odd = Frame({"colour": np.array(["pink", "red"]), "petals": np.array([3, 9])})
            np.testing.assert_allclose(found, model.predict(odd), atol=1e-12)
            continue
        with pytest.raises(Exception, match="Unknown Category"):
            run(ort, model, feed, "float64")
        feed["colour"][0] = "red"
        found = run(ort, model, feed, "float64")["outputs"].ravel()
        assert np.isnan(found).tolist() == [False, True]


@BOTH
def test_categories_of_numbers_stand_in_one_table(ort: Any, dtype: str) -> None:
    X = np.column_stack([PLAIN[:, 0], FLOWERS["petals"]])
    steps = [nn.MinMaxScaler(), nn.OneHotEncoder(columns=[1])]
    model = trained(nn.MLP([4, 3, 1]), X, PLAIN[:, 1] / 300, "mean_squared_error", steps)
    if dtype == "float64":
        agree(ort, model, X, X, dtype)
    found = run(ort, model, X, dtype)["outputs"]
    assert found.shape == (COUNT, 1)


def test_the_metadata_tell_classes_columns_and_the_scaler() -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: make test-tools")
    y = np.where(FLOWERS["length"] > 30.0, "tall", "short")
    X = FLOWERS[["length", "outputs"]]
    model = trained(nn.MLP([2, 4, 1]), X, y, "binary_cross_entropy", nn.StandardScaler())
    made = to_onnx(model)
    told = {entry.key: json.loads(entry.value) for entry in made.metadata_props}
    assert told["classes"] == ["short", "tall"]
    assert told["columns"] == ["length", "outputs"]
    assert told["schema"]["preprocessing"][0]["shift"] == model.preprocessing[0].shift.tolist()
    assert made.producer_name == "chalkgrad"
    names = {constant.name for constant in made.graph.initializer}
    assert {"0.weight", "0.bias", "2.weight", "StandardScaler.shift", "classes"} <= names


def test_a_file_is_written_whole_and_the_same_each_time(ort: Any, tmp_path: Path) -> None:
    model, X = network(2)
    made = to_onnx(model, tmp_path / "a.onnx")
    to_onnx(model, tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    session = ort.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"X": X})
    np.testing.assert_allclose(found, model.predict(X), atol=1e-12)
    assert made.SerializeToString(deterministic=True) == (tmp_path / "a.onnx").read_bytes()
    with pytest.raises(OSError, match="there is no folder"):
        to_onnx(model, tmp_path / "nowhere" / "a.onnx")


def test_what_cannot_be_written_is_named(ort: Any) -> None:
    with pytest.raises(ValueError, match=r"layers\.0, Layer.* an activation of its own"):
        to_onnx(nn.MLP([1, 2, 1], lambda x: x * x))
    with pytest.raises(TypeError, match="to_onnx takes a model"):
        to_onnx("model.json")
    with pytest.raises(ValueError, match=r"no dtype is called 'float16'"):
        to_onnx(nn.Neuron(1), dtype="float16")
    model = nn.Neuron(1)
    model.bias.data = 1e300
    with pytest.raises(ValueError, match=r"holds 1e\+300, which float32 does not hold"):
        to_onnx(model, dtype="float32")
