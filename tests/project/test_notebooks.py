"""The notebooks: a course of pages that run from top to bottom, each on its own.

They are stored without results, begin with what the reader will be able to do, and end with
exercises that tell a right answer from a wrong one. The answers are here and nowhere else.
"""

import copy
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.built_site import keep, run
from support.places import ROOT

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: chalkgrad[test]")

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

OPEN = "return ..."

# For each exercise, in order: an answer that is right and one that is not.
ANSWERS: dict[str, list[tuple[str, str]]] = {
    "01_chain_rule": [
        ("(2 * (x * x + x * y + y * y) + 1) * (x + 2 * y)", "(2 * x + y) * (x + 2 * y)"),
        ("3 * (3 * x - y) ** 2 * 3, -3 * (3 * x - y) ** 2", "3 * (3 * x - y) ** 2, 0.0"),
        (
            "(autograd.cos(x**2) * x**2 + autograd.sin(x**2)) * 2 * x",
            "autograd.cos(x**2) * 2 * x",
        ),
        ("-2 * x", "2 * x"),
    ],
    "02_a_value_that_remembers": [
        ("1 / y, -x / y**2", "1 / y, x / y**2"),
        ("a + a + b, a", "a + b, a"),
        ("n + 1, 2**n", "2**n, n + 1"),
        ("18.0, 18.0", "18.0, 12.0"),
    ],
    "03_backward_step_by_step": [
        ("b + 1, a", "b, a"),
        ('["z", "v3", "v2", "v1"]', '["z", "v2", "v3", "v1"]'),
        ("a * a", "3 * a * a"),
        ("2 * 3**L - 1", "2**(L + 1) - 1"),
        (
            "swept(z)\n\n\ndef swept(z):\n"
            "    gradients = dict.fromkeys(order(z), 0.0) | {z: 1.0}\n"
            "    for node in reversed(order(z)):\n"
            "        for x, d in zip(node.args, local_partials(node)):\n"
            "            if isinstance(x, Value):\n"
            "                gradients[x] += gradients[node] * d\n"
            "    return gradients",
            "laboratory.overwrite(z).wrong",
        ),
    ],
    "04_is_my_gradient_right": [
        ("f(complex(x, 1e-200)).imag / 1e-200", "(f(x + 1e-6) - f(x - 1e-6)) / 2e-6"),
        ("1.0, 3.0", "3.0, 1.0"),
        ("(1 - x) * exp(-x)", "(1 + x) * exp(-x)"),
        ("2 * p, p + 1", "2 * p + 1, p"),
    ],
    "05_a_single_neuron_by_hand": [
        (
            "(d := 2 * ((y := autograd.tanh(w * x + b)) - t) * (1 - y**2)) * x, d",
            "(d := 2 * (autograd.tanh(w * x + b) - t)) * x, d",
        ),
        ("sigma(z) - t", "t - sigma(z)"),
        ("d1 + d2", "d2 + d1"),
        (
            "[sum(W1[j][i] * d1[j] for j in range(2)) for i in range(2)]",
            "[sum(W1[i][j] * d1[j] for j in range(2)) for i in range(2)]",
        ),
    ],
    "06_three_things": [
        ("-3 * (1 - 2 * c * rate) ** n", "-3 * (1 - 2 * rate) ** n"),
        ("1 / c", "1 / (2 * c)"),
        (
            "(w + b - 1) + 3 * (3 * w + b - 2), (w + b - 1) + (3 * w + b - 2)",
            "(w + b - 1) + (3 * w + b - 2), (w + b - 1) + (3 * w + b - 2)",
        ),
        ("-(-N // B), (N - 1) % B + 1", "N // B, N % B"),
        ("w ** (L - 1)", "w**L"),
    ],
    "07_inside_a_network": [
        ("[p - (j == right) for j, p in enumerate(softmax(scores))]", "softmax(scores)"),
        (
            "[sum(d * row[k] for d, row in zip(deltas, W)) for k in range(len(W[0]))]",
            "[sum(row) for row in W]",
        ),
        ("move * h[k] / h[i]", "move"),
        ("(3 * g1 + 5 * g2) / 8", "(g1 + g2) / 2"),
        ("a0 - 1, a1", "1 - a0, -a1"),
    ],
    "08_handwritten_digits": [
        (
            "sum(n * m + n for m, n in zip(sizes, sizes[1:]))",
            "sum(n * m for m, n in zip(sizes, sizes[1:]))",
        ),
        (
            "[(p - t) * p * (1 - p) for p, t in zip(a, y)]",
            "[p - t for p, t in zip(a, y)]",
        ),
        ("(W.T @ delta) * a * (1 - a)", "W.T @ delta"),
        ("-(-n // m), n - m * ((n - 1) // m)", "n // m, n % m"),
    ],
    "09_drawing_big_graphs": [
        (
            "sum(a.amount for b in drawing.picture.boxes for a in drawing.picture.arrows "
            "if b.title == title and a.tail == b.name)",
            "sum(a.amount for b in drawing.picture.boxes for a in drawing.picture.arrows "
            "if b.title == title and a.head == b.name)",
        ),
        ("b, 1, 1", "a * b, b, 1"),
        (
            '["down" if x > y else "up" for x, y in zip(a, t)]',
            '["up" if x > y else "down" for x, y in zip(a, t)]',
        ),
        ("(sizes[k] + 1) * sizes[k + 1]", "sizes[k] * sizes[k + 1]"),
        ("-r * 2 * (w * x - t) * x", "-r * 2 * (w * x - t)"),
    ],
    "10_higher_derivatives": [
        ("(x**2 + 6 * x + 6) * exp(x)", "x**2 * exp(x)"),
        ("[[2 * y**3, 6 * x * y**2], [6 * x * y**2, 6 * x**2 * y]]", "[[2, 0], [0, 6]]"),
        ("x - derivative(f, 1)(x) / derivative(f, 2)(x)", "x - f(x) / derivative(f, 1)(x)"),
        ("jvp(grad(f))(x, v)", "grad(f)(x)"),
        ("1 / a", "2 / a"),
    ],
    "11_property_testing_a_primitive": [
        ("(1 + x * x) ** -1.5", "1 / (1 + x * x)"),
        ("2 * x / y, -z / y", "2 * x / y, z / y"),
        (
            'Primitive("halfbell", lambda x: math.exp(-x * x / 2), lambda z, x: (-x * z,), '
            "domain=((-6.0, 6.0),))",
            'Primitive("halfbell", lambda x: math.exp(-x * x / 2), lambda z, x: (-x * x,), '
            "domain=((-6.0, 6.0),))",
        ),
        (
            "math.isclose(derivative(f)(-x), -derivative(f)(x), rel_tol=1e-9)",
            "math.isclose(f(-x), -f(x), rel_tol=1e-9)",
        ),
    ],
    "12_a_gpt_in_scalars": [
        ("T * (T + 1) // 2", "T * T"),
        ("w[i] * ((i == j) - w[j])", "w[i] * (1 - w[i])"),
        ("[x - (i == r) for i, x in enumerate(p)]", "p"),
        (
            "39 * width + 4 * width * (width + 1) + 4 * width * (width + 1)"
            " + width * (4 * width + 1) + 27 * (width + 1)",
            "39 * width + 12 * width**2 + 27 * width",
        ),
    ],
    "13_derivatives_in_the_loss": [
        (
            "autograd.cos(w * x) - w * x * sin(w * x)",
            "-w * x * sin(w * x)",
        ),
        ("derivative(u, 2)(t) + c * grad(u)(t) + u(t)", "derivative(u, 2)(t) + u(t)"),
        ("k * k", "k"),
        ("3 * x**3", "4 * x**3 + 2 * x"),
    ],
}


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def exercises(notebook: Any) -> list[Any]:
    """Return the cells that wait for an answer."""
    return [c for c in notebook.cells if c.cell_type == "code" and OPEN in c.source]


def answered(cell: Any, answer: str, kind: str) -> Any:
    """Return an exercise with an answer written in."""
    cell = copy.deepcopy(cell)
    cell.source = cell.source.replace(OPEN, f"return {answer}")
    cell.id = f"{cell.id}-{kind}"
    return cell


def said(cell: Any) -> str:
    """Return what a cell put out, as text."""
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    return "".join(texts)


def test_the_pages_are_numbered_in_the_order_of_the_course() -> None:
    names = [path.stem for path in NOTEBOOKS]
    assert names == sorted(ANSWERS)
    assert all(re.fullmatch(r"\d\d(_[a-z]+)+", name) for name in names)
    assert [int(name[:2]) for name in names] == list(range(1, len(names) + 1))


@each
def test_a_notebook_is_stored_without_results(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert cells
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert [cell.execution_count for cell in cells] == [None] * len(cells)


@each
def test_a_notebook_is_of_the_form_that_jupyter_opens_without_asking(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    # One way of writing it, so that a change to a cell is a change to its lines alone.
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


@each
def test_a_notebook_opens_with_its_aims_and_closes_with_exercises_and_a_live_page(
    path: Path,
) -> None:
    cells = read(path).cells
    opening = cells[0].source
    assert cells[0].cell_type == "markdown"
    assert opening.startswith("# ")
    assert "you will be able to" in opening
    headings = [
        line
        for cell in cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]
    assert headings[-2:] == ["## Exercises", "## A live page"]
    assert re.search(r"^(walkthrough|playground)\(.*\)\Z", cells[-1].source, re.MULTILINE)
    assert len(exercises(read(path))) >= 2


@each
def test_a_notebook_is_one_page_of_the_site(path: Path) -> None:
    """Each further title would stand in the list of pages as one of its own."""
    levels = [
        len(line) - len(line.lstrip("#"))
        for cell in read(path).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if re.match("#+ ", line)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    # No level is left out on the way down.
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_the_overview_lists_every_page_by_its_title() -> None:
    overview = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \d+ \| \[(.+?)\]\((.+?)\)", overview, re.MULTILINE)
    titles = [read(path).cells[0].source.splitlines()[0].removeprefix("# ") for path in NOTEBOOKS]
    assert listed == list(zip(titles, [path.name for path in NOTEBOOKS], strict=True))


@each
def test_links_between_the_pages_lead_somewhere(path: Path) -> None:
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", text):
        assert (FOLDER / target).exists()


def with_answers(path: Path) -> Any:
    """Return a page with its exercises once more at its end, answered wrongly and rightly."""
    notebook = read(path)
    for cell, (right, wrong) in zip(exercises(notebook), ANSWERS[path.stem], strict=True):
        notebook.cells += [answered(cell, wrong, "wrong"), answered(cell, right, "right")]
    return notebook


@pytest.fixture(scope="module")
def ran(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, tuple[Any, Path, BaseException | None]]:
    """The pages that tests ask for: each that was run, its folder, and the error that ended it."""
    asked = [item for item in request.session.items if "ran" in item.fixturenames]
    paths = [item.callspec.params["path"] for item in asked]
    jobs = [(with_answers(path), tmp_path_factory.mktemp("run")) for path in paths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        patch.delenv("MNIST", raising=False)
        errors = run(jobs)
    return {path: (*job, error) for path, job, error in zip(paths, jobs, errors, strict=True)}


@pytest.mark.long
@each
def test_a_notebook_runs_and_its_exercises_know_right_from_wrong(
    path: Path, ran: dict[Path, tuple[Any, Path, BaseException | None]]
) -> None:
    """In one kernel: the page as it is stored, and then its exercises once more, answered."""
    notebook, folder, error = ran[path]
    if error is not None:
        raise error
    shipped = len(read(path).cells)
    unanswered, trials = exercises(notebook), notebook.cells[shipped:]
    keep(path.name, notebook, shipped)
    outputs = [o for cell in notebook.cells[:shipped] for o in cell.get("outputs", [])]
    shown = [output.get("data", {}) for output in outputs]
    assert any("image/png" in data or "<img" in data.get("text/html", "") for data in shown)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert list(folder.iterdir()) == []
    for cell in unanswered:
        assert "not answered yet" in said(cell), cell.source
    for cell in trials:
        kind = "not right yet" if cell.id.endswith("-wrong") else "right"
        assert said(cell).startswith(kind), f"{cell.id}: {said(cell)}"


def test_page_six_holds_under_another_libm_too() -> None:
    """One whose tanh is a last digit lower: finite differences are 1e-6 off with it, and say so."""
    cells = {cell.id: cell.source for cell in read(FOLDER / "06_three_things.ipynb").cells}
    code = (
        "import math\ntanh = math.tanh\nmath.tanh = lambda x: math.nextafter(tanh(x), -math.inf)\n"
    )
    code += "\n".join(cells[f"three-things-{i}"] for i in ("02", "29", "31"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("away on its way") == 5
