"""Every public name of `autograd.check.jax`, once; see `autograd/faces.py`."""

from autograd.check.jax.checks import assert_gradients as assert_gradients
from autograd.check.jax.checks import check as check
