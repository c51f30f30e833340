"""The documentation, built once for all tests that look at its pages.

Its notebooks are not run twice: what the tests of the notebooks ran is built from, and only a
notebook that no test has run before is run here.
"""

import asyncio
import copy
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.places import ROOT

# The cells of each notebook with their results, by its name.
RAN: dict[str, Any] = {}


def run(jobs: Sequence[tuple[Any, Path]]) -> Sequence[BaseException | None]:
    """Run notebooks in place, two at a time, each in a kernel of its own.

    Args:
        jobs: each notebook, and the folder that it stands in; it leaves nothing there.

    Returns:
        The error that ended each, or None.
    """
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: chalkgrad[test]")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed: chalkgrad[course]")
    places = asyncio.Semaphore(2)

    async def one(notebook: Any, folder: Path) -> None:
        resources = {"metadata": {"path": str(folder)}}
        client = nbclient.NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources=resources
        )
        async with places:
            await client.async_execute()

    async def every() -> Sequence[BaseException | None]:
        return await asyncio.gather(*[one(*job) for job in jobs], return_exceptions=True)

    return asyncio.run(every())


def keep(name: str, notebook: Any, cells: int) -> None:
    """Remember the first cells of a notebook that was run."""
    kept = copy.deepcopy(notebook)
    kept.cells = kept.cells[:cells]
    RAN[name] = kept


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages."""
    for needed in ("sphinx", "furo", "myst_nb", "math_core"):
        pytest.importorskip(needed, reason=f"the extra `docs` is not installed: no {needed}")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: chalkgrad[test]")
    place = tmp_path_factory.mktemp("site")
    # A copy, since the build puts notebooks beside the pages; these take an example of the README.
    ignored = shutil.ignore_patterns("_build", "course", "_live", "__pycache__")
    shutil.copytree(ROOT / "docs", place / "docs", ignore=ignored)
    shutil.copytree(ROOT / "notebooks", place / "notebooks")
    shutil.copy(ROOT / "README.md", place)
    elsewhere = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        patch.delenv("MNIST", raising=False)
        paths = sorted((place / "notebooks").glob("*.ipynb"))
        rest = {p.name: nbformat.read(p, as_version=4) for p in paths if p.name not in RAN}
        for error in run([(notebook, elsewhere) for notebook in rest.values()]):
            if error is not None:
                raise error
        RAN.update(rest)
        for path in paths:
            nbformat.write(RAN[path.name], path)
    options = ["-j", "2", "-W", "--keep-going", "-q", "-D", "nb_execution_mode=off"]
    command = [sys.executable, "-m", "sphinx", "-b", "html", *options, "docs", "html"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "html"
