"""Gradient checks for JAX: functions, `custom_jvp` and `custom_vjp`, with three verdicts.

JAX is imported by the first call that needs it, its flags stay as they are;
`pip install "chalkgrad[jax]"`.
"""

from autograd.faces import face as _face

__getattr__, __dir__, __all__ = _face(__name__)  # the names in __init__.pyi
