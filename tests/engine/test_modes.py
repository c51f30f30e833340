"""`detect_anomaly` stops at the first bad node, and costs nothing elsewhere."""

import math
import threading

import pytest

from autograd import AnomalyError, Value, detect_anomaly, dot, gradient, maximum, no_grad


def test_forward_it_names_the_node_its_operands_and_the_line() -> None:
    x = Value(0.0, "x")
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        (x * 2.0).log()
    message = str(caught.value)
    assert message.startswith("log(mul = 0.0) is -inf, at ")
    assert f"{__file__}:" in message


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_bad_number_that_came_in_is_named_with_its_label(bad: float) -> None:
    rate = Value(bad, "rate")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"mul\(rate = (nan|inf), 2\.0\)"):
        rate * 2.0


def test_nodes_of_many_operands_are_watched_and_shown_short() -> None:
    xs = [Value(float(i), f"x{i}") for i in range(10)]
    xs[3].data = math.inf
    with detect_anomaly():
        with pytest.raises(AnomalyError, match=r"maximum\(x0 = 0\.0, .*\.\.\. 5 more\) is inf"):
            maximum(*xs)
        with pytest.raises(AnomalyError, match="dot"):
            dot(xs, [1.0] * 10)


def test_backward_it_names_the_node_and_where_it_was_recorded() -> None:
    x = Value(0.0, "x")
    with detect_anomaly():
        z = (x * 1.0).sqrt()
        with pytest.raises(AnomalyError, match=r"the gradient of .* is inf after sqrt") as caught:
            z.backward()
    assert f"recorded at {__file__}:" in str(caught.value)
    assert x.grad is None


def test_backward_stops_at_the_first_node_in_the_order_of_the_pass() -> None:
    a = Value(1e-300, "a")
    with detect_anomaly():
        b = a * 1e200
        b.label = "b"
        c = b * 1e200
        with pytest.raises(AnomalyError, match=r"the gradient of a is inf after b\(a = 1e-300"):
            (c * 1.0).backward()


def test_gradients_that_are_graphs_are_watched_as_they_are_made() -> None:
    x = Value(0.0, "x")
    z = x.sqrt()
    with detect_anomaly(), pytest.raises(AnomalyError, match="reciprocal"):
        gradient(z, [x])


def test_graphs_from_before_the_block_are_watched_without_a_line() -> None:
    x = Value(0.0, "x")
    z = x.sqrt()
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        z.backward()
    assert str(caught.value) == "the gradient of x is inf after sqrt(x = 0.0)"


def test_finite_programs_pass_with_the_same_numbers() -> None:
    def run() -> tuple[float, float | None]:
        x = Value(0.7)
        z = (x.tanh() * x + x.exp()).log1p()
        z.backward()
        return z.data, x.grad

    plain = run()
    with detect_anomaly():
        assert run() == plain


def test_it_ends_with_the_block_and_nests_with_no_grad() -> None:
    x = Value(0.0)
    with detect_anomaly(), no_grad(), pytest.raises(AnomalyError):
        x.log()
    assert x.log().data == -math.inf


def test_other_threads_are_not_watched() -> None:
    found: list[float] = []
    with detect_anomaly():
        thread = threading.Thread(target=lambda: found.append(Value(0.0).log().data))
        thread.start()
        thread.join()
    assert found == [-math.inf]


def test_on_leaf_still_sees_complete_gradients() -> None:
    x = Value(3.0)
    seen: list[float | None] = []
    with detect_anomaly():
        (x * x + x).backward(on_leaf=lambda leaf: seen.append(leaf.grad))
    assert seen == [7.0]
