"""Gradient checks for PyTorch: functions, `autograd.Function`s and modules, with three verdicts.

PyTorch is imported by the first call that needs it; `pip install "chalkgrad[torch]"`.
"""

from autograd.faces import face as _face

__getattr__, __dir__, __all__ = _face(__name__)  # the names in __init__.pyi
