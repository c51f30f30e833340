"""The check that no test leaves state behind sees what it is there to see."""

import pickle

import pytest
from conftest import _state

from autograd import Primitive, Value, detect_anomaly, no_grad, register, unregister


@pytest.mark.parametrize("mode", [no_grad, detect_anomaly], ids=lambda f: f.__name__)
def test_an_open_mode_is_seen(mode: type) -> None:
    before = _state()
    with mode():
        assert _state() != before
    assert _state() == before


def test_a_row_that_stays_is_seen() -> None:
    before = _state()
    register(Primitive("thrice", lambda x: 3.0 * x, lambda z, x: (3.0,)))
    try:
        assert _state() != before
    finally:
        unregister("thrice")
    assert _state() == before


def test_a_finished_pickle_is_not_underway() -> None:
    before = _state()
    x = Value(2.0)
    pickle.dumps([(x * x).exp(), (x + 1.0) * x])
    assert _state() == before
