"""Scalers and encoders: fitted on the training part alone, kept by the model and its file."""

import ctypes
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import nn
from nn import MLP, SGD, MinMaxScaler, Module, OneHotEncoder, StandardScaler, datasets, fit, split
from nn.datasets import Frame

X, Y = datasets.moons(40, seed=0)
RAW = X * [100.0, 0.01] + [500.0, 3.0]
COLOURS = np.array(["red", "blue", "green"])[np.arange(40) % 3]
FRAME = Frame({"size": RAW[:, 0], "colour": COLOURS, "new": Y == 1})


def trained(
    x: Any = RAW, y: Any = Y, *, inputs: int = 2, model: MLP | None = None, **options: Any
) -> MLP:
    model = MLP([inputs, 4, 2], seed=0) if model is None else model
    given: dict[str, Any] = {"epochs": 2, "batch_size": 8, "validation": 0.25}
    optimizer = SGD(model.parameters(), lr=0.1)
    fit(model, x, y, loss="cross_entropy", optimizer=optimizer, **(given | options))
    return model


def numbers(model: MLP) -> list[float]:
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("kind", [StandardScaler, MinMaxScaler])
@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_a_model_scales_by_its_training_part_whatever_it_is_given(kind: Any, engine: str) -> None:
    scaler = kind()
    model = trained(preprocessing=scaler, engine=engine)
    (kept, y_kept), (out, y_out) = split(RAW, Y, 0.25, seed=0)
    own = kind().fit(kept)
    assert not scaler.is_fitted
    assert np.array_equal(model.preprocessing[0].shift, own.shift)
    by_hand = trained(
        own.transform(kept), y_kept, validation=(own.transform(out), y_out), engine=engine
    )
    assert np.array_equal(by_hand.predict(own.transform(RAW)), model.predict(RAW))
    assert np.array_equal(model.predict_classes(RAW), by_hand.predict_classes(own.transform(RAW)))
    assert model.predict(RAW[3]) == pytest.approx(model.predict(RAW)[3], rel=1e-12)
    assert nn.evaluate(model, RAW, Y, loss="cross_entropy") == nn.evaluate(
        by_hand, own.transform(RAW), Y, loss="cross_entropy"
    )


def test_one_that_was_fitted_is_taken_as_it_is() -> None:
    scaler = StandardScaler().fit(RAW[:7])
    model = trained(preprocessing=scaler)
    assert model.preprocessing == (scaler,)
    assert np.array_equal(scaler.shift, RAW[:7].mean(axis=0))


def test_a_model_goes_on_with_what_it_keeps() -> None:
    model = trained(preprocessing=StandardScaler())
    (step,) = model.preprocessing
    trained(RAW[:20], Y[:20], model=model)
    assert model.preprocessing == (step,)
    trained(model=model, preprocessing=MinMaxScaler())
    assert isinstance(model.preprocessing[0], MinMaxScaler)
    assert MLP([2, 2]).preprocessing == ()


def test_columns_of_text_become_columns_of_0_and_1() -> None:
    encoder = OneHotEncoder()
    found = encoder.fit_transform(FRAME)
    assert encoder.names == ["size", "colour_blue", "colour_green", "colour_red", "new"]
    assert np.array_equal(found[:, 0], RAW[:, 0])
    assert np.array_equal(found[:, 3], COLOURS == "red")
    assert np.array_equal(found[:, 4], Y)
    model = trained(FRAME, inputs=5, preprocessing=[OneHotEncoder(), StandardScaler()])
    turned = FRAME[["new", "size", "colour"]]
    assert np.array_equal(model.predict(turned), model.predict(FRAME))
    with pytest.raises(ValueError, match=r"lacks the column\(s\) 'colour'"):
        model.predict(FRAME[["new", "size"]])
    table = FRAME.to_numpy()
    assert np.array_equal(model.predict(table), model.predict(FRAME))
    assert model.predict(table[4]) == pytest.approx(model.predict(FRAME)[4], rel=1e-12)


def test_columns_are_encoded_by_name_and_by_place() -> None:
    codes = np.column_stack([RAW[:, 0], np.arange(40) % 3])
    assert OneHotEncoder(columns=[1]).fit_transform(codes).shape == (40, 4)
    assert OneHotEncoder().fit_transform(codes).shape == (40, 2)
    both = OneHotEncoder(columns=["colour", "new"]).fit(FRAME)
    assert both.names[-2:] == ["new_False", "new_True"]
    assert OneHotEncoder().fit_transform([["a", 1], ["b", 2]]).tolist() == [[1, 0, 1], [0, 1, 2]]


def test_a_category_that_was_not_seen_is_named_or_all_0() -> None:
    new = Frame({"size": [1.0], "colour": ["pink"], "new": [True]})
    model = trained(FRAME, inputs=5, preprocessing=OneHotEncoder())
    with pytest.raises(ValueError, match=r"'colour' of X holds 'pink' at \[0\].*'blue', 'green'"):
        model.predict(new)
    model = trained(FRAME, inputs=5, preprocessing=OneHotEncoder(handle_unknown="ignore"))
    through = model.preprocessing[0].transform(new)
    assert through.tolist() == [[1.0, 0.0, 0.0, 0.0, 1.0]]


def test_constant_columns_are_not_divided_by_zero() -> None:
    constant = np.column_stack([np.full(9, 0.1), np.full(9, 1e300), np.zeros(9), np.arange(9.0)])
    for kind in (StandardScaler, MinMaxScaler):
        found = kind().fit_transform(constant)
        assert not found[:, :3].any()
        assert np.isfinite(found).all()
    assert np.isfinite(StandardScaler().fit_transform([[1e308], [-1e308]])).all()


FLOATS = arrays.arrays(
    float, st.tuples(st.integers(1, 9), st.integers(1, 3)), elements=st.floats(-1e6, 1e6, width=32)
)


@given(FLOATS)
def test_scaled_columns_have_mean_0_and_deviation_1_or_the_range(x: Any) -> None:
    scaled = StandardScaler().fit_transform(x)
    varied = np.ptp(x, axis=0) > 1e-9 * np.abs(x).max(axis=0)
    assert scaled.mean(axis=0)[varied] == pytest.approx(0.0, abs=1e-5)
    assert scaled.std(axis=0)[varied] == pytest.approx(1.0, rel=1e-5)
    ranged = MinMaxScaler((-1.0, 3.0)).fit_transform(x)
    varied = np.ptp(x, axis=0) > 0
    assert ranged.min(axis=0) == pytest.approx(-1.0, abs=1e-6)
    assert ranged.max(axis=0)[varied] == pytest.approx(3.0, abs=1e-6)


# Files --------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    steps = [OneHotEncoder(), StandardScaler(), MinMaxScaler((-1.0, 1.0))]
    trained(FRAME, inputs=5, preprocessing=steps).save(tmp_path / "model.json")
    return tmp_path / "model.json"


def test_the_models_file_keeps_the_steps(path: Path) -> None:
    again = MLP.load(path)
    steps = [OneHotEncoder(), StandardScaler(), MinMaxScaler((-1.0, 1.0))]
    model = trained(FRAME, inputs=5, preprocessing=steps)
    assert np.array_equal(again.predict(FRAME), model.predict(FRAME))
    assert [repr(step) for step in again.preprocessing] == [repr(s) for s in model.preprocessing]
    assert again.preprocessing[0].names == model.preprocessing[0].names  # type: ignore[attr-defined]
    again.save(path.with_name("again.json"))
    assert path.with_name("again.json").read_bytes() == path.read_bytes()
    # A version that knows nothing of steps would compute something else without a word.
    assert json.loads(path.read_text())["version"] == 2
    trained(RAW).save(path)
    assert json.loads(path.read_text())["version"] == 1


@pytest.mark.parametrize(
    ("step", "change", "message"),
    [
        (0, {"step": "Forest"}, "a step of the preprocessing"),
        (0, {"width": 2}, "the number of columns of a OneHotEncoder"),
        (0, {"columns": [1, 2, 3]}, "the columns of a OneHotEncoder"),
        (0, {"categories": 3}, "the categories"),
        (0, {"categories": [["colour", []]]}, "a column's categories"),
        (0, {"categories": [["colour", ["a", 1]]]}, "a column's categories"),
        (0, {"categories": [["size", "ab"]]}, "a column's categories"),
        (0, {"categories": [["other", ["a"]]]}, "a column's categories"),
        (0, {"handle_unknown": "drop"}, "the categories"),
        (1, {"shift": [0.0]}, "5 numbers"),
        (1, {"scale": [0.0] * 5}, "scales other than 0"),
        (1, {"scale": [True] * 5}, "5 numbers"),
        (2, {"scale": [10**400] * 5}, "finite numbers"),
    ],
    ids=repr,
)
def test_damaged_steps_are_refused(
    path: Path, step: int, change: dict[str, Any], message: str
) -> None:
    document = json.loads(path.read_text())
    del document["checksum"]  # as one who has made it anew
    document["schema"]["preprocessing"][step].update(change)
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=f"model.json: expected {message}"):
        MLP.load(path)


# What does not fit --------------------------------------------------------------------------------


class Own(MLP):
    def predict(self, X: Any) -> Any:
        return super().predict(X) * 2.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: trained(preprocessing="scaled"), TypeError, r"takes nn.StandardScaler\(\), nn.M"),
        (lambda: trained(preprocessing=[ctypes.c_int(3)]), TypeError, r"c_int\(3\) of ctypes$"),
        (lambda: trained(preprocessing=[3]), TypeError, r"or a list of them in order; got 3"),
        (lambda: trained(preprocessing=StandardScaler), TypeError, "or a list of them in order"),
        (lambda: StandardScaler().transform(RAW), ValueError, "this StandardScaler was not fitted"),
        (
            lambda: StandardScaler().fit(RAW).transform(RAW[:, :1]),
            ValueError,
            r"fitted on 2 column\(s\), and X has shape \(40, 1\)",
        ),
        (lambda: StandardScaler().fit([1.0]), ValueError, r"of shape \(samples, columns\)"),
        (lambda: StandardScaler().fit([[1.0], [None]]), ValueError, r"found None at \[1, 0\]"),
        (lambda: StandardScaler().fit(FRAME), ValueError, r"in the column\(s\) 'colour'"),
        (lambda: MinMaxScaler((1.0, 0.0)), ValueError, "a lower and an upper end"),
        (lambda: OneHotEncoder(handle_unknown="drop"), ValueError, "is 'error' or 'ignore'"),
        (lambda: OneHotEncoder(columns="a"), TypeError, r"write columns=\['a'\]"),
        (lambda: OneHotEncoder(["tone"]).fit(FRAME), ValueError, "no column 'tone': there are"),
        (
            lambda: OneHotEncoder().fit(Frame({"a": ["x", None]})),
            ValueError,
            r"column 'a' of X holds None at \[1\]",
        ),
        (
            lambda: OneHotEncoder().fit(Frame({"a": [1.0]})).transform(Frame({"a": ["x"]})),
            ValueError,
            "holds text, and held numbers",
        ),
        (
            lambda: trained(model=Own([2, 2], seed=0), preprocessing=StandardScaler()),
            ValueError,
            "Own has a predict of its own",
        ),
        (
            lambda: trained(FRAME, inputs=3, preprocessing=OneHotEncoder()),
            ValueError,
            r"takes 3 input\(s\), got 5",
        ),
    ],
)
def test_what_does_not_fit_is_named(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_search_for_a_rate_scales_too() -> None:
    def searched(x: Any, **options: Any) -> Any:
        model = MLP([2, 4, 2], seed=0)
        optimizer = SGD(model.parameters(), lr=0.1)
        given = {"loss": "cross_entropy", "optimizer": optimizer, "batch_size": 8}
        return nn.find_lr(model, x, Y, **given, **options), model

    search, model = searched(RAW, preprocessing=StandardScaler())
    assert search.losses == searched(StandardScaler().fit_transform(RAW))[0].losses
    assert isinstance(model, Module)
    assert model.preprocessing == ()
