"""What may stand in data: every kind of number, and in plain words what is none."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value
from nn import MLP, SGD, fit, plots

ENGINES = ("auto", "compiled", "eager")
X = np.random.default_rng(0).normal(size=(8, 2))
Y = (X[:, 0] > 0).astype(int)
MASKED = np.ma.masked_array(X, mask=[[False, i == 3] for i in range(8)])


def trained(X: Any, y: Any, engine: str = "auto", **changes: Any) -> Any:
    """Return the parameters after a short run, or what it said."""
    loss = changes.get("loss", "binary_cross_entropy")
    model = MLP([2, 3, 2 if loss == "cross_entropy" else 1], seed=0)
    options = {
        "loss": loss,
        "optimizer": SGD(model.parameters(), 0.1),
        "epochs": 2,
        "batch_size": 4,
        "validation": None,
        "engine": engine,
        "progress": False,
    }
    try:
        fit(model, X, y, **(options | changes))
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return [p.data for p in model.parameters()]


# Labels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        "binary_cross_entropy",
        "hinge",
        "cross_entropy",
        "mean_squared_error",
        lambda outputs, target: (outputs[0] - target) ** 2,
    ],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_bools_are_the_labels_0_and_1(engine: str, loss: Any) -> None:
    expected = trained(X, Y, engine, loss=loss)
    assert isinstance(expected, list)
    assert trained(X, Y.astype(bool), engine, loss=loss) == expected
    assert trained(X, Y.astype(bool)[:, None], engine, loss=loss) == expected
    assert trained(X, Y.astype(bool).tolist(), engine, loss=loss) == expected


def test_a_bool_is_a_label_of_binary_cross_entropy_itself() -> None:
    for label in (True, np.True_, np.array(True)):
        assert nn.binary_cross_entropy([0.5], label) == nn.binary_cross_entropy([0.5], 1)
    assert nn.binary_cross_entropy([0.5], False) == nn.binary_cross_entropy([0.5], 0)
    assert nn.mean_squared_error([Value(0.5)], [True]).data == 0.25


@pytest.mark.parametrize("engine", ENGINES)
def test_text_labels_are_the_places_of_their_sorted_names(engine: str) -> None:
    expected = trained(X, Y, engine)
    assert isinstance(expected, list)
    assert trained(X, np.where(Y, "dog", "cat"), engine) == expected


# Kinds of numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.astype(object),
        lambda X: [[Fraction(x) for x in row] for row in X.tolist()],
        lambda X: [[Decimal(x) for x in row] for row in X.tolist()],
        lambda X: X.astype(np.longdouble),
        lambda X: X.astype(">f8"),
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: np.ma.masked_array(X, mask=False),
    ],
)
def test_the_same_numbers_of_another_kind_train_the_same_weights(
    convert: Callable[[Any], Any],
) -> None:
    assert trained(convert(X), Y) == trained(X, Y)


def test_a_frame_with_a_column_of_bools_is_an_array_of_objects_that_are_numbers() -> None:
    mixed = np.empty((8, 2), dtype=object)
    mixed[:, 0], mixed[:, 1] = X[:, 0].tolist(), (X[:, 1] > 0).tolist()
    expected = trained(np.column_stack([X[:, 0], X[:, 1] > 0]), Y)
    assert isinstance(expected, list)
    assert trained(mixed, Y) == expected
    assert trained(X, Y.astype(object)) == trained(X, Y)
    assert trained(X, Y.astype(bool).astype(object)) == trained(X, Y)


class NAType:
    """Stands for pandas' missing number, which neither compares nor converts."""

    def __repr__(self) -> str:
        return "<NA>"

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (None, r"X must hold real numbers; found None at \[1, 0\]: take that sample out"),
        (NAType(), r"X must hold real numbers; found <NA> at \[1, 0\]: take that sample out"),
        ("0.5", r"found '0.5' at \[1, 0\]: numbers written as text become numbers by .astype"),
        (Value(1.0), r"found an object of type Value at \[1, 0\]: write x.data"),
        (datetime.date(2020, 1, 1), r"of type date at \[1, 0\]: write how long after the first"),
        (datetime.timedelta(1), r"of type timedelta at \[1, 0\]: write t / np.timedelta64"),
        (1j, r"of type complex at \[1, 0\]: give the real and the imaginary part"),
        (10**400, r"X holds 1000.* at \[1, 0\]"),
        (Decimal("sNaN"), r"X holds sNaN at \[1, 0\]"),
        (float("nan"), r"X holds nan at \[1, 0\]"),
        (np.longdouble("1e4000"), r"X holds 1e\+4000 at \[1, 0\]|X holds inf at \[1, 0\]"),
        (np.ma.masked, r"X is masked at \[1, 0\]"),
    ],
    ids=str,
)
def test_what_is_no_number_is_told_with_its_place_and_what_to_write(
    there: Any, message: str
) -> None:
    rows: Any = [[0.5, 1.0], [there, 1.0], [0.5, 1.0]]
    with pytest.raises(ValueError, match=message):
        MLP([2, 1]).predict(rows)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("datetime64[s]", "how long after the first"),
        ("timedelta64[s]", r"np.timedelta64\(1, 's'\)"),
        (complex, "z.real and z.imag"),
        (str, "astype"),
        ("S8", "astype"),
        ([("a", float), ("b", float)], "structured_to_unstructured"),
    ],
    ids=str,
)
def test_an_array_of_another_kind_is_refused_with_advice(kind: Any, advice: str) -> None:
    with pytest.raises(ValueError, match=f"must hold real numbers; got an array of .*{advice}"):
        nn.minibatches(np.ones(3).astype(kind), np.ones(3), 1)


@pytest.mark.parametrize("given", [{"a": 1}, {1, 2}, iter([1, 2]), None, Value(1.0)])
def test_what_is_no_array_is_named(given: Any) -> None:
    with pytest.raises(ValueError, match=r"must hold real numbers; got .*: give an array, or a li"):
        nn.minibatches(given, [1, 2], 1)


# Masked arrays ----------------------------------------------------------------------------------

MODEL = MLP([2, 1])
PROGRAM = ag.compile(lambda x: x[0] * x[1])
ROW = MASKED[3]


@pytest.mark.parametrize(
    "call",
    [
        lambda: trained(MASKED, Y),
        lambda: trained(list(MASKED), Y),
        lambda: trained([list(row) for row in MASKED], Y),
        lambda: trained(X, Y, validation=(MASKED, Y)),
        lambda: trained(X, np.ma.masked_array(Y, mask=Y > 0)),
        lambda: trained(np.array([*MASKED.astype(object)]), np.ma.masked_array(Y, mask=Y > 0)),
        lambda: MODEL.predict(MASKED),
        lambda: MODEL.predict(ROW),
        lambda: MODEL(ROW),
        lambda: MODEL.set_arrays([(ROW[None], [0.0])]),
        lambda: nn.minibatches(MASKED, Y, 2),
        lambda: nn.split(MASKED, Y),
        lambda: nn.accuracy(MASKED, Y),
        lambda: nn.accuracy(X, np.ma.masked_array(Y, mask=True)),
        lambda: nn.one_hot(np.ma.masked_array(Y, mask=True), 2),
        lambda: nn.confusion(Y, np.ma.masked_array(Y, mask=True), 2),
        lambda: nn.mean_squared_error([0.5, 0.5], ROW),
        lambda: nn.binary_cross_entropy([0.5], ROW[1]),
        lambda: plots.boundary(MODEL, MASKED, Y),
        lambda: plots.confusion_matrix(np.ma.masked_array(np.eye(2), mask=np.eye(2))),
        lambda: plots.saturation({"sums": ROW}),
        lambda: plots.difference_errors([0.1, 0.2], {"forward": ROW}),
        lambda: PROGRAM(MASKED),
        lambda: PROGRAM.value_and_grad(MASKED),
        lambda: PROGRAM([0.5, np.ma.masked]),
        lambda: ag.grad(lambda x: x[0] * x[1])(ROW),
        lambda: ag.hessian(lambda x: x[0] * x[1])([0.5, ROW[1]]),
    ],
)
def test_masked_arrays_are_refused_by_place_wherever_data_comes_in(
    call: Callable[[], Any],
) -> None:
    try:
        said = call()
    except ValueError as error:
        said = f"ValueError: {error}"
    assert "masked" in said
    assert "fill the gap" in said


# Classes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.accuracy([[0.9, 0.1]], [0.7]), "y must hold whole numbers.*got 0.7"),
        (lambda: nn.accuracy([0.9, 0.1, 0.2], [-1, 0, 2]), r"or -1 and 1; got \[-1, 0, 2\]"),
        (lambda: nn.accuracy([[np.nan, 0.1]], [0]), r"outputs holds nan at \[0, 0\]"),
        (lambda: nn.confusion([0.5, 1], [0, 1], 2), "predicted must hold whole numbers"),
        (lambda: nn.classes(np.zeros((2, 0))), "outputs must be of shape"),
    ],
)
def test_what_is_no_class_is_not_cut_off_to_one(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# Optimisers -------------------------------------------------------------------------------------


class Own:
    """An optimiser of a user's own."""

    def __init__(self, values: list[Value], size: float = 0.1) -> None:
        self.parameters = [{"group": values}]
        self.values, self.size = values, size

    def step(self, times: int = 1) -> int:
        for p in self.values:
            p.data -= self.size * (p.grad or 0.0)
        return times


class Needy:
    """Its step is no optimiser's: it takes something."""

    def step(self, x: float) -> float:
        return x


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("given", [Value(2.0), "sgd", None, 0.1, SGD, Needy(), ag, []])
def test_what_is_no_optimiser_is_refused(engine: str, given: Any) -> None:
    said = trained(X, Y, engine, optimizer=given)
    assert said.startswith("TypeError: optimizer is an object such as SGD(model.parameters(), lr=")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_optimiser_of_ones_own_trains_and_one_that_moves_nothing_is_said(engine: str) -> None:
    model, other = MLP([2, 3, 1], seed=0), MLP([2, 3, 1], seed=0)
    options: dict[str, Any] = {"loss": "binary_cross_entropy", "epochs": 2, "batch_size": 4}
    history = fit(model, X, Y, optimizer=Own(model.parameters()), engine=engine, **options)
    fit(other, X, Y, optimizer=SGD(other.parameters(), 0.1), engine=engine, **options)
    assert history.note == ""
    found, expected = ([p.data for p in m.parameters()] for m in (model, other))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for still in (Own(other.parameters()), SGD(model.parameters(), 0.0)):
        history = fit(model, X, Y, optimizer=still, engine=engine, **options)
        assert "No parameter moved in the first epoch" in history.note


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_put_on_an_optimiser_of_ours_is_the_one_taken(engine: str) -> None:
    model = MLP([2, 3, 1], seed=0)
    optimizer = SGD(model.parameters(), 0.1)
    ours, taken = optimizer.step, [0]

    def clipped() -> None:
        taken[0] += 1
        for p in optimizer.parameters:
            p.grad = max(-0.01, min(0.01, p.grad or 0.0))
        ours()

    optimizer.step = clipped
    options: dict[str, Any] = {"epochs": 2, "batch_size": 4, "validation": None}
    fit(model, X, Y, loss="hinge", optimizer=optimizer, engine=engine, **options)
    assert taken == [4]


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("mse", "mean_squared_error"),
        ("MSELoss", "mean_squared_error"),
        ("L1", "mean_absolute_error"),
        ("bce", "binary_cross_entropy"),
        ("log_loss", "binary_cross_entropy"),
        ("CrossEntropyLoss", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("smooth_l1", "huber"),
    ],
)
def test_a_loss_by_another_librarys_name_is_pointed_to_ours(
    engine: str, given: str, known: str
) -> None:
    said = trained(X, Y, engine, loss=given)
    assert f"no loss is called {given!r}. Did you mean {known!r}?" in said


@pytest.mark.parametrize(
    ("call", "known"),
    [
        (lambda: MLP([2, 1], activation="swish"), "silu"),
        (lambda: MLP([2, 1], activation="LeakyReLU"), "leaky_relu"),
        (lambda: MLP([2, 1], output_activation="identity"), "linear"),
        (lambda: MLP([2, 1], init="glorot_uniform"), "xavier"),
        (lambda: MLP([2, 1], init="kaiming"), "he"),
    ],
)
def test_activations_and_initialisers_by_other_names_too(
    call: Callable[[], Any], known: str
) -> None:
    with pytest.raises(ValueError, match=f"Did you mean '{known}'"):
        call()
