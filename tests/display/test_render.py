"""Turning pictures into files: which engine draws, what happens without it, and saving."""

import os
import re
import shutil
import stat
import sys
import time
import xml.etree.ElementTree as ET

import pytest

from autograd import Value, draw
from autograd.display import RenderError, drawing
from autograd.display.writers import graphviz
from nn import MLP
from support import pictures

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="there is no `dot` here")


@pytest.fixture
def no_dot(monkeypatch):
    """A machine with neither `dot` nor pygraphviz."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(graphviz, "find_spec", lambda name: None)


@pytest.fixture(params=[pytest.param("dot", marks=needs_dot), "own layout"])
def engine(request):
    """Each of the ways to draw that are here."""
    if request.param == "own layout":
        request.getfixturevalue("no_dot")
    return request.param


def example():
    z, _, _ = pictures.example()
    z.backward()
    return z


def parsed(svg):
    root = ET.fromstring(svg)
    groups = {
        kind: [g for g in root.iter(f"{SVG}g") if g.get("class") == kind]
        for kind in ("node", "edge")
    }
    return root, groups["node"], groups["edge"]


def words(element):
    return " ".join("".join(text.itertext()) for text in element.iter(f"{SVG}text"))


def test_both_engines_draw_every_box_arrow_and_number(engine):
    picture = draw(example())
    root, nodes, edges = parsed(picture.svg)
    assert picture.engine == engine
    assert engine in picture.note
    assert "\n" not in picture.note
    assert root.tag == f"{SVG}svg"
    assert len(nodes) == len(picture.picture.boxes)
    assert len(edges) == len(picture.picture.arrows) == 11
    shown = words(root).replace("\xa0", " ")
    for text in ["15 × 4 = 60", "1 × 14 = 14", "56", "75", "gradient", "x ** 2"]:
        assert text in shown
    assert "contribution" in shown


def test_the_same_picture_is_drawn_the_same(engine):
    assert draw(example()).svg == draw(example()).svg


def test_an_svg_has_a_white_ground_and_no_ids(engine):
    svg = draw(example()).svg
    assert svg.startswith("<svg")
    assert svg.endswith("</svg>")
    assert re.search(r'fill="(white|#ffffff)"', svg.split("<text")[0])
    assert not re.search(r"<[^>]* id=", svg)
    assert "<!--" not in svg


def test_labels_are_shown_just_as_they_are(engine):
    for label in [
        "<b>&amp;</b>",
        "\\N\\G",
        '"quoted"',
        "{a|b}",
        "&lt;",
        "]",
        "a]]>",
        "ä → 🚀",
        "C:\\new\\table",
    ]:
        _, nodes, _ = parsed(draw(Value(1.0, label)).svg)
        assert words(nodes[0]).startswith(label), label


def test_a_label_cannot_bring_a_script_along(engine):
    label = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    x = Value(2.0, label)
    svg = draw(x * x).svg
    root, _, _ = parsed(svg)
    assert not [e for e in root.iter() if "script" in e.tag or "image" in e.tag]
    assert not [k for e in root.iter() for k in e.keys() if k.startswith("on")]  # noqa: SIM118


def test_without_dot_a_picture_says_in_one_sentence_what_would_help(no_dot):
    picture = draw(example())
    assert picture.engine == "own layout"
    assert picture.note.count("\n") == 0
    assert "apt install graphviz" in picture.note
    assert 'pip install "chalkgrad[render]"' in picture.note


# Saving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.svg", "a.SVG", "a.dot", "a.gv", "a.txt", "a"])
def test_these_can_always_be_saved(engine, name, tmp_path):
    picture = draw(example())
    path = picture.save(tmp_path / name)
    assert path == tmp_path / (name if "." in name else "a.svg")
    content = path.read_text(encoding="utf-8")
    expected = {"svg": picture.svg, "dot": picture.source, "gv": picture.source}
    assert expected.get(path.suffix[1:].lower(), str(picture)) in content
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    if path.suffix == ".svg":
        ET.parse(path)


@needs_dot
@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF")])
def test_png_and_pdf_can_be_saved_with_dot(name, start, tmp_path):
    assert draw(example()).save(str(tmp_path / name)).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["a.png", "a.pdf"])
def test_png_and_pdf_without_dot_are_one_clear_error_and_no_file(name, tmp_path, no_dot):
    with pytest.raises(RenderError, match=r"needs Graphviz.*apt install graphviz"):
        draw(example()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RenderError, match="needs Graphviz"):
        draw(example(), format=name[2:])


@pytest.mark.parametrize("name", ["a.jpeg", "a.svg.zip"])
def test_other_endings_are_refused_with_the_known_ones(name, tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.svg, \.dot"):
        draw(example()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.dot"
    path.write_text("old")
    monkeypatch.setattr(drawing.Path, "replace", lambda self, to: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        draw(example()).save(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.dot"]


def test_saving_into_a_folder_that_is_not_there_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        draw(example()).save(tmp_path / "missing" / "a.dot")


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_saved_file_can_be_read_by_whom_the_umask_lets(tmp_path):
    umask = os.umask(0o022)
    try:
        path = draw(example()).save(tmp_path / "a.dot")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


# Programs that misbehave ------------------------------------------------------------------------


def fake_dot(tmp_path, monkeypatch, script):
    """Put a program called dot, and nothing else, on the path."""
    program = tmp_path / "dot"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(graphviz, "find_spec", lambda name: None)


posix = pytest.mark.skipif(os.name != "posix", reason="a script is started by its first line")


@posix
def test_dot_that_does_not_come_back_is_stopped(tmp_path, monkeypatch):
    fake_dot(tmp_path, monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(drawing, "render", lambda source, form: graphviz.render(source, form, 0.5))
    picture = draw(example())
    before = time.monotonic()
    assert picture.engine == "own layout"
    assert time.monotonic() - before < 60  # not ten minutes: it was stopped
    assert "dot was stopped after 0.5 seconds" in picture.note
    assert "install" not in picture.note


@posix
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import sys; sys.exit('Error: no layout')", "dot failed: Error: no layout"),
        ("pass", "dot failed: code 0"),
    ],
)
def test_dot_that_fails_costs_a_sentence(script, reason, tmp_path, monkeypatch):
    fake_dot(tmp_path, monkeypatch, script)
    picture = draw(example())
    assert picture.engine == "own layout"
    assert reason in picture.note
    parsed(picture.svg)


@posix
def test_dot_that_cannot_be_started_costs_a_sentence(tmp_path, monkeypatch):
    fake_dot(tmp_path, monkeypatch, "")
    (tmp_path / "dot").write_text("#!/nowhere/python\n")
    assert "dot could not be started" in draw(example()).note


@posix
def test_dot_is_given_its_limits_and_the_text(tmp_path, monkeypatch):
    said = "sys.argv[1:], len(sys.stdin.buffer.read())"
    script = f"import sys; print('<svg><text>', {said}, '</text></svg>')"
    fake_dot(tmp_path, monkeypatch, script)
    picture = draw(example())
    length = len(picture.source.encode())
    assert f"<text> ['-Tsvg', '-Gnslimit=1', '-Gnslimit1=1'] {length} </text>" in picture.svg


PYGRAPHVIZ = """
import time
class AGraph:
    def __init__(self, string):
        assert string.startswith("digraph")
        self.graph_attr = {}
    def draw(self, format, prog):
        %s
        return f"<svg><text>{format} {prog} {self.graph_attr}</text></svg>".encode()
"""


def fake_pygraphviz(tmp_path, monkeypatch, line="pass"):
    (tmp_path / "pygraphviz.py").write_text(PYGRAPHVIZ % line)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))


def test_pygraphviz_draws_where_there_is_no_dot(tmp_path, monkeypatch):
    fake_pygraphviz(tmp_path, monkeypatch)
    picture = draw(example())
    assert picture.engine == "pygraphviz"
    assert "<text>svg dot {'nslimit': '1', 'nslimit1': '1'}</text>" in picture.svg
    assert "pygraphviz" not in sys.modules, "it runs in a process that can be stopped"


def test_pygraphviz_that_does_not_come_back_is_stopped(tmp_path, monkeypatch):
    fake_pygraphviz(tmp_path, monkeypatch, "time.sleep(600)")
    rendered = graphviz.render(draw(example()).source, "svg", 2.0)
    assert rendered.content is None
    assert rendered.reason == "pygraphviz was stopped after 2 seconds"


def test_the_real_pygraphviz_draws(monkeypatch):
    pytest.importorskip("pygraphviz", reason="pygraphviz is not installed")
    monkeypatch.setenv("PATH", "")
    picture = draw(example())
    _, nodes, edges = parsed(picture.svg)
    assert picture.engine == "pygraphviz"
    assert (len(nodes), len(edges)) == (9, 11)


# Graphs that kept other tools busy ---------------------------------------------------------------


def shared_chain(length):
    x = Value(1.0001, "x")
    z = x
    for _ in range(length):
        z = z * x
    return z


def scattered(count):
    """Nodes with operands from anywhere before them."""
    values = [Value(1.0 + i / 100, f"x{i}") for i in range(20)]
    for i in range(count):
        values.append(values[(7 * i) % len(values)] * values[(11 * i + 3) % len(values)])
    z = values[-1]
    for value in values[-9:-1]:
        z = z + value
    return z


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (lambda: shared_chain(1_000), {}),
        (lambda: shared_chain(1_000), {"expand": True}),
        (lambda: shared_chain(100_000), {}),
        (lambda: scattered(5_000), {}),
        (lambda: MLP([2, 16, 16, 1])([Value(1.0), Value(2.0)])[0], {}),
        (lambda: MLP([64, 32, 10])([Value(i / 64) for i in range(64)])[0], {}),
    ],
    ids=["shared leaf", "shared leaf, expanded", "100,000", "5,000", "network", "large network"],
)
def test_no_graph_hangs_a_drawing(engine, build, options):
    picture = draw(build(), **options)
    _, nodes, _ = parsed(picture.svg)
    assert picture.engine == engine
    assert len(nodes) == len(picture.picture.boxes) > 1
