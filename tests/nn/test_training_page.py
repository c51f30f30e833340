"""The page that trains: its first epochs are those of `fit`, and its numbers those of Python."""

import dataclasses
import json
import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd as ag
from autograd import Value
from nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Dropout,
    Layer,
    LayerNorm,
    Module,
    Neuron,
    Optimizer,
    Residual,
    RMSprop,
    Sequential,
    TrainingPage,
    datasets,
    fit,
    playground,
)
from nn.pages.recording import MOST_PARAMETERS, Recording, recorded
from support.browser import EVIL
from support.javascript import node

MOONS = datasets.moons(120, seed=0)
LINE = datasets.line(50, seed=0)


def three_classes() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    return X, X.argmax(axis=1)


class Gated(Module):
    """A model of one's own: a gate on a layer whose one neuron is called twice."""

    def __init__(self) -> None:
        self.layer = Layer(2, 3, activation="tanh", seed=1)
        self.twice = Neuron(3, activation=lambda v: v * v.sigmoid(), seed=2)
        self.scale = {EVIL: Value(0.7)}

    def __call__(self, inputs: Any) -> Any:
        hidden = self.layer(inputs)
        once = self.twice(hidden)
        return self.scale[EVIL] * self.twice([once, *hidden[1:]])


def of_other_layers() -> Module:
    return Sequential(
        Layer(2, 3, "tanh", seed=1),
        Residual(LayerNorm(3)),
        Dropout(0.0),
        Layer(3, 2, "linear", seed=2),
    )


def own_loss(output: Any, target: Any) -> Any:
    return ag.abs(output - target) + 0.1 * (output - target).square()


CASES: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
    "moons": (lambda: MLP([2, 8, 1], seed=0), MOONS, "binary_cross_entropy", {}),
    "regression": (
        lambda: MLP([1, 6, 1], activation="relu", seed=0),
        LINE,
        "mean_squared_error",
        {"validation": None, "lr": 0.02},
    ),
    "softmax": (
        lambda: MLP([3, 5, 3], seed=3),
        three_classes(),
        "cross_entropy",
        {"seed": 2**70},
    ),
    "hinge": (lambda: MLP([3, 3], seed=3), three_classes(), "hinge", {"batch_size": 200}),
    "one-hot": (lambda: MLP([3, 3], seed=3), three_classes(), "half_squared_error", {}),
    "other layers": (of_other_layers, MOONS, "cross_entropy", {}),
    "a model and a loss of one's own": (Gated, (MOONS[0], 1.0 * MOONS[1]), own_loss, {"lr": 0.05}),
}


def arguments(case: str) -> tuple[Module, Any, Any, dict[str, Any]]:
    make, (X, y), loss, more = CASES[case]
    given = {"lr": 0.3, "batch_size": 7, "seed": 3, "validation": 0.1} | more
    return make(), X, y, {"loss": loss, **given}


def recording_of(case: str) -> Recording:
    model, X, y, given = arguments(case)
    return recorded(model, X, y, **given)


def run(recording: Recording, script: str) -> Any:
    """Return what a script finds with the trainer `t` of a recording."""
    core = resources.files("nn.pages").joinpath("training.js").read_text(encoding="utf-8")
    return json.loads(
        node(
            f"{core}\nconst data = {json.dumps(recording.data)};\n"
            f"const [gradient, look, pull, step, ...chains] = {recording.programs};\n"
            "const t = trainer(data, gradient, step);\n"
            f"process.stdout.write(JSON.stringify((() => {{ {script} }})()));"
        )
    )


@pytest.mark.parametrize("case", CASES)
def test_the_first_epochs_of_the_page_are_those_of_fit(case: str) -> None:
    epochs = 4
    found = run(
        recording_of(case), f"t.epochs({epochs}); return {{w: [...t.w], history: t.history}};"
    )
    model, X, y, given = arguments(case)
    optimizer = SGD(model.parameters(), lr=given.pop("lr"))
    history = fit(model, X, y, optimizer=optimizer, epochs=epochs, progress=False, **given)
    numbers = [p.data for p in model.parameters()]
    assert numbers == pytest.approx(found["w"], rel=1e-9, abs=1e-9)
    assert history.loss == pytest.approx([r["loss"] for r in found["history"]], abs=1e-9)
    held = [r["held"] for r in found["history"]]
    expected = [record.validation_loss for record in history]
    assert held == ([None] * epochs if held[0] is None else pytest.approx(expected, abs=1e-9))


class Signed(Optimizer):
    """An optimiser of one's own: steps no longer than the rate, by a mean of the gradients."""

    remembered = ("_mean",)

    def move(self, rate: Any, numbers: Any, slopes: Any, *memory: Any) -> None:
        (mean,) = memory
        mean *= 0.9
        mean += slopes
        numbers -= rate * np.tanh(10.0 * mean)


OPTIMIZERS: dict[str, Any] = {
    "momentum": lambda ps: SGD(ps, 0.1, momentum=0.9),
    "nesterov": lambda ps: SGD(ps, 0.1, momentum=0.8, nesterov=True, weight_decay=0.01),
    "adam": lambda ps: Adam(ps, 0.02, weight_decay=0.1),
    "adamw": lambda ps: AdamW(ps, 0.02, betas=(0.8, 0.9)),
    "rmsprop": lambda ps: RMSprop(ps, 0.01, momentum=0.5),
    "adagrad": lambda ps: Adagrad(ps, 0.1, lr_decay=0.1, initial_accumulator_value=0.5),
    "some parameters alone": lambda ps: Adam(ps[5:20], 0.1),
    "one's own": lambda ps: Signed(ps, 0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_steps_of_the_page_are_those_of_every_optimiser(name: str) -> None:
    model, X, y, given = arguments("moons")
    del given["lr"]
    optimizer = OPTIMIZERS[name](model.parameters())
    # One that has taken steps goes on from there.
    fit(model, X, y, optimizer=optimizer, epochs=1, progress=False, **given)
    before = optimizer.state_dict()
    recording = recorded(model, X, y, optimizer=optimizer, **given)
    assert optimizer.state_dict() == before
    found = run(recording, "t.epochs(1); t.reset(); t.epochs(3); return [...t.w];")
    fit(model, X, y, optimizer=optimizer, epochs=3, progress=False, **given)
    assert [p.data for p in model.parameters()] == pytest.approx(found, rel=1e-9, abs=1e-9)


def test_momentum_and_weight_decay_can_be_changed_in_the_page() -> None:
    script = """Object.assign(t.options, {momentum: 0.7, weight_decay: 0.02});
        t.epochs(3); return [...t.w];"""
    found = run(recording_of("moons"), script)
    model, X, y, given = arguments("moons")
    optimizer = SGD(model.parameters(), given.pop("lr"), momentum=0.7, weight_decay=0.02)
    fit(model, X, y, optimizer=optimizer, epochs=3, progress=False, **given)
    assert [p.data for p in model.parameters()] == pytest.approx(found, rel=1e-9, abs=1e-9)


def test_a_page_leaves_the_model_as_it_was() -> None:
    model, X, y, given = arguments("a model and a loss of one's own")
    before = [p.data for p in model.parameters()]
    kept = {name: dict(vars(part)) for name, part in vars(model).items() if hasattr(part, "load")}
    playground(model, X, y, **given)
    assert [p.data for p in model.parameters()] == before
    assert {name: dict(vars(getattr(model, name))) for name in kept} == kept
    assert "forward" not in vars(model.layer.neurons[0])  # pyright: ignore[reportAttributeAccessIssue]


def test_orders_beyond_those_of_fit_are_permutations_and_the_same_every_time() -> None:
    recording = recording_of("moons")
    script = "const of = ordersOf(data); return [1, 3].map((k) => [...of(data.ordered + k)]);"
    first, second = run(recording, script)
    assert run(recording, script) == [first, second]
    assert sorted(first) == sorted(second) == list(range(recording.data["count"]))
    assert first != second


def test_classes_and_inputs_keep_their_names() -> None:
    names = np.array(["no", EVIL])
    model = MLP([2, 3, 1], seed=0)
    page = playground(model, MOONS[0], names[MOONS[1]], **GOOD)
    data = page._recording.data
    assert data["labels"] == sorted(names.tolist())
    assert data["columns"] == []
    found = Tags()
    found.feed(page.page)
    assert found.tags.count("img") == 3
    assert found.tags.count("script") == 1


def test_a_page_carries_many_orders_and_long_ones_once() -> None:
    assert recording_of("moons").data["ordered"] == 100
    X = np.zeros((30_000, 1))
    many = recorded(
        Neuron(1), X, X[:, 0], loss="hinge", lr=1.0, batch_size=9, seed=0, validation=None
    )
    assert many.data["ordered"] == 1


@pytest.mark.parametrize("rate", [1e3, 1e200])
def test_a_training_that_explodes_keeps_the_last_good_numbers(rate: float) -> None:
    recording = recording_of("regression")
    script = f"""const first = t.meanLoss(0, data.count);
        t.epochs(2);
        const before = [...t.w];
        t.lr = {rate};
        const told = t.epochs(500);
        const loss = t.meanLoss(0, data.count);
        const [epoch, history] = [t.epoch, t.history.length];
        t.lr = 0.001;
        const again = t.epochs(2);
        return {{first, before, told, loss, epoch, history, again, w: [...t.w]}};"""
    found = run(recording, script)
    assert re.search(
        r"^the (loss|gradient of layers\S+) became (Infinity|-Infinity|NaN) in batch \d+ of epoch",
        found["told"]["fault"],
    )
    assert found["epoch"] == found["told"]["epoch"] == found["history"]
    # Not merely finite, but from before it exploded.
    assert found["loss"] < 1e3 * found["first"]
    assert found["again"] is None or "became" in found["again"]["fault"]
    assert np.isfinite(found["w"]).all()
    if rate == 1e200:
        assert found["told"]["epoch"] == 2
        assert found["again"] is None


def test_long_runs_keep_few_records() -> None:
    found = run(recording_of("hinge"), "t.epochs(4100); return t.history.map((r) => r.epoch);")
    assert found == list(range(4, 4101, 4))


@pytest.mark.parametrize("case", ["moons", "a model and a loss of one's own"])
def test_the_graph_of_a_neuron_has_the_gradients_of_the_loss(case: str) -> None:
    recording = recording_of(case)
    script = """const told = [];
        const row = t.rows[4], seen = look(t.w, row);
        const w = new Float64Array(data.probes + t.w.length), g = new Float64Array(data.probes);
        w.set(t.w, data.probes);
        const loss = pull(w, row, g);
        for (const neuron of data.neurons) {
          const inputs = neuron.feed.map((slot) => slot < 0 ? row[-1 - slot] : seen[slot]);
          const chain = chains[neuron.kind](
            neuron.leaves.map((i) => i < 0 ? inputs[-1 - i] : t.w[i]));
          told.push([neuron, chain.gradients.map((d) => d * g[neuron.probe]), chain.values]);
        }
        return {row: [...row], loss, told};"""
    found = run(recording, script)
    model, _, _, given = arguments(case)
    loss: Any = given["loss"] if callable(given["loss"]) else ag.softplus
    x, target = found["row"][:2], found["row"][2]
    outputs: Any = model(x)
    z = loss(outputs, target) if callable(given["loss"]) else (
        ag.softplus(-outputs[0]) if target == 1.0 else ag.softplus(outputs[0])
    )  # fmt: skip
    z.backward()
    assert found["loss"] == pytest.approx(z.data, rel=1e-12)
    slopes = [p.grad for p in model.parameters()]
    names = [name for name, _ in model.named_parameters()]
    assert [neuron["name"] for neuron, _, _ in found["told"]] == sorted(
        {name.rpartition(".weights")[0] for name in names if ".weights" in name} - {"twice"}
    )
    for neuron, gradients, _ in found["told"]:
        kind = recording.data["kinds"][neuron["kind"]]
        leaves = [i for i, (_, operands, _) in enumerate(kind) if not operands]
        for i, leaf in zip(leaves, neuron["leaves"], strict=True):
            if leaf >= 0:
                assert gradients[i] == pytest.approx(slopes[leaf], rel=1e-12, abs=1e-15)


# What a page refuses ------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"loss": "binary_cross_entropy", "lr": 0.1, "batch_size": 5}


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"lr": -1.0}, ValueError, "lr must be"),
        ({"lr": lambda n: 0.1}, TypeError, "takes a number for lr"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"loss": "hinj"}, ValueError, "Did you mean 'hinge'"),
        ({"loss": "cross_entropy"}, ValueError, "use binary_cross_entropy"),
        ({"loss": lambda a, y: Value(1.0)}, ValueError, "no parameter has a gradient"),
        ({"loss": lambda a, y: a[0] if a[0] > 0 else -a[0]}, ag.TraceError, "branch"),
        ({"validation": "last_batch"}, ValueError, "a fraction, a pair"),
        ({"seed": -1}, ValueError, "seed"),
    ],
)
def test_arguments_that_are_wrong(more: dict[str, Any], error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        playground(MLP([2, 3, 1]), *MOONS, **GOOD | more)


class Stepping(SGD):
    def step(self) -> None:
        """Do nothing."""


def partly_moved(parameters: list[Value]) -> Adam:
    optimizer = Adam(parameters)
    for p in parameters:
        p.grad = None
    parameters[0].grad = 1.0
    optimizer.step()
    return optimizer


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda ps: None, TypeError, r"lr=0.1, the rate of plain descent; or write optimizer="),
        (lambda ps: SGD, TypeError, r"optimizer is an object such as SGD\("),
        (lambda ps: SGD(MLP([2, 1]).parameters(), 0.1), ValueError, "none of the model's"),
        (lambda ps: SGD(ps, lambda n: 0.1), TypeError, "takes a number for lr"),
        (lambda ps: SGD(ps, 0.1, clip_norm=2.0), ValueError, "leave clip_norm=2.0 out"),
        (lambda ps: Adam(ps, clip_value=1.0), ValueError, "leave clip_value=1.0 out"),
        (lambda ps: RMSprop(ps, centered=True), ValueError, "cannot follow the steps of RMSprop"),
        (lambda ps: Stepping(ps, 0.1), ValueError, "Stepping has a step of its own"),
        (lambda ps: Optimizer(ps, 0.1), ValueError, "cannot follow the steps of Optimizer"),
        (partly_moved, ValueError, "give a new one"),
    ],
)
def test_optimisers_that_a_page_does_not_take(make: Any, error: Any, said: str) -> None:
    model = MLP([2, 3, 1])
    given = {name: x for name, x in GOOD.items() if name != "lr"}
    with pytest.raises(error, match=said):
        playground(model, *MOONS, optimizer=make(model.parameters()), **given)


def test_a_rate_and_an_optimiser_are_one_too_many() -> None:
    model = MLP([2, 3, 1])
    with pytest.raises(TypeError, match="leave lr= out"):
        playground(model, *MOONS, optimizer=SGD(model.parameters(), 0.1), **GOOD)


def test_a_model_or_data_too_large_are_refused_with_the_number() -> None:
    with pytest.raises(ValueError, match=f"{MOST_PARAMETERS:,} parameters, and MLP has 4,001"):
        playground(MLP([2, 1000, 1]), *MOONS, **GOOD)
    X = np.random.default_rng(0).normal(size=(9000, 8))
    with pytest.raises(ValueError, match=r"give a part, such as X\[:1000\]"):
        playground(MLP([8, 1]), X, np.zeros(9000), **GOOD)


@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
def test_a_model_that_is_not_finite_is_refused_by_name(number: float) -> None:
    model = MLP([2, 3, 1])
    model.layers[0].neurons[1].weights[0].data = number
    with pytest.raises(ValueError, match=rf"layers.0.neurons.1.weights.0 of the model is {number}"):
        playground(model, *MOONS, **GOOD)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (MOONS[0], 0 * MOONS[1]),
        (0.0 * MOONS[0] + 3.0, MOONS[1]),
        (MOONS[0][:1], MOONS[1][:1]),
        (1e307 * MOONS[0], MOONS[1]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_odd_data_has_a_page(X: Any, y: Any) -> None:
    given: dict[str, Any] = GOOD | {"batch_size": 10**6, "validation": None}
    recording = recorded(MLP([2, 3, 1], seed=0), X, y, **given)
    told = run(recording, "t.lr = 1e-3; return [t.epochs(2), [...t.w]];")
    assert told[0] is None or "became" in told[0]["fault"]
    assert np.isfinite(told[1]).all()


def test_a_model_that_keeps_something_of_each_call_is_refused() -> None:
    class Keeping(Module):
        def __init__(self) -> None:
            self.inner = Neuron(2, activation="linear")
            self.last: Any = None

        def __call__(self, inputs: Any) -> Any:
            self.last = self.inner(inputs)
            return self.last

    with pytest.raises(ValueError, match=r"Keeping keeps something of each call .* last"):
        playground(Keeping(), *MOONS, **GOOD)


# The page -----------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The tags of a page as a browser finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)


def test_names_cannot_become_markup_or_script() -> None:
    model, X, y, given = arguments("a model and a loss of one's own")
    pages = [playground(model, X, y, **given)]
    strange = dataclasses.replace(recording_of("moons"), subject=EVIL, note="$PROGRAMS$ $DATA$")
    pages.append(TrainingPage(strange))
    for page in pages:
        found = Tags()
        found.feed(page.page)
        # The pictures for where scripts are stripped, and no other.
        assert found.tags.count("img") == 3
        assert found.tags.count("script") == 1
    assert "$PROGRAMS$ $DATA$" in pages[1].page


def stills(page: TrainingPage) -> list[ElementTree.Element]:
    """Return the pictures that stay where scripts are stripped."""
    texts = re.findall(r'src="data:image/svg\+xml;charset=utf-8,([^"]+)"', page.html)
    return [ElementTree.fromstring(unquote(text)) for text in texts]


def paths(picture: ElementTree.Element) -> list[str]:
    return [path.get("d", "") for path in picture.iter("{http://www.w3.org/2000/svg}path")]


def test_without_its_script_a_page_shows_the_model_before_it_trains() -> None:
    model, X, y, given = arguments("moons")
    page = playground(model, X, y, **given)
    assert "trust this notebook" in page.html[: page.html.index("<script>")]
    loss, network, said = stills(page)
    assert "".join(loss.itertext()).endswith("Loss01epoch")
    # A line for each weight, a ring for each input and neuron, a dot for each sample.
    assert sum(d.count("L") for d in paths(network)) == 2 * 8 + 8
    assert paths(network)[-1].count("a") == 2 * 11
    dots = [d.count("h0") for d in paths(said) if "h0" in d]
    assert sum(dots) == 2 * 108 + 3 * 12
    for case in ("regression", "softmax"):
        model, X, y, given = arguments(case)
        assert len(stills(playground(model, X, y, **given))) == 3


def test_the_plane_of_the_still_is_what_the_model_says() -> None:
    def side(x: list[Value]) -> Value:
        return 1e3 * (x[0] - 1.0)

    class Side(Module):
        def __init__(self) -> None:
            self.scale = Value(1.0)

        def __call__(self, inputs: Any) -> Any:
            return [self.scale * side(inputs)]

    X = np.array([[0.0, 0.0], [2.0, 1.0], [0.5, 1.0], [1.5, 0.0]])
    given: dict[str, Any] = {"loss": "binary_cross_entropy", "lr": 0.1, "batch_size": 2}
    page = playground(Side(), X, np.array([0, 1, 0, 1]), validation=None, **given)
    _, said = stills(page)
    strong = {
        path.get("class"): path.get("d", "")
        for path in said.iter("{http://www.w3.org/2000/svg}path")
        if path.get("opacity") == "0.75"
    }
    assert strong["minus"].count("M0 ") == 60
    assert strong["plus"].count("M30 ") == 60


def test_stills_are_small() -> None:
    X, y = datasets.digits()
    page = playground(
        MLP([64, 30, 10]), X[:300], y[:300], loss="cross_entropy", lr=0.1, batch_size=9
    )
    html = page.html
    assert html.index("<script>") - html.index('<div class="cp-still">') < 60_000


def test_a_page_is_saved_as_one_and_asks_for_nothing(tmp_path: Path) -> None:
    model, X, y, given = arguments("moons")
    page = playground(model, X, y, **given)
    assert page.save(tmp_path / "moons") == tmp_path / "moons.html"
    text = (tmp_path / "moons.html").read_text(encoding="utf-8")
    assert text == page.page
    assert "default-src 'none'" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert len(text) < 200_000
    assert (
        page._repr_html_().replace("<p class", "<h1 class", 1).replace("</p>", "</h1>", 1) in text
    )
    with pytest.raises(ValueError, match=r"write \.html"):
        page.save(tmp_path / "moons.pdf")


def test_the_same_call_gives_the_same_page() -> None:
    model, X, y, given = arguments("softmax")
    assert playground(model, X, y, **given).page == playground(model, X, y, **given).page
