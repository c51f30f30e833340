"""Frames: columns by name, in training and after it; ours, pandas' and polars' alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP, SGD, datasets, fit, minibatches, split
from nn.datasets import Frame

X, Y = datasets.moons(40, seed=0)
NAMES = np.array(["no", "yes"])[Y]


def pandas(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def polars(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns)


LIBRARIES = pytest.mark.parametrize("frame", [Frame, pandas, polars])
Make = Callable[[dict[str, Any]], Any]


def trained(x: Any, y: Any = Y, *, inputs: int = 2, epochs: int = 2, **options: Any) -> MLP:
    model = MLP([inputs, 4, 2], seed=0)
    given: dict[str, Any] = {"loss": "cross_entropy", "batch_size": 8, "validation": None}
    optimizer = SGD(model.parameters(), lr=0.1)
    fit(model, x, y, optimizer=optimizer, epochs=epochs, **(given | options))
    return model


def numbers(model: MLP) -> list[float]:
    return [p.data for p in model.parameters()]


@LIBRARIES
def test_a_frame_trains_as_its_columns_side_by_side(frame: Make) -> None:
    columns = frame({"a": X[:, 0], "b": X[:, 1]})
    model = trained(columns)
    assert numbers(model) == numbers(trained(X))
    assert np.array_equal(model.predict(columns), model.predict(X))
    assert numbers(trained(columns, NAMES, validation=(columns[:9], NAMES[:9]))) == numbers(model)
    mixed = frame({"a": X[:, 0], "b": X[:, 1] > 0, "c": Y})
    same = np.column_stack([X[:, 0], X[:, 1] > 0, Y])
    assert numbers(trained(mixed, inputs=3)) == numbers(trained(same, inputs=3))


@LIBRARIES
def test_columns_in_another_order_are_put_in_order_by_name(frame: Make, tmp_path: Path) -> None:
    model = trained(frame({"a": X[:, 0], "b": X[:, 1]}), NAMES)
    turned = frame({"b": X[:, 1], "a": X[:, 0]})
    model.save(tmp_path / "model.json")
    for known in (model, MLP.load(tmp_path / "model.json")):
        assert np.array_equal(known.predict(turned), model.predict(X))
        assert np.array_equal(known.predict_classes(turned), model.predict_classes(X))
        assert np.array_equal(known.predict_probabilities(turned), model.predict_probabilities(X))
    held = trained(frame({"a": X[:, 0], "b": X[:, 1]}), validation=(turned, Y), epochs=1)
    assert numbers(held) == numbers(trained(X, epochs=1))


@LIBRARIES
def test_missing_and_further_columns_are_named(frame: Make) -> None:
    model = trained(frame({"a": X[:, 0], "b": X[:, 1]}))
    with pytest.raises(ValueError, match=r"lacks the column\(s\) 'b': .*trained on 'a', 'b'"):
        model.predict(frame({"a": X[:, 0]}))
    more = frame({"a": X[:, 0], "b": X[:, 1], "y": Y, "z": Y})
    with pytest.raises(ValueError, match=r"the column\(s\) 'y', 'z' besides.*write X\[\['a', 'b'"):
        model.predict(more)
    with pytest.raises(ValueError, match=r"lacks .*'b' and has the column\(s\) 'y' besides"):
        model.predict_classes(frame({"a": X[:, 0], "y": Y}))
    with pytest.raises(ValueError, match=r"lacks the column\(s\) 'b'"):
        trained(frame({"a": X[:, 0], "b": X[:, 1]}), validation=(frame({"a": X[:, 0], "c": Y}), Y))


@LIBRARIES
def test_text_and_gaps_are_named_by_column_and_row(frame: Make) -> None:
    gap = [*X[:3, 0].tolist(), None, *X[4:, 0].tolist()]
    with pytest.raises(
        ValueError, match=r"column 'a' of X .*(nan|None) at \[3\]: take that sample"
    ):
        trained(frame({"a": gap, "b": X[:, 1]}))
    text = frame({"a": X[:, 0], "b": NAMES, "c": NAMES})
    message = r"text or categories in the column\(s\) 'b', 'c': .*OneHotEncoder\(\)"
    with pytest.raises(ValueError, match=message):
        trained(text, inputs=3)
    for call in (lambda: minibatches(text, Y, 2), lambda: trained(X).predict(text)):
        with pytest.raises(ValueError, match=message):
            call()


@LIBRARIES
def test_a_split_of_a_frame_gives_frames(frame: Make) -> None:
    whole = frame({"a": X[:, 0], "colour": NAMES})
    (kept, y), (out, y_out) = split(whole, NAMES, 0.25)
    assert type(kept) is type(out) is type(whole)
    assert (kept.shape, out.shape) == ((30, 2), (10, 2))
    assert [*np.asarray(out["colour"])] == y_out.tolist()
    assert [*np.asarray(kept["colour"])] == y.tolist()
    assert sorted([*np.asarray(kept["a"]), *np.asarray(out["a"])]) == sorted(X[:, 0])


def test_kinds_of_pandas_columns() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": X[:, 0], "b": Y})
    expected = numbers(trained(np.column_stack([X[:, 0], Y])))
    for kind in ("Int64", "Float64", "boolean", "UInt8", "int8"):
        changed = frame.assign(b=pd.Series(Y == 1 if kind == "boolean" else Y).astype(kind))
        assert numbers(trained(changed)) == expected
        assert numbers(trained(X, changed["b"])) == numbers(trained(X))
        changed.loc[5, "b"] = None if kind.endswith("8") else pd.NA
        with pytest.raises(ValueError, match=r"column 'b' of X .*(nan|NA).* at \[5\]"):
            trained(changed)
        with pytest.raises(ValueError, match=r"y .*(nan|NA).* at \[5\]"):
            trained(X, changed["b"])
    for y in (
        pd.Series(NAMES),
        pd.Series(NAMES).astype("category"),
        pd.Series(NAMES, dtype=object),
    ):
        model = trained(X, y)
        assert model.classes is not None
        assert model.classes.tolist() == ["no", "yes"]
        assert numbers(model) == numbers(trained(X))
    with pytest.raises(ValueError, match="categories in the column"):
        trained(frame.assign(b=frame["b"].astype("category")))
    with pytest.raises(ValueError, match="several columns called 'a'"):
        trained(pd.DataFrame(X, columns=["a", "a"]))
    with pytest.raises(ValueError, match=r"write X.to_frame\(\) for one input"):
        trained(frame["a"], inputs=1)
    with pytest.raises(ValueError, match=r"column 'b' of X must .*how long after the first"):
        trained(frame.assign(b=pd.date_range("2020", periods=40)))


def test_one_row_of_a_frame_is_put_in_order_too() -> None:
    pd = pytest.importorskip("pandas")
    model = trained(pd.DataFrame({"a": X[:, 0], "b": X[:, 1]}))
    row = pd.DataFrame({"b": X[:, 1], "a": X[:, 0]}).iloc[7]
    assert np.array_equal(model.predict(row), model.predict(X[7]))


def test_names_that_are_no_text_are_places() -> None:
    pd = pytest.importorskip("pandas")
    model = trained(pd.DataFrame(X))
    assert np.array_equal(model.predict(pd.DataFrame(X, columns=["p", "q"])), model.predict(X))


@LIBRARIES
def test_the_columns_of_one_hot_rows_are_the_classes(frame: Make) -> None:
    rows = frame({"cat": Y == 0, "dog": Y == 1})
    model = trained(X, rows)
    assert model.classes is not None
    assert model.classes.tolist() == ["cat", "dog"]
    assert numbers(model) == numbers(trained(X))


def test_sparse_data_is_refused_with_what_to_write() -> None:
    class Sparse:
        shape, nnz = (40, 2), 0

        def toarray(self) -> Any:
            return X

    with pytest.raises(ValueError, match=r"X is sparse.* write X.toarray\(\)"):
        trained(Sparse())
    with pytest.raises(ValueError, match=r"X is sparse"):
        trained(X).predict(Sparse())
    with pytest.raises(ValueError, match=r"y is sparse.* write y.toarray\(\)"):
        trained(X, Sparse())
    with pytest.raises(ValueError, match=r"X is sparse"):
        split(Sparse(), Y)


# The frame of ours --------------------------------------------------------------------------------


def test_a_frame_of_ours_is_asked_for_columns_and_rows() -> None:
    frame = Frame({"a": [1, 2, 3], "b": ["x", "y", "z"], "c": [True, False, True]})
    assert (frame.shape, len(frame), [*frame]) == ((3, 3), 3, ["a", "b", "c"])
    assert frame["a"].tolist() == [1, 2, 3]
    assert frame[["c", "a"]].columns == ["c", "a"]
    assert frame[1:]["b"].tolist() == ["y", "z"]
    assert frame[np.array([2, 0])]["a"].tolist() == [3, 1]
    assert frame[frame["c"]].shape == (2, 3)
    assert np.asarray(frame[["a"]], dtype=float).tolist() == [[1.0], [2.0], [3.0]]
    assert frame.to_numpy().tolist()[1] == [2, "y", False]
    with pytest.raises(KeyError, match="no column is called 'd': there are a, b, c"):
        frame["d"]
    with pytest.raises(TypeError, match="asked for a column by its name"):
        frame[0]  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"'b' has shape \(1,\) and the first 2 row"):
        Frame({"a": [1, 2], "b": [1]})


def test_a_frame_shows_itself() -> None:
    assert "…" in repr(Frame({"n": np.arange(50)}))
    assert repr(Frame({"n": np.arange(50)})).count("\n") == 12
    assert "&lt;b&gt;" in Frame({"<b>": [1]})._repr_html_()
    assert repr(Frame({})) == "Frame of 0 rows and 0 columns"
