"""The page on property-testing runs as it is written, and the room's page tells its oracles."""

import doctest
import re

from autograd.check.oracles.row_slope import ORACLES
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


def test_the_rooms_page_lists_the_oracles_in_the_order_of_asking():
    page = (ROOT / "autograd" / "check" / "README.md").read_text(encoding="utf-8")
    table = page.partition("| oracle |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([a-zA-Z ]+) \|", table, re.MULTILINE) == [o.name for o in ORACLES]
