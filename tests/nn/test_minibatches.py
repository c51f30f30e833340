"""Mini-batches and splits: every sample once an epoch, and data that cannot be trained on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn import (
    MLP,
    SGD,
    accuracy,
    classes,
    confusion,
    datasets,
    fit,
    minibatches,
    one_hot,
    split,
)
from nn.metrics.outputs import true_classes


@given(n=st.integers(1, 40), size=st.integers(1, 45), seed=st.integers(0, 99), drop=st.booleans())
def test_an_epoch_has_every_sample_once_in_full_batches_but_the_last(n, size, seed, drop):
    X, y = np.arange(n) * 2.0, np.arange(n)
    if drop and n < size:
        with pytest.raises(ValueError, match="nothing to train on"):
            minibatches(X, y, size, rng=seed, drop_last=True)
        return
    batches = minibatches(X, y, size, rng=seed, drop_last=drop)
    drawn = list(batches)
    lengths = [len(ys) for _, ys in drawn]
    assert len(batches) == len(drawn) == (n // size if drop else -(-n // size))
    assert lengths[:-1] == [size] * (len(lengths) - 1)
    assert drop or sum(lengths) == n
    seen = np.concatenate([ys for _, ys in drawn])
    assert len(set(seen.tolist())) == len(seen)
    assert all(np.array_equal(xs, ys * 2.0) for xs, ys in drawn)


def epoch(batches):
    return [i for _, ys in batches for i in ys.tolist()]


def test_a_generator_moves_on_and_a_number_starts_again():
    X = y = np.arange(30)
    rng = np.random.default_rng(3)
    first, second = epoch(minibatches(X, y, 7, rng=rng)), epoch(minibatches(X, y, 7, rng=rng))
    assert first != second
    assert epoch(minibatches(X, y, 7, rng=3)) == epoch(minibatches(X, y, 7, rng=3)) == first


def test_the_global_random_state_is_neither_read_nor_moved():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not move
    epoch(minibatches(np.arange(9), np.arange(9), 2))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002 - as above


def test_batches_are_arrays_of_the_datas_shape_and_type_and_do_not_touch_it():
    X, y = np.ones((5, 2, 3), dtype=np.float32), np.arange(5)
    for xs, ys in minibatches(X, y, 2):
        assert xs.shape[1:] == (2, 3)
        assert xs.dtype == np.float32
        xs[:] = 0.0
        ys[:] = 9
    assert X.all()
    assert y.tolist() == [0, 1, 2, 3, 4]


def test_lists_are_taken_and_batches_show_themselves():
    batches = minibatches([[1.0], [2.0], [3.0]], [0, 1, 0], 2)
    assert repr(batches) == "2 batches of 2 from 3 samples"
    assert sorted(xs.shape for xs, _ in batches) == [(1, 1), (2, 1)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: minibatches([], [], 1), ValueError, r"nothing to train on: X has shape \(0,\)"),
        (lambda: minibatches(np.zeros((3, 0)), [0, 1, 2], 1), ValueError, r"shape \(3, 0\)"),
        (lambda: minibatches([1, 2], [1], 1), ValueError, r"X has 2 sample\(s\) and y has 1"),
        (lambda: minibatches([1, np.nan], [1, 2], 1), ValueError, r"X holds nan at \[1\]"),
        (lambda: minibatches([1, 2], [1, np.inf], 1), ValueError, r"y holds inf at \[1\]"),
        (lambda: minibatches(["a"], [1], 1), ValueError, "X must hold real numbers"),
        (lambda: minibatches([1, 2], [None, 1], 1), ValueError, "y must hold real numbers"),
        (lambda: minibatches([[1], [1, 2]], [0, 1], 1), ValueError, "rows of one length"),
        (lambda: minibatches(1.0, 1.0, 1), ValueError, "one entry for each sample"),
        (lambda: minibatches([1], [1], 0), ValueError, "batch_size must be at least 1; got 0"),
        (lambda: minibatches([1], [1], -3), ValueError, "batch_size must be at least 1; got -3"),
        (lambda: minibatches([1], [1], 1.0), TypeError, "batch_size must be a whole number"),
        (lambda: minibatches([1], [1], True), TypeError, "batch_size must be a whole number"),
        (lambda: minibatches([1], [1], 2, drop_last=True), ValueError, "write batch_size=1"),
        (lambda: minibatches([1], [1], 1, rng=None), TypeError, "a seed is a whole number or"),
        (lambda: split([1], [1]), ValueError, "one sample cannot be split"),
        (lambda: split([1, 2], [1, 2], 1.0), ValueError, "fraction must be between 0 and 1"),
        (lambda: split([1, 2], [1, 2], 0), ValueError, "fraction must be between 0 and 1"),
    ],
)
def test_what_cannot_be_trained_on_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@given(n=st.integers(2, 50), fraction=st.floats(0.01, 0.99), seed=st.integers(0, 9))
def test_a_split_keeps_every_sample_on_one_side(n, fraction, seed):
    (X, y), (X_held, y_held) = split(np.arange(n) * 2.0, np.arange(n), fraction, seed)
    assert sorted([*y, *y_held]) == list(range(n))
    assert np.array_equal(X, y * 2.0)
    assert np.array_equal(X_held, y_held * 2.0)
    assert len(y) >= 1
    assert abs(len(y_held) - n * fraction) <= 1.0
    assert np.array_equal(split(np.arange(n) * 2.0, np.arange(n), fraction, seed)[1][1], y_held)


# Classes ---------------------------------------------------------------------------------------


def test_classes_are_the_largest_output_or_what_lies_above_the_cut():
    assert classes([[0.1, 0.9], [0.5, 0.5]]).tolist() == [1, 0]
    assert classes([0.4, 0.5, 0.6], cut=0.5).tolist() == [0, 0, 1]
    assert classes([[-1.0], [1.0]]).tolist() == [0, 1]


@pytest.mark.parametrize("y", [[0, 1, 1], [-1, 1, 1], [[1, 0], [0, 1], [0, 1]], [[0], [1], [1]]])
def test_labels_are_understood_in_their_usual_forms(y):
    assert true_classes(y).tolist() == [0, 1, 1]
    assert accuracy([-3.0, 2.0, -1.0], y) == 2 / 3


def test_a_confusion_counts_every_sample_once_the_truth_in_rows():
    table = confusion([0, 2, 2, 1], [0, 2, 1, 1], 3)
    assert table.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: accuracy([1.0], [1, 0]), "got 1 samples and 2 labels"),
        (lambda: accuracy([], []), "got 0 samples and 0 labels"),
        (lambda: confusion([0, 1], [0], 2), r"one length, got \(2,\) and \(1,\)"),
        (lambda: confusion([0, 2], [0, 1], 2), "predicted must hold classes from 0 to 1"),
        (lambda: one_hot([0, 3], 3), "whole numbers from 0 to 2.*from 0 to 3"),
        (lambda: one_hot([0.5], 3), "whole numbers from 0 to 2"),
        (lambda: one_hot([-1], 3), "whole numbers from 0 to 2"),
    ],
)
def test_labels_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Shares of classes -----------------------------------------------------------------------------


@given(
    labels=st.lists(st.sampled_from("abcde"), min_size=2, max_size=60),
    fraction=st.floats(0.02, 0.9),
    seed=st.integers(0, 9),
)
def test_every_class_has_its_share_in_both_parts(labels, fraction, seed):
    X = np.arange(len(labels)) * 2.0
    (kept, y), (out, y_held) = split(X, labels, fraction, seed, stratify=True)
    assert sorted([*kept, *out]) == X.tolist()
    assert [labels[int(x) // 2] for x in [*kept, *out]] == [*y, *y_held]
    count = min(max(round(fraction * len(labels)), 1), len(labels) - 1)
    assert len(y_held) >= 1
    singles = all(labels.count(name) == 1 for name in set(labels))
    for name in set(labels):
        size, held = labels.count(name), y_held.tolist().count(name)
        if not singles:
            assert held < size
            assert abs(held - size * count / len(labels)) <= 1.0
    again = split(X, labels, fraction, seed, stratify=True)
    assert np.array_equal(again[1][0], out)


def test_a_rare_class_is_held_out_by_every_seed():
    y = np.arange(1000) < 10
    X = np.arange(1000.0)
    held = [split(X, y, 0.1, seed)[1] for seed in range(10)]
    assert [int(part.sum()) for _, part in held] == [1] * 10
    assert len({float(xs[part][0]) for xs, part in held}) > 5
    assert sorted({int(split(X, y, 0.1, s, stratify=False)[1][1].sum()) for s in range(10)})[0] == 0


def test_fit_holds_out_the_samples_that_split_does():
    X, y = datasets.moons(50, seed=0)
    y[:] = np.arange(50) < 7
    for labels in (y, np.array(["a", "b"])[y], np.eye(2)[y], y == 1):
        model = MLP([2, 2], seed=0)
        history = fit(
            model, X, labels, loss="cross_entropy", optimizer=SGD(model.parameters(), 1e-9),
            epochs=1, batch_size=50, validation=0.3, seed=5,
        )  # fmt: skip
        _, (X_held, y_held) = split(X, labels, 0.3, seed=5)
        assert history.validation_loss[0] == pytest.approx(
            nn.evaluate(model, X_held, y_held, loss="cross_entropy")["loss"], rel=1e-14
        )
    numbers = split(X, X[:, 0], 0.3, seed=5)[1][0]
    assert np.array_equal(numbers, split(X, y, 0.3, seed=5, stratify=False)[1][0])


def test_whole_numbers_that_hardly_repeat_are_no_classes():
    X = np.arange(30.0)
    assert np.array_equal(split(X, np.arange(30))[1][0], split(X, X)[1][0])


@pytest.mark.parametrize("y", [np.zeros((4, 2)), np.ones((4, 3)) / 3])
def test_what_is_no_class_is_not_shared_out(y):
    with pytest.raises(ValueError, match=r"stratify takes a class for each sample; got y of shape"):
        split(np.arange(4), y, stratify=True)
    with pytest.raises(TypeError, match="stratify"):
        split(np.arange(4), np.arange(4), stratify="yes")


# The given order -------------------------------------------------------------------------------


def test_without_a_shuffle_the_order_is_the_given_one():
    X = np.arange(7)
    batches = minibatches(X, X, 3, shuffle=False)
    assert [epoch(batches), epoch(batches)] == [list(range(7))] * 2
    assert epoch(minibatches(X, X, 3, drop_last=True, shuffle=False)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_fit_without_a_shuffle_goes_through_the_samples_as_they_are(engine):
    X, y = datasets.moons(20, seed=0)
    model, other = MLP([2, 3, 1], seed=0), MLP([2, 3, 1], seed=0)
    settings = {"loss": "binary_cross_entropy", "batch_size": 6, "engine": engine}
    history = fit(
        model, X, y, optimizer=SGD(model.parameters(), 0.1), epochs=2, shuffle=False,
        validation=0.25, **settings,
    )  # fmt: skip
    assert history.validation_loss[-1] == pytest.approx(
        nn.evaluate(model, X[15:], y[15:], loss="binary_cross_entropy")["loss"], rel=1e-13
    )
    optimizer = SGD(other.parameters(), 0.1)
    for start in (0, 6, 12, 0, 6, 12):
        part = slice(start, min(start + 6, 15))
        fit(
            other, X[part], y[part], optimizer=optimizer, epochs=1, validation=None, **settings
        )  # fmt: skip
    found, expected = ([p.data for p in net.parameters()] for net in (model, other))
    assert found == pytest.approx(expected, rel=1e-12)


def test_without_a_shuffle_the_last_batch_of_an_epoch_is_always_the_same():
    X, y = datasets.moons(20, seed=0)
    model = MLP([2, 3, 1], seed=0)
    history = fit(
        model, X, y, loss="binary_cross_entropy", optimizer=SGD(model.parameters(), 0.1), epochs=1,
        batch_size=6, shuffle=False, validation="last_batch",
    )  # fmt: skip
    assert history.validation_loss[-1] == pytest.approx(
        nn.evaluate(model, X[18:], y[18:], loss="binary_cross_entropy")["loss"], rel=1e-13
    )
