"""What people want of native code, as `compile`, `fit` and `predict` are told."""

from typing import Literal, TypeAlias

# True asks for C or an error, False for NumPy; "auto" is C where it pays.
Native: TypeAlias = Literal["auto"] | bool


def native(x: object) -> Native:
    """Return what somebody wants of native code, or ask for one of three words.

    >>> native("auto"), native(True)
    ('auto', True)
    """
    if isinstance(x, bool) or (isinstance(x, str) and x == "auto"):
        return x
    raise ValueError(
        f"native is 'auto', True or False, got {x!r:.60}: True asks for C, False for NumPy, and "
        "'auto' takes C where it pays and there is a compiler"
    )
