"""An epoch uses every sample once, and what it leaves out is told."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn import MLP, SGD, Coverage, coverage, datasets, fit, minibatches

X, Y = datasets.moons(23, seed=0)


def trained(**options: Any) -> tuple[nn.History, list[Coverage]]:
    model = MLP([2, 2], seed=0)
    seen: list[Coverage] = []
    given: dict[str, Any] = {"epochs": 2, "batch_size": 5, "loss": "cross_entropy"}
    optimizer = SGD(model.parameters(), lr=0.01)
    calls = [lambda _, history: seen.append(coverage(history))]
    return fit(model, X, Y, optimizer=optimizer, callbacks=calls, **(given | options)), seen


@given(n=st.integers(1, 30), size=st.integers(1, 30), drop=st.booleans(), seed=st.integers(0, 9))
def test_every_sample_is_counted_once_or_told(n: int, size: int, drop: bool, seed: int) -> None:
    if drop and size > n:
        return
    batches = minibatches(np.arange(n), np.arange(n), size, rng=seed, drop_last=drop)
    seen = [int(y) for _, ys in batches for y in ys]
    found = coverage(batches)
    assert found.used.tolist() == seen
    assert found.counts.tolist() == [int(i in seen) for i in range(n)]
    assert found.left_out == sorted(set(range(n)) - set(seen))
    assert found.is_complete == (not drop or n % size == 0)
    assert found.batches == len(batches)


def test_a_loop_that_ends_early_is_seen() -> None:
    batches = minibatches(X, Y, 5, shuffle=False)
    with pytest.raises(ValueError, match="no epoch was begun"):
        coverage(batches)
    for _ in zip(range(2), batches, strict=False):
        pass
    assert coverage(batches).left_out[0] >= 10
    assert not coverage(batches).is_complete
    for _ in batches:
        pass
    assert repr(coverage(batches)) == "all 23 samples once each, in 5 batches"


def test_fit_proves_that_an_epoch_used_every_sample_it_was_to_use() -> None:
    history, (first, last) = trained(validation=None)
    assert repr(last) == "all 23 samples once each, in 5 batches"
    assert first.used.tolist() != last.used.tolist()
    assert coverage(history).used.tolist() == last.used.tolist()
    order = np.random.default_rng([0, 2]).permutation(23)
    assert last.used.tolist() == order.tolist()

    _, (first, last) = trained(validation=0.2)
    assert repr(last) == "18 of 23 samples once each, in 4 batches; 5 held out"
    assert first.is_complete
    assert last.is_complete
    assert first.held.tolist() == last.held.tolist()
    (kept, _), (out, _) = nn.split(np.arange(23), Y, 0.2)
    assert sorted(last.used) == sorted(kept)
    assert last.held.tolist() == out.tolist()

    _, (first, last) = trained(validation="last_batch")
    assert repr(last) == "20 of 23 samples once each, in 4 batches; 3 held out"
    assert first.held.tolist() != last.held.tolist()
    assert last.is_complete
    assert trained(validation=None, accumulate=2)[1][0].batches == 3


def test_what_is_used_twice_is_told() -> None:
    twice = Coverage(5, np.array([0, 1, 1, 2]), np.array([0]), batches=2)
    assert (twice.repeated, twice.left_out) == ([0, 1], [3, 4])
    assert "more than once: 0, 1" in repr(twice)
    assert "and 12 more" in repr(Coverage(20, np.zeros(0, dtype=int)))


def test_what_has_no_coverage_is_named() -> None:
    with pytest.raises(TypeError, match="the batches of minibatches or the history of fit"):
        coverage([1, 2])
    with pytest.raises(ValueError, match="no epoch was begun"):
        coverage(nn.History())
