"""Models to and from PyTorch, ONNX and safetensors.

Each library is imported by the first call that needs it; what is missing is told with the line that
installs it. Numbers pass exactly in float64, and nothing that a file holds is executed.
"""

from nn.interop.onnx.writing import to_onnx
from nn.interop.pytorch.reading import from_torch
from nn.interop.pytorch.writing import to_torch
from nn.interop.safetensors_files import from_safetensors, to_safetensors

__all__ = ["from_safetensors", "from_torch", "to_onnx", "to_safetensors", "to_torch"]
