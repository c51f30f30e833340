"""chalkgrad by its own name: `autograd` and `nn`, the version, and `python -m chalkgrad`.

>>> import chalkgrad
>>> chalkgrad.autograd.grad(lambda x: x**2)(3.0)
6.0
>>> len(chalkgrad.nn.MLP([2, 1], seed=0).parameters())
3
"""

from typing import Any

import autograd
import nn
from autograd import __version__

__all__ = ["__version__", "autograd", "nn"]


def __getattr__(name: str) -> Any:
    """Say where a name stands that is asked for here."""
    homes = [home.__name__ for home in (autograd, nn) if name in dir(home)]
    advice = f": write {' or '.join([f'chalkgrad.{home}.{name}' for home in homes])}"
    raise AttributeError(f"module 'chalkgrad' has no attribute {name!r}{advice if homes else ''}")


if __name__ == "__main__":
    from nn.command.cli import main

    raise SystemExit(main())
