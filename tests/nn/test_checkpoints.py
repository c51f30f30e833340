"""Checkpoints: killed at any moment, a run is finished bit for bit; what is damaged is refused."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograd import Value, sealed
from nn import MLP, SGD, Adam, Module, RMSprop, datasets, fit, schedules
from nn.training.checkpoints import packed, unpacked
from support.chosen_profile import PROFILE
from support.damage import damaged
from support.places import ROOT
from support.training import ENGINES, Dropping, data

LONG = PROFILE == "long"

OPTIMIZERS = {
    "sgd": lambda ps: SGD(ps, lr=0.3, momentum=0.9, clip_norm=5.0),
    "adam": lambda ps: Adam(ps, lr=schedules.cosine(0.1, steps=40)),
    "rmsprop": lambda ps: RMSprop(ps, lr=lambda n: 0.1 / (n + 1), centered=True, momentum=0.5),
}


def run(epochs, *, make=lambda: MLP([2, 4, 1], seed=3), optimizer="adam", n=45, **changes):
    """Return a model and its history after a run on moons."""
    X, y = datasets.moons(n, seed=1)
    model = make()
    options = {"loss": "binary_cross_entropy", "batch_size": 7, "seed": 5, "metrics": ["f1"]}
    options["optimizer"] = OPTIMIZERS[optimizer](model.parameters())
    return model, fit(model, X, y, epochs=epochs, **(options | changes))


def stopping(after):
    """Return a callback that breaks off as if the machine had gone, in the midst of an epoch."""

    def call(model, history):
        if len(history) == after:
            raise SystemExit

    return call


# Going on ---------------------------------------------------------------------------------------


CHANGES = [
    {},
    {"patience": 2},
    {"validation": "last_batch"},
    {"class_weight": "balanced", "shuffle": False},
    {"sample_weight": np.linspace(0.5, 2.0, 45), "accumulate": 2},
]


@pytest.mark.parametrize("changes", CHANGES, ids=["", "patience", "last", "balanced", "weights"])
@pytest.mark.parametrize("make", [lambda: MLP([2, 4, 1], seed=3), Dropping], ids=["mlp", "dropout"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_was_broken_off_is_finished_bit_for_bit(
    engine, optimizer, make, changes, tmp_path
):
    options = {"engine": engine, "optimizer": optimizer, "make": make, **changes}
    whole, wanted = run(7, **options)
    path = tmp_path / "run.json"
    with pytest.raises(SystemExit):
        run(7, checkpoint=path, callbacks=[stopping(2)], **options)
    model, history = run(7, resume=path, **options)
    assert data(model) == data(whole)
    assert history.to_csv() == wanted.to_csv()
    assert history.weights == wanted.weights
    assert len(history.weights) >= 2
    assert [history.best_epoch, history.stopped_early, history.note, history.classes] == [
        wanted.best_epoch, wanted.stopped_early, wanted.note, wanted.classes
    ]  # fmt: skip
    assert os.listdir(tmp_path) == ["run.json"]


def test_where_there_is_no_file_a_new_run_begins_and_is_kept(tmp_path):
    path = tmp_path / "run.json"
    whole, _ = run(5)
    model, _ = run(3, resume=path)
    assert data(model) != data(whole)
    again, history = run(5, resume=path)
    assert data(again) == data(whole)
    assert history.epoch == [1, 2, 3, 4, 5]


def test_a_finished_run_is_read_and_nothing_is_trained(tmp_path):
    path = tmp_path / "run.json"
    model, history = run(3, checkpoint=path)
    before = path.read_bytes()
    again, same = run(3, resume=path)
    fewer, more = run(2, resume=path)
    assert data(again) == data(fewer) == data(model)
    assert same.to_csv() == more.to_csv() == history.to_csv()
    assert path.read_bytes() == before
    assert same.cost == history.cost


def test_a_run_that_ended_early_stays_ended(tmp_path):
    path = tmp_path / "run.json"
    options = {"callbacks": [lambda model, history: len(history) == 2], "checkpoint": path}
    model, _ = run(9, **options)
    again, history = run(9, resume=path)
    assert (len(history), history.stopped, data(again)) == (2, True, data(model))
    early = tmp_path / "early.json"
    model, history = run(40, optimizer="sgd", patience=1, checkpoint=early)
    assert history.stopped_early
    again, same = run(40, optimizer="sgd", patience=1, resume=early)
    assert data(again) == data(model)
    assert (len(same), same.stopped_early, same.best_epoch) == (
        len(history), True, history.best_epoch
    )  # fmt: skip


def test_what_callbacks_change_is_in_the_file(tmp_path):
    def halve(model, history):
        model.parameters()[0].data *= 0.5

    path = tmp_path / "run.json"
    whole, _ = run(6, callbacks=[halve])
    with pytest.raises(SystemExit):
        run(6, callbacks=[halve, stopping(3)], checkpoint=path)
    model, _ = run(6, callbacks=[halve], resume=path)
    assert data(model) == data(whole)


def test_a_checkpoint_of_a_run_that_went_on_from_a_history(tmp_path):
    path = tmp_path / "run.json"

    def later(**changes):
        X, y = datasets.moons(45, seed=1)
        model = MLP([2, 4, 1], seed=3)
        optimizer = Adam(model.parameters(), lr=0.05)
        options = {"loss": "binary_cross_entropy", "batch_size": 7, "optimizer": optimizer}
        three = fit(model, X, y, epochs=3, **options)
        return model, fit(model, X, y, epochs=4, history=three, **options, **changes)

    whole, wanted = later()
    with pytest.raises(SystemExit):
        later(checkpoint=path, callbacks=[stopping(5)])
    model, history = later(resume=path)
    assert data(model) == data(whole)
    assert history.epoch == wanted.epoch == [1, 2, 3, 4, 5, 6, 7]


def test_ctrl_c_leaves_the_last_good_file_and_the_run_goes_on_from_it(tmp_path):
    path = tmp_path / "run.json"

    def interrupt(model, history):
        if len(history) == 3:
            raise KeyboardInterrupt

    whole, _ = run(6)
    model, history = run(6, checkpoint=path, callbacks=[interrupt])
    assert history.interrupted
    assert len(json.loads(path.read_text())["history"]["records"]) == 2
    model, history = run(6, resume=path)
    assert data(model) == data(whole)
    assert not history.interrupted


def test_data_is_told_apart_with_nothing_held_out(tmp_path):
    path = tmp_path / "run.json"
    run(2, checkpoint=path, validation=None)
    with pytest.raises(ValueError, match="other training data"):
        run(4, resume=path, validation=None, n=46)


# Another run -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n": 46}, "other training data"),
        ({"seed": 6}, "another seed: 5 there, and 6 here"),
        ({"validation": 0.2}, "other training data"),
        (
            {"make": lambda: MLP([2, 5, 1], seed=3)},
            r"another model: MLP .*\[2, 4, 1\].*\[2, 5, 1\]",
        ),
        ({"make": Dropping}, "another model: MLP .* there, and Dropping"),
        ({"optimizer": "sgd"}, "another optimizer: Adam .* there, and SGD"),
        ({"engine": "eager"}, "by the engine 'compiled', and this one by 'eager'"),
        ({"batch_size": 8}, "another batch_size: 7 there, and 8 here"),
        ({"batch_size": 1, "accumulate": 7}, "another batch_size: 7 there, and 1 here"),
        ({"accumulate": 2}, "another accumulate: 1 there, and 2 here"),
        ({"shuffle": False}, "another shuffle: True there, and False here"),
        ({"class_weight": "balanced"}, "another use of sample_weight or class_weight: False there"),
        ({"patience": 3}, "another patience: None there, and 3 here"),
        ({"metrics": ["recall"]}, "another metrics: f1 there, and recall here"),
        ({"loss": "hinge"}, "another loss: binary_cross_entropy there, and hinge here"),
        ({"gradients": "forward"}, "another gradients: 'backprop' there, and 'forward' here"),
    ],
)
def test_another_run_is_refused_by_name(changes, words, tmp_path):
    path = tmp_path / "run.json"
    run(2, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=words):
        run(4, resume=path, **changes)
    assert path.read_bytes() == before


def test_another_learning_rate_is_another_optimizer(tmp_path):
    path = tmp_path / "run.json"
    X, y = datasets.moons(20, seed=1)
    model = MLP([2, 2, 1], seed=0)
    options = {"loss": "hinge", "epochs": 2, "batch_size": 5}
    fit(model, X, y, optimizer=SGD(model.parameters(), lr=0.1), checkpoint=path, **options)
    before = data(model)
    with pytest.raises(ValueError, match=r"another optimizer: SGD .*0\.1.* and SGD .*0\.2"):
        fit(model, X, y, optimizer=SGD(model.parameters(), lr=0.2), resume=path, **options)
    assert data(model) == before


class Bare:
    """An optimiser that cannot say what it remembers."""

    def __init__(self, parameters):
        self.parameters = parameters

    def step(self):
        for p in self.parameters:
            p.data -= 0.1 * p.grad


class Counting(Bare):
    """One of somebody's own that can."""

    steps = 0

    def step(self):
        self.steps += 1
        for p in self.parameters:
            p.data -= p.grad / self.steps

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


def test_an_optimizer_of_ones_own_is_kept_if_it_says_its_state(tmp_path, monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "bare", Bare)
    with pytest.raises(TypeError, match="Bare has no state_dict"):
        run(2, optimizer="bare", checkpoint=tmp_path / "run.json")
    monkeypatch.setitem(OPTIMIZERS, "counting", Counting)
    whole, _ = run(4, optimizer="counting")
    run(2, optimizer="counting", checkpoint=tmp_path / "run.json")
    model, _ = run(4, optimizer="counting", resume=tmp_path / "run.json")
    assert data(model) == data(whole)


# Places that cannot be written --------------------------------------------------------------------


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        run(2, checkpoint=tmp_path / "nowhere" / "run.json")
    with pytest.raises(IsADirectoryError, match="is a folder: name one in it"):
        run(2, checkpoint=tmp_path)
    with pytest.raises(TypeError, match="named by a str or a Path"):
        run(2, checkpoint=3)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="nothing may be written into"):
        run(2, checkpoint=tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_the_run_and_leaves_the_last_good_file(tmp_path, monkeypatch):
    path, count = tmp_path / "run.json", 0
    whole, _ = run(6)

    def full(file, *args, **kwargs):
        nonlocal count
        count += 1
        if count == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return kept(file, *args, **kwargs)

    kept, seen = Path.replace, []
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(
        OSError, match=r"No space left on device\. Training has ended after epoch 4"
    ):
        run(6, checkpoint=path, callbacks=[lambda model, _: seen.append(model)])
    monkeypatch.undo()
    assert len(json.loads(path.read_text())["history"]["records"]) == 3
    assert os.listdir(tmp_path) == ["run.json"]
    assert data(seen[0]) == data(run(4)[0])
    model, _ = run(6, resume=path)
    assert data(model) == data(whole)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_what_is_no_regular_file_is_no_checkpoint():
    with pytest.raises(OSError, match="No space left on device"):
        run(2, checkpoint="/dev/full")
    with pytest.raises(ValueError, match="found no regular file"):
        run(2, resume="/dev/zero")


# kill -9 ------------------------------------------------------------------------------------------

KILLED = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from nn import MLP, Adam, datasets, fit
X, y = datasets.moons(300, seed=1)
model = MLP([2, 16, 16, 1], seed=3)
print("begun", flush=True)
fit(model, X, y, loss="binary_cross_entropy", optimizer=Adam(model.parameters(), lr=0.01),
    epochs={epochs}, batch_size=16, patience=1000, resume={path!r}, progress=False)
print(repr([p.data for p in model.parameters()]))
"""


def test_kill_at_any_moment_leaves_a_run_that_is_finished_bit_for_bit(tmp_path):
    epochs, kills = (60, 50) if LONG else (12, 3)
    path = tmp_path / "run.json"
    code = KILLED.format(root=str(ROOT), tests="", epochs=epochs, path=str(path))

    def begin():
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)

    def finished():
        output, _ = begin().communicate(timeout=120)
        return output.splitlines()[-1]

    wanted = finished()
    path.unlink()
    rng, killed = random.Random(0), 0
    while killed < kills:
        process = begin()
        process.stdout.readline()
        # Most of it is spent in importing, making programs and the first epochs.
        time.sleep(rng.uniform(0.0, 0.4))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate(timeout=120)
        if path.exists() and len(json.loads(path.read_text())["history"]["records"]) == epochs:
            assert finished() == wanted
            path.unlink()
    assert finished() == wanted


# Damaged and hostile files ------------------------------------------------------------------------


def test_numbers_come_back_to_the_bit():
    rng = np.random.default_rng(0)
    numbers = [
        0.1,
        -0.0,
        5e-324,
        1.7976931348623157e308,
        float("inf"),
        *rng.normal(size=50).tolist(),
    ]
    text = json.dumps(packed({"a": numbers, "b": np.array(numbers), "c": [1, None, "x", [0.5]]}))
    found = unpacked(json.loads(text))
    assert np.array(found["a"]).tobytes() == found["b"].tobytes() == np.array(numbers).tobytes()
    assert found["c"] == [1, None, "x", [0.5]]
    assert np.isnan(unpacked(packed(float("nan"))))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    model, _ = run(2, checkpoint=folder / "run.json", patience=5)
    model.save(folder / "model.json")
    return (folder / "run.json").read_bytes(), (folder / "model.json").read_bytes()


def test_files_with_anything_changed_are_refused(sound, tmp_path):
    rng = random.Random(7)
    for name, good, read in (
        ("run.json", sound[0], lambda path: run(3, resume=path, patience=5)),
        ("model.json", sound[1], MLP.load),
    ):
        path = tmp_path / name
        for _ in range(1_000 if LONG else 50):
            bad = damaged(good, rng)
            if bad == good:
                continue
            path.write_bytes(bad)
            with pytest.raises(ValueError, match=name):
                read(path)
            assert path.read_bytes() == bad
    assert sorted(os.listdir(tmp_path)) == ["model.json", "run.json"]


HOSTILE = [None, True, 0, -1, 2**70, 1.5, 1e999, "x", "__import__('os')", [], {}, [[]], [1] * 9]
HOSTILE += [{"floats": x} for x in (3, "AAAA", "AAAAAAAA8H8=")] + [{"float": "1"}, {"list": "?"}]


def places(x, path=()):
    """Yield the way to every part of a document."""
    yield path
    inside = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()
    for key, inner in inside:
        yield from places(inner, (*path, key))


def test_a_hostile_file_with_a_true_checksum_is_refused_or_read(sound, tmp_path):
    rng = random.Random(11)
    path = tmp_path / "run.json"
    document = json.loads(sound[0])
    del document["checksum"]
    ways = [way for way in places(document) if way and way[0] != "run"]
    refused = 0
    for _ in range(1_000 if LONG else 60):
        changed = json.loads(json.dumps(document))
        way = rng.choice(ways)
        inner = changed
        for key in way[:-1]:
            inner = inner[key]
        value = rng.choice(HOSTILE)
        inner[way[-1]] = "1e999" if value == 1e999 else value
        path.write_text(sealed(changed).replace('"1e999"', "1e999"))
        model = MLP([2, 4, 1], seed=3)
        before = data(model)
        try:
            run(3, resume=path, patience=5, make=lambda model=model: model)
        except ValueError:
            refused += 1
            assert data(model) == before
    assert refused > 30


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON, or cut short"),
        (b"[" * 200_000, "not JSON"),
        (b"\x80\x04\x95", "not JSON"),
        (b'{"format": "chalkgrad model", "version": 1}', "whose format is 'chalkgrad checkpoint'"),
        (b'{"format": "chalkgrad checkpoint", "version": 2}', "read it with the chalkgrad that"),
        (b'{"format": "chalkgrad checkpoint", "version": 1}', "its checksum is not that"),
        (b'{"format": ' + b"9" * 10_000 + b"}", "not JSON"),
    ],
)
def test_what_is_no_checkpoint_is_said(content, words, tmp_path):
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        run(2, resume=path)


# Model files --------------------------------------------------------------------------------------


def test_a_flipped_digit_in_a_model_file_is_noticed(tmp_path):
    model = MLP([2, 3, 1], seed=1)
    path = tmp_path / "model.json"
    model.save(path)
    text = path.read_text()
    digit = repr(model.layers[0].neurons[0].weights[0].data)
    path.write_text(text.replace(digit, digit[:-1] + str((int(digit[-1]) + 1) % 10)))
    with pytest.raises(ValueError, match=r"model\.json: its checksum is not that of its text"):
        MLP.load(path)
    path.write_text(text.replace("checksum", "checksun"))
    with pytest.raises(ValueError, match="found the key 'checksun' in it"):
        MLP.load(path)
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert data(MLP.load(path)) == data(model)


def test_a_model_file_of_0_1_0_has_no_checksum_and_loads(tmp_path):
    model = MLP([2, 3, 1], seed=1)
    path = tmp_path / "model.json"
    model.save(path)
    document = json.loads(path.read_text())
    del document["checksum"]
    path.write_text(json.dumps(document, indent=1) + "\n")
    assert data(MLP.load(path)) == data(model)


def test_a_model_of_ones_own_values_is_kept(tmp_path):
    class Pair(Module):
        def __init__(self):
            self.a, self.b = Value(0.5), Value(-0.25)

        def __call__(self, inputs):
            return [self.a * inputs[0] + self.b * inputs[1]]

    path = tmp_path / "run.json"
    whole, _ = run(5, make=Pair)
    run(2, make=Pair, checkpoint=path)
    model, _ = run(5, make=Pair, resume=path)
    assert data(model) == data(whole)


def test_a_checkpoint_from_before_there_were_histograms_goes_on(tmp_path):
    path = tmp_path / "run.json"
    whole, wanted = run(5)
    with pytest.raises(SystemExit):
        run(5, checkpoint=path, callbacks=[stopping(3)])
    document = json.loads(path.read_text())
    del document["checksum"]
    for record in document["history"]["records"]:
        assert len(record.pop()) == 2  # a histogram for each layer
    path.write_text(sealed(document))
    model, history = run(5, resume=path)
    assert data(model) == data(whole)
    assert [bool(record.weights) for record in history] == [False, False, True, True, True]
    assert history[-1].weights == wanted[-1].weights
