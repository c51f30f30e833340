"""Every public name of `autograd.check.torch`, once; see `autograd/faces.py`."""

from autograd.check.torch.checks import assert_gradients as assert_gradients
from autograd.check.torch.checks import check as check
from autograd.check.torch.gradcheck import gradcheck as gradcheck
