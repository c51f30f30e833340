"""chalkgrad by its own name: `autograd` and `nn`, the version, and `python -m chalkgrad`.

>>> import chalkgrad
>>> chalkgrad.autograd.grad(lambda x: x**2)(3.0)
6.0
>>> len(chalkgrad.nn.MLP([2, 1], seed=0).parameters())
3
"""

import autograd
import nn
from autograd import __version__

__all__ = ["__version__", "autograd", "nn"]

if __name__ == "__main__":
    from nn.command.cli import main

    raise SystemExit(main())
