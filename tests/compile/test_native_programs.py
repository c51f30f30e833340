"""The compiler's properties once more, of programs that run as C, in both of its forms."""

from collections.abc import Iterator

import pytest
import test_compile_narrow
import test_compile_programs
import test_compile_recurrences
import test_derivatives_traced
from hypothesis import strategies as st

from autograd.check.strategies import programs
from support.compilers import EXAMPLES, as_c, natively, needs_compiler

pytestmark = [needs_compiler]
# Steps of random cells are long for a compiler.
FEW = EXAMPLES if EXAMPLES > 5 else 2


@pytest.fixture(autouse=True, scope="module", params=["lines", "statements"])
def _everything_is_c(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        as_c(patch, request.param, tmp_path_factory.mktemp("cache"))
        yield


test_batches_equal_eager = natively(
    test_compile_programs.test_batches_equal_eager, program=programs(), batch=st.integers(1, 100)
)
test_one_sample_equals_eager = natively(
    test_compile_programs.test_one_sample_equals_eager, program=programs(max_ops=12)
)
test_inputs_that_are_repeated_or_not_used = natively(
    test_compile_programs.test_inputs_that_are_repeated_or_not_used,
    program=programs(),
    data=st.data(),
)
test_parameters_beside_inputs_equal_eager = natively(
    test_compile_programs.test_parameters_beside_inputs_equal_eager,
    program=programs(primitives=test_compile_programs.LINEAR, max_ops=25),
    batch=st.integers(1, 9),
)
test_single_precision_equals_eager_to_its_own_rounding = natively(
    test_compile_programs.test_single_precision_equals_eager_to_its_own_rounding,
    program=programs(max_ops=6),
)
test_means_over_any_number_of_samples = natively(
    test_compile_narrow.test_means_over_any_number_of_samples, batch=st.integers(1, 300)
)
test_derivatives_inside_are_eager_s = natively(
    test_derivatives_traced.test_derivatives_inside_are_eager_s,
    case=test_derivatives_traced.differentiated(),
)
test_what_is_not_chosen_passes_nothing_on_inside_either = natively(
    test_derivatives_traced.test_what_is_not_chosen_passes_nothing_on_inside_either,
    case=test_derivatives_traced.differentiated(test_derivatives_traced.CHOOSING),
)
test_recurrences_of_any_cell_are_as_eager = natively(
    test_compile_recurrences.test_recurrences_of_any_cell_are_as_eager,
    FEW,
    recurrence=test_compile_recurrences.recurrences,
    seed=st.integers(0, 2**32),
    batch=test_compile_recurrences.batches,
)
test_trained_weights_of_any_cell_have_eager_gradients = natively(
    test_compile_recurrences.test_trained_weights_of_any_cell_have_eager_gradients,
    FEW,
    recurrence=test_compile_recurrences.recurrences,
    seed=st.integers(0, 2**32),
    batch=st.sampled_from([1, 4]),
)
test_narrow_graphs_of_any_kind_are_as_eager = natively(
    test_compile_recurrences.test_narrow_graphs_of_any_kind_are_as_eager,
    chain=test_compile_recurrences.chains,
    seed=st.integers(0, 2**32),
    batch=test_compile_recurrences.batches,
)
