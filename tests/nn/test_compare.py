"""Runs side by side: what is grouped, what the numbers are, what is said of what cannot be read."""

import csv
import dataclasses
import io
import json
import re
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from autograd import sealed
from nn import MLP, SGD, datasets, fit
from nn.command import cli
from nn.report.runs.curves import MOST_DRAWN, look_of
from nn.report.runs.groups import average, grouped, letter_of, parted, remarks, settings_rows
from nn.report.runs.kept import KeptRun, read_run
from nn.report.runs.page import comparison
from nn.report.settings import TASKS, Settings, run_file, settings_of
from support.pages import Page, check_alone

SMALL = ["--points", "60", "--noise", "0.3", "--epochs", "3", "--quiet"]


def train(place: Path, *words: str) -> Path:
    assert cli.main(["train", *words, "--output", str(place)]) == 0
    return place


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs that differ in the seed, one with other neurons, one of other data."""
    place = tmp_path_factory.mktemp("runs")
    for seed in ("0", "1", "2"):
        words = ["--hidden", "3", "--seed", seed, "--metrics", "f1"]
        train(place / f"few-{seed}", "moons", *SMALL, *words)
    train(place / "many", "moons", *SMALL, "--hidden", "9", "--metrics", "f1", "--lr", "0.01")
    train(place / "xor", "xor", *SMALL, "--hidden", "3")
    return place


@pytest.fixture
def own(runs: Path, tmp_path: Path) -> Path:
    """A run that a test may damage, with another beside it."""
    shutil.copytree(runs / "few-0", tmp_path / "mine")
    shutil.copytree(runs / "many", tmp_path / "other")
    return tmp_path / "mine"


def compare(*words: object) -> int:
    return cli.main(["compare", *map(str, words)])


def change(folder: Path, **changes: object) -> None:
    """Change what a result says, with the checksum of what it says then."""
    path = folder / "result.json"
    document = {**json.loads(path.read_text()), **changes}
    del document["checksum"]
    path.write_text(sealed({key: x for key, x in document.items() if x is not ...}))


def result(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text())


def history(folder: Path) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO((folder / "history.csv").read_text()))]


# What it does -----------------------------------------------------------------------------------


def test_runs_that_differ_in_the_seed_are_a_group_with_mean_and_spread(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert compare(*[runs / f"few-{i}" for i in range(3)], runs / "many") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "runs", "n", "held-out", "accuracy", "validation", "loss", "seconds", "hidden", "lr",
    ]  # fmt: skip
    assert re.fullmatch(r"A  few-\{0,1,2\}  3  .*  3       0\.1", lines[1])
    assert re.fullmatch(r"B  many         1  .*  9       0\.01", lines[2])
    assert lines[3:] == ["Page: compare.html"]
    group, alone = grouped([read_run(str(path)) for path in [
        *[runs / f"few-{i}" for i in range(3)], runs / "many"]])  # fmt: skip
    tested = [result(runs / f"few-{i}")["tested"]["accuracy"] for i in range(3)]
    mean = group.tested("accuracy")
    assert mean is not None
    assert mean.mean == pytest.approx(statistics.mean(tested))
    assert mean.deviation == pytest.approx(statistics.stdev(tested))
    assert f"{mean}" in lines[1]
    held = [[float(row["validation_loss"]) for row in history(runs / f"few-{i}")] for i in range(3)]
    curve = group.curve("validation_loss")
    assert [*curve] == [1, 2, 3]
    for epoch, values in enumerate(zip(*held, strict=True), 1):
        assert curve[epoch].mean == pytest.approx(statistics.mean(values))
        assert curve[epoch].deviation == pytest.approx(statistics.stdev(values))
        assert curve[epoch].count == 3
    assert alone.tested("accuracy") == average([result(runs / "many")["tested"]["accuracy"]])
    assert group.runs[0].parameters == len(MLP([2, 3, 1]).parameters())
    assert group.runs[0].curves["learning_rate"] == [0.1] * 3
    assert len(group.runs[0].seconds) == 3


def test_the_page_needs_nothing_and_holds_the_numbers(runs: Path, tmp_path: Path) -> None:
    names = [runs / f"few-{i}" for i in range(3)]
    assert compare(*names, runs / "many", "-o", tmp_path / "page") == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    check_alone(text)
    page = Page(text)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= set(ids)
    assert "<h1>Two moons: 4 runs side by side</h1>" in text
    cells = page.text("td")
    groups = grouped([read_run(str(path)) for path in [*names, runs / "many"]])
    for name in ("loss", "validation_loss", "f1", "validation_f1", "gradient_norm"):
        for group in groups:
            for mean in group.curve(name).values():
                assert str(mean) in cells, name
    assert {"few-0", "few-1", "few-2", "many"} <= set(cells)
    assert page.text("summary")[0] == "The 13 that all share"
    # The same runs give the same page, byte for byte.
    assert comparison(groups) == text
    # Every picture says in words what it shows, but for the pieces of lines in the key.
    pictures = page.all("svg")
    told = [a for a in pictures if a.get("aria-hidden") != "true"]
    assert len(pictures) - len(told) == 2 * 2
    assert all(a["role"] == "img" and len(a["aria-label"] or "") > 20 for a in told)


def test_settings_are_those_that_differ_and_those_that_all_share(runs: Path) -> None:
    groups = grouped([read_run(str(runs / name)) for name in ("few-0", "many")])
    differing, shared = parted(settings_rows(groups))
    assert differing == {"hidden": ["3", "9"], "lr": ["0.1", "0.01"]}
    assert shared["data"] == "moons"
    assert shared["metrics"] == "f1"
    assert "schedule" not in shared
    assert "NumPy" in shared["versions"]


def test_a_setting_that_an_optimiser_has_not_is_no_difference() -> None:
    runs = [
        KeptRun(Path("a"), Settings("moons", (3,), optimizer="sgd"), 0, [1], {"loss": [1.0]}),
        KeptRun(Path("b"), Settings("moons", (3,), optimizer="adam"), 0, [1], {"loss": [1.0]}),
    ]
    differing, shared = parted(settings_rows(grouped(runs)))
    assert differing == {"optimizer": ["sgd", "adam"]}
    assert shared["momentum"] == "0.9"


@pytest.mark.parametrize(
    "settings",
    [
        *(task.defaults for task in TASKS.values()),
        Settings('a "b".csv', (), lr=1e-05, patience=3, metrics=("f1", "r2"), no_scale=True),
        Settings("x.csv", (1, 2), noise=0.0, clip_norm=1e30, ignore=("a\n", "ü"), delimiter="\t"),
    ],
    ids=lambda settings: settings.dataset,
)
def test_settings_are_read_as_they_were_written(settings: Settings) -> None:
    assert settings_of(run_file(settings)) == settings


def test_data_of_ones_own_is_told_by_what_is_in_it(tmp_path: Path) -> None:
    X, y = datasets.moons(40, seed=0)
    rows = [f"{a:.3f},{b:.3f},{k}" for (a, b), k in zip(X.tolist(), y.tolist(), strict=True)]
    for name, lines in (("one", rows), ("copy", rows), ("two", [*rows[:-1], "0.5,0.5,1"])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "points.csv").write_text("\n".join(["a,b,kind", *lines]))
        words = ["--epochs", "1", "--hidden", "2", "--quiet"]
        train(tmp_path / f"run-{name}", str(tmp_path / name / "points.csv"), *words)
    found = [read_run(str(tmp_path / f"run-{name}")) for name in ("one", "copy", "two")]
    groups = grouped(found)
    assert [len(group.runs) for group in groups] == [2, 1]
    said = remarks(groups)
    name = r"points\.csv \(contents \w{8}\)"
    assert re.match(
        rf"These runs are of different data \({name}, {name}\): their losses and measures cannot",
        said[0],
    )
    assert "A holds runs of the same settings and the same seed" in said[1]
    assert groups[0].tested("accuracy") == average([found[0].tested["accuracy"]])


def test_a_file_in_a_folder_stands_for_it_and_a_history_for_itself(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = datasets.moons(40, seed=0)
    model = MLP([2, 3, 1], seed=0)
    mine = fit(
        model, X, y, loss="binary_cross_entropy", optimizer=SGD(model.parameters(), lr=0.1),
        epochs=2, batch_size=8, progress=False,
    )  # fmt: skip
    mine.to_csv(tmp_path / "mine.csv", time=True)
    (tmp_path / "folder").mkdir()
    mine.to_csv(tmp_path / "folder" / "history.csv")
    model.save(tmp_path / "folder" / "model.json")
    page = tmp_path / "page.html"
    words = [runs / "few-0" / "report.html", tmp_path / "mine.csv", tmp_path / "folder"]
    assert compare(*words, "-o", page) == 0
    said = capsys.readouterr().out
    assert "mine.csv, folder: nothing says what it was trained with" in said
    alone = read_run(str(tmp_path / "mine.csv"))
    assert alone.curves["loss"] == mine.loss
    assert alone.curves["gradient_norm"] == mine.gradient_norm
    assert alone.seconds == mine.time
    assert read_run(str(tmp_path / "folder")).parameters == len(model.parameters())


def test_a_report_of_an_older_chalkgrad_is_compared_by_what_it_has(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "result.json").unlink()
    (own / "times.csv").unlink()
    assert compare(own, own.parent / "other", "-o", own / "page") == 0
    assert "mine has no result.json, as reports of an older" in capsys.readouterr().out


def test_columns_are_aligned_where_the_output_has_no_plus_minus(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    names = [runs / f"few-{i}" for i in range(3)]
    assert compare(*names, runs / "many", "-o", tmp_path / "page") == 0
    lines = written.getvalue().decode("ascii").splitlines()[:3]
    assert " +- " in lines[1]
    assert lines[0].index("hidden") == lines[1].rindex("3  ") == lines[2].rindex("9  ")


# Remarks ----------------------------------------------------------------------------------------


def made(name: str, **changes: object) -> KeptRun:
    settings = Settings("moons", (3,), **changes)
    curves = {"loss": [0.5, 0.25], "validation_loss": [0.5, 0.375]}
    tested = {"accuracy": 0.75}
    return KeptRun(Path(name), settings, settings.seed, [1, 2], curves, tested, ended="whole")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"seed": 1}, ""),
        ({"loss": "hinge"}, r"different functions \(binary_cross_entropy, hinge\)"),
        ({"class_weight": "balanced"}, r"weigh the classes differently"),
        ({"noise": 0.5}, r"of moons with different noise: their losses and measures cannot be"),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_said(other: dict, said: str) -> None:
    found = remarks(grouped([made("a"), made("b", **other)]))
    assert len(found) == bool(said)
    assert not said or re.search(said, found[0])


def test_runs_of_other_data_are_said_to_be(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs / "few-0", runs / "xor", "-o", tmp_path / "page") == 0
    said = (
        "These runs are of different data (moons, xor): their losses and measures cannot be "
        "compared with one another, only how each run went."
    )
    assert said in capsys.readouterr().out.splitlines()
    assert f'<p class="notice">{said}</p>' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_an_interrupted_run_stands_alone(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(own, own.parent / "cut")
    change(own.parent / "cut", ended="interrupted")
    assert compare(own, own.parent / "cut", "-o", own / "page") == 0
    said = capsys.readouterr().out
    assert "cut was interrupted after 3 of 3 epochs, so it stands alone." in said
    assert re.search(r"^B  cut", said, re.M)


def test_where_patience_ended_a_run_its_best_epoch_counts(own: Path) -> None:
    change(own, ended="patience", best_epoch=2)
    (group,) = grouped([read_run(str(own))])
    wanted = float(history(own)[1]["validation_loss"])
    assert group.kept("validation_loss") == average([wanted])


def test_a_mean_is_that_of_the_runs_that_are_left() -> None:
    long, short = made("a"), made("b", seed=1)
    curves = {"loss": [0.25]}
    short = KeptRun(short.folder, short.settings, 1, [1], curves, ended="patience")
    (group,) = grouped([long, short])
    curve = group.curve("loss")
    assert (curve[1].count, curve[2].count) == (2, 1)
    assert (curve[1].mean, curve[2].mean) == (0.375, 0.25)
    text = comparison([group, *grouped([made("c", lr=0.5)])])
    assert "from there on its line is thin" in text


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ((60, 60), "A seed chooses the points, the split"),
        ((60, None), "A seed chooses the points where they are drawn, the split"),
        ((None, None), "A seed chooses the split"),
    ],
    ids=str,
)
def test_a_seed_is_said_to_choose_points_where_some_are_drawn(
    points: tuple[int | None, int | None], said: str
) -> None:
    runs = [
        made(f"{k}-{seed}", points=n, seed=seed, epochs=k)
        for k, n in enumerate(points, 1)
        for seed in (0, 1)
    ]
    assert said in comparison(grouped([*runs, made("alone", points=80)]))


def test_no_line_and_band_are_told_of_where_each_run_stands_alone() -> None:
    alone = comparison(grouped([made("a"), made("b", lr=0.5)]))
    assert '<p class="quiet">Each point is a run.</p>' in alone
    assert "standard deviation" not in alone
    text = comparison(grouped([made("a"), made("b", seed=1)]))
    assert text.count("the line is the mean of a group") == 1


def test_a_column_with_nothing_in_it_is_left_out() -> None:
    whole, cut = made("a"), made("b", lr=0.5)
    assert not {"ended", "seconds"} & set(Page(comparison(grouped([whole, cut]))).text("th"))
    cut = dataclasses.replace(cut, ended="patience", best_epoch=1)
    assert "ended" in Page(comparison(grouped([whole, cut]))).text("th")


# Many, large and odd ----------------------------------------------------------------------------


def test_no_two_of_the_curves_that_are_drawn_look_alike() -> None:
    looks = [tuple(map(str, look_of(i).values())) for i in range(MOST_DRAWN)]
    assert len(set(looks)) == MOST_DRAWN
    # Not by colour alone: those of one colour differ in their dash and their marker.
    assert len({look[1:] for look in looks}) == MOST_DRAWN


def test_many_groups_are_in_the_tables_and_the_first_of_them_drawn() -> None:
    groups = grouped([made(f"run{i}", lr=0.1 + i) for i in range(30)])
    text = comparison(groups)
    assert f"The first {MOST_DRAWN} groups are drawn; the tables hold all." in text
    assert Page(text).text("td").count("run29") == 2
    assert [letter_of(i) for i in (25, 26)] == ["Z", "AA"]
    svg = re.search(r'<svg id="curve-0".*?</svg>', text, re.S)
    assert svg
    root = ElementTree.fromstring(re.sub(r"xlink:", "", svg[0]))
    letters = {"".join(e.itertext()).strip() for e in root.iter() if e.tag.endswith("text")}
    assert {letter_of(i) for i in range(MOST_DRAWN)} <= letters
    assert letter_of(MOST_DRAWN) not in letters


@pytest.mark.parametrize("size", [1e-300, 1e300, 0.0])
def test_numbers_of_any_size_are_drawn(size: float) -> None:
    runs = [made("a"), made("b", seed=1), made("c", lr=0.5)]
    runs = [
        KeptRun(r.folder, r.settings, r.seed, [1, 2], {"loss": [size, size / 3]}, {"R²": -size})
        for r in runs
    ]
    page = Page(comparison(grouped(runs)))
    assert len(page.all("svg")) == 4 + 2


def test_the_mean_has_the_digits_of_its_spread() -> None:
    assert str(average([0.8612, 0.8341])) == "0.848 ± 0.019"
    assert str(average([1e9, 3e9])) == "2e+09 ± 1.4e+09"
    assert str(average([2000.0, 2930.0])) == "2465 ± 658"
    assert str(average([0.5, 0.5])) == "0.5 ± 0"
    assert str(average([3.0])) == "3"
    assert average([]) is None
    rng = np.random.default_rng(0)
    for _ in range(20):
        xs = rng.normal(size=5) * 10.0 ** rng.integers(-140, 140)
        found = average(xs.tolist())
        assert found is not None
        assert found.mean == pytest.approx(xs.mean(), rel=1e-12)
        assert found.deviation == pytest.approx(xs.std(ddof=1), rel=1e-12)


# Bad input --------------------------------------------------------------------------------------


def _cut(path: Path) -> None:
    path.write_text(path.read_text()[:-40])


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _history(text: str) -> Callable[[Path], None]:
    """Leave a history of that text alone in the folder."""

    def arrange(folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "history.csv").write_text(text)

    return arrange


HEAD = "epoch,seed,loss,metric,validation_loss,validation_metric"


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (shutil.rmtree, r"there is no folder '.*mine'"),
        (_history(""), r"history\.csv is no history: its first line is '' and does not begin with"),
        (_history("a,b\n1,2\n"), r"history\.csv is no history: its first line is 'a, b'"),
        (_history(f"{HEAD}\n"), r"history\.csv has no epoch: train it again"),
        (_history(f"{HEAD}\n1,0,x,,,\n"), r"history\.csv, line 2: loss is 'x', which is no number"),
        (_history(f"{HEAD}\n1,0,inf,,,\n"), r"loss is 'inf', which is no number"),
        (_history(f"{HEAD}\n1,0,0.5,,\n"), r"line 2: 5 cells for 6 columns, so it is damaged"),
        (_history(f"{HEAD}\n1,0,0.5,,,\n3,0,0.5,,,\n"), r"not numbered one after the other"),
        (_history(f"{HEAD},<b>\n1,0,0.5,,,,1\n"), r"is no history: its first line"),
        (_history(f"{HEAD},f1,f1\n1,0,0.5,,,,1,1\n"), r"has a column twice"),
        (lambda p: (p / "history.csv").write_bytes(b"\xff\xfe\x00"), r"history\.csv is no text"),
        (_without("history.csv"), r"history\.csv is missing or no file: train it again"),
        (_without("run.toml"), r"run\.toml is missing or no file: train it again"),
        (lambda p: _cut(p / "history.csv"), r"history\.csv is not the one that result\.json was"),
        (lambda p: _cut(p / "run.toml"), r"run\.toml is not the one that result\.json was written"),
        (lambda p: _cut(p / "result.json"), r"result\.json is not JSON, or cut short"),
        (lambda p: (p / "result.json").write_text("{}"), r"result\.json is no result of chalkgrad"),
        (lambda p: (p / "result.json").write_text("[" * 99999), r"result\.json is not JSON"),
        (
            lambda p: change(p, version=7),
            r"result\.json is of version 7 and not 1, so another chal",
        ),
        (lambda p: change(p, tested={"accuracy": "x"}), r"does not say what a result says"),
        (lambda p: change(p, tested={"$x^2$": 1.0}), r"does not say what a result says"),
        (lambda p: change(p, tested=[1]), r"does not say what a result says"),
        (lambda p: change(p, parameters=...), r"does not say what a result says"),
        (lambda p: change(p, counts=[1]), r"does not say what a result says"),
        (lambda p: change(p, ended="?"), r"does not say what a result says"),
        (lambda p: change(p, best_epoch=9), r"its best epoch is none of the run"),
        (lambda p: change(p, learning_rate=[0.1]), r"it has not a learning rate for each epoch"),
        (lambda p: (p / "times.csv").write_text("a\n"), r"times\.csv does not have the seconds"),
        (lambda p: (p / "times.csv").write_text("epoch,seconds\n1,x\n"), r"take it away, or train"),
    ],
    ids=range(29),
)
def test_what_is_missing_damaged_or_of_another_version_is_named(
    own: Path,
    capsys: pytest.CaptureFixture[str],
    arrange: Callable[[Path], None],
    said: str,
) -> None:
    arrange(own)
    page = own.parent / "page.html"
    assert compare(own, own.parent / "other", "-o", page) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.match(rf"chalkgrad: .*{said}", printed.err), printed.err
    assert printed.err.count("\n") == 1
    assert not page.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["few-0"], "compare takes two runs at least, and few-0 is one: name another, as in"),
        ([], "the following arguments are required: run"),
        (["few-0", "./few-0/"], "./few-0/ and few-0 are the same run: name each once"),
        (["few-0", "few-0/history.csv"], "few-0/history.csv and few-0 are the same run: name each"),
        (["few-0", "few-9"], "there is no folder 'few-9'. Did you mean 'few-"),
        (["few-0", "."], ". holds no history.csv, but folders that do: name them, as in few-0"),
        (["few-0", "notes.txt"], "holds no history.csv, but folders that do"),
        (["few-0", "empty"], "empty holds neither result.json nor history.csv, so it is no report"),
        (["few-0", "many", "-o", "empty"], "cannot write empty: it is a folder; name a file in it"),
        (["few-0", "many", "-o", "no/where"], "there is no folder no"),
        (["few-0", "many", "-o", "x.txt"], "cannot save as 'x.txt': a comparison is a page, write"),
        (["few-0", "many", "-o", ""], "--output must name where to write, got ''"),
        (["few-0", "many", "--outptu", "x"], "is --output meant? (chalkgrad compare --help"),
        (["few-0", "many", "--epochs", "3"], "--epochs 3: it is an option of chalkgrad train"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_a_bad_word_is_one_sentence(
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    place = tmp_path / "runs"
    shutil.copytree(runs, place)
    (place / "empty").mkdir()
    (place / "notes.txt").write_text("mine")
    monkeypatch.chdir(place)
    assert compare(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not (place / "compare.html").exists()


def test_any_changed_letter_of_a_result_is_noticed(own: Path) -> None:
    path = own / "result.json"
    text = path.read_text()
    for place in range(0, len(text) - 1, 37):
        other = "7" if text[place] != "7" else "8"
        path.write_text(text[:place] + other + text[place + 1 :])
        with pytest.raises(ValueError, match=r"result\.json"):
            read_run(str(own))


def test_a_name_of_the_command_that_is_misspelt_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compair", "a", "b"]) == 2
    assert "no command is called 'compair'. Did you mean 'compare'?" in capsys.readouterr().err
    assert cli.main(["completion", "bash"]) == 0
    assert "compare) options='--output -o --help'" in capsys.readouterr().out
    assert cli.main(["compare", "--help"]) == 0
    assert "runs that differ in the seed alone are a group" in " ".join(
        capsys.readouterr().out.lower().split()
    )
