"""From the graph of plain scalars to a short program over whole mini-batches.

`autograd.compile` is the function; this package is where it lives. See README.md beside this file
for how the stages follow one another.
"""

from autograd.faces import face as _face

__getattr__, __dir__, __all__ = _face(__name__)  # the names in __init__.pyi
