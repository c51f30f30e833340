"""Programs on a device of PyTorch's: their text run on its tensors, statement by statement.

The optimiser's step is taken there too, by its own operations.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from nn.elsewhere.libraries import library
from nn.elsewhere.stepping import blocks, in_pieces, moved
from nn.elsewhere.text import OWN_PRIMITIVE, Parts, bound, divided, joined
from nn.optim.recorded import StepThere
from nn.validation import Array, Floats

# NumPy's names that PyTorch lacks.
_RENAMED = {"power": "pow"}
# Rows that are computed at once where no gradient is asked for.
_ROWS = 8192


class TorchDevice:
    """The device of a run.

    Args:
        asked: "cpu", "cuda", or one of several as in "cuda:1"; None for "cpu".

    Raises:
        ImportError: if PyTorch is not installed, with what to install.
        ValueError: if there is no such device, or it has no numbers of 64 bits.
        TypeError: if it is no name.
    """

    name = "torch"

    def __init__(self, asked: Any = None) -> None:
        self.torch = library("torch")
        self.device = self._checked("cpu" if asked is None else asked)

    def __len__(self) -> int:
        return 1

    def _checked(self, asked: Any) -> Any:
        torch = self.torch
        known = "write device='cpu'" + " or device='cuda'" * torch.cuda.is_available()
        if not isinstance(asked, str | torch.device):
            raise TypeError(f"device is the name of one of PyTorch's; got {asked!r:.60}: {known}")
        try:
            device = torch.device(asked)
        except RuntimeError:
            raise ValueError(f"PyTorch has no kind of device {asked!r:.60}: {known}") from None
        if device.type == "cuda":
            count = torch.cuda.device_count() if torch.cuda.is_available() else 0
            if (device.index or 0) >= count:
                there = f"cuda:0 to cuda:{count - 1}" if count else "no CUDA device"
                raise ValueError(f"device={asked!s:.60}, and PyTorch sees {there} here: {known}")
        try:
            found = torch.tensor([1.0, 2.0**-40], dtype=torch.float64, device=device).sum()
            is_exact = device.type == "meta" or float(found) == 1.0 + 2.0**-40
        except Exception as error:  # whatever a backend raises
            said = " ".join(str(error).split())
            raise ValueError(
                f"training is in numbers of 64 bits, which device={asked!s:.60} does not give: "
                f"{said:.200}; {known}"
            ) from error
        if not is_exact:
            raise ValueError(f"device={asked!s:.60} has no numbers of 64 bits: {known}")
        return device

    def values(self, program: Any) -> Callable[..., Floats]:
        """Return a function that computes a program's values for rows."""
        text = _text(program.source, self.device)

        def run(*rows: Array) -> Floats:
            theta = self.put(program.theta)
            found: list[Array] = []
            for begin in range(0, len(rows[0]), _ROWS):
                part = [self.put(x[begin : begin + _ROWS]) for x in rows]
                found.append(text.value(theta, *part).cpu().numpy())
            return np.concatenate(found) if len(found) > 1 else found[0]

        return run

    def put(self, array: Array) -> Any:
        """Return an array as a tensor there."""
        return self.torch.from_numpy(np.array(array)).to(self.device)

    def state(self, program: Any, cuts: Sequence[int]) -> "TorchState":
        """Return the place for the parameters of a run and what its optimiser remembers."""
        return TorchState(self, _text(program.source, self.device), cuts)

    def agree(self, digest: bytes) -> None:
        """Do nothing: there is one process."""

    def told(self, error: Exception) -> Exception:
        """Return an error of PyTorch's with a word on what to do; the same where there is none."""
        said = " ".join(str(error).split())
        if isinstance(error, self.torch.OutOfMemoryError) or "out of memory" in said:
            return MemoryError(
                "the device's memory does not suffice: write a smaller batch_size with "
                f"accumulate=. PyTorch says: {said:.300}"
            )
        if self.device.type == "meta":
            return ValueError("device=meta is for shapes and has no numbers: write device='cpu'")
        if isinstance(error, NotImplementedError):
            return ValueError(OWN_PRIMITIVE.format("PyTorch"))
        return error


class _There:
    """PyTorch's functions, of which those that make tensors make them on a device."""

    def __init__(self, torch: Any, device: Any) -> None:
        self._torch, self._device = torch, device
        # The constants of a text: its lists, which live as long as it does.
        self._constants: dict[tuple[int, Any], Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)

    def full(self, shape: Any, value: float, dtype: Any = None) -> Any:
        return self._torch.full(shape, value, dtype=dtype, device=self._device)

    def zeros(self, shape: Any, dtype: Any = None) -> Any:
        return self._torch.zeros(shape, dtype=dtype, device=self._device)

    def asarray(self, data: Any, dtype: Any = None) -> Any:
        key = id(data), dtype
        if key not in self._constants:
            made = self._torch.asarray(data, dtype=dtype, device=self._device)
            if dtype is None:  # made once, of a list that nothing holds
                return made
            self._constants[key] = made
        return self._constants[key]


@lru_cache(maxsize=16)
def _text(source: str, device: Any) -> Any:
    return bound(source, _There(library("torch"), device))


class _TorchOps:
    """What a step asks of PyTorch; see `stepping.Ops`."""

    def __init__(self, torch: Any, device: Any) -> None:
        self._torch, self._device = torch, device

    def apply(self, name: str, operands: Sequence[Any]) -> Any:
        function = getattr(self._torch, _RENAMED.get(name, name))
        return function(*[self._tensor(x) if isinstance(x, float) else x for x in operands])

    def _tensor(self, x: float) -> Any:
        return self._torch.tensor(x, dtype=self._torch.float64, device=self._device)

    def concat(self, arrays: Sequence[Any]) -> Any:
        return self._torch.concat(list(arrays))

    def put(self, array: Any, index: Array, values: Any) -> Any:
        changed = array.clone()
        changed[index] = values
        return changed

    def shortened(self, pieces: list[Any], some: list[Any], most: float) -> list[Any]:
        # By its own norm, whose squares may leave the floats where the length does not.
        largest = max([float(x.abs().max()) for x in some])
        scale = largest if 0.0 < largest < float("inf") else 1.0
        norm = scale * sum([float((x / scale) @ (x / scale)) for x in some]) ** 0.5
        factor = most / (norm + 1e-6)
        return [x * factor for x in pieces] if factor < 1.0 else pieces


class TorchState:
    """Parameters and memory on a device of PyTorch's; see `stepping.Trained`."""

    def __init__(self, there: TorchDevice, text: Any, cuts: Sequence[int]) -> None:
        self._there, self._text, self._cuts = there, text, cuts
        self._ops = _TorchOps(there.torch, there.device)
        self._theta: list[Any] = []
        self._memory: list[list[Any]] = []

    def load(self, theta: Floats, memory: Sequence[Array]) -> None:
        """See `stepping.Trained`."""
        pieces = in_pieces(theta, memory, self._cuts)
        self._theta, *self._memory = [[self._there.put(x) for x in some] for some in pieces]

    def descend(self, rows: Sequence[Array], size: int, step: StepThere) -> tuple[float, float]:
        """See `stepping.Trained`."""
        lost, slopes = self._gradient(rows, size)
        squared = sum([x @ x for x in slopes])
        sums = self._there.torch.stack([lost, squared]).tolist()
        if np.isfinite(sums).all():
            self._theta, self._memory = moved(
                self._ops, step, step.numbers, self._theta, slopes, self._memory, self._cuts
            )
        return sums[0], sums[1]

    def gradient(self, rows: Sequence[Array], size: int) -> tuple[float, Floats]:
        """See `stepping.Trained`."""
        lost, slopes = self._gradient(rows, size)
        return float(lost), joined(slopes, self._ops.concat).cpu().numpy()

    def _gradient(self, rows: Sequence[Array], size: int) -> tuple[Any, list[Any]]:
        """Return the mean loss of a batch and its gradient in pieces."""
        count = len(rows[0])
        main, _ = blocks(rows, size, 1)
        parts = [[x[i] for x in block] for block in main for i in range(len(block[0]))]
        return reduce(_sum, [self._part(part, count) for part in parts])

    def _part(self, rows: Sequence[Array], count: int) -> tuple[Any, list[Any]]:
        theta, length = self._theta, sum([len(piece) for piece in self._theta])
        there = [self._there.put(x) for x in rows]
        mean, slopes = self._text.value_and_grad(Parts(theta) if self._cuts else theta[0], *there)
        pieces = divided(slopes, self._cuts, length, self._ops.concat)
        share = len(rows[0]) / count
        return (mean, pieces) if share == 1.0 else (mean * share, [x * share for x in pieces])

    def numbers(self) -> tuple[Floats, list[Floats]]:
        """See `stepping.Trained`."""
        theta, *memory = [
            np.concatenate([x.cpu().numpy() for x in pieces])
            for pieces in (self._theta, *self._memory)
        ]
        return theta, memory


def _sum(left: tuple[Any, list[Any]], right: tuple[Any, list[Any]]) -> tuple[Any, list[Any]]:
    return left[0] + right[0], [a + b for a, b in zip(left[1], right[1], strict=True)]
