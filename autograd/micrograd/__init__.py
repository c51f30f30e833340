"""For programs written for micrograd, EurekaLabs' micrograd or microgpt: one import changed.

Put `from autograd.micrograd import Value` in place of the program's own class, or of
`from micrograd.engine import Value`, and it runs unchanged, with the same numbers. What it builds
can be drawn, stepped through, explained, checked, and compiled where it keeps to operations.

>>> from autograd.micrograd import Value
>>> a, b = Value(-4.0), Value(2.0)
>>> c = (a + b) * b.relu()
>>> c.backward()
>>> a.grad, b.grad, c._op, len(c._prev)
(2.0, 0.0, '*', 2)
"""

from autograd.faces import face as _face

__getattr__, __dir__, __all__ = _face(__name__)  # the names in __init__.pyi
