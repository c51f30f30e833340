"""Looking at a graph: pictures and mathematics. The room's README says how its files divide."""

from autograd.display.drawing import Drawing, draw
from autograd.display.render import RenderError

__all__ = ["Drawing", "RenderError", "draw"]
