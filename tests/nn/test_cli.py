"""The command: what it prints and writes, and what it says when something is wrong."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

import autograd
from nn import MLP, accuracy
from nn.command import cli
from nn.report import NAMES, experiment, folder
from nn.report.settings import TASKS, Settings

SMALL = ["--points", "60", "--hidden", "3", "--epochs", "2"]
MOONS = {
    "gradient.svg",
    "histograms.svg",
    "run.toml",
    "report.html",
    "result.json",
    "times.csv",
    "history.csv",
    "model.json",
    "loss.svg",
    "accuracy.svg",
    "confusion.svg",
    "boundary.svg",
    "network.svg",
    "neuron.svg",
    "weights-by-epoch.svg",
}


def moons(output: Path, *more: str) -> int:
    return cli.main(["train", "moons", *SMALL, "--output", str(output), *more])


def contents(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: object, **__: object) -> None:
        pytest.fail("training began")

    monkeypatch.setattr(experiment, "fit", fit)


# What it does -----------------------------------------------------------------------------------


def test_training_writes_a_folder_and_says_how_good_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "demo"
    assert moons(output) == 0
    assert set(contents(output)) == MOONS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Training [2, 3, 1] (13 parameters) on 43 points of moons")
    assert [line[:8] for line in lines[1:3]] == ["Epoch 1:", "Epoch 2:"]
    found = re.fullmatch(
        r"Accuracy (\d\.\d{4}) on held-out data \(12 points that the network never saw\), "
        r"after \d+\.\d s of training\. Report: (.*)",
        lines[-1],
    )
    assert found
    assert Path(found[2]) == output / "report.html"
    # The number is that of the saved model on the points that were split off.
    prepared = experiment.prepare(Settings("moons", (3,), points=60, epochs=2))
    again = MLP.load(output / "model.json")
    X, y = prepared.test_set
    assert found[1] == f"{accuracy(again.predict(X), y):.4f}"
    assert not any((row == prepared.train_set[0]).all(axis=1).any() for row in X)


def test_quiet_prints_the_result_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert moons(tmp_path / "demo", "--quiet") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    assert printed.out.startswith("Accuracy ")


@pytest.mark.parametrize("name", ["q", "o"])
def test_a_value_may_be_called_as_a_short_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i / 8},{i % 2}\n" for i in range(16))
    Path("table.csv").write_text(f"x,{name}\n{rows}")
    words = ["train", "table.csv", "--target", name, "--epochs", "1", "--output", name, "-q"]
    assert cli.main(words) == 0
    assert (tmp_path / name / "model.json").exists()


@pytest.mark.parametrize("name", [name for name in TASKS if name != "digits"])
def test_every_drawn_data_set_can_be_trained_on(tmp_path: Path, name: str) -> None:
    assert cli.main(["train", name, *SMALL, "--quiet", "--output", str(tmp_path / name)]) == 0
    assert set(contents(tmp_path / name)) == MOONS


def test_digits_come_with_their_images(tmp_path: Path) -> None:
    output = tmp_path / "demo"
    words = ["train", "digits", "--hidden", "4", "--epochs", "1", "--quiet"]
    assert cli.main([*words, "--output", str(output)]) == 0
    assert set(contents(output)) == MOONS - {"boundary.svg"} | {"weights.svg", "mistakes.svg"}


@pytest.mark.parametrize(
    "options",
    [
        ["--hidden"],
        ["--hidden", "3", "2", "--activation", "relu", "--init", "he"],
        ["--loss", "cross_entropy"],
        ["--loss", "hinge", "--optimizer", "sgd", "--momentum", "0"],
        *[["--optimizer", name] for name in ("adagrad", "rmsprop", "adam", "adamw")],
        ["--optimizer", "rmsprop", "--lr", "0.001", "--momentum", "0.5"],
        ["--loss", "half_squared_error", "--output-activation", "sigmoid"],
        ["--noise", "0.3", "--lr", "0.01", "--batch-size", "1000", "--seed", "7"],
        ["--class-weight", "0=1,1=2.5", "--metrics", "f1,confusion_matrix", "--clip-value", "1"],
        ["--schedule", "warmup:steps=3,after=cosine,end=0.01", "--clip-norm", "1"],
    ],
    ids=lambda options: " ".join(options),
)
def test_every_option_reaches_training(tmp_path: Path, options: list[str]) -> None:
    assert moons(tmp_path / "demo", "--quiet", *options) == 0
    more = {"rate.svg"} if "--schedule" in options else set[str]()
    more |= {"metrics.svg"} if "--metrics" in options else set[str]()
    assert set(contents(tmp_path / "demo")) == MOONS | more


def test_an_optimiser_begins_with_a_rate_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert moons(tmp_path / "demo", "--optimizer", "adam") == 0
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "Adam, learning rate 0.01<" in page
    assert "--optimizer adam --lr 0.01 " in page
    capsys.readouterr()
    assert moons(tmp_path / "other", "--optimizer", "adam", "--momentum", "0.5") == 2
    assert "adam has no momentum: leave it out" in capsys.readouterr().err


def test_a_schedule_patience_and_metrics_are_told_and_patience_keeps_the_best(
    tmp_path: Path,
) -> None:
    words = ["--schedule", "step:every=3,factor=0.000001", "--patience", "1", "--metrics", "f1"]
    words += ["--class-weight", "balanced", "--epochs", "9", "--lr", "3"]
    assert moons(tmp_path / "demo", *words) == 0
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "learning rate step(lr=3.0, every=3, factor=1e-06)" in page
    assert "Patience ended the training. All below is as after epoch " in page
    assert "held-out f1" in page
    assert "class weight</th><td>balanced<" in page
    rows = (tmp_path / "demo" / "history.csv").read_text().splitlines()
    losses = [float(row.split(",")[4]) for row in rows[1:]]
    assert losses.index(min(losses)) == len(losses) - 2  # the last one brought no lower loss
    assert len(losses) < 9


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    assert moons(tmp_path / "here", "--seed", "3") == 0
    there = tmp_path / "some" / "where" / "else"
    words = ["train", "moons", *SMALL, "--seed", "3", "--output", str(there)]
    subprocess.run(
        [sys.executable, "-m", "nn.command.cli", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "COLUMNS": "40"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    here, again = contents(tmp_path / "here"), contents(there)
    # Seconds are no two times the same; the epochs that they are of are.
    times = [files.pop("times.csv").decode().splitlines() for files in (here, again)]
    assert here == again
    assert [[line.partition(",")[0] for line in lines] for lines in times] == [
        ["epoch", "1", "2"]
    ] * 2


def test_another_seed_gives_other_numbers(tmp_path: Path) -> None:
    assert moons(tmp_path / "a", "--seed", "3") == moons(tmp_path / "b", "--seed", "4") == 0
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert a["model.json"] != b["model.json"]
    assert a["history.csv"] != b["history.csv"]


@pytest.mark.long
@pytest.mark.parametrize(("name", "least"), [("digits", 0.95), ("moons", 0.98)])
def test_the_defaults_learn(tmp_path: Path, name: str, least: float) -> None:
    assert cli.main(["train", name, "--quiet", "--output", str(tmp_path / name)]) == 0
    prepared = experiment.prepare(TASKS[name].defaults)
    model = MLP.load(tmp_path / name / "model.json")
    X, y = prepared.test_set
    assert accuracy(model.predict(X), y) >= least


def test_the_command_is_installed_and_tells_its_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (script,) = entry_points(group="console_scripts", name="chalkgrad")
    assert script.load() is cli.main
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"chalkgrad {autograd.__version__}\n"


def test_help_names_every_setting_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in Settings.__dataclass_fields__:
        assert name == "dataset" or f"--{name.replace('_', '-')} " in text
    assert "(default: 0.05 for digits, 0.1 for moons, circles, spirals and xor)" in text
    assert text.count("(default:") == 19
    assert all(name in text for name in NAMES)


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: command"),
        (["train"], "required: dataset"),
        (
            ["trian", "moons"],
            "no command is called 'trian'. Did you mean 'train'? Known are train,",
        ),
        (["fit", "moons"], "'fit'. Did you mean 'train'?"),
        (["walkthrough", "x", "x=1"], "Did you mean 'walk'?"),
        (["3", "train"], "no command is called '3'. Known are train, predict, compare, export"),
        (["--epochs", "3"], "--epochs: it is an option of chalkgrad train (chalkgrad --help"),
        (["--versoin"], "unrecognized arguments: --versoin; is --version meant?"),
        (
            ["train", "mnist"],
            "mnist is for programs of your own, with X, y = nn.datasets.mnist(folder) and nn.fit(",
        ),
        (["train", "line"], "nn.datasets.line(n)"),
        (["train", "make_moons"], "'make_moons'. Did you mean 'moons'?"),
        (["train", "moon"], "no data set is called 'moon'. Did you mean 'moons'?"),
        (["train", "moons", "--loss", "hinje"], "'hinje'. Did you mean 'hinge'?"),
        (["train", "moons", "--activation", "thanh"], "'thanh'. Did you mean 'tanh'?"),
        (["train", "moons", "--output-activation", "linea"], "Did you mean 'linear'?"),
        (["train", "moons", "--init", "xavjer"], "Did you mean 'xavier'?"),
        (["train", "moons", "--optimizer", "sdg"], "called 'sdg'. Did you mean 'sgd'?"),
        (["train", "moons", "--epochs", "0"], "epochs must be at least 1; got 0"),
        (
            ["train", "moons", "--epochs", "two"],
            "argument --epochs: expected a whole number such as 500, got 'two'",
        ),
        (["train", "moons", "--lr", "-1"], "lr must be finite and at least 0; got -1.0"),
        (["train", "moons", "--lr", "nan"], "lr must be finite and at least 0; got nan"),
        (["train", "moons", "--momentum", "1"], "momentum must be below 1"),
        (["train", "moons", "--batch-size", "0"], "batch size must be at least 1; got 0"),
        (["train", "moons", "--hidden", "8", "0"], "hidden layer must be at least 1; got 0"),
        (["train", "moons", "--seed", "-1"], "must be at least 0; got -1"),
        (["train", "moons", "--points", "3"], "points must be at least 10; got 3"),
        (["train", "moons", "--noise", "-1"], "noise must be finite and at least 0"),
        (["train", "moons", "--schedule", "cosin"], "'cosin'. Did you mean 'cosine'?"),
        (
            ["train", "moons", "--schedule", "cosine:stps=3"],
            "there is no 'stps'. Did you mean 'steps'? cosine takes lr (--lr), steps (the whole",
        ),
        (["train", "moons", "--schedule", "step"], "every, factor=0.1; write step:every="),
        (["train", "moons", "--schedule", "step:every"], "'every' has no value"),
        (["train", "moons", "--schedule", "step:every=x"], "every is a number such as 0.5"),
        (["train", "moons", "--schedule", "step:every=0"], "every must be at least 1"),
        (["train", "moons", "--schedule", "warmup:after=cosine"], "its steps= are missing"),
        (["train", "moons", "--class-weight", "2=3"], "the label '2'. The classes are 0, 1"),
        (["train", "moons", "--class-weight", "even"], "'balanced', or a weight for each label"),
        (["train", "moons", "--class-weight", "1=-1"], "a weight is at least 0; got '1=-1'"),
        (["train", "moons", "--metrics", "recal"], "'recal'. Did you mean 'recall'?"),
        (["train", "moons", "--metrics", "r2"], "r2 compares numbers"),
        (["train", "moons", "--patience", "0"], "patience must be at least 1; got 0"),
        (["train", "moons", "--clip-norm", "-1"], "clip_norm must be above 0"),
        (["train", "digits", "--points", "50"], "digits is a fixed set: leave them out"),
        (["train", "digits", "--loss", "binary_cross_entropy"], "use cross_entropy"),
        (
            ["train", "moons", "--epoch", "3"],
            "unrecognized arguments: --epoch 3; is --epochs meant?",
        ),
        (["train", "moons", "--optimiser", "sgd"], "--optimiser sgd; is --optimizer meant?"),
        (["train", "--optimiser", "sgd", "moons"], "--optimiser moons; is --optimizer meant?"),
        (["train", "moons", "-optimizer=sgd"], "-optimizer=sgd: write --optimizer (chalkgrad tr"),
        (["train", "moons", "-lr", "1"], "unrecognized arguments: -lr: write --lr"),
        (["train", "moons", "--batch_size=3"], "--batch_size=3: write --batch-size"),
        (["train", "moons", "--Learning_Rate", "1"], "--Learning_Rate 1: write --lr"),
        (["train", "moons", "--quiz"], "--quiz: it is an option of chalkgrad walk"),
        (["train", "moons", "more"], "unrecognized arguments: more (chalkgrad train --help lists"),
        (["draw", "x", "x=1", "-o", "a.svg", "--hilight=x"], "is --highlight meant? (chalkgrad dr"),
        (
            ["draw", "x", "x=1", "--learning-rate", "1"],
            "unrecognized arguments: --learning-rate 1 (",
        ),
        (["explain", "x", "--wrt", "x=1"], "unrecognized arguments: --wrt: write --by"),
        (["walk", "x", "x=1", "-output", "a"], "unrecognized arguments: -output: write --output"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_a_bad_option_is_one_sentence_before_training(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("chalkgrad: ")
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_training")
def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert moons(tmp_path / "demo") == 2
    assert 'pip install "chalkgrad[plots]"' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_diverges_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--loss", "half_squared_error", "--activation", "linear", "--lr", "1e200"]
    assert moons(tmp_path / "demo", "--quiet", *words) == 2
    error = capsys.readouterr().err
    assert "smaller --lr" in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# The output folder ------------------------------------------------------------------------------


def _file(place: Path) -> None:
    place.write_text("mine")


def _below_a_file(place: Path) -> None:
    place.parent.rmdir()
    place.parent.write_text("mine")


def _dangling(place: Path) -> None:
    place.symlink_to(place.with_name("nowhere"))


def _of_another(place: Path) -> None:
    place.mkdir()
    (place / "history.csv").write_text("mine")


def _page_of_another(place: Path) -> None:
    place.mkdir()
    (place / "report.html").write_text("<p>mine</p>")


def _folder_in_the_way(place: Path) -> None:
    (place / "loss.svg").mkdir(parents=True)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (_file, "is not a folder"),
        (_below_a_file, "cannot write to"),
        (_dangling, "is not a folder"),
        (_of_another, "history.csv is there and no earlier report"),
        (_page_of_another, "report.html is there and no earlier report"),
        (_folder_in_the_way, "loss.svg is in the way"),
    ],
)
def test_what_is_in_the_way_is_told_before_training_and_left_alone(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arrange: Callable[[Path], None],
    said: str,
) -> None:
    place = tmp_path / "inner" / "demo"
    place.parent.mkdir()
    arrange(place)

    def everything() -> list[tuple[str, str]]:
        return sorted((str(p), p.read_text() if p.is_file() else "") for p in tmp_path.rglob("*"))

    before = everything()
    assert moons(place) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert everything() == before


@pytest.mark.usefixtures("no_training")
def test_a_place_that_cannot_be_written_to_is_told_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A folder without write permission stops no administrator; /proc does.
    place = Path("/proc/self/demo")
    if not place.parent.exists():
        if os.geteuid() == 0:
            pytest.skip("an administrator may write anywhere here")
        place = tmp_path / "locked" / "demo"
        place.parent.mkdir(mode=0o500)
    assert moons(place) == 2
    error = capsys.readouterr().err
    assert f"cannot write to {place}" in error
    assert error.count("\n") == 1


def test_other_files_in_the_folder_stay_and_only_a_report_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "demo"
    words = ["train", "digits", "--hidden", "2", "--epochs", "1", "--quiet"]
    assert cli.main([*words, "--output", str(output)]) == 0
    (output / "notes.txt").write_text("mine")
    capsys.readouterr()
    assert moons(output) == 0
    # The images of the earlier report would contradict the new page.
    assert set(contents(output)) == MOONS | {"notes.txt"}
    assert (output / "notes.txt").read_text() == "mine"
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("Replaced")]
    assert "report.html" in line
    assert "weights.svg" in line
    assert "notes.txt" not in line


def test_a_report_fits_into_the_current_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    assert cli.main(["train", "moons", *SMALL, "-q", "-o", "."]) == 0
    assert set(contents(tmp_path)) == MOONS | {"notes.txt"}
    assert cli.main(["train", "moons", *SMALL, "-q"]) == 0
    assert set(contents(tmp_path / "chalkgrad-moons")) == MOONS


def test_a_move_that_fails_takes_back_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "demo"
    assert moons(output, "--quiet", "--seed", "1") == 0
    before = contents(output)
    rename, count, fatal = Path.rename, 0, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == fatal:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    for fatal in (1, 5, 9, 10, 14, 18):
        count = 0
        assert moons(output, "--quiet", "--seed", "2") == 2, fatal
        assert count > fatal or fatal == 1
        assert "No space left on device" in capsys.readouterr().err
        assert contents(output) == before, fatal
        assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_a_file_that_cannot_be_made_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert moons(tmp_path / "demo", "--quiet") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_none_of_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no file of a report is called 'notes\.txt'"):
        folder.write_folder(tmp_path / "demo", {"notes.txt": ""})


# Ctrl-C -----------------------------------------------------------------------------------------


def test_ctrl_c_keeps_the_finished_epochs_and_reports_on_them(tmp_path: Path) -> None:
    output = tmp_path / "demo"
    words = ["train", "moons", "--epochs", "5000", "--output", str(output)]
    # Under `nohup make test &` SIGINT is ignored, also by children, and Python leaves it so.
    listening = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from nn.command.cli import main; raise SystemExit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", listening, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Epoch 3:"):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    rows = (output / "history.csv").read_text().splitlines()[1:]
    assert len(rows) >= 3
    assert f"Interrupted: {len(rows)} of 5000 epochs were finished" in out
    assert f"after {len(rows)} of 5000 epochs" in (output / "report.html").read_text()
    assert set(contents(output)) == MOONS
    assert np.isfinite(
        list(json.loads((output / "model.json").read_text())["parameters"].values())
    ).all()


def test_ctrl_c_before_the_first_epoch_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nn.training.plan.Batches", interrupt)
    assert moons(tmp_path / "demo", "--quiet") == 130
    assert capsys.readouterr().err == "chalkgrad: interrupted; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_writing_leaves_no_part_of_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "demo"
    assert moons(output, "--quiet", "--seed", "1") == 0
    before = contents(output)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "_exchange", interrupt)
    assert moons(output, "--quiet", "--seed", "2") == 130
    assert contents(output) == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "moons", "--output", ""], "--output must name where to write, got ''"),
        (["draw", "x*2", "x=1", "-o", " "], "--output must name where to write, got ' '"),
        (["walk", "x*2", "x=1", "-o", ""], "--output must name where to write, got ''"),
        (
            ["train", "moons", "--points", "1e12"],
            "argument --points: expected a whole number such as 500, got '1e12'",
        ),
        (
            ["train", "moons", "--points", "1000000000000"],
            "points must be at most 10,000,000; got 1,000,000,000,000",
        ),
        (["train", "moons", "--noise", "1e308"], "noise must be at most 1,000,000; got 1e+308"),
        (
            ["train", "moons", "--hidden", "1000000000"],
            "a network of [2, 1000000000, 1] has 4,000,000,001 parameters",
        ),
    ],
)
def test_what_no_machine_could_do_is_refused_in_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"chalkgrad: {sentence}")
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [["explain", "x*2", "x=1"], ["--version"], ["train", "--help"]])
def test_an_output_that_cannot_be_written_is_said_and_no_success(words: list[str]) -> None:
    environment = {key: x for key, x in os.environ.items() if key != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "nn.command.cli", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment
        )
    assert done.returncode == 2
    assert done.stderr.startswith("chalkgrad: the output cannot be written: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_gone_ends_the_command_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "nn.command.cli", "explain", "x*2", "x=1"]
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_too_little_memory_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr("nn.command.train.prepare", exhausted)
    assert moons(tmp_path / "demo", "--quiet") == 2
    assert capsys.readouterr().err.startswith(
        "chalkgrad: there is not enough memory (Unable to allocate 7 TiB)"
    )
