"""Modules: how parameters are found and named, turned into arrays, kept in files and shown."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Value
from nn import MLP, Constant, Layer, Module, Neuron


class Mixed(Module):
    """Parameters and parts in every place that counts, and things that do not."""

    def __init__(self):
        self.scale = Value(2.0)
        self.layer = Layer(2, 1)
        self.pair = (Value(1.0), [Value(3.0)])
        self.table = {"left": Value(4.0), "right": Neuron(1)}
        self.grid = np.array([[Value(5.0), Value(6.0)]], dtype=object)
        self.again = self.layer
        self.name = "mixed"
        self.numbers = [1.0, 2.0]

    def __call__(self, inputs):
        (a,) = self.layer(inputs)
        self.last = self.scale * a
        return self.last


def values(model):
    return [p.data for p in model.parameters()]


# Finding ---------------------------------------------------------------------------------------


def test_parameters_are_found_in_lists_tuples_dicts_arrays_and_parts_and_named_by_the_way():
    names = [name for name, _ in Mixed().named_parameters()]
    assert names == [
        "scale",
        "layer.neurons.0.weights.0",
        "layer.neurons.0.weights.1",
        "layer.neurons.0.bias",
        "pair.0",
        "pair.1.0",
        "table.left",
        "table.right.weights.0",
        "table.right.bias",
        "grid.0.0",
        "grid.0.1",
    ]


def test_a_network_names_its_parameters_by_layer_neuron_and_weight():
    model = MLP([4, 3, 2])
    named = dict(model.named_parameters())
    assert named["layers.0.neurons.2.weights.3"] is model.layers[0].neurons[2].weights[3]
    assert named["layers.1.neurons.0.bias"] is model.layers[1].neurons[0].bias
    assert all(value.label == name for name, value in named.items())
    assert list(named.values()) == model.parameters()


def test_shared_parameters_are_counted_once():
    class Tied(Module):
        def __init__(self):
            self.first = Neuron(2)
            self.second = Neuron(2)
            self.second.weights = self.first.weights

    assert len(Tied().parameters()) == 2 + 1 + 1


def test_results_kept_on_a_model_are_no_parameters():
    model = Mixed()
    before = model.parameters()
    model([1.0, 2.0])
    assert model.last.args
    assert model.parameters() == before


def test_a_module_that_holds_itself_or_a_list_that_does_ends():
    model = Mixed()
    model.parent = model
    model.numbers.append(model.numbers)
    assert len(model.parameters()) == 11


def test_a_misspelt_attribute_is_an_error_and_not_none():
    with pytest.raises(AttributeError, match="wieghts"):
        Neuron(2).wieghts  # noqa: B018 - reading it is what must fail


def test_a_number_in_place_of_a_parameter_is_refused_with_what_to_write():
    neuron = Neuron(2)
    with pytest.raises(TypeError, match=r"write \.bias\.data = 0\.5"):
        neuron.bias = 0.5
    neuron.bias.data = 0.5
    assert neuron.bias.data == 0.5


def test_zero_grad_leaves_no_gradient():
    model = Mixed()
    model([1.0, 2.0]).backward()
    assert model.scale.grad is not None
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_module_without_a_call_says_what_to_define():
    with pytest.raises(NotImplementedError, match="define __call__"):
        Module()([1.0])


# Arrays ----------------------------------------------------------------------------------------


def test_arrays_are_weights_of_outputs_by_inputs_and_biases_and_go_back():
    source, target = MLP([3, 4, 2], seed=1), MLP([3, 4, 2], seed=2)
    arrays = source.arrays()
    assert [(W.shape, b.shape) for W, b in arrays] == [((4, 3), (4,)), ((2, 4), (2,))]
    assert arrays[0][0][2, 1] == source.layers[0].neurons[2].weights[1].data
    target.set_arrays([(W, b[:, None]) for W, b in arrays])
    assert values(target) == values(source)
    arrays[0][0][:] = 0.0
    assert values(target) == values(source)


def test_layers_neurons_and_modules_made_of_them_have_arrays_too():
    class Two(Module):
        def __init__(self):
            self.parts = [Layer(2, 3), Neuron(3)]
            self.shared = self.parts[0]

    assert [(W.shape, b.shape) for W, b in Two().arrays()] == [((3, 2), (3,)), ((1, 3), (1,))]
    assert [(W.shape, b.shape) for W, b in Neuron(2).arrays()] == [((1, 2), (1,))]


def test_a_parameter_outside_of_layers_has_no_place_in_arrays():
    with pytest.raises(ValueError, match="the parameter scale is in no layer"):
        Mixed().arrays()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:1], r"expected 2 pair\(s\).*got 1"),
        (
            lambda a: [a[0], (a[1][0].T, a[1][1])],
            r"layer 1: expected W of shape \(2, 4\).*\(4, 2\)",
        ),
        (lambda a: [a[0], (a[1][0], a[1][1][:1])], r"layer 1: .*b of shape \(2,\).*\(1,\)"),
        (lambda a: [a[0], (a[1][0] * np.nan, a[1][1])], r"layer 1: W holds nan at \[0, 0\]"),
        (lambda a: [a[0], a[1][0]], "layer 1: expected a pair"),
        (lambda a: [a[0], ([[1.0], [1.0, 2.0]], [0.0, 0.0])], "layer 1: W must be an array"),
    ],
)
def test_wrong_arrays_are_refused_and_nothing_changes(change, message):
    model = MLP([3, 4, 2])
    before = values(model)
    with pytest.raises(ValueError, match=message):
        model.set_arrays(change([(W + 1.0, b + 1.0) for W, b in model.arrays()]))
    assert values(model) == before


# Predicting ------------------------------------------------------------------------------------


def test_predict_works_for_any_module_and_records_nothing():
    model = Mixed()
    X = np.array([[1.0, 2.0], [0.5, -1.0]])
    outputs = model.predict(X)
    assert outputs.shape == (2,)
    assert outputs.dtype == np.float64
    assert outputs[0] == model(X[0]).data
    assert model.predict(X[1]) == outputs[1]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 3, 4)), r"X must be of shape \(samples, inputs\)"),
        (np.zeros((2, 5)), r"takes 3 input\(s\), got 5"),
        ([[1.0, float("inf"), 0.0]], r"X holds inf at \[0, 1\]"),
        ([["a", "b", "c"]], "X must hold real numbers"),
        ([[1.0], [1.0, 2.0]], "X must be an array with rows of one length"),
    ],
)
def test_predict_says_what_is_wrong_with_its_array(X, message):
    with pytest.raises(ValueError, match=message):
        MLP([3, 2]).predict(X)


# Files -----------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    """Return a model that was saved, and its file."""
    model = MLP([2, 3, 1], activation="relu", init="he", seed=5)
    model.save(tmp_path / "model.json")
    return model, tmp_path / "model.json"


def test_a_model_comes_back_from_its_file_to_the_last_bit(saved):
    model, path = saved
    again = MLP.load(path)
    assert type(again) is MLP
    assert values(again) == values(model)
    assert again.config() == model.config()
    assert [p.label for p in again.parameters()] == [p.label for p in model.parameters()]


def test_the_same_model_gives_the_same_bytes_also_in_another_process(saved, tmp_path):
    _, path = saved
    MLP.load(path).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    code = (
        "from nn import MLP; MLP([2, 3, 1], activation='relu', init='he', seed=5)"
        f".save({str(tmp_path / 'other.json')!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "other.json").read_bytes() == path.read_bytes()


def test_the_file_reads_as_what_it_is(saved):
    document = json.loads(saved[1].read_text(encoding="utf-8"))
    assert document["format"] == "chalkgrad model"
    assert document["version"] == 1
    assert document["class"] == "MLP"
    assert document["config"] == {
        "sizes": [2, 3, 1],
        "activation": "relu",
        "output_activation": "linear",
        "init": "he",
        "seed": 5,
    }
    assert document["parameters"]["layers.0.neurons.2.weights.1"] == values(saved[0])[7]


@pytest.mark.parametrize(
    "model", [Neuron(3, "tanh"), Layer(2, 3, "relu")], ids=lambda m: repr(m)[:6]
)
def test_neurons_and_layers_are_kept_too_and_module_builds_whatever_the_file_names(model, tmp_path):
    model.save(tmp_path / "model.json")
    again = Module.load(tmp_path / "model.json")
    assert type(again) is type(model)
    assert values(again) == values(model)
    assert again.config() == model.config()


def test_a_class_of_ones_own_is_rebuilt_from_its_config(tmp_path):
    class Polynomial(Module):
        def __init__(self, degree):
            self.coefficients = [Value(float(k)) for k in range(degree + 1)]

        def config(self):
            return {"degree": len(self.coefficients) - 1}

    model = Polynomial(3)
    model.coefficients[2].data = 0.1 + 0.2
    model.save(tmp_path / "model.json")
    assert values(Polynomial.load(tmp_path / "model.json")) == [0.0, 1.0, 0.1 + 0.2, 3.0]


def test_a_class_of_ones_own_with_a_name_of_ours_hides_none(tmp_path):
    type("MLP", (Module,), {"__init__": lambda self, width: None})
    model = MLP([2, 3, 1], seed=0)
    model.save(tmp_path / "model.json")
    assert type(Module.load(tmp_path / "model.json")) is MLP


def test_load_on_a_model_fills_that_model(saved):
    model, path = saved
    other = MLP([2, 3, 1], activation="relu", seed=9)
    other.parameters()[0].grad = 3.0
    assert other.load(path) is other
    assert values(other) == values(model)
    assert other.parameters()[0].grad is None


def test_a_start_that_has_no_name_is_remembered_as_a_remark(tmp_path):
    for init in (Constant(0.25), lambda n_in, n_out, rng: (np.ones((n_out, n_in)), np.ones(n_out))):
        model = MLP([2, 2, 1], init=init, seed=np.random.default_rng(3))
        model.save(tmp_path / "model.json")
        again = MLP.load(tmp_path / "model.json")
        assert again.config() == model.config()
        assert values(again) == values(model)


def test_an_activation_of_ones_own_is_loaded_into_a_model_built_with_it(tmp_path):
    def cube(x):
        return x * x * x

    model = MLP([1, 2, 1], activation=cube)
    model.save(tmp_path / "model.json")
    with pytest.raises(ValueError, match=r"'function cube'.*then call model\.load\(path\)"):
        MLP.load(tmp_path / "model.json")
    other = MLP([1, 2, 1], activation=cube, seed=4).load(tmp_path / "model.json")
    assert values(other) == values(model)


def edited(change):
    """Return what makes a file's bytes from a sound one by changing its document."""

    def edit(sound):
        document = json.loads(sound)
        # As files of 0.1.0, which have none: what lies behind the checksum is looked at, too.
        del document["checksum"]
        change(document)
        return json.dumps(document).encode()

    return edit


def first_parameter(value):
    return edited(lambda d: d["parameters"].update({"layers.0.neurons.0.bias": value}))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda sound: b"", "not JSON, or cut short"),
        (lambda sound: sound[: len(sound) // 2], "not JSON, or cut short"),
        (lambda sound: b"\x89PNG\r\n\xff", "found binary data"),
        (lambda sound: b"[1, 2]", r"a JSON object; found \[1, 2\]"),
        (lambda sound: b"[" * 100_000, "expected a model file"),
        (edited(lambda d: d.pop("format")), "format is 'chalkgrad model'; found no such key"),
        (edited(lambda d: d.update(format="chalkgrad graph")), "found 'chalkgrad graph'"),
        (edited(lambda d: d.update(version=3)), "expected version 2 .*found 3"),
        (edited(lambda d: d.update({"class": "Forest"})), "of class MLP; found 'Forest'"),
        (edited(lambda d: d.update({"class": "Module"})), "found 'Module'"),
        (edited(lambda d: d.update({"class": 3})), "the name of a class; found 3"),
        (edited(lambda d: d.update(config=[])), r"config as an object; found \[\]"),
        (edited(lambda d: d.update(parameters=[1.0])), r"parameters by name; found \[1\.0\]"),
        (edited(lambda d: d["config"].update(sizes=[2, 4, 1])), "17 parameters.*found 13"),
        (edited(lambda d: d["config"].update(sizes=[2])), "does not build a MLP"),
        (edited(lambda d: d["config"].update(depth=3)), "does not build a MLP.*depth"),
        (
            edited(lambda d: d["config"].update(sizes=[10**9, 10**9, 1])),
            "expected the 1,000,000,002,000,000,001 parameters of the MLP in its config; found 13",
        ),
        (edited(lambda d: d["config"].update(activation="rellu")), "Did you mean 'relu'"),
        (edited(lambda d: d["parameters"].pop("layers.1.neurons.0.bias")), "bias' is missing"),
        (edited(lambda d: d["parameters"].update(extra=1.0)), "'extra' is not among them"),
        (first_parameter("nan"), "a finite number for layers.0.neurons.0.bias; found 'nan'"),
        (first_parameter(None), "bias; found None"),
        (first_parameter(True), "bias; found True"),
        (first_parameter(10**400), "expected a finite number"),
        (first_parameter(float("nan")), "it holds NaN"),
        (lambda sound: sound.replace(b'"version": 1', b'"version": 1, "version": 1'), "twice"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_and_the_model_unchanged(saved, edit, message):
    _, path = saved
    path.write_bytes(edit(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        MLP.load(path)
    other = MLP([2, 3, 1], activation="relu", seed=9)
    before = values(other)
    with pytest.raises(ValueError, match="expected"):
        other.load(path)
    assert values(other) == before


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLP([2, 3, 1], activation="tanh"), "activation 'relu'|activation 'tanh'; found 'relu'"),
        (MLP([2, 4, 1], activation="relu"), r"sizes \[2, 4, 1\]; found \[2, 3, 1\]"),
        (Neuron(2), "class Neuron; found 'MLP'"),
    ],
    ids=["activation", "sizes", "class"],
)
def test_a_model_that_computes_something_else_is_not_filled(saved, model, message):
    before = values(model)
    with pytest.raises(ValueError, match=message):
        model.load(saved[1])
    assert values(model) == before


def test_a_diverged_model_is_not_saved_and_the_old_file_stays(saved):
    model, path = saved
    before = path.read_bytes()
    model.layers[1].neurons[0].bias.data = float("nan")
    with pytest.raises(ValueError, match=r"layers\.1\.neurons\.0\.bias is nan"):
        model.save(path)
    assert path.read_bytes() == before


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_other(saved, monkeypatch):
    model, path = saved
    before = path.read_bytes()

    def failing(self, target):
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="no space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["model.json"]


def test_a_folder_that_is_not_there_or_in_the_way_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        Neuron(1).save(tmp_path / "nowhere" / "model.json")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        Neuron(1).save(tmp_path)
    with pytest.raises(FileNotFoundError):
        Neuron.load(tmp_path / "missing.json")


def test_a_config_that_json_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    class Odd(Module):
        def config(self):
            return {"thing": object()}

    with pytest.raises(ValueError, match=r"Odd\.config\(\) must hold text, numbers and lists"):
        Odd().save(tmp_path / "model.json")
    assert not list(tmp_path.iterdir())


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("again", [copy.deepcopy, pickled])
def test_models_can_be_copied_and_pickled(again):
    model = MLP([2, 3, 1], activation="gelu")
    other = again(model)
    assert values(other) == values(model)
    assert not set(other.parameters()) & set(model.parameters())
    assert other([0.5, 0.25])[0].data == model([0.5, 0.25])[0].data


# Showing ---------------------------------------------------------------------------------------


def test_a_module_shows_itself_as_a_tree():
    assert repr(Mixed()) == "\n".join(
        [
            "Mixed: 11 parameters",
            "├─ scale: 2.0",
            "├─ layer: Layer(2 -> 1, sigmoid): 3 parameters",
            "├─ pair.0: 1.0",
            "├─ pair.1.0: 3.0",
            "├─ table.left: 4.0",
            "├─ table.right: Neuron(1 -> 1, sigmoid): 2 parameters",
            f"│  ├─ weights.0: {Neuron(1).weights[0].data}",
            f"│  └─ bias: {Neuron(1).bias.data}",
            "├─ grid.0.0: 5.0",
            "├─ grid.0.1: 6.0",
            "└─ again: Layer(2 -> 1, sigmoid): 3 parameters",
        ]
    )


def test_a_long_module_shows_its_beginning():
    lines = repr(Neuron(40)).splitlines()
    assert lines[0] == "Neuron(40 -> 1, sigmoid): 41 parameters"
    assert len(lines) == 14
    assert lines[-1] == "└─ and 29 more"


# The package -----------------------------------------------------------------------------------


def test_another_distributions_autograd_is_refused_with_what_to_do(tmp_path):
    """HIPS's package has the same import name; here a stand-in takes its place."""
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("from math import *\n")
    root = Path(nn.__file__).resolve().parents[1]
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(root)!r}]; import nn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: nn needs chalkgrad's `autograd`")
    assert "pip uninstall autograd chalkgrad; pip install chalkgrad" in last
    assert str(tmp_path) in last


def test_every_name_the_package_promises_is_there():
    for name in nn.__all__:
        assert getattr(nn, name).__doc__
    promised = {"Module", "Neuron", "Layer", "MLP", "SGD", "fit", "History", "minibatches"}
    assert promised | {"datasets", "half_squared_error", "cross_entropy"} <= set(nn.__all__)
