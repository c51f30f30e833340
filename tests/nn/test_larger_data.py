"""Data larger than memory: mapped arrays and functions that yield batches give an array's numbers.

Memory is what Python and NumPy allocate, by tracemalloc, compared between data of two sizes.
"""

import doctest
import gc
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import nn
from nn import (
    MLP,
    SGD,
    Adam,
    DivergenceError,
    Embedding,
    Flatten,
    MinMaxScaler,
    OneHotEncoder,
    Sequential,
    StandardScaler,
    datasets,
    evaluate,
    fit,
)
from nn.data.labels import targets_of
from nn.data.large import mapped
from nn.data.large.mapped import Mapped
from nn.data.large.pages import let_go, row_file
from nn.data.large.targets import Digest, TargetReader
from nn.losses import LOSSES, loss_named
from support.engines import imported
from support.places import ROOT
from support.training import ENGINES, Dropping, data

X, Y = datasets.moons(61, seed=0)
NAMES = np.array(["ant", "bee"])[Y]
METRICS = ["f1", "confusion_matrix"]


@pytest.fixture
def on_disk(tmp_path):
    """Return what writes an array to a file and maps it."""

    def write(array, mode="r"):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(path, array)
        return np.load(path, mmap_mode=mode)

    return write


@pytest.fixture
def small_parts(monkeypatch):
    """Look at a few rows at a time."""
    monkeypatch.setattr(mapped, "PART", 8 * 2 * 7)


def orders(seed, kept, size, x=X, y=Y, *extra):
    """The batches of `fit` on the samples at some places, as a function of the epoch."""

    def batches(epoch):
        order = kept[np.random.default_rng([seed, epoch]).permutation(len(kept))]
        for i in range(0, len(order), size):
            places = order[i : i + size]
            yield (x[places], y[places], *[e[places] for e in extra])

    return batches


def run(x, y, *, model=None, loss="binary_cross_entropy", **options):
    """Return all that a run leaves: parameters, history, predictions."""
    model = model or MLP([2, 5, 1], seed=1)
    options = {"epochs": 3, "batch_size": 16, "metrics": METRICS, "progress": False, **options}
    history = fit(model, x, y, loss=loss, optimizer=Adam(model.parameters(), 0.02), **options)
    told = [history.loss, history.metric, history.metrics, history.validation_loss]
    told += [history.validation_metric, history.validation_metrics, history.gradient_norm]
    return model, history, [data(model), told, model.predict(X).tolist()]


# Equal numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("validation", [0.1, None, "last_batch", "pair"])
@pytest.mark.parametrize("make", [lambda: MLP([2, 5, 1], seed=1), Dropping], ids=["mlp", "dropout"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_mapped_array_gives_the_numbers_of_an_array(
    engine, make, validation, on_disk, small_parts
):
    found = []
    for x, y in ((X, Y), (on_disk(X), on_disk(Y))):
        held = (x[:9], y[:9]) if validation == "pair" else validation
        model, history, left = run(x, y, model=make(), engine=engine, validation=held)
        shown = evaluate(model, x, y, loss="binary_cross_entropy", metrics=["recall"])
        found.append([left, repr(history.coverage), history.note, shown, model.classes.tolist()])
        assert history.engine == engine
    assert found[0] == found[1]


@pytest.mark.parametrize("make", [lambda: MLP([2, 5, 1], seed=1), Dropping], ids=["mlp", "dropout"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_that_yields_the_same_batches_gives_the_same_numbers(engine, make):
    everything = np.arange(len(X))
    _, _, expected = run(X, Y, model=make(), engine=engine, validation=None)
    batches = orders(0, everything, 16)
    options = {"engine": engine, "validation": None}
    assert run(batches, None, model=make(), batch_size=None, **options)[2] == expected
    assert run(batches, None, model=make(), **options)[2] == expected  # in parts of as many
    listed = run(lambda epoch: [*batches(epoch)], None, model=make(), **options)
    assert listed[2] == expected


@pytest.mark.engines
@pytest.mark.parametrize("engine", ["jax", "torch"])
def test_the_same_on_other_engines(engine, on_disk):
    imported(engine)
    options = {"engine": engine, "validation": None}
    _, history, expected = run(X, Y, **options)
    assert history.engine == engine
    assert run(on_disk(X), on_disk(Y), **options)[2] == expected
    assert run(orders(0, np.arange(61), 16), None, **options)[2] == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_held_out_may_be_arrays_or_a_function(engine):
    (kept, _), (out, _) = nn.split(np.arange(len(X)), Y, 0.1)
    _, _, expected = run(X, Y, engine=engine)
    batches = orders(0, kept, 16)
    asked = []

    def held(epoch):
        asked.append(epoch)
        yield X[out], Y[out]

    for validation in ((X[out], Y[out]), held, (held, None)):
        assert run(batches, None, engine=engine, validation=validation)[2] == expected
    assert asked[:4] == [1, 1, 2, 3]  # looked at once before
    _, history, _ = run(X[kept], Y[kept], engine=engine, validation=held)
    assert [len(history), None in history.validation_loss] == [3, False]


@pytest.mark.parametrize("engine", ENGINES)
def test_batches_make_one_step_together(engine):
    everything = np.arange(len(X))
    options = {"engine": engine, "validation": None, "accumulate": 3}
    _, _, expected = run(X, Y, batch_size=5, **options)
    order = orders(0, everything, 15)

    def batches(epoch):
        for x, y in order(epoch):
            for i in range(0, len(x), 5):
                yield x[i : i + 5], y[i : i + 5]

    assert run(batches, None, batch_size=None, **options)[2] == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_of_samples_and_classes(engine, on_disk, small_parts):
    weights = np.linspace(0.5, 2.0, len(X))
    everything = np.arange(len(X))
    options = {"engine": engine, "validation": None, "class_weight": {0: 3.0}}
    _, _, expected = run(X, Y, sample_weight=weights, **options)
    files = on_disk(X), on_disk(Y)
    assert run(*files, sample_weight=on_disk(weights), **options)[2] == expected
    assert run(orders(0, everything, 16, X, Y, weights), None, **options)[2] == expected
    options = {"engine": engine, "class_weight": "balanced", "sample_weight": weights}
    _, _, expected = run(X, Y, **options)
    assert run(*files, **options)[2] == expected
    held = X[:9], Y[:9], weights[:9]
    one, other = (
        run(X, Y, sample_weight=weights, validation=v, engine=engine)
        for v in (held, lambda epoch: [[x[:7] for x in held], [x[7:] for x in held]])
    )
    assert one[2] == other[2]


LOSS_DATA = {
    "cross_entropy": (2, [Y, NAMES, Y + 3, Y.astype(bool), np.eye(2)[Y], Y.astype(np.uint8)]),
    "binary_cross_entropy": (1, [Y, NAMES, 2 * Y - 1, Y[:, None], 0.8 * Y + 0.1, np.eye(2)[Y]]),
    "hinge": (1, [Y, 2 * Y - 1, NAMES]),
    "half_squared_error": (2, [Y, NAMES, np.eye(2)[Y], X]),
    "mean_squared_error": (1, [X[:, 0], Y, 2 * Y - 1, X[:, :1].astype(np.float32), 3 * Y]),
    "mean_absolute_error": (2, [X, X.astype(np.float32)]),
    "huber": (1, [X[:, 1]]),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_targets_of_every_kind_are_read_as_those_of_an_array(loss, on_disk, small_parts):
    outputs, kinds = LOSS_DATA[loss]
    for y in kinds:
        found = []
        # Without the number of a batch, all have one form.
        everything = orders(0, np.arange(len(X)), 16, X, y)
        for x, targets in ((X, y), (on_disk(X), on_disk(y)), (everything, None)):
            model, history, left = run(
                x, targets, loss=loss, model=MLP([2, 3, outputs], seed=2), metrics=(),
                validation=None, epochs=2,
            )  # fmt: skip
            classes = None if model.classes is None else model.classes.tolist()
            found.append([left, history.metric_name, classes])
        assert found[0] == found[1] == found[2], y[:3]


def test_several_yes_and_no_and_losses_of_ones_own(on_disk, small_parts):
    many = np.stack([Y, 1 - Y, np.ones_like(Y)], axis=1)

    def own(outputs, target):
        return (outputs[0] - target) ** 2

    for loss, outputs, y in (("binary_cross_entropy", 3, many), (own, 1, Y), (own, 1, X[:, 0])):
        found = [
            run(x, t, loss=loss, model=MLP([2, 3, outputs], seed=2), metrics=(), validation=None)[2]
            for x, t in (
                (X, y),
                (on_disk(X), on_disk(y)),
                (orders(0, np.arange(61), 16, X, y), None),
            )
        ]
        assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float16, bool])
def test_numbers_of_every_kind_become_floats_batch_by_batch(kind, on_disk):
    pixels = np.random.default_rng(0).integers(0, 2, (61, 2)).astype(kind)
    expected = run(pixels, Y, validation=None)[2]
    assert run(on_disk(pixels), on_disk(Y), validation=None)[2] == expected
    yielded = orders(0, np.arange(61), 16, pixels, Y)
    assert run(yielded, None, validation=None)[2] == expected


@pytest.mark.parametrize(
    "steps", [StandardScaler(), MinMaxScaler(), [OneHotEncoder([1]), StandardScaler()]], ids=str
)
def test_preprocessing_is_fitted_part_by_part(steps, on_disk, small_parts):
    counts = np.stack([X[:, 0] * 100, np.arange(61) % 3], axis=1)

    def trained(x, y, **options):
        width = 4 if isinstance(steps, list) else 2
        model = MLP([width, 3, 1], seed=1)
        fit(
            model, x, y, loss="binary_cross_entropy", optimizer=SGD(model.parameters(), 0.1),
            epochs=2, batch_size=16, progress=False, **options,
        )  # fmt: skip
        return data(model), model.predict(counts).tolist(), model.preprocessing

    *expected, fitted = trained(counts, Y, preprocessing=steps)
    *found, _ = trained(on_disk(counts), on_disk(Y), preprocessing=steps)
    assert found == expected
    (kept, _), (out, _) = nn.split(np.arange(61), Y, 0.1)
    batches = orders(0, kept, 16, counts, Y)
    *found, _ = trained(batches, None, preprocessing=[*fitted], validation=(counts[out], Y[out]))
    assert found == expected


def test_a_scaler_of_parts_is_that_of_the_whole(small_parts):
    samples = np.random.default_rng(0).normal(1e3, 0.1, (1000, 2))
    samples[:, 1] = 0.1
    scaler = StandardScaler().fit(samples)
    assert scaler.shift == pytest.approx(samples.mean(axis=0), rel=1e-14)
    assert scaler.scale == pytest.approx([samples[:, 0].std(), 1.0], rel=1e-9)


def test_metrics_of_parts_are_those_of_the_whole(small_parts):
    model = MLP([2, 3, 2], seed=0)
    names = ["mean_squared_error", "mean_absolute_error", "r2"]
    found = evaluate(model, X, X, loss="mean_squared_error", metrics=names)
    outputs = model.predict(X)
    for name in names:
        assert found[name] == pytest.approx(getattr(nn.metrics, name)(outputs, X), rel=1e-12)
    found = evaluate(
        model, X, Y, loss="cross_entropy", metrics=["log_loss", "top_k", "precision"][:1]
    )
    exact = nn.metrics.log_loss(np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True), Y)
    assert found["log_loss"] == pytest.approx(exact, rel=1e-12)


# Measuring and predicting -------------------------------------------------------------------------


def test_a_model_predicts_from_files_and_functions(on_disk, small_parts):
    model, _, _ = run(X, NAMES)
    expected = model.predict(X)
    file = on_disk(X)
    for given in (file, np.asarray(file)[:], lambda epoch: [X[:40], X[40:]],
                  lambda epoch: [(X[:9], None), (X[9:], Y[9:])]):  # fmt: skip
        assert model.predict(given) == pytest.approx(expected, rel=1e-14)
        assert model.predict_classes(given).tolist() == model.predict_classes(X).tolist()
        assert model.predict_probabilities(given).shape == (61, 2)
    assert model.predict(file[3]).tolist() == model.predict(X[3]).tolist()
    assert model.predict(file[:0]).shape == (0, 1)
    wanted = evaluate(model, X, NAMES, loss="binary_cross_entropy", metrics=["f1"])
    found = evaluate(
        model, lambda epoch: [(X[:40], NAMES[:40]), (X[40:], NAMES[40:])], None,
        loss="binary_cross_entropy", metrics=["f1"],
    )  # fmt: skip
    assert found == pytest.approx(wanted, rel=1e-12)


def test_a_loss_of_ones_own_is_measured_part_by_part(on_disk, small_parts):
    model = MLP([2, 3, 1], seed=0)

    def own(outputs, target):
        return (outputs[0] - target) ** 2

    expected = float(((model.predict(X)[:, 0] - Y) ** 2).mean())
    for x, y in (
        (X, Y),
        (on_disk(X), on_disk(Y)),
        (lambda epoch: [(X[:9], Y[:9]), (X[9:], Y[9:])], None),
    ):
        assert evaluate(model, x, y, loss=own)["loss"] == pytest.approx(expected, rel=1e-12)


# Runs that go on, or end --------------------------------------------------------------------------


def breaking(after):
    def call(model, history):
        if len(history) == after:
            raise SystemExit

    return call


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("source", ["function", "mapped"])
def test_a_run_that_was_broken_off_is_finished_bit_for_bit(source, engine, tmp_path, on_disk):
    x, y = (orders(0, np.arange(61), 16), None) if source == "function" else map(on_disk, (X, Y))
    options = {"engine": engine, "validation": None, "epochs": 5}
    expected = run(x, y, **options)[2]
    path = tmp_path / "run.json"
    with pytest.raises(SystemExit):
        run(x, y, checkpoint=path, callbacks=[breaking(2)], **options)
    assert run(x, y, resume=path, **options)[2] == expected
    # Of an array with the same numbers it is the same run; of others it is not.
    if source == "mapped":
        assert run(X, Y, resume=path, **options)[2] == expected
    other = orders(0, np.arange(61), 16, X + 1.0) if source == "function" else X + 1.0
    with pytest.raises(ValueError, match="the run in it has other training data"):
        run(other, y, resume=path, **options)


def test_epochs_are_numbered_on():
    asked = []
    batches = orders(0, np.arange(61), 16)

    def counting(epoch):
        asked.append(epoch)
        return batches(epoch)

    model = MLP([2, 3, 1], seed=0)
    options = {
        "loss": "mean_squared_error", "optimizer": SGD(model.parameters(), 0.1), "progress": False,
    }  # fmt: skip
    floats = orders(0, np.arange(61), 16, X, X[:, 0])
    history = fit(model, floats, None, epochs=2, **options)
    whole = MLP([2, 3, 1], seed=0)
    options["optimizer"] = SGD(whole.parameters(), 0.1)
    fit(whole, floats, None, epochs=4, **options)
    options["optimizer"] = SGD(model.parameters(), 0.1)
    history = fit(model, floats, None, epochs=2, history=history, **options)
    assert data(model) == data(whole)
    assert history.epoch == [1, 2, 3, 4]
    options |= {"loss": "binary_cross_entropy", "epochs": 2}
    fit(model, counting, None, **options)
    assert asked == [1, 1, 1, 2, 2]  # to look, to train, to measure; and again


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("error", [RuntimeError("the disk"), KeyboardInterrupt()], ids=repr)
def test_a_function_that_raises_leaves_the_last_finished_epoch(error, engine):
    batches = orders(0, np.arange(61), 16)
    closed = []

    def failing(epoch):
        try:
            for i, batch in enumerate(batches(epoch)):
                if (epoch, i) == (3, 2):
                    raise error
                yield batch
        finally:
            closed.append(epoch)

    expected = run(batches, None, engine=engine, epochs=2, validation=None)[2]
    model = MLP([2, 5, 1], seed=1)
    options = {"engine": engine, "model": model, "validation": None}
    if isinstance(error, KeyboardInterrupt):
        _, history, left = run(failing, None, **options)
        assert (history.interrupted, left) == (True, expected)
    else:
        with pytest.raises(RuntimeError, match="the disk"):
            run(failing, None, **options)
        assert data(model) == expected[0]
    assert closed[-1] == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_that_runs_away_is_told_by_its_batch(engine):
    def batches(epoch):
        yield X, X[:, 0] * (1e200 if epoch == 2 else 1.0)

    model = MLP([2, 3, 1], seed=0)
    with pytest.raises(DivergenceError, match="in batch 1 of epoch 2"):
        run(batches, None, model=model, loss="mean_squared_error", metrics=(), engine=engine)
    once = MLP([2, 3, 1], seed=0)
    run(batches, None, model=once, loss="mean_squared_error", metrics=(), epochs=1, engine=engine)
    assert data(model) == data(once)


def test_the_bar_learns_how_many_batches_there_are(monkeypatch):
    from nn.training import run as running

    seen = []
    made = running.bar_of

    def watched(progress, total):
        bar = made(False, total)
        seen.append(bar)
        return bar

    monkeypatch.setattr(running, "bar_of", watched)
    totals = []
    call = lambda model, history: totals.append(seen[0].total)  # noqa: E731
    assert seen == []
    run(orders(0, np.arange(61), 16), None, epochs=3, callbacks=[call])
    # A bar that is not shown counts nothing.
    assert totals == [8, 4, 0]
    _, history, _ = run(lambda epoch: [(X, Y)] * epoch, None, epochs=3)
    assert history.cost.evaluations == 61 * (1 + 2 + 3)


# Bad input ----------------------------------------------------------------------------------------


def two(*batches):
    return lambda epoch: iter(batches)


A, B = (X[:30], Y[:30]), (X[30:], Y[30:])
_gap = X[:5].copy()
_gap[3, 1] = np.nan
_once = iter([A, B])

BAD = [
    (iter([A]), TypeError, "X is a list_iterator, .* only once.*def batches"),
    ((b for b in [A, B]), TypeError, "X is a generator.*give the function that makes it"),
    (lambda epoch: _once, ValueError, r"X\(1\) gave the iterator that it gave before.*a new one"),
    (lambda: iter([A]), TypeError, "with the number of the epoch, from 1.*def batches"),
    (lambda epoch: None, TypeError, r"X\(1\) returned None and no batches"),
    (lambda epoch: [], ValueError, r"X\(1\) yielded no batch: there is nothing"),
    (lambda epoch: [A] * (epoch == 1), ValueError, r"X\(2\) yielded no batch.*epoch 2"),
    (lambda epoch: A, TypeError, r"batch 1 of X\(1\) is an array and no pair \(x, y\)"),
    (two((1, 2, 3, 4)), TypeError, r"holds 4 things: yield pairs \(x, y\), or"),
    (two((1.0, 2)), TypeError, "batch 1 .*x must be an array with an entry for each sample; got"),
    (two(A, (X[:5], Y[:4])), ValueError, r"batch 2 of X\(1\): x has 5 sample\(s\) and y has 4"),
    (two(A, (X[:5, :1], Y[:5])), ValueError, r"batch 2 .*shape \(1,\), and those of the first"),
    (two(A, (X[:0], Y[:0])), ValueError, "batch 2 .*x is empty: yield no batch"),
    (two(A, (_gap, Y[:5])), ValueError, r"batch 2 of X\(1\): X holds nan at \[3, 1\]"),
    (two(A, (X[:2], [0, np.nan])), ValueError, r"batch 2 .*y holds nan at \[1\]"),
    (two(A, (X[:2], [0, 2])), ValueError, "batch 2 .*y holds 2, .*its classes are 0, 1"),
    (two(A, (X[:2], ["a", "b"])), ValueError, "batch 2 .*y holds 'a', 'b'"),
    (two((X[:2], ["a", "a"])), ValueError, r"batch 1 .*y holds 1 class\(es\), 'a'"),
    (two(A, (*B, np.ones(31))), ValueError, "batch 2 .*holds weights, and training has none"),
    (two((*A, np.ones(30)), B), ValueError, "batch 2 .*holds no weights, and the first batch did"),
    (two((*A, -np.ones(30))), ValueError, "batch 1 .*sample_weight holds -1.0"),
    (two(A, (X[:2], [0.5, 1.0])), ValueError, "batch 2 .*0.5 here.*yield them as floats"),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("source", "kind", "said"), BAD, ids=[said[:30] for *_, said in BAD])
def test_batches_that_do_not_fit_are_told(source, kind, said, engine):
    global _once
    _once = iter([A, B])
    model = MLP([2, 5, 1], seed=1)
    before = data(model)
    with pytest.raises(kind, match=said):
        run(source, None, model=model, engine=engine)
    if "epoch 2" in said:
        before = run(lambda epoch: [A], None, epochs=1, engine=engine)[2][0]
    assert data(model) == before


ASKED = [
    ({"y": Y}, "so y must be None"),
    ({"validation": 0.2}, "a share of samples that are all there"),
    ({"validation": "last_batch"}, "is for arrays"),
    ({"validation": iter([A])}, "validation is a list_iterator"),
    ({"validation": (X[:5, :1], Y[:5])}, "takes 2 input"),
    ({"validation": two((X[:5], Y[:5] + 5))}, "batch 1 of validation.*y holds 5, 6"),
    ({"sample_weight": np.ones(61)}, r"let it yield \(x, y, sample_weight\)"),
    ({"class_weight": "balanced"}, "counts the samples of each class"),
    ({"class_weight": {5: 1.0}}, "class_weight has the label 5"),
    ({"preprocessing": StandardScaler()}, r"StandardScaler\(\).fit\(x\)"),
    ({"patience": 2}, r"write validation=\(X, y\) or a function"),
    ({"metrics": ["r2"]}, "r2 compares numbers"),
    ({"batch_size": 0}, "batch_size"),
]


@pytest.mark.parametrize(("options", "said"), ASKED, ids=[said[:25] for _, said in ASKED])
def test_what_needs_all_samples_is_refused(options, said):
    model = MLP([2, 5, 1], seed=1)
    before = data(model)
    options = {"y": None, "metrics": (), **options}
    with pytest.raises((TypeError, ValueError), match=said):
        run(two(A, B), model=model, **options)
    assert (data(model), model.classes) == (before, None)


def test_arrays_are_wanted_elsewhere():
    model = MLP([2, 5, 1], seed=1)
    options = {"loss": "binary_cross_entropy", "batch_size": 4}
    optimizer = SGD(model.parameters(), 0.1)
    wanted = r"arrays are wanted here.*x, y = next\(iter\(X\(1\)\)\)"
    with pytest.raises(TypeError, match=wanted):
        nn.find_lr(model, two(A), None, optimizer=optimizer, **options)
    with pytest.raises(TypeError, match=wanted):
        nn.sample_gradients(model, two(A), None, loss="binary_cross_entropy")
    with pytest.raises(TypeError, match=wanted):
        nn.playground(model, two(A), None, lr=0.1, **options)
    with pytest.raises(ValueError, match="validation is a fraction, a pair"):
        nn.playground(model, *A, lr=0.1, validation=two(B), **options)
    for x in (X, nn.minibatches(X, Y, 4)):
        with pytest.raises(TypeError, match=r"y is None, .*X=lambda epoch: loader"):
            fit(model, x, None, optimizer=optimizer, epochs=1, **options)
    with pytest.raises(TypeError, match="fit takes batch_size, how many samples make a step"):
        fit(model, X, Y, optimizer=optimizer, epochs=1, loss="binary_cross_entropy")
    with pytest.raises(ValueError, match=r"evaluate\(model, X, None, ...\)"):
        evaluate(model, two(A), Y, loss="binary_cross_entropy")
    with pytest.raises(TypeError, match="X is a list_iterator"):
        evaluate(model, iter([A]), None, loss="binary_cross_entropy")
    with pytest.raises(ValueError, match="evaluate counts all samples alike"):
        evaluate(model, two((*A, np.ones(30))), None, loss="binary_cross_entropy")
    with pytest.raises(TypeError, match="X is a generator"):
        model.predict(x for x in [X])
    with pytest.raises(ValueError, match=r"batch 2 of X\(1\): X holds nan at \[3, 1\]"):
        model.predict(lambda epoch: [X, _gap])
    with pytest.raises(ValueError, match=r"X\(1\) yielded no batch"):
        model.predict(lambda epoch: [])
    _, history, _ = run(two(A, B), None)
    with pytest.raises(ValueError, match="which samples a function yields is not known"):
        nn.coverage(history)
    assert history.note.startswith("Nothing is held out: X yields batches")
    assert run(two(A, B), None, validation=None)[1].note == ""


def test_mapped_data_that_does_not_fit_is_told_by_its_place(on_disk, small_parts):
    gap = X.copy()
    gap[40, 1] = np.nan
    for x, y, said in (
        (gap, Y, r"X holds nan at \[40, 1\]"),
        (X, np.where(np.arange(61) == 50, np.nan, Y), r"y holds nan at \[50\]"),
        (X, Y[:60], r"X has 61 sample\(s\) and y has 60"),
        (X[:, :1], Y, "takes 2 input"),
        (X, np.where(np.arange(61) == 50, 7, Y), r"y holds 3 class\(es\), 0, 1, 7"),
        (X[:, 0], Y, r"X must be of shape \(samples, inputs\)"),
        (X.astype(str), Y, "X must hold real numbers; got an array of <U"),
    ):
        with pytest.raises(ValueError, match=said):
            run(on_disk(x), on_disk(y))
    model = MLP([2, 5, 1], seed=1)
    with pytest.raises(ValueError, match=r"X holds nan at \[40, 1\]"):
        model.predict(on_disk(gap))
    letters = np.arange(61)[:, None] % 5
    letters[45] = 9
    reading = Sequential(Embedding(5, 3, seed=0), Flatten(), MLP([3, 1], seed=0))
    for x in (letters, on_disk(letters)):
        with pytest.raises(ValueError, match=r"from 0 to 4; got 9.* at \[45, 0\]"):
            run(x, Y, model=reading)
        with pytest.raises(ValueError, match=r"from 0 to 4; got 9.* at \[45, 0\]"):
            reading.predict(x)
    with pytest.raises(ValueError, match="sample_weight takes a weight for each of 61"):
        run(on_disk(X), on_disk(Y), sample_weight=np.ones(60))


def test_labels_are_looked_for_until_all_are_known():
    order = np.argsort(Y, kind="stable")
    sorted_ = two(*[(X[order[i : i + 10]], NAMES[order[i : i + 10]]) for i in range(0, 61, 10)])
    model, _, _ = run(sorted_, None)
    assert model.classes.tolist() == ["ant", "bee"]
    model, _, _ = run(two((X[:3], [1, 1, 1]), (X[:3], [-1, 1, 1])), None, loss="hinge")
    assert model.classes.tolist() == [-1, 1]
    # A model that knows its classes needs to see none of them.
    trained, _, _ = run(X, NAMES)
    run(two((X[:3], ["bee"] * 3)), None, model=trained)
    assert trained.classes.tolist() == ["ant", "bee"]


def test_the_same_arrays_may_be_filled_again():
    x, y = np.empty((16, 2)), np.empty(16, dtype=int)

    def batches(epoch):
        for i in range(0, 48, 16):
            x[:], y[:] = X[i : i + 16], Y[i : i + 16]
            yield x, y

    def fresh(epoch):
        for i in range(0, 48, 16):
            yield X[i : i + 16], Y[i : i + 16]

    options = {"accumulate": 2, "batch_size": None}
    assert run(batches, None, **options)[2] == run(fresh, None, **options)[2]
    weights = np.ones(16)
    before = run(lambda epoch: [(X[:16], Y[:16], weights)], None)
    assert weights.tolist() == [1.0] * 16
    assert len(before[1]) == 3


def test_the_file_is_never_written(on_disk):
    x, y = on_disk(X, "r+"), on_disk(Y.astype(float), "r+")
    weights = on_disk(np.linspace(1.0, 2.0, 61), "r+")
    run(x, y, sample_weight=weights)
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)
    assert np.array_equal(weights, np.linspace(1.0, 2.0, 61))


def test_scattered_rows_are_read_from_the_file_where_it_holds_them(on_disk, tmp_path):
    wide = np.random.default_rng(0).normal(size=(50, 64))
    places = np.array([7, 3, 40, 7])
    for mode in ("r", "r+"):
        file = on_disk(wide, mode)
        for view in (file, file[5:], np.asarray(file)[3:48], file.reshape(50, 8, 8)):
            reader = row_file(view)
            assert np.array_equal(reader.rows(places), view[places])
            assert np.array_equal(Mapped(view)[places], view[places])
    file[3] = 5.0  # to the file
    assert (row_file(file).rows(places)[1] == 5.0).all()
    copied = on_disk(wide, "c")
    copied[3] = 5.0  # and not to the file
    for view in (copied, file[:, 1:], file[::2], file.T, file[:, :3], file[:0], wide, wide[:, :1]):
        assert row_file(view) is None
        some = places[:2] % max(1, len(view))
        assert not len(view) or np.array_equal(Mapped(view)[some], view[some])
    let_go(copied)
    assert (copied[3] == 5.0).all()
    name = file.filename
    np.save(f"{name}.other.npy", wide + 1.0)
    Path(f"{name}.other.npy").replace(name)
    assert row_file(file) is None  # what was mapped is another file now
    short = row_file(np.load(name, mmap_mode="r"))
    os.truncate(name, 200)
    with pytest.raises(OSError, match="the mapped file ends before row 7"):
        short.rows(places)


def test_strides_and_places_of_mapped_rows(on_disk):
    wide = np.random.default_rng(0).normal(size=(50, 64))
    rows = Mapped(on_disk(wide))
    assert np.array_equal(rows[::7], wide[::7])
    order = np.random.default_rng(1).permutation(50)
    assert np.array_equal(rows.at(order)[::7], wide[order][::7])
    assert np.array_equal(rows.at(order).at(order)[3:9], wide[order][order][3:9])
    assert np.array_equal(rows[-1], wide[-1])
    assert [len(row) for row in rows] == [64] * 50
    assert np.array_equal(np.asarray(rows), wide)
    assert (rows[5:5].shape, rows.at(order)[:0].shape) == ((0, 64), (0, 64))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_digest_says_what_all_targets_say(loss):
    outputs, kinds = LOSS_DATA[loss]
    for y in kinds:
        digest = Digest()
        for i in range(0, 61, 7):
            digest.add(y[i : i + 7])
        whole = targets_of(loss_named(loss), y, outputs)
        reader = TargetReader(loss_named(loss), digest.rows, outputs)
        assert np.array_equal(reader.found.classes, whole.classes)
        assert reader.found.multilabel == whole.multilabel
        parts = [reader.values(y[i : i + 7]) for i in range(0, 61, 7)]
        assert np.array_equal(np.concatenate(parts), whole.values)
        assert {part.dtype for part in parts} == {whole.values.dtype}
        assert len(digest.rows) <= 5


# Memory -------------------------------------------------------------------------------------------


def peak(call):
    """The most bytes that a call holds at once, beyond those from before."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


WIDTH = 64


def peaks(count, folder):
    """What each way to go through some samples holds at most."""
    samples = np.random.default_rng(0).normal(size=(count, WIDTH)).astype(np.float32)
    np.save(folder / "X.npy", samples)
    np.save(folder / "y.npy", (samples[:, 0] > 0).astype(np.uint8))
    del samples
    x, y = (np.load(folder / name, mmap_mode="r") for name in ("X.npy", "y.npy"))
    model = MLP([WIDTH, 2, 2], seed=0)
    model.predict(x[:20])  # so that it has its program

    def train(x, y, validation):
        new = MLP([WIDTH, 2, 2], seed=0)
        options = {"epochs": 1, "batch_size": 50, "validation": validation, "metrics": METRICS}
        optimizer = SGD(new.parameters(), 0.1)
        fit(new, x, y, loss="cross_entropy", optimizer=optimizer, progress=False, **options)

    def yielded(epoch):
        for i in range(count // 50):
            x = np.random.default_rng(i).normal(size=(50, WIDTH))
            yield x, (x[:, 0] > 0).astype(int)

    return {
        "mapped": peak(lambda: train(x, y, 0.1)),
        "yielded": peak(lambda: train(yielded, None, yielded)),
        "evaluate": peak(lambda: evaluate(model, x, y, loss="cross_entropy", metrics=["f1"])),
        "predict": peak(lambda: model.predict(x)),
    }


def test_memory_does_not_grow_with_the_samples(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "PART", 2**17)
    monkeypatch.setattr("nn.validation._TOGETHER", 2**14)
    few, many = peaks(2_000, tmp_path), peaks(8_000, tmp_path)
    each = {name: (many[name] - few[name]) / 6_000 for name in few}
    # Bytes for each sample more, of which the file has 256, and an array of floats 512.
    assert each["mapped"] < 100  # its place, in several orders
    assert each["yielded"] < 1
    assert each["evaluate"] < 1
    assert each["predict"] < 17  # its outputs


def test_the_section_on_larger_data_runs():
    path = Path(ROOT) / "docs" / "reference" / "datasets.rst"
    found = doctest.testfile(str(path), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0
