"""The command play: the pages it writes for data sets and tables, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from nn.command import cli


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command in an empty folder; give its exit code, output and complaint."""
    monkeypatch.chdir(tmp_path)

    def main(*words: str) -> tuple[int, str, str]:
        code = cli.main(["play", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return main


def test_a_data_set_opens_a_page_with_its_settings(run: Any, tmp_path: Path) -> None:
    code, out, _ = run("moons", "--hidden", "3", "--points", "50", "--lr", "0.25", "-o", "a.html")
    assert code == 0
    assert out == "MLP([2, 3, 1]) on 40 of 50 samples of moons. Page: a.html\n"
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<title>MLP([2, 3, 1]) learns moons</title>" in page
    assert '"lr":0.25' in page


@pytest.mark.parametrize(
    ("words", "rate", "said", "options"),
    [
        (["moons"], 0.1, "SGD", '[["momentum",0.9],["weight_decay",0.0]]'),
        (["line", "--points", "30"], 0.05, "SGD", '[["momentum",0.0],["weight_decay",0.0]]'),
        (["xor", "--optimizer", "adam"], 0.01, "Adam (betas", '[["weight_decay",0.0]]'),
        (["line", "--optimizer", "rmsprop", "--lr", "0.5"], 0.5, "RMSprop", '["momentum",0.0]'),
    ],
)
def test_the_optimiser_is_that_of_the_settings(
    run: Any, tmp_path: Path, words: list[str], rate: float, said: str, options: str
) -> None:
    assert run(*words)[0] == 0
    page = (tmp_path / "play.html").read_text(encoding="utf-8")
    assert f'"lr":{rate},' in page
    assert f'"said":"{said}' in page
    assert options in page


def test_a_data_set_of_numbers(run: Any, tmp_path: Path) -> None:
    assert run("line", "--points", "30")[1].startswith("MLP([1, 8, 1]) on 24 of 30 samples of line")
    assert '"loss":"mean_squared_error"' in (tmp_path / "play.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "network", "loss", "note"),
    [
        ("a,b,kind\n1,2,0\n2,1,1\n4,2,1\n3,1,0\n", "[2, 8, 8, 1]", "binary_cross_entropy", "a, b"),
        ("1;2;-1\n2;1;1\n4;2;1\n\n3;1;-1\n", "[2, 8, 8, 1]", "binary_cross_entropy", "scaled"),
        ("1\t0\n2\t1\n4\t2\n3\t0\n", "[1, 8, 8, 3]", "cross_entropy", "The inputs are scaled"),
        (
            "long,wide,kind\n1,2,<b>cat</b>\n2,1,dog\n4,2,dog\n3,1,<b>cat</b>\n",
            *("[2, 8, 8, 1]", "binary_cross_entropy", "The target is kind."),
        ),
        ("1,a\n2,b\n4,c\n3,c\n", "[1, 8, 8, 3]", "cross_entropy", "The inputs are scaled"),
        (
            "a;b;y\n1,5;2;0,5\n2,5;1;1\n4;2,25;2\n3;1;7\n",
            "[2, 8, 8, 1]",
            "mean_squared_error",
            "a, b",
        ),
        (
            '"a ""1""; b","y"\n1,no\n2,yes\n4,no\n3,no\n',
            "[1, 8, 8, 1]",
            "binary_cross_entropy",
            "; b",
        ),
        ("\ufeffx,y\n1,0.5\n2,1\n4,2\n3,7\n", "[1, 8, 8, 1]", "mean_squared_error", "target are"),
    ],
)
def test_a_table_of_numbers(
    run: Any, tmp_path: Path, text: str, network: str, loss: str, note: str
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    code, out, _ = run("t.csv", "--seed", "1")
    assert code == 0
    assert out.startswith(f"MLP({network}) on 3 of 4 samples of t.csv.")
    assert note in out
    page = (tmp_path / "play.html").read_text(encoding="utf-8")
    assert f'"loss":"{loss}"' in page
    assert note in page


@pytest.mark.parametrize("name", ["x", "moon", "moons", "línea"])
def test_a_name_with_a_value_is_an_expression(run: Any, tmp_path: Path, name: str) -> None:
    assert run(name, f"{name}=2")[:2] == (0, "Page: play.html\n")
    page = (tmp_path / "play.html").read_text(encoding="utf-8")
    assert f'"text":"{name}","values":[["{name}",2.0]]' in page


def test_names_of_an_expression_begin_at_a_half(run: Any, tmp_path: Path) -> None:
    assert run("w*x", "w=3")[:2] == (0, "Page: play.html\n")
    page = (tmp_path / "play.html").read_text(encoding="utf-8")
    assert '"values":[["w",3.0],["x",0.5]]' in page


def test_a_constant_needs_no_value(run: Any) -> None:
    assert run("pi")[:2] == (0, "Page: play.html\n")


def test_of_many_inputs_some_are_named(run: Any, tmp_path: Path) -> None:
    lines = [",".join([f"c{i}" for i in range(20)]), *[",".join(["1", "2"] * 10)] * 9]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    assert "c10, c11 and 7 others. The target is c19." in run("t.csv")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["moon"], "no data set is called 'moon'. Did you mean 'moons'?"),
        (["mnist"], "mnist ships with no data"),
        (["none.csv"], "there is no file none.csv"),
        (["qqq"], "qqq has no value: give it one, as in qqq=0.5; or name a data set (digits, "),
        (["Moons"], "Did you mean 'moons'?"),
        (["moon", "x=2"], "no data set is called 'moon'. Did you mean 'moons'?"),
        (["moons", "x=2"], "x=2 is for an expression, and moons is data"),
        (["good.csv", "x=2"], "x=2 is for an expression, and good.csv is data"),
        (["tanh"], "tanh is a function"),
        (["text.csv"], "the target 'b' of text.csv holds text and numbers such as '2'"),
        (["gap.csv"], "gap.csv: cells are missing: line 2, column 'column_1'. Fill them, or leave"),
        (["ragged.csv"], "ragged.csv: line 2 has 3 cell(s) and the first has 2"),
        (["short.csv"], "at least two lines of at least two numbers"),
        (["column.csv"], "at least two lines of at least two numbers"),
        (
            ["place.csv"],
            "the input 'town' of place.csv holds text, such as 'Ulm', and a page takes",
        ),
        (["place.csv"], "leave it out with --ignore town, or write a column of 0 and 1"),
        (["gap.csv"], "leave those lines out with --drop-missing"),
        (["good.csv", "--target", "colum_1"], "Did you mean 'column_1'?"),
        (["moons", "--target", "y"], "--target is for a file of yours that ends in .csv"),
        (["empty.csv"], "empty.csv: expected a table; the file holds no line"),
        (["inf.csv"], "inf in column 'column_2' of inf.csv is beyond 1e+150"),
        (["large.csv"], "1e+200 in column 'column_1' of large.csv is beyond 1e+150"),
        (["wide.csv"], "and MLP has 3,289: choose fewer inputs or neurons"),
        (["long.csv"], "give a part, such as"),
        (["words.csv"], "the targets in words.csv are 30 different text(s): a page tells 2 to 20"),
        (["same.csv"], "the targets in same.csv are 1 different text(s)"),
        (["bytes.csv"], "bytes.csv: expected a table as text; found binary data"),
        (["good.csv", "--points", "5"], "--points is for data that is drawn"),
        (["moons", "--hidden", "90", "90"], "a page trains up to 2,500 parameters"),
        (["moons", "--loss", "hinj"], "Did you mean 'hinge'?"),
        (["moons", "--lr", "-1"], "lr must be"),
        (["moons", "--epochs", "5"], "it is an option of chalkgrad train"),
        (["moons", "--optimizer", "adam", "--momentum", "0.5"], "adam has no momentum"),
        (["good.csv", "--optimizer", "adan"], "Did you mean 'adam'?"),
        (["moons", "-o", "a.pdf"], "write .html"),
    ],
)
def test_a_slip_is_one_sentence_and_nothing_is_written(
    run: Any, tmp_path: Path, words: list[str], said: str
) -> None:
    for name, text in (
        ("text", "a,b\n1,2\n3,x\n"),
        ("gap", "1,2\n,2\n"),
        ("ragged", "1,2\n1,2,3\n"),
        ("short", "1,2\n"),
        ("column", "a\n1\n2\n3\n"),
        ("empty", ""),
        ("place", "town,size,price\nUlm,1,2\nBonn,2,3\n"),
        ("inf", "1,inf\n2,3\n3,4\n"),
        ("large", "1e200,1\n2,3\n3,4\n"),
        ("wide", "1,2," * 200 + "1\n" + "2,1," * 200 + "0\n"),
        ("words", "".join([f"{i},word{i}\n" for i in range(30)])),
        ("same", "x,y\n1,cat\n2,cat\n3,cat\n"),
        ("long", "".join([f"0.{i},{i}\n" for i in range(40_000)])),
        ("good", "1,2\n3,4\n5,6\n"),
    ):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "bytes.csv").write_bytes(b"1,\0\n")
    code, out, error = run(*words)
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.glob("*.html")) == []


def test_a_table_is_read_as_the_options_say(run: Any, tmp_path: Path) -> None:
    text = "größe|town|y\n1|Ulm|0,5\n2|Bonn|1\n?|Ulm|2\n4|Bonn|3,5\n5|Ulm|2\n"
    (tmp_path / "t.csv").write_bytes(text.encode("latin-1"))
    words = ["--target", "größe", "--ignore", "town", "--delimiter", "|", "--drop-missing"]
    code, out, _ = run("t.csv", *words, "--encoding", "latin-1")
    assert code == 0
    assert "MLP([1, 8, 8, 1]) on 3 of 4 samples of t.csv." in out
    assert "Inputs: y. The target is größe." in out
    assert run("t.csv", *words, "--no-header")[0] == 2


def test_the_help_tells_the_defaults_of_line_and_files(run: Any, tmp_path: Path) -> None:
    told = " ".join(run("--help")[1].split())
    assert "momentum of SGD and RMSprop (default: 0.9; 0 for line and files)" in told
    assert "0.05 for line and files of numbers, 0.1 for files of classes)" in told
    (tmp_path / "t.csv").write_text("a,y\n1,0\n2,1\n4,1\n3,0\n", encoding="utf-8")
    assert run("t.csv")[0] == 0
    page = (tmp_path / "play.html").read_text(encoding="utf-8")
    assert '"lr":0.1,' in page
    assert '[["momentum",0.0]' in page
