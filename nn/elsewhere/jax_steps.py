"""Steps of descent under JAX's jit: on one device, or with the batch divided among several.

On several, each runs the program's own text on its rows; one all-reduce adds losses and gradients
up, and all take the same step. Rows that are left over, fewer than the devices, each computes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial, reduce
from typing import Any

import numpy as np

from nn.elsewhere.libraries import library
from nn.elsewhere.stepping import blocks, in_pieces, moved
from nn.elsewhere.text import Parts, bound, divided, joined
from nn.optim.recorded import StepThere
from nn.validation import Array, Floats

_AXIS = "batch"


def shardings(devices: Sequence[Any]) -> tuple[Any, Any]:
    """Return how arrays lie: whole on each device, and divided by rows among them."""
    jax = library("jax")
    if len(devices) == 1:
        return devices[0], devices[0]
    mesh = jax.sharding.Mesh(np.array(devices), (_AXIS,))
    kind, spec = jax.sharding.NamedSharding, jax.sharding.PartitionSpec
    return kind(mesh, spec()), kind(mesh, spec(_AXIS))


@lru_cache(maxsize=16)
def steps_of(source: str, devices: tuple[Any, ...], cuts: tuple[int, ...]) -> "JaxSteps":
    """Return the functions of a program on some devices, whose parameters lie in pieces."""
    return JaxSteps(source, devices, cuts)


class JaxSteps:
    """The jitted functions of a program on some devices; those of one kind of step are kept."""

    def __init__(self, source: str, devices: tuple[Any, ...], cuts: tuple[int, ...]) -> None:
        self.jax = library("jax")
        self.devices, self.cuts = devices, cuts
        self.whole, self.rows = shardings(devices)
        self._text = bound(source, self.jax.numpy)
        self._known: dict[Any, Any] = {}

    def known(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return the function of a key, made when it is first asked for."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def gradient(self, theta: list[Any], main: Any, rest: Any, count: int) -> list[Any]:
        """Return a batch's mean loss and gradient, in pieces; within a jitted function.

        Args:
            theta: the parameters, in pieces.
            main: the blocks that the devices divide.
            rest: those that are left over, which each computes.
            count: how many rows there are.
        """
        many = len(self.devices)

        def local(theta: list[Any], main: Any) -> list[Any]:
            total = reduce(_sum, [self._block(theta, block, count) for block in main])
            return self.jax.lax.psum(total, _AXIS) if many > 1 else total

        found = [self._block(theta, block, count) for block in rest]
        if main and many > 1:
            spec = self.jax.sharding.PartitionSpec
            found.append(
                self.jax.shard_map(
                    local,
                    mesh=self.whole.mesh,
                    in_specs=(spec(), spec(None, _AXIS)),
                    out_specs=spec(),
                    check_vma=False,
                )(theta, main)
            )
        elif main:
            found.append(local(theta, main))
        return reduce(_sum, found)

    def _block(self, theta: list[Any], block: Any, count: int) -> list[Any]:
        """Return the share of a block of parts in the mean loss and the gradient."""
        if len(block[0]) == 1:
            return self._part(theta, [x[0] for x in block], count)

        def next_part(total: list[Any], part: Any) -> tuple[list[Any], None]:
            return _sum(total, self._part(theta, part, count)), None

        zeros = [self.jax.numpy.zeros_like(x) for x in (theta[0][0], *theta)]
        return self.jax.lax.scan(next_part, zeros, list(block))[0]

    def _part(self, theta: list[Any], rows: Sequence[Any], count: int) -> list[Any]:
        mean, slopes = self._text.value_and_grad(Parts(theta) if self.cuts else theta[0], *rows)
        length = sum([len(piece) for piece in theta])
        pieces = divided(slopes, self.cuts, length, self.jax.numpy.concat)
        # Of one device and no rest it is 1.
        share = len(rows[0]) / count
        return [mean, *pieces] if share == 1.0 else [mean * share, *[x * share for x in pieces]]

    # Jitted -------------------------------------------------------------------------------------

    def descent(self, step: StepThere, count: int) -> Any:
        """Return the function of a step: parameters, memory, numbers, rows to the same and sums."""
        jnp = self.jax.numpy

        def descend(theta: Any, memory: Any, numbers: Any, main: Any, rest: Any) -> Any:
            lost, *slopes = self.gradient(theta, main, rest, count)
            squared = reduce(jnp.add, [x @ x for x in slopes])
            after = moved(_JaxOps(jnp), step, numbers, theta, slopes, memory, self.cuts)
            # Buffers are given away: what is not finite must leave in them what was there.
            is_finite = jnp.isfinite(lost) & jnp.isfinite(squared)
            kept = self.jax.tree.map(partial(jnp.where, is_finite), after, (theta, memory))
            return *kept, jnp.stack([lost, squared])

        return self.jax.jit(descend, donate_argnums=(0, 1))

    def slopes(self, count: int) -> Any:
        """Return the function of a gradient alone."""

        def found(theta: Any, main: Any, rest: Any) -> Any:
            lost, *slopes = self.gradient(theta, main, rest, count)
            return lost, joined(slopes, self.jax.numpy.concat)

        return self.jax.jit(found)


def _sum(left: list[Any], right: list[Any]) -> list[Any]:
    return [a + b for a, b in zip(left, right, strict=True)]


class _JaxOps:
    """What a step asks of JAX; see `stepping.Ops`."""

    def __init__(self, jnp: Any) -> None:
        self._jnp = jnp

    def apply(self, name: str, operands: Sequence[Any]) -> Any:
        return getattr(self._jnp, name)(*operands)

    def concat(self, arrays: Sequence[Any]) -> Any:
        return self._jnp.concat(arrays)

    def put(self, array: Any, index: Array, values: Any) -> Any:
        return array.at[index].set(values)

    def shortened(self, pieces: list[Any], some: list[Any], most: Any) -> list[Any]:
        jnp = self._jnp
        square = reduce(jnp.add, [x @ x for x in some])
        # The squares may leave the floats where the length does not.
        largest = reduce(jnp.maximum, [jnp.max(jnp.abs(x)) for x in some])
        scale = jnp.where((largest > 0.0) & jnp.isfinite(largest), largest, 1.0)
        scaled = scale * jnp.sqrt(reduce(jnp.add, [(x / scale) @ (x / scale) for x in some]))
        norm = jnp.where((square > 1e-280) & jnp.isfinite(square), jnp.sqrt(square), scaled)
        factor = jnp.minimum(most / (norm + 1e-6), 1.0)
        return [x * factor for x in pieces]


class JaxState:
    """Parameters and memory on JAX's devices; see `stepping.Trained`."""

    def __init__(self, steps: JaxSteps, is_several: bool) -> None:
        self._steps, self._jax = steps, steps.jax
        # Whether there are several processes, each of which has some of the devices.
        self._is_several = is_several
        self._theta: list[Any] = []
        self._memory: list[list[Any]] = []

    def load(self, theta: Floats, memory: Sequence[Array]) -> None:
        """See `stepping.Trained`."""
        pieces = in_pieces(theta, memory, self._steps.cuts)
        with self._jax.enable_x64(True):
            # Copies: JAX may take the memory of NumPy's arrays, and steps give theirs away.
            put = [[self._put(x.copy(), self._steps.whole) for x in some] for some in pieces]
            self._theta, *self._memory = put

    def descend(self, rows: Sequence[Array], size: int, step: StepThere) -> tuple[float, float]:
        """See `stepping.Trained`."""
        count, steps = len(rows[0]), self._steps
        with self._jax.enable_x64(True):
            run = steps.known((step.key, count, size), lambda: steps.descent(step, count))
            main, rest = self._blocks(rows, size)
            numbers = np.array(step.numbers)
            self._theta, self._memory, sums = run(self._theta, self._memory, numbers, main, rest)
            lost, squared = self._read(sums).tolist()
        return lost, squared

    def gradient(self, rows: Sequence[Array], size: int) -> tuple[float, Floats]:
        """See `stepping.Trained`."""
        count, steps = len(rows[0]), self._steps
        with self._jax.enable_x64(True):
            run = steps.known((count, size), lambda: steps.slopes(count))
            lost, slopes = run(self._theta, *self._blocks(rows, size))
            return float(self._read(lost)), np.array(self._read(slopes))

    def numbers(self) -> tuple[Floats, list[Floats]]:
        """See `stepping.Trained`."""
        theta, *memory = [
            np.concatenate([self._read(x) for x in pieces])
            for pieces in (self._theta, *self._memory)
        ]
        return theta, memory

    def _blocks(self, rows: Sequence[Array], size: int) -> tuple[Any, Any]:
        many = len(self._steps.devices)
        main, rest = blocks(rows, size, many)
        if many == 1:
            # JAX takes NumPy's arrays in half the time that putting them there takes.
            return main, rest
        mesh, spec = self._steps.whole.mesh, self._jax.sharding.PartitionSpec(None, _AXIS)
        rows_there, whole = self._jax.sharding.NamedSharding(mesh, spec), self._steps.whole
        return (
            [tuple([self._put(x, rows_there) for x in block]) for block in main],
            [tuple([self._put(x, whole) for x in block]) for block in rest],
        )

    def _read(self, array: Any) -> Array:
        """Return an array that all devices have alike."""
        return np.asarray(array.addressable_data(0) if self._is_several else array)

    def _put(self, array: Array, there: Any) -> Any:
        """Return an array on the devices; each process has all of it and puts its own share."""
        if not self._is_several:
            return self._jax.device_put(array, there)
        return self._jax.make_array_from_callback(array.shape, there, _rows_of(array))


def _rows_of(array: Array) -> Callable[[Any], Array]:
    """Return what gives the part of an array that a device has."""
    return lambda index: array[index]
