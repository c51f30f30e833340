"""Models to PyTorch and back: outputs, gradients by its autograd, modes, and what is refused."""

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from nn.activations import ACTIVATIONS
from nn.data.schema import keep_schema, schema_from
from nn.interop import from_torch, to_torch
from support.handed import NETWORKS, gradients, network

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="torch is not installed: make test-tools")


def outputs(torch: Any, module: Any, X: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return module(torch.from_numpy(X)).numpy()


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_a_network_computes_there_what_it_computes_here(torch: Any, seed: int) -> None:
    model, X = network(seed)
    module = to_torch(model)
    np.testing.assert_allclose(outputs(torch, module, X), model.predict(X), rtol=0, atol=1e-12)
    again = from_torch(module)
    numbers = [value.data for value in model.parameters()]
    assert [value.data for value in again.parameters()] == numbers
    np.testing.assert_allclose(again.predict(X), model.predict(X), rtol=0, atol=1e-12)
    assert again.training is model.training is module.training is False
    filled, _ = network(seed)
    for value in filled.parameters():
        value.data = 0.5
    assert from_torch(module.state_dict(), filled) is filled
    assert [value.data for value in filled.parameters()] == numbers


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_gradients_are_those_of_its_autograd(torch: Any, seed: int) -> None:
    model, X = network(seed)
    X = X[:2]
    module = to_torch(model)
    found = module(torch.from_numpy(X))
    factors = np.random.default_rng(seed).normal(size=tuple(found.shape))
    (found * torch.from_numpy(factors)).sum().backward()
    here = gradients(model, X, factors)
    there = {name: p.grad for name, p in module.named_parameters()}
    assert there.keys() == here.keys()
    for name, grad in here.items():
        given = np.zeros(grad.shape) if there[name] is None else there[name].numpy()
        np.testing.assert_allclose(given, grad, rtol=1e-9, atol=1e-12, err_msg=name)


def test_the_networks_have_every_layer_and_activation() -> None:
    models = [network(seed)[0] for seed in range(NETWORKS)]
    text = "\n".join(map(repr, models))
    missing = [k for k in nn.layers.__all__ if f"{k}(" not in text and f" {k}:" not in text]
    assert missing == []
    assert [name for name in ACTIVATIONS if name not in text] == []


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_far_from_0_and_at_it(torch: Any, name: str) -> None:
    model = nn.Layer(1, 1, name)
    model.set_arrays([([[1.0]], [0.0])])
    x = np.array([[-700.0], [-45.0], [-21.0], [-1e-9], [0.0], [1e-9], [21.0], [45.0], [700.0]])
    np.testing.assert_allclose(outputs(torch, to_torch(model), x), model.predict(x), atol=1e-12)
    leaf = torch.from_numpy(x).requires_grad_()
    to_torch(model)(leaf).sum().backward()
    for at, grad in zip(x.ravel().tolist(), leaf.grad.ravel().tolist(), strict=True):
        here = Value(at)
        model([here])[0].backward()
        assert grad == pytest.approx(here.grad, abs=1e-12), at


def test_it_is_made_of_the_modules_that_people_write(torch: Any) -> None:
    model = nn.MLP([2, 8, 1], "relu")
    module = to_torch(model)
    assert [type(part).__name__ for part in module] == ["Linear", "ReLU", "Linear"]
    (W, _), _ = model.arrays()
    assert module.state_dict()["0.weight"].tolist() == W.tolist()
    assert module.state_dict()["0.bias"].dtype == torch.float64
    assert to_torch(model, dtype="float32")[0].weight.dtype == torch.float32
    assert isinstance(from_torch(module), nn.MLP)


def test_the_numbers_that_are_drawn_next_stay(torch: Any) -> None:
    torch.manual_seed(0)
    first = torch.rand(3).tolist()
    torch.manual_seed(0)
    to_torch(nn.MLP([2, 8, 1]))
    assert torch.rand(3).tolist() == first


def test_a_converted_model_can_be_copied_and_pickled(torch: Any) -> None:
    model, X = network(8)
    module = to_torch(model)
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert outputs(torch, again, X).tolist() == outputs(torch, module, X).tolist()


def test_modes_stay_those_of_each_layer(torch: Any) -> None:
    model = nn.Sequential(nn.Layer(2, 3), nn.Dropout(0.5), nn.Layer(3, 1))
    model[1].eval()
    module = to_torch(model)
    assert [part.training for part in module] == [True, True, False, True, True]
    again = from_torch(module)
    assert [layer.training for layer in again] == [True, False, True]
    assert module.training
    assert again.training


def test_a_layer_in_two_places_is_one_module_there(torch: Any) -> None:
    layer = nn.Layer(3, 3, "tanh")
    model = nn.Sequential(layer, nn.Softmax(), layer)
    module = to_torch(model)
    assert module[0] is module[3]
    again = from_torch(module)
    assert again[0] is again[2]
    state = {**module.state_dict(), "3.bias": torch.ones(3)}
    with pytest.raises(
        ValueError, match=r"'0\.bias' and '3\.bias' in the state dict are one param"
    ):
        from_torch(state, model)


def test_a_scaler_stands_in_front_and_comes_back(torch: Any) -> None:
    X = np.random.default_rng(0).normal(size=(40, 2)) * [1.0, 300.0] + [5.0, -9.0]
    y = X[:, 0] + X[:, 1] / 300.0
    for scaler in (nn.StandardScaler(), nn.MinMaxScaler()):
        model = nn.MLP([2, 4, 1])
        nn.fit(model, X, y, loss="mean_squared_error", optimizer=nn.SGD(model.parameters(), 0.01),
               epochs=1, batch_size=10, preprocessing=scaler, progress=False)  # fmt: skip
        module = to_torch(model)
        np.testing.assert_allclose(outputs(torch, module, X), model.predict(X), atol=1e-12)
        again = from_torch(module)
        assert again.predict(X).tolist() == model.predict(X).tolist()
        assert type(again.preprocessing[0]) is type(model.preprocessing[0])
        raw = nn.MLP([2, 4, 1])
        assert from_torch(module.state_dict(), raw).predict(X).tolist() == again.predict(X).tolist()
        assert from_torch(module, model) is model
        assert type(model.preprocessing[0]) is type(scaler)
        cut = {**module.state_dict(), "scaler.scale": torch.ones(3)}
        with pytest.raises(ValueError, match=r"holds a scaler that is not one of 2 column\(s\)"):
            from_torch(cut, raw)
        bare = to_torch(model, preprocessing=False)
        scaled = model.preprocessing[0].transform(X)
        np.testing.assert_allclose(outputs(torch, bare, scaled), model.predict(X), atol=1e-12)


def test_categories_are_no_tensors(torch: Any) -> None:
    model = nn.MLP([2, 1])
    encoder = {"step": "OneHotEncoder", "columns": [], "width": 1, "handle_unknown": "error",
               "categories": [[0, ["a", "b"]]]}  # fmt: skip
    kept = {"loss": "", "cut": 0.0, "scale": "scores", "multilabel": False}
    keep_schema(model, schema_from({**kept, "preprocessing": [encoder]}))
    with pytest.raises(ValueError, match=r"keeps a OneHotEncoder.*preprocessing=False"):
        to_torch(model)
    assert len(to_torch(model, preprocessing=False)) == 1


# Classes of one's own there ---------------------------------------------------------------------


def test_a_forward_is_followed(torch: Any) -> None:
    F = torch.nn.functional

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = torch.nn.Linear(12, 8)
            self.blocks = torch.nn.ModuleList([torch.nn.Linear(8, 8) for _ in range(2)])
            self.norm = torch.nn.LayerNorm(8)
            self.out = torch.nn.Linear(8, 3, bias=False)

        def forward(self, x: Any) -> Any:
            x = F.relu(self.fc1(x.view(x.size(0), -1)))
            for block in self.blocks:
                x = x + torch.tanh(block(x))
            x = F.dropout(self.norm(x), 0.25, self.training)
            return F.softmax(self.out(x), dim=1)

    net = Net().double().eval()
    model = from_torch(net)
    X = np.random.default_rng(0).normal(size=(5, 12))
    np.testing.assert_allclose(model.predict(X), outputs(torch, net, X), atol=1e-12)
    kinds = [type(part).__name__ for part in model]
    assert kinds == ["Flatten", "Layer", "Residual", "Residual", "LayerNorm", "Dropout", "Layer",
                     "Softmax"]  # fmt: skip
    assert model[5].p == 0.25


@pytest.mark.parametrize("ending", ["states[:, -1]", "states[:, -1, :]", "hidden[-1]"])
def test_the_last_state_of_a_deep_rnn(torch: Any, ending: str) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = torch.nn.RNN(2, 5, num_layers=2, nonlinearity="relu", batch_first=True)
            self.fc = torch.nn.Linear(5, 1)

        def forward(self, x: Any) -> Any:
            states, hidden = self.rnn(x)
            return self.fc(eval(ending, {"states": states, "hidden": hidden})).squeeze(-1)

    net = Net().double()
    model = from_torch(net)
    X = np.random.default_rng(0).normal(size=(5, 4, 2))
    np.testing.assert_allclose(model.predict(X), outputs(torch, net, X), atol=1e-12)
    assert model.predict(X).shape == (5,)


def test_numbers_of_other_types_are_read(torch: Any) -> None:
    for kind in (torch.float32, torch.float16, torch.bfloat16):
        module = torch.nn.Linear(2, 3).to(kind)
        (pair,) = from_torch(module).arrays()
        assert pair[0].tolist() == module.weight.double().tolist()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # of what torch.compile imports
def test_what_only_wraps_a_module_is_taken_off(torch: Any) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())
    for wrapped in (torch.compile(module), torch.nn.DataParallel(module)):
        assert from_torch(wrapped).arrays()[0][0].tolist() == module[0].weight.double().tolist()


def test_what_a_forward_calls_by_the_mode_or_with_dropout(torch: Any) -> None:
    followed = following(torch)
    row = torch.nn.Linear(2, 6)
    drops = lambda x, m: torch.nn.functional.dropout(x, 0.2, training=m.training)  # noqa: E731
    assert isinstance(from_torch(followed(row, drops)).layers[1], nn.Dropout)
    assert from_torch(followed(row, drops).eval()).layers[1].training is False
    assert isinstance(from_torch(followed(row, lambda x, m: x.view(-1, 6))).layers[1], nn.Flatten)
    rnn = torch.nn.RNN(2, 3, 2, batch_first=True, dropout=0.5)
    kinds = [type(part).__name__ for part in from_torch(rnn).layers]
    assert kinds == ["Recurrent", "Dropout", "Recurrent"]


def following(torch: Any) -> Any:
    """Return a class of modules that do something of the outputs of a part."""

    class Followed(torch.nn.Module):
        def __init__(self, part: Any, then: Any) -> None:
            super().__init__()
            self.part, self.then = part, then

        def forward(self, x: Any) -> Any:
            return self.then(self.part(x), self.part)

    return Followed


def refused(torch: Any) -> list[tuple[Any, str]]:
    n = torch.nn
    row = n.Linear(2, 2)
    Followed = following(torch)

    class Branches(n.Module):
        def forward(self, x: Any) -> Any:
            return torch.sin(x) + torch.tanh(x)

    class Depends(n.Module):
        def forward(self, x: Any) -> Any:
            return x if x.sum() > 0 else -x

    class Scaled(n.Module):
        def forward(self, x: Any) -> Any:
            return x * 2.0

    class Two(n.Module):
        def forward(self, x: Any, y: Any) -> Any:
            return x

    class Around(Followed):
        def __call__(self, x: Any) -> Any:
            return super().__call__(x) * 3.0

    functional = n.functional
    hooked = n.Linear(2, 2)
    hooked.register_forward_hook(lambda *_: None)
    tied = n.Sequential(n.Linear(2, 2), n.Linear(2, 2))
    tied[1].weight = tied[0].weight
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that lazy modules are new
        lazy = n.LazyLinear(2)
    diverged = n.Linear(2, 2)
    diverged.weight.data[1, 0] = float("nan")
    around = n.Sequential(row)
    around.register_forward_hook(lambda *_: None)
    return [
        (Around(row, lambda x, m: x), r"Around has a __call__ of its own, .* into forward"),
        (around, "Sequential has hooks"),
        (Followed(row, lambda x, m: functional.dropout(x, 0.2)), "training=self.training"),
        (Followed(row, lambda x, m: torch.dropout(x, 0.2, False)), "training=self.training"),
        (Followed(n.Linear(2, 6), lambda x, m: x.view(-1, 3)), "view makes rows of 3 .* rows of 6"),
        (Followed(n.Embedding(5, 4), lambda x, m: x.reshape(-1, 4)), "reshape makes rows of 4"),
        (
            Followed(row, lambda x, m: x.squeeze(1)),
            "squeeze takes an axis away behind linear part:",
        ),
        (
            Followed(row, lambda x, m: torch.tanh(x + torch.relu(m(x)))),
            r"the activation 'tanh' stands behind x \+ block\(x\): here",
        ),
        (n.Sequential(n.Embedding(3, 2, padding_idx=0)), r"write module\[0\]\.padding_idx = None"),
        (n.Sequential(row, n.LayerNorm(2), n.ReLU()), "'relu' 2 stands behind norm 1: here an act"),
        (n.Sequential(n.Conv2d(1, 2, 3)), r"0, Conv2d\(1, 2, .*class of your own, nn.Module"),
        (n.LSTM(2, 3), r"LSTM\(2, 3\) has no counterpart here"),
        (n.Sequential(row, n.BatchNorm1d(2)), r"1, BatchNorm1d.*fuse_linear_bn_eval"),
        (n.Sequential(row, n.GELU("tanh")), r"1, GELU.*PyTorch's default arguments"),
        (n.Sequential(row, n.LeakyReLU(0.2)), r"1, LeakyReLU.*PyTorch's default arguments"),
        (n.Sequential(row, n.Softplus(2.0)), r"1, Softplus.*PyTorch's default arguments"),
        (lazy, "call the module once"),
        (n.Embedding(3, 2, padding_idx=0), "padding_idx = None first"),
        (n.Embedding(3, 2, max_norm=1.0), "max_norm = None first"),
        (n.RNN(2, 3), "batch_first = True"),
        (n.RNN(2, 3, batch_first=True, bidirectional=True), "in one direction"),
        (n.LayerNorm([2, 3]), "over several axes"),
        (n.Flatten(0), "all but the samples"),
        (n.Softmax(0), r"Softmax\(dim=-1\)"),
        (n.Dropout(1.0), "nothing is left"),
        (n.Sequential(n.Embedding(3, 2), row), "0|1 is applied to each place of a sequence"),
        (n.Sequential(), "has no layers"),
        (n.ReLU(), "stands at the beginning"),
        (n.Sequential(row, n.LogSoftmax(-1)), "train with cross_entropy"),
        (hooked, "it has hooks"),
        (n.Linear(2, 2, device="meta"), "^weight has no numbers that can be read"),
        (tied, r"0\.weight and 1\.weight are one parameter"),
        (n.Sequential(diverged), r"0\.weight holds nan at \[1, 0\]"),
        (Branches(), "adds the outputs of two branches"),
        (Depends(), "Depends cannot be followed by torch.fx: .*torch.nn.Sequential"),
        (Scaled(), r"Scaled calls mul with 2 argument\(s\), which has no counterpart"),
        (Two(), r"Two takes 2 input\(s\)"),
        (n.utils.parametrizations.weight_norm(n.Linear(2, 2)), "remove_parametrizations"),
    ]


def test_what_has_no_counterpart_is_named(torch: Any) -> None:
    for module, said in refused(torch):
        with pytest.raises(ValueError, match=said):
            from_torch(module)


def test_something_else_than_a_module(torch: Any) -> None:
    with pytest.raises(TypeError, match=r"got the class Linear: write Linear\("):
        from_torch(torch.nn.Linear)
    with pytest.raises(TypeError, match=r"takes a torch\.nn\.Module, a state dict or the path of"):
        from_torch(3)
    with pytest.raises(TypeError, match="takes a model to fill"):
        from_torch({}, torch.nn.Linear(1, 1))
    with pytest.raises(TypeError, match="to_torch takes a model"):
        to_torch(torch.nn.Linear(1, 1))
    with pytest.raises(ValueError, match=r"no dtype is called 'float16'\. Did you mean 'float"):
        to_torch(nn.Neuron(1), dtype="float16")


# What has none there ----------------------------------------------------------------------------


class Own(nn.Module):
    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, inputs: Any) -> Any:
        return self.w * inputs[0]


def odd_models() -> list[tuple[Any, str]]:
    mixed = nn.Layer(2, 2, "tanh")
    mixed.neurons[1] = nn.Neuron(2, "relu")
    short = nn.Layer(2, 2)
    short.neurons[0].weights.pop()
    computed = nn.Layer(1, 1)
    computed.neurons[0].weights[0] = Value(1.0) * 2.0
    shared = nn.MLP([1, 1, 1])
    shared.layers[1].neurons[0].weights[0] = shared.layers[0].neurons[0].weights[0]
    diverged = nn.Neuron(1)
    diverged.bias.data = float("inf")
    large = nn.Neuron(1)
    large.bias.data = 1e300
    return [
        (
            nn.Sequential(nn.Layer(1, 1), Own()),
            r"^layers\.1, Own, is a class of its own.*to_safete",
        ),
        (
            nn.Sequential(nn.Layer(1, 1, lambda x: x * x)),
            r"layers\.0, Layer.* activation of its own",
        ),
        (nn.Recurrent(1, 1, lambda x: x * x), "an activation of its own"),
        (mixed, "neurons of different activations, tanh, relu"),
        (short, r"different numbers of weights, \[1, 2\]"),
        (computed, "a weight that is no parameter, computed by mul"),
        (shared, r"layers\.0 and layers\.1 share .*Sequential\(layer, layer\)"),
        (diverged, "holds inf: a model that has diverged"),
        (large, "holds 1e.300, which float32 does not hold"),
    ]


def test_what_has_no_counterpart_there_is_named(torch: Any) -> None:
    for model, said in odd_models():
        with pytest.raises(ValueError, match=said):
            to_torch(model, dtype="float32")


# Tensors where arrays are wanted ----------------------------------------------------------------


def test_tensors_are_told_what_to_write(torch: Any) -> None:
    model = nn.MLP([2, 3, 1])
    X = torch.ones(4, 2)
    assert model.predict(X).shape == (4, 1)
    told = r"write X\.detach\(\)\.cpu\(\)\.numpy\(\)$"
    for given in (torch.nn.Parameter(X), X.clone().requires_grad_()):
        with pytest.raises(ValueError, match=told):
            model.predict(given)
    with pytest.raises(ValueError, match="X is a tensor of PyTorch without numbers: it is on the"):
        model.predict(X.to("meta"))
    with pytest.raises(ValueError, match=r"X\.real has the real parts"):
        model.predict(X.to(torch.complex64).conj())
    with pytest.raises(ValueError, match=r"write X\.detach\(\)\.cpu\(\)\.resolve_neg\(\)"):
        model.predict(X.to(torch.complex64).conj().imag)
    with pytest.raises(ValueError, match=r"\.double\(\)\.numpy\(\)$"):
        model.predict(X.bfloat16())
    with pytest.raises(ValueError, match=r"\.to_dense\(\)\.cpu"):
        model.predict(X.to_sparse())
    with pytest.raises(
        ValueError, match=r"write \[x\.detach\(\)\.cpu\(\)\.numpy\(\) for x in X\]$"
    ):
        model.predict([row.requires_grad_() for row in X.clone().unbind()])
    y = torch.zeros(4, requires_grad=True)
    with pytest.raises(ValueError, match=r"write y\.detach\(\)\.cpu\(\)\.numpy\(\)$"):
        nn.fit(model, X, y, loss="mean_squared_error", optimizer=nn.SGD(model.parameters(), 0.1),
               epochs=1, batch_size=2, validation=None, progress=False)  # fmt: skip
    with pytest.raises(ValueError, match=r"write y\.detach"):
        nn.binary_cross_entropy(Value(1.0), y[0])
    with pytest.raises(TypeError, match=r"write model\(x\.tolist\(\)\)$"):
        model(torch.ones(2))
    with pytest.raises(TypeError, match=r"write model\(x\.tolist\(\)\)$"):
        nn.Softmax()(torch.ones(2))


def test_modules_are_told_what_to_write(torch: Any) -> None:
    model = nn.MLP([2, 3, 1])
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    with pytest.raises(
        ValueError, match=r"layer 0: W is a Parameter.* W\.detach\(\)\.cpu\(\)\.nump"
    ):
        model.set_arrays([(part.weight, part.bias) for part in (module[0], module[2])])
    told = r"write nn\.interop\.from_torch\((module|state), model\)$"
    for given in (module, module.state_dict(), module.parameters(), [module[0], module[2]]):
        with pytest.raises(TypeError, match=told):
            model.set_arrays(given)
    with pytest.raises(TypeError, match=r"got Sequential: write nn\.interop\.from_torch\(model\)$"):
        nn.fit(module, [[1.0]], [1.0], loss="hinge", optimizer=nn.SGD([Value(1.0)], 0.1), epochs=1,
               batch_size=1)  # fmt: skip
    pairs = [(part.weight.detach(), part.bias.detach()) for part in (module[0], module[2])]
    model.set_arrays(pairs)
    X = np.ones((2, 2))
    np.testing.assert_allclose(model.predict(X), outputs(torch, module.double(), X))
