"""All optimisers: PyTorch's paths, both kinds of step, clipping, and a state to go on from."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn import MLP, SGD, Adagrad, Adam, AdamW, RMSprop, datasets, fit, schedules
from nn.optim import OPTIMIZERS, Optimizer
from support import trajectories
from support.places import ROOT

KNOWN = json.loads((ROOT / "tests" / "data" / "trajectories.json").read_text())
KINDS = list(OPTIMIZERS.values())
# Of each kind something of every option.
TRIED = [
    (SGD, {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1}),
    (SGD, {"lr": 0.1, "momentum": 0.5, "clip_value": 0.5}),
    (Adagrad, {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.1}),
    (RMSprop, {"lr": 0.1, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    (RMSprop, {"lr": schedules.step(0.1, 2, 0.5), "alpha": 0.5}),
    (Adam, {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1, "clip_norm": 1.0}),
    (AdamW, {"lr": 0.1, "weight_decay": 0.3, "clip_value": 1.0, "clip_norm": 2.0}),
]


def walked(optimizer, steps, *, on_array=False, first=0):
    """Let an optimiser go the steps of the reference; return the numbers after each."""
    parameters = optimizer.parameters
    path = []
    for n in range(first, steps):
        slopes, has_one = trajectories.gradient(n)
        if on_array:
            numbers = np.array([p.data for p in parameters])
            optimizer.step_array(numbers, slopes, has_one)
            for p, x in zip(parameters, numbers.tolist(), strict=True):
                p.data = x
        else:
            for p, g, has in zip(parameters, slopes.tolist(), has_one, strict=True):
                p.grad = g if has else None
            optimizer.step()
        path.append([p.data for p in parameters])
    return path


def begun(kind, **options):
    return kind([Value(x) for x in trajectories.start().tolist()], **options)


@pytest.mark.parametrize("on_array", [False, True])
@pytest.mark.parametrize(("name", "options", "known"), KNOWN["optimisers"], ids=str)
def test_the_path_is_that_of_pytorch(name, options, known, on_array):
    if name == "SGD":
        options = {"lr": 0.01, **options}
    kind = OPTIMIZERS[name.lower()]
    path = walked(begun(kind, **options), trajectories.STEPS, on_array=on_array)
    found = [path[n - 1] for n in trajectories.KEPT]
    np.testing.assert_allclose(found, known, rtol=1e-12, atol=1e-12)
    assert (ROOT / "tests" / "data" / "trajectories.json").stat().st_size < 40_000


def test_every_optimiser_has_paths_of_reference_and_the_defaults_of_pytorch():
    assert {name for name, _, _ in KNOWN["optimisers"]} == {kind.__name__ for kind in KINDS}
    assert [options for name, options, _ in KNOWN["optimisers"] if not options] == [{}] * 4


@pytest.mark.parametrize(("kind", "options"), TRIED, ids=str)
@pytest.mark.parametrize("size", [1, 67, 20_000])
def test_a_step_on_an_array_is_the_step_on_the_values_bit_for_bit(kind, options, size, monkeypatch):
    monkeypatch.setattr("nn.optim.base._BLOCK", 64)
    rng = np.random.default_rng(size)
    start = rng.standard_normal(size)
    on_values = kind([Value(x) for x in start.tolist()], **options)
    on_array = kind([Value(x) for x in start.tolist()], **options)
    numbers = start.copy()
    for _ in range(3):
        slopes = rng.standard_normal(size)
        for p, g in zip(on_values.parameters, slopes.tolist(), strict=True):
            p.grad = g
        on_values.step()
        on_array.step_array(numbers, slopes)
    assert numbers.tolist() == [p.data for p in on_values.parameters]
    assert on_array.state_dict() == on_values.state_dict()


@pytest.mark.parametrize(("kind", "options"), TRIED, ids=str)
def test_blocks_do_not_show(kind, options, monkeypatch):
    monkeypatch.setattr("nn.optim.base._BLOCK", 4)
    in_blocks = walked(begun(kind, **options), 20, on_array=True)
    monkeypatch.undo()
    assert in_blocks == walked(begun(kind, **options), 20, on_array=True)


@pytest.mark.parametrize("kind", KINDS)
@given(
    slopes=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    lr=st.floats(1e-6, 1.0),
    start=st.floats(-10.0, 10.0),
)
def test_a_first_step_goes_against_the_gradient_and_a_zero_stays(kind, slopes, lr, start):
    options = {"weight_decay": 0.0} if kind is AdamW else {}
    optimizer = kind([Value(start) for _ in slopes], lr=lr, **options)
    for p, g in zip(optimizer.parameters, slopes, strict=True):
        p.grad = g
    optimizer.step()
    for p, g in zip(optimizer.parameters, slopes, strict=True):
        if g == 0.0:
            assert p.data == start
        else:
            assert math.copysign(1.0, p.data - start) == -math.copysign(1.0, g) or p.data == start
            if kind is not SGD:  # however large the gradient is
                assert abs(p.data - start) <= 10.1 * lr + 1e-14


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["compiled", "eager"])
def test_it_learns_moons_and_does_so_alike_on_arrays_and_on_values(kind, engine):
    X, y = datasets.moons(60, seed=0)
    model = MLP([2, 8, 1], seed=0)
    rates = {SGD: 0.5, Adagrad: 0.3, RMSprop: 0.03, Adam: 0.05, AdamW: 0.05}
    options = {"loss": "binary_cross_entropy", "batch_size": 10, "progress": False}
    history = fit(
        model, X, y, optimizer=kind(model.parameters(), lr=rates[kind]),
        epochs=20, validation=None, engine=engine, **options,
    )  # fmt: skip
    assert history[-1].metric >= 0.85
    assert history.loss[-1] < 0.5 * history.loss[0]


@pytest.mark.parametrize("kind", [Adagrad, RMSprop, Adam, AdamW])
def test_it_learns_digits(kind):
    X, y = datasets.digits()
    model = MLP([64, 16, 10], seed=0)
    history = fit(
        model, X / 16.0, y, loss="cross_entropy", epochs=5, batch_size=32,
        optimizer=kind(model.parameters(), lr=0.05 if kind is Adagrad else 0.01), progress=False,
    )  # fmt: skip
    assert history[-1].validation_metric > 0.9


# Clipping -----------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e200, 1e200), min_size=1, max_size=30), st.floats(1e-3, 1e3))
def test_the_norm_is_of_the_whole_gradient_and_keeps_its_direction(slopes, most):
    optimizer = SGD([Value(0.0) for _ in slopes], lr=1.0, clip_norm=most)
    numbers, given_slopes = np.zeros(len(slopes)), np.array(slopes)
    optimizer.step_array(numbers, given_slopes.copy())
    norm = math.hypot(*slopes)
    assert math.hypot(*numbers) <= most * (1.0 + 1e-12)
    if norm <= most - 2e-6:
        assert numbers.tolist() == (-given_slopes).tolist()
    else:
        np.testing.assert_allclose(numbers, -given_slopes * (most / (norm + 1e-6)), rtol=1e-12)


def test_the_norm_is_taken_before_blocks_are_moved(monkeypatch):
    monkeypatch.setattr("nn.optim.base._BLOCK", 16)
    size = 3 * 16
    optimizer = SGD([Value(0.0) for _ in range(size)], lr=1.0, clip_norm=1.0)
    numbers = np.zeros(size)
    optimizer.step_array(numbers, np.full(size, 2.0))
    assert np.linalg.norm(numbers) == pytest.approx(1.0, rel=1e-6)
    assert numbers[0] == numbers[-1]


def test_a_parameter_without_a_gradient_adds_nothing_to_the_norm():
    optimizer = SGD([Value(0.0), Value(0.0)], lr=1.0, clip_norm=5.0)
    numbers = np.zeros(2)
    optimizer.step_array(numbers, np.array([3.0, 1e9]), np.array([True, False]))
    assert numbers.tolist() == [-3.0, 0.0]


def test_a_step_allocates_nothing_after_the_first():
    import tracemalloc

    size = 2**14
    for kind, options in TRIED:
        optimizer = kind([Value(0.0) for _ in range(size)], **options)
        numbers, slopes = np.zeros(size), np.ones(size)
        optimizer.step_array(numbers, slopes)
        tracemalloc.start()
        optimizer.step_array(numbers, slopes)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < size, (kind, peak)  # an array would take eight times as much


# The state ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "options"), TRIED, ids=str)
@pytest.mark.parametrize("on_array", [False, True])
def test_a_state_read_from_json_goes_on_bit_for_bit(kind, options, on_array):
    whole = walked(begun(kind, **options), 40, on_array=on_array)
    first = begun(kind, **options)
    walked(first, 17, on_array=on_array)
    text = json.dumps(first.state_dict())
    again = kind([Value(p.data) for p in first.parameters], lr=0.9)
    again.load_state_dict(json.loads(text))
    assert json.dumps(again.state_dict()) == text
    assert repr(again) == repr(first)
    assert walked(again, 40, on_array=on_array, first=17) == whole[17:]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize(("kind", "options"), TRIED, ids=str)
def test_a_copy_goes_on_by_itself(kind, options, again):
    first = begun(kind, **options)
    walked(first, 17)
    other = again(first)
    assert other.state_dict() == first.state_dict()
    assert walked(other, 30, first=17) == walked(first, 30, first=17)


def test_a_function_as_the_rate_is_given_again():
    first = SGD([Value(1.0)], lr=lambda n: 0.5)
    state = first.state_dict()
    assert state["lr"] is None
    other = SGD([Value(1.0)], lr=0.25)
    other.load_state_dict(state)
    assert other.lr == 0.25


def good_state():
    optimizer = begun(Adam, lr=schedules.warmup(0.1, steps=5), betas=(0.5, 0.9))
    walked(optimizer, 12)
    return json.loads(json.dumps(optimizer.state_dict()))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: None, TypeError, "takes what state_dict gave, a dict; got None"),
        (lambda s: {}, ValueError, "the state lacks optimizer, parameters, steps, moves, lr"),
        (lambda s: s | {"more": 1}, ValueError, "has 'more', which it should not"),
        (lambda s: {"state": {}, "param_groups": []}, ValueError, "a state of PyTorch's"),
        (lambda s: s | {"optimizer": "SGD"}, ValueError, "the state is of 'SGD', and this is Adam"),
        (lambda s: s | {"parameters": 7}, ValueError, "of 7 parameters, and this .* has 6"),
        (lambda s: s | {"steps": -1}, ValueError, "steps in the state must be at least 0"),
        (lambda s: s | {"steps": 1.5}, TypeError, "steps in the state must be a whole number"),
        (lambda s: s | {"moves": [1]}, ValueError, "moves in the state must be 6 counts or None"),
        (lambda s: s | {"moves": [1.5] * 6}, ValueError, "moves in the state must be 6 counts"),
        (lambda s: s | {"lr": "a"}, TypeError, "lr must be a number; got 'a'"),
        (lambda s: s | {"lr": {}}, ValueError, "no schedule is called ''"),
        (lambda s: s | {"lr": {"schedule": "step"}}, ValueError, "has lr, every, factor"),
        (lambda s: s | {"lr": {"schedule": "exec", "lr": 1.0}}, ValueError, "no schedule"),
        (lambda s: s | {"options": {}}, ValueError, "the state's options lacks betas, eps"),
        (lambda s: s | {"options": [1]}, ValueError, "options in the state must be a dict"),
        (
            lambda s: s | {"options": s["options"] | {"betas": [0.5, 2.0]}},
            ValueError,
            "betas must be from 0 up to but not including 1; got 2.0",
        ),
        (lambda s: s | {"memory": {}}, ValueError, "memory lacks mean, squares"),
        (
            lambda s: s | {"memory": s["memory"] | {"mean": [0.5] * 5}},
            ValueError,
            "mean in the state must be a list of 6 numbers",
        ),
        (
            lambda s: s | {"memory": s["memory"] | {"mean": [0.5] * 5 + ["x"]}},
            ValueError,
            "mean in the state must be floats; found 'x'",
        ),
    ],
)
def test_another_state_is_refused_and_nothing_has_changed(change, error, message):
    optimizer = begun(Adam, lr=0.1)
    walked(optimizer, 3)
    before = optimizer.state_dict()
    optimizer.load_state_dict(copy.deepcopy(before))
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(change(good_state()))
    assert optimizer.state_dict() == before
    optimizer.load_state_dict(good_state())
    assert optimizer.state_dict() == good_state()


def test_one_from_before_there_was_clipping_goes_on():
    optimizer = SGD([Value(1.0)], 0.1, momentum=0.5)
    kept = ("parameters", "_rate", "steps", "momentum", "nesterov", "weight_decay", "_velocity")
    old = object.__new__(SGD)
    vars(old).update({name: vars(optimizer)[name] for name in kept})
    old.parameters[0].grad = 1.0
    old.step()
    assert old.parameters[0].data == 0.9
    assert old.state_dict()["options"]["clip_norm"] is None


# During the backward pass -------------------------------------------------------------------------


def test_the_wrong_order_is_told_from_the_right_one():
    """With w1 = 2, w2 = 3: (-1, 1); a pass that reads the new w2 would give w1 = 1."""
    w1, w2 = Value(2.0), Value(3.0)
    optimizer = SGD([w1, w2], lr=0.1, during_backward=True)
    order = []

    def on_leaf(leaf):
        optimizer.on_leaf(leaf)
        order.append((leaf is w2, w1.data, w2.data))

    ((w2 * (w1 * Value(1.0)) - 1.0) ** 2).backward(on_leaf=on_leaf)
    assert (True, 2.0, 1.0) in order  # w2 has moved, and w1 not yet
    optimizer.step()
    assert (w1.data, w2.data, optimizer.steps) == (-1.0, 1.0, 1)


OPTIONS = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}]


@pytest.mark.parametrize("options", [*OPTIONS, {"clip_value": 0.01}], ids=str)
@given(seed=st.integers(0, 10_000))
def test_an_update_during_backward_is_the_update_after_it_bit_for_bit(options, seed):
    found = []
    for during in (False, True):
        rng = np.random.default_rng(seed)
        leaves = [Value(x) for x in rng.uniform(0.5, 1.5, 4).tolist()]
        lr = schedules.inverse(0.1)
        optimizer = SGD(leaves, lr=lr, during_backward=during, **options)
        for _ in range(4):
            nodes = list(leaves[: rng.integers(1, 5)])
            for _ in range(12):  # of any shape, with parameters that are used many times
                i, j = rng.integers(0, len(nodes), 2)
                nodes.append(nodes[i] * nodes[j] if rng.random() < 0.5 else (nodes[i] - nodes[j]))
            optimizer.zero_grad()
            nodes[-1].tanh().backward(on_leaf=optimizer.on_leaf if during else None)
            optimizer.step()
        found.append(([p.data for p in leaves], list(optimizer._velocity), optimizer.steps))
    assert found[0] == found[1]


def test_a_second_pass_before_the_step_is_refused():
    x = Value(1.0)
    optimizer = SGD([x], lr=0.1)
    (x * 2.0).backward(on_leaf=optimizer.on_leaf)
    with pytest.raises(RuntimeError, match=r"moved already in this step: call optimizer\.step\(\)"):
        (x * 2.0).backward(on_leaf=optimizer.on_leaf)
    with pytest.raises(ValueError, match="clip_norm is of the whole gradient"):
        SGD([x], lr=0.1, during_backward=True, clip_norm=1.0)
    with pytest.raises(ValueError, match="clip_norm is of the whole gradient"):
        (x * 2.0).backward(on_leaf=SGD([x], lr=0.1, clip_norm=1.0).on_leaf)


@pytest.mark.parametrize("options", [*OPTIONS, {"clip_value": 0.01}], ids=str)
def test_fit_moves_during_backward_to_the_same_numbers_bit_for_bit(options):
    X, y = datasets.moons(30, seed=0)

    class Gated(MLP):
        """A network that leaves a part out for some samples, so that not all passes reach it."""

        def __call__(self, inputs):
            return super().__call__(inputs) if inputs[0] > 0.3 else [self.layers[1].neurons[0].bias]

    found = []
    for during in (False, True):
        model = Gated([2, 3, 1], seed=0)
        optimizer = SGD(
            model.parameters(), schedules.inverse(0.5), during_backward=during, **options
        )
        history = fit(
            model, X, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=3, batch_size=4,
            engine="auto" if during else "eager", progress=False,
        )  # fmt: skip
        found.append(([p.data for p in model.parameters()], history.loss, optimizer.steps))
        assert ("in the middle of a backward pass" in history.note) == during
    assert found[0] == found[1]


def test_a_run_that_diverged_does_not_stand_in_the_way_of_the_next():
    X, y = datasets.line(20, seed=0)
    model = MLP([1, 1], activation="linear", seed=0)
    optimizer = SGD(model.parameters(), lr=1e200, during_backward=True)
    options = {"loss": "mean_squared_error", "optimizer": optimizer, "batch_size": 5}
    start = [p.data for p in model.parameters()]
    with pytest.raises(FloatingPointError):
        fit(model, X, y, epochs=2, progress=False, **options)
    assert [p.data for p in model.parameters()] == start
    optimizer.lr = 0.1
    assert fit(model, X, y, epochs=5, progress=False, **options).loss[-1] < 2.0


def test_a_compiled_program_has_no_middle():
    X, y = datasets.moons(30, seed=0)
    model = MLP([2, 3, 1], seed=0)
    optimizer = SGD(model.parameters(), 0.1, during_backward=True)
    with pytest.raises(ValueError, match=r"finds all gradients at once.*write engine='eager'"):
        fit(
            model, X, y, loss="hinge", optimizer=optimizer, epochs=1, batch_size=4,
            engine="compiled",
        )  # fmt: skip


# Arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: Adam(x, betas=0.9), TypeError, r"betas are two numbers, such as \(0.9, 0.999\)"),
        (lambda x: Adam(x, betas=(0.9, 1.0)), ValueError, "betas must be from 0 up to but not"),
        (lambda x: Adam(x, eps=0.0), ValueError, "eps must be above 0, or a gradient of 0 would"),
        (lambda x: RMSprop(x, alpha=1.0), ValueError, "alpha must be from 0 up to"),
        (lambda x: RMSprop(x, centered="no"), TypeError, "centered is True or False"),
        (lambda x: Adagrad(x, lr_decay=-1), ValueError, "lr_decay must be finite and at least 0"),
        (lambda x: Adagrad(x, initial_accumulator_value=-1), ValueError, "must be finite and at"),
        (lambda x: AdamW(x, weight_decay=-1), ValueError, "weight_decay must be"),
        (lambda x: AdamW(x, clip_norm=0.0), ValueError, "clip_norm must be above 0; got 0"),
        (lambda x: SGD(x, 0.1, clip_value="a"), TypeError, "clip_value must be a number"),
        (lambda x: Adam(x, "cosine"), TypeError, r"write nn\.schedules\.cosine\(\.\.\.\)"),
        (lambda x: Adam(x, amsgrad=True), TypeError, "'amsgrad': leave it out"),
        (lambda x: Adam(x, lr=lambda n: "a").lr, TypeError, "the schedule's lr at step 0"),
    ],
)
def test_wrong_arguments_are_named_with_what_was_expected(make, error, message):
    with pytest.raises(error, match=message):
        make([Value(1.0)])


def test_they_show_what_differs_from_the_usual():
    x = [Value(1.0)]
    assert repr(Adam(x)) == "Adam(1 parameters, lr=0.001)"
    assert repr(AdamW(x, weight_decay=0.0)) == "AdamW(1 parameters, lr=0.001, weight_decay=0.0)"
    shown = repr(Adam(x, schedules.cosine(0.1, 9), betas=(0.5, 0.9), clip_norm=1.0))
    assert shown == (
        "Adam(1 parameters, lr=cosine(lr=0.1, steps=9, end=0.0), betas=(0.5, 0.9), clip_norm=1.0)"
    )


def test_one_of_the_users_own_is_counted_clipped_and_kept():
    class Averaged(Optimizer):
        options = ("weight",)
        remembered = ("total",)
        counted = True
        weight = 2.0

        def move(self, rate, numbers, slopes, total):
            total += slopes
            numbers -= rate * self.weight * total / self.moves

    def made():
        return begun(Averaged, lr=0.1, clip_value=0.5)

    whole = walked(made(), 30)
    first = made()
    walked(first, 12)
    again = Averaged([Value(p.data) for p in first.parameters], lr=0.7)
    again.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert walked(again, 30, first=12) == whole[12:]
