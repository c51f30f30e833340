"""How weights are spread after each epoch: counted exactly, kept by epoch, and by part."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograd import Value
from nn import (
    MLP,
    SGD,
    Embedding,
    EpochRecord,
    LayerNorm,
    Module,
    Neuron,
    Recurrent,
    Residual,
    Sequential,
    datasets,
    fit,
)
from nn.parts import families
from nn.training.record import Histogram, histogram_of, histograms, on_common_bins

sizes = st.floats(-1e300, 1e300)


@given(arrays(np.float64, st.integers(1, 30), elements=sizes))
def test_every_weight_is_counted_once_in_the_bin_it_lies_in(weights: np.ndarray) -> None:
    (found,) = histograms(weights, {"all": range(len(weights))}).values()
    assert sum(found.counts) == len(weights)
    assert len(found.counts) <= 32
    for i, n in enumerate(found.counts):
        low, high = (np.ldexp(float(found.first + i + k), found.width) for k in (0, 1))
        assert ((weights >= low) & (weights < high)).sum() == n
    assert found.counts[0] > 0
    assert found.counts[-1] > 0
    assert histogram_of([found.width, found.first, [*found.counts]]) == found


@given(st.lists(arrays(np.float64, 5, elements=sizes), min_size=1, max_size=4))
def test_on_common_bins_they_are_what_they_would_have_been_there(rows: list[np.ndarray]) -> None:
    found = [histograms(row, {"": range(5)})[""] for row in rows]
    edges, counts = on_common_bins(found)
    for row, numbers in zip(counts, rows, strict=True):
        wanted = [((numbers >= a) & (numbers < b)).sum() for a, b in itertools.pairwise(edges)]
        assert row.tolist() == wanted


def test_a_weight_that_is_not_finite_has_no_histogram() -> None:
    assert histograms(np.array([1.0, np.inf]), {"": [0, 1]}) == {}
    assert histograms(np.array([1.0, np.inf]), {"": [0]})[""].counts == (1,)
    assert histograms(np.array([1.0]), {}) == {}


class Own(Module):
    """Numbers of a user's own, one of them in two places."""

    def __init__(self) -> None:
        self.inner = Neuron(2, seed=0)
        self.shared = [self.inner.weights[0], Value(0.5)]
        self.slope = {"a": Value(1.0), "b": [Value(2.0)]}
        self.bias = Value(0.0)

    def __call__(self, inputs):
        return [self.inner(inputs) * self.slope["a"] + self.shared[1] + self.slope["b"][0]]


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        (MLP([2, 3, 1]), {"layers.0": 6, "layers.1": 3}),
        (Neuron(4), {"weights": 4}),
        (Recurrent(2, 3), {"layer": 15}),
        (Embedding(3, 2), {"rows": 6}),
        (
            Sequential(Residual(MLP([2, 2])), LayerNorm(2)),
            {"layers.0.module.layers.0": 4, "layers.1.gain": 2},
        ),
        (Own(), {"inner": 2, "shared": 1, "slope.a": 1, "slope.b": 1}),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, Module) else "",
)
def test_the_weights_of_a_part_are_found_where_its_parameters_stand(
    model: Module, parts: dict[str, int]
) -> None:
    found = families(model, model.parameters())
    assert {name: len(places) for name, places in found.items()} == parts
    names = [name for name, _ in model.named_parameters()]
    for part, places in found.items():
        assert places == sorted(places)
        assert all(names[i].startswith(part.removesuffix(".gain")) for i in places)
        assert not any(names[i].rpartition(".")[2] in ("bias", "shift") for i in places)


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_an_epoch_tells_how_its_weights_are_spread(engine: str) -> None:
    X, y = datasets.moons(40, seed=1)
    model = MLP([2, 3, 1], seed=3)
    optimizer = SGD(model.parameters(), lr=0.1)
    seen: list[dict[str, Histogram]] = []

    def look(model, history):
        numbers = np.array([p.data for p in model.parameters()])
        seen.append(histograms(numbers, families(model, model.parameters())))

    history = fit(
        model, X, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=3, batch_size=8,
        engine=engine, callbacks=[look], progress=False,
    )  # fmt: skip
    assert [record.weights for record in history] == seen
    assert history.weights == {name: [x[name] for x in seen] for name in ("layers.0", "layers.1")}
    assert [sum(x.counts) for x in history.weights["layers.0"] if x] == [6] * 3


def test_many_numbers_with_a_name_each_make_one_histogram() -> None:
    places = {f"w{i}": [i] for i in range(100)}
    (found,) = histograms(np.linspace(-1.0, 1.0, 100), places).values()
    assert sum(found.counts) == 100


@pytest.mark.parametrize(
    "fields",
    [
        [0, 0], [0.5, 0, [1]], [0, 0, []], [0, 0, [True]], [0, 0, [-1]], [0, 99, [1]],
        [9999, 0, [1]], [0, 0, [1] * 99], [0, 0, [2**70]],
    ],
)  # fmt: skip
def test_a_damaged_histogram_is_an_error(fields: list) -> None:
    with pytest.raises(ValueError, match=r"a histogram in it|not enough values"):
        histogram_of(fields)


def test_a_record_takes_histograms_alone() -> None:
    with pytest.raises(TypeError, match="weights of an EpochRecord takes a Histogram"):
        EpochRecord(1, 0.5, None, None, None, 0.1, 0, weights={"layer": [1, 2]})
