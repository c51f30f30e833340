"""The rates of the checks of PyTorch and JAX: nothing right is called wrong, no fault right."""

from typing import Any

import pytest

from benchmarks import check_engines
from support.engines import imported

pytestmark = pytest.mark.engines


def assert_nothing_is_confused(engine: Any, operations: int, right: int, planted: int) -> None:
    assert len(engine.operations()) >= operations
    tally = check_engines.measure(engine, right, planted)
    assert not tally.examples, "\n\n".join(tally.examples)
    assert sum(tally.right.values()) == right
    assert tally.right["right"] > 0.8 * right
    assert sum(tally.planted.values()) > 0.9 * planted
    assert check_engines.table(tally, engine.rivals).startswith("|")


def test_operations_of_pytorch() -> None:
    imported("torch")
    assert_nothing_is_confused(check_engines.Torch(), 60, 60, 24)


def test_operations_of_jax() -> None:
    jax = imported("jax")
    before = jax.config.jax_enable_x64
    try:
        assert_nothing_is_confused(check_engines.Jax(), 40, 12, 6)
    finally:
        jax.config.update("jax_enable_x64", before)
