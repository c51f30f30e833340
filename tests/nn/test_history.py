"""History: a sequence of records that reads as a table and goes to CSV."""

import csv
import io
import math
import pickle

import pytest

from autograd import mean
from nn import MLP, SGD, DivergenceError, EpochRecord, History, datasets, fit, mean_squared_error

CLASSES = [
    EpochRecord(1, 0.1 + 0.2, 0.5, 0.25, 0.75, 0.011, 7),
    EpochRecord(2, 1e-30, 1.0, 0.125, 0.875, 12.5, 7),
]
REGRESSION = [EpochRecord(1, 2.5, None, None, None, 0.5, 0)]


def test_it_is_a_sequence_with_a_list_for_each_column():
    history = History(CLASSES, metric_name="accuracy")
    assert len(history) == 2
    assert list(history) == CLASSES
    assert history[-1] is CLASSES[1]
    assert history[:1] == CLASSES[:1]
    assert history.epoch == [1, 2]
    assert history.loss == [0.1 + 0.2, 1e-30]
    assert history.metric == [0.5, 1.0]
    assert history.validation_loss == [0.25, 0.125]
    assert history.validation_metric == [0.75, 0.875]
    assert history.time == [0.011, 12.5]
    assert history.seed == [7, 7]
    history.append(REGRESSION[0])
    assert len(history) == 3
    with pytest.raises(IndexError):
        history[5]


def test_it_prints_as_a_table():
    assert str(History(CLASSES, metric_name="accuracy")) == "\n".join(
        [
            "epoch   loss  accuracy  validation loss  validation accuracy  seconds",
            "    1    0.3    0.5000             0.25               0.7500     0.01",
            "    2  1e-30    1.0000            0.125               0.8750    12.50",
        ]
    )


def test_columns_without_numbers_are_left_out_of_the_table():
    assert str(History(REGRESSION)) == "epoch  loss  seconds\n    1   2.5     0.50"


def test_it_says_in_a_line_how_it_ended():
    assert repr(History()) == str(History()) == "History of 0 epochs"
    assert repr(History(REGRESSION)) == "History of 1 epoch: loss 2.5"
    history = History(CLASSES, metric_name="accuracy")
    history.interrupted = True
    assert repr(history) == (
        "History of 2 epochs: loss 1e-30, accuracy 1, validation loss 0.125, "
        "validation accuracy 0.875, interrupted"
    )
    assert str(history).endswith("interrupted: the model is as after the last epoch above")


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (CLASSES[0], "Epoch 1: Validation Accuracy: 0.75"),
        (REGRESSION[0], "Epoch 1: Loss: 2.5"),
        (EpochRecord(3, 1.0, None, 0.12345, None, 0.0, 0), "Epoch 3: Validation Loss: 0.1235"),
    ],
)
def test_a_record_prints_the_line_of_s3_or_its_loss(record, line):
    assert str(record) == line


def test_csv_has_all_digits_and_no_times_unless_asked(tmp_path):
    history = History(CLASSES + REGRESSION, metric_name="accuracy")
    text = history.to_csv(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_bytes() == text.encode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert float(rows[0]["loss"]) == 0.1 + 0.2
    assert rows[2]["metric"] == ""
    assert "time" not in rows[0]
    with_time = list(csv.DictReader(io.StringIO(history.to_csv(time=True))))
    assert [float(row["time"]) for row in with_time] == history.time


def test_a_csv_that_cannot_be_written_says_where(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        History(CLASSES).to_csv(tmp_path / "nowhere" / "history.csv")


def test_a_divergence_comes_back_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(DivergenceError("the loss became inf", History())))
    assert (str(error), len(error.history)) == ("the loss became inf", 0)


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_an_epoch_tells_the_length_of_its_gradients(engine):
    X, y = datasets.line(8, seed=0)
    model = MLP([1, 1], activation="linear", seed=0)
    norms = []
    for start in (0, 4):
        model.zero_grad()
        samples = zip(X[start : start + 4], y[start : start + 4], strict=True)
        mean([mean_squared_error(model(x), [t]) for x, t in samples]).backward()
        norms.append(math.hypot(*[p.grad for p in model.parameters()]))
    still = SGD(model.parameters(), lr=0.0)
    options = {"validation": None, "shuffle": False, "engine": engine, "progress": False}
    history = fit(
        model, X, y, loss="mean_squared_error", optimizer=still, epochs=2, batch_size=4, **options
    )
    assert history.gradient_norm == pytest.approx([sum(norms) / 2] * 2, rel=1e-12)


def test_the_length_of_huge_gradients_is_finite():
    model = MLP([1, 1], activation="linear", seed=0)
    options = {"validation": None, "engine": "eager", "progress": False}
    history = fit(
        model, [[1e200]], [0.0], loss="mean_absolute_error",
        optimizer=SGD(model.parameters(), lr=1e-300), epochs=1, batch_size=1, **options
    )  # fmt: skip
    assert history.gradient_norm == [pytest.approx(1e200, rel=1e-12)]
