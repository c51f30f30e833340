"""Programs on JAX's devices: a batch divided among them, the parameters on each.

What one device computes of its rows is the program's own text. One all-reduce a step adds up losses
and gradients, and the optimiser's step is taken on every device alike, in the same jitted function.
JAX's switch for 64 bits is on within calls alone.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from nn.elsewhere.jax_steps import JaxState, shardings, steps_of
from nn.elsewhere.libraries import library
from nn.elsewhere.text import OWN_PRIMITIVE, bound
from nn.validation import Array, Floats

# Rows that are computed at once where no gradient is asked for.
_ROWS = 8192


def devices_of(asked: Any) -> list[Any]:
    """Return the devices that are meant by `devices=`.

    Raises:
        ValueError: if there are fewer, one stands there twice, or a process has none among them.
        TypeError: if it is neither None, a number nor a list of devices.
    """
    jax = library("jax")
    known = list(jax.devices())
    several = jax.process_count() > 1
    if asked is None:
        return known if several else known[:1]
    if isinstance(asked, int) and not isinstance(asked, bool):
        if not 1 <= asked <= len(known):
            raise ValueError(f"devices={asked}, and {_known(known)}{_more(known)}")
        found = known[:asked]
    elif isinstance(asked, list | tuple) and asked:
        found = [_device(known, x) for x in asked]  # pyright: ignore[reportUnknownVariableType]
    else:
        raise TypeError(
            f"devices is None, how many, or a list of JAX's devices such as jax.devices()[:2]; got "
            f"{asked!r:.60}"
        )
    if len(set(found)) < len(found):
        raise ValueError(f"a device stands twice in devices={asked!r:.80}")
    without = set(range(jax.process_count())) - {device.process_index for device in found}
    if without:
        raise ValueError(
            f"process {min(without)} has none of the {len(found)} device(s), and each of the "
            f"{jax.process_count()} takes part in every step: leave devices out for all of them"
        )
    return found


def _device(known: list[Any], x: Any) -> Any:
    if x in known:
        return x
    if isinstance(x, int) and not isinstance(x, bool):
        if 0 <= x < len(known):
            return known[x]
        raise ValueError(f"there is no device {x}: {_known(known)}, counted from 0{_more(known)}")
    raise TypeError(f"devices holds {x!r:.60}, which is none of JAX's: {_known(known)}")


def _known(known: list[Any]) -> str:
    shown = ", ".join(map(str, known[:8])) + ", ..." * (len(known) > 8)
    return f"JAX has {len(known)} device{'s' * (len(known) != 1)} here ({shown})"


def _more(known: list[Any]) -> str:
    """Return how there could be more of them."""
    if known[0].platform != "cpu":
        return ""
    return (
        "; a processor counts as several where XLA_FLAGS=--xla_force_host_platform_device_count=4 "
        "is set before JAX is imported"
    )


class JaxDevices:
    """The devices that a run is divided among.

    Args:
        asked: None for the first device, or for all of them where there are several processes; how
            many of them; or a list.

    Raises:
        ImportError: if JAX is not installed, with what to install.
        ValueError: if there are not as many, or one has no numbers of 64 bits.
        TypeError: if it is none of the three.
    """

    name = "jax"

    def __init__(self, asked: Any = None) -> None:
        self.jax = library("jax")
        self.devices = devices_of(asked)
        self.is_several = self.jax.process_count() > 1
        _check_bits(next(d for d in self.devices if d.process_index == self.jax.process_index()))

    def __len__(self) -> int:
        return len(self.devices)

    def values(self, program: Any) -> Callable[..., Floats]:
        """Return a function that computes a program's values for rows, on the local devices."""
        local = [d for d in self.devices if d.process_index == self.jax.process_index()]
        run = _values(program.source, tuple(local))
        return lambda *rows: run(program.theta, rows)

    def state(self, program: Any, cuts: Sequence[int]) -> JaxState:
        """Return the place for the parameters of a run and what its optimiser remembers."""
        steps = steps_of(program.source, tuple(self.devices), tuple(cuts))
        return JaxState(steps, self.is_several)

    def agree(self, digest: bytes) -> None:
        """Ask that all processes begin with the same model, data, order and settings.

        Raises:
            ValueError: if one does not.
        """
        if not self.is_several:
            return
        gather = import_module("jax.experimental.multihost_utils").process_allgather
        mine = np.frombuffer(digest[:16], np.uint32)
        found = np.asarray(gather(mine)).reshape(-1, len(mine))
        if (found != mine).any():
            other = int(np.flatnonzero((found != mine).any(axis=1))[0])
            raise ValueError(
                f"process {other} does not do what process {self.jax.process_index()} does: give "
                "every process the same model, data, seed, batch_size and optimizer, and the same "
                "checkpoint where it goes on from one"
            )

    def told(self, error: Exception) -> Exception:
        """Return an error of JAX's with a word on what to do; the same where there is none."""
        said = str(error)
        if any(word in said for word in ("RESOURCE_EXHAUSTED", "out of memory", "Out of memory")):
            return MemoryError(
                f"the device's memory does not suffice: write a smaller batch_size with "
                f"accumulate=, or more devices. JAX says: {said:.300}"
            )
        if self.is_several and any(word in said for word in _GONE):
            return ConnectionError(
                "another process of the run has ended or cannot be reached, and no step is taken "
                "without it. The model is as after the last finished epoch; start all processes "
                f"again, with resume= where a checkpoint was kept. JAX says: {said:.300}"
            )
        if isinstance(error, NotImplementedError):
            return ValueError(OWN_PRIMITIVE.format("JAX"))
        return error


_BITS = (
    "training is in numbers of 64 bits, and the device {} has none{}: write engine='compiled', or "
    "devices= with others"
)
_GONE = (
    "Gloo", "NCCL", "UNAVAILABLE", "Connection", "connection", "Socket", "DEADLINE", "heartbeat",
    "peer", "ABORTED",
)  # fmt: skip


@lru_cache
def _check_bits(device: Any) -> None:
    """Refuse a device on which float64 is something else."""
    jax = library("jax")
    try:
        with jax.enable_x64(True):
            found = jax.device_put(np.array([1.0, 2.0**-40]), device).sum()
            is_exact = float(found) == 1.0 + 2.0**-40
    except Exception as error:  # whatever a backend raises
        said = " ".join(str(error).split())
        raise ValueError(_BITS.format(device.device_kind, f": {said:.200}")) from error
    if not is_exact:
        raise ValueError(_BITS.format(device.device_kind, ""))


@lru_cache(maxsize=16)
def _values(source: str, devices: tuple[Any, ...]) -> Callable[..., Floats]:
    """Return a function of parameters and rows, which are divided among devices."""
    jax = library("jax")
    value = jax.jit(bound(source, jax.numpy).value)
    count = len(devices)
    whole, rows = shardings(devices)

    def run(theta: Floats, given: Sequence[Array]) -> Floats:
        found: list[Array] = []
        with jax.enable_x64(True):
            there = jax.device_put(theta, whole)
            for begin in range(0, len(given[0]), _ROWS):
                part = [np.asarray(x[begin : begin + _ROWS]) for x in given]
                size = len(part[0])
                # Devices take as many rows each: the last one again, which is left out below.
                if short := -size % count:
                    part = [np.concatenate([x, np.repeat(x[-1:], short, axis=0)]) for x in part]
                found.append(np.asarray(value(there, *jax.device_put(part, rows)))[:size])
        return np.concatenate(found) if len(found) > 1 else np.array(found[0])

    return run
