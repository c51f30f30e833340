"""Live pages in JupyterLab itself: run, clicked through, dark, and opened again untrusted.

The server runs in a folder of its own and keeps its settings there; the browser may speak to it
and to nothing else.
"""

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, draw, walkthrough
from support.browser import faults

pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install chalkgrad[test]")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: chalkgrad[test]")
pytestmark = [pytest.mark.browser, pytest.mark.long]

PATIENCE = 60_000  # milliseconds, for a machine with other things to do
CELLS = [
    "from autograd import Value, walkthrough\n"
    "x, y = Value(1.0, 'x'), Value(2.0, 'y')\n"
    "f = x**2 + x * y + y**2\n"
    "z = f**2 + f\n"
    "f.label, z.label = 'f', 'z'\n"
    "walkthrough(z)",
    "walkthrough(z, quiz=True)",
    "from autograd import draw\nz.backward()\ndraw(z)",
]
# Three pages of each kind; the first two of a kind are equal.
PAGES = [
    "from autograd import Value, playground, walkthrough\n"
    "import nn\n"
    "x, w = Value(3.0, 'x'), Value(2.0, 'w')\n"
    "z = (w * x).tanh() + x\n"
    "moons = nn.datasets.moons(60, seed=0)\n"
    "given = {'loss': 'binary_cross_entropy', 'lr': 0.5, 'batch_size': 10}",
    *["walkthrough(z)", "walkthrough(z)", "walkthrough(w * w * x)"],
    *["playground('x**2*w', x=3, w=2)", "playground('x**2*w', x=3, w=2)", "playground('x*x', x=1)"],
    *[f"nn.playground(nn.MLP([2, {n}, 1], seed=0), *moons, **given)" for n in (4, 4, 6)],
]
SETTINGS = {
    "notification": {"fetchNews": "false", "checkForUpdates": False},
    "themes": {"theme": "JupyterLab Dark"},
}


class Lab:
    """A running server, the folder it shows, and how to open a notebook in it."""

    def __init__(self, browser: Any, folder: Path, port: int, token: str) -> None:
        self.folder = folder
        self.root = f"http://127.0.0.1:{port}"
        self._token = token
        self._browser = browser
        self.asked: list[str] = []
        self.problems: list[str] = []

    def open(self, name: str) -> Any:
        """Return the page with a notebook of the folder open in it."""
        context = self._browser.new_context(viewport={"width": 1300, "height": 1000})
        context.route("**/*", self._only_here)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda m: m.type == "error" and self.problems.append(m.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{self.root}/lab/tree/{name}?token={self._token}&reset")
        page.locator(".jp-NotebookPanel-toolbar").wait_for()
        return page

    def _only_here(self, route: Any) -> None:
        url = route.request.url
        if url.startswith((self.root, "data:", "blob:")):
            route.continue_()
        else:
            self.asked.append(url)
            route.abort()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def server(folder: Path, home: Path, token: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run JupyterLab on a folder, with a home of its own, until the block ends."""
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    for name, content in SETTINGS.items():
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(content))
    places = {"HOME": home, "JUPYTERLAB_SETTINGS_DIR": home / "settings"}
    places |= {"JUPYTER_CONFIG_DIR": home / "config", "JUPYTER_DATA_DIR": home / "data"}
    places |= {"JUPYTER_RUNTIME_DIR": home / "runtime", "IPYTHONDIR": home / "ipython"}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=",
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **{name: str(place) for name, place in places.items()}},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its kernels are of the same group, and end with it
        )
        try:
            wait_until_it_answers(process, port, token, home / "log")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_it_answers(
    process: subprocess.Popen[bytes], port: int, token: str, log: Path
) -> None:
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{port}/api?token={token}"
            with urllib.request.urlopen(url, timeout=5):
                return
        time.sleep(0.2)
    pytest.fail("JupyterLab did not start:\n" + log.read_text(encoding="utf-8")[-2_000:])


def write(path: Path, texts: list[str]) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"  # not at random
    notebook.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3", "language": "python",
    }  # fmt: skip
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    write(folder / "walk.ipynb", CELLS)
    write(folder / "pages.ipynb", PAGES)
    token, port = secrets.token_hex(16), free_port()
    with server(folder, home, token, port):
        yield Lab(browser, folder, port, token)


def run_all(page: Any) -> None:
    # Asked before its kernel is there, JupyterLab opens a dialog to select one.
    page.get_by_text(re.compile(r"\| Idle$")).first.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def test_the_cell_is_clicked_through_in_jupyterlab(lab: Lab):
    page = lab.open("walk.ipynb")
    run_all(page)
    walks = page.locator(".cw-live")
    walks.nth(1).wait_for()
    first, asking = walks.nth(0), walks.nth(1)

    # Ten clicks, the arrow keys, the slider, a click on a node.
    count = first.locator(".cw-count")
    for _ in range(10):
        first.get_by_role("button", name="Next").click()
    assert count.inner_text() == "Step 11 of 21"
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert count.inner_text() == "Step 12 of 21"
    first.get_by_role("slider", name="Step").fill("13")
    assert "1 × 14 = 14; dz/df: 1 + 14 = 15" in first.locator(".cw-said").inner_text()
    first.locator("g.node").first.click()
    assert first.locator(".cw-phase").inner_text().startswith("Backward: from v1 to x")
    page.keyboard.press("End")
    assert count.inner_text() == "Step 21 of 21"
    # The keys of the page are not those of the notebook: no cell was added, run or deleted.
    assert page.locator(".jp-CodeCell").count() == len(CELLS)

    # The quiz of the other cell, right and wrong; letters go into the answer.
    asking.get_by_role("slider", name="Step").fill("12")
    asking.get_by_role("button", name="Next").click()
    page.keyboard.type("14")
    page.keyboard.press("Enter")
    assert asking.locator(".cw-verdict").inner_text() == "✓ Right: 1 × 14 = 14."
    asking.get_by_role("button", name="Next").click()
    page.keyboard.type("1+1")
    page.keyboard.press("Enter")
    assert asking.locator(".cw-verdict").inner_text().startswith("Write a number")
    asking.locator(".cw-answer").fill("16")
    page.keyboard.press("Enter")
    assert asking.locator(".cw-verdict").inner_text() == "✗ Not 16: 15 × 1 = 15."
    assert asking.locator(".cw-score").inner_text() == "Score: 1 of 2"
    assert count.inner_text() == "Step 21 of 21"  # the first did not move

    # As dark as the notebook it is in, and open to everybody.
    assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
    paper = first.evaluate("e => getComputedStyle(e.closest('.chalk-walk')).backgroundColor")
    assert paper == "rgb(27, 31, 35)"
    assert faults(page, ".chalk-walk") == []
    # The picture made way for what is in it, in the colours of the page.
    drawn = page.locator(".jp-OutputArea svg.chalk-graph")
    assert drawn.get_attribute("aria-label") == "The graph of z: 9 boxes, 11 arrows"
    assert drawn.locator(".edge > title").count() == 11
    fills = drawn.locator("text").evaluate_all("es => es.map(e => getComputedStyle(e).fill)")
    assert "rgb(236, 233, 226)" in fills
    assert "rgb(17, 24, 39)" not in fills
    assert lab.problems == []
    assert lab.asked == []
    page.context.close()


def test_three_pages_of_each_kind_are_live_side_by_side(lab: Lab):
    """Each by itself, two equal ones too: what is changed in one changes in no other."""
    page = lab.open("pages.ipynb")
    run_all(page)
    page.locator(".jp-OutputArea .chalk-train").nth(2).wait_for()
    walks = page.locator(".jp-OutputArea .cw-live")
    # Cells out of sight have no inner text.
    results = "es => es.map(e => e.querySelector('output').textContent)"
    before = walks.evaluate_all(results)
    assert len(before) == 6
    for i, walk in enumerate(walks.all()):
        field = walk.get_by_role("textbox", name="value of x", exact=True)
        field.fill("-4")
        field.press("Enter")
        after = walks.evaluate_all(results)
        assert [j for j in range(6) if before[j] != after[j]] == [i]
        before = after
    trained = page.locator(".jp-OutputArea .chalk-train")
    for i in range(3):
        trained.nth(i).get_by_role("button", name="Epoch", exact=True).click()
        told = trained.evaluate_all("es => es.map(e => e.textContent.includes('epoch 1'))")
        assert told == [j <= i for j in range(3)]
    assert lab.problems == []
    assert lab.asked == []
    page.context.close()


def test_a_notebook_from_elsewhere_shows_the_picture_and_the_table(lab: Lab):
    """Outputs that were not run here are not trusted: they have neither scripts nor styles."""
    x = Value(3.0, "x")
    notebook = nbformat.read(lab.folder / "walk.ipynb", as_version=4)
    data = {"text/html": walkthrough(x * x + x)._repr_html_(), "text/plain": "a walkthrough"}
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data=data)]
    bundle = draw(x * x + x)._repr_mimebundle_()
    bundle.pop("application/pdf", None)  # no text, for which a kernel would put it in letters
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", data=bundle)]
    nbformat.write(notebook, lab.folder / "elsewhere.ipynb")
    page = lab.open("elsewhere.ipynb")
    still = page.locator(".jp-OutputArea .cw-still, .jp-OutputArea div:has(> table)").first
    still.wait_for()
    assert page.locator(".cw-live, .jp-OutputArea script, .jp-OutputArea style").count() == 0
    image = page.locator('.jp-OutputArea img[alt*="nodes"]')
    assert image.evaluate("e => e.naturalWidth") > 200
    # No white sheet: the picture has colours of its own for dark pages.
    assert image.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
    picture = page.locator('.jp-OutputArea img[alt="The graph of z: 3 boxes, 4 arrows"]')
    assert picture.evaluate("e => e.complete && e.naturalWidth") > 200
    rows = page.locator(".jp-OutputArea tbody tr").all_inner_texts()
    assert "x\tgiven\t3\t7" in rows
    assert lab.problems == []
    assert lab.asked == []
    page.context.close()
