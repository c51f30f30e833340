"""Where scikit-learn is missing, too old or damaged: a word that says what to install.

These run with and without it.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from support.places import ROOT

WRITE = 'pip install "chalkgrad[sklearn]"'


def run(code: str, folder: Path) -> str:
    """Return what a fresh interpreter prints that finds modules in a folder first."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "raise ModuleNotFoundError(\"No module named 'sklearn'\", name='sklearn')",
            f"nn.sklearn needs scikit-learn, which is not installed: {WRITE}",
        ),
        (
            "__version__ = '1.5.2'",
            f"nn.sklearn needs scikit-learn 1.6 or later, and 1.5.2 is installed: {WRITE}",
        ),
        ("raise ImportError('numpy.core has changed')", "numpy.core has changed"),
        ("import nothing_there", "No module named 'nothing_there'"),
    ],
)
def test_estimators_can_be_named_and_say_what_is_missing(
    tmp_path: Path, source: str, told: str
) -> None:
    (tmp_path / "sklearn.py").write_text(source)
    code = """
import inspect
from nn.sklearn import MLPClassifier, MLPRegressor
import nn
assert nn.sklearn.MLPClassifier is MLPClassifier
assert "solver" in inspect.signature(MLPClassifier).parameters
for kind in (MLPClassifier, MLPRegressor):
    for options in ({}, {"max_iter": 5}):
        try:
            kind(**options)
        except ImportError as error:
            print(error)
"""
    assert run(code, tmp_path).splitlines() == [told] * 4


def test_importing_nn_imports_no_scikit_learn(tmp_path: Path) -> None:
    (tmp_path / "sklearn.py").write_text("raise SystemExit('imported')")
    assert run("import nn, chalkgrad\nprint(nn.MLP([1, 1]).sizes)", tmp_path) == "[1, 1]\n"


def test_ctrl_c_while_it_is_imported_is_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "sklearn.py").write_text(
        "try:\n    raise KeyboardInterrupt\nexcept KeyboardInterrupt as e:\n"
        "    raise ImportError('initialization failed') from e\n"
    )
    code = "try:\n    import nn.sklearn\nexcept KeyboardInterrupt:\n    print('interrupted')"
    assert run(code, tmp_path) == "interrupted\n"
