"""chalkgrad's engine: scalars that remember how they were made, and the chain rule over them.

>>> from autograd import Value
>>> x, y = Value(1.0, "x"), Value(2.0, "y")
>>> f = x**2 + x * y + y**2
>>> z = f**2 + f
>>> z.backward()
>>> z.data, x.grad, y.grad
(56.0, 60.0, 75.0)
"""

from os import path as _path

if _path.exists(_path.join(_path.dirname(__file__), "tracer.py")):
    raise ImportError(
        "this folder holds files of two distributions: HIPS's `autograd` and `chalkgrad` share "
        "an import name and have overwritten each other. Uninstall both and install one again: "
        "pip uninstall autograd chalkgrad; pip install chalkgrad"
    )

from autograd.faces import face as _face
from autograd.spellings import SPELLINGS as _SPELLINGS

__distribution__ = "chalkgrad"
__version__ = "0.1.0"
__getattr__, __dir__, __all__ = _face(__name__, _SPELLINGS)  # the names in __init__.pyi
