"""Gradient checks with three verdicts: right, wrong, cannot tell.

The oracles are in files of their own, each with its source; `judge/` puts them to use, and
`testing/` has random programs, planted faults and the marks of exercises.
"""

from autograd.faces import face as _face

__getattr__, __dir__, __all__ = _face(__name__)  # the names in __init__.pyi
