"""The page on property-testing runs as it is written."""

import doctest

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
