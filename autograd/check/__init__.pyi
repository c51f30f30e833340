"""Every public name of `autograd.check`, once; see `autograd/faces.py`."""

from autograd.check import jax as jax  # a module; it needs JAX
from autograd.check import strategies as strategies  # a module; it needs Hypothesis
from autograd.check import torch as torch  # a module; it needs PyTorch
from autograd.check.against import check_against as check_against
from autograd.check.against import check_jac as check_jac
from autograd.check.arrays.verdicts import ArrayReport as ArrayReport
from autograd.check.judge.gradients import assert_gradients as assert_gradients
from autograd.check.judge.gradients import check_gradients as check_gradients
from autograd.check.judge.gradients import check_module as check_module
from autograd.check.judge.report import GradientError as GradientError
from autograd.check.judge.report import Outcome as Outcome
from autograd.check.judge.report import Report as Report
from autograd.check.judge.report import Verdict as Verdict
from autograd.check.judge.rows import check_row as check_row
from autograd.check.oracles.complex_step import complex_step as complex_step
from autograd.check.oracles.differences import differences as differences
from autograd.check.oracles.estimate import Estimate as Estimate
from autograd.check.oracles.forward import forward_mode as forward_mode
from autograd.check.oracles.high_precision import high_precision as high_precision
from autograd.check.oracles.paths import sum_over_paths as sum_over_paths
from autograd.check.oracles.taylor import Taylor as Taylor
from autograd.check.oracles.taylor import taylor_remainder as taylor_remainder
from autograd.check.testing.marking import ExerciseError as ExerciseError
from autograd.check.testing.marking import assert_mark_gradient as assert_mark_gradient
from autograd.check.testing.marking import assert_mark_value as assert_mark_value
from autograd.check.testing.marking import mark_gradient as mark_gradient
from autograd.check.testing.marking import mark_value as mark_value
from autograd.check.testing.mutation import FAULTS as FAULTS
from autograd.check.testing.mutation import FaultKind as FaultKind
from autograd.check.testing.mutation import planted as planted
from autograd.check.testing.programs import random_program as random_program
