"""TikZ: the boxes, arrows and numbers of the picture, as text that three LaTeX programs read."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw
from autograd.display import RenderError
from autograd.display.writers.tex import spelled, tex
from nn.command.cli import main
from support.formulas import balanced
from support.graphs import composite
from support.labels import HARD
from support.pictures import chain, network

COMMAND = re.compile(r"\\([A-Za-z]+|.)")


def square(label: str) -> Value:
    x = Value(2.0, label)
    z = x * x - 1.5
    z.label = label
    z.backward()
    return z


def test_every_box_arrow_and_number_of_the_picture_is_there() -> None:
    z, *_ = composite()
    z.backward()
    drawing = draw(z)
    text = drawing.tikz
    for box in drawing.picture.boxes:
        assert f"({box.name}) at (" in text
    assert text.count(r"\draw[->") == text.count(r"\node[numbers") == len(drawing.picture.arrows)
    for arrow in drawing.picture.arrows:
        assert f"{{{tex(spelled(arrow.text))}}};" in text
    assert text.count("value}\\hfill") == len(drawing.picture.boxes)
    assert "gradient $\\times$ local derivative = contribution" in text
    assert text.count(", swatch,") == len(drawing.picture.legend) == 3
    assert text.isascii()
    assert text == draw(z).tikz


def test_what_is_faded_is_pale_and_what_is_lit_is_named() -> None:
    z, x, _ = composite()
    z.backward()
    text = draw(z, highlight=x).tikz
    assert r"\draw[->, pale," in text
    assert "lit leaf box/.style" in text
    assert "faded node box/.style" in text
    assert "pale" not in draw(z).tikz  # only colours that occur are defined


def test_numbers_have_a_sign_of_minus_and_names_a_hyphen() -> None:
    text = draw(square("a-b")).tikz
    assert r"\textbf{a-b}" in text
    assert r"$-$ 1.5" in text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("50% of x_1", r"50\% of x\_1"),
        ("a\\b{c}$", r"a$\backslash$b$\{$c$\}$\$"),
        ("--'' -", "-{}-'{}' -"),
        ("é ñ Å", r"\'{e} \~{n} \r{A}"),
        ("e\u0301", r"\'{e}"),
        ("θ² → ∂", r"$\theta$$^{2}$ $\rightarrow$ $\partial$"),
        ("a\nb\u2028c", "a b c"),
        ("\u202ea\u200b", "a"),
        (
            "权",
            r"\ifdefined\Uchar\iffontchar\font 26435 \char26435 \else U+6743\fi\else U+6743\fi{}",
        ),
    ],
)
def test_text_is_written_for_latex(text: str, wanted: str) -> None:
    assert tex(spelled(text)) == wanted


@given(st.text())
def test_any_label_is_text_and_nothing_else(label: str) -> None:
    written = tex(spelled(label))
    assert written.isascii()
    assert written.isprintable()
    assert balanced(written)
    bare = COMMAND.sub("", written)
    assert bare.count("$") % 2 == 0
    assert not set("#&%^_") & set(re.sub(r"\$[^$]*\$", "", bare))
    assert not re.search(r"--|''|,,", re.sub(r"\$[^$]*\$", "$", written))


def test_a_file_ends_in_tex(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = draw(square("x"), format="tex")
    path = drawing.save(tmp_path / "graph")
    assert path.read_text(encoding="ascii") == drawing.tikz
    assert drawing.save(tmp_path / "graph.TEX").suffix == ".TEX"
    assert drawing._repr_mimebundle_() == {"text/plain": drawing.tikz}
    for ending, start in ((".tex", "% Needs"), (".mmd", "flowchart LR")):
        path = tmp_path / f"drawn{ending}"
        assert main(["draw", "x*x", "x=3", "-o", str(path)]) == 0
        assert path.read_text(encoding="utf-8").startswith(start)
    capsys.readouterr()
    assert main(["draw", "--help"]) == 0
    assert ".mmd, .tex" in " ".join(capsys.readouterr().out.split())


def test_a_picture_too_large_for_tex_says_so() -> None:
    with pytest.raises(RenderError, match=r"16,000 at most.*expand=\"layers\""):
        _ = draw(chain(400), expand=True).tikz


PROGRAMS = ["pdflatex", "xelatex", "lualatex"]


def documents(tmp_path: Path) -> Path:
    """One document with a picture of each label, a network, a highlight and an argument."""
    z, x, _ = composite()
    z.backward()
    loss, _, outputs = network([2, 2, 1], seed=1)
    drawn = [draw(square(label)) for label in HARD]
    drawn += [draw(z, highlight=x), draw(z, max_nodes=3), draw(z.args[0]), draw(Value(1.0))]
    drawn += [draw(loss, outputs=outputs), draw(loss, expand="layers"), draw(loss, expand=True)]
    drawn += [draw(z, around=x, highlight=x), draw(square("#1"), highlight="#1")]
    wide = rf"\resizebox{{10cm}}{{!}}{{{draw(z).tikz}}}"
    pages = "\n\\clearpage\n".join([wide, *[drawing.tikz for drawing in drawn]])
    path = tmp_path / "all.tex"
    size = r"\textwidth=200cm \textheight=100cm \hsize=\textwidth"
    path.write_text(
        "\\documentclass{article}\\usepackage{tikz}\\parindent=0pt\n"
        f"{size}\n\\begin{{document}}\n{pages}\n\\end{{document}}\n",
        encoding="ascii",
    )
    return path


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[int, str]]]:
    """Give what a LaTeX program ended with and said of the document; all of them run at once."""
    place = documents(tmp_path_factory.mktemp("tex"))
    runs: dict[str, subprocess.Popen[bytes]] = {}
    for program in filter(shutil.which, PROGRAMS):
        options = ["-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
        runs[program] = subprocess.Popen(
            [program, *options, f"-jobname={program}", place.name],
            cwd=place.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def go(program: str) -> tuple[int, str]:
        if program not in runs:
            pytest.skip(f"{program} is not installed: apt-get install texlive-pictures")
        code = runs[program].wait(120)
        log = place.with_name(f"{program}.log")
        return code, log.read_text(encoding="utf-8", errors="replace")

    yield go
    for run in runs.values():
        run.kill()
        run.wait()


@pytest.mark.parametrize("program", PROGRAMS)
def test_latex_reads_every_label_and_all_text_fits_its_box(
    program: str, said: Callable[[str], tuple[int, str]]
) -> None:
    code, log = said(program)
    if "tikz.sty' not found" in log:
        pytest.skip("TikZ is not installed: apt-get install texlive-pictures")
    assert code == 0, log[-2000:]
    assert f"({len(HARD) + 10} pages" in log
    assert "Missing character" not in log
    assert "Font shape" not in log
    assert "Overfull" not in log
