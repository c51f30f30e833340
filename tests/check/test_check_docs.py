"""The page on property-testing runs as it is written, and the room's page tells its oracles."""

import doctest
import re

import pytest

from autograd.check.oracles.row_slope import ORACLES
from support.engines import imported
from support.places import ROOT

DOCS = ROOT / "docs"


def test_the_page_runs():
    failures, tried = doctest.testfile(
        str(DOCS / "gradient-checking.md"),
        module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert tried > 15
    assert failures == 0


@pytest.mark.parametrize(
    ("heading", "library"),
    [
        ("## NumPy", ""),
        pytest.param("## PyTorch", "torch", marks=pytest.mark.engines),
        pytest.param("## JAX", "jax", marks=pytest.mark.engines),
    ],
)
def test_the_page_on_layers_runs(heading: str, library: str):
    """What the first part imports and sets is there for the others."""
    if library:
        imported(library)
    page = (DOCS / "property-testing.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^(## \w+)[^#]*?^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    parts = dict(blocks)
    first = parts["## NumPy"].partition(">>> def dense(")[0]
    text = parts[heading] if heading == "## NumPy" else first + parts[heading]
    test = doctest.DocTestParser().get_doctest(text, {}, heading, "property-testing.md", 0)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.DocTestRunner(optionflags=flags).run(test)
    assert tried > 8
    assert failed == 0


def test_the_rooms_page_lists_the_oracles_in_the_order_of_asking():
    page = (ROOT / "autograd" / "check" / "README.md").read_text(encoding="utf-8")
    table = page.partition("| oracle |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([a-zA-Z ]+) \|", table, re.MULTILINE) == [o.name for o in ORACLES]
