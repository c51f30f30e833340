"""Modules of PyTorch for what it has no module for: importing this imports torch.

They stand at the top of a file so that a converted model can be pickled and copied.
"""

# pyright: reportUntypedBaseClass=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# torch is no dependency, so what is known of it here is its name.

from typing import Any

from nn.elsewhere.libraries import library

torch: Any = library("torch")


class TorchSine(torch.nn.Module):
    """The activation "sin"."""

    def forward(self, x: Any) -> Any:
        """Return the sine of each number."""
        return torch.sin(x)


class TorchStep(torch.nn.Module):
    """The activation "step": 1 above 0 and 0 elsewhere, with the derivative 0."""

    def forward(self, x: Any) -> Any:
        """Return the step of each number."""
        return torch.relu(torch.sign(x))


class TorchSqueeze(torch.nn.Module):
    """Takes the last axis away, of length 1: what a single neuron gives is no row."""

    def forward(self, x: Any) -> Any:
        """Return x without its last axis."""
        return x.squeeze(-1)


class TorchResidual(torch.nn.Module):
    """Adds the inputs of a module to its outputs."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Any) -> Any:
        """Return the outputs with the inputs added."""
        return self.module(x) + x


class TorchScaler(torch.nn.Module):
    """Takes a number of each column from it and divides by another; neither is trained."""

    def __init__(self, kind: str, shift: Any, scale: Any) -> None:
        super().__init__()
        self.kind = kind
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)

    def forward(self, x: Any) -> Any:
        """Return the columns, scaled."""
        return (x - self.shift) / self.scale

    def extra_repr(self) -> str:
        """Return what stands in the brackets of its line."""
        return f"{self.kind}, columns={len(self.shift)}"


class TorchRecurrent(torch.nn.Module):
    """The states of an RNN, of which PyTorch's own module returns a pair."""

    def __init__(self, rnn: Any, states: str) -> None:
        super().__init__()
        self.rnn = rnn
        self.states = states

    def forward(self, x: Any) -> Any:
        """Return the last state, or all of them, for samples of shape (samples, length, inputs)."""
        found, _ = self.rnn(x)
        return found if self.states == "all" else found[..., -1, :]


class TorchLoop(torch.nn.Module):
    """An RNN of an activation that PyTorch's own does not have."""

    def __init__(self, layer: Any, activation: Any, states: str) -> None:
        super().__init__()
        self.layer = layer
        self.activation = activation
        self.states = states

    def forward(self, x: Any) -> Any:
        """Return the last state, or all of them, for samples of shape (samples, length, inputs)."""
        state = x.new_zeros((*x.shape[:-2], self.layer.out_features))
        found: list[Any] = []
        for t in range(x.shape[-2]):
            state = self.activation(self.layer(torch.cat([x[..., t, :], state], dim=-1)))
            found.append(state)
        return torch.stack(found, dim=-2) if self.states == "all" else state
