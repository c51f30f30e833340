"""Pages that stand alone: a graph to click through, and the programs that pages run."""

from autograd.faces import face as _face

__getattr__, __dir__, __all__ = _face(__name__)  # the names in __init__.pyi
