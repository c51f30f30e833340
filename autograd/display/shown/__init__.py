"""Pictures as pages and notebooks are given them: small, light or dark, trusted or not."""

from autograd.display.shown.notebook import (
    MOST_BYTES,
    bundle,
    encoded,
    picture_format,
    set_picture_format,
)
from autograd.display.shown.theme import themed

__all__ = ["MOST_BYTES", "bundle", "encoded", "picture_format", "set_picture_format", "themed"]
