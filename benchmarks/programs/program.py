"""A program in scalars, the same over arrays, and by hand; and each as an engine runs it.

Programs with parameters are trained: a piece of work is a step of descent on the mean loss of a
batch. Programs without are derived by their first argument: a piece of work is the value and the
slopes of every sample. All begin with the same numbers and are compared before they are timed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd import Value, compile, value_and_grad
from benchmarks.peers import OURS
from benchmarks.rows import Entry
from benchmarks.scalars import Makers, flat
from benchmarks.steps import JAX, NUMPY
from benchmarks.timing import clock

EAGER = "chalkgrad, eager"
FLOATS = "chalkgrad, one call on floats"
PLAIN = "chalkgrad, NumPy alone"
JAX_NAME, TORCH = "JAX", "PyTorch"

# How a program is compiled: options of `compile`.
Options = dict[str, Any]


@dataclass(frozen=True)
class Running:
    """A program as an engine runs it.

    Attributes:
        piece: does a piece of the work.
        numbers: what it must have in common with the others.
        statements: how many there are; of ours only.
    """

    piece: Callable[[], Any]
    numbers: Callable[[], list[float]]
    statements: Callable[[], int | None] = lambda: None


# What builds a program of each engine.
Builders = dict[str, Callable[[], Running]]


@dataclass(frozen=True)
class Program:
    """A program and its peers.

    Attributes:
        name: the work.
        scalars: the loss of a sample, of the parameters as nested lists of scalars, and the sample.
        data: arguments for so many samples.
        start: the parameters at the start; none for a program derived by its first argument.
        arrays: the losses of a batch, of a namespace, the parameters and the batch.
        hand: in NumPy, the mean loss of a batch and the slopes of the parameters.
        torch: the losses as PyTorch has them quickest, if not as `arrays` has them.
    """

    name: str
    scalars: Callable[..., Any]
    data: Callable[[int], tuple[Any, ...]]
    start: Callable[[], list[Any]]
    arrays: Callable[..., Any]
    hand: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    rate: float = 0.01

    def __str__(self) -> str:
        return self.name


def jax_names(jax: Any) -> SimpleNamespace:
    """What `arrays` calls, of JAX: a loop of many steps is a scan, which compiles in time."""
    np_, nn = jax.numpy, jax.nn

    def loop(step: Callable[..., Any], state: Any, xs: Any = None, *, count: int) -> Any:
        return jax.lax.scan(lambda s, x: (step(s, x), None), state, xs, length=count)[0]

    return SimpleNamespace(
        tanh=np_.tanh, sigmoid=nn.sigmoid, relu=nn.relu, sin=np_.sin, exp=np_.exp, log=np_.log,
        stack=np_.stack, einsum=np_.einsum, array=np_.asarray, log_softmax=nn.log_softmax,
        zeros=np_.zeros, zeros_like=np_.zeros_like, sum=np_.sum, loop=loop,
    )  # fmt: skip


def torch_names(torch: Any) -> SimpleNamespace:
    def loop(step: Callable[..., Any], state: Any, xs: Any = None, *, count: int) -> Any:
        for i in range(count):
            state = step(state, None if xs is None else xs[i])
        return state

    def zeros(shape: Sequence[int]) -> Any:
        return torch.zeros(shape, dtype=torch.float64)

    return SimpleNamespace(
        tanh=torch.tanh, sigmoid=torch.sigmoid, relu=torch.relu, sin=torch.sin, exp=torch.exp,
        log=torch.log, stack=torch.stack, einsum=torch.einsum, array=torch.as_tensor, zeros=zeros,
        log_softmax=lambda x: torch.log_softmax(x, -1), zeros_like=torch.zeros_like, sum=torch.sum,
        loop=loop,
    )  # fmt: skip


# Steps of descent ---------------------------------------------------------------------------------


def lists(arrays: Sequence[Any]) -> tuple[list[Any], list[Value]]:
    """Return arrays as nested lists of Values, and all Values in their order."""
    every: list[Value] = []

    def nested(x: Any) -> Any:
        if isinstance(x, list):
            return [nested(y) for y in x]
        every.append(Value(x))
        return every[-1]

    return [nested(a.tolist()) for a in arrays], every


def trained(
    step: Callable[..., Any], data: Sequence[Any], parameters: Callable[[], Any], **more: Any
) -> Running:
    """Steps on one batch again and again; their losses, and how far into the weights they went."""

    def numbers() -> list[float]:
        losses = [float(step(*data)) for _ in range(3)]
        weights = np.concatenate([np.asarray(a, dtype=float).ravel() for a in parameters()])
        return [*losses, *weights.tolist()]

    return Running(lambda: step(*data), numbers, **more)


def statements_of(compiled: Any) -> int | None:
    return compiled.report().stages[-1].statements


def ours(program: Program, batch: int, **options: Any) -> Running:
    P, every = lists(program.start())
    compiled = compile(lambda *x: program.scalars(P, *x), parameters=every, **options)

    def step(*batch: Any) -> Any:
        loss, slopes = compiled.value_and_grad(*batch)
        slopes *= program.rate
        theta = compiled.theta
        theta -= slopes
        return loss

    return trained(
        step,
        program.data(batch),
        lambda: [compiled.theta],
        statements=lambda: statements_of(compiled),
    )


def by_hand(program: Program, batch: int) -> Running:
    P, hand = program.start(), program.hand
    assert hand is not None

    def step(*batch: Any) -> Any:
        loss, slopes = hand(P, *batch)
        for p, g in zip(P, slopes, strict=True):
            p -= program.rate * g
        return loss

    return trained(step, program.data(batch), lambda: P)


def with_jax(jax: Any, program: Program, batch: int) -> Running:
    names = jax_names(jax)

    def update(P: Any, *batch: Any) -> Any:
        def loss(P: Any) -> Any:
            return program.arrays(names, P, *batch).mean()

        value, slopes = jax.value_and_grad(loss)(P)
        return value, [p - program.rate * g for p, g in zip(P, slopes, strict=True)]

    jitted = jax.jit(update, donate_argnums=0)
    P = [jax.numpy.array(a) for a in program.start()]

    def step(*batch: Any) -> Any:
        nonlocal P
        value, P = jitted(P, *batch)
        jax.block_until_ready(P)
        return value

    return trained(step, [jax.numpy.asarray(a) for a in program.data(batch)], lambda: P)


def with_torch(torch: Any, program: Program, batch: int) -> Running:
    P = [torch.tensor(a, requires_grad=True) for a in program.start()]
    names = torch_names(torch)
    plain = partial(program.arrays, names)
    losses = program.torch(torch) if program.torch is not None else plain

    def step(*batch: Any) -> Any:
        loss = losses(P, *batch).mean()
        slopes = torch.autograd.grad(loss, P)
        with torch.no_grad():
            for p, g in zip(P, slopes, strict=True):
                p.sub_(g, alpha=program.rate)
        return loss.item()

    data = [torch.from_numpy(a) for a in program.data(batch)]
    return trained(step, data, lambda: [p.detach() for p in P])


# Slopes of every sample ---------------------------------------------------------------------------


def derived(call: Callable[..., Any], data: Sequence[Any], **more: Any) -> Running:
    """A call that returns values and slopes."""

    def numbers() -> list[float]:
        values, slopes = call(*data)
        return [float(x) for x in flat((values, (slopes,)))]

    return Running(lambda: call(*data), numbers, **more)


def ours_derived(program: Program, batch: int, **options: Any) -> Running:
    compiled = compile(lambda *x: program.scalars([], *x), **options)
    data = program.data(batch)
    return derived(compiled.value_and_grad, data, statements=lambda: statements_of(compiled))


def floats(program: Program, _: int) -> Running:
    compiled = compile(lambda *x: program.scalars([], *x))
    return derived(compiled.value_and_grad, [x[0].tolist() for x in program.data(1)])


def eager(program: Program, batch: int) -> Running:
    slopes = value_and_grad(lambda *x: program.scalars([], *x))

    def call(*data: Any) -> Any:
        found = [slopes(*sample) for sample in zip(*data, strict=True)]
        return [v for v, _ in found], [g for _, g in found]

    return derived(call, [x.tolist() for x in program.data(batch)])


def with_jax_derived(jax: Any, program: Program, batch: int) -> Running:
    names = jax_names(jax)

    def losses(*batch: Any) -> Any:
        found = program.arrays(names, [], *batch)
        return found.sum(), found

    each = jax.jit(jax.value_and_grad(losses, has_aux=True))

    def call(*data: Any) -> Any:
        (_, values), slopes = jax.block_until_ready(each(*data))
        return values, slopes

    return derived(call, [jax.numpy.asarray(x) for x in program.data(batch)])


def with_torch_derived(torch: Any, program: Program, batch: int) -> Running:
    names = torch_names(torch)
    first, *others = [torch.from_numpy(x) for x in program.data(batch)]
    first.requires_grad_(True)

    def call(*data: Any) -> Any:
        values = program.arrays(names, [], *data)
        (slopes,) = torch.autograd.grad(values.sum(), data[:1])
        return values.detach(), slopes

    return derived(call, [first, *others])


# The programs of a row ----------------------------------------------------------------------------


def builders(
    program: Program, batch: int, peers: dict[str, Any], plain: Options | None = None
) -> Builders:
    """What builds each program of a row.

    Args:
        program: the work.
        batch: how many samples.
        peers: the other engines, by name.
        plain: options of `compile` for a second program of ours, on NumPy alone.
    """
    trains = bool(program.start())
    made = ours if trains else ours_derived
    found: Builders = {OURS: partial(made, program, batch)}
    if plain is not None:
        found[PLAIN] = partial(made, program, batch, **plain)
    if program.hand is not None:
        found[NUMPY] = partial(by_hand, program, batch)
    if not trains and batch == 1:
        found[FLOATS] = partial(floats, program, batch)
    if not trains:
        found[EAGER] = partial(eager, program, batch)
    if JAX_NAME in peers:
        with_it = with_jax if trains else with_jax_derived
        found[JAX] = partial(with_it, peers[JAX_NAME], program, batch)
    if TORCH in peers:
        with_it = with_torch if trains else with_torch_derived
        found[TORCH] = partial(with_it, peers[TORCH], program, batch)
    return found


def makers(found: Builders) -> Makers:
    """The entries of a row."""

    def made(build: Callable[[], Running]) -> Entry:
        running = build()
        return Entry(clock(running.piece), running.numbers())

    return {name: partial(made, build) for name, build in found.items()}
