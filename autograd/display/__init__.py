"""Looking at a graph: pictures and mathematics. The room's README says how its files divide."""

from autograd.display import shown as shown  # for nn
from autograd.display.drawing import Drawing, draw
from autograd.display.writers.graphviz import RenderError

__all__ = ["Drawing", "RenderError", "draw"]
