"""The commands draw, explain, walk and play: what they print and write, and what they refuse."""

import io
import os
import re
import sys
import threading
from pathlib import Path

import pytest

from nn.command import cli

NEURON = ["tanh(w*x + b)", "w=0.5", "x=2", "b=-1"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command in an empty folder; give its exit code, output and complaint."""
    monkeypatch.chdir(tmp_path)

    def main(*words: str) -> tuple[int, str, str]:
        code = cli.main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return main


def test_draw_writes_a_picture_with_gradients(run, tmp_path):
    code, out, _ = run("draw", *NEURON, "-o", "neuron.svg")
    assert (code, out) == (0, "z = 0. Picture: neuron.svg\n")
    svg = (tmp_path / "neuron.svg").read_text(encoding="utf-8")
    assert "1 × 2 = 2" in svg
    assert "not computed yet" not in svg


def test_draw_prints_the_picture_where_no_file_is_named(run, tmp_path):
    code, out, _ = run("draw", "x*x", "x=3")
    assert code == 0
    assert out.count("from x: 1 × 3 = 3") == 2
    assert list(tmp_path.iterdir()) == []


def test_draw_lights_paths_and_shows_a_neighbourhood(run):
    expression = ["u = x**2 + x*y + y**2; u**2 + u", "x=1", "y=2"]
    code, out, _ = run("draw", *expression, "--highlight", "y", "--highlight", "x")
    assert code == 0
    assert "4 paths from z to y, the sum is 75" in out
    assert "4 paths from z to x, the sum is 60" in out
    assert "x  value 1  gradient 60  *" in out
    code, out, _ = run("draw", *expression, "--around", "u")
    assert (code, "at most 1 arrow from u" in out) == (0, True)
    assert "x  value" not in out
    assert "x  value" in run("draw", *expression, "--around", "u", "--depth", "4")[1]
    assert "more nodes not drawn" in run("draw", *expression, "--depth", "1")[1]


def test_values_may_stand_behind_the_options(run):
    assert run("draw", "x*y", "-o", "a.svg", "x=1", "y=2")[0] == 0
    assert run("explain", "--most", "3", "x*y", "x=1", "--by", "y", "y=2")[0] == 0


def test_explain_shows_every_name_or_those_asked_for(run):
    code, out, _ = run("explain", "u = x**2 + x*y + y**2; u**2 + u", "x=1", "y=2")
    assert code == 0
    assert "dz/dx = 60" in out
    assert "dz/dy = 75" in out
    assert "every path goes through u: dz/dx = dz/du · du/dx = 15 · 4 = 60" in out
    code, out, _ = run("explain", "u = x**2 + x*y + y**2; u**2 + u", "x=1", "y=2", "--by", "u")
    assert out.startswith("dz/du = 15\n")
    assert "dz/dx" not in out
    code, out, _ = run("explain", "x**2", "x=3", "--latex")
    assert out.startswith("\\begin{aligned}\n\\frac{dz}{dx}")


def test_walk_writes_a_page(run, tmp_path):
    code, out, _ = run("walk", *NEURON, "-o", "page.html", "--quiz")
    assert (code, out) == (0, "z = 0. Page: page.html\n")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert '"quiz":true' in page
    assert run("walk", "x", "x=1")[1] == "x = 1. Page: walk.html\n"


def test_an_expression_that_begins_with_a_minus(run):
    code, out, _ = run("explain", "--", "-x", "x=1")
    assert code == 0
    assert "dz/dx = -1" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["draw", "tanh(w*q + b)", "w=0.5", "b=-1"], "q has no value: give it one, as in q=0.5\n"
                                                    "    tanh(w*q + b)\n           ^"),
        (["draw", "x +", "x=1"], "a number or a name is missing"),
        (["draw", "x", "x=1", "y=2"], "y was given a value, but there is no y in 'x'"),
        (["draw", "x", "x=one"], "the value of x is no number: 'one'"),
        (["draw", "x", "1=x"], "expected NAME=VALUE, such as w=0.5, got '1=x'"),
        (["draw", "x", "x"], "expected NAME=VALUE, such as w=0.5, got 'x'"),
        (["draw", "x", "x=1", "x=2"], "x is given twice"),
        (["draw", "x", "x=1", "--oops"], "unrecognized arguments: --oops"),
        (["draw", "x", "x=1", "-o", "a.bmp"], "cannot save as 'a.bmp'"),
        (["draw", "__import__('os').system('true')"], "is not understood"),
        (["draw", "x*y", "x=1", "y=2", "--highlight", "w"], "no node is labelled 'w'; the labels"),
        (["draw", "x", "x=1", "--around", "y"], "no node is labelled 'y'; the labels are: x"),
        (["draw", "x", "x=1", "--depth", "-1"], "depth must be at least 0, got -1"),
        (["explain", "x", "x=1", "--by", "y"], "there is no y to derive by; the names are: x"),
        (["explain", "x", "x=1", "--most", "0"], "most must be at least 1, got 0"),
        (["explain", "1 + 2"], "there is no name to derive by"),
        (["walk", "x", "x=1", "-o", "a.png"], "cannot save as 'a.png'"),
        (["walk", "x", "x=1", "-o", "missing/a.html"], "missing"),
        (["draw"], "the following arguments are required: expression"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_on_stderr_with_exit_code_2(run, tmp_path, words, complaint):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith("chalkgrad: ")
    assert complaint in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_help_lists_the_commands(run):
    code, out, _ = run("--help")
    assert code == 0
    assert re.search(r"\bdraw\b.*\bexplain\b.*\bwalk\b.*\bplay\b", out, re.DOTALL)
    assert run("walk", "--help")[0] == 0


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["explain", "-x**2", "x=3"], "dz/dx = -6"),
        (["explain", "-x", "x=3"], "dz/dx = -1"),
        (["explain", "-(x + 1)*2", "x=3"], "dz/dx = -2"),
        (["explain", "-2*x", "x=3"], "dz/dx = -2"),
        (["explain", "-o*2", "o=3"], "dz/do = -2"),
        (["explain", "-omega*x", "x=3", "omega=2"], "dz/dx = -2"),
        (["explain", "--by", "x", "-x**2", "x=3"], "dz/dx = -6"),
        (["explain", "--x**2", "x=3"], "dz/dx = 6"),
        (["explain", "--", "-x", "x=3"], "dz/dx = -1"),
        (["draw", "-x**2", "x=3"], "x  value 3  gradient -6"),
        (["draw", "-oh.svg", "-x", "x=3"], "z = -3. Picture: h.svg"),
        (["walk", "-x", "x=3", "--quiz"], "z = -3. Page: walk.html"),
    ],
)
def test_an_expression_may_begin_with_a_minus(run, words, first):
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == first


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["walk", "-quiz", "x", "x=1"], "unrecognized arguments: -quiz"),
        (["explain", "x*y", "x=1", "-y=2"], "unrecognized arguments: -y=2"),
        (["explain", "x", "x=1", "--bye"], "unrecognized arguments: --bye"),
        (["explain", "-x+", "x=1"], "-x+\n"),
        (["explain", "x", "x=1", "-z"], "expected NAME=VALUE, such as w=0.5, got '-z'"),
    ],
)
def test_a_slip_after_a_minus_is_told_as_before(run, words, said):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
@pytest.mark.parametrize("words", [["explain"], ["explain", "--latex"], ["draw"]])
def test_an_output_without_the_signs_gets_others_in_their_place(monkeypatch, encoding, words):
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main([*words, "x*y + x", "x=1", "y=2"]) == 0
    assert stream.errors == "strict"  # as it was
    text = written.getvalue().decode(encoding)
    if words == ["draw"]:
        times = "*" if encoding == "ascii" else "×"
        assert f"from x: 1 {times} 2 = 2" in text
    elif words == ["explain"]:
        assert f"{'∂z/∂v1' if encoding == 'utf-8' else 'Dz/Dv1'} " in text
        assert "?" not in text


@pytest.mark.parametrize("command", ["draw", "walk"])
def test_a_folder_is_refused_and_a_device_is_written_to_as_named(run, tmp_path, command):
    (tmp_path / "there").mkdir()
    code, _, err = run(command, "x*x", "x=1", "-o", "there")
    assert (code, "cannot write there: it is a folder" in err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    if Path("/dev/null").exists():
        assert run(command, "x*x", "x=1", "-o", "/dev/null")[1].endswith(": /dev/null\n")
    if Path("/dev/full").exists():
        code, _, err = run(command, "x*x", "x=1", "-o", "/dev/full")
        assert (code, "cannot write /dev/full: No space left" in err) == (2, True)


@pytest.mark.parametrize(("command", "begin"), [("draw", b"<?xml"), ("walk", b"<!DOCTYPE html>")])
def test_a_pipe_is_written_to(run, command, begin):
    if not Path("/dev/fd").is_dir():
        pytest.skip("there are no names for open files here")
    got, given = os.pipe()
    read: list[bytes] = []
    with open(got, "rb") as reader:
        thread = threading.Thread(target=lambda: read.append(reader.read()))
        thread.start()
        try:
            assert run(command, "x*x", "x=1", "-o", f"/dev/fd/{given}")[0] == 0
        finally:
            os.close(given)
            thread.join(20.0)
    assert read[0].startswith(begin)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1/2", 0.5), ("pi", 3.14159), ("2*pi/4", 1.5708), ("-1/4", -0.25), ("e", 2.71828)],
)
def test_a_value_may_be_an_expression_of_numbers(run, written, meant):
    code, out, _ = run("explain", "x*y", f"x={written}", "y=1", "--by", "y")
    assert (code, out.splitlines()[0]) == (0, f"dz/dy = {meant}")


@pytest.mark.parametrize("written", ["y", "one", "", "1,5", "2²", "[1]"])
def test_a_value_that_is_no_number_is_refused_with_the_reason(run, written):
    code, _, said = run("explain", "x*2", f"x={written}")
    assert code == 2
    assert said.startswith(f"chalkgrad: the value of x is no number: {written!r} (")


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_an_output_may_begin_with_a_minus(run, tmp_path, option):
    code, out, _ = run("draw", "-x", "x=1", option, "-x.svg")
    assert (code, out) == (0, "z = -1. Picture: -x.svg\n")
    assert [path.name for path in tmp_path.iterdir()] == ["-x.svg"]


def test_play_writes_a_page_to_type_in(run, tmp_path):
    code, out, _ = run("play", *NEURON, "-o", "page.html")
    assert (code, out) == (0, "Page: page.html\n")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '"text":"tanh(w*x + b)","values":[["w",0.5],["x",2.0],["b",-1.0]]' in page
    assert run("play")[:2] == (0, "Page: play.html\n")
    assert run("play", " -x**2", "x=3", "-o", "minus.html")[0] == 0
    code, _, err = run("play", "tahn(x)", "x=1")
    assert code == 2
    said = "there is no function called tahn; is tan or tanh meant?\n    tahn(x)\n    ^\n"
    assert err == f"chalkgrad: {said}"
