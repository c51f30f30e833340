"""The command on data of one's own: tables, images, options in a file, predictions, completion."""

import csv
import gzip
import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nn import MLP, History, Module, datasets
from nn.command import cli, completion, train

QUICK = ["--quiet", "--epochs", "3", "--hidden", "4"]


def flowers(count: int = 60) -> str:
    """Two kinds told apart by colour and length, with semicolons and decimal commas."""
    rng = np.random.default_rng(3)
    lines = ["colour;length;kind"]
    for i in range(count):
        kind = i % 2
        length = f"{rng.normal(1 + 2 * kind, 0.3):.2f}".replace(".", ",")
        lines.append(f"{('red', 'blue', 'green')[i % 3]};{length};{('rose', 'iris')[kind]}")
    return "\n".join(lines) + "\n"


def prices(count: int = 80) -> str:
    rng = np.random.default_rng(3)
    lines = ["rooms,area,price"]
    for i in range(count):
        area = 20.0 * (1 + i % 7) + rng.normal()
        lines.append(f"{1 + i % 5},{area:.3f},{1000 + 300 * area + 500 * (i % 5):.2f}")
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("flowers.csv").write_text(flowers(), encoding="utf-8")
    Path("prices.csv").write_text(prices(), encoding="utf-8")
    return tmp_path


def files(folder: str) -> dict[str, bytes]:
    """Return what is in a report; of the seconds, which differ each time, the epochs alone."""
    found = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    lines = found["times.csv"].splitlines()
    return {**found, "times.csv": b" ".join(line.partition(b",")[0] for line in lines)}


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    before = sorted(Path().rglob("*"))
    assert cli.main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
    return printed.err


# Training ---------------------------------------------------------------------------------------


def test_a_table_with_text_is_learned_and_its_model_knows_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["train", "flowers.csv", "--quiet", "-o", "demo"]) == 0
    assert capsys.readouterr().out.startswith("Accuracy 1.0000 on held-out data (12 rows ")
    model = Module.load("demo/model.json")
    assert model.classes.tolist() == ["iris", "rose"]
    assert [type(step).__name__ for step in model.preprocessing] == [
        "OneHotEncoder",
        "StandardScaler",
    ]
    page = Path("demo/report.html").read_text(encoding="utf-8")
    told = ["kind from flowers.csv", "60 rows", "red (20)", "What the data looked like"]
    told += [
        "one of 2 classes",
        "No cell is missing.",
        "precision",
        "chalkgrad train flowers.csv --seed 0",
    ]
    assert [text for text in told if text not in page] == []
    frame = datasets.Frame({"length": np.array([3.2, 0.8]), "colour": np.array(["red", "red"])})
    assert model.predict_classes(frame).tolist() == ["iris", "rose"]


def test_numbers_are_learned_and_told_in_their_own_unit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["train", "prices.csv", "--target", "price", "--quiet", "-o", "demo"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("R² 0.9")
    assert set(files("demo")) >= {"predictions.svg", "loss.svg", "model.json", "run.toml"}
    assert not set(files("demo")) & {"confusion.svg", "accuracy.svg", "boundary.svg"}
    X, y = datasets.read_csv("prices.csv", target="price")
    predicted = Module.load("demo/model.json").predict(X).reshape(-1)
    assert np.abs(predicted - y).mean() < 0.1 * y.std()
    page = Path("demo/report.html").read_text(encoding="utf-8")
    assert "the mean alone" in page
    assert "told as" in page


def test_what_is_fitted_is_fitted_on_the_samples_trained_on_alone() -> None:
    assert cli.main(["train", "prices.csv", *QUICK, "-o", "demo"]) == 0
    (scaler,) = Module.load("demo/model.json").preprocessing
    X, y = datasets.read_csv("prices.csv", target="price")
    from nn.training.batches import split

    (kept, labels), _ = split(X, y, 0.2, 0)
    (kept, _), _ = split(kept, labels, 0.1, 0)
    assert scaler.shift == pytest.approx(np.asarray(kept).mean(axis=0), abs=1e-12)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--no-scale"], "no scale</th><td>yes"),
        (["--ignore", "colour"], "ignore</th><td>colour"),
        (["--target", "colour", "--ignore", "kind"], "one of 3 classes"),
        (["--delimiter", ";", "--encoding", "utf-8", "--task", "classes"], "delimiter</th><td>;"),
        (["--class-weight", "iris=2", "--metrics", "f1,log_loss"], "class weight</th><td>iris=2"),
        (["--target", "length", "--loss", "huber"], "The target length is a number"),
        (["--target", "length", "--output-activation", "softplus"], "a number"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_an_option_of_a_table_reaches_the_run_and_its_file_repeats_it(
    options: list[str], told: str
) -> None:
    assert cli.main(["train", "flowers.csv", *QUICK, *options, "-o", "demo"]) == 0
    assert told in Path("demo/report.html").read_text(encoding="utf-8")
    assert cli.main(["train", "--config", "demo/run.toml", "--quiet", "-o", "again"]) == 0
    assert files("again") == files("demo")


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (None, [], "there is no file data.csv"),
        ("", [], "the file holds no line"),
        ("a,b\n1,2\n", [], "data.csv has 1 row(s)"),
        ("a,b\n1,2\n,4\n", [], "line 3, column 'a'. Fill them, or leave those lines out with --dr"),
        ("a,b\n1\n", [], "line 2 has 1 cell(s)"),
        (flowers(), ["--target", "knd"], "no column is called 'knd'. Did you mean 'kind'?"),
        (flowers(), ["--ignore", "size"], "no column is called 'size'"),
        (flowers(), ["--ignore", "colour,length"], "no column besides the target 'kind'"),
        (flowers(), ["--task", "class"], "Did you mean 'classes'?"),
        (flowers(), ["--task", "numbers"], "holds 'iris', and --task numbers takes numbers"),
        (flowers(), ["--target", "length", "--task", "classes"], "which is no class"),
        (flowers(), ["--target", "length", "--metrics", "f1"], "f1 is of classes"),
        (flowers(), ["--loss", "mean_squared_eror"], "Did you mean 'mean_squared_error'?"),
        (flowers(), ["--target", "length", "--loss", "cross_entropy"], "tells classes apart"),
        (flowers(), ["--target", "length", "--class-weight", "balanced"], "is for classes"),
        (flowers(), ["--class-weight", "irs=2"], "the label 'irs'. Did you mean 'iris'?"),
        (flowers(), ["--points", "50"], "--points is for data that is drawn"),
        (flowers() + "red;1,5;lily\n", [], "of lily column 'kind' holds a single row"),
        ("a,b\n" + "1,2\n" * 20, [], "holds 2 alone: there is nothing to tell apart"),
        ("a,b\n" + "".join(f"{i},x{i}\n" for i in range(20)), [], "too many for classes"),
        ("a,b\n" + "".join(f"x{i},{i % 2}\n" for i in range(300)), [], "with --ignore a"),
        (flowers(), ["--encoding", "latin9000"], "no encoding is called 'latin9000'"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence_before_training(
    text: str | None, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        Path("data.csv").write_text(text, encoding="utf-8")
    assert said in refused(["train", "data.csv", *options], capsys)


@pytest.mark.parametrize("columns", ["colour,size", "colour", "size,weight"])
def test_names_are_escaped_and_a_plane_is_drawn_of_two_numbers_alone(columns: str) -> None:
    cells = {"colour": ["red", "<b>"], "size": ["0.5", "2.5"], "weight": ["1", "9"]}
    lines = [f"{columns},<kind>"]
    for i in range(40):
        row = [cells[name][i % 2] for name in columns.split(",")]
        lines.append(",".join([*row, ("<i>", "<i>a b")[i % 2]]))
    Path("odd.csv").write_text("\n".join(lines), encoding="utf-8")
    assert cli.main(["train", "odd.csv", *QUICK, "-o", "demo"]) == 0
    assert ("boundary.svg" in files("demo")) == (columns == "size,weight")
    page = Path("demo/report.html").read_text(encoding="utf-8")
    assert "&lt;i&gt;a b" in page
    assert not re.search("<(b|i|kind)>", page)


def test_lines_with_gaps_are_left_out_where_that_is_asked_for() -> None:
    Path("gaps.csv").write_text(flowers() + "red;;rose\n?;1,5;iris\n", encoding="utf-8")
    assert cli.main(["train", "gaps.csv", *QUICK, "--drop-missing", "-o", "demo"]) == 0
    page = Path("demo/report.html").read_text(encoding="utf-8")
    assert "gaps.csv: 60 rows" in page
    assert "2 line(s) with a missing cell were left out." in page


def test_cells_of_columns_that_nobody_reads_may_be_missing(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("noted.csv").write_text(flowers().replace("\n", ";\n").replace("kind;", "kind;note"))
    assert cli.main(["train", "noted.csv", *QUICK, "--target", "kind", "-o", "noted"]) == 2
    assert "line 2, column 'note'" in capsys.readouterr().err
    words = ["--target", "kind", "--ignore", "note", "-o", "noted"]
    assert cli.main(["train", "noted.csv", *QUICK, *words]) == 0
    # New data has no kind yet.
    Path("new.csv").write_text("length;kind;colour\n1,5;;red\n")
    capsys.readouterr()
    assert cli.main(["predict", model, "new.csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_options_of_tables_are_refused_for_sets_that_are_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refused(["train", "moons", "--target", "x"], capsys)
    assert "--target is for a file of yours, and moons is a set that is known" in said


def test_a_run_that_was_interrupted_is_finished_with_the_same_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "flowers.csv", "--epochs", "4", "--metrics", "f1", "--resume", "run.json"]
    assert cli.main(["train", "prices.csv", *QUICK, "--checkpoint", "other.json", "-o", "a"]) == 0

    def interrupted(_: object, history: History) -> None:
        if len(history) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(train, "_say", interrupted)
        assert cli.main([*words, "-o", "begun"]) == 130
    assert Path("run.json").exists()
    assert cli.main([*words, "-o", "finished"]) == 0
    assert cli.main([*words[:-2], "-q", "-o", "whole"]) == 0
    assert files("finished") == files("whole")
    capsys.readouterr()
    assert cli.main([*words[:-1], "other.json", "-q", "-o", "c"]) == 2
    assert "other.json" in capsys.readouterr().err
    assert cli.main([*words[:-2], "-q", "--checkpoint", "no/run.json", "-o", "c"]) == 2
    assert "no/run.json" in capsys.readouterr().err


def test_a_folder_of_images_is_learned() -> None:
    rng = np.random.default_rng(3)
    Path("images").mkdir()
    labels = np.arange(60, dtype=np.uint8) % 3
    pixels = np.zeros((60, 28, 28), dtype=np.uint8)
    for image, label in zip(pixels, labels.tolist(), strict=True):
        image[8 * label : 8 * label + 8] = rng.integers(100, 256, (8, 28))
    for name, array in (("images-idx3", pixels), ("labels-idx1", labels)):
        header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        content = gzip.compress(header + array.tobytes())
        Path(f"images/t10k-{name}-ubyte.gz").write_bytes(content)
    assert (
        cli.main(["train", "images", "-q", "--batch-size", "4", "--hidden", "8", "-o", "demo"]) == 0
    )
    assert "weights.svg" in files("demo")
    said = MLP.load("demo/model.json").predict_classes(pixels.reshape(60, -1))
    assert (said == labels).mean() > 0.9


# Options in a file ------------------------------------------------------------------------------


def test_what_is_typed_wins_over_the_file() -> None:
    Path("run.toml").write_text(
        'dataset = "moons"\nepochs = 9\nhidden = [3]\npoints = 60\nbatch_size = 8\noutput = "a"\n'
    )
    assert cli.main(["train", "--config", "run.toml", "--epochs", "2", "--quiet"]) == 0
    assert Path("a/history.csv").read_text().count("\n") == 3
    assert cli.main(["train", "xor", "--config", "run.toml", "--epochs", "1", "-q"]) == 0
    assert 'dataset = "xor"' in Path("a/run.toml").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epoch = 3", "no option is called 'epoch'. Did you mean 'epochs'?"),
        ("config = 'a'", "no option is called 'config'"),
        ("epochs = [1, 2]", "epochs takes one value; got [1, 2]"),
        ("epochs = 'two'", "expected a whole number such as 500, got 'two'"),
        ("epochs = {a = 1}", "epochs takes text or a number"),
        ("no-scale = 1", "no-scale is true or false; got 1"),
        ("dataset = 3", "dataset is a name in quotes; got 3"),
        ("epochs = ", "expected options as TOML"),
        ("a = " + "[" * 5000, "expected options as TOML"),
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("run.toml").write_text(text)
    assert said in refused(["train", "moons", "--config", "run.toml"], capsys)


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no file no.toml" in refused(["train", "--config", "no.toml"], capsys)


# Predictions ------------------------------------------------------------------------------------


@pytest.fixture
def model() -> str:
    assert cli.main(["train", "flowers.csv", "--quiet", "--epochs", "20", "-o", "demo"]) == 0
    return "demo/model.json"


def test_answers_are_the_models_whatever_the_order_of_columns(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("new.csv").write_text("more,length,colour\n1,3.1,blue\n2,0.9,red\n3,2.9,pink\n")
    capsys.readouterr()
    assert cli.main(["predict", model, "new.csv"]) == 0
    printed = capsys.readouterr()
    rows = [*csv.reader(io.StringIO(printed.out))]
    assert rows[0] == ["class", "probability of iris", "probability of rose"]
    frame = datasets.Frame(
        {"colour": np.array(["blue", "red", "pink"]), "length": np.array([3.1, 0.9, 2.9])}
    )
    trained = Module.load(model)
    assert [row[0] for row in rows[1:]] == trained.predict_classes(frame).tolist()
    found = np.array([[float(x) for x in row[1:]] for row in rows[1:]])
    assert (found == trained.predict_probabilities(frame)).all()
    assert "column 'colour' holds pink, which the model was not trained on" in printed.err
    assert cli.main(["predict", model, "new.csv", "-o", "out.csv"]) == 0
    assert Path("out.csv").read_text() == printed.out
    assert capsys.readouterr().out == "3 answers. File: out.csv\n"


def test_numbers_have_one_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "prices.csv", *QUICK, "-o", "demo"]) == 0
    capsys.readouterr()
    assert cli.main(["predict", "demo/model.json", "prices.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "prediction"
    assert len(lines) == 81


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("length,color\n1,red\n", "no column is called 'colour'. Did you mean 'color'? "),
        ("length,colour\n,red\n", "cells are missing: line 2, column 'length'. Fill them\n"),
        ("length,colour\n1,red\nlong,red\n", "row 2 of column 'length' holds 'long'"),
    ],
)
def test_a_table_that_does_not_fit_is_told_by_its_columns_and_rows(
    model: str, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("new.csv").write_text(text)
    capsys.readouterr()
    assert said in refused(["predict", model, "new.csv", "-o", "out.csv"], capsys)


def test_a_model_that_is_damaged_or_knows_nothing_of_its_data(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    text = Path(model).read_text(encoding="utf-8")
    Path("short.json").write_text(text[:500])
    assert "cut short" in refused(["predict", "short.json", "flowers.csv"], capsys)
    MLP([2, 1], seed=0).save("raw.json")
    assert "raw.json does not say what it was" in refused(
        ["predict", "raw.json", "flowers.csv"], capsys
    )
    assert "there is no file no.json" in refused(["predict", "no.json", "flowers.csv"], capsys)
    assert "there is no file no.csv" in refused(["predict", model, "no.csv"], capsys)
    said = refused(["predict", model, "flowers.csv", "-o", "no/out.csv"], capsys)
    assert "could not be written" in said


# Completion -------------------------------------------------------------------------------------


FINISHED = [
    (["tr"], ["train"]),
    (["train", "m"], ["moons"]),
    (["train", "moons", "--sch"], ["--schedule"]),
    (["train", "moons", "--optimizer", "ada"], ["adagrad", "adam", "adamw"]),
    (["train", "moons", "--schedule", "one"], ["one_cycle"]),
    (["predict", "--de"], ["--delimiter"]),
    (["completion", "f"], ["fish"]),
    (["train", "moons", "--oops"], []),
]


@pytest.mark.parametrize(("words", "found"), FINISHED, ids=lambda x: " ".join(x))
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_finishes_words(words: list[str], found: list[str]) -> None:
    script = completion.bash(cli.COMMANDS)
    script += f"\nCOMP_WORDS=(chalkgrad {' '.join(words)}); COMP_CWORD={len(words)}; _chalkgrad"
    script += '\nprintf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc"], input=script, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == found
    assert done.stderr == ""


@pytest.mark.parametrize(("words", "found"), FINISHED, ids=lambda x: " ".join(x))
@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_finishes_words(words: list[str], found: list[str]) -> None:
    line = " ".join(["chalkgrad", *words])
    script = f"{completion.fish(cli.COMMANDS)}\ncomplete -C {line!r}"
    done = subprocess.run(
        ["fish", "-N", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    # A word and what it means; files are offered beside names where an argument may be one.
    offered = [row.split("\t")[0] for row in done.stdout.splitlines()]
    assert [word for word in offered if not Path(word).exists()] == found
    assert done.stderr == ""


def test_every_option_and_name_stands_in_every_script(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in completion.CHOICES["shell"]:
        assert cli.main(["completion", shell]) == 0
        script = capsys.readouterr().out
        for name, command in cli.COMMANDS.items():
            assert name in script
            long = [word[2:] for word in command.words if word.startswith("--")]
            assert all(word in script for word in long)
        for option, names in completion.CHOICES.items():
            assert option == "shell" or all(name in script for name in names)
    assert cli.main(["completion", "csh"]) == 2
    assert "no shell is called 'csh'" in capsys.readouterr().err
