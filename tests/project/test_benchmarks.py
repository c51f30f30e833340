"""The benchmarks run and report; a time is never asserted."""

import json
import re
import socket
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from autograd import Value, compile
from benchmarks import (
    bounds,
    digits,
    gpt,
    install,
    larger,
    mnist,
    page,
    peers,
    physics,
    rows,
    scalars,
    steps,
    timed,
    timing,
)
from benchmarks.alone import chain, network, plain
from benchmarks.programs import pictures, recurrent
from benchmarks.programs import table as programs
from benchmarks.programs.program import lists
from benchmarks.tried import TRIED
from nn import MLP, datasets
from nn.losses import LOSSES
from nn.optim import OPTIMIZERS
from nn.schedules import SCHEDULES
from support.places import ROOT


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What a hurried run prints, and the folder it writes."""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "benchmarks", "--quick", "--threads", "1", "--write"]
    done = subprocess.run(
        [*command, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done, folder


@pytest.mark.bench
def test_every_row_is_printed_and_every_figure_to_reach_answered(run):
    done, folder = run
    for name in (timed.EAGER, timed.ONE_CALL, timed.BATCH, timed.SAMPLE, timed.LARGE.name):
        assert f"\n{name}\n" in done.stdout
    for bound in bounds.BOUNDS:
        assert re.search(rf"^{re.escape(bound.work)} +{bound.what} .*≤", done.stdout, re.MULTILINE)
    results = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    for row in results["rows"]:
        assert row["times"]["chalkgrad"][1] > 0.0
        assert row["threads"] == 1
    assert results["rows"][4]["ratios"].keys() >= {"NumPy by hand"}
    assert results["growth"][-1]["nodes"] > 100


@pytest.mark.bench
def test_the_machine_and_the_versions_are_told_but_neither_its_name_nor_a_path(run):
    done, folder = run
    results = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    assert results["machine"]["processor"]
    assert results["versions"].keys() >= {"chalkgrad", "NumPy", "BLAS"}
    for text in (done.stdout, *(f.read_text(encoding="utf-8") for f in folder.iterdir())):
        assert str(ROOT) not in text
        assert str(folder) not in text
        assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)


@pytest.mark.bench
def test_what_is_missing_is_said_and_the_rest_runs(run):
    done, folder = run
    results = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    for name in (*peers.MODULES, peers.HIPS):
        assert (name in results["missing"]) != (name in results["versions"])
        if name in results["missing"]:
            assert f"left out: {name}: {results['missing'][name]}" in done.stdout


@pytest.mark.bench
def test_the_charts_are_well_formed_and_the_page_shows_them(run):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: no charts")
    _, folder = run
    text = (folder / "benchmarks.md").read_text(encoding="utf-8")
    assert "its numbers mean nothing" in text
    for name in ("benchmarks.svg", "benchmarks-growth.svg"):
        assert f"]({name})" in text
        assert ElementTree.parse(folder / name).getroot().tag.endswith("svg")
        assert "prefers-color-scheme: dark" in (folder / name).read_text(encoding="utf-8")


@pytest.mark.bench
def test_charts_and_page_made_again_from_the_numbers_are_the_same(run, tmp_path):
    _, folder = run
    command = [sys.executable, "-m", "benchmarks", "--read", str(folder / "benchmarks.json")]
    subprocess.run([*command, "--write", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_page_in_docs_is_made_from_the_numbers_beside_it():
    results = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    assert not results["settings"]["quick"]
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert text == page.page(results, TRIED)


# The work: a comparison of different work would compare nothing ----------------------------------


def test_a_step_by_hand_learns_what_the_compiled_step_learns():
    for work, tolerance in ((timed.SMALL, 1e-10), (timed.MIDDLE, 1e-10), (timed.IMAGES, 1e-4)):
        found = {
            name: steps.learned(make(), *work.data(work.batch))
            for name, make in steps.trainers(work, {}).items()
        }
        assert rows.differ(found[peers.OURS], found[steps.NUMPY], tolerance) == ""


def test_a_net_with_derivatives_in_its_loss_learns_the_same_compiled_and_eager():
    work = replace(timed.EQUATIONS[0], network=replace(timed.EQUATIONS[0].network, batch=3))
    made = physics.physics_makers(work, {})
    ours, eager = made[peers.OURS](), made[physics.EAGER]()
    assert rows.differ(ours.numbers, eager.numbers, 1e-10) == ""


def test_the_products_of_a_step_are_counted():
    # Forward twice, W's slopes twice, and the second layer's input: 2 * batch * n * m each.
    work = steps.Work((3, 5, 2), "tanh", 7, "float64")
    assert steps.flops(work) == 2 * 7 * (2 * 15 + 3 * 10)


@pytest.mark.bench
def test_micrograd_computes_the_same_numbers():
    engine = pytest.importorskip("micrograd.nn", reason="make bench installs micrograd")
    for makers in (
        scalars.eager_makers({"micrograd": engine}, None),
        scalars.sample_makers({"micrograd": engine}),
    ):
        ours, theirs = makers[peers.OURS](), makers["micrograd"]()
        assert len(ours.numbers) == len(theirs.numbers) > 2
        assert rows.differ(ours.numbers, theirs.numbers, 1e-12) == ""


def test_the_plain_network_is_the_model_of_layers():
    f, parameters = plain([3, 4, 2])
    assert len(parameters) == 4 * 4 + 2 * 5
    z = f([Value(0.1), Value(0.2), Value(0.3)], [0.0, 1.0])
    z.backward()
    assert all(p.grad for p in parameters)


def test_a_chain_has_a_slope_that_shows_it_was_walked():
    x, z = chain(Value, 1_000)
    z.backward()
    assert x.grad == 1.0


def test_a_network_to_draw_has_the_boxes_asked_for():
    from autograd import draw

    assert 40 <= len(draw(network(40), expand=True).picture.boxes) <= 60


# Timing and judging ------------------------------------------------------------------------------


def test_programs_take_turns_and_each_round_begins_with_another():
    called = []

    def told(name):
        def time(calls):
            called.append(name)
            return 0.5 * calls

        return time

    found = timing.in_turns({name: told(name) for name in "abc"}, rounds=3, seconds=1.0)
    assert "".join(called) == "abc" + "abc" + "bca" + "cab"
    assert found == {name: [0.5] * 3 for name in "abc"}


def test_a_clock_waits_for_what_its_calls_left():
    called = []
    timing.clock(lambda: called.append("call"), lambda: called.append("finish"))(2)
    assert called == ["call", "call", "finish"]


def test_the_spread_is_the_middle_half_around_the_median():
    assert timing.spread([3.0, 1.0, 2.0]) == [1.0, 2.0, 3.0]
    assert timing.spread([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) == [2.0, 4.0, 6.0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.0, "2.00 s"), (0.0123, "12.3 ms"), (3.456e-6, "3.46 µs"), (31.4e-9, "31.4 ns")],
)
def test_times_are_shown_with_a_unit(seconds, text):
    assert timing.shown(seconds) == text


def entry(numbers):
    return lambda: rows.Entry(lambda calls: 1.0 * calls, numbers)


def broken():
    raise RuntimeError("no such\nthing")


def test_a_peer_that_fails_or_computes_other_numbers_is_left_out_and_the_rest_is_timed():
    makers = {
        peers.OURS: entry([1.0, 2.0]),
        "same": entry([1.0, 2.0 + 1e-13]),
        "other": entry([1.0, 2.1]),
        "less": entry([1.0]),
        "broken": broken,
    }
    row = rows.measured(
        "work", makers, threads=1, rounds=2, seconds=0.1, tolerance=1e-12, pieces=10
    )
    assert row.times == {peers.OURS: [0.1] * 3, "same": [0.1] * 3}
    assert row.ratios == {"same": [1.0] * 3}
    assert row.missing.keys() == {"other", "less", "broken"}
    assert "2.1 for 2.0 at place 1" in row.missing["other"]
    assert row.missing["broken"] == "RuntimeError: no such thing"


def test_nan_agrees_with_nothing():
    assert rows.differ([1.0], [float("nan")], 1.0)


def test_our_own_failure_is_not_hidden():
    with pytest.raises(RuntimeError, match="no such"):
        rows.measured("work", {peers.OURS: broken}, threads=1, rounds=1, seconds=0.1, tolerance=0.0)


EMPTY = {"rows": [], "compiling": [], "growth": [], "chains": [], "pictures": []}


def test_a_bound_is_met_missed_or_open():
    bound = bounds.Bound("w", "of p", 0.5, "", bounds.ratio("w", "p"))
    row = {"name": "w", "threads": 1, "times": {}, "ratios": {"p": [0.3, 0.5, 0.9]}}
    assert bound.is_met({**EMPTY, "rows": [row]}) is True
    assert bound.measured({**EMPTY, "rows": [row]}) == "0.500 (0.300 to 0.900)"
    row["ratios"]["p"] = [0.3, 0.51, 0.9]
    assert bound.is_met({**EMPTY, "rows": [row]}) is False
    assert bound.is_met({**EMPTY, "rows": [row | {"threads": 2}]}) is None
    for bound in bounds.BOUNDS:
        assert bound.is_met(EMPTY) is None
        assert bound.measured(EMPTY) == "not measured"


def test_growth_of_a_chain_is_the_exponent():
    def taken(length, seconds):
        return {"length": length, "build": seconds, "backward": 0.0, "free": 0.0}

    chains = [taken(100_000, 1.0), taken(1_000_000, 100.0)]
    assert bounds.growth({"chains": chains}) == [2.0] * 3


# Peers -------------------------------------------------------------------------------------------


def test_every_peer_that_is_measured_is_in_the_extra():
    named = {re.split(r"[^\w.-]", requirement)[0] for requirement in install.requirements()}
    assert named == set(peers.DISTRIBUTIONS.values())
    assert "autograd" not in named


def test_a_peer_that_cannot_be_installed_is_left_out(monkeypatch, capsys):
    def only_jax(python, requirement):
        return requirement.startswith("jax")

    monkeypatch.setattr(install, "install", only_jax)
    monkeypatch.setattr(install, "install_hips", lambda: False)
    assert install.main() == 0
    said = capsys.readouterr().err
    assert [line.split()[0] for line in said.splitlines()] == [
        *(r for r in install.requirements() if not r.startswith("jax")),
        "HIPS's",
    ]


def test_a_peer_that_cannot_be_imported_says_why(monkeypatch):
    monkeypatch.setattr(peers, "MODULES", {"nothing": "no_such_module_anywhere"})
    found, missing = peers.imported(1)
    assert found == {}
    assert missing == {"nothing": "not installed (no_such_module_anywhere)"}


def test_without_its_environment_hips_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "hips_python", lambda: tmp_path / "python")
    with pytest.raises(FileNotFoundError, match="its own environment is missing"):
        peers.HipsWorker()


def test_a_worker_that_ends_says_its_last_words(monkeypatch, tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 'no module' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(peers, "hips_python", lambda: fake)
    with peers.HipsWorker() as worker, pytest.raises(RuntimeError, match="no module"):
        worker.numbers()


def test_images_are_moved_by_a_pixel_to_each_side():
    image = np.arange(784.0).reshape(1, 784) + 1.0
    grid = image.reshape(28, 28)
    down, up, right, left = (x.reshape(28, 28) for x in mnist.moved(image))
    for found, kept in (
        (down[1:], grid[:-1]),
        (up[:-1], grid[1:]),
        (right[:, 1:], grid[:, :-1]),
        (left[:, :-1], grid[:, 1:]),
    ):
        assert np.array_equal(found, kept)
    for edge in (down[0], up[-1], right[:, 0], left[:, -1]):
        assert not edge.any()


@pytest.mark.parametrize("recipe", mnist.CANDIDATES, ids=lambda recipe: recipe.name)
def test_recipes_for_mnist_train(recipe):
    rng = np.random.default_rng(0)
    X, y = rng.random((6, 784)), np.array([0, 1, 2, 0, 1, 2])
    short = replace(recipe, make=lambda seed: MLP([784, 2, 10], seed=seed), epochs=4)
    model = short.train(X, y, seed=3)
    assert (model.predict(X) != MLP([784, 2, 10], seed=3).predict(X)).any()


# Training on digits -------------------------------------------------------------------------------


def test_digits_have_a_row_for_every_optimiser_schedule_and_loss():
    found = {(row.kind, row.name) for row in digits.rows()}
    tables = {"optimiser": OPTIMIZERS, "schedule": SCHEDULES, "loss": LOSSES}
    assert found == {(kind, name) for kind, table in tables.items() for name in table}
    assert set(digits.RATES) == set(OPTIMIZERS)


def test_a_row_of_digits_is_trained_and_measured():
    X, y = datasets.digits()
    row = digits.Row("schedule", "one_cycle", schedule="one_cycle")
    model, seconds = digits.trained(row, 0.01, X[:400] / 16, y[:400], epochs=3, seed=0)
    assert seconds > 0.0
    assert digits.read_right(model, (X[400:800] / 16, y[400:800])) > 0.5


@pytest.mark.parametrize("name", [name for name in programs.table({}) if "batch 1" in name])
def test_a_program_computes_the_same_compiled_eagerly_and_by_hand(name):
    found = programs.table(peers.imported(1)[0])[name]
    ours = found.pop(peers.OURS)().numbers()
    assert len(ours) > 1
    for peer, build in found.items():
        assert not rows.differ(ours, build().numbers(), 1e-9), peer


@pytest.mark.parametrize("program", [*recurrent.programs(), *pictures.programs()], ids=str)
def test_a_program_that_is_trained_computes_the_same_eagerly(program):
    P, every = lists(program.start())
    batch = program.data(2)
    compiled = compile(lambda *x: program.scalars(P, *x), parameters=every)
    loss, slopes = compiled.value_and_grad(*batch)
    total = 0.0
    for sample in zip(*[x.tolist() for x in batch], strict=True):
        total += program.scalars(P, *sample) / 2
    total.backward()
    assert loss == pytest.approx(total.data, rel=1e-12)
    np.testing.assert_allclose(slopes, [v.grad for v in every], rtol=1e-9, atol=1e-14)


@pytest.mark.bench
def test_the_gpt_has_one_loss_in_scalars_compiled_and_by_hand(capsys):
    assert gpt.main(["--steps", "4", "--batch", "2"]) == 0
    said = capsys.readouterr().out
    assert "compiled" in said
    assert "NumPy by hand" in said
    assert "other numbers" not in said


@pytest.mark.parametrize("source", ["yielded", "mapped"])
def test_training_on_larger_data_prints_its_memory(source, tmp_path, capsys):
    options = ["--gigabytes", "0.002", "--source", source, "--folder", str(tmp_path)]
    assert larger.main(options) == 0
    said = capsys.readouterr().out
    assert "637 samples, engine compiled" in said
    assert "at most" in said
    assert "validation accuracy" in said
    assert list(tmp_path.iterdir()) == []
