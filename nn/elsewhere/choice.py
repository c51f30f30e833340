"""The devices of other libraries by the name of an engine, and words for those that are none."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any, Protocol

from nn.elsewhere.stepping import Trained


class Elsewhere(Protocol):
    """Devices of another library, which run the text of programs."""

    name: str

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def values(self, program: Any) -> Any:
        """Return a function that computes a program's values for rows."""
        ...

    def state(self, program: Any, cuts: Sequence[int]) -> Trained:
        """Return a place for the parameters of a run, and for what its optimiser remembers."""
        ...

    def agree(self, digest: bytes) -> None:
        """Ask that all processes of a run begin with the same."""

    def told(self, error: Exception) -> Exception:
        """Return an error of the library's with a word on what to do; the same if there is none."""
        ...


# By the name of the engine: where its devices are, the argument that says which, and how.
ELSEWHERE: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "jax": ("nn.elsewhere.on_jax", "JaxDevices", "devices"),
        "torch": ("nn.elsewhere.on_torch", "TorchDevice", "device"),
    }
)

# All that programs and calls run by; they give the same numbers, up to rounding.
ENGINES = ("auto", "compiled", "eager", *ELSEWHERE)


def check_where(engine: str, devices: Any = None, device: Any = None) -> None:
    """Refuse devices for an engine that has no such ones.

    Raises:
        ValueError: with the engine that has them.

    >>> check_where("compiled", device="cuda")
    Traceback (most recent call last):
        ...
    ValueError: device='cuda' is for engine='torch', and this is engine='compiled'
    """
    for name, given in (("devices", devices), ("device", device)):
        whose = next(known for known, (*_, own) in ELSEWHERE.items() if own == name)
        if given is not None and whose != engine:
            own = f": write {ELSEWHERE[engine][2]}=" if engine in ELSEWHERE else ""
            raise ValueError(
                f"{name}={given!r:.60} is for engine={whose!r}, and this is engine={engine!r}{own}"
            )


def elsewhere(engine: str, devices: Any = None, device: Any = None) -> Elsewhere | None:
    """Return the devices that an engine of another library runs on; None for the other engines.

    Raises:
        ImportError: if the library is not installed, with what to install.
        ValueError: if there are no such devices.
        TypeError: if they are of the wrong kind.
    """
    if engine not in ELSEWHERE:
        return None
    module, made, own = ELSEWHERE[engine]
    # The library is imported with it.
    return getattr(import_module(module), made)({"devices": devices, "device": device}[own])
